//! Connections that are used again.

use std::{
    collections::HashMap,
    error::Error as _,
    mem,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use ::postgres::{Client, Config, Statement};

use super::line::Line;
use crate::error::{Error, Result};

/// The most connections one hub has; PostgreSQL allows 100 to all its clients, unless set
/// otherwise.
const MOST: usize = 16;
/// How long a connection is waited for while all are in use.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a server may take to answer a new connection.
const CONNECT: Duration = Duration::from_secs(10);
/// After how long without an answer a connection counts as lost.
const SILENCE: Duration = Duration::from_secs(30);

/// How long anything waits, so that neither a hub that hangs nor a lost network holds the row
/// under which positions are given out.
pub const LIMITS: &str =
    "SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '60s'";

/// What the server must be set to, as this connection sees it.
const SETTINGS: &str = "SELECT current_setting('fsync'), current_setting('synchronous_commit'), \
    current_setting('server_encoding')";

/// A connection, and the statements prepared on it.
pub struct Connection {
    client: Client,
    prepared: HashMap<String, Statement>,
    /// Where it leads, once somebody asked: a server that another one takes over from ends it.
    place: Option<String>,
}

impl Connection {
    fn open(line: &Line, config: &Config, place: &str) -> Result<Self> {
        let mut client = line.connect(config).map_err(|error| {
            Error::Database(format!("{place} cannot be reached: {}", reason(&error)))
        })?;
        check_settings(&mut client)?;
        client.batch_execute(LIMITS).map_err(told)?;
        Ok(Self { client, prepared: HashMap::new(), place: None })
    }

    /// The connection itself.
    pub fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    /// Where it leads; asked once.
    pub fn place(&mut self, ask: impl FnOnce(&mut Client) -> Result<String>) -> Result<String> {
        if let Some(place) = &self.place {
            return Ok(place.clone());
        }
        let place = ask(&mut self.client)?;
        Ok(self.place.insert(place).clone())
    }

    /// Prepares a statement, once. The texts are constants of this program, so there are only so
    /// many of them.
    pub fn prepare(&mut self, sql: &str) -> Result<Statement> {
        if let Some(statement) = self.prepared.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql).map_err(told)?;
        self.prepared.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

/// Tills delete nothing that is not durable here, so a commit must be on the disk when it is
/// confirmed.
fn check_settings(client: &mut Client) -> Result<()> {
    let row = client.query_one(SETTINGS, &[]).map_err(told)?;
    let setting = |at: usize| row.try_get::<_, String>(at).map_err(told);
    let (fsync, commit, encoding) = (setting(0)?, setting(1)?, setting(2)?);
    let wrong = |what: String| Err(Error::Usage(format!("PostgreSQL is set up with {what}")));
    if fsync != "on" {
        return wrong(
            "fsync = off: it would lose or break data with the power; set it to on".into(),
        );
    }
    if matches!(commit.as_str(), "off" | "local") {
        return wrong(format!(
            "synchronous_commit = {commit}: it would confirm what can still be lost; set it to on"
        ));
    }
    if encoding != "UTF8" {
        return wrong(format!("a database in {encoding}: make one with ENCODING 'UTF8'"));
    }
    Ok(())
}

/// What went wrong, for the log: the client's own errors name only the kind, the cause is below.
pub fn told(error: ::postgres::Error) -> Error {
    match error.as_db_error() {
        Some(_) => error.into(),
        None => Error::Database(reason(&error)),
    }
}

fn reason(error: &::postgres::Error) -> String {
    match (error.as_db_error(), error.source()) {
        (Some(db), _) => db.message().to_owned(),
        (None, Some(cause)) => format!("{error}: {cause}"),
        (None, None) => error.to_string(),
    }
}

/// All connections of one hub to its database. They are made when they are needed.
pub struct Pool {
    line: Line,
    config: Config,
    place: String,
    state: Mutex<State>,
    given_back: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Connection>,
    /// Idle ones and those in use.
    open: usize,
}

impl Pool {
    /// A pool without connections yet.
    pub fn new(line: Line, mut config: Config, place: &str) -> Self {
        // What the address says itself stays.
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(SILENCE);
        }
        if config.get_application_name().is_none() {
            config.application_name("punchcard-hub");
        }
        config.keepalives_idle(SILENCE);
        Self {
            line,
            config,
            place: place.to_owned(),
            state: Mutex::default(),
            given_back: Condvar::new(),
        }
    }

    /// Takes a connection: one that is there, or a new one; where all are in use, it waits.
    pub fn take(&self) -> Result<Lease<'_>> {
        let none_left = |state: &mut State| state.idle.is_empty() && state.open >= MOST;
        let (mut state, _) = self
            .given_back
            .wait_timeout_while(self.lock(), PATIENCE, none_left)
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(connection) = state.idle.pop() {
            return Ok(Lease { pool: self, connection: Some(connection), new: false });
        }
        if state.open >= MOST {
            return Err(Error::Database(format!("all {MOST} connections are in use")));
        }
        state.open += 1;
        drop(state);
        // From here on the lease gives the place back, also where connecting fails.
        let mut lease = Lease { pool: self, connection: None, new: true };
        lease.connection = Some(Connection::open(&self.line, &self.config, &self.place)?);
        Ok(lease)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pool {
    /// Closing a connection blocks, which async code must not; a store may be dropped there.
    fn drop(&mut self) {
        let idle = mem::take(&mut self.lock().idle);
        if let Ok(closing) = thread::Builder::new().spawn(move || drop(idle)) {
            drop(closing.join());
        }
    }
}

/// A connection that is out of the pool, and goes back when this is dropped.
pub struct Lease<'a> {
    pool: &'a Pool,
    connection: Option<Connection>,
    new: bool,
}

impl Lease<'_> {
    /// The connection.
    pub fn connection(&mut self) -> Result<&mut Connection> {
        self.connection
            .as_mut()
            .ok_or_else(|| Error::Database("the connection to PostgreSQL is lost".into()))
    }

    /// Was it made just now?
    pub fn is_new(&self) -> bool {
        self.new
    }

    /// Closes it instead of giving it back.
    pub fn discard(&mut self) {
        self.connection = None;
    }

    /// Forgets what is prepared: a statement from before a change of the schema would fail again
    /// and again.
    pub fn forget_prepared(&mut self) {
        if let Some(connection) = &mut self.connection {
            connection.prepared.clear();
        }
    }

    /// Rolls back; returns whether the connection still lives. One that does not is not given
    /// back.
    pub fn roll_back(&mut self) -> bool {
        let Some(connection) = &mut self.connection else { return false };
        let alive = connection.client.batch_execute("ROLLBACK").is_ok();
        if !alive {
            self.discard();
        }
        alive
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.lock();
        match self.connection.take() {
            Some(connection) => state.idle.push(connection),
            None => state.open -= 1,
        }
        drop(state);
        self.pool.given_back.notify_one();
    }
}
