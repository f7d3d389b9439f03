//! The one writer, and the order of things around a commit.

use std::{
    sync::{Arc, Condvar, Mutex},
    time::{Duration, Instant},
};

use rusqlite::{Connection, TransactionBehavior};

use crate::{
    anchor::{Anchor, Flusher},
    clock::Clock,
    error::{Error, Result},
    keys::Secrets,
    store::{
        local,
        purse::Owned,
        records::{self, House},
    },
    views::Distrust,
    work::{Head, Work},
};

/// After so long without a write the log is put into the database, so that the next writes go
/// over blocks the disk has already, and no cashier waits for a checkpoint.
const IDLE: Duration = Duration::from_millis(500);
/// A log of more frames (4 KiB and a little) than a busy hour leaves.
const LONG_LOG_FRAMES: i64 = 256;
/// So soon after a commit the anchor is made to outlive the power.
const BREATH: Duration = Duration::from_millis(20);

/// Everything that writing needs.
pub(crate) struct Writer {
    pub(crate) db: Connection,
    pub(crate) anchor: Option<Anchor>,
    pub(crate) head: Head,
    pub(crate) house: House,
    pub(crate) owned: Owned,
    pub(crate) distrust: Option<Distrust>,
    pub(crate) secrets: Secrets,
    pub(crate) clock: Clock,
    /// Why nothing more may be written: the disk failed under a commit, and whether it is there
    /// shows only after a restart.
    pub(crate) failed: Option<String>,
}

impl Writer {
    /// One use case: one transaction. What `act` returns is told only after the commit has
    /// returned and the anchor is on the disk.
    pub(crate) fn transact<T>(
        &mut self,
        act: impl FnOnce(&mut Work<'_>) -> Result<T>,
    ) -> Result<T> {
        let sound = self.sound();
        let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let changes = transaction.total_changes();
        let mut work = Work::new(
            &transaction,
            self.head,
            &self.house,
            &self.owned,
            self.distrust,
            &self.secrets,
            (self.clock)(),
        );
        let told = act(&mut work)?;
        let done = work.finish();
        if transaction.total_changes() != changes {
            // What only looks, can look; what was changed is taken back.
            sound?;
        }
        let committed = transaction.commit().map_err(Error::from);
        self.settle(committed, &done)?;
        Ok(told)
    }

    /// After a commit: what is kept in memory, and the anchor.
    fn settle(&mut self, committed: Result<()>, done: &crate::work::Done) -> Result<()> {
        if let Err(error) = committed {
            return Err(self.fail(error));
        }
        let appended = done.head.link != self.head.link;
        self.head = done.head;
        if appended {
            self.anchor(done.head)?;
        }
        if done.house_changed {
            let store = local::get(&self.db, local::STORE)?.unwrap_or(self.house.store.id);
            // A store that the till was sent to may not have come yet.
            if let Ok(house) = records::house(&self.db, store) {
                self.house = house;
            }
        }
        if let Some(distrust) = done.distrust {
            self.distrust = distrust;
            self.owned = Owned::read(&self.db, self.head.stream)?.without(self.owned.weak());
        }
        Ok(())
    }

    /// Refuses to write on a disk that has failed.
    pub(crate) fn sound(&self) -> Result<()> {
        match &self.failed {
            Some(why) => Err(Error::Disk(why.clone())),
            None => Ok(()),
        }
    }

    /// Writes the anchor of what was just committed. Whatever is wrong with that, the entry is there
    /// and must not be done again, so nobody may be told that it was refused.
    pub(crate) fn anchor(&mut self, head: Head) -> Result<()> {
        let Some(anchor) = &mut self.anchor else { return Ok(()) };
        anchor
            .write(head.stream, head.link)
            .map_err(|error| self.fail(Error::Disk(format!("the anchor: {error}"))))
    }

    /// A full disk is a refusal; a failing one ends all writing until a restart. Nothing is tried
    /// again: a sync that failed has dropped what it should have kept, and the next one succeeds.
    pub(crate) fn fail(&mut self, error: Error) -> Error {
        if let Error::Disk(why) = &error {
            tracing::error!(why, "the disk failed; nothing more is written until a restart");
            self.failed = Some(why.clone());
        }
        error
    }

    /// Puts the log into the database as far as no reader is in the way, and returns whether all of
    /// it is there now. Where there is no room for that, the log is kept and grows.
    pub(crate) fn checkpoint(&mut self) -> bool {
        if self.failed.is_some() {
            return false;
        }
        self.put_log_away().unwrap_or_else(|error| {
            let error = self.fail(error);
            tracing::warn!(code = error.code(), "checkpoint failed; the log is kept");
            false
        })
    }

    /// Puts the log into the database and empties its file: pages stand in it as they were. False:
    /// somebody was reading.
    pub(crate) fn empty_log(&mut self) -> Result<bool> {
        self.sound()?;
        let truncate = "PRAGMA wal_checkpoint(TRUNCATE)";
        let busy: rusqlite::Result<i64> = self.db.query_row(truncate, [], |row| row.get(0));
        busy.map(|busy| busy == 0).map_err(|error| self.fail(error.into()))
    }

    /// Writes every page anew, so that none holds what was deleted or moved elsewhere. SQLite clears
    /// what it deletes, but not what it has copied to another page before.
    pub(crate) fn write_anew(&mut self) -> Result<()> {
        self.sound()?;
        // The copy that is made meanwhile goes to a file, which is encrypted like the database: in memory
        // a large store would have no room.
        let anew = "PRAGMA temp_store = FILE; VACUUM; PRAGMA temp_store = DEFAULT";
        self.db.execute_batch(anew).map_err(|error| self.fail(error.into()))
    }

    /// A log that is in the database still stands in its file, and the next start would read all of
    /// it once more. After much was written at once (an import), the log is made to begin anew, which
    /// it does with the next commit; the file stays, so that a full disk does not matter.
    fn put_log_away(&self) -> Result<bool> {
        let passive = "PRAGMA wal_checkpoint(PASSIVE)";
        let frames = |row: &rusqlite::Row<'_>| Ok((row.get(1)?, row.get(2)?));
        let (logged, put): (i64, i64) = self.db.query_row(passive, [], frames)?;
        if put == logged && logged > LONG_LOG_FRAMES {
            local::set(&self.db, local::LOG_BEGUN, &(self.clock)())?;
        }
        Ok(put == logged)
    }
}

/// The one writer, and who looks after it when nobody waits.
///
/// Use cases run on their callers' threads, one at a time, under one lock: handing each to a
/// thread of its own was measured, and cost a tenth of a check-in for waking two threads.
pub(crate) struct WriterLock {
    writer: Arc<Mutex<Writer>>,
    written: std::sync::atomic::AtomicU64,
    keeper: Arc<Keeper>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl WriterLock {
    pub(crate) fn start(writer: Writer) -> Result<Self> {
        let flush = writer.anchor.as_ref().map(Anchor::flusher).transpose()?;
        let writer = Arc::new(Mutex::new(writer));
        let keeper = Arc::new(Keeper::default());
        let (kept, keeping) = (writer.clone(), keeper.clone());
        let thread = std::thread::Builder::new()
            .name("till-keeper".into())
            .spawn(move || keeping.keep(&kept, flush.as_ref()))?;
        let written = std::sync::atomic::AtomicU64::new(0);
        Ok(Self { writer, written, keeper, thread: Some(thread) })
    }

    /// How often something was appended since the start.
    pub(crate) fn written(&self) -> u64 {
        self.written.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Runs `act` with the writer, when it is its turn.
    pub(crate) fn call<T>(&self, act: impl FnOnce(&mut Writer) -> Result<T>) -> Result<T> {
        let mut writer = self.writer.lock().map_err(|_| gone())?;
        let before = writer.head.link;
        let answer = act(&mut writer);
        let wrote = writer.head.link != before;
        drop(writer);
        if wrote {
            self.written.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            self.keeper.wrote();
        }
        answer
    }
}

fn gone() -> Error {
    Error::Internal("a use case fell over; start Punchcard again".into())
}

impl WriterLock {
    /// Ends the keeper. Returns whether everything that was written is on the disk.
    pub(crate) fn close(&mut self) -> bool {
        self.keeper.close();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the keeper fell over");
            return false;
        }
        self.writer.lock().is_ok_and(|writer| writer.failed.is_none())
    }
}

impl Drop for WriterLock {
    fn drop(&mut self) {
        self.close();
    }
}

/// Looks after the writer when nobody waits: the anchor onto the disk soon after a commit, the log
/// into the database when the desk is idle.
#[derive(Default)]
struct Keeper {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Default)]
struct State {
    /// Since when something is not yet known to be on the disk.
    unflushed: Option<Instant>,
    /// When something was last written that is only in the log.
    logged: Option<Instant>,
    closed: bool,
}

/// What the keeper does next.
enum Duty {
    Flush,
    Checkpoint,
    Leave,
}

impl Keeper {
    fn wrote(&self) {
        let Ok(mut state) = self.state.lock() else { return };
        let now = Instant::now();
        let asleep = state.unflushed.is_none();
        state.unflushed.get_or_insert(now);
        state.logged = Some(now);
        drop(state);
        if asleep {
            self.wake.notify_one();
        }
    }

    fn close(&self) {
        if let Ok(mut state) = self.state.lock() {
            state.closed = true;
        }
        self.wake.notify_one();
    }

    fn keep(&self, writer: &Mutex<Writer>, flush: Option<&Flusher>) {
        loop {
            match self.next() {
                Duty::Flush => flushed(writer, flush),
                Duty::Checkpoint => {
                    if let Ok(mut writer) = writer.lock() {
                        writer.checkpoint();
                    }
                }
                Duty::Leave => break,
            }
        }
        flushed(writer, flush);
        if let Ok(mut writer) = writer.lock() {
            writer.checkpoint();
        }
    }

    /// Sleeps until there is something to do.
    fn next(&self) -> Duty {
        let Ok(mut state) = self.state.lock() else { return Duty::Leave };
        loop {
            if state.closed {
                return Duty::Leave;
            }
            let (due, duty) = match (state.unflushed, state.logged) {
                (Some(since), _) => (Some(since + BREATH), Duty::Flush),
                (None, Some(last)) => (Some(last + IDLE), Duty::Checkpoint),
                (None, None) => (None, Duty::Leave),
            };
            let now = Instant::now();
            state = match due {
                Some(due) if due <= now => {
                    match duty {
                        Duty::Flush => state.unflushed = None,
                        _ => state.logged = None,
                    }
                    return duty;
                }
                Some(due) => match self.wake.wait_timeout(state, due - now) {
                    Ok((state, _)) => state,
                    Err(_) => return Duty::Leave,
                },
                None => match self.wake.wait(state) {
                    Ok(state) => state,
                    Err(_) => return Duty::Leave,
                },
            };
        }
    }
}

/// The anchor onto the disk, without the writer's lock: a cashier may be at it.
fn flushed(writer: &Mutex<Writer>, flush: Option<&Flusher>) {
    let Some(Err(error)) = flush.map(Flusher::flush) else { return };
    if let Ok(mut writer) = writer.lock() {
        writer.fail(Error::Disk(format!("the anchor: {error}")));
    }
}
