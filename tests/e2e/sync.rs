//! The window with a real hub and another desk: pairing, the line going and coming back, points
//! that lie elsewhere, redemption on trust, two files of one person, an empty desk that joins, and
//! a store from a backup.

use fantoccini::key::Key;
use punchcard_tests::id;
use punchcard_till::views::RulesInput;

use crate::{
    hub::{FIRST, Hub, JOINED_PIN, OtherDesk, SECOND},
    looks::{dress, look},
    shop::Shop,
    window::Window,
};

/// Members that the demo shop does not have.
const MEMBER: &str = "沈青禾";
const PHONE: &str = "13900001111";

#[tokio::test]
async fn a_desk_is_connected_with_a_code() {
    let shop = Shop::demo();
    let mut hub = Hub::new();
    let window = Window::signed_in(&shop, "owner").await;
    window.line("alone").await;
    window.key(Key::F10).await;
    window.find("sync-connect").await;
    window.key(Key::F7).await;
    window.find("pair-form").await;

    // The hub is not there.
    let code = hub.code(None);
    hub.stop();
    window.fill("pair-hub", &hub.url()).await;
    window.fill("pair-code", &code.to_lowercase().replace('-', " ")).await;
    window.until("the code in groups", &holds("pair-code", &code)).await;
    window.fill("pair-till", FIRST).await;
    window.click("pair").await;
    window.until("the hub's box marked", &marked("pair-hub")).await;
    window.says("pair-form", "连不上总部").await;
    look(&window, "pair-no-hub").await;

    // The code is not the one.
    hub.start();
    window.fill("pair-code", "ABCD-EFGH-JKMN-PQRS").await;
    window.click("pair").await;
    window.until("the code's box marked", &marked("pair-code")).await;
    window.says("pair-form", "请在总部再拿一个").await;
    look(&window, "pair-wrong-code").await;

    window.fill("pair-code", &code).await;
    window.key(Key::Enter).await;
    window.says("hub-state", &hub.url()).await;
    window.says("hub-state", FIRST).await;
    window.line("online").await;
    window.says("foot-waiting", "记录都已送到总部").await;
    look(&window, "paired").await;
    window.close().await;

    // What the desk had is at the hub.
    let other = hub.desk();
    let found = other.till.find(&other.owner(), "林知夏", 5).expect("it can be read");
    assert_eq!(found.len(), 1, "the other desk knows the member");
}

#[tokio::test]
async fn without_the_line_everything_waits_and_goes_once_it_is_back() {
    let shop = Shop::demo();
    let mut hub = Hub::of(&shop);
    let window = Window::signed_in(&shop, "cashier").await;
    window.line("online").await;
    window.says("foot-waiting", "记录都已送到总部").await;
    hub.stop();

    window.open_member("林知夏").await;
    window.key(Key::F4).await;
    window.find("earn-amount").await;
    let (on_file, here) = figures(&window).await;
    window.type_slowly("128").await;
    window.says("earn-preview", "128.00").await;
    let points = window.number("earn-points").await;
    window.key(Key::Enter).await;
    window.shows("points-on-file", on_file + points).await;
    window.shows("points-here", here + points).await;
    window.line("offline").await;
    window.says("foot", "离线").await;
    window.says("foot-waiting", "1 笔待传").await;
    look(&window, "offline").await;
    window.key(Key::F10).await;
    window.says("sync-says", "1 笔记录等着传给总部").await;
    window.key(Key::F7).await;
    window.told("连不上总部").await;
    look(&window, "offline-page").await;

    hub.start();
    window.key(Key::F7).await;
    window.line("online").await;
    window.says("foot-waiting", "记录都已送到总部").await;
    window.says("sync-says", "记录都已送到总部").await;
    look(&window, "online-page").await;
    window.close().await;

    let other = hub.desk();
    let found = other.till.find(&other.owner(), "林知夏", 5).expect("it can be read");
    let known = other.points(&found.first().expect("it is known there").id);
    assert_eq!(known.on_file, on_file + points);
}

#[tokio::test]
async fn points_that_lie_elsewhere_are_fetched_and_redeemed() {
    let shop = Shop::demo();
    let hub = Hub::of(&shop);
    let mut other = hub.desk();
    let member = with_points_at(&other);
    let window = Window::signed_in(&shop, "cashier").await;
    window.line("online").await;
    let (on_file, cost) = redeeming(&window).await;
    assert_eq!(on_file, other.points(&member).on_file);
    window.press(&['1']).await;
    window.says("redeem-fetch", &format!("取回 {cost} 分")).await;
    window.says("redeem-problem", "积分不够").await;
    look(&window, "fetch").await;
    window.key(Key::F8).await;
    window.says("draw-result", &format!("取回了 {cost} 分")).await;
    window.shows("points-here", cost).await;
    window.shows("points-on-file", on_file).await;
    look(&window, "fetched").await;
    window.key(Key::Enter).await;
    window.shows("points-on-file", on_file - cost).await;
    window.shows("points-here", 0).await;
    other.hears(&member, on_file - cost);

    // Nobody is there to give any: the sentence names who has them.
    other.switch_off();
    window.press(&['1']).await;
    window.find("redeem-fetch").await;
    window.key(Key::F8).await;
    window.says("draw-result", &format!("在 {SECOND}，那边没有回应")).await;
    window.shows("points-on-file", on_file - cost).await;
    look(&window, "fetched-nothing").await;
    window.close().await;
    assert_eq!(shop.count("points_redeemed"), 1);
}

#[tokio::test]
async fn what_cannot_be_fetched_goes_on_trust_with_a_managers_pin() {
    let shop = Shop::demo();
    let mut hub = Hub::of(&shop);
    let mut other = hub.desk();
    let rules = other.till.rules().expect("there are rules");
    let rules = RulesInput { trust_limit: 500, ..rules };
    other.till.save_rules(&other.owner(), rules).expect("the owner's rules");
    with_points_at(&other);
    other.switch_off();
    let window = Window::signed_in(&shop, "cashier").await;
    dress(&window, "en", "dark").await;
    window.line("online").await;
    let (on_file, cost) = redeeming(&window).await;
    window.press(&['1']).await;
    window.find("redeem-fetch").await;
    assert!(!window.there("redeem-trust").await, "what can be had is asked for first");
    // Only now: a desk that notices by itself offers trust at once.
    hub.stop();
    window.key(Key::F8).await;
    window.line("offline").await;
    window.find("redeem-trust").await;
    look(&window, "trust").await;
    window.key(Key::F9).await;
    window.find("approval").await;
    window.approve(&shop, "manager").await;
    window.gone("approval").await;
    window.find("points-debt").await;
    window.shows("points-debt", cost).await;
    window.shows("points-on-file", on_file).await;
    look(&window, "owed").await;
    window.close().await;
    assert_eq!(shop.count("points_redeemed"), 1);
}

#[tokio::test]
async fn one_person_registered_twice_becomes_one() {
    let shop = Shop::demo();
    let mut hub = Hub::of(&shop);
    let other = hub.desk();
    let window = Window::signed_in(&shop, "cashier").await;
    hub.stop();
    other.member(MEMBER, PHONE);
    window.ctrl('n').await;
    window.until("the cursor in the name", &focused("field-name")).await;
    window.compose(MEMBER).await;
    window.fill("field-phone", PHONE).await;
    window.click("save-member").await;
    window.says("member-name", MEMBER).await;
    hub.start();
    other.sync();
    window.sync().await;
    window.find("duplicate").await;
    window.says("attention", "").await;
    look(&window, "duplicate").await;
    window.press(&['2']).await;
    window.says("keep-second", "留下").await;
    window.key(Key::F8).await;
    window.find("approval").await;
    look(&window, "merge-approval").await;
    window.approve(&shop, "manager").await;
    window.gone("approval").await;
    window.gone("duplicate").await;
    look(&window, "merged").await;
    window.search(MEMBER).await;
    assert!(!window.there("result-1").await, "it is one member");
    window.key(Key::Escape).await;
    window.line("online").await;
    window.sync().await;
    window.close().await;
    assert_eq!(shop.count("members_merged"), 1);
    other.sync();
    let found = other.till.find(&other.owner(), MEMBER, 5).expect("it can be read");
    assert_eq!(found.len(), 1, "it is one member there too");
}

#[tokio::test]
async fn what_another_desk_took_back_is_told_in_sentences() {
    let shop = Shop::demo();
    let hub = Hub::of(&shop);
    let other = hub.desk();
    let member = other.member(MEMBER, PHONE);
    other.sync();
    shop.tool(&["sync"]);
    let earned = shop.tool(&["earn", "--member", &member, "--amount", "250"]);
    shop.tool(&["sync"]);
    other.hears(&member, 250);

    let window = Window::signed_in(&shop, "cashier").await;
    window.open_member(MEMBER).await;
    window.key(Key::F3).await;
    window.shows("points-here", 250).await;
    window.press(&['1']).await;
    window.shows("redeem-uses", 100).await;
    window.key(Key::Enter).await;
    window.shows("points-on-file", 150).await;
    let earned = earned["fact"].as_str().expect("a fact has an id");
    other.till.undo(&other.owner(), id(earned)).expect("the owner takes back");
    other.sync();

    window.sync().await;
    window.says("notices", "其中 100 分已经用掉了，记为欠分").await;
    window.says("notices", "本机把手上的 150 分还了回去").await;
    window.says("notices", MEMBER).await;
    look(&window, "notices").await;
    window.key(Key::Enter).await;
    window.says("settled", "1").await;
    window.key(Key::Enter).await;
    window.says("settled", "2").await;
    window.gone("attention").await;
    look(&window, "notices-settled").await;
    window.open_member(MEMBER).await;
    window.key(Key::F3).await;
    window.shows("points-debt", 100).await;
    window.close().await;
}

#[tokio::test]
async fn an_empty_desk_joins_and_knows_everybody() {
    let shop = Shop::demo();
    let hub = Hub::of(&shop);
    let code = hub.code(Some(&hub.store("西湖店")));
    let empty = Shop::empty();
    let window = Window::open(&empty).await;
    window.click("way-join").await;
    window.fill("pair-hub", &hub.url()).await;
    window.fill("pair-code", "ABCD-EFGH-JKMN-PQRS").await;
    window.fill("pair-till", SECOND).await;
    window.fill("field-pin", JOINED_PIN).await;
    window.fill("field-pin-again", JOINED_PIN).await;
    look(&window, "join").await;
    window.click("join").await;
    window.until("the code's box marked", &marked("pair-code")).await;
    look(&window, "join-wrong-code").await;
    window.fill("pair-code", &code).await;
    window.key(Key::Enter).await;
    window.find("lock-screen").await;
    look(&window, "joined-lock").await;
    window.choose(shop.name("owner")).await;
    window.type_pin(JOINED_PIN).await;
    window.find("search").await;
    window.line("online").await;
    window.open_member("林知夏").await;
    window.says("member-name", "林知夏").await;
    look(&window, "joined-member").await;
    window.key(Key::F10).await;
    window.says("sync-page", "西湖店").await;
    window.says("sync-page", SECOND).await;
    window.close().await;
    empty.tool(&["verify"]);
}

#[tokio::test]
async fn a_store_from_a_backup_spends_nothing_until_the_hub_was_asked() {
    let shop = Shop::demo();
    let mut hub = Hub::of(&shop);
    let backup = shop.home().join("backup");
    let backup = backup.to_str().expect("a path of ours");
    shop.tool(&["backup", backup]);
    let found = shop.tool(&["find", "林知夏"]);
    let member = found[0]["id"].as_str().expect("the demo shop has them");
    let done = shop.tool(&["earn", "--member", member, "--amount", "250"]);
    let earned = done["points"].as_i64().expect("a number");
    shop.tool(&["sync"]);
    shop.tool(&["restore", backup]);
    hub.stop();

    let window = Window::signed_in(&shop, "cashier").await;
    window.line("offline").await;
    window.says("distrust-banner", "从备份恢复").await;
    window.says("distrust-wait", "一连上总部就会核对").await;
    assert!(!window.there("vouch").await, "only the hub knows");
    window.open_member("林知夏").await;
    window.key(Key::F3).await;
    window.find("points-on-file").await;
    let (before, _) = figures(&window).await;
    window.shows("points-here", 0).await;
    window.press(&['1']).await;
    window.says("redeem-problem", "数据还没有确认").await;
    look(&window, "restored").await;
    window.key(Key::Enter).await;
    window.shows("points-on-file", before).await;

    hub.start();
    window.sync().await;
    window.gone("distrust-banner").await;
    window.says("notices", "本机的数据没有问题").await;
    look(&window, "trusted-again").await;
    window.open_member("林知夏").await;
    window.key(Key::F3).await;
    window.shows("points-on-file", before + earned).await;
    // What the earlier life held is in the pool, from where it is fetched.
    window.press(&['1']).await;
    window.find("redeem-fetch").await;
    window.key(Key::F8).await;
    window.says("draw-result", "取回了 100 分").await;
    window.shows("points-here", 100).await;
    look(&window, "restored-redeem").await;
    window.key(Key::Enter).await;
    window.shows("points-on-file", before + earned - 100).await;
    window.close().await;
}

#[tokio::test]
async fn what_the_hub_refused_of_an_earlier_life_is_told_with_who_rules_on_it() {
    let shop = Shop::demo();
    let mut hub = Hub::of(&shop);
    let place = |name: &str| shop.home().join(name).to_str().expect("a path of ours").to_owned();
    let (early, late) = (place("early"), place("late"));
    shop.tool(&["backup", &early]);
    // Written while the hub is away, and nowhere else than in the second backup.
    hub.stop();
    let found = shop.tool(&["find", "林知夏"]);
    let member = found[0]["id"].as_str().expect("the demo shop has them");
    shop.tool(&["earn", "--member", member, "--amount", "250"]);
    shop.tool(&["backup", &late]);
    hub.start();
    shop.tool(&["restore", &early]);
    shop.tool(&["sync"]);
    // The owner closes what was before: nothing more of it is expected.
    hub.accept("second_life");
    shop.tool(&["restore", &late]);

    let window = Window::signed_in(&shop, "manager").await;
    window.sync().await;
    window.says("notices", "先前记下的 1 笔，总部没有收下").await;
    window.says("notices", "请告诉店长").await;
    // It is set aside before anything is compared: nobody is told of tables that differ.
    assert!(!window.text("notices").await.contains("对不上"), "the tables are the hub's");
    look(&window, "set-aside").await;
    dress(&window, "en", "dark").await;
    window.key(Key::F10).await;
    window.says("notices", "did not take in 1 entry").await;
    look(&window, "set-aside-en").await;
    window.close().await;
    shop.tool(&["verify"]);
}

/// A member of the other desk, whose points lie there.
pub fn with_points_at(other: &OtherDesk) -> String {
    let member = other.member(MEMBER, PHONE);
    other.earn(&member, "500");
    other.sync();
    member
}

/// Opens the rewards for that member: points on file, of which none can be used here, and what the
/// first one costs.
pub async fn redeeming(window: &Window) -> (i64, i64) {
    window.sync().await;
    window.open_member(MEMBER).await;
    window.key(Key::F3).await;
    window.find("reward-1").await;
    window.shows("points-here", 0).await;
    assert_eq!(
        window.attribute("reward-1", "data-affordable").await.as_deref(),
        Some("needs_line")
    );
    let cost = window.attribute("reward-1", "data-cost").await.expect("a reward has a cost");
    let cost = cost.parse().expect("a cost is a number");
    let on_file = window.number("points-on-file").await;
    assert!(on_file > 2 * cost);
    (on_file, cost)
}

/// On file, and spendable here.
async fn figures(window: &Window) -> (i64, i64) {
    (window.number("points-on-file").await, window.number("points-here").await)
}

fn focused(id: &str) -> String {
    format!("document.activeElement?.dataset.testid === '{id}'")
}

/// A box is marked as wrong, and has the cursor.
pub fn marked(id: &str) -> String {
    format!(
        "document.activeElement?.dataset.testid === '{id}' &&
         document.activeElement.getAttribute('aria-invalid') === 'true'"
    )
}

fn holds(id: &str, text: &str) -> String {
    format!("document.querySelector('[data-testid={id}]')?.value === '{text}'")
}

impl Window {
    /// Waits until the foot says how the line is.
    pub async fn line(&self, state: &str) {
        let foot = "document.querySelector('[data-testid=foot] [data-testid=line]')";
        let holds = format!("{foot}?.dataset.state === '{state}'");
        self.until(&format!("the line to be {state}"), &holds).await;
    }

    /// Whether an element is there now.
    async fn there(&self, id: &str) -> bool {
        let script = format!("return document.querySelector('[data-testid=\"{id}\"]') !== null");
        self.script(&script).await == true
    }

    /// Syncs by hand, at the page for it.
    pub async fn sync(&self) {
        self.key(Key::F10).await;
        self.find("sync-now").await;
        self.hush().await;
        self.key(Key::F7).await;
        let rests = "document.querySelector('[data-testid=sync-now]')?.disabled === false &&
            window.said.length > 0";
        self.until("the sync to be done", rests).await;
    }

    /// Puts a text in the place of what a box holds.
    async fn fill(&self, id: &str, text: &str) {
        self.click(id).await;
        self.script("document.activeElement.select()").await;
        self.compose(text).await;
    }
}
