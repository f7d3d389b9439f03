//! Facts go to a real NATS JetStream: all of them, once, in the order of the log, whoever is killed; and
//! no push waits for it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use punchcard_hub::{
    Hub, Weak,
    outlet::{self, Publishing},
    store::{self, Datum, Store},
};
use punchcard_tests::{
    business::{Business, Engine},
    cluster,
    nats::{Messages, Nats, PASSWORD, copy},
    on_both_engines,
    processes::HubProgram,
};
use tempfile::TempDir;

/// How long facts may take to arrive, on a machine that is busy.
const PATIENCE: Duration = Duration::from_mins(1);

on_both_engines!(
    facts_arrive_in_order_and_once_and_name_nobody,
    nats_is_killed_again_and_again_and_pushes_go_on,
    what_nats_acknowledged_and_lost_is_published_again,
    a_hub_that_dies_before_the_cursor_moved_publishes_nothing_twice,
    a_hub_that_was_put_back_confuses_no_two_facts,
    without_acknowledgements_facts_are_lost,
);

fn publish(hub: &Arc<Hub>, nats: &Nats) -> Publishing {
    // What it has to complain about is shown where the test fails.
    let shown =
        tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::WARN);
    drop(shown.with_test_writer().try_init());
    let to = outlet::Nats::new(&nats.url(), None, None, None).expect("an address");
    Publishing::begin(hub.clone(), to).expect("a thread")
}

/// Hashes of the entries that are to be published, in the order of the log.
fn log(database: &str) -> Vec<String> {
    let sql = "SELECT hash FROM log WHERE kept_back = 0 ORDER BY position";
    let text = |row: &Vec<Datum>| row[0].hash().expect("a hash").to_string();
    asked(&*opened(database), sql).iter().map(text).collect()
}

fn opened(database: &str) -> Arc<dyn Store> {
    store::open(database).expect("the engine is there")
}

fn asked(store: &dyn Store, sql: &str) -> Vec<Vec<Datum>> {
    store.read().expect("a transaction").rows(sql, &[]).expect("an answer")
}

fn number(store: &dyn Store, sql: &str) -> u64 {
    asked(store, sql).first().map_or(0, |row| row[0].count().expect("a number"))
}

fn length(store: &dyn Store) -> u64 {
    number(store, "SELECT position FROM hub")
}

fn cursor(store: &dyn Store) -> u64 {
    number(store, "SELECT position FROM outlet")
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        thread::sleep(Duration::from_millis(50));
    }
}

fn ids(messages: &Messages) -> Vec<String> {
    messages.iter().map(|message| message.id.clone()).collect()
}

/// Waits until the stream has as much as the log; then it has the same, in the same order, once.
fn the_stream_is_the_log(nats: &Nats, database: &str) -> Messages {
    let (expected, store) = (log(database), opened(database));
    until("everything arrives", || nats.count() >= expected.len() as u64);
    // What would come twice would come now.
    until("the cursor follows", || cursor(&*store) >= length(&*store));
    let messages = nats.messages();
    assert_eq!(ids(&messages), expected, "the stream is the log");
    messages
}

fn facts_arrive_in_order_and_once_and_name_nobody(engine: Engine) {
    let nats = Nats::start();
    let (business, desk) = Business::with_desk(engine);
    let before = log(&business.database).len();
    assert!(before > 5, "there was a history before anybody published it: {before}");
    let publishing = publish(&business.hub, &nats);
    let member = desk.member("孙悟空", 4_471);
    for amount in ["20", "30", "40"] {
        desk.earn(&member, amount);
        desk.sync();
    }
    let messages = the_stream_is_the_log(&nats, &business.database);
    assert_eq!(business.hub.figures().expect("figures").unpublished, 0);
    drop(publishing);

    let sql = "SELECT position, stream, seq, payload FROM log ORDER BY position";
    let rows = asked(&*opened(&business.database), sql);
    for (message, row) in messages.iter().zip(&rows) {
        let body = &message.body;
        assert_eq!(body["position"], row[0].int().expect("a number"));
        assert_eq!(body["stream"], row[1].stream().expect("a stream").to_string());
        assert_eq!(body["seq"], row[2].int().expect("a number"));
        assert_eq!(body["entry"], message.id);
        assert_eq!(body["epoch"], 1);
        let payload = std::str::from_utf8(row[3].bytes().expect("bytes")).expect("text");
        assert!(message.text.ends_with(&format!("\"payload\":{payload}}}")), "byte by byte");
        assert_eq!(body["fact"], body["payload"]["id"]);
        assert_eq!(
            message.subject,
            format!("punchcard.facts.{}", body["kind"].as_str().expect("a name"))
        );
        // Whole numbers: a few digits stand in an id by chance.
        for secret in ["孙悟空", "13800004471", "10004471", "陈店主"] {
            assert!(!message.text.contains(secret), "{secret} is in {}", message.text);
        }
    }
    let of_member = |kind: &str| {
        let all = messages.iter().filter(|message| message.body["kind"] == kind);
        all.filter(|message| message.body["member"] == member.as_str()).count()
    };
    assert_eq!((of_member("member_registered"), of_member("points_earned")), (1, 3));
}

fn nats_is_killed_again_and_again_and_pushes_go_on(engine: Engine) {
    let mut nats = Nats::start();
    let (business, desk) = Business::with_desk(engine);
    let _publishing = publish(&business.hub, &nats);
    let member = desk.member("沙悟净", 12);
    let store = opened(&business.database);
    let (stop, slowest) = (AtomicBool::new(false), std::sync::Mutex::new(Duration::ZERO));
    thread::scope(|scope| {
        let pushing = scope.spawn(|| {
            let mut pushes = 0;
            while !stop.load(Ordering::SeqCst) {
                desk.earn(&member, "10");
                let began = Instant::now();
                desk.sync();
                let mut slowest = slowest.lock().expect("whole");
                *slowest = (*slowest).max(began.elapsed());
                pushes += 1;
            }
            pushes
        });
        for round in 0..4 {
            let had = nats.count();
            until("some arrive", || nats.count() > had + 3);
            // At once, and in the middle of whatever it does; or after it has been silent for a while.
            if round % 2 == 1 {
                nats.freeze();
                thread::sleep(Duration::from_millis(700));
            }
            nats.kill();
            let behind = length(&*store);
            until("pushes go on without NATS", || length(&*store) > behind + 10);
            let waits = business.hub.figures().expect("figures").unpublished;
            assert!(waits > 5, "what waits is counted: {waits}");
            nats.start_again();
        }
        stop.store(true, Ordering::SeqCst);
        let pushes = pushing.join().expect("every push was taken in");
        let slowest = *slowest.lock().expect("whole");
        println!("{engine:?}: {pushes} pushes under 4 kills, the slowest took {slowest:?}");
    });
    the_stream_is_the_log(&nats, &business.database);
}

fn what_nats_acknowledged_and_lost_is_published_again(engine: Engine) {
    let mut nats = Nats::start();
    let (business, desk) = Business::with_desk(engine);
    let _publishing = publish(&business.hub, &nats);
    the_stream_is_the_log(&nats, &business.database);
    let older = tempfile::tempdir().expect("a temporary folder");
    nats.kill();
    copy(&nats.data(), &older.path().join("data"));
    nats.start_again();
    let member = desk.member("猪八戒", 13);
    desk.earn(&member, "10");
    desk.sync();
    let acknowledged = the_stream_is_the_log(&nats, &business.database).len();

    // Its machine lost power: it had not synced what it acknowledged.
    nats.kill();
    std::fs::remove_dir_all(nats.data()).expect("there");
    copy(&older.path().join("data"), &nats.data());
    nats.start_again();
    until("it is given again", || nats.count() >= acknowledged as u64);
    the_stream_is_the_log(&nats, &business.database);

    // All of it is gone.
    nats.kill();
    std::fs::remove_dir_all(nats.data()).expect("there");
    nats.start_again();
    the_stream_is_the_log(&nats, &business.database);
}

/// A hub of its own process, on either engine.
struct Running {
    hub: HubProgram,
    dir: TempDir,
}

impl Drop for Running {
    fn drop(&mut self) {
        if thread::panicking() {
            println!("{}", self.hub.logged());
        }
    }
}

fn running(engine: Engine, nats: &Nats) -> Running {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let database = match engine {
        Engine::Sqlite => format!("sqlite:{}", dir.path().join("hub.db").display()),
        Engine::Postgres => cluster::shared().fresh_database(),
    };
    let mut hub = HubProgram::new(database, dir.path());
    hub.set("NATS_URL", nats.url());
    // Whoever asks for everything is not told the password either.
    hub.set("PUNCHCARD_HUB_LOG", "trace,async_nats=trace");
    hub.start();
    Running { hub, dir }
}

fn add_stores(hub: &HubProgram, names: std::ops::Range<u32>) {
    for number in names {
        let (status, said) = hub.ask(&["store", "add", &format!("店 {number}")]);
        assert_eq!(status, 0, "{said}");
    }
}

/// The cursor can be moved, or not.
fn hold_cursor(database: &str, held: bool) {
    if let Some(path) = database.strip_prefix("sqlite:") {
        let sql = if held {
            "CREATE TRIGGER held BEFORE UPDATE OF position ON outlet
             WHEN NEW.position <> OLD.position BEGIN SELECT RAISE(ABORT, 'held'); END"
        } else {
            "DROP TRIGGER held"
        };
        let db = rusqlite::Connection::open(path).expect("there");
        db.busy_timeout(Duration::from_secs(5)).expect("set");
        db.execute_batch(sql).expect("a trigger");
    } else {
        let sql = if held {
            "CREATE OR REPLACE FUNCTION held() RETURNS trigger LANGUAGE plpgsql
               AS $$ BEGIN RAISE EXCEPTION 'held'; END $$;
             CREATE TRIGGER held BEFORE UPDATE OF position ON outlet FOR EACH ROW
               WHEN (NEW.position <> OLD.position) EXECUTE FUNCTION held()"
        } else {
            "DROP TRIGGER held ON outlet"
        };
        let client = ::postgres::Client::connect(database, ::postgres::NoTls);
        client.expect("it answers").batch_execute(sql).expect("a trigger");
    }
}

fn a_hub_that_dies_before_the_cursor_moved_publishes_nothing_twice(engine: Engine) {
    let nats = Nats::start();
    // NATS itself notices nothing that comes twice after a tenth of a second.
    nats.make_stream(100);
    let mut running = running(engine, &nats);
    let hub = &mut running.hub;
    let store = opened(&hub.database);
    add_stores(hub, 0..5);
    let before = the_stream_is_the_log(&nats, &hub.database).len() as u64;
    for round in 0..2 {
        hold_cursor(&hub.database, true);
        let (moved, first) = (cursor(&*store), 10 * (round + 1));
        add_stores(hub, first..first + 5);
        let all = length(&*store);
        until("they are published", || nats.count() >= all);
        assert_eq!(cursor(&*store), moved, "and the cursor has not moved");
        assert!(moved < all && all > before);
        hub.kill();
        hold_cursor(&hub.database, false);
        thread::sleep(Duration::from_millis(200));
        hub.start();
        the_stream_is_the_log(&nats, &hub.database);
    }
    let logged = hub.logged();
    assert!(logged.contains("facts are published"), "{logged}");
    for secret in [PASSWORD, "Qzxjv"] {
        assert!(!logged.contains(secret), "{secret} is in the log");
    }
}

fn a_hub_that_was_put_back_confuses_no_two_facts(engine: Engine) {
    let nats = Nats::start();
    let (mut business, desk) = Business::with_desk(engine);
    let member = desk.member("白龙马", 14);
    desk.sync();
    let publishing = publish(&business.hub, &nats);
    the_stream_is_the_log(&nats, &business.database);
    drop(publishing);
    let older = business.snapshot_of_database();
    let publishing = publish(&business.hub, &nats);
    for amount in ["10", "11", "12", "13"] {
        desk.earn(&member, amount);
    }
    desk.sync();
    let lost = the_stream_is_the_log(&nats, &business.database).len();
    drop(publishing);
    business.put_database_back(older);
    assert!(log(&business.database).len() < lost);
    let publishing = publish(&business.hub, &nats);
    // At the positions of what was lost the hub says something of its own first.
    business.hub.add_store("花果山", "Asia/Shanghai").expect("a new branch");
    desk.earn(&member, "20");
    for _ in 0..3 {
        desk.sync();
    }
    let now = log(&business.database);
    until("what is new arrives", || {
        let there = ids(&nats.messages());
        now.iter().all(|entry| there.contains(entry))
    });
    let store = opened(&business.database);
    until("the cursor follows", || cursor(&*store) >= length(&*store));
    let messages = nats.messages();
    let mut once = ids(&messages);
    once.sort();
    once.dedup();
    assert_eq!(once.len(), messages.len(), "what it had already is not there twice");
    let epochs: Vec<i64> = messages.iter().filter_map(|one| one.body["epoch"].as_i64()).collect();
    assert!(epochs.is_sorted() && epochs.last() > epochs.first(), "and whoever reads is told");
    drop(publishing);
}

/// NATS falls silent, and dies with what was sent to it meanwhile. Returns how many facts there are,
/// and how many of them the stream has when the hub believes that it has all.
fn silent_then_killed(engine: Engine, weak: Weak) -> (usize, usize) {
    let mut nats = Nats::start();
    let (mut business, desk) = Business::with_desk(engine);
    business.weaken(weak);
    let _publishing = publish(&business.hub, &nats);
    until("the history arrives", || nats.count() >= log(&business.database).len() as u64);
    nats.freeze();
    let member = desk.member("红孩儿", 15);
    desk.earn(&member, "10");
    desk.sync();
    // Time enough to be sent.
    thread::sleep(Duration::from_millis(1500));
    nats.kill();
    nats.start_again();
    desk.earn(&member, "20");
    desk.sync();
    let all = log(&business.database);
    until("it believes that all is there", || {
        let waits = business.hub.figures().expect("figures").unpublished;
        waits == 0 && nats.messages().last().map(|last| &last.id) == all.last()
    });
    (all.len(), nats.messages().len())
}

fn without_acknowledgements_facts_are_lost(engine: Engine) {
    let (all, there) = silent_then_killed(engine, Weak::default());
    assert_eq!(there, all, "nothing is lost");
    let (all, there) = silent_then_killed(engine, Weak { unacknowledged: true, ..Weak::default() });
    println!("{engine:?}: without acknowledgements {} of {all} facts are lost", all - there);
    assert!(there < all, "a cursor that moves before the acknowledgement loses facts");
}

#[test]
fn of_several_hubs_each_fact_is_published_once() {
    let nats = Nats::start();
    // What is sent twice is there twice, after a tenth of a second.
    nats.make_stream(100);
    let mut running = running(Engine::Postgres, &nats);
    let mut second = HubProgram::new(running.hub.database.clone(), running.dir.path());
    let first = &mut running.hub;
    second.set("NATS_URL", nats.url());
    second.start();
    add_stores(first, 0..10);
    add_stores(&second, 10..20);
    the_stream_is_the_log(&nats, &first.database);

    // Whoever's turn it is dies: the other goes on.
    first.kill();
    add_stores(&second, 20..25);
    the_stream_is_the_log(&nats, &second.database);
    first.start();
    add_stores(first, 25..30);
    second.kill();
    add_stores(first, 30..35);
    the_stream_is_the_log(&nats, &first.database);

    // One is not dead but asleep, and wakes up when it is another one's turn.
    second.start();
    add_stores(&second, 35..40);
    the_stream_is_the_log(&nats, &first.database);
    let asleep = first.pid().expect("it serves").to_string();
    let signal = |name: &str| {
        let sent = std::process::Command::new("kill").args([name, &asleep]).status();
        assert!(sent.expect("kill").success());
    };
    signal("-STOP");
    add_stores(&second, 40..45);
    the_stream_is_the_log(&nats, &first.database);
    signal("-CONT");
    add_stores(&second, 45..60);
    let all = the_stream_is_the_log(&nats, &first.database).len();
    println!("{all} facts, each once");
}

/// The file that NATS's own tools write, over TLS whose authority is nobody the system knows; and neither
/// without the other.
#[test]
fn a_credentials_file_and_an_authority_of_ones_own_open_the_door() {
    let nats = Nats::start_guarded();
    let (credentials, authority) = nats.guarded_by();
    let mut running = running(Engine::Sqlite, &nats);
    let hub = &mut running.hub;
    let turned_away = |hub: &HubProgram, why: &str| {
        let before = nats.count();
        until(why, || hub.logged().contains(why));
        add_stores(hub, 0..1);
        assert_eq!(nats.count(), before, "nothing is published");
    };
    turned_away(hub, "UnknownIssuer");

    hub.kill();
    hub.set("PUNCHCARD_HUB_NATS_CA", authority.display().to_string());
    hub.start();
    turned_away(hub, "authorization violation");

    hub.kill();
    hub.set("PUNCHCARD_HUB_NATS_CREDS", credentials.display().to_string());
    hub.start();
    add_stores(hub, 1..4);
    the_stream_is_the_log(&nats, &hub.database);

    // A file that another house was given.
    hub.kill();
    let others = Nats::start_guarded();
    hub.set("PUNCHCARD_HUB_NATS_CREDS", others.guarded_by().0.display().to_string());
    let before = hub.logged().len();
    hub.start();
    until("it is turned away", || hub.logged()[before..].contains("authorization violation"));

    // Neither the JWT nor the key is in the log.
    let logged = hub.logged();
    for line in std::fs::read_to_string(credentials).expect("there").lines() {
        assert!(line.starts_with('-') || line.is_empty() || !logged.contains(line), "{line}");
    }
}
