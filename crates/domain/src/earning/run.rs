//! One event on its way through the rules: which apply, and what each is worth by itself. What
//! they do to one another: [`super::stacking`], [`super::multiply`], [`super::caps`].

use super::{
    applies,
    book::Page,
    condition::Condition,
    event::Event,
    expiry::Expires,
    names::{Language, Names},
    outcome::Told,
    rule::{EarnRule, Per},
    why::Why,
    worth::{self, Worth},
};
use crate::records::{Rounding, Rules};

/// One event on its way through the rules.
pub(super) struct Run<'a> {
    pub(super) event: &'a Event,
    house: &'a Rules,
    language: &'a Language,
    /// What conditions are asked with: made for the first that asks.
    names: Option<Names<'a>>,
    pub(super) told: Vec<Told>,
}

impl<'a> Run<'a> {
    /// Nothing has been given yet.
    pub(super) fn new(
        event: &'a Event,
        house: &'a Rules,
        language: &'a Language,
        pages: &[Page],
    ) -> Self {
        let told = pages.iter().map(|page| blank(&page.rule, event, house)).collect();
        Self { event, house, language, names: None, told }
    }

    /// Which rules apply, and what each is worth by itself.
    pub(super) fn ask(&mut self, pages: &[Page]) {
        for (at, page) in pages.iter().enumerate() {
            let answer = self.applies(page).and_then(|()| match page.rule.per {
                Per::Multiply | Per::Limit => Ok(0),
                _ => self
                    .worth(&page.rule, None)
                    .and_then(|worth| worth.round(self.rounding(&page.rule)).ok_or(Why::TooLarge)),
            });
            let told = &mut self.told[at];
            match answer {
                Ok(0) if page.rule.per != Per::Multiply && page.rule.per != Per::Limit => {
                    told.why = Why::LessThanOne;
                }
                Ok(worth) => (told.worth, told.points) = (worth, worth),
                Err(why) => told.why = why,
            }
        }
    }

    pub(super) fn rounding(&self, rule: &EarnRule) -> Rounding {
        rule.rounding.unwrap_or(self.house.rounding)
    }

    fn applies(&mut self, page: &Page) -> Result<(), Why> {
        let rule = &page.rule;
        applies::in_use(rule, self.event.today())?;
        applies::fits_event(rule, self.event)?;
        applies::fits_place(rule, self.event)?;
        applies::fits_money(rule, self.event)?;
        let born = self.event.member.birthday;
        if rule.birthday.is_some_and(|near| !applies::is_near(near, born, self.event.today())) {
            return Err(Why::NoBirthday);
        }
        match &page.condition {
            None => Ok(()),
            Some(Err(trouble)) => Err(Why::ConditionFailed(trouble.to_string())),
            Some(Ok(condition)) => self.asked(condition),
        }
    }

    fn asked(&mut self, condition: &Condition) -> Result<(), Why> {
        let names = self.names.get_or_insert_with(|| self.language.names(self.event));
        match condition.holds(names) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Why::ConditionNo),
            Err(error) => Err(Why::ConditionFailed(error)),
        }
    }

    /// What a rule is worth; with `also`: of the lines that this one is for as well.
    fn worth(&self, rule: &EarnRule, also: Option<&EarnRule>) -> Result<Worth, Why> {
        worth::of(rule, also, self.event).ok_or(Why::TooLarge)
    }
}

fn blank(rule: &EarnRule, event: &Event, house: &Rules) -> Told {
    let today = event.today();
    let usual = house.points_expire_months.map_or(Expires::Never, Expires::Months);
    let pending = i32::try_from(rule.pending_days).unwrap_or(i32::MAX);
    Told {
        rule: rule.id,
        version: rule.version,
        name: rule.name.clone(),
        worth: 0,
        points: 0,
        why: Why::Gave,
        expires_ms: rule.expires.unwrap_or(usual).moment(today, event.days),
        usable_ms: (pending > 0).then(|| event.days.start_of(today.plus_days(pending))),
    }
}
