import { defineStore } from "pinia";
import type { CheckInView, DayView, MemberBrief, RecentVisit } from "@/shared/bindings";
import * as ipc from "../ipc";
import { Turns } from "../turns";
import { useNotice } from "./notice";
import { useSession } from "./session";

interface State {
  /** The answer on the screen. */
  verdict: CheckInView | null;
  recent: RecentVisit[];
  today: DayView | null;
  /** Rises after each change of the store: pages read again. */
  changes: number;
  /** What was typed for the last class: the next one through the door mostly comes to the same. */
  lastClass: Record<string, string>;
}

/** What was read before something was done may be answered after it. */
const turns = new Turns();

/** What the desk shows of members: gone with `$reset` when the desk is locked. */
export const useDesk = defineStore("desk", {
  state: (): State => ({ verdict: null, recent: [], today: null, changes: 0, lastClass: {} }),

  actions: {
    async refresh(): Promise<void> {
      const session = useSession();
      const epoch = session.epoch;
      const turn = turns.next();
      const [recent, today] = await Promise.all([ipc.recent(), ipc.today()]);
      if (epoch !== session.epoch || !turns.take(turn)) return;
      this.recent = recent;
      this.today = today;
    },

    /** Something was done: pages, figures and the foot read again. */
    async changed(): Promise<void> {
      this.changes += 1;
      const session = useSession();
      await Promise.allSettled([this.refresh(), session.refresh()]);
    },

    /** @param answer of a check-in that is on the books */
    show(answer: CheckInView): void {
      this.verdict = answer;
      useNotice().meanByKey(answer.fact);
    },

    /**
     * Runs a check-in and shows its verdict, unless the desk was locked meanwhile.
     *
     * @param anew it was asked by itself after what stopped them was mended: what is said of that stands
     */
    async checkIn(
      ask: () => Promise<CheckInView | null>,
      anew = false,
    ): Promise<CheckInView | null> {
      const session = useSession();
      const notice = useNotice();
      const epoch = session.epoch;
      const answer = await ask();
      if (!answer || epoch !== session.epoch) return null;
      // A card that is nobody's changed nothing, so there is nothing to take back.
      if (answer.member) notice.allowUndo(answer.fact, answer.undo_until_ms - answer.at_ms);
      this.show(answer);
      if (!anew) notice.makeWay();
      void this.changed();
      return answer;
    },

    clear(): void {
      this.verdict = null;
    },
  },
});

/** The few things that every list of members shows. */
export type Brief = Pick<MemberBrief, "id" | "name">;
