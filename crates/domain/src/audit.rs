//! Does what a desk gave follow from a rule? The hub asks again, of facts that came in.

use std::collections::BTreeSet;

use punchcard_protocol::{LotId, MemberId};

use crate::{
    fact::{Fact, Gain},
    points,
    records::Rules,
};

/// Every version of what points were ever given by: a desk may have sold with yesterday's.
#[derive(Debug, Clone)]
pub struct RulesOfOld {
    /// Digits of the currency's minor unit.
    pub digits: u32,
    /// The house rules, each version.
    pub rules: Vec<Rules>,
    /// Multipliers of tiers, in percent, 100 among them.
    pub multipliers: BTreeSet<i64>,
}

/// Points that no version of the rules gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doubt {
    /// Whose.
    pub member: MemberId,
    /// Which lot.
    pub lot: LotId,
    /// How many there are.
    pub points: i64,
    /// What the newest rules that come near would give.
    pub expected: i64,
}

/// Whether the points of a fact follow from some version of the rules; the doubt, where not.
pub fn points_follow(fact: &Fact, old: &RulesOfOld) -> Option<Doubt> {
    match fact {
        Fact::PointsEarned(body) => {
            let gain = body.earned.as_ref()?;
            let known = old.multipliers.contains(&body.multiplier_percent);
            let given: Vec<i64> = old
                .rules
                .iter()
                .filter(|rules| known && rules.points_per_unit == body.points_per_unit)
                .filter_map(|rules| {
                    points::for_amount(
                        body.amount_minor,
                        old.digits,
                        body.multiplier_percent,
                        rules,
                    )
                    .ok()
                })
                .map(|earned| earned.points)
                .collect();
            doubt(body.member, gain, &given)
        }
        Fact::VisitRecorded(body) => {
            let (member, gain) = (body.member?, body.earned.as_ref()?);
            let given: Vec<i64> = old
                .rules
                .iter()
                .flat_map(|rules| old.multipliers.iter().map(move |times| (rules, times)))
                .filter_map(|(rules, times)| points::for_visit(*times, rules).ok())
                .collect();
            doubt(member, gain, &given)
        }
        _ => None,
    }
}

fn doubt(member: MemberId, gain: &Gain, given: &[i64]) -> Option<Doubt> {
    let points = gain.lot.amount;
    if given.contains(&points) {
        return None;
    }
    let expected = given.last().copied().unwrap_or(0);
    Some(Doubt { member, lot: gain.lot.id, points, expected })
}

#[cfg(test)]
mod tests {
    use punchcard_protocol::{FactId, StoreId, StreamId, TillId};

    use super::*;
    use crate::{
        fact::PointsEarned,
        ledger::{Account, Lot, ValueKind},
    };

    fn earned(points: i64, points_per_unit: i64, multiplier_percent: i64) -> Fact {
        let to = Account::Till(StreamId { till: TillId::from_bytes([1; 16]), incarnation: 1 });
        let id = LotId::from_bytes([6; 16]);
        let lot = Lot { id, kind: ValueKind::Points, amount: points, to, expires_ms: None };
        Fact::PointsEarned(PointsEarned {
            id: FactId::from_bytes([1; 16]),
            member: MemberId::from_bytes([3; 16]),
            store: StoreId::from_bytes([9; 16]),
            at_ms: 0,
            amount_minor: 12_800,
            points_per_unit,
            multiplier_percent,
            earned: Some(Gain { lot, repaid: None }),
            approved_by: None,
        })
    }

    fn old() -> RulesOfOld {
        let yesterday = Rules { points_per_unit: 2, ..Rules::default() };
        RulesOfOld {
            digits: 2,
            rules: vec![Rules::default(), yesterday],
            multipliers: BTreeSet::from([100, 150]),
        }
    }

    #[test]
    fn yesterdays_rules_are_rules() {
        for (points, per_unit, times) in [(128, 1, 100), (256, 2, 100), (192, 1, 150)] {
            assert_eq!(points_follow(&earned(points, per_unit, times), &old()), None);
        }
    }

    #[test]
    fn what_no_rule_gives_is_doubted() {
        for (points, per_unit, times) in [(129, 1, 100), (1280, 10, 100), (256, 1, 200)] {
            let doubt = points_follow(&earned(points, per_unit, times), &old()).expect("doubt");
            assert_eq!(doubt.points, points);
        }
    }
}
