//! What crosses to the window and to `--json`: plain data, money and points as whole numbers,
//! times as Unix milliseconds, days as `YYYY-MM-DD`. The window only shows it; it computes none.

use punchcard_domain::{
    staff::{Permission, Role},
    time::Day,
    verdict::{Mend, Reason, Verdict},
};
use serde::{Deserialize, Serialize};

/// A member in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct MemberBrief {
    /// Id.
    pub id: String,
    /// Name as it was given.
    pub name: String,
    /// Phone, masked (138****0427) unless whoever asks may see it in full.
    pub phone: Option<String>,
    /// First card number.
    pub card: Option<String>,
    /// Name of the tier.
    pub tier: Option<String>,
    /// Names the photo, for the command `photo`.
    pub photo: Option<String>,
}

/// Points, honestly: what is on file, what can be spent here now, and how old the first one is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PointsView {
    /// All accounts but spent and expired.
    pub on_file: i64,
    /// What this till may spend now, with no line.
    pub spendable_here: i64,
    /// The rest: held by the pool, another desk, or a life of this store that is not vouched for.
    pub elsewhere: i64,
    /// How old `on_file` is: the last sync, or now where this is the business's only till.
    pub as_of_ms: i64,
    /// Redeemed on trust and not yet repaid.
    pub debt: i64,
    /// What expires first of what is spendable here.
    pub expiring: Option<LotView>,
}

/// Points that expire together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct LotView {
    /// How many.
    pub points: i64,
    /// The last day they can be used; none: they do not expire.
    pub expires: Option<Day>,
}

/// How a pass stands today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum PassState {
    /// Lets its holder in.
    Active,
    /// Not yet begun.
    NotStarted,
    /// Its last day is over.
    Expired,
    /// No visits left.
    UsedUp,
    /// Taken back.
    Voided,
}

/// A pass on a member's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PassView {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// First day.
    pub from: Option<Day>,
    /// Last day; none: no end.
    pub until: Option<Day>,
    /// Days after today until the last one; negative when over.
    pub days_left: Option<i32>,
    /// Visits left on a pack, here and elsewhere; none: a pass for a term.
    pub visits_left: Option<i64>,
    /// Of those, how many can be used at this desk now.
    pub visits_here: Option<i64>,
    /// How it stands.
    pub state: PassState,
}

/// The answer to a scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CheckInView {
    /// Id of the fact: what `undo` takes.
    pub fact: String,
    /// When.
    pub at_ms: i64,
    /// In, in with a note, or stop.
    pub verdict: Verdict,
    /// Why, most important first.
    pub reasons: Vec<Reason>,
    /// What mends it, the best first.
    pub mends: Vec<Mend>,
    /// Who; none where the card is nobody's.
    pub member: Option<MemberBrief>,
    /// What was scanned, where it is nobody's card.
    pub unknown_card: Option<String>,
    /// The pass that let them in, or the newest one.
    pub pass: Option<PassView>,
    /// The note on the member's file.
    pub staff_note: Option<String>,
    /// Check-ins this calendar month, this one among them.
    pub visits_this_month: i64,
    /// The visit before this one.
    pub last_visit_ms: Option<i64>,
    /// Points after this visit.
    pub points: Option<PointsView>,
    /// Stored value on file, in minor units.
    pub stored_minor: i64,
    /// Points given for this visit.
    pub points_earned: i64,
    /// Until when `undo` takes it back without a manager.
    pub undo_until_ms: i64,
}

/// A member's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct MemberView {
    /// Id, name, phone, card, tier, photo.
    #[serde(flatten)]
    pub brief: MemberBrief,
    /// E-mail, masked like the phone.
    pub email: Option<String>,
    /// Birthday.
    pub birthday: Option<Day>,
    /// As given: `female`, `male`, `other`, or nothing.
    pub gender: Option<String>,
    /// The staff's note.
    pub note: Option<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// All card numbers.
    pub cards: Vec<String>,
    /// Points are multiplied by this, in percent.
    pub multiplier_percent: i64,
    /// Whether they are banned.
    pub banned: bool,
    /// Why.
    pub banned_reason: Option<String>,
    /// When the file was opened.
    pub joined_ms: i64,
    /// Passes, those that let in first.
    pub passes: Vec<PassView>,
    /// Points.
    pub points: PointsView,
    /// Points spendable here, by expiry, first to expire first.
    pub lots: Vec<LotView>,
    /// Stored value on file, in minor units.
    pub stored_minor: i64,
    /// All visits.
    pub visits_total: i64,
    /// Visits this calendar month.
    pub visits_this_month: i64,
    /// The last one.
    pub last_visit_ms: Option<i64>,
    /// What happened, newest first, at most 50.
    pub history: Vec<DayRow>,
}

/// What a form about a member sends. Absent or empty: none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct MemberInput {
    /// Name: the only one that must be there.
    pub name: String,
    /// Phone, in any spelling.
    pub phone: String,
    /// E-mail.
    pub email: String,
    /// `YYYY-MM-DD` and the spellings that an import reads.
    pub birthday: String,
    /// `female`, `male`, `other` or nothing.
    pub gender: String,
    /// A note for the desk.
    pub note: String,
    /// Tags.
    pub tags: Vec<String>,
    /// Card numbers.
    pub cards: Vec<String>,
    /// Id of the tier.
    pub tier: Option<String>,
}

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct DayRow {
    /// Id of the fact: what `void_fact` takes.
    pub fact: String,
    /// Place in its journal.
    pub seq: i64,
    /// When.
    pub at_ms: i64,
    /// Kind: `visit_recorded`, `points_earned`, `points_redeemed`, `fact_voided`,
    /// `member_registered`, `member_changed`, `pass_given`, `value_expired`, `stream_opened`,
    /// `stream_vouched`, `reward_set`, `pass_type_set`, `tier_set`, `staff_set`, `rules_set`, …
    pub kind: String,
    /// Who was signed in.
    pub staff: Option<String>,
    /// Member's id.
    pub member: Option<String>,
    /// Member's name.
    pub member_name: Option<String>,
    /// Points given (positive) or used (negative).
    pub points: i64,
    /// What was paid, in minor units.
    pub amount_minor: i64,
    /// Verdict of a visit.
    pub verdict: Option<Verdict>,
    /// Reasons of a visit.
    pub reasons: Vec<Reason>,
    /// What it was about: a reward, a pass.
    pub label: Option<String>,
    /// It was voided.
    pub voided: bool,
    /// It can be voided.
    pub voidable: bool,
}

/// A business day of this store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct DayView {
    /// The day.
    pub day: Day,
    /// People let in.
    pub visits: i64,
    /// Refused.
    pub refused: i64,
    /// Points given.
    pub points_given: i64,
    /// Redemptions.
    pub redemptions: i64,
    /// Points used.
    pub points_used: i64,
    /// New members.
    pub new_members: i64,
    /// Visits in each hour since the day began, 24 of them.
    pub hourly: Vec<i64>,
    /// Its entries, newest first (empty where only the figures were asked for).
    pub rows: Vec<DayRow>,
}

/// A visit in the list on the right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RecentVisit {
    /// Id of the fact.
    pub fact: String,
    /// When.
    pub at_ms: i64,
    /// Member's id; none where the card was nobody's.
    pub member: Option<String>,
    /// Member's name.
    pub name: Option<String>,
    /// Verdict.
    pub verdict: Verdict,
    /// The first reason, where there is one.
    pub reason: Option<Reason>,
    /// Name of the pass.
    pub pass: Option<String>,
    /// It was taken back.
    pub voided: bool,
}

/// What an amount would earn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct EarnPreview {
    /// The amount, in minor units.
    pub amount_minor: i64,
    /// Points that will be given.
    pub points: i64,
    /// Before the tier's multiplier.
    pub base: i64,
    /// The tier's multiplier in percent.
    pub multiplier_percent: i64,
    /// Last day they can be used.
    pub expires: Option<Day>,
    /// Of those, how many repay a debt.
    pub repays_debt: i64,
}

/// Whether a member can have a reward here, now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Affordable {
    /// With what is spendable here.
    Here,
    /// On file there is enough, but part of it is held elsewhere.
    NeedsLine,
    /// Not enough on file.
    No,
}

/// A reward, for one member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RewardView {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// What it costs in points; 0: the cashier chooses how many.
    pub cost: i64,
    /// Where the cashier chooses: what one point takes off, in minor units of money.
    pub minor_per_point: i64,
    /// Whether this member can have it.
    pub affordable: Affordable,
    /// Points missing: here or on file, as `affordable` says.
    pub short_by: i64,
}

/// What a redemption would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RedeemPreview {
    /// Points it takes.
    pub points: i64,
    /// Which lots, first to expire first.
    pub lots: Vec<LotView>,
    /// Spendable here afterwards.
    pub left_here: i64,
    /// On file afterwards.
    pub left_on_file: i64,
    /// How many would go on trust.
    pub on_trust: i64,
    /// Money off, in minor units, where the cashier chose the points.
    pub money_off_minor: i64,
}

/// Something was done at the desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct DoneView {
    /// Id of the fact: what `undo` takes.
    pub fact: String,
    /// When.
    pub at_ms: i64,
    /// Points given (positive) or used (negative).
    pub points: i64,
    /// The member's points afterwards.
    pub balance: Option<PointsView>,
    /// Until when `undo` takes it back without a manager.
    pub undo_until_ms: i64,
}

/// A kind of pass on offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PassTypeView {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Days it lasts; none: no end.
    pub days: Option<i32>,
    /// Visits in the pack; none: as often as one likes.
    pub visits: Option<i64>,
    /// Price, in minor units.
    pub price_minor: i64,
    /// On offer.
    pub active: bool,
}

/// A tier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct TierView {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Points are multiplied by this, in percent.
    pub multiplier_percent: i64,
}

/// One of the staff, on the sign-in page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct StaffView {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Role.
    pub role: Role,
    /// May sign in.
    pub active: bool,
    /// Until when their PIN is refused, after too many wrong ones.
    pub locked_until_ms: Option<i64>,
}

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SessionView {
    /// Id.
    pub staff: String,
    /// Name.
    pub name: String,
    /// Role.
    pub role: Role,
    /// What they may.
    pub permissions: Vec<Permission>,
}

/// A manager's PIN given on the spot, for one action.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Approval {
    /// Whose PIN.
    pub staff: String,
    /// The PIN.
    pub pin: String,
}

impl std::fmt::Debug for Approval {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Approval").field("staff", &self.staff).finish_non_exhaustive()
    }
}

/// Why a store is not trusted to be the newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Distrust {
    /// The store is behind the anchor: entries that were acknowledged are gone.
    BehindAnchor,
    /// The anchor names an entry that this store has otherwise.
    OtherHistory,
    /// There is no anchor, or it cannot be read.
    NoAnchor,
    /// The folder was copied, or is another machine's.
    Copied,
    /// It was restored from a backup.
    Restored,
}

/// How the desk stands: what the window asks for first and after each change.
#[expect(clippy::struct_excessive_bools, reason = "each is a lamp of its own on the bar")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct StatusView {
    /// False: there is no store yet; show the first-run page.
    pub set_up: bool,
    /// Name of the business.
    pub business: String,
    /// Name of the store.
    pub store: String,
    /// ISO 4217.
    pub currency: String,
    /// How many digits of the minor unit: 2 for CNY and USD.
    pub currency_digits: u32,
    /// IANA name.
    pub time_zone: String,
    /// Today, as this store counts days.
    pub day: Option<Day>,
    /// The machine's clock.
    pub now_ms: i64,
    /// Who is signed in.
    pub session: Option<SessionView>,
    /// There is a member; none: a new shop.
    pub has_members: bool,
    /// Entries that no hub has yet.
    pub unsynced: i64,
    /// The last sync; none: never.
    pub last_sync_ms: Option<i64>,
    /// This is the business's only till.
    pub only_till: bool,
    /// This store is not trusted to be the newest: nothing is spendable until a hub has been
    /// reached or, where this is the only till, a manager vouches for it.
    pub distrust: Option<Distrust>,
    /// Keys are in a file, not in the system's keyring: said in the settings.
    pub keys_in_file: bool,
    /// The clock stands before the last entry.
    pub clock_behind: bool,
    /// Version of this program.
    pub version: String,
    /// Preferences of this desk.
    pub prefs: Prefs,
}

/// Light or dark.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Theme {
    /// As the system.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// Preferences of one desk, not of the business; they are no facts and travel nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Prefs {
    /// `zh-CN` or `en`.
    pub language: String,
    /// Light or dark.
    pub theme: Theme,
    /// Beep at a verdict.
    pub sounds: bool,
    /// The desk locks itself after so many seconds without a key, a touch or a scan.
    pub idle_lock_secs: u32,
    /// What the scanner sends before a code.
    pub scanner_prefix: String,
    /// What it sends behind it, before Enter.
    pub scanner_suffix: String,
    /// The longest time between two of a scanner's keys, in milliseconds.
    pub scanner_gap_ms: u32,
}

impl Default for Prefs {
    fn default() -> Self {
        Self {
            language: "zh-CN".into(),
            theme: Theme::System,
            sounds: true,
            idle_lock_secs: 120,
            scanner_prefix: String::new(),
            scanner_suffix: String::new(),
            scanner_gap_ms: 50,
        }
    }
}

/// The house rules that the settings page shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RulesInput {
    /// Points for each whole unit of currency.
    pub points_per_unit: i64,
    /// Points for a visit.
    pub points_per_visit: i64,
    /// Points can be used for so many months; none: for ever.
    pub points_expire_months: Option<u32>,
    /// A second check-in within so many hours is not counted.
    pub seen_again_hours: u32,
    /// Warn so many days before a pass ends.
    pub expires_soon_days: u32,
    /// Nobody is let in without a pass.
    pub pass_required: bool,
    /// Points that may be redeemed on trust, at most, for one member; 0: never.
    pub trust_limit: i64,
    /// The business day begins at this hour, 0 to 12.
    pub day_start_hour: u32,
}

/// What the first-run page sends.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SetUpInput {
    /// Name of the business.
    pub business: String,
    /// Name of the store.
    pub store: String,
    /// The owner's name.
    pub owner: String,
    /// The owner's PIN: six digits.
    pub pin: String,
    /// Fill it with a demo shop.
    pub demo: bool,
}

/// What an import did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ImportReport {
    /// Rows in the file, the heading not counted.
    pub rows: u64,
    /// Members that came in.
    pub imported: u64,
    /// Rows whose member is already here, from this file or an earlier one.
    pub already_here: u64,
    /// Rows that did not come in, by reason.
    pub rejected: Rejected,
    /// Rows that came in with something left out.
    pub warnings: Warnings,
    /// Points that came in.
    pub points_total: i64,
    /// Stored value that came in, in minor units.
    pub stored_minor_total: i64,
}

/// An import's report, and the rows that did not come in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ImportView {
    /// What came in, or would.
    pub report: ImportReport,
    /// What did not, with the reason, as CSV to be mended.
    pub rejects_csv: String,
}

/// Where a backup was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct BackupView {
    /// The file.
    pub path: String,
}

/// Rows that did not come in, by reason.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Rejected {
    /// The phone cannot be one.
    pub bad_phone: u64,
    /// There is no name.
    pub no_name: u64,
    /// The phone is another member's.
    pub duplicate_phone: u64,
    /// Points, stored value or visits are not an amount.
    pub bad_points: u64,
    /// The row has not as many cells as the heading, or cannot be read at all.
    pub bad_row: u64,
}

/// Rows that came in with something left out, or would have but for another reason.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Warnings {
    /// The birthday is not a day. Counted over all rows, rejected ones too.
    pub bad_birthday: u64,
    /// A date of a pass cannot be read; the member came in without that pass.
    pub bad_pass: u64,
}

/// What `verify` found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct VerifyView {
    /// Everything holds.
    pub ok: bool,
    /// Entries checked.
    pub entries: i64,
    /// What does not hold, in sentences.
    pub problems: Vec<String>,
    /// Set while the store is not trusted to be the newest.
    pub distrust: Option<Distrust>,
    /// Hash over all folded tables.
    pub digest: String,
}
