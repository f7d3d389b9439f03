//! Refusals, each with a name.

use serde::{Deserialize, Serialize};
use serde_json::Value;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal $status:literal),* $(,)?) => {
        /// Why a call was refused. A name exists because a till does something about it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $variant),* }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its name on the wire.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// The HTTP status it comes with.
            pub fn status(self) -> u16 {
                match self { $(Self::$variant => $status),* }
            }

            /// From its name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.name() == name)
            }
        }
    };
}

codes! {
    /// Entries are missing before these: `args.expected` is the next the hub wants.
    Gap = "gap" 409,
    /// Another entry stands at a place the hub has: `args.seq`, and `args.next` for the life to
    /// open. Both are kept.
    ForkDetected = "fork_detected" 409,
    /// The entries do not follow one another: `args.seq`, `args.next`. Kept, and not taken in.
    ChainBroken = "chain_broken" 409,
    /// The hub was restored: its epoch is `args.epoch`. Read from the start, push again.
    EpochChanged = "epoch_changed" 409,
    /// `args.min` to `args.max` are spoken here.
    VersionNotSupported = "version_not_supported" 426,
    /// This till was revoked: `args.seq` is the last entry that counts.
    DeviceRevoked = "device_revoked" 403,
    /// A new till begins with a snapshot.
    SnapshotRequired = "snapshot_required" 409,
    /// Come back in `args.retry_ms`.
    SlowDown = "slow_down" 429,
    /// The signature is not this stream's, or the stream is not known.
    BadSignature = "bad_signature" 401,
    /// The body cannot be read, or holds more than it may.
    BadRequest = "bad_request" 400,
    /// The body is longer than the limits say.
    TooLarge = "too_large" 413,
    /// There is no such code, it was used, or its time is over.
    BadCode = "bad_code" 403,
    /// This till belongs to the business already, with another key.
    AlreadyEnrolled = "already_enrolled" 409,
    /// The hub has a business and the till brings another one.
    OtherBusiness = "other_business" 409,
    /// The hub has no business yet: pair the till that has one first.
    HubEmpty = "hub_empty" 409,
    /// Value is frozen until a manager has looked: a fork.
    Frozen = "frozen" 409,
    /// An entry of the hub's log is not the one that was taken in: it was changed behind the hub's back.
    LogChanged = "log_changed" 409,
    /// Nothing of that name.
    NotFound = "not_found" 404,
    /// It broke at the hub.
    Internal = "internal" 500,
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// A refusal as it crosses the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{message}")]
pub struct WireRefusal {
    /// What to branch on.
    pub code: Code,
    /// An English sentence.
    pub message: String,
    /// What the code's description names.
    #[serde(default)]
    pub args: serde_json::Map<String, Value>,
}

impl WireRefusal {
    /// A refusal without arguments.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), args: serde_json::Map::new() }
    }

    /// With an argument.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.args.insert(name.to_owned(), value.into());
        self
    }

    /// A whole number among the arguments.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.args.get(name).and_then(Value::as_u64)
    }

    /// Reads what a hub answered. A code this build does not know counts as [`Code::Internal`].
    pub fn read(bytes: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Raw {
            code: String,
            #[serde(default)]
            message: String,
            #[serde(default)]
            args: serde_json::Map<String, Value>,
        }
        let raw: Raw = serde_json::from_slice(bytes).ok()?;
        let code = Code::from_name(&raw.code).unwrap_or(Code::Internal);
        Some(Self { code, message: raw.message, args: raw.args })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_reads_back() {
        let refusal = WireRefusal::new(Code::Gap, "entries are missing").with("expected", 7);
        let bytes = serde_json::to_vec(&refusal).expect("JSON");
        assert_eq!(WireRefusal::read(&bytes), Some(refusal));
        assert_eq!(WireRefusal::read(b"<html>"), None);
    }
}
