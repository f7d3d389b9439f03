//! What each of two desks that could not see one another allowed, and what is too much together. The
//! desks are not to blame, and the goods have left the shop: it is told.

use chrono::Datelike as _;
use punchcard_protocol::{FactId, RecordId};

use super::RulesOfOld;
use crate::{
    earning::{
        event::Given,
        rule::{Caps, EarnRule, Per},
    },
    limits::AtMost,
    standing::{Change, ChangeOf, Sold, free_visits, standing},
    terms::Terms,
    time::{Day, StoreDays},
};

/// What a rule gave somebody once, and nobody took back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GivenOnce {
    /// By which fact.
    pub fact: FactId,
    /// Which rule.
    pub rule: RecordId,
    /// When: Unix ms.
    pub at_ms: i64,
    /// Points.
    pub points: i64,
}

/// A bound, and what goes beyond it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beyond {
    /// Which bound, by name.
    pub limit: &'static str,
    /// So much at most, by the newest of those who say so.
    pub most: i64,
    /// So much there is.
    pub had: i64,
}

/// Whether what rules gave somebody goes beyond their caps, seen from the moment of one fact: which
/// of the rules in `parts`, or which limit over all rules, and how far. A cap counts where every
/// version of its rule says so: yesterday's was a rule too.
pub fn beyond_caps(
    parts: &[RecordId],
    (at_ms, days): (i64, StoreDays),
    given: &[GivenOnce],
    old: &RulesOfOld,
) -> Vec<(RecordId, Beyond)> {
    let today = days.day_of(at_ms);
    let by_rule = |id: RecordId| {
        let of_it = given.iter().filter(move |one| one.rule == id);
        let day_of = |one: &GivenOnce| days.day_of(one.at_ms);
        let times: Vec<Day> = of_it.clone().map(day_of).collect();
        beyond_any(id, old, |rule| beyond(rule, today, &sum(of_it.clone(), days, today), &times))
    };
    let rules = parts.iter().filter_map(|id| Some((*id, by_rule(*id)?)));
    let limits = old.earn_rules.iter().filter(|rule| bounds_all(rule)).map(|rule| rule.id);
    let mut limits: Vec<RecordId> = limits.collect();
    limits.sort_unstable();
    limits.dedup();
    let all = sum(given.iter(), days, today);
    // How often is asked of each rule by itself: one sale has a part for each.
    let over_all = |rule: &EarnRule| if bounds_all(rule) { points(&rule.caps, &all) } else { None };
    let limits = limits.into_iter().filter_map(|id| Some((id, beyond_any(id, old, over_all)?)));
    rules.chain(limits).collect()
}

/// How far it goes beyond every version of a rule; by the newest.
fn beyond_any(
    id: RecordId,
    old: &RulesOfOld,
    of: impl Fn(&EarnRule) -> Option<Beyond>,
) -> Option<Beyond> {
    let mut found = None;
    for rule in old.earn_rules.iter().filter(|rule| rule.id == id) {
        found = Some(of(rule)?);
    }
    found
}

/// How many days back one has to look for what these rules, and the limits over all rules, bound; none:
/// they bound nothing.
pub fn looks_back(parts: &[RecordId], old: &RulesOfOld) -> Option<i64> {
    let asked = |rule: &&EarnRule| parts.contains(&rule.id) || bounds_all(rule);
    old.earn_rules.iter().filter(asked).filter_map(looks_back_by).max()
}

fn looks_back_by(rule: &EarnRule) -> Option<i64> {
    let caps = &rule.caps;
    let ever = caps.ever.is_some() || caps.times_ever.is_some();
    let spans = [
        (i64::MAX, ever || !once_by_itself(rule.per).is_none()),
        (367, caps.year.is_some() || caps.times_year.is_some()),
        (32, caps.month.is_some() || caps.times_month.is_some()),
        (2, caps.day.is_some() || caps.times_day.is_some()),
    ];
    spans.into_iter().find(|(_, bounds)| *bounds).map(|(days, _)| days)
}

/// A limit that holds on every day, for everybody and for everything.
fn bounds_all(rule: &EarnRule) -> bool {
    rule.per == Per::Limit
        && rule.active
        && rule.from.is_none()
        && rule.until.is_none()
        && rule.weekdays.is_empty()
        && rule.hours.is_none()
        && rule.stores.is_empty()
        && rule.tiers.is_empty()
        && rule.birthday.is_none()
        && rule.condition.is_none()
        && rule.min_amount_minor == 0
        && rule.unknown.is_empty()
}

fn sum<'a>(given: impl Iterator<Item = &'a GivenOnce>, days: StoreDays, today: Day) -> Given {
    let mut sum = Given::default();
    for one in given {
        sum.add(days.day_of(one.at_ms), today, one.points);
    }
    sum
}

fn beyond(rule: &EarnRule, today: Day, given: &Given, times: &[Day]) -> Option<Beyond> {
    let caps = &rule.caps;
    let often = [
        ("times_day", caps.times_day, given.day.times),
        ("times_month", caps.times_month, given.month.times),
        ("times_year", caps.times_year, given.year.times),
        ("times_ever", caps.times_ever, given.ever.times),
    ];
    points(caps, given).or_else(|| first_beyond(&often)).or_else(|| {
        // One of them has just been given: without it, would one more be allowed?
        let before = times.get(1..).unwrap_or_default();
        let one_more = once_by_itself(rule.per).allow(today, before);
        let had = i64::try_from(times.len()).unwrap_or(i64::MAX);
        one_more.is_err().then_some(Beyond { limit: "first", most: 1, had })
    })
}

fn points(caps: &Caps, given: &Given) -> Option<Beyond> {
    first_beyond(&[
        ("day", caps.day, given.day.points),
        ("month", caps.month, given.month.points),
        ("year", caps.year, given.year.points),
        ("ever", caps.ever, given.ever.points),
    ])
}

fn first_beyond(bounds: &[(&'static str, Option<i64>, i64)]) -> Option<Beyond> {
    let beyond = bounds.iter().find(|(_, most, had)| most.is_some_and(|most| *had > most))?;
    let (limit, most, had) = *beyond;
    Some(Beyond { limit, most: most.unwrap_or(0), had })
}

/// What can happen only so often, whatever caps say.
fn once_by_itself(per: Per) -> AtMost {
    match per {
        Per::FirstVisit | Per::Referred => AtMost { ever: Some(1), ..AtMost::default() },
        _ => AtMost::default(),
    }
}

/// Whether more was done with a pass than it allows. `said`: the change that was just heard of.
/// `changes`: all that happened to it and was not taken back, that one among them.
pub fn beyond_pass(
    sold: (Day, Option<Day>, &Terms),
    said: &Change,
    changes: &[ChangeOf],
    old: &RulesOfOld,
) -> Option<Beyond> {
    let (from, until, terms) = sold;
    let sold = Sold { from, until, terms };
    let found = |limit, most: u32, had: u32| {
        let beyond = Beyond { limit, most: most.into(), had: had.into() };
        (had > most).then_some(beyond)
    };
    match said {
        Change::Guest { on } => {
            let most = terms.guests.saturating_add(old.guests);
            found("guests", most, standing(&sold, changes, *on).guests)
        }
        Change::Frozen { from, until } => {
            let stands = standing(&sold, changes, *from);
            let years = [from.0.year(), until.0.year()];
            let frozen = years.map(|year| stands.frozen_days_of(year)).into_iter().max();
            found("freeze_days", terms.freeze_days, frozen.unwrap_or(0))
        }
        Change::Ended { .. } => {
            let ends = changes.iter().filter(|of| matches!(of.change, Change::Ended { .. }));
            found("ended", 1, u32::try_from(ends.count()).unwrap_or(u32::MAX))
        }
        _ => None,
    }
}

/// Whether somebody came in without a pass more often than any tier lets. `changes`: what happened
/// without a pass and was not taken back.
pub fn beyond_free_visits(on: Day, changes: &[ChangeOf], old: &RulesOfOld) -> Option<Beyond> {
    let had = free_visits(changes, on);
    let beyond = Beyond { limit: "free_visits", most: old.free_visits.into(), had: had.into() };
    (had > old.free_visits).then_some(beyond)
}

/// Whether desks together gave more on trust than any version of the rules lets. `owed`: what is owed
/// on each desk's account. What one desk gave alone it was asked for by itself.
pub fn beyond_trust(owed: &[i64], old: &RulesOfOld) -> Option<Beyond> {
    let most = old.rules.iter().map(|rules| rules.trust_limit).max().unwrap_or(0);
    let had = owed.iter().copied().fold(0, i64::saturating_add);
    let apart = owed.iter().all(|owed| *owed <= most);
    (apart && had > most).then_some(Beyond { limit: "trust", most, had })
}

#[cfg(test)]
mod tests {
    use super::{super::tests::old, *};
    use crate::{earning::rule::EarnRule, standing::EndedWhy};

    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
    /// Monday, 23 November 2026, noon.
    const NOON: i64 = 1_795_435_200_000;

    fn days() -> StoreDays {
        StoreDays { zone: chrono_tz::UTC, day_start_hour: 0 }
    }

    fn rule(json: &str) -> EarnRule {
        let mut rule = serde_json::json!({"id": RecordId::from_bytes([7; 16]), "version": 1,
            "name": "r", "active": true});
        let said: serde_json::Value = serde_json::from_str(json).expect("JSON");
        for (key, value) in said.as_object().expect("an object") {
            rule[key] = value.clone();
        }
        serde_json::from_value(rule).expect("a rule")
    }

    fn given(day: i64, points: i64) -> GivenOnce {
        GivenOnce {
            fact: FactId::from_bytes([u8::try_from(points % 200).expect("small"); 16]),
            rule: RecordId::from_bytes([7; 16]),
            at_ms: NOON + day * DAY_MS,
            points,
        }
    }

    fn found(rules: &[&str], given: &[GivenOnce]) -> Option<(&'static str, i64, i64)> {
        let old = RulesOfOld { earn_rules: rules.iter().map(|json| rule(json)).collect(), ..old() };
        let all = beyond_caps(&[RecordId::from_bytes([7; 16])], (NOON, days()), given, &old);
        all.first().map(|(_, beyond)| (beyond.limit, beyond.most, beyond.had))
    }

    #[test]
    fn a_cap_is_for_all_desks_together() {
        let capped = r#"{"per": "amount", "points": 1, "each_minor": 100, "caps": {"day": 100}}"#;
        assert_eq!(found(&[capped], &[given(0, 60), given(0, 40)]), None, "just so much");
        let twice = [given(0, 60), given(0, 60)];
        assert_eq!(found(&[capped], &twice), Some(("day", 100, 120)));
        assert_eq!(found(&[capped], &[given(0, 60), given(-1, 60)]), None, "another day");
        let more = r#"{"per": "amount", "points": 1, "each_minor": 100, "caps": {"day": 200}}"#;
        assert_eq!(found(&[more, capped], &twice), None, "yesterday's cap let it");
        let often = r#"{"per": "visit", "points": 5, "caps": {"times_month": 2}}"#;
        let thrice = [given(0, 5), given(-1, 5), given(-2, 5)];
        assert_eq!(found(&[often], &thrice[..2]), None);
        assert_eq!(found(&[often], &thrice), Some(("times_month", 2, 3)));
        let back = |rules: &[&str]| {
            let rules = rules.iter().map(|json| rule(json)).collect();
            looks_back(&[RecordId::from_bytes([7; 16])], &RulesOfOld { earn_rules: rules, ..old() })
        };
        assert_eq!(back(&[capped, often]), Some(32));
        assert_eq!(back(&[r#"{"per": "first_visit", "points": 5}"#]), Some(i64::MAX));
        assert_eq!(back(&[r#"{"per": "visit", "points": 5, "caps": {"once": 5}}"#]), None);
    }

    #[test]
    fn there_is_one_first_time() {
        for per in ["first_visit", "referred"] {
            let first = format!(r#"{{"per": "{per}", "points": 50}}"#);
            assert_eq!(found(&[&first], &[given(0, 50)]), None, "{per}");
            let twice = [given(0, 50), given(-200, 50)];
            assert_eq!(found(&[&first], &twice), Some(("first", 1, 2)), "{per}");
        }
    }

    #[test]
    fn a_limit_bounds_what_all_rules_give() {
        let id = RecordId::from_bytes([9; 16]);
        let limit = r#"{"per": "limit", "caps": {"month": 100}}"#;
        let limit = EarnRule { id, ..rule(limit) };
        let free = rule(r#"{"per": "visit", "points": 60}"#);
        let look = |limit: EarnRule, given: &[GivenOnce]| {
            let old = RulesOfOld { earn_rules: vec![free.clone(), limit], ..old() };
            beyond_caps(&[free.id], (NOON, days()), given, &old)
        };
        let twice = [given(0, 60), given(-1, 60)];
        let beyond = Beyond { limit: "month", most: 100, had: 120 };
        assert_eq!(look(limit.clone(), &twice), [(id, beyond)]);
        assert_eq!(look(limit.clone(), &twice[..1]), []);
        let mondays = EarnRule { weekdays: vec![1], ..limit };
        assert_eq!(look(mondays, &twice), [], "nobody knows here what it let go on other days");
    }

    fn day(text: &str) -> Day {
        text.parse().expect("a day")
    }

    fn of(n: u8, change: Change) -> ChangeOf {
        ChangeOf { fact: FactId::from_bytes([n; 16]), change }
    }

    fn pass(terms: &Terms, changes: &[ChangeOf], old: &RulesOfOld) -> Option<(&'static str, i64)> {
        let said = &changes.last().expect("something happened").change;
        let beyond = beyond_pass((day("2026-01-01"), None, terms), said, changes, old);
        beyond.map(|beyond| (beyond.limit, beyond.had))
    }

    #[test]
    fn a_pass_has_its_guests_and_its_days_of_rest_once() {
        let terms = Terms { guests: 1, freeze_days: 30, ..Terms::default() };
        let guest = |n, on: &str| of(n, Change::Guest { on: day(on) });
        let two = [guest(1, "2026-11-02"), guest(2, "2026-11-30")];
        assert_eq!(pass(&terms, &two[..1], &old()), None);
        assert_eq!(pass(&terms, &two, &old()), Some(("guests", 2)));
        let generous = RulesOfOld { guests: 1, ..old() };
        assert_eq!(pass(&terms, &two, &generous), None, "a tier may let them bring one more");
        assert_eq!(pass(&terms, &[guest(1, "2026-10-31"), guest(2, "2026-11-30")], &old()), None);

        let freeze = |n, from: &str, until: &str| {
            of(n, Change::Frozen { from: day(from), until: day(until) })
        };
        let both = [freeze(1, "2026-02-01", "2026-02-20"), freeze(2, "2026-03-01", "2026-03-20")];
        assert_eq!(pass(&terms, &both[..1], &old()), None);
        assert_eq!(pass(&terms, &both, &old()), Some(("freeze_days", 40)));
        let same = [both[0].clone(), freeze(2, "2026-02-01", "2026-02-20")];
        assert_eq!(pass(&terms, &same, &old()), None, "the same days are frozen once");

        let ended = |n, why| of(n, Change::Ended { on: day("2026-03-01"), why });
        let twice = [ended(1, EndedWhy::Transferred), ended(2, EndedWhy::Cancelled)];
        assert_eq!(pass(&terms, &twice[..1], &old()), None);
        assert_eq!(pass(&terms, &twice, &old()), Some(("ended", 2)));
    }

    #[test]
    fn a_tier_gives_its_visits_once() {
        let free = |n| of(n, Change::Free { on: day("2026-11-23") });
        let old = RulesOfOld { free_visits: 1, ..old() };
        let on = day("2026-11-23");
        assert_eq!(beyond_free_visits(on, &[free(1)], &old), None);
        let beyond = Beyond { limit: "free_visits", most: 1, had: 2 };
        assert_eq!(beyond_free_visits(on, &[free(1), free(2)], &old), Some(beyond));
    }

    #[test]
    fn trust_is_given_once() {
        let mut old = old();
        old.rules[0].trust_limit = 100;
        let beyond = |had| Some(Beyond { limit: "trust", most: 100, had });
        assert_eq!(beyond_trust(&[100], &old), None);
        assert_eq!(beyond_trust(&[60, 40], &old), None);
        assert_eq!(beyond_trust(&[60, 60, -10], &old), beyond(110));
        assert_eq!(beyond_trust(&[550, 60], &old), None, "one desk's own debt is another matter");
    }
}
