//! One hash over all folded tables: two stores that hold the same facts have the same one.
//!
//! Rows are taken in the order of their global ids, and everything that only means something on
//! this machine (local numbers, the rows that members are found by) is left out or resolved.

use punchcard_protocol::{Hash, TableHasher, Value, digest_of_tables};
use rusqlite::{Connection, types::ValueRef};

use crate::error::{Error, Result};

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
                banned, photo, contact, waiver, guardian, family, consent, referred_by, custom,
                dead_cards, phone_code, joined_ms, stamps FROM member ORDER BY id",
    ),
    (
        "card_state",
        "SELECT m.id, c.card, c.state, c.hlc, c.stream
         FROM card_state c JOIN member m ON m.n = c.member ORDER BY m.id, c.card",
    ),
    ("record", "SELECT kind, id, body, hlc, stream FROM record ORDER BY kind, id"),
    (
        "pass",
        "SELECT p.id, m.id, p.fact, p.name, p.first_day, p.last_day, p.visits, p.terms
         FROM pass p JOIN member m ON m.n = p.member ORDER BY p.id, m.id",
    ),
    ("pass_change", "SELECT pass, fact, what, body FROM pass_change ORDER BY pass, fact, what"),
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
         ORDER BY f.till, f.incarnation, t.till, t.incarnation",
    ),
    ("merge", "SELECT gone, kept, hlc, stream FROM merge ORDER BY gone"),
    (
        "take_back",
        "SELECT t.lot, t.by, m.id, t.spent FROM take_back t JOIN member m ON m.n = t.member
         ORDER BY t.lot, t.by",
    ),
    (
        "gave_back",
        "SELECT g.lot, s.till, s.incarnation FROM gave_back g JOIN stream s ON s.n = g.stream
         ORDER BY g.lot, s.till, s.incarnation",
    ),
    ("frozen", "SELECT lot, frozen, hlc, stream FROM frozen ORDER BY lot"),
    ("earned", "SELECT fact, rule, version, points FROM earned ORDER BY fact, rule"),
    ("pending", "SELECT lot, until_ms FROM pending ORDER BY lot"),
    ("erased", "SELECT member, by FROM erased ORDER BY member"),
    ("redemption", "SELECT fact, reward, code_step FROM redemption ORDER BY fact, reward"),
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
    Ok(digest_of_tables(tables(db)?))
}

fn table(db: &Connection, query: &str) -> Result<Hash> {
    let mut hasher = TableHasher::default();
    let mut statement = db.prepare(query)?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        for column in 0..columns {
            hasher.feed(match row.get_ref(column)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(number) => Value::Integer(number),
                ValueRef::Text(bytes) => Value::Text(bytes),
                ValueRef::Blob(bytes) => Value::Blob(bytes),
                ValueRef::Real(_) => return Err(Error::Damaged("a fraction in a table".into())),
            });
        }
    }
    Ok(hasher.finish())
}
