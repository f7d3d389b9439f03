//! What is kept and what crosses a wire.
//!
//! An **entry** is a fact in one till's journal: a fixed binary header and a payload. The entry's
//! hash is over the header's bytes *as stored*; nothing is ever serialised again to be hashed, so
//! a change of JSON library, field order or number format can never break the chain.
//!
//! This crate knows no disk, no clock and no business rule.

mod chain;
mod digest;
mod entry;
mod hash;
mod head;
mod ids;
mod stamp;
pub mod sync;
mod tree;

pub use chain::{ChainError, Link, follow};
pub use digest::{SetSum, TableHasher, Value, digest_of_tables};
pub use entry::{
    Draft, Entry, EntryError, FORMAT_VERSION, HEADER_BYTES, Header, MAX_PAYLOAD_BYTES,
    MAX_PRIVATE_BYTES, PrivatePart, has_nul, seal,
};
pub use hash::{Hash, commit, hash_header};
pub use head::{HeadError, SIGNATURE_BYTES, SignedHead, StreamKey, verify_head};
pub use ids::{
    FactId, IdError, LotId, MemberId, PassId, RecordId, StaffId, StoreId, StreamId, TillId,
};
pub use stamp::{COUNTER_BITS, Hlc, HybridClock, MAX_MERGE_AHEAD_MS, Stamp};
pub use tree::{Edge, LogHead, Place, is_beginning, leaf, node, proof_places};
