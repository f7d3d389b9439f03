//! Booking somebody for a class.

use punchcard_protocol::MemberId;

use super::{Decided, Desk, pass::reason};
use crate::{
    classes::{Booking, LONGEST_CLASS_MINUTES},
    fact::{ClassBooked, Fact},
    refusal::Refusal,
};

/// The furthest ahead that a class may begin.
const FURTHEST_MS: i64 = 366 * 24 * 60 * 60 * 1000;

/// What a booking is decided on.
#[derive(Debug, Clone)]
pub struct BookClass {
    /// Who comes.
    pub member: MemberId,
    /// They are banned.
    pub banned: bool,
    /// What the class is called, in the cashier's words.
    pub name: String,
    /// When it begins: Unix ms.
    pub begins_ms: i64,
    /// How long it lasts.
    pub minutes: u32,
}

/// Books somebody for a class that is not over.
///
/// # Errors
/// [`Refusal::Banned`]; [`Refusal::BadInput`] names what is wrong: `class` for no name or too long
/// a one, `minutes` for a class that does not last or lasts for more than a day, `begins` for one
/// that is over or more than a year ahead.
pub fn book_class(desk: &mut Desk<'_>, known: &BookClass) -> Result<Decided, Refusal> {
    if known.banned {
        return Err(Refusal::Banned);
    }
    if !(1..=LONGEST_CLASS_MINUTES).contains(&known.minutes) {
        return Err(Refusal::BadInput("minutes"));
    }
    let class = Booking::of(known.begins_ms, known.minutes);
    let ahead = known.begins_ms.saturating_sub(desk.now_ms);
    if class.ends_ms <= desk.now_ms || ahead > FURTHEST_MS {
        return Err(Refusal::BadInput("begins"));
    }
    let name = reason(&known.name).map_err(|_| Refusal::BadInput("class"))?;
    let fact = ClassBooked {
        id: desk.fact_id(),
        member: known.member,
        store: desk.store.id,
        at_ms: desk.now_ms,
        class,
        private: None,
        approved_by: None,
    };
    Ok(Decided { fact: Fact::ClassBooked(fact), private: Some(name) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::fixtures::{NOON, shop};

    const HOUR_MS: i64 = 60 * 60 * 1000;

    fn book(name: &str, begins_ms: i64, minutes: u32) -> Result<Decided, Refusal> {
        let member = MemberId::from_bytes([3; 16]);
        let name = name.to_owned();
        let known = BookClass { member, banned: false, name, begins_ms, minutes };
        shop().at(NOON, |desk| book_class(desk, &known))
    }

    #[test]
    fn a_booking_says_when_and_its_name_is_private() {
        let booked = book(" 瑜伽 ", NOON + HOUR_MS, 60).expect("a class");
        let Fact::ClassBooked(fact) = booked.fact else { unreachable!("a booking") };
        assert_eq!(fact.class, Booking { begins_ms: NOON + HOUR_MS, ends_ms: NOON + 2 * HOUR_MS });
        assert!(!serde_json::to_string(&fact).expect("JSON").contains("瑜伽"));
        assert_eq!(booked.private.and_then(|private| private.note).as_deref(), Some("瑜伽"));
        book("瑜伽", NOON - HOUR_MS + 1, 60).expect("the last moment of one that is on");
    }

    #[test]
    fn what_is_no_class_is_named() {
        let year = 366 * 24 * HOUR_MS;
        for (name, begins_ms, minutes, field) in [
            ("", NOON, 60, "class"),
            ("瑜伽", NOON - HOUR_MS, 60, "begins"),
            ("瑜伽", NOON + year + 1, 60, "begins"),
            ("瑜伽", i64::MIN, 60, "begins"),
            ("瑜伽", NOON, 0, "minutes"),
            ("瑜伽", NOON, LONGEST_CLASS_MINUTES + 1, "minutes"),
        ] {
            assert_eq!(book(name, begins_ms, minutes), Err(Refusal::BadInput(field)));
        }
    }

    #[test]
    fn nobody_is_booked_who_may_not_come_in() {
        let member = MemberId::from_bytes([3; 16]);
        let known =
            BookClass { member, banned: true, name: "x".into(), begins_ms: NOON, minutes: 60 };
        assert_eq!(shop().at(NOON, |desk| book_class(desk, &known)), Err(Refusal::Banned));
    }
}
