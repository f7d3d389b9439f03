//! Points that people gave by hand: for a reason, or from one member to another.

use punchcard_domain::{
    audit::{
        RulesOfOld, Source, adjustment_follows, points_transfer_follows, referral_follows,
        top_up_follows,
    },
    fact::{Fact, PointsAdjusted, PointsTransferred, ReferralRewarded, ToppedUp},
    ledger::Posting,
};
use punchcard_protocol::{FactId, Header, LotId, MemberId, StreamId};

use super::{
    super::{inbox, push::held, work::Work},
    freeze, known_fact, newest_of, seen,
};
use crate::{error::Result, store::Datum};

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
    let beside = place(work, body.cause)?.is_some_and(|(stream, _)| stream == header.stream);
    let cause = known_fact(work, body.cause)?.filter(|_| beside);
    let mut again = false;
    for (_, fact) in newest_of(work, body.member, REFERRAL_KIND)? {
        let Fact::ReferralRewarded(other) = fact else { continue };
        again |=
            other.of == body.of && other.id != body.id && !seen::taken_back(work, other.cause)?;
    }
    freeze(work, header, referral_follows(body, cause.as_ref(), again))
}

/// What came to a member must have gone from another, in the same journal, and once.
pub(super) fn came(work: &mut Work<'_>, header: &Header, body: &PointsTransferred) -> Result<()> {
    if body.gains.is_empty() {
        return Ok(());
    }
    let gone = match known_fact(work, body.counterpart)? {
        Some(Fact::PointsTransferred(gone)) => Some(gone),
        _ => None,
    };
    let here = place(work, body.counterpart)?.is_some_and(|(stream, _)| stream == header.stream)
        && place(work, body.id)? == Some((header.stream, header.seq))
        && !seen::taken_back(work, body.counterpart)?;
    let gone = gone.filter(|_| here);
    let mut sources = Vec::new();
    for posting in gone.iter().flat_map(|gone| &gone.postings) {
        let owner = posting.owner.unwrap_or(body.other);
        sources.push(source(work, owner, posting)?);
    }
    freeze(work, header, points_transfer_follows(body, gone.as_ref(), &sources))
}

/// Where a fact stands; of two with the same id, the first that came.
fn place(work: &mut Work<'_>, id: FactId) -> Result<Option<(StreamId, u64)>> {
    let sql = "SELECT stream, seq FROM fact WHERE id = $1";
    let row = work.session.row(sql, &[id.as_bytes().into()])?;
    row.map(|row| Ok((row[0].stream()?, row[1].count()?))).transpose()
}

/// How the lot of a posting stands; none: nobody ever issued it.
fn source(work: &mut Work<'_>, owner: MemberId, posting: &Posting) -> Result<Option<Source>> {
    let sql = "SELECT expires_ms FROM account WHERE member = $1 AND lot = $2 AND account = 0";
    let issued = [owner.as_bytes().into(), posting.lot.as_bytes().into()];
    let Some(row) = work.session.row(sql, &issued)? else { return Ok(None) };
    let expires_ms = row[0].optional(Datum::int)?;
    let frozen = "SELECT 1 FROM frozen WHERE lot = $1 AND frozen = 1";
    let frozen = work.session.row(frozen, &[posting.lot.as_bytes().into()])?.is_some();
    let covered = held(work, (Some(owner), posting.lot, posting.from))? >= 0;
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
    let whose = place(work, gone.id)?.map(|(stream, _)| stream.till);
    if whose != Some(header.stream.till) {
        return Ok(false);
    }
    let came = known_fact(work, gone.counterpart)?;
    let Some(Fact::PointsTransferred(came)) = came else { return Ok(true) };
    for gain in &came.gains {
        if !taken_back(work, gain.lot.id)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn taken_back(work: &mut Work<'_>, lot: LotId) -> Result<bool> {
    let sql = "SELECT 1 FROM take_back WHERE lot = $1";
    Ok(work.session.row(sql, &[lot.as_bytes().into()])?.is_some())
}
