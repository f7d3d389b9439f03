/** What is typed into a form while it is being saved is neither lost nor taken for saved. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { RouterView } from "vue-router";
import MemberFormPage from "@/desk/pages/MemberFormPage.vue";
import TryRules from "@/desk/components/TryRules.vue";
import AlertsTab from "@/desk/pages/settings/AlertsTab.vue";
import ImportTab from "@/desk/pages/settings/ImportTab.vue";
import RewardsTab from "@/desk/pages/settings/RewardsTab.vue";
import DeskTab from "@/desk/pages/settings/DeskTab.vue";
import RulesTab from "@/desk/pages/settings/RulesTab.vue";
import StoreTab from "@/desk/pages/settings/StoreTab.vue";
import TiersTab from "@/desk/pages/settings/TiersTab.vue";
import { useDrafts } from "@/desk/stores/drafts";
import { useNotice } from "@/desk/stores/notice";
import { blankTier } from "@/desk/tier-form";
import { typedSince } from "@/desk/typed-since";
import type { TierInput } from "@/shared/bindings";
import {
  answer,
  byId,
  calls,
  HOUSE_RULES,
  Late,
  MEMBER,
  press,
  settle,
  show,
} from "./support/desk";
import { status, typeInto } from "./support/desk";

afterEach(() => document.body.replaceChildren());

const value = (id: string) => (byId(id) as HTMLInputElement).value;

async function save(): Promise<void> {
  document.querySelector("form")!.dispatchEvent(new Event("submit", { cancelable: true }));
  await settle();
}

describe("the house rules", () => {
  it("keep what is typed while they are saved, and say that it is not saved", async () => {
    const slow = new Late();
    answer({ rules: () => HOUSE_RULES, save_rules: slow.ask });
    const { wrapper } = await show(RulesTab);
    await typeInto("rule-points_per_visit", "10");
    await save();
    await typeInto("rule-few_visits", "3");
    // What the till makes of the rest is shown.
    await slow.come({ ...HOUSE_RULES, points_per_visit: 10, undo_secs: 20 });
    expect(value("rule-few_visits")).toBe("3");
    expect(value("rule-points_per_visit")).toBe("10");
    expect(value("rule-undo_secs")).toBe("20");
    expect(byId("not-saved")).not.toBeNull();
    await save();
    const both = { points_per_visit: 10, undo_secs: 20, few_visits: 3 };
    expect(calls.at(-1)).toEqual(["save_rules", { input: { ...HOUSE_RULES, ...both } }]);
    await slow.come({ ...HOUSE_RULES, ...both });
    expect(byId("not-saved")).toBeNull();
    expect(value("rule-few_visits")).toBe("3");
    wrapper.unmount();
  });

  it("that were left while they were saved wait for nobody", async () => {
    const slow = new Late();
    answer({ rules: () => HOUSE_RULES, save_rules: slow.ask });
    const { wrapper } = await show(RulesTab);
    await typeInto("rule-points_per_visit", "10");
    await save();
    wrapper.unmount();
    expect(useDrafts().latest("s1/rules/")).toBe("");
    await slow.come({ ...HOUSE_RULES, points_per_visit: 10 });
    expect(useDrafts().latest("s1/rules/")).toBeUndefined();
  });
});

describe("a line of a list", () => {
  const tier = (id: string | null, name: string, multiplier_percent = 100): TierInput => ({
    ...blankTier(),
    id,
    name,
    multiplier_percent,
  });
  const GOLD = tier("t1", "金卡");
  const SILVER = tier("t2", "银卡");

  async function open(list: TierInput[]) {
    const slow = new Late();
    answer({ tier_list: () => list, save_tier: slow.ask });
    const { wrapper } = await show(TiersTab);
    return { slow, wrapper };
  }

  it("stays open with what is typed meanwhile, and the next save changes the same line", async () => {
    const { slow, wrapper } = await open([GOLD]);
    byId("item-add")?.click();
    await settle();
    await typeInto("tier-name", "铂金卡");
    byId("tier-multiplier")?.focus();
    await save();
    await typeInto("tier-multiplier", "250");
    const fresh = tier("t9", "铂金卡");
    await slow.come([GOLD, fresh]);
    expect(value("tier-multiplier")).toBe("250");
    expect(document.activeElement).toBe(byId("tier-multiplier"));
    expect(byId("item-t9")?.textContent).toContain("还没保存");
    (document.activeElement as HTMLElement).blur();
    await press("Escape");
    expect(byId("item-add")?.textContent).not.toContain("还没保存");
    byId("item-t9")?.click();
    await settle();
    expect(value("tier-multiplier")).toBe("250");
    await save();
    const input = { ...fresh, multiplier_percent: 250 };
    expect(calls.at(-1)).toEqual(["save_tier", { input }]);
    await slow.come([GOLD, input]);
    expect(byId("tier-name")).toBeNull();
    expect(byId("item-t9")?.textContent).not.toContain("还没保存");
    wrapper.unmount();
  });

  it.each([
    ["before it in the list", [SILVER, tier("t9", "铂金卡")]],
    ["behind it in the list", [tier("t9", "铂金卡"), SILVER]],
    ["and called the same", [tier("t9", "铂金卡"), tier("t3", "铂金卡")]],
    ["and called the same, in the other order", [tier("t3", "铂金卡"), tier("t9", "铂金卡")]],
  ])("is not taken for one that another desk added meanwhile, %s", async (_, added) => {
    const { slow, wrapper } = await open([GOLD]);
    byId("item-add")?.click();
    await settle();
    await typeInto("tier-name", "铂金卡 ");
    await save();
    await typeInto("tier-multiplier", "250");
    await slow.come([GOLD, ...added]);
    expect(value("tier-name")).toBe("铂金卡");
    expect(byId("item-t9")?.textContent).toContain("还没保存");
    await save();
    const input = { ...tier("t9", "铂金卡"), multiplier_percent: 250 };
    expect(calls.at(-1)).toEqual(["save_tier", { input }]);
    wrapper.unmount();
  });

  it("does not close another one that was opened meanwhile", async () => {
    const { slow, wrapper } = await open([GOLD, SILVER]);
    byId("item-t1")?.click();
    await settle();
    await typeInto("tier-multiplier", "150");
    await save();
    byId("item-t2")?.click();
    await settle();
    await typeInto("tier-multiplier", "120");
    await slow.come([{ ...GOLD, multiplier_percent: 150 }, SILVER]);
    expect(value("tier-multiplier")).toBe("120");
    expect(value("tier-name")).toBe("银卡");
    expect(byId("item-t1")?.textContent).not.toContain("还没保存");
    expect(byId("item-t2")?.textContent).toContain("还没保存");
    expect(useNotice().notice?.text).toBe("已保存");
    wrapper.unmount();
  });

  it("that was closed with something typed meanwhile keeps that alone unsaved", async () => {
    const { slow, wrapper } = await open([GOLD]);
    byId("item-t1")?.click();
    await settle();
    await typeInto("tier-multiplier", "150");
    await save();
    await typeInto("tier-name", "黑金卡");
    (document.activeElement as HTMLElement).blur();
    await press("Escape");
    expect(byId("tier-name")).toBeNull();
    await slow.come([{ ...GOLD, multiplier_percent: 150 }]);
    expect(byId("item-t1")?.textContent).toContain("还没保存");
    byId("item-t1")?.click();
    await settle();
    expect(value("tier-name")).toBe("黑金卡");
    expect(value("tier-multiplier")).toBe("150");
    wrapper.unmount();
  });
});

describe("a member's file", () => {
  const sent = (command: string) =>
    calls.filter(([name]) => name === command).map(([, args]) => args);

  it("keeps what is typed while it is saved, and stays open for it", async () => {
    const slow = new Late();
    answer({ member: () => MEMBER, change_member: slow.ask });
    const { wrapper, router } = await show(MemberFormPage, { at: "/member/m1/edit" });
    await typeInto("field-name", "林知秋");
    byId("field-note")?.focus();
    await save();
    await typeInto("field-note", "换了教练");
    // What the till makes of the rest is shown.
    await slow.come({ ...MEMBER, name: "林知秋", phone: "139****0000" });
    expect(router.currentRoute.value.path).toBe("/member/m1/edit");
    expect(value("field-note")).toBe("换了教练");
    expect(value("field-phone")).toBe("139****0000");
    expect(document.activeElement).toBe(byId("field-note"));
    expect(byId("not-saved")).not.toBeNull();
    await save();
    expect(sent("change_member")[1]).toMatchObject({
      id: "m1",
      input: { name: "林知秋", phone: "139****0000", note: "换了教练" },
    });
    await slow.come({ ...MEMBER, name: "林知秋", note: "换了教练" });
    expect(router.currentRoute.value.path).toBe("/member/m1");
    wrapper.unmount();
  });

  it("that is new is written once: what is typed meanwhile is a change to it", async () => {
    const slow = new Late();
    answer({ register_member: slow.ask, change_member: () => ({ ...MEMBER, id: "m9" }) });
    const { wrapper, router } = await show(MemberFormPage, { at: "/new" });
    await typeInto("field-name", "李喆");
    await save();
    await typeInto("field-card", "80010099");
    await slow.come({ ...MEMBER, id: "m9", name: "李喆", cards: [] });
    expect(value("field-card")).toBe("80010099");
    expect(byId("member-form")?.textContent).toContain("修改会员资料");
    await save();
    expect(sent("register_member")).toHaveLength(1);
    expect(sent("change_member")).toMatchObject([{ id: "m9", input: { cards: ["80010099"] } }]);
    expect(router.currentRoute.value.path).toBe("/member/m9");
    wrapper.unmount();
  });

  it("that was left while it was saved fetches nobody back", async () => {
    const slow = new Late();
    answer({ member: () => MEMBER, change_member: slow.ask });
    const { wrapper, router } = await show(RouterView, { at: "/member/m1/edit" });
    await typeInto("field-name", "林知秋");
    await save();
    await router.push("/sync");
    await slow.come({ ...MEMBER, name: "林知秋" });
    expect(router.currentRoute.value.path).toBe("/sync");
    expect(useNotice().notice?.text).toContain("林知秋");
    wrapper.unmount();
  });
});

it("a number is typed on while the choice beside it is being kept", async () => {
  const slow = new Late();
  const rows = [{ alert: "debt", level: "warn", always: false }];
  const alerts = { levels: {}, debt_above: 0, elsewhere_minutes: 5, waiver_version: 1 };
  answer({ alerts: () => ({ rows, alerts }), save_alerts: slow.ask });
  const { wrapper } = await show(AlertsTab);
  const level = byId("alert-debt") as HTMLSelectElement;
  level.value = "deny";
  level.dispatchEvent(new Event("change"));
  await settle();
  await typeInto("alert-debt-limit", "30");
  await slow.come({ rows: [{ ...rows[0], level: "deny" }], alerts });
  expect(value("alert-debt-limit")).toBe("30");
  byId("alert-debt-limit")!.dispatchEvent(new Event("change"));
  await settle();
  expect(calls.at(-1)).toMatchObject(["save_alerts", { alerts: { debt_above: 30 } }]);
  await typeInto("alert-debt-limit", "45");
  await slow.come({ rows, alerts: { ...alerts, debt_above: 30 } });
  expect(value("alert-debt-limit")).toBe("45");
  wrapper.unmount();
});

it("the stock of one reward is not told, nor typed, of the next", async () => {
  const slow = new Late();
  const reward = (id: string) => ({
    id,
    name: id,
    cost: 300,
    minor_per_point: 0,
    active: true,
    terms: { counts_stock: true },
  });
  answer({
    reward_list: () => ["r1", "r2"].map(reward),
    tiers: () => [],
    stock: () => ({ here: 2, elsewhere: 0 }),
    change_stock: slow.ask,
  });
  const { wrapper } = await show(RewardsTab);
  byId("item-r1")!.click();
  await settle();
  await typeInto("stock-amount", "10");
  await typeInto("stock-reason", "到货");
  byId("stock-put")!.click();
  await settle();
  byId("item-r2")!.click();
  await settle();
  expect(value("stock-amount")).toBe("");
  await typeInto("stock-amount", "7");
  await slow.come({ here: 12, elsewhere: 0 });
  expect(byId("stock-figures")?.textContent).toContain("2");
  expect(byId("stock-figures")?.textContent).not.toContain("12");
  expect(value("stock-amount")).toBe("7");
  wrapper.unmount();
});

it("what rules would give is told of what was asked, not of what is typed since", async () => {
  const slow = new Late();
  answer({ try_rules: slow.ask });
  const { wrapper } = await show(TryRules);
  await typeInto("try-amount", "10");
  await save();
  await typeInto("try-amount", "1000");
  await slow.come({ points: 10, rules: [], lots: [] });
  expect(byId("try-told")).toBeNull();
  wrapper.unmount();
});

it("the file that is imported is the one that was looked at", async () => {
  const slow = new Late();
  answer({ import_members: slow.ask });
  const { wrapper } = await show(ImportTab);
  const choose = async (name: string) => {
    const box = byId("import-file") as HTMLInputElement;
    Object.defineProperty(box, "files", {
      configurable: true,
      value: [new File([name], name)],
    });
    box.dispatchEvent(new Event("change"));
    await vi.waitFor(() => expect(slow.left).toBe(name === "a.csv" ? 1 : 2));
  };
  const report = (imported: number) => ({
    report: {
      rows: imported,
      imported,
      already_here: 0,
      rejected: { bad_phone: 0, no_name: 0, duplicate_phone: 0, bad_points: 0, bad_row: 0 },
      warnings: { bad_birthday: 0, bad_pass: 0 },
      points_total: 0,
      stored_minor_total: 0,
    },
    rejects_csv: "",
  });
  await choose("a.csv");
  await choose("b.csv");
  await slow.come(report(3));
  expect(byId("import-go")).toBeNull();
  await slow.come(report(5));
  expect(byId("import-go")?.textContent).toContain("5");
  wrapper.unmount();
});

it("what is typed for the daily backup outlasts the saving of the passphrase beside it", async () => {
  const plan = {
    folder: "/media/backup",
    keep: 14,
    last: null,
    recovery: false,
    passphrase_least: 12,
  };
  answer({
    backup_plan: () => plan,
    set_recovery: () => ({ ...plan, recovery: true }),
    save_backup_plan: () => ({ ...plan, folder: "/media/other", recovery: true }),
  });
  const { wrapper } = await show(StoreTab);
  await typeInto("daily-folder", "/media/other");
  await typeInto("recovery-new", "four or five words");
  await typeInto("recovery-again", "four or five words");
  byId("recovery-save")!.closest("form")!.dispatchEvent(new Event("submit"));
  await settle();
  expect(calls.some(([name]) => name === "set_recovery")).toBe(true);
  expect(value("daily-folder")).toBe("/media/other");
  await save();
  expect(calls.at(-1)).toEqual(["save_backup_plan", { folder: "/media/other", keep: 14 }]);
  expect(value("daily-folder")).toBe("/media/other");
  wrapper.unmount();
});

it("a scanner's pause that cannot be is said, and the one before it goes on", async () => {
  const { prefs } = status();
  const { wrapper } = await show(DeskTab);
  const type = async (text: string) => {
    await typeInto("scanner-gap", text);
    byId("scanner-gap")!.dispatchEvent(new Event("change"));
    await settle();
  };
  answer({ save_prefs: ({ prefs: sent }) => status({ prefs: sent as never }) });
  await type("2");
  expect(byId("scanner-gap")?.getAttribute("aria-invalid")).toBe("true");
  expect(calls.at(-1)?.[1]).toEqual({ prefs });
  await type("80");
  expect(byId("scanner-gap")?.getAttribute("aria-invalid")).toBe("false");
  expect(calls.at(-1)?.[1]).toEqual({ prefs: { ...prefs, scanner_gap_ms: 80 } });
  wrapper.unmount();
});

it.each([
  ["nothing was typed", { a: "1", b: "2" }, { a: "1", b: "2" }, { a: "1", b: "x" }],
  ["one box was", { a: "1", b: "2" }, { a: "7", b: "2" }, { a: "7", b: "x" }],
])("typed since: %s", (_, sent, now, stands) => {
  expect(typedSince(sent, now, { a: "1", b: "x" })).toEqual(stands);
});

it("typed since: deep fields one by one, a list as a whole, none that is gone", () => {
  const sent = { line: { id: null as string | null, days: [1, 2], cap: 5 as number | undefined } };
  const now = { line: { id: null, days: [1], cap: 5 } };
  const answered = { line: { id: "x", days: [1, 2], cap: undefined } };
  expect(typedSince(sent, now, answered)).toEqual({ line: { id: "x", days: [1] } });
});
