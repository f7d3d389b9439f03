//! So many use cases at once, so many that wait, and no more.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use punchcard_protocol::sync::{Code, WireRefusal};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use crate::error::{Error, Result};

/// When to come back: by then some hundred calls were done.
const RETRY_MS: u64 = 2_000;

/// One in so many places may be a long call's, and half of those that wait: tills that were away and come
/// back with much to say do not stand before the few words of those that are at work.
const LONG_SHARE: usize = 4;
const LONG_WAITING_SHARE: usize = 2;

/// Lets use cases run on threads that may block, so many at once.
pub(super) struct Gate {
    places: Arc<Semaphore>,
    long: Semaphore,
    long_waiting: AtomicUsize,
    waiting: AtomicUsize,
    most_waiting: usize,
    /// Use cases run on the caller's thread.
    here: bool,
}

impl Gate {
    /// So many at once, and so many that wait.
    pub(super) fn new(at_once: usize, most_waiting: usize) -> Self {
        let places = Arc::new(Semaphore::new(at_once));
        let long = Semaphore::new((at_once / LONG_SHARE).max(1));
        let (waiting, long_waiting) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { places, long, long_waiting, waiting, most_waiting, here: false }
    }

    /// Everything on the caller's thread, one after the other: for who calls without a network.
    pub(super) fn here() -> Self {
        Self { here: true, ..Self::new(1, 0) }
    }

    /// One whose places for long calls are all taken, and nobody may wait for one.
    #[cfg(test)]
    pub(super) fn full_of_long_calls() -> Self {
        Self { long: Semaphore::new(0), ..Self::new(1, 0) }
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed) + self.long_waiting.load(Ordering::Relaxed)
    }

    /// Runs `work` when its turn has come. Once begun, it ends, whether or not anybody waits for
    /// it; its place is free only then.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let place = self.enter().await?;
        if self.here {
            return work();
        }
        let work = tokio::task::spawn_blocking(move || {
            let _place = place;
            work()
        });
        work.await.unwrap_or_else(|broken| Err(Error::Internal(broken.to_string())))
    }

    /// As [`Gate::run`], for a call that has much to say.
    pub(super) async fn run_long<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let most = self.most_waiting / LONG_WAITING_SHARE;
        let waiting = match self.long.try_acquire() {
            Ok(turn) => return self.run_in(turn, work).await,
            Err(_) => Waiting::join(&self.long_waiting, most)?,
        };
        let turn = self.long.acquire().await;
        drop(waiting);
        let turn = turn.map_err(|_| Error::Internal("the gate is closed".into()))?;
        self.run_in(turn, work).await
    }

    /// Runs `work` while a turn is held.
    async fn run_in<T: Send + 'static>(
        &self,
        _turn: SemaphorePermit<'_>,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.run(work).await
    }

    async fn enter(&self) -> Result<OwnedSemaphorePermit> {
        let places = Arc::clone(&self.places);
        if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
            return Ok(place);
        }
        let _waiting = Waiting::join(&self.waiting, self.most_waiting)?;
        places.acquire_owned().await.map_err(|_| Error::Internal("the gate is closed".into()))
    }
}

/// One that waits; dropped, it no longer does, also where its caller went away.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn join(count: &'a AtomicUsize, most: usize) -> Result<Self> {
        let before = count.fetch_add(1, Ordering::Relaxed);
        let waiting = Self(count);
        if before < most { Ok(waiting) } else { Err(too_many()) }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn too_many() -> Error {
    let refusal = WireRefusal::new(Code::SlowDown, "the hub has too much to do at the moment");
    refusal.with("retry_ms", RETRY_MS).into()
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, time::Duration};

    use super::*;

    fn code<T>(result: Result<T>) -> Option<Code> {
        match result {
            Err(Error::Refused(refusal)) => Some(refusal.code),
            _ => None,
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn beyond_those_that_wait_the_answer_is_to_slow_down() {
        let gate = Arc::new(Gate::new(1, 1));
        let (go, gone) = mpsc::channel::<()>();
        let busy = Arc::clone(&gate);
        let first = tokio::spawn(async move {
            busy.run(move || {
                let _ = gone.recv();
                Ok(1)
            })
            .await
        });
        while gate.places.available_permits() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let queue = Arc::clone(&gate);
        let second = tokio::spawn(async move { queue.run(|| Ok(2)).await });
        while gate.waiting() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(code(gate.run(|| Ok(3)).await), Some(Code::SlowDown));
        assert_eq!(gate.waiting(), 1, "who was sent away does not wait");
        drop(go);
        assert_eq!(first.await.expect("ran").expect("done"), 1);
        assert_eq!(second.await.expect("ran").expect("done"), 2);
        assert_eq!(gate.waiting(), 0);
    }

    #[tokio::test]
    async fn what_breaks_gives_its_place_back() {
        let gate = Gate::new(1, 1);
        let broken = gate.run(|| -> Result<()> { panic!("as a test") }).await;
        assert!(matches!(broken, Err(Error::Internal(_))));
        assert_eq!(gate.run(|| Ok(7)).await.expect("done"), 7);
    }

    #[tokio::test]
    async fn long_calls_leave_room_for_short_ones() {
        let gate = Arc::new(Gate::new(4, 4));
        let (go, wait) = mpsc::channel::<()>();
        let held = Arc::clone(&gate);
        let first = tokio::spawn(async move {
            held.run_long(move || wait.recv().map_err(|error| Error::Internal(error.to_string())))
                .await
        });
        while gate.long.available_permits() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let held = Arc::clone(&gate);
        let second = tokio::spawn(async move { held.run_long(|| Ok(2)).await });
        let held = Arc::clone(&gate);
        let third = tokio::spawn(async move { held.run_long(|| Ok(3)).await });
        while gate.waiting() < 2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(gate.run(|| Ok(4)).await.expect("there is room"), 4);
        assert_eq!(code(gate.run_long(|| Ok(5)).await), Some(Code::SlowDown));
        go.send(()).expect("it waits");
        first.await.expect("ran").expect("done");
        assert_eq!(second.await.expect("ran").expect("done"), 2);
        assert_eq!(third.await.expect("ran").expect("done"), 3);
        assert_eq!(gate.waiting(), 0);
    }
}
