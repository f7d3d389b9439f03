//! Taking something back.

use punchcard_domain::{
    decide::{self, Decided, Void, voidable},
    fact::{Fact, MembersMerged, gains},
    ledger::ValueKind,
    refusal::Refusal,
    staff::Permission,
};
use punchcard_protocol::{FactId, Header, LotId, MemberId, StreamId};

use super::{actor::Actor, check_in::undo_until, referral};
use crate::{
    error::{Error, Result},
    store::{journal, merged, purse, read, streams},
    till::Till,
    views::DoneView,
    work::Work,
};

impl Till {
    /// Takes a fact back. One's own last action needs no manager while its time lasts.
    ///
    /// # Errors
    /// `already_voided`, `not_voidable`, `approval_needed`, `not_found`.
    pub fn undo(&self, actor: &Actor, fact: FactId) -> Result<DoneView> {
        let actor = actor.clone();
        self.write(move |work| undo(work, &actor, fact))
    }

    /// Takes back what stands at one place of this till's own journal, or of the whole, by the
    /// fact's id: for scripts.
    ///
    /// # Errors
    /// As [`Till::undo`].
    pub fn undo_entry(&self, actor: &Actor, entry: &str) -> Result<DoneView> {
        let actor = actor.clone();
        let entry = entry.to_owned();
        self.write(move |work| {
            let fact = match entry.parse::<u64>() {
                Ok(seq) => fact_at(work, seq)?,
                Err(_) => entry.parse().map_err(|_| not_found())?,
            };
            undo(work, &actor, fact)
        })
    }
}

fn not_found() -> Error {
    Refusal::NotFound("entry").into()
}

fn fact_at(work: &Work<'_>, seq: u64) -> Result<FactId> {
    let id = streams::entry_id(work.stream_number(), seq)?;
    let stored = journal::get(work.db, id)?.ok_or_else(not_found)?;
    let header = journal::read_header(&stored.entry.header)?;
    let fact = journal::fact_of(&header, &stored.entry.payload)?;
    fact.map(|fact| fact.id()).ok_or_else(not_found)
}

fn undo(work: &mut Work<'_>, actor: &Actor, target: FactId) -> Result<DoneView> {
    let place = read::fact(work.db, target)?.ok_or_else(not_found)?;
    // Of what happened before this till began from a snapshot it has the outcome, not the fact.
    let stored = journal::get(work.db, place.entry)?.ok_or(Refusal::NotVoidable)?;
    let header = journal::read_header(&stored.entry.header)?;
    let fact = journal::fact_of(&header, &stored.entry.payload)?.ok_or_else(not_found)?;
    let approved_by = permitted(work, actor, &header, &fact)?;
    // Points that were given away are taken back from whoever got them before they are put back:
    // so nobody ever sees them twice.
    if let Fact::PointsTransferred(gone) = &fact {
        counterpart(work, actor, gone.counterpart, approved_by)?;
    }
    // So are those of whoever sent the member.
    if let Some(rewarded) = referral::named(&fact)
        && !place.voided
    {
        counterpart(work, actor, rewarded, approved_by)?;
    }
    let parted = match &fact {
        Fact::MembersMerged(merged) if !place.voided => {
            Some(part(work, &header, merged, approved_by)?)
        }
        _ => None,
    };
    let done = take_back(work, actor, &fact, place.voided, approved_by)?;
    // Struck out, the one merge; and behind it what parts the two.
    if let Some(parted) = parted {
        work.append(actor, parted)?;
    }
    // What was given away comes back from whoever has it now, in the same transaction.
    if let Fact::PassTransferred(gone) = &fact {
        counterpart(work, actor, gone.given, approved_by)?;
    }
    Ok(done)
}

/// What parts two files that `entry` merged.
fn part(
    work: &Work<'_>,
    entry: &Header,
    merged: &MembersMerged,
    approved_by: Option<punchcard_protocol::StaffId>,
) -> Result<Decided> {
    let in_force =
        work.owned.weak().merges_part_anyway || merged::is_in_force(work.db, merged.gone, entry)?;
    work.decide(None, |desk| Ok(decide::part_members(desk, merged, in_force, approved_by)?))
}

/// Takes the other one of two facts back, that are one transfer.
fn counterpart(
    work: &mut Work<'_>,
    actor: &Actor,
    other: FactId,
    approved_by: Option<punchcard_protocol::StaffId>,
) -> Result<()> {
    let place = read::fact(work.db, other)?.ok_or_else(not_found)?;
    let stored = journal::get(work.db, place.entry)?.ok_or(Refusal::NotVoidable)?;
    let header = journal::read_header(&stored.entry.header)?;
    let fact = journal::fact_of(&header, &stored.entry.payload)?.ok_or_else(not_found)?;
    take_back(work, actor, &fact, place.voided, approved_by)?;
    Ok(())
}

fn take_back(
    work: &mut Work<'_>,
    actor: &Actor,
    fact: &Fact,
    voided: bool,
    approved_by: Option<punchcard_protocol::StaffId>,
) -> Result<DoneView> {
    let member = member_of(fact).map(|member| read::member(work.db, member)).transpose()?.flatten();
    let number = member.as_ref().map(|file| file.number);
    let points = match number {
        Some(number) => work.eye(actor.role).purse(number, ValueKind::Points)?,
        None => punchcard_domain::ledger::Purse::default(),
    };
    let lots = match number {
        Some(number) => lots_of(fact)
            .into_iter()
            .map(|lot| purse::standing(work.db, work.owned, number, lot))
            .collect::<Result<Vec<_>>>()?,
        None => Vec::new(),
    };
    let owns = |stream: StreamId| work.owned.has(stream);
    let shown = member.as_ref().map(|file| file.id);
    // Asked for by itself it was refused before.
    let with_its_cause = !voidable(fact);
    let known =
        Void { target: fact, member: shown, voided, with_its_cause, lots, points, owns: &owns };
    let mut decided = work.decide(None, |desk| Ok(decide::void(desk, &known)?))?;
    let Fact::FactVoided(body) = &mut decided.fact else {
        return Err(Error::Internal("a void voids".into()));
    };
    body.approved_by = approved_by;
    let points = body.points;
    let fact = work.append(actor, decided)?;
    let eye = work.eye(actor.role);
    let balance = match number {
        Some(number) => Some(eye.points(&eye.purse(number, ValueKind::Points)?)?),
        None => None,
    };
    Ok(DoneView {
        fact: fact.to_string(),
        at_ms: work.now_ms(),
        points,
        balance,
        undo_until_ms: undo_until(work),
        undo_asks: false,
    })
}

/// One's own last action, in this journal, while its time lasts; else the permission to void.
fn permitted(
    work: &Work<'_>,
    actor: &Actor,
    header: &Header,
    fact: &Fact,
) -> Result<Option<punchcard_protocol::StaffId>> {
    if !voidable(fact) {
        return Err(Refusal::NotVoidable.into());
    }
    let window = i64::from(work.house.rules.undo_secs) * 1000;
    // Half a second of grace: the countdown on screen began a moment after the entry.
    let fresh = work.now_ms() - header.hlc.unix_ms() <= window + 500;
    let own = header.stream == work.stream() && header.staff == actor.staff;
    if own && fresh && is_ones_own(actor, fact) {
        return Ok(None);
    }
    actor.require(Permission::VoidFact)?;
    Ok(actor.approved_by(Permission::VoidFact))
}

/// Whether somebody may do it by themselves: what a manager agreed to is not taken back behind their back.
pub(super) fn is_ones_own(actor: &Actor, fact: &Fact) -> bool {
    actor.role.may(to_do(fact))
}

/// What one must be allowed to do by oneself, to take it back as one's own last action.
fn to_do(fact: &Fact) -> Permission {
    match fact {
        Fact::VisitRecorded(_)
        | Fact::PointsEarned(_)
        | Fact::PointsRedeemed(_)
        | Fact::RewardHandedOver(_) => Permission::CheckIn,
        Fact::PointsAdjusted(_) => Permission::AdjustPoints,
        Fact::PointsTransferred(_) => Permission::TransferPoints,
        Fact::ToppedUp(_) => Permission::TopUp,
        Fact::ClassBooked(_) => Permission::BookClass,
        Fact::MembersMerged(_) => Permission::MergeMembers,
        _ => Permission::GivePass,
    }
}

fn member_of(fact: &Fact) -> Option<MemberId> {
    match fact {
        Fact::VisitRecorded(body) => body.member,
        Fact::PointsEarned(body) => Some(body.member),
        Fact::PointsRedeemed(body) => Some(body.member),
        Fact::RewardHandedOver(body) => Some(body.member),
        Fact::PassGiven(body) => Some(body.member),
        Fact::PassFrozen(body) => Some(body.member),
        Fact::PassUnfrozen(body) => Some(body.member),
        Fact::PassExtended(body) => Some(body.member),
        Fact::PassUpgraded(body) => Some(body.member),
        Fact::PassTransferred(body) => Some(body.member),
        Fact::PassCancelled(body) => Some(body.member),
        Fact::ClassBooked(body) => Some(body.member),
        Fact::PointsAdjusted(body) => Some(body.member),
        Fact::PointsTransferred(body) => Some(body.member),
        Fact::ReferralRewarded(body) => Some(body.member),
        Fact::MembersMerged(body) => Some(body.kept),
        Fact::ToppedUp(body) => Some(body.member),
        _ => None,
    }
}

/// Every lot that a fact names.
fn lots_of(fact: &Fact) -> Vec<LotId> {
    match fact {
        Fact::VisitRecorded(body) => body
            .postings
            .iter()
            .map(|posting| posting.lot)
            .chain(gains(body.earned.as_ref(), body.by_rules.as_ref()).map(|gain| gain.lot.id))
            .collect(),
        Fact::PointsEarned(body) => {
            gains(body.earned.as_ref(), body.by_rules.as_ref()).map(|gain| gain.lot.id).collect()
        }
        Fact::PointsRedeemed(body) => {
            let voucher = body.voucher.iter().map(|lot| lot.id);
            body.postings.iter().map(|posting| posting.lot).chain(voucher).collect()
        }
        Fact::RewardHandedOver(body) => body.postings.iter().map(|posting| posting.lot).collect(),
        Fact::PassGiven(body) => body.pass.visits.iter().map(|lot| lot.id).collect(),
        Fact::PassUpgraded(body) => {
            let given = body.given.visits.iter().map(|lot| lot.id);
            body.postings.iter().map(|posting| posting.lot).chain(given).collect()
        }
        Fact::PassTransferred(body) => body.postings.iter().map(|posting| posting.lot).collect(),
        Fact::PointsAdjusted(body) => {
            let given = body.earned.iter().map(|gain| gain.lot.id);
            body.postings.iter().map(|posting| posting.lot).chain(given).collect()
        }
        Fact::PointsTransferred(body) => {
            let came = body.gains.iter().map(|gain| gain.lot.id);
            body.postings.iter().map(|posting| posting.lot).chain(came).collect()
        }
        Fact::ReferralRewarded(body) => {
            gains(body.earned.as_ref(), Some(&body.by_rules)).map(|gain| gain.lot.id).collect()
        }
        Fact::ToppedUp(body) => {
            let given = gains(body.earned.as_ref(), body.by_rules.as_ref());
            std::iter::once(body.value.id).chain(given.map(|gain| gain.lot.id)).collect()
        }
        _ => Vec::new(),
    }
}
