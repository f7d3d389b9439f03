//! Programmes as their owners describe them, as data: each with examples that are worked out here.

use std::time::{Duration, Instant};

use punchcard_domain::{
    earning::{
        Book,
        event::{SaleLine, What},
        rule::{EarnRule, MAX_LINES, Per},
    },
    time::Day,
};
use punchcard_protocol::RecordId;
use serde_json::Value;

use crate::world::World;

const PROGRAMMES: [&str; 9] = [
    include_str!("../../cases/programmes/coffee.json"),
    include_str!("../../cases/programmes/airline.json"),
    include_str!("../../cases/programmes/supermarket.json"),
    include_str!("../../cases/programmes/gym.json"),
    include_str!("../../cases/programmes/stored-value.json"),
    include_str!("../../cases/programmes/supermarket-card.json"),
    include_str!("../../cases/programmes/coffee-bean.json"),
    include_str!("../../cases/programmes/tea.json"),
    include_str!("../../cases/programmes/lihuanghou.json"),
];

fn rules(programme: &Value) -> Vec<EarnRule> {
    let rules = programme["rules"].as_array().expect("rules");
    let read = |(n, rule): (usize, &Value)| {
        let mut rule = rule.clone();
        rule["id"] = uuid::Uuid::from_u128(n as u128 + 1).to_string().into();
        rule["version"] = 1.into();
        rule["active"] = true.into();
        let rule: EarnRule = serde_json::from_value(rule).expect("a rule");
        assert_eq!(rule.check(), Ok(()), "{}", rule.name);
        rule
    };
    rules.iter().enumerate().map(read).collect()
}

fn day(value: &Value) -> Option<Day> {
    value.as_str().map(|text| text.parse().expect("a day"))
}

fn works_out(programme: &Value, example: &Value) {
    let mut world = World::new(Book::new(rules(programme)));
    let on = day(&example["on"]).expect("when");
    if let Some(tier) = example["tier"].as_str() {
        tier.clone_into(&mut world.member.tier_name);
    }
    let tags = example["tags"].as_array().into_iter().flatten();
    world.member.tags.extend(tags.filter_map(Value::as_str).map(str::to_owned));
    world.member.birthday = day(&example["born"]);
    for back in 1..=example["came_days_before"].as_i64().unwrap_or(0) {
        world.came.insert(on.plus_days(-i32::try_from(back).expect("few")));
    }
    let line = |line: &Value| SaleLine {
        item: line[0].as_str().expect("a category").to_owned(),
        category: line[0].as_str().expect("a category").to_owned(),
        quantity: 1,
        amount_minor: line[1].as_i64().expect("an amount"),
    };
    let lines = example["lines"].as_array().into_iter().flatten().map(line).collect();
    let what = match (example["pays"].as_i64(), example["loads"].as_i64()) {
        (Some(amount_minor), _) => What::Sale { amount_minor, lines },
        (_, Some(amount_minor)) => What::TopUp { amount_minor },
        _ => What::Visit,
    };
    let at_ms = world.store.days().start_of(on) + 12 * 3_600_000;
    let (_, outcome) = world.happens(what, at_ms).expect("it can happen");
    let about = format!("{}: {}", programme["about"], example["why"]);
    assert_eq!(Some(outcome.points()), example["points"].as_i64(), "{about}: {outcome:?}");
    let days = world.store.days();
    for told in outcome.told.iter().filter(|told| told.points > 0) {
        let last = told.expires_ms.map(|ms| days.day_of(ms - 1));
        assert_eq!(last, day(&example["last_day"]), "{about}: {}", told.name);
    }
}

#[test]
fn programmes_are_data() {
    for text in PROGRAMMES {
        let programme: Value = serde_json::from_str(text).expect("JSON");
        let examples = programme["example"].as_array().expect("examples");
        assert!(!examples.is_empty());
        for example in examples {
            works_out(&programme, example);
        }
    }
}

/// A hundred rules with conditions on a sale of twenty lines. How long that may take is in `benches`;
/// here it is held against reading the same conditions, which is done once for all sales: whatever
/// the machine, asking them is a small part of that. The quickest of some runs, so that it does not
/// matter what else the machine does.
#[test]
fn a_hundred_conditions_on_twenty_lines_take_less_than_reading_them() {
    let rules: Vec<EarnRule> = (0..100u128)
        .map(|n| {
            let id = RecordId(uuid::Uuid::from_u128(n + 1));
            let mut rule = EarnRule::new(id, &format!("rule {n}"), Per::Amount);
            (rule.points, rule.each_minor) = (1, 100);
            rule.condition = Some(format!(
                "sale.amount > {n} && lines.exists(l, l.category == 'c{}' && l.quantity > 0)",
                n % 25
            ));
            rule
        })
        .collect();
    let reading = quickest(|| drop(Book::new(rules.clone())));
    let world = World::new(Book::new(rules));
    let lines: Vec<SaleLine> = (0..20)
        .map(|n| SaleLine {
            item: format!("i{n}"),
            category: format!("c{n}"),
            quantity: 1,
            amount_minor: 500,
        })
        .collect();
    let event = world.event(What::Sale { amount_minor: 10_000, lines }, 1_795_406_400_000);
    let asking = quickest(|| {
        let outcome = world.book.give(&event, &world.rules).expect("it can happen");
        assert_eq!(outcome.parts().len(), 80, "five of twenty-five categories are not sold");
    });
    println!("100 conditions on 20 lines: read in {reading:?}, asked in {asking:?}");
    assert!(asking * 2 < reading, "read in {reading:?}, asked in {asking:?}");
}

/// The most that a condition may ask: as long as it may be, with as many loops, over as many lines as a
/// sale may have, none of them the answer. It grows with the lines and not with their square.
#[test]
fn the_worst_condition_on_the_longest_sale_ends_soon() {
    let most = "l.category.contains('ab') && l.item.endsWith('c') || ".repeat(5);
    let one = format!("lines.exists(l, {most}l.quantity < 0)");
    let condition = vec![one; 3].join(" || ");
    assert!((850..=1000).contains(&condition.len()), "{}", condition.len());
    let mut rule = EarnRule::new(RecordId(uuid::Uuid::from_u128(1)), "the worst", Per::Amount);
    (rule.points, rule.each_minor, rule.condition) = (1, 100, Some(condition));
    assert_eq!(rule.check(), Ok(()));
    let world = World::new(Book::new(vec![rule]));
    let asks = |count: usize| {
        let line = SaleLine {
            item: "tea with milk".into(),
            category: "drinks".into(),
            quantity: 1,
            amount_minor: 500,
        };
        let what = What::Sale { amount_minor: 10_000, lines: vec![line; count] };
        let event = world.event(what, 1_795_406_400_000);
        quickest(|| {
            let outcome = world.book.give(&event, &world.rules).expect("it can happen");
            assert_eq!(outcome.points(), 0);
        })
    };
    let (few, many) = (asks(MAX_LINES / 10), asks(MAX_LINES));
    println!("the worst condition on {} lines: {few:?}, on {MAX_LINES}: {many:?}", MAX_LINES / 10);
    assert!(many < few * 30, "ten times the lines: {few:?}, {many:?}");
    assert!(many < Duration::from_secs(1), "{many:?}");
}

fn quickest(does: impl Fn()) -> Duration {
    let took = (0..20).map(|_| {
        let began = Instant::now();
        does();
        began.elapsed()
    });
    took.min().expect("twenty runs")
}
