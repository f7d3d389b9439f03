//! PINs: six digits, argon2id with a pepper from the key store, wrong tries counted across
//! restarts.
//!
//! A million PINs are soon tried by whoever has the hashes; hence the pepper, which is not in the
//! database, and the count, which is kept before the PIN is looked at: pulling the plug gains no
//! try.

use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use punchcard_domain::staff::{PIN_TRIES, WeakPin, check_pin, pin_pause_ms};
use punchcard_protocol::StaffId;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::{
    error::{Error, Result},
    keys::Secrets,
};

/// Whether a PIN may be set.
///
/// # Errors
/// [`Error::BadPin`], [`Error::WeakPin`].
pub(crate) fn check(pin: &str) -> Result<()> {
    check_pin(pin).map_err(|weak| match weak {
        WeakPin::NotSixDigits => Error::BadPin,
        WeakPin::Guessable => Error::WeakPin,
    })
}

fn internal(error: impl std::fmt::Display) -> Error {
    Error::Internal(format!("PIN: {error}"))
}

/// OWASP's least for argon2id: 19 MiB, two passes, one lane.
fn hasher(pepper: &[u8; 32]) -> Result<Argon2<'_>> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(internal)?;
    Argon2::new_with_secret(pepper, Algorithm::Argon2id, Version::V0x13, params).map_err(internal)
}

/// Keeps a PIN. Two people of the staff never have the same.
///
/// # Errors
/// [`Error::BadPin`], [`Error::WeakPin`], those of the store.
pub(crate) fn keep(db: &Connection, staff: StaffId, pin: &str, secrets: &Secrets) -> Result<()> {
    check(pin)?;
    let salt: [u8; 16] = crate::random::bytes()?;
    let pepper = secrets.pin_pepper()?;
    let hash = hasher(&pepper)?
        .hash_password_with_salt(pin.as_bytes(), &salt)
        .map_err(internal)?
        .to_string();
    db.prepare_cached(
        "INSERT INTO staff_pin (staff, hash) VALUES (?1, ?2)
         ON CONFLICT (staff) DO UPDATE SET hash = ?2, wrong = 0, until_ms = 0",
    )?
    .execute(params![staff.as_bytes(), hash])?;
    Ok(())
}

/// How a PIN stands: its hash and how often it was given wrong.
pub(crate) struct Kept {
    hash: String,
    wrong: u32,
    /// Refused until then.
    pub(crate) until_ms: i64,
}

/// Reads how somebody's PIN stands.
///
/// # Errors
/// Those of the store.
pub(crate) fn kept(db: &Connection, staff: StaffId) -> Result<Option<Kept>> {
    Ok(db
        .prepare_cached("SELECT hash, wrong, until_ms FROM staff_pin WHERE staff = ?1")?
        .query_row([staff.as_bytes()], |row| {
            Ok(Kept { hash: row.get(0)?, wrong: row.get(1)?, until_ms: row.get(2)? })
        })
        .optional()?)
}

/// Whoever has a PIN on this till.
///
/// # Errors
/// Those of the store.
pub(crate) fn whose(db: &Connection) -> Result<std::collections::BTreeSet<StaffId>> {
    let mut statement = db.prepare_cached("SELECT staff FROM staff_pin")?;
    let rows = statement.query_map([], |row| row.get(0).map(StaffId::from_bytes))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Counts a try, before the PIN is looked at. Commit this, then [`matches`].
///
/// # Errors
/// [`Error::PinLocked`] while a pause lasts.
pub(crate) fn count_try(db: &Connection, staff: StaffId, now_ms: i64) -> Result<Kept> {
    let Some(kept) = kept(db, staff)? else { return Err(Error::WrongPin { left: 0 }) };
    if kept.until_ms > now_ms {
        return Err(Error::PinLocked { until_ms: kept.until_ms });
    }
    let wrong = kept.wrong.saturating_add(1);
    let until_ms = match pin_pause_ms(wrong) {
        0 => 0,
        pause => now_ms.saturating_add(pause),
    };
    db.prepare_cached("UPDATE staff_pin SET wrong = ?2, until_ms = ?3 WHERE staff = ?1")?
        .execute(params![staff.as_bytes(), wrong, until_ms])?;
    Ok(Kept { wrong, until_ms, ..kept })
}

/// Whether the PIN is the right one. Takes some forty milliseconds, on purpose.
///
/// # Errors
/// A hash that cannot be read.
pub(crate) fn matches(kept: &Kept, pin: &str, secrets: &Secrets) -> Result<bool> {
    let pepper = secrets.pin_pepper()?;
    Ok(hasher(&pepper)?.verify_password(pin.as_bytes(), kept.hash.as_str()).is_ok())
}

/// The PIN was right: wrong tries are forgotten.
///
/// # Errors
/// Those of the store.
pub(crate) fn forget_tries(db: &Connection, staff: StaffId) -> Result<()> {
    db.prepare_cached("UPDATE staff_pin SET wrong = 0, until_ms = 0 WHERE staff = ?1")?
        .execute([staff.as_bytes()])?;
    Ok(())
}

/// What a wrong PIN is answered with.
pub(crate) fn refusal(kept: &Kept) -> Error {
    match PIN_TRIES.checked_sub(kept.wrong) {
        Some(left) if left > 0 => Error::WrongPin { left },
        _ => Error::PinLocked { until_ms: kept.until_ms },
    }
}
