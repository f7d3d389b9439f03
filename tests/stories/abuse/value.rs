//! Spending what is not there: at one desk, at two, at the hub; and value that nothing explains.

use std::collections::BTreeSet;

use punchcard_domain::{
    earning::Part,
    fact::{
        Before, ByRules, Fact, FactVoided, Gain, MemberRegistered, Pass, PassGiven,
        PassTransferred, PassUpgraded, PointsAdjusted, PointsRedeemed, PointsTransferred,
        RecordSet, ReferralRewarded, ToppedUp, ValueReturned,
    },
    ledger::{Account, Lot, ValueKind},
    records::Rules,
    terms::Terms,
};
use punchcard_protocol::{FactId, LotId, MemberId, PassId, RecordId, StaffId, sync::path};
use punchcard_tests::{
    DAY, MINUTE, NOON, Shop,
    business::{Business, Desk, Engine},
    id, on_both_engines,
};
use punchcard_till::{CheckInHow, PassChange, PassTypeInput, RedeemInput, Who};
use serde_json::{Value, json};

use super::wire::burst;
use crate::scribe::{Scribe, fresh, lot_of, posting, stocked};

on_both_engines!(
    one_visit_is_used_at_one_of_two_desks,
    a_burst_of_draws_is_granted_what_the_pool_has,
    points_that_no_rule_gives_are_frozen_and_told,
    value_given_anew_is_what_was_spent,
    a_file_brings_its_points_along_once,
    a_pass_is_what_its_kind_is,
    what_was_never_paid_is_not_credited,
    a_redemption_below_its_price_is_told,
    a_redemption_without_the_leave_it_needs_is_told,
    more_than_there_is_is_told_and_attributed,
    one_member_at_two_branches_at_once_is_told,
    points_by_hand_are_given_by_who_may,
    points_that_were_given_away_are_had_once,
    rewards_and_money_out_of_nothing_are_frozen,
);

fn codes(business: &Business) -> Vec<String> {
    business.hub.inbox().expect("it answers").into_iter().map(|line| line.code).collect()
}

fn told(business: &Business, code: &str) -> Vec<serde_json::Map<String, Value>> {
    let lines = business.hub.inbox().expect("it answers").into_iter();
    lines.filter(|line| line.code == code).map(|line| line.args).collect()
}

fn scan(desk: &Desk, card: &str) -> punchcard_till::views::CheckInView {
    let who = Who::Card(card.into());
    desk.till().check_in(&desk.owner(), who, CheckInHow::Scan, None).expect("a verdict")
}

#[test]
fn fifty_at_once_redeem_what_there_is_and_no_more() {
    let shop = Shop::new();
    let member = shop.member("孙行", 1).brief.id;
    let reward = shop.reward("蛋白奶昔", 300);
    shop.earn(&member, "2250.00");
    let redeem = || {
        let input =
            RedeemInput { member: id(&member), reward: id(&reward), points: None, on_trust: false };
        shop.till().redeem(&shop.owner(), input).is_ok()
    };
    let done: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..50).map(|_| scope.spawn(|| usize::from(redeem()))).collect();
        threads.into_iter().map(|thread| thread.join().expect("it answers")).sum()
    });
    assert_eq!(done, 7);
    assert_eq!(shop.points(&member), (150, 150, 0));
    shop.verify();
}

fn one_visit_is_used_at_one_of_two_desks(engine: Engine) {
    let (mut business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let member = first.member("王堃", 1);
    let kind = PassTypeInput {
        id: None,
        name: "单次".into(),
        days: None,
        visits: Some(1),
        price_minor: 5_000,
        active: true,
        terms: None,
    };
    let kinds = first.till().save_pass_type(&first.owner(), kind).expect("the owner may");
    first.till().give_pass(&first.owner(), id(&member), id(&kinds[0].id)).expect("given");
    business.same_everywhere(&[&first, &second]);
    business.cut();
    let there = scan(&second, "10000001");
    assert!(there.refused());
    assert_eq!(there.reasons[0].code(), "visits_elsewhere");
    assert!(!scan(&first, "10000001").refused());
    business.pass(DAY);
    assert_eq!(scan(&first, "10000001").reasons[0].code(), "no_visits_left");
    business.mend();
    business.same_everywhere(&[&first, &second]);
    assert!(scan(&second, "10000001").refused());
    assert!(codes(&business).is_empty(), "{:?}", codes(&business));
}

fn a_burst_of_draws_is_granted_what_the_pool_has(engine: Engine) {
    let (business, first, second, member, _) = stocked(engine);
    business.pass(DAY + MINUTE);
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&member), (500, 250, 0), "the rest lies in the pool");
    // Nobody listens at the desks: who is asked does not answer, and nobody waits.
    business.pass(MINUTE);
    let (one, other) = (Scribe::join(&business), Scribe::join(&business));
    let ask = |id: uuid::Uuid| json!({"id": id, "member": member, "kind": "points", "amount": 10});
    let granted = |answers: &[(u16, Vec<u8>)]| -> i64 {
        let amounts = answers.iter().map(|(status, body)| {
            assert_eq!(*status, 200, "{}", String::from_utf8_lossy(body));
            let answer: Value = serde_json::from_slice(body).expect("JSON");
            answer["granted"].as_i64().expect("a number")
        });
        amounts.sum()
    };
    // One ask, fifty times at once: one grant. Each answer tells of the same ten points.
    let same = fresh();
    let answers = burst(&[(&one, path::DRAW, vec![ask(same); 50])]);
    assert_eq!(granted(&answers), 500);
    let entries: BTreeSet<&[u8]> = answers.iter().map(|(_, body)| body.as_slice()).collect();
    assert_eq!(entries.len(), 1, "one and the same answer");
    // Then fifty from one till and from two, each in one packet: 240 are left.
    let asks = |n| (0..n).map(|_| ask(fresh())).collect::<Vec<_>>();
    let answers = burst(&[(&one, path::DRAW, asks(10))]);
    assert_eq!(granted(&answers), 100);
    let answers = burst(&[(&one, path::DRAW, asks(25)), (&other, path::DRAW, asks(25))]);
    assert_eq!(granted(&answers), 140);
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&member), (500, 250, 0));
    let holds = |scribe: &Scribe| {
        let tills = business.hub.tills().expect("it answers");
        tills.iter().find(|line| line.till == scribe.stream.till).expect("paired").holds_points
    };
    assert_eq!(holds(&one) + holds(&other), 250);
}

/// A signed entry of a genuine till: 100,000 points for one yuan. They are on file, and nobody
/// spends them: not the till that returns them to the pool, not a desk that draws.
fn points_that_no_rule_gives_are_frozen_and_told(engine: Engine) {
    let (business, first, second, member, _) = stocked(engine);
    let mut scribe = Scribe::join(&business);
    let lot = scribe.lot(100_000);
    let mut earned = scribe.earned(id(&member), lot);
    earned.amount_minor = 100;
    let fake = scribe.fact(&Fact::PointsEarned(earned), None);
    scribe.says(vec![fake]);
    let lines = told(&business, "doubtful_points");
    assert_eq!(lines.len(), 1);
    assert_eq!((&lines[0]["points"], &lines[0]["expected"]), (&json!(100_000), &json!(1)));
    assert_eq!(lines[0]["till"], scribe.stream.till.to_string());
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&member).1, 500);
    assert_eq!(second.points(&member).1, 0);

    // Handed to the pool, they stay there.
    let mine = Account::Till(scribe.stream);
    let returned = Fact::ValueReturned(ValueReturned {
        id: FactId(fresh()),
        member: id(&member),
        at_ms: NOON,
        postings: vec![posting(lot.id, mine, Account::Pool, 100_000)],
    });
    let returned = scribe.fact(&returned, None);
    scribe.says(vec![returned]);
    business.pass(MINUTE);
    let drawn = second.line().draw(&second.owner(), id(&member), 1_000).expect("it answers");
    assert_eq!(drawn.drawn, 0);
    business.same_everywhere(&[&first, &second]);
    assert_eq!(second.points(&member).1, 0);

    // A person rules: they are not accepted, and stay frozen for good.
    let inbox = business.hub.inbox().expect("it answers");
    let line = inbox.iter().find(|line| line.code == "doubtful_points").expect("told");
    business.hub.settle(&line.id, false).expect("a manager may");
    let drawn = second.line().draw(&second.owner(), id(&member), 1_000).expect("it answers");
    assert_eq!(drawn.drawn, 0);
}

/// A void is how points are given anew; one that gives more than was spent, gives for what was
/// never there, or gives twice, gives nothing that can be spent.
fn value_given_anew_is_what_was_spent(engine: Engine) {
    let (business, first, second, member, reward) = stocked(engine);
    let redeemed = first.redeem(&member, &reward, false).expect("enough");
    business.same_everywhere(&[&first, &second]);
    let mut scribe = Scribe::join(&business);
    let void = |scribe: &Scribe, target: FactId, amount: i64| {
        let lot = scribe.lot(amount);
        let fact = FactVoided {
            id: FactId(fresh()),
            target,
            member: Some(id(&member)),
            at_ms: NOON,
            postings: vec![],
            lots: vec![lot],
            take_back: vec![],
            debt: 0,
            points: amount,
            approved_by: None,
        };
        (lot.id, Fact::FactVoided(fact))
    };
    let (one_too_many, more) = void(&scribe, id(&redeemed), 101);
    let (from_nothing, nowhere) = void(&scribe, FactId(fresh()), 100_000);
    let packets = [more, nowhere].map(|fact| scribe.fact(&fact, None));
    scribe.says(packets.to_vec());
    let frozen = |business: &Business| -> BTreeSet<LotId> {
        let lines = told(business, "doubtful_points").into_iter();
        lines.map(|args| id(args["lot"].as_str().expect("an id"))).collect()
    };
    assert_eq!(frozen(&business), BTreeSet::from([one_too_many, from_nothing]));
    // An honest one is believed; the same journal's second one is not.
    let mut honest = Scribe::join(&business);
    let (given, fact) = void(&honest, id(&redeemed), 100);
    let (again, second_fact) = void(&honest, id(&redeemed), 100);
    let packets = [fact, second_fact].map(|fact| honest.fact(&fact, None));
    honest.says(packets.to_vec());
    let all = frozen(&business);
    assert!(all.contains(&again) || all.contains(&given), "{all:?}");
    business.same_everywhere(&[&first, &second]);
}

/// What an import brings along is added up for the owner; a file that is opened once more brings
/// nothing.
fn a_file_brings_its_points_along_once(engine: Engine) {
    let (business, first, second, member, _) = stocked(engine);
    let mut scribe = Scribe::join(&business);
    let mut packets = Vec::new();
    for amount in [30, 40] {
        let fact = scribe.registered(vec![scribe.lot(amount)], None);
        packets.push(scribe.fact(&fact, None));
    }
    scribe.says(packets);
    let lines = told(&business, "opening_value");
    assert_eq!(lines.len(), 1, "one line a till");
    assert_eq!((&lines[0]["points"], &lines[0]["members"]), (&json!(70), &json!(2)));
    assert!(told(&business, "doubtful_points").is_empty());

    let again = MemberRegistered {
        id: FactId(fresh()),
        member: id(&member),
        tier: None,
        home_store: scribe.store,
        joined_ms: None,
        opening: vec![scribe.lot(100_000)],
        passes: vec![Pass {
            id: PassId(fresh()),
            name: "次卡".into(),
            pass_type: None,
            from: "2026-11-23".parse().expect("a day"),
            until: None,
            visits: Some(Lot { kind: ValueKind::Visits, ..scribe.lot(999) }),
            terms: Terms::default(),
            before: None,
        }],
        private: None,
    };
    let again = scribe.fact(&Fact::MemberRegistered(again), None);
    scribe.says(vec![again]);
    assert_eq!(told(&business, "doubtful_points").len(), 2);
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&member).1, 500);
}

fn a_pass_is_what_its_kind_is(engine: Engine) {
    let (business, first, second, member, _) = stocked(engine);
    let kind = PassTypeInput {
        id: None,
        name: "十次卡".into(),
        days: None,
        visits: Some(10),
        price_minor: 50_000,
        active: true,
        terms: None,
    };
    let kinds = first.till().save_pass_type(&first.owner(), kind).expect("the owner may");
    let kind: RecordId = id(&kinds[0].id);
    first.till().give_pass(&first.owner(), id(&member), kind).expect("the owner may");
    business.same_everywhere(&[&first, &second]);
    assert!(codes(&business).is_empty(), "{:?}", codes(&business));

    let mut scribe = Scribe::join(&business);
    let given = |scribe: &Scribe, visits: i64, price_minor: i64| {
        let lot = Lot { kind: ValueKind::Visits, ..scribe.lot(visits) };
        let pass = Pass {
            id: PassId(fresh()),
            name: "十次卡".into(),
            pass_type: Some(kind),
            from: "2026-11-23".parse().expect("a day"),
            until: None,
            visits: Some(lot),
            terms: Terms::default(),
            before: None,
        };
        let member: MemberId = id(&member);
        let (id, transferred) = (FactId(fresh()), None);
        let (price_percent, approved_by) = (None, None);
        let fact =
            PassGiven { id, member, pass, price_minor, price_percent, transferred, approved_by };
        Fact::PassGiven(fact)
    };
    let facts = [(1000, 50_000), (10, 1)].map(|(visits, price)| given(&scribe, visits, price));
    let packets = facts.map(|fact| scribe.fact(&fact, None));
    scribe.says(packets.to_vec());
    assert_eq!(told(&business, "doubtful_pass").len(), 2);
    assert_eq!(told(&business, "doubtful_points").len(), 2, "and the visits are frozen");
    business.same_everywhere(&[&first, &second]);
}

/// A pass of 800.00 for 1.00, as if 799.00 had been paid for the pass before it, or by whoever had that.
fn what_was_never_paid_is_not_credited(engine: Engine) {
    let (business, first, second, member, _) = stocked(engine);
    let kind = |name: &str, visits, price_minor| {
        let input = PassTypeInput {
            id: None,
            name: name.into(),
            days: None,
            visits: Some(visits),
            price_minor,
            active: true,
            terms: None,
        };
        let kinds = first.till().save_pass_type(&first.owner(), input).expect("the owner may");
        let kind = kinds.into_iter().find(|kind| kind.name == name).expect("just set");
        id::<RecordId>(&kind.id)
    };
    let (ten, twenty) = (kind("十次卡", 10, 50_000), kind("二十次卡", 20, 80_000));
    for _ in 0..3 {
        first.till().give_pass(&first.owner(), id(&member), ten).expect("the owner may");
    }
    let file = first.till().member(&first.owner(), id(&member)).expect("a member");
    let sold: Vec<PassId> = file.passes.iter().map(|pass| id(&pass.id)).collect();
    let [honest, cheap, away] = sold[..] else { unreachable!("three were given") };
    let upgrade = PassChange::Upgrade { to: twenty };
    first.till().change_pass(&first.owner(), id(&member), honest, upgrade).expect("all is here");
    business.same_everywhere(&[&first, &second]);
    assert!(codes(&business).is_empty(), "{:?}", codes(&business));

    let mut scribe = Scribe::join(&business);
    let before = |paid_minor| Some(Before { paid_minor, used: 0 });
    let pass = |scribe: &Scribe, kind, visits, before| Pass {
        id: PassId(fresh()),
        name: "二十次卡".into(),
        pass_type: Some(kind),
        from: "2026-11-23".parse().expect("a day"),
        until: None,
        visits: Some(Lot { kind: ValueKind::Visits, ..scribe.lot(visits) }),
        terms: Terms::default(),
        before,
    };
    let upgraded = PassUpgraded {
        id: FactId(fresh()),
        member: id(&member),
        pass: cheap,
        at_ms: NOON,
        on: "2026-11-23".parse().expect("a day"),
        given: pass(&scribe, twenty, 20, before(79_900)),
        paid_minor: 100,
        price_percent: None,
        postings: Vec::new(),
        approved_by: None,
    };
    let (gone, came) = (FactId(fresh()), FactId(fresh()));
    let Fact::MemberRegistered(other) = scribe.registered(Vec::new(), None) else {
        unreachable!("it was made so")
    };
    let transferred = PassTransferred {
        id: gone,
        member: id(&member),
        pass: away,
        at_ms: NOON,
        on: "2026-11-23".parse().expect("a day"),
        to: other.member,
        given: came,
        fee_minor: 0,
        fee_points: 0,
        postings: Vec::new(),
        approved_by: None,
    };
    let given = PassGiven {
        id: came,
        member: other.member,
        pass: Pass { visits: None, ..pass(&scribe, ten, 1, before(79_900)) },
        price_minor: 0,
        price_percent: None,
        transferred: Some(gone),
        approved_by: None,
    };
    let lies = [
        Fact::MemberRegistered(other),
        Fact::PassUpgraded(upgraded),
        Fact::PassTransferred(transferred),
        Fact::PassGiven(given),
    ];
    let packets = lies.map(|fact| scribe.fact(&fact, None));
    scribe.says(packets.to_vec());
    assert_eq!(told(&business, "doubtful_pass").len(), 2);
    assert_eq!(told(&business, "doubtful_points").len(), 1, "and the visits are frozen");
    business.same_everywhere(&[&first, &second]);
}

/// What Odoo takes for 0.01 instead of 10.00: the reward costs 100, the till says one.
fn a_redemption_below_its_price_is_told(engine: Engine) {
    let (business, first, second, member, reward) = stocked(engine);
    let honest = first.redeem(&member, &reward, false);
    honest.expect("enough");
    business.same_everywhere(&[&first, &second]);
    assert!(codes(&business).is_empty(), "{:?}", codes(&business));
    let mut scribe = Scribe::join(&business);
    let lot = scribe.lot(50);
    let earned = Fact::PointsEarned(scribe.earned(id(&member), lot));
    let (mine, spent) = (Account::Till(scribe.stream), Account::Spent(scribe.stream));
    let cheap = |points: i64, taken: i64, on_trust: i64| {
        Fact::PointsRedeemed(PointsRedeemed {
            id: FactId(fresh()),
            member: id(&member),
            store: scribe.store,
            at_ms: NOON,
            reward: id(&reward),
            reward_name: "毛巾".into(),
            points,
            money_off_minor: 0,
            postings: vec![posting(lot.id, mine, spent, taken)],
            money_minor: 0,
            on_trust,
            code_step: None,
            voucher: None,
            approved_by: None,
        })
    };
    let facts = [earned, cheap(1, 1, 0), cheap(100, 1, 0), cheap(100, 1, 99)];
    let packets = facts.map(|fact| scribe.fact(&fact, None));
    scribe.says(packets.to_vec());
    let lines = told(&business, "doubtful_redemption");
    assert_eq!(lines.len(), 3, "{lines:?}");
    for line in &lines {
        assert_eq!(line["cost"], json!(100));
        assert_eq!(line["till"], scribe.stream.till.to_string());
    }
    business.same_everywhere(&[&first, &second]);
}

/// A till that set the cost above which a manager must agree, and asks nobody; one that may not have
/// heard of that cost is not accused.
fn a_redemption_without_the_leave_it_needs_is_told(engine: Engine) {
    let (business, first, second, member, reward) = stocked(engine);
    let owner = first.owner().staff;
    let redeemed = |scribe: &mut Scribe, approved_by: Option<StaffId>| {
        let lot = scribe.lot(100);
        let earned = Fact::PointsEarned(scribe.earned(id(&member), lot));
        let (mine, spent) = (Account::Till(scribe.stream), Account::Spent(scribe.stream));
        let Fact::PointsRedeemed(body) =
            scribe.redeemed(id(&member), posting(lot.id, mine, spent, 100))
        else {
            unreachable!("it is one")
        };
        let (reward, reward_name) = (id(&reward), "毛巾".into());
        let taken =
            Fact::PointsRedeemed(PointsRedeemed { reward, reward_name, approved_by, ..body });
        let packets = [earned, taken].map(|fact| scribe.fact(&fact, None));
        scribe.says(packets.to_vec());
        told(&business, "redemption_without_leave").len()
    };
    let mut scribe = Scribe::join(&business);
    assert_eq!(redeemed(&mut scribe, None), 0, "it needs none yet");
    scribe.waits(60_000);
    let rules = Rules { approval_above: Some(99), ..Rules::default() };
    let set = RecordSet { id: FactId(fresh()), record: rules, private: None };
    let set = scribe.fact(&Fact::RulesSet(set), None);
    scribe.says(vec![set]);
    assert_eq!(redeemed(&mut scribe, None), 1, "by nobody who may");
    assert_eq!(redeemed(&mut scribe, Some(StaffId(fresh()))), 2, "approved by nobody");
    assert_eq!(redeemed(&mut scribe, Some(owner)), 2, "as the owner let it");
    let lines = told(&business, "redemption_without_leave");
    assert_eq!(lines[0]["points"], json!(100));
    assert_eq!(lines[0]["till"], scribe.stream.till.to_string());
    let mut other = Scribe::join(&business);
    assert_eq!(redeemed(&mut other, None), 2, "it may not have heard of it");
    business.same_everywhere(&[&first, &second]);
}

/// What Odoo takes twice, down to −19,990: a till that spends what it does not have.
fn more_than_there_is_is_told_and_attributed(engine: Engine) {
    let (business, first, _, member, _) = stocked(engine);
    let mut scribe = Scribe::join(&business);
    let lot = scribe.lot(100);
    let (mine, spent) = (Account::Till(scribe.stream), Account::Spent(scribe.stream));
    let mut facts = vec![Fact::PointsEarned(scribe.earned(id(&member), lot))];
    for _ in 0..2 {
        facts.push(scribe.redeemed(id(&member), posting(lot.id, mine, spent, 60_000)));
    }
    let packets = facts.iter().map(|fact| scribe.fact(fact, None)).collect();
    scribe.says(packets);
    let lines = told(&business, "overdrawn");
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["points"], json!(119_900));
    assert_eq!(lines[0]["till"], scribe.stream.till.to_string());
    // The other desks spend what lies with them, and no more.
    first.sync();
    assert_eq!(first.points(&member).1, 500);
    assert_eq!(lot_of(&first, &member).0.get_version_num(), 7);
}

/// One card at two branches within minutes, and neither desk has a line: both let in, as they must,
/// and the owner is told once both have been heard.
fn one_member_at_two_branches_at_once_is_told(engine: Engine) {
    let (mut business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let member = first.member("王堃", 1);
    let kind = PassTypeInput {
        id: None,
        name: "年卡".into(),
        days: Some(365),
        visits: None,
        price_minor: 99_900,
        active: true,
        terms: None,
    };
    let kinds = first.till().save_pass_type(&first.owner(), kind).expect("the owner may");
    first.till().give_pass(&first.owner(), id(&member), id(&kinds[0].id)).expect("given");
    business.same_everywhere(&[&first, &second]);
    // The same desk twice is "seen again", and no news.
    assert!(!scan(&first, "10000001").refused());
    scan(&first, "10000001");
    business.same_everywhere(&[&first, &second]);
    assert!(codes(&business).is_empty(), "{:?}", codes(&business));
    business.pass(DAY);
    business.cut();
    assert!(!scan(&first, "10000001").refused());
    business.pass(5 * MINUTE);
    assert!(!scan(&second, "10000001").refused());
    business.mend();
    business.same_everywhere(&[&first, &second]);
    let lines = told(&business, "seen_twice");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0]["member"], member.as_str());
    let apart = lines[0]["at_ms"].as_i64().expect("a moment")
        - lines[0]["other_at_ms"].as_i64().expect("a moment");
    assert_eq!(apart.abs(), 5 * MINUTE);
}

fn gain(lot: Lot) -> Gain {
    Gain { lot, repaid: None, usable_ms: None }
}

fn frozen(business: &Business) -> BTreeSet<LotId> {
    let lines = told(business, "doubtful_points").into_iter();
    lines.map(|args| id(args["lot"].as_str().expect("an id"))).collect()
}

/// Both facts of a transfer out of one lot into another: what goes, and what comes.
fn given_away(scribe: &Scribe, from: &str, to: &str, out_of: LotId, into: Lot) -> [Fact; 2] {
    let (mine, spent) = (Account::Till(scribe.stream), Account::Spent(scribe.stream));
    let (went, came) = (FactId(fresh()), FactId(fresh()));
    let gone = PointsTransferred {
        id: went,
        member: id(from),
        store: scribe.store,
        at_ms: NOON,
        points: -into.amount,
        other: id(to),
        counterpart: came,
        postings: vec![posting(out_of, mine, spent, into.amount)],
        gains: vec![],
        approved_by: None,
    };
    let arrival = PointsTransferred {
        id: came,
        member: id(to),
        points: into.amount,
        other: id(from),
        counterpart: went,
        postings: vec![],
        gains: vec![gain(into)],
        ..gone.clone()
    };
    [gone, arrival].map(Fact::PointsTransferred)
}

/// A till that says that nobody gave a hundred thousand points for a reason, and gives them on: they
/// are frozen with whoever has them.
fn points_by_hand_are_given_by_who_may(engine: Engine) {
    let (business, first, second, member, _) = stocked(engine);
    let other = first.member("李喆", 2);
    business.same_everywhere(&[&first, &second]);
    let mut scribe = Scribe::join(&business);
    let (lot, on) = (scribe.lot(100_000), scribe.lot(100_000));
    let adjusted = Fact::PointsAdjusted(PointsAdjusted {
        id: FactId(fresh()),
        member: id(&member),
        store: scribe.store,
        at_ms: NOON,
        points: 100_000,
        earned: Some(gain(lot)),
        postings: vec![],
        private: None,
        approved_by: None,
    });
    let [gone, came] = given_away(&scribe, &member, &other, lot.id, on);
    let packets = [adjusted, gone, came].map(|fact| scribe.fact(&fact, None));
    scribe.says(packets.to_vec());
    assert_eq!(frozen(&business), BTreeSet::from([lot.id, on.id]));
    let sums = told(&business, "adjusted_points");
    assert_eq!((sums.len(), &sums[0]["given"]), (1, &json!(100_000)));
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&member).1, 500);
    assert_eq!(second.points(&other).1, 0);

    // Somebody who may says it in so many words, and is believed.
    let mut honest = Scribe::join(&business);
    let lot = honest.lot(70);
    let approved = Fact::PointsAdjusted(PointsAdjusted {
        id: FactId(fresh()),
        member: id(&member),
        store: honest.store,
        at_ms: NOON,
        points: 70,
        earned: Some(gain(lot)),
        postings: vec![],
        private: None,
        approved_by: Some(first.owner().staff),
    });
    let approved = honest.fact(&approved, None);
    honest.says(vec![approved]);
    assert!(!frozen(&business).contains(&lot.id));
}

/// Points for sending somebody who never came, and money that nobody loaded who may: frozen, each.
fn rewards_and_money_out_of_nothing_are_frozen(engine: Engine) {
    let (business, first, second, member, _) = stocked(engine);
    let other = first.member("李喆", 2);
    let rule = r#"{"name": "sent", "per": "refers", "points": 50}"#;
    let rules = first.till().set_earn_rules(&first.owner(), rule).expect("it can be read");
    business.same_everywhere(&[&first, &second]);
    let mut scribe = Scribe::join(&business);
    let (reward, money) = (scribe.lot(50), scribe.lot(100_000));
    let part = Part { rule: rules[0].id, version: 1, points: 50 };
    let rewarded = Fact::ReferralRewarded(ReferralRewarded {
        id: FactId(fresh()),
        member: id(&member),
        store: scribe.store,
        at_ms: NOON,
        of: id(&other),
        cause: FactId(fresh()),
        earned: Some(gain(reward)),
        by_rules: ByRules { parts: vec![part], ..ByRules::default() },
    });
    let value = Lot { kind: ValueKind::Money, ..money };
    let loaded = Fact::ToppedUp(ToppedUp {
        id: FactId(fresh()),
        member: id(&member),
        store: scribe.store,
        at_ms: NOON,
        value,
        earned: None,
        by_rules: None,
        private: None,
        approved_by: None,
    });
    let packets = [rewarded, loaded].map(|fact| scribe.fact(&fact, None));
    scribe.says(packets.to_vec());
    assert_eq!(frozen(&business), BTreeSet::from([reward.id, money.id]));
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&member).1, 500);
}

/// More comes than went, it comes for longer, twice, out of nothing, or goes back while somebody else
/// still has it: frozen, each. An honest one is believed.
fn points_that_were_given_away_are_had_once(engine: Engine) {
    let (business, first, second, member, _) = stocked(engine);
    let other = first.member("李喆", 2);
    business.same_everywhere(&[&first, &second]);
    let mut scribe = Scribe::join(&business);
    let mine = scribe.lot(100);
    let earned = Fact::PointsEarned(scribe.earned(id(&member), mine));
    let (honest, longer, more) = (scribe.lot(40), scribe.lot(10), scribe.lot(1_000));
    let [gone, came] = given_away(&scribe, &member, &other, mine.id, honest);
    let longer = Lot { expires_ms: Some(NOON + DAY), ..longer };
    let [gone_for_now, for_longer] = given_away(&scribe, &member, &other, mine.id, longer);
    let packets = [earned, gone.clone(), came.clone(), gone_for_now, for_longer]
        .map(|fact| scribe.fact(&fact, None));
    scribe.says(packets.to_vec());
    assert_eq!(frozen(&business), BTreeSet::from([longer.id]));

    // The same arrival once more, with a lot of its own; and one that nothing went for.
    let Fact::PointsTransferred(body) = &came else { unreachable!("it came") };
    let again = scribe.lot(40);
    let twice = PointsTransferred { gains: vec![gain(again)], ..body.clone() };
    let nowhere = scribe.lot(40);
    let from_nothing = PointsTransferred {
        id: FactId(fresh()),
        counterpart: FactId(fresh()),
        gains: vec![gain(nowhere)],
        ..body.clone()
    };
    let packets =
        [twice, from_nothing].map(|body| scribe.fact(&Fact::PointsTransferred(body), None));
    scribe.says(packets.to_vec());
    assert_eq!(frozen(&business), BTreeSet::from([longer.id, again.id, nowhere.id]));

    // Put back, and still there.
    let Fact::PointsTransferred(body) = &gone else { unreachable!("it went") };
    let back = posting(mine.id, body.postings[0].to, body.postings[0].from, 40);
    let void = Fact::FactVoided(FactVoided {
        id: FactId(fresh()),
        target: body.id,
        member: Some(id(&member)),
        at_ms: NOON,
        postings: vec![back],
        lots: vec![],
        take_back: vec![],
        debt: 0,
        points: 40,
        approved_by: None,
    });
    let void = scribe.fact(&void, None);
    scribe.says(vec![void]);
    assert!(frozen(&business).contains(&mine.id));

    // Given anew by a till that never had it.
    let mut stranger = Scribe::join(&business);
    let anew = stranger.lot(40);
    let void = Fact::FactVoided(FactVoided {
        id: FactId(fresh()),
        target: body.id,
        member: Some(id(&member)),
        at_ms: NOON,
        postings: vec![],
        lots: vec![anew],
        take_back: vec![],
        debt: 0,
        points: 40,
        approved_by: None,
    });
    let void = stranger.fact(&void, None);
    stranger.says(vec![void]);
    assert!(frozen(&business).contains(&anew.id));

    business.same_everywhere(&[&first, &second]);
    assert!(!frozen(&business).contains(&honest.id));

    // More than the lot ever held: overdrawn, and nobody can spend what came.
    let [gone, came] = given_away(&scribe, &member, &other, mine.id, more);
    let packets = [gone, came].map(|fact| scribe.fact(&fact, None));
    scribe.says(packets.to_vec());
    assert!(frozen(&business).contains(&more.id));
    assert_eq!(told(&business, "overdrawn").len(), 1);
    first.sync();
    assert_eq!(first.points(&other).1, 0);
}
