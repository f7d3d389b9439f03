//! One error crosses IPC and the command line: a code, a sentence, and what fills a translation.
//! "You may not" is not "it broke": [`Error::kind`] tells them apart.

use punchcard_domain::{Refusal, refusal::permission_name, staff::Permission};
use punchcard_protocol::sync::WireRefusal;
use serde::Serialize;

/// Whatever can go wrong at a till.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A rule said no; nothing was changed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Nobody is signed in, or the desk locked itself.
    #[error("nobody is signed in")]
    NotSignedIn,
    /// Who is signed in may not, and a PIN on the spot would not help.
    #[error("this needs the permission {0:?}")]
    Forbidden(Permission),
    /// The PIN is another.
    #[error("wrong PIN; {left} more tries before a pause")]
    WrongPin {
        /// Tries before the next pause.
        left: u32,
    },
    /// Too many wrong PINs.
    #[error("too many wrong PINs; wait until the pause is over")]
    PinLocked {
        /// Until when, Unix ms.
        until_ms: i64,
    },
    /// Too many wrong codes from one member's phone.
    #[error("too many wrong codes; wait until the pause is over")]
    CodeLocked {
        /// Until when, Unix ms.
        until_ms: i64,
    },
    /// The new PIN is one that everybody tries first.
    #[error("this PIN is too easy to guess")]
    WeakPin,
    /// The new PIN is not six digits, or somebody else's.
    #[error("a PIN is six digits, and nobody else's")]
    BadPin,
    /// Input that cannot be understood.
    #[error("{message}")]
    BadInput {
        /// Which field.
        field: &'static str,
        /// What is wrong with it, in English.
        message: String,
    },
    /// A file that is not what it should be.
    #[error("{path}: {message}")]
    BadFile {
        /// Which file.
        path: String,
        /// What is wrong with it, in English.
        message: String,
    },
    /// There is no store in the folder yet.
    #[error(
        "there is no store in {0}; make one with: punchcard-till --data {0} init --business NAME --store NAME"
    )]
    NotSetUp(String),
    /// There is a store in the folder already.
    #[error("there is a store in {0} already")]
    AlreadySetUp(String),
    /// Another program has the store open.
    #[error("another program has this store open ({0}); close it first")]
    InUse(String),
    /// The store was written by a newer version.
    #[error(
        "this store was written by a newer version of Punchcard (schema {found}, this one knows {known}); update this program"
    )]
    StoreNewer {
        /// The store's schema.
        found: i32,
        /// The newest this build knows.
        known: i32,
    },
    /// The keys of the store are not where they were kept.
    #[error(
        "the keys of this store are missing ({0}); without them it cannot be read. Put them back from where they were kept, or set up a new store elsewhere"
    )]
    KeysMissing(String),
    /// The store does not hold together.
    #[error("the store is damaged: {0}. Restore the newest backup: punchcard-till restore FILE")]
    Damaged(String),
    /// No room left.
    #[error("the disk is full; nothing was recorded. Free some space and do it again")]
    DiskFull,
    /// The disk failed; whether the last thing is recorded shows after a restart.
    #[error("the disk failed ({0}); close Punchcard and start it again before going on")]
    Disk(String),
    /// The library in this program is too old to be trusted with data.
    #[error("SQLite {0} has a known fault that loses data; 3.51.3 or newer is needed")]
    SqliteTooOld(String),
    /// The hub has more of this till's own journal than its store: the store is not the newest.
    #[error("the hub has entry {0} of this till, which its store has not")]
    Behind(u64),
    /// The hub cannot be reached.
    #[error("the hub cannot be reached: {0}")]
    HubUnreachable(String),
    /// Somebody else answers where the hub should be.
    #[error(
        "this is not the hub that this till was paired with; nothing was sent. Ask whoever runs the hub what has changed there"
    )]
    WrongHub,
    /// The hub said no.
    #[error("the hub says: {0}")]
    Hub(WireRefusal),
    /// What the hub has is not what it had.
    #[error(
        "the hub's log was changed after it was written; nothing of it was taken over. Whoever runs the hub: punchcard-hub verify says which entry"
    )]
    LogChanged,
    /// This till is paired with no hub.
    #[error("this till is not connected to a hub; pair it first")]
    NotPaired,
    /// This till is paired already.
    #[error("this till is connected to a hub already: {0}")]
    AlreadyPaired(String),
    /// It broke: our fault.
    #[error("something went wrong inside: {0}")]
    Internal(String),
}

/// What kind of failure it is; the command line's exit status follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The input was not understood.
    Usage,
    /// A rule, a permission or a PIN said no.
    Refused,
    /// The store is damaged, or its keys are gone.
    Damaged,
    /// Anything else.
    Broken,
}

impl Error {
    /// A field of input that cannot be understood.
    pub fn bad_input(field: &'static str, message: impl Into<String>) -> Self {
        Self::BadInput { field, message: message.into() }
    }

    /// What the desk and scripts branch on.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::NotSignedIn => "not_signed_in",
            Self::Forbidden(_) => "forbidden",
            Self::WrongPin { .. } => "wrong_pin",
            Self::PinLocked { .. } => "pin_locked",
            Self::CodeLocked { .. } => "code_locked",
            Self::WeakPin => "weak_pin",
            Self::BadPin => "bad_pin",
            Self::BadInput { field: "phone", .. } => "bad_phone",
            Self::BadInput { field: "birthday", .. } => "bad_birthday",
            Self::BadInput { field: "email", .. } => "bad_email",
            Self::BadInput { field: "amount", .. } => "bad_amount",
            Self::BadInput { field: "image", .. } => "bad_image",
            Self::BadInput { .. } => "bad_input",
            Self::BadFile { .. } => "bad_file",
            Self::NotSetUp(_) => "not_set_up",
            Self::AlreadySetUp(_) => "already_set_up",
            Self::InUse(_) => "store_in_use",
            Self::StoreNewer { .. } => "store_newer",
            Self::KeysMissing(_) => "keys_missing",
            Self::Damaged(_) => "store_damaged",
            Self::DiskFull => "disk_full",
            Self::Disk(_) => "disk_failed",
            Self::SqliteTooOld(_) => "sqlite_too_old",
            Self::Behind(_) => "behind",
            Self::HubUnreachable(_) => "hub_unreachable",
            Self::WrongHub => "wrong_hub",
            Self::Hub(refusal) => refusal.code.name(),
            Self::LogChanged => "log_changed",
            Self::NotPaired => "not_paired",
            Self::AlreadyPaired(_) => "already_paired",
            Self::Internal(_) => "internal",
        }
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::BadInput { .. }
            | Self::BadFile { .. }
            | Self::NotSetUp(_)
            | Self::AlreadySetUp(_) => ErrorKind::Usage,
            Self::Refused(_)
            | Self::NotSignedIn
            | Self::Forbidden(_)
            | Self::WrongPin { .. }
            | Self::PinLocked { .. }
            | Self::CodeLocked { .. }
            | Self::WeakPin
            | Self::BadPin
            | Self::WrongHub
            | Self::LogChanged
            | Self::Hub(_)
            | Self::NotPaired
            | Self::AlreadyPaired(_) => ErrorKind::Refused,
            Self::KeysMissing(_) | Self::Damaged(_) | Self::Behind(_) | Self::StoreNewer { .. } => {
                ErrorKind::Damaged
            }
            Self::InUse(_)
            | Self::DiskFull
            | Self::Disk(_)
            | Self::SqliteTooOld(_)
            | Self::HubUnreachable(_)
            | Self::Internal(_) => ErrorKind::Broken,
        }
    }

    fn args(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Refused(refusal) => refusal.args(),
            Self::Forbidden(permission) => vec![("permission", permission_name(*permission))],
            Self::WrongPin { left } => vec![("left", left.to_string())],
            Self::PinLocked { until_ms } | Self::CodeLocked { until_ms } => {
                vec![("until_ms", until_ms.to_string())]
            }
            Self::BadInput { field, .. } => vec![("field", (*field).to_owned())],
            Self::StoreNewer { found, known } => {
                vec![("found", found.to_string()), ("known", known.to_string())]
            }
            _ => Vec::new(),
        }
    }

    /// As it crosses IPC.
    pub fn to_app(&self) -> AppError {
        AppError {
            code: self.code().to_owned(),
            message: self.to_string(),
            args: self.args().into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
        }
    }
}

/// An error as the window and `--json` get it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct AppError {
    /// What to branch on.
    pub code: String,
    /// An English sentence, for where there is no translation.
    pub message: String,
    /// What a translation fills in.
    pub args: std::collections::BTreeMap<String, String>,
}

impl From<refinery::Error> for Error {
    fn from(error: refinery::Error) -> Self {
        let cause = std::error::Error::source(&error);
        match cause.and_then(|cause| cause.downcast_ref::<rusqlite::Error>()) {
            Some(cause) => Self::of_sqlite(cause),
            None => Self::Internal(error.to_string()),
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::of_sqlite(&error)
    }
}

impl Error {
    fn of_sqlite(error: &rusqlite::Error) -> Self {
        use rusqlite::ffi::ErrorCode;
        // The log's index could not be made room for: a full disk by another name.
        let no_room = rusqlite::ffi::SQLITE_IOERR_SHMSIZE;
        if error.sqlite_error().is_some_and(|inner| inner.extended_code == no_room) {
            return Self::DiskFull;
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull,
            Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::ReadOnly) => {
                Self::Disk(error.to_string())
            }
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged(error.to_string())
            }
            // It was waited for; some other program holds the database, and does not let go of it.
            Some(ErrorCode::DatabaseBusy) => Self::InUse(error.to_string()),
            _ => Self::Internal(error.to_string()),
        }
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::Disk(error.to_string()),
        }
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Internal(error.to_string())
    }
}

/// What functions of this crate return.
pub type Result<T> = std::result::Result<T, Error>;
