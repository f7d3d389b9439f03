//! What the hub does: one use case, one function, one transaction.

pub mod admin;
pub mod asks;
pub mod audit;
pub mod backup;
pub mod card_numbers;
pub mod digest;
pub mod draw;
pub mod duties;
pub mod enrol;
mod erasure;
pub mod find;
pub mod from_backup;
pub mod give;
pub mod greet;
pub mod inbox;
pub(crate) mod publish;
pub mod pull;
pub mod purse;
pub mod push;
pub mod records;
pub mod restored;
pub mod snapshot;
pub mod sums;
pub mod verify;
pub mod work;
