import { afterEach, describe, expect, it } from "vitest";
import App from "@/desk/App.vue";
import { useDesk } from "@/desk/stores/desk";
import { useNotice } from "@/desk/stores/notice";
import { useSession } from "@/desk/stores/session";
import type { StatusView } from "@/shared/bindings";
import { answer, byId, calls, checkIn, Late, MEMBER, press, settle, show } from "./support/desk";
import { status } from "./support/desk";

const STAFF = [
  { id: "s1", name: "周敏", role: "receptionist", active: true, locked_until_ms: null },
  { id: "s3", name: "Lena", role: "manager", active: true, locked_until_ms: null },
];

function till(signedIn: boolean) {
  let now: StatusView = status(signedIn ? {} : { session: null });
  answer({
    status: () => now,
    staff_list: () => STAFF,
    recent: () => [],
    today: () => null,
    lock: () => {
      now = { ...now, session: null };
      return null;
    },
    sign_in: ({ pin }) => {
      if (pin !== "274913") throw { code: "wrong_pin", message: "wrong", args: { left: "3" } };
      now = status();
      return now.session;
    },
  });
  return () => now;
}

afterEach(() => {
  document.body.replaceChildren();
  localStorage.clear();
});

describe("a store that cannot be opened", () => {
  it("is said on the whole window, with what to do next, and tried again", async () => {
    answer({
      status: () => {
        throw { code: "store_in_use", message: "in use", args: {} };
      },
    });
    const { wrapper } = await show(App, { status: status({ session: null }) });
    expect(byId("no-store")?.dataset.code).toBe("store_in_use");
    expect(byId("no-store")?.textContent).toContain("请关掉另一个程序");
    till(false);
    byId("retry")?.click();
    await settle();
    expect(byId("no-store")).toBeNull();
    expect(byId("lock-screen")).not.toBeNull();
    wrapper.unmount();
  });
});

describe("the lock", () => {
  it("leaves nothing of a member on the screen, in the stores or in the address", async () => {
    till(true);
    const { wrapper, router } = await show(App, { at: "/member/m1" });
    const desk = useDesk();
    desk.show(checkIn());
    await settle();
    window.dispatchEvent(
      new KeyboardEvent("keydown", { key: "l", code: "KeyL", ctrlKey: true, cancelable: true }),
    );
    await settle();
    expect(byId("lock-screen")).not.toBeNull();
    expect(document.body.textContent).not.toContain("林知夏");
    expect(desk.verdict).toBeNull();
    expect(router.currentRoute.value.fullPath).toBe("/");
    expect(calls.some(([command]) => command === "lock")).toBe(true);
    wrapper.unmount();
  });

  it("hears no scan", async () => {
    till(false);
    const { wrapper } = await show(App);
    for (const code of [..."80010427"].map((digit) => `Digit${digit}`).concat("Enter")) {
      document.body.dispatchEvent(new KeyboardEvent("keydown", { code, key: "x", bubbles: true }));
    }
    await settle();
    expect(calls.some(([command]) => command.startsWith("check_in"))).toBe(false);
    wrapper.unmount();
  });

  it("opens at the sixth digit, and says how many tries are left at a wrong one", async () => {
    till(false);
    const { wrapper } = await show(App);
    byId("staff-s1")!.click();
    await settle();
    const type = async (digits: string) => {
      const box = byId("pin") as HTMLInputElement;
      box.value = digits;
      box.dispatchEvent(new Event("input"));
      await settle();
    };
    await type("111119");
    expect(byId("pin-message")?.textContent).toBe("PIN 不对，还可以试 3 次");
    expect((byId("pin") as HTMLInputElement).value).toBe("");
    await type("274913");
    expect(byId("lock-screen")).toBeNull();
    expect(byId("foot")?.textContent).toContain("本机独立运行");
    wrapper.unmount();
  });

  it("stays, whatever was asked before it answers", async () => {
    till(true);
    const { wrapper } = await show(App);
    const session = useSession();
    let late: (answer: StatusView) => void = () => {};
    answer({ status: () => new Promise<StatusView>((resolve) => (late = resolve)) });
    const asked = session.refresh();
    till(false);
    await session.lock();
    late(status());
    await asked;
    await settle();
    expect(session.signedIn).toBe(false);
    expect(byId("lock-screen")).not.toBeNull();
    wrapper.unmount();
  });

  it("stays, whatever was set before it is answered with", async () => {
    till(true);
    const { wrapper } = await show(App);
    const session = useSession();
    const slow = new Late();
    // The till has not heard of the lock yet.
    answer({ save_prefs: slow.ask, lock: new Late().ask });
    const set = session.savePrefs(status().prefs);
    void session.lock();
    await slow.come(status());
    await set;
    expect(byId("lock-screen")).not.toBeNull();
    wrapper.unmount();
  });

  it("is told nothing of what was done meanwhile, nor whoever signs in next", async () => {
    till(true);
    const { wrapper } = await show(App);
    const session = useSession();
    const notice = useNotice();
    await session.lock();
    await settle();
    notice.done("林知夏已兑换", { fact: "f1", at_ms: 0, undo_until_ms: 10_000, undo_asks: false });
    expect(notice.notice).toBeNull();
    expect(notice.undoable).toBeNull();
    wrapper.unmount();
  });

  it("throws away the check-in of a member's page, also where somebody has signed in again", async () => {
    till(true);
    const { wrapper, router } = await show(App);
    const slow = new Late();
    answer({ member: () => MEMBER, check_in_member: slow.ask, status: () => status() });
    await router.push("/member/m1");
    await settle();
    await press("Enter");
    expect(slow.left).toBe(1);
    till(true);
    const session = useSession();
    await session.lock();
    await session.signIn("s3", "274913");
    await router.push("/today");
    await settle();
    await slow.come(checkIn());
    expect(useDesk().verdict).toBeNull();
    expect(router.currentRoute.value.path).toBe("/today");
    wrapper.unmount();
  });

  it("names who may sign in, also where that was refused before the store was open", async () => {
    till(false);
    let tries = 0;
    const refuse = () => {
      throw { code: "store_in_use", message: "in use", args: {} };
    };
    answer({
      status: () => status({ session: null }),
      staff_list: () => ((tries += 1) === 1 ? refuse() : STAFF),
    });
    const { wrapper } = await show(App, { status: status({ session: null }) });
    expect(byId("no-store")).toBeNull();
    expect(byId("staff-s3")).not.toBeNull();
    wrapper.unmount();
  });

  it("names those who were asked for last", async () => {
    till(false);
    const { wrapper } = await show(App);
    const session = useSession();
    const slow = new Late();
    answer({ staff_list: slow.ask });
    void session.loadStaff();
    void session.loadStaff();
    await slow.come(STAFF, 1);
    await slow.come([]);
    expect(session.staff).toEqual(STAFF);
    wrapper.unmount();
  });

  it("gives the cursor to the PIN when the chosen name is clicked once more", async () => {
    till(false);
    const { wrapper } = await show(App);
    for (let times = 0; times < 2; times += 1) {
      byId("staff-s1")!.focus();
      byId("staff-s1")!.click();
      await settle();
      expect(document.activeElement).toBe(byId("pin"));
    }
    wrapper.unmount();
  });

  it("marks the page as ready", async () => {
    till(false);
    const { wrapper } = await show(App);
    expect(document.documentElement.dataset.ready).toBe("1");
    wrapper.unmount();
  });
});
