//! Giving a pass, and what happens to it afterwards.

mod end;
mod freeze;
mod give;
#[cfg(test)]
mod tests;
mod transfer;
mod upgrade;

use chrono::Datelike as _;
use punchcard_protocol::{MemberId, PassId};

use self::freeze::last_of_year;
pub use self::{
    end::{cancel_pass, extend_pass},
    freeze::{freeze_pass, unfreeze_pass},
    give::{GivePass, give_pass, price},
    transfer::{Transfer, transfer_pass},
    upgrade::{Upgrade, upgrade_pass},
};
use super::Desk;
use crate::{
    ledger::{Posting, Purse},
    member::MemberPrivate,
    refusal::Refusal,
    standing::{ChangeOf, Sold, Standing, standing},
    terms::Terms,
    time::Day,
};

/// A pass on file that something is to happen to.
#[derive(Debug, Clone)]
pub struct PassOnFile {
    /// Whose.
    pub member: MemberId,
    /// Which.
    pub id: PassId,
    /// Name.
    pub name: String,
    /// First day, as sold.
    pub from: Day,
    /// Last day, as sold.
    pub until: Option<Day>,
    /// Terms it was sold with.
    pub terms: Terms,
    /// What happened to it since and was not taken back.
    pub changes: Vec<ChangeOf>,
    /// Its visits.
    pub visits: Option<Purse>,
}

impl PassOnFile {
    /// How it stands on a day.
    pub fn standing(&self, today: Day) -> Standing {
        let sold = Sold { from: self.from, until: self.until, terms: &self.terms };
        standing(&sold, &self.changes, today)
    }

    /// How it stands, where it is not over.
    fn running(&self, today: Day) -> Result<Standing, Refusal> {
        let stands = self.standing(today);
        let over = stands.until.is_some_and(|until| until < today);
        if stands.ended.is_some() || over { Err(Refusal::PassOver) } else { Ok(stands) }
    }

    /// All visits that are left, where all of them can be debited here.
    fn visits_here(&self, desk: &Desk<'_>) -> Result<Option<i64>, Refusal> {
        let Some(purse) = &self.visits else { return Ok(None) };
        let here = purse.spendable(desk.spend_ms);
        match purse.on_file(desk.spend_ms) - here {
            0 => Ok(Some(here)),
            visits => Err(Refusal::PackElsewhere { visits }),
        }
    }

    /// Days of a calendar year for which it can still be frozen.
    fn freeze_days_left(&self, stands: &Standing, year: i32) -> u32 {
        self.terms.freeze_days.saturating_sub(stands.frozen_days_of(year))
    }

    /// Whether it can be frozen, today or later: days are left of this year, or of the next one
    /// where it lasts until then.
    fn freezable(&self, today: Day) -> bool {
        let Ok(stands) = self.running(today) else { return false };
        let left = |first: Day| {
            stands.until.is_none_or(|until| first <= until)
                && self.freeze_days_left(&stands, first.0.year()) > 0
        };
        left(today) || left(last_of_year(today).plus_days(1))
    }

    /// Whether it can end later; and that it was not ended before its time.
    fn extendable(&self, today: Day) -> Result<(), Refusal> {
        let stands = self.standing(today);
        match (stands.ended, stands.until) {
            (Some(_), _) => Err(Refusal::PassOver),
            (None, None) => Err(Refusal::BadInput("days")),
            (None, Some(_)) => Ok(()),
        }
    }

    /// How it stands and the visits that go over, where it can become somebody else's.
    fn transferable(&self, desk: &Desk<'_>) -> Result<(Standing, Option<i64>), Refusal> {
        let today = desk.today();
        let stands = self.running(today)?;
        if stands.freezes.iter().any(|freeze| freeze.until >= today) {
            return Err(Refusal::AlreadyFrozen);
        }
        match self.visits_here(desk)? {
            Some(_) if !desk.trusted => Err(Refusal::NotVouched),
            Some(0) => Err(Refusal::NoVisits),
            left => Ok((stands, left)),
        }
    }

    /// How it stands and the visits that are left, where another kind can take its place.
    fn upgradable(&self, desk: &Desk<'_>) -> Result<(Standing, Option<i64>), Refusal> {
        let stands = self.running(desk.today())?;
        let left = self.visits_here(desk)?;
        if left.is_some() && !desk.trusted {
            return Err(Refusal::NotVouched);
        }
        Ok((stands, left))
    }

    fn take_visits(&self, desk: &Desk<'_>, visits: i64) -> Vec<Posting> {
        self.visits
            .as_ref()
            .map_or_else(Vec::new, |purse| purse.take(desk.me, visits, desk.spend_ms).0)
    }
}

/// Something that can be done with a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum PassAct {
    /// Freeze it, from today or from a later day on.
    Freeze,
    /// End its freeze.
    Unfreeze,
    /// Let it end later.
    Extend,
    /// Put another kind in its place, for the difference.
    Upgrade,
    /// Make it somebody else's.
    Transfer,
    /// End it.
    Cancel,
}

/// What can be done with a pass today. Visits that lie elsewhere stand in the way of nothing here:
/// they are fetched first. Nor does it that nobody here knows what was paid for it: who asks for an
/// upgrade is told so.
pub fn pass_acts(desk: &mut Desk<'_>, pass: &PassOnFile) -> Vec<PassAct> {
    fn fetched<T>(said: &Result<T, Refusal>) -> bool {
        matches!(said, Ok(_) | Err(Refusal::PackElsewhere { .. }))
    }
    let today = desk.today();
    let acts = [
        (PassAct::Freeze, pass.freezable(today)),
        (PassAct::Unfreeze, unfreeze_pass(desk, pass).is_ok()),
        (PassAct::Extend, pass.extendable(today).is_ok()),
        (PassAct::Upgrade, fetched(&pass.upgradable(desk))),
        (PassAct::Transfer, fetched(&pass.transferable(desk))),
        (PassAct::Cancel, pass.running(today).is_ok()),
    ];
    acts.into_iter().filter(|(_, can)| *can).map(|(act, _)| act).collect()
}

/// A cashier's words: a private part, as they may name people.
pub(super) fn reason(because: &str) -> Result<MemberPrivate, Refusal> {
    let note = because.trim();
    if note.is_empty() || note.chars().count() > super::MAX_TEXT_CHARS {
        return Err(Refusal::BadInput("reason"));
    }
    Ok(MemberPrivate { note: Some(note.to_owned()), ..MemberPrivate::default() })
}
