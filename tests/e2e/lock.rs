//! Signing in, locking, and what a locked desk gives away: nothing.

use fantoccini::key::Key;
use serde_json::json;

use crate::{shop::Shop, shots, window::Window};

/// A six-digit PIN that is not this one.
fn wrong(pin: &str) -> String {
    let first = if pin.starts_with('7') { '8' } else { '7' };
    std::iter::once(first).chain(pin.chars().skip(1)).collect()
}

#[tokio::test]
async fn signs_in_by_pin_with_the_keyboard_alone() {
    let shop = Shop::demo();
    let window = Window::open(&shop).await;
    shots::both(&window, "lock").await;
    window.press(&['1']).await;
    window.pin_box().await;
    shots::both(&window, "pin").await;
    window.type_pin(&wrong(shop.pin("owner"))).await;
    window.says("pin-message", "还可以试 4 次").await;
    shots::both(&window, "pin-wrong").await;
    window.type_pin(shop.pin("owner")).await;
    window.find("scan-invite").await;
    shots::both(&window, "home").await;
    window.close().await;
}

#[tokio::test]
async fn five_wrong_pins_lock_somebody_out_and_a_restart_does_not_help() {
    let shop = Shop::demo();
    let window = Window::open(&shop).await;
    window.choose(shop.name("cashier")).await;
    for left in [4, 3, 2, 1] {
        window.type_pin(&wrong(shop.pin("cashier"))).await;
        window.says("pin-message", &format!("{left} 次")).await;
    }
    window.type_pin(&wrong(shop.pin("cashier"))).await;
    window.says("pin-message", "输错太多次").await;
    shots::both(&window, "pin-locked").await;
    window.close().await;

    let window = Window::open(&shop).await;
    window.choose(shop.name("cashier")).await;
    window.says("pin-message", "输错太多次").await;
    assert_eq!(window.attribute("pin", "disabled").await.as_deref(), Some("true"));
    window.close().await;
}

#[tokio::test]
async fn a_locked_desk_holds_nothing_of_a_member() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "owner").await;
    window.scan("10000001").await;
    window.says("verdict-name", "林知夏").await;
    window.key(Key::F2).await;
    window.says("member-name", "林知夏").await;
    assert!(window.source().await.contains("10000001"));
    window.ctrl('l').await;
    window.find("lock-screen").await;
    let left = window.source().await;
    for trace in ["林知夏", "10000001", "13810000000", "年卡", "member/"] {
        assert!(!left.contains(trace), "{trace} is still in the page");
    }
    window.scan("10000001").await;
    window.key(Key::F2).await;
    assert!(!window.source().await.contains("林知夏"), "a locked desk answered");
    window.close().await;
}

#[tokio::test]
async fn a_locked_desk_refuses_every_question() {
    let shop = Shop::demo();
    let before = shop.journal();
    let window = Window::open(&shop).await;
    for (command, arguments) in [
        ("find", json!({ "query": "林", "limit": 5 })),
        ("check_in_card", json!({ "card": "10000001" })),
        ("recent", json!({})),
        ("today", json!({})),
        ("day", json!({ "day": null })),
        ("rules", json!({})),
        ("staff_all", json!({})),
        ("backup", json!({})),
        ("vouch", json!({ "approval": null })),
    ] {
        let error = window.ask(command, arguments).await.expect_err("nobody is signed in");
        assert_eq!(error["code"], "not_signed_in", "{command}: {error}");
    }
    window.close().await;
    assert_eq!(shop.journal(), before, "something was recorded");
}
