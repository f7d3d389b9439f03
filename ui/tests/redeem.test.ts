/** Redeeming where points are short here: fetched through the hub, or on trust. */
import { afterEach, describe, expect, it } from "vitest";
import RedeemPage from "@/desk/pages/RedeemPage.vue";
import VerdictFacts from "@/desk/components/VerdictFacts.vue";
import type { DrawView, RewardView, StatusView } from "@/shared/bindings";
import { answer, byId, calls, checkIn, line, MEMBER, press, settle, show } from "./support/desk";
import { status, typeInto } from "./support/desk";

afterEach(() => document.body.replaceChildren());

const TRIAL: RewardView = {
  id: "r1",
  name: "单次私教体验",
  cost: 800,
  minor_per_point: 0,
  money_minor: 0,
  affordable: "needs_line",
  short_by: 300,
  stock: null,
  later_days: null,
};
const FREE: RewardView = { ...TRIAL, id: "r2", cost: 0, affordable: "here", short_by: 0 };

const points = (here: number, debt = 0) => ({
  ...MEMBER.points,
  spendable_here: here,
  elsewhere: 820 - here,
  debt,
});

/** What the till says of a number of points, told when it is told to. */
class LatePreview {
  private tell: (() => void)[] = [];
  readonly ask = ({ points: chosen }: Record<string, unknown>) =>
    new Promise((resolve, refuse) =>
      this.tell.push(() => {
        const need = Number(chosen);
        const args = { need: String(need), here: "500", on_file: "820" };
        if (need > 500) refuse({ code: "points_short", message: "short", args });
        else resolve({ points: need, lots: [], on_trust: 0, money_off_minor: 0, money_minor: 0 });
      }),
    );

  /** The answers to all that was asked so far, in their order. */
  async come(): Promise<void> {
    for (const tell of this.tell.splice(0)) tell();
    await settle();
  }
}

interface Case {
  status?: Partial<StatusView>;
  limit?: number;
  reward?: RewardView;
  /** What the hub says. */
  draw?: () => DrawView;
  short?: Record<string, string>;
  /** It asks for the code on the member's phone; `unset`: which they have yet to set up. */
  code?: boolean | "unset";
  /** What it says to a redemption. */
  redeem?: (args: Record<string, unknown>) => unknown;
}

/** A till with 500 of 820 points here, and a reward for 800. */
async function page({
  status: part,
  limit = 0,
  reward = TRIAL,
  draw,
  short = {},
  code = false,
  redeem,
}: Case) {
  const now = status({ line: line(), ...part });
  let here = 500;
  let phone = code === true;
  const done = {
    fact: "f9",
    at_ms: 0,
    points: -800,
    balance: null,
    undo_until_ms: 0,
    undo_asks: false,
  };
  answer({
    status: () => now,
    member: () => ({ ...MEMBER, has_phone_code: phone, points: points(here) }),
    set_up_phone: () => {
      phone = true;
      return { secret: "JBSWY3DPEHPK3PXP", svg: "<svg/>" };
    },
    rewards: () => [here < 800 ? reward : { ...reward, affordable: "here", short_by: 0 }],
    rules: () => ({ trust_limit: limit }),
    redeem_preview: ({ points: chosen }) => {
      const need = Number(chosen ?? reward.cost);
      const args = { need: String(need), here: String(here), on_file: "820", ...short };
      if (need > here) throw { code: "points_short", message: "short", args };
      const left = { left_here: here - need, left_on_file: 820 - need };
      const rest = {
        lots: [],
        on_trust: 0,
        money_off_minor: 0,
        money_minor: 0,
        needs_code: code !== false,
        needs_leave: false,
      };
      return { points: need, ...rest, ...left };
    },
    draw: () => {
      const view = draw!();
      here += view.drawn;
      return view;
    },
    redeem: redeem ?? (() => done),
    redeem_without_code: () => {
      throw { code: "reward_over", message: "over", args: {} };
    },
    recent: () => [],
    today: () => null,
  });
  const shown = await show(RedeemPage, { status: now, at: "/redeem/m1" });
  await press("1");
  return shown;
}

const asked = (command: string) => calls.filter(([name]) => name === command);
const came =
  (drawn: number, more: Partial<DrawView> = {}) =>
  (): DrawView => ({
    drawn,
    points: points(500 + drawn),
    missing: 0,
    holders: [],
    ...more,
  });

describe("points that are held elsewhere", () => {
  it("are fetched with F8, and then the redemption goes on with Enter", async () => {
    const { wrapper } = await page({ draw: came(300) });
    expect(byId("redeem-fetch")?.textContent).toContain("取回 300 分");
    expect((byId("redeem-confirm") as HTMLButtonElement).disabled).toBe(true);
    await press("F8");
    expect(asked("draw")).toEqual([["draw", { member: "m1", points: 300 }]]);
    expect(byId("draw-result")?.textContent).toContain("取回了 300 分，现在就能用。");
    expect(byId("redeem-fetch")).toBeNull();
    expect(byId("points-here")?.textContent).toBe("800");
    await press("Enter");
    expect(asked("redeem")[0]?.[1]).toMatchObject({ reward: "r1", onTrust: false });
    wrapper.unmount();
  });

  it("say who holds the rest, and that it does not answer", async () => {
    const draw = came(0, {
      missing: 300,
      holders: [
        { name: "Riverside 2", points: 320, silent: true },
        { name: "Riverside 3", points: 1, silent: false },
      ],
    });
    const { wrapper } = await page({ draw });
    await press("F8");
    expect(byId("draw-result")?.textContent).toContain("一分也没有取到");
    expect(byId("draw-result")?.textContent).toContain("320 分在 Riverside 2，那边没有回应");
    expect(byId("draw-result")?.textContent).toContain("1 分在 Riverside 3，还没有放出来");
    expect(byId("draw-result")?.getAttribute("role")).toBe("status");
    wrapper.unmount();
  });

  it("need the line, and the key says so", async () => {
    const { wrapper } = await page({ status: { line: line({ state: "offline" }) } });
    expect(byId("redeem-fetch")?.textContent).toContain("要联网才能取回 300 分");
    expect((byId("redeem-fetch") as HTMLButtonElement).disabled).toBe(true);
    await press("F8");
    expect(asked("draw")).toEqual([]);
    wrapper.unmount();
  });

  it("are not asked for where there is no hub, or while the store is not trusted", async () => {
    const alone = await page({ status: { line: undefined as never } });
    expect(byId("redeem-fetch")).toBeNull();
    alone.wrapper.unmount();
    const restored = await page({ status: { distrust: "restored" }, limit: 500 });
    expect(byId("redeem-fetch")).toBeNull();
    expect(byId("redeem-trust")).toBeNull();
    restored.wrapper.unmount();
  });

  it("are counted by the till, also where the cashier chooses how many to use", async () => {
    const { wrapper } = await page({ reward: FREE, short: { short: "120" }, draw: came(120) });
    const box = byId("redeem-points") as HTMLInputElement;
    box.value = "620";
    box.dispatchEvent(new Event("input"));
    await settle();
    expect(byId("redeem-fetch")?.textContent).toContain("取回 120 分");
    await press("F8");
    expect(asked("draw")[0]?.[1]).toEqual({ member: "m1", points: 120 });
    wrapper.unmount();
  });

  it("of one member are not shown with the next", async () => {
    let letGo: (view: DrawView) => void = () => {};
    const { wrapper, router } = await page({});
    answer({ draw: () => new Promise((resolve) => (letGo = resolve)), rewards: () => [TRIAL] });
    await press("F8");
    await router.push("/redeem/m2");
    await settle();
    letGo(came(300)());
    await settle();
    expect(byId("draw-result")?.textContent ?? "").toBe("");
    wrapper.unmount();
  });
});

describe("a number of points that the cashier chooses", () => {
  const enter = async () => {
    (byId("redeem-confirm") as HTMLButtonElement).click();
    await settle();
  };

  async function slow(rewards = [FREE]) {
    const late = new LatePreview();
    answer({
      member: () => MEMBER,
      rewards: () => rewards,
      redeem_preview: late.ask,
      redeem: () => null,
    });
    const { wrapper, router } = await show(RedeemPage, { at: "/redeem/m1" });
    return { late, wrapper, router };
  }

  it("is redeemed with an Enter that came before the till said what it takes, and once", async () => {
    const { late, wrapper } = await slow();
    await press("1");
    await typeInto("redeem-points", "300");
    await enter();
    await enter();
    expect(asked("redeem")).toEqual([]);
    expect((byId("redeem-points") as HTMLInputElement).value).toBe("300");
    await late.come();
    expect(asked("redeem").map(([, args]) => args)).toMatchObject([{ reward: "r2", points: 300 }]);
    wrapper.unmount();
  });

  it("is not redeemed where another one is typed meanwhile, or too few are here", async () => {
    const { late, wrapper } = await slow();
    await press("1");
    await typeInto("redeem-points", "30");
    await enter();
    await typeInto("redeem-points", "300");
    await late.come();
    expect(asked("redeem")).toEqual([]);
    await typeInto("redeem-points", "600");
    await enter();
    await late.come();
    expect(asked("redeem")).toEqual([]);
    expect(byId("redeem-problem")).not.toBeNull();
    wrapper.unmount();
  });

  it("goes into its box also where it is typed before that has the cursor", async () => {
    const { late, wrapper } = await slow([FREE, { ...FREE, id: "r3", name: "别的" }]);
    const now = performance.now();
    for (const digit of ["1", "2", "0"]) {
      const event = new KeyboardEvent("keydown", { key: digit, code: `Digit${digit}` });
      Object.defineProperty(event, "timeStamp", { value: now });
      window.dispatchEvent(event);
    }
    await press("F12");
    expect((byId("redeem-points") as HTMLInputElement).value).toBe("20");
    expect(document.activeElement).toBe(byId("redeem-points"));
    await enter();
    await late.come();
    expect(asked("redeem").map(([, args]) => args)).toMatchObject([{ reward: "r2", points: 20 }]);
    wrapper.unmount();
  });

  it("is said to be none where it is none", async () => {
    const { wrapper } = await slow();
    await press("1");
    await typeInto("redeem-points", "3oo");
    expect(byId("redeem-points")?.getAttribute("aria-invalid")).toBe("true");
    expect(document.getElementById("redeem-points-wrong")?.textContent).toContain("整数");
    wrapper.unmount();
  });
});

describe("redeeming on trust", () => {
  it("is offered once the line has given what it can, and within the owner's rule", async () => {
    const { wrapper } = await page({ limit: 500, draw: came(100, { missing: 200 }) });
    expect(byId("redeem-trust")).toBeNull();
    await press("F9");
    expect(asked("redeem")).toEqual([]);
    await press("F8");
    expect(byId("draw-result")?.textContent).toContain("还差 200 分");
    expect(byId("redeem-trust")).not.toBeNull();
    expect(document.getElementById("trust-hint")?.textContent).toContain("每人最多欠 500 分");
    await press("F9");
    expect(asked("redeem")[0]?.[1]).toMatchObject({ onTrust: true });
    wrapper.unmount();
  });

  it("is offered at once where there is no line", async () => {
    const { wrapper } = await page({ limit: 500, status: { line: line({ state: "offline" }) } });
    expect(byId("redeem-trust")).not.toBeNull();
    wrapper.unmount();
  });

  it("is not offered where the owner's limit is nought", async () => {
    const { wrapper } = await page({ status: { line: line({ state: "offline" }) } });
    expect(byId("redeem-trust")).toBeNull();
    await press("F9");
    expect(asked("redeem")).toEqual([]);
    wrapper.unmount();
  });
});

it("a debt stands wherever points do", async () => {
  const { wrapper } = await show(VerdictFacts, {
    props: { answer: checkIn({ points: points(0, 150) }) } as never,
  });
  expect(byId("points-debt")?.textContent).toBe("150");
  wrapper.unmount();
});

it("a reward is promised for later with F7, and handed over from the list", async () => {
  const later: RewardView = { ...TRIAL, affordable: "here", short_by: 0, later_days: 30 };
  const voucher = {
    given: "f9",
    reward: "r1",
    name: later.name,
    expires: "2026-12-23",
    here: true,
  };
  const done = {
    fact: "f1",
    at_ms: 0,
    points: 0,
    balance: null,
    undo_until_ms: 10_000,
    undo_asks: false,
  };
  answer({
    member: () => ({ ...MEMBER, vouchers: [voucher] }),
    rewards: () => [later],
    redeem_preview: () => ({
      points: 800,
      lots: [],
      left_here: 0,
      left_on_file: 0,
      on_trust: 0,
      money_off_minor: 0,
      money_minor: 0,
    }),
    redeem_later: () => done,
    hand_over: () => done,
  });
  const { wrapper } = await show(RedeemPage, { at: "/redeem/m1" });
  await settle();
  expect(byId("redeem-later")).toBeNull();
  await press("1");
  expect(byId("redeem-later")).not.toBeNull();
  await press("F7");
  expect(calls.filter(([name]) => name === "redeem_later").map(([, args]) => args)).toEqual([
    { member: "m1", reward: "r1", code: null, approval: null },
  ]);
  byId("hand-over-f9")?.click();
  await settle();
  expect(calls.filter(([name]) => name === "hand_over").map(([, args]) => args)).toEqual([
    { member: "m1", given: "f9", approval: null },
  ]);
  wrapper.unmount();
});

it("above the owner's cost the code on the member's phone is asked for, or a manager's leave", async () => {
  const here: RewardView = { ...TRIAL, cost: 300, affordable: "here", short_by: 0 };
  const redeem = ({ code }: Record<string, unknown>) => {
    if (code !== "287082") throw { code: "code_wrong", message: "wrong", args: {} };
    return {
      fact: "f9",
      at_ms: 0,
      points: -300,
      balance: null,
      undo_until_ms: 0,
      undo_asks: false,
    };
  };
  const { wrapper } = await page({ reward: here, code: true, redeem });
  expect(byId("code-panel")).toBeNull();
  await press("Enter");
  expect(asked("redeem")).toEqual([]);
  const box = byId("redeem-code") as HTMLInputElement;
  expect(document.activeElement).toBe(box);
  const give = async (code: string) => {
    await typeInto("redeem-code", code);
    byId("code-panel")?.dispatchEvent(new Event("submit", { cancelable: true }));
    await settle();
  };
  await give("");
  expect(asked("redeem")).toEqual([]);
  await give("111111");
  expect(asked("redeem").at(-1)?.[1]).toMatchObject({ code: "111111", onTrust: false });
  expect(box.value).toBe("");
  expect(byId("code-panel")?.querySelector("[role=alert]")?.textContent).toContain("验证码不对");
  await press("F9");
  expect(asked("redeem_without_code").at(-1)?.[1]).toMatchObject({ reward: "r1", later: false });
  expect(byId("code-panel")).not.toBeNull();
  await give("287082");
  expect(byId("code-panel")).toBeNull();
  wrapper.unmount();
});

it("a phone that is set up on the way leads back into the box for its code", async () => {
  const here: RewardView = { ...TRIAL, cost: 300, affordable: "here", short_by: 0 };
  const { wrapper } = await page({ reward: here, code: "unset" });
  await press("Enter");
  expect(byId("redeem-code")).toBeNull();
  await press("Enter");
  await press("Enter");
  expect(byId("phone-secret")?.textContent).toContain("JBSW");
  await press("Enter");
  expect(byId("phone-panel")).toBeNull();
  expect(document.activeElement).toBe(byId("redeem-code"));
  wrapper.unmount();
});
