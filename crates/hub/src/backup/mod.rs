//! Backups: files in a folder, each encrypted with a passphrase, the same on both engines.
//!
//! A chain is a full backup and those that go on from it. A backup is written under another name,
//! read back, and only then gets its own: whatever has the name of a backup was whole once.

pub(crate) mod check;
pub(crate) mod file;
pub(crate) mod folder;
pub(crate) mod kept;
mod seal;

/// For the fuzzer of backups.
///
/// # Errors
/// Whatever is wrong with the bytes.
#[doc(hidden)]
pub fn read_whatever(bytes: &[u8]) -> crate::Result<u64> {
    file::read_whatever(bytes)
}

pub use check::{FileLine, Verified, verify_folder};
pub(crate) use seal::Keys;
pub use seal::Passphrase;
