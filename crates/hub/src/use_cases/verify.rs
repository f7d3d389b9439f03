//! Does the hub's database hold together?

use punchcard_protocol::{Edge, Hash, Link, SetSum, StreamId, hash_header};
use serde::Serialize;

use super::give;
use crate::{
    error::Result,
    hub::{Hub, hub_row},
    store::{Session, journal, tree},
};

/// More problems than these help nobody.
const MOST_PROBLEMS: usize = 20;
const BATCH: usize = 2000;

/// What `verify` found.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Everything holds.
    pub ok: bool,
    /// Entries looked at.
    pub entries: u64,
    /// What does not hold, in sentences.
    pub problems: Vec<String>,
}

impl Hub {
    /// Follows every journal, sees that positions have no gaps and sums add up, that no entry was changed
    /// after it came, and that every account adds up.
    ///
    /// # Errors
    /// Those of the database where it cannot even be read.
    pub fn verify(&self) -> Result<Report> {
        self.read(|session| {
            let mut problems = Vec::new();
            let entries = log(session, &mut problems)?;
            for row in journal::streams(session)? {
                let ended = has_ended(session, row.stream)?;
                chain(session, row.stream, row.link, ended, &mut problems)?;
            }
            ledger(session, &mut problems)?;
            problems.truncate(MOST_PROBLEMS);
            Ok(Report { ok: problems.is_empty(), entries, problems })
        })
    }
}

/// Positions one after the other, and the sums over them.
fn log(session: &mut dyn Session, problems: &mut Vec<String>) -> Result<u64> {
    let (mut position, mut sum) = (0, SetSum::default());
    let mut edge = Edge::default();
    loop {
        let rows = journal::after(session, position, BATCH)?;
        if rows.is_empty() {
            break;
        }
        for changed in tree::changed(session, &rows)? {
            problems.push(format!("the entry at {changed} was changed after it came"));
        }
        for row in rows {
            if row.position != position + 1 {
                problems.push(format!("position {} is missing", position + 1));
            }
            position = row.position;
            edge.add(tree::leaf_of(&row));
            if row.hash != hash_header(&row.entry.header) {
                problems.push(format!("the entry at {position} is not the one that came"));
            }
            if !row.kept_back {
                sum.add(row.hash);
                if let Err(error) = row.entry.check() {
                    problems.push(format!("the entry at {position}: {error}"));
                }
            }
            if row.sum != sum {
                problems.push(format!("the sum at {position} does not add up"));
                sum = row.sum;
            }
        }
    }
    let hub = hub_row(session)?;
    if hub.position != position {
        problems.push(format!("the newest position is {position}, not {}", hub.position));
    }
    if tree::edge(session, position).ok() != Some(edge) {
        problems.push("the tree over the log is not the log's".into());
    }
    Ok(position)
}

/// A hub's journal that does not go on, because the hub was restored: there is what the tills gave back.
/// Each entry is signed and counts by itself; some may be missing, others of another history.
fn has_ended(session: &mut dyn Session, stream: StreamId) -> Result<bool> {
    let hub = hub_row(session)?;
    let earlier = stream.till == hub.id && stream.incarnation < hub.epoch;
    Ok(earlier || give::hubs_before(session)?.contains(&stream.till))
}

/// One journal, link by link.
fn chain(
    session: &mut dyn Session,
    stream: StreamId,
    newest: Link,
    ended: bool,
    problems: &mut Vec<String>,
) -> Result<()> {
    let (mut seq, mut hash) = (0, Hash::ZERO);
    loop {
        let rows = journal::of_stream(session, stream, seq, BATCH)?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            let header = punchcard_protocol::Header::from_bytes(&row.entry.header);
            let follows = header.is_ok_and(|header| {
                let follows = header.seq == seq + 1 && header.previous == hash;
                header.stream == stream && (follows || ended && header.seq > seq)
            });
            if !follows {
                problems.push(format!("{stream}: entry {} does not follow", row.seq));
            }
            (seq, hash) = (row.seq, row.hash);
        }
    }
    if newest.seq != seq || newest.hash != hash {
        problems.push(format!("{stream}: the newest entry is {seq}, not {}", newest.seq));
    }
    Ok(())
}

/// Every lot adds up to nothing, and no account is below zero.
fn ledger(session: &mut dyn Session, problems: &mut Vec<String>) -> Result<()> {
    let below = session.rows("SELECT lot FROM account WHERE account <> 0 AND amount < 0", &[])?;
    if !below.is_empty() {
        problems.push(format!("{} accounts are below zero", below.len()));
    }
    let sql = "SELECT lot FROM account GROUP BY member, lot HAVING sum(amount) <> 0";
    for row in session.rows(sql, &[])?.iter().take(MOST_PROBLEMS) {
        problems
            .push(format!("the accounts of lot {} do not add up", hex::encode(row[0].bytes()?)));
    }
    Ok(())
}
