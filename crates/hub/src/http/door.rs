//! What every call finds: the hub, and what stands in front of it.

use std::{net::IpAddr, sync::Arc, time::Instant};

use punchcard_protocol::{StreamId, TillId};
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::watch;

use super::{
    answer::{Answer, Failure},
    call::Call,
    gate::Gate,
    metrics::Metrics,
    rate::Rate,
    regulars::Regulars,
};
use crate::{error::Result, hub::Hub};

/// The hub, and what stands in front of it.
pub(super) struct Door {
    pub(super) hub: Arc<Hub>,
    pub(super) gate: Gate,
    pub(super) metrics: Arc<Metrics>,
    pub(super) begin_rate: Rate<IpAddr>,
    pub(super) enrol_rate: Rate<IpAddr>,
    pub(super) find_rate: Arc<Rate<TillId>>,
    pub(super) regulars: Arc<Regulars<StreamId>>,
    /// SHA-256 of the certificate that is shown; zeroes where none is.
    pub(super) certificate: [u8; 32],
    pub(super) metrics_any: bool,
    pub(super) stop: watch::Receiver<bool>,
}

impl Door {
    /// Runs something of the hub, when its turn has come.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Hub) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let hub = Arc::clone(&self.hub);
        self.gate.run(move || work(&hub)).await
    }

    /// A signed call: opened, done and answered in one turn, so that what it holds in memory is
    /// there for no longer than that.
    pub(super) async fn signed<Q, A>(
        &self,
        call: Call,
        work: impl FnOnce(&Hub, StreamId, Q) -> Result<A> + Send + 'static,
    ) -> std::result::Result<Answer, Failure>
    where
        Q: DeserializeOwned + 'static,
        A: Serialize,
    {
        self.opened(call, Call::open, work).await
    }

    /// The same, where a call is opened in its own way.
    pub(super) async fn opened<Q: 'static, A: Serialize>(
        &self,
        call: Call,
        open: impl FnOnce(&Call, &Hub) -> Result<(StreamId, Q)> + Send + 'static,
        work: impl FnOnce(&Hub, StreamId, Q) -> Result<A> + Send + 'static,
    ) -> std::result::Result<Answer, Failure> {
        let (hub, regulars) = (Arc::clone(&self.hub), Arc::clone(&self.regulars));
        let long = call.is_long() || !self.is_regular(&call);
        let answer = move || {
            let (stream, ask) = open(&call, &hub)?;
            let told = work(&hub, stream, ask)?;
            // Not before: a new life signs its greeting with the key that it brings, whoever it is.
            regulars.heard(stream, Instant::now());
            Answer::of(&told, call.takes_zstd)
        };
        Ok(if long { self.gate.run_long(answer).await? } else { self.gate.run(answer).await? })
    }

    /// Whether it says that it comes from a till that was heard of lately. Whoever says so without being that
    /// till is refused when its turn has come.
    fn is_regular(&self, call: &Call) -> bool {
        call.stream().is_some_and(|stream| self.regulars.knows(&stream, Instant::now()))
    }
}
