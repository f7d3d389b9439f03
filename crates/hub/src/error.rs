//! What can go wrong at the hub: a refusal, which a till does something about, or a failure.

use punchcard_protocol::sync::{Code, WireRefusal};

/// Whatever can go wrong at the hub.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The answer is no, by name.
    #[error(transparent)]
    Refused(#[from] WireRefusal),
    /// What was asked of the tool cannot be understood.
    #[error("{0}")]
    Usage(String),
    /// The database does not hold together.
    #[error("the hub's database is damaged: {0}")]
    Damaged(String),
    /// The database is written by a newer version.
    #[error("this database was written by a newer version of the hub; update this program")]
    StoreNewer,
    /// A backup is not whole, or is none.
    #[error("the backup {file}: {why}")]
    BadBackup {
        /// The name of its file.
        file: String,
        /// What is wrong with it.
        why: String,
    },
    /// A backup was written by a newer version.
    #[error("the backup {0} was written by a newer version of the hub; update this program")]
    BackupNewer(String),
    /// A backup cannot be opened with this passphrase.
    #[error("this is not the passphrase with which the backup {0} was made")]
    WrongPassphrase(String),
    /// Somebody writes a backup into this folder just now.
    #[error("a backup is being written into {0}; try again when it is done")]
    BackupBusy(String),
    /// A backup goes into an empty database alone.
    #[error(
        "there is a hub in this database already; restore into an empty one (another file, or \
         another PostgreSQL database)"
    )]
    NotEmpty,
    /// The database cannot be reached, or failed.
    #[error("the database failed: {0}")]
    Database(String),
    /// A file or the network.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// It broke: our fault.
    #[error("something went wrong inside: {0}")]
    Internal(String),
}

impl Error {
    /// A refusal without arguments.
    pub fn refused(code: Code, message: impl Into<String>) -> Self {
        Self::Refused(WireRefusal::new(code, message))
    }

    /// As it crosses the wire: what broke is told by its name alone, the reason is in the log.
    pub fn to_wire(&self) -> WireRefusal {
        match self {
            Self::Refused(refusal) => refusal.clone(),
            _ => WireRefusal::new(Code::Internal, "the hub could not do this; its log says why"),
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ffi::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged(error.to_string())
            }
            _ => Self::Database(error.to_string()),
        }
    }
}

impl From<::postgres::Error> for Error {
    fn from(error: ::postgres::Error) -> Self {
        // The text of a database error names the constraint, never the values.
        let reason =
            error.as_db_error().map_or_else(|| error.to_string(), |db| db.message().to_owned());
        Self::Database(reason)
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Internal(error.to_string())
    }
}

/// What functions of this crate return.
pub type Result<T, E = Error> = std::result::Result<T, E>;
