//! Who stood at the desk, and who is booked for a class.

use punchcard_protocol::{FactId, Hash, MemberId, PassId, StaffId, StoreId};
use serde::{Deserialize, Serialize};

use super::points::{ByRules, Gain};
use crate::{
    classes::Booking,
    ledger::Posting,
    standing::Change,
    verdict::{Because, Reason, Verdict},
};

/// Somebody stood at the desk: let in, or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VisitRecorded {
    /// Id of the fact.
    pub id: FactId,
    /// Who; none where the card was nobody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<MemberId>,
    /// Where.
    pub store: StoreId,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// What the desk said.
    pub verdict: Verdict,
    /// Why, most important first.
    pub reasons: Vec<Reason>,
    /// It counts as a visit: let in, and not seen within the window.
    pub counted: bool,
    /// The pass that let them in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pass: Option<PassId>,
    /// Why that one, where another would have let them in too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<Because>,
    /// What the visit does to that pass: it begins, its freeze ends, a guest came in on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// Visits taken from a pack.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub postings: Vec<Posting>,
    /// Points for the visit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earned: Option<Gain>,
    /// How they came about, where the owner wrote rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_rules: Option<ByRules>,
    /// The fact by which whoever sent this member got points, for this was the first time that they
    /// came: it is taken back with this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refers: Option<FactId>,
    /// Why they were let in against a red verdict. A cashier's words: may name people, so it is
    /// the private part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<Hash>,
    /// A manager who approved it on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<StaffId>,
}

/// A member is booked for a class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassBooked {
    /// Id of the fact.
    pub id: FactId,
    /// Who.
    pub member: MemberId,
    /// Where it was written down; they may come to the class in another store.
    pub store: StoreId,
    /// When it was said, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// When the class is.
    pub class: Booking,
    /// What the class is called. A cashier's words: may name people, so it is the private part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<Hash>,
    /// A manager who approved it on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<StaffId>,
}
