//! What a till knows of its hub, and what it keeps of each answer.

mod handed_over;
mod hubs;
mod lives;
mod pulled;

use std::collections::BTreeMap;

use punchcard_protocol::{
    Hash, StreamId,
    sync::{Known, Seen, Welcome},
};
use rusqlite::Connection;

pub(crate) use self::lives::OwnLife;
use self::{
    handed_over::{set_refused_aside, was_sent_away},
    lives::{acked_of, earlier_acked, earlier_as_there, is_own_earlier, life},
};
use super::{card_numbers, notices, witness};
use crate::{
    error::{Error, Result},
    store::{
        digest, hubs as known_hubs, journal,
        local::{self, HubLink},
        marks::{cursor, forget_cursors, set_acked},
        streams,
    },
    till::Till,
    views::{Distrust, LineState, LineView},
    work::Work,
};

/// The channel that is the hub's log.
const ALL: &str = "all";

/// Where a till stands with its hub.
pub(crate) struct Standing {
    pub(crate) hub: HubLink,
    /// The journal that is being written.
    pub(crate) me: OwnLife,
    /// Its hash at the place that the hub has acknowledged.
    pub(crate) acked: Known,
    /// Earlier lives, the newest first.
    pub(crate) earlier: Vec<OwnLife>,
    /// What the hub has acknowledged of those, and has in its log.
    pub(crate) earlier_acked: Vec<(StreamId, Known)>,
    /// What was seen of the hub in the epoch that is known.
    pub(crate) seen: Seen,
    /// Few card numbers are left: so many blocks are here.
    pub(crate) card_blocks: Option<u32>,
}

impl Till {
    /// Where this till stands with its hub.
    ///
    /// # Errors
    /// `not_paired`.
    pub(crate) fn standing(&self) -> Result<Standing> {
        self.write(|work| {
            let hub: HubLink = local::get(work.db, local::HUB)?.ok_or(Error::NotPaired)?;
            let me = life(work.db, work.stream(), work.stream_number())?;
            let nothing = Known { seq: 0, hash: Hash::ZERO };
            let acked = acked_of(work, &me)?.unwrap_or(nothing);
            let mut earlier = Vec::new();
            for (number, stream) in streams::all(work.db)? {
                // A later life is that of a copy of this till: not ours to write or to push.
                if is_own_earlier(work, stream) {
                    earlier.push(life(work.db, stream, number)?);
                }
            }
            earlier.sort_by_key(|life| std::cmp::Reverse(life.stream.incarnation));
            let earlier_acked = earlier_acked(work, &earlier)?;
            let seen = seen_of(work.db, &hub)?;
            let card_blocks = card_numbers::to_ask(work)?;
            Ok(Standing { hub, me, acked, earlier, earlier_acked, seen, card_blocks })
        })
    }

    /// Keeps what a hub said at the start of a sync.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn welcomed(&self, welcome: &Welcome) -> Result<()> {
        self.write(|work| {
            let Some(mut hub) = local::get::<HubLink>(work.db, local::HUB)? else {
                return Err(Error::NotPaired);
            };
            let mut acked = welcome.acked.seq;
            if self.weak.acked_for_good {
                acked = acked.max(life(work.db, work.stream(), work.stream_number())?.acked);
            }
            if !self.weak.no_witness {
                witness::keep(work, &hub, welcome)?;
            }
            set_acked(work.db, work.stream_number(), acked, welcome.durable)?;
            // Whoever was sent away and is welcome again meets a hub that was put back to before that:
            // what was handed over is asked for like the rest.
            if welcome.give || was_sent_away(work)? {
                earlier_as_there(work, &welcome.earlier)?;
                local::remove(work.db, local::HANDED_OVER)?;
            } else {
                set_refused_aside(work, &welcome.earlier)?;
            }
            if hub.epoch != welcome.epoch {
                let epoch = welcome.epoch.to_string();
                notices::tell(work, "hub_restored", &[("epoch", epoch)])?;
                forget_cursors(work.db)?;
            }
            if hub.channels != welcome.channels {
                forget_cursors(work.db)?;
            }
            known_hubs::know(work.db, &welcome.before)?;
            hub.epoch = welcome.epoch;
            hub.channels.clone_from(&welcome.channels);
            local::set(work.db, local::HUB, &hub)?;
            local::remove(work.db, local::REFUSED)?;
            local::set(work.db, local::FROZEN, &welcome.frozen)?;
            let minutes = (work.wall_ms - welcome.now_ms) / 60_000;
            if minutes.abs() >= 5 {
                notices::tell(work, "clock_skew", &[("minutes", minutes.abs().to_string())])?;
            }
            Ok(())
        })
    }

    /// A whole sync went through: the hub has been reached, and this store knows all it needs.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn synced(&self) -> Result<()> {
        self.write(|work| {
            local::set(work.db, local::LAST_SYNC, &work.wall_ms)?;
            local::remove(work.db, local::ANCHORED)?;
            local::remove(work.db, local::JOINING)?;
            if work.distrust().is_some() {
                local::remove(work.db, local::DISTRUST)?;
                work.set_distrust(None);
                notices::tell(work, "trusted_again", &[])?;
            }
            Ok(())
        })
    }

    /// The hub will not have this till: said on screen, and nothing can be spent from now on.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn refused(&self, code: &str) -> Result<()> {
        self.write(|work| {
            local::set(work.db, local::REFUSED, &code)?;
            if code == "device_revoked" && work.trusted() {
                local::set(work.db, local::DISTRUST, &Distrust::Revoked)?;
                work.set_distrust(Some(Distrust::Revoked));
                notices::tell(work, "revoked", &[])?;
            }
            Ok(())
        })
    }

    /// Tells a person something that sync found.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn tell(&self, code: &str, args: &[(&str, String)]) -> Result<()> {
        self.write(|work| notices::tell(work, code, args))
    }

    /// Tables that are not as the hub's: their names.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn other_than(&self, theirs: &[(String, Hash)]) -> Result<Vec<String>> {
        let theirs: BTreeMap<&str, Hash> =
            theirs.iter().map(|(name, hash)| (name.as_str(), *hash)).collect();
        self.read(|db| {
            let ours = digest::tables(db)?;
            let other = ours.into_iter().filter(|(name, hash)| {
                theirs.get(name).is_some_and(|their_hash| their_hash != hash)
            });
            Ok(other.map(|(name, _)| name.to_owned()).collect())
        })
    }
}

/// How the line stands, as far as the store knows: whether the hub answers is for the line to say.
pub(crate) fn line_view(work: &Work<'_>) -> Result<LineView> {
    let hub: Option<HubLink> = local::get(work.db, local::HUB)?;
    let refusal: Option<String> = local::get(work.db, local::REFUSED)?;
    Ok(LineView {
        state: match (&hub, &refusal) {
            (None, _) => LineState::Alone,
            (Some(_), Some(_)) => LineState::Refused,
            (Some(_), None) => LineState::Offline,
        },
        hub: hub.map(|hub| hub.url),
        unsynced: unsynced(work)?,
        last_sync_ms: local::get(work.db, local::LAST_SYNC)?,
        attention: notices::attention(work.db)?,
        refusal,
    })
}

/// Entries of this till, its earlier lives' among them, that no hub has yet.
pub(crate) fn unsynced(work: &Work<'_>) -> Result<i64> {
    let mut waiting = 0;
    for (number, stream) in streams::all(work.db)? {
        if stream == work.stream() || is_own_earlier(work, stream) {
            let life = life(work.db, stream, number)?;
            waiting += life.newest.seq.saturating_sub(life.acked);
        }
    }
    Ok(i64::try_from(waiting).unwrap_or(i64::MAX))
}

/// What was seen of a hub in the epoch that is known: it must have that.
fn seen_of(db: &Connection, hub: &HubLink) -> Result<Seen> {
    let (position, sum) = cursor(db, ALL)?;
    let log = (position > 0).then(|| Known { seq: position, hash: sum.to_hash() });
    let stream = StreamId { till: hub.hub, incarnation: hub.epoch };
    let journal = match streams::known_number(db, stream)? {
        Some(number) => Some(journal::newest(db, number)?.0).filter(|link| link.seq > 0),
        None => None,
    };
    let journal = journal.map(|link| Known { seq: link.seq, hash: link.hash });
    Ok(Seen { log, journal, head: witness::told(db, hub.epoch)? })
}
