//! Coming in on a pass: what it begins, ends and costs.

use super::{
    candidate::{Candidate, Rank},
    known::{CheckIn, KnownPass},
    way_in::WayIn,
};
use crate::{
    decide::Desk,
    standing::{Change, ChangeOf, Sold, standing},
    terms::Start,
    time::Day,
    verdict::Reason,
};

impl Candidate<'_> {
    /// They come in on it.
    pub(super) fn enter(&self, desk: &Desk<'_>, known: &CheckIn, today: Day) -> WayIn {
        let mut entry = WayIn { pass: Some(self.pass.id), ..WayIn::default() };
        let freezes = self.stands.freezes_on(today);
        for reason in &self.against {
            entry.reasons.push(match reason {
                Reason::Frozen { pass, .. } => Reason::FreezeEnded { pass: pass.clone() },
                other => other.clone(),
            });
        }
        if !freezes.is_empty() {
            entry.changes.push(Change::Unfrozen { freezes, on: today });
        }
        entry.changes.extend(self.begins(today));
        entry.reasons.extend(self.ends_soon(desk, known, today));
        self.take_visit(desk, &mut entry);
        entry
    }

    /// That it begins now, where it waited for this.
    fn begins(&self, today: Day) -> Option<Change> {
        let begun = |of: &ChangeOf| matches!(of.change, Change::Begun { .. });
        let waited = matches!(self.rank, Rank::TermThatWaits | Rank::PackThatWaits)
            || (self.pass.terms.start == Start::FirstVisit
                && self.stands.from == Some(today)
                && !self.pass.changes.iter().any(begun));
        waited.then_some(Change::Begun { on: today })
    }

    fn ends_soon(&self, desk: &Desk<'_>, known: &CheckIn, today: Day) -> Option<Reason> {
        let until = self.until.filter(|until| *until >= today)?;
        let days = today.days_until(until);
        let soon = i64::from(days) <= i64::from(desk.rules.expires_soon_days);
        let goes_on = |next: &KnownPass| {
            let sold = Sold { from: next.from, until: next.until, terms: &next.terms };
            let stands = standing(&sold, &next.changes, today);
            let follows = match stands.from {
                Some(from) => from > today && from <= until.plus_days(1),
                None => next.id != self.pass.id,
            };
            follows && stands.ended.is_none()
        };
        let renewed = known.passes.iter().any(goes_on);
        let pass = self.pass.name.clone();
        (soon && !renewed).then_some(Reason::ExpiresSoon { pass, on: until, days })
    }

    fn take_visit(&self, desk: &Desk<'_>, entry: &mut WayIn) {
        let Some(purse) = self.pass.visits.as_ref() else { return };
        if self.pass.visits_here(desk) == 0 {
            return;
        }
        entry.postings = purse.take(desk.me, 1, desk.spend_ms).0;
        let left = purse.on_file(desk.spend_ms) - 1;
        let pass = self.pass.name.clone();
        let few = left <= desk.rules.few_visits;
        entry.reasons.extend(few.then_some(Reason::FewVisitsLeft { pass, visits: left }));
    }

    /// Guests that it lets in this month, and has not yet.
    pub(super) fn own_guests(&self) -> u32 {
        self.pass.terms.guests.saturating_sub(self.stands.guests)
    }

    /// Whether a guest may come in on it. `more`: those whom their tier lets them bring besides.
    pub(super) fn takes_guests(&self, desk: &Desk<'_>, more: u32) -> bool {
        self.rank <= Rank::PackInGrace
            && self.own_guests().saturating_add(more) > 0
            && (self.pass.visits.is_none() || self.pass.visits_here(desk) > 0)
    }

    /// A guest comes in on it.
    pub(super) fn bring_guest(&self, desk: &Desk<'_>, today: Day, more: u32) -> WayIn {
        let left = self.own_guests().saturating_add(more).saturating_sub(1);
        let mut entry = WayIn {
            pass: Some(self.pass.id),
            changes: vec![Change::Guest { on: today }],
            reasons: vec![Reason::Guest { pass: self.pass.name.clone(), left }],
            ..WayIn::default()
        };
        self.take_visit(desk, &mut entry);
        entry
    }
}
