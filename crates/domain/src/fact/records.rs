//! What the owner sets.

use punchcard_protocol::{FactId, Hash, StreamId};
use serde::{Deserialize, Serialize};

use crate::numbering::NumberBlock;

/// A record of the owner's was set; the latest is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordSet<T> {
    /// Id of the fact.
    pub id: FactId,
    /// The record as it is from now on.
    pub record: T,
    /// The private part, for staff: their name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<Hash>,
}

/// A journal may give out these card numbers, and no other one may. Said by the hub, or by the
/// business's only till to itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardsAllotted {
    /// Id of the fact.
    pub id: FactId,
    /// Who gives them out: a life of a till. Its next life does not.
    pub to: StreamId,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// Which.
    pub numbers: NumberBlock,
}
