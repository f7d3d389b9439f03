//! What the owner sets: passes, tiers, staff, rules; and what keeps the store safe.

use punchcard_domain::{
    alerts::{Alert, Alerts, Level},
    numbering::CardNumbers,
    records::Rounding,
    staff::Role,
    terms::{Hours, Length, Start, Terms},
    time::Day,
};
use serde::{Deserialize, Serialize};

use super::Distrust;

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
    /// What it costs whoever it is shown for, in minor units.
    pub price_minor: i64,
    /// Its price, in minor units, where they pay less.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub full_price_minor: Option<i64>,
    /// On offer.
    pub active: bool,
    /// What it allows besides.
    pub terms: TermsView,
}

/// What a kind of pass allows besides its days and visits: [`Terms`] with nothing left out, so
/// that a form need not know what stands for nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct TermsView {
    /// How long it lasts, in units of the calendar; none: as `days` of its kind says.
    pub length: Option<Length>,
    /// When it begins.
    pub start: Start,
    /// One that begins with the first visit begins by itself after so many days; none: it waits.
    pub begins_within_days: Option<u32>,
    /// Days of the week, Monday 1 to Sunday 7; empty: every day.
    pub weekdays: Vec<u32>,
    /// Hours it can be used in; empty: all day.
    pub hours: Vec<Hours>,
    /// Ids of the stores it can be used in; empty: all.
    pub stores: Vec<String>,
    /// Parts of a store whose doors it opens; empty: all.
    pub zones: Vec<String>,
    /// Whether it lets in only around a class that its holder is booked for.
    pub class_only: bool,
    /// Days after the last one on which it still lets in.
    pub grace_days: u32,
    /// Days for which it can be frozen in one calendar year.
    pub freeze_days: u32,
    /// Guests who may be brought in one calendar month.
    pub guests: u32,
    /// What is collected when it becomes somebody else's, in minor units.
    pub transfer_fee_minor: i64,
    /// Points that whoever gives it away pays for that.
    pub transfer_fee_points: i64,
}

impl From<Terms> for TermsView {
    fn from(terms: Terms) -> Self {
        // By name, each of them: one that was forgotten here would be lost when the form is saved.
        let Terms {
            length,
            start,
            begins_within_days,
            weekdays,
            hours,
            stores,
            zones,
            class_only,
            grace_days,
            freeze_days,
            guests,
            transfer_fee_minor,
            transfer_fee_points,
        } = terms;
        let stores = stores.iter().map(ToString::to_string).collect();
        Self {
            length,
            start,
            begins_within_days,
            weekdays,
            hours,
            stores,
            zones,
            class_only,
            grace_days,
            freeze_days,
            guests,
            transfer_fee_minor,
            transfer_fee_points,
        }
    }
}

/// What the form for a kind of pass begins with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PassFormView {
    /// The terms of a new kind: none.
    pub plain: TermsView,
    /// The stores of the business, by name.
    pub stores: Vec<StoreChoice>,
}

/// A store that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct StoreChoice {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
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

/// The house rules that the settings page shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RulesInput {
    /// Points for each whole unit of currency.
    pub points_per_unit: i64,
    /// Points for a visit.
    pub points_per_visit: i64,
    /// What becomes of a fraction of a point.
    #[serde(default)]
    pub rounding: Rounding,
    /// Points can be used for so many months; none: for ever.
    pub points_expire_months: Option<u32>,
    /// A second check-in within so many hours is not counted.
    pub seen_again_hours: u32,
    /// Warn so many days before a pass ends.
    pub expires_soon_days: u32,
    /// Warn when so few visits are left on a pack.
    #[serde(default = "few_visits")]
    pub few_visits: i64,
    /// Nobody is let in without a pass.
    pub pass_required: bool,
    /// Points that may be redeemed on trust, at most, for one member; 0: never.
    pub trust_limit: i64,
    /// A redemption of more points than this asks for the code on the member's own phone; none: none
    /// does.
    #[serde(default)]
    pub code_above: Option<i64>,
    /// Whoever is younger than so many years is a minor; 0: nobody is.
    pub age_of_majority: u32,
    /// A minor's waiver is signed by who answers for them.
    pub guardian_signs: bool,
    /// A redemption of more points than this needs a manager's leave; none: only that of a reward
    /// which says so.
    pub approval_above: Option<i64>,
    /// So many percent of what nobody has touched for a day rest with the member's home desk; the
    /// remainder can be fetched from anywhere.
    pub rest_percent: i64,
    /// Seconds in which one may take back one's own last action without a manager.
    #[serde(default = "undo_secs")]
    pub undo_secs: u32,
    /// The business day begins at this hour, 0 to 12.
    pub day_start_hour: u32,
    /// How new cards are numbered; none: they are printed elsewhere.
    #[serde(default)]
    pub card_numbers: Option<CardNumbers>,
}

/// As few as they are where nobody says: settings that were written down before could not say it.
fn few_visits() -> i64 {
    punchcard_domain::records::Rules::default().few_visits
}

/// As long as it is where nobody says.
fn undo_secs() -> u32 {
    punchcard_domain::records::Rules::default().undo_secs
}

/// What a desk says, and how loudly, each with the level that is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct AlertsView {
    /// What the owner chose.
    pub alerts: Alerts,
    /// Every alert, in the order in which they are told.
    pub rows: Vec<AlertRow>,
}

/// One alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct AlertRow {
    /// Its name.
    pub alert: Alert,
    /// How loudly it is said.
    pub level: Level,
    /// It cannot be switched off.
    pub always: bool,
}

impl From<Alerts> for AlertsView {
    fn from(alerts: Alerts) -> Self {
        let row = |alert: Alert| AlertRow {
            alert,
            level: alerts.level(alert),
            always: alert.least() > Level::None,
        };
        Self { rows: Alert::ALL.into_iter().map(row).collect(), alerts }
    }
}

/// Where a backup was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct BackupView {
    /// The file.
    pub path: String,
}

/// Daily backups, as the settings page shows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct BackupPlanView {
    /// The folder they go to; none: there are none.
    pub folder: Option<String>,
    /// So many are kept there.
    pub keep: usize,
    /// The day of the newest; none: never.
    pub last: Option<Day>,
    /// A recovery passphrase is set: they can be restored on any computer.
    pub recovery: bool,
    /// A recovery passphrase has at least so many characters.
    pub passphrase_least: usize,
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
