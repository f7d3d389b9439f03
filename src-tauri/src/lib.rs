//! The desk application: a window, thin commands, and the till behind them.
//!
//! Nothing here decides anything: each command checks who is signed in, calls one use case of
//! `punchcard-till`, and hands its answer to the window.

mod commands;
mod desk;
mod logs;

use std::{path::PathBuf, process::ExitCode};

use clap::Parser as _;
use tauri::Manager as _;

use crate::desk::Desk;

include!("command_list.rs");

macro_rules! handler {
    ($($name:ident),* $(,)?) => { tauri::generate_handler![$(commands::$name),*] };
}

/// The front desk of a membership business.
#[derive(clap::Parser)]
#[command(name = "punchcard-desk", version)]
struct Args {
    /// The till's data folder; the user's own where it is not given.
    #[arg(long)]
    data: Option<PathBuf>,
}

/// What WebKit reads from the environment, and only where nobody has set it otherwise.
///
/// - The DMABUF renderer is off. Measured on machines with no graphics card of their own: half the
///   start time and a quarter less memory; and some drivers show nothing at all with it on.
/// - The page's script is interpreted, not compiled while it runs: less memory, and what most attacks
///   on browsers need is not there. What it calls of the engine stays compiled (`docs/decisions/0023`).
#[cfg(target_os = "linux")]
const FOR_WEBKIT: [(&str, &str); 2] =
    [("WEBKIT_DISABLE_DMABUF_RENDERER", "1"), ("JSC_useBaselineJIT", "0")];

/// Sets what must be set before GTK starts.
pub fn before_gtk() {
    #[cfg(target_os = "linux")]
    for (name, value) in FOR_WEBKIT {
        if std::env::var_os(name).is_none() {
            #[expect(unsafe_code, reason = "called first in main, before there is a second thread")]
            // SAFETY: no other thread exists yet that could read the environment meanwhile.
            unsafe {
                std::env::set_var(name, value);
            }
        }
    }
}

/// Opens the window and serves it until it is closed.
pub fn run() -> ExitCode {
    let args = Args::parse();
    let built = tauri::Builder::default()
        .setup(move |app| {
            let folder = match args.data {
                Some(folder) => folder,
                None => app.path().app_data_dir()?,
            };
            let log = logs::start(&folder);
            app.manage(Desk::open(folder, log));
            Ok(())
        })
        .invoke_handler(commands!(handler))
        .build(tauri::generate_context!());
    match built {
        Ok(app) => {
            app.run(|app, event| {
                // The process ends without unwinding: the store is closed here, or the next start
                // would have to read its log again.
                if let tauri::RunEvent::Exit = event
                    && let Some(desk) = app.try_state::<Desk>()
                {
                    desk.close();
                }
            });
            ExitCode::SUCCESS
        }
        Err(error) => {
            tracing::error!(%error, "the window could not be opened");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    macro_rules! names {
        ($($name:ident),* $(,)?) => { vec![$(stringify!($name)),*] };
    }

    /// The desk's window may call each declared command, and nothing else of the shell's.
    #[test]
    fn the_window_may_call_what_is_declared_and_no_more() {
        let config: serde_json::Value =
            serde_json::from_str(include_str!("../../tauri.conf.json")).expect("JSON");
        let capabilities = config["app"]["security"]["capabilities"].as_array().expect("a list");
        assert_eq!(capabilities.len(), 1);
        assert_eq!(capabilities[0]["windows"], serde_json::json!(["desk"]));
        let allowed: Vec<&str> = capabilities[0]["permissions"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|permission| permission.as_str().expect("a name"))
            .collect();
        let declared: Vec<String> = commands!(names)
            .into_iter()
            .map(|name| format!("allow-{}", name.replace('_', "-")))
            .collect();
        assert_eq!(allowed, declared);
    }

    #[test]
    fn nothing_comes_from_elsewhere() {
        let config: serde_json::Value =
            serde_json::from_str(include_str!("../../tauri.conf.json")).expect("JSON");
        let policy = config["app"]["security"]["csp"].as_str().expect("a policy");
        assert!(policy.starts_with("default-src 'self'"), "{policy}");
        for loose in ["unsafe-eval", "unsafe-inline", "https:", "*"] {
            assert!(!policy.contains(loose), "{policy}");
        }
    }
}
