//! What mends a verdict.

use super::{candidate::in_order, known::CheckIn};
use crate::{
    decide::Desk,
    fact::VisitRecorded,
    verdict::{Mend, Reason, Verdict},
};

/// What mends a verdict, the best first; none for a green one.
pub fn mends(desk: &Desk<'_>, known: &CheckIn, fact: &VisitRecorded) -> Vec<Mend> {
    if known.member.is_none() {
        return vec![Mend::NewMember];
    }
    let says = |wanted: &[&str]| fact.reasons.iter().any(|reason| wanted.contains(&reason.code()));
    let mut mends = Vec::new();
    if says(&["frozen"]) && fact.verdict == Verdict::Refuse {
        mends.push(Mend::Unfreeze);
    }
    let renewable = [
        "expired",
        "expires_soon",
        "grace",
        "cancelled",
        "no_visits_left",
        "few_visits_left",
        "no_pass",
        "free_visit",
    ];
    if says(&renewable) && !says(&["banned"]) {
        mends.push(Mend::GivePass);
    }
    // A booking lets nobody in whom something else keeps out of that pass.
    if says(&["class_needed"]) && !says(&["banned"]) {
        mends.push(Mend::BookClass);
    }
    let today = desk.today();
    let has_pack = || {
        in_order(desk, known, today)
            .iter()
            .any(|pass| !pass.denied && pass.pass.visits_here(desk) > 0)
    };
    if says(&["seen_again"]) && has_pack() {
        mends.push(Mend::UseVisit);
    }
    // Somebody must answer for them before anybody signs for them.
    let nobody_signs = fact.reasons.contains(&Reason::Waiver { guardian: true })
        && known.member.as_ref().is_some_and(|(_, file)| !file.has_guardian);
    let waiver = if nobody_signs { Mend::AddGuardian } else { Mend::SignWaiver };
    let on_file = [
        ("waiver", waiver),
        ("emergency_contact", Mend::AddContact),
        ("no_guardian", Mend::AddGuardian),
        ("missing_photo", Mend::AddPhoto),
        ("debt", Mend::GivePoints),
    ];
    for (_, mend) in on_file.into_iter().filter(|(code, _)| says(&[code])) {
        if !mends.contains(&mend) {
            mends.push(mend);
        }
    }
    if fact.verdict == Verdict::Refuse {
        mends.push(Mend::LetInOnce);
    }
    mends
}
