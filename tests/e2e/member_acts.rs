//! What is done with a member beside the everyday: a pack to its last visit, passes changed, points by
//! hand, families and guests, and what was missing on a file.

use std::{collections::BTreeMap, time::Duration};

use fantoccini::key::Key;
use punchcard_domain::alerts::{Alert, Alerts, Level};
use punchcard_till::views::RulesInput;

use crate::{looks::look, shop::Shop, window::Window};

/// A code that comes again within a second is one scan: see `SAME_CODE_MS` of the scan detector.
const ANOTHER: Duration = Duration::from_millis(1200);

/// Opens one of the rarer acts of the member on the page.
pub async fn more(window: &Window, act: &str) {
    window.key(Key::F9).await;
    window.click(&format!("act-{act}")).await;
}

/// Types into a box, whatever stood in it.
pub async fn fill(window: &Window, id: &str, text: &str) {
    window.click(id).await;
    window.compose(text).await;
}

/// Finds somebody else, where a panel asks for one.
pub async fn pick(window: &Window, name: &str) {
    window.find("pick-panel").await;
    let focus = "document.activeElement?.dataset.testid === 'search'";
    window.until("the cursor in the search box", focus).await;
    window.compose(name).await;
    window.says("result-0", name).await;
    window.key(Key::Enter).await;
    window.says("picked", name).await;
}

/// Nothing of the page has to be scrolled to.
pub async fn on_one_screen(window: &Window) {
    window.resize(1366, 768).await;
    let fits = "(() => {
        const page = document.querySelector('[data-testid=member-page]');
        const inside = page.closest('.overflow-y-auto');
        return inside.scrollHeight <= inside.clientHeight + 1; })()";
    window.until("the member's page on one screen", fits).await;
}

#[tokio::test]
async fn a_pack_is_sold_and_used_to_its_last_visit() {
    let shop = Shop::demo();
    // Who comes again the same day means it: the window's clock cannot be turned, this rule can.
    shop.settings(|till, owner| {
        let rules = till.rules().expect("there are some");
        till.save_rules(owner, RulesInput { seen_again_hours: 0, ..rules }).map(drop)
    });
    let window = Window::signed_in(&shop, "receptionist").await;
    window.scan("10000011").await;
    window.verdict("refuse", "还没有会籍").await;
    window.key(Key::F7).await;
    window
        .click_path("//button[starts-with(@data-testid,'pass-type-')][contains(., '10 次卡')]")
        .await;
    window.find("approval").await;
    window.approve(&shop, "manager").await;
    window.verdict("admit", "剩 9 次").await;
    look(&window, "pack-sold").await;
    for left in (0..9).rev() {
        tokio::time::sleep(ANOTHER).await;
        window.scan("10000011").await;
        match left {
            0 => window.verdict("note", "刚好用完").await,
            1 | 2 => window.verdict("note", &format!("只剩 {left} 次")).await,
            _ => window.verdict("admit", &format!("剩 {left} 次")).await,
        }
    }
    look(&window, "pack-last-visit").await;
    tokio::time::sleep(ANOTHER).await;
    window.scan("10000011").await;
    window.verdict("refuse", "次数已经用完").await;
    look(&window, "pack-used-up").await;
    window.key(Key::F7).await;
    window.find("pass-type-1").await;
    window.key(Key::Enter).await;
    window.find("approval").await;
    window.approve(&shop, "manager").await;
    window.verdict("admit", "剩 9 次").await;
    look(&window, "pack-mended").await;
    window.close().await;
    assert_eq!(shop.count("pass_given"), 2);
}

#[tokio::test]
async fn a_pass_is_extended_upgraded_given_away_and_cancelled() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "owner").await;
    window.open_member("孙行").await;
    window.key(Key::F7).await;
    window
        .click_path("//button[starts-with(@data-testid,'pass-type-')][contains(., '月卡')]")
        .await;
    window.says("pass-1", "月卡").await;
    on_one_screen(&window).await;
    look(&window, "member-page").await;

    window.press(&['1']).await;
    look(&window, "pass-acts").await;
    window.click("act-extend").await;
    fill(&window, "ask-days", "7").await;
    fill(&window, "ask-because", "场馆停水").await;
    look(&window, "pass-extend").await;
    window.key(Key::Enter).await;
    window.gone("ask-panel").await;

    window.press(&['1']).await;
    window.click("act-upgrade").await;
    window.says("act-menu", "500").await; // 799 − 299
    look(&window, "pass-upgrade").await;
    window.press(&['2']).await;
    window.says("pass-1", "季卡").await;
    window.gone("act-menu").await;

    window.press(&['1']).await;
    window.click("act-transfer").await;
    pick(&window, "李喆").await;
    fill(&window, "pick-typed", "50").await;
    look(&window, "pass-transfer").await;
    window.key(Key::Enter).await;
    window.gone("pick-panel").await;
    window.open_member("李喆").await;
    window.says("member-page", "季卡").await;
    let place = window.script(
        "return [...document.querySelectorAll('[data-testid^=pass-]')]
            .find((row) => row.innerText.includes('季卡')).dataset.testid",
    );
    let place = place.await.as_str().expect("it is there").to_owned();
    window.click(&place).await;
    window.click("act-cancel").await;
    fill(&window, "ask-refund", "100").await;
    fill(&window, "ask-because", "搬家").await;
    window.key(Key::Enter).await;
    window.gone("ask-panel").await;
    on_one_screen(&window).await;
    look(&window, "pass-cancelled").await;
    window.close().await;
    for kind in ["pass_extended", "pass_upgraded", "pass_transferred", "pass_cancelled"] {
        assert_eq!(shop.count(kind), 1, "{kind}");
    }
}

#[tokio::test]
async fn points_are_given_taken_and_made_somebody_elses() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "cashier").await;
    window.open_member("林知夏").await;
    let before = window.number("points-on-file").await;
    for (act, points) in [("give", "120"), ("take", "20")] {
        more(&window, act).await;
        fill(&window, "ask-points", points).await;
        fill(&window, "ask-because", "补分").await;
        window.key(Key::Enter).await;
        window.find("approval").await;
        window.approve(&shop, "manager").await;
        window.gone("approval").await;
    }
    window.shows("points-on-file", before + 100).await;
    more(&window, "move").await;
    pick(&window, "李喆").await;
    fill(&window, "pick-typed", "40").await;
    look(&window, "points-move").await;
    window.key(Key::Enter).await;
    window.find("approval").await;
    window.approve(&shop, "manager").await;
    window.gone("approval").await;
    window.shows("points-on-file", before + 60).await;
    look(&window, "points-by-hand").await;
    window.close().await;
    assert_eq!(shop.count("points_adjusted"), 2);
    assert_eq!(shop.count("points_transferred"), 2);
}

#[tokio::test]
async fn a_merge_is_taken_back_with_a_key() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "owner").await;
    window.open_member("林知夏").await;
    let before = window.number("points-on-file").await;
    more(&window, "merge").await;
    pick(&window, "李喆").await;
    window.key(Key::Enter).await;
    window.says("toast", "Ctrl Z").await;
    window.ctrl('z').await;
    window.says("toast", "已撤销").await;
    window.shows("points-on-file", before).await;
    window.open_member("李喆").await;
    window.close().await;
    assert_eq!(shop.count("members_merged"), 2, "the merge, and what parts them again");
}

/// A card is lost, found and given a new number without the mouse.
#[tokio::test]
async fn cards_are_seen_to_by_keys_alone() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "owner").await;
    window.scan("10000001").await;
    window.verdict("admit", "年卡").await;
    window.key(Key::F2).await;
    window.says("member-name", "林知夏").await;
    window.key(Key::Left).await;
    window.find("cards").await;
    let passes = window.script("return document.querySelectorAll('[data-testid^=pass-]').length");
    let first = passes.await.as_u64().expect("a number") + 1;
    let first = char::from_digit(u32::try_from(first).expect("few"), 10).expect("a digit");
    window.press(&[first]).await;
    window.says("act-menu", "10000001").await;
    look(&window, "card-acts").await;
    window.press(&['1']).await;
    window.says("cards", "已挂失").await;
    window.key(Key::F1).await;
    window.scan("10000001").await;
    window.verdict("refuse", "挂失").await;
    look(&window, "card-lost").await;
    window.key(Key::F2).await;
    window.find("cards").await;
    window.press(&[first]).await;
    window.says("act-menu", "已找回").await;
    window.press(&['1']).await;
    window.gone("find-10000001").await;
    window.find("lose-10000001").await;
    look(&window, "card-found").await;
    window.close().await;
}

#[tokio::test]
async fn a_family_comes_in_together_and_brings_a_guest() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "cashier").await;
    window.open_member("林知夏").await;
    more(&window, "family").await;
    pick(&window, "赵一鸣").await;
    window.key(Key::Enter).await;
    window.gone("pick-panel").await;
    more(&window, "referrer").await;
    pick(&window, "李喆").await;
    window.key(Key::Enter).await;
    window.gone("pick-panel").await;
    window.click("tab-people").await;
    window.says("people", "赵一鸣").await;
    window.says("people", "李喆").await;
    on_one_screen(&window).await;
    look(&window, "member-people").await;

    window.key(Key::F1).await;
    window.scan("10000001").await;
    window.verdict("admit", "年卡").await;
    window.find("bring-family").await;
    look(&window, "bring").await;
    window.ctrl('f').await;
    window.find("family-1").await;
    assert_eq!(window.attribute("family-1", "data-verdict").await.as_deref(), Some("refuse"));
    look(&window, "family-together").await;
    window.press(&['1']).await;
    window.verdict("refuse", "到期").await;
    window.find("mend-give_pass").await;

    // A moment later: whoever is in already can still bring a guest.
    window.scan("10000001").await;
    window.find("bring-guest").await;
    window.ctrl('g').await;
    fill(&window, "reason-text", "王小明").await;
    window.key(Key::Enter).await;
    window.verdict("note", "客人").await;
    look(&window, "guest").await;
    window.close().await;
}

#[tokio::test]
async fn what_is_missing_on_a_file_is_mended_by_one_key() {
    let shop = Shop::demo();
    shop.settings(|till, owner| {
        let levels =
            BTreeMap::from([(Alert::Waiver, Level::Deny), (Alert::EmergencyContact, Level::Warn)]);
        till.save_alerts(owner, Alerts { levels, ..Alerts::default() }).map(drop)
    });
    let window = Window::signed_in(&shop, "cashier").await;
    window.scan("10000001").await;
    window.verdict("refuse", "免责").await;
    look(&window, "waiver").await;
    window.key(Key::F11).await;
    window.verdict("note", "紧急").await;
    window.key(Key::F11).await;
    fill(&window, "ask-name", "林妈妈").await;
    fill(&window, "ask-phone", "13800000000").await;
    look(&window, "contact").await;
    window.key(Key::Enter).await;
    window.gone("ask-panel").await;
    window.open_member("林知夏").await;
    window.click("tab-people").await;
    window.says("people", "林妈妈").await;
    window.close().await;
}

#[tokio::test]
async fn a_new_member_is_written_down_with_who_sent_them() {
    let shop = Shop::demo();
    let window = Window::signed_in(&shop, "cashier").await;
    window.ctrl('n').await;
    fill(&window, "field-name", "王小明").await;
    window.click("pick-referrer").await;
    window.compose("李喆").await;
    window.says("result-0", "李喆").await;
    window.key(Key::Enter).await;
    window.says("form-referrer", "李喆").await;
    // The keys of the form stay in sight: what lies under them is scrolled to, as a person does.
    let scroll = "document.querySelector('[data-testid=consent-sms]')
        .scrollIntoView({ block: 'center' })";
    window.script(scroll).await;
    window.click("consent-sms").await;
    look(&window, "form-rest").await;
    window.click("save-member").await;
    window.says("member-name", "王小明").await;
    window.click("tab-people").await;
    window.says("people", "李喆").await;
    window.close().await;
}

#[tokio::test]
async fn a_childs_waiver_is_signed_by_who_answers_for_them() {
    let shop = Shop::demo();
    shop.settings(|till, owner| {
        let levels = BTreeMap::from([(Alert::Waiver, Level::Deny)]);
        till.save_alerts(owner, Alerts { levels, ..Alerts::default() }).map(drop)
    });
    let window = Window::signed_in(&shop, "owner").await;
    window.key(Key::F6).await;
    window.click("settings-rules").await;
    window.click("rule-guardian_signs").await;
    window.retype("rule-age_of_majority", "31").await;
    window.key(Key::Enter).await;
    crate::owner_rules::at_its_box(&window, "rule-age_of_majority", "30").await;
    look(&window, "guardian-signs-refused").await;
    window.retype("rule-age_of_majority", "18").await;
    window.key(Key::Enter).await;
    window.gone("not-saved").await;
    look(&window, "guardian-signs").await;
    window.open_member("林知夏").await;
    window.key(Key::F8).await;
    window.retype("field-birthday", "2015-03-04").await;
    window.key(Key::Enter).await;
    window.gone("field-birthday").await;
    window.says("member-page", "2015").await;
    // Their own name is not enough, and nobody answers for them yet.
    window.key(Key::F1).await;
    window.find("scan-invite").await;
    window.scan("10000001").await;
    window.verdict("refuse", "监护人签").await;
    look(&window, "waiver-guardian").await;
    window.key(Key::F11).await;
    pick(&window, "李喆").await;
    window.key(Key::Enter).await;
    window.find("mend-sign_waiver").await;
    look(&window, "waiver-guardian-signs").await;
    window.key(Key::F11).await;
    window.verdict("admit", "年卡").await;
    window.key(Key::F2).await;
    window.click("tab-people").await;
    window.says("people", "监护人 · 李喆").await;
    look(&window, "waiver-signed-by").await;
    // By hand it is asked who signs.
    more(&window, "waiver").await;
    window.find("act-self").await;
    look(&window, "waiver-who").await;
    window.press(&['1']).await;
    window.says("people", "本人签").await;
    window.close().await;
}

#[tokio::test]
async fn who_answers_for_a_child_is_asked_at_the_desk() {
    let shop = Shop::demo();
    shop.settings(|till, owner| {
        let levels = BTreeMap::from([(Alert::NoGuardian, Level::Deny)]);
        till.save_alerts(owner, Alerts { levels, ..Alerts::default() }).map(drop)
    });
    let window = Window::signed_in(&shop, "owner").await;
    window.open_member("林知夏").await;
    window.key(Key::F8).await;
    window.retype("field-birthday", "2015-03-04").await;
    window.key(Key::Enter).await;
    window.find("member-page").await;
    window.key(Key::F1).await;
    window.scan("10000001").await;
    window.verdict("refuse", "监护人").await;
    look(&window, "no-guardian").await;
    window.key(Key::F11).await;
    pick(&window, "李喆").await;
    look(&window, "guardian-picked").await;
    window.key(Key::Enter).await;
    window.verdict("admit", "年卡").await;
    window.key(Key::F2).await;
    window.click("tab-people").await;
    window.says("people", "李喆").await;
    window.close().await;
}
