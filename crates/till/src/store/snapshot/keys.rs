//! What members are found by, made from their files once all of them have come: kind after kind,
//! sorted, so that the table is only ever added to at its end.

use punchcard_protocol::Value;
use rusqlite::{Connection, types::ValueRef};

use super::{Progress, insert};
use crate::error::{Error, Result};

/// The kinds of key that members are found by, as [`crate::store::keys_of_members`] names them, in their order.
pub(super) const KINDS: &[u8] = b"cinpy";

/// What all members are found by, of one kind, sorted as the table is.
pub struct Keys {
    text: Vec<u8>,
    places: Vec<Place>,
    /// How many kinds are in once these are.
    after: usize,
}

/// One key: how it begins, as a number that sorts as it does, where it stands, and whose it is.
#[derive(Clone, Copy)]
struct Place {
    begins: u64,
    at: u32,
    length: u32,
    member: i64,
}

impl Keys {
    /// Those of the next kind; none: there are no more kinds.
    ///
    /// # Errors
    /// Those of the store.
    pub fn after(db: &Connection, kinds: usize) -> Result<Option<Self>> {
        let Some(kind) = KINDS.get(kinds) else { return Ok(None) };
        let mut keys = Self { text: Vec::new(), places: Vec::new(), after: kinds + 1 };
        let mut statement = db.prepare_cached("SELECT n, found_by FROM member ORDER BY n")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let member = row.get(0)?;
            if let ValueRef::Text(found_by) = row.get_ref(1)? {
                each_key(found_by, |key| keys.add(*kind, key, member))?;
            }
        }
        keys.sort();
        Ok(Some(keys))
    }

    /// How many kinds are in once these are.
    pub fn kinds(&self) -> usize {
        self.after
    }

    fn add(&mut self, kind: u8, key: &[u8], member: i64) -> Result<()> {
        let Some(rest) = key.strip_prefix(&[kind]) else { return Ok(()) };
        let short = |length: usize| {
            u32::try_from(length).map_err(|_| Error::Internal("keys of 4 GiB".into()))
        };
        let mut begins = [0; 8];
        begins.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        self.places.push(Place {
            begins: u64::from_be_bytes(begins),
            at: short(self.text.len())?,
            length: short(key.len())?,
            member,
        });
        self.text.extend_from_slice(key);
        Ok(())
    }

    fn key(&self, place: Place) -> &[u8] {
        let at = place.at as usize;
        self.text.get(at..at + place.length as usize).unwrap_or_default()
    }

    fn sort(&mut self) {
        let mut places = std::mem::take(&mut self.places);
        places.sort_unstable_by(|one, other| {
            let by_text = || self.key(*one).cmp(self.key(*other));
            let by_key = one.begins.cmp(&other.begins).then_with(by_text);
            by_key.then(one.member.cmp(&other.member))
        });
        self.places = places;
    }

    /// Puts them into their table, and keeps how far it is.
    ///
    /// # Errors
    /// Those of the store.
    pub fn put(&self, db: &Connection) -> Result<()> {
        let rows = self
            .places
            .iter()
            .map(|place| [Value::Text(self.key(*place)), Value::Integer(place.member)]);
        insert(db, ("member_key (key, member)", ""), 2, rows)?;
        let Some(mut progress) = Progress::read(db)? else { return Ok(()) };
        progress.kinds = Some(self.after);
        progress.keep(db)
    }
}

/// Calls `each` with every key of a member's list: JSON, where hardly any character is escaped.
fn each_key(found_by: &[u8], mut each: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
    if found_by.contains(&b'\\') {
        let keys: Vec<String> = serde_json::from_slice(found_by)?;
        return keys.iter().try_for_each(|key| each(key.as_bytes()));
    }
    found_by.split(|byte| *byte == b'"').skip(1).step_by(2).try_for_each(each)
}
