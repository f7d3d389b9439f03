//! The power goes, again and again, under a desk's check-ins: how much of what was told is there
//! afterwards. Our till, and beside it, on the same disk (`punchcard_tests::lossy`) under the same cuts,
//! two stores that offline-first desks are built on. Each is told one check-in after another and
//! tells it back when the store says that it is done; half of the cuts leave nothing of what was not
//! synced, half any sectors of it.
//!
//! `PUNCHCARD_POWER_ROUNDS` (200) chooses how often; `PUNCHCARD_PEERS` is where `scripts/bench.sh`
//! has installed the others.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::{
    collections::BTreeSet,
    env,
    fs::File,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use punchcard_benches::{Outcome, options};
use punchcard_tests::{
    lossy::{Cut, Disk, Mounted},
    processes::{Dice, TillProgram, program},
};
use punchcard_till::Till;
use serde_json::Value;

/// The same cuts for each of them.
const SEED: u64 = 20_261_123;
/// Check-ins that wait to be done in one life: more than any life gets to.
const LINES: u32 = 20_000;
/// Steps of the disk until the power goes, at most: from before the store is open to well within.
const REACHES: [u64; 3] = [60, 400, 4_000];
const LONGEST: Duration = Duration::from_secs(20);

fn main() -> Outcome<()> {
    let rounds =
        env::var("PUNCHCARD_POWER_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(200);
    let mut stores: Vec<Box<dyn Store>> = vec![Box::new(Ours::default())];
    match env::var_os("PUNCHCARD_PEERS").map(PathBuf::from).filter(|place| place.exists()) {
        Some(place) => {
            for (name, which) in [("PouchDB 9.0.0", "pouchdb"), ("nedb 4.1.2", "nedb")] {
                stores.push(Box::new(Peer { name, which, script: place.join("store.mjs") }));
            }
        }
        None => println!("the others are not here: scripts/bench.sh power installs them"),
    }
    println!("{rounds} power cuts under check-ins\n");
    println!("| store | told | lost | cuts that lost something | did not open |");
    println!("|---|---|---|---|---|");
    for store in &mut stores {
        let Figures { told, lost, lossy_cuts, broken } = measure(&mut **store, rounds)?;
        let name = store.name();
        println!("| {name} | {told} | {lost} | {lossy_cuts} of {rounds} | {broken} |");
    }
    Ok(())
}

/// A store of check-ins on a disk.
trait Store: Sync {
    fn name(&self) -> &str;
    /// Makes what has to be there before the first check-in.
    fn begin(&mut self, folder: &Path) -> Outcome<()>;
    /// A process that is told check-ins line by line.
    fn start(&self, folder: &Path) -> Outcome<Child>;
    /// What one has to say for the n-th check-in.
    fn line(&self, n: u64) -> String;
    /// The check-in that an answer tells of.
    fn told(&self, answer: &str) -> Option<String>;
    /// Everything that is there; none: it does not open.
    fn list(&self, folder: &Path) -> Outcome<Option<BTreeSet<String>>>;
}

#[derive(Default)]
struct Figures {
    told: usize,
    lost: usize,
    lossy_cuts: u64,
    broken: u64,
}

fn measure(store: &mut dyn Store, rounds: u64) -> Outcome<Figures> {
    let mut dice = Dice::of(SEED);
    let mut figures = Figures::default();
    let mut disk = fresh(store)?;
    let mut there = BTreeSet::new();
    let mut next = 0;
    for _ in 0..rounds {
        let told = life(store, &disk, &mut dice, &mut next)?;
        figures.told += told.len();
        there.extend(told);
        disk.cut(*dice.pick(&[Cut::Drop, Cut::Torn]), &mut dice);
        let found = {
            let mounted = Mounted::new(&disk);
            let found = store.list(&mounted.at("desk"))?;
            at_rest(&mounted.at(""))?;
            found
        };
        let lost = match &found {
            Some(found) => there.difference(found).count(),
            None => there.len(),
        };
        figures.lost += lost;
        figures.lossy_cuts += u64::from(lost > 0);
        if let Some(found) = found {
            there.retain(|one| found.contains(one));
        } else {
            figures.broken += 1;
            there.clear();
            disk = fresh(store)?;
        }
    }
    Ok(figures)
}

/// A disk on which the store has begun.
fn fresh(store: &mut dyn Store) -> Outcome<Disk> {
    let disk = Disk::new();
    let mounted = Mounted::new(&disk);
    std::fs::create_dir(mounted.at("desk"))?;
    store.begin(&mounted.at("desk"))?;
    at_rest(&mounted.at(""))?;
    drop(mounted);
    Ok(disk)
}

/// Half a minute later the system has brought everything to the disk by itself.
fn at_rest(folder: &Path) -> Outcome<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            at_rest(&path)?;
        } else {
            File::open(&path)?.sync_all()?;
        }
    }
    Ok(File::open(folder)?.sync_all()?)
}

/// One life of a store, until the power goes before some step of the disk's; what it told.
fn life(
    store: &dyn Store,
    disk: &Disk,
    dice: &mut Dice,
    next: &mut u64,
) -> Outcome<BTreeSet<String>> {
    let mounted = Mounted::new(disk);
    let reach = *dice.pick(&REACHES);
    disk.stop_before(dice.below(reach));
    let mut child = store.start(&mounted.at("desk"))?;
    let mut stdin = child.stdin.take().ok_or("no way to tell it anything")?;
    let stdout = BufReader::new(child.stdout.take().ok_or("no way to hear it")?);
    let lines: String = (0..u64::from(LINES)).map(|n| store.line(*next + n) + "\n").collect();
    *next += u64::from(LINES);
    let told = thread::scope(|scope| {
        // It ends when the process does.
        scope.spawn(move || drop(stdin.write_all(lines.as_bytes())));
        let hearing = scope.spawn(|| {
            let lines = stdout.lines().map_while(Result::ok);
            lines.filter_map(|line| store.told(&line)).collect()
        });
        disk.wait_off(LONGEST);
        disk.stop();
        let killed = child.kill().and_then(|()| child.wait());
        let told = hearing.join().map_err(|_| "nobody heard it");
        killed.map(|_| told)
    })??;
    Ok(told)
}

// ── Ours ─────────────────────────────────────────────────────────────────────────────────────

/// `punchcard-till`, as any script uses it.
#[derive(Default)]
struct Ours {
    members: Vec<String>,
}

impl Store for Ours {
    fn name(&self) -> &'static str {
        "Punchcard"
    }

    fn begin(&mut self, folder: &Path) -> Outcome<()> {
        let tool = TillProgram { data: folder.to_owned() };
        let (status, said) = tool.ask(&["init", "--business", "打卡", "--store", "静安", "--demo"]);
        if status != 0 {
            return Err(said.to_string().into());
        }
        let till = Till::open(folder, &options())?;
        let found = till.find(&till.owner()?, "1000", 60)?;
        self.members = found.into_iter().map(|member| member.id).collect();
        Ok(())
    }

    fn start(&self, folder: &Path) -> Outcome<Child> {
        let mut command = Command::new(program("punchcard-till"));
        command.arg("--data").arg(folder).arg("batch").stderr(Stdio::null());
        Ok(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?)
    }

    fn line(&self, n: u64) -> String {
        let at = usize::try_from(n).unwrap_or(0) % self.members.len().max(1);
        let member = self.members.get(at).map_or("", String::as_str);
        format!("check-in --member {member}")
    }

    fn told(&self, answer: &str) -> Option<String> {
        let answer: Value = serde_json::from_str(answer).ok()?;
        answer["fact"].as_str().map(str::to_owned)
    }

    fn list(&self, folder: &Path) -> Outcome<Option<BTreeSet<String>>> {
        let Ok(till) = Till::open(folder, &options()) else { return Ok(None) };
        let mut facts = BTreeSet::new();
        till.log(0, |line| {
            facts.extend(line.payload["id"].as_str().map(str::to_owned));
            Ok(())
        })?;
        Ok(till.verify()?.ok.then_some(facts))
    }
}

// ── The others ───────────────────────────────────────────────────────────────────────────────

/// A store of the others', in Node.
struct Peer {
    name: &'static str,
    which: &'static str,
    script: PathBuf,
}

impl Peer {
    fn command(&self, folder: &Path, act: &str) -> Command {
        let mut command = Command::new("node");
        command.arg(&self.script).arg(self.which).arg(folder).arg(act).stderr(Stdio::null());
        command
    }
}

impl Store for Peer {
    fn name(&self) -> &str {
        self.name
    }

    fn begin(&mut self, folder: &Path) -> Outcome<()> {
        // Opened once: its files are there.
        self.command(folder, "list").stdout(Stdio::null()).status()?;
        Ok(())
    }

    fn start(&self, folder: &Path) -> Outcome<Child> {
        let mut command = self.command(folder, "write");
        Ok(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?)
    }

    fn line(&self, n: u64) -> String {
        format!("visit-{n:09}")
    }

    fn told(&self, answer: &str) -> Option<String> {
        answer.starts_with("visit-").then(|| answer.to_owned())
    }

    fn list(&self, folder: &Path) -> Outcome<Option<BTreeSet<String>>> {
        let output = self.command(folder, "list").output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let mut lines: BTreeSet<String> = text.lines().map(str::to_owned).collect();
        // Whoever does not come to its end has not opened.
        Ok(lines.remove("end").then_some(lines))
    }
}
