/** A notice of sync in a sentence that a cashier understands. */
import type { NoticeView } from "@/shared/bindings";
import { type TextArgs, useText } from "./useText";

/** The number that a sentence counts. */
const COUNTED = ["points", "count", "minutes"] as const;
/** What somebody should act on, and not only know. */
const GRAVE = [
  "forked",
  "chain_broken",
  "revoked",
  "quarantined",
  "overdrawn",
  "differs",
  "set_aside",
];

export function useNoticeText() {
  const { t, maybe } = useText();

  function sentence({ code, args }: NoticeView): string {
    const filled: TextArgs = { ...args };
    const counted = COUNTED.find((name) => /^-?\d+$/.test(args[name] ?? ""));
    if (counted) filled.n = Number(args[counted]);
    return maybe("notice", code, filled) ?? t("notice.unknown", { code });
  }

  const grave = ({ code }: NoticeView): boolean => GRAVE.includes(code);

  return { sentence, grave };
}
