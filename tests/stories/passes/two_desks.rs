//! At two desks, with a hub between them.

use punchcard_domain::{terms::Terms, verdict::Verdict};
use punchcard_tests::{
    DAY,
    business::{Business, Desk, Engine},
    id, on_both_engines,
};
use punchcard_till::{CardChange, PassChange, views::PassState};

use super::{At, codes, extend, freezable, freeze};

on_both_engines!(
    what_happens_to_passes_and_cards_at_two_desks_is_one_story,
    two_desks_that_freeze_the_same_days_agree,
);

/// Everything that happens to passes, at two desks that tell each other through a hub.
fn what_happens_to_passes_and_cards_at_two_desks_is_one_story(engine: Engine) {
    let (business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let (one, two) = (At::desk(&first), At::desk(&second));
    let member = first.member("王堃", 1);
    let other = first.member("李喆", 2);
    let year = one.kind("年卡", Some(365), None, freezable());
    let ten = one.kind("十次卡", Some(90), Some(10), Terms::default());
    let twenty = one.kind("二十次卡", Some(180), Some(20), Terms::default());
    one.give(&member, &year);
    one.give(&other, &ten);
    business.same_everywhere(&[&first, &second]);

    // Frozen at the first desk, ended by coming to the second one, extended at the first.
    let until = one.pass(&member).until.expect("a term");
    let pass = one.pass(&member).id;
    one.change(&member, &pass, freeze()).expect("it may be frozen");
    business.same_everywhere(&[&first, &second]);
    assert_eq!(two.pass(&member).state, PassState::Frozen);
    business.pass(3 * DAY);
    assert_eq!(codes(&two.scan("10000001")), ["freeze_ended"]);
    one.change(&member, &pass, extend(7)).expect("it ends");
    business.same_everywhere(&[&first, &second]);
    for at in [&one, &two] {
        assert_eq!(at.pass(&member).until, Some(until.plus_days(3 + 7)));
    }

    // The card is lost at one desk and stops at the other; the new one opens at both.
    one.card(&member, "10000001", CardChange::Lost).expect("it is theirs");
    business.same_everywhere(&[&first, &second]);
    assert_eq!(codes(&two.scan("10000001"))[0], "card_lost");
    let replaced = CardChange::ReplacedBy("20000001".into());
    two.card(&member, "10000001", replaced).expect("a free card");
    business.same_everywhere(&[&first, &second]);
    business.pass(DAY);
    assert_eq!(one.scan("20000001").verdict, Verdict::Admit);

    // A pack is upgraded where its visits are, and given away; nobody doubts either.
    one.scan("10000002");
    let pack = one.pass(&other).id;
    let change = PassChange::Upgrade { to: id(&twenty) };
    // Half of them went to rest in the pool meanwhile, and are fetched first.
    assert_eq!(Desk::code(one.change(&other, &pack, change.clone())), "pack_elsewhere");
    assert_eq!(first.line().before_pass_changes(id(&other), id(&pack)).expect("it is there"), 5);
    assert_eq!(Desk::code(two.change(&other, &pack, change.clone())), "pack_elsewhere");
    one.change(&other, &pack, change).expect("all visits are here");
    assert_eq!(one.pass(&other).visits_left, Some(19));
    let pack = one.pass(&other).id;
    let away = PassChange::Transfer { to: id(&member), fee_minor: Some(5_000) };
    let gone = one.change(&other, &pack, away).expect("all visits are here");
    business.same_everywhere(&[&first, &second]);
    let held = |at: &At<'_>, member: &str| {
        let passes = at.member(member).passes;
        let pack = passes
            .into_iter()
            .find(|pass| pass.name == "二十次卡" && pass.state == PassState::Active);
        pack.and_then(|pack| pack.visits_left)
    };
    assert_eq!((held(&two, &member), held(&two, &other)), (Some(19), None));
    one.undo(&gone).expect("the owner may");
    business.same_everywhere(&[&first, &second]);
    assert_eq!((held(&two, &member), held(&two, &other)), (None, Some(19)));

    let cancel = PassChange::Cancel { on: None, refund_minor: 100, because: "搬家".into() };
    two.change(&member, &pass, cancel).expect("it runs");
    business.same_everywhere(&[&first, &second]);
    assert_eq!(codes(&one.scan("20000001"))[..1], ["seen_again"]);
    business.pass(DAY);
    assert_eq!(codes(&one.scan("20000001"))[..1], ["cancelled"]);
    business.same_everywhere(&[&first, &second]);
    let inbox: Vec<String> =
        business.hub.inbox().expect("it reads").into_iter().map(|told| told.code).collect();
    assert!(!inbox.iter().any(|code| code.starts_with("doubtful")), "{inbox:?}");
}

/// Both freeze the same pass while the line is down: each day counts once, at both.
fn two_desks_that_freeze_the_same_days_agree(engine: Engine) {
    let (mut business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let (one, two) = (At::desk(&first), At::desk(&second));
    let member = first.member("王堃", 1);
    one.give(&member, &one.kind("年卡", Some(365), None, freezable()));
    business.same_everywhere(&[&first, &second]);
    let until = one.pass(&member).until.expect("a term");
    let pass = one.pass(&member).id;
    business.cut();
    let days = |last: i32| {
        let today = one.till.status(None).expect("it answers").day.expect("a day");
        PassChange::Freeze { from: Some(today.plus_days(1)), until: Some(today.plus_days(last)) }
    };
    one.change(&member, &pass, days(10)).expect("ten days");
    two.change(&member, &pass, days(15)).expect("fifteen days");
    business.mend();
    business.same_everywhere(&[&first, &second]);
    for at in [&one, &two] {
        assert_eq!(at.pass(&member).until, Some(until.plus_days(15)));
    }
}
