//! What is done to a whole file: money is loaded onto it, and a person is erased.

use fantoccini::key::Key;

use crate::{
    looks::{dress, look},
    member_acts::{fill, more, on_one_screen},
    shop::Shop,
    window::Window,
};

#[tokio::test]
async fn money_is_loaded_with_a_managers_pin() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "cashier").await;
    window.open_member("林知夏").await;
    let before = window.number("member-stored").await;
    more(&window, "topUp").await;
    window.find("ask-amount").await;
    look(&window, "top-up").await;
    for (amount, words) in [("二百", "金额看不懂"), ("0", "金额")] {
        window.retype("ask-amount", amount).await;
        window.retype("ask-because", "现金").await;
        window.key(Key::Enter).await;
        // Before a manager is called for it.
        window.told(words).await;
        window.gone("approval").await;
        // What was typed is still there, to be mended.
        let typed =
            format!("document.querySelector('[data-testid=ask-amount]')?.value === '{amount}'");
        window.until("what was typed", &typed).await;
    }
    window.retype("ask-amount", "200.50").await;
    window.key(Key::Enter).await;
    window.find("approval").await;
    look(&window, "top-up-approval").await;
    window.approve(&shop, "manager").await;
    window.gone("approval").await;
    window.shows("member-stored", before + 20_050).await;

    // It can be taken back at once, by leave of whoever may load money: said on the key.
    window.says("undo", "店长同意").await;
    window.ctrl('z').await;
    window.find("approval").await;
    window.approve(&shop, "manager").await;
    window.shows("member-stored", before).await;
    window.says("member-page", "200.50").await; // among what happened
    on_one_screen(&window).await;
    look(&window, "topped-up").await;
    window.close().await;
    assert_eq!(shop.count("topped_up"), 1);
    assert_eq!(shop.count("fact_voided"), 1);
}

#[tokio::test]
async fn a_person_is_erased_and_nowhere_named() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "cashier").await;
    window.scan("10000001").await;
    window.verdict("admit", "年卡").await;
    window.open_member("林知夏").await;
    // The thirteenth act begins the next row of the keyboard.
    window.key(Key::F9).await;
    window.says("act-erase", "Q").await;
    window.press(&['q']).await;
    window.find("erase-panel").await;
    window.says("erase-panel", "无法恢复").await;
    window.says("erase-lost", "年卡").await;
    look(&window, "erase").await;
    fill(&window, "ask-name", "林知").await;
    window.key(Key::Enter).await;
    window.told("没有删除").await;
    look(&window, "erase-other-name").await;
    window.key(Key::Escape).await;
    window.key(Key::Escape).await;
    window.gone("act-menu").await;
    dress(&window, "en", "dark").await;
    window.open_member("林知夏").await;
    more(&window, "erase").await;
    window.find("erase-panel").await;
    look(&window, "erase-en").await;
    dress(&window, "zh-CN", "light").await;

    window.open_member("林知夏").await;
    more(&window, "erase").await;
    window.retype("ask-name", "林知夏").await;
    window.key(Key::Enter).await;
    window.find("approval").await;
    look(&window, "erase-approval").await;
    window.approve(&shop, "manager").await;
    window.told("已删除").await;
    window.gone("member-page").await;
    look(&window, "erased").await;
    unnamed(&window, "the page").await;

    window.press(&['/']).await;
    window.compose("林知夏").await;
    window.until("nobody is found", "document.body.innerText.includes('没有')").await;
    window.gone("result-0").await;
    window.key(Key::Escape).await;
    window.key(Key::Escape).await;
    window.key(Key::F1).await;
    window.find("scan-invite").await;
    unnamed(&window, "check-in").await;
    window.ctrl('l').await;
    window.sign_in(&shop, "manager").await;
    window.key(Key::F5).await;
    // What they lost, points and money each for itself.
    window
        .until(
            "what they lost",
            "/随资料删除作废[^|]*-1,071\\s+-¥1,273.75/.test(document.body.innerText)",
        )
        .await;
    look(&window, "erased-today").await;
    unnamed(&window, "today's list").await;
    window.key(Key::F1).await;
    tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
    window.scan("10000001").await;
    window.verdict("refuse", "没有会员").await;
    unnamed(&window, "the verdict").await;
    window.close().await;
    assert_eq!(shop.count("member_erased"), 1);
}

async fn unnamed(window: &Window, page: &str) {
    window
        .until(&format!("no name on {page}"), "!document.body.innerText.includes('林知夏')")
        .await;
    let source = window.source().await;
    assert!(!source.contains("林知夏"), "hidden on {page}");
}
