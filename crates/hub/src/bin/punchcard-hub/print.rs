//! What the tool prints.

use punchcard_domain::text::one_line;
use punchcard_hub::{InboxLine, Report, TillLine, backup::FileLine};
use serde_json::{Map, Value, json};

/// An error, as `--json` says it.
pub(crate) fn error(code: &str, message: &str) -> Value {
    json!({"error": {"code": code, "message": message}})
}

/// Lines of columns, each as wide as its widest cell. Names come from tills: what would tell the
/// terminal to do something is shown as a space.
fn columns(rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| one_line(cell)).collect()).collect();
    let mut widths: Vec<usize> = Vec::new();
    for row in &rows {
        widths.resize(widths.len().max(row.len()), 0);
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}", width = *width))
            .collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// All tills.
pub(crate) fn tills(tills: &[TillLine], now_ms: i64) -> String {
    if tills.is_empty() {
        return "no till yet: punchcard-hub pair".to_owned();
    }
    let mut rows =
        vec![row(&["id", "name", "store", "state", "lives", "entries", "points", "seen"])];
    rows.extend(tills.iter().map(|till| {
        vec![
            till.till.to_string(),
            till.name.clone(),
            till.store.clone(),
            till.state.clone(),
            till.streams.to_string(),
            till.entries.to_string(),
            till.holds_points.to_string(),
            age(now_ms, till.seen_ms),
        ]
    }));
    columns(&rows)
}

/// The owner's inbox.
pub(crate) fn inbox(lines: &[InboxLine], now_ms: i64) -> String {
    if lines.is_empty() {
        return "nothing".to_owned();
    }
    let rows: Vec<Vec<String>> = lines
        .iter()
        .map(|line| {
            let state = if line.settled { "settled" } else { "open" };
            vec![
                line.id.clone(),
                age(now_ms, line.at_ms),
                state.to_owned(),
                line.code.clone(),
                arguments(&line.args),
            ]
        })
        .collect();
    columns(&rows)
}

/// Backups, as they were read.
pub(crate) fn backups(files: &[FileLine], now_ms: i64) -> String {
    if files.is_empty() {
        return "no backup in this folder".to_owned();
    }
    let rows: Vec<Vec<String>> = files
        .iter()
        .map(|file| {
            vec![
                file.file.clone(),
                file.kind.to_owned(),
                age(now_ms, file.made_ms),
                format!("{} entries", file.entries),
                file.problem.clone().unwrap_or_else(|| "ok".to_owned()),
            ]
        })
        .collect();
    columns(&rows)
}

/// What a check found.
pub(crate) fn report(report: &Report) -> String {
    if report.ok {
        return format!("ok: {} entries", report.entries);
    }
    format!("NOT ok: {} entries\n- {}", report.entries, report.problems.join("\n- "))
}

/// How long ago that was, in the largest unit that is at least one.
pub(crate) fn age(now_ms: i64, then_ms: i64) -> String {
    if then_ms <= 0 {
        return "never".to_owned();
    }
    let seconds = now_ms.saturating_sub(then_ms).max(0) / 1000;
    match seconds {
        ..60 => "just now".to_owned(),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..86_400 => format!("{} h ago", seconds / 3600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

fn row(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|cell| (*cell).to_owned()).collect()
}

fn arguments(args: &Map<String, Value>) -> String {
    let said = |(name, value): (&String, &Value)| match value {
        Value::String(text) => format!("{name}={text}"),
        other => format!("{name}={other}"),
    };
    args.iter().map(said).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_one_another() {
        let rows = vec![row(&["a", "打卡", "x"]), row(&["long", "b", ""])];
        assert_eq!(columns(&rows), "a     打卡  x\nlong  b");
        let rows = vec![row(&["\u{1b}[31mpaid\r\nok", "b"])];
        assert_eq!(columns(&rows), " [31mpaid  ok  b");
    }

    #[test]
    fn ages_are_short() {
        let hour = 3_600_000;
        assert_eq!(age(hour, hour - 59_000), "just now");
        assert_eq!(age(hour, hour + 5_000), "just now", "another clock is a little ahead");
        assert_eq!(age(9 * hour, hour), "8 h ago");
        assert_eq!(age(99 * hour, hour), "4 d ago");
        assert_eq!(age(hour, 0), "never");
    }
}
