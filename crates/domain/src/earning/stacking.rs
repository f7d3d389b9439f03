//! Which of several rules that apply gives: what stops the others, and the best of some.

use super::{book::Page, outcome::Told, rule::Per, run::Run, why::Why};

impl Run<'_> {
    /// The first rule that stops and gives something: none after it gives anything. (A multiplier
    /// that stops lets no multiplier after it: see [`Run::multiply`].)
    pub(super) fn stop(&mut self, pages: &[Page]) {
        let gives = |told: &Told| told.points > 0;
        let Some(by) = (0..pages.len()).find(|at| pages[*at].rule.stops && gives(&self.told[*at]))
        else {
            return;
        };
        let stopper = self.told[by].rule;
        for (told, page) in self.told.iter_mut().zip(pages).skip(by + 1) {
            if told.why == Why::Gave && page.rule.per != Per::Limit {
                (told.points, told.why) = (0, Why::StoppedBy(stopper));
            }
        }
    }

    /// Of the rules with one word only the one that gives most, by its own caps, counts; of
    /// equals the first.
    pub(super) fn best(&mut self, pages: &[Page], of: impl Fn(Per) -> bool) {
        for at in 0..pages.len() {
            let Some(word) = &pages[at].rule.best_of else { continue };
            let mut best: Option<(i64, usize)> = None;
            for (other, page) in pages.iter().enumerate() {
                let rival = page.rule.best_of.as_ref() == Some(word) && of(page.rule.per);
                if !rival || self.told[other].points == 0 {
                    continue;
                }
                let gives = self.bounded(&page.rule, self.told[other].points).0;
                if best.is_none_or(|(most, _)| gives > most) {
                    best = Some((gives, other));
                }
            }
            if let Some((_, winner)) = best
                && winner != at
                && self.told[at].points > 0
                && of(pages[at].rule.per)
            {
                let by = self.told[winner].rule;
                (self.told[at].points, self.told[at].why) = (0, Why::BeatenBy(by));
            }
        }
    }
}
