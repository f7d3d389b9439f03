//! The table of points cases (cases/points.txt), each line worked through by the real rules.

use std::fmt::Write as _;

use punchcard_domain::{earning::Outcome, fact::gains};

use crate::reading::{self, Case, Happens, Said};
use crate::world::World;

const TABLE: &str = include_str!("../../cases/points.txt");

#[test]
fn every_case_comes_out_as_written() {
    let mut wrong = String::new();
    let mut seen = std::collections::BTreeSet::new();
    let mut count = 0;
    for (n, line) in TABLE.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        count += 1;
        assert!(seen.insert(line.rsplit_once('|').map_or(line, |(case, _)| case)), "twice: {line}");
        let outcome = reading::case(line).and_then(|case| work(&case));
        if let Err(error) = outcome {
            writeln!(wrong, "line {}: {error}\n  {line}", n + 1).expect("text");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    assert!(count >= 150, "{count} cases");
}

/// Works one case through, and says where it comes out otherwise.
fn work(case: &Case) -> Result<(), String> {
    if let Some(code) = &case.refused {
        let refused: Vec<String> = case
            .rules
            .iter()
            .filter_map(|rule| rule.check().err())
            .map(|refusal| refusal.code().to_owned())
            .collect();
        return if refused.contains(code) {
            Ok(())
        } else {
            Err(format!("refused as {refused:?}"))
        };
    }
    if let Some(refusal) = case.rules.iter().find_map(|rule| rule.check().err())
        && !case.unchecked
    {
        return Err(format!("a rule is refused: {refusal}"));
    }
    let mut world = case.world();
    for (n, (step, said)) in case.steps.iter().zip(&case.said).enumerate() {
        follow(&mut world, case, step, said).map_err(|error| format!("step {}: {error}", n + 1))?;
        if world.least() < 0 {
            return Err("an account is below zero".into());
        }
    }
    let (left, owes) = (world.lies(), world.debt());
    if case.left.is_some_and(|wanted| wanted != left) {
        return Err(format!("{left} are left"));
    }
    if case.owes.is_some_and(|wanted| wanted != owes) {
        return Err(format!("{owes} are owed"));
    }
    Ok(())
}

fn follow(world: &mut World, case: &Case, step: &Happens, said: &Said) -> Result<(), String> {
    match step {
        Happens::Event { what, at_ms, store } => {
            world.store.id = *store;
            let before = world.dry_run(what.clone(), *at_ms);
            let happened = world.happens(what.clone(), *at_ms);
            match (before, happened) {
                (Ok(before), Ok((fact, outcome))) => {
                    if before != outcome {
                        return Err("the dry run said something else".into());
                    }
                    let punchcard_domain::fact::Fact::PointsEarned(body) = &fact else {
                        return Err("not an earning".into());
                    };
                    let lots: i64 = gains(body.earned.as_ref(), body.by_rules.as_ref())
                        .map(|gain| gain.lot.amount)
                        .sum();
                    if lots != outcome.points() {
                        return Err(format!("{lots} in lots"));
                    }
                    compare(world, case, &outcome, said)
                }
                (Err(refusal), Err(_)) if said.refused.as_deref() == Some(refusal.code()) => Ok(()),
                (before, _) => Err(format!("{before:?}")),
            }
        }
        Happens::Spends { points, at_ms } => match (world.spends(*points, *at_ms), &said.refused) {
            (Ok(_), None) if said.total == Some(-points) => Ok(()),
            (Err(refusal), Some(code)) if refusal.code() == code => Ok(()),
            (outcome, _) => Err(format!("{outcome:?}")),
        },
        Happens::TakesBack { n, at_ms } => {
            let back = world.takes_back(*n, *at_ms).map_err(|refusal| refusal.to_string())?;
            match said.total {
                Some(total) if total != back.0 => Err(format!("{} points come back", back.0)),
                _ => Ok(()),
            }
        }
    }
}

fn compare(world: &World, case: &Case, outcome: &Outcome, said: &Said) -> Result<(), String> {
    if let Some(total) = said.total
        && total != outcome.points()
    {
        return Err(format!("{} points: {}", outcome.points(), told(case, outcome)));
    }
    for part in &said.parts {
        let id = case.id_of(&part.rule).ok_or_else(|| format!("no rule {}", part.rule))?;
        let told = outcome.told.iter().find(|told| told.rule == id).ok_or("not asked")?;
        let why = part.why.as_deref().unwrap_or("gave");
        if told.points != part.points || told.why.code() != why {
            return Err(format!("{} gives {} ({})", part.rule, told.points, told.why.code()));
        }
        let days = world.store.days();
        let last = told.expires_ms.map(|ms| days.day_of(ms - 1).to_string());
        if let Some(wanted) = &part.lasts_to
            && Some(wanted) != Some(&last.clone().unwrap_or_else(|| "ever".into()))
        {
            return Err(format!("{} lasts to {last:?}", part.rule));
        }
        let usable = told.usable_ms.map(|ms| days.day_of(ms).to_string());
        if part.usable.is_some() && part.usable != usable {
            return Err(format!("{} can be used {usable:?}", part.rule));
        }
    }
    Ok(())
}

fn told(case: &Case, outcome: &Outcome) -> String {
    let name = |told: &punchcard_domain::earning::Told| {
        case.name_of(told.rule).unwrap_or_default().to_owned()
    };
    outcome
        .told
        .iter()
        .map(|told| format!("{} {} ({:?})", name(told), told.points, told.why))
        .collect::<Vec<_>>()
        .join(", ")
}
