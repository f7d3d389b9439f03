//! The journal of the day, and what happened lately.

use std::collections::BTreeMap;

use punchcard_domain::{
    decide::voidable,
    effects::RecordKind,
    fact::{Fact, ValueExpired, gained},
    ledger::{Posting, ValueKind},
    staff::Permission,
    time::Day,
    verdict::Verdict,
};
use punchcard_protocol::{MemberId, StaffId, StoreId};
use rusqlite::{Connection, params};

use super::{actor::Actor, classes};
use crate::{
    error::Result,
    store::{
        erased, fold,
        held::Held,
        journal::{self, Stored},
        purse, read,
        records::{self, StaffRecord},
    },
    till::Till,
    views::{DayRow, DayView, RecentVisit},
    work::Work,
};

const RECENT: i64 = 30;
const HOUR_MS: i64 = 60 * 60 * 1000;
/// The most lines of a day that are sent to the window.
const MOST_ROWS: usize = 2000;

impl Till {
    /// The newest visits of this desk.
    ///
    /// # Errors
    /// Those of the store.
    pub fn recent(&self, actor: &Actor) -> Result<Vec<RecentVisit>> {
        let actor = actor.clone();
        self.write(move |work| {
            actor.require(Permission::CheckIn)?;
            let mut names = Names::new(work.db);
            let mut visits = Vec::new();
            for entry in newest_visits(work.db, work.house.store.id)? {
                if let Some(stored) = journal::get(work.db, entry)? {
                    visits.extend(recent_visit(work, &mut names, &stored)?);
                }
            }
            Ok(visits)
        })
    }

    /// The figures of a day, and its lines where they are asked for. `None`: today.
    ///
    /// # Errors
    /// `approval_needed`; those of the store.
    pub fn day(&self, actor: &Actor, day: Option<Day>, with_rows: bool) -> Result<DayView> {
        let actor = actor.clone();
        self.write(move |work| {
            let needed = if with_rows { Permission::ViewJournal } else { Permission::CheckIn };
            actor.require(needed)?;
            let days = work.house.store.days();
            let day = day.unwrap_or_else(|| days.day_of(work.now_ms()));
            let (start, end) = (days.start_of(day), days.end_of(day));
            let mut view = figures(work, day, start, end)?;
            if with_rows {
                view.rows = rows_between(work, start, end)?;
            }
            Ok(view)
        })
    }
}

/// The newest visits among the newest facts: never more is read than the list could show.
fn newest_visits(db: &Connection, store: StoreId) -> Result<Vec<i64>> {
    let mut statement = db.prepare_cached(
        "SELECT entry FROM (SELECT entry, kind, at_ms, store FROM fact ORDER BY id DESC LIMIT 2000)
         WHERE kind = 40 AND store = ?2 ORDER BY at_ms DESC, entry DESC LIMIT ?1",
    )?;
    let rows = statement.query_map(params![RECENT, store.as_bytes()], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// UUIDv7 ids sort by time, so a day's facts are one stretch of the table.
fn first_id_of(ms: i64) -> [u8; 16] {
    let mut id = [0; 16];
    let bytes = u64::try_from(ms).unwrap_or(0).to_be_bytes();
    id[..6].copy_from_slice(&bytes[2..]);
    id
}

/// What is this store's: what happened here, and of what happened nowhere in particular (a file
/// opened, points moved) what this till wrote. Other branches have days of their own.
const OURS: &str = "(store = ?3 OR (store IS NULL AND entry >> 40 IN
                     (SELECT n FROM stream WHERE till = ?4)))";

/// Kinds of facts by which somebody has points again or instead of somebody else, and nobody was given any:
/// something was taken back, points became another's.
const BRINGS_BACK: [u16; 2] = [60, 62];

fn figures(work: &Work<'_>, day: Day, start: i64, end: i64) -> Result<DayView> {
    let mut view = DayView {
        day,
        visits: 0,
        refused: 0,
        points_given: 0,
        redemptions: 0,
        points_used: 0,
        new_members: 0,
        hourly: vec![0; 24],
        rows: Vec::new(),
    };
    let mut statement = work.db.prepare_cached(&format!(
        "SELECT kind, at_ms, points, verdict, counted FROM fact
         WHERE id >= ?1 AND id < ?2 AND {OURS}
           AND NOT EXISTS (SELECT 1 FROM void WHERE target = fact.id)"
    ))?;
    let (store, till) = (work.house.store.id, work.stream().till);
    let mut rows = statement.query(params![
        first_id_of(start),
        first_id_of(end),
        store.as_bytes(),
        till.as_bytes()
    ])?;
    while let Some(row) = rows.next()? {
        let (kind, at_ms, points): (u16, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let verdict = row.get::<_, Option<i64>>(3)?.and_then(fold::verdict_of);
        let counted: bool = row.get(4)?;
        if !BRINGS_BACK.contains(&kind) {
            // Other desks' facts are counted too, and one of them may say anything.
            view.points_given = view.points_given.saturating_add(points.max(0));
        }
        match kind {
            20 => view.new_members += 1,
            51 => {
                view.redemptions += 1;
                view.points_used = view.points_used.saturating_sub(points);
            }
            _ => {}
        }
        view.refused += i64::from(verdict == Some(Verdict::Refuse));
        if counted {
            view.visits += 1;
            let hour = usize::try_from(at_ms.saturating_sub(start) / HOUR_MS).unwrap_or(0).min(23);
            view.hourly[hour] += 1;
        }
    }
    Ok(view)
}

fn rows_between(work: &Work<'_>, start: i64, end: i64) -> Result<Vec<DayRow>> {
    let mut statement = work.db.prepare_cached(&format!(
        "SELECT entry FROM fact WHERE id >= ?1 AND id < ?2 AND {OURS}
         ORDER BY at_ms DESC, entry DESC LIMIT ?5"
    ))?;
    let most = i64::try_from(MOST_ROWS).unwrap_or(i64::MAX);
    let (store, till) = (work.house.store.id, work.stream().till);
    let found = statement.query_map(
        params![first_id_of(start), first_id_of(end), store.as_bytes(), till.as_bytes(), most],
        |row| row.get::<_, i64>(0),
    )?;
    let entries = found.collect::<rusqlite::Result<Vec<_>>>()?;
    rows(work, &entries)
}

/// What happened to one member, newest first.
pub(crate) fn rows_of_member(work: &Work<'_>, member: i64, limit: i64) -> Result<Vec<DayRow>> {
    let entries = read::entries_of_member(work.db, member, limit)?;
    rows(work, &entries)
}

fn rows(work: &Work<'_>, entries: &[i64]) -> Result<Vec<DayRow>> {
    let mut names = Names::new(work.db);
    let mut rows = Vec::new();
    for entry in entries {
        if let Some(stored) = journal::get(work.db, *entry)? {
            rows.extend(row(work, &mut names, &stored)?);
        }
    }
    Ok(rows)
}

/// Names of staff and members, each looked up once.
struct Names<'a> {
    db: &'a Connection,
    staff: BTreeMap<StaffId, Option<String>>,
    members: BTreeMap<MemberId, Option<String>>,
}

impl<'a> Names<'a> {
    fn new(db: &'a Connection) -> Self {
        Self { db, staff: BTreeMap::new(), members: BTreeMap::new() }
    }

    fn staff(&mut self, id: StaffId) -> Result<Option<String>> {
        if !self.staff.contains_key(&id) {
            let person: Option<StaffRecord> = records::one(self.db, RecordKind::Staff, id.0)?;
            self.staff.insert(id, person.map(|person| person.name));
        }
        Ok(self.staff.get(&id).cloned().flatten())
    }

    fn member(&mut self, id: MemberId) -> Result<Option<String>> {
        if !self.members.contains_key(&id) {
            self.members.insert(id, read::member(self.db, id)?.map(|file| file.name));
        }
        Ok(self.members.get(&id).cloned().flatten())
    }
}

fn row(work: &Work<'_>, names: &mut Names<'_>, stored: &Stored) -> Result<Option<DayRow>> {
    let header = journal::read_header(&stored.entry.header)?;
    let Some(fact) = journal::fact_of(&header, &stored.entry.payload)? else { return Ok(None) };
    let place = read::fact(work.db, fact.id())?;
    let voided = place.is_some_and(|place| place.voided);
    let about = About::of(&fact);
    Ok(Some(DayRow {
        fact: fact.id().to_string(),
        seq: i64::try_from(header.seq).unwrap_or(i64::MAX),
        at_ms: place.map_or(header.hlc.unix_ms(), |place| place.at_ms),
        kind: kind_of(work.db, &fact)?.to_owned(),
        staff: names.staff(header.staff)?,
        member: about.member.map(|member| member.to_string()),
        member_name: about.member.map(|member| names.member(member)).transpose()?.flatten(),
        points: about.points,
        amount_minor: about.amount_minor,
        verdict: about.verdict,
        reasons: about.reasons,
        label: about
            .label
            .or_else(|| classes::label(&fact, stored.private.as_ref(), work.house.store.days())),
        voided,
        voidable: voidable(&fact) && !voided,
    }))
}

/// What a line calls a fact.
fn kind_of(db: &Connection, fact: &Fact) -> Result<&'static str> {
    Ok(match fact {
        Fact::MembersMerged(body) if body.kept == body.gone => "members_parted",
        Fact::ValueExpired(body) if forfeited(db, body)? => "value_forfeited",
        _ => fact.name(),
    })
}

/// Whether value went with the person whose it was, rather than by its own time.
fn forfeited(db: &Connection, body: &ValueExpired) -> Result<bool> {
    if !erased::is_erased(db, body.member)? {
        return Ok(false);
    }
    for posting in &body.postings {
        let file = posting.owner.unwrap_or(body.member);
        if purse::was_good(db, file, posting.lot, body.at_ms)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What a line says about a fact.
#[derive(Default)]
struct About {
    member: Option<MemberId>,
    points: i64,
    amount_minor: i64,
    verdict: Option<Verdict>,
    reasons: Vec<punchcard_domain::verdict::Reason>,
    label: Option<String>,
}

impl About {
    fn of(fact: &Fact) -> Self {
        match fact {
            Fact::VisitRecorded(body) => Self {
                member: body.member,
                points: gained(body.earned.as_ref(), body.by_rules.as_ref()),
                verdict: Some(body.verdict),
                reasons: body.reasons.clone(),
                ..Self::default()
            },
            Fact::PointsEarned(body) => Self {
                member: Some(body.member),
                points: gained(body.earned.as_ref(), body.by_rules.as_ref()),
                amount_minor: body.amount_minor,
                ..Self::default()
            },
            Fact::PointsRedeemed(body) => Self {
                member: Some(body.member),
                points: -body.points,
                amount_minor: body.money_off_minor,
                label: Some(body.reward_name.clone()),
                ..Self::default()
            },
            Fact::RewardHandedOver(body) => Self {
                member: Some(body.member),
                label: Some(body.reward_name.clone()),
                ..Self::default()
            },
            Fact::PassGiven(body) => Self {
                member: Some(body.member),
                amount_minor: body.price_minor,
                label: Some(body.pass.name.clone()),
                ..Self::default()
            },
            Fact::PassUpgraded(body) => Self {
                member: Some(body.member),
                amount_minor: body.paid_minor,
                label: Some(body.given.name.clone()),
                ..Self::default()
            },
            Fact::PassTransferred(body) => Self {
                member: Some(body.member),
                points: body.fee_points.saturating_neg(),
                amount_minor: body.fee_minor,
                ..Self::default()
            },
            Fact::PassFrozen(body) => Self { member: Some(body.member), ..Self::default() },
            Fact::PassUnfrozen(body) => Self { member: Some(body.member), ..Self::default() },
            Fact::PassExtended(body) => Self { member: Some(body.member), ..Self::default() },
            Fact::PassCancelled(body) => Self { member: Some(body.member), ..Self::default() },
            Fact::ClassBooked(body) => Self { member: Some(body.member), ..Self::default() },
            Fact::PointsAdjusted(body) => {
                Self { member: Some(body.member), points: body.points, ..Self::default() }
            }
            Fact::PointsTransferred(body) => {
                Self { member: Some(body.member), points: body.points, ..Self::default() }
            }
            Fact::ReferralRewarded(body) => Self {
                member: Some(body.member),
                points: gained(body.earned.as_ref(), Some(&body.by_rules)),
                ..Self::default()
            },
            Fact::ToppedUp(body) => Self {
                member: Some(body.member),
                points: gained(body.earned.as_ref(), body.by_rules.as_ref()),
                amount_minor: body.value.amount,
                ..Self::default()
            },
            // Whose stock it is, is nobody with a name.
            Fact::StockChanged(body) => {
                Self { label: Some(format!("{:+}", body.amount)), ..Self::default() }
            }
            Fact::ValueExpired(body) => Self {
                member: Some(body.member),
                points: -gone(&body.postings, ValueKind::Points),
                amount_minor: -gone(&body.postings, ValueKind::Money),
                ..Self::default()
            },
            Fact::FactVoided(body) => {
                Self { member: body.member, points: body.points, ..Self::default() }
            }
            Fact::MemberRegistered(body) => Self { member: Some(body.member), ..Self::default() },
            Fact::MemberChanged(body) => Self { member: Some(body.member), ..Self::default() },
            Fact::MemberPhotoSet(body) => Self { member: Some(body.member), ..Self::default() },
            Fact::ValueGranted(body) => Self { member: Some(body.member), ..Self::default() },
            Fact::ValueReturned(body) => Self { member: Some(body.member), ..Self::default() },
            Fact::ValueGivenBack(body) => Self { member: Some(body.member), ..Self::default() },
            Fact::DebtRepaid(body) => Self { member: Some(body.member), ..Self::default() },
            Fact::LotRuled(body) => Self { member: Some(body.member), ..Self::default() },
            Fact::MembersMerged(body) => Self { member: Some(body.kept), ..Self::default() },
            Fact::RewardSet(body) => {
                Self { label: Some(body.record.name.clone()), ..Self::default() }
            }
            Fact::PassTypeSet(body) => {
                Self { label: Some(body.record.name.clone()), ..Self::default() }
            }
            Fact::TierSet(body) => {
                Self { label: Some(body.record.name.clone()), ..Self::default() }
            }
            _ => Self::default(),
        }
    }
}

/// How much of a kind was posted: points and money do not add up.
fn gone(postings: &[Posting], kind: ValueKind) -> i64 {
    let of_kind = postings.iter().filter(|posting| posting.kind == kind);
    of_kind.fold(0, |sum, posting| sum.saturating_add(posting.amount))
}

fn recent_visit(
    work: &Work<'_>,
    names: &mut Names<'_>,
    stored: &Stored,
) -> Result<Option<RecentVisit>> {
    let header = journal::read_header(&stored.entry.header)?;
    let Some(Fact::VisitRecorded(body)) = journal::fact_of(&header, &stored.entry.payload)? else {
        return Ok(None);
    };
    let pass = match (body.member, body.pass) {
        (Some(member), Some(pass)) => match read::member(work.db, member)? {
            Some(file) => Held::by(work.db, file.number)?
                .passes
                .into_iter()
                .find(|held| held.id == pass)
                .map(|held| held.name),
            None => None,
        },
        _ => None,
    };
    Ok(Some(RecentVisit {
        fact: body.id.to_string(),
        at_ms: body.at_ms,
        member: body.member.map(|member| member.to_string()),
        name: body.member.map(|member| names.member(member)).transpose()?.flatten(),
        verdict: body.verdict,
        reason: body.reasons.first().cloned(),
        overridden: body.reasons.contains(&punchcard_domain::verdict::Reason::LetInOnce),
        pass,
        voided: read::fact(work.db, body.id)?.is_some_and(|place| place.voided),
    }))
}
