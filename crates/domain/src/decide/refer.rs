//! Points for whoever sent a member here, when that member comes for the first time.

use punchcard_protocol::{FactId, MemberId};

use super::{Decided, Desk, gain_by_rules};
use crate::{
    earning::Outcome,
    fact::{Fact, ReferralRewarded},
    ledger::Purse,
    refusal::Refusal,
};

/// What a referral is decided on.
#[derive(Debug, Clone)]
pub struct Refer {
    /// Who sent them.
    pub referrer: MemberId,
    /// The house does not let them in: they get nothing.
    pub banned: bool,
    /// Whom they sent.
    pub of: MemberId,
    /// The first sale or visit of whom they sent.
    pub cause: FactId,
    /// The points of who sent them: a debt here is repaid at once.
    pub points: Purse,
    /// What the owner's rules came to for it.
    pub by_rules: Outcome,
}

/// Gives whoever sent a member what the owner's rules say; none: they say nothing.
///
/// # Errors
/// [`Refusal::TooLarge`].
pub fn refer(desk: &mut Desk<'_>, known: &Refer) -> Result<Option<Decided>, Refusal> {
    if known.banned || known.referrer == known.of || known.by_rules.points() == 0 {
        return Ok(None);
    }
    let (earned, by_rules) = gain_by_rules(desk, &known.by_rules, &known.points)?;
    let fact = ReferralRewarded {
        id: desk.fact_id(),
        member: known.referrer,
        store: desk.store.id,
        at_ms: desk.now_ms,
        of: known.of,
        cause: known.cause,
        earned,
        by_rules,
    };
    Ok(Some(Fact::ReferralRewarded(fact).into()))
}

#[cfg(test)]
mod tests {
    use punchcard_protocol::RecordId;

    use super::*;
    use crate::{
        decide::fixtures::{NOON, shop},
        earning::{Told, Why},
    };

    fn known(points: i64) -> Refer {
        let told = Told {
            rule: RecordId::from_bytes([7; 16]),
            version: 3,
            name: "推荐".into(),
            worth: points,
            points,
            why: Why::Gave,
            expires_ms: None,
            usable_ms: None,
        };
        Refer {
            referrer: MemberId::from_bytes([1; 16]),
            banned: false,
            of: MemberId::from_bytes([2; 16]),
            cause: FactId::from_bytes([3; 16]),
            points: Purse { debt: 30, debt_here: 30, ..Purse::default() },
            by_rules: Outcome { told: vec![told] },
        }
    }

    fn decided(known: &Refer) -> Option<ReferralRewarded> {
        match shop().at(NOON, |desk| refer(desk, known)).expect("an amount")?.fact {
            Fact::ReferralRewarded(fact) => Some(fact),
            _ => unreachable!("a referral is one"),
        }
    }

    #[test]
    fn it_names_the_rule_and_repays_a_debt() {
        let fact = decided(&known(100)).expect("a rule gives 100");
        let gain = fact.earned.expect("a lot");
        assert_eq!((gain.lot.amount, gain.repaid.expect("a debt").amount), (100, 30));
        assert_eq!((fact.by_rules.parts[0].version, fact.by_rules.parts[0].points), (3, 100));
    }

    #[test]
    fn nothing_for_nothing_for_oneself_and_for_the_banned() {
        assert_eq!(decided(&known(0)), None);
        let oneself = MemberId::from_bytes([2; 16]);
        assert_eq!(decided(&Refer { referrer: oneself, ..known(100) }), None);
        assert_eq!(decided(&Refer { banned: true, ..known(100) }), None);
    }
}
