//! What a hub's snapshot brings, into this till's tables: page after page, each in one transaction
//! together with how far that is, so that whatever ends it, no page is missing and none is there
//! twice. What the rows name by global ids gets this machine's numbers on the way.
//!
//! The hub sends its tables one after the other, facts before the members that they are about: a
//! member's number is given where the member is first named, and kept in a table of its own until
//! all of them have come. What members are found by comes last, made from their files and sorted.

use std::collections::HashMap;

use punchcard_protocol::{
    FactId, Hash, MemberId, StreamId, TillId, Value,
    sync::{Manifest, PageHead},
};
use rusqlite::{
    Connection, OptionalExtension as _, ToSql, params,
    types::{ToSqlOutput, ValueRef},
};
use serde::{Deserialize, Serialize};
use sha2::{
    Digest as _, Sha256,
    digest::common::hazmat::{SerializableState as _, SerializedState},
};

use super::{keys_of_members, local, streams};
use crate::error::{Error, Result};

/// Where it is kept how far a snapshot has come; absent: none is on its way.
const ON_ITS_WAY: &str = "snapshot_on_its_way";
/// A store's own lots belong to this member.
const STORES_OWN: i64 = 0;
/// Pages of the log that are left together before they are put into the database.
const LOG_PAGES: i64 = 16 * 1024;
/// What the writer caches meanwhile, in KiB.
const CACHE_KIB: i64 = 96 * 1024;

/// How one or more values of a row become this machine's.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Local {
    /// As it is.
    Plain,
    /// A member: the number.
    Member,
    /// A member or nothing.
    MemberOrNothing,
    /// A member, or nothing for the store's own.
    Owner,
    /// A member whose file this is: the number, and the id.
    File,
    /// Till and incarnation: the number.
    Stream,
    /// Till and incarnation, or two times nothing for nobody.
    StreamOrNobody,
    /// Till, incarnation and place: where the entry would lie.
    Entry,
}
use Local::{Entry, File, Member, MemberOrNothing, Owner, Plain, Stream, StreamOrNobody};

impl Local {
    /// How many values it is made of.
    fn taken(self) -> usize {
        match self {
            Stream | StreamOrNobody => 2,
            Entry => 3,
            _ => 1,
        }
    }

    /// How many columns it fills.
    fn given(self) -> usize {
        if self == File { 2 } else { 1 }
    }
}

/// One table, as its rows come and as they are put.
struct Layout {
    name: &'static str,
    columns: &'static [Local],
    insert: &'static str,
    /// The column that the table is clustered by, where the rows come in another order: those of
    /// a page are put in this one.
    by: Option<usize>,
}

/// Every table of a snapshot.
const TABLES: &[Layout] = &[
    Layout {
        name: "fact",
        columns: &[Plain, Entry, Plain, MemberOrNothing, Plain, Plain, Plain, Plain, Plain, Plain],
        // The till's own first entry may be here already.
        insert: "INSERT INTO fact (id, entry, kind, member, store, at_ms, points, amount_minor,
                                   verdict, counted)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (id) DO NOTHING",
        by: None,
    },
    Layout {
        name: "void",
        columns: &[Plain; 2],
        insert: "INSERT INTO void (target, by) VALUES (?1, ?2)",
        by: None,
    },
    Layout {
        name: "member",
        columns: &[
            File, Plain, Plain, Plain, Plain, Plain, Plain, Plain, Plain, Plain, Plain, Plain,
            Plain, Plain, Plain,
        ],
        insert: "INSERT INTO member (n, id, name, phone, email, birthday, gender, note, tags,
                                     cards, tier, home_store, banned, photo, joined_ms, stamps,
                                     found_by)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,
                         ?17)",
        by: Some(0),
    },
    Layout {
        name: "record",
        columns: &[Plain; 5],
        insert: "INSERT INTO record (kind, id, body, hlc, stream) VALUES (?1, ?2, ?3, ?4, ?5)",
        by: None,
    },
    Layout {
        name: "pass",
        columns: &[Plain, Member, Plain, Plain, Plain, Plain, Plain],
        insert: "INSERT INTO pass (id, member, fact, name, first_day, last_day, visits)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        by: Some(1),
    },
    Layout {
        name: "account",
        columns: &[Plain, Owner, Plain, StreamOrNobody, Plain, Plain, Plain],
        insert: "INSERT INTO account (lot, member, account, stream, kind, amount, expires_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        by: Some(1),
    },
    Layout {
        name: "debt",
        columns: &[Member, Plain, Stream, Plain],
        insert: "INSERT INTO debt (member, kind, stream, amount) VALUES (?1, ?2, ?3, ?4)",
        by: Some(0),
    },
    Layout {
        name: "takeover",
        columns: &[Stream, Stream],
        insert: "INSERT INTO takeover (from_stream, to_stream) VALUES (?1, ?2)",
        by: None,
    },
    Layout {
        name: "merge",
        columns: &[Plain; 4],
        insert: "INSERT INTO merge (gone, kept, hlc, stream) VALUES (?1, ?2, ?3, ?4)",
        by: None,
    },
    Layout {
        name: "take_back",
        columns: &[Plain, Plain, Member, Plain],
        insert: "INSERT INTO take_back (lot, by, member, spent) VALUES (?1, ?2, ?3, ?4)",
        by: None,
    },
    Layout {
        name: "gave_back",
        columns: &[Plain, Stream],
        insert: "INSERT INTO gave_back (lot, stream) VALUES (?1, ?2)",
        by: None,
    },
    Layout {
        name: "frozen",
        columns: &[Plain; 4],
        insert: "INSERT INTO frozen (lot, frozen, hlc, stream) VALUES (?1, ?2, ?3, ?4)",
        by: None,
    },
];

/// Places of name, phone and cards in a member's row.
const NAME: usize = 1;
const PHONE: usize = 2;
const CARDS: usize = 8;

impl Layout {
    fn of(name: &str) -> Result<&'static Self> {
        TABLES
            .iter()
            .find(|table| table.name == name)
            .ok_or_else(|| bad(&format!("a table {name:?} that this program does not know")))
    }

    fn is_of_members(&self) -> bool {
        self.name == "member"
    }

    /// Values in a row as it comes.
    fn taken(&self) -> usize {
        self.columns.iter().map(|column| column.taken()).sum()
    }

    /// Columns of a row as it is put.
    fn given(&self) -> usize {
        let found_by = usize::from(self.is_of_members());
        self.columns.iter().map(|column| column.given()).sum::<usize>() + found_by
    }
}

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
    /// All pages have come, and members up to this number can be found.
    pub found_up_to: Option<i64>,
}

impl Progress {
    /// Nothing has come yet.
    pub fn new(hub: TillId, manifest: Manifest) -> Self {
        Self { hub, manifest, page: 0, table: None, whole: Vec::new(), found_up_to: None }
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
        self.progress.found_up_to = Some(0);
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

fn text<'a>(value: Value<'a>) -> Result<Option<&'a str>> {
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
        Ok(Self { streams, members, next_member, new: Vec::new() })
    }

    fn member(&mut self, value: Value<'_>) -> Result<i64> {
        let id = MemberId::from_bytes(sixteen(value)?);
        if let Some(number) = self.members.get(&id) {
            return Ok(*number);
        }
        let number = self.next_member;
        self.next_member += 1;
        self.members.insert(id, number);
        self.new.push((number, id));
        Ok(number)
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
                (MemberOrNothing, [Value::Null]) => Value::Null,
                (Owner, [Value::Null]) => Value::Integer(STORES_OWN),
                (Member | MemberOrNothing | Owner, [id]) => Value::Integer(self.member(*id)?),
                (File, [id]) => {
                    cells.push(Value::Integer(self.member(*id)?));
                    *id
                }
                (StreamOrNobody, [Value::Null, Value::Null]) => Value::Integer(streams::NOBODY),
                (Stream | StreamOrNobody, [till, life]) => {
                    Value::Integer(self.stream(db, *till, *life)?)
                }
                (Entry, [till, life, seq]) => {
                    let seq = u64::try_from(whole(*seq)?).map_err(|_| bad("a place"))?;
                    Value::Integer(streams::entry_id(self.stream(db, *till, *life)?, seq)?)
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
    match page.table {
        Some(table) => put_rows(db, numbers, table, page)?,
        None => all_named_have_come(db, numbers)?,
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
    let mut statement = db.prepare_cached(table.insert)?;
    for row in rows {
        for (place, value) in (1..).zip(row) {
            statement.raw_bind_parameter(place, Cell(*value))?;
        }
        statement.raw_execute()?;
    }
    Ok(())
}

/// A page of members brings their numbers with it; those of others are kept until then.
fn keep_new_numbers(db: &Connection, numbers: &Numbers) -> Result<()> {
    let mut statement = db.prepare_cached("INSERT INTO snapshot_member (n, id) VALUES (?1, ?2)")?;
    for (number, id) in &numbers.new {
        statement.execute(params![number, id.as_bytes()])?;
    }
    Ok(())
}

fn all_named_have_come(db: &Connection, numbers: &Numbers) -> Result<()> {
    let files: i64 = db.query_row("SELECT count(*) FROM member", [], |row| row.get(0))?;
    let named = i64::try_from(numbers.members.len()).unwrap_or(i64::MAX);
    if files == named { Ok(()) } else { Err(bad("members are missing")) }
}

/// What some members are found by, sorted as the table is.
pub struct Keys {
    text: Vec<u8>,
    /// Where each key begins, how long it is, and whose it is.
    places: Vec<(u32, u32, i64)>,
    /// The last of these members.
    up_to: i64,
}

impl Keys {
    /// Those of the members after a number, about so many; none: there are no more members.
    ///
    /// # Errors
    /// Those of the store.
    pub fn after(db: &Connection, after: i64, most: usize) -> Result<Option<Self>> {
        let mut keys = Self { text: Vec::new(), places: Vec::with_capacity(most), up_to: after };
        let mut statement =
            db.prepare_cached("SELECT n, found_by FROM member WHERE n > ?1 ORDER BY n")?;
        let mut rows = statement.query([after])?;
        while keys.places.len() < most
            && let Some(row) = rows.next()?
        {
            keys.up_to = row.get(0)?;
            let found_by = row.get_ref(1)?.as_str_or_null().unwrap_or(None).unwrap_or("[]");
            let found_by: Vec<String> = serde_json::from_str(found_by)?;
            found_by.iter().try_for_each(|key| keys.add(key))?;
        }
        if keys.up_to == after {
            return Ok(None);
        }
        keys.sort();
        Ok(Some(keys))
    }

    /// The last of these members.
    pub fn up_to(&self) -> i64 {
        self.up_to
    }

    fn add(&mut self, key: &str) -> Result<()> {
        let short = |length: usize| {
            u32::try_from(length).map_err(|_| Error::Internal("keys of 4 GiB".into()))
        };
        self.places.push((short(self.text.len())?, short(key.len())?, self.up_to));
        self.text.extend_from_slice(key.as_bytes());
        Ok(())
    }

    fn key(&self, (at, length, _): (u32, u32, i64)) -> &[u8] {
        let at = at as usize;
        self.text.get(at..at + length as usize).unwrap_or_default()
    }

    fn sort(&mut self) {
        let mut places = std::mem::take(&mut self.places);
        places.sort_unstable_by(|one, other| {
            self.key(*one).cmp(self.key(*other)).then(one.2.cmp(&other.2))
        });
        self.places = places;
    }

    /// Puts them into their table, and keeps how far it is.
    ///
    /// # Errors
    /// Those of the store.
    pub fn put(&self, db: &Connection) -> Result<()> {
        let mut statement = db.prepare_cached(
            "INSERT INTO member_key (key, member) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        )?;
        for place in &self.places {
            statement.raw_bind_parameter(1, Cell(Value::Text(self.key(*place))))?;
            statement.raw_bind_parameter(2, place.2)?;
            statement.raw_execute()?;
        }
        let Some(mut progress) = Progress::read(db)? else { return Ok(()) };
        progress.found_up_to = Some(self.up_to);
        progress.keep(db)
    }
}

/// Nothing of a snapshot is on its way any more: it has all come, or is given up.
///
/// # Errors
/// Those of the store.
pub fn over(db: &Connection) -> Result<()> {
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
