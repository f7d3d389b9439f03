//! Giving a pass: from when on, and for how much.

use punchcard_protocol::{MemberId, PassId};

use crate::{
    decide::{Decided, Desk},
    fact::{Fact, Pass, PassGiven},
    ledger::{Account, Lot, ValueKind, check_amount},
    records::PassType,
    refusal::Refusal,
    terms::Start,
    tiers::percent_of,
    time::Day,
};

/// The furthest day ahead on which a pass may begin, be frozen or end.
const FURTHEST_DAYS: i32 = 3660;

/// What giving a pass is decided on.
#[derive(Debug, Clone)]
pub struct GivePass {
    /// To whom.
    pub member: MemberId,
    /// Which kind.
    pub pass_type: PassType,
    /// The last day of the longest pass of the same kind they hold: a renewal goes on from there.
    pub runs_until: Option<Day>,
    /// The day it shall begin on, where its kind lets that be chosen; none: today.
    pub from: Option<Day>,
    /// So many percent of the price that their tier lets them pay; none: all of it.
    pub price_percent: Option<i64>,
}

/// Gives a pass: from today, from the day after the one it renews, from a day that was chosen, or
/// from the first visit on.
///
/// # Errors
/// [`Refusal::NotFound`] where it is no longer on offer; [`Refusal::BadInput`] where a day was
/// chosen that is over, too far ahead, or not to be chosen.
pub fn give_pass(desk: &mut Desk<'_>, known: &GivePass) -> Result<Decided, Refusal> {
    if !known.pass_type.active {
        return Err(Refusal::NotFound("pass"));
    }
    let from = first_day(desk, known)?;
    let pass = pass_of(desk, &known.pass_type, (from, false), known.pass_type.visits)?;
    let fact = PassGiven {
        id: desk.fact_id(),
        member: known.member,
        pass,
        price_minor: price(&known.pass_type, known.price_percent),
        price_percent: known.price_percent,
        transferred: None,
        approved_by: None,
    };
    Ok(Fact::PassGiven(fact).into())
}

/// What a kind of pass costs somebody whose tier lets them pay so many percent, in minor units.
pub fn price(kind: &PassType, percent: Option<i64>) -> i64 {
    percent.map_or(kind.price_minor, |percent| percent_of(kind.price_minor, percent))
}

fn first_day(desk: &Desk<'_>, known: &GivePass) -> Result<Day, Refusal> {
    let today = desk.today();
    match (known.pass_type.terms.start, known.from) {
        (Start::Date, Some(from)) => ahead(desk, from).map_err(|_| Refusal::BadInput("first_day")),
        (_, Some(_)) => Err(Refusal::BadInput("first_day")),
        (Start::FirstVisit, None) => Ok(today),
        (Start::Sale | Start::Date, None) => Ok(match known.runs_until {
            Some(until) if until >= today && known.pass_type.visits.is_none() => until.plus_days(1),
            _ => today,
        }),
    }
}

/// A day that is not over, and not too far ahead.
pub(super) fn ahead(desk: &Desk<'_>, day: Day) -> Result<Day, Refusal> {
    let days = desk.today().days_until(day);
    if (0..=FURTHEST_DAYS).contains(&days) { Ok(day) } else { Err(Refusal::BadInput("day")) }
}

pub(super) fn pass_of(
    desk: &mut Desk<'_>,
    kind: &PassType,
    (from, begun): (Day, bool),
    visits: Option<i64>,
) -> Result<Pass, Refusal> {
    let (until, terms) = kind.as_given(from, begun);
    Ok(Pass {
        id: PassId((desk.ids)()),
        name: kind.name.clone(),
        pass_type: Some(kind.id),
        from,
        until,
        visits: visits.map(|visits| pack(desk, visits)).transpose()?,
        terms,
        before: None,
    })
}

/// A pack's visits do not run out by themselves: the last day of the pass says when they do, and
/// that moves when it is frozen or extended.
pub(super) fn pack(desk: &mut Desk<'_>, visits: i64) -> Result<Lot, Refusal> {
    Ok(Lot {
        id: desk.lot_id(),
        kind: ValueKind::Visits,
        amount: check_amount(visits)?,
        to: Account::Till(desk.me),
        expires_ms: None,
    })
}
