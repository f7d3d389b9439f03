//! Accepts connections and speaks HTTP on them, until it is told to stop.

use std::{
    net::{SocketAddr, TcpListener as StdListener},
    sync::Arc,
    time::Duration,
};

use axum::{Router, extract::Request};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::watch::Receiver,
    task::JoinSet,
    time::{interval, sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use super::{
    door::Door,
    routes,
    stall::{Busy, Stall},
};

/// Nothing came or went for so long: the connection is closed.
const STALL: Duration = Duration::from_secs(30);
const HANDSHAKE: Duration = Duration::from_secs(10);
/// What is under way when the server stops has so long.
const GRACE: Duration = Duration::from_secs(10);
/// Beyond these, connections wait with the machine.
const MOST_CONNECTIONS: usize = 4096;
/// Accepting failed, as where files run out: so long until the next try.
const BREATH: Duration = Duration::from_millis(100);
/// How often measurements are put away.
const TIDY: Duration = Duration::from_secs(5);
const MOST_STREAMS: u32 = 64;
const HEADER_BYTES: u32 = 16 * 1024;

/// Who calls, and on what connection.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) peer: SocketAddr,
    pub(super) busy: Busy,
}

/// Ends when the server is told to stop, or nobody is left to tell it.
pub(super) async fn stopped(stop: &mut Receiver<bool>) {
    // An error says that the sender is gone.
    drop(stop.wait_for(|stopping| *stopping).await);
}

/// Serves until it is told to stop.
pub(super) async fn run(listener: StdListener, config: Option<Arc<ServerConfig>>, door: Arc<Door>) {
    let listener = match TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "the hub cannot listen"),
    };
    let mut connections = JoinSet::new();
    accept(&listener, config.map(TlsAcceptor::from), &door, &mut connections).await;
    drop(listener);
    if timeout(GRACE, drain(&mut connections)).await.is_err() {
        tracing::warn!(connections = connections.len(), "cut off what would not end");
        connections.shutdown().await;
    }
}

async fn accept(
    listener: &TcpListener,
    tls: Option<TlsAcceptor>,
    door: &Arc<Door>,
    connections: &mut JoinSet<()>,
) {
    let router = routes::router(Arc::clone(door));
    let mut stop = door.stop.clone();
    let mut tidy = interval(TIDY);
    loop {
        tokio::select! {
            () = stopped(&mut stop) => return,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            _ = tidy.tick() => door.metrics.tidy(),
            accepted = listener.accept(), if connections.len() < MOST_CONNECTIONS => match accepted {
                Ok((stream, peer)) => {
                    let caller = Caller { peer, busy: Busy::default() };
                    let (router, stop) = (router.clone(), door.stop.clone());
                    connections.spawn(connection(stream, caller, tls.clone(), router, stop));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    sleep(BREATH).await;
                }
            },
        }
    }
}

async fn drain(connections: &mut JoinSet<()>) {
    while connections.join_next().await.is_some() {}
}

async fn connection(
    stream: TcpStream,
    caller: Caller,
    tls: Option<TlsAcceptor>,
    router: Router,
    stop: Receiver<bool>,
) {
    // Answers are short; where this cannot be had, they are late and not wrong.
    drop(stream.set_nodelay(true));
    let peer = caller.peer;
    let stream = Stall::new(stream, STALL, caller.busy.clone());
    let Some(tls) = tls else {
        return speak(stream, caller, router, stop).await;
    };
    match timeout(HANDSHAKE, tls.accept(stream)).await {
        Ok(Ok(stream)) => speak(stream, caller, router, stop).await,
        Ok(Err(error)) => tracing::debug!(%peer, %error, "no handshake"),
        Err(_) => tracing::debug!(%peer, "the handshake took too long"),
    }
}

/// HTTP/1.1 or 2, whichever the other side begins with.
async fn speak<S>(stream: S, caller: Caller, router: Router, mut stop: Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let peer = caller.peer;
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(caller.clone());
        router.clone().oneshot(request)
    });
    let builder = builder();
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "the connection broke");
    }
}

fn builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(STALL);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MOST_STREAMS)
        .max_header_list_size(HEADER_BYTES);
    builder
}
