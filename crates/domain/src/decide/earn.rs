//! Points for an amount spent.

use punchcard_protocol::MemberId;

use super::{Decided, Desk, gain, gain_by_rules};
use crate::{
    earning::{Outcome, event::SaleLine},
    fact::{Fact, PointsEarned},
    ledger::Purse,
    points,
    refusal::Refusal,
};

/// What an earning is decided on.
#[derive(Debug, Clone)]
pub struct Earn {
    /// To whom.
    pub member: MemberId,
    /// What was paid, in minor units.
    pub amount_minor: i64,
    /// The tier's multiplier in percent.
    pub multiplier_percent: i64,
    /// Their points.
    pub points: Purse,
    /// What the owner's rules came to for it; none: there are none, and the plain ones go.
    pub by_rules: Option<Outcome>,
    /// What was sold, where that is known.
    pub lines: Vec<SaleLine>,
}

/// Gives points for an amount.
///
/// # Errors
/// [`Refusal::BadAmount`], [`Refusal::TooLarge`].
pub fn earn(desk: &mut Desk<'_>, known: &Earn) -> Result<Decided, Refusal> {
    let (points_per_unit, earned, by_rules) = if let Some(outcome) = &known.by_rules {
        let (first, mut by_rules) = gain_by_rules(desk, outcome, &known.points)?;
        by_rules.lines.clone_from(&known.lines);
        (0, first, Some(by_rules))
    } else {
        let digits = desk.business.currency_digits;
        let earned =
            points::for_amount(known.amount_minor, digits, known.multiplier_percent, desk.rules)?;
        (desk.rules.points_per_unit, gain(desk, earned.points, &known.points)?, None)
    };
    let fact = PointsEarned {
        id: desk.fact_id(),
        member: known.member,
        store: desk.store.id,
        at_ms: desk.now_ms,
        amount_minor: known.amount_minor,
        points_per_unit,
        multiplier_percent: known.multiplier_percent,
        earned,
        by_rules,
        refers: None,
        approved_by: None,
    };
    Ok(Fact::PointsEarned(fact).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::fixtures::{NOON, shop};

    fn earned(amount_minor: i64, debt_here: i64) -> PointsEarned {
        let known = Earn {
            member: MemberId::from_bytes([3; 16]),
            amount_minor,
            multiplier_percent: 150,
            points: Purse { debt_here, debt: debt_here, ..Purse::default() },
            by_rules: None,
            lines: Vec::new(),
        };
        match shop().at(NOON, |desk| earn(desk, &known)).expect("an amount").fact {
            Fact::PointsEarned(fact) => fact,
            _ => unreachable!("earning earns"),
        }
    }

    #[test]
    fn debt_is_repaid_first() {
        let gain = earned(12_800, 40).earned.expect("192 points");
        assert_eq!((gain.lot.amount, gain.repaid.expect("a debt").amount), (192, 40));
        let gain = earned(1_000, 40).earned.expect("15 points");
        assert_eq!((gain.lot.amount, gain.repaid.expect("a debt").amount), (15, 15));
        assert!(earned(12_800, 0).earned.expect("192 points").repaid.is_none());
    }

    #[test]
    fn too_little_for_a_point_is_no_lot() {
        assert!(earned(50, 0).earned.is_none());
    }
}
