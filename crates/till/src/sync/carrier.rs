//! What brings a call to the hub and its answer back: HTTPS, unless whoever opens the till gives
//! another way ([`crate::Options::dial`]).

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use punchcard_protocol::sync::{ExpandError, expand};
use reqwest::{
    Client, Response,
    header::{ACCEPT_ENCODING, CONTENT_ENCODING},
};
use tokio::{runtime::Runtime, sync::Notify};

use super::tls::{self, Shown};
use crate::error::{Error, Result};

pub use super::tls::Fingerprint;

/// No bytes for so long: the line is down. There is no limit on the whole: a slow line is a line.
const STALLED: Duration = Duration::from_secs(30);
/// Whether a request that was handed to the system has left the machine cannot be seen: where a line
/// brings fewer bytes a second there than these, it is down.
const SLOWEST_BYTES_A_SECOND: u64 = 1024;
const ZSTD: &str = "zstd";
/// An answer is read up to here, as it comes and expanded: many times what any call is answered with.
const LONGEST_ANSWER: usize = 64 * 1024 * 1024;
const CONNECT: Duration = Duration::from_secs(5);
const IDLE: Duration = Duration::from_secs(20);

/// A call on its way to the hub: a POST, with all that is sent.
pub struct Call<'a> {
    /// Its path.
    pub path: &'a str,
    /// Its headers.
    pub headers: Vec<(&'static str, String)>,
    /// Its body, as it is sent.
    pub body: Vec<u8>,
    /// When nobody waits for the answer any more; none: as long as something moves.
    pub patience: Option<Patience<'a>>,
}

/// How long an answer is waited for.
#[derive(Clone, Copy)]
pub struct Patience<'a> {
    /// So long at most.
    pub longest: Duration,
    /// Rung when the line is closed meanwhile.
    pub(crate) stop: &'a Notify,
}

/// What came back.
pub struct Answered {
    /// The HTTP status.
    pub status: u16,
    /// The body, expanded.
    pub body: Vec<u8>,
}

/// Brings calls to one hub. It knows neither what they say nor who signed them.
pub trait Carrier: Send + Sync {
    /// Brings a call there and the answer back.
    ///
    /// # Errors
    /// [`Error::HubUnreachable`]; [`Error::WrongHub`] where another certificate is shown than the
    /// pinned one.
    fn carry(&self, call: &Call<'_>) -> Result<Answered>;

    /// The certificate that was shown the last time.
    fn shown(&self) -> Option<Fingerprint>;
}

/// Opens a way to the hub at an address. With a pin, that certificate alone is accepted.
pub type Dial = Arc<dyn Fn(&str, Option<Fingerprint>) -> Result<Arc<dyn Carrier>> + Send + Sync>;

/// The way that is used outside tests.
pub fn https() -> Dial {
    Arc::new(|base, pin| Ok(Arc::new(Https::new(base, pin)?)))
}

/// HTTPS, with connections that are kept.
struct Https {
    runtime: Runtime,
    client: Client,
    base: String,
    shown: Shown,
}

impl Https {
    fn new(base: &str, pin: Option<Fingerprint>) -> Result<Self> {
        let shown: Shown = Arc::new(Mutex::new(None));
        let client = Client::builder()
            .tls_backend_preconfigured(tls::config(pin, shown.clone())?)
            .connect_timeout(CONNECT)
            // No time limit of its own for reading: it would begin with the first byte that is sent, and
            // a long request on a slow line would never get there.
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
        Ok(Self { runtime, client, base: base.to_owned(), shown })
    }

    async fn answered(&self, call: &Call<'_>) -> Result<Answered> {
        let mut response = match self.begun(call).await? {
            // The hub had given a kept connection up when the call went into it: it does so when nothing
            // has moved at its end for a while, as where its last answer is still on a slow line. Every
            // call may be made twice.
            Err(error) if !error.is_connect() && !error.is_timeout() => self.begun(call).await?,
            begun => begun,
        }
        .map_err(|error| failed(&error))?;
        let status = response.status().as_u16();
        let packed = response.headers().get(CONTENT_ENCODING).is_some_and(|name| name == ZSTD);
        let mut body = Vec::new();
        // As it comes: expanded on the way, a large block would seem to be a line that stands still.
        while let Some(bytes) =
            within(STALLED, response.chunk()).await?.map_err(|error| failed(&error))?
        {
            body.extend_from_slice(&bytes);
            if body.len() > LONGEST_ANSWER {
                return Err(too_long());
            }
        }
        if packed {
            body = expanded(&body)?;
        }
        Ok(Answered { status, body })
    }

    /// Sends a call, and waits until an answer begins.
    async fn begun(&self, call: &Call<'_>) -> Result<reqwest::Result<Response>> {
        let mut request = self.client.post(format!("{}{}", self.base, call.path));
        request = request.header(ACCEPT_ENCODING, ZSTD);
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        within(there(call.body.len()), request.body(call.body.clone()).send()).await
    }
}

/// An answer as it was before it was compressed. A few bytes can stand for more than there is memory: it is
/// given up where it grows longer than any answer is.
fn expanded(packed: &[u8]) -> Result<Vec<u8>> {
    expand(packed, LONGEST_ANSWER).map_err(|error| match error {
        ExpandError::TooLong => too_long(),
        ExpandError::Unreadable(_) => unreachable(&format!("its answer cannot be read: {error}")),
    })
}

fn too_long() -> Error {
    unreachable("its answer has no end")
}

/// How long it may take until a request of so many bytes is there and the answer begins.
fn there(bytes: usize) -> Duration {
    let seconds = (bytes as u64).div_ceil(SLOWEST_BYTES_A_SECOND);
    STALLED.saturating_add(Duration::from_secs(seconds))
}

/// What comes within a time; later, the line is down.
async fn within<T>(longest: Duration, coming: impl Future<Output = T>) -> Result<T> {
    let late = |_| unreachable("nothing moves on the line");
    tokio::time::timeout(longest, coming).await.map_err(late)
}

impl Carrier for Https {
    fn carry(&self, call: &Call<'_>) -> Result<Answered> {
        let Some(Patience { longest, stop }) = call.patience else {
            return self.runtime.block_on(self.answered(call));
        };
        self.runtime.block_on(async {
            tokio::select! {
                answer = self.answered(call) => answer,
                () = tokio::time::sleep(longest) => Err(unreachable("no answer in time")),
                () = stop.notified() => Err(unreachable("given up")),
            }
        })
    }

    fn shown(&self) -> Option<Fingerprint> {
        self.shown.lock().ok().and_then(|shown| *shown)
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

#[cfg(test)]
mod tests {
    use punchcard_protocol::sync::WINDOW_LOG;

    use super::*;

    /// Zeroes, compressed: `mebibytes` of them in a stream that does not say how long it is.
    fn bomb(mebibytes: usize, window_log: u32) -> Vec<u8> {
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).expect("an encoder");
        encoder.window_log(window_log).expect("a window");
        let zeroes = vec![0; 1024 * 1024];
        for _ in 0..mebibytes {
            std::io::Write::write_all(&mut encoder, &zeroes).expect("memory");
        }
        encoder.finish().expect("memory")
    }

    fn refused(packed: &[u8]) -> bool {
        matches!(expanded(packed), Err(Error::HubUnreachable(_)))
    }

    #[test]
    fn an_answer_that_never_ends_is_given_up() {
        let packed = bomb(64, WINDOW_LOG);
        assert!(packed.len() < 64 * 1024, "it is short on the line");
        assert_eq!(expanded(&packed).expect("as long as may be").len(), LONGEST_ANSWER);
        assert!(refused(&bomb(65, 20)));
        assert!(refused(&bomb(1, 20).repeat(65)), "in many frames");
        assert!(refused(&bomb(9, 27)), "one that asks for much memory");
    }

    #[test]
    fn an_answer_that_is_cut_short_is_refused() {
        let packed = zstd::bulk::compress("打卡 ".repeat(1000).as_bytes(), 3).expect("memory");
        assert_eq!(expanded(&packed).expect("whole"), "打卡 ".repeat(1000).as_bytes());
        assert!(refused(&packed[..packed.len() - 1]));
        assert!(refused(b"{}"));
    }
}
