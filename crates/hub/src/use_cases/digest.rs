//! The hub's tables, hashed: what a till that has read as far must have too.

use punchcard_protocol::{
    StreamId, digest_of_tables,
    sync::{DigestAnswer, DigestQuery},
};

use super::pull;
use crate::{
    error::Result,
    hub::{Hub, hub_row},
    store::tables,
};

impl Hub {
    /// The hash of each table, where the till has read all there is.
    ///
    /// # Errors
    /// `device_revoked`; those of the database.
    pub fn digest_at(&self, stream: StreamId, ask: &DigestQuery) -> Result<DigestAnswer> {
        self.read(|session| {
            pull::active(session, stream)?;
            if hub_row(session)?.position != ask.position {
                return Ok(DigestAnswer { tables: None });
            }
            let tables = tables::digests(session)?;
            let named = tables.into_iter().map(|(name, hash)| (name.to_owned(), hash));
            Ok(DigestAnswer { tables: Some(named.collect()) })
        })
    }

    /// One hash over all folded tables, and each table's own: what `punchcard-till digest` prints.
    ///
    /// # Errors
    /// Those of the database.
    pub fn digest(&self) -> Result<(String, Vec<(String, String)>)> {
        self.read(|session| {
            let tables = tables::digests(session)?;
            let whole = digest_of_tables(tables.iter().copied());
            let named = tables.into_iter().map(|(name, hash)| (name.to_owned(), hash.to_string()));
            Ok((whole.to_string(), named.collect()))
        })
    }
}
