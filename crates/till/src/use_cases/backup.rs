//! Backup and restore.
//!
//! A backup is a copy of the whole database as of one moment, encrypted with the store's own key,
//! and checked after it was written. Where a recovery passphrase was set, the keys lie beside it,
//! sealed with that. A restored store is not the newest there was: it opens its next life and spends
//! nothing until a hub has been reached or, where this is the only till, a manager vouches for it.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use punchcard_domain::staff::Permission;
use punchcard_protocol::{MemberId, TillId};
use serde::{Deserialize, Serialize};

use super::{actor::Actor, erase};
use crate::{
    error::{Error, Result},
    files,
    keys::{KeyStore, Secrets},
    recovery::{self, Recovery},
    store::{
        chains::Chains,
        connect::{self, Durability},
        journal, local,
    },
    till::{Folder, Options, Till},
    views::BackupPlanView,
};

const ENDING: &str = "punchcard";
/// The sealed keys beside a backup.
const KEYS: &str = "keys";
/// Who was erased, beside backups; several tills may share a folder.
const ERASED: &str = "erased";
/// What stood where a backup was put back.
const SET_ASIDE: &str = "till.before-restore-";
/// So many daily backups are kept at most.
const MOST_KEPT: usize = 3650;
/// So many are kept where nobody says otherwise: two weeks.
const USUALLY_KEPT: usize = 14;

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

/// Where daily backups go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupPlan {
    /// The folder: best on another disk.
    pub folder: PathBuf,
    /// So many of this till's are kept there, the newest; at least one.
    pub keep: usize,
}

impl Till {
    /// Writes a backup.
    ///
    /// # Errors
    /// `approval_needed`, `bad_file` where there is a file already, those of the disk.
    pub fn backup(&self, actor: &Actor, path: &Path) -> Result<BackupDone> {
        actor.require(Permission::Backup)?;
        self.write_backup(path)
    }

    fn write_backup(&self, path: &Path) -> Result<BackupDone> {
        if path.exists() {
            return Err(bad_file(path, "there is a file already; choose another name"));
        }
        let temporary = beside(path, "part");
        // What somebody who died at it left there.
        remove_database(&temporary)?;
        let secrets = self.keys.load()?;
        let written = self.copy_to(&temporary, &secrets).and_then(|entries| {
            if let Some(recovery) = self.read(|db| local::get::<Recovery>(db, local::RECOVERY))? {
                // Before the backup has its name: there is none that nobody can open.
                files::write_atomic(&beside(path, KEYS), &recovery.seal(&secrets)?)?;
            }
            Ok(entries)
        });
        let entries = match written {
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

    /// Copies the database as of now, on a connection of its own, so that the desk goes on meanwhile;
    /// reads the copy back.
    fn copy_to(&self, target: &Path, secrets: &Secrets) -> Result<i64> {
        let name = target.to_str().ok_or_else(|| bad_file(target, "not a name in UTF-8"))?;
        let db = connect::reader(&self.folder.db(), secrets)?;
        // It writes nothing here, and into the copy.
        db.pragma_update(None, "query_only", false)?;
        db.execute("VACUUM INTO ?1", [name])?;
        let entries = check(target, secrets)?;
        std::fs::File::open(target)?.sync_all()?;
        Ok(entries)
    }

    /// Writes a backup into the data folder, named by the moment.
    ///
    /// # Errors
    /// As [`Till::backup`].
    pub fn backup_here(&self, actor: &Actor) -> Result<BackupDone> {
        let folder = self.folder.backups();
        files::create_private_folder(&folder)?;
        self.backup(actor, &folder.join(format!("{}.{ENDING}", self.moment())))
    }

    fn moment(&self) -> String {
        let moment = chrono::DateTime::from_timestamp_millis((self.clock)()).unwrap_or_default();
        moment.format("%Y%m%d-%H%M%S%3f").to_string()
    }

    // ── Every day ─────────────────────────────────────────────────────────────────────────────

    /// Where daily backups go; none: nowhere. And whether a recovery passphrase is set.
    ///
    /// # Errors
    /// Those of the store.
    pub fn backup_plan(&self) -> Result<(Option<BackupPlan>, bool)> {
        self.read(|db| {
            let recovery = local::get::<Recovery>(db, local::RECOVERY)?.is_some();
            Ok((local::get(db, local::BACKUPS)?, recovery))
        })
    }

    /// The same, with the day of the newest, for the settings page.
    ///
    /// # Errors
    /// `approval_needed`; those of the store.
    pub fn backup_page(&self, actor: &Actor) -> Result<BackupPlanView> {
        actor.require(Permission::Backup)?;
        let (plan, recovery) = self.backup_plan()?;
        let last: Option<String> = self.read(|db| local::get(db, local::BACKED_UP))?;
        Ok(BackupPlanView {
            keep: plan.as_ref().map_or(USUALLY_KEPT, |plan| plan.keep),
            folder: plan.map(|plan| plan.folder.display().to_string()),
            last: last.and_then(|day| day.parse().ok()),
            recovery,
            passphrase_least: recovery::LEAST_CHARACTERS,
        })
    }

    /// Says where daily backups go; none: nowhere.
    ///
    /// # Errors
    /// `approval_needed`, `bad_input`, `bad_file` where the folder cannot be made or written into.
    pub fn set_backup_plan(&self, actor: &Actor, plan: Option<BackupPlan>) -> Result<()> {
        actor.require(Permission::Backup)?;
        if let Some(plan) = &plan {
            if !(1..=MOST_KEPT).contains(&plan.keep) {
                return Err(Error::bad_input("keep", format!("1 to {MOST_KEPT}")));
            }
            if !plan.folder.is_absolute() {
                return Err(Error::bad_input("folder", "say the whole path of the folder"));
            }
            let probe = plan.folder.join(".punchcard-probe");
            let writable = files::create_private_folder(&plan.folder)
                .and_then(|()| files::write_atomic(&probe, b""))
                .and_then(|()| Ok(std::fs::remove_file(&probe)?));
            writable.map_err(|error| bad_file(&plan.folder, &error.to_string()))?;
        }
        self.write(move |work| match &plan {
            Some(plan) => local::set(work.db, local::BACKUPS, plan),
            None => local::remove(work.db, local::BACKUPS),
        })
    }

    /// Sets the passphrase with which the keys are sealed beside each backup from now on, so that it
    /// can be restored where these keys are not.
    ///
    /// # Errors
    /// `approval_needed`, `bad_input` where it is too short.
    pub fn set_recovery(&self, actor: &Actor, passphrase: &str) -> Result<()> {
        actor.require(Permission::Backup)?;
        let recovery = Recovery::of(passphrase)?;
        self.write(move |work| local::set(work.db, local::RECOVERY, &recovery))
    }

    /// Makes the day's backup where it is due, and removes the oldest ones of this till beyond those
    /// that are kept.
    ///
    /// # Errors
    /// Those of the disk; the day's is still due then.
    pub fn backup_if_due(&self) -> Result<Option<BackupDone>> {
        let today =
            self.write(|work| Ok(work.house.store.days().day_of(work.now_ms()).to_string()))?;
        let (plan, last, me) = self.read(|db| {
            let plan: Option<BackupPlan> = local::get(db, local::BACKUPS)?;
            let last: Option<String> = local::get(db, local::BACKED_UP)?;
            let me: Option<TillId> = local::get(db, local::TILL)?;
            Ok((plan, last, me))
        })?;
        let Some((plan, me)) = plan.zip(me).filter(|_| last.as_deref() != Some(&*today)) else {
            return Ok(None);
        };
        files::create_private_folder(&plan.folder)?;
        let prefix = prefix_of(me);
        let done =
            self.write_backup(&plan.folder.join(format!("{prefix}{}.{ENDING}", self.moment())))?;
        self.write(move |work| local::set(work.db, local::BACKED_UP, &today))?;
        prune(&plan, &prefix)?;
        Ok(Some(done))
    }

    // ── After an erasure ──────────────────────────────────────────────────────────────────────

    /// Whoever was erased is in older copies. In each folder that has some of this till's, a new one is
    /// made and read back; then the older ones go, and what a restore has set aside.
    pub(crate) fn replace_copies(&self) -> Result<()> {
        let (plan, me) = self.read(|db| {
            let plan: Option<BackupPlan> = local::get(db, local::BACKUPS)?;
            Ok((plan, local::get::<TillId>(db, local::TILL)?))
        })?;
        let mut places = vec![(self.folder.backups(), String::new())];
        places.extend(plan.zip(me).map(|(plan, me)| (plan.folder, prefix_of(me))));
        for (folder, prefix) in places {
            let older = backups_in(&folder, &prefix)?;
            if older.is_empty() {
                continue;
            }
            self.write_backup(&folder.join(format!("{prefix}{}.{ENDING}", self.moment())))?;
            let list = erase::list::read(&self.folder.erased());
            let all: Vec<_> = list.into_iter().collect();
            erase::list::add(&folder.join(format!("{prefix}{ERASED}")), &all)?;
            older.iter().try_for_each(|path| remove_backup(path))?;
        }
        for entry in std::fs::read_dir(self.folder.root())? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with(SET_ASIDE) {
                std::fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    // ── Restore ───────────────────────────────────────────────────────────────────────────────

    /// Puts a backup in the place of the store. What was there is kept beside it.
    ///
    /// # Errors
    /// [`Error::InUse`], [`Error::KeysMissing`], `bad_file`, those of the disk.
    pub fn restore(folder: &Path, backup: &Path, options: &Options) -> Result<Self> {
        Self::put_back(folder, backup, &KeyStore::of(folder).load()?, options, || Ok(()))
    }

    /// Puts a backup into a folder without a store, on a machine that does not have its keys: they
    /// lie sealed beside it.
    ///
    /// # Errors
    /// `bad_input` for another passphrase, [`Error::AlreadySetUp`] where the folder has a store or the
    /// keys of another, `bad_file`, those of the disk.
    pub fn restore_elsewhere(
        folder: &Path,
        backup: &Path,
        passphrase: &str,
        options: &Options,
    ) -> Result<Self> {
        let keys = KeyStore::of(folder);
        let taken = || Error::AlreadySetUp(folder.display().to_string());
        if Self::exists(folder) {
            return Err(taken());
        }
        let sealed = beside(backup, KEYS);
        let bytes = std::fs::read(&sealed).map_err(|error| {
            bad_file(&sealed, &format!("the sealed keys beside the backup cannot be read: {error}"))
        })?;
        let secrets = recovery::open(&bytes, passphrase, &sealed.display().to_string())?;
        files::create_private_folder(folder)?;
        // Cut short after it had taken the keys over, it goes on from there.
        let known = keys.has_some();
        if known && !keys.load()?.are_of_the_same_store(&secrets) {
            return Err(taken());
        }
        // Only when the backup has been read with them.
        Self::put_back(folder, backup, &secrets, options, || {
            if known { Ok(()) } else { keys.adopt(options.keys, &secrets) }
        })
    }

    fn put_back(
        folder: &Path,
        backup: &Path,
        secrets: &Secrets,
        options: &Options,
        when_read: impl FnOnce() -> Result<()>,
    ) -> Result<Self> {
        let place = Folder::new(folder);
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
        let erased = erased_since(&place, backup);
        if let Err(error) = prepare(&fresh, secrets, &erased) {
            remove_database(&fresh)?;
            return Err(match error {
                Error::Damaged(_) => bad_file(backup, "not a backup of this store, or damaged"),
                other => other,
            });
        }
        std::fs::File::open(&fresh)?.sync_all()?;
        when_read()?;
        set_aside(&place, (options.clock)())?;
        std::fs::rename(&fresh, place.db())?;
        files::sync_folder(&place.db())?;
        Self::open(folder, options)
    }
}

/// Several tills may share a folder: each names, counts and removes its own. The end of an id is
/// random, its beginning is when it was made.
fn prefix_of(till: TillId) -> String {
    let id = till.0.simple().to_string();
    format!("till-{}-", id.get(20..).unwrap_or_default())
}

/// Removes the oldest backups of a till beyond those that are kept, each with its keys.
fn prune(plan: &BackupPlan, prefix: &str) -> Result<()> {
    let ours = backups_in(&plan.folder, prefix)?;
    let beyond = ours.len().saturating_sub(plan.keep.max(1));
    ours.iter().take(beyond).try_for_each(|path| remove_backup(path))
}

/// Backups in a folder that begin with this, the oldest first; none where there is no folder.
fn backups_in(folder: &Path, prefix: &str) -> Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(prefix) && name.ends_with(&format!(".{ENDING}")) {
            found.push(path.clone());
        }
    }
    found.sort();
    Ok(found)
}

/// With its keys.
fn remove_backup(path: &Path) -> Result<()> {
    std::fs::remove_file(path)?;
    let keys = beside(path, KEYS);
    if keys.exists() {
        std::fs::remove_file(keys)?;
    }
    Ok(())
}

/// Who was erased since a backup was made, as far as that is known where the store lay, and beside the
/// backup.
fn erased_since(place: &Folder, backup: &Path) -> BTreeSet<MemberId> {
    let mut all = erase::list::read(&place.erased());
    for entry in backup.parent().and_then(|folder| folder.read_dir().ok()).into_iter().flatten() {
        let Ok(path) = entry.map(|entry| entry.path()) else { continue };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(ERASED) {
            all.extend(erase::list::read(&path));
        }
    }
    all
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
fn check(path: &Path, secrets: &Secrets) -> Result<i64> {
    let db = connect::reader(path, secrets)?;
    let broken = connect::broken_seals(&db)?;
    if let Some(first) = broken.first() {
        return Err(Error::Damaged(first.clone()));
    }
    let mut chains = Chains::read(&db)?;
    let mut entries = 0;
    journal::walk(&db, 0, |stored| {
        let stream =
            chains.stream(&stored).ok_or_else(|| Error::Damaged("a stray entry".into()))?;
        chains.next(stream, &stored).map_err(|error| Error::Damaged(error.to_string()))?;
        entries += 1;
        Ok(())
    })?;
    Ok(entries)
}

/// Checks what is to be restored, and marks it as restored; who was `erased` since is erased again with
/// its next life.
fn prepare(path: &Path, secrets: &Secrets, erased: &BTreeSet<MemberId>) -> Result<()> {
    check(path, secrets)?;
    let db = connect::writer(path, secrets, Durability::Full)?;
    local::set(&db, local::RESTORED, &true)?;
    local::set(&db, local::ERASE_AGAIN, erased)?;
    // Everything into the one file, which is then moved alone.
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}

/// Keeps what was there: somebody may want to look at it.
fn set_aside(place: &Folder, now_ms: i64) -> Result<()> {
    for ending in ["", "-wal", "-shm"] {
        let from = PathBuf::from(format!("{}{ending}", place.db().display()));
        if from.exists() {
            let name = format!("{SET_ASIDE}{now_ms}.db{ending}");
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
