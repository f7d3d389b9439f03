/** Tiers, and the owner's own fields: what the forms show and what they send. */
import axe from "axe-core";
import { afterEach, expect, it } from "vitest";
import MemberFormPage from "@/desk/pages/MemberFormPage.vue";
import FieldsTab from "@/desk/pages/settings/FieldsTab.vue";
import TiersTab from "@/desk/pages/settings/TiersTab.vue";
import { blankTier } from "@/desk/tier-form";
import type { FieldInput, TierInput } from "@/shared/bindings";
import { answer, byId, calls, settle, show, typeInto } from "./support/desk";

afterEach(() => document.body.replaceChildren());

const GOLD: TierInput = {
  ...blankTier(),
  id: "t1",
  name: "金卡",
  multiplier_percent: 150,
  ladder: {
    by: "spend",
    over: "year",
    count: 0,
    entry: 500_000,
    keep: 300_050,
    grace_days: 30,
    one_at_a_time: true,
  },
  price_percent: 95,
  hours_from: "06:00",
  hours_to: "08:00",
  guests: 2,
  free_visits_month: 1,
};
const PLAIN: TierInput = { ...blankTier(), id: "t2", name: "普通" };

async function choose(id: string, value: string): Promise<void> {
  const box = byId(id) as HTMLSelectElement;
  box.value = value;
  box.dispatchEvent(new Event("change"));
  await settle();
}

async function save(): Promise<void> {
  document.querySelector("form")!.dispatchEvent(new Event("submit", { cancelable: true }));
  await settle();
}

it.each([GOLD, PLAIN])("a tier comes back as it was ($name)", async (tier) => {
  answer({ tier_list: () => [tier], save_tier: () => [tier] });
  const { wrapper } = await show(TiersTab);
  byId(`item-${tier.id}`)?.click();
  await settle();
  await save();
  expect(calls.at(-1)).toEqual(["save_tier", { input: tier }]);
  wrapper.unmount();
});

it("a tier says in a line how it is reached", async () => {
  answer({ tier_list: () => [PLAIN, GOLD] });
  const { wrapper } = await show(TiersTab);
  expect(byId("item-t2")?.textContent).toContain("只由店员指定");
  expect(byId("item-t1")?.textContent).toContain("150% · 一个自然年内 · 消费 ¥5,000.00");
  byId("item-t1")?.click();
  await settle();
  const found = await axe.run(document.body, { rules: { region: { enabled: false } } });
  expect(found.violations.map(({ id }) => id)).toEqual([]);
  wrapper.unmount();
});

it("what a tier asks for is read in what it counts", async () => {
  answer({ tier_list: () => [PLAIN], save_tier: () => [PLAIN] });
  const { wrapper } = await show(TiersTab);
  byId("item-t2")?.click();
  await settle();
  await choose("tier-by", "spend");
  await choose("tier-over", "rolling_months");
  await typeInto("tier-count", "很多");
  await typeInto("tier-entry", "12.345");
  await save();
  expect(calls.some(([name]) => name === "save_tier")).toBe(false);
  expect(byId("tier-count")?.getAttribute("aria-invalid")).toBe("true");
  expect(byId("tier-entry")?.getAttribute("aria-invalid")).toBe("true");
  await typeInto("tier-count", "6");
  await typeInto("tier-entry", "12.3");
  await save();
  const ladder = {
    by: "spend",
    over: "rolling_months",
    count: 6,
    entry: 1230,
    keep: null,
    grace_days: 0,
    one_at_a_time: false,
  };
  expect(calls.at(-1)).toEqual(["save_tier", { input: { ...PLAIN, ladder } }]);
  wrapper.unmount();
});

const SHIRT: FieldInput = {
  id: "f1",
  name: "衣服尺码",
  holds: "choice",
  choices: ["S", "M"],
  active: true,
};

it("an own field keeps what it holds, and is retired rather than taken away", async () => {
  answer({ field_list: () => [SHIRT], save_field: () => [SHIRT] });
  const { wrapper } = await show(FieldsTab);
  byId("item-f1")?.click();
  await settle();
  expect((byId("field-holds") as HTMLSelectElement).disabled).toBe(true);
  await typeInto("field-choices", "S\n\n M \nL");
  byId("field-active")?.click();
  await settle();
  await save();
  const input = { ...SHIRT, choices: ["S", "M", "L"], active: false };
  expect(calls.at(-1)).toEqual(["save_field", { input }]);
  wrapper.unmount();
});

it("a value that does not fit its own field is said there; of a field that is gone, below", async () => {
  let key = "f2";
  answer({
    tiers: () => [],
    member_form: () => ({ custom: [{ key: "f2", name: "柜号", kind: "number" }] }),
    register_member: () => {
      throw { code: "bad_own_field", message: "no", args: { key, name: "柜号" } };
    },
  });
  const { wrapper } = await show(MemberFormPage, { at: "/new" });
  await typeInto("field-name", "李喆");
  await typeInto("custom-f2", "十二");
  await save();
  expect(document.activeElement).toBe(byId("custom-f2"));
  expect(document.querySelector("[role=alert]")?.textContent).toContain("整数");
  key = "gone";
  await save();
  expect(byId("form-problem")?.textContent).toContain("柜号");
  wrapper.unmount();
});
