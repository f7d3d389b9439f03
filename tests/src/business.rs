//! A business with a hub and several desks: real stores, a real hub on either engine, real TCP and
//! TLS between them, and a line that can be cut.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use punchcard_hub::{
    Clock, Hub, Weak,
    backup::Verified,
    http::{self, Running, Tls},
    restore,
    store::{self, tables},
};
use punchcard_protocol::{StoreId, StreamId, TillId};
use punchcard_till::{
    Actor, Durability, Error, KeyPlace, Options, Result, RewardInput, Till,
    sync::{Line, join},
    views::{MemberInput, PairInput},
};
use tempfile::TempDir;

use crate::{NOON, PIN, cluster, id, set_up};

/// Which database the hub has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// The embedded default.
    Sqlite,
    /// A real cluster, started for the tests.
    Postgres,
}

/// Runs each story on both engines.
#[macro_export]
macro_rules! on_both_engines {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[test] fn $name() { super::$name($crate::business::Engine::Sqlite); })*
        }
        mod postgres {
            $(#[test] fn $name() { super::$name($crate::business::Engine::Postgres); })*
        }
    };
}

/// A business: its hub, and where its tills live.
pub struct Business {
    /// The hub.
    pub hub: Arc<Hub>,
    /// Its database's address.
    pub database: String,
    /// What every clock says: Unix ms.
    pub clock: Arc<AtomicI64>,
    dir: TempDir,
    running: Option<Running>,
    addr: SocketAddr,
}

/// A copy of a hub's database.
pub enum Copied {
    /// The file.
    File(Vec<u8>),
    /// The address of another database.
    Database(String),
}

/// One desk of it.
pub struct Desk {
    /// Its data folder.
    pub folder: PathBuf,
    /// How it is opened.
    pub options: Options,
    till: Option<Arc<Till>>,
    line: Option<Line>,
}

fn database(engine: Engine, dir: &TempDir) -> String {
    match engine {
        Engine::Sqlite => format!("sqlite:{}", dir.path().join("hub.db").display()),
        Engine::Postgres => cluster::shared().fresh_database(),
    }
}

fn open_hub(database: &str, clock: &Arc<AtomicI64>) -> Arc<Hub> {
    let told = clock.clone();
    let store = store::open(database).expect("the engine is there");
    let clock = Arc::new(move || told.load(Ordering::SeqCst));
    Arc::new(Hub::open(store, clock).expect("a hub"))
}

fn serve(hub: &Arc<Hub>, addr: SocketAddr) -> Running {
    let options = http::Options {
        listen: addr,
        tls: Tls::Auto,
        metrics_any: false,
        enrol_per_minute: 10_000,
    };
    http::serve(hub.clone(), options).expect("it serves")
}

/// Puts backups into a database; returns the digest over its folded tables.
///
/// # Errors
/// What `restore` says.
pub fn restored_into(database: &str, backups: &Verified) -> punchcard_hub::Result<String> {
    let store = store::open(database)?;
    let clock: Clock = Arc::new(|| NOON);
    restore(&store, backups, &clock)?;
    let mut session = store.read()?;
    Ok(tables::whole(&mut *session)?.to_string())
}

/// Forgets where a database lies, and how far it was.
fn forget_place(database: &str) {
    let forget = "DELETE FROM secret WHERE name = 'place'";
    if let Some(path) = database.strip_prefix("sqlite:") {
        let _ = std::fs::remove_file(format!("{path}-seen"));
        let db = rusqlite::Connection::open(path).expect("there");
        db.execute(forget, []).expect("a table");
    } else {
        let client = postgres::Client::connect(database, postgres::NoTls);
        client.expect("it answers").execute(forget, &[]).expect("a table");
    }
}

impl Business {
    /// A business whose hub has nothing yet.
    pub fn new(engine: Engine) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let clock = Arc::new(AtomicI64::new(NOON));
        let database = database(engine, &dir);
        let hub = open_hub(&database, &clock);
        let running = serve(&hub, SocketAddr::from(([127, 0, 0, 1], 0)));
        let addr = running.addr();
        Self { hub, database, clock, dir, running: Some(running), addr }
    }

    /// A business with its first desk, whose business the hub has now.
    pub fn with_desk(engine: Engine) -> (Self, Desk) {
        Self::new(engine).opened()
    }

    /// The same, in a database of somebody's own.
    pub fn with_desk_in(database: String) -> (Self, Desk) {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let clock = Arc::new(AtomicI64::new(NOON));
        let hub = open_hub(&database, &clock);
        let running = serve(&hub, SocketAddr::from(([127, 0, 0, 1], 0)));
        let addr = running.addr();
        Self { hub, database, clock, dir, running: Some(running), addr }.opened()
    }

    fn opened(self) -> (Self, Desk) {
        let business = self;
        let folder = business.folder("first");
        let options = business.options();
        let till = Arc::new(Till::create(&folder, &set_up(), &options).expect("a new shop"));
        let desk = Desk::of(folder, options, till);
        let code = business.code(None);
        desk.line().pair(&desk.owner(), &business.input(&code, "静安 1")).expect("it pairs");
        desk.sync();
        (business, desk)
    }

    /// Another desk, at a store of its own or at `store`.
    pub fn desk(&self, name: &str, store: Option<StoreId>) -> Desk {
        let store = store
            .unwrap_or_else(|| self.hub.add_store(name, "Asia/Shanghai").expect("a new branch"));
        let folder = self.folder(name);
        let options = self.options();
        let code = self.code(Some(store));
        let till = join(&folder, &self.input(&code, name), PIN, &options).expect("it joins");
        Desk::of(folder, options, Arc::new(till))
    }

    /// A pairing code.
    pub fn code(&self, store: Option<StoreId>) -> String {
        self.hub.pair(store).expect("a code").0.shown()
    }

    /// What a person types to pair.
    pub fn input(&self, code: &str, till: &str) -> PairInput {
        PairInput { hub: self.url(), code: code.into(), till: till.into() }
    }

    /// The hub's address.
    pub fn url(&self) -> String {
        format!("https://{}", self.addr)
    }

    /// A folder for a till.
    pub fn folder(&self, name: &str) -> PathBuf {
        self.dir.path().join(format!("till-{name}"))
    }

    /// How tills are opened.
    pub fn options(&self) -> Options {
        let told = self.clock.clone();
        Options {
            keys: KeyPlace::File,
            clock: Arc::new(move || told.load(Ordering::SeqCst)),
            durability: Durability::Full,
            anchored: true,
            most_pages: None,
            ..Options::default()
        }
    }

    /// The network cable is pulled.
    pub fn cut(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop();
        }
    }

    /// And put back.
    pub fn mend(&mut self) {
        self.running = Some(serve(&self.hub, self.addr));
    }

    /// The hub is stopped, and started again on what lies in its database.
    pub fn restart_hub(&mut self) {
        self.cut();
        self.hub = open_hub(&self.database, &self.clock);
        self.mend();
    }

    /// The hub goes without a defence from now on.
    pub fn weaken(&mut self, weak: Weak) {
        self.cut();
        self.close_hub();
        let told = self.clock.clone();
        let store = store::open(&self.database).expect("the engine is there");
        let clock = Arc::new(move || told.load(Ordering::SeqCst));
        self.hub = Arc::new(Hub::open_without(store, clock, weak).expect("a hub"));
        self.mend();
    }

    /// Pulls are answered by a server that follows the database, where it has followed far enough.
    pub fn read_from(&mut self, replica: &str) {
        self.cut();
        self.close_hub();
        let told = self.clock.clone();
        let store = store::open(&self.database).expect("the engine is there");
        let clock = Arc::new(move || told.load(Ordering::SeqCst));
        let replica = store::open_replica(replica).expect("an address");
        self.hub = Arc::new(Hub::open(store, clock).expect("a hub").reading_from(replica));
        self.mend();
    }

    /// This hub answers at another one's address from now on.
    pub fn move_to(&mut self, other: &Self) {
        self.cut();
        self.addr = other.addr;
        self.mend();
    }

    /// A copy of the hub's database as it is now.
    pub fn snapshot_of_database(&mut self) -> Copied {
        self.cut();
        self.close_hub();
        let copied = match self.database.strip_prefix("sqlite:") {
            Some(path) => {
                let copy = self.dir.path().join("copy.db");
                let _ = std::fs::remove_file(&copy);
                let db = rusqlite::Connection::open(path).expect("there");
                db.execute("VACUUM INTO ?1", [copy.display().to_string()]).expect("room");
                Copied::File(std::fs::read(copy).expect("just written"))
            }
            None => Copied::Database(cluster::shared().copy_of(&self.database)),
        };
        self.restart_hub();
        copied
    }

    /// The hub is restored from an older copy.
    pub fn put_database_back(&mut self, copied: Copied) {
        self.put_in_place(copied);
        self.restart_hub();
    }

    /// The same, with all that lies beside the database: nothing at the hub tells that it is older.
    pub fn roll_back_whole(&mut self, copied: Copied) {
        self.put_in_place(copied);
        forget_place(&self.database);
        self.restart_hub();
    }

    /// A second hub on a copy of this one's database, with the same keys and at the same address:
    /// nothing at it tells that it is a copy. It answers nobody until [`Business::mend`].
    #[must_use]
    pub fn twin(&self, copied: Copied) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let database = match copied {
            Copied::File(bytes) => {
                let path = dir.path().join("hub.db");
                let mut file = std::fs::File::create(&path).expect("room");
                std::io::Write::write_all(&mut file, &bytes).expect("room");
                format!("sqlite:{}", path.display())
            }
            Copied::Database(url) => url,
        };
        forget_place(&database);
        let (clock, addr) = (self.clock.clone(), self.addr);
        let hub = open_hub(&database, &clock);
        Self { hub, database, clock, dir, running: None, addr }
    }

    fn put_in_place(&mut self, copied: Copied) {
        self.cut();
        self.close_hub();
        match copied {
            Copied::File(bytes) => {
                let path = self.database.trim_start_matches("sqlite:").to_owned();
                for ending in ["-wal", "-shm"] {
                    let _ = std::fs::remove_file(format!("{path}{ending}"));
                }
                let mut file = std::fs::File::create(path).expect("room");
                std::io::Write::write_all(&mut file, &bytes).expect("room");
            }
            Copied::Database(url) => self.database = url,
        }
    }

    /// The hub and its database are gone; a new one, with keys of its own, answers in its place.
    pub fn lose_hub(&mut self, engine: Engine) {
        self.cut();
        self.close_hub();
        self.database = match engine {
            Engine::Sqlite => format!("sqlite:{}", self.dir.path().join("anew.db").display()),
            Engine::Postgres => cluster::shared().fresh_database(),
        };
        self.restart_hub();
    }

    /// The hub's database is gone; what backups hold is put into a new one, and a hub is started on
    /// that. Returns the digest over the folded tables as they were put back.
    pub fn restore_hub(&mut self, engine: Engine, backups: &Verified) -> String {
        self.cut();
        self.close_hub();
        let name = format!("restored-{}.db", self.clock.load(Ordering::SeqCst));
        self.database = match engine {
            Engine::Sqlite => format!("sqlite:{}", self.dir.path().join(name).display()),
            Engine::Postgres => cluster::shared().fresh_database(),
        };
        let digest = restored_into(&self.database, backups).expect("it is empty");
        self.restart_hub();
        digest
    }

    /// Which life of the hub it is.
    pub fn epoch(&self) -> u32 {
        self.hub.hello().expect("the database answers").epoch
    }

    /// Lets go of the database: the hub in its place has one in memory of its own.
    fn close_hub(&mut self) {
        let place = self.dir.path().join("nothing.db");
        self.hub = open_hub(&format!("sqlite:{}", place.display()), &self.clock);
    }

    /// The clock goes on.
    pub fn pass(&self, ms: i64) {
        self.clock.fetch_add(ms, Ordering::SeqCst);
    }

    /// The till of a name.
    pub fn till(&self, name: &str) -> TillId {
        let tills = self.hub.tills().expect("the database answers");
        tills.iter().find(|till| till.name == name).expect("it was paired").till
    }

    /// Everybody holds the same, and everything holds together.
    pub fn same_everywhere(&self, desks: &[&Desk]) {
        for _ in 0..3 {
            for desk in desks {
                desk.sync();
            }
        }
        let hub = self.hub.digest().expect("the database answers");
        for desk in desks {
            let (whole, tables) = desk.till().digest().expect("it can be read");
            for ((name, ours), (_, theirs)) in tables.iter().zip(&hub.1) {
                assert_eq!(ours, theirs, "the table {name} of {}", desk.folder.display());
            }
            assert_eq!(whole, hub.0);
            desk.verify();
        }
        let found = self.hub.verify().expect("the database answers");
        assert!(found.ok, "{:?}", found.problems);
    }
}

impl Desk {
    /// A desk of a till that is there.
    pub fn of(folder: PathBuf, options: Options, till: Arc<Till>) -> Self {
        let line = Line::quiet(till.clone());
        Self { folder, options, till: Some(till), line: Some(line) }
    }

    /// The till.
    pub fn till(&self) -> &Till {
        self.till.as_deref().expect("open until it is closed")
    }

    /// The till, to share.
    pub fn shared(&self) -> Arc<Till> {
        self.till.clone().expect("open until it is closed")
    }

    /// The line.
    pub fn line(&self) -> &Line {
        self.line.as_ref().expect("open until it is closed")
    }

    /// The owner.
    pub fn owner(&self) -> Actor {
        self.till().owner().expect("there is an owner")
    }

    /// Closes the till.
    pub fn close(&mut self) {
        self.line = None;
        self.till = None;
    }

    /// Closes and opens the till.
    pub fn reopen(&mut self) {
        self.close();
        let till = Arc::new(Till::open(&self.folder, &self.options).expect("it opens again"));
        self.line = Some(Line::quiet(till.clone()));
        self.till = Some(till);
    }

    /// Syncs; it goes through.
    pub fn sync(&self) {
        self.try_sync().expect("the hub answers");
    }

    /// Syncs.
    ///
    /// # Errors
    /// What sync says.
    pub fn try_sync(&self) -> Result<()> {
        self.line().sync_now()
    }

    /// The code of what sync is refused with.
    pub fn refused(&self) -> &'static str {
        self.try_sync().expect_err("it is refused").code()
    }

    /// Registers a member; `n` makes phone and card.
    pub fn member(&self, name: &str, n: u32) -> String {
        let input = MemberInput {
            name: name.into(),
            phone: format!("138{n:08}"),
            cards: vec![format!("{}", 10_000_000 + n)],
            ..MemberInput::default()
        };
        let view = self.till().register_member(&self.owner(), input).expect("a new member");
        view.brief.id
    }

    /// Sets a reward; returns its id.
    pub fn reward(&self, name: &str, cost: i64) -> String {
        let input = RewardInput {
            id: None,
            name: name.into(),
            cost,
            minor_per_point: 1,
            active: true,
            terms: None,
        };
        let all = self.till().save_reward(&self.owner(), input).expect("a reward");
        let found = all.into_iter().find(|reward| reward.name == name).expect("just set");
        found.id.expect("it has one")
    }

    /// Gives points for an amount; returns the fact.
    pub fn earn(&self, member: &str, amount: &str) -> String {
        self.till().earn(&self.owner(), id(member), amount).expect("an amount").fact
    }

    /// Redeems; returns the fact.
    ///
    /// # Errors
    /// What the rules say.
    pub fn redeem(&self, member: &str, reward: &str, on_trust: bool) -> Result<String> {
        let input = punchcard_till::RedeemInput {
            member: id(member),
            reward: id(reward),
            points: None,
            on_trust,
        };
        Ok(self.till().redeem(&self.owner(), input)?.fact)
    }

    /// On file, spendable here, and owed.
    pub fn points(&self, member: &str) -> (i64, i64, i64) {
        let points = self.till().member(&self.owner(), id(member)).expect("a member").points;
        (points.on_file, points.spendable_here, points.debt)
    }

    /// Checks that everything holds.
    pub fn verify(&self) {
        let found = self.till().verify().expect("it can be read");
        assert!(found.ok, "{:?}", found.problems);
    }

    /// The codes of what sync has told.
    pub fn notices(&self) -> Vec<String> {
        let view = self.till().sync_view(&self.owner(), self.line().view()).expect("a page");
        view.notices.into_iter().map(|notice| notice.code).collect()
    }

    /// The journal that is being written.
    pub fn stream(&self) -> StreamId {
        let newest = self.till().parcels().expect("it can be read");
        let me = newest.first().expect("it has begun").entry.check().expect("whole").stream.till;
        let lives = newest.iter().map(|parcel| parcel.entry.check().expect("whole").stream);
        lives.filter(|stream| stream.till == me).max().expect("it has begun")
    }

    /// The code of an error.
    pub fn code<T>(outcome: Result<T>) -> &'static str {
        outcome.map_or_else(|error: Error| error.code(), |_| "ok")
    }
}
