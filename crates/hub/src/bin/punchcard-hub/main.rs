//! `punchcard-hub`: the central server, and the tool of whoever runs it.
//!
//! Exit status: 0 done · 1 broken · 2 usage · 3 refused · 4 damaged.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool prints")]

mod args;
mod commands;
mod log;
mod print;
mod qr;
mod serve;

use std::process::ExitCode;

use clap::Parser as _;
use punchcard_hub::Error;

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
        println!("{}", print::error("usage", &error.render().to_string()));
        return ExitCode::from(2);
    }
    // Nothing can be done about a terminal that is gone.
    drop(error.print());
    ExitCode::from(u8::from(error.use_stderr()) * 2)
}

fn failed(error: &Error, json: bool) -> ExitCode {
    let (code, status) = kind(error);
    if json {
        println!("{}", print::error(code, &error.to_string()));
    } else {
        eprintln!("{error}");
    }
    ExitCode::from(status)
}

/// Its name, and the exit status.
fn kind(error: &Error) -> (&'static str, u8) {
    match error {
        Error::Refused(refusal) => (refusal.code.name(), 3),
        Error::Usage(_) => ("usage", 2),
        Error::Damaged(_) => ("damaged", 4),
        Error::BadBackup { .. } => ("bad_backup", 4),
        Error::BackupNewer(_) => ("backup_newer", 1),
        Error::WrongPassphrase(_) => ("wrong_passphrase", 3),
        Error::BackupBusy(_) => ("backup_busy", 3),
        Error::NotEmpty => ("not_empty", 3),
        Error::StoreNewer => ("store_newer", 1),
        Error::Database(_) => ("database", 1),
        Error::Io(_) => ("io", 1),
        Error::Internal(_) => ("internal", 1),
    }
}
