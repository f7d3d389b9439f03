/** Connecting a desk to a hub: in the settings, and as the first thing it ever does. */
import { afterEach, describe, expect, it } from "vitest";
import FirstRunPage from "@/desk/pages/FirstRunPage.vue";
import HubTab from "@/desk/pages/settings/HubTab.vue";
import { caretIn, groupCode } from "@/desk/pairing";
import { answer, byId, calls, HUB, line, settle, show, status, syncView } from "./support/desk";
import { ALONE, typeInto } from "./support/desk";

afterEach(() => document.body.replaceChildren());

const CODE = "ABCD-EFGH-JKMN-PQRS";
const box = (id: string) => byId(id) as HTMLInputElement;
const problem = (id: string) =>
  document.getElementById(box(id).getAttribute("aria-describedby") ?? "")?.textContent?.trim();

async function submit(): Promise<void> {
  document.querySelector("form")!.dispatchEvent(new Event("submit", { cancelable: true }));
  await settle();
}

describe("a pairing code", () => {
  it.each([
    ["abcd efgh jkmn pqrs", CODE],
    ["ABCDEFGHJKMNPQRS", CODE],
    [" abcd–efgh—jkmn-pqrs-and-more", CODE],
    ["ＡＢＣＤｅｆｇｈ", "ABCD-EFGH"],
    ["oil0", "0110"],
    ["ab", "AB"],
    ["", ""],
  ])("%s is %s", (typed, shown) => expect(groupCode(typed)).toBe(shown));

  it("leaves the cursor behind the letter that it was behind", () => {
    expect(caretIn("abcd", 4)).toBe(4);
    expect(caretIn("abcde", 5)).toBe(6);
    expect(caretIn("ABCD-EXFGH", 7)).toBe(7);
    expect(caretIn("  ", 1)).toBe(0);
  });
});

/** Whatever a desk needs to be connected. */
async function typed(): Promise<void> {
  await typeInto("pair-hub", HUB);
  await typeInto("pair-code", CODE);
  await typeInto("pair-till", "静安店 1 号台");
}

describe("the hub in the settings", () => {
  it("connects, with the code in groups as it is typed, and then says where to", async () => {
    let now = status();
    answer({
      status: () => now,
      sync_page: () => syncView({ line: now.line, till: now.line.hub ? "静安店 1 号台" : "" }),
      pair: () => (now = status({ line: line() })),
      recent: () => [],
      today: () => null,
    });
    const { wrapper } = await show(HubTab);
    await typeInto("pair-hub", HUB);
    await typeInto("pair-code", "abcdefghjkmnpqrs");
    expect(box("pair-code").value).toBe(CODE);
    await typeInto("pair-till", "静安店 1 号台");
    await submit();
    expect(calls.find(([name]) => name === "pair")?.[1]).toEqual({
      hub: HUB,
      code: CODE,
      till: "静安店 1 号台",
    });
    expect(byId("hub-state")?.textContent).toContain(`已连接到 ${HUB}`);
    expect(byId("hub-state")?.textContent).toContain("这台电脑叫“静安店 1 号台”");
    expect(byId("pair-form")).toBeNull();
    wrapper.unmount();
  });

  it.each([
    ["bad_code", "pair-code", "在总部再拿一个"],
    ["hub_unreachable", "pair-hub", "检查网络和地址"],
    ["wrong_hub", "pair-hub", "核对地址和配对码"],
    ["other_business", "pair-hub", "不是同一家企业"],
  ])("says %s at the box that it is about, and puts the cursor there", async (code, id, text) => {
    answer({
      sync_page: () => syncView({ line: ALONE }),
      pair: () => {
        throw { code, message: code, args: {} };
      },
    });
    const { wrapper } = await show(HubTab);
    await typed();
    await submit();
    expect(box(id).getAttribute("aria-invalid")).toBe("true");
    expect(problem(id)).toContain(text);
    expect(document.activeElement).toBe(box(id));
    expect(byId("pair-problem")).toBeNull();
    wrapper.unmount();
  });

  it.each([
    ["already_enrolled", "先在总部停用它"],
    ["version_not_supported", "升级旧的那个"],
    ["device_revoked", "总部已停用这台电脑"],
  ])("says %s under the form", async (code, text) => {
    answer({
      sync_page: () => syncView({ line: ALONE }),
      pair: () => {
        throw { code, message: code, args: {} };
      },
    });
    const { wrapper } = await show(HubTab);
    await typed();
    await submit();
    expect(byId("pair-problem")?.textContent).toContain(text);
    wrapper.unmount();
  });

  it("is not changed from here where the hub refuses this desk", async () => {
    const refused = line({ state: "refused", refusal: "device_revoked" });
    answer({ sync_page: () => syncView({ line: refused }) });
    const { wrapper } = await show(HubTab, { status: status({ line: refused }) });
    expect(byId("hub-state")?.textContent).toContain("静安店 1 号台");
    expect(byId("line")?.dataset.state).toBe("refused");
    expect(byId("pair-form")).toBeNull();
    wrapper.unmount();
  });
});

describe("the first run", () => {
  async function joining() {
    const shown = await show(FirstRunPage, { status: status({ set_up: false, session: null }) });
    byId("way-join")?.click();
    await settle();
    await typed();
    await typeInto("field-pin", "274913");
    await typeInto("field-pin-again", "274913");
    return shown;
  }

  it("begins with a new shop, and offers to join a business", async () => {
    const { wrapper } = await show(FirstRunPage, { status: status({ set_up: false }) });
    expect(byId("field-business")).not.toBeNull();
    expect(byId("way-new")?.getAttribute("aria-pressed")).toBe("true");
    byId("way-join")?.click();
    await settle();
    expect(byId("field-business")).toBeNull();
    expect(byId("pair-hub")).not.toBeNull();
    wrapper.unmount();
  });

  it("joins, and goes on to the lock screen", async () => {
    answer({ join: () => status({ session: null }), staff_list: () => [] });
    const { wrapper, session } = await joining();
    await submit();
    expect(calls[0]).toEqual([
      "join",
      { hub: HUB, code: CODE, till: "静安店 1 号台", ownerPin: "274913" },
    ]);
    expect(session.status?.set_up).toBe(true);
    wrapper.unmount();
  });

  it("says at each box that was sent empty what is missing, and asks nobody", async () => {
    answer({ join: () => status({ session: null }), set_up: () => status({ session: null }) });
    const { wrapper } = await show(FirstRunPage, { status: status({ set_up: false }) });
    await submit();
    for (const box of ["field-business", "field-store", "field-owner", "field-pin"]) {
      expect(problem(box)).toBe("请填写这一项");
    }
    expect(problem("field-pin-again")).toBeUndefined();
    expect(document.activeElement).toBe(byId("field-business"));
    byId("way-join")?.click();
    await settle();
    await submit();
    for (const box of ["pair-hub", "pair-code", "pair-till", "field-pin"]) {
      expect(problem(box)).toBe("请填写这一项");
    }
    await typeInto("pair-hub", HUB);
    await submit();
    expect(problem("pair-hub")).not.toContain("请填写");
    expect(calls).toEqual([]);
    wrapper.unmount();
  });

  it("is told that the business must be at the hub first", async () => {
    answer({
      join: () => {
        throw { code: "other_business", message: "the hub has no business yet", args: {} };
      },
    });
    const { wrapper } = await joining();
    await submit();
    expect(problem("pair-hub")).toContain("还没有企业");
    wrapper.unmount();
  });

  it("asks nobody while the two PINs differ, or is told what is wrong", async () => {
    answer({
      join: () => {
        throw { code: "weak_pin", message: "weak", args: {} };
      },
    });
    const { wrapper } = await joining();
    await typeInto("field-pin-again", "274914");
    await submit();
    expect(calls).toEqual([]);
    expect(problem("field-pin-again")).toBe("两次输入的 PIN 不一样，请再输一遍");
    await typeInto("field-pin-again", "274913");
    await submit();
    expect(problem("field-pin")).toContain("太好猜");
    wrapper.unmount();
  });
});
