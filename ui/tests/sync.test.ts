/** The page about the hub: what waits, who may be one person, what was adjusted. */
import { afterEach, describe, expect, it, vi } from "vitest";
import AppShell from "@/desk/components/AppShell.vue";
import type { Language } from "@/desk/i18n";
import SyncPage from "@/desk/pages/SyncPage.vue";
import { useNotice } from "@/desk/stores/notice";
import type { DoneView, MemberBrief, NoticeView, SyncView } from "@/shared/bindings";
import { answer, byId, calls, line, press, settle, show, status } from "./support/desk";
import { syncView, typeInto } from "./support/desk";

afterEach(() => document.body.replaceChildren());

const brief = (id: string, name: string): MemberBrief => ({
  id,
  name,
  phone: "138****0427",
  card: null,
  tier: null,
  photo: null,
});
const LIN = brief("m1", "林知夏");
const XIA = brief("m2", "林夏");
const PAIR = { first: LIN, second: XIA, at_ms: 1000 };

function notice(n: number, code: string, args: Record<string, string> = {}): NoticeView {
  return { n, at_ms: 1000 * n, code, args, settled: false };
}

/** A till that remembers what was settled. */
function till(view: SyncView, more: Parameters<typeof answer>[0] = {}) {
  const now = status({ line: view.line });
  answer({
    status: () => now,
    sync_page: () => view,
    sync_now: () => now,
    recent: () => [],
    today: () => null,
    settle_notice: ({ n }) => {
      const notices = view.notices.map((one) => (one.n === n ? { ...one, settled: true } : one));
      view = { ...view, notices };
      return null;
    },
    ...more,
  });
  return now;
}

async function page(view: SyncView, more: Parameters<typeof answer>[0] = {}, language?: Language) {
  return show(SyncPage, { status: till(view, more), language });
}

const asked = (command: string) => calls.filter(([name]) => name === command);

describe("the line", () => {
  it("is said in sentences", async () => {
    const { wrapper } = await page(syncView(), {}, "en");
    expect(byId("sync-says")?.textContent).toContain("12 entries wait for the line");
    expect(byId("sync-says")?.textContent).toContain("Last synced 1 minute ago.");
    expect(byId("sync-page")?.textContent).toContain("静安店 1 号台");
    wrapper.unmount();
  });

  it("without a hub leads to where one is connected", async () => {
    const alone = syncView({ line: status().line });
    const { wrapper, router } = await page(alone);
    expect(byId("sync-says")?.textContent).toContain("请店主连接总部");
    expect(byId("sync-now")).toBeNull();
    await press("F7");
    const there = () => expect(router.currentRoute.value.fullPath).toBe("/settings/hub");
    await vi.waitFor(there, { timeout: 5000 });
    wrapper.unmount();
  });

  it("is used at once with F7, and a failure is said", async () => {
    const { wrapper } = await page(syncView());
    await press("F7");
    expect(asked("sync_now")).toHaveLength(1);
    expect(useNotice().notice?.text).toBe("同步好了");
    wrapper.unmount();
    const fails = await page(syncView(), {
      sync_now: () => {
        throw { code: "hub_unreachable", message: "no answer", args: {} };
      },
    });
    await press("F7");
    expect(useNotice().notice?.text).toContain("连不上总部");
    fails.wrapper.unmount();
  });

  it("says what is frozen", async () => {
    const { wrapper } = await page(syncView({ frozen: true }));
    expect(byId("sync-says")?.textContent).toContain("总部冻结了本机手上的积分");
    wrapper.unmount();
  });
});

describe("what was adjusted", () => {
  it("is a sentence for a person, and for a code of tomorrow too", async () => {
    const notices = [
      notice(3, "value_given_back", { name: "王堃", points: "1200" }),
      notice(2, "clock_skew", { minutes: "1" }),
      notice(1, "from_tomorrow", { what: "x" }),
    ];
    const { wrapper } = await page(syncView({ notices }), {}, "en");
    expect(byId("notice-3")?.textContent).toContain(
      "An earning of 王堃 was voided at another desk; this desk gave back the 1,200 points",
    );
    expect(byId("notice-2")?.textContent).toContain("1 minute away");
    expect(byId("notice-1")?.textContent).toContain("(from_tomorrow)");
    wrapper.unmount();
  });

  it("is put away one after the other with Enter, and folds", async () => {
    const notices = [notice(2, "trusted_again"), notice(1, "revoked")];
    const { wrapper } = await page(syncView({ notices }));
    await press("Enter");
    expect(asked("settle_notice")[0]).toEqual(["settle_notice", { n: 2 }]);
    expect(byId("notice-2")).toBeNull();
    await press("Enter");
    expect(byId("settle-1")).toBeNull();
    await press("Enter");
    expect(asked("settle_notice")).toHaveLength(2);
    const fold = byId("settled")!;
    expect(fold.textContent).toContain("看过的 2 条");
    expect(fold.getAttribute("aria-expanded")).toBe("false");
    fold.click();
    await settle();
    expect(byId("notice-2")).not.toBeNull();
    expect(byId("settle-2")).toBeNull();
    wrapper.unmount();
  });
});

describe("two files that may be one person's", () => {
  const MERGED: DoneView = {
    fact: "f7",
    at_ms: 0,
    points: 0,
    balance: null,
    undo_until_ms: 10_000,
    undo_asks: false,
  };
  const view = () => syncView({ duplicates: [PAIR] });

  it("are merged into the one that was chosen to stay, by keys alone", async () => {
    const { wrapper } = await page(view(), { merge_members: () => MERGED });
    expect(byId("keep-first")?.getAttribute("aria-checked")).toBe("true");
    await press("2");
    expect(byId("keep-second")?.getAttribute("aria-checked")).toBe("true");
    await press("F8");
    expect(asked("merge_members")[0]?.[1]).toEqual({ kept: "m2", gone: "m1", approval: null });
    expect(useNotice().notice?.text).toContain("已合并");
    // And Ctrl+Z takes it back.
    expect(useNotice().undoable?.fact).toBe("f7");
    wrapper.unmount();
  });

  it("are kept apart", async () => {
    const { wrapper } = await page(view());
    await press("F9");
    expect(asked("keep_apart")[0]?.[1]).toEqual({ first: "m1", second: "m2", approval: null });
    expect(useNotice().notice?.text).toBe("已记下：林知夏 和 林夏 是两个人");
    wrapper.unmount();
  });

  it("ask for a manager's PIN where the till wants one", async () => {
    const now = till(view(), {
      merge_members: ({ approval }) => {
        const args = { permission: "edit_member" };
        if (!approval) throw { code: "approval_needed", message: "a manager", args };
        return MERGED;
      },
    });
    const { wrapper, session } = await show(AppShell, { status: now, at: "/sync" });
    session.staff = [
      { id: "s3", name: "Lena", role: "manager", active: true, locked_until_ms: null },
    ];
    await settle();
    byId("merge")?.click();
    await settle();
    expect(byId("approval")).not.toBeNull();
    await typeInto("approval-pin", "274913");
    await settle();
    expect(asked("merge_members")[1]?.[1]).toMatchObject({
      approval: { staff: "s3", pin: "274913" },
    });
    expect(byId("approval")).toBeNull();
    wrapper.unmount();
  });

  it("give the keys to the first pair only", async () => {
    const second = { first: brief("m3", "甲"), second: brief("m4", "乙"), at_ms: 1 };
    const { wrapper } = await page(syncView({ duplicates: [PAIR, second] }));
    await press("F9");
    expect(asked("keep_apart")).toHaveLength(1);
    expect(asked("keep_apart")[0]?.[1]).toMatchObject({ first: "m1" });
    wrapper.unmount();
  });
});

it("reads again when the line has changed", async () => {
  const { wrapper, session } = await page(syncView());
  session.status = status({ line: line({ attention: 1 }) });
  await settle();
  expect(asked("sync_page")).toHaveLength(2);
  session.status = { ...session.status };
  await settle();
  expect(asked("sync_page")).toHaveLength(2);
  wrapper.unmount();
});
