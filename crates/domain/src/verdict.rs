//! What the desk says to a scan: in, in with a note, or stop; why; and what mends it.

use serde::{Deserialize, Serialize};

use crate::time::Day;

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
        }
    }

    /// The verdict this reason alone asks for; the worst of all reasons is the verdict.
    pub fn weight(&self) -> Verdict {
        match self {
            Self::Expired { .. }
            | Self::NoVisitsLeft { .. }
            | Self::VisitsElsewhere { .. }
            | Self::NotStarted { .. }
            | Self::NoPass
            | Self::Banned
            | Self::UnknownCard => Verdict::Refuse,
            Self::ExpiresSoon { .. }
            | Self::FewVisitsLeft { .. }
            | Self::SeenAgain { .. }
            | Self::Birthday
            | Self::StaffNote
            | Self::ClockBehind
            | Self::LetInOnce => Verdict::Note,
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
}
