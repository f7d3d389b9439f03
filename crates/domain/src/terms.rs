//! What a pass allows: how long it lasts, when it begins, on which days and hours, where, and what
//! goes with it. A pass keeps the terms it was sold with; what is on offer may change afterwards.

use chrono::Datelike as _;
use punchcard_protocol::StoreId;
use serde::{Deserialize, Serialize};

use crate::{refusal::Refusal, time::Day};

/// The most of each list of terms.
const MAX_LIST: usize = 50;
/// The highest fee, in minor units or points: as the highest price.
const MAX_FEE: i64 = 1_000_000_000;
/// The longest name of a zone, in characters.
pub const MAX_ZONE_CHARS: usize = 40;
/// Minutes of a day.
pub const DAY_MINUTES: u32 = 24 * 60;

/// Units in which a pass lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Unit {
    /// Days, the first one among them.
    Day,
    /// Seven days each.
    Week,
    /// Calendar months.
    Month,
    /// Three calendar months each.
    Quarter,
    /// Twelve calendar months each.
    Year,
}

/// How long a pass lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Length {
    /// The unit.
    pub unit: Unit,
    /// How many of it, more than zero.
    pub count: u32,
}

impl Length {
    /// The last day of what begins on `from`. A month ends the day before the same day of the
    /// next one; where that month is too short to have such a day, with the month: a month from
    /// 31 January ends on 28 February, and so does one from 29 January.
    pub fn last_day(self, from: Day) -> Day {
        let months = match self.unit {
            Unit::Day | Unit::Week => {
                let days = if self.unit == Unit::Week { 7 } else { 1 };
                let days = i64::from(self.count).saturating_mul(days) - 1;
                return from.plus_days(i32::try_from(days).unwrap_or(i32::MAX));
            }
            Unit::Month => 1,
            Unit::Quarter => 3,
            Unit::Year => 12,
        };
        let same = from.plus_months(self.count.saturating_mul(months));
        if same.0.day() < from.0.day() { same } else { same.plus_days(-1) }
    }

    /// The longest that may be offered is a hundred years.
    fn fits(self) -> bool {
        let most = match self.unit {
            Unit::Day => 36_600,
            Unit::Week => 5_200,
            Unit::Month => 1_200,
            Unit::Quarter => 400,
            Unit::Year => 100,
        };
        (1..=most).contains(&self.count)
    }
}

/// When a pass begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Start {
    /// When it is sold, or after the one it renews.
    #[default]
    Sale,
    /// On a day that is chosen when it is sold.
    Date,
    /// With the first visit.
    FirstVisit,
}

/// Hours of a day, by the store's clock: from a minute to before another. One that ends before it
/// begins goes over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Hours {
    /// First minute, from midnight.
    pub from: u32,
    /// The minute that is no longer among them; 1440 is midnight.
    pub to: u32,
}

impl Hours {
    fn holds(self, minute: u32) -> bool {
        if self.from < self.to {
            (self.from..self.to).contains(&minute)
        } else {
            minute >= self.from || minute < self.to
        }
    }
}

/// What a pass allows beside its days and its visits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Terms {
    /// How long it lasts, in units of the calendar; none: as `days` of its kind says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<Length>,
    /// When it begins.
    #[serde(skip_serializing_if = "is_default")]
    pub start: Start,
    /// One that begins with the first visit begins by itself after so many days; none: it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub begins_within_days: Option<u32>,
    /// Days of the week it can be used on, Monday 1 to Sunday 7, as the store counts days; empty:
    /// every day.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub weekdays: Vec<u32>,
    /// Hours it can be used in; empty: all day.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hours: Vec<Hours>,
    /// Stores it can be used in; empty: all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "ts", ts(type = "string[]"))]
    pub stores: Vec<StoreId>,
    /// Parts of a store (pool, studio) whose doors it opens; empty: all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub zones: Vec<String>,
    /// Whether it lets in only around a class that its holder is booked for.
    #[serde(skip_serializing_if = "is_default")]
    pub class_only: bool,
    /// Days after the last one on which it still lets in, with a note.
    #[serde(skip_serializing_if = "is_default")]
    pub grace_days: u32,
    /// Days for which it can be frozen in one calendar year.
    #[serde(skip_serializing_if = "is_default")]
    pub freeze_days: u32,
    /// Guests who may be brought in one calendar month.
    #[serde(skip_serializing_if = "is_default")]
    pub guests: u32,
    /// What is collected when it becomes somebody else's, in minor units.
    #[serde(skip_serializing_if = "is_default")]
    pub transfer_fee_minor: i64,
    /// Points that whoever gives it away pays for that.
    #[serde(skip_serializing_if = "is_default")]
    pub transfer_fee_points: i64,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Terms {
    /// Whether nothing is set: a pass without terms.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// Of a pass that has begun: it does not wait for a first visit.
    #[must_use]
    pub fn begun(&self) -> Self {
        match self.start {
            Start::FirstVisit => {
                Self { start: Start::Sale, begins_within_days: None, ..self.clone() }
            }
            _ => self.clone(),
        }
    }

    /// Whether it can be used on this day of the week, at this minute of the store's clock.
    pub fn open_at(&self, day: Day, minute: u32) -> bool {
        let weekday = day.0.weekday().number_from_monday();
        (self.weekdays.is_empty() || self.weekdays.contains(&weekday))
            && (self.hours.is_empty() || self.hours.iter().any(|hours| hours.holds(minute)))
    }

    /// Terms that can be worked with.
    ///
    /// # Errors
    /// [`Refusal::BadInput`] names the first that cannot.
    pub fn check(&self) -> Result<(), Refusal> {
        let hours = |hours: &Hours| {
            hours.from < DAY_MINUTES
                && (1..=DAY_MINUTES).contains(&hours.to)
                && hours.from != hours.to
        };
        let zone = |zone: &String| !zone.is_empty() && zone.chars().count() <= MAX_ZONE_CHARS;
        let within = self.begins_within_days;
        let checks = [
            ("length", self.length.is_none_or(Length::fits)),
            (
                "begins_within_days",
                within.is_none_or(|days| {
                    self.start == Start::FirstVisit && (1..=3660).contains(&days)
                }),
            ),
            ("weekdays", self.weekdays.iter().all(|day| (1..=7).contains(day))),
            ("weekdays", self.weekdays.len() <= 7),
            ("hours", self.hours.iter().all(hours) && self.hours.len() <= MAX_LIST),
            ("stores", self.stores.len() <= MAX_LIST),
            ("zones", self.zones.iter().all(zone) && self.zones.len() <= MAX_LIST),
            ("grace_days", self.grace_days <= 366),
            ("freeze_days", self.freeze_days <= 366),
            ("guests", self.guests <= 1000),
            ("transfer_fee_minor", (0..=MAX_FEE).contains(&self.transfer_fee_minor)),
            ("transfer_fee_points", (0..=MAX_FEE).contains(&self.transfer_fee_points)),
        ];
        match checks.into_iter().find(|(_, holds)| !holds) {
            Some((field, _)) => Err(Refusal::BadInput(field)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(unit: Unit, count: u32, from: &str) -> String {
        Length { unit, count }.last_day(from.parse().expect("a day")).to_string()
    }

    #[test]
    fn lengths_end_where_people_expect_them_to() {
        for (unit, count, from, until) in [
            (Unit::Day, 1, "2026-11-23", "2026-11-23"),
            (Unit::Day, 30, "2026-11-23", "2026-12-22"),
            (Unit::Week, 2, "2026-11-23", "2026-12-06"),
            (Unit::Month, 1, "2026-11-23", "2026-12-22"),
            (Unit::Month, 1, "2026-01-31", "2026-02-28"),
            (Unit::Month, 1, "2026-01-29", "2026-02-28"),
            (Unit::Month, 1, "2026-01-28", "2026-02-27"),
            (Unit::Month, 1, "2026-02-01", "2026-02-28"),
            (Unit::Quarter, 1, "2026-11-30", "2027-02-28"),
            (Unit::Year, 1, "2026-11-23", "2027-11-22"),
            (Unit::Year, 1, "2028-02-29", "2029-02-28"),
        ] {
            assert_eq!(last(unit, count, from), until, "{count} {unit:?} from {from}");
        }
    }

    #[test]
    fn hours_may_go_over_midnight() {
        let night = Hours { from: 22 * 60, to: 2 * 60 };
        let held: Vec<u32> = [21, 22, 23, 0, 1, 2, 3].into_iter().map(|hour| hour * 60).collect();
        let held: Vec<bool> = held.into_iter().map(|minute| night.holds(minute)).collect();
        assert_eq!(held, [false, true, true, true, true, false, false]);
    }

    #[test]
    fn plain_terms_are_no_bytes() {
        assert_eq!(serde_json::to_string(&Terms::default()).expect("JSON"), "{}");
    }

    #[test]
    fn terms_that_cannot_be_worked_with_are_named() {
        let length = |count| Some(Length { unit: Unit::Year, count });
        for (terms, field) in [
            (Terms { length: length(0), ..Terms::default() }, "length"),
            (Terms { length: length(101), ..Terms::default() }, "length"),
            (Terms { weekdays: vec![0], ..Terms::default() }, "weekdays"),
            (Terms { hours: vec![Hours { from: 60, to: 60 }], ..Terms::default() }, "hours"),
            (Terms { begins_within_days: Some(30), ..Terms::default() }, "begins_within_days"),
            (Terms { zones: vec![String::new()], ..Terms::default() }, "zones"),
        ] {
            assert_eq!(terms.check(), Err(Refusal::BadInput(field)));
        }
    }
}
