//! Every page, tab and panel of the window, at both sizes, as somebody at the desk comes upon it:
//! nothing is cut off, nothing lies over anything, and what has the focus is seen.

use std::collections::BTreeMap;

use fantoccini::key::Key;
use punchcard_domain::alerts::{Alert, Alerts, Level};
use punchcard_till::views::{DetailsInput, RulesInput};

use crate::{
    hub::Hub,
    legible::faults,
    looks::{dress, objections},
    member_acts::more,
    shop::Shop,
    shots,
    sync::{marked, redeeming, with_points_at},
    window::Window,
};

const SIZES: [(u32, u32); 2] = [(1024, 768), (1366, 768)];

/// A window in one language and one theme, and what was found wrong on the way.
struct Walk {
    window: Window,
    language: &'static str,
    theme: &'static str,
    found: Vec<String>,
}

impl Walk {
    async fn begin(
        shop: &Shop,
        role: &str,
        (language, theme): (&'static str, &'static str),
    ) -> Self {
        let window = Window::signed_in(shop, role).await;
        dress(&window, language, theme).await;
        window.gone("toast").await;
        Self { window, language, theme, found: Vec::new() }
    }

    /// Looks at what there is now: a picture, and all that can be wrong with it.
    async fn look(&mut self, name: &str) {
        for (width, height) in SIZES {
            self.window.resize(width, height).await;
            let name = format!("{}-{}-{name}-{width}", self.language, self.theme);
            shots::one(&self.window, &name).await;
            if width == SIZES[0].0 {
                let against = objections(&self.window).await;
                for one in against.as_array().into_iter().flatten() {
                    self.found.push(format!("{name}: {one}"));
                }
            }
            for fault in faults(&self.window, self.language).await {
                self.found.push(format!("{name}: {fault}"));
            }
        }
    }

    /// Clicks, waits for what comes, and looks.
    async fn click(&mut self, id: &str, comes: &str, name: &str) {
        self.window.click(id).await;
        self.window.find(comes).await;
        self.look(name).await;
    }

    /// Presses a key, waits for what comes, and looks.
    async fn key(&mut self, key: Key, comes: &str, name: &str) {
        self.window.key(key).await;
        self.window.find(comes).await;
        self.look(name).await;
    }

    /// Puts a panel away: the first Esc may only leave the search.
    async fn away(&self, id: &str) {
        let there = format!("return Boolean(document.querySelector('[data-testid={id}]'))");
        for _ in 0..3 {
            if self.window.script(&there).await == serde_json::json!(false) {
                return;
            }
            self.window.key(Key::Escape).await;
        }
        self.window.gone(id).await;
    }

    async fn end(self) {
        self.window.close().await;
        assert!(self.found.is_empty(), "{}", self.found.join("\n"));
    }
}

/// The pages that the keys of the rail open, with nobody in hand.
async fn pages(walk: &mut Walk) {
    for (key, comes, name) in [
        (Key::F1, "scan-invite", "home"),
        (Key::F2, "find-member", "member-none"),
        (Key::F3, "find-member", "redeem-none"),
        (Key::F4, "find-member", "earn-none"),
        (Key::F5, "day", "today"),
        (Key::F10, "sync-page", "sync"),
    ] {
        walk.key(key, comes, name).await;
    }
    walk.window.search("1000").await;
    walk.look("search").await;
    walk.window.key(Key::Escape).await;
    walk.window.key(Key::Escape).await;
}

async fn verdicts(walk: &mut Walk) {
    walk.window.key(Key::F1).await;
    walk.window.find("scan-invite").await;
    for (card, name) in [
        ("10000001", "admit"),
        ("10000003", "note"),
        ("10000012", "banned"),
        ("99999999", "unknown"),
        ("10000010", "refuse"),
    ] {
        walk.window.scan(card).await;
        walk.window.says("verdict", "").await;
        walk.window.until("its card", &of_card(card)).await;
        walk.look(name).await;
    }
    walk.key(Key::F7, "pass-type-1", "give-pass").await;
    walk.away("give-pass").await;
    walk.key(Key::F9, "reason-1", "let-in").await;
    walk.away("reason-panel").await;
}

/// Whether the verdict is that of a card: of a card without a member, its number is what is shown.
fn of_card(card: &str) -> String {
    let unknown = "document.querySelector('[data-testid=mend-new_member]')";
    if card == "99999999" { unknown.into() } else { format!("!{unknown}") }
}

/// What is mended at the verdict in panels of its own, and who comes along.
async fn along(walk: &mut Walk) {
    walk.window.open_member("林知夏").await;
    more(&walk.window, "family").await;
    walk.window.find("pick-panel").await;
    walk.look("pick-family").await;
    walk.window.compose("赵一鸣").await;
    walk.window.says("result-0", "赵一鸣").await;
    walk.look("pick-family-results").await;
    walk.window.key(Key::Enter).await;
    walk.window.says("picked", "赵一鸣").await;
    walk.look("pick-family-chosen").await;
    walk.window.key(Key::Enter).await;
    walk.window.gone("pick-panel").await;
    walk.window.key(Key::F1).await;
    tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
    walk.window.scan("10000001").await;
    walk.window.find("bring-family").await;
    walk.look("bring").await;
    walk.window.key(Key::F11).await;
    walk.window.find("ask-panel").await;
    walk.look("contact").await;
    walk.away("ask-panel").await;
    walk.window.ctrl('g').await;
    walk.window.find("reason-panel").await;
    walk.look("guest").await;
    walk.away("reason-panel").await;
    walk.window.find("bring-family").await;
    walk.window.ctrl('f').await;
    walk.window.find("family-1").await;
    walk.look("family").await;
}

async fn member(walk: &mut Walk) {
    walk.window.open_member("林知夏").await;
    walk.look("member").await;
    for tab in ["people", "cards"] {
        walk.click(&format!("tab-{tab}"), &format!("tab-{tab}"), &format!("member-{tab}")).await;
    }
    walk.click("tab-lately", "tab-lately", "member-lately").await;
    walk.key(Key::F7, "give-pass", "member-give").await;
    walk.away("give-pass").await;
    walk.key(Key::F9, "act-menu", "member-more").await;
    for act in
        ["give", "take", "move", "guardian", "merge", "ban", "topUp", "phone", "class", "erase"]
    {
        walk.window.click(&format!("act-{act}")).await;
        walk.window.gone("act-menu").await;
        walk.look(&format!("more-{act}")).await;
        for panel in ["ask-panel", "pick-panel", "phone-panel"] {
            walk.away(panel).await;
        }
        walk.window.find("act-menu").await;
    }
    walk.window.click("act-waiver").await;
    walk.window.find("act-self").await;
    walk.look("more-waiver").await;
    walk.window.key(Key::Escape).await;
    walk.window.find("act-waiver").await;
    walk.away("act-menu").await;
    pass(walk).await;
    points(walk).await;
}

/// What can be done with a pass: somebody has one that can be changed for a better one.
async fn pass(walk: &mut Walk) {
    walk.window.open_member("孙行").await;
    walk.window.key(Key::F7).await;
    let month = "//button[starts-with(@data-testid,'pass-type-')][contains(., '月卡')]";
    walk.window.click_path(month).await;
    walk.window.find("pass-1").await;
    walk.look("pass-given").await;
    walk.window.press(&['1']).await;
    walk.window.find("act-menu").await;
    walk.look("pass-acts").await;
    for act in ["extend", "upgrade", "transfer", "cancel"] {
        walk.window.click(&format!("act-{act}")).await;
        walk.window.gone(&format!("act-{act}")).await;
        walk.look(&format!("pass-{act}")).await;
        for panel in ["ask-panel", "pick-panel"] {
            walk.away(panel).await;
        }
        if act == "upgrade" {
            walk.window.key(Key::Escape).await;
        }
        walk.window.find("act-extend").await;
    }
    walk.away("act-menu").await;
    // A year's pass can be frozen.
    walk.window.open_member("林知夏").await;
    walk.window.press(&['1']).await;
    walk.window.click("act-freeze").await;
    walk.window.gone("act-freeze").await;
    walk.look("pass-freeze").await;
    walk.away("ask-panel").await;
    walk.away("act-menu").await;
}

/// Redeeming and giving points, with somebody in hand.
async fn points(walk: &mut Walk) {
    walk.key(Key::F3, "reward-1", "redeem").await;
    walk.window.press(&['1']).await;
    walk.window.find("redeem-uses").await;
    walk.look("redeem-chosen").await;
    walk.window.press(&['3']).await;
    walk.look("redeem-other").await;
    walk.key(Key::F4, "earn-amount", "earn").await;
    walk.window.type_slowly("128.50").await;
    walk.window.find("earn-points").await;
    walk.look("earn-preview").await;
    walk.window.key(Key::Enter).await;
    walk.window.find("toast").await;
    walk.look("earned").await;
    // What comes next is looked at without it.
    walk.window.gone("toast").await;
}

async fn forms(walk: &mut Walk) {
    walk.window.ctrl('n').await;
    walk.window.find("field-name").await;
    walk.look("form").await;
    walk.window.retype("field-phone", "12").await;
    walk.window.key(Key::Enter).await;
    walk.window.until("the phone's box marked", &marked("field-phone")).await;
    walk.look("form-refused").await;
    walk.window.retype("field-name", "王小明").await;
    walk.window.key(Key::Enter).await;
    walk.window.until("the phone's box marked", &marked("field-phone")).await;
    walk.look("form-phone-refused").await;
    walk.window.key(Key::F2).await;
    walk.window.find("find-member").await;
    walk.window.open_member("林知夏").await;
    walk.key(Key::F8, "field-name", "form-edit").await;
}

async fn settings(walk: &mut Walk) {
    walk.key(Key::F6, "theme-light", "settings-desk").await;
    for tab in ["rules", "alerts", "import", "hub", "store"] {
        walk.click(&format!("settings-{tab}"), "settings-desk", &format!("settings-{tab}")).await;
    }
    for tab in ["earn", "rewards", "passes", "tiers", "fields", "staff"] {
        walk.window.click(&format!("settings-{tab}")).await;
        walk.window.find("item-add").await;
        walk.look(&format!("settings-{tab}")).await;
        walk.click("item-add", "save-item", &format!("settings-{tab}-new")).await;
        walk.window.key(Key::Enter).await; // without a name
        walk.window.find("save-item").await;
        walk.window.until("what is wrong", "document.querySelector('main [role=alert]')").await;
        walk.look(&format!("settings-{tab}-refused")).await;
        let first = "//main//button[starts-with(@data-testid,'item-')][@data-line!='']";
        if tab == "earn" {
            unfolded(walk).await;
        }
        if ["rewards", "passes", "tiers", "staff"].contains(&tab) {
            walk.window.click_path(first).await;
            walk.look(&format!("settings-{tab}-edit")).await;
        }
    }
}

/// The whole form of a rule for points, group by group as it is scrolled through.
async fn unfolded(walk: &mut Walk) {
    walk.window.click("earn-rule-more").await;
    walk.window.find("earn-rule-expires").await.select_by_value("year_end").await.expect("an end");
    for seen in ["not-categories", "rounding", "times-ever", "expires-after", "condition"] {
        let box_of = format!("document.querySelector('[data-testid=earn-rule-{seen}]')");
        walk.window.script(&format!("{box_of}.scrollIntoView({{block: 'center'}})")).await;
        walk.look(&format!("settings-earn-{seen}")).await;
    }
}

/// What lies over everything, and the lock screen.
async fn over(walk: &mut Walk, shop: &Shop) {
    walk.window.ctrl('l').await;
    walk.window.find("lock-screen").await;
    walk.look("lock").await;
    walk.window.choose(shop.name("receptionist")).await;
    walk.look("pin").await;
    walk.window.type_pin("000000").await;
    walk.window.says("pin-message", "").await;
    walk.look("pin-wrong").await;
    walk.window.type_pin(shop.pin("receptionist")).await;
    walk.window.find("search").await;
    walk.window.key(Key::F6).await;
    walk.click("settings-earn", "settings-desk", "settings-not-yours").await;
    walk.window.key(Key::F1).await;
    walk.window.find("scan-invite").await;
    walk.window.scan("10000010").await;
    walk.window.find("mend-let_in_once").await;
    walk.window.key(Key::F9).await;
    walk.window.find("reason-1").await;
    walk.window.press(&['2']).await;
    walk.window.find("approval").await;
    walk.look("approval").await;
    walk.window.key(Key::Escape).await;
    walk.window.gone("approval").await;
    walk.window.resize(1024, 768).await;
    walk.window.click("recent-open").await;
    walk.window.find("recent-drawer").await;
    walk.look("recent-drawer").await;
}

/// A shop that says something about everybody.
fn shop() -> Shop {
    let shop = Shop::demo();
    shop.settings(|till, owner| {
        let levels = BTreeMap::from([(Alert::EmergencyContact, Level::Warn)]);
        till.save_alerts(owner, Alerts { levels, ..Alerts::default() })?;
        let one = |name| Ok::<_, punchcard_till::Error>(till.find(owner, name, 1)?.remove(0).id);
        let guardian = Some(one("李喆")?);
        let tied = DetailsInput { guardian, ..DetailsInput::default() };
        till.change_details(owner, one("林知夏")?.parse().expect("an id"), tied).map(drop)
    });
    shop
}

async fn everywhere(language: &'static str, theme: &'static str) {
    let shop = shop();
    let mut walk = Walk::begin(&shop, "owner", (language, theme)).await;
    pages(&mut walk).await;
    verdicts(&mut walk).await;
    along(&mut walk).await;
    member(&mut walk).await;
    forms(&mut walk).await;
    settings(&mut walk).await;
    over(&mut walk, &shop).await;
    walk.end().await;
}

#[tokio::test]
async fn all_of_it_is_legible_in_chinese_and_light() {
    everywhere("zh-CN", "light").await;
}

#[tokio::test]
async fn all_of_it_is_legible_in_english_and_dark() {
    everywhere("en", "dark").await;
}

/// The first run, in both ways, and the desk of a shop that has nobody yet.
#[tokio::test]
async fn the_first_day_is_legible_in_english() {
    let shop = Shop::empty();
    let window = Window::open(&shop).await;
    window.click("lang-en").await;
    window.until("the language", "document.documentElement.lang === 'en'").await;
    let mut walk = Walk { window, language: "en", theme: "light", found: Vec::new() };
    walk.look("first-run").await;
    walk.click("set-up", "first-run", "first-run-refused").await;
    walk.click("way-join", "join", "join").await;
    walk.click("join", "join", "join-refused").await;
    walk.window.click("way-new").await;
    for (field, text) in [
        ("field-business", "Riverside Gym"),
        ("field-store", "Riverside"),
        ("field-owner", "Ada"),
        ("field-pin", "274913"),
        ("field-pin-again", "274913"),
    ] {
        walk.window.retype(field, text).await;
    }
    walk.window.click("set-up").await;
    walk.window.pin_box().await;
    walk.window.type_pin("274913").await;
    walk.window.find("start-path").await;
    walk.look("start-path").await;
    walk.window.key(Key::F5).await;
    walk.window.find("day").await;
    walk.look("first-day").await;
    walk.end().await;
}

/// What there is only with a hub: points elsewhere, what goes on trust, two files of one person.
#[tokio::test]
async fn the_line_and_what_comes_over_it_is_legible_in_english() {
    let shop = Shop::demo();
    let mut hub = Hub::of(&shop);
    let other = hub.desk();
    let rules = other.till.rules().expect("there are rules");
    let rules = RulesInput { trust_limit: 500, ..rules };
    other.till.save_rules(&other.owner(), rules).expect("the owner's rules");
    with_points_at(&other);
    let mut walk = Walk::begin(&shop, "owner", ("en", "light")).await;
    walk.window.line("online").await;
    redeeming(&walk.window).await;
    walk.look("redeem-needs-line").await;
    walk.window.press(&['1']).await;
    walk.window.find("redeem-fetch").await;
    walk.look("redeem-fetch").await;
    hub.stop();
    walk.window.key(Key::F8).await;
    walk.window.line("offline").await;
    walk.window.find("redeem-trust").await;
    walk.look("redeem-trust").await;

    other.member("周二", "13900002222");
    walk.window.ctrl('n').await;
    walk.window.retype("field-name", "周二").await;
    walk.window.retype("field-phone", "13900002222").await;
    walk.window.click("save-member").await;
    walk.window.says("member-name", "周二").await;
    walk.key(Key::F10, "sync-page", "sync-offline").await;
    hub.start();
    other.sync();
    walk.window.sync().await;
    walk.window.find("duplicate").await;
    walk.look("sync-duplicate").await;
    walk.window.key(Key::F6).await;
    walk.click("settings-hub", "hub-state", "settings-hub-paired").await;
    walk.key(Key::F1, "scan-invite", "home-attention").await;
    walk.end().await;
}

/// What the checks above must see, each done to a page that is in order.
const SPOILT: [(&str, &str); 8] = [
    ("key:", "one('nav-member').querySelector('span').textContent = 'nav.member'"),
    ("other language:", "one('nav-redeem').querySelector('span').textContent = 'Redeem'"),
    ("hole:", "one('nav-today').querySelector('span').textContent = '{day}'"),
    (
        "cut at its side:",
        "one('day').style.cssText = 'overflow: hidden; flex: none; width: 40px; white-space: nowrap'",
    ),
    ("too long for its box", "one('search').placeholder = '很长'.repeat(60)"),
    ("low,", "one('day-previous').style.cssText = 'min-height: 0; height: 30px'"),
    ("over each other:", "one('foot-waiting').style.marginLeft = '-120px'"),
    (
        "has the focus under",
        "document.body.append(Object.assign(document.createElement('i'), { id: 'lid' }));
         document.getElementById('lid').style.cssText =
             'position: fixed; left: 0; top: 500px; width: 90px; height: 120px'",
    ),
];

#[tokio::test]
async fn the_checks_see_what_is_wrong() {
    let shop = shop();
    let window = Window::signed_in(&shop, "owner").await;
    window.key(Key::F5).await;
    window.find("day").await;
    assert_eq!(faults(&window, "zh-CN").await, Vec::<String>::new());
    for (fault, spoil) in SPOILT {
        let script = format!(
            "const one = (id) => document.querySelector(`[data-testid=\"${{id}}\"]`); {spoil}"
        );
        window.script(&script).await;
        let found = faults(&window, "zh-CN").await;
        assert!(found.iter().any(|one| one.starts_with(fault)), "{fault} is not among {found:?}");
    }
    window.close().await;
}
