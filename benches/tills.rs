//! A day of ten, a hundred and a thousand tills at one hub on PostgreSQL, ten tills to a store, each
//! store following its own: every till pushes 500 entries in ten calls, and after each reads what is
//! new for it. Sixteen of them call at a time, without the line between. What grows with the number of
//! tills is seen by the time for each entry.
//!
//! `PUNCHCARD_BENCH_TILLS` (`10,100`) chooses other numbers.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::{
    env, fs, thread,
    time::{Duration, Instant},
};

use punchcard_benches::{
    Outcome, Sample, open_hub, seconds,
    working::{EPOCH, Working, business},
};
use punchcard_hub::Hub;
use punchcard_protocol::sync::{LIMITS, Pull};
use punchcard_tests::cluster;

/// What a till writes in a day, and in how many calls.
const CALLS: u32 = 10;
const ENTRIES_OF_A_CALL: u32 = 50;
const AT_A_TIME: usize = 16;

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
    let working = business(&hub, tills)?;
    let before = resident_kib()?;
    let began = Instant::now();
    let (pushes, pulls) = day(&hub, working)?;
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

/// All of them work through their day: how long each push and each reading took.
fn day(hub: &Hub, working: Vec<Working>) -> Outcome<(Vec<Duration>, Vec<Duration>)> {
    let mut hands: Vec<Vec<Working>> = (0..AT_A_TIME).map(|_| Vec::new()).collect();
    for (n, one) in working.into_iter().enumerate() {
        if let Some(hand) = hands.get_mut(n % AT_A_TIME) {
            hand.push(one);
        }
    }
    let times = thread::scope(|scope| {
        let hands: Vec<_> = hands
            .into_iter()
            .map(|hand| scope.spawn(|| worked(hub, hand).map_err(|error| error.to_string())))
            .collect();
        hands
            .into_iter()
            .map(|hand| hand.join().map_err(|_| "a till fell over"))
            .collect::<Vec<_>>()
    });
    let (mut pushes, mut pulls) = (Vec::new(), Vec::new());
    for hand in times {
        let (sent, read) = hand??;
        pushes.extend(sent);
        pulls.extend(read);
    }
    Ok((pushes, pulls))
}

/// Some tills in turn, call by call.
fn worked(hub: &Hub, mut tills: Vec<Working>) -> Outcome<(Vec<Duration>, Vec<Duration>)> {
    let (mut pushes, mut pulls) = (Vec::new(), Vec::new());
    for _ in 0..CALLS {
        for till in &mut tills {
            till.write(ENTRIES_OF_A_CALL)?;
            let began = Instant::now();
            till.desk.send(hub)?;
            pushes.push(began.elapsed());
            let began = Instant::now();
            read(till, hub)?;
            pulls.push(began.elapsed());
        }
    }
    Ok((pushes, pulls))
}

/// Reads a till's channels to their ends.
fn read(till: &mut Working, hub: &Hub) -> Outcome<()> {
    let stream = till.desk.stream();
    for (channel, after) in &mut till.read {
        loop {
            let (channel, limit) = (channel.clone(), LIMITS.batch_entries);
            let answer = hub
                .pull(stream, &Pull { epoch: EPOCH, channel, after: *after, limit, edge: false })?;
            *after = answer.scanned_to;
            if answer.scanned_to >= answer.head {
                break;
            }
        }
    }
    Ok(())
}

/// What this process has in memory.
fn resident_kib() -> Outcome<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
