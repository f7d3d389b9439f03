//! What of a hub's database is in a backup.
//!
//! The log, with private parts and signatures: of each backup its part. What the log does not say,
//! [`STATE`]: in each backup, whole. Not kept: what is folded from the log, channels (tills read
//! anew after a restore), where the database lies, and when backups were made.

use crate::store::{Column, Insert};

/// The name under which the log is in a backup.
pub(crate) const LOG: &str = "log";

/// The log's columns, as they are in a backup.
pub(crate) const LOG_COLUMNS: &[&str] = &[
    "position",
    "stream",
    "seq",
    "header",
    "salt",
    "payload",
    "kept_back",
    "received_ms",
    "signature",
    "private_salt",
    "private_bytes",
];

/// Entries after a position up to another one.
pub(crate) const LOG_QUERY: &str =
    "SELECT l.position, l.stream, l.seq, l.header, l.salt, l.payload, l.kept_back, l.received_ms,
            l.signature, p.salt, p.bytes
     FROM log l LEFT JOIN private_part p ON p.position = l.position
     WHERE l.position > $1 AND l.position <= $2 ORDER BY l.position";

/// A table that is kept whole.
pub(crate) struct Kept {
    pub(crate) table: Insert,
    /// What of it; all where it is empty.
    pub(crate) only: &'static str,
}

macro_rules! whole {
    ($table:literal, $only:literal, $(($name:literal, $column:ident)),* $(,)?) => {
        Kept {
            table: Insert {
                table: $table,
                columns: &[$(($name, Column::$column)),*],
                on_conflict: "",
            },
            only: $only,
        }
    };
}

/// Every table that is kept whole. A column that is new here must have a default in the schema: it
/// is left out where the backup is older.
pub(crate) const STATE: &[Kept] = &[
    whole!(
        "hub",
        "",
        ("one", Int),
        ("id", Blob),
        ("epoch", Int),
        ("position", Int),
        ("sum", Blob),
        ("hlc", Int),
        ("follow", Text),
        ("made_ms", Int),
    ),
    whole!("secret", "WHERE name <> 'place'", ("name", Text), ("value", Blob)),
    whole!(
        "till",
        "",
        ("id", Blob),
        ("store", Blob),
        ("name", Text),
        ("state", Text),
        ("paired_ms", Int),
        ("seen_ms", Int),
        ("reported", Int),
    ),
    whole!(
        "stream",
        "",
        ("stream", Blob),
        ("public_key", Blob),
        ("seq", Int),
        ("hash", Blob),
        ("hlc", Int),
        ("durable", Int),
        ("state", Text),
        ("opened_ms", Int),
        ("brought", Int),
    ),
    whole!(
        "pairing",
        "",
        ("id", Text),
        ("secret", Blob),
        ("store", Blob),
        ("expires_ms", Int),
        ("used_by", Blob),
        ("wrong", Int),
    ),
    whole!("follow", "", ("member", Blob), ("store", Blob)),
    whole!(
        "quarantine",
        "",
        ("id", Blob),
        ("at_ms", Int),
        ("till", Blob),
        ("why", Text),
        ("body", Blob),
    ),
    whole!("draw", "", ("id", Blob), ("till", Blob), ("at_ms", Int), ("answer", Text)),
    whole!(
        "ask",
        "",
        ("id", Blob),
        ("till", Blob),
        ("member", Blob),
        ("kind", Int),
        ("amount", Int),
        ("at_ms", Int),
    ),
    whole!(
        "inbox",
        "",
        ("id", Blob),
        ("at_ms", Int),
        ("code", Text),
        ("args", Text),
        ("settled", Int),
    ),
    whole!("hub_before", "", ("id", Blob), ("public_key", Blob)),
    whole!("closing", "", ("stream", Blob), ("seq", Int)),
    whole!("outlet", "", ("name", Text), ("position", Int), ("sequence", Int)),
];

/// Tables that are made of the log by a restore, or hold what is this database's own.
#[cfg(test)]
const NOT_KEPT: &[&str] = &[
    "refinery_schema_history",
    "private_part",
    "feed",
    "schedule",
    "fact",
    "void",
    "member",
    "member_key",
    "card_state",
    "record",
    "pass",
    "account",
    "debt",
    "takeover",
    "merge",
    "take_back",
    "gave_back",
    "frozen",
    "pass_change",
    "earned",
    "pending",
    "erased",
    "erasure",
    "redemption",
    "tree",
];

/// Columns that begin anew where a hub is put back: it is in an epoch of its own, in which no till has
/// said yet what it holds, and it is nobody's turn to publish.
#[cfg(test)]
const BEGIN_ANEW: &[(&str, &str)] =
    &[("stream", "reported"), ("outlet", "holder"), ("outlet", "until_ms")];

impl Kept {
    /// Asks for all of it.
    pub(crate) fn query(&self) -> String {
        format!("SELECT {} FROM {} {}", self.table.names(), self.table.table, self.only)
    }

    /// The names of its columns.
    pub(crate) fn columns(&self) -> Vec<&'static str> {
        self.table.columns.iter().map(|(name, _)| *name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Store as _, sqlite::Sqlite};

    #[test]
    fn each_table_and_each_column_is_kept_or_left_out_on_purpose() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let store = Sqlite::open(&dir.path().join("hub.db")).expect("it opens");
        let mut session = store.read().expect("a transaction");
        let sql = "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c
                   WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'";
        let here = session.rows(sql, &[]).expect("an answer");
        for row in here {
            let (table, column) = (row[0].text().expect("text"), row[1].text().expect("text"));
            let state = STATE.iter().find(|kept| kept.table.table == table);
            let kept = state.is_some_and(|kept| kept.columns().contains(&column))
                || (table == LOG
                    && (LOG_COLUMNS.contains(&column)
                        || ["hash", "member", "sum"].contains(&column)));
            let on_purpose = NOT_KEPT.contains(&table) || BEGIN_ANEW.contains(&(table, column));
            assert!(kept || on_purpose, "{table}.{column} would be lost");
        }
    }
}
