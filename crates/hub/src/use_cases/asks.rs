//! The hub asks tills to return value that another till needs.

use punchcard_domain::ledger::ValueKind;
use punchcard_protocol::{
    FactId, MemberId, StreamId,
    sync::{Ask, Asks},
};

use super::{purse, work::Work};
use crate::{error::Result, hub::Hub, random};

/// An ask that nobody answered for so long is given up: whoever waited has gone on.
const PATIENCE_MS: i64 = 10_000;

impl Hub {
    /// What a till is asked for now.
    ///
    /// # Errors
    /// Those of the database.
    pub fn asks(&self, stream: StreamId) -> Result<Asks> {
        let since = self.now_ms() - PATIENCE_MS;
        let sql = "SELECT id, member, kind, amount FROM ask WHERE till = $1 AND at_ms >= $2
                   ORDER BY at_ms, id LIMIT 100";
        let asks = self.read(|session| {
            session
                .rows(sql, &[stream.till.as_bytes().into(), since.into()])?
                .iter()
                .map(|row| {
                    let kind = ValueKind::from_number(row[2].int()?);
                    Ok(Ask {
                        id: FactId::from_bytes(row[0].exactly()?),
                        member: MemberId::from_bytes(row[1].exactly()?),
                        kind: kind.map(purse::kind_name).unwrap_or_default(),
                        amount: row[3].int()?,
                    })
                })
                .collect::<Result<Vec<_>>>()
        })?;
        Ok(Asks { asks })
    }
}

/// Asks a till, where it is not asked for the same already.
pub(crate) fn ask(
    work: &mut Work<'_>,
    holder: StreamId,
    member: MemberId,
    kind: ValueKind,
    amount: i64,
) -> Result<()> {
    let now_ms = work.now_ms;
    let till = holder.till;
    let since = now_ms - PATIENCE_MS;
    work.session.execute("DELETE FROM ask WHERE at_ms < $1", &[since.into()])?;
    let known = work.session.row(
        "SELECT 1 FROM ask WHERE till = $1 AND member = $2 AND kind = $3 AND amount >= $4",
        &[till.as_bytes().into(), member.as_bytes().into(), kind.number().into(), amount.into()],
    )?;
    if known.is_some() {
        return Ok(());
    }
    let id = random::uuid_at(now_ms)?;
    work.session.execute(
        "INSERT INTO ask (id, till, member, kind, amount, at_ms) VALUES ($1, $2, $3, $4, $5, $6)",
        &[
            id.as_bytes().into(),
            till.as_bytes().into(),
            member.as_bytes().into(),
            kind.number().into(),
            amount.into(),
            now_ms.into(),
        ],
    )?;
    work.ring();
    Ok(())
}

/// A till returned value of a member: it need not be asked any more. Returns whether it was asked.
pub(crate) fn answered(work: &mut Work<'_>, stream: StreamId, member: MemberId) -> Result<bool> {
    let mut asked = 0;
    for file in purse::person(&mut *work.session, member)? {
        asked += work.session.execute(
            "DELETE FROM ask WHERE till = $1 AND member = $2",
            &[stream.till.as_bytes().into(), file.as_bytes().into()],
        )?;
    }
    Ok(asked > 0)
}

/// Whether a till has an ask about a member that it has not answered.
pub(crate) fn open(work: &mut Work<'_>, stream: StreamId, member: MemberId) -> Result<bool> {
    let sql = "SELECT 1 FROM ask WHERE till = $1 AND member = $2";
    let row = work.session.row(sql, &[stream.till.as_bytes().into(), member.as_bytes().into()])?;
    Ok(row.is_some())
}
