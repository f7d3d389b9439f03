/** What is wrong with a box is said until another thing stands there, and no longer. */
import { afterEach, expect, it } from "vitest";
import NewShopForm from "@/desk/components/NewShopForm.vue";
import PairForm from "@/desk/components/PairForm.vue";
import RecoveryForm from "@/desk/components/RecoveryForm.vue";
import MemberFormPage from "@/desk/pages/MemberFormPage.vue";
import { answer, byId, MEMBER, settle, show, typeInto } from "./support/desk";

afterEach(() => document.body.replaceChildren());

const isWrong = (id: string) => byId(id)?.getAttribute("aria-invalid") === "true";
const refuse = (code: string, field?: string) => () => {
  throw { code, message: code, args: field ? { field } : {} };
};

async function send(): Promise<void> {
  document.querySelector("form")!.dispatchEvent(new Event("submit", { cancelable: true }));
  await settle();
}

it.each([
  ["phone_taken", undefined, "field-phone", "field-phone"],
  ["card_taken", undefined, "field-card", "field-card"],
  ["bad_input", "contact", "field-contact-name", "field-contact-phone"],
])("a member's form: %s %s", async (code, field, at, mendedIn) => {
  answer({ member: () => MEMBER, change_member: refuse(code, field) });
  const { wrapper } = await show(MemberFormPage, { at: "/member/m1/edit" });
  await send();
  expect(isWrong(at)).toBe(true);
  await typeInto("field-name", "林知秋");
  expect(isWrong(at)).toBe(true);
  await typeInto(mendedIn, "13900000000");
  expect(isWrong(at)).toBe(false);
  wrapper.unmount();
});

it("a member's form: what is about no box is said all the same", async () => {
  answer({ member: () => MEMBER, change_member: refuse("bad_input", "consent") });
  const { wrapper } = await show(MemberFormPage, { at: "/member/m1/edit" });
  await send();
  expect(byId("form-problem")).not.toBeNull();
  wrapper.unmount();
});

it("a form that is sent as a whole: what is missing, and what the till will not have", async () => {
  answer({ pair: refuse("bad_code") });
  const { wrapper } = await show(PairForm, { props: { till: "" } as never });
  await send();
  expect(isWrong("pair-hub") && isWrong("pair-code") && isWrong("pair-till")).toBe(true);
  await typeInto("pair-hub", "https://hub.example");
  expect(isWrong("pair-hub")).toBe(false);
  expect(isWrong("pair-code")).toBe(true);
  await typeInto("pair-code", "ABCD-EFGH-JKMN-PQRS");
  await typeInto("pair-till", "2");
  await send();
  expect(isWrong("pair-code")).toBe(true);
  await typeInto("pair-code", "ABCD-EFGH-JKMN-PQRT");
  expect(isWrong("pair-code")).toBe(false);
  wrapper.unmount();
});

it("a passphrase that was typed twice, and differently", async () => {
  answer({});
  const plan = { folder: null, keep: 14, last: null, recovery: false, passphrase_least: 12 };
  const { wrapper } = await show(RecoveryForm, { props: { modelValue: plan } as never });
  await typeInto("recovery-new", "four or five words");
  await typeInto("recovery-again", "four or five");
  await send();
  expect(isWrong("recovery-again")).toBe(true);
  await typeInto("recovery-again", "four or five words");
  expect(isWrong("recovery-again")).toBe(false);
  wrapper.unmount();
});

it("a new shop: what is missing is said in the language of the window", async () => {
  answer({});
  const { wrapper } = await show(NewShopForm);
  await send();
  const said = () => document.querySelector("[data-field]:has([aria-invalid=true])")?.textContent;
  expect(said()).toContain("请填写这一项");
  (wrapper.vm as unknown as { $i18n: { locale: string } }).$i18n.locale = "en";
  await settle();
  expect(said()).not.toContain("请填写这一项");
  wrapper.unmount();
});
