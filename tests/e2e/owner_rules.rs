//! What the owner sets about points: rules with a dry run, and rewards on terms, both seen to hold at
//! the desk afterwards.

use fantoccini::key::Key;
use serde_json::json;

use crate::{looks::look, shop::Shop, shots, window::Window};

/// Opens one of the tabs of the settings.
async fn tab(window: &Window, name: &str) {
    window.key(Key::F6).await;
    window.click(&format!("settings-{name}")).await;
    window.find("item-add").await;
}

/// Saves by Enter, and sees what is said at the box that has the focus, which stands in sight.
async fn refused(window: &Window, box_id: &str, words: &str) {
    window.key(Key::Enter).await;
    refused_now(window, box_id, words).await;
}

async fn refused_now(window: &Window, box_id: &str, words: &str) {
    at_its_box(window, box_id, words).await;
    window.in_sight("[data-testid=save-item]").await;
}

async fn at_its_box(window: &Window, box_id: &str, words: &str) {
    let marked = format!(
        "document.activeElement?.dataset.testid === '{box_id}' &&
         document.activeElement.getAttribute('aria-invalid') === 'true' &&
         document.activeElement.closest('[data-field]').innerText.includes('{words}')"
    );
    window.until(&format!("{words} at {box_id}"), &marked).await;
    window.focus_in_sight().await;
    window.in_sight("[data-field]:has(:focus) [role=alert]").await;
}

async fn saved(window: &Window) {
    window.gone("save-item").await;
}

#[tokio::test]
async fn the_owner_sets_a_points_rule_tries_it_and_it_gives_at_the_desk() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "owner").await;
    tab(&window, "earn").await;
    window.says("earn-rules-state", "没有规则在用").await;
    window.key(Key::Tab).await; // whatever has the focus: the page is used without a mouse too
    window.click("item-add").await;
    let named = "document.activeElement?.dataset.testid === 'earn-rule-name'";
    window.until("the cursor in the name", named).await;
    window.compose("每满十元").await;
    window.retype("earn-rule-points", "两个").await;
    refused(&window, "earn-rule-points", "整数").await;
    shots::both(&window, "rule-refused").await;
    window.retype("earn-rule-points", "2").await;
    window.retype("earn-rule-each", "一块").await;
    refused(&window, "earn-rule-each", "金额").await;
    window.retype("earn-rule-each", "10").await;
    window.retype("earn-rule-until", "明天").await;
    refused(&window, "earn-rule-until", "日子").await;
    window.retype("earn-rule-until", "2099-12-31").await;
    window.retype("earn-rule-condition", "member.purse > 3").await;
    window.click("save-item").await;
    refused_now(&window, "earn-rule-condition", "这里没有“purse”").await;
    look(&window, "rule-condition-refused").await;
    window.retype("earn-rule-condition", "sale.amount >= 5000").await;
    window.click("save-item").await;
    saved(&window).await;
    window.says("earn-rules-state", "按下面的规则").await;
    window.says("earn-rule-1", "每满十元").await;

    // A second one, that only adds where the first gave.
    window.click("item-add").await;
    window.until("the cursor in the name", named).await;
    window.compose("到店一次").await;
    window.find("earn-rule-per").await.select_by_value("visit").await.expect("visits");
    window.retype("earn-rule-points", "7").await;
    window.key(Key::Enter).await;
    saved(&window).await;

    try_rules(&window).await;
    give_by_rules(&window).await;
    window.close().await;
    let rules = shop.tool(&["rules", "list"]);
    let rules = rules.as_array().expect("a list");
    let rule = rules.iter().find(|rule| rule["name"] == "每满十元").expect("it was saved");
    assert_eq!((&rule["points"], &rule["each_minor"]), (&json!(2), &json!(1000)));
    assert_eq!(rule["condition"], "sale.amount >= 5000");
    assert_eq!(rule["until"], "2099-12-31");
    assert_eq!(shop.count("points_earned"), 1);
}

/// The dry run tells each rule's part, for a sale and for a visit.
async fn try_rules(window: &Window) {
    window.retype("try-amount", "很多").await;
    window.key(Key::Enter).await;
    at_its_box(window, "try-amount", "金额看不懂").await;
    shots::both(window, "rule-try-refused").await;
    for (amount, words) in
        [("128", ["25", "每满十元", "全部给"]), ("30", ["0", "每满十元", "条件"])]
    {
        window.retype("try-amount", amount).await;
        window.key(Key::Enter).await;
        for word in words {
            window.says("try-told", word).await;
        }
        window.says("try-told", "到店一次").await;
    }
    window.retype("try-amount", "128").await;
    window.key(Key::Enter).await;
    window.says("try-told", "25").await;
    look(window, "rule-tried").await;
    window.find("try-what").await.select_by_value("visit").await.expect("a visit");
    window.click("try-run").await;
    window.says("try-told", "共 7 积分").await;
}

async fn give_by_rules(window: &Window) {
    window.open_member("林知夏").await;
    window.key(Key::F4).await;
    window.find("earn-amount").await;
    let before = window.number("points-on-file").await;
    window.type_slowly("128").await;
    window.shows("earn-points", 25).await;
    window.key(Key::Enter).await;
    window.shows("points-on-file", before + 25).await;
}

#[tokio::test]
async fn a_reward_on_terms_is_refused_where_they_do_not_hold_and_needs_a_managers_pin() {
    let shop = Shop::demo();
    let mut tier = String::new();
    shop.settings(|till, owner| {
        let found = till.find(owner, "林知夏", 1)?;
        tier = found.first().and_then(|one| one.tier.clone()).expect("they have a tier");
        Ok(())
    });
    let other = if tier == "金卡" { "银卡" } else { "金卡" };
    let window = Window::signed_in(&shop, "owner").await;
    tab(&window, "rewards").await;
    window.click("item-add").await;
    window.click("reward-name").await;
    window.compose("生日蛋糕").await;
    window.retype("reward-cost", "三百").await;
    refused(&window, "reward-cost", "整数").await;
    shots::both(&window, "reward-refused").await;
    window.retype("reward-cost", "30").await;
    window.retype("reward-money", "九块九").await;
    refused(&window, "reward-money", "金额").await;
    window.retype("reward-money", "9.9").await;
    window.retype("reward-from", "2026-02-30").await;
    refused(&window, "reward-from", "日子").await;
    window.retype("reward-from", "2026-01-01").await;
    window.retype("reward-until", "2025-12-31").await;
    refused(&window, "reward-until", "最后一天").await;
    window.retype("reward-until", "2099-12-31").await;
    tick(&window, other).await;
    window.click("reward-approval").await;
    look(&window, "reward-terms").await;
    window.click("save-item").await;
    saved(&window).await;

    // They are of another tier: the desk says so.
    let before = choose_reward(&window).await;
    window.says("redeem-problem", "等级").await;
    look(&window, "reward-wrong-tier").await;
    tab(&window, "rewards").await;
    window.click_path("//button[starts-with(@data-testid,'item-')][contains(., '生日蛋糕')]").await;
    tick(&window, tier.as_str()).await;
    window.click("save-item").await;
    saved(&window).await;

    // A cashier gives it with a manager's leave.
    window.ctrl('l').await;
    window.sign_in(&shop, "cashier").await;
    choose_reward(&window).await;
    assert_eq!(window.number("redeem-uses").await, 30);
    window.key(Key::Enter).await;
    window.find("approval").await;
    look(&window, "reward-approval").await;
    window.approve(&shop, "manager").await;
    window.gone("approval").await;
    window.shows("points-on-file", before - 30).await;
    window.close().await;
    assert_eq!(shop.count("points_redeemed"), 1);
}

/// Ticks a tier by its name.
async fn tick(window: &Window, tier: &str) {
    let path =
        format!("//label[contains(., '{tier}')]/input[starts-with(@data-testid,'reward-tier')]");
    window.click_path(&path).await;
}

/// Chooses the new reward for a member; the points on file before.
async fn choose_reward(window: &Window) -> i64 {
    window.open_member("林知夏").await;
    window.key(Key::F3).await;
    window.find("reward-1").await;
    let before = window.number("points-on-file").await;
    window
        .click_path("//button[starts-with(@data-testid,'reward-')][contains(., '生日蛋糕')]")
        .await;
    before
}
