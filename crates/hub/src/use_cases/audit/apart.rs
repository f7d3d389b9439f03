//! Desks that could not see one another each gave what somebody may have once. Whoever looks at both
//! sees it.

use std::collections::{BTreeMap, BTreeSet};

use punchcard_domain::{
    audit::{
        RulesOfOld,
        apart::{
            Beyond, GivenOnce, beyond_caps, beyond_free_visits, beyond_pass, beyond_trust,
            looks_back,
        },
    },
    earning::Part,
    fact::{ByRules, Fact, PointsRedeemed},
    ledger::ValueKind,
    standing::{Change, ChangeOf, EndedWhy, without_pass},
    terms::Terms,
    time::Day,
};
use punchcard_protocol::{FactId, Header, MemberId, PassId, RecordId, StoreId};
use serde_json::{Value, json};

use super::{
    super::{inbox, purse, work::Work},
    REDEEMED_KIND, newest_of,
};
use crate::{
    error::{Error, Result},
    store::{Datum, given},
};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Looks at a batch.
pub(super) fn look(work: &mut Work<'_>, facts: &[(Header, Fact)], old: &RulesOfOld) -> Result<()> {
    points(work, facts, old)?;
    for (header, fact) in facts {
        for (member, pass, change) in changes_of(fact) {
            match change {
                Change::Free { on } => free_visit(work, header, member, on, old)?,
                change => of_pass(work, header, (member, pass), &change, old)?,
            }
        }
        if let Fact::PointsRedeemed(body) = fact {
            trust(work, header, body, old)?;
            code(work, header, body)?;
        }
    }
    Ok(())
}

/// Of one person, rule and bound there is one line, however much came at once.
type Found<'a> = BTreeMap<(MemberId, RecordId, &'static str), (&'a Header, Beyond)>;

/// Points by rules that all desks together gave more of than they may.
fn points(work: &mut Work<'_>, facts: &[(Header, Fact)], old: &RulesOfOld) -> Result<()> {
    // What is bounded by the day alone is not looked for in years.
    let mut by_days: BTreeMap<i64, Vec<Given<'_>>> = BTreeMap::new();
    for given in facts.iter().filter_map(|(header, fact)| Given::of(header, fact)) {
        if let Some(days) = looks_back(&given.rules, old) {
            by_days.entry(days).or_default().push(given);
        }
    }
    let mut found = Found::new();
    for (days, given) in &by_days {
        let first = given.iter().map(|given| given.at_ms).min().unwrap_or(0);
        let since_ms = first.saturating_sub(days.saturating_mul(DAY_MS));
        together(work, given, since_ms, old, &mut found)?;
    }
    for ((member, rule, _), (header, beyond)) in found {
        tell(work, header, member, beyond, json!({"rule": rule}))?;
    }
    Ok(())
}

fn together<'a>(
    work: &mut Work<'_>,
    given: &[Given<'a>],
    since_ms: i64,
    old: &RulesOfOld,
    found: &mut Found<'a>,
) -> Result<()> {
    let persons = persons(work, given.iter().map(|given| given.member).collect())?;
    let files: BTreeSet<MemberId> = persons.values().flatten().copied().collect();
    let so_far =
        given::since(&mut *work.session, &files.into_iter().collect::<Vec<_>>(), since_ms)?;
    for given in given {
        let Some(days) = old.days.get(&given.store) else { continue };
        let files = persons.get(&given.member).map_or(&[][..], Vec::as_slice);
        let all: Vec<GivenOnce> =
            files.iter().filter_map(|file| so_far.get(file)).flatten().copied().collect();
        // What was taken back is nobody's any more.
        if !all.iter().any(|once| once.fact == given.fact) {
            continue;
        }
        for (rule, beyond) in beyond_caps(&given.rules, (given.at_ms, *days), &all, old) {
            found.insert((given.member, rule, beyond.limit), (given.header, beyond));
        }
    }
    Ok(())
}

/// A fact that gave points by rules.
struct Given<'a> {
    header: &'a Header,
    member: MemberId,
    fact: FactId,
    store: StoreId,
    at_ms: i64,
    rules: Vec<RecordId>,
}

impl<'a> Given<'a> {
    fn of(header: &'a Header, fact: &'a Fact) -> Option<Self> {
        fn parts(by_rules: Option<&ByRules>) -> Option<&[Part]> {
            by_rules.map(|by_rules| by_rules.parts.as_slice())
        }
        let (member, id, store, at_ms, parts) = match fact {
            Fact::PointsEarned(body) => {
                (body.member, body.id, body.store, body.at_ms, parts(body.by_rules.as_ref())?)
            }
            Fact::VisitRecorded(body) => {
                (body.member?, body.id, body.store, body.at_ms, parts(body.by_rules.as_ref())?)
            }
            Fact::ToppedUp(body) => {
                (body.member, body.id, body.store, body.at_ms, parts(body.by_rules.as_ref())?)
            }
            Fact::ReferralRewarded(body) => {
                (body.member, body.id, body.store, body.at_ms, body.by_rules.parts.as_slice())
            }
            _ => return None,
        };
        let rules: Vec<RecordId> = parts.iter().map(|part| part.rule).collect();
        (!rules.is_empty()).then_some(Self { header, member, fact: id, store, at_ms, rules })
    }
}

/// All files of each of these. Few have two, and only those are asked for.
fn persons(
    work: &mut Work<'_>,
    members: BTreeSet<MemberId>,
) -> Result<BTreeMap<MemberId, Vec<MemberId>>> {
    let named: Vec<MemberId> = members.iter().copied().collect();
    let merged = given::merged(&mut *work.session, &named)?;
    let mut persons = BTreeMap::new();
    for member in members {
        let files = if merged.contains(&member) {
            purse::person(&mut *work.session, member)?
        } else {
            vec![member]
        };
        persons.insert(member, files);
    }
    Ok(persons)
}

/// What a fact does to passes, and what it does without one, as far as that is bounded.
fn changes_of(fact: &Fact) -> Vec<(MemberId, PassId, Change)> {
    let ended = |on, why| Change::Ended { on, why };
    match fact {
        Fact::VisitRecorded(body) => {
            let Some(member) = body.member else { return Vec::new() };
            let bounded =
                |change: &&Change| matches!(change, Change::Guest { .. } | Change::Free { .. });
            let pass = body.pass.unwrap_or(without_pass(member));
            let changes = body.changes.iter().filter(bounded);
            changes.map(|change| (member, pass, change.clone())).collect()
        }
        Fact::PassFrozen(body) => {
            let frozen = Change::Frozen { from: body.from, until: body.until };
            vec![(body.member, body.pass, frozen)]
        }
        Fact::PassUpgraded(body) => {
            vec![(body.member, body.pass, ended(body.on, EndedWhy::Upgraded))]
        }
        Fact::PassTransferred(body) => {
            vec![(body.member, body.pass, ended(body.on, EndedWhy::Transferred))]
        }
        Fact::PassCancelled(body) => {
            vec![(body.member, body.pass, ended(body.on, EndedWhy::Cancelled))]
        }
        _ => Vec::new(),
    }
}

/// A pass that had more guests or longer freezes than it may, or that ended twice: given away at the
/// one desk, and its price given back at the other.
fn of_pass(
    work: &mut Work<'_>,
    header: &Header,
    (member, pass): (MemberId, PassId),
    change: &Change,
    old: &RulesOfOld,
) -> Result<()> {
    let changes = changes(work, pass)?;
    // Mostly nothing of the kind happened before.
    let same = changes.iter().filter(|of| of.change.number() == change.number());
    if same.count() < 2 && !matches!(change, Change::Frozen { .. }) {
        return Ok(());
    }
    for file in purse::person(&mut *work.session, member)? {
        let sql = "SELECT first_day, last_day, terms FROM pass WHERE member = $1 AND id = $2";
        let theirs = [file.as_bytes().into(), pass.as_bytes().into()];
        let Some(row) = work.session.row(sql, &theirs)? else { continue };
        let (from, until) = (day(&row[0])?, row[1].optional(day)?);
        let terms: Option<Terms> =
            row[2].optional(|terms| Ok(serde_json::from_str(terms.text()?)?))?;
        let terms = terms.unwrap_or_default();
        if let Some(beyond) = beyond_pass((from, until, &terms), change, &changes, old) {
            tell(work, header, member, beyond, json!({"pass": pass}))?;
        }
        break;
    }
    Ok(())
}

fn day(datum: &Datum) -> Result<Day> {
    let text = datum.text()?;
    text.parse().map_err(|_| Error::Damaged(format!("{text} is not a day")))
}

/// What happened to a pass and was not taken back.
fn changes(work: &mut Work<'_>, pass: PassId) -> Result<Vec<ChangeOf>> {
    let sql = "SELECT c.fact, c.body FROM pass_change c WHERE c.pass = $1
                 AND NOT EXISTS (SELECT 1 FROM void v WHERE v.target = c.fact)";
    let rows = work.session.rows(sql, &[pass.as_bytes().into()])?;
    let mut changes = Vec::new();
    for row in &rows {
        // A later program may have said what this one does not know.
        if let Ok(change) = serde_json::from_str(row[1].text()?) {
            changes.push(ChangeOf { fact: FactId::from_bytes(row[0].exactly()?), change });
        }
    }
    Ok(changes)
}

/// In without a pass more often than any tier lets.
fn free_visit(
    work: &mut Work<'_>,
    header: &Header,
    member: MemberId,
    on: Day,
    old: &RulesOfOld,
) -> Result<()> {
    let mut all = Vec::new();
    for file in purse::person(&mut *work.session, member)? {
        all.extend(changes(work, without_pass(file))?);
    }
    match beyond_free_visits(on, &all, old) {
        Some(beyond) => tell(work, header, member, beyond, json!({})),
        None => Ok(()),
    }
}

/// More on trust, at several desks, than any of them may give.
fn trust(
    work: &mut Work<'_>,
    header: &Header,
    body: &PointsRedeemed,
    old: &RulesOfOld,
) -> Result<()> {
    if body.on_trust <= 0 {
        return Ok(());
    }
    let mut owed: BTreeMap<Vec<u8>, i64> = BTreeMap::new();
    for file in purse::person(&mut *work.session, body.member)? {
        let sql = "SELECT stream, amount FROM debt WHERE member = $1 AND kind = $2";
        let points = [file.as_bytes().into(), ValueKind::Points.number().into()];
        for row in work.session.rows(sql, &points)? {
            let sum = owed.entry(row[0].bytes()?.to_vec()).or_insert(0);
            *sum = sum.saturating_add(row[1].int()?);
        }
    }
    let owed: Vec<i64> = owed.into_values().collect();
    match beyond_trust(&owed, old) {
        Some(beyond) => tell(work, header, body.member, beyond, json!({})),
        None => Ok(()),
    }
}

/// One code of the member's phone that two desks took.
fn code(work: &mut Work<'_>, header: &Header, body: &PointsRedeemed) -> Result<()> {
    let Some(step) = body.code_step else { return Ok(()) };
    let mut had = 1;
    for file in purse::person(&mut *work.session, body.member)? {
        for (_, fact) in newest_of(work, file, REDEEMED_KIND)? {
            let Fact::PointsRedeemed(other) = fact else { continue };
            had += i64::from(other.id != body.id && other.code_step == Some(step));
        }
    }
    if had < 2 {
        return Ok(());
    }
    let beyond = Beyond { limit: "code", most: 1, had };
    tell(work, header, body.member, beyond, json!({"reward": body.reward}))
}

fn tell(
    work: &mut Work<'_>,
    header: &Header,
    member: MemberId,
    beyond: Beyond,
    about: Value,
) -> Result<()> {
    let mut args = json!({"till": header.stream.till, "stream": header.stream, "seq": header.seq,
        "member": member, "limit": beyond.limit, "most": beyond.most, "had": beyond.had});
    if let (Some(args), Value::Object(about)) = (args.as_object_mut(), about) {
        args.extend(about);
    }
    inbox::tell(work, "limit_overstepped", &args)
}
