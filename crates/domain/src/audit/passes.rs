//! Passes, as their kinds are.

use punchcard_protocol::PassId;

use super::RulesOfOld;
use crate::{
    decide::price,
    fact::{Before, Fact, Pass, PassGiven, PassUpgraded},
    ledger::{Posting, ValueKind},
    records::PassType,
};

/// Whether a pass is as some version of its kind is: its term, its visits, what it allows and its
/// price. One that somebody else gave away: see [`transfer_follows`].
pub fn pass_follows(given: &PassGiven, old: &RulesOfOld) -> bool {
    let visits = given.pass.visits.map(|lot| (lot.kind, lot.amount));
    old.had_percent(given.price_percent)
        && of_its_kind(&given.pass, &old.pass_types, false).any(|kind| {
            kind.visits.map(|visits| (ValueKind::Visits, visits)) == visits
                && price(kind, given.price_percent) == given.price_minor
        })
}

/// Whether the pass that an upgrade gives is as some version of its kind is, with no more visits
/// and for no more money; a tier's part of the price is one that some tier had. Where the fact says
/// what was credited and used before, that and what was paid now come to the price, and the visits
/// to those of the kind.
pub fn upgrade_follows(upgraded: &PassUpgraded, old: &RulesOfOld) -> bool {
    if !old.had_percent(upgraded.price_percent) {
        return false;
    }
    let kinds = old.pass_types.as_slice();
    let visits = upgraded.given.visits.map(|lot| lot.amount);
    let given = &upgraded.given;
    of_its_kind(given, kinds, false).chain(of_its_kind(given, kinds, true)).any(|kind| {
        kind.visits.is_some() == visits.is_some()
            && visits <= kind.visits
            && (0..=kind.price_minor).contains(&upgraded.paid_minor)
            && given.before.is_none_or(|before| {
                let in_all = before.paid_minor.saturating_add(upgraded.paid_minor);
                before.used >= 0
                    && in_all == price(kind, upgraded.price_percent)
                    && visits == kind.visits.map(|visits| visits.saturating_sub(before.used))
            })
    })
}

/// Whether a pass that was given away holds no more visits than were taken from whoever gave it.
pub fn transfer_follows(given: &PassGiven, cause: Option<&Fact>) -> bool {
    let Some(Fact::PassTransferred(cause)) = cause else { return false };
    let held = |posting: &&Posting| posting.kind == ValueKind::Visits;
    let taken = cause.postings.iter().filter(held).map(|posting| posting.amount);
    let taken = taken.fold(0, i64::saturating_add);
    cause.given == given.id
        && cause.to == given.member
        && given.pass.visits.map_or(0, |lot| lot.amount) <= taken
}

/// Whether what a pass brings along was ever paid: no more than the fact that gave the pass before it says.
/// `gave`: that fact; none: nobody here knows it, and nothing can be said. What was refunded or taken back
/// since does not count: whoever sold need not have heard of it.
pub fn credit_follows(before: Option<Before>, pass: PassId, gave: Option<&Fact>) -> bool {
    let most = gave.and_then(|fact| most_paid(fact, pass));
    let credited = before.map(|before| before.paid_minor);
    credited.zip(most).is_none_or(|(credited, most)| credited <= most)
}

/// What the shop can have got for a pass, by the fact that gave it; none: it does not say.
fn most_paid(gave: &Fact, pass: PassId) -> Option<i64> {
    let (given, paid_minor, sold) = match gave {
        Fact::PassGiven(body) => (&body.pass, body.price_minor, body.transferred.is_none()),
        Fact::PassUpgraded(body) => (&body.given, body.paid_minor, false),
        _ => return None,
    };
    let brought = if sold { 0 } else { given.before?.paid_minor };
    (given.id == pass).then(|| brought.saturating_add(paid_minor))
}

fn of_its_kind<'a>(
    pass: &'a Pass,
    kinds: &'a [PassType],
    begun: bool,
) -> impl Iterator<Item = &'a PassType> {
    kinds.iter().filter(move |kind| {
        let (until, terms) = kind.as_given(pass.from, begun);
        Some(kind.id) == pass.pass_type && until == pass.until && terms == pass.terms
    })
}
