//! Whether a rule is for what happened, when and where it happened, and to whom.

use chrono::Datelike as _;

use super::{
    event::{Event, What},
    hours::{self, Held},
    rule::{Birthday, EarnRule, Per},
    why::Why,
    worth::counted,
};
use crate::time::Day;

pub(super) fn in_use(rule: &EarnRule, today: Day) -> Result<(), Why> {
    if !rule.active {
        return Err(Why::Off);
    }
    if !rule.unknown.is_empty() || rule.per == Per::Unknown || rule.check_shape().is_err() {
        return Err(Why::Unreadable);
    }
    if rule.from.is_some_and(|from| today < from) {
        return Err(Why::NotYet);
    }
    if rule.until.is_some_and(|until| until < today) {
        return Err(Why::Over);
    }
    Ok(())
}

pub(super) fn fits_event(rule: &EarnRule, event: &Event) -> Result<(), Why> {
    let sale = matches!(event.what, What::Sale { .. });
    let visit = event.is_visit();
    let streak = |length: i64, new: bool| {
        let reached = if rule.repeats {
            length > 0 && length % rule.count.max(1) == 0
        } else {
            length == rule.count
        };
        if new && reached { Ok(()) } else { Err(Why::NoStreak) }
    };
    let fits = match rule.per {
        Per::Amount | Per::Sale | Per::Item => sale,
        Per::Visit | Per::FirstVisit | Per::StreakDays | Per::StreakWeeks => visit,
        Per::Multiply | Per::Referred => sale || visit,
        Per::TopUp => event.is_top_up(),
        Per::Refers => event.what == What::Refers,
        Per::Limit => true,
        Per::Unknown => false,
    };
    if !fits {
        return Err(Why::OtherEvent);
    }
    let streaks = event.streaks();
    match rule.per {
        Per::FirstVisit if event.member.visits > 0 => Err(Why::NotFirst),
        Per::Referred if !(event.is_first() && event.member.referred) => Err(Why::NotFirst),
        Per::StreakDays => streak(streaks.days, streaks.new_day),
        Per::StreakWeeks => streak(streaks.weeks, streaks.new_week),
        _ => Ok(()),
    }
}

pub(super) fn fits_place(rule: &EarnRule, event: &Event) -> Result<(), Why> {
    match hours::holds(event.at_ms, event.days, rule.hours, &rule.weekdays) {
        Held::Yes => {}
        Held::OtherHour => return Err(Why::OtherHour),
        Held::OtherDay => return Err(Why::OtherDay),
    }
    if !rule.stores.is_empty() && !rule.stores.contains(&event.store) {
        return Err(Why::OtherStore);
    }
    let tier = event.member.tier;
    if !rule.tiers.is_empty() && !tier.is_some_and(|tier| rule.tiers.contains(&tier)) {
        return Err(Why::OtherTier);
    }
    Ok(())
}

pub(super) fn fits_money(rule: &EarnRule, event: &Event) -> Result<(), Why> {
    let money = event.amount_minor() > 0;
    let counted = counted(rule, None, event);
    if rule.by_line() && (!money || counted.pieces == 0 && counted.minor == 0) {
        return Err(Why::OtherLines);
    }
    if counted.minor < rule.min_amount_minor {
        return Err(Why::TooLittle);
    }
    Ok(())
}

/// Whether today is near enough to a birthday.
pub(super) fn is_near(near: Birthday, born: Option<Day>, today: Day) -> bool {
    let Some(born) = born else { return false };
    match near {
        Birthday::Day => born.is_birthday_on(today),
        Birthday::Week => (-3..=3).any(|days| born.is_birthday_on(today.plus_days(days))),
        Birthday::Month => born.0.month() == today.0.month(),
    }
}
