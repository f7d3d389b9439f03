//! How often one member may have something: so many times a day, a week, a month, a year, or ever.

use chrono::{Datelike as _, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::{refusal::Refusal, time::Day};

/// The most that a limit may say.
const MOST_TIMES: u32 = 1000;

/// The most times for one member in each stretch of the calendar, as the store counts days. What is
/// not set has no limit; of several, each holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct AtMost {
    /// On one day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub day: Option<u32>,
    /// From Monday to Sunday.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub week: Option<u32>,
    /// In a month of the calendar.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub month: Option<u32>,
    /// In a year of the calendar.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub year: Option<u32>,
    /// Altogether.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub ever: Option<u32>,
}

/// A stretch of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Period {
    Day,
    Week,
    Month,
    Year,
    Ever,
}

impl Period {
    /// The first day of the one that holds `today`.
    fn first(self, today: Day) -> Day {
        match self {
            Self::Day => today,
            Self::Week => {
                let since_monday = i32::try_from(today.0.weekday().num_days_from_monday());
                today.plus_days(-since_monday.unwrap_or(0))
            }
            Self::Month => today.first_of_month(),
            Self::Year => Day(today.0.with_ordinal(1).unwrap_or(today.0)),
            Self::Ever => Day(NaiveDate::MIN),
        }
    }

    /// The first day of the next one; none: there is no next one.
    fn next(self, today: Day) -> Option<Day> {
        let first = self.first(today);
        match self {
            Self::Day => Some(first.plus_days(1)),
            Self::Week => Some(first.plus_days(7)),
            Self::Month => Some(first.plus_months(1)),
            Self::Year => Some(first.plus_months(12)),
            Self::Ever => None,
        }
    }
}

impl AtMost {
    /// Whether nothing is limited.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Limits that can be worked with: from once to a thousand times.
    pub fn fits(&self) -> bool {
        self.each().all(|(_, times)| (1..=MOST_TIMES).contains(&times))
    }

    fn each(&self) -> impl Iterator<Item = (Period, u32)> {
        let all = [
            (Period::Day, self.day),
            (Period::Week, self.week),
            (Period::Month, self.month),
            (Period::Year, self.year),
            (Period::Ever, self.ever),
        ];
        all.into_iter().filter_map(|(period, times)| Some((period, times?)))
    }

    /// Whether one more is allowed today. `given`: the days on which it was given before. What was
    /// given on a later day (at a desk whose clock is ahead) counts too.
    ///
    /// # Errors
    /// [`Refusal::RewardAgain`] with the first day on which every limit allows it,
    /// [`Refusal::RewardNoMore`].
    pub fn allow(&self, today: Day, given: &[Day]) -> Result<(), Refusal> {
        let used_up = self.each().filter(|(period, times)| {
            let first = period.first(today);
            let count = given.iter().filter(|day| **day >= first).count();
            u32::try_from(count).unwrap_or(u32::MAX) >= *times
        });
        // The one that holds longest says when it can be had again.
        let longest = used_up.max_by_key(|(period, _)| {
            let next = period.next(today);
            (next.is_none(), next)
        });
        match longest {
            None => Ok(()),
            Some((period, times)) => Err(match period.next(today) {
                Some(from) => Refusal::RewardAgain { times, from },
                None => Refusal::RewardNoMore { times },
            }),
        }
    }
}
