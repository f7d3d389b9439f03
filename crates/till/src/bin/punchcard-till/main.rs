//! `punchcard-till`: the same till without a window, for support, scripts and tests.
//!
//! Exit status: 0 done · 1 broken · 2 usage · 3 refused by a rule · 4 damaged.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool prints")]

mod args;
mod commands;
mod members;
mod passes;
mod print;
mod rules;

use std::process::ExitCode;

use clap::Parser as _;
use punchcard_till::{Error, ErrorKind};

fn main() -> ExitCode {
    let args = match args::Args::try_parse() {
        Ok(args) => args,
        Err(error) => return usage(&error),
    };
    let json = args.json;
    match commands::run(args) {
        Ok(code) => code,
        Err(error) => failed(&error, json),
    }
}

/// A command line that was not understood.
fn usage(error: &clap::Error) -> ExitCode {
    let wants_json = std::env::args().any(|arg| arg == "--json");
    if error.use_stderr() && wants_json {
        let message = error.render().to_string();
        let body = serde_json::json!({"error": {"code": "usage", "message": message}});
        println!("{body}");
        return ExitCode::from(2);
    }
    // Nothing can be done about a terminal that is gone.
    drop(error.print());
    ExitCode::from(u8::from(error.use_stderr()) * 2)
}

fn failed(error: &Error, json: bool) -> ExitCode {
    let app = error.to_app();
    if json {
        println!("{}", serde_json::json!({ "error": app }));
    } else {
        eprintln!("{}", app.message);
    }
    ExitCode::from(match error.kind() {
        ErrorKind::Usage => 2,
        ErrorKind::Refused => 3,
        ErrorKind::Damaged => 4,
        ErrorKind::Broken => 1,
    })
}
