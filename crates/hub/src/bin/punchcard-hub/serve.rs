//! `serve`: runs the server until somebody says that it is enough.

use std::{io::Write as _, sync::Arc, time::Duration};

use punchcard_hub::{
    Hub, Result, Schedule,
    http::{self, Options, Running, Tls},
    outlet::Publishing,
    settings::Settings,
};
use serde_json::json;
use tokio::runtime::Runtime;

/// How often what ran out is posted.
const HOUSEKEEPING: Duration = Duration::from_hours(1);

/// How often it is looked whether a backup is due.
const LOOK: Duration = Duration::from_mins(1);

/// Serves until the process is interrupted or terminated.
pub(crate) fn run(
    hub: Hub,
    settings: &Settings,
    schedule: Option<Schedule>,
    json: bool,
) -> Result<()> {
    // First, so that being told to stop while we start is not missed.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let signals = Signals::listen(&runtime)?;
    let options = Options {
        listen: settings.listen,
        tls: settings.tls.clone(),
        metrics_any: settings.metrics_any,
        ..Options::default()
    };
    let hub = Arc::new(hub);
    keep_house(&hub, settings.backup_hour)?;
    match schedule {
        Some(schedule) => back_up_daily(&hub, schedule)?,
        None => {
            tracing::warn!("no backups are made: PUNCHCARD_HUB_BACKUP_TO names a folder for them");
        }
    }
    let publishing = publish(&hub, settings)?;
    let running = http::serve(hub, options)?;
    announce(&running, settings);
    if json {
        let certificate = hex::encode(running.certificate());
        println!("{}", json!({"url": running.url(), "certificate": certificate}));
        std::io::stdout().flush()?;
    }
    let signal = runtime.block_on(signals.next());
    tracing::info!(signal, "stopping");
    running.stop();
    drop(publishing);
    tracing::info!("stopped");
    Ok(())
}

/// Hands facts on to NATS, where somebody said so. Nothing waits for it, not even the start.
fn publish(hub: &Arc<Hub>, settings: &Settings) -> Result<Option<Publishing>> {
    let Some(to) = &settings.nats else { return Ok(None) };
    tracing::info!(to = to.describe(), "facts are published");
    Publishing::begin(hub.clone(), to.clone()).map(Some)
}

/// Posts what has run out in the pool, at the start and every hour, and in the night clears free space of
/// what was erased. The process ends without waiting for it: each batch is one transaction.
fn keep_house(hub: &Arc<Hub>, night: u32) -> Result<()> {
    let hub = hub.clone();
    std::thread::Builder::new().name("housekeeping".into()).spawn(move || {
        loop {
            match hub.expire_due() {
                Ok(0) => {}
                Ok(members) => tracing::info!(members, "posted what had run out in the pool"),
                Err(error) => tracing::warn!(%error, "what has run out could not be posted"),
            }
            match hub.scrub_at_night(night) {
                Ok(false) => {}
                Ok(true) => tracing::info!("free space was cleared of what was erased"),
                Err(error) => tracing::warn!(%error, "what was erased is not cleared yet"),
            }
            std::thread::sleep(HOUSEKEEPING);
        }
    })?;
    Ok(())
}

/// Makes a backup every day. The process ends without waiting for it: what is not finished has no name
/// yet, and the next one begins anew.
fn back_up_daily(hub: &Arc<Hub>, schedule: Schedule) -> Result<()> {
    let hub = hub.clone();
    std::thread::Builder::new().name("backups".into()).spawn(move || {
        loop {
            match hub.backup_if_due(&schedule) {
                Ok(None) => {}
                Ok(Some(done)) => tracing::info!(
                    path = %done.path.display(),
                    full = done.full,
                    entries = done.entries,
                    bytes = done.bytes,
                    removed = done.removed.len(),
                    "a backup was made, and read back"
                ),
                Err(error) => tracing::error!(%error, "THE BACKUP FAILED; it is tried again"),
            }
            std::thread::sleep(LOOK);
        }
    })?;
    Ok(())
}

fn announce(running: &Running, settings: &Settings) {
    let url = running.url();
    if settings.tls == Tls::Off {
        tracing::warn!(
            "ENCRYPTION IS OFF: whoever sees the network between here and the tills reads and \
             changes everything. Only for behind a proxy that encrypts, on this machine."
        );
        tracing::info!(url, tills_use = settings.address(), "listening");
    } else {
        let certificate = hex::encode(running.certificate());
        tracing::info!(url, tills_use = settings.address(), certificate, "listening");
    }
    if !settings.is_reachable() {
        tracing::info!(
            "this machine alone can reach the hub; for a network: --listen 0.0.0.0:8787"
        );
    }
}

/// What asks a process to end.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen(runtime: &Runtime) -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let _inside = runtime.enter();
        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self { terminate, interrupt })
    }

    async fn next(mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "terminate",
            _ = self.interrupt.recv() => "interrupt",
        }
    }
}

#[cfg(not(unix))]
impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
    fn listen(_: &Runtime) -> Result<Self> {
        Ok(Self {})
    }

    async fn next(self) -> &'static str {
        // Where it cannot be listened for, the process ends without being asked.
        drop(tokio::signal::ctrl_c().await);
        "interrupt"
    }
}
