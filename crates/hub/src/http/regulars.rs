//! Which tills were heard of lately. After an outage a thousand come back at once, and each begins with a few
//! words; whoever was never away does not wait behind them.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// A till at work says something every half a minute, and makes a pause of a minute at most.
const LATELY: Duration = Duration::from_secs(90);

/// Callers are looked through for old ones when there are so many.
const MANY: usize = 10_000;

/// Callers that were heard of lately. Only who proved to be who they say is put down, so that there are never
/// more than belong to the business.
pub(super) struct Regulars<K> {
    heard: Mutex<HashMap<K, Instant>>,
}

impl<K> Default for Regulars<K> {
    fn default() -> Self {
        Self { heard: Mutex::default() }
    }
}

impl<K: Eq + Hash> Regulars<K> {
    /// Whether `who` was heard of lately.
    pub(super) fn knows(&self, who: &K, now: Instant) -> bool {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.get(who).is_some_and(|last| lately(*last, now))
    }

    /// Puts down that `who` was heard of.
    pub(super) fn heard(&self, who: K, now: Instant) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        if heard.len() >= MANY {
            heard.retain(|_, last| lately(*last, now));
        }
        heard.insert(who, now);
    }
}

fn lately(last: Instant, now: Instant) -> bool {
    now.saturating_duration_since(last) <= LATELY
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_says_nothing_for_long_is_no_longer_known() {
        let (regulars, began) = (Regulars::default(), Instant::now());
        assert!(!regulars.knows(&1, began));
        regulars.heard(1, began);
        assert!(regulars.knows(&1, began + LATELY));
        assert!(!regulars.knows(&1, began + LATELY * 2));
        assert!(!regulars.knows(&2, began));
    }

    #[test]
    fn who_went_away_is_forgotten_when_there_are_many() {
        let (regulars, began) = (Regulars::default(), Instant::now());
        for number in 0..MANY {
            regulars.heard(number, began);
        }
        regulars.heard(MANY, began + LATELY * 2);
        assert_eq!(regulars.heard.lock().expect("whole").len(), 1);
    }
}
