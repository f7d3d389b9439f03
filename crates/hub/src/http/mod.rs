//! The door of the hub: HTTP, its limits and its signatures. It decides nothing.
//!
//! - `server` accepts connections, `stall` closes those on which nothing moves.
//! - `routes` says which path is which use case; `waits` holds the two that wait.
//! - `call` is a request, read and checked; `body` its size and compression; `answer` what goes back.
//! - `gate` lets so many use cases run at once; `rate` slows down who guesses at codes or at cards.
//! - `direct` is the same door without a network.
//! - `log` writes one line a request; `metrics` and `operations` are for whoever runs the hub.

mod answer;
mod body;
mod call;
mod direct;
mod door;
mod gate;
mod log;
mod metrics;
mod operations;
mod rate;
mod regulars;
mod routes;
mod server;
mod stall;
#[cfg(test)]
mod tests;
mod waits;

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use tokio::sync::watch as signal;

pub use direct::Direct;

pub use crate::tls::Tls;
use crate::{
    error::{Error, Result},
    hub::Hub,
};

/// Use cases that run at once. SQLite writes one at a time anyway; a database server has its own
/// limit of connections.
const AT_ONCE: usize = 32;
/// Calls that wait for one of them to end: more than a thousand tills that come back within a second. Whoever is
/// sent away comes back seconds later, which is longer than the whole row takes; a call that waits holds a few
/// kilobytes.
const WAITING: usize = 1_536;

/// How often a minute one till may ask who holds a card or a phone: more than a desk ever does, and
/// so few that nobody tries all numbers out.
const FINDS_PER_MINUTE: u32 = 120;

/// How the hub is served.
#[derive(Debug, Clone)]
pub struct Options {
    /// Address and port; port 0: whichever is free.
    pub listen: SocketAddr,
    /// How calls are encrypted.
    pub tls: Tls,
    /// The figures may be read from everywhere, not from this machine alone.
    pub metrics_any: bool,
    /// How often a minute one address may ask for each of the two calls of pairing.
    pub enrol_per_minute: u32,
}

impl Default for Options {
    /// This machine alone, on a free port, with the hub's own certificate.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            tls: Tls::Auto,
            metrics_any: false,
            enrol_per_minute: 10,
        }
    }
}

/// A server that runs on threads of its own. Dropped, it is stopped.
pub struct Running {
    addr: SocketAddr,
    certificate: [u8; 32],
    scheme: &'static str,
    stop: signal::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// SHA-256 of the certificate that it shows; zeroes where it shows none.
    pub fn certificate(&self) -> [u8; 32] {
        self.certificate
    }

    /// Its address, without a slash at the end.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.addr)
    }

    /// Stops it and waits: nothing new is accepted, calls that wait are answered at once, and what
    /// is under way has ten seconds.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        let ended = self.thread.take().map_or(Ok(()), JoinHandle::join);
        if ended.is_err() {
            tracing::error!("the server's thread broke");
        }
    }
}

/// Serves `hub`. Not to be called from asynchronous code: it asks the database.
///
/// # Errors
/// [`Error::Io`]: the address is in use. Those of [`Tls::identity`].
pub fn serve(hub: Arc<Hub>, options: Options) -> Result<Running> {
    let Options { listen: address, tls, metrics_any, enrol_per_minute } = options;
    let identity = tls.identity(&hub)?;
    let certificate = identity.as_ref().map_or([0; 32], |identity| identity.certificate);
    let listener = listen(address)?;
    let addr = listener.local_addr()?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().thread_name("hub-http").enable_all().build()?;
    let (stop, stopping) = signal::channel(false);
    let scheme = tls.scheme();
    let door = door::Door {
        hub: Arc::clone(&hub),
        gate: gate::Gate::new(AT_ONCE, WAITING),
        metrics: Arc::new(metrics::Metrics::new()?),
        begin_rate: rate::Rate::new(enrol_per_minute, Instant::now()),
        enrol_rate: rate::Rate::new(enrol_per_minute, Instant::now()),
        find_rate: Arc::new(rate::Rate::new(FINDS_PER_MINUTE, Instant::now())),
        regulars: Arc::default(),
        certificate,
        metrics_any,
        stop: stopping,
    };
    let config = identity.map(|identity| identity.config);
    let thread = std::thread::Builder::new().name("hub-server".into()).spawn(move || {
        runtime.block_on(server::run(listener, config, Arc::new(door)));
        runtime.shutdown_timeout(Duration::from_secs(1));
        // Last of all, and outside the runtime: a database's driver may wait while it closes.
        drop(hub);
    })?;
    Ok(Running { addr, certificate, scheme, stop, thread: Some(thread) })
}

fn listen(address: SocketAddr) -> Result<TcpListener> {
    let listener = TcpListener::bind(address).map_err(|error| {
        Error::Io(std::io::Error::new(error.kind(), format!("{address}: {error}")))
    })?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}
