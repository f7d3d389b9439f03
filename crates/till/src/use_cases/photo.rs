//! Photos: a private part each, in the journal like everything else, and as erasable.

use punchcard_domain::{
    fact::{Fact, MemberPhotoSet},
    refusal::Refusal,
    staff::Permission,
};
use punchcard_protocol::{FactId, MemberId};

use super::{actor::Actor, members, points::known_member};
use crate::{
    error::{Error, Result},
    random,
    store::{journal, read},
    till::Till,
    views::MemberView,
};

/// An image as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// `image/jpeg`, `image/png` or `image/webp`.
    pub media_type: &'static str,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Till {
    /// Sets a member's photo.
    ///
    /// # Errors
    /// `bad_image` for what is no JPEG, PNG or WebP, or is over 512 KiB.
    pub fn set_photo(&self, actor: &Actor, member: MemberId, bytes: Vec<u8>) -> Result<MemberView> {
        let actor = actor.clone();
        if media_type(&bytes).is_none() {
            return Err(Error::bad_input("image", "not a JPEG, PNG or WebP image"));
        }
        self.write(move |work| {
            actor.require(Permission::EditMember)?;
            // Whoever they are shown as: a page that was open while their files were merged names the other.
            let member = known_member(work, member)?.id;
            let id = FactId(random::uuid_at(work.now_ms())?);
            let fact = Fact::MemberPhotoSet(MemberPhotoSet { id, member, private: None });
            work.append_with(actor.staff, fact, Some(bytes))?;
            let file = known_member(work, member)?;
            members::view(work, &actor, &file)
        })
    }

    /// A photo, by the name that a member's file gives it.
    ///
    /// # Errors
    /// `not_found`: there is none, or it was erased.
    pub fn photo(&self, actor: &Actor, photo: FactId) -> Result<Image> {
        actor.require(Permission::ViewMember)?;
        self.read(|db| {
            let gone = || Error::from(Refusal::NotFound("photo"));
            let place = read::fact(db, photo)?.ok_or_else(gone)?;
            let stored = journal::get(db, place.entry)?.ok_or_else(gone)?;
            let header = journal::read_header(&stored.entry.header)?;
            let fact = journal::fact_of(&header, &stored.entry.payload)?;
            let (Some(Fact::MemberPhotoSet(_)), Some(part)) = (fact, stored.private) else {
                return Err(gone());
            };
            let media_type = media_type(&part.bytes).ok_or_else(gone)?;
            Ok(Image { media_type, bytes: part.bytes })
        })
    }
}

/// By its first bytes, never by a name.
fn media_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some("image/png"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}
