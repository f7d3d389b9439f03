//! The hub: its keys, its database, and how a transaction of it begins and ends.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use punchcard_domain::fact::{Fact, StreamOpened};
use punchcard_protocol::{
    FactId, Hlc, Link, SetSum, StreamId, StreamKey, TillId,
    sync::{Hello, LIMITS, OLDEST_PROTOCOL, PROTOCOL, Window},
};
use serde_json::json;
use tokio::sync::watch;

use crate::{
    error::{Error, Result},
    random,
    replica::Replica,
    store::{
        Datum, Session, Store,
        journal::{self, HubRow, StreamRow},
        tree,
    },
    use_cases::{restored::new_epoch, snapshot::Snapshots, work::Work},
    weak::Weak,
};

/// Tells the time: Unix ms.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Both sides speak this.
pub(crate) const WINDOW: Window = Window { min: OLDEST_PROTOCOL, max: PROTOCOL };

pub(crate) const SIGNING: &str = "signing";
/// Where the database lay when it was last opened.
pub(crate) const PLACE: &str = "place";

/// The hub of one business.
pub struct Hub {
    store: Arc<dyn Store>,
    clock: Clock,
    id: TillId,
    key: StreamKey,
    bell: watch::Sender<u64>,
    /// Where the database lay when it was last looked at.
    place: Mutex<String>,
    snapshots: Snapshots,
    replica: Option<Replica>,
    /// The newest position that this process knows of.
    newest: AtomicU64,
    publishes: AtomicBool,
    pub(crate) weak: Weak,
}

impl Hub {
    /// Opens the hub of a database; in an empty one it makes the hub's id, keys and journal.
    ///
    /// # Errors
    /// Those of the database.
    pub fn open(store: Arc<dyn Store>, clock: Clock) -> Result<Self> {
        Self::open_without(store, clock, Weak::default())
    }

    /// As [`Hub::open`], with what a test takes away.
    ///
    /// # Errors
    /// As [`Hub::open`].
    #[doc(hidden)]
    pub fn open_without(store: Arc<dyn Store>, clock: Clock, weak: Weak) -> Result<Self> {
        // Before the database is looked at, which somebody else may be writing just now.
        let noted = store.noted_position();
        let place = store.place()?;
        let mut session = store.write()?;
        let now_ms = clock();
        let (row, seed) = match journal::hub(&mut *session)? {
            Some(row) => (row, secret(&mut *session, SIGNING)?.ok_or_else(no_key)?),
            None => found(&mut *session, now_ms)?,
        };
        let elsewhere = lies_elsewhere(&mut *session, &place)?;
        // What was noted beside it, or the log's own tree, says that there was more.
        let longer = tree::length(&mut *session)? > row.position;
        if longer {
            tree::cut(&mut *session, row.position)?;
        }
        let behind = longer || noted.is_some_and(|noted| noted > row.position);
        session.commit()?;
        let seed: [u8; 32] = seed.try_into().map_err(|_| no_key())?;
        let hub = Self {
            id: row.id,
            key: StreamKey::from_seed(&seed),
            store,
            clock,
            bell: watch::Sender::new(0),
            place: Mutex::new(place.clone()),
            snapshots: Snapshots::default(),
            replica: None,
            newest: AtomicU64::new(0),
            publishes: AtomicBool::new(false),
            weak: weak.in_this_build(),
        };
        hub.write(|work| {
            work.open_own_journal()?;
            work.grow_tree()?;
            // A log from before there was a tree over it.
            tree::grow(&mut *work.session, work.hub.position, &[])
        })?;
        if elsewhere || behind {
            // An older copy may lie here: whatever it was, the tills know what is newer. Of several
            // hubs that start at once, the first says so.
            hub.write(|work| {
                if moved_to(work, &place)? || behind {
                    new_epoch(work, 0, json!({"what": "restored"}))?;
                }
                Ok(())
            })?;
            let position = hub.read(|session| hub_row(session))?.position;
            hub.store.note_position(position, true);
        }
        Ok(hub)
    }

    /// Pulls are answered by a server that follows the one that is written to, where it has followed far
    /// enough.
    #[must_use]
    pub fn reading_from(self, replica: Arc<dyn Store>) -> Self {
        Self { replica: Some(Replica::new(replica)), ..self }
    }

    /// From now on facts are handed on to others.
    pub(crate) fn publishes(&self) {
        self.publishes.store(true, Ordering::SeqCst);
    }

    /// Whether they are.
    pub(crate) fn is_publishing(&self) -> bool {
        self.publishes.load(Ordering::SeqCst)
    }

    /// The hub's id: what calls are signed for, and the till id of the hub's own journal.
    pub fn id(&self) -> TillId {
        self.id
    }

    /// The hub's Ed25519 key.
    pub fn public_key(&self) -> [u8; 32] {
        self.key.public()
    }

    /// A secret that is kept in the database and made once: several hubs on one database share it.
    ///
    /// # Errors
    /// Those of the database and of `make`.
    pub fn secret(&self, name: &str, make: &dyn Fn() -> Result<Vec<u8>>) -> Result<Vec<u8>> {
        let mut session = self.store.write()?;
        if let Some(value) = secret(&mut *session, name)? {
            return Ok(value);
        }
        let value = make()?;
        keep_secret(&mut *session, name, &value)?;
        session.commit()?;
        Ok(value)
    }

    /// Who the hub is.
    ///
    /// # Errors
    /// Those of the database.
    pub fn hello(&self) -> Result<Hello> {
        let epoch = self.read(|session| hub_row(session))?.epoch;
        Ok(Hello {
            hub: self.id,
            key: hex::encode(self.public_key()),
            epoch,
            protocol: WINDOW,
            limits: LIMITS,
            now_ms: (self.clock)(),
        })
    }

    /// Rings whenever a till is asked for something, or value came back.
    pub fn bell(&self) -> watch::Receiver<u64> {
        self.bell.subscribe()
    }

    /// One use case that writes: one transaction, under the row lock.
    pub(crate) fn write<T>(&self, act: impl FnOnce(&mut Work<'_>) -> Result<T>) -> Result<T> {
        let mut work = self.work()?;
        let elsewhere = work.session.place()?.filter(|place| *place != *self.known_place());
        if let Some(place) = elsewhere.filter(|_| !self.weak.takeover_unseen) {
            self.taken_over(work, &place)?;
            work = self.work()?;
        }
        let told = act(&mut work)?;
        let position = work.hub.position;
        let rings = work.commit()?;
        self.newest.fetch_max(position, Ordering::SeqCst);
        self.store.note_position(position, false);
        if rings {
            self.bell.send_modify(|rung| *rung += 1);
        }
        Ok(told)
    }

    fn work(&self) -> Result<Work<'_>> {
        let mut session = self.store.write()?;
        let row = hub_row(&mut *session)?;
        let mut work = Work::new(session, row, &self.key, (self.clock)());
        work.weak = self.weak;
        Ok(work)
    }

    fn known_place(&self) -> MutexGuard<'_, String> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another server took over from the one that this hub wrote to, and may have less: what was not
    /// passed on to it yet. Of several hubs the first that writes to it begins the next epoch.
    fn taken_over(&self, mut work: Work<'_>, place: &str) -> Result<()> {
        if moved_to(&mut work, place)? {
            new_epoch(&mut work, 0, json!({"what": "restored"}))?;
        }
        let position = work.hub.position;
        work.commit()?;
        self.newest.store(position, Ordering::SeqCst);
        place.clone_into(&mut self.known_place());
        Ok(())
    }

    /// One question.
    pub(crate) fn read<T>(&self, ask: impl FnOnce(&mut dyn Session) -> Result<T>) -> Result<T> {
        let mut session = self.store.read()?;
        ask(&mut *session)
    }

    /// One question, to the replica where there is one that answers and `far_enough` says that it may.
    pub(crate) fn read_there<T>(
        &self,
        far_enough: impl FnOnce(&HubRow) -> bool,
        ask: impl FnOnce(&mut dyn Session) -> Result<T>,
    ) -> Option<T> {
        let newest = self.newest.load(Ordering::SeqCst);
        self.replica.as_ref()?.ask(|session| {
            let row = hub_row(session)?;
            if row.position < newest || !far_enough(&row) {
                return Ok(None);
            }
            // What it refuses, whoever is written to says for itself.
            Ok(ask(session).ok())
        })
    }

    /// The snapshots that tills are reading.
    pub(crate) fn snapshots(&self) -> &Snapshots {
        &self.snapshots
    }

    /// The database, for a thread of its own.
    pub(crate) fn shared_store(&self) -> Arc<dyn Store> {
        self.store.clone()
    }

    /// Now, by the machine's clock: Unix ms.
    pub(crate) fn now_ms(&self) -> i64 {
        (self.clock)()
    }
}

pub(crate) fn hub_row(session: &mut dyn Session) -> Result<HubRow> {
    journal::hub(session)?.ok_or_else(|| Error::Damaged("it does not say which hub it is".into()))
}

fn no_key() -> Error {
    Error::Damaged("the hub's signing key is missing".into())
}

pub(crate) fn secret(session: &mut dyn Session, name: &str) -> Result<Option<Vec<u8>>> {
    let row = session.row("SELECT value FROM secret WHERE name = $1", &[name.into()])?;
    row.map(|row| Ok(row[0].bytes()?.to_vec())).transpose()
}

pub(crate) fn keep_secret(session: &mut dyn Session, name: &str, value: &[u8]) -> Result<()> {
    let row: [Datum; 2] = [name.into(), value.into()];
    session.execute("INSERT INTO secret (name, value) VALUES ($1, $2)", &row)?;
    Ok(())
}

/// Whether the database lies elsewhere than when it was last opened: it is a copy then. A new one
/// learns where it lies.
fn lies_elsewhere(session: &mut dyn Session, place: &str) -> Result<bool> {
    let known = secret(session, PLACE)?;
    if known.is_none() {
        keep_secret(session, PLACE, place.as_bytes())?;
    }
    Ok(known.is_some_and(|known| known != place.as_bytes()))
}

/// Remembers where the database lies now; false where that is known already. In the transaction in
/// which the new epoch begins: whoever dies in between begins it at the next start.
fn moved_to(work: &mut Work<'_>, place: &str) -> Result<bool> {
    if secret(&mut *work.session, PLACE)?.as_deref() == Some(place.as_bytes()) {
        return Ok(false);
    }
    work.session.execute("DELETE FROM secret WHERE name = $1", &[PLACE.into()])?;
    keep_secret(&mut *work.session, PLACE, place.as_bytes())?;
    Ok(true)
}

/// A new hub: its id and its key. The keys are in the database, so that several hubs on one
/// database are one.
fn found(session: &mut dyn Session, now_ms: i64) -> Result<(HubRow, Vec<u8>)> {
    let seed = random::bytes::<32>()?;
    let row = HubRow {
        id: TillId(random::uuid_at(now_ms)?),
        epoch: 1,
        position: 0,
        sum: SetSum::default(),
        hlc: Hlc::default(),
        follow: "everyone".into(),
    };
    journal::found(session, &row, now_ms)?;
    keep_secret(session, SIGNING, &seed)?;
    Ok((row, seed.to_vec()))
}

impl Work<'_> {
    /// The hub's own journal of this epoch begins, where it has not yet.
    pub(crate) fn open_own_journal(&mut self) -> Result<()> {
        let stream = self.own();
        if journal::stream(&mut *self.session, stream)?.is_some() {
            return Ok(());
        }
        let public_key = self.key().public();
        journal::put_stream(
            &mut *self.session,
            &StreamRow {
                stream,
                public_key,
                link: Link::START,
                hlc: Hlc::default(),
                durable: 0,
                state: "open".into(),
                opened_ms: self.now_ms,
                brought: false,
            },
        )?;
        let opened = StreamOpened {
            id: FactId(random::uuid_at(self.now_ms)?),
            public_key: hex::encode(public_key),
            reason: "hub".into(),
            previous: None,
        };
        self.say(Fact::StreamOpened(opened))?;
        Ok(())
    }

    /// The journal that the hub writes: its id, and its epoch as the incarnation.
    pub(crate) fn own(&self) -> StreamId {
        StreamId { till: self.hub.id, incarnation: self.hub.epoch }
    }
}
