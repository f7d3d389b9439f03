//! When points run out.

use chrono::Datelike as _;
use serde::{Deserialize, Serialize};

use crate::time::{Day, StoreDays};

/// When points run out. Always at the end of a business day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Expires {
    /// Not at all.
    Never,
    /// So many days later.
    Days(u32),
    /// On the same day of the month so many months later, or that month's last.
    Months(u32),
    /// At the end of the month so many months later; 0: this one.
    MonthEnd(u32),
    /// At the end of the year so many years later; 0: this one.
    YearEnd(u32),
}

impl Expires {
    /// A term that can be counted.
    pub fn is_sound(self) -> bool {
        match self {
            Self::Never => true,
            Self::Days(days) => (1..=36_600).contains(&days),
            Self::Months(months) => (1..=600).contains(&months),
            Self::MonthEnd(months) => months <= 600,
            Self::YearEnd(years) => years <= 50,
        }
    }

    /// The last day on which points can be used that were given on `day`; none: for ever.
    pub fn last_day(self, day: Day) -> Option<Day> {
        let month_end = |day: Day| day.first_of_month().plus_months(1).plus_days(-1);
        match self {
            Self::Never => None,
            Self::Days(days) => Some(day.plus_days(i32::try_from(days).unwrap_or(i32::MAX))),
            Self::Months(months) => Some(day.plus_months(months)),
            Self::MonthEnd(months) => Some(month_end(day.first_of_month().plus_months(months))),
            Self::YearEnd(years) => {
                let year = day.0.year().saturating_add(i32::try_from(years).unwrap_or(i32::MAX));
                chrono::NaiveDate::from_ymd_opt(year, 12, 31).map(Day)
            }
        }
    }

    /// The moment at which they run out: Unix ms.
    pub fn moment(self, day: Day, days: StoreDays) -> Option<i64> {
        self.last_day(day).map(|last| days.end_of(last))
    }
}
