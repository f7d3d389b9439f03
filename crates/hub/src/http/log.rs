//! One line a request: what was asked, what came of it, how long it took. Never a body.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderValue},
    middleware::Next,
    response::Response,
};
use punchcard_protocol::{StreamId, sync::STREAM_HEADER};
use tracing::{Instrument as _, Span, field};

use super::{answer::Refused, call::text, door::Door};

const REQUEST_ID: &str = "x-request-id";
/// Of a path that is none of ours, so much is logged.
const LONGEST_PATH: usize = 100;

/// Stands around every request.
pub(super) async fn observe(
    State(door): State<Arc<Door>>,
    request: Request,
    next: Next,
) -> Response {
    let id = request_id(request.headers());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let span = span(&request, &id);
    let started = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let route = route.as_ref().map_or("other", MatchedPath::as_str);
    span.in_scope(|| note(route, &response, started.elapsed()));
    door.metrics.answered(route, response.status().as_u16(), started.elapsed());
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// At the level of errors, so that it names the request whatever the filter leaves of the rest.
/// The till is the one that the call says it is; the status says whether that was believed.
fn span(request: &Request, id: &str) -> Span {
    let path: String = request.uri().path().chars().take(LONGEST_PATH).collect();
    let stream = text(request.headers(), STREAM_HEADER);
    let till = stream.and_then(|text| text.parse::<StreamId>().ok()).map(|stream| stream.till);
    let span = tracing::error_span!(
        "request",
        id,
        method = %request.method(),
        path,
        till = field::Empty,
        bytes_in = field::Empty,
    );
    if let Some(till) = till {
        span.record("till", field::display(till));
    }
    span
}

fn note(route: &str, response: &Response, took: Duration) {
    let status = response.status().as_u16();
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let code = response.extensions().get::<Refused>().map(|refused| refused.0.name());
    let bytes_out = axum::body::HttpBody::size_hint(response.body()).exact();
    if route.starts_with("/v1/") || status >= 400 {
        tracing::info!(status, code, ms, bytes_out, "answered");
    } else {
        // Whoever watches the hub asks every few seconds.
        tracing::debug!(status, code, ms, bytes_out, "answered");
    }
}

/// The caller's own, where it is one; otherwise a new one.
fn request_id(headers: &HeaderMap) -> String {
    let sane = |id: &String| {
        (1..=64).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    text(headers, REQUEST_ID).filter(sane).unwrap_or_else(|| uuid::Uuid::now_v7().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(id: &'static [u8]) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, HeaderValue::from_bytes(id).expect("a header"));
        request_id(&headers)
    }

    #[test]
    fn a_sane_id_is_kept_and_another_one_is_not() {
        assert_eq!(taken(b"desk-7_a.1"), "desk-7_a.1");
        for bad in [b"".as_slice(), b"a b", b"a\"b", "打卡".as_bytes(), &[b'a'; 65]] {
            assert_eq!(taken(bad).len(), 36, "{bad:?}");
        }
        assert_ne!(request_id(&HeaderMap::new()), request_id(&HeaderMap::new()));
    }
}
