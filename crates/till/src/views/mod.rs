//! What crosses to the window and to `--json`: plain data, money and points as whole numbers,
//! times as Unix milliseconds, days as `YYYY-MM-DD`. The window only shows it; it computes none.

mod check_in;
mod day;
mod desk;
mod import;
mod member;
mod owner;
mod points;
mod sync;

pub use punchcard_domain::alerts::Alerts;

pub use check_in::*;
pub use day::*;
pub use desk::*;
pub use import::*;
pub use member::*;
pub use owner::*;
pub use points::*;
pub use sync::*;
