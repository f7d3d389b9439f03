//! What multipliers add to what is given for money, sales, pieces and visits.

use super::{
    book::Page,
    outcome::Told,
    rule::Per,
    run::Run,
    why::Why,
    worth::{self, Worth},
};

impl Run<'_> {
    /// What multipliers add to what was given before them: never to what a cap cut.
    pub(super) fn multiply(&mut self, pages: &[Page]) {
        let open = |told: &Told| told.why == Why::Gave;
        let factors: Vec<usize> = (0..pages.len())
            .filter(|at| pages[*at].rule.per == Per::Multiply && open(&self.told[*at]))
            .collect();
        // What each adds by itself, so that the best of some can be found.
        for at in &factors {
            self.factor(pages, *at, 0);
        }
        self.best(pages, |per| per == Per::Multiply);
        let mut added = 0;
        let mut stopper = None;
        for at in factors {
            if matches!(self.told[at].why, Why::BeatenBy(_)) {
                continue;
            }
            if let Some(by) = stopper {
                (self.told[at].points, self.told[at].why) = (0, Why::StoppedBy(by));
                continue;
            }
            self.factor(pages, at, added);
            if self.told[at].points > 0 {
                let (points, cap) = self.bounded(&pages[at].rule, self.told[at].points);
                if let Some(cap) = cap {
                    (self.told[at].points, self.told[at].why) = (points, Why::Capped(cap));
                }
                stopper = pages[at].rule.stops.then_some(self.told[at].rule);
            }
            added = added.saturating_add(self.told[at].points);
        }
    }

    /// What one multiplier adds. `added`: what those before it added.
    fn factor(&mut self, pages: &[Page], at: usize, added: i64) {
        let rule = &pages[at].rule;
        let mut whole = if rule.compounds { Some(Worth::whole(added)) } else { Some(Worth::NONE) };
        for (base, told) in pages.iter().zip(&self.told) {
            if base.rule.per.is_base() && told.points > 0 {
                let part = worth::of(&base.rule, Some(rule), self.event);
                let part = match told.why {
                    Why::Capped(_) => part.map(|part| part.at_most(told.points)),
                    _ => part,
                };
                whole = whole.zip(part).and_then(|(whole, part)| whole.plus(part));
            }
        }
        let extra = whole.and_then(|whole| whole.percent(rule.percent - 100));
        let rounding = self.rounding(rule);
        let told = &mut self.told[at];
        match extra.and_then(|extra| extra.round(rounding)) {
            Some(0) => (told.worth, told.points, told.why) = (0, 0, Why::LessThanOne),
            Some(points) => {
                (told.worth, told.points, told.why) = (points, points, Why::Gave);
            }
            None => (told.worth, told.points, told.why) = (0, 0, Why::TooLarge),
        }
    }
}
