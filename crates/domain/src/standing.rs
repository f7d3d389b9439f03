//! How a pass stands: from what it was sold as, and from everything that happened to it since. No
//! table holds it; it is computed from the rows, and their order does not matter.

use chrono::Datelike as _;
use punchcard_protocol::{FactId, MemberId, PassId};
use serde::{Deserialize, Serialize};

use crate::{
    classes::Booking,
    terms::{Start, Terms},
    time::Day,
};

/// One thing that happened to a pass. What a fact decided, and never changed afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// It began, with a visit.
    Begun {
        /// Its first day.
        on: Day,
    },
    /// It was frozen.
    Frozen {
        /// First day on which it cannot be used.
        from: Day,
        /// The last one.
        until: Day,
    },
    /// Freezes ended early.
    Unfrozen {
        /// The facts that froze it.
        freezes: Vec<FactId>,
        /// First day on which it can be used again.
        on: Day,
    },
    /// It ends later.
    Extended {
        /// So many days.
        days: u32,
    },
    /// It ended: cancelled, upgraded or given to somebody else.
    Ended {
        /// First day on which it can no longer be used.
        on: Day,
        /// Why.
        why: EndedWhy,
    },
    /// A guest came in on it.
    Guest {
        /// When.
        on: Day,
    },
    /// They came in without a pass, as their tier lets them. Of no pass: see [`without_pass`].
    Free {
        /// When.
        on: Day,
    },
    /// They are booked for a class. Of no pass: see [`without_pass`].
    Booked(Booking),
}

impl Change {
    /// The number that tables hold. Never change one that landed.
    pub fn number(&self) -> i64 {
        match self {
            Self::Begun { .. } => 1,
            Self::Frozen { .. } => 2,
            Self::Unfrozen { .. } => 3,
            Self::Extended { .. } => 4,
            Self::Ended { .. } => 5,
            Self::Guest { .. } => 6,
            Self::Free { .. } => 7,
            Self::Booked(_) => 8,
        }
    }
}

/// Why a pass ended before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum EndedWhy {
    /// Cancelled.
    Cancelled,
    /// Another one took its place.
    Upgraded,
    /// It is somebody else's.
    Transferred,
}

/// A change and the fact that says it: taken back with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeOf {
    /// The fact.
    pub fact: FactId,
    /// What it changes.
    pub change: Change,
}

/// A pass as it was sold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sold<'a> {
    /// First day; of one that begins with the first visit: the day of the sale.
    pub from: Day,
    /// Last day; none: no end, or not begun.
    pub until: Option<Day>,
    /// Its terms.
    pub terms: &'a Terms,
}

/// A stretch of days on which a pass cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freeze {
    /// The fact that says it.
    pub fact: FactId,
    /// First day.
    pub from: Day,
    /// Last day.
    pub until: Day,
}

impl Freeze {
    fn holds(&self, day: Day) -> bool {
        self.from <= day && day <= self.until
    }
}

/// How a pass stands on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// First day; none: it waits for the first visit.
    pub from: Option<Day>,
    /// Last day, with everything that moved it; none: no end, or not begun.
    pub until: Option<Day>,
    /// Freezes, those that were ended early as long as they lasted, by their first day.
    pub freezes: Vec<Freeze>,
    /// The last day of the freeze that holds today.
    pub frozen_until: Option<Day>,
    /// When it ended before its time, and why.
    pub ended: Option<(Day, EndedWhy)>,
    /// Guests of this calendar month.
    pub guests: u32,
}

/// How a pass stands on `today`. `changes`: all that happened to it and was not taken back.
pub fn standing(sold: &Sold<'_>, changes: &[ChangeOf], today: Day) -> Standing {
    let freezes = freezes(changes);
    let from = first_day(sold, changes, today);
    Standing {
        from,
        until: from.and_then(|from| last_day(sold, changes, &freezes, from)),
        frozen_until: freezes.iter().filter(|f| f.holds(today)).map(|f| f.until).max(),
        ended: ended(changes),
        guests: guests(changes, today),
        freezes,
    }
}

fn first_day(sold: &Sold<'_>, changes: &[ChangeOf], today: Day) -> Option<Day> {
    if sold.terms.start != Start::FirstVisit {
        return Some(sold.from);
    }
    let begun = changes.iter().filter_map(|of| match of.change {
        Change::Begun { on } => Some(on),
        _ => None,
    });
    let by_itself = sold.terms.begins_within_days.map(|days| plus(sold.from, days));
    begun.chain(by_itself.filter(|day| *day <= today)).min()
}

/// The last day as sold, later by every extension and by every day it was frozen while it ran.
fn last_day(sold: &Sold<'_>, changes: &[ChangeOf], freezes: &[Freeze], from: Day) -> Option<Day> {
    let sold_until = match (sold.terms.start, sold.terms.length) {
        (Start::FirstVisit, Some(length)) => Some(length.last_day(from)),
        _ => sold.until,
    };
    let mut last = sold_until?;
    for of in changes {
        if let Change::Extended { days } = of.change {
            last = plus(last, days);
        }
    }
    let mut counted = from.plus_days(-1);
    for freeze in freezes {
        // Two desks may have frozen the same days: a day counts once.
        let first = freeze.from.max(counted.plus_days(1));
        if first <= last && first <= freeze.until {
            last = last.plus_days(first.days_until(freeze.until).saturating_add(1));
            counted = freeze.until;
        }
    }
    Some(last)
}

fn freezes(changes: &[ChangeOf]) -> Vec<Freeze> {
    let mut found: Vec<Freeze> = changes
        .iter()
        .filter_map(|of| match of.change {
            Change::Frozen { from, until } => Some(Freeze { fact: of.fact, from, until }),
            _ => None,
        })
        .collect();
    for of in changes {
        if let Change::Unfrozen { freezes, on } = &of.change {
            for freeze in found.iter_mut().filter(|freeze| freezes.contains(&freeze.fact)) {
                freeze.until = freeze.until.min(on.plus_days(-1));
            }
        }
    }
    found.retain(|freeze| freeze.from <= freeze.until);
    found.sort_by_key(|freeze| (freeze.from, freeze.until, freeze.fact));
    found
}

/// The earliest end; of two on one day, the one that was named first here.
fn ended(changes: &[ChangeOf]) -> Option<(Day, EndedWhy)> {
    let ends = changes.iter().filter_map(|of| match of.change {
        Change::Ended { on, why } => Some((on, why)),
        _ => None,
    });
    ends.min()
}

fn guests(changes: &[ChangeOf], today: Day) -> u32 {
    let month = today.first_of_month();
    let here = changes.iter().filter(|of| match of.change {
        Change::Guest { on } => on.first_of_month() == month,
        _ => false,
    });
    u32::try_from(here.count()).unwrap_or(u32::MAX)
}

/// Where what a member does or may do without any one pass stands among what happens to passes
/// (free visits of their tier, bookings for classes): under the member's own id, like a pass that
/// nobody sold.
pub fn without_pass(member: MemberId) -> PassId {
    PassId(member.0)
}

/// How many free visits were made in this calendar month.
pub fn free_visits(changes: &[ChangeOf], today: Day) -> u32 {
    let month = today.first_of_month();
    let made = changes.iter().filter(|of| match of.change {
        Change::Free { on } => on.first_of_month() == month,
        _ => false,
    });
    u32::try_from(made.count()).unwrap_or(u32::MAX)
}

/// The classes that a member is booked for, whenever those are.
pub fn bookings(changes: &[ChangeOf]) -> Vec<Booking> {
    let booked = changes.iter().filter_map(|of| match of.change {
        Change::Booked(class) => Some(class),
        _ => None,
    });
    booked.collect()
}

fn plus(day: Day, days: u32) -> Day {
    day.plus_days(i32::try_from(days).unwrap_or(i32::MAX))
}

impl Standing {
    /// Days of a calendar year on which it is frozen, each counted once.
    pub fn frozen_days_of(&self, year: i32) -> u32 {
        let mut days = 0;
        let mut counted: Option<Day> = None;
        for freeze in &self.freezes {
            let mut day = counted.map_or(freeze.from, |last| freeze.from.max(last.plus_days(1)));
            while day <= freeze.until {
                days += u32::from(day.0.year() == year);
                counted = Some(day);
                day = day.plus_days(1);
            }
        }
        days
    }

    /// The facts behind the freezes that hold on a day.
    pub fn freezes_on(&self, day: Day) -> Vec<FactId> {
        self.freezes.iter().filter(|freeze| freeze.holds(day)).map(|freeze| freeze.fact).collect()
    }

    /// Whether it ended before its time, by `day`.
    pub fn ended_by(&self, day: Day) -> Option<(Day, EndedWhy)> {
        self.ended.filter(|(on, _)| *on <= day)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::terms::{Length, Unit};

    fn day(text: &str) -> Day {
        text.parse().expect("a day")
    }

    fn of(n: u8, change: Change) -> ChangeOf {
        ChangeOf { fact: FactId::from_bytes([n; 16]), change }
    }

    fn frozen(n: u8, from: &str, until: &str) -> ChangeOf {
        of(n, Change::Frozen { from: day(from), until: day(until) })
    }

    fn november(changes: &[ChangeOf], today: &str) -> Standing {
        let terms = Terms::default();
        let sold = Sold { from: day("2026-11-01"), until: Some(day("2026-11-30")), terms: &terms };
        standing(&sold, changes, day(today))
    }

    fn until(changes: &[ChangeOf]) -> String {
        november(changes, "2026-11-15").until.expect("a term").to_string()
    }

    #[test]
    fn a_pass_ends_later_by_the_days_it_was_frozen() {
        let freeze = frozen(1, "2026-11-10", "2026-11-19");
        assert_eq!(until(std::slice::from_ref(&freeze)), "2026-12-10");
        let back = of(2, Change::Unfrozen { freezes: vec![freeze.fact], on: day("2026-11-13") });
        assert_eq!(until(&[freeze.clone(), back.clone()]), "2026-12-03");
        // Ended on the day it began: it was never frozen.
        let same = of(3, Change::Unfrozen { freezes: vec![freeze.fact], on: day("2026-11-10") });
        assert_eq!(until(&[freeze, back, same]), "2026-11-30");
    }

    #[test]
    fn days_that_two_desks_froze_count_once() {
        let (one, two) =
            (frozen(1, "2026-11-10", "2026-11-19"), frozen(2, "2026-11-15", "2026-11-24"));
        assert_eq!(until(&[one.clone(), two.clone()]), "2026-12-15");
        let both = november(&[one, two], "2026-11-16");
        assert_eq!(both.frozen_days_of(2026), 15);
        assert_eq!(both.frozen_until, Some(day("2026-11-24")));
        assert_eq!(both.freezes_on(day("2026-11-16")).len(), 2);
    }

    #[test]
    fn a_freeze_after_the_end_moves_nothing() {
        assert_eq!(until(&[frozen(1, "2026-12-01", "2026-12-10")]), "2026-11-30");
        assert_eq!(until(&[frozen(1, "2026-11-30", "2026-12-09")]), "2026-12-10");
    }

    #[test]
    fn one_that_waits_begins_with_the_first_visit_or_by_itself() {
        let terms = Terms {
            start: Start::FirstVisit,
            length: Some(Length { unit: Unit::Month, count: 1 }),
            begins_within_days: Some(30),
            ..Terms::default()
        };
        let sold = Sold { from: day("2026-11-01"), until: None, terms: &terms };
        let at = |changes: &[ChangeOf], today: &str| {
            let found = standing(&sold, changes, day(today));
            (found.from.map(|d| d.to_string()), found.until.map(|d| d.to_string()))
        };
        assert_eq!(at(&[], "2026-11-30"), (None, None));
        let waited = (Some("2026-12-01".into()), Some("2026-12-31".into()));
        assert_eq!(at(&[], "2026-12-01"), waited);
        let (late, early) = (
            of(1, Change::Begun { on: day("2026-11-12") }),
            of(2, Change::Begun { on: day("2026-11-10") }),
        );
        let begun = (Some("2026-11-10".into()), Some("2026-12-09".into()));
        assert_eq!(at(&[late, early], "2026-12-05"), begun);
    }

    #[test]
    fn guests_are_counted_by_the_month() {
        let guest = |n, on: &str| of(n, Change::Guest { on: day(on) });
        let came = [guest(1, "2026-10-31"), guest(2, "2026-11-01"), guest(3, "2026-11-20")];
        assert_eq!(november(&came, "2026-11-30").guests, 2);
        assert_eq!(november(&came, "2026-12-01").guests, 0);
    }

    fn change() -> impl Strategy<Value = Change> {
        let day = (0..400i32).prop_map(|n| day("2026-01-01").plus_days(n));
        let ids = proptest::collection::vec(0..20u8, 0..4);
        let why = prop_oneof![
            Just(EndedWhy::Cancelled),
            Just(EndedWhy::Upgraded),
            Just(EndedWhy::Transferred)
        ];
        prop_oneof![
            day.clone().prop_map(|on| Change::Begun { on }),
            (day.clone(), 0..60i32)
                .prop_map(|(from, days)| Change::Frozen { from, until: from.plus_days(days) }),
            (ids, day.clone()).prop_map(|(ids, on)| {
                let freezes = ids.into_iter().map(|n| FactId::from_bytes([n; 16])).collect();
                Change::Unfrozen { freezes, on }
            }),
            (0..60u32).prop_map(|days| Change::Extended { days }),
            (day.clone(), why).prop_map(|(on, why)| Change::Ended { on, why }),
            day.prop_map(|on| Change::Guest { on }),
            (0..1000i64).prop_map(|begins_ms| {
                Change::Booked(Booking { begins_ms, ends_ms: begins_ms + 60 })
            }),
        ]
    }

    proptest! {
        #[test]
        fn the_order_of_what_happened_does_not_matter(
            changes in proptest::collection::vec(change(), 0..20),
            seed in any::<u64>(),
            first_visit in any::<bool>(),
        ) {
            let terms = Terms {
                start: if first_visit { Start::FirstVisit } else { Start::Sale },
                length: Some(Length { unit: Unit::Quarter, count: 1 }),
                begins_within_days: first_visit.then_some(40),
                ..Terms::default()
            };
            let sold =
                Sold { from: day("2026-03-01"), until: Some(day("2026-05-31")), terms: &terms };
            let named: Vec<ChangeOf> = changes
                .into_iter()
                .zip(0u8..)
                .map(|(change, n)| of(n, change))
                .collect();
            let mut shuffled = named.clone();
            let mut state = seed | 1;
            for at in (1..shuffled.len()).rev() {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                shuffled.swap(at, usize::try_from(state % (at as u64 + 1)).unwrap_or(0));
            }
            let today = day("2026-06-15");
            prop_assert_eq!(standing(&sold, &named, today), standing(&sold, &shuffled, today));
        }

        /// Every day is one of three: not begun, within, or after; and no freeze makes a pass
        /// shorter.
        #[test]
        fn nothing_but_an_end_makes_a_pass_shorter(
            changes in proptest::collection::vec(change(), 0..20),
        ) {
            let terms = Terms::default();
            let sold =
                Sold { from: day("2026-03-01"), until: Some(day("2026-05-31")), terms: &terms };
            let named: Vec<ChangeOf> =
                changes.into_iter().zip(0u8..).map(|(change, n)| of(n, change)).collect();
            let found = standing(&sold, &named, day("2026-06-15"));
            prop_assert!(found.until >= sold.until);
            prop_assert_eq!(found.from, Some(sold.from));
        }
    }
}
