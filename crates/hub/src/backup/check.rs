//! Reading backups back: does each hold what it says?

use std::path::Path;

use punchcard_protocol::{Entry, Header as EntryHeader, SetSum, hash_header, sync::Known};
use serde::Serialize;

use super::{
    Passphrase,
    file::{Header, Item, Reader},
    folder::{Folder, Found},
    kept::{LOG, LOG_COLUMNS, STATE},
    seal::Keys,
};
use crate::{
    error::{Error, Result},
    store::Datum,
};

/// An entry as it is in a backup.
pub(crate) struct LoggedEntry {
    pub(crate) position: u64,
    pub(crate) header: EntryHeader,
    pub(crate) entry: Entry,
    pub(crate) kept_back: bool,
    pub(crate) received_ms: i64,
    pub(crate) signature: Option<[u8; punchcard_protocol::SIGNATURE_BYTES]>,
    pub(crate) private: Option<punchcard_protocol::PrivatePart>,
}

impl LoggedEntry {
    /// How long it is, about.
    pub(crate) fn bytes(&self) -> usize {
        let private = self.private.as_ref().map_or(0, |part| part.bytes.len());
        self.entry.header.len() + self.entry.payload.len() + private
    }

    /// Reads a row; none where it is not an entry, or not the one that its row says.
    pub(crate) fn read(row: &[Datum]) -> Option<Self> {
        if row.len() != LOG_COLUMNS.len() {
            return None;
        }
        let entry = Entry {
            header: row[3].bytes().ok()?.to_vec(),
            salt: row[4].exactly().ok()?,
            payload: row[5].bytes().ok()?.to_vec(),
        };
        let header = EntryHeader::from_bytes(&entry.header).ok()?;
        if header.stream != row[1].stream().ok()? || header.seq != row[2].count().ok()? {
            return None;
        }
        let kept_back = row[6].int().ok()? != 0;
        // What is passed on is what its header says.
        if !kept_back && entry.check().is_err() {
            return None;
        }
        let private = match (row[9].optional(Datum::exactly::<16>).ok()?, &row[10]) {
            (Some(salt), Datum::Blob(bytes)) => {
                Some(punchcard_protocol::PrivatePart { salt, bytes: bytes.clone() })
            }
            (None, Datum::Null) => None,
            _ => return None,
        };
        Some(Self {
            position: row[0].count().ok()?,
            header,
            entry,
            kept_back,
            received_ms: row[7].int().ok()?,
            signature: row[8].optional(Datum::exactly).ok()?,
            private,
        })
    }
}

/// Which part of a file is wanted; the rest is passed over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    State,
    Log,
    All,
}

/// What a file holds, one after the other.
pub(crate) enum Held<'a> {
    /// A row of a table that is kept whole: its place in [`STATE`], the columns that the file has,
    /// and the row.
    State(usize, &'a [String], Vec<Datum>),
    /// An entry.
    Entry(Box<LoggedEntry>),
}

/// Reads a file to its end, and sees that it holds together: every chunk, every entry, positions
/// without a gap, and the sum that its header names. Returns how many entries there are.
///
/// # Errors
/// [`Error::BadBackup`], [`Error::BackupNewer`], those of the disk and of `each`.
pub(crate) fn read_through(
    header: &Header,
    mut reader: Reader,
    part: Part,
    each: &mut dyn FnMut(Held<'_>) -> Result<()>,
) -> Result<u64> {
    let mut at = Known { seq: header.after.seq, hash: header.after.hash };
    let mut sum = SetSum::from_hash(at.hash);
    let mut table: Option<(Option<usize>, Vec<String>)> = None;
    let mut has_hub = false;
    while let Some(item) = reader.next()? {
        match item {
            Item::Table(name, columns) => {
                table = Some((place_of(&reader, &name, &columns)?, columns));
            }
            Item::Row(row) => match &table {
                Some((Some(place), columns)) => {
                    if row.len() != columns.len() {
                        return Err(reader.bad("a row in it does not fit its table"));
                    }
                    has_hub |= STATE[*place].table.table == "hub";
                    if part != Part::Log {
                        each(Held::State(*place, columns, row))?;
                    }
                }
                Some((None, _)) => {
                    let entry = LoggedEntry::read(&row)
                        .filter(|entry| entry.position == at.seq + 1)
                        .ok_or_else(|| {
                            reader.bad(&format!("the entry at {} is not whole", at.seq + 1))
                        })?;
                    at.seq = entry.position;
                    if !entry.kept_back {
                        sum.add(hash_header(&entry.entry.header));
                    }
                    if part != Part::State {
                        each(Held::Entry(Box::new(entry)))?;
                    }
                }
                None => return Err(reader.bad("a row in it has no table")),
            },
        }
    }
    at.hash = sum.to_hash();
    if at != header.upto || !has_hub {
        return Err(reader.bad("it does not hold what it says it holds"));
    }
    Ok(at.seq.saturating_sub(header.after.seq))
}

/// Where a table is in [`STATE`]; none: it is the log.
fn place_of(reader: &Reader, name: &str, columns: &[String]) -> Result<Option<usize>> {
    let newer = || Error::BackupNewer(reader.name().to_owned());
    if name == LOG {
        let same = columns.iter().map(String::as_str).eq(LOG_COLUMNS.iter().copied());
        return if same { Ok(None) } else { Err(newer()) };
    }
    let place = STATE.iter().position(|kept| kept.table.table == name).ok_or_else(newer)?;
    let known = STATE[place].columns();
    let all = columns.iter().all(|column| known.contains(&column.as_str()));
    if all { Ok(Some(place)) } else { Err(newer()) }
}

/// Opens a backup; it must be the one that was found.
pub(crate) fn open(found: &Found, keys: &mut Keys<'_>) -> Result<(Header, Reader)> {
    let (header, reader) = Reader::open(&found.path, keys)?;
    if header == found.header {
        return Ok((header, reader));
    }
    Err(reader.bad("it has changed while it was read"))
}

/// Reads one backup from its beginning to its end.
pub(crate) fn check(found: &Found, keys: &mut Keys<'_>) -> Result<u64> {
    let (header, reader) = open(found, keys)?;
    read_through(&header, reader, Part::All, &mut |_| Ok(()))
}

/// A chain of which every file was read, and is whole.
pub struct Verified {
    pub(crate) chain: Vec<Found>,
    /// Entries in all of them.
    pub entries: u64,
    /// When the newest was begun: Unix ms.
    pub made_ms: i64,
    pub(crate) passphrase: Passphrase,
}

impl Verified {
    /// Reads what is to be restored: up to the backup of that name, else all of the newest chain.
    ///
    /// # Errors
    /// [`Error::WrongPassphrase`], [`Error::BadBackup`], [`Error::BackupNewer`], [`Error::Usage`],
    /// those of the disk.
    pub fn read(folder: &Path, at: Option<&str>, passphrase: &Passphrase) -> Result<Self> {
        let chain = Folder::existing(folder)?.list()?.choose(at)?;
        let mut keys = Keys::of(passphrase);
        let mut entries = 0;
        for found in &chain {
            entries += check(found, &mut keys)?;
        }
        let made_ms = chain.last().map_or(0, |last| last.header.made_ms);
        Ok(Self { chain, entries, made_ms, passphrase: passphrase.clone() })
    }

    /// The names of its files, the full one first.
    pub fn files(&self) -> Vec<String> {
        self.chain.iter().map(Found::name).collect()
    }
}

/// What was found of one file.
#[derive(Debug, Clone, Serialize)]
pub struct FileLine {
    /// Its name.
    pub file: String,
    /// `full`, or `more`: it goes on from another one. Empty where even that cannot be read.
    pub kind: &'static str,
    /// When it was begun: Unix ms.
    pub made_ms: i64,
    /// Entries in it.
    pub entries: u64,
    /// What is wrong with it.
    pub problem: Option<String>,
}

/// Reads every backup in a folder, the oldest first.
///
/// # Errors
/// Those of the folder; what is wrong with a file is told of it.
pub fn verify_folder(folder: &Path, passphrase: &Passphrase) -> Result<Vec<FileLine>> {
    let listing = Folder::existing(folder)?.list()?;
    let mut keys = Keys::of(passphrase);
    let mut lines = Vec::new();
    for found in &listing.found {
        let outcome = listing.chain_to(found).and_then(|_| check(found, &mut keys));
        lines.push(FileLine {
            file: found.name(),
            kind: if found.header.previous.is_some() { "more" } else { "full" },
            made_ms: found.header.made_ms,
            entries: *outcome.as_ref().unwrap_or(&0),
            problem: outcome.err().map(|error| error.to_string()),
        });
    }
    lines.extend(listing.unreadable.iter().map(|(path, error)| FileLine {
        file: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        kind: "",
        made_ms: 0,
        entries: 0,
        problem: Some(error.to_string()),
    }));
    Ok(lines)
}
