//! Connections that can only read, kept for the next question.

use std::sync::{Mutex, MutexGuard};

use rusqlite::Connection;

use crate::error::{Error, Result};

#[derive(Default)]
pub(super) struct Readers(Mutex<Vec<Connection>>);

impl Readers {
    /// Asks on a connection that is free, or else on one that `open` opens. What is asked sees the store of
    /// one moment, whatever is committed meanwhile; and the file is locked once, not for every statement.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) fn ask<T>(
        &self,
        open: impl FnOnce() -> Result<Connection>,
        ask: impl FnOnce(&Connection) -> Result<T>,
    ) -> Result<T> {
        let idle = self.idle()?.pop();
        let reader = idle.map_or_else(open, Ok)?;
        let moment = reader.unchecked_transaction()?;
        let answer = ask(&moment);
        // Nothing was written: to give the moment up is all there is to do.
        moment.finish()?;
        self.idle()?.push(reader);
        answer
    }

    fn idle(&self) -> Result<MutexGuard<'_, Vec<Connection>>> {
        self.0.lock().map_err(|_| {
            Error::Internal("a reading thread fell over; start Punchcard again".into())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_sees_one_moment_and_the_next_question_the_next() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("store.db");
        let writer = Connection::open(&path).expect("a store");
        let begin = "PRAGMA journal_mode = WAL; CREATE TABLE visit (n INTEGER) STRICT;";
        writer.execute_batch(begin).expect("a table");
        let readers = Readers::default();
        let opened = std::cell::Cell::new(0);
        let open = || {
            opened.set(opened.get() + 1);
            Ok(Connection::open(&path)?)
        };
        let visits = |db: &Connection| -> Result<i64> {
            Ok(db.query_row("SELECT count(*) FROM visit", [], |row| row.get(0))?)
        };
        let seen = readers.ask(open, |db| {
            let before = visits(db)?;
            writer.execute("INSERT INTO visit VALUES (1)", [])?;
            Ok((before, visits(db)?))
        });
        assert_eq!(seen.expect("seen"), (0, 0));
        assert_eq!(readers.ask(open, visits).expect("seen"), 1);
        // Where something goes wrong, the moment is over as well.
        assert!(readers.ask(open, |_| Err::<(), _>(Error::Internal("so".into()))).is_err());
        assert_eq!(readers.ask(open, visits).expect("seen"), 1);
        assert_eq!(opened.get(), 1);
    }
}
