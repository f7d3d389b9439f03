//! What two desks do to the same members while neither sees the other: value that is taken back, owed, moved,
//! fetched and run out, and files that are one person's.

use punchcard_tests::{
    DAY, MINUTE, Shop,
    business::{Business, Desk, Engine},
    id, on_both_engines,
};
use punchcard_till::views::MemberInput;

on_both_engines!(
    taking_back_reaches_every_owner,
    a_debt_is_repaid_with_what_lies_elsewhere,
    many_debts_make_no_sync_long,
    one_person_registered_twice_is_one_person,
    yesterdays_rules_accuse_nobody,
    what_two_desks_take_back_is_taken_back_once,
    what_runs_out_in_the_pool_is_posted_by_the_hub,
    a_visit_of_a_pack_is_fetched_for_a_scan,
    value_rests_where_the_owner_wants_it,
    what_merged_files_hold_is_moved_spent_and_taken_back_once,
    hundreds_of_small_lots_are_redeemed_and_drawn,
);

fn taking_back_reaches_every_owner(engine: Engine) {
    let (business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let reward = first.reward("毛巾", 100);
    let member = first.member("王堃", 1);
    let earned = first.earn(&member, "400.00");
    business.same_everywhere(&[&first, &second]);
    // A day later 200 rest in the pool; the other desk draws 150 and spends 100 of it.
    business.pass(DAY + MINUTE);
    business.same_everywhere(&[&first, &second]);
    second.line().draw(&second.owner(), id(&member), 150).expect("the hub answers");
    first.sync();
    assert!(second.redeem(&member, &reward, false).is_ok());
    // The first desk takes the earning back and does not know of that.
    first.till().undo(&first.owner(), id(&earned)).expect("the owner may");
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&member), (0, 0, 100), "what was spent is owed");
    let told = second.notices();
    assert!(told.contains(&"value_given_back".to_owned()), "{told:?}");
    assert!(told.contains(&"debt_after_take_back".to_owned()), "{told:?}");
}

fn a_debt_is_repaid_with_what_lies_elsewhere(engine: Engine) {
    let (business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let reward = first.reward("毛巾", 100);
    allow_trust(&first, 100);
    let member = first.member("王堃", 1);
    business.same_everywhere(&[&first, &second]);
    assert!(second.redeem(&member, &reward, true).is_ok());
    first.earn(&member, "300.00");
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&member), (300, 300, 100));
    business.pass(DAY + MINUTE);
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&member), (200, 150, 0), "repaid from the pool");
    assert!(second.notices().contains(&"debt_repaid".to_owned()), "{:?}", second.notices());
}

/// Whoever holds what would repay them was here just now, and does not answer: of all the debts of a
/// sync one is waited for.
fn many_debts_make_no_sync_long(engine: Engine) {
    let (business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let reward = first.reward("毛巾", 100);
    allow_trust(&first, 100);
    let members: Vec<String> = (1..=4).map(|n| first.member(&format!("会员{n}"), n)).collect();
    business.same_everywhere(&[&first, &second]);
    for member in &members {
        assert!(second.redeem(member, &reward, true).is_ok());
        first.earn(member, "300.00");
    }
    first.sync();
    let begun = std::time::Instant::now();
    second.sync();
    let took = begun.elapsed();
    assert!(took > std::time::Duration::from_secs(1), "one was waited for: {took:?}");
    assert!(took < std::time::Duration::from_secs(4), "a sync took {took:?}");
    business.pass(DAY + MINUTE);
    business.same_everywhere(&[&first, &second]);
    for member in &members {
        assert_eq!(first.points(member).2, 0, "repaid from the pool");
    }
}

fn allow_trust(desk: &Desk, limit: i64) {
    let mut rules = desk.till().rules().expect("the rules");
    rules.trust_limit = limit;
    desk.till().save_rules(&desk.owner(), rules).expect("the owner may");
}

fn one_person_registered_twice_is_one_person(engine: Engine) {
    let (mut business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    business.same_everywhere(&[&first, &second]);
    business.cut();
    let kept = first.member("王堃", 1);
    business.pass(MINUTE);
    let gone = second.member("王 堃", 1);
    first.earn(&kept, "100.00");
    second.earn(&gone, "50.00");
    business.mend();
    business.same_everywhere(&[&first, &second]);
    let view = first.till().sync_view(&first.owner(), first.line().view()).expect("a page");
    assert_eq!(view.duplicates.len(), 1);
    let pair = &view.duplicates[0];
    assert_eq!((&pair.first.id, &pair.second.id), (&kept, &gone));

    let merged = first.till().merge_members(&first.owner(), id(&kept), id(&gone));
    assert_eq!(merged.expect("the owner may").balance.expect("hers").on_file, 150);
    business.same_everywhere(&[&first, &second]);
    for desk in [&first, &second] {
        assert_eq!(desk.points(&kept).0, 150);
        assert_eq!(desk.points(&gone).0, 150, "whichever is asked for");
        assert_eq!(desk.till().find(&desk.owner(), "王堃", 10).expect("found").len(), 1);
        let page = desk.till().sync_view(&desk.owner(), desk.line().view()).expect("a page");
        assert!(page.duplicates.is_empty());
    }
    // What the other file held can be spent, by the file that stays.
    let reward = first.reward("毛巾", 50);
    business.same_everywhere(&[&first, &second]);
    assert!(second.redeem(&kept, &reward, false).is_ok());
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&kept).0, 100);
}

/// Of a page that was open while the file was merged into another.
#[test]
fn what_is_done_to_a_file_that_was_merged_is_done_to_whose_it_is() {
    let shop = Shop::new();
    let (till, owner) = (shop.till(), shop.owner());
    let (kept, gone) = (shop.member("王堃", 1).brief.id, shop.member("王 堃", 2).brief.id);
    till.merge_members(&owner, id(&kept), id(&gone)).expect("the owner may");
    till.ban_member(&owner, id(&gone), true, "打人").expect("the owner may");
    assert!(till.member(&owner, id(&kept)).expect("there").banned);
    let png = b"\x89PNG\r\n\x1a\n".to_vec();
    till.set_photo(&owner, id(&gone), png).expect("the owner may");
    assert!(till.member(&owner, id(&kept)).expect("there").brief.photo.is_some());
    // A form would set all that it was filled with.
    let form = MemberInput { name: "王 堃".into(), ..MemberInput::default() };
    assert_eq!(Desk::code(till.change_member(&owner, id(&gone), form)), "not_found");
    assert_eq!(till.member(&owner, id(&kept)).expect("there").brief.name, "王堃");
}

/// A third file takes one of the two in before anybody has said whether they are one person's.
#[test]
fn who_may_be_one_person_is_asked_until_it_is_settled() {
    let (mut business, first) = Business::with_desk(Engine::Sqlite);
    let second = business.desk("滨江 2", None);
    let third = first.member("林知夏", 7);
    business.same_everywhere(&[&first, &second]);
    business.cut();
    let mother = first.member("周敏", 8);
    business.pass(MINUTE);
    let son = second.member("周小敏", 8);
    business.mend();
    business.same_everywhere(&[&first, &second]);
    let (till, owner) = (first.till(), first.owner());
    let asked = || {
        let page = till.sync_view(&owner, first.line().view()).expect("a page");
        page.duplicates.len()
    };
    assert_eq!(asked(), 1);
    till.merge_members(&owner, id(&third), id(&mother)).expect("the owner may");
    assert_eq!(asked(), 1, "the son and whoever his mother is shown as now");
    till.keep_apart(&owner, id(&third), id(&son)).expect("the owner may");
    assert_eq!(asked(), 0);
}

fn yesterdays_rules_accuse_nobody(engine: Engine) {
    let (business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let member = first.member("王堃", 1);
    first.earn(&member, "100.00");
    business.same_everywhere(&[&first, &second]);
    // Honest points, with yesterday's rules: the rules change at one desk, and the other sells
    // before it hears of it.
    let mut rules = first.till().rules().expect("the rules");
    rules.points_per_unit = 3;
    first.till().save_rules(&first.owner(), rules).expect("the owner may");
    second.earn(&member, "10.00");
    business.same_everywhere(&[&first, &second]);
    assert!(business.hub.inbox().expect("it answers").is_empty(), "nobody is accused");
    assert_eq!(second.points(&member).0, 110);
}

fn what_two_desks_take_back_is_taken_back_once(engine: Engine) {
    let (mut business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let reward = first.reward("毛巾", 100);
    let member = first.member("王堃", 1);
    first.earn(&member, "300.00");
    let redeemed = first.redeem(&member, &reward, false).expect("enough");
    business.same_everywhere(&[&first, &second]);
    business.cut();
    // Both undo the same redemption, and neither can see the other.
    first.till().undo(&first.owner(), id(&redeemed)).expect("the owner may");
    business.pass(MINUTE);
    second.till().undo(&second.owner(), id(&redeemed)).expect("the owner may");
    assert_eq!((first.points(&member).0, second.points(&member).0), (300, 300));
    business.mend();
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&member), (300, 300, 0), "given back once");
    assert_eq!(second.points(&member), (300, 0, 0));

    // Had the second desk given it out again meanwhile, it is owed.
    let redeemed = first.redeem(&member, &reward, false).expect("enough");
    business.same_everywhere(&[&first, &second]);
    business.cut();
    first.till().undo(&first.owner(), id(&redeemed)).expect("the owner may");
    business.pass(MINUTE);
    second.till().undo(&second.owner(), id(&redeemed)).expect("the owner may");
    assert!(second.redeem(&member, &reward, false).is_ok());
    business.mend();
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&member), (300, 300, 100));
}

fn what_runs_out_in_the_pool_is_posted_by_the_hub(engine: Engine) {
    let (business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let member = first.member("王堃", 1);
    first.earn(&member, "300.00");
    business.pass(DAY + MINUTE);
    business.same_everywhere(&[&first, &second]);
    business.pass(800 * DAY);
    assert_eq!(business.hub.expire_due().expect("it answers"), 1);
    assert_eq!(business.hub.expire_due().expect("it answers"), 0);
    first.till().expire_due().expect("it can be written");
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&member), (0, 0, 0));
}

fn a_visit_of_a_pack_is_fetched_for_a_scan(engine: Engine) {
    let (business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let member = first.member("王堃", 1);
    let kind = first.till().save_pass_type(&first.owner(), pack()).expect("the owner may");
    first
        .till()
        .give_pass(&first.owner(), id(&member), id(&kind[0].id))
        .expect("the owner gives passes");
    business.pass(DAY + MINUTE);
    business.same_everywhere(&[&first, &second]);
    let scan = |desk: &Desk| {
        desk.line().before_scan("10000001");
        let who = punchcard_till::Who::Card("10000001".into());
        let view = desk
            .till()
            .check_in(&desk.owner(), who, punchcard_till::CheckInHow::Scan, None)
            .expect("a verdict");
        (!view.refused(), view.pass.and_then(|pass| pass.visits_left))
    };
    assert_eq!(scan(&second), (true, Some(9)), "one of the five in the pool");
    business.same_everywhere(&[&first, &second]);
    business.pass(DAY);
    assert_eq!(scan(&first), (true, Some(8)));
    business.same_everywhere(&[&first, &second]);
}

fn pack() -> punchcard_till::PassTypeInput {
    punchcard_till::PassTypeInput {
        id: None,
        name: "十次卡".into(),
        days: None,
        visits: Some(10),
        price_minor: 50_000,
        active: true,
        terms: None,
    }
}

fn value_rests_where_the_owner_wants_it(engine: Engine) {
    let (business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let mut rules = first.till().rules().expect("the rules");
    rules.rest_percent = 80;
    first.till().save_rules(&first.owner(), rules).expect("the owner may");
    let member = first.member("王堃", 1);
    business.same_everywhere(&[&first, &second]);
    // Earned away from home: after a day it goes home, as much as belongs there.
    second.earn(&member, "101.00");
    business.same_everywhere(&[&first, &second]);
    assert_eq!(second.points(&member), (101, 101, 0));
    business.pass(DAY + MINUTE);
    business.same_everywhere(&[&first, &second]);
    assert_eq!(second.points(&member), (101, 0, 0));
    assert_eq!(first.points(&member), (101, 81, 0), "80 percent, rounded up");
}

/// Somebody who was here today under one of their files is not somebody whom nobody has seen, because of another.
#[test]
fn value_stays_with_who_was_here_under_any_of_their_files() {
    let (mut business, first) = Business::with_desk(Engine::Sqlite);
    let second = business.desk("滨江 2", None);
    business.same_everywhere(&[&first, &second]);
    business.cut();
    let kept = first.member("王堃", 1);
    business.pass(MINUTE);
    let gone = second.member("王堃", 1);
    second.earn(&gone, "50.00");
    business.mend();
    business.same_everywhere(&[&first, &second]);
    first.till().merge_members(&first.owner(), id(&kept), id(&gone)).expect("the owner may");
    business.same_everywhere(&[&first, &second]);
    business.pass(DAY + MINUTE);
    second.earn(&kept, "20.00");
    business.same_everywhere(&[&first, &second]);
    assert_eq!(second.points(&kept), (70, 70, 0));
}

fn what_merged_files_hold_is_moved_spent_and_taken_back_once(engine: Engine) {
    let (mut business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let reward = first.reward("毛巾", 60);
    business.same_everywhere(&[&first, &second]);
    business.cut();
    let kept = first.member("王堃", 1);
    business.pass(MINUTE);
    let gone = second.member("王堃", 1);
    first.earn(&kept, "100.00");
    second.earn(&gone, "50.00");
    let early = second.redeem(&gone, &second.reward("水", 10), false).expect("enough");
    business.mend();
    business.same_everywhere(&[&first, &second]);
    first.till().merge_members(&first.owner(), id(&kept), id(&gone)).expect("the owner may");
    business.same_everywhere(&[&first, &second]);
    // Redeemed by either name, taken back, moved to rest, drawn, run out: never more, never less.
    let spent = first.redeem(&gone, &reward, false).expect("enough");
    business.same_everywhere(&[&first, &second]);
    assert_eq!(second.points(&kept).0, 80);
    first.till().undo(&first.owner(), id(&spent)).expect("the owner may");
    second.till().undo(&second.owner(), id(&early)).expect("the owner may");
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&kept).0, 150);
    business.pass(DAY + MINUTE);
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&kept), (150, 75, 0));
    second.line().draw(&second.owner(), id(&gone), 60).expect("the hub answers");
    assert!(second.redeem(&kept, &reward, false).is_ok());
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&gone).0, 90);
    business.pass(800 * DAY);
    for desk in [&first, &second] {
        desk.till().expire_due().expect("it can be written");
    }
    business.hub.expire_due().expect("it answers");
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&kept), (0, 0, 0));
}

fn hundreds_of_small_lots_are_redeemed_and_drawn(engine: Engine) {
    const LOTS: i64 = 400;
    let (business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let member = first.member("王堃", 1);
    for _ in 0..LOTS {
        first.earn(&member, "1.00");
    }
    let reward = first.reward("毛巾", LOTS);
    business.same_everywhere(&[&first, &second]);
    business.pass(DAY + MINUTE);
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&member), (LOTS, LOTS / 2, 0));
    let drawn = first.line().draw(&first.owner(), id(&member), LOTS / 2).expect("it answers");
    assert_eq!(drawn.drawn, LOTS / 2);
    assert!(first.redeem(&member, &reward, false).is_ok());
    business.same_everywhere(&[&first, &second]);
    assert_eq!(second.points(&member), (0, 0, 0));
}

/// In one entry these would be longer than any entry may be.
#[test]
fn thousands_of_small_lots_are_given_in_as_many_entries_as_they_need() {
    const LOTS: i64 = 2000;
    let (business, first) = Business::with_desk(Engine::Sqlite);
    let second = business.desk("滨江 2", None);
    let mut rules = first.till().rules().expect("the rules");
    rules.rest_percent = 0;
    first.till().save_rules(&first.owner(), rules).expect("the owner may");
    let member = first.member("王堃", 1);
    for _ in 0..LOTS {
        first.earn(&member, "1.00");
    }
    business.same_everywhere(&[&first, &second]);
    business.pass(DAY + MINUTE);
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&member), (LOTS, 0, 0), "all of it is in the pool");
    let drawn = second.line().draw(&second.owner(), id(&member), LOTS).expect("it answers");
    assert_eq!(drawn.drawn, LOTS);
    assert_eq!(second.points(&member), (LOTS, LOTS, 0));
    business.same_everywhere(&[&first, &second]);
}
