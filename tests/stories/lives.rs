//! What becomes of a till that was copied, restored, lost, revoked or forked, of a code that is
//! used twice, and of a hub that is another one.

use punchcard_tests::{
    MINUTE, PIN,
    business::{Business, Desk, Engine},
    id, on_both_engines,
};
use punchcard_till::{Options, Till, sync::join, views::Distrust};

on_both_engines!(
    a_restored_till_gets_its_entries_and_its_value_back,
    a_restored_till_that_lost_something_waits_for_a_manager,
    a_copied_till_spends_nothing_twice,
    a_whole_machine_rolled_back_is_a_fork,
    a_revoked_till_is_told_and_spends_nothing,
    what_a_copy_of_a_revoked_till_wrote_is_kept_aside,
    what_two_copies_wrote_under_one_number_is_kept,
    what_two_copies_tell_counts_at_both,
    what_a_life_wrote_that_no_hub_ever_met_gets_there,
    what_is_copied_twice_syncs_from_each_copy,
    a_lost_till_is_reclaimed,
    a_lost_till_that_turns_up_overdraws_nobody_in_silence,
    a_code_works_once_and_not_for_ever,
    another_hub_at_the_same_address_is_noticed,
    a_hub_restored_from_an_older_backup_gets_everything_back,
    a_shop_that_was_restored_and_vouched_for_brings_all_of_it,
    a_manager_gives_an_earlier_life_up_and_the_desk_goes_on,
);

/// Copies a folder, files and all.
fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("there") {
        let entry = entry.expect("readable");
        if entry.file_type().expect("known").is_file() && entry.file_name() != "lock" {
            std::fs::copy(entry.path(), to.join(entry.file_name())).expect("room");
        }
    }
}

/// Puts files back in place, so that the anchor stays the file it was.
fn put_back(from: &std::path::Path, to: &std::path::Path, with_anchor: bool) {
    for name in ["till.db", "till.db-wal", "till.db-shm", "anchor", "keys.json"] {
        let (copy, place) = (from.join(name), to.join(name));
        if name == "anchor" {
            if with_anchor {
                let bytes = std::fs::read(copy).expect("copied");
                std::fs::OpenOptions::new()
                    .write(true)
                    .open(place)
                    .and_then(|mut file| std::io::Write::write_all(&mut file, &bytes))
                    .expect("in place");
            }
        } else if copy.exists() {
            std::fs::copy(copy, place).expect("room");
        } else if place.exists() {
            std::fs::remove_file(place).expect("gone");
        }
    }
}

fn distrust(desk: &Desk) -> Option<Distrust> {
    desk.till().status(None).expect("a status").distrust
}

fn a_restored_till_gets_its_entries_and_its_value_back(engine: Engine) {
    let (business, mut first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let member = first.member("王堃", 1);
    let reward = first.reward("毛巾", 100);
    first.earn(&member, "300.00");
    let backup = first.folder.join("backup.db");
    first.till().backup(&first.owner(), &backup).expect("a backup");
    assert!(first.redeem(&member, &reward, false).is_ok());
    business.same_everywhere(&[&first, &second]);

    first.close();
    drop(Till::restore(&first.folder, &backup, &first.options).expect("it can be restored"));
    first.reopen();
    assert_eq!(distrust(&first), Some(Distrust::Restored));
    assert_eq!(first.points(&member).1, 0, "nothing until the hub has been reached");
    assert_eq!(Desk::code(first.redeem(&member, &reward, false)), "not_vouched");
    first.sync();
    assert_eq!(distrust(&first), None);
    assert!(first.notices().contains(&"entries_recovered".to_owned()), "{:?}", first.notices());
    assert_eq!(first.points(&member), (200, 0, 0), "the redemption is not forgotten");
    // The hub has all that the anchor knew: it took the value over, and it can be drawn.
    let drawn = first.line().draw(&first.owner(), id(&member), 100).expect("the hub answers");
    assert_eq!(drawn.drawn, 100);
    assert!(first.redeem(&member, &reward, false).is_ok());
    business.same_everywhere(&[&first, &second]);
    assert_eq!(second.points(&member).0, 100);
}

fn a_restored_till_that_lost_something_waits_for_a_manager(engine: Engine) {
    let (business, mut first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let member = first.member("王堃", 1);
    let reward = first.reward("毛巾", 100);
    first.earn(&member, "300.00");
    business.same_everywhere(&[&first, &second]);
    let backup = first.folder.join("backup.db");
    first.till().backup(&first.owner(), &backup).expect("a backup");
    // Spent while the line was down, and never pushed: only the anchor knows.
    assert!(first.redeem(&member, &reward, false).is_ok());
    first.close();
    drop(Till::restore(&first.folder, &backup, &first.options).expect("it can be restored"));
    first.reopen();
    first.sync();
    let drawn = first.line().draw(&first.owner(), id(&member), 100).expect("the hub answers");
    assert_eq!(drawn.drawn, 0, "what may have been spent is given to nobody");
    // A manager who knows decides.
    let codes: Vec<String> =
        business.hub.inbox().expect("it answers").into_iter().map(|line| line.code).collect();
    assert!(codes.contains(&"second_life".to_owned()), "{codes:?}");
    assert_eq!(business.hub.reclaim(business.till("静安 1")).expect("a till"), 300);
}

fn a_copied_till_spends_nothing_twice(engine: Engine) {
    let (business, mut first) = Business::with_desk(engine);
    let member = first.member("王堃", 1);
    let reward = first.reward("毛巾", 300);
    first.earn(&member, "300.00");
    first.sync();
    let place = business.folder("copy");
    first.close();
    copy(&first.folder, &place);
    first.reopen();
    let till = Till::open(&place, &first.options).expect("it opens");
    let copied = Desk::of(place, first.options.clone(), std::sync::Arc::new(till));
    assert_eq!(distrust(&copied), Some(Distrust::Copied));
    assert!(first.redeem(&member, &reward, false).is_ok());
    assert_eq!(Desk::code(copied.redeem(&member, &reward, false)), "not_vouched");
    copied.sync();
    assert_eq!(copied.points(&member).1, 0);
    assert_eq!(Desk::code(copied.redeem(&member, &reward, false)), "points_short");
    business.same_everywhere(&[&first, &copied]);
    assert_eq!(copied.points(&member), (0, 0, 0));
}

fn a_whole_machine_rolled_back_is_a_fork(engine: Engine) {
    let (business, mut first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let member = first.member("王堃", 1);
    let reward = first.reward("毛巾", 100);
    first.earn(&member, "300.00");
    first.sync();
    let image = business.folder("image");
    first.close();
    copy(&first.folder, &image);
    first.reopen();
    assert!(first.redeem(&member, &reward, false).is_ok());
    first.sync();
    first.close();
    // Anchor and all: the till alone cannot notice, and this is the honest limit.
    put_back(&image, &first.folder, true);
    first.reopen();
    assert_eq!(distrust(&first), None);
    assert!(first.redeem(&member, &reward, false).is_ok(), "the same points, once more");
    first.sync();
    let told = first.notices();
    assert!(told.contains(&"forked".to_owned()), "{told:?}");
    let line = business.hub.tills().expect("it answers").into_iter().find(|t| t.name == "静安 1");
    assert_eq!(line.expect("paired").state, "FORKED");
    // What both branches did is kept; nothing is given to the till until a manager has looked.
    assert_eq!(
        first.line().draw(&first.owner(), id(&member), 10).expect_err("frozen").code(),
        "frozen"
    );
    assert!(business.hub.figures().expect("it answers").quarantined > 0);
    assert_eq!(business.hub.reclaim(business.till("静安 1")).expect("a till"), 200);
    assert_eq!(first.line().draw(&first.owner(), id(&member), 10).expect("settled").drawn, 10);
    second.sync();
    assert_eq!(second.points(&member).0, 200);
}

fn a_revoked_till_is_told_and_spends_nothing(engine: Engine) {
    let (business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let reward = first.reward("毛巾", 100);
    let member = second.member("王堃", 1);
    business.same_everywhere(&[&first, &second]);
    second.earn(&member, "300.00");
    business.hub.revoke(business.till("滨江 2")).expect("it is there");
    assert_eq!(second.refused(), "device_revoked");
    assert_eq!(distrust(&second), Some(Distrust::Revoked));
    assert_eq!(Desk::code(second.redeem(&member, &reward, false)), "not_vouched");
    // It still checks people in, and what it wrote is not lost.
    second.earn(&member, "1.00");
    first.sync();
    assert_eq!(first.points(&member).0, 0);
}

/// Whether the hub keeps a fact: in its log, or aside.
fn kept(business: &Business, fact: &str) -> (bool, bool) {
    let store = punchcard_hub::store::open(&business.database).expect("it opens");
    let mut session = store.read().expect("it answers");
    let mut holds = |sql: &str| {
        let rows = session.rows(sql, &[]).expect("it answers");
        let texts = rows.iter().map(|row| String::from_utf8_lossy(row[0].bytes().expect("bytes")));
        texts.into_iter().any(|text| text.contains(fact))
    };
    (holds("SELECT payload FROM log"), holds("SELECT body FROM quarantine"))
}

/// A copy of a desk's folder, open on another machine.
fn copied(business: &Business, desk: &mut Desk, name: &str) -> Desk {
    let options = desk.options.clone();
    copied_with(business, desk, name, options)
}

/// The same, opened with options of its own.
fn copied_with(business: &Business, desk: &mut Desk, name: &str, options: Options) -> Desk {
    let place = business.folder(name);
    desk.close();
    copy(&desk.folder, &place);
    desk.reopen();
    let till = Till::open(&place, &options).expect("it opens");
    Desk::of(place, options, std::sync::Arc::new(till))
}

fn what_a_copy_of_a_revoked_till_wrote_is_kept_aside(engine: Engine) {
    let (business, first) = Business::with_desk(engine);
    let mut second = business.desk("滨江 2", None);
    let member = first.member("王堃", 1);
    business.same_everywhere(&[&first, &second]);
    let copy = copied(&business, &mut second, "copy");
    business.hub.revoke(business.till("滨江 2")).expect("it is there");
    let earned = copy.earn(&member, "30.00");
    assert_eq!(copy.refused(), "device_revoked");
    assert_eq!(kept(&business, &earned), (false, true), "nothing that happened is lost");
}

fn what_two_copies_wrote_under_one_number_is_kept(engine: Engine) {
    let (business, mut first) = Business::with_desk(engine);
    let member = first.member("王堃", 1);
    first.sync();
    // Neither knows of the other, and each opens the second life: the numbers that two lives hardly
    // ever share are taken away.
    let mut options = first.options.clone();
    options.weak.lives_in_turn = true;
    let mut copied = |name: &str| copied_with(&business, &mut first, name, options.clone());
    let (one, other) = (copied("one"), copied("other"));
    let facts = [one.earn(&member, "30.00"), other.earn(&member, "40.00")];
    one.sync();
    other.sync();
    assert_eq!(kept(&business, &facts[0]), (true, false));
    assert_eq!(kept(&business, &facts[1]), (false, true), "whoever came later is kept aside");
    business.same_everywhere(&[&first, &one, &other]);
    assert_eq!(other.till().status(None).expect("a status").unsynced, 0);
    assert_eq!(first.points(&member).0, 30);
}

fn what_two_copies_tell_counts_at_both(engine: Engine) {
    let (business, mut first) = Business::with_desk(engine);
    let member = first.member("王堃", 1);
    first.sync();
    let (one, other) =
        (copied(&business, &mut first, "one"), copied(&business, &mut first, "other"));
    let facts = [one.earn(&member, "30.00"), other.earn(&member, "40.00")];
    one.sync();
    other.sync();
    for fact in &facts {
        assert_eq!(kept(&business, fact), (true, false));
    }
    business.same_everywhere(&[&first, &one, &other]);
    assert_eq!(first.points(&member).0, 70);
}

fn what_a_life_wrote_that_no_hub_ever_met_gets_there(engine: Engine) {
    let (business, mut first) = Business::with_desk(engine);
    let member = first.member("王堃", 1);
    first.sync();
    let mut earned = Vec::new();
    for _ in 0..3 {
        earned.push(first.earn(&member, "30.00"));
        first.close();
        std::fs::remove_file(first.folder.join("anchor")).expect("there is one");
        first.reopen();
    }
    first.sync();
    for fact in &earned {
        assert_eq!(kept(&business, fact), (true, false));
    }
    business.same_everywhere(&[&first]);
    assert_eq!(first.points(&member).0, 90);
}

fn what_is_copied_twice_syncs_from_each_copy(engine: Engine) {
    let (business, mut first) = Business::with_desk(engine);
    let member = first.member("王堃", 1);
    let one = copied(&business, &mut first, "one");
    one.earn(&member, "30.00");
    one.sync();
    first.sync();
    // The second copy finds the first one's life in its store, and has not its key.
    let other = copied(&business, &mut first, "other");
    other.earn(&member, "40.00");
    business.same_everywhere(&[&first, &one, &other]);
    assert_eq!(first.points(&member).0, 70);
}

fn a_lost_till_is_reclaimed(engine: Engine) {
    let (business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let member = second.member("王堃", 1);
    second.earn(&member, "300.00");
    second.sync();
    first.sync();
    assert_eq!(first.points(&member), (300, 0, 0));
    // The other till is gone: a sentence about the rest.
    business.pass(MINUTE);
    let drawn = first.line().draw(&first.owner(), id(&member), 100).expect("the hub answers");
    assert_eq!((drawn.drawn, drawn.missing), (0, 100));
    assert_eq!(drawn.holders[0].name, "滨江 2");
    assert!(drawn.holders[0].silent);
    assert_eq!(business.hub.reclaim(business.till("滨江 2")).expect("a till"), 300);
    let drawn = first.line().draw(&first.owner(), id(&member), 100).expect("the hub answers");
    assert_eq!((drawn.drawn, drawn.missing), (100, 0));
    business.same_everywhere(&[&first]);
    assert_eq!(second.refused(), "device_revoked");
}

fn a_lost_till_that_turns_up_overdraws_nobody_in_silence(engine: Engine) {
    let (business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let reward = first.reward("毛巾", 300);
    let member = second.member("王堃", 1);
    second.earn(&member, "300.00");
    business.same_everywhere(&[&first, &second]);
    // Spent at the lost till after all, and reclaimed by a manager who could not know.
    assert!(second.redeem(&member, &reward, false).is_ok());
    business.hub.reclaim(business.till("滨江 2")).expect("a till");
    first.line().draw(&first.owner(), id(&member), 300).expect("the hub answers");
    assert!(first.redeem(&member, &reward, false).is_ok());
    assert_eq!(second.refused(), "device_revoked");
    // What it had done is kept with its name on it.
    let inbox = business.hub.inbox().expect("it answers");
    let revoked = inbox.iter().find(|line| line.code == "revoked").expect("somebody is told");
    assert_eq!(revoked.args["till"], business.till("滨江 2").to_string());
    business.same_everywhere(&[&first]);
}

fn a_code_works_once_and_not_for_ever(engine: Engine) {
    let (business, first) = Business::with_desk(engine);
    let store = business.hub.stores().expect("it answers")[0].0;
    let code = business.code(Some(store));
    let input = business.input(&code, "一");
    let options = business.options();
    drop(join(&business.folder("one"), &input, PIN, &options).expect("it joins"));
    let again = join(&business.folder("two"), &input, PIN, &options);
    assert_eq!(Desk::code(again), "bad_code");
    assert!(!Till::exists(&business.folder("two")), "nothing half made is left");

    let late = business.code(Some(store));
    business.pass(16 * MINUTE);
    let again = join(&business.folder("three"), &business.input(&late, "三"), PIN, &options);
    assert_eq!(Desk::code(again), "bad_code");

    // Twelve letters are not to be tried out: five wrong ones, and the right one is worth nothing.
    let code = business.code(Some(store));
    let wrong = format!("{}-0000-0000-0000", &code[..4]);
    let tried = join(&business.folder("four"), &business.input(&wrong, "四"), PIN, &options);
    assert_eq!(Desk::code(tried), "wrong_hub", "the hub cannot prove a code it does not know");
    assert_eq!(
        Desk::code(first.line().pair(&first.owner(), &business.input(&code, "x"))),
        "already_paired"
    );
}

fn another_hub_at_the_same_address_is_noticed(engine: Engine) {
    let (mut business, first) = Business::with_desk(engine);
    let member = first.member("王堃", 1);
    first.earn(&member, "300.00");
    business.cut();
    let other = Business::new(engine);
    let mut impostor = other;
    impostor.move_to(&business);
    assert_eq!(first.refused(), "wrong_hub");
    assert_eq!(impostor.hub.figures().expect("it answers").entries, 1, "nothing was sent to it");
    impostor.cut();
    business.mend();
    first.sync();
}

fn a_hub_restored_from_an_older_backup_gets_everything_back(engine: Engine) {
    let (mut business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let member = first.member("王堃", 1);
    business.same_everywhere(&[&first, &second]);
    let older = business.snapshot_of_database();
    first.earn(&member, "300.00");
    second.earn(&member, "40.00");
    business.same_everywhere(&[&first, &second]);
    business.put_database_back(older);
    first.sync();
    second.sync();
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&member).0, 340);
    assert!(first.notices().contains(&"hub_restored".to_owned()), "{:?}", first.notices());
}

fn a_shop_that_was_restored_and_vouched_for_brings_all_of_it(engine: Engine) {
    let business = Business::new(engine);
    let (folder, options) = (business.folder("first"), business.options());
    let till = Till::create(&folder, &punchcard_tests::set_up(), &options).expect("a new shop");
    let mut first = Desk::of(folder, options, std::sync::Arc::new(till));
    let member = first.member("王堃", 1);
    first.earn(&member, "300.00");
    let backup = first.folder.join("backup.db");
    first.till().backup(&first.owner(), &backup).expect("a backup");
    first.close();
    drop(Till::restore(&first.folder, &backup, &first.options).expect("it can be restored"));
    first.reopen();
    first.till().vouch(&first.owner()).expect("the only till");
    let reward = first.reward("毛巾", 100);
    assert!(first.redeem(&member, &reward, false).is_ok());
    let code = business.code(None);
    first.line().pair(&first.owner(), &business.input(&code, "静安 1")).expect("it pairs");
    first.sync();
    let second = business.desk("滨江 2", None);
    business.same_everywhere(&[&first, &second]);
    assert_eq!(second.points(&member).0, 200);
    assert_eq!(first.points(&member), (200, 200, 0));
    assert_eq!(business.hub.figures().expect("it answers").inbox, 0);
}

fn a_manager_gives_an_earlier_life_up_and_the_desk_goes_on(engine: Engine) {
    let (business, mut first) = Business::with_desk(engine);
    let member = first.member("王堃", 1);
    let reward = first.reward("毛巾", 100);
    first.earn(&member, "300.00");
    first.sync();
    let backup = first.folder.join("backup.db");
    first.till().backup(&first.owner(), &backup).expect("a backup");
    assert!(first.redeem(&member, &reward, false).is_ok());
    first.close();
    drop(Till::restore(&first.folder, &backup, &first.options).expect("it can be restored"));
    first.reopen();
    first.sync();
    let draw = || first.line().draw(&first.owner(), id(&member), 100).expect("it answers").drawn;
    assert_eq!(draw(), 0);
    let inbox = business.hub.inbox().expect("it answers");
    let line = inbox.iter().find(|line| line.code == "second_life").expect("somebody is asked");
    business.hub.settle(&line.id, true).expect("a manager may");
    assert_eq!(draw(), 100);
    assert!(first.redeem(&member, &reward, false).is_ok(), "the desk goes on");
    business.same_everywhere(&[&first]);
}
