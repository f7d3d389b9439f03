//! Ten, a hundred and a thousand tills at one hub on PostgreSQL each, ten tills to a store, each store
//! following its own: every till pushes, and after each call reads what is new for it. Ten of them
//! call at a time, without the line between. The three take turns, each time with as many entries as the
//! thousand tills push with one call each, so that the logs are equally long and the machine's drift is in
//! all of them. After ten turns each of the thousand has pushed a day's 500. What grows with the number
//! of tills is seen by the time for each entry.
//!
//! `PUNCHCARD_BENCH_TILLS` (`10,100`) chooses other numbers, `PUNCHCARD_BENCH_POSTGRES` other settings of the
//! server.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::{env, fs, sync::Arc};

use punchcard_benches::{
    Outcome, Sample, open_hub, ratio,
    working::{CALLS, ENTRIES_OF_A_CALL, Worked, Working, business, server, work},
};
use punchcard_hub::Hub;
use punchcard_tests::cluster::Cluster;

const MEMBERS_OF_A_STORE: u32 = 100;

/// So many tills, and what they did so far.
struct Shop {
    tills: u32,
    hub: Arc<Hub>,
    working: Vec<Working>,
    worked: Worked,
}

impl Shop {
    fn open(server: &Cluster, tills: u32) -> Outcome<Self> {
        let hub = open_hub(&server.fresh_database())?;
        let working = business(&hub, tills, MEMBERS_OF_A_STORE)?;
        Ok(Self { tills, hub, working, worked: Worked::default() })
    }

    fn turn(&mut self, calls_of_all: u32) -> Outcome<()> {
        let calls = calls_of_all / self.tills;
        self.worked.and(work(&self.hub, &mut self.working, calls)?);
        Ok(())
    }
}

fn main() -> Outcome<()> {
    let (server, settings) = server();
    println!("PostgreSQL with {settings}");
    let mut shops = numbers()
        .into_iter()
        .map(|tills| Shop::open(&server, tills))
        .collect::<Outcome<Vec<Shop>>>()?;
    let most = shops.iter().map(|shop| shop.tills).max().unwrap_or(1);
    let before = resident_kib()?;
    for _ in 0..CALLS {
        shops.iter_mut().try_for_each(|shop| shop.turn(most))?;
    }
    println!("{CALLS} turns of {} entries for each", most * ENTRIES_OF_A_CALL);
    let mut fewer = None;
    for shop in shops {
        let each = Sample::new(shop.worked.entries);
        println!("{} tills", shop.tills);
        println!("  each entry           {}", each.told());
        println!(
            "  push of {ENTRIES_OF_A_CALL}           {}",
            Sample::new(shop.worked.pushes).told()
        );
        println!("  read what is new     {}", Sample::new(shop.worked.pulls).told());
        if let Some(fewer) = fewer.replace(each.median()) {
            println!("  ratio for each entry {}", ratio(each.median(), fewer));
        }
    }
    let after = resident_kib()?;
    println!("memory of hubs and simulated tills {} MiB, {} before", after / 1024, before / 1024);
    Ok(())
}

fn numbers() -> Vec<u32> {
    let told = env::var("PUNCHCARD_BENCH_TILLS").unwrap_or_else(|_| "10,100,1000".into());
    told.split(',').filter_map(|number| number.parse().ok()).filter(|number| *number > 0).collect()
}

/// What this process has in memory.
fn resident_kib() -> Outcome<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
