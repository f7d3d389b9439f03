//! One hash over all folded tables: two stores that hold the same facts have the same one.
//!
//! Rows are taken in the order of their global ids, and everything that only means something on
//! this machine (local numbers, the rows that members are found by) is left out or resolved.

use punchcard_protocol::Hash;
use rusqlite::{Connection, types::ValueRef};
use sha2::{Digest as _, Sha256};

use crate::error::Result;

/// Each folded table, as it is hashed.
const TABLES: &[(&str, &str)] = &[
    (
        "fact",
        "SELECT f.id, s.till, s.incarnation, f.entry & ((1 << 40) - 1), f.kind, m.id, f.store, f.at_ms,
                f.points, f.amount_minor, f.verdict, f.counted
         FROM fact f JOIN stream s ON s.n = f.entry >> 40 LEFT JOIN member m ON m.n = f.member
         ORDER BY f.id",
    ),
    ("void", "SELECT target, by FROM void ORDER BY target"),
    (
        "member",
        "SELECT id, name, phone, email, birthday, gender, note, tags, cards, tier, home_store,
                banned, photo, joined_ms, stamps FROM member ORDER BY id",
    ),
    ("record", "SELECT kind, id, body, hlc, stream FROM record ORDER BY kind, id"),
    (
        "pass",
        "SELECT p.id, m.id, p.fact, p.name, p.first_day, p.last_day, p.visits
         FROM pass p JOIN member m ON m.n = p.member ORDER BY p.id, m.id",
    ),
    (
        "account",
        "SELECT a.lot, m.id, a.account, s.till, s.incarnation, a.kind, a.amount,
                a.expires_ms
         FROM account a LEFT JOIN stream s ON s.n = a.stream LEFT JOIN member m ON m.n = a.member
         WHERE a.amount <> 0 ORDER BY a.lot, m.id, a.account, s.till, s.incarnation",
    ),
    (
        "debt",
        "SELECT m.id, d.kind, s.till, s.incarnation, d.amount
         FROM debt d JOIN member m ON m.n = d.member JOIN stream s ON s.n = d.stream
         WHERE d.amount <> 0 ORDER BY m.id, d.kind, s.till, s.incarnation",
    ),
    (
        "takeover",
        "SELECT f.till, f.incarnation, t.till, t.incarnation
         FROM takeover o JOIN stream f ON f.n = o.from_stream JOIN stream t ON t.n = o.to_stream
         ORDER BY f.till, f.incarnation, t.incarnation",
    ),
];

/// The hash of each folded table, by name.
///
/// # Errors
/// Those of the store.
pub fn tables(db: &Connection) -> Result<Vec<(&'static str, Hash)>> {
    TABLES.iter().map(|(name, query)| Ok((*name, table(db, query)?))).collect()
}

/// The hash over all of them.
///
/// # Errors
/// Those of the store.
pub fn whole(db: &Connection) -> Result<Hash> {
    let tables = tables(db)?;
    let parts: Vec<&[u8]> =
        tables.iter().flat_map(|(name, hash)| [name.as_bytes(), &hash.0[..]]).collect();
    Ok(Hash::of(b"punchcard/v1/digest\0", &parts))
}

fn table(db: &Connection, query: &str) -> Result<Hash> {
    let mut hasher = Sha256::new();
    let mut statement = db.prepare(query)?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        for column in 0..columns {
            feed(&mut hasher, row.get_ref(column)?);
        }
    }
    Ok(Hash(hasher.finalize().into()))
}

/// Type, length and bytes: no two different rows feed the same.
fn feed(hasher: &mut Sha256, value: ValueRef<'_>) {
    let (kind, bytes): (u8, &[u8]) = match value {
        ValueRef::Null => (0, &[]),
        ValueRef::Integer(number) => {
            hasher.update([1]);
            hasher.update(number.to_be_bytes());
            return;
        }
        ValueRef::Real(number) => {
            hasher.update([2]);
            hasher.update(number.to_bits().to_be_bytes());
            return;
        }
        ValueRef::Text(bytes) => (3, bytes),
        ValueRef::Blob(bytes) => (4, bytes),
    };
    hasher.update([kind]);
    hasher.update((bytes.len() as u64).to_be_bytes());
    hasher.update(bytes);
}
