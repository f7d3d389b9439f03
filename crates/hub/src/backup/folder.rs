//! A folder of backups: which go on from which, and which can go.

use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use punchcard_protocol::TillId;
use uuid::Uuid;

use super::file::{self, Header, bad};
use crate::error::{Error, Result};

const ENDING: &str = "punchcard";
/// What is being written; nobody reads it.
const UNFINISHED: &str = "unfinished";
const LOCK: &str = ".lock";

/// A backup, as far as it says what it is without its passphrase.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    pub(crate) header: Header,
}

impl Found {
    /// The name of its file.
    pub(crate) fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

/// A folder of backups.
pub(crate) struct Folder {
    path: PathBuf,
}

/// What is in it.
pub(crate) struct Listing {
    /// Backups, the oldest state first.
    pub(crate) found: Vec<Found>,
    /// Files that should be backups, and what is wrong with them.
    pub(crate) unreadable: Vec<(PathBuf, Error)>,
}

/// Held as long as somebody writes into the folder. The system lets go of it however they end.
pub(crate) struct Locked {
    _file: File,
}

fn at(path: &Path, error: &std::io::Error) -> Error {
    std::io::Error::new(error.kind(), format!("{}: {error}", path.display())).into()
}

impl Folder {
    /// A folder that is there.
    pub(crate) fn existing(path: &Path) -> Result<Self> {
        match fs::metadata(path) {
            Ok(data) if data.is_dir() => Ok(Self { path: path.to_owned() }),
            Ok(_) => Err(Error::Usage(format!("{} is not a folder", path.display()))),
            Err(error) => Err(at(path, &error)),
        }
    }

    /// A folder, made where it is not there yet; its owner's alone.
    pub(crate) fn make(path: &Path) -> Result<Self> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path).map_err(|error| at(path, &error))?;
        Self::existing(path)
    }

    /// Says that somebody writes here.
    pub(crate) fn lock(&self) -> Result<Locked> {
        let path = self.path.join(LOCK);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(|error| at(&path, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Locked { _file: file }),
            Err(TryLockError::WouldBlock) => {
                Err(Error::BackupBusy(self.path.display().to_string()))
            }
            Err(TryLockError::Error(error)) => Err(at(&path, &error)),
        }
    }

    /// Where a new backup is written until it is known to be whole. What was left there by whoever
    /// died at it goes.
    pub(crate) fn unfinished(&self) -> Result<PathBuf> {
        let path = self.path.join(UNFINISHED);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(at(&path, &error)),
            _ => Ok(path),
        }
    }

    /// Gives a backup that is known to be whole its name.
    pub(crate) fn keep(&self, unfinished: &Path, header: &Header) -> Result<Found> {
        let moment = DateTime::<Utc>::from_timestamp_millis(header.made_ms).unwrap_or_default();
        let kind = if header.previous.is_some() { "more" } else { "full" };
        // The end of the id is random; the beginning is the moment once more.
        let id = header.id.simple().to_string();
        let end = id.get(24..).unwrap_or_default();
        let name = format!("hub-{}-{kind}-{end}.{ENDING}", moment.format("%Y%m%d-%H%M%S"));
        let path = self.path.join(name);
        fs::rename(unfinished, &path).map_err(|error| at(&path, &error))?;
        self.sync()?;
        Ok(Found { path, header: header.clone() })
    }

    /// Sees names on the disk.
    fn sync(&self) -> Result<()> {
        // Elsewhere a folder cannot be opened, and names are kept with the file.
        #[cfg(unix)]
        File::open(&self.path).and_then(|folder| folder.sync_all())?;
        Ok(())
    }

    /// All backups in it.
    pub(crate) fn list(&self) -> Result<Listing> {
        let mut listing = Listing { found: Vec::new(), unreadable: Vec::new() };
        for entry in fs::read_dir(&self.path).map_err(|error| at(&self.path, &error))? {
            let path = entry?.path();
            if path.extension().is_none_or(|ending| ending != ENDING) {
                continue;
            }
            match file::read_header(&path) {
                Ok(header) => listing.found.push(Found { path, header }),
                Err(error) => listing.unreadable.push((path, error)),
            }
        }
        listing.found.sort_by_key(|found| age(&found.header));
        Ok(listing)
    }

    /// When the oldest backup of a hub was made that may hold what an erasure deleted; none: none does.
    pub(crate) fn oldest_before(&self, hub: TillId, erased: (u32, u64)) -> Result<Option<i64>> {
        let listing = self.list()?;
        let ours = listing.found.iter().filter(|found| found.header.hub == hub);
        let holding = ours.filter(|found| holds_erased(&found.header, erased));
        Ok(holding.map(|found| found.header.made_ms).min())
    }

    /// Removes chains of a hub that began before an erasure, and what is left of others from then; returns
    /// the names. Whoever calls has just made a new full one.
    pub(crate) fn forget_before(&self, hub: TillId, erased: (u32, u64)) -> Result<Vec<String>> {
        let listing = self.list()?;
        let mut removed = Vec::new();
        for found in listing.found.iter().rev().filter(|found| found.header.hub == hub) {
            let first = listing.chain_to(found).ok().and_then(|chain| chain.into_iter().next());
            if holds_erased(&first.as_ref().unwrap_or(found).header, erased) {
                fs::remove_file(&found.path).map_err(|error| at(&found.path, &error))?;
                removed.push(found.name());
            }
        }
        if !removed.is_empty() {
            self.sync()?;
        }
        Ok(removed)
    }

    /// Removes what is older than the `keep` newest whole chains of a hub; returns the names. What
    /// is removed first is what others do not go on from: killed midway, a shorter chain is left.
    pub(crate) fn prune(&self, hub: TillId, keep: usize) -> Result<Vec<String>> {
        let listing = self.list()?;
        let ours: Vec<&Found> =
            listing.found.iter().filter(|found| found.header.hub == hub).collect();
        let whole: Vec<&Found> =
            ours.iter().copied().filter(|found| found.header.previous.is_none()).collect();
        let Some(oldest) = whole.len().checked_sub(keep.max(1)).and_then(|at| whole.get(at)) else {
            return Ok(Vec::new());
        };
        let kept: BTreeSet<Uuid> = ours
            .iter()
            .filter(|found| match listing.chain_to(found) {
                Ok(chain) => {
                    chain.first().is_some_and(|full| age(&full.header) >= age(&oldest.header))
                }
                // Of a broken chain that is not old: whoever lost a file may find it again.
                Err(_) => age(&found.header) >= age(&oldest.header),
            })
            .map(|found| found.header.id)
            .collect();
        let mut removed = Vec::new();
        for found in ours.iter().rev().filter(|found| !kept.contains(&found.header.id)) {
            fs::remove_file(&found.path).map_err(|error| at(&found.path, &error))?;
            removed.push(found.name());
        }
        if !removed.is_empty() {
            self.sync()?;
        }
        Ok(removed)
    }
}

/// Whether a chain that begins with this may hold what an erasure at that epoch and position deleted.
pub(crate) fn holds_erased(full: &Header, (epoch, position): (u32, u64)) -> bool {
    (full.epoch, full.upto.seq) < (epoch, position)
}

/// By what they hold, then by when they were made.
fn age(header: &Header) -> (u32, u64, i64) {
    (header.epoch, header.upto.seq, header.made_ms)
}

impl Listing {
    /// The newest backup of a hub.
    pub(crate) fn newest(&self, hub: TillId) -> Option<&Found> {
        self.found.iter().rfind(|found| found.header.hub == hub)
    }

    /// A backup and all from which it goes on, the full one first.
    ///
    /// # Errors
    /// [`Error::BadBackup`]: one is missing, or they do not fit.
    pub(crate) fn chain_to(&self, last: &Found) -> Result<Vec<Found>> {
        let mut chain = vec![last.clone()];
        while let Some(next) = chain.last().and_then(|found| Some((found, found.header.previous?)))
        {
            let (found, id) = next;
            let broken = |why: &str| bad(&found.name(), why);
            let before = self.found.iter().find(|before| before.header.id == id).ok_or_else(|| {
                broken(
                    "the backup from which it goes on is not in this folder (or is damaged); put \
                     it back, or take an older one with --at",
                )
            })?;
            let fits = before.header.hub == found.header.hub
                && before.header.epoch == found.header.epoch
                && before.header.upto == found.header.after
                && before.header.upto.seq <= found.header.upto.seq;
            if !fits || chain.len() > self.found.len() {
                return Err(broken("it does not fit the backup from which it goes on"));
            }
            chain.push(before.clone());
        }
        chain.reverse();
        let begins = chain.first().is_some_and(|first| first.header.after.seq == 0);
        if begins { Ok(chain) } else { Err(bad(&last.name(), "its chain has no beginning")) }
    }

    /// What is to be restored: up to the backup of that name, else all of the newest chain.
    ///
    /// # Errors
    /// [`Error::Usage`], [`Error::BadBackup`].
    pub(crate) fn choose(mut self, name: Option<&str>) -> Result<Vec<Found>> {
        if let Some(name) = name {
            let last = self.found.iter().find(|found| found.name() == name);
            return match last {
                Some(last) => self.chain_to(last),
                None => match self.unreadable.into_iter().find(|(path, _)| path.ends_with(name)) {
                    Some((_, error)) => Err(error),
                    None => Err(Error::Usage(format!("there is no backup named {name} here"))),
                },
            };
        }
        if let Some((_, error)) = self.unreadable.pop() {
            // It may be the newest; to pass it over in silence would lose days.
            return Err(error);
        }
        let hubs: BTreeSet<TillId> = self.found.iter().map(|found| found.header.hub).collect();
        let mut hubs = hubs.into_iter();
        match (hubs.next(), hubs.next()) {
            (Some(hub), None) => match self.newest(hub) {
                Some(newest) => self.chain_to(newest),
                None => Err(Error::Usage("there is no backup in this folder".into())),
            },
            (None, _) => Err(Error::Usage("there is no backup in this folder".into())),
            _ => Err(Error::Usage(
                "backups of more than one hub are in this folder; say which with --at".into(),
            )),
        }
    }
}
