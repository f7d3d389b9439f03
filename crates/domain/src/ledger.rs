//! The value ledger: escrow, kept as double entry.
//!
//! Whatever is scarce is *value*: points, visits of a pack, stored money, coupons, stock, seats.
//! It is issued in lots; a lot's value lies in accounts; only an account's owner may debit it. So
//! two desks cannot spend the same point, with no network at all (O'Neil 1986; the bounded
//! counter of Balegas et al. 2015).

use punchcard_protocol::{LotId, MemberId, StreamId};
use serde::{Deserialize, Serialize};

use crate::{money::MAX_AMOUNT, refusal::Refusal};

/// What a lot is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueKind {
    /// Points.
    Points,
    /// Visits of a pack.
    Visits,
    /// Stored value, in minor units.
    Money,
    /// Single-use coupons.
    Coupon,
    /// A reward's stock: nobody's, the store's.
    Stock,
    /// Seats in a class: nobody's, the store's.
    Seats,
}

impl ValueKind {
    /// Every kind, in the order of their stored numbers.
    pub const ALL: [Self; 6] =
        [Self::Points, Self::Visits, Self::Money, Self::Coupon, Self::Stock, Self::Seats];

    /// The number that tables hold. Never change one that landed.
    pub fn number(self) -> i64 {
        match self {
            Self::Points => 1,
            Self::Visits => 2,
            Self::Money => 3,
            Self::Coupon => 4,
            Self::Stock => 5,
            Self::Seats => 6,
        }
    }

    /// From the number that tables hold.
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }
}

/// Where a lot's value lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Account {
    /// With one till, which alone may debit it.
    Till(StreamId),
    /// Spent at that till, which alone may debit it (to undo).
    Spent(StreamId),
    /// The hub's.
    Pool,
    /// Ran out. Nobody debits it.
    Expired,
}

impl Account {
    /// The number that tables hold for the kind of account; 0 is what was issued, against which
    /// the others stand. Never change one that landed.
    pub fn number(self) -> i64 {
        match self {
            Self::Till(_) => 1,
            Self::Spent(_) => 2,
            Self::Pool => 3,
            Self::Expired => 4,
        }
    }

    /// Whose it is, where it is a stream's.
    pub fn stream(self) -> Option<StreamId> {
        match self {
            Self::Till(stream) | Self::Spent(stream) => Some(stream),
            Self::Pool | Self::Expired => None,
        }
    }
}

/// Moves a positive whole amount between two accounts of one lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    /// Which lot.
    pub lot: LotId,
    /// Its kind: so that an account can be kept before its lot is known.
    pub kind: ValueKind,
    /// Debited; its owner writes the fact.
    pub from: Account,
    /// Credited; needs nobody's leave.
    pub to: Account,
    /// More than zero.
    pub amount: i64,
    /// Whose lot it is, where that is not the member whom the fact is about: a file that was
    /// merged into theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<MemberId>,
}

/// A lot as it is issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lot {
    /// Id.
    pub id: LotId,
    /// What it is made of.
    pub kind: ValueKind,
    /// How much was issued, more than zero.
    pub amount: i64,
    /// First account it lies in.
    pub to: Account,
    /// From this moment on it cannot be spent: Unix ms. None: it does not expire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_ms: Option<i64>,
}

/// What one till holds of a lot and may spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holding {
    /// Which lot.
    pub lot: LotId,
    /// Its kind.
    pub kind: ValueKind,
    /// The account that is debited: the till's own, or one it took over from an earlier life of
    /// the same till.
    pub account: Account,
    /// How much lies there, more than zero.
    pub amount: i64,
    /// When it runs out.
    pub expires_ms: Option<i64>,
    /// Whose lot it is, where it is a merged file's.
    pub owner: Option<MemberId>,
    /// Somebody doubts how it was given: not spent until a person rules.
    pub frozen: bool,
}

impl Holding {
    /// Whether it can still be spent at `now_ms` (which never goes back).
    pub fn usable(&self, now_ms: i64) -> bool {
        self.amount > 0 && !self.frozen && !self.expired(now_ms)
    }

    /// Whether it has run out by `now_ms`.
    pub fn expired(&self, now_ms: i64) -> bool {
        self.expires_ms.is_some_and(|expires| expires <= now_ms)
    }

    /// A posting of `amount` of it to another account.
    pub fn post(&self, to: Account, amount: i64) -> Posting {
        let Self { lot, kind, account, owner, .. } = *self;
        Posting { lot, kind, from: account, to, amount, owner }
    }
}

/// The holdings that may be spent at `now_ms`, the one that expires first going first, then the
/// oldest: in which order value is taken everywhere.
pub fn in_order(holdings: &[Holding], now_ms: i64) -> Vec<&Holding> {
    let mut usable: Vec<&Holding> =
        holdings.iter().filter(|holding| holding.usable(now_ms)).collect();
    usable.sort_by_key(|holding| (holding.expires_ms.unwrap_or(i64::MAX), holding.lot));
    usable
}

/// Takes up to `amount` from `holdings` to one account, in that order. Returns the postings and
/// what could not be covered.
pub fn take(holdings: &[Holding], to: Account, amount: i64, now_ms: i64) -> (Vec<Posting>, i64) {
    let mut left = amount;
    let mut postings = Vec::new();
    for holding in in_order(holdings, now_ms) {
        if left <= 0 {
            break;
        }
        let part = left.min(holding.amount);
        postings.push(holding.post(to, part));
        left -= part;
    }
    (postings, left)
}

/// Everything known of a member's value of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Purse {
    /// What this till may debit.
    pub here: Vec<Holding>,
    /// With other tills and in the pool, not expired.
    pub elsewhere: i64,
    /// Redeemed on trust and not repaid, on this till's account.
    pub debt_here: i64,
    /// On anybody's account.
    pub debt: i64,
}

impl Purse {
    /// Spendable here now.
    pub fn spendable(&self, now_ms: i64) -> i64 {
        self.usable(now_ms).map(|holding| holding.amount).fold(0, i64::saturating_add)
    }

    /// All accounts but spent and expired.
    pub fn on_file(&self, now_ms: i64) -> i64 {
        self.spendable(now_ms).saturating_add(self.elsewhere)
    }

    fn usable(&self, now_ms: i64) -> impl Iterator<Item = &Holding> {
        self.here.iter().filter(move |holding| holding.usable(now_ms))
    }

    /// Takes `amount` from what is here: the lot that expires first going first, then the oldest.
    /// Returns the postings and what could not be covered.
    pub fn take(&self, me: StreamId, amount: i64, now_ms: i64) -> (Vec<Posting>, i64) {
        take(&self.here, Account::Spent(me), amount, now_ms)
    }

    /// Posts what has run out by `now_ms` to `Expired`; the owner of the account does it.
    pub fn expire(&self, now_ms: i64) -> Vec<Posting> {
        self.here
            .iter()
            .filter(|holding| holding.amount > 0 && holding.expired(now_ms))
            .map(|holding| holding.post(Account::Expired, holding.amount))
            .collect()
    }
}

/// An amount that may be issued or moved: from 1 to [`MAX_AMOUNT`].
///
/// # Errors
/// [`Refusal::TooLarge`], or [`Refusal::BadAmount`] for zero and less.
pub fn check_amount(amount: i64) -> Result<i64, Refusal> {
    match amount {
        ..=0 => Err(Refusal::BadAmount),
        1..=MAX_AMOUNT => Ok(amount),
        _ => Err(Refusal::TooLarge),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use punchcard_protocol::TillId;

    fn me() -> StreamId {
        StreamId { till: TillId::from_bytes([1; 16]), incarnation: 1 }
    }

    fn holding(lot: u8, amount: i64, expires_ms: Option<i64>) -> Holding {
        let lot = LotId::from_bytes([lot; 16]);
        let (kind, account) = (ValueKind::Points, Account::Till(me()));
        Holding { lot, kind, account, amount, expires_ms, owner: None, frozen: false }
    }

    #[test]
    fn what_expires_first_goes_first() {
        let purse = Purse {
            here: vec![holding(1, 100, None), holding(2, 50, Some(900)), holding(3, 70, Some(500))],
            ..Purse::default()
        };
        let (postings, short) = purse.take(me(), 130, 100);
        let lots: Vec<(u8, i64)> =
            postings.iter().map(|posting| (posting.lot.as_bytes()[0], posting.amount)).collect();
        assert_eq!((lots, short), (vec![(3, 70), (2, 50), (1, 10)], 0));
    }

    #[test]
    fn expired_value_is_not_spent_but_posted() {
        let purse = Purse { here: vec![holding(1, 100, Some(500))], ..Purse::default() };
        assert_eq!(purse.spendable(499), 100);
        assert_eq!(purse.spendable(500), 0);
        assert_eq!(purse.take(me(), 10, 500), (vec![], 10));
        assert_eq!(purse.expire(500)[0].to, Account::Expired);
        assert!(purse.expire(499).is_empty());
    }

    #[test]
    fn frozen_value_is_not_spent() {
        let frozen = Holding { frozen: true, ..holding(1, 100, None) };
        let purse = Purse { here: vec![frozen, holding(2, 30, None)], ..Purse::default() };
        assert_eq!(purse.spendable(0), 30);
        assert_eq!(purse.take(me(), 50, 0).1, 20);
    }

    #[test]
    fn amounts_are_more_than_zero_and_exact_in_json() {
        assert_eq!(check_amount(0), Err(Refusal::BadAmount));
        assert_eq!(check_amount(-5), Err(Refusal::BadAmount));
        assert_eq!(check_amount(i64::MAX), Err(Refusal::TooLarge));
        assert_eq!(check_amount(MAX_AMOUNT), Ok(MAX_AMOUNT));
    }

    proptest! {
        #[test]
        fn taking_never_takes_more_than_there_is(
            lots in prop::collection::vec((1i64..1000, prop::option::of(0i64..1000)), 0..8),
            amount in 0i64..5000,
            now in 0i64..1000,
        ) {
            let here = lots.iter().enumerate()
                .map(|(n, (amount, expires))| holding(u8::try_from(n).expect("few"), *amount, *expires))
                .collect();
            let purse = Purse { here, ..Purse::default() };
            let (postings, short) = purse.take(me(), amount, now);
            let taken: i64 = postings.iter().map(|posting| posting.amount).sum();
            prop_assert_eq!(taken + short, amount);
            prop_assert_eq!(taken, amount.min(purse.spendable(now)));
            for posting in postings {
                let held = purse.here.iter().find(|held| held.lot == posting.lot).expect("ours");
                prop_assert!(posting.amount > 0 && posting.amount <= held.amount);
            }
        }
    }
}
