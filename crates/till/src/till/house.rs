//! Business, store and rules, as a till that opens finds them.

use std::sync::Arc;

use punchcard_domain::records::{Business, Rules, Store};
use punchcard_protocol::StoreId;
use rusqlite::Connection;

use crate::{
    error::{Error, Result},
    store::{
        local,
        records::{self, House},
    },
};

/// Business, store and rules. A till that is only just joining a business has none yet.
pub(super) fn of(db: &Connection) -> Result<House> {
    let store: Option<StoreId> = local::get(db, local::STORE)?;
    match store {
        Some(store) => match records::house(db, store) {
            Err(_) if local::get::<bool>(db, local::JOINING)?.unwrap_or(false) => Ok(none()),
            known => known,
        },
        None if local::get::<bool>(db, local::JOINING)?.unwrap_or(false) => Ok(none()),
        None => Err(Error::Damaged("it does not say which store it is".into())),
    }
}

pub(super) fn none() -> House {
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
