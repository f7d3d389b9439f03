//! What must hold after every run (I1 to I7 of the design). First everybody's line is good for a
//! while; then what everybody holds is compared, and added up by the oracle.

use std::collections::{BTreeMap, BTreeSet};

use punchcard_domain::fact::about;
use punchcard_hub::store::{Datum, Store};
use punchcard_protocol::{Header, StreamId, hash_header};
use punchcard_till::Error;
use serde_json::Value;

use super::{
    oracle::{Book, Raw},
    steps::CALLS,
    world::World,
};
use crate::MINUTE;

/// So many syncs of each till, and everybody holds the same: liveness, I7.
const ROUNDS: usize = 24;

/// Entries by their place, with their hash.
type Places = BTreeMap<(StreamId, u64), [u8; 32]>;

/// What does not hold, in sentences.
pub struct Findings(Vec<String>);

impl Findings {
    fn expect(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.0.push(what());
        }
    }
}

/// Heals the fleet and checks it.
pub fn check(world: &mut World<'_>) -> Vec<String> {
    let mut findings = Findings(std::mem::take(&mut world.wrong));
    let whole = heal(world, &mut findings);
    if findings.0.is_empty() {
        let log = Log::read(world.store());
        same_everywhere(world, &whole, &log, &mut findings);
        erased_is_gone(world, &whole, &mut findings);
        told_is_there(world, &log, &mut findings);
        adds_up(world, &log, &mut findings);
    }
    findings.0
}

/// Every line is good, and everybody syncs until nothing changes. Returns which machines the hub
/// still knows.
fn heal(world: &mut World<'_>, findings: &mut Findings) -> Vec<usize> {
    world.shared.plan([super::steps::Fault::None; CALLS], None, None);
    super::ground::seed_step(world.seed, u64::MAX);
    world.shared.deliver();
    let mut before = None;
    for _ in 0..ROUNDS {
        world.shared.pass(MINUTE);
        let outcomes: Vec<Result<(), Error>> =
            world.machines.iter().map(|machine| machine.line().sync_now()).collect();
        findings.0.extend(world.shared.wrong());
        let position = world.hub().figures().map_or(0, |figures| figures.entries);
        let whole: Vec<usize> = (0..outcomes.len()).filter(|n| outcomes[*n].is_ok()).collect();
        if before == Some((position, whole.clone())) {
            for (n, outcome) in outcomes.iter().enumerate() {
                sent_away(world, n, outcome, findings);
            }
            for n in &whole {
                quiet(world, *n, findings);
            }
            return whole;
        }
        before = Some((position, whole));
    }
    let last = last_said(world);
    findings.0.push(format!(
        "after {ROUNDS} rounds there is still something to say: {before:?}, at last {last:?}"
    ));
    Vec::new()
}

/// The newest entries at the hub: whose, and of which kind.
fn last_said(world: &World<'_>) -> Vec<String> {
    let mut session = world.store().read().expect("it answers");
    let sql = "SELECT header, payload FROM log ORDER BY position DESC LIMIT 4";
    let rows = session.rows(sql, &[]).expect("it answers");
    let told = |header: &[u8], payload: &[u8]| {
        let header = Header::from_bytes(header).expect("whole");
        format!("{}: {} {}", header.stream, header.kind, String::from_utf8_lossy(payload))
    };
    rows.iter()
        .map(|row| told(row[0].bytes().expect("bytes"), row[1].bytes().expect("bytes")))
        .collect()
}

/// Whoever cannot sync was sent away by a manager, and says so.
fn sent_away(world: &World<'_>, n: usize, outcome: &Result<(), Error>, findings: &mut Findings) {
    let Err(error) = outcome else { return };
    let excused = world.excused.contains(&world.machines[n].family);
    findings.expect(excused && error.code() == "device_revoked", || {
        format!("machine {n} cannot sync: {} ({error})", error.code())
    });
}

/// I7: nothing waits, and the desk trusts itself again.
fn quiet(world: &World<'_>, n: usize, findings: &mut Findings) {
    let machine = &world.machines[n];
    let status = machine.till().status(None).expect("it can be read");
    findings.expect(status.unsynced == 0, || {
        format!("machine {n} still has {} entries to push", status.unsynced)
    });
    findings.expect(status.distrust.is_none(), || {
        format!("machine {n} distrusts itself: {:?}", status.distrust)
    });
}

/// The hub's log, as it lies there.
struct Log {
    entries: Vec<Raw>,
    places: Places,
    positions: Vec<i64>,
    /// Facts in what was refused and kept, and in what was kept back.
    aside: BTreeSet<String>,
    accounts: BTreeMap<(String, String, String, String), i64>,
    debts: BTreeMap<(String, String), i64>,
    voids: BTreeMap<String, String>,
    takeovers: BTreeSet<(String, String)>,
    gave_back: BTreeSet<(String, String)>,
}

fn uuid(datum: &Datum) -> String {
    let bytes: [u8; 16] = datum.exactly().unwrap_or([0; 16]);
    if datum.bytes().is_ok_and(<[u8]>::is_empty) {
        return String::new();
    }
    uuid::Uuid::from_bytes(bytes).to_string()
}

fn stream(datum: &Datum) -> String {
    datum.stream().map(|stream| stream.to_string()).unwrap_or_default()
}

/// The ids of all facts that the hub holds.
pub fn facts_at_hub(store: &dyn Store) -> BTreeSet<String> {
    let mut session = store.read().expect("it answers");
    let rows = session.rows("SELECT payload FROM log", &[]).expect("it answers");
    rows.iter().filter_map(|row| fact_id(row[0].bytes().ok()?)).collect()
}

/// The id of the fact that a payload tells.
pub fn fact_id(payload: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(payload).ok()?;
    Some(body["id"].as_str()?.to_owned())
}

impl Log {
    fn read(store: &dyn Store) -> Self {
        let mut session = store.read().expect("it answers");
        let mut ask = |sql: &str| session.rows(sql, &[]).expect("it answers");
        let (mut entries, mut places, mut positions) = (Vec::new(), Places::new(), Vec::new());
        let mut aside = BTreeSet::new();
        for row in ask("SELECT position, header, payload, kept_back FROM log ORDER BY position") {
            let (header, payload) =
                (row[1].bytes().expect("bytes"), row[2].bytes().expect("bytes"));
            positions.push(row[0].int().expect("a number"));
            if row[3].int().expect("a number") != 0 {
                aside.extend(fact_id(payload));
                continue;
            }
            let hash = hash_header(header).0;
            let header = Header::from_bytes(header).expect("whole");
            places.insert((header.stream, header.seq), hash);
            let body = serde_json::from_slice(payload).expect("JSON");
            entries.push(Raw { stream: header.stream.to_string(), kind: header.kind, body });
        }
        for row in ask("SELECT body FROM quarantine") {
            let push: Value = serde_json::from_slice(row[0].bytes().expect("bytes")).expect("JSON");
            let packets = push["packets"].as_array().into_iter().flatten();
            aside.extend(
                packets.filter_map(|packet| fact_id(packet["payload"].as_str()?.as_bytes())),
            );
        }
        let accounts = ask("SELECT member, lot, account, stream, amount FROM account");
        let accounts = accounts.iter().filter_map(|row| {
            let names = ["issued", "till", "spent", "pool", "expired"];
            let kind = usize::try_from(row[2].int().ok()?).ok()?;
            let key = (uuid(&row[0]), uuid(&row[1]), names[kind].to_owned(), stream(&row[3]));
            let amount = row[4].int().ok()?;
            (amount != 0).then_some((key, amount))
        });
        let accounts = accounts.collect();
        let debts = ask("SELECT member, stream, amount FROM debt WHERE amount <> 0");
        let debts =
            debts.iter().map(|row| ((uuid(&row[0]), stream(&row[1])), row[2].int().unwrap_or(0)));
        let debts = debts.collect();
        let voids = ask("SELECT target, by FROM void");
        let voids = voids.iter().map(|row| (uuid(&row[0]), uuid(&row[1]))).collect();
        let takeovers = ask("SELECT from_stream, to_stream FROM takeover");
        let takeovers = takeovers.iter().map(|row| (stream(&row[0]), stream(&row[1]))).collect();
        let gave_back = ask("SELECT lot, stream FROM gave_back");
        let gave_back = gave_back.iter().map(|row| (uuid(&row[0]), stream(&row[1]))).collect();
        Self { entries, places, positions, aside, accounts, debts, voids, takeovers, gave_back }
    }
}

/// I2, I5, I6: the same entries, the same tables, chains that hold, positions without a gap.
fn same_everywhere(world: &World<'_>, whole: &[usize], log: &Log, findings: &mut Findings) {
    let report = world.hub().verify().expect("it answers");
    findings.expect(report.ok || below_zero_only(&report.problems), || {
        format!("the hub does not hold together: {:?}", report.problems)
    });
    let gaps = log.positions.iter().zip(1..).any(|(position, n)| *position != n);
    findings.expect(!gaps, || "positions have gaps".into());
    let (digest, tables) = world.hub().digest().expect("it answers");
    for n in whole {
        let till = world.machines[*n].till();
        let held: Places = till
            .parcels()
            .expect("it can be read")
            .iter()
            .map(|parcel| {
                let header = Header::from_bytes(&parcel.entry.header).expect("whole");
                ((header.stream, header.seq), parcel.entry.hash().0)
            })
            .collect();
        let missing = log.places.iter().find(|(place, hash)| held.get(place) != Some(hash));
        findings.expect(missing.is_none(), || {
            format!("machine {n} lacks {:?}", missing.map(|(place, _)| place))
        });
        let more = held.keys().find(|place| !log.places.contains_key(place));
        findings.expect(more.is_none(), || format!("machine {n} has {more:?}, the hub has not"));
        let (own, own_tables) = till.digest().expect("it can be read");
        let pairs = own_tables.iter().zip(&tables);
        let other = pairs.filter(|((_, ours), (_, theirs))| ours != theirs);
        let other: Vec<&str> = other.map(|((name, _), _)| *name).collect();
        findings.expect(own == digest, || format!("machine {n} has other tables: {other:?}"));
        let found = till.verify().expect("it can be read");
        findings.expect(found.ok || below_zero_only(&found.problems), || {
            format!("machine {n} does not hold together: {:?}", found.problems)
        });
    }
}

/// Whoever was erased has no private part left, at the hub or at a till, in whatever order everything
/// came.
fn erased_is_gone(world: &World<'_>, whole: &[usize], findings: &mut Findings) {
    let mut session = world.store().read().expect("it answers");
    let mut ask = |sql: &str| session.rows(sql, &[]).expect("it answers");
    let erased: BTreeSet<String> =
        ask("SELECT member FROM erased").iter().map(|row| uuid(&row[0])).collect();
    let theirs =
        |payload: &[u8]| about(payload).is_some_and(|member| erased.contains(&member.to_string()));
    let sql = "SELECT l.payload FROM log l JOIN private_part p ON p.position = l.position";
    let left = ask(sql).iter().filter(|row| theirs(row[0].bytes().expect("bytes"))).count();
    findings.expect(left == 0, || format!("the hub holds {left} parts of who was erased"));
    for n in whole {
        let parcels = world.machines[*n].till().parcels().expect("it can be read");
        let left = parcels.iter().filter(|one| one.private.is_some() && theirs(&one.entry.payload));
        let left = left.count();
        findings.expect(left == 0, || format!("machine {n} holds {left} parts of who was erased"));
    }
}

/// An account below zero is the oracle's to judge: it may be excused.
fn below_zero_only(problems: &[String]) -> bool {
    problems.iter().all(|problem| problem.contains("below zero"))
}

/// I1: what was told is there, once; or aside, where a till was given up or rolled back; or lost
/// with a disk, and then nowhere.
fn told_is_there(world: &World<'_>, log: &Log, findings: &mut Findings) {
    let mut there: BTreeMap<&str, u32> = BTreeMap::new();
    for entry in &log.entries {
        *there.entry(entry.body["id"].as_str().unwrap_or_default()).or_insert(0) += 1;
    }
    let twice = there.iter().find(|(_, times)| **times > 1);
    findings.expect(twice.is_none(), || format!("a fact is there twice: {twice:?}"));
    for told in &world.told {
        let family = world.machines[told.machine].family;
        let excused = world.excused.contains(&family);
        let here = there.contains_key(told.fact.as_str());
        let aside = log.aside.contains(&told.fact) && excused;
        findings.expect(here || aside || told.lost, || {
            let place = if log.aside.contains(&told.fact) { "set aside" } else { "nowhere" };
            format!("{} was told at machine {}, and is {place}", told.fact, told.machine)
        });
    }
}

/// I3, I4, I5: the oracle's tables are the hub's; nothing is below zero and nobody spent more than
/// they were given, but where a till was given up or rolled back, and then its name is said.
fn adds_up(world: &World<'_>, log: &Log, findings: &mut Findings) {
    let book = Book::of(&log.entries);
    findings.expect(book.accounts == log.accounts, || {
        format!("other accounts than the oracle's: {:?}", differs(&book.accounts, &log.accounts))
    });
    findings.expect(book.debts == log.debts, || {
        format!("other debts than the oracle's: {:?}", differs(&book.debts, &log.debts))
    });
    findings.expect(book.voids == log.voids, || {
        format!("other voids than the oracle's: {:?}", differs(&book.voids, &log.voids))
    });
    findings.expect(book.takeovers == log.takeovers, || "other takeovers than the oracle's".into());
    findings
        .expect(book.gave_back == log.gave_back, || "others gave back than the oracle says".into());
    let uneven = book.uneven();
    findings.expect(uneven.is_empty(), || format!("lots do not add up: {uneven:?}"));
    let inbox = world.hub().inbox().expect("it answers");
    let named = |till: &str, code: &str| {
        inbox.iter().any(|line| line.code == code && line.args["till"] == till)
    };
    for (whose, amount) in book.below_zero() {
        let till = whose.split('/').next().unwrap_or_default();
        let excused = world.excused.iter().any(|family| world.till_of(*family).to_string() == till);
        findings.expect(excused && named(till, "overdrawn"), || {
            format!(
                "an account of {whose} is {amount}: excused {excused}, said {}",
                named(till, "overdrawn")
            )
        });
    }
    let over = book.overspent();
    findings.expect(over.is_empty() || !world.excused.is_empty(), || {
        format!("spent more than was given: {over:?}")
    });
}

fn differs<K: Ord + std::fmt::Debug, V: PartialEq + std::fmt::Debug>(
    ours: &BTreeMap<K, V>,
    theirs: &BTreeMap<K, V>,
) -> Vec<String> {
    let keys: BTreeSet<&K> = ours.keys().chain(theirs.keys()).collect();
    let other = keys.into_iter().filter(|key| ours.get(key) != theirs.get(key));
    other
        .take(4)
        .map(|key| format!("{key:?}: {:?}, {:?}", ours.get(key), theirs.get(key)))
        .collect()
}
