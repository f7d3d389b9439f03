//! This machine's own affairs: no facts, and they travel nowhere.

use punchcard_protocol::TillId;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::error::Result;

/// Which till this is: its id.
pub const TILL: &str = "till";
/// Which life of it.
pub const INCARNATION: &str = "incarnation";
/// The store at which it stands: its id.
pub const STORE: &str = "store";
/// Why the store is not trusted; absent: it is.
pub const DISTRUST: &str = "distrust";
/// The part of the store whose door this desk opens; absent: all of it.
pub const DOOR: &str = "door";
/// Preferences of this desk.
pub const PREFS: &str = "prefs";
/// The hub this till is paired with: [`HubLink`].
pub const HUB: &str = "hub";
/// Hubs that this business had before: their ids.
pub const HUBS_BEFORE: &str = "hubs_before";
/// What the anchor knew of an earlier life, until the hub has been told.
pub const ANCHORED: &str = "anchored";
/// The till is joining a business and has none yet.
pub const JOINING: &str = "joining";
/// Why the hub will not have this till: a code; absent: it will.
pub const REFUSED: &str = "refused";
/// The hub's epoch in which this till, no longer belonging to it, last asked what it has.
pub const HANDED_OVER_IN: &str = "handed_over_in";
/// How much of what this till handed over the hub said it keeps aside.
pub const KEPT_ASIDE: &str = "kept_aside";
/// Own journals of which something was refused and handed over: the hub has less of them than it
/// was sent.
pub const HANDED_OVER: &str = "handed_over";
/// The newest head of the hub's log that this till was told of.
pub const LOG_HEAD: &str = "log_head";
/// The edge of the log's tree, as far as this till has read it.
pub const LOG_EDGE: &str = "log_edge";
/// The newest stamp that came with a snapshot.
pub const SEEN_HLC: &str = "seen_hlc";
/// Tables that a snapshot brought, so that the journal alone does not make them anew.
pub const SNAPSHOT: &str = "snapshot";
/// Value of this till's earlier lives is frozen at the hub until a manager has looked.
pub const FROZEN: &str = "frozen";
/// Last sync, Unix ms; absent: never.
pub const LAST_SYNC: &str = "last_sync_ms";
/// When the log was last made to begin anew, Unix ms.
pub const LOG_BEGUN: &str = "log_begun_ms";
/// A store that was put back from a backup, before it has opened its next life.
pub const RESTORED: &str = "restored";

/// Somebody was erased, and what was deleted may still be read in free space or in the log.
pub const SCRUB: &str = "scrub";
/// Somebody was erased, and older copies of the store hold what was.
pub const OLD_COPIES: &str = "old_copies";
/// Who was erased after the copy was made that was put back: erased again with the next life.
pub const ERASE_AGAIN: &str = "erase_again";
/// Where this desk's daily backups go: [`crate::BackupPlan`]; absent: there are none.
pub const BACKUPS: &str = "backups";
/// The day of the newest daily backup.
pub const BACKED_UP: &str = "backed_up";
/// Card numbers that this life has given out: the life, and of each of its blocks how many.
pub const CARDS_GIVEN: &str = "cards_given";
/// Which program's rows members are found by.
pub const MEMBER_KEYS: &str = "member_keys";
/// What seals the keys beside a backup; absent: nothing does.
pub const RECOVERY: &str = "recovery";

/// The hub, as a paired till knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HubLink {
    /// Its address.
    pub url: String,
    /// Its id.
    pub hub: TillId,
    /// Its Ed25519 key, hexadecimal.
    pub key: String,
    /// SHA-256 of its certificate, hexadecimal; none: a certificate that everybody can check.
    pub pin: Option<String>,
    /// Its epoch, as it was last seen.
    pub epoch: u32,
    /// What this till is called.
    pub till_name: String,
    /// What this till reads.
    pub channels: Vec<String>,
}

/// Reads a value.
///
/// # Errors
/// Those of the store, and JSON of another shape.
pub fn get<T: DeserializeOwned>(db: &Connection, key: &str) -> Result<Option<T>> {
    let text: Option<String> = db
        .prepare_cached("SELECT value FROM local WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?;
    text.map(|text| serde_json::from_str(&text).map_err(Into::into)).transpose()
}

/// Keeps a value.
///
/// # Errors
/// Those of the store.
pub fn set<T: Serialize>(db: &Connection, key: &str, value: &T) -> Result<()> {
    let text = serde_json::to_string(value)?;
    db.prepare_cached(
        "INSERT INTO local (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2",
    )?
    .execute(params![key, text])?;
    Ok(())
}

/// Forgets a value.
///
/// # Errors
/// Those of the store.
pub fn remove(db: &Connection, key: &str) -> Result<()> {
    db.prepare_cached("DELETE FROM local WHERE key = ?1")?.execute([key])?;
    Ok(())
}
