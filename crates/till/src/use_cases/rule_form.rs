//! The owner's rules for points on a form, with all that a rule may say.

use punchcard_domain::{
    earning::{
        expiry::Expires,
        hours::Hours,
        rule::{Birthday, Caps, EarnRule, MAX_RULES, Per},
    },
    fact::Fact,
    records::{Rounding, check_name},
    staff::Permission,
    time::Day,
};
use punchcard_protocol::{RecordId, StoreId};
use serde::{Deserialize, Serialize};

use super::{actor::Actor, owner};
use crate::{
    error::{Error, Result},
    till::Till,
    work::Work,
};

/// A rule for points, as the settings page sends and gets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "a form with boxes to tick")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct EarnRuleInput {
    /// Id; none: a new one.
    pub id: Option<String>,
    /// The version that was looked at; 0: a new rule.
    pub version: u32,
    /// Name.
    pub name: String,
    /// In use.
    pub active: bool,
    /// What points are given for.
    pub per: Per,
    /// How many.
    pub points: i64,
    /// For each so many minor units of money.
    pub each_minor: i64,
    /// Only whole steps of that count.
    pub whole_steps: bool,
    /// Multiplied by so many percent.
    pub percent: i64,
    /// What earlier multipliers gave is multiplied as well.
    pub compounds: bool,
    /// So many days or weeks in a row.
    pub count: i64,
    /// Again each time that the row has grown by as many.
    pub repeats: bool,
    /// The multiplier of the member's tier applies.
    pub tier_times: bool,
    /// What becomes of a fraction of a point; none: as the house rules say.
    pub rounding: Option<Rounding>,
    /// First business day.
    pub from: Option<Day>,
    /// Last business day.
    pub until: Option<Day>,
    /// On these weekdays, 1 is Monday; none: on all.
    pub weekdays: Vec<u32>,
    /// From this time of day, `HH:MM`; empty, and so is the other: at all hours.
    pub hours_from: String,
    /// To this one.
    pub hours_to: String,
    /// Around the birthday.
    pub birthday: Option<Birthday>,
    /// Ids of stores; none: in all.
    pub stores: Vec<String>,
    /// Ids of tiers; none: for all.
    pub tiers: Vec<String>,
    /// Only lines of these categories.
    pub categories: Vec<String>,
    /// Only lines of these items.
    pub items: Vec<String>,
    /// No line of these categories.
    pub not_categories: Vec<String>,
    /// Only where the money that counts is at least so much, in minor units.
    pub min_amount_minor: i64,
    /// Of the money that counts, at most so much, in minor units; 0: all.
    pub max_amount_minor: i64,
    /// The most for one member.
    pub caps: Caps,
    /// Higher ones go first.
    pub priority: i32,
    /// Where it gives something, no rule after it does.
    pub stops: bool,
    /// Of the rules with the same word here only the one that gives most counts; empty: none.
    pub best_of: String,
    /// Its points can be used after so many days.
    pub pending_days: u32,
    /// When its points run out; none: as the house rules say.
    pub expires: Option<Expires>,
    /// A condition in CEL; empty: none.
    pub condition: String,
    /// What a newer program wrote, by its names: nothing here changes such a rule. Told by the till;
    /// what is sent here is not looked at.
    #[serde(default)]
    pub kept: Vec<String>,
}

impl Till {
    /// The owner's rules for points as the form shows them, in the order in which they are asked.
    ///
    /// # Errors
    /// Those of the store.
    pub fn earn_rule_list(&self) -> Result<Vec<EarnRuleInput>> {
        Ok(self.earn_rules()?.iter().map(shown).collect())
    }

    /// Sets a rule for points.
    ///
    /// # Errors
    /// `approval_needed`, `bad_input` (with `rule_version` where the rule was changed since it was
    /// looked at, `rule_name` where another one is called that), `bad_condition`, `unknown_field`,
    /// `name_missing`.
    pub fn save_earn_rule(
        &self,
        actor: &Actor,
        input: EarnRuleInput,
    ) -> Result<Vec<EarnRuleInput>> {
        let actor = actor.clone();
        self.write(move |work| {
            actor.require(Permission::EditSettings)?;
            let rule = filled_in(work, input)?;
            rule.check()?;
            owner::set(work, &actor, rule, Fact::EarnRuleSet)
        })?;
        self.earn_rule_list()
    }
}

/// The rule as it stood, with what the form says in its place.
fn filled_in(work: &Work<'_>, input: EarnRuleInput) -> Result<EarnRule> {
    let name = check_name(&input.name)?;
    let id = owner::record_id(work, input.id.as_deref())?;
    let mut rule = match &input.id {
        Some(_) => next_version(work, id, input.version)?,
        None => a_new_one(work, id, &name, input.per)?,
    };
    let mut others = work.house.book.rules().filter(|other| other.id != id);
    if others.any(|other| other.name == name) {
        return Err(Error::bad_input("rule_name", "another rule is called that"));
    }
    rule.hours = hours(&input.hours_from, &input.hours_to)?;
    rule.tiers = ids(&input.tiers, "tiers")?;
    rule.stores = ids(&input.stores, "stores")?;
    rule.condition = said(&input.condition);
    rule.best_of = said(&input.best_of);
    Ok(EarnRule {
        name,
        active: input.active,
        per: input.per,
        points: input.points,
        each_minor: input.each_minor,
        whole_steps: input.whole_steps,
        percent: input.percent,
        compounds: input.compounds,
        count: input.count,
        repeats: input.repeats,
        tier_times: input.tier_times,
        rounding: input.rounding,
        from: input.from,
        until: input.until,
        weekdays: input.weekdays,
        birthday: input.birthday,
        categories: input.categories,
        items: input.items,
        not_categories: input.not_categories,
        min_amount_minor: input.min_amount_minor,
        max_amount_minor: input.max_amount_minor,
        caps: input.caps,
        priority: input.priority,
        stops: input.stops,
        pending_days: input.pending_days,
        expires: input.expires,
        ..rule
    })
}

fn next_version(work: &Work<'_>, id: RecordId, seen: u32) -> Result<EarnRule> {
    let before = work.house.book.rules().find(|rule| rule.id == id);
    let mut rule = before.cloned().ok_or(Error::bad_input("rule", "there is no such rule"))?;
    if rule.version != seen {
        return Err(Error::bad_input("rule_version", "the rule was changed since it was opened"));
    }
    rule.version = rule.version.saturating_add(1);
    Ok(rule)
}

fn a_new_one(work: &Work<'_>, id: RecordId, name: &str, per: Per) -> Result<EarnRule> {
    if work.house.book.rules().count() >= MAX_RULES {
        return Err(Error::bad_input("rules", format!("at most {MAX_RULES} rules are kept")));
    }
    Ok(EarnRule::new(id, name, per))
}

/// Both, or none.
pub(super) fn hours(from: &str, to: &str) -> Result<Option<Hours>> {
    let (from, to) = (from.trim(), to.trim());
    if from.is_empty() && to.is_empty() {
        return Ok(None);
    }
    let minute = |text: &str| {
        text.parse().map_err(|error| Error::bad_input("rule_hours", format!("{error}")))
    };
    Ok(Some(Hours { from: minute(from)?, to: minute(to)? }))
}

/// What stands in a box that may be empty.
fn said(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn ids<Id: std::str::FromStr>(texts: &[String], field: &'static str) -> Result<Vec<Id>> {
    let read = |text: &String| {
        text.parse().map_err(|_| Error::bad_input(field, "there is nothing with that id"))
    };
    texts.iter().map(read).collect()
}

fn shown(rule: &EarnRule) -> EarnRuleInput {
    let minute = |of: fn(Hours) -> String| rule.hours.map(of).unwrap_or_default();
    EarnRuleInput {
        id: Some(rule.id.to_string()),
        version: rule.version,
        name: rule.name.clone(),
        active: rule.active,
        per: rule.per,
        points: rule.points,
        each_minor: rule.each_minor,
        whole_steps: rule.whole_steps,
        percent: rule.percent,
        compounds: rule.compounds,
        count: rule.count,
        repeats: rule.repeats,
        tier_times: rule.tier_times,
        rounding: rule.rounding,
        from: rule.from,
        until: rule.until,
        weekdays: rule.weekdays.clone(),
        hours_from: minute(|hours| hours.from.to_string()),
        hours_to: minute(|hours| hours.to.to_string()),
        birthday: rule.birthday,
        stores: rule.stores.iter().map(StoreId::to_string).collect(),
        tiers: rule.tiers.iter().map(RecordId::to_string).collect(),
        categories: rule.categories.clone(),
        items: rule.items.clone(),
        not_categories: rule.not_categories.clone(),
        min_amount_minor: rule.min_amount_minor,
        max_amount_minor: rule.max_amount_minor,
        caps: rule.caps,
        priority: rule.priority,
        stops: rule.stops,
        best_of: rule.best_of.clone().unwrap_or_default(),
        pending_days: rule.pending_days,
        expires: rule.expires,
        condition: rule.condition.clone().unwrap_or_default(),
        kept: rule.unknown.keys().cloned().collect(),
    }
}
