import { defineStore } from "pinia";

export type Tone = "done" | "warn" | "fail";

interface Notice {
  id: number;
  tone: Tone;
  text: string;
  /** What Ctrl+Z would take back, where this line says so. */
  fact: string | null;
}

interface State {
  notice: Notice | null;
  /** The last thing done that can be taken back without a manager. */
  undoable: { fact: string; until: number } | null;
}

const SHORT_MS = 4_000;
const FAILURE_MS = 8_000;

let count = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

/** The line that says what was done, and what Ctrl+Z takes back. */
export const useNotice = defineStore("notice", {
  state: (): State => ({ notice: null, undoable: null }),

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

    /** Counted on this machine's own stopwatch: the till's clock may be set meanwhile. */
    allowUndo(fact: string, forMs: number): void {
      this.undoable = forMs > 0 ? { fact, until: performance.now() + forMs } : null;
    },

    done(text: string, fact: string, undoForMs: number): void {
      this.allowUndo(fact, undoForMs);
      this.say(text, "done", fact, Math.max(undoForMs, SHORT_MS));
    },
  },
});
