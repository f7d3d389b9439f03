//! What was said of single cards.

use std::collections::{BTreeMap, BTreeSet};

use punchcard_domain::{cards::Said, member::CardIs, stamps::StampKey};
use punchcard_protocol::MemberId;

use super::{ByKey, Column, Datum, Insert, Session, changes::Changes};
use crate::error::Result;

const CARD_STATE: Insert = Insert {
    table: "card_state",
    columns: &[
        ("member", Column::Blob),
        ("card", Column::Text),
        ("state", Column::Int),
        ("hlc", Column::Int),
        ("stream", Column::Blob),
    ],
    on_conflict: "(member, card) DO UPDATE SET state = excluded.state, hlc = excluded.hlc,
        stream = excluded.stream
        WHERE (excluded.hlc, excluded.stream) > (card_state.hlc, card_state.stream)",
};

const SAID: ByKey = ByKey {
    one: "SELECT member, card, state, hlc, stream FROM card_state WHERE member = $1",
    many: "SELECT member, card, state, hlc, stream FROM card_state WHERE member = ANY($1)",
};

/// Keeps the latest of each card, but of nobody who was erased.
///
/// # Errors
/// Those of the engine, as for all of these.
pub fn say(session: &mut dyn Session, changes: &Changes, gone: &BTreeSet<MemberId>) -> Result<()> {
    let cards = changes.cards.iter().filter(|((member, _), _)| !gone.contains(member));
    let rows = cards.map(|((member, card), ((hlc, stream), is))| {
        vec![
            member.as_bytes().into(),
            card.as_str().into(),
            is.number().into(),
            (*hlc).into(),
            (*stream).into(),
        ]
    });
    session.insert(&CARD_STATE, &rows.collect::<Vec<Vec<Datum>>>())
}

/// What was said of these members' cards.
pub fn said(
    session: &mut dyn Session,
    members: &[MemberId],
) -> Result<BTreeMap<MemberId, Vec<Said>>> {
    let keys: Vec<Vec<u8>> = members.iter().map(|member| member.as_bytes().to_vec()).collect();
    let mut found: BTreeMap<MemberId, Vec<Said>> = BTreeMap::new();
    session.query_keys(&SAID, &keys, &[], &mut |row| {
        let mut stamp = StampKey::default();
        stamp[..8].copy_from_slice(&row[3].int()?.to_be_bytes());
        stamp[8..].copy_from_slice(&row[4].stream()?.to_bytes());
        let is = CardIs::from_number(row[2].int()?);
        let said = Said { card: row[1].text()?.to_owned(), is, stamp };
        found.entry(MemberId::from_bytes(row[0].exactly()?)).or_default().push(said);
        Ok(())
    })?;
    Ok(found)
}
