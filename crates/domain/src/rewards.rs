//! Terms of a reward: when, where and for whom it is given, what is paid beside the points, and
//! whether a manager must agree.

use punchcard_protocol::{RecordId, StoreId};
use serde::{Deserialize, Serialize};

use crate::{
    limits::AtMost,
    records::{Reward, Rules},
    refusal::Refusal,
    staff::Permission,
    time::Day,
};

/// The most of each list of terms.
const MAX_LIST: usize = 50;
/// The longest that a voucher can be used, in days.
pub const MAX_LATER_DAYS: u32 = 3660;

/// What a reward asks for besides points. What is not set asks for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RewardTerms {
    /// The first day on which it is given, as the store counts days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Day>,
    /// The last day on which it is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Day>,
    /// Tiers that may have it; empty: everybody.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "ts", ts(type = "string[]"))]
    pub tiers: Vec<RecordId>,
    /// Stores where it is given; empty: all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "ts", ts(type = "string[]"))]
    pub stores: Vec<StoreId>,
    /// What the cashier collects beside the points, in minor units of money.
    #[serde(skip_serializing_if = "is_default")]
    pub money_minor: i64,
    /// Somebody with [`Permission::ApproveReward`] must agree.
    #[serde(skip_serializing_if = "is_default")]
    pub needs_approval: bool,
    /// It may be handed over later, for a voucher that can be used for so many days after today;
    /// none: only at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub later_days: Option<u32>,
    /// Each store has so many of it, and gives no more than it has.
    #[serde(skip_serializing_if = "is_default")]
    #[cfg_attr(feature = "ts", ts(as = "Option<bool>", optional))]
    pub counts_stock: bool,
    /// How often one member may have it.
    #[serde(skip_serializing_if = "is_default")]
    #[cfg_attr(feature = "ts", ts(as = "Option<AtMost>", optional))]
    pub at_most: AtMost,
}

/// Whether it is what is meant where nothing is said: then it is not written.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl RewardTerms {
    /// Whether nothing is set.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a member of this tier may have it in this store on this day.
    ///
    /// # Errors
    /// The first that stands against it: day, store, tier.
    pub fn allow(&self, today: Day, store: StoreId, tier: Option<RecordId>) -> Result<(), Refusal> {
        if let Some(from) = self.from.filter(|from| today < *from) {
            return Err(Refusal::RewardNotYet { from });
        }
        if let Some(until) = self.until.filter(|until| today > *until) {
            return Err(Refusal::RewardOver { until });
        }
        if !self.given_in(store) {
            return Err(Refusal::RewardNotHere);
        }
        if !self.tiers.is_empty() && !tier.is_some_and(|tier| self.tiers.contains(&tier)) {
            return Err(Refusal::RewardNotForTier);
        }
        Ok(())
    }

    /// Whether it is given in this store.
    pub fn given_in(&self, store: StoreId) -> bool {
        self.stores.is_empty() || self.stores.contains(&store)
    }

    /// Terms that can be worked with, for a reward that costs so many points (0: the cashier
    /// chooses; then points take money off, and none is collected).
    ///
    /// # Errors
    /// [`Refusal::BadInput`] names the first that cannot.
    pub fn check(&self, cost: i64) -> Result<(), Refusal> {
        let in_order = match (self.from, self.until) {
            (Some(from), Some(until)) => from <= until,
            _ => true,
        };
        // Money comes off at once.
        let later = if cost == 0 { 0..=0 } else { 1..=MAX_LATER_DAYS };
        let most = if cost == 0 { 0 } else { 1_000_000_000 };
        let checks = [
            ("until", in_order),
            ("tiers", self.tiers.len() <= MAX_LIST),
            ("stores", self.stores.len() <= MAX_LIST),
            ("money_minor", (0..=most).contains(&self.money_minor)),
            ("at_most", self.at_most.fits()),
            ("later_days", self.later_days.is_none_or(|days| later.contains(&days))),
        ];
        match checks.into_iter().find(|(_, holds)| !holds) {
            Some((field, _)) => Err(Refusal::BadInput(field)),
            None => Ok(()),
        }
    }
}

impl Reward {
    /// What who gives it must be allowed to, for so many points; `on_trust`: part of them is owed.
    pub fn leave(&self, rules: &Rules, points: i64, on_trust: bool) -> Permission {
        let dear = rules.approval_above.is_some_and(|above| points > above);
        if on_trust {
            Permission::RedeemOnTrust
        } else if self.terms.needs_approval || dear {
            Permission::ApproveReward
        } else {
            Permission::RedeemPoints
        }
    }
}
