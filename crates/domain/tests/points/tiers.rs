//! Tiers: some lives told day by day, and the same answer by a second, plain way.

use chrono::Datelike as _;
use proptest::prelude::*;
use punchcard_domain::{
    records::Tier,
    tiers::{By, Done, Ladder, Over, Standing, better, standing},
    time::Day,
};
use punchcard_protocol::RecordId;

const SILVER: u8 = 1;
const GOLD: u8 = 2;

fn tier(n: u8, ladder: Option<Ladder>) -> Tier {
    Tier {
        id: RecordId::from_bytes([n; 16]),
        name: format!("tier {n}"),
        multiplier_percent: 100 + i64::from(n) * 50,
        ladder,
        privileges: None,
    }
}

fn step(over: Over, entry: i64) -> Ladder {
    Ladder { by: By::Spend, over, entry, keep: None, grace_days: 0, one_at_a_time: false }
}

fn day(text: &str) -> Day {
    text.parse().expect("a day")
}

fn spent(rows: &[(&str, i64)]) -> Vec<Done> {
    rows.iter()
        .map(|(on, spend)| Done { day: day(on), points: 0, spend: *spend, visits: 0 })
        .collect()
}

/// Which tier, by its number; 0: none.
fn number(standing: Standing) -> u8 {
    standing.tier.map_or(0, |tier| tier.as_bytes()[0])
}

fn lives(tiers: &[Tier], rows: &[(&str, i64)], expected: &[(&str, u8, &str)]) {
    for (on, wanted, why) in expected {
        let found = standing(tiers, &spent(rows), day(on));
        assert_eq!(number(found), *wanted, "{on}: {why}: {found:?}");
    }
}

#[test]
fn a_rolling_window_forgets_to_the_day() {
    let tiers = [
        tier(SILVER, Some(step(Over::RollingMonths(12), 1000))),
        tier(GOLD, Some(step(Over::RollingMonths(12), 5000))),
    ];
    lives(
        &tiers,
        &[("2025-02-28", 600), ("2025-06-01", 400), ("2025-12-31", 4000)],
        &[
            ("2025-05-31", 0, "600 are not enough"),
            ("2025-06-01", SILVER, "exactly a thousand"),
            ("2025-12-31", GOLD, "five thousand in a year"),
            ("2026-02-27", GOLD, "February's still counts"),
            ("2026-02-28", SILVER, "and no more a year later: 4400 are silver"),
            ("2026-12-30", SILVER, "December's still counts"),
            ("2026-12-31", 0, "nothing is left"),
        ],
    );
}

#[test]
fn the_calendar_holds_to_the_end_of_the_next_year() {
    let mut gold = step(Over::Year, 5000);
    (gold.keep, gold.grace_days) = (Some(3000), 31);
    let tiers = [tier(SILVER, Some(step(Over::Year, 1000))), tier(GOLD, Some(gold))];
    lives(
        &tiers,
        &[("2025-11-11", 5000), ("2026-05-05", 3000), ("2027-07-07", 2999), ("2028-01-20", 1)],
        &[
            ("2025-11-11", GOLD, "reached"),
            ("2026-12-31", GOLD, "to the end of the next year"),
            ("2027-12-31", GOLD, "3000 in 2026 keep it through 2027"),
            ("2028-01-31", GOLD, "2999 do not, but there are 31 days of grace"),
            ("2028-02-01", SILVER, "gone; silver is kept by 2999"),
            ("2029-01-01", 0, "one yuan in 2028 keeps nothing"),
        ],
    );
    let found = standing(&tiers, &spent(&[("2025-11-11", 5000)]), day("2027-01-05"));
    assert_eq!((number(found), found.grace_until), (GOLD, Some(day("2027-01-31"))));
}

#[test]
fn enough_within_the_grace_keeps_it() {
    let mut gold = step(Over::RollingDays(30), 100);
    gold.grace_days = 10;
    let tiers = [tier(GOLD, Some(gold))];
    lives(
        &tiers,
        &[("2026-01-01", 100), ("2026-02-09", 100)],
        &[
            ("2026-01-30", GOLD, "thirty days, the first among them"),
            ("2026-02-09", GOLD, "within the ten days of grace they did it again"),
            ("2026-03-10", GOLD, "thirty days more"),
            ("2026-03-20", GOLD, "the last day of grace"),
            ("2026-03-21", 0, "gone"),
        ],
    );
}

#[test]
fn one_step_at_a_time_holds_the_lower_tier_for_its_time() {
    let slow = |over, entry| Ladder { one_at_a_time: true, ..step(over, entry) };
    let tiers =
        [tier(SILVER, Some(slow(Over::Quarter, 100))), tier(GOLD, Some(slow(Over::Quarter, 500)))];
    lives(
        &tiers,
        &[("2026-03-31", 500)],
        &[
            ("2026-06-30", GOLD, "the quarter after"),
            ("2026-07-01", SILVER, "one step down"),
            ("2026-09-30", SILVER, "for a quarter"),
            ("2026-10-01", 0, "and the next"),
        ],
    );
}

#[test]
fn what_is_missing_is_said_and_a_tier_set_by_a_person_stays() {
    let tiers = [
        tier(SILVER, Some(step(Over::Month, 100))),
        tier(GOLD, Some(step(Over::Month, 500))),
        tier(9, None),
    ];
    let found = standing(&tiers, &spent(&[("2026-11-02", 130)]), day("2026-11-03"));
    assert_eq!((number(found), found.next), (SILVER, Some((tiers[1].id, 370))));
    let none = standing(&tiers, &[], day("2026-11-03"));
    assert_eq!((none.tier, none.next), (None, Some((tiers[0].id, 100))));
    let has = |set, reached: Option<RecordId>| better(&tiers, set, reached).map(|tier| tier.id);
    assert_eq!(has(Some(tiers[2].id), found.tier), Some(tiers[2].id), "a person's gift");
    assert_eq!(has(Some(tiers[0].id), Some(tiers[1].id)), Some(tiers[1].id), "more was reached");
    assert_eq!(has(None, found.tier), found.tier);
}

#[test]
fn ten_years_are_told_at_once() {
    let tiers = [tier(GOLD, Some(step(Over::RollingMonths(12), 5000)))];
    let from = day("2016-01-01");
    let rows: Vec<Done> = (0..3650)
        .map(|n| Done { day: from.plus_days(n), points: 1, spend: 100, visits: 1 })
        .collect();
    let began = std::time::Instant::now();
    let found = standing(&tiers, &rows, from.plus_days(3650));
    assert_eq!(number(found), GOLD);
    assert!(began.elapsed().as_millis() < 500, "{:?}", began.elapsed());
}

// ── The second way: every day, every entry, by the words of docs/rules/README.md ───────────────

fn counts(over: Over, entry: Day, seen_from: Day) -> bool {
    let (e, d) = (entry.0, seen_from.0);
    entry <= seen_from
        && match over {
            Over::RollingDays(days) => {
                entry.days_until(seen_from) < i32::try_from(days).expect("few")
            }
            Over::RollingMonths(months) => {
                e > d.checked_sub_months(chrono::Months::new(months)).expect("a date")
            }
            Over::Month => (e.year(), e.month()) == (d.year(), d.month()),
            Over::Quarter => (e.year(), e.month0() / 3) == (d.year(), d.month0() / 3),
            Over::Year => e.year() == d.year(),
        }
}

fn worth(ladder: &Ladder, entries: &[Done], seen_from: Day) -> i64 {
    entries
        .iter()
        .filter(|entry| counts(ladder.over, entry.day, seen_from))
        .map(|entry| match ladder.by {
            By::Points => entry.points,
            By::Spend => entry.spend,
            By::Visits => entry.visits,
        })
        .sum()
}

fn same_period(over: Over, a: Day, b: Day) -> bool {
    counts(over, a.min(b), a.max(b))
}

/// The last day before `day` that lies in another period.
fn day_before_period(over: Over, day: Day) -> Day {
    let mut before = day;
    while same_period(over, before, day) {
        before = before.plus_days(-1);
    }
    before
}

fn naive(tiers: &[Tier], entries: &[Done], today: Day) -> Option<RecordId> {
    let steps: Vec<(RecordId, Ladder)> =
        tiers.iter().filter_map(|tier| Some((tier.id, tier.ladder?))).collect();
    let calendar = |over| matches!(over, Over::Month | Over::Quarter | Over::Year);
    let enough = |ladder: &Ladder, on: Day| {
        let keep = ladder.keep.unwrap_or(ladder.entry);
        worth(ladder, entries, on) >= keep
            || calendar(ladder.over)
                && worth(ladder, entries, day_before_period(ladder.over, on)) >= keep
    };
    let mut have: Option<usize> = None;
    let mut failing_since: Option<Day> = None;
    let mut given_to: Option<Day> = None;
    let mut on = entries.iter().map(|entry| entry.day).min()?;
    while on <= today {
        for (n, (_, ladder)) in steps.iter().enumerate() {
            if worth(ladder, entries, on) >= ladder.entry && have.is_none_or(|have| n > have) {
                (have, failing_since, given_to) = (Some(n), None, None);
            }
        }
        while let Some(n) = have {
            let ladder = &steps[n].1;
            if given_to.is_some_and(|to| on <= to) || enough(ladder, on) {
                failing_since = None;
                break;
            }
            let since = *failing_since.get_or_insert(on);
            if since.days_until(on) < i32::try_from(ladder.grace_days).expect("few") {
                break;
            }
            (failing_since, given_to) = (None, None);
            if ladder.one_at_a_time {
                have = n.checked_sub(1);
                if let Some(below) = have {
                    // Once over its time, counted out day by day.
                    let over = steps[below].1.over;
                    let mut to = on;
                    while same_period(over, on, to.plus_days(1)) {
                        to = to.plus_days(1);
                    }
                    given_to = Some(to);
                }
            } else {
                have = (0..n).rev().find(|below| enough(&steps[*below].1, on));
            }
        }
        on = on.plus_days(1);
    }
    have.map(|n| steps[n].0)
}

fn ladders() -> impl Strategy<Value = Ladder> {
    let by = prop::sample::select(vec![By::Points, By::Spend, By::Visits]);
    let over = prop::sample::select(vec![
        Over::RollingDays(40),
        Over::RollingDays(1),
        Over::RollingMonths(1),
        Over::RollingMonths(12),
        Over::Month,
        Over::Quarter,
        Over::Year,
    ]);
    (by, over, 1i64..400, 0i64..=100, 0u32..50, any::<bool>()).prop_map(
        |(by, over, entry, keep, grace_days, one_at_a_time)| {
            let entry = if by == By::Visits { 1 + entry / 80 } else { entry };
            let keep = Some(entry * keep / 100);
            Ladder { by, over, entry, keep, grace_days, one_at_a_time }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn tiers_from_the_tables_are_tiers_from_the_entries(
        ladders in prop::collection::vec(ladders(), 1..4),
        rows in prop::collection::vec((0i32..500, 0i64..200, 0i64..200, 0i64..2), 0..25),
        today in 0i32..700,
    ) {
        let mut tiers: Vec<Tier> = ladders
            .into_iter()
            .enumerate()
            .map(|(n, ladder)| tier(u8::try_from(n).expect("few") + 1, Some(ladder)))
            .collect();
        let from = day("2025-10-17");
        let entries: Vec<Done> = rows
            .iter()
            .map(|(on, points, spend, visits)| Done {
                day: from.plus_days(*on), points: *points, spend: *spend, visits: *visits,
            })
            .collect();
        let today = from.plus_days(today);
        let second = if entries.iter().any(|entry| entry.day <= today) {
            naive(&tiers, &entries, today)
        } else {
            None
        };
        tiers.reverse();
        prop_assert_eq!(standing(&tiers, &entries, today).tier, second);
    }
}
