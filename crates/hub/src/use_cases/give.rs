//! Tills give back what a hub lost when it was restored: others' entries, and the hub's own, each
//! proved by its writer's signature.

use std::collections::{BTreeMap, BTreeSet};

use punchcard_domain::fact::Fact;
use punchcard_protocol::{
    Entry, Header, Hlc, Link, MemberId, PrivatePart, SIGNATURE_BYTES, StoreId, StreamId, TillId,
    hash_header,
    sync::{Code, Give, Given, Held, Packet, Wanted, WireRefusal},
    verify_head,
};
use serde_json::json;

use super::{
    duties, inbox, pull,
    push::{self, Signatures, Source, closed, keep_aside, members_of, seen},
    restored,
    work::{Incoming, Work, taken_over_by_hub},
};
use crate::{
    error::{Error, Result},
    hub::Hub,
    store::{
        Session,
        journal::{self, StreamRow, TillRow},
    },
};

/// Journals in one question.
const MOST_STREAMS: usize = 10_000;

/// An entry as it was given, with its writer's signature.
struct Arrived {
    header: Header,
    entry: Entry,
    private: Option<PrivatePart>,
    signature: Option<[u8; SIGNATURE_BYTES]>,
}

impl Arrived {
    fn link(&self) -> Link {
        Link { seq: self.header.seq, hash: hash_header(&self.entry.header) }
    }

    /// Whether its writer signed here.
    fn is_signed(&self, key: &[u8; 32]) -> bool {
        self.signature.is_some_and(|signature| {
            verify_head(key, self.header.stream, self.link(), &signature).is_ok()
        })
    }
}

impl Hub {
    /// What a till holds, and this hub, since it was restored, has not.
    ///
    /// # Errors
    /// `device_revoked`, `bad_request`, `epoch_changed` where the till holds of this epoch what the
    /// hub has not: it was restored once more.
    pub fn held(&self, stream: StreamId, ask: &Held) -> Result<Wanted> {
        let outcome = self.write(|work| match held(work, stream, ask) {
            Err(Error::Refused(refusal)) if refusal.code == Code::EpochChanged => Ok(Err(refusal)),
            Err(error) => Err(error),
            Ok(wanted) => Ok(Ok(wanted)),
        })?;
        outcome.map_err(Error::Refused)
    }

    /// Takes back what was lost.
    ///
    /// # Errors
    /// `device_revoked`, `bad_request`; those of the database.
    pub fn give(&self, stream: StreamId, ask: &Give) -> Result<Given> {
        self.write(|work| give(work, stream, ask))
    }
}

fn held(work: &mut Work<'_>, from: StreamId, ask: &Held) -> Result<Wanted> {
    belongs(work, from)?;
    if ask.streams.len() > MOST_STREAMS {
        return Err(Error::refused(Code::TooLarge, "too many journals at once"));
    }
    let mut wanted = Vec::new();
    // Each is looked at once, however often it is named: a long one is long to look at.
    let asked: BTreeMap<StreamId, u64> = ask.streams.iter().copied().collect();
    for (stream, newest) in asked.iter().filter(|(stream, _)| stream.till != from.till) {
        let own = stream.till == work.hub.id;
        let here = if hub_key(work, stream.till)?.is_some() {
            journal::whole_up_to(&mut *work.session, *stream)?
        } else {
            match journal::stream(&mut *work.session, *stream)? {
                // Which of its histories counts, a person says.
                Some(row) if row.state == "forked" => continue,
                row => row.map_or(0, |row| row.link.seq),
            }
        };
        if here >= *newest {
            continue;
        }
        if own && stream.incarnation >= work.hub.epoch {
            restored::new_epoch(
                work,
                stream.incarnation,
                json!({"till": from.till, "what": "journal"}),
            )?;
            return Err(WireRefusal::new(Code::EpochChanged, "the hub was restored once more")
                .with("epoch", work.hub.epoch)
                .into());
        }
        wanted.push((*stream, here));
    }
    Ok(Wanted { streams: wanted })
}

/// A till that belongs, in a journal that is open.
fn belongs(work: &mut Work<'_>, stream: StreamId) -> Result<TillRow> {
    let row = journal::stream(&mut *work.session, stream)?
        .ok_or_else(|| Error::refused(Code::BadSignature, "this journal is not known here"))?;
    if let Some(refusal) = closed(work, &row)? {
        return Err(refusal.into());
    }
    pull::active(&mut *work.session, stream)
}

/// The key of a hub that has, or had, this business.
pub(crate) fn hub_key(work: &mut Work<'_>, till: TillId) -> Result<Option<[u8; 32]>> {
    if till == work.hub.id {
        return Ok(Some(work.key().public()));
    }
    let sql = "SELECT public_key FROM hub_before WHERE id = $1";
    let row = work.session.row(sql, &[till.as_bytes().into()])?;
    row.map(|row| row[0].exactly()).transpose()
}

fn give(work: &mut Work<'_>, from: StreamId, ask: &Give) -> Result<Given> {
    let till = belongs(work, from)?;
    let epoch = i64::from(work.hub.epoch);
    if till.reported == epoch && restored::has_said(work, from)? {
        // It has said all it holds: an answer was lost, and nothing more is believed.
        return Ok(Given { taken: 0 });
    }
    let before = work.hub.position;
    let mut run: Vec<Arrived> = Vec::new();
    for arrived in open(&ask.packets)? {
        if run.first().is_some_and(|first| first.header.stream != arrived.header.stream) {
            take_run(work, from, std::mem::take(&mut run))?;
        }
        run.push(arrived);
    }
    take_run(work, from, run)?;
    seen(work, from)?;
    if ask.done {
        restored::then_release(work, |work| {
            journal::has_reported(&mut *work.session, from, epoch)?;
            let till = journal::till(&mut *work.session, from.till)?.unwrap_or(till);
            journal::put_till(&mut *work.session, &TillRow { reported: epoch, ..till })
        })?;
    }
    let taken = work.hub.position.saturating_sub(before);
    Ok(Given { taken: usize::try_from(taken).unwrap_or(usize::MAX) })
}

fn open(packets: &[Packet]) -> Result<Vec<Arrived>> {
    let signatures: std::result::Result<Vec<_>, _> =
        packets.iter().map(Packet::signature).collect();
    let signatures =
        signatures.map_err(|error| Error::refused(Code::BadRequest, error.to_string()))?;
    let opened = push::open(packets)?.into_iter().zip(signatures);
    let arrived =
        |((header, entry, private), signature)| Arrived { header, entry, private, signature };
    Ok(opened.map(arrived).collect())
}

/// Entries of one journal.
fn take_run(work: &mut Work<'_>, from: StreamId, run: Vec<Arrived>) -> Result<()> {
    let Some(stream) = run.first().map(|first| first.header.stream) else { return Ok(()) };
    match hub_key(work, stream.till)? {
        Some(_) if stream.till == work.hub.id && stream.incarnation >= work.hub.epoch => Ok(()),
        Some(key) => of_a_hub(work, stream, &key, run),
        None if stream.till == from.till => Ok(()),
        None => of_a_till(work, stream, run),
    }
}

// ── A till's entries ─────────────────────────────────────────────────────────────────────────

/// Entries of another till that follow what is here, as far as its key vouches for them.
fn of_a_till(work: &mut Work<'_>, stream: StreamId, mut run: Vec<Arrived>) -> Result<()> {
    let known = match journal::stream(&mut *work.session, stream)? {
        // Given twice, it is known the second time, and stands where it stood.
        Some(row) => Some(row),
        None => heard_of(work, stream, &run)?,
    };
    let Some(mut row) = known else { return Ok(()) };
    let Some(last) = run.iter().rposition(|arrived| arrived.is_signed(&row.public_key)) else {
        tracing::warn!(%stream, "what was given back is not proved by its writer");
        return Ok(());
    };
    run.truncate(last + 1);
    if row.state == "forked" || !is_chain(&run, stream) || forked(work, &row, &run)? {
        return Ok(());
    }
    run.retain(|arrived| arrived.header.seq > row.link.seq);
    let follows = run.first().is_some_and(|first| {
        first.header.seq == row.link.seq + 1 && first.header.previous == row.link.hash
    });
    let Some(newest) = run.last().filter(|_| follows) else { return Ok(()) };
    row.link = newest.link();
    row.hlc = run.iter().fold(row.hlc, |hlc, arrived| hlc.max(arrived.header.hlc));
    let signatures: Signatures = run
        .iter()
        .filter(|arrived| arrived.is_signed(&row.public_key))
        .filter_map(|arrived| Some((arrived.header.seq, arrived.signature?)))
        .collect();
    let batch =
        run.into_iter().map(|arrived| (arrived.header, arrived.entry, arrived.private)).collect();
    journal::put_stream(&mut *work.session, &row)?;
    push::take_in(work, &row, batch, &signatures, Source::Restored)?;
    Ok(())
}

/// Whether each follows the one before it.
fn is_chain(run: &[Arrived], stream: StreamId) -> bool {
    run.iter().all(|arrived| arrived.header.stream == stream)
        && run.windows(2).all(|pair| {
            let link = pair[0].link();
            pair[1].header.seq == link.seq + 1 && pair[1].header.previous == link.hash
        })
}

/// Its writer signed another history than the one that is here: loud, as in a push.
fn forked(work: &mut Work<'_>, row: &StreamRow, run: &[Arrived]) -> Result<bool> {
    let Some((first, last)) = run.first().zip(run.last()) else { return Ok(false) };
    let here = journal::hashes(
        &mut *work.session,
        row.stream,
        first.header.seq,
        last.header.seq.min(row.link.seq),
    )?;
    let differs = here.iter().find(|(seq, hash)| {
        run.iter().any(|arrived| arrived.header.seq == *seq && arrived.link().hash != *hash)
    });
    let Some((seq, _)) = differs else { return Ok(false) };
    let row = StreamRow { state: "forked".into(), ..row.clone() };
    journal::put_stream(&mut *work.session, &row)?;
    let args = json!({"till": row.stream.till, "stream": row.stream, "seq": seq});
    inbox::tell(work, "forked", &args)?;
    Ok(true)
}

/// A journal that this hub does not know any more: its first entry names its key. It may sign no
/// call until the till itself comes, with an endorsement of an earlier life or with a code.
fn heard_of(work: &mut Work<'_>, stream: StreamId, run: &[Arrived]) -> Result<Option<StreamRow>> {
    let Some(first) = run.first().filter(|first| first.header.seq == 1) else { return Ok(None) };
    let fact =
        Fact::from_payload(first.header.kind, first.header.kind_version, &first.entry.payload);
    let Ok(Some(Fact::StreamOpened(opened))) = fact else { return Ok(None) };
    let mut public_key = [0; 32];
    if first.entry.check().is_err()
        || hex::decode_to_slice(&opened.public_key, &mut public_key).is_err()
    {
        return Ok(None);
    }
    let proved = run.iter().any(|arrived| arrived.is_signed(&public_key));
    if !proved {
        return Ok(None);
    }
    let hub = work.hub.id;
    let lost = taken_over_by_hub(&mut *work.session, hub)?.contains(&stream);
    let row = StreamRow {
        stream,
        public_key,
        link: Link::START,
        hlc: Hlc::default(),
        durable: 0,
        state: if lost { "closed".into() } else { "heard".into() },
        opened_ms: work.now_ms,
        brought: false,
    };
    journal::put_stream(&mut *work.session, &row)?;
    if journal::till(&mut *work.session, stream.till)?.is_none() {
        tracing::warn!(till = %stream.till, "a till that is not known here any more: pair it again");
        let till = TillRow {
            id: stream.till,
            store: StoreId::from_bytes([0; 16]),
            name: stream.till.to_string(),
            state: "unknown".into(),
            paired_ms: work.now_ms,
            seen_ms: 0,
            reported: 0,
        };
        journal::put_till(&mut *work.session, &till)?;
        inbox::tell(work, "unknown_till", &json!({"till": stream.till}))?;
    }
    Ok(Some(row))
}

// ── The hub's entries ────────────────────────────────────────────────────────────────────────

/// Entries of an earlier epoch of this hub, or of the hub before it. Each is signed, so each counts
/// by itself: that journal does not go on, and nobody may hold all of it.
fn of_a_hub(
    work: &mut Work<'_>,
    stream: StreamId,
    key: &[u8; 32],
    run: Vec<Arrived>,
) -> Result<()> {
    let mut incoming = Vec::new();
    let mut facts = Vec::new();
    let mut places = BTreeSet::new();
    let mut row = row_of_hub(work, stream, *key)?;
    for arrived in run {
        let seq = arrived.header.seq;
        if !arrived.is_signed(key) || arrived.entry.check().is_err() || !places.insert(seq) {
            tracing::warn!(%stream, seq, "an entry that was given back is not the hub's");
            continue;
        }
        let link = arrived.link();
        match journal::hash_at(&mut *work.session, stream, seq)? {
            Some(here) if here == link.hash => continue,
            Some(_) => {
                // Restored, and it went on before it was noticed: both are kept, one counts.
                let packet = Packet::of(&arrived.entry, arrived.private.as_ref());
                let packet = packet.map_err(|error| Error::Internal(error.to_string()))?;
                keep_aside(work, stream, &serde_json::to_vec(&packet)?, "forked", Some(seq))?;
                continue;
            }
            None => {}
        }
        let Ok(fact) = Fact::from_payload(
            arrived.header.kind,
            arrived.header.kind_version,
            &arrived.entry.payload,
        ) else {
            continue;
        };
        if !part_is_its_own(fact.as_ref(), arrived.private.as_ref()) {
            tracing::warn!(%stream, seq, "an entry was given back with a part that is not its own");
            continue;
        }
        if seq > row.link.seq {
            row.link = link;
            row.hlc = arrived.header.hlc;
        }
        work.hub.hlc = work.hub.hlc.max(arrived.header.hlc);
        facts.extend(fact.clone().map(|fact| (arrived.header, fact)));
        incoming.push(Incoming {
            header: arrived.header,
            entry: arrived.entry,
            private: arrived.private,
            fact,
            changes: None,
            kept_back: false,
            signature: arrived.signature,
            received_ms: None,
        });
    }
    if incoming.is_empty() {
        return Ok(());
    }
    work.take_in(incoming)?;
    journal::put_stream(&mut *work.session, &row)?;
    let members: BTreeSet<MemberId> = members_of(&facts, stream);
    for (_, fact) in &facts {
        close_what_it_closed(work, fact)?;
    }
    duties::overdrawn(work, stream, &members)
}

/// The writer's signature does not cover the private part: the fact names it. Whoever brings the right one later
/// is believed.
fn part_is_its_own(fact: Option<&Fact>, private: Option<&PrivatePart>) -> bool {
    match (fact, private) {
        (Some(fact), Some(part)) => fact.private() == Some(part.commitment()),
        _ => true,
    }
}

fn row_of_hub(work: &mut Work<'_>, stream: StreamId, public_key: [u8; 32]) -> Result<StreamRow> {
    let known = journal::stream(&mut *work.session, stream)?;
    Ok(known.unwrap_or_else(|| StreamRow {
        stream,
        public_key,
        link: Link::START,
        hlc: Hlc::default(),
        durable: 0,
        state: "closed".into(),
        opened_ms: work.now_ms,
        brought: false,
    }))
}

/// What a hub took over stays closed, but for entries that it had then.
fn close_what_it_closed(work: &mut Work<'_>, fact: &Fact) -> Result<()> {
    let Fact::StreamReclaimed(body) = fact else { return Ok(()) };
    work.session.execute(
        "INSERT INTO closing (stream, seq) VALUES ($1, $2)
         ON CONFLICT (stream) DO UPDATE SET seq = excluded.seq",
        &[body.stream.into(), body.seq.into()],
    )?;
    let Some(row) = journal::stream(&mut *work.session, body.stream)? else { return Ok(()) };
    journal::put_stream(&mut *work.session, &StreamRow { state: "closed".into(), ..row })
}

/// Up to where entries of a closed journal still count: the hub had them before it was restored.
pub(crate) fn counts_up_to(work: &mut Work<'_>, row: &StreamRow) -> Result<Option<u64>> {
    if row.state != "closed" {
        return Ok(None);
    }
    let sql = "SELECT seq FROM closing WHERE stream = $1 AND seq > $2";
    let found = work.session.row(sql, &[row.stream.into(), row.link.seq.into()])?;
    found.map(|row| row[0].count()).transpose()
}

/// Ids of hubs that had this business before.
///
/// # Errors
/// Those of the database.
pub(crate) fn hubs_before(session: &mut dyn Session) -> Result<Vec<TillId>> {
    let rows = session.rows("SELECT id FROM hub_before ORDER BY id", &[])?;
    rows.iter().map(|row| Ok(TillId::from_bytes(row[0].exactly()?))).collect()
}
