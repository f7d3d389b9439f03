use punchcard_protocol::{FactId, RecordId};

use super::*;
use crate::{
    decide::{
        SoFar,
        fixtures::{NOON, me, shop},
    },
    effects::Private,
    fact::{Before, Fact, Pass, PassTransferred},
    ledger::{Account, Holding, ValueKind},
    records::PassType,
    standing::Change,
    terms::{Length, Start, Unit},
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

fn frozen(pass: &PassOnFile, from: Option<&str>, until: Option<&str>) -> Result<Change, Refusal> {
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
    assert!(matches!(extend(&pass, 7, "停业一周"), Ok(Fact::PassExtended(fact)) if fact.days == 7));
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
        let known =
            Transfer { pass, so_far: None, pass_type: None, to, fee_minor: Some(5_000), points };
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
    let terms = Terms { transfer_fee_minor: 2_000, transfer_fee_points: 30, ..Terms::default() };
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
        let known =
            Transfer { pass, so_far: None, pass_type: None, to, fee_minor, points: has(amount) };
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
