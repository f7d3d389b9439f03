/** A line of the journal in words. */
import type { DayRow } from "@/shared/bindings";
import { useText } from "./useText";

export function useRowText() {
  const { t, maybe, reasonShort } = useText();

  function kind(row: DayRow): string {
    return maybe("kind", row.kind) ?? t("kind.unknown");
  }

  /** What it was, and what it was about. */
  function what(row: DayRow): string {
    const about = row.label ?? (row.reasons[0] ? reasonShort(row.reasons[0]) : null);
    return about ? `${kind(row)} · ${about}` : kind(row);
  }

  return { kind, what };
}
