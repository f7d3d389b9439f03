//! How far a till and its hub have come with each other: what the hub has of each journal, and where each
//! channel is read from.

use punchcard_protocol::{Hash, Hlc, SetSum};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::local;
use crate::error::Result;

/// The hub has so much of a journal, and so much of that is safe from its own loss.
pub(crate) fn set_acked(db: &Connection, number: i64, acked: u64, durable: u64) -> Result<()> {
    let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    db.prepare_cached(
        "INSERT INTO pushed (stream, acked, durable) VALUES (?1, ?2, ?3)
         ON CONFLICT (stream) DO UPDATE SET acked = ?2, durable = ?3",
    )?
    .execute([number, whole(acked), whole(durable)])?;
    Ok(())
}

/// How much the hub has of a journal, as far as it said so.
pub(crate) fn acked(db: &Connection, number: i64) -> Result<u64> {
    let acked: Option<i64> = db
        .prepare_cached("SELECT acked FROM pushed WHERE stream = ?1")?
        .query_row([number], |row| row.get(0))
        .optional()?;
    Ok(acked.and_then(|seq| seq.try_into().ok()).unwrap_or(0))
}

/// No hub has anything: all of it is to be pushed.
pub(crate) fn forget_acked(db: &Connection) -> Result<()> {
    db.execute("DELETE FROM pushed", [])?;
    Ok(())
}

/// The hub has so much of a journal: it has just sent it.
pub(crate) fn known_there(db: &Connection, number: i64, seq: u64) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO pushed (stream, acked, durable) VALUES (?1, ?2, 0)
         ON CONFLICT (stream) DO UPDATE SET acked = max(acked, ?2)",
    )?
    .execute([number, i64::try_from(seq).unwrap_or(i64::MAX)])?;
    Ok(())
}

/// Where a channel is read from, and the sum of what was read.
pub(crate) fn cursor(db: &Connection, channel: &str) -> Result<(u64, SetSum)> {
    let row: Option<(i64, [u8; 32])> = db
        .prepare_cached("SELECT position, sum FROM cursor WHERE channel = ?1")?
        .query_row([channel], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(row.map_or((0, SetSum::default()), |(position, sum)| {
        (position.try_into().unwrap_or(0), SetSum::from_hash(Hash(sum)))
    }))
}

/// Sets where a channel is read from.
pub(crate) fn set_cursor(db: &Connection, channel: &str, position: u64, sum: SetSum) -> Result<()> {
    let position = i64::try_from(position).unwrap_or(i64::MAX);
    db.prepare_cached(
        "INSERT INTO cursor (channel, position, sum) VALUES (?1, ?2, ?3)
         ON CONFLICT (channel) DO UPDATE SET position = ?2, sum = ?3",
    )?
    .execute(params![channel, position, sum.to_hash().0])?;
    Ok(())
}

/// Every channel is read from its start.
pub(crate) fn forget_cursors(db: &Connection) -> Result<()> {
    db.execute("DELETE FROM cursor", [])?;
    Ok(())
}

/// The newest stamp that came with a snapshot.
pub(crate) fn seen(db: &Connection, hlc: Hlc) -> Result<()> {
    local::set(db, local::SEEN_HLC, &hlc)
}
