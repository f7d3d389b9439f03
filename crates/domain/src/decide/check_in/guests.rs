//! Whether a guest may come in too.

use super::{
    candidate::{Candidate, in_order},
    known::CheckIn,
};
use crate::{decide::Desk, fact::VisitRecorded, standing::Change, verdict::Verdict};

/// Whether, after this visit, a guest may come in on a pass of theirs too.
pub fn brings_guest(desk: &Desk<'_>, known: &CheckIn, fact: &VisitRecorded) -> bool {
    let today = desk.today();
    let more = known.more_guests(today);
    let none = more == 0 && known.passes.iter().all(|pass| pass.terms.guests == 0);
    if fact.verdict == Verdict::Refuse || none {
        return false;
    }
    let came = fact.changes.iter().any(|one| matches!(one, Change::Guest { .. }));
    let is_it = |pass: &Candidate<'_>| fact.pass == Some(pass.pass.id);
    let passes = in_order(desk, known, today);
    // One who came now came on the pass's own account, or else on the tier's.
    let on_tier = came && passes.iter().any(|pass| is_it(pass) && pass.own_guests() == 0);
    let more = more.saturating_sub(u32::from(on_tier));
    let can = |pass: &Candidate<'_>| {
        let on_pass = came && is_it(pass);
        let own = pass.own_guests().saturating_sub(u32::from(on_pass));
        let taken: i64 =
            if is_it(pass) { fact.postings.iter().map(|one| one.amount).sum() } else { 0 };
        pass.takes_guests(desk, more)
            && own.saturating_add(more) > 0
            && (pass.pass.visits.is_none() || pass.pass.visits_here(desk) > taken)
    };
    passes.iter().any(|pass| !pass.denied && can(pass))
}
