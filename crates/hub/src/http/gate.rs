//! So many use cases at once, so many that wait, and no more.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use punchcard_protocol::sync::{Code, WireRefusal};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{Error, Result};

/// When to come back: by then some hundred calls were done.
const RETRY_MS: u64 = 2_000;

/// Lets use cases run on threads that may block, so many at once.
pub(super) struct Gate {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    most_waiting: usize,
    /// Use cases run on the caller's thread.
    here: bool,
}

impl Gate {
    /// So many at once, and so many that wait.
    pub(super) fn new(at_once: usize, most_waiting: usize) -> Self {
        let places = Arc::new(Semaphore::new(at_once));
        Self { places, waiting: AtomicUsize::new(0), most_waiting, here: false }
    }

    /// Everything on the caller's thread, one after the other: for who calls without a network.
    pub(super) fn here() -> Self {
        Self { here: true, ..Self::new(1, 0) }
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
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

    async fn enter(&self) -> Result<OwnedSemaphorePermit> {
        let places = Arc::clone(&self.places);
        if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
            return Ok(place);
        }
        let _waiting = Waiting::join(self)?;
        places.acquire_owned().await.map_err(|_| Error::Internal("the gate is closed".into()))
    }
}

/// One that waits; dropped, it no longer does, also where its caller went away.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn join(gate: &'a Gate) -> Result<Self> {
        let before = gate.waiting.fetch_add(1, Ordering::Relaxed);
        let waiting = Self(&gate.waiting);
        if before < gate.most_waiting { Ok(waiting) } else { Err(too_many()) }
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
}
