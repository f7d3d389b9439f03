//! What programs see, what the disk holds, and what lies between.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{OsStr, OsString},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{
    image::{BLOCK, Image, Ino, Node, What, overlay},
    torn::torn,
};
use crate::processes::Dice;

/// What a system call fails with.
pub type Errno = i32;

pub(super) const EIO: Errno = 5;
pub(super) const ENOENT: Errno = 2;
pub(super) const EEXIST: Errno = 17;
pub(super) const ENOTDIR: Errno = 20;
pub(super) const EISDIR: Errno = 21;
pub(super) const ENOSPC: Errno = 28;
pub(super) const ENOTEMPTY: Errno = 39;

/// What survives when everything stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// The power goes, and nothing is left of what was not synced.
    Drop,
    /// The power goes, and any part is left of what was not synced.
    Torn,
    /// The programs die, the machine does not: everything they wrote is there, synced or not.
    Kill,
}

/// What goes wrong while the power is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The next sync of a file whose name ends so fails.
    SyncOnce(String),
    /// Every sync of a file whose name ends so fails.
    SyncAlways(String),
    /// Every sync of a file whose name ends so succeeds, and keeps nothing: for tests that show what
    /// would be lost without it.
    SyncLies(String),
    /// Every write to a file whose name ends so fails.
    WriteAlways(String),
}

impl Fault {
    /// How the names end that it meets.
    fn whose(&self) -> &str {
        match self {
            Self::SyncOnce(end)
            | Self::SyncAlways(end)
            | Self::SyncLies(end)
            | Self::WriteAlways(end) => end,
        }
    }
}

/// How much room there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// Enough.
    Endless,
    /// So many bytes. What lies on the disk already can be written over.
    Bytes(u64),
    /// So many bytes, on a disk that never writes over anything: when it is full, no write succeeds.
    BytesCopied(u64),
}

/// How often something happened.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Writes, changes of a length, of a name, and syncs, all together.
    pub steps: u64,
    /// Syncs of files and folders that succeeded.
    pub syncs: u64,
    /// Calls that failed because a test wanted it.
    pub failed: u64,
}

/// A change to a file that was not synced yet.
#[derive(Debug, Clone)]
pub(super) enum Edit {
    /// Bytes at a place.
    Write(u64, Vec<u8>),
    /// A new length.
    Length(u64),
}

impl Edit {
    /// How long the file is after it.
    pub(super) fn length(&self, before: u64) -> u64 {
        match self {
            Self::Write(at, bytes) => before.max(at + bytes.len() as u64),
            Self::Length(to) => *to,
        }
    }

    /// Whether it writes into a stretch.
    pub(super) fn touches(&self, start: u64, end: u64) -> bool {
        match self {
            Self::Write(at, bytes) => *at < end && at + bytes.len() as u64 > start,
            Self::Length(_) => false,
        }
    }

    fn apply(&self, file: &mut Vec<u8>) {
        match self {
            Self::Write(at, bytes) => overlay(file, *at, bytes),
            Self::Length(to) => file.resize(usize::try_from(*to).expect("small files"), 0),
        }
    }
}

/// Names that change together.
#[derive(Debug, Clone)]
struct Naming(Vec<(Ino, OsString, Option<Ino>)>);

impl Naming {
    fn concerns(&self, folder: Ino) -> bool {
        self.0.iter().any(|(of, ..)| *of == folder)
    }

    fn apply(&self, image: &mut Image) {
        for (folder, name, to) in &self.0 {
            image.set_name(*folder, name, *to);
        }
    }
}

/// A disk, with its power on or off.
#[derive(Clone)]
pub struct Disk(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    off: Condvar,
}

/// Everything about a disk.
pub(super) struct State {
    /// What programs see.
    pub(super) live: Image,
    /// What is there after the power went.
    kept: Image,
    /// What was done to files and not synced, in order.
    edits: BTreeMap<Ino, Vec<Edit>>,
    /// What was done to names and not synced, in order.
    namings: Vec<Naming>,
    /// Pages that a failed sync took for written: clean, and not on the disk.
    lost: BTreeSet<(Ino, u64)>,
    /// Open files, by how many hold them open.
    open: BTreeMap<Ino, u32>,
    next: Ino,
    dead: bool,
    faults: Vec<Fault>,
    room: Room,
    /// The power goes before this step.
    cut_at: Option<u64>,
    seen: Seen,
    /// User and group that everything belongs to: whoever mounted it.
    pub(super) owner: (u32, u32),
}

impl Default for Disk {
    fn default() -> Self {
        Self::new()
    }
}

impl Disk {
    /// An empty disk.
    pub fn new() -> Self {
        let state = State {
            live: Image::new(),
            kept: Image::new(),
            edits: BTreeMap::new(),
            namings: Vec::new(),
            lost: BTreeSet::new(),
            open: BTreeMap::new(),
            next: super::image::ROOT + 1,
            dead: false,
            faults: Vec::new(),
            room: Room::Endless,
            cut_at: None,
            seen: Seen::default(),
            owner: (0, 0),
        };
        Self(Arc::new(Shared { state: Mutex::new(state), off: Condvar::new() }))
    }

    /// Another disk that holds the same, synced and not.
    #[must_use]
    pub fn copy(&self) -> Self {
        let state = self.state();
        let copy = State {
            live: state.live.clone(),
            kept: state.kept.clone(),
            edits: state.edits.clone(),
            namings: state.namings.clone(),
            lost: state.lost.clone(),
            open: BTreeMap::new(),
            next: state.next,
            dead: state.dead,
            faults: Vec::new(),
            room: Room::Endless,
            cut_at: None,
            seen: Seen::default(),
            owner: (0, 0),
        };
        Self(Arc::new(Shared { state: Mutex::new(copy), off: Condvar::new() }))
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with the state, and tells who waits if that was the end.
    pub(super) fn act<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state();
        let before = state.dead;
        let answer = act(&mut state);
        if state.dead && !before {
            self.0.off.notify_all();
        }
        answer
    }

    /// The power goes now: from here on every call fails.
    pub fn stop(&self) {
        self.act(|state| state.dead = true);
    }

    /// The power will go before the step of this number, counted from now.
    pub fn stop_before(&self, step: u64) {
        self.act(|state| state.cut_at = Some(state.seen.steps + step));
    }

    /// Waits until the power has gone; returns whether it has.
    pub fn wait_off(&self, at_most: Duration) -> bool {
        let until = Instant::now() + at_most;
        let mut state = self.state();
        while !state.dead {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.0.off.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Settles what survives of what was not synced. The disk can be mounted again then, and every
    /// fault is over.
    pub fn cut(&self, how: Cut, dice: &mut Dice) {
        self.act(|state| {
            state.settle(how, dice);
            state.dead = false;
            state.cut_at = None;
            state.faults.clear();
            state.open.clear();
        });
    }

    /// Something goes wrong from now on.
    pub fn fault(&self, fault: Fault) {
        self.act(|state| state.faults.push(fault));
    }

    /// Nothing goes wrong any more.
    pub fn heal(&self) {
        self.act(|state| state.faults.clear());
    }

    /// How much room there is from now on.
    pub fn room(&self, room: Room) {
        self.act(|state| state.room = room);
    }

    /// How much is taken.
    pub fn used(&self) -> u64 {
        self.state().live.used()
    }

    /// What has happened so far.
    pub fn seen(&self) -> Seen {
        self.state().seen
    }

    /// A file, as programs see it.
    pub fn read(&self, path: &str) -> Option<Vec<u8>> {
        let state = self.state();
        state.live.bytes(state.live.at(path)?).cloned()
    }

    /// A file, as the disk holds it.
    pub fn kept(&self, path: &str) -> Option<Vec<u8>> {
        let state = self.state();
        state.kept.bytes(state.kept.at(path)?).cloned()
    }

    /// Changes a file where it lies, on the disk and in what programs see. Not while it is mounted:
    /// the kernel keeps what it has read.
    pub fn damage(&self, path: &str, damage: impl Fn(&mut Vec<u8>)) {
        self.act(|state| {
            for image in [&mut state.live, &mut state.kept] {
                let ino = image.at(path).unwrap_or_else(|| unreachable!("there is no {path}"));
                damage(image.bytes_mut(ino).expect("a file"));
            }
        });
    }
}

impl State {
    // ── What programs do ─────────────────────────────────────────────────────────────────────

    /// Each change is one step, and before one of them the power may go.
    fn step(&mut self) -> Result<(), Errno> {
        if self.cut_at.is_some_and(|at| self.seen.steps >= at) {
            self.dead = true;
        }
        self.alive()?;
        self.seen.steps += 1;
        Ok(())
    }

    pub(super) fn alive(&self) -> Result<(), Errno> {
        if self.dead { Err(EIO) } else { Ok(()) }
    }

    pub(super) fn write(&mut self, ino: Ino, at: u64, bytes: &[u8]) -> Result<(), Errno> {
        self.step()?;
        let fails = |fault: &Fault| matches!(fault, Fault::WriteAlways(_));
        if self.meets(ino, fails).is_some() {
            return Err(EIO);
        }
        let length = self.live.bytes(ino).ok_or(ENOENT)?.len() as u64;
        self.take_room(length, at + bytes.len() as u64)?;
        overlay(self.live.bytes_mut(ino).ok_or(ENOENT)?, at, bytes);
        let (at, bytes) = self.dirtied(ino, at, bytes);
        self.edits.entry(ino).or_default().push(Edit::Write(at, bytes));
        Ok(())
    }

    /// What becomes dirty by a write: the whole page, where a failed sync had taken it for clean.
    fn dirtied(&mut self, ino: Ino, at: u64, bytes: &[u8]) -> (u64, Vec<u8>) {
        let end = at + bytes.len() as u64;
        let pages = (at / BLOCK)..end.div_ceil(BLOCK);
        let clean: Vec<u64> = pages.filter(|page| self.lost.remove(&(ino, *page))).collect();
        let (Some(first), Some(last)) = (clean.first(), clean.last()) else {
            return (at, bytes.to_vec());
        };
        let live = self.live.bytes(ino).map(Vec::as_slice).unwrap_or_default();
        let (from, to) =
            (at.min(first * BLOCK), end.max((last + 1) * BLOCK).min(live.len() as u64));
        let place = |at: u64| usize::try_from(at).expect("files here are small");
        (from, live[place(from)..place(to)].to_vec())
    }

    pub(super) fn set_length(&mut self, ino: Ino, to: u64) -> Result<(), Errno> {
        self.step()?;
        let length = self.live.bytes(ino).ok_or(ENOENT)?.len() as u64;
        if to > length {
            self.take_room(length, to)?;
        }
        let edit = Edit::Length(to);
        edit.apply(self.live.bytes_mut(ino).ok_or(ENOENT)?);
        self.edits.entry(ino).or_default().push(edit);
        Ok(())
    }

    /// Whether a file may grow from one length to another, or be written at all.
    fn take_room(&mut self, length: u64, end: u64) -> Result<(), Errno> {
        let grows = end.div_ceil(BLOCK).saturating_sub(length.div_ceil(BLOCK)) * BLOCK;
        let full = match self.room {
            Room::Endless => false,
            Room::Bytes(most) => grows > 0 && self.live.used() + grows > most,
            Room::BytesCopied(most) => self.live.used() + grows.max(BLOCK) > most,
        };
        if full {
            self.seen.failed += 1;
            return Err(ENOSPC);
        }
        Ok(())
    }

    /// How many bytes there are and how many are free, for who asks beforehand.
    pub(super) fn space(&self) -> (u64, u64) {
        let most = match self.room {
            Room::Endless => 1 << 40,
            Room::Bytes(most) | Room::BytesCopied(most) => most,
        };
        (most, most.saturating_sub(self.live.used()))
    }

    pub(super) fn sync_file(&mut self, ino: Ino) -> Result<(), Errno> {
        self.step()?;
        let met = self.meets(ino, |fault| !matches!(fault, Fault::WriteAlways(_)));
        if matches!(met, Some(Fault::SyncLies(_))) {
            return Ok(());
        }
        let edits = self.edits.remove(&ino).unwrap_or_default();
        if met.is_some() {
            self.lose(ino, edits);
            return Err(EIO);
        }
        if let Some(file) = self.kept.bytes_mut(ino) {
            for edit in &edits {
                edit.apply(file);
            }
        }
        self.seen.syncs += 1;
        Ok(())
    }

    /// A sync failed: the pages count as clean now, and are not on the disk. Lengths are kept in the
    /// journal of the file system, which was not what failed.
    fn lose(&mut self, ino: Ino, edits: Vec<Edit>) {
        for edit in edits {
            match edit {
                Edit::Write(at, bytes) => {
                    let pages = (at / BLOCK)..(at + bytes.len() as u64).div_ceil(BLOCK);
                    self.lost.extend(pages.map(|page| (ino, page)));
                    // The file is as long as before, with a hole in it.
                    let length = at + bytes.len() as u64;
                    if let Some(file) = self.kept.bytes_mut(ino)
                        && (file.len() as u64) < length
                    {
                        Edit::Length(length).apply(file);
                    }
                }
                Edit::Length(_) => {
                    if let Some(file) = self.kept.bytes_mut(ino) {
                        edit.apply(file);
                    }
                }
            }
        }
    }

    pub(super) fn sync_folder(&mut self, ino: Ino) -> Result<(), Errno> {
        self.step()?;
        let (now, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.namings).into_iter().partition(|naming| naming.concerns(ino));
        self.namings = later;
        for naming in &now {
            naming.apply(&mut self.kept);
        }
        self.seen.syncs += 1;
        Ok(())
    }

    /// The fault that meets a file, of those that are asked for.
    fn meets(&mut self, ino: Ino, asked: impl Fn(&Fault) -> bool) -> Option<Fault> {
        let name = self.live.name_of(ino)?.to_string_lossy().into_owned();
        let meets = |fault: &Fault| asked(fault) && name.ends_with(fault.whose());
        let at = self.faults.iter().position(meets)?;
        self.seen.failed += 1;
        match &self.faults[at] {
            Fault::SyncOnce(_) => Some(self.faults.remove(at)),
            lasting => Some(lasting.clone()),
        }
    }

    fn rename_to(&mut self, naming: Naming) {
        naming.apply(&mut self.live);
        self.namings.push(naming);
    }

    pub(super) fn make(
        &mut self,
        folder: Ino,
        name: &OsStr,
        mode: u16,
        what: What,
    ) -> Result<Ino, Errno> {
        self.step()?;
        if self.live.find(folder, name).is_some() {
            return Err(EEXIST);
        }
        let ino = self.next;
        self.next += 1;
        let node = Node { mode, what };
        self.live.nodes.insert(ino, node.clone());
        // What is not named is nowhere; its first sync needs a place to go.
        self.kept.nodes.insert(ino, node);
        self.rename_to(Naming(vec![(folder, name.to_owned(), Some(ino))]));
        Ok(ino)
    }

    pub(super) fn link(&mut self, ino: Ino, folder: Ino, name: &OsStr) -> Result<(), Errno> {
        self.step()?;
        if self.live.find(folder, name).is_some() {
            return Err(EEXIST);
        }
        self.rename_to(Naming(vec![(folder, name.to_owned(), Some(ino))]));
        Ok(())
    }

    pub(super) fn remove(&mut self, folder: Ino, name: &OsStr, is: bool) -> Result<(), Errno> {
        self.step()?;
        let ino = self.live.find(folder, name).ok_or(ENOENT)?;
        match (self.live.names(ino), is) {
            (Some(names), true) if !names.is_empty() => return Err(ENOTEMPTY),
            (Some(_), false) => return Err(EISDIR),
            (None, true) => return Err(ENOTDIR),
            _ => {}
        }
        self.rename_to(Naming(vec![(folder, name.to_owned(), None)]));
        self.drop_unnamed(ino);
        Ok(())
    }

    pub(super) fn rename(
        &mut self,
        from: (Ino, &OsStr),
        to: (Ino, &OsStr),
        replace: bool,
    ) -> Result<(), Errno> {
        self.step()?;
        let ino = self.live.find(from.0, from.1).ok_or(ENOENT)?;
        let replaced = self.live.find(to.0, to.1);
        if replaced.is_some() && !replace {
            return Err(EEXIST);
        }
        let away = (from.0, from.1.to_owned(), None);
        self.rename_to(Naming(vec![away, (to.0, to.1.to_owned(), Some(ino))]));
        if let Some(replaced) = replaced.filter(|replaced| *replaced != ino) {
            self.drop_unnamed(replaced);
        }
        Ok(())
    }

    pub(super) fn opened(&mut self, ino: Ino) {
        *self.open.entry(ino).or_insert(0) += 1;
    }

    pub(super) fn closed(&mut self, ino: Ino) {
        let Some(count) = self.open.get_mut(&ino) else { return };
        *count = count.saturating_sub(1);
        if *count == 0 {
            self.open.remove(&ino);
            self.drop_unnamed(ino);
        }
    }

    /// Programs are done with what has neither a name nor anybody who holds it open. The disk may
    /// still have a name for it.
    fn drop_unnamed(&mut self, ino: Ino) {
        if self.live.links(ino) == 0 && !self.open.contains_key(&ino) {
            self.live.nodes.remove(&ino);
        }
    }

    // ── What is left ─────────────────────────────────────────────────────────────────────────

    fn settle(&mut self, how: Cut, dice: &mut Dice) {
        match how {
            Cut::Kill => return self.live.sweep(),
            Cut::Drop => {}
            Cut::Torn => self.tear(dice),
        }
        self.kept.sweep();
        self.edits.clear();
        self.namings.clear();
        self.lost.clear();
        self.live = self.kept.clone();
    }

    fn tear(&mut self, dice: &mut Dice) {
        let first = usize::try_from(dice.below(self.namings.len() as u64 + 1)).unwrap_or(0);
        for naming in &self.namings[..first] {
            naming.apply(&mut self.kept);
        }
        for (ino, edits) in &self.edits {
            if let Some(file) = self.kept.bytes_mut(*ino) {
                let edits: Vec<&Edit> = edits.iter().collect();
                *file = torn(file, &edits, dice);
            }
        }
    }
}
