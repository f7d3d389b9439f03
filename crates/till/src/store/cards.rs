//! Which cards a member has: what was said of all of them at once, and of single ones since.

use std::collections::BTreeMap;

use punchcard_domain::{
    cards::{self, Said},
    member::{CardIs, CardState, MemberField},
    stamps::{StampKey, Stamps},
};
use rusqlite::Connection;

use crate::error::{Error, Result};

/// The cards on a member's file, and those of them that are no longer in use. `stamps`, `list` and
/// `dead`: as their row has them.
///
/// # Errors
/// Those of the store.
pub fn of(
    db: &Connection,
    member: i64,
    stamps: &[u8],
    list: Vec<String>,
    dead: BTreeMap<String, CardState>,
) -> Result<(Vec<String>, BTreeMap<String, CardState>)> {
    let said = said(db, member)?;
    if said.is_empty() {
        return Ok((list, dead));
    }
    let stamps = Stamps::decode(stamps).map_err(|error| Error::Damaged(error.to_string()))?;
    let on_file = cards::on_file(&list, stamps.of(MemberField::Cards), &said);
    Ok((on_file, cards::dead_cards(dead, stamps.of(MemberField::DeadCards), said)))
}

/// What was said of single cards.
fn said(db: &Connection, member: i64) -> Result<Vec<Said>> {
    let mut statement =
        db.prepare_cached("SELECT card, state, hlc, stream FROM card_state WHERE member = ?1")?;
    let rows = statement.query_map([member], |row| {
        let (hlc, stream): (i64, [u8; 20]) = (row.get(2)?, row.get(3)?);
        let mut stamp = StampKey::default();
        stamp[..8].copy_from_slice(&hlc.to_be_bytes());
        stamp[8..].copy_from_slice(&stream);
        Ok(Said { card: row.get(0)?, is: CardIs::from_number(row.get(1)?), stamp })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
