//! A new store: a shop of its own, or a till that is about to join a business.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use punchcard_domain::{
    fact::{Fact, RecordSet, StreamOpened},
    records::{Business, Rules, Staff, Store, check_name},
    staff::Role,
};
use punchcard_protocol::{FactId, HybridClock, Link, StaffId, StoreId, StreamId, TillId};
use rusqlite::Connection;

use super::{
    Options, Till,
    folder::Folder,
    house,
    lives::{head, public_key, remember},
    lock,
};
use crate::{
    anchor::Anchor,
    error::{Error, Result},
    files,
    keys::{KeyStore, Secrets},
    pin, random,
    store::{
        connect::{self, Durability},
        local,
        purse::Owned,
        records::House,
        streams,
    },
    work::{Head, Work},
};

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

impl Till {
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
        settle(&db, &place, &secrets, options)?;
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
        settle(&db, &place, &secrets, options)?;
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

/// The journal of a till that joins a business begins: nothing else is there yet.
fn begin_journal(db: &mut Connection, secrets: &Secrets, wall_ms: i64) -> Result<()> {
    let stream = StreamId { till: TillId(random::uuid_at(wall_ms)?), incarnation: 1 };
    let house = house::none();
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

/// What was just begun is in the file, and the anchor knows of it.
fn settle(db: &Connection, place: &Folder, secrets: &Secrets, options: &Options) -> Result<()> {
    // The schema leaves the log at once: a damaged log can then never take it along.
    db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
    let Head { link, stream, .. } = head(db, (options.clock)())?;
    if options.anchored {
        let mut anchor = Anchor::open(&place.anchor(), secrets.anchor_key()?)?;
        anchor.write(stream, link)?;
        anchor.flush()?;
    }
    Ok(())
}
