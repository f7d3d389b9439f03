//! Encryption of a backup: argon2id makes a key of a passphrase, XChaCha20-Poly1305 encrypts chunk by
//! chunk (the STREAM construction), so that a chunk that was changed, moved, left out or cut off is
//! noticed before anything of it is read.

use std::{
    collections::BTreeMap,
    io::{self, Read, Write},
};

use aead_stream::{DecryptorBE32, EncryptorBE32, Key as AeadKey, NewStream as _, StreamBE32};
use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::XChaCha20Poly1305;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::{
    error::{Error, Result},
    random,
};

/// What is encrypted at once.
const CHUNK: usize = 64 * 1024;
const TAG: usize = 16;
/// XChaCha20's nonce without the chunk's number and the mark of the last one.
const NONCE: usize = 19;
/// A passphrase has at least so many characters.
const LEAST_CHARACTERS: usize = 12;
/// RFC 9106's choice where memory is short: 64 MiB, three passes.
const COST: (u32, u32, u32) = (64 * 1024, 3, 1);
/// A file may not ask for more, whoever wrote it: 1 GiB.
const MOST_MEMORY_KIB: u32 = 1024 * 1024;
const MOST_PASSES: u32 = 16;
const CHECK_DOMAIN: &[u8] = b"punchcard/backup/check\0";

/// What somebody must know to read a backup. Never printed.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// A passphrase for new backups.
    ///
    /// # Errors
    /// [`Error::Usage`] where it is too short.
    pub fn new(text: &str) -> Result<Self> {
        let given = Self::given(text);
        if given.0.chars().count() < LEAST_CHARACTERS {
            return Err(Error::Usage(format!(
                "the backup's passphrase has fewer than {LEAST_CHARACTERS} characters; four or five \
                 words are good"
            )));
        }
        Ok(given)
    }

    /// As somebody types it to read a backup.
    pub fn given(text: &str) -> Self {
        Self(Zeroizing::new(text.trim().to_owned()))
    }
}

/// How a key is made of the passphrase: stands in the file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Derivation {
    salt: String,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    /// Tells a wrong passphrase from a damaged file.
    check: String,
}

/// A key.
#[derive(Clone)]
pub(crate) struct Key(Zeroizing<[u8; 32]>);

/// The keys that one passphrase makes: making one takes long, so each is made once.
pub(crate) struct Keys<'a> {
    passphrase: &'a Passphrase,
    made: BTreeMap<Derivation, Key>,
}

impl<'a> Keys<'a> {
    pub(crate) fn of(passphrase: &'a Passphrase) -> Self {
        Self { passphrase, made: BTreeMap::new() }
    }

    /// A key with a salt of its own.
    pub(crate) fn fresh(&mut self) -> Result<(Derivation, Key)> {
        let (memory_kib, passes, lanes) = COST;
        let salt = hex::encode(random::bytes::<16>()?);
        let mut how = Derivation { salt, memory_kib, passes, lanes, check: String::new() };
        let key = how.derive(self.passphrase).ok_or_else(|| internal("argon2"))?;
        how.check = key.check();
        self.made.insert(how.clone(), key.clone());
        Ok((how, key))
    }

    /// The key of a file; none where this is not its passphrase.
    pub(crate) fn open(&mut self, how: &Derivation) -> Option<Key> {
        if let Some(key) = self.made.get(how) {
            return Some(key.clone());
        }
        let key = how.derive(self.passphrase).filter(|key| key.check() == how.check)?;
        self.made.insert(how.clone(), key.clone());
        Some(key)
    }
}

impl Derivation {
    /// Of no passphrase.
    pub(crate) fn none() -> Self {
        Self { salt: String::new(), memory_kib: 0, passes: 0, lanes: 0, check: String::new() }
    }

    fn derive(&self, passphrase: &Passphrase) -> Option<Key> {
        if self.memory_kib > MOST_MEMORY_KIB || self.passes > MOST_PASSES {
            return None;
        }
        let salt = hex::decode(&self.salt).ok()?;
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(32)).ok()?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut key = Zeroizing::new([0; 32]);
        argon2.hash_password_into(passphrase.0.as_bytes(), &salt, &mut *key).ok()?;
        Some(Key(key))
    }
}

impl Key {
    fn check(&self) -> String {
        let hash = Sha256::new().chain_update(CHECK_DOMAIN).chain_update(*self.0).finalize();
        hex::encode(&hash[..16])
    }

    fn stream(&self, nonce: &[u8; NONCE]) -> StreamBE32<XChaCha20Poly1305> {
        StreamBE32::new(&AeadKey::<XChaCha20Poly1305>::from(*self.0), &(*nonce).into())
    }
}

/// A nonce for one file.
pub(crate) fn fresh_nonce() -> Result<[u8; NONCE]> {
    random::bytes()
}

fn internal(what: &str) -> Error {
    Error::Internal(format!("a backup could not be encrypted: {what}"))
}

/// Encrypts what is written into it. Without [`Sealer::finish`] the file has no end.
pub(crate) struct Sealer<W> {
    inner: W,
    stream: EncryptorBE32<XChaCha20Poly1305>,
    bound_to: [u8; 32],
    chunk: Vec<u8>,
}

impl<W: Write> Sealer<W> {
    /// `bound_to`: what each chunk is bound to, the hash of the file's header.
    pub(crate) fn new(inner: W, key: &Key, nonce: &[u8; NONCE], bound_to: [u8; 32]) -> Self {
        let stream = EncryptorBE32::from_stream_primitive(key.stream(nonce));
        Self { inner, stream, bound_to, chunk: Vec::with_capacity(CHUNK + TAG) }
    }

    /// Writes the last chunk.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.stream
            .encrypt_last_in_place(&self.bound_to, &mut self.chunk)
            .map_err(|_| io::Error::other("a chunk could not be encrypted"))?;
        self.inner.write_all(&self.chunk)?;
        Ok(self.inner)
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.chunk.len() == CHUNK {
            // More comes, so this is not the last one.
            self.stream
                .encrypt_next_in_place(&self.bound_to, &mut self.chunk)
                .map_err(|_| io::Error::other("a chunk could not be encrypted"))?;
            self.inner.write_all(&self.chunk)?;
            self.chunk.clear();
        }
        let fits = bytes.len().min(CHUNK - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..fits]);
        Ok(fits)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Decrypts what is read from it. Gives out nothing of a chunk that is not whole and in its place;
/// ends well only after the last one.
pub(crate) struct Opener<R> {
    inner: R,
    /// None: all was read, or something was wrong.
    stream: Option<DecryptorBE32<XChaCha20Poly1305>>,
    failed: bool,
    bound_to: [u8; 32],
    /// The chunk after the one that is being given out, encrypted.
    ahead: Vec<u8>,
    chunk: Vec<u8>,
    given: usize,
}

impl<R: Read> Opener<R> {
    pub(crate) fn new(
        mut inner: R,
        key: &Key,
        nonce: &[u8; NONCE],
        bound_to: [u8; 32],
    ) -> io::Result<Self> {
        let stream = Some(DecryptorBE32::from_stream_primitive(key.stream(nonce)));
        let ahead = next_chunk(&mut inner)?;
        Ok(Self { inner, stream, failed: false, bound_to, ahead, chunk: Vec::new(), given: 0 })
    }

    fn advance(&mut self) -> io::Result<()> {
        if self.failed {
            return Err(damaged());
        }
        let Some(mut stream) = self.stream.take() else { return Ok(()) };
        self.failed = true;
        self.chunk = std::mem::take(&mut self.ahead);
        self.given = 0;
        self.ahead = next_chunk(&mut self.inner)?;
        if self.ahead.is_empty() {
            stream.decrypt_last_in_place(&self.bound_to, &mut self.chunk).map_err(|_| damaged())?;
        } else {
            stream.decrypt_next_in_place(&self.bound_to, &mut self.chunk).map_err(|_| damaged())?;
            self.stream = Some(stream);
        }
        self.failed = false;
        Ok(())
    }
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a part of it was changed, or its end is missing")
}

fn next_chunk(inner: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut chunk = Vec::with_capacity(CHUNK + TAG);
    inner.take((CHUNK + TAG) as u64).read_to_end(&mut chunk)?;
    Ok(chunk)
}

impl<R: Read> Read for Opener<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.given == self.chunk.len() && (self.stream.is_some() || self.failed) {
            self.advance().inspect_err(|_| {
                self.chunk.clear();
                self.given = 0;
            })?;
        }
        let count = out.len().min(self.chunk.len() - self.given);
        out[..count].copy_from_slice(&self.chunk[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUND: [u8; 32] = [5; 32];

    fn sealed(plain: &[u8]) -> (Key, [u8; NONCE], Vec<u8>) {
        let key = Key(Zeroizing::new([7; 32]));
        let nonce = [3; NONCE];
        let mut sealer = Sealer::new(Vec::new(), &key, &nonce, BOUND);
        sealer.write_all(plain).expect("memory");
        (key.clone(), nonce, sealer.finish().expect("memory"))
    }

    fn opened(key: &Key, nonce: &[u8; NONCE], bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut plain = Vec::new();
        Opener::new(bytes, key, nonce, BOUND)?.read_to_end(&mut plain)?;
        Ok(plain)
    }

    fn some(length: usize) -> Vec<u8> {
        (0..=250).cycle().take(length).collect()
    }

    #[test]
    fn what_goes_in_comes_out() {
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 7] {
            let plain = some(length);
            let (key, nonce, bytes) = sealed(&plain);
            assert_eq!(bytes.len(), length + TAG * length.div_ceil(CHUNK).max(1), "{length}");
            assert_eq!(opened(&key, &nonce, &bytes).expect("whole"), plain, "{length}");
        }
    }

    #[test]
    fn a_bit_a_cut_or_another_order_is_noticed() {
        let (key, nonce, bytes) = sealed(&some(3 * CHUNK + 7));
        let whole = CHUNK + TAG;
        for at in [0, 17, whole - 1, whole, 2 * whole + 5, bytes.len() - 1] {
            let mut bad = bytes.clone();
            bad[at] ^= 1;
            assert!(opened(&key, &nonce, &bad).is_err(), "a bit at {at}");
        }
        // At the end of a chunk, within one, and all of it.
        for length in [0, whole, whole + 1, 2 * whole, 3 * whole, bytes.len() - 1] {
            assert!(opened(&key, &nonce, &bytes[..length]).is_err(), "cut to {length}");
        }
        let mut swapped = bytes[whole..2 * whole].to_vec();
        swapped.extend_from_slice(&bytes[..whole]);
        swapped.extend_from_slice(&bytes[2 * whole..]);
        assert!(opened(&key, &nonce, &swapped).is_err());
        let longer = [&bytes[..], &bytes[..whole]].concat();
        assert!(opened(&key, &nonce, &longer).is_err());
    }

    #[test]
    fn a_reader_that_failed_goes_on_failing() {
        let (key, nonce, mut bytes) = sealed(&some(2 * CHUNK));
        bytes[CHUNK + TAG + 3] ^= 1;
        let mut opener = Opener::new(&bytes[..], &key, &nonce, BOUND).expect("memory");
        let mut out = vec![0; CHUNK];
        opener.read_exact(&mut out).expect("the first chunk is whole");
        assert!(opener.read(&mut out).is_err());
        assert!(opener.read(&mut out).is_err());
    }

    #[test]
    fn a_passphrase_makes_its_key_and_no_other_does() {
        let right = Passphrase::new("vier gute alte Worte").expect("long enough");
        let (how, _) = Keys::of(&right).fresh().expect("random");
        assert!(Keys::of(&right).open(&how).is_some());
        assert!(Keys::of(&Passphrase::given("vier gute alte Wörter")).open(&how).is_none());
        let greedy = Derivation { memory_kib: u32::MAX, ..how.clone() };
        assert!(Keys::of(&right).open(&greedy).is_none(), "no file decides about our memory");
        assert!(matches!(Passphrase::new("zu kurz"), Err(Error::Usage(_))));
    }
}
