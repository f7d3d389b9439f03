//! The pass that lets somebody in, what it costs, and what is to be said about it.

use punchcard_protocol::PassId;

use super::{
    candidate::{Candidate, Rank, in_order},
    known::{CheckIn, How},
};
use crate::{
    decide::Desk,
    ledger::Posting,
    refusal::Refusal,
    standing::Change,
    time::Day,
    verdict::{Because, Reason},
};

/// The pass that lets somebody in, what it costs, and what is to be said about it.
#[derive(Default)]
pub(super) struct WayIn {
    pub(super) pass: Option<PassId>,
    pub(super) because: Option<Because>,
    pub(super) changes: Vec<Change>,
    pub(super) postings: Vec<Posting>,
    pub(super) reasons: Vec<Reason>,
}

pub(super) fn way_in(
    desk: &Desk<'_>,
    known: &CheckIn,
    today: Day,
    seen: bool,
) -> Result<WayIn, Refusal> {
    let passes = in_order(desk, known, today);
    let fitting: Vec<&Candidate<'_>> = passes.iter().filter(|pass| !pass.denied).collect();
    let use_it =
        |chosen: &[&Candidate<'_>]| chosen.first().map(|pass| pass.enter(desk, known, today));
    match &known.how {
        How::LetIn { .. } if fitting.is_empty() => Ok(why_not(&passes)),
        How::LetIn { .. } => Ok(WayIn::default()),
        How::UseVisit => {
            let packs: Vec<&Candidate<'_>> =
                fitting.into_iter().filter(|pass| pass.pass.visits_here(desk) > 0).collect();
            use_it(&packs).ok_or(Refusal::NoVisits)
        }
        How::Guest { .. } => {
            let more = known.more_guests(today);
            // Guests of a pass go before those of a tier.
            let host = fitting
                .into_iter()
                .filter(|pass| pass.takes_guests(desk, more))
                .min_by_key(|pass| pass.own_guests() == 0);
            host.map(|pass| pass.bring_guest(desk, today, more)).ok_or(Refusal::NoGuests)
        }
        How::Scan if seen => {
            // They are in already: nothing is used up or begun for them, and a pack whose last
            // visit let them in does not turn them away now.
            let term: Vec<&Candidate<'_>> =
                fitting.into_iter().filter(|pass| pass.rank <= Rank::TermInGrace).collect();
            Ok(use_it(&term).unwrap_or_default())
        }
        How::Scan => match use_it(&fitting) {
            Some(mut entry) => {
                entry.because = fitting.get(1).map(|other| fitting[0].beats(other));
                Ok(entry)
            }
            None if !desk.rules.pass_required => Ok(WayIn::default()),
            None => Ok(for_free(known, today).unwrap_or_else(|| why_not(&passes))),
        },
    }
}

/// In without a pass, as their tier lets them; none: it does not, or no more this month.
fn for_free(known: &CheckIn, today: Day) -> Option<WayIn> {
    let left = known.free_visits_left().checked_sub(1)?;
    let (changes, reasons) = (vec![Change::Free { on: today }], vec![Reason::FreeVisit { left }]);
    Some(WayIn { changes, reasons, ..WayIn::default() })
}

/// Why no pass lets them in: what is nearest to letting them in is said.
fn why_not(passes: &[Candidate<'_>]) -> WayIn {
    let reasons = passes.first().map_or(vec![Reason::NoPass], |pass| pass.against.clone());
    WayIn { reasons, ..WayIn::default() }
}
