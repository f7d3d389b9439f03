//! Tables folded from entries in whatever order they come: what another machine makes of the same
//! facts, and what a doubting `verify` compares with. In memory, and it signs nothing.

use punchcard_protocol::{Entry, MemberId, PrivatePart};
use rusqlite::Connection;

use crate::{
    error::{Error, Result},
    store::{connect, digest, erased, fold::Numbers, journal, streams},
    till::Till,
};

/// An entry as it travels: with its private part, where that was not erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// The entry.
    pub entry: Entry,
    /// Its private part.
    pub private: Option<PrivatePart>,
}

/// Tables that hold what some entries say.
pub struct Replica {
    db: Connection,
}

impl Replica {
    /// An empty one.
    ///
    /// # Errors
    /// Those of the store.
    pub fn new() -> Result<Self> {
        Ok(Self { db: connect::in_memory()? })
    }

    /// Takes entries in, in one transaction; those it has already are passed over. Returns how
    /// many were new.
    ///
    /// # Errors
    /// [`Error::Damaged`] for an entry that does not hold together, or another one where one
    /// stands already (a fork).
    pub fn take_in(&mut self, parcels: &[Parcel]) -> Result<usize> {
        let transaction = self.db.transaction()?;
        let mut new = 0;
        for parcel in parcels {
            new += usize::from(take_one(&transaction, parcel)?);
        }
        transaction.commit()?;
        Ok(new)
    }

    /// One hash over all folded tables.
    ///
    /// # Errors
    /// Those of the store.
    pub fn digest(&self) -> Result<String> {
        Ok(digest::whole(&self.db)?.to_string())
    }

    /// Every card by which somebody is found, and who it is.
    ///
    /// # Errors
    /// Those of the store.
    pub fn cards(&self) -> Result<Vec<(String, MemberId)>> {
        let mut statement = self.db.prepare(
            "SELECT substr(k.key, 2), m.id FROM member_key k JOIN member m ON m.n = k.member
             WHERE k.key >= 'c' AND k.key < 'd' ORDER BY 1, 2",
        )?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.map(|row| row.map(|(card, id)| (card, MemberId::from_bytes(id))))
            .collect::<rusqlite::Result<_>>()
            .map_err(Into::into)
    }

    /// How many private parts it holds about somebody who was erased: none.
    ///
    /// # Errors
    /// Those of the store.
    pub fn parts_of_erased(&self) -> Result<usize> {
        let mut found = 0;
        journal::walk(&self.db, 0, |stored| {
            let part = stored.private.as_ref();
            found += usize::from(
                part.is_some() && erased::kept(&self.db, &stored.entry.payload, part)?.is_none(),
            );
            Ok(())
        })?;
        Ok(found)
    }
}

fn take_one(db: &Connection, parcel: &Parcel) -> Result<bool> {
    let damaged = |error: punchcard_protocol::EntryError| Error::Damaged(error.to_string());
    let header = parcel.entry.check().map_err(damaged)?;
    let stream = streams::number(db, header.stream)?;
    if let Some(link) = journal::link_at(db, stream, header.seq)? {
        if link.hash == parcel.entry.hash() {
            return Ok(false);
        }
        let (seq, stream) = (header.seq, header.stream);
        return Err(Error::Damaged(format!("two entries {seq} of {stream}: a fork")));
    }
    let fact = journal::fact_of(&header, &parcel.entry.payload)?;
    let private = parcel.private.as_ref();
    let id = journal::insert(db, stream, &header, &parcel.entry, private)?;
    if let Some(fact) = &fact {
        journal::fold_fact(db, &Numbers::default(), id, &header, fact, private)?;
    }
    Ok(true)
}

impl Till {
    /// Every entry this till holds, in the order of its journals.
    ///
    /// # Errors
    /// Those of the store.
    pub fn parcels(&self) -> Result<Vec<Parcel>> {
        self.read(|db| {
            let mut parcels = Vec::new();
            journal::walk(db, 0, |stored| {
                parcels.push(Parcel { entry: stored.entry, private: stored.private });
                Ok(())
            })?;
            Ok(parcels)
        })
    }
}
