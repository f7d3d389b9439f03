//! Bookings for classes: so much of them as a check-in needs. No seats, and no timetable.

use serde::{Deserialize, Serialize};

const MINUTE_MS: i64 = 60 * 1000;
/// So long before a class begins, whoever is booked for it is let in.
const EARLY_MS: i64 = 60 * MINUTE_MS;
/// The longest class, in minutes: a day.
pub const LONGEST_CLASS_MINUTES: u32 = 24 * 60;

/// When a class is that somebody is booked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Booking {
    /// When it begins: Unix ms.
    pub begins_ms: i64,
    /// When it is over: Unix ms. Nobody is let in for it from then on.
    pub ends_ms: i64,
}

impl Booking {
    /// A class that begins at a moment and lasts so many minutes.
    pub fn of(begins_ms: i64, minutes: u32) -> Self {
        let ends_ms = begins_ms.saturating_add(i64::from(minutes) * MINUTE_MS);
        Self { begins_ms, ends_ms }
    }

    /// Whether it is on at this moment, or begins within the hour.
    pub fn is_around(self, now_ms: i64) -> bool {
        self.begins_ms.saturating_sub(EARLY_MS) <= now_ms && now_ms < self.ends_ms
    }

    /// Whether it lasts for a while, and for a day at most.
    pub fn fits(self) -> bool {
        let longest = i64::from(LONGEST_CLASS_MINUTES) * MINUTE_MS;
        let lasts = self.ends_ms.saturating_sub(self.begins_ms);
        (1..=longest).contains(&lasts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_lets_in_from_an_hour_before_until_it_ends() {
        let class = Booking::of(1000 * MINUTE_MS, 45);
        let around = |minute: i64| class.is_around(minute * MINUTE_MS);
        let minutes = [939, 940, 1000, 1044, 1045];
        assert_eq!(minutes.map(around), [false, true, true, true, false]);
    }

    #[test]
    fn a_class_lasts_for_a_while_and_a_day_at_most() {
        let lasts = [0, 1, LONGEST_CLASS_MINUTES, LONGEST_CLASS_MINUTES + 1];
        let fits = lasts.map(|minutes| Booking::of(5, minutes).fits());
        assert_eq!(fits, [false, true, true, false]);
        assert!(!Booking { begins_ms: 5, ends_ms: 4 }.fits());
        assert!(!Booking { begins_ms: i64::MIN, ends_ms: i64::MAX }.fits());
    }
}
