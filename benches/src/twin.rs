//! The least that the hub's own tables ask for: what a push left in them, put once more into tables with the
//! same keys and indexes, table after table in their own order, by one statement each in one transaction.
//! Nothing is decided, checked or sent; whoever keeps these tables cannot be quicker than that.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use postgres::{Client, NoTls};
use rusqlite::Connection;

use crate::Outcome;

/// The same for a hub's SQLite file.
///
/// # Errors
/// Those of the engine.
pub fn sqlite(hub: &Path, place: &Path) -> Outcome<Duration> {
    let twin = Connection::open(place.join("twin.db"))?;
    twin.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")?;
    twin.execute("ATTACH ?1 AS hub", [hub.to_string_lossy()])?;
    let mut tables = Vec::new();
    let mut made = twin.prepare(
        "SELECT type, name, sql FROM hub.sqlite_master
         WHERE type IN ('table', 'index') AND sql IS NOT NULL AND name NOT LIKE 'sqlite_%'
         ORDER BY type DESC",
    )?;
    let mut rows = made.query(())?;
    while let Some(row) = rows.next()? {
        twin.execute_batch(&row.get::<_, String>(2)?)?;
        if row.get::<_, String>(0)? == "table" {
            tables.push(row.get::<_, String>(1)?);
        }
    }
    let began = Instant::now();
    twin.execute_batch("BEGIN")?;
    for table in &tables {
        twin.execute_batch(&format!("INSERT INTO main.\"{table}\" SELECT * FROM hub.\"{table}\""))?;
    }
    twin.execute_batch("COMMIT")?;
    Ok(began.elapsed())
}

/// The same for a hub's database on PostgreSQL.
///
/// # Errors
/// Those of the engine.
pub fn postgres(hub: &str) -> Outcome<Duration> {
    let mut db = Client::connect(hub, NoTls)?;
    let named = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'";
    let tables: Vec<String> =
        db.query(named, &[])?.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    db.batch_execute("CREATE SCHEMA twin")?;
    for table in &tables {
        db.batch_execute(&format!(
            "CREATE TABLE twin.\"{table}\" (LIKE public.\"{table}\" INCLUDING ALL)"
        ))?;
    }
    let began = Instant::now();
    let mut within = db.transaction()?;
    for table in &tables {
        within.batch_execute(&format!(
            "INSERT INTO twin.\"{table}\" SELECT * FROM public.\"{table}\""
        ))?;
    }
    within.commit()?;
    Ok(began.elapsed())
}
