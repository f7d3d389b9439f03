//! What a desk says of whoever stands before it, by name, and how loudly: the owner's choice.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{refusal::Refusal, verdict::Verdict};

/// What there is to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Alert {
    /// The last pass ran out.
    Expired,
    /// The pass runs out soon.
    ExpiresSoon,
    /// Its last day is over, and it still lets in for a while.
    Grace,
    /// The pass has not begun.
    NotStarted,
    /// The pass is frozen.
    Frozen,
    /// The pass was cancelled.
    Cancelled,
    /// Not on this day of the week, or not at this hour.
    WrongHours,
    /// Not in this store.
    WrongStore,
    /// Not through this door.
    WrongZone,
    /// No visit can be used here.
    NoVisits,
    /// The pack is nearly used up.
    FewVisits,
    /// There was never a pass.
    NoPass,
    /// Checked in a moment ago: a card handed back over the barrier.
    SeenAgain,
    /// Checked in a moment ago at another store.
    SeenElsewhere,
    /// On the house's list of people who are not let in.
    Banned,
    /// The card was reported lost, or another one took its place.
    DeadCard,
    /// The waiver is not signed, or an older version of it is.
    Waiver,
    /// The pass is for whoever is booked for a class, and they are for none around now.
    ClassNeeded,
    /// Points are owed.
    Debt,
    /// There is no photo to compare.
    MissingPhoto,
    /// There is nobody to call.
    EmergencyContact,
    /// They are not of age, and nobody answers for them.
    NoGuardian,
    /// The staff left a note.
    StaffNote,
    /// It is their birthday.
    Birthday,
    /// The machine's clock stands before the last entry.
    ClockBehind,
}

impl Alert {
    /// Every alert, in the order above.
    pub const ALL: [Self; 25] = [
        Self::Expired,
        Self::ExpiresSoon,
        Self::Grace,
        Self::NotStarted,
        Self::Frozen,
        Self::Cancelled,
        Self::WrongHours,
        Self::WrongStore,
        Self::WrongZone,
        Self::NoVisits,
        Self::FewVisits,
        Self::NoPass,
        Self::SeenAgain,
        Self::SeenElsewhere,
        Self::Banned,
        Self::DeadCard,
        Self::Waiver,
        Self::ClassNeeded,
        Self::Debt,
        Self::MissingPhoto,
        Self::EmergencyContact,
        Self::NoGuardian,
        Self::StaffNote,
        Self::Birthday,
        Self::ClockBehind,
    ];

    /// How loudly it is said where the owner has not chosen.
    pub fn usual(self) -> Level {
        match self {
            Self::Expired
            | Self::NotStarted
            | Self::Cancelled
            | Self::WrongHours
            | Self::WrongStore
            | Self::WrongZone
            | Self::NoVisits
            | Self::NoPass
            | Self::ClassNeeded
            | Self::Banned
            | Self::DeadCard => Level::Deny,
            Self::ExpiresSoon
            | Self::Grace
            | Self::Frozen
            | Self::FewVisits
            | Self::SeenAgain
            | Self::StaffNote
            | Self::Birthday
            | Self::ClockBehind => Level::Warn,
            Self::SeenElsewhere
            | Self::Waiver
            | Self::Debt
            | Self::MissingPhoto
            | Self::EmergencyContact
            | Self::NoGuardian => Level::None,
        }
    }

    /// The least that an owner may choose: a clock that was wound back is always said, or nobody
    /// would know that days are counted by another one.
    pub fn least(self) -> Level {
        if self == Self::ClockBehind { Level::Warn } else { Level::None }
    }

    /// The name that scripts and translations go by.
    pub fn name(self) -> String {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::String(name)) => name,
            _ => format!("{self:?}"),
        }
    }
}

/// How loudly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Level {
    /// Not at all: it does not matter here.
    None,
    /// Amber: in, and said.
    Warn,
    /// Red: stop.
    Deny,
}

impl Level {
    /// The verdict that it asks for; none: it says nothing.
    pub fn verdict(self) -> Option<Verdict> {
        match self {
            Self::None => None,
            Self::Warn => Some(Verdict::Note),
            Self::Deny => Some(Verdict::Refuse),
        }
    }
}

/// The owner's choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Alerts {
    /// What is not said as it usually is.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "ts", ts(type = "Partial<Record<Alert, Level>>"))]
    pub levels: BTreeMap<Alert, Level>,
    /// A debt of more points than this is said.
    pub debt_above: i64,
    /// A check-in at another store within so many minutes is said.
    pub elsewhere_minutes: u32,
    /// The version of the waiver that must be signed.
    pub waiver_version: u32,
}

impl Default for Alerts {
    fn default() -> Self {
        Self { levels: BTreeMap::new(), debt_above: 0, elsewhere_minutes: 30, waiver_version: 1 }
    }
}

impl Alerts {
    /// How long after a visit nobody is expected at another store, in milliseconds.
    pub fn elsewhere_ms(&self) -> i64 {
        i64::from(self.elsewhere_minutes) * 60 * 1000
    }

    /// Whether nothing was chosen.
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// How loudly something is said.
    pub fn level(&self, alert: Alert) -> Level {
        self.levels.get(&alert).copied().unwrap_or(alert.usual()).max(alert.least())
    }

    /// A choice that can be worked with.
    ///
    /// # Errors
    /// [`Refusal::BadInput`] names the first that cannot.
    pub fn check(&self) -> Result<(), Refusal> {
        let least = self.levels.iter().all(|(alert, level)| *level >= alert.least());
        let checks = [
            ("alerts", least),
            ("debt_above", (0..=1_000_000_000).contains(&self.debt_above)),
            ("elsewhere_minutes", self.elsewhere_minutes <= 24 * 60),
            ("waiver_version", self.waiver_version <= 1_000_000),
        ];
        match checks.into_iter().find(|(_, holds)| !holds) {
            Some((field, _)) => Err(Refusal::BadInput(field)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_wound_back_is_always_said() {
        let levels = BTreeMap::from([(Alert::ClockBehind, Level::None)]);
        let alerts = Alerts { levels, ..Alerts::default() };
        assert_eq!(alerts.level(Alert::ClockBehind), Level::Warn);
        assert_eq!(alerts.check(), Err(Refusal::BadInput("alerts")));
    }

    #[test]
    fn names_are_what_scripts_go_by() {
        let names: std::collections::BTreeSet<String> =
            Alert::ALL.into_iter().map(Alert::name).collect();
        assert_eq!(names.len(), Alert::ALL.len());
        assert!(names.contains("emergency_contact") && names.contains("seen_elsewhere"));
    }
}
