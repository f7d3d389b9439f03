//! A member: in a list, on file, in a form; and their passes.

use punchcard_domain::time::Day;
use serde::{Deserialize, Serialize};

use super::{DayRow, LotView, PointsView};

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
