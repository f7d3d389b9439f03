//! What members hold: lots and accounts, read for a decision.

use punchcard_domain::{
    decide::LotStanding,
    fact::SpentAt,
    ledger::{Account, Holding, Purse, ValueKind},
};
use punchcard_protocol::{LotId, MemberId, StreamId};
use rusqlite::{Connection, params};

use super::{merged, streams};
use crate::{
    error::{Error, Result},
    weak::Weak,
};

const ISSUED: i64 = 0;
const TILL: i64 = 1;
const SPENT: i64 = 2;
const POOL: i64 = 3;
const EXPIRED: i64 = 4;

/// The streams whose accounts this till may debit: its own, and those it took over.
#[derive(Debug, Clone)]
pub struct Owned {
    numbers: Vec<(i64, StreamId)>,
    weak: Weak,
}

impl Owned {
    /// Reads which streams `me` owns.
    ///
    /// # Errors
    /// Those of the store.
    pub fn read(db: &Connection, me: StreamId) -> Result<Self> {
        let Some(number) = streams::known_number(db, me)? else {
            return Ok(Self { numbers: Vec::new(), weak: Weak::default() });
        };
        let mut numbers = vec![(number, me)];
        let mut statement =
            db.prepare_cached("SELECT from_stream FROM takeover WHERE to_stream = ?1")?;
        for from in statement.query_map([number], |row| row.get::<_, i64>(0))? {
            let from = from?;
            numbers.push((from, streams::stream(db, from)?));
        }
        Ok(Self { numbers, weak: Weak::default() })
    }

    /// As in a test that takes defences away.
    #[must_use]
    pub fn without(self, weak: Weak) -> Self {
        Self { weak, ..self }
    }

    /// What a test takes away.
    pub fn weak(&self) -> Weak {
        self.weak
    }

    /// All of them, by local number.
    pub fn all(&self) -> &[(i64, StreamId)] {
        &self.numbers
    }

    /// Whether a stream's accounts are this till's to debit.
    pub fn has(&self, stream: StreamId) -> bool {
        self.numbers.iter().any(|(_, own)| *own == stream)
    }

    fn stream(&self, number: i64) -> Option<StreamId> {
        self.numbers.iter().find(|(own, _)| *own == number).map(|(_, stream)| *stream)
    }

    /// Whose account it is, where it may be spent from here.
    fn spendable(&self, db: &Connection, number: i64) -> Option<StreamId> {
        let other = || self.weak.many_writers.then(|| streams::stream(db, number).ok()).flatten();
        self.stream(number).or_else(other)
    }
}

/// Which lots of a member are asked for.
#[derive(Debug, Clone, Copy)]
pub enum Which {
    /// All of one kind.
    Kind(ValueKind),
    /// One.
    Lot(LotId),
}

/// One account with something in it.
struct Row {
    lot: LotId,
    kind: ValueKind,
    account: i64,
    stream: i64,
    amount: i64,
    expires_ms: Option<i64>,
    frozen: bool,
    pending_ms: Option<i64>,
    owner: Option<MemberId>,
}

/// All that stands to one person's name, over all their files. A scan asks for their points, their money and
/// what is left of each pack; it lies on one page, and is read once ([`super::held`]).
#[derive(Default)]
pub struct Accounts {
    rows: Vec<Row>,
    debts: Vec<Debt>,
}

/// What a file owes on one stream's account.
struct Debt {
    kind: i64,
    stream: i64,
    amount: i64,
}

impl Accounts {
    /// Those of one file, and what it owes, beside those of the other files of this person.
    pub(super) fn add(&mut self, db: &Connection, accounts: FileAccounts) -> Result<()> {
        self.rows.extend(accounts.rows);
        if accounts.owes {
            self.debts.extend(debts_of_file(db, accounts.file)?);
        }
        Ok(())
    }

    /// What there is of one kind, or of one lot.
    pub fn purse(&self, db: &Connection, owned: &Owned, which: Which, now_ms: i64) -> Purse {
        let asked = |row: &&Row| match which {
            Which::Kind(kind) => row.kind == kind,
            Which::Lot(lot) => row.lot == lot,
        };
        let mut purse = gather(db, owned, self.rows.iter().filter(asked), now_ms);
        if let Which::Kind(kind) = which {
            (purse.debt, purse.debt_here) = owed(&self.debts, owned, kind);
        }
        purse
    }
}

/// A person's accounts, over all their files.
fn rows(db: &Connection, member: i64, which: Which) -> Result<Vec<Row>> {
    let mut all = Vec::new();
    for (file, owner) in merged::files(db, member)? {
        all.extend(rows_of_file(db, file, owner, which)?);
    }
    Ok(all)
}

fn rows_of_file(
    db: &Connection,
    member: i64,
    owner: Option<MemberId>,
    which: Which,
) -> Result<Vec<Row>> {
    let (kind, lot) = match which {
        Which::Kind(kind) => (Some(kind.number()), None),
        Which::Lot(lot) => (None, Some(*lot.as_bytes())),
    };
    let mut statement = db.prepare_cached(
        "SELECT a.lot, a.kind, a.account, a.stream, a.amount, a.expires_ms,
                coalesce((SELECT frozen FROM frozen f WHERE f.lot = a.lot), 0),
                (SELECT until_ms FROM pending p WHERE p.lot = a.lot)
         FROM account a
         WHERE a.member = ?1 AND (?2 IS NULL OR a.kind = ?2) AND (?3 IS NULL OR a.lot = ?3)
         ORDER BY a.lot, a.account",
    )?;
    let mut found = statement.query(params![member, kind, lot])?;
    let mut accounts = FileAccounts::of(member, owner);
    while let Some(row) = found.next()? {
        accounts.push(&AccountRow {
            lot: LotId::from_bytes(row.get(0)?),
            kind: row.get(1)?,
            account: row.get(2)?,
            stream: row.get(3)?,
            amount: row.get(4)?,
            expires_ms: row.get(5)?,
            frozen: row.get(6)?,
            pending_ms: row.get(7)?,
        })?;
    }
    Ok(accounts.rows)
}

/// One account as it lies in the table.
pub(super) struct AccountRow {
    pub(super) lot: LotId,
    pub(super) kind: i64,
    pub(super) account: i64,
    pub(super) stream: i64,
    pub(super) amount: i64,
    pub(super) expires_ms: Option<i64>,
    pub(super) frozen: bool,
    pub(super) pending_ms: Option<i64>,
}

/// The accounts of one file, as they are read: lot by lot, of each what was issued first.
pub(super) struct FileAccounts {
    file: i64,
    owner: Option<MemberId>,
    rows: Vec<Row>,
    /// The lot that is being read, and when it runs out: what was issued says so.
    issued: Option<(LotId, Option<i64>)>,
    /// There may be debts of this file.
    pub(super) owes: bool,
}

impl FileAccounts {
    pub(super) fn of(file: i64, owner: Option<MemberId>) -> Self {
        Self { file, owner, rows: Vec::new(), issued: None, owes: true }
    }

    pub(super) fn push(&mut self, row: &AccountRow) -> Result<()> {
        if row.account == ISSUED {
            self.issued = Some((row.lot, row.expires_ms));
            return Ok(());
        }
        if row.amount == 0 {
            return Ok(());
        }
        let issued = self.issued.filter(|(lot, _)| *lot == row.lot);
        self.rows.push(Row {
            lot: row.lot,
            kind: ValueKind::from_number(row.kind)
                .ok_or_else(|| Error::Damaged(format!("a lot of kind {}", row.kind)))?,
            account: row.account,
            stream: row.stream,
            amount: row.amount,
            expires_ms: issued.and_then(|(_, expires_ms)| expires_ms),
            frozen: row.frozen,
            pending_ms: row.pending_ms,
            owner: self.owner,
        });
        Ok(())
    }
}

/// A member's value of one kind, or of one lot.
///
/// # Errors
/// Those of the store.
pub fn purse(
    db: &Connection,
    owned: &Owned,
    member: i64,
    which: Which,
    now_ms: i64,
) -> Result<Purse> {
    let mut purse = gather(db, owned, &rows(db, member, which)?, now_ms);
    if let Which::Kind(kind) = which {
        let mut debts = Vec::new();
        for (file, _) in merged::files(db, member)? {
            debts.extend(debts_of_file(db, file)?);
        }
        (purse.debt, purse.debt_here) = owed(&debts, owned, kind);
    }
    Ok(purse)
}

/// What can be used here, and what lies elsewhere.
fn gather<'a>(
    db: &Connection,
    owned: &Owned,
    rows: impl IntoIterator<Item = &'a Row>,
    now_ms: i64,
) -> Purse {
    let mut purse = Purse::default();
    for row in rows {
        let usable = row.expires_ms.is_none_or(|expires| expires > now_ms);
        // What cannot be spent yet is kept like what somebody doubts.
        let frozen = row.frozen || row.pending_ms.is_some_and(|until| until > now_ms);
        match (row.account, owned.spendable(db, row.stream)) {
            (TILL, Some(stream)) => purse.here.push(Holding {
                lot: row.lot,
                kind: row.kind,
                account: Account::Till(stream),
                amount: row.amount,
                expires_ms: row.expires_ms,
                owner: row.owner,
                frozen,
            }),
            (TILL | POOL, _) if usable && !frozen => {
                purse.elsewhere = purse.elsewhere.saturating_add(row.amount);
            }
            _ => {}
        }
    }
    purse
}

/// A lot of which something can be used somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Which.
    pub lot: LotId,
    /// This till may use it.
    pub here: bool,
    /// When it runs out.
    pub expires_ms: Option<i64>,
}

/// A member's lots of one kind of which something can be used, here or elsewhere.
///
/// # Errors
/// Those of the store.
pub fn lots(
    db: &Connection,
    owned: &Owned,
    member: i64,
    kind: ValueKind,
    now_ms: i64,
) -> Result<Vec<Held>> {
    let usable = |row: &Row| {
        matches!(row.account, TILL | POOL)
            && row.amount > 0
            && !row.frozen
            && row.expires_ms.is_none_or(|expires| expires > now_ms)
    };
    let rows = rows(db, member, Which::Kind(kind))?.into_iter().filter(usable);
    Ok(rows
        .map(|row| Held {
            lot: row.lot,
            here: row.account == TILL && owned.spendable(db, row.stream).is_some(),
            expires_ms: row.expires_ms,
        })
        .collect())
}

fn debts_of_file(db: &Connection, member: i64) -> Result<Vec<Debt>> {
    let mut statement =
        db.prepare_cached("SELECT kind, stream, amount FROM debt WHERE member = ?1")?;
    let found = statement.query_map([member], |row| {
        Ok(Debt { kind: row.get(0)?, stream: row.get(1)?, amount: row.get(2)? })
    })?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

/// What is owed of one kind: to anybody, and on this till's account.
fn owed(debts: &[Debt], owned: &Owned, kind: ValueKind) -> (i64, i64) {
    let of_kind = || debts.iter().filter(|debt| debt.kind == kind.number());
    let here = of_kind().filter(|debt| owned.stream(debt.stream).is_some());
    (of_kind().map(|debt| debt.amount).sum(), here.map(|debt| debt.amount).sum())
}

/// How one lot stands, for taking something back.
///
/// # Errors
/// Those of the store.
pub fn standing(db: &Connection, owned: &Owned, member: i64, lot: LotId) -> Result<LotStanding> {
    let mut out = LotStanding {
        lot,
        here: vec![],
        elsewhere: 0,
        expired: 0,
        expires_ms: None,
        owner: None,
        spent: vec![],
        taken_back: db
            .prepare_cached("SELECT 1 FROM take_back WHERE lot = ?1")?
            .exists([lot.as_bytes()])?,
    };
    for row in rows(db, member, Which::Lot(lot))? {
        out.expires_ms = row.expires_ms;
        out.owner = row.owner;
        match (row.account, owned.stream(row.stream)) {
            (TILL, Some(stream)) => out.here.push((Account::Till(stream), row.amount)),
            (TILL | POOL, _) => out.elsewhere += row.amount,
            (EXPIRED, _) => out.expired += row.amount,
            (SPENT, _) => out
                .spent
                .push(SpentAt { stream: streams::stream(db, row.stream)?, amount: row.amount }),
            (other, _) => return Err(Error::Damaged(format!("an account of kind {other}"))),
        }
    }
    Ok(out)
}

/// Whether a lot of this file was still good at a moment: Unix ms. One that is not known was not.
///
/// # Errors
/// Those of the store.
pub fn was_good(db: &Connection, file: MemberId, lot: LotId, at_ms: i64) -> Result<bool> {
    let mut statement = db.prepare_cached(
        "SELECT 1 FROM account a JOIN member m ON m.n = a.member
         WHERE m.id = ?1 AND a.lot = ?2 AND a.account = ?3
           AND (a.expires_ms IS NULL OR a.expires_ms > ?4)",
    )?;
    Ok(statement.exists(params![file.as_bytes(), lot.as_bytes(), ISSUED, at_ms])?)
}

/// Members of whom something has run out that this till still holds.
///
/// # Errors
/// Those of the store.
pub fn members_with_expired(db: &Connection, owned: &Owned, now_ms: i64) -> Result<Vec<i64>> {
    let mut members = Vec::new();
    for (number, _) in &owned.numbers {
        let mut statement = db.prepare_cached(
            "SELECT DISTINCT i.member FROM account i
             JOIN account a ON a.member = i.member AND a.lot = i.lot
             WHERE i.account = 0 AND i.expires_ms <= ?1 AND i.member <> 0
               AND a.account = 1 AND a.stream = ?2 AND a.amount > 0",
        )?;
        let found = statement.query_map([now_ms, *number], |row| row.get(0))?;
        members.extend(found.collect::<rusqlite::Result<Vec<i64>>>()?);
        let mut statement = db.prepare_cached(
            "SELECT m.n FROM erased e JOIN member m ON m.id = e.member
             WHERE EXISTS (SELECT 1 FROM account a WHERE a.member = m.n AND a.account = 1
                             AND a.stream = ?1 AND a.amount > 0)",
        )?;
        let erased = statement.query_map([*number], |row| row.get(0))?;
        members.extend(erased.collect::<rusqlite::Result<Vec<i64>>>()?);
    }
    members.sort_unstable();
    members.dedup();
    Ok(members)
}
