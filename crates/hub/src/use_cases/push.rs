//! Entries of a till come in. Chain and signature must hold; what they say is not refused for
//! commercial reasons: the goods have left the shop.

use std::collections::{BTreeMap, BTreeSet};

use punchcard_domain::{
    bounds,
    effects::{Effect, OpenedPrivate, Writer, debits_only_own, effects},
    fact::Fact,
    ledger::Account,
};
use punchcard_protocol::{
    Entry, Header, Link, LotId, MAX_PAYLOAD_BYTES, MAX_PRIVATE_BYTES, MemberId, PrivatePart,
    SIGNATURE_BYTES, StreamId, has_nul, hash_header,
    sync::{Code, Known, LIMITS, Packet, Push, PushAnswer, WireRefusal},
};
use serde_json::json;

use super::{
    audit, duties, give, inbox, pull, restored,
    sums::Sums,
    work::{Incoming, Work, took_over},
};
use crate::{
    error::{Error, Result},
    hub::Hub,
    random,
    store::{
        erased,
        journal::{self, StreamRow},
        ledger,
    },
};

/// So many bytes are kept of what one till wrote and the hub could not take in.
const MOST_QUARANTINED: u64 = 64 * 1024 * 1024;

/// A batch as it was opened: header, entry, private part.
pub(crate) type Batch = Vec<(Header, Entry, Option<PrivatePart>)>;

/// The writer's signatures over its head, by the places where it signed.
pub(crate) type Signatures = BTreeMap<u64, [u8; SIGNATURE_BYTES]>;

impl Hub {
    /// Takes in contiguous entries of the stream that signed the call.
    ///
    /// # Errors
    /// `gap`, `fork_detected`, `chain_broken`, `device_revoked`, `bad_signature`, `bad_request`.
    pub fn push(&self, stream: StreamId, ask: &Push) -> Result<PushAnswer> {
        let outcome = self.write(|work| match push(work, stream, ask) {
            // What was refused is kept all the same: nothing that happened at a desk is lost.
            Err(Refused::Kept(refusal)) => Ok(Err(refusal)),
            Err(Refused::Plain(error)) => Err(error),
            Ok(answer) => Ok(Ok(answer)),
        })?;
        outcome.map_err(Error::Refused)
    }
}

/// A refusal after which something is to be committed, or not.
enum Refused {
    Kept(WireRefusal),
    Plain(Error),
}

impl<E: Into<Error>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::Plain(error.into())
    }
}

/// What was sent, as it is kept where it cannot be taken in: hardly ever, so it is written down only then.
#[derive(Clone, Copy)]
struct Body<'a>(&'a Push);

impl Body<'_> {
    fn bytes(self) -> Result<Vec<u8>> {
        Ok(serde_json::to_vec(self.0)?)
    }
}

fn push(work: &mut Work<'_>, stream: StreamId, ask: &Push) -> Result<PushAnswer, Refused> {
    let mut row = journal::stream(&mut *work.session, stream)?.ok_or_else(unknown)?;
    let body = Body(ask);
    let batch = open(&ask.packets)?;
    if let Some(refusal) = closed(work, &row)? {
        if let Some(until) = give::counts_up_to(work, &row)? {
            return push_closed(work, row, batch, (until, body, refusal));
        }
        // Entries from after the till was revoked: kept for a person to look at.
        let why = if refusal.code == Code::ForkDetected { "forked" } else { "revoked" };
        return Err(keep(work, stream, body, why, refusal)?);
    }
    restored::has_reported(work, stream.till)?;
    if let Some((header, ..)) = batch.iter().find(|(header, ..)| header.stream != stream) {
        // Another life's, whose number is taken here: it has no place, and is not lost either.
        let refusal = chain_broken(work, stream, header.seq)?;
        return Err(keep(work, stream, body, "chain_broken", refusal)?);
    }
    let new = overlap(work, &row, batch, body)?;
    let Some((last, ..)) = new.last() else {
        return Ok(answer(&row, Vec::new()));
    };
    let last_seq = last.seq;
    let link = follow(work, &row, &new, body)?;
    if ask.head.seq != last_seq || ask.head.hash != link.hash || ask.head.stream != stream {
        return Err(Error::refused(Code::BadSignature, "the head is not the last entry").into());
    }
    ask.head
        .verify(&row.public_key)
        .map_err(|error| Error::refused(Code::BadSignature, error.to_string()))?;
    row.link = link;
    row.hlc = new.last().map_or(row.hlc, |(header, ..)| header.hlc.max(row.hlc));
    let mut signature = [0; SIGNATURE_BYTES];
    hex::decode_to_slice(&ask.head.signature, &mut signature)
        .map_err(|_| Error::refused(Code::BadSignature, "not a signature"))?;
    let signatures = Signatures::from([(last_seq, signature)]);
    let kept_back = take_in(work, &row, new, &signatures, Source::Till)?;
    journal::put_stream(&mut *work.session, &row)?;
    seen(work, stream)?;
    Ok(answer(&row, kept_back))
}

/// Entries of a journal that this hub closed before it was restored: those that it had then count
/// again, the others are kept.
fn push_closed(
    work: &mut Work<'_>,
    mut row: StreamRow,
    batch: Batch,
    (until, body, refusal): (u64, Body<'_>, WireRefusal),
) -> Result<PushAnswer, Refused> {
    let head = &body.0.head;
    pull::active(&mut *work.session, row.stream)?;
    restored::has_reported(work, row.stream.till)?;
    let new = overlap(work, &row, batch, body)?;
    let link = follow(work, &row, &new, body)?;
    let signed = head.stream == row.stream && head.seq == link.seq && head.hash == link.hash;
    if !signed || head.verify(&row.public_key).is_err() {
        return Err(Error::refused(Code::BadSignature, "the head is not the last entry").into());
    }
    let (before, beyond): (Batch, Batch) =
        new.into_iter().partition(|(header, ..)| header.seq <= until);
    if let Some((header, entry, _)) = before.last() {
        row.link = Link { seq: header.seq, hash: hash_header(&entry.header) };
    }
    take_in(work, &row, before, &Signatures::new(), Source::Restored)?;
    journal::put_stream(&mut *work.session, &row)?;
    if beyond.is_empty() {
        return Ok(answer(&row, Vec::new()));
    }
    Err(keep(work, row.stream, body, "revoked", refusal)?)
}

fn unknown() -> Error {
    Error::refused(Code::BadSignature, "this journal is not known here: greet first")
}

fn answer(row: &StreamRow, quarantined: Vec<u64>) -> PushAnswer {
    let acked = Known { seq: row.link.seq, hash: row.link.hash };
    PushAnswer { acked, durable: row.durable, quarantined }
}

/// Opens the packets of one call.
pub(crate) fn open(packets: &[Packet]) -> Result<Batch> {
    let bad = |message: String| Error::refused(Code::BadRequest, message);
    if packets.len() > LIMITS.batch_entries {
        return Err(Error::refused(Code::TooLarge, "too many entries at once"));
    }
    packets
        .iter()
        .map(|packet| {
            let (entry, private) = packet.open().map_err(|error| bad(error.to_string()))?;
            let header =
                Header::from_bytes(&entry.header).map_err(|error| bad(error.to_string()))?;
            Ok((header, entry, private))
        })
        .collect()
}

/// Why entries of this journal no longer count.
pub(crate) fn closed(work: &mut Work<'_>, row: &StreamRow) -> Result<Option<WireRefusal>> {
    let till = journal::till(&mut *work.session, row.stream.till)?;
    let active = till.is_some_and(|till| till.state == "active");
    if active && row.state == "open" {
        return Ok(None);
    }
    let refusal = match row.state.as_str() {
        "forked" => fork_refusal(work, row, row.link.seq)?,
        _ => WireRefusal::new(Code::DeviceRevoked, "this till no longer belongs to the business")
            .with("seq", row.link.seq)
            .with("epoch", work.hub.epoch)
            .with("aside", journal::kept_aside(&mut *work.session, row.stream.till)?),
    };
    Ok(Some(refusal))
}

fn fork_refusal(work: &mut Work<'_>, row: &StreamRow, seq: u64) -> Result<WireRefusal> {
    Ok(WireRefusal::new(Code::ForkDetected, "another entry stands at this place already")
        .with("seq", seq)
        .with("next", next_life(work, row.stream)?))
}

fn chain_broken(work: &mut Work<'_>, stream: StreamId, seq: u64) -> Result<WireRefusal> {
    Ok(WireRefusal::new(Code::ChainBroken, "the entries do not follow one another")
        .with("seq", seq)
        .with("next", next_life(work, stream)?))
}

/// The incarnation that a till's next life is to have.
pub(crate) fn next_life(work: &mut Work<'_>, stream: StreamId) -> Result<u32> {
    let lives = journal::streams_of(&mut *work.session, stream.till)?;
    let newest = lives.iter().map(|row| row.stream.incarnation).max().unwrap_or(0);
    Ok(newest.max(stream.incarnation).saturating_add(1))
}

/// Keeps what is refused, and what the refusal is.
fn keep(
    work: &mut Work<'_>,
    stream: StreamId,
    body: Body<'_>,
    why: &str,
    refusal: WireRefusal,
) -> Result<Refused> {
    keep_aside(work, stream, &body.bytes()?, why, refusal.number("seq"))?;
    let refusal = match refusal.number("aside") {
        Some(_) => refusal.with("aside", journal::kept_aside(&mut *work.session, stream.till)?),
        None => refusal,
    };
    Ok(Refused::Kept(refusal))
}

/// Keeps a body that cannot be taken in, once, and tells the owner.
pub(crate) fn keep_aside(
    work: &mut Work<'_>,
    stream: StreamId,
    body: &[u8],
    why: &str,
    seq: Option<u64>,
) -> Result<()> {
    let now_ms = work.now_ms;
    // The same body again is the same row: a till that asks again and again fills nothing.
    let id: [u8; 16] = {
        let hash = punchcard_protocol::Hash::of(b"punchcard/v1/quarantine\0", &[body]);
        let mut id = [0; 16];
        id.copy_from_slice(&hash.0[..16]);
        id
    };
    let known = journal::is_aside(&mut *work.session, id)?;
    if !known && quarantine_is_full(work, stream, body)? {
        let bytes = i64::try_from(body.len()).unwrap_or(i64::MAX);
        inbox::add_up(work, "quarantine_full", stream.till, &[("bodies", 1), ("bytes", bytes)])?;
    } else if !known {
        let stripped = erased::stripped(&mut *work.session, body)?;
        let body = stripped.as_deref().unwrap_or(body);
        journal::quarantine(&mut *work.session, id, now_ms, stream.till, why, body)?;
        let args = json!({"till": stream.till, "stream": stream, "why": why, "seq": seq});
        inbox::tell(work, why, &args)?;
    }
    Ok(())
}

/// A desk that was away for long hands over much; one that was stolen could hand over without end.
fn quarantine_is_full(work: &mut Work<'_>, stream: StreamId, body: &[u8]) -> Result<bool> {
    let held = journal::bytes_aside(&mut *work.session, stream.till)?;
    Ok(held.saturating_add(body.len() as u64) > MOST_QUARANTINED)
}

/// Leaves out what the hub has already; another entry at a place it has is a fork.
fn overlap(
    work: &mut Work<'_>,
    row: &StreamRow,
    batch: Batch,
    body: Body<'_>,
) -> Result<Batch, Refused> {
    let expected = row.link.seq + 1;
    let Some((first, ..)) = batch.first() else { return Ok(batch) };
    if first.seq > expected {
        let refusal = WireRefusal::new(Code::Gap, "entries before these are missing")
            .with("expected", expected);
        return Err(Error::Refused(refusal).into());
    }
    // No more is read than was sent: a journal may be long, and an old batch be sent often.
    let last = first.seq.saturating_add(batch.len() as u64).min(expected).saturating_sub(1);
    let known = journal::hashes(&mut *work.session, row.stream, first.seq, last)?;
    for ((header, entry, _), (seq, hash)) in batch.iter().zip(&known) {
        if (header.seq != *seq || entry.hash() != *hash) && !work.weak.forks_unseen {
            let mut row = row.clone();
            row.state = "forked".into();
            journal::put_stream(&mut *work.session, &row)?;
            let refusal = fork_refusal(work, &row, *seq)?;
            return Err(keep(work, row.stream, body, "forked", refusal)?);
        }
    }
    Ok(batch.into_iter().skip(known.len()).collect())
}

/// Follows the chain by the headers alone: a payload that does not belong to its header is that
/// entry's trouble, a header that does not belong to its neighbours is the whole journal's.
fn follow(
    work: &mut Work<'_>,
    row: &StreamRow,
    batch: &Batch,
    body: Body<'_>,
) -> Result<Link, Refused> {
    let mut link = row.link;
    for (header, entry, _) in batch {
        let holds = header.stream == row.stream
            && header.seq == link.seq + 1
            && header.previous == link.hash;
        if !holds {
            let refusal = chain_broken(work, row.stream, link.seq + 1)?;
            return Err(keep(work, row.stream, body, "chain_broken", refusal)?);
        }
        link = Link { seq: header.seq, hash: hash_header(&entry.header) };
    }
    Ok(link)
}

/// Who brings a till's entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The till itself.
    Till,
    /// Another one gives them back: this hub, before it was restored, had taken them in.
    Restored,
}

/// Takes entries in that follow; returns the places of those that are kept back.
pub(crate) fn take_in(
    work: &mut Work<'_>,
    row: &StreamRow,
    batch: Batch,
    signatures: &Signatures,
    source: Source,
) -> Result<Vec<u64>> {
    let stream = row.stream;
    let mut owned = took_over(&mut *work.session, stream)?;
    let mut kept_back = Vec::new();
    let mut incoming = Vec::with_capacity(batch.len());
    let mut moved = Moved::default();
    let mut sums = Sums::default();
    let mut about = About::default();
    for (header, entry, private) in batch {
        let mut judged = judge(&header, &entry, private.as_ref(), &owned, row);
        if work.weak.many_writers && judged == Err("forged") {
            judged = Ok(understood(&header, &entry));
        }
        if let Ok(Some(judged_so)) = &judged
            && source == Source::Till
            && !moved.covers(work, &judged_so.changes)?
        {
            judged = Err("overdrawn");
        }
        if let Ok(Some(judged_so)) = &judged
            && !sums.hold(work, &judged_so.changes)?
        {
            judged = Err("amount");
        }
        let why = judged.as_ref().err().copied();
        if let Some(why) = why {
            kept_back.push(header.seq);
            let args =
                json!({"till": stream.till, "stream": stream, "seq": header.seq, "why": why});
            inbox::tell(work, "quarantined", &args)?;
        }
        let judged = judged.unwrap_or(None);
        if let Some(Judged { fact, changes }) = &judged {
            about.note(changes);
            if let Fact::StreamVouched(body) = fact {
                // What comes after it, in the same batch, may debit what it took over.
                owned.extend(&body.takes_over);
            }
        }
        let (fact, changes) = judged.map(|Judged { fact, changes }| (fact, changes)).unzip();
        incoming.push(Incoming {
            header,
            entry,
            private,
            fact,
            changes,
            kept_back: why.is_some(),
            signature: signatures.get(&header.seq).copied(),
            received_ms: None,
        });
    }
    let facts: Vec<(Header, Fact)> =
        incoming.iter().filter_map(|one| Some((one.header, one.fact.clone()?))).collect();
    let dropped = work.take_in(incoming)?;
    if dropped > 0 {
        // Normal where the till was offline when somebody was erased.
        inbox::add_up(work, "erased_parts", stream.till, &[("parts", dropped)])?;
    }
    audit::look(work, &facts)?;
    duties::after(work, stream, &facts, &about)?;
    Ok(kept_back)
}

/// Whom a batch is about.
#[derive(Default)]
pub(crate) struct About {
    /// Everybody.
    pub(crate) members: BTreeSet<MemberId>,
    /// Those of whom some account has less than before.
    pub(crate) debited: BTreeSet<MemberId>,
}

impl About {
    fn note(&mut self, changes: &[Effect]) {
        for effect in changes {
            match effect {
                Effect::InsertFact(row) => self.members.extend(row.member),
                Effect::Post { member, .. } => {
                    self.members.extend(*member);
                    self.debited.extend(*member);
                }
                _ => {}
            }
        }
    }
}

/// What a batch has moved so far, before it is in the tables.
#[derive(Default)]
struct Moved(BTreeMap<(Option<MemberId>, LotId, Account), i64>);

impl Moved {
    /// Whether what a fact gives to the pool is there: all that a till has comes from its own
    /// journal and from the hub's, so that the hub knows as much of it as the till. Whatever has
    /// left the shop is another matter: that is told, and taken in.
    fn covers(&mut self, work: &mut Work<'_>, changes: &[Effect]) -> Result<bool> {
        let mut given: BTreeMap<_, i64> = BTreeMap::new();
        for effect in changes {
            if let Effect::Post { member, posting } = effect
                && posting.to == Account::Pool
            {
                let sum = given.entry((*member, posting.lot, posting.from)).or_insert(0);
                *sum = sum.saturating_add(posting.amount);
            }
        }
        for (key, amount) in given {
            let moved = self.0.get(&key).copied().unwrap_or(0);
            if ledger::held(&mut *work.session, key)?.saturating_add(moved) < amount {
                return Ok(false);
            }
        }
        for effect in changes {
            let mut add = |member, lot, account, amount: i64| {
                let sum = self.0.entry((member, lot, account)).or_insert(0);
                *sum = sum.saturating_add(amount);
            };
            match effect {
                Effect::Issue { member, lot } => add(*member, lot.id, lot.to, lot.amount),
                Effect::Post { member, posting } => {
                    add(*member, posting.lot, posting.from, -posting.amount);
                    add(*member, posting.lot, posting.to, posting.amount);
                }
                _ => {}
            }
        }
        Ok(true)
    }
}

/// Whom facts are about.
pub(crate) fn members_of(facts: &[(Header, Fact)], stream: StreamId) -> BTreeSet<MemberId> {
    facts
        .iter()
        .flat_map(|(_, fact)| effects(fact, &punchcard_domain::effects::Private::default(), stream))
        .filter_map(|effect| match effect {
            Effect::InsertFact(row) => row.member,
            Effect::Post { member, .. } => member,
            _ => None,
        })
        .collect()
}

/// What an entry says, and what that changes as far as no private part has a say in it.
#[derive(PartialEq)]
struct Judged {
    fact: Fact,
    changes: Vec<Effect>,
}

impl Judged {
    fn of(fact: Fact, stream: StreamId) -> Self {
        let changes = effects(&fact, &punchcard_domain::effects::Private::default(), stream);
        Self { fact, changes }
    }
}

/// Whether an entry is what it says and says what it may; the fact, where its kind is known.
///
/// # Errors
/// Why it is kept back.
fn judge(
    header: &Header,
    entry: &Entry,
    private: Option<&PrivatePart>,
    owned: &BTreeSet<StreamId>,
    row: &StreamRow,
) -> Result<Option<Judged>, &'static str> {
    entry.check().map_err(|_| "payload")?;
    if entry.payload.len() > MAX_PAYLOAD_BYTES {
        return Err("too_long");
    }
    if private.is_some_and(|part| part.bytes.len() > MAX_PRIVATE_BYTES) {
        return Err("too_long");
    }
    let fact = Fact::from_payload(header.kind, header.kind_version, &entry.payload)
        .map_err(|_| "shape")?;
    let Some(fact) = fact else { return Ok(None) };
    if let Some(part) = private
        && fact.private() != Some(part.commitment())
    {
        return Err("private");
    }
    OpenedPrivate::read(&fact, private.map(|part| part.bytes.as_slice())).map_err(|_| "shape")?;
    if has_nul(&entry.payload) || private.is_some_and(|part| text_has_nul(&fact, part)) {
        return Err("shape");
    }
    let judged = Judged::of(fact, header.stream);
    allowed(&judged, header.stream, owned, row)?;
    Ok(Some(judged))
}

/// What an entry says, whether or not it may: for a test without the single-writer rule.
fn understood(header: &Header, entry: &Entry) -> Option<Judged> {
    let fact = Fact::from_payload(header.kind, header.kind_version, &entry.payload);
    Some(Judged::of(fact.ok().flatten()?, header.stream))
}

fn text_has_nul(fact: &Fact, part: &PrivatePart) -> bool {
    !matches!(fact, Fact::MemberPhotoSet(_)) && has_nul(&part.bytes)
}

/// Whether a till may say this.
fn allowed(
    Judged { fact, changes }: &Judged,
    stream: StreamId,
    owned: &BTreeSet<StreamId>,
    row: &StreamRow,
) -> Result<(), &'static str> {
    if fact.hub_only() {
        return Err("forged");
    }
    if !debits_only_own(changes, stream, Writer::Till, |of| owned.contains(&of)) {
        return Err("forged");
    }
    if let Fact::StreamVouched(body) = fact
        && !before_pairing(row)
        && !body.takes_over.is_empty()
    {
        return Err("forged");
    }
    // A till allots numbers to itself, where it is on its own; otherwise the hub does.
    if let Fact::CardsAllotted(body) = fact
        && (body.to != stream || !before_pairing(row))
    {
        return Err("forged");
    }
    if bounds::fits(fact, changes) { Ok(()) } else { Err("amount") }
}

/// The journal was written by a till that was on its own: only there does a manager vouch. What
/// a life that began after pairing took over, nobody vouched for.
fn before_pairing(row: &StreamRow) -> bool {
    row.state == "open" && row.brought
}

/// The till was heard of just now.
pub(crate) fn seen(work: &mut Work<'_>, stream: StreamId) -> Result<()> {
    let now_ms = work.now_ms;
    work.session.execute(
        "UPDATE till SET seen_ms = $1 WHERE id = $2",
        &[now_ms.into(), stream.till.as_bytes().into()],
    )?;
    Ok(())
}

/// A fresh id for something that happens now.
pub(crate) fn fresh(work: &Work<'_>) -> Result<punchcard_protocol::FactId> {
    Ok(punchcard_protocol::FactId(random::uuid_at(work.effective_ms())?))
}
