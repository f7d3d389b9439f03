//! What an import did.

use serde::Serialize;

/// What an import did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ImportReport {
    /// Rows in the file, the heading not counted.
    pub rows: u64,
    /// Members that came in.
    pub imported: u64,
    /// Rows whose member is already here, from this file or an earlier one.
    pub already_here: u64,
    /// Rows that did not come in, by reason.
    pub rejected: Rejected,
    /// Rows that came in with something left out.
    pub warnings: Warnings,
    /// Points that came in.
    pub points_total: i64,
    /// Stored value that came in, in minor units.
    pub stored_minor_total: i64,
}

/// An import's report, and the rows that did not come in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ImportView {
    /// What came in, or would.
    pub report: ImportReport,
    /// What did not, with the reason, as CSV to be mended.
    pub rejects_csv: String,
}

/// Rows that did not come in, by reason.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Rejected {
    /// The phone cannot be one.
    pub bad_phone: u64,
    /// There is no name.
    pub no_name: u64,
    /// The phone is another member's.
    pub duplicate_phone: u64,
    /// Points, stored value or visits are not an amount.
    pub bad_points: u64,
    /// The row has not as many cells as the heading, or cannot be read at all.
    pub bad_row: u64,
}

/// Rows that came in with something left out, or would have but for another reason.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Warnings {
    /// The birthday is not a day. Counted over all rows, rejected ones too.
    pub bad_birthday: u64,
    /// A date of a pass cannot be read; the member came in without that pass.
    pub bad_pass: u64,
}
