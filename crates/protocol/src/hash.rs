//! Domain-separated SHA-256: a hash made for one purpose can never pass for another.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

const HEADER_DOMAIN: &[u8] = b"punchcard/v1/header\0";
const COMMIT_DOMAIN: &[u8] = b"punchcard/v1/commit\0";

/// A SHA-256 hash, shown as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, std::hash::Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// What the first entry of a stream names as its predecessor.
    pub const ZERO: Self = Self([0; 32]);

    /// The hash of `parts` one after the other under `domain`, which must end in a zero byte.
    pub fn of(domain: &[u8], parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(domain);
        for part in parts {
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }
}

/// An entry's hash: over the header's bytes exactly as they are stored.
pub fn hash_header(header: &[u8]) -> Hash {
    Hash::of(HEADER_DOMAIN, &[header])
}

/// SHA-256(domain ‖ salt ‖ bytes). Salted, so that once salt and bytes are deleted nothing can be
/// guessed from what is left: a bare hash of a phone number is found by trying them all.
pub fn commit(salt: &[u8; 16], bytes: &[u8]) -> Hash {
    Hash::of(COMMIT_DOMAIN, &[salt, bytes])
}

impl std::fmt::Display for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl std::fmt::Debug for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for Hash {
    type Err = hex::FromHexError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes)?;
        Ok(Self(bytes))
    }
}

impl Serialize for Hash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
