//! A till's 200,000 entries into the hub, and out of it again, on both engines, without the line: what
//! the hub does with a call's bytes. Beside it the limit: the same bytes inserted and read bare, into
//! a table without keys or indexes, in one transaction (`COPY` on PostgreSQL).
//!
//! Two more limits say how far that one can be reached: the calls only read and checked (JSON, hashes, the
//! signature of each), without a store; and the rows that a push leaves, put once more into tables with the
//! same keys. Of a pull it is told how much of it is writing JSON.
//!
//! `PUNCHCARD_BENCH_ENTRIES` makes it smaller.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::{
    env,
    io::{Read, Write},
    time::{Duration, Instant},
};

use postgres::{Client, NoTls, binary_copy::BinaryCopyInWriter, types::Type};
use punchcard_benches::{
    Outcome,
    desk::{Desk, first_stream},
    open_hub, ratio, scratch, seconds, twin,
};
use punchcard_hub::Hub;
use punchcard_protocol::{
    Entry, Link, hash_header,
    sync::{LIMITS, Pull, Push},
};
use punchcard_tests::cluster;
use rusqlite::Connection;

/// Members whom the entries are about.
const MEMBERS: u32 = 2_000;
/// A hub that was never restored.
const EPOCH: u32 = 1;

/// An entry's bytes, as a bare table holds them.
type Row = (Vec<u8>, Vec<u8>, Vec<u8>);

fn main() -> Outcome<()> {
    let place = scratch()?;
    let sqlite = format!("sqlite:{}", place.path().join("hub.db").display());
    measure("SQLite", &sqlite, |rows| {
        let bare = bare_sqlite(&place.path().join("bare.db"), rows)?;
        Ok((bare, twin::sqlite(&place.path().join("hub.db"), place.path())?))
    })?;
    let postgres = cluster::shared().fresh_database();
    measure("PostgreSQL", &postgres, |rows| {
        let kept = twin::postgres(&postgres)?;
        Ok((bare_postgres(&postgres, rows)?, kept))
    })
}

fn entries() -> u32 {
    env::var("PUNCHCARD_BENCH_ENTRIES").ok().and_then(|n| n.parse().ok()).unwrap_or(200_000)
}

/// How long the bare way took, in and out.
struct Bare {
    inserted: Duration,
    read: Duration,
}

fn measure(
    engine: &str,
    database: &str,
    limits: impl FnOnce(&[Row]) -> Outcome<(Bare, Duration)>,
) -> Outcome<()> {
    let hub = open_hub(database)?;
    let Calls { calls, key } = calls(&hub)?;
    let rows = rows(&calls)?;
    let checked = check(&calls, &key)?;
    let pushed = push(&hub, &calls)?;
    let (pulled, written) = pull(&hub)?;
    let (bare, kept) = limits(&rows)?;
    println!("{engine}: {} entries, {} calls", rows.len(), calls.len());
    show("pushed", pushed, "inserted bare", bare.inserted, 4);
    println!("  only read and checked          {}", seconds(checked));
    println!("  its rows, once more with keys  {}", seconds(kept));
    let both = checked + kept;
    println!("  both of these, of the bare speed {}", ratio(bare.inserted, both));
    println!("  pushed, of the speed of both     {}", ratio(both, pushed));
    show("pulled", pulled, "read bare", bare.read, 5);
    println!("  of it written as JSON          {}", seconds(written));
    Ok(())
}

/// Of the bare way's speed, at least so many tenths.
fn show(ours: &str, took: Duration, theirs: &str, limit: Duration, tenths: u32) {
    let holds = limit * 10 >= took * tenths;
    println!("  {ours} {} · {theirs} {}", seconds(took), seconds(limit));
    let word = if holds { "ok  " } else { "SLOW" };
    println!("  {word} of the bare speed (bar: at least 0.{tenths})  {}", ratio(limit, took));
}

/// What comes over the line, and by whose key it is signed.
struct Calls {
    calls: Vec<Vec<u8>>,
    key: [u8; 32],
}

/// The calls. The members are in the hub already.
fn calls(hub: &Hub) -> Outcome<Calls> {
    let mut desk = Desk::first(hub)?;
    let members: Vec<_> = (0..MEMBERS).map(|n| desk.register(n)).collect::<Outcome<_>>()?;
    desk.close();
    desk.send(hub)?;
    for n in 0..entries() {
        let at = usize::try_from(desk.dice.below(members.len() as u64))?;
        let member = *members.get(at).ok_or("a member")?;
        if n.is_multiple_of(2) { desk.visit(member)? } else { desk.earn(member)? }
    }
    desk.close();
    let calls = desk.ready.iter().map(serde_json::to_vec).collect::<Result<_, _>>()?;
    Ok(Calls { calls, key: desk.public_key() })
}

/// What any hub has to do with a call before it can keep it.
fn check(calls: &[Vec<u8>], key: &[u8; 32]) -> Outcome<Duration> {
    let began = Instant::now();
    let mut link: Option<Link> = None;
    for call in calls {
        let push: Push = serde_json::from_slice(call)?;
        for packet in &push.packets {
            let (entry, _) = packet.open()?;
            let header = entry.check()?;
            let follows =
                link.is_none_or(|link| header.seq == link.seq + 1 && header.previous == link.hash);
            if !follows {
                return Err("entries that do not follow one another".into());
            }
            link = Some(Link { seq: header.seq, hash: hash_header(&entry.header) });
        }
        if link.is_none_or(|link| link.hash != push.head.hash) {
            return Err("a head that is not the last entry".into());
        }
        push.head.verify(key)?;
    }
    Ok(began.elapsed())
}

fn rows(calls: &[Vec<u8>]) -> Outcome<Vec<Row>> {
    let mut rows = Vec::new();
    for call in calls {
        let push: Push = serde_json::from_slice(call)?;
        for packet in push.packets {
            let Entry { header, salt, payload } = packet.open()?.0;
            rows.push((header, salt.to_vec(), payload));
        }
    }
    Ok(rows)
}

fn push(hub: &Hub, calls: &[Vec<u8>]) -> Outcome<Duration> {
    let began = Instant::now();
    for call in calls {
        let answer = hub.push(first_stream(), &serde_json::from_slice(call)?)?;
        if !answer.quarantined.is_empty() {
            return Err("entries are kept back".into());
        }
    }
    Ok(began.elapsed())
}

/// All that is in the hub's log, as it goes over the line; how long that took, and how much of it JSON.
fn pull(hub: &Hub) -> Outcome<(Duration, Duration)> {
    let (began, mut written) = (Instant::now(), Duration::ZERO);
    let mut ask = Pull {
        epoch: EPOCH,
        channel: "all".into(),
        after: 0,
        limit: LIMITS.batch_entries,
        edge: false,
    };
    loop {
        let answer = hub.pull(first_stream(), &ask)?;
        let writing = Instant::now();
        serde_json::to_vec(&answer)?;
        written += writing.elapsed();
        if answer.scanned_to == answer.head {
            return Ok((began.elapsed(), written));
        }
        ask.after = answer.scanned_to;
    }
}

fn bare_sqlite(path: &std::path::Path, rows: &[Row]) -> Outcome<Bare> {
    let db = Connection::open(path)?;
    db.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")?;
    db.execute_batch("CREATE TABLE bare (header BLOB, salt BLOB, payload BLOB)")?;
    let began = Instant::now();
    db.execute_batch("BEGIN")?;
    let mut insert = db.prepare("INSERT INTO bare VALUES (?, ?, ?)")?;
    for (header, salt, payload) in rows {
        insert.execute((header, salt, payload))?;
    }
    db.execute_batch("COMMIT")?;
    let inserted = began.elapsed();
    let began = Instant::now();
    let mut select = db.prepare("SELECT header, salt, payload FROM bare")?;
    let mut found = select.query(())?;
    let mut bytes = 0;
    while let Some(row) = found.next()? {
        for column in 0..3 {
            bytes += row.get::<_, Vec<u8>>(column)?.len();
        }
    }
    all_there(bytes, rows)?;
    Ok(Bare { inserted, read: began.elapsed() })
}

fn bare_postgres(url: &str, rows: &[Row]) -> Outcome<Bare> {
    let mut db = Client::connect(url, NoTls)?;
    db.batch_execute("CREATE TABLE bare (header BYTEA, salt BYTEA, payload BYTEA)")?;
    let began = Instant::now();
    let mut within = db.transaction()?;
    let into = within.copy_in("COPY bare FROM STDIN BINARY")?;
    let mut writer = BinaryCopyInWriter::new(into, &[Type::BYTEA, Type::BYTEA, Type::BYTEA]);
    for (header, salt, payload) in rows {
        writer.write(&[header, salt, payload])?;
    }
    writer.finish()?;
    within.commit()?;
    let inserted = began.elapsed();
    let began = Instant::now();
    let mut bytes = Vec::new();
    db.copy_out("COPY bare TO STDOUT BINARY")?.read_to_end(&mut bytes)?;
    std::io::sink().write_all(&bytes)?;
    // Each of its fields has a length before it.
    all_there(bytes.len() - 21 - rows.len() * 14, rows)?;
    Ok(Bare { inserted, read: began.elapsed() })
}

/// What was read is what was written.
fn all_there(bytes: usize, rows: &[Row]) -> Outcome<()> {
    let written: usize = rows.iter().map(|(a, b, c)| a.len() + b.len() + c.len()).sum();
    if bytes == written { Ok(()) } else { Err(format!("{bytes} bytes of {written}").into()) }
}
