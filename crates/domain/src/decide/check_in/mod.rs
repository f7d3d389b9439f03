//! A scan → a verdict, and what it costs and gives.

mod candidate;
mod enter;
mod guests;
mod known;
mod mends;
mod said;
#[cfg(test)]
mod tests;
mod way_in;

use punchcard_protocol::MemberId;

use self::{
    said::{about, said, seen_again},
    way_in::way_in,
};
use super::{Decided, Desk, gain, gain_by_rules, pass::reason};
use crate::{
    fact::{ByRules, Fact, Gain, VisitRecorded},
    member::MemberPrivate,
    points,
    refusal::Refusal,
    verdict::{Reason, Verdict},
};

pub use guests::brings_guest;
pub use known::{CheckIn, How, KnownMember, KnownPass, LastVisit};
pub use mends::mends;

/// Decides a check-in. A refused one is a fact too.
///
/// # Errors
/// [`Refusal::NoVisits`] where a visit was to be used and none can be, [`Refusal::NoGuests`] where
/// no pass lets a guest in, and [`Refusal::BadInput`] where somebody is let in without a reason.
pub fn check_in(desk: &mut Desk<'_>, known: &CheckIn) -> Result<Decided, Refusal> {
    let Some((member, file)) = &known.member else {
        return Ok(Fact::VisitRecorded(visit(
            desk,
            None,
            Verdict::Refuse,
            vec![Reason::UnknownCard],
        ))
        .into());
    };
    let today = desk.today();
    let seen = seen_again(desk, known);
    let entry = way_in(desk, known, today, seen.is_some())?;
    let (mut verdict, mut reasons) =
        said(desk, &entry.reasons, about(desk, known, file, seen.as_ref()));
    if let How::LetIn { .. } = known.how {
        reasons.insert(0, Reason::LetInOnce);
        verdict = Verdict::Note;
    }
    let mut fact = visit(desk, Some(*member), verdict, reasons);
    let is_guest = matches!(known.how, How::Guest { .. });
    if verdict != Verdict::Refuse {
        fact.pass = entry.pass;
        fact.because = entry.because;
        fact.changes = entry.changes;
        fact.postings = entry.postings;
        fact.counted = seen.is_none() && !is_guest;
    }
    if fact.counted {
        (fact.earned, fact.by_rules) = points_for(desk, known, file)?;
    }
    Ok(Decided { fact: Fact::VisitRecorded(fact), private: words(&known.how)? })
}

/// Points for a visit that counts.
fn points_for(
    desk: &mut Desk<'_>,
    known: &CheckIn,
    file: &KnownMember,
) -> Result<(Option<Gain>, Option<ByRules>), Refusal> {
    if let Some(outcome) = &known.by_rules {
        let (earned, by_rules) = gain_by_rules(desk, outcome, &known.points)?;
        return Ok((earned, Some(by_rules)));
    }
    let points = points::for_visit(file.multiplier_percent, desk.rules)?;
    Ok((gain(desk, points, &known.points)?, None))
}

/// What the cashier wrote when letting somebody in: a private part, as it may name people.
fn words(how: &How) -> Result<Option<MemberPrivate>, Refusal> {
    match how {
        How::LetIn { because } => reason(because).map(Some),
        How::Guest { name } => reason(name).map(Some).map_err(|_| Refusal::NameMissing),
        How::Scan | How::UseVisit => Ok(None),
    }
}

fn visit(
    desk: &mut Desk<'_>,
    member: Option<MemberId>,
    verdict: Verdict,
    reasons: Vec<Reason>,
) -> VisitRecorded {
    VisitRecorded {
        id: desk.fact_id(),
        member,
        store: desk.store.id,
        at_ms: desk.now_ms,
        verdict,
        reasons,
        counted: false,
        pass: None,
        because: None,
        changes: Vec::new(),
        postings: Vec::new(),
        earned: None,
        by_rules: None,
        refers: None,
        private: None,
        approved_by: None,
    }
}
