//! Which path is which use case.

use std::{sync::Arc, time::Instant};

use axum::{
    Extension, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    middleware,
    response::Response,
    routing::{get, post},
};
use punchcard_protocol::{
    StreamId,
    sync::{
        Code, DigestQuery, EnrolBegin, Find, Give, Held, Pull, Push, SnapshotQuery, WireRefusal,
        path,
    },
};
use serde::Deserialize;

use super::{
    answer::{Answer, Failure, refusal, refusal_as},
    call::{Call, takes_zstd},
    door::Door,
    log, operations,
    rate::network,
    server::Caller,
    waits,
};
use crate::hub::Hub;

type Handled = Result<Answer, Failure>;
type Here = State<Arc<Door>>;

/// All paths.
pub(super) fn router(door: Arc<Door>) -> Router {
    Router::new()
        .route(path::HELLO, get(hello))
        .route(path::ENROL_BEGIN, post(enrol_begin))
        .route(path::ENROL, post(enrol))
        .route(path::GREET, post(greet))
        .route(path::PUSH, post(push))
        .route(path::PULL, post(pull))
        .route(path::HELD, post(held))
        .route(path::GIVE, post(give))
        .route(path::DRAW, post(waits::draw))
        .route(path::ASKS, post(waits::asks))
        .route(path::FIND, post(find))
        .route(path::DIGEST, post(digest))
        .route(path::MANIFEST, post(manifest))
        .route(path::SNAPSHOT, post(page))
        .route("/healthz", get(operations::alive))
        .route("/readyz", get(operations::ready))
        .route("/metrics", get(operations::metrics))
        .fallback(nothing_here)
        .method_not_allowed_fallback(not_so)
        .layer(middleware::from_fn_with_state(Arc::clone(&door), log::observe))
        .with_state(door)
}

async fn hello(State(door): Here, headers: HeaderMap) -> Handled {
    let zstd = takes_zstd(&headers);
    Ok(door.run(move |hub| Answer::of(&hub.hello()?, zstd)).await?)
}

async fn enrol_begin(
    State(door): Here,
    Extension(caller): Extension<Caller>,
    call: Call,
) -> Handled {
    door.begin_rate.take(network(caller.peer.ip()), Instant::now())?;
    let certificate = door.certificate;
    let answer = door.run(move |hub| {
        let ask: EnrolBegin = call.open_unsigned()?;
        Answer::of(&hub.enrol_begin(&ask, &certificate)?, call.takes_zstd)
    });
    Ok(answer.await?)
}

async fn enrol(State(door): Here, Extension(caller): Extension<Caller>, call: Call) -> Handled {
    door.enrol_rate.take(network(caller.peer.ip()), Instant::now())?;
    let answer = door.run(move |hub| {
        let ask = call.open_enrolment(hub)?;
        Answer::of(&hub.enrol(&ask)?, call.takes_zstd)
    });
    Ok(answer.await?)
}

async fn greet(State(door): Here, call: Call) -> Handled {
    door.opened(call, Call::open_greeting, |hub, stream, ask| hub.greet(stream, &ask)).await
}

async fn push(State(door): Here, call: Call) -> Handled {
    let metrics = Arc::clone(&door.metrics);
    door.signed(call, move |hub, stream, ask: Push| {
        let sent = ask.packets.len();
        let answer = hub.push(stream, &ask)?;
        metrics.pushed(sent.saturating_sub(answer.quarantined.len()));
        Ok(answer)
    })
    .await
}

async fn pull(State(door): Here, call: Call) -> Handled {
    door.signed(call, |hub, stream, ask: Pull| hub.pull(stream, &ask)).await
}

async fn held(State(door): Here, call: Call) -> Handled {
    door.signed(call, |hub, stream, ask: Held| hub.held(stream, &ask)).await
}

async fn give(State(door): Here, call: Call) -> Handled {
    door.signed(call, |hub, stream, ask: Give| hub.give(stream, &ask)).await
}

async fn find(State(door): Here, call: Call) -> Handled {
    let rate = Arc::clone(&door.find_rate);
    door.signed(call, move |hub, stream, ask: Find| {
        rate.take(stream.till, Instant::now())?;
        hub.find(stream, &ask)
    })
    .await
}

async fn digest(State(door): Here, call: Call) -> Handled {
    door.signed(call, |hub, stream, ask: DigestQuery| hub.digest_at(stream, &ask)).await
}

async fn manifest(State(door): Here, call: Call) -> Handled {
    /// Nothing is asked; what a newer till says is passed over.
    #[derive(Deserialize)]
    struct Nothing {}
    door.signed(call, |hub: &Hub, stream: StreamId, _: Nothing| hub.manifest(stream)).await
}

async fn page(State(door): Here, call: Call) -> Handled {
    let answer = door.run(move |hub| {
        let (stream, ask): (_, SnapshotQuery) = call.open(hub)?;
        Answer::of_bytes(hub.page(stream, &ask)?, call.takes_zstd)
    });
    Ok(answer.await?)
}

async fn nothing_here() -> Response {
    refusal(&WireRefusal::new(Code::NotFound, "there is nothing at this path"))
}

async fn not_so() -> Response {
    let wire = WireRefusal::new(Code::BadRequest, "this path is not asked with this method");
    refusal_as(StatusCode::METHOD_NOT_ALLOWED, &wire)
}
