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

use punchcard_benches::{Outcome, Sample, desk::Desk, open_hub, seconds};
use punchcard_hub::Hub;
use punchcard_protocol::{
    MemberId, StoreId,
    sync::{LIMITS, Pull},
};
use punchcard_tests::cluster;

/// What a till writes in a day, and in how many calls.
const CALLS: u32 = 10;
const ENTRIES_OF_A_CALL: u32 = 50;
const TILLS_OF_A_STORE: u32 = 10;
const MEMBERS_OF_A_STORE: u32 = 100;
const AT_A_TIME: usize = 16;
/// A hub that was never restored.
const EPOCH: u32 = 1;

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

/// A till with the members it serves, and how far it has read each of its channels.
struct Working {
    desk: Desk,
    members: Vec<MemberId>,
    read: Vec<(String, u64)>,
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

/// The business with its stores, their members and tills, all of it in the hub.
fn business(hub: &Hub, tills: u32) -> Outcome<Vec<Working>> {
    let mut first = Desk::first(hub)?;
    first.close();
    first.send(hub)?;
    hub.set_follow("own")?;
    let mut all = Vec::new();
    for n in 0..tills.div_ceil(TILLS_OF_A_STORE) {
        let store = hub.add_store(&format!("{n} 店"), "Asia/Shanghai")?;
        let mut members = Vec::new();
        for till in 0..TILLS_OF_A_STORE.min(tills - n * TILLS_OF_A_STORE) {
            let number = n * TILLS_OF_A_STORE + till + 1;
            let mut desk = Desk::another(hub, number, store)?;
            if till == 0 {
                members = (0..MEMBERS_OF_A_STORE)
                    .map(|member| desk.register(n * MEMBERS_OF_A_STORE + member))
                    .collect::<Outcome<_>>()?;
            }
            desk.close();
            desk.send(hub)?;
            all.push(Working { desk, members: members.clone(), read: channels(store) });
        }
    }
    Ok(all)
}

fn channels(store: StoreId) -> Vec<(String, u64)> {
    vec![("org".into(), 0), (format!("store/{store}"), 0)]
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
            till.write()?;
            let began = Instant::now();
            till.desk.send(hub)?;
            pushes.push(began.elapsed());
            let began = Instant::now();
            till.read(hub)?;
            pulls.push(began.elapsed());
        }
    }
    Ok((pushes, pulls))
}

impl Working {
    /// The entries of one call: half of them visits, half points.
    fn write(&mut self) -> Outcome<()> {
        for n in 0..ENTRIES_OF_A_CALL {
            let at = usize::try_from(self.desk.dice.below(self.members.len() as u64))?;
            let member = *self.members.get(at).ok_or("a member")?;
            if n.is_multiple_of(2) { self.desk.visit(member)? } else { self.desk.earn(member)? }
        }
        self.desk.close();
        Ok(())
    }

    /// Reads its channels to their ends.
    fn read(&mut self, hub: &Hub) -> Outcome<()> {
        let stream = self.desk.stream();
        for (channel, after) in &mut self.read {
            loop {
                let (channel, limit) = (channel.clone(), LIMITS.batch_entries);
                let answer =
                    hub.pull(stream, &Pull { epoch: EPOCH, channel, after: *after, limit })?;
                *after = answer.scanned_to;
                if answer.scanned_to >= answer.head {
                    break;
                }
            }
        }
        Ok(())
    }
}

/// What this process has in memory.
fn resident_kib() -> Outcome<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
