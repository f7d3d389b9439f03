//! Check-ins, one by one; the table of them is `cases/check-in.txt`.

use punchcard_protocol::{LotId, PassId};

use super::*;
use crate::{
    decide::fixtures::{NOON, me, shop},
    ledger::{Account, Holding, Purse, ValueKind},
    terms::Terms,
    time::Day,
    verdict::Mend,
};

const HOUR_MS: i64 = 60 * 60 * 1000;

fn day(text: &str) -> Day {
    text.parse().expect("a day")
}

fn term(name: &str, from: &str, until: &str) -> KnownPass {
    KnownPass {
        id: PassId::from_bytes([5; 16]),
        name: name.into(),
        from: day(from),
        until: Some(day(until)),
        terms: Terms::default(),
        changes: vec![],
        visits: None,
    }
}

fn pack_of(here: i64, elsewhere: i64) -> KnownPass {
    let holding = Holding {
        lot: LotId::from_bytes([6; 16]),
        kind: ValueKind::Visits,
        account: Account::Till(me()),
        amount: here,
        expires_ms: None,
        owner: None,
        frozen: false,
    };
    KnownPass {
        id: PassId::from_bytes([6; 16]),
        name: "次卡".into(),
        from: day("2026-01-01"),
        until: None,
        terms: Terms::default(),
        changes: vec![],
        visits: Some(Purse { here: vec![holding], elsewhere, ..Purse::default() }),
    }
}

fn known(passes: Vec<KnownPass>) -> CheckIn {
    let file = KnownMember { multiplier_percent: 100, ..KnownMember::default() };
    CheckIn {
        by_rules: None,
        member: Some((MemberId::from_bytes([3; 16]), file)),
        passes,
        last_visit: None,
        points: Purse::default(),
        zone: None,
        how: How::Scan,
    }
}

fn decide(known: &CheckIn) -> (VisitRecorded, Vec<&'static str>, Vec<Mend>) {
    shop().at(NOON, |desk| {
        let Fact::VisitRecorded(fact) = check_in(desk, known).expect("no refusal").fact else {
            unreachable!("a check-in is a visit")
        };
        let codes = fact.reasons.iter().map(Reason::code).collect();
        let mends = mends(desk, known, &fact);
        (fact, codes, mends)
    })
}

#[test]
fn a_valid_pass_is_green_and_earns() {
    let (fact, codes, mends) = decide(&known(vec![term("年卡", "2026-01-01", "2027-06-24")]));
    assert_eq!((fact.verdict, fact.counted), (Verdict::Admit, true));
    assert!(codes.is_empty() && mends.is_empty() && fact.postings.is_empty());
    assert_eq!(fact.earned.expect("points for a visit").lot.amount, 5);
}

#[test]
fn one_line_each() {
    use Verdict::{Admit, Note, Refuse};
    let year = || term("年卡", "2026-01-01", "2027-06-24");
    let over = || term("月卡", "2026-10-19", "2026-11-18");
    let last_day = || term("月卡", "2026-10-24", "2026-11-23");
    let later = || term("季卡", "2026-12-01", "2027-02-28");
    let next = || term("月卡", "2026-11-24", "2026-12-23");
    for (what, passes, verdict, codes) in [
        ("no pass at all", vec![], Refuse, vec!["no_pass"]),
        ("over since the 18th", vec![over()], Refuse, vec!["expired"]),
        ("its last day", vec![last_day()], Note, vec!["expires_soon"]),
        ("its last day, renewed", vec![last_day(), next()], Admit, vec![]),
        ("not begun", vec![later()], Refuse, vec!["not_started"]),
        ("over, and another not begun", vec![over(), later()], Refuse, vec!["not_started"]),
        ("plenty on the pack", vec![pack_of(9, 0)], Admit, vec![]),
        ("few on the pack", vec![pack_of(3, 0)], Note, vec!["few_visits_left"]),
        ("the last on the pack", vec![pack_of(1, 0)], Note, vec!["few_visits_left"]),
        ("none on the pack", vec![pack_of(0, 0)], Refuse, vec!["no_visits_left"]),
        ("all of them elsewhere", vec![pack_of(0, 4)], Refuse, vec!["visits_elsewhere"]),
        ("over, but a pack", vec![over(), pack_of(9, 0)], Admit, vec![]),
        ("a term before a pack", vec![pack_of(9, 0), year()], Admit, vec![]),
    ] {
        let (fact, found, _) = decide(&known(passes));
        assert_eq!((fact.verdict, found), (verdict, codes), "{what}");
    }
}

#[test]
fn a_pack_is_used_only_where_no_term_lets_in() {
    let (fact, ..) = decide(&known(vec![pack_of(9, 0), term("年卡", "2026-01-01", "2027-06-24")]));
    assert!(fact.postings.is_empty());
    let (fact, ..) = decide(&known(vec![pack_of(9, 0)]));
    assert_eq!(fact.postings.len(), 1);
    assert_eq!(fact.postings[0].amount, 1);
}

#[test]
fn seen_again_counts_nothing_twice() {
    let mut again = known(vec![pack_of(0, 0)]);
    again.last_visit = Some(LastVisit { at_ms: NOON - 5 * 60_000, store: None });
    let (fact, codes, _) = decide(&again);
    assert_eq!((fact.verdict, codes), (Verdict::Note, vec!["seen_again"]));
    assert!(!fact.counted && fact.earned.is_none() && fact.postings.is_empty());
    again.last_visit = Some(LastVisit { at_ms: NOON - 6 * HOUR_MS, store: None });
    assert_eq!(decide(&again).1, vec!["no_visits_left"]);
}

#[test]
fn a_visit_can_be_used_after_all() {
    let mut again = known(vec![pack_of(4, 0)]);
    again.last_visit = Some(LastVisit { at_ms: NOON - 5 * 60_000, store: None });
    assert_eq!(decide(&again).2, vec![Mend::UseVisit]);
    again.how = How::UseVisit;
    let (fact, ..) = decide(&again);
    assert_eq!((fact.postings.len(), fact.counted), (1, true));
    again.passes = vec![pack_of(0, 9)];
    let refused = shop().at(NOON, |desk| check_in(desk, &again));
    assert_eq!(refused, Err(Refusal::NoVisits));
}

#[test]
fn banned_is_red_whatever_the_pass() {
    let mut known = known(vec![term("年卡", "2026-01-01", "2027-06-24")]);
    if let Some((_, file)) = &mut known.member {
        file.banned = true;
        file.birthday = Some(day("1990-11-23"));
    }
    let (fact, codes, mends) = decide(&known);
    assert_eq!(fact.verdict, Verdict::Refuse);
    assert_eq!(codes, vec!["banned", "birthday"]);
    assert_eq!(mends, vec![Mend::LetInOnce]);
    assert!(fact.earned.is_none() && !fact.counted);
}

#[test]
fn let_in_once_is_amber_and_needs_a_reason() {
    let mut known = known(vec![]);
    known.how = How::LetIn { because: "教练带来试课".into() };
    let (fact, codes, _) = decide(&known);
    assert_eq!((fact.verdict, fact.counted), (Verdict::Note, true));
    assert_eq!(codes, vec!["let_in_once", "no_pass"]);
    known.how = How::LetIn { because: "  ".into() };
    let refused = shop().at(NOON, |desk| check_in(desk, &known));
    assert_eq!(refused, Err(Refusal::BadInput("reason")));
}

#[test]
fn a_card_that_is_nobodys() {
    let mut nobody = known(vec![]);
    nobody.member = None;
    let (fact, codes, mends) = decide(&nobody);
    assert_eq!((fact.verdict, codes), (Verdict::Refuse, vec!["unknown_card"]));
    assert_eq!(mends, vec![Mend::NewMember]);
}

#[test]
fn a_restored_store_takes_no_visit() {
    let restored = known(vec![pack_of(9, 0)]);
    let fact = shop().at(NOON, |desk| {
        desk.trusted = false;
        check_in(desk, &restored).expect("no refusal").fact
    });
    let Fact::VisitRecorded(fact) = fact else { unreachable!("a check-in is a visit") };
    assert_eq!(fact.verdict, Verdict::Refuse);
    assert!(fact.postings.is_empty());
}

#[test]
fn a_clock_wound_back_is_said() {
    let ok = known(vec![term("年卡", "2026-01-01", "2027-06-24")]);
    let fact = shop().at(NOON, |desk| {
        desk.clock_behind = true;
        check_in(desk, &ok).expect("no refusal").fact
    });
    let Fact::VisitRecorded(fact) = fact else { unreachable!("a check-in is a visit") };
    assert_eq!((fact.verdict, fact.reasons), (Verdict::Note, vec![Reason::ClockBehind]));
}
