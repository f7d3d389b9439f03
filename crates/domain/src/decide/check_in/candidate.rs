//! A pass, what speaks against it here and now, and which of several goes first.

use punchcard_protocol::FactId;

use super::known::{CheckIn, KnownPass};
use crate::{
    decide::Desk,
    earning::hours::{self, Held},
    standing::{Change, ChangeOf, EndedWhy, Sold, Standing, standing},
    time::Day,
    verdict::{Because, Reason, Verdict},
};

/// How near a pass is to letting its holder in, the nearest first: what costs nothing goes before
/// what costs a visit, what has begun before what would begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    Term,
    TermInGrace,
    Pack,
    PackInGrace,
    TermThatWaits,
    PackThatWaits,
    FrozenTerm,
    FrozenPack,
    NotHereNow,
    VisitsElsewhere,
    NoVisits,
    NotStarted,
    Over,
}

/// A pass, and what speaks against it here and now.
pub(super) struct Candidate<'a> {
    pub(super) pass: &'a KnownPass,
    pub(super) stands: Standing,
    /// The last day, an end before its time among the reasons for it.
    pub(super) until: Option<Day>,
    pub(super) rank: Rank,
    pub(super) against: Vec<Reason>,
    /// Something of that turns them away.
    pub(super) denied: bool,
}

/// All passes, those that let in first and the best of them before the others.
pub(super) fn in_order<'a>(desk: &Desk<'_>, known: &'a CheckIn, today: Day) -> Vec<Candidate<'a>> {
    let mut passes: Vec<Candidate<'a>> =
        known.passes.iter().filter_map(|pass| Candidate::of(desk, known, pass, today)).collect();
    passes.sort_by_key(|pass| (pass.denied, pass.rank, pass.tie(), pass.pass.id));
    passes
}

impl<'a> Candidate<'a> {
    /// None: the pass was given away, or another one took its place.
    fn of(desk: &Desk<'_>, known: &CheckIn, pass: &'a KnownPass, today: Day) -> Option<Self> {
        let sold = Sold { from: pass.from, until: pass.until, terms: &pass.terms };
        let mut stands = standing(&sold, &pass.changes, today);
        let waits = stands.from.is_none() && pass.from <= today;
        if waits {
            // As it would stand if it began now.
            let begins =
                ChangeOf { fact: FactId::from_bytes([0; 16]), change: Change::Begun { on: today } };
            let changes: Vec<ChangeOf> = pass.changes.iter().cloned().chain([begins]).collect();
            stands = standing(&sold, &changes, today);
        }
        let ended_before = stands.ended.map(|(on, _)| on.plus_days(-1));
        let until = [stands.until, ended_before].into_iter().flatten().min();
        let blank = Self { pass, stands, until, rank: Rank::Term, against: vec![], denied: false };
        let mut found = blank.ranked(today, waits)?;
        if found.rank < Rank::NotStarted {
            found.look_around(desk, known, today);
            found.look_for_visits(desk);
        }
        let alerts = &desk.rules.alerts;
        found.denied =
            found.against.iter().any(|reason| reason.verdict(alerts) == Some(Verdict::Refuse));
        Some(found)
    }

    /// Where it stands by its days.
    fn ranked(mut self, today: Day, waits: bool) -> Option<Self> {
        let is_pack = self.pass.visits.is_some();
        let either = |term, pack| if is_pack { pack } else { term };
        let name = || self.pass.name.clone();
        let grace = self
            .until
            .map(|until| until.plus_days(i32::try_from(self.pass.terms.grace_days).unwrap_or(0)));
        let (rank, against) = match self.stands.ended_by(today) {
            Some((on, EndedWhy::Cancelled)) => {
                (Rank::Over, Some(Reason::Cancelled { pass: name(), on }))
            }
            Some(_) => return None,
            None => match (self.stands.from, self.until, self.stands.frozen_until) {
                (None, ..) => {
                    let from = self.pass.from;
                    (Rank::NotStarted, Some(Reason::NotStarted { pass: name(), from }))
                }
                (Some(from), ..) if from > today => {
                    (Rank::NotStarted, Some(Reason::NotStarted { pass: name(), from }))
                }
                (_, _, Some(until)) => (
                    either(Rank::FrozenTerm, Rank::FrozenPack),
                    Some(Reason::Frozen { pass: name(), until }),
                ),
                (_, Some(on), _) if on < today => match grace {
                    Some(last) if today <= last => (
                        either(Rank::TermInGrace, Rank::PackInGrace),
                        Some(Reason::Grace { pass: name(), on: last }),
                    ),
                    _ => (Rank::Over, Some(Reason::Expired { pass: name(), on })),
                },
                _ if waits => (either(Rank::TermThatWaits, Rank::PackThatWaits), None),
                _ => (either(Rank::Term, Rank::Pack), None),
            },
        };
        self.rank = rank;
        self.against.extend(against);
        Some(self)
    }

    /// Whether it is for this day, hour, store and door, and for whoever comes to no class.
    fn look_around(&mut self, desk: &Desk<'_>, known: &CheckIn, today: Day) {
        let terms = &self.pass.terms;
        let name = || self.pass.name.clone();
        let minute = desk.store.days().minute_of(desk.now_ms);
        let open = terms.open_at(today, minute) || tier_opens(desk, known);
        let hours = (!open).then(|| Reason::WrongHours { pass: name() });
        let here = terms.stores.is_empty() || terms.stores.contains(&desk.store.id);
        let store = (!here).then(|| Reason::WrongStore { pass: name() });
        let door = known.zone.as_deref().is_none_or(|zone| {
            terms.zones.is_empty() || terms.zones.iter().any(|allowed| allowed == zone)
        });
        let zone = (!door).then(|| Reason::WrongZone { pass: name() });
        let classless = terms.class_only && !known.has_class(desk.now_ms);
        let class = classless.then(|| Reason::ClassNeeded { pass: name() });
        let wrong: Vec<Reason> = [store, zone, hours, class].into_iter().flatten().collect();
        let alerts = &desk.rules.alerts;
        if wrong.iter().any(|reason| reason.verdict(alerts).is_some()) {
            self.rank = self.rank.max(Rank::NotHereNow);
        }
        self.against.extend(wrong);
    }

    /// Whether a pack has a visit that can be used here.
    fn look_for_visits(&mut self, desk: &Desk<'_>) {
        if self.pass.visits.is_none() || self.pass.visits_here(desk) > 0 {
            return;
        }
        let pass = self.pass.name.clone();
        let (rank, reason) = match self.pass.visits_on_file(desk) {
            0 => (Rank::NoVisits, Reason::NoVisitsLeft { pass }),
            visits => (Rank::VisitsElsewhere, Reason::VisitsElsewhere { pass, visits }),
        };
        self.rank = rank;
        self.against.push(reason);
    }

    /// Of two of one rank: for a term, the one that ends last; of packs, the one that ends first;
    /// of those that have not begun, the one that begins first.
    fn tie(&self) -> i64 {
        let number = |day: Day| i64::from(chrono::Datelike::num_days_from_ce(&day.0));
        let last = self.until.map_or(i64::MAX, number);
        match self.rank {
            Rank::NotStarted => number(self.stands.from.unwrap_or(self.pass.from)),
            Rank::Over => last.saturating_neg(),
            _ if self.pass.visits.is_some() => last,
            _ => last.saturating_neg(),
        }
    }

    /// Why this one rather than the other.
    pub(super) fn beats(&self, other: &Self) -> Because {
        let costs = |pass: &Self| pass.pass.visits.is_some();
        match other.rank {
            rank if rank == self.rank && self.tie() == other.tie() => Because::Older,
            rank if rank == self.rank && costs(self) => Because::EndsFirst,
            rank if rank == self.rank => Because::EndsLast,
            Rank::FrozenTerm | Rank::FrozenPack if self.rank < Rank::FrozenTerm => {
                Because::NotFrozen
            }
            Rank::TermThatWaits | Rank::PackThatWaits if self.rank < Rank::TermThatWaits => {
                Because::HasBegun
            }
            Rank::Pack | Rank::PackThatWaits | Rank::FrozenPack if !costs(self) => {
                Because::CostsNoVisit
            }
            _ => Because::NothingAgainst,
        }
    }
}

/// Whether their tier lets them in at this hour, whatever their pass says of days and hours.
fn tier_opens(desk: &Desk<'_>, known: &CheckIn) -> bool {
    known.privileges().hours.is_some_and(|hours| {
        hours::holds(desk.now_ms, desk.store.days(), Some(hours), &[]) == Held::Yes
    })
}
