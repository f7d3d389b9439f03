//! What the hub does about what came in: it gives back what was taken back, lets value rest where
//! the owner wants it, and sees when somebody is overdrawn.

use std::collections::BTreeSet;

use punchcard_domain::{
    decide::forfeited,
    effects::RecordKind,
    fact::{Fact, GrantReason, ValueExpired, ValueGivenBack, ValueGranted, ValueReturned},
    ledger::{Account, Posting, ValueKind, take},
    records::Store,
};
use punchcard_protocol::{Header, LotId, MemberId, StoreId, StreamId, sync::Packet};
use serde_json::json;

use super::{
    asks, inbox,
    purse::{self, Purse},
    push::{About, fresh},
    records, restored,
    work::{Work, taken_over_by_hub},
};
use crate::{
    error::Result,
    hub::Hub,
    store::{erased, journal, ledger},
};

/// After a batch of `stream` was taken in.
pub(crate) fn after(
    work: &mut Work<'_>,
    stream: StreamId,
    facts: &[(Header, Fact)],
    about: &About,
) -> Result<()> {
    let held = restored::held(work)?;
    give_back(work, &about.members)?;
    for (header, fact) in facts {
        if let Fact::MemberErased(body) = fact {
            let args = json!({"till": header.stream.till, "member": body.member});
            inbox::tell(work, "member_erased", &args)?;
        }
    }
    if !held {
        forfeit(work, &about.members)?;
    }
    overdrawn(work, stream, &about.debited)?;
    for (_, fact) in facts {
        if let Fact::ValueReturned(body) = fact {
            // What was asked for is for whoever waits; what came by itself goes to rest.
            if !asks::answered(work, stream, body.member)? && !held {
                rest(work, stream, body)?;
            }
            work.ring();
        }
    }
    Ok(())
}

/// What the hub may debit of lots that were taken back is given back, in the pool or taken over from a
/// till: it counts for nothing, and nobody draws it.
pub(crate) fn give_back(work: &mut Work<'_>, members: &BTreeSet<MemberId>) -> Result<()> {
    let lots = ledger::taken_back(&mut *work.session, members)?;
    if lots.is_empty() || restored::held(work)? {
        return Ok(());
    }
    let hub = work.hub.id;
    let taken_over = taken_over_by_hub(&mut *work.session, hub)?;
    for (member, lot) in lots {
        let postings = left_of(work, member, lot, &taken_over)?;
        if postings.is_empty() {
            continue;
        }
        let fact = ValueGivenBack {
            id: fresh(work)?,
            member,
            at_ms: work.effective_ms(),
            lot,
            owner: None,
            postings,
            debt: 0,
        };
        work.say(Fact::ValueGivenBack(fact))?;
    }
    Ok(())
}

/// What a journal that was taken over just now still held of lots that were taken back before.
pub(crate) fn give_back_of(work: &mut Work<'_>, stream: StreamId) -> Result<()> {
    let members = ledger::holds_taken_back(&mut *work.session, stream)?;
    give_back(work, &members)
}

/// What the hub holds of a lot, on its way out.
fn left_of(
    work: &mut Work<'_>,
    member: MemberId,
    lot: LotId,
    taken_over: &BTreeSet<StreamId>,
) -> Result<Vec<Posting>> {
    let to = Account::Spent(work.own());
    let held = ledger::held_of_lot(&mut *work.session, member, lot)?;
    let ours = |from: Account| from.stream().is_none_or(|stream| taken_over.contains(&stream));
    Ok(held.iter().filter(|held| ours(held.account)).map(|held| held.post(lot, to)).collect())
}

/// What lies in the pool of somebody who was erased counts for nothing.
fn forfeit(work: &mut Work<'_>, members: &BTreeSet<MemberId>) -> Result<()> {
    let members: Vec<MemberId> = members.iter().copied().collect();
    for member in erased::among(&mut *work.session, &members)? {
        for kind in ValueKind::ALL {
            let ours = purse::purse(work, &[member], kind)?.ours;
            expire(work, member, &forfeited(&ours))?;
        }
    }
    Ok(())
}

/// An account below zero: value of a lost till was given out again, and the till spent it after
/// all. Told once for each account and batch, and attributed to the till. `members`: of whom some account
/// has less than before; nobody else's can have come below zero.
pub(crate) fn overdrawn(
    work: &mut Work<'_>,
    stream: StreamId,
    members: &BTreeSet<MemberId>,
) -> Result<()> {
    for below in ledger::below_zero(&mut *work.session, members)? {
        let stream = below.stream.unwrap_or(stream);
        let args = json!({"till": stream.till, "stream": stream, "member": below.member,
            "lot": below.lot, "points": -below.amount});
        inbox::tell(work, "overdrawn", &args)?;
    }
    Ok(())
}

/// Value that came back rests where the owner wants it: a share with the member's home till.
fn rest(work: &mut Work<'_>, from: StreamId, body: &ValueReturned) -> Result<()> {
    let kinds: BTreeSet<i64> = body.postings.iter().map(|posting| posting.kind.number()).collect();
    let files = purse::person(&mut *work.session, body.member)?;
    let Some(home) = home_journal(work, files[0])? else { return Ok(()) };
    if home.till == from.till {
        // It knows what it keeps. A till whose clock is years off counts otherwise than we do, and
        // would return what we give it for ever.
        return Ok(());
    }
    let percent = records::rules(&mut *work.session)?.rest_percent;
    for kind in kinds.into_iter().filter_map(ValueKind::from_number) {
        let purse = purse::purse(work, &files, kind)?;
        let now_ms = work.effective_ms();
        let missing = missing_at_home(&purse, home, percent, now_ms);
        if missing > 0 {
            let (postings, _) = take(&purse.ours, Account::Till(home), missing, now_ms);
            grant(work, files[0], GrantReason::Rest, &postings)?;
        }
    }
    Ok(())
}

/// How much less than its share the home till holds. The share is rounded up: a single point is
/// at home.
fn missing_at_home(purse: &Purse, home: StreamId, percent: i64, now_ms: i64) -> i64 {
    let share = (i128::from(purse.total(now_ms)) * i128::from(percent) + 99) / 100;
    i64::try_from(share).unwrap_or(0) - purse.held_by(home, now_ms)
}

/// The hub gives value to a till, and says so: of many small lots in as many entries as they need.
pub(crate) fn grant(
    work: &mut Work<'_>,
    member: MemberId,
    reason: GrantReason,
    postings: &[Posting],
) -> Result<Vec<Packet>> {
    if !postings.is_empty() && restored::held(work)? {
        return Err(restored::holds(work)?);
    }
    let mut said = Vec::new();
    for part in postings.chunks(POSTINGS) {
        let fact = ValueGranted {
            id: fresh(work)?,
            member,
            at_ms: work.effective_ms(),
            reason,
            postings: part.to_vec(),
        };
        said.push(work.say(Fact::ValueGranted(fact))?);
    }
    Ok(said)
}

impl Hub {
    /// Posts what has run out in the pool, a batch at a time; returns how many members it was for.
    ///
    /// # Errors
    /// Those of the database.
    pub fn expire_due(&self) -> Result<usize> {
        let mut all = 0;
        loop {
            let some = self.write(expire_some)?;
            all += some;
            if some == 0 {
                return Ok(all);
            }
        }
    }
}

/// Members of whom something in the pool has run out, in one transaction.
const EXPIRE_AT_ONCE: i64 = 100;
/// Postings in one entry, well below the longest payload.
const POSTINGS: usize = 60;

fn expire_some(work: &mut Work<'_>) -> Result<usize> {
    if restored::held(work)? {
        return Ok(0);
    }
    let now_ms = work.effective_ms();
    let members = ledger::to_expire(&mut *work.session, now_ms, EXPIRE_AT_ONCE)?;
    for member in members.iter().copied() {
        for kind in ValueKind::ALL {
            let ours = purse::purse(work, &[member], kind)?.ours;
            let expired = ours.iter().filter(|held| held.expired(now_ms));
            let postings: Vec<Posting> =
                expired.map(|held| held.post(Account::Expired, held.amount)).collect();
            expire(work, member, &postings)?;
        }
        forfeit(work, &BTreeSet::from([member]))?;
    }
    Ok(members.len())
}

fn expire(work: &mut Work<'_>, member: MemberId, postings: &[Posting]) -> Result<()> {
    for part in postings.chunks(POSTINGS) {
        let fact = ValueExpired {
            id: fresh(work)?,
            member,
            at_ms: work.effective_ms(),
            postings: part.to_vec(),
        };
        work.say(Fact::ValueExpired(fact))?;
    }
    Ok(())
}

/// The journal that a member's value rests with: of the first till of their home store.
fn home_journal(work: &mut Work<'_>, member: MemberId) -> Result<Option<StreamId>> {
    let sql = "SELECT home_store FROM member WHERE id = $1";
    let row = work.session.row(sql, &[member.as_bytes().into()])?;
    let home = row.and_then(|row| row[0].text().ok().and_then(|text| text.parse::<StoreId>().ok()));
    let Some(home) = home else { return Ok(None) };
    let known: Option<Store> = records::one(&mut *work.session, RecordKind::Store, home.0)?;
    let tills = journal::tills(&mut *work.session)?;
    let till = tills.iter().find(|till| till.store == home && till.state == "active");
    let (Some(till), Some(_)) = (till, known) else { return Ok(None) };
    let lives = journal::streams_of(&mut *work.session, till.id)?;
    Ok(lives.iter().rev().find(|row| row.state == "open").map(|row| row.stream))
}
