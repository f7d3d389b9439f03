//! A rule by which points are given: the owner's, as data.

use std::collections::BTreeMap;

use punchcard_protocol::{RecordId, StoreId};
use serde::{Deserialize, Serialize};

use super::{condition::Condition, expiry::Expires, hours::Hours};
use crate::{
    records::{Rounding, check_name},
    refusal::Refusal,
    time::Day,
};

/// Rules that one business may have.
pub const MAX_RULES: usize = 500;
/// Lines of a sale that rules look at.
pub const MAX_LINES: usize = 500;
/// Entries in each list of a rule.
const MAX_LISTED: usize = 500;
/// The most that one rule gives for one thing.
const MAX_POINTS: i64 = 1_000_000_000;

/// A rule. The newest version of each is in force on the days from `from` to `until`.
///
/// Everything that is not said does not matter to it: a rule without weekdays holds on all of
/// them. What several fields say must all be so.
#[expect(clippy::struct_excessive_bools, reason = "a rule is a form with boxes to tick")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarnRule {
    /// Id.
    pub id: RecordId,
    /// From 1, one more with each change: what a fact names beside the id.
    pub version: u32,
    /// Name.
    pub name: String,
    /// In use.
    pub active: bool,
    /// What points are given for.
    pub per: Per,
    /// How many points: for each step of money, each piece, each visit, or once.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub points: i64,
    /// Where points are given per amount: for each so many minor units of money.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub each_minor: i64,
    /// Only whole steps of `each_minor` count.
    #[serde(default, skip_serializing_if = "is_false")]
    pub whole_steps: bool,
    /// Where other rules' points are multiplied: by so many percent, from 100.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub percent: i64,
    /// Multiplies what earlier multipliers gave as well.
    #[serde(default, skip_serializing_if = "is_false")]
    pub compounds: bool,
    /// Where streaks count: so many days or weeks in a row.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub count: i64,
    /// A streak gives again each time it has grown by `count`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub repeats: bool,
    /// The multiplier of the member's tier applies.
    #[serde(default, skip_serializing_if = "is_false")]
    pub tier_times: bool,
    /// What becomes of a fraction of a point; none: as the house rules say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rounding: Option<Rounding>,
    /// First business day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Day>,
    /// Last business day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Day>,
    /// On these weekdays: 1 is Monday, 7 is Sunday.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weekdays: Vec<u32>,
    /// Between these hours; over midnight where the end comes before the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
    /// In these stores.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stores: Vec<StoreId>,
    /// For members of these tiers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<RecordId>,
    /// Only lines of these categories.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// Only lines of these items.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<String>,
    /// No line of these categories.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_categories: Vec<String>,
    /// Only where the money that counts is at least so much, in minor units.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub min_amount_minor: i64,
    /// Of the money that counts, at most so much, in minor units; 0: all.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub max_amount_minor: i64,
    /// Only around the member's birthday.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birthday: Option<Birthday>,
    /// A condition in CEL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// The most that it gives to one member.
    #[serde(default, skip_serializing_if = "Caps::is_none")]
    pub caps: Caps,
    /// Higher ones go first.
    #[serde(default, skip_serializing_if = "is_zero_i32")]
    pub priority: i32,
    /// Where it gives something, no rule after it does; a multiplier: no multiplier after it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub stops: bool,
    /// Of the rules with the same word here only the one that gives most counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best_of: Option<String>,
    /// Its points can be used after so many days.
    #[serde(default, skip_serializing_if = "is_zero_u32")]
    pub pending_days: u32,
    /// When its points run out; none: as the house rules say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Expires>,
    /// What a newer program wrote and this one does not know. Such a rule gives nothing here:
    /// half a rule could give too much.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, serde_json::Value>,
}

/// What points are given for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Per {
    /// Money paid.
    Amount,
    /// A sale, whatever it comes to.
    Sale,
    /// Each piece on a line that fits.
    Item,
    /// A visit that counts.
    Visit,
    /// The first visit.
    FirstVisit,
    /// Visits on so many days in a row.
    StreakDays,
    /// Visits in so many weeks in a row.
    StreakWeeks,
    /// Nothing by itself: multiplies what is given for money, sales, pieces and visits.
    Multiply,
    /// Money loaded onto the member's account: for each step, or once where there is none.
    TopUp,
    /// The first sale or visit of somebody who was sent by another member.
    Referred,
    /// Somebody whom this member sent came for the first time.
    Refers,
    /// Nothing: bounds what all rules together give, by its caps.
    Limit,
    /// What this build does not know.
    #[serde(other)]
    Unknown,
}

impl Per {
    /// It can be multiplied.
    pub fn is_base(self) -> bool {
        matches!(self, Self::Amount | Self::Sale | Self::Item | Self::Visit)
    }
}

/// How near to the birthday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Birthday {
    /// On the day.
    Day,
    /// On the day, and three days before and after.
    Week,
    /// In the month.
    Month,
}

/// The most that a rule gives to one member, in points; and how often. None: no bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Caps {
    /// For one thing that happens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub once: Option<i64>,
    /// In one business day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub day: Option<i64>,
    /// In one calendar month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub month: Option<i64>,
    /// In one calendar year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub year: Option<i64>,
    /// Ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub ever: Option<i64>,
    /// So often in one business day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub times_day: Option<i64>,
    /// So often in one calendar month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub times_month: Option<i64>,
    /// So often in one calendar year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub times_year: Option<i64>,
    /// So often, ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub times_ever: Option<i64>,
}

impl Caps {
    /// Nothing is bounded.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    fn all(&self) -> [Option<i64>; 9] {
        [
            self.once,
            self.day,
            self.month,
            self.year,
            self.ever,
            self.times_day,
            self.times_month,
            self.times_year,
            self.times_ever,
        ]
    }

    fn counts_times(&self) -> bool {
        [self.times_day, self.times_month, self.times_year, self.times_ever]
            .iter()
            .any(Option::is_some)
    }
}

impl EarnRule {
    /// A rule with nothing but what it must have.
    pub fn new(id: RecordId, name: &str, per: Per) -> Self {
        Self {
            id,
            version: 1,
            name: name.to_owned(),
            active: true,
            per,
            points: 0,
            each_minor: 0,
            whole_steps: false,
            percent: 0,
            compounds: false,
            count: 0,
            repeats: false,
            tier_times: false,
            rounding: None,
            from: None,
            until: None,
            weekdays: Vec::new(),
            hours: None,
            stores: Vec::new(),
            tiers: Vec::new(),
            categories: Vec::new(),
            items: Vec::new(),
            not_categories: Vec::new(),
            min_amount_minor: 0,
            max_amount_minor: 0,
            birthday: None,
            condition: None,
            caps: Caps::default(),
            priority: 0,
            stops: false,
            best_of: None,
            pending_days: 0,
            expires: None,
            unknown: BTreeMap::new(),
        }
    }

    /// A rule that can be worked with, its condition among the rest.
    ///
    /// # Errors
    /// A [`Refusal`] that names the field, or says what is wrong with the condition.
    pub fn check(&self) -> Result<(), Refusal> {
        self.check_shape()?;
        if let Some(field) = self.unknown.keys().next() {
            return Err(Refusal::UnknownField(field.chars().take(60).collect()));
        }
        if self.per == Per::Unknown {
            return Err(Refusal::BadInput("per"));
        }
        if let Some(condition) = &self.condition {
            Condition::read(condition)
                .map_err(|trouble| Refusal::BadCondition { rule: self.name.clone(), trouble })?;
        }
        Ok(())
    }

    /// Whether its numbers and lists are such as the owner could have set: what is looked at when
    /// a fact comes from elsewhere. What this build does not know is not looked at.
    ///
    /// # Errors
    /// A [`Refusal`] that names the field.
    pub fn check_shape(&self) -> Result<(), Refusal> {
        check_name(&self.name)?;
        let amount = |amount: i64| (0..=1_000_000_000_000).contains(&amount);
        let listed = [&self.categories, &self.items, &self.not_categories];
        let short = |texts: &&Vec<String>| {
            texts.len() <= MAX_LISTED && texts.iter().all(|text| text.chars().count() <= 80)
        };
        let checks = [
            ("version", self.version >= 1),
            ("points", (0..=MAX_POINTS).contains(&self.points)),
            ("each_minor", amount(self.each_minor)),
            ("min_amount_minor", amount(self.min_amount_minor)),
            ("max_amount_minor", amount(self.max_amount_minor)),
            ("percent", self.percent == 0 || (100..=10_000).contains(&self.percent)),
            ("count", (0..=1000).contains(&self.count)),
            ("weekdays", self.weekdays.iter().all(|day| (1..=7).contains(day))),
            ("weekdays", self.weekdays.len() <= 7),
            ("from", self.from.is_none_or(|from| self.until.is_none_or(|until| from <= until))),
            ("stores", self.stores.len() <= MAX_LISTED),
            ("tiers", self.tiers.len() <= MAX_LISTED),
            ("categories", listed.iter().all(short)),
            ("condition", self.condition.as_ref().is_none_or(|text| text.len() <= 1 << 16)),
            ("caps", self.caps.all().iter().flatten().all(|cap| (0..=MAX_POINTS).contains(cap))),
            ("priority", (-1_000_000..=1_000_000).contains(&self.priority)),
            ("pending_days", self.pending_days <= 3660),
            ("best_of", self.best_of.as_ref().is_none_or(|word| word.chars().count() <= 80)),
            ("stops", !(self.stops && self.best_of.is_some())),
            ("expires", self.expires.is_none_or(Expires::is_sound)),
        ];
        match checks.into_iter().find(|(_, holds)| !holds) {
            Some((field, _)) => Err(Refusal::BadInput(field)),
            None => self.check_per(),
        }
    }

    /// Whether what it is for has the numbers that it needs.
    fn check_per(&self) -> Result<(), Refusal> {
        let needs = match self.per {
            Per::Amount => ("each_minor", self.each_minor > 0 && self.points > 0),
            Per::Multiply => ("percent", self.percent >= 100 && self.points == 0),
            Per::StreakDays | Per::StreakWeeks => ("count", self.count > 0 && self.points > 0),
            Per::Limit => ("caps", !self.caps.is_none() && !self.caps.counts_times()),
            Per::Unknown => ("per", true),
            _ => ("points", self.points > 0),
        };
        if needs.1 { Ok(()) } else { Err(Refusal::BadInput(needs.0)) }
    }

    /// Whether it looks at single lines.
    pub fn by_line(&self) -> bool {
        self.per == Per::Item
            || !(self.categories.is_empty()
                && self.items.is_empty()
                && self.not_categories.is_empty())
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde calls it with")]
fn is_zero(value: &i64) -> bool {
    *value == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde calls it with")]
fn is_zero_i32(value: &i32) -> bool {
    *value == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde calls it with")]
fn is_zero_u32(value: &u32) -> bool {
    *value == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde calls it with")]
fn is_false(value: &bool) -> bool {
    !*value
}
