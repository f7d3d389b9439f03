//! Giving a pass.

use punchcard_protocol::{MemberId, PassId};

use super::{Decided, Desk};
use crate::{
    fact::{Fact, Pass, PassGiven},
    ledger::{Account, Lot, ValueKind, check_amount},
    records::PassType,
    refusal::Refusal,
    time::Day,
};

/// What giving a pass is decided on.
#[derive(Debug, Clone)]
pub struct GivePass {
    /// To whom.
    pub member: MemberId,
    /// Which kind.
    pub pass_type: PassType,
    /// The last day of the longest pass of the same kind they hold: a renewal goes on from there.
    pub runs_until: Option<Day>,
}

/// Gives a pass, from today or from the day after the one it renews.
///
/// # Errors
/// [`Refusal::NotFound`] where it is no longer on offer.
pub fn give_pass(desk: &mut Desk<'_>, known: &GivePass) -> Result<Decided, Refusal> {
    if !known.pass_type.active {
        return Err(Refusal::NotFound("pass"));
    }
    let today = desk.today();
    let from = match known.runs_until {
        Some(until) if until >= today && known.pass_type.visits.is_none() => until.plus_days(1),
        _ => today,
    };
    let until = known.pass_type.until(from);
    let fact = PassGiven {
        id: desk.fact_id(),
        member: known.member,
        pass: Pass {
            id: PassId((desk.ids)()),
            name: known.pass_type.name.clone(),
            pass_type: Some(known.pass_type.id),
            from,
            until,
            visits: known.pass_type.visits.map(|visits| pack(desk, visits, until)).transpose()?,
        },
        price_minor: known.pass_type.price_minor,
        approved_by: None,
    };
    Ok(Fact::PassGiven(fact).into())
}

fn pack(desk: &mut Desk<'_>, visits: i64, until: Option<Day>) -> Result<Lot, Refusal> {
    Ok(Lot {
        id: desk.lot_id(),
        kind: ValueKind::Visits,
        amount: check_amount(visits)?,
        to: Account::Till(desk.me),
        expires_ms: until.map(|until| desk.store.days().end_of(until)),
    })
}

#[cfg(test)]
mod tests {
    use punchcard_protocol::RecordId;

    use super::*;
    use crate::decide::fixtures::{NOON, shop};

    fn given(days: Option<i32>, visits: Option<i64>, runs_until: Option<&str>) -> Pass {
        let known = GivePass {
            member: MemberId::from_bytes([3; 16]),
            pass_type: PassType {
                id: RecordId::from_bytes([4; 16]),
                name: "月卡".into(),
                days,
                visits,
                price_minor: 29_900,
                active: true,
            },
            runs_until: runs_until.map(|text| text.parse().expect("a day")),
        };
        match shop().at(NOON, |desk| give_pass(desk, &known)).expect("on offer").fact {
            Fact::PassGiven(fact) => fact.pass,
            _ => unreachable!("giving gives"),
        }
    }

    #[test]
    fn a_renewal_goes_on_where_the_old_one_ends() {
        let pass = given(Some(30), None, Some("2026-11-30"));
        assert_eq!(
            (pass.from.to_string(), pass.until.expect("a term").to_string()),
            ("2026-12-01".into(), "2026-12-30".into())
        );
        let pass = given(Some(30), None, Some("2026-11-18"));
        assert_eq!(pass.from.to_string(), "2026-11-23");
    }

    #[test]
    fn a_pack_is_value_that_runs_out_with_the_pass() {
        let pass = given(Some(90), Some(10), None);
        let lot = pass.visits.expect("a pack");
        assert_eq!((lot.amount, lot.kind), (10, ValueKind::Visits));
        assert!(lot.expires_ms.is_some());
    }
}
