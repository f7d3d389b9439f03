//! Does the store hold together? And making its tables anew from the journal.

use punchcard_domain::fact::Fact;
use rusqlite::{Connection, OptionalExtension as _};

use crate::{
    error::{Error, Result},
    store::{chains::Chains, connect, digest, fold, journal, snapshot},
    till::Till,
    views::{Distrust, VerifyView},
};

/// More problems than these help nobody.
const MOST_PROBLEMS: usize = 20;

/// What `verify` found.
pub type Verification = VerifyView;

impl Till {
    /// Checks the file, every chain, every payload and private part, and the ledger.
    ///
    /// # Errors
    /// Those of the store where it cannot even be read.
    pub fn verify(&self) -> Result<Verification> {
        let distrust = self.write(|work| Ok(work.distrust()))?;
        // After a power cut in the middle of a checkpoint some pages of the file are half written;
        // they are whole in the log, which stands above them until the next checkpoint writes them.
        let whole = self.with_writer(|writer| Ok(writer.checkpoint()))?;
        self.read(|db| verify(db, distrust, whole))
    }

    /// One hash over all folded tables, and each table's own.
    ///
    /// # Errors
    /// Those of the store.
    pub fn digest(&self) -> Result<(String, Vec<(&'static str, String)>)> {
        self.read(|db| {
            let tables = digest::tables(db)?;
            let named = tables.into_iter().map(|(name, hash)| (name, hash.to_string())).collect();
            Ok((digest::whole(db)?.to_string(), named))
        })
    }

    /// Empties the folded tables and folds the journal again, in one transaction. Returns the
    /// digest before and after: the same, unless something was wrong.
    ///
    /// # Errors
    /// `bad_input` on a till that began from its hub's snapshot; those of the store. Nothing is
    /// changed then.
    pub fn rebuild(&self) -> Result<(String, String)> {
        self.write(|work| {
            let before = digest::whole(work.db)?.to_string();
            work.rebuild()?;
            let after = digest::whole(work.db)?.to_string();
            Ok((before, after))
        })
    }
}

/// Empties the folded tables and folds the journal again.
pub(crate) fn rebuild(db: &Connection) -> Result<()> {
    if snapshot::began(db)? {
        return Err(Error::bad_input(
            "rebuild",
            "this till began from a snapshot of its hub, so its own journal does not hold all that its tables do; to begin anew, join the hub in an empty folder",
        ));
    }
    for table in fold::FOLDED {
        // A name from a fixed list, never from input.
        db.execute(&format!("DELETE FROM {table}"), [])?;
    }
    let numbers = fold::Numbers::default();
    journal::walk(db, 0, |stored| {
        let header = journal::read_header(&stored.entry.header)?;
        match journal::fact_of(&header, &stored.entry.payload)? {
            Some(fact) => {
                journal::fold_fact(db, &numbers, stored.id, &header, &fact, stored.private.as_ref())
            }
            None => Ok(()),
        }
    })
}

/// What does not hold, in sentences, as many as help.
#[derive(Default)]
struct Problems(Vec<String>);

impl Problems {
    fn add(&mut self, problem: impl Into<String>) {
        if self.0.len() < MOST_PROBLEMS {
            self.0.push(problem.into());
        }
    }
}

fn verify(db: &Connection, distrust: Option<Distrust>, whole: bool) -> Result<Verification> {
    let mut problems = Problems::default();
    file(db, whole, &mut problems)?;
    let entries = chains(db, &mut problems)?;
    ledger(db, &mut problems)?;
    if let Some(why) = distrust {
        problems.add(format!(
            "this store is not the newest there was ({}): entries may be missing; nothing can be spent until a manager vouches for it",
            serde_json::to_value(why)?.as_str().unwrap_or_default()
        ));
    }
    Ok(VerifyView {
        ok: problems.0.is_empty(),
        entries,
        problems: problems.0,
        distrust,
        digest: digest::whole(db)?.to_string(),
    })
}

/// The file itself: every page's seal, every B-tree, every reference. The seals are read past the log,
/// so only where the log has been put into the `whole` file do they say anything.
fn file(db: &Connection, whole: bool, problems: &mut Problems) -> Result<()> {
    if whole {
        connect::broken_seals(db)?.into_iter().for_each(|page| problems.add(page));
    }
    let mut statement = db.prepare("PRAGMA integrity_check")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let line: String = row.get(0)?;
        if line != "ok" {
            problems.add(line);
        }
    }
    Ok(())
}

/// Each journal link by link, each payload and private part against its commitment.
fn chains(db: &Connection, problems: &mut Problems) -> Result<i64> {
    let mut entries = 0;
    let mut chains = Chains::read(db)?;
    journal::walk(db, 0, |stored| {
        entries += 1;
        let Some(stream) = chains.stream(&stored) else {
            problems.add(format!("entry {} belongs to no journal", stored.id));
            return Ok(());
        };
        match chains.next(stream, &stored) {
            Ok(header) => {
                if let Some(fact) = journal::fact_of(&header, &stored.entry.payload)?
                    && let Err(error) = journal::check_debits(db, chains.hubs(), &header, &fact)
                {
                    problems.add(error.to_string());
                }
                private(&header, &stored, problems)?;
            }
            Err(error) => problems.add(format!("{stream}: {error}")),
        }
        Ok(())
    })?;
    Ok(entries)
}

fn private(
    header: &punchcard_protocol::Header,
    stored: &journal::Stored,
    problems: &mut Problems,
) -> Result<()> {
    let Some(part) = &stored.private else { return Ok(()) };
    // Where a kind that this build does not know names its part, only a later one can say.
    let fact: Option<Fact> = journal::fact_of(header, &stored.entry.payload)?;
    if fact.is_some_and(|fact| fact.private() != Some(part.commitment())) {
        problems.add(format!("the private part of entry {} is not the one it names", header.seq));
    }
    Ok(())
}

/// What was issued lies somewhere, and no account of this till is below zero.
fn ledger(db: &Connection, problems: &mut Problems) -> Result<()> {
    let below: i64 = db.query_row(
        "SELECT count(*) FROM account WHERE amount < 0 AND account <> 0",
        [],
        |row| row.get(0),
    )?;
    if below > 0 {
        problems.add(format!("{below} accounts are below zero"));
    }
    let uneven: Option<Vec<u8>> = db
        .query_row(
            "SELECT lot FROM account GROUP BY member, lot HAVING sum(amount) <> 0 LIMIT 1",
            [],
            |row| row.get(0),
        )
        .optional()?;
    if let Some(lot) = uneven {
        problems.add(format!("the accounts of lot {} do not add up", hex::encode(lot)));
    }
    Ok(())
}

impl Error {
    /// Whether this is what a damaged store answers with.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged(_))
    }
}
