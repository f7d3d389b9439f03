//! Commits and searches of ours beside those of stores and searches in JavaScript that offline-first
//! desks are built on, in one run on one disk: a check-in beside a put of PouchDB and an insert of nedb,
//! in turns; and the same queries over the same members by our store, MiniSearch and Fuse.js.
//!
//! `PUNCHCARD_BENCH_MEMBERS` (100,000) and `PUNCHCARD_BENCH_COMMITS` (2,000) choose how many;
//! `PUNCHCARD_PEERS` is where `scripts/bench.sh` has installed the others.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::{
    env,
    fmt::Write as _,
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    str::FromStr,
    time::{Duration, Instant},
};

use punchcard_benches::{Dice, Member, Outcome, PIN, Sample, card, made, name, ratio, scratch};
use punchcard_till::{Actor, CheckInHow, Till, Who};
use serde_json::Value;

const SEARCHES: usize = 400;
/// In turns of so many commits.
const TURN: u32 = 200;
/// A kind of query is given up after so long: s.
const PATIENCE_S: u32 = 20;
const LIMIT: usize = 20;

fn main() -> Outcome<()> {
    let peers = env::var_os("PUNCHCARD_PEERS").map(PathBuf::from).filter(|place| place.exists());
    let peers = peers.ok_or("the others are not here: scripts/bench.sh peers installs them")?;
    let members: u32 = given("PUNCHCARD_BENCH_MEMBERS", 100_000);
    let place = scratch()?;
    let till = made(&place.path().join("till"), members)?;
    let (owner, _) = till.sign_in(till.owner()?.staff, PIN)?;
    commits(&till, &owner, members, place.path(), &peers)?;
    searches(&till, &owner, members, place.path(), &peers)
}

fn given<T: FromStr>(name: &str, otherwise: T) -> T {
    env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

// ── Commits ──────────────────────────────────────────────────────────────────────────────────

fn commits(till: &Till, owner: &Actor, members: u32, place: &Path, peers: &Path) -> Outcome<()> {
    let mut dice = Dice(11);
    let (mut ours, mut pouch, mut nedb) = (Vec::new(), Vec::new(), Vec::new());
    let turns = given("PUNCHCARD_BENCH_COMMITS", 2_000_u32).div_ceil(TURN);
    for _ in 0..turns {
        for _ in 0..TURN {
            let member = u32::try_from(dice.below(u64::from(members)))?;
            let began = Instant::now();
            let who = Who::Card(card(member).to_string());
            till.check_in(owner, who, CheckInHow::Scan, None)?;
            ours.push(began.elapsed());
        }
        pouch.extend(theirs(peers, "pouchdb", place)?);
        nedb.extend(theirs(peers, "nedb", place)?);
    }
    let (ours, pouch, nedb) = (Sample::new(ours), Sample::new(pouch), Sample::new(nedb));
    println!("one check-in, told when the store says that it is done\n");
    println!("| store | waits for the disk | p50 and p99 | p50 beside ours |");
    println!("|---|---|---|---|");
    println!("| Punchcard | yes | {} | 1 |", ours.told());
    for (name, sample) in [("PouchDB 9.0.0", &pouch), ("nedb 4.1.2", &nedb)] {
        let beside = ratio(sample.median(), ours.median());
        println!("| {name} | no | {} | {beside} |", sample.told());
    }
    Ok(())
}

/// A turn of one of the others.
fn theirs(peers: &Path, which: &str, place: &Path) -> Outcome<Vec<Duration>> {
    let folder = place.join(which);
    std::fs::create_dir_all(&folder)?;
    let mut command = Command::new("node");
    command.arg(peers.join("store.mjs")).arg(which).arg(folder).arg("time");
    let output = command.arg(TURN.to_string()).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let text = String::from_utf8(output.stdout)?;
    text.lines().map(|line| Ok(Duration::from_micros(line.parse()?))).collect()
}

// ── Searches ─────────────────────────────────────────────────────────────────────────────────

type Kind = (&'static str, fn(&mut Dice, &[Member]) -> String);

fn any<'a>(dice: &mut Dice, members: &'a [Member]) -> &'a Member {
    let at = usize::try_from(dice.below(members.len() as u64)).unwrap_or(0);
    &members[at]
}

const KINDS: &[Kind] = &[
    ("phone, last 4", |dice, _| format!("{:04}", dice.below(10_000))),
    ("phone, whole", |dice, members| any(dice, members).phone.clone()),
    ("card, whole", |dice, members| any(dice, members).card.to_string()),
    ("card, first 5", |dice, members| any(dice, members).card.to_string()[..5].to_owned()),
    ("name, whole", |dice, members| any(dice, members).name.clone()),
    ("name, one character", |dice, _| name(dice).chars().take(1).collect()),
];

fn searches(till: &Till, owner: &Actor, members: u32, place: &Path, peers: &Path) -> Outcome<()> {
    let all: Vec<Member> = punchcard_benches::members(members).collect();
    let (mut rows, mut dice) = (String::new(), Dice(7));
    for Member { name, phone, card, .. } in &all {
        writeln!(rows, "{name}\t{phone}\t{card}")?;
    }
    let mut queries = Vec::new();
    for (kind, query) in KINDS {
        queries.extend((0..SEARCHES).map(|_| (*kind, query(&mut dice, &all))));
    }
    let mut asked = String::new();
    for (kind, query) in &queries {
        writeln!(asked, "{kind}\t{query}")?;
    }
    for (file, text) in [("members", &rows), ("queries", &asked)] {
        File::create(place.join(file))?.write_all(text.as_bytes())?;
    }
    println!("\nthe same search among {members} members, at most {LIMIT} answers\n");
    println!("| query | ours p50 / p99 | found | MiniSearch | found | Fuse.js | found |");
    println!("|---|---|---|---|---|---|---|");
    let others = [found_by(peers, "minisearch", place)?, found_by(peers, "fuse", place)?];
    for (kind, _) in KINDS {
        let (mut times, mut found) = (Vec::new(), 0);
        for (_, query) in queries.iter().filter(|(of, _)| of == kind) {
            let began = Instant::now();
            found += till.find(owner, query, LIMIT)?.len();
            times.push(began.elapsed());
        }
        let mut row = cells(&Sample::new(times), found as u64);
        for other in &others {
            let here = &other["kinds"][kind];
            let micros = here["micros"].as_array().ok_or("times")?;
            let times = micros.iter().filter_map(Value::as_u64).map(Duration::from_micros);
            row += &cells(&Sample::new(times.collect()), here["found"].as_u64().unwrap_or(0));
        }
        println!("| {kind} |{row}");
    }
    for (name, other) in [("MiniSearch 7.2.0", &others[0]), ("Fuse.js 7.5.0", &others[1])] {
        let (ready, memory) = (&other["ready"], &other["memory"]);
        println!("\n{name}: ready after {ready} ms at every start, {memory} MiB of memory");
    }
    Ok(())
}

fn cells(sample: &Sample, found: u64) -> String {
    let ms = punchcard_benches::ms;
    format!(" {} / {} (n={}) | {found} |", ms(sample.median()), ms(sample.p99()), sample.len())
}

fn found_by(peers: &Path, which: &str, place: &Path) -> Outcome<Value> {
    let mut command = Command::new("node");
    command.arg("--max-old-space-size=6000").arg(peers.join("search.mjs")).arg(which);
    command.arg(place.join("members")).arg(place.join("queries")).arg(PATIENCE_S.to_string());
    let output = command.output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
