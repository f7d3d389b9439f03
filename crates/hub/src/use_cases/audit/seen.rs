//! One member, two branches, at about the same time: somebody lent their card, or a photo of it goes
//! round. Both desks let them in, and neither could know; here it is seen.

use std::collections::BTreeMap;

use punchcard_domain::fact::VisitRecorded;
use punchcard_protocol::{FactId, Header, MemberId, StoreId};
use serde_json::json;

use super::super::{inbox, work::Work};
use crate::{
    error::Result,
    store::{ByKey, Datum},
};

/// So soon nobody is at another branch, or seldom: ms.
const SOON_MS: i64 = 30 * 60 * 1000;
/// More than so many are not named one by one.
const MOST: usize = 5;

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

/// A visit that counted, of somebody.
type Counted<'a> = (MemberId, &'a Header, &'a VisitRecorded);

/// A visit at another branch.
struct Other {
    id: FactId,
    store: StoreId,
    at_ms: i64,
}

/// Visits of one batch that counted, each beside those that counted at another branch within half an
/// hour.
pub(super) fn look(work: &mut Work<'_>, visits: &[(&Header, &VisitRecorded)]) -> Result<()> {
    let mut by_store: BTreeMap<StoreId, Vec<Counted<'_>>> = BTreeMap::new();
    for (header, visit) in visits {
        if let (Some(member), true) = (visit.member, visit.counted) {
            by_store.entry(visit.store).or_default().push((member, header, visit));
        }
    }
    for (store, visits) in by_store {
        let others = elsewhere(work, store, &visits)?;
        for (member, header, visit) in visits {
            beside(work, (member, header, visit), others.get(&member).map_or(&[], Vec::as_slice))?;
        }
    }
    Ok(())
}

/// What these members did at other branches around that time, the newest first.
fn elsewhere(
    work: &mut Work<'_>,
    store: StoreId,
    visits: &[Counted<'_>],
) -> Result<BTreeMap<MemberId, Vec<Other>>> {
    let times = || visits.iter().map(|(.., visit)| visit.at_ms);
    let first = times().min().unwrap_or(0).saturating_sub(SOON_MS);
    let last = times().max().unwrap_or(0).saturating_add(SOON_MS);
    let keys: Vec<Vec<u8>> = visits.iter().map(|(member, ..)| member.as_bytes().to_vec()).collect();
    let more: [Datum; 3] = [first.into(), last.into(), store.as_bytes().into()];
    let mut found: BTreeMap<MemberId, Vec<Other>> = BTreeMap::new();
    work.session.query_keys(&ELSEWHERE, &keys, &more, &mut |row| {
        let other = Other {
            id: FactId::from_bytes(row[1].exactly()?),
            store: StoreId::from_bytes(row[2].exactly()?),
            at_ms: row[3].int()?,
        };
        found.entry(MemberId::from_bytes(row[0].exactly()?)).or_default().push(other);
        Ok(())
    })?;
    Ok(found)
}

fn beside(
    work: &mut Work<'_>,
    (member, header, visit): Counted<'_>,
    others: &[Other],
) -> Result<()> {
    let mut told = 0;
    for other in others {
        let apart = other.at_ms.saturating_sub(visit.at_ms).saturating_abs();
        if apart >= SOON_MS || told == MOST || taken_back(work, other.id)? {
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
