//! One program at a time has a store open; and how the last one left it.
//!
//! Two programs on one store would each believe its own anchor, so the lock file is locked while a store
//! is open. Its one byte says whether the last program closed the store with everything on the disk.
//!
//! Where it did not, the log is written anew before anything reads it. When a sync fails, the system
//! takes what it could not keep for kept: from then on the log reads as if its newest entries were on
//! the disk, the next sync succeeds, and with the power they are gone, and all that was appended behind
//! them. That lasts as long as the system's cache does, and so does the byte: neither outlives the
//! power.

use std::{
    ffi::OsString,
    fs::{File, OpenOptions, TryLockError},
    io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use crate::error::{Error, Result};

/// Everything is on the disk.
const CLOSED: u8 = b'c';
/// Somebody has the store open, or died with it.
const OPEN: u8 = b'o';
/// The log is written anew in pieces.
const PIECE_BYTES: usize = 1024 * 1024;

/// Held as long as a store is open; the operating system lets go of it when we die.
pub struct Lock(File);

/// Let go of by hand: a child process that is just being started holds every file of ours for a
/// moment, and with it a lock that only closing would end.
impl Drop for Lock {
    fn drop(&mut self) {
        if let Err(error) = self.0.unlock() {
            tracing::warn!(%error, "the store's lock goes with the process");
        }
    }
}

impl Lock {
    /// Locks a store, and sees that its log is on the disk as it reads.
    ///
    /// # Errors
    /// [`Error::InUse`], those of the disk.
    pub fn take(path: &Path, db: &Path) -> Result<Self> {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::InUse(path.display().to_string())),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let lock = Self(file);
        if lock.says()? == Some(CLOSED) {
            match lock.say(OPEN) {
                // A disk that writes over nothing has no room for this either; a store can be opened
                // on a full disk all the same.
                Err(error) if error.kind() == ErrorKind::StorageFull => {}
                said => said?,
            }
        } else {
            write_anew(&log_of(db))?;
        }
        Ok(lock)
    }

    /// Everything is on the disk. Where that cannot be said, the next one only has more to do.
    pub fn left_clean(&self) {
        if let Err(error) = self.say(CLOSED) {
            tracing::warn!(%error, "the store was closed, but it could not be noted");
        }
    }

    fn says(&self) -> Result<Option<u8>> {
        let mut byte = [0];
        let mut file = &self.0;
        file.seek(SeekFrom::Start(0))?;
        Ok((file.read(&mut byte)? == 1).then_some(byte[0]))
    }

    fn say(&self, what: u8) -> std::io::Result<()> {
        let mut file = &self.0;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&[what])
    }
}

/// SQLite's log beside a database.
fn log_of(db: &Path) -> PathBuf {
    let mut name = OsString::from(db);
    name.push("-wal");
    name.into()
}

/// Writes a file's bytes over themselves, so that a sync has all of them to keep.
fn write_anew(path: &Path) -> Result<()> {
    let mut file = match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let mut piece = vec![0; PIECE_BYTES];
    let mut at = 0;
    loop {
        file.seek(SeekFrom::Start(at))?;
        let count = file.read(&mut piece)?;
        if count == 0 {
            break;
        }
        file.seek(SeekFrom::Start(at))?;
        file.write_all(&piece[..count])?;
        at += count as u64;
    }
    Ok(file.sync_all()?)
}
