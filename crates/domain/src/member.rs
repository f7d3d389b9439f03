//! Members: what is on their file.

use std::collections::{BTreeMap, BTreeSet};

use punchcard_protocol::MemberId;
use serde::{Deserialize, Serialize};

use crate::time::Day;

/// What became of a card that is no longer in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum CardState {
    /// Reported lost (挂失).
    Lost,
    /// Another card took its place (补卡).
    Replaced,
    /// It is somebody else's now (转卡).
    Moved,
}

/// What a member's file holds, by field: each field keeps the latest, by stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MemberField {
    /// Name.
    Name,
    /// Phone, E.164.
    Phone,
    /// E-mail.
    Email,
    /// Birthday, `YYYY-MM-DD`.
    Birthday,
    /// Gender.
    Gender,
    /// The staff's note.
    Note,
    /// Tags, a JSON list.
    Tags,
    /// Card numbers, a JSON list, as they were last said all in one: see [`crate::cards`].
    Cards,
    /// Id of the tier.
    Tier,
    /// Id of the home store.
    HomeStore,
    /// Why they are banned; none: they are not.
    Banned,
    /// Id of the fact that set their photo: its private part is the image.
    Photo,
    /// Whom to call in an emergency, JSON.
    Contact,
    /// The waiver they signed, JSON.
    Waiver,
    /// Id of the member who answers for them.
    Guardian,
    /// Id of the family they belong to: members of one check in together.
    Family,
    /// By which channels they may be written to, a JSON list.
    Consent,
    /// Id of the member who brought them.
    ReferredBy,
    /// The owner's own fields, a JSON object.
    Custom,
    /// Cards that are no longer in use and what became of them, all in one, a JSON object: as it
    /// was said before each card had a state of its own.
    DeadCards,
    /// What the codes on their phone are made of, base32.
    PhoneCode,
}

impl MemberField {
    /// Every field, in the order of their stored numbers.
    pub const ALL: [Self; 21] = [
        Self::Name,
        Self::Phone,
        Self::Email,
        Self::Birthday,
        Self::Gender,
        Self::Note,
        Self::Tags,
        Self::Cards,
        Self::Tier,
        Self::HomeStore,
        Self::Banned,
        Self::Photo,
        Self::Contact,
        Self::Waiver,
        Self::Guardian,
        Self::Family,
        Self::Consent,
        Self::ReferredBy,
        Self::Custom,
        Self::DeadCards,
        Self::PhoneCode,
    ];

    /// Bit number in a stored stamp's mask. Never change one that landed.
    pub fn bit(self) -> u32 {
        match self {
            Self::Name => 0,
            Self::Phone => 1,
            Self::Email => 2,
            Self::Birthday => 3,
            Self::Gender => 4,
            Self::Note => 5,
            Self::Tags => 6,
            Self::Cards => 7,
            Self::Tier => 8,
            Self::HomeStore => 9,
            Self::Banned => 10,
            Self::Photo => 11,
            Self::Contact => 12,
            Self::Waiver => 13,
            Self::Guardian => 14,
            Self::Family => 15,
            Self::Consent => 16,
            Self::ReferredBy => 17,
            Self::Custom => 18,
            Self::DeadCards => 19,
            Self::PhoneCode => 20,
        }
    }
}

/// What of a file is personal. Travels as a private part, never in a payload. Absent: unchanged;
/// empty: taken out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MemberPrivate {
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Phone, E.164.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// E-mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Birthday, `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birthday: Option<String>,
    /// Gender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<String>,
    /// The staff's note.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// Card numbers: all of them. Written when a file is opened; what changes afterwards is said of
    /// each card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cards: Option<Vec<String>>,
    /// Why they are banned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub banned: Option<String>,
    /// Whom to call in an emergency; without name and phone: taken out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
    /// The waiver they signed; version 0: taken out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiver: Option<Waiver>,
    /// Id of the member who answers for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guardian: Option<String>,
    /// Id of their family: members of one check in together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// By which channels they may be written to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<BTreeSet<Channel>>,
    /// Id of the member who brought them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referred_by: Option<String>,
    /// The owner's own fields, by key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<BTreeMap<String, String>>,
    /// Cards that are no longer in use, and what became of them: all in one. No longer written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dead_cards: Option<BTreeMap<String, CardState>>,
    /// What the codes on their phone are made of, base32.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_code: Option<String>,
    /// What became of each of these cards; none: it is theirs, and in use. Cards that are not named
    /// stay as they are.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub card_states: BTreeMap<String, Option<CardState>>,
    /// Cards that are taken off the file.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub cards_off: BTreeSet<String>,
}

/// Whom to call in an emergency.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Contact {
    /// Name.
    pub name: String,
    /// Phone.
    pub phone: String,
}

/// A waiver that was signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Waiver {
    /// Which version of it, from 1.
    pub version: u32,
    /// When.
    pub on: Day,
    /// The member who answered for them and signed in their place; none: they signed themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(type = "string | null"))]
    pub by: Option<MemberId>,
}

/// A way to write to somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Channel {
    /// Text messages.
    Sms,
    /// E-mail.
    Email,
    /// Calls.
    Phone,
    /// WeChat.
    Wechat,
    /// Letters.
    Post,
}

/// What is said of one card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardIs {
    /// It is theirs, and in use.
    InUse,
    /// It is no longer in use.
    NoLonger(CardState),
    /// It was taken off their file.
    TakenOff,
}

impl CardIs {
    /// Everything that can be said.
    pub const ALL: [Self; 5] = [
        Self::InUse,
        Self::NoLonger(CardState::Lost),
        Self::NoLonger(CardState::Replaced),
        Self::NoLonger(CardState::Moved),
        Self::TakenOff,
    ];

    /// The number that tables hold. Never change one that landed.
    pub fn number(self) -> i64 {
        match self {
            Self::InUse => 0,
            Self::NoLonger(CardState::Lost) => 1,
            Self::NoLonger(CardState::Replaced) => 2,
            Self::NoLonger(CardState::Moved) => 3,
            Self::TakenOff => 4,
        }
    }

    /// From the number that tables hold; one that nobody knows says nothing against the card.
    pub fn from_number(number: i64) -> Self {
        Self::ALL.into_iter().find(|is| is.number() == number).unwrap_or(Self::InUse)
    }

    /// Whether it stands on their file: a lost card does, so that whoever scans it is stopped.
    pub fn stands_on_file(self) -> bool {
        !matches!(self, Self::TakenOff | Self::NoLonger(CardState::Moved))
    }
}

impl MemberPrivate {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The fields it sets, and to what; none: taken out.
    pub fn fields(&self) -> Vec<(MemberField, Option<String>)> {
        let text = |value: &String| (!value.is_empty()).then(|| value.clone());
        let list = |values: &Vec<String>| {
            (!values.is_empty()).then(|| serde_json::Value::from(values.clone()).to_string())
        };
        // None of these has a shape that JSON cannot hold.
        let json = |empty: bool, value: serde_json::Result<String>| value.ok().filter(|_| !empty);
        let mut fields = Vec::new();
        let mut put = |field, value: Option<Option<String>>| {
            if let Some(value) = value {
                fields.push((field, value));
            }
        };
        put(MemberField::Name, self.name.as_ref().map(text));
        put(MemberField::Phone, self.phone.as_ref().map(text));
        put(MemberField::Email, self.email.as_ref().map(text));
        put(MemberField::Birthday, self.birthday.as_ref().map(text));
        put(MemberField::Gender, self.gender.as_ref().map(text));
        put(MemberField::Note, self.note.as_ref().map(text));
        put(MemberField::Tags, self.tags.as_ref().map(list));
        put(MemberField::Cards, self.cards.as_ref().map(list));
        put(MemberField::Banned, self.banned.as_ref().map(text));
        put(
            MemberField::Contact,
            self.contact.as_ref().map(|contact| {
                json(*contact == Contact::default(), serde_json::to_string(contact))
            }),
        );
        put(
            MemberField::Waiver,
            self.waiver
                .as_ref()
                .map(|waiver| json(waiver.version == 0, serde_json::to_string(waiver))),
        );
        put(MemberField::Guardian, self.guardian.as_ref().map(text));
        put(MemberField::Family, self.family.as_ref().map(text));
        put(
            MemberField::Consent,
            self.consent.as_ref().map(|set| json(set.is_empty(), serde_json::to_string(set))),
        );
        put(MemberField::ReferredBy, self.referred_by.as_ref().map(text));
        put(
            MemberField::Custom,
            self.custom.as_ref().map(|map| json(map.is_empty(), serde_json::to_string(map))),
        );
        put(
            MemberField::DeadCards,
            self.dead_cards.as_ref().map(|map| json(map.is_empty(), serde_json::to_string(map))),
        );
        put(MemberField::PhoneCode, self.phone_code.as_ref().map(text));
        fields
    }
}

/// `138****0427`: enough to tell two members apart, not enough to call one.
pub fn mask_phone(phone: &str) -> String {
    let chars: Vec<char> = phone.chars().collect();
    if chars.len() < 8 {
        return "*".repeat(chars.len());
    }
    let head: String = chars[..chars.len() - 8].iter().collect();
    let tail: String = chars[chars.len() - 4..].iter().collect();
    format!("{head}****{tail}")
}

/// `l***@example.net`.
pub fn mask_email(email: &str) -> String {
    match email.split_once('@') {
        Some((name, host)) => {
            let first: String = name.chars().take(1).collect();
            format!("{first}***@{host}")
        }
        None => "***".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_all_different() {
        let mask = MemberField::ALL.iter().fold(0u32, |mask, field| mask | 1 << field.bit());
        assert_eq!(mask.count_ones() as usize, MemberField::ALL.len());
    }

    #[test]
    fn masks() {
        assert_eq!(mask_phone("13812340427"), "138****0427");
        assert_eq!(mask_phone("+14155550123"), "+141****0123");
        assert_eq!(mask_phone("123"), "***");
        assert_eq!(mask_email("lena@example.net"), "l***@example.net");
    }

    #[test]
    fn absent_is_unchanged_and_empty_is_taken_out() {
        let private = MemberPrivate {
            name: Some("李喆".into()),
            phone: Some(String::new()),
            ..MemberPrivate::default()
        };
        assert_eq!(
            private.fields(),
            vec![(MemberField::Name, Some("李喆".into())), (MemberField::Phone, None)]
        );
    }

    #[test]
    fn what_was_said_of_all_cards_at_once_is_read_and_written_as_it_was() {
        let old = r#"{"dead_cards":{"10000001":"lost","10000002":"replaced"}}"#;
        let private: MemberPrivate = serde_json::from_str(old).expect("its shape");
        assert_eq!(serde_json::to_string(&private).expect("JSON"), old);
        let states = r#"{"10000001":"lost","10000002":"replaced"}"#;
        assert_eq!(private.fields(), vec![(MemberField::DeadCards, Some(states.into()))]);
        let new = r#"{"card_states":{"10000001":"lost","10000002":null}}"#;
        let private: MemberPrivate = serde_json::from_str(new).expect("its shape");
        assert_eq!(serde_json::to_string(&private).expect("JSON"), new);
        assert!(private.fields().is_empty() && !private.is_empty());
        let off = r#"{"cards_off":["10000003"]}"#;
        let private: MemberPrivate = serde_json::from_str(off).expect("its shape");
        assert_eq!(serde_json::to_string(&private).expect("JSON"), off);
        assert!(private.fields().is_empty() && !private.is_empty());
    }

    #[test]
    fn what_is_said_of_a_card_has_a_number_of_its_own() {
        for (number, is) in (0..).zip(CardIs::ALL) {
            assert_eq!((is.number(), CardIs::from_number(number)), (number, is));
        }
    }
}
