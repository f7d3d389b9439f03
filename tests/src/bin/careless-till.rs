//! A till whose commits do not wait for the disk, for the story of what that would lose. Reads a
//! member a line, gives them a point, and tells the fact.

#![expect(clippy::print_stdout, reason = "that is how it tells")]

use std::{io::BufRead as _, path::PathBuf};

use punchcard_till::{Durability, KeyPlace, Options, Till};

fn main() {
    let folder = PathBuf::from(std::env::args_os().nth(1).expect("the till's data folder"));
    let options =
        Options { keys: KeyPlace::File, durability: Durability::Normal, ..Options::default() };
    let till = Till::open(&folder, &options).expect("a store");
    let owner = till.owner().expect("an owner");
    for line in std::io::stdin().lock().lines() {
        let member = line.expect("text");
        let done = till.earn(&owner, punchcard_tests::id(&member), "1").expect("a point");
        println!("{}", done.fact);
    }
}
