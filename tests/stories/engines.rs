//! One list of tests for both engines of the hub.

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    thread,
    time::Duration,
};

use postgres::{Client, NoTls};
use punchcard_hub::{
    Error,
    store::{ByKey, Column, Datum, Insert, Session, Store, open},
};
use punchcard_tests::cluster;

type Rows = Vec<Vec<Datum>>;

/// Runs a test on a fresh database of each engine, by its address.
fn both_at(test: impl Fn(&str)) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    test(&format!("sqlite:{}", dir.path().join("hub.db").display()));
    test(&cluster::shared().fresh_database());
}

/// Runs a test on a fresh database of each engine.
fn both(test: impl Fn(Arc<dyn Store>)) {
    both_at(|url| test(opened(url)));
}

fn opened(url: &str) -> Arc<dyn Store> {
    open(url).expect("it opens")
}

fn writes(store: &dyn Store, deed: impl FnOnce(&mut dyn Session)) {
    let mut session = store.write().expect("a transaction");
    deed(&mut *session);
    session.commit().expect("it keeps");
}

fn asked(store: &dyn Store, sql: &str, params: &[Datum]) -> Rows {
    store.read().expect("a transaction").rows(sql, params).expect("an answer")
}

fn number(store: &dyn Store, sql: &str) -> i64 {
    asked(store, sql, &[])[0][0].int().expect("a number")
}

fn ints(numbers: &[i64]) -> Vec<Datum> {
    numbers.iter().map(|number| Datum::Int(*number)).collect()
}

fn text(text: &str) -> Datum {
    Datum::from(text)
}

fn bytes(bytes: &[u8]) -> Datum {
    Datum::from(bytes)
}

/// The hub's one row.
fn found(session: &mut dyn Session) -> Result<u64, Error> {
    session.execute(
        "INSERT INTO hub (one, id, epoch, position, sum, hlc, follow, made_ms)
         VALUES (1, $1, 1, 0, $1, 0, $2, 0)",
        &[bytes(&[7; 16]), text("all")],
    )
}

const RECORDS: Insert = Insert {
    table: "record",
    columns: &[
        ("kind", Column::Int),
        ("id", Column::Blob),
        ("body", Column::Text),
        ("hlc", Column::Int),
        ("stream", Column::Blob),
    ],
    on_conflict: "",
};

fn record(kind: i64, id: &[u8], body: &str, hlc: i64) -> Vec<Datum> {
    vec![Datum::Int(kind), bytes(id), text(body), Datum::Int(hlc), bytes(b"stream")]
}

const DEBTS: Insert = Insert {
    table: "debt",
    columns: &[
        ("member", Column::Blob),
        ("kind", Column::Int),
        ("stream", Column::Blob),
        ("amount", Column::Int),
    ],
    on_conflict: "",
};

fn debt(member: &[u8], amount: i64) -> Vec<Datum> {
    vec![bytes(member), Datum::Int(0), bytes(b""), Datum::Int(amount)]
}

// ── The schema ───────────────────────────────────────────────────────────────────────────────

#[test]
fn a_database_is_made_from_nothing_and_opened_again() {
    both_at(|url| {
        let store = opened(url);
        writes(&*store, |session| assert_eq!(found(session).expect("inserted"), 1));
        let again = opened(url);
        assert_eq!(number(&*again, "SELECT position FROM hub"), 0);
        drop(store);
        drop(again);
        assert_eq!(number(&*opened(url), "SELECT count(*) FROM hub"), 1);
    });
}

#[test]
fn a_database_may_be_opened_by_many_at_once() {
    both_at(|url| {
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| assert_eq!(number(&*opened(url), "SELECT count(*) FROM log"), 0));
            }
        });
    });
}

#[test]
fn a_newer_database_is_left_alone() {
    both_at(|url| {
        writes(&*opened(url), |session| {
            let sql = "INSERT INTO refinery_schema_history (version, name) VALUES ($1, $2)";
            session.execute(sql, &[Datum::Int(999), text("later")]).expect("inserted");
        });
        assert!(matches!(open(url), Err(Error::StoreNewer)));
    });
}

/// Table and column; type; may it be empty; its place in the primary key.
type Schema = BTreeMap<(String, String), (String, bool, i64)>;

fn schema(store: &dyn Store, sql: &str) -> Schema {
    let rows = asked(store, sql, &[]);
    let text = |value: &Datum| value.text().expect("text").to_owned();
    let entry = |row: Vec<Datum>| {
        let (optional, key) = (row[3].int().expect("yes or no"), row[4].int().expect("a place"));
        ((text(&row[0]), text(&row[1])), (text(&row[2]), optional != 0, key))
    };
    rows.into_iter().map(entry).collect()
}

const SQLITE_SCHEMA: &str = "
    SELECT t.name, c.name, CASE c.type WHEN 'INTEGER' THEN 'bigint' WHEN 'BLOB' THEN 'bytea'
             WHEN 'TEXT' THEN 'text' ELSE c.type END, c.\"notnull\" = 0 AND c.pk = 0, c.pk
      FROM sqlite_master t JOIN pragma_table_info(t.name) c
     WHERE t.type = 'table' AND t.name <> 'refinery_schema_history'";

const POSTGRES_SCHEMA: &str = "
    SELECT c.table_name, c.column_name, c.data_type, c.is_nullable = 'YES',
           coalesce(k.ordinal_position, 0)
      FROM information_schema.columns c
      LEFT JOIN (information_schema.key_column_usage k
                 JOIN information_schema.table_constraints p
                   ON p.constraint_name = k.constraint_name AND p.table_name = k.table_name
                  AND p.constraint_type = 'PRIMARY KEY')
        ON k.table_name = c.table_name AND k.column_name = c.column_name
     WHERE c.table_schema = 'public' AND c.table_name <> 'refinery_schema_history'";

const SQLITE_INDEXES: &str =
    "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL";

const POSTGRES_INDEXES: &str = "
    SELECT indexname FROM pg_indexes
     WHERE schemaname = 'public'
       AND indexname NOT IN (SELECT conname FROM pg_constraint)";

#[test]
fn both_engines_have_the_same_tables_and_columns() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let sqlite = opened(&format!("sqlite:{}", dir.path().join("hub.db").display()));
    let postgres = opened(&cluster::shared().fresh_database());
    let (one, other) = (schema(&*sqlite, SQLITE_SCHEMA), schema(&*postgres, POSTGRES_SCHEMA));
    assert!(one.len() > 100, "{} columns", one.len());
    assert_eq!(one, other);
    let names =
        |store: &dyn Store, sql| asked(store, sql, &[]).into_iter().collect::<BTreeSet<_>>();
    let (one, other) = (names(&*sqlite, SQLITE_INDEXES), names(&*postgres, POSTGRES_INDEXES));
    assert!(!one.is_empty());
    assert_eq!(one, other);
}

// ── Values ───────────────────────────────────────────────────────────────────────────────────

#[test]
fn every_value_comes_back_as_it_went_in() {
    let numbers = [0, -1, 1 << 53, i64::MIN, i64::MAX];
    let texts = ["", "王小明", "𠮷野家 👩‍👩‍👧", "it's \"so\" \\ $1 %", "a\nb\t\u{1}"];
    let large: Vec<u8> = (0..70_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let blobs: [&[u8]; 5] = [b"", b"\0", &[0, 255, 39, 92], b"text", &large];
    both(|store| {
        let rows: Rows = (0..5)
            .map(|n| {
                let (number, text, blob) = (numbers[n], texts[n].into(), bytes(blobs[n]));
                vec![Datum::from(n as u64), bytes(b"id"), text, number.into(), blob]
            })
            .collect();
        writes(&*store, |session| {
            let sql =
                "INSERT INTO record (kind, id, body, hlc, stream) VALUES ($1, $2, $3, $4, $5)";
            assert_eq!(session.execute(sql, &rows[0]).expect("inserted"), 1);
            session.insert(&RECORDS, &rows[1..]).expect("inserted");
        });
        let sql = "SELECT kind, id, body, hlc, stream FROM record ORDER BY kind";
        assert_eq!(asked(&*store, sql, &[]), rows);
    });
}

const FACTS: Insert = Insert {
    table: "fact",
    columns: &[
        ("id", Column::Blob),
        ("stream", Column::Blob),
        ("seq", Column::Int),
        ("kind", Column::Int),
        ("member", Column::Blob),
        ("store", Column::Blob),
        ("at_ms", Column::Int),
        ("points", Column::Int),
        ("amount_minor", Column::Int),
        ("verdict", Column::Int),
        ("counted", Column::Int),
    ],
    on_conflict: "",
};

#[test]
fn nothing_is_nothing_in_every_column() {
    both(|store| {
        let fact = |id: u8, member: Datum, verdict: Datum| {
            let zero = || Datum::Int(0);
            let (id, none) = (bytes(&[id]), Datum::Null);
            vec![
                id,
                bytes(b""),
                zero(),
                zero(),
                member,
                none,
                zero(),
                zero(),
                zero(),
                verdict,
                zero(),
            ]
        };
        let rows = vec![
            fact(1, Datum::Null, Datum::Null),
            fact(2, bytes(b""), Datum::Int(5)),
            fact(3, Datum::Null, Datum::Int(0)),
        ];
        writes(&*store, |session| {
            session.insert(&FACTS, &rows).expect("inserted");
            let sql = "INSERT INTO member (id, name, joined_ms, stamps) VALUES ($1, $2, $3, $4)";
            let member = [bytes(b"m"), Datum::Null, Datum::Null, bytes(b"")];
            session.execute(sql, &member).expect("inserted");
        });
        let found = asked(&*store, "SELECT member, verdict FROM fact ORDER BY id", &[]);
        let expected =
            [[Datum::Null, Datum::Null], [bytes(b""), Datum::Int(5)], [Datum::Null, Datum::Int(0)]];
        assert_eq!(found, expected);
        let found = asked(&*store, "SELECT name, joined_ms, stamps FROM member", &[]);
        assert_eq!(found, [[Datum::Null, Datum::Null, bytes(b"")]]);
        assert_eq!(number(&*store, "SELECT count(*) FROM fact WHERE member IS NULL"), 2);
    });
}

#[test]
fn sums_counts_and_answers_of_yes_or_no_are_numbers() {
    both(|store| {
        writes(&*store, |session| {
            let rows = [debt(b"a", 1 << 53), debt(b"b", -3), debt(b"c", 10_000)];
            session.insert(&DEBTS, &rows).expect("inserted");
        });
        let sql = "SELECT count(*), sum(amount), min(amount), EXISTS (SELECT 1 FROM debt),
                          length(member) FROM debt WHERE member <> $1 GROUP BY length(member)";
        let found = asked(&*store, sql, &[bytes(b"")]);
        assert_eq!(found, [ints(&[3, (1 << 53) + 9_997, -3, 1, 1])]);
        let nothing = asked(&*store, "SELECT sum(amount), max(hlc) FROM debt, hub", &[]);
        assert_eq!(nothing, [[Datum::Null, Datum::Null]]);
    });
}

#[test]
fn what_is_no_whole_number_of_64_bits_is_an_error() {
    both(|store| {
        writes(&*store, |session| {
            session.insert(&DEBTS, &[debt(b"a", i64::MAX), debt(b"b", 1)]).expect("inserted");
        });
        for sql in ["SELECT sum(amount) FROM debt", "SELECT kind + 0.5 FROM debt"] {
            assert!(store.read().expect("a transaction").rows(sql, &[]).is_err(), "{sql}");
        }
    });
}

#[test]
fn placeholders_are_used_twice_and_in_any_order() {
    both(|store| {
        let row = |a: i64, b: i64| [Datum::Int(a), Datum::Int(b)];
        writes(&*store, |session| {
            session.insert(&DEBTS, &[debt(b"a", 5), debt(b"b", 7)]).expect("inserted");
            let sql = "UPDATE debt SET amount = amount + $1 WHERE amount <> $1 AND amount < $2";
            assert_eq!(session.execute(sql, &row(5, 100)).expect("updated"), 1);
        });
        let sql = "SELECT amount FROM debt WHERE amount > $2 AND (amount < $1 OR amount = $2)
                     AND kind = $3 ORDER BY amount";
        let params = ints(&[13, 4, 0]);
        assert_eq!(asked(&*store, sql, &params), [ints(&[5]), ints(&[12])]);
        let mut session = store.read().expect("a transaction");
        session.rows("SELECT amount FROM debt WHERE amount > $1", &params).expect_err("too many");
        let mut session = store.read().expect("a transaction");
        session.rows(sql, &params[..2]).expect_err("too few");
    });
}

// ── Many at once ─────────────────────────────────────────────────────────────────────────────

#[test]
fn many_rows_are_inserted_whatever_conflicts() {
    let nothing = Insert { on_conflict: "(member, kind, stream) DO NOTHING", ..DEBTS };
    let adding = Insert {
        on_conflict: "(member, kind, stream) DO UPDATE SET amount = debt.amount + excluded.amount",
        ..DEBTS
    };
    let many = |from: u32, to: u32| -> Rows {
        (from..to).map(|n| debt(&n.to_be_bytes(), i64::from(n))).collect()
    };
    both(|store| {
        let sum = || number(&*store, "SELECT sum(amount) FROM debt");
        writes(&*store, |session| session.insert(&adding, &[]).expect("nothing to insert"));
        writes(&*store, |session| session.insert(&adding, &many(0, 9_000)).expect("inserted"));
        assert_eq!(sum(), 9_000 * 8_999 / 2);
        writes(&*store, |session| session.insert(&nothing, &many(0, 9_001)).expect("inserted"));
        assert_eq!(sum(), 9_001 * 9_000 / 2);
        writes(&*store, |session| session.insert(&adding, &many(1, 9_001)).expect("added"));
        assert_eq!(sum(), 9_001 * 9_000);
        // Without a clause a conflict is an error, and nothing of it stays.
        let mut session = store.write().expect("a transaction");
        session.insert(&DEBTS, &many(9_000, 9_002)).expect_err("one is there");
        drop(session);
        assert_eq!(number(&*store, "SELECT count(*) FROM debt"), 9_001);
    });
}

#[test]
fn rows_that_only_one_engine_would_take_are_refused_by_both() {
    let adding = Insert {
        on_conflict: "(member, kind, stream) DO UPDATE SET amount = debt.amount + excluded.amount",
        ..DEBTS
    };
    let nothing = Insert { on_conflict: "(member, kind, stream) DO NOTHING", ..DEBTS };
    let mut short = debt(b"a", 1);
    short.pop();
    let mut other = debt(b"a", 1);
    other[0] = text("a");
    both(|store| {
        for rows in [vec![debt(b"a", 1), debt(b"a", 2)], vec![short.clone()], vec![other.clone()]] {
            let mut session = store.write().expect("a transaction");
            session.insert(&adding, &rows).expect_err("refused");
        }
        writes(&*store, |session| {
            session.insert(&nothing, &[debt(b"a", 1), debt(b"a", 2)]).expect("the first counts");
        });
        assert_eq!(number(&*store, "SELECT amount FROM debt"), 1);
    });
}

#[test]
fn what_else_is_asked_of_many_keys_is_the_same_for_all() {
    const BETWEEN: ByKey = ByKey {
        one: "SELECT hlc FROM record WHERE id = $1 AND hlc > $2 AND hlc < $3",
        many: "SELECT hlc FROM record WHERE id = ANY($1) AND hlc > $2 AND hlc < $3",
    };
    both(|store| {
        writes(&*store, |session| {
            let rows = (1..=9).map(|kind| record(kind, b"id", "", kind));
            session.insert(&RECORDS, &rows.collect::<Rows>()).expect("inserted");
        });
        let mut session = store.read().expect("a transaction");
        let keys = [b"id".to_vec(), b"another".to_vec()];
        let mut found = BTreeSet::new();
        session
            .query_keys(&BETWEEN, &keys, &ints(&[3, 6]), &mut |row| {
                found.insert(row[0].int()?);
                Ok(())
            })
            .expect("an answer");
        assert_eq!(found, BTreeSet::from([4, 5]));
        let short = session.query_keys(&BETWEEN, &keys, &ints(&[3]), &mut |_| Ok(()));
        assert!(short.is_err(), "a value is missing");
    });
}

#[test]
fn many_keys_are_looked_up() {
    const BY_ID: ByKey = ByKey {
        one: "SELECT id, hlc FROM record WHERE id = $1 AND kind = 1",
        many: "SELECT id, hlc FROM record WHERE id = ANY($1) AND kind = 1",
    };
    let key = |n: u32| n.to_be_bytes().to_vec();
    both(|store| {
        writes(&*store, |session| {
            let rows = (0..1_500).map(|n| record(1, &key(n), "", i64::from(n)));
            session.insert(&RECORDS, &rows.collect::<Rows>()).expect("inserted");
        });
        let look = |keys: &[Vec<u8>]| {
            let mut found = BTreeMap::new();
            let mut session = store.read().expect("a transaction");
            session
                .query_keys(&BY_ID, keys, &[], &mut |row| {
                    let before = found.insert(row[0].bytes()?.to_vec(), row[1].int()?);
                    assert_eq!(before, None, "answered once");
                    Ok(())
                })
                .expect("an answer");
            found
        };
        assert_eq!(look(&[]), BTreeMap::new());
        assert_eq!(look(&[key(3)]), BTreeMap::from([(key(3), 3)]));
        assert_eq!(look(&[key(3), key(9_999), key(3)]), BTreeMap::from([(key(3), 3)]));
        // 500 of these 2,000 are not there.
        let found = look(&(0..2_000).map(key).collect::<Vec<_>>());
        assert_eq!(found.len(), 1_500);
        assert_eq!(found[&key(1_499)], 1_499);
    });
}

// ── Transactions ─────────────────────────────────────────────────────────────────────────────

#[test]
fn what_is_not_committed_never_was() {
    both(|store| {
        let mut session = store.write().expect("a transaction");
        found(&mut *session).expect("inserted");
        drop(session);
        let fell = catch_unwind(AssertUnwindSafe(|| {
            let mut session = store.write().expect("a transaction");
            found(&mut *session).expect("inserted");
            panic!("in the middle of a use case");
        }));
        fell.expect_err("it fell");
        assert_eq!(number(&*store, "SELECT count(*) FROM hub"), 0);
        writes(&*store, |session| assert_eq!(found(session).expect("inserted"), 1));
        assert_eq!(number(&*store, "SELECT count(*) FROM hub"), 1);
    });
}

#[test]
fn after_an_error_nothing_can_be_committed() {
    both(|store| {
        let mut session = store.write().expect("a transaction");
        session.insert(&DEBTS, &[debt(b"a", 1)]).expect("inserted");
        session.insert(&DEBTS, &[debt(b"a", 1)]).expect_err("it is there");
        session.insert(&DEBTS, &[debt(b"b", 1)]).expect_err("nothing runs any more");
        session.commit().expect_err("nothing is kept");
        let mut session = store.write().expect("a transaction");
        session.insert(&DEBTS, &[debt(b"a", 1), debt(b"b", 1)]).expect("inserted");
        let stop = &mut |_: &[Datum]| Err(Error::Internal("no".into()));
        session.query("SELECT amount FROM debt", &[], stop).expect_err("what it was told");
        session.commit().expect_err("nothing is kept");
        assert_eq!(number(&*store, "SELECT count(*) FROM debt"), 0);
    });
}

#[test]
fn who_reads_cannot_write() {
    both(|store| {
        found(&mut *store.read().expect("a transaction")).expect_err("refused");
        assert_eq!(number(&*store, "SELECT count(*) FROM hub"), 0);
    });
}

#[test]
fn who_reads_sees_one_moment() {
    both(|store| {
        let count = "SELECT count(*) FROM debt";
        let mut reader = store.read().expect("a transaction");
        // The moment is the one when reading began, not that of the first question.
        writes(&*store, |session| session.insert(&DEBTS, &[debt(b"a", 1)]).expect("inserted"));
        assert_eq!(reader.rows(count, &[]).expect("an answer"), [ints(&[0])]);
        writes(&*store, |session| session.insert(&DEBTS, &[debt(b"b", 1)]).expect("inserted"));
        assert_eq!(reader.rows(count, &[]).expect("an answer"), [ints(&[0])]);
        reader.commit().expect("it ends");
        assert_eq!(number(&*store, count), 2);
    });
}

#[test]
fn many_read_while_one_writes() {
    both(|store| {
        writes(&*store, |session| assert_eq!(found(session).expect("inserted"), 1));
        let mut writer = store.write().expect("a transaction");
        writer.execute("UPDATE hub SET position = 1", &[]).expect("updated");
        thread::scope(|scope| {
            for _ in 0..40 {
                scope.spawn(|| assert_eq!(number(&*store, "SELECT position FROM hub"), 0));
            }
        });
        writer.commit().expect("it keeps");
        assert_eq!(number(&*store, "SELECT position FROM hub"), 1);
    });
}

#[test]
fn slow_readers_hold_nobody_up() {
    both(|store| {
        // Tills that begin, each reading at the pace of its line.
        let slow: Vec<_> = (0..12).map(|_| store.read().expect("a transaction")).collect();
        writes(&*store, |session| assert_eq!(found(session).expect("inserted"), 1));
        assert_eq!(number(&*store, "SELECT count(*) FROM hub"), 1);
        for mut session in slow {
            assert_eq!(session.rows("SELECT count(*) FROM hub", &[]).expect("asked"), [ints(&[0])]);
        }
    });
}

#[test]
fn a_new_hub_is_made_once() {
    both_at(|url| {
        let hubs: Vec<_> = (0..4).map(|_| opened(url)).collect();
        let made = AtomicI64::new(0);
        thread::scope(|scope| {
            for hub in hubs.iter().cycle().take(16) {
                let made = &made;
                scope.spawn(move || {
                    writes(&**hub, |session| {
                        if session.rows("SELECT one FROM hub", &[]).expect("asked").is_empty() {
                            thread::sleep(Duration::from_millis(20));
                            found(session).expect("nobody else does");
                            made.fetch_add(1, Ordering::SeqCst);
                        }
                    });
                });
            }
        });
        assert_eq!(made.load(Ordering::SeqCst), 1);
    });
}

/// What every push does: the next position, given out under the one row.
fn take_position(session: &mut dyn Session, who: u32, round: u32) {
    let found = session.rows("SELECT position FROM hub", &[]).expect("asked");
    let next = found[0][0].int().expect("a number") + 1;
    // A moment, different for each, in which the others would read the same position.
    let moment = (who * 5 + round).wrapping_mul(2_654_435_761) >> 8;
    thread::sleep(Duration::from_micros(u64::from(moment) % 3_000));
    session.execute("UPDATE hub SET position = $1", &[Datum::Int(next)]).expect("updated");
    let id = format!("{who}/{round}");
    let sql = "INSERT INTO draw (id, till, at_ms, answer) VALUES ($1, $2, $3, '')";
    let params = [bytes(id.as_bytes()), bytes(b""), Datum::Int(next)];
    session.execute(sql, &params).expect("inserted");
}

#[test]
fn positions_have_no_gap_and_no_double() {
    const THREADS: u32 = 32;
    const ROUNDS: u32 = 5;
    both_at(|url| {
        // Several hubs on one database: what keeps them apart is in the database alone.
        let hubs: Vec<_> = (0..4).map(|_| opened(url)).collect();
        writes(&*hubs[0], |session| assert_eq!(found(session).expect("inserted"), 1));
        thread::scope(|scope| {
            for (who, hub) in (0..THREADS).zip(hubs.iter().cycle()) {
                scope.spawn(move || {
                    for round in 0..ROUNDS {
                        writes(&**hub, |session| take_position(session, who, round));
                    }
                });
            }
        });
        let given = asked(&*hubs[0], "SELECT at_ms FROM draw ORDER BY at_ms", &[]);
        let last = i64::from(THREADS * ROUNDS);
        let expected: Rows = (1..=last).map(|position| ints(&[position])).collect();
        assert_eq!(given, expected);
        assert_eq!(number(&*hubs[1], "SELECT position FROM hub"), last);
    });
}

// ── PostgreSQL alone: a server can be elsewhere, and be set up otherwise ─────────────────────

fn backend(session: &mut dyn Session) -> Datum {
    session.rows("SELECT pg_backend_pid()", &[]).expect("asked")[0][0].clone()
}

fn end(backend: &Datum) {
    let backend = i32::try_from(backend.int().expect("a number")).expect("a process");
    let sql = "SELECT pg_terminate_backend($1, 5000)";
    cluster::shared().admin().query_one(sql, &[&backend]).expect("ended");
}

#[test]
fn a_lost_connection_is_made_anew() {
    let store = opened(&cluster::shared().fresh_database());
    writes(&*store, |session| assert_eq!(found(session).expect("inserted"), 1));
    // Lost while nobody used it: nobody notices.
    end(&backend(&mut *store.read().expect("a transaction")));
    assert_eq!(number(&*store, "SELECT count(*) FROM hub"), 1);
    end(&backend(&mut *store.read().expect("a transaction")));
    writes(&*store, |session| session.insert(&DEBTS, &[debt(b"a", 1)]).expect("inserted"));
    // Lost in the middle: that transaction fails, and the next one does not.
    let mut session = store.write().expect("a transaction");
    session.insert(&DEBTS, &[debt(b"b", 1)]).expect("inserted");
    end(&backend(&mut *session));
    session.insert(&DEBTS, &[debt(b"c", 1)]).expect_err("it is lost");
    session.commit().expect_err("nothing is kept");
    let mut session = store.write().expect("a transaction");
    end(&backend(&mut *session));
    session.commit().expect_err("nothing is kept");
    assert_eq!(number(&*store, "SELECT count(*) FROM debt"), 1);
}

#[test]
fn connections_are_few_and_used_again() {
    let url = cluster::shared().fresh_database();
    let store = opened(&url);
    thread::scope(|scope| {
        for _ in 0..60 {
            scope.spawn(|| assert_eq!(number(&*store, "SELECT count(*) FROM hub"), 0));
        }
    });
    let mut admin = Client::connect(&url, NoTls).expect("it answers");
    let sql = "SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND application_name = 'punchcard-hub'";
    let open: i64 = admin.query_one(sql, &[]).expect("asked").get(0);
    assert!((1..=16).contains(&open), "{open}");
    let idle = "SELECT count(*) FROM pg_stat_activity
                 WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
    assert_eq!(admin.query_one(idle, &[]).expect("asked").get::<_, i64>(0), 0);
    drop(store);
    // Ended when the store is; the server takes a moment to notice.
    let gone = (0..100).any(|_| {
        thread::sleep(Duration::from_millis(50));
        admin.query_one(sql, &[]).expect("asked").get::<_, i64>(0) == 0
    });
    assert!(gone);
}

#[test]
fn a_server_that_confirms_too_early_is_refused() {
    let url = cluster::shared().fresh_database();
    let name = url.rsplit('/').next().expect("a name");
    for value in ["off", "local"] {
        let sql = format!("ALTER DATABASE {name} SET synchronous_commit = {value}");
        cluster::shared().admin().batch_execute(&sql).expect("set");
        let Err(Error::Usage(reason)) = open(&url) else { panic!("it is refused") };
        assert!(reason.contains(&format!("synchronous_commit = {value}")), "{reason}");
    }
    let sql = format!("ALTER DATABASE {name} RESET synchronous_commit");
    cluster::shared().admin().batch_execute(&sql).expect("set back");
    opened(&url);
}

#[test]
fn a_password_is_never_shown() {
    let url = cluster::shared().fresh_database();
    let with_password = url.replacen("postgres@", "postgres:geh%40eim@", 1);
    let shown = opened(&with_password).describe();
    assert!(shown.starts_with("PostgreSQL at /") && !shown.contains("geh"), "{shown}");
    for wrong in [
        "postgres://me:geheim@127.0.0.1:1/hub",
        "postgres://me:geheim@127.0.0.1:geheim/hub",
        "postgres://me:gehe@im@127.0.0.1/hub",
        "postgres://me:geheim@127.0.0.1/hub?sslmode=require",
        "postgres://me:geheim@127.0.0.1/hub?sslrootcert=x",
    ] {
        let Err(error) = open(wrong) else { panic!("nobody is there") };
        assert!(!error.to_string().contains("gehe"), "{error}");
    }
}

#[test]
fn a_store_may_be_dropped_in_async_code() {
    let store = opened(&cluster::shared().fresh_database());
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async move { drop(store) });
}
