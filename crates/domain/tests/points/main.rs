//! Points by the owner's rules: the table of cases, and what holds for all rules.

#![allow(missing_docs, reason = "tests")]

mod programmes;
mod properties;
mod reading;
mod table;
mod tiers;
mod world;
