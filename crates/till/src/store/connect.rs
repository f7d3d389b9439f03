//! Opening the database.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags};

use super::keys_of_members;
use crate::{
    error::{Error, Result},
    keys::Secrets,
};

mod embedded {
    refinery::embed_migrations!("../../migrations/till");
}

/// SQLite 3.7.0 to 3.51.2 can corrupt a store with a write-ahead log and two connections.
const LEAST_SQLITE: i32 = 3_051_003;
/// Pages cached by the writer and by each reader, in KiB.
const WRITER_CACHE_KIB: i64 = 24 * 1024;
const READER_CACHE_KIB: i64 = 4 * 1024;

/// What the log is cut back to when it has grown beyond and begins anew.
const LONGEST_LOG_BYTES: i64 = 8 * 1024 * 1024;

/// How much a commit waits for. Only tests and benches ask for less than the default, to show
/// what would be lost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Durability {
    /// Every commit is on the disk before anything is told.
    #[default]
    Full,
    /// Commits may be lost with the power.
    Normal,
}

/// Opens the database for writing and brings its schema up to date.
///
/// # Errors
/// [`Error::SqliteTooOld`], [`Error::StoreNewer`], [`Error::Damaged`], those of the disk.
pub fn writer(path: &Path, secrets: &Secrets, durability: Durability) -> Result<Connection> {
    if rusqlite::version_number() < LEAST_SQLITE {
        return Err(Error::SqliteTooOld(rusqlite::version().to_owned()));
    }
    let mut connection = Connection::open(path)?;
    unlock(&connection, secrets)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    let level = match durability {
        Durability::Full => "full",
        Durability::Normal => "normal",
    };
    connection.pragma_update(None, "synchronous", level)?;
    // Apple's drives acknowledge a sync before it is one, unless asked twice.
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    // A bulk import makes the log long; left so, every start after a crash would read it all.
    connection.pragma_update(None, "journal_size_limit", LONGEST_LOG_BYTES)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    connection.set_prepared_statement_cache_capacity(128);
    migrate(&mut connection)?;
    keys_of_members::bring_up_to_date(&mut connection)?;
    Ok(connection)
}

/// A database in memory, with the schema and nothing in it: not encrypted, and gone with it.
///
/// # Errors
/// Those of the store.
pub fn in_memory() -> Result<Connection> {
    let mut connection = Connection::open_in_memory()?;
    connection.set_prepared_statement_cache_capacity(128);
    migrate(&mut connection)?;
    Ok(connection)
}

/// A database in memory with an earlier schema, as an earlier program left it.
#[cfg(test)]
pub(crate) fn in_memory_at(schema: i32) -> Result<Connection> {
    let mut connection = Connection::open_in_memory()?;
    let target = refinery::Target::Version(schema);
    embedded::migrations::runner().set_target(target).set_grouped(true).run(&mut connection)?;
    Ok(connection)
}

/// Opens the database for reading alone.
///
/// # Errors
/// Those of the disk.
pub fn reader(path: &Path, secrets: &Secrets) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    unlock(&connection, secrets)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Gives SQLCipher its key, before anything else is asked, and sees that it is the right one.
fn unlock(connection: &Connection, secrets: &Secrets) -> Result<()> {
    connection.busy_timeout(Duration::from_secs(5))?;
    // What is wrong is told by our own errors; SQLCipher would write it to the terminal besides.
    connection.pragma_update(None, "cipher_log_level", "none")?;
    // Every page read or written is sealed. SHA-256 is done by the processor itself on the machines
    // of the last years, SQLCipher's default SHA-512 is not. Set as the default, so that a backup
    // (VACUUM INTO) is sealed the same way.
    connection.pragma_update(None, "cipher_default_hmac_algorithm", "HMAC_SHA256")?;
    connection.pragma_update(None, "key", secrets.db_key_pragma().as_str())?;
    let count = "SELECT count(*) FROM sqlite_master";
    connection.query_row(count, [], |row| row.get::<_, i64>(0)).map_err(
        |error| match Error::from(error) {
            Error::Damaged(_) => Error::Damaged(
                "it cannot be read with its key: the file or the key is not the right one".into(),
            ),
            other => other,
        },
    )?;
    Ok(())
}

/// Pages of the file whose seal is broken, in sentences. Reads the file itself, past the log.
///
/// # Errors
/// Those of the disk.
pub fn broken_seals(connection: &Connection) -> Result<Vec<String>> {
    let mut statement = connection.prepare("PRAGMA cipher_integrity_check")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The newest schema this build knows.
pub fn known_schema() -> i32 {
    embedded::migrations::runner()
        .get_migrations()
        .iter()
        .map(refinery::Migration::version)
        .max()
        .unwrap_or(0)
}

/// The schema a store has; 0: none yet.
///
/// # Errors
/// Those of the disk.
pub fn schema_of(connection: &Connection) -> Result<i32> {
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

/// Brings a database to the newest schema, in one transaction.
pub(crate) fn migrate(connection: &mut Connection) -> Result<()> {
    let (found, known) = (schema_of(connection)?, known_schema());
    if found > known {
        return Err(Error::StoreNewer { found, known });
    }
    if found < known {
        embedded::migrations::runner().set_grouped(true).run(connection)?;
    }
    Ok(())
}
