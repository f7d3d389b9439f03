//! Opening a database by its address.

use std::{path::Path, sync::Arc};

use super::{Store, postgres::Postgres, sqlite::Sqlite};
use crate::{
    error::{Error, Result},
    weak::Weak,
};

/// Opens the database at `sqlite:PATH` or `postgres://…`, makes it where it is a file and not there
/// yet, and brings its schema up to date. Not for async code: it blocks.
///
/// # Errors
/// [`Error::Usage`] for any other address, [`Error::StoreNewer`], those of the engine.
pub fn open(url: &str) -> Result<Arc<dyn Store>> {
    open_without(url, Weak::default())
}

/// As [`open`], with what a test takes away.
///
/// # Errors
/// As [`open`].
#[doc(hidden)]
pub fn open_without(url: &str, weak: Weak) -> Result<Arc<dyn Store>> {
    if let Some(path) = url.strip_prefix("sqlite:") {
        // People write sqlite://hub.db and sqlite:///var/lib/hub.db as they see it elsewhere.
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() {
            return Err(unknown());
        }
        return Ok(Arc::new(Sqlite::open(Path::new(path))?));
    }
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok(Arc::new(Postgres::connect_without(url, weak)?));
    }
    Err(unknown())
}

/// A server that follows the one that is written to, at `postgres://…`: it answers questions alone.
///
/// # Errors
/// [`Error::Usage`] for any other address.
pub fn open_replica(url: &str) -> Result<Arc<dyn Store>> {
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok(Arc::new(Postgres::to_read(url)?));
    }
    Err(Error::Usage(
        "the address of a replica is postgres://USER:PASSWORD@HOST:PORT/DATABASE".into(),
    ))
}

fn unknown() -> Error {
    // Without what was given: there may be a password in it.
    Error::Usage(
        "the address of a database is sqlite:PATH, as sqlite:/var/lib/punchcard/hub.db, or \
         postgres://USER:PASSWORD@HOST:PORT/DATABASE"
            .into(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_addresses_are_refused_without_being_repeated() {
        for url in ["", "sqlite:", "sqlite://", "mysql://root:geheim@here/hub", "hub.db"] {
            let Err(Error::Usage(reason)) = open(url) else { panic!("{url} is refused") };
            assert!(reason.contains("sqlite:PATH") && reason.contains("postgres://"), "{reason}");
            assert!(!reason.contains("geheim"));
        }
    }

    #[test]
    fn a_file_is_found_however_its_address_is_written() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("hub.db").display().to_string();
        for url in [format!("sqlite:{path}"), format!("sqlite://{path}")] {
            let store = open(&url).expect("it opens");
            assert!(store.describe().ends_with(&path), "{}", store.describe());
        }
    }
}
