//! How one desk stands, who is at it, and how they like it.

use punchcard_domain::{
    staff::{Permission, Role},
    time::Day,
};
use serde::{Deserialize, Serialize};

use super::LineView;

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
    /// The hub has another entry where this journal has one of its own.
    Forked,
    /// The journal's chain of hashes does not hold.
    ChainBroken,
    /// This till no longer belongs to the business.
    Revoked,
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
    /// The line to the hub.
    pub line: LineView,
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
    /// The part of the store whose door this desk opens; none: all of it.
    pub door: Option<String>,
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
