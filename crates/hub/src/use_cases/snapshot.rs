//! What a new till starts from: the tables at one moment, page after page. A thread reads them in
//! one transaction and stays a page ahead; nothing of it is put on a disk.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
};

use punchcard_protocol::{
    FactId, Hash, StreamId, TableHasher, TillId,
    sync::{Code, Known, Manifest, PageHead, SnapshotQuery},
};

use super::pull;
use crate::{
    error::{Error, Result},
    hub::{Hub, hub_row},
    random,
    store::{
        Store,
        tables::{self, Table},
    },
};

/// A page holds about so many bytes before it is compressed.
const PAGE_BYTES: usize = 2 * 1024 * 1024;
/// A snapshot that nobody asked for so long is given up: ms.
const IDLE_MS: i64 = 10 * 60 * 1000;
/// Tills that begin at the same time.
const MOST: usize = 8;
/// Pages that can be had again. A till fetches one while another waits and a third is being put;
/// ended there, it goes on after the last that it has put.
const PAGES_KEPT: usize = 3;

/// The snapshots that are being read.
#[derive(Default)]
pub(crate) struct Snapshots(Mutex<BTreeMap<FactId, Arc<Mutex<Snapshot>>>>);

/// One of them.
struct Snapshot {
    pages: Receiver<Result<Vec<u8>>>,
    /// The number of the page that is given out next.
    next: u64,
    /// Those given out last, the newest at the end.
    kept: VecDeque<Vec<u8>>,
    till: StreamId,
    asked_ms: i64,
    /// Reads the tables, and ends when all of them lie in the channel.
    reader: JoinHandle<()>,
}

impl Snapshot {
    /// A page that was given out already.
    fn again(&self, page: u64) -> Option<&Vec<u8>> {
        let back = usize::try_from(self.next.checked_sub(page)?).ok()?;
        self.kept.get(self.kept.len().checked_sub(back)?)
    }

    fn advance(&mut self) -> Result<Vec<u8>> {
        let bytes = match self.pages.recv() {
            Ok(page) => page?,
            Err(_) => return Err(gone()),
        };
        if self.kept.len() == PAGES_KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(bytes.clone());
        self.next += 1;
        Ok(bytes)
    }
}

impl Hub {
    /// Begins a snapshot. Only where a store reads everything: elsewhere its channel holds all it
    /// needs from the start.
    ///
    /// # Errors
    /// `device_revoked`, `slow_down`, `not_found` where stores read their own members alone.
    pub fn manifest(&self, stream: StreamId) -> Result<Manifest> {
        let now_ms = self.now_ms();
        let id = FactId(random::uuid_at(now_ms)?);
        let (pages, read) = sync_channel(1);
        let (told, manifest) = sync_channel(1);
        self.snapshots().make_room(stream.till, now_ms)?;
        let store = self.shared_store();
        let reader = thread::Builder::new().name("snapshot".into()).spawn(move || {
            if let Err(error) = read_all(&*store, stream, id, &told, &pages) {
                // Whoever waits, for the manifest or for a page, is told.
                let _ = told.try_send(Err(error));
            }
        })?;
        let manifest =
            manifest.recv().map_err(|_| Error::Internal("a snapshot fell over".into()))??;
        let (next, kept) = (0, VecDeque::new());
        let snapshot = Snapshot { pages: read, next, kept, till: stream, asked_ms: now_ms, reader };
        self.snapshots().keep(id, snapshot)?;
        Ok(manifest)
    }

    /// The next page of a snapshot, or one of those given out last: [`PageHead`] and its bytes.
    ///
    /// # Errors
    /// `not_found` where it is neither: begin again. `device_revoked`.
    pub fn page(&self, stream: StreamId, ask: &SnapshotQuery) -> Result<Vec<u8>> {
        let snapshot = self.snapshots().get(ask.id)?;
        let mut snapshot = snapshot.lock().map_err(|_| fell_over())?;
        if snapshot.till != stream {
            return Err(gone());
        }
        // It may have been revoked since it began.
        self.read(|session| pull::active(session, stream))?;
        snapshot.asked_ms = self.now_ms();
        if let Some(bytes) = snapshot.again(ask.page) {
            return Ok(bytes.clone());
        }
        if ask.page != snapshot.next {
            return Err(gone());
        }
        snapshot.advance()
    }
}

fn gone() -> Error {
    Error::refused(Code::NotFound, "this snapshot is over: begin again")
}

fn fell_over() -> Error {
    Error::Internal("a snapshot fell over".into())
}

impl Snapshots {
    fn get(&self, id: FactId) -> Result<Arc<Mutex<Snapshot>>> {
        self.0.lock().map_err(|_| fell_over())?.get(&id).cloned().ok_or_else(gone)
    }

    fn keep(&self, id: FactId, snapshot: Snapshot) -> Result<()> {
        self.0.lock().map_err(|_| fell_over())?.insert(id, Arc::new(Mutex::new(snapshot)));
        Ok(())
    }

    /// Those nobody asks for end, and those that the same till began before: their thread sees
    /// that nobody listens.
    fn make_room(&self, till: TillId, now_ms: i64) -> Result<()> {
        let mut all = self.0.lock().map_err(|_| fell_over())?;
        let mut reading = 0;
        all.retain(|_, snapshot| {
            // One that is locked is being read from just now.
            let Ok(held) = snapshot.try_lock() else {
                reading += 1;
                return true;
            };
            let kept = held.till.till != till && now_ms - held.asked_ms < IDLE_MS;
            reading += usize::from(kept && !held.reader.is_finished());
            kept
        });
        if reading >= MOST {
            let refusal = punchcard_protocol::sync::WireRefusal::new(
                Code::SlowDown,
                "other tills are beginning just now",
            );
            return Err(refusal.with("retry_ms", 5_000).into());
        }
        Ok(())
    }
}

type Pages = SyncSender<Result<Vec<u8>>>;

/// Reads every table in one transaction, and hands its pages out.
fn read_all(
    store: &dyn Store,
    stream: StreamId,
    id: FactId,
    told: &SyncSender<Result<Manifest>>,
    pages: &Pages,
) -> Result<()> {
    let mut session = store.read()?;
    let hub = hub_row(&mut *session)?;
    pull::active(&mut *session, stream)?;
    if hub.follow == "own" {
        return Err(Error::refused(Code::NotFound, "read the channels from the start"));
    }
    let cursor = Known { seq: hub.position, hash: hub.sum.to_hash() };
    let manifest =
        Manifest { id, epoch: hub.epoch, cursors: vec![("all".into(), cursor)], hlc: hub.hlc.0 };
    if told.send(Ok(manifest)).is_err() {
        return Ok(());
    }
    for table in tables::TABLES {
        if let Err(error) = read_table(&mut *session, table, pages) {
            let _ = pages.send(Err(error));
            return Ok(());
        }
    }
    let _ = pages.send(page("", None, &[]));
    Ok(())
}

fn read_table(session: &mut dyn crate::store::Session, table: &Table, pages: &Pages) -> Result<()> {
    let mut hasher = TableHasher::default();
    let mut bytes = Vec::with_capacity(PAGE_BYTES + 4096);
    tables::scan(session, table, &mut |row| {
        for value in row {
            tables::fed(value).write(&mut bytes);
        }
        if bytes.len() >= PAGE_BYTES {
            hasher.feed_written(&bytes);
            send(pages, page(table.name, None, &bytes))?;
            bytes.clear();
        }
        Ok(())
    })?;
    hasher.feed_written(&bytes);
    send(pages, page(table.name, Some(hasher.finish()), &bytes))
}

/// Waits until there is room; where nobody listens any more, that is the end.
fn send(pages: &Pages, page: Result<Vec<u8>>) -> Result<()> {
    pages.send(page).map_err(|_| gone())
}

fn page(table: &str, hash: Option<Hash>, rows: &[u8]) -> Result<Vec<u8>> {
    let head = serde_json::to_vec(&PageHead { table: table.to_owned(), hash })?;
    let length = u32::try_from(head.len()).map_err(|_| fell_over())?;
    let mut bytes = Vec::with_capacity(4 + head.len() + rows.len());
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(&head);
    bytes.extend_from_slice(rows);
    Ok(bytes)
}
