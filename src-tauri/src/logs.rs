//! Logs: a file a day, fourteen of them, in the data folder. No names, no phones, no keys.

use std::path::Path;

use tracing_appender::{
    non_blocking::WorkerGuard,
    rolling::{RollingFileAppender, Rotation},
};
use tracing_subscriber::EnvFilter;

/// Starts logging. Without a folder to write to, the desk works all the same.
pub(crate) fn start(folder: &Path) -> Option<WorkerGuard> {
    let folder = folder.join("logs");
    // Made first: the appender complains on the terminal about a folder that is not there.
    punchcard_till::create_private_folder(&folder).ok()?;
    let files = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("desk")
        .filename_suffix("log")
        .max_log_files(14)
        .build(folder)
        .ok()?;
    let (writer, guard) = tracing_appender::non_blocking(files);
    let filter =
        EnvFilter::try_from_env("PUNCHCARD_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(writer);
    subscriber.try_init().ok()?;
    Some(guard)
}
