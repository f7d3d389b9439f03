//! Rewards with terms: how often, out of what stock, with whose leave; at one desk, and at two with a hub between them.

use punchcard_domain::{
    decide::StockChange,
    fact::{Fact, PointsRedeemed, RewardHandedOver, StockChanged},
    ledger::{Account, Lot, ValueKind},
    limits::AtMost,
    rewards::RewardTerms,
    staff::Role,
};
use punchcard_protocol::{FactId, LotId, StoreId};
use punchcard_tests::{
    DAY, MINUTE, NOON, Shop,
    business::{Business, Desk, Engine},
    id, on_both_engines,
};
use punchcard_till::{
    Actor, CodeInput, RedeemInput, Result, RewardInput, StaffInput, Till,
    views::{Approval, DoneView, RulesInput, StockView},
};

use crate::scribe::{Scribe, fresh};

on_both_engines!(
    two_desks_that_are_apart_each_give_once_and_the_owner_is_told,
    two_desks_of_a_store_never_give_more_than_there_is,
    stock_that_nobody_may_put_in_is_given_by_nobody,
    a_voucher_is_used_once_whatever_the_line_does,
    a_voucher_that_is_none_is_told,
);

/// Sets a reward of ten points with terms; returns its id.
fn offer(till: &Till, name: &str, terms: RewardTerms) -> String {
    let owner = till.owner().expect("there is an owner");
    let input = RewardInput {
        id: None,
        name: name.into(),
        cost: 10,
        minor_per_point: 0,
        active: true,
        terms: Some(terms),
    };
    let all = till.save_reward(&owner, input).expect("a reward");
    let found = all.into_iter().find(|reward| reward.name == name).expect("just set");
    found.id.expect("it has one")
}

fn at_most(at_most: AtMost) -> RewardTerms {
    RewardTerms { at_most, ..RewardTerms::default() }
}

fn once_a_day() -> AtMost {
    AtMost { day: Some(1), ..AtMost::default() }
}

fn input(member: &str, reward: &str) -> RedeemInput {
    RedeemInput { member: id(member), reward: id(reward), points: None, on_trust: false }
}

fn redeem(shop: &Shop, member: &str, reward: &str) -> Result<DoneView> {
    shop.till().redeem(&shop.owner(), input(member, reward))
}

fn refused<T: std::fmt::Debug>(outcome: Result<T>) -> (&'static str, Vec<(String, String)>) {
    let error = outcome.expect_err("refused");
    (error.code(), error.to_app().args.into_iter().collect())
}

fn says<T: std::fmt::Debug>(outcome: Result<T>) -> &'static str {
    outcome.expect_err("refused").code()
}

#[test]
fn a_member_has_it_as_often_as_they_may_and_is_told_when_again() {
    let mut shop = Shop::new();
    let member = shop.member("王堃", 1).brief.id;
    shop.earn(&member, "100.00");
    let reward = offer(shop.till(), "毛巾", at_most(AtMost { month: Some(2), ..once_a_day() }));
    let first = redeem(&shop, &member, &reward).expect("the first");
    let (code, args) = refused(redeem(&shop, &member, &reward));
    assert_eq!(code, "reward_again");
    assert!(args.contains(&("from".into(), "2026-11-24".into())), "{args:?}");
    let preview = shop.till().redeem_preview(&shop.owner(), input(&member, &reward));
    assert_eq!(says(preview), "reward_again", "said before anybody takes anything");
    // Somebody else has theirs.
    let other = shop.member("李喆", 2).brief.id;
    shop.earn(&other, "100.00");
    redeem(&shop, &other, &reward).expect("their first");
    // What was taken back was not had.
    shop.till().undo(&shop.owner(), id(&first.fact)).expect("the owner may");
    redeem(&shop, &member, &reward).expect("the first again");
    shop.reopen();
    assert_eq!(says(redeem(&shop, &member, &reward)), "reward_again");
    shop.pass(DAY);
    redeem(&shop, &member, &reward).expect("the second of the month");
    shop.pass(DAY);
    let (code, args) = refused(redeem(&shop, &member, &reward));
    assert!(args.contains(&("from".into(), "2026-12-01".into())), "{code} {args:?}");
    let (before, after) = shop.till().rebuild().expect("rebuilt");
    assert_eq!(before, after);
    assert_eq!(says(redeem(&shop, &member, &reward)), "reward_again");
    shop.verify();
}

#[test]
fn two_files_of_one_person_have_it_once() {
    let shop = Shop::new();
    let one = shop.member("王堃", 1).brief.id;
    let other = shop.member("王堃", 2).brief.id;
    let reward = offer(shop.till(), "毛巾", at_most(once_a_day()));
    for member in [&one, &other] {
        shop.earn(member, "100.00");
        redeem(&shop, member, &reward).expect("nobody knows that they are one");
    }
    shop.pass(DAY);
    redeem(&shop, &other, &reward).expect("a new day");
    shop.till().merge_members(&shop.owner(), id(&one), id(&other)).expect("the owner may");
    assert_eq!(says(redeem(&shop, &one, &reward)), "reward_again");
}

fn two_desks_that_are_apart_each_give_once_and_the_owner_is_told(engine: Engine) {
    let (business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let member = first.member("王堃", 1);
    let reward = offer(first.till(), "毛巾", at_most(once_a_day()));
    business.same_everywhere(&[&first, &second]);
    first.earn(&member, "100.00");
    second.earn(&member, "100.00");
    let given = first.redeem(&member, &reward, false).expect("nothing is known of the other");
    let also = second.redeem(&member, &reward, false).expect("nor here");
    let told = |business: &Business| {
        let lines = business.hub.inbox().expect("it answers");
        lines.iter().filter(|line| line.code == "reward_too_often").count()
    };
    business.same_everywhere(&[&first, &second]);
    assert_eq!(told(&business), 1, "one of the two was one too many");
    for desk in [&first, &second] {
        assert_eq!(Desk::code(desk.redeem(&member, &reward, false)), "reward_again");
    }
    // One is taken back: they had the other.
    first.till().undo(&first.owner(), id(&given)).expect("the owner may");
    business.same_everywhere(&[&first, &second]);
    for desk in [&first, &second] {
        assert_eq!(Desk::code(desk.redeem(&member, &reward, false)), "reward_again");
    }
    first.till().undo(&first.owner(), id(&also)).expect("the owner may");
    business.same_everywhere(&[&first, &second]);
    second.redeem(&member, &reward, false).expect("had none today");
    business.same_everywhere(&[&first, &second]);
    assert_eq!(told(&business), 1, "this one was right");
    // A desk that begins with the hub's tables knows it too.
    let third = business.desk("新店", None);
    third.sync();
    third.earn(&member, "100.00");
    assert_eq!(Desk::code(third.redeem(&member, &reward, false)), "reward_again");
}

fn of_stock() -> RewardTerms {
    RewardTerms { counts_stock: true, ..RewardTerms::default() }
}

fn stock(till: &Till, reward: &str) -> (i64, i64) {
    let owner = till.owner().expect("there is an owner");
    let StockView { here, elsewhere } = till.stock(&owner, id(reward)).expect("it is kept");
    (here, elsewhere)
}

fn change(till: &Till, reward: &str, change: StockChange) -> Result<StockView> {
    let owner = till.owner().expect("there is an owner");
    till.change_stock(&owner, id(reward), change, "到货")
}

#[test]
fn a_shelf_gives_what_is_on_it() {
    let mut shop = Shop::new();
    let member = shop.member("王堃", 1).brief.id;
    shop.earn(&member, "100.00");
    let reward = offer(shop.till(), "毛巾", of_stock());
    assert_eq!(says(redeem(&shop, &member, &reward)), "out_of_stock");
    let plain = shop.reward("矿泉水", 10);
    assert_eq!(says(change(shop.till(), &plain, StockChange::Put(5))), "bad_input");
    let silent = shop.till().change_stock(&shop.owner(), id(&reward), StockChange::Put(5), " ");
    assert_eq!(says(silent), "bad_input", "somebody says why");
    for none in [StockChange::Put(0), StockChange::Put(-1), StockChange::Take(0)] {
        assert_eq!(says(change(shop.till(), &reward, none)), "bad_amount", "{none:?}");
    }
    change(shop.till(), &reward, StockChange::Put(2)).expect("the owner may");
    let first = redeem(&shop, &member, &reward).expect("one of two");
    let second = redeem(&shop, &member, &reward).expect("the last one");
    assert_eq!(says(redeem(&shop, &member, &reward)), "out_of_stock");
    assert_eq!((shop.points(&member).0, stock(shop.till(), &reward)), (80, (0, 0)));
    // What is taken back lies on the shelf again.
    shop.till().undo(&shop.owner(), id(&second.fact)).expect("the owner may");
    assert_eq!((shop.points(&member).0, stock(shop.till(), &reward)), (90, (1, 0)));
    shop.till().undo(&shop.owner(), id(&first.fact)).expect("the owner may");
    assert_eq!((shop.points(&member).0, stock(shop.till(), &reward)), (100, (2, 0)));

    shop.reopen();
    change(shop.till(), &reward, StockChange::Put(10)).expect("the owner may");
    change(shop.till(), &reward, StockChange::Take(3)).expect("as many are here");
    assert_eq!(says(change(shop.till(), &reward, StockChange::Take(10))), "out_of_stock");
    assert_eq!(stock(shop.till(), &reward), (9, 0));
    for counted in [12, 4, 4, 0] {
        change(shop.till(), &reward, StockChange::Count(counted)).expect("it is set right");
        assert_eq!(stock(shop.till(), &reward), (counted, 0));
    }
    assert_eq!(says(redeem(&shop, &member, &reward)), "out_of_stock");
    let rows = shop.till().day(&shop.owner(), None, true).expect("a day").rows;
    let told = rows.iter().filter(|row| row.kind == "stock_changed");
    assert_eq!(told.count(), 7, "each change is a line of the day");
    let (before, after) = shop.till().rebuild().expect("rebuilt");
    assert_eq!(before, after);
    // Somebody's words stand in no payload.
    shop.till()
        .log(0, |line| {
            assert!(!line.payload.to_string().contains("到货"), "{line:?}");
            Ok(())
        })
        .expect("a journal");
    shop.verify();
}

/// The store's two desks, with a reward of which the first holds so many.
fn two_of_a_store(engine: Engine, amount: i64) -> (Business, Desk, Desk, String, String) {
    let (business, first) = Business::with_desk(engine);
    let store: StoreId = id(&first.till().pass_form().expect("one store").stores[0].id);
    let second = business.desk("静安 2", Some(store));
    let member = first.member("王堃", 1);
    let reward = offer(first.till(), "毛巾", of_stock());
    change(first.till(), &reward, StockChange::Put(amount)).expect("the owner may");
    business.same_everywhere(&[&first, &second]);
    first.earn(&member, "100.00");
    second.earn(&member, "100.00");
    business.same_everywhere(&[&first, &second]);
    (business, first, second, member, reward)
}

fn two_desks_of_a_store_never_give_more_than_there_is(engine: Engine) {
    let (mut business, first, second, member, reward) = two_of_a_store(engine, 3);
    assert_eq!((stock(first.till(), &reward), stock(second.till(), &reward)), ((3, 0), (0, 3)));
    let elsewhere = second.redeem(&member, &reward, false).expect_err("it does not lie here");
    assert_eq!(elsewhere.code(), "stock_elsewhere");
    assert_eq!(elsewhere.to_app().args["elsewhere"], "3");

    // Fetched over the line, as points are.
    let fetch = || second.line().draw_stock(&second.owner(), id(&reward), 1);
    assert_eq!(fetch().expect("the hub answers").here, 0, "nobody listens at the first desk");
    assert_eq!(first.line().answer_asks(100).expect("it is asked"), 1);
    business.pass(MINUTE);
    assert_eq!(fetch().expect("the hub answers").here, 1);
    business.same_everywhere(&[&first, &second]);
    assert_eq!((stock(first.till(), &reward), stock(second.till(), &reward)), ((2, 1), (1, 2)));

    // The line goes down; both go on, and give three in all.
    business.cut();
    let mut given = Vec::new();
    for desk in [&first, &second, &first, &second, &first, &second] {
        match desk.redeem(&member, &reward, false) {
            Ok(fact) => given.push(fact),
            Err(error) => {
                assert!(["out_of_stock", "stock_elsewhere"].contains(&error.code()), "{error}");
            }
        }
    }
    assert_eq!(given.len(), 3, "as many as there were");
    business.mend();
    business.same_everywhere(&[&first, &second]);
    for desk in [&first, &second] {
        assert_eq!(stock(desk.till(), &reward), (0, 0));
        assert_eq!(Desk::code(desk.redeem(&member, &reward, false)), "out_of_stock");
    }

    // Taken back at the desk that gave it, it lies on the shelf again; taken back at another, the
    // points come back, and whoever counts says what lies there.
    second.till().undo(&second.owner(), id(&given[0])).expect("the owner may");
    business.same_everywhere(&[&first, &second]);
    assert_eq!((first.points(&member).0, stock(first.till(), &reward)), (180, (0, 0)));
    first.till().undo(&first.owner(), id(&given[2])).expect("the owner may");
    business.same_everywhere(&[&first, &second]);
    assert_eq!((first.points(&member).0, stock(first.till(), &reward)), (190, (1, 0)));
    change(second.till(), &reward, StockChange::Count(2)).expect("one more was found");
    business.same_everywhere(&[&first, &second]);
    assert_eq!((stock(first.till(), &reward), stock(second.till(), &reward)), ((1, 1), (1, 1)));
    let refused = change(second.till(), &reward, StockChange::Count(0));
    assert_eq!(says(refused), "stock_elsewhere", "nobody takes out what another desk may give");
    assert!(business.hub.inbox().expect("it answers").is_empty());
}

/// A till that writes what it likes cannot fill another's shelf, nor its own unnoticed.
fn stock_that_nobody_may_put_in_is_given_by_nobody(engine: Engine) {
    let (business, first) = Business::with_desk(engine);
    let reward = offer(first.till(), "毛巾", of_stock());
    first.sync();
    let mut scribe = Scribe::join(&business);
    let put = |scribe: &Scribe, kind, to| {
        let lot = Lot { id: LotId(fresh()), kind, amount: 50, to, expires_ms: None };
        Fact::StockChanged(StockChanged {
            id: FactId(fresh()),
            reward: id(&reward),
            store: scribe.store,
            at_ms: NOON,
            amount: 50,
            counted: None,
            put: Some(lot),
            postings: Vec::new(),
            private: None,
            approved_by: None,
        })
    };
    let own = put(&scribe, ValueKind::Stock, Account::Till(scribe.stream));
    let others = put(&scribe, ValueKind::Stock, Account::Till(first.stream()));
    let points = put(&scribe, ValueKind::Points, Account::Till(scribe.stream));
    for fact in [own, others, points] {
        let packet = scribe.fact(&fact, None);
        scribe.push(vec![packet]).expect("what is wrong is kept back");
    }
    first.sync();
    let codes = business.hub.inbox().expect("it answers").into_iter().map(|line| line.code);
    let mut codes: Vec<String> = codes.collect();
    codes.sort_unstable();
    assert_eq!(codes, ["doubtful_points", "quarantined", "quarantined"]);
    assert_eq!(stock(first.till(), &reward), (0, 0));
}

fn later(days: u32) -> RewardTerms {
    RewardTerms { later_days: Some(days), counts_stock: true, ..RewardTerms::default() }
}

/// A member's vouchers: which fact gave each, and whether it can be used here.
fn vouchers(till: &Till, member: &str) -> Vec<(String, bool)> {
    let owner = till.owner().expect("there is an owner");
    let view = till.member(&owner, id(member)).expect("a member");
    view.vouchers.into_iter().map(|voucher| (voucher.given, voucher.here)).collect()
}

fn hand_over(till: &Till, member: &str, given: &str) -> Result<DoneView> {
    let owner = till.owner().expect("there is an owner");
    till.hand_over(&owner, id(member), id(given))
}

#[test]
fn what_is_promised_is_handed_over_once() {
    let mut shop = Shop::new();
    let member = shop.member("王堃", 1).brief.id;
    let other = shop.member("李喆", 2).brief.id;
    shop.earn(&member, "100.00");
    let reward = offer(shop.till(), "毛巾", later(30));
    let promise = |shop: &Shop| shop.till().redeem_later(&shop.owner(), input(&member, &reward));
    let at_once = offer(shop.till(), "矿泉水", RewardTerms::default());
    let not_later = shop.till().redeem_later(&shop.owner(), input(&member, &at_once));
    assert_eq!(says(not_later), "reward_not_later");

    let given = promise(&shop).expect("the owner lets").fact;
    assert_eq!(
        (shop.points(&member).0, vouchers(shop.till(), &member)),
        (90, vec![(given.clone(), true)])
    );
    assert_eq!(says(hand_over(shop.till(), &other, &given)), "not_found", "somebody else's");
    assert_eq!(says(hand_over(shop.till(), &member, &given)), "out_of_stock");
    change(shop.till(), &reward, StockChange::Put(2)).expect("the owner may");
    let handed = hand_over(shop.till(), &member, &given).expect("it is there").fact;
    assert_eq!((vouchers(shop.till(), &member), stock(shop.till(), &reward)), (vec![], (1, 0)));
    assert_eq!(says(hand_over(shop.till(), &member, &given)), "voucher_gone");
    // Who has it does not get the points back; who gives it back has the voucher again.
    assert_eq!(says(shop.till().undo(&shop.owner(), id(&given))), "not_voidable");
    shop.till().undo(&shop.owner(), id(&handed)).expect("the owner may");
    assert_eq!((vouchers(shop.till(), &member).len(), stock(shop.till(), &reward)), (1, (2, 0)));
    shop.till().undo(&shop.owner(), id(&given)).expect("it was not handed over");
    assert_eq!((shop.points(&member).0, vouchers(shop.till(), &member)), (100, vec![]));
    assert_eq!(says(hand_over(shop.till(), &member, &given)), "not_found");

    // The offer may end: what was promised is given, until its last day.
    let given = promise(&shop).expect("the owner lets").fact;
    let late = promise(&shop).expect("the owner lets").fact;
    let ended = RewardInput {
        id: Some(reward.clone()),
        name: "毛巾".into(),
        cost: 10,
        minor_per_point: 0,
        active: false,
        terms: None,
    };
    shop.till().save_reward(&shop.owner(), ended).expect("the owner may");
    shop.reopen();
    shop.pass(30 * DAY);
    hand_over(shop.till(), &member, &given).expect("the last day");
    shop.pass(DAY);
    assert_eq!(says(hand_over(shop.till(), &member, &late)), "voucher_over");
    assert_eq!(vouchers(shop.till(), &member), []);
    shop.till().expire_due().expect("the books are kept");
    assert_eq!(says(hand_over(shop.till(), &member, &late)), "voucher_gone");
    let (before, after) = shop.till().rebuild().expect("rebuilt");
    assert_eq!(before, after);
    shop.verify();
}

fn a_voucher_is_used_once_whatever_the_line_does(engine: Engine) {
    let (mut business, first, second, member, _) = two_of_a_store(engine, 3);
    let terms = RewardTerms { counts_stock: false, ..later(30) };
    let reward = offer(first.till(), "摇摇杯", terms);
    let promise = || {
        let done = first.till().redeem_later(&first.owner(), input(&member, &reward));
        done.expect("the owner lets").fact
    };
    let mut both = [promise(), promise()];
    both.sort_unstable();
    let [one, two] = both;
    business.same_everywhere(&[&first, &second]);
    assert_eq!(vouchers(first.till(), &member), [(one.clone(), true), (two.clone(), true)]);
    assert_eq!(vouchers(second.till(), &member), [(one.clone(), false), (two.clone(), false)]);
    assert_eq!(says(hand_over(second.till(), &member, &one)), "voucher_elsewhere");
    let undone = second.till().undo(&second.owner(), id(&one));
    assert_eq!(says(undone), "not_voidable", "the other desk may hand it over just now");

    // One is fetched over the line, and then used where it lies, with no line at all.
    let fetch = || second.line().before_hand_over(id(&member), id(&one)).expect("known");
    fetch();
    assert_eq!(first.line().answer_asks(100).expect("it is asked"), 1);
    business.pass(MINUTE);
    fetch();
    business.same_everywhere(&[&first, &second]);
    business.cut();
    let mut handed = 0;
    for desk in [&first, &second, &first, &second] {
        for voucher in [&one, &two] {
            match hand_over(desk.till(), &member, voucher) {
                Ok(_) => handed += 1,
                Err(error) => {
                    assert!(
                        ["voucher_gone", "voucher_elsewhere"].contains(&error.code()),
                        "{error}"
                    );
                }
            }
        }
    }
    assert_eq!(handed, 2, "each once");
    business.mend();
    business.same_everywhere(&[&first, &second]);
    for desk in [&first, &second] {
        assert_eq!(vouchers(desk.till(), &member), []);
        assert_eq!(says(hand_over(desk.till(), &member, &one)), "voucher_gone");
    }
    assert!(business.hub.inbox().expect("it answers").is_empty());
}

fn a_voucher_that_is_none_is_told(engine: Engine) {
    let (business, first) = Business::with_desk(engine);
    let member = first.member("王堃", 1);
    let reward = offer(first.till(), "毛巾", later(30));
    first.sync();
    let mut scribe = Scribe::join(&business);
    let handed = Fact::RewardHandedOver(RewardHandedOver {
        id: FactId(fresh()),
        member: id(&member),
        store: scribe.store,
        at_ms: NOON,
        given: FactId(fresh()),
        reward: id(&reward),
        reward_name: "毛巾".into(),
        postings: Vec::new(),
        approved_by: None,
    });
    let promised = |scribe: &Scribe, kind, amount, expires_ms| {
        let id_ = FactId(fresh());
        let to = Account::Till(scribe.stream);
        let lot = Lot { id: LotId(id_.0), kind, amount, to, expires_ms: Some(expires_ms) };
        Fact::PointsRedeemed(PointsRedeemed {
            id: id_,
            member: id(&member),
            store: scribe.store,
            at_ms: NOON,
            reward: id(&reward),
            reward_name: "毛巾".into(),
            points: 10,
            money_off_minor: 0,
            money_minor: 0,
            postings: Vec::new(),
            on_trust: 0,
            code_step: None,
            voucher: Some(lot),
            approved_by: None,
        })
    };
    let facts = [
        handed,
        // Nothing was paid: told, and nobody can use it.
        promised(&scribe, ValueKind::Coupon, 1, NOON + DAY),
        // Points that call themselves a voucher, and vouchers by the dozen, are none.
        promised(&scribe, ValueKind::Points, 1, NOON + DAY),
        promised(&scribe, ValueKind::Coupon, 12, NOON + DAY),
    ];
    for fact in facts {
        let packet = scribe.fact(&fact, None);
        scribe.push(vec![packet]).expect("what is wrong is kept back");
    }
    first.sync();
    let lines = business.hub.inbox().expect("it answers").into_iter().map(|line| line.code);
    let mut codes: Vec<String> = lines.collect();
    codes.sort_unstable();
    let expected = [
        "doubtful_points",
        "doubtful_redemption",
        "doubtful_voucher",
        "quarantined",
        "quarantined",
    ];
    assert_eq!(codes, expected);
    assert_eq!((first.points(&member), vouchers(first.till(), &member)), ((0, 0, 0), vec![]));
}

fn hired(shop: &Shop, name: &str, role: Role, pin: &str) -> (String, Actor) {
    let hire =
        StaffInput { id: None, name: name.into(), role, pin: Some(pin.into()), active: true };
    let all = shop.till().save_staff(&shop.owner(), hire).expect("the owner hires");
    let staff = all.into_iter().find(|person| person.name == name).expect("just hired").id;
    let actor = shop.till().sign_in(id(&staff), pin).expect("the right PIN").0;
    (staff, actor)
}

/// The house rule: what costs more than that needs a manager, whatever the reward itself says; the
/// preview says so beforehand, and nothing is taken until somebody agrees.
#[test]
fn above_the_owners_cost_a_manager_must_agree() {
    let shop = Shop::new();
    let member = shop.member("王堃", 1).brief.id;
    shop.earn(&member, "500.00");
    let (cheap, dear) = (shop.reward("毛巾", 10), shop.reward("跑鞋", 11));
    let free = shop.reward("抵现", 0);
    let rules = shop.till().rules().expect("there are rules");
    assert_eq!(rules.approval_above, None, "nobody asked for it");
    let above = |cost| RulesInput { approval_above: Some(cost), ..rules.clone() };
    let wrong = shop.till().save_rules(&shop.owner(), above(-1));
    let (code, args) = refused(wrong);
    assert_eq!((code, args[0].1.as_str()), ("bad_input", "approval_above"));
    shop.till().save_rules(&shop.owner(), above(10)).expect("the owner may");

    let (_, cashier) = hired(&shop, "李想", Role::Cashier, "493527");
    let (manager, _) = hired(&shop, "周敏", Role::Manager, "840028");
    let ask = |reward: &str, points| RedeemInput { points, ..input(&member, reward) };
    let needs = |actor: &Actor, ask| {
        shop.till().redeem_preview(actor, ask).expect("enough points").needs_leave
    };
    let given = |actor: &Actor, ask| shop.till().redeem(actor, ask).map(|done| done.points);
    assert!(!needs(&cashier, ask(&cheap, None)) && needs(&cashier, ask(&dear, None)));
    assert!(!needs(&shop.owner(), ask(&dear, None)), "the owner needs nobody");
    assert_eq!(given(&cashier, ask(&cheap, None)).expect("ten are not above ten"), -10);
    assert_eq!(says(given(&cashier, ask(&dear, None))), "approval_needed");
    assert_eq!(given(&cashier, ask(&free, Some(10))).expect("her choice"), -10);
    assert_eq!(says(given(&cashier, ask(&free, Some(11)))), "approval_needed");
    let later = shop.till().redeem_with(&cashier, ask(&dear, None), true, CodeInput::None);
    assert_eq!(says(later), "reward_not_later", "what cannot be is said first");
    assert_eq!(shop.points(&member).0, 480);

    let approval = Approval { staff: manager, pin: "840028".into() };
    let leave = shop.till().approve(&cashier, Some(&approval)).expect("the right PIN");
    assert_eq!(given(&leave, ask(&dear, None)).expect("with leave"), -11);
    assert_eq!(given(&shop.owner(), ask(&dear, None)).expect("the owner"), -11);
    shop.verify();
}

/// A reward that needs a manager's leave: the cashier alone does not give it, a wrong PIN opens
/// nothing, and the entry names the manager whose PIN did.
#[test]
fn a_manager_gives_leave_with_their_pin_and_the_entry_names_them() {
    let shop = Shop::new();
    let member = shop.member("王堃", 1).brief.id;
    shop.earn(&member, "100.00");
    let terms = RewardTerms { needs_approval: true, ..RewardTerms::default() };
    let reward = offer(shop.till(), "跑鞋", terms);
    let (_, cashier) = hired(&shop, "李想", Role::Cashier, "493527");
    let (other, _) = hired(&shop, "赵云", Role::Cashier, "593528");
    let (manager, _) = hired(&shop, "周敏", Role::Manager, "840028");
    let given = |actor: &Actor| shop.till().redeem(actor, input(&member, &reward));
    let entries = || {
        let mut all = Vec::new();
        let each = |line: punchcard_till::LogLine| {
            all.push((line.kind, line.payload));
            Ok(())
        };
        shop.till().log(0, each).expect("a journal");
        all
    };
    let before = entries().len();

    let (code, args) = refused(given(&cashier));
    assert_eq!(code, "approval_needed");
    assert!(args.contains(&("permission".into(), "approve_reward".into())), "{args:?}");
    let with = |staff: &str, pin: &str| {
        let approval = Approval { staff: staff.into(), pin: pin.into() };
        shop.till().approve(&cashier, Some(&approval))
    };
    assert_eq!(says(with(&manager, "840029")), "wrong_pin");
    let no_better = with(&other, "593528").expect("their own PIN");
    assert_eq!(says(given(&no_better)), "approval_needed", "another cashier is no manager");
    assert_eq!((entries().len(), shop.points(&member)), (before, (100, 100, 0)));

    let leave = with(&manager, "840028").expect("the right PIN");
    let done = given(&leave).expect("with leave");
    assert_eq!((done.points, shop.points(&member)), (-10, (90, 90, 0)));
    let (_, payload) = entries().pop().expect("an entry");
    assert_eq!((&payload["id"], &payload["approved_by"]), (&done.fact.into(), &manager.into()));
    // The owner needs nobody's.
    given(&shop.owner()).expect("an owner is a manager");
    let (_, payload) = entries().pop().expect("an entry");
    assert_eq!(payload.get("approved_by"), None);
    shop.verify();
}
