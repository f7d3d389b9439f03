//! What sync has to tell a person, and what it asks: files that may be one person's.

use std::collections::BTreeMap;

use punchcard_domain::{
    fact::{Fact, MembersMerged},
    ledger::ValueKind,
    refusal::Refusal,
    staff::{Permission, Role},
};
use punchcard_protocol::{FactId, MemberId};
use rusqlite::{Connection, params};

use super::{actor::Actor, check_in::undo_until, points::known_member, undo};
use crate::{
    error::{Error, Result},
    random,
    store::{
        local::{self, HubLink},
        read,
    },
    till::Till,
    views::{DoneView, DuplicateView, LineView, NoticeView, SyncView},
    work::Work,
};

/// The most that the page shows.
const SHOWN: i64 = 200;

/// Tells something: a code, and what fills its sentence in. The same thing that still waits to be
/// read is not told twice.
pub(crate) fn tell(work: &Work<'_>, code: &str, args: &[(&str, String)]) -> Result<()> {
    let args: BTreeMap<&str, &String> = args.iter().map(|(name, value)| (*name, value)).collect();
    let args = serde_json::to_string(&args)?;
    let waits = work
        .db
        .prepare_cached("SELECT 1 FROM notice WHERE code = ?1 AND args = ?2 AND settled = 0")?
        .exists([code, args.as_str()])?;
    if !waits {
        work.db
            .prepare_cached("INSERT INTO notice (at_ms, code, args) VALUES (?1, ?2, ?3)")?
            .execute(params![work.now_ms(), code, args])?;
    }
    Ok(())
}

/// Tells something that is told once, read or not.
pub(crate) fn tell_once(work: &Work<'_>, code: &str, args: &[(&str, String)]) -> Result<()> {
    let told = "SELECT 1 FROM notice WHERE code = ?1";
    if work.db.prepare_cached(told)?.exists([code])? {
        return Ok(());
    }
    tell(work, code, args)
}

/// Tells something about a member's points. The name is looked up when it is shown: it stays out
/// of this table.
pub(crate) fn about(work: &Work<'_>, code: &str, member: MemberId, points: i64) -> Result<()> {
    tell(work, code, &[("member", member.to_string()), ("points", points.to_string())])
}

/// What somebody has to look at.
pub(crate) fn attention(db: &Connection) -> Result<i64> {
    Ok(db.query_row(
        "SELECT (SELECT count(*) FROM notice WHERE settled = 0) + (SELECT count(*) FROM duplicate)",
        [],
        |row| row.get(0),
    )?)
}

impl Till {
    /// What waits, what was adjusted and why, and who may be one person.
    ///
    /// # Errors
    /// `approval_needed`; those of the store.
    pub fn sync_view(&self, actor: &Actor, line: LineView) -> Result<SyncView> {
        self.write(|work| {
            actor.require(Permission::CheckIn)?;
            let hub: Option<HubLink> = local::get(work.db, local::HUB)?;
            Ok(SyncView {
                line,
                till: hub.map(|hub| hub.till_name).unwrap_or_default(),
                store: work.house.store.name.clone(),
                frozen: local::get::<bool>(work.db, local::FROZEN)?.unwrap_or(false),
                notices: notices(work.db)?,
                duplicates: duplicates(work, actor.role)?,
            })
        })
    }

    /// Somebody has read a notice.
    ///
    /// # Errors
    /// `approval_needed`; those of the store.
    pub fn settle_notice(&self, actor: &Actor, n: i64) -> Result<()> {
        self.write(|work| {
            actor.require(Permission::CheckIn)?;
            work.db.execute("UPDATE notice SET settled = 1 WHERE n = ?1", [n])?;
            Ok(())
        })
    }

    /// Two files are one person's: `gone` is shown as `kept` from now on, and the cards, passes and
    /// points of both are theirs.
    ///
    /// # Errors
    /// `approval_needed`, `not_found`, `bad_input` for one and the same file.
    pub fn merge_members(&self, actor: &Actor, kept: MemberId, gone: MemberId) -> Result<DoneView> {
        self.write(|work| {
            actor.require(Permission::MergeMembers)?;
            let (kept, gone) = (known_member(work, kept)?, known_member(work, gone)?);
            if kept.id == gone.id {
                return Err(Refusal::BadInput("member").into());
            }
            let fact = MembersMerged {
                id: FactId(random::uuid_at(work.now_ms())?),
                kept: kept.id,
                gone: gone.id,
                approved_by: actor.approved_by(Permission::MergeMembers),
            };
            let (id, fact) = (fact.id, Fact::MembersMerged(fact));
            let undo_asks = !undo::is_ones_own(actor, &fact);
            work.append_with(actor.staff, fact, None)?;
            forget_duplicate(work, kept.id, gone.id)?;
            let file = known_member(work, kept.id)?;
            let eye = work.eye(actor.role);
            let balance = eye.points(&eye.purse(file.number, ValueKind::Points)?)?;
            Ok(DoneView {
                fact: id.to_string(),
                at_ms: work.now_ms(),
                points: 0,
                balance: Some(balance),
                undo_until_ms: undo_until(work),
                undo_asks,
            })
        })
    }

    /// Two files with one phone are two persons': a mother and her son.
    ///
    /// # Errors
    /// `approval_needed`; those of the store.
    pub fn keep_apart(&self, actor: &Actor, first: MemberId, second: MemberId) -> Result<()> {
        self.write(|work| {
            actor.require(Permission::MergeMembers)?;
            forget_duplicate(work, first, second)
        })
    }
}

/// Whether two files are one person's is no longer a question. Those that ask it may have been merged into
/// others meanwhile: what counts is whom they are shown as, and of whom they all are, nothing is asked any more.
pub(crate) fn forget_duplicate(work: &Work<'_>, first: MemberId, second: MemberId) -> Result<()> {
    let settled = shown_pair(work.db, first, second)?;
    for (first, second, _) in asked(work.db, i64::MAX)? {
        let pair = shown_pair(work.db, first, second)?;
        if pair == settled || pair.0 == pair.1 {
            work.db.execute(
                "DELETE FROM duplicate WHERE first = ?1 AND second = ?2",
                params![first.as_bytes(), second.as_bytes()],
            )?;
        }
    }
    Ok(())
}

/// Pairs of files that may be one person's, and since when; the newest first.
fn asked(db: &Connection, most: i64) -> Result<Vec<(MemberId, MemberId, i64)>> {
    let mut statement = db.prepare_cached(
        "SELECT first, second, at_ms FROM duplicate ORDER BY at_ms DESC LIMIT ?1",
    )?;
    let pairs = statement.query_map([most], |row| {
        let id = |at| row.get(at).map(MemberId::from_bytes);
        Ok((id(0)?, id(1)?, row.get(2)?))
    })?;
    Ok(pairs.collect::<rusqlite::Result<_>>()?)
}

/// Whom two files are shown as, whichever comes first.
fn shown_pair(db: &Connection, first: MemberId, second: MemberId) -> Result<(MemberId, MemberId)> {
    let shown = |id| Ok::<_, Error>(read::member(db, id)?.map_or(id, |file| file.id));
    let (first, second) = (shown(first)?, shown(second)?);
    Ok((first.min(second), first.max(second)))
}

fn notices(db: &Connection) -> Result<Vec<NoticeView>> {
    let mut statement = db.prepare_cached(
        "SELECT n, at_ms, code, args, settled FROM notice ORDER BY settled, n DESC LIMIT ?1",
    )?;
    let mut rows = statement.query([SHOWN])?;
    let mut notices = Vec::new();
    while let Some(row) = rows.next()? {
        let mut args: BTreeMap<String, String> =
            serde_json::from_str(&row.get::<_, String>(3)?).unwrap_or_default();
        if let Some(member) = args.get("member").and_then(|id| id.parse().ok()) {
            let name = read::member(db, member)?.map(|file| file.name).unwrap_or_default();
            args.insert("name".into(), name);
        }
        notices.push(NoticeView {
            n: row.get(0)?,
            at_ms: row.get(1)?,
            code: row.get(2)?,
            args,
            settled: row.get(4)?,
        });
    }
    Ok(notices)
}

fn duplicates(work: &Work<'_>, role: Role) -> Result<Vec<DuplicateView>> {
    let mut views = Vec::new();
    for (first, second, at_ms) in asked(work.db, SHOWN)? {
        let files = (read::member(work.db, first)?, read::member(work.db, second)?);
        // The one that was opened first is proposed to stay. Merged elsewhere meanwhile, they are
        // one file already.
        let (Some(mut first), Some(mut second)) = files else { continue };
        if first.id == second.id {
            continue;
        }
        if second.joined_ms < first.joined_ms {
            std::mem::swap(&mut first, &mut second);
        }
        let eye = work.eye(role);
        views.push(DuplicateView { first: eye.brief(&first)?, second: eye.brief(&second)?, at_ms });
    }
    Ok(views)
}
