import { defineStore } from "pinia";

export type Tone = "done" | "warn" | "fail";

interface Notice {
  id: number;
  tone: Tone;
  text: string;
  /** What Ctrl+Z would take back, where this line says so. */
  fact: string | null;
}

interface Undoable {
  fact: string;
  /** On this machine's own stopwatch: the till's clock may be set meanwhile. */
  until: number;
}

interface State {
  notice: Notice | null;
  /** What was done and can be taken back without a manager, the last one last. */
  undoables: Undoable[];
}

const SHORT_MS = 4_000;
const FAILURE_MS = 8_000;

let count = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

/** The line that says what was done, and what Ctrl+Z takes back. */
export const useNotice = defineStore("notice", {
  state: (): State => ({ notice: null, undoables: [] }),

  getters: {
    /** What Ctrl+Z takes back. */
    undoable: (state): Undoable | null => state.undoables.at(-1) ?? null,
  },

  actions: {
    say(text: string, tone: Tone = "done", fact: string | null = null, forMs?: number): void {
      count += 1;
      this.notice = { id: count, tone, text, fact };
      clearTimeout(timer);
      timer = setTimeout(() => this.hush(), forMs ?? (tone === "fail" ? FAILURE_MS : SHORT_MS));
    },

    hush(): void {
      clearTimeout(timer);
      this.notice = null;
    },

    allowUndo(fact: string, forMs: number): void {
      const now = performance.now();
      this.undoables = this.undoables.filter((one) => one.until > now && one.fact !== fact);
      if (forMs > 0) this.undoables.push({ fact, until: now + forMs });
    },

    /** It was taken back, or cannot be any more. */
    forgetUndo(fact: string): void {
      this.undoables = this.undoables.filter((one) => one.fact !== fact);
    },

    untilOf(fact: string): number {
      return this.undoables.find((one) => one.fact === fact)?.until ?? 0;
    },

    done(text: string, fact: string, undoForMs: number): void {
      this.allowUndo(fact, undoForMs);
      this.say(text, "done", fact, Math.max(undoForMs, SHORT_MS));
    },
  },
});
