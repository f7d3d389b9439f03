import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { EXPIRES, FLAGS, MORE_CAPS } from "@/desk/earn-rule-form";
import { PERIODS } from "@/desk/often";

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

const ERRORS = `wrong_pin pin_locked name_missing bad_phone phone_taken card_taken bad_birthday
  bad_email too_long bad_image bad_own_field unknown_field bad_condition bad_amount points_short approval_needed forbidden trust_limit
  weak_pin bad_pin last_owner card_numbers_off card_numbers_out not_signed_in store_damaged disk_full internal not_found member_gone
  bad_input clock store_in_use store_newer keys_missing disk_failed sqlite_too_old bad_file
  not_set_up already_set_up wrong_points reward_not_yet
  reward_over reward_not_here reward_not_for_tier reward_again reward_no_more out_of_stock stock_elsewhere
  reward_not_later voucher_elsewhere voucher_over voucher_gone not_vouched banned already_voided not_voidable no_visits
  too_large not_only_till nothing_to_vouch bad_code hub_unreachable already_paired behind hub_empty bad_request wrong_hub already_enrolled
  other_business version_not_supported device_revoked bad_signature fork_detected chain_broken
  frozen erased value_on_file slow_down not_paired unknown`.split(/\s+/);
/** Why a store is not opened. */
const NO_STORE = `store_in_use store_newer keys_missing store_damaged disk_full disk_failed
  sqlite_too_old unknown`.split(/\s+/);
const KINDS = `visit_recorded points_earned points_redeemed fact_voided member_registered
  member_changed member_photo_set pass_given value_expired stream_opened stream_vouched reward_set pass_type_set
  tier_set staff_set rules_set earn_rule_set cards_allotted business_set store_set stream_reclaimed members_merged members_parted value_forfeited value_granted
  value_returned value_given_back debt_repaid lot_ruled member_erased points_adjusted points_transferred referral_rewarded topped_up stock_changed reward_handed_over class_booked unknown`.split(
  /\s+/,
);
/** Why a rule for points gives what it gives. */
const EARN_WHY = `gave off not_yet over other_event other_day other_hour other_store other_tier
  other_lines too_little no_birthday not_first no_streak condition_no condition_failed unreadable
  less_than_one stopped beaten too_large bounds cap_once cap_day cap_month cap_year cap_ever
  cap_times_day cap_times_month cap_times_year cap_times_ever cap_all`.split(/\s+/);
/** What a rule may say more rarely, as its line tells it. */
const EARN_KEPT = `whole_steps compounds repeats tier_times rounding stores not_categories
  min_amount_minor max_amount_minor stops best_of pending_days expires caps`.split(/\s+/);
/** What may be wrong with a condition. */
const TROUBLES = `too_long too_deep not_readable unknown_name not_allowed wrong_kind fraction
  overflow division loops not_yes_or_no`.split(/\s+/);
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
    ["earnWhy", EARN_WHY],
    ["earnKept", EARN_KEPT],
    ["earnFlags", Object.keys(FLAGS)],
    ["earnCaps", MORE_CAPS],
    ["earnExpires", [...EXPIRES]],
    ["rounding", union("Rounding")],
    ["trouble", TROUBLES],
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

it.each(Object.entries(NOTICES))("notice %s fills in what the till sends", (code, args) => {
  const counted = ["points", "count", "minutes"];
  const expected = args.map((name) => (counted.includes(name) ? "{n}" : `{${name}}`)).sort();
  expect(holes(chinese.get(`notice.${code}`) ?? "")).toEqual(expected);
});

/** Chosen by a name that the till sends, by the name of an act, or by the name of a tab. */
const BY_NAME =
  /^(error|field|kind|reason|reasonShort|mend|because|permission|role|verdict|passState|alert|level|distrust|noStore|line|notice|refusal|passAct|passDone|channel|more|bring|memberTab|earnPer|earnGives|earnBirthday|earnKept|earnWhy|earnFlags|earnCaps|earnExpires|rounding|badInput|tierBy|tierSays|tierOver|tierIn|fieldHolds|trouble|pass\.length|settings\.unit|settings\.start|settings\.often|settings\.stockWay)\./;
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
