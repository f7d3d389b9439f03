//! Accounts, and what was taken back of them, as a decision asks for it.

use std::collections::BTreeSet;

use punchcard_domain::ledger::{Account, Posting, ValueKind};
use punchcard_protocol::{LotId, MemberId, StreamId};

use super::{ByKey, Datum, Row, Session};
use crate::error::{Error, Result};

/// The number of a till among the kinds of account.
pub const TILL: i64 = 1;
/// The number of the pool.
pub const POOL: i64 = 3;

fn keys(members: &BTreeSet<MemberId>) -> Vec<Vec<u8>> {
    members.iter().map(|member| member.as_bytes().to_vec()).collect()
}

fn member_in(value: &Datum) -> Result<MemberId> {
    Ok(MemberId::from_bytes(value.exactly()?))
}

/// What lies in an account.
///
/// # Errors
/// Those of the engine, as for all of these.
pub fn held(
    session: &mut dyn Session,
    (member, lot, account): (Option<MemberId>, LotId, Account),
) -> Result<i64> {
    let nobody: &[u8] = &[];
    let row = session.row(
        "SELECT amount FROM account
         WHERE member = $1 AND lot = $2 AND account = $3 AND stream = $4",
        &[
            member.as_ref().map_or(nobody, |member| member.as_bytes()).into(),
            lot.as_bytes().into(),
            account.number().into(),
            account.stream().map_or(Vec::new(), |stream| stream.to_bytes().to_vec()).into(),
        ],
    )?;
    row.map_or(Ok(0), |row| row[0].int())
}

/// What is held of a lot, in the pool and at tills.
pub struct Held {
    /// Of what kind it is.
    pub kind: ValueKind,
    /// Where it lies.
    pub account: Account,
    /// How much.
    pub amount: i64,
}

/// What the pool and tills hold of a lot; kinds that this program does not know are left out.
pub fn held_of_lot(session: &mut dyn Session, member: MemberId, lot: LotId) -> Result<Vec<Held>> {
    let sql = "SELECT kind, account, stream, amount FROM account
               WHERE member = $1 AND lot = $2 AND account IN (1, 3) AND amount > 0";
    let rows = session.rows(sql, &[member.as_bytes().into(), lot.as_bytes().into()])?;
    let held = |row: &Vec<Datum>| {
        let Some(kind) = ValueKind::from_number(row[0].int()?) else { return Ok(None) };
        let account = match row[1].int()? {
            POOL => Account::Pool,
            TILL => Account::Till(row[2].stream()?),
            _ => return Err(Error::Internal("an account that was not asked for".into())),
        };
        Ok(Some(Held { kind, account, amount: row[3].int()? }))
    };
    rows.iter().filter_map(|row| held(row).transpose()).collect()
}

impl Held {
    /// All of it moves to another account.
    pub fn post(&self, lot: LotId, to: Account) -> Posting {
        Posting { lot, kind: self.kind, from: self.account, to, amount: self.amount, owner: None }
    }
}

const TAKEN_BACK: ByKey = ByKey {
    one: "SELECT member, lot FROM take_back WHERE member = $1",
    many: "SELECT member, lot FROM take_back WHERE member = ANY($1)",
};

/// Lots of some members that were taken back.
pub fn taken_back(
    session: &mut dyn Session,
    members: &BTreeSet<MemberId>,
) -> Result<BTreeSet<(MemberId, LotId)>> {
    let mut lots = BTreeSet::new();
    session.query_keys(&TAKEN_BACK, &keys(members), &[], &mut |row| {
        lots.insert((member_in(&row[0])?, LotId::from_bytes(row[1].exactly()?)));
        Ok(())
    })?;
    Ok(lots)
}

/// Whether a lot was taken back.
pub fn is_taken_back(session: &mut dyn Session, lot: LotId) -> Result<bool> {
    let sql = "SELECT 1 FROM take_back WHERE lot = $1";
    Ok(session.row(sql, &[lot.as_bytes().into()])?.is_some())
}

/// Of whom a journal still holds something that was taken back.
pub fn holds_taken_back(session: &mut dyn Session, stream: StreamId) -> Result<BTreeSet<MemberId>> {
    let sql = "SELECT DISTINCT a.member FROM account a
               JOIN take_back t ON t.lot = a.lot AND t.member = a.member
               WHERE a.account = 1 AND a.stream = $1 AND a.amount > 0";
    session.rows(sql, &[stream.into()])?.iter().map(|row| member_in(&row[0])).collect()
}

/// Of whom the pool or anybody's till still holds something that was taken back.
pub fn taken_back_and_held(session: &mut dyn Session) -> Result<BTreeSet<MemberId>> {
    let sql = "SELECT DISTINCT a.member FROM account a
               JOIN take_back t ON t.lot = a.lot AND t.member = a.member
               WHERE a.account IN (1, 3) AND a.amount > 0";
    let mut members = BTreeSet::new();
    session.query(sql, &[], &mut |row| {
        members.insert(member_in(&row[0])?);
        Ok(())
    })?;
    Ok(members)
}

/// An account below zero.
pub struct Below {
    /// Whose value.
    pub member: MemberId,
    /// Which lot.
    pub lot: LotId,
    /// Whose account; none: no till's.
    pub stream: Option<StreamId>,
    /// How much, below zero.
    pub amount: i64,
}

const BELOW_ZERO: ByKey = ByKey {
    one: "SELECT member, lot, stream, amount FROM account
          WHERE member = $1 AND account <> 0 AND amount < 0",
    many: "SELECT member, lot, stream, amount FROM account
           WHERE member = ANY($1) AND account <> 0 AND amount < 0",
};

/// Accounts of some members that are below zero.
pub fn below_zero(session: &mut dyn Session, members: &BTreeSet<MemberId>) -> Result<Vec<Below>> {
    let mut found = Vec::new();
    session.query_keys(&BELOW_ZERO, &keys(members), &[], &mut |row: Row<'_>| {
        found.push(Below {
            member: member_in(&row[0])?,
            lot: LotId::from_bytes(row[1].exactly()?),
            stream: row[2].stream().ok(),
            amount: row[3].int()?,
        });
        Ok(())
    })?;
    Ok(found)
}

/// When a lot that was issued runs out; none: nobody ever issued it.
pub fn issued_until(
    session: &mut dyn Session,
    owner: MemberId,
    lot: LotId,
) -> Result<Option<Option<i64>>> {
    let sql = "SELECT expires_ms FROM account WHERE member = $1 AND lot = $2 AND account = 0";
    let row = session.row(sql, &[owner.as_bytes().into(), lot.as_bytes().into()])?;
    row.map(|row| row[0].optional(Datum::int)).transpose()
}

/// Whether a lot is frozen.
pub fn is_frozen(session: &mut dyn Session, lot: LotId) -> Result<bool> {
    let sql = "SELECT 1 FROM frozen WHERE lot = $1 AND frozen = 1";
    Ok(session.row(sql, &[lot.as_bytes().into()])?.is_some())
}

/// Members of whom something in the pool has run out by a moment (Unix ms), or who were erased and have
/// something there; so many at most.
pub fn to_expire(session: &mut dyn Session, now_ms: i64, limit: i64) -> Result<Vec<MemberId>> {
    let sql = "SELECT DISTINCT i.member FROM account i
               JOIN account a ON a.member = i.member AND a.lot = i.lot
               WHERE i.account = 0 AND i.expires_ms <= $1 AND a.account = 3 AND a.amount > 0
               UNION
               SELECT e.member FROM erased e JOIN account a ON a.member = e.member
               WHERE a.account = 3 AND a.amount > 0
               LIMIT $2";
    session
        .rows(sql, &[now_ms.into(), limit.into()])?
        .iter()
        .map(|row| member_in(&row[0]))
        .collect()
}
