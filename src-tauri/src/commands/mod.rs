//! The window's commands: who is signed in, one use case, its answer. No rule lives here.

mod at_the_desk;
mod house;
mod members;
mod points;
mod session;
mod sync;

pub(crate) use at_the_desk::*;
pub(crate) use house::*;
pub(crate) use members::*;
pub(crate) use points::*;
pub(crate) use session::*;
pub(crate) use sync::*;

use punchcard_till::{Actor, AppError, Error, Result, Till, views::Approval};
use tauri::State;

use crate::desk::Desk;

/// What a command answers.
pub(crate) type Answer<T> = std::result::Result<T, AppError>;

/// Runs a use case for whoever is signed in, away from the window's thread.
pub(crate) async fn signed_in<T: Send + 'static>(
    desk: &State<'_, Desk>,
    act: impl FnOnce(&Till, &Actor) -> Result<T> + Send + 'static,
) -> Answer<T> {
    as_actor(desk, true, act).await
}

/// The same for what the window asks by itself: it does not keep anybody signed in.
pub(crate) async fn unattended<T: Send + 'static>(
    desk: &State<'_, Desk>,
    act: impl FnOnce(&Till, &Actor) -> Result<T> + Send + 'static,
) -> Answer<T> {
    as_actor(desk, false, act).await
}

/// The same, with the approval of somebody who gave their PIN on the spot.
pub(crate) async fn approved<T: Send + 'static>(
    desk: &State<'_, Desk>,
    approval: Option<Approval>,
    act: impl FnOnce(&Till, &Actor) -> Result<T> + Send + 'static,
) -> Answer<T> {
    signed_in(desk, move |till, actor| {
        let actor = till.approve(actor, approval.as_ref())?;
        act(till, &actor)
    })
    .await
}

async fn as_actor<T: Send + 'static>(
    desk: &State<'_, Desk>,
    seen: bool,
    act: impl FnOnce(&Till, &Actor) -> Result<T> + Send + 'static,
) -> Answer<T> {
    let till = desk.till()?;
    let (actor, _) = desk.session(seen)?;
    tauri::async_runtime::spawn_blocking(move || act(&till, &actor))
        .await
        .map_err(|error| Error::Internal(error.to_string()).to_app())?
        .map_err(|error| error.to_app())
}

/// An id from the window.
pub(crate) fn id<T: std::str::FromStr>(field: &'static str, text: &str) -> Result<T> {
    text.parse().map_err(|_| Error::bad_input(field, "not an id"))
}
