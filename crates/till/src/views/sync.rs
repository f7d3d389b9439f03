//! The line to the hub, and what other desks changed here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{MemberBrief, PointsView};

/// How the line to the hub is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum LineState {
    /// This desk is connected to no hub.
    #[default]
    Alone,
    /// The hub answered the last time it was asked.
    Online,
    /// It did not.
    Offline,
    /// It answers, but will not have this desk: `refusal` says why.
    Refused,
}

/// The line to the hub, as the bar shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct LineView {
    /// How it is.
    pub state: LineState,
    /// Address of the hub; none: this desk is connected to no hub.
    pub hub: Option<String>,
    /// Entries that the hub has not got yet.
    pub unsynced: i64,
    /// The last sync; none: never.
    pub last_sync_ms: Option<i64>,
    /// What somebody has to look at: notices that are not settled, and members who may be one.
    pub attention: i64,
    /// Code of the refusal, as `device_revoked`; only where the hub refuses.
    pub refusal: Option<String>,
}

/// Something that the hub or another desk changed here, and that somebody should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct NoticeView {
    /// Number: what `settle_notice` takes.
    pub n: i64,
    /// When.
    pub at_ms: i64,
    /// What: `value_given_back`, `hub_restored`, … The window has the sentence.
    pub code: String,
    /// What the sentence names.
    pub args: BTreeMap<String, String>,
    /// Somebody read it and put it away.
    pub settled: bool,
}

/// Two members who may be one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct DuplicateView {
    /// The older file.
    pub first: MemberBrief,
    /// The other.
    pub second: MemberBrief,
    /// When it was seen.
    pub at_ms: i64,
}

/// The page about the hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SyncView {
    /// The line.
    pub line: LineView,
    /// Name of this desk.
    pub till: String,
    /// Name of the store.
    pub store: String,
    /// The hub froze what this desk holds: nothing of it can be spent until somebody ruled.
    pub frozen: bool,
    /// What was adjusted, newest first, the settled ones last.
    pub notices: Vec<NoticeView>,
    /// Members who may be one.
    pub duplicates: Vec<DuplicateView>,
}

/// Another desk that holds points of a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct HolderView {
    /// Name of the desk.
    pub name: String,
    /// How many points.
    pub points: i64,
    /// It does not answer.
    pub silent: bool,
}

/// What came of asking the hub for points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct DrawView {
    /// How many came.
    pub drawn: i64,
    /// The member's points afterwards.
    pub points: PointsView,
    /// How many of those asked for did not come.
    pub missing: i64,
    /// Who holds them.
    pub holders: Vec<HolderView>,
}

/// What the form about a hub sends.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PairInput {
    /// Address of the hub.
    pub hub: String,
    /// The pairing code, in any spelling.
    pub code: String,
    /// Name of this desk.
    pub till: String,
}

impl std::fmt::Debug for PairInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("PairInput");
        shown.field("hub", &self.hub).field("till", &self.till).finish_non_exhaustive()
    }
}
