//! Telling the time, at the edge only.

use std::sync::Arc;

use crate::hub::Clock;

/// The machine's clock.
pub fn system() -> Clock {
    Arc::new(now_ms)
}

/// Now: Unix ms.
#[expect(clippy::disallowed_methods, reason = "the one place of the hub that reads the clock")]
pub fn now_ms() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
