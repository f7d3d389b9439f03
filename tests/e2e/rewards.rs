//! Rewards of which there are only so many, that are had only so often, and that are handed over
//! later: set by the owner, and seen to hold at the desk.

use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::{
    looks::{dress, look},
    member_acts::on_one_screen,
    owner_rules::{at_its_box, refused, saved, tab},
    shop::Shop,
    window::Window,
};

/// Opens a reward of the demo shop in the settings.
async fn edit(window: &Window, reward: &str) {
    tab(window, "rewards").await;
    let line = format!("//button[starts-with(@data-testid,'item-')][contains(., '{reward}')]");
    window.click_path(&line).await;
    window.find("save-item").await;
}

/// Chooses a reward for a member by its place in the list.
pub async fn choose(window: &Window, member: &str, place: char) {
    window.key(Key::F2).await;
    window.open_member(member).await;
    window.key(Key::F3).await;
    window.find("reward-1").await;
    window.press(&[place]).await;
    let chosen =
        format!("document.querySelector('[data-testid=reward-{place}]')?.ariaPressed === 'true'");
    window.until("the reward to be chosen", &chosen).await;
}

/// Redeems what is chosen, to the end.
pub async fn redeem(window: &Window, left: i64) {
    window.find("redeem-uses").await;
    window.key(Key::Enter).await;
    window.shows("points-on-file", left).await;
    window.gone("redeem-uses").await;
}

/// Both languages, both sizes, and nothing to scroll on the smaller of them.
async fn member_page(window: &Window, name: &str) {
    window.gone("toast").await; // it lies over the foot of the page, for a while
    on_one_screen(window).await;
    window.in_sight("[data-testid=vouchers] li:last-child").await;
    let whole = "(() => {
        const held = document.querySelector('[data-testid=holdings]');
        return held.scrollHeight <= held.clientHeight + 1; })()";
    window.until("all that they have in sight", whole).await;
    look(window, name).await;
}

#[tokio::test]
async fn a_reward_is_counted_and_given_until_there_is_none() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "owner").await;
    edit(&window, "矿泉水").await;
    window.click("reward-stock").await;
    window.click("save-item").await;
    saved(&window).await;
    edit(&window, "矿泉水").await;
    window.says("stock-figures", "0 件").await;
    window.retype("stock-amount", "两箱").await;
    window.retype("stock-reason", "进货").await;
    window.click("stock-put").await;
    at_its_box(&window, "stock-amount", "整数").await;
    look(&window, "stock-refused").await;
    window.retype("stock-amount", "2").await;
    window.click("stock-put").await;
    window.says("stock-figures", "2 件").await;
    look(&window, "stock").await;

    choose(&window, "林知夏", '1').await;
    let before = window.number("points-on-file").await;
    redeem(&window, before - 100).await;
    window.press(&['1']).await;
    redeem(&window, before - 200).await;
    window.says("reward-1", "没有了").await;
    window.press(&['1']).await;
    window.says("redeem-problem", "请在设置里入库").await;
    window.key(Key::Enter).await;
    look(&window, "stock-none").await;
    window.shows("points-on-file", before - 200).await;

    edit(&window, "矿泉水").await;
    window.says("stock-figures", "0 件").await;
    window.retype("stock-amount", "5").await;
    window.retype("stock-reason", "盘点").await;
    window.click("stock-count").await;
    window.says("stock-figures", "5 件").await;
    choose(&window, "林知夏", '1').await;
    redeem(&window, before - 300).await;
    window.close().await;
    assert_eq!(shop.count("stock_changed"), 2);
    assert_eq!(shop.count("points_redeemed"), 3);
}

#[tokio::test]
async fn what_is_had_once_a_day_is_refused_the_second_time_with_the_day() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "owner").await;
    edit(&window, "矿泉水").await;
    window.retype("often-day", "一次").await;
    refused(&window, "often-day", "1 到 1000 次").await;
    look(&window, "often-refused").await;
    window.retype("often-day", "1").await;
    window.key(Key::Enter).await;
    saved(&window).await;

    choose(&window, "林知夏", '1').await;
    let before = window.number("points-on-file").await;
    redeem(&window, before - 100).await;
    window.press(&['1']).await;
    window.says("redeem-problem", "已经兑过 1 次").await;
    window.says("redeem-problem", "日起才能再兑").await; // as a day is said, not as it is stored
    window.key(Key::Enter).await;
    look(&window, "often-again").await;
    window.shows("points-on-file", before - 100).await;
    dress(&window, "en", "light").await;
    choose(&window, "林知夏", '1').await;
    window.says("redeem-problem", "again from").await;
    look(&window, "often-again-en").await;
    // Somebody else may have it.
    choose(&window, "李喆", '1').await;
    window.gone("redeem-problem").await;
    window.close().await;
    assert_eq!(shop.count("points_redeemed"), 1);
}

#[tokio::test]
async fn a_voucher_is_given_now_and_handed_over_once() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "owner").await;
    edit(&window, "矿泉水").await;
    window.retype("reward-later", "一个月").await;
    refused(&window, "reward-later", "整数").await;
    window.retype("reward-later", "30").await;
    window.key(Key::Enter).await;
    saved(&window).await;
    window.ctrl('l').await;
    window.sign_in(&shop, "cashier").await;

    choose(&window, "林知夏", '1').await;
    let before = window.number("points-on-file").await;
    for left in [before - 100, before - 200] {
        window.find("redeem-later").await;
        look(&window, "redeem-later").await;
        window.key(Key::F7).await;
        window.shows("points-on-file", left).await;
        window.gone("redeem-later").await;
        window.says("vouchers", "矿泉水").await;
        window.press(&['1']).await;
    }
    look(&window, "vouchers-redeem").await;

    window.key(Key::F2).await;
    window.find("member-page").await;
    window.says("vouchers", "有效至").await;
    member_page(&window, "vouchers").await;
    dress(&window, "en", "light").await;
    window.open_member("林知夏").await;
    member_page(&window, "vouchers-en").await;
    dress(&window, "zh-CN", "light").await;
    window.open_member("林知夏").await;
    let id = "return document.querySelector('[data-testid^=hand-over-]').dataset.testid";
    window.find("vouchers").await;
    let first = window.script(id).await.as_str().expect("there is one").to_owned();
    window.click(&first).await;
    window.gone(&first).await;
    window.told("已领 矿泉水").await;
    let given = first.trim_start_matches("hand-over-");
    let member = window.script("return location.hash").await;
    let member = member.as_str().and_then(|path| path.rsplit('/').next()).expect("a member");
    let arguments = json!({ "member": member, "given": given, "approval": null });
    let again = window.ask("hand_over", arguments).await.expect_err("it is gone");
    assert_eq!(again["code"], "voucher_gone", "{again}");
    look(&window, "voucher-handed-over").await;
    // The pass has the first number.
    window.says("vouchers", "2").await;
    window.press(&['2']).await;
    window.gone("vouchers").await;
    assert_eq!(window.number("points-on-file").await, before - 200);
    window.close().await;
    assert_eq!(shop.count("points_redeemed"), 2);
    assert_eq!(shop.count("reward_handed_over"), 2);
    let _: Value = shop.tool(&["verify"]);
}

/// The owner's cost, above which a manager gives their PIN on the spot, in both languages.
#[tokio::test]
async fn what_costs_much_asks_for_a_managers_pin() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "owner").await;
    window.key(Key::F6).await;
    window.click("settings-rules").await;
    window.retype("rule-approval_above", "很多").await;
    window.key(Key::Enter).await;
    at_its_box(&window, "rule-approval_above", "填").await;
    look(&window, "approval-above-refused").await;
    window.retype("rule-approval_above", "99").await;
    window.key(Key::Enter).await;
    window.gone("not-saved").await;
    look(&window, "approval-above").await;
    window.ctrl('l').await;
    window.sign_in(&shop, "cashier").await;

    choose(&window, "林知夏", '1').await;
    let before = window.number("points-on-file").await;
    window.says("redeem-confirm", "店长").await;
    look(&window, "approval-redeem").await;
    window.key(Key::Enter).await;
    window.find("approval").await;
    window.says("approval", "分数多的兑换").await;
    look(&window, "approval-asked").await;
    window.key(Key::Escape).await;
    window.gone("approval").await;
    assert_eq!(window.number("points-on-file").await, before, "nobody agreed");
    // The look is set on another page.
    dress(&window, "en", "dark").await;
    choose(&window, "林知夏", '1').await;
    window.says("redeem-confirm", "manager").await;
    look(&window, "approval-redeem-en").await;
    window.key(Key::Enter).await;
    window.find("approval").await;
    window.approve(&shop, "manager").await;
    window.shows("points-on-file", before - 100).await;
    window.close().await;
    assert_eq!(shop.count("points_redeemed"), 1);
    let _: Value = shop.tool(&["verify"]);
}
