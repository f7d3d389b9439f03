//! Commands about passes, cards and the rest of a member's file.

use std::sync::Arc;

use punchcard_till::{Actor, CardChange, Error, PassChange, Result, Till, sync::Line};
use serde::de::DeserializeOwned;

use crate::{
    args::{CardArgs, CardCommand, PassArgs, PassCommand},
    commands::{Answer, id},
    print,
};

pub(crate) fn pass(till: &Arc<Till>, actor: &Actor, args: PassArgs) -> Result<Answer> {
    let change = match args.what {
        PassCommand::Freeze { from, until } => {
            PassChange::Freeze { from: day(from.as_deref())?, until: day(until.as_deref())? }
        }
        PassCommand::Unfreeze => PassChange::Unfreeze,
        PassCommand::Extend { days, because } => PassChange::Extend { days, because },
        PassCommand::Cancel { on, refund, because } => {
            PassChange::Cancel { on: day(on.as_deref())?, refund_minor: refund, because }
        }
        PassCommand::Upgrade { to } => PassChange::Upgrade { to: id(&to)? },
        PassCommand::Transfer { to, fee } => PassChange::Transfer { to: id(&to)?, fee_minor: fee },
    };
    let (member, pass) = (id(&args.member)?, id(&args.pass)?);
    if matches!(change, PassChange::Upgrade { .. } | PassChange::Transfer { .. }) {
        Line::quiet(till.clone()).before_pass_changes(member, pass)?;
    }
    let done = till.change_pass(actor, member, pass, change)?;
    Ok(Answer::pretty(print::done(&done)))
}

pub(crate) fn card(till: &Till, actor: &Actor, args: CardArgs) -> Result<Answer> {
    let change = match args.what {
        CardCommand::Lost => CardChange::Lost,
        CardCommand::Found => CardChange::Found,
        CardCommand::Replace { new } => CardChange::ReplacedBy(new),
        CardCommand::Move { to } => CardChange::MovedTo(id(&to)?),
    };
    let view = till.change_card(actor, id(&args.member)?, &args.card, change)?;
    Ok(Answer::pretty(print::member(&view)?))
}

pub(crate) fn details(till: &Till, actor: &Actor, member: &str, json: &str) -> Result<Answer> {
    let view = till.change_details(actor, id(member)?, parsed(json)?)?;
    Ok(Answer::pretty(print::member(&view)?))
}

pub(crate) fn alerts(till: &Till, actor: &Actor, json: Option<&str>) -> Result<Answer> {
    let alerts = match json {
        Some(json) => till.save_alerts(actor, parsed(json)?)?,
        None => till.alerts()?,
    };
    Ok(Answer::pretty(serde_json::to_value(alerts)?))
}

pub(crate) fn card_numbers(till: &Till, actor: &Actor, json: Option<&str>) -> Result<Answer> {
    let numbers = match json {
        Some(json) => till.save_card_numbers(actor, parsed(json)?)?,
        None => till.card_numbers()?,
    };
    Ok(Answer::pretty(serde_json::to_value(numbers)?))
}

pub(crate) fn set_pass_type(till: &Till, actor: &Actor, json: &str) -> Result<Answer> {
    let kinds = till.save_pass_type(actor, parsed(json)?)?;
    Ok(Answer::pretty(serde_json::to_value(kinds)?))
}

/// Sets a reward.
pub(crate) fn set_reward(till: &Till, actor: &Actor, json: &str) -> Result<Answer> {
    let rewards = till.save_reward(actor, parsed(json)?)?;
    Ok(Answer::pretty(serde_json::to_value(rewards)?))
}

/// A day as it is typed.
pub(crate) fn day<T: std::str::FromStr>(text: Option<&str>) -> Result<Option<T>> {
    let parse = |text: &str| {
        text.parse().map_err(|_| Error::bad_input("day", format!("{text} is not YYYY-MM-DD")))
    };
    text.map(parse).transpose()
}

pub(crate) fn parsed<T: DeserializeOwned>(json: &str) -> Result<T> {
    serde_json::from_str(json).map_err(|error| Error::bad_input("json", error.to_string()))
}
