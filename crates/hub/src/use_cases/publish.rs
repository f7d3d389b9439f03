//! Facts for others than tills: which are to be published, by which hub, and how far that was done.
//!
//! The log is its own outbox (docs/decisions/0030): what is published is read from it, and a cursor
//! says how far. Nothing is written when facts come in.

use punchcard_domain::fact::{Fact, about};
use punchcard_protocol::{FactId, Hash, Header, MemberId, StreamId, TillId};
use serde::{Deserialize, Serialize, de::IgnoredAny};

use crate::{
    error::{Error, Result},
    hub::{Hub, hub_row},
    store::{
        Session,
        journal::{self, HubRow},
        outlet::{self, Logged, Standing},
    },
};

/// Whose turn it is, it stays so long without a word from them: ms.
const TURN_MS: i64 = 15_000;
/// Who has less of a turn left takes it anew: publishing a batch takes 10 s at most.
const LEAST_MS: i64 = 12_000;
/// Entries that are published at once,
const BATCH: usize = 500;
/// and so many bytes, or one that is longer.
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// What subjects begin with.
pub(crate) const SUBJECT: &str = "punchcard.facts";

/// What is to be published next.
pub(crate) struct Batch {
    /// In the order of the log.
    pub(crate) facts: Vec<Published>,
    /// Up to here nothing else is: what is kept back is published to nobody.
    pub(crate) upto: u64,
}

/// One fact on its way out.
pub(crate) struct Published {
    /// Its position in the log.
    pub(crate) position: u64,
    /// Hash of the entry: the same whatever becomes of the hub.
    pub(crate) entry: Hash,
    /// By kind.
    pub(crate) subject: String,
    /// JSON.
    pub(crate) body: Vec<u8>,
}

/// Where the log stands, as a published fact says it: position, and the sum of all entries up to
/// there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct Place {
    pub(crate) position: u64,
    pub(crate) sum: Hash,
}

/// A turn at publishing.
pub(crate) struct Turn {
    /// What is after this position is to be published.
    pub(crate) after: u64,
    /// The stream's newest sequence when that was acknowledged.
    pub(crate) sequence: u64,
    /// Nobody else published since this hub did last.
    pub(crate) goes_on: bool,
}

impl Turn {
    fn of(standing: &Standing, goes_on: bool) -> Self {
        Self { after: standing.position, sequence: standing.sequence, goes_on }
    }
}

impl Hub {
    /// Entries that are not known to have been published.
    pub(crate) fn unpublished(&self) -> Result<u64> {
        self.read(|session| unpublished(session))
    }

    /// Takes a turn at publishing, or goes on with it; none where it is another hub's.
    pub(crate) fn publishing_turn(&self, me: [u8; 16]) -> Result<Option<Turn>> {
        let now_ms = self.now_ms();
        let standing = self.read(|session| outlet::standing(session))?;
        if standing.holder == me && standing.until_ms - now_ms >= LEAST_MS {
            return Ok(Some(Turn::of(&standing, true)));
        }
        if is_anothers(&standing, me, now_ms) {
            return Ok(None);
        }
        self.write(|work| {
            let standing = outlet::standing(&mut *work.session)?;
            if is_anothers(&standing, me, work.now_ms) {
                return Ok(None);
            }
            let until_ms = work.now_ms.saturating_add(TURN_MS);
            outlet::take_turn(&mut *work.session, me, until_ms)?;
            Ok(Some(Turn::of(&standing, standing.holder == me)))
        })
    }

    /// Everything up to a position was acknowledged; false where it is another hub's turn by now.
    /// `sequence`: the stream's newest then.
    pub(crate) fn published(&self, me: [u8; 16], position: u64, sequence: u64) -> Result<bool> {
        self.write(|work| {
            let until_ms = work.now_ms.saturating_add(TURN_MS);
            outlet::moved(&mut *work.session, me, (position, sequence), until_ms)
        })
    }

    /// Lets another hub go on at once.
    pub(crate) fn end_publishing(&self, me: [u8; 16]) -> Result<()> {
        self.write(|work| outlet::end_turn(&mut *work.session, me))
    }

    /// Whether this log is what was published up to a place: then that was done by this hub, and before
    /// anything of it was lost.
    pub(crate) fn was_here(&self, place: Place) -> Result<bool> {
        self.read(|session| {
            let newest = hub_row(session)?.position;
            Ok(place.position <= newest && journal::sum_at(session, place.position)? == place.sum)
        })
    }

    /// What is to be published after a position.
    pub(crate) fn to_publish(&self, after: u64) -> Result<Batch> {
        self.read(|session| {
            let hub = hub_row(session)?;
            let mut batch = Batch { facts: Vec::new(), upto: after };
            let mut bytes = 0;
            for logged in outlet::logged_after(session, after, BATCH)? {
                let position = logged.position;
                if !logged.kept_back {
                    let fact = published(&hub, &logged)?;
                    bytes += fact.body.len();
                    if bytes > BATCH_BYTES && !batch.facts.is_empty() {
                        break;
                    }
                    batch.facts.push(fact);
                }
                batch.upto = position;
            }
            Ok(batch)
        })
    }
}

/// Entries that are not known to have been published.
pub(crate) fn unpublished(session: &mut dyn Session) -> Result<u64> {
    let position = hub_row(session)?.position;
    Ok(position.saturating_sub(outlet::standing(session)?.position))
}

/// A turn that is said to end later than any can was taken by a hub whose clock is wrong.
fn is_anothers(standing: &Standing, me: [u8; 16], now_ms: i64) -> bool {
    let left_ms = standing.until_ms.saturating_sub(now_ms);
    standing.holder != me && (1..=TURN_MS).contains(&left_ms)
}

/// What is said of a fact beside its payload.
#[derive(Serialize)]
struct Envelope<'a> {
    hub: TillId,
    epoch: u32,
    position: u64,
    sum: Hash,
    stream: StreamId,
    seq: u64,
    entry: Hash,
    kind: &'a str,
    kind_number: u16,
    kind_version: u8,
    fact: Option<FactId>,
    member: Option<MemberId>,
    wall_ms: i64,
}

/// What every payload may have.
#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    id: Option<FactId>,
}

fn published(hub: &HubRow, logged: &Logged) -> Result<Published> {
    let header = Header::from_bytes(&logged.header)
        .map_err(|error| Error::Damaged(format!("entry {}: {error}", logged.position)))?;
    let known = Fact::KINDS.iter().find(|(number, _)| *number == header.kind);
    // A kind of a later program: whoever reads may know it.
    let kind = known.map_or_else(|| format!("kind_{}", header.kind), |(_, name)| (*name).into());
    let named = serde_json::from_slice::<Named>(&logged.payload).ok();
    let envelope = Envelope {
        hub: hub.id,
        epoch: hub.epoch,
        position: logged.position,
        sum: logged.sum,
        stream: logged.stream,
        seq: logged.seq,
        entry: logged.hash,
        kind: &kind,
        kind_number: header.kind,
        kind_version: header.kind_version,
        fact: named.and_then(|named| named.id),
        member: logged.member.or_else(|| about(&logged.payload)),
        wall_ms: header.wall_ms,
    };
    Ok(Published {
        position: logged.position,
        entry: logged.hash,
        subject: format!("{SUBJECT}.{kind}"),
        body: with_payload(serde_json::to_vec(&envelope)?, &logged.payload),
    })
}

/// Puts a payload into an object as its last field, byte by byte as its writer wrote it; null where
/// that is not JSON, which no kind of this program is.
fn with_payload(mut object: Vec<u8>, payload: &[u8]) -> Vec<u8> {
    let is_json = serde_json::from_slice::<IgnoredAny>(payload).is_ok();
    object.pop();
    object.extend_from_slice(b",\"payload\":");
    object.extend_from_slice(if is_json { payload } else { b"null" });
    object.push(b'}');
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_passed_on_as_it_was_written() {
        let object = || br#"{"position":7}"#.to_vec();
        let written = with_payload(object(), br#"{"b": 1.10, "a":18446744073709551615}"#);
        let expected = r#"{"position":7,"payload":{"b": 1.10, "a":18446744073709551615}}"#;
        assert_eq!(String::from_utf8(written).expect("text"), expected);
        let written = with_payload(object(), b"no JSON");
        assert_eq!(String::from_utf8(written).expect("text"), r#"{"position":7,"payload":null}"#);
    }

    #[test]
    fn a_turn_is_anothers_until_it_ends_and_for_no_longer_than_one_lasts() {
        let held = |until_ms| Standing { position: 3, sequence: 3, holder: vec![1; 16], until_ms };
        let now_ms = 1_000_000;
        assert!(is_anothers(&held(now_ms + TURN_MS), [2; 16], now_ms));
        assert!(!is_anothers(&held(now_ms + TURN_MS), [1; 16], now_ms), "it is ours");
        assert!(!is_anothers(&held(now_ms), [2; 16], now_ms), "it has ended");
        assert!(!is_anothers(&held(now_ms + TURN_MS + 1), [2; 16], now_ms), "a wrong clock");
        assert!(!is_anothers(&Standing::default(), [2; 16], now_ms));
    }
}
