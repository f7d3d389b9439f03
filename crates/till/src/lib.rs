//! One till without a window.
//!
//! - [`Till`] opens a data folder; every use case is one function and one transaction.
//! - Nothing is told before the commit has returned and the anchor is written.
//! - Rules are in `punchcard-domain`; here is what reads, keeps and shows.

mod anchor;
pub mod clock;
mod code_try;
pub mod demo;
mod error;
mod files;
pub mod import;
mod keys;
mod lock;
mod phone;
mod pin;
mod pinyin;
mod random;
mod recovery;
pub mod replica;
mod store;
pub mod sync;
mod synced;
mod till;
mod use_cases;
pub mod views;
mod weak;
mod work;
mod writer;

pub use error::{AppError, Error, ErrorKind, Result};
pub use files::create_private_folder;
pub use keys::KeyPlace;
#[doc(hidden)]
pub use random::seed_this_thread;
pub use store::connect::Durability;
pub use till::{Options, SetUp, Till};
pub use use_cases::{
    actor::Actor,
    backup::{BackupDone, BackupPlan},
    cards::CardChange,
    check_in::{CheckInHow, Who},
    earning::{LineInput, Trial},
    field_form::{FieldInput, Holds},
    log::LogLine,
    owner::{PassTypeInput, RewardInput, StaffInput},
    passes::PassChange,
    phone_code::CodeInput,
    points::RedeemInput,
    rule_form::EarnRuleInput,
    tier_form::{LadderInput, Period, TierInput},
    verify::Verification,
};
#[doc(hidden)]
pub use weak::Weak;
