/** What is said of an act, the next verdict, and what Ctrl+Z takes back: one thing at a time. */
import { afterEach, describe, expect, it, vi } from "vitest";
import App from "@/desk/App.vue";
import { useDesk } from "@/desk/stores/desk";
import { useNotice } from "@/desk/stores/notice";
import type { CheckInView } from "@/shared/bindings";
import { answer, byId, calls, checkIn, press, settle, show, status } from "./support/desk";

afterEach(() => {
  document.body.replaceChildren();
  vi.useRealTimers();
});

const SALE = { fact: "p1", at_ms: 0, undo_until_ms: 10_000, undo_asks: false };
const SAID = "林知夏已开通次卡";
const undoKeys = () => [...document.querySelectorAll("[data-testid=undo]")] as HTMLElement[];
const undone = () => calls.filter(([name]) => name === "undo").map(([, { fact }]) => fact);

async function ctrlZ(): Promise<void> {
  const init = { key: "z", code: "KeyZ", ctrlKey: true, cancelable: true };
  window.dispatchEvent(new KeyboardEvent("keydown", init));
  await settle();
}

async function open(table: Parameters<typeof answer>[0] = {}) {
  answer({
    status: () => status(),
    staff_list: () => [],
    recent: () => [],
    today: () => null,
    undo: ({ fact }) => ({ ...SALE, fact }),
    ...table,
  });
  const { wrapper } = await show(App);
  const desk = useDesk();
  const scan = async (verdict: CheckInView) => {
    await desk.checkIn(async () => verdict);
    await settle();
  };
  return { wrapper, desk, scan, notice: useNotice() };
}

describe("a verdict", () => {
  it("takes the place of what was said of a sale before it, and the key is about the verdict", async () => {
    const { wrapper, scan, notice } = await open();
    notice.done(SAID, SALE);
    await settle();
    expect(byId("toast")?.textContent).toContain(SAID);
    await scan(checkIn());
    expect(byId("toast")).toBeNull();
    expect(byId("spoken-notice")?.textContent).toBe("");
    expect(undoKeys().map((key) => key.closest("[data-testid=verdict]"))).toEqual([
      byId("verdict"),
    ]);
    expect(undoKeys()[0]?.textContent).toContain("Ctrl Z");
    await ctrlZ();
    expect(undone()).toEqual(["f1"]);
    wrapper.unmount();
  });

  it.each(["fail", "warn"] as const)("does not take away what has to be read: %s", async (tone) => {
    const { wrapper, scan, notice } = await open();
    notice.say("打印机没纸了", tone);
    await scan(checkIn());
    expect(byId("toast")?.dataset.tone).toBe(tone);
    wrapper.unmount();
  });

  it("about nobody changed nothing: what the key takes back stays said", async () => {
    const { wrapper, scan, notice } = await open();
    notice.done(SAID, SALE);
    await scan(checkIn({ verdict: "refuse", member: null, unknown_card: "9" }));
    expect(byId("toast")?.textContent).toContain("Ctrl Z");
    expect(undoKeys()).toHaveLength(1);
    notice.say("已保存");
    await scan(checkIn({ fact: "f2", verdict: "refuse", member: null, unknown_card: "9" }));
    expect(byId("toast")).toBeNull();
    wrapper.unmount();
  });

  it("that a sale has mended leaves the sale said, and one thing to take back at a time", async () => {
    const kind = { id: "k1", name: "次卡", price_minor: 0, terms: { start: "sale" } };
    const { wrapper, scan } = await open({
      pass_types: () => [kind],
      give_pass: () => SALE,
      check_in_member: () => checkIn({ fact: "f2" }),
    });
    await scan(checkIn({ verdict: "refuse", mends: ["give_pass"] }));
    await press("F7");
    await press("Enter");
    expect(byId("verdict")?.dataset.verdict).toBe("admit");
    const said = byId("toast")?.textContent?.trim();
    expect(said).toContain("次卡");
    expect(undoKeys()).toHaveLength(1);
    expect(undoKeys()[0]?.closest("[data-testid=verdict]")).not.toBeNull();
    await ctrlZ();
    // What the key is about now is said with it.
    expect(byId("toast")?.textContent).toContain(`已撤销。再往前：${said}`);
    expect(byId("toast")?.textContent).toContain("Ctrl Z");
    undoKeys()[0]?.click();
    await settle();
    expect(undone()).toEqual(["f2", "p1"]);
    // The refused scan before it was no act that anything was said of.
    expect(byId("toast")?.textContent?.trim()).toBe("已撤销");
    wrapper.unmount();
  });

  it("of the family that is looked at is what the key means, and gets no time anew", async () => {
    vi.useFakeTimers();
    const { id, name } = { id: "m2", name: "林小满" };
    const child = (fact: string) =>
      checkIn({ fact, member: { ...checkIn().member!, id: `${id}${fact}`, name } });
    const { wrapper, scan, notice, desk } = await open({
      check_in_relatives: () => [child("c1"), child("c2")],
    });
    await scan(checkIn({ family: [{ id, name }] as CheckInView["family"] }));
    notice.done(SAID, SALE);
    const init = { key: "f", code: "KeyF", ctrlKey: true, cancelable: true };
    window.dispatchEvent(new KeyboardEvent("keydown", init));
    await settle();
    expect(byId("toast")).toBeNull();
    expect(notice.undoable?.fact).toBe("c2");
    vi.advanceTimersByTime(6000);
    byId("family-1")!.click();
    await settle();
    expect(desk.verdict?.fact).toBe("c1");
    expect(notice.undoable?.fact).toBe("c1");
    expect(notice.undoable!.until - performance.now()).toBe(4000);
    vi.advanceTimersByTime(5000);
    await ctrlZ();
    expect(undone()).toEqual([]);
    wrapper.unmount();
  });
});
