//! Following a journal link by link.

use crate::{
    entry::{Entry, EntryError, Header},
    hash::Hash,
    ids::StreamId,
};

/// The newest link of a journal that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// Its place; 0 before the first.
    pub seq: u64,
    /// Its hash; zeroes before the first.
    pub hash: Hash,
}

impl Link {
    /// Before the first entry.
    pub const START: Self = Self { seq: 0, hash: Hash::ZERO };
}

/// Why an entry does not follow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// The entry itself does not hold together.
    #[error("entry {seq} of {stream}: {source}")]
    Entry {
        /// Whose journal.
        stream: StreamId,
        /// Where it should stand.
        seq: u64,
        /// What is wrong with it.
        source: EntryError,
    },
    /// Another journal's.
    #[error("an entry of {found} in the journal of {expected}")]
    Stream {
        /// The journal.
        expected: StreamId,
        /// The entry's.
        found: StreamId,
    },
    /// One is missing or stands twice.
    #[error("entry {expected} should come next, but this is {found}")]
    Gap {
        /// The next place.
        expected: u64,
        /// The entry's.
        found: u64,
    },
    /// It names another predecessor: somebody wrote history again.
    #[error("entry {seq} names another predecessor than the one before it")]
    Broken {
        /// The entry's place.
        seq: u64,
    },
}

/// Checks that `entry` follows `last` in `stream`; returns its header and the new last link.
///
/// # Errors
/// Any [`ChainError`].
pub fn follow(stream: StreamId, last: Link, entry: &Entry) -> Result<(Header, Link), ChainError> {
    let expected = last.seq.saturating_add(1);
    let header =
        entry.check().map_err(|source| ChainError::Entry { stream, seq: expected, source })?;
    if header.stream != stream {
        return Err(ChainError::Stream { expected: stream, found: header.stream });
    }
    if header.seq != expected {
        return Err(ChainError::Gap { expected, found: header.seq });
    }
    if header.previous != last.hash {
        return Err(ChainError::Broken { seq: header.seq });
    }
    Ok((header, Link { seq: header.seq, hash: entry.hash() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        entry::{Draft, seal},
        ids::{StaffId, TillId},
        stamp::Hlc,
    };

    fn stream() -> StreamId {
        StreamId { till: TillId::from_bytes([7; 16]), incarnation: 1 }
    }

    fn journal(count: u8) -> Vec<Entry> {
        let mut last = Link::START;
        (0..count)
            .map(|n| {
                let draft = Draft {
                    kind: 1,
                    kind_version: 1,
                    staff: StaffId::from_bytes([1; 16]),
                    wall_ms: i64::from(n),
                    payload: vec![b'0' + n],
                    salt: [n; 16],
                };
                let entry = seal(stream(), last.seq + 1, last.hash, Hlc(u64::from(n)), draft)
                    .expect("short payload");
                last = Link { seq: last.seq + 1, hash: entry.hash() };
                entry
            })
            .collect()
    }

    fn walk(entries: &[Entry]) -> Result<Link, ChainError> {
        entries.iter().try_fold(Link::START, |last, entry| Ok(follow(stream(), last, entry)?.1))
    }

    #[test]
    fn a_whole_journal_follows() {
        assert_eq!(walk(&journal(5)).expect("whole").seq, 5);
    }

    #[test]
    fn a_removed_doubled_or_swapped_entry_does_not() {
        let whole = journal(4);
        let mut removed = whole.clone();
        removed.remove(1);
        assert_eq!(walk(&removed), Err(ChainError::Gap { expected: 2, found: 3 }));
        let mut doubled = whole.clone();
        doubled.insert(1, whole[0].clone());
        assert_eq!(walk(&doubled), Err(ChainError::Gap { expected: 2, found: 1 }));
        let mut swapped = whole;
        swapped.swap(1, 2);
        assert!(walk(&swapped).is_err());
    }

    #[test]
    fn an_entry_written_again_breaks_the_one_after() {
        let mut entries = journal(3);
        let draft = Draft {
            kind: 1,
            kind_version: 1,
            staff: StaffId::from_bytes([1; 16]),
            wall_ms: 0,
            payload: b"forged".to_vec(),
            salt: [0; 16],
        };
        entries[1] = seal(stream(), 2, entries[0].hash(), Hlc(9), draft).expect("short payload");
        assert_eq!(walk(&entries), Err(ChainError::Broken { seq: 3 }));
    }
}
