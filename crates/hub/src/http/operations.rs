//! For whoever runs the hub: does it live, can it work, and its figures.

use std::{net::IpAddr, sync::Arc};

use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use punchcard_protocol::sync::{Code, WireRefusal};
use serde_json::json;

use super::{
    answer::{refusal, refusal_as},
    door::Door,
    server::Caller,
};
use crate::error::Error;

/// The process lives.
pub(super) async fn alive() -> Json<serde_json::Value> {
    Json(json!({"ok": true}))
}

/// It can work: the database answers.
pub(super) async fn ready(State(door): State<Arc<Door>>) -> Response {
    match door.run(|hub| hub.ready()).await {
        Ok(()) => Json(json!({"ok": true})).into_response(),
        Err(error) => {
            if !matches!(error, Error::Refused(_)) {
                tracing::error!(error = %error, "the hub is not ready");
            }
            refusal_as(StatusCode::SERVICE_UNAVAILABLE, &error.to_wire())
        }
    }
}

/// The figures. Whatever the database does, those of the server itself are there.
pub(super) async fn metrics(
    State(door): State<Arc<Door>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Response {
    if !(door.metrics_any || is_from_here(caller.peer.ip(), &headers)) {
        return refusal(&WireRefusal::new(Code::NotFound, "there is nothing at this path"));
    }
    match door.run(|hub| hub.figures()).await {
        Ok(figures) => door.metrics.stand(&figures, door.gate.waiting()),
        Err(error) => tracing::error!(error = %error, "the hub's figures cannot be had"),
    }
    let format = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (format, door.metrics.render()).into_response()
}

/// A proxy on this machine speaks for others, and says so.
fn is_from_here(peer: IpAddr, headers: &HeaderMap) -> bool {
    let forwarded = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];
    peer.to_canonical().is_loopback() && !forwarded.iter().any(|name| headers.contains_key(*name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_here_is_this_machine_and_not_its_proxy() {
        let from = |peer: &str, headers: &HeaderMap| {
            is_from_here(peer.parse().expect("an address"), headers)
        };
        let plain = HeaderMap::new();
        assert!(from("127.0.0.1", &plain) && from("::1", &plain));
        assert!(from("::ffff:127.0.0.1", &plain));
        assert!(!from("192.168.1.7", &plain));
        let mut proxied = HeaderMap::new();
        proxied.insert("x-forwarded-for", "203.0.113.9".parse().expect("a header"));
        assert!(!from("127.0.0.1", &proxied));
    }
}
