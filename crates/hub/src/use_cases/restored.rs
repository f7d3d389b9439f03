//! A hub that was put back from an older copy: how it notices, and what it holds back until it has
//! heard from every till.
//!
//! What lies in the pool of an older copy may have been granted since. Only the till that was
//! given it is sure to know: so nothing of what the hub itself may debit moves until each till
//! has said what it holds, or a person has said that it is gone.

use punchcard_protocol::{
    StreamId, TillId,
    sync::{Code, Greeting, Known, WireRefusal},
};
use serde_json::json;

use super::{duties, inbox, work::Work};
use crate::{
    error::{Error, Result},
    hub::Hub,
    store::{
        journal::{self, StreamRow, TillRow},
        ledger, tree,
    },
};

/// An epoch that a till speaks of is at most so far ahead of our clock: s.
const MOST_AHEAD_S: u32 = 24 * 60 * 60;

/// Whoever has seen more of this hub than it has, or something else, proves that it was restored.
/// From now on it is another epoch: every till reads from the start, and gives back what is missing.
pub(crate) fn look(work: &mut Work<'_>, row: &StreamRow, ask: &Greeting) -> Result<()> {
    let Some(what) = newer_than_ours(work, row, ask)? else { return Ok(()) };
    if work.weak.restored_unseen {
        return Ok(());
    }
    let args = json!({"till": row.stream.till, "what": what});
    new_epoch(work, ask.epoch, args)
}

fn newer_than_ours(
    work: &mut Work<'_>,
    row: &StreamRow,
    ask: &Greeting,
) -> Result<Option<&'static str>> {
    let epoch = work.hub.epoch;
    if ask.epoch != epoch {
        // Only a till that speaks of this epoch can know what this hub acknowledged.
        return Ok((ask.epoch > epoch).then_some("epoch"));
    }
    let acked = ask.acked;
    if acked.seq > 0 && journal::hash_at(&mut *work.session, row.stream, acked.seq)?.is_none() {
        return Ok(Some("acked"));
    }
    if lacks_earlier(work, row, ask)? {
        return Ok(Some("earlier"));
    }
    let seen = ask.seen.unwrap_or_default();
    if let Some(log) = seen.log
        && (log.seq > work.hub.position
            || journal::sum_at(&mut *work.session, log.seq)? != log.hash)
    {
        return Ok(Some("log"));
    }
    if let Some(head) = seen.head
        && !tree_begins_with(work, head)?
    {
        return Ok(Some("log"));
    }
    let own = work.own();
    if let Some(said) = seen.journal
        && journal::hash_at(&mut *work.session, own, said.seq)? != Some(said.hash)
    {
        return Ok(Some("journal"));
    }
    Ok(None)
}

/// Whether the log's tree once was what a till was told of. It knows nothing of rows that somebody
/// changed since: those are the tills' to find.
fn tree_begins_with(work: &mut Work<'_>, head: Known) -> Result<bool> {
    if head.seq > work.hub.position {
        return Ok(false);
    }
    work.grow_tree()?;
    Ok(tree::edge(&mut *work.session, head.seq)?.root() == head.hash)
}

/// Whether this hub lacks of an earlier life what it acknowledged. A new life begins with nothing
/// acknowledged: by its own journal alone nobody would notice that the hub was put back meanwhile. A
/// life that has not said yet what it holds speaks of what was before.
fn lacks_earlier(work: &mut Work<'_>, row: &StreamRow, ask: &Greeting) -> Result<bool> {
    if !has_said(work, row.stream)? {
        return Ok(false);
    }
    for (stream, known) in ask.earlier.iter().filter(|(life, _)| life.till == row.stream.till) {
        let open =
            journal::stream(&mut *work.session, *stream)?.is_some_and(|life| life.state == "open");
        if open && journal::hash_at(&mut *work.session, *stream, known.seq)?.is_none() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Begins the next epoch. Its number is the moment's, in seconds: two copies of one backup that are
/// both put to work never write the same journal.
pub(crate) fn new_epoch(
    work: &mut Work<'_>,
    claimed: u32,
    mut args: serde_json::Value,
) -> Result<()> {
    let now_s = u32::try_from(work.now_ms / 1000).unwrap_or(0);
    let believable = claimed <= work.hub.epoch || claimed <= now_s.saturating_add(MOST_AHEAD_S);
    let next = work.hub.epoch.max(claimed).checked_add(1).filter(|_| believable);
    let Some(next) = next else {
        return Err(Error::refused(Code::BadRequest, "there cannot be such an epoch"));
    };
    work.hub.epoch = next.max(now_s);
    work.touch();
    tracing::error!(
        epoch = work.hub.epoch,
        "THIS HUB WAS RESTORED; the tills give back what it lost"
    );
    args["epoch"] = work.hub.epoch.into();
    inbox::tell(work, "hub_restored", &args)?;
    work.open_own_journal()
}

/// Whether the hub still waits for a till to say what it holds.
pub(crate) fn awaited(till: &TillRow, epoch: u32) -> bool {
    let epoch = i64::from(epoch);
    matches!(till.state.as_str(), "active" | "unknown")
        && till.reported != epoch
        && till.reported != -epoch
}

/// Whether what the hub may debit is held back.
pub(crate) fn held(work: &mut Work<'_>) -> Result<bool> {
    let epoch = work.hub.epoch;
    journal::awaits_any(&mut *work.session, epoch)
}

/// The refusal that says so.
pub(crate) fn holds(work: &mut Work<'_>) -> Result<Error> {
    let epoch = work.hub.epoch;
    let tills = journal::tills(&mut *work.session)?;
    let waiting = tills.iter().filter(|till| awaited(till, epoch)).count();
    let refusal = WireRefusal::new(
        Code::Frozen,
        "the hub was restored; it gives out nothing until every till has been here",
    );
    Ok(refusal.with("waiting", waiting).into())
}

/// Whether this very life of a till has said in this epoch what it holds. Another machine, a copy, may
/// be another life of it: only this one knows what it was given before the hub was put back.
pub(crate) fn has_said(work: &mut Work<'_>, life: StreamId) -> Result<bool> {
    let epoch = i64::from(work.hub.epoch);
    Ok(journal::reported(&mut *work.session, life)? == epoch)
}

/// A till pushes only after it has said what it holds: what it was granted goes before what it did
/// with it.
pub(crate) fn has_reported(work: &mut Work<'_>, till: TillId) -> Result<()> {
    let epoch = work.hub.epoch;
    match journal::till(&mut *work.session, till)? {
        Some(till) if till.reported != i64::from(epoch) => Err(WireRefusal::new(
            Code::EpochChanged,
            "the hub was restored: say what you hold before you push",
        )
        .with("epoch", epoch)
        .into()),
        _ => Ok(()),
    }
}

/// Does something after which the hub may have nobody to wait for any more; then it makes up for what
/// it held back.
pub(crate) fn then_release(
    work: &mut Work<'_>,
    act: impl FnOnce(&mut Work<'_>) -> Result<()>,
) -> Result<()> {
    let before = held(work)?;
    act(work)?;
    if !before || held(work)? {
        return Ok(());
    }
    tracing::info!("every till has said what it holds: value is given out again");
    let members = ledger::taken_back_and_held(&mut *work.session)?;
    duties::give_back(work, &members)?;
    work.ring();
    Ok(())
}

/// A person says that whoever has not been here yet is not waited for. What such a till was given
/// and the hub does not know of can be given out once more; it is seen when the till comes.
pub(crate) fn go_on(work: &mut Work<'_>) -> Result<()> {
    let epoch = work.hub.epoch;
    then_release(work, |work| {
        for till in journal::tills(&mut *work.session)? {
            if awaited(&till, epoch) {
                // What it holds is asked for all the same when it comes.
                let row = TillRow { reported: -i64::from(epoch), ..till };
                journal::put_till(&mut *work.session, &row)?;
            }
        }
        Ok(())
    })
}

impl Hub {
    /// Begins the next epoch: the database was put back from a backup.
    ///
    /// # Errors
    /// Those of the database.
    pub fn begin_epoch(&self) -> Result<()> {
        self.write(|work| new_epoch(work, 0, json!({"what": "restored"})))
    }
}
