//! The two calls that wait: a draw for what others return, and a till for being asked.

use std::{sync::Arc, time::Duration};

use axum::extract::State;
use punchcard_protocol::sync::{AsksQuery, Draw};
use tokio::{
    sync::watch::Receiver,
    time::{Instant, sleep},
};

use super::{
    answer::{Answer, Failure},
    call::Call,
    door::Door,
    server::stopped,
};

type Handled = Result<Answer, Failure>;

/// How long a cashier waits for other desks.
const DRAW: Duration = Duration::from_millis(2_500);
/// Less than what proxies and home routers cut off.
const ASKS_MS: u64 = 25_000;
/// The bell rings in this process only; for what other hubs did, one has to look.
const LOOK: Duration = Duration::from_millis(500);

/// Grants what there is, and waits a little for what others hold.
pub(super) async fn draw(State(door): State<Arc<Door>>, call: Call) -> Handled {
    let started = Instant::now();
    let mut bell = door.hub.bell();
    let zstd = call.takes_zstd;
    // The call stays with us: as long as it is there, its connection is not taken for stalled.
    let call = Arc::new(call);
    let opened = Arc::clone(&call);
    let (stream, ask) = door.run(move |hub| opened.open::<Draw>(hub)).await?;
    let patience = ask.wait_ms.map_or(DRAW, |ms| DRAW.min(Duration::from_millis(ms)));
    let deadline = started + patience;
    let ask = Arc::new(ask);
    loop {
        bell.borrow_and_update();
        let step = Arc::clone(&ask);
        let (_, more) = door.run(move |hub| hub.draw(stream, &step)).await?;
        if !more || patience.is_zero() || !wait(&door, &mut bell, deadline).await {
            break;
        }
    }
    Ok(door.run(move |hub| Answer::of(&hub.end_draw(stream, &ask)?, zstd)).await?)
}

/// Answers as soon as there is something to ask this till for, or the time is over.
pub(super) async fn asks(State(door): State<Arc<Door>>, call: Call) -> Handled {
    let started = Instant::now();
    let mut bell = door.hub.bell();
    let zstd = call.takes_zstd;
    let call = Arc::new(call);
    let opened = Arc::clone(&call);
    let (stream, ask) = door.run(move |hub| opened.open::<AsksQuery>(hub)).await?;
    door.regulars.heard(stream, std::time::Instant::now());
    let deadline = started + Duration::from_millis(ask.wait_ms.min(ASKS_MS));
    loop {
        bell.borrow_and_update();
        let asks = door.run(move |hub| hub.asks(stream)).await?;
        if !asks.asks.is_empty() || !wait(&door, &mut bell, deadline).await {
            return Ok(Answer::of(&asks, zstd)?);
        }
    }
}

/// Waits until something may have changed; `false`: the time is over, or the server stops.
async fn wait(door: &Door, bell: &mut Receiver<u64>, deadline: Instant) -> bool {
    let left = deadline.saturating_duration_since(Instant::now());
    let mut stop = door.stop.clone();
    if left.is_zero() || *stop.borrow() {
        return false;
    }
    tokio::select! {
        () = rung(bell) => true,
        () = sleep(LOOK.min(left)) => true,
        () = stopped(&mut stop) => false,
    }
}

async fn rung(bell: &mut Receiver<u64>) {
    if bell.changed().await.is_err() {
        // Nobody is left to ring it: the clock alone wakes us.
        std::future::pending::<()>().await;
    }
}
