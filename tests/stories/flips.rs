//! One bit flips, anywhere: it is noticed, or it changes nothing. Never is anything silently wrong.

use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
};

use punchcard_tests::{Shop, processes::Dice};
use punchcard_till::{Till, demo};

/// So many bits of each file; `PUNCHCARD_FLIPS` for more.
const FLIPS: u64 = 24;

fn flips() -> u64 {
    let given = std::env::var("PUNCHCARD_FLIPS").ok();
    given.map_or(FLIPS, |text| text.parse().expect("PUNCHCARD_FLIPS is a number"))
}

/// What the tables say, and what can be spent.
#[derive(Debug, PartialEq, Eq)]
struct Truth {
    digest: String,
    spendable: BTreeMap<String, (i64, i64)>,
}

fn members(shop: &Shop) -> Vec<String> {
    let found = shop.till().find(&shop.owner(), "1000", 20).expect("members");
    found.into_iter().map(|member| member.id).collect()
}

fn truth(till: &Till, members: &[String]) -> punchcard_till::Result<Truth> {
    let owner = till.owner()?;
    let mut spendable = BTreeMap::new();
    for member in members {
        let points = till.member(&owner, punchcard_tests::id(member))?.points;
        spendable.insert(member.clone(), (points.on_file, points.spendable_here));
    }
    Ok(Truth { digest: till.digest()?.0, spendable })
}

/// A store as a crash leaves it: something in the database, something only in the log.
struct Crashed {
    shop: Shop,
    files: BTreeMap<&'static str, Vec<u8>>,
    members: Vec<String>,
    before: Truth,
}

impl Crashed {
    fn new() -> Self {
        let mut shop = Shop::new();
        demo::fill(shop.till(), &shop.owner()).expect("a demo shop");
        let members = members(&shop);
        shop.close();
        // What is in the file by now is in no log any more.
        for name in ["till.db-wal", "till.db-shm"] {
            drop(fs::remove_file(shop.folder().join(name)));
        }
        shop.reopen();
        for member in &members {
            shop.earn(member, "3");
        }
        let before = truth(shop.till(), &members).expect("it can be read");
        let names = ["till.db", "till.db-wal", "anchor", "lock", "keys.json"];
        let read = |name| (name, fs::read(shop.folder().join(name)).expect("there"));
        let files = BTreeMap::from(names.map(read));
        assert!(files["till.db-wal"].len() > 50_000, "something is in the log alone");
        shop.close();
        Self { shop, files, members, before }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.shop.folder().join(name)
    }

    /// As after the crash: each file where it lay, so that the anchor lies in its own.
    fn put_back(&self) {
        for (name, bytes) in &self.files {
            overwrite(&self.path(name), bytes);
        }
        drop(fs::remove_file(self.path("till.db-shm")));
    }

    /// Opens what is there; says how the flip showed, or that it changed nothing.
    fn look(&self, which: &str) -> &'static str {
        let looked = match Till::open(&self.shop.folder(), &self.shop.options) {
            Ok(till) => self.look_at(&till, which),
            Err(error) => Err(error),
        };
        looked.unwrap_or_else(|error| {
            assert!(error.is_damage(), "{which}: {error}");
            "is damage"
        })
    }

    fn look_at(&self, till: &Till, which: &str) -> punchcard_till::Result<&'static str> {
        let seen = truth(till, &self.members)?;
        if till.status(None)?.distrust.is_some() {
            let spendable: i64 = seen.spendable.values().map(|(_, here)| here).sum();
            assert_eq!(spendable, 0, "{which}: not trusted, and still spendable");
            return Ok("opens its next life");
        }
        if !till.verify()?.ok {
            return Ok("does not verify");
        }
        assert_eq!(seen, self.before, "{which}: silently wrong");
        Ok("changes nothing")
    }
}

/// Writes a file where it lies: the same inode.
fn overwrite(path: &Path, bytes: &[u8]) {
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).open(path).expect("room");
    file.write_all(bytes).expect("room");
}

/// Flips one bit; returns where.
fn flip(path: &Path, bytes: &[u8], dice: &mut Dice) -> usize {
    let mut bytes = bytes.to_vec();
    let at = usize::try_from(dice.below(bytes.len() as u64)).expect("small files");
    bytes[at] ^= 1 << dice.below(8);
    overwrite(path, &bytes);
    at
}

/// Flips bits of one file, one at a time, and counts how each showed.
fn flipped(crashed: &Crashed, name: &'static str) -> BTreeMap<&'static str, u32> {
    let (mut dice, seed) = Dice::seeded();
    let mut shown = BTreeMap::new();
    for round in 0..flips() {
        crashed.put_back();
        let at = flip(&crashed.path(name), &crashed.files[name], &mut dice);
        let which = format!("seed {seed}, round {round}, {name} at {at}");
        *shown.entry(crashed.look(&which)).or_insert(0) += 1;
    }
    println!("a bit of {name} flipped: {shown:?}");
    shown
}

#[test]
fn a_bit_of_the_database_the_log_or_the_anchor_is_noticed_or_changes_nothing() {
    let crashed = Crashed::new();
    crashed.put_back();
    assert_eq!(crashed.look("nothing is flipped"), "changes nothing");
    let database = flipped(&crashed, "till.db");
    assert!(database.keys().any(|how| *how != "changes nothing"), "{database:?}");
    let log = flipped(&crashed, "till.db-wal");
    assert!(log.contains_key("opens its next life"), "{log:?}");
    flipped(&crashed, "anchor");
}

/// One bit in the older of the anchor's slots or in the newer changes nothing: the other one is whole.
/// With both gone the store is not trusted.
#[test]
fn with_both_slots_of_the_anchor_flipped_nothing_can_be_spent() {
    let crashed = Crashed::new();
    let (mut dice, seed) = Dice::seeded();
    for round in 0..8 {
        crashed.put_back();
        let mut bytes = crashed.files["anchor"].clone();
        // Nothing is in the twelve bytes before the seal, but they are sealed too.
        for slot in [0, 128] {
            let at = slot + usize::try_from(dice.below(128)).expect("small");
            bytes[at] ^= 1 << dice.below(8);
        }
        overwrite(&crashed.path("anchor"), &bytes);
        let which = format!("seed {seed}, round {round}");
        assert_eq!(crashed.look(&which), "opens its next life", "{which}");
    }
}

/// A backup with a flipped bit is refused, and the store that it was to replace is still there; or the
/// bit changes nothing.
#[test]
fn a_bit_of_a_backup_is_noticed_or_changes_nothing() {
    let mut shop = Shop::new();
    demo::fill(shop.till(), &shop.owner()).expect("a demo shop");
    let members = members(&shop);
    let backup = shop.dir.path().join("monday.punchcard");
    shop.till().backup(&shop.owner(), &backup).expect("room");
    let on_file = |till: &Till| -> Vec<i64> {
        let seen = truth(till, &members).expect("it can be read");
        seen.spendable.values().map(|(on_file, _)| *on_file).collect()
    };
    let before = on_file(shop.till());
    shop.close();
    let whole = fs::read(&backup).expect("there");
    let (mut dice, seed) = Dice::seeded();
    let mut refused = 0;
    for round in 0..flips() {
        let at = flip(&backup, &whole, &mut dice);
        let which = format!("seed {seed}, round {round}, the backup at {at}");
        match Till::restore(&shop.folder(), &backup, &shop.options) {
            Err(error) => {
                assert_eq!(error.code(), "bad_file", "{which}: {error}");
                refused += 1;
                drop(Till::open(&shop.folder(), &shop.options).expect("as it was"));
            }
            Ok(till) => {
                assert_eq!(on_file(&till), before, "{which}: silently wrong");
                let (before, after) = till.rebuild().expect("rebuilt");
                assert_eq!(before, after, "{which}: silently wrong");
            }
        }
    }
    println!("a bit of a backup flipped: {refused} of {} refused", flips());
    assert!(refused > 0);
    overwrite(&backup, &whole);
    let till = Till::restore(&shop.folder(), &backup, &shop.options).expect("whole again");
    assert_eq!(on_file(&till), before);
}
