//! A journal and the lives of its till: whether the store is the newest there is, and the next life
//! where it is not.

use punchcard_domain::fact::{Fact, MemberErased, PreviousLife, StreamOpened};
use punchcard_protocol::{FactId, Hlc, HybridClock, Link, MemberId, StaffId, StreamId, StreamKey};
use rusqlite::Connection;

use super::house;
use crate::{
    anchor::{Anchor, Anchored},
    clock::Clock,
    error::{Error, Result},
    keys::{KeyStore, Secrets},
    random,
    store::{erased, journal, local, purse::Owned, streams},
    views::Distrust,
    weak::Weak,
    work::{Head, Work},
};

pub(super) fn public_key(secrets: &Secrets, incarnation: u32) -> Result<String> {
    Ok(hex::encode(StreamKey::from_seed(&secrets.signing_seed(incarnation)?).public()))
}

pub(super) fn remember(db: &Connection, stream: StreamId) -> Result<()> {
    local::set(db, local::TILL, &stream.till)?;
    local::set(db, local::INCARNATION, &stream.incarnation)
}

/// Which journal this store writes.
fn own_stream(db: &Connection) -> Result<StreamId> {
    let till = local::get(db, local::TILL)?;
    let incarnation = local::get(db, local::INCARNATION)?;
    match (till, incarnation) {
        (Some(till), Some(incarnation)) => Ok(StreamId { till, incarnation }),
        _ => Err(Error::Damaged(
            "it does not say which till it is: the set-up was cut short, or its log was lost"
                .into(),
        )),
    }
}

pub(super) fn head(db: &Connection, wall_ms: i64) -> Result<Head> {
    let stream = own_stream(db)?;
    let number = streams::number(db, stream)?;
    let (link, header) = journal::newest(db, number)?;
    let latest = header.map(|header| header.hlc).unwrap_or_default();
    let mut clock = HybridClock::resume(latest);
    let mut others: Vec<Hlc> = local::get(db, local::SEEN_HLC)?.into_iter().collect();
    for (other, whose) in streams::all(db)? {
        if let (_, Some(header)) = journal::newest(db, other)? {
            // A till never stamps before anything it wrote in an earlier life.
            if whose.till == stream.till {
                clock = HybridClock::resume(clock.last().max(header.hlc));
            } else {
                others.push(header.hlc);
            }
        }
    }
    // What others wrote is seen, but one desk with a wrong year takes no other with it.
    for seen in others {
        clock.observe(seen, wall_ms);
    }
    Ok(Head { stream, number, link, clock })
}

/// Compares the store with its anchor. Where it cannot be the newest, it opens its next life: a
/// new key, a new journal, and nothing spendable.
pub(super) fn trust(
    db: &mut Connection,
    anchor: Option<Anchor>,
    keys: &KeyStore,
    secrets: &mut Secrets,
    clock: &Clock,
    weak: Weak,
) -> Result<(Option<Anchor>, Option<Distrust>)> {
    let earlier: Option<Distrust> = local::get(db, local::DISTRUST)?;
    let Some(mut anchor) = anchor else { return Ok((None, earlier)) };
    let (doubt, anchored) = doubt(db, &mut anchor)?;
    let Some(why) = doubt else {
        let head = head(db, clock())?;
        anchor.write(head.stream, head.link)?;
        anchor.flush()?;
        return Ok((Some(anchor), earlier));
    };
    let least = anchored.map_or(0, |anchored| anchored.stream.incarnation);
    let head = next_life(db, keys, secrets, &NextLife { why, least, anchored, weak }, clock())?;
    anchor.write(head.stream, head.link)?;
    anchor.flush()?;
    Ok((Some(anchor), Some(why)))
}

/// Why the store cannot be the newest, and what the anchor knows.
fn doubt(db: &Connection, anchor: &mut Anchor) -> Result<(Option<Distrust>, Option<Anchored>)> {
    let stream = own_stream(db)?;
    let Some(anchored) = anchor.read()? else { return Ok((Some(Distrust::NoAnchor), None)) };
    let known = Some(anchored);
    if local::get::<bool>(db, local::RESTORED)?.unwrap_or(false) {
        return Ok((Some(Distrust::Restored), known));
    }
    if !anchored.in_place || anchored.stream.till != stream.till {
        return Ok((Some(Distrust::Copied), known));
    }
    let Some(number) = streams::known_number(db, anchored.stream)? else {
        return Ok((Some(Distrust::BehindAnchor), known));
    };
    let here = journal::link_at(db, number, anchored.link.seq)?;
    let why = match here {
        None => Some(Distrust::BehindAnchor),
        Some(link) if link != anchored.link => Some(Distrust::OtherHistory),
        Some(_) => None,
    };
    Ok((why, known))
}

/// What the anchor knew of an earlier life, as it is kept until the hub has been told.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
pub(crate) struct Kept {
    pub(crate) stream: StreamId,
    pub(crate) seq: u64,
    pub(crate) hash: punchcard_protocol::Hash,
    pub(crate) in_place: bool,
}

impl Kept {
    fn of(anchored: Anchored) -> Self {
        let Anchored { stream, link, in_place } = anchored;
        Self { stream, seq: link.seq, hash: link.hash, in_place }
    }
}

/// Why a till opens its next life, and what is known of the one before.
pub(super) struct NextLife {
    pub(super) why: Distrust,
    /// The new incarnation is beyond this one.
    pub(super) least: u32,
    /// What the anchor knew: a hub that has as much has everything.
    pub(super) anchored: Option<Anchored>,
    /// What a test takes away.
    pub(super) weak: Weak,
}

/// A new life's number lies up to so many beyond the newest known one.
const LEAP: u32 = 1 << 16;

/// The number of a life that comes after `newest`. Another copy of this till may be about to open
/// its next life too, and neither knows of the other: with a leap by chance both have numbers of
/// their own, and what either one tells a customer counts.
fn number_after(newest: u32, weak: Weak) -> Result<u32> {
    let leap = if weak.lives_in_turn { 0 } else { u32::from_le_bytes(random::bytes()?) % LEAP };
    Ok(newest.saturating_add(1).saturating_add(leap))
}

/// Who was erased after the copy was made that was put back is erased again: nobody else may know.
fn erase_again(work: &mut Work<'_>) -> Result<()> {
    let members: Vec<MemberId> = local::get(work.db, local::ERASE_AGAIN)?.unwrap_or_default();
    local::remove(work.db, local::ERASE_AGAIN)?;
    for member in members {
        if erased::is_erased(work.db, member)? {
            continue;
        }
        let (id, at_ms) = (FactId(random::uuid_at(work.wall_ms)?), work.now_ms());
        let fact = Fact::MemberErased(MemberErased { id, member, at_ms, approved_by: None });
        work.append_with(StaffId::from_bytes([0; 16]), fact, None)?;
        // What stood in the copy's place knew of it, and other copies went when it was done.
        local::remove(work.db, local::OLD_COPIES)?;
    }
    Ok(())
}

/// Opens the next incarnation.
pub(super) fn next_life(
    db: &mut Connection,
    keys: &KeyStore,
    secrets: &mut Secrets,
    next: &NextLife,
    wall_ms: i64,
) -> Result<Head> {
    let why = next.why;
    let before = head(db, wall_ms)?;
    // A copy of this till may have taken the next number already, and the hub told of it.
    let known = streams::all(db)?;
    let lives = known.iter().filter(|(_, stream)| stream.till == before.stream.till);
    let newest = lives.map(|(_, stream)| stream.incarnation).max().unwrap_or(0);
    let incarnation = number_after(newest.max(next.least), next.weak)?;
    keys.add_signing(secrets, incarnation)?;
    let stream = StreamId { till: before.stream.till, incarnation };
    let house = house::of(db)?;
    let nobody = StaffId::from_bytes([0; 16]);
    let transaction = db.transaction()?;
    let number = streams::number(&transaction, stream)?;
    remember(&transaction, stream)?;
    local::set(&transaction, local::DISTRUST, &why)?;
    match next.anchored {
        Some(anchored) => local::set(&transaction, local::ANCHORED, &Kept::of(anchored))?,
        None => local::remove(&transaction, local::ANCHORED)?,
    }
    local::remove(&transaction, local::RESTORED)?;
    let holds = Owned::read(&transaction, stream)?;
    let head = Head { stream, number, link: Link::START, clock: before.clock };
    let mut work = Work::new(&transaction, head, &house, &holds, Some(why), secrets, wall_ms);
    let previous =
        PreviousLife { stream: before.stream, seq: before.link.seq, hash: before.link.hash };
    let opened = StreamOpened {
        id: FactId(random::uuid_at(wall_ms)?),
        public_key: public_key(secrets, incarnation)?,
        reason: serde_json::to_value(why)?.as_str().unwrap_or_default().to_owned(),
        previous: Some(previous),
    };
    work.append_with(nobody, Fact::StreamOpened(opened), None)?;
    erase_again(&mut work)?;
    let done = work.finish();
    transaction.commit()?;
    tracing::warn!(reason = ?why, incarnation, "the store is not the newest; a new journal was opened");
    Ok(done.head)
}
