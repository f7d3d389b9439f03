//! One sync: greet, push what the hub has not, read what is new, push what that led to, compare.

use std::time::Duration;

use punchcard_domain::ledger::ValueKind;
use punchcard_protocol::{
    FactId, Hash, LotId,
    sync::{
        Code, DigestAnswer, DigestQuery, Draw, DrawAnswer, Greeting, Known, LIMITS,
        OLDEST_PROTOCOL, PROTOCOL, Pull, PullAnswer, Push, PushAnswer, Welcome, Window,
        WireRefusal, path,
    },
};

use super::{
    give,
    wire::{Caller, Wire},
};
use crate::{
    error::{Error, Result},
    random,
    store::snapshot,
    till::Till,
    use_cases::{
        duties,
        line::{OwnLife, Standing},
    },
    views::Distrust,
};

/// What this build speaks.
pub(crate) const WINDOW: Window = Window { min: OLDEST_PROTOCOL, max: PROTOCOL };
/// How often a till opens a new life within one sync before it gives up.
const MOST_LIVES: usize = 3;
/// Members whose debts are settled in one sync.
const DEBTS: usize = 20;
/// Nobody stands and waits for a debt: whoever is on answers within this.
const DEBT_WAIT_MS: u64 = 1_000;
/// Members whose value goes to rest in one sync.
const RESTS: usize = 200;

/// How thorough a sync is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// What is new.
    Quick,
    /// Value goes to rest too, and the tables are compared with the hub's.
    Whole,
}

/// Runs one sync.
///
/// # Errors
/// [`Error::HubUnreachable`], [`Error::WrongHub`], [`Error::Hub`]; those of the store.
pub(crate) fn sync(till: &Till, wire: &Wire, depth: Depth) -> Result<()> {
    for _ in 0..MOST_LIVES {
        match attempt(till, wire, depth) {
            Ok(()) => return Ok(()),
            Err(error) if another_life(till, &error)? => {}
            Err(error) => return Err(told(till, wire, error)?),
        }
    }
    Err(Error::HubUnreachable("this till could not begin a new journal".into()))
}

/// Whether an error means that this journal cannot go on, so that the till opened its next life.
fn another_life(till: &Till, error: &Error) -> Result<bool> {
    let (why, least, code, seq) = match error {
        Error::Hub(refusal @ WireRefusal { code: Code::ForkDetected, .. }) => {
            (Distrust::Forked, next(refusal), "forked", refusal.number("seq"))
        }
        Error::Hub(refusal @ WireRefusal { code: Code::ChainBroken, .. }) => {
            (Distrust::ChainBroken, next(refusal), "chain_broken", refusal.number("seq"))
        }
        Error::Behind(seq) => (Distrust::OtherHistory, 0, "forked", Some(*seq)),
        _ => return Ok(false),
    };
    // `least` is what the next life must be at least; it opens the one after what it is told.
    till.begin_next_life(why, least.saturating_sub(1))?;
    till.tell(code, &[("seq", seq.unwrap_or(0).to_string())])?;
    Ok(true)
}

fn next(refusal: &WireRefusal) -> u32 {
    refusal.number("next").and_then(|next| u32::try_from(next).ok()).unwrap_or(0)
}

/// A refusal is kept, so that the desk says why. A till that no longer belongs to the business
/// hands over what it did since: the hub keeps it aside for a person to look at.
fn told(till: &Till, wire: &Wire, error: Error) -> Result<Error> {
    if let Error::WrongHub = &error {
        till.refused(error.code())?;
    }
    if error.code() == Code::LogChanged.name() {
        till.refused(error.code())?;
        till.tell(error.code(), &[])?;
    }
    if let Error::Hub(refusal) = &error {
        let lasting = matches!(
            refusal.code,
            Code::DeviceRevoked | Code::VersionNotSupported | Code::BadSignature
        );
        if lasting {
            till.refused(refusal.code.name())?;
        }
        if refusal.code == Code::DeviceRevoked {
            if let Some(epoch) = refusal.number("epoch") {
                hand_over_anew(till, wire, epoch, refusal)?;
            }
            let standing = till.standing()?;
            hand_over(till, wire, &caller(till, &standing)?, &standing.me)?;
        }
    }
    Ok(error)
}

fn attempt(till: &Till, wire: &Wire, depth: Depth) -> Result<()> {
    let taken = push_earlier(till, wire, &till.standing()?)?;
    let standing = till.standing()?;
    let caller = caller(till, &standing)?;
    let welcome = match greet(till, wire, &standing, &caller) {
        // It knew this life once, or the one that vouches: it was restored to before that.
        Err(Error::Hub(refusal)) if refusal.code == Code::BadSignature => {
            introduce(till, wire, &standing, refusal)
        }
        other => other,
    };
    if welcome.is_ok() || sent_away(&welcome) {
        for life in &taken {
            hand_over(till, wire, &caller, life)?;
        }
    }
    let welcome = welcome?;
    if !till.has(&standing.me, welcome.acked)? {
        // The hub has of this journal what its store has not: the whole machine went back.
        return Err(Error::Behind(welcome.acked.seq));
    }
    till.welcomed(&welcome)?;
    if welcome.give {
        // What was granted goes before what was done with it.
        give::give_back(till, wire, &caller)?;
        push_earlier(till, wire, &till.standing()?)?;
        // What it refuses of them it keeps aside, and so does this till before anything is compared.
        let again = greet(till, wire, &till.standing()?, &caller)?;
        till.welcomed(&again)?;
    }
    push_own(till, wire, &caller)?;
    pull_all(till, wire, &caller)?;
    till.synced()?;
    if depth == Depth::Whole {
        settle_debts(till, wire, &caller)?;
        till.rest(RESTS)?;
    }
    // What came in may have led to entries of our own.
    push_own(till, wire, &caller)?;
    if depth == Depth::Whole {
        pull_all(till, wire, &caller)?;
        compare(till, wire, &caller)?;
    }
    till.synced()
}

fn sent_away(answer: &Result<Welcome>) -> bool {
    matches!(answer, Err(Error::Hub(refusal)) if refusal.code == Code::DeviceRevoked)
}

/// Who calls: the journal that is being written.
pub(crate) fn caller(till: &Till, standing: &Standing) -> Result<Caller> {
    let stream = standing.me.stream;
    Ok(Caller { stream, key: till.stream_key(stream)?, hub: standing.hub.hub })
}

fn greet(till: &Till, wire: &Wire, standing: &Standing, caller: &Caller) -> Result<Welcome> {
    let new_here = standing.me.acked == 0;
    let endorsement =
        if new_here { till.endorsement(&standing.me, &standing.earlier)? } else { None };
    let card_blocks = standing.card_blocks;
    let ask = Greeting { endorsement, card_blocks, ..greeting(till, standing, standing.acked) };
    wire.call(Some(caller), path::GREET, &ask)
}

fn greeting(till: &Till, standing: &Standing, acked: Known) -> Greeting {
    Greeting {
        protocol: WINDOW,
        epoch: standing.hub.epoch,
        acked,
        now_ms: (till.clock)(),
        endorsement: None,
        seen: Some(standing.seen),
        card_blocks: None,
        earlier: standing.earlier_acked.clone(),
    }
}

/// Makes the lives of this till known to a hub that was restored to before they were: the oldest
/// first, each vouched for by the newest of those before it that the hub knows. `refusal` is what it
/// said to the last of them.
fn introduce(
    till: &Till,
    wire: &Wire,
    standing: &Standing,
    refusal: WireRefusal,
) -> Result<Welcome> {
    let lives: Vec<&OwnLife> = standing.earlier.iter().rev().chain([&standing.me]).collect();
    let mut last = Err(Error::Hub(refusal));
    for (n, life) in lives.iter().enumerate().skip(1) {
        for before in lives[..n].iter().rev() {
            last = introduce_one(till, wire, standing, life, before);
            match &last {
                // That one is not known there, or under its number another copy's.
                Err(Error::Hub(refusal)) if refusal.code == Code::BadSignature => {}
                // One that was closed or forked there stays so.
                Ok(_) | Err(Error::Hub(_)) => break,
                Err(_) => return last,
            }
        }
    }
    last
}

fn introduce_one(
    till: &Till,
    wire: &Wire,
    standing: &Standing,
    life: &OwnLife,
    before: &OwnLife,
) -> Result<Welcome> {
    let key = till.stream_key(life.stream)?;
    let caller = Caller { stream: life.stream, key, hub: standing.hub.hub };
    let endorsement = till.vouched(life, before)?;
    let nothing = Known { seq: 0, hash: Hash::ZERO };
    let ask = Greeting { endorsement, ..greeting(till, standing, nothing) };
    wire.call(Some(&caller), path::GREET, &ask)
}

/// What earlier lives wrote and the hub has not, the oldest first. It may refuse them: then it keeps
/// them aside, and this life goes on. Returns lives whose number is another copy's at the hub: what
/// they wrote can be handed over by this life alone.
fn push_earlier(till: &Till, wire: &Wire, standing: &Standing) -> Result<Vec<OwnLife>> {
    let mut taken = Vec::new();
    for (n, life) in standing.earlier.iter().enumerate().rev() {
        if life.acked >= life.newest.seq {
            continue;
        }
        let caller = Caller {
            stream: life.stream,
            key: till.stream_key(life.stream)?,
            hub: standing.hub.hub,
        };
        match push_introduced(till, wire, standing, n, &caller) {
            // It was restored: what it was told of that life comes after what this till holds.
            Err(Error::Hub(WireRefusal { code: Code::EpochChanged, .. })) => return Ok(taken),
            Err(Error::Hub(refusal)) if life.acked == 0 && is_taken(&refusal) => taken.push(*life),
            Err(Error::Hub(refusal)) => {
                tracing::warn!(code = refusal.code.name(), "an earlier life is refused");
                hand_over(till, wire, &caller, life)?;
            }
            other => other?,
        }
    }
    Ok(taken)
}

/// Another life has that number at the hub, from its first entry on.
fn is_taken(refusal: &WireRefusal) -> bool {
    refusal.code == Code::ForkDetected && refusal.number("seq") == Some(1)
}

/// Pushes an earlier life. One that the hub has never heard of, because the till opened another
/// before it reached the hub, is introduced first.
fn push_introduced(
    till: &Till,
    wire: &Wire,
    standing: &Standing,
    n: usize,
    caller: &Caller,
) -> Result<()> {
    let life = &standing.earlier[n];
    match push(till, wire, caller, life) {
        Err(Error::Hub(refusal)) if refusal.code == Code::BadSignature && life.acked == 0 => {}
        other => return other,
    }
    // What still earlier ones pushed just now is known there since.
    let before = till.standing()?.earlier.split_off(n + 1);
    let Some(endorsement) = till.endorsement(life, &before)? else { return Ok(()) };
    let nothing = Known { seq: 0, hash: Hash::ZERO };
    let ask = Greeting { endorsement: Some(endorsement), ..greeting(till, standing, nothing) };
    let _: Welcome = wire.call(Some(caller), path::GREET, &ask)?;
    push(till, wire, caller, life)
}

/// Whether what the hub refuses with that code is kept aside there.
fn keeps_aside(code: Code) -> bool {
    matches!(code, Code::DeviceRevoked | Code::ForkDetected | Code::ChainBroken)
}

/// Hands over entries that the hub refuses: it keeps each batch aside. They are not sent again.
fn hand_over(till: &Till, wire: &Wire, caller: &Caller, life: &OwnLife) -> Result<()> {
    let mut after = life.acked;
    while after < life.newest.seq {
        let (packets, last) =
            till.to_push(life, after, LIMITS.batch_entries, LIMITS.batch_bytes)?;
        if packets.is_empty() {
            break;
        }
        let head = caller.key.sign(life.stream, last);
        let answer: Result<PushAnswer> =
            wire.call(Some(caller), path::PUSH, &Push { head, packets });
        match answer {
            Err(Error::Hub(refusal)) if keeps_aside(refusal.code) => {
                till.handed_over(life, last.seq, refusal.number("aside"))?;
            }
            // Busy, or not known there: another time.
            Err(Error::Hub(_)) => return Ok(()),
            Err(error) => return Err(error),
            Ok(_) => {
                let acked = Known { seq: last.seq, hash: last.hash };
                let taken = PushAnswer { acked, durable: 0, quarantined: Vec::new() };
                till.acknowledged(life, &taken)?;
            }
        }
        after = last.seq;
    }
    Ok(())
}

/// A hub that was restored has lost what it kept aside: how much it has of each journal of this till is
/// asked anew, once in each epoch and whenever it keeps fewer bodies `aside` than it said before, or has
/// less of this journal than it acknowledged (it was put back, and nobody else noticed); what it has
/// not is handed over again.
fn hand_over_anew(till: &Till, wire: &Wire, epoch: u64, refusal: &WireRefusal) -> Result<()> {
    let standing = till.standing()?;
    let aside = refusal.number("aside").unwrap_or(0);
    let fewer = aside < till.kept_aside()?;
    let less = refusal.number("seq").is_some_and(|seq| seq < standing.me.acked)
        && !till.has_handed_over(standing.me.stream)?;
    if till.handed_over_in()? == Some(epoch) && !fewer && !less {
        return Ok(());
    }
    let mut there = Vec::new();
    for life in standing.earlier.iter().chain([&standing.me]) {
        let key = till.stream_key(life.stream)?;
        let caller = Caller { stream: life.stream, key, hub: standing.hub.hub };
        let nothing = Known { seq: 0, hash: Hash::ZERO };
        let ask = greeting(till, &standing, nothing);
        let answer: Result<Welcome> = wire.call(Some(&caller), path::GREET, &ask);
        match answer {
            Err(Error::Hub(refusal)) if refusal.code == Code::DeviceRevoked => {
                there.push((*life, refusal.number("seq").unwrap_or(0)));
            }
            // Another history of it, or none: all of this one.
            Err(Error::Hub(refusal))
                if matches!(refusal.code, Code::ForkDetected | Code::BadSignature) =>
            {
                there.push((*life, 0));
            }
            Ok(welcome) => there.push((*life, welcome.acked.seq)),
            // Busy: another time.
            Err(Error::Hub(_)) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
    till.hand_over_from(&there, epoch, aside)
}

fn push_own(till: &Till, wire: &Wire, caller: &Caller) -> Result<()> {
    let standing = till.standing()?;
    push(till, wire, caller, &standing.me)
}

fn push(till: &Till, wire: &Wire, caller: &Caller, life: &OwnLife) -> Result<()> {
    let mut acked = life.acked;
    while acked < life.newest.seq {
        let (packets, last) =
            till.to_push(life, acked, LIMITS.batch_entries, LIMITS.batch_bytes)?;
        if packets.is_empty() {
            break;
        }
        let head = caller.key.sign(life.stream, last);
        let answer: Result<PushAnswer> =
            wire.call(Some(caller), path::PUSH, &Push { head, packets });
        match answer {
            Ok(answer) => {
                till.acknowledged(life, &answer)?;
                acked = answer.acked.seq.max(acked + 1);
            }
            // The hub wants earlier ones: it was restored, or an answer was lost long ago.
            Err(Error::Hub(refusal)) if refusal.code == Code::Gap => {
                let expected = refusal.number("expected").unwrap_or(1);
                if expected > acked || till.weak.acked_for_good {
                    return Err(Error::Hub(refusal));
                }
                acked = expected.saturating_sub(1);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn pull_all(till: &Till, wire: &Wire, caller: &Caller) -> Result<()> {
    let hub = till.hub_link()?.ok_or(Error::NotPaired)?;
    for channel in &hub.channels {
        if !pull(till, wire, caller, hub.epoch, channel)? {
            // Something is missing or too much. What is here already is passed over, so reading
            // from the start mends it, where it can be mended.
            tracing::error!(channel, "the channel does not add up; it is read from the start");
            till.read_anew()?;
            if !pull(till, wire, caller, hub.epoch, channel)? {
                return Err(Error::LogChanged);
            }
        }
    }
    Ok(())
}

/// Reads a channel to its end; false where it does not add up.
fn pull(till: &Till, wire: &Wire, caller: &Caller, epoch: u32, channel: &str) -> Result<bool> {
    loop {
        let (after, _) = till.cursor(channel)?;
        let limit = LIMITS.batch_entries;
        let edge = till.lacks_edge(epoch, channel, after)?;
        let ask = Pull { epoch, channel: channel.to_owned(), after, limit, edge };
        let answer: PullAnswer = wire.call(Some(caller), path::PULL, &ask)?;
        let (scanned_to, head) = (answer.scanned_to, answer.head);
        if !till.take_pulled(channel, answer)? {
            return Ok(false);
        }
        if scanned_to >= head || scanned_to <= after {
            return Ok(true);
        }
    }
}

/// What members owe on this till's account, and have elsewhere, is drawn: arriving, it repays.
fn settle_debts(till: &Till, wire: &Wire, caller: &Caller) -> Result<()> {
    // Whoever does not answer once is not waited for again: with many debts, a sync would take minutes.
    let mut wait_ms = DEBT_WAIT_MS;
    for (member, amount) in till.write(|work| duties::debts_to_draw(work, DEBTS))? {
        let ask = ask(till, member, ValueKind::Points, amount, Vec::new())?;
        match draw_for(till, wire, caller, &Draw { wait_ms: Some(wait_ms), ..ask }) {
            // A hub that was restored gives out nothing for a while: another time.
            Err(Error::Hub(WireRefusal { code: Code::Frozen, .. })) => return Ok(()),
            Err(error) => return Err(error),
            Ok(answer) if answer.granted < amount => wait_ms = 0,
            Ok(_) => {}
        }
    }
    Ok(())
}

/// Draws value; what was granted is here when this returns.
pub(crate) fn draw(
    till: &Till,
    wire: &Wire,
    caller: &Caller,
    member: punchcard_protocol::MemberId,
    kind: ValueKind,
    amount: i64,
) -> Result<DrawAnswer> {
    draw_for(till, wire, caller, &ask(till, member, kind, amount, Vec::new())?)
}

fn draw_for(till: &Till, wire: &Wire, caller: &Caller, ask: &Draw) -> Result<DrawAnswer> {
    let answer: DrawAnswer = wire.call(Some(caller), path::DRAW, ask)?;
    till.take_aside(answer.packets.clone())?;
    Ok(answer)
}

/// A new draw, from some lots or from whichever there are.
pub(crate) fn ask(
    till: &Till,
    member: punchcard_protocol::MemberId,
    kind: ValueKind,
    amount: i64,
    lots: Vec<LotId>,
) -> Result<Draw> {
    let id = FactId(random::uuid_at((till.clock)())?);
    Ok(Draw { id, member, kind: kind_name(kind)?, amount, lots, wait_ms: None })
}

/// The name that calls give a kind of value.
pub(crate) fn kind_name(kind: ValueKind) -> Result<String> {
    Ok(serde_json::to_value(kind)?.as_str().unwrap_or_default().to_owned())
}

/// A kind of value by its name.
pub(crate) fn kind_named(name: &str) -> Option<ValueKind> {
    serde_json::from_value(name.into()).ok()
}

/// Compares the tables with the hub's, where both have read as far. Tables that differ are made
/// anew from the journal, where it holds everything; what differs even then is said, and nothing
/// is overwritten.
fn compare(till: &Till, wire: &Wire, caller: &Caller) -> Result<()> {
    let (position, _) = till.cursor("all")?;
    let standing = till.standing()?;
    if position == 0 || standing.me.acked < standing.me.newest.seq {
        return Ok(());
    }
    let Some(theirs) = tables(wire, caller, position)? else { return Ok(()) };
    let other = till.other_than(&theirs)?;
    if other.is_empty() {
        return Ok(());
    }
    if till.read(snapshot::began)? {
        tracing::error!(tables = other.join(" "), "tables differ from the hub's");
        return till.tell("differs", &[("tables", other.join(" "))]);
    }
    tracing::error!(tables = other.join(" "), "tables differ from the hub's; made anew");
    till.rebuild()?;
    let still = till.other_than(&theirs)?;
    let code = if still.is_empty() { "rebuilt" } else { "differs" };
    till.tell(code, &[("tables", other.join(" "))])
}

fn tables(wire: &Wire, caller: &Caller, position: u64) -> Result<Option<Vec<(String, Hash)>>> {
    let answer: DigestAnswer = wire.call(Some(caller), path::DIGEST, &DigestQuery { position })?;
    Ok(answer.tables)
}

/// How long the desk waits for a stranger's file before it says that nobody knows the card.
pub(crate) const STRANGER: Duration = Duration::from_millis(1_500);
