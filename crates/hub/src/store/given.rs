//! What rules gave, and to whom: what the audit holds beside the caps of several desks.

use std::collections::{BTreeMap, BTreeSet};

use punchcard_domain::audit::apart::GivenOnce;
use punchcard_protocol::{FactId, MemberId, RecordId};

use super::{ByKey, Session};
use crate::error::Result;

/// What rules gave for visits that counted (kind 40), and was not taken back, since a moment.
const BY_VISITS: ByKey = ByKey {
    one:
        "SELECT f.member, f.id, e.rule, f.at_ms, e.points FROM fact f JOIN earned e ON e.fact = f.id
          WHERE f.member = $1 AND f.kind = 40 AND f.counted = 1 AND f.at_ms >= $2
            AND NOT EXISTS (SELECT 1 FROM void v WHERE v.target = f.id)",
    many:
        "SELECT f.member, f.id, e.rule, f.at_ms, e.points FROM fact f JOIN earned e ON e.fact = f.id
           WHERE f.member = ANY($1) AND f.kind = 40 AND f.counted = 1 AND f.at_ms >= $2
             AND NOT EXISTS (SELECT 1 FROM void v WHERE v.target = f.id)",
};

/// The same for sales (50), for whom somebody sent (63), and for money that was loaded (64).
const BY_SALES: ByKey = ByKey {
    one:
        "SELECT f.member, f.id, e.rule, f.at_ms, e.points FROM fact f JOIN earned e ON e.fact = f.id
          WHERE f.member = $1 AND f.kind IN (50, 63, 64) AND f.points > 0 AND f.at_ms >= $2
            AND NOT EXISTS (SELECT 1 FROM void v WHERE v.target = f.id)",
    many:
        "SELECT f.member, f.id, e.rule, f.at_ms, e.points FROM fact f JOIN earned e ON e.fact = f.id
           WHERE f.member = ANY($1) AND f.kind IN (50, 63, 64) AND f.points > 0 AND f.at_ms >= $2
             AND NOT EXISTS (SELECT 1 FROM void v WHERE v.target = f.id)",
};

/// Which of these are one person with somebody else.
const MERGED: ByKey = ByKey {
    one: "SELECT gone FROM merge WHERE gone = $1 UNION SELECT kept FROM merge WHERE kept = $1",
    many: "SELECT gone FROM merge WHERE gone = ANY($1) UNION SELECT kept FROM merge WHERE kept = ANY($1)",
};

/// What rules gave these members since a moment.
///
/// # Errors
/// Those of the engine, as for all of these.
pub(crate) fn since(
    session: &mut dyn Session,
    files: &[MemberId],
    since_ms: i64,
) -> Result<BTreeMap<MemberId, Vec<GivenOnce>>> {
    let keys: Vec<Vec<u8>> = files.iter().map(|file| file.as_bytes().to_vec()).collect();
    let mut found: BTreeMap<MemberId, Vec<GivenOnce>> = BTreeMap::new();
    for ask in [&BY_VISITS, &BY_SALES] {
        session.query_keys(ask, &keys, &[since_ms.into()], &mut |row| {
            let once = GivenOnce {
                fact: FactId::from_bytes(row[1].exactly()?),
                rule: RecordId::from_bytes(row[2].exactly()?),
                at_ms: row[3].int()?,
                points: row[4].int()?,
            };
            found.entry(MemberId::from_bytes(row[0].exactly()?)).or_default().push(once);
            Ok(())
        })?;
    }
    Ok(found)
}

/// Which of these members are one person with somebody else.
pub(crate) fn merged(
    session: &mut dyn Session,
    members: &[MemberId],
) -> Result<BTreeSet<MemberId>> {
    let keys: Vec<Vec<u8>> = members.iter().map(|member| member.as_bytes().to_vec()).collect();
    let mut merged = BTreeSet::new();
    session.query_keys(&MERGED, &keys, &[], &mut |row| {
        merged.insert(MemberId::from_bytes(row[0].exactly()?));
        Ok(())
    })?;
    Ok(merged)
}
