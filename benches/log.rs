//! A day of a hundred tills at one hub on PostgreSQL, where the log is one, five and twenty million entries
//! long already: whether the cost of an entry grows with what came before it. Beside it, in turns, the same
//! day at a hub whose log stays short, since the machine is not the same all the time. The years before
//! are pushed like everything else, in the largest calls there are. It needs some 30 GB where temporary
//! files lie.
//!
//! PostgreSQL has the memory that docs/OPERATIONS.md asks for; with the 128 MB that it comes with, years are read
//! from the disk again and again.
//!
//! `PUNCHCARD_BENCH_LOG` (`1000000,5000000`) chooses other lengths, `PUNCHCARD_BENCH_POSTGRES`
//! (`shared_buffers=128MB,max_wal_size=1GB`) other settings.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::{
    env,
    sync::Arc,
    time::{Duration, Instant},
};

use punchcard_benches::{
    Outcome, Sample, open_hub, ratio, seconds,
    working::{
        CALLS, ENTRIES_OF_A_CALL, TILLS_OF_A_STORE, Worked, Working, business, server, work, years,
    },
};
use punchcard_hub::Hub;
use punchcard_tests::cluster::Cluster;

const TILLS: u32 = 100;
const MEMBERS_OF_A_STORE: u32 = 5_000;
/// The log that stays short.
const SHORT: u64 = 250_000;
/// So many days are measured at each length.
const DAYS: usize = 5;

/// A hub and its tills.
struct Shop {
    hub: Arc<Hub>,
    working: Vec<Working>,
    written: u64,
}

impl Shop {
    fn open(server: &Cluster) -> Outcome<Self> {
        let hub = open_hub(&server.fresh_database())?;
        let working = business(&hub, TILLS, MEMBERS_OF_A_STORE)?;
        // Everybody's registration; the rest is a few entries for each till.
        let written = u64::from(TILLS / TILLS_OF_A_STORE * MEMBERS_OF_A_STORE);
        Ok(Self { hub, working, written })
    }

    fn grow(&mut self, length: u64) -> Outcome<()> {
        let missing = length.saturating_sub(self.written);
        self.written += years(&self.hub, &mut self.working, missing)?;
        for till in &mut self.working {
            till.skip_to_the_end(&self.hub)?;
        }
        Ok(())
    }

    fn day(&mut self) -> Outcome<Worked> {
        let day = work(&self.hub, &mut self.working, CALLS)?;
        self.written += u64::from(TILLS * CALLS * ENTRIES_OF_A_CALL);
        Ok(day)
    }
}

fn main() -> Outcome<()> {
    let (server, settings) = server();
    println!("PostgreSQL with {settings}");
    let (mut short, mut long) = (Shop::open(&server)?, Shop::open(&server)?);
    short.grow(SHORT)?;
    for length in lengths() {
        let began = Instant::now();
        long.grow(length)?;
        println!("{} entries after {} more", long.written, seconds(began.elapsed()));
        let (mut after_years, mut as_ever) = (Worked::default(), Worked::default());
        for _ in 0..DAYS {
            after_years.and(long.day()?);
            as_ever.and(short.day()?);
        }
        let (after_years, as_ever) = (told("this log", after_years), told("a short log", as_ever));
        println!("  ratio for each entry {}", ratio(after_years, as_ever));
    }
    Ok(())
}

fn lengths() -> Vec<u64> {
    let told =
        env::var("PUNCHCARD_BENCH_LOG").unwrap_or_else(|_| "1000000,5000000,20000000".into());
    told.split(',').filter_map(|number| number.parse().ok()).collect()
}

/// Prints some days, and returns the median of what an entry took.
fn told(of: &str, days: Worked) -> Duration {
    let each = Sample::new(days.entries);
    println!("  {of}, each entry       {}", each.told());
    println!("    push of {ENTRIES_OF_A_CALL}           {}", Sample::new(days.pushes).told());
    println!("    read what is new     {}", Sample::new(days.pulls).told());
    each.median()
}
