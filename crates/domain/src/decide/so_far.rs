//! What was really paid for a pass so far, and what was used of it: read off the facts that made it
//! what it is, never off what is on offer today.

use punchcard_protocol::{FactId, MemberId, PassId, RecordId};

use super::price;
use crate::{
    fact::{Before, Fact, Pass},
    ledger::{Posting, ValueKind},
    records::PassType,
};

/// The most passes that are looked back through: who upgrades more often has `before` to go by.
pub const MOST_LINKS: usize = 64;

/// One of the passes that became, one after the other, the one at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// As it was given.
    pub pass: Pass,
    /// Where it came from.
    pub came: Came,
    /// What was paid then, in minor units: its price, or the difference.
    pub paid_minor: i64,
    /// The percent of the price that it was reckoned with; none: all of it.
    pub percent: Option<i64>,
    /// Visits that came over from the one before.
    pub took: i64,
    /// The fact that gave it was taken back, and with it what was paid.
    pub voided: bool,
    /// What was given back of it since, in minor units, by facts that stand.
    pub refunded_minor: i64,
}

/// Where a pass came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    /// It was sold, or given for nothing, by the shop.
    Sold,
    /// It took the place of another one of the same member's.
    Upgraded {
        /// Whose.
        member: MemberId,
        /// Which.
        pass: PassId,
    },
    /// It was somebody else's: the fact says whose.
    Transferred(FactId),
}

impl Link {
    /// What a fact says of a pass that it gave; none: it gave no such pass, or says no price (a
    /// pass that was brought along from another system).
    pub fn of(fact: Fact, pass: PassId) -> Option<Self> {
        let link = |pass, came, paid_minor, percent, took| Self {
            pass,
            came,
            paid_minor,
            percent,
            took,
            voided: false,
            refunded_minor: 0,
        };
        Some(match fact {
            Fact::PassGiven(body) if body.pass.id == pass => {
                let came = body.transferred.map_or(Came::Sold, Came::Transferred);
                let took = body.pass.visits.map_or(0, |lot| lot.amount);
                link(body.pass, came, body.price_minor, body.price_percent, took)
            }
            Fact::PassUpgraded(body) if body.given.id == pass => {
                let came = Came::Upgraded { member: body.member, pass: body.pass };
                let took = visits_of(&body.postings);
                link(body.given, came, body.paid_minor, body.price_percent, took)
            }
            _ => return None,
        })
    }

    /// What it brought along, by its own word; where nothing is known, none.
    ///
    /// Programs before this field wrote upgrades without it. Where the pass before is not here
    /// either, the best guess is that an upgrade came, with all that was paid before, to what its
    /// kind costs: today's price at the percent that the fact names, and never less than what the
    /// fact itself says was paid.
    fn brought(&self, kind: Option<&PassType>) -> Option<Before> {
        match (self.came, self.pass.before) {
            (Came::Sold, _) => Some(Before::default()),
            (_, Some(before)) => Some(before),
            (Came::Upgraded { .. }, None) => {
                let in_all = kind.map_or(0, |kind| price(kind, self.percent));
                let had = kind.and_then(|kind| kind.visits).unwrap_or(0);
                let got = self.pass.visits.map_or(had, |lot| lot.amount);
                Some(Before {
                    paid_minor: in_all.saturating_sub(self.paid_minor).max(0),
                    used: had.saturating_sub(got).max(0),
                })
            }
            (Came::Transferred(_), None) => None,
        }
    }
}

fn visits_of(postings: &[Posting]) -> i64 {
    let visits = postings.iter().filter(|posting| posting.kind == ValueKind::Visits);
    visits.fold(0, |sum, posting| sum.saturating_add(posting.amount))
}

/// A pass as far as its upgrade, or its next owner, asks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SoFar {
    /// What the shop got for it and kept, in minor units: what is credited. Nothing for a gift.
    pub paid_minor: i64,
    /// Its kind, where that was on offer.
    pub pass_type: Option<RecordId>,
    /// How many visits it was given with, where it is a pack.
    pub visits: Option<i64>,
    /// Visits of the packs before it that were used.
    pub used_before: i64,
}

impl SoFar {
    /// Visits that were used of it and of those before it. `left`: of its own, where it is a pack.
    pub fn used(&self, left: Option<i64>) -> i64 {
        let own = match (self.visits, left) {
            (Some(had), Some(left)) => had.saturating_sub(left).max(0),
            _ => 0,
        };
        self.used_before.saturating_add(own)
    }

    /// What the pass after it brings along.
    pub fn brings(&self, left: Option<i64>) -> Before {
        Before { paid_minor: self.paid_minor, used: self.used(left) }
    }
}

/// What was paid and used so far. `links`: the pass at hand, the one before it, and so on, as far
/// as their facts are here; `kind`: the kind that the last of them is of, as it is on offer today.
/// None: nobody here knows what was paid.
pub fn so_far(links: &[Link], kind: Option<&PassType>) -> Option<SoFar> {
    let (oldest, newest) = (links.last()?, links.first()?);
    let mut all = oldest.brought(kind)?;
    let mut handed_on = None;
    for link in links.iter().rev() {
        if let Some(had) = handed_on {
            let used = i64::saturating_sub(had, link.took).max(0);
            all.used = all.used.saturating_add(used);
        }
        handed_on = link.pass.visits.map(|lot| lot.amount);
        let paid = if link.voided { 0 } else { link.paid_minor };
        let kept = all.paid_minor.saturating_add(paid).saturating_sub(link.refunded_minor);
        all.paid_minor = kept.max(0);
    }
    Some(SoFar {
        paid_minor: all.paid_minor,
        pass_type: newest.pass.pass_type,
        visits: newest.pass.visits.map(|lot| lot.amount),
        used_before: all.used,
    })
}

#[cfg(test)]
mod tests {
    use punchcard_protocol::LotId;

    use super::*;
    use crate::{
        decide::fixtures::me,
        ledger::{Account, Lot},
        terms::Terms,
    };

    fn pass(visits: Option<i64>, before: Option<Before>) -> Pass {
        let lot = |amount| Lot {
            id: LotId::from_bytes([6; 16]),
            kind: ValueKind::Visits,
            amount,
            to: Account::Till(me()),
            expires_ms: None,
        };
        Pass {
            id: PassId::from_bytes([5; 16]),
            name: "次卡".into(),
            pass_type: Some(RecordId::from_bytes([4; 16])),
            from: "2026-11-01".parse().expect("a day"),
            until: None,
            visits: visits.map(lot),
            terms: Terms::default(),
            before,
        }
    }

    fn link(came: Came, paid_minor: i64, visits: Option<i64>, took: i64) -> Link {
        Link {
            pass: pass(visits, None),
            came,
            paid_minor,
            percent: None,
            took,
            voided: false,
            refunded_minor: 0,
        }
    }

    fn upgraded() -> Came {
        Came::Upgraded { member: MemberId::from_bytes([3; 16]), pass: PassId::from_bytes([7; 16]) }
    }

    fn kind(price_minor: i64, visits: Option<i64>) -> PassType {
        PassType {
            id: RecordId::from_bytes([4; 16]),
            name: "次卡".into(),
            days: None,
            visits,
            price_minor,
            active: true,
            terms: Terms::default(),
        }
    }

    fn paid(links: &[Link]) -> Option<i64> {
        so_far(links, None).map(|so_far| so_far.paid_minor)
    }

    /// Ten visits, three of them used; twenty in their place, one more used; and so on.
    #[test]
    fn what_was_paid_and_used_adds_up_over_upgrades() {
        let ten = link(Came::Sold, 20_000, Some(10), 0);
        let twenty = link(upgraded(), 9_900, Some(17), 7);
        let thirty = link(upgraded(), 5_000, Some(26), 16);
        let found = so_far(&[thirty, twenty.clone(), ten.clone()], None).expect("all is here");
        assert_eq!((found.paid_minor, found.used_before), (34_900, 4));
        assert_eq!(found.brings(Some(24)), Before { paid_minor: 34_900, used: 6 });
        assert_eq!(paid(&[twenty, ten]), Some(29_900));
        // What a pack had used stays used over a pass without visits.
        let month = link(upgraded(), 1_000, None, 7);
        let found = so_far(&[month, link(Came::Sold, 20_000, Some(10), 0)], None);
        assert_eq!(found.expect("all is here").used(None), 3);
    }

    #[test]
    fn a_gift_credits_nothing_and_a_tiers_price_no_more_than_that() {
        assert_eq!(paid(&[link(Came::Sold, 0, None, 0)]), Some(0));
        let less = Link { percent: Some(90), ..link(Came::Sold, 26_910, None, 0) };
        assert_eq!(paid(&[less]), Some(26_910));
    }

    #[test]
    fn what_was_refunded_or_taken_back_is_not_credited() {
        let first = link(Came::Sold, 20_000, None, 0);
        let second = link(upgraded(), 9_900, None, 0);
        let part = Link { refunded_minor: 5_000, ..first.clone() };
        assert_eq!(paid(&[second.clone(), part]), Some(24_900));
        let more = Link { refunded_minor: 50_000, ..first.clone() };
        assert_eq!(paid(&[second.clone(), more]), Some(9_900), "never below nothing");
        let gone = Link { voided: true, ..first.clone() };
        assert_eq!(paid(&[second.clone(), gone]), Some(9_900));
        let gone = Link { voided: true, ..second };
        assert_eq!(paid(&[gone, first]), Some(20_000));
    }

    /// What was paid goes with a pass that somebody else had; three of its visits are used.
    #[test]
    fn what_somebody_else_paid_for_it_is_credited() {
        let gone = Came::Transferred(FactId::from_bytes([9; 16]));
        let theirs = link(gone, 0, Some(7), 7);
        let found = so_far(&[theirs.clone(), link(Came::Sold, 20_000, Some(10), 0)], None);
        let found = found.expect("all is here");
        assert_eq!((found.paid_minor, found.visits, found.used(Some(6))), (20_000, Some(7), 4));
        assert_eq!(paid(std::slice::from_ref(&theirs)), None, "nobody here knows");
        let before = Some(Before { paid_minor: 20_000, used: 3 });
        let says = Link { pass: pass(Some(7), before), ..theirs };
        assert_eq!(so_far(&[says], None), Some(found));
    }

    /// A desk that has only the last upgrade goes by what that says; an old one says only what was
    /// paid on top, and is taken to have come to what its kind costs today.
    #[test]
    fn without_the_pass_before_the_fact_or_the_price_tells() {
        let old = link(upgraded(), 9_900, Some(17), 7);
        let says = |before| Link { pass: pass(Some(17), before), ..old.clone() };
        let before = Some(Before { paid_minor: 15_000, used: 3 });
        let told = so_far(&[says(before)], Some(&kind(29_900, Some(20)))).expect("it says");
        assert_eq!((told.paid_minor, told.used_before), (24_900, 3));
        let guess = so_far(&[says(None)], Some(&kind(29_900, Some(20)))).expect("a guess");
        assert_eq!((guess.paid_minor, guess.used_before), (29_900, 3));
        let less = Link { percent: Some(50), ..says(None) };
        let guess = so_far(&[less], Some(&kind(29_900, Some(20)))).expect("a guess");
        assert_eq!(guess.paid_minor, 14_950);
        let cheap = so_far(&[says(None)], Some(&kind(5_000, Some(20)))).expect("a guess");
        assert_eq!(cheap.paid_minor, 9_900, "what the fact says was paid, in any case");
        assert_eq!(so_far(&[], None), None);
    }
}
