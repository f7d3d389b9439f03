//! Whoever sent a member here gets points when that member comes for the first time: with the sale or
//! visit, in one transaction, and taken back with it.

use punchcard_domain::{
    decide::{self, Decided, Refer},
    earning::{event::What, rule::Per},
    fact::Fact,
    ledger::ValueKind,
    staff::Role,
};
use punchcard_protocol::FactId;

use super::{actor::Actor, earning};
use crate::{
    error::Result,
    store::{
        earned, erased,
        read::{self, MemberFile},
    },
    work::Work,
};

/// What whoever sent this member gets for it, where this is the first time that they come; and what
/// `cause`, which comes first, then says of it.
pub(crate) fn of(
    work: &Work<'_>,
    file: &MemberFile,
    cause: &mut Fact,
    at_ms: Option<i64>,
) -> Result<Option<Decided>> {
    let Some(id) = first_time(work, file, cause, at_ms)? else { return Ok(None) };
    // Merged with whom they sent, it is nobody else.
    let sent_by = file.referred_by.map(|by| read::member(work.db, by)).transpose()?.flatten();
    let Some(referrer) = sent_by.filter(|referrer| referrer.id != file.id) else {
        return Ok(None);
    };
    if erased::is_erased(work.db, referrer.id)? {
        return Ok(None);
    }
    let Some(outcome) = earning::by_rules(work, &referrer, What::Refers, at_ms)? else {
        return Ok(None);
    };
    let known = Refer {
        referrer: referrer.id,
        banned: referrer.banned.is_some(),
        of: file.id,
        cause: id,
        points: work.eye(Role::Receptionist).purse(referrer.number, ValueKind::Points)?,
        by_rules: outcome,
    };
    let decided = work.decide(at_ms, |desk| Ok(decide::refer(desk, &known)?))?;
    let rewarded = decided.as_ref().map(|decided| decided.fact.id());
    match cause {
        Fact::PointsEarned(body) => body.refers = rewarded,
        Fact::VisitRecorded(body) => body.refers = rewarded,
        _ => return Ok(None),
    }
    Ok(decided)
}

/// The sale or visit that counts, where it is the first thing known of somebody who was sent.
fn first_time(
    work: &Work<'_>,
    file: &MemberFile,
    cause: &Fact,
    at_ms: Option<i64>,
) -> Result<Option<FactId>> {
    let counts = match cause {
        Fact::PointsEarned(_) => true,
        Fact::VisitRecorded(body) => body.counted,
        _ => false,
    };
    // Most houses have no such rule, and most members were sent by nobody: then nothing is read.
    let asked = file.referred_by.is_some()
        && work.house.book.rules().any(|rule| rule.active && rule.per == Per::Refers);
    if !counts || !asked {
        return Ok(None);
    }
    let days = work.house.store.days();
    let so_far = earned::so_far(work.db, file.number, days, at_ms.unwrap_or(work.now_ms()))?;
    Ok((so_far.visits == 0 && so_far.sales == 0).then(|| cause.id()))
}

/// The fact by which whoever sent somebody got points for this one.
pub(crate) fn named(fact: &Fact) -> Option<FactId> {
    match fact {
        Fact::PointsEarned(body) => body.refers,
        Fact::VisitRecorded(body) => body.refers,
        _ => None,
    }
}

/// Writes it down, behind its cause.
pub(crate) fn append(work: &mut Work<'_>, actor: &Actor, decided: Option<Decided>) -> Result<()> {
    decided.map_or(Ok(()), |decided| work.append(actor, decided).map(drop))
}
