//! Who was erased: what of theirs goes when that is folded, and stays away whatever comes later.
//!
//! Names, numbers and images lie in a member's row, in what they are found by, in what became of their
//! cards, and in private parts: of entries, and of entries that were set aside. Everything else knows
//! them by a random id.

use punchcard_domain::{
    fact::{Fact, MemberErased, about},
    member::MemberField,
};
use punchcard_protocol::{FactId, MemberId, PrivatePart, StaffId};
use rusqlite::{Connection, params};

use super::{fold, journal, local};
use crate::error::Result;

/// Whether a file was erased.
///
/// # Errors
/// Those of the store.
pub fn is_erased(db: &Connection, member: MemberId) -> Result<bool> {
    Ok(db.prepare_cached("SELECT 1 FROM erased WHERE member = ?1")?.exists([member.as_bytes()])?)
}

/// Everybody who was erased.
///
/// # Errors
/// Those of the store.
pub fn all(db: &Connection) -> Result<Vec<MemberId>> {
    let mut statement = db.prepare_cached("SELECT member FROM erased ORDER BY member")?;
    let rows = statement.query_map([], |row| row.get(0).map(MemberId::from_bytes))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Files whose erasing was set aside and that nothing else erased: whose it is, who did it, who approved it.
///
/// # Errors
/// Those of the store; [`crate::Error::Damaged`] for an entry that cannot be read.
pub fn only_aside(db: &Connection) -> Result<Vec<(StaffId, MemberErased)>> {
    let mut statement = db.prepare_cached("SELECT header, payload FROM set_aside ORDER BY n")?;
    let mut rows = statement.query([])?;
    let mut found: Vec<(StaffId, MemberErased)> = Vec::new();
    while let Some(row) = rows.next()? {
        let (header, payload): (Vec<u8>, Vec<u8>) = (row.get(0)?, row.get(1)?);
        let header = journal::read_header(&header)?;
        let Some(Fact::MemberErased(body)) = journal::fact_of(&header, &payload)? else {
            continue;
        };
        let known = found.iter().any(|(_, other)| other.member == body.member);
        if !known && !is_erased(db, body.member)? {
            found.push((header.staff, body));
        }
    }
    Ok(found)
}

/// How many were erased since a moment: Unix ms.
///
/// # Errors
/// Those of the store.
pub fn since(db: &Connection, since_ms: i64) -> Result<u64> {
    let count = "SELECT count(*) FROM erased e JOIN fact f ON f.id = e.by WHERE f.at_ms >= ?1";
    let count: i64 = db.prepare_cached(count)?.query_row([since_ms], |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// An entry's private part, where it may be kept: not where it is about somebody who was erased.
///
/// # Errors
/// Those of the store.
pub fn kept<'a>(
    db: &Connection,
    payload: &[u8],
    private: Option<&'a PrivatePart>,
) -> Result<Option<&'a PrivatePart>> {
    let Some(part) = private else { return Ok(None) };
    // In most shops nobody was, and nobody pays for asking.
    if !db.prepare_cached("SELECT 1 FROM erased LIMIT 1")?.exists([])? {
        return Ok(Some(part));
    }
    match about(payload) {
        Some(member) if is_erased(db, member)? => Ok(None),
        _ => Ok(Some(part)),
    }
}

/// Erases a file: `number` is its local one.
///
/// # Errors
/// Those of the store.
pub fn erase(db: &Connection, number: i64, member: MemberId, by: FactId) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO erased (member, by) VALUES (?1, ?2)
         ON CONFLICT (member) DO UPDATE SET by = min(by, ?2)",
    )?
    .execute(params![member.as_bytes(), by.as_bytes()])?;
    for statement in [
        blank(),
        "DELETE FROM member_key WHERE key IN
           (SELECT value FROM json_each((SELECT found_by FROM member WHERE n = ?1)))
           AND member = ?1"
            .to_owned(),
        "UPDATE member SET found_by = NULL WHERE n = ?1".to_owned(),
        "DELETE FROM card_state WHERE member = ?1".to_owned(),
        "DELETE FROM private_part WHERE entry IN
           (SELECT f.entry FROM fact_of_member o JOIN fact f ON f.id = o.id WHERE o.member = ?1)"
            .to_owned(),
    ] {
        db.prepare_cached(&statement)?.execute([number])?;
    }
    not_understood(db, member)?;
    set_aside(db, member)?;
    local::set(db, local::SCRUB, &true)?;
    local::set(db, local::OLD_COPIES, &true)
}

/// Empties every field. Their names come from a fixed list.
fn blank() -> String {
    let sets: String = MemberField::ALL.iter().fold(String::new(), |sets, field| {
        let name = fold::column(*field);
        sets + name + " = NULL, "
    });
    format!("UPDATE member SET {sets}stamps = x'' WHERE n = ?1")
}

/// Entries of kinds that this build does not know have no line in a table; whoever took one in was
/// told so.
fn not_understood(db: &Connection, member: MemberId) -> Result<()> {
    if !db.prepare_cached("SELECT 1 FROM notice WHERE code = 'unknown_facts'")?.exists([])? {
        return Ok(());
    }
    let theirs = entries_about(
        db,
        "SELECT p.entry, e.payload FROM private_part p JOIN entry e ON e.id = p.entry",
        member,
    )?;
    for entry in theirs {
        db.prepare_cached("DELETE FROM private_part WHERE entry = ?1")?.execute([entry])?;
    }
    Ok(())
}

fn set_aside(db: &Connection, member: MemberId) -> Result<()> {
    let with_part = "SELECT n, payload FROM set_aside WHERE private_bytes IS NOT NULL";
    for row in entries_about(db, with_part, member)? {
        db.prepare_cached(
            "UPDATE set_aside SET private_salt = NULL, private_bytes = NULL WHERE n = ?1",
        )?
        .execute([row])?;
    }
    Ok(())
}

fn entries_about(db: &Connection, ask: &str, member: MemberId) -> Result<Vec<i64>> {
    let mut statement = db.prepare_cached(ask)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let payload: Vec<u8> = row.get(1)?;
        if about(&payload) == Some(member) {
            found.push(row.get(0)?);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::connect;

    #[test]
    fn what_was_set_aside_loses_its_part_too() {
        let db = connect::in_memory().expect("memory");
        let (one, other) = (MemberId::from_bytes([1; 16]), MemberId::from_bytes([2; 16]));
        for (n, member) in [(0, one), (1, other)] {
            db.execute(
                "INSERT INTO member (n, id, name, stamps) VALUES (?1, ?2, 'x', x'')",
                params![n, member.as_bytes()],
            )
            .expect("a member");
            db.execute(
                "INSERT INTO set_aside (entry, header, salt, payload, private_salt, private_bytes)
                 VALUES (1, x'', x'', ?1, x'01', x'02')",
                [format!("{{\"id\":\"?\",\"member\":\"{member}\"}}").into_bytes()],
            )
            .expect("an entry");
        }
        erase(&db, 0, one, FactId::from_bytes([3; 16])).expect("room");
        let left = "SELECT group_concat(private_bytes IS NULL) FROM set_aside";
        let left: String = db.query_row(left, [], |row| row.get(0)).expect("two");
        assert_eq!(left, "1,0");
        let named = "SELECT group_concat(name IS NULL) FROM member";
        let named: String = db.query_row(named, [], |row| row.get(0)).expect("two");
        assert_eq!(named, "1,0");
    }
}
