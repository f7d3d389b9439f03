//! Rewards in the shop's hands.

use punchcard_protocol::{FactId, Hash, MemberId, RecordId, StaffId, StoreId};
use serde::{Deserialize, Serialize};

use crate::ledger::{Lot, Posting};

/// A reward was handed over for a voucher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RewardHandedOver {
    /// Id of the fact.
    pub id: FactId,
    /// To whom.
    pub member: MemberId,
    /// Where.
    pub store: StoreId,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// The fact that gave the voucher.
    pub given: FactId,
    /// What.
    pub reward: RecordId,
    /// What it was called.
    pub reward_name: String,
    /// The voucher, and what leaves the reward's stock.
    pub postings: Vec<Posting>,
    /// A manager who approved it on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<StaffId>,
}

/// A reward's stock in a store was put in, taken out, or counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockChanged {
    /// Id of the fact.
    pub id: FactId,
    /// Of which reward.
    pub reward: RecordId,
    /// In which store.
    pub store: StoreId,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// How many more (positive) or fewer; 0: it was counted, and right.
    pub amount: i64,
    /// How many were counted, where somebody counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<i64>,
    /// What was put in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub put: Option<Lot>,
    /// What was taken out, from which lots.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub postings: Vec<Posting>,
    /// Why. Somebody's words: may name people, so it is the private part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<Hash>,
    /// A manager who approved it on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<StaffId>,
}
