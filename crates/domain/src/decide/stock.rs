//! A reward's stock in a store: put in, taken out, counted; and one of it given out.

use super::{Decided, Desk, pass::reason};
use crate::{
    fact::{Fact, StockChanged},
    ledger::{Account, Lot, Posting, Purse, ValueKind, check_amount},
    records::Reward,
    refusal::Refusal,
    stock::stock_owner,
};

/// What is done to a stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StockChange {
    /// So many came.
    Put(i64),
    /// So many are gone: broken, lost, sent elsewhere.
    Take(i64),
    /// So many were counted in the whole store: what is on file is set right.
    Count(i64),
}

/// What a change of a stock is decided on.
#[derive(Debug, Clone)]
pub struct ChangeStock {
    /// Of which reward.
    pub reward: Reward,
    /// What is done.
    pub change: StockChange,
    /// Why, in the words of whoever does it.
    pub because: String,
    /// The stock of this store.
    pub stock: Purse,
}

/// Changes a stock. What is put in lies with this till; what is taken out must lie here too.
///
/// # Errors
/// [`Refusal::BadAmount`], [`Refusal::TooLarge`], [`Refusal::BadInput`] without a reason or for a
/// reward of which no stock is kept, [`Refusal::OutOfStock`] where fewer lie here than are to go,
/// [`Refusal::NotVouched`] for taking out on a store that is not trusted.
pub fn change_stock(desk: &mut Desk<'_>, known: &ChangeStock) -> Result<Decided, Refusal> {
    let private = reason(&known.because)?;
    if !known.reward.terms.counts_stock {
        return Err(Refusal::BadInput("stock"));
    }
    let on_file = known.stock.on_file(desk.spend_ms);
    let (amount, counted) = match known.change {
        StockChange::Put(amount) => (check_amount(amount)?, None),
        StockChange::Take(amount) => (-check_amount(amount)?, None),
        StockChange::Count(0) => (-on_file, Some(0)),
        StockChange::Count(counted) => (check_amount(counted)? - on_file, Some(counted)),
    };
    let put = (amount > 0).then(|| Lot {
        id: desk.lot_id(),
        kind: ValueKind::Stock,
        amount,
        to: Account::Till(desk.me),
        expires_ms: None,
    });
    let postings = if amount < 0 { gone(desk, &known.stock, -amount)? } else { Vec::new() };
    let fact = StockChanged {
        id: desk.fact_id(),
        reward: known.reward.id,
        store: desk.store.id,
        at_ms: desk.now_ms,
        amount,
        counted,
        put,
        postings,
        private: None,
        approved_by: None,
    };
    Ok(Decided { fact: Fact::StockChanged(fact), private: Some(private) })
}

/// One of a reward's stock leaves with a member: only one that lies here, or two desks would give
/// the same one.
///
/// # Errors
/// [`Refusal::OutOfStock`].
pub(super) fn hand_out(
    desk: &Desk<'_>,
    reward: &Reward,
    stock: Option<&Purse>,
) -> Result<Vec<Posting>, Refusal> {
    let Some(stock) = stock.filter(|_| reward.terms.counts_stock) else { return Ok(Vec::new()) };
    let owner = Some(stock_owner(desk.store.id, reward.id));
    let postings = gone(desk, stock, 1)?;
    Ok(postings.into_iter().map(|posting| Posting { owner, ..posting }).collect())
}

fn gone(desk: &Desk<'_>, stock: &Purse, amount: i64) -> Result<Vec<Posting>, Refusal> {
    if !desk.trusted {
        return Err(Refusal::NotVouched);
    }
    let (postings, short) = stock.take(desk.me, amount, desk.spend_ms);
    if short > 0 {
        let here = stock.spendable(desk.spend_ms);
        return Err(Refusal::OutOfStock { here, elsewhere: stock.elsewhere });
    }
    Ok(postings)
}
