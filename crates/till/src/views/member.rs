//! A member: in a list, on file, in a form; and their passes.

use std::collections::{BTreeMap, BTreeSet};

use punchcard_domain::{
    custom::CustomField,
    decide::PassAct,
    member::{CardState, Channel, Contact, Waiver},
    standing::EndedWhy,
    time::Day,
};
use serde::{Deserialize, Serialize};

use super::{DayRow, LotView, PointsView, VoucherView};

/// A member in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct MemberBrief {
    /// Id.
    pub id: String,
    /// Name as it was given.
    pub name: String,
    /// Phone, masked (138****0427) unless whoever asks may see it in full.
    pub phone: Option<String>,
    /// First card number.
    pub card: Option<String>,
    /// Name of the tier.
    pub tier: Option<String>,
    /// Names the photo, for the command `photo`.
    pub photo: Option<String>,
}

/// How a pass stands today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum PassState {
    /// Lets its holder in.
    Active,
    /// Not yet begun.
    NotStarted,
    /// Its last day is over.
    Expired,
    /// No visits left.
    UsedUp,
    /// Taken back.
    Voided,
    /// Begins with the first visit.
    Waits,
    /// Frozen today.
    Frozen,
    /// Ended before its time: cancelled, upgraded or given away.
    Ended,
}

/// A pass on a member's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PassView {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// First day.
    pub from: Option<Day>,
    /// Last day; none: no end.
    pub until: Option<Day>,
    /// Days after today until the last one; negative when over.
    pub days_left: Option<i32>,
    /// Visits left on a pack, here and elsewhere; none: a pass for a term.
    pub visits_left: Option<i64>,
    /// Of those, how many can be used at this desk now.
    pub visits_here: Option<i64>,
    /// How it stands.
    pub state: PassState,
    /// The last day of the freeze that holds today.
    pub frozen_until: Option<Day>,
    /// The next freeze that has not begun.
    pub freeze_ahead: Option<FreezeView>,
    /// Days for which it can still be frozen this year.
    pub freeze_days_left: u32,
    /// Guests who may still be brought this month.
    pub guests_left: u32,
    /// What is collected when it becomes somebody else's, in minor units.
    pub transfer_fee_minor: i64,
    /// Points that the member pays for that.
    pub transfer_fee_points: i64,
    /// Why it ended before its time.
    pub ended: Option<EndedWhy>,
    /// What can be done with it today; only on a member's file.
    pub acts: Vec<PassAct>,
}

/// Days on which a pass will not be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct FreezeView {
    /// First day.
    pub from: Day,
    /// Last day.
    pub until: Day,
}

/// A kind of pass that can take the place of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct UpgradeView {
    /// Id of the kind.
    pub pass_type: String,
    /// Name.
    pub name: String,
    /// What is paid for it: the difference, in minor units.
    pub pays_minor: i64,
    /// Its last day; none: no end.
    pub until: Option<Day>,
    /// Visits that are left on it; none: as often as one likes.
    pub visits: Option<i64>,
}

/// What is done with a pass, as it is typed: days as `YYYY-MM-DD`, money as people write it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum PassChangeInput {
    /// Freeze it.
    Freeze {
        /// First day; none: today.
        #[serde(default)]
        from: Option<String>,
        /// Last day; none: as long as the year's limit lets.
        until: Option<String>,
    },
    /// End its freeze.
    Unfreeze,
    /// Let it end later.
    Extend {
        /// So many days.
        days: u32,
        /// Why.
        because: String,
    },
    /// Put another kind in its place.
    Upgrade {
        /// Id of the kind.
        to: String,
    },
    /// Make it somebody else's.
    Transfer {
        /// Id of the member.
        to: String,
        /// What is paid for that; empty: nothing.
        fee: String,
    },
    /// End it today.
    Cancel {
        /// What is given back; empty: nothing.
        refund: String,
        /// Why.
        because: String,
    },
}

/// A member's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct MemberView {
    /// Id, name, phone, card, tier, photo.
    #[serde(flatten)]
    pub brief: MemberBrief,
    /// E-mail, masked like the phone.
    pub email: Option<String>,
    /// Birthday.
    pub birthday: Option<Day>,
    /// As given: `female`, `male`, `other`, or nothing.
    pub gender: Option<String>,
    /// The staff's note.
    pub note: Option<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// All card numbers.
    pub cards: Vec<String>,
    /// Id of the tier that a person set; the one they have may be a better one that they reached.
    pub set_tier: Option<String>,
    /// Points are multiplied by this, in percent.
    pub multiplier_percent: i64,
    /// Whether they are banned.
    pub banned: bool,
    /// Why.
    pub banned_reason: Option<String>,
    /// A phone of theirs was set up for codes.
    pub has_phone_code: bool,
    /// When the file was opened.
    pub joined_ms: i64,
    /// Passes, those that let in first.
    pub passes: Vec<PassView>,
    /// Points.
    pub points: PointsView,
    /// Points spendable here, by expiry, first to expire first.
    pub lots: Vec<LotView>,
    /// Rewards that wait to be handed over.
    pub vouchers: Vec<VoucherView>,
    /// Stored value on file, in minor units.
    pub stored_minor: i64,
    /// All visits.
    pub visits_total: i64,
    /// Visits this calendar month.
    pub visits_this_month: i64,
    /// The last one.
    pub last_visit_ms: Option<i64>,
    /// What happened, newest first, at most 50.
    pub history: Vec<DayRow>,
    /// What else is on their file.
    pub details: DetailsView,
}

/// What else is on a member's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct DetailsView {
    /// Whom to call in an emergency: in full, whoever looks, because that is what it is for.
    pub contact: Option<Contact>,
    /// The waiver they signed.
    pub waiver: Option<Waiver>,
    /// Who signed it in their place, where they did not sign themselves.
    pub waiver_by: Option<RelativeView>,
    /// Who answers for them.
    pub guardian: Option<RelativeView>,
    /// Everybody else of their family.
    pub family: Vec<RelativeView>,
    /// By which channels they may be written to.
    #[cfg_attr(feature = "ts", ts(as = "Vec<Channel>"))]
    pub consent: BTreeSet<Channel>,
    /// Who brought them.
    pub referred_by: Option<RelativeView>,
    /// The owner's own fields, by key.
    pub custom: BTreeMap<String, String>,
    /// The same by their names, in the owner's order; those that are no longer asked for too.
    pub own: Vec<OwnFieldView>,
    /// Cards that are no longer in use.
    pub dead_cards: BTreeMap<String, CardState>,
}

/// What stands in one of the owner's own fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct OwnFieldView {
    /// What the field is called.
    pub name: String,
    /// What stands in it.
    pub value: String,
}

/// Somebody that a member has to do with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RelativeView {
    /// Member's id.
    pub id: String,
    /// Name.
    pub name: String,
}

/// What a form about the rest of a file sends. Absent: unchanged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct DetailsInput {
    /// Whom to call in an emergency; without name and phone: taken out.
    pub contact: Option<Contact>,
    /// This version of the waiver was signed today; 0: taken out.
    pub waiver: Option<u32>,
    /// Id of who answers for them, where that was who signed it; empty: they signed themselves.
    pub waiver_by: Option<String>,
    /// Id of the member who answers for them; empty: nobody.
    pub guardian: Option<String>,
    /// Id of a member whose family they belong to from now on; empty: they leave theirs.
    pub family_of: Option<String>,
    /// By which channels they may be written to.
    pub consent: Option<Vec<Channel>>,
    /// Id of the member who brought them; empty: nobody.
    pub referred_by: Option<String>,
    /// The owner's own fields, by key; an empty one is taken out.
    pub custom: Option<BTreeMap<String, String>>,
}

/// What a form about a member sends. Absent or empty: none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct MemberInput {
    /// Name: the only one that must be there.
    pub name: String,
    /// Phone, in any spelling.
    pub phone: String,
    /// E-mail.
    pub email: String,
    /// `YYYY-MM-DD` and the spellings that an import reads.
    pub birthday: String,
    /// `female`, `male`, `other` or nothing.
    pub gender: String,
    /// A note for the desk.
    pub note: String,
    /// Tags.
    pub tags: Vec<String>,
    /// Card numbers.
    pub cards: Vec<String>,
    /// Id of the tier.
    pub tier: Option<String>,
    /// The rest of the file, written down in the same go; none: as it was.
    pub details: Option<DetailsInput>,
}

/// What a form about a member is made of beside its own boxes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct MemberFormView {
    /// The owner's own fields that are asked for.
    pub custom: Vec<CustomField>,
    /// The desk can give a new card its number.
    pub numbered: bool,
}
