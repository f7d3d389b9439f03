//! Drives the real window: the built desk on a screen of its own, through WebKit's own driver, on
//! a real store in a temporary folder. `scripts/test.sh e2e` sets the stage.
//!
//! Nothing is skipped: a missing driver or desk is a failure that says what to install or build.

#![expect(clippy::panic, reason = "a test that fails says what it saw")]

mod at_the_desk;
mod card_numbers;
mod files;
mod house;
mod house_rules;
mod hub;
mod keyboard;
mod legible;
mod lock;
mod looks;
mod member_acts;
mod members;
mod owner_rules;
mod passes;
mod phone_codes;
mod points;
mod rewards;
mod shell;
mod shop;
mod shots;
mod sync;
mod trust;
mod walk;
mod window;
