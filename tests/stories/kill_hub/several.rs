//! Several hubs on one PostgreSQL, of which one or another is always dying.

use std::{
    thread,
    time::{Duration, Instant},
};

use punchcard_tests::{
    cluster,
    processes::{Balancer, Dice, HubProgram, TillProgram},
};

use super::{Desks, Pace, Street};

const HUBS: usize = 3;
/// So long is work done while hubs die.
const UNDER_LOAD: Duration = Duration::from_secs(25);
/// No till may be without any hub for longer.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// A sync, with all its tries: how long it took, and how each of them ended.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Wait {
    took: Duration,
    tries: Vec<(Duration, String)>,
}

/// Work, and syncs that are tried again until one goes through, until it is over.
fn busy(desks: &Desks, till: &TillProgram, mut dice: Dice, until: Instant) -> Vec<Wait> {
    let (child, mut talk) = till.batch();
    let mut waits = Vec::new();
    while Instant::now() < until {
        for _ in 0..3 {
            let command = desks.command(Pace::Short, &mut dice);
            let answer = talk.say(&command).expect("nobody kills it");
            desks.figures(|figures| figures.note(&command, &answer));
        }
        let (begun, mut tries) = (Instant::now(), Vec::new());
        loop {
            let answer = talk.say("sync").expect("nobody kills it");
            desks.figures(|figures| figures.note("sync", &answer));
            let said = answer["error"]["message"].as_str().unwrap_or("done").to_owned();
            tries.push((begun.elapsed(), said));
            if answer["error"].is_null() {
                break;
            }
            assert!(begun.elapsed() < LONGEST_WAIT * 2, "no hub answers: {tries:?}");
            thread::sleep(Duration::from_millis(50));
        }
        waits.push(Wait { took: begun.elapsed(), tries });
    }
    drop(talk);
    assert!(child.wait_with_output().expect("it ends").status.success());
    waits
}

/// One hub after the other is killed, and comes back a second later.
fn keep_killing(hubs: &mut [&mut HubProgram], mut dice: Dice, until: Instant) -> u64 {
    let mut kills = 0;
    while Instant::now() + Duration::from_secs(2) < until {
        thread::sleep(Duration::from_millis(500 + dice.below(1_500)));
        let at = usize::try_from(dice.below(HUBS as u64)).unwrap_or(0);
        hubs[at].kill();
        kills += 1;
        thread::sleep(Duration::from_secs(1));
        hubs[at].start();
    }
    kills
}

#[test]
fn three_hubs_of_which_one_is_always_dying_are_one_hub() {
    let (mut dice, seed) = Dice::seeded();
    println!("PUNCHCARD_SEED={seed}");
    let dir = tempfile::tempdir().expect("a temporary folder");
    let database = cluster::shared().fresh_database();
    let log = |n: usize| {
        let folder = dir.path().join(format!("hub-{n}"));
        std::fs::create_dir(&folder).expect("room");
        folder
    };
    let mut hubs: Vec<_> = (0..HUBS).map(|n| HubProgram::new(database.clone(), &log(n))).collect();
    // All at once, on an empty database: only one of them makes the business's keys.
    thread::scope(|scope| hubs.iter_mut().for_each(|hub| drop(scope.spawn(|| hub.start()))));
    let line = Balancer::new(hubs.iter().map(|hub| hub.addr).collect());
    let mut street = Street::around(hubs.remove(0), &line.url(), dir);
    let until = Instant::now() + UNDER_LOAD;
    let Street { hub, desks, .. } = &mut street;
    let mut all: Vec<&mut HubProgram> = hubs.iter_mut().chain([hub]).collect();
    let desks = &*desks;
    let (kills, mut waits) = thread::scope(|scope| {
        let at_work: Vec<_> = desks
            .tills
            .iter()
            .map(|till| (till, dice.fork()))
            .map(|(till, dice)| scope.spawn(move || busy(desks, till, dice, until)))
            .collect();
        let kills = keep_killing(&mut all, dice.fork(), until);
        let waits = at_work.into_iter().map(|till| till.join().expect("it worked"));
        (kills, waits.flatten().collect::<Vec<_>>())
    });
    street.look();
    waits.sort();
    let (median, longest) = (waits[waits.len() / 2].took, &waits[waits.len() - 1]);
    let told = street.desks.figures(|figures| figures.told.len());
    println!(
        "{HUBS} hubs on one PostgreSQL, {kills} kills, {:?} connections each: {told} acknowledged \
         and there once; {} syncs, median {median:?}, longest {:?} in {} tries",
        line.shares(),
        waits.len(),
        longest.took,
        longest.tries.len(),
    );
    assert!(kills >= 6 && told > 100, "{kills} kills, {told} acknowledged");
    assert!(line.shares().iter().all(|share| *share > 0), "each of them had work");
    assert!(longest.took <= LONGEST_WAIT, "a till was without a hub: {longest:?}");
}
