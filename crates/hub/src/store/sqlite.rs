//! The embedded engine: SQLite, in one file beside the hub, with nothing to set up.

use std::{
    collections::{BTreeSet, HashSet},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use rusqlite::{
    Connection, OpenFlags, Statement, ToSql, TransactionBehavior,
    types::{ToSqlOutput, ValueRef},
};

use super::{ByKey, Column, Datum, Insert, Row, Session, Store, beside::Beside, opening::Opening};
use crate::error::{Error, Result};

mod embedded {
    refinery::embed_migrations!("../../migrations/hub-sqlite");
}

/// SQLite 3.7.0 to 3.51.2 can corrupt a store with a write-ahead log and two connections.
const LEAST_SQLITE: i32 = 3_051_003;
/// Pages cached by the writer and by each reader, in KiB.
const WRITER_CACHE_KIB: i64 = 64 * 1024;
const READER_CACHE_KIB: i64 = 8 * 1024;
/// What the log is cut back to when it has grown beyond and begins anew.
const LONGEST_LOG_BYTES: i64 = 64 * 1024 * 1024;
/// Pages of the log that are left together before they are put into the file, 32 MiB: a page that several
/// batches change is put there once.
const LOG_PAGES: i64 = 8 * 1024;
/// How long another process (the tool beside the server) is waited for.
const BUSY: Duration = Duration::from_secs(5);
/// How many readers are kept for the next ones. More may read at once: a till that begins holds
/// one for as long as its line needs.
const KEPT_READERS: usize = 8;

/// A hub's database in a file.
pub struct Sqlite {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    beside: Beside,
    /// Why nothing more may be written: the disk failed under a commit, and whether it is there shows
    /// only after a restart.
    failed: OnceLock<String>,
    _opening: Opening,
}

impl Sqlite {
    /// Opens the file, or makes it, and brings its schema up to date.
    ///
    /// # Errors
    /// [`Error::StoreNewer`], [`Error::Damaged`], those of the disk; [`Error::Usage`] where the
    /// place cannot hold a write-ahead log.
    pub fn open(path: &Path) -> Result<Self> {
        if rusqlite::version_number() < LEAST_SQLITE {
            let found = rusqlite::version();
            return Err(Error::Internal(format!("SQLite {found} is too old, 3.51.3 is needed")));
        }
        if path.is_dir() {
            return Err(Error::Usage(format!("{} is a folder, not a file", path.display())));
        }
        make_private(path)?;
        let opening = Opening::of(path)?;
        Ok(Self {
            path: path.to_owned(),
            writer: Mutex::new(writer(path)?),
            readers: Mutex::default(),
            beside: Beside::of(path),
            failed: OnceLock::new(),
            _opening: opening,
        })
    }
}

impl Store for Sqlite {
    fn write(&self) -> Result<Box<dyn Session + '_>> {
        if let Some(why) = self.failed.get() {
            return Err(Error::Database(format!(
                "the disk failed ({why}); nothing more is written until the hub is started again"
            )));
        }
        let held = Held::Writer(lock(&self.writer), &self.failed);
        Ok(Box::new(Transaction::begin(held, "BEGIN IMMEDIATE")?))
    }

    fn read(&self) -> Result<Box<dyn Session + '_>> {
        let kept = lock(&self.readers).pop();
        let connection = kept.map_or_else(|| reader(&self.path), Ok)?;
        let held = Held::Reader(Some(connection), &self.readers);
        let mut transaction = Transaction::begin(held, "BEGIN DEFERRED")?;
        // The moment it sees is that of its first read, so the first read is now.
        transaction.query("SELECT one FROM hub", &[], &mut |_| Ok(()))?;
        Ok(Box::new(transaction))
    }

    fn scrub(&self) -> Result<()> {
        if let Some(why) = self.failed.get() {
            return Err(Error::Database(format!("the disk failed ({why})")));
        }
        let writer = lock(&self.writer);
        // The copy that is made meanwhile goes to a file, not into memory: a log is long.
        writer.execute_batch("PRAGMA temp_store = FILE; VACUUM; PRAGMA temp_store = DEFAULT")?;
        let truncate = "PRAGMA wal_checkpoint(TRUNCATE)";
        let busy: i64 = writer.query_row(truncate, [], |row| row.get(0))?;
        match busy {
            0 => Ok(()),
            _ => Err(Error::Database("somebody reads: it is tried again".into())),
        }
    }

    fn describe(&self) -> String {
        format!("SQLite {} in {}", rusqlite::version(), self.path.display())
    }

    fn place(&self) -> Result<String> {
        let data = std::fs::metadata(&self.path)?;
        #[cfg(unix)]
        let which = std::os::unix::fs::MetadataExt::ino(&data).to_string();
        #[cfg(not(unix))]
        let which = data.created().ok().map(|made| format!("{made:?}")).unwrap_or_default();
        Ok(format!("file {which}"))
    }

    fn note_position(&self, position: u64, anew: bool) {
        self.beside.note(position, anew);
    }

    fn noted_position(&self) -> Option<u64> {
        self.beside.read()
    }
}

/// A panic in a session rolled it back on its way out, so what it held is sound.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes a new file readable by its owner alone: the hub's keys are in it. SQLite gives the log
/// beside it the same rights.
fn make_private(path: &Path) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        // Never opened where it exists: closing it again would drop SQLite's own locks.
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            let place = path.display();
            Err(std::io::Error::new(error.kind(), format!("{place}: {error}")).into())
        }
        _ => Ok(()),
    }
}

fn writer(path: &Path) -> Result<Connection> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode != "wal" {
        let place = path.display();
        return Err(Error::Usage(format!("SQLite cannot keep a write-ahead log at {place}")));
    }
    connection.pragma_update(None, "synchronous", "full")?;
    // Apple's drives acknowledge a sync before it is one, unless asked twice.
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    // A large restore makes the log long; left so, every start after a crash would read it all.
    connection.pragma_update(None, "journal_size_limit", LONGEST_LOG_BYTES)?;
    // The setting answers with what it is now.
    connection.pragma_update_and_check(None, "wal_autocheckpoint", LOG_PAGES, |_| Ok(()))?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    connection.set_prepared_statement_cache_capacity(256);
    migrate(&mut connection)?;
    Ok(connection)
}

fn reader(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}

fn known_schema() -> i32 {
    let runner = embedded::migrations::runner();
    runner.get_migrations().iter().map(refinery::Migration::version).max().unwrap_or(0)
}

/// The schema a database has; 0: none yet.
fn schema_of(connection: &Connection) -> Result<i32> {
    let exists: bool = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'refinery_schema_history')",
        [],
        |row| row.get(0),
    )?;
    if !exists {
        return Ok(0);
    }
    let newest = "SELECT coalesce(max(version), 0) FROM refinery_schema_history";
    Ok(connection.query_row(newest, [], |row| row.get(0))?)
}

fn migrate(connection: &mut Connection) -> Result<()> {
    let (found, known) = (schema_of(connection)?, known_schema());
    if found > known {
        return Err(Error::StoreNewer);
    }
    if found == known {
        return Ok(());
    }
    // Another process may be at it too: each step waits for its turn, instead of failing because
    // the other wrote in between.
    connection.set_transaction_behavior(TransactionBehavior::Immediate);
    match embedded::migrations::runner().set_grouped(true).run(connection) {
        // The other was faster.
        Err(_) if schema_of(connection)? == known => Ok(()),
        Err(error) => Err(Error::Internal(error.to_string())),
        Ok(_) => Ok(()),
    }
}

/// A connection that is nobody else's for a while.
enum Held<'a> {
    /// And where it is noted that the disk failed.
    Writer(MutexGuard<'a, Connection>, &'a OnceLock<String>),
    /// And where it goes back to.
    Reader(Option<Connection>, &'a Mutex<Vec<Connection>>),
}

impl Held<'_> {
    fn get(&self) -> Result<&Connection> {
        match self {
            Self::Writer(connection, _) => Ok(connection),
            Self::Reader(Some(connection), _) => Ok(connection),
            Self::Reader(None, _) => Err(Error::Internal("a reader that was given back".into())),
        }
    }
}

/// A transaction on such a connection.
struct Transaction<'a> {
    held: Held<'a>,
    failed: bool,
}

impl<'a> Transaction<'a> {
    fn begin(held: Held<'a>, how: &str) -> Result<Self> {
        held.get()?.execute_batch(how)?;
        Ok(Self { held, failed: false })
    }

    /// Runs a step. After one that failed nothing runs but the rollback: SQLite would go on with
    /// half of a use case, or without any transaction, where PostgreSQL goes on with nothing.
    fn step<T>(&mut self, run: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        if self.failed {
            return Err(Error::Internal("a transaction is used after it failed".into()));
        }
        let answer = self.held.get().and_then(run);
        self.failed = answer.is_err();
        answer
    }

    /// A sync that failed has dropped what it should have kept, and the next one would succeed: after
    /// that nothing is tried again.
    fn note(&self, error: &rusqlite::Error) {
        let disk = error.sqlite_error_code() == Some(rusqlite::ffi::ErrorCode::SystemIoFailure);
        if let Held::Writer(_, failed) = &self.held
            && disk
        {
            tracing::error!(%error, "the disk failed; nothing more is written until a restart");
            drop(failed.set(error.to_string()));
        }
    }

    /// Ends what was not committed; returns whether the connection can be used again.
    fn end(&self) -> Result<bool> {
        let connection = self.held.get()?;
        if !connection.is_autocommit() {
            connection.execute_batch("ROLLBACK")?;
        }
        Ok(connection.is_autocommit())
    }
}

impl Session for Transaction<'_> {
    fn execute(&mut self, sql: &str, params: &[Datum]) -> Result<u64> {
        self.step(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            bind(&mut statement, params)?;
            Ok(statement.raw_execute()? as u64)
        })
    }

    fn query(
        &mut self,
        sql: &str,
        params: &[Datum],
        each: &mut dyn FnMut(Row<'_>) -> Result<()>,
    ) -> Result<()> {
        self.step(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            bind(&mut statement, params)?;
            answer(&mut statement, each)
        })
    }

    fn insert(&mut self, insert: &Insert, rows: &[Vec<Datum>]) -> Result<()> {
        self.step(|connection| {
            if rows.is_empty() {
                return Ok(());
            }
            insert.check(rows)?;
            let mut statement = connection.prepare_cached(&insert_one(insert))?;
            for row in rows {
                for (index, value) in (1..).zip(row) {
                    statement.raw_bind_parameter(index, value)?;
                }
                statement.raw_execute()?;
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
        self.step(|connection| {
            let mut statement = connection.prepare_cached(ask.one)?;
            if statement.parameter_count() != 1 + more.len() {
                return Err(Error::Internal("a placeholder has no value".into()));
            }
            // They stand in the order of their numbers, which is that of their places.
            for (place, value) in (2..).zip(more) {
                statement.raw_bind_parameter(place, value)?;
            }
            // A key that is asked about twice is answered once, as by `= ANY`.
            let mut asked = HashSet::new();
            for key in keys.iter().filter(|key| asked.insert(key.as_slice())) {
                statement.raw_bind_parameter(1, key)?;
                answer(&mut statement, each)?;
            }
            Ok(())
        })
    }

    fn commit(mut self: Box<Self>) -> Result<()> {
        let done = self.step(|connection| Ok(connection.execute_batch("COMMIT")))?;
        if let Err(error) = &done {
            self.note(error);
        }
        Ok(done?)
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        let sound = self.end().unwrap_or_else(|error| {
            tracing::error!(%error, "a transaction could not be rolled back");
            false
        });
        if let Held::Reader(connection, readers) = &mut self.held {
            let mut readers = lock(readers);
            if sound && readers.len() < KEPT_READERS {
                readers.extend(connection.take());
            }
        }
    }
}

/// Binds `$1`, `$2`, …
///
/// To SQLite these are names, and their places are given out as they first appear: of
/// `$2 … $1 … $2` the first is `$2`. So it is the number in the name that counts.
fn bind(statement: &mut Statement<'_>, params: &[Datum]) -> Result<()> {
    let mut used = 0;
    for place in 1..=statement.parameter_count() {
        let number = statement.parameter_name(place).and_then(number_in).unwrap_or(0);
        let Some(value) = number.checked_sub(1).and_then(|at| params.get(at)) else {
            return Err(Error::Internal("a placeholder has no value".into()));
        };
        statement.raw_bind_parameter(place, value)?;
        used = used.max(number);
    }
    if used == params.len() {
        return Ok(());
    }
    Err(Error::Internal(format!("{} values are given, {used} are used", params.len())))
}

fn number_in(name: &str) -> Option<usize> {
    name.strip_prefix('$')?.parse().ok()
}

fn answer(
    statement: &mut Statement<'_>,
    each: &mut dyn FnMut(Row<'_>) -> Result<()>,
) -> Result<()> {
    let width = statement.column_count();
    let mut values = Vec::with_capacity(width);
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        values.clear();
        for at in 0..width {
            values.push(read(row.get_ref(at)?)?);
        }
        each(&values)?;
    }
    Ok(())
}

fn read(value: ValueRef<'_>) -> Result<Datum> {
    Ok(match value {
        ValueRef::Null => Datum::Null,
        ValueRef::Integer(number) => Datum::Int(number),
        ValueRef::Text(bytes) => {
            let text = std::str::from_utf8(bytes)
                .map_err(|_| Error::Damaged("text in the database is not UTF-8".into()))?;
            Datum::Text(text.to_owned())
        }
        ValueRef::Blob(bytes) => Datum::Blob(bytes.to_vec()),
        ValueRef::Real(_) => {
            return Err(Error::Internal("a fraction where whole numbers are asked for".into()));
        }
    })
}

fn insert_one(insert: &Insert) -> String {
    let places = (1..=insert.columns.len()).map(|n| format!("${n}")).collect::<Vec<_>>();
    format!(
        "INSERT INTO {} ({}) VALUES ({}){}",
        insert.table,
        insert.names(),
        places.join(", "),
        insert.conflict_clause()
    )
}

impl ToSql for Datum {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// What both engines do with an [`Insert`].
impl Insert {
    pub(crate) fn names(&self) -> String {
        self.columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn conflict_clause(&self) -> String {
        match self.on_conflict {
            "" => String::new(),
            what => format!(" ON CONFLICT {what}"),
        }
    }

    /// Refuses rows that one of the engines would not take, or would take otherwise than the
    /// other: SQLite makes text of a number in a column of text; PostgreSQL refuses to update one
    /// row twice in one statement.
    pub(super) fn check(&self, rows: &[Vec<Datum>]) -> Result<()> {
        let wrong =
            |what: &str| Err(Error::Internal(format!("insert into {}: {what}", self.table)));
        if !rows.iter().all(|row| self.fits(row)) {
            return wrong("a row does not fit the columns");
        }
        if self.repeats_a_key(rows) {
            return wrong("two rows of one key");
        }
        Ok(())
    }

    fn fits(&self, row: &[Datum]) -> bool {
        let fits = |(value, column): (&Datum, Column)| match value {
            Datum::Null => true,
            Datum::Int(_) => column == Column::Int,
            Datum::Text(_) => column == Column::Text,
            Datum::Blob(_) => column == Column::Blob,
        };
        row.len() == self.columns.len()
            && row.iter().zip(self.columns.iter().map(|(_, column)| *column)).all(fits)
    }

    fn repeats_a_key(&self, rows: &[Vec<Datum>]) -> bool {
        let Some(key) = self.updated_key() else { return false };
        // Most come in their order, and nothing is to be remembered then.
        if rows.is_sorted_by(|one, next| key_of(&key, one).lt(key_of(&key, next))) {
            return false;
        }
        let mut seen = BTreeSet::new();
        rows.iter().any(|row| !seen.insert(key_of(&key, row).collect::<Vec<_>>()))
    }

    /// Where the columns of `(a, b) DO UPDATE` are; none where nothing is updated.
    fn updated_key(&self) -> Option<Vec<usize>> {
        let (key, action) = self.on_conflict.strip_prefix('(')?.split_once(')')?;
        if !action.trim_start().starts_with("DO UPDATE") {
            return None;
        }
        let place = |name: &str| self.columns.iter().position(|(column, _)| *column == name.trim());
        key.split(',').map(place).collect()
    }
}

/// The values of a row at the places of a key.
fn key_of<'a>(key: &'a [usize], row: &'a [Datum]) -> impl Iterator<Item = &'a Datum> {
    key.iter().filter_map(|at| row.get(*at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_in_what_follows_on_conflict() {
        let columns = &[("a", Column::Int), ("b", Column::Int), ("c", Column::Int)];
        let key = |on_conflict| Insert { table: "t", columns, on_conflict }.updated_key();
        assert_eq!(key("(c, a) DO UPDATE SET b = excluded.b"), Some(vec![2, 0]));
        assert_eq!(key("(c, a) DO NOTHING"), None);
        assert_eq!(key(""), None);
    }

    #[test]
    fn two_rows_of_one_key_are_seen_in_any_order() {
        let columns = &[("a", Column::Int), ("b", Column::Int)];
        let insert = Insert { table: "t", columns, on_conflict: "(a) DO UPDATE SET b = 0" };
        let repeats = |keys: &[i64]| {
            let rows = keys.iter().zip(0..).map(|(key, n)| vec![Datum::Int(*key), Datum::Int(n)]);
            insert.repeats_a_key(&rows.collect::<Vec<_>>())
        };
        assert!(!repeats(&[]) && !repeats(&[1]) && !repeats(&[1, 2, 3]) && !repeats(&[3, 1, 2]));
        assert!(repeats(&[1, 1]) && repeats(&[1, 2, 2]) && repeats(&[2, 1, 2]));
    }

    #[test]
    fn a_new_file_is_its_owners_alone() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("hub.db");
        let store = Sqlite::open(&path).expect("it opens");
        store.write().and_then(Session::commit).expect("it writes");
        #[cfg(unix)]
        for name in ["hub.db", "hub.db-wal"] {
            use std::os::unix::fs::PermissionsExt as _;
            let found = dir.path().join(name).metadata().expect("it is there").permissions();
            assert_eq!(found.mode() & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn a_place_that_cannot_hold_a_log_is_refused() {
        // In memory there is no log; on a disk this would be a file of that name.
        let dir = tempfile::tempdir().expect("a temporary folder");
        assert!(Sqlite::open(dir.path()).is_err());
        assert!(matches!(Sqlite::open(Path::new("/nowhere/hub.db")), Err(Error::Io(_))));
    }
}
