/** A desk whose machine is slow: what is pressed before an answer is there is neither lost nor astray. */
import { afterEach, describe, expect, it } from "vitest";
import { effectScope, ref } from "vue";
import { RouterView } from "vue-router";
import App from "@/desk/App.vue";
import { arriveAt, leaveFor, useKeys } from "@/desk/composables/useKeys";
import { scanTarget } from "@/desk/composables/useScanTarget";
import { cursorLater } from "@/desk/cursor";
import CheckInPage from "@/desk/pages/CheckInPage.vue";
import MemberPage from "@/desk/pages/MemberPage.vue";
import PointsPage from "@/desk/pages/PointsPage.vue";
import RedeemPage from "@/desk/pages/RedeemPage.vue";
import TodayPage from "@/desk/pages/TodayPage.vue";
import { useDesk } from "@/desk/stores/desk";
import { useNotice } from "@/desk/stores/notice";
import type { RewardView, StatusView } from "@/shared/bindings";
import { answer, byId, calls, checkIn, Late, MEMBER, press, settle, show } from "./support/desk";
import { status, typeInto } from "./support/desk";

const asked = (command: string) =>
  calls.filter(([name]) => name === command).map(([, args]) => args);

const DONE = {
  fact: "f9",
  at_ms: 0,
  points: 20,
  balance: null,
  undo_until_ms: 0,
  undo_asks: false,
};

afterEach(() => document.body.replaceChildren());

describe("keys", () => {
  const down = (key: string, code = key) =>
    window.dispatchEvent(new KeyboardEvent("keydown", { key, code, cancelable: true }));

  it("mean what they mean in the order in which they were pressed", () => {
    const heard: string[] = [];
    const scope = effectScope();
    const hear = (key: string) => [key, () => heard.push(key)];
    scope.run(() => useKeys(Object.fromEntries(["2", "5", "Enter"].map(hear))));
    down("2", "Digit2");
    down("Shift", "ShiftLeft");
    expect(heard).toEqual([]);
    down("Enter");
    expect(heard).toEqual(["2", "Enter"]);
    scope.stop();
  });

  it("wait for what they are about, and go to nobody else meanwhile", async () => {
    const heard: string[] = [];
    const there = ref(false);
    const scope = effectScope();
    scope.run(() => {
      useKeys({ F7: () => heard.push("behind"), F8: () => heard.push("F8 behind") });
      useKeys(
        { F7: () => heard.push("F7"), F9: () => heard.push("F9") },
        { ready: () => there.value },
      );
    });
    down("F9");
    down("F7");
    down("F8");
    expect(heard).toEqual(["F8 behind"]);
    there.value = true;
    await settle();
    expect(heard).toEqual(["F8 behind", "F9", "F7"]);
    scope.stop();
  });

  it("wait for the page that the window is on its way to", () => {
    const heard: string[] = [];
    const scope = effectScope();
    scope.run(() => useKeys({ F7: () => heard.push("old page") }));
    leaveFor("/sync");
    down("F7");
    expect(heard).toEqual([]);
    scope.stop();
    const next = effectScope();
    next.run(() => useKeys({ F7: () => heard.push("new page") }));
    arriveAt("/today");
    expect(heard).toEqual([]);
    arriveAt("/sync");
    expect(heard).toEqual(["new page"]);
    next.stop();
  });
});

describe("the cursor", () => {
  it("is not taken away from whoever went on in another box meanwhile", () => {
    const boxes = [0, 1, 2].map(() => document.body.appendChild(document.createElement("input")));
    boxes[0]!.focus();
    cursorLater()(boxes[1]);
    expect(document.activeElement).toBe(boxes[1]);
    const later = cursorLater();
    boxes[2]!.focus();
    later(boxes[0]);
    expect(document.activeElement).toBe(boxes[2]);
  });

  it("is in the box for the PIN as soon as a wrong one is said to be wrong", async () => {
    let refuse = () => {};
    answer({
      status: () => status({ session: null }),
      staff_list: () => [
        { id: "s1", name: "周敏", role: "receptionist", active: true, locked_until_ms: null },
      ],
      sign_in: () =>
        new Promise((_, fail) => {
          refuse = () => fail({ code: "wrong_pin", message: "wrong", args: { left: "4" } });
        }),
    });
    const { wrapper } = await show(App, { status: status({ session: null }) });
    byId("staff-s1")?.click();
    await settle();
    await typeInto("pin", "111111");
    const box = byId("pin") as HTMLInputElement;
    expect(box.disabled).toBe(true);
    // A browser takes the cursor out of a box that cannot be typed into.
    byId("lang-en")!.focus();
    expect(document.activeElement).not.toBe(box);
    refuse();
    await settle();
    expect(byId("pin-message")?.textContent).toContain("4");
    expect(document.activeElement).toBe(byId("pin"));
    wrapper.unmount();
  });
});

it("a wrong PIN is not said of whoever was chosen after it", async () => {
  const slow = new Late();
  const person = { role: "receptionist", active: true, locked_until_ms: null };
  answer({
    status: () => status({ session: null }),
    staff_list: () => ["s1", "s2"].map((id) => ({ ...person, id, name: id })),
    sign_in: slow.ask,
  });
  const { wrapper } = await show(App, { status: status({ session: null }) });
  byId("staff-s1")?.click();
  await settle();
  await typeInto("pin", "111111");
  byId("staff-s2")?.click();
  await settle();
  await slow.come(Promise.reject({ code: "wrong_pin", message: "wrong", args: { left: "4" } }));
  expect(byId("pin-message")?.textContent).toBe("");
  wrapper.unmount();
});

describe("what is read", () => {
  it("is thrown away where something was set after it was asked for", async () => {
    const slow = new Late();
    const prefs = { ...status().prefs, language: "en" };
    answer({ status: slow.ask, save_prefs: () => status({ prefs }) });
    const { wrapper, session } = await show({ template: "<p />" });
    void session.refresh();
    await session.savePrefs(prefs);
    await slow.come(status());
    expect(session.status?.prefs.language).toBe("en");
    wrapper.unmount();
  });

  it("is not replaced by what was asked for before it", async () => {
    const slow = new Late();
    answer({ recent: slow.ask, today: () => null });
    const { wrapper } = await show({ template: "<p />" });
    const desk = useDesk();
    void desk.refresh();
    void desk.refresh();
    await slow.come([{ fact: "new" }], 1);
    await slow.come([{ fact: "old" }]);
    expect(desk.recent).toEqual([{ fact: "new" }]);
    wrapper.unmount();
  });

  it("is the day that was turned to, however fast", async () => {
    const slow = new Late();
    const session = { ...status().session!, permissions: ["view_journal" as const] };
    answer({ day: slow.ask, status: () => status({ session }) });
    const { wrapper } = await show(TodayPage, { status: status({ session }) });
    await press("ArrowLeft");
    await press("ArrowLeft");
    expect(asked("day").at(-1)).toEqual({ day: "2026-11-21" });
    const none = { visits: 0, refused: 0, points_given: 0, redemptions: 0, points_used: 0 };
    const row = { ...none, new_members: 0, hourly: [], rows: [] };
    // Nobody asks for this one any more, also where it comes first.
    await slow.come({ ...row, day: "2026-11-22" }, 1);
    expect(byId("day")).toBeNull();
    await slow.come({ ...row, day: "2026-11-21" }, 1);
    expect(byId("day")?.textContent).toContain("11月21日");
    await slow.come({ ...row, day: "2026-11-23" });
    expect(byId("day")?.textContent).toContain("11月21日");
    // The same day is read twice, and what was asked for first comes last.
    void useDesk().changed();
    await settle();
    void useDesk().changed();
    await settle();
    await slow.come({ ...row, visits: 8, day: "2026-11-21" }, 1);
    await slow.come({ ...row, visits: 7, day: "2026-11-21" });
    expect(byId("today-visits")?.textContent).toContain("8");
    wrapper.unmount();
  });

  it("leads nobody back who has left the page meanwhile", async () => {
    const slow = new Late();
    answer({ find: slow.ask, status: () => status() });
    const { wrapper, router } = await show(RouterView, { at: "/points" });
    scanTarget()!("80010427");
    await router.push("/sync");
    await settle();
    await slow.come([checkIn().member]);
    expect(router.currentRoute.value.path).toBe("/sync");
    wrapper.unmount();
  });

  it("is the rewards of whoever is on the page, and a number chooses among those", async () => {
    const slow = new Late();
    const one = { name: "矿泉水", cost: 100, minor_per_point: 0, money_minor: 0, short_by: 0 };
    const reward = { ...one, affordable: "here", stock: null, later_days: null } as const;
    const mine: RewardView = { ...reward, id: "mine" };
    answer({
      member: ({ id }) => ({ ...MEMBER, id }),
      rewards: slow.ask,
      redeem_preview: () => null,
      redeem: () => null,
    });
    const { wrapper, router } = await show(RedeemPage, { at: "/redeem/m1" });
    await slow.come([{ ...reward, id: "old" }]);
    expect(byId("reward-1")).not.toBeNull();
    await router.push("/redeem/m2");
    await settle();
    expect(byId("reward-1")).toBeNull();
    void useDesk().changed();
    await router.push("/redeem/m3");
    await settle();
    await press("1");
    await press("Enter");
    await slow.come([{ ...reward, id: "theirs" }]);
    expect(byId("reward-1")).toBeNull();
    await slow.come([mine], slow.left - 1);
    while (slow.left > 0) await slow.come([{ ...reward, id: "theirs" }]);
    expect(asked("redeem")).toMatchObject([{ member: "m3", reward: "mine" }]);
    wrapper.unmount();
  });
});

describe("what is done", () => {
  it("is one check-in for each card, however fast they are scanned", async () => {
    const slow = new Late();
    let now: StatusView = status();
    answer({ status: () => now, staff_list: () => [], recent: () => [], check_in_card: slow.ask });
    const { wrapper } = await show(App);
    let time = 1000;
    const scan = async (code: string) => {
      for (const key of [...code, "Enter"]) {
        const event = new KeyboardEvent("keydown", {
          key,
          code: key === "Enter" ? key : `Digit${key}`,
        });
        Object.defineProperty(event, "timeStamp", { value: (time += 8) });
        window.dispatchEvent(event);
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
      await settle();
    };
    await scan("10000001");
    await scan("10000002");
    expect(asked("check_in_card")).toEqual([{ card: "10000001" }]);
    await slow.come(checkIn());
    expect(asked("check_in_card")).toEqual([{ card: "10000001" }, { card: "10000002" }]);
    // What waits when the desk is locked is not answered to whoever comes next.
    await scan("10000003");
    now = status({ session: null });
    await press("Escape");
    window.dispatchEvent(new KeyboardEvent("keydown", { key: "l", code: "KeyL", ctrlKey: true }));
    await settle();
    await slow.come(checkIn());
    expect(asked("check_in_card")).toHaveLength(2);
    wrapper.unmount();
  });

  it("gives the points of the whole amount, typed and sent before the page was there", async () => {
    const slow = new Late();
    answer({ member: slow.ask, earn_preview: () => null, earn: () => null });
    const { wrapper } = await show(PointsPage, { at: "/points/m1" });
    for (const key of ["1", "2", "8"]) {
      await press(key);
    }
    await slow.come(MEMBER);
    expect((byId("earn-amount") as HTMLInputElement).value).toBe("128");
    byId("earn-amount")!.closest("form")!.requestSubmit();
    await settle();
    // What is wrong with it is not known yet.
    expect(asked("earn")).toEqual([]);
    await new Promise((resolve) => setTimeout(resolve, 90));
    await settle();
    expect(asked("earn")).toMatchObject([{ member: "m1", amount: "128" }]);
    wrapper.unmount();
  });

  it("leaves the amount that is typed for the next one", async () => {
    const slow = new Late();
    answer({ member: ({ id }) => ({ ...MEMBER, id }), earn_preview: () => null, earn: slow.ask });
    const { wrapper, router } = await show(PointsPage, { at: "/points/m1" });
    await typeInto("earn-amount", "128");
    byId("earn-amount")!.closest("form")!.requestSubmit();
    await new Promise((resolve) => setTimeout(resolve, 90));
    await settle();
    await router.push("/points/m2");
    await settle();
    await typeInto("earn-amount", "50");
    await slow.come(DONE);
    expect((byId("earn-amount") as HTMLInputElement).value).toBe("50");
    wrapper.unmount();
  });

  it("leaves the reward that is chosen for the next one, and says there what went wrong before", async () => {
    const slow = new Late();
    const one = { name: "矿泉水", cost: 100, minor_per_point: 0, money_minor: 0, short_by: 0 };
    const reward = { ...one, affordable: "here", stock: null, later_days: null, id: "r1" } as const;
    answer({
      member: ({ id }) => ({ ...MEMBER, id }),
      rewards: () => [reward],
      redeem_preview: () => null,
      redeem: slow.ask,
      status: () => status(),
    });
    const { wrapper, router } = await show(RedeemPage, { at: "/redeem/m1" });
    const chosen = () => byId("reward-1")?.getAttribute("aria-pressed");
    const next = async (member: string) => {
      await router.push(`/redeem/${member}`);
      await settle();
      await press("1");
      expect(chosen()).toBe("true");
    };
    await next("m2");
    await press("Enter");
    expect(asked("redeem")).toHaveLength(1);
    await next("m3");
    await slow.come(DONE);
    expect(chosen()).toBe("true");
    await press("Enter");
    await next("m4");
    const refusal = { code: "points_short", message: "short", args: { short: "9" } };
    await slow.come(Promise.reject(refusal));
    expect(byId("redeem-problem")).toBeNull();
    expect(useNotice().notice?.tone).toBe("fail");
    wrapper.unmount();
  });

  it.each([
    ["sign_waiver", "sign_waiver"],
    ["unfreeze", "change_pass"],
  ] as const)("asks nobody anew over the verdict of somebody else: %s", async (how, command) => {
    const slow = new Late();
    answer({ status: () => status(), [command]: slow.ask, check_in_member: () => checkIn() });
    const { wrapper } = await show(CheckInPage);
    const desk = useDesk();
    const pass = { id: "p1", name: "月卡" } as never;
    await desk.checkIn(async () => checkIn({ verdict: "refuse", mends: [how], pass }));
    await settle();
    byId(`mend-${how}`)!.click();
    await settle();
    await desk.checkIn(async () => checkIn({ fact: "f2" }));
    await slow.come(DONE);
    expect(asked("check_in_member")).toEqual([]);
    expect(desk.verdict?.fact).toBe("f2");
    wrapper.unmount();
  });

  it("opens no family over the verdict of somebody else", async () => {
    const slow = new Late();
    answer({ recent: () => [], status: () => status(), check_in_relatives: slow.ask });
    const { wrapper } = await show(CheckInPage);
    const desk = useDesk();
    await desk.checkIn(async () => checkIn({ family: [{ id: "m2", name: "林小满" }] as never }));
    await settle();
    byId("bring-family")!.click();
    await settle();
    await desk.checkIn(async () => checkIn({ fact: "f2" }));
    await slow.come([checkIn({ fact: "c1" })]);
    expect(byId("family-panel")).toBeNull();
    expect(useNotice().undoable?.fact).toBe("f2");
    expect(useNotice().undoOf("c1")).not.toBeNull();
    wrapper.unmount();
  });

  it("leaves alone the menu that is opened next, however long it takes to read what it changed", async () => {
    const slow = new Late();
    answer({
      member: () => MEMBER,
      adjust_points: () => DONE,
      recent: slow.ask,
    });
    const { wrapper } = await show(MemberPage, { at: "/member/m1" });
    await press("F9");
    await press("1");
    await typeInto("ask-points", "20");
    await typeInto("ask-because", "补分");
    (byId("ask-panel") as HTMLFormElement).requestSubmit();
    await settle();
    expect(asked("adjust_points")).toHaveLength(1);
    await press("F9");
    await slow.come([]);
    expect(byId("act-menu")).not.toBeNull();
    wrapper.unmount();
  });

  it("numbers a card where a card is numbered, and gives no pass instead", async () => {
    const slow = new Late();
    answer({
      member: () => MEMBER,
      member_form: slow.ask,
      new_card_number: () => "680000017",
      pass_types: () => [],
    });
    const { wrapper } = await show(MemberPage, { at: "/member/m1" });
    byId("tab-cards")!.dispatchEvent(new MouseEvent("mousedown", { bubbles: true }));
    await settle();
    byId("replace-80010427")!.click();
    await settle();
    await press("F7");
    expect(byId("give-pass")).toBeNull();
    await slow.come({ numbered: true, custom: [] });
    expect((byId("fresh-card") as HTMLInputElement).value).toBe("680000017");
    wrapper.unmount();
  });
});
