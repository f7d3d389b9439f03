//! A till signs the head it pushes: one signature vouches for the whole chain below it.

use ed25519_dalek::{Signature, Signer as _, SigningKey, Verifier as _, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::{chain::Link, hash::Hash, ids::StreamId};

/// Bytes of an Ed25519 signature.
pub const SIGNATURE_BYTES: usize = 64;

const HEAD_DOMAIN: &[u8] = b"punchcard/v1/head\0";

/// Why a signature does not vouch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// Not 32 bytes of a key, or not 64 of a signature.
    #[error("not a key or a signature")]
    Malformed,
    /// Another key's, or for another head.
    #[error("the signature does not belong to this head and key")]
    Signature,
}

/// The Ed25519 key of one stream. Each incarnation has its own.
pub struct StreamKey(SigningKey);

impl StreamKey {
    /// From 32 random bytes.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// What others check signatures with.
    pub fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    /// Signs bytes that carry their own domain.
    pub(crate) fn sign_bytes(&self, bytes: &[u8]) -> [u8; 64] {
        self.0.sign(bytes).to_bytes()
    }

    /// Signs the newest link of `stream`.
    pub fn sign(&self, stream: StreamId, link: Link) -> SignedHead {
        let signature = hex::encode(self.signature(stream, link));
        SignedHead { stream, seq: link.seq, hash: link.hash, signature }
    }

    /// The signature alone.
    pub fn signature(&self, stream: StreamId, link: Link) -> [u8; SIGNATURE_BYTES] {
        self.sign_bytes(&message(stream, link))
    }
}

/// The newest link of a stream, signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedHead {
    /// Whose.
    pub stream: StreamId,
    /// Place of the newest entry.
    pub seq: u64,
    /// Its hash.
    pub hash: Hash,
    /// Ed25519, 128 hexadecimal digits.
    pub signature: String,
}

impl SignedHead {
    /// Checks the signature against the stream's public key.
    ///
    /// # Errors
    /// [`HeadError`].
    pub fn verify(&self, public: &[u8; 32]) -> Result<(), HeadError> {
        let link = Link { seq: self.seq, hash: self.hash };
        verify_bytes(public, &message(self.stream, link), &self.signature)
    }
}

/// Whether a signature, in hexadecimal digits, is that of `public` over bytes that carry their own domain.
pub(crate) fn verify_bytes(
    public: &[u8; 32],
    message: &[u8],
    signature: &str,
) -> Result<(), HeadError> {
    let mut bytes = [0; SIGNATURE_BYTES];
    hex::decode_to_slice(signature, &mut bytes).map_err(|_| HeadError::Malformed)?;
    let key = VerifyingKey::from_bytes(public).map_err(|_| HeadError::Malformed)?;
    key.verify(message, &Signature::from_bytes(&bytes)).map_err(|_| HeadError::Signature)
}

/// Whether a signature is that of `public` over `stream`'s head at `link`.
///
/// # Errors
/// [`HeadError`].
pub fn verify_head(
    public: &[u8; 32],
    stream: StreamId,
    link: Link,
    signature: &[u8; SIGNATURE_BYTES],
) -> Result<(), HeadError> {
    let key = VerifyingKey::from_bytes(public).map_err(|_| HeadError::Malformed)?;
    key.verify(&message(stream, link), &Signature::from_bytes(signature))
        .map_err(|_| HeadError::Signature)
}

fn message(stream: StreamId, link: Link) -> Vec<u8> {
    let mut bytes = HEAD_DOMAIN.to_vec();
    bytes.extend_from_slice(&stream.to_bytes());
    bytes.extend_from_slice(&link.seq.to_be_bytes());
    bytes.extend_from_slice(&link.hash.0);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::TillId;

    fn signed() -> (StreamKey, SignedHead) {
        let key = StreamKey::from_seed(&[5; 32]);
        let stream = StreamId { till: TillId::from_bytes([7; 16]), incarnation: 1 };
        let head = key.sign(stream, Link { seq: 9, hash: Hash([8; 32]) });
        (key, head)
    }

    #[test]
    fn its_own_head_and_no_other() {
        let (key, head) = signed();
        assert_eq!(head.verify(&key.public()), Ok(()));
        let mut later = head.clone();
        later.seq += 1;
        assert_eq!(later.verify(&key.public()), Err(HeadError::Signature));
        let other = StreamKey::from_seed(&[6; 32]);
        assert_eq!(head.verify(&other.public()), Err(HeadError::Signature));
    }

    /// Ed25519 is deterministic: these bytes must never change (see the entry's golden test).
    #[test]
    fn golden_signature() {
        assert_eq!(
            signed().1.signature,
            concat!(
                "9c1bcb9004f3e36d97d0533f78426e625108da754e74aee95bac6abbd5595bf4",
                "16462d380fcbe79c839a4ce7d030d540ce45a3148ac42ff077a3994850b0e400"
            )
        );
    }

    #[test]
    fn nonsense_is_malformed() {
        let (key, mut head) = signed();
        head.signature = "zz".into();
        assert_eq!(head.verify(&key.public()), Err(HeadError::Malformed));
    }
}
