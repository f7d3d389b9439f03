//! Card numbers that are allotted in advance, so that a desk without a line can give out one that no
//! other desk can give out too.
//!
//! A number is what the owner set before it (the prefix), a running part of a fixed length, and a
//! check digit (Luhn, ISO/IEC 7812): a digit typed wrongly, or most two neighbours turned round, make
//! it a number of nobody's. Blocks of running numbers are allotted to journals, each block to one.

use punchcard_protocol::StreamId;
use serde::{Deserialize, Serialize};

use crate::{cards::other_spellings, refusal::Refusal};

/// Digits before the check digit: what a whole number holds that every program can read.
const MOST_DIGITS: usize = 15;
/// A prefix longer than that leaves too little.
const MOST_PREFIX: usize = 6;
/// A format has room for so many blocks at least: journals that begin anew leap over some.
const LEAST_BLOCKS: u64 = 1_000;
/// Blocks that a journal which may have forgotten some leaps over, at least.
pub const LEAP: u64 = 64;
/// The largest block.
const MOST_IN_BLOCK: u32 = 100_000;

/// How the business numbers its cards: the owner's choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CardNumbers {
    /// What every number begins with: 1 to 6 digits, the first of them no 0.
    pub prefix: String,
    /// Digits of the running part.
    pub digits: u32,
    /// So many numbers are allotted to a till at a time.
    pub block: u32,
}

/// Numbers of one length that follow one another, without their check digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberBlock {
    /// Digits of each, before the check digit.
    pub length: u32,
    /// The first.
    pub first: u64,
    /// How many.
    pub count: u32,
}

/// A block and whose it is, as tables hold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllottedBlock {
    /// The journal that gives them out. Another life of the same till does not.
    pub to: StreamId,
    /// The journal that says so.
    pub by: StreamId,
    /// Which.
    #[serde(flatten)]
    pub numbers: NumberBlock,
}

impl NumberBlock {
    /// Behind the last one.
    pub fn end(&self) -> u64 {
        self.first.saturating_add(self.count.into())
    }

    /// Whether it is one that somebody could have been allotted.
    pub fn fits(&self) -> bool {
        let digits = usize::try_from(self.length).unwrap_or(usize::MAX);
        (1..=MOST_DIGITS).contains(&digits)
            && (1..=MOST_IN_BLOCK).contains(&self.count)
            && self.end() <= power(self.length)
    }

    /// The number that stands at `at` within the block, as it is written on the card; none: it is
    /// not given out, or there is none.
    pub fn number(&self, at: u64) -> Option<String> {
        let plain = self.first.checked_add(at).filter(|plain| *plain < self.end())?;
        let width = usize::try_from(self.length).ok()?;
        let number = with_check_digit(&format!("{plain:0width$}"));
        Some(number).filter(|number| is_the_one_spelling(number))
    }
}

impl CardNumbers {
    /// Numbers that can be worked with.
    ///
    /// # Errors
    /// [`Refusal::BadInput`] names the first that cannot.
    pub fn check(&self) -> Result<(), Refusal> {
        let digits_only = self.prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix = (1..=MOST_PREFIX).contains(&self.prefix.len())
            && digits_only
            && !self.prefix.starts_with('0');
        if !prefix {
            return Err(Refusal::BadInput("card_prefix"));
        }
        let most = MOST_DIGITS - self.prefix.len();
        if self.digits < 4 || usize::try_from(self.digits).is_ok_and(|digits| digits > most) {
            return Err(Refusal::BadInput("card_digits"));
        }
        let room = power(self.digits) / LEAST_BLOCKS;
        if self.block == 0 || u64::from(self.block) > room || self.block > MOST_IN_BLOCK {
            return Err(Refusal::BadInput("card_block"));
        }
        Ok(())
    }

    /// Digits of a number before its check digit.
    fn length(&self) -> u32 {
        u32::try_from(self.prefix.len()).unwrap_or(0).saturating_add(self.digits)
    }

    /// The first number, and the one behind the last.
    fn range(&self) -> (u64, u64) {
        let prefix: u64 = self.prefix.parse().unwrap_or(0);
        let room = power(self.digits);
        (prefix.saturating_mul(room), prefix.saturating_add(1).saturating_mul(room))
    }

    /// Whether a block is one of these numbers.
    pub fn holds(&self, block: &NumberBlock) -> bool {
        let (first, end) = self.range();
        block.length == self.length() && block.first >= first && block.end() <= end
    }

    /// Whether a till that has so many left asks for more: fewer than a third of a block.
    pub fn few(&self, left: u64) -> bool {
        left.saturating_mul(3) < self.block.into()
    }

    /// The block that `by` allots next. `allotted`: all that are known. `drawn`: by chance. `anew`:
    /// this journal goes on after one that may have allotted what nobody here knows of.
    ///
    /// A journal that has allotted some itself goes on behind them. One that has not, where others
    /// have or may have, leaps over [`LEAP`] blocks and up to as many more, by chance: what was
    /// allotted after the copy it began from lies there, and two copies do not land on the same.
    ///
    /// # Errors
    /// [`Refusal::CardNumbersOut`]: there are no more with this prefix.
    pub fn next_block(
        &self,
        allotted: &[AllottedBlock],
        by: StreamId,
        drawn: u32,
        anew: bool,
    ) -> Result<NumberBlock, Refusal> {
        let (first, end) = self.range();
        let taken = allotted.iter().filter(|block| {
            let numbers = &block.numbers;
            numbers.length == self.length() && numbers.first < end && numbers.end() > first
        });
        let (mut next, mut own, mut others) = (first, false, anew);
        for block in taken {
            next = next.max(block.numbers.end());
            own |= block.by == by;
            others = true;
        }
        if others && !own {
            let blocks = LEAP + u64::from(drawn) % LEAP;
            next = next.saturating_add(blocks.saturating_mul(self.block.into()));
        }
        let block = NumberBlock { length: self.length(), first: next, count: self.block };
        if block.end() > end { Err(Refusal::CardNumbersOut) } else { Ok(block) }
    }
}

fn power(digits: u32) -> u64 {
    10u64.saturating_pow(digits)
}

/// A number with its check digit behind it.
fn with_check_digit(digits: &str) -> String {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, byte)| {
            let digit = u32::from(byte.saturating_sub(b'0'));
            if at.is_multiple_of(2) { digit * 2 / 10 + digit * 2 % 10 } else { digit }
        })
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

/// Whether a number ends in the digit that its others ask for.
fn is_checked(number: &str) -> bool {
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    let Some((plain, _)) = number.split_at_checked(number.len().saturating_sub(1)) else {
        return false;
    };
    digits && !plain.is_empty() && with_check_digit(plain) == number
}

/// A reader may type a card's number with its bytes turned round (see [`crate::cards`]): of the
/// numbers that one card may be read as, only the smallest is ever given out.
fn is_the_one_spelling(number: &str) -> bool {
    let smaller = |other: &String| (other.len(), other.as_str()) < (number.len(), number);
    !other_spellings(number).iter().any(|other| is_checked(other) && smaller(other))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use punchcard_protocol::TillId;

    use super::*;
    use crate::cards::same_card;

    fn stream(till: u8, incarnation: u32) -> StreamId {
        StreamId { till: TillId::from_bytes([till; 16]), incarnation }
    }

    fn numbers(prefix: &str, digits: u32, block: u32) -> CardNumbers {
        CardNumbers { prefix: prefix.into(), digits, block }
    }

    #[test]
    fn the_check_digit_is_that_of_the_standard() {
        // ISO/IEC 7812-1, annex B.
        assert_eq!(with_check_digit("7992739871"), "79927398713");
        assert!(is_checked("4111111111111111"));
        assert!(!is_checked("4111111111111112"));
        let block = NumberBlock { length: 8, first: 88_000_041, count: 1 };
        assert_eq!(block.number(0).as_deref(), Some(with_check_digit("88000041").as_str()));
        assert_eq!(block.number(1), None);
    }

    #[test]
    fn a_digit_typed_wrongly_is_seen() {
        let number = with_check_digit("880004123");
        for at in 0..number.len() {
            for digit in '0'..='9' {
                let mut typed: Vec<char> = number.chars().collect();
                typed[at] = digit;
                let typed: String = typed.into_iter().collect();
                assert_eq!(is_checked(&typed), typed == number, "{typed}");
            }
        }
    }

    #[test]
    fn what_an_owner_may_choose() {
        assert_eq!(numbers("88", 6, 100).check(), Ok(()));
        for (wrong, field) in [
            (numbers("", 6, 100), "card_prefix"),
            (numbers("08", 6, 100), "card_prefix"),
            (numbers("8A", 6, 100), "card_prefix"),
            (numbers("1234567", 6, 100), "card_prefix"),
            (numbers("88", 3, 1), "card_digits"),
            (numbers("88", 14, 100), "card_digits"),
            (numbers("88", 4, 11), "card_block"),
            (numbers("88", 6, 0), "card_block"),
        ] {
            assert_eq!(wrong.check(), Err(Refusal::BadInput(field)), "{wrong:?}");
        }
    }

    #[test]
    fn blocks_follow_one_another_and_a_new_journal_leaps() {
        let (numbers, hub) = (numbers("88", 6, 100), stream(9, 1));
        let mut known = Vec::new();
        for first in [88_000_000, 88_000_100, 88_000_200] {
            let block = numbers.next_block(&known, hub, 7, false).expect("room");
            assert_eq!((block.first, block.length, block.count), (first, 8, 100));
            known.push(AllottedBlock { to: stream(1, 1), by: hub, numbers: block });
        }
        // What the restored one allotted since its copy was made, nobody here knows.
        let lost = known.split_off(1);
        let again = numbers.next_block(&known, stream(9, 2), 7, true).expect("room");
        assert!(lost.iter().all(|block| again.first >= block.numbers.end()), "{again:?}");
        assert_eq!(again.first, 88_000_100 + (64 + 7) * 100);
        let nothing_known = numbers.next_block(&[], stream(9, 2), 7, true).expect("room");
        assert_eq!(nothing_known.first, 88_000_000 + (64 + 7) * 100);
    }

    #[test]
    fn prefixes_that_begin_alike_do_not_meet() {
        let (short, long) = (numbers("88", 6, 100), numbers("880", 5, 100));
        let by = stream(9, 1);
        let of_long = long.next_block(&[], by, 0, false).expect("room");
        let known = [AllottedBlock { to: stream(1, 1), by, numbers: of_long }];
        let of_short = short.next_block(&known, by, 0, false).expect("room");
        assert_eq!(of_short.first, of_long.end());
    }

    #[test]
    fn numbers_end() {
        let (numbers, by) = (numbers("9", 4, 10), stream(9, 1));
        let last = NumberBlock { length: 5, first: 99_990, count: 10 };
        let known = [AllottedBlock { to: by, by, numbers: last }];
        assert_eq!(numbers.next_block(&known, by, 0, false), Err(Refusal::CardNumbersOut));
    }

    proptest! {
        /// Two numbers that are given out are never one card to any reader.
        #[test]
        fn no_two_numbers_are_read_as_one(
            length in 5u32..=15, first in any::<u64>(), ahead in 1u64..300,
        ) {
            let room = power(length);
            let least = room / 10;
            let block = NumberBlock { length, first: least + first % (room - least - 400), count: 400 };
            if let (Some(one), Some(other)) = (block.number(0), block.number(ahead)) {
                prop_assert!(!same_card(&one, &other), "{one} and {other}");
            }
        }

        /// Whatever a reader makes of a number: what it makes of it was not given to somebody else.
        #[test]
        fn a_number_turned_round_was_not_given_out(length in 8u32..=9, plain in any::<u64>()) {
            let room = power(length);
            let first = room / 10 + plain % (room - room / 10);
            let block = NumberBlock { length, first, count: 1 };
            if let Some(number) = block.number(0) {
                for other in other_spellings(&number) {
                    let both = is_checked(&other) && is_the_one_spelling(&other);
                    prop_assert!(!both, "{number} and {other}");
                }
            }
        }
    }
}
