//! All rules of the house, and what they give for something that happens.

use super::{
    condition::{Condition, Trouble},
    event::{Event, What},
    names::Language,
    outcome::Outcome,
    rule::{Caps, EarnRule, MAX_LINES, Per},
    run::Run,
};
use crate::{money::MAX_AMOUNT, records::Rules, refusal::Refusal};

/// All rules of the house, their conditions read once.
#[derive(Debug, Default)]
pub struct Book {
    pages: Vec<Page>,
    language: Language,
}

/// What of a member's history has to be looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// What each rule gave so far.
    pub given: bool,
}

/// A rule, its condition read.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) rule: EarnRule,
    /// What it asks, where it asks something and that could be read.
    pub(super) condition: Option<Result<Condition, Trouble>>,
}

impl Book {
    /// A book of rules. In which order they come in does not matter.
    pub fn new(rules: Vec<EarnRule>) -> Self {
        let mut pages: Vec<Page> = rules
            .into_iter()
            .map(|rule| {
                let condition = rule.condition.as_deref().map(Condition::read);
                Page { rule, condition }
            })
            .collect();
        pages.sort_by_key(|page| (std::cmp::Reverse(page.rule.priority), page.rule.id));
        Self { pages, language: Language::default() }
    }

    /// Whether points go by these rules: one of them is in use, be its days gone or to come.
    pub fn in_force(&self) -> bool {
        self.pages.iter().any(|page| page.rule.active)
    }

    /// What of a member's history any rule looks at.
    pub fn needs(&self) -> Needs {
        let bounded = |rule: &EarnRule| Caps { once: None, ..rule.caps } != Caps::default();
        Needs { given: self.rules().any(|rule| rule.active && bounded(rule)) }
    }

    /// The rules, in the order in which they are asked.
    pub fn rules(&self) -> impl Iterator<Item = &EarnRule> {
        self.pages.iter().map(|page| &page.rule)
    }

    /// What each rule gives for `event`, and why. `house`: what a rule leaves open.
    ///
    /// # Errors
    /// [`Refusal::BadAmount`], [`Refusal::TooLarge`] and [`Refusal::BadInput`] for an event that
    /// cannot have happened.
    pub fn give(&self, event: &Event, house: &Rules) -> Result<Outcome, Refusal> {
        check(event)?;
        let mut run = Run::new(event, house, &self.language, &self.pages);
        run.ask(&self.pages);
        run.stop(&self.pages);
        run.best(&self.pages, |per| per != Per::Multiply);
        run.cap(&self.pages, |per| per != Per::Multiply);
        run.multiply(&self.pages);
        run.limit(&self.pages);
        Ok(Outcome { told: run.told })
    }
}

/// Whether an event can have happened.
fn check(event: &Event) -> Result<(), Refusal> {
    match &event.what {
        What::Sale { amount_minor, lines } => {
            check_money(*amount_minor)?;
            if lines.len() > MAX_LINES {
                return Err(Refusal::BadInput("lines"));
            }
            let sound = lines.iter().all(|line| {
                (0..=MAX_AMOUNT).contains(&line.amount_minor)
                    && (0..=1_000_000).contains(&line.quantity)
            });
            if sound { Ok(()) } else { Err(Refusal::BadInput("lines")) }
        }
        What::TopUp { amount_minor } => check_money(*amount_minor),
        What::Visit | What::Refers => Ok(()),
    }
}

fn check_money(amount_minor: i64) -> Result<(), Refusal> {
    match amount_minor {
        ..=0 => Err(Refusal::BadAmount),
        1..=MAX_AMOUNT => Ok(()),
        _ => Err(Refusal::TooLarge),
    }
}
