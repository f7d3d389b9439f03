//! How large what a fact says may be. A desk writes nothing beyond; whoever takes a fact from
//! elsewhere looks, because from here on it is added up with others.

use std::ops::RangeInclusive;

use crate::{
    decide::voucher_lot,
    effects::{Effect, FactRow},
    fact::{ByRules, Fact, Gain, Pass, StockChanged, gains},
    ledger::{Account, Posting, ValueKind},
    money::MAX_AMOUNT,
};

const AMOUNT: RangeInclusive<i64> = 1..=MAX_AMOUNT;
const MONEY: RangeInclusive<i64> = 0..=MAX_AMOUNT;
const CHANGE: RangeInclusive<i64> = -MAX_AMOUNT..=MAX_AMOUNT;
/// Moments from 1970 on that a stamp can hold: Unix ms.
const MOMENT: RangeInclusive<i64> = 0..=(1 << 48) - 1;

/// The longest freeze, in days: a year's limit, twice.
pub const LONGEST_FREEZE_DAYS: i32 = 732;
/// The longest extension at once, in days.
pub const LONGEST_EXTENSION_DAYS: u32 = 3660;
/// The longest card of which something is said by itself, in bytes: no table finds a longer one by it.
pub const LONGEST_CARD_BYTES: usize = 512;
/// The most that one visit does to a pass, and the most freezes that end at once.
pub const MOST_CHANGES: usize = 50;

/// Whether every amount, price and moment of a fact is one, and every setting one that the owner
/// could have made. `changes`: the fact's effects.
pub fn fits(fact: &Fact, changes: &[Effect]) -> bool {
    setting_fits(fact) && changes.iter().all(effect_fits) && what_is_spent_stays(fact, changes)
}

/// What was spent comes back by taking something back, which is looked at by itself, and by nothing else.
fn what_is_spent_stays(fact: &Fact, changes: &[Effect]) -> bool {
    let out_of_spent = |effect: &Effect| match effect {
        Effect::Post { posting, .. } => matches!(posting.from, Account::Spent(_)),
        _ => false,
    };
    matches!(fact, Fact::FactVoided(_)) || !changes.iter().any(out_of_spent)
}

/// A part of a price, where a tier has it for less.
fn percent_fits(percent: Option<i64>) -> bool {
    percent.is_none_or(|percent| (0..=100).contains(&percent))
}

fn setting_fits(fact: &Fact) -> bool {
    match fact {
        Fact::RulesSet(set) => set.record.check().is_ok(),
        Fact::TierSet(set) => set.record.check().is_ok(),
        Fact::RewardSet(set) => set.record.check().is_ok(),
        Fact::PassTypeSet(set) => set.record.check().is_ok(),
        Fact::PassGiven(body) => pass_fits(&body.pass) && percent_fits(body.price_percent),
        Fact::PassUpgraded(body) => pass_fits(&body.given) && percent_fits(body.price_percent),
        Fact::MemberRegistered(body) => body.passes.iter().all(pass_fits),
        Fact::PassFrozen(body) => {
            (0..LONGEST_FREEZE_DAYS).contains(&body.from.days_until(body.until))
        }
        Fact::PassUnfrozen(body) => body.freezes.len() <= MOST_CHANGES,
        Fact::PassExtended(body) => (1..=LONGEST_EXTENSION_DAYS).contains(&body.days),
        Fact::PassCancelled(body) => MONEY.contains(&body.refund_minor),
        Fact::VisitRecorded(body) => body.changes.len() <= MOST_CHANGES,
        Fact::ClassBooked(body) => MOMENT.contains(&body.class.begins_ms) && body.class.fits(),
        Fact::PointsAdjusted(body) => {
            moves(body.points, &body.postings, body.earned.as_ref().into_iter())
        }
        Fact::PointsTransferred(body) => {
            body.member != body.other && moves(body.points, &body.postings, body.gains.iter())
        }
        Fact::PassTransferred(body) => {
            let paid = body.postings.iter().filter(|posting| posting.kind == ValueKind::Points);
            let paid = paid.map(|posting| posting.amount).fold(0, i64::saturating_add);
            MONEY.contains(&body.fee_points) && body.fee_points == paid
        }
        Fact::ReferralRewarded(body) => {
            body.member != body.of && points_alone(body.earned.as_ref(), Some(&body.by_rules))
        }
        Fact::ToppedUp(body) => {
            body.value.kind == ValueKind::Money
                && points_alone(body.earned.as_ref(), body.by_rules.as_ref())
        }
        Fact::CardsAllotted(body) => body.numbers.fits(),
        Fact::StockChanged(body) => stock_fits(body),
        Fact::PointsRedeemed(body) => body.voucher.is_none_or(|lot| {
            lot.id == voucher_lot(body.id)
                && (lot.kind, lot.amount) == (ValueKind::Coupon, 1)
                && lot.expires_ms.is_some_and(|at_ms| MOMENT.contains(&at_ms))
        }),
        Fact::EarnRuleSet(set) => set.record.check_shape().is_ok(),
        _ => true,
    }
}

/// Whether so many points were either taken from lots, to be spent, or given in lots: nothing
/// else, and no fewer and no more. Nothing left the shop, so that what does not add up need not
/// count.
fn moves<'a>(points: i64, taken: &[Posting], given: impl Iterator<Item = &'a Gain>) -> bool {
    let mut sums = [0i64; 2];
    for posting in taken {
        let spent = matches!((posting.from, posting.to), (Account::Till(_), Account::Spent(_)));
        if posting.kind != ValueKind::Points || !spent {
            return false;
        }
        sums[0] = sums[0].saturating_add(posting.amount);
    }
    for gain in given {
        if gain.lot.kind != ValueKind::Points || gain.usable_ms.is_some() {
            return false;
        }
        sums[1] = sums[1].saturating_add(gain.lot.amount);
    }
    match points {
        ..0 => sums == [points.saturating_neg(), 0],
        0 => false,
        1.. => sums == [0, points],
    }
}

/// Whether nothing but points was given.
fn points_alone(first: Option<&Gain>, by_rules: Option<&ByRules>) -> bool {
    gains(first, by_rules).all(|gain| gain.lot.kind == ValueKind::Points)
}

/// Whether so many were either put in or taken out, of the stock and of nothing else.
fn stock_fits(body: &StockChanged) -> bool {
    let spent = |posting: &Posting| {
        posting.kind == ValueKind::Stock
            && posting.owner.is_none()
            && matches!((posting.from, posting.to), (Account::Till(_), Account::Spent(_)))
    };
    let taken = body.postings.iter().map(|posting| posting.amount).fold(0, i64::saturating_add);
    let put = body.put.map_or(0, |lot| lot.amount);
    body.put.is_none_or(|lot| lot.kind == ValueKind::Stock && lot.expires_ms.is_none())
        && body.postings.iter().all(spent)
        && (put == 0 || taken == 0)
        && body.amount == put.saturating_sub(taken)
        && (body.amount != 0 || body.counted.is_some())
        && body.counted.is_none_or(|counted| MONEY.contains(&counted))
}

fn pass_fits(pass: &Pass) -> bool {
    let before = pass
        .before
        .is_none_or(|before| MONEY.contains(&before.paid_minor) && MONEY.contains(&before.used));
    before && pass.terms.check().is_ok()
}

fn effect_fits(effect: &Effect) -> bool {
    match effect {
        Effect::InsertFact(row) => row_fits(row),
        Effect::Post { posting, .. } => AMOUNT.contains(&posting.amount),
        Effect::Issue { lot, .. } => AMOUNT.contains(&lot.amount),
        Effect::Owe { amount, .. } => CHANGE.contains(amount),
        Effect::TakeBack { spent, .. } => spent.iter().all(|part| MONEY.contains(&part.amount)),
        Effect::Pending { until_ms, .. } => MOMENT.contains(until_ms),
        Effect::Gave { part, .. } => AMOUNT.contains(&part.points),
        Effect::SetCard { card, .. } => card.len() <= LONGEST_CARD_BYTES,
        _ => true,
    }
}

fn row_fits(row: &FactRow) -> bool {
    CHANGE.contains(&row.points)
        && MONEY.contains(&row.amount_minor)
        && row.at_ms.is_none_or(|at_ms| MOMENT.contains(&at_ms))
}
