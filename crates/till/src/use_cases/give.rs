//! This till gives value to the pool: because the hub asks for it, or because it rests elsewhere.

use punchcard_domain::{
    fact::{Fact, ValueReturned},
    ledger::{Account, Purse, ValueKind, take},
    staff::Role,
};
use punchcard_protocol::{FactId, MemberId};

use super::duties::nobody;
use crate::{
    error::Result,
    random,
    store::{merged, read},
    till::Till,
    work::Work,
};

/// Value that nobody has touched for so long goes to where it rests: ms.
const SETTLED_MS: i64 = 24 * 60 * 60 * 1000;
/// Members in one go: nobody at the desk waits for more.
const BATCH: usize = 50;
/// Postings in one entry, well below the longest payload.
const POSTINGS: usize = 60;
/// Kinds that are drawn, and so may lie in the pool.
const DRAWN: [ValueKind; 3] = [ValueKind::Points, ValueKind::Visits, ValueKind::Money];

impl Till {
    /// Returns up to `amount` of a member's value to the pool; returns how much it was.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn give(&self, member: MemberId, kind: ValueKind, amount: i64) -> Result<i64> {
        self.write(|work| {
            if !work.trusted() {
                return Ok(0);
            }
            let Some(file) = read::member(work.db, member)? else { return Ok(0) };
            let purse = work.eye(Role::Owner).purse(file.number, kind)?;
            give(work, file.id, &purse, amount)
        })
    }

    /// Returns what rests elsewhere, at most `most` members; returns how many it was for.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn rest(&self, most: usize) -> Result<usize> {
        let (owned, now_ms, trusted) =
            self.write(|work| Ok((work.owned.clone(), work.now_ms(), work.trusted())))?;
        if !trusted {
            return Ok(0);
        }
        // Looked for without the writer: nobody at the desk waits for a search through everybody.
        let before = now_ms - SETTLED_MS;
        let members = self.read(|db| {
            let mut found = Vec::new();
            for (number, _) in owned.all() {
                let mut statement = db.prepare_cached(
                    "SELECT DISTINCT member FROM account a
                     WHERE account = 1 AND stream = ?1 AND amount > 0 AND member <> 0
                       AND NOT EXISTS (SELECT 1 FROM fact_of_member f WHERE f.member = a.member
                                       AND f.at_ms >= ?2)",
                )?;
                let rows = statement.query_map([*number, before], |row| row.get::<_, i64>(0))?;
                found.extend(rows.collect::<rusqlite::Result<Vec<_>>>()?);
            }
            Ok(found)
        })?;
        let mut rested = 0;
        for part in members.chunks(BATCH) {
            if rested >= most {
                break;
            }
            rested += self.write(|work| rest(work, part, before))?;
        }
        Ok(rested)
    }
}

/// Returns what rests elsewhere of members of whom nothing happened since a moment, under any of their files.
fn rest(work: &mut Work<'_>, members: &[i64], since_ms: i64) -> Result<usize> {
    let percent = work.house.rules.rest_percent;
    let mut rested = 0;
    for number in members {
        let shown = merged::shown_as(work.db, *number)?;
        if read::happened_since(work.db, shown, since_ms)? {
            continue;
        }
        let Some(file) = read::member_by_number(work.db, shown)? else { continue };
        let at_home = read::home_store(work.db, shown)? == Some(work.house.store.id);
        for kind in DRAWN {
            let now_ms = work.now_ms();
            let purse = work.eye(Role::Owner).purse(shown, kind)?;
            let here = purse.spendable(now_ms);
            let share = if at_home { share(purse.on_file(now_ms), percent) } else { 0 };
            if here > share && give(work, file.id, &purse, here - share)? > 0 {
                rested += 1;
            }
        }
    }
    Ok(rested)
}

/// So many percent, rounded up: a single point is at home. The hub computes the same.
fn share(total: i64, percent: i64) -> i64 {
    let share = (i128::from(total) * i128::from(percent) + 99) / 100;
    i64::try_from(share).unwrap_or(total)
}

fn give(work: &mut Work<'_>, member: MemberId, purse: &Purse, amount: i64) -> Result<i64> {
    let now_ms = work.now_ms();
    let (postings, short) = take(&purse.here, Account::Pool, amount, now_ms);
    for part in postings.chunks(POSTINGS) {
        let fact = ValueReturned {
            id: FactId(random::uuid_at(now_ms)?),
            member,
            at_ms: now_ms,
            postings: part.to_vec(),
        };
        work.append_with(nobody(), Fact::ValueReturned(fact), None)?;
    }
    Ok(amount - short)
}
