//! Opening and changing a member's file.

use punchcard_protocol::{MemberId, RecordId};

use super::{Decided, Desk};
use crate::{
    cards::difference,
    fact::{Fact, MemberChanged, MemberRegistered},
    member::MemberPrivate,
    records::{MAX_NAME_CHARS, check_name},
    refusal::Refusal,
    text::one_line,
};

/// The longest note, e-mail or reason, in characters.
pub const MAX_TEXT_CHARS: usize = 500;
const MAX_LIST: usize = 20;
const MAX_WORD_CHARS: usize = 40;

/// Who else has the phone or a card that this member shall have: their names.
#[derive(Debug, Clone, Default)]
pub struct Neighbours {
    /// Has the phone.
    pub phone: Option<String>,
    /// Has one of the cards.
    pub card: Option<String>,
}

impl Neighbours {
    fn check(&self) -> Result<(), Refusal> {
        if let Some(name) = &self.phone {
            return Err(Refusal::PhoneTaken { name: name.clone() });
        }
        match &self.card {
            Some(name) => Err(Refusal::CardTaken { name: name.clone() }),
            None => Ok(()),
        }
    }
}

/// Opens a file.
///
/// # Errors
/// [`Refusal`]: no name, too long, phone or card taken.
pub fn register_member(
    desk: &mut Desk<'_>,
    member: MemberId,
    tier: Option<RecordId>,
    mut private: MemberPrivate,
    neighbours: &Neighbours,
) -> Result<Decided, Refusal> {
    neighbours.check()?;
    private.name = Some(check_name(private.name.as_deref().unwrap_or_default())?);
    check_lengths(&private)?;
    let fact = MemberRegistered {
        id: desk.fact_id(),
        member,
        tier,
        home_store: desk.store.id,
        joined_ms: None,
        opening: Vec::new(),
        passes: Vec::new(),
        private: None,
    };
    Ok(Decided { fact: Fact::MemberRegistered(fact), private: Some(private) })
}

/// Changes a file. Nothing to change: no fact. `cards`: those on the file now. Where it shall have
/// others, each that comes or goes is said by itself: what another desk says of another card meanwhile
/// stays true.
///
/// # Errors
/// As [`register_member`].
pub fn change_member(
    desk: &mut Desk<'_>,
    member: MemberId,
    tier: Option<Option<RecordId>>,
    mut private: MemberPrivate,
    neighbours: &Neighbours,
    cards: &[String],
) -> Result<Option<Decided>, Refusal> {
    neighbours.check()?;
    private.name = private.name.as_deref().map(check_name).transpose()?;
    check_lengths(&private)?;
    if let Some(wanted) = private.cards.take() {
        let (come, go) = difference(cards, &wanted);
        for card in come {
            private.card_states.entry(card).or_insert(None);
        }
        let said = |card: &String| private.card_states.contains_key(card);
        private.cards_off = go.into_iter().filter(|card| !said(card)).collect();
    }
    if private.is_empty() && tier.is_none() {
        return Ok(None);
    }
    let fact = MemberChanged { id: desk.fact_id(), member, tier, private: None, approved_by: None };
    let private = (!private.is_empty()).then_some(private);
    Ok(Some(Decided { fact: Fact::MemberChanged(fact), private }))
}

fn check_lengths(private: &MemberPrivate) -> Result<(), Refusal> {
    let texts = [
        ("email", &private.email, MAX_TEXT_CHARS),
        ("note", &private.note, MAX_TEXT_CHARS),
        ("reason", &private.banned, MAX_TEXT_CHARS),
    ];
    for (field, text, limit) in texts {
        if text.as_ref().is_some_and(|text| text.chars().count() > limit) {
            return Err(Refusal::TooLong { field, limit });
        }
    }
    if let Some(contact) = &private.contact {
        for text in [&contact.name, &contact.phone] {
            if text.chars().count() > MAX_NAME_CHARS || one_line(text) != *text {
                return Err(Refusal::BadInput("contact"));
            }
        }
    }
    for (field, list) in [("tags", &private.tags), ("cards", &private.cards)] {
        let Some(list) = list else { continue };
        if list.len() > MAX_LIST {
            return Err(Refusal::TooLong { field, limit: MAX_LIST });
        }
        if list.iter().any(|word| word.chars().count() > MAX_WORD_CHARS) {
            return Err(Refusal::TooLong { field, limit: MAX_WORD_CHARS });
        }
        if list.iter().any(|word| one_line(word) != *word) {
            return Err(Refusal::BadInput(field));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::{
        decide::fixtures::{NOON, shop},
        member::CardState,
    };

    fn register(private: MemberPrivate, neighbours: &Neighbours) -> Result<Decided, Refusal> {
        shop().at(NOON, |desk| {
            register_member(desk, MemberId::from_bytes([3; 16]), None, private, neighbours)
        })
    }

    fn named(name: &str) -> MemberPrivate {
        MemberPrivate { name: Some(name.into()), ..MemberPrivate::default() }
    }

    #[test]
    fn a_name_is_needed_and_rare_characters_are_names() {
        assert_eq!(register(named("\u{3000} "), &Neighbours::default()), Err(Refusal::NameMissing));
        assert_eq!(
            register(MemberPrivate::default(), &Neighbours::default()),
            Err(Refusal::NameMissing)
        );
        let decided = register(named(" 曾𠮷 "), &Neighbours::default()).expect("a name");
        assert_eq!(decided.private.expect("personal").name.as_deref(), Some("曾𠮷"));
    }

    #[test]
    fn personal_data_is_not_in_the_payload() {
        let decided = register(named("欧阳娜娜"), &Neighbours::default()).expect("a name");
        let payload = String::from_utf8(decided.fact.to_payload().expect("JSON")).expect("UTF-8");
        assert!(!payload.contains("欧阳娜娜"), "{payload}");
    }

    #[test]
    fn a_phone_is_one_members() {
        let taken = Neighbours { phone: Some("王堃".into()), card: None };
        assert_eq!(
            register(named("李喆"), &taken),
            Err(Refusal::PhoneTaken { name: "王堃".into() })
        );
    }

    #[test]
    fn each_card_that_comes_or_goes_is_said_by_itself() {
        let change = |cards: &[&str], states| {
            let private = MemberPrivate {
                cards: Some(cards.iter().copied().map(str::to_owned).collect()),
                card_states: states,
                ..MemberPrivate::default()
            };
            let (member, before) =
                (MemberId::from_bytes([3; 16]), ["A".to_owned(), "B".to_owned()]);
            let nobody = Neighbours::default();
            let decided = shop()
                .at(NOON, |desk| change_member(desk, member, None, private, &nobody, &before));
            decided.expect("it may be so").map(|decided| decided.private.expect("cards"))
        };
        let states = |list: &[(&str, Option<CardState>)]| {
            list.iter().map(|(card, state)| ((*card).to_owned(), *state)).collect()
        };
        let said = change(&["C", "A"], BTreeMap::new()).expect("two cards");
        assert_eq!((said.cards, said.card_states), (None, states(&[("C", None)])));
        assert_eq!(said.cards_off, BTreeSet::from(["B".to_owned()]));
        // What became of it is said already.
        let moved = states(&[("B", Some(CardState::Moved))]);
        let said = change(&["A"], moved).expect("one card");
        assert_eq!((said.card_states.len(), said.cards_off.len()), (1, 0));
        assert_eq!(change(&["B", "A"], BTreeMap::new()), None, "the same cards");
    }

    #[test]
    fn what_is_too_long_says_how_long_it_may_be() {
        let mut private = named("李喆");
        private.note = Some("字".repeat(501));
        assert_eq!(
            register(private, &Neighbours::default()),
            Err(Refusal::TooLong { field: "note", limit: 500 })
        );
    }
}
