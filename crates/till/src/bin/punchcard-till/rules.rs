//! The owner's rules for points: listing, setting, trying out.

use std::{fmt::Write as _, path::Path};

use punchcard_till::{Actor, Error, LineInput, Result, Till, Trial, views::DryRunView};

use crate::{
    args::{DryRun, Rules},
    commands::{Answer, id, moment},
};

/// More than so much is no file of rules.
const MOST_BYTES: u64 = 8 * 1024 * 1024;

pub(crate) fn perform(till: &Till, actor: &Actor, rules: Rules) -> Result<Answer> {
    match rules {
        Rules::List => Ok(Answer::pretty(serde_json::to_value(till.earn_rules()?)?)),
        Rules::Set { file } => {
            let rules = till.set_earn_rules(actor, &read(&file)?)?;
            Ok(Answer::pretty(serde_json::to_value(rules)?))
        }
        Rules::SetTiers { file } => {
            let tiers = till.set_tiers(actor, &read(&file)?)?;
            Ok(Answer::pretty(serde_json::to_value(tiers)?))
        }
        Rules::DryRun(run) => dry_run(till, actor, run),
    }
}

fn read(file: &Path) -> Result<String> {
    if std::fs::metadata(file)?.len() > MOST_BYTES {
        return Err(Error::bad_input("file", "this is no file of rules: it is too large"));
    }
    Ok(std::fs::read_to_string(file)?)
}

fn dry_run(till: &Till, actor: &Actor, run: DryRun) -> Result<Answer> {
    let trial = match (run.what.amount, run.what.top_up) {
        (Some(amount), _) => Trial::Sale(amount, lines(&run.lines)?),
        (_, Some(amount)) => Trial::TopUp(amount),
        _ => Trial::Visit,
    };
    let at_ms = run.at.map(|text| moment(till, &text)).transpose()?;
    let view = till.earn_dry_run(actor, Some(id(&run.member)?), trial, at_ms)?;
    Ok(Answer::new(serde_json::to_value(&view)?, told(&view)))
}

/// Lines as they were typed: `2:coffee:latte:60.00`.
pub(crate) fn lines(typed: &[String]) -> Result<Vec<LineInput>> {
    typed
        .iter()
        .map(|text| {
            let bad = || Error::bad_input("line", format!("{text} is not as 2:coffee:latte:60.00"));
            let parts: Vec<&str> = text.split(':').collect();
            let [quantity, category, item, amount] = parts.as_slice() else { return Err(bad()) };
            Ok(LineInput {
                quantity: quantity.parse().map_err(|_| bad())?,
                category: (*category).to_owned(),
                item: (*item).to_owned(),
                amount: (*amount).to_owned(),
            })
        })
        .collect()
}

fn told(view: &DryRunView) -> String {
    let mut text = format!("{} points", view.points);
    for rule in &view.rules {
        let name = &rule.name;
        // Writing to a text cannot fail.
        let _ =
            write!(text, "\n{:>8}  {name} (version {}): {}", rule.points, rule.version, rule.why);
        if rule.worth > rule.points {
            let _ = write!(text, ", worth {}", rule.worth);
        }
        if let Some(usable) = rule.usable {
            let _ = write!(text, ", usable from {usable}");
        }
        if let Some(expires) = rule.expires.filter(|_| rule.points > 0) {
            let _ = write!(text, ", to {expires}");
        }
        if let Some(detail) = &rule.detail {
            let _ = write!(text, " ({detail})");
        }
    }
    text
}
