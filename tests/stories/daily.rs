//! A desk's daily backups, and backups that are restored where the store's keys are not.

use std::{
    fs,
    path::{Path, PathBuf},
};

use punchcard_tests::{DAY, PIN, Shop, id, processes::Dice};
use punchcard_till::{BackupPlan, Error, Options, RedeemInput, Till};

const WORDS: &str = "vier gute alte Worte";

fn put(path: &Path, bytes: &[u8]) {
    let mut file = fs::File::create(path).expect("room");
    std::io::Write::write_all(&mut file, bytes).expect("room");
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("there").flatten();
    let mut names: Vec<_> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// What lies beside a backup.
fn keys_of(backup: &Path) -> PathBuf {
    PathBuf::from(format!("{}.keys", backup.display()))
}

#[test]
fn a_days_backup_is_made_once_and_the_oldest_go() {
    let (shop, neighbour) = (Shop::new(), Shop::new());
    let folder = shop.dir.path().join("on another disk");
    assert!(shop.till().backup_if_due().expect("nothing to do").is_none(), "nobody asked for it");
    let plan = BackupPlan { folder: folder.clone(), keep: 3 };
    shop.till().set_backup_plan(&shop.owner(), Some(plan.clone())).expect("a folder");
    assert_eq!(shop.till().backup_plan().expect("kept"), (Some(plan.clone()), false));
    neighbour.till().set_backup_plan(&neighbour.owner(), Some(plan)).expect("the same folder");
    assert!(neighbour.till().backup_if_due().expect("room").is_some());
    put(&folder.join("letter.txt"), b"dear");
    shop.till().set_recovery(&shop.owner(), WORDS).expect("long enough");
    for day in 0..6 {
        assert!(shop.till().backup_if_due().expect("room").is_some(), "day {day}");
        assert!(shop.till().backup_if_due().expect("room").is_none(), "once a day");
        shop.pass(DAY);
    }
    let names = names(&folder);
    let ending = |ending: &str| names.iter().filter(|name| name.ends_with(ending)).count();
    assert_eq!(ending(".punchcard"), 3 + 1, "three, and the neighbour's: {names:?}");
    assert_eq!(ending(".keys"), 3, "each with its keys: {names:?}");
    assert!(names.contains(&"letter.txt".to_owned()));
    assert_eq!(names.len(), 8, "{names:?}");
    shop.till().set_backup_plan(&shop.owner(), None).expect("no more");
    assert!(shop.till().backup_if_due().expect("nothing to do").is_none());
}

#[test]
fn a_folder_that_is_none_is_refused_and_what_failed_is_still_due() {
    let shop = Shop::new();
    let file = shop.dir.path().join("letter.txt");
    put(&file, b"dear");
    let set = |folder: PathBuf, keep| {
        let plan = BackupPlan { folder, keep };
        shop.till().set_backup_plan(&shop.owner(), Some(plan)).map_err(|error| error.code())
    };
    assert_eq!(set(file.clone(), 3), Err("bad_file"));
    assert_eq!(set("backups".into(), 3), Err("bad_input"));
    let folder = shop.dir.path().join("backups");
    assert_eq!(set(folder.clone(), 0), Err("bad_input"));
    assert_eq!(set(folder.clone(), 3), Ok(()));
    assert!(names(&folder).is_empty(), "only a look");
    // The other disk is not there today.
    fs::remove_dir(&folder).expect("empty");
    put(&folder, b"");
    assert!(shop.till().backup_if_due().is_err());
    fs::remove_file(&folder).expect("there");
    assert!(shop.till().backup_if_due().expect("room").is_some(), "it was still due");
    assert!(shop.till().set_recovery(&shop.owner(), "too short").is_err());
}

/// A shop with a member who has 100 points, and a folder on another machine.
fn with_points() -> (Shop, String, String, PathBuf) {
    let shop = Shop::new();
    let member = shop.member("王堃", 1).brief.id;
    let reward = shop.reward("毛巾", 60);
    shop.earn(&member, "100.00");
    let elsewhere = shop.dir.path().join("another machine");
    (shop, member, reward, elsewhere)
}

fn back_up(shop: &Shop, name: &str) -> PathBuf {
    let path = shop.dir.path().join(name);
    shop.till().backup(&shop.owner(), &path).expect("room");
    path
}

#[test]
fn a_backup_is_restored_where_its_keys_are_not() {
    let (mut shop, member, reward, elsewhere) = with_points();
    shop.till().set_recovery(&shop.owner(), WORDS).expect("long enough");
    let first = back_up(&shop, "first.punchcard");
    // A second life has a key that was not there when the passphrase was set.
    shop.close();
    drop(Till::restore(&shop.folder(), &first, &shop.options).expect("its own keys"));
    shop.reopen();
    shop.till().vouch(&shop.till().whose_pin(PIN).expect("the owner")).expect("the only till");
    shop.earn(&member, "11.00");
    let second = back_up(&shop, "second.punchcard");
    let (digest, _) = shop.till().digest().expect("it can be read");
    // The machine burns.
    let options = Options { ..shop.options.clone() };
    shop.close();
    fs::remove_dir_all(shop.folder()).expect("there");
    let till = Till::restore_elsewhere(&elsewhere, &second, WORDS, &options).expect("sealed keys");
    let owner = till.owner().expect("there is one");
    let points = till.member(&owner, id(&member)).expect("a member").points;
    assert_eq!((points.on_file, points.spendable_here), (111, 0), "until somebody vouches");
    assert_ne!(till.digest().expect("it can be read").0, digest, "it began another life");
    till.vouch(&till.whose_pin(PIN).expect("PINs come along")).expect("the only till");
    let input =
        RedeemInput { member: id(&member), reward: id(&reward), points: None, on_trust: false };
    till.redeem(&owner, input).expect("spendable again");
    let found = till.verify().expect("it can be read");
    assert!(found.ok, "{:?}", found.problems);
    drop(till);
    // It is a store like any other from now on, with its keys in place.
    let till = Till::open(&elsewhere, &options).expect("it opens again");
    assert!(till.verify().expect("it can be read").ok);
    assert!(till.backup_plan().expect("kept").1, "and its backups are sealed as before");
}

#[test]
fn without_the_passphrase_or_what_lies_beside_it_nothing_is_put_back() {
    let (shop, member, _, elsewhere) = with_points();
    let bare = back_up(&shop, "bare.punchcard");
    assert!(!keys_of(&bare).exists(), "nobody asked for it");
    shop.till().set_recovery(&shop.owner(), WORDS).expect("long enough");
    let backup = back_up(&shop, "sealed.punchcard");
    let refused = |backup: &Path, words: &str| {
        let outcome = Till::restore_elsewhere(&elsewhere, backup, words, &shop.options);
        let code = outcome.err().map(|error| error.code());
        assert!(!Till::exists(&elsewhere), "nothing half made");
        assert!(!elsewhere.join("keys.json").exists(), "nor keys");
        code
    };
    assert_eq!(refused(&bare, WORDS), Some("bad_file"), "no keys beside it");
    assert_eq!(refused(&backup, "fünf schlechte neue Worte"), Some("bad_input"));
    let (keys, whole) = (keys_of(&backup), fs::read(keys_of(&backup)).expect("there"));
    let secrets = fs::read_to_string(shop.folder().join("keys.json")).expect("there");
    let secrets: serde_json::Value = serde_json::from_str(&secrets).expect("JSON");
    let text = String::from_utf8(whole.clone()).expect("JSON");
    assert!(!text.contains(secrets["db_key"].as_str().expect("a key")), "sealed");
    let (mut dice, seed) = Dice::seeded();
    for _ in 0..8 {
        let mut bad = whole.clone();
        // Within what is sealed, at its end.
        let place = bad.len() - 10 - usize::try_from(dice.below(400)).expect("small");
        bad[place] ^= 1;
        put(&keys, &bad);
        let code = refused(&backup, WORDS);
        assert!(matches!(code, Some("bad_input" | "bad_file")), "{place}, {seed}: {code:?}");
    }
    put(&keys, &whole[..whole.len() / 2]);
    assert_eq!(refused(&backup, WORDS), Some("bad_file"));
    put(&keys, &whole);
    // The backup itself: its seals are looked at before anything is taken over.
    let mut bytes = fs::read(&backup).expect("there");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let damaged = shop.dir.path().join("damaged.punchcard");
    put(&damaged, &bytes);
    fs::copy(&keys, keys_of(&damaged)).expect("room");
    assert_eq!(refused(&damaged, WORDS), Some("bad_file"));
    // Nor over another shop, or over another shop's keys.
    let neighbour = Shop::new();
    let over = Till::restore_elsewhere(&neighbour.folder(), &backup, WORDS, &shop.options);
    assert!(matches!(over.err(), Some(Error::AlreadySetUp(_))));
    fs::create_dir_all(&elsewhere).expect("room");
    for name in ["keys.json", "keys.where"] {
        fs::copy(neighbour.folder().join(name), elsewhere.join(name)).expect("there");
    }
    let over = Till::restore_elsewhere(&elsewhere, &backup, WORDS, &shop.options);
    assert!(matches!(over.err(), Some(Error::AlreadySetUp(_))));
    // Cut short after it took the keys over: the same again goes on.
    for name in ["keys.json", "keys.where"] {
        fs::copy(shop.folder().join(name), elsewhere.join(name)).expect("there");
    }
    let till = Till::restore_elsewhere(&elsewhere, &backup, WORDS, &shop.options).expect("goes on");
    let owner = till.owner().expect("there is one");
    assert_eq!(till.member(&owner, id(&member)).expect("a member").points.on_file, 100);
}
