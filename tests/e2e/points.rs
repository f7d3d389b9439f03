//! Points: what the preview says is what happens, to the number on file and the number here.

use fantoccini::key::Key;

use crate::{shop::Shop, shots, window::Window};

/// Opens one of the pages about points for a member.
async fn page(window: &Window, key: Key, member: &str) {
    window.open_member(member).await;
    window.key(key).await;
    window.find("points-on-file").await;
}

#[tokio::test]
async fn points_are_given_as_previewed() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "cashier").await;
    page(&window, Key::F4, "林知夏").await;
    window.find("earn-amount").await;
    let (on_file, here) = figures(&window).await;
    window.type_slowly("128.50").await;
    window.says("earn-preview", "128.50").await;
    let points = window.number("earn-points").await;
    assert!(points > 0);
    shots::both(&window, "earn-preview").await;
    window.key(Key::Enter).await;
    window.shows("points-on-file", on_file + points).await;
    window.shows("points-here", here + points).await;
    // At once: it can be taken back for a few seconds only.
    window.ctrl('z').await;
    window.shows("points-on-file", on_file).await;
    window.click("earn-amount").await;
    window.compose("128.50").await;
    window.key(Key::Enter).await; // without a look at what it gives
    window.shows("points-on-file", on_file + points).await;
    shots::both(&window, "earned").await;
    window.close().await;
    assert_eq!(shop.count("points_earned"), 2);
    assert_eq!(shop.count("fact_voided"), 1);
}

#[tokio::test]
async fn a_redemption_takes_its_cost_from_both_numbers() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "cashier").await;
    page(&window, Key::F3, "林知夏").await;
    let (on_file, here) = figures(&window).await;
    window.press(&['1']).await;
    let cost = window.number("redeem-uses").await;
    assert!(cost > 0);
    shots::both(&window, "redeem-preview").await;
    window.key(Key::Enter).await;
    window.shows("points-on-file", on_file - cost).await;
    window.shows("points-here", here - cost).await;
    window.find("undo").await;
    shots::both(&window, "redeemed").await;
    window.close().await;
    assert_eq!(shop.count("points_redeemed"), 1);
}

#[tokio::test]
async fn a_receptionist_redeems_only_with_a_managers_pin() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "receptionist").await;
    page(&window, Key::F3, "林知夏").await;
    let (on_file, _) = figures(&window).await;
    let cost = window.attribute("reward-1", "data-cost").await.expect("a reward has a cost");
    let cost: i64 = cost.parse().expect("a cost is a number");
    window.press(&['1']).await;
    window.number("redeem-uses").await;
    window.key(Key::Enter).await;
    window.find("approval").await;
    shots::both(&window, "redeem-approval").await;

    window.key(Key::Escape).await;
    window.gone("approval").await;
    window.shows("points-on-file", on_file).await;

    window.click("redeem-confirm").await;
    window.approve(&shop, "manager").await;
    window.gone("approval").await;
    window.shows("points-on-file", on_file - cost).await;
    window.close().await;
    assert_eq!(shop.count("points_redeemed"), 1);
}

/// On file, and spendable here.
async fn figures(window: &Window) -> (i64, i64) {
    (window.number("points-on-file").await, window.number("points-here").await)
}
