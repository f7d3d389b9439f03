//! Calls to the hub: JSON, signed, compressed where it helps. `carrier` brings them there.

use std::sync::Arc;

use punchcard_protocol::{
    StreamId, StreamKey, TillId,
    sync::{SIGNATURE_HEADER, STREAM_HEADER, WireRefusal, sign_request},
};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    carrier::{Call, Carrier, Dial, Patience},
    tls::Fingerprint,
};
use crate::error::{Error, Result};

/// Shorter bodies are sent as they are.
const COMPRESS_BYTES: usize = 1024;
const ZSTD_LEVEL: i32 = 3;
/// The one status of an answer that is no refusal.
const OK: u16 = 200;

/// Who calls.
pub(crate) struct Caller {
    pub(crate) stream: StreamId,
    pub(crate) key: StreamKey,
    pub(crate) hub: TillId,
}

/// The wire to one hub.
pub(crate) struct Wire {
    carrier: Arc<dyn Carrier>,
    base: String,
}

impl Wire {
    /// A wire to the hub at `url`. `pin`: the certificate it must show; none: any, remembered.
    ///
    /// # Errors
    /// `bad_input` for what is no address.
    pub(crate) fn new(dial: &Dial, url: &str, pin: Option<Fingerprint>) -> Result<Self> {
        let base = address(url)?;
        let carrier = dial(&base, pin)?;
        Ok(Self { carrier, base })
    }

    /// The address, as it is kept.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// The certificate that the hub showed the last time.
    pub(crate) fn shown(&self) -> Option<Fingerprint> {
        self.carrier.shown()
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
        self.answered(&request(caller, path, ask)?)
    }

    /// A call that gives up when `patience` does.
    pub(crate) fn call_within<T: DeserializeOwned>(
        &self,
        caller: &Caller,
        path: &str,
        ask: &impl Serialize,
        patience: Patience<'_>,
    ) -> Result<T> {
        let call = Call { patience: Some(patience), ..request(Some(caller), path, ask)? };
        read(&self.answered(&call)?)
    }

    fn answered(&self, call: &Call<'_>) -> Result<Vec<u8>> {
        let answer = self.carrier.carry(call)?;
        if answer.status == OK {
            return Ok(answer.body);
        }
        match WireRefusal::read(&answer.body) {
            Some(refusal) => Err(Error::Hub(refusal)),
            None => Err(Error::HubUnreachable(format!("it answers {}", answer.status))),
        }
    }
}

fn request<'a>(caller: Option<&Caller>, path: &'a str, ask: &impl Serialize) -> Result<Call<'a>> {
    let body = serde_json::to_vec(ask)?;
    let mut headers = vec![("content-type", "application/json".to_owned())];
    if let Some(caller) = caller {
        let signature = sign_request(&caller.key, caller.hub, caller.stream, path, &body);
        headers.push((STREAM_HEADER, caller.stream.to_string()));
        headers.push((SIGNATURE_HEADER, signature));
    }
    if body.len() < COMPRESS_BYTES {
        return Ok(Call { path, headers, body, patience: None });
    }
    let body = zstd::bulk::compress(&body, ZSTD_LEVEL)?;
    headers.push(("content-encoding", "zstd".to_owned()));
    Ok(Call { path, headers, body, patience: None })
}

/// Whether two addresses are one, however they were typed.
pub(crate) fn same_address(one: &str, other: &str) -> Result<bool> {
    Ok(address(one)? == address(other)?)
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
