//! Points that people gave by hand: for a reason, or from one member to another.

use punchcard_domain::{
    audit::{
        RulesOfOld, Source, adjustment_follows, points_transfer_follows, referral_follows,
        top_up_follows,
    },
    fact::{Fact, PointsAdjusted, PointsTransferred, ReferralRewarded, ToppedUp},
    ledger::Posting,
};
use punchcard_protocol::{Header, MemberId};

use super::{
    super::{inbox, work::Work},
    freeze, newest_of,
};
use crate::{
    error::Result,
    store::{facts, ledger},
};

const REFERRAL_KIND: u16 = 63;

/// Given by nobody who may, points are frozen. What is given and taken by hand is added up and
/// told, a line for each till: no rule says how many it may be.
pub(super) fn adjusted(
    work: &mut Work<'_>,
    header: &Header,
    body: &PointsAdjusted,
    old: &RulesOfOld,
) -> Result<()> {
    freeze(work, header, adjustment_follows(body, header.staff, old))?;
    let (given, taken) = (body.points.max(0), body.points.saturating_neg().max(0));
    let adds = [("times", 1), ("given", given), ("taken", taken)];
    inbox::add_up(work, "adjusted_points", header.stream.till, &adds)
}

/// Loaded by nobody who may, money is frozen. What is loaded is added up and told, a line for each
/// till.
pub(super) fn topped_up(
    work: &mut Work<'_>,
    header: &Header,
    body: &ToppedUp,
    old: &RulesOfOld,
) -> Result<()> {
    freeze(work, header, top_up_follows(body, header.staff, old))?;
    let adds = [("times", 1), ("money_minor", body.value.amount)];
    inbox::add_up(work, "topped_up", header.stream.till, &adds)
}

/// Whoever sent a member gets points for them once, with what that member did for the first time in
/// the same journal. Two desks that could not see one another both gave them: the second is frozen.
pub(super) fn referral(
    work: &mut Work<'_>,
    header: &Header,
    body: &ReferralRewarded,
) -> Result<()> {
    let beside = facts::place(&mut *work.session, body.cause)?
        .is_some_and(|(stream, _)| stream == header.stream);
    let cause = facts::one(&mut *work.session, body.cause)?.filter(|_| beside);
    let mut again = false;
    for (_, fact) in newest_of(work, body.member, REFERRAL_KIND)? {
        let Fact::ReferralRewarded(other) = fact else { continue };
        again |= other.of == body.of
            && other.id != body.id
            && !facts::is_void(&mut *work.session, other.cause)?;
    }
    freeze(work, header, referral_follows(body, cause.as_ref(), again))
}

/// What came to a member must have gone from another, in the same journal, and once.
pub(super) fn came(work: &mut Work<'_>, header: &Header, body: &PointsTransferred) -> Result<()> {
    if body.gains.is_empty() {
        return Ok(());
    }
    let gone = match facts::one(&mut *work.session, body.counterpart)? {
        Some(Fact::PointsTransferred(gone)) => Some(gone),
        _ => None,
    };
    let here = facts::place(&mut *work.session, body.counterpart)?
        .is_some_and(|(stream, _)| stream == header.stream)
        && facts::place(&mut *work.session, body.id)? == Some((header.stream, header.seq))
        && !facts::is_void(&mut *work.session, body.counterpart)?;
    let gone = gone.filter(|_| here);
    let mut sources = Vec::new();
    for posting in gone.iter().flat_map(|gone| &gone.postings) {
        let owner = posting.owner.unwrap_or(body.other);
        sources.push(source(work, owner, posting)?);
    }
    freeze(work, header, points_transfer_follows(body, gone.as_ref(), &sources))
}

/// How the lot of a posting stands; none: nobody ever issued it.
fn source(work: &mut Work<'_>, owner: MemberId, posting: &Posting) -> Result<Option<Source>> {
    let session = &mut *work.session;
    let Some(expires_ms) = ledger::issued_until(session, owner, posting.lot)? else {
        return Ok(None);
    };
    let frozen = ledger::is_frozen(session, posting.lot)?;
    let covered = ledger::held(session, (Some(owner), posting.lot, posting.from))? >= 0;
    Ok(Some(Source { expires_ms, sound: covered && !frozen }))
}

/// Whether all that a fact gave to another member was taken back from them, so that the till that
/// gave it may put it back. No other till may: two would put it back twice.
pub(super) fn came_back(
    work: &mut Work<'_>,
    header: &Header,
    target: Option<&Fact>,
) -> Result<bool> {
    let Some(Fact::PointsTransferred(gone)) = target else { return Ok(true) };
    let whose = facts::place(&mut *work.session, gone.id)?.map(|(stream, _)| stream.till);
    if whose != Some(header.stream.till) {
        return Ok(false);
    }
    let came = facts::one(&mut *work.session, gone.counterpart)?;
    let Some(Fact::PointsTransferred(came)) = came else { return Ok(true) };
    for gain in &came.gains {
        if !ledger::is_taken_back(&mut *work.session, gain.lot.id)? {
            return Ok(false);
        }
    }
    Ok(true)
}
