//! Whether a guest may come in too.

use super::{
    candidate::{Candidate, in_order},
    known::CheckIn,
};
use crate::{decide::Desk, fact::VisitRecorded, standing::Change, verdict::Verdict};

/// Whether, after this visit, a guest may come in on a pass of theirs too.
pub fn brings_guest(desk: &Desk<'_>, known: &CheckIn, fact: &VisitRecorded) -> bool {
    if fact.verdict == Verdict::Refuse || known.passes.iter().all(|pass| pass.terms.guests == 0) {
        return false;
    }
    let can = |pass: &Candidate<'_>| {
        let is_it = fact.pass == Some(pass.pass.id);
        let came = is_it && fact.changes.iter().any(|one| matches!(one, Change::Guest { .. }));
        let guests = pass.stands.guests.saturating_add(u32::from(came));
        let taken: i64 = if is_it { fact.postings.iter().map(|one| one.amount).sum() } else { 0 };
        pass.takes_guests(desk)
            && guests < pass.pass.terms.guests
            && (pass.pass.visits.is_none() || pass.pass.visits_here(desk) > taken)
    };
    in_order(desk, known, desk.today()).iter().any(|pass| !pass.denied && can(pass))
}
