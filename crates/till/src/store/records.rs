//! What the owner set up, as it is now.

use punchcard_domain::{
    earning::{Book, rule::EarnRule},
    effects::RecordKind,
    records::{Business, PassType, Reward, Rules, Staff, Store, Tier},
    staff::Role,
};
use punchcard_protocol::{RecordId, StaffId, StoreId};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, de::DeserializeOwned};
use std::sync::Arc;
use uuid::Uuid;

use super::local;
use crate::error::{Error, Result};

/// Business, store and rules: what every decision needs.
#[derive(Debug, Clone)]
pub struct House {
    /// The business.
    pub business: Business,
    /// The store at which this till stands.
    pub store: Store,
    /// The part of it whose door this desk opens; none: all of it.
    pub door: Option<String>,
    /// The house rules.
    pub rules: Rules,
    /// The owner's rules for points, their conditions read once.
    pub book: Arc<Book>,
    /// Tiers, the lowest multiplier first, read once.
    pub tiers: Arc<Vec<Tier>>,
}

/// Reads business, store and rules.
///
/// # Errors
/// [`Error::Damaged`] where one is missing.
pub fn house(db: &Connection, store: StoreId) -> Result<House> {
    let missing = |what: &str| Error::Damaged(format!("{what} is missing from the store"));
    Ok(House {
        business: one(db, RecordKind::Business, Uuid::nil())?
            .ok_or_else(|| missing("the business"))?,
        store: one(db, RecordKind::Store, store.0)?.ok_or_else(|| missing("this store"))?,
        door: local::get(db, local::DOOR)?,
        rules: one(db, RecordKind::Rules, Uuid::nil())?.unwrap_or_default(),
        book: Arc::new(Book::new(all::<EarnRule>(db, RecordKind::EarnRule)?)),
        tiers: Arc::new(tiers(db)?),
    })
}

/// One record.
///
/// # Errors
/// Those of the store.
pub fn one<T: DeserializeOwned>(db: &Connection, kind: RecordKind, id: Uuid) -> Result<Option<T>> {
    let body: Option<String> = db
        .prepare_cached("SELECT body FROM record WHERE kind = ?1 AND id = ?2")?
        .query_row(params![kind.number(), id.as_bytes()], |row| row.get(0))
        .optional()?;
    body.map(|body| serde_json::from_str(&body).map_err(Into::into)).transpose()
}

/// All of a kind.
///
/// # Errors
/// Those of the store.
pub fn all<T: DeserializeOwned>(db: &Connection, kind: RecordKind) -> Result<Vec<T>> {
    let mut statement = db.prepare_cached("SELECT body FROM record WHERE kind = ?1 ORDER BY id")?;
    let rows = statement.query_map([kind.number()], |row| row.get::<_, String>(0))?;
    rows.map(|body| Ok(serde_json::from_str(&body?)?)).collect()
}

/// Every store.
///
/// # Errors
/// Those of the store.
pub fn stores(db: &Connection) -> Result<Vec<Store>> {
    all(db, RecordKind::Store)
}

/// Every tier, the lowest multiplier first.
///
/// # Errors
/// Those of the store.
pub fn tiers(db: &Connection) -> Result<Vec<Tier>> {
    let mut tiers: Vec<Tier> = all(db, RecordKind::Tier)?;
    tiers.sort_by_key(|tier| (tier.multiplier_percent, tier.id));
    Ok(tiers)
}

/// One tier.
///
/// # Errors
/// Those of the store.
pub fn tier(db: &Connection, id: RecordId) -> Result<Option<Tier>> {
    one(db, RecordKind::Tier, id.0)
}

/// Every reward, the cheapest first; those no longer on offer too.
///
/// # Errors
/// Those of the store.
pub fn rewards(db: &Connection) -> Result<Vec<Reward>> {
    let mut rewards: Vec<Reward> = all(db, RecordKind::Reward)?;
    // Those that let the cashier choose stand last.
    rewards.sort_by_key(|reward| (reward.cost == 0, reward.cost, reward.id));
    Ok(rewards)
}

/// Every kind of pass; those no longer on offer too.
///
/// # Errors
/// Those of the store.
pub fn pass_types(db: &Connection) -> Result<Vec<PassType>> {
    all(db, RecordKind::PassType)
}

/// One of the staff, with the name, which is kept apart in the journal.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StaffRecord {
    /// Id.
    pub id: StaffId,
    /// Name.
    pub name: String,
    /// Role.
    pub role: Role,
    /// May sign in.
    pub active: bool,
}

impl From<&StaffRecord> for Staff {
    fn from(record: &StaffRecord) -> Self {
        Self { id: record.id, name: record.name.clone(), role: record.role, active: record.active }
    }
}

/// Everybody on the staff, the highest role first; those who left too.
///
/// # Errors
/// Those of the store.
pub fn staff(db: &Connection) -> Result<Vec<StaffRecord>> {
    let mut staff: Vec<StaffRecord> = all(db, RecordKind::Staff)?;
    staff.sort_by_key(|person| (std::cmp::Reverse(person.role), person.id));
    Ok(staff)
}

/// One of the staff.
///
/// # Errors
/// Those of the store.
pub fn person(db: &Connection, id: StaffId) -> Result<Option<StaffRecord>> {
    one(db, RecordKind::Staff, id.0)
}
