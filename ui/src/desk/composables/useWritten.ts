/** Writes down what was missing on a file. Who was stopped for it is asked anew. */
import type { Approval, CheckInView } from "@/shared/bindings";
import * as ipc from "../ipc";
import { useApproval } from "../stores/approval";
import { useDesk } from "../stores/desk";
import { useNotice } from "../stores/notice";
import type { useAct } from "./useAct";

export function useWritten(act: ReturnType<typeof useAct>["act"]) {
  const approval = useApproval();
  const desk = useDesk();
  const notice = useNotice();

  /** Somebody else is before the desk by now: whoever was mended before is scanned again. */
  const isOver = ({ fact }: CheckInView) => desk.verdict !== null && desk.verdict.fact !== fact;

  /** What stopped them is mended. */
  async function askAnew(shown: CheckInView): Promise<unknown> {
    const { verdict, member } = shown;
    if (verdict !== "refuse" || !member || isOver(shown)) return desk.changed();
    return act(() => desk.checkIn(() => ipc.checkInMember(member.id), true));
  }

  /** Whether it was written. */
  async function written(
    shown: CheckInView,
    said: string,
    write: (leave: Approval | null) => Promise<unknown>,
  ): Promise<boolean> {
    const done = await act(() => approval.run(write));
    if (!done) return false;
    notice.say(said);
    await askAnew(shown);
    return true;
  }

  return { askAnew, isOver, written };
}
