//! Why a rule gave what it gave, by names that scripts, cases and the desk go by.

use punchcard_protocol::RecordId;

/// Why a rule gave what it gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// It gave all that it is worth.
    Gave,
    /// It gave less than it is worth, or nothing: a cap.
    Capped(Cap),
    /// It is a limit; the others stayed within it, or were cut to it.
    Bounds {
        /// Points that the others lost by it.
        cut: i64,
    },
    /// It is switched off.
    Off,
    /// Its first day has not come.
    NotYet,
    /// Its last day has gone.
    Over,
    /// It is for something else.
    OtherEvent,
    /// On another weekday.
    OtherDay,
    /// At another hour.
    OtherHour,
    /// In another store.
    OtherStore,
    /// For another tier.
    OtherTier,
    /// Nothing that was bought is what it is for.
    OtherLines,
    /// The money that counts is too little.
    TooLittle,
    /// It is no birthday.
    NoBirthday,
    /// It is not the first time, or nobody sent them.
    NotFirst,
    /// The row of visits has not that length, or counted already.
    NoStreak,
    /// The condition says no.
    ConditionNo,
    /// The condition could not be answered.
    ConditionFailed(String),
    /// A newer program wrote it, with something that this one does not know.
    Unreadable,
    /// Less than one point.
    LessThanOne,
    /// A rule before it lets none after it give.
    StoppedBy(RecordId),
    /// Another rule of its kind gives more.
    BeatenBy(RecordId),
    /// More than any amount of points may be.
    TooLarge,
}

/// Which cap bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cap {
    /// For one thing that happens.
    Once,
    /// In one day.
    Day,
    /// In one month.
    Month,
    /// In one year.
    Year,
    /// Ever.
    Ever,
    /// So often in one day.
    TimesDay,
    /// So often in one month.
    TimesMonth,
    /// So often in one year.
    TimesYear,
    /// So often, ever.
    TimesEver,
    /// A limit over all rules.
    All(RecordId),
}

impl Why {
    /// A name that scripts, cases and the desk go by.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Gave => "gave",
            Self::Capped(cap) => cap.code(),
            Self::Bounds { .. } => "bounds",
            Self::Off => "off",
            Self::NotYet => "not_yet",
            Self::Over => "over",
            Self::OtherEvent => "other_event",
            Self::OtherDay => "other_day",
            Self::OtherHour => "other_hour",
            Self::OtherStore => "other_store",
            Self::OtherTier => "other_tier",
            Self::OtherLines => "other_lines",
            Self::TooLittle => "too_little",
            Self::NoBirthday => "no_birthday",
            Self::NotFirst => "not_first",
            Self::NoStreak => "no_streak",
            Self::ConditionNo => "condition_no",
            Self::ConditionFailed(_) => "condition_failed",
            Self::Unreadable => "unreadable",
            Self::LessThanOne => "less_than_one",
            Self::StoppedBy(_) => "stopped",
            Self::BeatenBy(_) => "beaten",
            Self::TooLarge => "too_large",
        }
    }
}

impl Cap {
    /// A name that scripts, cases and the desk go by.
    pub fn code(self) -> &'static str {
        match self {
            Self::Once => "cap_once",
            Self::Day => "cap_day",
            Self::Month => "cap_month",
            Self::Year => "cap_year",
            Self::Ever => "cap_ever",
            Self::TimesDay => "cap_times_day",
            Self::TimesMonth => "cap_times_month",
            Self::TimesYear => "cap_times_year",
            Self::TimesEver => "cap_times_ever",
            Self::All(_) => "cap_all",
        }
    }
}
