//! What happens to a pass and to a card: frozen and back, lost and replaced, and only for classes.

use std::time::Duration;

use fantoccini::key::Key;
use punchcard_domain::terms::{Start, Terms};
use punchcard_till::{Actor, PassTypeInput, Result, Till, views::RulesInput};

use crate::{
    looks::look,
    member_acts::{fill, pick},
    shop::Shop,
    window::Window,
};

/// A kind of pass for a month, set before the window opens; its id.
fn kind(till: &Till, owner: &Actor, name: &str, terms: Terms) -> Result<String> {
    let input = PassTypeInput {
        id: None,
        name: name.into(),
        days: Some(30),
        visits: None,
        price_minor: 19_900,
        active: true,
        terms: Some(terms),
    };
    let all = till.save_pass_type(owner, input)?;
    Ok(all.into_iter().find(|kind| kind.name == name).expect("just set").id)
}

fn give(till: &Till, owner: &Actor, name: &str, kind: &str) -> Result<()> {
    let member = till.find(owner, name, 1)?.remove(0).id;
    till.give_pass(owner, member.parse().expect("an id"), kind.parse().expect("an id")).map(drop)
}

/// The owner says what becomes of an alert.
async fn set_alert(window: &Window, alert: &str, level: &str) {
    window.key(Key::F6).await;
    window.click("settings-alerts").await;
    window.find(&format!("alert-{alert}")).await;
    let choose = format!(
        "const one = document.querySelector('[data-testid=alert-{alert}]');
         one.value = '{level}'; one.dispatchEvent(new Event('change')); return true;"
    );
    window.hush().await;
    window.script(&choose).await;
    window.told("已保存").await;
}

async fn freeze(window: &Window) {
    window.open_member("林知夏").await;
    window.press(&['1']).await;
    window.click("act-freeze").await;
    window.find("ask-until").await;
    look(window, "freeze-until").await;
    fill(window, "ask-until", "2020-01-01").await;
    window.key(Key::Enter).await;
    window.told("不能早于").await;
    window.retype("ask-until", "").await;
    window.key(Key::Enter).await;
    window.says("member-page", "停卡到").await;
    look(window, "frozen-member").await;
    window.key(Key::F1).await;
    window.scan("10000001").await;
}

#[tokio::test]
async fn a_freeze_told_ahead_leaves_the_pass_open_until_its_day() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "owner").await;
    window.open_member("林知夏").await;
    window.press(&['1']).await;
    window.click("act-freeze").await;
    fill(&window, "ask-from", "明天").await;
    window.key(Key::Enter).await;
    window.until("it is refused", "document.body.innerText.includes('今天或以后')").await;
    for (field, days) in [("ask-from", 20), ("ask-until", 29)] {
        let day =
            format!("return new Date(Date.now() + {days} * 864e5).toISOString().slice(0, 10)");
        let day = window.script(&day).await;
        window.retype(field, day.as_str().expect("a day")).await;
    }
    look(&window, "freeze-ahead").await;
    window.key(Key::Enter).await;
    window.says("pass-1", "停卡").await;
    look(&window, "freeze-ahead-member").await;
    window.key(Key::F1).await;
    window.scan("10000001").await;
    window.verdict("admit", "年卡").await;
    window.close().await;
    assert_eq!((shop.count("pass_frozen"), shop.count("pass_unfrozen")), (1, 0));
}

#[tokio::test]
async fn whoever_comes_back_ends_their_freeze() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "owner").await;
    freeze(&window).await;
    window.verdict("note", "恢复使用").await;
    look(&window, "back-from-a-freeze").await;
    window.close().await;
    assert_eq!(shop.count("pass_frozen"), 1);
}

#[tokio::test]
async fn a_frozen_pass_stops_at_the_desk_until_one_key_ends_its_freeze() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "owner").await;
    set_alert(&window, "frozen", "deny").await;
    freeze(&window).await;
    window.verdict("refuse", "停卡").await;
    window.find("mend-unfreeze").await;
    look(&window, "frozen-verdict").await;
    window.key(Key::F8).await;
    window.verdict("admit", "年卡").await;
    window.close().await;
    assert_eq!(shop.count("pass_frozen"), 1);
    assert_eq!(shop.count("pass_unfrozen"), 1);
}

#[tokio::test]
async fn a_lost_card_lets_nobody_in_and_the_one_in_its_place_does() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "owner").await;
    window.open_member("林知夏").await;
    window.click("tab-cards").await;
    window.click("lose-10000001").await;
    window.find("find-10000001").await;
    look(&window, "card-lost").await;
    window.key(Key::F1).await;
    window.scan("10000001").await;
    window.verdict("refuse", "挂失").await;
    look(&window, "card-lost-verdict").await;
    window.open_member("林知夏").await;
    window.click("tab-cards").await;
    window.click("replace-10000001").await;
    window.click("fresh-card").await;
    window.compose("88880001").await;
    window.click("save-card").await;
    window.find("replace-88880001").await;
    look(&window, "card-replaced").await;
    window.key(Key::F1).await;
    window.scan("88880001").await;
    window.verdict("admit", "年卡").await;
    window.scan("10000001").await;
    window.verdict("refuse", "").await;
    window.close().await;
}

#[tokio::test]
async fn an_alert_is_amber_or_red_as_the_owner_says() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "owner").await;
    window.scan("10000002").await;
    window.verdict("refuse", "到期").await;
    set_alert(&window, "expired", "warn").await;
    look(&window, "settings-alerts").await;
    window.key(Key::F1).await;
    window.scan("10000002").await;
    window.verdict("note", "到期").await;
    window.close().await;
}

/// The owner offers a month of classes, and nothing but classes.
async fn offer_classes(window: &Window) {
    window.key(Key::F6).await;
    window.click("settings-passes").await;
    window.click("item-add").await;
    window.click("pass-name").await;
    window.compose("团课月卡").await;
    window.find("pass-unit").await.select_by_value("month").await.expect("months");
    window.retype("pass-count", "1").await;
    window.retype("pass-price", "199").await;
    window.click("pass-more").await;
    window.click("pass-class-only").await;
    look(window, "class-pass-form").await;
    window.key(Key::Enter).await;
    window.until("it is saved", "!document.querySelector('[data-testid=save-item]')").await;
    window.until("it is listed", "document.body.innerText.includes('团课月卡')").await;
    look(window, "class-pass-saved").await;
}

async fn sell_classes(window: &Window, card: &str, because: &str) {
    window.scan(card).await;
    window.verdict("refuse", because).await;
    window.key(Key::F7).await;
    let kind = "//button[starts-with(@data-testid,'pass-type-')][contains(., '团课月卡')]";
    window.click_path(kind).await;
    window.verdict("refuse", "现在没有约课").await;
}

#[tokio::test]
async fn whoever_has_a_pass_for_classes_is_booked_with_one_key() {
    let shop = Shop::demo();
    // Who comes again means it: the window's clock cannot be turned, this rule can.
    shop.settings(|till, owner| {
        let rules = till.rules().expect("there are some");
        till.save_rules(owner, RulesInput { seen_again_hours: 0, ..rules }).map(drop)
    });
    let window = Window::signed_in(&shop, "owner").await;
    offer_classes(&window).await;
    sell_classes(&window, "10000011", "还没有会籍").await;
    look(&window, "class-needed").await;
    window.key(Key::F8).await;
    look(&window, "class-book").await;
    window.key(Key::Enter).await;
    window.until("a name is asked for", "document.body.innerText.includes('课程')").await;
    look(&window, "class-refused").await;
    fill(&window, "ask-name", "晚间瑜伽").await;
    window.key(Key::Enter).await;
    window.verdict("admit", "团课月卡").await;
    look(&window, "class-booked").await;
    tokio::time::sleep(Duration::from_millis(1200)).await; // a code that comes at once is one scan
    window.scan("10000011").await;
    window.verdict("admit", "团课月卡").await;
    window.key(Key::F2).await;
    window.says("member-page", "晚间瑜伽").await;
    look(&window, "class-member").await;
    window.key(Key::F9).await;
    look(&window, "class-more").await;

    // Whoever comes next is there for the same class: one key, and Enter.
    window.key(Key::F1).await;
    sell_classes(&window, "10000002", "到期").await;
    window.key(Key::F8).await;
    window.until("the class is there", "document.activeElement?.value === '晚间瑜伽'").await;
    look(&window, "class-book-next").await;
    window.key(Key::Enter).await;
    window.verdict("admit", "团课月卡").await;
    window.close().await;
    assert_eq!(shop.count("class_booked"), 2);
}

#[tokio::test]
async fn a_pass_begins_on_the_day_that_was_chosen() {
    let shop = Shop::demo();
    shop.settings(|till, owner| {
        let terms = Terms { start: Start::Date, ..Terms::default() };
        kind(till, owner, "择日月卡", terms).map(drop)
    });
    let window = Window::signed_in(&shop, "owner").await;
    window.scan("10000011").await;
    window.verdict("refuse", "还没有会籍").await;
    window.key(Key::F7).await;
    let kind = "//button[starts-with(@data-testid,'pass-type-')][contains(., '择日月卡')]";
    window.click_path(kind).await;
    window.find("ask-from").await;
    look(&window, "pass-first-day").await;
    window.compose("下周").await;
    window.key(Key::Enter).await;
    window.told("今天或以后").await;
    window.retype("ask-from", "2030-01-31").await;
    window.key(Key::Enter).await;
    // A day that far ahead: within ten years, and not today.
    window.verdict("refuse", "2030").await;
    look(&window, "pass-not-begun").await;
    window.key(Key::F2).await;
    window.says("pass-1", "2030").await;
    window.close().await;
    assert_eq!(shop.count("pass_given"), 1);
}

#[tokio::test]
async fn a_card_becomes_somebody_elses() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "owner").await;
    window.open_member("林知夏").await;
    window.click("tab-cards").await;
    look(&window, "cards").await;
    window.click("move-10000001").await;
    pick(&window, "李喆").await;
    look(&window, "card-moving").await;
    window.key(Key::Enter).await;
    window.gone("move-10000001").await;
    window.key(Key::F1).await;
    window.scan("10000001").await;
    window.says("verdict-name", "李喆").await;
    window.close().await;
}

#[tokio::test]
async fn a_desk_at_one_door_says_who_may_come_in_there_and_why() {
    let shop = Shop::demo();
    shop.settings(|till, owner| {
        let gym = Terms { zones: vec!["健身区".into()], ..Terms::default() };
        give(till, owner, "孙行", &kind(till, owner, "健身月卡", gym)?)?;
        // Somebody with a pass already: of two, the desk says why it takes which.
        give(till, owner, "林知夏", &kind(till, owner, "泳池月卡", Terms::default())?)
    });
    let window = Window::signed_in(&shop, "owner").await;
    window.key(Key::F6).await;
    window.click("settings-desk").await;
    window.retype("door", "泳池").await;
    window.key(Key::Tab).await;
    window.told("已保存").await;
    look(&window, "desk-door").await;
    window.key(Key::F1).await;
    window.scan("10000011").await;
    window.verdict("refuse", "不能进这个区域").await;
    look(&window, "wrong-door").await;
    window.scan("10000001").await;
    window.verdict("admit", "用的是").await;
    look(&window, "which-pass").await;
    window.key(Key::F2).await;
    window.find("member-name").await;
    crate::member_acts::more(&window, "ban").await;
    fill(&window, "ask-because", "损坏器材，未赔偿").await;
    window.key(Key::Enter).await;
    window.gone("ask-panel").await;
    window.key(Key::F1).await;
    window.scan("10000001").await;
    window.verdict("refuse", "限制").await;
    window.says("verdict", "损坏器材").await;
    look(&window, "banned-why").await;
    window.close().await;
}
