//! The journal: entries in, entries out.

use punchcard_domain::{
    effects::{OpenedPrivate, Private, Writer, debits_only_own, effects},
    fact::Fact,
};
use punchcard_protocol::{Entry, Header, Link, PrivatePart, SIGNATURE_BYTES, StreamId, TillId};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{
    erased,
    fold::{self, Numbers},
    streams,
};
use crate::error::{Error, Result};

/// An entry as it lies in the store.
pub struct Stored {
    /// Where.
    pub id: i64,
    /// The entry.
    pub entry: Entry,
    /// Its private part, where it has one that was not erased.
    pub private: Option<PrivatePart>,
    /// The signature of another writer over its head here, where it came with one.
    pub signature: Option<[u8; SIGNATURE_BYTES]>,
}

/// Keeps with an entry what its writer signed.
///
/// # Errors
/// Those of the store.
pub fn keep_signature(db: &Connection, id: i64, signature: &[u8; SIGNATURE_BYTES]) -> Result<()> {
    db.prepare_cached("UPDATE entry SET signature = ?2 WHERE id = ?1")?
        .execute(params![id, signature])?;
    Ok(())
}

/// Keeps an entry; its private part only where nobody is erased whom it is about. The caller has checked
/// that it follows, and folds it.
///
/// # Errors
/// Those of the store.
pub fn insert(
    db: &Connection,
    stream: i64,
    header: &Header,
    entry: &Entry,
    private: Option<&PrivatePart>,
) -> Result<i64> {
    let id = streams::entry_id(stream, header.seq)?;
    db.prepare_cached("INSERT INTO entry (id, header, salt, payload) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![id, entry.header, entry.salt, entry.payload])?;
    if let Some(part) = erased::kept(db, &entry.payload, private)? {
        db.prepare_cached("INSERT INTO private_part (entry, salt, bytes) VALUES (?1, ?2, ?3)")?
            .execute(params![id, part.salt, part.bytes])?;
    }
    Ok(id)
}

/// Sets aside what a journal holds from a place on: another history counts from there.
///
/// # Errors
/// Those of the store.
pub fn set_aside(db: &Connection, stream: i64, from: u64) -> Result<()> {
    let first = streams::entry_id(stream, from)?;
    let end = streams::entry_id(stream + 1, 0)?;
    db.execute(
        "INSERT INTO set_aside (entry, header, salt, payload, private_salt, private_bytes)
         SELECT e.id, e.header, e.salt, e.payload, p.salt, p.bytes
         FROM entry e LEFT JOIN private_part p ON p.entry = e.id WHERE e.id >= ?1 AND e.id < ?2",
        [first, end],
    )?;
    db.execute("DELETE FROM private_part WHERE entry >= ?1 AND entry < ?2", [first, end])?;
    db.execute("DELETE FROM entry WHERE id >= ?1 AND id < ?2", [first, end])?;
    Ok(())
}

/// Refuses a fact that debits what is not its stream's own. Asked where an entry is appended, and
/// where the whole store is looked at; folding itself asks nothing, so that order cannot matter.
/// `hubs` are those of this business: what any of their journals took over is the hub's, in every
/// epoch.
///
/// # Errors
/// [`Error::Damaged`].
pub fn check_debits(db: &Connection, hubs: &[TillId], header: &Header, fact: &Fact) -> Result<()> {
    let changes = effects(fact, &Private::default(), header.stream);
    let by_hub = hubs.contains(&header.stream.till);
    let writer = if by_hub { Writer::Hub } else { Writer::Till };
    let own = |by: StreamId| by == header.stream || (by_hub && hubs.contains(&by.till));
    let took_over =
        |of: StreamId| fold::took_over(db, of).is_ok_and(|journals| journals.into_iter().any(own));
    if debits_only_own(&changes, header.stream, writer, took_over)
        && (writer == Writer::Hub || !fact.hub_only())
    {
        return Ok(());
    }
    let (seq, stream) = (header.seq, header.stream);
    Err(Error::Damaged(format!("entry {seq} of {stream} debits what is not its own")))
}

/// Folds one fact into the tables.
///
/// # Errors
/// Those of the store.
pub fn fold_fact(
    db: &Connection,
    numbers: &Numbers,
    id: i64,
    header: &Header,
    fact: &Fact,
    private: Option<&PrivatePart>,
) -> Result<()> {
    let opened = OpenedPrivate::read(fact, private.map(|part| part.bytes.as_slice()))?;
    let changes = effects(fact, &opened.as_private(), header.stream);
    for change in &changes {
        fold::carry_out(db, numbers, id, header, change)?;
    }
    Ok(())
}

/// The newest link of a stream, and its header.
///
/// # Errors
/// Those of the store; [`Error::Damaged`] for a header that cannot be read.
pub fn newest(db: &Connection, stream: i64) -> Result<(Link, Option<Header>)> {
    let first = streams::entry_id(stream, 0)?;
    let last = streams::entry_id(stream + 1, 0)?;
    let header: Option<Vec<u8>> = db
        .prepare_cached(
            "SELECT header FROM entry WHERE id > ?1 AND id < ?2 ORDER BY id DESC LIMIT 1",
        )?
        .query_row([first, last], |row| row.get(0))
        .optional()?;
    let Some(bytes) = header else { return Ok((Link::START, None)) };
    let header = read_header(&bytes)?;
    let hash = punchcard_protocol::hash_header(&bytes);
    Ok((Link { seq: header.seq, hash }, Some(header)))
}

/// The link at one place of a stream, where there is one.
///
/// # Errors
/// Those of the store.
pub fn link_at(db: &Connection, stream: i64, seq: u64) -> Result<Option<Link>> {
    let id = streams::entry_id(stream, seq)?;
    let header: Option<Vec<u8>> = db
        .prepare_cached("SELECT header FROM entry WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    Ok(header.map(|bytes| Link { seq, hash: punchcard_protocol::hash_header(&bytes) }))
}

/// Reads a header that lies in the store.
///
/// # Errors
/// [`Error::Damaged`].
pub fn read_header(bytes: &[u8]) -> Result<Header> {
    Header::from_bytes(bytes).map_err(|error| Error::Damaged(error.to_string()))
}

/// One entry.
///
/// # Errors
/// Those of the store.
pub fn get(db: &Connection, id: i64) -> Result<Option<Stored>> {
    Ok(db.prepare_cached(&select("WHERE e.id = ?1"))?.query_row([id], stored).optional()?)
}

/// Calls `each` with every entry from `after` on (an id, exclusive), in order.
///
/// # Errors
/// Those of the store and those of `each`.
pub fn walk(db: &Connection, after: i64, mut each: impl FnMut(Stored) -> Result<()>) -> Result<()> {
    let mut statement = db.prepare(&select("WHERE e.id > ?1 ORDER BY e.id"))?;
    let mut rows = statement.query([after])?;
    while let Some(row) = rows.next()? {
        each(stored(row)?)?;
    }
    Ok(())
}

/// Calls `each` with the entries between two ids (the first exclusive), at most `most`, until it says
/// that it has enough.
///
/// # Errors
/// Those of the store and those of `each`.
pub fn walk_some(
    db: &Connection,
    after: i64,
    to: i64,
    most: usize,
    mut each: impl FnMut(Stored) -> Result<bool>,
) -> Result<()> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut statement =
        db.prepare_cached(&select("WHERE e.id > ?1 AND e.id <= ?2 ORDER BY e.id LIMIT ?3"))?;
    let mut rows = statement.query([after, to, most])?;
    while let Some(row) = rows.next()? {
        if !each(stored(row)?)? {
            break;
        }
    }
    Ok(())
}

fn select(tail: &str) -> String {
    format!(
        "SELECT e.id, e.header, e.salt, e.payload, p.salt, p.bytes, e.signature
         FROM entry e LEFT JOIN private_part p ON p.entry = e.id {tail}"
    )
}

fn stored(row: &rusqlite::Row<'_>) -> rusqlite::Result<Stored> {
    let private = match (row.get::<_, Option<[u8; 16]>>(4)?, row.get::<_, Option<Vec<u8>>>(5)?) {
        (Some(salt), Some(bytes)) => Some(PrivatePart { salt, bytes }),
        _ => None,
    };
    Ok(Stored {
        id: row.get(0)?,
        entry: Entry { header: row.get(1)?, salt: row.get(2)?, payload: row.get(3)? },
        private,
        signature: row.get(6)?,
    })
}

/// The fact of an entry, where this build knows its kind.
///
/// # Errors
/// [`Error::Damaged`] for a payload that is not of its kind's shape.
pub fn fact_of(header: &Header, payload: &[u8]) -> Result<Option<Fact>> {
    Fact::from_payload(header.kind, header.kind_version, payload)
        .map_err(|error| Error::Damaged(format!("entry {}: {error}", header.seq)))
}
