/** A new card's number: one key in the form and where a card is replaced, where cards are numbered. */
import { afterEach, expect, it } from "vitest";
import type { MemberFormView } from "@/shared/bindings";
import MemberCards from "@/desk/components/MemberCards.vue";
import MemberFormPage from "@/desk/pages/MemberFormPage.vue";
import { answer, byId, calls, MEMBER, press, settle, show, status } from "./support/desk";

let leave = () => {};

afterEach(() => {
  leave();
  document.body.replaceChildren();
});

/** A page; its keys go with it when the test is over. */
async function open(page: ReturnType<typeof show>): Promise<void> {
  const { wrapper } = await page;
  leave = () => wrapper.unmount();
  await settle();
}

const boxOf = (id: string) => byId(id) as HTMLInputElement | null;

function till(numbered: boolean): void {
  const form: MemberFormView = { custom: [], numbered };
  answer({
    status: () => status(),
    member: () => MEMBER,
    tiers: () => [],
    member_form: () => form,
    new_card_number: () => `88000001${asked() + 2}`,
    replace_card: () => MEMBER,
  });
}

/** How many numbers were given out. */
const asked = () => calls.filter(([name]) => name === "new_card_number").length;

it("F7 in the form puts the next number into the box, beside what is there", async () => {
  till(true);
  await open(show(MemberFormPage, { at: "/new" }));
  boxOf("field-card")!.value = "10000009";
  boxOf("field-card")!.dispatchEvent(new Event("input"));
  await press("F7");
  expect(boxOf("field-card")?.value).toBe("10000009 880000013");
});

it("F7 pressed again gives out no second number, unless the first was taken out of the box", async () => {
  till(true);
  await open(show(MemberFormPage, { at: "/new" }));
  await press("F7");
  await press("F7");
  expect([boxOf("field-card")?.value, asked()]).toEqual(["880000013", 1]);
  boxOf("field-card")!.value = "";
  boxOf("field-card")!.dispatchEvent(new Event("input"));
  await press("F7");
  expect(boxOf("field-card")?.value).toBe("880000014");
});

it("F7 where a card is replaced fills in the new one; before that it is the page's", async () => {
  till(true);
  await open(
    show(MemberCards, { at: "/new", props: { member: { ...MEMBER, cards: ["77"] } } as never }),
  );
  await press("F7");
  expect(asked()).toBe(0);
  byId("replace-77")?.click();
  await settle();
  await press("F7");
  await press("F7");
  expect([boxOf("fresh-card")?.value, asked()]).toEqual(["880000013", 1]);
});

it("where cards are printed elsewhere there is no such key", async () => {
  till(false);
  await open(show(MemberFormPage, { at: "/new" }));
  await press("F7");
  expect(asked()).toBe(0);
  expect(byId("number-card")).toBeNull();
});
