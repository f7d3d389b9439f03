//! Rewards: what was paid for them, how often, and out of which stock.

use punchcard_protocol::StaffId;

use super::{Doubt, RulesOfOld, doubted};
use crate::{
    decide::voucher_lot,
    fact::{PointsRedeemed, RewardHandedOver, StockChanged},
    ledger::{Account, Lot, Posting, ValueKind},
    limits::AtMost,
    records::{Reward, Rules},
    staff::Permission,
    stock::stock_owner,
    time::Day,
};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// A redemption that no version of its reward explains, or that was not paid with as many points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unpaid {
    /// What the reward costs, by its newest version; none: nobody knows such a reward.
    pub cost: Option<i64>,
    /// What was taken from the member's points, and given on trust.
    pub paid: i64,
}

/// Whether a redemption took what its reward costs, in points and in money, where it is given, and gave no more on trust than some version of
/// the rules lets; the doubt, where not.
pub fn redemption_follows(redeemed: &PointsRedeemed, old: &RulesOfOld) -> Option<Unpaid> {
    let known = || old.rewards.iter().filter(|reward| reward.id == redeemed.reward);
    let here = known().filter(|reward| reward.terms.given_in(redeemed.store));
    let handed_out = handed_out(redeemed);
    let mut here = here.filter(|reward| match redeemed.voucher {
        None => handed_out == Some(i64::from(reward.terms.counts_stock)),
        Some(lot) => handed_out == Some(0) && lasts(redeemed, &lot, reward),
    });
    let priced = here.any(|reward| match reward.cost {
        0 => {
            let money_off = redeemed.points.checked_mul(reward.minor_per_point);
            redeemed.points > 0
                && money_off == Some(redeemed.money_off_minor)
                && redeemed.money_minor == 0
        }
        cost => {
            redeemed.points == cost
                && redeemed.money_off_minor == 0
                && redeemed.money_minor == reward.terms.money_minor
        }
    });
    let trusted =
        old.rules.iter().any(|rules| (0..=rules.trust_limit).contains(&redeemed.on_trust));
    let paid = taken(&redeemed.postings).saturating_add(redeemed.on_trust);
    if priced && trusted && paid == redeemed.points {
        return None;
    }
    Some(Unpaid { cost: known().next_back().map(|reward| reward.cost), paid })
}

/// Whether a redemption needed a manager's leave, by each version of its reward and of the house
/// rules that can have been in force there, and nobody who may ever have given it is named. What no
/// version explains is [`redemption_follows`]'s to say.
pub fn given_without_leave(
    redeemed: &PointsRedeemed,
    by: StaffId,
    rules: &[Rules],
    old: &RulesOfOld,
) -> bool {
    let mut leaves = Vec::new();
    for reward in old.rewards.iter().filter(|reward| reward.id == redeemed.reward) {
        let leave = |rules| reward.leave(rules, redeemed.points, redeemed.on_trust > 0);
        leaves.extend(rules.iter().map(leave));
    }
    let given = |leave: &Permission| {
        let might = |staff| old.might(staff, *leave);
        *leave == Permission::RedeemPoints || might(by) || redeemed.approved_by.is_some_and(might)
    };
    !leaves.is_empty() && !leaves.iter().any(given)
}

/// Whether a member had a reward more often than any version of it lets: two desks that could not
/// see one another. `others`: when they had it besides, and it was not taken back: Unix ms. Returns how
/// often the newest version lets.
pub fn had_too_often(
    redeemed: &PointsRedeemed,
    others: &[i64],
    old: &RulesOfOld,
) -> Option<AtMost> {
    let days = old.days.get(&redeemed.store)?;
    let today = days.day_of(redeemed.at_ms);
    let given: Vec<Day> = others.iter().map(|at_ms| days.day_of(*at_ms)).collect();
    let known = || old.rewards.iter().filter(|reward| reward.id == redeemed.reward);
    let allowed = known().any(|reward| reward.terms.at_most.allow(today, &given).is_ok());
    if allowed { None } else { known().next_back().map(|reward| reward.terms.at_most) }
}

/// Whether a voucher lasts no longer than its reward says: to the end of a day, wherever it ends.
fn lasts(redeemed: &PointsRedeemed, voucher: &Lot, reward: &Reward) -> bool {
    let Some(days) = reward.terms.later_days else { return false };
    let most = redeemed.at_ms.saturating_add((i64::from(days) + 2).saturating_mul(DAY_MS));
    voucher.expires_ms.is_some_and(|at_ms| at_ms <= most)
}

/// Whether a reward was handed over for the voucher that it names, and out of the stock of that
/// store where some version of it keeps stock.
pub fn hand_over_follows(handed: &RewardHandedOver, old: &RulesOfOld) -> bool {
    let owner = Some(stock_owner(handed.store, handed.reward));
    let (mut vouchers, mut of_stock) = (0i64, 0i64);
    for posting in &handed.postings {
        let spent = matches!((posting.from, posting.to), (Account::Till(_), Account::Spent(_)));
        match posting.kind {
            ValueKind::Coupon if spent && posting.lot == voucher_lot(handed.given) => {
                vouchers = vouchers.saturating_add(posting.amount);
            }
            ValueKind::Stock if spent && posting.owner == owner => {
                of_stock = of_stock.saturating_add(posting.amount);
            }
            _ => return false,
        }
    }
    let known = old.rewards.iter().filter(|reward| reward.id == handed.reward);
    let mut counts = known.map(|reward| i64::from(reward.terms.counts_stock));
    vouchers == 1 && counts.any(|counts| counts == of_stock)
}

/// How many of the reward's stock in that store were handed out; none: something else was.
fn handed_out(redeemed: &PointsRedeemed) -> Option<i64> {
    let owner = Some(stock_owner(redeemed.store, redeemed.reward));
    let mut sum = 0i64;
    for posting in redeemed.postings.iter().filter(|p| p.kind != ValueKind::Points) {
        let spent = matches!((posting.from, posting.to), (Account::Till(_), Account::Spent(_)));
        if posting.kind != ValueKind::Stock || posting.owner != owner || !spent {
            return None;
        }
        sum = sum.saturating_add(posting.amount);
    }
    Some(sum)
}

/// Whether stock was put in by somebody who may, or whom somebody who may approved; the doubt,
/// where not.
pub fn stock_follows(changed: &StockChanged, by: StaffId, old: &RulesOfOld) -> Option<Doubt> {
    let lot = changed.put.as_ref()?;
    let follows = old.might(by, Permission::ChangeStock)
        || changed.approved_by.is_some_and(|staff| old.might(staff, Permission::ChangeStock));
    (!follows).then(|| doubted(stock_owner(changed.store, changed.reward), lot, 0))
}

/// Points that were taken to be spent.
fn taken(postings: &[Posting]) -> i64 {
    let moved = |posting: &&Posting| {
        posting.kind == ValueKind::Points
            && matches!((posting.from, posting.to), (Account::Till(_), Account::Spent(_)))
    };
    postings.iter().filter(moved).map(|posting| posting.amount).fold(0, i64::saturating_add)
}
