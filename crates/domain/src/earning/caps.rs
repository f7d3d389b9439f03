//! The most that a rule gives to one member, and that all rules give together.

use punchcard_protocol::RecordId;

use super::{
    book::Page,
    event::{Given, Sum},
    rule::{Caps, EarnRule, Per},
    run::Run,
    why::{Cap, Why},
};

impl Run<'_> {
    /// Cuts what each gives to its caps.
    pub(super) fn cap(&mut self, pages: &[Page], of: impl Fn(Per) -> bool) {
        for (at, page) in pages.iter().enumerate() {
            if self.told[at].points == 0 || !of(page.rule.per) {
                continue;
            }
            let (points, cap) = self.bounded(&page.rule, self.told[at].points);
            if let Some(cap) = cap {
                (self.told[at].points, self.told[at].why) = (points, Why::Capped(cap));
            }
        }
    }

    pub(super) fn bounded(&self, rule: &EarnRule, points: i64) -> (i64, Option<Cap>) {
        let given = self.event.history.given.get(&rule.id).copied().unwrap_or_default();
        bounded(&rule.caps, given, points)
    }

    /// Cuts what all give together to the limits: those asked last lose first, multipliers before
    /// what they multiply.
    pub(super) fn limit(&mut self, pages: &[Page]) {
        let before = self.event.history.given.values().fold(Given::default(), |all, given| Given {
            day: plus(all.day, given.day),
            month: plus(all.month, given.month),
            year: plus(all.year, given.year),
            ever: plus(all.ever, given.ever),
        });
        for at in 0..pages.len() {
            let rule = &pages[at].rule;
            if rule.per != Per::Limit || self.told[at].why != Why::Gave {
                continue;
            }
            let sum = self.told.iter().map(|told| told.points).fold(0, i64::saturating_add);
            let (allowed, _) = bounded(&rule.caps, before, sum);
            let cut = sum - allowed;
            self.cut(pages, cut, rule.id);
            self.told[at].why = Why::Bounds { cut };
        }
    }

    fn cut(&mut self, pages: &[Page], mut cut: i64, by: RecordId) {
        let last_first = |multiplies: bool| {
            (0..pages.len())
                .rev()
                .filter(move |at| (pages[*at].rule.per == Per::Multiply) == multiplies)
        };
        for at in last_first(true).chain(last_first(false)) {
            let told = &mut self.told[at];
            let loses = cut.min(told.points);
            if loses > 0 {
                (told.points, told.why) = (told.points - loses, Why::Capped(Cap::All(by)));
                cut -= loses;
            }
        }
    }
}

fn plus(a: Sum, b: Sum) -> Sum {
    Sum { points: a.points.saturating_add(b.points), times: a.times.saturating_add(b.times) }
}

/// So many points at most, and which cap says so where that is fewer.
fn bounded(caps: &Caps, given: Given, points: i64) -> (i64, Option<Cap>) {
    let room = |cap: Option<i64>, sum: i64| cap.map(|cap| cap.saturating_sub(sum).max(0));
    let left = [
        (Cap::Once, caps.once),
        (Cap::Day, room(caps.day, given.day.points)),
        (Cap::Month, room(caps.month, given.month.points)),
        (Cap::Year, room(caps.year, given.year.points)),
        (Cap::Ever, room(caps.ever, given.ever.points)),
    ];
    let often = [
        (Cap::TimesDay, caps.times_day, given.day.times),
        (Cap::TimesMonth, caps.times_month, given.month.times),
        (Cap::TimesYear, caps.times_year, given.year.times),
        (Cap::TimesEver, caps.times_ever, given.ever.times),
    ];
    let used_up = |(_, cap, times): &(Cap, Option<i64>, i64)| cap.is_some_and(|cap| *times >= cap);
    if let Some((cap, ..)) = often.into_iter().find(used_up) {
        return (0, Some(cap));
    }
    let mut bounded = (points, None);
    for (cap, left) in left {
        if let Some(left) = left.filter(|left| *left < bounded.0) {
            bounded = (left, Some(cap));
        }
    }
    bounded
}
