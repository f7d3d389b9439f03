//! What crosses the wire between a till and its hub. docs/PROTOCOL.md describes each call.
//!
//! Everything is a POST with a JSON body (and a GET for [`Hello`]); bodies may be compressed with
//! zstd. Each call can be repeated: it does again what it did, or answers what it answered.

mod expand;
mod messages;
mod packet;
mod pairing;
mod refusal;
mod sign;

pub use expand::{ExpandError, WINDOW_LOG, expand};
pub use messages::{
    Ask, Asks, AsksQuery, Channel, DigestAnswer, DigestQuery, Draw, DrawAnswer, Endorsement,
    EnrolAnswer, EnrolBegin, EnrolProof, EnrolRequest, Find, Found, Give, Given, Greeting, Grown,
    Held, Hello, Holder, HubBefore, Known, Limits, Manifest, Numbered, PageHead, Pull, PullAnswer,
    Push, PushAnswer, Seen, SnapshotQuery, Wanted, Welcome, Window,
};
pub use packet::{Packet, PacketError, PacketPart};
pub use pairing::{CodeError, PairingCode, PairingQr, pairing_proof};
pub use refusal::{Code, WireRefusal};
pub use sign::{SIGNATURE_HEADER, STREAM_HEADER, sign_request, verify_request};

/// The newest protocol this build speaks.
pub const PROTOCOL: u32 = 1;
/// The oldest it still speaks.
pub const OLDEST_PROTOCOL: u32 = 1;

/// What every hub and till keeps to, unless the hub's [`Hello`] says less.
pub const LIMITS: Limits = Limits {
    batch_entries: 500,
    batch_bytes: 1024 * 1024,
    body_bytes: 2 * 1024 * 1024,
    expanded_bytes: 8 * 1024 * 1024,
};

/// The paths of all calls.
pub mod path {
    /// Who the hub is. GET, unsigned.
    pub const HELLO: &str = "/v1/hello";
    /// The hub proves that it knows a pairing code. Unsigned.
    pub const ENROL_BEGIN: &str = "/v1/enrol/begin";
    /// A till joins. Signed with the key that the body names.
    pub const ENROL: &str = "/v1/enrol";
    /// The first call of each sync.
    pub const GREET: &str = "/v1/greet";
    /// Entries for the hub.
    pub const PUSH: &str = "/v1/push";
    /// Entries for the till.
    pub const PULL: &str = "/v1/pull";
    /// The till asks for value.
    pub const DRAW: &str = "/v1/draw";
    /// The hub asks the till to return value: answered late, when there is something.
    pub const ASKS: &str = "/v1/asks";
    /// A member that this store does not follow.
    pub const FIND: &str = "/v1/find";
    /// What a till holds, for a hub that was restored.
    pub const HELD: &str = "/v1/held";
    /// Others' entries, for a hub that was restored.
    pub const GIVE: &str = "/v1/give";
    /// The hub's tables, hashed.
    pub const DIGEST: &str = "/v1/digest";
    /// What a new till starts from.
    pub const MANIFEST: &str = "/v1/snapshot";
    /// A page of it.
    pub const SNAPSHOT: &str = "/v1/snapshot/page";
}
