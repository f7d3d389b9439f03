//! Reading from a server that follows the one that is written to, where it has followed far enough.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    error::Result,
    store::{Session, Store},
};

/// One that did not answer is left alone for so long: nobody waits for it call by call.
const REST: Duration = Duration::from_secs(30);

/// A server that follows the one that is written to.
pub(crate) struct Replica {
    store: Arc<dyn Store>,
    rests_until: Mutex<Option<Instant>>,
}

impl Replica {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, rests_until: Mutex::new(None) }
    }

    /// Asks it something; nothing where it does not answer, or has no answer: then whoever is written to
    /// has one.
    pub(crate) fn ask<T>(
        &self,
        ask: impl FnOnce(&mut dyn Session) -> Result<Option<T>>,
    ) -> Option<T> {
        if self.rests().is_some_and(|until| Instant::now() < until) {
            return None;
        }
        let answer = self.store.read().and_then(|mut session| ask(&mut *session));
        answer.unwrap_or_else(|error| {
            tracing::warn!(%error, replica = self.store.describe(), "the replica does not answer");
            *self.rests() = Instant::now().checked_add(REST);
            None
        })
    }

    fn rests(&self) -> MutexGuard<'_, Option<Instant>> {
        self.rests_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
