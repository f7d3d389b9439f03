//! Points by hand: given or taken for a reason, and made somebody else's.

use punchcard_domain::{
    decide::{self, Adjust, GiveAway},
    fact::Fact,
    ledger::ValueKind,
    staff::Permission,
};
use punchcard_protocol::MemberId;

use super::{
    actor::Actor,
    points::{self, known_member},
};
use crate::{error::Result, till::Till, views::DoneView};

impl Till {
    /// Gives so many points, or takes them, for a reason.
    ///
    /// # Errors
    /// As [`Till::adjust_points`].
    pub fn give_or_take(
        &self,
        actor: &Actor,
        member: MemberId,
        (points, take): (u32, bool),
        because: &str,
    ) -> Result<DoneView> {
        let points = i64::from(points);
        self.adjust_points(actor, member, if take { -points } else { points }, because)
    }

    /// Gives points (more than zero) or takes them (less), for a reason.
    ///
    /// # Errors
    /// `approval_needed`, `not_found`, `bad_amount`, `bad_input` without a reason,
    /// `points_short`, `not_vouched`.
    pub fn adjust_points(
        &self,
        actor: &Actor,
        member: MemberId,
        points: i64,
        because: &str,
    ) -> Result<DoneView> {
        let (actor, because) = (actor.clone(), because.to_owned());
        self.write(move |work| {
            let file = known_member(work, member)?;
            let purse = work.eye(actor.role).purse(file.number, ValueKind::Points)?;
            let known = Adjust { member: file.id, points, because, purse };
            let mut decided = work.decide(None, |desk| Ok(decide::adjust_points(desk, &known)?))?;
            // Last: no manager is called to the desk for what cannot be.
            actor.require(Permission::AdjustPoints)?;
            if let Fact::PointsAdjusted(body) = &mut decided.fact {
                body.approved_by = actor.approved_by(Permission::AdjustPoints);
            }
            points::done(work, &actor, decided, &file, points)
        })
    }

    /// Makes points of one member another's: only what can be spent here, and for no longer.
    ///
    /// # Errors
    /// `approval_needed`, `not_found`, `bad_amount`, `bad_input` for the same member, `banned`,
    /// `points_short`, `not_vouched`.
    pub fn transfer_points(
        &self,
        actor: &Actor,
        from: MemberId,
        to: MemberId,
        points: i64,
    ) -> Result<DoneView> {
        let actor = actor.clone();
        self.write(move |work| {
            let (giver, taker) = (known_member(work, from)?, known_member(work, to)?);
            let eye = work.eye(actor.role);
            let known = GiveAway {
                from: giver.id,
                banned: giver.banned.is_some(),
                to: taker.id,
                points,
                purse: eye.purse(giver.number, ValueKind::Points)?,
                takes: eye.purse(taker.number, ValueKind::Points)?,
            };
            let (mut gone, mut came) =
                work.decide(None, |desk| Ok(decide::transfer_points(desk, &known)?))?;
            // Last: no manager is called to the desk for what cannot be.
            actor.require(Permission::TransferPoints)?;
            for decided in [&mut gone, &mut came] {
                if let Fact::PointsTransferred(body) = &mut decided.fact {
                    body.approved_by = actor.approved_by(Permission::TransferPoints);
                }
            }
            let done = points::done(work, &actor, gone, &giver, -points)?;
            work.append(&actor, came)?;
            Ok(done)
        })
    }
}
