//! Points → a reward, or money off.

use punchcard_protocol::{MemberId, RecordId};

use super::{Decided, Desk, hand_over, stock};
use crate::{
    fact::{Fact, PointsRedeemed},
    ledger::{Purse, check_amount},
    phone_code::MembersCode,
    records::Reward,
    refusal::Refusal,
    time::Day,
};

/// What a redemption is decided on.
#[derive(Debug, Clone)]
pub struct Redeem {
    /// Whose.
    pub member: MemberId,
    /// Banned members redeem nothing.
    pub banned: bool,
    /// Their tier today.
    pub tier: Option<RecordId>,
    /// Days on which they had this reward before, where it is limited how often.
    pub given: Vec<Day>,
    /// For what.
    pub reward: Reward,
    /// How many the cashier chose, where the reward lets her.
    pub points: Option<i64>,
    /// What is short may go on trust.
    pub on_trust: bool,
    /// It is handed over later, for a voucher; nothing goes on trust then.
    pub later: bool,
    /// The code on their phone, where the house rules ask for it.
    pub code: MembersCode,
    /// Their points.
    pub purse: Purse,
    /// The reward's stock in this store, where it is kept.
    pub stock: Option<Purse>,
}

/// Redeems points: what expires first goes first; never below zero, never another machine's.
///
/// # Errors
/// [`Refusal`]: points short, over the limit of trust, banned, not vouched, wrong points, not given
/// on this day, in this store or to this tier, had as often as may be, out of stock, not given later; a code that is needed, wrong, used, or never was set up.
pub fn redeem(desk: &mut Desk<'_>, known: &Redeem) -> Result<Decided, Refusal> {
    if known.banned {
        return Err(Refusal::Banned);
    }
    if !known.reward.active {
        return Err(Refusal::NotFound("reward"));
    }
    let (terms, today) = (&known.reward.terms, desk.today());
    terms.allow(today, desk.store.id, known.tier)?;
    terms.at_most.allow(today, &known.given)?;
    if !desk.trusted {
        return Err(Refusal::NotVouched);
    }
    let points = price(&known.reward, known.points)?;
    let id = desk.fact_id();
    let voucher = known.later.then(|| hand_over::voucher(desk, id, terms)).transpose()?;
    // What is handed over later leaves the shelf then.
    let handed_out = match voucher {
        Some(_) => Vec::new(),
        None => stock::hand_out(desk, &known.reward, known.stock.as_ref())?,
    };
    let (mut postings, short) = known.purse.take(desk.me, points, desk.spend_ms);
    postings.extend(handed_out);
    if short > 0 {
        trust(desk, known, points, short)?;
    }
    // Last: whoever is asked for a code has the points, and gets what they ask for.
    let code_step = known.code.accept(desk.rules, points)?;
    let money_off_minor = match known.reward.cost {
        0 => points.checked_mul(known.reward.minor_per_point).ok_or(Refusal::TooLarge)?,
        _ => 0,
    };
    let fact = PointsRedeemed {
        id,
        member: known.member,
        store: desk.store.id,
        at_ms: desk.now_ms,
        reward: known.reward.id,
        reward_name: known.reward.name.clone(),
        points,
        money_off_minor,
        money_minor: known.reward.terms.money_minor,
        postings,
        on_trust: short,
        code_step,
        voucher,
        approved_by: None,
    };
    Ok(Fact::PointsRedeemed(fact).into())
}

/// What it takes: the reward's cost, or what the cashier chose where it has none.
fn price(reward: &Reward, chosen: Option<i64>) -> Result<i64, Refusal> {
    match (reward.cost, chosen) {
        (0, Some(points)) if points > 0 => check_amount(points),
        (0, _) => Err(Refusal::WrongPoints),
        (cost, None) => Ok(cost),
        (cost, Some(points)) if points == cost => Ok(cost),
        _ => Err(Refusal::WrongPoints),
    }
}

/// Whether what is short may go on trust.
fn trust(desk: &Desk<'_>, known: &Redeem, need: i64, short: i64) -> Result<(), Refusal> {
    if !known.on_trust || known.later {
        let here = known.purse.spendable(desk.spend_ms);
        let on_file = known.purse.on_file(desk.spend_ms);
        return Err(Refusal::PointsShort { need, here, on_file });
    }
    let limit = desk.rules.trust_limit;
    let owed = known.purse.debt.max(0).checked_add(short).ok_or(Refusal::TooLarge)?;
    if owed > limit { Err(Refusal::TrustLimit { limit }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use punchcard_protocol::{LotId, RecordId};

    use super::*;
    use crate::decide::fixtures::{NOON, me, shop};
    use crate::ledger::{Account, Holding, ValueKind};
    use crate::rewards::RewardTerms;

    fn known(here: i64, elsewhere: i64, cost: i64, points: Option<i64>) -> Redeem {
        let holding = Holding {
            lot: LotId::from_bytes([6; 16]),
            kind: ValueKind::Points,
            account: Account::Till(me()),
            amount: here,
            expires_ms: None,
            owner: None,
            frozen: false,
        };
        Redeem {
            member: MemberId::from_bytes([3; 16]),
            banned: false,
            tier: None,
            given: Vec::new(),
            reward: Reward {
                id: RecordId::from_bytes([4; 16]),
                name: "蛋白奶昔".into(),
                cost,
                minor_per_point: 1,
                active: true,
                terms: RewardTerms::default(),
            },
            points,
            on_trust: false,
            later: false,
            code: MembersCode::default(),
            purse: Purse { here: vec![holding], elsewhere, ..Purse::default() },
            stock: None,
        }
    }

    fn outcome(known: &Redeem, trust_limit: i64) -> Result<PointsRedeemed, Refusal> {
        let mut shop = shop();
        shop.rules.trust_limit = trust_limit;
        shop.at(NOON, |desk| redeem(desk, known)).map(|decided| match decided.fact {
            Fact::PointsRedeemed(fact) => fact,
            _ => unreachable!("redeeming redeems"),
        })
    }

    #[test]
    fn only_what_is_here_can_be_spent() {
        let fact = outcome(&known(500, 320, 300, None), 0).expect("enough here");
        assert_eq!((fact.points, fact.postings[0].amount, fact.on_trust), (300, 300, 0));
        assert_eq!(
            outcome(&known(500, 320, 800, None), 0),
            Err(Refusal::PointsShort { need: 800, here: 500, on_file: 820 })
        );
    }

    #[test]
    fn the_cashier_chooses_where_the_reward_has_no_cost() {
        let fact = outcome(&known(500, 0, 0, Some(137)), 0).expect("enough here");
        assert_eq!((fact.points, fact.money_off_minor), (137, 137));
        for points in [None, Some(0), Some(-5)] {
            assert_eq!(outcome(&known(500, 0, 0, points), 0), Err(Refusal::WrongPoints));
        }
        assert_eq!(outcome(&known(500, 0, 300, Some(299)), 0), Err(Refusal::WrongPoints));
    }

    #[test]
    fn trust_is_bounded_and_visible() {
        let mut short = known(200, 0, 300, None);
        short.on_trust = true;
        assert_eq!(outcome(&short, 0), Err(Refusal::TrustLimit { limit: 0 }));
        assert_eq!(outcome(&short, 99), Err(Refusal::TrustLimit { limit: 99 }));
        let fact = outcome(&short, 100).expect("within the limit");
        assert_eq!((fact.on_trust, fact.postings[0].amount), (100, 200));
        short.purse.debt = 1;
        assert_eq!(outcome(&short, 100), Err(Refusal::TrustLimit { limit: 100 }));
    }

    #[test]
    fn a_restored_store_spends_nothing() {
        let known = known(500, 0, 300, None);
        let refused = shop().at(NOON, |desk| {
            desk.trusted = false;
            redeem(desk, &known)
        });
        assert_eq!(refused, Err(Refusal::NotVouched));
    }
}
