//! Whole-system stories on real stores, without a window.

#![expect(clippy::print_stdout, reason = "some stories tell their figures")]

mod abuse;
mod apart;
mod backups;
mod between_desks;
mod bindings;
mod book;
mod bootstrap;
mod by_hand;
mod card_numbers;
mod cards;
mod classes;
mod convergence;
mod daily;
mod damage;
mod desk;
#[cfg(target_os = "linux")]
mod disk_fails;
mod encrypted_line;
mod engines;
mod erasure;
mod failover;
mod faults;
mod fleet;
mod flips;
mod forms;
mod import;
mod kill;
mod kill_hub;
mod ledger;
mod lies;
mod lives;
#[cfg(target_os = "linux")]
mod lossy;
#[cfg(target_os = "linux")]
mod migration;
mod outlet;
mod parted;
mod passes;
mod phone_codes;
#[cfg(target_os = "linux")]
mod power;
mod referral;
mod restore;
mod rewards;
mod rules;
mod scribe;
mod skew;
mod staff;
mod sync;
mod tool;
mod witness;
mod writers;
