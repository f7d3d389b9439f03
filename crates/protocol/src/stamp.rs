//! A 64-bit hybrid logical clock: 48 bits of Unix milliseconds, 16 of counter.
//!
//! Our own eighty lines, because the known crate rejects stamps half a second ahead, cannot
//! persist its last value and reads the system clock itself. The clock comes in as an argument.

use serde::{Deserialize, Serialize};

use crate::ids::StreamId;

/// How many of the low bits count events within one millisecond.
pub const COUNTER_BITS: u32 = 16;
/// A stamp from elsewhere further ahead than this (24 h) is a fact, but does not move our clock.
pub const MAX_MERGE_AHEAD_MS: i64 = 24 * 60 * 60 * 1000;

const MAX_MS: i64 = (1 << 48) - 1;

/// A stamp: never goes backwards within a stream, whatever the wall clock does.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Hlc(pub u64);

impl Hlc {
    /// The stamp at the start of a millisecond. Times before 1970 or after the year 10889 clamp.
    pub fn at(unix_ms: i64) -> Self {
        Self(unix_ms.clamp(0, MAX_MS).unsigned_abs() << COUNTER_BITS)
    }

    /// Unix milliseconds of this stamp.
    pub fn unix_ms(self) -> i64 {
        i64::try_from(self.0 >> COUNTER_BITS).unwrap_or(MAX_MS)
    }
}

/// A stamp and whose it is: a total order over everything that ever happens. Within one stream
/// stamps only grow, so no two entries share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp {
    /// When.
    pub hlc: Hlc,
    /// Who: breaks ties between tills.
    pub stream: StreamId,
}

impl Stamp {
    /// Length of [`Stamp::to_bytes`].
    pub const BYTES: usize = 28;

    /// As it is stored: compared byte by byte, these order as stamps do.
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..8].copy_from_slice(&self.hlc.0.to_be_bytes());
        bytes[8..].copy_from_slice(&self.stream.to_bytes());
        bytes
    }
}

/// The clock of one stream. The caller persists what it returns with the entry it is for.
#[derive(Debug, Clone, Copy, Default)]
pub struct HybridClock {
    last: Hlc,
}

impl HybridClock {
    /// A clock that goes on from the last stamp that was kept.
    pub fn resume(last: Hlc) -> Self {
        Self { last }
    }

    /// The last stamp given or seen.
    pub fn last(&self) -> Hlc {
        self.last
    }

    /// The next stamp: later than every one before, and not before `wall_ms`.
    pub fn tick(&mut self, wall_ms: i64) -> Hlc {
        let next = Hlc(self.last.0.saturating_add(1));
        self.last = next.max(Hlc::at(wall_ms));
        self.last
    }

    /// Sees a stamp from elsewhere. Returns false, unmoved, where it is more than a day ahead:
    /// one desk with a wrong year must not take every other desk with it.
    pub fn observe(&mut self, seen: Hlc, wall_ms: i64) -> bool {
        if seen.unix_ms() > wall_ms.max(self.last.unix_ms()).saturating_add(MAX_MERGE_AHEAD_MS) {
            return false;
        }
        self.last = self.last.max(seen);
        true
    }

    /// The time that expiry and leases go by: winding the wall clock back gains nothing.
    pub fn effective_ms(&self, wall_ms: i64) -> i64 {
        wall_ms.max(self.last.unix_ms())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn winding_the_clock_back_gains_nothing() {
        let mut clock = HybridClock::default();
        let noon = 1_800_000_000_000;
        clock.tick(noon);
        assert_eq!(clock.effective_ms(noon - 86_400_000), noon);
        assert!(clock.tick(noon - 86_400_000) > Hlc::at(noon));
    }

    #[test]
    fn a_stamp_from_next_year_is_not_merged() {
        let mut clock = HybridClock::resume(Hlc::at(1_000_000));
        assert!(!clock.observe(Hlc::at(1_000_000 + MAX_MERGE_AHEAD_MS + 1), 1_000_000));
        assert_eq!(clock.last(), Hlc::at(1_000_000));
        assert!(clock.observe(Hlc::at(1_000_500), 1_000_000));
        assert_eq!(clock.last(), Hlc::at(1_000_500));
    }

    #[test]
    fn a_dead_cmos_battery_does_not_panic() {
        let mut clock = HybridClock::default();
        assert!(clock.tick(i64::MIN) < clock.tick(i64::MAX));
    }

    proptest! {
        #[test]
        fn stamps_only_grow(walls in prop::collection::vec(any::<i64>(), 1..50)) {
            let mut clock = HybridClock::default();
            let mut last = Hlc(0);
            for wall in walls {
                let next = clock.tick(wall);
                prop_assert!(next > last || next == Hlc(u64::MAX));
                last = next;
            }
        }
    }
}
