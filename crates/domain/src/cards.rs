//! How one card is written, and which cards a member has. Readers type a card's number in hexadecimal or
//! decimal, its bytes in the card's order or turned round; a printed or scanned number is what it is.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use crate::{
    member::{CardIs, CardState},
    stamps::StampKey,
    text::fold,
};

/// Bytes that a card's own number has.
const LENGTHS: [usize; 3] = [4, 7, 8];
/// Smaller numbers fill no card: they were printed on it.
const LEAST: u64 = 1 << 24;
/// Digits to which readers fill up the decimal number of a card of four bytes.
const PADDED: usize = 10;

/// The other ways in which the same card may be written, each once, as they are compared; the
/// spelling that was given is not among them.
pub fn other_spellings(card: &str) -> Vec<String> {
    let given: String = fold(card).chars().filter(|c| *c != ':').collect();
    let mut found = Vec::new();
    for bytes in readings(&given) {
        let turned: Vec<u8> = bytes.iter().rev().copied().collect();
        for bytes in [&bytes, &turned] {
            let number = bytes.iter().fold(0u64, |sum, byte| (sum << 8) | u64::from(*byte));
            let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            found.push(pairs.concat());
            found.push(pairs.join(":"));
            found.push(number.to_string());
            if bytes.len() == 4 {
                found.push(format!("{number:0PADDED$}"));
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found.retain(|spelling| *spelling != fold(card));
    found
}

/// The bytes that a number may stand for.
fn readings(text: &str) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let hexadecimal = text.chars().all(|c| c.is_ascii_hexdigit());
    if hexadecimal && LENGTHS.contains(&(text.len() / 2)) && text.len().is_multiple_of(2) {
        let byte = |at: usize| u8::from_str_radix(text.get(at..at + 2).unwrap_or_default(), 16);
        found.extend((0..text.len()).step_by(2).map(byte).collect::<Result<Vec<u8>, _>>());
    }
    if let Ok(number) = text.parse::<u64>()
        && text.chars().all(|c| c.is_ascii_digit())
        && number >= LEAST
    {
        let fits = |length: &&usize| **length == 8 || number >> (**length * 8) == 0;
        let length = LENGTHS.iter().find(fits).copied().unwrap_or(8);
        found.push(number.to_be_bytes()[8 - length..].to_vec());
    }
    found
}

/// Whether two spellings may be one card's.
pub fn same_card(one: &str, other: &str) -> bool {
    fold(one) == fold(other) || other_spellings(one).contains(&fold(other))
}

/// What was said last of one card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The card.
    pub card: String,
    /// What.
    pub is: CardIs,
    /// By which stamp.
    pub stamp: StampKey,
}

/// Which cards are no longer in use: what was once said of all of them at once (`all`, by the stamp
/// `all_by`), and what was said of single ones since then.
pub fn dead_cards(
    all: BTreeMap<String, CardState>,
    all_by: Option<StampKey>,
    single: impl IntoIterator<Item = Said>,
) -> BTreeMap<String, CardState> {
    let mut dead = all;
    for said in single.into_iter().filter(|said| said.is_after(all_by)) {
        match said.is {
            CardIs::NoLonger(state) => dead.insert(said.card, state),
            CardIs::InUse | CardIs::TakenOff => dead.remove(&said.card),
        };
    }
    dead
}

impl Said {
    /// Whether it was said after all cards were said at once, by that stamp.
    fn is_after(&self, all_by: Option<StampKey>) -> bool {
        all_by.is_none_or(|all_by| self.stamp > all_by)
    }
}

/// The cards that stand on a file, those that are no longer in use among them: what was once said of
/// all of them at once (`all`, by the stamp `all_by`), and what was said of single ones since then, the
/// newest first, and of those the ones that are not in use last: the first card is the one that is shown.
/// One that was moved to somebody else's file went in every spelling that had been said of it by then.
pub fn on_file(all: &[String], all_by: Option<StampKey>, single: &[Said]) -> Vec<String> {
    let since: Vec<&Said> = single.iter().filter(|said| said.is_after(all_by)).collect();
    let moved: Vec<&&Said> =
        since.iter().filter(|said| said.is == CardIs::NoLonger(CardState::Moved)).collect();
    let went = |card: &str, by: Option<StampKey>| {
        moved.iter().any(|said| said.is_after(by) && same_card(&said.card, card))
    };
    let stands = |said: &Said| said.is.stands_on_file() && !went(&said.card, Some(said.stamp));
    let on = |card: &String| match since.iter().find(|said| said.card == *card) {
        Some(said) => stands(said),
        None => !went(card, None),
    };
    let mut more: Vec<&&Said> =
        since.iter().filter(|said| stands(said) && !all.contains(&said.card)).collect();
    more.sort_by_key(|said| (Reverse(said.stamp), &said.card));
    let of = |good: bool| {
        let these = more.iter().filter(move |said| (said.is == CardIs::InUse) == good);
        these.map(|said| said.card.clone()).collect::<Vec<_>>()
    };
    let all = all.iter().filter(|card| on(card)).cloned();
    of(true).into_iter().chain(all).chain(of(false)).collect()
}

/// The cards that come onto a file, and those that go, where it shall hold `wanted` and no others.
pub fn difference(before: &[String], wanted: &[String]) -> (BTreeSet<String>, BTreeSet<String>) {
    let without = |these: &[String], those: &[String]| {
        these.iter().filter(|card| !those.contains(card)).cloned().collect()
    };
    (without(wanted, before), without(before, wanted))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_card_in_all_its_spellings() {
        for spelling in
            ["04A1B2C3", "04:a1:b2:c3", "77705923", "0077705923", "C3B2A104", "3283263748"]
        {
            assert!(same_card("04a1b2c3", spelling), "{spelling}");
            assert!(same_card(spelling, "04A1B2C3"), "{spelling}, the other way");
        }
        let seven = "04A1B2C3D4E5F6";
        for spelling in ["1303689068602870", "F6E5D4C3B2A104"] {
            assert!(same_card(seven, spelling), "{spelling}");
        }
        assert!(!same_card("04A1B2C3", "04A1B2C4"));
    }

    #[test]
    fn what_is_printed_on_a_card_is_what_it_is() {
        for printed in
            ["A-1", "12", "https://example.net/c/7", "会员0001", "123456789012345678901234"]
        {
            assert!(other_spellings(printed).is_empty(), "{printed}");
        }
        assert!(!same_card("00100007", "100007"));
    }

    #[test]
    fn what_was_said_of_one_card_leaves_the_others_as_they_are() {
        let all = BTreeMap::from([("A".to_owned(), CardState::Lost)]);
        let all_by = Some(stamp(5));
        let after = [said("A", CardIs::InUse, 6), said("B", REPLACED, 7)];
        let dead = dead_cards(all.clone(), all_by, after);
        assert_eq!(dead, BTreeMap::from([("B".to_owned(), CardState::Replaced)]));
        let before = [said("A", CardIs::InUse, 4), said("B", REPLACED, 5)];
        assert_eq!(dead_cards(all.clone(), all_by, before), all);
        assert_eq!(dead_cards(all, all_by, [said("A", CardIs::TakenOff, 6)]), BTreeMap::new());
        let alone = [said("B", CardIs::NoLonger(CardState::Moved), 1)];
        assert_eq!(dead_cards(BTreeMap::new(), None, alone).len(), 1);
    }

    const REPLACED: CardIs = CardIs::NoLonger(CardState::Replaced);

    fn stamp(hlc: u8) -> StampKey {
        let mut stamp = StampKey::default();
        stamp[7] = hlc;
        stamp
    }

    fn said(card: &str, is: CardIs, hlc: u8) -> Said {
        Said { card: card.into(), is, stamp: stamp(hlc) }
    }

    #[test]
    fn each_card_stands_on_the_file_by_itself() {
        let list = ["A", "B", "C"].map(str::to_owned);
        let single = [
            said("A", REPLACED, 6),
            said("B", CardIs::NoLonger(CardState::Moved), 6),
            said("C", CardIs::TakenOff, 4),
            said("D", CardIs::InUse, 7),
            said("E", CardIs::InUse, 8),
            said("F", CardIs::InUse, 5),
            said("G", CardIs::TakenOff, 9),
        ];
        assert_eq!(on_file(&list, Some(stamp(5)), &single), ["E", "D", "A", "C"]);
        assert_eq!(on_file(&list, Some(stamp(9)), &single), ["A", "B", "C"], "all, and later");
        let dead = "one that is not in use stands last";
        assert_eq!(on_file(&[], None, &single), ["E", "D", "F", "A"], "{dead}");
    }

    #[test]
    fn a_moved_card_goes_in_every_spelling_that_was_known() {
        let (hex, number) = ("04A1B2C3", "77705923");
        let moved = |hlc| said(hex, CardIs::NoLonger(CardState::Moved), hlc);
        let list = [hex, number, "B"].map(str::to_owned);
        assert_eq!(on_file(&list, Some(stamp(5)), &[moved(6)]), ["B"]);
        assert_eq!(on_file(&list, Some(stamp(5)), &[moved(4)]), list, "all were said later");
        let also = |hlc| said(number, CardIs::InUse, hlc);
        let list = ["B".to_owned()];
        assert_eq!(on_file(&list, None, &[moved(6), also(5)]), ["B"]);
        assert_eq!(on_file(&list, None, &[moved(6), also(7)]), [number, "B"], "theirs again");
        // What is lost, or taken off, is so in the one spelling.
        let taken_off = said(hex, CardIs::TakenOff, 6);
        assert_eq!(on_file(&list, None, &[taken_off, also(5)]), [number, "B"]);
    }

    #[test]
    fn what_comes_and_what_goes() {
        let cards = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let (come, go) = difference(&cards("A B C"), &cards("C D A"));
        assert_eq!((come, go), (BTreeSet::from(["D".into()]), BTreeSet::from(["B".into()])));
    }

    proptest! {
        #[test]
        fn every_reader_finds_the_card_of_every_other(bytes in prop_oneof![
            proptest::collection::vec(1u8.., 4),
            proptest::collection::vec(1u8.., 7),
            proptest::collection::vec(1u8.., 8),
        ]) {
            let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02X}")).collect::<String>();
            let number = |bytes: &[u8]| bytes.iter().fold(0u64, |sum, byte| (sum << 8) | u64::from(*byte));
            let turned: Vec<u8> = bytes.iter().rev().copied().collect();
            let all = [hex(&bytes), hex(&turned), number(&bytes).to_string(), number(&turned).to_string()];
            for one in &all {
                for other in &all {
                    prop_assert!(same_card(one, other), "{one} and {other}");
                }
            }
        }
    }
}
