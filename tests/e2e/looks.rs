//! Every page in both languages, light and dark, at both sizes: nothing cut off, and nothing that
//! an accessibility checker objects to, contrast above all. And the pictures of the README.

use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::{shop::Shop, shots, window::Window};

const AXE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../ui/node_modules/axe-core/axe.min.js");

/// Sets language and theme the way a person does.
pub async fn dress(window: &Window, language: &str, theme: &str) {
    window.key(Key::F6).await;
    window.click(&format!("lang-{language}")).await;
    window.until("the language", &format!("document.documentElement.lang === '{language}'")).await;
    window.click(&format!("theme-{theme}")).await;
    window
        .until("the theme", &format!("document.documentElement.dataset.theme === '{theme}'"))
        .await;
}

/// What the page as it is now does against the rules of WCAG 2.2 AA.
pub async fn objections(window: &Window) -> Value {
    let axe = std::fs::read_to_string(AXE).expect("axe-core is there: scripts/ui.sh deps");
    if window.script("return typeof window.axe").await == json!("undefined") {
        window.script(&axe).await;
    }
    window.check_with_axe().await
}

/// A picture at both sizes, and the checks.
pub async fn look(window: &Window, name: &str) {
    shots::both(window, name).await;
    assert_eq!(objections(window).await, json!([]), "{name}");
}

async fn every_page(language: &str, theme: &str) {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "owner").await;
    dress(&window, language, theme).await;
    let named = |page: &str| format!("{language}-{theme}-{page}");
    look(&window, &named("settings-desk")).await;
    for tab in [
        "rules", "earn", "alerts", "rewards", "passes", "tiers", "fields", "staff", "import",
        "hub", "store",
    ] {
        window.click(&format!("settings-{tab}")).await;
        if ["earn", "rewards", "passes", "tiers", "fields", "staff"].contains(&tab) {
            window.click("item-add").await;
        }
        look(&window, &named(&format!("settings-{tab}"))).await;
    }
    window.key(Key::F1).await;
    window.find("scan-invite").await;
    look(&window, &named("home")).await;
    for (card, page) in [("10000001", "admit"), ("10000003", "note"), ("10000010", "refuse")] {
        window.scan(card).await;
        window.says("verdict", "").await;
        look(&window, &named(page)).await;
    }
    window.key(Key::F7).await;
    window.find("pass-type-1").await;
    look(&window, &named("give-pass")).await;
    window.key(Key::Escape).await;
    window.key(Key::F9).await;
    window.find("reason-1").await;
    look(&window, &named("let-in")).await;
    window.key(Key::Escape).await;
    for (key, ready, page) in [
        (Key::F2, "member-name", "member"),
        (Key::F3, "reward-1", "redeem"),
        (Key::F4, "earn-amount", "earn"),
        (Key::F5, "day", "today"),
        (Key::F10, "sync-page", "sync"),
    ] {
        window.key(key).await;
        window.find(ready).await;
        look(&window, &named(page)).await;
    }
    window.ctrl('n').await;
    window.find("field-name").await;
    look(&window, &named("form")).await;
    window.ctrl('l').await;
    window.find("pin").await;
    look(&window, &named("lock")).await;
    window.close().await;
}

#[tokio::test]
async fn every_page_in_chinese_and_light() {
    every_page("zh-CN", "light").await;
}

#[tokio::test]
async fn every_page_in_english_and_dark() {
    every_page("en", "dark").await;
}

#[tokio::test]
async fn english_and_back_and_dark_and_back() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "cashier").await;
    dress(&window, "en", "dark").await;
    window.says("nav-checkin", "Check in").await;
    let dark = window.script("return getComputedStyle(document.body).backgroundColor").await;
    window.key(Key::F1).await;
    window.scan("10000001").await;
    window.says("verdict-word", "Come in").await;
    dress(&window, "zh-CN", "light").await;
    window.says("nav-checkin", "签到").await;
    let light = window.script("return getComputedStyle(document.body).backgroundColor").await;
    assert_ne!(dark, light);
    window.close().await;
}

/// Writes the pictures of README.md and README.zh.md: `make screenshots` puts them into docs/images.
#[tokio::test]
async fn readme_pictures() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "manager").await;
    for (language, name, welcome) in [("en", "desk-en", "Come in"), ("zh-CN", "desk-zh", "请进")]
    {
        dress(&window, language, "light").await;
        window.key(Key::F1).await;
        window.scan(if language == "en" { "10000004" } else { "10000001" }).await;
        window.says("verdict-word", welcome).await;
        shots::one(&window, name).await;
    }
    window.close().await;
}

impl Window {
    async fn check_with_axe(&self) -> Value {
        let script = "const done = arguments[0];
            const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
            axe.run(document, { runOnly: tags }).then(({ violations }) =>
                done(violations.flatMap(({ id, nodes }) =>
                    nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary}`))),
                (error) => done([String(error)]));";
        self.page().execute_async(script, vec![]).await.expect("a script runs")
    }
}
