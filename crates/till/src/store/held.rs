//! What lies with a member: their accounts and their passes. Both stand on one page mostly, and a scan asks
//! for both, so that they are read by one statement.

use punchcard_domain::time::Day;
use punchcard_protocol::{FactId, LotId, MemberId, PassId};
use rusqlite::{Connection, Row, params};

use super::{
    merged::{self, Files},
    purse::{AccountRow, Accounts, FileAccounts},
    read::{self, PassFile},
};
use crate::error::{Error, Result};

/// What a person has, over all their files.
#[derive(Default)]
pub struct Held {
    /// Value of every kind.
    pub accounts: Accounts,
    /// Passes, those that were taken back left out.
    pub passes: Vec<PassFile>,
}

impl Held {
    /// Reads what a member has, by local number.
    ///
    /// # Errors
    /// Those of the store.
    pub fn by(db: &Connection, member: i64) -> Result<Self> {
        Self::of(db, &merged::files(db, member)?)
    }

    /// The same, of a person whose files are known.
    ///
    /// # Errors
    /// Those of the store.
    pub fn of(db: &Connection, files: &Files) -> Result<Self> {
        let mut held = Self::default();
        for (file, owner) in files {
            held.add_file(db, *file, *owner)?;
        }
        Ok(held)
    }

    fn add_file(&mut self, db: &Connection, file: i64, owner: Option<MemberId>) -> Result<()> {
        let mut accounts = FileAccounts::of(file, owner);
        let mut statement = db.prepare_cached(OF_FILE)?;
        let mut rows = statement.query(params![file, ACCOUNT, PASS])?;
        while let Some(row) = rows.next()? {
            accounts.owes = row.get(OWES)?;
            if row.get::<_, i64>(0)? == ACCOUNT {
                accounts.push(&account(row)?)?;
            } else if !row.get::<_, bool>(TAKEN_BACK)? {
                self.passes.push(pass(db, row)?);
            }
        }
        self.accounts.add(db, accounts)
    }
}

/// Parts of what lies with a member, as the table numbers them.
const ACCOUNT: i64 = 0;
const PASS: i64 = 1;

/// Accounts by lot, then passes by id: in the order of the key. Whether there are debts, which hardly anybody has,
/// is asked once along with it.
const OF_FILE: &str = "
    SELECT part, id, kind, account, stream, amount, expires_ms,
           name, first_day, last_day, visits, terms, fact,
           CASE part WHEN ?2 THEN coalesce((SELECT frozen FROM frozen f WHERE f.lot = o.id), 0)
                     ELSE EXISTS (SELECT 1 FROM void v WHERE v.target = o.fact) END,
           CASE part WHEN ?2 THEN (SELECT until_ms FROM pending p WHERE p.lot = o.id)
                     ELSE EXISTS (SELECT 1 FROM pass_change c WHERE c.pass = o.id) END,
           EXISTS (SELECT 1 FROM debt WHERE member = ?1)
    FROM of_member o WHERE member = ?1 AND part BETWEEN ?2 AND ?3
    ORDER BY part, at_ms, id, account, stream";
const FROZEN: usize = 13;
const TAKEN_BACK: usize = 13;
const PENDING: usize = 14;
const CHANGED: usize = 14;
const OWES: usize = 15;

fn account(row: &Row<'_>) -> rusqlite::Result<AccountRow> {
    Ok(AccountRow {
        lot: LotId::from_bytes(row.get(1)?),
        kind: row.get(2)?,
        account: row.get(3)?,
        stream: row.get(4)?,
        amount: row.get(5)?,
        expires_ms: row.get(6)?,
        frozen: row.get(FROZEN)?,
        pending_ms: row.get(PENDING)?,
    })
}

fn pass(db: &Connection, row: &Row<'_>) -> Result<PassFile> {
    let day = |text: &str| {
        text.parse::<Day>().map_err(|_| Error::Damaged(format!("{text} is not a day")))
    };
    let id = PassId::from_bytes(row.get(1)?);
    let from: String = row.get(8)?;
    let until: Option<String> = row.get(9)?;
    let terms: Option<String> = row.get(11)?;
    Ok(PassFile {
        id,
        fact: FactId::from_bytes(row.get(12)?),
        name: row.get(7)?,
        from: day(&from)?,
        until: until.as_deref().map(day).transpose()?,
        visits: row.get::<_, Option<[u8; 16]>>(10)?.map(LotId::from_bytes),
        terms: terms.map(|text| serde_json::from_str(&text)).transpose()?.unwrap_or_default(),
        changes: if row.get(CHANGED)? { read::changes(db, id)? } else { Vec::new() },
    })
}
