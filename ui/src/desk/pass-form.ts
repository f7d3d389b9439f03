/** A kind of pass as boxes of text, and back. */
import type { PassTypeInput, Start, Terms, Unit } from "@/shared/bindings";
import { hoursToText, minorToDecimal } from "@/shared/format";
import type { Readers } from "./composables/useReaders";

/** A kind with its terms spelt out. */
export type Kind = PassTypeInput & { terms: Terms };

const shown = (value: number | null) => (value === null ? "" : String(value));

export function toBoxes(line: Kind, digits: number) {
  const { terms } = line;
  return {
    // Days stand in a place of their own; on the page they are a unit like the others.
    unit: (terms.length?.unit ?? (line.days === null ? "none" : "day")) as Unit | "none",
    count: shown(terms.length?.count ?? line.days),
    visits: shown(line.visits),
    price: minorToDecimal(line.price_minor, digits) as string,
    start: terms.start as Start,
    within: shown(terms.begins_within_days),
    weekdays: [...terms.weekdays],
    hours: hoursToText(terms.hours),
    stores: [...terms.stores],
    zones: terms.zones.join(", "),
    class_only: terms.class_only,
    grace_days: String(terms.grace_days),
    freeze_days: String(terms.freeze_days),
    guests: String(terms.guests),
    fee: terms.transfer_fee_minor ? minorToDecimal(terms.transfer_fee_minor, digits) : "",
    fee_points: String(terms.transfer_fee_points),
  };
}

export type PassBoxes = ReturnType<typeof toBoxes>;

/** Whether something is set that stands under "more". */
export const hasMore = (boxes: PassBoxes): boolean =>
  boxes.class_only ||
  boxes.weekdays.length > 0 ||
  boxes.stores.length > 0 ||
  boxes.fee_points !== "0" ||
  [boxes.hours, boxes.zones, boxes.fee].some((text) => text !== "");

function terms(boxes: PassBoxes, count: number, read: Readers): Terms {
  const calendar = boxes.unit !== "none" && boxes.unit !== "day" ? boxes.unit : null;
  const atFirst = boxes.start === "first_visit";
  return {
    length: calendar && { unit: calendar, count },
    start: boxes.start,
    begins_within_days: atFirst ? read.optional("within", boxes.within, 6) : null,
    weekdays: [...boxes.weekdays].sort(),
    hours: read.hours("hours", boxes.hours),
    stores: [...boxes.stores],
    zones: boxes.zones
      .split(/[,，、;；]/)
      .map((zone) => zone.trim())
      .filter((zone) => zone !== ""),
    class_only: boxes.class_only,
    grace_days: read.optional("grace_days", boxes.grace_days, 6) ?? 0,
    freeze_days: read.optional("freeze_days", boxes.freeze_days, 6) ?? 0,
    guests: read.optional("guests", boxes.guests, 6) ?? 0,
    transfer_fee_minor: read.money("fee", boxes.fee.trim() || "0"),
    transfer_fee_points: read.optional("fee_points", boxes.fee_points) ?? 0,
  };
}

export function fromBoxes(line: Kind, boxes: PassBoxes, read: Readers): Kind {
  const count = boxes.unit === "none" ? 0 : read.whole("count", boxes.count, 6);
  return {
    ...line,
    days: boxes.unit === "day" ? count : null,
    visits: read.optional("visits", boxes.visits, 6),
    price_minor: read.money("price", boxes.price),
    terms: terms(boxes, count, read),
  };
}
