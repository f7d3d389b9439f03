//! Members and their passes.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use punchcard_till::{
    CardChange, Error, PassChange,
    views::{Approval, DoneView, MemberBrief, MemberInput, MemberView, PassTypeView, TierView},
};
use tauri::State;

use super::{Answer, approved, id, signed_in, unattended};
use crate::desk::Desk;

#[tauri::command]
pub(crate) async fn find(
    desk: State<'_, Desk>,
    query: String,
    limit: usize,
) -> Answer<Vec<MemberBrief>> {
    signed_in(&desk, move |till, actor| till.find(actor, &query, limit)).await
}

#[tauri::command]
pub(crate) async fn member(desk: State<'_, Desk>, id: String) -> Answer<MemberView> {
    signed_in(&desk, move |till, actor| till.member(actor, super::id("member", &id)?)).await
}

#[tauri::command]
pub(crate) async fn register_member(
    desk: State<'_, Desk>,
    input: MemberInput,
) -> Answer<MemberView> {
    signed_in(&desk, move |till, actor| till.register_member(actor, input)).await
}

#[tauri::command]
pub(crate) async fn change_member(
    desk: State<'_, Desk>,
    id: String,
    input: MemberInput,
) -> Answer<MemberView> {
    signed_in(&desk, move |till, actor| till.change_member(actor, super::id("member", &id)?, input))
        .await
}

#[tauri::command]
pub(crate) async fn ban_member(
    desk: State<'_, Desk>,
    id: String,
    banned: bool,
    reason: String,
    approval: Option<Approval>,
) -> Answer<MemberView> {
    approved(&desk, approval, move |till, actor| {
        till.ban_member(actor, super::id("member", &id)?, banned, &reason)
    })
    .await
}

#[tauri::command]
pub(crate) async fn set_photo(
    desk: State<'_, Desk>,
    id: String,
    image: String,
) -> Answer<MemberView> {
    signed_in(&desk, move |till, actor| {
        let bytes = STANDARD
            .decode(image.as_bytes())
            .map_err(|_| Error::bad_input("image", "not an image"))?;
        till.set_photo(actor, super::id("member", &id)?, bytes)
    })
    .await
}

#[tauri::command]
pub(crate) async fn photo(desk: State<'_, Desk>, id: String) -> Answer<String> {
    unattended(&desk, move |till, actor| {
        let image = till.photo(actor, super::id("photo", &id)?)?;
        Ok(format!("data:{};base64,{}", image.media_type, STANDARD.encode(image.bytes)))
    })
    .await
}

#[tauri::command]
pub(crate) async fn tiers(desk: State<'_, Desk>) -> Answer<Vec<TierView>> {
    signed_in(&desk, |till, _| till.tiers()).await
}

#[tauri::command]
pub(crate) async fn pass_types(desk: State<'_, Desk>) -> Answer<Vec<PassTypeView>> {
    signed_in(&desk, |till, _| till.pass_types()).await
}

#[tauri::command]
pub(crate) async fn give_pass(
    desk: State<'_, Desk>,
    member: String,
    pass_type: String,
    approval: Option<Approval>,
) -> Answer<DoneView> {
    approved(&desk, approval, move |till, actor| {
        till.give_pass(actor, id("member", &member)?, id("pass_type", &pass_type)?)
    })
    .await
}

#[tauri::command]
pub(crate) async fn freeze_pass(
    desk: State<'_, Desk>,
    member: String,
    pass: String,
    until: Option<String>,
    approval: Option<Approval>,
) -> Answer<DoneView> {
    approved(&desk, approval, move |till, actor| {
        let until = until.map(|day| day.parse()).transpose();
        let until = until.map_err(|_| Error::bad_input("until", "a day, YYYY-MM-DD"))?;
        let change = PassChange::Freeze { from: None, until };
        till.change_pass(actor, id("member", &member)?, id("pass", &pass)?, change)
    })
    .await
}

#[tauri::command]
pub(crate) async fn unfreeze_pass(
    desk: State<'_, Desk>,
    member: String,
    pass: String,
    approval: Option<Approval>,
) -> Answer<DoneView> {
    approved(&desk, approval, move |till, actor| {
        let (member, pass) = (id("member", &member)?, id("pass", &pass)?);
        till.change_pass(actor, member, pass, PassChange::Unfreeze)
    })
    .await
}

#[tauri::command]
pub(crate) async fn lose_card(
    desk: State<'_, Desk>,
    member: String,
    card: String,
    lost: bool,
) -> Answer<MemberView> {
    signed_in(&desk, move |till, actor| {
        let change = if lost { CardChange::Lost } else { CardChange::Found };
        till.change_card(actor, id("member", &member)?, &card, change)
    })
    .await
}

#[tauri::command]
pub(crate) async fn replace_card(
    desk: State<'_, Desk>,
    member: String,
    card: String,
    fresh: String,
) -> Answer<MemberView> {
    signed_in(&desk, move |till, actor| {
        till.change_card(actor, id("member", &member)?, &card, CardChange::ReplacedBy(fresh))
    })
    .await
}
