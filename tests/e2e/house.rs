//! The first run, a store that cannot be opened, and settings that can be taken back.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
};

use fantoccini::Locator;
use serde_json::json;

use crate::{
    shop::{Shop, program},
    shots,
    window::Window,
};

#[tokio::test]
async fn a_new_shop_is_set_up_and_sees_what_to_do_first() {
    let shop = Shop::empty();
    let window = Window::open(&shop).await;
    window.find("first-run").await;
    shots::both(&window, "first-run").await;
    for (field, text) in [
        ("field-business", "打卡健身"),
        ("field-store", "静安店"),
        ("field-owner", "陈店主"),
        ("field-pin", "274913"),
        ("field-pin-again", "274913"),
    ] {
        window.click(field).await;
        window.compose(text).await;
    }
    window.click("set-up").await;
    window.pin_box().await;
    window.type_pin("274913").await;
    window.find("start-path").await;
    shots::both(&window, "start-path").await;
    window.close().await;
}

#[tokio::test]
async fn a_store_in_use_is_said_on_the_whole_window_and_tried_again() {
    let shop = Shop::demo();
    let mut other = Command::new(program("PUNCHCARD_TILL"))
        .arg("--data")
        .arg(shop.data())
        .args(["--json", "batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the tool starts");
    // It answers, so it has the store.
    let mut asks = other.stdin.take().expect("it is piped");
    let answers = BufReader::new(other.stdout.take().expect("it is piped"));
    writeln!(asks, "status").expect("it listens");
    let told = answers.lines().next().expect("it answers").expect("it is text");
    assert!(told.contains("business"), "{told}");
    let window = Window::open(&shop).await;
    assert_eq!(window.attribute("no-store", "data-code").await.as_deref(), Some("store_in_use"));
    shots::both(&window, "no-store").await;
    drop(asks); // its last line was read, so it ends
    other.wait().expect("it ends");
    // The window asks who may sign in beside how the desk stands: either may come first.
    let staff = window.ask("staff_list", json!({})).await.expect("the store can be opened now");
    assert!(!staff.as_array().expect("a list").is_empty(), "{staff}");
    window.click("retry").await;
    window.find("lock-screen").await;
    window.close().await;
}

#[tokio::test]
async fn what_is_switched_off_can_be_switched_on_again() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "owner").await;
    window.key(fantoccini::key::Key::F6).await;
    for (tab, name) in [("settings-passes", "月卡"), ("settings-staff", "何晴")] {
        window.click(tab).await;
        for off in [true, false] {
            window.choose_item(name).await;
            window.click("field-active").await;
            window.click("save-item").await;
            window.gone("save-item").await;
            let line = window.item(name).await;
            assert_eq!(line.contains("停用"), off, "{line}");
        }
    }
    window.close().await;
}

impl Window {
    /// One line of a list in the settings.
    async fn item(&self, name: &str) -> String {
        let line = self.listed(name).await;
        line.text().await.expect("the line is there")
    }

    async fn choose_item(&self, name: &str) {
        self.listed(name).await.click().await.expect("a line can be clicked");
        self.find("save-item").await;
    }

    async fn listed(&self, name: &str) -> fantoccini::elements::Element {
        let path = format!("//button[starts-with(@data-testid,'item-')][contains(., '{name}')]");
        self.page().wait().for_element(Locator::XPath(&path)).await.expect("it is in the list")
    }
}
