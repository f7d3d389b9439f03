//! What the owner set up, as it is now.

use punchcard_domain::{
    effects::RecordKind,
    records::{Business, Rules, Store},
};
use punchcard_protocol::StoreId;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::{error::Result, store::Session};

/// One record.
pub(crate) fn one<T: DeserializeOwned>(
    session: &mut dyn Session,
    kind: RecordKind,
    id: Uuid,
) -> Result<Option<T>> {
    let sql = "SELECT body FROM record WHERE kind = $1 AND id = $2";
    let row = session.row(sql, &[kind.number().into(), id.as_bytes().into()])?;
    row.map(|row| Ok(serde_json::from_str(row[0].text()?)?)).transpose()
}

/// All of a kind.
pub(crate) fn all<T: DeserializeOwned>(
    session: &mut dyn Session,
    kind: RecordKind,
) -> Result<Vec<T>> {
    let sql = "SELECT body FROM record WHERE kind = $1 ORDER BY id";
    let rows = session.rows(sql, &[kind.number().into()])?;
    rows.iter().map(|row| Ok(serde_json::from_str(row[0].text()?)?)).collect()
}

/// The business; none: no till has brought it yet.
pub(crate) fn business(session: &mut dyn Session) -> Result<Option<Business>> {
    one(session, RecordKind::Business, Uuid::nil())
}

/// The house rules.
pub(crate) fn rules(session: &mut dyn Session) -> Result<Rules> {
    Ok(one(session, RecordKind::Rules, Uuid::nil())?.unwrap_or_default())
}

/// The stores, by name.
pub(crate) fn stores(session: &mut dyn Session) -> Result<Vec<(StoreId, String)>> {
    let stores: Vec<Store> = all(session, RecordKind::Store)?;
    let mut named: Vec<(StoreId, String)> =
        stores.into_iter().map(|store| (store.id, store.name)).collect();
    named.sort_by(|first, second| first.1.cmp(&second.1).then(first.0.cmp(&second.0)));
    Ok(named)
}
