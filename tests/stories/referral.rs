//! Who sent whom, and money that was loaded: points for both by the owner's rules, taken back with
//! what they were given for, at one desk and at two.

use punchcard_domain::staff::Role;
use punchcard_protocol::StaffId;
use punchcard_tests::{
    DAY, Shop,
    business::{Business, Desk, Engine},
    id, on_both_engines,
};
use punchcard_till::{
    Actor, CheckInHow, Who,
    views::{DetailsInput, MemberView},
};

on_both_engines!(
    whoever_sent_somebody_gets_points_once,
    two_desks_that_both_reward_are_seen,
    money_that_is_loaded_is_at_every_desk,
);

const RULES: &str = r#"[
  {"name": "a point a yuan", "per": "amount", "points": 1, "each_minor": 100},
  {"name": "sent a friend", "per": "refers", "points": 200},
  {"name": "was sent", "per": "referred", "points": 100},
  {"name": "loaded", "per": "top_up", "points": 10, "each_minor": 10000, "whole_steps": true}
]"#;

fn with_rules(desk: &Desk) {
    desk.till().set_earn_rules(&desk.owner(), RULES).expect("they can be read");
}

fn send(desk: &Desk, member: &str, by: &str) {
    let details = DetailsInput { referred_by: Some(by.into()), ..DetailsInput::default() };
    desk.till().change_details(&desk.owner(), id(member), details).expect("the owner may");
}

/// A business whose first desk knows two members, of whom the one sent the other; and a second desk
/// that knows them too.
fn sent(engine: Engine) -> (Business, Desk, Desk, String, String) {
    let (business, first) = Business::with_desk(engine);
    with_rules(&first);
    let friend = first.member("林知夏", 1);
    let new = first.member("王堃", 2);
    send(&first, &new, &friend);
    let second = business.desk("滨江 2", None);
    business.same_everywhere(&[&first, &second]);
    (business, first, second, friend, new)
}

fn view(desk: &Desk, member: &str) -> MemberView {
    desk.till().member(&desk.owner(), id(member)).expect("their file")
}

fn on_file(desk: &Desk, members: [&str; 2]) -> [i64; 2] {
    members.map(|member| desk.points(member).0)
}

fn kinds(desk: &Desk, member: &str) -> Vec<(String, bool)> {
    view(desk, member).history.into_iter().map(|row| (row.kind, row.voided)).collect()
}

fn doubts(business: &Business) -> usize {
    let lines = business.hub.inbox().expect("it answers");
    lines.iter().filter(|line| line.code == "doubtful_points").count()
}

fn whoever_sent_somebody_gets_points_once(engine: Engine) {
    let (business, first, second, friend, new) = sent(engine);
    let both = [friend.as_str(), new.as_str()];
    let sale = second.earn(&new, "50.00");
    assert_eq!(on_file(&second, both), [200, 150], "both ways, in one go");
    second.earn(&new, "50.00");
    assert_eq!(on_file(&second, both), [200, 200], "and never again");
    business.same_everywhere(&[&first, &second]);
    assert_eq!(on_file(&first, both), [200, 200]);
    assert_eq!(doubts(&business), 0, "the hub finds the rules that it follows from");
    assert!(kinds(&first, &friend).contains(&("referral_rewarded".into(), false)));
    let rows = view(&first, &friend).history;
    let rewarded = rows.iter().find(|row| row.kind == "referral_rewarded").expect("it is told");
    assert!(!rewarded.voidable, "it goes with its cause alone");
    let alone = first.till().undo(&first.owner(), id(&rewarded.fact));
    assert_eq!(Desk::code(alone), "not_voidable");

    // Taken back at the other desk, where nothing of it lies.
    first.till().undo(&first.owner(), id(&sale)).expect("the owner may");
    assert!(kinds(&first, &friend).contains(&("referral_rewarded".into(), true)));
    business.same_everywhere(&[&first, &second]);
    for desk in [&first, &second] {
        assert_eq!(on_file(desk, both), [0, 50]);
        assert_eq!((desk.points(&friend).2, desk.points(&new).2), (0, 0), "nobody owes for it");
    }
    assert_eq!(doubts(&business), 0);
}

/// Neither can know of the other: the hub keeps the second back, until a person has looked.
fn two_desks_that_both_reward_are_seen(engine: Engine) {
    let (mut business, first, second, friend, new) = sent(engine);
    business.cut();
    let scan = |desk: &Desk| {
        let (who, how) = (Who::Member(id(&new)), CheckInHow::LetIn("试用".into()));
        desk.till().check_in(&desk.owner(), who, how, None).expect("a verdict")
    };
    scan(&first);
    scan(&second);
    assert_eq!((first.points(&friend).1, second.points(&friend).1), (200, 200));
    business.mend();
    business.same_everywhere(&[&first, &second]);
    assert_eq!(doubts(&business), 1);
    let spendable = first.points(&friend).1 + second.points(&friend).1;
    assert_eq!(spendable, 200, "once");
}

fn money_that_is_loaded_is_at_every_desk(engine: Engine) {
    let (business, first) = Business::with_desk(engine);
    with_rules(&first);
    let member = first.member("林知夏", 1);
    let second = business.desk("滨江 2", None);
    business.same_everywhere(&[&first, &second]);
    let loaded = second.till().top_up(&second.owner(), id(&member), "550.00", "现金");
    assert_eq!(loaded.as_ref().expect("the owner may").points, 50);
    business.same_everywhere(&[&first, &second]);
    assert_eq!((view(&first, &member).stored_minor, first.points(&member).0), (55_000, 50));
    assert_eq!(doubts(&business), 0);
    let told = business.hub.inbox().expect("it answers");
    let sum = told.iter().find(|line| line.code == "topped_up").expect("the owner is told");
    assert_eq!(sum.args["money_minor"], 55_000);
    // Some of it may rest elsewhere by then.
    business.pass(2 * DAY);
    business.same_everywhere(&[&first, &second]);
    let fact = loaded.expect("loaded").fact;
    first.till().undo(&first.owner(), id(&fact)).expect("the owner may");
    business.same_everywhere(&[&first, &second]);
    for desk in [&first, &second] {
        assert_eq!((view(desk, &member).stored_minor, desk.points(&member)), (0, (0, 0, 0)));
    }
    assert_eq!(doubts(&business), 0);
}

#[test]
fn money_is_loaded_for_a_reason_and_without_rules_gives_no_points() {
    let shop = Shop::new();
    let (till, owner) = (shop.till(), shop.owner());
    let member = shop.member("林知夏", 1).brief.id;
    let load = |amount: &str, why: &str| till.top_up(&owner, id(&member), amount, why);
    assert_eq!(Desk::code(load("500.00", " ")), "bad_input");
    assert_eq!(Desk::code(load("0", "现金")), "bad_amount");
    assert_eq!(Desk::code(load("-5", "现金")), "bad_amount");
    let before = till.digest().expect("a digest");
    let done = load("500.00", "现金").expect("the owner may");
    assert_eq!(done.points, 0);
    let file = till.member(&owner, id(&member)).expect("their file");
    assert_eq!((file.stored_minor, shop.points(&member)), (50_000, (0, 0, 0)));
    let payloads = till.parcels().expect("the journal");
    let bare = payloads
        .iter()
        .all(|parcel| !String::from_utf8_lossy(&parcel.entry.payload).contains("现金"));
    assert!(bare, "a cashier's words are a private part");
    assert!(!done.undo_asks, "the owner may alone");
    till.undo(&owner, id(&done.fact)).expect("the owner may");
    let file = till.member(&owner, id(&member)).expect("their file");
    assert_eq!(file.stored_minor, 0);
    assert_ne!(till.digest().expect("a digest"), before, "it is told, both ways");
    shop.verify();
}

/// What a cashier did with a manager's leave she takes back with one; and nobody is called for what cannot be.
#[test]
fn who_needs_leave_to_load_money_needs_it_to_take_it_back() {
    let shop = Shop::new();
    let (till, owner) = (shop.till(), shop.owner());
    let member = shop.member("林知夏", 1).brief.id;
    let cashier = Actor::new(StaffId::from_bytes([7; 16]), Role::Cashier);
    let led = Actor { approver: Some((owner.staff, Role::Manager)), ..cashier.clone() };
    let load = |actor, amount: &str| till.top_up(actor, id(&member), amount, "现金");
    assert_eq!(Desk::code(load(&cashier, "二百")), "bad_amount");
    assert_eq!(Desk::code(load(&cashier, "200")), "approval_needed");
    let done = load(&led, "200").expect("a manager's leave");
    assert!(done.undo_asks);
    assert_eq!(Desk::code(till.undo(&cashier, id(&done.fact))), "approval_needed");
    till.undo(&led, id(&done.fact)).expect("a manager's leave");
    let earned = till.earn(&cashier, id(&member), "5").expect("a cashier may");
    assert!(!earned.undo_asks);
    till.undo(&cashier, id(&earned.fact)).expect("her own, just now");
}

/// Whoever is not let in, or was erased, gets nothing for whom they sent; the member does.
#[test]
fn who_is_banned_or_erased_gets_nothing_for_whom_they_sent() {
    let shop = Shop::new();
    let (till, owner) = (shop.till(), shop.owner());
    till.set_earn_rules(&owner, RULES).expect("they can be read");
    let [banned, erased] =
        [("林知夏", 1), ("李喆", 2)].map(|(name, n)| shop.member(name, n).brief.id);
    for (n, by) in [(3, &banned), (4, &erased)] {
        let new = shop.member("王堃", n).brief.id;
        let details = DetailsInput { referred_by: Some(by.clone()), ..DetailsInput::default() };
        till.change_details(&owner, id(&new), details).expect("the owner may");
        if *by == banned {
            till.ban_member(&owner, id(by), true, "打架").expect("the owner may");
        } else {
            till.erase_member(&owner, id(by), false).expect("nothing on file");
        }
        shop.earn(&new, "50.00");
        assert_eq!(shop.points(&new).0, 150);
    }
    let journal = till.parcels().expect("the journal");
    let kinds = journal.iter().map(|parcel| parcel.entry.check().expect("whole").kind);
    assert_eq!(kinds.filter(|kind| *kind == 63).count(), 0, "nobody was rewarded");
    shop.verify();
}
