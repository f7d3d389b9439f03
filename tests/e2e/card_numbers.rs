//! Numbers of new cards: the owner says how they look, and the desk gives them out, in the form of a
//! new member and where a card is replaced.

use fantoccini::key::Key;

use crate::{looks::look, owner_rules::at_its_box, shop::Shop, window::Window};

/// What stands in a box, once something does that is written as these cards are: 68, six digits in
/// a row and a check digit.
async fn numbered(window: &Window, id: &str) -> String {
    let value = format!("document.querySelector('[data-testid={id}]')?.value ?? ''");
    window.until(&format!("a number in {id}"), &format!("/^68[0-9]{{7}}$/.test({value})")).await;
    window.script(&format!("return {value}")).await.as_str().expect("it is text").to_owned()
}

async fn refused(window: &Window, id: &str, words: &str) {
    window.key(Key::Enter).await;
    at_its_box(window, id, words).await;
    window.in_sight("[data-testid=save-rules]").await;
}

#[tokio::test]
async fn the_owner_sets_how_cards_are_numbered_and_f7_gives_one_out() {
    let shop = Shop::demo();
    let visits = shop.count("visit_recorded");
    let window = Window::signed_in(&shop, "owner").await;
    window.ctrl('n').await;
    window.find("field-name").await;
    window.gone("number-card").await; // the owner has not said how
    window.key(Key::Escape).await;

    window.key(Key::F6).await;
    window.click("settings-rules").await;
    window.retype("rule-card_prefix", "A8").await;
    refused(&window, "rule-card_prefix", "位数字").await;
    look(&window, "card-numbers-refused").await;
    window.retype("rule-card_prefix", "68").await;
    window.retype("rule-card_digits", "六").await;
    refused(&window, "rule-card_digits", "整数").await;
    window.retype("rule-card_digits", "2").await;
    refused(&window, "rule-card_digits", "最少 4 位").await;
    window.retype("rule-card_digits", "6").await;
    window.retype("rule-card_block", "99999").await;
    refused(&window, "rule-card_block", "千分之一").await;
    window.retype("rule-card_block", "50").await;
    window.key(Key::Enter).await;
    window.told("已保存").await;
    look(&window, "card-numbers").await;

    window.ctrl('n').await;
    window.find("number-card").await;
    window.compose("王小明").await;
    window.key(Key::F7).await;
    let first = numbered(&window, "field-card").await;
    look(&window, "card-number-form").await;
    window.key(Key::Enter).await;
    window.says("member-name", "王小明").await;
    window.says("member-page", &first).await;

    // Their card is lost, and another one takes its place.
    window.click("tab-cards").await;
    window.click(&format!("replace-{first}")).await;
    let cursor = "document.activeElement?.dataset.testid === 'fresh-card'";
    window.until("the cursor in the box", cursor).await;
    window.key(Key::F7).await;
    let second = numbered(&window, "fresh-card").await;
    assert_ne!(first, second);
    look(&window, "card-number-replace").await;
    window.key(Key::Enter).await;
    window.told(&second).await;
    window.says("cards", &second).await;
    window.gone("fresh-card").await;

    // One that was printed elsewhere is scanned into the box, and nobody is checked in.
    window.click(&format!("replace-{second}")).await;
    window.until("the cursor in the box", cursor).await;
    window.scan("20000001").await;
    let scanned = "document.querySelector('[data-testid=fresh-card]')?.value === '20000001'";
    window.until("the scanned number in the box", scanned).await;
    window.key(Key::Enter).await;
    window.says("cards", "20000001").await;
    look(&window, "cards").await;

    window.key(Key::F1).await;
    window.find("scan-invite").await;
    window.scan(&first).await;
    window.verdict("refuse", "已补办新卡").await;
    window.close().await;
    assert_eq!(shop.count("cards_allotted"), 1);
    assert_eq!(shop.count("visit_recorded"), visits + 1, "only the old card was shown at the door");
}
