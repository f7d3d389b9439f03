import { afterEach, expect, it, vi } from "vitest";
import SearchBox from "@/desk/components/SearchBox.vue";
import { answer, byId, calls, MEMBER, settle, show } from "./support/desk";

afterEach(() => {
  document.body.replaceChildren();
  vi.useRealTimers();
});

async function box() {
  const { wrapper, router } = await show(SearchBox);
  const field = byId("search") as HTMLInputElement;
  field.focus();
  const type = (text: string) => {
    field.value = text;
    field.dispatchEvent(new Event("input"));
  };
  const press = async (key: string, more: KeyboardEventInit = {}) => {
    field.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, ...more }));
    await settle();
  };
  return { wrapper, router, type, press };
}

it("opens with Enter the member that the typing meant, however fast it came", async () => {
  answer({ find: () => [MEMBER] });
  const { wrapper, router, type, press } = await box();
  type("0427");
  await press("Enter");
  await settle();
  expect(calls).toEqual([["find", { query: "0427", limit: 8 }]]);
  expect(router.currentRoute.value.fullPath).toBe("/member/m1");
  wrapper.unmount();
});

it("takes no Enter that belongs to an IME", async () => {
  answer({ find: () => [MEMBER] });
  const { wrapper, router, type, press } = await box();
  type("lin");
  await press("Enter", { isComposing: true });
  expect(router.currentRoute.value.fullPath).toBe("/");
  wrapper.unmount();
});

it("throws away an answer that was overtaken", async () => {
  vi.useFakeTimers();
  const waiting: ((found: unknown) => void)[] = [];
  answer({ find: () => new Promise((resolve) => waiting.push(resolve)) });
  const { wrapper, type } = await box();
  type("林");
  await vi.advanceTimersByTimeAsync(70);
  type("林知");
  await vi.advanceTimersByTimeAsync(70);
  waiting[1]!([MEMBER]);
  await settle();
  waiting[0]!([{ ...MEMBER, id: "m9", name: "林旧" }]);
  await settle();
  expect(byId("result-0")?.textContent).toContain("林知夏");
  wrapper.unmount();
});

it("opens nobody of an earlier answer where the till says nothing to what is typed now", async () => {
  vi.useFakeTimers();
  answer({
    find: ({ query }) =>
      query === "138" ? [MEMBER] : Promise.reject(new Error("the disk fell asleep")),
  });
  const { wrapper, router, type, press } = await box();
  type("138");
  await vi.advanceTimersByTimeAsync(70);
  expect(byId("result-0")).not.toBeNull();
  type("1388");
  await press("Enter");
  await vi.advanceTimersByTimeAsync(70);
  expect(router.currentRoute.value.fullPath).toBe("/");
  wrapper.unmount();
});

it("opens nobody once the desk was locked", async () => {
  let found: (members: unknown) => void = () => {};
  answer({ find: () => new Promise((resolve) => (found = resolve)) });
  const { wrapper, router, type, press } = await box();
  type("0427");
  await press("Enter");
  wrapper.unmount();
  found([MEMBER]);
  await settle();
  expect(router.currentRoute.value.fullPath).toBe("/");
});
