//! Another kind of pass in the place of one, for the difference.

use super::{
    PassOnFile,
    give::{pass_of, price},
};
use crate::{
    decide::{Decided, Desk, SoFar},
    fact::{Fact, Pass, PassUpgraded},
    records::PassType,
    refusal::Refusal,
};

/// What an upgrade is decided on.
#[derive(Debug, Clone)]
pub struct Upgrade {
    /// The pass that ends.
    pub pass: PassOnFile,
    /// What was paid for it so far, and what was used; none: nobody here knows.
    pub so_far: Option<SoFar>,
    /// So many percent of a price that their tier lets them pay now; none: all of it.
    pub price_percent: Option<i64>,
    /// The kind that takes its place.
    pub to: PassType,
}

/// Puts another kind of pass in the place of one, for the difference: what was really paid for the
/// old one so far, upgrades before this one among it, is credited, and no more. The new one counts
/// from the day on which the old one began, and what was used of a pack, and of packs before it, is
/// used of the new one.
///
/// # Errors
/// [`Refusal::PassOver`], [`Refusal::CostsLess`], [`Refusal::PackElsewhere`],
/// [`Refusal::NotVouched`], [`Refusal::PaidUnknown`], [`Refusal::NotFound`] where the other kind is
/// no longer on offer.
pub fn upgrade_pass(desk: &mut Desk<'_>, known: &Upgrade) -> Result<Decided, Refusal> {
    let Upgrade { pass, to, .. } = known;
    if !to.active {
        return Err(Refusal::NotFound("pass"));
    }
    let today = desk.today();
    let (stands, left) = pass.upgradable(desk)?;
    let so_far = known.so_far.ok_or(Refusal::PaidUnknown)?;
    let paid_minor = price(to, known.price_percent).saturating_sub(so_far.paid_minor);
    if paid_minor < 0 {
        return Err(Refusal::CostsLess);
    }
    let before = so_far.brings(left);
    let visits = to.visits.map(|visits| visits.saturating_sub(before.used));
    if visits.is_some_and(|visits| visits <= 0) {
        return Err(Refusal::NoVisits);
    }
    let from = stands.from.unwrap_or(pass.from);
    let fact = PassUpgraded {
        id: desk.fact_id(),
        member: pass.member,
        pass: pass.id,
        at_ms: desk.now_ms,
        on: today,
        given: Pass {
            before: Some(before),
            ..pass_of(desk, to, (from, stands.from.is_some()), visits)?
        },
        paid_minor,
        price_percent: known.price_percent,
        postings: pass.take_visits(desk, left.unwrap_or(0)),
        approved_by: None,
    };
    Ok(Fact::PassUpgraded(fact).into())
}
