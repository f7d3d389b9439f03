//! What a till knows of its hub, and what it keeps of each answer.

use std::collections::BTreeMap;

use punchcard_protocol::{
    Hash, Hlc, Link, SetSum, StoreId, StreamId, StreamKey, TillId,
    sync::{Endorsement, EnrolAnswer, Known, Packet, PullAnswer, PushAnswer, Seen, Welcome},
};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{card_numbers, erase, notices, witness};
use crate::{
    error::{Error, Result},
    store::{
        digest, journal,
        local::{self, HubLink},
        records, streams,
    },
    till::{Kept, Till},
    views::{Distrust, LineState, LineView},
    work::Work,
};

/// The channel that is the hub's log.
const ALL: &str = "all";

/// One of this till's own journals.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OwnLife {
    pub(crate) stream: StreamId,
    pub(crate) number: i64,
    pub(crate) newest: Link,
    /// How far the hub has it.
    pub(crate) acked: u64,
}

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
    /// The hub this till is paired with.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn hub_link(&self) -> Result<Option<HubLink>> {
        self.read(|db| local::get(db, local::HUB))
    }

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
            know_hubs(work.db, &welcome.before)?;
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

    /// The epoch of the hub to which this till has handed over what is not in its log.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn handed_over_in(&self) -> Result<Option<u64>> {
        self.read(|db| {
            let known = local::get(db, local::HANDED_OVER_IN)?;
            let hub: Option<HubLink> = local::get(db, local::HUB)?;
            Ok(known.or(hub.map(|hub| hub.epoch.into())))
        })
    }

    /// How many bodies the hub said it keeps aside of what this till handed over.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn kept_aside(&self) -> Result<u64> {
        Ok(self.read(|db| local::get(db, local::KEPT_ASIDE))?.unwrap_or(0))
    }

    /// Whether entries of a journal were refused and handed over: they count as acknowledged, and are
    /// not in the hub's log.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn has_handed_over(&self, stream: StreamId) -> Result<bool> {
        let refused: Option<Vec<StreamId>> = self.read(|db| local::get(db, local::HANDED_OVER))?;
        Ok(refused.is_some_and(|refused| refused.contains(&stream)))
    }

    /// The hub refused a journal's entries up to here, and keeps them aside: so many bodies of this till,
    /// if it says that. They are not sent again.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn handed_over(&self, life: &OwnLife, seq: u64, aside: Option<u64>) -> Result<()> {
        self.write(|work| {
            set_acked(work.db, life.number, seq, 0)?;
            if let Some(bodies) = aside {
                local::set(work.db, local::KEPT_ASIDE, &bodies)?;
            }
            let mut refused: Vec<StreamId> =
                local::get(work.db, local::HANDED_OVER)?.unwrap_or_default();
            if !refused.contains(&life.stream) {
                refused.push(life.stream);
                local::set(work.db, local::HANDED_OVER, &refused)?;
            }
            Ok(())
        })
    }

    /// The hub, in this epoch, has so much of each journal, and keeps so many bodies aside; the rest is
    /// to be handed over.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn hand_over_from(
        &self,
        there: &[(OwnLife, u64)],
        epoch: u64,
        aside: u64,
    ) -> Result<()> {
        self.write(|work| {
            for (life, seq) in there {
                set_acked(work.db, life.number, (*seq).min(life.newest.seq), 0)?;
            }
            local::set(work.db, local::KEPT_ASIDE, &aside)?;
            local::set(work.db, local::HANDED_OVER_IN, &epoch)
        })
    }

    /// Reads every channel from the start the next time: what is here already is passed over.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn read_anew(&self) -> Result<()> {
        self.write(|work| forget_cursors(work.db))
    }

    /// Tells a person something that sync found.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn tell(&self, code: &str, args: &[(&str, String)]) -> Result<()> {
        self.write(|work| notices::tell(work, code, args))
    }

    /// This till belongs to a hub's business from now on.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn paired(
        &self,
        url: &str,
        pin: Option<[u8; 32]>,
        till_name: &str,
        answer: &EnrolAnswer,
    ) -> Result<()> {
        self.write(|work| link_to(work.db, url, pin, till_name, answer))?;
        self.at_store(answer.store)
    }

    /// This till belongs to the hub again, or to the one in its place: what it knew of the hub's log is
    /// worth nothing, and it pushes everything.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn paired_again(
        &self,
        url: &str,
        pin: Option<[u8; 32]>,
        till_name: &str,
        answer: &EnrolAnswer,
    ) -> Result<()> {
        self.write(|work| {
            if let Some(hub) = local::get::<HubLink>(work.db, local::HUB)?
                && hub.hub != answer.hub
            {
                know_hubs(work.db, &[hub.hub])?;
            }
            forget_cursors(work.db)?;
            work.db.execute("DELETE FROM pushed", [])?;
            local::remove(work.db, local::REFUSED)?;
            link_to(work.db, url, pin, till_name, answer)
        })?;
        self.at_store(answer.store)
    }

    /// The till stands at another store from now on, where its record has come already.
    pub(crate) fn at_store(&self, store: StoreId) -> Result<()> {
        self.with_writer(|writer| {
            if let Ok(house) = records::house(&writer.db, store) {
                writer.house = house;
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

/// Whether a stream is an earlier life of this very store. One whose key is not here was a copy's,
/// and came from the hub: its entries are the copy's to push.
fn is_own_earlier(work: &Work<'_>, stream: StreamId) -> bool {
    let me = work.stream();
    stream.till == me.till
        && stream.incarnation < me.incarnation
        && work.secrets.signing_seed(stream.incarnation).is_ok()
}

fn life(db: &Connection, stream: StreamId, number: i64) -> Result<OwnLife> {
    let (newest, _) = journal::newest(db, number)?;
    let acked: Option<i64> = db
        .prepare_cached("SELECT acked FROM pushed WHERE stream = ?1")?
        .query_row([number], |row| row.get(0))
        .optional()?;
    Ok(OwnLife {
        stream,
        number,
        newest,
        acked: acked.and_then(|n| n.try_into().ok()).unwrap_or(0),
    })
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

/// What the hub refused of an earlier life, and keeps aside, is set aside here too, and the tables are
/// made anew without it: that life has ended, and this till goes on with what everybody else has. Of a
/// life that has another history at the hub, that history is still to be read, and settles it.
fn set_refused_aside(work: &mut Work<'_>, there: &[(StreamId, Known)]) -> Result<()> {
    let refused: Vec<StreamId> = local::get(work.db, local::HANDED_OVER)?.unwrap_or_default();
    let mut entries = 0;
    for (number, stream) in streams::all(work.db)? {
        let known = there.iter().find(|(life, _)| *life == stream && refused.contains(life));
        let Some((_, known)) = known.filter(|_| is_own_earlier(work, stream)) else { continue };
        let (newest, _) = journal::newest(work.db, number)?;
        let here = journal::link_at(work.db, number, known.seq)?;
        let follows = known.seq == 0 || here.is_some_and(|link| link.hash == known.hash);
        if follows && newest.seq > known.seq {
            journal::set_aside(work.db, number, known.seq + 1)?;
            set_acked(work.db, number, known.seq, 0)?;
            entries += newest.seq - known.seq;
        }
    }
    if entries > 0 {
        work.rebuild()?;
        erase::again(work)?;
        notices::tell(work, "set_aside", &[("count", entries.to_string())])?;
    }
    Ok(())
}

/// Whether the hub's last word was that this till does not belong to the business.
fn was_sent_away(work: &Work<'_>) -> Result<bool> {
    let refused: Option<String> = local::get(work.db, local::REFUSED)?;
    Ok(refused.as_deref() == Some("device_revoked"))
}

/// What the hub has acknowledged of a journal.
fn acked_of(work: &Work<'_>, life: &OwnLife) -> Result<Option<Known>> {
    let link = journal::link_at(work.db, life.number, life.acked)?;
    Ok(link.map(|link| Known { seq: link.seq, hash: link.hash }))
}

/// What the hub has acknowledged of earlier lives. What was handed over because it was refused
/// counts as sent, and is not in the hub's log.
fn earlier_acked(work: &Work<'_>, earlier: &[OwnLife]) -> Result<Vec<(StreamId, Known)>> {
    let refused: Vec<StreamId> = local::get(work.db, local::HANDED_OVER)?.unwrap_or_default();
    let mut acked = Vec::new();
    for life in earlier.iter().filter(|life| life.acked > 0 && !refused.contains(&life.stream)) {
        acked.extend(acked_of(work, life)?.map(|known| (life.stream, known)));
    }
    Ok(acked)
}

/// A hub that was restored has less of this till's earlier lives than it once said.
fn earlier_as_there(work: &Work<'_>, there: &[(StreamId, Known)]) -> Result<()> {
    for (number, stream) in streams::all(work.db)? {
        if is_own_earlier(work, stream) {
            let known = there.iter().find(|(life, _)| *life == stream);
            set_acked(work.db, number, known.map_or(0, |(_, known)| known.seq), 0)?;
        }
    }
    Ok(())
}

/// The hub that this till belongs to.
fn link_to(
    db: &Connection,
    url: &str,
    pin: Option<[u8; 32]>,
    till_name: &str,
    answer: &EnrolAnswer,
) -> Result<()> {
    let hub = HubLink {
        url: url.to_owned(),
        hub: answer.hub,
        key: answer.key.clone(),
        pin: pin.map(hex::encode),
        epoch: answer.epoch,
        till_name: till_name.to_owned(),
        channels: answer.channels.clone(),
    };
    local::remove(db, local::LOG_HEAD)?;
    local::remove(db, local::LOG_EDGE)?;
    local::set(db, local::HUB, &hub)?;
    local::set(db, local::STORE, &answer.store)
}

/// Hubs that this business had before.
fn hubs_before(db: &Connection) -> Result<Vec<TillId>> {
    Ok(local::get(db, local::HUBS_BEFORE)?.unwrap_or_default())
}

/// Keeps in mind that these had this business before.
fn know_hubs(db: &Connection, more: &[TillId]) -> Result<()> {
    let mut before = hubs_before(db)?;
    let known = before.len();
    for hub in more {
        if !before.contains(hub) {
            before.push(*hub);
        }
    }
    if before.len() == known { Ok(()) } else { local::set(db, local::HUBS_BEFORE, &before) }
}

/// The hubs of this business: the one there is, and those before it.
pub(crate) fn hubs(db: &Connection) -> Result<Vec<TillId>> {
    let mut hubs = hubs_before(db)?;
    hubs.extend(local::get::<HubLink>(db, local::HUB)?.map(|hub| hub.hub));
    Ok(hubs)
}

fn set_acked(db: &Connection, number: i64, acked: u64, durable: u64) -> Result<()> {
    let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    db.prepare_cached(
        "INSERT INTO pushed (stream, acked, durable) VALUES (?1, ?2, ?3)
         ON CONFLICT (stream) DO UPDATE SET acked = ?2, durable = ?3",
    )?
    .execute([number, whole(acked), whole(durable)])?;
    Ok(())
}

/// The hub has so much of a journal: it has just sent it.
pub(crate) fn known_there(db: &Connection, number: i64, seq: u64) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO pushed (stream, acked, durable) VALUES (?1, ?2, 0)
         ON CONFLICT (stream) DO UPDATE SET acked = max(acked, ?2)",
    )?
    .execute([number, i64::try_from(seq).unwrap_or(i64::MAX)])?;
    Ok(())
}

fn cursor(db: &Connection, channel: &str) -> Result<(u64, SetSum)> {
    let row: Option<(i64, [u8; 32])> = db
        .prepare_cached("SELECT position, sum FROM cursor WHERE channel = ?1")?
        .query_row([channel], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(row.map_or((0, SetSum::default()), |(position, sum)| {
        (position.try_into().unwrap_or(0), SetSum::from_hash(Hash(sum)))
    }))
}

/// Sets where a channel is read from.
pub(crate) fn set_cursor(db: &Connection, channel: &str, position: u64, sum: SetSum) -> Result<()> {
    let position = i64::try_from(position).unwrap_or(i64::MAX);
    db.prepare_cached(
        "INSERT INTO cursor (channel, position, sum) VALUES (?1, ?2, ?3)
         ON CONFLICT (channel) DO UPDATE SET position = ?2, sum = ?3",
    )?
    .execute(params![channel, position, sum.to_hash().0])?;
    Ok(())
}

fn forget_cursors(db: &Connection) -> Result<()> {
    db.execute("DELETE FROM cursor", [])?;
    Ok(())
}

fn hash_of(packet: &Packet) -> Result<Hash> {
    let header = hex::decode(&packet.header)
        .map_err(|_| Error::HubUnreachable("a header cannot be read".into()))?;
    Ok(punchcard_protocol::hash_header(&header))
}

/// The newest stamp that came with a snapshot.
pub(crate) fn seen(db: &Connection, hlc: Hlc) -> Result<()> {
    local::set(db, local::SEEN_HLC, &hlc)
}
