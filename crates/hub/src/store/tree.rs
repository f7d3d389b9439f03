//! The log as a Merkle tree, so that whoever was told of a head of it can be shown that nothing before
//! it was changed.
//!
//! Hashes of one level lie side by side, sixteen to a row; only every fourth level is kept, for what is
//! between is soon worked out. So an entry costs a sixteenth of a row and little more than its own hash.

use std::collections::BTreeMap;

use punchcard_protocol::{Edge, Hash, Place, hash_header, leaf, node, proof_places};

use super::{ByKey, Column, Datum, Insert, Session, journal};
use crate::error::{Error, Result};

/// Two to the power of this: hashes in a row.
const HEIGHT: u32 = 4;
/// Hashes in a row.
const WIDTH: u64 = 1 << HEIGHT;
/// Levels that are kept, of a tree of 2^62 leaves.
const LEVELS: u32 = 16;
/// So many entries are read at once where the tree is behind the log.
const CATCH_UP: usize = 2000;

const TREE: Insert = Insert {
    table: "tree",
    columns: &[("key", Column::Blob), ("hashes", Column::Blob)],
    on_conflict: "(key) DO UPDATE SET hashes = excluded.hashes",
};

const ROWS: ByKey = ByKey {
    one: "SELECT key, hashes FROM tree WHERE key = $1",
    many: "SELECT key, hashes FROM tree WHERE key = ANY($1)",
};

/// Which row: the kept level, and the place there.
type RowKey = (u32, u64);

fn key_bytes((level, index): RowKey) -> Vec<u8> {
    let mut bytes = vec![u8::try_from(level).unwrap_or(u8::MAX)];
    bytes.extend_from_slice(&index.to_be_bytes());
    bytes
}

/// The whole subtrees that leaves lie under, from left to right; `from` begins one as large as all of
/// them.
fn whole_in(from: u64, end: u64) -> Vec<Place> {
    let mut at = from;
    let mut places = Vec::new();
    while at < end {
        let level = (end - at).ilog2();
        places.push(Place { level, index: at >> level });
        at += 1 << level;
    }
    places
}

/// The whole subtrees below a place, in a tree of `size` leaves.
fn whole_below(place: Place, size: u64) -> Vec<Place> {
    let from = place.index << place.level;
    whole_in(from, size.min(from.saturating_add(1 << place.level)))
}

/// Where the hashes are from which the root of a whole subtree follows.
fn row_of(place: Place) -> RowKey {
    (place.level / HEIGHT, (place.index << (place.level % HEIGHT)) / WIDTH)
}

/// Rows of the tree in memory.
#[derive(Default)]
struct Rows(BTreeMap<RowKey, Vec<Hash>>);

impl Rows {
    fn read(session: &mut dyn Session, keys: impl IntoIterator<Item = RowKey>) -> Result<Self> {
        let keys: Vec<Vec<u8>> = keys.into_iter().map(key_bytes).collect();
        let mut rows = BTreeMap::new();
        session.query_keys(&ROWS, &keys, &[], &mut |row| {
            let (key, hashes) = row_read(&row[0], &row[1])?;
            rows.insert(key, hashes);
            Ok(())
        })?;
        Ok(Self(rows))
    }

    /// The root of a subtree that has all its leaves.
    fn whole(&self, place: Place) -> Result<Hash> {
        let row = self.0.get(&row_of(place)).ok_or_else(torn)?;
        let width = 1 << (place.level % HEIGHT);
        let from = usize::try_from((place.index * width) % WIDTH).map_err(|_| torn())?;
        let to = from + usize::try_from(width).map_err(|_| torn())?;
        let mut edge = Edge::default();
        row.get(from..to).ok_or_else(torn)?.iter().for_each(|hash| edge.add(*hash));
        Ok(edge.root())
    }

    /// The root over the leaves below a place, in a tree of `size` leaves.
    fn at(&self, place: Place, size: u64) -> Result<Hash> {
        let below = whole_below(place, size);
        let roots: Result<Vec<Hash>> = below.into_iter().map(|place| self.whole(place)).collect();
        let mut roots = roots?.into_iter().rev();
        let last = roots.next().ok_or_else(torn)?;
        Ok(roots.fold(last, |right, left| node(left, right)))
    }

    fn edge(&self, size: u64) -> Result<Edge> {
        let peaks: Result<Vec<Hash>> =
            whole_in(0, size).into_iter().map(|place| self.whole(place)).collect();
        Edge::of(size, peaks?).ok_or_else(torn)
    }
}

fn row_read(key: &Datum, hashes: &Datum) -> Result<(RowKey, Vec<Hash>)> {
    let key: [u8; 9] = key.exactly()?;
    let mut index = [0; 8];
    index.copy_from_slice(&key[1..]);
    let hashes = hashes.bytes()?.chunks(32).map(|bytes| bytes.try_into().map(Hash));
    let hashes = hashes.collect::<std::result::Result<_, _>>().map_err(|_| torn())?;
    Ok(((u32::from(key[0]), u64::from_be_bytes(index)), hashes))
}

fn torn() -> Error {
    Error::Damaged("the tree over its log has holes; see what verify says".into())
}

/// The tree's edge where the log had `size` entries.
///
/// # Errors
/// [`Error::Damaged`] where the tree is not as long; those of the engine.
pub fn edge(session: &mut dyn Session, size: u64) -> Result<Edge> {
    Rows::read(session, whole_in(0, size).into_iter().map(row_of))?.edge(size)
}

/// What a till is to be told of the log.
#[derive(Debug)]
pub struct Told {
    /// The root over all entries.
    pub root: Hash,
    /// That those of which the till was told are their beginning.
    pub proof: Vec<Hash>,
}

/// What a till is to be told of a log of `size` entries, that was told of one of `before`.
///
/// # Errors
/// As [`edge`].
pub fn told(session: &mut dyn Session, before: u64, size: u64) -> Result<Told> {
    let places = proof_places(before, size);
    let below = places.iter().flat_map(|place| whole_below(*place, size));
    let rows = Rows::read(session, whole_in(0, size).into_iter().chain(below).map(row_of))?;
    let proof: Result<Vec<Hash>> = places.into_iter().map(|place| rows.at(place, size)).collect();
    Ok(Told { root: rows.edge(size)?.root(), proof: proof? })
}

/// Adds leaves to a tree of `size`. Where it is not as long (an older program wrote to the log, or
/// there was no tree yet), it is made from the log, which has these entries already.
///
/// # Errors
/// Those of the engine.
pub fn grow(session: &mut dyn Session, size: u64, leaves: &[Hash]) -> Result<()> {
    // The last row of each level, where it is not full; of the leaves also the one before.
    let before = (size >= WIDTH).then(|| (0, size / WIDTH - 1));
    let rows = Rows::read(session, last_rows(size).chain(before))?;
    let count = |key: RowKey| rows.0.get(&key).map_or(0, |row| row.len() as u64);
    let whole_before = size < WIDTH || count((0, size / WIDTH - 1)) == WIDTH;
    if !whole_before || count((0, size / WIDTH)) != size % WIDTH {
        return catch_up(session);
    }
    put(session, size, leaves, rows)
}

/// The last row of each level of a tree of `size`, where it may not be full.
fn last_rows(size: u64) -> impl Iterator<Item = RowKey> {
    let beside = move |level: u32| size >> (HEIGHT * level);
    let levels = (0..LEVELS).take_while(move |level| *level == 0 || beside(*level) > 0);
    levels.map(move |level| (level, beside(level) / WIDTH))
}

/// Writes leaves behind a tree of `size`, whose last rows these are.
fn put(session: &mut dyn Session, size: u64, leaves: &[Hash], mut edge: Rows) -> Result<()> {
    let (mut nodes, mut at, mut level) = (leaves.to_vec(), size, 0);
    let mut rows = Vec::new();
    while !nodes.is_empty() {
        let mut index = at / WIDTH;
        let mut row = match at % WIDTH {
            0 => Vec::new(),
            _ => edge.0.remove(&(level, index)).ok_or_else(torn)?,
        };
        let mut above = Vec::new();
        for hash in nodes {
            row.push(hash);
            if row.len() as u64 == WIDTH {
                let mut whole = Edge::default();
                for hash in &row {
                    whole.add(*hash);
                }
                above.push(whole.root());
                rows.push((level, index, std::mem::take(&mut row)));
                index += 1;
            }
        }
        if !row.is_empty() {
            rows.push((level, index, row));
        }
        (nodes, at, level) = (above, at / WIDTH, level + 1);
    }
    let rows = rows.into_iter().map(|(level, index, hashes)| {
        let bytes: Vec<u8> = hashes.into_iter().flat_map(|hash| hash.0).collect();
        vec![key_bytes((level, index)).into(), bytes.into()]
    });
    session.insert(&TREE, &rows.collect::<Vec<_>>())
}

/// Makes the tree as long as the log. One that is longer stays as it is: somebody took something out of
/// the log, and whoever reads it is to see that.
fn catch_up(session: &mut dyn Session) -> Result<()> {
    let mut size = length(session)?;
    let newest = session.row("SELECT max(position) FROM log", &[])?;
    let newest = newest.map_or(Ok(None), |row| row[0].optional(Datum::count))?.unwrap_or(0);
    while size < newest {
        let found = journal::leaves_after(session, size, CATCH_UP)?;
        let edge = Rows::read(session, last_rows(size))?;
        put(session, size, &found, edge)?;
        size += found.len() as u64;
        if found.is_empty() {
            return Err(Error::Damaged("its log has holes; see what verify says".into()));
        }
    }
    Ok(())
}

/// Cuts a tree that is longer than the log: what is left knows still what the log was up to there.
///
/// # Errors
/// Those of the engine.
pub fn cut(session: &mut dyn Session, size: u64) -> Result<()> {
    for level in 0..LEVELS {
        let count = size >> (HEIGHT * level);
        let last = (level, count / WIDTH);
        let beyond =
            [key_bytes(last).into(), vec![u8::try_from(level + 1).unwrap_or(u8::MAX)].into()];
        let rows = Rows::read(session, [last])?;
        session.execute("DELETE FROM tree WHERE key >= $1 AND key < $2", &beyond)?;
        let left = usize::try_from(count % WIDTH).map_err(|_| torn())?;
        let left = rows.0.get(&last).and_then(|row| row.get(..left)).unwrap_or_default();
        if !left.is_empty() {
            let bytes: Vec<u8> = left.iter().flat_map(|hash| hash.0).collect();
            session.insert(&TREE, &[vec![key_bytes(last).into(), bytes.into()]])?;
        }
    }
    Ok(())
}

/// How many leaves the tree has.
///
/// # Errors
/// Those of the engine.
pub fn length(session: &mut dyn Session) -> Result<u64> {
    let sql = "SELECT key, hashes FROM tree WHERE key < $1 ORDER BY key DESC LIMIT 1";
    let Some(row) = session.row(sql, &[vec![1].into()])? else { return Ok(0) };
    let ((_, index), hashes) = row_read(&row[0], &row[1])?;
    Ok(index * WIDTH + hashes.len() as u64)
}

/// Positions of rows of the log that are not what the tree has of them from when they came.
///
/// # Errors
/// Those of the engine.
pub fn changed(session: &mut dyn Session, rows: &[journal::LogRow]) -> Result<Vec<u64>> {
    let place = |row: &journal::LogRow| Place { level: 0, index: row.position.saturating_sub(1) };
    let kept = Rows::read(session, rows.iter().map(place).map(row_of))?;
    let other = rows.iter().filter(|row| kept.whole(place(row)).ok() != Some(leaf_of(row)));
    Ok(other.map(|row| row.position).collect())
}

/// The leaf of a row of the log.
pub fn leaf_of(row: &journal::LogRow) -> Hash {
    leaf(hash_header(&row.entry.header), row.kept_back)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Store as _, sqlite::Sqlite};

    fn leaves(from: u64, to: u64) -> Vec<Hash> {
        (from..to).map(|n| Hash::of(b"test\0", &[&n.to_be_bytes()])).collect()
    }

    fn edge_of(size: u64) -> Edge {
        let mut edge = Edge::default();
        for leaf in leaves(0, size) {
            edge.add(leaf);
        }
        edge
    }

    /// However it grows, and whatever is cut off again, every size that it ever had can be shown, and that
    /// it is the beginning of every later one.
    #[test]
    fn each_size_is_shown_and_proved() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let store = Sqlite::open(&dir.path().join("hub.db")).expect("it opens");
        let mut session = store.write().expect("a transaction");
        let session = &mut *session;
        let mut size = 0;
        for more in [1, 1, 14, 1, 15, 16, 17, 255, 300, 4_000, 3] {
            grow(session, size, &leaves(size, size + more)).expect("it grows");
            size += more;
            assert_eq!(length(session).expect("an answer"), size);
            assert_eq!(edge(session, size).expect("whole"), edge_of(size));
        }
        for before in (0..size).step_by(37) {
            assert_eq!(edge(session, before).expect("whole"), edge_of(before));
            let told = told(session, before, size).expect("whole");
            let (old, new) = ((before, edge_of(before).root()), (size, told.root));
            assert!(punchcard_protocol::is_beginning(old, new, &told.proof), "{before}");
        }
        for shorter in [4_097, 4_096, 257, 256, 16, 15, 0] {
            cut(session, shorter).expect("it is cut");
            assert_eq!(length(session).expect("an answer"), shorter);
            assert_eq!(edge(session, shorter).expect("whole"), edge_of(shorter));
            grow(session, shorter, &leaves(shorter, shorter + 20)).expect("it grows on");
            assert_eq!(edge(session, shorter + 20).expect("whole"), edge_of(shorter + 20));
        }
    }
}
