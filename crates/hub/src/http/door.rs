//! What every call finds: the hub, and what stands in front of it.

use std::{net::IpAddr, sync::Arc};

use punchcard_protocol::{StreamId, TillId};
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::watch;

use super::{
    answer::{Answer, Failure},
    call::Call,
    gate::Gate,
    metrics::Metrics,
    rate::Rate,
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
        Q: DeserializeOwned,
        A: Serialize,
    {
        let (hub, long) = (Arc::clone(&self.hub), call.is_long());
        let answer = move || {
            let (stream, ask) = call.open(&hub)?;
            Answer::of(&work(&hub, stream, ask)?, call.takes_zstd)
        };
        Ok(if long { self.gate.run_long(answer).await? } else { self.gate.run(answer).await? })
    }
}
