//! What a reward was given for, and how often. The goods have left the shop: it is told.

use punchcard_domain::{
    audit::{RulesOfOld, doubted, had_too_often, hand_over_follows, redemption_follows},
    fact::{Fact, PointsRedeemed, RewardHandedOver},
};
use punchcard_protocol::Header;
use serde_json::json;

use super::{
    super::{inbox, purse, work::Work},
    REDEEMED_KIND, freeze, newest_of, seen,
};
use crate::error::Result;

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
    often(work, header, body, old)
}

/// Two desks that could not see one another each gave what a member may have once.
fn often(
    work: &mut Work<'_>,
    header: &Header,
    body: &PointsRedeemed,
    old: &RulesOfOld,
) -> Result<()> {
    let limited = |id| old.rewards.iter().any(|r| r.id == id && !r.terms.at_most.is_none());
    if !limited(body.reward) || seen::taken_back(work, body.id)? {
        return Ok(());
    }
    let mut others = Vec::new();
    for file in purse::person(&mut *work.session, body.member)? {
        for (_, fact) in newest_of(work, file, REDEEMED_KIND)? {
            let Fact::PointsRedeemed(other) = fact else { continue };
            let same = other.reward == body.reward && other.id != body.id;
            if same && !seen::taken_back(work, other.id)? {
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
