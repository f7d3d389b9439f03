//! Do a fact's parts follow from the rules that it names? Asked afterwards, by somebody who knows
//! the rules and the fact, but not what the desk knew of the member that day: so a condition, a
//! tier, a birthday, a row of visits and what a cap left are taken on trust, and everything else
//! is worked out again. A desk can give less than this, never more.

use super::{
    Part,
    applies::{fits_event, in_use},
    event::{Event, History, Known, What},
    hours::{self, Held},
    rule::{EarnRule, Per},
    worth::{self, Worth, counted},
};
use crate::{records::Rounding, time::StoreDays};
use punchcard_protocol::StoreId;

/// What is known of a fact that gave points by rules.
#[derive(Debug, Clone)]
pub struct Claim<'a> {
    /// What each rule gave, as it says.
    pub parts: &'a [Part],
    /// What happened.
    pub what: What,
    /// When: Unix ms.
    pub at_ms: i64,
    /// Where.
    pub store: StoreId,
    /// How that store counts days; none: nobody knows it here.
    pub days: Option<StoreDays>,
    /// The multiplier of the member's tier in percent, as the fact says, or the highest there is.
    pub multiplier_percent: i64,
}

/// The most that the named versions can have given for it; none: a part names no version that was
/// ever set, or one that was not in use then, or is named twice.
pub fn most(claim: &Claim<'_>, rules: &[EarnRule]) -> Option<Vec<i64>> {
    let event = event(claim);
    let mut named = Vec::new();
    for part in claim.parts {
        let is_it = |rule: &&EarnRule| (rule.id, rule.version) == (part.rule, part.version);
        let rule = rules.iter().find(is_it)?;
        if named.iter().any(|other: &&EarnRule| other.id == rule.id) {
            return None;
        }
        named.push(rule);
    }
    named.iter().map(|rule| most_of(rule, &named, claim, &event)).collect()
}

fn event(claim: &Claim<'_>) -> Event {
    Event {
        what: claim.what.clone(),
        at_ms: claim.at_ms,
        store: claim.store,
        store_name: String::new(),
        days: claim.days.unwrap_or(StoreDays { zone: chrono_tz::UTC, day_start_hour: 0 }),
        member: Known {
            multiplier_percent: claim.multiplier_percent,
            referred: true,
            ..Known::default()
        },
        history: History::default(),
    }
}

fn most_of(rule: &EarnRule, named: &[&EarnRule], claim: &Claim<'_>, event: &Event) -> Option<i64> {
    if claim.days.is_some() {
        in_use(rule, event.today()).ok()?;
        let held = hours::holds(event.at_ms, event.days, rule.hours, &rule.weekdays);
        (held == Held::Yes).then_some(())?;
    }
    let streak = matches!(rule.per, Per::StreakDays | Per::StreakWeeks);
    if streak {
        event.is_visit().then_some(())?;
    } else {
        fits_event(rule, event).ok()?;
    }
    (rule.stores.is_empty() || rule.stores.contains(&claim.store)).then_some(())?;
    (counted(rule, None, event).minor >= rule.min_amount_minor).then_some(())?;
    let worth = match rule.per {
        Per::Multiply => {
            let mut whole = Worth::NONE;
            for base in named.iter().filter(|base| base.per.is_base()) {
                whole = whole.plus(worth::of(base, Some(rule), event)?)?;
            }
            if rule.compounds {
                let others = claim
                    .parts
                    .iter()
                    .zip(named)
                    .filter(|(_, other)| other.per == Per::Multiply && other.id != rule.id);
                for (part, _) in others {
                    whole = whole.plus(Worth::whole(part.points))?;
                }
            }
            whole.percent(rule.percent - 100)?
        }
        _ => worth::of(rule, None, event)?,
    };
    // Nobody here knows how the house rounded that day: up is the most.
    let most = worth.round(rule.rounding.unwrap_or(Rounding::Up))?;
    Some(rule.caps.once.map_or(most, |once| most.min(once)))
}
