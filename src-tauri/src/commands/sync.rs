//! The line to the hub: pairing, syncing, fetching points, and what other desks changed here.

use std::sync::Arc;

use punchcard_till::{
    Actor, Error, Result,
    sync::Line,
    views::{Approval, DoneView, DrawView, PairInput, StatusView, StockView, SyncView},
};
use tauri::{AppHandle, Manager as _, State};

use super::{Answer, approved, id, signed_in, unattended};
use crate::desk::Desk;

/// Makes this desk, which has no store yet, part of a business that has a hub. Nobody is signed in.
#[tauri::command]
pub(crate) async fn join(
    app: AppHandle,
    hub: String,
    code: String,
    till: String,
    owner_pin: String,
) -> Answer<StatusView> {
    let input = PairInput { hub, code, till };
    away(move || {
        let desk = app.state::<Desk>();
        desk.join(&input, &owner_pin)?;
        desk.status()
    })
    .await
}

#[tauri::command]
pub(crate) async fn pair(
    desk: State<'_, Desk>,
    hub: String,
    code: String,
    till: String,
) -> Answer<StatusView> {
    let input = PairInput { hub, code, till };
    on_line(&desk, move |line, actor| line.pair(actor, &input)).await?;
    desk.status()
}

#[tauri::command]
pub(crate) async fn sync_now(desk: State<'_, Desk>) -> Answer<StatusView> {
    on_line(&desk, |line, _| line.sync_now()).await?;
    desk.status()
}

#[tauri::command]
pub(crate) async fn sync_page(desk: State<'_, Desk>) -> Answer<SyncView> {
    let line = desk.line()?.view();
    unattended(&desk, move |till, actor| till.sync_view(actor, line)).await
}

#[tauri::command]
pub(crate) async fn settle_notice(desk: State<'_, Desk>, n: i64) -> Answer<()> {
    signed_in(&desk, move |till, actor| till.settle_notice(actor, n)).await
}

#[tauri::command]
pub(crate) async fn merge_members(
    desk: State<'_, Desk>,
    kept: String,
    gone: String,
    approval: Option<Approval>,
) -> Answer<DoneView> {
    approved(&desk, approval, move |till, actor| {
        till.merge_members(actor, id("kept", &kept)?, id("gone", &gone)?)
    })
    .await
}

#[tauri::command]
pub(crate) async fn keep_apart(
    desk: State<'_, Desk>,
    first: String,
    second: String,
    approval: Option<Approval>,
) -> Answer<()> {
    approved(&desk, approval, move |till, actor| {
        till.keep_apart(actor, id("first", &first)?, id("second", &second)?)
    })
    .await
}

#[tauri::command]
pub(crate) async fn draw_stock(
    desk: State<'_, Desk>,
    reward: String,
    amount: i64,
) -> Answer<StockView> {
    on_line(&desk, move |line, actor| line.draw_stock(actor, id("reward", &reward)?, amount)).await
}

#[tauri::command]
pub(crate) async fn draw(desk: State<'_, Desk>, member: String, points: i64) -> Answer<DrawView> {
    on_line(&desk, move |line, actor| line.draw(actor, id("member", &member)?, points)).await
}

/// Asks the hub for whoever is signed in, away from the window's thread.
async fn on_line<T: Send + 'static>(
    desk: &State<'_, Desk>,
    act: impl FnOnce(&Arc<Line>, &Actor) -> Result<T> + Send + 'static,
) -> Answer<T> {
    let line = desk.line()?;
    let (actor, _) = desk.session(true)?;
    away(move || act(&line, &actor).map_err(|error| error.to_app())).await
}

async fn away<T: Send + 'static>(act: impl FnOnce() -> Answer<T> + Send + 'static) -> Answer<T> {
    tauri::async_runtime::spawn_blocking(act)
        .await
        .map_err(|error| Error::Internal(error.to_string()).to_app())?
}
