//! The simulated fleet: see `tests/src/fleet`.

use std::{
    collections::BTreeSet,
    ops::Range,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Instant,
};

use punchcard_tests::fleet::{self, Config, Failure, Ground, steps};

/// So many seeds where nobody asks for others: a minute or so.
const SEEDS: u64 = 60;
/// Runs at once.
const THREADS: usize = 2;

fn asked<T: std::str::FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

/// The steps of a seed, or of those the ones that were asked for.
fn steps_of(seed: u64, config: &Config) -> Vec<steps::Step> {
    let mut steps = steps::of(seed, config);
    if let Some(list) = asked::<String>("STEPS").filter(|list| !list.is_empty()) {
        let ids: BTreeSet<usize> = list.split(',').filter_map(|id| id.parse().ok()).collect();
        steps.retain(|step| ids.contains(&step.id));
    }
    steps
}

/// Some steps of a seed: all of them are there.
fn some_of(seed: u64, config: &Config, ids: &[usize]) -> Vec<steps::Step> {
    let mut steps = steps::of(seed, config);
    steps.retain(|step| ids.contains(&step.id));
    assert_eq!(steps.len(), ids.len());
    steps
}

/// The first of the seeds of which `look` has something to say, on a few threads.
fn first<T: Send>(
    tills: usize,
    seeds: Range<u64>,
    look: impl Fn(&Ground, u64) -> Option<T> + Sync,
) -> Option<(u64, T)> {
    let next = AtomicU64::new(seeds.start);
    let found = Mutex::new(None);
    thread::scope(|scope| {
        for _ in seeds.clone().take(THREADS) {
            scope.spawn(|| {
                let ground = Ground::new(tills);
                while found.lock().expect("no panic").is_none() {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        break;
                    }
                    if let Some(seen) = look(&ground, seed) {
                        found.lock().expect("no panic").get_or_insert((seed, seen));
                    }
                }
            });
        }
    });
    found.into_inner().expect("no panic")
}

/// Runs seeds until one fails; returns it, as short as it can be.
fn first_failure(config: &Config, seeds: Range<u64>) -> Option<Failure> {
    let failure = |ground: &Ground, seed| {
        let steps = steps_of(seed, config);
        let wrong = fleet::run(ground, config, seed, &steps).wrong;
        let failure = || Failure { seed, tills: config.tills, steps, wrong: wrong.clone() };
        (!wrong.is_empty()).then(|| fleet::shrunk(ground, config, failure()))
    };
    first(config.tills, seeds, failure).map(|(_, failure)| failure)
}

#[test]
fn seeds() {
    let seeds = asked("SEEDS").unwrap_or(SEEDS);
    let first = asked("FIRST").unwrap_or(1);
    let hub_restored = asked::<u8>("HUB_RESTORED").is_some_and(|asked| asked > 0);
    let erases = asked::<u8>("ERASES").is_some_and(|asked| asked > 0);
    let tills = asked("TILLS").unwrap_or(5);
    let config = Config { tills, hub_restored, erases, ..Config::default() };
    let begun = Instant::now();
    let failure = first_failure(&config, first..first + seeds);
    println!("{seeds} seeds from {first}, {} tills: {:.1?}", config.tills, begun.elapsed());
    if let Some(failure) = failure {
        panic!("{failure}");
    }
}

/// Seeds that found something once, with a hub that is put back: what a revoked till had handed over
/// was with it alone (419, 776); what one epoch had taken over, another gave out, and tills called it
/// damage (586).
#[test]
fn what_seeds_found_with_a_hub_put_back_stays_mended() {
    let config = Config { hub_restored: true, ..Config::default() };
    let ground = Ground::new(config.tills);
    for seed in [419, 586, 776] {
        let wrong = fleet::run(&ground, &config, seed, &steps::of(seed, &config)).wrong;
        assert!(wrong.is_empty(), "seed {seed}: {wrong:?}");
    }
}

/// Three desks merged files in a circle (1856): each asked for its end twice, and came to two others. What a
/// till gave back then was said to be somebody's who had never had it, and the hub kept it aside.
#[test]
fn files_that_were_merged_in_a_circle_are_one_person_everywhere() {
    let config = Config { hub_restored: true, erases: true, ..Config::default() };
    let ids = [6, 8, 13, 16, 26, 34, 35, 38, 45, 47, 100, 104];
    let steps = some_of(1856, &config, &ids);
    let wrong = fleet::run(&Ground::new(config.tills), &config, 1856, &steps).wrong;
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// A hub that was put back while nobody could notice it by its log. What a till that was given up had
/// handed over was aside there, and then nowhere (240). What it had acknowledged of a life that ended
/// since was asked for by nobody (362, the first), nor what it had refused before it was put back to
/// when it would have taken it (the second). What it had acknowledged of a till that was reclaimed before
/// anybody noticed was not asked for either (2907).
#[test]
fn what_was_kept_aside_or_of_an_earlier_life_outlives_a_hub_put_back() {
    let config = Config { hub_restored: true, erases: true, ..Config::default() };
    let ground = Ground::new(config.tills);
    let lists: [(u64, &[usize]); 4] = [
        (240, &[14, 64, 65, 74, 105]),
        (362, &[36, 41, 55, 62, 81]),
        (362, &[36, 38, 41, 55, 62, 81]),
        (2907, &[6, 11, 13, 15, 18]),
    ];
    for (seed, ids) in lists {
        let steps = some_of(seed, &config, ids);
        let wrong = fleet::run(&ground, &config, seed, &steps).wrong;
        assert!(wrong.is_empty(), "seed {seed}, steps {ids:?}: {wrong:?}");
    }
}

/// A manager gives an earlier life up while a copy of the machine still holds what that life wrote: what
/// is refused then is left out there too, and everybody's tables are the same.
#[test]
fn what_is_refused_of_an_earlier_life_counts_at_no_desk() {
    let config = Config { erases: true, ..Config::default() };
    let ground = Ground::new(config.tills);
    let steps = some_of(1420, &config, &[21, 22, 46, 53, 55]);
    let wrong = fleet::run(&ground, &config, 1420, &steps).wrong;
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// An older copy of a machine erased somebody, and then lost its place to what the machine had written since
/// (5151): the entry that said so does not count, and what it erased is gone all the same. It is said again.
#[test]
fn who_was_erased_by_what_does_not_count_is_erased_everywhere() {
    let config = Config { hub_restored: true, erases: true, ..Config::default() };
    let steps = some_of(5151, &config, &[32, 34, 35, 40, 43]);
    let wrong = fleet::run(&Ground::new(config.tills), &config, 5151, &steps).wrong;
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// Tables that are made anew give members other local numbers (8616): what was to be done for one of them in
/// the same transaction was done to another.
#[test]
fn after_tables_were_made_anew_nobody_is_taken_for_somebody_else() {
    let config = Config { hub_restored: true, erases: true, ..Config::default() };
    let steps = some_of(8616, &config, &[14, 18, 24, 26, 60, 93, 96, 98, 100]);
    let wrong = fleet::run(&Ground::new(config.tills), &config, 8616, &steps).wrong;
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// A machine and its copy are lives of one till, and the hub is put back twice (2744): what the one says it
/// holds says nothing of the other, which alone has what the hub wrote in between.
#[test]
fn each_life_of_a_till_says_what_it_holds() {
    let config = Config { hub_restored: true, erases: true, ..Config::default() };
    let steps = some_of(2744, &config, &[1, 15, 51, 52, 54, 63, 65, 84, 96, 108]);
    let wrong = fleet::run(&Ground::new(config.tills), &config, 2744, &steps).wrong;
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// What the hub took over from a lost till is taken back while somebody owes (1925): it was drawn for the debt,
/// and given back at once, with every sync.
#[test]
fn what_was_taken_back_is_drawn_by_nobody() {
    let config = Config { hub_restored: true, erases: true, ..Config::default() };
    let ids = [28, 32, 35, 36, 38, 40, 44, 45, 55, 57, 58, 66, 68, 70, 75, 76, 83, 84, 85];
    let steps = some_of(1925, &config, &ids);
    let wrong = fleet::run(&Ground::new(config.tills), &config, 1925, &steps).wrong;
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// A hub that was put back went on before anybody noticed (4038): of its journal there are parts of two
/// histories, each signed, and that is no damage.
#[test]
fn a_hubs_journal_of_two_histories_is_no_damage() {
    let config = Config { hub_restored: true, erases: true, ..Config::default() };
    let steps = some_of(4038, &config, &[17, 22, 24, 25, 26, 34, 39, 42, 52, 56, 61]);
    let wrong = fleet::run(&Ground::new(config.tills), &config, 4038, &steps).wrong;
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// People are erased at some till while others go on with them.
#[test]
fn seeds_in_which_people_are_erased() {
    let config = Config { erases: true, hub_restored: true, ..Config::default() };
    if let Some(failure) = first_failure(&config, 1..21) {
        panic!("{failure}");
    }
}

#[test]
fn a_seed_replays_to_the_byte() {
    let config = Config::default();
    let (one, other) = (Ground::new(config.tills), Ground::new(config.tills));
    for seed in 1..4 {
        let steps = steps_of(seed, &config);
        let (first, again) =
            (fleet::run(&one, &config, seed, &steps), fleet::run(&other, &config, seed, &steps));
        assert_eq!(first, again);
        assert_ne!(first.log, fleet::run(&one, &config, seed, &steps[1..]).log);
    }
}

/// So many seeds at most, and what is missing shows.
const HUNT: u64 = 1_000;

/// Without a defence some seed fails that passes with it.
fn finds(without: &Config, with: &Config) {
    finds_from(1, without, with);
}

fn finds_from(start: u64, without: &Config, with: &Config) {
    let missed = |ground: &Ground, seed| {
        let steps = steps::of(seed, without);
        let wrong = fleet::run(ground, without, seed, &steps).wrong;
        let sound = !wrong.is_empty() && fleet::run(ground, with, seed, &steps).wrong.is_empty();
        sound.then_some(wrong)
    };
    let found = first(without.tills, start..start + HUNT, missed);
    let (seed, wrong) = found.expect("what is taken away is missed in one of them");
    println!("seed {seed}: {wrong:?}");
}

#[test]
fn without_the_anchor_it_is_found() {
    finds(&Config { anchored: false, ..Config::default() }, &Config::default());
}

#[test]
fn without_the_single_writer_rule_it_is_found() {
    let mut config = Config::default();
    config.weak_hub.many_writers = true;
    config.weak_till.many_writers = true;
    finds(&config, &Config::default());
}

#[test]
fn with_cursor_and_data_apart_it_is_found() {
    let mut config = Config::default();
    config.weak_till.cursor_apart = true;
    finds(&config, &Config::default());
}

#[test]
fn without_two_level_acknowledgement_it_is_found() {
    // What a hub took in is acknowledged, and lasts only once it is in a backup: one that was put
    // back from an older copy has to be told again.
    let mut config = Config { hub_restored: true, ..Config::default() };
    let with = config.clone();
    config.weak_till.acked_for_good = true;
    finds(&config, &with);
}

#[test]
fn with_lives_that_share_a_number_it_is_found() {
    let mut config = Config::default();
    config.weak_till.lives_in_turn = true;
    // From 1 on it is found too (95).
    finds_from(95, &config, &Config::default());
}

#[test]
fn without_the_fork_check_it_is_found() {
    let mut config = Config::default();
    config.weak_hub.forks_unseen = true;
    // It takes a whole machine that was rolled back and then wrote as much again: one seed in some
    // hundreds. From 1 on it is found too (743), in minutes.
    finds_from(740, &config, &Config::default());
}

#[test]
fn where_the_hub_keeps_what_comes_late_of_who_was_erased_it_is_found() {
    let mut config = Config { erases: true, ..Config::default() };
    let with = config.clone();
    config.weak_hub.erased_parts_kept = true;
    // From 1 on it is found too (81).
    finds_from(75, &config, &with);
}
