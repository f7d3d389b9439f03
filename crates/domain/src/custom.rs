//! The owner's own fields on a member's file: a small set, each with a kind, and no more.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    records::{MAX_NAME_CHARS, check_name},
    refusal::Refusal,
    text::one_line,
    time::Day,
};

/// The most fields of one's own.
const MOST_FIELDS: usize = 30;
/// The most choices of one.
const MOST_CHOICES: usize = 50;
/// The longest value, in characters.
const MAX_VALUE_CHARS: usize = 200;
/// The longest key, in characters.
const MAX_KEY_CHARS: usize = 40;

/// What may stand in a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum FieldKind {
    /// One line of text.
    Text,
    /// A whole number.
    Number,
    /// A day.
    Date,
    /// One of a list.
    Choice {
        /// The list.
        choices: Vec<String>,
    },
}

/// A field of the owner's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CustomField {
    /// What it is kept under: never changes, so that what was written stays what it was.
    pub key: String,
    /// What it is called.
    pub name: String,
    /// What may stand in it.
    #[serde(flatten)]
    pub kind: FieldKind,
    /// No longer asked for. What was written in it stays, and can still be seen.
    #[serde(default, skip_serializing_if = "crate::rewards::is_default")]
    #[cfg_attr(feature = "ts", ts(as = "Option<bool>", optional))]
    pub retired: bool,
}

/// Fields that can be worked with.
///
/// # Errors
/// [`Refusal::BadInput`], [`Refusal::NameMissing`], [`Refusal::TooLong`].
pub fn check_fields(fields: &[CustomField]) -> Result<(), Refusal> {
    if fields.len() > MOST_FIELDS {
        return Err(Refusal::BadInput("custom_fields"));
    }
    let mut keys = BTreeSet::new();
    for field in fields {
        check_name(&field.name)?;
        let key = &field.key;
        let plain = !key.is_empty()
            && key.len() <= MAX_KEY_CHARS
            && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !plain || !keys.insert(key) {
            return Err(Refusal::BadInput("custom_fields"));
        }
        if let FieldKind::Choice { choices } = &field.kind {
            let fits =
                |choice: &String| !choice.is_empty() && choice.chars().count() <= MAX_NAME_CHARS;
            if choices.is_empty() || choices.len() > MOST_CHOICES || !choices.iter().all(fits) {
                return Err(Refusal::BadInput("choices"));
            }
        }
    }
    Ok(())
}

/// Values that fit their fields; empty ones are taken out. What stands in a field that the owner has
/// retired since, or under a key that is not known, stays as it was.
///
/// # Errors
/// [`Refusal::BadOwnField`] names the first that does not fit.
pub fn check_values(
    fields: &[CustomField],
    before: &BTreeMap<String, String>,
    wanted: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Refusal> {
    let mut kept = before.clone();
    for (key, value) in wanted {
        let value = value.trim();
        if value.is_empty() {
            kept.remove(key);
            continue;
        }
        if before.get(key).is_some_and(|old| old == value) {
            continue;
        }
        let field = fields.iter().find(|field| field.key == *key);
        if !field.is_some_and(|field| field.takes(value)) {
            let name = field.map_or(key, |field| &field.name).clone();
            return Err(Refusal::BadOwnField { key: key.clone(), name });
        }
        kept.insert(key.clone(), value.to_owned());
    }
    Ok(kept)
}

impl CustomField {
    fn takes(&self, value: &str) -> bool {
        let short = value.chars().count() <= MAX_VALUE_CHARS && one_line(value) == value;
        short
            && !self.retired
            && match &self.kind {
                FieldKind::Text => true,
                FieldKind::Number => value.parse::<i64>().is_ok(),
                FieldKind::Date => value.parse::<Day>().is_ok(),
                FieldKind::Choice { choices } => choices.iter().any(|choice| choice == value),
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(key: &str, kind: FieldKind) -> CustomField {
        CustomField { key: key.into(), name: "尺码".into(), kind, retired: false }
    }

    fn fields() -> Vec<CustomField> {
        vec![
            field("shirt", FieldKind::Choice { choices: vec!["S".into(), "M".into()] }),
            field("locker", FieldKind::Number),
            field("medical", FieldKind::Date),
            field("hobby", FieldKind::Text),
        ]
    }

    fn checked(key: &str, value: &str) -> Result<BTreeMap<String, String>, Refusal> {
        let wanted = BTreeMap::from([(key.to_owned(), value.to_owned())]);
        check_values(&fields(), &BTreeMap::from([("gone".into(), "7".into())]), &wanted)
    }

    #[test]
    fn a_value_fits_its_field() {
        for (key, value) in
            [("shirt", "M"), ("locker", "-3"), ("medical", "2026-11-23"), ("hobby", "围棋")]
        {
            let kept = checked(key, value).expect("fits");
            assert_eq!(kept.get(key).map(String::as_str), Some(value));
            assert_eq!(kept.get("gone").map(String::as_str), Some("7"));
        }
        for (key, value) in [
            ("shirt", "XL"),
            ("locker", "3.5"),
            ("medical", "soon"),
            ("hobby", "a\nb"),
            ("unknown", "x"),
        ] {
            let refused = checked(key, value).expect_err(key);
            assert_eq!(refused.args()[0], ("key", key.to_owned()));
            assert_eq!(refused.code(), "bad_own_field");
        }
        assert_eq!(checked("gone", "").expect("taken out").len(), 0);
    }

    #[test]
    fn a_retired_field_keeps_what_it_holds_and_takes_nothing_new() {
        let mut fields = fields();
        fields[1].retired = true;
        let before = BTreeMap::from([("locker".to_owned(), "12".to_owned())]);
        let write = |value: &str| {
            let wanted = BTreeMap::from([("locker".to_owned(), value.to_owned())]);
            check_values(&fields, &before, &wanted)
        };
        assert_eq!(write("12"), Ok(before.clone()));
        assert_eq!(write("13").expect_err("retired").code(), "bad_own_field");
        assert_eq!(write(""), Ok(BTreeMap::new()));
    }

    #[test]
    fn a_field_in_use_is_written_as_it_always_was() {
        let mut field = field("locker", FieldKind::Number);
        let text = serde_json::to_string(&field).expect("plain data");
        assert_eq!(text, r#"{"key":"locker","name":"尺码","kind":"number"}"#);
        assert_eq!(serde_json::from_str::<CustomField>(&text).expect("what was written"), field);
        field.retired = true;
        let text = serde_json::to_string(&field).expect("plain data");
        assert_eq!(serde_json::from_str::<CustomField>(&text).expect("what was written"), field);
    }

    #[test]
    fn fields_have_keys_of_their_own() {
        assert_eq!(check_fields(&fields()), Ok(()));
        let twice = [field("a", FieldKind::Text), field("a", FieldKind::Date)];
        assert_eq!(check_fields(&twice), Err(Refusal::BadInput("custom_fields")));
        let odd = [field("a b", FieldKind::Text)];
        assert_eq!(check_fields(&odd), Err(Refusal::BadInput("custom_fields")));
        let none = [field("a", FieldKind::Choice { choices: vec![] })];
        assert_eq!(check_fields(&none), Err(Refusal::BadInput("choices")));
    }
}
