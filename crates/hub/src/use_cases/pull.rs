//! What is new for a till, channel by channel.

use punchcard_protocol::{
    Hash, StreamId, hash_header,
    sync::{Channel, Code, Grown, LIMITS, Numbered, Packet, Pull, PullAnswer, WireRefusal},
};

use super::work::channel_of;
use crate::{
    error::{Error, Result},
    hub::{Hub, hub_row},
    store::{
        Session,
        journal::{self, Content, HubRow, LogRow, Passed, TillRow},
        tree,
    },
};

impl Hub {
    /// Entries of a channel after a position, in their order.
    ///
    /// # Errors
    /// `epoch_changed`, `not_found` for a channel that is not this till's, `device_revoked`.
    pub fn pull(&self, stream: StreamId, ask: &Pull) -> Result<PullAnswer> {
        let most = LIMITS.batch_entries.min(self.weak.page.unwrap_or(usize::MAX));
        // One that has nothing new may lack what is.
        let goes_on = |hub: &HubRow| hub.epoch == ask.epoch && hub.position > ask.after;
        let there = self.read_there(goes_on, |session| pull(session, stream, ask, most));
        there.map_or_else(|| self.read(|session| pull(session, stream, ask, most)), Ok)
    }
}

fn pull(
    session: &mut dyn Session,
    stream: StreamId,
    ask: &Pull,
    most: usize,
) -> Result<PullAnswer> {
    let hub = hub_row(session)?;
    let till = active(session, stream)?;
    if ask.epoch != hub.epoch {
        let refusal =
            WireRefusal::new(Code::EpochChanged, "the hub was restored").with("epoch", hub.epoch);
        return Err(refusal.into());
    }
    if !channels(&hub, &till).contains(&ask.channel) {
        return Err(Error::refused(Code::NotFound, "this channel is not this till's"));
    }
    let limit = ask.limit.clamp(1, most);
    match ask.channel.as_str() {
        "all" => all(session, &hub, ask, limit),
        _ => part(session, ask, limit),
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
    // A hub that is older, on the same database, may have gone on without the tree.
    let tree = match tree::edge(session, answer.scanned_to) {
        Ok(edge) => Some(Grown {
            root: edge.root(),
            kept_back: answer.kept_back,
            edge: if ask.edge {
                Some(tree::edge(session, ask.after)?.peaks().to_vec())
            } else {
                None
            },
        }),
        Err(Error::Damaged(_)) => None,
        Err(error) => return Err(error),
    };
    Ok(PullAnswer {
        packets: answer.packets,
        scanned_to: answer.scanned_to,
        head: hub.position,
        sum,
        tree,
    })
}

/// A channel that is a part of the log.
fn part(session: &mut dyn Session, ask: &Pull, limit: usize) -> Result<PullAnswer> {
    let rows = journal::feed_after(session, &ask.channel, ask.after, limit)?;
    let (head, _) = journal::feed_head(session, &ask.channel)?;
    let (places, rows): (Vec<_>, Vec<_>) =
        rows.into_iter().map(|(position, sum, row)| ((position, sum), row)).unzip();
    are_what_came(session, &rows)?;
    let mut answer = Batch::from(ask.after);
    for ((position, sum), row) in places.into_iter().zip(rows) {
        let content = if row.kept_back {
            Content::KeptBack(hash_header(&row.entry.header))
        } else {
            Content::Packet(packet(&row)?)
        };
        if !answer.add(Passed { position, sum, content }) {
            break;
        }
    }
    let sum = match answer.sum {
        Some(sum) => sum,
        None => journal::feed_sum_at(session, &ask.channel, ask.after)?,
    };
    let (packets, scanned_to) = (answer.packets, answer.scanned_to);
    Ok(PullAnswer { packets, scanned_to, head, sum, tree: None })
}

/// Whether entries are those that were taken in. Whoever reads the whole log sees that for itself; who
/// reads a part of it has not what the tree is made of.
fn are_what_came(session: &mut dyn Session, rows: &[LogRow]) -> Result<()> {
    let Some(position) = tree::changed(session, rows)?.into_iter().next() else { return Ok(()) };
    tracing::error!(position, "AN ENTRY OF THE LOG WAS CHANGED; see what verify says");
    let refusal = WireRefusal::new(Code::LogChanged, "an entry is not the one that came");
    Err(refusal.with("position", position).into())
}

/// An answer as it grows to what one call may carry.
struct Batch {
    packets: Vec<Numbered>,
    kept_back: Vec<(u64, Hash)>,
    scanned_to: u64,
    sum: Option<Hash>,
    bytes: usize,
}

impl Batch {
    fn from(after: u64) -> Self {
        let (packets, kept_back) = (Vec::new(), Vec::new());
        Self { packets, kept_back, scanned_to: after, sum: None, bytes: 0 }
    }

    /// Adds an entry; false where there is no more room. The first always fits.
    fn add(&mut self, Passed { position, sum, content }: Passed) -> bool {
        match content {
            Content::KeptBack(hash) => self.kept_back.push((position, hash)),
            Content::Packet(packet) => {
                let bytes = packet.size();
                if !self.packets.is_empty() && self.bytes + bytes > LIMITS.batch_bytes {
                    return false;
                }
                self.bytes += bytes;
                self.packets.push(Numbered { position, packet });
            }
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
