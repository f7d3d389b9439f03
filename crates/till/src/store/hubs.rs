//! The hubs of the business: the one there is, and those it had before.

use punchcard_protocol::TillId;
use rusqlite::Connection;

use super::local::{self, HubLink};
use crate::error::Result;

/// Hubs that this business had before.
fn before(db: &Connection) -> Result<Vec<TillId>> {
    Ok(local::get(db, local::HUBS_BEFORE)?.unwrap_or_default())
}

/// Keeps in mind that these had this business before.
pub(crate) fn know(db: &Connection, more: &[TillId]) -> Result<()> {
    let mut before = before(db)?;
    let known = before.len();
    for hub in more {
        if !before.contains(hub) {
            before.push(*hub);
        }
    }
    if before.len() == known { Ok(()) } else { local::set(db, local::HUBS_BEFORE, &before) }
}

/// The hubs of this business: the one there is, and those before it.
pub(crate) fn all(db: &Connection) -> Result<Vec<TillId>> {
    let mut hubs = before(db)?;
    hubs.extend(local::get::<HubLink>(db, local::HUB)?.map(|hub| hub.hub));
    Ok(hubs)
}
