//! The folded tables as they are hashed and sent: row by row in the order of global ids, the same
//! values in the same order as a till has them.

use punchcard_protocol::{Hash, StreamId, TableHasher, Value, digest_of_tables};

use super::{Datum, Session};
use crate::error::Result;

/// How a column is shown to others.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Show {
    /// As it is.
    Plain,
    /// Twenty bytes of a stream, as till and incarnation; empty: two times nothing.
    Stream,
    /// Empty bytes are nothing.
    OrNothing,
}
use Show::{OrNothing, Plain, Stream};

/// One folded table.
pub struct Table {
    /// Its name.
    pub name: &'static str,
    query: &'static str,
    columns: &'static [Show],
}

/// Every folded table, in the order in which a till hashes them.
pub const TABLES: &[Table] = &[
    Table {
        name: "fact",
        query: "SELECT id, stream, seq, kind, member, store, at_ms, points, amount_minor, verdict,
                       counted FROM fact ORDER BY id",
        columns: &[Plain, Stream, Plain, Plain, Plain, Plain, Plain, Plain, Plain, Plain, Plain],
    },
    Table {
        name: "void",
        query: "SELECT target, by FROM void ORDER BY target",
        columns: &[Plain, Plain],
    },
    Table {
        name: "member",
        query:
            "SELECT id, name, phone, email, birthday, gender, note, tags, cards, tier, home_store,
                       banned, photo, contact, waiver, guardian, family, consent, referred_by,
                       custom, dead_cards, phone_code, joined_ms, stamps FROM member
                       ORDER BY id",
        columns: &[Plain; 24],
    },
    Table {
        name: "card_state",
        query: "SELECT member, card, state, hlc, stream FROM card_state ORDER BY member, card",
        columns: &[Plain; 5],
    },
    Table {
        name: "record",
        query: "SELECT kind, id, body, hlc, stream FROM record ORDER BY kind, id",
        columns: &[Plain; 5],
    },
    Table {
        name: "pass",
        query: "SELECT id, member, fact, name, first_day, last_day, visits, terms FROM pass
                ORDER BY id, member",
        columns: &[Plain; 8],
    },
    Table {
        name: "pass_change",
        query: "SELECT pass, fact, what, body FROM pass_change ORDER BY pass, fact, what",
        columns: &[Plain; 4],
    },
    Table {
        name: "account",
        query: "SELECT lot, member, account, stream, kind, amount, expires_ms FROM account
                WHERE amount <> 0 ORDER BY lot, member, account, stream",
        columns: &[Plain, OrNothing, Plain, Stream, Plain, Plain, Plain],
    },
    Table {
        name: "debt",
        query: "SELECT member, kind, stream, amount FROM debt WHERE amount <> 0
                ORDER BY member, kind, stream",
        columns: &[Plain, Plain, Stream, Plain],
    },
    Table {
        name: "takeover",
        query: "SELECT from_stream, to_stream FROM takeover ORDER BY from_stream, to_stream",
        columns: &[Stream, Stream],
    },
    Table {
        name: "merge",
        query: "SELECT gone, kept, hlc, stream FROM merge ORDER BY gone",
        columns: &[Plain; 4],
    },
    Table {
        name: "take_back",
        query: "SELECT lot, by, member, spent FROM take_back ORDER BY lot, by",
        columns: &[Plain; 4],
    },
    Table {
        name: "gave_back",
        query: "SELECT lot, stream FROM gave_back ORDER BY lot, stream",
        columns: &[Plain, Stream],
    },
    Table {
        name: "frozen",
        query: "SELECT lot, frozen, hlc, stream FROM frozen ORDER BY lot",
        columns: &[Plain; 4],
    },
    Table {
        name: "earned",
        query: "SELECT fact, rule, version, points FROM earned ORDER BY fact, rule",
        columns: &[Plain; 4],
    },
    Table {
        name: "pending",
        query: "SELECT lot, until_ms FROM pending ORDER BY lot",
        columns: &[Plain; 2],
    },
    Table {
        name: "erased",
        query: "SELECT member, by FROM erased ORDER BY member",
        columns: &[Plain; 2],
    },
    Table {
        name: "redemption",
        query: "SELECT fact, reward, code_step FROM redemption ORDER BY fact, reward",
        columns: &[Plain; 3],
    },
];

/// Calls `each` with every row of a table, as it is shown to others.
///
/// # Errors
/// Those of the engine and of `each`.
pub fn scan(
    session: &mut dyn Session,
    table: &Table,
    each: &mut dyn FnMut(&[Datum]) -> Result<()>,
) -> Result<()> {
    let mut shown = Vec::new();
    session.query(table.query, &[], &mut |row| {
        shown.clear();
        for (value, show) in row.iter().zip(table.columns) {
            match show {
                OrNothing if value.bytes().is_ok_and(<[u8]>::is_empty) => shown.push(Datum::Null),
                Plain | OrNothing => shown.push(value.clone()),
                Stream if value.bytes()?.is_empty() => shown.extend([Datum::Null, Datum::Null]),
                Stream => {
                    let StreamId { till, incarnation } = value.stream()?;
                    shown.extend([till.as_bytes().into(), i64::from(incarnation).into()]);
                }
            }
        }
        each(&shown)
    })
}

/// The hash of each table, by name.
///
/// # Errors
/// Those of the engine.
pub fn digests(session: &mut dyn Session) -> Result<Vec<(&'static str, Hash)>> {
    TABLES
        .iter()
        .map(|table| {
            let mut hasher = TableHasher::default();
            scan(session, table, &mut |row| {
                for value in row {
                    hasher.feed(fed(value));
                }
                Ok(())
            })?;
            Ok((table.name, hasher.finish()))
        })
        .collect()
}

/// The hash over all of them.
///
/// # Errors
/// Those of the engine.
pub fn whole(session: &mut dyn Session) -> Result<Hash> {
    Ok(digest_of_tables(digests(session)?))
}

/// A value as it is hashed.
pub fn fed(value: &Datum) -> Value<'_> {
    match value {
        Datum::Null => Value::Null,
        Datum::Int(number) => Value::Integer(*number),
        Datum::Text(text) => Value::Text(text.as_bytes()),
        Datum::Blob(bytes) => Value::Blob(bytes),
    }
}
