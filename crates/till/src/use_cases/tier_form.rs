//! A tier on a form: how it is reached and kept, and what it is good for.

use punchcard_domain::{
    earning::hours::Hours,
    fact::Fact,
    records::{Tier, check_name},
    staff::Permission,
    tiers::{By, Ladder, Over, Privileges},
};
use serde::{Deserialize, Serialize};

use super::{actor::Actor, owner, rule_form};
use crate::{
    error::{Error, Result},
    store::records,
    till::Till,
    work::Work,
};

/// A tier, as the settings page sends and gets it: all of it, with nothing left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct TierInput {
    /// Id; none: a new one.
    pub id: Option<String>,
    /// Name.
    pub name: String,
    /// Points are multiplied by this, in percent.
    pub multiplier_percent: i64,
    /// How it is reached and kept; none: only a person gives it.
    pub ladder: Option<LadderInput>,
    /// They pay so many percent of the price; none: the price.
    pub price_percent: Option<i64>,
    /// From this time of day, `HH:MM`, they may come in on any day, whatever their pass says; empty,
    /// and so is the other: as their pass says.
    pub hours_from: String,
    /// To this one.
    pub hours_to: String,
    /// Guests in a calendar month, beside those of their pass.
    pub guests: Option<i64>,
    /// Visits in a calendar month where no pass lets them in.
    pub free_visits_month: Option<i64>,
}

/// How a tier is reached and kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct LadderInput {
    /// What is counted.
    pub by: By,
    /// Over which time.
    pub over: Period,
    /// So many days or months, where it is rolling.
    pub count: u32,
    /// So much reaches it: points, minor units of money, or visits.
    pub entry: i64,
    /// So much keeps it; none: as much as reaches it.
    pub keep: Option<i64>,
    /// It is kept for so many days more.
    pub grace_days: u32,
    /// It is lost one tier at a time.
    pub one_at_a_time: bool,
}

/// Over which time is counted; [`Over`] without its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Period {
    /// The last so many days.
    RollingDays,
    /// The last so many months.
    RollingMonths,
    /// A calendar month.
    Month,
    /// A calendar quarter.
    Quarter,
    /// A calendar year.
    Year,
}

impl Till {
    /// Tiers as the form shows them, the lowest multiplier first.
    ///
    /// # Errors
    /// Those of the store.
    pub fn tier_list(&self) -> Result<Vec<TierInput>> {
        Ok(self.read(records::tiers)?.into_iter().map(shown).collect())
    }

    /// Sets a tier. Who has it follows from what members did, at once and everywhere.
    ///
    /// # Errors
    /// `approval_needed`, `name_missing`, `bad_input` (with `tier_name` where another one is called
    /// that).
    pub fn save_tier(&self, actor: &Actor, input: TierInput) -> Result<Vec<TierInput>> {
        let actor = actor.clone();
        self.write(move |work| {
            actor.require(Permission::EditSettings)?;
            let tier = filled_in(work, &input)?;
            tier.check()?;
            owner::set(work, &actor, tier, Fact::TierSet)
        })?;
        self.tier_list()
    }
}

fn filled_in(work: &Work<'_>, input: &TierInput) -> Result<Tier> {
    let id = owner::record_id(work, input.id.as_deref())?;
    let known = records::tiers(work.db)?;
    if input.id.is_some() && !known.iter().any(|tier| tier.id == id) {
        return Err(Error::bad_input("tier", "there is no such tier"));
    }
    // As another system may have called it, where it is still called that.
    let same = known.iter().find(|tier| tier.id == id && tier.name == input.name);
    let name = same.map_or_else(|| check_name(&input.name), |tier| Ok(tier.name.clone()))?;
    if known.iter().any(|tier| tier.id != id && tier.name == name) {
        return Err(Error::bad_input("tier_name", "another tier is called that"));
    }
    let privileges = Privileges {
        price_percent: input.price_percent,
        hours: rule_form::hours(&input.hours_from, &input.hours_to)?,
        guests: input.guests,
        free_visits_month: input.free_visits_month,
    };
    Ok(Tier {
        id,
        name,
        multiplier_percent: input.multiplier_percent,
        ladder: input.ladder.map(Ladder::from),
        privileges: (privileges != Privileges::default()).then_some(privileges),
    })
}

impl From<LadderInput> for Ladder {
    fn from(input: LadderInput) -> Self {
        let LadderInput { by, over, count, entry, keep, grace_days, one_at_a_time } = input;
        let over = match over {
            Period::RollingDays => Over::RollingDays(count),
            Period::RollingMonths => Over::RollingMonths(count),
            Period::Month => Over::Month,
            Period::Quarter => Over::Quarter,
            Period::Year => Over::Year,
        };
        Self { by, over, entry, keep, grace_days, one_at_a_time }
    }
}

impl From<Ladder> for LadderInput {
    fn from(ladder: Ladder) -> Self {
        let Ladder { by, over, entry, keep, grace_days, one_at_a_time } = ladder;
        let (over, count) = match over {
            Over::RollingDays(count) => (Period::RollingDays, count),
            Over::RollingMonths(count) => (Period::RollingMonths, count),
            Over::Month => (Period::Month, 0),
            Over::Quarter => (Period::Quarter, 0),
            Over::Year => (Period::Year, 0),
        };
        Self { by, over, count, entry, keep, grace_days, one_at_a_time }
    }
}

fn shown(tier: Tier) -> TierInput {
    let Privileges { price_percent, hours, guests, free_visits_month } =
        tier.privileges.unwrap_or_default();
    let minute = |of: fn(Hours) -> String| hours.map(of).unwrap_or_default();
    TierInput {
        id: Some(tier.id.to_string()),
        name: tier.name,
        multiplier_percent: tier.multiplier_percent,
        ladder: tier.ladder.map(LadderInput::from),
        price_percent,
        hours_from: minute(|hours| hours.from.to_string()),
        hours_to: minute(|hours| hours.to.to_string()),
        guests,
        free_visits_month,
    }
}
