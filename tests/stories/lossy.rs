//! The disk whose power is cut (`punchcard_tests::lossy`) is what it says it is.

use std::{
    fs::{self, File, OpenOptions},
    io::{Read as _, Write as _},
    os::unix::fs::FileExt as _,
    path::Path,
};

use punchcard_tests::{
    lossy::{Cut, Disk, Fault, Mounted, Room},
    processes::Dice,
};

fn dice(seed: u64) -> Dice {
    Dice::of(seed)
}

fn made(folder: &Path, name: &str, bytes: &[u8]) -> File {
    let path = folder.join(name);
    let mut options = OpenOptions::new();
    let mut file =
        options.create(true).truncate(true).read(true).write(true).open(path).expect("room");
    file.write_all(bytes).expect("room");
    file
}

fn sync_folder(folder: &Path) {
    File::open(folder).expect("there").sync_all().expect("synced");
}

/// Mounts, does something, and cuts the power.
fn until_the_cut<T>(disk: &Disk, how: Cut, seed: u64, act: impl FnOnce(&Path) -> T) -> T {
    let mounted = Mounted::new(disk);
    let told = act(mounted.path());
    disk.stop();
    drop(mounted);
    disk.cut(how, &mut dice(seed));
    told
}

#[test]
fn what_is_written_is_read_at_once_and_what_is_synced_stays() {
    let disk = Disk::new();
    until_the_cut(&disk, Cut::Drop, 1, |at| {
        let synced = made(at, "synced", b"stays");
        synced.sync_all().expect("synced");
        sync_folder(at);
        synced.write_all_at(b"gone!", 0).expect("room");
        made(at, "unsynced", b"gone");
        assert_eq!(fs::read(at.join("synced")).expect("there"), b"gone!");
        assert_eq!(fs::read(at.join("unsynced")).expect("there"), b"gone");
    });
    let mounted = Mounted::new(&disk);
    assert_eq!(fs::read(mounted.at("synced")).expect("there"), b"stays");
    assert!(!mounted.at("unsynced").exists());
}

#[test]
fn a_name_lasts_only_with_its_folder() {
    let disk = Disk::new();
    until_the_cut(&disk, Cut::Drop, 1, |at| {
        made(at, "old", b"old").sync_all().expect("synced");
        sync_folder(at);
        made(at, "new", b"new").sync_all().expect("synced");
        fs::rename(at.join("new"), at.join("old")).expect("renamed");
        made(at, "nowhere", b"synced, but under no name").sync_all().expect("synced");
        assert_eq!(fs::read(at.join("old")).expect("there"), b"new");
    });
    assert_eq!(disk.read("old").as_deref(), Some(b"old".as_slice()));
    assert_eq!((disk.read("new"), disk.read("nowhere")), (None, None));
    until_the_cut(&disk, Cut::Drop, 1, |at| {
        made(at, "new", b"new").sync_all().expect("synced");
        fs::rename(at.join("new"), at.join("old")).expect("renamed");
        sync_folder(at);
    });
    assert_eq!(disk.read("old").as_deref(), Some(b"new".as_slice()));
}

#[test]
fn after_a_kill_everything_written_is_there() {
    let disk = Disk::new();
    until_the_cut(&disk, Cut::Kill, 1, |at| drop(made(at, "unsynced", b"there")));
    assert_eq!(disk.read("unsynced").as_deref(), Some(b"there".as_slice()));
    // The machine was not off: a later cut still takes it.
    disk.cut(Cut::Drop, &mut dice(1));
    assert_eq!(disk.read("unsynced"), None);
}

/// Sixteen sectors of ones, synced; then twos over them, and twenty sectors of threes behind.
fn torn_file(seed: u64) -> Vec<u8> {
    let disk = Disk::new();
    until_the_cut(&disk, Cut::Torn, seed, |at| {
        let file = made(at, "file", &[1; 16 * 512]);
        file.sync_all().expect("synced");
        sync_folder(at);
        file.write_all_at(&[2; 16 * 512], 0).expect("room");
        file.write_all_at(&[3; 20 * 512], 16 * 512).expect("room");
    });
    disk.read("file").expect("its name was synced")
}

#[test]
fn a_torn_file_is_any_of_its_sectors_in_any_order() {
    let (mut mixed, mut holes, mut short) = (0, 0, 0);
    for seed in 1..60 {
        let bytes = torn_file(seed);
        let sectors: Vec<u8> = bytes
            .chunks(512)
            .map(|sector| {
                assert!(sector.iter().all(|byte| *byte == sector[0]), "a sector is whole");
                sector[0]
            })
            .collect();
        assert!(sectors.len() == 16 || sectors.len() == 36, "{sectors:?}");
        let (old, new) = sectors.split_at(16);
        assert!(old.iter().all(|byte| [1, 2].contains(byte)), "{sectors:?}");
        assert!(new.iter().all(|byte| [0, 3].contains(byte)), "{sectors:?}");
        mixed += u32::from(old.contains(&1) && old.contains(&2));
        holes += u32::from(new.contains(&0) && new.contains(&3));
        short += u32::from(new.is_empty());
    }
    assert!(mixed > 40 && holes > 10 && short > 10, "{mixed} {holes} {short}");
    assert_eq!(torn_file(7), torn_file(7), "a seed tells it all");
}

#[test]
fn what_was_cut_off_does_not_come_back() {
    for seed in 1..60 {
        let disk = Disk::new();
        until_the_cut(&disk, Cut::Torn, seed, |at| {
            let file = made(at, "file", &[1; 8 * 512]);
            file.sync_all().expect("synced");
            sync_folder(at);
            file.set_len(0).expect("cut");
            file.write_all_at(&[2; 4 * 512], 0).expect("room");
            file.set_len(8 * 512).expect("room");
        });
        let bytes = disk.read("file").expect("its name was synced");
        let whole = bytes == [1; 8 * 512];
        assert!(whole || !bytes.contains(&1), "{bytes:?}");
    }
}

#[test]
fn a_sync_that_failed_has_dropped_what_it_should_have_kept() {
    let disk = Disk::new();
    let file_of = |at: &Path| {
        let file = made(at, "file", &[1; 4096]);
        file.sync_all().expect("synced");
        sync_folder(at);
        file.write_all_at(&[2; 100], 0).expect("room");
        disk.fault(Fault::SyncOnce("file".into()));
        assert_eq!(file.sync_data().expect_err("as told").raw_os_error(), Some(5));
        let mut seen = [0; 100];
        file.read_exact_at(&mut seen, 0).expect("there");
        assert_eq!(seen, [2; 100], "programs read it back");
        file.sync_all().expect("and the next one succeeds");
        file
    };
    until_the_cut(&disk, Cut::Drop, 1, |at| drop(file_of(at)));
    assert_eq!(disk.read("file").as_deref(), Some([1; 4096].as_slice()));
    // Anything that is written into the page makes all of it dirty again.
    until_the_cut(&disk, Cut::Drop, 1, |at| {
        let file = file_of(at);
        file.write_all_at(&[3], 4095).expect("room");
        file.sync_all().expect("synced");
    });
    let bytes = disk.read("file").expect("there");
    assert_eq!((bytes[0], bytes[99], bytes[100], bytes[4095]), (2, 2, 1, 3));
}

#[test]
fn a_failing_write_and_a_sync_that_lies_are_as_they_were_asked_for() {
    let disk = Disk::new();
    until_the_cut(&disk, Cut::Drop, 1, |at| {
        let (good, bad) = (made(at, "good", b""), made(at, "bad", b""));
        sync_folder(at);
        disk.fault(Fault::WriteAlways("bad".into()));
        disk.fault(Fault::SyncLies("good".into()));
        assert_eq!(bad.write_all_at(b"x", 0).expect_err("as told").raw_os_error(), Some(5));
        good.write_all_at(b"x", 0).expect("room");
        good.sync_all().expect("a lie");
    });
    assert_eq!(disk.read("good").as_deref(), Some(b"".as_slice()));
}

#[test]
fn a_full_disk_takes_what_it_has_room_for() {
    let disk = Disk::new();
    let mounted = Mounted::new(&disk);
    let file = made(mounted.path(), "file", &[1; 4096]);
    disk.room(Room::Bytes(disk.used() + 4096));
    file.write_all_at(&[2; 4096], 4096).expect("just fits");
    file.write_all_at(&[3; 100], 0).expect("over what is there");
    let full = |done: std::io::Result<()>| done.expect_err("full").raw_os_error() == Some(28);
    assert!(full(file.write_all_at(&[4], 8192)));
    assert!(full(file.set_len(8193)));
    disk.room(Room::BytesCopied(disk.used()));
    assert!(full(file.write_all_at(&[5], 0)));
    disk.room(Room::Endless);
    file.write_all_at(&[4], 8192).expect("room");
}

#[test]
fn the_power_goes_before_the_step_that_was_named() {
    let disk = Disk::new();
    let mounted = Mounted::new(&disk);
    let file = made(mounted.path(), "file", b"");
    disk.stop_before(2);
    file.write_all_at(b"1", 0).expect("the first");
    file.write_all_at(b"2", 1).expect("the second");
    let error = file.write_all_at(b"3", 2).expect_err("no power");
    assert_eq!(error.raw_os_error(), Some(5));
    assert!(disk.wait_off(std::time::Duration::from_secs(5)));
    let mut text = String::new();
    assert!(
        File::open(mounted.at("file")).and_then(|mut file| file.read_to_string(&mut text)).is_err()
    );
    assert_eq!(disk.read("file").as_deref(), Some(b"12".as_slice()));
}
