//! A morning without a mouse.

use fantoccini::key::Key;

use crate::{shop::Shop, window::Window};

#[tokio::test]
async fn check_in_redeem_and_undo_by_keys_alone() {
    let shop = Shop::demo();
    let window = Window::open(&shop).await;
    window.press(&['1']).await;
    window.pin_box().await;
    window.type_pin(shop.pin("owner")).await;
    window.find("scan-invite").await;

    window.scan("10000001").await;
    window.says("verdict-name", "林知夏").await;
    window.key(Key::F3).await;
    let before = window.number("points-here").await;
    window.press(&['2']).await;
    let cost = window.number("redeem-uses").await;
    window.key(Key::Enter).await;
    window.shows("points-here", before - cost).await;
    window.ctrl('z').await;
    window.shows("points-here", before).await;

    window.key(Key::Escape).await;
    window.find("scan-invite").await;
    window.ctrl('l').await;
    window.find("lock-screen").await;
    window.close().await;
    assert_eq!(shop.count("points_redeemed"), 1);
    assert_eq!(shop.count("fact_voided"), 1);
}

#[tokio::test]
async fn one_esc_leaves_a_box_and_not_the_form_and_ctrl_enter_saves_it() {
    let shop = Shop::demo();
    let members = shop.count("member_registered");
    let window = Window::signed_in(&shop, "owner").await;
    window.ctrl('n').await;
    window
        .until("the cursor in the name", "document.activeElement?.dataset.testid === 'field-name'")
        .await;
    window.compose("宋词").await;
    window.click("field-note").await;
    window.compose("晚上来").await;
    window.key(Key::Escape).await;
    window
        .until(
            "the form, and no box of it",
            "document.querySelector('[data-testid=member-form]') !== null
             && document.activeElement === document.body",
        )
        .await;
    window.click("field-note").await;
    window.press(&[Key::Control.into(), Key::Enter.into()]).await;
    window.says("member-name", "宋词").await;
    window.close().await;
    assert_eq!(shop.count("member_registered"), members + 1);
}

#[tokio::test]
async fn the_list_of_recent_visits_makes_way_for_esc_and_for_a_scan() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "owner").await;
    window.resize(1024, 768).await;
    window.click("recent-open").await;
    window.find("recent-drawer").await;
    window.key(Key::Escape).await;
    window.gone("recent-drawer").await;
    window.click("recent-open").await;
    window.find("recent-drawer").await;
    window.scan("10000001").await;
    window.says("verdict-name", "林知夏").await;
    window.gone("recent-drawer").await;
    window.close().await;
}

#[tokio::test]
async fn the_focus_is_always_seen() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "owner").await;
    window.key(Key::F6).await;
    window.find("settings-desk").await;
    for _ in 0..24 {
        window.key(Key::Tab).await;
        let ring = window
            .script(
                "const held = document.activeElement;
                 if (!held || held === document.body) return 'body';
                 const { outlineStyle, outlineWidth } = getComputedStyle(held);
                 return outlineStyle === 'none' || outlineWidth === '0px' ? held.outerHTML : ''",
            )
            .await;
        let ring = ring.as_str().unwrap_or_default();
        assert!(ring.is_empty() || ring == "body", "no ring around {ring}");
    }
    window.close().await;
}

/// Which part of the window what has the focus is in, in the order in which it is read.
const PART: &str = "const held = document.activeElement;
    if (!held || held === document.body) return -1;
    return ['header', 'nav', 'main', 'aside', 'footer'].findIndex((part) => held.closest(part))";

#[tokio::test]
async fn the_focus_goes_through_the_window_as_it_is_read() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "owner").await;
    window.scan("10000002").await;
    window.verdict("refuse", "到期").await;
    window.press(&['/']).await;
    let mut parts = Vec::new();
    for _ in 0..40 {
        let part = window.script(PART).await.as_i64().unwrap_or(-1);
        if part == -1 || parts.last().is_some_and(|last| part < *last) {
            break;
        }
        window.focus_in_sight().await;
        parts.push(part);
        window.key(Key::Tab).await;
    }
    assert!(parts.is_sorted(), "{parts:?}");
    // The search, the pages, and the keys that mend what is wrong: in this order.
    assert_eq!((parts.first(), parts.contains(&1), parts.contains(&2)), (Some(&0), true, true));

    // A panel has the focus, so that the next Tab goes to what it offers.
    window.key(Key::F7).await;
    window.find("give-pass").await;
    window.key(Key::Tab).await;
    let inside = "document.activeElement?.closest('[data-testid=give-pass]') !== null";
    window.until("the focus in the panel", inside).await;
    window.close().await;
}

#[tokio::test]
async fn a_verdict_is_said_where_a_screen_reader_listens() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "cashier").await;
    // What comes with its text already in it is not read out: the place is there before.
    window.find("spoken-verdict").await;
    window.script("window.place = document.querySelector('[data-testid=spoken-verdict]')").await;
    for (card, said) in [("10000001", "请进。林知夏。年卡"), ("10000002", "请留步。赵一鸣。月卡")]
    {
        window.scan(card).await;
        let holds = format!(
            "window.place.isConnected && window.place.role === 'alert' &&
             window.place.textContent.startsWith('{said}')"
        );
        window.until(said, &holds).await;
    }
    window.close().await;
}

#[expect(clippy::disallowed_methods, reason = "settings that nobody reads meanwhile")]
#[tokio::test]
async fn nothing_moves_for_whoever_wants_no_motion() {
    let still = async |animations: bool| {
        let shop = Shop::demo();
        let folder = shop.home().join("gtk-3.0");
        std::fs::create_dir_all(&folder).expect("the folder can be made");
        let setting = format!("[Settings]\ngtk-enable-animations={}\n", u8::from(animations));
        std::fs::write(folder.join("settings.ini"), setting).expect("there is room");
        let window = Window::signed_in(&shop, "owner").await;
        window.scan("10000001").await;
        window.verdict("admit", "年卡").await;
        window.ctrl('z').await;
        window.find("toast").await;
        let longest = window.script(LONGEST).await.as_f64().expect("seconds");
        window.close().await;
        longest
    };
    assert!(still(false).await < 0.001, "something moves");
    let longest = still(true).await;
    assert!(longest > 0.05 && longest <= 0.15, "{longest} s");
}

/// How long the longest movement of the page takes, in seconds.
const LONGEST: &str = "return Math.max(...[...document.querySelectorAll('*')].flatMap((one) => {
    const style = getComputedStyle(one);
    return [style.animationDuration, style.transitionDuration]
        .flatMap((all) => all.split(','))
        .map((one) => parseFloat(one) / (one.trim().endsWith('ms') ? 1000 : 1));
}))";
