//! What holds for every set of rules and every row of events.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Datelike as _;
use proptest::prelude::*;
use punchcard_domain::{
    audit::{
        RulesOfOld,
        apart::{GivenOnce, beyond_caps},
        points_follow,
    },
    earning::{
        Book, Part,
        event::{SaleLine, What},
        expiry::Expires,
        hours::{Hours, Minute},
        rule::{Caps, EarnRule, Per},
    },
    fact::{Fact, PointsEarned, gains},
    records::Rounding,
    time::Day,
};
use punchcard_protocol::{FactId, RecordId};

use crate::world::World;

const HOUR: i64 = 3_600_000;
/// 2026-11-23 00:00 in Shanghai.
const MONDAY: i64 = 1_795_363_200_000;

#[derive(Debug, Clone)]
enum Act {
    Earns(What),
    Spends(i64),
    TakesBack(usize),
    Passes(i64),
}

fn cap() -> impl Strategy<Value = Option<i64>> {
    prop::option::weighted(0.2, 0i64..300)
}

fn times() -> impl Strategy<Value = Option<i64>> {
    prop::option::weighted(0.2, 0i64..5)
}

fn caps() -> impl Strategy<Value = Caps> {
    let points = (cap(), cap(), cap(), cap(), cap());
    let times = (times(), times(), times(), times());
    (points, times).prop_map(|((once, day, month, year, ever), times)| Caps {
        once,
        day,
        month,
        year,
        ever,
        times_day: times.0,
        times_month: times.1,
        times_year: times.2,
        times_ever: times.3,
    })
}

fn category() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["coffee", "bread", "tobacco"]).prop_map(str::to_owned)
}

fn rule() -> impl Strategy<Value = EarnRule> {
    let per = prop::sample::select(vec![
        Per::Amount,
        Per::Sale,
        Per::Item,
        Per::Visit,
        Per::FirstVisit,
        Per::StreakDays,
        Per::Multiply,
        Per::Multiply,
        Per::TopUp,
        Per::Limit,
    ]);
    let rounding = prop::sample::select(vec![Rounding::Down, Rounding::HalfUp, Rounding::Up]);
    let expires = prop::sample::select(vec![
        None,
        Some(Expires::Days(20)),
        Some(Expires::MonthEnd(1)),
        Some(Expires::Never),
    ]);
    let how = (1i64..40, 1i64..2000, 100i64..400, 1i64..4, any::<[bool; 5]>());
    let when = (
        prop::collection::vec(1u32..=7, 0..3),
        prop::option::weighted(0.2, (0u32..1440, 0u32..=1440)),
        prop::collection::vec(category(), 0..2),
        prop::option::weighted(0.2, 0i64..5000),
    );
    let then = (-2i32..3, prop::option::weighted(0.3, "[xy]"), 0u32..3, expires);
    (per, rounding, how, when, then, caps()).prop_map(|(per, rounding, how, when, then, caps)| {
        let (points, each, percent, count, [stops, whole_steps, repeats, compounds, tier_times]) =
            how;
        let mut rule = EarnRule::new(RecordId::from_bytes([0; 16]), "a rule", per);
        rule.points = if matches!(per, Per::Multiply | Per::Limit) { 0 } else { points };
        rule.each_minor = if per == Per::Amount { each } else { 0 };
        rule.percent = if per == Per::Multiply { percent } else { 0 };
        rule.count = if per == Per::StreakDays { count } else { 0 };
        (rule.whole_steps, rule.repeats, rule.compounds) = (whole_steps, repeats, compounds);
        rule.tier_times = tier_times;
        rule.rounding = Some(rounding);
        rule.weekdays = when.0;
        rule.hours = when.1.map(|(from, to)| Hours { from: Minute(from), to: Minute(to) });
        rule.categories = when.2;
        rule.min_amount_minor = when.3.unwrap_or(0);
        (rule.priority, rule.best_of, rule.pending_days, rule.expires) = then;
        rule.stops = stops && rule.best_of.is_none();
        rule.caps = caps;
        if per == Per::Limit {
            // One that holds at all times, so that its caps can be added up without it.
            (rule.weekdays, rule.hours, rule.categories) = (Vec::new(), None, Vec::new());
            rule.min_amount_minor = 0;
            let Caps { once, day, month, year, ever, .. } = rule.caps;
            rule.caps = Caps { once, day, month, year, ever, ..Caps::default() };
            rule.caps.month = rule.caps.month.or(Some(200));
        }
        rule
    })
}

fn rules() -> impl Strategy<Value = Vec<EarnRule>> {
    prop::collection::vec(rule(), 1..8).prop_map(|mut rules| {
        for (n, rule) in rules.iter_mut().enumerate() {
            rule.id = RecordId(uuid::Uuid::from_u128(n as u128 + 1));
        }
        rules
    })
}

fn what() -> impl Strategy<Value = What> {
    let line = (category(), 0i64..4, 0i64..5000).prop_map(|(category, quantity, amount_minor)| {
        SaleLine { item: category.clone(), category, quantity, amount_minor }
    });
    prop_oneof![
        4 => (1i64..20_000, prop::collection::vec(line, 0..4))
            .prop_map(|(amount_minor, lines)| What::Sale { amount_minor, lines }),
        2 => Just(What::Visit),
        1 => (1i64..20_000).prop_map(|amount_minor| What::TopUp { amount_minor }),
    ]
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        6 => what().prop_map(Act::Earns),
        2 => (1i64..100).prop_map(Act::Spends),
        2 => (0usize..40).prop_map(Act::TakesBack),
        3 => (1i64..200).prop_map(Act::Passes),
    ];
    prop::collection::vec(act, 1..30)
}

/// What a hub knows of the rules.
fn old(rules: &[EarnRule], world: &World) -> RulesOfOld {
    RulesOfOld {
        digits: 2,
        rules: vec![world.rules.clone()],
        multipliers: BTreeSet::from([100, 150]),
        earn_rules: rules.to_vec(),
        days: BTreeMap::from([(world.store.id, world.store.days())]),
        rewards: Vec::new(),
        pass_types: Vec::new(),
        staff: BTreeMap::new(),
        guests: 0,
        free_visits: 0,
        price_percents: BTreeSet::new(),
    }
}

fn world(rules: &[EarnRule]) -> World {
    for rule in rules {
        assert_eq!(rule.check(), Ok(()), "{rule:?}");
    }
    let mut world = World::new(Book::new(rules.to_vec()));
    world.member.multiplier_percent = 150;
    world
}

/// A fact, what each rule gave in it, and when.
struct Gave {
    fact: usize,
    parts: Vec<(RecordId, i64)>,
    day: Day,
    at_ms: i64,
}

impl Gave {
    /// As a hub finds it in its tables.
    fn each(&self) -> impl Iterator<Item = GivenOnce> + '_ {
        let mut id = [0; 16];
        id[8..].copy_from_slice(&(self.fact as u64).to_be_bytes());
        let (fact, at_ms) = (FactId::from_bytes(id), self.at_ms);
        self.parts.iter().map(move |(rule, points)| GivenOnce {
            fact,
            rule: *rule,
            at_ms,
            points: *points,
        })
    }
}

/// Every cap of every rule, by adding up what was given day by day.
fn caps_hold(rules: &[EarnRule], given: &[Gave]) -> Result<(), TestCaseError> {
    for rule in rules {
        let mut sums: [BTreeMap<(i32, u32, u32), i64>; 4] = Default::default();
        let mut times: [BTreeMap<(i32, u32, u32), i64>; 4] = Default::default();
        for Gave { parts, day, .. } in given {
            let of = |(of, _): &&(RecordId, i64)| rule.per == Per::Limit || *of == rule.id;
            let points: i64 = parts.iter().filter(of).map(|(_, points)| points).sum();
            if let Some(once) = rule.caps.once {
                prop_assert!(points <= once, "once: {points} > {once}");
            }
            let (year, month, date) = (day.0.year(), day.0.month(), day.0.day());
            let keys = [(year, month, date), (year, month, 0), (year, 0, 0), (0, 0, 0)];
            for ((sum, times), key) in sums.iter_mut().zip(&mut times).zip(keys) {
                *sum.entry(key).or_insert(0) += points;
                *times.entry(key).or_insert(0) += i64::from(points > 0);
            }
        }
        let caps = [rule.caps.day, rule.caps.month, rule.caps.year, rule.caps.ever];
        for (sum, cap) in sums.iter().zip(caps) {
            if let Some(cap) = cap {
                prop_assert!(
                    sum.values().all(|points| *points <= cap),
                    "{sum:?} > {cap}: {rule:?}"
                );
            }
        }
        let Caps { times_day, times_month, times_year, times_ever, .. } = rule.caps;
        let caps = [times_day, times_month, times_year, times_ever];
        for (times, most) in times.iter().zip(caps) {
            if let Some(most) = most {
                prop_assert!(times.values().all(|times| *times <= most), "{times:?} > {most}");
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn caps_hold_the_dry_run_is_the_real_run_and_taking_back_leaves_nothing(
        rules in rules(),
        acts in acts(),
    ) {
        let mut world = world(&rules);
        let mut reversed = rules.clone();
        reversed.reverse();
        let other_order = Book::new(reversed);
        let days = world.store.days();
        let (mut now, mut early) = (MONDAY, false);
        let mut given: Vec<Gave> = Vec::new();
        let old = old(&rules, &world);
        for act in acts {
            match act {
                Act::Passes(hours) => now += hours * HOUR,
                Act::Spends(points) => {
                    let spendable = world.purse(now).spendable(now);
                    prop_assert_eq!(world.spends(points, now).is_ok(), points <= spendable);
                }
                Act::TakesBack(n) if world.count() > 0 => {
                    let n = n % world.count();
                    if !world.is_voided(n) {
                        world.takes_back(n, now).expect("can be taken back");
                        early = true;
                        given.retain(|gave| gave.fact != n);
                    }
                }
                Act::TakesBack(_) => {}
                Act::Earns(what) => {
                    let dry = world.dry_run(what.clone(), now).expect("it can happen");
                    let event = world.event(what.clone(), now);
                    let same = other_order.give(&event, &world.rules).expect("it can happen");
                    prop_assert_eq!(&dry, &same, "the order of rules matters");
                    let is_sale = matches!(what, What::Sale { .. });
                    let (fact, _) = world.happens(what, now).expect("it happens");
                    let Fact::PointsEarned(body) = &fact else { unreachable!("an earning") };
                    let by_rules = body.by_rules.as_ref().expect("rules");
                    // What was said before: each rule's part, and each lot with its time.
                    prop_assert_eq!(&by_rules.parts, &dry.parts());
                    let mut lots: Vec<_> = gains(body.earned.as_ref(), Some(by_rules))
                        .map(|gain| (gain.lot.amount, gain.lot.expires_ms, gain.usable_ms))
                        .collect();
                    let mut told: Vec<_> = dry.bundles().iter()
                        .map(|lot| (lot.points, lot.expires_ms, lot.usable_ms))
                        .collect();
                    lots.sort_unstable();
                    told.sort_unstable();
                    prop_assert_eq!(lots, told);
                    if is_sale {
                        prop_assert_eq!(points_follow(&fact, &old), vec![], "the hub doubts it");
                    }
                    let parts =
                        by_rules.parts.iter().map(|part| (part.rule, part.points)).collect();
                    given.push(Gave {
                        fact: world.count() - 1,
                        parts,
                        day: days.day_of(now),
                        at_ms: now,
                    });
                    let once: Vec<GivenOnce> = given.iter().flat_map(Gave::each).collect();
                    let named: Vec<RecordId> = rules.iter().map(|rule| rule.id).collect();
                    let beyond = beyond_caps(&named, (now, days), &once, &old);
                    prop_assert_eq!(beyond, vec![], "one desk alone oversteps nothing");
                }
            }
            prop_assert!(world.least() >= 0, "an account is below zero");
            caps_hold(&rules, &given)?;
        }
        for n in (0..world.count()).rev() {
            if !world.is_voided(n) {
                world.takes_back(n, now).expect("can be taken back");
            }
        }
        // What was spent and owed when its points were taken back comes back as new points, which
        // the desk takes for the debt next time: what is left is what is owed.
        prop_assert_eq!(world.lies(), world.debt());
        if !early {
            prop_assert_eq!(world.lies(), 0, "taken back from the last to the first");
        }
        prop_assert!(world.least() >= 0);
    }
}

#[test]
fn what_no_rule_gives_is_doubted() {
    let mut rule = EarnRule::new(RecordId::from_bytes([7; 16]), "a point a yuan", Per::Amount);
    (rule.points, rule.each_minor, rule.weekdays) = (1, 100, vec![1]);
    let mut world = world(std::slice::from_ref(&rule));
    let what = What::Sale { amount_minor: 12_800, lines: Vec::new() };
    let (fact, _) = world.happens(what, MONDAY + 12 * HOUR).expect("a sale");
    let Fact::PointsEarned(honest) = fact else { unreachable!("an earning") };
    let old = old(std::slice::from_ref(&rule), &world);
    let doubts = |change: &dyn Fn(&mut PointsEarned)| {
        let mut body = honest.clone();
        change(&mut body);
        points_follow(&Fact::PointsEarned(body), &old).len()
    };
    assert_eq!(doubts(&|_| {}), 0);
    assert_eq!(doubts(&|body| body.amount_minor = 12_700), 1, "more than the amount is worth");
    assert_eq!(doubts(&|body| body.at_ms += 24 * HOUR), 1, "on a Tuesday");
    assert_eq!(doubts(&|body| parts(body)[0].version = 2), 1, "a version that never was");
    assert_eq!(doubts(&|body| parts(body)[0].points = 1), 1, "parts that are not the lots");
    assert_eq!(doubts(&|body| parts(body).clear()), 1, "no part at all");
    assert_eq!(
        doubts(&|body| {
            let one = parts(body)[0];
            parts(body).push(one);
        }),
        1,
        "twice"
    );
}

fn parts(body: &mut PointsEarned) -> &mut Vec<Part> {
    &mut body.by_rules.as_mut().expect("by rules").parts
}
