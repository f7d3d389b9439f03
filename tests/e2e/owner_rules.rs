//! What the owner sets on forms: points rules with their dry run, rewards on terms, tiers, and fields
//! of their own. Each is seen to hold at the desk afterwards.

use std::time::{Duration, Instant};

use fantoccini::key::Key;
use serde_json::json;

use crate::{
    looks::look,
    shop::Shop,
    shots,
    window::{PATIENCE, Window},
};

/// Opens one of the tabs of the settings.
pub async fn tab(window: &Window, name: &str) {
    window.key(Key::F6).await;
    window.click(&format!("settings-{name}")).await;
    window.find("item-add").await;
}

/// Saves by Enter, and sees what is said at the box that has the focus, which stands in sight.
pub async fn refused(window: &Window, box_id: &str, words: &str) {
    window.key(Key::Enter).await;
    refused_now(window, box_id, words).await;
}

async fn refused_now(window: &Window, box_id: &str, words: &str) {
    at_its_box(window, box_id, words).await;
    window.in_sight("[data-testid=save-item]").await;
}

/// What is said at the box that has the focus, in sight.
pub async fn at_its_box(window: &Window, box_id: &str, words: &str) {
    let marked = format!(
        "document.activeElement?.dataset.testid === '{box_id}' &&
         document.activeElement.getAttribute('aria-invalid') === 'true' &&
         document.activeElement.closest('[data-field]').innerText.includes('{words}')"
    );
    window.until(&format!("{words} at {box_id}"), &marked).await;
    window.focus_in_sight().await;
    window.in_sight("[data-field]:has(:focus) [role=alert]").await;
}

/// Waits until the form is saved and closed.
pub async fn saved(window: &Window) {
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
    let named = cursor_in("earn-rule-name");
    window.until("the cursor in the name", &named).await;
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
    unfold(&window).await;
    window.retype("earn-rule-condition", "member.purse > 3").await;
    window.click("save-item").await;
    refused_now(&window, "earn-rule-condition", "这里没有“purse”").await;
    look(&window, "rule-condition-refused").await;
    window.retype("earn-rule-condition", "sale.amount >= 5000").await;
    rarer_terms(&window).await;
    window.click("save-item").await;
    saved(&window).await;
    window.says("earn-rules-state", "按下面的规则").await;
    window.says("earn-rule-1", "每满十元").await;

    // A second one, that only adds where the first gave.
    window.click("item-add").await;
    window.until("the cursor in the name", &named).await;
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
    assert_eq!((&rule["whole_steps"], &rule["rounding"]), (&json!(true), &json!("up")));
    assert_eq!(rule["expires"], json!({"month_end": 0}));
    assert_eq!(rule["caps"], json!({"times_ever": 9}));
    assert_eq!(rule["max_amount_minor"], 500_000);
    assert_eq!(rule["until"], "2099-12-31");
    assert_eq!(shop.count("points_earned"), 1);
}

/// Shows the rarer fields, by the keyboard.
async fn unfold(window: &Window) {
    window.script("document.querySelector('[data-testid=earn-rule-more]').focus()").await;
    window.key(Key::Enter).await;
    window.find("earn-rule-condition").await;
}

/// What is behind “more”: refused at its box, though it was folded up meanwhile, and then set.
async fn rarer_terms(window: &Window) {
    window.click("earn-rule-whole_steps").await;
    window.find("earn-rule-rounding").await.select_by_value("up").await.expect("a rounding");
    window.retype("earn-rule-max-amount", "5000").await;
    window.retype("earn-rule-pending", "4000").await;
    window.click("earn-rule-more").await;
    window.gone("earn-rule-pending").await;
    window.click("save-item").await;
    refused_now(window, "earn-rule-pending", "3,660").await;
    shots::both(window, "rule-more-refused").await;
    window.retype("earn-rule-pending", "0").await;
    window.find("earn-rule-expires").await.select_by_value("month_end").await.expect("an end");
    window.retype("earn-rule-expires-after", "0").await;
    window.retype("earn-rule-times-ever", "九").await;
    refused(window, "earn-rule-times-ever", "整数").await;
    window.retype("earn-rule-times-ever", "9").await;
    look(window, "rule-more").await;
}

/// The dry run tells each rule's part, for a sale and for a visit.
async fn try_rules(window: &Window) {
    window.retype("try-amount", "很多").await;
    window.key(Key::Enter).await;
    at_its_box(window, "try-amount", "金额看不懂").await;
    shots::both(window, "rule-try-refused").await;
    for (amount, words) in
        [("128", ["24", "每满十元", "全部给"]), ("30", ["0", "每满十元", "条件"])]
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
    window.says("try-told", "24").await;
    look(window, "rule-tried").await;
    window.find("try-what").await.select_by_value("topUp").await.expect("money that is loaded");
    window.click("try-run").await;
    window.says("try-told", "共 0 积分").await;
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
    window.says("earn-preview", "128.00").await;
    window.shows("earn-points", 24).await;
    window.key(Key::Enter).await;
    window.shows("points-on-file", before + 24).await;
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

#[tokio::test]
async fn the_owner_sets_a_tier_and_whoever_comes_often_has_it() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "owner").await;
    tab(&window, "tiers").await;
    window.click("item-add").await;
    window.until("the cursor in the name", &cursor_in("tier-name")).await;
    window.compose("钻石").await;
    refused(&window, "tier-name", "已有等级").await;
    window.retype("tier-name", "常客").await;
    window.retype("tier-multiplier", "两倍").await;
    refused(&window, "tier-multiplier", "整数").await;
    window.retype("tier-multiplier", "300").await;
    window.find("tier-by").await.select_by_value("visits").await.expect("by visits");
    window.find("tier-over").await.select_by_value("rolling_days").await.expect("days");
    window.retype("tier-count", "30").await;
    window.retype("tier-entry", "1").await;
    window.retype("tier-keep", "2").await;
    refused(&window, "tier-keep", "不能多于").await;
    shots::both(&window, "tier-refused").await;
    window.retype("tier-keep", "1").await;
    window.retype("tier-grace", "7").await;
    window.click("tier-one-at-a-time").await;
    window.retype("tier-hours-from", "早上").await;
    window.click("save-item").await;
    refused_now(&window, "tier-hours-from", "09:00").await;
    window.retype("tier-hours-from", "06:00").await;
    window.retype("tier-hours-to", "08:30").await;
    window.retype("tier-guests", "2").await;
    look(&window, "tier-form").await;
    window.click("save-item").await;
    saved(&window).await;
    window.until("it is in words", "document.body.innerText.includes('30 天内')").await;
    look(&window, "tier-saved").await;

    window.key(Key::F1).await;
    window.find("scan-invite").await;
    window.scan("10000001").await;
    window.verdict("admit", "年卡").await;
    window.open_member("林知夏").await;
    window.says("member-page", "常客").await;
    let tiers = window.ask("tier_list", json!({})).await.expect("whoever is signed in may ask");
    window.close().await;
    let tiers = tiers.as_array().expect("a list");
    let mut tier = tiers.iter().find(|tier| tier["name"] == "常客").expect("it was saved").clone();
    tier["id"] = json!(null);
    let wanted = json!({
        "id": null, "name": "常客", "multiplier_percent": 300,
        "ladder": { "by": "visits", "over": "rolling_days", "count": 30, "entry": 1, "keep": 1,
                    "grace_days": 7, "one_at_a_time": true },
        "price_percent": null, "hours_from": "06:00", "hours_to": "08:30", "guests": 2,
        "free_visits_month": null,
    });
    assert_eq!(tier, wanted);
}

#[tokio::test]
async fn the_owners_own_fields_stand_in_the_form_and_on_the_page_of_a_member() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "owner").await;
    tab(&window, "fields").await;
    for (name, holds) in [("柜号", "number"), ("衣服尺码", "choice"), ("体检", "date")] {
        window.click("item-add").await;
        window.until("the cursor in the name", &cursor_in("field-own-name")).await;
        window.compose(name).await;
        window.find("field-holds").await.select_by_value(holds).await.expect("a kind");
        if holds == "choice" {
            window.click("save-item").await;
            refused_now(&window, "field-choices", "至少一个选项").await;
            shots::both(&window, "field-refused").await;
            window.compose("S\nM\nL").await;
        }
        window.click("save-item").await;
        saved(&window).await;
    }
    look(&window, "fields").await;
    let keys = own_keys(&window).await;

    window.open_member("林知夏").await;
    window.key(Key::F8).await;
    window.find("field-name").await;
    window.retype(&keys[0], "十二").await;
    window.find(&keys[1]).await.select_by_value("M").await.expect("a choice");
    window.retype(&keys[2], "2026-05-18").await;
    window.click("save-member").await;
    at_its_box(&window, &keys[0], "整数").await;
    shots::both(&window, "own-field-refused").await;
    window.retype(&keys[0], "12").await;
    window.key(Key::Enter).await;
    own(&window, &[("柜号", "12"), ("衣服尺码", "M"), ("体检", "2026-05-18")]).await;
    look(&window, "own-fields").await;

    // Renamed, and no longer asked for: what was written is still shown.
    tab(&window, "fields").await;
    window.click_path("//button[starts-with(@data-testid,'item-')][contains(., '柜号')]").await;
    window.retype("field-own-name", "更衣柜").await;
    window.click("field-active").await;
    look(&window, "field-retired").await;
    window.click("save-item").await;
    saved(&window).await;
    window.open_member("林知夏").await;
    own(&window, &[("更衣柜", "12"), ("衣服尺码", "M")]).await;
    window.key(Key::F8).await;
    window.find(&keys[1]).await;
    window.gone(&keys[0]).await;
    window.close().await;
}

#[tokio::test]
async fn an_alert_goes_by_the_owners_number_and_level() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "owner").await;
    alerts(&window).await;
    window.retype("alert-seen_elsewhere-limit", "一小时").await;
    window.key(Key::Tab).await;
    said_in_its_row(&window, "alert-seen_elsewhere", "整数").await;
    window.retype("alert-seen_elsewhere-limit", "1441").await;
    window.key(Key::Tab).await;
    said_in_its_row(&window, "alert-seen_elsewhere", "1,440").await;
    shots::both(&window, "alert-refused").await;
    let typed = "document.querySelector('[data-testid=alert-seen_elsewhere-limit]').value";
    window.until("what was typed to be there", &format!("{typed} === '1441'")).await;
    window.retype("alert-seen_elsewhere-limit", "60").await;
    window.key(Key::Tab).await;
    window.until("it is taken", "!document.querySelector('main [role=alert]')").await;
    window.hush().await;
    window.find("alert-waiver").await.select_by_value("deny").await.expect("a level");
    window.told("已保存").await;
    look(&window, "alerts").await;

    window.key(Key::F1).await;
    window.find("scan-invite").await;
    window.scan("10000001").await;
    window.verdict("refuse", "免责").await;
    window.key(Key::F11).await;
    window.verdict("admit", "年卡").await;
    // A new version of the waiver is to be signed anew.
    alerts(&window).await;
    window.retype("alert-waiver-limit", "2").await;
    window.key(Key::Tab).await;
    kept(&window, "waiver_version", 2).await;
    kept(&window, "elsewhere_minutes", 60).await;
    window.key(Key::F1).await;
    window.gone("alert-waiver").await;
    // The same code within a second is one scan: see `SAME_CODE_MS` of the scan detector.
    tokio::time::sleep(Duration::from_millis(1200)).await;
    window.scan("10000001").await;
    window.verdict("refuse", "免责").await;
    window.close().await;
}

async fn alerts(window: &Window) {
    window.key(Key::F6).await;
    window.click("settings-alerts").await;
    window.find("alert-waiver").await;
}

/// Waits until the till keeps a number.
async fn kept(window: &Window, name: &str, number: i64) {
    let until = Instant::now() + PATIENCE;
    loop {
        let told = window.ask("alerts", json!({})).await.expect("whoever is signed in may ask");
        if told["alerts"][name] == number {
            return;
        }
        assert!(Instant::now() < until, "{name} is not {number}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A message stands in the row of an element, in sight.
async fn said_in_its_row(window: &Window, id: &str, words: &str) {
    let row = format!("[data-field]:has([data-testid=\"{id}\"]) [role=alert]");
    let said = format!("document.querySelector('{row}')?.innerText.includes('{words}')");
    window.until(&format!("{words} in the row of {id}"), &said).await;
    window.in_sight(&row).await;
}

/// The boxes of the owner's own fields, in their order.
async fn own_keys(window: &Window) -> Vec<String> {
    let list = window.ask("field_list", json!({})).await.expect("whoever is signed in may ask");
    let fields = list.as_array().expect("a list").iter();
    fields.map(|field| format!("custom-{}", field["id"].as_str().expect("it has one"))).collect()
}

/// Sees what stands in them on the member's page.
async fn own(window: &Window, fields: &[(&str, &str)]) {
    window.find("member-page").await;
    window.click("tab-people").await;
    for (name, value) in fields {
        let row = format!(
            "[...document.querySelectorAll('[data-testid=people] dl > div')].some((row) =>
                row.innerText.includes('{name}') && row.innerText.includes('{value}'))"
        );
        window.until(&format!("{name}: {value}"), &row).await;
    }
}

fn cursor_in(id: &str) -> String {
    format!("document.activeElement?.dataset.testid === '{id}'")
}
