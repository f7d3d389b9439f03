//! Facts: what happened, with the decision that was taken. Never changed afterwards.
//!
//! A kind's number and the shape of its payload are on disks and on the wire. A shape may gain
//! optional fields; anything else is a new version of the kind.

use punchcard_protocol::{
    FactId, Hash, LotId, MemberId, PassId, RecordId, StaffId, StoreId, StreamId,
};
use serde::{Deserialize, Serialize};

use crate::{
    classes::Booking,
    earning::{Part, event::SaleLine, rule::EarnRule},
    ledger::{Lot, Posting, ValueKind},
    numbering::NumberBlock,
    records::{Business, PassType, Reward, Rules, Staff, Store, Tier},
    rewards::is_default,
    standing::Change,
    terms::Terms,
    time::Day,
    verdict::{Because, Reason, Verdict},
};

/// A journal begins, or goes on in a new life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamOpened {
    /// Id.
    pub id: FactId,
    /// Ed25519, 64 hexadecimal digits: what heads of this stream are checked with.
    pub public_key: String,
    /// Why: `new`, or the name of what made the store distrust itself.
    pub reason: String,
    /// The life before: its stream and the newest link that this store holds of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<PreviousLife>,
}

/// How far an earlier life of a till is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviousLife {
    /// Whose.
    pub stream: StreamId,
    /// Newest place in this store.
    pub seq: u64,
    /// Its hash.
    pub hash: Hash,
}

/// A manager vouches for a store that was restored: this stream takes its earlier lives' accounts
/// over. Only where this is the business's only till.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamVouched {
    /// Id.
    pub id: FactId,
    /// Whose accounts this stream may debit from now on.
    pub takes_over: Vec<StreamId>,
    /// Who vouched.
    pub by: StaffId,
}

/// A record of the owner's was set; the latest is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordSet<T> {
    /// Id of the fact.
    pub id: FactId,
    /// The record as it is from now on.
    pub record: T,
    /// The private part, for staff: their name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<Hash>,
}

/// A member's file was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberRegistered {
    /// Id of the fact.
    pub id: FactId,
    /// The member.
    pub member: MemberId,
    /// Tier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<RecordId>,
    /// Home store.
    pub home_store: StoreId,
    /// When they joined, where that was before (an import).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined_ms: Option<i64>,
    /// Points and stored value brought along.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub opening: Vec<Lot>,
    /// Passes brought along.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passes: Vec<Pass>,
    /// Names the private part: [`crate::member::MemberPrivate`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<Hash>,
}

/// Fields of a member's file changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberChanged {
    /// Id of the fact.
    pub id: FactId,
    /// The member.
    pub member: MemberId,
    /// Tier, where it changed; an inner none takes it out.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "double_option")]
    pub tier: Option<Option<RecordId>>,
    /// Names the private part: [`crate::member::MemberPrivate`] with the fields that changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<Hash>,
    /// A manager who approved it on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<StaffId>,
}

/// A member's photo was set. The private part is the image itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberPhotoSet {
    /// Id of the fact.
    pub id: FactId,
    /// The member.
    pub member: MemberId,
    /// Names the image; none: taken out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<Hash>,
}

/// A pass as it was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    /// Id.
    pub id: PassId,
    /// What it was called when it was given.
    pub name: String,
    /// Its kind, where that is on offer here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pass_type: Option<RecordId>,
    /// First day.
    pub from: Day,
    /// Last day; none: no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Day>,
    /// Its visits; none: as often as one likes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visits: Option<Lot>,
    /// What it allows besides, as it was sold.
    #[serde(default, skip_serializing_if = "Terms::is_plain")]
    pub terms: Terms,
    /// Of one that took the place of another, or was somebody else's: what it brings along. None:
    /// it is the first, or an older program did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Before>,
}

/// What a pass brings along from the one whose place it took, or that it was before it became
/// somebody else's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    /// What had been paid by then, in minor units; transfer fees are no part of it.
    pub paid_minor: i64,
    /// Visits of packs that had been used by then.
    #[serde(default, skip_serializing_if = "is_default")]
    pub used: i64,
}

/// A pass was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassGiven {
    /// Id of the fact.
    pub id: FactId,
    /// To whom.
    pub member: MemberId,
    /// The pass.
    pub pass: Pass,
    /// What it cost, in minor units.
    pub price_minor: i64,
    /// So many percent of its price that is, as their tier lets them pay; none: all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_percent: Option<i64>,
    /// The fact with which somebody else gave theirs away: it is taken back with that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transferred: Option<FactId>,
    /// A manager who approved it on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<StaffId>,
}

/// A pass cannot be used for a while, and ends so many days later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassFrozen {
    /// Id of the fact.
    pub id: FactId,
    /// Whose.
    pub member: MemberId,
    /// Which.
    pub pass: PassId,
    /// When it was said, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// First day on which it cannot be used.
    pub from: Day,
    /// The last one.
    pub until: Day,
    /// A manager who approved it on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<StaffId>,
}

/// Freezes of a pass end before their time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassUnfrozen {
    /// Id of the fact.
    pub id: FactId,
    /// Whose.
    pub member: MemberId,
    /// Which.
    pub pass: PassId,
    /// When it was said, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// The facts that froze it.
    pub freezes: Vec<FactId>,
    /// First day on which it can be used again.
    pub on: Day,
    /// A manager who approved it on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<StaffId>,
}

/// A pass ends later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassExtended {
    /// Id of the fact.
    pub id: FactId,
    /// Whose.
    pub member: MemberId,
    /// Which.
    pub pass: PassId,
    /// When it was said, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// So many days.
    pub days: u32,
    /// Why. A cashier's words: may name people, so it is the private part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<Hash>,
    /// A manager who approved it on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<StaffId>,
}

/// Another kind of pass takes the place of one, for the difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassUpgraded {
    /// Id of the fact.
    pub id: FactId,
    /// Whose.
    pub member: MemberId,
    /// The pass that ends.
    pub pass: PassId,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// First day on which it can no longer be used.
    pub on: Day,
    /// The one that takes its place.
    pub given: Pass,
    /// What was paid for the change, in minor units.
    pub paid_minor: i64,
    /// So many percent of the new one's price that were reckoned with, as their tier lets them pay; none:
    /// all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_percent: Option<i64>,
    /// Visits of the old one that no longer count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub postings: Vec<Posting>,
    /// A manager who approved it on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<StaffId>,
}

/// A pass becomes somebody else's: it ends here, and another fact gives what is left of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassTransferred {
    /// Id of the fact.
    pub id: FactId,
    /// Whose it was.
    pub member: MemberId,
    /// Which.
    pub pass: PassId,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// First day on which it can no longer be used.
    pub on: Day,
    /// Whose it is now.
    pub to: MemberId,
    /// The fact that gives it.
    pub given: FactId,
    /// What was paid for it, in minor units.
    pub fee_minor: i64,
    /// Points that were paid for it by whose it was.
    #[serde(default, skip_serializing_if = "is_default")]
    pub fee_points: i64,
    /// Its visits, and the points.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub postings: Vec<Posting>,
    /// A manager who approved it on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<StaffId>,
}

/// A pass ends before its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassCancelled {
    /// Id of the fact.
    pub id: FactId,
    /// Whose.
    pub member: MemberId,
    /// Which.
    pub pass: PassId,
    /// When it was said, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// First day on which it can no longer be used.
    pub on: Day,
    /// What was given back, in minor units.
    #[serde(default)]
    pub refund_minor: i64,
    /// Why. A cashier's words: may name people, so it is the private part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<Hash>,
    /// A manager who approved it on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<StaffId>,
}

/// Somebody stood at the desk: let in, or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VisitRecorded {
    /// Id of the fact.
    pub id: FactId,
    /// Who; none where the card was nobody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<MemberId>,
    /// Where.
    pub store: StoreId,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// What the desk said.
    pub verdict: Verdict,
    /// Why, most important first.
    pub reasons: Vec<Reason>,
    /// It counts as a visit: let in, and not seen within the window.
    pub counted: bool,
    /// The pass that let them in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pass: Option<PassId>,
    /// Why that one, where another would have let them in too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<Because>,
    /// What the visit does to that pass: it begins, its freeze ends, a guest came in on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// Visits taken from a pack.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub postings: Vec<Posting>,
    /// Points for the visit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earned: Option<Gain>,
    /// How they came about, where the owner wrote rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_rules: Option<ByRules>,
    /// The fact by which whoever sent this member got points, for this was the first time that they
    /// came: it is taken back with this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refers: Option<FactId>,
    /// Why they were let in against a red verdict. A cashier's words: may name people, so it is
    /// the private part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<Hash>,
    /// A manager who approved it on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<StaffId>,
}

/// A member is booked for a class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassBooked {
    /// Id of the fact.
    pub id: FactId,
    /// Who.
    pub member: MemberId,
    /// Where it was written down; they may come to the class in another store.
    pub store: StoreId,
    /// When it was said, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// When the class is.
    pub class: Booking,
    /// What the class is called. A cashier's words: may name people, so it is the private part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<Hash>,
    /// A manager who approved it on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<StaffId>,
}

/// Points given: a new lot, of which part may repay a debt at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gain {
    /// The lot.
    pub lot: Lot,
    /// What of it repays the member's debt at this till.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repaid: Option<Posting>,
    /// From when on it can be used, where not at once: Unix ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usable_ms: Option<i64>,
}

/// How points came about by rules that the owner wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByRules {
    /// What each rule gave, and which version of it.
    pub parts: Vec<Part>,
    /// Lots beside the first: points that run out, or can be used, at other times.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more: Vec<Gain>,
    /// What was sold, where that is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<SaleLine>,
}

/// Every lot that points were given in.
pub fn gains<'a>(
    first: Option<&'a Gain>,
    by_rules: Option<&'a ByRules>,
) -> impl Iterator<Item = &'a Gain> {
    first.into_iter().chain(by_rules.into_iter().flat_map(|by_rules| &by_rules.more))
}

/// How many points were given in all of them.
pub fn gained(first: Option<&Gain>, by_rules: Option<&ByRules>) -> i64 {
    gains(first, by_rules).map(|gain| gain.lot.amount).fold(0, i64::saturating_add)
}

/// Points were given for an amount spent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointsEarned {
    /// Id of the fact.
    pub id: FactId,
    /// To whom.
    pub member: MemberId,
    /// Where.
    pub store: StoreId,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// What was paid, in minor units.
    pub amount_minor: i64,
    /// Points per unit that the rules gave; 0 where the owner wrote rules.
    pub points_per_unit: i64,
    /// The tier's multiplier in percent.
    pub multiplier_percent: i64,
    /// The points; none where the amount was too small for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earned: Option<Gain>,
    /// How they came about, where the owner wrote rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_rules: Option<ByRules>,
    /// The fact by which whoever sent this member got points, for this was the first time that they
    /// came: it is taken back with this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refers: Option<FactId>,
    /// A manager who approved it on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<StaffId>,
}

/// Points were redeemed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointsRedeemed {
    /// Id of the fact.
    pub id: FactId,
    /// Whose.
    pub member: MemberId,
    /// Where.
    pub store: StoreId,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// For what.
    pub reward: RecordId,
    /// What it was called.
    pub reward_name: String,
    /// How many, those on trust among them.
    pub points: i64,
    /// Money off, in minor units, where the cashier chose the points.
    #[serde(default)]
    pub money_off_minor: i64,
    /// What the cashier collected beside the points, in minor units.
    #[serde(default, skip_serializing_if = "is_default")]
    pub money_minor: i64,
    /// From which lots.
    pub postings: Vec<Posting>,
    /// What was given on trust: the member owes it.
    #[serde(default)]
    pub on_trust: i64,
    /// The step of the member's own code that was given, where one was asked for: it is used up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_step: Option<i64>,
    /// Handed over later, for this voucher: a coupon whose lot has this fact's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voucher: Option<Lot>,
    /// A manager who approved it on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<StaffId>,
}

/// Value ran out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueExpired {
    /// Id of the fact.
    pub id: FactId,
    /// Whose.
    pub member: MemberId,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// To `Expired`.
    pub postings: Vec<Posting>,
}

/// Something was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactVoided {
    /// Id of this fact.
    pub id: FactId,
    /// What was taken back.
    pub target: FactId,
    /// Whose it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<MemberId>,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// Value put back, or taken back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub postings: Vec<Posting>,
    /// Value given anew, where it was spent at another desk.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lots: Vec<Lot>,
    /// Lots that count for nothing from now on: whoever holds some of one gives it back when this
    /// fact reaches them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub take_back: Vec<TakeBack>,
    /// What the member owes from now on (positive) or no longer owes (negative).
    #[serde(default)]
    pub debt: i64,
    /// Points given back (positive) or taken back (negative), for showing.
    #[serde(default)]
    pub points: i64,
    /// A manager who approved it on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<StaffId>,
}

/// A lot that is taken back wherever it lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeBack {
    /// The lot.
    pub lot: LotId,
    /// Whose, where it is a merged file's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<MemberId>,
    /// What is known to be spent of it, by stream, and so is in the debt of the fact that takes it
    /// back. What a stream has spent beyond becomes debt when that stream gives back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spent: Vec<SpentAt>,
}

/// So much was spent by one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpentAt {
    /// By whom.
    pub stream: StreamId,
    /// How much.
    pub amount: i64,
}

/// Why the hub grants value to a till.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantReason {
    /// A till asked for it.
    Draw,
    /// It rests there, by the owner's policy.
    Rest,
}

/// The hub gives value to a till: from the pool, or from accounts it took over. The hub's alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueGranted {
    /// Id of the fact.
    pub id: FactId,
    /// Whose value.
    pub member: MemberId,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// Why.
    pub reason: GrantReason,
    /// From which lots, to which till.
    pub postings: Vec<Posting>,
}

/// A till gives value to the pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueReturned {
    /// Id of the fact.
    pub id: FactId,
    /// Whose value.
    pub member: MemberId,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// From which lots.
    pub postings: Vec<Posting>,
}

/// An owner of accounts gives back what it holds of a lot that was taken back elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueGivenBack {
    /// Id of the fact.
    pub id: FactId,
    /// Whose value.
    pub member: MemberId,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// Which lot.
    pub lot: LotId,
    /// Whose lot, where it is a merged file's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<MemberId>,
    /// What was still held.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub postings: Vec<Posting>,
    /// What had been spent here without whoever took it back knowing: the member owes it.
    #[serde(default)]
    pub debt: i64,
}

/// A debt on this stream's account was repaid with what the member had, here or drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DebtRepaid {
    /// Id of the fact.
    pub id: FactId,
    /// Whose.
    pub member: MemberId,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// From which lots.
    pub postings: Vec<Posting>,
    /// How much.
    pub amount: i64,
}

/// The hub takes a stream's accounts over: a lost till's (a manager says so), or those of an
/// earlier life that is known to have lost nothing. From now on the hub may debit them. The
/// hub's alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamReclaimed {
    /// Id of the fact.
    pub id: FactId,
    /// Whose accounts.
    pub stream: StreamId,
    /// The newest entry of it that the hub held: what it spent beyond may be overdrawn.
    pub seq: u64,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// A person said so; else the hub knew that nothing was lost.
    pub by_manager: bool,
}

/// Two files are one person's: what is on the one is on the other from now on, and the cards of
/// both keep working. A file that is merged with itself is shown as itself: it was parted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembersMerged {
    /// Id of the fact.
    pub id: FactId,
    /// The file that stays.
    pub kept: MemberId,
    /// The file that is shown as the other one.
    pub gone: MemberId,
    /// A manager who approved it on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<StaffId>,
}

/// A file is erased: whatever is personal of it goes, everywhere, and what comes later of it stays
/// away. A person who has several files is erased by as many facts. What they had and owed stays in
/// the books, under the file's random id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberErased {
    /// Id of the fact.
    pub id: FactId,
    /// Whose file.
    pub member: MemberId,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// A manager who approved it on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<StaffId>,
}

/// A lot that no rule explains is frozen until a person rules, or is free again. The hub's alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LotRuled {
    /// Id of the fact.
    pub id: FactId,
    /// Whose.
    pub member: MemberId,
    /// Which lot.
    pub lot: LotId,
    /// Its kind.
    pub kind: ValueKind,
    /// It cannot be spent.
    pub frozen: bool,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
}

/// Points were given, or taken, by somebody who may, for a reason of theirs and by no rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointsAdjusted {
    /// Id of the fact.
    pub id: FactId,
    /// Whose.
    pub member: MemberId,
    /// Where.
    pub store: StoreId,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// How many: given (positive) or taken (negative).
    pub points: i64,
    /// What was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earned: Option<Gain>,
    /// What was taken, from which lots.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub postings: Vec<Posting>,
    /// Why. A cashier's words: may name people, so it is the private part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<Hash>,
    /// A manager who approved it on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<StaffId>,
}

/// One member's points became another's: two facts, one for each of the two, that are written and
/// taken back together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointsTransferred {
    /// Id of the fact.
    pub id: FactId,
    /// Whose points this one is about.
    pub member: MemberId,
    /// Where.
    pub store: StoreId,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// How many: they went (negative) or came (positive).
    pub points: i64,
    /// To whom they went, or from whom they came.
    pub other: MemberId,
    /// The other one of the two facts.
    pub counterpart: FactId,
    /// What went, from which lots.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub postings: Vec<Posting>,
    /// What came: for each posting of the other fact a lot of as many, that runs out when that
    /// one does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gains: Vec<Gain>,
    /// A manager who approved it on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<StaffId>,
}

/// Somebody came for the first time, and whoever sent them got points: written and taken back
/// together with what was done that first time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReferralRewarded {
    /// Id of the fact.
    pub id: FactId,
    /// Who sent them, and got the points.
    pub member: MemberId,
    /// Where.
    pub store: StoreId,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// Whom they sent.
    pub of: MemberId,
    /// Their first sale or visit, in the same journal.
    pub cause: FactId,
    /// The points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earned: Option<Gain>,
    /// How they came about.
    pub by_rules: ByRules,
}

/// Money was loaded onto a member's account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToppedUp {
    /// Id of the fact.
    pub id: FactId,
    /// Whose account.
    pub member: MemberId,
    /// Where.
    pub store: StoreId,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// The money, in minor units.
    pub value: Lot,
    /// Points for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earned: Option<Gain>,
    /// How they came about, where the owner wrote rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_rules: Option<ByRules>,
    /// Why, or how it was paid. A cashier's words: may name people, so it is the private part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<Hash>,
    /// A manager who approved it on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<StaffId>,
}

/// A reward was handed over for a voucher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RewardHandedOver {
    /// Id of the fact.
    pub id: FactId,
    /// To whom.
    pub member: MemberId,
    /// Where.
    pub store: StoreId,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// The fact that gave the voucher.
    pub given: FactId,
    /// What.
    pub reward: RecordId,
    /// What it was called.
    pub reward_name: String,
    /// The voucher, and what leaves the reward's stock.
    pub postings: Vec<Posting>,
    /// A manager who approved it on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<StaffId>,
}

/// A reward's stock in a store was put in, taken out, or counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockChanged {
    /// Id of the fact.
    pub id: FactId,
    /// Of which reward.
    pub reward: RecordId,
    /// In which store.
    pub store: StoreId,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// How many more (positive) or fewer; 0: it was counted, and right.
    pub amount: i64,
    /// How many were counted, where somebody counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<i64>,
    /// What was put in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub put: Option<Lot>,
    /// What was taken out, from which lots.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub postings: Vec<Posting>,
    /// Why. Somebody's words: may name people, so it is the private part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<Hash>,
    /// A manager who approved it on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<StaffId>,
}

/// A journal may give out these card numbers, and no other one may. Said by the hub, or by the
/// business's only till to itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardsAllotted {
    /// Id of the fact.
    pub id: FactId,
    /// Who gives them out: a life of a till. Its next life does not.
    pub to: StreamId,
    /// When, by the time that never goes back: Unix ms.
    pub at_ms: i64,
    /// Which.
    pub numbers: NumberBlock,
}

macro_rules! facts {
    ($($(#[$doc:meta])* $kind:literal $name:literal $variant:ident($body:ty) $id:ident),* $(,)?) => {
        /// A fact of a kind that this build knows.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Fact {
            $($(#[$doc])* $variant($body),)*
        }

        impl Fact {
            /// The number of its kind, which the header holds. Never change one that landed.
            pub fn kind(&self) -> u16 {
                match self { $(Self::$variant(_) => $kind,)* }
            }

            /// The name of its kind.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)* }
            }

            /// Its id.
            pub fn id(&self) -> FactId {
                match self { $(Self::$variant(body) => body.id,)* }
            }

            /// The payload, as it will be stored for ever.
            ///
            /// # Errors
            /// Those of the JSON writer; none of our types has one.
            pub fn to_payload(&self) -> Result<Vec<u8>, serde_json::Error> {
                match self { $(Self::$variant(body) => serde_json::to_vec(body),)* }
            }

            /// Reads a payload. `None`: a kind or a version this build does not know, to be
            /// stored, forwarded and not folded.
            ///
            /// # Errors
            /// A payload that is not of its kind's shape.
            pub fn from_payload(
                kind: u16, version: u8, payload: &[u8],
            ) -> Result<Option<Self>, serde_json::Error> {
                if version != KIND_VERSION {
                    return Ok(None);
                }
                match kind {
                    $($kind => serde_json::from_slice(payload).map(|body| Some(Self::$variant(body))),)*
                    _ => Ok(None),
                }
            }

            /// Kinds and their names.
            pub const KINDS: &'static [(u16, &'static str)] = &[$(($kind, $name)),*];
        }
    };
}

/// The version of every kind this build writes.
pub const KIND_VERSION: u8 = 1;

facts! {
    /// A journal begins.
    1 "stream_opened" StreamOpened(StreamOpened) id,
    /// A manager vouches for a restored store.
    2 "stream_vouched" StreamVouched(StreamVouched) id,
    /// The hub takes a stream's accounts over.
    3 "stream_reclaimed" StreamReclaimed(StreamReclaimed) id,
    /// The business.
    10 "business_set" BusinessSet(RecordSet<Business>) id,
    /// A store.
    11 "store_set" StoreSet(RecordSet<Store>) id,
    /// The house rules.
    12 "rules_set" RulesSet(RecordSet<Rules>) id,
    /// A tier.
    13 "tier_set" TierSet(RecordSet<Tier>) id,
    /// A reward.
    14 "reward_set" RewardSet(RecordSet<Reward>) id,
    /// A kind of pass.
    15 "pass_type_set" PassTypeSet(RecordSet<PassType>) id,
    /// One of the staff.
    16 "staff_set" StaffSet(RecordSet<Staff>) id,
    /// A rule by which points are given.
    17 "earn_rule_set" EarnRuleSet(RecordSet<EarnRule>) id,
    /// A journal may give out these card numbers.
    18 "cards_allotted" CardsAllotted(CardsAllotted) id,
    /// A member's file was opened.
    20 "member_registered" MemberRegistered(MemberRegistered) id,
    /// A member's file was changed.
    21 "member_changed" MemberChanged(MemberChanged) id,
    /// A member's photo.
    22 "member_photo_set" MemberPhotoSet(MemberPhotoSet) id,
    /// Two files are one person's.
    23 "members_merged" MembersMerged(MembersMerged) id,
    /// A file is erased.
    24 "member_erased" MemberErased(MemberErased) id,
    /// A pass was given.
    30 "pass_given" PassGiven(PassGiven) id,
    /// A pass cannot be used for a while.
    31 "pass_frozen" PassFrozen(PassFrozen) id,
    /// It can be used again.
    32 "pass_unfrozen" PassUnfrozen(PassUnfrozen) id,
    /// A pass ends later.
    33 "pass_extended" PassExtended(PassExtended) id,
    /// Another pass takes the place of one.
    34 "pass_upgraded" PassUpgraded(PassUpgraded) id,
    /// A pass becomes somebody else's.
    35 "pass_transferred" PassTransferred(PassTransferred) id,
    /// A pass ends before its time.
    36 "pass_cancelled" PassCancelled(PassCancelled) id,
    /// Somebody stood at the desk.
    40 "visit_recorded" VisitRecorded(VisitRecorded) id,
    /// A member is booked for a class.
    41 "class_booked" ClassBooked(ClassBooked) id,
    /// Points were given.
    50 "points_earned" PointsEarned(PointsEarned) id,
    /// Points were redeemed.
    51 "points_redeemed" PointsRedeemed(PointsRedeemed) id,
    /// Value ran out.
    52 "value_expired" ValueExpired(ValueExpired) id,
    /// The hub gives value to a till.
    53 "value_granted" ValueGranted(ValueGranted) id,
    /// A till gives value to the pool.
    54 "value_returned" ValueReturned(ValueReturned) id,
    /// Value that was taken back elsewhere is given back.
    55 "value_given_back" ValueGivenBack(ValueGivenBack) id,
    /// A debt was repaid.
    56 "debt_repaid" DebtRepaid(DebtRepaid) id,
    /// A lot is frozen, or free again.
    57 "lot_ruled" LotRuled(LotRuled) id,
    /// Something was taken back.
    60 "fact_voided" FactVoided(FactVoided) id,
    /// Points were given or taken for a reason.
    61 "points_adjusted" PointsAdjusted(PointsAdjusted) id,
    /// Points became somebody else's.
    62 "points_transferred" PointsTransferred(PointsTransferred) id,
    /// Whoever sent somebody got points.
    63 "referral_rewarded" ReferralRewarded(ReferralRewarded) id,
    /// Money was loaded.
    64 "topped_up" ToppedUp(ToppedUp) id,
    /// A reward's stock was put in, taken out, or counted.
    65 "stock_changed" StockChanged(StockChanged) id,
    /// A reward was handed over for a voucher.
    66 "reward_handed_over" RewardHandedOver(RewardHandedOver) id,
}

impl Fact {
    /// Whether only the hub may say this. In a till's journal it is forged.
    pub fn hub_only(&self) -> bool {
        matches!(self, Self::ValueGranted(_) | Self::StreamReclaimed(_) | Self::LotRuled(_))
    }

    /// Where the fact names its private part.
    pub fn private_mut(&mut self) -> Option<&mut Option<Hash>> {
        match self {
            Self::StaffSet(body) => Some(&mut body.private),
            Self::MemberRegistered(body) => Some(&mut body.private),
            Self::MemberChanged(body) => Some(&mut body.private),
            Self::MemberPhotoSet(body) => Some(&mut body.private),
            Self::VisitRecorded(body) => Some(&mut body.private),
            Self::ClassBooked(body) => Some(&mut body.private),
            Self::PassExtended(body) => Some(&mut body.private),
            Self::PassCancelled(body) => Some(&mut body.private),
            Self::PointsAdjusted(body) => Some(&mut body.private),
            Self::ToppedUp(body) => Some(&mut body.private),
            Self::StockChanged(body) => Some(&mut body.private),
            _ => None,
        }
    }

    /// The commitment of its private part.
    pub fn private(&self) -> Option<Hash> {
        match self {
            Self::StaffSet(body) => body.private,
            Self::MemberRegistered(body) => body.private,
            Self::MemberChanged(body) => body.private,
            Self::MemberPhotoSet(body) => body.private,
            Self::VisitRecorded(body) => body.private,
            Self::ClassBooked(body) => body.private,
            Self::PassExtended(body) => body.private,
            Self::PassCancelled(body) => body.private,
            Self::PointsAdjusted(body) => body.private,
            Self::ToppedUp(body) => body.private,
            Self::StockChanged(body) => body.private,
            _ => None,
        }
    }
}

/// Whom a payload is about, whatever its kind, those of later programs among them: a fact with a
/// private part about a member names them in `member`. None: nobody, or it cannot be read.
pub fn about(payload: &[u8]) -> Option<MemberId> {
    #[derive(Deserialize)]
    struct About {
        #[serde(default)]
        member: Option<MemberId>,
    }
    serde_json::from_slice::<About>(payload).ok().and_then(|about| about.member)
}

/// Absent, null and a value are three things.
mod double_option {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::ref_option, reason = "the shape that serde calls it with")]
    pub(super) fn serialize<T: Serialize, S: Serializer>(
        value: &Option<Option<T>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(inner) => inner.serialize(serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Option<T>>, D::Error> {
        Option::<T>::deserialize(deserializer).map(Some)
    }
}
