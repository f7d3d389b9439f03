//! Value that ran out, or whose owner was erased, is posted to `Expired` by the owner of the account. A
//! till refuses to spend it anyway; this keeps the books.

use punchcard_domain::{
    fact::{Fact, ValueExpired},
    ledger::ValueKind,
};
use punchcard_protocol::FactId;

use super::{actor::Actor, erase};
use crate::{
    error::Result,
    random,
    store::{merged, purse, read},
    till::Till,
    work::Work,
};

/// Members in one transaction: a cashier never waits for more than these.
const BATCH: usize = 50;
/// Postings in one entry, well below the longest payload.
const POSTINGS: usize = 60;

impl Till {
    /// Posts what has run out, a batch at a time; returns how many members it was for.
    ///
    /// # Errors
    /// Those of the store.
    pub fn expire_due(&self) -> Result<usize> {
        let actor = self.owner()?;
        let (owned, now_ms, trusted) =
            self.write(|work| Ok((work.owned.clone(), work.now_ms(), work.trusted())))?;
        if !trusted {
            return Ok(0);
        }
        // Looked for without the writer: nobody at the desk waits for a search through everybody.
        let members = self.read(|db| purse::members_with_expired(db, &owned, now_ms))?;
        for part in members.chunks(BATCH) {
            self.write(|work| batch(work, &actor, part))?;
        }
        Ok(members.len())
    }
}

fn batch(work: &mut Work<'_>, actor: &Actor, members: &[i64]) -> Result<()> {
    let now_ms = work.now_ms();
    for number in members {
        if let Some(member) = read::member_by_number(work.db, *number)? {
            erase::forfeit(work, member.id)?;
        }
        let shown = merged::shown_as(work.db, *number)?;
        let Some(file) = read::member_by_number(work.db, shown)? else { continue };
        let mut postings = Vec::new();
        for kind in ValueKind::ALL {
            postings.extend(work.eye(actor.role).purse(shown, kind)?.expire(now_ms));
        }
        for part in postings.chunks(POSTINGS) {
            let fact = ValueExpired {
                id: FactId(random::uuid_at(now_ms)?),
                member: file.id,
                at_ms: now_ms,
                postings: part.to_vec(),
            };
            work.append_with(actor.staff, Fact::ValueExpired(fact), None)?;
        }
    }
    Ok(())
}
