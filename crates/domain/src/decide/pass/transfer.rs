//! A pass becomes somebody else's.

use punchcard_protocol::{MemberId, PassId, RecordId};

use super::{PassOnFile, give::pack};
use crate::{
    decide::{Decided, Desk, SoFar, by_hand::spendable},
    fact::{Fact, Pass, PassGiven, PassTransferred},
    ledger::Purse,
    money::MAX_AMOUNT,
    refusal::Refusal,
};

/// What giving a pass away is decided on.
#[derive(Debug, Clone)]
pub struct Transfer {
    /// The pass.
    pub pass: PassOnFile,
    /// What was paid for it so far, and what was used; none: nobody here knows.
    pub so_far: Option<SoFar>,
    /// Its kind, where that is on offer here.
    pub pass_type: Option<RecordId>,
    /// Whose it will be.
    pub to: MemberId,
    /// What is paid for it, in minor units; none: what its terms say.
    pub fee_minor: Option<i64>,
    /// The points of whose it is: its terms may ask for some.
    pub points: Purse,
}

/// Gives a pass to somebody else, as it stands: what is left of its time and of its visits, and what
/// was paid for it, which an upgrade credits. Two facts, that are written and taken back together.
///
/// # Errors
/// [`Refusal::PassOver`], [`Refusal::PackElsewhere`], [`Refusal::NotVouched`],
/// [`Refusal::NoVisits`], [`Refusal::AlreadyFrozen`] where it is frozen: end that first,
/// [`Refusal::BadInput`] for a fee that is no amount or for the same member,
/// [`Refusal::PointsShort`].
pub fn transfer_pass(desk: &mut Desk<'_>, known: &Transfer) -> Result<(Decided, Decided), Refusal> {
    let Transfer { pass, so_far, pass_type, to, fee_minor, points } = known;
    let (pass_type, to) = (*pass_type, *to);
    let fee_minor = fee_minor.unwrap_or(pass.terms.transfer_fee_minor);
    let fee_points = pass.terms.transfer_fee_points;
    let today = desk.today();
    if to == pass.member {
        return Err(Refusal::BadInput("member"));
    }
    if !(0..=MAX_AMOUNT).contains(&fee_minor) {
        return Err(Refusal::BadInput("fee"));
    }
    let (stands, left) = pass.transferable(desk)?;
    let paid = match fee_points {
        0 => Vec::new(),
        _ => spendable(desk, points, fee_points)?,
    };
    let given = PassGiven {
        id: desk.fact_id(),
        member: to,
        pass: Pass {
            id: PassId((desk.ids)()),
            name: pass.name.clone(),
            pass_type,
            from: stands.from.unwrap_or(pass.from),
            until: stands.until,
            visits: left.map(|left| pack(desk, left)).transpose()?,
            terms: if stands.from.is_some() { pass.terms.begun() } else { pass.terms.clone() },
            before: so_far.map(|so_far| so_far.brings(left)),
        },
        price_minor: 0,
        price_percent: None,
        transferred: None,
        approved_by: None,
    };
    let gone = PassTransferred {
        id: desk.fact_id(),
        member: pass.member,
        pass: pass.id,
        at_ms: desk.now_ms,
        on: today,
        to,
        given: given.id,
        fee_minor,
        fee_points,
        postings: pass.take_visits(desk, left.unwrap_or(0)).into_iter().chain(paid).collect(),
        approved_by: None,
    };
    let given = PassGiven { transferred: Some(gone.id), ..given };
    Ok((Fact::PassTransferred(gone).into(), Fact::PassGiven(given).into()))
}
