//! Tills as witnesses: whoever administers the hub's database changes what stands in its log, and sees to
//! it that all adds up. The next till that reads it says so, and takes nothing of it over.

use punchcard_hub::{
    Weak,
    store::{self, Datum, Session},
};
use punchcard_protocol::{Hash, Header, SetSum, StoreId, commit, hash_header};
use punchcard_tests::{
    PIN,
    business::{Business, Desk, Engine},
    id, on_both_engines,
};
use punchcard_till::sync::join;

on_both_engines!(
    an_entry_that_somebody_changed_is_noticed_by_the_next_till,
    without_a_witness_it_is_believed,
    an_entry_that_somebody_changed_is_noticed_where_stores_follow_their_own,
    an_entry_that_somebody_removed_is_noticed_by_the_next_till,
    an_end_that_somebody_cut_off_is_noticed_when_the_hub_starts,
    a_payload_or_a_private_part_that_somebody_changed_is_noticed,
    a_log_that_somebody_wrote_anew_is_noticed_by_whoever_saw_the_old_one,
    a_hub_that_was_restored_alarms_nobody,
    a_hub_of_an_older_version_is_gone_on_with,
);

/// Somebody at the hub's database.
fn behind_its_back(business: &Business, deed: impl FnOnce(&mut dyn Session)) {
    let store = store::open(&business.database).expect("it opens");
    let mut session = store.write().expect("a transaction");
    deed(&mut *session);
    session.commit().expect("it keeps");
}

/// Where the newest entry is that gives so many points.
fn earning(session: &mut dyn Session) -> i64 {
    let sql = "SELECT max(position) FROM log WHERE substr(header, 94, 2) = $1";
    let row = session.row(sql, &[vec![0, 50].into()]).expect("an answer").expect("a row");
    row[0].int().expect("somebody earned")
}

/// Sums of the log, of the channels and of the hub are what they would be, had the log always been this.
fn make_it_add_up(session: &mut dyn Session) {
    let rows = session
        .rows("SELECT position, hash, kept_back FROM log ORDER BY position", &[])
        .expect("an answer");
    let mut sum = SetSum::default();
    for row in &rows {
        if row[2].int().expect("a flag") == 0 {
            sum.add(row[1].hash().expect("a hash"));
        }
        let set = [sum.to_hash().into(), row[0].clone()];
        session.execute("UPDATE log SET sum = $1 WHERE position = $2", &set).expect("it writes");
    }
    let newest = rows.len() as u64;
    let set = [newest.into(), sum.to_hash().into()];
    session.execute("UPDATE hub SET position = $1, sum = $2", &set).expect("it writes");
    let sql = "SELECT f.channel, f.position, l.hash FROM feed f JOIN log l ON l.position = f.log
               ORDER BY f.channel, f.position";
    let (mut channel, mut sum) = (String::new(), SetSum::default());
    for row in session.rows(sql, &[]).expect("an answer") {
        let name = row[0].text().expect("a channel");
        if name != channel {
            (channel, sum) = (name.to_owned(), SetSum::default());
        }
        sum.add(row[2].hash().expect("a hash"));
        let set = [sum.to_hash().into(), row[0].clone(), row[1].clone()];
        let sql = "UPDATE feed SET sum = $1 WHERE channel = $2 AND position = $3";
        session.execute(sql, &set).expect("it writes");
    }
}

/// Makes an entry one that gives three times the points, and all else such that it adds up.
fn make_richer(session: &mut dyn Session, position: i64) {
    let sql = "SELECT header, salt, payload, stream, seq FROM log WHERE position = $1";
    let row = session.row(sql, &[position.into()]).expect("an answer").expect("it is there");
    let text = String::from_utf8(row[2].bytes().expect("bytes").to_vec()).expect("JSON");
    let payload = text.replace("\"amount\":300", "\"amount\":900");
    assert_ne!(text, payload, "it gives 300 points");
    let mut header = row[0].bytes().expect("bytes").to_vec();
    let salt: [u8; 16] = row[1].exactly().expect("a salt");
    header[100..].copy_from_slice(&commit(&salt, payload.as_bytes()).0);
    assert!(Header::from_bytes(&header).is_ok());
    let hash: Datum = hash_header(&header).into();
    let set = [header.into(), payload.into_bytes().into(), hash.clone(), position.into()];
    let sql = "UPDATE log SET header = $1, payload = $2, hash = $3 WHERE position = $4";
    session.execute(sql, &set).expect("it writes");
    let sql = "UPDATE stream SET hash = $1 WHERE stream = $2 AND seq = $3";
    session.execute(sql, &[hash, row[3].clone(), row[4].clone()]).expect("it writes");
    make_it_add_up(session);
}

/// A hub where `first` earned 300 for somebody, and `second` has not heard of it yet.
fn unheard(engine: Engine) -> (Business, Desk, Desk, String) {
    let (business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let member = first.member("王堃", 1);
    business.same_everywhere(&[&first, &second]);
    first.earn(&member, "300.00");
    first.sync();
    (business, first, second, member)
}

fn alarmed(desk: &Desk) -> bool {
    desk.notices().contains(&"log_changed".to_owned())
}

fn problems(business: &Business) -> Vec<String> {
    business.hub.verify().expect("the database answers").problems
}

fn an_entry_that_somebody_changed_is_noticed_by_the_next_till(engine: Engine) {
    let (business, first, second, member) = unheard(engine);
    let mut position = 0;
    behind_its_back(&business, |session| {
        position = earning(session);
        make_richer(session, position);
    });
    assert_eq!(second.refused(), "log_changed");
    assert!(alarmed(&second), "{:?}", second.notices());
    assert_eq!(second.points(&member).0, 0, "nothing of it was taken over");
    // Nor by a desk that joins now, and the desk that is there goes on and hands over what it does.
    let store = business.hub.add_store("临平 3", "Asia/Shanghai").expect("a new branch");
    let (folder, code) = (business.folder("late"), business.code(Some(store)));
    let late = join(&folder, &business.input(&code, "临平 3"), PIN, &business.options());
    assert_eq!(Desk::code(late), "log_changed");
    second.member("李雷", 2);
    assert_eq!(second.refused(), "log_changed");
    assert_eq!(second.line().view().unsynced, 0, "what it did is at the hub all the same");
    let named = format!("the entry at {position} was changed after it came");
    assert!(problems(&business).contains(&named), "{:?}", problems(&business));
    assert_eq!(first.points(&member).0, 300);
}

/// The defence taken away: sums and digests of headers alone are easily made to fit.
fn without_a_witness_it_is_believed(engine: Engine) {
    let (business, _first, mut second, member) = unheard(engine);
    second.options.weak.no_witness = true;
    second.reopen();
    behind_its_back(&business, |session| {
        let position = earning(session);
        make_richer(session, position);
    });
    second.sync();
    assert!(!alarmed(&second));
    assert_eq!(second.points(&member).0, 900, "three times what was given");
}

fn an_entry_that_somebody_changed_is_noticed_where_stores_follow_their_own(engine: Engine) {
    let (business, first) = Business::with_desk(engine);
    business.hub.set_follow("own").expect("it is a choice");
    let store: StoreId = id(&first.till().pass_form().expect("one store").stores[0].id);
    let second = business.desk("静安 2", Some(store));
    let elsewhere = business.desk("滨江 3", None);
    let member = first.member("王堃", 1);
    for desk in [&first, &second, &elsewhere, &first, &second] {
        desk.sync();
    }
    first.earn(&member, "300.00");
    first.sync();
    behind_its_back(&business, |session| {
        let position = earning(session);
        make_richer(session, position);
    });
    assert_eq!(second.refused(), "log_changed", "the hub itself sees that it is not what came");
    assert!(alarmed(&second));
    assert_eq!(second.points(&member).0, 0);
    elsewhere.sync();
    assert!(!alarmed(&elsewhere), "whoever does not read it cannot know");
}

fn an_entry_that_somebody_removed_is_noticed_by_the_next_till(engine: Engine) {
    let (business, first, second, member) = unheard(engine);
    first.member("李雷", 2);
    first.sync();
    behind_its_back(&business, |session| {
        let position = earning(session);
        let newest: i64 =
            session.row("SELECT position FROM hub", &[]).expect("an answer").expect("a row")[0]
                .int()
                .expect("a number");
        for table in ["private_part", "log"] {
            let sql = format!("DELETE FROM {table} WHERE position = $1");
            session.execute(&sql, &[position.into()]).expect("it writes");
            for later in position + 1..=newest {
                let sql = format!("UPDATE {table} SET position = position - 1 WHERE position = $1");
                session.execute(&sql, &[later.into()]).expect("it writes");
            }
        }
        make_it_add_up(session);
    });
    assert_eq!(second.refused(), "log_changed");
    assert!(alarmed(&second), "{:?}", second.notices());
    assert_eq!(second.points(&member).0, 0);
    assert!(!problems(&business).is_empty());
}

/// What stood at the end is gone, and the hub is started again: its tree says that there was more, and
/// the tills give it back.
fn an_end_that_somebody_cut_off_is_noticed_when_the_hub_starts(engine: Engine) {
    let (mut business, first, second, member) = unheard(engine);
    let epoch = business.epoch();
    behind_its_back(&business, |session| {
        let position = earning(session);
        for table in ["private_part", "log"] {
            let sql = format!("DELETE FROM {table} WHERE position >= $1");
            session.execute(&sql, &[position.into()]).expect("it writes");
        }
        let sql =
            "UPDATE stream SET seq = (SELECT max(seq) FROM log l WHERE l.stream = stream.stream),
                     hash = (SELECT hash FROM log l WHERE l.stream = stream.stream
                             ORDER BY seq DESC LIMIT 1)";
        session.execute(sql, &[]).expect("it writes");
        make_it_add_up(session);
    });
    if let Some(path) = business.database.strip_prefix("sqlite:") {
        let _ = std::fs::remove_file(format!("{path}-seen"));
    }
    business.restart_hub();
    assert!(business.epoch() > epoch, "it is not what it was");
    first.sync();
    second.sync();
    assert!(first.notices().contains(&"hub_restored".to_owned()), "{:?}", first.notices());
    assert_eq!(first.points(&member).0, 300);
}

/// What the header only names: the payload of an entry, or the private part beside it.
fn a_payload_or_a_private_part_that_somebody_changed_is_noticed(engine: Engine) {
    let (business, first, second, member) = unheard(engine);
    let mut kept = Vec::new();
    behind_its_back(&business, |session| {
        let position = earning(session);
        let sql = "SELECT payload FROM log WHERE position = $1";
        let row = session.row(sql, &[position.into()]).expect("an answer").expect("it is there");
        kept = row[0].bytes().expect("bytes").to_vec();
        let text = String::from_utf8(kept.clone()).expect("JSON");
        let other = text.replace("\"amount\":300", "\"amount\":900").into_bytes();
        let sql = "UPDATE log SET payload = $1 WHERE position = $2";
        session.execute(sql, &[other.into(), position.into()]).expect("it writes");
    });
    assert_eq!(second.refused(), "log_changed");
    assert_eq!(second.points(&member).0, 0);
    behind_its_back(&business, |session| {
        let position = earning(session);
        let sql = "UPDATE log SET payload = $1 WHERE position = $2";
        session.execute(sql, &[kept.into(), position.into()]).expect("it writes");
    });
    second.sync();
    assert_eq!(second.points(&member).0, 300, "once it is what it was, it is taken over");
    let other = first.member("李雷", 2);
    first.sync();
    behind_its_back(&business, |session| {
        let sql = "UPDATE private_part SET bytes = $1
                   WHERE position = (SELECT max(position) FROM private_part)";
        let bytes = "{\"name\":\"Mallory\",\"phone\":\"+8613800000009\"}".as_bytes();
        session.execute(sql, &[bytes.into()]).expect("it writes");
    });
    assert_eq!(second.refused(), "log_changed");
    let found = second.till().member(&second.owner(), id(&other));
    assert!(found.is_err(), "nobody of another name was taken over");
}

/// Everything fits, the tree too: only whoever was told of the old log can know. Its greeting shows the
/// hub that this is not the log it had; what every till then reads from the start is not what it holds.
fn a_log_that_somebody_wrote_anew_is_noticed_by_whoever_saw_the_old_one(engine: Engine) {
    let (mut business, first, second, member) = unheard(engine);
    second.sync();
    let epoch = business.epoch();
    business.cut();
    behind_its_back(&business, |session| {
        let position = earning(session);
        make_richer(session, position);
        session.execute("DELETE FROM tree", &[]).expect("it writes");
    });
    business.weaken(Weak { restored_unseen: true, ..Weak::default() });
    assert!(problems(&business).is_empty(), "{:?}", problems(&business));
    // A hub that does not want to know is not believed.
    assert_eq!(second.refused(), "log_changed");
    assert!(alarmed(&second) && second.points(&member).0 == 300);
    assert_eq!(business.epoch(), epoch);
    business.weaken(Weak::default());
    assert_eq!(second.refused(), "log_changed", "it holds another entry at that place");
    assert_eq!(second.points(&member).0, 300);
    assert!(business.epoch() > epoch, "and the hub knows that its log is not what it was");
    // To whoever wrote it, it is another history of theirs.
    first.sync();
    assert!(first.notices().contains(&"forked".to_owned()), "{:?}", first.notices());
}

fn a_hub_that_was_restored_alarms_nobody(engine: Engine) {
    let (mut business, first, second, member) = unheard(engine);
    let copied = business.snapshot_of_database();
    first.earn(&member, "40.00");
    second.sync();
    first.sync();
    second.sync();
    first.sync();
    business.put_database_back(copied);
    second.member("李雷", 2);
    business.same_everywhere(&[&second, &first]);
    // It goes on for a while before somebody comes who has seen more.
    let copied = business.snapshot_of_database();
    first.earn(&member, "5.00");
    first.sync();
    first.sync();
    business.roll_back_whole(copied);
    for n in 3..9 {
        second.member("韩梅梅", n);
        second.sync();
    }
    business.same_everywhere(&[&second, &first]);
    for desk in [&first, &second] {
        assert!(desk.notices().contains(&"hub_restored".to_owned()));
        assert!(!alarmed(desk), "{:?}", desk.notices());
        assert_eq!(desk.points(&member).0, 345);
    }
}

/// An older program knows nothing of the tree: it wrote the whole log, or some of it, beside a newer one.
fn a_hub_of_an_older_version_is_gone_on_with(engine: Engine) {
    let (mut business, first, second, member) = unheard(engine);
    behind_its_back(&business, |session| {
        session.execute("DELETE FROM tree", &[]).expect("it writes");
    });
    first.earn(&member, "5.00");
    business.same_everywhere(&[&first, &second]);
    let root = |business: &Business| -> Hash {
        let store = store::open(&business.database).expect("it opens");
        let mut session = store.read().expect("a transaction");
        let size = store::tree::length(&mut *session).expect("an answer");
        store::tree::edge(&mut *session, size).expect("whole").root()
    };
    let before = root(&business);
    behind_its_back(&business, |session| {
        session
            .execute("DELETE FROM tree WHERE key >= $1", &[vec![0, 0, 0, 0, 0, 0, 0, 0, 1].into()])
            .expect("it writes");
    });
    business.restart_hub();
    assert_eq!(root(&business), before);
    second.earn(&member, "7.00");
    business.same_everywhere(&[&first, &second]);
    assert!(!alarmed(&first) && !alarmed(&second));
    assert_eq!(first.points(&member).0, 312);
}
