//! Days as a store counts them.

use chrono::{
    DateTime, Datelike as _, Months, NaiveDate, NaiveTime, TimeDelta, TimeZone as _, Timelike as _,
    Utc,
};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// A calendar day, `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Day(#[cfg_attr(feature = "ts", ts(type = "string"))] pub NaiveDate);

impl Day {
    /// Whole days from this one to `other`; negative when `other` is earlier.
    pub fn days_until(self, other: Self) -> i32 {
        i32::try_from(other.0.signed_duration_since(self.0).num_days()).unwrap_or(i32::MAX)
    }

    /// The day so many days later, or the last day there is.
    #[must_use]
    pub fn plus_days(self, days: i32) -> Self {
        let delta = TimeDelta::days(i64::from(days));
        Self(self.0.checked_add_signed(delta).unwrap_or(NaiveDate::MAX))
    }

    /// The same day of the month so many months later, or that month's last.
    #[must_use]
    pub fn plus_months(self, months: u32) -> Self {
        Self(self.0.checked_add_months(Months::new(months)).unwrap_or(NaiveDate::MAX))
    }

    /// Whether somebody born on this day has a birthday on `today`. Born on 29 February: on
    /// 28 February in years that have no 29th.
    pub fn is_birthday_on(self, today: Self) -> bool {
        let (born, now) = (self.0, today.0);
        if (born.month(), born.day()) == (now.month(), now.day()) {
            return true;
        }
        (born.month(), born.day()) == (2, 29)
            && (now.month(), now.day()) == (2, 28)
            && !now.leap_year()
    }

    /// Whether somebody born on this day is younger than so many years.
    pub fn is_younger_than(self, years: u32, today: Self) -> bool {
        self.plus_months(12 * years) > today
    }

    /// The first day of this day's month.
    #[must_use]
    pub fn first_of_month(self) -> Self {
        Self(self.0.with_day(1).unwrap_or(self.0))
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for Day {
    type Err = chrono::ParseError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// What a calendar and a clock on the wall show, whatever the business day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wall {
    /// The date.
    pub date: Day,
    /// Minutes since midnight, 0 to 1439.
    pub minute_of_day: u32,
}

/// How a store counts days: its time zone, and the hour at which its business day begins (a bar
/// that closes at three in the morning has not begun a new day at midnight).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreDays {
    /// Time zone.
    pub zone: Tz,
    /// 0 to 12.
    pub day_start_hour: u32,
}

impl StoreDays {
    /// The business day of a moment.
    pub fn day_of(&self, unix_ms: i64) -> Day {
        let utc = DateTime::<Utc>::from_timestamp_millis(unix_ms).unwrap_or_default();
        let local = utc.with_timezone(&self.zone).naive_local();
        let shifted = local - TimeDelta::hours(i64::from(self.day_start_hour.min(12)));
        Day(shifted.date())
    }

    /// The minute of the store's clock, from midnight.
    pub fn minute_of(&self, unix_ms: i64) -> u32 {
        let utc = DateTime::<Utc>::from_timestamp_millis(unix_ms).unwrap_or_default();
        let local = utc.with_timezone(&self.zone).naive_local();
        local.hour() * 60 + local.minute()
    }

    /// The moment a business day begins. Where the clock is put forward over that hour, the first
    /// moment after it.
    pub fn start_of(&self, day: Day) -> i64 {
        let time = NaiveTime::from_hms_opt(self.day_start_hour.min(12), 0, 0).unwrap_or_default();
        let mut local = day.0.and_time(time);
        for _ in 0..4 {
            if let Some(moment) = self.zone.from_local_datetime(&local).earliest() {
                return moment.timestamp_millis();
            }
            local += TimeDelta::minutes(30);
        }
        local.and_utc().timestamp_millis()
    }

    /// The clock on the wall at a moment.
    pub fn wall(&self, unix_ms: i64) -> Wall {
        let utc = DateTime::<Utc>::from_timestamp_millis(unix_ms).unwrap_or_default();
        let local = utc.with_timezone(&self.zone).naive_local();
        Wall { date: Day(local.date()), minute_of_day: local.hour() * 60 + local.minute() }
    }

    /// The first moment after a business day.
    pub fn end_of(&self, day: Day) -> i64 {
        self.start_of(day.plus_days(1))
    }
}

/// Whether this build knows a time zone: an IANA name.
pub fn is_zone(name: &str) -> bool {
    name.parse::<Tz>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().expect("a day")
    }

    fn shanghai(day_start_hour: u32) -> StoreDays {
        StoreDays { zone: chrono_tz::Asia::Shanghai, day_start_hour }
    }

    #[test]
    fn three_in_the_morning_is_still_yesterday_where_the_day_starts_at_four() {
        // 2026-11-23 03:00 in Shanghai.
        let ms = 1_795_374_000_000;
        assert_eq!(shanghai(4).day_of(ms), day("2026-11-22"));
        assert_eq!(shanghai(0).day_of(ms), day("2026-11-23"));
    }

    #[test]
    fn a_day_begins_where_it_says_and_ends_where_the_next_begins() {
        let days = StoreDays { zone: chrono_tz::America::New_York, day_start_hour: 2 };
        // The night of 8 March 2026 has no 02:00 in New York.
        for text in ["2026-03-07", "2026-03-08", "2026-11-01", "2026-06-15"] {
            let start = days.start_of(day(text));
            assert_eq!(days.day_of(start), day(text), "{text}");
            assert_eq!(days.day_of(start - 1), day(text).plus_days(-1), "{text}");
            assert_eq!(days.day_of(days.end_of(day(text)) - 1), day(text), "{text}");
        }
    }

    #[test]
    fn leap_day_birthdays() {
        let born = day("2004-02-29");
        assert!(born.is_birthday_on(day("2026-02-28")));
        assert!(born.is_birthday_on(day("2028-02-29")));
        assert!(!born.is_birthday_on(day("2028-02-28")));
        assert!(!born.is_birthday_on(day("2026-03-01")));
    }

    #[test]
    fn people_are_of_age_from_their_birthday_on() {
        let born = day("2008-11-23");
        assert!(born.is_younger_than(18, day("2026-11-22")));
        assert!(!born.is_younger_than(18, day("2026-11-23")));
        assert!(born.is_younger_than(20, day("2028-11-22")));
        assert!(!born.is_younger_than(0, born), "nobody is younger than nothing");
        let leap = day("2008-02-29");
        assert!(leap.is_younger_than(18, day("2026-02-27")));
        assert!(!leap.is_younger_than(18, day("2026-02-28")), "where there is no 29th");
    }

    #[test]
    fn months_end_where_months_end() {
        assert_eq!(day("2026-01-31").plus_months(1), day("2026-02-28"));
    }
}
