//! Facts that were folded, read again for whoever looks at what they say.

use std::collections::BTreeMap;

use punchcard_domain::fact::{Fact, KIND_VERSION};
use punchcard_protocol::{FactId, Header, MemberId, PassId, StoreId, StreamId};

use super::{ByKey, Datum, Row, Session};
use crate::error::{Error, Result};

/// A fact that was folded once, read again: kind and payload.
fn fact_in(row: Row<'_>) -> Result<Option<Fact>> {
    let kind = u16::try_from(row[0].int()?).unwrap_or(0);
    Ok(Fact::from_payload(kind, KIND_VERSION, row[1].bytes()?).unwrap_or(None))
}

/// A fact by its id.
///
/// # Errors
/// Those of the engine, as for all of these.
pub fn one(session: &mut dyn Session, id: FactId) -> Result<Option<Fact>> {
    let sql = "SELECT f.kind, l.payload FROM fact f
               JOIN log l ON l.stream = f.stream AND l.seq = f.seq WHERE f.id = $1";
    let row = session.row(sql, &[id.as_bytes().into()])?;
    row.as_ref().map_or(Ok(None), |row| fact_in(row))
}

/// The fact that gave somebody a pass; none where it is not here, or brought along from another system.
pub fn gave_pass(
    session: &mut dyn Session,
    member: MemberId,
    pass: PassId,
) -> Result<Option<Fact>> {
    let sql = "SELECT fact FROM pass WHERE member = $1 AND id = $2";
    match session.row(sql, &[member.as_bytes().into(), pass.as_bytes().into()])? {
        Some(row) => one(session, FactId::from_bytes(row[0].exactly()?)),
        None => Ok(None),
    }
}

/// Where a fact stands; of two with the same id, the first that came.
pub fn place(session: &mut dyn Session, id: FactId) -> Result<Option<(StreamId, u64)>> {
    let sql = "SELECT stream, seq FROM fact WHERE id = $1";
    let row = session.row(sql, &[id.as_bytes().into()])?;
    row.map(|row| Ok((row[0].stream()?, row[1].count()?))).transpose()
}

/// Whether a fact was taken back.
pub fn is_void(session: &mut dyn Session, id: FactId) -> Result<bool> {
    let sql = "SELECT 1 FROM void WHERE target = $1";
    Ok(session.row(sql, &[id.as_bytes().into()])?.is_some())
}

/// The newest facts of a kind about a member, so many at most, and whose journals they stand in.
pub fn newest_of(
    session: &mut dyn Session,
    member: MemberId,
    kind: u16,
    limit: i64,
) -> Result<Vec<(StreamId, Fact)>> {
    // The kind stands in the header: bytes 93 and 94, and databases count from 1.
    let sql = "SELECT stream, payload FROM log
               WHERE member = $1 AND substr(header, 94, 2) = $2 AND kept_back = 0
               ORDER BY position DESC LIMIT $3";
    let of_kind = [member.as_bytes().into(), kind.to_be_bytes().into(), limit.into()];
    let mut found = Vec::new();
    for row in session.rows(sql, &of_kind)? {
        let fact = Fact::from_payload(kind, KIND_VERSION, row[1].bytes()?).unwrap_or(None);
        if let Some(fact) = fact {
            found.push((row[0].stream()?, fact));
        }
    }
    Ok(found)
}

/// All facts of a kind, and the headers under which they stand.
pub fn of_kind(session: &mut dyn Session, kind: i64) -> Result<Vec<(Header, Fact)>> {
    let sql = "SELECT f.kind, l.payload, l.header FROM fact f
               JOIN log l ON l.stream = f.stream AND l.seq = f.seq WHERE f.kind = $1";
    let mut found = Vec::new();
    for row in session.rows(sql, &[kind.into()])? {
        let Some(fact) = fact_in(&row)? else { continue };
        let header = Header::from_bytes(row[2].bytes()?)
            .map_err(|error| Error::Damaged(error.to_string()))?;
        found.push((header, fact));
    }
    Ok(found)
}

/// What the owner set: all facts of some kinds below 20, in the order in which they came.
pub fn of_owner(session: &mut dyn Session, first: i64, last: i64) -> Result<Vec<Fact>> {
    // What is below 20 has an index of its own, which the database sees only where that number is written
    // down; and the few facts come first, not the long log.
    let sql = "SELECT f.kind, l.payload FROM fact f CROSS JOIN log l
               WHERE l.stream = f.stream AND l.seq = f.seq
                 AND f.kind >= $1 AND f.kind <= $2 AND f.kind < 20 ORDER BY l.position";
    let rows = session.rows(sql, &[first.into(), last.into()])?;
    rows.iter().filter_map(|row| fact_in(row).transpose()).collect()
}

/// Visits (facts of kind 40) that counted, in a stretch of time, at other branches than one; the newest, as
/// far as anybody has so many.
const ELSEWHERE: ByKey = ByKey {
    one: "SELECT member, id, store, at_ms FROM fact
          WHERE member = $1 AND kind = 40 AND counted = 1 AND at_ms > $2 AND at_ms < $3
            AND store <> $4 ORDER BY at_ms DESC LIMIT 1000",
    many: "SELECT member, id, store, at_ms FROM fact
           WHERE member = ANY($1) AND kind = 40 AND counted = 1 AND at_ms > $2 AND at_ms < $3
             AND store <> $4 ORDER BY at_ms DESC LIMIT 20000",
};

/// A visit that counted.
pub struct Visit {
    /// The fact.
    pub id: FactId,
    /// Where.
    pub store: StoreId,
    /// When: Unix ms.
    pub at_ms: i64,
}

/// Visits of some members that counted, at other branches than `store`, between two moments (Unix ms);
/// the newest first.
pub fn visits_elsewhere(
    session: &mut dyn Session,
    members: &[MemberId],
    store: StoreId,
    (after_ms, before_ms): (i64, i64),
) -> Result<BTreeMap<MemberId, Vec<Visit>>> {
    let keys: Vec<Vec<u8>> = members.iter().map(|member| member.as_bytes().to_vec()).collect();
    let more: [Datum; 3] = [after_ms.into(), before_ms.into(), store.as_bytes().into()];
    let mut found: BTreeMap<MemberId, Vec<Visit>> = BTreeMap::new();
    session.query_keys(&ELSEWHERE, &keys, &more, &mut |row| {
        let visit = Visit {
            id: FactId::from_bytes(row[1].exactly()?),
            store: StoreId::from_bytes(row[2].exactly()?),
            at_ms: row[3].int()?,
        };
        found.entry(MemberId::from_bytes(row[0].exactly()?)).or_default().push(visit);
        Ok(())
    })?;
    Ok(found)
}
