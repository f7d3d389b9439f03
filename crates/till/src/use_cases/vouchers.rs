//! Vouchers: rewards that were redeemed, and are handed over later.

use punchcard_domain::{
    decide::{self, HandOver, voucher_lot},
    fact::Fact,
    ledger::ValueKind,
    records::Reward,
    refusal::Refusal,
    staff::Permission,
};
use punchcard_protocol::{FactId, LotId, MemberId};

use super::{
    actor::Actor,
    phone_code::CodeInput,
    points::{self, RedeemInput, known_member},
    stock,
};
use crate::{
    error::Result,
    store::{
        earned,
        purse::{self, Which},
        read::MemberFile,
        records,
    },
    till::Till,
    views::{DoneView, VoucherView},
    work::Work,
};

impl Till {
    /// Redeems points for a reward that is handed over later, for a voucher.
    ///
    /// # Errors
    /// As [`Till::redeem`]; `reward_not_later`. Nothing goes on trust.
    pub fn redeem_later(&self, actor: &Actor, input: RedeemInput) -> Result<DoneView> {
        self.redeem_with(actor, input, true, CodeInput::None)
    }

    /// Hands a reward over for the voucher that a redemption gave.
    ///
    /// # Errors
    /// `approval_needed`, `not_found`, `banned`, `reward_not_here`, `not_vouched`,
    /// `voucher_elsewhere`, `voucher_over`, `voucher_gone`, `out_of_stock`, `stock_elsewhere`.
    pub fn hand_over(&self, actor: &Actor, member: MemberId, given: FactId) -> Result<DoneView> {
        let actor = actor.clone();
        self.write(move |work| {
            actor.require(Permission::RedeemPoints)?;
            let file = known_member(work, member)?;
            let reward = promised(work, &file, given)?;
            let (lot, now_ms) = (Which::Lot(voucher_lot(given)), work.now_ms());
            let known = HandOver {
                member: file.id,
                banned: file.banned.is_some(),
                given,
                voucher: purse::purse(work.db, work.owned, file.number, lot, now_ms)?,
                stock: stock::kept(work, &reward)?,
                reward,
            };
            let mut decided = work.decide(None, |desk| Ok(decide::hand_over(desk, &known)?))?;
            if let Fact::RewardHandedOver(body) = &mut decided.fact {
                body.approved_by = actor.approved_by(Permission::RedeemPoints);
            }
            points::done(work, &actor, decided, &file, 0)
        })
    }

    /// The lot of a voucher that lies with another till or in the pool; none: it is here, or gone.
    ///
    /// # Errors
    /// `not_found`.
    pub(crate) fn voucher_elsewhere(
        &self,
        member: MemberId,
        given: FactId,
    ) -> Result<Option<LotId>> {
        self.write(move |work| {
            let file = known_member(work, member)?;
            let lot = voucher_lot(given);
            let held =
                purse::purse(work.db, work.owned, file.number, Which::Lot(lot), work.now_ms())?;
            Ok((held.elsewhere > 0).then_some(lot))
        })
    }
}

/// What a voucher was given for, to this person.
fn promised(work: &Work<'_>, file: &MemberFile, given: FactId) -> Result<Reward> {
    let unknown = Refusal::NotFound("voucher");
    let id = earned::redeemed_for(work.db, file.number, given)?.ok_or(unknown)?;
    let all = records::rewards(work.db)?;
    Ok(all.into_iter().find(|reward| reward.id == id).ok_or(Refusal::NotFound("reward"))?)
}

/// The vouchers that a person can still use somewhere, what runs out first going first.
pub(crate) fn views(work: &Work<'_>, file: &MemberFile) -> Result<Vec<VoucherView>> {
    let eye = work.eye(punchcard_domain::staff::Role::Owner);
    let held = purse::lots(work.db, work.owned, file.number, ValueKind::Coupon, work.now_ms())?;
    if held.is_empty() {
        return Ok(Vec::new());
    }
    let rewards = records::rewards(work.db)?;
    let mut views = Vec::new();
    for lot in held {
        let given = FactId(lot.lot.0);
        let reward = earned::redeemed_for(work.db, file.number, given)?;
        let reward = rewards.iter().find(|known| Some(known.id) == reward);
        let Some(reward) = reward else { continue };
        views.push(VoucherView {
            given: given.to_string(),
            reward: reward.id.to_string(),
            name: reward.name.clone(),
            expires: lot.expires_ms.and_then(|at_ms| eye.last_day(at_ms)),
            here: lot.here && work.trusted(),
        });
    }
    views.sort_by(|one, other| (one.expires, &one.given).cmp(&(other.expires, &other.given)));
    Ok(views)
}
