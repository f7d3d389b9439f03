//! Calls to the hub: JSON over HTTPS, signed, compressed where it helps.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use punchcard_protocol::{
    StreamId, StreamKey, TillId,
    sync::{SIGNATURE_HEADER, STREAM_HEADER, WireRefusal, sign_request},
};
use reqwest::{Client, Method, Response, StatusCode};
use serde::{Serialize, de::DeserializeOwned};
use tokio::runtime::Runtime;

use super::tls::{self, Fingerprint, Shown};
use crate::error::{Error, Result};

/// No bytes for so long: the line is down. There is no limit on the whole: a slow line is a line.
const STALLED: Duration = Duration::from_secs(30);
const CONNECT: Duration = Duration::from_secs(5);
const IDLE: Duration = Duration::from_secs(20);
/// Shorter bodies are sent as they are.
const COMPRESS_BYTES: usize = 1024;
const ZSTD_LEVEL: i32 = 3;

/// Who calls.
pub(crate) struct Caller {
    pub(crate) stream: StreamId,
    pub(crate) key: StreamKey,
    pub(crate) hub: TillId,
}

/// The wire to one hub.
pub(crate) struct Wire {
    runtime: Runtime,
    client: Client,
    base: String,
    shown: Shown,
}

impl Wire {
    /// A wire to the hub at `url`. `pin`: the certificate it must show; none: any, remembered.
    ///
    /// # Errors
    /// `bad_input` for what is no address.
    pub(crate) fn new(url: &str, pin: Option<Fingerprint>) -> Result<Self> {
        let base = address(url)?;
        let shown: Shown = Arc::new(Mutex::new(None));
        let client = Client::builder()
            .tls_backend_preconfigured(tls::config(pin, shown.clone())?)
            .connect_timeout(CONNECT)
            .read_timeout(STALLED)
            // Shorter than the hub keeps an idle connection: none is used that it just closed.
            .pool_idle_timeout(IDLE)
            .no_proxy()
            .build()
            .map_err(|error| Error::Internal(error.to_string()))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("till-wire")
            .enable_all()
            .build()?;
        Ok(Self { runtime, client, base, shown })
    }

    /// The address, as it is kept.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// The certificate that the hub showed the last time.
    pub(crate) fn shown(&self) -> Option<Fingerprint> {
        self.shown.lock().ok().and_then(|shown| *shown)
    }

    /// A call; `caller` signs it, where it must be signed.
    pub(crate) fn call<T: DeserializeOwned>(
        &self,
        caller: Option<&Caller>,
        path: &str,
        ask: &impl Serialize,
    ) -> Result<T> {
        read(&self.bytes(caller, path, ask)?)
    }

    /// A call that is answered in bytes.
    pub(crate) fn bytes(
        &self,
        caller: Option<&Caller>,
        path: &str,
        ask: &impl Serialize,
    ) -> Result<Vec<u8>> {
        self.runtime.block_on(answered(self.request(caller, path, ask)?))
    }

    /// A call that gives up after `patience`, or as soon as `stop` comes.
    pub(crate) fn call_within<T: DeserializeOwned>(
        &self,
        caller: &Caller,
        path: &str,
        ask: &impl Serialize,
        patience: Duration,
        stop: &tokio::sync::Notify,
    ) -> Result<T> {
        let request = self.request(Some(caller), path, ask)?;
        let bytes = self.runtime.block_on(async {
            tokio::select! {
                answer = answered(request) => answer,
                () = tokio::time::sleep(patience) => Err(unreachable("no answer in time")),
                () = stop.notified() => Err(unreachable("given up")),
            }
        })?;
        read(&bytes)
    }

    fn request(
        &self,
        caller: Option<&Caller>,
        path: &str,
        ask: &impl Serialize,
    ) -> Result<reqwest::RequestBuilder> {
        let body = serde_json::to_vec(ask)?;
        let mut request = self
            .client
            .request(Method::POST, format!("{}{path}", self.base))
            .header("content-type", "application/json");
        if let Some(caller) = caller {
            let signature = sign_request(&caller.key, caller.hub, caller.stream, path, &body);
            request = request
                .header(STREAM_HEADER, caller.stream.to_string())
                .header(SIGNATURE_HEADER, signature);
        }
        if body.len() < COMPRESS_BYTES {
            return Ok(request.body(body));
        }
        let packed = zstd::bulk::compress(&body, ZSTD_LEVEL)?;
        Ok(request.header("content-encoding", "zstd").body(packed))
    }
}

/// `https://host:port`, without a slash at the end; a bare host is meant so too.
fn address(typed: &str) -> Result<String> {
    let typed = typed.trim().trim_end_matches('/');
    let bad =
        || Error::bad_input("hub", format!("{typed} is not an address, as https://10.0.0.5:8787"));
    let full = if typed.contains("://") { typed.to_owned() } else { format!("https://{typed}") };
    let url: reqwest::Url = full.parse().map_err(|_| bad())?;
    let good =
        matches!(url.scheme(), "https" | "http") && url.host().is_some() && url.path() == "/";
    if good { Ok(full) } else { Err(bad()) }
}

async fn answered(request: reqwest::RequestBuilder) -> Result<Vec<u8>> {
    let response: Response = request.send().await.map_err(|error| failed(&error))?;
    let status = response.status();
    let bytes = response.bytes().await.map_err(|error| failed(&error))?;
    if status == StatusCode::OK {
        return Ok(bytes.to_vec());
    }
    match WireRefusal::read(&bytes) {
        Some(refusal) => Err(Error::Hub(refusal)),
        None => Err(Error::HubUnreachable(format!("it answers {status}"))),
    }
}

/// Why a call failed: an address that nobody answers at, or somebody else than the hub.
fn failed(error: &reqwest::Error) -> Error {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        text = inner.to_string();
        source = inner.source();
    }
    if text.contains("another certificate") {
        return Error::WrongHub;
    }
    unreachable(&text)
}

fn unreachable(why: &str) -> Error {
    Error::HubUnreachable(why.to_owned())
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes)
        .map_err(|error| Error::HubUnreachable(format!("its answer cannot be read: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_as_people_type_them() {
        for (typed, kept) in [
            ("hub.example:8787", "https://hub.example:8787"),
            (" https://10.0.0.5:8787/ ", "https://10.0.0.5:8787"),
            ("http://127.0.0.1:1", "http://127.0.0.1:1"),
        ] {
            assert_eq!(address(typed).expect("an address"), kept);
        }
        for typed in ["", "ftp://x", "https://x/y", "打卡 中心"] {
            assert!(address(typed).is_err(), "{typed}");
        }
    }
}
