//! Every call after enrolment is signed with the stream's key, over what is asked and of whom.

use ed25519_dalek::{Signature, Verifier as _, VerifyingKey};
use sha2::{Digest as _, Sha256};

use crate::{
    head::{HeadError, StreamKey},
    ids::{StreamId, TillId},
};

/// Which stream signs: `till/incarnation`.
pub const STREAM_HEADER: &str = "punchcard-stream";
/// The signature, 128 hexadecimal digits.
pub const SIGNATURE_HEADER: &str = "punchcard-signature";

const REQUEST_DOMAIN: &[u8] = b"punchcard/v1/request\0";

fn message(hub: TillId, stream: StreamId, path: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = REQUEST_DOMAIN.to_vec();
    bytes.extend_from_slice(hub.as_bytes());
    bytes.extend_from_slice(&stream.to_bytes());
    bytes.extend_from_slice(&Sha256::digest(path.as_bytes()));
    bytes.extend_from_slice(&Sha256::digest(body));
    bytes
}

/// Signs a call to `hub`; `body` as it is sent, before compression.
pub fn sign_request(
    key: &StreamKey,
    hub: TillId,
    stream: StreamId,
    path: &str,
    body: &[u8],
) -> String {
    hex::encode(key.sign_bytes(&message(hub, stream, path, body)))
}

/// Checks a call's signature.
///
/// # Errors
/// [`HeadError`].
pub fn verify_request(
    public: &[u8; 32],
    hub: TillId,
    stream: StreamId,
    path: &str,
    body: &[u8],
    signature: &str,
) -> Result<(), HeadError> {
    let key = VerifyingKey::from_bytes(public).map_err(|_| HeadError::Malformed)?;
    let mut bytes = [0; 64];
    hex::decode_to_slice(signature, &mut bytes).map_err(|_| HeadError::Malformed)?;
    key.verify(&message(hub, stream, path, body), &Signature::from_bytes(&bytes))
        .map_err(|_| HeadError::Signature)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_for_one_call_to_one_hub() {
        let key = StreamKey::from_seed(&[5; 32]);
        let (hub, other) = (TillId::from_bytes([1; 16]), TillId::from_bytes([2; 16]));
        let stream = StreamId { till: TillId::from_bytes([7; 16]), incarnation: 1 };
        let signature = sign_request(&key, hub, stream, "/v1/push", b"{}");
        let check = |hub, path, body: &[u8]| {
            verify_request(&key.public(), hub, stream, path, body, &signature)
        };
        assert_eq!(check(hub, "/v1/push", b"{}"), Ok(()));
        assert_eq!(check(other, "/v1/push", b"{}"), Err(HeadError::Signature));
        assert_eq!(check(hub, "/v1/pull", b"{}"), Err(HeadError::Signature));
        assert_eq!(check(hub, "/v1/push", b"{ }"), Err(HeadError::Signature));
    }
}
