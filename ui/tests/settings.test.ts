/** Lists that are changed by a form, in the settings; and the column of recent visits. */
import { afterEach, expect, it, vi } from "vitest";
import RecentColumn from "@/desk/components/RecentColumn.vue";
import PassesTab from "@/desk/pages/settings/PassesTab.vue";
import RewardsTab from "@/desk/pages/settings/RewardsTab.vue";
import RulesTab from "@/desk/pages/settings/RulesTab.vue";
import StaffTab from "@/desk/pages/settings/StaffTab.vue";
import StoreTab from "@/desk/pages/settings/StoreTab.vue";
import { useDesk } from "@/desk/stores/desk";
import { useNotice } from "@/desk/stores/notice";
import type {
  BackupPlanView,
  PassFormView,
  PassTypeView,
  RecentVisit,
  TermsView,
} from "@/shared/bindings";
import { answer, byId, calls, HOUSE_RULES, settle, show, typeInto } from "./support/desk";

afterEach(() => {
  document.body.replaceChildren();
  vi.unstubAllGlobals();
});

/** A pass without terms of its own. */
const PLAIN: TermsView = {
  length: null,
  start: "sale",
  begins_within_days: null,
  weekdays: [],
  hours: [],
  stores: [],
  zones: [],
  class_only: false,
  grace_days: 0,
  freeze_days: 0,
  guests: 0,
  transfer_fee_minor: 0,
  transfer_fee_points: 0,
};

const pass = (id: string, name: string, price_minor: number): PassTypeView => ({
  id,
  name,
  days: 365,
  visits: null,
  price_minor,
  active: true,
  terms: PLAIN,
});
const PASS_FORM: PassFormView = {
  plain: PLAIN,
  stores: [
    { id: "t1", name: "静安店" },
    { id: "t2", name: "徐汇店" },
  ],
};
const PASSES = [
  pass("p1", "年卡", 258_000),
  pass("p2", "次卡", 48_000),
  pass("p3", "月卡", 29_800),
];

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

it("passes stand by price, and one is changed without a sum being made", async () => {
  answer({
    pass_form: () => PASS_FORM,
    pass_type_list: () => PASSES,
    save_pass_type: () => PASSES,
  });
  const { wrapper } = await show(PassesTab);
  const names = [...document.querySelectorAll("[data-testid^=item-p] b")];
  expect(names.map((one) => one.textContent)).toEqual(["月卡", "次卡", "年卡"]);
  byId("item-p1")?.click();
  await settle();
  expect((byId("pass-price") as HTMLInputElement).value).toBe("2580.00");
  await typeInto("pass-price", "2680.5");
  await choose("pass-unit", "none");
  await save();
  expect(calls.at(-1)).toEqual([
    "save_pass_type",
    { input: { ...PASSES[0], price_minor: 268_050, days: null } },
  ]);
  expect(byId("save-item")).toBeNull();
  expect(useNotice().notice?.text).toBe("已保存");
  wrapper.unmount();
});

it("a new kind of pass takes every term that there is", async () => {
  answer({ pass_form: () => PASS_FORM, pass_type_list: () => [], save_pass_type: () => PASSES });
  const { wrapper } = await show(PassesTab);
  byId("item-add")?.click();
  await settle();
  expect((byId("pass-count") as HTMLInputElement).value).toBe("365");
  expect(byId("pass-hours")).toBeNull();
  await typeInto("pass-name", "季卡");
  await choose("pass-unit", "quarter");
  await typeInto("pass-count", "1");
  await typeInto("pass-visits", "30");
  await typeInto("pass-price", "899");
  await choose("pass-start", "first_visit");
  await typeInto("pass-within", "60");
  await typeInto("pass-freeze-days", "14");
  await typeInto("pass-grace-days", "3");
  await typeInto("pass-guests", "2");
  byId("pass-more")?.click();
  await settle();
  for (const day of [3, 1]) {
    byId(`pass-weekday-${day}`)?.click();
    await settle();
  }
  byId("pass-store-t2")?.click();
  await typeInto("pass-hours", "6:00-14:30，22:00 至 24:00");
  await typeInto("pass-zones", "泳池、 瑜伽室");
  byId("pass-class-only")?.click();
  await typeInto("pass-fee", "30.5");
  await typeInto("pass-fee-points", "20");
  await save();
  expect(calls.at(-1)).toEqual([
    "save_pass_type",
    {
      input: {
        id: null,
        name: "季卡",
        days: null,
        visits: 30,
        price_minor: 89_900,
        active: true,
        terms: {
          length: { unit: "quarter", count: 1 },
          start: "first_visit",
          begins_within_days: 60,
          weekdays: [1, 3],
          hours: [
            { from: 360, to: 870 },
            { from: 1320, to: 1440 },
          ],
          stores: ["t2"],
          zones: ["泳池", "瑜伽室"],
          class_only: true,
          grace_days: 3,
          freeze_days: 14,
          guests: 2,
          transfer_fee_minor: 3_050,
          transfer_fee_points: 20,
        },
      },
    },
  ]);
  wrapper.unmount();
});

it("terms of a pass come back as they were, and what cannot be read is said at its box", async () => {
  const terms: TermsView = {
    ...PLAIN,
    length: { unit: "month", count: 3 },
    hours: [{ from: 540, to: 720 }],
    stores: ["t1", "gone"],
  };
  const kind: PassTypeView = { ...pass("p9", "早场卡", 19_900), days: null, terms };
  answer({
    pass_form: () => PASS_FORM,
    pass_type_list: () => [kind],
    save_pass_type: () => [kind],
  });
  const { wrapper } = await show(PassesTab);
  expect(byId("item-p9")?.textContent).toContain("3 个月");
  byId("item-p9")?.click();
  await settle();
  expect((byId("pass-hours") as HTMLInputElement).value).toBe("9:00-12:00");
  await typeInto("pass-hours", "上午");
  await typeInto("pass-guests", "两位");
  byId("pass-more")?.click();
  await save();
  expect(calls.some(([name]) => name === "save_pass_type")).toBe(false);
  for (const box of ["pass-hours", "pass-guests"]) {
    expect(byId(box)?.getAttribute("aria-invalid"), box).toBe("true");
  }
  expect(document.activeElement).toBe(byId("pass-guests"));
  await typeInto("pass-hours", "9:00-12:00");
  expect(byId("pass-hours")?.getAttribute("aria-invalid")).toBe("false");
  expect(byId("pass-guests")?.getAttribute("aria-invalid")).toBe("true");
  await typeInto("pass-guests", "0");
  await save();
  expect(calls.at(-1)).toEqual(["save_pass_type", { input: kind }]);
  wrapper.unmount();
});

it("a new reward is added", async () => {
  answer({ reward_list: () => [], save_reward: () => [], tiers: () => [] });
  const { wrapper } = await show(RewardsTab);
  byId("item-add")?.click();
  await settle();
  await typeInto("reward-name", " 蛋白奶昔 ");
  await typeInto("reward-cost", "0");
  await typeInto("reward-per-point", "0.05");
  await save();
  expect(calls.at(-1)?.[1]).toEqual({
    input: {
      id: null,
      name: "蛋白奶昔",
      cost: 0,
      minor_per_point: 5,
      active: true,
      terms: {
        stores: [],
        from: null,
        until: null,
        tiers: [],
        money_minor: 0,
        needs_approval: false,
      },
    },
  });
  wrapper.unmount();
});

it("stock is put in for a reason, and fetched from another desk", async () => {
  const reward = {
    id: "r1",
    name: "毛巾",
    cost: 300,
    minor_per_point: 0,
    active: true,
    terms: { counts_stock: true },
  };
  answer({
    reward_list: () => [reward],
    tiers: () => [],
    stock: () => ({ here: 2, elsewhere: 3 }),
    change_stock: () => ({ here: 12, elsewhere: 3 }),
    draw_stock: () => ({ here: 5, elsewhere: 0 }),
  });
  const { wrapper } = await show(RewardsTab);
  byId("item-r1")?.click();
  await settle();
  await settle();
  expect(byId("stock-figures")?.textContent).toContain("2");
  expect((byId("stock-put") as HTMLButtonElement).disabled).toBe(true);
  await typeInto("stock-amount", "10");
  expect((byId("stock-put") as HTMLButtonElement).disabled).toBe(true);
  await typeInto("stock-reason", "到货");
  byId("stock-put")?.click();
  await settle();
  expect(calls.at(-1)).toEqual([
    "change_stock",
    { reward: "r1", change: { what: "put", amount: 10 }, reason: "到货", approval: null },
  ]);
  expect(byId("stock-figures")?.textContent).toContain("12");
  byId("stock-fetch")?.click();
  await settle();
  expect(calls.at(-1)).toEqual(["draw_stock", { reward: "r1", amount: 3 }]);
  expect(byId("stock-fetch")).toBeNull();
  wrapper.unmount();
});

it("a reward says how often one member may have it", async () => {
  const reward = {
    id: "r1",
    name: "毛巾",
    cost: 300,
    minor_per_point: 0,
    active: true,
    terms: { at_most: { day: 1 } },
  };
  answer({ reward_list: () => [reward], save_reward: () => [reward], tiers: () => [] });
  const { wrapper } = await show(RewardsTab);
  byId("item-r1")?.click();
  await settle();
  expect((byId("often-day") as HTMLInputElement).value).toBe("1");
  await typeInto("often-day", "");
  await typeInto("often-month", "3");
  await typeInto("often-ever", "10");
  await save();
  expect(calls.at(-1)?.[1]).toHaveProperty("input.terms.at_most", { month: 3, ever: 10 });
  byId("item-r1")?.click();
  await settle();
  for (const period of ["day", "month", "ever"]) await typeInto(`often-${period}`, "");
  await save();
  expect(calls.at(-1)?.[1]).not.toHaveProperty("input.terms.at_most");
  wrapper.unmount();
});

it("a reward for points and money keeps the stores that have no box", async () => {
  const terms = {
    stores: ["s1"],
    from: "2026-11-01",
    until: null,
    tiers: [],
    money_minor: 900,
    needs_approval: true,
  };
  const reward = { id: "r1", name: "毛巾", cost: 300, minor_per_point: 0, active: true, terms };
  const gold = { id: "t1", name: "金卡", multiplier_percent: 100 };
  answer({ reward_list: () => [reward], save_reward: () => [reward], tiers: () => [gold] });
  const { wrapper } = await show(RewardsTab);
  byId("item-r1")?.click();
  await settle();
  expect((byId("reward-money") as HTMLInputElement).value).toBe("9.00");
  await typeInto("reward-money", "12.5");
  const until = byId("reward-until") as HTMLInputElement;
  until.value = "2026-12-31";
  until.dispatchEvent(new Event("input"));
  byId("reward-tier-t1")?.click();
  await save();
  expect(calls.at(-1)?.[1]).toEqual({
    input: {
      ...reward,
      terms: { ...terms, until: "2026-12-31", tiers: ["t1"], money_minor: 1250 },
    },
  });
  wrapper.unmount();
});

it("a PIN is sent only where one was typed, and the lock screen learns of it", async () => {
  const staff = [{ id: "s1", name: "周敏", role: "cashier", active: true, locked_until_ms: null }];
  answer({ staff_all: () => staff, save_staff: () => staff, staff_list: () => staff });
  const { wrapper, session } = await show(StaffTab);
  byId("item-s1")?.click();
  await settle();
  await save();
  expect(calls.find(([name]) => name === "save_staff")?.[1]).toMatchObject({
    input: { id: "s1", pin: null },
  });
  expect(session.staff).toEqual(staff);
  wrapper.unmount();
});

const NO_PLAN: BackupPlanView = {
  folder: null,
  keep: 30,
  last: null,
  recovery: false,
  passphrase_least: 12,
};

it("daily backups are switched on, and a folder that cannot be written to is said at its box", async () => {
  let refuse = true;
  answer({
    backup_plan: () => NO_PLAN,
    save_backup_plan: ({ folder }) => {
      if (refuse) throw { code: "bad_file", message: "no", args: { path: "/no" } };
      return { ...NO_PLAN, folder };
    },
  });
  const { wrapper } = await show(StoreTab);
  expect(byId("daily-folder")).toBeNull();
  byId("daily-on")?.click();
  await settle();
  await typeInto("daily-folder", "/no");
  await save();
  expect(document.body.textContent).toContain("那里写不进去");
  refuse = false;
  await typeInto("daily-folder", " /media/backup ");
  await typeInto("daily-keep", "14");
  await save();
  expect(calls.at(-1)).toEqual(["save_backup_plan", { folder: "/media/backup", keep: 14 }]);
  expect(useNotice().notice?.text).toBe("已保存");
  wrapper.unmount();
});

it("a recovery passphrase is typed twice, sent once and shown no more", async () => {
  answer({
    backup_plan: () => NO_PLAN,
    set_recovery: () => ({ ...NO_PLAN, recovery: true }),
  });
  const { wrapper } = await show(StoreTab);
  const send = async () => {
    const form = document.querySelectorAll("form")[1]!;
    form.dispatchEvent(new Event("submit", { cancelable: true }));
    await settle();
  };
  await typeInto("recovery-new", "correct horse battery");
  await typeInto("recovery-again", "correct horse batterY");
  await send();
  expect(calls.some(([name]) => name === "set_recovery")).toBe(false);
  await typeInto("recovery-again", "correct horse battery");
  await send();
  expect(calls.at(-1)).toEqual(["set_recovery", { passphrase: "correct horse battery" }]);
  expect(byId("recovery-state")?.textContent).toContain("已设置");
  expect((byId("recovery-new") as HTMLInputElement).value).toBe("");
  wrapper.unmount();
});

it("what was refused keeps the form open", async () => {
  answer({
    pass_form: () => PASS_FORM,
    pass_type_list: () => PASSES,
    save_pass_type: () => {
      throw { code: "too_large", message: "too large", args: {} };
    },
  });
  const { wrapper } = await show(PassesTab);
  byId("item-p2")?.click();
  await settle();
  await save();
  expect(byId("save-item")).not.toBeNull();
  expect(byId("form-problem")?.textContent).toContain("太大");
  wrapper.unmount();
});

it("what was begun and not saved waits, and is given up only where somebody says so", async () => {
  answer({
    pass_form: () => PASS_FORM,
    pass_type_list: () => PASSES,
    save_pass_type: () => PASSES,
  });
  const { wrapper, pinia } = await show(PassesTab);
  byId("item-p2")?.click();
  await settle();
  expect(document.activeElement).toBe(byId("pass-name"));
  expect(byId("not-saved")).toBeNull();
  await typeInto("pass-price", "500");
  expect(byId("not-saved")).not.toBeNull();
  // Another line, and back.
  byId("item-p3")?.click();
  await settle();
  expect((byId("pass-price") as HTMLInputElement).value).toBe("298.00");
  expect(byId("item-p2")?.textContent).toContain("还没保存");
  // Another page, and back: the one with changes is open again.
  wrapper.unmount();
  document.body.replaceChildren();
  const again = await show(PassesTab, { pinia });
  expect((byId("pass-price") as HTMLInputElement).value).toBe("500");
  byId("discard-item")?.click();
  await settle();
  expect((byId("pass-price") as HTMLInputElement).value).toBe("480.00");
  expect(byId("not-saved")).toBeNull();
  expect(byId("item-p2")?.textContent).not.toContain("还没保存");
  again.wrapper.unmount();
});

it("leaving the page with changes says that they wait, and a PIN does not", async () => {
  const staff = [{ id: "s1", name: "周敏", role: "cashier", active: true, locked_until_ms: null }];
  answer({ staff_all: () => staff, save_staff: () => staff, staff_list: () => staff });
  const { wrapper, pinia } = await show(StaffTab);
  byId("item-s1")?.click();
  await settle();
  await typeInto("staff-name", "周小敏");
  await typeInto("staff-pin", "274913");
  wrapper.unmount();
  expect(useNotice().notice?.text).toContain("周小敏");
  document.body.replaceChildren();
  const again = await show(StaffTab, { pinia });
  expect((byId("staff-name") as HTMLInputElement).value).toBe("周小敏");
  expect((byId("staff-pin") as HTMLInputElement).value).toBe("");
  again.wrapper.unmount();
});

it("Esc puts a form away without giving up what was typed", async () => {
  answer({
    pass_form: () => PASS_FORM,
    pass_type_list: () => PASSES,
    save_pass_type: () => PASSES,
  });
  const { wrapper } = await show(PassesTab);
  byId("item-p2")?.click();
  await settle();
  await typeInto("pass-price", "500");
  (document.activeElement as HTMLElement).blur();
  window.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
  await settle();
  expect(byId("save-item")).toBeNull();
  expect(document.activeElement).toBe(byId("item-p2"));
  expect(byId("item-p2")?.textContent).toContain("还没保存");
  wrapper.unmount();
});

it("a house rule that is no number is said at its row, and nothing is sent", async () => {
  answer({ rules: () => HOUSE_RULES, save_rules: ({ input }) => input });
  const { wrapper } = await show(RulesTab);
  await typeInto("rule-points_per_visit", "十");
  await save();
  expect(calls.some(([name]) => name === "save_rules")).toBe(false);
  expect(document.activeElement).toBe(byId("rule-points_per_visit"));
  expect(document.querySelector("[role=alert]")?.textContent).toContain("整数");
  await typeInto("rule-points_per_visit", "10");
  // It is mended: nothing says any more that it is wrong.
  expect(byId("rule-points_per_visit")?.getAttribute("aria-invalid")).toBe("false");
  expect(document.querySelector("[role=alert]")).toBeNull();
  await save();
  expect(calls.at(-1)).toEqual(["save_rules", { input: { ...HOUSE_RULES, points_per_visit: 10 } }]);

  const rounding = byId("rule-rounding") as HTMLSelectElement;
  expect(rounding.selectedOptions[0]?.textContent).toContain("抹零");
  rounding.value = "half_up";
  rounding.dispatchEvent(new Event("change"));
  await typeInto("rule-undo_secs", "60");
  await save();
  const changed = { points_per_visit: 10, rounding: "half_up", undo_secs: 60 };
  expect(calls.at(-1)).toEqual(["save_rules", { input: { ...HOUSE_RULES, ...changed } }]);
  wrapper.unmount();
});

it("the column of recent visits shows whole rows only", async () => {
  let measure = (): void => {};
  vi.stubGlobal(
    "ResizeObserver",
    class {
      constructor(callback: () => void) {
        measure = callback;
      }
      observe(): void {}
      disconnect(): void {}
    },
  );
  const { wrapper } = await show(RecentColumn);
  const visit = (n: number): RecentVisit => ({
    fact: `f${n}`,
    at_ms: n,
    member: `m${n}`,
    name: `会员 ${n}`,
    verdict: "admit",
    reason: null,
    pass: null,
    overridden: false,
    voided: false,
  });
  useDesk().recent = Array.from({ length: 20 }, (_, n) => visit(n));
  await settle();
  const rows = () => document.querySelectorAll("li").length;
  expect(rows()).toBe(20);
  const box = document.querySelector("ol")!.parentElement!;
  Object.defineProperty(box, "clientHeight", { value: 629, configurable: true });
  measure();
  await settle();
  expect(rows()).toBe(13);
  wrapper.unmount();
});
