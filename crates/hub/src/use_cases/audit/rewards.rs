//! What a reward was given for, and how often. The goods have left the shop: it is told.

use punchcard_domain::{
    audit::{
        RulesOfOld, doubted, given_without_leave, had_too_often, hand_over_follows,
        redemption_follows,
    },
    fact::{Fact, PointsRedeemed, RewardHandedOver},
    records::Rules,
};
use punchcard_protocol::Header;
use serde_json::json;

use super::{
    super::{inbox, purse, work::Work},
    REDEEMED_KIND, RULES_KIND, freeze, newest_of,
};
use crate::{error::Result, store::facts};

/// A redemption that no version of its reward explains, or that was one too many.
pub(super) fn look(
    work: &mut Work<'_>,
    header: &Header,
    body: &PointsRedeemed,
    old: &RulesOfOld,
) -> Result<()> {
    if let Some(unpaid) = redemption_follows(body, old) {
        let args = json!({"till": header.stream.till, "stream": header.stream, "seq": header.seq,
            "member": body.member, "points": body.points, "cost": unpaid.cost,
            "paid": unpaid.paid});
        inbox::tell(work, "doubtful_redemption", &args)?;
        freeze(work, header, body.voucher.iter().map(|lot| doubted(body.member, lot, 0)))?;
    }
    leave(work, header, body, old)?;
    often(work, header, body, old)
}

/// A redemption that needed a manager's leave, whatever rules its desk can have known, and had none.
fn leave(
    work: &mut Work<'_>,
    header: &Header,
    body: &PointsRedeemed,
    old: &RulesOfOld,
) -> Result<()> {
    let without = |rules: &[Rules]| given_without_leave(body, header.staff, rules, old);
    // Mostly it needs none by the newest rules, and those before need not be looked for.
    let needs_none = old.rules.last().is_none_or(|newest| !without(std::slice::from_ref(newest)));
    if needs_none || !without(&rules_there(work, header, old)?) {
        return Ok(());
    }
    let args = json!({"till": header.stream.till, "stream": header.stream, "seq": header.seq,
        "member": body.member, "points": body.points, "staff": header.staff});
    inbox::tell(work, "redemption_without_leave", &args)
}

/// The versions of the house rules that can have been in force where an entry was written: what its
/// own journal set before it, and whatever is newer than that. Where it set none, each version: nobody
/// knows how long that desk had not heard of the newest.
fn rules_there(work: &mut Work<'_>, header: &Header, old: &RulesOfOld) -> Result<Vec<Rules>> {
    let mut versions = Vec::new();
    for (by, fact) in facts::of_kind(&mut *work.session, RULES_KIND)? {
        if let Fact::RulesSet(set) = fact {
            versions.push((by, set.record));
        }
    }
    let own = |by: &Header| by.stream == header.stream && by.seq < header.seq;
    let since = versions.iter().filter(|(by, _)| own(by)).map(|(by, _)| by.stamp()).max();
    let Some(since) = since else { return Ok(old.rules.clone()) };
    let known = versions.into_iter().filter(|(by, _)| by.stamp() >= since);
    Ok(known.map(|(_, rules)| rules).collect())
}

/// Two desks that could not see one another each gave what a member may have once.
fn often(
    work: &mut Work<'_>,
    header: &Header,
    body: &PointsRedeemed,
    old: &RulesOfOld,
) -> Result<()> {
    let limited = |id| old.rewards.iter().any(|r| r.id == id && !r.terms.at_most.is_none());
    if !limited(body.reward) || facts::is_void(&mut *work.session, body.id)? {
        return Ok(());
    }
    let mut others = Vec::new();
    for file in purse::person(&mut *work.session, body.member)? {
        for (_, fact) in newest_of(work, file, REDEEMED_KIND)? {
            let Fact::PointsRedeemed(other) = fact else { continue };
            let same = other.reward == body.reward && other.id != body.id;
            if same && !facts::is_void(&mut *work.session, other.id)? {
                others.push(other.at_ms);
            }
        }
    }
    if let Some(at_most) = had_too_often(body, &others, old) {
        let args = json!({"till": header.stream.till, "stream": header.stream, "seq": header.seq,
            "member": body.member, "reward": body.reward, "times": others.len() + 1,
            "at_most": at_most});
        inbox::tell(work, "reward_too_often", &args)?;
    }
    Ok(())
}

/// A reward that was handed over for no voucher, or out of no stock.
pub(super) fn handed_over(
    work: &mut Work<'_>,
    header: &Header,
    body: &RewardHandedOver,
    old: &RulesOfOld,
) -> Result<()> {
    if hand_over_follows(body, old) {
        return Ok(());
    }
    let args = json!({"till": header.stream.till, "stream": header.stream, "seq": header.seq,
        "member": body.member, "reward": body.reward, "given": body.given});
    inbox::tell(work, "doubtful_voucher", &args)
}
