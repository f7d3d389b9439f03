//! What a till does: one use case, one function, one transaction.

pub mod actor;
pub mod backup;
pub mod by_hand;
pub mod cards;
pub mod check_in;
pub mod day;
pub mod details;
pub mod duties;
pub mod earning;
pub mod erase;
pub mod expire;
pub mod give;
pub mod house;
pub mod line;
pub mod log;
pub mod members;
pub mod notices;
pub mod owner;
pub mod passes;
pub mod photo;
pub mod points;
pub mod rule_form;
pub mod show;
pub mod take_in;
pub mod undo;
pub mod verify;
