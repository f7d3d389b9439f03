//! A database is made of backups: the state of the newest, and the log of all, folded anew.

use std::sync::Arc;

use punchcard_domain::fact::Fact;
use punchcard_protocol::{Hash, SetSum, StreamKey};

use super::work::{Incoming, Work};
use crate::{
    backup::{
        Keys, Verified,
        check::{Held, LoggedEntry, Part, open, read_through},
        kept::STATE,
    },
    error::{Error, Result},
    hub::{Clock, PLACE, SIGNING, hub_row, keep_secret, secret},
    store::{Datum, Insert, Session, Store, journal},
};

/// So many entries are folded at once.
const BATCH: usize = 2000;
/// So many rows of a table that is kept whole go in at once.
const ROWS: usize = 500;
/// And not many more bytes, of either: a photo is long, and a body in quarantine longer.
const BYTES: usize = 4 * 1024 * 1024;
/// Where the database lies that a backup was made of: nowhere. So whoever opens it first sees that it
/// was put back, and begins a new epoch.
const FROM_A_BACKUP: &str = "a backup";
/// Any of these has a row in a database that somebody uses.
const IN_USE: &[&str] = &["hub", "secret", "till", "stream", "log", "fact", "member"];

/// Puts verified backups into an empty database, all of it in one transaction. Whoever opens the
/// hub afterwards begins a new epoch, and the tills give back what they know besides.
///
/// # Errors
/// [`Error::NotEmpty`], [`Error::BadBackup`], those of disk and database. What failed has changed
/// nothing.
pub fn restore(store: &Arc<dyn Store>, verified: &Verified, clock: &Clock) -> Result<()> {
    let mut session = store.write()?;
    if !is_empty(&mut *session)? {
        return Err(Error::NotEmpty);
    }
    let mut keys = Keys::of(&verified.passphrase);
    let Some(newest) = verified.chain.last() else {
        return Err(Error::Internal("a chain without a backup".into()));
    };
    let (header, reader) = open(newest, &mut keys)?;
    let mut state = State { session: &mut *session, table: None, rows: Vec::new(), bytes: 0 };
    read_through(&header, reader, Part::State, &mut |held| match held {
        Held::State(place, columns, row) => state.take(place, columns, row),
        Held::Entry(_) => Ok(()),
    })?;
    state.put()?;
    keep_secret(&mut *session, PLACE, FROM_A_BACKUP.as_bytes())?;
    let row = hub_row(&mut *session)?;
    let seed = secret(&mut *session, SIGNING)?;
    let seed: [u8; 32] = seed
        .and_then(|seed| seed.try_into().ok())
        .ok_or_else(|| Error::Damaged("the hub's signing key is missing".into()))?;
    let key = StreamKey::from_seed(&seed);
    // The log is folded as it came; everything else of the row is as it was.
    let (position, sum) = (row.position, row.sum);
    let mut work = Work::new(session, row, &key, clock());
    work.hub.position = 0;
    work.hub.sum = SetSum::from_hash(Hash::ZERO);
    for found in &verified.chain {
        let (header, reader) = open(found, &mut keys)?;
        let mut batch = Vec::with_capacity(BATCH);
        let mut bytes = 0;
        read_through(&header, reader, Part::Log, &mut |held| {
            if let Held::Entry(entry) = held {
                bytes += entry.bytes();
                batch.push(incoming(*entry));
            }
            if batch.len() >= BATCH || bytes >= BYTES {
                bytes = 0;
                work.take_in(std::mem::take(&mut batch))?;
            }
            Ok(())
        })?;
        work.take_in(batch)?;
    }
    let holds = work.hub.position == position && work.hub.sum.to_hash() == sum.to_hash();
    if !holds || !heads_are_there(&mut work)? {
        return Err(Error::BadBackup {
            file: newest.name(),
            why: "what it says of the log is not what the log is".into(),
        });
    }
    work.commit()?;
    store.note_position(position, true);
    Ok(())
}

/// Whether nobody has ever used a database.
fn is_empty(session: &mut dyn Session) -> Result<bool> {
    for table in IN_USE {
        if session.row(&format!("SELECT 1 FROM {table} LIMIT 1"), &[])?.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether the newest entry of each journal is the one that its row names.
fn heads_are_there(work: &mut Work<'_>) -> Result<bool> {
    for row in journal::streams(&mut *work.session)? {
        if row.link.seq > 0
            && journal::hash_at(&mut *work.session, row.stream, row.link.seq)?
                != Some(row.link.hash)
        {
            return Ok(false);
        }
    }
    Ok(true)
}

fn incoming(logged: LoggedEntry) -> Incoming {
    let LoggedEntry { header, entry, kept_back, received_ms, signature, private, .. } = logged;
    // Of a kind that this build does not know, or not of its shape: kept and passed on, not folded.
    let fact = Fact::from_payload(header.kind, header.kind_version, &entry.payload);
    let fact = if kept_back { None } else { fact.ok().flatten() };
    let received_ms = Some(received_ms);
    let changes = None;
    Incoming { header, entry, private, fact, changes, kept_back, signature, received_ms }
}

fn length(value: &Datum) -> usize {
    match value {
        Datum::Null | Datum::Int(_) => 8,
        Datum::Text(text) => text.len(),
        Datum::Blob(bytes) => bytes.len(),
    }
}

/// Rows on their way into tables that are kept whole.
struct State<'a> {
    session: &'a mut dyn Session,
    table: Option<Insert>,
    rows: Vec<Vec<Datum>>,
    bytes: usize,
}

impl State<'_> {
    fn take(&mut self, place: usize, columns: &[String], row: Vec<Datum>) -> Result<()> {
        let table = STATE[place].table;
        let other = self.table.is_none_or(|current| current.table != table.table);
        if other || self.rows.len() >= ROWS || self.bytes >= BYTES {
            self.put()?;
        }
        self.table = Some(table);
        if table.columns.len() == columns.len() {
            self.bytes += row.iter().map(length).sum::<usize>();
            self.rows.push(row);
            return Ok(());
        }
        // An older backup: what it does not have is as the schema says.
        let name_of = |column: &String| table.columns.iter().find(|(name, _)| name == column);
        let names: Vec<&str> = columns.iter().filter_map(name_of).map(|(name, _)| *name).collect();
        let places: Vec<String> = (1..=row.len()).map(|n| format!("${n}")).collect();
        let sql = format!(
            "INSERT INTO {} ({}) VALUES ({})",
            table.table,
            names.join(", "),
            places.join(", ")
        );
        self.session.execute(&sql, &row)?;
        Ok(())
    }

    fn put(&mut self) -> Result<()> {
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        match self.table.filter(|_| !rows.is_empty()) {
            Some(table) => self.session.insert(&table, &rows),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::Sqlite;

    #[test]
    fn what_an_older_backup_does_not_have_is_as_the_schema_says() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let store = Sqlite::open(&dir.path().join("hub.db")).expect("it opens");
        let mut session = store.write().expect("a transaction");
        let place = STATE.iter().position(|kept| kept.table.table == "pairing").expect("kept");
        let columns = ["id", "secret", "expires_ms"].map(str::to_owned);
        let mut state = State { session: &mut *session, table: None, rows: Vec::new(), bytes: 0 };
        let row = vec!["a code".into(), Datum::Blob(vec![1]), Datum::Int(7)];
        state.take(place, &columns, row).expect("taken");
        state.put().expect("nothing");
        let found = session.rows("SELECT wrong, store FROM pairing", &[]).expect("an answer");
        assert_eq!(found, [[Datum::Int(0), Datum::Null]]);
    }
}
