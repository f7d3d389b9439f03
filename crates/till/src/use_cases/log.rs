//! The journal as it lies there, for support: no personal data.

use serde::Serialize;

use crate::{
    error::Result,
    store::{journal, streams},
    till::Till,
};

/// One entry.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LogLine {
    /// Whose journal.
    pub stream: String,
    /// Place in it.
    pub seq: u64,
    /// Hash of the entry.
    pub hash: String,
    /// When, by the machine's clock: Unix ms.
    pub wall_ms: i64,
    /// Who was signed in.
    pub staff: String,
    /// Kind of fact, by name; `kind 99` for one this build does not know.
    pub kind: String,
    /// The fact.
    pub payload: serde_json::Value,
}

impl Till {
    /// Entries of this till's own journals after a place in the newest one, in order.
    ///
    /// # Errors
    /// Those of the store.
    pub fn log(&self, after: u64, mut each: impl FnMut(LogLine) -> Result<()>) -> Result<()> {
        let number = self.write(|work| Ok(work.stream_number()))?;
        self.read(|db| {
            journal::walk(db, streams::entry_id(number, after)?, |stored| {
                if streams::split_entry_id(stored.id).0 != number {
                    return Ok(());
                }
                let header = journal::read_header(&stored.entry.header)?;
                let fact = journal::fact_of(&header, &stored.entry.payload)?;
                each(LogLine {
                    stream: header.stream.to_string(),
                    seq: header.seq,
                    hash: stored.entry.hash().to_string(),
                    wall_ms: header.wall_ms,
                    staff: header.staff.to_string(),
                    kind: fact.map_or_else(
                        || format!("kind {}", header.kind),
                        |fact| fact.name().to_owned(),
                    ),
                    payload: serde_json::from_slice(&stored.entry.payload)?,
                })
            })
        })
    }
}
