//! Freezing a pass, and ending that.

use chrono::Datelike as _;

use super::{PassOnFile, give::ahead};
use crate::{
    bounds::MOST_CHANGES,
    decide::{Decided, Desk},
    fact::{Fact, PassFrozen, PassUnfrozen},
    refusal::Refusal,
    time::Day,
};

/// Freezes a pass from a day on, today or later, to a day, or for as long as the year's limit and
/// the next freeze let. Until that day it is used as ever.
///
/// # Errors
/// [`Refusal::PassOver`] where it ends before that day, [`Refusal::AlreadyFrozen`],
/// [`Refusal::FreezeLimit`], [`Refusal::BadInput`] for days that are over or the wrong way round.
pub fn freeze_pass(
    desk: &mut Desk<'_>,
    pass: &PassOnFile,
    from: Option<Day>,
    until: Option<Day>,
) -> Result<Decided, Refusal> {
    let today = desk.today();
    let stands = pass.running(today)?;
    let from = ahead(desk, from.unwrap_or(today)).map_err(|_| Refusal::BadInput("first_day"))?;
    if stands.until.is_some_and(|last| last < from) {
        return Err(Refusal::PassOver);
    }
    let left = |year| pass.freeze_days_left(&stands, year);
    let that_year = left(from.0.year());
    if that_year == 0 {
        return Err(Refusal::FreezeLimit { left: 0 });
    }
    let until = match until {
        Some(until) if until < from => return Err(Refusal::BadInput("until")),
        Some(until) => ahead(desk, until)?,
        None => {
            let longest = plus(from, that_year.saturating_sub(1)).min(last_of_year(from));
            let next = stands.freezes.iter().map(|freeze| freeze.from).find(|first| *first > from);
            next.map_or(longest, |next| longest.min(next.plus_days(-1)))
        }
    };
    if stands.freezes.iter().any(|freeze| freeze.from <= until && from <= freeze.until) {
        return Err(Refusal::AlreadyFrozen);
    }
    for year in from.0.year()..=until.0.year() {
        let days = days_in_year(from, until, year);
        if days > left(year) {
            return Err(Refusal::FreezeLimit { left: left(year) });
        }
    }
    let fact = PassFrozen {
        id: desk.fact_id(),
        member: pass.member,
        pass: pass.id,
        at_ms: desk.now_ms,
        from,
        until,
        approved_by: None,
    };
    Ok(Fact::PassFrozen(fact).into())
}

fn plus(day: Day, days: u32) -> Day {
    day.plus_days(i32::try_from(days).unwrap_or(i32::MAX))
}

pub(super) fn last_of_year(day: Day) -> Day {
    let next = Day(chrono::NaiveDate::from_ymd_opt(day.0.year() + 1, 1, 1).unwrap_or(day.0));
    next.plus_days(-1)
}

/// Days of a stretch that lie in one calendar year.
fn days_in_year(from: Day, until: Day, year: i32) -> u32 {
    let first = chrono::NaiveDate::from_ymd_opt(year, 1, 1).map_or(from, Day).max(from);
    let last = last_of_year(first).min(until);
    u32::try_from(first.days_until(last).saturating_add(1)).unwrap_or(0)
}

/// Ends what freezes a pass today. Where nothing does, what was to freeze it later is called off:
/// who comes back early has not taken back what they said of another month.
///
/// # Errors
/// [`Refusal::NotFrozen`].
pub fn unfreeze_pass(desk: &mut Desk<'_>, pass: &PassOnFile) -> Result<Decided, Refusal> {
    let today = desk.today();
    let stands = pass.standing(today);
    let mut freezes = stands.freezes_on(today);
    if freezes.is_empty() {
        let ahead = stands.freezes.iter().filter(|freeze| freeze.from > today);
        freezes = ahead.map(|freeze| freeze.fact).collect();
    }
    freezes.truncate(MOST_CHANGES);
    if freezes.is_empty() {
        return Err(Refusal::NotFrozen);
    }
    let fact = PassUnfrozen {
        id: desk.fact_id(),
        member: pass.member,
        pass: pass.id,
        at_ms: desk.now_ms,
        freezes,
        on: today,
        approved_by: None,
    };
    Ok(Fact::PassUnfrozen(fact).into())
}
