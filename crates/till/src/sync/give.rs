//! A hub that was restored from an older backup gets back what it lost: others' entries that this
//! till holds, and the hub's own, as their writers signed them.

use punchcard_protocol::{
    StreamId,
    sync::{Give, Given, Held, LIMITS, Packet, Wanted, path},
};

use super::wire::{Caller, Wire};
use crate::{
    error::{Error, Result},
    store::{hubs, journal, streams},
    till::Till,
};

/// Journals in one question.
const STREAMS: usize = 5_000;
/// Bytes in one call: what was pushed as one batch, and its signature, always fits.
const BYTES: usize = 2 * LIMITS.batch_bytes;

/// Gives back what the hub lacks, and says that this was all.
///
/// # Errors
/// [`Error::HubUnreachable`], [`Error::WrongHub`], [`Error::Hub`]; those of the store.
pub(super) fn give_back(till: &Till, wire: &Wire, caller: &Caller) -> Result<()> {
    let held = till.held()?;
    let hubs = till.read(hubs::all)?;
    let mut taken = 0;
    for some in held.chunks(STREAMS) {
        let ask = Held { streams: some.iter().map(|(_, stream, seq)| (*stream, *seq)).collect() };
        let mut wanted: Wanted = wire.call(Some(caller), path::HELD, &ask)?;
        // A hub's own first: what tills did with it comes after.
        wanted.streams.sort_by_key(|(stream, _)| !hubs.contains(&stream.till));
        for (stream, after) in wanted.streams {
            let known = some.iter().find(|(_, held, _)| *held == stream);
            let Some((number, _, newest)) = known else { continue };
            taken += give_journal(till, wire, caller, (*number, *newest), after)?;
        }
    }
    let all: Given = wire.call(Some(caller), path::GIVE, &Give { packets: vec![], done: true })?;
    if taken + all.taken > 0 {
        tracing::warn!(
            taken = taken + all.taken,
            "the hub was restored, and got back what it lost"
        );
    }
    Ok(())
}

fn give_journal(
    till: &Till,
    wire: &Wire,
    caller: &Caller,
    (number, newest): (i64, u64),
    mut after: u64,
) -> Result<usize> {
    let mut taken = 0;
    while after < newest {
        let (packets, last) = till.to_give(number, after, newest)?;
        if packets.is_empty() {
            break;
        }
        let given: Given = wire.call(Some(caller), path::GIVE, &Give { packets, done: false })?;
        (after, taken) = (last, taken + given.taken);
    }
    Ok(taken)
}

impl Till {
    /// Others' journals, by number, with the place of the newest entry here.
    fn held(&self) -> Result<Vec<(i64, StreamId, u64)>> {
        let me = self.write(|work| Ok(work.stream()))?;
        self.read(|db| {
            let mut held = Vec::new();
            for (number, stream) in streams::all(db)? {
                let (newest, _) = journal::newest(db, number)?;
                if stream.till != me.till && newest.seq > 0 {
                    held.push((number, stream, newest.seq));
                }
            }
            Ok(held)
        })
    }

    /// Entries of another's journal after a place, up to one that its writer signed; and the place of
    /// that one.
    fn to_give(&self, number: i64, after: u64, newest: u64) -> Result<(Vec<Packet>, u64)> {
        self.read(|db| {
            let (mut packets, mut bytes) = (Vec::new(), 0);
            let (mut proved, mut last) = (0, after);
            let from = streams::entry_id(number, after)?;
            let to = streams::entry_id(number, newest)?;
            journal::walk_some(db, from, to, LIMITS.batch_entries, |stored| {
                let packet = Packet::of(&stored.entry, stored.private.as_ref())
                    .map_err(|error| Error::Damaged(error.to_string()))?
                    .signed_with(stored.signature);
                if !packets.is_empty() && bytes + packet.size() > BYTES {
                    return Ok(false);
                }
                bytes += packet.size();
                packets.push(packet);
                if stored.signature.is_some() {
                    proved = packets.len();
                    last = journal::read_header(&stored.entry.header)?.seq;
                }
                Ok(true)
            })?;
            packets.truncate(proved);
            Ok((packets, last))
        })
    }
}
