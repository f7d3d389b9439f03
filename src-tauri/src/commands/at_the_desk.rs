//! Check-in, and taking something back.

use punchcard_till::{
    CheckInHow, Who,
    views::{Approval, CheckInView, DayView, DoneView, RecentVisit},
};
use tauri::State;

use super::{Answer, approved, id, signed_in, unattended};
use crate::desk::Desk;

#[tauri::command]
pub(crate) async fn check_in_card(desk: State<'_, Desk>, card: String) -> Answer<CheckInView> {
    let line = desk.line()?;
    signed_in(&desk, move |till, actor| {
        // A visitor from another branch, or a visit that lies elsewhere: the hub is asked, for a
        // moment, before the desk says no.
        line.before_scan(&card);
        till.check_in(actor, Who::Card(card), CheckInHow::Scan, None)
    })
    .await
}

#[tauri::command]
pub(crate) async fn check_in_member(desk: State<'_, Desk>, member: String) -> Answer<CheckInView> {
    signed_in(&desk, move |till, actor| {
        till.check_in(actor, Who::Member(id("member", &member)?), CheckInHow::Scan, None)
    })
    .await
}

#[tauri::command]
pub(crate) async fn check_in_guest(
    desk: State<'_, Desk>,
    member: String,
    guest: String,
) -> Answer<CheckInView> {
    signed_in(&desk, move |till, actor| {
        till.check_in(actor, Who::Member(id("member", &member)?), CheckInHow::Guest(guest), None)
    })
    .await
}

#[tauri::command]
pub(crate) async fn check_in_relatives(
    desk: State<'_, Desk>,
    member: String,
) -> Answer<Vec<CheckInView>> {
    signed_in(&desk, move |till, actor| till.check_in_relatives(actor, id("member", &member)?))
        .await
}

#[tauri::command]
pub(crate) async fn use_visit(desk: State<'_, Desk>, member: String) -> Answer<CheckInView> {
    signed_in(&desk, move |till, actor| {
        till.check_in(actor, Who::Member(id("member", &member)?), CheckInHow::UseVisit, None)
    })
    .await
}

#[tauri::command]
pub(crate) async fn let_in(
    desk: State<'_, Desk>,
    member: String,
    reason: String,
    approval: Option<Approval>,
) -> Answer<CheckInView> {
    approved(&desk, approval, move |till, actor| {
        let who = Who::Member(id("member", &member)?);
        till.check_in(actor, who, CheckInHow::LetIn(reason), None)
    })
    .await
}

#[tauri::command]
pub(crate) async fn undo(
    desk: State<'_, Desk>,
    fact: String,
    approval: Option<Approval>,
) -> Answer<DoneView> {
    approved(&desk, approval, move |till, actor| till.undo(actor, id("fact", &fact)?)).await
}

#[tauri::command]
pub(crate) async fn recent(desk: State<'_, Desk>) -> Answer<Vec<RecentVisit>> {
    unattended(&desk, |till, actor| till.recent(actor)).await
}

#[tauri::command]
pub(crate) async fn today(desk: State<'_, Desk>) -> Answer<DayView> {
    unattended(&desk, |till, actor| till.day(actor, None, false)).await
}

#[tauri::command]
pub(crate) async fn day(desk: State<'_, Desk>, day: Option<String>) -> Answer<DayView> {
    signed_in(&desk, move |till, actor| {
        let day = day.as_deref().map(|day| id("day", day)).transpose()?;
        till.day(actor, day, true)
    })
    .await
}
