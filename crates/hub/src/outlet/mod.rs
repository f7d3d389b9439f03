//! Hands facts on to NATS JetStream, on a thread of its own: no push waits for it, and none is slower
//! for it. Which facts, and whose turn it is, are use cases (`use_cases/publish.rs`).

mod nats;

pub use nats::Nats;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tokio::runtime::Runtime;

use self::nats::{Connection, Outcome, Sent};
use crate::{
    Hub,
    error::{Error, Result},
    random,
    use_cases::publish::Turn,
};

/// How often it is looked whether there is something new.
const LOOK: Duration = Duration::from_millis(250);
/// After a failure it is tried again in,
const SHORTEST_PAUSE: Duration = Duration::from_millis(500);
/// and after many in.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// What can go wrong.
enum Failure {
    /// Here.
    Hub(Error),
    /// There, or on the way.
    Nats(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Hub(error)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Hub(error) => error.fmt(f),
            Self::Nats(why) => write!(f, "NATS: {why}"),
        }
    }
}

/// Facts are published until this is dropped.
pub struct Publishing {
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Publishing {
    /// Begins to publish the facts of a hub.
    ///
    /// # Errors
    /// Where there is no thread or no randomness to be had.
    pub fn begin(hub: Arc<Hub>, to: Nats) -> Result<Self> {
        let stopping = Arc::new(AtomicBool::new(false));
        hub.publishes();
        let publisher = Publisher { hub, to, me: random::bytes()?, stopping: stopping.clone() };
        let thread = thread::Builder::new().name("publishing".into());
        let thread = Some(thread.spawn(move || publisher.run())?);
        Ok(Self { stopping, thread })
    }
}

impl Drop for Publishing {
    /// A batch that is on its way is finished: seconds, at most.
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // What it had to say it has logged.
            drop(thread.join());
        }
    }
}

struct Publisher {
    hub: Arc<Hub>,
    to: Nats,
    me: [u8; 16],
    stopping: Arc<AtomicBool>,
}

impl Publisher {
    fn run(&self) {
        let mut pause = SHORTEST_PAUSE;
        let mut told = String::new();
        while !self.stops() {
            let began = Instant::now();
            let Err(failure) = self.publish_until_it_fails(&mut told) else { break };
            // The same again and again is said once.
            let why = failure.to_string();
            if why != told {
                tracing::warn!(why, "facts are not published; they wait, and it is tried again");
                told = why;
            }
            // What went well for a while begins anew.
            pause = if began.elapsed() > LONGEST_PAUSE { SHORTEST_PAUSE } else { pause };
            self.wait(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        if let Err(error) = self.hub.end_publishing(self.me) {
            tracing::warn!(%error, "other hubs go on publishing a few seconds later");
        }
    }

    fn stops(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    fn wait(&self, how_long: Duration) {
        let until = Instant::now() + how_long;
        while !self.stops() && Instant::now() < until {
            thread::park_timeout(until.saturating_duration_since(Instant::now()));
        }
    }

    /// One connection. A runtime of its own, so that nothing of it is left over: what was on its way when
    /// it broke is sent again by us, in its order, and by nobody else.
    fn publish_until_it_fails(&self, told: &mut String) -> Result<(), Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(Error::from)?;
        let connection = runtime.block_on(Connection::open(&self.to))?;
        // Where the stream ends is asked once in a turn, and after whatever went wrong.
        let mut end = None;
        let mut looked = false;
        while !self.stops() {
            connection.holds()?;
            let due = !looked || self.hub.unpublished()? > 0;
            let turn = if due { self.hub.publishing_turn(self.me)? } else { None };
            let Some(turn) = turn else {
                runtime.block_on(async { tokio::time::sleep(LOOK).await });
                continue;
            };
            looked = true;
            if !turn.goes_on {
                end = None;
            }
            end = self.publish_some(&runtime, &connection, &turn, end)?;
            if !told.is_empty() {
                tracing::info!("facts are published again");
                told.clear();
            }
        }
        Ok(())
    }

    /// One batch. Returns the stream's newest sequence, where it is as it should be.
    fn publish_some(
        &self,
        runtime: &Runtime,
        connection: &Connection,
        turn: &Turn,
        end: Option<u64>,
    ) -> Result<Option<u64>, Failure> {
        if self.hub.weak.unacknowledged {
            let batch = self.hub.to_publish(turn.after)?;
            self.hub.published(self.me, batch.upto, 0)?;
            runtime.block_on(connection.publish(batch.facts, None));
            return Ok(None);
        }
        let (after, end) = match end {
            Some(end) => (turn.after, end),
            None => self.where_it_ends(runtime, connection, turn)?,
        };
        let batch = self.hub.to_publish(after)?;
        let positions: Vec<u64> = batch.facts.iter().map(|fact| fact.position).collect();
        let sent = runtime.block_on(connection.publish(batch.facts, Some(end)));
        let Sent { acknowledged, newest, outcome } = sent;
        let upto = if acknowledged == positions.len() {
            batch.upto
        } else {
            acknowledged
                .checked_sub(1)
                .and_then(|last| positions.get(last))
                .copied()
                .unwrap_or(after)
        };
        let newest = newest.max(end);
        let stands = upto == turn.after && newest == turn.sequence;
        let ours = stands || self.hub.published(self.me, upto, newest)?;
        match outcome {
            Outcome::Stored => Ok(ours.then_some(newest)),
            // Some were there already: it is asked where it ends, and gone on from there.
            Outcome::OutOfStep if acknowledged > 0 || !ours => Ok(None),
            Outcome::OutOfStep => {
                Err(Failure::Nats("somebody else writes to the stream too".into()))
            }
            Outcome::Failed(why) => Err(Failure::Nats(why)),
        }
    }

    /// From where on it is to be published, and the stream's newest sequence. The stream's own end is
    /// surer than the cursor: whoever died between the two had published more, and a NATS that lost
    /// what it had acknowledged, which its sequence shows, gets that again. A stream that ends with
    /// something else, after a restore, says nothing; the cursor counts then.
    fn where_it_ends(
        &self,
        runtime: &Runtime,
        connection: &Connection,
        turn: &Turn,
    ) -> Result<(u64, u64), Failure> {
        let end = runtime.block_on(connection.end())?;
        let there = match end.place {
            _ if end.sequence == 0 => Some(0),
            Some(place) if self.hub.was_here(place)? => Some(place.position),
            _ => None,
        };
        let lost = end.sequence < turn.sequence;
        let after = match there {
            Some(there) if lost || there > turn.after => there,
            _ => turn.after,
        };
        if lost {
            tracing::warn!(
                after,
                acknowledged = turn.after,
                "the stream has less than NATS acknowledged: it is gone on from where it is known to be"
            );
        }
        Ok((after, end.sequence))
    }
}
