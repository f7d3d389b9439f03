//! How many points, and for how long.

use crate::{
    money::{MAX_AMOUNT, minor_per_unit},
    records::{Rounding, Rules},
    refusal::Refusal,
    time::StoreDays,
};

/// Points for an amount spent, and how they came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Earned {
    /// Before the tier's multiplier, rounded down: for showing only.
    pub base: i64,
    /// What is given.
    pub points: i64,
}

/// amount × points per unit × multiplier, rounded once at the end, so that splitting a sale never
/// gains a point by rounding down twice less.
///
/// # Errors
/// [`Refusal::BadAmount`] for an amount of nothing or less, [`Refusal::TooLarge`].
pub fn for_amount(
    amount_minor: i64,
    currency_digits: u32,
    multiplier_percent: i64,
    rules: &Rules,
) -> Result<Earned, Refusal> {
    if amount_minor <= 0 {
        return Err(Refusal::BadAmount);
    }
    let unit = i128::from(minor_per_unit(currency_digits));
    let raw = i128::from(amount_minor) * i128::from(rules.points_per_unit);
    let points = raw
        .checked_mul(i128::from(multiplier_percent))
        .and_then(|hundredths| divide(hundredths, unit * 100, rules.rounding))
        .ok_or(Refusal::TooLarge)?;
    let fits = |value: i128| {
        i64::try_from(value).ok().filter(|value| *value <= MAX_AMOUNT).ok_or(Refusal::TooLarge)
    };
    Ok(Earned { base: fits(raw / unit)?, points: fits(points)? })
}

/// Points for a visit, with the tier's multiplier.
///
/// # Errors
/// [`Refusal::TooLarge`].
pub fn for_visit(multiplier_percent: i64, rules: &Rules) -> Result<i64, Refusal> {
    let raw = i128::from(rules.points_per_visit) * i128::from(multiplier_percent);
    let points = divide(raw, 100, rules.rounding).ok_or(Refusal::TooLarge)?;
    i64::try_from(points).ok().filter(|points| *points <= MAX_AMOUNT).ok_or(Refusal::TooLarge)
}

/// `dividend / divisor` of whole numbers, neither below zero; none: larger than any number here.
fn divide(dividend: i128, divisor: i128, rounding: Rounding) -> Option<i128> {
    Some(match rounding {
        Rounding::Down => dividend / divisor,
        Rounding::HalfUp => dividend.checked_mul(2)?.checked_add(divisor)? / (divisor * 2),
        Rounding::Up => dividend.checked_add(divisor - 1)? / divisor,
    })
}

/// The moment points given at `now_ms` run out: the end of the business day so many months later.
pub fn expiry(now_ms: i64, days: StoreDays, rules: &Rules) -> Option<i64> {
    let months = rules.points_expire_months?;
    Some(days.end_of(days.day_of(now_ms).plus_months(months)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(points_per_unit: i64, rounding: Rounding) -> Rules {
        Rules { points_per_unit, rounding, ..Rules::default() }
    }

    #[test]
    fn one_point_a_yuan_times_the_tier() {
        for (amount, percent, rounding, points) in [
            (12_800, 100, Rounding::Down, 128),
            (12_899, 100, Rounding::Down, 128),
            (12_899, 100, Rounding::Up, 129),
            (12_850, 100, Rounding::HalfUp, 129),
            (12_849, 100, Rounding::HalfUp, 128),
            (12_800, 150, Rounding::Down, 192),
            (50, 100, Rounding::Down, 0),
            (66, 150, Rounding::Down, 0),
            (67, 150, Rounding::Down, 1),
        ] {
            let earned = for_amount(amount, 2, percent, &rules(1, rounding)).expect("an amount");
            assert_eq!(earned.points, points, "{amount} × {percent} % {rounding:?}");
        }
    }

    #[test]
    fn a_hundred_small_sales_never_earn_more_than_one_large() {
        let rules = rules(1, Rounding::Down);
        let whole = for_amount(9_900, 2, 150, &rules).expect("an amount").points;
        let split: i64 =
            (0..100).map(|_| for_amount(99, 2, 150, &rules).expect("an amount").points).sum();
        assert!(split <= whole, "{split} <= {whole}");
    }

    #[test]
    fn nothing_negative_and_nothing_that_overflows() {
        let many = rules(10_000, Rounding::Down);
        assert_eq!(for_amount(0, 2, 100, &many), Err(Refusal::BadAmount));
        assert_eq!(for_amount(-500, 2, 100, &many), Err(Refusal::BadAmount));
        assert_eq!(for_amount(i64::MAX, 2, 1_000_000, &many), Err(Refusal::TooLarge));
        for rounding in [Rounding::Down, Rounding::HalfUp, Rounding::Up] {
            let most = Rules { points_per_visit: i64::MAX, ..rules(i64::MAX, rounding) };
            assert_eq!(for_amount(i64::MAX, 4, i64::MAX, &most), Err(Refusal::TooLarge));
            assert_eq!(for_visit(i64::MAX, &most), Err(Refusal::TooLarge));
        }
    }

    #[test]
    fn points_last_to_the_end_of_their_last_day() {
        let days = StoreDays { zone: chrono_tz::Asia::Shanghai, day_start_hour: 0 };
        let now = days.start_of("2026-11-23".parse().expect("a day")) + 3_600_000;
        let rules = Rules { points_expire_months: Some(24), ..Rules::default() };
        let expires = expiry(now, days, &rules).expect("they expire");
        assert_eq!(days.day_of(expires - 1).to_string(), "2028-11-23");
        assert_eq!(days.day_of(expires).to_string(), "2028-11-24");
    }
}
