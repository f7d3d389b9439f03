//! A simulated fleet: tills and a hub in one process, on real SQLite files, and a scheduler that
//! owns time, the line, randomness and death. All of a run follows from its seed, to the byte.
//!
//! - `ground`: the business with which each run begins.
//! - `steps`: what happens, made from the seed; any of it can be left out.
//! - `world`: does it. `machine` is one till's, `line` the line, `files` what lies on a disk.
//! - `check`: what must hold afterwards; `oracle` adds the ledger up a second time.
//! - `shrink`: what can be left out of a run that fails.

mod check;
mod files;
mod ground;
mod line;
mod machine;
mod oracle;
mod shrink;
pub mod steps;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

pub use ground::Ground;
pub use shrink::{Failure, shrunk};

use self::{steps::Step, world::World};

/// What a fleet is like.
#[derive(Debug, Clone)]
pub struct Config {
    /// How many tills.
    pub tills: usize,
    /// About how many steps in a run: half of it to half as much again.
    pub steps: usize,
    /// The anchor is kept and asked.
    pub anchored: bool,
    /// What the tills go without.
    pub weak_till: punchcard_till::Weak,
    /// What the hub goes without.
    pub weak_hub: punchcard_hub::Weak,
    /// The hub is restored from older copies too.
    pub hub_restored: bool,
    /// People are erased too.
    pub erases: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            tills: 5,
            steps: 80,
            anchored: true,
            weak_till: punchcard_till::Weak::default(),
            weak_hub: punchcard_hub::Weak {
                // A short log has several pages then.
                page: Some(20),
                ..punchcard_hub::Weak::default()
            },
            hub_restored: false,
            erases: false,
        }
    }
}

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What does not hold; nothing: all is well.
    pub wrong: Vec<String>,
    /// The hub's log, hashed: two runs of one seed have the same.
    pub log: String,
    /// What was told at desks.
    pub told: usize,
}

/// Runs some of a seed's steps.
pub fn run(ground: &Ground, config: &Config, seed: u64, steps: &[Step]) -> Outcome {
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let mut world = World::new(ground, config, seed);
        for step in steps {
            world.step(step);
        }
        let wrong = check::check(&mut world);
        Outcome { wrong, log: world.log(), told: world.told.len() }
    }));
    ground::unseed_this_thread();
    outcome.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        let what = text.unwrap_or_else(|| "something else".into());
        Outcome { wrong: vec![format!("it fell over: {what}")], log: String::new(), told: 0 }
    })
}
