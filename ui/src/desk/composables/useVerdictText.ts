/** A verdict in words: why, most important first, and who it is about. */
import type { CheckInView } from "@/shared/bindings";
import { usePassText } from "./usePassText";
import { useText } from "./useText";

export function useVerdictText() {
  const { t, reason } = useText();
  const { passLine } = usePassText();

  function why({ reasons, pass }: CheckInView): string[] {
    if (reasons.length > 0) return reasons.map(reason);
    return [pass ? passLine(pass) : t("pass.welcome")];
  }

  const who = ({ member, unknown_card }: CheckInView): string =>
    member?.name ?? t("checkin.cardNumber", { card: unknown_card ?? "" });

  return { why, who };
}
