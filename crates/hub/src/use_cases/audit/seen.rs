//! One member, two branches, at about the same time: somebody lent their card, or a photo of it goes
//! round. Both desks let them in, and neither could know; here it is seen.

use punchcard_domain::fact::{Fact, VisitRecorded};
use punchcard_protocol::{FactId, Header};
use serde_json::json;

use super::{
    super::{inbox, work::Work},
    VISIT_KIND, newest_of,
};
use crate::error::Result;

/// So soon nobody is at another branch, or seldom: ms.
const SOON_MS: i64 = 30 * 60 * 1000;
/// More than so many are not named one by one.
const MOST: usize = 5;

/// A visit that counted, beside one that counted at another branch within half an hour.
pub(super) fn look(work: &mut Work<'_>, header: &Header, visit: &VisitRecorded) -> Result<()> {
    let (Some(member), true) = (visit.member, visit.counted) else { return Ok(()) };
    let mut told = 0;
    for (_, fact) in newest_of(work, member, VISIT_KIND)? {
        let Fact::VisitRecorded(other) = fact else { continue };
        let apart = other.at_ms.saturating_sub(visit.at_ms).saturating_abs();
        let beside = other.counted && other.store != visit.store && apart < SOON_MS;
        if !beside || told == MOST || taken_back(work, other.id)? {
            continue;
        }
        let args = json!({"till": header.stream.till, "stream": header.stream, "seq": header.seq,
            "member": member, "visit": visit.id, "store": visit.store, "at_ms": visit.at_ms,
            "other_visit": other.id, "other_store": other.store, "other_at_ms": other.at_ms});
        inbox::tell(work, "seen_twice", &args)?;
        told += 1;
    }
    Ok(())
}

/// Whether a fact was taken back.
pub(super) fn taken_back(work: &mut Work<'_>, fact: FactId) -> Result<bool> {
    let sql = "SELECT 1 FROM void WHERE target = $1";
    Ok(work.session.row(sql, &[fact.as_bytes().into()])?.is_some())
}
