/** What is typed into boxes, as what it means. What cannot be read is said at its box. */
import type { Hours } from "@/shared/bindings";
import { decimalToMinor, isDay, textToHours } from "@/shared/format";
import type { Bad } from "./useEditList";
import { useFormat } from "./useFormat";
import { useText } from "./useText";

export type Readers = ReturnType<ReturnType<typeof useReaders>>;

export function useReaders() {
  const { t } = useText();
  const { digits } = useFormat();

  return (bad: Bad) => {
    /** A whole number of at most so many figures. */
    function whole(box: string, typed: string, figures = 7): number {
      const text = typed.trim();
      if (/^\d+$/.test(text) && text.length <= figures) return Number(text);
      bad(box, t("settings.wholeBad"));
      return 0;
    }

    /** One that may be below zero. */
    function signed(box: string, typed: string, figures: number): number {
      const [, minus, rest = ""] = /^(-?)(.*)$/.exec(typed.trim()) ?? [];
      const number = whole(box, rest, figures);
      return minus && number > 0 ? -number : number;
    }

    function optional(box: string, typed: string, figures = 7): number | null {
      return typed.trim() === "" ? null : whole(box, typed, figures);
    }

    /** An amount in minor units. */
    function money(box: string, typed: string): number {
      const minor = decimalToMinor(typed, digits.value);
      if (minor === null) bad(box, t("settings.priceBad"));
      return minor ?? 0;
    }

    function day(box: string, typed: string): string | null {
      const text = typed.trim();
      if (text === "" || isDay(text)) return text || null;
      bad(box, t("settings.dayBad"));
      return null;
    }

    function hours(box: string, typed: string): Hours[] {
      const read = textToHours(typed);
      if (read === null) bad(box, t("settings.passHoursBad"));
      return read ?? [];
    }

    return { whole, signed, optional, money, day, hours };
  };
}
