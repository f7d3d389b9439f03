//! Randomness from the operating system, and ids made of it.

use uuid::{Builder, Uuid};

use crate::error::{Error, Result};

/// `N` random bytes.
///
/// # Errors
/// Where the operating system has none to give.
pub fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut out = [0; N];
    getrandom::fill(&mut out).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(out)
}

/// A UUIDv7 of this millisecond: ids sort by time, and the time is the caller's.
///
/// # Errors
/// Where the operating system has no randomness to give.
pub fn uuid_at(unix_ms: i64) -> Result<Uuid> {
    let random: [u8; 10] = bytes()?;
    let millis = u64::try_from(unix_ms).unwrap_or(0);
    Ok(Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
}
