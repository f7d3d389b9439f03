//! Letting a pass end later, or before its time.

use super::{PassOnFile, give::ahead, reason};
use crate::{
    bounds::LONGEST_EXTENSION_DAYS,
    decide::{Decided, Desk},
    fact::{Fact, PassCancelled, PassExtended},
    money::MAX_AMOUNT,
    refusal::Refusal,
    time::Day,
};

/// Lets a pass end later. One that is over may be brought back to life by it, one that was
/// cancelled, upgraded or given away may not.
///
/// # Errors
/// [`Refusal::PassOver`], [`Refusal::BadInput`] for a pass without an end, no days, too many, or no
/// reason.
pub fn extend_pass(
    desk: &mut Desk<'_>,
    pass: &PassOnFile,
    days: u32,
    because: &str,
) -> Result<Decided, Refusal> {
    pass.extendable(desk.today())?;
    if !(1..=LONGEST_EXTENSION_DAYS).contains(&days) {
        return Err(Refusal::BadInput("days"));
    }
    let fact = PassExtended {
        id: desk.fact_id(),
        member: pass.member,
        pass: pass.id,
        at_ms: desk.now_ms,
        days,
        private: None,
        approved_by: None,
    };
    Ok(Decided { fact: Fact::PassExtended(fact), private: Some(reason(because)?) })
}

/// Ends a pass, from today on or from a later day.
///
/// # Errors
/// [`Refusal::PassOver`], [`Refusal::BadInput`] for a day that is over, no reason, or a refund
/// that is no amount.
pub fn cancel_pass(
    desk: &mut Desk<'_>,
    pass: &PassOnFile,
    on: Option<Day>,
    refund_minor: i64,
    because: &str,
) -> Result<Decided, Refusal> {
    let today = desk.today();
    pass.running(today)?;
    if !(0..=MAX_AMOUNT).contains(&refund_minor) {
        return Err(Refusal::BadInput("refund"));
    }
    let fact = PassCancelled {
        id: desk.fact_id(),
        member: pass.member,
        pass: pass.id,
        at_ms: desk.now_ms,
        on: ahead(desk, on.unwrap_or(today))?,
        refund_minor,
        private: None,
        approved_by: None,
    };
    Ok(Decided { fact: Fact::PassCancelled(fact), private: Some(reason(because)?) })
}
