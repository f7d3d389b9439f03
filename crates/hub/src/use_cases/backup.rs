//! Writing a backup, and doing so every day.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use chrono::{Local, NaiveTime, TimeZone};
use punchcard_domain::decide::MOST_ERASED;
use punchcard_protocol::{Hash, StreamId, sync::Known};
use serde::Serialize;
use serde_json::json;

use super::{inbox, work::Work};
use crate::{
    backup::{
        Keys, Passphrase, check,
        file::{Header, Writer, fresh_nonce},
        folder::{Folder, Found, holds_erased},
        kept::{LOG, LOG_COLUMNS, LOG_QUERY, STATE},
    },
    error::{Error, Result},
    hub::{Hub, hub_row},
    random,
    store::{Session, erased, journal},
};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// A chain begins anew when the one before is a week old, or would be before the next backup.
const CHAIN_MS: i64 = 7 * DAY_MS - DAY_MS / 2;
/// Whoever makes the day's backup says again and again that they are at it; after so long without a
/// word, another hub does it: ms.
const LEASE_MS: i64 = 5 * 60 * 1000;
const SAY_EVERY: Duration = Duration::from_mins(1);
/// After a failure it is tried again in: ms.
const RETRY_MS: i64 = 15 * 60 * 1000;
const NAME: &str = "backup";
/// Before the first entry.
const START: Known = Known { seq: 0, hash: Hash::ZERO };

/// Where backups go, and when.
pub struct Schedule {
    /// The folder.
    pub folder: PathBuf,
    /// The hour of the machine's day, 0 to 23.
    pub hour: u32,
    /// So many chains are kept, of a week each; at least one.
    pub keep: usize,
    /// What they are encrypted with.
    pub passphrase: Passphrase,
}

/// A backup that was written and read back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BackupDone {
    /// Where it is.
    pub path: PathBuf,
    /// It begins a chain.
    pub full: bool,
    /// Entries in it.
    pub entries: u64,
    /// Its size.
    pub bytes: u64,
    /// Names of old ones that were removed.
    pub removed: Vec<String>,
}

/// How far each journal was when a backup was made.
type Heads = Vec<(StreamId, u64)>;

impl Hub {
    /// Writes a backup into a folder: what came since the last one there, or everything where that
    /// is a week old, `full` is asked for, or there is none that is whole. Old chains beyond `keep`
    /// are removed afterwards; none: all are kept.
    ///
    /// # Errors
    /// [`Error::BackupBusy`], [`Error::BadBackup`] where it cannot be read back, those of disk and
    /// database. Whatever was there before is as it was.
    pub fn backup(
        &self,
        folder: &Path,
        passphrase: &Passphrase,
        full: bool,
        keep: Option<usize>,
    ) -> Result<BackupDone> {
        self.backup_saying_so(folder, passphrase, full, keep, &mut || Ok(()))
    }

    /// Makes the day's backup where it is due and no other hub on this database makes it.
    ///
    /// # Errors
    /// As [`Hub::backup`]; the owner is told once.
    pub fn backup_if_due(&self, plan: &Schedule) -> Result<Option<BackupDone>> {
        let slot = slot(&Local, self.now_ms(), plan.hour);
        let me = random::bytes::<16>()?;
        if !self.write(|work| claim(work, slot, me))? {
            return Ok(None);
        }
        let mut said = Instant::now();
        let mut say_so = || {
            if said.elapsed() < SAY_EVERY {
                return Ok(());
            }
            said = Instant::now();
            self.write(|work| prolong(work, me))
        };
        let keep = Some(plan.keep);
        let done = self.backup_saying_so(&plan.folder, &plan.passphrase, false, keep, &mut say_so);
        match &done {
            Ok(_) => self.write(|work| finish(work, slot, me))?,
            Err(error) => self.write(|work| failed(work, me, error))?,
        }
        done.map(Some)
    }

    fn backup_saying_so(
        &self,
        folder: &Path,
        passphrase: &Passphrase,
        full: bool,
        keep: Option<usize>,
        say_so: &mut dyn FnMut() -> Result<()>,
    ) -> Result<BackupDone> {
        let folder = Folder::make(folder)?;
        let _locked = folder.lock()?;
        let unfinished = folder.unfinished()?;
        let mut keys = Keys::of(passphrase);
        let erased = self.read(|session| erased::newest(session))?;
        let erased = erased.map_or((0, 0), |(epoch, position, _)| (epoch, position));
        let base = if full { None } else { self.base(&folder, erased, &mut keys)? };
        let written = self.write_backup(&unfinished, base.as_ref(), &mut keys, say_so).and_then(
            |(header, heads)| {
                let found = Found { path: unfinished.clone(), header };
                let entries = check::check(&found, &mut keys)?;
                Ok((found.header, heads, entries))
            },
        );
        let (header, heads, entries) = match written {
            Ok(written) => written,
            Err(error) => {
                drop(std::fs::remove_file(&unfinished));
                return Err(error);
            }
        };
        let kept = folder.keep(&unfinished, &header)?;
        self.write(|work| durable(work, &header, &heads))?;
        let mut removed = self.forget_erased(&folder, erased)?;
        if let Some(keep) = keep {
            removed.extend(folder.prune(self.id(), keep)?);
        }
        let bytes = std::fs::metadata(&kept.path)?.len();
        let full = header.previous.is_none();
        Ok(BackupDone { path: kept.path, full, entries, bytes, removed })
    }

    /// Chains that began before the newest erasure hold what was erased. They stay, for as long as others
    /// are kept, where so many were erased since that it may not be what the owner wants.
    fn forget_erased(&self, folder: &Folder, erased: (u32, u64)) -> Result<Vec<String>> {
        let Some(began_ms) = folder.oldest_before(self.id(), erased)? else {
            return Ok(Vec::new());
        };
        let many = self.read(|session| erased::since(session, began_ms))?;
        if many <= MOST_ERASED {
            return folder.forget_before(self.id(), erased);
        }
        self.write(|work| {
            let told = "SELECT 1 FROM inbox WHERE code = 'many_erased' AND settled = 0 LIMIT 1";
            match work.session.row(told, &[])? {
                Some(_) => Ok(()),
                None => inbox::tell(work, "many_erased", &json!({"count": many})),
            }
        })?;
        Ok(Vec::new())
    }

    /// The backup that the next one can go on from: the newest of a chain that is young enough, that
    /// this passphrase opens, of which every file is whole, and that began after the newest erasure.
    fn base(
        &self,
        folder: &Folder,
        erased: (u32, u64),
        keys: &mut Keys<'_>,
    ) -> Result<Option<Header>> {
        let listing = folder.list()?;
        let Some(newest) = listing.newest(self.id()) else { return Ok(None) };
        let checked = listing.chain_to(newest).and_then(|chain| {
            let began_ms = chain.first().map_or(0, |full| full.header.made_ms);
            let young = (0..CHAIN_MS).contains(&(self.now_ms() - began_ms))
                && chain.first().is_some_and(|full| !holds_erased(&full.header, erased));
            if young {
                for found in &chain {
                    check::check(found, keys)?;
                }
            }
            Ok(young)
        });
        match checked {
            Ok(young) => Ok(young.then(|| newest.header.clone())),
            Err(error) => {
                tracing::warn!(%error, "the last backup is not whole: a full one is made");
                Ok(None)
            }
        }
    }

    /// Writes all of one moment into a file.
    fn write_backup(
        &self,
        path: &Path,
        base: Option<&Header>,
        keys: &mut Keys<'_>,
        say_so: &mut dyn FnMut() -> Result<()>,
    ) -> Result<(Header, Heads)> {
        self.read(|session| {
            let hub = hub_row(session)?;
            let upto = Known { seq: hub.position, hash: hub.sum.to_hash() };
            let mut follows = None;
            if let Some(base) = base {
                // Another epoch, or another log: the database was put back since.
                let here = journal::sum_at(session, base.upto.seq)?;
                let fits =
                    base.epoch == hub.epoch && base.upto.seq <= upto.seq && base.upto.hash == here;
                follows = fits.then_some(base);
            }
            let (how, key) = match follows.and_then(|base| Some((base, keys.open(&base.key)?))) {
                Some((base, key)) => (base.key.clone(), key),
                None => keys.fresh()?,
            };
            let header = Header {
                id: random::uuid_at(self.now_ms())?,
                previous: follows.map(|base| base.id),
                hub: hub.id,
                epoch: hub.epoch,
                made_ms: self.now_ms(),
                after: follows.map_or(START, |base| base.upto),
                upto,
                program: env!("CARGO_PKG_VERSION").to_owned(),
                key: how,
                nonce: fresh_nonce()?,
            };
            let mut file = Writer::create(path, &header, &key)?;
            write_state(session, &mut file, say_so)?;
            write_log(session, &header, &mut file, say_so)?;
            file.finish()?;
            let streams = journal::streams(session)?;
            let heads = streams.iter().map(|row| (row.stream, row.link.seq)).collect();
            Ok((header, heads))
        })
    }
}

fn write_state(
    session: &mut dyn Session,
    file: &mut Writer,
    say_so: &mut dyn FnMut() -> Result<()>,
) -> Result<()> {
    for kept in STATE {
        file.table(kept.table.table, &kept.columns())?;
        session.query(&kept.query(), &[], &mut |row| {
            say_so()?;
            file.row(row)
        })?;
    }
    Ok(())
}

fn write_log(
    session: &mut dyn Session,
    header: &Header,
    file: &mut Writer,
    say_so: &mut dyn FnMut() -> Result<()>,
) -> Result<()> {
    file.table(LOG, LOG_COLUMNS)?;
    session.query(LOG_QUERY, &[header.after.seq.into(), header.upto.seq.into()], &mut |row| {
        say_so()?;
        file.row(row)
    })
}

/// What is in a backup that was read back is durable: so the tills are told.
fn durable(work: &mut Work<'_>, header: &Header, heads: &Heads) -> Result<()> {
    if work.hub.epoch != header.epoch {
        // Put back from an older copy meanwhile.
        return Ok(());
    }
    for (stream, seq) in heads {
        work.session.execute(
            "UPDATE stream SET durable = $1 WHERE stream = $2 AND durable < $1",
            &[(*seq).into(), (*stream).into()],
        )?;
    }
    let now_ms = work.now_ms;
    work.session.execute(
        "INSERT INTO schedule (name, slot_ms, done_ms, holder, until_ms) VALUES ($1, 0, $2, $3, 0)
         ON CONFLICT (name) DO UPDATE SET done_ms = excluded.done_ms",
        &[NAME.into(), now_ms.into(), Vec::new().into()],
    )?;
    Ok(())
}

// ── Once a day, by one of several hubs ──────────────────────────────────────────────────────────

/// The newest moment, now or before, at which the hour began.
fn slot<Tz: TimeZone>(zone: &Tz, now_ms: i64, hour: u32) -> i64 {
    let Some(now) = zone.timestamp_millis_opt(now_ms).earliest() else { return 0 };
    let time = NaiveTime::from_hms_opt(hour.min(23), 0, 0).unwrap_or_default();
    let today = now.date_naive();
    let days = [Some(today), today.pred_opt()];
    days.into_iter()
        .flatten()
        // In the night in which that hour is left out, the one before counts on.
        .filter_map(|day| zone.from_local_datetime(&day.and_time(time)).earliest())
        .map(|moment| moment.timestamp_millis())
        .find(|moment| *moment <= now_ms)
        .unwrap_or(0)
}

/// Takes the day's backup on; false where it is made, or somebody is at it, or it failed just now.
fn claim(work: &mut Work<'_>, slot: i64, me: [u8; 16]) -> Result<bool> {
    let sql = "SELECT slot_ms, until_ms FROM schedule WHERE name = $1";
    if let Some(row) = work.session.row(sql, &[NAME.into()])? {
        let taken = row[1].int()? > work.now_ms;
        if row[0].int()? >= slot || taken {
            return Ok(false);
        }
    }
    let until_ms = work.now_ms.saturating_add(LEASE_MS);
    work.session.execute(
        "INSERT INTO schedule (name, slot_ms, done_ms, holder, until_ms) VALUES ($1, 0, 0, $2, $3)
         ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until_ms = excluded.until_ms",
        &[NAME.into(), me.into(), until_ms.into()],
    )?;
    Ok(true)
}

/// Whoever is at it says so.
fn prolong(work: &mut Work<'_>, me: [u8; 16]) -> Result<()> {
    let until_ms = work.now_ms.saturating_add(LEASE_MS);
    let sql = "UPDATE schedule SET until_ms = $1 WHERE name = $2 AND holder = $3";
    match work.session.execute(sql, &[until_ms.into(), NAME.into(), me.into()])? {
        0 => Err(Error::BackupBusy("the database; another hub has taken it over".into())),
        _ => Ok(()),
    }
}

fn finish(work: &mut Work<'_>, slot: i64, me: [u8; 16]) -> Result<()> {
    let sql = "UPDATE schedule SET slot_ms = $1, until_ms = 0 WHERE name = $2 AND holder = $3";
    work.session.execute(sql, &[slot.into(), NAME.into(), me.into()])?;
    Ok(())
}

/// It is tried again a little later; the owner is told, once.
fn failed(work: &mut Work<'_>, me: [u8; 16], error: &Error) -> Result<()> {
    let until_ms = work.now_ms.saturating_add(RETRY_MS);
    let sql = "UPDATE schedule SET until_ms = $1 WHERE name = $2 AND holder = $3";
    work.session.execute(sql, &[until_ms.into(), NAME.into(), me.into()])?;
    let told = "SELECT 1 FROM inbox WHERE code = 'backup_failed' AND settled = 0 LIMIT 1";
    if work.session.row(told, &[])?.is_none() {
        inbox::tell(work, "backup_failed", &json!({"why": error.to_string()}))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use chrono::FixedOffset;

    use super::*;

    #[test]
    fn a_day_has_one_moment_for_it() {
        let zone = FixedOffset::east_opt(8 * 3600).expect("a zone");
        let at = |text: &str| {
            chrono::DateTime::parse_from_rfc3339(text).expect("a moment").timestamp_millis()
        };
        let three = at("2026-11-27T03:00:00+08:00");
        assert_eq!(slot(&zone, three, 3), three);
        assert_eq!(slot(&zone, three + 1, 3), three);
        assert_eq!(slot(&zone, three + DAY_MS - 1, 3), three);
        assert_eq!(slot(&zone, three - 1, 3), three - DAY_MS);
        assert_eq!(slot(&zone, three + DAY_MS, 3), three + DAY_MS);
    }
}
