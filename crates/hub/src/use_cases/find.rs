//! A visitor: a member whom the store does not follow stands at the desk.

use punchcard_protocol::{
    MemberId, StreamId,
    sync::{Code, Find, Found},
};

use super::{pull, purse};
use crate::{
    error::{Error, Result},
    hub::Hub,
    store::{fold, journal},
};

/// More entries than these come through the channel.
const MOST: usize = 2000;
/// Nor do more bytes than these: photos.
const MOST_BYTES: usize = 8 * 1024 * 1024;

impl Hub {
    /// All that is known of whoever holds a card or has a phone. From now on the store follows
    /// them.
    ///
    /// # Errors
    /// `not_found`, `device_revoked`, `bad_request`.
    pub fn find(&self, stream: StreamId, ask: &Find) -> Result<Found> {
        self.write(|work| {
            let till = pull::active(&mut *work.session, stream)?;
            let mut members = Vec::new();
            for member in called(work, ask)? {
                for file in purse::person(&mut *work.session, member)? {
                    if !members.contains(&file) {
                        members.push(file);
                    }
                }
            }
            if members.is_empty() {
                return Err(Error::refused(Code::NotFound, "nobody here is called that"));
            }
            if work.hub.follow == "own" {
                work.follow(till.store, &members)?;
            }
            let mut packets = Vec::new();
            let session = &mut *work.session;
            for row in journal::of_members(session, &members, MOST, MOST_BYTES)? {
                packets.push(pull::packet(&row)?);
            }
            Ok(Found { members, packets })
        })
    }
}

fn called(work: &mut super::work::Work<'_>, ask: &Find) -> Result<Vec<MemberId>> {
    let key = match (&ask.card, &ask.phone, ask.member) {
        (Some(card), None, None) => fold::card_key(card),
        (None, Some(phone), None) => fold::phone_key(phone),
        (None, None, Some(member)) => return Ok(vec![member]),
        _ => return Err(Error::refused(Code::BadRequest, "a card, a phone or a member")),
    };
    let sql = "SELECT member FROM member_key WHERE key = $1 ORDER BY member LIMIT 5";
    let rows = work.session.rows(sql, &[key.into()])?;
    rows.iter().map(|row| Ok(MemberId::from_bytes(row[0].exactly()?))).collect()
}
