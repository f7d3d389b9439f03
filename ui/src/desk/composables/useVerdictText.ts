/** A verdict in words: why, most important first, and who it is about. */
import type { CheckInView } from "@/shared/bindings";
import { usePassText } from "./usePassText";
import { useText } from "./useText";

export function useVerdictText() {
  const { t, reason } = useText();
  const { passLine } = usePassText();

  function why({ reasons, pass, because }: CheckInView): string[] {
    const said = reasons.map(reason);
    if (said.length === 0) said.push(pass ? passLine(pass) : t("pass.welcome"));
    // Of several passes, why it was this one; where there was no choice, there is nothing to say.
    if (pass && because && because !== "only_one")
      said.push(t(`because.${because}`, { pass: pass.name }));
    return said;
  }

  const who = ({ member, unknown_card }: CheckInView): string =>
    member?.name ?? t("checkin.cardNumber", { card: unknown_card ?? "" });

  return { why, who };
}
