//! A morning without a mouse.

use fantoccini::key::Key;

use crate::{shop::Shop, window::Window};

#[tokio::test]
async fn check_in_redeem_and_undo_by_keys_alone() {
    let shop = Shop::demo();
    let window = Window::open(&shop).await;
    window.press(&['1']).await;
    window.find("pin").await;
    window.type_slowly(shop.pin("owner")).await;
    window.find("scan-invite").await;

    window.scan("10000001").await;
    window.says("verdict-name", "林知夏").await;
    window.key(Key::F3).await;
    let before = window.number("points-here").await;
    window.press(&['2']).await;
    let cost = window.number("redeem-uses").await;
    window.key(Key::Enter).await;
    window.shows("points-here", before - cost).await;
    window.ctrl('z').await;
    window.shows("points-here", before).await;

    window.key(Key::Escape).await;
    window.find("scan-invite").await;
    window.ctrl('l').await;
    window.find("lock-screen").await;
    window.close().await;
    assert_eq!(shop.count("points_redeemed"), 1);
    assert_eq!(shop.count("fact_voided"), 1);
}

#[tokio::test]
async fn the_focus_is_always_seen() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "owner").await;
    window.key(Key::F6).await;
    window.find("settings-desk").await;
    for _ in 0..24 {
        window.key(Key::Tab).await;
        let ring = window
            .script(
                "const held = document.activeElement;
                 if (!held || held === document.body) return 'body';
                 const { outlineStyle, outlineWidth } = getComputedStyle(held);
                 return outlineStyle === 'none' || outlineWidth === '0px' ? held.outerHTML : ''",
            )
            .await;
        let ring = ring.as_str().unwrap_or_default();
        assert!(ring.is_empty() || ring == "body", "no ring around {ring}");
    }
    window.close().await;
}
