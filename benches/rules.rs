//! Points for a sale of twenty lines by a hundred rules, each with a condition of its own, without the
//! store.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::{
    error::Error,
    hint::black_box,
    time::{Duration, Instant},
};

use punchcard_benches::Sample;
use punchcard_domain::{
    earning::{
        Book,
        event::{Event, History, Known, SaleLine, What},
        rule::{EarnRule, Per},
    },
    records::{Rules, Store},
};
use punchcard_protocol::{RecordId, StoreId};
use uuid::Uuid;

const NOON: i64 = 1_795_406_400_000;
const RULES: u128 = 100;
const LINES: u32 = 20;
const ROUNDS: u32 = 2_000;
const BAR: Duration = Duration::from_millis(1);

fn main() -> Result<(), Box<dyn Error>> {
    let book = Book::new((0..RULES).map(rule).collect());
    let (sale, rules) = (sale(), Rules::default());
    let mut times = Vec::new();
    let mut gave = 0;
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let outcome = book.give(black_box(&sale), &rules)?;
        times.push(began.elapsed());
        gave = outcome.parts().len();
    }
    let sample = Sample::new(times);
    let holds = sample.median() <= BAR;
    println!("{RULES} rules with conditions on {LINES} lines, {gave} of them gave something");
    println!("     {}", sample.told());
    println!("{} median at most 1 ms", if holds { "ok  " } else { "SLOW" });
    Ok(())
}

/// One of four looks for a category that is on no line.
fn rule(n: u128) -> EarnRule {
    let mut rule =
        EarnRule::new(RecordId(Uuid::from_u128(n + 1)), &format!("rule {n}"), Per::Amount);
    (rule.points, rule.each_minor) = (1, 100);
    let category = n % 25;
    rule.condition = Some(format!(
        "sale.amount > {n} && lines.exists(l, l.category == 'c{category}' && l.quantity > 0)"
    ));
    rule
}

fn sale() -> Event {
    let line = |n: u32| SaleLine {
        item: format!("i{n}"),
        category: format!("c{n}"),
        quantity: 1,
        amount_minor: 500,
    };
    let store = Store {
        id: StoreId::from_bytes([7; 16]),
        name: "一店".into(),
        time_zone: "Asia/Shanghai".into(),
        day_start_hour: 0,
    };
    Event {
        what: What::Sale { amount_minor: 10_000, lines: (0..LINES).map(line).collect() },
        at_ms: NOON,
        store: store.id,
        store_name: store.name.clone(),
        days: store.days(),
        member: Known { multiplier_percent: 100, ..Known::default() },
        history: History::default(),
    }
}
