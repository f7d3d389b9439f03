//! PostgreSQL's primary is killed under load, its replica takes over, and the hub goes on with it, as the
//! same process: nothing that was acknowledged is lost, nothing is there twice.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use postgres::{Client, NoTls};
use punchcard_hub::{Hub, Weak};
use punchcard_protocol::StreamId;
use punchcard_tests::{
    business::{Business, Desk},
    cluster::{self, Cluster},
};

use crate::writers::Writer;

/// Who writes while the primary is killed.
const WRITERS: u8 = 4;
/// How long a desk tries until somebody answers.
const PATIENCE: Duration = Duration::from_mins(1);

/// A primary, its replica, and a business in a database of both.
struct Pair {
    primary: Cluster,
    replica: Cluster,
    name: String,
    url: String,
}

impl Pair {
    fn start() -> Self {
        let primary = Cluster::start();
        let replica = primary.replica();
        let url = primary.fresh_database();
        let name = url.rsplit('/').next().expect("an address ends in a name").to_owned();
        let url = cluster::url_of_either(&[&primary, &replica], &name);
        Self { primary, replica, name, url }
    }

    /// The primary confirms a commit only once the replica has it on its disk.
    fn in_step(self) -> Self {
        let mut admin = self.primary.admin();
        for step in ["ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()"]
        {
            admin.batch_execute(step).expect("it may");
        }
        let sql = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
        until("the replica is in step", || {
            admin.query_one(sql, &[]).is_ok_and(|row| row.get::<_, i64>(0) == 1)
        });
        self
    }

    /// The replica hears of nothing any more.
    fn cut_off(&self) {
        let mut admin = self.replica.admin();
        for step in ["ALTER SYSTEM SET primary_conninfo = ''", "SELECT pg_reload_conf()"] {
            admin.batch_execute(step).expect("it may");
        }
        let sql = "SELECT count(*) FROM pg_stat_wal_receiver";
        until("it hears of nothing", || {
            admin.query_one(sql, &[]).is_ok_and(|row| row.get::<_, i64>(0) == 0)
        });
    }

    /// What the replica has of a journal: how many entries, and the newest.
    fn has(&self, stream: StreamId) -> (i64, i64) {
        let mut client =
            Client::connect(&self.replica.url_of(&self.name), NoTls).expect("it answers");
        let sql = "SELECT count(*), coalesce(max(seq), 0) FROM log WHERE stream = $1";
        let row = client.query_one(sql, &[&stream.to_bytes().as_slice()]).expect("an answer");
        (row.get(0), row.get(1))
    }
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        thread::sleep(Duration::from_millis(50));
    }
}

fn synced(desk: &Desk) {
    until("a sync goes through", || desk.try_sync().is_ok());
}

/// Pushes until it fails; the newest place that was acknowledged.
fn push_on(mut writer: Writer, hub: &Hub, stop: &AtomicBool) -> (StreamId, u64, u32) {
    let (mut acked, mut times) = (0, 0);
    while !stop.load(Ordering::SeqCst) {
        match writer.push(hub) {
            Ok(seq) => (acked, times) = (seq, times + 1),
            Err(_) => break,
        }
    }
    (writer.stream(), acked, times)
}

#[test]
fn what_a_replica_in_step_had_to_confirm_is_there_when_it_takes_over() {
    let pair = Pair::start().in_step();
    let (business, first) = Business::with_desk_in(pair.url.clone());
    let second = business.desk("滨江 2", None);
    let member = first.member("王堃", 1);
    business.same_everywhere(&[&first, &second]);
    let epoch = business.epoch();
    let writers: Vec<Writer> =
        (0..WRITERS).map(|n| Writer::join(&business.hub, n + 1, false)).collect();
    let stop = AtomicBool::new(false);
    let pushed: Vec<(StreamId, u64, u32)> = thread::scope(|scope| {
        let (hub, stop) = (&business.hub, &stop);
        let all: Vec<_> = writers
            .into_iter()
            .map(|writer| scope.spawn(move || push_on(writer, hub, stop)))
            .collect();
        for amount in ["1.00", "2.00", "4.00"] {
            first.earn(&member, amount);
            first.sync();
        }
        pair.primary.kill();
        stop.store(true, Ordering::SeqCst);
        // Nobody to speak to: the desk goes on.
        second.earn(&member, "8.00");
        assert!(first.try_sync().is_err());
        all.into_iter().map(|writer| writer.join().expect("it ends")).collect()
    });
    pair.replica.promote();
    for (stream, acked, times) in &pushed {
        let (entries, newest) = pair.has(*stream);
        assert!(*times > 0 && newest >= i64::try_from(*acked).expect("few"), "{acked} of {newest}");
        assert_eq!(entries, newest, "each once");
    }
    synced(&first);
    synced(&second);
    assert!(business.epoch() > epoch, "the hub saw that another server took over");
    business.same_everywhere(&[&first, &second]);
    for desk in [&first, &second] {
        assert_eq!(desk.points(&member).0, 15);
    }
    let told: u32 = pushed.iter().map(|(.., times)| times).sum();
    println!("{told} pushes of {WRITERS} writers were acknowledged before the kill; all are there");
}

/// A replica that lags lost what was acknowledged; the tills have it still, because nobody told them
/// that it is durable.
#[test]
fn what_a_replica_that_lags_lost_is_handed_over_again() {
    let pair = Pair::start();
    let (business, first) = Business::with_desk_in(pair.url.clone());
    let second = business.desk("滨江 2", None);
    let member = first.member("王堃", 1);
    first.earn(&member, "100.00");
    business.same_everywhere(&[&first, &second]);
    let epoch = business.epoch();
    let stream = first.stream();
    pair.cut_off();
    let (before, _) = pair.has(stream);
    first.earn(&member, "20.00");
    first.sync();
    assert_eq!(first.line().view().unsynced, 0, "acknowledged");
    pair.primary.kill();
    pair.replica.promote();
    assert_eq!(pair.has(stream), (before, before), "and lost");
    // Who comes first has not seen what was lost: the hub knows all the same.
    synced(&second);
    assert!(business.epoch() > epoch, "the hub saw that another server took over");
    assert_eq!(second.points(&member).0, 100);
    synced(&first);
    assert_eq!(pair.has(stream).0, before + 1, "handed over again, once");
    business.same_everywhere(&[&first, &second]);
    for desk in [&first, &second] {
        assert_eq!(desk.points(&member).0, 120);
    }
}

/// Who follows answers pulls, where it has followed far enough; else, and where it does not answer, whoever
/// is written to does.
#[test]
fn a_replica_answers_pulls_where_it_is_far_enough() {
    let pair = Pair::start().in_step();
    let (mut business, first) = Business::with_desk_in(pair.url.clone());
    let second = business.desk("滨江 2", None);
    let member = first.member("王堃", 1);
    business.same_everywhere(&[&first, &second]);
    business.read_from(&pair.replica.url_of(&pair.name));
    let mut asked = Client::connect(&pair.replica.url_of(&pair.name), NoTls).expect("it answers");
    let sql = "SELECT coalesce(seq_scan, 0) + coalesce(idx_scan, 0) FROM pg_stat_user_tables
               WHERE relname = 'log'";
    let mut scans =
        || asked.query_opt(sql, &[]).expect("an answer").map_or(0, |row| row.get::<_, i64>(0));
    let before = scans();
    first.earn(&member, "10.00");
    until("the replica is asked", || {
        first.sync();
        second.sync();
        scans() > before
    });
    assert_eq!(second.points(&member).0, 10);
    // One that hears of nothing is passed over.
    let mut admin = pair.primary.admin();
    for step in ["ALTER SYSTEM SET synchronous_standby_names = ''", "SELECT pg_reload_conf()"] {
        admin.batch_execute(step).expect("it may");
    }
    pair.cut_off();
    first.earn(&member, "20.00");
    first.sync();
    second.sync();
    assert_eq!(second.points(&member).0, 30, "it lags, and is not waited for");
    pair.replica.kill();
    first.earn(&member, "40.00");
    business.same_everywhere(&[&first, &second]);
    assert_eq!(second.points(&member).0, 70, "nor one that is dead");
}

/// The defence taken away: a hub that looks only when it starts goes on as if nothing were lost, until
/// somebody comes who has seen more.
#[test]
fn a_hub_that_does_not_look_gives_out_what_may_be_spent() {
    let pair = Pair::start();
    let (mut business, first) = Business::with_desk_in(pair.url.clone());
    business.weaken(Weak { takeover_unseen: true, ..Weak::default() });
    let second = business.desk("滨江 2", None);
    first.member("王堃", 1);
    business.same_everywhere(&[&first, &second]);
    let epoch = business.epoch();
    pair.primary.kill();
    pair.replica.promote();
    synced(&second);
    assert_eq!(business.epoch(), epoch);
}
