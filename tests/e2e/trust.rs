//! A store that may not be the newest says so, spends nothing, and is vouched for by a manager.

use fantoccini::key::Key;

use crate::{shop::Shop, shots, window::Window};

#[tokio::test]
async fn without_its_anchor_a_store_spends_nothing_until_a_manager_vouches() {
    let shop = Shop::demo();
    Window::signed_in(&shop, "cashier").await.close().await;
    shop.tool(&["status"]);
    shop.lose_anchor();

    let window = Window::signed_in(&shop, "cashier").await;
    window.find("distrust-banner").await;
    window.scan("10000001").await;
    window.says("verdict-name", "林知夏").await;
    shots::both(&window, "distrust").await;
    window.key(Key::F3).await;
    let on_file = window.number("points-on-file").await;
    assert!(on_file > 0);
    window.shows("points-here", 0).await;
    window.press(&['1']).await;
    window.says("redeem-problem", "数据还没有确认").await;
    shots::both(&window, "distrust-redeem").await;
    window.key(Key::Enter).await;
    window.shows("points-on-file", on_file).await;

    window.click("vouch").await;
    window.approve(&shop, "manager").await;
    window.gone("distrust-banner").await;
    window.shows("points-here", on_file).await;
    window.press(&['1']).await;
    let cost = window.number("redeem-uses").await;
    window.key(Key::Enter).await;
    window.shows("points-here", on_file - cost).await;
    shots::both(&window, "vouched").await;
    window.close().await;
    assert_eq!(shop.count("stream_vouched"), 1);
}
