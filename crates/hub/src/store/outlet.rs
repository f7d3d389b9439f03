//! How far the log was published, and which hub's turn it is to do so.

use punchcard_protocol::{Hash, MemberId, StreamId};

use super::Session;
use crate::error::Result;

/// The one outlet that there is.
const NAME: &str = "nats";

/// How the outlet stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// The newest position that was acknowledged.
    pub position: u64,
    /// The newest sequence of the stream, when it was.
    pub sequence: u64,
    /// Whose turn it is, or was last; empty: nobody's yet.
    pub holder: Vec<u8>,
    /// Until then it is theirs: Unix ms.
    pub until_ms: i64,
}

/// How it stands.
///
/// # Errors
/// Those of the engine, as for all of these.
pub fn standing(session: &mut dyn Session) -> Result<Standing> {
    let sql = "SELECT position, sequence, holder, until_ms FROM outlet WHERE name = $1";
    let Some(row) = session.row(sql, &[NAME.into()])? else { return Ok(Standing::default()) };
    Ok(Standing {
        position: row[0].count()?,
        sequence: row[1].count()?,
        holder: row[2].bytes()?.to_vec(),
        until_ms: row[3].int()?,
    })
}

/// It is this hub's turn from now on.
pub fn take_turn(session: &mut dyn Session, me: [u8; 16], until_ms: i64) -> Result<()> {
    session.execute(
        "INSERT INTO outlet (name, position, holder, until_ms) VALUES ($1, 0, $2, $3)
         ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until_ms = excluded.until_ms",
        &[NAME.into(), me.into(), until_ms.into()],
    )?;
    Ok(())
}

/// The log was published up to a position, and whoever did so goes on; false where it is another one's
/// turn by now.
pub fn moved(
    session: &mut dyn Session,
    me: [u8; 16],
    (position, sequence): (u64, u64),
    until_ms: i64,
) -> Result<bool> {
    let sql = "UPDATE outlet SET position = $1, sequence = $2, until_ms = $3
               WHERE name = $4 AND holder = $5";
    let values = [position.into(), sequence.into(), until_ms.into(), NAME.into(), me.into()];
    let changed = session.execute(sql, &values)?;
    Ok(changed > 0)
}

/// Whoever's turn it is ends it.
pub fn end_turn(session: &mut dyn Session, me: [u8; 16]) -> Result<()> {
    let sql = "UPDATE outlet SET until_ms = 0 WHERE name = $1 AND holder = $2";
    session.execute(sql, &[NAME.into(), me.into()])?;
    Ok(())
}

/// An entry of the log as it is published: without salt and private part.
#[derive(Debug, Clone)]
pub struct Logged {
    /// Position.
    pub position: u64,
    /// Whose.
    pub stream: StreamId,
    /// Place in the journal.
    pub seq: u64,
    /// Its hash.
    pub hash: Hash,
    /// Its header.
    pub header: Vec<u8>,
    /// What it says.
    pub payload: Vec<u8>,
    /// Whom it is about.
    pub member: Option<MemberId>,
    /// The sum up to here.
    pub sum: Hash,
    /// Passed on to nobody.
    pub kept_back: bool,
}

/// Entries after a position, in their order, those kept back among them.
pub fn logged_after(session: &mut dyn Session, position: u64, limit: usize) -> Result<Vec<Logged>> {
    let sql = "SELECT position, stream, seq, hash, header, payload, member, sum, kept_back FROM log
               WHERE position > $1 ORDER BY position LIMIT $2";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = Vec::new();
    session.query(sql, &[position.into(), limit.into()], &mut |row| {
        rows.push(Logged {
            position: row[0].count()?,
            stream: row[1].stream()?,
            seq: row[2].count()?,
            hash: row[3].hash()?,
            header: row[4].bytes()?.to_vec(),
            payload: row[5].bytes()?.to_vec(),
            member: row[6].optional(|value| Ok(MemberId::from_bytes(value.exactly()?)))?,
            sum: row[7].hash()?,
            kept_back: row[8].int()? != 0,
        });
        Ok(())
    })?;
    Ok(rows)
}
