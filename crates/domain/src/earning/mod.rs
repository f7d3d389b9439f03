//! Points by rules that the owner wrote: data, not code.
//!
//! [`Book::give`] is the whole of it: an [`Event`](event::Event) and what is known → what each rule
//! gives, and why. A dry run shows what it returned; a real run writes the same down. Where the
//! owner set no rule, the plain [`Rules`](crate::records::Rules) go on (see [`crate::points`]).

mod applies;
mod book;
mod caps;
pub mod condition;
pub mod event;
pub mod expiry;
pub mod follows;
pub mod hours;
mod multiply;
mod names;
mod outcome;
pub mod rule;
mod run;
mod stacking;
mod why;
mod worth;

pub use book::{Book, Needs};
pub use outcome::{Bundle, Outcome, Part, Told};
pub use why::{Cap, Why};
