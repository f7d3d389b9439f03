import { afterEach, describe, expect, it } from "vitest";
import type { MemberView, PassView } from "@/shared/bindings";
import CheckInPage from "@/desk/pages/CheckInPage.vue";
import MemberPage from "@/desk/pages/MemberPage.vue";
import { currentPicker } from "@/desk/composables/usePick";
import { useDesk } from "@/desk/stores/desk";
import {
  answer,
  byId,
  calls,
  checkIn,
  MEMBER,
  press,
  settle,
  show,
  status,
  typeInto,
} from "./support/desk";

afterEach(() => document.body.replaceChildren());

const DONE = {
  fact: "f9",
  at_ms: 0,
  points: 0,
  balance: null,
  undo_until_ms: 10_000,
  undo_asks: false,
};

function pass(part: Partial<PassView> = {}): PassView {
  return {
    id: "p1",
    name: "月卡",
    from: "2026-11-01",
    until: "2026-11-30",
    days_left: 7,
    visits_left: null,
    visits_here: null,
    state: "active",
    frozen_until: null,
    freeze_ahead: null,
    freeze_days_left: 30,
    guests_left: 0,
    transfer_fee_minor: 0,
    transfer_fee_points: 0,
    ended: null,
    acts: ["freeze", "extend", "upgrade"],
    ...part,
  };
}

async function page(member: MemberView, table: Parameters<typeof answer>[0] = {}) {
  answer({ member: () => member, status: () => status(), ...table });
  return show(MemberPage, { at: "/member/m1" });
}

const submit = async (id: string) => {
  byId(id)?.dispatchEvent(new Event("submit", { cancelable: true }));
  await settle();
};
const sent = (command: string) => calls.find(([name]) => name === command)?.[1];

describe("the member's page", () => {
  it("hands vouchers over with the numbers behind the passes, and not under a panel", async () => {
    const water = { reward: "r1", name: "矿泉水", expires: null, here: true };
    const vouchers = ["f1", "f2"].map((given) => ({ ...water, given }));
    const { wrapper } = await page(
      { ...MEMBER, passes: [pass()], vouchers },
      { hand_over: () => DONE, recent: () => [], today: () => null },
    );
    await press("3");
    expect(sent("hand_over")).toMatchObject({ member: "m1", given: "f2" });
    await press("1"); // the pass
    expect(byId("act-menu")).not.toBeNull();
    const before = calls.length;
    await press("2");
    await press("2");
    expect(calls.slice(before).some(([name]) => name === "hand_over")).toBe(false);
    wrapper.unmount();
  });

  it("offers with a pass what the till says, and nothing else", async () => {
    const { wrapper } = await page({ ...MEMBER, passes: [pass(), pass({ id: "p2", acts: [] })] });
    await press("2");
    expect(byId("act-menu")).toBeNull();
    await press("1");
    const offered = [...document.querySelectorAll("[data-testid^=act-]")].map(
      (one) => (one as HTMLElement).dataset.testid,
    );
    expect(offered).toEqual(["act-menu", "act-freeze", "act-extend", "act-upgrade"]);
    wrapper.unmount();
  });

  it("erases a person only after their name was typed, and leaves the page", async () => {
    const table = { erase_member: () => null };
    const { wrapper } = await page({ ...MEMBER, passes: [pass()] }, table);
    await press("F9");
    byId("act-erase")?.click();
    await settle();
    expect(byId("erase-panel")?.textContent).toContain(MEMBER.name);
    expect(byId("erase-lost")?.textContent).toContain("月卡");
    await typeInto("ask-name", "somebody else");
    await submit("ask-panel");
    expect(sent("erase_member")).toBeUndefined();
    await typeInto("ask-name", MEMBER.name);
    await submit("ask-panel");
    expect(sent("erase_member")).toEqual({ id: "m1", forfeit: true, approval: null });
    await settle();
    expect(byId("member-page")).toBeNull();
    wrapper.unmount();
  });

  it("asks who signs a waiver where somebody answers for them, and says who did", async () => {
    const guardian = { id: "m2", name: "林妈妈" };
    const waiver = { version: 1, on: "2026-11-20", by: "m2" };
    const details = { ...MEMBER.details, guardian, waiver, waiver_by: guardian };
    const { wrapper } = await page({ ...MEMBER, details }, { sign_waiver: () => MEMBER });
    byId("tab-people")?.dispatchEvent(new MouseEvent("mousedown", { bubbles: true }));
    await settle();
    expect(byId("people")?.textContent).toContain("监护人 · 林妈妈");
    for (const [place, by] of [
      ["1", ""],
      ["2", "m2"],
    ] as const) {
      calls.length = 0;
      await press("F9");
      byId("act-waiver")?.click();
      await settle();
      await press(place);
      expect(sent("sign_waiver")).toEqual({ id: "m1", by, approval: null });
    }
    wrapper.unmount();
  });

  it("freezes a pass until a day, or for as long as it may be", async () => {
    const table = { change_pass: () => DONE };
    const { wrapper } = await page({ ...MEMBER, passes: [pass()] }, table);
    const freeze = async (from: string, until: string) => {
      await press("1");
      await press("1");
      expect(byId("ask-panel")?.textContent).toContain("30 天");
      await typeInto("ask-from", from);
      await typeInto("ask-until", until);
      await submit("ask-panel");
      return (sent("change_pass") as { change: unknown }).change;
    };
    const told = { what: "freeze", from: "2026-12-01", until: "2026-12-24" };
    expect(await freeze("2026-12-01", " 2026-12-24 ")).toEqual(told);
    calls.length = 0;
    expect(await freeze("", "")).toEqual({ what: "freeze", from: null, until: null });
    wrapper.unmount();
  });

  it("extends a pass by keys alone", async () => {
    const table = { change_pass: () => DONE };
    const { wrapper } = await page({ ...MEMBER, passes: [pass()] }, table);
    await press("1");
    await press("2");
    await typeInto("ask-days", "7");
    await typeInto("ask-because", "停水");
    await submit("ask-panel");
    expect(sent("change_pass")).toEqual({
      member: "m1",
      pass: "p1",
      change: { what: "extend", days: 7, because: "停水" },
      approval: null,
    });
    expect(byId("ask-panel")).toBeNull();
    wrapper.unmount();
  });

  it("shows the difference that the till worked out", async () => {
    const kind = { pass_type: "t2", name: "季卡", pays_minor: 50_000, until: null, visits: null };
    const table = { pass_upgrades: () => [kind], change_pass: () => DONE };
    const { wrapper } = await page({ ...MEMBER, passes: [pass()] }, table);
    await press("1");
    await press("3");
    expect(byId("act-t2")?.textContent).toContain("500");
    await press("1");
    expect(sent("change_pass")?.change).toEqual({ what: "upgrade", to: "t2" });
    wrapper.unmount();
  });

  it("shows what giving a pass away costs before it is done", async () => {
    const costs = { transfer_fee_minor: 3_050, transfer_fee_points: 20 };
    const given = pass({ acts: ["transfer"], ...costs });
    const { wrapper } = await page({ ...MEMBER, passes: [given] }, { change_pass: () => DONE });
    await press("1");
    await press("1");
    const other = { id: "m2", name: "林小满", phone: null, card: null, tier: null, photo: null };
    currentPicker()?.(other);
    await settle();
    expect((byId("pick-typed") as HTMLInputElement).value).toBe("30.50");
    expect(byId("pick-panel")?.textContent).toContain("20");
    await submit("pick-panel");
    const change = { what: "transfer", to: "m2", fee: "30.50" };
    expect(sent("change_pass")?.change).toEqual(change);
    wrapper.unmount();
  });

  it("loads an amount as it was typed, with a reason", async () => {
    const { wrapper } = await page(MEMBER, { top_up: () => DONE });
    await press("F9");
    await press("0");
    await typeInto("ask-amount", "550.00");
    await typeInto("ask-because", "现金");
    await submit("ask-panel");
    expect(sent("top_up")).toEqual({
      member: "m1",
      amount: "550.00",
      reason: "现金",
      approval: null,
    });
    wrapper.unmount();
  });

  it("takes points away as a number that is not negative, with a reason", async () => {
    const { wrapper } = await page(MEMBER, { adjust_points: () => DONE });
    await press("F9");
    await press("2");
    await typeInto("ask-points", "20");
    await typeInto("ask-because", "多给了");
    await submit("ask-panel");
    expect(sent("adjust_points")).toEqual({
      member: "m1",
      points: 20,
      take: true,
      reason: "多给了",
      approval: null,
    });
    wrapper.unmount();
  });
});

describe("who else comes in", () => {
  it("lets a family in with one key and shows each verdict", async () => {
    const relative = checkIn({ fact: "f2", verdict: "refuse", reasons: [{ code: "no_pass" }] });
    answer({ recent: () => [], status: () => status(), check_in_relatives: () => [relative] });
    const { wrapper } = await show(CheckInPage);
    const desk = useDesk();
    await desk.checkIn(async () => checkIn({ family: [{ id: "m2", name: "林小满" }] }));
    await settle();
    expect(byId("bring-guest")).toBeNull();
    byId("bring-family")?.click();
    await settle();
    expect(sent("check_in_relatives")).toEqual({ member: "m1" });
    expect(byId("family-1")?.dataset.verdict).toBe("refuse");
    await press("1");
    expect(desk.verdict?.fact).toBe("f2");
    wrapper.unmount();
  });

  it("books who was stopped for a class, and asks anew", async () => {
    const done = {
      fact: "b1",
      at_ms: 0,
      points: 0,
      balance: null,
      undo_until_ms: 60_000,
      undo_asks: false,
    };
    answer({
      recent: () => [],
      status: () => status(),
      book_class: () => done,
      check_in_member: () => checkIn({ fact: "f4" }),
    });
    const { wrapper } = await show(CheckInPage);
    const desk = useDesk();
    const reasons = [{ code: "class_needed", pass: "团课卡" }];
    const stopped = { verdict: "refuse", reasons, mends: ["book_class", "let_in_once"] };
    await desk.checkIn(async () => checkIn(stopped as Parameters<typeof checkIn>[0]));
    await settle();
    await press("F8");
    await typeInto("ask-name", "瑜伽");
    await typeInto("ask-begins", "18:30");
    byId("ask-give")?.click();
    await settle();
    const member = { member: "m1", name: "瑜伽", begins: "18:30" };
    expect(sent("book_class")).toEqual({ ...member, minutes: null, approval: null });
    expect(desk.verdict?.fact).toBe("f4");
    // Whoever comes next is mostly there for the same class.
    await desk.checkIn(async () => checkIn(stopped as Parameters<typeof checkIn>[0]));
    await settle();
    await press("F8");
    const boxes = ["ask-name", "ask-begins", "ask-minutes"].map(byId) as HTMLInputElement[];
    expect(boxes.map(({ value }) => value)).toEqual(["瑜伽", "18:30", ""]);
    wrapper.unmount();
  });

  it("asks who was stopped for a waiver anew, once it is signed", async () => {
    const answers = {
      recent: () => [],
      status: () => status(),
      sign_waiver: () => MEMBER,
      check_in_member: () => checkIn({ fact: "f3" }),
    };
    answer(answers);
    const { wrapper } = await show(CheckInPage);
    const desk = useDesk();
    const stopped = { verdict: "refuse", reasons: [{ code: "waiver" }], mends: ["sign_waiver"] };
    await desk.checkIn(async () => checkIn(stopped as Parameters<typeof checkIn>[0]));
    await settle();
    await press("F11");
    expect(sent("sign_waiver")).toEqual({ id: "m1", by: null, approval: null });
    expect(desk.verdict?.fact).toBe("f3");
    wrapper.unmount();
  });
});

describe("a member's cards", () => {
  const CARDS: MemberView = {
    ...MEMBER,
    passes: [pass()],
    cards: ["77", "78", "79"],
    details: { ...MEMBER.details, dead_cards: { "78": "lost", "79": "moved" } },
  };

  async function cards() {
    answer({ member: () => CARDS, lose_card: () => CARDS, member_form: () => ({ custom: [] }) });
    const { wrapper } = await show(MemberPage, { at: "/member/m1?tab=cards" });
    return wrapper;
  }
  const lost = () => calls.filter(([name]) => name === "lose_card").map(([, args]) => args);

  it("are reported lost, found, replaced and moved by keys alone, behind the passes", async () => {
    const wrapper = await cards();
    expect(byId("tab-cards")?.getAttribute("aria-selected")).toBe("true");
    expect(byId("cards")?.textContent).toContain("已转给别人");
    await press("2");
    expect(byId("act-menu")?.textContent).toContain("卡 77");
    await press("1");
    expect(lost()).toEqual([{ member: "m1", card: "77", lost: true, approval: null }]);
    await press("3");
    await press("1");
    expect(lost().at(-1)).toMatchObject({ card: "78", lost: false });
    await press("2");
    await press("2");
    expect(document.activeElement).toBe(byId("fresh-card"));
    await press("Escape");
    expect(byId("fresh-card")).toBeNull();
    await press("2");
    await press("3");
    expect(byId("pick-panel")?.textContent).toContain("77");
    wrapper.unmount();
  });

  it("give their numbers up while something else has the numbers", async () => {
    const wrapper = await cards();
    expect(byId("cards")?.querySelectorAll("kbd, .key")).toHaveLength(3);
    await press("F9");
    expect(byId("cards")?.querySelectorAll("kbd, .key")).toHaveLength(0);
    await press("2");
    expect(byId("act-menu")).toBeNull();
    expect(byId("ask-panel")).not.toBeNull();
    wrapper.unmount();
  });

  it("stand open where a verdict is about one of them", async () => {
    const reasons = [{ code: "card_lost" as const }];
    answer({ member: () => CARDS });
    const { wrapper, router } = await show(CheckInPage);
    await useDesk().checkIn(async () => checkIn({ verdict: "refuse", reasons }));
    await settle();
    [...document.querySelectorAll("button")].find((one) => one.textContent.includes("F2"))!.click();
    await settle();
    expect(router.currentRoute.value.fullPath).toBe("/member/m1?tab=cards");
    wrapper.unmount();
  });
});
