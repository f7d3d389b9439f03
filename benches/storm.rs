//! A reconnect storm: a hub on PostgreSQL, a process of its own, and a thousand tills that were offline for
//! an hour and come back within one second, each over TLS and a connection of its own; meanwhile twenty
//! others work as ever. Each till does what a sync does: greet, push what it wrote, read what is new; one
//! that is refused or cut off comes again after the pause that a till makes.
//!
//! Bars: all drained within 60 s; a call of the others at most 1 s (p99); the hub within 300 MB.
//!
//! `PUNCHCARD_BENCH_STORM` (1,000) chooses how many come back. The tills share the machine with the hub and
//! the database; what they send was signed before.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::{
    env, fs,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use punchcard_benches::{
    Dice, Outcome, Sample, open_hub, scratch, seconds,
    working::{EPOCH, Working, business},
};
use punchcard_protocol::{
    Hash, TillId,
    sync::{Code, Greeting, Known, LIMITS, Pull, PullAnswer, Window, WireRefusal, path},
};
use punchcard_tests::{cluster, processes::HubProgram};
use reqwest::Client;
use serde::Serialize;
use tokio::{task::JoinSet, time::sleep};

/// What a till writes in an hour: a tenth of its day.
const HOURS_ENTRIES: u32 = 50;
/// Tills that were never away.
const OTHERS: u32 = 20;
const MEMBERS_OF_A_STORE: u32 = 100;
/// How often each of them has something to say.
const EVERY: Duration = Duration::from_millis(500);
/// They work for so long before the storm.
const CALM: Duration = Duration::from_secs(3);
/// Within so long all come back.
const BACK_MS: u64 = 1_000;

const DRAINED: Duration = Duration::from_mins(1);
const OTHERS_P99: Duration = Duration::from_secs(1);
const MOST_MB: u64 = 300;

fn main() -> Outcome<()> {
    let tills =
        env::var("PUNCHCARD_BENCH_STORM").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000);
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| "a provider is there")?;
    let database = cluster::shared().fresh_database();
    let (hub, working) = {
        let hub = open_hub(&database)?;
        let working = business(&hub, tills + OTHERS, MEMBERS_OF_A_STORE)?;
        (hub.id(), working)
    };
    let place = scratch()?;
    let mut program = HubProgram::new(database, place.path());
    program.start();
    let pid = program.pid().ok_or("it runs")?;
    let before = resident_mb(pid, "VmRSS:")?;
    let runtime = tokio::runtime::Runtime::new()?;
    let seen = runtime.block_on(storm(hub, &program.url(), working))?;
    told(tills, seen, (before, resident_mb(pid, "VmHWM:")?));
    Ok(())
}

/// What was measured.
struct Seen {
    /// From the beginning of the storm until each till was whole.
    whole: Vec<Duration>,
    calm: Vec<Duration>,
    stormy: Vec<Duration>,
    again: u64,
}

fn told(tills: u32, seen: Seen, (before, most): (u64, u64)) {
    let verdict = |holds: bool| if holds { "ok  " } else { "MISS" };
    let last = seen.whole.iter().max().copied().unwrap_or_default();
    let (whole, calm) = (Sample::new(seen.whole), Sample::new(seen.calm));
    let stormy = Sample::new(seen.stormy);
    println!("{tills} tills after an hour offline ({HOURS_ENTRIES} entries each), back within 1 s");
    println!("{} all whole after       {}", verdict(last <= DRAINED), seconds(last));
    println!("     each                  {}", whole.told());
    println!("     sent away, came again {} times", seen.again);
    println!("     a call of the others before  {}", calm.told());
    let holds = verdict(stormy.p99() <= OTHERS_P99);
    println!("{holds} a call of the others meanwhile {}", stormy.told());
    println!("{} memory of the hub at most {most} MB, {before} before", verdict(most <= MOST_MB));
}

async fn storm(hub: TillId, url: &str, mut working: Vec<Working>) -> Outcome<Seen> {
    let again = Arc::new(AtomicU64::new(0));
    let line = |shop: Working| -> Outcome<Till> {
        // The hub's own certificate is nobody's that the system knows.
        let client = Client::builder().tls_danger_accept_invalid_certs(true).no_proxy().build()?;
        Ok(Till { shop, hub, url: url.to_owned(), client, again: again.clone() })
    };
    let over = Arc::new(AtomicBool::new(false));
    let raging = Arc::new(AtomicBool::new(false));
    let mut others = JoinSet::new();
    for _ in 0..OTHERS {
        let till = line(working.pop().ok_or("a till")?)?;
        others.spawn(till.works(raging.clone(), over.clone()));
    }
    let mut away = Vec::new();
    for mut one in working {
        one.write(HOURS_ENTRIES)?;
        away.push(line(one)?);
    }
    sleep(CALM).await;
    raging.store(true, Ordering::SeqCst);
    let (mut dice, mut back) = (Dice(20_261_124), JoinSet::new());
    let began = Instant::now();
    for till in away {
        let pause = Duration::from_millis(dice.below(BACK_MS));
        let dice = Dice(dice.below(u64::MAX) | 1);
        back.spawn(async move {
            sleep(pause).await;
            till.comes_back(dice).await;
            began.elapsed()
        });
    }
    let whole = back.join_all().await;
    over.store(true, Ordering::SeqCst);
    let (mut calm, mut stormy) = (Vec::new(), Vec::new());
    for outcome in others.join_all().await {
        let (before, meanwhile) = outcome?;
        calm.extend(before);
        stormy.extend(meanwhile);
    }
    Ok(Seen { whole, calm, stormy, again: again.load(Ordering::SeqCst) })
}

/// A till at its line.
struct Till {
    shop: Working,
    hub: TillId,
    url: String,
    client: Client,
    again: Arc<AtomicU64>,
}

/// Why a call did not go through.
enum Missed {
    /// Sent away or cut off: another time.
    Later(Duration),
    /// It is wrong.
    Wrong(String),
}

type Called<T> = Result<T, Missed>;

impl Till {
    /// Greets, pushes, reads; as often as it takes.
    async fn comes_back(mut self, mut dice: Dice) {
        let mut failures = 0_u32;
        loop {
            match self.sync().await {
                Ok(()) => return,
                Err(Missed::Later(least)) => {
                    self.again.fetch_add(1, Ordering::SeqCst);
                    failures += 1;
                    // As a till does: up to twice as long each time, by chance.
                    let longest = 2_000_u64 << failures.min(6);
                    let pause = Duration::from_millis(dice.below(longest.min(60_000)));
                    sleep(pause.max(least)).await;
                }
                Err(Missed::Wrong(why)) => {
                    println!("WRONG {why}");
                    return;
                }
            }
        }
    }

    async fn sync(&mut self) -> Called<()> {
        let nothing = Known { seq: 0, hash: Hash::ZERO };
        let greeting = Greeting {
            protocol: Window { min: 1, max: 1 },
            epoch: EPOCH,
            acked: nothing,
            now_ms: punchcard_hub::clock::system()(),
            endorsement: None,
            seen: None,
            card_blocks: None,
            earlier: Vec::new(),
        };
        self.call(path::GREET, &greeting).await?;
        while let Some(push) = self.shop.desk.ready.first() {
            self.call(path::PUSH, push).await?;
            self.shop.desk.ready.remove(0);
        }
        for at in 0..self.shop.read.len() {
            self.read(at).await?;
        }
        Ok(())
    }

    /// Reads one of its channels to its end.
    async fn read(&mut self, at: usize) -> Called<()> {
        loop {
            let Some((channel, after)) = self.shop.read.get(at).cloned() else { return Ok(()) };
            let ask =
                Pull { epoch: EPOCH, channel, after, limit: LIMITS.batch_entries, edge: false };
            let answer = self.call(path::PULL, &ask).await?;
            let answer: PullAnswer = serde_json::from_slice(&answer)
                .map_err(|error| Missed::Wrong(error.to_string()))?;
            if let Some((_, after)) = self.shop.read.get_mut(at) {
                *after = answer.scanned_to;
            }
            if answer.scanned_to >= answer.head {
                return Ok(());
            }
        }
    }

    async fn call(&self, path: &str, ask: &impl Serialize) -> Called<Vec<u8>> {
        let wrong = |error: serde_json::Error| Missed::Wrong(error.to_string());
        let body = serde_json::to_vec(ask).map_err(wrong)?;
        let mut request = self.client.post(format!("{}{path}", self.url));
        for (name, value) in self.shop.desk.headers(self.hub, path, &body) {
            request = request.header(name, value);
        }
        let later = |_| Missed::Later(Duration::ZERO);
        let answer = request.body(body).send().await.map_err(later)?;
        let fine = answer.status().is_success();
        let bytes = answer.bytes().await.map_err(later)?.to_vec();
        if fine {
            return Ok(bytes);
        }
        match WireRefusal::read(&bytes) {
            Some(refusal) if refusal.code == Code::SlowDown => {
                let pause = refusal.number("retry_ms").unwrap_or(0);
                Err(Missed::Later(Duration::from_millis(pause)))
            }
            Some(refusal) => Err(Missed::Wrong(format!("{path}: {refusal:?}"))),
            None => Err(Missed::Later(Duration::ZERO)),
        }
    }

    /// A till that was never away: says something now and then, until the storm is over. How long its calls
    /// took before and meanwhile.
    async fn works(
        mut self,
        raging: Arc<AtomicBool>,
        over: Arc<AtomicBool>,
    ) -> Result<(Vec<Duration>, Vec<Duration>), String> {
        let (mut calm, mut stormy) = (Vec::new(), Vec::new());
        while !over.load(Ordering::SeqCst) {
            self.shop.write(1).map_err(|error| error.to_string())?;
            let stormily = raging.load(Ordering::SeqCst);
            let began = Instant::now();
            // Sent away, it comes again: that is part of how long it took.
            while let Some(push) = self.shop.desk.ready.first() {
                match self.call(path::PUSH, push).await {
                    Ok(_) => drop(self.shop.desk.ready.remove(0)),
                    Err(Missed::Later(pause)) => sleep(pause.max(EVERY)).await,
                    Err(Missed::Wrong(why)) => return Err(why),
                }
            }
            let times = if stormily { &mut stormy } else { &mut calm };
            times.push(began.elapsed());
            sleep(EVERY).await;
        }
        Ok((calm, stormy))
    }
}

/// A figure of a process's memory, in MB.
fn resident_mb(pid: u32, which: &str) -> Outcome<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(which)).ok_or("its memory")?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib * 1024 / 1_000_000)
}
