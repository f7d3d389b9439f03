//! Does what a desk gave follow from a rule? The hub asks again, of facts that came in.

pub mod apart;

use std::collections::{BTreeMap, BTreeSet};

use punchcard_protocol::{LotId, MemberId, StaffId, StoreId};

use crate::{
    decide::{price, voucher_lot},
    earning::{event::What, follows, rule::EarnRule},
    fact::{
        ByRules, Fact, FactVoided, Gain, MemberRegistered, Pass, PassGiven, PassUpgraded,
        PointsAdjusted, PointsRedeemed, PointsTransferred, ReferralRewarded, RewardHandedOver,
        StockChanged, ToppedUp, gained, gains,
    },
    ledger::{Account, Lot, Posting, ValueKind},
    limits::AtMost,
    points,
    records::{PassType, Reward, Rules, Tier},
    staff::{Permission, Role},
    stock::stock_owner,
    time::{Day, StoreDays},
};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Every version of what points were ever given by: a desk may have sold with yesterday's.
#[derive(Debug, Clone)]
pub struct RulesOfOld {
    /// Digits of the currency's minor unit.
    pub digits: u32,
    /// The house rules, each version.
    pub rules: Vec<Rules>,
    /// Multipliers of tiers, in percent, 100 among them.
    pub multipliers: BTreeSet<i64>,
    /// The owner's rules for points, each version.
    pub earn_rules: Vec<EarnRule>,
    /// How each store counts days, as it does now.
    pub days: BTreeMap<StoreId, StoreDays>,
    /// Rewards, each version.
    pub rewards: Vec<Reward>,
    /// Kinds of pass, each version.
    pub pass_types: Vec<PassType>,
    /// The highest role that each of the staff ever had.
    pub staff: BTreeMap<StaffId, Role>,
    /// Guests that a tier lets a member bring in a month, the most.
    pub guests: u32,
    /// Visits without a pass that a tier gives in a month, the most.
    pub free_visits: u32,
    /// What tiers let their members pay of a price, in percent.
    pub price_percents: BTreeSet<i64>,
}

impl RulesOfOld {
    /// A version of a tier.
    pub fn add_tier(&mut self, tier: &Tier) {
        self.multipliers.insert(tier.multiplier_percent);
        let privileges = tier.privileges.unwrap_or_default();
        let few = |number: Option<i64>| number.and_then(|number| u32::try_from(number).ok());
        self.price_percents.extend(privileges.less_percent());
        self.guests = few(privileges.guests).unwrap_or(0).max(self.guests);
        self.free_visits = few(privileges.free_visits_month).unwrap_or(0).max(self.free_visits);
    }

    /// Whether a price was ever one that a tier let its members pay; none: the full one.
    fn had_percent(&self, percent: Option<i64>) -> bool {
        percent.is_none_or(|percent| self.price_percents.contains(&percent))
    }

    /// Whether one of the staff ever might.
    fn might(&self, staff: StaffId, permission: Permission) -> bool {
        self.staff.get(&staff).is_some_and(|role| role.may(permission))
    }
}

/// Value that nothing explains: it is frozen until a person rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doubt {
    /// Whose.
    pub member: MemberId,
    /// Which lot.
    pub lot: LotId,
    /// What it is made of.
    pub kind: ValueKind,
    /// How many there are.
    pub points: i64,
    /// What the newest rules that come near would give.
    pub expected: i64,
}

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

/// A doubt about a whole lot.
pub fn doubted(member: MemberId, lot: &Lot, expected: i64) -> Doubt {
    Doubt { member, lot: lot.id, kind: lot.kind, points: lot.amount, expected }
}

/// What a void gives anew must have been spent by what it takes back: of each kind no more than
/// that. `again`: the same journal took the same back before, and gave for it then.
pub fn void_follows(void: &FactVoided, target: Option<&Fact>, again: bool) -> Vec<Doubt> {
    let Some(member) = void.member else { return Vec::new() };
    let mut left = match target {
        Some(target) if !again => spent(target),
        _ => BTreeMap::new(),
    };
    let mut doubts = Vec::new();
    for lot in &void.lots {
        let left = left.entry(lot.kind).or_insert(0);
        if lot.amount <= *left {
            *left -= lot.amount;
        } else {
            doubts.push(doubted(member, lot, *left));
        }
    }
    doubts
}

/// What a fact took from a member, by kind.
fn spent(fact: &Fact) -> BTreeMap<ValueKind, i64> {
    let (postings, on_trust) = taken_by(fact);
    let mut spent = BTreeMap::from([(ValueKind::Points, on_trust)]);
    for posting in postings {
        let sum = spent.entry(posting.kind).or_insert(0);
        *sum = sum.saturating_add(posting.amount);
    }
    spent
}

/// What a fact took from a member, and what it gave them on trust.
fn taken_by(fact: &Fact) -> (&[Posting], i64) {
    match fact {
        Fact::VisitRecorded(body) => (&body.postings, 0),
        Fact::PointsRedeemed(body) => (&body.postings, body.on_trust.max(0)),
        Fact::RewardHandedOver(body) => (&body.postings, 0),
        Fact::PointsAdjusted(body) => (&body.postings, 0),
        Fact::PointsTransferred(body) => (&body.postings, 0),
        Fact::PassUpgraded(body) => (&body.postings, 0),
        Fact::PassTransferred(body) => (&body.postings, 0),
        _ => (&[], 0),
    }
}

/// What a file brings along is brought once, when it is opened: all that a second opening of the
/// same file brings is in doubt.
pub fn brought_again(file: &MemberRegistered) -> Vec<Doubt> {
    let visits = file.passes.iter().filter_map(|pass| pass.visits.as_ref());
    file.opening.iter().chain(visits).map(|lot| doubted(file.member, lot, 0)).collect()
}

/// Whether a pass is as some version of its kind is: its term, its visits, what it allows and its
/// price. One that somebody else gave away: see [`transfer_follows`].
pub fn pass_follows(given: &PassGiven, old: &RulesOfOld) -> bool {
    let visits = given.pass.visits.map(|lot| (lot.kind, lot.amount));
    old.had_percent(given.price_percent)
        && of_its_kind(&given.pass, &old.pass_types, false).any(|kind| {
            kind.visits.map(|visits| (ValueKind::Visits, visits)) == visits
                && price(kind, given.price_percent) == given.price_minor
        })
}

/// Whether the pass that an upgrade gives is as some version of its kind is, with no more visits
/// and for no more money; a tier's part of the price is one that some tier had. Where the fact says
/// what was credited and used before, that and what was paid now come to the price, and the visits
/// to those of the kind.
pub fn upgrade_follows(upgraded: &PassUpgraded, old: &RulesOfOld) -> bool {
    if !old.had_percent(upgraded.price_percent) {
        return false;
    }
    let kinds = old.pass_types.as_slice();
    let visits = upgraded.given.visits.map(|lot| lot.amount);
    let given = &upgraded.given;
    of_its_kind(given, kinds, false).chain(of_its_kind(given, kinds, true)).any(|kind| {
        kind.visits.is_some() == visits.is_some()
            && visits <= kind.visits
            && (0..=kind.price_minor).contains(&upgraded.paid_minor)
            && given.before.is_none_or(|before| {
                let in_all = before.paid_minor.saturating_add(upgraded.paid_minor);
                before.used >= 0
                    && in_all == price(kind, upgraded.price_percent)
                    && visits == kind.visits.map(|visits| visits.saturating_sub(before.used))
            })
    })
}

/// Whether a pass that was given away holds no more visits than were taken from whoever gave it.
pub fn transfer_follows(given: &PassGiven, cause: Option<&Fact>) -> bool {
    let Some(Fact::PassTransferred(cause)) = cause else { return false };
    let held = |posting: &&Posting| posting.kind == ValueKind::Visits;
    let taken = cause.postings.iter().filter(held).map(|posting| posting.amount);
    let taken = taken.fold(0, i64::saturating_add);
    cause.given == given.id
        && cause.to == given.member
        && given.pass.visits.map_or(0, |lot| lot.amount) <= taken
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
    let might =
        |staff: StaffId| old.staff.get(&staff).is_some_and(|role| role.may(Permission::TopUp));
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

/// What a void puts back must be what its target took: of each lot no more than that; and where
/// the target gave points away, they must have been taken back from whoever got them first, or
/// they are had twice. The doubts: the lots that something went back to. `again`: the same journal
/// took the same back before. `came_back`: whatever the target gave away was taken back.
pub fn put_back_follows(
    void: &FactVoided,
    target: Option<&Fact>,
    again: bool,
    came_back: bool,
) -> Vec<Doubt> {
    let target = target.filter(|_| !again);
    let gave_away = matches!(target, Some(Fact::PointsTransferred(gone)) if gone.points < 0);
    let postings = target.map_or(&[][..], |target| taken_by(target).0);
    let mut left: BTreeMap<LotId, i64> = BTreeMap::new();
    for posting in postings.iter().filter(|_| came_back || !gave_away) {
        let sum = left.entry(posting.lot).or_insert(0);
        *sum = sum.saturating_add(posting.amount);
    }
    let mut doubts: BTreeMap<LotId, Doubt> = BTreeMap::new();
    for back in void.postings.iter().filter(|posting| puts_back(posting)) {
        // Nobody's value is nobody's gain.
        let Some(member) = back.owner.or(void.member) else { continue };
        let left = left.entry(back.lot).or_insert(0);
        if back.amount <= *left {
            *left -= back.amount;
            continue;
        }
        let Posting { lot, kind, amount, .. } = *back;
        doubts.entry(lot).or_insert(Doubt { member, lot, kind, points: amount, expected: *left });
    }
    doubts.into_values().collect()
}

/// Whether it moves what was spent to where it can be spent again.
pub fn puts_back(posting: &Posting) -> bool {
    matches!((posting.from, posting.to), (Account::Spent(_), Account::Till(_) | Account::Pool))
}

fn of_its_kind<'a>(
    pass: &'a Pass,
    kinds: &'a [PassType],
    begun: bool,
) -> impl Iterator<Item = &'a PassType> {
    kinds.iter().filter(move |kind| {
        let (until, terms) = kind.as_given(pass.from, begun);
        Some(kind.id) == pass.pass_type && until == pass.until && terms == pass.terms
    })
}

/// A redemption that no version of its reward explains, or that was not paid with as many points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unpaid {
    /// What the reward costs, by its newest version; none: nobody knows such a reward.
    pub cost: Option<i64>,
    /// What was taken from the member's points, and given on trust.
    pub paid: i64,
}

/// Whether a redemption took what its reward costs, in points and in money, where it is given, and gave no more on trust than some version of
/// the rules lets; the doubt, where not.
pub fn redemption_follows(redeemed: &PointsRedeemed, old: &RulesOfOld) -> Option<Unpaid> {
    let known = || old.rewards.iter().filter(|reward| reward.id == redeemed.reward);
    let here = known().filter(|reward| reward.terms.given_in(redeemed.store));
    let handed_out = handed_out(redeemed);
    let mut here = here.filter(|reward| match redeemed.voucher {
        None => handed_out == Some(i64::from(reward.terms.counts_stock)),
        Some(lot) => handed_out == Some(0) && lasts(redeemed, &lot, reward),
    });
    let priced = here.any(|reward| match reward.cost {
        0 => {
            let money_off = redeemed.points.checked_mul(reward.minor_per_point);
            redeemed.points > 0
                && money_off == Some(redeemed.money_off_minor)
                && redeemed.money_minor == 0
        }
        cost => {
            redeemed.points == cost
                && redeemed.money_off_minor == 0
                && redeemed.money_minor == reward.terms.money_minor
        }
    });
    let trusted =
        old.rules.iter().any(|rules| (0..=rules.trust_limit).contains(&redeemed.on_trust));
    let paid = taken(&redeemed.postings).saturating_add(redeemed.on_trust);
    if priced && trusted && paid == redeemed.points {
        return None;
    }
    Some(Unpaid { cost: known().next_back().map(|reward| reward.cost), paid })
}

/// Whether a redemption needed a manager's leave, by each version of its reward and of the house
/// rules that can have been in force there, and nobody who may ever have given it is named. What no
/// version explains is [`redemption_follows`]'s to say.
pub fn given_without_leave(
    redeemed: &PointsRedeemed,
    by: StaffId,
    rules: &[Rules],
    old: &RulesOfOld,
) -> bool {
    let mut leaves = Vec::new();
    for reward in old.rewards.iter().filter(|reward| reward.id == redeemed.reward) {
        let leave = |rules| reward.leave(rules, redeemed.points, redeemed.on_trust > 0);
        leaves.extend(rules.iter().map(leave));
    }
    let given = |leave: &Permission| {
        let might = |staff| old.might(staff, *leave);
        *leave == Permission::RedeemPoints || might(by) || redeemed.approved_by.is_some_and(might)
    };
    !leaves.is_empty() && !leaves.iter().any(given)
}

/// Whether a member had a reward more often than any version of it lets: two desks that could not
/// see one another. `others`: when they had it besides, and it was not taken back: Unix ms. Returns how
/// often the newest version lets.
pub fn had_too_often(
    redeemed: &PointsRedeemed,
    others: &[i64],
    old: &RulesOfOld,
) -> Option<AtMost> {
    let days = old.days.get(&redeemed.store)?;
    let today = days.day_of(redeemed.at_ms);
    let given: Vec<Day> = others.iter().map(|at_ms| days.day_of(*at_ms)).collect();
    let known = || old.rewards.iter().filter(|reward| reward.id == redeemed.reward);
    let allowed = known().any(|reward| reward.terms.at_most.allow(today, &given).is_ok());
    if allowed { None } else { known().next_back().map(|reward| reward.terms.at_most) }
}

/// Whether a voucher lasts no longer than its reward says: to the end of a day, wherever it ends.
fn lasts(redeemed: &PointsRedeemed, voucher: &Lot, reward: &Reward) -> bool {
    let Some(days) = reward.terms.later_days else { return false };
    let most = redeemed.at_ms.saturating_add((i64::from(days) + 2).saturating_mul(DAY_MS));
    voucher.expires_ms.is_some_and(|at_ms| at_ms <= most)
}

/// Whether a reward was handed over for the voucher that it names, and out of the stock of that
/// store where some version of it keeps stock.
pub fn hand_over_follows(handed: &RewardHandedOver, old: &RulesOfOld) -> bool {
    let owner = Some(stock_owner(handed.store, handed.reward));
    let (mut vouchers, mut of_stock) = (0i64, 0i64);
    for posting in &handed.postings {
        let spent = matches!((posting.from, posting.to), (Account::Till(_), Account::Spent(_)));
        match posting.kind {
            ValueKind::Coupon if spent && posting.lot == voucher_lot(handed.given) => {
                vouchers = vouchers.saturating_add(posting.amount);
            }
            ValueKind::Stock if spent && posting.owner == owner => {
                of_stock = of_stock.saturating_add(posting.amount);
            }
            _ => return false,
        }
    }
    let known = old.rewards.iter().filter(|reward| reward.id == handed.reward);
    let mut counts = known.map(|reward| i64::from(reward.terms.counts_stock));
    vouchers == 1 && counts.any(|counts| counts == of_stock)
}

/// How many of the reward's stock in that store were handed out; none: something else was.
fn handed_out(redeemed: &PointsRedeemed) -> Option<i64> {
    let owner = Some(stock_owner(redeemed.store, redeemed.reward));
    let mut sum = 0i64;
    for posting in redeemed.postings.iter().filter(|p| p.kind != ValueKind::Points) {
        let spent = matches!((posting.from, posting.to), (Account::Till(_), Account::Spent(_)));
        if posting.kind != ValueKind::Stock || posting.owner != owner || !spent {
            return None;
        }
        sum = sum.saturating_add(posting.amount);
    }
    Some(sum)
}

/// Whether stock was put in by somebody who may, or whom somebody who may approved; the doubt,
/// where not.
pub fn stock_follows(changed: &StockChanged, by: StaffId, old: &RulesOfOld) -> Option<Doubt> {
    let lot = changed.put.as_ref()?;
    let follows = old.might(by, Permission::ChangeStock)
        || changed.approved_by.is_some_and(|staff| old.might(staff, Permission::ChangeStock));
    (!follows).then(|| doubted(stock_owner(changed.store, changed.reward), lot, 0))
}

/// Points that were taken to be spent.
fn taken(postings: &[Posting]) -> i64 {
    let moved = |posting: &&Posting| {
        posting.kind == ValueKind::Points
            && matches!((posting.from, posting.to), (Account::Till(_), Account::Spent(_)))
    };
    postings.iter().filter(moved).map(|posting| posting.amount).fold(0, i64::saturating_add)
}

#[cfg(test)]
mod tests {
    use punchcard_protocol::{FactId, PassId, RecordId, StoreId, StreamId, TillId};

    use super::*;
    use crate::{
        fact::{Before, PointsEarned},
        ledger::{Account, Lot, ValueKind},
        rewards::RewardTerms,
        terms::Terms,
        tiers::Privileges,
    };

    fn earned(points: i64, points_per_unit: i64, multiplier_percent: i64) -> Fact {
        let id = LotId::from_bytes([6; 16]);
        let to = Account::Till(me());
        let lot = Lot { id, kind: ValueKind::Points, amount: points, to, expires_ms: None };
        Fact::PointsEarned(PointsEarned {
            id: FactId::from_bytes([1; 16]),
            member: MemberId::from_bytes([3; 16]),
            store: StoreId::from_bytes([9; 16]),
            at_ms: 0,
            amount_minor: 12_800,
            points_per_unit,
            multiplier_percent,
            earned: Some(Gain { lot, repaid: None, usable_ms: None }),
            by_rules: None,
            refers: None,
            approved_by: None,
        })
    }

    pub(super) fn old() -> RulesOfOld {
        let yesterday = Rules { points_per_unit: 2, ..Rules::default() };
        RulesOfOld {
            digits: 2,
            rules: vec![Rules::default(), yesterday],
            multipliers: BTreeSet::from([100, 150]),
            earn_rules: Vec::new(),
            days: BTreeMap::new(),
            rewards: vec![reward(300, 0), reward(0, 2)],
            pass_types: Vec::new(),
            staff: BTreeMap::new(),
            guests: 0,
            free_visits: 0,
            price_percents: BTreeSet::new(),
        }
    }

    fn reward(cost: i64, minor_per_point: i64) -> Reward {
        let id = RecordId::from_bytes([4; 16]);
        Reward {
            id,
            name: "毛巾".into(),
            cost,
            minor_per_point,
            active: true,
            terms: RewardTerms::default(),
        }
    }

    fn me() -> StreamId {
        StreamId { till: TillId::from_bytes([1; 16]), incarnation: 1 }
    }

    fn redeemed(points: i64, taken: i64, on_trust: i64, money_off_minor: i64) -> PointsRedeemed {
        PointsRedeemed {
            id: FactId::from_bytes([2; 16]),
            member: MemberId::from_bytes([3; 16]),
            store: StoreId::from_bytes([9; 16]),
            at_ms: 0,
            reward: RecordId::from_bytes([4; 16]),
            reward_name: "毛巾".into(),
            points,
            money_off_minor,
            money_minor: 0,
            postings: vec![Posting {
                lot: LotId::from_bytes([6; 16]),
                kind: ValueKind::Points,
                from: Account::Till(me()),
                to: Account::Spent(me()),
                amount: taken,
                owner: None,
            }],
            on_trust,
            code_step: None,
            voucher: None,
            approved_by: None,
        }
    }

    #[test]
    fn a_redemption_costs_what_its_reward_costs() {
        let trusting = Rules { trust_limit: 100, ..Rules::default() };
        let old = RulesOfOld { rules: vec![Rules::default(), trusting], ..old() };
        for (points, taken, on_trust, off) in [(300, 300, 0, 0), (300, 200, 100, 0), (7, 7, 0, 14)]
        {
            let fact = redeemed(points, taken, on_trust, off);
            assert_eq!(redemption_follows(&fact, &old), None, "{points} {taken} {on_trust} {off}");
        }
        for (points, taken, on_trust, off) in [
            (1, 1, 0, 0),
            (300, 1, 0, 0),
            (300, 199, 101, 0),
            (300, 301, -1, 0),
            (300, 300, 0, 5),
            (7, 7, 0, 15),
            (-300, 300, 0, 0),
            (i64::MIN, 1, i64::MAX, i64::MIN),
        ] {
            let fact = redeemed(points, taken, on_trust, off);
            assert!(redemption_follows(&fact, &old).is_some(), "{points} {taken} {on_trust} {off}");
        }
        let elsewhere =
            PointsRedeemed { reward: RecordId::from_bytes([5; 16]), ..redeemed(300, 300, 0, 0) };
        let doubt = redemption_follows(&elsewhere, &old).expect("nobody's reward");
        assert_eq!(doubt, Unpaid { cost: None, paid: 300 });
    }

    #[test]
    fn a_redemption_follows_the_terms_of_some_version() {
        let mut dear = reward(300, 0);
        dear.terms.money_minor = 900;
        dear.terms.stores = vec![StoreId::from_bytes([9; 16])];
        let old = RulesOfOld { rewards: vec![dear.clone()], ..old() };
        let paid = |money_minor| PointsRedeemed { money_minor, ..redeemed(300, 300, 0, 0) };
        assert_eq!(redemption_follows(&paid(900), &old), None);
        for money_minor in [0, 899, -900] {
            assert!(redemption_follows(&paid(money_minor), &old).is_some(), "{money_minor}");
        }
        let elsewhere = PointsRedeemed { store: StoreId::from_bytes([8; 16]), ..paid(900) };
        assert!(redemption_follows(&elsewhere, &old).is_some());
        let before = RulesOfOld { rewards: vec![reward(300, 0), dear], ..old };
        assert_eq!(redemption_follows(&paid(0), &before), None);
    }

    #[test]
    fn a_reward_is_had_as_often_as_some_version_lets() {
        let mut rare = reward(300, 0);
        rare.terms.at_most.day = Some(1);
        let days = StoreDays { zone: chrono_tz::UTC, day_start_hour: 0 };
        let days = BTreeMap::from([(StoreId::from_bytes([9; 16]), days)]);
        let strict = RulesOfOld { rewards: vec![rare.clone()], days, ..old() };
        let fact = redeemed(300, 300, 0, 0);
        assert_eq!(had_too_often(&fact, &[], &strict), None);
        assert_eq!(had_too_often(&fact, &[-1], &strict), None, "the day before");
        assert_eq!(had_too_often(&fact, &[5], &strict), Some(rare.terms.at_most));
        let before = RulesOfOld { rewards: vec![reward(300, 0), rare], ..strict };
        assert_eq!(had_too_often(&fact, &[5], &before), None, "yesterday it had no limit");
    }

    #[test]
    fn a_void_gives_back_what_was_spent_and_once() {
        let lot = |amount| Lot {
            id: LotId::from_bytes([7; 16]),
            kind: ValueKind::Points,
            amount,
            to: Account::Till(me()),
            expires_ms: None,
        };
        let void = |amounts: &[i64]| FactVoided {
            id: FactId::from_bytes([8; 16]),
            target: FactId::from_bytes([2; 16]),
            member: Some(MemberId::from_bytes([3; 16])),
            at_ms: 0,
            postings: Vec::new(),
            lots: amounts.iter().map(|amount| lot(*amount)).collect(),
            take_back: Vec::new(),
            debt: 0,
            points: 0,
            approved_by: None,
        };
        let target = Fact::PointsRedeemed(redeemed(300, 200, 100, 0));
        assert!(void_follows(&void(&[200, 100]), Some(&target), false).is_empty());
        assert_eq!(void_follows(&void(&[200, 101]), Some(&target), false).len(), 1);
        assert_eq!(void_follows(&void(&[200, 100]), Some(&target), true).len(), 2);
        assert_eq!(void_follows(&void(&[1]), None, false).len(), 1);
        assert_eq!(void_follows(&void(&[1]), Some(&earned(128, 1, 100)), false).len(), 1);
    }

    #[test]
    fn a_pass_is_as_its_kind_was() {
        let kind = |days, visits, price_minor| PassType {
            id: RecordId::from_bytes([4; 16]),
            name: "月卡".into(),
            days,
            visits,
            price_minor,
            active: true,
            terms: Terms::default(),
        };
        let kinds = [kind(Some(30), None, 29_900), kind(None, Some(10), 50_000)];
        let given = |until: Option<&str>, visits: Option<i64>, price_minor| PassGiven {
            id: FactId::from_bytes([2; 16]),
            member: MemberId::from_bytes([3; 16]),
            pass: Pass {
                id: PassId::from_bytes([5; 16]),
                name: "月卡".into(),
                pass_type: Some(RecordId::from_bytes([4; 16])),
                from: "2026-11-01".parse().expect("a day"),
                until: until.map(|day| day.parse().expect("a day")),
                visits: visits.map(|amount| Lot {
                    id: LotId::from_bytes([7; 16]),
                    kind: ValueKind::Visits,
                    amount,
                    to: Account::Till(me()),
                    expires_ms: None,
                }),
                terms: Terms::default(),
                before: None,
            },
            price_minor,
            price_percent: None,
            transferred: None,
            approved_by: None,
        };
        let mut old = RulesOfOld { pass_types: kinds.into(), ..old() };
        assert!(pass_follows(&given(Some("2026-11-30"), None, 29_900), &old));
        assert!(pass_follows(&given(None, Some(10), 50_000), &old));
        for (until, visits, price) in [
            (Some("2036-11-30"), None, 29_900),
            (None, Some(1000), 50_000),
            (None, Some(10), 1),
            (None, None, 0),
        ] {
            assert!(!pass_follows(&given(until, visits, price), &old), "{until:?} {visits:?}");
        }
        // For less, where some version of a tier said so.
        let less = |percent, price_minor| PassGiven {
            price_percent: Some(percent),
            ..given(Some("2026-11-30"), None, price_minor)
        };
        assert!(!pass_follows(&less(90, 26_910), &old), "no tier says so");
        let privileges = Privileges { price_percent: Some(90), ..Privileges::default() };
        let (id, name) = (RecordId::from_bytes([8; 16]), "金卡".into());
        let gold =
            Tier { id, name, multiplier_percent: 150, ladder: None, privileges: Some(privileges) };
        old.add_tier(&gold);
        assert!(pass_follows(&less(90, 26_910), &old));
        assert!(!pass_follows(&less(90, 26_900), &old));
        assert!(!pass_follows(&less(10, 2_990), &old));

        // What was credited and what was paid come to the price; an old fact does not say.
        let upgraded = |before, visits, paid_minor| PassUpgraded {
            id: FactId::from_bytes([2; 16]),
            member: MemberId::from_bytes([3; 16]),
            pass: PassId::from_bytes([6; 16]),
            at_ms: 0,
            on: "2026-11-02".parse().expect("a day"),
            given: Pass { before, ..given(None, Some(visits), 0).pass },
            paid_minor,
            price_percent: None,
            postings: Vec::new(),
            approved_by: None,
        };
        let says = |paid_minor, used| Some(Before { paid_minor, used });
        assert!(upgrade_follows(&upgraded(None, 7, 1), &old));
        assert!(upgrade_follows(&upgraded(says(29_900, 3), 7, 20_100), &old));
        for (before, visits, paid) in [
            (says(29_900, 3), 7, 20_000),
            (says(29_900, 3), 8, 20_100),
            (says(29_900, -1), 11, 20_100),
            (None, 11, 20_100),
        ] {
            assert!(!upgrade_follows(&upgraded(before, visits, paid), &old), "{before:?}");
        }
        let old_bytes = serde_json::to_string(&upgraded(None, 7, 1)).expect("JSON");
        assert!(!old_bytes.contains("before"), "an old fact keeps its very bytes: {old_bytes}");
    }

    #[test]
    fn yesterdays_rules_are_rules() {
        for (points, per_unit, times) in [(128, 1, 100), (256, 2, 100), (192, 1, 150)] {
            assert_eq!(points_follow(&earned(points, per_unit, times), &old()), []);
        }
    }

    #[test]
    fn what_no_rule_gives_is_doubted() {
        for (points, per_unit, times) in [(129, 1, 100), (1280, 10, 100), (256, 1, 200)] {
            let doubts = points_follow(&earned(points, per_unit, times), &old());
            assert_eq!(doubts.iter().map(|doubt| doubt.points).collect::<Vec<_>>(), [points]);
        }
    }
}
