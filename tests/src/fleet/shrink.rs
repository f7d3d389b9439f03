//! What can be left out of a run that fails, until nothing more can.

use std::fmt;

use super::{Config, Ground, run, steps::Step};

/// A run that fails.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Its seed.
    pub seed: u64,
    /// How many tills.
    pub tills: usize,
    /// The steps that it takes.
    pub steps: Vec<Step>,
    /// What does not hold.
    pub wrong: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}:", self.seed)?;
        for wrong in &self.wrong {
            writeln!(f, "  {wrong}")?;
        }
        for step in &self.steps {
            writeln!(f, "  {step}")?;
        }
        let ids: Vec<String> = self.steps.iter().map(|step| step.id.to_string()).collect();
        let (seed, tills, ids) = (self.seed, self.tills, ids.join(","));
        write!(f, "again: make fleet SEEDS=1 FIRST={seed} TILLS={tills} STEPS={ids}")
    }
}

/// Leaves out what can be left out (delta debugging): first halves, then ever smaller parts.
pub fn shrunk(ground: &Ground, config: &Config, failure: Failure) -> Failure {
    let Failure { seed, tills, mut steps, mut wrong } = failure;
    let mut size = steps.len().div_ceil(2);
    while size > 0 {
        let mut at = 0;
        while at < steps.len() {
            let mut fewer = steps.clone();
            fewer.drain(at..(at + size).min(steps.len()));
            let outcome = run(ground, config, seed, &fewer);
            if outcome.wrong.is_empty() {
                at += size;
            } else {
                (steps, wrong) = (fewer, outcome.wrong);
            }
        }
        size = if size == 1 { 0 } else { size.div_ceil(2) };
    }
    Failure { seed, tills, steps, wrong }
}
