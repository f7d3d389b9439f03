//! Finding and registering members: rare characters, and names that would be markup.

use fantoccini::key::Key;
use serde_json::json;

use crate::{shop::Shop, shots, window::Window};

#[tokio::test]
async fn rare_characters_are_found_and_shown() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "owner").await;
    for (query, name, shot) in [
        ("喆", "李喆", "zhe"),
        ("堃", "王堃", "kun"),
        ("祎", "张祎", "yi"),
        ("曾𠮷", "曾𠮷", "ji"),
        ("𠮷", "曾𠮷", "ji-alone"),
    ] {
        window.search(query).await;
        window.says("result-0", name).await;
        shots::both(&window, &format!("search-{shot}")).await;
        window.key(Key::Enter).await;
        window.says("member-name", name).await;
        shots::both(&window, &format!("member-{shot}")).await;
    }
    window.close().await;
}

#[tokio::test]
async fn pinyin_initials_and_the_end_of_a_phone_find_too() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "owner").await;
    for query in ["lzx", "linzhixia", "13810000000"] {
        window.search(query).await;
        window
            .until(query, "document.querySelector('#search-results').innerText.includes('林知夏')")
            .await;
    }
    window.close().await;
}

#[tokio::test]
async fn a_name_never_becomes_markup() {
    const NAME: &str = "<img src=x onerror=alert(1)>";
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "owner").await;
    window.ctrl('n').await;
    window
        .until("the cursor in the name", "document.activeElement?.dataset.testid === 'field-name'")
        .await;
    window.compose(NAME).await;
    window.click("field-note").await;
    window.compose("<b>bold</b> {{ 1 + 1 }}").await;
    window.click("save-member").await;
    window.says("member-name", NAME).await;
    shots::both(&window, "markup-member").await;
    window.key(Key::Enter).await;
    window.says("verdict-name", NAME).await;
    window.search("<img").await;
    window.says("result-0", NAME).await;
    shots::both(&window, "markup-verdict").await;
    let made =
        window.script("return document.querySelectorAll('img[src=x], main b b').length").await;
    assert_eq!(made, json!(0), "markup was made of a name");
    window.close().await;
}

#[tokio::test]
async fn a_phone_that_is_no_phone_is_said_beside_its_box() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "cashier").await;
    window.ctrl('n').await;
    window
        .until("the cursor in the name", "document.activeElement?.dataset.testid === 'field-name'")
        .await;
    window.compose("王小明").await;
    window.click("field-phone").await;
    window.compose("12").await;
    window.click("save-member").await;
    let marked = "document.activeElement?.dataset.testid === 'field-phone' &&
        document.activeElement.getAttribute('aria-invalid') === 'true'";
    window.until("the phone's box marked, with the cursor in it", marked).await;
    shots::both(&window, "form-problem").await;
    window.close().await;
}

#[tokio::test]
async fn what_has_the_focus_in_the_form_is_always_in_sight() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "cashier").await;
    window.ctrl('n').await;
    for (width, height) in [(1024, 768), (1366, 768)] {
        window.resize(width, height).await;
        window.click("field-name").await;
        let mut seen = 0;
        while window.script("return Boolean(document.activeElement?.closest('form'))").await == true
        {
            window.focus_in_sight().await;
            window.in_sight("[data-testid=save-member]").await;
            window.key(Key::Tab).await;
            seen += 1;
        }
        assert!(seen > 15, "the form has more boxes than {seen}");
        shots::one(&window, &format!("form-end-{width}")).await;
    }
    window.close().await;
}
