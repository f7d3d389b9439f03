//! The owner's rules for points on a form. It shows the common fields; the till keeps the rest of
//! a rule as it was, so that an edit loses nothing.

use punchcard_domain::{
    earning::{
        hours::Hours,
        rule::{Birthday, EarnRule, MAX_RULES, Per},
    },
    fact::Fact,
    records::check_name,
    staff::Permission,
    time::Day,
};
use punchcard_protocol::RecordId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{actor::Actor, owner};
use crate::{
    error::{Error, Result},
    till::Till,
    work::Work,
};

/// The fields of a rule that the form shows, or that say which rule it is.
const SHOWN: [&str; 20] = [
    "id",
    "version",
    "name",
    "active",
    "per",
    "points",
    "each_minor",
    "percent",
    "count",
    "from",
    "until",
    "weekdays",
    "hours",
    "tiers",
    "categories",
    "items",
    "birthday",
    "condition",
    "caps",
    "priority",
];
/// The caps that it shows.
const SHOWN_CAPS: [&str; 2] = ["day", "month"];

/// A rule for points, as the settings page sends and gets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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
    /// Multiplied by so many percent.
    pub percent: i64,
    /// So many days or weeks in a row.
    pub count: i64,
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
    /// Ids of tiers; none: for all.
    pub tiers: Vec<String>,
    /// Only lines of these categories.
    pub categories: Vec<String>,
    /// Only lines of these items.
    pub items: Vec<String>,
    /// At most so many points for one member in a day.
    pub cap_day: Option<i64>,
    /// In a month.
    pub cap_month: Option<i64>,
    /// Higher ones go first.
    pub priority: i32,
    /// A condition in CEL; empty: none.
    pub condition: String,
    /// What else the rule says, by the names of docs/rules/README.md: kept as it is. Told by the
    /// till; what is sent here is not looked at.
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

    /// Sets a rule for points. What the form does not show stays as it was.
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
    rule.tiers = ids(&input.tiers)?;
    rule.caps.day = input.cap_day;
    rule.caps.month = input.cap_month;
    let condition = input.condition.trim();
    rule.condition = (!condition.is_empty()).then(|| condition.to_owned());
    Ok(EarnRule {
        name,
        active: input.active,
        per: input.per,
        points: input.points,
        each_minor: input.each_minor,
        percent: input.percent,
        count: input.count,
        from: input.from,
        until: input.until,
        weekdays: input.weekdays,
        birthday: input.birthday,
        categories: input.categories,
        items: input.items,
        priority: input.priority,
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

fn ids(texts: &[String]) -> Result<Vec<RecordId>> {
    let read = |text: &String| {
        text.parse().map_err(|_| Error::bad_input("tiers", "there is no such tier"))
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
        percent: rule.percent,
        count: rule.count,
        from: rule.from,
        until: rule.until,
        weekdays: rule.weekdays.clone(),
        hours_from: minute(|hours| hours.from.to_string()),
        hours_to: minute(|hours| hours.to.to_string()),
        birthday: rule.birthday,
        tiers: rule.tiers.iter().map(ToString::to_string).collect(),
        categories: rule.categories.clone(),
        items: rule.items.clone(),
        cap_day: rule.caps.day,
        cap_month: rule.caps.month,
        priority: rule.priority,
        condition: rule.condition.clone().unwrap_or_default(),
        kept: kept(rule),
    }
}

/// The names of what a rule says and the form does not show.
fn kept(rule: &EarnRule) -> Vec<String> {
    let Ok(Value::Object(fields)) = serde_json::to_value(rule) else { return Vec::new() };
    let caps = fields.get("caps").and_then(Value::as_object).map(|caps| caps.keys());
    let more_caps = caps.into_iter().flatten().any(|cap| !SHOWN_CAPS.contains(&cap.as_str()));
    let fields = fields.keys().filter(|name| !SHOWN.contains(&name.as_str())).cloned();
    fields.chain(more_caps.then(|| "caps".to_owned())).collect()
}
