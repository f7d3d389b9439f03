//! Backups of a hub, on both engines: what is in them comes back, on either engine; what is damaged,
//! missing or not for us is refused before anything is written; and whoever dies at one leaves what
//! was there.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Barrier, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

use punchcard_hub::{
    BackupDone, Error, Hub, Schedule,
    backup::{Passphrase, Verified, verify_folder},
    store,
};
use punchcard_protocol::{
    Hash, SignedHead,
    sync::{Push, PushAnswer},
};
use punchcard_tests::{
    DAY, MINUTE,
    business::{Business, Desk, Engine, restored_into},
    cluster, id, on_both_engines,
    processes::{Dice, HubProgram},
};
use tempfile::TempDir;

on_both_engines!(
    full_and_more_come_back_and_the_tills_bring_the_rest,
    what_is_not_in_the_log_comes_back_too,
    stores_that_read_their_own_are_fed_again,
    a_bit_or_a_cut_anywhere_is_noticed_before_anything_is_written,
    a_chain_with_a_link_missing_is_refused_and_an_older_state_is_there,
    a_database_in_use_is_left_alone,
    the_last_whole_chain_is_never_removed,
    a_damaged_chain_is_not_gone_on_from,
    what_the_database_has_lost_is_noticed_when_it_is_read_back,
    only_what_is_in_a_backup_is_durable,
    of_several_hubs_one_makes_the_days_backup,
    a_backup_that_fails_is_told_once_and_tried_again,
    two_servers_make_one_by_themselves,
    killed_at_a_backup_it_leaves_what_was_there,
    a_full_disk_leaves_what_was_there,
);

const WORDS: &str = "vier gute alte Worte";

fn passphrase() -> Passphrase {
    Passphrase::new(WORDS).expect("long enough")
}

fn back_up(business: &Business, folder: &Path, full: bool) -> BackupDone {
    business.hub.backup(folder, &passphrase(), full, None).expect("room")
}

fn read(folder: &Path) -> Result<Verified, Error> {
    Verified::read(folder, None, &passphrase())
}

fn refused(folder: &Path) -> String {
    match read(folder) {
        Ok(_) => unreachable!("taken"),
        Err(error) => error.to_string(),
    }
}

fn fresh(engine: Engine, dir: &TempDir) -> String {
    match engine {
        Engine::Sqlite => format!("sqlite:{}", dir.path().join("fresh.db").display()),
        Engine::Postgres => cluster::shared().fresh_database(),
    }
}

fn other(engine: Engine) -> Engine {
    match engine {
        Engine::Sqlite => Engine::Postgres,
        Engine::Postgres => Engine::Sqlite,
    }
}

fn digest(business: &Business) -> String {
    business.hub.digest().expect("it answers").0
}

fn put(path: &Path, bytes: &[u8]) {
    let mut file = fs::File::create(path).expect("room");
    std::io::Write::write_all(&mut file, bytes).expect("room");
}

/// Backups in a folder, the oldest first.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("there").flatten().map(|entry| entry.path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "punchcard")).collect();
    files.sort();
    files
}

/// Two desks, a member with 400 points of which half rests in the pool.
fn with_a_pool(engine: Engine) -> (Business, Desk, Desk, String) {
    let (business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let member = first.member("王堃", 1);
    first.reward("毛巾", 100);
    first.earn(&member, "400.00");
    business.same_everywhere(&[&first, &second]);
    business.pass(DAY + MINUTE);
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&member), (400, 200, 0), "half rests in the pool");
    (business, first, second, member)
}

/// A folder with a full backup and two that go on from it.
fn with_a_chain(engine: Engine) -> (Business, Desk, Desk, String, TempDir) {
    let (business, first, second, member) = with_a_pool(engine);
    let dir = tempfile::tempdir().expect("a temporary folder");
    back_up(&business, dir.path(), false);
    for _ in 0..2 {
        business.pass(DAY);
        first.earn(&member, "5.00");
        business.same_everywhere(&[&first, &second]);
        assert!(!back_up(&business, dir.path(), false).full);
    }
    (business, first, second, member, dir)
}

fn full_and_more_come_back_and_the_tills_bring_the_rest(engine: Engine) {
    let (mut business, first, second, member) = with_a_pool(engine);
    let dir = tempfile::tempdir().expect("a temporary folder");
    let folder = dir.path().join("made/for/it");
    let all = business.hub.figures().expect("it answers").entries;
    let full = back_up(&business, &folder, false);
    assert!(full.full);
    assert_eq!(full.entries, all);
    business.pass(DAY);
    first.earn(&member, "30.00");
    second.member("陈喆", 2);
    business.same_everywhere(&[&first, &second]);
    let more = back_up(&business, &folder, false);
    assert!(!more.full);
    assert_eq!(more.entries, business.hub.figures().expect("it answers").entries - all);
    assert!(more.entries < 10, "what came since: {}", more.entries);
    let then = digest(&business);
    let verified = read(&folder).expect("whole");
    assert_eq!(verified.files().len(), 2);
    // What comes now is in no backup.
    second.earn(&member, "4.00");
    let drawn = second.line().draw(&second.owner(), id(&member), 150).expect("it answers").drawn;
    assert_eq!(drawn, 150);
    business.same_everywhere(&[&first, &second]);
    let tables = |desk: &Desk| {
        let (_, tables) = desk.till().digest().expect("it can be read");
        tables.into_iter().filter(|(name, _)| *name != "fact").collect::<Vec<_>>()
    };
    let before = tables(&first);
    let epoch = business.epoch();
    // On the other engine too: the same tables, to the byte.
    assert_eq!(restored_into(&fresh(other(engine), &dir), &verified).expect("empty"), then);
    assert_eq!(business.restore_hub(other(engine), &verified), then);
    assert_eq!(business.restore_hub(engine, &verified), then);
    assert!(business.epoch() > epoch, "a new life: the tills give back what it lacks");
    business.same_everywhere(&[&first, &second]);
    assert_eq!(tables(&first), before, "nothing is lost");
    assert_eq!(second.points(&member), (434, 154, 0));
    let draw = first.line().draw(&first.owner(), id(&member), 200).expect("it answers");
    assert_eq!(draw.drawn, 50, "what was granted in the lost part is not granted again");
    business.same_everywhere(&[&first, &second]);
    // And goes on: the next backup begins a chain of its own.
    business.pass(DAY);
    assert!(back_up(&business, &folder, false).full, "another epoch");
    assert_eq!(read(&folder).expect("whole").files().len(), 1);
}

fn what_is_not_in_the_log_comes_back_too(engine: Engine) {
    let (mut business, first, second, _) = with_a_pool(engine);
    let dir = tempfile::tempdir().expect("a temporary folder");
    let hub = business.hub.id();
    let code = business.code(Some(business.hub.add_store("城西", "Asia/Shanghai").expect("new")));
    business.hub.revoke(business.till("滨江 2")).expect("there");
    // What a till that was revoked sends is kept aside.
    second.member("周祎", 9);
    assert_eq!(second.refused(), "device_revoked");
    let quarantined = business.hub.figures().expect("it answers").quarantined;
    let inbox = |business: &Business| {
        let lines = business.hub.inbox().expect("it answers");
        lines.into_iter().filter(|line| line.code != "hub_restored").map(|line| line.id).collect()
    };
    let (told, tills): (Vec<String>, Vec<_>) = (inbox(&business), names(&business));
    assert!(quarantined > 0 && !told.is_empty());
    back_up(&business, dir.path(), false);
    business.restore_hub(engine, &read(dir.path()).expect("whole"));
    assert_eq!(business.hub.id(), hub, "the same hub, with the same keys");
    assert_eq!(names(&business), tills);
    assert_eq!(inbox(&business), told);
    assert_eq!(business.hub.figures().expect("it answers").quarantined, quarantined);
    // The certificate is the one that desks know, and a code that was given out works.
    first.sync();
    let folder = business.folder("third");
    let input = business.input(&code, "城西 3");
    let joined =
        punchcard_till::sync::join(&folder, &input, punchcard_tests::PIN, &business.options());
    assert!(joined.is_ok(), "{:?}", joined.err());
    let report = business.hub.verify().expect("it answers");
    assert!(report.ok, "{:?}", report.problems);
}

fn names(business: &Business) -> Vec<(String, String)> {
    let tills = business.hub.tills().expect("it answers");
    tills.into_iter().map(|till| (till.name, till.state)).collect()
}

fn stores_that_read_their_own_are_fed_again(engine: Engine) {
    let (mut business, first, second, member) = with_a_pool(engine);
    let dir = tempfile::tempdir().expect("a temporary folder");
    business.hub.set_follow("own").expect("it answers");
    first.sync();
    second.sync();
    let stranger = second.member("陈喆", 2);
    second.earn(&stranger, "20.00");
    second.sync();
    first.sync();
    back_up(&business, dir.path(), false);
    business.restore_hub(engine, &read(dir.path()).expect("whole"));
    for _ in 0..3 {
        first.sync();
        second.sync();
    }
    first.earn(&member, "1.00");
    second.earn(&stranger, "1.00");
    for _ in 0..3 {
        first.sync();
        second.sync();
    }
    assert_eq!(first.points(&member).0, 401);
    assert_eq!(second.points(&stranger).0, 21);
    let report = business.hub.verify().expect("it answers");
    assert!(report.ok, "{:?}", report.problems);
}

fn a_bit_or_a_cut_anywhere_is_noticed_before_anything_is_written(engine: Engine) {
    let (_business, _first, _second, _, dir) = with_a_chain(engine);
    let (mut dice, seed) = Dice::seeded();
    let all = files(dir.path());
    for (at, path) in all.iter().enumerate() {
        let whole = fs::read(path).expect("there");
        let name = path.file_name().expect("it has one").to_string_lossy().into_owned();
        let length = whole.len() as u64;
        let mut places: Vec<u64> = vec![0, 21, 22, 24, 40, length - 1, length - 17];
        places.extend((0..5).map(|_| dice.below(length)));
        for place in places {
            let mut bad = whole.clone();
            bad[usize::try_from(place).expect("small")] ^= 1 << dice.below(8);
            put(path, &bad);
            let said = refused(dir.path());
            // A header that cannot be read makes its file no link at all.
            assert!(said.contains(".punchcard"), "bit in byte {place} of {name}, {seed}: {said}");
        }
        for length in [0, 10, 30, length / 2, length - 1] {
            put(path, &whole[..usize::try_from(length).expect("small")]);
            let said = refused(dir.path());
            assert!(said.contains(&name), "cut to {length}, file {at}: {said}");
        }
        put(path, &whole);
    }
    assert!(read(dir.path()).is_ok(), "all as it was");
    // A newer format, and another passphrase, are told apart from damage.
    let newest = all.last().expect("three");
    let mut newer = fs::read(newest).expect("there");
    newer[22] = 2;
    put(newest, &newer);
    assert!(refused(dir.path()).contains("newer version"));
    newer[22] = 1;
    put(newest, &newer);
    let wrong = Verified::read(dir.path(), None, &Passphrase::given("fünf schlechte neue Worte"));
    assert!(matches!(wrong.err(), Some(Error::WrongPassphrase(_))));
}

fn a_chain_with_a_link_missing_is_refused_and_an_older_state_is_there(engine: Engine) {
    let (business, first, second, member, dir) = with_a_chain(engine);
    let all = files(dir.path());
    assert_eq!(all.len(), 3);
    let aside = dir.path().join("aside");
    for missing in [&all[0], &all[1]] {
        fs::rename(missing, &aside).expect("room");
        let said = refused(dir.path());
        assert!(said.contains("not in this folder"), "{said}");
        fs::rename(&aside, missing).expect("room");
    }
    fs::rename(&all[1], &aside).expect("room");
    let first_name = all[0].file_name().expect("it has one").to_string_lossy().into_owned();
    let older = Verified::read(dir.path(), Some(&first_name), &passphrase()).expect("whole");
    assert_eq!(older.files(), [first_name]);
    fs::rename(&aside, &all[1]).expect("room");
    // A link of another chain does not fit, whatever it is called.
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    back_up(&business, elsewhere.path(), true);
    first.earn(&member, "6.00");
    business.same_everywhere(&[&first, &second]);
    back_up(&business, elsewhere.path(), false);
    let stranger = files(elsewhere.path()).pop().expect("two");
    fs::copy(&stranger, &all[2]).expect("room");
    let said = refused(dir.path());
    assert!(said.contains("not in this folder"), "{said}");
    // Nor do backups of two hubs: which one is meant, somebody must say.
    let (another, _desk) = Business::with_desk(engine);
    back_up(&another, elsewhere.path(), true);
    assert!(refused(elsewhere.path()).contains("more than one hub"));
    assert!(refused(tempfile::tempdir().expect("a folder").path()).contains("no backup"));
}

fn a_database_in_use_is_left_alone(engine: Engine) {
    let (business, _first, _second, _, dir) = with_a_chain(engine);
    let verified = read(dir.path()).expect("whole");
    let (another, desk) = Business::with_desk(engine);
    let before = digest(&another);
    for database in [&another.database, &business.database] {
        assert!(matches!(restored_into(database, &verified), Err(Error::NotEmpty)));
    }
    assert_eq!(digest(&another), before);
    another.same_everywhere(&[&desk]);
    // What was put back once is in use.
    let database = fresh(engine, &dir);
    restored_into(&database, &verified).expect("empty");
    assert!(matches!(restored_into(&database, &verified), Err(Error::NotEmpty)));
}

fn the_last_whole_chain_is_never_removed(engine: Engine) {
    let (business, first, second, member) = with_a_pool(engine);
    let dir = tempfile::tempdir().expect("a temporary folder");
    let mut chains = 0;
    for day in 0..23 {
        first.earn(&member, "1.00");
        business.same_everywhere(&[&first]);
        let done = business.hub.backup(dir.path(), &passphrase(), false, Some(2)).expect("room");
        assert_eq!(done.full, day % 7 == 0, "a week is a chain: day {day}");
        chains += usize::from(done.full);
        let fulls = names_in(dir.path()).iter().filter(|name| name.contains("-full-")).count();
        assert_eq!(fulls, chains.min(2), "day {day}");
        business.pass(DAY);
    }
    business.same_everywhere(&[&first, &second]);
    let lines = verify_folder(dir.path(), &passphrase()).expect("there");
    assert!(lines.iter().all(|line| line.problem.is_none()), "{lines:?}");
    assert_eq!(lines.len(), 7 + 2, "the whole week before, and two days of this one");
    // Nothing else that lies there goes; and zero is one.
    put(&dir.path().join("letter.txt"), b"dear");
    business.hub.backup(dir.path(), &passphrase(), true, Some(0)).expect("room");
    assert_eq!(files(dir.path()).len(), 1);
    assert!(dir.path().join("letter.txt").exists());
    assert!(read(dir.path()).is_ok());
}

fn names_in(folder: &Path) -> Vec<String> {
    let name = |path: &PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned());
    files(folder).iter().filter_map(name).collect()
}

fn a_damaged_chain_is_not_gone_on_from(engine: Engine) {
    let (business, first, _second, member, dir) = with_a_chain(engine);
    let all = files(dir.path());
    let mut bytes = fs::read(&all[1]).expect("there");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    put(&all[1], &bytes);
    first.earn(&member, "2.00");
    first.sync();
    let done = back_up(&business, dir.path(), false);
    assert!(done.full, "what is damaged cannot be gone on from");
    assert_eq!(read(dir.path()).expect("the newest chain").files().len(), 1);
    let lines = verify_folder(dir.path(), &passphrase()).expect("there");
    assert_eq!(lines.iter().filter(|line| line.problem.is_some()).count(), 1, "{lines:?}");
    // Nor from what another passphrase opens.
    let other = Passphrase::new("fünf schlechte neue Worte").expect("long enough");
    business.pass(MINUTE);
    assert!(business.hub.backup(dir.path(), &other, false, None).expect("room").full);
}

fn what_the_database_has_lost_is_noticed_when_it_is_read_back(engine: Engine) {
    let (business, first, second, _, dir) = with_a_chain(engine);
    first.member("陈喆", 3);
    business.same_everywhere(&[&first, &second]);
    let before = (names_in(dir.path()), stands(&business, &first).durable);
    // A disk that gives out something else than was put there.
    let store = store::open(&business.database).expect("it opens");
    let mut session = store.write().expect("a transaction");
    let other = "UPDATE log SET payload = $1 WHERE position = (SELECT max(position) FROM log)";
    session.execute(other, &[b"{}".into()]).expect("a table");
    session.commit().expect("room");
    for full in [false, true] {
        let failed = business.hub.backup(dir.path(), &passphrase(), full, Some(1)).err();
        let said = failed.expect("noticed").to_string();
        assert!(said.contains("is not whole"), "{said}");
    }
    assert_eq!((names_in(dir.path()), stands(&business, &first).durable), before);
    assert!(!dir.path().join("unfinished").exists());
}

/// What the hub answers to a push of nothing.
fn stands(business: &Business, desk: &Desk) -> PushAnswer {
    let head =
        SignedHead { stream: desk.stream(), seq: 0, hash: Hash::ZERO, signature: String::new() };
    business.hub.push(desk.stream(), &Push { packets: Vec::new(), head }).expect("it answers")
}

fn only_what_is_in_a_backup_is_durable(engine: Engine) {
    let (business, first, second, member) = with_a_pool(engine);
    let dir = tempfile::tempdir().expect("a temporary folder");
    assert_eq!(stands(&business, &first).durable, 0, "no backup was made");
    back_up(&business, dir.path(), false);
    let then = stands(&business, &first);
    assert_eq!(then.durable, then.acked.seq);
    first.earn(&member, "1.00");
    first.sync();
    let now = stands(&business, &first);
    assert_eq!((now.durable, now.acked.seq), (then.acked.seq, then.acked.seq + 1));
    // One that could not be written changes nothing.
    let nowhere = dir.path().join("letter.txt");
    put(&nowhere, b"dear");
    assert!(business.hub.backup(&nowhere, &passphrase(), false, None).is_err());
    assert_eq!(stands(&business, &first).durable, then.durable);
    back_up(&business, dir.path(), false);
    assert_eq!(stands(&business, &first).durable, now.acked.seq);
    assert!(stands(&business, &second).durable > 0);
}

fn another_hub(business: &Business) -> Arc<Hub> {
    let told = business.clock.clone();
    let store = store::open(&business.database).expect("it opens");
    Arc::new(Hub::open(store, Arc::new(move || told.load(Ordering::SeqCst))).expect("a hub"))
}

fn plan(folder: PathBuf) -> Schedule {
    Schedule { folder, hour: 3, keep: 4, passphrase: passphrase() }
}

fn of_several_hubs_one_makes_the_days_backup(engine: Engine) {
    const HUBS: usize = 4;
    let (business, _first, _second, _) = with_a_pool(engine);
    let dir = tempfile::tempdir().expect("a temporary folder");
    let hubs: Vec<Arc<Hub>> = (0..HUBS).map(|_| another_hub(&business)).collect();
    for day in 1..=3 {
        let barrier = Arc::new(Barrier::new(HUBS));
        let asked = hubs.iter().enumerate().map(|(at, hub)| {
            // Each has a folder of its own, as on machines of their own.
            let (hub, barrier, folder) =
                (hub.clone(), barrier.clone(), dir.path().join(at.to_string()));
            thread::spawn(move || {
                barrier.wait();
                hub.backup_if_due(&plan(folder)).expect("room").is_some()
            })
        });
        let asked: Vec<_> = asked.collect();
        let made: Vec<bool> =
            asked.into_iter().map(|thread| thread.join().expect("it ran")).collect();
        assert_eq!(made.iter().filter(|made| **made).count(), 1, "day {day}: {made:?}");
        assert!(hubs[0].backup_if_due(&plan(dir.path().join("0"))).expect("room").is_none());
        business.pass(DAY);
    }
    let all: usize = (0..HUBS)
        .map(|at| dir.path().join(at.to_string()))
        .filter(|folder| folder.exists())
        .map(|folder| files(&folder).len())
        .sum();
    assert_eq!(all, 3);
}

fn a_backup_that_fails_is_told_once_and_tried_again(engine: Engine) {
    let (business, _first, _second, _) = with_a_pool(engine);
    let dir = tempfile::tempdir().expect("a temporary folder");
    let place = dir.path().join("backups");
    put(&place, b"a file where a folder should be");
    let plan = plan(place.clone());
    let told = || {
        let lines = business.hub.inbox().expect("it answers");
        lines.iter().filter(|line| line.code == "backup_failed").count()
    };
    assert!(business.hub.backup_if_due(&plan).is_err());
    assert!(business.hub.backup_if_due(&plan).expect("not yet").is_none(), "not at once again");
    business.pass(16 * MINUTE);
    assert!(business.hub.backup_if_due(&plan).is_err(), "a little later");
    assert_eq!(told(), 1);
    fs::remove_file(&place).expect("there");
    business.pass(16 * MINUTE);
    assert!(business.hub.backup_if_due(&plan).expect("room").is_some());
    assert_eq!(files(&place).len(), 1);
    // Whoever writes into the folder has it to themselves.
    let lock = fs::File::create(place.join(".lock")).expect("room");
    lock.lock().expect("nobody has it");
    let busy = business.hub.backup(&place, &passphrase(), false, None);
    assert!(matches!(busy.err(), Some(Error::BackupBusy(_))));
}

/// The program, on the business's database.
fn program(business: &Business, dir: &TempDir) -> HubProgram {
    let mut program = HubProgram::new(business.database.clone(), dir.path());
    program.set("PUNCHCARD_HUB_BACKUP_PASSPHRASE", WORDS);
    program
}

fn two_servers_make_one_by_themselves(engine: Engine) {
    let (mut business, _first, _second, _) = with_a_pool(engine);
    business.cut();
    let dirs = [(); 2].map(|()| tempfile::tempdir().expect("a temporary folder"));
    let mut hubs = dirs.each_ref().map(|dir| {
        let mut hub = program(&business, dir);
        hub.set("PUNCHCARD_HUB_BACKUP_TO", dir.path().join("backups").display().to_string());
        hub
    });
    hubs.iter_mut().for_each(HubProgram::start);
    let made = || {
        let folders = dirs.iter().map(|dir| dir.path().join("backups"));
        folders.filter(|folder| folder.exists()).map(|folder| files(&folder).len()).sum::<usize>()
    };
    let began = Instant::now();
    while made() == 0 {
        assert!(began.elapsed().as_secs() < 60, "{}{}", hubs[0].logged(), hubs[1].logged());
        thread::sleep(Duration::from_millis(50));
    }
    // One who starts later finds it done.
    hubs[1].kill();
    hubs[1].start();
    thread::sleep(Duration::from_secs(2));
    assert_eq!(made(), 1);
    let mut without = HubProgram::new(business.database.clone(), dirs[0].path());
    without.set("PUNCHCARD_HUB_BACKUP_TO", dirs[0].path().display().to_string());
    let (status, said) = without.ask(&["serve"]);
    assert_eq!((status, said["error"]["code"].as_str()), (2, Some("usage")), "no passphrase");
}

fn killed_at_a_backup_it_leaves_what_was_there(engine: Engine) {
    let (mut business, first, second, member) = with_a_pool(engine);
    for _ in 0..60 {
        first.earn(&member, "1.00");
    }
    business.same_everywhere(&[&first, &second]);
    let dir = tempfile::tempdir().expect("a temporary folder");
    let folder = dir.path().join("backups");
    let to = folder.display().to_string();
    let hub = program(&business, &dir);
    let began = Instant::now();
    assert_eq!(hub.ask(&["backup", "--to", &to]).0, 0);
    let took = u64::try_from(began.elapsed().as_millis()).expect("short");
    let (mut dice, seed) = Dice::seeded();
    let (mut killed, mut unfinished) = (0, 0);
    for round in 0..12 {
        let before: Vec<(PathBuf, Vec<u8>)> = files(&folder)
            .into_iter()
            .map(|path| (path.clone(), fs::read(path).expect("there")))
            .collect();
        let mut child = hub.begin(&["backup", "--to", &to, "--full"]);
        if round % 2 == 0 {
            thread::sleep(Duration::from_millis(took / 4 + dice.below(took)));
        } else {
            // While it writes, or reads back what it wrote.
            while !folder.join("unfinished").exists() && began.elapsed().as_secs() < 60 {
                thread::sleep(Duration::from_micros(100));
            }
            thread::sleep(Duration::from_micros(dice.below(3000)));
        }
        killed += u32::from(child.try_wait().expect("it answers").is_none());
        child.kill().expect("SIGKILL");
        child.wait().expect("it is dead");
        unfinished += u32::from(folder.join("unfinished").exists());
        for (path, bytes) in &before {
            assert_eq!(&fs::read(path).expect("there"), bytes, "round {round}, seed {seed}");
        }
        let lines = verify_folder(&folder, &passphrase()).expect("there");
        let whole = lines.iter().all(|line| line.problem.is_none());
        assert!(whole && !lines.is_empty(), "round {round}, seed {seed}: {lines:?}");
    }
    println!("{engine:?}: {killed} of 12 killed at it, {unfinished} left something unfinished");
    assert!(killed > 0 && unfinished > 0, "all were done before they were killed");
    let (status, said) = hub.ask(&["backup", "--to", &to]);
    assert_eq!(status, 0, "{said}");
    assert!(!folder.join("unfinished").exists());
    let then = digest(&business);
    assert_eq!(business.restore_hub(engine, &read(&folder).expect("whole")), then);
    business.same_everywhere(&[&first, &second]);
}

fn a_full_disk_leaves_what_was_there(engine: Engine) {
    let (mut business, first, second, member, dir) = with_a_chain(engine);
    for name in 0..40 {
        first.member("王堃", 100 + name);
    }
    first.earn(&member, "5.00");
    business.same_everywhere(&[&first, &second]);
    let to = dir.path().display().to_string();
    // The tool alone: SQLite's log would not fit either.
    business.cut();
    let mut hub = program(&business, &dir);
    let before = names_in(dir.path());
    let (status, said) = hub.ask_on_a_full_disk(8 * 1024, &["backup", "--to", &to, "--full"]);
    assert_eq!(status, 1, "{said}");
    let message = said["error"]["message"].as_str().unwrap_or_default().to_owned();
    assert!(message.contains("too large") || message.contains("full"), "{message}");
    assert_eq!(names_in(dir.path()), before);
    assert!(!dir.path().join("unfinished").exists());
    let (status, said) = hub.ask(&["backup", "verify", &to]);
    assert_eq!((status, said["ok"].as_bool()), (0, Some(true)), "{said}");
    // With room it is done, and the tool puts it back; into the same place it does not.
    assert_eq!(hub.ask(&["backup", "--to", &to]).0, 0);
    let (status, said) = hub.ask(&["restore", "--from", &to]);
    assert_eq!((status, said["error"]["code"].as_str()), (3, Some("not_empty")), "{said}");
    let (_, then) = hub.ask(&["digest"]);
    let room = tempfile::tempdir().expect("a temporary folder");
    hub.database = fresh(engine, &room);
    if engine == Engine::Sqlite {
        let (status, said) = hub.ask_on_a_full_disk(64 * 1024, &["restore", "--from", &to]);
        assert_eq!(status, 1, "{said}");
        hub.database = format!("sqlite:{}", room.path().join("again.db").display());
    }
    let (status, said) = hub.ask(&["restore", "--from", &to]);
    assert_eq!(status, 0, "{said}");
    assert!(said["epoch"].as_u64() > Some(1), "{said}");
    let (_, now) = hub.ask(&["digest"]);
    // A new epoch has begun, which is a fact; all else is the same.
    let without = |mut said: serde_json::Value| {
        said["tables"].as_object_mut().expect("tables").remove("fact");
        said["tables"].take()
    };
    assert_eq!(without(now), without(then));
}
