//! Value between journals: what runs out, is granted, given back, frozen.

use punchcard_protocol::{FactId, LotId, MemberId};
use serde::{Deserialize, Serialize};

use crate::ledger::{Posting, ValueKind};

/// Value ran out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueExpired {
    /// Id of the fact.
    pub id: FactId,
    /// Whose.
    pub member: MemberId,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// To `Expired`.
    pub postings: Vec<Posting>,
}

/// Why the hub grants value to a till.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantReason {
    /// A till asked for it.
    Draw,
    /// It rests there, by the owner's policy.
    Rest,
}

/// The hub gives value to a till: from the pool, or from accounts it took over. The hub's alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueGranted {
    /// Id of the fact.
    pub id: FactId,
    /// Whose value.
    pub member: MemberId,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// Why.
    pub reason: GrantReason,
    /// From which lots, to which till.
    pub postings: Vec<Posting>,
}

/// A till gives value to the pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueReturned {
    /// Id of the fact.
    pub id: FactId,
    /// Whose value.
    pub member: MemberId,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// From which lots.
    pub postings: Vec<Posting>,
}

/// An owner of accounts gives back what it holds of a lot that was taken back elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueGivenBack {
    /// Id of the fact.
    pub id: FactId,
    /// Whose value.
    pub member: MemberId,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// Which lot.
    pub lot: LotId,
    /// Whose lot, where it is a merged file's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<MemberId>,
    /// What was still held.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub postings: Vec<Posting>,
    /// What had been spent here without whoever took it back knowing: the member owes it.
    #[serde(default)]
    pub debt: i64,
}

/// A debt on this stream's account was repaid with what the member had, here or drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DebtRepaid {
    /// Id of the fact.
    pub id: FactId,
    /// Whose.
    pub member: MemberId,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// From which lots.
    pub postings: Vec<Posting>,
    /// How much.
    pub amount: i64,
}

/// A lot that no rule explains is frozen until a person rules, or is free again. The hub's alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LotRuled {
    /// Id of the fact.
    pub id: FactId,
    /// Whose.
    pub member: MemberId,
    /// Which lot.
    pub lot: LotId,
    /// Its kind.
    pub kind: ValueKind,
    /// It cannot be spent.
    pub frozen: bool,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
}
