//! What people try who want what is not theirs: each attempt goes through the door that its author
//! would use, and is refused, bounded or told. docs/ABUSE.md is the list.

mod entries;
mod people;
mod value;
mod wire;
