import { defineStore } from "pinia";

interface State {
  /** By who began it, which form, which line: the latest last. */
  kept: Record<string, unknown>;
}

/**
 * What was begun on a form of the settings and not saved. A scan may take the page away at any
 * moment, so nothing is asked then: it waits here, for whoever began it, as long as the desk is open.
 */
export const useDrafts = defineStore("drafts", {
  state: (): State => ({ kept: {} }),

  getters: {
    has: (state) => (key: string) => key in state.kept,
    /** What the latest key of a form ends with. */
    latest:
      (state) =>
      (form: string): string | undefined =>
        Object.keys(state.kept)
          .findLast((key) => key.startsWith(form))
          ?.slice(form.length),
  },

  actions: {
    keep(key: string, value: unknown): void {
      delete this.kept[key];
      this.kept[key] = value;
    },

    /** Gives it back: it is no longer here. */
    take(key: string): unknown {
      const value = this.kept[key];
      delete this.kept[key];
      return value;
    },
  },
});
