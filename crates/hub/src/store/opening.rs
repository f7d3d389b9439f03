//! Who opens a database file first sees that its log is on the disk as it reads.
//!
//! When a sync fails, the system takes what it could not keep for kept: from then on the log reads as if
//! its newest entries were on the disk, the next sync succeeds, and with the power they are gone, and
//! all that was appended behind them. So whoever finds nobody else at the database writes the log's
//! bytes over themselves before anything reads them, and the sync after that has all of them to keep.

use std::{
    ffi::OsString,
    fs::{File, OpenOptions, TryLockError},
    io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use crate::error::Result;

/// The log is written anew in pieces.
const PIECE_BYTES: usize = 1024 * 1024;

/// Held, with others, as long as a database is open.
pub struct Opening {
    _file: File,
}

impl Opening {
    /// Waits for whoever is just writing the log anew; does so where nobody has the database open.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn of(db: &Path) -> Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(beside(db, "-lock"))?;
        match file.try_lock() {
            Ok(()) => write_anew(&beside(db, "-wal"))?,
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        file.lock_shared()?;
        Ok(Self { _file: file })
    }
}

fn beside(db: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(db);
    name.push(ending);
    name.into()
}

/// Writes a file's bytes over themselves.
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
