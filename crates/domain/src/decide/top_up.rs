//! Money loaded onto a member's account, and what the owner's rules give for it.

use punchcard_protocol::MemberId;

use super::{Decided, Desk, gain_by_rules, pass::reason};
use crate::{
    earning::Outcome,
    fact::{Fact, ToppedUp},
    ledger::{Account, Lot, Purse, ValueKind, check_amount},
    refusal::Refusal,
};

/// What a top-up is decided on.
#[derive(Debug, Clone)]
pub struct TopUp {
    /// Whose account.
    pub member: MemberId,
    /// How much, in minor units.
    pub amount_minor: i64,
    /// Why, or how it was paid, in the cashier's words.
    pub because: String,
    /// Their points: a debt here is repaid with what the rules give.
    pub points: Purse,
    /// What the owner's rules came to for it; none: there are none.
    pub by_rules: Option<Outcome>,
}

/// Loads money: a lot of this till's, that does not run out; and the points that rules give for it.
///
/// # Errors
/// [`Refusal::BadAmount`], [`Refusal::TooLarge`], [`Refusal::BadInput`] without a reason.
pub fn top_up(desk: &mut Desk<'_>, known: &TopUp) -> Result<Decided, Refusal> {
    let private = reason(&known.because)?;
    check_amount(known.amount_minor)?;
    let (earned, by_rules) = match &known.by_rules {
        Some(outcome) => {
            let (first, by_rules) = gain_by_rules(desk, outcome, &known.points)?;
            (first, Some(by_rules))
        }
        None => (None, None),
    };
    let value = Lot {
        id: desk.lot_id(),
        kind: ValueKind::Money,
        amount: known.amount_minor,
        to: Account::Till(desk.me),
        expires_ms: None,
    };
    let fact = ToppedUp {
        id: desk.fact_id(),
        member: known.member,
        store: desk.store.id,
        at_ms: desk.now_ms,
        value,
        earned,
        by_rules,
        private: None,
        approved_by: None,
    };
    Ok(Decided { fact: Fact::ToppedUp(fact), private: Some(private) })
}

#[cfg(test)]
mod tests {
    use punchcard_protocol::{LotId, StreamId};

    use super::*;
    use crate::{
        bounds,
        decide::{
            LotStanding, Void,
            fixtures::{NOON, me, shop},
            void,
        },
        effects::{Private, effects},
        fact::{Gain, SpentAt},
    };

    fn topped_up(amount_minor: i64, because: &str) -> Result<ToppedUp, Refusal> {
        let known = TopUp {
            member: MemberId::from_bytes([3; 16]),
            amount_minor,
            because: because.into(),
            points: Purse::default(),
            by_rules: None,
        };
        match shop().at(NOON, |desk| top_up(desk, &known))?.fact {
            Fact::ToppedUp(fact) => Ok(fact),
            _ => unreachable!("a top-up is one"),
        }
    }

    #[test]
    fn it_has_an_amount_and_a_reason() {
        let fact = topped_up(50_000, "cash").expect("an amount");
        assert_eq!((fact.value.amount, fact.value.expires_ms), (50_000, None));
        assert_eq!(topped_up(0, "cash"), Err(Refusal::BadAmount));
        assert!(topped_up(50_000, "  ").is_err());
    }

    #[test]
    fn it_is_money_and_gives_points_alone() {
        let fits = |fact: ToppedUp| {
            let fact = Fact::ToppedUp(fact);
            bounds::fits(&fact, &effects(&fact, &Private::default(), me()))
        };
        let fact = topped_up(50_000, "cash").expect("an amount");
        let points = Lot { id: LotId::from_bytes([8; 16]), kind: ValueKind::Points, ..fact.value };
        let with = |lot| Some(Gain { lot, repaid: None, usable_ms: None });
        assert!(fits(ToppedUp { earned: with(points), ..fact.clone() }));
        assert!(!fits(ToppedUp { earned: with(fact.value), ..fact.clone() }));
        assert!(!fits(ToppedUp { value: points, ..fact }));
    }

    #[test]
    fn what_was_spent_of_it_keeps_it_from_being_taken_back() {
        let fact = topped_up(50_000, "cash").expect("an amount");
        let undone = |spent: i64, elsewhere: i64| {
            let standing = LotStanding {
                lot: fact.value.id,
                here: vec![(Account::Till(me()), 50_000 - spent - elsewhere)],
                elsewhere,
                expired: 0,
                expires_ms: None,
                owner: None,
                spent: vec![SpentAt { stream: me(), amount: spent }],
                taken_back: false,
            };
            let owns = |stream: StreamId| stream == me();
            let known = Void {
                target: &Fact::ToppedUp(fact.clone()),
                member: Some(fact.member),
                voided: false,
                with_its_cause: false,
                lots: vec![standing],
                points: Purse::default(),
                owns: &owns,
            };
            shop().at(NOON, |desk| void(desk, &known)).map(|decided| match decided.fact {
                Fact::FactVoided(fact) => (fact.postings[0].amount, fact.postings[0].kind),
                _ => unreachable!("voiding voids"),
            })
        };
        assert_eq!(undone(0, 0), Ok((50_000, ValueKind::Money)));
        assert_eq!(undone(0, 20_000), Ok((30_000, ValueKind::Money)), "others answer for theirs");
        assert_eq!(undone(1, 0), Err(Refusal::NotVoidable));
    }
}
