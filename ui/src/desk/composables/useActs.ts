/** A menu of acts, of which one may ask for more: where one stands in it, and how an act ends. */
import { type Ref, shallowRef } from "vue";
import type { Approval, DoneView, MemberView } from "@/shared/bindings";
import { useApproval } from "../stores/approval";
import { useDesk } from "../stores/desk";
import { useNotice } from "../stores/notice";
import { useAct } from "./useAct";

/** @param leave puts the menu away: an act is done, or nobody wants one. */
export function useActs<Name extends string>(leave: { done: () => void; cancel: () => void }) {
  const { act, busy } = useAct();
  const approval = useApproval();
  const desk = useDesk();
  const notice = useNotice();
  /** Which act asks for more; null: the menu. */
  const asked = shallowRef(null) as Ref<Name | null>;

  /** It was done: says so, and leaves. */
  async function finish(text: string, done: DoneView | MemberView): Promise<void> {
    if ("fact" in done) notice.done(text, done);
    else notice.say(text);
    // The menu goes before anything is read anew: whoever presses its key again opens the next one.
    leave.done();
    await desk.changed();
  }

  /** Does it, with a manager's leave where it needs one, and says so. */
  async function perform<T extends DoneView | MemberView>(
    write: (leave: Approval | null) => Promise<T>,
    say: string | ((done: T) => string),
  ): Promise<void> {
    const done = await act(() => approval.run(write));
    if (done) await finish(typeof say === "string" ? say : say(done), done);
  }

  /** One step back: from what an act asks for to the menu, from the menu to the page. */
  function back(): void {
    if (asked.value === null) leave.cancel();
    else asked.value = null;
  }

  return { act, asked, back, busy, finish, perform };
}
