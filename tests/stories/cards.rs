//! Cards at the desk: in whatever spelling, lost, found, replaced and moved; at one desk, and at two with a hub
//! between them.

use std::collections::BTreeMap;

use punchcard_domain::{member::CardState, terms::Terms, verdict::Verdict};
use punchcard_tests::{
    Shop,
    business::{Business, Desk, Engine},
    id, on_both_engines,
};
use punchcard_till::{CardChange, views::MemberInput};

use crate::passes::{At, HOUR, codes};

on_both_engines!(
    two_desks_that_mark_different_cards_keep_both_marks,
    two_desks_that_each_give_a_card_keep_both,
    a_moved_card_is_moved_in_every_spelling,
);

#[test]
fn a_card_is_one_card_in_whatever_spelling() {
    let shop = Shop::new();
    let at = At::shop(&shop);
    let input = |name: &str, phone: &str, card: &str| MemberInput {
        name: name.into(),
        phone: phone.into(),
        cards: vec![card.into()],
        ..MemberInput::default()
    };
    let first = input("林知夏", "13800000001", "04A1B2C3");
    let member = at.till.register_member(&at.owner, first).expect("a new member").brief.id;
    at.give(&member, &at.kind("年卡", Some(365), None, Terms::default()));
    for card in ["04a1b2c3", "04:A1:B2:C3", "C3B2A104", "77705923", "0077705923", "3283263748"] {
        let view = at.scan(card);
        assert_eq!(view.member.map(|found| found.id), Some(member.clone()), "{card}");
    }
    let again = input("王堃", "13800000002", "77705923");
    assert_eq!(Desk::code(at.till.register_member(&at.owner, again)), "card_taken");
    assert_eq!(at.scan("04A1B2C4").unknown_card.as_deref(), Some("04A1B2C4"));
}

/// A card that stands on a file twice, as it is printed and as it is read, is one card: it is moved
/// whole.
#[test]
fn a_card_that_is_written_twice_is_moved_once() {
    let shop = Shop::new();
    let at = At::shop(&shop);
    let member = shop.member("林知夏", 1).brief.id;
    let other = shop.member("王堃", 2).brief.id;
    let file = at.member(&member);
    let input = MemberInput {
        name: file.brief.name,
        phone: file.brief.phone.unwrap_or_default(),
        cards: vec!["04A1B2C3".into(), "77705923".into(), "10000001".into()],
        ..MemberInput::default()
    };
    at.till.change_member(&at.owner, id(&member), input).expect("the owner may");
    at.card(&member, "04A1B2C3", CardChange::MovedTo(id(&other))).expect("it is theirs");
    assert_eq!(at.member(&member).cards, ["10000001"]);
    assert_eq!(at.member(&other).cards.first().map(String::as_str), Some("04A1B2C3"));
    for card in ["04A1B2C3", "77705923", "C3B2A104"] {
        let view = at.scan(card);
        assert_eq!(view.member.map(|found| found.id), Some(other.clone()), "{card}");
        assert!(!view.reasons.iter().any(|why| why.code().starts_with("card_")), "{card}");
    }
    shop.verify();
}

#[test]
fn a_lost_card_stops_whoever_holds_it_and_a_new_one_opens() {
    let shop = Shop::new();
    let at = At::shop(&shop);
    let member = shop.member("沈嘉禾", 1).brief.id;
    let other = shop.member("王堃", 2).brief.id;
    at.give(&member, &at.kind("年卡", Some(365), None, Terms::default()));
    at.card(&member, "10000001", CardChange::Lost).expect("it is theirs");
    let view = at.scan("10000001");
    assert_eq!((view.verdict, codes(&view)), (Verdict::Refuse, vec!["card_lost"]));
    let file = at.card(&member, "10000001", CardChange::ReplacedBy("20000001".into()));
    let file = file.expect("a free card");
    assert_eq!(file.cards, ["20000001", "10000001"]);
    assert_eq!(file.details.dead_cards["10000001"], CardState::Replaced);
    assert_eq!(at.scan("20000001").verdict, Verdict::Admit);
    assert_eq!(codes(&at.scan("10000001"))[0], "card_replaced");
    let taken = CardChange::ReplacedBy("10000002".into());
    assert_eq!(Desk::code(at.card(&member, "20000001", taken)), "card_taken");

    // Moved to somebody else's file: their card from now on, and nobody else's.
    at.card(&other, "10000002", CardChange::MovedTo(id(&member))).expect("theirs to give");
    let view = at.scan("10000002");
    assert_eq!(view.member.map(|found| found.id), Some(member.clone()));
    assert_eq!(Desk::code(at.card(&other, "10000002", CardChange::Lost)), "not_found");
    at.card(&member, "10000001", CardChange::Found).expect("it turned up");
    shop.pass(7 * HOUR);
    assert_eq!(at.scan("10000001").verdict, Verdict::Admit);
    shop.verify();
}

/// A member's form is saved with these cards on it.
fn give_cards(at: &At<'_>, member: &str, cards: &[&str]) {
    let file = at.member(member);
    let input = MemberInput {
        name: file.brief.name,
        phone: file.brief.phone.unwrap_or_default(),
        cards: cards.iter().copied().map(str::to_owned).collect(),
        ..MemberInput::default()
    };
    at.till.change_member(&at.owner, id(member), input).expect("the owner may");
}

/// Each gives one member another card while the line is down, and one takes a third one off: all of it is
/// so at every desk, at the hub, and at a desk that joins later. Of one card the latest is true.
fn two_desks_that_each_give_a_card_keep_both(engine: Engine) {
    let (mut business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let (one, two) = (At::desk(&first), At::desk(&second));
    let member = first.member("王堃", 1);
    let give = |at: &At<'_>, cards: &[&str]| give_cards(at, &member, cards);
    give(&one, &["10000001", "40000001"]);
    business.same_everywhere(&[&first, &second]);

    business.cut();
    give(&one, &["20000001", "10000001", "40000001"]);
    one.card(&member, "10000001", CardChange::Lost).expect("it is theirs");
    business.pass(HOUR);
    // The one desk took a card off that the other one puts back later.
    give(&one, &["20000001", "10000001"]);
    business.pass(HOUR);
    give(&two, &["10000001"]);
    give(&two, &["30000001", "40000001", "10000001"]);
    business.mend();
    business.same_everywhere(&[&first, &second]);

    let third = business.desk("滨江 3", None);
    business.same_everywhere(&[&first, &second, &third]);
    let three = At::desk(&third);
    for at in [&one, &two, &three] {
        let file = at.member(&member);
        let mut cards = file.cards.clone();
        cards.sort();
        assert_eq!(cards, ["10000001", "20000001", "30000001", "40000001"]);
        assert_eq!(file.details.dead_cards.len(), 1, "the lost one");
        for card in ["20000001", "30000001", "40000001"] {
            let found = at.till.find(&at.owner, card, 5).expect("it answers");
            assert_eq!(
                found.iter().map(|brief| &brief.id).collect::<Vec<_>>(),
                [&member],
                "{card}"
            );
        }
        assert!(codes(&at.scan("10000001")).contains(&"card_lost"));
    }
    for at in [&one, &two] {
        let (before, after) = at.till.rebuild().expect("it folds again");
        assert_eq!(before, after, "the same tables from the entries alone");
        assert!(at.till.knows_card("30000001").expect("it answers"));
    }

    // Off at one desk, off everywhere.
    give(&three, &["10000001", "20000001", "30000001"]);
    business.same_everywhere(&[&first, &second, &third]);
    assert_eq!(codes(&two.scan("40000001"))[0], "unknown_card");
    assert!(two.till.find(&two.owner, "40000001", 5).expect("it answers").is_empty());
}

/// While the line is down, one desk writes another spelling of a card on a file, and after that the
/// other one moves the card to somebody else: it is that person's in every spelling.
fn a_moved_card_is_moved_in_every_spelling(engine: Engine) {
    let (mut business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let (one, two) = (At::desk(&first), At::desk(&second));
    let (member, other) = (first.member("林知夏", 1), first.member("王堃", 2));
    let give = |at: &At<'_>, cards: &[&str]| give_cards(at, &member, cards);
    give(&one, &["04A1B2C3", "10000001"]);
    business.same_everywhere(&[&first, &second]);

    business.cut();
    give(&two, &["77705923", "04A1B2C3", "10000001"]);
    business.pass(HOUR);
    one.card(&member, "04A1B2C3", CardChange::MovedTo(id(&other))).expect("it is theirs");
    business.mend();
    business.same_everywhere(&[&first, &second]);
    let third = business.desk("滨江 3", None);
    business.same_everywhere(&[&first, &second, &third]);
    let three = At::desk(&third);
    for at in [&one, &two, &three] {
        assert_eq!(at.member(&member).cards, ["10000001"]);
        for card in ["77705923", "04A1B2C3", "C3B2A104"] {
            let found = at.scan(card).member.map(|found| found.id);
            assert_eq!(found.as_ref(), Some(&other), "{card}");
        }
    }
}

/// Each marks another card of one member while the line is down: a lost card stays lost. Of one card
/// the latest is true.
fn two_desks_that_mark_different_cards_keep_both_marks(engine: Engine) {
    let (mut business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let (one, two) = (At::desk(&first), At::desk(&second));
    let member = first.member("王堃", 1);
    let replaced = |new: &str| CardChange::ReplacedBy(new.into());
    one.card(&member, "10000001", replaced("20000001")).expect("a free card");
    one.card(&member, "20000001", replaced("30000001")).expect("a free card");
    business.same_everywhere(&[&first, &second]);
    for card in ["10000001", "20000001"] {
        one.card(&member, card, CardChange::Found).expect("it is theirs");
    }
    business.same_everywhere(&[&first, &second]);

    business.cut();
    one.card(&member, "10000001", CardChange::Lost).expect("it is theirs");
    two.card(&member, "20000001", CardChange::Lost).expect("it is theirs");
    one.card(&member, "30000001", CardChange::Lost).expect("it is theirs");
    business.pass(HOUR);
    two.card(&member, "30000001", CardChange::Found).expect("nothing was said of it here");
    two.card(&member, "30000001", CardChange::Lost).expect("it is theirs");
    two.card(&member, "30000001", CardChange::Found).expect("it is theirs");
    business.mend();
    business.same_everywhere(&[&first, &second]);
    for at in [&one, &two] {
        let dead = at.member(&member).details.dead_cards;
        let lost = |card: &str| (card.to_owned(), CardState::Lost);
        assert_eq!(dead, BTreeMap::from([lost("10000001"), lost("20000001")]));
    }
    for desk in [&first, &second] {
        let (before, after) = desk.till().rebuild().expect("it folds again");
        assert_eq!(before, after, "the same tables from the entries alone");
    }
}
