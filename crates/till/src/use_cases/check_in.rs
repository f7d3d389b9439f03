//! A scan at the desk.

use punchcard_domain::{
    cards::other_spellings,
    decide::{self, CheckIn, How, KnownMember, KnownPass},
    earning::event::What,
    fact::{Fact, VisitRecorded, gained},
    ledger::{Purse, ValueKind},
    records::Tier,
    refusal::Refusal,
    staff::{Permission, Role},
    verdict::{Mend, Verdict},
};
use punchcard_protocol::{LotId, MemberId};

use super::{actor::Actor, cards, details, earning, points::known_member, referral};
use crate::{
    error::{Error, Result},
    phone,
    store::{
        held::Held,
        keys_of_members::fold,
        merged::{self, Files},
        purse::Which,
        read::{self, MemberFile, PassFile, VisitsSoFar},
    },
    till::Till,
    views::{CheckInView, PassState, PassView},
    work::Work,
};

/// Who stands at the desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// Whoever holds this card.
    Card(String),
    /// Whoever has this phone.
    Phone(String),
    /// This member.
    Member(MemberId),
}

/// How they come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckInHow {
    /// Scanned.
    Scan,
    /// A visit is taken from a pack after all.
    UseVisit,
    /// Let in this once, for a reason.
    LetIn(String),
    /// A guest of the member's, by name.
    Guest(String),
}

impl Till {
    /// Checks somebody in. A refusal is a verdict, not an error, and is recorded like any other.
    /// `at_ms`: when it happened, where it is written down afterwards.
    ///
    /// # Errors
    /// `approval_needed`, `no_visits`, `bad_phone`; those of the store.
    pub fn check_in(
        &self,
        actor: &Actor,
        who: Who,
        how: CheckInHow,
        at_ms: Option<i64>,
    ) -> Result<CheckInView> {
        self.check_in_at(actor, who, how, at_ms, None)
    }

    /// Checks somebody in at a door that opens only a part of the store; none: at this desk's own.
    ///
    /// # Errors
    /// As [`Till::check_in`].
    pub fn check_in_at(
        &self,
        actor: &Actor,
        who: Who,
        how: CheckInHow,
        at_ms: Option<i64>,
        zone: Option<String>,
    ) -> Result<CheckInView> {
        let actor = actor.clone();
        self.write(move |work| check_in_through(work, &actor, &who, how, at_ms, zone))
    }

    /// Checks in everybody of the family of whoever stands at the desk, them first: all in one go,
    /// each with a verdict of their own.
    ///
    /// # Errors
    /// As [`Till::check_in`].
    pub fn check_in_family(&self, actor: &Actor, who: Who) -> Result<Vec<CheckInView>> {
        let actor = actor.clone();
        self.write(move |work| {
            let first = check_in(work, &actor, &who, CheckInHow::Scan, None)?;
            let Some(file) = identify(work, &who)? else { return Ok(vec![first]) };
            let mut views = vec![first];
            for other in family_of(work, &file)? {
                let who = Who::Member(other);
                views.push(check_in(work, &actor, &who, CheckInHow::Scan, None)?);
            }
            Ok(views)
        })
    }

    /// Checks in everybody else of a member's family, each with a verdict of their own.
    ///
    /// # Errors
    /// As [`Till::check_in`].
    pub fn check_in_relatives(&self, actor: &Actor, member: MemberId) -> Result<Vec<CheckInView>> {
        let actor = actor.clone();
        self.write(move |work| {
            let file = known_member(work, member)?;
            let others = family_of(work, &file)?.into_iter();
            others
                .map(|other| check_in(work, &actor, &Who::Member(other), CheckInHow::Scan, None))
                .collect()
        })
    }

    /// Whose card it is, where they have packs with visits left, and none of them here; and which
    /// packs.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn lacks_a_visit(&self, card: &str) -> Result<Option<(MemberId, Vec<LotId>)>> {
        self.write(|work| {
            let Some(file) = identify(work, &Who::Card(card.to_owned()))? else { return Ok(None) };
            let eye = work.eye(Role::Owner);
            let mut lots = Vec::new();
            let held = Held::by(work.db, file.number)?;
            for pass in held.passes {
                let view = eye.pass(&held.accounts, &pass);
                if !matches!(view.state, PassState::Active | PassState::Waits) {
                    continue;
                }
                match (pass.visits, view.visits_left, view.visits_here) {
                    (Some(lot), Some(left), Some(0)) if left > 0 => lots.push(lot),
                    (Some(_), Some(0), _) => {}
                    // A pass for a term, or a visit here, lets them in.
                    _ => return Ok(None),
                }
            }
            Ok((!lots.is_empty()).then_some((file.id, lots)))
        })
    }

    /// Whether a card is somebody's here, in whatever spelling.
    ///
    /// # Errors
    /// Those of the store.
    pub fn knows_card(&self, card: &str) -> Result<bool> {
        self.read(|db| Ok(!holders(db, card)?.is_empty()))
    }
}

/// Everybody else of somebody's family.
fn family_of(work: &Work<'_>, file: &MemberFile) -> Result<Vec<MemberId>> {
    let Some(family) = &file.family else { return Ok(Vec::new()) };
    let mut others = read::family(work.db, family)?;
    others.retain(|other| *other != file.id);
    Ok(others)
}

/// Who holds a card: as it is spelled, or else in another spelling of the same number. At most
/// two: more than one is all a caller needs to know.
pub(crate) fn holders(db: &rusqlite::Connection, card: &str) -> Result<Vec<i64>> {
    let exactly = read::members_with_key(db, &format!("c{}", fold(card)))?;
    if !exactly.is_empty() {
        return Ok(exactly);
    }
    let mut found = Vec::new();
    for spelling in other_spellings(card) {
        for member in read::members_with_key(db, &format!("c{spelling}"))? {
            if !found.contains(&member) {
                found.push(member);
            }
        }
    }
    Ok(found)
}

/// What is known of the place where somebody stands.
struct Door {
    zone: Option<String>,
    /// What was scanned.
    card: Option<String>,
}

pub(crate) fn check_in(
    work: &mut Work<'_>,
    actor: &Actor,
    who: &Who,
    how: CheckInHow,
    at_ms: Option<i64>,
) -> Result<CheckInView> {
    check_in_through(work, actor, who, how, at_ms, None)
}

fn check_in_through(
    work: &mut Work<'_>,
    actor: &Actor,
    who: &Who,
    how: CheckInHow,
    at_ms: Option<i64>,
    zone: Option<String>,
) -> Result<CheckInView> {
    actor.require(Permission::CheckIn)?;
    let (how, approved_by) = match how {
        CheckInHow::Scan => (How::Scan, None),
        CheckInHow::UseVisit => (How::UseVisit, None),
        CheckInHow::Guest(name) => (How::Guest { name }, None),
        CheckInHow::LetIn(because) => {
            actor.require(Permission::LetInOnce)?;
            (How::LetIn { because }, actor.approved_by(Permission::LetInOnce))
        }
    };
    let stands = identify(work, who)?.map(|file| read_of(work, actor, file, at_ms)).transpose()?;
    let card = match who {
        Who::Card(card) => Some(card.clone()),
        Who::Phone(_) | Who::Member(_) => None,
    };
    let zone = zone.or_else(|| work.house.door.clone());
    let door = Door { zone, card };
    let known = known(work, stands.as_ref(), how, at_ms, &door)?;
    let (mut decided, mends, brings_guest) = work.decide(at_ms, |desk| {
        let mut decided = decide::check_in(desk, &known)?;
        let Fact::VisitRecorded(visit) = &mut decided.fact else {
            return Err(Error::Internal("a check-in is a visit".into()));
        };
        visit.approved_by = approved_by;
        let mends = decide::mends(desk, &known, visit);
        let brings_guest = decide::brings_guest(desk, &known, visit);
        Ok((decided, mends, brings_guest))
    })?;
    let sent = match &stands {
        Some(stands) => referral::of(work, &stands.file, &mut decided.fact, at_ms)?,
        None => None,
    };
    let Fact::VisitRecorded(visit) = decided.fact.clone() else {
        return Err(Error::Internal("a check-in is a visit".into()));
    };
    work.append(actor, decided)?;
    let rewarded = sent.is_some();
    referral::append(work, actor, sent)?;
    let stands = stands.map(|stands| after(work, stands, &visit, rewarded)).transpose()?;
    let view = answer(work, actor, stands.as_ref(), &visit, mends, who)?;
    Ok(CheckInView { brings_guest, ..view })
}

/// Finds who it is. A card or phone that two members have is nobody's: the desk shows both by
/// search, and a person chooses.
pub(crate) fn identify(work: &Work<'_>, who: &Who) -> Result<Option<MemberFile>> {
    let found = match who {
        Who::Member(id) => {
            let found = read::member(work.db, *id)?;
            return found.map(Some).ok_or_else(|| Refusal::NotFound("member").into());
        }
        Who::Card(card) => holders(work.db, card)?,
        Who::Phone(text) => {
            let parsed = phone::parse(text, &work.house.business.country)
                .ok_or_else(|| Error::bad_input("phone", format!("{text} cannot be a phone")))?;
            let key: String = parsed.chars().rev().filter(char::is_ascii_digit).collect();
            read::members_with_key(work.db, &format!("p{key}"))?
        }
    };
    match found.as_slice() {
        [number] => read::member_by_number(work.db, *number),
        _ => Ok(None),
    }
}

/// Who stands at the desk, and all that is on file of them: read once, decided by and shown.
struct Stands {
    file: MemberFile,
    files: Files,
    tier: Option<Tier>,
    held: Held,
    visits: VisitsSoFar,
}

fn read_of(work: &Work<'_>, actor: &Actor, file: MemberFile, at_ms: Option<i64>) -> Result<Stands> {
    work.numbers.remember(file.id, file.number);
    let eye = work.eye(actor.role);
    let at_ms = at_ms.unwrap_or(work.now_ms());
    let elsewhere_ms = at_ms.saturating_sub(work.house.rules.alerts.elsewhere_ms());
    let month_ms = eye.days.start_of(eye.today().first_of_month());
    let files = merged::files_of(work.db, &file)?;
    Ok(Stands {
        tier: eye.tier(&file)?,
        held: Held::of(work.db, &files)?,
        visits: read::visits_so_far(work.db, &files, at_ms, month_ms, elsewhere_ms)?,
        file,
        files,
    })
}

/// The same, after the visit was written: what it did not touch is not read again.
fn after(work: &Work<'_>, stands: Stands, visit: &VisitRecorded, rewarded: bool) -> Result<Stands> {
    let moved = rewarded
        || visit.earned.is_some()
        || visit.by_rules.is_some()
        || !visit.postings.is_empty()
        || !visit.changes.is_empty();
    let held = if moved { Held::of(work.db, &stands.files)? } else { stands.held };
    Ok(Stands { held, ..stands })
}

fn known(
    work: &Work<'_>,
    stands: Option<&Stands>,
    how: How,
    at_ms: Option<i64>,
    door: &Door,
) -> Result<CheckIn> {
    let blank = CheckIn {
        member: None,
        passes: vec![],
        last_visit: None,
        points: Purse::default(),
        zone: door.zone.clone(),
        how,
        by_rules: None,
    };
    let Some(stands) = stands else { return Ok(blank) };
    let (file, tier) = (&stands.file, stands.tier.as_ref());
    let now_ms = work.now_ms();
    let purse = |which| stands.held.accounts.purse(work.db, work.owned, which, now_ms);
    let passes: Vec<_> = stands
        .held
        .passes
        .iter()
        .map(|pass| known_pass(pass, pass.visits.map(|lot| purse(Which::Lot(lot)))))
        .collect();
    let on = work.house.store.days().day_of(at_ms.unwrap_or(now_ms));
    let privileges = tier.and_then(|tier| tier.privileges).unwrap_or_default();
    let member = KnownMember {
        banned: file.banned.is_some(),
        has_note: file.note.is_some(),
        birthday: file.birthday,
        multiplier_percent: tier.map_or(100, |tier| tier.multiplier_percent),
        privileges,
        // Most tiers have none, and looking for them costs a page nobody has read.
        free_visits: match privileges.free_visits_month {
            Some(_) => read::free_visits(work.db, file, on)?,
            None => 0,
        },
        bookings: if passes.iter().any(|pass| pass.terms.class_only) {
            read::bookings(work.db, file)?
        } else {
            Vec::new()
        },
        has_photo: file.photo.is_some(),
        has_contact: file.contact.is_some(),
        has_guardian: file.guardian.is_some(),
        waiver: file.waiver.as_ref().map_or(0, |waiver| waiver.version),
        waiver_by_guardian: file.waiver.as_ref().is_some_and(|waiver| waiver.by.is_some()),
        card: door.card.as_deref().and_then(|card| cards::state_of(file, card)),
    };
    Ok(CheckIn {
        member: Some((file.id, member)),
        passes,
        last_visit: stands.visits.last,
        by_rules: earning::by_rules_in(work, file, tier, What::Visit, at_ms)?,
        points: purse(Which::Kind(ValueKind::Points)),
        ..blank
    })
}

fn known_pass(pass: &PassFile, visits: Option<Purse>) -> KnownPass {
    KnownPass {
        id: pass.id,
        name: pass.name.clone(),
        from: pass.from,
        until: pass.until,
        terms: pass.terms.clone(),
        changes: pass.changes.clone(),
        visits,
    }
}

fn answer(
    work: &Work<'_>,
    actor: &Actor,
    stands: Option<&Stands>,
    visit: &VisitRecorded,
    mends: Vec<Mend>,
    who: &Who,
) -> Result<CheckInView> {
    let eye = work.eye(actor.role);
    let mut view = CheckInView {
        fact: visit.id.to_string(),
        at_ms: visit.at_ms,
        verdict: visit.verdict,
        reasons: visit.reasons.clone(),
        because: visit.because,
        mends,
        member: None,
        unknown_card: None,
        pass: None,
        staff_note: None,
        banned_reason: None,
        visits_this_month: 0,
        last_visit_ms: None,
        points: None,
        stored_minor: 0,
        points_earned: gained(visit.earned.as_ref(), visit.by_rules.as_ref()),
        undo_until_ms: undo_until(work),
        family: Vec::new(),
        brings_guest: false,
    };
    let Some(Stands { file, tier, held, visits, .. }) = stands else {
        if let Who::Card(card) = who {
            view.unknown_card = Some(card.clone());
        }
        view.undo_until_ms = 0;
        return Ok(view);
    };
    view.member = Some(eye.brief_in(file, tier.as_ref()));
    view.staff_note.clone_from(&file.note);
    view.banned_reason.clone_from(&file.banned);
    view.family = details::family(work, file)?;
    view.last_visit_ms = visits.last.map(|last| last.at_ms);
    let month_ms = eye.days.start_of(eye.today().first_of_month());
    let counts = visit.counted && visit.at_ms >= month_ms;
    view.visits_this_month = visits.since + i64::from(counts);
    view.points = Some(eye.points(&eye.purse_of(&held.accounts, ValueKind::Points))?);
    view.stored_minor = eye.purse_of(&held.accounts, ValueKind::Money).on_file(eye.now_ms);
    let passes = eye.passes(&held.accounts, &held.passes);
    let used = visit.pass.map(|pass| pass.to_string());
    // Red because it is frozen: that one, which a key can mend.
    let frozen = visit.reasons.iter().any(|reason| reason.code() == "frozen");
    let wanted = |pass: &PassView| match &used {
        Some(id) => pass.id == *id,
        None => !frozen || pass.state == PassState::Frozen,
    };
    view.pass = passes.into_iter().find(wanted);
    Ok(view)
}

/// Until when one may take back one's own last action.
pub(crate) fn undo_until(work: &Work<'_>) -> i64 {
    work.wall_ms.saturating_add(i64::from(work.house.rules.undo_secs) * 1000)
}

impl CheckInView {
    /// Whether the desk said stop.
    pub fn refused(&self) -> bool {
        self.verdict == Verdict::Refuse
    }
}
