//! What happens to a pass and to a card: frozen and back, lost and replaced.

use fantoccini::key::Key;

use crate::{looks::look, shop::Shop, window::Window};

/// The owner says what becomes of an alert.
async fn set_alert(window: &Window, alert: &str, level: &str) {
    window.key(Key::F6).await;
    window.click("settings-alerts").await;
    window.find(&format!("alert-{alert}")).await;
    let choose = format!(
        "const one = document.querySelector('[data-testid=alert-{alert}]');
         one.value = '{level}'; one.dispatchEvent(new Event('change')); return true;"
    );
    window.script(&choose).await;
    window.until("it is saved", "document.body.innerText.includes('已保存')").await;
}

async fn freeze(window: &Window) {
    window.open_member("林知夏").await;
    window.press(&['1']).await;
    window.click("act-freeze").await;
    window.says("member-page", "停卡到").await;
    look(window, "frozen-member").await;
    window.key(Key::F1).await;
    window.scan("10000001").await;
}

#[tokio::test]
async fn whoever_comes_back_ends_their_freeze() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "owner").await;
    freeze(&window).await;
    window.verdict("note", "恢复使用").await;
    look(&window, "back-from-a-freeze").await;
    window.close().await;
    assert_eq!(shop.count("pass_frozen"), 1);
}

#[tokio::test]
async fn a_frozen_pass_stops_at_the_desk_until_one_key_ends_its_freeze() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "owner").await;
    set_alert(&window, "frozen", "deny").await;
    freeze(&window).await;
    window.verdict("refuse", "停卡").await;
    window.find("mend-unfreeze").await;
    look(&window, "frozen-verdict").await;
    window.key(Key::F8).await;
    window.verdict("admit", "年卡").await;
    window.close().await;
    assert_eq!(shop.count("pass_frozen"), 1);
    assert_eq!(shop.count("pass_unfrozen"), 1);
}

#[tokio::test]
async fn a_lost_card_lets_nobody_in_and_the_one_in_its_place_does() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "owner").await;
    window.open_member("林知夏").await;
    window.click("tab-cards").await;
    window.click("lose-10000001").await;
    window.find("find-10000001").await;
    look(&window, "card-lost").await;
    window.key(Key::F1).await;
    window.scan("10000001").await;
    window.verdict("refuse", "挂失").await;
    look(&window, "card-lost-verdict").await;
    window.open_member("林知夏").await;
    window.click("tab-cards").await;
    window.click("replace-10000001").await;
    window.click("fresh-card").await;
    window.compose("88880001").await;
    window.click("save-card").await;
    window.find("replace-88880001").await;
    look(&window, "card-replaced").await;
    window.key(Key::F1).await;
    window.scan("88880001").await;
    window.verdict("admit", "年卡").await;
    window.scan("10000001").await;
    window.verdict("refuse", "").await;
    window.close().await;
}

#[tokio::test]
async fn an_alert_is_amber_or_red_as_the_owner_says() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "owner").await;
    window.scan("10000002").await;
    window.verdict("refuse", "到期").await;
    set_alert(&window, "expired", "warn").await;
    look(&window, "settings-alerts").await;
    window.key(Key::F1).await;
    window.scan("10000002").await;
    window.verdict("note", "到期").await;
    window.close().await;
}
