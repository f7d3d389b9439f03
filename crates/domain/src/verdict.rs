//! What the desk says to a scan: in, in with a note, or stop; why; and what mends it.

use serde::{Deserialize, Serialize};

use crate::{
    alerts::{Alert, Alerts},
    time::Day,
};

/// Three answers, each with a colour, a word and a sound of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Verdict {
    /// Green: in.
    Admit,
    /// Amber: in, with something to say.
    Note,
    /// Red: stop.
    Refuse,
}

/// Why. Named, so that the desk can say it in any language and nobody parses a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Reason {
    /// The last pass ran out.
    Expired {
        /// Its name.
        pass: String,
        /// Its last day.
        on: Day,
    },
    /// The pass that lets them in runs out within the store's warning time.
    ExpiresSoon {
        /// Its name.
        pass: String,
        /// Its last day.
        on: Day,
        /// Days after today.
        days: i32,
    },
    /// The pack is used up.
    NoVisitsLeft {
        /// Its name.
        pass: String,
    },
    /// Visits are left on the pack, but none of them can be used at this desk now.
    VisitsElsewhere {
        /// Its name.
        pass: String,
        /// How many are held elsewhere.
        visits: i64,
    },
    /// The pack is nearly used up.
    FewVisitsLeft {
        /// Its name.
        pass: String,
        /// How many are left after this one.
        visits: i64,
    },
    /// The pass has not begun.
    NotStarted {
        /// Its name.
        pass: String,
        /// Its first day.
        from: Day,
    },
    /// The member never had a pass, and this store asks for one.
    NoPass,
    /// Already checked in within the store's window: nothing is counted twice.
    SeenAgain {
        /// Whole minutes since.
        minutes: i64,
    },
    /// Not to be let in.
    Banned,
    /// Say happy birthday.
    Birthday,
    /// The staff left a note on the member's file.
    StaffNote,
    /// Nobody holds this card.
    UnknownCard,
    /// The machine's clock stands before the last entry: say so rather than trust it.
    ClockBehind,
    /// Let in once, against a red verdict, by somebody who may.
    LetInOnce,
    /// The pass is over, and still lets in for a while.
    Grace {
        /// Its name.
        pass: String,
        /// The last day on which it does.
        on: Day,
    },
    /// The pass is frozen.
    Frozen {
        /// Its name.
        pass: String,
        /// The last day of it.
        until: Day,
    },
    /// The freeze of the pass ends with this visit.
    FreezeEnded {
        /// Its name.
        pass: String,
    },
    /// The pass was cancelled.
    Cancelled {
        /// Its name.
        pass: String,
        /// First day on which it could no longer be used.
        on: Day,
    },
    /// The pass is for other days of the week or other hours.
    WrongHours {
        /// Its name.
        pass: String,
    },
    /// The pass is for other stores.
    WrongStore {
        /// Its name.
        pass: String,
    },
    /// The pass is for other parts of the store.
    WrongZone {
        /// Its name.
        pass: String,
    },
    /// The pass is for whoever is booked for a class, and they are for none around now.
    ClassNeeded {
        /// Its name.
        pass: String,
    },
    /// Checked in at another store a moment ago.
    SeenElsewhere {
        /// Whole minutes since.
        minutes: i64,
    },
    /// The card was reported lost.
    CardLost,
    /// Another card took the place of this one.
    CardReplaced,
    /// The waiver is not signed, or an older version of it is.
    Waiver {
        /// It must be signed by who answers for them.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        #[cfg_attr(feature = "ts", ts(optional, as = "Option<bool>"))]
        guardian: bool,
    },
    /// Points are owed.
    Debt {
        /// How many.
        points: i64,
    },
    /// There is no photo to compare.
    MissingPhoto,
    /// There is nobody to call.
    EmergencyContact,
    /// They are not of age, and nobody answers for them.
    NoGuardian,
    /// A guest of the member's.
    Guest {
        /// The pass they come in on.
        pass: String,
        /// How many more may be brought this month.
        left: u32,
    },
    /// No pass lets them in; their tier does, so many times a month.
    FreeVisit {
        /// How many more times this month.
        left: u32,
    },
}

impl Reason {
    /// The name that scripts and translations go by.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Expired { .. } => "expired",
            Self::ExpiresSoon { .. } => "expires_soon",
            Self::NoVisitsLeft { .. } => "no_visits_left",
            Self::VisitsElsewhere { .. } => "visits_elsewhere",
            Self::FewVisitsLeft { .. } => "few_visits_left",
            Self::NotStarted { .. } => "not_started",
            Self::NoPass => "no_pass",
            Self::SeenAgain { .. } => "seen_again",
            Self::Banned => "banned",
            Self::Birthday => "birthday",
            Self::StaffNote => "staff_note",
            Self::UnknownCard => "unknown_card",
            Self::ClockBehind => "clock_behind",
            Self::LetInOnce => "let_in_once",
            Self::Grace { .. } => "grace",
            Self::Frozen { .. } => "frozen",
            Self::FreezeEnded { .. } => "freeze_ended",
            Self::Cancelled { .. } => "cancelled",
            Self::WrongHours { .. } => "wrong_hours",
            Self::WrongStore { .. } => "wrong_store",
            Self::WrongZone { .. } => "wrong_zone",
            Self::ClassNeeded { .. } => "class_needed",
            Self::SeenElsewhere { .. } => "seen_elsewhere",
            Self::CardLost => "card_lost",
            Self::CardReplaced => "card_replaced",
            Self::Waiver { .. } => "waiver",
            Self::Debt { .. } => "debt",
            Self::MissingPhoto => "missing_photo",
            Self::EmergencyContact => "emergency_contact",
            Self::NoGuardian => "no_guardian",
            Self::Guest { .. } => "guest",
            Self::FreeVisit { .. } => "free_visit",
        }
    }

    /// The alert that says how loudly it is said; none: it always is said in the same way.
    pub fn alert(&self) -> Option<Alert> {
        Some(match self {
            Self::Expired { .. } => Alert::Expired,
            Self::ExpiresSoon { .. } => Alert::ExpiresSoon,
            Self::NoVisitsLeft { .. } | Self::VisitsElsewhere { .. } => Alert::NoVisits,
            Self::FewVisitsLeft { .. } => Alert::FewVisits,
            Self::NotStarted { .. } => Alert::NotStarted,
            Self::NoPass => Alert::NoPass,
            Self::SeenAgain { .. } => Alert::SeenAgain,
            Self::Banned => Alert::Banned,
            Self::Birthday => Alert::Birthday,
            Self::StaffNote => Alert::StaffNote,
            Self::ClockBehind => Alert::ClockBehind,
            Self::Grace { .. } => Alert::Grace,
            Self::Frozen { .. } | Self::FreezeEnded { .. } => Alert::Frozen,
            Self::Cancelled { .. } => Alert::Cancelled,
            Self::WrongHours { .. } => Alert::WrongHours,
            Self::WrongStore { .. } => Alert::WrongStore,
            Self::WrongZone { .. } => Alert::WrongZone,
            Self::ClassNeeded { .. } => Alert::ClassNeeded,
            Self::SeenElsewhere { .. } => Alert::SeenElsewhere,
            Self::CardLost | Self::CardReplaced => Alert::DeadCard,
            Self::Waiver { .. } => Alert::Waiver,
            Self::Debt { .. } => Alert::Debt,
            Self::MissingPhoto => Alert::MissingPhoto,
            Self::EmergencyContact => Alert::EmergencyContact,
            Self::NoGuardian => Alert::NoGuardian,
            Self::UnknownCard | Self::LetInOnce | Self::Guest { .. } | Self::FreeVisit { .. } => {
                return None;
            }
        })
    }

    /// The verdict this reason asks for by the owner's choice; none: it is not said.
    pub fn verdict(&self, alerts: &Alerts) -> Option<Verdict> {
        match (self, self.alert()) {
            (Self::UnknownCard, _) => Some(Verdict::Refuse),
            (_, Some(alert)) => alerts.level(alert).verdict(),
            (_, None) => Some(Verdict::Note),
        }
    }
}

/// What mends an amber or red verdict; each has a key on the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Mend {
    /// Give a new pass, or the same again.
    GivePass,
    /// Take a visit from a pack after all.
    UseVisit,
    /// Let in this once, with a reason.
    LetInOnce,
    /// The card is nobody's: make a new member with it.
    NewMember,
    /// End the freeze of the pass today.
    Unfreeze,
    /// They sign the waiver now.
    SignWaiver,
    /// Write down whom to call.
    AddContact,
    /// Take a photo.
    AddPhoto,
    /// Give points: what is given repays what is owed.
    GivePoints,
    /// Book them for the class they came for.
    BookClass,
    /// Say who answers for them.
    AddGuardian,
}

/// Why this pass was used, where more than one would have let them in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Because {
    /// No other one lets them in.
    OnlyOne,
    /// Nothing speaks against it; of the others, something does.
    NothingAgainst,
    /// It costs no visit.
    CostsNoVisit,
    /// It has begun already; another one would have begun today.
    HasBegun,
    /// It is not frozen.
    NotFrozen,
    /// Of passes for a term, it ends last.
    EndsLast,
    /// Of packs, it ends first.
    EndsFirst,
    /// It ends as the other one does, and is older.
    Older,
}
