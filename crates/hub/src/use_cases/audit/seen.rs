//! One member, two branches, at about the same time: somebody lent their card, or a photo of it goes
//! round. Both desks let them in, and neither could know; here it is seen.

use std::collections::BTreeMap;

use punchcard_domain::fact::VisitRecorded;
use punchcard_protocol::{Header, MemberId, StoreId};
use serde_json::json;

use super::super::{inbox, work::Work};
use crate::{
    error::Result,
    store::facts::{self, Visit},
};

/// So soon nobody is at another branch, or seldom: ms.
const SOON_MS: i64 = 30 * 60 * 1000;
/// More than so many are not named one by one.
const MOST: usize = 5;

/// A visit that counted, of somebody.
type Counted<'a> = (MemberId, &'a Header, &'a VisitRecorded);

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
) -> Result<BTreeMap<MemberId, Vec<Visit>>> {
    let times = || visits.iter().map(|(.., visit)| visit.at_ms);
    let first = times().min().unwrap_or(0).saturating_sub(SOON_MS);
    let last = times().max().unwrap_or(0).saturating_add(SOON_MS);
    let members: Vec<MemberId> = visits.iter().map(|(member, ..)| *member).collect();
    facts::visits_elsewhere(&mut *work.session, &members, store, (first, last))
}

fn beside(
    work: &mut Work<'_>,
    (member, header, visit): Counted<'_>,
    others: &[Visit],
) -> Result<()> {
    let mut told = 0;
    for other in others {
        let apart = other.at_ms.saturating_sub(visit.at_ms).saturating_abs();
        if apart >= SOON_MS || told == MOST || facts::is_void(&mut *work.session, other.id)? {
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
