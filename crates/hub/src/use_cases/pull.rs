//! What is new for a till, channel by channel.

use punchcard_protocol::{
    StreamId,
    sync::{Channel, Code, LIMITS, Numbered, Packet, Pull, PullAnswer, WireRefusal},
};

use super::work::channel_of;
use crate::{
    error::{Error, Result},
    hub::{Hub, hub_row},
    store::{
        Session,
        journal::{self, HubRow, LogRow, Passed, TillRow},
    },
};

impl Hub {
    /// Entries of a channel after a position, in their order.
    ///
    /// # Errors
    /// `epoch_changed`, `not_found` for a channel that is not this till's, `device_revoked`.
    pub fn pull(&self, stream: StreamId, ask: &Pull) -> Result<PullAnswer> {
        self.read(|session| {
            let hub = hub_row(session)?;
            let till = active(session, stream)?;
            if ask.epoch != hub.epoch {
                let refusal = WireRefusal::new(Code::EpochChanged, "the hub was restored")
                    .with("epoch", hub.epoch);
                return Err(refusal.into());
            }
            if !channels(&hub, &till).contains(&ask.channel) {
                return Err(Error::refused(Code::NotFound, "this channel is not this till's"));
            }
            let most = LIMITS.batch_entries.min(self.weak.page.unwrap_or(usize::MAX));
            let limit = ask.limit.clamp(1, most);
            match ask.channel.as_str() {
                "all" => all(session, &hub, ask, limit),
                _ => part(session, ask, limit),
            }
        })
    }
}

/// What a till reads.
pub(crate) fn channels(hub: &HubRow, till: &TillRow) -> Vec<Channel> {
    match hub.follow.as_str() {
        "own" => vec!["org".into(), channel_of(till.store)],
        _ => vec!["all".into()],
    }
}

/// A till that belongs to the business.
pub(crate) fn active(session: &mut dyn Session, stream: StreamId) -> Result<TillRow> {
    journal::till(session, stream.till)?.filter(|till| till.state == "active").ok_or_else(|| {
        Error::refused(Code::DeviceRevoked, "this till no longer belongs to the business")
    })
}

/// The channel `all` is the log: entries that are kept back are passed over, their positions not.
fn all(session: &mut dyn Session, hub: &HubRow, ask: &Pull, limit: usize) -> Result<PullAnswer> {
    let mut answer = Batch::from(ask.after);
    for passed in journal::passed_after(session, ask.after, limit)? {
        if !answer.add(passed) {
            break;
        }
    }
    let sum = match answer.sum {
        Some(sum) => sum,
        None => journal::sum_at(session, ask.after)?,
    };
    Ok(PullAnswer {
        packets: answer.packets,
        scanned_to: answer.scanned_to,
        head: hub.position,
        sum,
    })
}

/// A channel that is a part of the log.
fn part(session: &mut dyn Session, ask: &Pull, limit: usize) -> Result<PullAnswer> {
    let rows = journal::feed_after(session, &ask.channel, ask.after, limit)?;
    let (head, _) = journal::feed_head(session, &ask.channel)?;
    let mut answer = Batch::from(ask.after);
    for (position, sum, row) in rows {
        let packet = if row.kept_back { None } else { Some(packet(&row)?) };
        if !answer.add(Passed { position, sum, packet }) {
            break;
        }
    }
    let sum = match answer.sum {
        Some(sum) => sum,
        None => journal::feed_sum_at(session, &ask.channel, ask.after)?,
    };
    Ok(PullAnswer { packets: answer.packets, scanned_to: answer.scanned_to, head, sum })
}

/// An answer as it grows to what one call may carry.
struct Batch {
    packets: Vec<Numbered>,
    scanned_to: u64,
    sum: Option<punchcard_protocol::Hash>,
    bytes: usize,
}

impl Batch {
    fn from(after: u64) -> Self {
        Self { packets: Vec::new(), scanned_to: after, sum: None, bytes: 0 }
    }

    /// Adds an entry; false where there is no more room. The first always fits.
    fn add(&mut self, Passed { position, sum, packet }: Passed) -> bool {
        if let Some(packet) = packet {
            let bytes = packet.size();
            if !self.packets.is_empty() && self.bytes + bytes > LIMITS.batch_bytes {
                return false;
            }
            self.bytes += bytes;
            self.packets.push(Numbered { position, packet });
        }
        self.scanned_to = position;
        self.sum = Some(sum);
        true
    }
}

/// A row of the log as it travels.
pub(crate) fn packet(row: &LogRow) -> Result<Packet> {
    let packet = Packet::of(&row.entry, row.private.as_ref());
    Ok(packet.map_err(|error| Error::Damaged(error.to_string()))?.signed_with(row.signature))
}
