//! Commands about members' files, and about what the owner asks of them.

use punchcard_till::{
    Actor, Error, Result, Till,
    views::{MemberInput, RulesInput},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    commands::{Answer, id},
    passes::parsed,
    print,
};

pub(crate) fn register(till: &Till, actor: &Actor, json: &str) -> Result<Answer> {
    let view = till.register_member(actor, parsed(json)?)?;
    Ok(Answer::pretty(print::member(&view)?))
}

pub(crate) fn change(till: &Till, actor: &Actor, member: &str, json: &str) -> Result<Answer> {
    let member = id(member)?;
    let file = till.member(actor, member)?;
    let now = MemberInput {
        name: file.brief.name,
        phone: file.brief.phone.unwrap_or_default(),
        email: file.email.unwrap_or_default(),
        birthday: file.birthday.map(|day| day.to_string()).unwrap_or_default(),
        gender: file.gender.unwrap_or_default(),
        note: file.note.unwrap_or_default(),
        tags: file.tags,
        cards: file.cards,
        tier: file.set_tier,
        details: None,
    };
    let view = till.change_member(actor, member, laid_over(&now, json)?)?;
    Ok(Answer::pretty(print::member(&view)?))
}

pub(crate) fn ban(
    till: &Till,
    actor: &Actor,
    member: &str,
    reason: Option<&str>,
) -> Result<Answer> {
    let (member, why) = (id(member)?, reason.unwrap_or_default());
    let view = till.ban_member(actor, member, reason.is_some(), why)?;
    Ok(Answer::pretty(print::member(&view)?))
}

pub(crate) fn house_rules(till: &Till, actor: &Actor, json: Option<&str>) -> Result<Answer> {
    let now: RulesInput = till.rules()?;
    let rules = match json {
        Some(json) => till.save_rules(actor, laid_over(&now, json)?)?,
        None => now,
    };
    Ok(Answer::pretty(serde_json::to_value(rules)?))
}

pub(crate) fn own_fields(till: &Till, actor: &Actor, json: Option<&str>) -> Result<Answer> {
    let fields = match json {
        Some(json) => till.save_custom_fields(actor, parsed(json)?)?,
        None => till.custom_fields()?,
    };
    Ok(Answer::pretty(serde_json::to_value(fields)?))
}

/// What is there now, with what was typed in its place.
fn laid_over<T: Serialize + DeserializeOwned>(now: &T, json: &str) -> Result<T> {
    let bad = |error: serde_json::Error| Error::bad_input("json", error.to_string());
    let mut whole = serde_json::to_value(now)?;
    let typed: serde_json::Map<String, Value> = serde_json::from_str(json).map_err(bad)?;
    if let Some(fields) = whole.as_object_mut() {
        fields.extend(typed);
    }
    serde_json::from_value(whole).map_err(bad)
}
