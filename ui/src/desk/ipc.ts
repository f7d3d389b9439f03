/**
 * The only door to the shell: one typed function for each command. Nothing else in the window
 * imports the transport, so what the window can ask for is this list and no more.
 */
import { invoke } from "@tauri-apps/api/core";
import type {
  Alerts,
  AlertsView,
  Approval,
  BackupPlanView,
  BackupView,
  CheckInView,
  DayView,
  DetailsInput,
  DoneView,
  DrawView,
  DryRunView,
  EarnPreview,
  EarnRuleInput,
  FieldInput,
  ImportView,
  MemberBrief,
  MemberFormView,
  MemberInput,
  MemberView,
  PairInput,
  PassChangeInput,
  PassFormView,
  PassTypeInput,
  PassTypeView,
  Prefs,
  RecentVisit,
  PhoneCodeView,
  RedeemPreview,
  RewardInput,
  RewardView,
  RulesInput,
  SessionView,
  SetUpInput,
  StaffInput,
  StaffView,
  StatusView,
  StockChangeInput,
  StockView,
  SyncView,
  TierInput,
  TierView,
  UpgradeView,
  VerifyView,
} from "@/shared/bindings";

/** What a command rejects with. The window matches on `code`; `message` is for a log. */
export class DeskError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly args: Record<string, string> = {},
  ) {
    super(message);
  }

  /** Whatever was thrown, as a DeskError. */
  static from(thrown: unknown): DeskError {
    if (thrown instanceof DeskError) return thrown;
    if (typeof thrown === "object" && thrown !== null && "code" in thrown) {
      const { code, message, args } = thrown as Partial<DeskError>;
      return new DeskError(String(code), String(message ?? code), args ?? {});
    }
    return new DeskError("internal", String(thrown));
  }
}

let signedOut: () => void = () => {};

/** Called when the shell says that nobody is signed in any more. */
export function onSignedOut(callback: () => void): void {
  signedOut = callback;
}

async function call<T>(command: string, args?: Record<string, unknown>): Promise<T> {
  try {
    return await invoke<T>(command, args);
  } catch (thrown) {
    const error = DeskError.from(thrown);
    if (error.code === "not_signed_in") signedOut();
    throw error;
  }
}

type Leave = Approval | null;

export const status = () => call<StatusView>("status");
export const setUp = (input: SetUpInput) => call<StatusView>("set_up", { input });
/** Makes this desk, which has no store yet, part of a business that has a hub. */
export const join = ({ hub, code, till }: PairInput, ownerPin: string) =>
  call<StatusView>("join", { hub, code, till, ownerPin });
/** Those who can sign in. */
export const staffList = () => call<StaffView[]>("staff_list");
export const signIn = (staff: string, pin: string) => call<SessionView>("sign_in", { staff, pin });
export const lock = () => call<null>("lock");
export const touch = () => call<null>("touch");

export const checkInCard = (card: string) => call<CheckInView>("check_in_card", { card });
export const checkInMember = (member: string) => call<CheckInView>("check_in_member", { member });
export const checkInGuest = (member: string, guest: string) =>
  call<CheckInView>("check_in_guest", { member, guest });
/** Everybody else of a member's family. */
export const checkInRelatives = (member: string) =>
  call<CheckInView[]>("check_in_relatives", { member });
export const useVisit = (member: string) => call<CheckInView>("use_visit", { member });
export const letIn = (member: string, reason: string, approval: Leave) =>
  call<CheckInView>("let_in", { member, reason, approval });
export const undo = (fact: string, approval: Leave) => call<DoneView>("undo", { fact, approval });

export const find = (query: string, limit: number) => call<MemberBrief[]>("find", { query, limit });
export const member = (id: string) => call<MemberView>("member", { id });
export const registerMember = (input: MemberInput) =>
  call<MemberView>("register_member", { input });
export const changeMember = (id: string, input: MemberInput) =>
  call<MemberView>("change_member", { id, input });
export const memberForm = () => call<MemberFormView>("member_form");
/** The number of a new card: no other desk gives it out. */
export const newCardNumber = () => call<string>("new_card_number");
export const changeDetails = (id: string, input: DetailsInput, approval: Leave) =>
  call<MemberView>("change_details", { id, input, approval });
/** @param by who answers for them; "": they sign themselves; null: whoever has to. */
export const signWaiver = (id: string, by: string | null, approval: Leave) =>
  call<MemberView>("sign_waiver", { id, by, approval });
/** Books a member for a class; when it begins is as it was typed. */
export const bookClass = (
  member: string,
  name: string,
  begins: string,
  minutes: number | null,
  approval: Leave,
) => call<DoneView>("book_class", { member, name, begins, minutes, approval });
export const banMember = (id: string, banned: boolean, reason: string, approval: Leave) =>
  call<MemberView>("ban_member", { id, banned, reason, approval });
export const eraseMember = (id: string, forfeit: boolean, approval: Leave) =>
  call<null>("erase_member", { id, forfeit, approval });
export const setPhoto = (id: string, image: string) => call<MemberView>("set_photo", { id, image });
export const photo = (id: string) => call<string>("photo", { id });
export const tiers = () => call<TierView[]>("tiers");

/** Those on offer, for what this member pays; null: somebody new. */
export const passTypes = (member: string | null) => call<PassTypeView[]>("pass_types", { member });
/** From a day on, as it was typed; empty: as its kind says. */
export const givePass = (member: string, passType: string, from: string, approval: Leave) =>
  call<DoneView>("give_pass", { member, passType, from, approval });
export const changePass = (
  member: string,
  pass: string,
  change: PassChangeInput,
  approval: Leave,
) => call<DoneView>("change_pass", { member, pass, change, approval });
/** The kinds that can take the place of a pass, with the difference that is paid for each. */
export const passUpgrades = (member: string, pass: string) =>
  call<UpgradeView[]>("pass_upgrades", { member, pass });
export const loseCard = (member: string, card: string, lost: boolean, approval: Leave) =>
  call<MemberView>("lose_card", { member, card, lost, approval });
/** A card is somebody else's from now on. */
export const moveCard = (member: string, card: string, to: string, approval: Leave) =>
  call<MemberView>("move_card", { member, card, to, approval });
export const replaceCard = (member: string, card: string, fresh: string, approval: Leave) =>
  call<MemberView>("replace_card", { member, card, fresh, approval });

export const earnPreview = (member: string, amount: string) =>
  call<EarnPreview>("earn_preview", { member, amount });
export const earn = (member: string, amount: string, approval: Leave) =>
  call<DoneView>("earn", { member, amount, approval });
/** Gives so many points, or takes them. */
export const adjustPoints = (
  member: string,
  points: number,
  take: boolean,
  reason: string,
  approval: Leave,
) => call<DoneView>("adjust_points", { member, points, take, reason, approval });
/** Loads money onto a member's account. */
export const topUp = (member: string, amount: string, reason: string, approval: Leave) =>
  call<DoneView>("top_up", { member, amount, reason, approval });
export const transferPoints = (from: string, to: string, points: number, approval: Leave) =>
  call<DoneView>("transfer_points", { from, to, points, approval });
export const stock = (reward: string) => call<StockView>("stock", { reward });
export const changeStock = (
  reward: string,
  change: StockChangeInput,
  reason: string,
  approval: Leave,
) => call<StockView>("change_stock", { reward, change, reason, approval });
export const rewards = (member: string) => call<RewardView[]>("rewards", { member });
/** For a voucher: it is handed over later. */
export const redeemLater = (member: string, reward: string, code: string | null, approval: Leave) =>
  call<DoneView>("redeem_later", { member, reward, code, approval });
export const handOver = (member: string, given: string, approval: Leave) =>
  call<DoneView>("hand_over", { member, given, approval });
export const redeemPreview = (member: string, reward: string, points: number | null) =>
  call<RedeemPreview>("redeem_preview", { member, reward, points });
export const redeem = (
  member: string,
  reward: string,
  points: number | null,
  onTrust: boolean,
  code: string | null,
  approval: Leave,
) => call<DoneView>("redeem", { member, reward, points, onTrust, code, approval });
/** Without the code on the member's phone: a manager lets it through. */
export const redeemWithoutCode = (
  member: string,
  reward: string,
  points: number | null,
  onTrust: boolean,
  later: boolean,
  approval: Leave,
) => call<DoneView>("redeem_without_code", { member, reward, points, onTrust, later, approval });
/** Sets a member's phone up for codes; the answer is shown once. */
export const setUpPhone = (member: string, approval: Leave) =>
  call<PhoneCodeView>("set_up_phone", { member, approval });

export const recent = () => call<RecentVisit[]>("recent");
export const today = () => call<DayView>("today");
export const day = (day: string | null) => call<DayView>("day", { day });

/** The owner's rules for points, in the order in which they are asked. */
export const earnRuleList = () => call<EarnRuleInput[]>("earn_rule_list");
export const saveEarnRule = (input: EarnRuleInput) =>
  call<EarnRuleInput[]>("save_earn_rule", { input });
/** No member: somebody new. No amount: a visit. */
/** For a sale of an amount, for money that is loaded, or, with neither, for a visit. */
export const tryRules = (member: string | null, amount: string | null, topUp: string | null) =>
  call<DryRunView>("try_rules", { member, amount, topUp });
export const rules = () => call<RulesInput>("rules");
export const alerts = () => call<AlertsView>("alerts");
export const saveAlerts = (alerts: Alerts) => call<AlertsView>("save_alerts", { alerts });
export const saveRules = (input: RulesInput) => call<RulesInput>("save_rules", { input });
/** Which part of the store this desk's door opens; empty: all of it. */
export const saveDoor = (zone: string, approval: Leave) =>
  call<null>("save_door", { zone, approval });
export const savePrefs = (prefs: Prefs) => call<StatusView>("save_prefs", { prefs });
export const rewardList = () => call<RewardInput[]>("reward_list");
export const saveReward = (input: RewardInput) => call<RewardInput[]>("save_reward", { input });
/** What the form for a kind of pass begins with. */
export const passForm = () => call<PassFormView>("pass_form");
/** All, those no longer on offer too. */
export const passTypeList = () => call<PassTypeView[]>("pass_type_list");
export const savePassType = (input: PassTypeInput) =>
  call<PassTypeView[]>("save_pass_type", { input });
/** Tiers as the form takes them. */
export const tierList = () => call<TierInput[]>("tier_list");
export const saveTier = (input: TierInput) => call<TierInput[]>("save_tier", { input });
/** The owner's own fields on members' files, those that are no longer asked for too. */
export const fieldList = () => call<FieldInput[]>("field_list");
export const saveField = (input: FieldInput) => call<FieldInput[]>("save_field", { input });
/** All, those who left too. */
export const staffAll = () => call<StaffView[]>("staff_all");
export const saveStaff = (input: StaffInput) => call<StaffView[]>("save_staff", { input });
export const importMembers = (file: string, profile: "auto" | "zh" | "en", dryRun: boolean) =>
  call<ImportView>("import_members", { file, profile, dryRun });
export const vouch = (approval: Leave) => call<StatusView>("vouch", { approval });
export const backup = () => call<BackupView>("backup");
export const backupPlan = () => call<BackupPlanView>("backup_plan");
/** No folder: no daily backups. */
export const saveBackupPlan = (folder: string | null, keep: number) =>
  call<BackupPlanView>("save_backup_plan", { folder, keep });
export const setRecovery = (passphrase: string) =>
  call<BackupPlanView>("set_recovery", { passphrase });
export const verify = () => call<VerifyView>("verify");

export const pair = ({ hub, code, till }: PairInput) =>
  call<StatusView>("pair", { hub, code, till });
export const syncNow = () => call<StatusView>("sync_now");
export const syncPage = () => call<SyncView>("sync_page");
export const settleNotice = (n: number) => call<null>("settle_notice", { n });
export const mergeMembers = (kept: string, gone: string, approval: Leave) =>
  call<DoneView>("merge_members", { kept, gone, approval });
export const keepApart = (first: string, second: string, approval: Leave) =>
  call<null>("keep_apart", { first, second, approval });
/** Asks the hub for points that are held elsewhere. */
export const drawStock = (reward: string, amount: number) =>
  call<StockView>("draw_stock", { reward, amount });
export const draw = (member: string, points: number) => call<DrawView>("draw", { member, points });
