/** The boxes of the form for a kind of pass, and the way into them and out again. */
import { computed, reactive, ref, shallowRef } from "vue";
import type { PassFormView, PassTypeInput, Start, Terms, Unit } from "@/shared/bindings";
import { decimalToMinor, hoursToText, minorToDecimal, textToHours } from "@/shared/format";
import { focusWrong } from "./useForm";

/** Boxes that hold a whole number, or nothing. */
export const COUNTS = ["count", "visits", "within", "grace_days", "freeze_days", "guests"] as const;
export type Count = (typeof COUNTS)[number];

const BLANK = {
  unit: "none" as Unit | "none",
  count: "",
  visits: "",
  price: "",
  start: "sale" as Start,
  within: "",
  weekdays: [] as number[],
  hours: "",
  stores: [] as string[],
  zones: "",
  grace_days: "",
  freeze_days: "",
  guests: "",
};
type Boxes = typeof BLANK;

const isWhole = (text: string) => /^\d{1,6}$/.test(text.trim());
const shown = (value: number | null) => (value === null ? "" : String(value));
const optional = (text: string) => (text.trim() === "" ? null : Number(text.trim()));

export function usePassForm(form: () => PassFormView | null, digits: () => number) {
  const boxes = reactive<Boxes>({ ...BLANK });
  const more = ref(false);
  /** What was last sent is judged, not what is still being typed. */
  const wrong = shallowRef<ReadonlySet<keyof Boxes>>(new Set());

  function open(line: PassTypeInput): void {
    const terms = line.terms ?? form()?.plain;
    if (!terms) return;
    Object.assign(boxes, {
      // Days stand in a place of their own; on the page they are a unit like the others.
      unit: terms.length?.unit ?? (line.days === null ? "none" : "day"),
      count: shown(terms.length?.count ?? line.days),
      visits: shown(line.visits),
      price: minorToDecimal(line.price_minor, digits()),
      start: terms.start,
      within: shown(terms.begins_within_days),
      weekdays: [...terms.weekdays],
      hours: hoursToText(terms.hours),
      stores: [...terms.stores],
      zones: terms.zones.join(", "),
      grace_days: String(terms.grace_days),
      freeze_days: String(terms.freeze_days),
      guests: String(terms.guests),
    } satisfies Boxes);
    more.value = [terms.weekdays, terms.hours, terms.stores, terms.zones].some(
      (list) => list.length > 0,
    );
    wrong.value = new Set();
  }

  /** Boxes whose text cannot be read; whether the till takes what it says is the till's business. */
  function unreadable(): Set<keyof Boxes> {
    const bad = new Set<keyof Boxes>(
      COUNTS.filter((name) => boxes[name].trim() !== "" && !isWhole(boxes[name])),
    );
    if (boxes.unit !== "none" && !isWhole(boxes.count)) bad.add("count");
    if (boxes.unit === "none") bad.delete("count");
    if (boxes.start !== "first_visit") bad.delete("within");
    if (decimalToMinor(boxes.price, digits()) === null) bad.add("price");
    if (textToHours(boxes.hours) === null) bad.add("hours");
    return bad;
  }

  function terms(): Terms {
    const calendar = boxes.unit !== "none" && boxes.unit !== "day" ? boxes.unit : null;
    return {
      length: calendar && { unit: calendar, count: Number(boxes.count) },
      start: boxes.start,
      begins_within_days: boxes.start === "first_visit" ? optional(boxes.within) : null,
      weekdays: [...boxes.weekdays].sort(),
      hours: textToHours(boxes.hours) ?? [],
      stores: [...boxes.stores],
      zones: boxes.zones
        .split(/[,，、;；]/)
        .map((zone) => zone.trim())
        .filter((zone) => zone !== ""),
      grace_days: optional(boxes.grace_days) ?? 0,
      freeze_days: optional(boxes.freeze_days) ?? 0,
      guests: optional(boxes.guests) ?? 0,
    };
  }

  /** Null where a box cannot be read; the cursor is then in it. */
  function close(line: PassTypeInput): PassTypeInput | null {
    wrong.value = unreadable();
    const price_minor = decimalToMinor(boxes.price, digits());
    if (wrong.value.size > 0 || price_minor === null) {
      if (wrong.value.has("hours")) more.value = true;
      void focusWrong();
      return null;
    }
    return {
      ...line,
      days: boxes.unit === "day" ? Number(boxes.count) : null,
      visits: optional(boxes.visits),
      price_minor,
      terms: terms(),
    };
  }

  /** Stores that can be ticked: pointless where there is only one. */
  const stores = computed(() => {
    const all = form()?.stores ?? [];
    return all.length > 1 || boxes.stores.length > 0 ? all : [];
  });

  return { boxes, more, wrong, stores, open, close };
}
