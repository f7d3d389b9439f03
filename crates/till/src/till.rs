//! A till: opening its data folder, and noticing whether it is the newest there is.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use punchcard_domain::{
    fact::{Fact, MemberErased, PreviousLife, RecordSet, StreamOpened},
    records::{Business, Rules, Staff, Store, check_name},
    staff::Role,
};
use punchcard_protocol::{
    FactId, Hlc, HybridClock, Link, MemberId, StaffId, StoreId, StreamId, StreamKey, TillId,
};
use rusqlite::Connection;

use crate::{
    anchor::{Anchor, Anchored},
    clock::{self, Clock},
    error::{Error, Result},
    files,
    keys::{KeyPlace, KeyStore, Secrets},
    lock::Lock,
    pin, random,
    store::{
        connect::{self, Durability},
        erased, journal, local,
        purse::Owned,
        records::{self, House},
        streams,
    },
    sync::{self, Dial},
    synced,
    use_cases::notices,
    views::Distrust,
    weak::Weak,
    work::{Head, Work},
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

/// What a new store is made of.
#[derive(Clone)]
pub struct SetUp {
    /// Name of the business.
    pub business: String,
    /// Name of the store.
    pub store: String,
    /// ISO 4217.
    pub currency: String,
    /// Digits of the minor unit.
    pub currency_digits: u32,
    /// ISO 3166.
    pub country: String,
    /// IANA name.
    pub time_zone: String,
    /// The business day begins at this hour.
    pub day_start_hour: u32,
    /// The owner's name.
    pub owner: String,
    /// The owner's PIN.
    pub pin: String,
}

/// Files of a data folder.
pub(crate) struct Folder {
    root: PathBuf,
}

impl Folder {
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }
    pub(crate) fn db(&self) -> PathBuf {
        self.root.join("till.db")
    }
    fn anchor(&self) -> PathBuf {
        self.root.join("anchor")
    }
    fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }
    /// Is there as long as a store is being made, or joins a business: until then it is nobody's.
    fn joining(&self) -> PathBuf {
        self.root.join("joining")
    }
    /// Ids of whoever was erased: known to a restore of an older copy.
    pub(crate) fn erased(&self) -> PathBuf {
        self.root.join("erased")
    }
    /// Where the desk puts backups.
    pub(crate) fn backups(&self) -> PathBuf {
        self.root.join("backups")
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
    readers: Mutex<Vec<Connection>>,
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

    /// Makes a new store and opens it.
    ///
    /// # Errors
    /// [`Error::AlreadySetUp`], [`Error::InUse`], bad names or PIN, those of the disk.
    pub fn create(folder: &Path, set_up: &SetUp, options: &Options) -> Result<Self> {
        pin::check(&set_up.pin)?;
        let names =
            (check_name(&set_up.business)?, check_name(&set_up.store)?, check_name(&set_up.owner)?);
        files::create_private_folder(folder)?;
        let place = Folder::new(folder);
        let lock = lock(&place)?;
        if place.joining().exists() {
            // Cut short; or whoever sets up a shop of their own has given up joining another.
            Self::unmake(folder)?;
        }
        if place.db().exists() && !half_made(&place) {
            return Err(Error::AlreadySetUp(folder.display().to_string()));
        }
        let keys = KeyStore::of(folder);
        let mut secrets = keys.create(options.keys)?;
        keys.add_signing(&mut secrets, 1)?;
        // Cut short between the first entries and their anchor, the store would look like one that
        // has lost its anchor. So it is nobody's until it has one.
        files::write_atomic(&place.joining(), b"")?;
        let mut db = connect::writer(&place.db(), &secrets, options.durability)?;
        first_entries(&mut db, &secrets, set_up, &names, (options.clock)())?;
        // The schema leaves the log at once: a damaged log can then never take it along.
        db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
        let Head { link, stream, .. } = head(&db, (options.clock)())?;
        if options.anchored {
            let mut anchor = Anchor::open(&place.anchor(), secrets.anchor_key()?)?;
            anchor.write(stream, link)?;
            anchor.flush()?;
        }
        drop(db);
        Self::joined(folder)?;
        Self::start(place, keys, secrets, lock, options)
    }

    /// Makes a till that has no business yet: it will get one from a hub. One that was cut short at
    /// that is taken up, where the hub knows it already. [`Till::joined`] ends it.
    ///
    /// # Errors
    /// As [`Till::create`].
    pub(crate) fn create_bare(folder: &Path, options: &Options) -> Result<Self> {
        files::create_private_folder(folder)?;
        let place = Folder::new(folder);
        if let Some(till) = Self::cut_short(&place, options)? {
            return Ok(till);
        }
        let lock = lock(&place)?;
        if place.db().exists() && !half_made(&place) {
            return Err(Error::AlreadySetUp(folder.display().to_string()));
        }
        let keys = KeyStore::of(folder);
        let mut secrets = keys.create(options.keys)?;
        keys.add_signing(&mut secrets, 1)?;
        let now_ms = (options.clock)();
        files::write_atomic(&place.joining(), b"")?;
        let mut db = connect::writer(&place.db(), &secrets, options.durability)?;
        begin_journal(&mut db, &secrets, now_ms)?;
        db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
        let Head { link, stream, .. } = head(&db, now_ms)?;
        if options.anchored {
            let mut anchor = Anchor::open(&place.anchor(), secrets.anchor_key()?)?;
            anchor.write(stream, link)?;
            anchor.flush()?;
        }
        drop(db);
        Self::start(place, keys, secrets, lock, options)
    }

    /// A till that was cut short while it joined a business, where it can be taken up: also before it
    /// heard from the hub, which may know it already. What cannot be read is nobody's loss.
    fn cut_short(place: &Folder, options: &Options) -> Result<Option<Self>> {
        if !place.joining().exists() {
            return Ok(None);
        }
        let found = lock(place).and_then(|lock| {
            let keys = KeyStore::of(place.root());
            let secrets = keys.load()?;
            Self::start(Folder::new(place.root()), keys, secrets, lock, options)
        });
        match found {
            Ok(till) => {
                if till.write(|work| Ok(work.trusted()))? {
                    return Ok(Some(till));
                }
            }
            Err(Error::Damaged(why)) => tracing::warn!(why, "a half-made store is given up"),
            Err(error) => return Err(error),
        }
        Self::unmake(place.root())?;
        Ok(None)
    }

    /// The store is made, or has joined its business: it counts from now on.
    pub(crate) fn joined(folder: &Path) -> Result<()> {
        let joining = Folder::new(folder).joining();
        std::fs::remove_file(&joining)?;
        files::sync_folder(&joining)
    }

    /// Takes away what [`Till::create_bare`] made, where joining a business did not work.
    pub(crate) fn unmake(folder: &Path) -> Result<()> {
        let place = Folder::new(folder);
        // The mark goes last: cut short, what is left is still nobody's.
        for path in [place.db(), place.anchor(), place.joining()] {
            for ending in ["", "-wal", "-shm"] {
                let file = PathBuf::from(format!("{}{ending}", path.display()));
                if file.exists() {
                    std::fs::remove_file(file)?;
                }
            }
        }
        Ok(())
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
            house: house_of(&db)?,
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
            readers: Mutex::new(Vec::new()),
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

    /// A question, on a connection that can only read.
    pub(crate) fn read<T>(&self, ask: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let idle = self.readers.lock().map_err(|_| poisoned())?.pop();
        let reader = match idle {
            Some(reader) => reader,
            None => connect::reader(&self.folder.db(), &self.secrets)?,
        };
        let answer = ask(&reader);
        self.readers.lock().map_err(|_| poisoned())?.push(reader);
        answer
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

fn poisoned() -> Error {
    Error::Internal("a reading thread fell over; start Punchcard again".into())
}

fn lock(folder: &Folder) -> Result<Lock> {
    Lock::take(&folder.lock(), &folder.db())
}

/// A set-up that was cut short before its first commit: keys, perhaps an empty database.
fn half_made(folder: &Folder) -> bool {
    let Ok(secrets) = KeyStore::of(folder.root()).load() else { return false };
    let Ok(db) = connect::writer(&folder.db(), &secrets, Durability::Full) else { return false };
    matches!(local::get::<TillId>(&db, local::TILL), Ok(None))
}

/// The journal begins, and the owner can sign in.
fn first_entries(
    db: &mut Connection,
    secrets: &Secrets,
    set_up: &SetUp,
    names: &(String, String, String),
    wall_ms: i64,
) -> Result<()> {
    let stream = StreamId { till: TillId(random::uuid_at(wall_ms)?), incarnation: 1 };
    let (business, store, owner) = names;
    let business = Business {
        name: business.clone(),
        currency: set_up.currency.clone(),
        currency_digits: set_up.currency_digits,
        country: set_up.country.clone(),
    };
    let store = Store {
        id: StoreId(random::uuid_at(wall_ms)?),
        name: store.clone(),
        time_zone: set_up.time_zone.clone(),
        day_start_hour: set_up.day_start_hour,
    };
    let rules = Rules::default();
    let owner = Staff {
        id: StaffId(random::uuid_at(wall_ms)?),
        name: owner.clone(),
        role: Role::Owner,
        active: true,
    };
    let house = House {
        business: business.clone(),
        store: store.clone(),
        door: None,
        rules: rules.clone(),
        book: Arc::default(),
        tiers: Arc::default(),
    };
    let transaction = db.transaction()?;
    let number = streams::number(&transaction, stream)?;
    remember(&transaction, stream)?;
    local::set(&transaction, local::STORE, &store.id)?;
    pin::keep(&transaction, owner.id, &set_up.pin, secrets)?;
    let head = Head { stream, number, link: Link::START, clock: HybridClock::default() };
    let holds = Owned::read(&transaction, stream)?;
    let mut work = Work::new(&transaction, head, &house, &holds, None, secrets, wall_ms);
    let id = || random::uuid_at(wall_ms).map(FactId);
    let name = Some(serde_json::to_vec(&owner.name)?);
    let opened = StreamOpened {
        id: id()?,
        public_key: public_key(secrets, 1)?,
        reason: "new".into(),
        previous: None,
    };
    let by = owner.id;
    work.append_with(by, Fact::StreamOpened(opened), None)?;
    work.append_with(
        by,
        Fact::BusinessSet(RecordSet { id: id()?, record: business, private: None }),
        None,
    )?;
    work.append_with(
        by,
        Fact::StoreSet(RecordSet { id: id()?, record: store, private: None }),
        None,
    )?;
    work.append_with(
        by,
        Fact::RulesSet(RecordSet { id: id()?, record: rules, private: None }),
        None,
    )?;
    work.append_with(
        by,
        Fact::StaffSet(RecordSet { id: id()?, record: owner, private: None }),
        name,
    )?;
    Ok(transaction.commit()?)
}

/// Business, store and rules. A till that is only just joining a business has none yet.
fn house_of(db: &Connection) -> Result<House> {
    let store: Option<StoreId> = local::get(db, local::STORE)?;
    match store {
        Some(store) => match records::house(db, store) {
            Err(_) if local::get::<bool>(db, local::JOINING)?.unwrap_or(false) => Ok(no_house()),
            known => known,
        },
        None if local::get::<bool>(db, local::JOINING)?.unwrap_or(false) => Ok(no_house()),
        None => Err(Error::Damaged("it does not say which store it is".into())),
    }
}

fn no_house() -> House {
    House {
        business: Business {
            name: String::new(),
            currency: "CNY".into(),
            currency_digits: 2,
            country: "CN".into(),
        },
        store: Store {
            id: StoreId::from_bytes([0; 16]),
            name: String::new(),
            time_zone: "UTC".into(),
            day_start_hour: 0,
        },
        door: None,
        rules: Rules::default(),
        book: Arc::default(),
        tiers: Arc::default(),
    }
}

/// The journal of a till that joins a business begins: nothing else is there yet.
fn begin_journal(db: &mut Connection, secrets: &Secrets, wall_ms: i64) -> Result<()> {
    let stream = StreamId { till: TillId(random::uuid_at(wall_ms)?), incarnation: 1 };
    let house = no_house();
    let transaction = db.transaction()?;
    let number = streams::number(&transaction, stream)?;
    remember(&transaction, stream)?;
    local::set(&transaction, local::JOINING, &true)?;
    let head = Head { stream, number, link: Link::START, clock: HybridClock::default() };
    let holds = Owned::read(&transaction, stream)?;
    let mut work = Work::new(&transaction, head, &house, &holds, None, secrets, wall_ms);
    let opened = StreamOpened {
        id: FactId(random::uuid_at(wall_ms)?),
        public_key: public_key(secrets, 1)?,
        reason: "new".into(),
        previous: None,
    };
    work.append_with(StaffId::from_bytes([0; 16]), Fact::StreamOpened(opened), None)?;
    Ok(transaction.commit()?)
}

fn public_key(secrets: &Secrets, incarnation: u32) -> Result<String> {
    Ok(hex::encode(StreamKey::from_seed(&secrets.signing_seed(incarnation)?).public()))
}

fn remember(db: &Connection, stream: StreamId) -> Result<()> {
    local::set(db, local::TILL, &stream.till)?;
    local::set(db, local::INCARNATION, &stream.incarnation)
}

/// Which journal this store writes.
fn own_stream(db: &Connection) -> Result<StreamId> {
    let till = local::get(db, local::TILL)?;
    let incarnation = local::get(db, local::INCARNATION)?;
    match (till, incarnation) {
        (Some(till), Some(incarnation)) => Ok(StreamId { till, incarnation }),
        _ => Err(Error::Damaged(
            "it does not say which till it is: the set-up was cut short, or its log was lost"
                .into(),
        )),
    }
}

fn head(db: &Connection, wall_ms: i64) -> Result<Head> {
    let stream = own_stream(db)?;
    let number = streams::number(db, stream)?;
    let (link, header) = journal::newest(db, number)?;
    let latest = header.map(|header| header.hlc).unwrap_or_default();
    let mut clock = HybridClock::resume(latest);
    let mut others: Vec<Hlc> = local::get(db, local::SEEN_HLC)?.into_iter().collect();
    for (other, whose) in streams::all(db)? {
        if let (_, Some(header)) = journal::newest(db, other)? {
            // A till never stamps before anything it wrote in an earlier life.
            if whose.till == stream.till {
                clock = HybridClock::resume(clock.last().max(header.hlc));
            } else {
                others.push(header.hlc);
            }
        }
    }
    // What others wrote is seen, but one desk with a wrong year takes no other with it.
    for seen in others {
        clock.observe(seen, wall_ms);
    }
    Ok(Head { stream, number, link, clock })
}

/// Compares the store with its anchor. Where it cannot be the newest, it opens its next life: a
/// new key, a new journal, and nothing spendable.
fn trust(
    db: &mut Connection,
    anchor: Option<Anchor>,
    keys: &KeyStore,
    secrets: &mut Secrets,
    clock: &Clock,
    weak: Weak,
) -> Result<(Option<Anchor>, Option<Distrust>)> {
    let earlier: Option<Distrust> = local::get(db, local::DISTRUST)?;
    let Some(mut anchor) = anchor else { return Ok((None, earlier)) };
    let (doubt, anchored) = doubt(db, &mut anchor)?;
    let Some(why) = doubt else {
        let head = head(db, clock())?;
        anchor.write(head.stream, head.link)?;
        anchor.flush()?;
        return Ok((Some(anchor), earlier));
    };
    let least = anchored.map_or(0, |anchored| anchored.stream.incarnation);
    let head = next_life(db, keys, secrets, &NextLife { why, least, anchored, weak }, clock())?;
    anchor.write(head.stream, head.link)?;
    anchor.flush()?;
    Ok((Some(anchor), Some(why)))
}

/// Why the store cannot be the newest, and what the anchor knows.
fn doubt(db: &Connection, anchor: &mut Anchor) -> Result<(Option<Distrust>, Option<Anchored>)> {
    let stream = own_stream(db)?;
    let Some(anchored) = anchor.read()? else { return Ok((Some(Distrust::NoAnchor), None)) };
    let known = Some(anchored);
    if local::get::<bool>(db, local::RESTORED)?.unwrap_or(false) {
        return Ok((Some(Distrust::Restored), known));
    }
    if !anchored.in_place || anchored.stream.till != stream.till {
        return Ok((Some(Distrust::Copied), known));
    }
    let Some(number) = streams::known_number(db, anchored.stream)? else {
        return Ok((Some(Distrust::BehindAnchor), known));
    };
    let here = journal::link_at(db, number, anchored.link.seq)?;
    let why = match here {
        None => Some(Distrust::BehindAnchor),
        Some(link) if link != anchored.link => Some(Distrust::OtherHistory),
        Some(_) => None,
    };
    Ok((why, known))
}

/// What the anchor knew of an earlier life, as it is kept until the hub has been told.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
pub(crate) struct Kept {
    pub(crate) stream: StreamId,
    pub(crate) seq: u64,
    pub(crate) hash: punchcard_protocol::Hash,
    pub(crate) in_place: bool,
}

impl Kept {
    fn of(anchored: Anchored) -> Self {
        let Anchored { stream, link, in_place } = anchored;
        Self { stream, seq: link.seq, hash: link.hash, in_place }
    }
}

/// Why a till opens its next life, and what is known of the one before.
pub(crate) struct NextLife {
    pub(crate) why: Distrust,
    /// The new incarnation is beyond this one.
    pub(crate) least: u32,
    /// What the anchor knew: a hub that has as much has everything.
    pub(crate) anchored: Option<Anchored>,
    /// What a test takes away.
    pub(crate) weak: Weak,
}

/// A new life's number lies up to so many beyond the newest known one.
const LEAP: u32 = 1 << 16;

/// The number of a life that comes after `newest`. Another copy of this till may be about to open
/// its next life too, and neither knows of the other: with a leap by chance both have numbers of
/// their own, and what either one tells a customer counts.
fn number_after(newest: u32, weak: Weak) -> Result<u32> {
    let leap = if weak.lives_in_turn { 0 } else { u32::from_le_bytes(random::bytes()?) % LEAP };
    Ok(newest.saturating_add(1).saturating_add(leap))
}

/// Who was erased after the copy was made that was put back is erased again: nobody else may know.
fn erase_again(work: &mut Work<'_>) -> Result<()> {
    let members: Vec<MemberId> = local::get(work.db, local::ERASE_AGAIN)?.unwrap_or_default();
    local::remove(work.db, local::ERASE_AGAIN)?;
    for member in members {
        if erased::is_erased(work.db, member)? {
            continue;
        }
        let (id, at_ms) = (FactId(random::uuid_at(work.wall_ms)?), work.now_ms());
        let fact = Fact::MemberErased(MemberErased { id, member, at_ms, approved_by: None });
        work.append_with(StaffId::from_bytes([0; 16]), fact, None)?;
        // What stood in the copy's place knew of it, and other copies went when it was done.
        local::remove(work.db, local::OLD_COPIES)?;
    }
    Ok(())
}

/// Opens the next incarnation.
pub(crate) fn next_life(
    db: &mut Connection,
    keys: &KeyStore,
    secrets: &mut Secrets,
    next: &NextLife,
    wall_ms: i64,
) -> Result<Head> {
    let why = next.why;
    let before = head(db, wall_ms)?;
    // A copy of this till may have taken the next number already, and the hub told of it.
    let known = streams::all(db)?;
    let lives = known.iter().filter(|(_, stream)| stream.till == before.stream.till);
    let newest = lives.map(|(_, stream)| stream.incarnation).max().unwrap_or(0);
    let incarnation = number_after(newest.max(next.least), next.weak)?;
    keys.add_signing(secrets, incarnation)?;
    let stream = StreamId { till: before.stream.till, incarnation };
    let house = house_of(db)?;
    let nobody = StaffId::from_bytes([0; 16]);
    let transaction = db.transaction()?;
    let number = streams::number(&transaction, stream)?;
    remember(&transaction, stream)?;
    local::set(&transaction, local::DISTRUST, &why)?;
    match next.anchored {
        Some(anchored) => local::set(&transaction, local::ANCHORED, &Kept::of(anchored))?,
        None => local::remove(&transaction, local::ANCHORED)?,
    }
    local::remove(&transaction, local::RESTORED)?;
    let holds = Owned::read(&transaction, stream)?;
    let head = Head { stream, number, link: Link::START, clock: before.clock };
    let mut work = Work::new(&transaction, head, &house, &holds, Some(why), secrets, wall_ms);
    let previous =
        PreviousLife { stream: before.stream, seq: before.link.seq, hash: before.link.hash };
    let opened = StreamOpened {
        id: FactId(random::uuid_at(wall_ms)?),
        public_key: public_key(secrets, incarnation)?,
        reason: serde_json::to_value(why)?.as_str().unwrap_or_default().to_owned(),
        previous: Some(previous),
    };
    work.append_with(nobody, Fact::StreamOpened(opened), None)?;
    erase_again(&mut work)?;
    let done = work.finish();
    transaction.commit()?;
    tracing::warn!(reason = ?why, incarnation, "the store is not the newest; a new journal was opened");
    Ok(done.head)
}
