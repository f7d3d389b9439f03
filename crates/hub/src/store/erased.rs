//! Who was erased: private parts of theirs are kept nowhere, whenever they come.

use std::collections::BTreeSet;

use punchcard_domain::fact::about;
use punchcard_protocol::{
    MemberId,
    sync::{Packet, Push},
};

use super::{ByKey, Datum, Row, Session};
use crate::error::Result;

const AMONG: ByKey = ByKey {
    one: "SELECT member FROM erased WHERE member = $1",
    many: "SELECT member FROM erased WHERE member = ANY($1)",
};

/// Who of these was erased.
///
/// # Errors
/// Those of the engine, as for all of these.
pub fn among(session: &mut dyn Session, members: &[MemberId]) -> Result<BTreeSet<MemberId>> {
    let keys: Vec<Vec<u8>> = members.iter().map(|member| member.as_bytes().to_vec()).collect();
    let mut found = BTreeSet::new();
    session.query_keys(&AMONG, &keys, &[], &mut |row| {
        found.insert(MemberId::from_bytes(row[0].exactly()?));
        Ok(())
    })?;
    Ok(found)
}

/// Deletes the private parts that are in the log about these members, those of entries that were not
/// understood or are passed on to nobody among them, and those that are kept aside.
pub fn delete_parts(session: &mut dyn Session, members: &BTreeSet<MemberId>) -> Result<()> {
    for member in members {
        session.execute(
            "DELETE FROM private_part WHERE position IN (SELECT position FROM log WHERE member = $1)",
            &[member.as_bytes().into()],
        )?;
    }
    let nobodys = "SELECT l.position, l.payload FROM log l
                   JOIN private_part p ON p.position = l.position WHERE l.member IS NULL";
    let mut theirs = Vec::new();
    session.query(nobodys, &[], &mut |row: Row<'_>| {
        if about(row[1].bytes()?).is_some_and(|member| members.contains(&member)) {
            theirs.push(row[0].clone());
        }
        Ok(())
    })?;
    for position in theirs {
        session.execute("DELETE FROM private_part WHERE position = $1", &[position])?;
    }
    for row in session.rows("SELECT id, body FROM quarantine", &[])? {
        if let Some(body) = without_parts(row[1].bytes()?, members)? {
            let sql = "UPDATE quarantine SET body = $1 WHERE id = $2";
            session.execute(sql, &[Datum::Blob(body), row[0].clone()])?;
        }
    }
    Ok(())
}

/// A body that is to be kept aside, without the private parts about whoever was erased.
pub fn stripped(session: &mut dyn Session, body: &[u8]) -> Result<Option<Vec<u8>>> {
    let Ok(push) = serde_json::from_slice::<Push>(body) else { return Ok(None) };
    let with_part = push.packets.iter().filter(|packet| packet.private.is_some());
    let members: Vec<MemberId> =
        with_part.filter_map(|packet| about(packet.payload.as_bytes())).collect();
    let gone = among(session, &members)?;
    without_parts(body, &gone)
}

/// A body as it is kept aside, without the private parts about these members; none: it has none, or
/// cannot be read, and then nothing of it is known to be anybody's.
pub fn without_parts(body: &[u8], members: &BTreeSet<MemberId>) -> Result<Option<Vec<u8>>> {
    if let Ok(mut push) = serde_json::from_slice::<Push>(body) {
        let dropped = push
            .packets
            .iter_mut()
            .map(|packet| drop_part(packet, members))
            .filter(|dropped| *dropped)
            .count();
        return Ok((dropped > 0).then(|| serde_json::to_vec(&push)).transpose()?);
    }
    if let Ok(mut packet) = serde_json::from_slice::<Packet>(body)
        && drop_part(&mut packet, members)
    {
        return Ok(Some(serde_json::to_vec(&packet)?));
    }
    Ok(None)
}

fn drop_part(packet: &mut Packet, members: &BTreeSet<MemberId>) -> bool {
    let theirs = about(packet.payload.as_bytes()).is_some_and(|member| members.contains(&member));
    theirs && packet.private.take().is_some()
}

/// Notes where the newest erasure stands: what was deleted may still be read in free space.
pub fn note(session: &mut dyn Session, epoch: u32, position: u64) -> Result<()> {
    session.execute(
        "INSERT INTO erasure (one, epoch, position, due) VALUES (1, $1, $2, 1)
         ON CONFLICT (one) DO UPDATE SET epoch = excluded.epoch, position = excluded.position, due = 1",
        &[i64::from(epoch).into(), position.into()],
    )?;
    Ok(())
}

/// Where the newest erasure stands: epoch and position; and whether free space is still to be cleared.
pub fn newest(session: &mut dyn Session) -> Result<Option<(u32, u64, bool)>> {
    let row = session.row("SELECT epoch, position, due FROM erasure WHERE one = 1", &[])?;
    row.map(|row| {
        let epoch = u32::try_from(row[0].int()?).unwrap_or(u32::MAX);
        Ok((epoch, row[1].count()?, row[2].int()? != 0))
    })
    .transpose()
}

/// Free space was cleared of what that erasure deleted, and those before it.
pub fn cleared(session: &mut dyn Session, epoch: u32, position: u64) -> Result<()> {
    session.execute(
        "UPDATE erasure SET due = 0 WHERE epoch = $1 AND position = $2",
        &[i64::from(epoch).into(), position.into()],
    )?;
    Ok(())
}

/// How many people were erased by entries that came since a moment (Unix ms).
pub fn since(session: &mut dyn Session, since_ms: i64) -> Result<u64> {
    let sql = "SELECT count(*) FROM erased e JOIN fact f ON f.id = e.by
               JOIN log l ON l.stream = f.stream AND l.seq = f.seq WHERE l.received_ms >= $1";
    session.row(sql, &[since_ms.into()])?.map_or(Ok(0), |row| row[0].count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_entry_that_is_kept_aside_loses_its_part() {
        let member = MemberId::from_bytes([1; 16]);
        let packet = |part: &str| {
            format!(
                r#"{{"header":"00","salt":"00","payload":"{{\"member\":\"{member}\"}}"{part}}}"#
            )
        };
        let body = packet(r#","private":{"salt":"00","text":"a name"}"#);
        let members = BTreeSet::from([member]);
        let left = without_parts(body.as_bytes(), &members).expect("JSON").expect("it had one");
        assert_eq!(String::from_utf8(left).expect("UTF-8"), packet(""));
        let others = BTreeSet::from([MemberId::from_bytes([2; 16])]);
        assert_eq!(without_parts(body.as_bytes(), &others).expect("JSON"), None);
        assert_eq!(without_parts(b"what nobody can read", &members).expect("kept"), None);
    }
}
