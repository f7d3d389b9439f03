//! A fresh till joins a business of a million members: a process of its own, over real TLS, beside
//! the hub on the same machine, on both engines. Beside it the limit: the rows that it was sent,
//! written bare into plain SQLite tables without keys, indexes, encryption or a disk to wait for.
//!
//! The SQLite hub is filled once, through its own ingest, and kept in the cache folder (some minutes,
//! some 3 GB); PostgreSQL is filled anew each time. `PUNCHCARD_BENCH_MEMBERS` makes it smaller,
//! `PUNCHCARD_BENCH_ENGINE` (`sqlite`, `postgres`) leaves the other engine out.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use punchcard_benches::{
    MILLION, Outcome, PIN,
    desk::{Desk, first_stream},
    folder, open_hub, options, ratio, seconds, serve,
};
use punchcard_hub::{Hub, http::Running};
use punchcard_protocol::{
    Value,
    sync::{PageHead, SnapshotQuery},
};
use punchcard_tests::cluster;
use punchcard_till::{Till, sync::join, views::PairInput};
use rusqlite::types::ValueRef;

/// Hub's address, code and folder of the till that this process is to make.
const CHILD: &str = "PUNCHCARD_BENCH_JOIN";

fn main() -> Outcome<()> {
    if let Ok(told) = env::var(CHILD) {
        return child(&told);
    }
    let only = env::var("PUNCHCARD_BENCH_ENGINE").unwrap_or_default();
    let members = members();
    if only != "postgres" {
        let path = folder().with_file_name(format!("hub-{members}.db"));
        measure("SQLite", &kept_hub(&path, members)?)?;
    }
    if only != "sqlite" {
        let hub = open_hub(&cluster::shared().fresh_database())?;
        fill(&hub, members)?;
        measure("PostgreSQL", &hub)?;
    }
    Ok(())
}

fn members() -> u32 {
    env::var("PUNCHCARD_BENCH_MEMBERS").ok().and_then(|n| n.parse().ok()).unwrap_or(MILLION)
}

/// The hub that is kept between runs, made where it is not there yet.
fn kept_hub(path: &Path, members: u32) -> Outcome<Arc<Hub>> {
    let done = path.with_extension("complete");
    let database = format!("sqlite:{}", path.display());
    if done.exists() {
        return open_hub(&database);
    }
    fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    for ending in ["", "-wal", "-shm"] {
        drop(fs::remove_file(format!("{}{ending}", path.display())));
    }
    let hub = open_hub(&database)?;
    fill(&hub, members)?;
    fs::File::create(done)?;
    Ok(hub)
}

// ── The measurement ──────────────────────────────────────────────────────────────────────────────

fn measure(engine: &str, hub: &Arc<Hub>) -> Outcome<()> {
    let serving = serve(hub)?;
    let place = tempfile::tempdir()?;
    let till = place.path().join("till");
    let took = joined(hub, &serving, &till)?;
    let limit = bare(hub)?;
    serving.stop();
    println!("{engine}: {} members", members());
    println!("     the rows bare, {:>9} of them   {:>7}", limit.rows, seconds(limit.took));
    println!("     the till joins                  {:>7}", seconds(took.joining));
    println!("     ratio                           {:>7}", ratio(took.joining, limit.took));
    println!("     of the processors: till {}, hub {}", seconds(took.till), seconds(took.hub));
    println!("     at most in the till's memory    {:>4} MiB", took.peak_kib / 1024);
    let fast = took.joining <= Duration::from_mins(1);
    println!("{} at most 60 s for a million", if fast { "ok  " } else { "SLOW" });
    compare(hub, &till)
}

struct Took {
    joining: Duration,
    /// Time on the processors, of both of them.
    till: Duration,
    hub: Duration,
    peak_kib: u64,
}

/// A process that does nothing but join: what it needs in memory is its own.
fn joined(hub: &Arc<Hub>, serving: &Running, till: &Path) -> Outcome<Took> {
    let store = hub.add_store("二店", "Asia/Shanghai")?;
    let (code, _) = hub.pair(Some(store))?;
    let told = format!("https://{}\n{}\n{}", serving.addr(), code.shown(), till.display());
    let before = processor()?;
    let output = Command::new(env::current_exe()?).env(CHILD, told).output()?;
    let hub = processor()?.saturating_sub(before);
    let text = String::from_utf8_lossy(&output.stdout);
    let figures: Vec<u64> = text.lines().filter_map(|line| line.parse().ok()).collect();
    let [joining, till, peak_kib] = figures[..] else {
        return Err(format!("{text}{}", String::from_utf8_lossy(&output.stderr)).into());
    };
    let ms = Duration::from_millis;
    Ok(Took { joining: ms(joining), till: ms(till), hub, peak_kib })
}

/// What this process has had of the processors so far.
fn processor() -> Outcome<Duration> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let (_, rest) = stat.rsplit_once(") ").ok_or("a name")?;
    let ticks: Vec<u64> = rest.split(' ').skip(11).take(2).flat_map(str::parse).collect();
    // Linux counts in hundredths of a second, whatever it does inside.
    Ok(Duration::from_millis(ticks.iter().sum::<u64>() * 10))
}

fn child(told: &str) -> Outcome<()> {
    let mut told = told.lines().map(str::to_owned);
    let mut next = || told.next().ok_or("address, code and folder");
    let input = PairInput { hub: next()?, code: next()?, till: "新机".into() };
    let folder = PathBuf::from(next()?);
    let began = Instant::now();
    let till = join(&folder, &input, PIN, &options())?;
    println!("{}", began.elapsed().as_millis());
    println!("{}", processor()?.as_millis());
    drop(till);
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    println!("{}", peak.unwrap_or_default().trim().trim_end_matches(" kB"));
    Ok(())
}

/// Both hold the same.
fn compare(hub: &Hub, till: &Path) -> Outcome<()> {
    let till = Till::open(till, &options())?;
    if till.digest()?.0 != hub.digest()?.0 {
        return Err("the till's tables are not the hub's".into());
    }
    Ok(())
}

// ── The limit ────────────────────────────────────────────────────────────────────────────────────

struct Bare {
    rows: u64,
    took: Duration,
}

/// Writes the rows of a snapshot as they are: only the writing is counted.
fn bare(hub: &Hub) -> Outcome<Bare> {
    let stream = first_stream();
    let manifest = hub.manifest(stream)?;
    let place = tempfile::tempdir()?;
    let db = rusqlite::Connection::open(place.path().join("bare.db"))?;
    db.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN")?;
    let mut bare = Bare { rows: 0, took: Duration::ZERO };
    for page in 0.. {
        let bytes = hub.page(stream, &SnapshotQuery { id: manifest.id, page })?;
        let (length, rest) = bytes.split_first_chunk::<4>().ok_or("a page")?;
        let (head, rows) = rest.split_at(u32::from_be_bytes(*length) as usize);
        let head: PageHead = serde_json::from_slice(head)?;
        if head.table.is_empty() {
            break;
        }
        let began = Instant::now();
        bare.rows += write(&db, &head.table, rows)?;
        bare.took += began.elapsed();
    }
    let began = Instant::now();
    db.execute_batch("COMMIT")?;
    bare.took += began.elapsed();
    Ok(bare)
}

/// How many values a row of each table has.
const WIDTHS: &[(&str, usize)] = &[
    ("fact", 12),
    ("void", 2),
    ("member", 24),
    ("card_state", 5),
    ("record", 5),
    ("pass", 8),
    ("pass_change", 4),
    ("account", 8),
    ("debt", 5),
    ("takeover", 4),
    ("merge", 4),
    ("take_back", 4),
    ("gave_back", 3),
    ("frozen", 4),
    ("earned", 4),
    ("pending", 2),
    ("erased", 2),
    ("redemption", 3),
];

fn write(db: &rusqlite::Connection, table: &str, mut rest: &[u8]) -> Outcome<u64> {
    let (_, width) = WIDTHS.iter().find(|(name, _)| *name == table).ok_or("a table")?;
    let columns: Vec<String> = (1..=*width).map(|n| format!("c{n}")).collect();
    db.execute_batch(&format!("CREATE TABLE IF NOT EXISTS \"{table}\" ({})", columns.join(", ")))?;
    let places = vec!["?"; *width].join(", ");
    let mut insert = db.prepare_cached(&format!("INSERT INTO \"{table}\" VALUES ({places})"))?;
    let mut rows = 0;
    while !rest.is_empty() {
        for place in 1..=*width {
            let value = Value::read(&mut rest).ok_or("a value")?;
            insert
                .raw_bind_parameter(place, rusqlite::types::ToSqlOutput::Borrowed(shown(value)))?;
        }
        insert.raw_execute()?;
        rows += 1;
    }
    Ok(rows)
}

fn shown(value: Value<'_>) -> ValueRef<'_> {
    match value {
        Value::Null => ValueRef::Null,
        Value::Integer(number) => ValueRef::Integer(number),
        Value::Text(bytes) => ValueRef::Text(bytes),
        Value::Blob(bytes) => ValueRef::Blob(bytes),
    }
}

// ── The business ─────────────────────────────────────────────────────────────────────────────────

/// The first till's whole journal: a file for each member, and every second file changed later, in no
/// order.
fn fill(hub: &Hub, members: u32) -> Outcome<()> {
    let began = Instant::now();
    let mut desk = Desk::first(hub)?;
    let mut ids = Vec::new();
    for n in 0..members {
        ids.push(desk.register(n)?);
        desk.send(hub)?;
    }
    for _ in 0..members / 2 {
        let at = usize::try_from(desk.dice.below(u64::from(members)))?;
        desk.change(ids[at])?;
        desk.send(hub)?;
    }
    desk.close();
    desk.send(hub)?;
    println!("a hub with {members} members, made in {}", seconds(began.elapsed()));
    Ok(())
}
