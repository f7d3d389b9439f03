//! A person is erased: at one desk, heard of at the others, whatever they had in hand; and afterwards
//! nothing of theirs is found anywhere, while everybody's books are as they were.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::Path,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use punchcard_domain::{
    custom::{CustomField, FieldKind},
    fact::about,
    member::Contact,
    terms::{Length, Terms},
};
use punchcard_hub::{
    Weak as WeakHub,
    backup::{Passphrase, Verified},
};
use punchcard_protocol::{Hash, MemberId, PrivatePart, sync::Packet};
use punchcard_tests::{
    DAY, MINUTE,
    business::{Business, Desk, Engine, restored_into},
    cluster::Cluster,
    id, on_both_engines,
    scan::{self, Found, Marks},
};
use punchcard_till::{
    BackupPlan, CardChange, CheckInHow, PassChange, PassTypeInput, Till, Weak as WeakTill, Who,
    views::{DetailsInput, MemberInput},
};

use crate::scribe::{Scribe, fresh};

on_both_engines!(
    erased_at_one_desk_is_erased_everywhere,
    two_files_of_one_person_go_together,
    nothing_of_them_is_found_anywhere,
    copies_hold_nothing_either,
    where_the_hub_keeps_what_comes_late_it_is_found,
    who_erases_many_at_once_takes_no_backup_along,
    what_nobody_understood_goes_too,
);

const NAME: &str = "仝妗旎";
const PINYIN: &str = "tongjinni";
const PHONE: &str = "13977700427";
const CARD: &str = "K7QX99312";
const SECOND_CARD: &str = "K7QX99313";
const EMAIL: &str = "qvxzwj@erasure.example";
const NOTE: &str = "膝伤别让跳qzjx";
const TAG: &str = "tagqzvv81";
const CONTACT: &str = "wqzzyx姑姑";
const CONTACT_PHONE: &str = "13977700999";
const LOCKER: &str = "lockerzq8133";
const LET_IN: &str = "忘带卡qkkzxletin";
const ADJUSTED: &str = "补积分wvvqadj";
const EXTENDED: &str = "出差xttqext";
const TOPPED_UP: &str = "现金充值bqzztop";
const GUEST: &str = "客人gzzqkguest";
/// What the second desk wrote while it was offline.
const NEW_NAME: &str = "Plmnrtq Vxzwjkq";
const NEW_PHONE: &str = "13977700555";
const NEW_NOTE: &str = "改名了znnqz";

/// An image that cannot be compressed, and pieces of it.
fn photo(seed: u32) -> (Vec<u8>, Vec<Vec<u8>>) {
    let mut bytes = vec![0xFF, 0xD8, 0xFF];
    let mut state = seed;
    while bytes.len() < 20_000 {
        // Xorshift: the same image each time.
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    let pieces = (1..9).map(|n| bytes[n * 2100..n * 2100 + 16].to_vec()).collect();
    (bytes, pieces)
}

/// Everything that is personal of whoever is erased here.
fn marks() -> Marks {
    let mut marks = Marks::default();
    for (what, text) in [
        ("name", NAME),
        ("pinyin", PINYIN),
        ("phone", PHONE),
        ("card", CARD),
        ("second card", SECOND_CARD),
        ("e-mail", EMAIL),
        ("note", NOTE),
        ("tag", TAG),
        ("contact", CONTACT),
        ("contact's phone", CONTACT_PHONE),
        ("own field", LOCKER),
        ("reason to let in", LET_IN),
        ("reason for points", ADJUSTED),
        ("reason to extend", EXTENDED),
        ("guest", GUEST),
        ("reason to load", TOPPED_UP),
        ("new name", NEW_NAME),
        ("new phone", NEW_PHONE),
        ("new note", NEW_NOTE),
    ] {
        marks.text(what, text);
    }
    for (what, seed) in [("photo", 7), ("new photo", 9)] {
        for piece in photo(seed).1 {
            marks.bytes(what, hex::encode(&piece).into_bytes());
            marks.bytes(what, piece);
        }
    }
    marks
}

/// Somebody of whom a desk knows all there can be known, and who did all that can be done.
fn somebody(desk: &Desk) -> String {
    let (till, owner) = (desk.till(), desk.owner());
    let field = CustomField {
        key: "locker".into(),
        name: "柜".into(),
        kind: FieldKind::Text,
        retired: false,
    };
    till.save_custom_fields(&owner, vec![field]).expect("the owner may");
    let relative = desk.member("关家长", 77);
    let input = MemberInput {
        name: NAME.into(),
        phone: PHONE.into(),
        email: EMAIL.into(),
        birthday: "1987-03-09".into(),
        gender: "female".into(),
        note: NOTE.into(),
        tags: vec![TAG.into()],
        cards: vec![CARD.into()],
        details: Some(DetailsInput {
            contact: Some(Contact { name: CONTACT.into(), phone: CONTACT_PHONE.into() }),
            waiver: Some(1),
            waiver_by: None,
            guardian: Some(relative.clone()),
            family_of: Some(relative.clone()),
            consent: None,
            referred_by: Some(relative),
            custom: Some(BTreeMap::from([("locker".into(), LOCKER.into())])),
        }),
        ..MemberInput::default()
    };
    let member = till.register_member(&owner, input).expect("somebody new").brief.id;
    till.set_photo(&owner, id(&member), photo(7).0).expect("an image");
    let kind = |name: &str, visits, days| {
        let terms = Terms { guests: 3, ..Terms::default() };
        let length = None::<Length>;
        let input = PassTypeInput {
            id: None,
            name: name.into(),
            days,
            visits,
            price_minor: 100,
            active: true,
            terms: Some(Terms { length, ..terms }),
        };
        let all = till.save_pass_type(&owner, input).expect("a kind of pass");
        all.into_iter().find(|kind| kind.name == name).expect("just set").id
    };
    let (ten, year) = (kind("十次卡", Some(10), None), kind("年卡", None, Some(365)));
    till.give_pass(&owner, id(&member), id(&ten)).expect("the owner may");
    till.give_pass(&owner, id(&member), id(&year)).expect("the owner may");
    let pass = till.member(&owner, id(&member)).expect("there").passes[0].id.clone();
    let extend = PassChange::Extend { days: 3, because: EXTENDED.into() };
    till.change_pass(&owner, id(&member), id(&pass), extend).ok();
    desk.earn(&member, "500.00");
    till.adjust_points(&owner, id(&member), 30, ADJUSTED).expect("the owner may");
    till.top_up(&owner, id(&member), "88.00", TOPPED_UP).expect("the owner may");
    for how in [CheckInHow::Scan, CheckInHow::LetIn(LET_IN.into()), CheckInHow::Guest(GUEST.into())]
    {
        till.check_in(&owner, Who::Card(CARD.into()), how, None).expect("a verdict");
    }
    let replaced = CardChange::ReplacedBy(SECOND_CARD.into());
    till.change_card(&owner, id(&member), CARD, replaced).expect("the owner may");
    member
}

/// What a desk wrote of somebody while nobody heard of it.
fn changed_offline(desk: &Desk, member: &str) {
    let (till, owner) = (desk.till(), desk.owner());
    let view = till.member(&owner, id(member)).expect("known here");
    let input = MemberInput {
        name: NEW_NAME.into(),
        phone: NEW_PHONE.into(),
        note: NEW_NOTE.into(),
        cards: view.cards,
        ..MemberInput::default()
    };
    till.change_member(&owner, id(member), input).expect("the owner may");
    till.set_photo(&owner, id(member), photo(9).0).expect("an image");
    till.check_in(&owner, Who::Card(SECOND_CARD.into()), CheckInHow::Scan, None)
        .expect("a verdict");
    desk.earn(member, "40.00");
}

/// Private parts that a desk holds about somebody.
fn parts(desk: &Desk, member: &str) -> usize {
    let member: MemberId = id(member);
    let all = desk.till().parcels().expect("it can be read");
    let theirs = |payload: &[u8]| about(payload) == Some(member);
    all.iter().filter(|one| one.private.is_some() && theirs(&one.entry.payload)).count()
}

/// Nobody finds them, whatever they go by.
fn nobody_is_found(desk: &Desk, member: &str) {
    let (till, owner) = (desk.till(), desk.owner());
    for query in [NAME, PINYIN, "0427", "0555", CARD, SECOND_CARD, NEW_NAME, "plmnrtq"] {
        let found = till.find(&owner, query, 10).expect("it can be read");
        assert!(found.is_empty(), "{query} finds {found:?}");
    }
    assert_eq!(Desk::code(till.member(&owner, id(member))), "erased");
    assert_eq!(Desk::code(till.adjust_points(&owner, id(member), 5, "?")), "erased");
    let scanned = till.check_in(&owner, Who::Card(CARD.into()), CheckInHow::Scan, None);
    let view = scanned.expect("a verdict");
    assert!(view.unknown_card.is_some() && view.member.is_none(), "{view:?}");
}

fn erased_at_one_desk_is_erased_everywhere(engine: Engine) {
    let (business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let member = somebody(&first);
    let other = first.member("贺长青", 31);
    business.same_everywhere(&[&first, &second]);
    // Some of what they have rests in the pool, and some lies with the other desk.
    business.pass(DAY + MINUTE);
    business.same_everywhere(&[&first, &second]);
    second.line().draw(&second.owner(), id(&member), 20).expect("the hub answers");
    let began = business.desk("临平 3", None);
    business.same_everywhere(&[&first, &second, &began]);
    assert!(second.points(&member).1 > 0 && parts(&second, &member) > 5);

    changed_offline(&second, &member);
    assert_eq!(
        Desk::code(first.till().erase_member(&first.owner(), id(&member), false)),
        "value_on_file"
    );
    first.till().erase_member(&first.owner(), id(&member), true).expect("the owner may");
    nobody_is_found(&first, &member);
    assert_eq!(parts(&first, &member), 0);
    let again = first.till().erase_member(&first.owner(), id(&member), true);
    assert_eq!(Desk::code(again), "erased");

    // The desk that had something in hand hears of it after it has pushed, and before.
    business.same_everywhere(&[&first, &second, &began]);
    let late = business.desk("萧山 4", None);
    business.same_everywhere(&[&first, &second, &began, &late]);
    for desk in [&first, &second, &began, &late] {
        nobody_is_found(desk, &member);
        assert_eq!(parts(desk, &member), 0, "{}", desk.folder.display());
        assert_eq!(desk.till().find(&desk.owner(), "贺长青", 5).expect("read").len(), 1);
        assert_eq!(desk.till().expire_due().expect("it can be written"), 0, "nothing is left");
    }
    assert_eq!(business.hub.expire_due().expect("it answers"), 0, "nothing is left");
    let told: Vec<String> =
        business.hub.inbox().expect("it answers").into_iter().map(|line| line.code).collect();
    assert!(told.contains(&"member_erased".to_owned()), "{told:?}");
    assert!(told.contains(&"erased_parts".to_owned()), "{told:?}");
    let (before, after) = first.till().rebuild().expect("rebuilt");
    assert_eq!(before, after);
    // Everybody else goes on.
    first.earn(&other, "10.00");
    business.same_everywhere(&[&first, &second, &began, &late]);
}

/// Merged at one desk, erased at another that did not know of it: both files go, whichever is heard of
/// first.
fn two_files_of_one_person_go_together(engine: Engine) {
    let (business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let (one, two) = (first.member("邬一", 1), first.member("邬二", 2));
    let (three, four) = (first.member("邬三", 3), first.member("邬四", 4));
    first.earn(&two, "50.00");
    business.same_everywhere(&[&first, &second]);
    let merged = first.till().merge_members(&first.owner(), id(&one), id(&two));
    merged.expect("the owner may");
    second.till().erase_member(&second.owner(), id(&one), false).expect("nothing on file");
    // And known at the desk where it is erased.
    let merged = second.till().merge_members(&second.owner(), id(&three), id(&four));
    merged.expect("the owner may");
    second.till().erase_member(&second.owner(), id(&four), false).expect("nothing on file");
    business.same_everywhere(&[&first, &second]);
    for desk in [&first, &second] {
        for member in [&one, &two, &three, &four] {
            assert_eq!(parts(desk, member), 0, "{}", desk.folder.display());
            assert_eq!(Desk::code(desk.till().member(&desk.owner(), id(member))), "erased");
        }
        assert!(desk.till().find(&desk.owner(), "邬", 5).expect("read").is_empty());
    }
    assert_eq!(business.hub.expire_due().expect("it answers"), 0, "nothing is left");
}

// ── Bytes ─────────────────────────────────────────────────────────────────────────────────────

/// What everything in this process logs.
fn log() -> &'static Arc<Mutex<Vec<u8>>> {
    static LOG: OnceLock<Arc<Mutex<Vec<u8>>>> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = Arc::new(Mutex::new(Vec::new()));
        let into = log.clone();
        tracing_subscriber::fmt()
            .with_env_filter("punchcard_till=trace,punchcard_hub=trace,punchcard_domain=trace")
            .with_writer(move || Into(into.clone()))
            .init();
        log
    })
}

struct Into(Arc<Mutex<Vec<u8>>>);

impl Write for Into {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A hub on an engine of this story's own, so that all of its files can be looked into.
struct Ground {
    business: Business,
    cluster: Option<Cluster>,
}

impl Ground {
    fn new(engine: Engine) -> (Self, Desk) {
        let cluster = (engine == Engine::Postgres).then(Cluster::start);
        let (business, first) = match &cluster {
            Some(cluster) => Business::with_desk_in(cluster.fresh_database()),
            None => Business::with_desk(engine),
        };
        (Self { business, cluster }, first)
    }

    /// What lies in the hub's files.
    fn at_the_hub(&self, marks: &Marks) -> Found {
        if let Some(cluster) = &self.cluster {
            return scan::folder(cluster.folder(), None, marks);
        }
        let path = self.business.database.trim_start_matches("sqlite:");
        let mut found = Found::new();
        for ending in ["", "-wal", "-seen"] {
            let here = scan::file(Path::new(&format!("{path}{ending}")), None, marks);
            if !here.is_empty() {
                found.insert(format!("hub{ending}"), here);
            }
        }
        found
    }

    /// The night comes: what was erased is cleared, at the hub and at the desks.
    fn night(&self, desks: &[&Desk]) {
        assert!(self.business.hub.scrub().expect("nobody reads"), "it was due");
        assert!(!self.business.hub.scrub().expect("it answers"), "once");
        if let Some(cluster) = &self.cluster {
            cluster.forget_log();
        }
        for desk in desks {
            assert!(desk.till().scrub().expect("room"), "{}", desk.folder.display());
            assert!(!desk.till().scrub().expect("room"), "once");
        }
    }
}

/// What lies in a desk's files, and in a folder of its backups.
fn at_a_desk(desk: &Desk, marks: &Marks) -> Found {
    scan::folder(&desk.folder, Some(scan::key_of(&desk.folder)), marks)
}

fn named(found: &Found) -> Vec<&str> {
    let mut all: Vec<&str> = found.values().flatten().map(String::as_str).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Somebody else, of whom nothing is erased: where they are not found, nobody was looked for.
fn others() -> Marks {
    let mut marks = Marks::default();
    marks.text("somebody else", "向晚晴的朋友xwq");
    marks
}

fn many_others(desk: &Desk) {
    for n in 0..120 {
        let member = desk.member(&format!("路人{n}"), 1000 + n);
        if n % 3 == 0 {
            desk.earn(&member, "3.00");
        }
    }
    desk.member("向晚晴的朋友xwq", 999);
}

/// Byte by byte, in free space, logs and old pages too.
fn nothing_of_them_is_found_anywhere(engine: Engine) {
    let log = log();
    let (ground, first) = Ground::new(engine);
    let business = &ground.business;
    let second = business.desk("滨江 2", None);
    let gone = business.desk("旧店", None);
    let member = somebody(&first);
    let phone = first.till().set_up_phone(&first.owner(), id(&member)).expect("the owner may");
    many_others(&first);
    business.same_everywhere(&[&first, &second, &gone]);
    let began = business.desk("临平 3", None);
    business.same_everywhere(&[&first, &second, &gone, &began]);
    // What a desk sends that no longer belongs is kept aside.
    changed_offline(&gone, &member);
    business.hub.revoke(gone.stream().till).expect("it is known");
    assert_eq!(gone.refused(), "device_revoked");
    changed_offline(&second, &member);
    if let Some(cluster) = &ground.cluster {
        let url = &business.database;
        let mut client = ::postgres::Client::connect(url, ::postgres::NoTls).expect("it answers");
        client.batch_execute("ANALYZE").expect("it may");
        drop(client);
        cluster.admin().batch_execute("CHECKPOINT").expect("it may");
    }

    // All of it is there, so that it could be found.
    let (mut marks, others) = (marks(), others());
    marks.text("phone code", &phone.secret);
    let mut there = at_a_desk(&first, &marks);
    there.append(&mut at_a_desk(&second, &marks));
    assert_eq!(named(&there), marks.names(), "{there:?}");
    let there = ground.at_the_hub(&marks);
    let all = marks.names().into_iter().filter(|what| *what != "pinyin").collect::<Vec<_>>();
    assert_eq!(named(&there), all, "a hub knows no pinyin: {there:?}");

    first.till().erase_member(&first.owner(), id(&member), true).expect("the owner may");
    assert_eq!(at_a_desk(&first, &marks), Found::new(), "at once, where it was done");
    business.same_everywhere(&[&first, &second, &began]);
    assert_ne!(ground.at_the_hub(&marks), Found::new(), "until the night, in free space and logs");
    ground.night(&[&first, &second, &began]);
    for desk in [&first, &second, &began] {
        assert_eq!(at_a_desk(desk, &marks), Found::new());
        assert_eq!(named(&at_a_desk(desk, &others)), others.names());
    }
    assert_eq!(ground.at_the_hub(&marks), Found::new());
    assert_eq!(named(&ground.at_the_hub(&others)), others.names());
    let late = business.desk("萧山 4", None);
    business.same_everywhere(&[&first, &second, &began, &late]);
    assert_eq!(at_a_desk(&late, &marks), Found::new());
    let logged = log.lock().unwrap_or_else(PoisonError::into_inner).clone();
    assert!(logged.len() > 500, "it is listened to");
    assert_eq!(marks.found_in(&logged), Vec::<&str>::new(), "in the logs");
}

fn passphrase() -> Passphrase {
    Passphrase::new("vier gute alte Worte").expect("long enough")
}

/// What backups of a hub hold, in a database of its own.
fn in_backups(folder: &Path, marks: &Marks) -> Vec<String> {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("looked-at.db");
    let backups = Verified::read(folder, None, &passphrase()).expect("whole");
    restored_into(&format!("sqlite:{}", path.display()), &backups).expect("it is empty");
    let log = scan::file(&dir.path().join("looked-at.db-wal"), None, marks);
    [scan::file(&path, None, marks), log].concat()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("room");
    for path in scan::files(from) {
        fs::copy(&path, to.join(path.file_name().expect("a name"))).expect("room");
    }
}

fn backups_in(folder: &Path) -> usize {
    let all = scan::files(folder);
    all.iter().filter(|path| path.extension().is_some_and(|end| end == "punchcard")).count()
}

/// Backups are made anew, and an older one that somebody kept elsewhere brings nothing back.
fn copies_hold_nothing_either(engine: Engine) {
    let (mut ground, mut first) = Ground::new(engine);
    let mut second = ground.business.desk("滨江 2", None);
    let member = somebody(&first);
    first.member("向晚晴的朋友xwq", 999);
    ground.business.same_everywhere(&[&first, &second]);
    changed_offline(&first, &member);
    ground.business.same_everywhere(&[&first, &second]);
    let (marks, others) = (marks(), others());

    let dir = tempfile::tempdir().expect("a temporary folder");
    let at = |name: &str| dir.path().join(name);
    let plan = BackupPlan { folder: at("daily"), keep: 5 };
    first.till().set_backup_plan(&first.owner(), Some(plan)).expect("room");
    for day in 0..3 {
        first.till().backup_if_due().expect("room").expect("due");
        first.till().backup_here(&first.owner()).expect("room");
        let done = ground.business.hub.backup(&at("hub"), &passphrase(), false, Some(5));
        assert_eq!(done.expect("room").full, day == 0);
        ground.business.pass(DAY);
        first.earn(&member, "1.00");
        ground.business.same_everywhere(&[&first, &second]);
    }
    first.till().backup(&first.owner(), &at("first.punchcard")).expect("room");
    second.till().backup(&second.owner(), &at("second.punchcard")).expect("room");
    copy(&at("hub"), &at("hub-elsewhere"));
    assert_eq!((backups_in(&at("daily")), backups_in(&at("hub"))), (3, 3));
    let key = scan::key_of(&first.folder);
    assert!(named(&scan::folder(&at("daily"), Some(key), &marks)).len() > 10);
    assert!(in_backups(&at("hub"), &marks).len() > 10);

    first.till().erase_member(&first.owner(), id(&member), true).expect("the owner may");
    ground.business.same_everywhere(&[&first, &second]);
    ground.night(&[&first, &second]);
    let done = ground.business.hub.backup(&at("hub"), &passphrase(), false, Some(5)).expect("room");
    assert!(done.full && done.removed.len() == 3, "{done:?}");
    let whole = first.till().digest().expect("a digest");
    for place in [at("daily"), first.folder.clone()] {
        assert_eq!(scan::folder(&place, Some(key), &marks), Found::new());
        assert_eq!(backups_in(&place), 1, "a new one in the place of the older ones");
        assert_eq!(named(&scan::folder(&place, Some(key), &others)), others.names());
    }
    assert_eq!(in_backups(&at("hub"), &marks), Vec::<String>::new());
    ground.business.pass(DAY);
    let done = ground.business.hub.backup(&at("hub"), &passphrase(), false, Some(5)).expect("room");
    assert!(!done.full && done.removed.is_empty(), "and it goes on from there: {done:?}");

    // A desk is put back from what somebody kept: who was erased is known beside the store, and is gone
    // again before any hub is reached.
    first.close();
    drop(Till::restore(&first.folder, &at("first.punchcard"), &first.options).expect("a backup"));
    first.reopen();
    nobody_is_found(&first, &member);
    first.till().scrub().expect("room");
    assert_eq!(at_a_desk(&first, &marks), Found::new());
    // Where that list is lost too, the hub knows.
    second.close();
    fs::remove_file(second.folder.join("erased")).expect("it was there");
    drop(
        Till::restore(&second.folder, &at("second.punchcard"), &second.options).expect("a backup"),
    );
    second.reopen();
    assert!(named(&at_a_desk(&second, &marks)).len() > 10, "the list is what keeps them away");
    ground.business.same_everywhere(&[&first, &second]);
    nobody_is_found(&second, &member);
    second.till().scrub().expect("room");
    assert_eq!(at_a_desk(&second, &marks), Found::new());

    // The hub is put back from what somebody kept, in which nobody was erased: the desks know.
    let older = Verified::read(&at("hub-elsewhere"), None, &passphrase()).expect("whole");
    ground.business.cut();
    ground.business.database = match &ground.cluster {
        Some(cluster) => cluster.fresh_database(),
        None => format!("sqlite:{}", at("put-back.db").display()),
    };
    restored_into(&ground.business.database, &older).expect("it is empty");
    ground.business.restart_hub();
    assert!(named(&ground.at_the_hub(&marks)).len() > 10, "they are back");
    ground.business.same_everywhere(&[&first, &second]);
    assert!(ground.business.hub.scrub().expect("nobody reads"), "it was due");
    if let Some(cluster) = &ground.cluster {
        cluster.forget_log();
    }
    assert_eq!(ground.at_the_hub(&marks), Found::new());
    assert_ne!(first.till().digest().expect("a digest"), whole, "a life and an erasure more");
}

/// Without clearing what is deleted, it stays in free space.
#[test]
fn where_deleted_bytes_stay_they_are_found() {
    let (_business, mut first) = Business::with_desk(Engine::Sqlite);
    let member = somebody(&first);
    first.options.weak = WeakTill { deleted_stays: true, ..WeakTill::default() };
    first.reopen();
    first.till().erase_member(&first.owner(), id(&member), true).expect("the owner may");
    assert!(named(&at_a_desk(&first, &marks())).len() > 10);
    first.till().scrub().expect("room");
    assert_eq!(at_a_desk(&first, &marks()), Found::new(), "written anew, none of them is left");
}

/// Without dropping what comes late, the hub has it, and a desk that reads everything anew.
fn where_the_hub_keeps_what_comes_late_it_is_found(engine: Engine) {
    let (mut ground, first) = Ground::new(engine);
    let weak = WeakHub { erased_parts_kept: true, ..WeakHub::default() };
    ground.business.weaken(weak);
    let second = ground.business.desk("滨江 2", None);
    let member = somebody(&first);
    ground.business.same_everywhere(&[&first, &second]);
    changed_offline(&second, &member);
    first.till().erase_member(&first.owner(), id(&member), true).expect("the owner may");
    ground.business.same_everywhere(&[&first, &second]);
    ground.night(&[&first, &second]);
    let found = ground.at_the_hub(&marks());
    assert_eq!(named(&found), ["new name", "new note", "new phone", "new photo"], "{found:?}");
}

/// A machine in wrong hands could erase everybody: what was backed up before stays.
fn who_erases_many_at_once_takes_no_backup_along(engine: Engine) {
    let (business, first) = Business::with_desk(engine);
    let members: Vec<String> = (0..60).map(|n| first.member(&format!("会员{n}"), n)).collect();
    business.same_everywhere(&[&first]);
    let dir = tempfile::tempdir().expect("a temporary folder");
    let folder = dir.path().join("hub");
    let back_up = || business.hub.backup(&folder, &passphrase(), false, Some(5)).expect("room");
    assert!(back_up().full);
    first.till().backup_here(&first.owner()).expect("room");
    business.pass(DAY);
    let erase = |members: &[String]| {
        for member in members {
            let done = first.till().erase_member(&first.owner(), id(member), false);
            done.expect("nothing on file");
        }
        business.same_everywhere(&[&first]);
        assert!(first.till().scrub().expect("room"));
    };
    erase(&members);
    let done = back_up();
    assert!(done.full && done.removed.is_empty(), "{done:?}");
    assert_eq!((backups_in(&folder), backups_in(&first.folder)), (2, 1));
    let told = business.hub.inbox().expect("it answers");
    assert!(told.iter().any(|line| line.code == "many_erased"), "{told:?}");
    assert!(first.notices().contains(&"many_erased".to_owned()));

    // Some days later one person is erased: at the desk that is one, in the folder it is one more.
    business.pass(8 * DAY);
    let one = first.member("后来的", 99);
    erase(&[one]);
    assert_eq!(backups_in(&first.folder), 1, "made anew");
    assert!(back_up().removed.is_empty());
}

/// Of a newer program's kinds only `member` is known; and what the hub keeps back is passed on to nobody,
/// but lies there.
fn what_nobody_understood_goes_too(engine: Engine) {
    let (ground, first) = Ground::new(engine);
    let member = first.member("会员", 1);
    first.sync();
    let mut future = Scribe::join(&ground.business);
    let says = |future: &mut Scribe, kind: u16, text: &str| {
        let part = PrivatePart { salt: [9; 16], bytes: format!("{{\"note\":\"{text}\"}}").into() };
        // Of a kind that is known this is not the part that is named, so it is kept back.
        let named = if kind == 21 { Hash::ZERO } else { part.commitment() };
        let payload = serde_json::json!({"id": fresh(), "member": member, "private": named});
        let entry = future.entry(kind, 1, payload.to_string().into_bytes());
        let packet = Packet::of(&entry, Some(&part)).expect("UTF-8");
        future.push(vec![packet]).expect("taken in").quarantined.len()
    };
    assert_eq!(says(&mut future, 999, "kqzzvunknown"), 0);
    assert_eq!(says(&mut future, 21, "kqzzvkeptback"), 1);
    ground.business.same_everywhere(&[&first]);
    let mut marks = Marks::default();
    for text in ["kqzzvunknown", "kqzzvkeptback", "kqzzvlater", "kqzzvlatest"] {
        marks.text(text, text);
    }
    assert_eq!(named(&ground.at_the_hub(&marks)), ["kqzzvkeptback", "kqzzvunknown"]);
    assert_eq!(named(&at_a_desk(&first, &marks)), ["kqzzvunknown"]);

    first.till().erase_member(&first.owner(), id(&member), false).expect("nothing on file");
    first.sync();
    says(&mut future, 999, "kqzzvlater");
    says(&mut future, 21, "kqzzvlatest");
    ground.business.same_everywhere(&[&first]);
    ground.night(&[&first]);
    assert_eq!(ground.at_the_hub(&marks), Found::new());
    assert_eq!(at_a_desk(&first, &marks), Found::new());
}
