//! What the owner sets for the whole house: daily backups and the recovery passphrase.

use fantoccini::key::Key;

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
