/** Points rules in the settings: what stands in the list, what an edit sends, and the dry run. */
import axe from "axe-core";
import { afterEach, expect, it } from "vitest";
import EarnRulesTab from "@/desk/pages/settings/EarnRulesTab.vue";
import { currentPicker } from "@/desk/composables/usePick";
import { useNotice } from "@/desk/stores/notice";
import type { DryRunView, EarnRuleInput } from "@/shared/bindings";
import { blankRule } from "@/desk/earn-rule-form";
import { answer, byId, calls, MEMBER, settle, show, typeInto } from "./support/desk";
import type { Language } from "@/desk/i18n";

afterEach(() => document.body.replaceChildren());

const TIERS = [{ id: "t1", name: "金卡", multiplier_percent: 150 }];
const RARE: EarnRuleInput = {
  ...blankRule(),
  id: "r1",
  version: 3,
  name: "下午茶",
  points: 2,
  each_minor: 1000,
  from: "2026-11-01",
  weekdays: [3, 1],
  hours_from: "14:00",
  hours_to: "17:00",
  tiers: ["t1", "gone"],
  categories: ["咖啡, 热", " 茶"],
  stores: ["s2"],
  not_categories: ["酒", "烟, 散装"],
  min_amount_minor: 2000,
  max_amount_minor: 50050,
  whole_steps: true,
  tier_times: true,
  rounding: "half_up",
  caps: { once: 50, day: 0, year: 900, times_month: 4, times_ever: 9 },
  priority: 5,
  best_of: "茶",
  pending_days: 7,
  expires: { month_end: 0 },
  condition: "member.visits > 3",
};
const STORES = [
  { id: "s1", name: "一店" },
  { id: "s2", name: "滨江店" },
];
const OFF: EarnRuleInput = {
  ...blankRule(),
  id: "r2",
  version: 1,
  name: "到店",
  per: "visit",
  points: 5,
  active: false,
};

async function save(): Promise<void> {
  const form = byId("save-item")!.closest("form")!;
  form.dispatchEvent(new Event("submit", { cancelable: true }));
  await settle();
}

async function open(
  list: EarnRuleInput[],
  more: Parameters<typeof answer>[0] = {},
  language?: Language,
) {
  answer({
    earn_rule_list: () => list,
    tiers: () => TIERS,
    pass_form: () => ({ stores: STORES }),
    ...more,
  });
  return show(EarnRulesTab, { language });
}

it("rules stand in the till's order, in words, with dates, version and whether they are in use", async () => {
  await open([RARE, OFF]);
  const first = byId("earn-rule-1")?.textContent ?? "";
  for (const part of ["1. 下午茶", "在用", "每 ¥10.00 得 2 积分", "星期一", "14:00–17:00", "金卡"])
    expect(first).toContain(part);
  for (const part of ["第 3 版", "11月1日", "带条件", "同类取最高", "自定有效期", "其他上限"])
    expect(first).toContain(part);
  expect(byId("earn-rule-2")?.textContent).toContain("停用");
  expect(document.body.textContent).toContain("只要有一条规则在用");
  expect(byId("earn-rules-state")?.textContent).toContain("按下面的规则");
});

it("an edit sends all that it did not touch as it was", async () => {
  const { wrapper } = await open([RARE], { save_earn_rule: () => [RARE] });
  byId("earn-rule-1")?.click();
  await settle();
  expect(byId("earn-rule-more")?.getAttribute("aria-expanded")).toBe("true");
  await save();
  expect(calls.at(-1)).toEqual(["save_earn_rule", { input: RARE }]);
  expect(useNotice().notice?.text).toBe("已保存");

  byId("earn-rule-1")?.click();
  await settle();
  await typeInto("earn-rule-each", "12.5");
  await typeInto("earn-rule-categories", "咖啡\n\n 茶 ");
  await typeInto("earn-rule-cap-month", "300");
  await typeInto("earn-rule-cap-once", "");
  await typeInto("earn-rule-times-day", "2");
  await typeInto("earn-rule-min-amount", "");
  byId("earn-rule-day-3")?.click();
  await settle();
  await save();
  const changed = {
    each_minor: 1250,
    categories: ["咖啡", "茶"],
    caps: { day: 0, month: 300, year: 900, times_day: 2, times_month: 4, times_ever: 9 },
    min_amount_minor: 0,
    weekdays: [1],
  };
  expect(calls.at(-1)).toEqual(["save_earn_rule", { input: { ...RARE, ...changed } }]);
  wrapper.unmount();
});

async function pick(id: string, value: string): Promise<void> {
  const box = byId(id) as HTMLSelectElement;
  box.value = value;
  box.dispatchEvent(new Event("change"));
  await settle();
}

it("a new rule shows what is set every day, and all else behind one key", async () => {
  const { wrapper } = await open([OFF], { save_earn_rule: () => [] });
  byId("item-add")?.click();
  await settle();
  for (const rare of ["condition", "priority", "min-amount", "expires", "store-s1"])
    expect(byId(`earn-rule-${rare}`)).toBeNull();
  byId("earn-rule-more")?.click();
  await settle();
  await typeInto("earn-rule-name", "满十元");
  await typeInto("earn-rule-each", "10");
  for (const tick of ["whole_steps", "tier_times", "stops", "store-s2"])
    byId(`earn-rule-${tick}`)?.click();
  for (const other of ["repeats", "compounds"]) expect(byId(`earn-rule-${other}`)).toBeNull();
  await pick("earn-rule-rounding", "up");
  await typeInto("earn-rule-max-amount", "5000");
  await typeInto("earn-rule-not-categories", "烟\n酒");
  await typeInto("earn-rule-times-ever", "3");
  await typeInto("earn-rule-pending", "7");
  expect(byId("earn-rule-expires-after")).toBeNull();
  await pick("earn-rule-expires", "months");
  await typeInto("earn-rule-expires-after", "6");
  await save();
  const said: EarnRuleInput = {
    ...blankRule(),
    name: "满十元",
    each_minor: 1000,
    whole_steps: true,
    tier_times: true,
    rounding: "up",
    stores: ["s2"],
    not_categories: ["烟", "酒"],
    max_amount_minor: 500_000,
    caps: { times_ever: 3 },
    stops: true,
    pending_days: 7,
    expires: { months: 6 },
  };
  expect(calls.at(-1)).toEqual(["save_earn_rule", { input: said }]);
  wrapper.unmount();
});

it.each([
  ["streak_days", "repeats"],
  ["multiply", "compounds"],
] as const)("what %s counts has a box of its own: %s", async (per, flag) => {
  const { wrapper } = await open([OFF], { save_earn_rule: () => [] });
  byId("item-add")?.click();
  await settle();
  byId("earn-rule-more")?.click();
  await settle();
  await pick("earn-rule-per", per);
  expect(byId("earn-rule-whole_steps")).toBeNull();
  byId(`earn-rule-${flag}`)?.click();
  await typeInto("earn-rule-name", "一");
  await typeInto(per === "multiply" ? "earn-rule-percent" : "earn-rule-count", "200");
  await save();
  expect(calls.at(-1)).toEqual([
    "save_earn_rule",
    { input: expect.objectContaining({ per, [flag]: true }) },
  ]);
  wrapper.unmount();
});

it.each([
  ["pending_days", "earn-rule-pending", "3,660"],
  ["stops", "earn-rule-best-of", "只能选一样"],
  ["expires", "earn-rule-expires-after", "36,600"],
  ["max_amount_minor", "earn-rule-max-amount", "填金额"],
])("what the till says of %s unfolds the form and stands at its box", async (field, box, words) => {
  const refuse = () => {
    throw { code: "bad_input", message: "no", args: { field } };
  };
  const { wrapper } = await open([RARE], { save_earn_rule: refuse });
  byId("earn-rule-1")?.click();
  await settle();
  byId("earn-rule-more")?.click();
  await settle();
  expect(byId(box)).toBeNull();
  await save();
  const said = document.getElementById(byId(box)!.getAttribute("aria-describedby")!);
  expect(said?.textContent).toContain(words);
  expect(document.activeElement).toBe(byId(box));
  wrapper.unmount();
});

it("a number that cannot be read unfolds the form, and nothing is sent", async () => {
  const { wrapper } = await open([RARE]);
  byId("earn-rule-1")?.click();
  await settle();
  await typeInto("earn-rule-times-year", "常来");
  byId("earn-rule-more")?.click();
  await settle();
  await save();
  expect(calls.some(([name]) => name === "save_earn_rule")).toBe(false);
  expect(document.activeElement).toBe(byId("earn-rule-times-year"));
  wrapper.unmount();
});

it("what a newer version wrote is said", async () => {
  const { wrapper } = await open([{ ...RARE, kept: ["newer_field"] }]);
  expect(byId("earn-rule-1")?.textContent).toContain("newer_field");
  byId("earn-rule-1")?.click();
  await settle();
  expect(byId("earn-rule-kept")?.textContent).toContain("newer_field");
  wrapper.unmount();
});

it.each([
  ["100", 10_000, "每充值 ¥100.00 得 50 积分"],
  ["", 0, "每次充值得 50 积分"],
])("points for loading money: for each %j", async (typed, each_minor, words) => {
  const rule: EarnRuleInput = {
    ...blankRule(),
    name: "充值送分",
    per: "top_up",
    points: 50,
    each_minor,
    caps: { month: 500 },
  };
  const { wrapper } = await open([], { save_earn_rule: () => [{ ...rule, id: "r9" }] });
  byId("item-add")?.click();
  await settle();
  await typeInto("earn-rule-name", "充值送分");
  await pick("earn-rule-per", "top_up");
  await typeInto("earn-rule-points", "50");
  await typeInto("earn-rule-each", typed);
  await typeInto("earn-rule-cap-month", "500");
  await save();
  expect(calls.at(-1)).toEqual(["save_earn_rule", { input: rule }]);
  expect(byId("earn-rule-1")?.textContent).toContain(words);
  wrapper.unmount();
});

it("points for whoever sent somebody can be bounded like any others", async () => {
  const { wrapper } = await open([], { save_earn_rule: () => [] });
  byId("item-add")?.click();
  await settle();
  await typeInto("earn-rule-name", "介绍有礼");
  await pick("earn-rule-per", "refers");
  for (const other of ["each", "count", "percent"]) expect(byId(`earn-rule-${other}`)).toBeNull();
  await typeInto("earn-rule-points", "100");
  byId("earn-rule-more")?.click();
  await settle();
  byId("earn-rule-tier_times")?.click();
  await typeInto("earn-rule-times-month", "3");
  await save();
  const said = { per: "refers", points: 100, tier_times: true, caps: { times_month: 3 } };
  const input = { ...blankRule(), name: "介绍有礼", ...said };
  expect(calls.at(-1)).toEqual(["save_earn_rule", { input }]);
  wrapper.unmount();
});

it("a multiplier sends a percentage and no points", async () => {
  const { wrapper } = await open([], { save_earn_rule: () => [] });
  expect(byId("earn-rules-state")?.textContent).toContain("没有规则在用");
  expect(byId("try-run")).toBeNull();
  byId("item-add")?.click();
  await settle();
  await typeInto("earn-rule-name", " 双倍 ");
  await pick("earn-rule-per", "multiply");
  expect(byId("earn-rule-points")).toBeNull();
  await typeInto("earn-rule-percent", "200");
  await save();
  const input = { ...blankRule(), name: "双倍", per: "multiply", points: 0, percent: 200 };
  expect(calls.at(-1)).toEqual(["save_earn_rule", { input }]);
  wrapper.unmount();
});

it.each<[Language, string]>([
  ["zh-CN", "这里没有“purse”"],
  ["en", "nothing is called “purse” here"],
])("a condition that the till refuses is said at its box (%s)", async (language, words) => {
  const args = { rule: "下午茶", why: "no", trouble: "unknown_name", what: "purse" };
  const refuse = () => {
    throw { code: "bad_condition", message: "no", args };
  };
  const { wrapper } = await open([RARE], { save_earn_rule: refuse }, language);
  byId("earn-rule-1")?.click();
  await settle();
  await save();
  const box = byId("earn-rule-condition")!;
  const said = document.getElementById(box.getAttribute("aria-describedby")!);
  expect(said?.textContent).toContain(words);
  expect(box.getAttribute("aria-invalid")).toBe("true");
  wrapper.unmount();
});

it("a rule that was changed elsewhere says what to do", async () => {
  const { wrapper } = await open([RARE], {
    save_earn_rule: () => {
      throw { code: "bad_input", message: "no", args: { field: "rule_version" } };
    },
  });
  byId("earn-rule-1")?.click();
  await settle();
  await save();
  expect(byId("form-problem")?.textContent).toContain("刚在别处改过");
  wrapper.unmount();
});

it("the dry run tells each rule's part, for somebody new and for a member", async () => {
  const told: DryRunView = {
    points: 20,
    rules: [
      {
        rule: "r1",
        version: 3,
        name: "下午茶",
        worth: 25,
        points: 20,
        why: "cap_day",
        detail: null,
        expires: null,
        usable: null,
      },
      {
        rule: "r2",
        version: 1,
        name: "到店",
        worth: 0,
        points: 0,
        why: "off",
        detail: null,
        expires: null,
        usable: null,
      },
    ],
  };
  const { wrapper } = await open([RARE, OFF], { try_rules: () => told });
  const run = async () => {
    const form = byId("try-run")!.closest("form")!;
    form.dispatchEvent(new Event("submit", { cancelable: true }));
    await settle();
  };
  await typeInto("try-amount", "128");
  await run();
  expect(calls.at(-1)).toEqual(["try_rules", { member: null, amount: "128", topUp: null }]);
  const text = byId("try-told")?.textContent ?? "";
  for (const part of ["共 20 积分", "已到每天上限", "25", "停用"]) expect(text).toContain(part);
  currentPicker()?.(MEMBER);
  await settle();
  expect(byId("try-told")).toBeNull();
  await run();
  expect(calls.at(-1)).toEqual(["try_rules", { member: "m1", amount: "128", topUp: null }]);
  await pick("try-what", "topUp");
  expect(byId("try-told")).toBeNull();
  await run();
  expect(calls.at(-1)).toEqual(["try_rules", { member: "m1", amount: null, topUp: "128" }]);
  await pick("try-what", "visit");
  await run();
  expect(calls.at(-1)).toEqual(["try_rules", { member: "m1", amount: null, topUp: null }]);
  wrapper.unmount();
});

it("every box has a name", async () => {
  const { wrapper } = await open([RARE, OFF]);
  byId("earn-rule-1")?.click();
  await settle();
  const found = await axe.run(document.body, { rules: { region: { enabled: false } } });
  expect(found.violations.map(({ id }) => id)).toEqual([]);
  wrapper.unmount();
});

it.each([
  ["rule_hours", "earn-rule-hours-from", "earn-rule-hours-to", "18:00"],
  ["expires", "earn-rule-expires-after", "earn-rule-expires", "never"],
  ["stops", "earn-rule-best-of", "earn-rule-stops", "tick"],
  ["from", "earn-rule-from", "earn-rule-until", "2026-12-31"],
  ["caps", "earn-rule-cap-day", "earn-rule-cap-year", "90"],
])(
  "what is wrong with %s is said until it is mended, in either box",
  async (field, at, box, to) => {
    const refuse = () => {
      throw { code: "bad_input", message: "bad", args: { field } };
    };
    const { wrapper } = await open([RARE], { save_earn_rule: refuse });
    byId("earn-rule-1")?.click();
    await settle();
    await save();
    expect(byId(at)?.getAttribute("aria-invalid")).toBe("true");
    // Something else mends nothing.
    await typeInto("earn-rule-name", "午茶");
    expect(byId(at)?.getAttribute("aria-invalid")).toBe("true");
    if (to === "tick") byId(box)!.click();
    else if (byId(box)!.tagName === "SELECT") await pick(box, to);
    else await typeInto(box, to);
    await settle();
    // A box that went away with it comes back without what was said of it.
    if (!byId(at)) await pick(box, "months");
    expect(byId(at)?.getAttribute("aria-invalid")).not.toBe("true");
    wrapper.unmount();
  },
);

it("the hours themselves mend what is said of them", async () => {
  const refuse = () => {
    throw { code: "bad_input", message: "bad", args: { field: "rule_hours" } };
  };
  const { wrapper } = await open([RARE], { save_earn_rule: refuse });
  byId("earn-rule-1")?.click();
  await settle();
  await save();
  await typeInto("earn-rule-hours-from", "13:00");
  expect(byId("earn-rule-hours-from")?.getAttribute("aria-invalid")).not.toBe("true");
  wrapper.unmount();
});
