//! A scan → a verdict, and what it costs and gives.

use punchcard_protocol::{MemberId, PassId};

use super::{Decided, Desk, gain, gain_by_rules};
use crate::{
    earning::Outcome,
    fact::{ByRules, Fact, Gain, VisitRecorded},
    ledger::{Posting, Purse},
    member::MemberPrivate,
    points,
    refusal::Refusal,
    time::Day,
    verdict::{Mend, Reason, Verdict},
};

const HOUR_MS: i64 = 60 * 60 * 1000;

/// What of a member's file a verdict depends on.
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
}

/// A pass on the file, not voided.
#[derive(Debug, Clone)]
pub struct KnownPass {
    /// Id.
    pub id: PassId,
    /// Name.
    pub name: String,
    /// First day.
    pub from: Day,
    /// Last day.
    pub until: Option<Day>,
    /// Its visits; none: as often as one likes.
    pub visits: Option<Purse>,
}

impl KnownPass {
    fn covers(&self, day: Day) -> bool {
        self.from <= day && self.until.is_none_or(|until| day <= until)
    }

    fn visits_here(&self, now_ms: i64) -> i64 {
        self.visits.as_ref().map_or(0, |purse| purse.spendable(now_ms))
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
}

/// Everything a check-in is decided on.
#[derive(Debug, Clone)]
pub struct CheckIn {
    /// Who; none: nobody's card.
    pub member: Option<(MemberId, KnownMember)>,
    /// Their passes.
    pub passes: Vec<KnownPass>,
    /// Their last visit that counted.
    pub last_visit_ms: Option<i64>,
    /// Their points.
    pub points: Purse,
    /// Just scanned, or mended.
    pub how: How,
    /// What the owner's rules come to for this visit, if it counts; none: the plain ones go.
    pub by_rules: Option<Outcome>,
}

/// Decides a check-in. A refused one is a fact too.
///
/// # Errors
/// [`Refusal::NoVisits`] where a visit was to be used and none can be, and
/// [`Refusal::BadInput`] where somebody is let in without a reason.
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
    let mut reasons = entry.reasons;
    reasons.extend(seen.clone());
    reasons.extend(file.banned.then_some(Reason::Banned));
    reasons.extend(desk.clock_behind.then_some(Reason::ClockBehind));
    reasons.extend(file.has_note.then_some(Reason::StaffNote));
    let birthday = file.birthday.is_some_and(|born| born.is_birthday_on(today));
    reasons.extend(birthday.then_some(Reason::Birthday));
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.weight()));
    let mut verdict = reasons.iter().map(Reason::weight).max().unwrap_or(Verdict::Admit);
    if let How::LetIn { .. } = known.how {
        reasons.insert(0, Reason::LetInOnce);
        verdict = Verdict::Note;
    }
    let mut fact = visit(desk, Some(*member), verdict, reasons);
    if verdict != Verdict::Refuse {
        fact.pass = entry.pass;
        fact.postings = entry.postings;
        fact.counted = seen.is_none();
    }
    if fact.counted {
        (fact.earned, fact.by_rules) = points_for(desk, known, file)?;
    }
    Ok(Decided { fact: Fact::VisitRecorded(fact), private: because(&known.how)? })
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
fn because(how: &How) -> Result<Option<MemberPrivate>, Refusal> {
    let How::LetIn { because } = how else { return Ok(None) };
    let note = because.trim();
    if note.is_empty() || note.chars().count() > super::MAX_TEXT_CHARS {
        return Err(Refusal::BadInput("reason"));
    }
    Ok(Some(MemberPrivate { note: Some(note.to_owned()), ..MemberPrivate::default() }))
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
        postings: Vec::new(),
        earned: None,
        by_rules: None,
        private: None,
        approved_by: None,
    }
}

/// A second scan within the window counts nothing twice; a mend is meant, so it counts.
fn seen_again(desk: &Desk<'_>, known: &CheckIn) -> Option<Reason> {
    let since = desk.now_ms.saturating_sub(known.last_visit_ms?).max(0);
    let window = i64::from(desk.rules.seen_again_hours) * HOUR_MS;
    let again = known.how == How::Scan && since < window;
    again.then_some(Reason::SeenAgain { minutes: since / 60_000 })
}

/// The pass that lets somebody in, what it costs, and what is to be said about it.
#[derive(Default)]
struct WayIn {
    pass: Option<PassId>,
    postings: Vec<Posting>,
    reasons: Vec<Reason>,
}

fn way_in(desk: &Desk<'_>, known: &CheckIn, today: Day, seen: bool) -> Result<WayIn, Refusal> {
    let term = known
        .passes
        .iter()
        .filter(|pass| pass.visits.is_none() && pass.covers(today))
        .max_by_key(|pass| pass.until.unwrap_or(Day(chrono::NaiveDate::MAX)));
    match (&known.how, term, pack(desk, known, today)) {
        (How::LetIn { .. }, _, _) => Ok(WayIn {
            reasons: why_not(desk, known, today).into_iter().collect(),
            ..WayIn::default()
        }),
        (How::UseVisit, _, None) => Err(Refusal::NoVisits),
        (How::Scan, Some(pass), _) => Ok(by_term(desk, known, pass, today)),
        (_, _, Some(pass)) if !seen => Ok(by_pack(desk, pass)),
        // They are in already; a pack whose last visit let them in does not turn them away now.
        _ if seen => Ok(WayIn::default()),
        _ if !desk.rules.pass_required => Ok(WayIn::default()),
        _ => Ok(WayIn {
            reasons: why_not(desk, known, today).into_iter().collect(),
            ..WayIn::default()
        }),
    }
}

/// The pack a visit can be taken from here and now: the one that ends first, then the oldest.
fn pack<'a>(desk: &Desk<'_>, known: &'a CheckIn, today: Day) -> Option<&'a KnownPass> {
    known
        .passes
        .iter()
        .filter(|pass| desk.trusted && pass.covers(today) && pass.visits_here(desk.spend_ms) > 0)
        .min_by_key(|pass| (pass.until.unwrap_or(Day(chrono::NaiveDate::MAX)), pass.id))
}

fn by_term(desk: &Desk<'_>, known: &CheckIn, pass: &KnownPass, today: Day) -> WayIn {
    let warn = pass.until.and_then(|until| {
        let days = today.days_until(until);
        let soon = i64::from(days) <= i64::from(desk.rules.expires_soon_days);
        let renewed =
            known.passes.iter().any(|next| next.from > today && next.from <= until.plus_days(1));
        (soon && !renewed).then(|| Reason::ExpiresSoon { pass: pass.name.clone(), on: until, days })
    });
    WayIn { pass: Some(pass.id), reasons: warn.into_iter().collect(), ..WayIn::default() }
}

fn by_pack(desk: &Desk<'_>, pass: &KnownPass) -> WayIn {
    let Some(purse) = &pass.visits else { return WayIn::default() };
    let (postings, _) = purse.take(desk.me, 1, desk.spend_ms);
    let left = purse.on_file(desk.spend_ms) - 1;
    let few = left <= desk.rules.few_visits;
    let reasons = few.then(|| Reason::FewVisitsLeft { pass: pass.name.clone(), visits: left });
    WayIn { pass: Some(pass.id), postings, reasons: reasons.into_iter().collect() }
}

/// Why no pass lets them in: what is nearest to letting them in is said.
fn why_not(desk: &Desk<'_>, known: &CheckIn, today: Day) -> Option<Reason> {
    let covering: Vec<&KnownPass> = known.passes.iter().filter(|pass| pass.covers(today)).collect();
    if covering.iter().any(|pass| pass.visits.is_none()) {
        return None;
    }
    let held = |pass: &&&KnownPass| {
        pass.visits.as_ref().is_some_and(|purse| purse.on_file(desk.spend_ms) > 0)
    };
    if let Some(pass) = covering.iter().find(held) {
        let visits = pass.visits.as_ref().map_or(0, |purse| purse.on_file(desk.spend_ms));
        return Some(Reason::VisitsElsewhere { pass: pass.name.clone(), visits });
    }
    if let Some(pass) = covering.last() {
        return Some(Reason::NoVisitsLeft { pass: pass.name.clone() });
    }
    let next = known.passes.iter().filter(|pass| pass.from > today).min_by_key(|pass| pass.from);
    if let Some(pass) = next {
        return Some(Reason::NotStarted { pass: pass.name.clone(), from: pass.from });
    }
    let last = known
        .passes
        .iter()
        .filter_map(|pass| Some((pass.until?, pass)))
        .max_by_key(|(until, _)| *until);
    Some(match last {
        Some((on, pass)) => Reason::Expired { pass: pass.name.clone(), on },
        None => Reason::NoPass,
    })
}

/// What mends a verdict, the best first; none for a green one.
pub fn mends(desk: &Desk<'_>, known: &CheckIn, fact: &VisitRecorded) -> Vec<Mend> {
    if known.member.is_none() {
        return vec![Mend::NewMember];
    }
    let says = |wanted: &[&str]| fact.reasons.iter().any(|reason| wanted.contains(&reason.code()));
    let mut mends = Vec::new();
    if says(&["expired", "expires_soon", "no_visits_left", "few_visits_left", "no_pass"])
        && !says(&["banned"])
    {
        mends.push(Mend::GivePass);
    }
    if says(&["seen_again"]) && pack(desk, known, desk.today()).is_some() {
        mends.push(Mend::UseVisit);
    }
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
            visits: Some(Purse { here: vec![holding], elsewhere, ..Purse::default() }),
        }
    }

    fn known(passes: Vec<KnownPass>) -> CheckIn {
        let file = KnownMember { multiplier_percent: 100, ..KnownMember::default() };
        CheckIn {
            by_rules: None,
            member: Some((MemberId::from_bytes([3; 16]), file)),
            passes,
            last_visit_ms: None,
            points: Purse::default(),
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
        again.last_visit_ms = Some(NOON - 5 * 60_000);
        let (fact, codes, _) = decide(&again);
        assert_eq!((fact.verdict, codes), (Verdict::Note, vec!["seen_again"]));
        assert!(!fact.counted && fact.earned.is_none() && fact.postings.is_empty());
        again.last_visit_ms = Some(NOON - 6 * HOUR_MS);
        assert_eq!(decide(&again).1, vec!["no_visits_left"]);
    }

    #[test]
    fn a_visit_can_be_used_after_all() {
        let mut again = known(vec![pack_of(4, 0)]);
        again.last_visit_ms = Some(NOON - 5 * 60_000);
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
