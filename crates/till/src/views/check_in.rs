//! A scan and what it answered.

use punchcard_domain::verdict::{Because, Mend, Reason, Verdict};
use serde::Serialize;

use super::{MemberBrief, PassView, PointsView, RelativeView};

/// The answer to a scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CheckInView {
    /// Id of the fact: what `undo` takes.
    pub fact: String,
    /// When.
    pub at_ms: i64,
    /// In, in with a note, or stop.
    pub verdict: Verdict,
    /// Why, most important first.
    pub reasons: Vec<Reason>,
    /// Why this pass, where another would have let them in too.
    pub because: Option<Because>,
    /// What mends it, the best first.
    pub mends: Vec<Mend>,
    /// Who; none where the card is nobody's.
    pub member: Option<MemberBrief>,
    /// What was scanned, where it is nobody's card.
    pub unknown_card: Option<String>,
    /// The pass that let them in, or the newest one.
    pub pass: Option<PassView>,
    /// The note on the member's file.
    pub staff_note: Option<String>,
    /// Why they are banned, in the words of whoever did it.
    pub banned_reason: Option<String>,
    /// Check-ins this calendar month, this one among them.
    pub visits_this_month: i64,
    /// The visit before this one.
    pub last_visit_ms: Option<i64>,
    /// Points after this visit.
    pub points: Option<PointsView>,
    /// Stored value on file, in minor units.
    pub stored_minor: i64,
    /// Points given for this visit.
    pub points_earned: i64,
    /// Until when `undo` takes it back without a manager.
    pub undo_until_ms: i64,
    /// Everybody else of their family: they can come in together.
    pub family: Vec<RelativeView>,
    /// A guest may come in on a pass of theirs.
    pub brings_guest: bool,
}

/// A visit in the list on the right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RecentVisit {
    /// Id of the fact.
    pub fact: String,
    /// When.
    pub at_ms: i64,
    /// Member's id; none where the card was nobody's.
    pub member: Option<String>,
    /// Member's name.
    pub name: Option<String>,
    /// Verdict.
    pub verdict: Verdict,
    /// The first reason, where there is one.
    pub reason: Option<Reason>,
    /// Name of the pass.
    pub pass: Option<String>,
    /// Let in against a red verdict, for a reason: shown red.
    pub overridden: bool,
    /// It was taken back.
    pub voided: bool,
}
