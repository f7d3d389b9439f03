/** A rule for points in words. */
import type { EarnRuleInput, TierView } from "@/shared/bindings";
import { rarer } from "../earn-rule-form";
import { useFormat } from "./useFormat";
import { useText } from "./useText";

/** A Monday: the weekdays are named after the seven days from here. */
const WEEK = "2024-01-0";

export function useRuleText() {
  const { t, maybe } = useText();
  const { money, day, weekday } = useFormat();

  const weekdayName = (n: number) => weekday(`${WEEK}${n}`);

  /** The seven days, to be ticked. */
  const weekdayChoices = () =>
    [1, 2, 3, 4, 5, 6, 7].map((value) => ({ value, label: weekdayName(value) }));

  /** What it gives. */
  function gives(rule: EarnRuleInput): string {
    const each = rule.per === "top_up" && rule.each_minor > 0;
    return t(each ? "earnGives.top_up_each" : `earnGives.${rule.per}`, {
      n: rule.points,
      money: money(rule.each_minor),
      percent: rule.percent,
      count: rule.count,
    });
  }

  /** On which days it holds at all. */
  function dates({ from, until }: EarnRuleInput): string {
    if (from && until) return t("earnRules.fromUntil", { from: day(from), until: day(until) });
    if (from) return t("earnRules.since", { day: day(from) });
    return until ? t("earnRules.up", { day: day(until) }) : t("earnRules.always");
  }

  /** What must be so besides, and what bounds it. */
  function only(rule: EarnRuleInput, tiers: TierView[]): string[] {
    const tier = (id: string) => tiers.find((one) => one.id === id)?.name ?? id;
    const hours = rule.hours_from === "" ? "" : `${rule.hours_from}–${rule.hours_to}`;
    return [
      [...rule.weekdays].sort().map(weekdayName).join(" "),
      hours,
      rule.birthday ? t(`earnBirthday.${rule.birthday}`) : "",
      rule.tiers.map(tier).join(" "),
      [...rule.categories, ...rule.items].join(" "),
      rule.caps.day === undefined ? "" : t("earnRules.mostDay", { n: rule.caps.day }),
      rule.caps.month === undefined ? "" : t("earnRules.mostMonth", { n: rule.caps.month }),
      rule.condition === "" ? "" : t("earnRules.hasCondition"),
    ].filter((text) => text !== "");
  }

  /** What else it says, in a word or two each. */
  const also = (rule: EarnRuleInput) =>
    [...rarer(rule), ...rule.kept].map((name) => maybe("earnKept", name) ?? name).join(" · ");

  return { gives, dates, only, also, weekdayChoices };
}
