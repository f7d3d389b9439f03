import axe from "axe-core";
import { afterEach, describe, expect, it } from "vitest";
import type { Component } from "vue";
import type { BackupPlanView } from "@/shared/bindings";
import ImportReport from "@/desk/components/ImportReport.vue";
import PointsBar from "@/desk/components/PointsBar.vue";
import VerdictCard from "@/desk/components/VerdictCard.vue";
import FirstRunPage from "@/desk/pages/FirstRunPage.vue";
import MemberFormPage from "@/desk/pages/MemberFormPage.vue";
import MemberPage from "@/desk/pages/MemberPage.vue";
import PointsPage from "@/desk/pages/PointsPage.vue";
import RedeemPage from "@/desk/pages/RedeemPage.vue";
import SyncPage from "@/desk/pages/SyncPage.vue";
import SettingsPage from "@/desk/pages/SettingsPage.vue";
import SignInPage from "@/desk/pages/SignInPage.vue";
import TodayPage from "@/desk/pages/TodayPage.vue";
import JoinForm from "@/desk/components/JoinForm.vue";
import { answer, checkIn, line, MEMBER, settle, show, status, syncView } from "./support/desk";

const SESSION = {
  staff: "s4",
  name: "王店主",
  role: "owner" as const,
  permissions: ["view_journal", "edit_settings"] as const,
};
const DAY = {
  day: "2026-11-23",
  visits: 1,
  refused: 0,
  points_given: 5,
  redemptions: 0,
  points_used: 0,
  new_members: 0,
  hourly: Array.from({ length: 24 }, () => 1),
  rows: [
    {
      fact: "f1",
      seq: 1,
      at_ms: 1000,
      kind: "visit_recorded",
      staff: "周敏",
      member: "m1",
      member_name: "林知夏",
      points: 5,
      amount_minor: 0,
      verdict: "admit",
      reasons: [],
      label: "年卡",
      voided: false,
      voidable: true,
    },
  ],
};
const IMPORT = {
  report: {
    rows: 2,
    imported: 1,
    already_here: 0,
    rejected: { bad_phone: 1, no_name: 0, duplicate_phone: 0, bad_points: 0, bad_row: 0 },
    warnings: { bad_birthday: 0, bad_pass: 0 },
    points_total: 5,
    stored_minor_total: 0,
  },
  rejects_csv: "a\n",
};

const { id, name, phone, card, tier, photo } = MEMBER;
const BRIEF = { id, name, phone, card, tier, photo };
const SYNC = syncView({
  frozen: true,
  notices: [
    { n: 2, at_ms: 2, code: "revoked", args: {}, settled: false },
    { n: 1, at_ms: 1, code: "trusted_again", args: {}, settled: true },
  ],
  duplicates: [{ first: BRIEF, second: { ...BRIEF, id: "m2" }, at_ms: 1 }],
});
const PLAN: BackupPlanView = {
  folder: "/media/backup",
  keep: 30,
  last: "2026-11-22",
  recovery: false,
  passphrase_least: 12,
};
const REWARD = {
  id: "r1",
  name: "私教",
  cost: 800,
  minor_per_point: 0,
  money_minor: 0,
  affordable: "needs_line",
  short_by: 300,
};

const CASES: [string, Component, { props?: object; at?: string }][] = [
  ["first run", FirstRunPage, {}],
  ["sign-in", SignInPage, {}],
  ["a verdict", VerdictCard, { props: { answer: checkIn() } }],
  ["points", PointsBar, { props: { points: MEMBER.points } }],
  ["a member", MemberPage, { at: "/member/m1" }],
  ["the form", MemberFormPage, { at: "/new" }],
  ["giving points", PointsPage, { at: "/points/m1" }],
  ["redeeming", RedeemPage, { at: "/redeem/m1" }],
  ["today", TodayPage, {}],
  ["settings", SettingsPage, { at: "/settings/rules" }],
  ["points rules in the settings", SettingsPage, { at: "/settings/earn" }],
  ["backups in the settings", SettingsPage, { at: "/settings/store" }],
  ["the hub in the settings", SettingsPage, { at: "/settings/hub" }],
  ["joining a business", JoinForm, {}],
  ["the hub", SyncPage, {}],
  ["an import", ImportReport, { props: { result: IMPORT, done: false, fileName: "m.csv" } }],
];

afterEach(() => document.body.replaceChildren());

describe("axe finds nothing in", () => {
  it.each(CASES)("%s", async (_name, component, options) => {
    answer({
      backup_plan: () => PLAN,
      member: () => MEMBER,
      day: () => DAY,
      tiers: () => [],
      rewards: () => [REWARD],
      sync_page: () => SYNC,
      earn_rule_list: () => [],
      rules: () => ({ points_expire_months: null, pass_required: true }),
    });
    const { wrapper, session } = await show(component, {
      ...(options as object),
      status: status({
        session: { ...SESSION, permissions: [...SESSION.permissions] },
        line: line({ attention: 2 }),
      }),
    });
    session.staff = [
      { id: "s1", name: "周敏", role: "owner", active: true, locked_until_ms: null },
    ];
    await settle();
    const { violations } = await axe.run(document.body, {
      // One component is not a page, and there are no colours without a layout.
      rules: { region: { enabled: false }, "color-contrast": { enabled: false } },
    });
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ""}`)).toEqual([]);
    wrapper.unmount();
  });
});
