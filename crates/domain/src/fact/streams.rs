//! What a journal says of itself, and of whose accounts it may debit.

use punchcard_protocol::{FactId, Hash, StaffId, StreamId};
use serde::{Deserialize, Serialize};

/// A journal begins, or goes on in a new life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamOpened {
    /// Id.
    pub id: FactId,
    /// Ed25519, 64 hexadecimal digits: what heads of this stream are checked with.
    pub public_key: String,
    /// Why: `new`, or the name of what made the store distrust itself.
    pub reason: String,
    /// The life before: its stream and the newest link that this store holds of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<PreviousLife>,
}

/// How far an earlier life of a till is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviousLife {
    /// Whose.
    pub stream: StreamId,
    /// Newest place in this store.
    pub seq: u64,
    /// Its hash.
    pub hash: Hash,
}

/// A manager vouches for a store that was restored: this stream takes its earlier lives' accounts
/// over. Only where this is the business's only till.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamVouched {
    /// Id.
    pub id: FactId,
    /// Whose accounts this stream may debit from now on.
    pub takes_over: Vec<StreamId>,
    /// Who vouched.
    pub by: StaffId,
}

/// The hub takes a stream's accounts over: a lost till's (a manager says so), or those of an
/// earlier life that is known to have lost nothing. From now on the hub may debit them. The
/// hub's alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamReclaimed {
    /// Id of the fact.
    pub id: FactId,
    /// Whose accounts.
    pub stream: StreamId,
    /// The newest entry of it that the hub held: what it spent beyond may be overdrawn.
    pub seq: u64,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// A person said so; else the hub knew that nothing was lost.
    pub by_manager: bool,
}
