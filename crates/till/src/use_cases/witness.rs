//! The till as a witness of the hub's log: it remembers the newest head of it that it was told of, takes
//! only a later one of which that is the beginning, and sees that what it reads comes to that head.

use punchcard_protocol::{
    Edge, Hash, hash_header, is_beginning, leaf,
    sync::{Known, PullAnswer, Welcome},
};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, Result},
    store::local::{self, HubLink},
    work::Work,
};

/// The newest head of the hub's log that this till was told of.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Told {
    epoch: u32,
    size: u64,
    root: Hash,
}

/// The tree's edge as far as this till has read the log.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Read {
    epoch: u32,
    edge: Edge,
}

/// What this till was told of the log in an epoch.
///
/// # Errors
/// Those of the store.
pub(crate) fn told(db: &Connection, epoch: u32) -> Result<Option<Known>> {
    let told: Option<Told> = local::get(db, local::LOG_HEAD)?;
    let told = told.filter(|told| told.epoch == epoch);
    Ok(told.map(|told| Known { seq: told.size, hash: told.root }))
}

/// Keeps the head that a hub told of at the start of a sync. A hub of another epoch was restored, and
/// its log is another one.
///
/// # Errors
/// [`Error::LogChanged`] where the head is not the hub's, or what was told before is not its beginning.
pub(crate) fn keep(work: &Work<'_>, hub: &HubLink, welcome: &Welcome) -> Result<()> {
    // A hub of an older version, perhaps beside a newer one on the same database.
    let Some(log) = &welcome.log else { return Ok(()) };
    let mut key = [0; 32];
    hex::decode_to_slice(&hub.key, &mut key)
        .map_err(|_| Error::Damaged("the hub's key cannot be read".into()))?;
    if let Err(error) = log.verify(&key, hub.hub, welcome.epoch) {
        tracing::error!(%error, "the hub's log is not signed by the hub");
        return Err(Error::LogChanged);
    }
    if let Some(before) = told(work.db, welcome.epoch)?
        && !is_beginning((before.seq, before.hash), (log.size, log.root), &log.proof)
    {
        let (before, size) = (before.seq, log.size);
        tracing::error!(before, size, "THE HUB'S LOG DOES NOT BEGIN AS IT DID");
        return Err(Error::LogChanged);
    }
    let told = Told { epoch: welcome.epoch, size: log.size, root: log.root };
    local::set(work.db, local::LOG_HEAD, &told)
}

/// Whether this till lacks the tree's edge where it reads on: it began from a snapshot, or its program
/// was older.
///
/// # Errors
/// Those of the store.
pub(crate) fn lacks_edge(db: &Connection, epoch: u32, after: u64) -> Result<bool> {
    Ok(after > 0 && edge_at(db, epoch, after)?.is_none())
}

fn edge_at(db: &Connection, epoch: u32, after: u64) -> Result<Option<Edge>> {
    if after == 0 {
        return Ok(Some(Edge::default()));
    }
    let read: Option<Read> = local::get(db, local::LOG_EDGE)?;
    Ok(read.filter(|read| read.epoch == epoch && read.edge.size() == after).map(|read| read.edge))
}

/// Sees that what was read of the whole log after a position is what the hub's tree is made of.
///
/// # Errors
/// [`Error::LogChanged`] where it is not.
pub(crate) fn read(work: &Work<'_>, after: u64, answer: &PullAnswer) -> Result<()> {
    let Some(tree) = &answer.tree else { return Ok(()) };
    let Some(hub) = local::get::<HubLink>(work.db, local::HUB)? else { return Ok(()) };
    let given = || tree.edge.clone().and_then(|peaks| Edge::of(after, peaks));
    let Some(mut edge) = edge_at(work.db, hub.epoch, after)?.or_else(given) else {
        // Asked for the next time.
        return Ok(());
    };
    let told = told(work.db, hub.epoch)?;
    let fits =
        |edge: &Edge| told.is_none_or(|told| told.seq != edge.size() || told.hash == edge.root());
    let mut holds = fits(&edge);
    for (position, leaf) in leaves(after, answer)? {
        holds &= position == edge.size() + 1;
        edge.add(leaf);
        holds &= fits(&edge);
    }
    if !holds || edge.size() != answer.scanned_to || edge.root() != tree.root {
        let to = answer.scanned_to;
        tracing::error!(after, to, "THE HUB'S ENTRIES ARE NOT THOSE THAT ITS TREE WAS MADE OF");
        return Err(Error::LogChanged);
    }
    local::set(work.db, local::LOG_EDGE, &Read { epoch: hub.epoch, edge })
}

/// The leaves of what came, in the order of their positions.
fn leaves(after: u64, answer: &PullAnswer) -> Result<Vec<(u64, Hash)>> {
    let mut leaves = Vec::with_capacity(answer.packets.len());
    for one in answer.packets.iter().filter(|one| one.position > after) {
        let header = hex::decode(&one.packet.header).map_err(|_| Error::LogChanged)?;
        leaves.push((one.position, leaf(hash_header(&header), false)));
    }
    let kept_back = answer.tree.iter().flat_map(|tree| &tree.kept_back);
    leaves.extend(kept_back.map(|(position, hash)| (*position, leaf(*hash, true))));
    leaves.sort_unstable_by_key(|(position, _)| *position);
    Ok(leaves)
}
