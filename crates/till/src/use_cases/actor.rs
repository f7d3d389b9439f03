//! Who acts: signing in, a manager's PIN on the spot, and what each may.

use punchcard_domain::{
    decide::authorize,
    staff::{Permission, Role},
};
use punchcard_protocol::StaffId;

use crate::{
    error::{Error, Result},
    pin,
    store::records::{self, StaffRecord},
    till::Till,
    views::{Approval, SessionView, StaffView},
    work::Work,
};

/// Who acts, and who approved it on the spot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Who is signed in.
    pub staff: StaffId,
    /// Their role.
    pub role: Role,
    /// Who gave their PIN for this one action.
    pub approver: Option<(StaffId, Role)>,
}

impl Actor {
    /// Somebody who acts for themselves.
    pub fn new(staff: StaffId, role: Role) -> Self {
        Self { staff, role, approver: None }
    }

    /// Whether they may.
    ///
    /// # Errors
    /// `approval_needed`: somebody who may can give their PIN.
    pub(crate) fn require(&self, permission: Permission) -> Result<()> {
        Ok(authorize(self.role, self.approver.map(|(_, role)| role), permission)?)
    }

    /// Who approved, where the permission is not the actor's own.
    pub(crate) fn approved_by(&self, permission: Permission) -> Option<StaffId> {
        self.approver.filter(|_| !self.role.may(permission)).map(|(staff, _)| staff)
    }
}

impl Till {
    /// Everybody who can sign in here: PINs stay on the till where they were set.
    ///
    /// # Errors
    /// Those of the store.
    pub fn staff(&self) -> Result<Vec<StaffView>> {
        let known = self.read(pin::whose)?;
        let all = self.staff_all()?;
        let can = |person: &StaffView| {
            person.active && person.id.parse().is_ok_and(|id| known.contains(&id))
        };
        Ok(all.into_iter().filter(can).collect())
    }

    /// Everybody, those who left too.
    ///
    /// # Errors
    /// Those of the store.
    pub fn staff_all(&self) -> Result<Vec<StaffView>> {
        let now_ms = (self.clock)();
        self.read(|db| {
            records::staff(db)?
                .into_iter()
                .map(|person| {
                    let kept = pin::kept(db, person.id)?;
                    let locked = kept.map(|kept| kept.until_ms).filter(|until| *until > now_ms);
                    Ok(StaffView {
                        id: person.id.to_string(),
                        name: person.name,
                        role: person.role,
                        active: person.active,
                        locked_until_ms: locked,
                    })
                })
                .collect()
        })
    }

    /// The owner of the machine: whom the command line acts as.
    ///
    /// # Errors
    /// [`Error::Damaged`] where there is none.
    pub fn owner(&self) -> Result<Actor> {
        let staff = self.read(records::staff)?;
        staff
            .iter()
            .find(|person| person.role == Role::Owner && person.active)
            .map(|person| Actor::new(person.id, person.role))
            .ok_or_else(|| Error::Damaged("there is no owner".into()))
    }

    /// Signs somebody in. The try is counted, durably, before the PIN is looked at.
    ///
    /// # Errors
    /// [`Error::WrongPin`], [`Error::PinLocked`], `not_found`.
    pub fn sign_in(&self, staff: StaffId, pin: &str) -> Result<(Actor, SessionView)> {
        Ok(session_of(self.check_pin(staff, pin)?))
    }

    /// Who somebody that signed in is by now: their role may have been changed at another desk. None: they may
    /// not sign in any more.
    ///
    /// # Errors
    /// Those of the store.
    pub fn session(&self, staff: StaffId) -> Result<Option<(Actor, SessionView)>> {
        let person = self.read(|db| records::person(db, staff))?;
        Ok(person.filter(|person| person.active).map(session_of))
    }

    /// Adds the approval of somebody who gives their PIN on the spot.
    ///
    /// # Errors
    /// As [`Till::sign_in`].
    pub fn approve(&self, actor: &Actor, approval: Option<&Approval>) -> Result<Actor> {
        let Some(approval) = approval else { return Ok(actor.clone()) };
        let staff = approval.staff.parse().map_err(|_| not_found())?;
        let person = self.check_pin(staff, &approval.pin)?;
        Ok(Actor { approver: Some((person.id, person.role)), ..actor.clone() })
    }

    /// Whose PIN this is: for scripts, which know no ids.
    ///
    /// # Errors
    /// [`Error::WrongPin`] where it is nobody's.
    pub fn whose_pin(&self, pin: &str) -> Result<Actor> {
        let mut refused = Error::WrongPin { left: 0 };
        for person in self.staff()? {
            let staff = person.id.parse().map_err(|_| not_found())?;
            match self.sign_in(staff, pin) {
                Ok((actor, _)) => return Ok(actor),
                Err(error @ (Error::WrongPin { .. } | Error::PinLocked { .. })) => refused = error,
                Err(error) => return Err(error),
            }
        }
        Err(refused)
    }

    fn check_pin(&self, staff: StaffId, pin: &str) -> Result<StaffRecord> {
        let (person, kept, secrets) = self.write(move |work| {
            let person = active(work, staff)?;
            let kept = pin::count_try(work.db, staff, work.now_ms())?;
            Ok((person, kept, work.secrets.clone()))
        })?;
        if !pin::matches(&kept, pin, &secrets)? {
            return Err(pin::refusal(&kept));
        }
        self.write(move |work| pin::forget_tries(work.db, staff))?;
        Ok(person)
    }
}

fn session_of(person: StaffRecord) -> (Actor, SessionView) {
    let view = SessionView {
        staff: person.id.to_string(),
        name: person.name,
        role: person.role,
        permissions: person.role.permissions().into_iter().collect(),
    };
    (Actor::new(person.id, person.role), view)
}

fn active(work: &Work<'_>, staff: StaffId) -> Result<StaffRecord> {
    records::person(work.db, staff)?.filter(|person| person.active).ok_or_else(not_found)
}

fn not_found() -> Error {
    punchcard_domain::Refusal::NotFound("staff").into()
}
