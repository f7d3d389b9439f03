//! A scan → a verdict, and what it costs and gives.

use punchcard_protocol::{MemberId, PassId, StoreId};

use super::{Decided, Desk, gain, gain_by_rules, pass::reason};
use crate::{
    earning::Outcome,
    fact::{ByRules, Fact, Gain, VisitRecorded},
    ledger::{Posting, Purse},
    member::{CardState, MemberPrivate},
    points,
    refusal::Refusal,
    standing::{Change, ChangeOf, EndedWhy, Sold, Standing, standing},
    terms::Terms,
    time::Day,
    verdict::{Because, Mend, Reason, Verdict},
};

const HOUR_MS: i64 = 60 * 60 * 1000;
const MINUTE_MS: i64 = 60 * 1000;

/// What of a member's file a verdict depends on.
#[expect(clippy::struct_excessive_bools, reason = "each stands on a file or does not")]
#[derive(Debug, Clone, Default)]
pub struct KnownMember {
    /// Banned.
    pub banned: bool,
    /// The staff left a note.
    pub has_note: bool,
    /// Birthday.
    pub birthday: Option<Day>,
    /// The tier's multiplier in percent.
    pub multiplier_percent: i64,
    /// There is a photo.
    pub has_photo: bool,
    /// There is somebody to call.
    pub has_contact: bool,
    /// The version of the waiver they signed; 0: none.
    pub waiver: u32,
    /// What became of the card that was scanned, where it is no longer in use.
    pub card: Option<CardState>,
}

/// A pass on the file, not voided.
#[derive(Debug, Clone)]
pub struct KnownPass {
    /// Id.
    pub id: PassId,
    /// Name.
    pub name: String,
    /// First day, as it was sold.
    pub from: Day,
    /// Last day, as it was sold.
    pub until: Option<Day>,
    /// What it allows besides.
    pub terms: Terms,
    /// What happened to it since and was not taken back.
    pub changes: Vec<ChangeOf>,
    /// Its visits; none: as often as one likes.
    pub visits: Option<Purse>,
}

impl KnownPass {
    fn visits_here(&self, desk: &Desk<'_>) -> i64 {
        let here = |purse: &Purse| purse.spendable(desk.spend_ms);
        if desk.trusted { self.visits.as_ref().map_or(0, here) } else { 0 }
    }

    fn visits_on_file(&self, desk: &Desk<'_>) -> i64 {
        self.visits.as_ref().map_or(0, |purse| purse.on_file(desk.spend_ms))
    }
}

/// Whether the desk just scans, or mends a verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// A scan.
    Scan,
    /// Take a visit from a pack, seen again or not.
    UseVisit,
    /// Let in this once, for a reason.
    LetIn {
        /// The reason, in the cashier's words.
        because: String,
    },
    /// A guest of the member's comes in on a pass of theirs.
    Guest {
        /// The guest's name, in the cashier's words.
        name: String,
    },
}

/// A visit that counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastVisit {
    /// When: Unix ms.
    pub at_ms: i64,
    /// Where, as far as that is known.
    pub store: Option<StoreId>,
}

/// Everything a check-in is decided on.
#[derive(Debug, Clone)]
pub struct CheckIn {
    /// Who; none: nobody's card.
    pub member: Option<(MemberId, KnownMember)>,
    /// Their passes.
    pub passes: Vec<KnownPass>,
    /// Their last visit that counted, at whatever desk of whatever store that is known here.
    pub last_visit: Option<LastVisit>,
    /// Their points.
    pub points: Purse,
    /// The part of the store whose door this is; none: all of it.
    pub zone: Option<String>,
    /// Just scanned, or mended.
    pub how: How,
    /// What the owner's rules come to for this visit, if it counts; none: the plain ones go.
    pub by_rules: Option<Outcome>,
}

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
        private: None,
        approved_by: None,
    }
}

/// What is said by the owner's choice, the gravest first, and the verdict: the gravest of all.
fn said(desk: &Desk<'_>, entry: &[Reason], about: Vec<Reason>) -> (Verdict, Vec<Reason>) {
    let alerts = &desk.rules.alerts;
    let mut said: Vec<(Verdict, Reason)> = entry
        .iter()
        .cloned()
        .chain(about)
        .filter_map(|reason| Some((reason.verdict(alerts)?, reason)))
        .collect();
    said.sort_by_key(|(verdict, _)| std::cmp::Reverse(*verdict));
    let verdict = said.first().map_or(Verdict::Admit, |(verdict, _)| *verdict);
    (verdict, said.into_iter().map(|(_, reason)| reason).collect())
}

/// What there is to say besides the pass.
fn about(
    desk: &Desk<'_>,
    known: &CheckIn,
    file: &KnownMember,
    seen: Option<&Reason>,
) -> Vec<Reason> {
    let alerts = &desk.rules.alerts;
    let dead = file.card.and_then(|card| match card {
        CardState::Lost => Some(Reason::CardLost),
        CardState::Replaced => Some(Reason::CardReplaced),
        CardState::Moved => None,
    });
    let banned = file.banned.then_some(Reason::Banned);
    let behind = desk.clock_behind.then_some(Reason::ClockBehind);
    if let How::Guest { .. } = known.how {
        return [banned, dead, behind].into_iter().flatten().collect();
    }
    let owed = known.points.debt;
    let birthday = file.birthday.is_some_and(|born| born.is_birthday_on(desk.today()));
    [
        seen.cloned(),
        seen_elsewhere(desk, known),
        banned,
        dead,
        (file.waiver < alerts.waiver_version).then_some(Reason::Waiver),
        (owed > alerts.debt_above).then_some(Reason::Debt { points: owed }),
        (!file.has_photo).then_some(Reason::MissingPhoto),
        (!file.has_contact).then_some(Reason::EmergencyContact),
        behind,
        file.has_note.then_some(Reason::StaffNote),
        birthday.then_some(Reason::Birthday),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A second scan within the window counts nothing twice; a mend is meant, so it counts.
fn seen_again(desk: &Desk<'_>, known: &CheckIn) -> Option<Reason> {
    let since = since_last(desk, known)?;
    let window = i64::from(desk.rules.seen_again_hours) * HOUR_MS;
    let again = known.how == How::Scan && since < window;
    again.then_some(Reason::SeenAgain { minutes: since / MINUTE_MS })
}

/// Nobody is at two stores within minutes: a card that was lent.
fn seen_elsewhere(desk: &Desk<'_>, known: &CheckIn) -> Option<Reason> {
    let since = since_last(desk, known)?;
    let window = i64::from(desk.rules.alerts.elsewhere_minutes) * MINUTE_MS;
    let elsewhere = known.last_visit?.store.is_some_and(|store| store != desk.store.id);
    let said = known.how == How::Scan && elsewhere && since < window;
    said.then_some(Reason::SeenElsewhere { minutes: since / MINUTE_MS })
}

fn since_last(desk: &Desk<'_>, known: &CheckIn) -> Option<i64> {
    Some(desk.now_ms.saturating_sub(known.last_visit?.at_ms).max(0))
}

/// The pass that lets somebody in, what it costs, and what is to be said about it.
#[derive(Default)]
struct WayIn {
    pass: Option<PassId>,
    because: Option<Because>,
    changes: Vec<Change>,
    postings: Vec<Posting>,
    reasons: Vec<Reason>,
}

fn way_in(desk: &Desk<'_>, known: &CheckIn, today: Day, seen: bool) -> Result<WayIn, Refusal> {
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
            let hosts: Vec<&Candidate<'_>> =
                fitting.into_iter().filter(|pass| pass.takes_guests(desk)).collect();
            hosts.first().map(|pass| pass.bring_guest(desk, today)).ok_or(Refusal::NoGuests)
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
            None => Ok(why_not(&passes)),
        },
    }
}

/// Why no pass lets them in: what is nearest to letting them in is said.
fn why_not(passes: &[Candidate<'_>]) -> WayIn {
    let reasons = passes.first().map_or(vec![Reason::NoPass], |pass| pass.against.clone());
    WayIn { reasons, ..WayIn::default() }
}

/// How near a pass is to letting its holder in, the nearest first: what costs nothing goes before
/// what costs a visit, what has begun before what would begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
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
struct Candidate<'a> {
    pass: &'a KnownPass,
    stands: Standing,
    /// The last day, an end before its time among the reasons for it.
    until: Option<Day>,
    rank: Rank,
    against: Vec<Reason>,
    /// Something of that turns them away.
    denied: bool,
}

/// All passes, those that let in first and the best of them before the others.
fn in_order<'a>(desk: &Desk<'_>, known: &'a CheckIn, today: Day) -> Vec<Candidate<'a>> {
    let mut passes: Vec<Candidate<'a>> = known
        .passes
        .iter()
        .filter_map(|pass| Candidate::of(desk, known.zone.as_deref(), pass, today))
        .collect();
    passes.sort_by_key(|pass| (pass.denied, pass.rank, pass.tie(), pass.pass.id));
    passes
}

impl<'a> Candidate<'a> {
    /// None: the pass was given away, or another one took its place.
    fn of(desk: &Desk<'_>, zone: Option<&str>, pass: &'a KnownPass, today: Day) -> Option<Self> {
        let sold = Sold { from: pass.from, until: pass.until, terms: &pass.terms };
        let mut stands = standing(&sold, &pass.changes, today);
        let waits = stands.from.is_none() && pass.from <= today;
        if waits {
            // As it would stand if it began now.
            let begins = ChangeOf {
                fact: punchcard_protocol::FactId::from_bytes([0; 16]),
                change: Change::Begun { on: today },
            };
            let changes: Vec<ChangeOf> = pass.changes.iter().cloned().chain([begins]).collect();
            stands = standing(&sold, &changes, today);
        }
        let ended_before = stands.ended.map(|(on, _)| on.plus_days(-1));
        let until = [stands.until, ended_before].into_iter().flatten().min();
        let blank = Self { pass, stands, until, rank: Rank::Term, against: vec![], denied: false };
        let mut found = blank.ranked(today, waits)?;
        if found.rank < Rank::NotStarted {
            found.look_around(desk, zone, today);
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

    /// Whether it is for this day, hour, store and door.
    fn look_around(&mut self, desk: &Desk<'_>, zone: Option<&str>, today: Day) {
        let terms = &self.pass.terms;
        let name = || self.pass.name.clone();
        let minute = desk.store.days().minute_of(desk.now_ms);
        let hours = (!terms.open_at(today, minute)).then(|| Reason::WrongHours { pass: name() });
        let here = terms.stores.is_empty() || terms.stores.contains(&desk.store.id);
        let store = (!here).then(|| Reason::WrongStore { pass: name() });
        let door = zone.is_none_or(|zone| {
            terms.zones.is_empty() || terms.zones.iter().any(|allowed| allowed == zone)
        });
        let zone = (!door).then(|| Reason::WrongZone { pass: name() });
        let wrong: Vec<Reason> = [store, zone, hours].into_iter().flatten().collect();
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
    fn beats(&self, other: &Self) -> Because {
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

    /// They come in on it.
    fn enter(&self, desk: &Desk<'_>, known: &CheckIn, today: Day) -> WayIn {
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
            || (self.pass.terms.start == crate::terms::Start::FirstVisit
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

    fn takes_guests(&self, desk: &Desk<'_>) -> bool {
        self.rank <= Rank::PackInGrace
            && self.stands.guests < self.pass.terms.guests
            && (self.pass.visits.is_none() || self.pass.visits_here(desk) > 0)
    }

    fn bring_guest(&self, desk: &Desk<'_>, today: Day) -> WayIn {
        let left = self.pass.terms.guests.saturating_sub(self.stands.guests).saturating_sub(1);
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
    ];
    if says(&renewable) && !says(&["banned"]) {
        mends.push(Mend::GivePass);
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
    let on_file = [
        ("waiver", Mend::SignWaiver),
        ("emergency_contact", Mend::AddContact),
        ("missing_photo", Mend::AddPhoto),
        ("debt", Mend::GivePoints),
    ];
    mends.extend(on_file.into_iter().filter(|(code, _)| says(&[code])).map(|(_, mend)| mend));
    if fact.verdict == Verdict::Refuse {
        mends.push(Mend::LetInOnce);
    }
    mends
}

#[cfg(test)]
mod tests {
    use punchcard_protocol::LotId;

    use super::*;
    use crate::decide::fixtures::{NOON, me, shop};
    use crate::ledger::{Account, Holding, ValueKind};

    fn day(text: &str) -> Day {
        text.parse().expect("a day")
    }

    fn term(name: &str, from: &str, until: &str) -> KnownPass {
        KnownPass {
            id: PassId::from_bytes([5; 16]),
            name: name.into(),
            from: day(from),
            until: Some(day(until)),
            terms: Terms::default(),
            changes: vec![],
            visits: None,
        }
    }

    fn pack_of(here: i64, elsewhere: i64) -> KnownPass {
        let holding = Holding {
            lot: LotId::from_bytes([6; 16]),
            kind: ValueKind::Visits,
            account: Account::Till(me()),
            amount: here,
            expires_ms: None,
            owner: None,
            frozen: false,
        };
        KnownPass {
            id: PassId::from_bytes([6; 16]),
            name: "次卡".into(),
            from: day("2026-01-01"),
            until: None,
            terms: Terms::default(),
            changes: vec![],
            visits: Some(Purse { here: vec![holding], elsewhere, ..Purse::default() }),
        }
    }

    fn known(passes: Vec<KnownPass>) -> CheckIn {
        let file = KnownMember { multiplier_percent: 100, ..KnownMember::default() };
        CheckIn {
            by_rules: None,
            member: Some((MemberId::from_bytes([3; 16]), file)),
            passes,
            last_visit: None,
            points: Purse::default(),
            zone: None,
            how: How::Scan,
        }
    }

    fn decide(known: &CheckIn) -> (VisitRecorded, Vec<&'static str>, Vec<Mend>) {
        shop().at(NOON, |desk| {
            let Fact::VisitRecorded(fact) = check_in(desk, known).expect("no refusal").fact else {
                unreachable!("a check-in is a visit")
            };
            let codes = fact.reasons.iter().map(Reason::code).collect();
            let mends = mends(desk, known, &fact);
            (fact, codes, mends)
        })
    }

    #[test]
    fn a_valid_pass_is_green_and_earns() {
        let (fact, codes, mends) = decide(&known(vec![term("年卡", "2026-01-01", "2027-06-24")]));
        assert_eq!((fact.verdict, fact.counted), (Verdict::Admit, true));
        assert!(codes.is_empty() && mends.is_empty() && fact.postings.is_empty());
        assert_eq!(fact.earned.expect("points for a visit").lot.amount, 5);
    }

    #[test]
    fn one_line_each() {
        use Verdict::{Admit, Note, Refuse};
        let year = || term("年卡", "2026-01-01", "2027-06-24");
        let over = || term("月卡", "2026-10-19", "2026-11-18");
        let last_day = || term("月卡", "2026-10-24", "2026-11-23");
        let later = || term("季卡", "2026-12-01", "2027-02-28");
        let next = || term("月卡", "2026-11-24", "2026-12-23");
        for (what, passes, verdict, codes) in [
            ("no pass at all", vec![], Refuse, vec!["no_pass"]),
            ("over since the 18th", vec![over()], Refuse, vec!["expired"]),
            ("its last day", vec![last_day()], Note, vec!["expires_soon"]),
            ("its last day, renewed", vec![last_day(), next()], Admit, vec![]),
            ("not begun", vec![later()], Refuse, vec!["not_started"]),
            ("over, and another not begun", vec![over(), later()], Refuse, vec!["not_started"]),
            ("plenty on the pack", vec![pack_of(9, 0)], Admit, vec![]),
            ("few on the pack", vec![pack_of(3, 0)], Note, vec!["few_visits_left"]),
            ("the last on the pack", vec![pack_of(1, 0)], Note, vec!["few_visits_left"]),
            ("none on the pack", vec![pack_of(0, 0)], Refuse, vec!["no_visits_left"]),
            ("all of them elsewhere", vec![pack_of(0, 4)], Refuse, vec!["visits_elsewhere"]),
            ("over, but a pack", vec![over(), pack_of(9, 0)], Admit, vec![]),
            ("a term before a pack", vec![pack_of(9, 0), year()], Admit, vec![]),
        ] {
            let (fact, found, _) = decide(&known(passes));
            assert_eq!((fact.verdict, found), (verdict, codes), "{what}");
        }
    }

    #[test]
    fn a_pack_is_used_only_where_no_term_lets_in() {
        let (fact, ..) =
            decide(&known(vec![pack_of(9, 0), term("年卡", "2026-01-01", "2027-06-24")]));
        assert!(fact.postings.is_empty());
        let (fact, ..) = decide(&known(vec![pack_of(9, 0)]));
        assert_eq!(fact.postings.len(), 1);
        assert_eq!(fact.postings[0].amount, 1);
    }

    #[test]
    fn seen_again_counts_nothing_twice() {
        let mut again = known(vec![pack_of(0, 0)]);
        again.last_visit = Some(LastVisit { at_ms: NOON - 5 * 60_000, store: None });
        let (fact, codes, _) = decide(&again);
        assert_eq!((fact.verdict, codes), (Verdict::Note, vec!["seen_again"]));
        assert!(!fact.counted && fact.earned.is_none() && fact.postings.is_empty());
        again.last_visit = Some(LastVisit { at_ms: NOON - 6 * HOUR_MS, store: None });
        assert_eq!(decide(&again).1, vec!["no_visits_left"]);
    }

    #[test]
    fn a_visit_can_be_used_after_all() {
        let mut again = known(vec![pack_of(4, 0)]);
        again.last_visit = Some(LastVisit { at_ms: NOON - 5 * 60_000, store: None });
        assert_eq!(decide(&again).2, vec![Mend::UseVisit]);
        again.how = How::UseVisit;
        let (fact, ..) = decide(&again);
        assert_eq!((fact.postings.len(), fact.counted), (1, true));
        again.passes = vec![pack_of(0, 9)];
        let refused = shop().at(NOON, |desk| check_in(desk, &again));
        assert_eq!(refused, Err(Refusal::NoVisits));
    }

    #[test]
    fn banned_is_red_whatever_the_pass() {
        let mut known = known(vec![term("年卡", "2026-01-01", "2027-06-24")]);
        if let Some((_, file)) = &mut known.member {
            file.banned = true;
            file.birthday = Some(day("1990-11-23"));
        }
        let (fact, codes, mends) = decide(&known);
        assert_eq!(fact.verdict, Verdict::Refuse);
        assert_eq!(codes, vec!["banned", "birthday"]);
        assert_eq!(mends, vec![Mend::LetInOnce]);
        assert!(fact.earned.is_none() && !fact.counted);
    }

    #[test]
    fn let_in_once_is_amber_and_needs_a_reason() {
        let mut known = known(vec![]);
        known.how = How::LetIn { because: "教练带来试课".into() };
        let (fact, codes, _) = decide(&known);
        assert_eq!((fact.verdict, fact.counted), (Verdict::Note, true));
        assert_eq!(codes, vec!["let_in_once", "no_pass"]);
        known.how = How::LetIn { because: "  ".into() };
        let refused = shop().at(NOON, |desk| check_in(desk, &known));
        assert_eq!(refused, Err(Refusal::BadInput("reason")));
    }

    #[test]
    fn a_card_that_is_nobodys() {
        let mut nobody = known(vec![]);
        nobody.member = None;
        let (fact, codes, mends) = decide(&nobody);
        assert_eq!((fact.verdict, codes), (Verdict::Refuse, vec!["unknown_card"]));
        assert_eq!(mends, vec![Mend::NewMember]);
    }

    #[test]
    fn a_restored_store_takes_no_visit() {
        let restored = known(vec![pack_of(9, 0)]);
        let fact = shop().at(NOON, |desk| {
            desk.trusted = false;
            check_in(desk, &restored).expect("no refusal").fact
        });
        let Fact::VisitRecorded(fact) = fact else { unreachable!("a check-in is a visit") };
        assert_eq!(fact.verdict, Verdict::Refuse);
        assert!(fact.postings.is_empty());
    }

    #[test]
    fn a_clock_wound_back_is_said() {
        let ok = known(vec![term("年卡", "2026-01-01", "2027-06-24")]);
        let fact = shop().at(NOON, |desk| {
            desk.clock_behind = true;
            check_in(desk, &ok).expect("no refusal").fact
        });
        let Fact::VisitRecorded(fact) = fact else { unreachable!("a check-in is a visit") };
        assert_eq!((fact.verdict, fact.reasons), (Verdict::Note, vec![Reason::ClockBehind]));
    }
}
