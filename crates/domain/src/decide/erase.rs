//! Erasing a person: every file of theirs, and what is left of their value.

use punchcard_protocol::MemberId;

use super::Desk;
use crate::{
    fact::{Fact, MemberErased, ValueExpired},
    ledger::{Account, Holding, Posting, Purse, ValueKind},
    refusal::Refusal,
};

/// Postings in one entry, well below the longest payload.
const POSTINGS: usize = 60;

/// More people than these do not ask to be forgotten within a few days: whoever erases more may be
/// somebody who should not, so older copies stay, and the owner is told.
pub const MOST_ERASED: u64 = 50;

/// What is known of whoever is to be erased.
#[derive(Debug, Clone, Default)]
pub struct Erase {
    /// Their files: the one they are shown as first, then those that were merged into it.
    pub files: Vec<MemberId>,
    /// What they have, of each kind.
    pub purses: Vec<(ValueKind, Purse)>,
    /// Whoever asks knows that what is on file is lost.
    pub forfeit: bool,
}

impl Erase {
    fn on_file(&self, kind: ValueKind, now_ms: i64) -> i64 {
        let purses = self.purses.iter().filter(|(of, _)| *of == kind);
        purses.map(|(_, purse)| purse.on_file(now_ms)).fold(0, i64::saturating_add)
    }
}

/// Erases a person: a fact for each of their files. What of their value lies here is forfeited;
/// whoever holds the rest does the same when it hears of it. A store that is not trusted moves no
/// value.
///
/// # Errors
/// [`Refusal::ValueOnFile`] where they have value and nobody said that it is to be lost.
pub fn erase_member(desk: &mut Desk<'_>, known: &Erase) -> Result<Vec<Fact>, Refusal> {
    let [points, visits, money_minor] = [ValueKind::Points, ValueKind::Visits, ValueKind::Money]
        .map(|kind| known.on_file(kind, desk.spend_ms));
    if !known.forfeit && [points, visits, money_minor].iter().any(|value| *value > 0) {
        return Err(Refusal::ValueOnFile { points, visits, money_minor });
    }
    let mut facts = Vec::new();
    if let Some(shown) = known.files.first().filter(|_| desk.trusted) {
        let here: Vec<Holding> =
            known.purses.iter().flat_map(|(_, purse)| purse.here.iter().copied()).collect();
        let postings = forfeited(&here);
        facts.extend(postings.chunks(POSTINGS).map(|part| {
            Fact::ValueExpired(ValueExpired {
                id: desk.fact_id(),
                member: *shown,
                at_ms: desk.now_ms,
                postings: part.to_vec(),
            })
        }));
    }
    facts.extend(known.files.iter().map(|file| {
        Fact::MemberErased(MemberErased {
            id: desk.fact_id(),
            member: *file,
            at_ms: desk.now_ms,
            approved_by: None,
        })
    }));
    Ok(facts)
}

/// What an owner of accounts holds of somebody who was erased counts for nothing, whether or not it
/// could be spent.
pub fn forfeited(here: &[Holding]) -> Vec<Posting> {
    let held = here.iter().filter(|holding| holding.amount > 0);
    held.map(|holding| holding.post(Account::Expired, holding.amount)).collect()
}

#[cfg(test)]
mod tests {
    use punchcard_protocol::{LotId, StreamId, TillId};

    use super::*;
    use crate::decide::fixtures::{NOON, shop};

    fn has(points: i64, elsewhere: i64) -> Erase {
        let me = StreamId { till: TillId::from_bytes([1; 16]), incarnation: 1 };
        let holding = Holding {
            lot: LotId::from_bytes([7; 16]),
            kind: ValueKind::Points,
            account: Account::Till(me),
            amount: points,
            expires_ms: None,
            owner: None,
            frozen: true,
        };
        let here = if points > 0 { vec![holding] } else { Vec::new() };
        let purse = Purse { here, elsewhere, ..Purse::default() };
        let files = vec![MemberId::from_bytes([3; 16]), MemberId::from_bytes([4; 16])];
        Erase { files, purses: vec![(ValueKind::Points, purse)], forfeit: false }
    }

    fn erase(known: &Erase) -> Result<Vec<Fact>, Refusal> {
        shop().at(NOON, |desk| erase_member(desk, known))
    }

    #[test]
    fn every_file_of_a_person_goes() {
        let facts = erase(&has(0, 0)).expect("nothing on file");
        let files: Vec<u8> = facts
            .iter()
            .filter_map(|fact| match fact {
                Fact::MemberErased(body) => Some(body.member.as_bytes()[0]),
                _ => None,
            })
            .collect();
        assert_eq!((files, facts.len()), (vec![3, 4], 2));
    }

    #[test]
    fn value_is_lost_only_where_somebody_says_so() {
        let refused = Refusal::ValueOnFile { points: 30, visits: 0, money_minor: 0 };
        assert_eq!(erase(&has(0, 30)), Err(refused));
        let facts = erase(&Erase { forfeit: true, ..has(20, 30) }).expect("said");
        let Some(Fact::ValueExpired(body)) = facts.first() else { unreachable!("{facts:?}") };
        let moved: Vec<(Account, i64)> =
            body.postings.iter().map(|posting| (posting.to, posting.amount)).collect();
        assert_eq!(moved, [(Account::Expired, 20)], "what is frozen too; the rest is not ours");
    }
}
