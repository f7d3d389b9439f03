import { afterEach, expect, it, vi } from "vitest";
import App from "@/desk/App.vue";
import { useSession } from "@/desk/stores/session";
import { answer, byId, settle, show, status } from "./support/desk";

const STAFF = [
  { id: "s1", name: "周敏", role: "receptionist", active: true, locked_until_ms: null },
  { id: "s2", name: "Lena", role: "manager", active: true, locked_until_ms: null },
];
const CHINESE = "谁在前台？";
const ENGLISH = "Who is at the desk?";
const shown = () => document.body.textContent ?? "";

/** A window that opens: it has the texts that every window has, and reads the others. */
async function opened(language: string) {
  const now = { ...status(), session: null, prefs: { ...status().prefs, language } };
  answer({ status: () => now, staff_list: () => STAFF });
  const { wrapper } = await show(App, { status: now, freshTexts: true });
  return wrapper;
}

afterEach(() => document.body.replaceChildren());

it("an English desk says nothing in Chinese while its texts are read", async () => {
  const seen: string[] = [];
  const looking = new MutationObserver(() => seen.push(shown()));
  looking.observe(document.body, { childList: true, subtree: true, characterData: true });
  const wrapper = await opened("en");
  await vi.waitFor(() => expect(shown()).toContain(ENGLISH));
  expect(seen.filter((text) => text.includes(CHINESE))).toEqual([]);
  expect(document.documentElement.lang).toBe("en");
  looking.disconnect();
  wrapper.unmount();
});

it("whoever changes their mind while texts are read gets the language chosen last", async () => {
  const wrapper = await opened("zh-CN");
  expect(shown()).toContain(CHINESE);
  byId("lang-en")!.click();
  byId("lang-zh-CN")!.click();
  await vi.waitFor(() => expect(useSession().language).toBe("zh-CN"));
  // Read all the same, and now at once.
  await vi.dynamicImportSettled();
  await settle();
  expect(shown()).toContain(CHINESE);
  byId("lang-en")!.click();
  await settle();
  expect(shown()).toContain(ENGLISH);
  wrapper.unmount();
});
