//! PostgreSQL, for a business with several hubs on one database.
//!
//! It is spoken to by the blocking face of its client: every use case of the hub runs on a thread
//! that may block. Nothing here may be called from async code.

mod line;
mod pool;
mod values;

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ::postgres::{
    Client, Config, SimpleQueryMessage, config::Host, fallible_iterator::FallibleIterator as _,
    types::ToSql,
};

use self::{
    line::{Authority, Line},
    pool::{Connection, Lease, Pool},
};
use super::{ByKey, Column, Datum, Insert, Row, Session, Store};
use crate::{
    error::{Error, Result},
    weak::Weak,
};

mod embedded {
    refinery::embed_migrations!("../../migrations/hub-postgres");
}

/// Begins a transaction that writes, and takes the one row under whose lock positions are given
/// out. Each statement then sees all that was committed before the lock was had.
///
/// Whatever is looked up while everybody waits has an index, and is to be looked up by it: a plan that was made
/// while a table was small reads all of it, and is kept when the table has grown. Compiling a plan takes longer than
/// any of them runs.
const BEGIN_WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; \
    SET LOCAL statement_timeout = '30s'; \
    SET LOCAL enable_seqscan = off; SET LOCAL jit = off; \
    SELECT one FROM hub WHERE one = 1 FOR UPDATE";

/// As [`BEGIN_WRITE`], without the lock: what a test takes away.
const BEGIN_UNLOCKED: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; \
    SET LOCAL statement_timeout = '30s'; \
    SELECT one FROM hub WHERE one = 1";

/// As [`BEGIN_WRITE`] in a database where that row is not there yet: the whole table is locked, so that of
/// two hubs that start at once only one makes it. What was taken before is let go first: two that
/// both hold the lock of an empty `FOR UPDATE` would wait for each other for ever.
const BEGIN_FIRST_WRITE: &str = "ROLLBACK; BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; \
    SET LOCAL statement_timeout = '30s'; \
    LOCK TABLE hub IN EXCLUSIVE MODE";

/// Begins a transaction that only reads. The moment it sees is that of its first statement, so
/// the first statement is now. It holds nobody up, and a till that begins reads as slowly as its
/// line is, so it has all the time there is; only one that is forgotten ends.
const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
    SET LOCAL statement_timeout = 0; \
    SET LOCAL idle_in_transaction_session_timeout = '30min'; \
    SELECT one FROM hub";

const WHICH_DATABASE: &str = "SELECT oid::text FROM pg_database WHERE datname = current_database()";
const MAY_ASK_CLUSTER: &str = "SELECT CASE WHEN
    has_function_privilege('pg_control_system()', 'EXECUTE')
    AND has_function_privilege('pg_control_checkpoint()', 'EXECUTE') THEN 'yes' ELSE 'no' END";
/// The time line as it is written just now: what a checkpoint says of it comes later.
const WHICH_CLUSTER: &str = "SELECT s.system_identifier || ', time line ' ||
    ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int
    FROM pg_control_system() s";

/// Under this number hubs that start at once bring the schema up to date one after the other:
/// `punchcard` as bytes, as far as they fit.
const MIGRATION_LOCK: i64 = 0x0070_756e_6368_6361;

/// Tables that hold, or held, what is personal.
const WITH_PERSONS: &[&str] =
    &["private_part", "member", "member_key", "card_state", "record", "quarantine"];

/// Who only answers has to be there within this; else whoever is written to is asked.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// How many rows go with one statement.
const ROWS_AT_ONCE: usize = 4_000;

/// A hub's database in PostgreSQL.
pub struct Postgres {
    pool: Pool,
    /// One writer at a time in this process too: those who wait for the row would otherwise hold
    /// all connections, and nobody could read.
    turn: Mutex<()>,
    place: String,
    begin_write: &'static str,
}

impl Postgres {
    /// Connects, and brings the schema up to date.
    ///
    /// # Errors
    /// [`Error::Usage`] where the address cannot be understood, or where the server is set to
    /// confirm what is not on its disk yet; [`Error::StoreNewer`]; those of the network.
    pub fn connect(url: &str) -> Result<Self> {
        Self::connect_without(url, Weak::default())
    }

    /// As [`Postgres::connect`], with what a test takes away.
    ///
    /// # Errors
    /// As [`Postgres::connect`].
    #[doc(hidden)]
    pub fn connect_without(url: &str, weak: Weak) -> Result<Self> {
        let begin_write =
            if weak.in_this_build().no_row_lock { BEGIN_UNLOCKED } else { BEGIN_WRITE };
        let (config, line) = understand(url)?;
        let place = place(&config);
        let pool = Pool::new(line, config, &place);
        let mut lease = pool.take()?;
        if let Err(error) = migrate(lease.connection()?.client()) {
            // Its lock goes with it.
            lease.discard();
            return Err(error);
        }
        drop(lease);
        Ok(Self { pool, turn: Mutex::new(()), place, begin_write })
    }

    /// A server that only answers: it has the schema of the one that it follows, and is spoken to when
    /// somebody asks.
    ///
    /// # Errors
    /// [`Error::Usage`] where the address cannot be understood.
    pub fn to_read(url: &str) -> Result<Self> {
        let (mut config, line) = understand(url)?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(ANSWERS_WITHIN);
        }
        let place = place(&config);
        let pool = Pool::new(line, config, &place);
        Ok(Self { pool, turn: Mutex::new(()), place, begin_write: BEGIN_WRITE })
    }

    /// A connection on which a transaction is begun, and whether `begin` found a row.
    ///
    /// One that was lost while it lay in the pool is noticed here, where nothing was done with it
    /// yet: the next is taken, and at last a new one.
    fn begin(&self, begin: &str) -> Result<(Lease<'_>, bool)> {
        loop {
            let mut lease = self.pool.take()?;
            match answered(lease.connection()?.client(), begin) {
                Ok(found) => return Ok((lease, found)),
                Err(error) => {
                    let alive = lease.roll_back();
                    if alive || lease.is_new() {
                        return Err(error);
                    }
                }
            }
        }
    }
}

impl Store for Postgres {
    fn write(&self) -> Result<Box<dyn Session + '_>> {
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let (lease, found) = self.begin(self.begin_write)?;
        let mut transaction = Transaction::new(lease, Some(turn));
        if !found {
            transaction.step(|connection| answered(connection.client(), BEGIN_FIRST_WRITE))?;
        }
        Ok(Box::new(transaction))
    }

    fn read(&self) -> Result<Box<dyn Session + '_>> {
        let (lease, _) = self.begin(BEGIN_READ)?;
        Ok(Box::new(Transaction::new(lease, None)))
    }

    fn scrub(&self) -> Result<()> {
        // In this process nobody waits for the locks with a connection in hand.
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lease = self.pool.take()?;
        let client = lease.connection()?.client();
        for table in WITH_PERSONS {
            let anew = format!("VACUUM (FULL, ANALYZE) {table}");
            client.batch_execute(&anew).map_err(pool::told)?;
        }
        // What the planner knew of their values. Only the database's owner may.
        if let Err(error) = client.batch_execute("VACUUM (FULL) pg_catalog.pg_statistic") {
            tracing::warn!(error = %pool::told(error), "the planner's statistics were not written anew");
        }
        Ok(())
    }

    fn describe(&self) -> String {
        self.place.clone()
    }

    /// A copy is another database, or in another cluster; a standby that took over has another time
    /// line, and may have lost what came last.
    fn place(&self) -> Result<String> {
        where_it_leads(self.pool.take()?.connection()?.client())
    }

    /// What lies outside is asked instead: see [`Store::place`].
    fn note_position(&self, _: u64, _: bool) {}

    fn noted_position(&self) -> Option<u64> {
        None
    }
}

fn where_it_leads(client: &mut Client) -> Result<String> {
    let told = |client: &mut Client, sql: &str| -> Result<String> {
        let row = client.query_one(sql, &[]).map_err(pool::told)?;
        row.try_get(0).map_err(pool::told)
    };
    let database = told(client, WHICH_DATABASE)?;
    if told(client, MAY_ASK_CLUSTER)? != "yes" {
        return Ok(format!("database {database}"));
    }
    Ok(format!("database {database} of {}", told(client, WHICH_CLUSTER)?))
}

/// Runs a batch; returns whether it answered with a row.
fn answered(client: &mut Client, batch: &str) -> Result<bool> {
    let messages = client.simple_query(batch).map_err(pool::told)?;
    Ok(messages.iter().any(|message| matches!(message, SimpleQueryMessage::Row(_))))
}

/// What an address says: whom to reach, and by which line.
fn understand(url: &str) -> Result<(Config, Line)> {
    let (url, authority) = Authority::take(url)?;
    let config: Config = url.parse().map_err(|error| {
        let reason = std::error::Error::source(&error).map(ToString::to_string);
        let reason = reason.unwrap_or_default();
        Error::Usage(format!("the address of the PostgreSQL database is not right: {reason}"))
    })?;
    if config.get_hosts().iter().any(|host| matches!(host, Host::Tcp(name) if name.contains('@'))) {
        return Err(Error::Usage("write an @ in the database's password as %40".into()));
    }
    if config.get_hosts().is_empty() {
        return Err(Error::Usage("the address of the PostgreSQL database names no host".into()));
    }
    let line = authority.line(&config)?;
    Ok((config, line))
}

/// Where it is, for people: neither user nor password.
fn place(config: &Config) -> String {
    let port = |at: usize| match config.get_ports() {
        [] => 5432,
        [one] => *one,
        many => many.get(at).copied().unwrap_or(5432),
    };
    let hosts = config.get_hosts().iter().enumerate().map(|(at, host)| match host {
        Host::Tcp(name) => format!("{name}:{}", port(at)),
        #[cfg(unix)]
        Host::Unix(path) => format!("{}:{}", path.display(), port(at)),
    });
    let hosts = hosts.collect::<Vec<_>>().join(", ");
    format!("PostgreSQL at {hosts}, database {}", config.get_dbname().unwrap_or("by default"))
}

fn migrate(client: &mut Client) -> Result<()> {
    // Another hub's migration may take longer than any other lock is waited for.
    let lock = format!("SET lock_timeout = 0; SELECT pg_advisory_lock({MIGRATION_LOCK})");
    client.batch_execute(&lock).map_err(pool::told)?;
    let runner = embedded::migrations::runner().set_grouped(true);
    let known = runner.get_migrations().iter().map(refinery::Migration::version).max().unwrap_or(0);
    let found = schema_of(client)?;
    if found > known {
        return Err(Error::StoreNewer);
    }
    if found < known {
        runner.run(client).map_err(|error| Error::Internal(error.to_string()))?;
    }
    let unlock = format!("SELECT pg_advisory_unlock({MIGRATION_LOCK})");
    client.batch_execute(&unlock).map_err(pool::told)?;
    client.batch_execute(pool::LIMITS).map_err(pool::told)
}

/// The schema a database has; 0: none yet.
fn schema_of(client: &mut Client) -> Result<i32> {
    if !answered(client, "SELECT 1 WHERE to_regclass('refinery_schema_history') IS NOT NULL")? {
        return Ok(0);
    }
    let newest = "SELECT coalesce(max(version), 0) FROM refinery_schema_history";
    client.query_one(newest, &[]).and_then(|row| row.try_get(0)).map_err(pool::told)
}

/// A transaction on a connection that is nobody else's until it ends.
struct Transaction<'a> {
    lease: Lease<'a>,
    open: bool,
    failed: bool,
    /// Let go last, when the connection is back in the pool.
    _turn: Option<MutexGuard<'a, ()>>,
}

impl<'a> Transaction<'a> {
    fn new(lease: Lease<'a>, turn: Option<MutexGuard<'a, ()>>) -> Self {
        Self { lease, open: true, failed: false, _turn: turn }
    }

    /// Runs a step. After one that failed nothing runs but the rollback: PostgreSQL would answer
    /// `COMMIT` with a rollback that looks like a success.
    fn step<T>(&mut self, run: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        if self.failed {
            return Err(Error::Internal("a transaction is used after it failed".into()));
        }
        let answer = self.lease.connection().and_then(run);
        self.failed = answer.is_err();
        answer
    }
}

impl Session for Transaction<'_> {
    fn execute(&mut self, sql: &str, params: &[Datum]) -> Result<u64> {
        self.step(|connection| {
            let statement = connection.prepare(sql)?;
            connection.client().execute(&statement, &by_reference(params)).map_err(pool::told)
        })
    }

    fn query(
        &mut self,
        sql: &str,
        params: &[Datum],
        each: &mut dyn FnMut(Row<'_>) -> Result<()>,
    ) -> Result<()> {
        self.step(|connection| answer(connection, sql, &by_reference(params), each))
    }

    /// One statement for thousands of rows, an array for each column. `ON CONFLICT DO UPDATE`
    /// cannot touch one row twice in one statement, so the keys must be distinct; both engines
    /// refuse others.
    fn insert(&mut self, insert: &Insert, rows: &[Vec<Datum>]) -> Result<()> {
        self.step(|connection| {
            if rows.is_empty() {
                return Ok(());
            }
            insert.check(rows)?;
            let statement = connection.prepare(&insert_many(insert))?;
            for rows in rows.chunks(ROWS_AT_ONCE) {
                let params = arrays(insert, rows);
                let params = by_reference(&params);
                connection.client().execute(&statement, &params).map_err(pool::told)?;
            }
            Ok(())
        })
    }

    fn query_keys(
        &mut self,
        ask: &ByKey,
        keys: &[Vec<u8>],
        more: &[Datum],
        each: &mut dyn FnMut(Row<'_>) -> Result<()>,
    ) -> Result<()> {
        self.step(|connection| match keys {
            [] => Ok(()),
            keys => {
                let mut params: Vec<&(dyn ToSql + Sync)> = vec![&keys];
                params.extend(by_reference(more));
                answer(connection, ask.many, &params, each)
            }
        })
    }

    fn place(&mut self) -> Result<Option<String>> {
        self.step(|connection| connection.place(where_it_leads)).map(Some)
    }

    fn commit(mut self: Box<Self>) -> Result<()> {
        self.step(|connection| connection.client().batch_execute("COMMIT").map_err(pool::told))?;
        self.open = false;
        Ok(())
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if self.failed {
            self.lease.forget_prepared();
        }
        if self.open {
            self.lease.roll_back();
        }
    }
}

/// Rows are handed on as they come, so a long answer is never in memory as a whole.
fn answer(
    connection: &mut Connection,
    sql: &str,
    params: &[&(dyn ToSql + Sync)],
    each: &mut dyn FnMut(Row<'_>) -> Result<()>,
) -> Result<()> {
    let statement = connection.prepare(sql)?;
    let params = params.iter().copied();
    let mut rows = connection.client().query_raw(&statement, params).map_err(pool::told)?;
    let mut values = Vec::with_capacity(statement.columns().len());
    while let Some(row) = rows.next().map_err(pool::told)? {
        values.clear();
        for at in 0..row.len() {
            values.push(row.try_get::<_, Datum>(at).map_err(pool::told)?);
        }
        each(&values)?;
    }
    Ok(())
}

fn by_reference<T: ToSql + Sync>(params: &[T]) -> Vec<&(dyn ToSql + Sync)> {
    params.iter().map(|param| param as &(dyn ToSql + Sync)).collect()
}

fn insert_many(insert: &Insert) -> String {
    let arrays = insert.columns.iter().zip(1..).map(|((_, column), n)| match column {
        Column::Int => format!("${n}::bigint[]"),
        Column::Text => format!("${n}::text[]"),
        Column::Blob => format!("${n}::bytea[]"),
    });
    format!(
        "INSERT INTO {} ({}) SELECT * FROM unnest({}){}",
        insert.table,
        insert.names(),
        arrays.collect::<Vec<_>>().join(", "),
        insert.conflict_clause()
    )
}

/// Rows, turned into one array for each column.
fn arrays<'a>(insert: &Insert, rows: &'a [Vec<Datum>]) -> Vec<Vec<&'a Datum>> {
    (0..insert.columns.len()).map(|at| rows.iter().map(|row| &row[at]).collect()).collect()
}
