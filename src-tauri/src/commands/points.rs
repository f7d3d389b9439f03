//! Giving and redeeming points.

use punchcard_till::{
    CodeInput, EarnRuleInput, RedeemInput, Result, Trial,
    views::{
        Approval, DoneView, DryRunView, EarnPreview, PhoneCodeView, RedeemPreview, RewardView,
        StockChangeInput, StockView,
    },
};
use tauri::State;

use super::{Answer, approved, id, signed_in};
use crate::desk::Desk;

#[tauri::command]
pub(crate) async fn earn_preview(
    desk: State<'_, Desk>,
    member: String,
    amount: String,
) -> Answer<EarnPreview> {
    signed_in(&desk, move |till, actor| till.earn_preview(actor, id("member", &member)?, &amount))
        .await
}

#[tauri::command]
pub(crate) async fn earn(
    desk: State<'_, Desk>,
    member: String,
    amount: String,
    approval: Option<Approval>,
) -> Answer<DoneView> {
    approved(&desk, approval, move |till, actor| till.earn(actor, id("member", &member)?, &amount))
        .await
}

#[tauri::command]
pub(crate) async fn earn_rule_list(desk: State<'_, Desk>) -> Answer<Vec<EarnRuleInput>> {
    signed_in(&desk, |till, _| till.earn_rule_list()).await
}

#[tauri::command]
pub(crate) async fn save_earn_rule(
    desk: State<'_, Desk>,
    input: EarnRuleInput,
) -> Answer<Vec<EarnRuleInput>> {
    signed_in(&desk, move |till, actor| till.save_earn_rule(actor, input)).await
}

/// What each rule would give for a sale, for money that is loaded, or, with neither, for a visit.
#[tauri::command]
pub(crate) async fn try_rules(
    desk: State<'_, Desk>,
    member: Option<String>,
    amount: Option<String>,
    top_up: Option<String>,
) -> Answer<DryRunView> {
    signed_in(&desk, move |till, actor| {
        let member = member.map(|member| id("member", &member)).transpose()?;
        let trial = match (amount, top_up) {
            (Some(amount), _) => Trial::Sale(amount, Vec::new()),
            (None, Some(amount)) => Trial::TopUp(amount),
            (None, None) => Trial::Visit,
        };
        till.earn_dry_run(actor, member, trial, None)
    })
    .await
}

#[tauri::command]
pub(crate) async fn adjust_points(
    desk: State<'_, Desk>,
    member: String,
    points: u32,
    take: bool,
    reason: String,
    approval: Option<Approval>,
) -> Answer<DoneView> {
    approved(&desk, approval, move |till, actor| {
        till.give_or_take(actor, id("member", &member)?, (points, take), &reason)
    })
    .await
}

#[tauri::command]
pub(crate) async fn top_up(
    desk: State<'_, Desk>,
    member: String,
    amount: String,
    reason: String,
    approval: Option<Approval>,
) -> Answer<DoneView> {
    approved(&desk, approval, move |till, actor| {
        till.top_up(actor, id("member", &member)?, &amount, &reason)
    })
    .await
}

#[tauri::command]
pub(crate) async fn transfer_points(
    desk: State<'_, Desk>,
    from: String,
    to: String,
    points: u32,
    approval: Option<Approval>,
) -> Answer<DoneView> {
    approved(&desk, approval, move |till, actor| {
        till.transfer_points(actor, id("member", &from)?, id("member", &to)?, points.into())
    })
    .await
}

#[tauri::command]
pub(crate) async fn rewards(desk: State<'_, Desk>, member: String) -> Answer<Vec<RewardView>> {
    signed_in(&desk, move |till, actor| till.rewards(actor, id("member", &member)?)).await
}

fn input(member: &str, reward: &str, points: Option<i64>, on_trust: bool) -> Result<RedeemInput> {
    Ok(RedeemInput {
        member: id("member", member)?,
        reward: id("reward", reward)?,
        points,
        on_trust,
    })
}

#[tauri::command]
pub(crate) async fn redeem_preview(
    desk: State<'_, Desk>,
    member: String,
    reward: String,
    points: Option<i64>,
) -> Answer<RedeemPreview> {
    signed_in(&desk, move |till, actor| {
        till.redeem_preview(actor, input(&member, &reward, points, false)?)
    })
    .await
}

#[tauri::command]
pub(crate) async fn redeem(
    desk: State<'_, Desk>,
    member: String,
    reward: String,
    points: Option<i64>,
    on_trust: bool,
    code: Option<String>,
    approval: Option<Approval>,
) -> Answer<DoneView> {
    approved(&desk, approval, move |till, actor| {
        let input = input(&member, &reward, points, on_trust)?;
        till.redeem_with(actor, input, false, said(code))
    })
    .await
}

/// What the member's phone shows: nothing typed is nothing said.
fn said(code: Option<String>) -> CodeInput {
    code.map_or(CodeInput::None, CodeInput::Digits)
}

/// Redeems without the member's code: somebody who may lets it through.
#[tauri::command]
pub(crate) async fn redeem_without_code(
    desk: State<'_, Desk>,
    member: String,
    reward: String,
    points: Option<i64>,
    on_trust: bool,
    later: bool,
    approval: Option<Approval>,
) -> Answer<DoneView> {
    approved(&desk, approval, move |till, actor| {
        let input = input(&member, &reward, points, on_trust)?;
        till.redeem_with(actor, input, later, CodeInput::LetThrough)
    })
    .await
}

/// Sets a member's phone up for codes; shown this once.
#[tauri::command]
pub(crate) async fn set_up_phone(
    desk: State<'_, Desk>,
    member: String,
    approval: Option<Approval>,
) -> Answer<PhoneCodeView> {
    approved(&desk, approval, move |till, actor| till.set_up_phone(actor, id("member", &member)?))
        .await
}

#[tauri::command]
pub(crate) async fn stock(desk: State<'_, Desk>, reward: String) -> Answer<StockView> {
    signed_in(&desk, move |till, actor| till.stock(actor, id("reward", &reward)?)).await
}

/// Puts stock in, takes some out, or sets it to what was counted.
#[tauri::command]
pub(crate) async fn change_stock(
    desk: State<'_, Desk>,
    reward: String,
    change: StockChangeInput,
    reason: String,
    approval: Option<Approval>,
) -> Answer<StockView> {
    approved(&desk, approval, move |till, actor| {
        till.change_stock(actor, id("reward", &reward)?, change.into(), &reason)
    })
    .await
}

#[tauri::command]
pub(crate) async fn redeem_later(
    desk: State<'_, Desk>,
    member: String,
    reward: String,
    code: Option<String>,
    approval: Option<Approval>,
) -> Answer<DoneView> {
    approved(&desk, approval, move |till, actor| {
        till.redeem_with(actor, input(&member, &reward, None, false)?, true, said(code))
    })
    .await
}

/// Hands a reward over for the voucher that a redemption gave.
#[tauri::command]
pub(crate) async fn hand_over(
    desk: State<'_, Desk>,
    member: String,
    given: String,
    approval: Option<Approval>,
) -> Answer<DoneView> {
    let line = desk.line()?;
    approved(&desk, approval, move |till, actor| {
        let (member, given) = (id("member", &member)?, id("voucher", &given)?);
        // One that lies elsewhere is fetched, where there is a line.
        line.before_hand_over(member, given)?;
        till.hand_over(actor, member, given)
    })
    .await
}
