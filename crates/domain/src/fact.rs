//! Facts: what happened, with the decision that was taken. Never changed afterwards.
//!
//! A kind's number and the shape of its payload are on disks and on the wire. A shape may gain
//! optional fields; anything else is a new version of the kind.

mod members;
mod passes;
mod points;
mod records;
mod rewards;
mod streams;
mod value;
mod visits;

use punchcard_protocol::{FactId, Hash, MemberId};
use serde::Deserialize;

pub use self::{
    members::{MemberChanged, MemberErased, MemberPhotoSet, MemberRegistered, MembersMerged},
    passes::{
        Before, Pass, PassCancelled, PassExtended, PassFrozen, PassGiven, PassTransferred,
        PassUnfrozen, PassUpgraded,
    },
    points::{
        ByRules, FactVoided, Gain, PointsAdjusted, PointsEarned, PointsRedeemed, PointsTransferred,
        ReferralRewarded, SpentAt, TakeBack, ToppedUp, gained, gains,
    },
    records::{CardsAllotted, RecordSet},
    rewards::{RewardHandedOver, StockChanged},
    streams::{PreviousLife, StreamOpened, StreamReclaimed, StreamVouched},
    value::{
        DebtRepaid, GrantReason, LotRuled, ValueExpired, ValueGivenBack, ValueGranted,
        ValueReturned,
    },
    visits::{ClassBooked, VisitRecorded},
};
use crate::{
    earning::rule::EarnRule,
    records::{Business, PassType, Reward, Rules, Staff, Store, Tier},
};

/// The version of every kind this build writes.
pub const KIND_VERSION: u8 = 1;

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
