//! Who and what: ids that cannot be mistaken for one another.
//!
//! Business ids are UUIDv7, made before any side effect, so a retry carries the same id.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Text that is not an id of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id: {0}")]
pub struct IdError(pub String);

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// The sixteen bytes that are stored.
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
            /// From the sixteen bytes that are stored.
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                text.trim().parse().map($name).map_err(|_| IdError(text.to_owned()))
            }
        }
    };
}

id!(/** One desk's machine and its store. */ TillId);
id!(/** A branch of the business. */ StoreId);
id!(/** One of the staff. */ StaffId);
id!(/** A member of the business. */ MemberId);
id!(/** A pass that a member bought. */ PassId);
id!(/** An amount of one kind of value that was issued together and expires together. */ LotId);
id!(/** Something that happened, never changed afterwards. */ FactId);
id!(/** A record of the office: a reward, a tier, a kind of pass. */ RecordId);

/// One journal: a till, and which life of it. A till whose store went backwards never appends to
/// its old stream; it opens the next incarnation, with a new key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    /// The till.
    pub till: TillId,
    /// From 1; each store that could not be trusted to be the newest opens the next one.
    pub incarnation: u32,
}

impl StreamId {
    /// Till and incarnation as the twenty bytes that headers and tables hold.
    pub fn to_bytes(self) -> [u8; 20] {
        let mut bytes = [0; 20];
        bytes[..16].copy_from_slice(self.till.as_bytes());
        bytes[16..].copy_from_slice(&self.incarnation.to_be_bytes());
        bytes
    }

    /// From the twenty bytes of [`StreamId::to_bytes`].
    pub fn from_bytes(bytes: [u8; 20]) -> Self {
        let (till, incarnation) = bytes.split_at(16);
        let mut id = [0; 16];
        id.copy_from_slice(till);
        let mut number = [0; 4];
        number.copy_from_slice(incarnation);
        Self { till: TillId::from_bytes(id), incarnation: u32::from_be_bytes(number) }
    }
}

impl std::fmt::Display for StreamId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.till, self.incarnation)
    }
}

impl std::str::FromStr for StreamId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let bad = || IdError(text.to_owned());
        let (till, incarnation) = text.split_once('/').ok_or_else(bad)?;
        Ok(Self { till: till.parse()?, incarnation: incarnation.parse().map_err(|_| bad())? })
    }
}

impl Serialize for StreamId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StreamId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
