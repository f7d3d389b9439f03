/** Points rules in the settings: what stands in the list, what an edit sends, and the dry run. */
import axe from "axe-core";
import { afterEach, expect, it } from "vitest";
import EarnRulesTab from "@/desk/pages/settings/EarnRulesTab.vue";
import { currentPicker } from "@/desk/composables/usePick";
import { useNotice } from "@/desk/stores/notice";
import type { DryRunView, EarnRuleInput } from "@/shared/bindings";
import { blankRule } from "@/desk/earn-rule-form";
import { answer, byId, calls, MEMBER, settle, show, typeInto } from "./support/desk";

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
  cap_day: 0,
  priority: 5,
  condition: "member.visits > 3",
  kept: ["stops", "expires", "newer_field"],
};
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
  language?: string,
) {
  answer({ earn_rule_list: () => list, tiers: () => TIERS, ...more });
  return show(EarnRulesTab, { language });
}

it("rules stand in the till's order, in words, with dates, version and whether they are in use", async () => {
  await open([RARE, OFF]);
  const first = byId("earn-rule-1")?.textContent ?? "";
  for (const part of ["1. 下午茶", "在用", "每 ¥10.00 得 2 积分", "星期一", "14:00–17:00", "金卡"])
    expect(first).toContain(part);
  for (const part of [
    "第 3 版",
    "11月1日",
    "带条件",
    "之后的规则不再算",
    "自定有效期",
    "newer_field",
  ])
    expect(first).toContain(part);
  expect(byId("earn-rule-2")?.textContent).toContain("停用");
  expect(document.body.textContent).toContain("只要有一条规则在用");
  expect(byId("earn-rules-state")?.textContent).toContain("按下面的规则");
});

it("an edit sends all that it did not touch as it was", async () => {
  const { wrapper } = await open([RARE], { save_earn_rule: () => [RARE] });
  byId("earn-rule-1")?.click();
  await settle();
  expect(byId("earn-rule-kept")?.textContent).toContain("原样保留");
  await save();
  expect(calls.at(-1)).toEqual(["save_earn_rule", { input: RARE }]);
  expect(useNotice().notice?.text).toBe("已保存");

  byId("earn-rule-1")?.click();
  await settle();
  await typeInto("earn-rule-each", "12.5");
  await typeInto("earn-rule-categories", "咖啡\n\n 茶 ");
  await typeInto("earn-rule-cap-month", "300");
  byId("earn-rule-day-3")?.click();
  await settle();
  await save();
  const changed = { each_minor: 1250, categories: ["咖啡", "茶"], cap_month: 300, weekdays: [1] };
  expect(calls.at(-1)).toEqual(["save_earn_rule", { input: { ...RARE, ...changed } }]);
  wrapper.unmount();
});

it("a multiplier sends a percentage and no points", async () => {
  const { wrapper } = await open([], { save_earn_rule: () => [] });
  expect(byId("earn-rules-state")?.textContent).toContain("没有规则在用");
  expect(byId("try-run")).toBeNull();
  byId("item-add")?.click();
  await settle();
  await typeInto("earn-rule-name", " 双倍 ");
  const per = byId("earn-rule-per") as HTMLSelectElement;
  per.value = "multiply";
  per.dispatchEvent(new Event("change"));
  await settle();
  expect(byId("earn-rule-points")).toBeNull();
  await typeInto("earn-rule-percent", "200");
  await save();
  const input = { ...blankRule(), name: "双倍", per: "multiply", points: 0, percent: 200 };
  expect(calls.at(-1)).toEqual(["save_earn_rule", { input }]);
  wrapper.unmount();
});

it.each([
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
  expect(calls.at(-1)).toEqual(["try_rules", { member: null, amount: "128" }]);
  const text = byId("try-told")?.textContent ?? "";
  for (const part of ["共 20 积分", "已到每天上限", "25", "停用"]) expect(text).toContain(part);
  currentPicker()?.(MEMBER);
  await settle();
  expect(byId("try-told")).toBeNull();
  await run();
  expect(calls.at(-1)).toEqual(["try_rules", { member: "m1", amount: "128" }]);
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
