//! The disk says no: a sync that fails, a write that fails, and no room left, at any moment.
//!
//! Real processes, on a disk of our own (`punchcard_tests::lossy`).

use std::{collections::BTreeMap, process::Child, time::Duration};

use punchcard_tests::{
    lossy::{Cut, Disk, Fault, Mounted, Room},
    processes::{Dice, Talk, TillProgram},
};
use serde_json::Value;

use crate::kill::{self, Stock, facts_after, open};

/// A till's process at work, and what it told.
struct Desk {
    child: Child,
    talk: Talk,
}

impl Desk {
    fn open(mounted: &Mounted) -> Self {
        let (child, talk) = TillProgram { data: mounted.at("till") }.batch();
        Self { child, talk }
    }

    fn say(&mut self, line: &str) -> Value {
        self.talk.say(line).unwrap_or_else(|| unreachable!("no answer to {line}"))
    }

    /// Gives a point; the fact, or the code of the refusal.
    fn earn(&mut self, stock: &Stock) -> Result<String, String> {
        let answer = self.say(&format!("earn --member {} --amount 1", stock.members[0]));
        match answer["fact"].as_str() {
            Some(fact) => Ok(fact.to_owned()),
            None => Err(answer["error"]["code"].as_str().expect("a code").to_owned()),
        }
    }

    /// What can be looked at without writing anything.
    fn is_readable(&mut self, stock: &Stock) {
        for line in [format!("member {}", stock.members[0]), "status".into(), "digest".into()] {
            let answer = self.say(&line);
            assert!(answer.get("error").is_none(), "{line}: {answer}");
        }
    }

    fn kill(mut self) {
        self.child.kill().expect("SIGKILL");
        self.child.wait().expect("it is dead");
    }

    fn close(mut self) {
        drop(self.talk);
        assert!(self.child.wait().expect("it has ended").success());
    }
}

/// What was told is there once, at most `more` besides, and everything holds together.
fn all_there(mounted: &Mounted, stock: &Stock, told: &[String], more: usize, which: &str) {
    let till = open(&mounted.at("till"));
    let (facts, _): (BTreeMap<String, u32>, _) = facts_after(&till, stock.place);
    for fact in told {
        assert_eq!(facts.get(fact), Some(&1), "{which}: {fact} was acknowledged");
    }
    let extra = facts.len() - told.len();
    assert!(extra <= more, "{which}: {extra} more");
    assert_eq!(till.status(None).expect("a status").distrust, None, "{which}: a false alarm");
    let found = till.verify().expect("it can be read");
    assert!(found.ok, "{which}: {:?}", found.problems);
}

// ── A sync that fails ────────────────────────────────────────────────────────────────────────

/// Works until the fault is met: nothing more is told then, nor when the disk seems well again.
fn until_it_fails(
    disk: &Disk,
    mounted: &Mounted,
    stock: &Stock,
    fault: &Fault,
) -> (Desk, Vec<String>) {
    let mut till = Desk::open(mounted);
    let mut told: Vec<String> =
        (0..3).map(|_| till.earn(stock).expect("the disk is well")).collect();
    disk.fault(fault.clone());
    let code = loop {
        match till.earn(stock) {
            Ok(fact) => told.push(fact),
            Err(code) => break code,
        }
        // Time for the anchor to be brought onto the disk, or for the log to be put away.
        std::thread::sleep(Duration::from_millis(if told.len() > 4 { 700 } else { 60 }));
        assert!(told.len() < 12, "{fault:?}: the till goes on as if nothing had happened");
    };
    assert_eq!(code, "disk_failed", "{fault:?}");
    disk.heal();
    for _ in 0..3 {
        assert_eq!(till.earn(stock), Err("disk_failed".into()), "{fault:?}: it is not tried again");
    }
    till.is_readable(stock);
    (till, told)
}

/// A sync fails once, and the system takes for written what is not. The till stops; started again, it
/// goes on; and then the power goes.
#[test]
fn after_a_failed_sync_nothing_is_told_until_a_restart_and_nothing_told_is_lost() {
    let base = Disk::new();
    let stock = kill::stock(&Mounted::new(&base).at("till"));
    let (mut dice, seed) = Dice::seeded();
    let faults = [
        Fault::SyncOnce("till.db-wal".into()),
        Fault::SyncAlways("till.db-wal".into()),
        Fault::WriteAlways("till.db-wal".into()),
        Fault::SyncOnce("till.db".into()),
        Fault::SyncOnce("anchor".into()),
        Fault::WriteAlways("anchor".into()),
    ];
    for fault in faults {
        for killed in [true, false] {
            let disk = base.copy();
            let mounted = Mounted::new(&disk);
            let (till, mut told) = until_it_fails(&disk, &mounted, &stock, &fault);
            if killed {
                till.kill();
            } else {
                till.close();
            }
            let mut again = Desk::open(&mounted);
            told.extend((0..5).map(|_| again.earn(&stock).expect("the disk is well again")));
            disk.stop();
            again.kill();
            drop(mounted);
            let how = *dice.pick(&[Cut::Drop, Cut::Torn]);
            disk.cut(how, &mut dice);
            let which = format!("seed {seed}, {fault:?}, killed: {killed}, {how:?}");
            all_there(&Mounted::new(&disk), &stock, &told, 1, &which);
        }
    }
}

// ── No room ──────────────────────────────────────────────────────────────────────────────────

/// The disk fills up under a till: it says so, shows what it has, and goes on as soon as there is room.
fn fills_up(disk: &Disk, stock: &Stock, left: u64, idle: bool, which: &str) -> usize {
    let mounted = Mounted::new(disk);
    let mut till = Desk::open(&mounted);
    disk.room(Room::Bytes(disk.used() + left));
    let mut told = Vec::new();
    let code = loop {
        match till.earn(stock) {
            Ok(fact) => told.push(fact),
            Err(code) => break code,
        }
        if idle && told.len() % 8 == 0 {
            // Long enough for the log to be put into the database, which grows then.
            std::thread::sleep(Duration::from_millis(600));
        }
        assert!(told.len() < 400, "{which}: the disk never fills");
    };
    assert_eq!(code, "disk_full", "{which}");
    for _ in 0..3 {
        assert_eq!(till.earn(stock), Err("disk_full".into()), "{which}");
    }
    till.is_readable(stock);
    // Time for a checkpoint that has no room either.
    std::thread::sleep(Duration::from_millis(600));
    // Started again on the full disk, it opens, and can be read.
    till.kill();
    let mut till = Desk::open(&mounted);
    till.is_readable(stock);
    let full = till.earn(stock);
    assert!(full.is_ok() || full == Err("disk_full".into()), "{which}: {full:?}");
    told.extend(full);
    disk.room(Room::Endless);
    told.extend((0..3).map(|_| till.earn(stock).expect("there is room again")));
    till.kill();
    all_there(&mounted, stock, &told, 0, which);
    told.len()
}

#[test]
fn a_full_disk_refuses_stays_readable_and_goes_on() {
    let base = Disk::new();
    let stock = kill::stock(&Mounted::new(&base).at("till"));
    let (mut dice, seed) = Dice::seeded();
    let mut told = 0;
    for blocks in [0, 1, 2, 5, 9, 14, 33, 60] {
        let left = blocks * 4096;
        // Where there is much room, a desk that is idle again and again takes minutes to fill it.
        let idle = blocks < 20 && dice.below(3) == 0;
        let which = format!("seed {seed}, room for {blocks} blocks more, idle: {idle}");
        told += fills_up(&base.copy(), &stock, left, idle, &which);
    }
    assert!(told > 40, "some was told before the disk was full: {told}");
}

/// A disk that writes over nothing has no room for the anchor either. The entry is in the database by
/// then: to say that it was refused would have the cashier do it twice.
#[test]
fn where_only_the_anchor_has_no_room_the_entry_is_not_called_refused() {
    let base = Disk::new();
    let stock = kill::stock(&Mounted::new(&base).at("till"));
    for spare in 0..40 {
        let disk = base.copy();
        let mounted = Mounted::new(&disk);
        let mut till = Desk::open(&mounted);
        let mut told = vec![till.earn(&stock).expect("room")];
        disk.room(Room::BytesCopied(disk.used() + spare * 4096));
        let code = loop {
            match till.earn(&stock) {
                Ok(fact) => told.push(fact),
                Err(code) => break code,
            }
        };
        till.kill();
        disk.room(Room::Endless);
        let which = format!("{spare} blocks spare, {code}");
        // What was called refused is not there; of what failed nobody was told either way.
        let unsure = usize::from(code == "disk_failed");
        assert!(unsure == 1 || code == "disk_full", "{which}");
        all_there(&mounted, &stock, &told, unsure, &which);
    }
}

/// A set-up on a full disk fails, and can be done when there is room.
#[test]
fn a_set_up_without_room_can_be_done_later() {
    for blocks in [0, 1, 3, 8, 20, 60] {
        let disk = Disk::new();
        let mounted = Mounted::new(&disk);
        let till = TillProgram { data: mounted.at("till") };
        let args = ["init", "--business", "打卡", "--store", "静安"];
        disk.room(Room::Bytes(blocks * 4096));
        let (status, said) = till.ask(&args);
        assert!(status == 1 && said["error"]["code"] == "disk_full", "{blocks} blocks: {said}");
        disk.room(Room::Endless);
        let (status, said) = till.ask(&args);
        assert_eq!(status, 0, "{blocks} blocks: {said}");
        let found = open(&mounted.at("till")).verify().expect("it can be read");
        assert!(found.ok, "{blocks} blocks: {:?}", found.problems);
    }
}

/// A backup without room leaves nothing lying about, and the till unharmed.
#[test]
fn a_backup_without_room_is_refused_and_leaves_nothing() {
    let disk = Disk::new();
    let mounted = Mounted::new(&disk);
    let stock = kill::stock(&mounted.at("till"));
    let till = TillProgram { data: mounted.at("till") };
    let file = mounted.at("monday.punchcard");
    let backup = ["backup", file.to_str().expect("UTF-8")];
    for blocks in [0, 1, 30] {
        disk.room(Room::Bytes(disk.used() + blocks * 4096));
        let (_, said) = till.ask(&backup);
        assert_eq!(said["error"]["code"], "disk_full", "{blocks} blocks: {said}");
        disk.room(Room::Endless);
        let names = std::fs::read_dir(mounted.path())
            .expect("there")
            .map(|entry| entry.expect("there").file_name().to_string_lossy().into_owned());
        assert_eq!(names.collect::<Vec<_>>(), ["till"], "{blocks} blocks");
    }
    let (status, said) = till.ask(&backup);
    assert_eq!(status, 0, "{said}");
    all_there(&mounted, &stock, &[], 0, "after the backups");
}
