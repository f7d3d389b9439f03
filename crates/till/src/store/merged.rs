//! Files that are one person's: registered twice, and merged.

use punchcard_domain::person;
use punchcard_protocol::{Header, MemberId};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{fold, read::MemberFile};
use crate::error::Result;

/// Whether any file is merged at all: in most shops none is, and nobody pays for asking.
fn none(db: &Connection) -> Result<bool> {
    Ok(!db.prepare_cached("SELECT 1 FROM merge LIMIT 1")?.exists([])?)
}

/// The file that a member is shown as, by local number: their own where they are not merged.
///
/// # Errors
/// Those of the store.
pub fn shown_as(db: &Connection, number: i64) -> Result<i64> {
    if none(db)? {
        return Ok(number);
    }
    let mut statement = db.prepare_cached("SELECT id FROM member WHERE n = ?1")?;
    let file =
        statement.query_row([number], |row| row.get(0).map(MemberId::from_bytes)).optional()?;
    let Some(file) = file else { return Ok(number) };
    let shown = person::shown_as(file, |gone| kept(db, gone))?;
    let mut statement = db.prepare_cached("SELECT n FROM member WHERE id = ?1")?;
    Ok(statement.query_row([shown.as_bytes()], |row| row.get(0))?)
}

/// The file that one was merged into, where it is here.
fn kept(db: &Connection, gone: MemberId) -> Result<Option<MemberId>> {
    let mut statement = db.prepare_cached(
        "SELECT k.id FROM merge m JOIN member k ON k.id = m.kept WHERE m.gone = ?1",
    )?;
    let found = statement.query_row([gone.as_bytes()], |row| row.get(0)).optional()?;
    Ok(found.map(MemberId::from_bytes))
}

/// All files of one person: local number of each, and whose it is where it is not the one they are
/// shown as, which stands first.
pub type Files = Vec<(i64, Option<MemberId>)>;

/// All files of the person whose file this is.
///
/// # Errors
/// Those of the store.
pub fn files(db: &Connection, number: i64) -> Result<Files> {
    if none(db)? {
        return Ok(vec![(number, None)]);
    }
    let mut files = vec![(shown_as(db, number)?, None)];
    let mut at = 0;
    while let Some((number, _)) = files.get(at).copied() {
        let mut statement = db.prepare_cached(
            "SELECT g.n, g.id FROM member k JOIN merge m ON m.kept = k.id
             JOIN member g ON g.id = m.gone WHERE k.n = ?1 ORDER BY g.id",
        )?;
        let gone = statement.query_map([number], |row| {
            Ok((row.get::<_, i64>(0)?, MemberId::from_bytes(row.get(1)?)))
        })?;
        for file in gone {
            let (number, id) = file?;
            if !files.iter().any(|(known, _)| *known == number) {
                files.push((number, Some(id)));
            }
        }
        at += 1;
    }
    Ok(files)
}

/// The same, of somebody whose file was read: mostly without asking.
///
/// # Errors
/// Those of the store.
pub fn files_of(db: &Connection, file: &MemberFile) -> Result<Files> {
    if file.alone { Ok(vec![(file.number, None)]) } else { files(db, file.number) }
}

/// Whether an entry that merged a file is the latest that says what the file is shown as.
///
/// # Errors
/// Those of the store.
pub fn is_in_force(db: &Connection, gone: MemberId, entry: &Header) -> Result<bool> {
    let (hlc, stream) = fold::stamp_columns(entry);
    Ok(db
        .prepare_cached("SELECT 1 FROM merge WHERE gone = ?1 AND hlc = ?2 AND stream = ?3")?
        .exists(params![gone.as_bytes(), hlc, stream])?)
}
