//! What the owner sets up: the business, its stores, tiers, rewards, kinds of pass, staff, rules.
//! Each is a whole record; the latest, by stamp, is in force.

use std::collections::BTreeMap;

use punchcard_protocol::{RecordId, StaffId, StoreId};
use serde::{Deserialize, Serialize};

use crate::{
    alerts::Alerts,
    custom::{CustomField, check_fields},
    numbering::CardNumbers,
    refusal::Refusal,
    rewards::RewardTerms,
    staff::Role,
    terms::{Length, Start, Terms, Unit},
    text::one_line,
    tiers::{Ladder, Privileges},
    time::{Day, StoreDays},
};

/// How old somebody is who is of age, in years, unless the owner says otherwise.
pub const ADULT_YEARS: u32 = 18;
/// The longest name of anything, in characters.
pub const MAX_NAME_CHARS: usize = 80;

/// The business: one hub database, one business.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Business {
    /// Name.
    pub name: String,
    /// ISO 4217.
    pub currency: String,
    /// Digits of the minor unit.
    pub currency_digits: u32,
    /// ISO 3166: how phones without a country are read.
    pub country: String,
}

/// A branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Store {
    /// Id.
    pub id: StoreId,
    /// Name.
    pub name: String,
    /// IANA name.
    pub time_zone: String,
    /// The business day begins at this hour, 0 to 12.
    pub day_start_hour: u32,
}

impl Store {
    /// How this store counts days. A zone that this build does not know counts as UTC.
    pub fn days(&self) -> StoreDays {
        StoreDays {
            zone: self.time_zone.parse().unwrap_or(chrono_tz::UTC),
            day_start_hour: self.day_start_hour,
        }
    }
}

/// The house rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rules {
    /// Points for each whole unit of currency.
    pub points_per_unit: i64,
    /// Points for a visit that counts.
    pub points_per_visit: i64,
    /// What becomes of a fraction of a point.
    pub rounding: Rounding,
    /// Points can be used for so many months, to the end of the last day; none: for ever.
    pub points_expire_months: Option<u32>,
    /// A second check-in within so many hours is not counted.
    pub seen_again_hours: u32,
    /// Warn so many days before a pass ends.
    pub expires_soon_days: u32,
    /// Warn when so many visits are left on a pack, or fewer.
    pub few_visits: i64,
    /// Nobody is let in without a pass.
    pub pass_required: bool,
    /// Points that may be redeemed on trust, at most, for one member.
    pub trust_limit: i64,
    /// Where value rests that nobody has touched for a day: so many percent with the member's home
    /// till, for when the line is down, the remainder in the pool, to be drawn from anywhere.
    pub rest_percent: i64,
    /// A redemption of more points than this asks for the member's own code; none: none does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_above: Option<i64>,
    /// A redemption of more points than this needs a manager's leave; none: only that of a reward
    /// which says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval_above: Option<i64>,
    /// Seconds in which one may take back one's own last action without a manager.
    pub undo_secs: u32,
    /// What a desk says of whoever stands before it, and how loudly.
    #[serde(skip_serializing_if = "Alerts::is_usual")]
    pub alerts: Alerts,
    /// The owner's own fields on members' files.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub custom_fields: Vec<CustomField>,
    /// Whoever is younger than so many years is a minor; 0: nobody is.
    #[serde(skip_serializing_if = "is_usual_age")]
    pub age_of_majority: u32,
    /// A minor's waiver is signed by who answers for them, and not by the minor.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub guardian_signs: bool,
    /// How new cards are numbered; none: they are printed elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card_numbers: Option<CardNumbers>,
    /// What a newer program wrote and this one does not know: whoever sets another rule here shall not
    /// put it out of force.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, serde_json::Value>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_usual_age(years: &u32) -> bool {
    *years == ADULT_YEARS
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            points_per_unit: 1,
            points_per_visit: 5,
            rounding: Rounding::Down,
            points_expire_months: Some(24),
            seen_again_hours: 6,
            expires_soon_days: 14,
            few_visits: 2,
            pass_required: true,
            trust_limit: 0,
            rest_percent: 50,
            code_above: None,
            approval_above: None,
            undo_secs: 10,
            alerts: Alerts::default(),
            custom_fields: Vec::new(),
            age_of_majority: ADULT_YEARS,
            guardian_signs: false,
            card_numbers: None,
            unknown: BTreeMap::new(),
        }
    }
}

/// What becomes of a fraction of a point.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Rounding {
    /// Dropped (抹零).
    #[default]
    Down,
    /// Half and more counts as one (四舍五入).
    HalfUp,
    /// Any fraction counts as one.
    Up,
}

/// A tier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tier {
    /// Id.
    pub id: RecordId,
    /// Name.
    pub name: String,
    /// Points are multiplied by this, in percent.
    pub multiplier_percent: i64,
    /// How it is reached and kept; none: only a person sets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ladder: Option<Ladder>,
    /// What it is good for, beside the multiplier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privileges: Option<Privileges>,
}

/// What points buy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reward {
    /// Id.
    pub id: RecordId,
    /// Name.
    pub name: String,
    /// Points; 0: the cashier chooses how many.
    pub cost: i64,
    /// Where the cashier chooses: money off for one point, in minor units.
    #[serde(default)]
    pub minor_per_point: i64,
    /// On offer.
    pub active: bool,
    /// What it asks for besides.
    #[serde(default, skip_serializing_if = "RewardTerms::is_plain")]
    pub terms: RewardTerms,
}

/// A kind of pass on offer: for a term, for a number of visits, or both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassType {
    /// Id.
    pub id: RecordId,
    /// Name.
    pub name: String,
    /// Days it lasts, the first one among them; none: no end.
    pub days: Option<i32>,
    /// Visits in the pack; none: as often as one likes.
    pub visits: Option<i64>,
    /// Price, in minor units.
    pub price_minor: i64,
    /// On offer.
    pub active: bool,
    /// What it allows besides.
    #[serde(default, skip_serializing_if = "Terms::is_plain")]
    pub terms: Terms,
}

impl PassType {
    /// The last day of a pass of this kind that begins on `from`.
    pub fn until(&self, from: Day) -> Option<Day> {
        self.length().map(|length| length.last_day(from))
    }

    /// The last day and the terms that a pass of this kind is given with. `begun`: it takes the
    /// place of one that has begun; else one that begins with the first visit has no last day yet,
    /// and keeps in its terms how long it will last.
    pub fn as_given(&self, from: Day, begun: bool) -> (Option<Day>, Terms) {
        let waits = self.terms.start == Start::FirstVisit;
        match (waits, begun) {
            (true, false) => (None, Terms { length: self.length(), ..self.terms.clone() }),
            (true, true) => (self.until(from), self.terms.begun()),
            (false, _) => (self.until(from), self.terms.clone()),
        }
    }

    /// How long it lasts; none: no end.
    pub fn length(&self) -> Option<Length> {
        let days = self.days.and_then(|days| u32::try_from(days).ok());
        self.terms.length.or(days.map(|count| Length { unit: Unit::Day, count }))
    }
}

/// One of the staff. The PIN is no part of it: it stays on the till where it was set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staff {
    /// Id.
    pub id: StaffId,
    /// Name: travels as a private part.
    #[serde(skip)]
    pub name: String,
    /// Role.
    pub role: Role,
    /// May sign in.
    pub active: bool,
}

/// A name that fits, says something and is one line, without the spaces around it.
///
/// # Errors
/// [`Refusal::NameMissing`], [`Refusal::TooLong`].
pub fn check_name(name: &str) -> Result<String, Refusal> {
    let name = one_line(name);
    let name = name.trim();
    if name.is_empty() {
        return Err(Refusal::NameMissing);
    }
    if name.chars().count() > MAX_NAME_CHARS {
        return Err(Refusal::TooLong { field: "name", limit: MAX_NAME_CHARS });
    }
    Ok(name.to_owned())
}

impl Rules {
    /// Whether somebody is not of age; whose birthday nobody knows is taken to be.
    pub fn is_minor(&self, birthday: Option<Day>, today: Day) -> bool {
        birthday.is_some_and(|born| born.is_younger_than(self.age_of_majority, today))
    }

    /// Rules that can be worked with.
    ///
    /// # Errors
    /// [`Refusal::BadInput`] names the first that cannot.
    pub fn check(&self) -> Result<(), Refusal> {
        let above = |cost: Option<i64>| cost.is_none_or(|cost| (0..=1_000_000_000).contains(&cost));
        let checks = [
            ("points_per_unit", (0..=10_000).contains(&self.points_per_unit)),
            ("points_per_visit", (0..=100_000).contains(&self.points_per_visit)),
            (
                "points_expire_months",
                self.points_expire_months.is_none_or(|m| (1..=600).contains(&m)),
            ),
            ("seen_again_hours", self.seen_again_hours <= 24 * 31),
            ("expires_soon_days", self.expires_soon_days <= 366),
            ("few_visits", (0..=1000).contains(&self.few_visits)),
            ("trust_limit", (0..=1_000_000_000).contains(&self.trust_limit)),
            ("code_above", above(self.code_above)),
            ("approval_above", above(self.approval_above)),
            ("rest_percent", (0..=100).contains(&self.rest_percent)),
            ("undo_secs", self.undo_secs <= 600),
            ("age_of_majority", self.age_of_majority <= 30),
        ];
        if let Some((field, _)) = checks.into_iter().find(|(_, holds)| !holds) {
            return Err(Refusal::BadInput(field));
        }
        self.card_numbers.as_ref().map_or(Ok(()), CardNumbers::check)?;
        self.alerts.check().and_then(|()| check_fields(&self.custom_fields))
    }
}

impl Tier {
    /// A tier that can be worked with. Its name may be whatever another system called it.
    ///
    /// # Errors
    /// A [`Refusal`] that names the field.
    pub fn check(&self) -> Result<(), Refusal> {
        if !(0..=10_000).contains(&self.multiplier_percent) {
            return Err(Refusal::BadInput("multiplier_percent"));
        }
        self.ladder.map_or(Ok(()), |ladder| ladder.check())?;
        self.privileges.map_or(Ok(()), |privileges| privileges.check())
    }
}

impl Reward {
    /// A reward that can be offered.
    ///
    /// # Errors
    /// A [`Refusal`] that names the field.
    pub fn check(&self) -> Result<(), Refusal> {
        check_name(&self.name)?;
        if !(0..=1_000_000_000).contains(&self.cost) {
            return Err(Refusal::BadInput("cost"));
        }
        if !(0..=1_000_000).contains(&self.minor_per_point) {
            return Err(Refusal::BadInput("minor_per_point"));
        }
        self.terms.check(self.cost)
    }
}

impl PassType {
    /// A kind of pass that can be offered.
    ///
    /// # Errors
    /// A [`Refusal`] that names the field.
    pub fn check(&self) -> Result<(), Refusal> {
        check_name(&self.name)?;
        if self.days.is_some_and(|days| !(1..=36_600).contains(&days)) {
            return Err(Refusal::BadInput("days"));
        }
        if self.visits.is_some_and(|visits| !(1..=100_000).contains(&visits)) {
            return Err(Refusal::BadInput("visits"));
        }
        if !(0..=1_000_000_000).contains(&self.price_minor) {
            return Err(Refusal::BadInput("price_minor"));
        }
        if self.days.is_some() && self.terms.length.is_some() {
            return Err(Refusal::BadInput("length"));
        }
        self.terms.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_of_a_newer_program_stays_when_another_one_is_set() {
        let mut newer = serde_json::to_value(Rules::default()).expect("JSON");
        newer["gate"] = serde_json::json!({ "above": 9 });
        let known: Rules = serde_json::from_value(newer.clone()).expect("it can be read");
        let set = Rules { points_per_visit: 7, ..known };
        newer["points_per_visit"] = 7.into();
        assert_eq!(serde_json::to_value(&set).expect("JSON"), newer);
        assert!(set.check().is_ok());
    }

    /// Found by a fuzzer: read and written again, a number that only a newer program knows had moved by
    /// its last digit.
    #[test]
    fn a_number_of_a_newer_program_is_passed_on_as_it_was() {
        let number = format!("1{}4", "1".repeat(112));
        let written = format!(r#"{{"points_per_unit":1,"newer":{number}}}"#);
        let read: Rules = serde_json::from_str(&written).expect("rules");
        let again = serde_json::to_string(&read).expect("JSON");
        assert_eq!(serde_json::from_str::<Rules>(&again).expect("rules"), read);
    }

    #[test]
    fn rules_without_such_are_written_as_ever() {
        let usual = serde_json::to_string(&Rules::default()).expect("JSON");
        assert_eq!(
            usual,
            r#"{"points_per_unit":1,"points_per_visit":5,"rounding":"down","points_expire_months":24,"seen_again_hours":6,"expires_soon_days":14,"few_visits":2,"pass_required":true,"trust_limit":0,"rest_percent":50,"undo_secs":10}"#
        );
    }
}
