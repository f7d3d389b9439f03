//! Two files that were taken for one person's by mistake: a mother and her daughter, with one phone.

use punchcard_tests::{
    MINUTE, Shop,
    business::{Business, Desk, Engine},
    id, on_both_engines,
};
use punchcard_till::{Till, Weak, views::MemberView};

on_both_engines!(
    who_was_merged_by_mistake_is_parted,
    two_desks_that_part_the_same_two_agree,
    a_merge_that_another_one_went_before_is_not_taken_back,
);

fn view(till: &Till, member: &str) -> MemberView {
    let owner = till.owner().expect("there is one");
    till.member(&owner, id(member)).expect("their file")
}

/// The merge that stands on a member's file.
fn merge_of(desk: &Desk, member: &str) -> String {
    let rows = view(desk.till(), member).history;
    rows.into_iter().find(|row| row.kind == "members_merged").expect("it is told").fact
}

fn merge(desk: &Desk, kept: &str, gone: &str) {
    desk.till().merge_members(&desk.owner(), id(kept), id(gone)).expect("the owner may");
}

fn undo(desk: &Desk, fact: &str) -> punchcard_till::Result<()> {
    desk.till().undo(&desk.owner(), id(fact)).map(drop)
}

fn points(desk: &Desk, members: [&str; 2]) -> [i64; 2] {
    members.map(|member| desk.points(member).0)
}

/// Two desks, two members with a hundred and with fifty points, merged at the first.
fn merged(engine: Engine) -> (Business, Desk, Desk, String, String) {
    let (business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let mother = first.member("王堃", 1);
    let daughter = first.member("王小堃", 2);
    first.earn(&mother, "100.00");
    first.earn(&daughter, "50.00");
    merge(&first, &mother, &daughter);
    business.same_everywhere(&[&first, &second]);
    assert_eq!(points(&second, [&mother, &daughter]), [150, 150], "one person");
    (business, first, second, mother, daughter)
}

fn who_was_merged_by_mistake_is_parted(engine: Engine) {
    let (business, first, second, mother, daughter) = merged(engine);
    let both = [mother.as_str(), daughter.as_str()];
    let reward = first.reward("毛巾", 120);
    // With the points of both; and earned by the daughter's card, for the one that they are.
    let spent = first.redeem(&mother, &reward, false).expect("150 are here");
    first.earn(&daughter, "7.00");
    business.same_everywhere(&[&first, &second]);
    let fact = merge_of(&second, &mother);
    undo(&second, &fact).expect("the owner may");
    assert_eq!(Desk::code(undo(&second, &fact)), "already_voided");
    business.same_everywhere(&[&first, &second]);
    for desk in [&first, &second] {
        assert_eq!(points(desk, both).iter().sum::<i64>(), 37, "nothing is lost or had twice");
        let found = desk.till().find(&desk.owner(), "王", 10).expect("found");
        assert_eq!(found.len(), 2, "each is found again");
        assert_eq!(view(desk.till(), &daughter).brief.name, "王小堃");
        let rows = view(desk.till(), &daughter).history;
        assert!(rows.iter().any(|row| row.kind == "members_parted" && !row.voidable));
    }
    // What was spent meanwhile goes back to whose it was; what was earned stays where it was earned.
    undo(&first, &spent).expect("the owner may");
    business.same_everywhere(&[&first, &second]);
    assert_eq!(points(&second, both), [107, 50]);
    // They can be merged again, and parted again.
    merge(&second, &mother, &daughter);
    business.same_everywhere(&[&first, &second]);
    assert_eq!(points(&first, both), [157, 157]);
    undo(&first, &merge_of(&first, &mother)).expect("the owner may");
    business.same_everywhere(&[&first, &second]);
    assert_eq!(points(&second, both), [107, 50]);
}

fn two_desks_that_part_the_same_two_agree(engine: Engine) {
    let (mut business, first, second, mother, daughter) = merged(engine);
    let fact = merge_of(&first, &mother);
    business.cut();
    undo(&first, &fact).expect("the owner may");
    business.pass(MINUTE);
    undo(&second, &fact).expect("the owner may");
    business.mend();
    business.same_everywhere(&[&first, &second]);
    for desk in [&first, &second] {
        assert_eq!(points(desk, [&mother, &daughter]), [100, 50]);
    }
}

/// Two desks that merged one file with two others: the later merge holds, and taking the earlier back
/// does not part it.
fn merged_twice(engine: Engine, weak: Weak) -> (punchcard_till::Result<()>, [i64; 2]) {
    let (mut business, mut first) = Business::with_desk(engine);
    first.options.weak = weak;
    first.reopen();
    let second = business.desk("滨江 2", None);
    let [one, other, twice] =
        [("王堃", 1), ("李喆", 2), ("王小堃", 3)].map(|(name, n)| first.member(name, n));
    first.earn(&other, "100.00");
    first.earn(&twice, "50.00");
    business.same_everywhere(&[&first, &second]);
    business.cut();
    merge(&first, &one, &twice);
    let fact = merge_of(&first, &one);
    business.pass(MINUTE);
    merge(&second, &other, &twice);
    business.mend();
    business.same_everywhere(&[&first, &second]);
    let undone = undo(&first, &fact);
    business.same_everywhere(&[&first, &second]);
    (undone, points(&second, [&other, &twice]))
}

fn a_merge_that_another_one_went_before_is_not_taken_back(engine: Engine) {
    let (undone, points) = merged_twice(engine, Weak::default());
    assert_eq!((Desk::code(undone), points), ("not_voidable", [150, 150]));
}

/// Without asking which merge is the latest, somebody else's is undone.
#[test]
fn without_looking_for_a_later_merge_somebody_elses_is_undone() {
    let weak = Weak { merges_part_anyway: true, ..Weak::default() };
    let (undone, points) = merged_twice(Engine::Sqlite, weak);
    assert_eq!((Desk::code(undone), points), ("ok", [100, 50]));
}

/// Erased, banned, or alone: parting asks for leave as merging does.
#[test]
fn parting_needs_leave() {
    let shop = Shop::new();
    let (till, owner) = (shop.till(), shop.owner());
    let mother = shop.member("王堃", 1).brief.id;
    let daughter = shop.member("王小堃", 2).brief.id;
    till.merge_members(&owner, id(&mother), id(&daughter)).expect("the owner may");
    let rows = view(till, &mother).history;
    let row = rows.iter().find(|row| row.kind == "members_merged").expect("it is told");
    assert!(row.voidable, "a key on the page takes it back");
    shop.pass(MINUTE);
    let cashier = punchcard_till::Actor::new(owner.staff, punchcard_domain::staff::Role::Cashier);
    let refused = till.undo(&cashier, id(&row.fact));
    assert_eq!(Desk::code(refused), "approval_needed");
    till.undo(&owner, id(&row.fact)).expect("the owner may");
    shop.verify();
}
