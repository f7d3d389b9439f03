//! Journals that this very store wrote: the one of today, and those of earlier lives.

use punchcard_protocol::{
    Link, StreamId, StreamKey,
    sync::{Endorsement, Known, Packet, PushAnswer},
};
use rusqlite::Connection;

use super::{super::notices, pulled::hash_of};
use crate::{
    error::{Error, Result},
    store::{
        journal, local,
        marks::{self, set_acked},
        streams,
    },
    till::{Kept, Till},
    work::Work,
};

/// One of this till's own journals.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OwnLife {
    pub(crate) stream: StreamId,
    pub(crate) number: i64,
    pub(crate) newest: Link,
    /// How far the hub has it.
    pub(crate) acked: u64,
}

impl Till {
    /// Journals that this till wrote in earlier lives.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn earlier_lives(&self) -> Result<Vec<StreamId>> {
        self.write(|work| {
            let all = streams::all(work.db)?.into_iter().map(|(_, stream)| stream);
            Ok(all.filter(|stream| is_own_earlier(work, *stream)).collect())
        })
    }

    /// Whether an own journal has what the hub says it acknowledged.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn has(&self, life: &OwnLife, known: Known) -> Result<bool> {
        if known.seq == 0 {
            return Ok(true);
        }
        let here = self.read(|db| journal::link_at(db, life.number, known.seq))?;
        Ok(here.is_some_and(|link| link.hash == known.hash))
    }

    /// The key of one of this till's journals.
    ///
    /// # Errors
    /// [`Error::KeysMissing`].
    pub(crate) fn stream_key(&self, stream: StreamId) -> Result<StreamKey> {
        let seed = self.with_writer(|writer| writer.secrets.signing_seed(stream.incarnation))?;
        Ok(StreamKey::from_seed(&seed))
    }

    /// Entries of an own journal after a place, as many as one call may carry; and the last link.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn to_push(
        &self,
        life: &OwnLife,
        after: u64,
        most: usize,
        most_bytes: usize,
    ) -> Result<(Vec<Packet>, Link)> {
        self.read(|db| {
            let mut packets = Vec::new();
            let (mut bytes, mut last) = (0, Link::START);
            let from = streams::entry_id(life.number, after)?;
            let to = streams::entry_id(life.number, life.newest.seq)?;
            journal::walk_some(db, from, to, most, |stored| {
                let packet = Packet::of(&stored.entry, stored.private.as_ref())
                    .map_err(|error| Error::Damaged(error.to_string()))?;
                if !packets.is_empty() && bytes + packet.size() > most_bytes {
                    return Ok(false);
                }
                bytes += packet.size();
                let header = journal::read_header(&stored.entry.header)?;
                last = Link { seq: header.seq, hash: stored.entry.hash() };
                packets.push(packet);
                Ok(true)
            })?;
            Ok((packets, last))
        })
    }

    /// The hub has so much of an own journal.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn acknowledged(&self, life: &OwnLife, answer: &PushAnswer) -> Result<()> {
        self.write(|work| {
            set_acked(work.db, life.number, answer.acked.seq, answer.durable)?;
            for seq in &answer.quarantined {
                notices::tell(work, "quarantined", &[("seq", seq.to_string())])?;
            }
            Ok(())
        })
    }

    /// What the hub must be shown where a life is new to it: vouched for with the key of the
    /// newest earlier life that it knows.
    ///
    /// # Errors
    /// [`Error::KeysMissing`]; those of the store.
    pub(crate) fn endorsement(
        &self,
        life: &OwnLife,
        earlier: &[OwnLife],
    ) -> Result<Option<Endorsement>> {
        let known = earlier.iter().find(|life| life.acked > 0);
        let Some(by) = known.or(earlier.last()) else { return Ok(None) };
        self.vouched(life, by)
    }

    /// One of this till's lives, vouched for with the key of an earlier one.
    ///
    /// # Errors
    /// [`Error::KeysMissing`]; those of the store.
    pub(crate) fn vouched(&self, life: &OwnLife, by: &OwnLife) -> Result<Option<Endorsement>> {
        let (packets, _) = self.to_push(life, 0, 1, usize::MAX)?;
        let Some(first) = packets.into_iter().next() else { return Ok(None) };
        let link = Link { seq: 1, hash: hash_of(&first)? };
        let head = self.stream_key(by.stream)?.sign(life.stream, link);
        let anchored: Option<Kept> = self.read(|db| local::get(db, local::ANCHORED))?;
        let anchored = anchored.filter(|anchored| anchored.stream == by.stream);
        Ok(Some(Endorsement {
            public_key: hex::encode(self.stream_key(life.stream)?.public()),
            by: by.stream,
            signature: head.signature,
            first,
            anchored: anchored.map(|kept| Known { seq: kept.seq, hash: kept.hash }),
            in_place: anchored.is_some_and(|kept| kept.in_place),
        }))
    }
}

pub(super) fn life(db: &Connection, stream: StreamId, number: i64) -> Result<OwnLife> {
    let (newest, _) = journal::newest(db, number)?;
    Ok(OwnLife { stream, number, newest, acked: marks::acked(db, number)? })
}

/// Whether a stream is an earlier life of this very store. One whose key is not here was a copy's,
/// and came from the hub: its entries are the copy's to push.
pub(super) fn is_own_earlier(work: &Work<'_>, stream: StreamId) -> bool {
    let me = work.stream();
    stream.till == me.till
        && stream.incarnation < me.incarnation
        && work.secrets.signing_seed(stream.incarnation).is_ok()
}

/// What the hub has acknowledged of a journal.
pub(super) fn acked_of(work: &Work<'_>, life: &OwnLife) -> Result<Option<Known>> {
    let link = journal::link_at(work.db, life.number, life.acked)?;
    Ok(link.map(|link| Known { seq: link.seq, hash: link.hash }))
}

/// What the hub has acknowledged of earlier lives. What was handed over because it was refused
/// counts as sent, and is not in the hub's log.
pub(super) fn earlier_acked(
    work: &Work<'_>,
    earlier: &[OwnLife],
) -> Result<Vec<(StreamId, Known)>> {
    let refused: Vec<StreamId> = local::get(work.db, local::HANDED_OVER)?.unwrap_or_default();
    let mut acked = Vec::new();
    for life in earlier.iter().filter(|life| life.acked > 0 && !refused.contains(&life.stream)) {
        acked.extend(acked_of(work, life)?.map(|known| (life.stream, known)));
    }
    Ok(acked)
}

/// A hub that was restored has less of this till's earlier lives than it once said.
pub(super) fn earlier_as_there(work: &Work<'_>, there: &[(StreamId, Known)]) -> Result<()> {
    for (number, stream) in streams::all(work.db)? {
        if is_own_earlier(work, stream) {
            let known = there.iter().find(|(life, _)| *life == stream);
            set_acked(work.db, number, known.map_or(0, |(_, known)| known.seq), 0)?;
        }
    }
    Ok(())
}
