//! A stretch of the day, by the clock on the store's wall.

use chrono::{Datelike as _, TimeDelta};
use serde::{Deserialize, Serialize};

use crate::time::{Day, StoreDays};

/// From one minute of the day to another, that one not among them; over midnight where the end
/// comes before the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// First minute.
    pub from: Minute,
    /// The minute after the last one.
    pub to: Minute,
}

/// A minute of the day, written `HH:MM`: from `00:00` to `24:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Minute(pub u32);

impl Hours {
    /// Whether `minute` lies in it, and whether that is after the midnight which it crosses.
    fn holds(self, minute: u32) -> Option<bool> {
        let (from, to) = (self.from.0, self.to.0);
        if from < to {
            return (from..to).contains(&minute).then_some(false);
        }
        if minute >= from {
            return Some(false);
        }
        (minute < to).then_some(true)
    }
}

/// Whether a moment lies in the hours, on one of the weekdays. The small hours of a stretch that
/// began before midnight belong to the day on which it began.
pub fn holds(at_ms: i64, days: StoreDays, hours: Option<Hours>, weekdays: &[u32]) -> Held {
    let wall = days.wall(at_ms);
    let crossed = match hours {
        None => false,
        Some(hours) => match hours.holds(wall.minute_of_day) {
            Some(crossed) => crossed,
            None => return Held::OtherHour,
        },
    };
    let day = if crossed {
        Day(wall.date.0.checked_sub_signed(TimeDelta::days(1)).unwrap_or(wall.date.0))
    } else {
        days.day_of(at_ms)
    };
    let weekday = day.0.weekday().number_from_monday();
    if weekdays.is_empty() || weekdays.contains(&weekday) { Held::Yes } else { Held::OtherDay }
}

/// What came of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// It does.
    Yes,
    /// At another hour.
    OtherHour,
    /// On another weekday.
    OtherDay,
}

impl std::fmt::Display for Minute {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl std::str::FromStr for Minute {
    type Err = BadMinute;
    fn from_str(text: &str) -> Result<Self, BadMinute> {
        let (hour, minute) = text.split_once(':').ok_or(BadMinute)?;
        let number = |text: &str| {
            let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse::<u32>().ok()).flatten().ok_or(BadMinute)
        };
        let (hour, minute) = (number(hour)?, number(minute)?);
        let whole = hour * 60 + minute;
        if minute < 60 && whole <= 24 * 60 { Ok(Self(whole)) } else { Err(BadMinute) }
    }
}

/// Not a minute of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a time of day is written HH:MM, from 00:00 to 24:00")]
pub struct BadMinute;

impl Serialize for Minute {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Minute {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
