//! Randomness from the operating system, and ids made of it.
//!
//! Tests that replay a run to the byte put a seed in its place, on their own thread, and only in a
//! build that has debug assertions: in what is released there is no such way.

use std::cell::Cell;

use uuid::{Builder, Uuid};

use crate::error::{Error, Result};

thread_local! {
    /// Where a test's own numbers stand.
    static SEEDED: Cell<Option<u64>> = const { Cell::new(None) };
}

/// From here on this thread draws its random bytes from a seed; none: from the operating system
/// again. Returns whether this build can.
pub fn seed_this_thread(seed: Option<u64>) -> bool {
    if cfg!(debug_assertions) {
        SEEDED.set(seed);
    }
    cfg!(debug_assertions)
}

/// The next number of a test's seed (SplitMix64).
fn seeded() -> Option<u64> {
    let state = SEEDED.get().filter(|_| cfg!(debug_assertions))?;
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    SEEDED.set(Some(state));
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    Some(mixed ^ (mixed >> 31))
}

/// `N` random bytes.
///
/// # Errors
/// Where the operating system has none to give.
pub fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut out = [0; N];
    for part in out.chunks_mut(8) {
        let Some(number) = seeded() else { break };
        part.copy_from_slice(&number.to_le_bytes()[..part.len()]);
    }
    if SEEDED.get().is_some() {
        return Ok(out);
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_bytes_again_on_its_own_thread_alone() {
        let drawn = || {
            assert!(seed_this_thread(Some(7)));
            let drawn: [u8; 21] = bytes().expect("numbers");
            (drawn, uuid_at(1_700_000_000_000).expect("numbers"))
        };
        assert_eq!(drawn(), drawn());
        let other = || std::thread::spawn(|| bytes::<16>().expect("random")).join().expect("ran");
        assert_ne!(other(), other());
        assert!(seed_this_thread(None));
        assert_ne!(bytes::<16>().expect("random"), bytes::<16>().expect("random"));
    }
}
