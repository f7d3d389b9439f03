import { defineStore } from "pinia";
import type { DoneView } from "@/shared/bindings";
import { useSession } from "./session";

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
  /** Taking it back asks for a manager's PIN, as doing it did. */
  asks: boolean;
  /** What was said of it when it was done; empty: a verdict speaks for itself. */
  text: string;
  /** On this machine's own stopwatch: the till's clock may be set meanwhile. */
  until: number;
}

/** What is known of something that was done. */
type Done = Pick<DoneView, "fact" | "at_ms" | "undo_until_ms" | "undo_asks">;

interface State {
  notice: Notice | null;
  /** What was done and can be taken back as one's own, the last one last. */
  undoables: Undoable[];
}

const SHORT_MS = 4_000;
const FAILURE_MS = 8_000;

let count = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

/**
 * The line that says what was done, and what Ctrl+Z takes back. Of what was under way when the desk was
 * locked, nothing is said: it names members, and is not for whoever signs in next.
 */
export const useNotice = defineStore("notice", {
  state: (): State => ({ notice: null, undoables: [] }),

  getters: {
    /** What Ctrl+Z takes back. */
    undoable: (state): Undoable | null => state.undoables.at(-1) ?? null,
  },

  actions: {
    say(text: string, tone: Tone = "done", fact: string | null = null, forMs?: number): void {
      if (!useSession().signedIn) return;
      count += 1;
      this.notice = { id: count, tone, text, fact };
      clearTimeout(timer);
      timer = setTimeout(() => this.hush(), forMs ?? (tone === "fail" ? FAILURE_MS : SHORT_MS));
    },

    hush(): void {
      clearTimeout(timer);
      this.notice = null;
    },

    /**
     * A verdict is on the screen: what was said of another act is over, unless Ctrl+Z is still about that.
     * What failed, or has to be seen to, goes on being said: nobody may have read it yet.
     */
    makeWay(): void {
      const said = this.notice;
      if (said?.tone !== "done") return;
      if (said.fact === null || said.fact !== this.undoable?.fact) this.hush();
    },

    allowUndo(fact: string, forMs: number, asks = false, text = ""): void {
      if (!useSession().signedIn) return;
      const now = performance.now();
      this.undoables = this.undoables.filter((one) => one.until > now && one.fact !== fact);
      if (forMs > 0) this.undoables.push({ fact, asks, text, until: now + forMs });
    },

    /** Of what can be taken back, Ctrl+Z means this one: it is looked at. It gets no time anew. */
    meanByKey(fact: string): void {
      const meant = this.undoOf(fact);
      if (!meant) return;
      this.forgetUndo(fact);
      this.undoables.push(meant);
    },

    /** It was taken back, or cannot be any more. */
    forgetUndo(fact: string): void {
      this.undoables = this.undoables.filter((one) => one.fact !== fact);
    },

    undoOf(fact: string): Undoable | null {
      return this.undoables.find((one) => one.fact === fact) ?? null;
    },

    done(text: string, done: Done): void {
      const undoForMs = done.undo_until_ms - done.at_ms;
      this.allowUndo(done.fact, undoForMs, done.undo_asks, text);
      this.say(text, "done", done.fact, Math.max(undoForMs, SHORT_MS));
    },
  },
});
