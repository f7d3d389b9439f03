//! A reward's stock in this store: put in, taken out, counted, looked at.

use punchcard_domain::{
    decide::{self, ChangeStock, StockChange},
    fact::Fact,
    ledger::{Purse, ValueKind},
    records::Reward,
    refusal::Refusal,
    staff::{Permission, Role},
    stock::stock_owner,
};
use punchcard_protocol::{MemberId, RecordId};

use super::actor::Actor;
use crate::{
    error::Result,
    store::{read, records},
    till::Till,
    views::StockView,
    work::Work,
};

impl Till {
    /// How many of a reward there are in this store.
    ///
    /// # Errors
    /// `not_found`; `bad_input` for a reward of which no stock is kept.
    pub fn stock(&self, actor: &Actor, reward: RecordId) -> Result<StockView> {
        let actor = actor.clone();
        self.write(move |work| {
            actor.require(Permission::ViewMember)?;
            let reward = known_reward(work, reward)?;
            Ok(view(work, &reward)?.ok_or(Refusal::BadInput("stock"))?)
        })
    }

    /// Puts stock in, takes some out, or sets it right to what was counted, for a reason.
    ///
    /// # Errors
    /// `approval_needed`, `not_found`, `bad_amount`, `too_large`, `bad_input` without a reason or
    /// for a reward of which no stock is kept, `out_of_stock`, `stock_elsewhere`, `not_vouched`.
    pub fn change_stock(
        &self,
        actor: &Actor,
        reward: RecordId,
        change: StockChange,
        because: &str,
    ) -> Result<StockView> {
        let (actor, because) = (actor.clone(), because.to_owned());
        self.write(move |work| {
            actor.require(Permission::ChangeStock)?;
            let reward = known_reward(work, reward)?;
            let stock = kept(work, &reward)?.unwrap_or_default();
            let known = ChangeStock { reward, change, because, stock };
            let mut decided = work.decide(None, |desk| Ok(decide::change_stock(desk, &known)?))?;
            if let Fact::StockChanged(body) = &mut decided.fact {
                body.approved_by = actor.approved_by(Permission::ChangeStock);
            }
            work.append(&actor, decided)?;
            Ok(view(work, &known.reward)?.ok_or(Refusal::BadInput("stock"))?)
        })
    }

    /// Whose accounts a reward's stock in this store lies in.
    ///
    /// # Errors
    /// `not_found`.
    pub(crate) fn stock_of(&self, reward: RecordId) -> Result<MemberId> {
        self.write(move |work| Ok(stock_owner(work.house.store.id, known_reward(work, reward)?.id)))
    }
}

fn known_reward(work: &Work<'_>, reward: RecordId) -> Result<Reward> {
    let all = records::rewards(work.db)?;
    Ok(all.into_iter().find(|known| known.id == reward).ok_or(Refusal::NotFound("reward"))?)
}

/// A reward's stock in this store; none: it is not kept.
pub(crate) fn kept(work: &Work<'_>, reward: &Reward) -> Result<Option<Purse>> {
    if !reward.terms.counts_stock {
        return Ok(None);
    }
    let owner = stock_owner(work.house.store.id, reward.id);
    let Some(file) = read::member(work.db, owner)? else { return Ok(Some(Purse::default())) };
    Ok(Some(work.eye(Role::Owner).purse(file.number, ValueKind::Stock)?))
}

/// How many there are; none: it is not kept.
pub(crate) fn view(work: &Work<'_>, reward: &Reward) -> Result<Option<StockView>> {
    let stock = kept(work, reward)?;
    let here = |stock: &Purse| stock.spendable(work.now_ms());
    Ok(stock.map(|stock| StockView { here: here(&stock), elsewhere: stock.elsewhere }))
}
