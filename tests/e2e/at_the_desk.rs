//! Check-in: a scan, its verdict in a word, a colour and a reason, what mends it, and undo.

use std::time::{Duration, Instant};

use fantoccini::key::Key;
use serde_json::json;

use crate::{
    shop::Shop,
    shots,
    window::{PATIENCE, Window},
};

/// Sees the whole answer: the verdict, its word, its ground and its ink, and the reason.
async fn verdict(window: &Window, verdict: &str, word: &str, ground: &str, reason: &str) {
    window.verdict(verdict, reason).await;
    assert_eq!(window.text("verdict-word").await, word);
    assert_eq!(window.style("verdict", "background-color").await, ground);
}

/// Waits for so many facts to be void, in the journal of the day.
async fn voided(window: &Window, wanted: usize) {
    let until = Instant::now() + PATIENCE;
    loop {
        let day = window.ask("day", json!({ "day": null })).await.expect("the owner may look");
        let rows = day["rows"].as_array().expect("a day has rows");
        if rows.iter().filter(|row| row["voided"] == true).count() == wanted {
            return;
        }
        assert!(Instant::now() < until, "not {wanted} are void");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

const GREEN: &str = "rgb(230, 243, 234)";
const AMBER: &str = "rgb(253, 241, 220)";
const RED: &str = "rgb(251, 233, 231)";

#[tokio::test]
async fn a_scan_is_answered_in_a_word_a_colour_and_a_reason() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "manager").await;
    window.scan("10000001").await;
    verdict(&window, "admit", "请进", GREEN, "年卡").await;
    assert_eq!(window.text("verdict-name").await, "林知夏");
    shots::both(&window, "verdict-admit").await;

    window.scan("10000003").await;
    verdict(&window, "note", "请进，留意", AMBER, "10 次卡只剩 1 次").await;
    shots::both(&window, "verdict-note").await;

    window.scan("10000002").await;
    verdict(&window, "refuse", "请留步", RED, "到期").await;
    shots::both(&window, "verdict-refuse").await;

    window.scan("10000012").await;
    verdict(&window, "refuse", "请留步", RED, "限制这位会员").await;
    shots::both(&window, "verdict-banned").await;

    window.scan("99999999").await;
    verdict(&window, "refuse", "请留步", RED, "没有会员").await;
    assert!(window.text("verdict-name").await.contains("99999999"));
    window.find("mend-new_member").await;
    shots::both(&window, "verdict-unknown").await;
    window.close().await;
}

#[tokio::test]
async fn ctrl_z_takes_a_check_in_back() {
    let shop = Shop::demo();
    let visits = shop.count("visit_recorded");
    let window = Window::signed_in(&shop, "receptionist").await;
    let shown = window.number("today-visits").await;
    window.scan("10000001").await;
    window.says("verdict-name", "林知夏").await;
    window.shows("today-visits", shown + 1).await;
    window.ctrl('z').await;
    window.find("scan-invite").await;
    window.shows("today-visits", shown).await;
    shots::both(&window, "undone").await;
    window.close().await;
    assert_eq!(shop.count("visit_recorded"), visits + 1, "a fact is never removed");
    assert_eq!(shop.count("fact_voided"), 1);
}

#[tokio::test]
async fn a_scan_leaves_no_trace_in_the_box_it_ran_over() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "owner").await;
    window.search("林知").await;
    window.scan("10000005").await;
    window.says("verdict-name", "李喆").await;
    let left = "document.querySelector('[data-testid=search]').value === '林知'";
    window.until("the box as it was", left).await;
    window.key(Key::Escape).await;

    // On another page, with another box: the same, and the answer is shown at home.
    window.ctrl('n').await;
    window.find("field-name").await;
    window.key(Key::F5).await;
    window.find("day").await;
    window.scan("10000001").await;
    window.says("verdict-name", "林知夏").await;
    window.close().await;
}

#[tokio::test]
async fn a_red_verdict_is_mended_by_one_key_and_both_steps_are_taken_back() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "owner").await;
    window.scan("10000002").await;
    window.find("mend-give_pass").await;
    window.key(Key::F7).await;
    window.find("pass-type-1").await;
    shots::both(&window, "give-pass").await;
    window.key(Key::Enter).await;
    verdict(&window, "admit", "请进", GREEN, "月卡").await;
    // At once: what was done a while ago is taken back at the page for it.
    window.ctrl('z').await;
    window.find("scan-invite").await;
    window.ctrl('z').await;
    voided(&window, 2).await;
    window.scan("10000002").await;
    verdict(&window, "refuse", "请留步", RED, "到期").await;
    window.close().await;
    assert_eq!(shop.count("pass_given"), 1);
    assert_eq!(shop.count("fact_voided"), 2);
}

#[tokio::test]
async fn a_receptionist_lets_somebody_in_with_a_managers_pin() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "receptionist").await;
    window.scan("10000011").await;
    window.find("mend-let_in_once").await;
    window.key(Key::F9).await;
    window.find("reason-1").await;
    shots::both(&window, "let-in").await;
    window.press(&['2']).await;
    window.find("approval").await;
    shots::both(&window, "approval").await;
    window.approve(&shop, "manager").await;
    window.gone("approval").await;
    verdict(&window, "note", "请进，留意", AMBER, "放行").await;
    window.close().await;
}

#[tokio::test]
async fn digits_typed_at_home_are_searched_for() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "cashier").await;
    window.find("scan-invite").await;
    window.type_slowly("7771").await;
    window.find("result-0").await;
    let typed = "document.querySelector('[data-testid=search]').value === '7771'";
    window.until("all four digits in their order", typed).await;
    window.close().await;
}
