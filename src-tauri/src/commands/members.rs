//! Members and their passes.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use punchcard_till::{
    CardChange, Error, Till,
    views::{
        Approval, DetailsInput, DoneView, MemberBrief, MemberFormView, MemberInput, MemberView,
        PassChangeInput, PassTypeView, TierView, UpgradeView,
    },
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
pub(crate) async fn erase_member(
    desk: State<'_, Desk>,
    id: String,
    forfeit: bool,
    approval: Option<Approval>,
) -> Answer<()> {
    approved(&desk, approval, move |till, actor| {
        till.erase_member(actor, super::id("member", &id)?, forfeit)
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
pub(crate) async fn pass_types(
    desk: State<'_, Desk>,
    member: Option<String>,
) -> Answer<Vec<PassTypeView>> {
    signed_in(&desk, move |till, _| {
        let member = member.map(|member| id("member", &member)).transpose()?;
        till.pass_types(member)
    })
    .await
}

#[tauri::command]
pub(crate) async fn give_pass(
    desk: State<'_, Desk>,
    member: String,
    pass_type: String,
    from: String,
    approval: Option<Approval>,
) -> Answer<DoneView> {
    approved(&desk, approval, move |till, actor| {
        let (member, kind) = (id("member", &member)?, id("pass_type", &pass_type)?);
        till.give_pass_from(actor, member, kind, Till::first_day(&from)?)
    })
    .await
}

#[tauri::command]
pub(crate) async fn change_pass(
    desk: State<'_, Desk>,
    member: String,
    pass: String,
    change: PassChangeInput,
    approval: Option<Approval>,
) -> Answer<DoneView> {
    let line = desk.line()?;
    approved(&desk, approval, move |till, actor| {
        let (member, pass) = (id("member", &member)?, id("pass", &pass)?);
        if matches!(change, PassChangeInput::Upgrade { .. } | PassChangeInput::Transfer { .. }) {
            // Visits that lie elsewhere are fetched, where there is a line.
            line.before_pass_changes(member, pass)?;
        }
        till.change_pass(actor, member, pass, till.pass_change(change)?)
    })
    .await
}

#[tauri::command]
pub(crate) async fn pass_upgrades(
    desk: State<'_, Desk>,
    member: String,
    pass: String,
) -> Answer<Vec<UpgradeView>> {
    let line = desk.line()?;
    signed_in(&desk, move |till, actor| {
        let (member, pass) = (id("member", &member)?, id("pass", &pass)?);
        line.before_pass_changes(member, pass)?;
        till.upgrades(actor, member, pass)
    })
    .await
}

#[tauri::command]
pub(crate) async fn change_details(
    desk: State<'_, Desk>,
    id: String,
    input: DetailsInput,
    approval: Option<Approval>,
) -> Answer<MemberView> {
    approved(&desk, approval, move |till, actor| {
        till.change_details(actor, super::id("member", &id)?, input)
    })
    .await
}

#[tauri::command]
pub(crate) async fn sign_waiver(
    desk: State<'_, Desk>,
    id: String,
    by: Option<String>,
    approval: Option<Approval>,
) -> Answer<MemberView> {
    approved(&desk, approval, move |till, actor| {
        till.sign_waiver(actor, super::id("member", &id)?, by)
    })
    .await
}

/// Books a member for a class; when it begins is as it was typed.
#[tauri::command]
pub(crate) async fn book_class(
    desk: State<'_, Desk>,
    member: String,
    name: String,
    begins: String,
    minutes: Option<u32>,
    approval: Option<Approval>,
) -> Answer<DoneView> {
    approved(&desk, approval, move |till, actor| {
        let begins_ms = till.class_begins(&begins)?;
        till.book_class(actor, id("member", &member)?, &name, begins_ms, minutes)
    })
    .await
}

#[tauri::command]
pub(crate) async fn member_form(desk: State<'_, Desk>) -> Answer<MemberFormView> {
    signed_in(&desk, |till, actor| till.member_form(actor)).await
}

#[tauri::command]
pub(crate) async fn new_card_number(desk: State<'_, Desk>) -> Answer<String> {
    signed_in(&desk, |till, actor| till.new_card_number(actor)).await
}

#[tauri::command]
pub(crate) async fn lose_card(
    desk: State<'_, Desk>,
    member: String,
    card: String,
    lost: bool,
    approval: Option<Approval>,
) -> Answer<MemberView> {
    approved(&desk, approval, move |till, actor| {
        let change = if lost { CardChange::Lost } else { CardChange::Found };
        till.change_card(actor, id("member", &member)?, &card, change)
    })
    .await
}

/// A card is somebody else's from now on.
#[tauri::command]
pub(crate) async fn move_card(
    desk: State<'_, Desk>,
    member: String,
    card: String,
    to: String,
    approval: Option<Approval>,
) -> Answer<MemberView> {
    approved(&desk, approval, move |till, actor| {
        let change = CardChange::MovedTo(id("member", &to)?);
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
    approval: Option<Approval>,
) -> Answer<MemberView> {
    approved(&desk, approval, move |till, actor| {
        till.change_card(actor, id("member", &member)?, &card, CardChange::ReplacedBy(fresh))
    })
    .await
}
