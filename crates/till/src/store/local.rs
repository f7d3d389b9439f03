//! This machine's own affairs: no facts, and they travel nowhere.

use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Serialize, de::DeserializeOwned};

use crate::error::Result;

/// Which till this is: its id.
pub const TILL: &str = "till";
/// Which life of it.
pub const INCARNATION: &str = "incarnation";
/// The store at which it stands: its id.
pub const STORE: &str = "store";
/// Why the store is not trusted; absent: it is.
pub const DISTRUST: &str = "distrust";
/// Preferences of this desk.
pub const PREFS: &str = "prefs";
/// Last sync, Unix ms; absent: never.
pub const LAST_SYNC: &str = "last_sync_ms";
/// A store that was put back from a backup, before it has opened its next life.
pub const RESTORED: &str = "restored";

/// Reads a value.
///
/// # Errors
/// Those of the store, and JSON of another shape.
pub fn get<T: DeserializeOwned>(db: &Connection, key: &str) -> Result<Option<T>> {
    let text: Option<String> = db
        .prepare_cached("SELECT value FROM local WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?;
    text.map(|text| serde_json::from_str(&text).map_err(Into::into)).transpose()
}

/// Keeps a value.
///
/// # Errors
/// Those of the store.
pub fn set<T: Serialize>(db: &Connection, key: &str, value: &T) -> Result<()> {
    let text = serde_json::to_string(value)?;
    db.prepare_cached(
        "INSERT INTO local (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2",
    )?
    .execute(params![key, text])?;
    Ok(())
}

/// Forgets a value.
///
/// # Errors
/// Those of the store.
pub fn remove(db: &Connection, key: &str) -> Result<()> {
    db.prepare_cached("DELETE FROM local WHERE key = ?1")?.execute([key])?;
    Ok(())
}
