//! Follows journals link by link, as they lie in a store.

use std::collections::BTreeMap;

use punchcard_protocol::{ChainError, Header, Link, StreamId, TillId, follow};
use rusqlite::Connection;

use super::{
    hubs,
    journal::Stored,
    local::{self, HubLink},
    streams,
};
use crate::error::Result;

/// Where a walk through all journals stands.
pub(crate) struct Chains {
    streams: BTreeMap<i64, StreamId>,
    me: Option<TillId>,
    hub: Option<HubLink>,
    hubs: Vec<TillId>,
    last: (i64, Link),
}

impl Chains {
    /// Before the first entry.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn read(db: &Connection) -> Result<Self> {
        Ok(Self {
            streams: streams::all(db)?.into_iter().collect(),
            me: local::get(db, local::TILL)?,
            hub: local::get(db, local::HUB)?,
            hubs: hubs::all(db)?,
            last: (0, Link::START),
        })
    }

    /// Hubs of this business.
    pub(crate) fn hubs(&self) -> &[TillId] {
        &self.hubs
    }

    /// The journal that an entry lies in; none: a stray one.
    pub(crate) fn stream(&self, stored: &Stored) -> Option<StreamId> {
        self.streams.get(&streams::split_entry_id(stored.id).0).copied()
    }

    /// Follows the next entry of the walk. Where it does not hold, the walk goes on behind it: one bad
    /// entry is one problem, not one for each that follows.
    ///
    /// # Errors
    /// Why it does not hold.
    pub(crate) fn next(
        &mut self,
        stream: StreamId,
        stored: &Stored,
    ) -> std::result::Result<Header, ChainError> {
        let (number, _) = streams::split_entry_id(stored.id);
        let before = if self.last.0 == number { self.last.1 } else { Link::START };
        let header = Header::from_bytes(&stored.entry.header).ok();
        let before = header.map_or(before, |header| self.before(stream, &header, before));
        let followed = follow(stream, before, &stored.entry);
        let seq = header.map_or(before.seq.saturating_add(1), |header| header.seq);
        self.last = (number, Link { seq, hash: stored.entry.hash() });
        followed.map(|(header, _)| header)
    }

    /// What an entry has to follow. Of others' journals a till holds what it follows: links are checked
    /// where they touch. Of a hub's journal that ended because the hub was put back there may be parts of
    /// two histories: each entry counts by itself, and all that is asked is that it comes later.
    fn before(&self, stream: StreamId, header: &Header, before: Link) -> Link {
        let touches = header.seq == before.seq.saturating_add(1);
        let own = Some(stream.till) == self.me;
        if own || (touches && !self.has_ended(stream)) || header.seq <= before.seq {
            return before;
        }
        Link { seq: header.seq.saturating_sub(1), hash: header.previous }
    }

    /// A journal of a hub that goes on in another one.
    fn has_ended(&self, stream: StreamId) -> bool {
        let goes_on = self
            .hub
            .as_ref()
            .is_some_and(|hub| hub.hub == stream.till && stream.incarnation >= hub.epoch);
        self.hubs.contains(&stream.till) && !goes_on
    }
}
