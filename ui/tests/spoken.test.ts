import { afterEach, describe, expect, it, vi } from "vitest";
import { defineComponent, h } from "vue";
import Spoken from "@/desk/components/Spoken.vue";
import ToastLine from "@/desk/components/ToastLine.vue";
import { useDesk } from "@/desk/stores/desk";
import { useNotice } from "@/desk/stores/notice";
import { answer, byId, checkIn, settle, show, status } from "./support/desk";

afterEach(() => {
  document.body.replaceChildren();
  vi.useRealTimers();
});

describe("what is said to whoever listens", () => {
  it("is a verdict, who it is about and why, in a place that was there before", async () => {
    answer({ recent: () => [], status: () => status() });
    const { wrapper } = await show(Spoken);
    const place = byId("spoken-verdict");
    expect(place?.getAttribute("role")).toBe("alert");
    expect(place?.textContent).toBe("");
    const desk = useDesk();
    await desk.checkIn(async () => checkIn());
    await settle();
    expect(byId("spoken-verdict")).toBe(place);
    expect(place?.textContent).toMatch(/^请进。林知夏。/);

    const first = place?.firstElementChild;
    await desk.checkIn(async () => checkIn({ fact: "f9" }));
    await settle();
    expect(byId("spoken-verdict")).toBe(place);
    // Said once more, though the words are the same.
    expect(place?.firstElementChild).not.toBe(first);

    await desk.checkIn(async () =>
      checkIn({
        fact: "f10",
        verdict: "refuse",
        reasons: [{ code: "expired", pass: "月卡", on: "2026-11-18" }],
      }),
    );
    await settle();
    expect(place?.textContent).toBe("请留步。林知夏。月卡已在 11月18日 到期");
    desk.clear();
    await settle();
    expect(place?.textContent).toBe("");
    wrapper.unmount();
  });

  it("tells what was done without counting the seconds down", async () => {
    const { wrapper } = await show(defineComponent(() => () => [h(ToastLine), h(Spoken)]));
    useNotice().done("年卡已开通", {
      fact: "f1",
      at_ms: 0,
      undo_until_ms: 10_000,
      undo_asks: false,
    });
    await settle();
    expect(byId("toast")?.textContent).toContain("撤销");
    expect(byId("toast")?.closest("[role], [aria-live]")).toBeNull();
    expect(byId("spoken-notice")?.textContent).toBe("年卡已开通");
    wrapper.unmount();
  });
});
