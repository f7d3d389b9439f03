//! The rules of the business, pure: no disk, no network, no clock, no randomness.
//!
//! - [`decide`]: what is asked and what is known → the facts, or a [`Refusal`].
//! - [`effects`]: a fact → what it changes. The one place that knows.
//!
//! Facts record decisions; folding never decides. So the order in which facts arrive cannot
//! matter, and two machines that hold the same facts hold the same tables.

pub mod alerts;
pub mod audit;
pub mod bounds;
pub mod cards;
pub mod classes;
pub mod custom;
pub mod decide;
pub mod earning;
pub mod effects;
pub mod fact;
pub mod ledger;
pub mod limits;
pub mod member;
pub mod money;
pub mod numbering;
pub mod person;
pub mod phone_code;
pub mod points;
pub mod records;
pub mod refusal;
pub mod rewards;
pub mod staff;
pub mod stamps;
pub mod standing;
pub mod stock;
pub mod terms;
pub mod text;
pub mod tiers;
pub mod time;
pub mod verdict;

pub use refusal::Refusal;
