//! A new till begins with the hub's tables as they are now, instead of everything that ever
//! happened.
//!
//! Pages are fetched, hashed and made ready on one thread while another puts those before them;
//! each is committed with how far it is. A line that was cut is waited for; a till that was ended
//! in the middle goes on after the last page it has, as long as the hub still has the next one,
//! and begins anew otherwise. Commits do not wait for the disk meanwhile; before it counts as
//! done, everything is there. Until then the store is nobody's: see [`super::join`].

use std::{
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
    time::{Duration, Instant},
};

use punchcard_protocol::{
    Hlc, SetSum,
    sync::{Code, Manifest, Pull, PullAnswer, SnapshotQuery, WireRefusal, path},
};

use super::{
    cycle,
    wire::{Caller, Wire},
};
use crate::{
    error::{Error, Result},
    store::{
        local::{self, HubLink},
        marks,
        snapshot::{self, Keys, Numbers, Pages, Progress, Ready},
    },
    till::Till,
    work::Work,
};

/// The channel of a till that reads everything.
const ALL: &str = "all";
/// How often a snapshot is begun anew before a till gives up: the hub forgot it, or it did not add
/// up.
const MOST_TIMES: usize = 3;
const SHORTEST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How a new till begins.
#[derive(Debug, Clone, Copy)]
pub struct Beginning {
    /// Below so many entries at the hub the channel is read from its start: that is as quick, and
    /// leaves the till with the entries themselves.
    pub least: u64,
    /// How long a line that was cut is waited for.
    pub patience: Duration,
    /// Falls over after so many pages: a power cut, for tests.
    pub most_pages: Option<u64>,
}

impl Default for Beginning {
    fn default() -> Self {
        Self { least: 5_000, patience: Duration::from_mins(3), most_pages: None }
    }
}

/// Begins from a snapshot, where that is worth it; returns whether it did.
///
/// # Errors
/// [`Error::HubUnreachable`], [`Error::WrongHub`], [`Error::Hub`]; those of the store. What has
/// come stays, and is gone on with the next time.
pub(crate) fn begin(till: &Till, wire: &Wire, how: &Beginning) -> Result<bool> {
    let standing = till.standing()?;
    let caller = cycle::caller(till, &standing)?;
    if till.read(snapshot::began)? {
        return Ok(true);
    }
    let worth = worth_it(wire, &caller, &standing.hub, how)?;
    let visit = Visit { till, wire, caller: &caller, hub: &standing.hub, how };
    if !worth {
        visit.forget()?;
        return Ok(false);
    }
    let calm = till.with_writer(|writer| snapshot::hurry(&writer.db))?;
    let came = visit.all();
    // Also where it was cut: what is there is on the disk, and the next commit waits for it again.
    till.with_writer(|writer| calm.again(&writer.db))?;
    match came? {
        Some(progress) => {
            till.write(|work| settle(work, &progress))?;
            Ok(true)
        }
        None => Ok(false),
    }
}

/// A store that reads its own members alone finds all it needs in its channel; and a short log is
/// soon read.
fn worth_it(wire: &Wire, caller: &Caller, hub: &HubLink, how: &Beginning) -> Result<bool> {
    if hub.channels != [ALL] {
        return Ok(false);
    }
    // A manifest would keep the hub's tables open for nothing.
    let ask = Pull { epoch: hub.epoch, channel: ALL.into(), after: 0, limit: 1, edge: false };
    let answer: PullAnswer = patiently(how, || wire.call(Some(caller), path::PULL, &ask))?;
    Ok(answer.head >= how.least)
}

/// It has all come: from here on the till reads its channels.
fn settle(work: &mut Work<'_>, progress: &Progress) -> Result<()> {
    let manifest = &progress.manifest;
    for (channel, known) in &manifest.cursors {
        marks::set_cursor(work.db, channel, known.seq, SetSum::from_hash(known.hash))?;
    }
    marks::seen(work.db, Hlc(manifest.hlc))?;
    work.observe(Hlc(manifest.hlc));
    if let Some(mut hub) = local::get::<HubLink>(work.db, local::HUB)? {
        hub.epoch = manifest.epoch;
        local::set(work.db, local::HUB, &hub)?;
    }
    snapshot::over(work.db)?;
    local::set(work.db, local::SNAPSHOT, &true)
}

/// Calls again while the hub cannot be reached or has too much to do.
fn patiently<T>(how: &Beginning, mut call: impl FnMut() -> Result<T>) -> Result<T> {
    let (began, mut pause) = (Instant::now(), SHORTEST_PAUSE);
    loop {
        let error = match call() {
            Err(error) if began.elapsed() < how.patience => error,
            done => return done,
        };
        let asked = match &error {
            Error::HubUnreachable(_) => Duration::ZERO,
            Error::Hub(refusal) if refusal.code == Code::SlowDown => {
                Duration::from_millis(refusal.number("retry_ms").unwrap_or(0))
            }
            _ => return Err(error),
        };
        tracing::info!(code = error.code(), "the hub is asked again in a while");
        thread::sleep(pause.max(asked).min(LONGEST_PAUSE));
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// A till at its hub.
struct Visit<'a> {
    till: &'a Till,
    wire: &'a Wire,
    caller: &'a Caller,
    hub: &'a HubLink,
    how: &'a Beginning,
}

/// Why a snapshot does not go on.
enum Ended {
    /// It is of no use any more: begin anew.
    Over(Error),
    /// It can be gone on with later.
    Cut(Error),
}

/// A page on its way from the thread that fetches to the one that puts.
type Handed = std::result::Result<Ready, Ended>;

impl<E: Into<Error>> From<E> for Ended {
    fn from(error: E) -> Self {
        Self::Cut(error.into())
    }
}

impl Visit<'_> {
    /// Everything, begun anew where it must be. None: the hub has no snapshot for this till.
    fn all(&self) -> Result<Option<Progress>> {
        let mut last = Error::HubUnreachable("it gave no whole snapshot".into());
        for _ in 0..MOST_TIMES {
            let Some(progress) = self.progress()? else { return Ok(None) };
            match self.go_on(progress) {
                Ok(progress) => return Ok(Some(progress)),
                Err(Ended::Cut(error)) => return Err(error),
                Err(Ended::Over(error)) => {
                    tracing::warn!(code = error.code(), "the snapshot is begun anew");
                    self.forget()?;
                    last = error;
                }
            }
        }
        Err(last)
    }

    /// Where it is gone on from.
    fn progress(&self) -> Result<Option<Progress>> {
        match self.till.write(|work| Progress::read(work.db))? {
            Some(progress) if progress.hub == self.hub.hub => return Ok(Some(progress)),
            Some(_) => self.forget()?,
            None => {}
        }
        let ask = serde_json::json!({});
        let manifest: Result<Manifest> =
            patiently(self.how, || self.wire.call(Some(self.caller), path::MANIFEST, &ask));
        match manifest {
            Ok(manifest) => {
                let begun = |work: &mut Work<'_>| Progress::begin(work.db, self.hub.hub, manifest);
                Ok(Some(self.till.write(begun)?))
            }
            Err(Error::Hub(WireRefusal { code: Code::NotFound, .. })) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Empties what came, and folds what this till wrote itself.
    fn forget(&self) -> Result<()> {
        self.till.write(|work| {
            if Progress::read(work.db)?.is_some() {
                work.rebuild()?;
                snapshot::over(work.db)?;
            }
            Ok(())
        })
    }

    fn go_on(&self, progress: Progress) -> std::result::Result<Progress, Ended> {
        if progress.kinds.is_none() {
            self.pages(progress)?;
        }
        self.keys()?;
        self.till.write(|work| snapshot::index(work.db))?;
        let progress = self.till.write(|work| Progress::read(work.db))?;
        Ok(progress.ok_or_else(|| Error::Internal("a snapshot was lost".into()))?)
    }

    /// One thread fetches pages and makes them ready, this one puts them.
    fn pages(&self, progress: Progress) -> std::result::Result<(), Ended> {
        let (hand, ready) = sync_channel(0);
        thread::scope(|scope| {
            named("till-pages").spawn_scoped(scope, move || self.fetch(progress, &hand))?;
            self.put(ready)
        })
    }

    /// Ends after the last page, at an error, or when nobody takes what is handed over.
    fn fetch(&self, progress: Progress, hand: &SyncSender<Handed>) {
        let mut pages = match Pages::from(progress) {
            Ok(pages) => pages,
            Err(error) => return drop(hand.send(Err(Ended::Over(error)))),
        };
        loop {
            let page = self.page(&mut pages);
            let more = page.as_ref().is_ok_and(|page| !page.is_last());
            if hand.send(page).is_err() || !more {
                break;
            }
        }
    }

    fn page(&self, pages: &mut Pages) -> Handed {
        let page = pages.next();
        let ask = SnapshotQuery { id: pages.snapshot(), page };
        let bytes =
            patiently(self.how, || self.wire.bytes(Some(self.caller), path::SNAPSHOT, &ask));
        match bytes {
            Ok(bytes) => pages.read(bytes).map_err(Ended::Over),
            Err(error @ Error::Hub(WireRefusal { code: Code::NotFound, .. })) => {
                Err(Ended::Over(error))
            }
            Err(error) => Err(Ended::Cut(error)),
        }
    }

    fn put(&self, ready: Receiver<Handed>) -> std::result::Result<(), Ended> {
        let mut numbers = self.till.write(|work| Numbers::read(work.db))?;
        let mut left = self.how.most_pages;
        for page in ready {
            let page = page?;
            let put = self.till.write(|work| snapshot::put(work.db, &mut numbers, &page));
            put.map_err(|error| match error {
                // Not the line: what came over it.
                Error::HubUnreachable(_) => Ended::Over(error),
                error => Ended::Cut(error),
            })?;
            if page.is_last() {
                return Ok(());
            }
            left = left.map(|left| left.saturating_sub(1));
            if left == Some(0) {
                return Err(Ended::Cut(Error::Internal("fell over, as a test asked for".into())));
            }
        }
        Err(Ended::Cut(Error::Internal("a thread fell over; join again".into())))
    }

    /// What members are found by: read and sorted on one thread, put on this one.
    fn keys(&self) -> Result<()> {
        let progress = self.till.write(|work| Progress::read(work.db))?;
        let from = progress.and_then(|progress| progress.kinds).unwrap_or(0);
        let (hand, sorted) = sync_channel(0);
        thread::scope(|scope| {
            named("till-keys").spawn_scoped(scope, move || self.sort(from, &hand))?;
            sorted.into_iter().try_for_each(|keys: Result<Keys>| {
                let keys = keys?;
                self.till.write(|work| keys.put(work.db))
            })
        })
    }

    fn sort(&self, from: usize, hand: &SyncSender<Result<Keys>>) {
        let mut kinds = from;
        while let Some(keys) = self.till.read(|db| Keys::after(db, kinds)).transpose() {
            let failed = keys.is_err();
            kinds = keys.as_ref().map_or(kinds, Keys::kinds);
            if hand.send(keys).is_err() || failed {
                break;
            }
        }
    }
}

fn named(name: &str) -> thread::Builder {
    thread::Builder::new().name(name.into())
}
