import { afterEach, describe, expect, it, vi } from "vitest";
import type { Mend, PassView } from "@/shared/bindings";
import CheckInPage from "@/desk/pages/CheckInPage.vue";
import { useDesk } from "@/desk/stores/desk";
import { useNotice } from "@/desk/stores/notice";
import { answer, byId, calls, checkIn, settle, show, status } from "./support/desk";

afterEach(() => {
  document.body.replaceChildren();
  vi.useRealTimers();
});

const key = (name: string) =>
  window.dispatchEvent(new KeyboardEvent("keydown", { key: name, code: name, cancelable: true }));

async function page(verdict: ReturnType<typeof checkIn>) {
  answer({ recent: () => [], status: () => status(), pass_types: () => [] });
  const shown = await show(CheckInPage);
  const desk = useDesk();
  await desk.checkIn(async () => verdict);
  await settle();
  return { ...shown, desk };
}

describe("the check-in page", () => {
  it("says the verdict in a word, with who it is and what can be spent here", async () => {
    const { wrapper } = await page(checkIn());
    expect(byId("verdict")?.dataset.verdict).toBe("admit");
    expect(byId("verdict-word")?.textContent).toBe("请进");
    expect(byId("verdict-name")?.textContent).toBe("林知夏");
    expect(byId("points-on-file")?.textContent).toBe("820");
    expect(byId("points-here")?.textContent).toBe("此处可用 500");
    wrapper.unmount();
  });

  it("says of two passes why it was this one, and of one alone nothing", async () => {
    const pass = { name: "年卡", visits_left: null, days_left: 9 } as PassView;
    const { wrapper, desk } = await page(checkIn({ pass, because: "costs_no_visit" }));
    expect(byId("verdict-reason")?.textContent).toContain("不扣次数");
    await desk.checkIn(async () => checkIn({ fact: "f2", pass, because: "only_one" }));
    await settle();
    expect(byId("verdict-reason")?.textContent).not.toContain("用的是");
    wrapper.unmount();
  });

  it("says why somebody is banned", async () => {
    const banned = { reasons: [{ code: "banned" as const }], banned_reason: "损坏器材" };
    const { wrapper } = await page(checkIn({ verdict: "refuse", ...banned }));
    expect(byId("verdict")?.textContent).toContain("损坏器材");
    wrapper.unmount();
  });

  it("says why, most important first, and offers only what the till offers", async () => {
    const { wrapper } = await page(
      checkIn({
        verdict: "refuse",
        reasons: [{ code: "expired", pass: "月卡", on: "2026-11-18" }],
        mends: ["give_pass", "let_in_once"],
      }),
    );
    expect(byId("verdict-reason")?.textContent).toContain("月卡已在 11月18日 到期");
    expect(byId("mend-give_pass")).not.toBeNull();
    expect(byId("mend-use_visit")).toBeNull();
    key("F8");
    await settle();
    expect(calls.some(([command]) => command === "use_visit")).toBe(false);
    wrapper.unmount();
  });

  it.each([
    [["add_guardian", "add_contact"], "F11", "add_guardian", "pick-panel"],
    [["add_contact", "add_guardian"], "F11", "add_contact", "ask-panel"],
    [["book_class", "use_visit"], "F8", "book_class", "ask-panel"],
    [["give_pass", "let_in_once"], "F7", "give_pass", "give-pass"],
  ] as [Mend[], string, Mend, string][])(
    "does with a key what its button says: %j",
    async (mends, name, first, opens) => {
      const { wrapper } = await page(checkIn({ verdict: "refuse", mends }));
      const button = byId(`mend-${first}`)!;
      expect(button.textContent).toContain(name);
      const shared = [...document.querySelectorAll("[data-testid^=mend-]")].filter((one) =>
        one.textContent.includes(name),
      );
      expect(shared).toEqual([button]);
      key(name);
      await settle();
      expect(byId(opens)).not.toBeNull();
      wrapper.unmount();
    },
  );

  it("lets in once with a reason, by keys alone", async () => {
    const { wrapper, desk } = await page(
      checkIn({ verdict: "refuse", reasons: [{ code: "no_pass" }], mends: ["let_in_once"] }),
    );
    answer({ let_in: () => checkIn({ fact: "f2", verdict: "note" }), status: () => status() });
    key("F9");
    await settle();
    vi.useFakeTimers();
    window.dispatchEvent(new KeyboardEvent("keydown", { key: "2", code: "Digit2" }));
    vi.advanceTimersByTime(100);
    vi.useRealTimers();
    await settle();
    expect(calls[0]).toEqual([
      "let_in",
      { member: "m1", reason: "忘带卡，已核对本人", approval: null },
    ]);
    expect(desk.verdict?.fact).toBe("f2");
    wrapper.unmount();
  });

  it("clears green by itself, and leaves red standing", async () => {
    vi.useFakeTimers();
    const green = await page(checkIn());
    vi.advanceTimersByTime(12_500);
    expect(green.desk.verdict).toBeNull();
    green.wrapper.unmount();
    const red = await page(checkIn({ verdict: "refuse", reasons: [{ code: "banned" }] }));
    vi.advanceTimersByTime(600_000);
    expect(red.desk.verdict).not.toBeNull();
    red.wrapper.unmount();
  });

  it("throws away an answer that comes after the desk was locked", async () => {
    const { wrapper, desk, session } = await page(checkIn());
    desk.$reset();
    const late = desk.checkIn(async () => {
      await session.lock();
      return checkIn();
    });
    await late;
    expect(desk.verdict).toBeNull();
    wrapper.unmount();
  });

  it("takes back what was done last, then what was done before it", async () => {
    const { wrapper } = await page(checkIn());
    const notice = useNotice();
    notice.done("pass given", { fact: "p1", at_ms: 0, undo_until_ms: 10_000, undo_asks: true });
    notice.allowUndo("f2", 10_000);
    expect(notice.undoable?.fact).toBe("f2");
    notice.forgetUndo("f2");
    expect(notice.undoable?.fact).toBe("p1");
    expect(notice.undoOf("p1")?.until).toBeGreaterThan(performance.now());
    notice.forgetUndo("p1");
    expect(notice.undoable?.fact).toBe("f1");
    wrapper.unmount();
  });
});
