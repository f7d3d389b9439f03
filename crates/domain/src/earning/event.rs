//! What happened, and what is known of the member to whom it happened.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike as _, TimeDelta};
use punchcard_protocol::{RecordId, StoreId};
use serde::{Deserialize, Serialize};

use crate::time::{Day, StoreDays};

/// A line of a sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaleLine {
    /// Which item: its number or name.
    pub item: String,
    /// Its category.
    #[serde(default)]
    pub category: String,
    /// Pieces.
    pub quantity: i64,
    /// What was paid for it, in minor units.
    pub amount_minor: i64,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Something was paid for.
    Sale {
        /// What was paid, in minor units.
        amount_minor: i64,
        /// What for, where that is known.
        lines: Vec<SaleLine>,
    },
    /// A visit that counts.
    Visit,
    /// Money was loaded onto the member's account.
    TopUp {
        /// How much, in minor units.
        amount_minor: i64,
    },
    /// Somebody whom this member sent came for the first time.
    Refers,
}

/// What is known of the member.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Tier.
    pub tier: Option<RecordId>,
    /// What it is called; empty: none.
    pub tier_name: String,
    /// Its multiplier, in percent.
    pub multiplier_percent: i64,
    /// Birthday.
    pub birthday: Option<Day>,
    /// When their file was opened.
    pub joined: Option<Day>,
    /// Tags.
    pub tags: Vec<String>,
    /// Points on file.
    pub points: i64,
    /// Spent so far, in minor units.
    pub spent_minor: i64,
    /// Visits so far.
    pub visits: i64,
    /// Sales so far.
    pub sales: i64,
    /// Another member sent them.
    pub referred: bool,
}

/// What was given before, and when they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// What each rule gave this member so far.
    pub given: BTreeMap<RecordId, Given>,
    /// Business days on which they came, before this.
    pub visit_days: BTreeSet<Day>,
}

/// What a rule gave, by the stretch of time that the event lies in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Given {
    /// On the event's business day.
    pub day: Sum,
    /// In its calendar month.
    pub month: Sum,
    /// In its calendar year.
    pub year: Sum,
    /// Ever.
    pub ever: Sum,
}

/// So many points, so often.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    /// Points.
    pub points: i64,
    /// Times.
    pub times: i64,
}

impl Sum {
    /// Adds what was given once.
    pub fn add(&mut self, points: i64) {
        self.points = self.points.saturating_add(points);
        self.times = self.times.saturating_add(1);
    }
}

impl Given {
    /// Adds what was given on `then`, seen from `today`.
    pub fn add(&mut self, then: Day, today: Day, points: i64) {
        self.ever.add(points);
        if then.0.year() == today.0.year() {
            self.year.add(points);
            if then.0.month() == today.0.month() {
                self.month.add(points);
            }
        }
        if then == today {
            self.day.add(points);
        }
    }
}

/// How long an unbroken row of visits is, this one among them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Streaks {
    /// Days in a row.
    pub days: i64,
    /// Weeks in a row, from Monday to Sunday.
    pub weeks: i64,
    /// This is the first visit of its day.
    pub new_day: bool,
    /// This is the first visit of its week.
    pub new_week: bool,
}

/// The clock on the wall, and the calendar as the store counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// Year of the business day.
    pub year: i64,
    /// Month of the business day.
    pub month: i64,
    /// Day of the month of the business day.
    pub day: i64,
    /// Weekday of the business day: 1 is Monday.
    pub weekday: i64,
    /// Hour on the wall.
    pub hour: i64,
    /// Minute on the wall.
    pub minute: i64,
}

/// Something for which points may be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What.
    pub what: What,
    /// When: Unix ms.
    pub at_ms: i64,
    /// Where.
    pub store: StoreId,
    /// What that store is called.
    pub store_name: String,
    /// How it counts days.
    pub days: StoreDays,
    /// To whom.
    pub member: Known,
    /// What came before.
    pub history: History,
}

impl Event {
    /// The business day.
    pub fn today(&self) -> Day {
        self.days.day_of(self.at_ms)
    }

    /// The lines of a sale.
    pub fn lines(&self) -> &[SaleLine] {
        match &self.what {
            What::Sale { lines, .. } => lines,
            _ => &[],
        }
    }

    /// The money of a sale or a top-up, in minor units.
    pub fn amount_minor(&self) -> i64 {
        match self.what {
            What::Sale { amount_minor, .. } | What::TopUp { amount_minor } => amount_minor,
            What::Visit | What::Refers => 0,
        }
    }

    /// Pieces of a sale.
    pub fn units(&self) -> i64 {
        self.lines().iter().map(|line| line.quantity).fold(0, i64::saturating_add)
    }

    /// It is a visit.
    pub fn is_visit(&self) -> bool {
        self.what == What::Visit
    }

    /// Money was loaded.
    pub fn is_top_up(&self) -> bool {
        matches!(self.what, What::TopUp { .. })
    }

    /// The first time that anything is known of them here.
    pub fn is_first(&self) -> bool {
        self.member.visits == 0 && self.member.sales == 0
    }

    /// The time, as conditions see it.
    pub fn clock(&self) -> Clock {
        let (day, wall) = (self.today().0, self.days.wall(self.at_ms));
        Clock {
            year: i64::from(day.year()),
            month: i64::from(day.month()),
            day: i64::from(day.day()),
            weekday: i64::from(day.weekday().number_from_monday()),
            hour: i64::from(wall.minute_of_day / 60),
            minute: i64::from(wall.minute_of_day % 60),
        }
    }

    /// How long their row of visits is. Without a visit now: as it stood with the last one, if
    /// that was no longer ago than yesterday, or last week.
    pub fn streaks(&self) -> Streaks {
        let today = self.today();
        let week = |day: Day| {
            Day(day.0 - TimeDelta::days(i64::from(day.0.weekday().num_days_from_monday())))
        };
        let days = &self.history.visit_days;
        let weeks: BTreeSet<Day> = days.iter().map(|day| week(*day)).collect();
        let new = |of: &BTreeSet<Day>, now: Day| self.is_visit() && !of.contains(&now);
        Streaks {
            days: row(days, today, 1, self.is_visit()),
            weeks: row(&weeks, week(today), 7, self.is_visit()),
            new_day: new(days, today),
            new_week: new(&weeks, week(today)),
        }
    }
}

/// How many steps of so many days lie in a row before `now`, and it among them where it counts.
fn row(of: &BTreeSet<Day>, now: Day, step: i32, counts: bool) -> i64 {
    let here = counts || of.contains(&now);
    let mut length = i64::from(here);
    let mut before = now.plus_days(-step);
    while of.contains(&before) {
        length += 1;
        before = before.plus_days(-step);
    }
    length
}
