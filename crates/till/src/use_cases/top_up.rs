//! Money loaded onto a member's account: by permission, until there is a sale to load it with.

use punchcard_domain::{
    decide::{self, TopUp},
    earning::event::What,
    fact::{Fact, gained},
    ledger::ValueKind,
    staff::Permission,
};
use punchcard_protocol::MemberId;

use super::{
    actor::Actor,
    earning,
    points::{self, known_member},
};
use crate::{error::Result, till::Till, views::DoneView};

impl Till {
    /// Loads an amount, as it was typed, for a reason; and gives what the owner's rules say for it.
    ///
    /// # Errors
    /// `approval_needed`, `not_found`, `bad_amount`, `bad_input` without a reason.
    pub fn top_up(
        &self,
        actor: &Actor,
        member: MemberId,
        amount: &str,
        because: &str,
    ) -> Result<DoneView> {
        let (actor, amount, because) = (actor.clone(), amount.to_owned(), because.to_owned());
        self.write(move |work| {
            let file = known_member(work, member)?;
            let amount_minor = earning::money(work, &amount)?;
            let what = What::TopUp { amount_minor };
            let known = TopUp {
                member: file.id,
                amount_minor,
                because,
                points: work.eye(actor.role).purse(file.number, ValueKind::Points)?,
                by_rules: earning::by_rules(work, &file, what, None)?,
            };
            let mut decided = work.decide(None, |desk| Ok(decide::top_up(desk, &known)?))?;
            // Last: no manager is called to the desk for what cannot be.
            actor.require(Permission::TopUp)?;
            let mut given = 0;
            if let Fact::ToppedUp(body) = &mut decided.fact {
                body.approved_by = actor.approved_by(Permission::TopUp);
                given = gained(body.earned.as_ref(), body.by_rules.as_ref());
            }
            points::done(work, &actor, decided, &file, given)
        })
    }
}
