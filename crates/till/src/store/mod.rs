//! The store: SQLite, encrypted, one writer.

pub mod cards;
pub(crate) mod chains;
pub mod connect;
pub mod digest;
pub mod earned;
pub mod erased;
pub mod fold;
pub mod held;
pub(crate) mod hubs;
pub mod journal;
pub mod keys_of_members;
pub mod local;
pub(crate) mod marks;
pub mod merged;
pub mod purse;
pub mod read;
pub mod records;
pub mod snapshot;
pub mod streams;
