//! The log goes to standard error; standard output is for answers.

use std::io::IsTerminal as _;

use punchcard_hub::{Error, Result, settings::Log};
use tracing_subscriber::{EnvFilter, fmt};

/// Libraries that would say passwords and tokens where everything is logged.
const MUTED: &[&str] = &["async_nats=warn"];

/// Begins to log. What was not said is left to `usual`.
pub(crate) fn start(log: &Log, usual: &str) -> Result<()> {
    let filter = log.filter.as_deref().unwrap_or(usual);
    let mut filter = EnvFilter::builder()
        .parse(filter)
        .map_err(|error| Error::Usage(format!("log: {filter}: {error}")))?;
    for level in MUTED {
        let level = level.parse().map_err(|_| Error::Internal(format!("{level} is no level")))?;
        filter = filter.add_directive(level);
    }
    let writer = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if log.json {
        writer.json().flatten_event(true).with_span_list(false).init();
    } else {
        writer.with_ansi(std::io::stderr().is_terminal()).init();
    }
    Ok(())
}
