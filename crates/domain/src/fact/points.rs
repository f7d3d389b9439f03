//! Points and money that a desk gives, takes, and takes back.

use punchcard_protocol::{FactId, Hash, LotId, MemberId, RecordId, StaffId, StoreId, StreamId};
use serde::{Deserialize, Serialize};

use crate::{
    earning::Part,
    earning::event::SaleLine,
    ledger::{Lot, Posting},
    rewards::is_default,
};

/// Points given: a new lot, of which part may repay a debt at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gain {
    /// The lot.
    pub lot: Lot,
    /// What of it repays the member's debt at this till.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repaid: Option<Posting>,
    /// From when on it can be used, where not at once: Unix ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usable_ms: Option<i64>,
}

/// How points came about by rules that the owner wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByRules {
    /// What each rule gave, and which version of it.
    pub parts: Vec<Part>,
    /// Lots beside the first: points that run out, or can be used, at other times.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more: Vec<Gain>,
    /// What was sold, where that is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<SaleLine>,
}

/// Every lot that points were given in.
pub fn gains<'a>(
    first: Option<&'a Gain>,
    by_rules: Option<&'a ByRules>,
) -> impl Iterator<Item = &'a Gain> {
    first.into_iter().chain(by_rules.into_iter().flat_map(|by_rules| &by_rules.more))
}

/// How many points were given in all of them.
pub fn gained(first: Option<&Gain>, by_rules: Option<&ByRules>) -> i64 {
    gains(first, by_rules).map(|gain| gain.lot.amount).fold(0, i64::saturating_add)
}

/// Points were given for an amount spent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointsEarned {
    /// Id of the fact.
    pub id: FactId,
    /// To whom.
    pub member: MemberId,
    /// Where.
    pub store: StoreId,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// What was paid, in minor units.
    pub amount_minor: i64,
    /// Points per unit that the rules gave; 0 where the owner wrote rules.
    pub points_per_unit: i64,
    /// The tier's multiplier in percent.
    pub multiplier_percent: i64,
    /// The points; none where the amount was too small for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earned: Option<Gain>,
    /// How they came about, where the owner wrote rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_rules: Option<ByRules>,
    /// The fact by which whoever sent this member got points, for this was the first time that they
    /// came: it is taken back with this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refers: Option<FactId>,
    /// A manager who approved it on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<StaffId>,
}

/// Points were redeemed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointsRedeemed {
    /// Id of the fact.
    pub id: FactId,
    /// Whose.
    pub member: MemberId,
    /// Where.
    pub store: StoreId,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// For what.
    pub reward: RecordId,
    /// What it was called.
    pub reward_name: String,
    /// How many, those on trust among them.
    pub points: i64,
    /// Money off, in minor units, where the cashier chose the points.
    #[serde(default)]
    pub money_off_minor: i64,
    /// What the cashier collected beside the points, in minor units.
    #[serde(default, skip_serializing_if = "is_default")]
    pub money_minor: i64,
    /// From which lots.
    pub postings: Vec<Posting>,
    /// What was given on trust: the member owes it.
    #[serde(default)]
    pub on_trust: i64,
    /// The step of the member's own code that was given, where one was asked for: it is used up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_step: Option<i64>,
    /// Handed over later, for this voucher: a coupon whose lot has this fact's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voucher: Option<Lot>,
    /// A manager who approved it on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<StaffId>,
}

/// Points were given, or taken, by somebody who may, for a reason of theirs and by no rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointsAdjusted {
    /// Id of the fact.
    pub id: FactId,
    /// Whose.
    pub member: MemberId,
    /// Where.
    pub store: StoreId,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// How many: given (positive) or taken (negative).
    pub points: i64,
    /// What was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earned: Option<Gain>,
    /// What was taken, from which lots.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub postings: Vec<Posting>,
    /// Why. A cashier's words: may name people, so it is the private part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<Hash>,
    /// A manager who approved it on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<StaffId>,
}

/// One member's points became another's: two facts, one for each of the two, that are written and
/// taken back together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointsTransferred {
    /// Id of the fact.
    pub id: FactId,
    /// Whose points this one is about.
    pub member: MemberId,
    /// Where.
    pub store: StoreId,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// How many: they went (negative) or came (positive).
    pub points: i64,
    /// To whom they went, or from whom they came.
    pub other: MemberId,
    /// The other one of the two facts.
    pub counterpart: FactId,
    /// What went, from which lots.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub postings: Vec<Posting>,
    /// What came: for each posting of the other fact a lot of as many, that runs out when that
    /// one does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gains: Vec<Gain>,
    /// A manager who approved it on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<StaffId>,
}

/// Somebody came for the first time, and whoever sent them got points: written and taken back
/// together with what was done that first time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReferralRewarded {
    /// Id of the fact.
    pub id: FactId,
    /// Who sent them, and got the points.
    pub member: MemberId,
    /// Where.
    pub store: StoreId,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// Whom they sent.
    pub of: MemberId,
    /// Their first sale or visit, in the same journal.
    pub cause: FactId,
    /// The points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earned: Option<Gain>,
    /// How they came about.
    pub by_rules: ByRules,
}

/// Money was loaded onto a member's account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToppedUp {
    /// Id of the fact.
    pub id: FactId,
    /// Whose account.
    pub member: MemberId,
    /// Where.
    pub store: StoreId,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// The money, in minor units.
    pub value: Lot,
    /// Points for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earned: Option<Gain>,
    /// How they came about, where the owner wrote rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_rules: Option<ByRules>,
    /// Why, or how it was paid. A cashier's words: may name people, so it is the private part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<Hash>,
    /// A manager who approved it on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<StaffId>,
}

/// Something was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactVoided {
    /// Id of this fact.
    pub id: FactId,
    /// What was taken back.
    pub target: FactId,
    /// Whose it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<MemberId>,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// Value put back, or taken back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub postings: Vec<Posting>,
    /// Value given anew, where it was spent at another desk.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lots: Vec<Lot>,
    /// Lots that count for nothing from now on: whoever holds some of one gives it back when this
    /// fact reaches them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub take_back: Vec<TakeBack>,
    /// What the member owes from now on (positive) or no longer owes (negative).
    #[serde(default)]
    pub debt: i64,
    /// Points given back (positive) or taken back (negative), for showing.
    #[serde(default)]
    pub points: i64,
    /// A manager who approved it on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<StaffId>,
}

/// A lot that is taken back wherever it lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeBack {
    /// The lot.
    pub lot: LotId,
    /// Whose, where it is a merged file's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<MemberId>,
    /// What is known to be spent of it, by stream, and so is in the debt of the fact that takes it
    /// back. What a stream has spent beyond becomes debt when that stream gives back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spent: Vec<SpentAt>,
}

/// So much was spent by one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpentAt {
    /// By whom.
    pub stream: StreamId,
    /// How much.
    pub amount: i64,
}
