//! The power goes at random moments: what was acknowledged is there, once, in the database and under
//! the anchor; what was not is there whole or not at all.
//!
//! Real processes, on a disk of our own (`punchcard_tests::lossy`) that forgets what was not synced:
//! all of it, or any sectors of it.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use punchcard_tests::{
    id,
    lossy::{Cut, Disk, Fault, Mounted},
    processes::{Dice, HubProgram, TillProgram},
};
use punchcard_till::{Till, views::Distrust};
use serde_json::Value;

use crate::{
    book,
    kill::{self, Stock, facts_after, open},
    tool,
};

/// So often in the ordinary run; `make power ROUNDS=200` shows what is promised.
const ROUNDS: u64 = 24;

/// How often the power is cut, by `PUNCHCARD_POWER_ROUNDS`.
fn rounds() -> u64 {
    let given = std::env::var("PUNCHCARD_POWER_ROUNDS").ok();
    given.map_or(ROUNDS, |text| text.parse().expect("PUNCHCARD_POWER_ROUNDS is a number"))
}

/// Half of the cuts leave nothing of what was not synced, half leave any part of it.
fn some_cut(dice: &mut Dice) -> Cut {
    *dice.pick(&[Cut::Drop, Cut::Torn])
}

/// The tool at work until the power goes, before some step of the disk's.
fn until_the_cut(disk: &Disk, dice: &mut Dice, stock: &Stock) -> Vec<String> {
    let mounted = Mounted::new(disk);
    // From before the store is open to well within the stream, beyond the first checkpoints.
    let reach = *dice.pick(&[60, 400, 4_000]);
    disk.stop_before(dice.below(reach));
    kill::life(&mounted.at("till"), dice, stock, |child, _| power_goes(disk, child))
}

/// Waits for the cut, and ends whoever is still running.
fn power_goes(disk: &Disk, child: &mut Child) {
    disk.wait_off(Duration::from_secs(20));
    disk.stop();
    child.kill().expect("SIGKILL");
}

/// Seq of the newest anchor that reached the disk.
fn anchored(disk: &Disk) -> u64 {
    let bytes = disk.kept("till/anchor").expect("there is one");
    let seqs = bytes.chunks_exact(128).map(|slot| slot[28..36].try_into().expect("eight bytes"));
    seqs.map(u64::from_be_bytes).max().expect("two slots")
}

/// What was told is there once, and at most one thing more.
fn all_there(facts: &BTreeMap<String, u32>, told: &[String], which: &str) -> usize {
    for fact in told {
        assert_eq!(facts.get(fact), Some(&1), "{which}: {fact} was acknowledged");
    }
    // At most the one that was being told when the power went.
    let extra = facts.len() - told.len();
    assert!(extra <= 1, "{which}: {extra} more");
    extra
}

fn sound(till: &Till, which: &str) {
    assert_eq!(till.status(None).expect("a status").distrust, None, "{which}: a false alarm");
    let found = till.verify().expect("it can be read");
    assert!(found.ok, "{which}: {:?}", found.problems);
}

#[test]
fn a_till_loses_nothing_it_told() {
    let disk = Disk::new();
    let stock = kill::stock(&Mounted::new(&disk).at("till"));
    let (mut dice, seed) = Dice::seeded();
    let (mut place, mut told, mut unheard, mut behind) = (stock.place, 0, 0, 0);
    let rounds = rounds();
    for round in 0..rounds {
        let acknowledged = until_the_cut(&disk, &mut dice, &stock);
        let how = some_cut(&mut dice);
        disk.cut(how, &mut dice);
        let which = format!("seed {seed}, round {round}, {how:?}");
        let anchor = anchored(&disk);
        let mounted = Mounted::new(&disk);
        let till = open(&mounted.at("till"));
        let (facts, last) = facts_after(&till, place);
        unheard += all_there(&facts, &acknowledged, &which);
        assert!(anchor <= last, "{which}: the anchor is at {anchor}, the database at {last}");
        behind = behind.max(last - anchor);
        sound(&till, &which);
        told += acknowledged.len();
        place = last;
        if round == rounds - 1 {
            let (before, after) = till.rebuild().expect("rebuilt");
            assert_eq!(before, after, "{which}: tables are what the journal says");
        }
    }
    assert!(told as u64 > rounds * 10, "the stream flowed: {told} acknowledged");
    println!(
        "{rounds} power cuts: {told} acknowledged and there once, {unheard} committed but not yet \
         told; the anchor was at most {behind} entries behind the database"
    );
}

/// A till whose commits do not wait for the disk (`synchronous=NORMAL`), as `punchcard-till` has no
/// way to be. Told is what it told; then it rests until its anchor is on the disk.
fn careless_life(disk: &Disk, stock: &Stock, entries: u32) -> Vec<String> {
    let mounted = Mounted::new(disk);
    let mut child = Command::new(env!("CARGO_BIN_EXE_careless-till"))
        .arg(mounted.at("till"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdin = child.stdin.take().expect("piped");
    let mut stdout = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut told = Vec::new();
    for _ in 0..entries {
        writeln!(stdin, "{}", stock.members[0]).expect("it listens");
        told.push(stdout.next().expect("an answer").expect("text"));
    }
    std::thread::sleep(Duration::from_millis(150));
    disk.stop();
    child.kill().expect("SIGKILL");
    child.wait().expect("it is dead");
    told
}

/// The defence taken away: what was told is lost with the power. The anchor says so.
#[test]
fn without_waiting_for_the_disk_it_would_and_the_anchor_notices() {
    let disk = Disk::new();
    let stock = kill::stock(&Mounted::new(&disk).at("till"));
    let (mut dice, _) = Dice::seeded();
    let mut place = stock.place;
    for (round, how) in [Cut::Drop, Cut::Torn, Cut::Drop].into_iter().enumerate() {
        let told = careless_life(&disk, &stock, 12);
        disk.cut(how, &mut dice);
        let mounted = Mounted::new(&disk);
        let till = open(&mounted.at("till"));
        let (facts, end) = facts_after(&till, if round == 0 { place } else { 0 });
        let lost = told.iter().filter(|fact| !facts.contains_key(*fact)).count();
        assert!(lost > 0, "round {round}, {how:?}: nothing was lost, so this test cannot bite");
        let status = till.status(None).expect("a status");
        assert_eq!(status.distrust, Some(Distrust::BehindAnchor), "{lost} entries are lost");
        let points = till.member(&till.owner().expect("an owner"), id(&stock.members[0]));
        assert_eq!(points.expect("a member").points.spendable_here, 0, "and nothing can be spent");
        place = end;
    }
}

/// The set-up itself: as soon as it is told, it is there.
#[test]
fn a_shop_that_was_just_set_up_outlives_the_power() {
    let (mut dice, seed) = Dice::seeded();
    for round in 0..6 {
        let disk = Disk::new();
        {
            let mounted = Mounted::new(&disk);
            tool::shop(&mounted.at("shops/first/till"));
            disk.stop();
        }
        let how = some_cut(&mut dice);
        disk.cut(how, &mut dice);
        let mounted = Mounted::new(&disk);
        let data = mounted.at("shops/first/till");
        assert!(Till::exists(&data), "seed {seed}, round {round}, {how:?}: the shop is gone");
        sound(&open(&data), &format!("seed {seed}, round {round}, {how:?}"));
    }
}

/// The set-up, cut short before each of its steps: it can be done again, or it was done.
#[test]
fn a_set_up_that_is_cut_short_can_be_done_again() {
    let (mut dice, seed) = Dice::seeded();
    let (mut step, mut whole) = (0, 0);
    loop {
        let disk = Disk::new();
        let (told, done) = set_up_until(&disk, step);
        let how = some_cut(&mut dice);
        disk.cut(how, &mut dice);
        let mounted = Mounted::new(&disk);
        let which = format!("seed {seed}, step {step}, {how:?}");
        let (status, said) =
            tool_at(&mounted).ask(&["init", "--business", "打卡", "--store", "静安"]);
        let code = said["error"]["code"].as_str().unwrap_or_default();
        assert!(code == "already_set_up" || (status == 0 && !told), "{which}: {said}");
        whole += u32::from(code == "already_set_up");
        sound(&open(&mounted.at("till")), &which);
        if done {
            break;
        }
        step += 1 + dice.below(12);
    }
    assert!(step > 60 && whole > 0, "it takes more steps than {step}");
}

fn tool_at(mounted: &Mounted) -> TillProgram {
    TillProgram { data: mounted.at("till") }
}

/// Sets a shop up, with the power going before a step. Returns whether that was told, and whether the
/// program was through before the power went.
fn set_up_until(disk: &Disk, step: u64) -> (bool, bool) {
    let mounted = Mounted::new(disk);
    disk.stop_before(step);
    let args = ["init", "--business", "打卡", "--store", "静安"];
    let (status, _) = tool_at(&mounted).ask(&args);
    let done = !disk.wait_off(Duration::ZERO);
    disk.stop();
    (status == 0, done)
}

// ── The hub ──────────────────────────────────────────────────────────────────────────────────

/// A hub on the disk whose power is cut, and a till beside it on one that is not.
struct Beside {
    disk: Disk,
    hub: HubProgram,
    till: TillProgram,
    members: Vec<String>,
    told: Vec<String>,
    /// Told, and acknowledged by the hub.
    safe: Vec<String>,
    dir: tempfile::TempDir,
}

impl Beside {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let disk = Disk::new();
        let till = TillProgram { data: dir.path().join("till") };
        let stock = kill::stock(&till.data);
        let mounted = Mounted::new(&disk);
        let mut hub = HubProgram::new(database(&mounted), dir.path());
        hub.start();
        let (status, paired) = hub.ask(&["pair"]);
        assert_eq!(status, 0, "{paired}");
        let code = paired["code"].as_str().expect("a code").to_owned();
        let (status, said) = till.ask(&["enrol", "--hub", &hub.url(), "--code", &code]);
        assert_eq!(status, 0, "{said}");
        hub.kill();
        let members = stock.members;
        Self { disk, hub, till, members, told: Vec::new(), safe: Vec::new(), dir }
    }

    /// The hub at work until its power goes.
    fn until_the_cut(&mut self, dice: &mut Dice, longest: u64) {
        let mounted = Mounted::new(&self.disk);
        self.hub.database = database(&mounted);
        self.hub.start();
        self.disk.stop_before(dice.below(longest));
        let (mut child, mut talk) = self.till.batch();
        while !self.disk.wait_off(Duration::ZERO) {
            for _ in 0..=dice.below(5) {
                let member = dice.pick(&self.members);
                let earned =
                    talk.say(&format!("earn --member {member} --amount 1")).expect("alive");
                self.told.push(earned["fact"].as_str().expect("a fact").to_owned());
            }
            let synced = talk.say("sync").expect("alive");
            if synced["line"]["unsynced"] == 0 && synced.get("error").is_none() {
                self.safe.clone_from(&self.told);
            }
        }
        self.hub.kill();
        drop(talk);
        child.wait().expect("it has ended");
    }

    /// A point and a sync, so often; each is acknowledged, or none is.
    fn tells_and_syncs(&mut self, times: u32, acknowledged: bool) {
        let (mut child, mut talk) = self.till.batch();
        for _ in 0..times {
            let line = format!("earn --member {} --amount 1", self.members[0]);
            let earned = talk.say(&line).expect("alive");
            self.told.push(earned["fact"].as_str().expect("a fact").to_owned());
            let synced = talk.say("sync").expect("alive");
            assert_eq!(synced.get("error").is_none(), acknowledged, "{synced}");
        }
        if acknowledged {
            self.safe.clone_from(&self.told);
        }
        drop(talk);
        child.wait().expect("it has ended");
    }

    /// What was acknowledged and is not at the hub.
    fn lost(&self, mounted: &Mounted) -> Vec<&String> {
        let held = book::held_by_hub(&database(mounted));
        let mut times: BTreeMap<&str, u32> = BTreeMap::new();
        for (_, _, fact) in held.values() {
            *times.entry(fact["id"].as_str().unwrap_or_default()).or_insert(0) += 1;
        }
        assert!(times.values().all(|times| *times == 1), "nothing is there twice");
        self.safe.iter().filter(|fact| !times.contains_key(fact.as_str())).collect()
    }

    /// The till syncs, and the hub has everything that was ever told.
    fn heals(&mut self, mounted: &Mounted) -> Value {
        self.hub.database = database(mounted);
        self.hub.start();
        for _ in 0..2 {
            let (status, said) = self.till.ask(&["sync"]);
            assert_eq!(status, 0, "{said}");
        }
        let (_, notices) = self.till.ask(&["notices"]);
        // A second process on the same database, over the same shared memory.
        let (status, found) = self.hub.ask(&["verify"]);
        assert_eq!(status, 0, "{found}");
        self.hub.kill();
        self.safe.clone_from(&self.told);
        assert_eq!(self.lost(mounted), Vec::<&String>::new());
        notices
    }
}

fn database(mounted: &Mounted) -> String {
    format!("sqlite:{}", mounted.at("hub.db").display())
}

#[test]
fn a_hub_loses_nothing_it_acknowledged() {
    let (mut dice, seed) = Dice::seeded();
    let mut street = Beside::new();
    let (rounds, mut acknowledged) = (rounds() / 2, 0);
    for round in 0..rounds {
        let reach = *dice.pick(&[50, 300, 2_000]);
        street.until_the_cut(&mut dice, reach);
        let how = some_cut(&mut dice);
        street.disk.cut(how, &mut dice);
        let mounted = Mounted::new(&street.disk);
        let which = format!("seed {seed}, round {round}, {how:?}");
        assert_eq!(street.lost(&mounted), Vec::<&String>::new(), "{which}");
        acknowledged = street.safe.len();
    }
    let mounted = Mounted::new(&street.disk);
    let notices = street.heals(&mounted);
    assert!(!notices.to_string().contains("hub_restored"), "nothing was missed: {notices}");
    let found = open(&street.till.data).verify().expect("it can be read");
    assert!(found.ok, "{:?}", found.problems);
    assert!(acknowledged as u64 > rounds, "the stream flowed: {acknowledged} acknowledged");
    println!("{rounds} power cuts of a hub: {acknowledged} acknowledged and there once");
}

/// A sync fails once, and the system takes for written what is not. The hub acknowledges nothing more;
/// started again, it goes on; and then the power goes.
#[test]
fn a_hub_acknowledges_nothing_after_a_failed_sync_until_a_restart() {
    let (mut dice, seed) = Dice::seeded();
    for how in [Cut::Drop, Cut::Torn] {
        let mut street = Beside::new();
        let mounted = Mounted::new(&street.disk);
        street.hub.database = database(&mounted);
        street.hub.start();
        street.tells_and_syncs(2, true);
        street.disk.fault(Fault::SyncOnce("hub.db-wal".into()));
        // The disk seems well again after the first; that is what must not be believed.
        street.tells_and_syncs(3, false);
        assert!(street.hub.logged().contains("the disk failed"), "{}", street.hub.logged());
        street.hub.kill();
        street.hub.start();
        street.tells_and_syncs(2, true);
        street.disk.stop();
        street.hub.kill();
        drop(mounted);
        street.disk.cut(how, &mut dice);
        let mounted = Mounted::new(&street.disk);
        assert_eq!(street.lost(&mounted), Vec::<&String>::new(), "seed {seed}, {how:?}");
        street.heals(&mounted);
    }
}

/// The defence taken away: a disk that says it has synced the log and has not. What was acknowledged is
/// lost, the till notices, and gives the hub everything again.
#[test]
fn a_hub_whose_disk_lies_loses_it_and_the_till_notices() {
    let (mut dice, _) = Dice::seeded();
    let mut street = Beside::new();
    street.disk.fault(Fault::SyncLies("hub.db-wal".into()));
    street.until_the_cut(&mut dice, 600);
    // Something was acknowledged, whenever the dice had the power go.
    let begun = Instant::now();
    while street.safe.is_empty() && begun.elapsed() < Duration::from_secs(20) {
        street.disk.cut(Cut::Kill, &mut dice);
        street.disk.fault(Fault::SyncLies("hub.db-wal".into()));
        street.until_the_cut(&mut dice, 600);
    }
    street.disk.cut(Cut::Drop, &mut dice);
    let mounted = Mounted::new(&street.disk);
    assert!(!street.lost(&mounted).is_empty(), "nothing was lost, so this test cannot bite");
    let notices = street.heals(&mounted);
    assert!(notices.to_string().contains("hub_restored"), "{notices}");
    drop(mounted);
    let _kept: &Path = street.dir.path();
}
