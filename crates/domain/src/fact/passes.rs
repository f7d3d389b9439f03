//! Passes: given, frozen, longer, another, somebody else's, ended.

use punchcard_protocol::{FactId, Hash, MemberId, PassId, RecordId, StaffId};
use serde::{Deserialize, Serialize};

use crate::{
    ledger::{Lot, Posting},
    rewards::is_default,
    terms::Terms,
    time::Day,
};

/// A pass as it was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    /// Id.
    pub id: PassId,
    /// What it was called when it was given.
    pub name: String,
    /// Its kind, where that is on offer here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pass_type: Option<RecordId>,
    /// First day.
    pub from: Day,
    /// Last day; none: no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Day>,
    /// Its visits; none: as often as one likes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visits: Option<Lot>,
    /// What it allows besides, as it was sold.
    #[serde(default, skip_serializing_if = "Terms::is_plain")]
    pub terms: Terms,
    /// Of one that took the place of another, or was somebody else's: what it brings along. None:
    /// it is the first, or an older program did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Before>,
}

/// What a pass brings along from the one whose place it took, or that it was before it became
/// somebody else's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    /// What had been paid by then, in minor units; transfer fees are no part of it.
    pub paid_minor: i64,
    /// Visits of packs that had been used by then.
    #[serde(default, skip_serializing_if = "is_default")]
    pub used: i64,
}

/// A pass was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassGiven {
    /// Id of the fact.
    pub id: FactId,
    /// To whom.
    pub member: MemberId,
    /// The pass.
    pub pass: Pass,
    /// What it cost, in minor units.
    pub price_minor: i64,
    /// So many percent of its price that is, as their tier lets them pay; none: all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_percent: Option<i64>,
    /// The fact with which somebody else gave theirs away: it is taken back with that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transferred: Option<FactId>,
    /// A manager who approved it on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<StaffId>,
}

/// A pass cannot be used for a while, and ends so many days later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassFrozen {
    /// Id of the fact.
    pub id: FactId,
    /// Whose.
    pub member: MemberId,
    /// Which.
    pub pass: PassId,
    /// When it was said, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// First day on which it cannot be used.
    pub from: Day,
    /// The last one.
    pub until: Day,
    /// A manager who approved it on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<StaffId>,
}

/// Freezes of a pass end before their time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassUnfrozen {
    /// Id of the fact.
    pub id: FactId,
    /// Whose.
    pub member: MemberId,
    /// Which.
    pub pass: PassId,
    /// When it was said, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// The facts that froze it.
    pub freezes: Vec<FactId>,
    /// First day on which it can be used again.
    pub on: Day,
    /// A manager who approved it on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<StaffId>,
}

/// A pass ends later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassExtended {
    /// Id of the fact.
    pub id: FactId,
    /// Whose.
    pub member: MemberId,
    /// Which.
    pub pass: PassId,
    /// When it was said, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// So many days.
    pub days: u32,
    /// Why. A cashier's words: may name people, so it is the private part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<Hash>,
    /// A manager who approved it on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<StaffId>,
}

/// Another kind of pass takes the place of one, for the difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassUpgraded {
    /// Id of the fact.
    pub id: FactId,
    /// Whose.
    pub member: MemberId,
    /// The pass that ends.
    pub pass: PassId,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// First day on which it can no longer be used.
    pub on: Day,
    /// The one that takes its place.
    pub given: Pass,
    /// What was paid for the change, in minor units.
    pub paid_minor: i64,
    /// So many percent of the new one's price that were reckoned with, as their tier lets them pay; none:
    /// all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_percent: Option<i64>,
    /// Visits of the old one that no longer count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub postings: Vec<Posting>,
    /// A manager who approved it on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<StaffId>,
}

/// A pass becomes somebody else's: it ends here, and another fact gives what is left of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassTransferred {
    /// Id of the fact.
    pub id: FactId,
    /// Whose it was.
    pub member: MemberId,
    /// Which.
    pub pass: PassId,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// First day on which it can no longer be used.
    pub on: Day,
    /// Whose it is now.
    pub to: MemberId,
    /// The fact that gives it.
    pub given: FactId,
    /// What was paid for it, in minor units.
    pub fee_minor: i64,
    /// Points that were paid for it by whose it was.
    #[serde(default, skip_serializing_if = "is_default")]
    pub fee_points: i64,
    /// Its visits, and the points.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub postings: Vec<Posting>,
    /// A manager who approved it on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<StaffId>,
}

/// A pass ends before its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassCancelled {
    /// Id of the fact.
    pub id: FactId,
    /// Whose.
    pub member: MemberId,
    /// Which.
    pub pass: PassId,
    /// When it was said, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// First day on which it can no longer be used.
    pub on: Day,
    /// What was given back, in minor units.
    #[serde(default)]
    pub refund_minor: i64,
    /// Why. A cashier's words: may name people, so it is the private part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<Hash>,
    /// A manager who approved it on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<StaffId>,
}
