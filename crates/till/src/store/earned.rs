//! What points were given to a member before, and for what: caps, rows of visits and first times
//! are counted from here; and what they redeemed.

use std::collections::{BTreeMap, BTreeSet};

use punchcard_domain::{
    earning::event::Given,
    tiers::Done,
    time::{Day, StoreDays},
};
use punchcard_protocol::{FactId, RecordId};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::merged;
use crate::error::Result;

const VISIT: i64 = 40;
const EARNED: i64 = 50;
/// Rows of visits are looked for so many days back: more than the longest that a rule can ask for
/// in days, and three years of weeks.
const LOOK_BACK_DAYS: i32 = 1100;

/// What a member did so far.
#[derive(Debug, Default)]
pub struct SoFar {
    /// Visits that count.
    pub visits: i64,
    /// Sales.
    pub sales: i64,
    /// Spent in them, in minor units.
    pub spent_minor: i64,
    /// Business days of visits, those of the last three years.
    pub visit_days: BTreeSet<Day>,
}

/// Visits and sales that were not taken back, over all files of a person.
///
/// # Errors
/// Those of the store.
pub fn so_far(db: &Connection, member: i64, days: StoreDays, at_ms: i64) -> Result<SoFar> {
    let mut so_far = SoFar::default();
    let since = days.start_of(days.day_of(at_ms).plus_days(-LOOK_BACK_DAYS));
    for (file, _) in merged::files(db, member)? {
        let mut statement = db.prepare_cached(
            "SELECT f.kind, f.counted, f.at_ms, f.amount_minor
             FROM fact_of_member o JOIN fact f ON f.id = o.id
             WHERE o.member = ?1 AND f.kind IN (?2, ?3)
               AND NOT EXISTS (SELECT 1 FROM void v WHERE v.target = f.id)",
        )?;
        let mut rows = statement.query(params![file, VISIT, EARNED])?;
        while let Some(row) = rows.next()? {
            let (kind, counted, then): (i64, bool, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            if kind == EARNED {
                so_far.sales += 1;
                so_far.spent_minor = so_far.spent_minor.saturating_add(row.get(3)?);
            } else if counted {
                so_far.visits += 1;
                if then >= since {
                    so_far.visit_days.insert(days.day_of(then));
                }
            }
        }
    }
    Ok(so_far)
}

/// What a person did, for tiers: points given, money spent and visits that count, each with its
/// business day. What was taken back does not count.
///
/// # Errors
/// Those of the store.
pub fn done(db: &Connection, member: i64, days: StoreDays) -> Result<Vec<Done>> {
    let mut done = Vec::new();
    for (file, _) in merged::files(db, member)? {
        let mut statement = db.prepare_cached(
            "SELECT f.kind, f.counted, f.at_ms, f.points, f.amount_minor
             FROM fact_of_member o JOIN fact f ON f.id = o.id
             WHERE o.member = ?1 AND f.kind IN (?2, ?3)
               AND NOT EXISTS (SELECT 1 FROM void v WHERE v.target = f.id)",
        )?;
        let mut rows = statement.query(params![file, VISIT, EARNED])?;
        while let Some(row) = rows.next()? {
            let (kind, counted): (i64, bool) = (row.get(0)?, row.get(1)?);
            done.push(Done {
                day: days.day_of(row.get(2)?),
                points: row.get::<_, i64>(3)?.max(0),
                spend: if kind == EARNED { row.get(4)? } else { 0 },
                visits: i64::from(kind == VISIT && counted),
            });
        }
    }
    Ok(done)
}

/// What each rule gave a person, seen from a moment. What was taken back does not count.
///
/// # Errors
/// Those of the store.
pub fn given(
    db: &Connection,
    member: i64,
    days: StoreDays,
    at_ms: i64,
) -> Result<BTreeMap<RecordId, Given>> {
    let today = days.day_of(at_ms);
    let mut given: BTreeMap<RecordId, Given> = BTreeMap::new();
    for (file, _) in merged::files(db, member)? {
        let mut statement = db.prepare_cached(
            "SELECT e.rule, f.at_ms, e.points FROM fact_of_member f JOIN earned e ON e.fact = f.id
             WHERE f.member = ?1 AND NOT EXISTS (SELECT 1 FROM void v WHERE v.target = f.id)",
        )?;
        let mut rows = statement.query([file])?;
        while let Some(row) = rows.next()? {
            let rule = RecordId::from_bytes(row.get(0)?);
            given.entry(rule).or_default().add(days.day_of(row.get(1)?), today, row.get(2)?);
        }
    }
    Ok(given)
}

/// The days on which a person had a reward. What was taken back does not count.
///
/// # Errors
/// Those of the store.
pub fn had(db: &Connection, member: i64, reward: RecordId, days: StoreDays) -> Result<Vec<Day>> {
    let mut had = Vec::new();
    for (file, _) in merged::files(db, member)? {
        let mut statement = db.prepare_cached(
            "SELECT f.at_ms FROM fact_of_member f JOIN redemption r ON r.fact = f.id
             WHERE f.member = ?1 AND r.reward = ?2
               AND NOT EXISTS (SELECT 1 FROM void v WHERE v.target = f.id)",
        )?;
        let found = statement.query_map(params![file, reward.as_bytes()], |row| row.get(0))?;
        for at_ms in found {
            had.push(days.day_of(at_ms?));
        }
    }
    Ok(had)
}

/// The newest step of a person's own codes that a redemption used up, one that was taken back too.
///
/// # Errors
/// Those of the store.
pub fn code_used(db: &Connection, member: i64) -> Result<Option<i64>> {
    let mut used = None;
    for (file, _) in merged::files(db, member)? {
        let newest: Option<i64> = db
            .prepare_cached(
                "SELECT max(r.code_step) FROM fact_of_member f JOIN redemption r ON r.fact = f.id
                 WHERE f.member = ?1",
            )?
            .query_row([file], |row| row.get(0))?;
        used = used.max(newest);
    }
    Ok(used)
}

/// What a fact of one of a person's files redeemed points for; none: it did not, or was taken back.
///
/// # Errors
/// Those of the store.
pub fn redeemed_for(db: &Connection, member: i64, fact: FactId) -> Result<Option<RecordId>> {
    for (file, _) in merged::files(db, member)? {
        let found = db
            .prepare_cached(
                "SELECT r.reward FROM redemption r JOIN fact f ON f.id = r.fact
                 WHERE r.fact = ?1 AND f.member = ?2
                   AND NOT EXISTS (SELECT 1 FROM void v WHERE v.target = f.id)",
            )?
            .query_row(params![fact.as_bytes(), file], |row| row.get(0).map(RecordId::from_bytes))
            .optional()?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}
