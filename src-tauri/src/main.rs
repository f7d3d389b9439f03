//! The desk.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

fn main() -> std::process::ExitCode {
    punchcard_desk::before_gtk();
    punchcard_desk::run()
}
