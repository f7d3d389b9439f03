//! Money in minor units (fen, cents), whole numbers only.

/// The most that any amount of money or points may be: 2^53 − 1, so that it is exact in every
/// language that reads our JSON.
pub const MAX_AMOUNT: i64 = (1 << 53) - 1;

/// Why text is not an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Not a plain decimal number.
    #[error("not an amount")]
    NotANumber,
    /// Below zero.
    #[error("an amount cannot be negative")]
    Negative,
    /// More decimals than the currency has.
    #[error("more decimals than the currency has")]
    TooFine,
    /// Over [`MAX_AMOUNT`].
    #[error("too large an amount")]
    TooLarge,
}

/// Minor units in one unit of a currency with so many digits: 100 for CNY, 1 for JPY.
pub fn minor_per_unit(digits: u32) -> i64 {
    10i64.pow(digits.min(4))
}

/// Reads an amount as people write it, into minor units: `128`, `128.5`, `1,113.27`, `¥128.00`.
/// Trailing zeroes beyond the currency's decimals are allowed, other digits there are not.
///
/// # Errors
/// [`AmountError`].
pub fn parse_amount(text: &str, digits: u32) -> Result<i64, AmountError> {
    let text = text.trim().trim_start_matches(['¥', '￥', '$', '€', '£']).trim();
    if text.starts_with('-') {
        return Err(AmountError::Negative);
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole = ungroup(whole)?;
    if (whole.is_empty() && fraction.is_empty())
        || !fraction.bytes().all(|byte| byte.is_ascii_digit())
    {
        return Err(AmountError::NotANumber);
    }
    let digits = digits.min(4) as usize;
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > digits {
        return Err(AmountError::TooFine);
    }
    let minor = format!("{whole}{fraction:0<digits$}");
    match minor.parse::<i64>() {
        Ok(amount) if amount <= MAX_AMOUNT => Ok(amount),
        _ if minor.is_empty() => Ok(0),
        _ => Err(AmountError::TooLarge),
    }
}

/// Takes thousands separators out, where they stand where they should.
fn ungroup(whole: &str) -> Result<String, AmountError> {
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default();
    let grouped = whole.contains(',');
    let well_placed = !grouped || (1..=3).contains(&first.len());
    if !well_placed || groups.any(|group| group.len() != 3) {
        return Err(AmountError::NotANumber);
    }
    let digits: String = whole.chars().filter(|c| *c != ',').collect();
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(digits)
    } else {
        Err(AmountError::NotANumber)
    }
}

/// Writes minor units as a plain decimal: `12800` → `128.00`.
pub fn format_amount(minor: i64, digits: u32) -> String {
    if digits == 0 {
        return minor.to_string();
    }
    let unit = minor_per_unit(digits).unsigned_abs();
    let sign = if minor < 0 { "-" } else { "" };
    let (whole, rest) = (minor.unsigned_abs() / unit, minor.unsigned_abs() % unit);
    format!("{sign}{whole}.{rest:0>width$}", width = digits.min(4) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_people_write_it() {
        for (text, minor) in [
            ("128", 12_800),
            ("128.5", 12_850),
            ("128.00", 12_800),
            (" 1,113.27 ", 111_327),
            ("¥0.01", 1),
            ("0.500", 50),
            (".5", 50),
            ("0", 0),
        ] {
            assert_eq!(parse_amount(text, 2), Ok(minor), "{text}");
        }
        assert_eq!(parse_amount("1200", 0), Ok(1200));
    }

    #[test]
    fn what_is_no_amount() {
        for text in
            ["", ".", "abc", "1e5", "1.2.3", "12,34", "1,2345", "+5", "１２", "NaN", "1_000"]
        {
            assert_eq!(parse_amount(text, 2), Err(AmountError::NotANumber), "{text}");
        }
        assert_eq!(parse_amount("-5", 2), Err(AmountError::Negative));
        assert_eq!(parse_amount("0.005", 2), Err(AmountError::TooFine));
        assert_eq!(parse_amount("99999999999999999999", 2), Err(AmountError::TooLarge));
        assert_eq!(parse_amount("90071992547409.92", 2), Err(AmountError::TooLarge));
        assert_eq!(parse_amount("90071992547409.91", 2), Ok(MAX_AMOUNT));
    }

    #[test]
    fn there_and_back() {
        for minor in [0, 1, 99, 100, 12_345, MAX_AMOUNT] {
            assert_eq!(parse_amount(&format_amount(minor, 2), 2), Ok(minor));
        }
        assert_eq!(format_amount(-105, 2), "-1.05");
    }
}
