//! What comes from the hub: where a channel is read from, and what is taken in.

use punchcard_protocol::{
    Hash, SetSum,
    sync::{Packet, PullAnswer},
};

use super::{super::witness, ALL};
use crate::{
    error::{Error, Result},
    store::marks::{cursor, forget_cursors, set_cursor},
    till::Till,
};

impl Till {
    /// Where a channel is read from.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn cursor(&self, channel: &str) -> Result<(u64, SetSum)> {
        self.read(|db| cursor(db, channel))
    }

    /// Whether the hub is to give the edge of its log's tree where this till reads on.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn lacks_edge(&self, epoch: u32, channel: &str, after: u64) -> Result<bool> {
        self.read(|db| Ok(channel == ALL && witness::lacks_edge(db, epoch, after)?))
    }

    /// Takes a batch in and moves the cursor, in one transaction. False: the channel's sum is not
    /// the hub's, so something is missing or too much; nothing was kept.
    ///
    /// # Errors
    /// [`Error::Behind`]: the hub has more of this till's own journal than its store;
    /// [`Error::LogChanged`].
    pub(crate) fn take_pulled(&self, channel: &str, answer: PullAnswer) -> Result<bool> {
        if self.weak.cursor_apart {
            return self.take_pulled_in_two(channel, answer);
        }
        self.write(|work| {
            let (position, mut sum) = cursor(work.db, channel)?;
            if channel == ALL && !self.weak.no_witness {
                witness::read(work, position, &answer)?;
            }
            for numbered in answer.packets.iter().filter(|one| one.position > position) {
                sum.add(hash_of(&numbered.packet)?);
            }
            if sum.to_hash() != answer.sum {
                return Ok(false);
            }
            let packets = answer.packets.into_iter().map(|numbered| numbered.packet).collect();
            let taken = work.take_in(packets)?;
            set_cursor(work.db, channel, answer.scanned_to, sum)?;
            work.do_duties(&taken)?;
            Ok(true)
        })
    }

    /// As [`Till::take_pulled`], the cursor in a transaction of its own: for a test that sees what
    /// is lost then.
    fn take_pulled_in_two(&self, channel: &str, answer: PullAnswer) -> Result<bool> {
        let sum = SetSum::from_hash(answer.sum);
        self.write(|work| set_cursor(work.db, channel, answer.scanned_to, sum))?;
        self.take_aside(answer.packets.into_iter().map(|numbered| numbered.packet).collect())?;
        Ok(true)
    }

    /// Takes in entries that came outside a channel: grants, a visitor's file.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn take_aside(&self, packets: Vec<Packet>) -> Result<usize> {
        self.write(|work| {
            let taken = work.take_in(packets)?;
            work.do_duties(&taken)?;
            Ok(taken.new)
        })
    }

    /// Reads every channel from the start the next time: what is here already is passed over.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn read_anew(&self) -> Result<()> {
        self.write(|work| forget_cursors(work.db))
    }
}

pub(super) fn hash_of(packet: &Packet) -> Result<Hash> {
    let header = hex::decode(&packet.header)
        .map_err(|_| Error::HubUnreachable("a header cannot be read".into()))?;
    Ok(punchcard_protocol::hash_header(&header))
}
