use punchcard_protocol::{FactId, PassId, RecordId, StoreId, StreamId, TillId};

use super::*;
use crate::{
    fact::{
        Before, Fact, FactVoided, Gain, Pass, PassGiven, PassUpgraded, PointsEarned, PointsRedeemed,
    },
    ledger::{Account, Lot, Posting, ValueKind},
    rewards::RewardTerms,
    terms::Terms,
    tiers::Privileges,
    time::Day,
};

fn earned(points: i64, points_per_unit: i64, multiplier_percent: i64) -> Fact {
    let id = LotId::from_bytes([6; 16]);
    let to = Account::Till(me());
    let lot = Lot { id, kind: ValueKind::Points, amount: points, to, expires_ms: None };
    Fact::PointsEarned(PointsEarned {
        id: FactId::from_bytes([1; 16]),
        member: MemberId::from_bytes([3; 16]),
        store: StoreId::from_bytes([9; 16]),
        at_ms: 0,
        amount_minor: 12_800,
        points_per_unit,
        multiplier_percent,
        earned: Some(Gain { lot, repaid: None, usable_ms: None }),
        by_rules: None,
        refers: None,
        approved_by: None,
    })
}

pub(super) fn old() -> RulesOfOld {
    let yesterday = Rules { points_per_unit: 2, ..Rules::default() };
    RulesOfOld {
        digits: 2,
        rules: vec![Rules::default(), yesterday],
        multipliers: BTreeSet::from([100, 150]),
        earn_rules: Vec::new(),
        days: BTreeMap::new(),
        rewards: vec![reward(300, 0), reward(0, 2)],
        pass_types: Vec::new(),
        staff: BTreeMap::new(),
        guests: 0,
        free_visits: 0,
        price_percents: BTreeSet::new(),
    }
}

fn reward(cost: i64, minor_per_point: i64) -> Reward {
    let id = RecordId::from_bytes([4; 16]);
    Reward {
        id,
        name: "毛巾".into(),
        cost,
        minor_per_point,
        active: true,
        terms: RewardTerms::default(),
    }
}

fn me() -> StreamId {
    StreamId { till: TillId::from_bytes([1; 16]), incarnation: 1 }
}

fn redeemed(points: i64, taken: i64, on_trust: i64, money_off_minor: i64) -> PointsRedeemed {
    PointsRedeemed {
        id: FactId::from_bytes([2; 16]),
        member: MemberId::from_bytes([3; 16]),
        store: StoreId::from_bytes([9; 16]),
        at_ms: 0,
        reward: RecordId::from_bytes([4; 16]),
        reward_name: "毛巾".into(),
        points,
        money_off_minor,
        money_minor: 0,
        postings: vec![Posting {
            lot: LotId::from_bytes([6; 16]),
            kind: ValueKind::Points,
            from: Account::Till(me()),
            to: Account::Spent(me()),
            amount: taken,
            owner: None,
        }],
        on_trust,
        code_step: None,
        voucher: None,
        approved_by: None,
    }
}

#[test]
fn a_redemption_costs_what_its_reward_costs() {
    let trusting = Rules { trust_limit: 100, ..Rules::default() };
    let old = RulesOfOld { rules: vec![Rules::default(), trusting], ..old() };
    for (points, taken, on_trust, off) in [(300, 300, 0, 0), (300, 200, 100, 0), (7, 7, 0, 14)] {
        let fact = redeemed(points, taken, on_trust, off);
        assert_eq!(redemption_follows(&fact, &old), None, "{points} {taken} {on_trust} {off}");
    }
    for (points, taken, on_trust, off) in [
        (1, 1, 0, 0),
        (300, 1, 0, 0),
        (300, 199, 101, 0),
        (300, 301, -1, 0),
        (300, 300, 0, 5),
        (7, 7, 0, 15),
        (-300, 300, 0, 0),
        (i64::MIN, 1, i64::MAX, i64::MIN),
    ] {
        let fact = redeemed(points, taken, on_trust, off);
        assert!(redemption_follows(&fact, &old).is_some(), "{points} {taken} {on_trust} {off}");
    }
    let elsewhere =
        PointsRedeemed { reward: RecordId::from_bytes([5; 16]), ..redeemed(300, 300, 0, 0) };
    let doubt = redemption_follows(&elsewhere, &old).expect("nobody's reward");
    assert_eq!(doubt, Unpaid { cost: None, paid: 300 });
}

#[test]
fn a_redemption_follows_the_terms_of_some_version() {
    let mut dear = reward(300, 0);
    dear.terms.money_minor = 900;
    dear.terms.stores = vec![StoreId::from_bytes([9; 16])];
    let old = RulesOfOld { rewards: vec![dear.clone()], ..old() };
    let paid = |money_minor| PointsRedeemed { money_minor, ..redeemed(300, 300, 0, 0) };
    assert_eq!(redemption_follows(&paid(900), &old), None);
    for money_minor in [0, 899, -900] {
        assert!(redemption_follows(&paid(money_minor), &old).is_some(), "{money_minor}");
    }
    let elsewhere = PointsRedeemed { store: StoreId::from_bytes([8; 16]), ..paid(900) };
    assert!(redemption_follows(&elsewhere, &old).is_some());
    let before = RulesOfOld { rewards: vec![reward(300, 0), dear], ..old };
    assert_eq!(redemption_follows(&paid(0), &before), None);
}

#[test]
fn a_reward_is_had_as_often_as_some_version_lets() {
    let mut rare = reward(300, 0);
    rare.terms.at_most.day = Some(1);
    let days = StoreDays { zone: chrono_tz::UTC, day_start_hour: 0 };
    let days = BTreeMap::from([(StoreId::from_bytes([9; 16]), days)]);
    let strict = RulesOfOld { rewards: vec![rare.clone()], days, ..old() };
    let fact = redeemed(300, 300, 0, 0);
    assert_eq!(had_too_often(&fact, &[], &strict), None);
    assert_eq!(had_too_often(&fact, &[-1], &strict), None, "the day before");
    assert_eq!(had_too_often(&fact, &[5], &strict), Some(rare.terms.at_most));
    let before = RulesOfOld { rewards: vec![reward(300, 0), rare], ..strict };
    assert_eq!(had_too_often(&fact, &[5], &before), None, "yesterday it had no limit");
}

#[test]
fn a_void_gives_back_what_was_spent_and_once() {
    let lot = |amount| Lot {
        id: LotId::from_bytes([7; 16]),
        kind: ValueKind::Points,
        amount,
        to: Account::Till(me()),
        expires_ms: None,
    };
    let void = |amounts: &[i64]| FactVoided {
        id: FactId::from_bytes([8; 16]),
        target: FactId::from_bytes([2; 16]),
        member: Some(MemberId::from_bytes([3; 16])),
        at_ms: 0,
        postings: Vec::new(),
        lots: amounts.iter().map(|amount| lot(*amount)).collect(),
        take_back: Vec::new(),
        debt: 0,
        points: 0,
        approved_by: None,
    };
    let target = Fact::PointsRedeemed(redeemed(300, 200, 100, 0));
    assert!(void_follows(&void(&[200, 100]), Some(&target), false).is_empty());
    assert_eq!(void_follows(&void(&[200, 101]), Some(&target), false).len(), 1);
    assert_eq!(void_follows(&void(&[200, 100]), Some(&target), true).len(), 2);
    assert_eq!(void_follows(&void(&[1]), None, false).len(), 1);
    assert_eq!(void_follows(&void(&[1]), Some(&earned(128, 1, 100)), false).len(), 1);
}

#[test]
fn a_pass_is_as_its_kind_was() {
    let kind = |days, visits, price_minor| PassType {
        id: RecordId::from_bytes([4; 16]),
        name: "月卡".into(),
        days,
        visits,
        price_minor,
        active: true,
        terms: Terms::default(),
    };
    let kinds = [kind(Some(30), None, 29_900), kind(None, Some(10), 50_000)];
    let given = |until: Option<&str>, visits: Option<i64>, price_minor| PassGiven {
        id: FactId::from_bytes([2; 16]),
        member: MemberId::from_bytes([3; 16]),
        pass: Pass {
            id: PassId::from_bytes([5; 16]),
            name: "月卡".into(),
            pass_type: Some(RecordId::from_bytes([4; 16])),
            from: "2026-11-01".parse().expect("a day"),
            until: until.map(|day| day.parse().expect("a day")),
            visits: visits.map(|amount| Lot {
                id: LotId::from_bytes([7; 16]),
                kind: ValueKind::Visits,
                amount,
                to: Account::Till(me()),
                expires_ms: None,
            }),
            terms: Terms::default(),
            before: None,
        },
        price_minor,
        price_percent: None,
        transferred: None,
        approved_by: None,
    };
    let mut old = RulesOfOld { pass_types: kinds.into(), ..old() };
    assert!(pass_follows(&given(Some("2026-11-30"), None, 29_900), &old));
    assert!(pass_follows(&given(None, Some(10), 50_000), &old));
    for (until, visits, price) in [
        (Some("2036-11-30"), None, 29_900),
        (None, Some(1000), 50_000),
        (None, Some(10), 1),
        (None, None, 0),
    ] {
        assert!(!pass_follows(&given(until, visits, price), &old), "{until:?} {visits:?}");
    }
    // For less, where some version of a tier said so.
    let less = |percent, price_minor| PassGiven {
        price_percent: Some(percent),
        ..given(Some("2026-11-30"), None, price_minor)
    };
    assert!(!pass_follows(&less(90, 26_910), &old), "no tier says so");
    let privileges = Privileges { price_percent: Some(90), ..Privileges::default() };
    let (id, name) = (RecordId::from_bytes([8; 16]), "金卡".into());
    let gold =
        Tier { id, name, multiplier_percent: 150, ladder: None, privileges: Some(privileges) };
    old.add_tier(&gold);
    assert!(pass_follows(&less(90, 26_910), &old));
    assert!(!pass_follows(&less(90, 26_900), &old));
    assert!(!pass_follows(&less(10, 2_990), &old));

    // What was credited and what was paid come to the price; an old fact does not say.
    let upgraded = |before, visits, paid_minor| PassUpgraded {
        id: FactId::from_bytes([2; 16]),
        member: MemberId::from_bytes([3; 16]),
        pass: PassId::from_bytes([6; 16]),
        at_ms: 0,
        on: "2026-11-02".parse().expect("a day"),
        given: Pass { before, ..given(None, Some(visits), 0).pass },
        paid_minor,
        price_percent: None,
        postings: Vec::new(),
        approved_by: None,
    };
    let says = |paid_minor, used| Some(Before { paid_minor, used });
    assert!(upgrade_follows(&upgraded(None, 7, 1), &old));
    assert!(upgrade_follows(&upgraded(says(29_900, 3), 7, 20_100), &old));
    for (before, visits, paid) in [
        (says(29_900, 3), 7, 20_000),
        (says(29_900, 3), 8, 20_100),
        (says(29_900, -1), 11, 20_100),
        (None, 11, 20_100),
    ] {
        assert!(!upgrade_follows(&upgraded(before, visits, paid), &old), "{before:?}");
    }
    let old_bytes = serde_json::to_string(&upgraded(None, 7, 1)).expect("JSON");
    assert!(!old_bytes.contains("before"), "an old fact keeps its very bytes: {old_bytes}");
}

#[test]
fn no_more_is_credited_than_was_paid() {
    let (id, at_ms, member) = (FactId::from_bytes([2; 16]), 0, MemberId::from_bytes([3; 16]));
    let day: Day = "2026-11-01".parse().expect("a day");
    let before = |paid_minor| Some(Before { paid_minor, used: 0 });
    let pass = |before| Pass {
        id: PassId::from_bytes([5; 16]),
        name: "月卡".into(),
        pass_type: None,
        from: day,
        until: None,
        visits: None,
        terms: Terms::default(),
        before,
    };
    let given = |before, price_minor, transferred| {
        let pass = pass(before);
        let (price_percent, approved_by) = (None, None);
        Fact::PassGiven(PassGiven {
            id,
            member,
            pass,
            price_minor,
            price_percent,
            transferred,
            approved_by,
        })
    };
    let upgraded = |before, paid_minor| {
        Fact::PassUpgraded(PassUpgraded {
            id,
            member,
            pass: PassId::from_bytes([4; 16]),
            at_ms,
            on: day,
            given: pass(before),
            paid_minor,
            price_percent: None,
            postings: Vec::new(),
            approved_by: None,
        })
    };
    let credits = |fact: &Fact, minor| credit_follows(before(minor), pass(None).id, Some(fact));
    for (gave, most) in [
        (given(None, 29_900, None), 29_900),
        (given(before(50_000), 29_900, None), 29_900),
        (given(before(20_000), 0, Some(id)), 20_000),
        (upgraded(before(20_000), 9_900), 29_900),
    ] {
        assert!(credits(&gave, most) && !credits(&gave, most + 1), "{gave:?}");
    }
    // Where nobody knows, nobody is accused.
    assert!(credits(&upgraded(None, 1), 50_000), "a program from before it was said");
    assert!(credits(&given(None, 0, Some(id)), 50_000));
    assert!(credit_follows(before(1), PassId::from_bytes([6; 16]), Some(&given(None, 0, None))));
    assert!(credit_follows(before(1), pass(None).id, None));
    assert!(credit_follows(None, pass(None).id, Some(&given(None, 0, None))));
}

#[test]
fn yesterdays_rules_are_rules() {
    for (points, per_unit, times) in [(128, 1, 100), (256, 2, 100), (192, 1, 150)] {
        assert_eq!(points_follow(&earned(points, per_unit, times), &old()), []);
    }
}

#[test]
fn what_no_rule_gives_is_doubted() {
    for (points, per_unit, times) in [(129, 1, 100), (1280, 10, 100), (256, 1, 200)] {
        let doubts = points_follow(&earned(points, per_unit, times), &old());
        assert_eq!(doubts.iter().map(|doubt| doubt.points).collect::<Vec<_>>(), [points]);
    }
}
