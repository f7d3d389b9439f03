//! What a member has, as the hub sees it: read for a decision.

use std::collections::{BTreeMap, BTreeSet};

use punchcard_domain::{
    ledger::{Account, Holding, ValueKind},
    person,
};
use punchcard_protocol::{LotId, MemberId, StreamId};

use super::work::{Work, taken_over_by_hub};
use crate::{
    error::{Error, Result},
    store::{
        Datum, Session,
        ledger::{POOL, TILL},
    },
};

const ISSUED: i64 = 0;

/// A member's value of one kind.
#[derive(Debug, Default)]
pub(crate) struct Purse {
    /// What the hub may debit: the pool, and accounts it took over.
    pub(crate) ours: Vec<Holding>,
    /// What tills hold.
    pub(crate) tills: BTreeMap<StreamId, Vec<Holding>>,
}

impl Purse {
    /// What can be spent of it somewhere, once it is there.
    pub(crate) fn total(&self, now_ms: i64) -> i64 {
        let held = self.tills.values().map(|held| usable(held, now_ms));
        held.fold(usable(&self.ours, now_ms), i64::saturating_add)
    }

    /// What of it lies in these lots; none named: all of it.
    pub(crate) fn only(mut self, lots: &[LotId]) -> Self {
        if !lots.is_empty() {
            self.ours.retain(|held| lots.contains(&held.lot));
            for held in self.tills.values_mut() {
                held.retain(|held| lots.contains(&held.lot));
            }
        }
        self
    }

    /// What one journal holds.
    pub(crate) fn held_by(&self, stream: StreamId, now_ms: i64) -> i64 {
        self.tills.get(&stream).map_or(0, |held| usable(held, now_ms))
    }
}

fn usable(holdings: &[Holding], now_ms: i64) -> i64 {
    let amounts = holdings.iter().filter(|held| held.usable(now_ms)).map(|held| held.amount);
    amounts.fold(0, i64::saturating_add)
}

/// The file that a member is shown as, and all that are merged into it.
pub(crate) fn person(session: &mut dyn Session, member: MemberId) -> Result<Vec<MemberId>> {
    let kept = person::shown_as(member, |gone| -> Result<_> {
        let row =
            session.row("SELECT kept FROM merge WHERE gone = $1", &[gone.as_bytes().into()])?;
        row.map(|row| Ok(MemberId::from_bytes(row[0].exactly()?))).transpose()
    })?;
    let mut all = vec![kept];
    let mut at = 0;
    while let Some(member) = all.get(at).copied() {
        let sql = "SELECT gone FROM merge WHERE kept = $1 ORDER BY gone";
        for row in session.rows(sql, &[member.as_bytes().into()])? {
            let gone = MemberId::from_bytes(row[0].exactly()?);
            if !all.contains(&gone) {
                all.push(gone);
            }
        }
        at += 1;
    }
    Ok(all)
}

/// A person's value of one kind, over all their files; the first of `files` is the one they are
/// shown as.
pub(crate) fn purse(work: &mut Work<'_>, files: &[MemberId], kind: ValueKind) -> Result<Purse> {
    let (hub, now_ms) = (work.hub.id, work.effective_ms());
    let taken_over = taken_over_by_hub(&mut *work.session, hub)?;
    let mut purse = Purse::default();
    for member in files {
        let owner = (files.first() != Some(member)).then_some(*member);
        read(&mut *work.session, *member, owner, kind, now_ms, &taken_over, &mut purse)?;
    }
    Ok(purse)
}

fn read(
    session: &mut dyn Session,
    member: MemberId,
    owner: Option<MemberId>,
    kind: ValueKind,
    now_ms: i64,
    taken_over: &BTreeSet<StreamId>,
    purse: &mut Purse,
) -> Result<()> {
    let sql = "SELECT a.lot, a.account, a.stream, a.amount, a.expires_ms,
                      coalesce(f.frozen, 0), p.until_ms
               FROM account a LEFT JOIN frozen f ON f.lot = a.lot
               LEFT JOIN pending p ON p.lot = a.lot
               WHERE a.member = $1 AND a.kind = $2 ORDER BY a.lot, a.account";
    // What was issued stands first of its lot, and says when the lot runs out.
    let mut issued: (Option<LotId>, Option<i64>) = (None, None);
    for row in session.rows(sql, &[member.as_bytes().into(), kind.number().into()])? {
        let lot = LotId::from_bytes(row[0].exactly()?);
        let (account, amount) = (row[1].int()?, row[3].int()?);
        if account == ISSUED {
            issued = (Some(lot), row[4].optional(Datum::int)?);
            continue;
        }
        let expires_ms = issued.1.filter(|_| issued.0 == Some(lot));
        // What cannot be spent yet is kept like what somebody doubts.
        let pending = row[6].optional(Datum::int)?.is_some_and(|until| until > now_ms);
        let frozen = row[5].int()? != 0 || pending;
        let held = |account| Holding { lot, kind, account, amount, expires_ms, owner, frozen };
        match account {
            POOL if amount > 0 => purse.ours.push(held(Account::Pool)),
            TILL if amount > 0 => {
                let stream = row[2].stream()?;
                let holding = held(Account::Till(stream));
                if taken_over.contains(&stream) {
                    purse.ours.push(holding);
                } else {
                    purse.tills.entry(stream).or_default().push(holding);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// A kind of value by the name that facts and calls give it.
pub(crate) fn kind_named(name: &str) -> Result<ValueKind> {
    serde_json::from_value(name.into()).map_err(|_| {
        Error::refused(punchcard_protocol::sync::Code::BadRequest, "not a kind of value")
    })
}

/// The name that facts and calls give a kind of value.
pub(crate) fn kind_name(kind: ValueKind) -> String {
    serde_json::to_value(kind)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}
