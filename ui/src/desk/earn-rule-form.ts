/** A rule for points as boxes of text, and back. */
import type { Caps, EarnRuleInput, Expires, Per } from "@/shared/bindings";
import { minorToDecimal } from "@/shared/format";
import type { Mends } from "./composables/useProblems";
import type { Readers } from "./composables/useReaders";
import type { TextKey } from "./composables/useText";

/** What a rule may count: all that the till knows. */
export const PERS: Per[] = [
  "amount",
  "sale",
  "item",
  "visit",
  "first_visit",
  "streak_days",
  "streak_weeks",
  "multiply",
  "top_up",
  "referred",
  "refers",
  "limit",
];

/** The cap that each box holds. */
const CAPS = {
  capDay: "day",
  capMonth: "month",
  capOnce: "once",
  capYear: "year",
  capEver: "ever",
  timesDay: "times_day",
  timesMonth: "times_month",
  timesYear: "times_year",
  timesEver: "times_ever",
} as const satisfies Record<string, keyof Caps>;
export type CapBox = keyof typeof CAPS;
const CAP_BOXES = Object.keys(CAPS) as CapBox[];
type MoreCap = Exclude<CapBox, "capDay" | "capMonth">;
/** The caps that are set more rarely. */
export const MORE_CAPS = CAP_BOXES.filter(
  (box): box is MoreCap => box !== "capDay" && box !== "capMonth",
);

/** When points run out, by the names of docs/rules; empty: as the house rules say. */
export const EXPIRES = ["never", "days", "months", "month_end", "year_end"] as const;
export type ExpiresBy = (typeof EXPIRES)[number] | "";

type Sized = "points" | "each" | "count" | "percent";
export type Text =
  | Sized
  | CapBox
  | "from"
  | "until"
  | "categories"
  | "items"
  | "notCategories"
  | "minAmount"
  | "maxAmount"
  | "pending"
  | "expiresAfter"
  | "priority";
export type RuleBoxes = Record<Text, string> & { expiresBy: ExpiresBy };

/** What is said of a box. */
export interface BoxText {
  label: TextKey;
  hint?: TextKey;
  /** The keyboard of a touch screen. */
  digits?: "numeric" | "decimal";
  /** One thing on each line. */
  lines?: boolean;
}

const whole = (label: TextKey, hint?: TextKey): BoxText => ({ label, hint, digits: "numeric" });
const money = (label: TextKey, hint?: TextKey): BoxText => ({ label, hint, digits: "decimal" });
const lists = (label: TextKey, hint?: TextKey): BoxText => ({ label, hint, lines: true });

export const BOX_TEXTS: Record<Text, BoxText> = {
  points: whole("earnRules.points"),
  each: money("earnRules.each"),
  count: whole("earnRules.count"),
  percent: whole("earnRules.percent", "earnRules.percentHint"),
  from: { label: "earnRules.from", hint: "form.dateHint" },
  until: { label: "earnRules.until" },
  capDay: whole("earnRules.capDay", "earnRules.capHint"),
  capMonth: whole("earnRules.capMonth"),
  categories: lists("earnRules.categories", "earnRules.linesHint"),
  items: lists("earnRules.items"),
  notCategories: lists("earnRules.notCategories", "earnRules.linesHint"),
  minAmount: money("earnRules.minAmount", "earnRules.amountHint"),
  maxAmount: money("earnRules.maxAmount"),
  capOnce: whole("earnCaps.capOnce", "earnRules.limitsHint"),
  capYear: whole("earnCaps.capYear"),
  capEver: whole("earnCaps.capEver"),
  timesDay: whole("earnCaps.timesDay"),
  timesMonth: whole("earnCaps.timesMonth"),
  timesYear: whole("earnCaps.timesYear"),
  timesEver: whole("earnCaps.timesEver"),
  pending: whole("earnRules.pending", "earnRules.pendingHint"),
  expiresAfter: whole("earnRules.expiresAfter"),
  priority: whole("earnRules.priority", "earnRules.priorityHint"),
};

/** Which of the numbers what it counts has need of. */
export function uses(per: Per, box: Sized): boolean {
  if (box === "each") return per === "amount" || per === "top_up";
  if (box === "count") return per === "streak_days" || per === "streak_weeks";
  if (box === "percent") return per === "multiply";
  return per !== "multiply" && per !== "limit";
}

/** Those of its numbers that a form shows. */
export const sizesOf = (per: Per): Sized[] =>
  (["points", "each", "count", "percent"] as const).filter((box) => uses(per, box));

/** What is ticked of how it counts, and the number without which it means nothing. */
export const FLAGS = {
  whole_steps: "each",
  tier_times: "points",
  repeats: "count",
  compounds: "percent",
} as const satisfies Record<string, Sized>;
export type Flag = keyof typeof FLAGS;

/** The boxes to tick that mean something to a rule, or are ticked. */
export const flagsOf = (rule: EarnRuleInput): Flag[] =>
  (Object.keys(FLAGS) as Flag[]).filter((flag) => rule[flag] || uses(rule.per, FLAGS[flag]));

export const blankRule = (): EarnRuleInput => ({
  id: null,
  version: 0,
  name: "",
  active: true,
  per: "amount",
  points: 1,
  each_minor: 0,
  whole_steps: false,
  percent: 0,
  compounds: false,
  count: 0,
  repeats: false,
  tier_times: false,
  rounding: null,
  from: null,
  until: null,
  weekdays: [],
  hours_from: "",
  hours_to: "",
  birthday: null,
  stores: [],
  tiers: [],
  categories: [],
  items: [],
  not_categories: [],
  min_amount_minor: 0,
  max_amount_minor: 0,
  caps: {},
  priority: 0,
  stops: false,
  best_of: "",
  pending_days: 0,
  expires: null,
  condition: "",
  kept: [],
});

/** Which of the rarer things a rule says, by the names of docs/rules. */
export function rarer(rule: EarnRuleInput): string[] {
  const said: Record<string, boolean> = {
    whole_steps: rule.whole_steps,
    compounds: rule.compounds,
    repeats: rule.repeats,
    tier_times: rule.tier_times,
    rounding: rule.rounding !== null,
    stores: rule.stores.length > 0,
    not_categories: rule.not_categories.length > 0,
    min_amount_minor: rule.min_amount_minor > 0,
    max_amount_minor: rule.max_amount_minor > 0,
    stops: rule.stops,
    best_of: rule.best_of !== "",
    pending_days: rule.pending_days > 0,
    expires: rule.expires !== null,
    caps: MORE_CAPS.some((box) => CAPS[box] in rule.caps),
  };
  return Object.keys(said).filter((name) => said[name]);
}

/** Whether a rule says anything for which the form has to be unfolded. */
export const hasMore = (rule: EarnRuleInput): boolean =>
  rarer(rule).length > 0 || rule.priority !== 0 || rule.condition !== "";

/** The boxes that are seen only where the form is unfolded. */
export const MORE_BOXES: string[] = [
  ...MORE_CAPS,
  "notCategories",
  "minAmount",
  "maxAmount",
  "pending",
  "expiresAfter",
  "priority",
  "best_of",
  "condition",
];

const text = (value: number | null) => (value ? String(value) : "");

function expiryBoxes(expires: Expires | null): Pick<RuleBoxes, "expiresBy" | "expiresAfter"> {
  if (expires === null || expires === "never") {
    return { expiresBy: expires ?? "", expiresAfter: "" };
  }
  const [by, after] = Object.entries(expires)[0] as [ExpiresBy, number];
  return { expiresBy: by, expiresAfter: String(after) };
}

export function toBoxes(rule: EarnRuleInput, digits: number): RuleBoxes {
  const typed = (minor: number) => (minor > 0 ? minorToDecimal(minor, digits) : "");
  const caps = CAP_BOXES.map((box) => [box, String(rule.caps[CAPS[box]] ?? "")]);
  return {
    ...(Object.fromEntries(caps) as Record<CapBox, string>),
    ...expiryBoxes(rule.expires),
    points: text(rule.points),
    each: typed(rule.each_minor),
    count: text(rule.count),
    percent: text(rule.percent),
    from: rule.from ?? "",
    until: rule.until ?? "",
    categories: rule.categories.join("\n"),
    items: rule.items.join("\n"),
    notCategories: rule.not_categories.join("\n"),
    minAmount: typed(rule.min_amount_minor),
    maxAmount: typed(rule.max_amount_minor),
    pending: text(rule.pending_days),
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

function capsOf(boxes: RuleBoxes, read: Readers): Caps {
  const caps: Caps = {};
  for (const box of CAP_BOXES) {
    const cap = read.optional(box, boxes[box], 9);
    if (cap !== null) caps[CAPS[box]] = cap;
  }
  return caps;
}

function expiryOf({ expiresBy, expiresAfter }: RuleBoxes, read: Readers): Expires | null {
  if (expiresBy === "") return null;
  if (expiresBy === "never") return "never";
  return { [expiresBy]: read.whole("expiresAfter", expiresAfter, 5) } as Expires;
}

/** The rule as it is sent. A number that what it counts has no need of is 0. */
export function fromBoxes(rule: EarnRuleInput, boxes: RuleBoxes, read: Readers): EarnRuleInput {
  const { per } = rule;
  const sized = (box: Sized, figures: number) =>
    uses(per, box) ? read.whole(box, boxes[box], figures) : 0;
  const amount = (box: "each" | "minAmount" | "maxAmount") =>
    boxes[box].trim() === "" ? 0 : read.money(box, boxes[box]);
  // Of money that is loaded, points may also be given once, however much it is.
  const each = () => (per === "top_up" ? amount("each") : read.money("each", boxes.each));
  return {
    ...rule,
    points: sized("points", 9),
    each_minor: uses(per, "each") ? each() : 0,
    count: sized("count", 4),
    percent: sized("percent", 5),
    from: read.day("from", boxes.from),
    until: read.day("until", boxes.until),
    categories: lines(boxes.categories, rule.categories),
    items: lines(boxes.items, rule.items),
    not_categories: lines(boxes.notCategories, rule.not_categories),
    min_amount_minor: amount("minAmount"),
    max_amount_minor: amount("maxAmount"),
    caps: capsOf(boxes, read),
    pending_days: read.optional("pending", boxes.pending, 4) ?? 0,
    expires: expiryOf(boxes, read),
    priority: read.signed("priority", boxes.priority, 7),
  };
}

/** What is wrong with two boxes, or only as long as another one says so. */
export const MENDS: Mends = {
  points: ["per"],
  each: ["per"],
  count: ["per"],
  percent: ["per"],
  hours: ["hours_from", "hours_to"],
  from: ["until"],
  capDay: ["per", ...CAP_BOXES],
  categories: ["items", "notCategories"],
  expiresAfter: ["expiresBy"],
  best_of: ["stops"],
};

/** The box that an answer of the till is about. */
export const BOX_OF: Record<string, string> = {
  rule_name: "name",
  each_minor: "each",
  min_amount_minor: "minAmount",
  max_amount_minor: "maxAmount",
  pending_days: "pending",
  expires: "expiresAfter",
  stops: "best_of",
  best_of: "best_of",
  caps: "capDay",
  rule_hours: "hours",
  hours: "hours",
  bad_condition: "condition",
  condition: "condition",
};
