//! A scan at the desk.

use punchcard_domain::{
    decide::{self, CheckIn, How, KnownMember, KnownPass},
    earning::event::What,
    fact::{Fact, VisitRecorded, gained},
    ledger::ValueKind,
    refusal::Refusal,
    staff::{Permission, Role},
    verdict::{Mend, Verdict},
};
use punchcard_protocol::MemberId;

use super::{actor::Actor, earning, show::Eye};
use crate::{
    error::{Error, Result},
    phone,
    store::{
        keys_of_members::fold,
        purse::{self, Which},
        read::{self, MemberFile},
    },
    till::Till,
    views::{CheckInView, PassState},
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
        let actor = actor.clone();
        self.write(move |work| check_in(work, &actor, &who, how, at_ms))
    }

    /// Whose card it is, where they have a pack with visits left, and none of them here.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn lacks_a_visit(&self, card: &str) -> Result<Option<MemberId>> {
        self.write(|work| {
            let Some(file) = identify(work, &Who::Card(card.to_owned()))? else { return Ok(None) };
            let eye = work.eye(Role::Owner);
            let passes = eye.passes(file.number, &read::passes(work.db, file.number)?)?;
            let active = passes.iter().filter(|pass| pass.state == PassState::Active);
            let mut lacks = false;
            for pass in active {
                match (pass.visits_left, pass.visits_here) {
                    (Some(left), Some(0)) if left > 0 => lacks = true,
                    // A pass for a term, or a visit here, lets them in.
                    _ => return Ok(None),
                }
            }
            Ok(lacks.then_some(file.id))
        })
    }

    /// Whether a card is somebody's here.
    ///
    /// # Errors
    /// Those of the store.
    pub fn knows_card(&self, card: &str) -> Result<bool> {
        self.read(|db| Ok(!read::members_with_key(db, &format!("c{}", fold(card)))?.is_empty()))
    }
}

pub(crate) fn check_in(
    work: &mut Work<'_>,
    actor: &Actor,
    who: &Who,
    how: CheckInHow,
    at_ms: Option<i64>,
) -> Result<CheckInView> {
    actor.require(Permission::CheckIn)?;
    let (how, approved_by) = match how {
        CheckInHow::Scan => (How::Scan, None),
        CheckInHow::UseVisit => (How::UseVisit, None),
        CheckInHow::LetIn(because) => {
            actor.require(Permission::LetInOnce)?;
            (How::LetIn { because }, actor.approved_by(Permission::LetInOnce))
        }
    };
    let file = identify(work, who)?;
    if let Some(file) = &file {
        work.numbers.remember(file.id, file.number);
    }
    let known = known(work, file.as_ref(), how, at_ms)?;
    let (decided, mends) = work.decide(at_ms, |desk| {
        let mut decided = decide::check_in(desk, &known)?;
        let Fact::VisitRecorded(visit) = &mut decided.fact else {
            return Err(Error::Internal("a check-in is a visit".into()));
        };
        visit.approved_by = approved_by;
        let mends = decide::mends(desk, &known, visit);
        Ok((decided, mends))
    })?;
    let Fact::VisitRecorded(visit) = decided.fact.clone() else {
        return Err(Error::Internal("a check-in is a visit".into()));
    };
    work.append(actor, decided)?;
    let eye = work.eye(actor.role);
    answer(&eye, work, file.as_ref(), &visit, mends, known.last_visit_ms, who)
}

/// Finds who it is. A card or phone that two members have is nobody's: the desk shows both by
/// search, and a person chooses.
pub(crate) fn identify(work: &Work<'_>, who: &Who) -> Result<Option<MemberFile>> {
    let key = match who {
        Who::Member(id) => {
            let found = read::member(work.db, *id)?;
            return found.map(Some).ok_or_else(|| Refusal::NotFound("member").into());
        }
        Who::Card(card) => format!("c{}", fold(card)),
        Who::Phone(text) => {
            let parsed = phone::parse(text, &work.house.business.country)
                .ok_or_else(|| Error::bad_input("phone", format!("{text} cannot be a phone")))?;
            format!("p{}", parsed.chars().rev().filter(char::is_ascii_digit).collect::<String>())
        }
    };
    match read::members_with_key(work.db, &key)?.as_slice() {
        [number] => read::member_by_number(work.db, *number),
        _ => Ok(None),
    }
}

fn known(
    work: &Work<'_>,
    file: Option<&MemberFile>,
    how: How,
    at_ms: Option<i64>,
) -> Result<CheckIn> {
    let blank = CheckIn {
        member: None,
        passes: vec![],
        last_visit_ms: None,
        points: purse_of_nobody(),
        how,
        by_rules: None,
    };
    let Some(file) = file else { return Ok(blank) };
    let now_ms = work.now_ms();
    let mut passes = Vec::new();
    for pass in read::passes(work.db, file.number)? {
        let lot = pass.visits.map(Which::Lot);
        let visits = lot
            .map(|lot| purse::purse(work.db, work.owned, file.number, lot, now_ms))
            .transpose()?;
        passes.push(KnownPass {
            id: pass.id,
            name: pass.name,
            from: pass.from,
            until: pass.until,
            visits,
        });
    }
    let member = KnownMember {
        banned: file.banned.is_some(),
        has_note: file.note.is_some(),
        birthday: file.birthday,
        multiplier_percent: work.multiplier(file)?,
    };
    Ok(CheckIn {
        member: Some((file.id, member)),
        passes,
        last_visit_ms: read::last_visit(work.db, file.number, at_ms.unwrap_or(now_ms))?,
        by_rules: earning::by_rules(work, file, What::Visit, at_ms)?,
        points: purse::purse(
            work.db,
            work.owned,
            file.number,
            Which::Kind(ValueKind::Points),
            now_ms,
        )?,
        ..blank
    })
}

fn purse_of_nobody() -> punchcard_domain::ledger::Purse {
    punchcard_domain::ledger::Purse::default()
}

fn answer(
    eye: &Eye<'_>,
    work: &Work<'_>,
    file: Option<&MemberFile>,
    visit: &VisitRecorded,
    mends: Vec<Mend>,
    last_visit_ms: Option<i64>,
    who: &Who,
) -> Result<CheckInView> {
    let mut view = CheckInView {
        fact: visit.id.to_string(),
        at_ms: visit.at_ms,
        verdict: visit.verdict,
        reasons: visit.reasons.clone(),
        mends,
        member: None,
        unknown_card: None,
        pass: None,
        staff_note: None,
        visits_this_month: 0,
        last_visit_ms,
        points: None,
        stored_minor: 0,
        points_earned: gained(visit.earned.as_ref(), visit.by_rules.as_ref()),
        undo_until_ms: undo_until(work),
    };
    let Some(file) = file else {
        if let Who::Card(card) = who {
            view.unknown_card = Some(card.clone());
        }
        view.undo_until_ms = 0;
        return Ok(view);
    };
    view.member = Some(eye.brief(file)?);
    view.staff_note.clone_from(&file.note);
    let month = eye.days.start_of(eye.today().first_of_month());
    view.visits_this_month = read::visits_since(eye.db, file.number, month)?;
    view.points = Some(eye.points(&eye.purse(file.number, ValueKind::Points)?)?);
    view.stored_minor = eye.purse(file.number, ValueKind::Money)?.on_file(eye.now_ms);
    let passes = eye.passes(file.number, &read::passes(eye.db, file.number)?)?;
    let used = visit.pass.map(|pass| pass.to_string());
    view.pass = match used {
        Some(id) => passes.into_iter().find(|pass| pass.id == id),
        None => passes.into_iter().next(),
    };
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
