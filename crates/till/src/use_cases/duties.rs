//! What a till does about entries that came in: it gives back what was taken back elsewhere, repays
//! debts on its account with what the member has here, and sees when two files have one phone.

use std::collections::BTreeSet;

use punchcard_domain::{
    fact::{DebtRepaid, Fact, FactVoided, SpentAt, ValueGivenBack},
    ledger::{Account, Lot, Posting, ValueKind},
    staff::Role,
};
use punchcard_protocol::{FactId, LotId, MemberId, StaffId, StreamId};
use rusqlite::params;

use super::{notices, take_in::TakenIn};
use crate::{
    error::{Error, Result},
    random,
    store::{
        journal, merged,
        purse::{self, Which},
        read,
    },
    work::Work,
};

/// The till itself did it, nobody at the desk.
pub(crate) fn nobody() -> StaffId {
    StaffId::from_bytes([0; 16])
}

impl Work<'_> {
    /// Does what is owed to entries that were just taken in.
    pub(crate) fn do_duties(&mut self, taken: &TakenIn) -> Result<()> {
        if taken.unknown > 0 {
            notices::tell(self, "unknown_facts", &[("count", taken.unknown.to_string())])?;
        }
        if taken.recovered > 0 {
            let count = taken.recovered.to_string();
            notices::tell(self, "entries_recovered", &[("count", count)])?;
        }
        for member in &taken.phones {
            same_phone(self, *member)?;
        }
        if !self.trusted() {
            return Ok(());
        }
        for void in &taken.lost_voids {
            undo_void(self, *void)?;
        }
        for member in &taken.members {
            give_back(self, *member)?;
            repay(self, *member)?;
        }
        Ok(())
    }
}

/// A lot of a member that was taken back.
struct Taken {
    lot: LotId,
    spent: Vec<SpentAt>,
}

/// Lots of a member that count for nothing any more, and of which this till holds or spent some.
fn taken_back(work: &Work<'_>, number: i64) -> Result<Vec<Taken>> {
    let mut statement = work.db.prepare_cached(
        "SELECT DISTINCT t.lot, t.spent FROM take_back t
         JOIN account a ON a.member = t.member AND a.lot = t.lot
         WHERE t.member = ?1 AND a.account IN (1, 2) AND a.amount > 0 ORDER BY t.lot, t.by",
    )?;
    let rows = statement
        .query_map([number], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    rows.into_iter()
        .map(|(lot, spent)| {
            Ok(Taken { lot: LotId::from_bytes(lot), spent: serde_json::from_str(&spent)? })
        })
        .collect()
}

/// What was taken back elsewhere and lies here is given back. What was spent of it here, and
/// whoever took it back did not know of, the member owes from now on: once.
fn give_back(work: &mut Work<'_>, member: MemberId) -> Result<()> {
    let Some(number) = number_of(work, member)? else { return Ok(()) };
    for taken in taken_back(work, number)? {
        let owned: Vec<(i64, StreamId)> = work.owned.all().to_vec();
        let (mut postings, mut debt, mut anew) = (Vec::new(), 0, 0);
        for (stream_number, stream) in owned {
            let (held, spent) = standing(work, number, taken.lot, stream_number)?;
            if held > 0 {
                postings.push(Posting {
                    lot: taken.lot,
                    kind: ValueKind::Points,
                    from: Account::Till(stream),
                    to: Account::Spent(work.stream()),
                    amount: held,
                    owner: None,
                });
            }
            if !gave_back(work, taken.lot, stream_number)? {
                let known: i64 = taken
                    .spent
                    .iter()
                    .filter(|known| known.stream == stream)
                    .map(|known| known.amount)
                    .sum();
                debt += (spent - known).max(0);
                // Put back here while somebody took the lot back and made a debt of it.
                anew += (known - spent).max(0);
            }
        }
        if postings.is_empty() && debt == 0 && anew == 0 {
            continue;
        }
        say_given_back(work, member, number, &taken, postings, debt, anew)?;
    }
    Ok(())
}

fn say_given_back(
    work: &mut Work<'_>,
    member: MemberId,
    number: i64,
    taken: &Taken,
    mut postings: Vec<Posting>,
    debt: i64,
    anew: i64,
) -> Result<()> {
    let kind = kind_of(work, number, taken.lot)?;
    let lots = if anew > 0 { vec![lot_anew(work, number, taken.lot, kind, anew)?] } else { vec![] };
    for posting in &mut postings {
        posting.kind = kind;
    }
    let points: i64 = postings.iter().map(|posting| posting.amount).sum();
    let fact = ValueGivenBack {
        id: FactId(random::uuid_at(work.now_ms())?),
        member,
        at_ms: work.now_ms(),
        lot: taken.lot,
        owner: None,
        postings,
        debt,
        lots,
    };
    work.append_with(nobody(), Fact::ValueGivenBack(fact), None)?;
    if points > 0 {
        notices::about(work, "value_given_back", member, points)?;
    }
    if debt > 0 {
        notices::about(work, "debt_after_take_back", member, debt)?;
    }
    Ok(())
}

fn lot_anew(work: &Work<'_>, member: i64, old: LotId, kind: ValueKind, amount: i64) -> Result<Lot> {
    let expires_ms = work
        .db
        .prepare_cached(
            "SELECT expires_ms FROM account WHERE member = ?1 AND lot = ?2 AND account = 0",
        )?
        .query_row(params![member, old.as_bytes()], |row| row.get(0))?;
    let id = LotId(random::uuid_at(work.now_ms())?);
    Ok(Lot { id, kind, amount, to: Account::Till(work.stream()), expires_ms })
}

fn number_of(work: &Work<'_>, member: MemberId) -> Result<Option<i64>> {
    use rusqlite::OptionalExtension as _;
    Ok(work
        .db
        .prepare_cached("SELECT n FROM member WHERE id = ?1")?
        .query_row([member.as_bytes()], |row| row.get(0))
        .optional()?)
}

/// What one journal holds of a lot, and what it spent.
fn standing(work: &Work<'_>, member: i64, lot: LotId, stream: i64) -> Result<(i64, i64)> {
    let mut statement = work.db.prepare_cached(
        "SELECT account, amount FROM account WHERE member = ?1 AND lot = ?2 AND stream = ?3",
    )?;
    let rows = statement.query_map(params![member, lot.as_bytes(), stream], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
    })?;
    let (mut held, mut spent) = (0, 0);
    for row in rows {
        match row? {
            (1, amount) => held = amount,
            (2, amount) => spent = amount,
            _ => {}
        }
    }
    Ok((held, spent))
}

fn gave_back(work: &Work<'_>, lot: LotId, stream: i64) -> Result<bool> {
    Ok(work
        .db
        .prepare_cached("SELECT 1 FROM gave_back WHERE lot = ?1 AND stream = ?2")?
        .exists(params![lot.as_bytes(), stream])?)
}

fn kind_of(work: &Work<'_>, member: i64, lot: LotId) -> Result<ValueKind> {
    let number: i64 = work
        .db
        .prepare_cached("SELECT kind FROM account WHERE member = ?1 AND lot = ?2 LIMIT 1")?
        .query_row(params![member, lot.as_bytes()], |row| row.get(0))?;
    ValueKind::from_number(number).ok_or_else(|| Error::Damaged(format!("a lot of kind {number}")))
}

/// Undoes a void of this till's that another one goes before: what it gave is taken again, and what
/// of that was spent is owed; what it made somebody owe is not owed.
fn undo_void(work: &mut Work<'_>, void: FactId) -> Result<()> {
    if read::voided_by(work.db, void)?.is_some() {
        return Ok(());
    }
    let Some(body) = own_void(work, void)? else { return Ok(()) };
    let Some(member) = body.member else { return Ok(()) };
    let Some(file) = read::member(work.db, member)? else { return Ok(()) };
    let now_ms = work.now_ms();
    let given = body.postings.iter().filter(|posting| matches!(posting.to, Account::Till(_)));
    let given: Vec<(LotId, i64)> = given
        .map(|posting| (posting.lot, posting.amount))
        .chain(body.lots.iter().map(|lot| (lot.id, lot.amount)))
        .collect();
    let (mut postings, mut debt) = (Vec::new(), -body.debt);
    for (lot, amount) in given {
        let purse = purse::purse(work.db, work.owned, file.number, Which::Lot(lot), now_ms)?;
        let (taken, short) = purse.take(work.stream(), amount, now_ms);
        postings.extend(taken);
        debt += short;
    }
    let fact = FactVoided {
        id: FactId(random::uuid_at(now_ms)?),
        target: void,
        member: Some(file.id),
        at_ms: now_ms,
        postings,
        lots: Vec::new(),
        take_back: Vec::new(),
        debt,
        points: -body.points,
        approved_by: None,
    };
    work.append_with(nobody(), Fact::FactVoided(fact), None)?;
    notices::about(work, "taken_back_twice", file.id, body.points.abs())
}

fn own_void(work: &Work<'_>, void: FactId) -> Result<Option<FactVoided>> {
    let Some(place) = read::fact(work.db, void)? else { return Ok(None) };
    let Some(stored) = journal::get(work.db, place.entry)? else { return Ok(None) };
    let header = journal::read_header(&stored.entry.header)?;
    match journal::fact_of(&header, &stored.entry.payload)? {
        Some(Fact::FactVoided(body)) => Ok(Some(body)),
        _ => Ok(None),
    }
}

/// Nobody owes and has at the same desk: what came repays what is owed here.
fn repay(work: &mut Work<'_>, member: MemberId) -> Result<()> {
    let Some(file) = read::member(work.db, member)? else { return Ok(()) };
    let purse = work.eye(Role::Owner).purse(file.number, ValueKind::Points)?;
    let owed = purse.debt_here;
    if owed <= 0 {
        return Ok(());
    }
    let (postings, short) = purse.take(work.stream(), owed, work.now_ms());
    if postings.is_empty() {
        return Ok(());
    }
    let amount = owed - short;
    let fact = DebtRepaid {
        id: FactId(random::uuid_at(work.now_ms())?),
        member: file.id,
        at_ms: work.now_ms(),
        postings,
        amount,
    };
    work.append_with(nobody(), Fact::DebtRepaid(fact), None)?;
    notices::about(work, "debt_repaid", file.id, amount)
}

/// Somebody was registered at two desks that could not see one another.
fn same_phone(work: &mut Work<'_>, member: MemberId) -> Result<()> {
    let Some(file) = read::member(work.db, member)? else { return Ok(()) };
    let Some(phone) = &file.phone else { return Ok(()) };
    let key = crate::store::keys_of_members::phone_key(phone);
    let mut ids = BTreeSet::new();
    for number in read::members_with_key(work.db, &key)? {
        let shown = merged::shown_as(work.db, number)?;
        ids.extend(read::member_by_number(work.db, shown)?.map(|file| file.id));
    }
    ids.insert(file.id);
    let mut ids = ids.into_iter();
    let (Some(first), Some(second)) = (ids.next(), ids.next()) else { return Ok(()) };
    work.db
        .prepare_cached(
            "INSERT INTO duplicate (first, second, at_ms) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        )?
        .execute(params![first.as_bytes(), second.as_bytes(), work.now_ms()])?;
    Ok(())
}

/// Members whose debt on this till's account could be repaid with what lies elsewhere.
pub(crate) fn debts_to_draw(work: &Work<'_>, most: usize) -> Result<Vec<(MemberId, i64)>> {
    let mut found = Vec::new();
    for (number, _) in work.owned.all() {
        let mut statement = work.db.prepare_cached(
            "SELECT member FROM debt WHERE stream = ?1 AND kind = 1 AND amount > 0 LIMIT 200",
        )?;
        let members = statement
            .query_map([number], |row| row.get::<_, i64>(0))?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        for member in members {
            let Some(file) = read::member_by_number(work.db, member)? else { continue };
            let purse = work.eye(Role::Owner).purse(member, ValueKind::Points)?;
            let could = purse.debt_here.min(purse.elsewhere);
            if could > 0 && found.len() < most {
                found.push((file.id, could));
            }
        }
    }
    Ok(found)
}
