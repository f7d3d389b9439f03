//! Where the hub keeps what it knows: two engines behind one small trait.
//!
//! SQL that both engines understand is written once, above this trait; an engine only runs it.
//! Placeholders are `$1`, `$2`, … in the order of their first appearance; whole numbers are 64 bits
//! wide, text is text, everything else is bytes. What differs is how much is sent at once: an
//! engine inserts many rows, or looks many keys up, in the way that is fast for it.

mod beside;
pub mod cards;
pub mod changes;
mod datum;
pub mod erased;
pub mod facts;
pub mod fold;
pub mod given;
pub mod journal;
pub mod ledger;
mod open;
mod opening;
pub mod outlet;
pub mod postgres;
pub mod sqlite;
pub mod tables;
pub mod tree;

pub use open::{open, open_replica, open_without};

use crate::error::Result;

/// One value, as it goes into the database or comes out of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Datum {
    /// Nothing.
    Null,
    /// A whole number.
    Int(i64),
    /// Text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

/// What a column holds; PostgreSQL wants to know it where many rows are sent at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// BIGINT.
    Int,
    /// TEXT.
    Text,
    /// BYTEA.
    Blob,
}

/// How rows go into a table.
#[derive(Debug, Clone, Copy)]
pub struct Insert {
    /// The table.
    pub table: &'static str,
    /// Its columns.
    pub columns: &'static [(&'static str, Column)],
    /// What follows `ON CONFLICT`, as `(id) DO NOTHING`; empty: a conflict is an error.
    pub on_conflict: &'static str,
}

/// A question about one key, `$1`, and about many at once. Whatever else it asks for is `$2`, `$3`, … and
/// the same for all of them.
#[derive(Debug, Clone, Copy)]
pub struct ByKey {
    /// With `= $1`.
    pub one: &'static str,
    /// For PostgreSQL: with `= ANY($1)`, of `bytea[]`.
    pub many: &'static str,
}

/// One row of an answer.
pub type Row<'a> = &'a [Datum];

/// A database of one business.
pub trait Store: Send + Sync {
    /// Begins a transaction that writes. It holds the one row lock under which positions are given
    /// out, so there is one at a time, over all hubs on this database.
    fn write(&self) -> Result<Box<dyn Session + '_>>;

    /// Begins a transaction that only reads, and sees one moment.
    fn read(&self) -> Result<Box<dyn Session + '_>>;

    /// Writes anew what holds personal data, so that nothing that was deleted can be read in free space
    /// any more. Whoever wants to write waits meanwhile.
    fn scrub(&self) -> Result<()>;

    /// What it is, for people: never with a password.
    fn describe(&self) -> String;

    /// Where it is, for the hub: another text for a copy of it that lies elsewhere.
    fn place(&self) -> Result<String>;

    /// Remembers outside the database how far the log is: an older copy that is put in its place is
    /// noticed then. A lower bound; `anew`: also where it is less than before.
    fn note_position(&self, position: u64, anew: bool);

    /// What was noted, where it can be read.
    fn noted_position(&self) -> Option<u64>;
}

/// One transaction. Dropped without [`Session::commit`], nothing of it stays.
pub trait Session {
    /// Runs a statement; returns how many rows it changed.
    fn execute(&mut self, sql: &str, params: &[Datum]) -> Result<u64>;

    /// Asks, and calls `each` with every row.
    fn query(
        &mut self,
        sql: &str,
        params: &[Datum],
        each: &mut dyn FnMut(Row<'_>) -> Result<()>,
    ) -> Result<()>;

    /// Inserts rows, in the way that is fast for the engine.
    fn insert(&mut self, insert: &Insert, rows: &[Vec<Datum>]) -> Result<()>;

    /// Asks about many keys (bytes), in the way that is fast for the engine. `more`: from `$2` on.
    fn query_keys(
        &mut self,
        ask: &ByKey,
        keys: &[Vec<u8>],
        more: &[Datum],
        each: &mut dyn FnMut(Row<'_>) -> Result<()>,
    ) -> Result<()>;

    /// Where this transaction's connection leads, as [`Store::place`] says it; nothing, where that stays
    /// as it is while the database is open.
    ///
    /// # Errors
    /// Those of the engine.
    fn place(&mut self) -> Result<Option<String>> {
        Ok(None)
    }

    /// Keeps everything.
    fn commit(self: Box<Self>) -> Result<()>;
}

impl dyn Session + '_ {
    /// All rows of an answer.
    ///
    /// # Errors
    /// Those of the engine.
    pub fn rows(&mut self, sql: &str, params: &[Datum]) -> Result<Vec<Vec<Datum>>> {
        let mut rows = Vec::new();
        self.query(sql, params, &mut |row| {
            rows.push(row.to_vec());
            Ok(())
        })?;
        Ok(rows)
    }

    /// The first row of an answer.
    ///
    /// # Errors
    /// Those of the engine.
    pub fn row(&mut self, sql: &str, params: &[Datum]) -> Result<Option<Vec<Datum>>> {
        Ok(self.rows(sql, params)?.into_iter().next())
    }
}
