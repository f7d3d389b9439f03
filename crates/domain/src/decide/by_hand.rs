//! Points by permission: given or taken for a reason, or made somebody else's.

use punchcard_protocol::MemberId;

use super::{Decided, Desk, bundled, gain, pass::reason};
use crate::{
    earning::Bundle,
    fact::{Fact, Gain, PointsAdjusted, PointsTransferred},
    ledger::{Posting, Purse, check_amount},
    refusal::Refusal,
};

/// What an adjustment is decided on.
#[derive(Debug, Clone)]
pub struct Adjust {
    /// Whose points.
    pub member: MemberId,
    /// How many: to give (positive) or to take (negative).
    pub points: i64,
    /// Why, in the cashier's words.
    pub because: String,
    /// Their points.
    pub purse: Purse,
}

/// Gives points, as an earning does: with the house's expiry, repaying a debt at once; or takes
/// some, only of what can be spent here.
///
/// # Errors
/// [`Refusal::BadAmount`] for no points, [`Refusal::TooLarge`], [`Refusal::BadInput`] without a
/// reason; taking: [`Refusal::PointsShort`], [`Refusal::NotVouched`].
pub fn adjust_points(desk: &mut Desk<'_>, known: &Adjust) -> Result<Decided, Refusal> {
    let private = reason(&known.because)?;
    check_amount(known.points.checked_abs().ok_or(Refusal::TooLarge)?)?;
    let (earned, postings) = if known.points > 0 {
        (gain(desk, known.points, &known.purse)?, Vec::new())
    } else {
        (None, spendable(desk, &known.purse, -known.points)?)
    };
    let fact = PointsAdjusted {
        id: desk.fact_id(),
        member: known.member,
        store: desk.store.id,
        at_ms: desk.now_ms,
        points: known.points,
        earned,
        postings,
        private: None,
        approved_by: None,
    };
    Ok(Decided { fact: Fact::PointsAdjusted(fact), private: Some(private) })
}

/// What a transfer of points is decided on.
#[derive(Debug, Clone)]
pub struct GiveAway {
    /// Whose they are.
    pub from: MemberId,
    /// Banned members give nothing away, as they redeem nothing.
    pub banned: bool,
    /// Whose they will be.
    pub to: MemberId,
    /// How many, more than zero.
    pub points: i64,
    /// The points of the one.
    pub purse: Purse,
    /// The points of the other: what they owe here is repaid at once.
    pub takes: Purse,
}

/// Makes one member's points another's, only of what can be spent here: what expires first goes
/// first, and keeps its expiry. Two facts, that are written and taken back together: what goes,
/// and what comes.
///
/// # Errors
/// [`Refusal::BadAmount`], [`Refusal::TooLarge`], [`Refusal::BadInput`] for the same member,
/// [`Refusal::Banned`], [`Refusal::PointsShort`], [`Refusal::NotVouched`].
pub fn transfer_points(
    desk: &mut Desk<'_>,
    known: &GiveAway,
) -> Result<(Decided, Decided), Refusal> {
    check_amount(known.points)?;
    if known.from == known.to {
        return Err(Refusal::BadInput("member"));
    }
    if known.banned {
        return Err(Refusal::Banned);
    }
    let postings = spendable(desk, &known.purse, known.points)?;
    let gains = received(desk, known, &postings)?;
    let (went, came) = (desk.fact_id(), desk.fact_id());
    let gone = PointsTransferred {
        id: went,
        member: known.from,
        store: desk.store.id,
        at_ms: desk.now_ms,
        points: -known.points,
        other: known.to,
        counterpart: came,
        postings,
        gains: Vec::new(),
        approved_by: None,
    };
    let arrival = PointsTransferred {
        id: came,
        member: known.to,
        points: known.points,
        other: known.from,
        counterpart: went,
        postings: Vec::new(),
        gains,
        ..gone.clone()
    };
    Ok((Fact::PointsTransferred(gone).into(), Fact::PointsTransferred(arrival).into()))
}

/// Takes points that can be spent here.
pub(super) fn spendable(
    desk: &Desk<'_>,
    purse: &Purse,
    points: i64,
) -> Result<Vec<Posting>, Refusal> {
    if !desk.trusted {
        return Err(Refusal::NotVouched);
    }
    let (postings, short) = purse.take(desk.me, points, desk.spend_ms);
    if short > 0 {
        let (here, on_file) = (purse.spendable(desk.spend_ms), purse.on_file(desk.spend_ms));
        return Err(Refusal::PointsShort { need: points, here, on_file });
    }
    Ok(postings)
}

/// For each posting a lot of as many, that runs out when that one does.
fn received(
    desk: &mut Desk<'_>,
    known: &GiveAway,
    postings: &[Posting],
) -> Result<Vec<Gain>, Refusal> {
    let mut owed = known.takes.debt_here;
    let mut gains = Vec::with_capacity(postings.len());
    for posting in postings {
        let held = known.purse.here.iter().find(|held| held.lot == posting.lot);
        let expires_ms = held.and_then(|held| held.expires_ms);
        let bundle = Bundle { points: posting.amount, expires_ms, usable_ms: None };
        if let Some(gain) = bundled(desk, bundle, owed)? {
            owed -= gain.repaid.map_or(0, |posting| posting.amount);
            gains.push(gain);
        }
    }
    Ok(gains)
}

#[cfg(test)]
mod tests;
