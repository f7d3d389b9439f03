//! What a rule is worth by itself: an exact fraction, rounded once.

use super::{
    event::{Event, SaleLine, What},
    rule::{EarnRule, Per},
};
use crate::{money::MAX_AMOUNT, records::Rounding};

/// A fraction of points, neither part below zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Worth {
    over: i128,
    under: i128,
}

impl Worth {
    pub(super) const NONE: Self = Self { over: 0, under: 1 };

    pub(super) fn whole(points: i64) -> Self {
        Self { over: i128::from(points), under: 1 }
    }

    fn new(over: Option<i128>, under: i64) -> Option<Self> {
        (under > 0).then_some(())?;
        Some(Self { over: over?, under: i128::from(under) }.shortened())
    }

    /// So many percent of it.
    pub(super) fn percent(self, percent: i64) -> Option<Self> {
        let over = self.over.checked_mul(i128::from(percent))?;
        Some(Self { over, under: self.under.checked_mul(100)? }.shortened())
    }

    pub(super) fn plus(self, other: Self) -> Option<Self> {
        let over =
            self.over.checked_mul(other.under)?.checked_add(other.over.checked_mul(self.under)?)?;
        Some(Self { over, under: self.under.checked_mul(other.under)? }.shortened())
    }

    /// It, or `points` where that is less.
    pub(super) fn at_most(self, points: i64) -> Self {
        let more = i128::from(points).checked_mul(self.under).is_some_and(|most| self.over > most);
        if more { Self::whole(points) } else { self }
    }

    /// Whole points; none: more than any amount may be.
    pub(super) fn round(self, rounding: Rounding) -> Option<i64> {
        let (over, under) = (self.over, self.under);
        let points = match rounding {
            Rounding::Down => over / under,
            Rounding::HalfUp => over.checked_mul(2)?.checked_add(under)? / under.checked_mul(2)?,
            Rounding::Up => over.checked_add(under - 1)? / under,
        };
        i64::try_from(points).ok().filter(|points| *points <= MAX_AMOUNT)
    }

    fn shortened(self) -> Self {
        let (mut a, mut b) = (self.over, self.under);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        let common = a.max(1);
        Self { over: self.over / common, under: self.under / common }
    }
}

/// What of an event counts for a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counted {
    /// Money, in minor units.
    pub(super) minor: i64,
    /// Pieces.
    pub(super) pieces: i64,
}

/// The money and the pieces that a rule is for; with `also`: and that this one is for as well.
pub(super) fn counted(rule: &EarnRule, also: Option<&EarnRule>, event: &Event) -> Counted {
    let amount = event.amount_minor();
    let by_line = rule.by_line() || also.is_some_and(EarnRule::by_line);
    let fits = |line: &&SaleLine| fits(rule, line) && also.is_none_or(|also| fits(also, line));
    let lines = || event.lines().iter().filter(fits);
    let pieces = lines().map(|line| line.quantity).fold(0, i64::saturating_add);
    let minor = if by_line {
        lines().map(|line| line.amount_minor).fold(0, i64::saturating_add).min(amount)
    } else {
        amount
    };
    let most = if rule.max_amount_minor > 0 { rule.max_amount_minor } else { i64::MAX };
    Counted { minor: minor.min(most), pieces }
}

fn fits(rule: &EarnRule, line: &SaleLine) -> bool {
    let among = |texts: &[String], text: &String| texts.contains(text);
    (rule.categories.is_empty() || among(&rule.categories, &line.category))
        && (rule.items.is_empty() || among(&rule.items, &line.item))
        && !among(&rule.not_categories, &line.category)
}

/// What a rule gives for an event; none: more than can be counted.
pub(super) fn of(rule: &EarnRule, also: Option<&EarnRule>, event: &Event) -> Option<Worth> {
    let counted = counted(rule, also, event);
    let points = i128::from(rule.points);
    let plain = match rule.per {
        Per::Amount => per_step(rule, counted.minor),
        Per::TopUp if rule.each_minor > 0 => per_step(rule, counted.minor),
        Per::Item => Worth::new(i128::from(counted.pieces).checked_mul(points), 1),
        // A multiplier that is for some lines multiplies nothing that is for the whole.
        _ if also.is_some_and(EarnRule::by_line) && !matches!(event.what, What::Visit) => {
            Some(Worth::NONE)
        }
        _ => Some(Worth::whole(rule.points)),
    }?;
    if rule.tier_times {
        plain.percent(event.member.multiplier_percent.max(0))
    } else {
        Some(plain)
    }
}

fn per_step(rule: &EarnRule, minor: i64) -> Option<Worth> {
    let points = i128::from(rule.points);
    if rule.whole_steps {
        let steps = i128::from(minor.checked_div(rule.each_minor)?);
        return Worth::new(steps.checked_mul(points), 1);
    }
    Worth::new(i128::from(minor).checked_mul(points), rule.each_minor)
}
