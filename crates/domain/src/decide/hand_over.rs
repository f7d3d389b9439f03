//! A voucher: a reward that was redeemed, and is handed over later.

use punchcard_protocol::{FactId, LotId, MemberId};

use super::{Decided, Desk, stock};
use crate::{
    fact::{Fact, RewardHandedOver},
    ledger::{Account, Lot, Purse, ValueKind},
    records::Reward,
    refusal::Refusal,
    rewards::RewardTerms,
};

/// The lot of a voucher has the id of the fact that gave it: so everybody who has the fact knows
/// what the voucher is for.
pub fn voucher_lot(given: FactId) -> LotId {
    LotId(given.0)
}

/// A voucher for one of a reward, with this till, that can be used until the end of the last day.
///
/// # Errors
/// [`Refusal::RewardNotLater`].
pub(super) fn voucher(desk: &Desk<'_>, given: FactId, terms: &RewardTerms) -> Result<Lot, Refusal> {
    let days = terms.later_days.ok_or(Refusal::RewardNotLater)?;
    let last = desk.today().plus_days(i32::try_from(days).unwrap_or(i32::MAX));
    Ok(Lot {
        id: voucher_lot(given),
        kind: ValueKind::Coupon,
        amount: 1,
        to: Account::Till(desk.me),
        expires_ms: Some(desk.store.days().end_of(last)),
    })
}

/// What handing a reward over is decided on.
#[derive(Debug, Clone)]
pub struct HandOver {
    /// To whom.
    pub member: MemberId,
    /// Banned members get nothing.
    pub banned: bool,
    /// What.
    pub reward: Reward,
    /// The fact that gave the voucher.
    pub given: FactId,
    /// The voucher.
    pub voucher: Purse,
    /// The reward's stock in this store, where it is kept.
    pub stock: Option<Purse>,
}

/// Hands a reward over for a voucher that lies here, and for no other: so nobody gets it twice.
/// What was promised is given, whatever became of the offer.
///
/// # Errors
/// [`Refusal::Banned`], [`Refusal::RewardNotHere`], [`Refusal::NotVouched`],
/// [`Refusal::VoucherElsewhere`], [`Refusal::VoucherOver`], [`Refusal::VoucherGone`],
/// [`Refusal::OutOfStock`].
pub fn hand_over(desk: &mut Desk<'_>, known: &HandOver) -> Result<Decided, Refusal> {
    if known.banned {
        return Err(Refusal::Banned);
    }
    if !known.reward.terms.given_in(desk.store.id) {
        return Err(Refusal::RewardNotHere);
    }
    if !desk.trusted {
        return Err(Refusal::NotVouched);
    }
    let (mut postings, short) = known.voucher.take(desk.me, 1, desk.spend_ms);
    if short > 0 {
        return Err(missing(desk, &known.voucher));
    }
    postings.extend(stock::hand_out(desk, &known.reward, known.stock.as_ref())?);
    let fact = RewardHandedOver {
        id: desk.fact_id(),
        member: known.member,
        store: desk.store.id,
        at_ms: desk.now_ms,
        given: known.given,
        reward: known.reward.id,
        reward_name: known.reward.name.clone(),
        postings,
        approved_by: None,
    };
    Ok(Fact::RewardHandedOver(fact).into())
}

/// Why a voucher cannot be used here.
fn missing(desk: &Desk<'_>, voucher: &Purse) -> Refusal {
    if voucher.elsewhere > 0 {
        return Refusal::VoucherElsewhere;
    }
    let over = voucher.here.iter().any(|held| held.amount > 0 && held.expired(desk.spend_ms));
    if over { Refusal::VoucherOver } else { Refusal::VoucherGone }
}

#[cfg(test)]
mod tests {
    use punchcard_protocol::RecordId;

    use super::*;
    use crate::{
        decide::fixtures::{NOON, me, shop},
        ledger::Holding,
    };

    fn known(voucher: Purse) -> HandOver {
        HandOver {
            member: MemberId::from_bytes([3; 16]),
            banned: false,
            reward: Reward {
                id: RecordId::from_bytes([4; 16]),
                name: "毛巾".into(),
                cost: 10,
                minor_per_point: 0,
                active: false,
                terms: RewardTerms::default(),
            },
            given: FactId::from_bytes([7; 16]),
            voucher,
            stock: None,
        }
    }

    fn here(expires_ms: i64, frozen: bool) -> Purse {
        let holding = Holding {
            lot: voucher_lot(FactId::from_bytes([7; 16])),
            kind: ValueKind::Coupon,
            account: Account::Till(me()),
            amount: 1,
            expires_ms: Some(expires_ms),
            owner: None,
            frozen,
        };
        Purse { here: vec![holding], ..Purse::default() }
    }

    fn outcome(known: &HandOver) -> Result<RewardHandedOver, Refusal> {
        match shop().at(NOON, |desk| hand_over(desk, known))?.fact {
            Fact::RewardHandedOver(fact) => Ok(fact),
            _ => unreachable!("handing over hands over"),
        }
    }

    #[test]
    fn only_a_voucher_that_lies_here_is_used() {
        let fact = outcome(&known(here(NOON + 1, false))).expect("it lies here");
        assert_eq!((fact.postings.len(), fact.postings[0].amount), (1, 1));
        assert_eq!(fact.postings[0].to, Account::Spent(me()));
        let elsewhere = Purse { elsewhere: 1, ..Purse::default() };
        for (voucher, refusal) in [
            (Purse::default(), Refusal::VoucherGone),
            (elsewhere, Refusal::VoucherElsewhere),
            (here(NOON, false), Refusal::VoucherOver),
            (here(NOON + 1, true), Refusal::VoucherGone),
        ] {
            assert_eq!(outcome(&known(voucher)), Err(refusal));
        }
    }

    #[test]
    fn who_may_not_have_it_does_not_get_it() {
        let mut banned = known(here(NOON + 1, false));
        banned.banned = true;
        assert_eq!(outcome(&banned), Err(Refusal::Banned));
        let mut empty = known(here(NOON + 1, false));
        empty.reward.terms.counts_stock = true;
        empty.stock = Some(Purse::default());
        assert_eq!(outcome(&empty), Err(Refusal::OutOfStock { here: 0, elsewhere: 0 }));
        let restored = known(here(NOON + 1, false));
        let refused = shop().at(NOON, |desk| {
            desk.trusted = false;
            hand_over(desk, &restored)
        });
        assert_eq!(refused, Err(Refusal::NotVouched));
    }
}
