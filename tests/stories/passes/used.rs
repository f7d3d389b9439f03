//! From the first visit to the last, and what can be done meanwhile.

use punchcard_domain::{
    decide::PassAct,
    terms::{Hours, Length, Start, Terms, Unit},
    verdict::{Because, Mend, Verdict},
};
use punchcard_tests::{DAY, Shop, business::Desk, id};
use punchcard_till::{
    PassChange,
    views::{PassChangeInput, PassState, TermsView},
};

use super::{At, HOUR, codes, freezable, freeze};

/// A pack is used to its last visit, and the last one is taken back.
#[test]
fn a_pack_from_the_first_visit_to_the_last() {
    let shop = Shop::new();
    let at = At::shop(&shop);
    let member = shop.member("林知夏", 1).brief.id;
    let kind = at.kind("三次卡", None, Some(3), Terms::default());
    at.give(&member, &kind);
    let mut visits = Vec::new();
    for (left, word) in [(2, Verdict::Note), (1, Verdict::Note), (0, Verdict::Note)] {
        let view = at.scan("10000001");
        assert_eq!((view.verdict, at.pass(&member).visits_left), (word, Some(left)));
        visits.push(view.fact);
        shop.pass(7 * HOUR);
    }
    let view = at.scan("10000001");
    assert_eq!((view.verdict, codes(&view)), (Verdict::Refuse, vec!["no_visits_left"]));
    assert_eq!(view.mends, vec![Mend::GivePass, Mend::LetInOnce]);
    at.undo(&visits.pop().expect("three")).expect("the owner may");
    assert_eq!(at.pass(&member).visits_left, Some(1));
    assert_eq!(at.scan("10000001").verdict, Verdict::Note);
    shop.verify();
}

#[test]
fn the_first_visit_begins_a_pass_that_waits_for_it() {
    let shop = Shop::new();
    let at = At::shop(&shop);
    let member = shop.member("陈予安", 1).brief.id;
    let terms = Terms { start: Start::FirstVisit, ..Terms::default() };
    at.give(&member, &at.kind("月卡", Some(30), None, terms));
    assert_eq!((at.pass(&member).state, at.pass(&member).until), (PassState::Waits, None));
    shop.pass(40 * DAY);
    let view = at.scan("10000001");
    assert_eq!(view.verdict, Verdict::Admit);
    assert_eq!(at.pass(&member).days_left, Some(29));
    at.undo(&view.fact).expect("the owner may");
    assert_eq!(at.pass(&member).state, PassState::Waits, "it waits again");
    shop.verify();
}

#[test]
fn of_two_passes_the_view_says_why_this_one() {
    let shop = Shop::new();
    let at = At::shop(&shop);
    let member = shop.member("林知夏", 1).brief.id;
    at.give(&member, &at.kind("十次卡", None, Some(10), Terms::default()));
    at.give(&member, &at.kind("年卡", Some(365), None, Terms::default()));
    let view = at.scan("10000001");
    assert_eq!(view.because, Some(Because::CostsNoVisit));
    assert_eq!(view.pass.expect("one is used").name, "年卡");
}

/// What a page offers for a pass is what goes through, and a difference is the one that is paid.
#[test]
fn what_can_be_done_with_a_pass_is_said_by_the_till() {
    use PassAct::{Cancel, Extend, Freeze, Transfer, Unfreeze, Upgrade};
    let shop = Shop::new();
    let at = At::shop(&shop);
    let member = shop.member("林知夏", 1).brief.id;
    let other = shop.member("王堃", 2).brief.id;
    let ten = at.kind("十次卡", None, Some(10), Terms::default());
    let twenty = at.kind("二十次卡", None, Some(20), freezable());
    at.give(&member, &ten);
    let ten = at.pass(&member).id;
    assert_eq!(at.pass(&member).acts, [Upgrade, Transfer, Cancel], "it has no end, and no freeze");
    at.scan("10000001");
    let upgrades = at.till.upgrades(&at.owner, id(&member), id(&ten)).expect("a dearer one");
    let told: Vec<_> = upgrades.iter().map(|kind| (kind.pays_minor, kind.visits)).collect();
    assert_eq!(told, [(10_000, Some(19))], "ten visits more, one of them used");
    at.change(&member, &ten, PassChange::Upgrade { to: id(&twenty) }).expect("as it was told");
    let pass = at.pass(&member);
    assert_eq!((pass.visits_left, pass.acts), (Some(19), vec![Freeze, Upgrade, Transfer, Cancel]));
    assert_eq!(at.till.upgrades(&at.owner, id(&member), id(&pass.id)).expect("it runs"), []);
    at.change(&member, &pass.id, freeze()).expect("it was told");
    let acts = at.pass(&member).acts;
    assert_eq!(
        acts,
        [Freeze, Unfreeze, Upgrade, Cancel],
        "frozen, it goes to nobody; next year has days"
    );
    at.change(&member, &pass.id, PassChange::Unfreeze).expect("it was told");
    let typed = PassChangeInput::Transfer { to: other.clone(), fee: "50.00".into() };
    let change = at.till.pass_change(typed).expect("an amount");
    assert_eq!(change, PassChange::Transfer { to: id(&other), fee_minor: Some(5_000) });
    at.change(&member, &pass.id, change).expect("it was told");
    let gone = at.member(&member).passes;
    assert!(gone.iter().all(|pass| pass.acts.is_empty()), "{gone:?}");
    let bad = PassChangeInput::Cancel { refund: "lots".into(), because: "搬家".into() };
    assert_eq!(Desk::code(at.till.pass_change(bad)), "bad_amount");

    at.give(&other, &at.kind("月卡", Some(30), None, Terms::default()));
    shop.pass(31 * DAY);
    let passes = at.member(&other).passes;
    let over = passes.iter().find(|pass| pass.name == "月卡").expect("it is there");
    assert_eq!((over.state, over.acts.as_slice()), (PassState::Expired, &[Extend][..]));
    shop.verify();
}

#[test]
fn terms_go_to_the_form_and_come_back_as_they_were() {
    let shop = Shop::new();
    let at = At::shop(&shop);
    let form = at.till.pass_form().expect("the form");
    let read = |view: &TermsView| -> Terms {
        serde_json::from_value(serde_json::to_value(view).expect("JSON")).expect("terms")
    };
    assert_eq!(read(&form.plain), Terms::default(), "a new kind has no terms");
    let [store] = form.stores.as_slice() else { panic!("one store: {:?}", form.stores) };
    let terms = Terms {
        length: Some(Length { unit: Unit::Quarter, count: 2 }),
        start: Start::FirstVisit,
        begins_within_days: Some(60),
        weekdays: vec![1, 3],
        hours: vec![Hours { from: 360, to: 870 }],
        stores: vec![store.id.parse().expect("an id")],
        zones: vec!["泳池".into()],
        class_only: true,
        grace_days: 3,
        freeze_days: 14,
        guests: 2,
        transfer_fee_minor: 3_000,
        transfer_fee_points: 50,
    };
    at.kind("季卡", None, None, terms.clone());
    let all = at.till.pass_type_list().expect("kinds");
    let kind = all.iter().find(|kind| kind.name == "季卡").expect("just set");
    assert_eq!(read(&kind.terms), terms);
}
