//! The hub runs the rules again: points that no version of the house rules gives are frozen until
//! a person rules. The desk that sold honestly with yesterday's rules is not accused: every
//! version that was ever in force counts.

use std::collections::BTreeSet;

use punchcard_domain::{
    audit::{RulesOfOld, points_follow},
    fact::{Fact, LotRuled},
    records::{Rules, Tier},
};
use punchcard_protocol::Header;
use serde_json::json;

use super::{inbox, push::fresh, records, work::Work};
use crate::error::Result;

const RULES_KIND: i64 = 12;
const TIER_KIND: i64 = 13;

/// Looks at what was just taken in.
pub(crate) fn look(work: &mut Work<'_>, facts: &[(Header, Fact)]) -> Result<()> {
    let gives = |fact: &Fact| matches!(fact, Fact::PointsEarned(_) | Fact::VisitRecorded(_));
    if !facts.iter().any(|(_, fact)| gives(fact)) {
        return Ok(());
    }
    let old = history(work)?;
    for (header, fact) in facts {
        let Some(doubt) = points_follow(fact, &old) else { continue };
        let at_ms = work.effective_ms();
        let ruled = LotRuled {
            id: fresh(work)?,
            member: doubt.member,
            lot: doubt.lot,
            kind: punchcard_domain::ledger::ValueKind::Points,
            frozen: true,
            at_ms,
        };
        work.say(Fact::LotRuled(ruled))?;
        let args = json!({"till": header.stream.till, "stream": header.stream, "seq": header.seq,
            "member": doubt.member, "lot": doubt.lot, "points": doubt.points,
            "expected": doubt.expected});
        inbox::tell(work, "doubtful_points", &args)?;
    }
    Ok(())
}

/// Every version of rules and tiers that was ever set.
fn history(work: &mut Work<'_>) -> Result<RulesOfOld> {
    let session = &mut *work.session;
    let digits = records::business(session)?.map_or(2, |business| business.currency_digits);
    let sql = "SELECT f.kind, l.payload FROM fact f
               JOIN log l ON l.stream = f.stream AND l.seq = f.seq WHERE f.kind IN ($1, $2)";
    let mut rules = vec![Rules::default()];
    let mut multipliers = BTreeSet::from([100]);
    for row in session.rows(sql, &[RULES_KIND.into(), TIER_KIND.into()])? {
        let kind = u16::try_from(row[0].int()?).unwrap_or(0);
        match Fact::from_payload(kind, punchcard_domain::fact::KIND_VERSION, row[1].bytes()?) {
            Ok(Some(Fact::RulesSet(set))) => rules.push(set.record),
            Ok(Some(Fact::TierSet(set))) => {
                let Tier { multiplier_percent, .. } = set.record;
                multipliers.insert(multiplier_percent);
            }
            _ => {}
        }
    }
    Ok(RulesOfOld { digits, rules, multipliers })
}
