//! A till with a million members: search, and a check-in beside one durable single-row commit on
//! the same encrypted database, turn by turn in one run.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::{
    error::Error,
    time::{Duration, Instant},
};

use punchcard_benches::{Dice, MILLION, PIN, Sample, card, folder, million, name, phone, ratio};
use punchcard_till::{Actor, CheckInHow, Till, Who, views::Prefs};

const SEARCHES: usize = 400;
/// Check-ins of a stretch, and stretches: in the first after a start the upper pages of the trees are
/// read as they are needed, in the next most of them lie in memory.
const ROUNDS: u32 = 2000;
const STRETCHES: u32 = 3;
const WARM_UP: u32 = 200;
const TURN: u32 = 100;

fn main() -> Result<(), Box<dyn Error>> {
    let began = Instant::now();
    let till = million()?;
    println!(
        "a store of {MILLION} members, opened after {:?} (made first where it was not there)",
        began.elapsed()
    );
    let (owner, _) = till.sign_in(till.owner()?.staff, PIN)?;
    searches(&till, &owner)?;
    check_ins(&till, &owner)?;
    Ok(())
}

/// One kind of query, and how to make the next one.
type Kind = (&'static str, fn(&mut Dice) -> String);

const KINDS: &[Kind] = &[
    ("phone, last 4", |dice| format!("{:04}", dice.below(10_000))),
    ("phone, whole", |dice| format!("139{:08}", phone(member(dice)))),
    ("card, whole", |dice| card(member(dice)).to_string()),
    ("card, first 5", |dice| card(member(dice)).to_string()[..5].to_owned()),
    ("name, whole", name),
    ("name, one character", |dice| name(dice).chars().take(1).collect()),
    ("given name", |dice| name(dice).chars().skip(1).collect()),
    ("pinyin", |dice| {
        dice.pick(&["wang", "zhangwei", "ouyang", "li", "chenz", "lizhe", "shan"]).to_owned()
    }),
    ("initials", |dice| dice.pick(&["wk", "zw", "oyn", "lz", "cjh", "zxy", "s"]).to_owned()),
];

fn member(dice: &mut Dice) -> u32 {
    u32::try_from(dice.below(u64::from(MILLION))).unwrap_or(0)
}

fn searches(till: &Till, owner: &Actor) -> Result<(), Box<dyn Error>> {
    println!("\nsearch, 20 answers, over {MILLION} members (bar: p99 at most 20 ms)");
    let mut dice = Dice(7);
    for (kind, query) in KINDS {
        let mut times = Vec::new();
        let mut found = 0;
        for _ in 0..SEARCHES {
            let query = query(&mut dice);
            let began = Instant::now();
            found += till.find(owner, &query, 20)?.len();
            times.push(began.elapsed());
        }
        let sample = Sample::new(times);
        let fast = sample.p99() <= Duration::from_millis(20);
        println!("{} {kind:<20} {}  ({found} found)", verdict(fast), sample.told());
    }
    Ok(())
}

fn verdict(holds: bool) -> &'static str {
    if holds { "ok  " } else { "SLOW" }
}

/// A durable commit of one row on the same database, by the same connection: the desk's preferences.
/// (By a second connection, each commit would empty the other's page cache, which a till, having one
/// writer, never meets.)
fn single_row(till: &Till, turn: u32) -> Result<Duration, punchcard_till::Error> {
    let prefs = Prefs { idle_lock_secs: 60 + turn % 60, ..Prefs::default() };
    let began = Instant::now();
    till.save_prefs(prefs)?;
    Ok(began.elapsed())
}

fn check_in(
    till: &Till,
    owner: &Actor,
    dice: &mut Dice,
) -> Result<Duration, punchcard_till::Error> {
    let who = Who::Card(card(member(dice)).to_string());
    let began = Instant::now();
    till.check_in(owner, who, CheckInHow::Scan, None)?;
    Ok(began.elapsed())
}

/// A check-in and a single row. Whichever comes first after a pause finds disk and processor asleep,
/// so each is first as often as the other.
fn one_of_each(
    till: &Till,
    owner: &Actor,
    dice: &mut Dice,
    round: u32,
) -> Result<(Duration, Duration), punchcard_till::Error> {
    if (round + round / TURN).is_multiple_of(2) {
        let mine = check_in(till, owner, dice)?;
        Ok((mine, single_row(till, round)?))
    } else {
        let floor = single_row(till, round)?;
        Ok((check_in(till, owner, dice)?, floor))
    }
}

fn check_ins(till: &Till, owner: &Actor) -> Result<(), Box<dyn Error>> {
    println!(
        "\na check-in (decide, append, fold, commit, anchor) beside one durable single-row commit"
    );
    println!("on the same encrypted database, turn by turn (bar: at most 2 times)");
    // Other members in each run: those of the run before have been scanned today, and whoever is scanned
    // twenty times a day lies on more pages than a member does.
    let mut dice = Dice(u64::try_from(punchcard_till::clock::now_ms()).unwrap_or(11));
    stretch(till, owner, &mut dice, WARM_UP)?;
    for nth in 0..STRETCHES {
        read_once()?;
        let (ours, bare) = stretch(till, owner, &mut dice, ROUNDS)?;
        println!(
            "     the {} to {} after the start",
            nth * ROUNDS + WARM_UP,
            (nth + 1) * ROUNDS + WARM_UP
        );
        tell(&ours, &bare);
    }
    Ok(())
}

/// Has the whole file in the system's cache, which some systems empty behind one's back: what a disk needs to find
/// a member's page is not what is measured.
fn read_once() -> Result<(), Box<dyn Error>> {
    let mut file = std::fs::File::open(folder().join("till.db"))?;
    std::io::copy(&mut file, &mut std::io::sink())?;
    Ok(())
}

/// So many check-ins, and as many single rows.
fn stretch(
    till: &Till,
    owner: &Actor,
    dice: &mut Dice,
    rounds: u32,
) -> Result<(Sample, Sample), Box<dyn Error>> {
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        if round % TURN == 0 {
            // A desk breathes: its log is put into the database meanwhile.
            std::thread::sleep(Duration::from_millis(700));
        }
        let (mine, floor) = one_of_each(till, owner, dice, round)?;
        ours.push(mine);
        bare.push(floor);
    }
    Ok((Sample::new(ours), Sample::new(bare)))
}

fn tell(ours: &Sample, bare: &Sample) {
    println!("     check-in             {}", ours.told());
    println!("     single-row commit    {}", bare.told());
    let holds = |ours: Duration, bare: Duration| ours <= bare * 2;
    println!(
        "{} ratio of medians     {}",
        verdict(holds(ours.median(), bare.median())),
        ratio(ours.median(), bare.median())
    );
    println!(
        "{} ratio of p99         {}",
        verdict(holds(ours.p99(), bare.p99())),
        ratio(ours.p99(), bare.p99())
    );
}
