//! Numbers for new cards: the next one that this till was allotted, line or no line.

use std::collections::BTreeMap;

use punchcard_domain::{
    effects::RecordKind,
    fact::{CardsAllotted, Fact},
    member::MemberPrivate,
    numbering::{AllottedBlock, CardNumbers, NumberBlock},
    refusal::Refusal,
    staff::Permission,
};
use punchcard_protocol::FactId;

use super::{actor::Actor, duties::nobody, members};
use crate::{
    error::Result,
    random,
    store::{
        local::{self, HubLink},
        records,
    },
    till::Till,
    work::Work,
};

/// Of each block, by the number it begins with: where the next number stands in it. This machine's
/// own: a store that was put back, or copied, is another life, and has no share in these blocks.
type Given = BTreeMap<u64, u64>;

impl Till {
    /// The number of a new card: no other till gives it out, and this one does not a second time,
    /// whether it is used or not.
    ///
    /// # Errors
    /// `approval_needed`; `card_numbers_off` where the owner has not said how cards are numbered;
    /// `card_numbers_out` where all that this till was allotted are given out; `not_vouched` where
    /// the store is not trusted to be the newest.
    pub fn new_card_number(&self, actor: &Actor) -> Result<String> {
        let actor = actor.clone();
        self.write(move |work| {
            actor.require(Permission::EditMember)?;
            let numbers = numbers(work)?;
            if !work.trusted() {
                return Err(Refusal::NotVouched.into());
            }
            if let Some(number) = next(work, &numbers)? {
                return Ok(number);
            }
            if local::get::<HubLink>(work.db, local::HUB)?.is_some() {
                return Err(Refusal::CardNumbersOut.into());
            }
            allot_to_itself(work, &numbers)?;
            Ok(next(work, &numbers)?.ok_or(Refusal::CardNumbersOut)?)
        })
    }

    /// How new cards are numbered; none: they are printed elsewhere.
    ///
    /// # Errors
    /// Those of the store.
    pub fn card_numbers(&self) -> Result<Option<CardNumbers>> {
        self.write(|work| Ok(work.house.rules.card_numbers.clone()))
    }
}

fn numbers(work: &Work<'_>) -> Result<CardNumbers> {
    Ok(work.house.rules.card_numbers.clone().ok_or(Refusal::CardNumbersOff)?)
}

/// The blocks that this journal gives numbers of, the lowest first.
fn own_blocks(work: &Work<'_>) -> Result<Vec<NumberBlock>> {
    let me = work.stream();
    let all: Vec<AllottedBlock> = records::all(work.db, RecordKind::CardBlock)?;
    let own = all.into_iter().filter(|block| {
        block.to == me || (work.owned.weak().blocks_of_all_lives && block.to.till == me.till)
    });
    let mut own: Vec<NumberBlock> = own.map(|block| block.numbers).collect();
    own.sort_by_key(|block| block.first);
    Ok(own)
}

fn given(work: &Work<'_>) -> Result<Given> {
    let of: Option<(String, Given)> = local::get(work.db, local::CARDS_GIVEN)?;
    let me = work.stream().to_string();
    // Of another life: its blocks are not this one's.
    Ok(of
        .filter(|(life, _)| *life == me || work.owned.weak().blocks_of_all_lives)
        .map(|(_, given)| given)
        .unwrap_or_default())
}

/// The next number that is not given out, and is on no file here; from now on it is given out.
fn next(work: &Work<'_>, numbers: &CardNumbers) -> Result<Option<String>> {
    let mut given = given(work)?;
    let me = work.stream().to_string();
    for block in own_blocks(work)?.into_iter().filter(|block| numbers.holds(block)) {
        let from = given.get(&block.first).copied().unwrap_or(0);
        for at in from..block.count.into() {
            let Some(number) = block.number(at).filter(|number| is_free(work, number)) else {
                continue;
            };
            given.insert(block.first, at + 1);
            local::set(work.db, local::CARDS_GIVEN, &(me, given))?;
            return Ok(Some(number));
        }
    }
    Ok(None)
}

/// A number that was printed or brought along before cards were numbered here is passed over.
fn is_free(work: &Work<'_>, number: &str) -> bool {
    let private =
        MemberPrivate { cards: Some(vec![number.to_owned()]), ..MemberPrivate::default() };
    members::neighbours(work, &private, None).is_ok_and(|found| found.card.is_none())
}

/// Where there is no hub, this is the business's only till: it allots to itself.
fn allot_to_itself(work: &mut Work<'_>, numbers: &CardNumbers) -> Result<()> {
    let me = work.stream();
    let allotted: Vec<AllottedBlock> = records::all(work.db, RecordKind::CardBlock)?;
    let drawn = u32::from_be_bytes(random::bytes::<4>()?);
    // A later life may have lost sight of blocks that an earlier one allotted.
    let block = numbers.next_block(&allotted, me, drawn, me.incarnation > 1)?;
    let at_ms = work.now_ms();
    let id = FactId(random::uuid_at(at_ms)?);
    let fact = CardsAllotted { id, to: me, at_ms, numbers: block };
    work.append_with(nobody(), Fact::CardsAllotted(fact), None).map(drop)
}

/// How many blocks this journal holds, where it is to ask its hub for another one.
pub(super) fn to_ask(work: &Work<'_>) -> Result<Option<u32>> {
    let Some(numbers) = &work.house.rules.card_numbers else { return Ok(None) };
    let (own, given) = (own_blocks(work)?, given(work)?);
    let left = own.iter().filter(|block| numbers.holds(block)).fold(0u64, |left, block| {
        let gone = given.get(&block.first).copied().unwrap_or(0);
        left.saturating_add(u64::from(block.count).saturating_sub(gone))
    });
    Ok(numbers.few(left).then(|| u32::try_from(own.len()).unwrap_or(u32::MAX)))
}
