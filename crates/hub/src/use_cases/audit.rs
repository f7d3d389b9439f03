//! The hub runs the rules again. Value that no version of the house rules explains is frozen until a
//! person rules; what cannot be frozen is told. The desk that sold honestly with yesterday's rules
//! is not accused: every version that was ever in force counts.

mod apart;
mod by_hand;
mod rewards;
mod seen;

use std::collections::{BTreeMap, BTreeSet};

use punchcard_domain::{
    audit::{
        Doubt, RulesOfOld, brought_again, credit_follows, pass_follows, points_follow,
        put_back_follows, puts_back, stock_follows, transfer_follows, upgrade_follows,
        void_follows,
    },
    effects::RecordKind,
    fact::{Fact, FactVoided, LotRuled, MemberRegistered, Pass, PassGiven, PassUpgraded},
    ledger::{Account, ValueKind},
    records::{Rules, Staff, Store},
};
use punchcard_protocol::{Header, MemberId, PassId, StreamId, TillId};
use serde_json::json;

use super::{inbox, purse, push::fresh, records, work::Work};
use crate::{error::Result, store::facts};

const RULES_KIND: i64 = 12;
const EARN_RULE_KIND: i64 = 17;
const REGISTERED_KIND: u16 = 20;
const REDEEMED_KIND: u16 = 51;
const VOIDED_KIND: u16 = 60;
/// Of one member and kind, so many are looked at.
const NEWEST: i64 = 50;

/// Looks at what was just taken in.
pub(crate) fn look(work: &mut Work<'_>, facts: &[(Header, Fact)]) -> Result<()> {
    let asks_for_rules = |fact: &Fact| {
        matches!(
            fact,
            Fact::PointsEarned(_)
                | Fact::VisitRecorded(_)
                | Fact::PointsRedeemed(_)
                | Fact::PointsAdjusted(_)
                | Fact::ReferralRewarded(_)
                | Fact::ToppedUp(_)
                | Fact::StockChanged(_)
                | Fact::RewardHandedOver(_)
                | Fact::PassGiven(_)
                | Fact::PassUpgraded(_)
                | Fact::PassFrozen(_)
                | Fact::PassTransferred(_)
                | Fact::PassCancelled(_)
        )
    };
    let asked = facts.iter().any(|(_, fact)| asks_for_rules(fact));
    let old = asked.then(|| history(work)).transpose()?;
    let mut openings = Openings::default();
    let mut visits = Vec::new();
    for (header, fact) in facts {
        match (fact, &old) {
            (Fact::PointsEarned(_), Some(old)) => freeze(work, header, points_follow(fact, old))?,
            (Fact::VisitRecorded(body), Some(old)) => {
                freeze(work, header, points_follow(fact, old))?;
                visits.push((header, body));
            }
            (Fact::PointsRedeemed(body), Some(old)) => {
                rewards::look(work, header, body, old)?;
            }
            (Fact::PointsAdjusted(body), Some(old)) => by_hand::adjusted(work, header, body, old)?,
            (Fact::ReferralRewarded(body), Some(old)) => {
                let doubts = points_follow(fact, old);
                if doubts.is_empty() {
                    by_hand::referral(work, header, body)?;
                }
                freeze(work, header, doubts)?;
            }
            (Fact::ToppedUp(body), Some(old)) => {
                freeze(work, header, points_follow(fact, old))?;
                by_hand::topped_up(work, header, body, old)?;
            }
            (Fact::RewardHandedOver(body), Some(old)) => {
                rewards::handed_over(work, header, body, old)?;
            }
            (Fact::StockChanged(body), Some(old)) => {
                freeze(work, header, stock_follows(body, header.staff, old))?;
            }
            (Fact::PointsTransferred(body), _) => by_hand::came(work, header, body)?,
            (Fact::PassGiven(body), Some(old)) => pass(work, header, body, old)?,
            (Fact::PassUpgraded(body), Some(old)) => upgrade(work, header, body, old)?,
            (Fact::FactVoided(body), _) => void(work, header, body)?,
            (Fact::MemberRegistered(body), _) => file(work, header, body, &mut openings)?,
            _ => {}
        }
    }
    seen::look(work, &visits)?;
    if let Some(old) = &old {
        apart::look(work, facts, old)?;
    }
    openings.tell(work)
}

/// Nobody can spend a doubtful lot until a person rules.
fn freeze(
    work: &mut Work<'_>,
    header: &Header,
    doubts: impl IntoIterator<Item = Doubt>,
) -> Result<()> {
    for doubt in doubts {
        let ruled = LotRuled {
            id: fresh(work)?,
            member: doubt.member,
            lot: doubt.lot,
            kind: doubt.kind,
            frozen: true,
            at_ms: work.effective_ms(),
        };
        work.say(Fact::LotRuled(ruled))?;
        let args = json!({"till": header.stream.till, "stream": header.stream, "seq": header.seq,
            "member": doubt.member, "lot": doubt.lot, "points": doubt.points,
            "expected": doubt.expected});
        inbox::tell(work, "doubtful_points", &args)?;
    }
    Ok(())
}

/// A pass that is not as its kind is; its visits are frozen.
fn pass(work: &mut Work<'_>, header: &Header, given: &PassGiven, old: &RulesOfOld) -> Result<()> {
    let follows = match given.transferred {
        Some(cause) => {
            let cause = facts::one(&mut *work.session, cause)?;
            transfer_follows(given, cause.as_ref()) && transfer_credits(work, given, cause)?
        }
        None => pass_follows(given, old),
    };
    if follows {
        return Ok(());
    }
    doubt_pass(work, header, given.member, &given.pass, given.price_minor)
}

/// A pass in the place of another one that is not as its kind is; its visits are frozen.
fn upgrade(
    work: &mut Work<'_>,
    header: &Header,
    upgraded: &PassUpgraded,
    old: &RulesOfOld,
) -> Result<()> {
    let before = (upgraded.member, upgraded.pass);
    if upgrade_follows(upgraded, old) && credits(work, before, &upgraded.given)? {
        return Ok(());
    }
    doubt_pass(work, header, upgraded.member, &upgraded.given, upgraded.paid_minor)
}

/// Whether what a pass that was given away brings along was paid by whoever gave it.
fn transfer_credits(work: &mut Work<'_>, given: &PassGiven, cause: Option<Fact>) -> Result<bool> {
    let Some(Fact::PassTransferred(gone)) = cause else { return Ok(true) };
    credits(work, (gone.member, gone.pass), &given.pass)
}

/// Whether what a pass brings along was paid for the one before it, whoever's file that lies in by now.
fn credits(work: &mut Work<'_>, (member, before): (MemberId, PassId), pass: &Pass) -> Result<bool> {
    if pass.before.is_none() {
        return Ok(true);
    }
    for file in purse::person(&mut *work.session, member)? {
        let gave = facts::gave_pass(&mut *work.session, file, before)?;
        if !credit_follows(pass.before, before, gave.as_ref()) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn doubt_pass(
    work: &mut Work<'_>,
    header: &Header,
    member: MemberId,
    pass: &Pass,
    price_minor: i64,
) -> Result<()> {
    let args = json!({"till": header.stream.till, "stream": header.stream, "seq": header.seq,
        "member": member, "pass": pass.id, "price_minor": price_minor});
    inbox::tell(work, "doubtful_pass", &args)?;
    let visits = pass.visits.map(|lot| Doubt {
        member,
        lot: lot.id,
        kind: lot.kind,
        points: lot.amount,
        expected: 0,
    });
    freeze(work, header, visits)
}

/// Value that a void gives anew, or puts back where it was spent.
fn void(work: &mut Work<'_>, header: &Header, void: &FactVoided) -> Result<()> {
    if void.lots.is_empty() && !void.postings.iter().any(puts_back) {
        return Ok(());
    }
    let target = facts::one(&mut *work.session, void.target)?;
    let again = took_back_before(work, header.stream, void)?;
    let came_back = by_hand::came_back(work, header, target.as_ref())?;
    let explains = target.as_ref().filter(|_| came_back);
    freeze(work, header, void_follows(void, explains, again))?;
    // What a journal itself took stands in it before: it is known here. What an earlier life took
    // may not have come yet.
    let own = void.postings.iter().any(|posting| posting.from == Account::Spent(header.stream));
    if target.is_none() && !own {
        return Ok(());
    }
    freeze(work, header, put_back_follows(void, target.as_ref(), again, came_back))
}

/// Whether the same journal took the same back before: a desk refuses that, so that only a till
/// that lies does it.
fn took_back_before(work: &mut Work<'_>, stream: StreamId, void: &FactVoided) -> Result<bool> {
    let Some(member) = void.member else { return Ok(false) };
    let voids = newest_of(work, member, VOIDED_KIND)?;
    Ok(voids.iter().any(|(by, fact)| {
        let Fact::FactVoided(other) = fact else { return false };
        *by == stream && other.id != void.id && other.target == void.target
    }))
}

/// The newest facts of a kind about a member, and whose journals they stand in.
fn newest_of(work: &mut Work<'_>, member: MemberId, kind: u16) -> Result<Vec<(StreamId, Fact)>> {
    facts::newest_of(&mut *work.session, member, kind, NEWEST)
}

/// A file that was opened: what it brings along is added up and told; a file that is opened a
/// second time brings nothing.
fn file(
    work: &mut Work<'_>,
    header: &Header,
    file: &MemberRegistered,
    openings: &mut Openings,
) -> Result<()> {
    let brings = file.opening.iter().chain(file.passes.iter().filter_map(|p| p.visits.as_ref()));
    if brings.clone().next().is_none() {
        return Ok(());
    }
    let opened = newest_of(work, file.member, REGISTERED_KIND)?;
    if opened.iter().any(|(_, other)| other.id() != file.id) {
        return freeze(work, header, brought_again(file));
    }
    openings.add(header.stream.till, file.member, brings.map(|lot| (lot.kind, lot.amount)));
    Ok(())
}

/// Value that files brought along, by till: an import of ten thousand rows is one line.
#[derive(Default)]
struct Openings(BTreeMap<TillId, (BTreeSet<MemberId>, BTreeMap<ValueKind, i64>)>);

impl Openings {
    fn add(
        &mut self,
        till: TillId,
        member: MemberId,
        value: impl Iterator<Item = (ValueKind, i64)>,
    ) {
        let (members, sums) = self.0.entry(till).or_default();
        members.insert(member);
        for (kind, amount) in value {
            let sum = sums.entry(kind).or_insert(0);
            *sum = sum.saturating_add(amount);
        }
    }

    fn tell(self, work: &mut Work<'_>) -> Result<()> {
        for (till, (members, sums)) in self.0 {
            let sum = |kind| sums.get(&kind).copied().unwrap_or(0);
            let count = i64::try_from(members.len()).unwrap_or(i64::MAX);
            let adds = [
                ("members", count),
                ("points", sum(ValueKind::Points)),
                ("visits", sum(ValueKind::Visits)),
                ("money_minor", sum(ValueKind::Money)),
            ];
            inbox::add_up(work, "opening_value", till, &adds)?;
        }
        Ok(())
    }
}

/// Every version that was ever set of whatever points, rewards and passes are decided by.
fn history(work: &mut Work<'_>) -> Result<RulesOfOld> {
    let session = &mut *work.session;
    let stores: Vec<Store> = records::all(session, RecordKind::Store)?;
    let digits = records::business(session)?.map_or(2, |business| business.currency_digits);
    let mut old = RulesOfOld {
        digits,
        rules: vec![Rules::default()],
        multipliers: BTreeSet::from([100]),
        earn_rules: Vec::new(),
        days: stores.into_iter().map(|store| (store.id, store.days())).collect(),
        rewards: Vec::new(),
        pass_types: Vec::new(),
        staff: BTreeMap::new(),
        guests: 0,
        free_visits: 0,
        price_percents: BTreeSet::new(),
    };
    for fact in facts::of_owner(session, RULES_KIND, EARN_RULE_KIND)? {
        match fact {
            Fact::RulesSet(set) => old.rules.push(set.record),
            Fact::TierSet(set) => old.add_tier(&set.record),
            Fact::RewardSet(set) => old.rewards.push(set.record),
            Fact::PassTypeSet(set) => old.pass_types.push(set.record),
            Fact::StaffSet(set) => {
                let Staff { id, role, .. } = set.record;
                let highest = old.staff.entry(id).or_insert(role);
                *highest = role.max(*highest);
            }
            Fact::EarnRuleSet(set) => old.earn_rules.push(set.record),
            _ => {}
        }
    }
    Ok(old)
}
