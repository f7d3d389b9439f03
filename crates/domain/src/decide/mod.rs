//! What is asked and what is known → the fact, or a refusal. Pure: the moment, the ids and
//! everything that was read come in as arguments.

mod by_hand;
mod check_in;
mod class;
mod earn;
mod erase;
mod hand_over;
mod member;
mod part;
mod pass;
mod redeem;
mod refer;
mod so_far;
mod stock;
mod top_up;
mod void;

use punchcard_protocol::{FactId, LotId, StreamId};
use uuid::Uuid;

use crate::{
    earning::{Bundle, Outcome},
    fact::{ByRules, Fact, Gain},
    ledger::{Account, Lot, Posting, Purse, ValueKind, check_amount},
    member::MemberPrivate,
    points,
    records::{Business, Rules, Store},
    refusal::Refusal,
    staff::{Permission, Role},
    time::Day,
};

pub use by_hand::{Adjust, GiveAway, adjust_points, transfer_points};
pub use check_in::{
    CheckIn, How, KnownMember, KnownPass, LastVisit, brings_guest, check_in, mends,
};
pub use class::{BookClass, book_class};
pub use earn::{Earn, earn};
pub use erase::{Erase, MOST_ERASED, erase_member, forfeited};
pub use hand_over::{HandOver, hand_over, voucher_lot};
pub use member::{MAX_TEXT_CHARS, Neighbours, change_member, register_member};
pub use part::part_members;
pub use pass::{
    GivePass, PassAct, PassOnFile, Transfer, Upgrade, cancel_pass, extend_pass, freeze_pass,
    give_pass, pass_acts, price, transfer_pass, unfreeze_pass, upgrade_pass,
};
pub use redeem::{Redeem, redeem};
pub use refer::{Refer, refer};
pub use so_far::{Came, Link, MOST_LINKS, SoFar, so_far};
pub use stock::{ChangeStock, StockChange, change_stock};
pub use top_up::{TopUp, top_up};
pub use void::{LotStanding, Void, void, voidable};

/// Where and when a decision is taken.
pub struct Desk<'a> {
    /// When it happens: Unix ms, by the time that never goes back (or, for what is written down
    /// afterwards, when it happened).
    pub now_ms: i64,
    /// The moment that expiry of value goes by: never before any entry of this journal.
    pub spend_ms: i64,
    /// The machine's clock stands before the last entry.
    pub clock_behind: bool,
    /// The journal that the fact will stand in.
    pub me: StreamId,
    /// The store is trusted to be the newest: value may be spent.
    pub trusted: bool,
    /// The business.
    pub business: &'a Business,
    /// The store.
    pub store: &'a Store,
    /// The house rules.
    pub rules: &'a Rules,
    /// Fresh ids.
    pub ids: &'a mut dyn FnMut() -> Uuid,
}

impl Desk<'_> {
    /// Today, as the store counts days.
    pub fn today(&self) -> Day {
        self.store.days().day_of(self.now_ms)
    }

    fn fact_id(&mut self) -> FactId {
        FactId((self.ids)())
    }

    fn lot_id(&mut self) -> LotId {
        LotId((self.ids)())
    }
}

/// A fact to be written, and what of it is personal.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// The fact.
    pub fact: Fact,
    /// Personal fields of a member, for the private part.
    pub private: Option<MemberPrivate>,
}

impl From<Fact> for Decided {
    fn from(fact: Fact) -> Self {
        Self { fact, private: None }
    }
}

/// Whether who is signed in, or who approved on the spot, may.
///
/// # Errors
/// [`Refusal::ApprovalNeeded`]: ask for the PIN of somebody who may.
pub fn authorize(
    actor: Role,
    approver: Option<Role>,
    permission: Permission,
) -> Result<(), Refusal> {
    if actor.may(permission) || approver.is_some_and(|role| role.may(permission)) {
        Ok(())
    } else {
        Err(Refusal::ApprovalNeeded(permission))
    }
}

/// Gives points by the plain rules: a new lot with this till, of which part repays what the member
/// owes here.
fn gain(desk: &mut Desk<'_>, amount: i64, purse: &Purse) -> Result<Option<Gain>, Refusal> {
    let expires_ms = points::expiry(desk.now_ms, desk.store.days(), desk.rules);
    let bundle = Bundle { points: amount, expires_ms, usable_ms: None };
    bundled(desk, bundle, purse.debt_here)
}

/// Gives what the owner's rules came to: a lot for each time at which points run out or can be
/// used. Those that can be used at once repay what the member owes here.
fn gain_by_rules(
    desk: &mut Desk<'_>,
    outcome: &Outcome,
    purse: &Purse,
) -> Result<(Option<Gain>, ByRules), Refusal> {
    check_amount(outcome.points().max(1))?;
    let (mut gains, mut owed) = (Vec::new(), purse.debt_here);
    for bundle in outcome.bundles() {
        let repays = if bundle.usable_ms.is_none() { owed } else { 0 };
        if let Some(gain) = bundled(desk, bundle, repays)? {
            owed -= gain.repaid.map_or(0, |posting| posting.amount);
            gains.push(gain);
        }
    }
    let more = gains.split_off(gains.len().min(1));
    Ok((gains.pop(), ByRules { parts: outcome.parts(), more, lines: Vec::new() }))
}

fn bundled(desk: &mut Desk<'_>, bundle: Bundle, owed: i64) -> Result<Option<Gain>, Refusal> {
    let Bundle { points: amount, expires_ms, usable_ms } = bundle;
    if amount == 0 {
        return Ok(None);
    }
    check_amount(amount)?;
    let (id, to) = (desk.lot_id(), Account::Till(desk.me));
    let lot = Lot { id, kind: ValueKind::Points, amount, to, expires_ms };
    let repays = owed.clamp(0, amount);
    let repaid = (repays > 0).then_some(Posting {
        lot: lot.id,
        kind: ValueKind::Points,
        from: lot.to,
        to: Account::Spent(desk.me),
        amount: repays,
        owner: None,
    });
    Ok(Some(Gain { lot, repaid, usable_ms }))
}

#[cfg(test)]
pub(crate) mod fixtures {
    use punchcard_protocol::{StoreId, TillId};

    use super::*;

    pub(crate) const NOON: i64 = 1_795_406_400_000; // 2026-11-23 12:00 in Shanghai

    pub(crate) struct Shop {
        pub(crate) business: Business,
        pub(crate) store: Store,
        pub(crate) rules: Rules,
        next: u128,
    }

    pub(crate) fn shop() -> Shop {
        Shop {
            business: Business {
                name: "Test".into(),
                currency: "CNY".into(),
                currency_digits: 2,
                country: "CN".into(),
            },
            store: Store {
                id: StoreId::from_bytes([9; 16]),
                name: "One".into(),
                time_zone: "Asia/Shanghai".into(),
                day_start_hour: 0,
            },
            rules: Rules::default(),
            next: 1,
        }
    }

    pub(crate) fn me() -> StreamId {
        StreamId { till: TillId::from_bytes([1; 16]), incarnation: 1 }
    }

    impl Shop {
        pub(crate) fn at<T>(&mut self, now_ms: i64, act: impl FnOnce(&mut Desk<'_>) -> T) -> T {
            let Self { business, store, rules, next } = self;
            let mut ids = || {
                *next += 1;
                Uuid::from_u128(*next)
            };
            act(&mut Desk {
                now_ms,
                spend_ms: now_ms,
                clock_behind: false,
                me: me(),
                trusted: true,
                business,
                store,
                rules,
                ids: &mut ids,
            })
        }
    }
}
