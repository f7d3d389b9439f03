//! A request: read, expanded, and its signature checked, before a use case sees it.

use std::{borrow::Cow, sync::Arc};

use axum::{
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use punchcard_protocol::{
    StreamId,
    sync::{
        Code, EnrolRequest, Greeting, SIGNATURE_HEADER, STREAM_HEADER, WireRefusal, verify_request,
    },
};
use serde::de::DeserializeOwned;

use super::{
    answer::Failure,
    body::{self, Encoding},
    door::Door,
    server::Caller,
    stall::AtWork,
};
use crate::{
    error::{Error, Result},
    hub::Hub,
};

type Key = [u8; 32];

/// A request with its body as it was sent.
pub(super) struct Call {
    path: String,
    stream: Option<String>,
    signature: Option<String>,
    encoding: Encoding,
    sent: axum::body::Bytes,
    /// The answer may be compressed.
    pub(super) takes_zstd: bool,
    _at_work: Option<AtWork>,
}

impl FromRequest<Arc<Door>> for Call {
    type Rejection = Failure;

    async fn from_request(
        request: Request,
        _: &Arc<Door>,
    ) -> std::result::Result<Self, Self::Rejection> {
        let (parts, body) = request.into_parts();
        let text = |name| text(&parts.headers, name);
        let encoding = Encoding::named(text(header::CONTENT_ENCODING.as_str()).as_deref());
        let sent = body::read(body).await?;
        tracing::Span::current().record("bytes_in", sent.len());
        Ok(Self {
            path: parts.uri.path().to_owned(),
            stream: text(STREAM_HEADER),
            signature: text(SIGNATURE_HEADER),
            encoding: encoding?,
            sent,
            takes_zstd: takes_zstd(&parts.headers),
            // From here on it is the hub that is waited for.
            _at_work: parts.extensions.get::<Caller>().map(|caller| caller.busy.begin()),
        })
    }
}

/// A longer body is more than what a till has to say after a write: some ten entries, as they are sent.
const LONG_BYTES: usize = 8 * 1024;

impl Call {
    /// Whether it has much to say.
    pub(super) fn is_long(&self) -> bool {
        self.sent.len() > LONG_BYTES
    }

    /// The journal that it says it comes from.
    pub(super) fn stream(&self) -> Option<StreamId> {
        self.stream.as_deref().and_then(|text| text.parse().ok())
    }

    /// A call that a known stream signed.
    pub(super) fn open<Q: DeserializeOwned>(&self, hub: &Hub) -> Result<(StreamId, Q)> {
        let (stream, signature) = self.signer()?;
        let key = hub.key_of(stream)?.ok_or_else(bad_signature)?;
        let body = self.body()?;
        self.check(hub, &key, stream, signature, &body)?;
        Ok((stream, read(&body)?))
    }

    /// A greeting. Where it brings a key, it is signed with that one: of a new life, for which an
    /// older one vouches. Whether that holds is for the use case to say; that another life of the
    /// same number is known already, with another key, is a fork, and for it to say too.
    pub(super) fn open_greeting(&self, hub: &Hub) -> Result<(StreamId, Greeting)> {
        let (stream, signature) = self.signer()?;
        let known = hub.key_of(stream)?;
        let body = self.body()?;
        let ask: Greeting = read(&body)?;
        let brought = ask.endorsement.as_ref().map(|new| key(&new.public_key)).transpose()?;
        let key = brought.or(known).ok_or_else(bad_signature)?;
        self.check(hub, &key, stream, signature, &body)?;
        Ok((stream, ask))
    }

    /// A till that joins: signed with the key that it brings.
    pub(super) fn open_enrolment(&self, hub: &Hub) -> Result<EnrolRequest> {
        let (stream, signature) = self.signer()?;
        let body = self.body()?;
        let ask: EnrolRequest = read(&body)?;
        if ask.stream != stream {
            return Err(bad_signature());
        }
        self.check(hub, &key(&ask.public_key)?, stream, signature, &body)?;
        Ok(ask)
    }

    /// A call that nobody signs.
    pub(super) fn open_unsigned<Q: DeserializeOwned>(&self) -> Result<Q> {
        read(&self.body()?)
    }

    fn signer(&self) -> Result<(StreamId, &str)> {
        self.stream().zip(self.signature.as_deref()).ok_or_else(bad_signature)
    }

    fn body(&self) -> Result<Cow<'_, [u8]>> {
        body::expand(&self.sent, self.encoding)
    }

    fn check(
        &self,
        hub: &Hub,
        key: &Key,
        stream: StreamId,
        signature: &str,
        body: &[u8],
    ) -> Result<()> {
        verify_request(key, hub.id(), stream, &self.path, body, signature)
            .map_err(|_| bad_signature())
    }
}

fn read<Q: DeserializeOwned>(body: &[u8]) -> Result<Q> {
    // The library's message may quote the body; where it went wrong is enough.
    serde_json::from_slice(body).map_err(|error| {
        WireRefusal::new(Code::BadRequest, "the body is not what this call takes")
            .with("line", error.line())
            .with("column", error.column())
            .into()
    })
}

fn key(text: &str) -> Result<Key> {
    let mut key = [0; 32];
    hex::decode_to_slice(text, &mut key)
        .map_err(|_| Error::refused(Code::BadRequest, "a key is 64 hexadecimal digits"))?;
    Ok(key)
}

/// The same whether the stream is unknown or the signature wrong: who asks learns nothing.
fn bad_signature() -> Error {
    Error::refused(Code::BadSignature, "the signature is not this stream's, or it is not known")
}

pub(super) fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// `zstd` is among what is accepted, and not with a weight of nothing.
pub(super) fn takes_zstd(headers: &HeaderMap) -> bool {
    let accepted = text(headers, header::ACCEPT_ENCODING.as_str()).unwrap_or_default();
    accepted.split(',').any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let refused = |part: &str| matches!(part, "q=0" | "q=0.0" | "q=0.00" | "q=0.000");
        parts.next() == Some("zstd") && !parts.any(refused)
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn accepting(text: &'static str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(text));
        takes_zstd(&headers)
    }

    #[test]
    fn who_takes_zstd_says_so() {
        assert!(accepting("zstd"));
        assert!(accepting("gzip, zstd;q=0.5"));
        assert!(!accepting("gzip, br"));
        assert!(!accepting("zstd;q=0, gzip"));
        assert!(!takes_zstd(&HeaderMap::new()));
    }

    #[test]
    fn what_is_not_json_is_refused_without_quoting_it() {
        let Err(Error::Refused(refusal)) = read::<Greeting>(b"{\"phone\":\"138\"") else {
            panic!("read");
        };
        assert_eq!(refusal.code, Code::BadRequest);
        assert!(!format!("{refusal:?}").contains("138"));
    }
}
