//! What a till does about entries that came in: it gives back what was taken back elsewhere, repays
//! debts on its account with what the member has here, and sees when two files have one phone.

use std::collections::BTreeSet;

use punchcard_domain::{
    fact::{DebtRepaid, Fact, FactVoided, ValueGivenBack},
    ledger::{Account, Posting, ValueKind},
    staff::Role,
};
use punchcard_protocol::{FactId, LotId, MemberId, StaffId, StreamId};
use rusqlite::params;

use super::{erase, notices, take_in::TakenIn};
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
        if taken.refold {
            erase::again(self)?;
        }
        for member in &taken.phones {
            same_phone(self, *member)?;
        }
        for member in &taken.persons {
            erase::the_rest(self, *member)?;
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
            erase::forfeit(self, *member)?;
        }
        Ok(())
    }
}

/// Lots of a member that count for nothing any more, and of which this till holds or spent some.
fn taken_back(work: &Work<'_>, number: i64) -> Result<Vec<LotId>> {
    let mut statement = work.db.prepare_cached(
        "SELECT DISTINCT t.lot FROM take_back t
         JOIN account a ON a.member = t.member AND a.lot = t.lot
         WHERE t.member = ?1 AND a.account IN (1, 2) AND a.amount > 0 ORDER BY t.lot",
    )?;
    let rows = statement.query_map([number], |row| row.get(0).map(LotId::from_bytes))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// What was taken back elsewhere and lies here is given back. What was spent of it here the member
/// owes from now on: once, whoever took it back and how often.
fn give_back(work: &mut Work<'_>, member: MemberId) -> Result<()> {
    let Some(number) = number_of(work, member)? else { return Ok(()) };
    for lot in taken_back(work, number)? {
        let kind = kind_of(work, number, lot)?;
        // This journal has answered for all that were its own then.
        let answered = gave_back(work, lot, work.stream_number())?;
        let owned: Vec<(i64, StreamId)> = work.owned.all().to_vec();
        let (mut postings, mut debt) = (Vec::new(), 0);
        for (stream_number, stream) in owned {
            let (held, spent) = standing(work, number, lot, stream_number)?;
            if held > 0 {
                postings.push(Posting {
                    lot,
                    kind,
                    from: Account::Till(stream),
                    to: Account::Spent(work.stream()),
                    amount: held,
                    owner: None,
                });
            }
            // Visits that were used are not owed: only points are.
            let is_due = !answered && kind == ValueKind::Points;
            if is_due && !gave_back(work, lot, stream_number)? {
                debt += spent;
            }
        }
        if postings.is_empty() && debt == 0 {
            continue;
        }
        say_given_back(work, member, lot, postings, debt)?;
    }
    Ok(())
}

fn say_given_back(
    work: &mut Work<'_>,
    member: MemberId,
    lot: LotId,
    postings: Vec<Posting>,
    debt: i64,
) -> Result<()> {
    let points: i64 = postings.iter().map(|posting| posting.amount).sum();
    let fact = ValueGivenBack {
        id: FactId(random::uuid_at(work.now_ms())?),
        member,
        at_ms: work.now_ms(),
        lot,
        owner: None,
        postings,
        debt,
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

/// Whether a journal has answered for a lot that was taken back.
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
/// of that was spent is owed; what it forgave is owed again. What it took back stays taken back, as
/// the other one would have it; and what it repaid with the member's points was owed anyway.
fn undo_void(work: &mut Work<'_>, void: FactId) -> Result<()> {
    if read::voided_by(work.db, void)?.is_some() {
        return Ok(());
    }
    let Some(body) = own_void(work, void)? else { return Ok(()) };
    let Some(member) = body.member else { return Ok(()) };
    let Some(file) = read::member(work.db, member)? else { return Ok(()) };
    let now_ms = work.now_ms();
    let (given, forgiven) = gave(&body);
    let (mut postings, mut debt) = (Vec::new(), forgiven);
    for (lot, kind, amount) in given {
        let purse = purse::purse(work.db, work.owned, file.number, Which::Lot(lot), now_ms)?;
        let (taken, short) = purse.take(work.stream(), amount, now_ms);
        postings.extend(taken);
        debt += if kind == ValueKind::Points { short } else { 0 };
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

/// What a void gave, lot by lot, and what it forgave.
fn gave(body: &FactVoided) -> (Vec<(LotId, ValueKind, i64)>, i64) {
    let took_back = |lot: LotId| body.take_back.iter().any(|taken| taken.lot == lot);
    let (mut given, mut repaid) = (Vec::new(), 0);
    for posting in &body.postings {
        match posting.to {
            Account::Till(_) => given.push((posting.lot, posting.kind, posting.amount)),
            _ if !took_back(posting.lot) => repaid += posting.amount,
            _ => {}
        }
    }
    given.extend(body.lots.iter().map(|lot| (lot.id, lot.kind, lot.amount)));
    // Where something was taken back, its debt is what had been spent of it: owed, once.
    let forgiven = if body.take_back.is_empty() { -(body.debt + repaid) } else { 0 };
    (given, forgiven)
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
