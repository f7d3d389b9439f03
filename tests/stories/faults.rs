//! Faults that the other stories come upon in part or not at all: bodies that are cut, lines that
//! trickle, a till that is revoked within a batch, a hub with two views, other programs at a desk's
//! files, and a member with very many entries.

mod bodies;
mod large;
mod programs;
mod revoked;
mod trickle;
mod views;
