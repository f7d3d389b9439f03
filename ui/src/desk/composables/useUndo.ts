/** Takes back what was just done. */
import * as ipc from "../ipc";
import { useApproval } from "../stores/approval";
import { useDesk } from "../stores/desk";
import { useNotice } from "../stores/notice";
import { useAct } from "./useAct";
import { useNow } from "./useNow";
import { useText } from "./useText";

export function useUndo() {
  const notice = useNotice();
  const desk = useDesk();
  const approval = useApproval();
  const { t } = useText();
  const { act } = useAct();
  const { stopwatch } = useNow(250);

  /** How long this one can still be taken back as one's own; 0: no more. */
  function secondsLeft(fact: string): number {
    const until = notice.undoOf(fact)?.until ?? 0;
    return Math.max(0, Math.ceil((until - stopwatch.value) / 1000));
  }

  /** Whether Ctrl+Z takes back this one: the key is printed where it is so, and nowhere else. */
  const isNext = (fact: string): boolean => notice.undoable?.fact === fact;

  /** The key is about what was done before it now: that is said, where anything was said of it. */
  function sayTakenBack(): void {
    const before = notice.undoable;
    const forMs = (before?.until ?? 0) - performance.now();
    if (before?.text && forMs > 0) {
      notice.say(t("undo.doneBefore", { what: before.text }), "done", before.fact, forMs);
    } else {
      notice.say(t("undo.done"));
    }
  }

  /** Takes back one fact, asking a manager where the till wants one. */
  async function takeBack(fact: string): Promise<void> {
    const done = await act(() => approval.run((leave) => ipc.undo(fact, leave)));
    if (!done) return;
    notice.forgetUndo(fact);
    if (desk.verdict?.fact === fact) desk.clear();
    sayTakenBack();
    await desk.changed();
  }

  /** What Ctrl+Z does. False: there is nothing left to take back. */
  function undoLast(): boolean {
    if (!notice.undoable || notice.undoable.until < performance.now()) return false;
    void takeBack(notice.undoable.fact);
    return true;
  }

  return { isNext, secondsLeft, takeBack, undoLast };
}
