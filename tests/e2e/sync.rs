//! The window with a real hub and another desk: pairing, the line going and coming back, points
//! that lie elsewhere, redemption on trust, two files of one person, an empty desk that joins, and
//! a store from a backup.

use fantoccini::key::Key;
use punchcard_till::views::RulesInput;

use crate::{
    hub::{FIRST, Hub, OtherDesk, SECOND},
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
    window.says("toast", "连不上总部").await;
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
    other.sync();
    assert_eq!(other.points(&member).on_file, on_file - cost);

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
    hub.stop();
    window.line("offline").await;
    window.press(&['1']).await;
    window.says("redeem-fetch", "").await;
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

/// A member of the other desk, whose points lie there.
fn with_points_at(other: &OtherDesk) -> String {
    let member = other.member(MEMBER, PHONE);
    other.earn(&member, "500");
    other.sync();
    member
}

/// Opens the rewards for that member: points on file, of which none can be used here, and what the
/// first one costs.
async fn redeeming(window: &Window) -> (i64, i64) {
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

/// A box is marked as wrong, and has the cursor.
fn marked(id: &str) -> String {
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
    async fn line(&self, state: &str) {
        let foot = "document.querySelector('[data-testid=foot] [data-testid=line]')";
        let holds = format!("{foot}?.dataset.state === '{state}'");
        self.until(&format!("the line to be {state}"), &holds).await;
    }

    /// Syncs by hand, at the page for it.
    async fn sync(&self) {
        self.key(Key::F10).await;
        self.find("sync-now").await;
        self.key(Key::F7).await;
        let rests = "document.querySelector('[data-testid=sync-now]')?.disabled === false &&
            document.querySelector('[data-testid=toast]') !== null";
        self.until("the sync to be done", rests).await;
    }

    /// Puts a text in the place of what a box holds.
    async fn fill(&self, id: &str, text: &str) {
        self.click(id).await;
        self.script("document.activeElement.select()").await;
        self.compose(text).await;
    }
}
