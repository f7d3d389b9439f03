//! Giving a pass, and what happens to it afterwards.

use chrono::Datelike as _;
use punchcard_protocol::{MemberId, PassId, RecordId};

use super::{Decided, Desk, SoFar, by_hand::spendable};
use crate::{
    bounds::{LONGEST_EXTENSION_DAYS, MOST_CHANGES},
    fact::{
        Fact, Pass, PassCancelled, PassExtended, PassFrozen, PassGiven, PassTransferred,
        PassUnfrozen, PassUpgraded,
    },
    ledger::{Account, Lot, Posting, Purse, ValueKind, check_amount},
    member::MemberPrivate,
    money::MAX_AMOUNT,
    records::PassType,
    refusal::Refusal,
    standing::{ChangeOf, Sold, Standing, standing},
    terms::{Start, Terms},
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
fn ahead(desk: &Desk<'_>, day: Day) -> Result<Day, Refusal> {
    let days = desk.today().days_until(day);
    if (0..=FURTHEST_DAYS).contains(&days) { Ok(day) } else { Err(Refusal::BadInput("day")) }
}

fn pass_of(
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
fn pack(desk: &mut Desk<'_>, visits: i64) -> Result<Lot, Refusal> {
    Ok(Lot {
        id: desk.lot_id(),
        kind: ValueKind::Visits,
        amount: check_amount(visits)?,
        to: Account::Till(desk.me),
        expires_ms: None,
    })
}

/// A pass on file that something is to happen to.
#[derive(Debug, Clone)]
pub struct PassOnFile {
    /// Whose.
    pub member: MemberId,
    /// Which.
    pub id: PassId,
    /// Name.
    pub name: String,
    /// First day, as sold.
    pub from: Day,
    /// Last day, as sold.
    pub until: Option<Day>,
    /// Terms it was sold with.
    pub terms: Terms,
    /// What happened to it since and was not taken back.
    pub changes: Vec<ChangeOf>,
    /// Its visits.
    pub visits: Option<Purse>,
}

impl PassOnFile {
    /// How it stands on a day.
    pub fn standing(&self, today: Day) -> Standing {
        let sold = Sold { from: self.from, until: self.until, terms: &self.terms };
        standing(&sold, &self.changes, today)
    }

    /// How it stands, where it is not over.
    fn running(&self, today: Day) -> Result<Standing, Refusal> {
        let stands = self.standing(today);
        let over = stands.until.is_some_and(|until| until < today);
        if stands.ended.is_some() || over { Err(Refusal::PassOver) } else { Ok(stands) }
    }

    /// All visits that are left, where all of them can be debited here.
    fn visits_here(&self, desk: &Desk<'_>) -> Result<Option<i64>, Refusal> {
        let Some(purse) = &self.visits else { return Ok(None) };
        let here = purse.spendable(desk.spend_ms);
        match purse.on_file(desk.spend_ms) - here {
            0 => Ok(Some(here)),
            visits => Err(Refusal::PackElsewhere { visits }),
        }
    }

    /// Days of a calendar year for which it can still be frozen.
    fn freeze_days_left(&self, stands: &Standing, year: i32) -> u32 {
        self.terms.freeze_days.saturating_sub(stands.frozen_days_of(year))
    }

    /// Whether it can be frozen, today or later: days are left of this year, or of the next one
    /// where it lasts until then.
    fn freezable(&self, today: Day) -> bool {
        let Ok(stands) = self.running(today) else { return false };
        let left = |first: Day| {
            stands.until.is_none_or(|until| first <= until)
                && self.freeze_days_left(&stands, first.0.year()) > 0
        };
        left(today) || left(last_of_year(today).plus_days(1))
    }

    /// Whether it can end later; and that it was not ended before its time.
    fn extendable(&self, today: Day) -> Result<(), Refusal> {
        let stands = self.standing(today);
        match (stands.ended, stands.until) {
            (Some(_), _) => Err(Refusal::PassOver),
            (None, None) => Err(Refusal::BadInput("days")),
            (None, Some(_)) => Ok(()),
        }
    }

    /// How it stands and the visits that go over, where it can become somebody else's.
    fn transferable(&self, desk: &Desk<'_>) -> Result<(Standing, Option<i64>), Refusal> {
        let today = desk.today();
        let stands = self.running(today)?;
        if stands.freezes.iter().any(|freeze| freeze.until >= today) {
            return Err(Refusal::AlreadyFrozen);
        }
        match self.visits_here(desk)? {
            Some(_) if !desk.trusted => Err(Refusal::NotVouched),
            Some(0) => Err(Refusal::NoVisits),
            left => Ok((stands, left)),
        }
    }

    /// How it stands and the visits that are left, where another kind can take its place.
    fn upgradable(&self, desk: &Desk<'_>) -> Result<(Standing, Option<i64>), Refusal> {
        let stands = self.running(desk.today())?;
        let left = self.visits_here(desk)?;
        if left.is_some() && !desk.trusted {
            return Err(Refusal::NotVouched);
        }
        Ok((stands, left))
    }

    fn take_visits(&self, desk: &Desk<'_>, visits: i64) -> Vec<Posting> {
        self.visits
            .as_ref()
            .map_or_else(Vec::new, |purse| purse.take(desk.me, visits, desk.spend_ms).0)
    }
}

/// Something that can be done with a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum PassAct {
    /// Freeze it, from today or from a later day on.
    Freeze,
    /// End its freeze.
    Unfreeze,
    /// Let it end later.
    Extend,
    /// Put another kind in its place, for the difference.
    Upgrade,
    /// Make it somebody else's.
    Transfer,
    /// End it.
    Cancel,
}

/// What can be done with a pass today. Visits that lie elsewhere stand in the way of nothing here:
/// they are fetched first. Nor does it that nobody here knows what was paid for it: who asks for an
/// upgrade is told so.
pub fn pass_acts(desk: &mut Desk<'_>, pass: &PassOnFile) -> Vec<PassAct> {
    fn fetched<T>(said: &Result<T, Refusal>) -> bool {
        matches!(said, Ok(_) | Err(Refusal::PackElsewhere { .. }))
    }
    let today = desk.today();
    let acts = [
        (PassAct::Freeze, pass.freezable(today)),
        (PassAct::Unfreeze, unfreeze_pass(desk, pass).is_ok()),
        (PassAct::Extend, pass.extendable(today).is_ok()),
        (PassAct::Upgrade, fetched(&pass.upgradable(desk))),
        (PassAct::Transfer, fetched(&pass.transferable(desk))),
        (PassAct::Cancel, pass.running(today).is_ok()),
    ];
    acts.into_iter().filter(|(_, can)| *can).map(|(act, _)| act).collect()
}

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

fn last_of_year(day: Day) -> Day {
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

/// Lets a pass end later. One that is over may be brought back to life by it, one that was
/// cancelled, upgraded or given away may not.
///
/// # Errors
/// [`Refusal::PassOver`], [`Refusal::BadInput`] for a pass without an end, no days, too many, or no
/// reason.
pub fn extend_pass(
    desk: &mut Desk<'_>,
    pass: &PassOnFile,
    days: u32,
    because: &str,
) -> Result<Decided, Refusal> {
    pass.extendable(desk.today())?;
    if !(1..=LONGEST_EXTENSION_DAYS).contains(&days) {
        return Err(Refusal::BadInput("days"));
    }
    let fact = PassExtended {
        id: desk.fact_id(),
        member: pass.member,
        pass: pass.id,
        at_ms: desk.now_ms,
        days,
        private: None,
        approved_by: None,
    };
    Ok(Decided { fact: Fact::PassExtended(fact), private: Some(reason(because)?) })
}

/// Ends a pass, from today on or from a later day.
///
/// # Errors
/// [`Refusal::PassOver`], [`Refusal::BadInput`] for a day that is over, no reason, or a refund
/// that is no amount.
pub fn cancel_pass(
    desk: &mut Desk<'_>,
    pass: &PassOnFile,
    on: Option<Day>,
    refund_minor: i64,
    because: &str,
) -> Result<Decided, Refusal> {
    let today = desk.today();
    pass.running(today)?;
    if !(0..=MAX_AMOUNT).contains(&refund_minor) {
        return Err(Refusal::BadInput("refund"));
    }
    let fact = PassCancelled {
        id: desk.fact_id(),
        member: pass.member,
        pass: pass.id,
        at_ms: desk.now_ms,
        on: ahead(desk, on.unwrap_or(today))?,
        refund_minor,
        private: None,
        approved_by: None,
    };
    Ok(Decided { fact: Fact::PassCancelled(fact), private: Some(reason(because)?) })
}

/// A cashier's words: a private part, as they may name people.
pub(super) fn reason(because: &str) -> Result<MemberPrivate, Refusal> {
    let note = because.trim();
    if note.is_empty() || note.chars().count() > super::MAX_TEXT_CHARS {
        return Err(Refusal::BadInput("reason"));
    }
    Ok(MemberPrivate { note: Some(note.to_owned()), ..MemberPrivate::default() })
}

/// What an upgrade is decided on.
#[derive(Debug, Clone)]
pub struct Upgrade {
    /// The pass that ends.
    pub pass: PassOnFile,
    /// What was paid for it so far, and what was used; none: nobody here knows.
    pub so_far: Option<SoFar>,
    /// So many percent of a price that their tier lets them pay now; none: all of it.
    pub price_percent: Option<i64>,
    /// The kind that takes its place.
    pub to: PassType,
}

/// Puts another kind of pass in the place of one, for the difference: what was really paid for the
/// old one so far, upgrades before this one among it, is credited, and no more. The new one counts
/// from the day on which the old one began, and what was used of a pack, and of packs before it, is
/// used of the new one.
///
/// # Errors
/// [`Refusal::PassOver`], [`Refusal::CostsLess`], [`Refusal::PackElsewhere`],
/// [`Refusal::NotVouched`], [`Refusal::PaidUnknown`], [`Refusal::NotFound`] where the other kind is
/// no longer on offer.
pub fn upgrade_pass(desk: &mut Desk<'_>, known: &Upgrade) -> Result<Decided, Refusal> {
    let Upgrade { pass, to, .. } = known;
    if !to.active {
        return Err(Refusal::NotFound("pass"));
    }
    let today = desk.today();
    let (stands, left) = pass.upgradable(desk)?;
    let so_far = known.so_far.ok_or(Refusal::PaidUnknown)?;
    let paid_minor = price(to, known.price_percent).saturating_sub(so_far.paid_minor);
    if paid_minor < 0 {
        return Err(Refusal::CostsLess);
    }
    let before = so_far.brings(left);
    let visits = to.visits.map(|visits| visits.saturating_sub(before.used));
    if visits.is_some_and(|visits| visits <= 0) {
        return Err(Refusal::NoVisits);
    }
    let from = stands.from.unwrap_or(pass.from);
    let fact = PassUpgraded {
        id: desk.fact_id(),
        member: pass.member,
        pass: pass.id,
        at_ms: desk.now_ms,
        on: today,
        given: Pass {
            before: Some(before),
            ..pass_of(desk, to, (from, stands.from.is_some()), visits)?
        },
        paid_minor,
        price_percent: known.price_percent,
        postings: pass.take_visits(desk, left.unwrap_or(0)),
        approved_by: None,
    };
    Ok(Fact::PassUpgraded(fact).into())
}

/// What giving a pass away is decided on.
#[derive(Debug, Clone)]
pub struct Transfer {
    /// The pass.
    pub pass: PassOnFile,
    /// What was paid for it so far, and what was used; none: nobody here knows.
    pub so_far: Option<SoFar>,
    /// Its kind, where that is on offer here.
    pub pass_type: Option<RecordId>,
    /// Whose it will be.
    pub to: MemberId,
    /// What is paid for it, in minor units; none: what its terms say.
    pub fee_minor: Option<i64>,
    /// The points of whose it is: its terms may ask for some.
    pub points: Purse,
}

/// Gives a pass to somebody else, as it stands: what is left of its time and of its visits, and what
/// was paid for it, which an upgrade credits. Two facts, that are written and taken back together.
///
/// # Errors
/// [`Refusal::PassOver`], [`Refusal::PackElsewhere`], [`Refusal::NotVouched`],
/// [`Refusal::NoVisits`], [`Refusal::AlreadyFrozen`] where it is frozen: end that first,
/// [`Refusal::BadInput`] for a fee that is no amount or for the same member,
/// [`Refusal::PointsShort`].
pub fn transfer_pass(desk: &mut Desk<'_>, known: &Transfer) -> Result<(Decided, Decided), Refusal> {
    let Transfer { pass, so_far, pass_type, to, fee_minor, points } = known;
    let (pass_type, to) = (*pass_type, *to);
    let fee_minor = fee_minor.unwrap_or(pass.terms.transfer_fee_minor);
    let fee_points = pass.terms.transfer_fee_points;
    let today = desk.today();
    if to == pass.member {
        return Err(Refusal::BadInput("member"));
    }
    if !(0..=MAX_AMOUNT).contains(&fee_minor) {
        return Err(Refusal::BadInput("fee"));
    }
    let (stands, left) = pass.transferable(desk)?;
    let paid = match fee_points {
        0 => Vec::new(),
        _ => spendable(desk, points, fee_points)?,
    };
    let given = PassGiven {
        id: desk.fact_id(),
        member: to,
        pass: Pass {
            id: PassId((desk.ids)()),
            name: pass.name.clone(),
            pass_type,
            from: stands.from.unwrap_or(pass.from),
            until: stands.until,
            visits: left.map(|left| pack(desk, left)).transpose()?,
            terms: if stands.from.is_some() { pass.terms.begun() } else { pass.terms.clone() },
            before: so_far.map(|so_far| so_far.brings(left)),
        },
        price_minor: 0,
        price_percent: None,
        transferred: None,
        approved_by: None,
    };
    let gone = PassTransferred {
        id: desk.fact_id(),
        member: pass.member,
        pass: pass.id,
        at_ms: desk.now_ms,
        on: today,
        to,
        given: given.id,
        fee_minor,
        fee_points,
        postings: pass.take_visits(desk, left.unwrap_or(0)).into_iter().chain(paid).collect(),
        approved_by: None,
    };
    let given = PassGiven { transferred: Some(gone.id), ..given };
    Ok((Fact::PassTransferred(gone).into(), Fact::PassGiven(given).into()))
}

#[cfg(test)]
mod tests {
    use punchcard_protocol::FactId;

    use super::*;
    use crate::{
        decide::fixtures::{NOON, me, shop},
        effects::Private,
        fact::Before,
        ledger::Holding,
        standing::Change,
        terms::{Length, Unit},
    };

    fn day(text: &str) -> Day {
        text.parse().expect("a day")
    }

    fn kind(days: Option<i32>, visits: Option<i64>, terms: Terms) -> PassType {
        PassType {
            id: RecordId::from_bytes([4; 16]),
            name: "月卡".into(),
            days,
            visits,
            price_minor: 29_900,
            active: true,
            terms,
        }
    }

    fn give(
        pass_type: PassType,
        runs_until: Option<&str>,
        from: Option<&str>,
    ) -> Result<Pass, Refusal> {
        let known = GivePass {
            member: MemberId::from_bytes([3; 16]),
            pass_type,
            runs_until: runs_until.map(day),
            from: from.map(day),
            price_percent: None,
        };
        match shop().at(NOON, |desk| give_pass(desk, &known))?.fact {
            Fact::PassGiven(fact) => Ok(fact.pass),
            _ => unreachable!("giving gives"),
        }
    }

    fn given(days: Option<i32>, visits: Option<i64>, runs_until: Option<&str>) -> Pass {
        give(kind(days, visits, Terms::default()), runs_until, None).expect("on offer")
    }

    #[test]
    fn a_renewal_goes_on_where_the_old_one_ends() {
        let pass = given(Some(30), None, Some("2026-11-30"));
        assert_eq!(
            (pass.from.to_string(), pass.until.expect("a term").to_string()),
            ("2026-12-01".into(), "2026-12-30".into())
        );
        let pass = given(Some(30), None, Some("2026-11-18"));
        assert_eq!(pass.from.to_string(), "2026-11-23");
    }

    #[test]
    fn a_pack_is_value_that_the_last_day_of_the_pass_ends() {
        let pass = given(Some(90), Some(10), None);
        let lot = pass.visits.expect("a pack");
        assert_eq!((lot.amount, lot.kind), (10, ValueKind::Visits));
        assert_eq!((lot.expires_ms, pass.until), (None, Some(day("2027-02-20"))));
    }

    #[test]
    fn a_day_is_chosen_only_where_the_kind_lets_it_be() {
        let dated = kind(Some(30), None, Terms { start: Start::Date, ..Terms::default() });
        let pass = give(dated.clone(), None, Some("2026-12-24")).expect("a day ahead");
        assert_eq!((pass.from, pass.until), (day("2026-12-24"), Some(day("2027-01-22"))));
        assert_eq!(give(dated, None, Some("2026-11-22")), Err(Refusal::BadInput("first_day")));
        let plain = kind(Some(30), None, Terms::default());
        assert_eq!(give(plain, None, Some("2026-12-24")), Err(Refusal::BadInput("first_day")));
    }

    #[test]
    fn one_that_waits_for_the_first_visit_keeps_how_long_it_lasts() {
        let waits = kind(Some(30), None, Terms { start: Start::FirstVisit, ..Terms::default() });
        let pass = give(waits, None, None).expect("on offer");
        assert_eq!(pass.until, None);
        assert_eq!(pass.terms.length, Some(Length { unit: Unit::Day, count: 30 }));
    }

    fn on_file(terms: Terms) -> PassOnFile {
        PassOnFile {
            member: MemberId::from_bytes([3; 16]),
            id: PassId::from_bytes([5; 16]),
            name: "年卡".into(),
            from: day("2026-01-01"),
            until: Some(day("2026-12-31")),
            terms,
            changes: vec![],
            visits: None,
        }
    }

    fn freezable(days: u32) -> PassOnFile {
        on_file(Terms { freeze_days: days, ..Terms::default() })
    }

    fn frozen(
        pass: &PassOnFile,
        from: Option<&str>,
        until: Option<&str>,
    ) -> Result<Change, Refusal> {
        let (from, until) = (from.map(day), until.map(day));
        match shop().at(NOON, |desk| freeze_pass(desk, pass, from, until))?.fact {
            Fact::PassFrozen(fact) => Ok(Change::Frozen { from: fact.from, until: fact.until }),
            _ => unreachable!("freezing freezes"),
        }
    }

    fn happened(pass: &mut PassOnFile, change: Change) {
        let n = u8::try_from(pass.changes.len()).expect("few") + 1;
        pass.changes.push(ChangeOf { fact: FactId::from_bytes([n; 16]), change });
    }

    #[test]
    fn a_year_has_so_many_days_to_freeze() {
        let mut pass = freezable(30);
        let first = frozen(&pass, None, Some("2026-12-12")).expect("20 days");
        happened(&mut pass, first);
        let again = frozen(&pass, Some("2026-12-13"), Some("2026-12-23"));
        assert_eq!(again, Err(Refusal::FreezeLimit { left: 10 }));
        assert_eq!(frozen(&pass, Some("2026-12-10"), None), Err(Refusal::AlreadyFrozen));
        // Over New Year each year counts its own days.
        let across = frozen(&pass, Some("2026-12-22"), Some("2027-01-30"));
        assert!(across.is_ok(), "{across:?}");
        assert_eq!(frozen(&freezable(0), None, None), Err(Refusal::FreezeLimit { left: 0 }));
    }

    /// Told ahead, it counts in the year in which it lies, and leaves what is before it as it was.
    #[test]
    fn a_freeze_can_be_told_ahead() {
        let mut pass = PassOnFile { until: Some(day("2027-12-31")), ..freezable(30) };
        let ahead = frozen(&pass, Some("2026-12-20"), Some("2026-12-29")).expect("ten days");
        happened(&mut pass, ahead);
        let stands = pass.standing(day("2026-11-23"));
        assert_eq!((stands.frozen_until, stands.frozen_days_of(2026)), (None, 10));
        assert_eq!(pass.standing(day("2026-12-20")).frozen_until, Some(day("2026-12-29")));

        // Another one before it: no longer than the days that are left, nor into the one ahead.
        let left = frozen(&pass, Some("2026-11-24"), Some("2026-12-14"));
        assert_eq!(left, Err(Refusal::FreezeLimit { left: 20 }));
        let longest = Change::Frozen { from: day("2026-12-10"), until: day("2026-12-19") };
        assert_eq!(frozen(&pass, Some("2026-12-10"), None), Ok(longest));
        let within = frozen(&pass, Some("2026-12-25"), None);
        assert_eq!(within, Err(Refusal::AlreadyFrozen));

        // Of the next year all thirty days are left; what is over by then is not frozen.
        let next = Change::Frozen { from: day("2027-01-01"), until: day("2027-01-30") };
        assert_eq!(frozen(&pass, Some("2027-01-01"), None), Ok(next));
        assert_eq!(frozen(&pass, Some("2028-01-11"), None), Err(Refusal::PassOver));
        assert_eq!(frozen(&pass, Some("2026-11-22"), None), Err(Refusal::BadInput("first_day")));
    }

    #[test]
    fn ending_a_freeze_leaves_the_one_of_another_month_unless_none_holds() {
        let mut pass = freezable(60);
        for (from, until) in [("2026-11-20", "2026-11-29"), ("2026-12-20", "2026-12-29")] {
            happened(&mut pass, Change::Frozen { from: day(from), until: day(until) });
        }
        let ended = |pass: &PassOnFile| match shop()
            .at(NOON, |desk| unfreeze_pass(desk, pass))
            .expect("frozen")
            .fact
        {
            Fact::PassUnfrozen(fact) => Change::Unfrozen { freezes: fact.freezes, on: fact.on },
            _ => unreachable!("it ends"),
        };
        let now = ended(&pass);
        happened(&mut pass, now);
        let left = pass.standing(day("2026-11-23")).freezes;
        let left: Vec<String> = left.iter().map(|freeze| freeze.from.to_string()).collect();
        assert_eq!(left, ["2026-11-20", "2026-12-20"], "three days were frozen");
        assert_eq!(pass.standing(day("2026-11-23")).frozen_until, None);
        let ahead = ended(&pass);
        happened(&mut pass, ahead);
        assert_eq!(pass.standing(day("2026-12-25")).frozen_until, None, "called off");
        assert_eq!(pass.standing(day("2026-12-25")).frozen_days_of(2026), 3);
    }

    /// It is offered where days are left, of this year or of the next one while it lasts until then.
    #[test]
    fn freezing_is_offered_where_a_day_can_be_frozen() {
        let offered = |pass: &PassOnFile| {
            shop()
                .at(NOON, |desk| Ok::<_, Refusal>(pass_acts(desk, pass)))
                .expect("acts")
                .contains(&PassAct::Freeze)
        };
        let mut pass = freezable(30);
        assert!(offered(&pass));
        let all = frozen(&pass, Some("2026-12-01"), None).expect("thirty days");
        happened(&mut pass, all);
        assert!(offered(&pass), "its end is moved into the next year, which has days of its own");
        assert!(!offered(&freezable(0)));
        let short = PassOnFile { until: Some(day("2026-11-30")), ..freezable(7) };
        let mut used = short.clone();
        happened(&mut used, Change::Frozen { from: day("2026-11-10"), until: day("2026-11-16") });
        assert!(offered(&short) && !offered(&used), "it ends before the next year");
    }

    #[test]
    fn a_freeze_without_an_end_ends_with_the_limit_or_the_year() {
        let until = |days| match frozen(&freezable(days), None, None).expect("allowed") {
            Change::Frozen { until, .. } => until.to_string(),
            _ => unreachable!("freezing freezes"),
        };
        assert_eq!(until(10), "2026-12-02");
        assert_eq!(until(60), "2026-12-31");
    }

    #[test]
    fn what_is_over_is_not_frozen_and_what_is_not_frozen_is_not_ended() {
        let mut pass = freezable(30);
        let refused = shop().at(NOON, |desk| unfreeze_pass(desk, &pass));
        assert_eq!(refused, Err(Refusal::NotFrozen));
        happened(
            &mut pass,
            Change::Ended { on: day("2026-11-20"), why: crate::standing::EndedWhy::Cancelled },
        );
        assert_eq!(frozen(&pass, None, None), Err(Refusal::PassOver));
        let mut over = freezable(30);
        over.until = Some(day("2026-11-22"));
        assert_eq!(frozen(&over, None, None), Err(Refusal::PassOver));
    }

    #[test]
    fn an_extension_needs_an_end_to_move_and_a_reason() {
        let pass = freezable(0);
        let extend = |pass: &PassOnFile, days, why: &str| {
            shop().at(NOON, |desk| extend_pass(desk, pass, days, why)).map(|decided| decided.fact)
        };
        assert!(
            matches!(extend(&pass, 7, "停业一周"), Ok(Fact::PassExtended(fact)) if fact.days == 7)
        );
        assert_eq!(extend(&pass, 0, "停业一周"), Err(Refusal::BadInput("days")));
        assert_eq!(extend(&pass, 7, " "), Err(Refusal::BadInput("reason")));
        let endless = PassOnFile { until: None, ..pass };
        assert_eq!(extend(&endless, 7, "停业一周"), Err(Refusal::BadInput("days")));
    }

    fn pack_of(here: i64, elsewhere: i64) -> PassOnFile {
        let holding = Holding {
            lot: punchcard_protocol::LotId::from_bytes([6; 16]),
            kind: ValueKind::Visits,
            account: Account::Till(me()),
            amount: here,
            expires_ms: None,
            owner: None,
            frozen: false,
        };
        let purse = Purse { here: vec![holding], elsewhere, ..Purse::default() };
        PassOnFile { visits: Some(purse), ..on_file(Terms::default()) }
    }

    #[test]
    fn an_upgrade_costs_the_difference_and_keeps_what_was_used() {
        let upgrade = |pass, to| {
            let so_far = SoFar { paid_minor: 20_000, visits: Some(10), ..SoFar::default() };
            let known = Upgrade { pass, so_far: Some(so_far), price_percent: None, to };
            shop().at(NOON, |desk| upgrade_pass(desk, &known)).map(|decided| decided.fact)
        };
        let to = kind(None, Some(20), Terms::default());
        let Fact::PassUpgraded(fact) = upgrade(pack_of(7, 0), to.clone()).expect("dearer") else {
            unreachable!("upgrading upgrades")
        };
        assert_eq!(fact.paid_minor, 9_900);
        assert_eq!(fact.given.visits.expect("a pack").amount, 17);
        assert_eq!(fact.postings.iter().map(|posting| posting.amount).sum::<i64>(), 7);
        assert_eq!(fact.given.from, day("2026-01-01"));
        assert_eq!(fact.given.before, Some(Before { paid_minor: 20_000, used: 3 }));
        assert_eq!(upgrade(pack_of(7, 2), to.clone()), Err(Refusal::PackElsewhere { visits: 2 }));
        let cheap = PassType { price_minor: 19_999, ..to };
        assert_eq!(upgrade(pack_of(7, 0), cheap), Err(Refusal::CostsLess));
        let to = kind(None, Some(20), Terms::default());
        let unknown = Upgrade { pass: pack_of(7, 0), so_far: None, price_percent: None, to };
        let said = shop().at(NOON, |desk| upgrade_pass(desk, &unknown));
        assert_eq!(said, Err(Refusal::PaidUnknown));
    }

    #[test]
    fn what_is_given_away_is_what_is_left() {
        let to = MemberId::from_bytes([8; 16]);
        let transfer = |pass: &PassOnFile, to| {
            let (pass, points) = (pass.clone(), Purse::default());
            let known = Transfer {
                pass,
                so_far: None,
                pass_type: None,
                to,
                fee_minor: Some(5_000),
                points,
            };
            shop().at(NOON, |desk| transfer_pass(desk, &known))
        };
        let (gone, given) = transfer(&pack_of(7, 0), to).expect("all here");
        let (Fact::PassTransferred(gone), Fact::PassGiven(given)) = (gone.fact, given.fact) else {
            unreachable!("one goes, one comes")
        };
        assert_eq!((gone.given, given.transferred), (given.id, Some(gone.id)));
        assert_eq!(given.pass.visits.expect("a pack").amount, 7);
        assert!(crate::audit::transfer_follows(&given, Some(&Fact::PassTransferred(gone.clone()))));
        let mut more = given.clone();
        more.pass.visits.as_mut().expect("a pack").amount = 8;
        assert!(!crate::audit::transfer_follows(&more, Some(&Fact::PassTransferred(gone))));
        let same = MemberId::from_bytes([3; 16]);
        assert!(matches!(transfer(&pack_of(7, 0), same), Err(Refusal::BadInput("member"))));
        assert!(matches!(transfer(&pack_of(0, 0), to), Err(Refusal::NoVisits)));
    }

    /// What its kind asks for is collected, in money and points, unless the money is waived.
    #[test]
    fn giving_away_costs_what_the_terms_say() {
        let terms =
            Terms { transfer_fee_minor: 2_000, transfer_fee_points: 30, ..Terms::default() };
        let has = |amount| Purse {
            here: vec![Holding {
                lot: punchcard_protocol::LotId::from_bytes([8; 16]),
                kind: ValueKind::Points,
                account: Account::Till(me()),
                amount,
                expires_ms: None,
                owner: None,
                frozen: false,
            }],
            ..Purse::default()
        };
        let transfer = |fee_minor, amount| {
            let pass = PassOnFile { terms: terms.clone(), ..pack_of(7, 0) };
            let to = MemberId::from_bytes([8; 16]);
            let known = Transfer {
                pass,
                so_far: None,
                pass_type: None,
                to,
                fee_minor,
                points: has(amount),
            };
            shop().at(NOON, |desk| transfer_pass(desk, &known)).map(|(gone, _)| match gone.fact {
                Fact::PassTransferred(fact) => fact,
                _ => unreachable!("it goes"),
            })
        };
        let fact = transfer(None, 30).expect("all here");
        assert_eq!((fact.fee_minor, fact.fee_points), (2_000, 30));
        let sum = |kind| -> i64 {
            let of_kind = fact.postings.iter().filter(|posting| posting.kind == kind);
            of_kind.map(|posting| posting.amount).sum()
        };
        assert_eq!((sum(ValueKind::Visits), sum(ValueKind::Points)), (7, 30));
        assert_eq!(transfer(Some(0), 30).expect("waived").fee_minor, 0);
        let short = Refusal::PointsShort { need: 30, here: 29, on_file: 29 };
        assert_eq!(transfer(None, 29), Err(short));
        let fits = |fact: PassTransferred| {
            let fact = Fact::PassTransferred(fact);
            let changes = crate::effects::effects(&fact, &Private::default(), me());
            crate::bounds::fits(&fact, &changes)
        };
        assert!(fits(fact.clone()));
        for fee_points in [0, 29, -30] {
            assert!(!fits(PassTransferred { fee_points, ..fact.clone() }), "{fee_points}");
        }
    }
}
