//! Setting up, signing in, locking.

#![expect(clippy::needless_pass_by_value, reason = "the shape of a Tauri command")]

use punchcard_till::views::{Approval, Prefs, SessionView, SetUpInput, StaffView, StatusView};
use tauri::State;

use super::{Answer, approved};
use crate::desk::Desk;

#[tauri::command(async)]
pub(crate) fn status(desk: State<'_, Desk>) -> Answer<StatusView> {
    desk.status()
}

#[tauri::command(async)]
pub(crate) fn set_up(desk: State<'_, Desk>, input: SetUpInput) -> Answer<StatusView> {
    desk.set_up(&input)?;
    desk.status()
}

#[tauri::command(async)]
pub(crate) fn staff_list(desk: State<'_, Desk>) -> Answer<Vec<StaffView>> {
    desk.till()?.staff().map_err(|error| error.to_app())
}

#[tauri::command(async)]
pub(crate) fn sign_in(desk: State<'_, Desk>, staff: String, pin: String) -> Answer<SessionView> {
    desk.sign_in(&staff, &pin)
}

#[tauri::command(async)]
pub(crate) fn lock(desk: State<'_, Desk>) -> Answer<()> {
    desk.sign_out()
}

#[tauri::command(async)]
pub(crate) fn touch(desk: State<'_, Desk>) -> Answer<()> {
    desk.session(true).map(drop)
}

#[tauri::command(async)]
pub(crate) fn save_prefs(desk: State<'_, Desk>, prefs: Prefs) -> Answer<StatusView> {
    desk.session(true)?;
    desk.save_prefs(prefs)?;
    desk.status()
}

/// Says which part of the store this desk's door opens; empty: all of it.
#[tauri::command]
pub(crate) async fn save_door(
    desk: State<'_, Desk>,
    zone: String,
    approval: Option<Approval>,
) -> Answer<()> {
    approved(&desk, approval, move |till, actor| till.save_door(actor, &zone)).await
}
