//! Members and their files.

use punchcard_protocol::{FactId, Hash, MemberId, RecordId, StaffId, StoreId};
use serde::{Deserialize, Serialize};

use super::passes::Pass;
use crate::ledger::Lot;

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
