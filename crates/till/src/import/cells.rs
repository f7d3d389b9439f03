//! Cells as people and old systems write them.

use chrono::NaiveDate;
use punchcard_domain::{money::MAX_AMOUNT, text::one_line, time::Day};

/// Full-width forms narrowed, the spaces around taken off.
pub fn narrow(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization as _;
    text.nfkc().collect::<String>().trim().to_owned()
}

/// A day in any usual spelling: `1983年6月20日`, `2022/12/16`, `20260717`, `2027.5.6`,
/// `2025-06-03`, and, as America has it, `10/26/1974`. A year of two digits is no year: nobody
/// can tell which century.
pub fn day(text: &str) -> Option<Day> {
    let text = narrow(text);
    let parts: Vec<&str> =
        text.trim_end_matches('日').split(['-', '/', '.', '年', '月']).map(str::trim).collect();
    let digits = |part: &str| {
        let plain = !part.is_empty() && part.len() <= 4 && part.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| part.parse::<u32>().ok()).flatten()
    };
    let (year, month, date) = match parts.as_slice() {
        [whole] if whole.len() == 8 && whole.bytes().all(|b| b.is_ascii_digit()) => {
            (digits(&whole[..4])?, digits(&whole[4..6])?, digits(&whole[6..])?)
        }
        [year, month, date] if year.len() == 4 => (digits(year)?, digits(month)?, digits(date)?),
        [month, date, year] if year.len() == 4 && text.contains('/') => {
            (digits(year)?, digits(month)?, digits(date)?)
        }
        _ => return None,
    };
    let plausible = (1880..=2199).contains(&year);
    let day = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, date)?;
    plausible.then_some(Day(day))
}

/// A whole number of points or visits: `296`, `83,976`, `0.0`. Half a point is none, and neither
/// is `1e5`: better one row to mend than a thousand points that nobody meant.
pub fn whole(text: &str) -> Option<i64> {
    let text = narrow(text);
    if text.is_empty() {
        return Some(0);
    }
    punchcard_domain::money::parse_amount(&text, 0).ok().filter(|amount| *amount <= MAX_AMOUNT)
}

/// An amount of money, in minor units.
pub fn money(text: &str, digits: u32) -> Option<i64> {
    let text = narrow(text);
    if text.is_empty() {
        return Some(0);
    }
    punchcard_domain::money::parse_amount(&text, digits).ok()
}

/// Tags, parted as people part them.
pub fn tags(text: &str) -> Vec<String> {
    one_line(&narrow(text))
        .split(['、', ',', ';', '|', '/'])
        .map(str::trim)
        .filter(|tag| !tag.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Makes a cell that a spreadsheet would run as a formula into text.
pub fn guard(cell: &str) -> String {
    let risky = cell.trim_start().starts_with(['=', '+', '-', '@', '\t', '\r']);
    if risky { format!("'{cell}") } else { cell.to_owned() }
}

/// Takes the guard off again, so that a mended file of rejects can be imported.
pub fn unguard(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.trim_start().starts_with(['=', '+', '-', '@', '\t', '\r']) => rest,
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_in_every_spelling() {
        for text in [
            "1983年6月20日",
            "1983/6/20",
            "19830620",
            "1983.6.20",
            "1983-06-20",
            "6/20/1983",
            "１９８３－０６－２０",
        ] {
            assert_eq!(
                day(text).map(|day| day.to_string()).as_deref(),
                Some("1983-06-20"),
                "{text}"
            );
        }
        for text in
            ["", "90-1-1", "1990-02-30", "生日", "1990", "2022-13-01", "99990101", "1-2-3-4"]
        {
            assert_eq!(day(text), None, "{text}");
        }
    }

    #[test]
    fn points_are_whole() {
        for (text, points) in [("296", 296), ("83,976", 83_976), (" 0 ", 0), ("0.0", 0), ("", 0)] {
            assert_eq!(whole(text), Some(points), "{text}");
        }
        for text in ["1e5", "abc", "-50", "12.5", "1,23", "99999999999999999999"] {
            assert_eq!(whole(text), None, "{text}");
        }
    }

    #[test]
    fn formulas_become_text_and_come_back() {
        for cell in ["=1+1", "+86 138", "-5", "@SUM(1)", "\t=1", "plain", "'quoted", ""] {
            assert_eq!(unguard(&guard(cell)), cell);
        }
        assert!(guard("=HYPERLINK(\"http://x\")").starts_with('\''));
    }
}
