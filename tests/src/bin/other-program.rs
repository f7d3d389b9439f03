//! Another program at a desk's database, for the story of what that does to the desk: it holds the
//! database so that nobody else can write, for so many milliseconds each time it is told to.

#![expect(clippy::print_stdout, reason = "that is how it tells")]

use std::{io::BufRead as _, path::PathBuf, thread, time::Duration};

use punchcard_tests::scan;

fn main() {
    let folder = PathBuf::from(std::env::args_os().nth(1).expect("the till's data folder"));
    let db = rusqlite::Connection::open(folder.join("till.db")).expect("there");
    let key = format!("x'{}'", hex::encode(scan::key_of(&folder)));
    db.pragma_update(None, "cipher_default_hmac_algorithm", "HMAC_SHA256").expect("known");
    db.pragma_update(None, "key", key).expect("its key");
    for line in std::io::stdin().lock().lines() {
        let held_ms: u64 = line.expect("text").parse().expect("milliseconds");
        db.execute_batch("BEGIN IMMEDIATE").expect("nobody else writes");
        println!("held");
        thread::sleep(Duration::from_millis(held_ms));
        db.execute_batch("ROLLBACK").expect("nothing was done");
        println!("let go");
    }
}
