//! The door without a network: the same routes, limits and signatures, called on the caller's own
//! thread. For tests that hold the line, and time, in their hands.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Instant,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::Request,
};
use punchcard_protocol::StreamId;
use tokio::{runtime::Runtime, sync::watch};
use tower::ServiceExt as _;

use super::{
    door::Door, gate::Gate, metrics::Metrics, rate::Rate, regulars::Regulars, routes,
    server::Caller, stall::Busy,
};
use crate::{
    error::{Error, Result},
    hub::Hub,
};

/// An answer is read up to here: more than any call is answered with.
const LONGEST_ANSWER: usize = 64 * 1024 * 1024;

/// A hub that is called directly. Calls that would wait for something are answered at once.
pub struct Direct {
    router: Router,
    runtime: Runtime,
}

impl Direct {
    /// The door of `hub`. `certificate`: the hash of the one that tills are told they were shown.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn new(hub: Arc<Hub>, certificate: [u8; 32]) -> Result<Self> {
        Self::through(Gate::here(), Arc::default(), hub, certificate)
    }

    /// The same, with a gate of its own, and those that it knows.
    pub(super) fn through(
        gate: Gate,
        regulars: Arc<Regulars<StreamId>>,
        hub: Arc<Hub>,
        certificate: [u8; 32],
    ) -> Result<Self> {
        let (_, stopped) = watch::channel(true);
        let door = Door {
            hub,
            gate,
            metrics: Arc::new(Metrics::new()?),
            begin_rate: Rate::new(u32::MAX, Instant::now()),
            enrol_rate: Rate::new(u32::MAX, Instant::now()),
            find_rate: Arc::new(Rate::new(u32::MAX, Instant::now())),
            regulars,
            certificate,
            metrics_any: false,
            stop: stopped,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        Ok(Self { router: routes::router(Arc::new(door)), runtime })
    }

    /// A call; returns status and body.
    ///
    /// # Errors
    /// [`Error::Usage`] for what is no request.
    pub fn post(
        &self,
        path: &str,
        headers: &[(&'static str, String)],
        body: Vec<u8>,
    ) -> Result<(u16, Vec<u8>)> {
        let mut request = Request::post(path);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        let request = request
            .extension(Caller { peer, busy: Busy::default() })
            .body(Body::from(body))
            .map_err(|error| Error::Usage(error.to_string()))?;
        self.runtime.block_on(async {
            let response = match self.router.clone().oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            let status = response.status().as_u16();
            let body = to_bytes(response.into_body(), LONGEST_ANSWER)
                .await
                .map_err(|error| Error::Internal(error.to_string()))?;
            Ok((status, body.to_vec()))
        })
    }
}
