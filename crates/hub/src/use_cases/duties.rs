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
use punchcard_protocol::{Header, LotId, MemberId, StoreId, StreamId};
use serde_json::json;

use super::{
    asks, inbox,
    purse::{self, POOL, Purse},
    push::{About, fresh},
    records, restored,
    work::{Work, taken_over_by_hub},
};
use crate::{
    error::Result,
    hub::Hub,
    store::{ByKey, erased, journal},
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

const TAKEN_BACK: ByKey = ByKey {
    one: "SELECT member, lot FROM take_back WHERE member = $1",
    many: "SELECT member, lot FROM take_back WHERE member = ANY($1)",
};

const HELD: &str = "SELECT kind, account, stream, amount FROM account
    WHERE member = $1 AND lot = $2 AND account IN (1, 3) AND amount > 0";

/// What the hub may debit of lots that were taken back is given back, in the pool or taken over from a
/// till: it counts for nothing, and nobody draws it.
pub(crate) fn give_back(work: &mut Work<'_>, members: &BTreeSet<MemberId>) -> Result<()> {
    let mut lots: BTreeSet<(MemberId, LotId)> = BTreeSet::new();
    work.session.query_keys(&TAKEN_BACK, &keys(members), &[], &mut |row| {
        lots.insert((
            MemberId::from_bytes(row[0].exactly()?),
            LotId::from_bytes(row[1].exactly()?),
        ));
        Ok(())
    })?;
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
    let sql = "SELECT DISTINCT a.member FROM account a
               JOIN take_back t ON t.lot = a.lot AND t.member = a.member
               WHERE a.account = 1 AND a.stream = $1 AND a.amount > 0";
    let rows = work.session.rows(sql, &[stream.into()])?;
    let members: Result<BTreeSet<MemberId>> =
        rows.iter().map(|row| Ok(MemberId::from_bytes(row[0].exactly()?))).collect();
    give_back(work, &members?)
}

/// What the hub holds of a lot, on its way out.
fn left_of(
    work: &mut Work<'_>,
    member: MemberId,
    lot: LotId,
    taken_over: &BTreeSet<StreamId>,
) -> Result<Vec<Posting>> {
    let to = Account::Spent(work.own());
    let mut postings = Vec::new();
    for row in work.session.rows(HELD, &[member.as_bytes().into(), lot.as_bytes().into()])? {
        let Some(kind) = ValueKind::from_number(row[0].int()?) else { continue };
        let from = match row[1].int()? {
            POOL => Account::Pool,
            _ => Account::Till(row[2].stream()?),
        };
        if from.stream().is_none_or(|stream| taken_over.contains(&stream)) {
            postings.push(Posting { lot, kind, from, to, amount: row[3].int()?, owner: None });
        }
    }
    Ok(postings)
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

fn keys(members: &BTreeSet<MemberId>) -> Vec<Vec<u8>> {
    members.iter().map(|member| member.as_bytes().to_vec()).collect()
}

const BELOW_ZERO: ByKey = ByKey {
    one: "SELECT member, lot, stream, amount FROM account
          WHERE member = $1 AND account <> 0 AND amount < 0",
    many: "SELECT member, lot, stream, amount FROM account
           WHERE member = ANY($1) AND account <> 0 AND amount < 0",
};

/// An account below zero: value of a lost till was given out again, and the till spent it after
/// all. Told once for each account and batch, and attributed to the till. `members`: of whom some account
/// has less than before; nobody else's can have come below zero.
pub(crate) fn overdrawn(
    work: &mut Work<'_>,
    stream: StreamId,
    members: &BTreeSet<MemberId>,
) -> Result<()> {
    let mut found = Vec::new();
    work.session.query_keys(&BELOW_ZERO, &keys(members), &[], &mut |row| {
        let member = MemberId::from_bytes(row[0].exactly()?);
        let whose = row[2].stream().unwrap_or(stream);
        found.push((whose, member, LotId::from_bytes(row[1].exactly()?), row[3].int()?));
        Ok(())
    })?;
    for (stream, member, lot, amount) in found {
        let args = json!({"till": stream.till, "stream": stream, "member": member, "lot": lot,
            "points": -amount});
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
            grant(work, files[0], GrantReason::Rest, postings)?;
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

/// The hub gives value to a till, and says so.
pub(crate) fn grant(
    work: &mut Work<'_>,
    member: MemberId,
    reason: GrantReason,
    postings: Vec<Posting>,
) -> Result<Option<punchcard_protocol::sync::Packet>> {
    if postings.is_empty() {
        return Ok(None);
    }
    if restored::held(work)? {
        return Err(restored::holds(work)?);
    }
    let fact =
        ValueGranted { id: fresh(work)?, member, at_ms: work.effective_ms(), reason, postings };
    work.say(Fact::ValueGranted(fact)).map(Some)
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
    let sql = "SELECT DISTINCT i.member FROM account i
               JOIN account a ON a.member = i.member AND a.lot = i.lot
               WHERE i.account = 0 AND i.expires_ms <= $1 AND a.account = 3 AND a.amount > 0
               UNION
               SELECT e.member FROM erased e JOIN account a ON a.member = e.member
               WHERE a.account = 3 AND a.amount > 0
               LIMIT $2";
    let now_ms = work.effective_ms();
    let rows = work.session.rows(sql, &[now_ms.into(), EXPIRE_AT_ONCE.into()])?;
    for row in &rows {
        let member = MemberId::from_bytes(row[0].exactly()?);
        for kind in ValueKind::ALL {
            let ours = purse::purse(work, &[member], kind)?.ours;
            let expired = ours.iter().filter(|held| held.expired(now_ms));
            let postings: Vec<Posting> =
                expired.map(|held| held.post(Account::Expired, held.amount)).collect();
            expire(work, member, &postings)?;
        }
        forfeit(work, &BTreeSet::from([member]))?;
    }
    Ok(rows.len())
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
