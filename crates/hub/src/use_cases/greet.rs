//! The first call of each sync: where both stand, and what has happened to a till meanwhile.

use punchcard_domain::fact::{Fact, StreamReclaimed};
use punchcard_protocol::{
    Hash, Hlc, Link, LogHead, SignedHead, StreamId,
    sync::{Code, Endorsement, Greeting, Known, Welcome, WireRefusal},
};
use serde_json::json;

use super::{
    card_numbers, duties,
    enrol::speaks,
    give, inbox, pull,
    push::{closed, fresh, next_life, seen},
    restored,
    work::Work,
};
use crate::{
    error::{Error, Result},
    hub::Hub,
    store::{
        journal::{self, StreamRow},
        tree,
    },
};

/// A till's clock this far off is told to the owner: ms.
const SKEW_MS: i64 = 5 * 60 * 1000;

impl Hub {
    /// The key that a call of this journal must be signed with.
    ///
    /// # Errors
    /// Those of the database.
    pub fn key_of(&self, stream: StreamId) -> Result<Option<[u8; 32]>> {
        let row = self.read(|session| journal::stream(session, stream))?;
        // Of a life that others gave back nobody knows yet whether the till itself wrote it.
        Ok(row.filter(|row| row.state != "heard").map(|row| row.public_key))
    }

    /// Where both stand. A new life of a till is taken in here, where an earlier one vouches.
    ///
    /// # Errors
    /// `version_not_supported`, `device_revoked`, `fork_detected`, `bad_signature`.
    pub fn greet(&self, stream: StreamId, ask: &Greeting) -> Result<Welcome> {
        let outcome = self.write(|work| match greet(work, stream, ask) {
            // A fork that was seen here is kept; so is a new life of a till that was revoked: what
            // it wrote can be kept aside only where its key is known.
            Err(Error::Refused(refusal)) if is_kept(refusal.code) => Ok(Err(refusal)),
            Err(error) => Err(error),
            Ok(welcome) => Ok(Ok(welcome)),
        })?;
        outcome.map_err(Error::Refused)
    }
}

fn is_kept(code: Code) -> bool {
    matches!(code, Code::ForkDetected | Code::DeviceRevoked)
}

fn greet(work: &mut Work<'_>, stream: StreamId, ask: &Greeting) -> Result<Welcome> {
    speaks(ask.protocol)?;
    let known = journal::stream(&mut *work.session, stream)?;
    let row = match (known, &ask.endorsement) {
        (Some(row), Some(new)) if hex::encode(row.public_key) != new.public_key => {
            return Err(fork(work, stream, 1)?);
        }
        (Some(row), _) if row.state != "heard" => row,
        // New here, or heard of from others alone.
        (known, Some(new)) => open_life(work, stream, new, known)?,
        (_, None) => {
            return Err(Error::refused(Code::BadSignature, "this journal is not known here"));
        }
    };
    if let Some(refusal) = closed(work, &row)? {
        return Err(refusal.into());
    }
    same_history(work, &row, ask)?;
    work.grow_tree()?;
    // An older program on the same database may have written to the log.
    tree::grow(&mut *work.session, work.hub.position, &[])?;
    restored::look(work, &row, ask)?;
    let till = pull::active(&mut *work.session, stream)?;
    look_at_the_clock(work, stream, ask.now_ms);
    seen(work, stream)?;
    if let Some(blocks) = ask.card_blocks {
        card_numbers::allot(work, stream, blocks)?;
    }
    let log = Some(log_head(work, ask)?);
    let lives = journal::streams_of(&mut *work.session, stream.till)?;
    let epoch = i64::from(work.hub.epoch);
    let give = till.reported != epoch || !restored::has_said(work, stream)?;
    let known = |link: Link| Known { seq: link.seq, hash: link.hash };
    let others = lives.iter().filter(|life| life.stream != stream);
    Ok(Welcome {
        epoch: work.hub.epoch,
        acked: known(row.link),
        durable: row.durable,
        store: till.store,
        channels: pull::channels(&work.hub, &till),
        earlier: others.map(|life| (life.stream, known(life.link))).collect(),
        frozen: lives.iter().any(|life| life.state == "forked"),
        give,
        before: give::hubs_before(&mut *work.session)?,
        log,
        now_ms: work.now_ms,
    })
}

/// The log as it is now, signed; and that what the till was told of is its beginning.
fn log_head(work: &mut Work<'_>, ask: &Greeting) -> Result<LogHead> {
    work.grow_tree()?;
    let (epoch, size) = (work.hub.epoch, work.hub.position);
    let before = ask.seen.and_then(|seen| seen.head).filter(|_| ask.epoch == epoch);
    // A hub that does not want to see that it is not the same says what it has.
    let before = before.map_or(0, |head| head.seq).min(size);
    let told = tree::told(&mut *work.session, before, size)?;
    Ok(LogHead::sign(work.key(), (work.hub.id, epoch), (size, told.root), told.proof))
}

fn fork(work: &mut Work<'_>, stream: StreamId, seq: u64) -> Result<Error> {
    let next = next_life(work, stream)?;
    let refusal = WireRefusal::new(Code::ForkDetected, "there is another history of this journal");
    Ok(refusal.with("seq", seq).with("next", next).into())
}

/// What the till remembers that the hub has, and the hub has too, must be the same: otherwise
/// somebody wrote history twice.
fn same_history(work: &mut Work<'_>, row: &StreamRow, ask: &Greeting) -> Result<()> {
    let Known { seq, hash } = ask.acked;
    match journal::hash_at(&mut *work.session, row.stream, seq)? {
        Some(here) if here != hash && !work.weak.forks_unseen => {
            let forked = StreamRow { state: "forked".into(), ..row.clone() };
            journal::put_stream(&mut *work.session, &forked)?;
            let args = json!({"till": row.stream.till, "stream": row.stream, "seq": seq});
            inbox::tell(work, "forked", &args)?;
            Err(fork(work, row.stream, seq)?)
        }
        _ => Ok(()),
    }
}

fn look_at_the_clock(work: &Work<'_>, stream: StreamId, till_ms: i64) {
    let off = till_ms.saturating_sub(work.now_ms);
    if off.abs() > SKEW_MS {
        tracing::warn!(till = %stream.till, off_ms = off, "a till's clock is off");
    }
}

/// A till's store was not the newest there was, and it opened its next life.
fn open_life(
    work: &mut Work<'_>,
    stream: StreamId,
    new: &Endorsement,
    told_of: Option<StreamRow>,
) -> Result<StreamRow> {
    let refused = |message: &str| Error::refused(Code::BadSignature, message);
    let earlier = journal::stream(&mut *work.session, new.by)?
        .filter(|row| row.stream.till == stream.till && new.by.incarnation < stream.incarnation)
        .filter(|row| row.state != "heard")
        .ok_or_else(|| refused("no earlier life of this till is known here"))?;
    let mut public_key = [0; 32];
    hex::decode_to_slice(&new.public_key, &mut public_key).map_err(|_| refused("not a key"))?;
    let first = opened_with(stream, new)?;
    let head = SignedHead { stream, seq: 1, hash: first, signature: new.signature.clone() };
    head.verify(&earlier.public_key).map_err(|_| refused("the earlier life does not vouch"))?;
    let fresh = StreamRow {
        stream,
        public_key,
        link: Link::START,
        hlc: Hlc::default(),
        durable: 0,
        state: "open".into(),
        opened_ms: work.now_ms,
        brought: false,
    };
    // What others gave back of it counts already.
    let row = told_of.map_or(fresh, |row| StreamRow { state: "open".into(), ..row });
    journal::put_stream(&mut *work.session, &row)?;
    let args = json!({"till": stream.till, "stream": stream, "before": new.by});
    inbox::tell(work, "second_life", &args)?;
    // The value of a till that was revoked stays where it is.
    let till = journal::till(&mut *work.session, stream.till)?;
    if till.is_some_and(|till| till.state == "active") {
        take_over_what_is_whole(work, &earlier, new)?;
    }
    Ok(row)
}

/// The hash of the new journal's first entry, which names the key.
fn opened_with(stream: StreamId, new: &Endorsement) -> Result<Hash> {
    let refused = || Error::refused(Code::BadSignature, "not the beginning of a journal");
    let (entry, _) = new.first.clone().open().map_err(|_| refused())?;
    let header = entry.check().map_err(|_| refused())?;
    let fact = Fact::from_payload(header.kind, header.kind_version, &entry.payload);
    let Ok(Some(Fact::StreamOpened(body))) = fact else { return Err(refused()) };
    let begins = header.stream == stream
        && header.seq == 1
        && header.previous == Hash::ZERO
        && body.public_key == new.public_key;
    if begins { Ok(entry.hash()) } else { Err(refused()) }
}

/// Where the machine is the same and the hub has all that its anchor knew, nothing can have been
/// spent that the hub does not know of: the hub takes the earlier life's value over at once, and
/// the new one draws it. Otherwise a manager decides.
fn take_over_what_is_whole(
    work: &mut Work<'_>,
    earlier: &StreamRow,
    new: &Endorsement,
) -> Result<()> {
    let Some(anchored) = new.anchored.filter(|_| new.in_place) else { return Ok(()) };
    let here = journal::hash_at(&mut *work.session, earlier.stream, anchored.seq)?;
    let whole = here == Some(anchored.hash) && earlier.link.seq == anchored.seq;
    if !whole || earlier.state != "open" {
        return Ok(());
    }
    reclaim_stream(work, earlier, false)
}

/// The hub takes a journal's accounts over, and no more entries of it count.
pub(crate) fn reclaim_stream(work: &mut Work<'_>, row: &StreamRow, by_manager: bool) -> Result<()> {
    let fact = StreamReclaimed {
        id: fresh(work)?,
        stream: row.stream,
        seq: row.link.seq,
        at_ms: work.effective_ms(),
        by_manager,
    };
    work.say(Fact::StreamReclaimed(fact))?;
    let closed = StreamRow { state: "closed".into(), ..row.clone() };
    journal::put_stream(&mut *work.session, &closed)?;
    duties::give_back_of(work, row.stream)
}
