/** Turns a scanned code into a member, where a page wants one and not a check-in. */
import type { MemberBrief } from "@/shared/bindings";
import * as ipc from "../ipc";
import { useNotice } from "../stores/notice";
import { useReading } from "./useReading";
import { useText } from "./useText";

export function useFindCard(take: (member: MemberBrief) => void) {
  const notice = useNotice();
  const { t } = useText();
  // Of two cards that are scanned one upon the other, the page is about the second.
  const read = useReading();

  return async (code: string): Promise<void> => {
    const found = await read(() => ipc.find(code, 5));
    if (!found) return;
    // A code may also be the end of somebody's phone: the card itself comes first.
    const holder =
      found.find(({ card }) => card?.toLowerCase() === code.toLowerCase()) ??
      (found.length === 1 ? found[0] : undefined);
    if (holder) take(holder);
    else notice.say(t("reason.unknown_card"), "fail");
  };
}
