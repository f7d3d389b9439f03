//! Frozen, now and ahead.

use punchcard_domain::{
    alerts::{Alert, Level},
    verdict::{Mend, Verdict},
};
use punchcard_tests::{DAY, Shop, business::Desk};
use punchcard_till::{
    PassChange,
    views::{PassChangeInput, PassState},
};

use super::{At, codes, freezable, freeze};

/// Frozen by hand, ended by hand, and ended by whoever comes back.
#[test]
fn a_freeze_is_ended_by_a_key_or_by_coming_back() {
    let shop = Shop::new();
    let at = At::shop(&shop);
    let member = shop.member("周子墨", 1).brief.id;
    at.give(&member, &at.kind("年卡", Some(365), None, freezable()));
    let until = at.pass(&member).until.expect("a term");
    let pass = at.pass(&member).id;
    let frozen = at.change(&member, &pass, freeze()).expect("it may be frozen");
    assert_eq!(at.pass(&member).state, PassState::Frozen);
    assert_eq!(at.pass(&member).until, Some(until.plus_days(30)), "thirty days later");
    assert_eq!(Desk::code(at.change(&member, &pass, freeze())), "freeze_limit");

    // An owner who wants it ended by hand: red, and one key ends it.
    at.say(Alert::Frozen, Level::Deny);
    shop.pass(10 * DAY);
    let view = at.scan("10000001");
    assert_eq!((view.verdict, codes(&view)), (Verdict::Refuse, vec!["frozen"]));
    assert_eq!(view.mends, vec![Mend::Unfreeze, Mend::LetInOnce]);
    let shown = view.pass.expect("the frozen one").id;
    let ended = at.change(&member, &shown, PassChange::Unfreeze).expect("it is frozen");
    assert_eq!(at.scan("10000001").verdict, Verdict::Admit);
    assert_eq!(at.pass(&member).until, Some(until.plus_days(10)), "ten days were frozen");
    assert_eq!(Desk::code(at.change(&member, &pass, PassChange::Unfreeze)), "not_frozen");

    // Taking the end back freezes it again; then coming back ends it.
    at.undo(&ended).expect("the owner may");
    at.say(Alert::Frozen, Level::Warn);
    shop.pass(DAY);
    let view = at.scan("10000001");
    assert_eq!((view.verdict, codes(&view)), (Verdict::Note, vec!["freeze_ended"]));
    assert_eq!(at.pass(&member).until, Some(until.plus_days(11)));
    // Taking that visit back takes back what it did to the pass, and taking the freeze back too.
    at.undo(&view.fact).expect("the owner may");
    assert_eq!(at.pass(&member).until, Some(until.plus_days(30)));
    at.undo(&frozen).expect("the owner may");
    assert_eq!((at.pass(&member).until, at.pass(&member).state), (Some(until), PassState::Active));
    shop.verify();
}

/// Told a week ahead, as it is typed: used until then, frozen from then on, and each of what happens
/// to it taken back.
#[test]
fn a_freeze_told_ahead_begins_on_its_day() {
    let shop = Shop::new();
    let at = At::shop(&shop);
    let member = shop.member("周子墨", 1).brief.id;
    at.give(&member, &at.kind("年卡", Some(365), None, freezable()));
    let given = at.pass(&member);
    let until = given.until.expect("a term");
    let typed = |from: &str, until: Option<&str>| {
        let (from, until) = (Some(from.to_owned()), until.map(str::to_owned));
        at.till.pass_change(PassChangeInput::Freeze { from, until })
    };
    assert_eq!(Desk::code(typed("下周", None)), "bad_input");
    let week = typed("2026-11-30", Some("2026-12-19")).expect("twenty days");
    let ahead = at.change(&member, &given.id, week).expect("it may be frozen");
    let pass = at.pass(&member);
    assert_eq!((pass.state, pass.frozen_until), (PassState::Active, None));
    let shown = pass.freeze_ahead.expect("it is shown");
    assert_eq!(
        (shown.from.to_string(), shown.until.to_string()),
        ("2026-11-30".into(), "2026-12-19".into())
    );
    assert_eq!((pass.until, pass.freeze_days_left), (Some(until.plus_days(20)), 10));

    // It counts in its year; the day before it is a day like any.
    let more = typed("2026-12-20", Some("2026-12-30")).expect("eleven days");
    assert_eq!(Desk::code(at.change(&member, &pass.id, more)), "freeze_limit");
    at.say(Alert::Frozen, Level::Deny);
    assert_eq!(at.scan("10000001").verdict, Verdict::Admit);
    shop.pass(7 * DAY);
    assert_eq!(codes(&at.scan("10000001")), ["frozen"]);
    assert_eq!(at.pass(&member).state, PassState::Frozen);
    at.say(Alert::Frozen, Level::Warn);
    shop.pass(4 * DAY);
    let back = at.scan("10000001");
    assert_eq!(codes(&back), ["freeze_ended"]);
    assert_eq!(at.pass(&member).until, Some(until.plus_days(4)), "four days were frozen");
    at.undo(&back.fact).expect("the owner may");
    assert_eq!(at.pass(&member).frozen_until.map(|day| day.to_string()), Some("2026-12-19".into()));
    at.undo(&ahead).expect("the owner may");
    let pass = at.pass(&member);
    assert_eq!(
        (pass.until, pass.state, pass.freeze_days_left),
        (Some(until), PassState::Active, 30)
    );

    // Called off before it begins, by the same key that ends one.
    let new_year = typed("2027-01-01", None).expect("a day");
    at.change(&member, &pass.id, new_year).expect("of next year");
    assert_eq!(at.pass(&member).freeze_days_left, 30, "of this year all are left");
    at.change(&member, &pass.id, PassChange::Unfreeze).expect("it is called off");
    assert_eq!((at.pass(&member).until, at.pass(&member).freeze_ahead), (Some(until), None));
    shop.verify();
}
