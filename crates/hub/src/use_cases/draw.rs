//! A till that is short of value asks for it: the hub grants what the pool has, and asks the
//! holders for the rest.

use punchcard_domain::{
    fact::GrantReason,
    ledger::{Account, ValueKind, check_amount, take},
};
use punchcard_protocol::{
    MemberId, StreamId,
    sync::{Code, Draw, DrawAnswer, Holder, Packet},
};
use serde::{Deserialize, Serialize};

use super::{
    asks, duties,
    purse::{self, Purse},
    push::{closed, seen},
    restored,
    work::Work,
};
use crate::{
    error::{Error, Result},
    hub::Hub,
    store::journal,
};

/// A till that was not heard of for so long is not waited for: ms.
const LISTENING_MS: i64 = 40_000;

/// A draw as it is kept: asked again, it is answered as before.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    granted: i64,
    packets: Vec<Packet>,
    ended: bool,
}

impl Hub {
    /// One step of a draw: grants what the pool has, and asks whoever holds the rest. True: worth
    /// asking again once something came back.
    ///
    /// # Errors
    /// `bad_request`, `device_revoked`, `frozen`; those of the database.
    pub fn draw(&self, stream: StreamId, ask: &Draw) -> Result<(DrawAnswer, bool)> {
        self.write(|work| step(work, stream, ask, false))
    }

    /// Ends a draw: whoever was asked and did not answer is named.
    ///
    /// # Errors
    /// As [`Hub::draw`].
    pub fn end_draw(&self, stream: StreamId, ask: &Draw) -> Result<DrawAnswer> {
        Ok(self.write(|work| step(work, stream, ask, true))?.0)
    }
}

fn step(
    work: &mut Work<'_>,
    stream: StreamId,
    ask: &Draw,
    last: bool,
) -> Result<(DrawAnswer, bool)> {
    let bad = |message: &str| Error::refused(Code::BadRequest, message);
    check_amount(ask.amount).map_err(|_| bad("not an amount"))?;
    let kind = purse::kind_named(&ask.kind)?;
    may_draw(work, stream)?;
    seen(work, stream)?;
    if restored::held(work)? {
        return Err(restored::holds(work)?);
    }
    let mut kept = kept(work, stream, ask)?;
    let files = purse::person(&mut *work.session, ask.member)?;
    if work.hub.follow == "own"
        && let Some(till) = journal::till(&mut *work.session, stream.till)?
    {
        work.follow(till.store, &files)?;
    }
    if !kept.ended {
        grant(work, stream, &files, kind, ask, &mut kept)?;
    }
    let purse = purse::purse(work, &files, kind)?.only(&ask.lots);
    let missing = ask.amount - kept.granted;
    let holders = holders(work, stream, &files, kind, &purse, missing, kept.ended)?;
    let waiting = missing > 0 && !kept.ended && holders.iter().any(|holder| !holder.silent);
    kept.ended |= last || missing <= 0;
    keep(work, stream, ask, &kept)?;
    let silent_now = |holder: Holder| Holder { silent: holder.silent || last, ..holder };
    let holders = match missing {
        ..=0 => Vec::new(),
        _ => holders.into_iter().map(silent_now).collect(),
    };
    Ok((DrawAnswer { granted: kept.granted, packets: kept.packets, holders }, waiting))
}

/// A till that belongs to the business and has one history.
fn may_draw(work: &mut Work<'_>, stream: StreamId) -> Result<()> {
    let row = journal::stream(&mut *work.session, stream)?
        .ok_or_else(|| Error::refused(Code::BadSignature, "this journal is not known here"))?;
    if let Some(refusal) = closed(work, &row)? {
        return Err(refusal.into());
    }
    let lives = journal::streams_of(&mut *work.session, stream.till)?;
    if lives.iter().any(|life| life.state == "forked") {
        return Err(Error::refused(
            Code::Frozen,
            "this till has two histories; nothing is given to it until a manager has looked",
        ));
    }
    Ok(())
}

fn grant(
    work: &mut Work<'_>,
    stream: StreamId,
    files: &[MemberId],
    kind: ValueKind,
    ask: &Draw,
    kept: &mut Kept,
) -> Result<()> {
    let purse = purse::purse(work, files, kind)?.only(&ask.lots);
    let missing = ask.amount - kept.granted;
    let (postings, short) = take(&purse.ours, Account::Till(stream), missing, work.effective_ms());
    kept.granted += missing - short;
    kept.packets.extend(duties::grant(work, files[0], GrantReason::Draw, &postings)?);
    Ok(())
}

/// Who holds the rest. Those that listen are asked; the others are named at once.
fn holders(
    work: &mut Work<'_>,
    stream: StreamId,
    files: &[MemberId],
    kind: ValueKind,
    purse: &Purse,
    mut missing: i64,
    ended: bool,
) -> Result<Vec<Holder>> {
    let now_ms = work.effective_ms();
    let listening = work.now_ms - LISTENING_MS;
    let mut found = Vec::new();
    for holder in purse.tills.keys().filter(|holder| **holder != stream) {
        let amount = purse.held_by(*holder, now_ms);
        if missing <= 0 || amount == 0 {
            continue;
        }
        let till = journal::till(&mut *work.session, holder.till)?;
        let listens =
            till.as_ref().is_some_and(|till| till.state == "active" && till.seen_ms >= listening);
        if listens && !ended {
            asks::ask(work, *holder, files[0], kind, missing.min(amount))?;
        }
        let silent = !listens || (ended && asks::open(work, *holder, files[0])?);
        missing -= amount;
        found.push(Holder {
            till: holder.till,
            name: till.map(|till| till.name).unwrap_or_default(),
            amount,
            silent,
        });
    }
    Ok(found)
}

fn kept(work: &mut Work<'_>, stream: StreamId, ask: &Draw) -> Result<Kept> {
    let sql = "SELECT answer FROM draw WHERE id = $1 AND till = $2";
    let row = work.session.row(sql, &[ask.id.as_bytes().into(), stream.till.as_bytes().into()])?;
    row.map_or(Ok(Kept::default()), |row| Ok(serde_json::from_str(row[0].text()?)?))
}

fn keep(work: &mut Work<'_>, stream: StreamId, ask: &Draw, kept: &Kept) -> Result<()> {
    let now_ms = work.now_ms;
    work.session.execute(
        "INSERT INTO draw (id, till, at_ms, answer) VALUES ($1, $2, $3, $4)
         ON CONFLICT (id) DO UPDATE SET answer = excluded.answer",
        &[
            ask.id.as_bytes().into(),
            stream.till.as_bytes().into(),
            now_ms.into(),
            serde_json::to_string(kept)?.into(),
        ],
    )?;
    Ok(())
}
