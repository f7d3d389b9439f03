//! Points, by the owner's rules, by the plain ones, and for what else they are given.

use punchcard_protocol::{MemberId, StaffId, StoreId};

use super::{Doubt, RulesOfOld, doubted};
use crate::{
    earning::{event::What, follows},
    fact::{
        ByRules, Fact, Gain, PointsAdjusted, PointsTransferred, ReferralRewarded, ToppedUp, gained,
        gains,
    },
    points,
    staff::Permission,
};

/// Whether the points of a fact follow from some version of the rules; the doubts, where not.
pub fn points_follow(fact: &Fact, old: &RulesOfOld) -> Vec<Doubt> {
    match by_rules(fact, old) {
        Some(doubts) => doubts,
        None => by_plain_rules(fact, old).into_iter().collect(),
    }
}

/// The doubts in what was given by the owner's rules; none: it was not.
fn by_rules(fact: &Fact, old: &RulesOfOld) -> Option<Vec<Doubt>> {
    let (member, first, by_rules, claim) = match fact {
        Fact::PointsEarned(body) => {
            let by_rules = body.by_rules.as_ref()?;
            let what =
                What::Sale { amount_minor: body.amount_minor, lines: by_rules.lines.clone() };
            // A tier that nobody ever set multiplies nothing.
            let known = old.multipliers.contains(&body.multiplier_percent);
            let multiplier_percent = if known { body.multiplier_percent } else { 100 };
            let claim = claim(by_rules, what, body.at_ms, body.store, multiplier_percent, old);
            (body.member, body.earned.as_ref(), by_rules, claim)
        }
        Fact::VisitRecorded(body) => {
            let by_rules = body.by_rules.as_ref()?;
            let highest = old.multipliers.last().copied().unwrap_or(100);
            let claim = claim(by_rules, What::Visit, body.at_ms, body.store, highest, old);
            (body.member?, body.earned.as_ref(), by_rules, claim)
        }
        Fact::ReferralRewarded(body) => {
            let highest = old.multipliers.last().copied().unwrap_or(100);
            let by_rules = &body.by_rules;
            let claim = claim(by_rules, What::Refers, body.at_ms, body.store, highest, old);
            (body.member, body.earned.as_ref(), by_rules, claim)
        }
        Fact::ToppedUp(body) => {
            let by_rules = body.by_rules.as_ref()?;
            let highest = old.multipliers.last().copied().unwrap_or(100);
            let what = What::TopUp { amount_minor: body.value.amount };
            let claim = claim(by_rules, what, body.at_ms, body.store, highest, old);
            (body.member, body.earned.as_ref(), by_rules, claim)
        }
        _ => return None,
    };
    let most = follows::most(&claim, &old.earn_rules).unwrap_or_default();
    let told = by_rules.parts.iter().map(|part| part.points).fold(0, i64::saturating_add);
    let fits = by_rules.parts.len() == most.len()
        && by_rules.parts.iter().zip(&most).all(|(part, most)| (1..=*most).contains(&part.points))
        && told == gained(first, Some(by_rules));
    if fits {
        return Some(Vec::new());
    }
    let expected = most.into_iter().fold(0, i64::saturating_add);
    Some(gains(first, Some(by_rules)).map(|gain| doubted(member, &gain.lot, expected)).collect())
}

fn claim<'a>(
    by_rules: &'a ByRules,
    what: What,
    at_ms: i64,
    store: StoreId,
    multiplier_percent: i64,
    old: &RulesOfOld,
) -> follows::Claim<'a> {
    let days = old.days.get(&store).copied();
    follows::Claim { parts: &by_rules.parts, what, at_ms, store, days, multiplier_percent }
}

fn by_plain_rules(fact: &Fact, old: &RulesOfOld) -> Option<Doubt> {
    match fact {
        Fact::PointsEarned(body) => {
            let gain = body.earned.as_ref()?;
            let known = old.multipliers.contains(&body.multiplier_percent);
            let given: Vec<i64> = old
                .rules
                .iter()
                .filter(|rules| known && rules.points_per_unit == body.points_per_unit)
                .filter_map(|rules| {
                    points::for_amount(
                        body.amount_minor,
                        old.digits,
                        body.multiplier_percent,
                        rules,
                    )
                    .ok()
                })
                .map(|earned| earned.points)
                .collect();
            doubt(body.member, gain, &given)
        }
        Fact::VisitRecorded(body) => {
            let (member, gain) = (body.member?, body.earned.as_ref()?);
            let given: Vec<i64> = old
                .rules
                .iter()
                .flat_map(|rules| old.multipliers.iter().map(move |times| (rules, times)))
                .filter_map(|(rules, times)| points::for_visit(*times, rules).ok())
                .collect();
            doubt(member, gain, &given)
        }
        // The plain rules give nothing for it.
        Fact::ToppedUp(body) => doubt(body.member, body.earned.as_ref()?, &[]),
        _ => None,
    }
}

fn doubt(member: MemberId, gain: &Gain, given: &[i64]) -> Option<Doubt> {
    let points = gain.lot.amount;
    if given.contains(&points) {
        return None;
    }
    let expected = given.last().copied().unwrap_or(0);
    Some(doubted(member, &gain.lot, expected))
}

/// Whether points that were given for a reason were given by somebody who may, or whom somebody
/// who may approved; the doubt, where not. How many is theirs to say: the owner is told the sum.
pub fn adjustment_follows(
    adjusted: &PointsAdjusted,
    by: StaffId,
    old: &RulesOfOld,
) -> Option<Doubt> {
    let gain = adjusted.earned.as_ref()?;
    let might = |staff| old.might(staff, Permission::AdjustPoints);
    let follows = might(by) || adjusted.approved_by.is_some_and(might);
    (!follows).then(|| doubted(adjusted.member, &gain.lot, 0))
}

/// Whether money was loaded by somebody who may, or whom somebody who may approved; the doubt, where
/// not. How much is theirs to say: the owner is told the sum.
pub fn top_up_follows(topped: &ToppedUp, by: StaffId, old: &RulesOfOld) -> Option<Doubt> {
    let might = |staff| old.might(staff, Permission::TopUp);
    let follows = might(by) || topped.approved_by.is_some_and(might);
    (!follows).then(|| doubted(topped.member, &topped.value, 0))
}

/// Whether somebody got points for sending a member who came for the first time, as the fact says
/// that it stands together with. `cause`: that one, of the same journal. `again`: they got them for
/// the same member already.
pub fn referral_follows(
    rewarded: &ReferralRewarded,
    cause: Option<&Fact>,
    again: bool,
) -> Vec<Doubt> {
    let (member, refers) = match cause {
        Some(Fact::PointsEarned(body)) => (Some(body.member), body.refers),
        Some(Fact::VisitRecorded(body)) if body.counted => (body.member, body.refers),
        _ => (None, None),
    };
    if !again && member == Some(rewarded.of) && refers == Some(rewarded.id) {
        return Vec::new();
    }
    let given = gains(rewarded.earned.as_ref(), Some(&rewarded.by_rules));
    given.map(|gain| doubted(rewarded.member, &gain.lot, 0)).collect()
}

/// A lot that points were given away from, as it stands now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// When it runs out: Unix ms.
    pub expires_ms: Option<i64>,
    /// Nobody doubts it, and the account that was debited held as much.
    pub sound: bool,
}

/// Points that came to a member are those that went from another: lot by lot as many, and not for
/// longer; the doubts, where not. `gone`: the other fact, of the same journal. `sources`: the lots
/// of its postings, one by one; none: nobody knows it.
pub fn points_transfer_follows(
    came: &PointsTransferred,
    gone: Option<&PointsTransferred>,
    sources: &[Option<Source>],
) -> Vec<Doubt> {
    let pairs = gone.is_some_and(|gone| {
        gone.counterpart == came.id
            && came.counterpart == gone.id
            && (gone.other, gone.member) == (came.member, came.other)
            && gone.postings.len() == came.gains.len()
            && gone.postings.len() == sources.len()
    });
    let went = gone.map_or(&[][..], |gone| gone.postings.as_slice());
    let follows = |n: usize, gain: &Gain| {
        let (Some(posting), Some(Some(source))) = (went.get(n), sources.get(n)) else {
            return false;
        };
        pairs
            && source.sound
            && gain.lot.amount == posting.amount
            && gain.lot.expires_ms == source.expires_ms
    };
    let doubtful = came.gains.iter().enumerate().filter(|(n, gain)| !follows(*n, gain));
    doubtful.map(|(_, gain)| doubted(came.member, &gain.lot, 0)).collect()
}
