//! Does what a desk gave follow from a rule? The hub asks again, of facts that came in.

pub mod apart;
mod passes;
mod points;
mod rewards;
#[cfg(test)]
mod tests;
mod voids;

use std::collections::{BTreeMap, BTreeSet};

use punchcard_protocol::{LotId, MemberId, StaffId, StoreId};

pub use self::{
    passes::{credit_follows, pass_follows, transfer_follows, upgrade_follows},
    points::{
        Source, adjustment_follows, points_follow, points_transfer_follows, referral_follows,
        top_up_follows,
    },
    rewards::{
        Unpaid, given_without_leave, had_too_often, hand_over_follows, redemption_follows,
        stock_follows,
    },
    voids::{put_back_follows, puts_back, void_follows},
};
use crate::{
    earning::rule::EarnRule,
    fact::MemberRegistered,
    ledger::{Lot, ValueKind},
    records::{PassType, Reward, Rules, Tier},
    staff::{Permission, Role},
    time::StoreDays,
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
    /// The owner's rules for points, each version.
    pub earn_rules: Vec<EarnRule>,
    /// How each store counts days, as it does now.
    pub days: BTreeMap<StoreId, StoreDays>,
    /// Rewards, each version.
    pub rewards: Vec<Reward>,
    /// Kinds of pass, each version.
    pub pass_types: Vec<PassType>,
    /// The highest role that each of the staff ever had.
    pub staff: BTreeMap<StaffId, Role>,
    /// Guests that a tier lets a member bring in a month, the most.
    pub guests: u32,
    /// Visits without a pass that a tier gives in a month, the most.
    pub free_visits: u32,
    /// What tiers let their members pay of a price, in percent.
    pub price_percents: BTreeSet<i64>,
}

impl RulesOfOld {
    /// A version of a tier.
    pub fn add_tier(&mut self, tier: &Tier) {
        self.multipliers.insert(tier.multiplier_percent);
        let privileges = tier.privileges.unwrap_or_default();
        let few = |number: Option<i64>| number.and_then(|number| u32::try_from(number).ok());
        self.price_percents.extend(privileges.less_percent());
        self.guests = few(privileges.guests).unwrap_or(0).max(self.guests);
        self.free_visits = few(privileges.free_visits_month).unwrap_or(0).max(self.free_visits);
    }

    /// Whether a price was ever one that a tier let its members pay; none: the full one.
    fn had_percent(&self, percent: Option<i64>) -> bool {
        percent.is_none_or(|percent| self.price_percents.contains(&percent))
    }

    /// Whether one of the staff ever might.
    fn might(&self, staff: StaffId, permission: Permission) -> bool {
        self.staff.get(&staff).is_some_and(|role| role.may(permission))
    }
}

/// Value that nothing explains: it is frozen until a person rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doubt {
    /// Whose.
    pub member: MemberId,
    /// Which lot.
    pub lot: LotId,
    /// What it is made of.
    pub kind: ValueKind,
    /// How many there are.
    pub points: i64,
    /// What the newest rules that come near would give.
    pub expected: i64,
}

/// A doubt about a whole lot.
pub fn doubted(member: MemberId, lot: &Lot, expected: i64) -> Doubt {
    Doubt { member, lot: lot.id, kind: lot.kind, points: lot.amount, expected }
}

/// What a file brings along is brought once, when it is opened: all that a second opening of the
/// same file brings is in doubt.
pub fn brought_again(file: &MemberRegistered) -> Vec<Doubt> {
    let visits = file.passes.iter().filter_map(|pass| pass.visits.as_ref());
    file.opening.iter().chain(visits).map(|lot| doubted(file.member, lot, 0)).collect()
}
