//! The keys of a store, sealed with a passphrase and laid beside its backups: whoever has both reads
//! the backup on any machine, also where the one with the keys is gone.
//!
//! The passphrase is asked for once. What argon2id makes of it is kept inside the store, which is
//! encrypted itself, so each backup can seal the keys as they are that day.

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::{
    Key, KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    error::{Error, Result},
    keys::Secrets,
    random,
};

/// A passphrase has at least so many characters.
pub(crate) const LEAST_CHARACTERS: usize = 12;
/// RFC 9106's choice where memory is short: 64 MiB, three passes, one lane.
const COST: (u32, u32) = (64 * 1024, 3);
/// A file may not ask for more: 1 GiB.
const MOST_MEMORY_KIB: u32 = 1024 * 1024;
const MOST_PASSES: u32 = 16;
const FORMAT: u32 = 1;
const BOUND_TO: &[u8] = b"punchcard/till/recovery/1";

/// What a passphrase makes, as the store keeps it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Recovery {
    derivation: Derivation,
    key: String,
}

impl Drop for Recovery {
    fn drop(&mut self) {
        use zeroize::Zeroize as _;
        self.key.zeroize();
    }
}

#[derive(Clone, Serialize, Deserialize)]
struct Derivation {
    salt: String,
    memory_kib: u32,
    passes: u32,
}

/// The file beside a backup.
#[derive(Serialize, Deserialize)]
struct Sealed {
    format: u32,
    #[serde(flatten)]
    derivation: Derivation,
    nonce: String,
    keys: String,
}

impl Recovery {
    /// Makes what is kept of a passphrase.
    ///
    /// # Errors
    /// `bad_input` where it is too short.
    pub(crate) fn of(passphrase: &str) -> Result<Self> {
        let passphrase = passphrase.trim();
        if passphrase.chars().count() < LEAST_CHARACTERS {
            return Err(Error::bad_input(
                "passphrase",
                format!("at least {LEAST_CHARACTERS} characters; four or five words are good"),
            ));
        }
        let (memory_kib, passes) = COST;
        let salt = hex::encode(random::bytes::<16>()?);
        let derivation = Derivation { salt, memory_kib, passes };
        let key = derivation.key(passphrase).ok_or_else(broken)?;
        Ok(Self { derivation, key: hex::encode(*key) })
    }

    /// The keys, sealed: what goes into the file beside a backup.
    ///
    /// # Errors
    /// Where there is no randomness.
    pub(crate) fn seal(&self, secrets: &Secrets) -> Result<Vec<u8>> {
        let mut key = Zeroizing::new([0; 32]);
        hex::decode_to_slice(&self.key, &mut *key).map_err(|_| broken())?;
        let nonce: [u8; 24] = random::bytes()?;
        let plain = Zeroizing::new(serde_json::to_vec(secrets)?);
        let keys = XChaCha20Poly1305::new(&Key::from(*key))
            .encrypt(&XNonce::from(nonce), Payload { msg: &plain, aad: BOUND_TO })
            .map_err(|_| broken())?;
        Ok(serde_json::to_vec_pretty(&Sealed {
            format: FORMAT,
            derivation: self.derivation.clone(),
            nonce: hex::encode(nonce),
            keys: hex::encode(keys),
        })?)
    }
}

impl Derivation {
    fn key(&self, passphrase: &str) -> Option<Zeroizing<[u8; 32]>> {
        if self.memory_kib > MOST_MEMORY_KIB || self.passes > MOST_PASSES {
            return None;
        }
        let salt = hex::decode(&self.salt).ok()?;
        let params = Params::new(self.memory_kib, self.passes, 1, Some(32)).ok()?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut key = Zeroizing::new([0; 32]);
        argon2.hash_password_into(passphrase.as_bytes(), &salt, &mut *key).ok()?;
        Some(key)
    }
}

/// The keys in a file beside a backup.
///
/// # Errors
/// `bad_input` for another passphrase, or where the file is damaged: the seal tells no difference.
/// [`Error::BadFile`] where it is no such file, or a newer one.
pub(crate) fn open(bytes: &[u8], passphrase: &str, path: &str) -> Result<Secrets> {
    let bad = |message: &str| Error::BadFile { path: path.to_owned(), message: message.to_owned() };
    let sealed: Sealed =
        serde_json::from_slice(bytes).map_err(|_| bad("these are no sealed keys, or damaged"))?;
    if sealed.format > FORMAT {
        return Err(bad("written by a newer version; update this program"));
    }
    let damaged = || bad("these sealed keys are damaged");
    let nonce: [u8; 24] = hex::decode(&sealed.nonce)
        .ok()
        .and_then(|nonce| nonce.try_into().ok())
        .ok_or_else(damaged)?;
    let keys = hex::decode(&sealed.keys).map_err(|_| damaged())?;
    let key = sealed.derivation.key(passphrase.trim()).ok_or_else(damaged)?;
    let plain = XChaCha20Poly1305::new(&Key::from(*key))
        .decrypt(&XNonce::from(nonce), Payload { msg: &keys, aad: BOUND_TO })
        .map(Zeroizing::new)
        .map_err(|_| {
            Error::bad_input(
                "passphrase",
                "this is not the recovery passphrase of that backup (or its .keys file is damaged)",
            )
        })?;
    serde_json::from_slice(&plain).map_err(|_| damaged())
}

fn broken() -> Error {
    Error::Internal("the keys could not be sealed".into())
}
