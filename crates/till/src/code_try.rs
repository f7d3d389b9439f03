//! How often a code from a member's phone was given at this till since the last right one: kept before
//! the code is looked at, so that neither a restart nor pulling the plug gains a try.

use punchcard_domain::staff::pin_pause_ms;
use punchcard_protocol::MemberId;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::error::{Error, Result};

/// Counts a try, before the code is looked at. The pauses are those of PINs.
///
/// # Errors
/// [`Error::CodeLocked`] while a pause lasts.
pub(crate) fn count(db: &Connection, member: MemberId, now_ms: i64) -> Result<()> {
    let (wrong, until_ms) = db
        .prepare_cached("SELECT wrong, until_ms FROM code_try WHERE member = ?1")?
        .query_row([member.as_bytes()], |row| Ok((row.get::<_, u32>(0)?, row.get::<_, i64>(1)?)))
        .optional()?
        .unwrap_or_default();
    if until_ms > now_ms {
        return Err(Error::CodeLocked { until_ms });
    }
    let wrong = wrong.saturating_add(1);
    let until_ms = match pin_pause_ms(wrong) {
        0 => 0,
        pause => now_ms.saturating_add(pause),
    };
    db.prepare_cached(
        "INSERT INTO code_try (member, wrong, until_ms) VALUES (?1, ?2, ?3)
         ON CONFLICT (member) DO UPDATE SET wrong = ?2, until_ms = ?3",
    )?
    .execute(params![member.as_bytes(), wrong, until_ms])?;
    Ok(())
}

/// The code was right, or another phone was set up: the tries are forgotten.
///
/// # Errors
/// Those of the store.
pub(crate) fn forget(db: &Connection, member: MemberId) -> Result<()> {
    db.prepare_cached("DELETE FROM code_try WHERE member = ?1")?.execute([member.as_bytes()])?;
    Ok(())
}
