//! Numbers of new cards: what desks give out while they cannot see one another, after they were put
//! back from a backup, and at a business's only till.

use std::collections::BTreeSet;

use punchcard_domain::numbering::CardNumbers;
use punchcard_tests::{
    Shop,
    business::{Business, Desk, Engine},
    on_both_engines,
};
use punchcard_till::{CardChange, Options, Till, Weak, views::MemberInput};

on_both_engines!(
    two_desks_apart_never_give_the_same_number,
    a_restored_desk_gives_no_number_twice,
    a_desk_asks_for_more_before_it_has_none,
    a_restored_hub_allots_no_number_twice,
);

fn numbers(block: u32) -> CardNumbers {
    CardNumbers { prefix: "88".into(), digits: 6, block }
}

fn numbered(desk: &Desk, block: u32) {
    let set = desk.till().save_card_numbers(&desk.owner(), Some(numbers(block)));
    set.expect("the owner may");
    desk.sync();
}

fn draw(desk: &Desk) -> punchcard_till::Result<String> {
    desk.till().new_card_number(&desk.owner())
}

/// So many numbers, none of them seen before.
fn draw_fresh(desk: &Desk, seen: &mut BTreeSet<String>, count: usize) {
    for _ in 0..count {
        let number = draw(desk).expect("it was allotted some");
        assert!(number.starts_with("88") && number.len() == 9, "{number}");
        assert!(seen.insert(number.clone()), "{number} was given out twice");
    }
}

fn two_desks_apart_never_give_the_same_number(engine: Engine) {
    let (mut business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    assert_eq!(Desk::code(draw(&first)), "card_numbers_off");
    numbered(&first, 60);
    // It hears of the rule, and then it asks.
    second.sync();
    assert_eq!(Desk::code(draw(&second)), "card_numbers_out");
    first.sync();
    second.sync();
    business.cut();
    let mut seen = BTreeSet::new();
    for _ in 0..8 {
        draw_fresh(&first, &mut seen, 5);
        draw_fresh(&second, &mut seen, 5);
    }
    // A card that is taken off a file again is not given to the next one.
    let number = draw(&first).expect("there are some left");
    let member = first.member("王堃", 1);
    let replaced = first.till().change_card(
        &first.owner(),
        punchcard_tests::id(&member),
        "10000001",
        CardChange::ReplacedBy(number.clone()),
    );
    assert_eq!(replaced.expect("nobody has it").cards.first(), Some(&number));
    assert!(seen.insert(number));
    draw_fresh(&first, &mut seen, 5);
    business.mend();
    business.same_everywhere(&[&first, &second]);
}

/// A desk that was put back from a backup is another life, with a block of its own.
fn restored(engine: Engine, weak: Weak) -> (Vec<String>, String) {
    let (business, mut desk) = Business::with_desk(engine);
    numbered(&desk, 60);
    desk.sync();
    let mut given: Vec<String> = (0..3).map(|_| draw(&desk).expect("allotted")).collect();
    let backup = desk.folder.join("backup.db");
    desk.till().backup(&desk.owner(), &backup).expect("a backup");
    given.extend((0..3).map(|_| draw(&desk).expect("allotted")));
    desk.close();
    drop(Till::restore(&desk.folder, &backup, &desk.options).expect("it can be restored"));
    desk.options = Options { weak, ..desk.options.clone() };
    desk.reopen();
    assert_eq!(Desk::code(draw(&desk)), "not_vouched", "whose numbers are these?");
    desk.sync();
    desk.sync();
    let next = draw(&desk).expect("the new life was allotted its own");
    business.same_everywhere(&[&desk]);
    (given, next)
}

fn a_restored_desk_gives_no_number_twice(engine: Engine) {
    let (given, next) = restored(engine, Weak::default());
    assert!(!given.contains(&next), "{next} was given out before: {given:?}");
}

/// Without the rule that a block is one life's, the same is seen to fail.
#[test]
fn without_a_block_for_each_life_numbers_are_given_twice() {
    let weak = Weak { blocks_of_all_lives: true, ..Weak::default() };
    let (given, next) = restored(Engine::Sqlite, weak);
    assert!(given.contains(&next), "the defence is not what this test takes away");
}

fn a_desk_asks_for_more_before_it_has_none(engine: Engine) {
    let (business, desk) = Business::with_desk(engine);
    numbered(&desk, 12);
    desk.sync();
    let mut seen = BTreeSet::new();
    // Each time it syncs, it has at least a third of a block left, and is given one when it has not.
    for _ in 0..20 {
        draw_fresh(&desk, &mut seen, 4);
        desk.sync();
    }
    let highest: u64 = seen.last().and_then(|number| number[..8].parse().ok()).expect("a number");
    assert!(
        highest < 88_000_000 + 12 * 12,
        "blocks were allotted that nobody asked for: {highest}"
    );
    business.same_everywhere(&[&desk]);
}

/// What the hub allotted in the part that it lost, it allots to nobody else.
fn a_restored_hub_allots_no_number_twice(engine: Engine) {
    let (mut business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    numbered(&first, 12);
    let copy = business.snapshot_of_database();
    first.sync();
    let mut seen = BTreeSet::new();
    draw_fresh(&first, &mut seen, 8);
    business.put_database_back(copy);
    // It gives out nothing until everybody has said what they hold.
    second.sync();
    second.sync();
    assert_eq!(Desk::code(draw(&second)), "card_numbers_out");
    for desk in [&first, &second, &first, &second] {
        desk.sync();
    }
    draw_fresh(&second, &mut seen, 8);
    draw_fresh(&first, &mut seen, 3);
    business.same_everywhere(&[&first, &second]);
}

/// The business's only till allots to itself; restored, and vouched for, it leaps over what the
/// backup cannot know of.
#[test]
fn the_only_till_allots_to_itself() {
    let mut shop = Shop::new();
    let owner = shop.owner();
    shop.till().save_card_numbers(&owner, Some(numbers(12))).expect("the owner may");
    let backup = shop.folder().join("backup.db");
    shop.till().backup(&owner, &backup).expect("a backup");
    let mut seen = BTreeSet::new();
    for _ in 0..40 {
        assert!(seen.insert(shop.till().new_card_number(&owner).expect("it has all of them")));
    }
    let number = seen.first().cloned().expect("forty");
    let input =
        MemberInput { name: "林知夏".into(), cards: vec![number], ..MemberInput::default() };
    shop.till().register_member(&owner, input).expect("nobody has it");
    shop.close();
    drop(Till::restore(&shop.folder(), &backup, &shop.options).expect("a backup of this store"));
    shop.reopen();
    let refused = shop.till().new_card_number(&shop.owner());
    assert_eq!(Desk::code(refused), "not_vouched", "whose are they?");
    shop.till().vouch(&shop.owner()).expect("the owner may");
    for _ in 0..40 {
        let number = shop.till().new_card_number(&shop.owner()).expect("vouched for");
        assert!(
            seen.insert(number.clone()),
            "{number} was given out before the backup was put back"
        );
    }
}
