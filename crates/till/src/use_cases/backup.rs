//! Backup and restore.
//!
//! A backup is a copy of the whole database as of one moment, encrypted with the store's own key,
//! and checked after it was written. A restored store is not the newest there was: it opens its
//! next life and spends nothing until a hub has been reached or, where this is the only till, a
//! manager vouches for it.

use std::path::{Path, PathBuf};

use punchcard_domain::staff::Permission;
use punchcard_protocol::{Link, TillId};

use super::actor::Actor;
use crate::{
    error::{Error, Result},
    files,
    keys::KeyStore,
    store::{
        connect::{self, Durability},
        journal, local, streams,
    },
    till::{Folder, Options, Till},
};

/// A backup that was written and read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupDone {
    /// Where it is.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Entries in it.
    pub entries: i64,
}

impl Till {
    /// Writes a backup.
    ///
    /// # Errors
    /// `approval_needed`, `bad_file` where there is a file already, those of the disk.
    pub fn backup(&self, actor: &Actor, path: &Path) -> Result<BackupDone> {
        actor.require(Permission::Backup)?;
        if path.exists() {
            return Err(bad_file(path, "there is a file already; choose another name"));
        }
        let temporary = beside(path, "part");
        let target = temporary.clone();
        let done = self.with_writer(move |writer| {
            let name = target.to_str().ok_or_else(|| bad_file(&target, "not a name in UTF-8"))?;
            writer.db.execute("VACUUM INTO ?1", [name])?;
            let entries = check(&target, &writer.secrets)?;
            std::fs::File::open(&target)?.sync_all()?;
            Ok(entries)
        });
        let entries = match done {
            Ok(entries) => entries,
            Err(error) => {
                drop(std::fs::remove_file(&temporary));
                return Err(error);
            }
        };
        std::fs::rename(&temporary, path)?;
        files::sync_folder(path)?;
        Ok(BackupDone { path: path.to_owned(), bytes: std::fs::metadata(path)?.len(), entries })
    }

    /// Writes a backup into the data folder, named by the moment.
    ///
    /// # Errors
    /// As [`Till::backup`].
    pub fn backup_here(&self, actor: &Actor) -> Result<BackupDone> {
        let folder = self.folder.backups();
        files::create_private_folder(&folder)?;
        let moment = chrono::DateTime::from_timestamp_millis((self.clock)()).unwrap_or_default();
        self.backup(actor, &folder.join(format!("{}.punchcard", moment.format("%Y%m%d-%H%M%S%3f"))))
    }

    /// Puts a backup in the place of the store. What was there is kept beside it.
    ///
    /// # Errors
    /// [`Error::InUse`], [`Error::KeysMissing`], `bad_file`, those of the disk.
    pub fn restore(folder: &Path, backup: &Path, options: &Options) -> Result<Self> {
        let place = Folder::new(folder);
        let secrets = KeyStore::of(folder).load()?;
        if !backup.exists() {
            return Err(bad_file(backup, "there is no such file"));
        }
        // While we look, nobody else may have the store open.
        let lock = place.db().exists().then(|| Self::open(folder, options)).transpose();
        if let Err(error @ Error::InUse(_)) = lock {
            return Err(error);
        }
        drop(lock);
        let fresh = folder.join("till.restoring");
        remove_database(&fresh)?;
        std::fs::copy(backup, &fresh)?;
        if let Err(error) = prepare(&fresh, &secrets) {
            remove_database(&fresh)?;
            return Err(match error {
                Error::Damaged(_) => bad_file(backup, "not a backup of this store, or damaged"),
                other => other,
            });
        }
        std::fs::File::open(&fresh)?.sync_all()?;
        set_aside(&place, (options.clock)())?;
        std::fs::rename(&fresh, place.db())?;
        files::sync_folder(&place.db())?;
        Self::open(folder, options)
    }
}

fn bad_file(path: &Path, message: &str) -> Error {
    Error::BadFile { path: path.display().to_string(), message: message.to_owned() }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

/// Opens a copy, looks at the seal of each of its pages and follows its journals; returns how many
/// entries it has. The journals alone are not enough: a bit of a table would show only when somebody
/// needs that table, long after the store was replaced.
fn check(path: &Path, secrets: &crate::keys::Secrets) -> Result<i64> {
    let db = connect::reader(path, secrets)?;
    let broken = connect::broken_seals(&db)?;
    if let Some(first) = broken.first() {
        return Err(Error::Damaged(first.clone()));
    }
    let streams: std::collections::BTreeMap<i64, _> = streams::all(&db)?.into_iter().collect();
    let me: Option<TillId> = local::get(&db, local::TILL)?;
    let mut entries = 0;
    let mut last = (0, Link::START);
    journal::walk(&db, 0, |stored| {
        let (number, _) = streams::split_entry_id(stored.id);
        if last.0 != number {
            last = (number, Link::START);
        }
        let stream = streams.get(&number).ok_or_else(|| Error::Damaged("a stray entry".into()))?;
        // Of others' journals a till holds what it follows: links are checked where they touch.
        let header = journal::read_header(&stored.entry.header)?;
        if Some(stream.till) != me && header.seq != last.1.seq.saturating_add(1) {
            last.1 = Link { seq: header.seq.saturating_sub(1), hash: header.previous };
        }
        let followed = punchcard_protocol::follow(*stream, last.1, &stored.entry);
        last.1 = followed.map_err(|error| Error::Damaged(error.to_string()))?.1;
        entries += 1;
        Ok(())
    })?;
    Ok(entries)
}

/// Checks what is to be restored, and marks it as restored.
fn prepare(path: &Path, secrets: &crate::keys::Secrets) -> Result<()> {
    check(path, secrets)?;
    let db = connect::writer(path, secrets, Durability::Full)?;
    local::set(&db, local::RESTORED, &true)?;
    // Everything into the one file, which is then moved alone.
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}

/// Keeps what was there: somebody may want to look at it.
fn set_aside(place: &Folder, now_ms: i64) -> Result<()> {
    for ending in ["", "-wal", "-shm"] {
        let from = PathBuf::from(format!("{}{ending}", place.db().display()));
        if from.exists() {
            let name = format!("till.before-restore-{now_ms}.db{ending}");
            std::fs::rename(&from, place.root().join(name))?;
        }
    }
    Ok(())
}

fn remove_database(path: &Path) -> Result<()> {
    for ending in ["", "-wal", "-shm"] {
        let file = PathBuf::from(format!("{}{ending}", path.display()));
        if file.exists() {
            std::fs::remove_file(file)?;
        }
    }
    Ok(())
}
