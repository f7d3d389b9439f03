//! Cards: how one is recognised, and what becomes of it.

use std::collections::BTreeMap;

use punchcard_domain::{
    cards::same_card,
    decide::{self, Neighbours},
    member::{CardState, MemberPrivate},
    refusal::Refusal,
    staff::Permission,
};
use punchcard_protocol::MemberId;

use super::{actor::Actor, members, points::known_member};
use crate::{
    error::{Error, Result},
    store::read::MemberFile,
    till::Till,
    views::MemberView,
    work::Work,
};

/// What happens to a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CardChange {
    /// It was reported lost: whoever scans it is stopped.
    Lost,
    /// It was found again.
    Found,
    /// Another card takes its place.
    ReplacedBy(String),
    /// It is somebody else's from now on.
    MovedTo(MemberId),
}

impl Till {
    /// Reports a card lost, or found again; puts another in its place; gives it to somebody else.
    ///
    /// # Errors
    /// `approval_needed`, `not_found`, `card_taken`, `bad_input`, `too_long`.
    pub fn change_card(
        &self,
        actor: &Actor,
        member: MemberId,
        card: &str,
        change: CardChange,
    ) -> Result<MemberView> {
        let (actor, card) = (actor.clone(), card.to_owned());
        self.write(move |work| {
            actor.require(Permission::EditMember)?;
            let file = known_member(work, member)?;
            let card = own_card(&file, &card)?;
            match change {
                CardChange::Lost => mark(work, &actor, &file, &card, Some(CardState::Lost), None)?,
                CardChange::Found => mark(work, &actor, &file, &card, None, None)?,
                CardChange::ReplacedBy(new) => {
                    let state = Some(CardState::Replaced);
                    mark(work, &actor, &file, &card, state, Some(new.trim()))?;
                }
                CardChange::MovedTo(to) => move_card(work, &actor, &file, &card, to)?,
            }
            let file = known_member(work, member)?;
            members::view(work, &actor, &file)
        })
    }
}

/// The member's card that a spelling means, as it stands on the file.
fn own_card(file: &MemberFile, typed: &str) -> Result<String> {
    let own = file.cards.iter().find(|card| same_card(card, typed));
    own.cloned().ok_or_else(|| Refusal::NotFound("card").into())
}

/// What became of a card of this member's, where it is no longer in use.
pub(crate) fn state_of(file: &MemberFile, scanned: &str) -> Option<CardState> {
    file.dead_cards.iter().find(|(card, _)| same_card(card, scanned)).map(|(_, state)| *state)
}

/// What is said of single cards.
type States = BTreeMap<String, Option<CardState>>;

/// Sets what became of a card, and adds another one.
fn mark(
    work: &mut Work<'_>,
    actor: &Actor,
    file: &MemberFile,
    card: &str,
    state: Option<CardState>,
    new: Option<&str>,
) -> Result<()> {
    let mut states = States::new();
    if file.dead_cards.get(card).copied() != state {
        states.insert(card.to_owned(), state);
    }
    let mut cards = file.cards.clone();
    if let Some(new) = new {
        if new.is_empty() || same_card(new, card) {
            return Err(Error::bad_input("card", "another card than the old one"));
        }
        states.extend(opened(file, new));
        if !cards.iter().any(|own| same_card(own, new)) {
            // The newest card is the one that is shown.
            cards.insert(0, new.to_owned());
        }
    }
    write(work, actor, file, cards, states)
}

/// A card that is used from now on is no longer what it was said to be, in whatever spelling.
fn opened(file: &MemberFile, card: &str) -> States {
    let same = file.dead_cards.keys().filter(|old| same_card(old, card));
    same.map(|old| (old.clone(), None)).collect()
}

/// A card goes over to somebody else's file: first off the one, then on to the other.
fn move_card(
    work: &mut Work<'_>,
    actor: &Actor,
    file: &MemberFile,
    card: &str,
    to: MemberId,
) -> Result<()> {
    let other = known_member(work, to)?;
    if other.id == file.id {
        return Err(Error::bad_input("member", "somebody else"));
    }
    // In every spelling that stands on the file: it may be there as printed, and as read.
    let (moved, kept): (Vec<String>, Vec<String>) =
        file.cards.iter().cloned().partition(|own| same_card(own, card));
    let moved = moved.into_iter().map(|own| (own, Some(CardState::Moved))).collect();
    write(work, actor, file, kept, moved)?;
    let cards = std::iter::once(card.to_owned()).chain(other.cards.iter().cloned()).collect();
    write(work, actor, &other, cards, opened(&other, card))
}

fn write(
    work: &mut Work<'_>,
    actor: &Actor,
    file: &MemberFile,
    cards: Vec<String>,
    card_states: States,
) -> Result<()> {
    let private = MemberPrivate {
        cards: (cards != file.cards).then_some(cards),
        card_states,
        ..MemberPrivate::default()
    };
    let neighbours = match &private.cards {
        Some(_) => members::neighbours(work, &private, Some(file.number))?,
        None => Neighbours::default(),
    };
    let decided = work.decide(None, |desk| {
        Ok(decide::change_member(desk, file.id, None, private, &neighbours, &file.cards)?)
    })?;
    if let Some(decided) = decided {
        work.append(actor, decided)?;
    }
    Ok(())
}
