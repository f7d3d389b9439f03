//! What was done, and the day that it makes.

use punchcard_domain::{
    time::Day,
    verdict::{Reason, Verdict},
};
use serde::Serialize;

use super::PointsView;

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct DayRow {
    /// Id of the fact: what `void_fact` takes.
    pub fact: String,
    /// Place in its journal.
    pub seq: i64,
    /// When.
    pub at_ms: i64,
    /// Kind: `visit_recorded`, `points_earned`, `points_redeemed`, `fact_voided`,
    /// `member_registered`, `member_changed`, `pass_given`, `value_expired`, `value_forfeited` (the
    /// same fact, of somebody who was erased), `stream_opened`,
    /// `stream_vouched`, `reward_set`, `pass_type_set`, `tier_set`, `staff_set`, `rules_set`, …
    pub kind: String,
    /// Who was signed in.
    pub staff: Option<String>,
    /// Member's id.
    pub member: Option<String>,
    /// Member's name.
    pub member_name: Option<String>,
    /// Points given (positive) or used (negative).
    pub points: i64,
    /// What was paid, in minor units.
    pub amount_minor: i64,
    /// Verdict of a visit.
    pub verdict: Option<Verdict>,
    /// Reasons of a visit.
    pub reasons: Vec<Reason>,
    /// What it was about: a reward, a pass.
    pub label: Option<String>,
    /// It was voided.
    pub voided: bool,
    /// It can be voided.
    pub voidable: bool,
}

/// A business day of this store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct DayView {
    /// The day.
    pub day: Day,
    /// People let in.
    pub visits: i64,
    /// Refused.
    pub refused: i64,
    /// Points given.
    pub points_given: i64,
    /// Redemptions.
    pub redemptions: i64,
    /// Points used.
    pub points_used: i64,
    /// New members.
    pub new_members: i64,
    /// Visits in each hour since the day began, 24 of them.
    pub hourly: Vec<i64>,
    /// Its entries, newest first (empty where only the figures were asked for).
    pub rows: Vec<DayRow>,
}

/// Something was done at the desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct DoneView {
    /// Id of the fact: what `undo` takes.
    pub fact: String,
    /// When.
    pub at_ms: i64,
    /// Points given (positive) or used (negative).
    pub points: i64,
    /// The member's points afterwards.
    pub balance: Option<PointsView>,
    /// Until when `undo` takes it back as one's own last action.
    pub undo_until_ms: i64,
    /// Even then it needs leave: who did it had leave to, and may not by themselves.
    pub undo_asks: bool,
}
