//! The code on a member's own phone: the owner says above which cost, a phone is set up at the desk, and a
//! redemption asks for what it shows.

use std::time::{SystemTime, UNIX_EPOCH};

use fantoccini::key::Key;
use punchcard_domain::phone_code::{code_at, step_of};
use serde_json::Value;

use crate::{
    looks::{dress, look},
    member_acts::more,
    owner_rules::at_its_box,
    rewards::{choose, redeem},
    shop::Shop,
    shots,
    window::Window,
};

#[expect(clippy::disallowed_methods, reason = "the phone has a clock of its own")]
fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
    i64::try_from(since.as_millis()).expect("not that much later")
}

/// What the phone shows now.
fn shown(secret: &str) -> String {
    code_at(secret, now_ms()).expect("a secret")
}

/// Six digits that the phone does not show, nor showed just now.
fn other_than_shown(secret: &str) -> String {
    let near = |code: &String| step_of(secret, code, now_ms()).is_none();
    (0..10).map(|n| format!("00000{n}")).find(near).expect("three of ten at most are near")
}

/// Says a code to whoever asks for it.
async fn say(window: &Window, code: &str) {
    window.until("the cursor in the box", CURSOR).await;
    window.compose(code).await;
    window.key(Key::Enter).await;
}

const CURSOR: &str = "document.activeElement?.dataset.testid === 'redeem-code'";

/// The owner sets the cost above which a code is asked for.
async fn ask_above(window: &Window, points: &str) {
    window.key(Key::F6).await;
    window.click("settings-rules").await;
    window.retype("rule-code_above", "一百").await;
    window.key(Key::Enter).await;
    at_its_box(window, "rule-code_above", "填").await;
    look(window, "code-above-refused").await;
    window.retype("rule-code_above", points).await;
    window.key(Key::Enter).await;
    window.gone("not-saved").await;
    look(window, "code-above").await;
}

/// What is typed where a phone has no camera.
async fn secret(window: &Window) -> String {
    window.text("phone-secret").await.split_whitespace().collect()
}

/// Sets a phone up, once that is asked for; returns its secret.
async fn set_up(shop: &Shop, window: &Window) -> String {
    window.find("phone-make").await;
    look(window, "phone-before").await;
    window.key(Key::Enter).await;
    window.find("approval").await;
    window.approve(shop, "manager").await;
    let secret = secret(window).await;
    window.in_sight("[data-testid=phone-panel] img").await;
    let drawn = "document.querySelector('[data-testid=phone-panel] img').naturalWidth > 0";
    window.until("the picture that a phone reads", drawn).await;
    look(window, "phone-shown").await;
    window.key(Key::Enter).await;
    window.gone("phone-panel").await;
    assert!(!window.source().await.contains(&secret[..4]), "it is shown once");
    secret
}

#[tokio::test]
async fn what_is_dear_asks_for_the_code_on_the_members_phone() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "owner").await;
    ask_above(&window, "99").await;
    window.ctrl('l').await;
    window.sign_in(&shop, "cashier").await;

    // No phone is set up yet: said before anything is typed.
    choose(&window, "林知夏", '1').await;
    let before = window.number("points-on-file").await;
    window.find("redeem-uses").await;
    window.key(Key::Enter).await;
    window.says("code-panel", "还没有设置").await;
    look(&window, "code-no-phone").await;
    window.key(Key::Enter).await;
    let secret = set_up(&shop, &window).await;
    window.until("the cursor in the box", CURSOR).await;
    look(&window, "code-asked").await;
    say(&window, &other_than_shown(&secret)).await;
    window.says("code-panel", "验证码不对").await;
    look(&window, "code-wrong").await;
    let code = shown(&secret);
    say(&window, &code).await;
    window.shows("points-on-file", before - 100).await;
    window.gone("code-panel").await;

    // A code works once.
    window.press(&['1']).await;
    window.find("redeem-uses").await;
    window.key(Key::Enter).await;
    say(&window, &code).await;
    window.says("code-panel", "已经用过").await;
    look(&window, "code-used").await;
    assert_eq!(window.number("points-on-file").await, before - 100);

    // The phone is flat: a manager lets it through.
    window.key(Key::F9).await;
    window.find("approval").await;
    shots::both(&window, "code-without").await;
    window.approve(&shop, "manager").await;
    window.shows("points-on-file", before - 200).await;
    window.gone("code-panel").await;
    look(&window, "code-let-through").await;
    window.close().await;
    assert_eq!(shop.count("points_redeemed"), 2);
    let _: Value = shop.tool(&["verify"]);
}

#[tokio::test]
async fn whoever_guesses_codes_waits() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "owner").await;
    ask_above(&window, "0").await;
    dress(&window, "en", "dark").await;
    window.open_member("林知夏").await;
    more(&window, "phone").await;
    window.find("phone-make").await;
    window.key(Key::Enter).await;
    let secret = secret(&window).await;
    look(&window, "phone-shown-en").await;
    window.key(Key::Enter).await;
    window.gone("phone-panel").await;
    more(&window, "phone").await;
    window.says("phone-panel", "set up already").await;
    look(&window, "phone-again-en").await;
    window.key(Key::Escape).await;
    window.key(Key::Escape).await;

    choose(&window, "林知夏", '1').await;
    let before = window.number("points-on-file").await;
    window.find("redeem-uses").await;
    window.key(Key::Enter).await;
    window.find("code-panel").await;
    for _ in 0..5 {
        say(&window, &other_than_shown(&secret)).await;
        window.says("code-panel", "Not the code").await;
    }
    say(&window, &shown(&secret)).await;
    window.says("code-panel", "Too many wrong codes").await;
    look(&window, "code-locked-en").await;
    assert_eq!(window.number("points-on-file").await, before);
    // Nothing is asked of what the owner set no cost for.
    window.key(Key::Escape).await;
    window.gone("code-panel").await;
    dress(&window, "zh-CN", "light").await;
    window.key(Key::F6).await;
    window.click("settings-rules").await;
    window.retype("rule-code_above", "100").await;
    window.key(Key::Enter).await;
    window.gone("not-saved").await;
    choose(&window, "林知夏", '1').await;
    redeem(&window, before - 100).await;
    window.close().await;
    assert_eq!(shop.count("points_redeemed"), 1);
}
