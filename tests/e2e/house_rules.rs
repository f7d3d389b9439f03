//! What the owner sets for the whole house: daily backups and the recovery passphrase, and kinds of
//! pass.

use fantoccini::key::Key;
use serde_json::json;

use crate::{shop::Shop, shots, window::Window};

#[tokio::test]
async fn the_owner_sets_daily_backups_and_a_passphrase() {
    let shop = Shop::demo();
    let folder = shop.home().join("每日备份");
    let path = folder.to_str().expect("a path in UTF-8").to_owned();
    let window = Window::signed_in(&shop, "owner").await;
    window.key(Key::F6).await;
    window.click("settings-store").await;
    window.says("recovery-state", "还没设置").await;
    shots::both(&window, "backups-unset").await;

    window.click("daily-on").await;
    window.click("daily-folder").await;
    window.compose("backup").await;
    window.click("daily-save").await;
    window
        .until("a path that is none is said", "document.body.innerText.includes('写不进去')")
        .await;
    shots::both(&window, "backups-refused").await;
    window.ctrl('a').await;
    window.compose(&path).await;
    window.key(Key::Enter).await;
    window.until("it is mended", "!document.body.innerText.includes('写不进去')").await;

    for field in ["recovery-new", "recovery-again"] {
        window.click(field).await;
        window.compose("正确 马 电池 订书钉 云朵 河流").await;
    }
    window.key(Key::Enter).await;
    window.says("recovery-state", "已设置").await;
    shots::both(&window, "backups-set").await;
    window.close().await;
    let told = shop.tool(&["backups"]);
    assert_eq!(told["plan"]["folder"], path.as_str());
    assert_eq!(told["recovery"], true);
    let made = told["made"].as_str().expect("the day's backup was due");
    assert!(std::path::Path::new(made).starts_with(&folder), "{made}");
    assert!(std::path::Path::new(&format!("{made}.keys")).exists(), "its keys lie beside it");
}

#[tokio::test]
async fn the_owner_sets_a_kind_of_pass_with_all_its_terms() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "owner").await;
    window.key(Key::F6).await;
    window.click("settings-passes").await;
    window.click("item-add").await;
    window.click("pass-name").await;
    window.compose("早场季卡").await;
    window.find("pass-unit").await.select_by_value("quarter").await.expect("quarters");
    for (field, text) in [("pass-count", "1"), ("pass-price", "899"), ("pass-freeze-days", "14")] {
        window.click(field).await;
        window.ctrl('a').await;
        window.compose(text).await;
    }
    window.find("pass-start").await.select_by_value("first_visit").await.expect("a start");
    window.click("pass-more").await;
    window.click("pass-weekday-6").await;
    window.click("pass-weekday-1").await;
    window.click("pass-hours").await;
    window.compose("早上").await;
    window.key(Key::Enter).await;
    window
        .until("hours that are none are said", "document.body.innerText.includes('时段写成')")
        .await;
    shots::both(&window, "pass-refused").await;
    window.ctrl('a').await;
    window.compose("6:00-9:30").await;
    window.key(Key::Enter).await;
    window.until("it is saved", "!document.querySelector('[data-testid=save-item]')").await;
    window.until("it is listed", "document.body.innerText.includes('1 个季度')").await;
    shots::both(&window, "pass-saved").await;
    window.close().await;
    let kinds = shop.tool(&["pass-types"]);
    let kinds = kinds.as_array().expect("a list");
    let kind = kinds.iter().find(|kind| kind["name"] == "早场季卡").expect("it was saved");
    assert_eq!((&kind["price_minor"], &kind["days"]), (&json!(89_900), &json!(null)));
    let terms = &kind["terms"];
    assert_eq!(terms["length"], json!({ "unit": "quarter", "count": 1 }));
    assert_eq!(terms["start"], "first_visit");
    assert_eq!(terms["weekdays"], json!([1, 6]));
    assert_eq!(terms["hours"], json!([{ "from": 360, "to": 570 }]));
    assert_eq!(terms["freeze_days"], 14);
}
