//! What goes back: an answer, or a refusal by its name.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use punchcard_protocol::sync::{Code, WireRefusal};
use serde::Serialize;

use super::body;
use crate::error::{Error, Result};

/// An answer, as it is sent.
pub(super) struct Answer {
    bytes: Vec<u8>,
    kind: &'static str,
    compressed: bool,
}

impl Answer {
    /// Writes `answer` down; compressed where the caller takes it and it is worth it.
    pub(super) fn of(answer: &impl Serialize, zstd: bool) -> Result<Self> {
        Self::written(serde_json::to_vec(answer)?, "application/json", zstd)
    }

    /// Bytes as they are.
    pub(super) fn of_bytes(bytes: Vec<u8>, zstd: bool) -> Result<Self> {
        Self::written(bytes, "application/octet-stream", zstd)
    }

    fn written(bytes: Vec<u8>, kind: &'static str, zstd: bool) -> Result<Self> {
        match if zstd { body::compress(&bytes)? } else { None } {
            Some(bytes) => Ok(Self { bytes, kind, compressed: true }),
            None => Ok(Self { bytes, kind, compressed: false }),
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = self.bytes.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.kind));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.compressed {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("zstd"));
        }
        response
    }
}

/// A call that came to nothing.
pub(super) struct Failure(pub(super) Error);

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failure {
    /// What broke is logged here and nowhere else, within the span that names the request.
    fn into_response(self) -> Response {
        if !matches!(self.0, Error::Refused(_)) {
            tracing::error!(error = %self.0, "a call failed");
        }
        refusal(&self.0.to_wire())
    }
}

/// Goes with a refusal's response, so that the log can name it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refused(pub(super) Code);

/// A refusal, with the status of its code.
pub(super) fn refusal(refusal: &WireRefusal) -> Response {
    let status = StatusCode::from_u16(refusal.code.status());
    refusal_as(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), refusal)
}

/// A refusal, with another status.
pub(super) fn refusal_as(status: StatusCode, refusal: &WireRefusal) -> Response {
    let mut response = (status, Json(refusal)).into_response();
    response.extensions_mut().insert(Refused(refusal.code));
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(wait_ms) = refusal.number("retry_ms") {
        headers.insert(header::RETRY_AFTER, wait_ms.div_ceil(1000).into());
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_broke_is_not_told() {
        let error = Error::Database("password authentication failed for hub".into());
        let response = Failure(error).into_response();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }

    #[test]
    fn slow_down_says_when_in_whole_seconds() {
        let wire = WireRefusal::new(Code::SlowDown, "later").with("retry_ms", 1_001);
        let response = refusal(&wire);
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[header::RETRY_AFTER], "2");
    }

    #[test]
    fn short_answers_are_sent_as_they_are() {
        let answer = Answer::of(&"打卡", true).expect("JSON");
        assert!(!answer.compressed);
        let answer = Answer::of(&"打卡".repeat(1000), true).expect("JSON");
        assert!(answer.compressed);
        let answer = Answer::of(&"打卡".repeat(1000), false).expect("JSON");
        assert!(!answer.compressed);
    }
}
