//! Which tier a member has: worked out from what they did, day by day, never stored. So whoever
//! holds the same facts sees the same tier, in whatever order they came.

use chrono::{Datelike as _, Months};
use punchcard_protocol::RecordId;
use serde::{Deserialize, Serialize};

use crate::{records::Tier, refusal::Refusal, time::Day};

/// How a tier is reached and kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ladder {
    /// What is counted.
    pub by: By,
    /// Over which time.
    pub over: Over,
    /// So much of it reaches the tier: points, minor units of money, or visits.
    pub entry: i64,
    /// So much keeps it; none: as much as reaches it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<i64>,
    /// It is kept for so many days more.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub grace_days: u32,
    /// Afterwards: one tier down, which is held for its time whatever is done; else to whatever is
    /// kept by then.
    #[serde(default, skip_serializing_if = "is_false")]
    pub one_at_a_time: bool,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum By {
    /// Points given for sales and visits.
    Points,
    /// Money spent, in minor units.
    Spend,
    /// Visits that count.
    Visits,
}

/// Over which time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// The last so many days, today among them.
    RollingDays(u32),
    /// The last so many months, to today.
    RollingMonths(u32),
    /// A calendar month: reached in one, it is held to the end of the next.
    Month,
    /// A calendar quarter: reached in one, it is held to the end of the next.
    Quarter,
    /// A calendar year: reached in one, it is held to the end of the next.
    Year,
}

/// What a tier is good for, beside its multiplier.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Privileges {
    /// They pay so many percent of the price; none: the price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_percent: Option<i64>,
    /// Between these hours they may come in on any day, whatever days and hours their pass has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<crate::earning::hours::Hours>,
    /// So many guests in a calendar month, beside those of their pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guests: Option<i64>,
    /// So many visits in a calendar month where no pass lets them in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_visits_month: Option<i64>,
}

/// What a member did on one business day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    /// The day.
    pub day: Day,
    /// Points given for sales and visits.
    pub points: i64,
    /// Money spent, in minor units.
    pub spend: i64,
    /// Visits that count.
    pub visits: i64,
}

/// Where a member stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// The tier they reached; none: none.
    pub tier: Option<RecordId>,
    /// Since when they have it.
    pub since: Option<Day>,
    /// They do not do enough to keep it; it is theirs to the end of this day, or longer if they do.
    pub grace_until: Option<Day>,
    /// The next tier, and what is missing to it today.
    pub next: Option<(RecordId, i64)>,
}

impl Ladder {
    /// A ladder that can be climbed.
    ///
    /// # Errors
    /// [`Refusal::BadInput`] names the field.
    pub fn check(&self) -> Result<(), Refusal> {
        let over = match self.over {
            Over::RollingDays(days) => (1..=3660).contains(&days),
            Over::RollingMonths(months) => (1..=120).contains(&months),
            _ => true,
        };
        let checks = [
            ("over", over),
            ("entry", (1..=1_000_000_000_000).contains(&self.entry)),
            ("keep", self.keep.is_none_or(|keep| (0..=self.entry).contains(&keep))),
            ("grace_days", self.grace_days <= 3660),
        ];
        match checks.into_iter().find(|(_, holds)| !holds) {
            Some((field, _)) => Err(Refusal::BadInput(field)),
            None => Ok(()),
        }
    }

    fn keeps(&self) -> i64 {
        self.keep.unwrap_or(self.entry)
    }
}

/// So many percent of a price, in minor units. A fraction of one is dropped: nobody pays more than the
/// owner said.
pub fn percent_of(price_minor: i64, percent: i64) -> i64 {
    let part = i128::from(price_minor) * i128::from(percent) / 100;
    i64::try_from(part).unwrap_or(i64::MAX)
}

impl Privileges {
    /// So many percent of a price, where that is less than all of it.
    pub fn less_percent(&self) -> Option<i64> {
        self.price_percent.filter(|percent| *percent < 100)
    }

    /// Privileges that can be given.
    ///
    /// # Errors
    /// [`Refusal::BadInput`] names the field.
    pub fn check(&self) -> Result<(), Refusal> {
        let few = |number: Option<i64>| number.is_none_or(|number| (0..=1000).contains(&number));
        let checks = [
            ("price_percent", self.price_percent.is_none_or(|p| (0..=100).contains(&p))),
            ("guests", few(self.guests)),
            ("free_visits_month", few(self.free_visits_month)),
        ];
        match checks.into_iter().find(|(_, holds)| !holds) {
            Some((field, _)) => Err(Refusal::BadInput(field)),
            None => Ok(()),
        }
    }
}

impl Over {
    /// The first and the last day of the time that `day` lies in, or ends.
    pub fn around(self, day: Day) -> (Day, Day) {
        let month = |date: chrono::NaiveDate, back: u32| {
            Day(date.checked_sub_months(Months::new(back)).unwrap_or(chrono::NaiveDate::MIN))
        };
        let first = day.first_of_month();
        match self {
            Self::RollingDays(days) => {
                (day.plus_days(1 - i32::try_from(days).unwrap_or(i32::MAX)), day)
            }
            Self::RollingMonths(months) => (month(day.0, months).plus_days(1), day),
            Self::Month => (first, first.plus_months(1).plus_days(-1)),
            Self::Quarter => {
                let first = month(first.0, day.0.month0() % 3);
                (first, first.plus_months(3).plus_days(-1))
            }
            Self::Year => {
                let first = month(first.0, day.0.month0());
                (first, first.plus_months(12).plus_days(-1))
            }
        }
    }

    fn is_rolling(self) -> bool {
        matches!(self, Self::RollingDays(_) | Self::RollingMonths(_))
    }
}

/// The tiers that can be climbed, the lowest first: by what their multiplier gives, then by what
/// they ask for.
pub fn ladder(tiers: &[Tier]) -> Vec<(RecordId, Ladder)> {
    let mut steps: Vec<(&Tier, Ladder)> =
        tiers.iter().filter_map(|tier| Some((tier, tier.ladder?))).collect();
    steps.sort_by_key(|(tier, ladder)| (tier.multiplier_percent, ladder.entry, tier.id));
    steps.into_iter().map(|(tier, ladder)| (tier.id, ladder)).collect()
}

/// Where a member stands on `today`. `done`: what they did, one row a day or more, in any order.
pub fn standing(tiers: &[Tier], done: &[Done], today: Day) -> Standing {
    let steps = ladder(tiers);
    let mut rows: Vec<Done> = done.iter().copied().filter(|row| row.day <= today).collect();
    rows.sort_by_key(|row| row.day);
    let Some(first) = rows.first().map(|row| row.day) else {
        return Climb::new(&steps, Sums::new(&rows)).shown(today);
    };
    let mut climb = Climb::new(&steps, Sums::new(&rows));
    let mut day = first;
    while day <= today {
        climb.pass(day);
        day = day.plus_days(1);
    }
    climb.shown(today)
}

/// Sums up to each row, so that any stretch of days is one subtraction.
struct Sums {
    days: Vec<Day>,
    /// Points, spend and visits before each row.
    before: Vec<[i64; 3]>,
}

impl Sums {
    fn new(rows: &[Done]) -> Self {
        let mut before = vec![[0; 3]];
        let mut sum = [0i64; 3];
        for row in rows {
            for (sum, more) in sum.iter_mut().zip([row.points, row.spend, row.visits]) {
                *sum = sum.saturating_add(more);
            }
            before.push(sum);
        }
        Self { days: rows.iter().map(|row| row.day).collect(), before }
    }

    fn between(&self, by: By, first: Day, last: Day) -> i64 {
        let kind = match by {
            By::Points => 0,
            By::Spend => 1,
            By::Visits => 2,
        };
        let from = self.days.partition_point(|day| *day < first);
        let to = self.days.partition_point(|day| *day <= last);
        self.before[to.max(from)][kind].saturating_sub(self.before[from][kind])
    }
}

/// To when a tier is held to which somebody came down: once over its time.
fn once(over: Over, day: Day) -> Day {
    let (first, last) = over.around(day);
    if over.is_rolling() { day.plus_days(first.days_until(day)) } else { last }
}

/// A member on the way up and down, one day after the other.
struct Climb<'a> {
    steps: &'a [(RecordId, Ladder)],
    sums: Sums,
    /// How many steps up: 0 is none.
    level: usize,
    since: Option<Day>,
    /// Held to the end of this day, where it is held by the calendar.
    held: Option<Day>,
    /// Lost at the end of this day, unless enough is done again.
    lost: Option<Day>,
}

impl<'a> Climb<'a> {
    fn new(steps: &'a [(RecordId, Ladder)], sums: Sums) -> Self {
        Self { steps, sums, level: 0, since: None, held: None, lost: None }
    }

    fn value(&self, ladder: Ladder, day: Day) -> i64 {
        let (first, last) = ladder.over.around(day);
        self.sums.between(ladder.by, first, last.min(day))
    }

    /// Whether enough is done by `day` to keep a tier: in this time, or in the one before it where
    /// it goes by the calendar.
    fn kept(&self, ladder: Ladder, day: Day) -> bool {
        let before = ladder.over.around(day).0.plus_days(-1);
        self.value(ladder, day) >= ladder.keeps()
            || !ladder.over.is_rolling() && self.value(ladder, before) >= ladder.keeps()
    }

    fn pass(&mut self, day: Day) {
        let reached = (0..self.steps.len())
            .rev()
            .find(|step| self.value(self.steps[*step].1, day) >= self.steps[*step].1.entry);
        if let Some(step) = reached.filter(|step| step + 1 > self.level) {
            self.stand(step + 1, day);
        }
        while self.level > 0 && !self.holds(day) {
            self.step_down(day);
        }
    }

    /// Whether they still have it at the end of `day`.
    fn holds(&mut self, day: Day) -> bool {
        let ladder = self.steps[self.level - 1].1;
        let this = ladder.over.around(day).1;
        if !ladder.over.is_rolling() && self.value(ladder, day) >= ladder.entry {
            self.held = Some(this.plus_days(1)).map(|next| ladder.over.around(next).1);
        }
        if self.held.is_some_and(|held| day <= held) {
            self.lost = None;
            return true;
        }
        if self.kept(ladder, day) {
            self.lost = None;
            self.held = (!ladder.over.is_rolling()).then_some(this);
            return true;
        }
        let grace = i32::try_from(ladder.grace_days).unwrap_or(i32::MAX);
        let lost = *self.lost.get_or_insert(day.plus_days(grace).plus_days(-1));
        day <= lost
    }

    fn step_down(&mut self, day: Day) {
        let ladder = self.steps[self.level - 1].1;
        let below = (0..self.level - 1).rev();
        if ladder.one_at_a_time {
            self.stand(self.level - 1, day);
            self.held =
                self.steps.get(self.level.wrapping_sub(1)).map(|step| once(step.1.over, day));
            return;
        }
        let kept = below.into_iter().find(|step| self.kept(self.steps[*step].1, day));
        self.stand(kept.map_or(0, |step| step + 1), day);
    }

    fn stand(&mut self, level: usize, day: Day) {
        self.level = level;
        self.since = (level > 0).then_some(day);
        (self.held, self.lost) = (None, None);
    }

    fn shown(&self, today: Day) -> Standing {
        let next = self.steps.get(self.level).map(|(tier, ladder)| {
            (*tier, ladder.entry.saturating_sub(self.value(*ladder, today)).max(0))
        });
        Standing {
            tier: self.level.checked_sub(1).map(|step| self.steps[step].0),
            since: self.since,
            grace_until: self.lost,
            next,
        }
    }
}

/// Which of two tiers a member has: the one that a person set, or the one they reached, whichever
/// gives more.
pub fn better(tiers: &[Tier], set: Option<RecordId>, reached: Option<RecordId>) -> Option<Tier> {
    let find = |id: Option<RecordId>| tiers.iter().find(|tier| Some(tier.id) == id).cloned();
    match (find(set), find(reached)) {
        (Some(set), Some(reached)) => {
            let more = reached.multiplier_percent > set.multiplier_percent;
            Some(if more { reached } else { set })
        }
        (set, reached) => set.or(reached),
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde calls it with")]
fn is_zero(value: &u32) -> bool {
    *value == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde calls it with")]
fn is_false(value: &bool) -> bool {
    !*value
}
