//! The one writer: a connection on a thread of its own, and the order of things around a commit.

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    time::Duration,
};

use rusqlite::{Connection, TransactionBehavior};

use crate::{
    anchor::Anchor,
    clock::Clock,
    error::{Error, Result},
    keys::Secrets,
    store::{purse::Owned, records::House},
    views::Distrust,
    work::{Head, Work},
};

/// After so long without a write the log is put into the database, so that the next writes go
/// over blocks the disk has already, and no cashier waits for a checkpoint.
const IDLE: Duration = Duration::from_millis(1500);

/// After so long without a job the anchor is made to outlive the power; nobody waits for it.
const BREATH: Duration = Duration::from_millis(2);
/// With the line never down, it is done after so many commits all the same.
const MOST_UNFLUSHED: u32 = 64;

/// Everything the writing thread owns.
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
    /// How often the anchor was written since it was last known to be on the disk.
    pub(crate) unflushed: u32,
}

impl Writer {
    /// One use case: one transaction. What `act` returns is told only after the commit has
    /// returned and the anchor is on the disk.
    pub(crate) fn transact<T>(
        &mut self,
        act: impl FnOnce(&mut Work<'_>) -> Result<T>,
    ) -> Result<T> {
        if let Some(why) = &self.failed {
            return Err(Error::Disk(why.clone()));
        }
        let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
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
        let committed = transaction.commit().map_err(Error::from);
        self.settle(committed, &done)?;
        Ok(told)
    }

    /// After a commit: the anchor, then what is kept in memory.
    fn settle(&mut self, committed: Result<()>, done: &crate::work::Done) -> Result<()> {
        if let Err(error) = committed {
            return Err(self.fail(error));
        }
        if done.head.link != self.head.link
            && let Some(anchor) = &mut self.anchor
        {
            self.unflushed += 1;
            if let Err(error) = anchor.write(done.head.stream, done.head.link) {
                return Err(self.fail(error));
            }
        }
        self.head = done.head;
        if done.house_changed {
            self.house = crate::store::records::house(&self.db, self.house.store.id)?;
        }
        if let Some(distrust) = done.distrust {
            self.distrust = distrust;
            self.owned = Owned::read(&self.db, self.head.stream)?;
        }
        Ok(())
    }

    /// A full disk is a refusal; a failing one ends all writing until a restart.
    fn fail(&mut self, error: Error) -> Error {
        if let Error::Disk(why) = &error {
            self.failed = Some(why.clone());
        }
        error
    }

    /// When nobody waits: the anchor onto the disk.
    fn flush_anchor(&mut self) {
        if std::mem::take(&mut self.unflushed) > 0
            && let Some(anchor) = &self.anchor
            && let Err(error) = anchor.flush()
        {
            tracing::error!(code = error.code(), "the anchor could not be kept");
            self.failed = Some(error.to_string());
        }
    }

    /// Puts the log into the database as far as no reader is in the way.
    fn checkpoint(&self) {
        let passive = "PRAGMA wal_checkpoint(PASSIVE)";
        if let Err(error) = self.db.query_row(passive, [], |_| Ok(())) {
            tracing::warn!(error = %error, "checkpoint failed; the log is kept");
        }
    }

    fn run(mut self, jobs: &Receiver<Job>) {
        let mut dirty = false;
        loop {
            let pause = match (self.unflushed, dirty) {
                (0, false) => None,
                (0, true) => Some(IDLE),
                _ => Some(BREATH),
            };
            match next(jobs, pause) {
                Next::Job(job) => {
                    job(&mut self);
                    dirty = true;
                    if self.unflushed >= MOST_UNFLUSHED {
                        self.flush_anchor();
                    }
                }
                Next::Quiet if self.unflushed > 0 => self.flush_anchor(),
                Next::Quiet => {
                    self.checkpoint();
                    dirty = false;
                }
                Next::Closed => break,
            }
        }
        self.flush_anchor();
        self.checkpoint();
    }
}

/// What comes next on the writing thread.
enum Next {
    Job(Job),
    Quiet,
    Closed,
}

fn next(jobs: &Receiver<Job>, pause: Option<Duration>) -> Next {
    let Some(pause) = pause else { return jobs.recv().map_or(Next::Closed, Next::Job) };
    match jobs.recv_timeout(pause) {
        Ok(job) => Next::Job(job),
        Err(RecvTimeoutError::Timeout) => Next::Quiet,
        Err(RecvTimeoutError::Disconnected) => Next::Closed,
    }
}

type Job = Box<dyn FnOnce(&mut Writer) + Send>;

/// A handle on the writing thread.
pub(crate) struct WriterThread {
    jobs: Option<Sender<Job>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl WriterThread {
    pub(crate) fn start(writer: Writer) -> Result<Self> {
        let (jobs, inbox) = channel::<Job>();
        let thread = std::thread::Builder::new()
            .name("till-writer".into())
            .spawn(move || writer.run(&inbox))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Runs `act` on the writing thread and waits for it.
    pub(crate) fn call<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Writer) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let gone = || Error::Internal("the writing thread is gone; start Punchcard again".into());
        let (answer, answered) = channel();
        let job: Job = Box::new(move |writer| {
            // Nobody waits for an answer whose caller is gone; what was committed stays.
            drop(answer.send(act(writer)));
        });
        self.jobs.as_ref().ok_or_else(gone)?.send(job).map_err(|_| gone())?;
        answered.recv().map_err(|_| gone())?
    }
}

impl Drop for WriterThread {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the writing thread fell over");
        }
    }
}
