/** A tier as boxes of text, and back. */
import type { By, LadderInput, Period, TierInput } from "@/shared/bindings";
import { minorToDecimal } from "@/shared/format";
import type { Mends } from "./composables/useProblems";
import type { Readers } from "./composables/useReaders";

export const BYS: By[] = ["points", "spend", "visits"];
export const PERIODS: Period[] = ["rolling_days", "rolling_months", "month", "quarter", "year"];

export const isRolling = (over: Period): boolean =>
  over === "rolling_days" || over === "rolling_months";

const shown = (value: number | null) => (value === null ? "" : String(value));

export const blankTier = (): TierInput => ({
  id: null,
  name: "",
  multiplier_percent: 100,
  ladder: null,
  price_percent: null,
  hours_from: "",
  hours_to: "",
  guests: null,
  free_visits_month: null,
});

export function toBoxes(tier: TierInput, digits: number) {
  const { ladder } = tier;
  const amount = (value: number | null): string =>
    ladder?.by === "spend" && value !== null ? minorToDecimal(value, digits) : shown(value);
  return {
    multiplier: String(tier.multiplier_percent),
    by: (ladder?.by ?? "none") as By | "none",
    over: (ladder?.over ?? "rolling_months") as Period,
    count: ladder && isRolling(ladder.over) ? String(ladder.count) : "12",
    entry: amount(ladder?.entry ?? null),
    keep: amount(ladder?.keep ?? null),
    grace: String(ladder?.grace_days ?? 0),
    oneAtATime: ladder?.one_at_a_time ?? false,
    price: shown(tier.price_percent),
    guests: shown(tier.guests),
    free: shown(tier.free_visits_month),
  };
}

export type TierBoxes = ReturnType<typeof toBoxes>;

function ladder(by: By, boxes: TierBoxes, read: Readers): LadderInput {
  const amount = (box: "entry" | "keep") =>
    by === "spend" ? read.money(box, boxes[box]) : read.whole(box, boxes[box], 9);
  return {
    by,
    over: boxes.over,
    count: isRolling(boxes.over) ? read.whole("count", boxes.count, 4) : 0,
    entry: amount("entry"),
    keep: boxes.keep.trim() === "" ? null : amount("keep"),
    grace_days: read.optional("grace", boxes.grace, 4) ?? 0,
    one_at_a_time: boxes.oneAtATime,
  };
}

export function fromBoxes(tier: TierInput, boxes: TierBoxes, read: Readers): TierInput {
  return {
    ...tier,
    multiplier_percent: read.whole("multiplier", boxes.multiplier, 5),
    ladder: boxes.by === "none" ? null : ladder(boxes.by, boxes, read),
    price_percent: read.optional("price", boxes.price, 3),
    guests: read.optional("guests", boxes.guests, 4),
    free_visits_month: read.optional("free", boxes.free, 4),
  };
}

/** What is wrong with two boxes, or only as long as another one says so. */
export const MENDS: Mends = {
  count: ["by", "over"],
  entry: ["by"],
  keep: ["by", "entry"],
  grace: ["by"],
  hours: ["hours_from", "hours_to"],
};

/** The box that an answer of the till is about. */
export const BOX_OF: Record<string, string> = {
  tier_name: "name",
  multiplier_percent: "multiplier",
  over: "count",
  grace_days: "grace",
  price_percent: "price",
  rule_hours: "hours",
  free_visits_month: "free",
};
