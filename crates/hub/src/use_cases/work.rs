//! One transaction of the hub at work: taking entries in, saying something itself.

use std::collections::{BTreeMap, BTreeSet};

use punchcard_domain::{
    effects::{Effect, OpenedPrivate, effects},
    fact::{Fact, KIND_VERSION, about},
};
use punchcard_protocol::{
    Draft, Entry, Hash, Header, HybridClock, Link, MemberId, PrivatePart, SIGNATURE_BYTES, StaffId,
    StoreId, StreamId, StreamKey, leaf, seal, sync::Packet,
};

use crate::{
    error::{Error, Result},
    random,
    store::{
        Session,
        changes::Changes,
        erased, fold,
        journal::{self, HubRow, LogRow},
        tree,
    },
    weak::Weak,
};

/// So many leaves wait in memory before they go into the tree: a database that is made of backups takes
/// in all entries in one transaction.
const MOST_LEAVES: usize = 20_000;

/// An entry on its way into the log.
pub(crate) struct Incoming {
    pub(crate) header: Header,
    pub(crate) entry: Entry,
    pub(crate) private: Option<PrivatePart>,
    /// None: of a kind that this build does not know, or kept back.
    pub(crate) fact: Option<Fact>,
    /// What the fact changes, as far as no private part has a say in it; none: not looked at yet.
    pub(crate) changes: Option<Vec<Effect>>,
    /// Passed on to nobody: it is not what its header says, or says what it may not.
    pub(crate) kept_back: bool,
    /// Its writer's signature over the head here, where it signed here.
    pub(crate) signature: Option<[u8; SIGNATURE_BYTES]>,
    /// When it came, where that was before now: Unix ms.
    pub(crate) received_ms: Option<i64>,
}

/// One transaction.
pub(crate) struct Work<'a> {
    pub(crate) session: Box<dyn Session + 'a>,
    pub(crate) hub: HubRow,
    pub(crate) now_ms: i64,
    pub(crate) weak: Weak,
    key: &'a StreamKey,
    /// Of entries that are in the log, and not in its tree yet.
    leaves: Vec<Hash>,
    wrote: bool,
    rings: bool,
}

impl<'a> Work<'a> {
    pub(crate) fn new(
        session: Box<dyn Session + 'a>,
        hub: HubRow,
        key: &'a StreamKey,
        now_ms: i64,
    ) -> Self {
        let (weak, leaves) = (Weak::default(), Vec::new());
        Self { session, hub, now_ms, weak, key, leaves, wrote: false, rings: false }
    }

    /// The hub's key.
    pub(crate) fn key(&self) -> &StreamKey {
        self.key
    }

    /// Whoever waits for value or for something to do is to be woken after the commit.
    pub(crate) fn ring(&mut self) {
        self.rings = true;
    }

    /// The hub's own row has changed.
    pub(crate) fn touch(&mut self) {
        self.wrote = true;
    }

    /// Now, by the time that never goes back.
    pub(crate) fn effective_ms(&self) -> i64 {
        HybridClock::resume(self.hub.hlc).effective_ms(self.now_ms)
    }

    /// Keeps everything; returns whether somebody is to be woken.
    pub(crate) fn commit(mut self) -> Result<bool> {
        self.grow_tree()?;
        if self.wrote {
            journal::put_hub(&mut *self.session, &self.hub)?;
        }
        self.session.commit()?;
        Ok(self.rings)
    }

    /// The log's tree has everything that the log has. Once in a transaction, however much is said.
    pub(crate) fn grow_tree(&mut self) -> Result<()> {
        let leaves = std::mem::take(&mut self.leaves);
        if leaves.is_empty() {
            return Ok(());
        }
        tree::grow(&mut *self.session, self.hub.position - leaves.len() as u64, &leaves)
    }

    /// The hub says something: an entry of its own journal, signed, and taken in like any other.
    pub(crate) fn say(&mut self, fact: Fact) -> Result<Packet> {
        let own = self.own();
        let mut row = journal::stream(&mut *self.session, own)?
            .ok_or_else(|| Error::Damaged("the hub's own journal is missing".into()))?;
        let mut clock = HybridClock::resume(self.hub.hlc);
        let hlc = clock.tick(self.now_ms);
        self.hub.hlc = hlc;
        let draft = Draft {
            kind: fact.kind(),
            kind_version: KIND_VERSION,
            staff: StaffId::from_bytes([0; 16]),
            wall_ms: self.now_ms,
            payload: fact.to_payload()?,
            salt: random::bytes()?,
        };
        let entry = seal(own, row.link.seq + 1, row.link.hash, hlc, draft)
            .map_err(|error| Error::Internal(error.to_string()))?;
        let header = Header::from_bytes(&entry.header)
            .map_err(|error| Error::Internal(error.to_string()))?;
        row.link = Link { seq: header.seq, hash: entry.hash() };
        row.hlc = hlc;
        journal::put_stream(&mut *self.session, &row)?;
        let signature = Some(self.key.signature(own, row.link));
        let packet = Packet::of(&entry, None)
            .map_err(|error| Error::Internal(error.to_string()))?
            .signed_with(signature);
        self.take_in(vec![Incoming {
            header,
            entry,
            private: None,
            fact: Some(fact),
            changes: None,
            kept_back: false,
            signature,
            received_ms: None,
        }])?;
        Ok(packet)
    }

    /// Takes entries into the log, gives them their positions, and folds them. Whoever calls has
    /// checked that they follow in their journal. Returns how many private parts were left out, because
    /// they are about somebody who was erased.
    pub(crate) fn take_in(&mut self, entries: Vec<Incoming>) -> Result<i64> {
        let mut changes = Changes::default();
        let mut rows = Vec::with_capacity(entries.len());
        let mut follows = Follows::default();
        let (entries, erased, dropped) = self.without_erased(entries)?;
        for mut incoming in entries {
            let found = changed_by(&mut incoming)?;
            let member = member_of(&found);
            follows.note(incoming.fact.as_ref(), member, &found);
            for effect in found {
                changes.add(&incoming.header, effect);
            }
            rows.push(self.numbered(incoming, member));
        }
        journal::append(&mut *self.session, &rows)?;
        fold::apply(&mut *self.session, &changes)?;
        if !erased.is_empty() {
            erased::delete_parts(&mut *self.session, &erased)?;
            erased::note(&mut *self.session, self.hub.epoch, self.hub.position)?;
        }
        if self.hub.follow == "own" {
            self.pass_on(&rows, &follows)?;
        }
        if self.leaves.len() > MOST_LEAVES {
            self.grow_tree()?;
        }
        self.wrote = true;
        Ok(dropped)
    }

    /// Entries without the private parts of whoever was erased, or is by one of them; and who is.
    fn without_erased(
        &mut self,
        mut entries: Vec<Incoming>,
    ) -> Result<(Vec<Incoming>, BTreeSet<MemberId>, i64)> {
        let now = entries.iter().filter_map(|incoming| match &incoming.fact {
            Some(Fact::MemberErased(body)) if !incoming.kept_back => Some(body.member),
            _ => None,
        });
        let now: BTreeSet<MemberId> = now.collect();
        if self.weak.erased_parts_kept {
            return Ok((entries, now, 0));
        }
        let with_part = entries.iter().filter(|incoming| incoming.private.is_some());
        let members: Vec<MemberId> =
            with_part.filter_map(|incoming| about(&incoming.entry.payload)).collect();
        let gone = erased::among(&mut *self.session, &members)?;
        let mut dropped = 0;
        for incoming in entries.iter_mut().filter(|incoming| incoming.private.is_some()) {
            let Some(member) = about(&incoming.entry.payload) else { continue };
            if gone.contains(&member) || now.contains(&member) {
                incoming.private = None;
                dropped += i64::from(!now.contains(&member));
                let Header { stream, seq, .. } = incoming.header;
                tracing::info!(%stream, seq, "a private part of somebody who was erased is dropped");
            }
        }
        Ok((entries, now, dropped))
    }

    fn numbered(&mut self, incoming: Incoming, member: Option<MemberId>) -> LogRow {
        let hash = incoming.entry.hash();
        self.hub.position += 1;
        if !incoming.kept_back {
            self.hub.sum.add(hash);
        }
        self.leaves.push(leaf(hash, incoming.kept_back));
        LogRow {
            position: self.hub.position,
            stream: incoming.header.stream,
            seq: incoming.header.seq,
            hash,
            entry: incoming.entry,
            private: incoming.private,
            member,
            sum: self.hub.sum,
            kept_back: incoming.kept_back,
            signature: incoming.signature,
            received_ms: incoming.received_ms.unwrap_or(self.now_ms),
        }
    }

    /// Puts new entries into the channels of the stores that follow whom they are about.
    fn pass_on(&mut self, rows: &[LogRow], follows: &Follows) -> Result<()> {
        let members: Vec<MemberId> =
            rows.iter().filter_map(|row| row.member).collect::<BTreeSet<_>>().into_iter().collect();
        let known: BTreeSet<(MemberId, StoreId)> =
            journal::followers(&mut *self.session, &members)?.into_iter().collect();
        let mut feeds: BTreeMap<String, Vec<(u64, Hash)>> = BTreeMap::new();
        for row in rows.iter().filter(|row| !row.kept_back) {
            match row.member {
                None => feeds.entry("org".into()).or_default().push((row.position, row.hash)),
                Some(member) => {
                    for (_, store) in known.iter().filter(|(followed, _)| *followed == member) {
                        let feed = feeds.entry(channel_of(*store)).or_default();
                        feed.push((row.position, row.hash));
                    }
                }
            }
        }
        for (channel, entries) in feeds {
            journal::feed(&mut *self.session, &channel, &entries)?;
        }
        for pair in follows.pairs.difference(&known) {
            self.follow(pair.1, &[pair.0])?;
        }
        for (gone, kept) in &follows.merged {
            let stores = journal::followers(&mut *self.session, &[*gone, *kept])?;
            for store in stores.iter().map(|(_, store)| *store).collect::<BTreeSet<_>>() {
                self.follow(store, &[*gone, *kept])?;
            }
        }
        Ok(())
    }

    /// A store follows members from now on: all that is known of those it did not follow comes
    /// into its channel.
    pub(crate) fn follow(&mut self, store: StoreId, members: &[MemberId]) -> Result<()> {
        let known = journal::followers(&mut *self.session, members)?;
        let new: Vec<MemberId> =
            members.iter().copied().filter(|member| !known.contains(&(*member, store))).collect();
        let pairs: Vec<(MemberId, StoreId)> = new.iter().map(|member| (*member, store)).collect();
        journal::follow(&mut *self.session, &pairs)?;
        let entries = journal::places_of_members(&mut *self.session, &new)?;
        journal::feed(&mut *self.session, &channel_of(store), &entries)
    }
}

/// A store's channel.
pub(crate) fn channel_of(store: StoreId) -> String {
    format!("store/{store}")
}

/// Who comes to be followed by what happened: members where they registered, and where they are
/// seen.
#[derive(Default)]
struct Follows {
    pairs: BTreeSet<(MemberId, StoreId)>,
    merged: Vec<(MemberId, MemberId)>,
}

impl Follows {
    fn note(&mut self, fact: Option<&Fact>, member: Option<MemberId>, found: &[Effect]) {
        if let Some(Fact::MemberRegistered(body)) = fact {
            self.pairs.insert((body.member, body.home_store));
        }
        if let Some(Fact::MembersMerged(body)) = fact {
            self.merged.push((body.gone, body.kept));
        }
        let store = found.iter().find_map(|effect| match effect {
            Effect::InsertFact(row) => row.store,
            _ => None,
        });
        if let (Some(member), Some(store)) = (member, store) {
            self.pairs.insert((member, store));
        }
    }
}

fn member_of(found: &[Effect]) -> Option<MemberId> {
    found.iter().find_map(|effect| match effect {
        Effect::InsertFact(row) => row.member,
        _ => None,
    })
}

/// What an entry changes; nothing, where it is kept back or not understood.
fn changed_by(incoming: &mut Incoming) -> Result<Vec<Effect>> {
    let Some(fact) = incoming.fact.as_ref().filter(|_| !incoming.kept_back) else {
        return Ok(Vec::new());
    };
    if let (None, Some(changes)) = (&incoming.private, incoming.changes.take()) {
        return Ok(changes);
    }
    let private = incoming.private.as_ref().map(|part| part.bytes.as_slice());
    let opened = OpenedPrivate::read(fact, private)?;
    Ok(effects(fact, &opened.as_private(), incoming.header.stream))
}

/// Whose accounts the hub may debit besides the pool: whatever any of its epochs took over, and the
/// hubs that had this business before.
pub(crate) fn taken_over_by_hub(
    session: &mut dyn Session,
    hub: punchcard_protocol::TillId,
) -> Result<BTreeSet<StreamId>> {
    let sql = "SELECT from_stream FROM takeover WHERE substr(to_stream, 1, 16) = $1
                 OR substr(to_stream, 1, 16) IN (SELECT id FROM hub_before)";
    session.rows(sql, &[hub.as_bytes().into()])?.iter().map(|row| row[0].stream()).collect()
}

/// Whose accounts a stream may debit besides its own.
pub(crate) fn took_over(session: &mut dyn Session, by: StreamId) -> Result<BTreeSet<StreamId>> {
    let sql = "SELECT from_stream FROM takeover WHERE to_stream = $1";
    session.rows(sql, &[by.into()])?.iter().map(|row| row[0].stream()).collect()
}
