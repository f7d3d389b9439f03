//! Stores that are not what they were: each is noticed, said, and spends nothing.

use std::{collections::BTreeMap, fs, path::Path};

use punchcard_domain::Refusal;
use punchcard_tests::{PIN, Shop, id};
use punchcard_till::{
    Error, Options, RedeemInput, Till,
    views::{Approval, Distrust},
};

/// The database's files as they are on the disk now, the log among them.
fn files(shop: &Shop) -> BTreeMap<String, Vec<u8>> {
    ["till.db", "till.db-wal"]
        .iter()
        .map(|name| ((*name).to_owned(), fs::read(shop.folder().join(name)).unwrap_or_default()))
        .collect()
}

/// As after a crash: the files as they were, and no shared memory.
fn put_back(shop: &Shop, files: &BTreeMap<String, Vec<u8>>) {
    for (name, bytes) in files {
        write(&shop.folder().join(name), bytes);
    }
    drop(fs::remove_file(shop.folder().join("till.db-shm")));
}

#[expect(clippy::disallowed_methods, reason = "what is damaged on purpose need not be atomic")]
fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).expect("room");
}

/// A shop whose member has 500 points and a reward that costs 300.
fn stocked(shop: &Shop) -> (String, String) {
    let member = shop.member("林知夏", 1).brief.id;
    let reward = shop.reward("蛋白奶昔", 300);
    shop.earn(&member, "500");
    (member, reward)
}

fn redeem(shop: &Shop, member: &str, reward: &str) -> punchcard_till::Result<()> {
    let input =
        RedeemInput { member: id(member), reward: id(reward), points: None, on_trust: false };
    shop.till().redeem(&shop.owner(), input).map(drop)
}

fn distrust(shop: &Shop) -> Option<Distrust> {
    shop.till().status(None).expect("a status").distrust
}

/// It is said, nothing is spendable, the journal goes on in a new life, and a manager's word
/// makes it good again.
fn noticed_and_vouched(shop: &Shop, why: Distrust, member: &str, reward: &str) {
    assert_eq!(distrust(shop), Some(why));
    let found = shop.till().verify().expect("it can be read");
    assert!(!found.ok && found.distrust == Some(why), "{found:?}");
    let (on_file, here, _) = shop.points(member);
    assert!(on_file > 0 && here == 0, "on file {on_file}, here {here}");
    assert!(matches!(redeem(shop, member, reward), Err(Error::Refused(Refusal::NotVouched))));
    let mut first = None;
    let keep = |line: punchcard_till::LogLine| {
        first.get_or_insert(line);
        Ok(())
    };
    shop.till().log(0, keep).expect("a journal");
    let first = first.expect("a new life begins with an entry");
    assert_eq!((first.kind.as_str(), first.seq), ("stream_opened", 1));
    // Points given meanwhile are safe, but not yet spendable.
    shop.earn(member, "10");
    assert_eq!(shop.points(member).1, 0);

    let owner = shop.till().staff().expect("staff")[0].id.clone();
    let approval = Approval { staff: owner, pin: PIN.into() };
    let manager = shop.till().approve(&shop.owner(), Some(&approval)).expect("the right PIN");
    shop.till().vouch(&manager).expect("the only till");
    assert_eq!(distrust(shop), None);
    let (on_file, here, _) = shop.points(member);
    assert_eq!(on_file, here);
    redeem(shop, member, reward).expect("spendable again");
    shop.verify();
}

/// Sixty entries in the log, then a crash, and one bit of the log's middle flipped.
fn with_a_flipped_bit(shop: &mut Shop, member: &str) -> BTreeMap<String, Vec<u8>> {
    shop.close();
    shop.reopen();
    for _ in 0..60 {
        shop.earn(member, "1");
    }
    let mut crashed = files(shop);
    let log = crashed.get_mut("till.db-wal").expect("a log");
    let middle = log.len() / 2;
    log[middle] ^= 1;
    shop.close();
    put_back(shop, &crashed);
    crashed
}

#[test]
fn a_bit_flipped_in_the_middle_of_the_log_is_noticed() {
    let mut shop = Shop::new();
    let (member, reward) = stocked(&shop);
    with_a_flipped_bit(&mut shop, &member);
    shop.reopen();
    noticed_and_vouched(&shop, Distrust::BehindAnchor, &member, &reward);
}

/// The defence taken away: SQLite drops the tail without a word, and the chain still verifies.
#[test]
fn without_the_anchor_the_same_bit_goes_unnoticed() {
    let mut shop = Shop::with(|options| options.anchored = false);
    let (member, _) = stocked(&shop);
    with_a_flipped_bit(&mut shop, &member);
    shop.reopen();
    assert!(shop.points(&member).0 < 560, "acknowledged points are gone");
    assert_eq!(distrust(&shop), None);
    shop.verify();
}

#[test]
fn an_older_copy_put_back_is_noticed() {
    let mut shop = Shop::new();
    let (member, reward) = stocked(&shop);
    let older = files(&shop);
    redeem(&shop, &member, &reward).expect("enough");
    shop.close();
    put_back(&shop, &older);
    shop.reopen();
    noticed_and_vouched(&shop, Distrust::BehindAnchor, &member, &reward);
}

#[test]
fn without_the_anchor_an_older_copy_spends_the_same_points_again() {
    let mut shop = Shop::with(|options| options.anchored = false);
    let (member, reward) = stocked(&shop);
    let older = files(&shop);
    redeem(&shop, &member, &reward).expect("enough");
    shop.close();
    put_back(&shop, &older);
    shop.reopen();
    redeem(&shop, &member, &reward).expect("and again: that is what the anchor is for");
}

#[test]
fn another_history_of_the_same_length_is_noticed() {
    let mut shop = Shop::new();
    let (member, reward) = stocked(&shop);
    let fork = files(&shop);
    shop.earn(&member, "1");
    shop.close();
    let anchor = fs::read(shop.folder().join("anchor")).expect("there is one");
    put_back(&shop, &fork);
    // A second machine with its own anchor would not notice; ours names another entry.
    shop.options.anchored = false;
    shop.reopen();
    shop.earn(&member, "2");
    shop.close();
    shop.options.anchored = true;
    overwrite(&shop.folder().join("anchor"), &anchor);
    shop.reopen();
    noticed_and_vouched(&shop, Distrust::OtherHistory, &member, &reward);
}

/// Writes over a file where it lies: the same inode.
fn overwrite(path: &Path, bytes: &[u8]) {
    let mut file = fs::OpenOptions::new().write(true).open(path).expect("there");
    std::io::Write::write_all(&mut file, bytes).expect("room");
}

#[test]
fn a_lost_anchor_is_noticed() {
    let mut shop = Shop::new();
    let (member, reward) = stocked(&shop);
    shop.close();
    fs::remove_file(shop.folder().join("anchor")).expect("there was one");
    shop.reopen();
    noticed_and_vouched(&shop, Distrust::NoAnchor, &member, &reward);
}

#[test]
fn a_copied_folder_is_noticed_and_the_original_is_not_accused() {
    let mut shop = Shop::new();
    let (member, reward) = stocked(&shop);
    shop.close();
    let original = shop.folder();
    let aside = shop.dir.path().join("aside");
    fs::rename(&original, &aside).expect("moved");
    fs::create_dir(&original).expect("made");
    for name in ["till.db", "anchor", "keys.json", "keys.where"] {
        fs::copy(aside.join(name), original.join(name)).expect("copied");
    }
    shop.reopen();
    noticed_and_vouched(&shop, Distrust::Copied, &member, &reward);
    let first = Till::open(&aside, &shop.options).expect("the original opens");
    assert_eq!(first.status(None).expect("a status").distrust, None);
}

#[test]
fn a_restored_backup_is_noticed() {
    let mut shop = Shop::new();
    let (member, reward) = stocked(&shop);
    let backup = shop.dir.path().join("monday.punchcard");
    let done = shop.till().backup(&shop.owner(), &backup).expect("room");
    assert!(done.entries > 5);
    let again = shop.till().backup(&shop.owner(), &backup).expect_err("it is there already");
    assert_eq!(again.code(), "bad_file");
    redeem(&shop, &member, &reward).expect("enough");
    shop.close();
    drop(Till::restore(&shop.folder(), &backup, &shop.options).expect("a backup of this store"));
    shop.reopen();
    noticed_and_vouched(&shop, Distrust::Restored, &member, &reward);
    // Twice is a third life, and all three lives' value can be vouched for.
    shop.close();
    drop(Till::restore(&shop.folder(), &backup, &shop.options).expect("a backup of this store"));
    shop.reopen();
    noticed_and_vouched(&shop, Distrust::Restored, &member, &reward);
}

#[test]
fn what_is_no_backup_leaves_the_store_as_it_was() {
    let mut shop = Shop::new();
    let (member, reward) = stocked(&shop);
    let nonsense = shop.dir.path().join("holiday.jpg");
    write(&nonsense, &[7; 9000]);
    shop.close();
    for file in [nonsense, shop.dir.path().join("nothing")] {
        let error = Till::restore(&shop.folder(), &file, &shop.options).err().expect("no backup");
        assert_eq!(error.code(), "bad_file", "{error}");
    }
    shop.reopen();
    assert_eq!(distrust(&shop), None);
    redeem(&shop, &member, &reward).expect("as it was");
}

#[test]
fn a_crash_between_commit_and_anchor_is_nothing() {
    let mut shop = Shop::new();
    let (member, _) = stocked(&shop);
    let anchor = fs::read(shop.folder().join("anchor")).expect("there is one");
    shop.earn(&member, "1");
    shop.close();
    overwrite(&shop.folder().join("anchor"), &anchor);
    shop.reopen();
    assert_eq!(distrust(&shop), None);
    assert_eq!(shop.points(&member), (501, 501, 0));
    shop.verify();
}

/// What a power cut may leave of a store whose commits do not wait for the disk: the database as
/// of the last checkpoint. The anchor waits for the disk, and says so.
#[test]
fn commits_that_did_not_wait_for_the_disk_are_missed() {
    let mut shop = Shop::with(|options| options.durability = punchcard_till::Durability::Normal);
    let (member, _) = stocked(&shop);
    shop.close();
    shop.reopen();
    let checkpointed = files(&shop);
    shop.earn(&member, "77");
    shop.close();
    put_back(&shop, &BTreeMap::from([("till.db".to_owned(), checkpointed["till.db"].clone())]));
    drop(fs::remove_file(shop.folder().join("till.db-wal")));
    shop.reopen();
    assert_eq!(distrust(&shop), Some(Distrust::BehindAnchor));
    assert_eq!(shop.points(&member).0, 500, "what was acknowledged is gone, but not unnoticed");
}

#[test]
fn a_flipped_bit_in_a_page_is_damage_and_is_not_read_over() {
    let mut shop = Shop::new();
    punchcard_till::demo::fill(shop.till(), &shop.owner()).expect("a demo shop");
    shop.close();
    // Everything is in the file by now; while a page stands in the log too, its copy there counts.
    for name in ["till.db-wal", "till.db-shm"] {
        drop(fs::remove_file(shop.folder().join(name)));
    }
    let path = shop.folder().join("till.db");
    let mut bytes = fs::read(&path).expect("there");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    write(&path, &bytes);
    let said = match Till::open(&shop.folder(), &shop.options) {
        Ok(till) => {
            till.verify().map_or_else(|error| error.to_string(), |found| found.problems.join(" "))
        }
        Err(error) => error.to_string(),
    };
    assert!(
        said.contains("HMAC") || said.contains("damaged") || said.contains("malformed"),
        "{said}"
    );
}

fn refused(shop: &Shop) -> Error {
    Till::open(&shop.folder(), &shop.options).err().expect("it cannot be opened")
}

#[test]
fn a_missing_key_is_said_and_never_made_anew() {
    let mut shop = Shop::new();
    shop.close();
    let keys = shop.folder().join("keys.json");
    let kept = fs::read(&keys).expect("there");
    fs::remove_file(&keys).expect("there was one");
    let error = refused(&shop);
    assert_eq!(error.code(), "keys_missing");
    assert!(error.to_string().contains("keys.json"), "{error}");
    assert!(!keys.exists(), "no new key over a store that exists");
    write(&keys, &kept);
    shop.reopen();
    shop.verify();
}

#[test]
fn another_key_is_damage_and_changes_nothing() {
    let mut shop = Shop::new();
    shop.close();
    let keys = shop.folder().join("keys.json");
    let before = fs::read(shop.folder().join("till.db")).expect("there");
    let text = fs::read_to_string(&keys).expect("there");
    let mut other: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    other["db_key"] = "00".repeat(32).into();
    write(&keys, other.to_string().as_bytes());
    assert_eq!(refused(&shop).code(), "store_damaged");
    assert_eq!(fs::read(shop.folder().join("till.db")).expect("there"), before);
}

#[test]
fn a_file_that_is_no_store_is_damage() {
    let mut shop = Shop::new();
    shop.close();
    for name in ["till.db-wal", "till.db-shm"] {
        drop(fs::remove_file(shop.folder().join(name)));
    }
    write(&shop.folder().join("till.db"), &[b'x'; 8192]);
    assert_eq!(refused(&shop).code(), "store_damaged");
}

#[test]
fn a_store_of_a_newer_version_is_left_alone() {
    let mut shop = Shop::new();
    shop.close();
    let text = fs::read_to_string(shop.folder().join("keys.json")).expect("there");
    let keys: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let db = rusqlite::Connection::open(shop.folder().join("till.db")).expect("there");
    let key = format!("x'{}'", keys["db_key"].as_str().expect("a key"));
    db.pragma_update(None, "cipher_default_hmac_algorithm", "HMAC_SHA256").expect("SQLCipher");
    db.pragma_update(None, "key", key).expect("SQLCipher");
    db.execute(
        "INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
         VALUES (99, 'from_the_future', '2027-01-01T00:00:00Z', '1')",
        [],
    )
    .expect("a row");
    drop(db);
    assert!(matches!(refused(&shop), Error::StoreNewer { found: 99, .. }));
}

#[test]
fn a_second_program_on_the_same_store_is_turned_away() {
    let mut shop = Shop::new();
    assert_eq!(refused(&shop).code(), "store_in_use");
    shop.close();
    shop.reopen();
}

#[test]
fn there_is_nothing_where_there_is_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let error = Till::open(folder.path(), &Options::default()).err().expect("no store");
    assert_eq!(error.code(), "not_set_up");
    assert!(fs::read_dir(folder.path()).expect("there").next().is_none(), "and nothing was made");
}

#[test]
fn a_store_is_not_set_up_twice() {
    let mut shop = Shop::new();
    shop.close();
    let error = Till::create(&shop.folder(), &punchcard_tests::set_up(), &shop.options)
        .err()
        .expect("there is one");
    assert_eq!(error.code(), "already_set_up");
    shop.reopen();
    shop.verify();
}
