//! Questions and answers. Unknown fields are passed over, so that either side may be the newer one.

use serde::{Deserialize, Serialize};

use super::packet::Packet;
use crate::{
    hash::Hash,
    head::SignedHead,
    ids::{FactId, LotId, MemberId, StoreId, StreamId, TillId},
    tree::LogHead,
};

/// The protocols that somebody speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The oldest.
    pub min: u32,
    /// The newest.
    pub max: u32,
}

/// How much one call may carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Entries in one push or pull.
    pub batch_entries: usize,
    /// Bytes of packets in one push or pull, before compression.
    pub batch_bytes: usize,
    /// Bytes of a body as it is sent.
    pub body_bytes: usize,
    /// Bytes of a body once it is expanded.
    pub expanded_bytes: usize,
}

/// Who the hub is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Its id.
    pub hub: TillId,
    /// Its Ed25519 key, hexadecimal.
    pub key: String,
    /// Which life of it: it grows when the hub was restored from an older backup.
    pub epoch: u32,
    /// What it speaks.
    pub protocol: Window,
    /// What it takes.
    pub limits: Limits,
    /// Its clock: Unix ms.
    pub now_ms: i64,
}

/// A till wants to see that the hub knows its code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolBegin {
    /// The code's first four letters.
    pub code_id: String,
    /// 32 random bytes, hexadecimal.
    pub nonce: String,
}

/// The hub's proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolProof {
    /// The hub's id.
    pub hub: TillId,
    /// Its Ed25519 key, hexadecimal.
    pub key: String,
    /// See [`super::pairing_proof`].
    pub proof: Hash,
}

/// A till joins the business. Signed like every later call, with the key it names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolRequest {
    /// The whole code.
    pub code: String,
    /// The stream that the till writes.
    pub stream: StreamId,
    /// The stream's Ed25519 key, hexadecimal.
    pub public_key: String,
    /// What the till speaks.
    pub protocol: Window,
    /// What the till is called, for people.
    pub name: String,
    /// The store at which it stood so far; none: a till that has none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreId>,
    /// It brings a business of its own.
    pub has_business: bool,
    /// Earlier journals of the till that it brings along, each with its Ed25519 key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<(StreamId, String)>,
    /// The hub that the till was paired with before: it keeps its journal, and brings along what it
    /// holds of the others'.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<HubBefore>,
}

/// A hub that a till was paired with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HubBefore {
    /// Its id.
    pub hub: TillId,
    /// Its Ed25519 key, hexadecimal.
    pub key: String,
}

/// A till has joined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolAnswer {
    /// The hub's id.
    pub hub: TillId,
    /// Its Ed25519 key, hexadecimal.
    pub key: String,
    /// Its epoch.
    pub epoch: u32,
    /// The store at which the till stands from now on.
    pub store: StoreId,
    /// What the till reads.
    pub channels: Vec<Channel>,
    /// The hub has a business already: what it says of business and rules holds.
    pub has_business: bool,
}

/// A sequence of entries that a till reads: `all`, `org`, or `store/ID`.
pub type Channel = String;

/// How far somebody knows a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Newest place.
    pub seq: u64,
    /// Its hash; zeroes before the first.
    pub hash: Hash,
}

/// A new life of a till, vouched for with the key of an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endorsement {
    /// The new stream's Ed25519 key, hexadecimal.
    pub public_key: String,
    /// The earlier life.
    pub by: StreamId,
    /// By its key, over the new stream's head at its first entry: a [`SignedHead`]'s signature.
    pub signature: String,
    /// The new stream's first entry.
    pub first: Packet,
    /// What the till's anchor knew of the earlier life: where the hub has that much, nothing was
    /// lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anchored: Option<Known>,
    /// The anchor lay where it was written: the machine is the same.
    #[serde(default)]
    pub in_place: bool,
}

/// The first call of each sync.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Greeting {
    /// What the till speaks.
    pub protocol: Window,
    /// The hub's epoch that the till knows.
    pub epoch: u32,
    /// What the hub has acknowledged of the stream, as the till knows it.
    pub acked: Known,
    /// The till's clock: Unix ms.
    pub now_ms: i64,
    /// Where the stream is new to the hub.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endorsement: Option<Endorsement>,
    /// What the till has seen of the hub in that epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Seen>,
    /// The journal has few card numbers left, and holds so many blocks of them. The hub allots it
    /// another one where it knows of no more: so one that is on its way is not followed by a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card_blocks: Option<u32>,
    /// What the hub has acknowledged of the till's earlier lives, as the till knows it; without those
    /// that it refused and keeps aside.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<(StreamId, Known)>,
}

/// What a till has seen of its hub. A hub that has less, or something else, was restored from an
/// older backup.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// How far it has read the channel `all`: position, and the sum up to there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<Known>,
    /// The newest entry of the hub's own journal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journal: Option<Known>,
    /// The newest head of the hub's log that the till was told of: how many entries, and the root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<Known>,
}

/// Its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// The hub's epoch.
    pub epoch: u32,
    /// What the hub has of the stream.
    pub acked: Known,
    /// How much of that is in a backup too.
    pub durable: u64,
    /// The store at which the till stands.
    pub store: StoreId,
    /// What the till reads.
    pub channels: Vec<Channel>,
    /// What the hub has of the till's earlier lives: missing entries can be had by pulling.
    #[serde(default)]
    pub earlier: Vec<(StreamId, Known)>,
    /// Value of the earlier lives is frozen until a manager has looked.
    #[serde(default)]
    pub frozen: bool,
    /// The hub was restored, and has not heard yet what this till holds: it says so now
    /// ([`Held`], [`Give`]), before it pushes anything.
    #[serde(default)]
    pub give: bool,
    /// Hubs that had this business before this one: what they said is a hub's too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<TillId>,
    /// The hub's log as it is now, signed, and that what the till was told of before is its beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<LogHead>,
    /// The hub's clock: Unix ms.
    pub now_ms: i64,
}

/// What a till holds of others' journals, the hub's among them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Each with the place of its newest entry here.
    pub streams: Vec<(StreamId, u64)>,
}

/// What the hub lacks of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// Each with the place after which it wants the entries.
    pub streams: Vec<(StreamId, u64)>,
}

/// Others' entries, given back to a hub that lost them. Of one journal they follow one another, and
/// the last of them is signed; of the hub's own, each is signed, and some may be missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Give {
    /// The entries.
    pub packets: Vec<Packet>,
    /// That was all.
    #[serde(default)]
    pub done: bool,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// Entries that were new to the hub.
    pub taken: usize,
}

/// Contiguous entries of the signing stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Push {
    /// Signed head: the last of the entries.
    pub head: SignedHead,
    /// The entries, in order.
    pub packets: Vec<Packet>,
}

/// What the hub has now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushAnswer {
    /// Newest place.
    pub acked: Known,
    /// How much of it is in a backup too: a till keeps its entries until then.
    pub durable: u64,
    /// Places of entries that were kept but not taken in: their payload is not what they say.
    #[serde(default)]
    pub quarantined: Vec<u64>,
}

/// What is new in a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pull {
    /// The epoch that the position belongs to.
    pub epoch: u32,
    /// Which channel.
    pub channel: Channel,
    /// After this position; 0: from the start.
    pub after: u64,
    /// At most so many; the hub may give fewer.
    pub limit: usize,
    /// The till has not the tree's edge at `after`: of `all`, where it began from a snapshot.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub edge: bool,
}

/// An entry at its position in a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbered {
    /// Position.
    pub position: u64,
    /// The entry.
    pub packet: Packet,
}

/// Its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullAnswer {
    /// In the order of their positions.
    pub packets: Vec<Numbered>,
    /// Read up to here, also where nothing was for this till.
    pub scanned_to: u64,
    /// The channel's newest position.
    pub head: u64,
    /// The sum over the hashes of all entries of the channel up to `scanned_to`.
    pub sum: Hash,
    /// Of `all`: what the entries must come to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tree: Option<Grown>,
}

/// The hub's log as a tree, where an answer ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grown {
    /// The root over all entries up to `scanned_to`.
    pub root: Hash,
    /// Entries that are kept back, and so are not among the packets: position and hash.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept_back: Vec<(u64, Hash)>,
    /// The tree's edge at `after`, where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edge: Option<Vec<Hash>>,
}

/// A till asks for value of a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draw {
    /// Its id: asked again, it is answered as before.
    pub id: FactId,
    /// Whose.
    pub member: MemberId,
    /// Its kind, as facts name it.
    pub kind: String,
    /// How much is missing at the till.
    pub amount: i64,
    /// From these lots alone, as visits of one pack; none: from whichever there are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lots: Vec<LotId>,
    /// So long it may take until others have given back what they hold: ms; none: as long as a cashier
    /// waits. 0: what lies in the pool is granted at once, and nobody is asked for the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_ms: Option<u64>,
}

/// Somebody who holds value of a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Which till.
    pub till: TillId,
    /// What it is called.
    pub name: String,
    /// How much it still holds, as far as the hub knows.
    pub amount: i64,
    /// It has not answered: it is off, or has no line.
    pub silent: bool,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawAnswer {
    /// How much was granted.
    pub granted: i64,
    /// The grants, as entries of the hub; they come again in the channel.
    pub packets: Vec<Packet>,
    /// Who holds what could not be had.
    #[serde(default)]
    pub holders: Vec<Holder>,
}

/// A till waits to be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AsksQuery {
    /// How long the hub may wait for something to ask: ms, at most 25,000.
    pub wait_ms: u64,
}

/// The hub asks a till to return value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Which ask: goes away once enough was returned.
    pub id: FactId,
    /// Whose value.
    pub member: MemberId,
    /// Its kind.
    pub kind: String,
    /// How much.
    pub amount: i64,
}

/// What the hub asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asks {
    /// The oldest first.
    pub asks: Vec<Ask>,
}

/// A member that this store does not follow. One of the three.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Find {
    /// Whoever holds this card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
    /// Whoever has this phone: E.164.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// This member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<MemberId>,
}

/// Their entries. From now on the store follows them; what comes is in its channel too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Who.
    pub members: Vec<MemberId>,
    /// All that is known of them, oldest first.
    pub packets: Vec<Packet>,
}

/// The hub's tables at a position of the channel `all`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigestQuery {
    /// The till has read up to here.
    pub position: u64,
}

/// The hash of each table; none where the hub has gone on meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigestAnswer {
    /// By name.
    pub tables: Option<Vec<(String, Hash)>>,
}

/// What a new till starts from: the hub's tables at one position. The pages are asked for one
/// after the other; the last one asked for can be had again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Names the snapshot.
    pub id: FactId,
    /// The hub's epoch.
    pub epoch: u32,
    /// From where on the till reads its channels, with the sum up to there.
    pub cursors: Vec<(Channel, Known)>,
    /// The newest stamp of the hub: the till's clock does not stand before it.
    pub hlc: u64,
}

/// One page of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotQuery {
    /// Which snapshot.
    pub id: FactId,
    /// Which page, from 0.
    pub page: u64,
}

/// What stands before the bytes of a page: its length in four bytes, big-endian, and itself as
/// JSON. The bytes are rows of one table as they are hashed (see [`crate::TableHasher`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageHead {
    /// Which table; empty: there are no more.
    pub table: String,
    /// With the last page of a table: its hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<Hash>,
}
