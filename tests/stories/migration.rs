//! A store of the first schema is brought up to date by a program that is cut short before any of its
//! steps: the schema is the old or the new one, never half of each, and the store opens afterwards.

use std::{fs, path::Path, time::Duration};

use punchcard_tests::{
    Shop, id,
    lossy::{Cut, Disk, Mounted},
    processes::{Dice, TillProgram},
};
use punchcard_till::{CheckInHow, RedeemInput, Till, Who};
use rusqlite::Connection;
use serde_json::Value;

use crate::kill::open;

mod embedded {
    refinery::embed_migrations!("../migrations/till");
}

/// Tables that came after the first schema.
const LATER: &[&str] = &[
    "merge",
    "of_member",
    "take_back",
    "gave_back",
    "frozen",
    "set_aside",
    "cursor",
    "pushed",
    "notice",
    "duplicate",
    "pass_change",
    "earned",
    "pending",
    "card_state",
    "erased",
    "redemption",
    "code_try",
];

/// A store that is up to date: its version, and all that came after the first schema: the tables, and
/// the signatures beside entries.
const NEWEST: (i64, usize) = (10, LATER.len() + 1);

/// A store's key, as SQLCipher takes it.
fn key(folder: &Path) -> String {
    let text = fs::read_to_string(folder.join("keys.json")).expect("there");
    let keys: Value = serde_json::from_str(&text).expect("JSON");
    format!("x'{}'", keys["db_key"].as_str().expect("a key"))
}

/// A database of a data folder, as the till opens it.
fn database(folder: &Path, file: &str) -> Connection {
    let db = Connection::open(folder.join(file)).expect("there");
    db.pragma_update(None, "cipher_default_hmac_algorithm", "HMAC_SHA256").expect("SQLCipher");
    db.pragma_update(None, "key", key(folder)).expect("SQLCipher");
    db
}

fn names(db: &Connection) -> Vec<String> {
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name";
    let mut statement = db.prepare(sql).expect("SQL");
    let rows = statement.query_map([], |row| row.get(0)).expect("it answers");
    rows.collect::<Result<_, _>>().expect("text")
}

/// A table's columns, as an INSERT lists them.
fn columns(db: &Connection, table: &str) -> String {
    let mut statement = db.prepare("SELECT name FROM pragma_table_info(?1, 'main')").expect("SQL");
    let rows = statement.query_map([table], |row| row.get(0)).expect("it answers");
    rows.collect::<Result<Vec<String>, _>>().expect("text").join(", ")
}

/// A store with real entries, as a program of the first schema would have left it: made by today's
/// program, and its rows brought into a database on which only the first migration was run.
fn first_schema() -> (Shop, String) {
    let mut shop = Shop::new();
    // Nothing that the first schema has no place for.
    let reward = shop.reward("毛巾", 5);
    let mut member = String::new();
    for n in 0..60 {
        member = shop.member("王堃", n).brief.id;
        shop.give(&member, "年卡", Some(365), (n % 2 == 0).then_some(10));
        shop.earn(&member, "12");
        let who = Who::Member(id(&member));
        shop.till().check_in(&shop.owner(), who, CheckInHow::Scan, None).expect("a verdict");
        let input =
            RedeemInput { member: id(&member), reward: id(&reward), points: None, on_trust: false };
        shop.till().redeem(&shop.owner(), input).expect("enough points");
    }
    shop.close();
    let folder = shop.folder();
    let mut old = database(&folder, "old.db");
    old.pragma_update(None, "journal_mode", "wal").expect("WAL");
    let runner = embedded::migrations::runner().set_target(refinery::Target::Version(1));
    runner.run(&mut old).expect("the first migration");
    let path = folder.join("till.db");
    let now = [path.to_str().expect("UTF-8"), &key(&folder)];
    old.execute("ATTACH ?1 AS now KEY ?2", now).expect("the same key");
    for table in names(&old) {
        if table != "refinery_schema_history" && !table.starts_with("sqlite_") {
            // Columns that came later are left out.
            let columns = columns(&old, &table);
            let copy =
                format!("INSERT INTO main.{table} ({columns}) SELECT {columns} FROM now.{table}");
            old.execute(&copy, []).expect("the same columns");
        }
    }
    old.execute("DETACH now", []).expect("attached");
    old.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("room");
    drop(old);
    for name in ["till.db-wal", "till.db-shm"] {
        drop(fs::remove_file(folder.join(name)));
    }
    fs::rename(folder.join("old.db"), &path).expect("renamed");
    (shop, member)
}

/// The schema that a database has: its version, and how much of what came later.
fn schema(folder: &Path) -> (i64, usize) {
    let db = database(folder, "till.db");
    let newest = "SELECT max(version) FROM refinery_schema_history";
    let version = db.query_row(newest, [], |row| row.get(0)).expect("it says so");
    let later = names(&db).iter().filter(|name| LATER.contains(&name.as_str())).count();
    (version, later + usize::from(columns(&db, "entry").contains("signature")))
}

/// The first schema's store, on a disk whose power can be cut.
fn on_a_disk(shop: &Shop) -> Disk {
    let disk = Disk::new();
    let mounted = Mounted::new(&disk);
    let folder = mounted.at("till");
    fs::create_dir(&folder).expect("room");
    // Without the anchor: it knows the file that it lies in, and this is another one.
    for name in ["till.db", "keys.json", "keys.where"] {
        let to = folder.join(name);
        fs::copy(shop.folder().join(name), &to).expect("room");
        fs::File::open(&to).expect("there").sync_all().expect("synced");
    }
    for folder in [&folder, mounted.path()] {
        fs::File::open(folder).expect("there").sync_all().expect("synced");
    }
    drop(mounted);
    disk
}

#[test]
fn cut_short_before_any_step_the_schema_is_old_or_new() {
    let (shop, member) = first_schema();
    assert_eq!(schema(&shop.folder()), (1, 0), "a store of the first schema");
    let base = on_a_disk(&shop);
    let (mut dice, seed) = Dice::seeded();
    let (mut step, mut old, mut new) = (0, 0, 0);
    loop {
        let disk = base.copy();
        let done = upgraded_until(&disk, step);
        let how = *dice.pick(&[Cut::Kill, Cut::Drop, Cut::Torn]);
        disk.cut(how, &mut dice);
        let out = Mounted::new(&disk).taken_out("till");
        let folder = out.path().to_owned();
        let which = format!("seed {seed}, step {step}, {how:?}");
        match schema(&folder) {
            (1, 0) => old += 1,
            NEWEST => new += 1,
            half => unreachable!("{which}: half a schema: {half:?}"),
        }
        let till = open(&folder);
        let found = till.verify().expect("it can be read");
        let distrust = "this store is not the newest";
        let problems: Vec<_> =
            found.problems.iter().filter(|problem| !problem.starts_with(distrust)).collect();
        assert!(problems.is_empty(), "{which}: {problems:?}");
        let points =
            till.member(&till.owner().expect("an owner"), id(&member)).expect("there").points;
        assert!(points.on_file >= 7, "{which}: {points:?}");
        drop(till);
        assert_eq!(schema(&folder), NEWEST, "{which}");
        if done {
            break;
        }
        step += 1 + dice.below(5);
    }
    println!(
        "an upgrade cut short {} times: {old} times nothing, {new} times all of it",
        old + new
    );
    assert!(old > 3 && new > 3, "{old} {new}");
}

/// Opens the store with today's tool, with the power going before a step. Returns whether it was through
/// before that.
fn upgraded_until(disk: &Disk, step: u64) -> bool {
    let mounted = Mounted::new(disk);
    disk.stop_before(step);
    let till = TillProgram { data: mounted.at("till") };
    drop(till.ask(&["status"]));
    let done = !disk.wait_off(Duration::ZERO);
    disk.stop();
    done
}

/// Before and after the upgrade the tables say the same.
#[test]
fn an_upgrade_changes_nothing_that_was_there() {
    let (mut shop, member) = first_schema();
    let folder = shop.folder();
    assert_eq!(schema(&folder), (1, 0));
    shop.reopen();
    assert_eq!(schema(&folder), NEWEST);
    let (before, after) = shop.till().rebuild().expect("rebuilt");
    assert_eq!(before, after, "tables are what the journal says");
    assert!(shop.points(&member).0 >= 7);
    assert!(Till::exists(&folder));
    shop.verify();
}
