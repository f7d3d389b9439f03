import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { EXPIRES, FLAGS, MORE_CAPS, PERS } from "@/desk/earn-rule-form";
import { PERIODS } from "@/desk/often";
import { codesIn, fields, kinds, notices, wireCodes } from "./support/domain";

type Tree = { [key: string]: string | Tree };

function leaves(tree: Tree, under = ""): Map<string, string> {
  const found = new Map<string, string>();
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === "string") found.set(under + key, value);
    else leaves(value, `${under}${key}.`).forEach((text, name) => found.set(name, text));
  }
  return found;
}

/** Read as text: imported, they would come compiled. */
const load = (name: string) =>
  leaves(JSON.parse(readFileSync(`src/shared/locales/${name}.json`, "utf8")) as Tree);
const chinese = load("zh-CN");
const english = load("en");
const holes = (text: string) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();

/** The names in a union of texts, or of objects with a code, in the generated types. */
function union(name: string): string[] {
  const source = readFileSync("src/shared/bindings.ts", "utf8");
  const body = new RegExp(`export type ${name} =([^;]*?(?:\\{[^}]*\\}[^;]*?)*);`).exec(source)?.[1];
  if (!body) throw new Error(`no type ${name}`);
  const coded = [...body.matchAll(/"?code"?: ?"(\w+)"/g)].map((match) => match[1]!);
  return coded.length > 0 ? coded : [...body.matchAll(/"(\w+)"/g)].map((match) => match[1]!);
}

/** What a till does about by itself when a hub answers so: nobody is told. */
const SILENT = ["gap", "epoch_changed", "snapshot_required"];
const ERRORS = [
  ...codesIn("domain/src/refusal.rs"),
  ...codesIn("till/src/error.rs"),
  ...wireCodes().filter((code) => !SILENT.includes(code)),
  "unknown",
];
/** Why a store is not opened. */
const NO_STORE = `store_in_use store_newer keys_missing store_damaged disk_full disk_failed
  sqlite_too_old unknown`.split(/\s+/);
/** Kinds of fact, and those that a list tells apart within one. */
const KINDS = [...kinds(), "members_parted", "value_forfeited", "unknown"];
/** What a rule may say more rarely, as its line tells it. */
const EARN_KEPT = `whole_steps compounds repeats tier_times rounding stores not_categories
  min_amount_minor max_amount_minor stops best_of pending_days expires caps`.split(/\s+/);
/** Fields that no window fills in: of files, of the tool, or of what a program writes by itself. */
const NO_BOX = ["payload", "profile", "rebuild"];
/** What sync tells people, with what fills each sentence in. */
const NOTICES: Record<string, string[]> = {
  value_given_back: ["name", "points"],
  debt_after_take_back: ["name", "points"],
  debt_repaid: ["name", "points"],
  trusted_again: [],
  set_aside: ["count"],
  many_erased: [],
  forked: ["seq"],
  chain_broken: ["seq"],
  revoked: [],
  hub_restored: ["epoch"],
  quarantined: ["seq"],
  rebuilt: ["tables"],
  differs: ["tables"],
  unknown_facts: ["count"],
  duplicate_phone: ["first", "second"],
  overdrawn: ["name", "points"],
  clock_skew: ["minutes"],
  reclaimed: ["points"],
  entries_recovered: ["count"],
};
/** Why a hub will not have a desk. */
const REFUSALS = `device_revoked fork_detected chain_broken version_not_supported bad_signature
  wrong_hub other_business unknown`.split(/\s+/);

describe("the two languages", () => {
  it("have the same texts", () => {
    expect([...english.keys()].sort()).toEqual([...chinese.keys()].sort());
  });

  it("fill in the same things", () => {
    for (const [key, text] of chinese) {
      expect(holes(english.get(key) ?? ""), key).toEqual(holes(text));
    }
  });

  it("leave nothing empty", () => {
    for (const text of [...chinese.values(), ...english.values()]) expect(text.trim()).not.toBe("");
  });
});

describe("every name that the till sends has a text", () => {
  const families: [string, string[]][] = [
    ["reason", [...union("Reason"), "unknown"]],
    ["reasonShort", union("Reason")],
    ["mend", union("Mend")],
    ["because", union("Because").filter((why) => why !== "only_one")],
    ["passAct", union("PassAct")],
    ["channel", union("Channel")],
    ["permission", union("Permission")],
    ["role", union("Role")],
    ["verdict", union("Verdict")],
    ["passState", union("PassState")],
    ["distrust", union("Distrust")],
    ["pass.length", union("Unit")],
    ["settings.unit", [...union("Unit"), "none"]],
    ["settings.start", union("Start")],
    ["settings.often", [...PERIODS]],
    ["settings.stockWay", union("StockWay")],
    ["error", ERRORS],
    ["kind", KINDS],
    ["line", union("LineState")],
    ["notice", [...Object.keys(NOTICES), "unknown"]],
    ["refusal.what", REFUSALS],
    ["refusal.next", REFUSALS],
    ["earnPer", union("Per")],
    ["earnGives", union("Per")],
    ["earnBirthday", union("Birthday")],
    ["tierBy", union("By")],
    ["tierSays", union("By")],
    ["tierOver", union("Period")],
    ["tierIn", union("Period")],
    ["fieldHolds", union("Holds")],
    ["earnWhy", codesIn("domain/src/earning/why.rs")],
    ["earnKept", EARN_KEPT],
    ["earnFlags", Object.keys(FLAGS)],
    ["earnCaps", MORE_CAPS],
    ["earnExpires", [...EXPIRES]],
    ["rounding", union("Rounding")],
    ["trouble", codesIn("domain/src/earning/condition.rs")],
    ["alert", union("Alert")],
    ["level", union("Level")],
    ["reason", codesIn("domain/src/verdict.rs")],
    ["notice", notices()],
    ["cards", [...union("CardState"), "lose", "find", "replace", "move"]],
    ["noStore.title", NO_STORE],
    ["noStore.next", NO_STORE],
  ];

  it.each(families)("%s", (family, names) => {
    expect(names.length).toBeGreaterThan(2);
    for (const name of names) {
      expect(chinese.has(`${family}.${name}`), `zh ${family}.${name}`).toBe(true);
      expect(english.has(`${family}.${name}`), `en ${family}.${name}`).toBe(true);
    }
  });
});

it.each(fields().filter((field) => !NO_BOX.includes(field)))(
  "what may be wrong with %s is said, or at least what it is called",
  (field) => {
    for (const texts of [chinese, english]) {
      expect(texts.has(`badInput.${field}`) || texts.has(`field.${field}`)).toBe(true);
    }
  },
);

it.each([
  ["error", ERRORS],
  ["kind", KINDS],
])("no text of %s is for a name that is never sent", (family, names) => {
  const told = [...chinese.keys()].filter((key) => key.startsWith(`${family}.`));
  expect(told.filter((key) => !names.includes(key.slice(family.length + 1)))).toEqual([]);
});

it("a rule may count all that the till knows", () => {
  const known = union("Per").filter((per) => per !== "unknown");
  expect([...PERS].sort()).toEqual(known.sort());
});

it.each(Object.entries(NOTICES))("notice %s fills in what the till sends", (code, args) => {
  const counted = ["points", "count", "minutes"];
  const expected = args.map((name) => (counted.includes(name) ? "{n}" : `{${name}}`)).sort();
  expect(holes(chinese.get(`notice.${code}`) ?? "")).toEqual(expected);
});

/** Chosen by a name that the till sends, by the name of an act, or by the name of a tab. */
const BY_NAME =
  /^(error|field|kind|reason|reasonShort|mend|because|permission|role|verdict|passState|alert|level|distrust|noStore|line|notice|refusal|passAct|passDone|channel|more|bring|memberTab|earnPer|earnGives|earnBirthday|earnKept|earnWhy|earnFlags|earnCaps|earnExpires|rounding|badInput|tierBy|tierSays|tierOver|tierIn|fieldHolds|trouble|cards|pass\.length|settings\.unit|settings\.start|settings\.often|settings\.stockWay)\./;
const TABS =
  /^settings\.(desk|rules|earn|alerts|rewards|passes|tiers|fields|staff|import|hub|store)$/;

it("no text is left over", () => {
  const source = readdirSync("src", { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(vue|ts)$/.test(name))
    .map((name) => readFileSync(`src/${name}`, "utf8"))
    .join("\n");
  const unused = [...chinese.keys()].filter(
    (key) =>
      !BY_NAME.test(key) &&
      !TABS.test(key) &&
      !source.includes(`"${key}"`) &&
      !source.includes(`'${key}'`),
  );
  expect(unused).toEqual([]);
});
