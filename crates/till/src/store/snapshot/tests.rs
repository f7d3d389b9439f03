//! A small business, sent in pages of few rows.

use punchcard_protocol::{TableHasher, sync::Known};

use super::*;
use crate::{
    store::{connect, digest, read},
    use_cases::verify,
};

const fn id(n: u8) -> [u8; 16] {
    [n; 16]
}

/// A row as it is hashed.
fn row(values: &[Value<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for value in values {
        value.write(&mut bytes);
    }
    bytes
}

fn blob(id: &[u8]) -> Value<'_> {
    Value::Blob(id)
}

fn number(number: i64) -> Value<'static> {
    Value::Integer(number)
}

fn words(text: &str) -> Value<'_> {
    Value::Text(text.as_bytes())
}

const NONE: Value<'_> = Value::Null;
const TILL: [u8; 16] = id(0xA1);
const HUB: [u8; 16] = id(0xA2);
const STAMP: [u8; 20] = [0xA1; 20];

fn fact(n: u8, seq: i64, member: Option<&[u8; 16]>) -> Vec<u8> {
    let member = member.map_or(NONE, |member| blob(member));
    row(&[
        blob(&id(n)),
        blob(&TILL),
        number(1),
        number(seq),
        number(20),
        member,
        NONE,
        number(1_000 + seq),
        number(0),
        number(0),
        NONE,
        number(0),
    ])
}

fn member(id: &[u8; 16], name: &str, phone: &str, cards: &str) -> Vec<u8> {
    let rest = [NONE; 3];
    let mut values = vec![blob(id), words(name), words(phone)];
    values.extend(rest);
    values.extend([NONE, NONE, words(cards), NONE, NONE, NONE, NONE]);
    values.extend([NONE; 9]);
    values.extend([number(7), blob(&[0; 32])]);
    row(&values)
}

fn account(lot: u8, owner: Option<&[u8; 16]>, kind: i64, life: i64, amount: i64) -> Vec<u8> {
    let owner = owner.map_or(NONE, |owner| blob(owner));
    let (till, life) = if life == 0 { (NONE, NONE) } else { (blob(&TILL), number(life)) };
    row(&[blob(&id(lot)), owner, number(kind), till, life, number(1), number(amount), NONE])
}

/// The tables in the order in which a hub sends them, which is that of their ids.
fn business() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let (anna, bob, eve) = (id(3), id(4), id(5));
    vec![
        (
            "fact",
            vec![
                fact(0x11, 1, None),
                fact(0x12, 2, Some(&bob)),
                fact(0x13, 3, Some(&anna)),
                fact(0x14, 4, Some(&bob)),
                fact(0x15, 5, Some(&eve)),
            ],
        ),
        ("void", vec![row(&[blob(&id(0x12)), blob(&id(0x14))])]),
        (
            "member",
            vec![
                member(&anna, "王堃", "+8613900000001", r#"["10000001"]"#),
                member(&bob, "欧阳娜娜", "+8613900000002", r#"["a\"b\\c"]"#),
                member(&eve, "Emma Carter", "+8613900000003", "[]"),
            ],
        ),
        (
            "card_state",
            vec![row(&[blob(&bob), words("10000002"), number(1), number(9), blob(&STAMP)])],
        ),
        ("record", vec![row(&[number(1), blob(&id(0)), words("{}"), number(9), blob(&STAMP)])]),
        (
            "pass",
            vec![row(&[
                blob(&id(0x21)),
                blob(&bob),
                blob(&id(0x14)),
                words("年卡"),
                words("2026-01-01"),
                words("2026-12-31"),
                NONE,
                NONE,
            ])],
        ),
        ("pass_change", vec![row(&[blob(&id(0x21)), blob(&id(0x15)), number(2), words("{}")])]),
        (
            "account",
            vec![
                account(0x31, None, 0, 0, -5),
                account(0x31, None, 3, 0, 5),
                account(0x32, Some(&bob), 0, 0, -100),
                account(0x32, Some(&bob), 1, 1, 60),
                account(0x32, Some(&bob), 1, 2, 40),
                account(0x33, Some(&anna), 0, 0, -7),
                account(0x33, Some(&anna), 1, 1, 7),
            ],
        ),
        ("debt", vec![row(&[blob(&anna), number(1), blob(&TILL), number(1), number(3)])]),
        ("takeover", vec![row(&[blob(&TILL), number(1), blob(&TILL), number(2)])]),
        ("merge", vec![row(&[blob(&eve), blob(&anna), number(9), blob(&STAMP)])]),
        ("take_back", vec![row(&[blob(&id(0x33)), blob(&id(0x14)), blob(&anna), words("[]")])]),
        ("gave_back", vec![row(&[blob(&id(0x33)), blob(&HUB), number(1)])]),
        ("frozen", vec![row(&[blob(&id(0x32)), number(1), number(9), blob(&STAMP)])]),
        ("earned", vec![row(&[blob(&id(0x14)), blob(&id(0x41)), number(2), number(7)])]),
        ("pending", vec![row(&[blob(&id(0x33)), number(99)])]),
        ("erased", vec![row(&[blob(&id(0x25)), blob(&id(0x15))])]),
        ("redemption", vec![row(&[blob(&id(0x15)), blob(&id(0x42)), number(9)])]),
    ]
}

fn hash(rows: &[Vec<u8>]) -> Hash {
    let mut hasher = TableHasher::default();
    for row in rows {
        hasher.feed_written(row);
    }
    hasher.finish()
}

fn page(table: &str, hash: Option<Hash>, rows: &[Vec<u8>]) -> Vec<u8> {
    let head = PageHead { table: table.to_owned(), hash };
    let head = serde_json::to_vec(&head).expect("JSON");
    let length = u32::try_from(head.len()).expect("short");
    [&length.to_be_bytes()[..], &head, &rows.concat()].concat()
}

/// The pages of some tables, with at most so many rows each.
fn pages(tables: &[(&str, Vec<Vec<u8>>)], most: usize) -> Vec<Vec<u8>> {
    let mut pages = Vec::new();
    for (table, rows) in tables {
        let parts: Vec<&[Vec<u8>]> = rows.chunks(most).collect();
        for (at, part) in parts.iter().enumerate() {
            let last = at + 1 == parts.len();
            pages.push(page(table, last.then(|| hash(rows)), part));
        }
    }
    pages.push(page("", None, &[]));
    pages
}

fn manifest() -> Manifest {
    let cursor = Known { seq: 7, hash: Hash([7; 32]) };
    Manifest {
        id: FactId(uuid::Uuid::nil()),
        epoch: 1,
        cursors: vec![("all".into(), cursor)],
        hlc: 9,
    }
}

fn begun() -> (Connection, Progress) {
    let db = connect::in_memory().expect("memory");
    let progress = Progress::begin(&db, TillId::from_bytes(HUB), manifest()).expect("it begins");
    (db, progress)
}

/// Takes pages in from where it is; what was in memory before is gone.
fn take(db: &Connection, sent: &[Vec<u8>], most: usize) -> Result<()> {
    let progress = Progress::read(db)?.expect("one is on its way");
    let from = usize::try_from(progress.page).expect("few");
    let (mut pages, mut numbers) = (Pages::from(progress)?, Numbers::read(db)?);
    for page in sent.iter().skip(from).take(most) {
        let ready = pages.read(page.clone())?;
        put(db, &mut numbers, &ready)?;
    }
    Ok(())
}

fn finish(db: &Connection) {
    let from = Progress::read(db).expect("read").expect("on its way").kinds.expect("all came");
    let mut kinds = from;
    while let Some(keys) = Keys::after(db, kinds).expect("they can be read") {
        keys.put(db).expect("room");
        kinds = keys.kinds();
    }
    over(db).expect("it ends");
}

fn is_the_business(db: &Connection) {
    let sent = business();
    for ((name, ours), (table, rows)) in digest::tables(db).expect("read").iter().zip(&sent) {
        assert_eq!((name, *ours), (table, hash(rows)));
    }
    let stray = "SELECT count(*) FROM sqlite_master WHERE name LIKE 'snapshot%'";
    assert_eq!(db.query_row(stray, [], |row| row.get::<_, i64>(0)).expect("read"), 0);
    let indexes =
        "SELECT count(*) FROM sqlite_master WHERE name IN ('member_of_family', 'merge_into')";
    assert_eq!(db.query_row(indexes, [], |row| row.get::<_, i64>(0)).expect("read"), 2);
    let places = "SELECT (SELECT count(*) FROM fact WHERE member IS NOT NULL),
                         (SELECT count(*) FROM fact_of_member),
                         (SELECT count(*) FROM sqlite_master WHERE type = 'trigger')";
    let places = db.query_row(places, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    let (facts, standing, triggers): (i64, i64, i64) = places.expect("read");
    assert_eq!((facts, standing, triggers), (4, 4, 1), "each by its member, and those to come");
    let keys: i64 =
        db.query_row("SELECT count(*) FROM member_key", [], |row| row.get(0)).expect("read");
    let lists = "SELECT sum(json_array_length(found_by)) FROM member";
    assert_eq!(db.query_row(lists, [], |row| row.get::<_, i64>(0)).expect("read"), keys);
    for query in ["王", "wk", "wangkun", "0001", "10000001"] {
        assert_eq!(read::find(db, query, 9).expect("read").len(), 1, "{query}");
    }
    assert_eq!(read::find(db, "欧阳", 9).expect("read").len(), 1);
    assert_eq!(read::find(db, r#"a"b\c"#, 9).expect("read").len(), 1, "a card that is escaped");
}

#[test]
fn what_comes_in_pages_is_as_it_was_sent() {
    for most in [1, 2, 3, 100] {
        let (db, _) = begun();
        take(&db, &pages(&business(), most), usize::MAX).expect("whole");
        finish(&db);
        is_the_business(&db);
    }
}

#[test]
fn it_goes_on_after_every_page() {
    let sent = pages(&business(), 2);
    for cut in 0..=sent.len() {
        let (db, _) = begun();
        take(&db, &sent, cut).expect("so far");
        take(&db, &sent, 1).expect("one more");
        take(&db, &sent, usize::MAX).expect("the rest");
        if cut % 2 == 0 {
            let keys = Keys::after(&db, 0).expect("they can be read").expect("there are some");
            keys.put(&db).expect("room");
        }
        finish(&db);
        is_the_business(&db);
    }
}

/// What joins while the program is updated has its indexes put away, and the newer schema has no use for one.
#[test]
fn it_goes_on_with_a_newer_schema() {
    let mut db = connect::in_memory_at(9).expect("memory");
    Progress::begin(&db, TillId::from_bytes(HUB), manifest()).expect("it begins");
    let kept = "SELECT value LIKE '%CREATE INDEX fact_of_member %' FROM local WHERE key = ?1";
    let kept = db.query_row(kept, [ON_ITS_WAY], |row| row.get::<_, bool>(0));
    assert!(kept.expect("read"), "put away");
    connect::migrate(&mut db).expect("it can be brought to the newest");
    take(&db, &pages(&business(), 2), usize::MAX).expect("whole");
    finish(&db);
    is_the_business(&db);
}

#[test]
fn one_changed_byte_is_refused() {
    for most in [1, 3, 100] {
        let sent = pages(&business(), most);
        for at in 0..sent.len() - 1 {
            let (_, rows) = head(&sent[at]).expect("a head");
            for place in (rows..sent[at].len()).step_by(5) {
                let mut changed = sent.clone();
                changed[at][place] ^= 0x20;
                let (db, _) = begun();
                let taken = take(&db, &changed, usize::MAX);
                assert!(matches!(taken, Err(Error::HubUnreachable(_))), "{at} {place}");
            }
        }
    }
}

#[test]
fn pages_that_do_not_follow_are_refused() {
    let sent = pages(&business(), 2);
    for at in 0..sent.len() - 1 {
        let refused = |sent: &[Vec<u8>], why: &str| {
            let (db, _) = begun();
            assert!(take(&db, sent, usize::MAX).is_err(), "{why} {at}");
        };
        let mut missing = sent.clone();
        missing.remove(at);
        refused(&missing, "missing");
        let mut twice = sent.clone();
        twice.insert(at, sent[at].clone());
        refused(&twice, "twice");
        let mut short = sent.clone();
        short[at].pop();
        refused(&short, "short");
    }
    let (db, _) = begun();
    assert!(take(&db, &[Vec::new()], usize::MAX).is_err());
    assert!(take(&db, &[page("stock", None, &[])], usize::MAX).is_err());
}

#[test]
fn every_named_member_must_come() {
    let mut tables = business();
    tables[2].1.pop();
    let (db, _) = begun();
    assert!(take(&db, &pages(&tables, 2), usize::MAX).is_err());
}

#[test]
fn what_is_given_up_leaves_nothing() {
    let sent = pages(&business(), 2);
    for cut in [1, 5, sent.len()] {
        let (db, _) = begun();
        take(&db, &sent, cut).expect("so far");
        verify::rebuild(&db).expect("it may be emptied");
        over(&db).expect("it ends");
        for (table, hash) in digest::tables(&db).expect("read") {
            assert_eq!(hash, TableHasher::default().finish(), "{table}");
        }
        Progress::begin(&db, TillId::from_bytes(HUB), manifest()).expect("it begins anew");
        take(&db, &sent, usize::MAX).expect("whole");
        finish(&db);
        is_the_business(&db);
    }
}

#[test]
fn what_a_snapshot_brought_is_not_emptied() {
    let (db, _) = begun();
    take(&db, &pages(&business(), 2), usize::MAX).expect("whole");
    finish(&db);
    local::set(&db, local::SNAPSHOT, &true).expect("room");
    assert!(verify::rebuild(&db).is_err());
    is_the_business(&db);
    let stream = StreamId { till: TillId::from_bytes(TILL), incarnation: 1 };
    let stream = streams::known_number(&db, stream).expect("read").expect("it was named");
    let place = |seq| streams::entry_id(stream, seq).expect("short");
    assert!(holds(&db, &id(0x12), place(2)).expect("read"));
    assert!(!holds(&db, &id(0x12), place(3)).expect("read"), "another entry");
    assert!(!holds(&db, &id(0x19), place(2)).expect("read"), "another fact");
}

#[test]
fn every_kind_of_key_is_made() {
    let keys = keys_of_members::keys("欧阳娜娜", Some("+8613812340427"), &["7".into()]);
    for key in keys.iter().chain(&keys_of_members::keys("Emma Carter", None, &[])) {
        assert!(keys::KINDS.contains(&key.as_bytes()[0]), "{key}");
    }
    assert!(keys::KINDS.is_sorted());
}
