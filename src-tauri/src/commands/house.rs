//! Settings: rules, rewards, passes, tiers, own fields, staff; import, backup, verify, vouching.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use punchcard_till::{
    BackupPlan, Error, FieldInput, PassTypeInput, RewardInput, StaffInput, TierInput, Till,
    import::ImportInput,
    views::{
        Alerts, AlertsView, Approval, BackupPlanView, BackupView, ImportView, PassFormView,
        PassTypeView, RulesInput, StaffView, StatusView, VerifyView,
    },
};
use tauri::State;

use super::{Answer, approved, signed_in};
use crate::desk::Desk;

#[tauri::command]
pub(crate) async fn rules(desk: State<'_, Desk>) -> Answer<RulesInput> {
    signed_in(&desk, |till, _| till.rules()).await
}

#[tauri::command]
pub(crate) async fn alerts(desk: State<'_, Desk>) -> Answer<AlertsView> {
    signed_in(&desk, |till, _| till.alerts().map(AlertsView::from)).await
}

#[tauri::command]
pub(crate) async fn save_alerts(desk: State<'_, Desk>, alerts: Alerts) -> Answer<AlertsView> {
    signed_in(&desk, move |till, actor| till.save_alerts(actor, alerts).map(AlertsView::from)).await
}

#[tauri::command]
pub(crate) async fn save_rules(desk: State<'_, Desk>, input: RulesInput) -> Answer<RulesInput> {
    signed_in(&desk, move |till, actor| till.save_rules(actor, input)).await
}

#[tauri::command]
pub(crate) async fn reward_list(desk: State<'_, Desk>) -> Answer<Vec<RewardInput>> {
    signed_in(&desk, |till, _| till.reward_list()).await
}

#[tauri::command]
pub(crate) async fn save_reward(
    desk: State<'_, Desk>,
    input: RewardInput,
) -> Answer<Vec<RewardInput>> {
    signed_in(&desk, move |till, actor| till.save_reward(actor, input)).await
}

#[tauri::command]
pub(crate) async fn save_pass_type(
    desk: State<'_, Desk>,
    input: PassTypeInput,
) -> Answer<Vec<PassTypeView>> {
    signed_in(&desk, move |till, actor| till.save_pass_type(actor, input)).await
}

#[tauri::command]
pub(crate) async fn pass_type_list(desk: State<'_, Desk>) -> Answer<Vec<PassTypeView>> {
    signed_in(&desk, |till, _| till.pass_type_list()).await
}

#[tauri::command]
pub(crate) async fn pass_form(desk: State<'_, Desk>) -> Answer<PassFormView> {
    signed_in(&desk, |till, _| till.pass_form()).await
}

#[tauri::command]
pub(crate) async fn tier_list(desk: State<'_, Desk>) -> Answer<Vec<TierInput>> {
    signed_in(&desk, |till, _| till.tier_list()).await
}

#[tauri::command]
pub(crate) async fn save_tier(desk: State<'_, Desk>, input: TierInput) -> Answer<Vec<TierInput>> {
    signed_in(&desk, move |till, actor| till.save_tier(actor, input)).await
}

#[tauri::command]
pub(crate) async fn field_list(desk: State<'_, Desk>) -> Answer<Vec<FieldInput>> {
    signed_in(&desk, |till, _| till.field_list()).await
}

#[tauri::command]
pub(crate) async fn save_field(
    desk: State<'_, Desk>,
    input: FieldInput,
) -> Answer<Vec<FieldInput>> {
    signed_in(&desk, move |till, actor| till.save_field(actor, input)).await
}

#[tauri::command]
pub(crate) async fn staff_all(desk: State<'_, Desk>) -> Answer<Vec<StaffView>> {
    signed_in(&desk, |till, _| till.staff_all()).await
}

#[tauri::command]
pub(crate) async fn save_staff(desk: State<'_, Desk>, input: StaffInput) -> Answer<Vec<StaffView>> {
    signed_in(&desk, move |till, actor| till.save_staff(actor, input)).await
}

#[tauri::command]
pub(crate) async fn import_members(
    desk: State<'_, Desk>,
    file: String,
    profile: String,
    dry_run: bool,
) -> Answer<ImportView> {
    signed_in(&desk, move |till, actor| {
        let bytes = STANDARD
            .decode(file.as_bytes())
            .map_err(|_| Error::bad_input("file", "the file did not arrive whole; try again"))?;
        let input = ImportInput { bytes, profile: profile.parse()?, dry_run };
        let mut rejects = Vec::new();
        let report = till.import(actor, &input, &mut rejects)?;
        let rejects_csv = String::from_utf8(rejects)
            .map_err(|_| Error::Internal("rejects are written as UTF-8".into()))?;
        Ok(ImportView { report, rejects_csv })
    })
    .await
}

#[tauri::command]
pub(crate) async fn vouch(desk: State<'_, Desk>, approval: Option<Approval>) -> Answer<StatusView> {
    approved(&desk, approval, |till, actor| till.vouch(actor)).await?;
    desk.status()
}

#[tauri::command]
pub(crate) async fn backup(desk: State<'_, Desk>) -> Answer<BackupView> {
    signed_in(&desk, |till, actor| {
        let done = till.backup_here(actor)?;
        Ok(BackupView { path: done.path.display().to_string() })
    })
    .await
}

#[tauri::command]
pub(crate) async fn backup_plan(desk: State<'_, Desk>) -> Answer<BackupPlanView> {
    signed_in(&desk, Till::backup_page).await
}

#[tauri::command]
pub(crate) async fn save_backup_plan(
    desk: State<'_, Desk>,
    folder: Option<String>,
    keep: usize,
) -> Answer<BackupPlanView> {
    signed_in(&desk, move |till, actor| {
        let plan = folder.map(|folder| BackupPlan { folder: folder.into(), keep });
        till.set_backup_plan(actor, plan)?;
        till.backup_page(actor)
    })
    .await
}

#[tauri::command]
pub(crate) async fn set_recovery(
    desk: State<'_, Desk>,
    passphrase: String,
) -> Answer<BackupPlanView> {
    signed_in(&desk, move |till, actor| {
        till.set_recovery(actor, &passphrase)?;
        till.backup_page(actor)
    })
    .await
}

#[tauri::command]
pub(crate) async fn verify(desk: State<'_, Desk>) -> Answer<VerifyView> {
    signed_in(&desk, |till, _| till.verify()).await
}
