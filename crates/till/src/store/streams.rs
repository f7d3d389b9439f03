//! Streams by their small local number.

use punchcard_protocol::{StreamId, TillId};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::error::{Error, Result};

/// The number that stands for nobody's accounts.
pub const NOBODY: i64 = 0;
const SEQ_BITS: u32 = 40;

/// Where an entry lies: stream number × 2^40 + seq.
pub fn entry_id(stream: i64, seq: u64) -> Result<i64> {
    let seq = i64::try_from(seq).ok().filter(|seq| *seq < 1 << SEQ_BITS);
    match seq {
        Some(seq) => Ok((stream << SEQ_BITS) + seq),
        None => Err(Error::Internal("a journal is longer than 2^40 entries".into())),
    }
}

/// The stream number and the seq of an entry's id.
pub fn split_entry_id(id: i64) -> (i64, i64) {
    (id >> SEQ_BITS, id & ((1 << SEQ_BITS) - 1))
}

/// The local number of a stream, given one where it has none.
///
/// # Errors
/// Those of the store.
pub fn number(db: &Connection, stream: StreamId) -> Result<i64> {
    if let Some(number) = known_number(db, stream)? {
        return Ok(number);
    }
    db.prepare_cached("INSERT INTO stream (till, incarnation) VALUES (?1, ?2)")?
        .execute(params![stream.till.as_bytes(), stream.incarnation])?;
    Ok(db.last_insert_rowid())
}

/// The local number of a stream, where it has one.
///
/// # Errors
/// Those of the store.
pub fn known_number(db: &Connection, stream: StreamId) -> Result<Option<i64>> {
    Ok(db
        .prepare_cached("SELECT n FROM stream WHERE till = ?1 AND incarnation = ?2")?
        .query_row(params![stream.till.as_bytes(), stream.incarnation], |row| row.get(0))
        .optional()?)
}

/// The stream that a local number stands for.
///
/// # Errors
/// [`Error::Damaged`] for a number that stands for none.
pub fn stream(db: &Connection, number: i64) -> Result<StreamId> {
    db.prepare_cached("SELECT till, incarnation FROM stream WHERE n = ?1")?
        .query_row([number], |row| {
            Ok(StreamId { till: TillId::from_bytes(row.get(0)?), incarnation: row.get(1)? })
        })
        .optional()?
        .ok_or_else(|| Error::Damaged(format!("stream {number} is not known")))
}

/// Every stream, by its local number.
///
/// # Errors
/// Those of the store.
pub fn all(db: &Connection) -> Result<Vec<(i64, StreamId)>> {
    let mut statement = db.prepare_cached("SELECT n, till, incarnation FROM stream ORDER BY n")?;
    let rows = statement.query_map([], |row| {
        let stream = StreamId { till: TillId::from_bytes(row.get(1)?), incarnation: row.get(2)? };
        Ok((row.get(0)?, stream))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
