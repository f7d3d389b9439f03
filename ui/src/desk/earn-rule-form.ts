/** A rule for points as boxes of text, and back. What no box shows is left as it was. */
import type { EarnRuleInput, Per } from "@/shared/bindings";
import { minorToDecimal } from "@/shared/format";
import type { Readers } from "./composables/useReaders";

/** What a new rule may count; the desk asks no rule for the others yet. */
export const PERS: Per[] = [
  "amount",
  "sale",
  "item",
  "visit",
  "first_visit",
  "streak_days",
  "streak_weeks",
  "multiply",
  "referred",
  "limit",
];

type Sized = "points" | "each" | "count" | "percent";
export type RuleBoxes = Record<
  Sized | "from" | "until" | "capDay" | "capMonth" | "categories" | "items" | "priority",
  string
>;

/** Which of the numbers what it counts has need of. */
export function uses(per: Per, box: Sized): boolean {
  if (box === "each") return per === "amount" || per === "top_up";
  if (box === "count") return per === "streak_days" || per === "streak_weeks";
  if (box === "percent") return per === "multiply";
  return per !== "multiply" && per !== "limit";
}

export const blankRule = (): EarnRuleInput => ({
  id: null,
  version: 0,
  name: "",
  active: true,
  per: "amount",
  points: 1,
  each_minor: 0,
  percent: 0,
  count: 0,
  from: null,
  until: null,
  weekdays: [],
  hours_from: "",
  hours_to: "",
  birthday: null,
  tiers: [],
  categories: [],
  items: [],
  cap_day: null,
  cap_month: null,
  priority: 0,
  condition: "",
  kept: [],
});

const text = (value: number | null) => (value ? String(value) : "");

export function toBoxes(rule: EarnRuleInput, digits: number): RuleBoxes {
  return {
    points: text(rule.points),
    each: rule.each_minor > 0 ? minorToDecimal(rule.each_minor, digits) : "",
    count: text(rule.count),
    percent: text(rule.percent),
    from: rule.from ?? "",
    until: rule.until ?? "",
    capDay: rule.cap_day === null ? "" : String(rule.cap_day),
    capMonth: rule.cap_month === null ? "" : String(rule.cap_month),
    categories: rule.categories.join("\n"),
    items: rule.items.join("\n"),
    priority: String(rule.priority),
  };
}

function lines(typed: string, before: string[]): string[] {
  if (typed === before.join("\n")) return before;
  return typed
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

/** The rule as it is sent. A number that what it counts has no need of is 0. */
export function fromBoxes(rule: EarnRuleInput, boxes: RuleBoxes, read: Readers): EarnRuleInput {
  const { per } = rule;
  const sized = (box: Sized, figures: number) =>
    uses(per, box) ? read.whole(box, boxes[box], figures) : 0;
  return {
    ...rule,
    points: sized("points", 9),
    each_minor: uses(per, "each") ? read.money("each", boxes.each) : 0,
    count: sized("count", 4),
    percent: sized("percent", 5),
    from: read.day("from", boxes.from),
    until: read.day("until", boxes.until),
    cap_day: read.optional("capDay", boxes.capDay, 9),
    cap_month: read.optional("capMonth", boxes.capMonth, 9),
    categories: lines(boxes.categories, rule.categories),
    items: lines(boxes.items, rule.items),
    priority: read.signed("priority", boxes.priority, 6),
  };
}

/** The box that an answer of the till is about. */
export const BOX_OF: Record<string, string> = {
  rule_name: "name",
  each_minor: "each",
  caps: "capDay",
  rule_hours: "hours",
  hours: "hours",
  bad_condition: "condition",
  condition: "condition",
};
