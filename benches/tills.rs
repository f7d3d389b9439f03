//! A day of ten, a hundred and a thousand tills at one hub on PostgreSQL, ten tills to a store, each
//! store following its own: every till pushes 500 entries in ten calls, and after each reads what is
//! new for it. Sixteen of them call at a time, without the line between. What grows with the number of
//! tills is seen by the time for each entry.
//!
//! `PUNCHCARD_BENCH_TILLS` (`10,100`) chooses other numbers.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::{env, fs, time::Instant};

use punchcard_benches::{
    Outcome, Sample, open_hub, seconds,
    working::{CALLS, ENTRIES_OF_A_CALL, business, day},
};
use punchcard_tests::cluster;

const MEMBERS_OF_A_STORE: u32 = 100;

fn main() -> Outcome<()> {
    for tills in numbers() {
        measure(tills)?;
    }
    Ok(())
}

fn numbers() -> Vec<u32> {
    let told = env::var("PUNCHCARD_BENCH_TILLS").unwrap_or_else(|_| "10,100,1000".into());
    told.split(',').filter_map(|number| number.parse().ok()).collect()
}

fn measure(tills: u32) -> Outcome<()> {
    let hub = open_hub(&cluster::shared().fresh_database())?;
    let mut working = business(&hub, tills, MEMBERS_OF_A_STORE)?;
    let before = resident_kib()?;
    let began = Instant::now();
    let (pushes, pulls) = day(&hub, &mut working)?;
    let took = began.elapsed();
    let entries = tills * CALLS * ENTRIES_OF_A_CALL;
    println!("{tills} tills, {entries} entries in {}", seconds(took));
    println!("  for each entry       {} µs", took.as_micros() / u128::from(entries.max(1)));
    println!("  push of {ENTRIES_OF_A_CALL}           {}", Sample::new(pushes).told());
    println!("  read what is new     {}", Sample::new(pulls).told());
    println!(
        "  memory of hub and simulated tills {} MiB, {} before",
        resident_kib()? / 1024,
        before / 1024
    );
    Ok(())
}

/// What this process has in memory.
fn resident_kib() -> Outcome<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
