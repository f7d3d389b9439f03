//! A till: opening its data folder, writing to it and reading from it.

mod folder;
mod house;
mod lives;
mod making;
mod readers;

use std::path::Path;

use rusqlite::Connection;

pub use self::making::SetUp;
pub(crate) use self::{folder::Folder, lives::Kept};
use self::{
    lives::{NextLife, head, next_life, trust},
    readers::Readers,
};
use crate::{
    anchor::Anchor,
    clock::{self, Clock},
    error::{Error, Result},
    keys::{KeyPlace, KeyStore, Secrets},
    lock::Lock,
    store::{
        connect::{self, Durability},
        purse::Owned,
    },
    sync::{self, Dial},
    synced,
    use_cases::notices,
    views::Distrust,
    weak::Weak,
    work::Work,
    writer::{Writer, WriterLock},
};

/// How a till is opened.
#[derive(Clone)]
pub struct Options {
    /// Where a new store's keys go.
    pub keys: KeyPlace,
    /// Tells the time.
    pub clock: Clock,
    /// How much a commit waits for.
    pub durability: Durability,
    /// Whether the anchor is kept and asked. Only tests and benches leave it out, to show what
    /// would not be noticed.
    pub anchored: bool,
    /// The database may not grow beyond so many pages: a full disk, for tests.
    pub most_pages: Option<u32>,
    /// How its hub is called: HTTPS, but for tests that hold the line in their hands.
    pub dial: Dial,
    /// What a test takes away.
    #[doc(hidden)]
    pub weak: Weak,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            keys: KeyPlace::Auto,
            clock: clock::system(),
            durability: Durability::Full,
            anchored: true,
            most_pages: None,
            dial: sync::https(),
            weak: Weak::default(),
        }
    }
}

/// One till. Cheap to share: every method takes `&self`.
pub struct Till {
    pub(crate) folder: Folder,
    pub(crate) keys: KeyStore,
    pub(crate) clock: Clock,
    pub(crate) dial: Dial,
    pub(crate) weak: Weak,
    secrets: Secrets,
    writer: WriterLock,
    /// Closed after the writer, as fields are dropped in order: a connection that only reads leaves
    /// the log where it is, and a store with its log in place can be opened on a full disk.
    readers: Readers,
    /// Held as long as the till is open; the operating system lets go of it when we die.
    lock: Lock,
}

impl Drop for Till {
    fn drop(&mut self) {
        if self.writer.close() {
            self.lock.left_clean();
        }
    }
}

impl Till {
    /// Whether there is a store in the folder. One that was cut short while it joined a business
    /// is none yet: joining takes it up again.
    pub fn exists(folder: &Path) -> bool {
        let place = Folder::new(folder);
        place.db().exists() && !place.joining().exists()
    }

    /// Opens a store. One that is not the newest there is opens its next life: see
    /// [`crate::views::StatusView::distrust`].
    ///
    /// # Errors
    /// [`Error::NotSetUp`], [`Error::InUse`], [`Error::KeysMissing`], [`Error::StoreNewer`],
    /// [`Error::Damaged`], those of the disk.
    pub fn open(folder: &Path, options: &Options) -> Result<Self> {
        let place = Folder::new(folder);
        if !Self::exists(folder) {
            return Err(Error::NotSetUp(folder.display().to_string()));
        }
        let lock = lock(&place)?;
        let keys = KeyStore::of(folder);
        let secrets = keys.load()?;
        Self::start(place, keys, secrets, lock, options)
    }

    fn start(
        folder: Folder,
        keys: KeyStore,
        mut secrets: Secrets,
        lock: Lock,
        options: &Options,
    ) -> Result<Self> {
        let mut db = connect::writer(&folder.db(), &secrets, options.durability)?;
        if let Some(pages) = options.most_pages {
            db.pragma_update(None, "max_page_count", pages)?;
        }
        let anchor = options
            .anchored
            .then(|| Anchor::open(&folder.anchor(), secrets.anchor_key()?))
            .transpose()?;
        let weak = options.weak.in_this_build();
        if weak.deleted_stays {
            db.pragma_update(None, "secure_delete", false)?;
        }
        let (anchor, distrust) = trust(&mut db, anchor, &keys, &mut secrets, &options.clock, weak)?;
        let head = head(&db, (options.clock)())?;
        let writer = Writer {
            house: house::of(&db)?,
            owned: Owned::read(&db, head.stream)?.without(weak),
            db,
            anchor,
            head,
            distrust,
            secrets: secrets.clone(),
            clock: options.clock.clone(),
            failed: None,
        };
        let till = Self {
            folder,
            keys,
            clock: options.clock.clone(),
            dial: options.dial.clone(),
            weak,
            secrets,
            writer: WriterLock::start(writer)?,
            readers: Readers::default(),
            lock,
        };
        till.look_at_the_place();
        Ok(till)
    }

    /// Tells, once, where another program copies the store elsewhere and may put older copies back.
    fn look_at_the_place(&self) {
        let Some(service) = synced::by_whom(self.folder.root()) else { return };
        tracing::warn!(service, "the store lies in a folder that another program synchronises");
        let args = [("service", service.to_owned())];
        if let Err(error) = self.write(|work| notices::tell_once(work, "synced_folder", &args)) {
            // A store can be opened on a full disk; it is told another time.
            tracing::warn!(%error, "what was noticed could not be noted");
        }
    }

    /// One use case: one transaction.
    pub(crate) fn write<T>(&self, act: impl FnOnce(&mut Work<'_>) -> Result<T>) -> Result<T> {
        self.writer.call(move |writer| writer.transact(act))
    }

    /// Something with the writer that is no transaction of ours.
    pub(crate) fn with_writer<T>(&self, act: impl FnOnce(&mut Writer) -> Result<T>) -> Result<T> {
        self.writer.call(act)
    }

    /// A question, on a connection that can only read: all of it sees the store of one moment.
    pub(crate) fn read<T>(&self, ask: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        self.readers.ask(|| connect::reader(&self.folder.db(), &self.secrets), ask)
    }

    /// What changed since the till was opened: grows with each commit.
    pub(crate) fn written(&self) -> u64 {
        self.writer.written()
    }

    /// The hub knows that this journal cannot go on: the till opens its next life, while it runs.
    pub(crate) fn begin_next_life(&self, why: Distrust, least: u32) -> Result<()> {
        self.with_writer(|writer| {
            writer.sound()?;
            let next = NextLife { why, least, anchored: None, weak: self.weak };
            let now_ms = (writer.clock)();
            let head = next_life(&mut writer.db, &self.keys, &mut writer.secrets, &next, now_ms)
                .map_err(|error| writer.fail(error))?;
            writer.head = head;
            writer.anchor(head)?;
            writer.owned = Owned::read(&writer.db, head.stream)?.without(self.weak);
            writer.distrust = Some(why);
            Ok(())
        })
    }

    /// Whether the keys are in a file rather than in the system's keyring.
    pub fn keys_in_file(&self) -> bool {
        self.keys.in_file()
    }
}

fn lock(folder: &Folder) -> Result<Lock> {
    Lock::take(&folder.lock(), &folder.db())
}
