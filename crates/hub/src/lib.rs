//! The hub: the central server with which each till syncs.
//!
//! - [`Hub`] is what it does: one use case, one function, one transaction, blocking.
//! - [`store`] is where it keeps it: SQLite or PostgreSQL behind one small trait.
//! - [`outlet`] hands facts on to others.
//! - [`http`] is the door: it checks signatures and sizes, and decides nothing.
//!
//! Rules are in `punchcard-domain`; what entries change is said there once, for till and hub.

pub mod backup;
pub mod clock;
mod error;
pub mod http;
mod hub;
pub mod outlet;
mod random;
mod replica;
pub mod settings;
pub mod store;
pub mod tls;
mod use_cases;
mod weak;

pub use error::{Error, Result};
pub use hub::{Clock, Hub};
#[doc(hidden)]
pub use random::seed_this_thread;
pub use use_cases::{
    admin::{Figures, TillLine},
    backup::{BackupDone, Schedule},
    from_backup::restore,
    inbox::InboxLine,
    verify::Report,
};
#[doc(hidden)]
pub use weak::Weak;
