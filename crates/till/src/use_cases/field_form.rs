//! The owner's own fields on members' files, one at a time on a form.

use punchcard_domain::{
    custom::{CustomField, FieldKind},
    records::{Rules, check_name},
    staff::Permission,
    text::one_line,
};
use serde::{Deserialize, Serialize};

use super::{actor::Actor, house};
use crate::{
    error::{Error, Result},
    random,
    till::Till,
    work::Work,
};

/// A field of the owner's own, as the settings page sends and gets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct FieldInput {
    /// What it is kept under; none: a new one.
    pub id: Option<String>,
    /// What it is called.
    pub name: String,
    /// What may stand in it: the same for as long as it lives.
    pub holds: Holds,
    /// The list to choose from, where it holds a choice.
    pub choices: Vec<String>,
    /// Asked for; else what was written in it is only shown.
    pub active: bool,
}

/// What may stand in a field; [`FieldKind`] without its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Holds {
    /// One line of text.
    Text,
    /// A whole number.
    Number,
    /// A day.
    Date,
    /// One of a list.
    Choice,
}

impl Till {
    /// The owner's own fields as the form shows them, in the order of the member's form; those that
    /// are no longer asked for too.
    ///
    /// # Errors
    /// Those of the store.
    pub fn field_list(&self) -> Result<Vec<FieldInput>> {
        Ok(self.custom_fields()?.into_iter().map(shown).collect())
    }

    /// Sets one of the owner's own fields. What was written in it stays.
    ///
    /// # Errors
    /// `approval_needed`, `name_missing`, `bad_input`: `field_name` where another one is called that,
    /// `field_holds` where it would hold something else than before, `choices`, `custom_fields` where
    /// there are too many.
    pub fn save_field(&self, actor: &Actor, input: FieldInput) -> Result<Vec<FieldInput>> {
        let actor = actor.clone();
        self.write(move |work| {
            actor.require(Permission::EditSettings)?;
            let custom_fields = with_field(work, &input)?;
            let rules = Rules { custom_fields, ..work.house.rules.clone() };
            house::save(work, &actor, rules)
        })?;
        self.field_list()
    }
}

/// All fields, with this one as it is from now on.
fn with_field(work: &Work<'_>, input: &FieldInput) -> Result<Vec<CustomField>> {
    let mut fields = work.house.rules.custom_fields.clone();
    let name = check_name(&input.name)?;
    let key = match &input.id {
        Some(key) => key.clone(),
        None => format!("f{}", random::uuid_at(work.now_ms())?.simple()),
    };
    if fields.iter().any(|field| field.key != key && field.name == name) {
        return Err(Error::bad_input("field_name", "another field is called that"));
    }
    let field = CustomField { key, name, kind: kind(input), retired: !input.active };
    match fields.iter_mut().find(|known| known.key == field.key) {
        Some(known) if holds(&known.kind) != input.holds => {
            return Err(Error::bad_input("field_holds", "what was written in it would not fit"));
        }
        Some(known) => *known = field,
        None if input.id.is_some() => {
            return Err(Error::bad_input("custom_fields", "there is no such field"));
        }
        None => fields.push(field),
    }
    Ok(fields)
}

fn kind(input: &FieldInput) -> FieldKind {
    match input.holds {
        Holds::Text => FieldKind::Text,
        Holds::Number => FieldKind::Number,
        Holds::Date => FieldKind::Date,
        Holds::Choice => {
            let choices = input.choices.iter().map(|choice| one_line(choice).trim().to_owned());
            FieldKind::Choice { choices: choices.collect() }
        }
    }
}

fn holds(kind: &FieldKind) -> Holds {
    match kind {
        FieldKind::Text => Holds::Text,
        FieldKind::Number => Holds::Number,
        FieldKind::Date => Holds::Date,
        FieldKind::Choice { .. } => Holds::Choice,
    }
}

fn shown(field: CustomField) -> FieldInput {
    FieldInput {
        id: Some(field.key),
        name: field.name,
        holds: holds(&field.kind),
        choices: match field.kind {
            FieldKind::Choice { choices } => choices,
            _ => Vec::new(),
        },
        active: !field.retired,
    }
}
