/** How the line is, on every page: the foot, the rail, and the banners over the page. */
import axe from "axe-core";
import { afterEach, describe, expect, it, vi } from "vitest";
import AppShell from "@/desk/components/AppShell.vue";
import FootBar from "@/desk/components/FootBar.vue";
import type { StatusView } from "@/shared/bindings";
import { answer, byId, line, press, settle, show, status, syncView } from "./support/desk";
import type { Language } from "@/desk/i18n";

/** A page that is read when it is asked for takes its time on a busy machine. */
const PATIENCE = { timeout: 5000 };

afterEach(() => document.body.replaceChildren());

const foot = async (part: Partial<StatusView>, language?: Language) =>
  show(FootBar, { status: status(part), language });

async function desk(part: Partial<StatusView>) {
  const now = status(part);
  answer({
    status: () => now,
    recent: () => [],
    today: () => null,
    sync_page: () => syncView({ line: now.line }),
  });
  return show(AppShell, { status: now });
}

describe("the foot", () => {
  it("says quietly that there is no hub", async () => {
    const { wrapper } = await foot({});
    expect(byId("line")?.dataset.state).toBe("alone");
    expect(byId("foot")?.textContent).toContain("未连接总部");
    expect(byId("foot-waiting")?.textContent).toBe("3 笔记录都安全存在这台电脑里");
    wrapper.unmount();
  });

  it("says online, when it synced last and what waits", async () => {
    const { wrapper } = await foot({ line: line() });
    expect(byId("line")?.textContent?.trim()).toBe("在线");
    expect(byId("foot-waiting")?.textContent).toBe("1分钟前同步，还有 12 笔待传");
    wrapper.unmount();
    const done = await foot({ line: line({ unsynced: 0 }) });
    expect(byId("foot-waiting")?.textContent).toContain("都已送到总部");
    done.wrapper.unmount();
  });

  it("says OFFLINE in words, with a shape of its own, and that what waits is safe", async () => {
    const hours = Date.now() - 2 * 3_600_000;
    const { wrapper } = await foot({ line: line({ state: "offline", last_sync_ms: hours }) }, "en");
    expect(byId("line")?.textContent?.trim()).toBe("OFFLINE");
    expect(byId("line")?.querySelector("rect")).not.toBeNull();
    expect(byId("foot-waiting")?.textContent).toBe(
      "Last synced 2 hours ago; 12 entries wait, safely kept",
    );
    wrapper.unmount();
    const never = await foot({ line: line({ state: "offline", last_sync_ms: null }) }, "en");
    expect(byId("foot-waiting")?.textContent).toBe("Not synced yet; 12 entries wait, safely kept");
    never.wrapper.unmount();
  });

  it("counts what needs a look, and opens the page that shows it", async () => {
    const { wrapper, router } = await foot({ line: line({ attention: 3 }) });
    expect(byId("attention")?.textContent).toContain("3 件事要看");
    byId("attention")?.click();
    await vi.waitFor(() => expect(router.currentRoute.value.name).toBe("sync"), PATIENCE);
    wrapper.unmount();
  });

  it("does not promise redeeming while the store is not trusted", async () => {
    const { wrapper } = await foot({});
    expect(byId("foot-without")?.textContent).toContain("兑换");
    wrapper.unmount();
    const distrusted = await foot({ distrust: "restored" });
    expect(byId("foot-without")?.textContent).not.toContain("兑换");
    expect(byId("foot-without")?.textContent).toContain("签到");
    distrusted.wrapper.unmount();
  });
});

describe("the desk", () => {
  it("opens the page about the hub with its key, and counts on the rail", async () => {
    const { wrapper, router } = await desk({ line: line({ attention: 2 }) });
    expect(byId("attention-badge")?.textContent).toContain("2");
    await press("F10");
    await vi.waitFor(() => expect(router.currentRoute.value.name).toBe("sync"), PATIENCE);
    await settle();
    expect(byId("nav-sync")?.getAttribute("aria-current")).toBe("page");
    wrapper.unmount();
  });

  it.each([
    ["device_revoked", "总部已停用这台电脑。", "新的配对码"],
    ["fork_detected", "总部那里，这台电脑的历史是另一个样子。", "请店长到总部处理"],
    ["chain_broken", "总部发现这台电脑的记录前后接不上。", "设置 → 数据"],
    ["something_new", "总部拒绝了这台电脑。", "something_new"],
  ])("says why the hub refuses it (%s), and what to do", async (refusal, what, next) => {
    const { wrapper } = await desk({ line: line({ state: "refused", refusal }) });
    const banner = byId("refusal-banner")!;
    expect(banner.textContent).toContain(what);
    expect(banner.textContent).toContain(next);
    expect(banner.getAttribute("role")).toBe("alert");
    expect(byId("line")?.dataset.state).toBe("refused");
    wrapper.unmount();
  });

  it("says a fork once, not twice", async () => {
    const { wrapper } = await desk({
      only_till: false,
      distrust: "forked",
      line: line({ state: "refused", refusal: "fork_detected" }),
    });
    expect(byId("refusal-banner")).not.toBeNull();
    expect(byId("distrust-banner")).toBeNull();
    wrapper.unmount();
  });

  it("with a hub, waits for it and lets nobody vouch", async () => {
    const { wrapper } = await desk({ only_till: false, distrust: "restored", line: line() });
    expect(byId("vouch")).toBeNull();
    expect(byId("distrust-wait")?.textContent).toContain("一连上总部就会核对");
    expect(byId("distrust-wait")?.textContent).toContain("积分不能兑换");
    wrapper.unmount();
    const alone = await desk({ only_till: true, distrust: "restored" });
    expect(byId("vouch")).not.toBeNull();
    expect(byId("distrust-wait")).toBeNull();
    alone.wrapper.unmount();
  });

  it("leaves a fork to the hub, even where only one desk is known", async () => {
    const { wrapper } = await desk({ only_till: true, distrust: "forked", line: line() });
    expect(byId("vouch")).toBeNull();
    expect(byId("distrust-banner")?.textContent).toContain("请店长到总部处理");
    wrapper.unmount();
  });

  it.each([
    ["refused", { line: line({ state: "refused", refusal: "device_revoked", attention: 1 }) }],
    ["restored", { only_till: false, distrust: "restored", line: line({ state: "offline" }) }],
  ] as [string, Partial<StatusView>][])("has no fault that axe finds (%s)", async (_, part) => {
    const { wrapper } = await desk(part);
    const { violations } = await axe.run(document.body, {
      rules: { region: { enabled: false }, "color-contrast": { enabled: false } },
    });
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ""}`)).toEqual([]);
    wrapper.unmount();
  });
});
