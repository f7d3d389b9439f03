//! What a hub's snapshot brings, into this till's tables: page after page, each in one transaction
//! together with how far that is, so that whatever ends it, no page is missing and none is there
//! twice. What the rows name by global ids gets this machine's numbers on the way.
//!
//! The hub sends its tables one after the other, facts before the members that they are about: a
//! member's number is given where the member is first named, and kept in a table of its own until
//! all of them have come. What members are found by comes last, made from their files and sorted.

mod keys;
mod layout;

use std::collections::HashMap;

use punchcard_protocol::{
    FactId, Hash, MemberId, StreamId, TillId, Value,
    sync::{Manifest, PageHead},
};
use rusqlite::{
    Connection, ErrorCode, OptionalExtension as _, Statement, ToSql,
    types::{ToSqlOutput, ValueRef},
};
use serde::{Deserialize, Serialize};
use sha2::{
    Digest as _, Sha256,
    digest::common::hazmat::{SerializableState as _, SerializedState},
};

pub use self::keys::Keys;
use self::layout::{
    CARDS, Entry, File, Holder, Layout, Member, NAME, Owner, PHONE, Plain, Stream, TABLES, Whose,
};
use super::{keys_of_members, local, streams};
use crate::error::{Error, Result};

/// Where it is kept how far a snapshot has come; absent: none is on its way.
const ON_ITS_WAY: &str = "snapshot_on_its_way";
/// A store's own lots belong to this member.
const STORES_OWN: i64 = 0;
/// What puts the places of facts, as an index would.
const PLACES_TRIGGER: &str = "fact_is_of_member";
/// Puts them all at once, in their order, and then what puts those to come (migration V10).
const PLACES_OF_FACTS: &str = "
    INSERT INTO of_member (member, part, at_ms, id, account, stream, counted)
    SELECT member, 2, at_ms, id, 0, 0, counted FROM fact WHERE member IS NOT NULL
    ORDER BY member, at_ms, id
    ON CONFLICT DO NOTHING;
    CREATE TRIGGER fact_is_of_member AFTER INSERT ON fact WHEN NEW.member IS NOT NULL
    BEGIN
      INSERT INTO of_member (member, part, at_ms, id, account, stream, counted)
      VALUES (NEW.member, 2, NEW.at_ms, NEW.id, 0, 0, NEW.counted);
    END";
/// Pages of the log that are left together before they are put into the database.
const LOG_PAGES: i64 = 16 * 1024;
/// Rows that go with one statement.
const ROWS_AT_ONCE: usize = 64;
/// What the writer caches meanwhile, in KiB.
const CACHE_KIB: i64 = 96 * 1024;

/// What comes is not what a hub sends: not to be used, whatever the reason.
fn bad(what: &str) -> Error {
    Error::HubUnreachable(format!("its snapshot is not whole: {what}"))
}

/// How far a snapshot has come. Kept in the same transaction as the rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Whose it is.
    pub hub: TillId,
    /// Which.
    pub manifest: Manifest,
    /// The page to ask for next.
    pub page: u64,
    /// The table that is being read, and how far its hash is (hexadecimal).
    table: Option<(String, String)>,
    /// Tables that have come, each as its hash says.
    whole: Vec<String>,
    /// All pages have come, and members can be found by so many kinds of key.
    pub kinds: Option<usize>,
    /// Indexes that were taken away, each as it was made.
    indexes: Vec<String>,
}

impl Progress {
    /// Nothing has come yet. Indexes are taken away: they are made quicker from whole tables.
    ///
    /// # Errors
    /// Those of the store.
    pub fn begin(db: &Connection, hub: TillId, manifest: Manifest) -> Result<Self> {
        let indexes = take_indexes(db)?;
        let (table, whole, kinds) = (None, Vec::new(), None);
        let progress = Self { hub, manifest, page: 0, table, whole, kinds, indexes };
        progress.keep(db)?;
        Ok(progress)
    }

    /// How far a snapshot has come, where one is on its way.
    ///
    /// # Errors
    /// Those of the store.
    pub fn read(db: &Connection) -> Result<Option<Self>> {
        local::get(db, ON_ITS_WAY)
    }

    fn keep(&self, db: &Connection) -> Result<()> {
        local::set(db, ON_ITS_WAY, self)
    }
}

fn take_indexes(db: &Connection) -> Result<Vec<String>> {
    db.execute_batch(&format!("DROP TRIGGER IF EXISTS {PLACES_TRIGGER}"))?;
    let mut statement = db.prepare(
        "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
    )?;
    let all = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let all: Vec<(String, String, String)> = all.collect::<rusqlite::Result<_>>()?;
    let mut taken = Vec::new();
    for (name, table, sql) in all {
        if Layout::of(&table).is_ok() {
            db.execute_batch(&format!("DROP INDEX {name}"))?;
            taken.push(sql);
        }
    }
    Ok(taken)
}

/// Makes the indexes again that were taken away.
///
/// # Errors
/// Those of the store.
pub fn index(db: &Connection) -> Result<()> {
    let Some(mut progress) = Progress::read(db)? else { return Ok(()) };
    for sql in std::mem::take(&mut progress.indexes) {
        // Taken away by an earlier program; a view has its name and its use now.
        if !sql.starts_with("CREATE INDEX fact_of_member ") {
            db.execute_batch(&sql)?;
        }
    }
    if !db.prepare("SELECT 1 FROM sqlite_master WHERE name = ?1")?.exists([PLACES_TRIGGER])? {
        db.execute_batch(PLACES_OF_FACTS)?;
    }
    progress.keep(db)
}

/// A page that was read and hashed, and can be put.
pub struct Ready {
    bytes: Vec<u8>,
    /// Where its rows begin.
    rows: usize,
    /// None: there are no more pages.
    table: Option<&'static Layout>,
    /// Of each member: what they are found by.
    found_by: Vec<String>,
    /// How far it is once this page is in.
    after: Progress,
}

impl Ready {
    /// There are no more pages after this one.
    pub fn is_last(&self) -> bool {
        self.table.is_none()
    }
}

/// Reads pages in their order, and hashes them as they come.
pub struct Pages {
    progress: Progress,
    /// The same as [`punchcard_protocol::TableHasher`], which cannot be kept half way.
    hasher: Sha256,
}

impl Pages {
    /// Goes on from where it is.
    ///
    /// # Errors
    /// [`Error::Damaged`] where what was kept cannot be read.
    pub fn from(progress: Progress) -> Result<Self> {
        let hasher = match &progress.table {
            Some((_, so_far)) => half_way(so_far)?,
            None => Sha256::new(),
        };
        Ok(Self { progress, hasher })
    }

    /// The page to ask for.
    pub fn next(&self) -> u64 {
        self.progress.page
    }

    /// Which snapshot they are of.
    pub fn snapshot(&self) -> FactId {
        self.progress.manifest.id
    }

    /// Reads the next page.
    ///
    /// # Errors
    /// [`Error::HubUnreachable`] for what is not that page, or a table that is not as its hash says.
    pub fn read(&mut self, bytes: Vec<u8>) -> Result<Ready> {
        let (head, rows) = head(&bytes)?;
        self.progress.page += 1;
        if head.table.is_empty() {
            return self.end(bytes, rows);
        }
        let table = Layout::of(&head.table)?;
        self.begin(table.name)?;
        self.hasher.update(&bytes[rows..]);
        match head.hash {
            Some(hash) => self.whole(table.name, hash)?,
            None => self.keep_half(table.name),
        }
        let found_by = if table.is_of_members() { found_by(&bytes[rows..])? } else { Vec::new() };
        let after = self.progress.clone();
        Ok(Ready { bytes, rows, table: Some(table), found_by, after })
    }

    /// A table's pages follow one another, and no table comes twice.
    fn begin(&self, table: &str) -> Result<()> {
        let half = self.progress.table.as_ref().map(|(name, _)| name.as_str());
        let fits = half.is_none_or(|half| half == table)
            && !self.progress.whole.iter().any(|whole| whole == table);
        if fits { Ok(()) } else { Err(bad("its tables are mixed up")) }
    }

    fn whole(&mut self, table: &str, hash: Hash) -> Result<()> {
        let found = Hash(std::mem::take(&mut self.hasher).finalize().into());
        if found != hash {
            return Err(bad(&format!("the table {table} does not have its hash")));
        }
        self.progress.table = None;
        self.progress.whole.push(table.to_owned());
        Ok(())
    }

    fn keep_half(&mut self, table: &str) {
        let so_far = hex::encode(self.hasher.serialize());
        self.progress.table = Some((table.to_owned(), so_far));
    }

    fn end(&mut self, bytes: Vec<u8>, rows: usize) -> Result<Ready> {
        let all = TABLES.iter().all(|table| self.progress.whole.iter().any(|w| w == table.name));
        if !all || self.progress.table.is_some() {
            return Err(bad("tables are missing"));
        }
        self.progress.kinds = Some(0);
        let after = self.progress.clone();
        Ok(Ready { bytes, rows, table: None, found_by: Vec::new(), after })
    }
}

fn half_way(so_far: &str) -> Result<Sha256> {
    let damaged = || Error::Damaged("a half-read snapshot".into());
    let bytes = hex::decode(so_far).map_err(|_| damaged())?;
    let state = SerializedState::<Sha256>::try_from(bytes.as_slice()).map_err(|_| damaged())?;
    Sha256::deserialize(&state).map_err(|_| damaged())
}

/// What stands before a page's rows, and where they begin.
fn head(bytes: &[u8]) -> Result<(PageHead, usize)> {
    let cut = || bad("a page is cut short");
    let (length, rest) = bytes.split_first_chunk::<4>().ok_or_else(cut)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| cut())?;
    let head = rest.get(..length).ok_or_else(cut)?;
    let head = serde_json::from_slice(head).map_err(|_| bad("a page has no head"))?;
    Ok((head, 4 + length))
}

/// The values of one row.
fn row<'a>(rest: &mut &'a [u8], width: usize, values: &mut Vec<Value<'a>>) -> Result<()> {
    values.clear();
    for _ in 0..width {
        values.push(Value::read(rest).ok_or_else(|| bad("a row is cut short"))?);
    }
    Ok(())
}

fn text(value: Value<'_>) -> Result<Option<&str>> {
    match value {
        Value::Null => Ok(None),
        Value::Text(bytes) => {
            std::str::from_utf8(bytes).map(Some).map_err(|_| bad("text that is none"))
        }
        _ => Err(bad("a value of another type")),
    }
}

/// What the members of a page are found by, each as it stands in their file.
fn found_by(mut rows: &[u8]) -> Result<Vec<String>> {
    let width = Layout::of("member")?.taken();
    let (mut values, mut all) = (Vec::new(), Vec::new());
    while !rows.is_empty() {
        row(&mut rows, width, &mut values)?;
        let name = text(values[NAME])?.unwrap_or_default();
        let cards: Vec<String> = text(values[CARDS])?
            .map(serde_json::from_str)
            .transpose()
            .map_err(|_| bad("cards that are none"))?
            .unwrap_or_default();
        let keys = keys_of_members::keys(name, text(values[PHONE])?, &cards);
        all.push(serde_json::to_string(&keys)?);
    }
    Ok(all)
}

/// This machine's numbers for what the rows name.
pub struct Numbers {
    streams: HashMap<StreamId, i64>,
    members: HashMap<MemberId, i64>,
    next_member: i64,
    /// Rows about one member come together.
    last: Option<(MemberId, i64)>,
    /// Given since the last page was kept.
    new: Vec<(i64, MemberId)>,
}

impl Numbers {
    /// Those that were given so far. Makes room for those of members whose files have not come.
    ///
    /// # Errors
    /// Those of the store.
    pub fn read(db: &Connection) -> Result<Self> {
        db.execute_batch(
            "CREATE TABLE IF NOT EXISTS snapshot_member (n INTEGER PRIMARY KEY, id BLOB NOT NULL)
             STRICT",
        )?;
        let mut members = HashMap::new();
        let mut next_member = STORES_OWN + 1;
        let mut statement =
            db.prepare("SELECT n, id FROM snapshot_member UNION ALL SELECT n, id FROM member")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let number: i64 = row.get(0)?;
            members.insert(MemberId::from_bytes(row.get(1)?), number);
            next_member = next_member.max(number + 1);
        }
        let streams = streams::all(db)?.into_iter().map(|(n, stream)| (stream, n)).collect();
        Ok(Self { streams, members, next_member, last: None, new: Vec::new() })
    }

    fn member(&mut self, value: Value<'_>) -> Result<i64> {
        let id = MemberId::from_bytes(sixteen(value)?);
        let number = match self.last {
            Some((last, number)) if last == id => number,
            _ => self.number(id),
        };
        self.last = Some((id, number));
        Ok(number)
    }

    fn number(&mut self, id: MemberId) -> i64 {
        if let Some(number) = self.members.get(&id) {
            return *number;
        }
        let number = self.next_member;
        self.next_member += 1;
        self.members.insert(id, number);
        self.new.push((number, id));
        number
    }

    fn stream(&mut self, db: &Connection, till: Value<'_>, incarnation: Value<'_>) -> Result<i64> {
        let incarnation = u32::try_from(whole(incarnation)?).map_err(|_| bad("a life"))?;
        let stream = StreamId { till: TillId::from_bytes(sixteen(till)?), incarnation };
        if let Some(number) = self.streams.get(&stream) {
            return Ok(*number);
        }
        let number = streams::number(db, stream)?;
        self.streams.insert(stream, number);
        Ok(number)
    }

    /// Adds one row, as it is put, to `cells`.
    fn translate<'a>(
        &mut self,
        db: &Connection,
        table: &Layout,
        values: &[Value<'a>],
        cells: &mut Vec<Value<'a>>,
    ) -> Result<()> {
        let mut at = 0;
        for column in table.columns {
            let given = &values[at..at + column.taken()];
            at += column.taken();
            let cell = match (column, given) {
                (Plain, [value]) => *value,
                (Whose, [Value::Null]) => Value::Null,
                (Owner, [Value::Null]) => Value::Integer(STORES_OWN),
                (Member | Whose | Owner, [id]) => Value::Integer(self.member(*id)?),
                (File, [id]) => {
                    cells.push(Value::Integer(self.member(*id)?));
                    *id
                }
                (Holder, [Value::Null, Value::Null]) => Value::Integer(streams::NOBODY),
                (Stream | Holder, [till, life]) => Value::Integer(self.stream(db, *till, *life)?),
                (Entry, [till, life, seq]) => {
                    let seq = u64::try_from(whole(*seq)?).map_err(|_| bad("a place"))?;
                    let stream = self.stream(db, *till, *life)?;
                    Value::Integer(streams::entry_id(stream, seq).map_err(|_| bad("a place"))?)
                }
                _ => return Err(bad("a row of another shape")),
            };
            cells.push(cell);
        }
        Ok(())
    }
}

fn sixteen(value: Value<'_>) -> Result<[u8; 16]> {
    match value {
        Value::Blob(bytes) => bytes.try_into().map_err(|_| bad("an id of another length")),
        _ => Err(bad("an id that is none")),
    }
}

fn whole(value: Value<'_>) -> Result<i64> {
    match value {
        Value::Integer(number) => Ok(number),
        _ => Err(bad("a number that is none")),
    }
}

struct Cell<'a>(Value<'a>);

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(number),
            Value::Text(bytes) => ValueRef::Text(bytes),
            Value::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// Puts a page into its table, and keeps how far it is.
///
/// # Errors
/// [`Error::HubUnreachable`] for rows that are none; those of the store.
pub fn put(db: &Connection, numbers: &mut Numbers, page: &Ready) -> Result<()> {
    if let Some(table) = page.table {
        put_rows(db, numbers, table, page)?;
    } else {
        all_named_have_come(db, numbers)?;
        keys_of_members::list_cards(db)?;
    }
    page.after.keep(db)
}

fn put_rows(
    db: &Connection,
    numbers: &mut Numbers,
    table: &'static Layout,
    page: &Ready,
) -> Result<()> {
    let mut rest = &page.bytes[page.rows..];
    let (taken, given) = (table.taken(), table.given());
    let (mut values, mut cells) = (Vec::new(), Vec::new());
    let mut found_by = page.found_by.iter();
    while !rest.is_empty() {
        row(&mut rest, taken, &mut values)?;
        numbers.translate(db, table, &values, &mut cells)?;
        cells.extend(found_by.next().map(|keys| Value::Text(keys.as_bytes())));
    }
    if !table.is_of_members() {
        keep_new_numbers(db, numbers)?;
    }
    numbers.new.clear();
    let mut rows: Vec<&[Value<'_>]> = cells.chunks_exact(given).collect();
    if let Some(by) = table.by {
        // Rows that have the same stay in their order.
        rows.sort_by_key(|row| whole(row[by]).unwrap_or(STORES_OWN));
    }
    insert(db, (table.into, table.always), given, rows)
}

/// Inserts rows, many with one statement: those that stand next to one another are then found
/// without a search from the root. What is here already (this till's own first entry) stays.
fn insert<'a, R: AsRef<[Value<'a>]>>(
    db: &Connection,
    (into, always): (&str, &str),
    columns: usize,
    rows: impl IntoIterator<Item = R>,
) -> Result<()> {
    let one = format!("({}{always})", vec!["?"; columns].join(","));
    let statement = |rows: usize| {
        let values = vec![one.as_str(); rows].join(",");
        db.prepare_cached(&format!("INSERT INTO {into} VALUES {values} ON CONFLICT DO NOTHING"))
    };
    let mut many = statement(ROWS_AT_ONCE)?;
    let mut waiting: Vec<R> = Vec::with_capacity(ROWS_AT_ONCE);
    for row in rows {
        waiting.push(row);
        if waiting.len() == ROWS_AT_ONCE {
            put_cells(&mut many, waiting.drain(..))?;
        }
    }
    let mut single = statement(1)?;
    waiting.into_iter().try_for_each(|row| put_cells(&mut single, [row]))
}

fn put_cells<'a, R: AsRef<[Value<'a>]>>(
    statement: &mut Statement<'_>,
    rows: impl IntoIterator<Item = R>,
) -> Result<()> {
    let mut place = 0;
    for row in rows {
        for value in row.as_ref() {
            place += 1;
            statement.raw_bind_parameter(place, Cell(*value))?;
        }
    }
    match statement.raw_execute() {
        Ok(_) => Ok(()),
        Err(error) if does_not_fit(&error) => Err(bad("a row does not fit its table")),
        Err(error) => Err(error.into()),
    }
}

fn does_not_fit(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(code, Some(ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch))
}

/// A page of members brings their numbers with it; those of others are kept until then.
fn keep_new_numbers(db: &Connection, numbers: &Numbers) -> Result<()> {
    let rows = numbers.new.iter().map(|(n, id)| [Value::Integer(*n), Value::Blob(id.as_bytes())]);
    insert(db, ("snapshot_member (n, id)", ""), 2, rows)
}

fn all_named_have_come(db: &Connection, numbers: &Numbers) -> Result<()> {
    let files: i64 = db.query_row("SELECT count(*) FROM member", [], |row| row.get(0))?;
    let named = i64::try_from(numbers.members.len()).unwrap_or(i64::MAX);
    if files == named { Ok(()) } else { Err(bad("members are missing")) }
}

/// Nothing of a snapshot is on its way any more: it has all come, or is given up.
///
/// # Errors
/// Those of the store.
pub fn over(db: &Connection) -> Result<()> {
    index(db)?;
    db.execute_batch("DROP TABLE IF EXISTS snapshot_member")?;
    local::remove(db, ON_ITS_WAY)
}

/// Whether this store began from a snapshot: its tables know what its journal does not.
///
/// # Errors
/// Those of the store.
pub fn began(db: &Connection) -> Result<bool> {
    Ok(local::get(db, local::SNAPSHOT)?.unwrap_or(false))
}

/// Whether an entry that is not here was folded by the hub, before this store began from its
/// snapshot: then the fact is here, at the entry's place.
///
/// # Errors
/// Those of the store.
pub fn holds(db: &Connection, fact: &[u8; 16], entry: i64) -> Result<bool> {
    let place: Option<i64> = db
        .prepare_cached("SELECT entry FROM fact WHERE id = ?1")?
        .query_row([fact], |row| row.get(0))
        .optional()?;
    Ok(place == Some(entry))
}

/// How a connection was set before it was in a hurry.
pub struct Calm {
    synchronous: i64,
    cache_size: i64,
    autocheckpoint: i64,
}

/// Lets commits wait for nothing while a snapshot comes in. The log still orders what reaches the
/// disk, so a power cut takes at most the last pages with it, and those can be had again.
///
/// # Errors
/// Those of the store.
pub fn hurry(db: &Connection) -> Result<Calm> {
    let read = |name: &str| db.pragma_query_value(None, name, |row| row.get(0));
    let calm = Calm {
        synchronous: read("synchronous")?,
        cache_size: read("cache_size")?,
        autocheckpoint: read("wal_autocheckpoint")?,
    };
    db.pragma_update(None, "synchronous", "normal")?;
    db.pragma_update(None, "cache_size", -CACHE_KIB)?;
    set_autocheckpoint(db, LOG_PAGES)?;
    Ok(calm)
}

/// The setting answers with what it is now.
fn set_autocheckpoint(db: &Connection, pages: i64) -> Result<()> {
    Ok(db.pragma_update_and_check(None, "wal_autocheckpoint", pages, |_| Ok(()))?)
}

impl Calm {
    /// Sets everything as it was, and puts all there is onto the disk.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn again(&self, db: &Connection) -> Result<()> {
        db.pragma_update(None, "synchronous", self.synchronous)?;
        db.pragma_update(None, "cache_size", self.cache_size)?;
        set_autocheckpoint(db, self.autocheckpoint)?;
        Ok(db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
    }
}

#[cfg(test)]
mod tests;
