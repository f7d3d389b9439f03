/** A desk for tests: a till that answers from a table, and a window around one component. */
import { type MountingOptions, mount } from "@vue/test-utils";
import { createPinia, type Pinia, setActivePinia } from "pinia";
import { type Component, nextTick } from "vue";
import type {
  CheckInView,
  LineView,
  MemberView,
  RulesInput,
  StatusView,
  SyncView,
} from "@/shared/bindings";
import { type Language, makeI18n } from "@/desk/i18n";
import { hasOpened } from "@/desk/opening";
import { makeRouter } from "@/desk/router";
import { useSession } from "@/desk/stores/session";
import en from "@/shared/locales/en.json";

// A page by itself stands in no window that has to open first.
hasOpened();

type Answer = (args: Record<string, unknown>) => unknown;
export const calls: [string, Record<string, unknown>][] = [];

/** What the till answers, command by command; the last call of `answer` wins. */
export function answer(table: Record<string, Answer>): void {
  calls.length = 0;
  const invoke = async (command: string, args: Record<string, unknown> = {}) => {
    calls.push([command, args]);
    const reply = table[command];
    return reply ? reply(args) : null;
  };
  Object.assign(window, { __TAURI_INTERNALS__: { invoke } });
}

/** This desk is connected to no hub. */
export const ALONE: LineView = {
  state: "alone",
  hub: null,
  unsynced: 0,
  last_sync_ms: null,
  attention: 0,
  refusal: null,
};

export const HUB = "https://hub.chenguang.example";

/** It is connected to one, and that answers. */
export function line(part: Partial<LineView> = {}): LineView {
  const last_sync_ms = Date.now() - 60_000;
  return { ...ALONE, state: "online", hub: HUB, unsynced: 12, last_sync_ms, ...part };
}

export function syncView(part: Partial<SyncView> = {}): SyncView {
  return {
    line: line(),
    till: "静安店 1 号台",
    store: "静安店",
    frozen: false,
    notices: [],
    duplicates: [],
    ...part,
  };
}

export function status(part: Partial<StatusView> = {}): StatusView {
  return {
    set_up: true,
    business: "晨光健身",
    store: "静安店",
    currency: "CNY",
    currency_digits: 2,
    time_zone: "Asia/Shanghai",
    day: "2026-11-23",
    now_ms: Date.now(),
    session: { staff: "s1", name: "周敏", role: "receptionist", permissions: ["check_in"] },
    has_members: true,
    unsynced: 3,
    last_sync_ms: null,
    line: ALONE,
    only_till: true,
    distrust: null,
    keys_in_file: false,
    clock_behind: false,
    version: "0.1.0",
    door: null,
    prefs: {
      language: "zh-CN",
      theme: "light",
      sounds: false,
      idle_lock_secs: 120,
      scanner_prefix: "",
      scanner_suffix: "",
      scanner_gap_ms: 50,
    },
    ...part,
  };
}

export const MEMBER: MemberView = {
  id: "m1",
  name: "林知夏",
  phone: "138****0427",
  card: "80010427",
  tier: "金卡",
  photo: null,
  email: null,
  birthday: null,
  gender: null,
  note: null,
  tags: ["瑜伽"],
  cards: ["80010427"],
  set_tier: null,
  multiplier_percent: 100,
  banned: false,
  banned_reason: null,
  has_phone_code: false,
  joined_ms: 0,
  passes: [],
  points: {
    on_file: 820,
    spendable_here: 500,
    elsewhere: 320,
    as_of_ms: Date.now() - 3_600_000,
    debt: 0,
    expiring: null,
  },
  lots: [],
  vouchers: [],
  stored_minor: 0,
  visits_total: 9,
  visits_this_month: 2,
  last_visit_ms: null,
  history: [],
  details: {
    contact: null,
    waiver: null,
    waiver_by: null,
    guardian: null,
    family: [],
    consent: [],
    referred_by: null,
    custom: {},
    own: [],
    dead_cards: {},
  },
};

export function checkIn(part: Partial<CheckInView> = {}): CheckInView {
  const { id, name, phone, card, tier, photo } = MEMBER;
  return {
    fact: "f1",
    at_ms: 1000,
    verdict: "admit",
    reasons: [],
    because: null,
    mends: [],
    member: { id, name, phone, card, tier, photo },
    unknown_card: null,
    pass: null,
    staff_note: null,
    banned_reason: null,
    visits_this_month: 2,
    last_visit_ms: null,
    points: MEMBER.points,
    stored_minor: 0,
    points_earned: 5,
    undo_until_ms: 11_000,
    family: [],
    brings_guest: false,
    ...part,
  };
}

/** The house rules of a shop. */
export const HOUSE_RULES: RulesInput = {
  points_per_unit: 1,
  points_per_visit: 5,
  rounding: "down",
  points_expire_months: null,
  seen_again_hours: 4,
  expires_soon_days: 7,
  few_visits: 2,
  pass_required: true,
  trust_limit: 0,
  code_above: null,
  approval_above: null,
  age_of_majority: 18,
  guardian_signs: false,
  rest_percent: 50,
  undo_secs: 10,
  day_start_hour: 0,
  card_numbers: null,
};

/** Mounts with stores, texts and routes, as if that status had been read. */
export async function show<T extends Component>(
  component: T,
  options: MountingOptions<never> & {
    status?: StatusView;
    language?: Language;
    /** Only what a window has that has just opened: Chinese. @default false */
    freshTexts?: boolean;
    at?: string;
    /** The stores of the same desk, where something was shown before. */
    pinia?: Pinia;
  } = {},
) {
  const pinia = options.pinia ?? createPinia();
  setActivePinia(pinia);
  const session = useSession();
  session.status = options.status ?? status();
  const router = makeRouter();
  await router.push(options.at ?? "/");
  const i18n = makeI18n(options.language, options.freshTexts ? {} : { en });
  const wrapper = mount(component as Component, {
    attachTo: document.body,
    props: options.props,
    global: { plugins: [pinia, i18n, router] },
  });
  await settle();
  return { wrapper, session, router, pinia };
}

/** Until all answers are in and on the screen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 40; turn += 1) {
    await Promise.resolve();
    await nextTick();
  }
}

/** A key on the keyboard. A digit is believed after a scanner's pause, or once another key follows. */
export async function press(name: string): Promise<void> {
  const isDigit = /^\d$/.test(name);
  down(name, isDigit ? `Digit${name}` : name);
  if (isDigit) down("F12", "F12"); // which means nothing
  await settle();
}

function down(key: string, code: string): void {
  window.dispatchEvent(new KeyboardEvent("keydown", { key, code, cancelable: true }));
}

/** What somebody types into a box. */
export async function typeInto(id: string, text: string): Promise<void> {
  const box = byId(id) as HTMLInputElement;
  box.value = text;
  box.setSelectionRange?.(text.length, text.length);
  box.dispatchEvent(new Event("input"));
  await settle();
}

export function byId(id: string): HTMLElement | null {
  return document.querySelector(`[data-testid="${id}"]`);
}

/** An answer of the till that comes when it is told to. */
export class Late {
  private readonly waiting: ((found: unknown) => void)[] = [];
  readonly ask = () => new Promise((resolve) => this.waiting.push(resolve));

  get left(): number {
    return this.waiting.length;
  }

  async come(found: unknown, which = 0): Promise<void> {
    this.waiting.splice(which, 1)[0]!(found);
    await settle();
  }
}
