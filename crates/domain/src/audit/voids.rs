//! What a void gives anew, and what it puts back.

use std::collections::BTreeMap;

use punchcard_protocol::LotId;

use super::{Doubt, doubted};
use crate::{
    fact::{Fact, FactVoided},
    ledger::{Account, Posting, ValueKind},
};

/// What a void gives anew must have been spent by what it takes back: of each kind no more than
/// that. `again`: the same journal took the same back before, and gave for it then.
pub fn void_follows(void: &FactVoided, target: Option<&Fact>, again: bool) -> Vec<Doubt> {
    let Some(member) = void.member else { return Vec::new() };
    let mut left = match target {
        Some(target) if !again => spent(target),
        _ => BTreeMap::new(),
    };
    let mut doubts = Vec::new();
    for lot in &void.lots {
        let left = left.entry(lot.kind).or_insert(0);
        if lot.amount <= *left {
            *left -= lot.amount;
        } else {
            doubts.push(doubted(member, lot, *left));
        }
    }
    doubts
}

/// What a fact took from a member, by kind.
fn spent(fact: &Fact) -> BTreeMap<ValueKind, i64> {
    let (postings, on_trust) = taken_by(fact);
    let mut spent = BTreeMap::from([(ValueKind::Points, on_trust)]);
    for posting in postings {
        let sum = spent.entry(posting.kind).or_insert(0);
        *sum = sum.saturating_add(posting.amount);
    }
    spent
}

/// What a fact took from a member, and what it gave them on trust.
fn taken_by(fact: &Fact) -> (&[Posting], i64) {
    match fact {
        Fact::VisitRecorded(body) => (&body.postings, 0),
        Fact::PointsRedeemed(body) => (&body.postings, body.on_trust.max(0)),
        Fact::RewardHandedOver(body) => (&body.postings, 0),
        Fact::PointsAdjusted(body) => (&body.postings, 0),
        Fact::PointsTransferred(body) => (&body.postings, 0),
        Fact::PassUpgraded(body) => (&body.postings, 0),
        Fact::PassTransferred(body) => (&body.postings, 0),
        _ => (&[], 0),
    }
}

/// What a void puts back must be what its target took: of each lot no more than that; and where
/// the target gave points away, they must have been taken back from whoever got them first, or
/// they are had twice. The doubts: the lots that something went back to. `again`: the same journal
/// took the same back before. `came_back`: whatever the target gave away was taken back.
pub fn put_back_follows(
    void: &FactVoided,
    target: Option<&Fact>,
    again: bool,
    came_back: bool,
) -> Vec<Doubt> {
    let target = target.filter(|_| !again);
    let gave_away = matches!(target, Some(Fact::PointsTransferred(gone)) if gone.points < 0);
    let postings = target.map_or(&[][..], |target| taken_by(target).0);
    let mut left: BTreeMap<LotId, i64> = BTreeMap::new();
    for posting in postings.iter().filter(|_| came_back || !gave_away) {
        let sum = left.entry(posting.lot).or_insert(0);
        *sum = sum.saturating_add(posting.amount);
    }
    let mut doubts: BTreeMap<LotId, Doubt> = BTreeMap::new();
    for back in void.postings.iter().filter(|posting| puts_back(posting)) {
        // Nobody's value is nobody's gain.
        let Some(member) = back.owner.or(void.member) else { continue };
        let left = left.entry(back.lot).or_insert(0);
        if back.amount <= *left {
            *left -= back.amount;
            continue;
        }
        let Posting { lot, kind, amount, .. } = *back;
        doubts.entry(lot).or_insert(Doubt { member, lot, kind, points: amount, expected: *left });
    }
    doubts.into_values().collect()
}

/// Whether it moves what was spent to where it can be spent again.
pub fn puts_back(posting: &Posting) -> bool {
    matches!((posting.from, posting.to), (Account::Spent(_), Account::Till(_) | Account::Pool))
}
