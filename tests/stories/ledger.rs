//! The ledger under random histories: nothing made, nothing lost, nothing below zero, and only
//! the owner debits. Checked by a second, naive fold over the journal's JSON, written apart.

use std::collections::BTreeMap;

use proptest::prelude::*;
use punchcard_tests::{DAY, MINUTE, Shop, id};
use punchcard_till::{CheckInHow, RedeemInput, Who};
use serde_json::Value;

#[derive(Debug, Clone)]
enum Act {
    Earn { member: usize, yuan: u32 },
    Redeem { member: usize, reward: usize, points: i64, on_trust: bool },
    CheckIn { member: usize },
    UseVisit { member: usize },
    GivePass { member: usize },
    Void { back: usize },
    Pass { days: i64 },
    Expire,
    RestoreAndVouch,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0..3usize, 1..900u32).prop_map(|(member, yuan)| Act::Earn { member, yuan }),
        4 => (0..3usize, 0..3usize, 1..400i64, any::<bool>())
            .prop_map(|(member, reward, points, on_trust)| Act::Redeem { member, reward, points, on_trust }),
        2 => (0..3usize).prop_map(|member| Act::CheckIn { member }),
        1 => (0..3usize).prop_map(|member| Act::UseVisit { member }),
        1 => (0..3usize).prop_map(|member| Act::GivePass { member }),
        3 => (0..12usize).prop_map(|back| Act::Void { back }),
        2 => prop_oneof![Just(0i64), Just(1), Just(40), Just(400)].prop_map(|days| Act::Pass { days }),
        1 => Just(Act::Expire),
        1 => Just(Act::RestoreAndVouch),
    ]
}

struct World {
    shop: Shop,
    members: Vec<String>,
    rewards: Vec<String>,
    pack: String,
    facts: Vec<String>,
}

fn world() -> World {
    let shop = Shop::new();
    let members = (1..=3).map(|n| shop.member("成员", n).brief.id).collect();
    let rewards = vec![shop.reward("水", 100), shop.reward("巾", 450), shop.reward("抵现", 0)];
    let pack = shop.pass_type("3 次卡", Some(60), Some(3));
    let mut rules = shop.till().rules().expect("rules");
    rules.trust_limit = 200;
    rules.points_expire_months = Some(12);
    rules.pass_required = false;
    shop.till().save_rules(&shop.owner(), rules).expect("the owner sets rules");
    World { shop, members, rewards, pack, facts: Vec::new() }
}

impl World {
    /// Does it, or is refused; either is fine, as long as everything holds afterwards.
    fn act(&mut self, act: &Act) {
        let owner = self.shop.owner();
        let till = self.shop.till();
        let member = |at: usize| id(&self.members[at]);
        let fact = match act {
            Act::Earn { member: at, yuan } => {
                till.earn(&owner, member(*at), &yuan.to_string()).ok().map(|done| done.fact)
            }
            Act::Redeem { member: at, reward, points, on_trust } => {
                let points = (*reward == 2).then_some(*points);
                let reward = id(&self.rewards[*reward]);
                let input =
                    RedeemInput { member: member(*at), reward, points, on_trust: *on_trust };
                till.redeem(&owner, input).ok().map(|done| done.fact)
            }
            Act::CheckIn { member: at } => {
                let view = till.check_in(&owner, Who::Member(member(*at)), CheckInHow::Scan, None);
                view.ok().map(|view| view.fact)
            }
            Act::UseVisit { member: at } => {
                let view =
                    till.check_in(&owner, Who::Member(member(*at)), CheckInHow::UseVisit, None);
                view.ok().map(|view| view.fact)
            }
            Act::GivePass { member: at } => {
                till.give_pass(&owner, member(*at), id(&self.pack)).ok().map(|done| done.fact)
            }
            Act::Void { back } => {
                let target = self.facts.iter().rev().nth(*back);
                target.and_then(|target| till.undo(&owner, id(target)).ok()).map(|done| done.fact)
            }
            Act::Pass { days } => {
                self.shop.pass(days * DAY + MINUTE);
                None
            }
            Act::Expire => {
                till.expire_due().expect("posted");
                None
            }
            Act::RestoreAndVouch => {
                self.restore();
                None
            }
        };
        self.facts.extend(fact);
    }

    /// The anchor is lost: the store opens its next life, and the owner vouches for it.
    fn restore(&mut self) {
        self.shop.close();
        std::fs::remove_file(self.shop.folder().join("anchor")).expect("there is one");
        self.shop.reopen();
        let owner = self.shop.owner();
        self.shop.till().vouch(&owner).expect("the only till");
    }
}

/// Every account, by lot and name, and every debt, from the journal's JSON alone.
#[derive(Default)]
struct Naive {
    accounts: BTreeMap<(String, String), i64>,
    owner_of_lot: BTreeMap<String, String>,
    expires: BTreeMap<String, i64>,
    kinds: BTreeMap<String, String>,
    debts: BTreeMap<String, i64>,
}

fn account(value: &Value) -> String {
    match value {
        Value::String(name) => name.clone(),
        other => other
            .as_object()
            .and_then(|map| map.iter().next())
            .map_or_else(String::new, |(kind, stream)| {
                format!("{kind}:{}", stream.as_str().unwrap_or_default())
            }),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl Naive {
    fn issue(&mut self, member: &str, lot: &Value) {
        let id = text(&lot["id"]);
        *self.accounts.entry((id.clone(), account(&lot["to"]))).or_default() +=
            lot["amount"].as_i64().unwrap_or(0);
        self.owner_of_lot.insert(id.clone(), member.to_owned());
        self.kinds.insert(id.clone(), text(&lot["kind"]));
        self.expires.insert(id, lot["expires_ms"].as_i64().unwrap_or(i64::MAX));
    }

    fn post(&mut self, posting: &Value, stream: &str, took_over: &[String]) {
        let amount = posting["amount"].as_i64().unwrap_or(0);
        assert!(amount > 0, "a posting moves something: {posting}");
        let (lot, from, to) =
            (text(&posting["lot"]), account(&posting["from"]), account(&posting["to"]));
        let debited = from.split_once(':').map_or("", |(_, of)| of);
        assert!(
            debited == stream || took_over.iter().any(|own| own == debited),
            "{stream} debits {from}"
        );
        let left = self.accounts.entry((lot.clone(), from.clone())).or_default();
        *left -= amount;
        assert!(*left >= 0, "{from} of {lot} is below zero");
        *self.accounts.entry((lot, to)).or_default() += amount;
    }

    fn entry(&mut self, stream: &str, kind: &str, body: &Value, took_over: &mut Vec<String>) {
        let member = text(&body["member"]);
        let list = |name: &str| body[name].as_array().cloned().unwrap_or_default();
        if kind == "stream_vouched" {
            took_over.extend(list("takes_over").iter().map(text));
        }
        for lot in list("lots").iter().chain(&list("opening")) {
            self.issue(&member, lot);
        }
        if body["pass"]["visits"].is_object() {
            self.issue(&member, &body["pass"]["visits"]);
        }
        if body["earned"]["lot"].is_object() {
            self.issue(&member, &body["earned"]["lot"]);
        }
        for posting in list("postings") {
            self.post(&posting, stream, took_over);
        }
        let repaid = &body["earned"]["repaid"];
        if repaid.is_object() {
            self.post(repaid, stream, took_over);
            *self.debts.entry(member.clone()).or_default() -=
                repaid["amount"].as_i64().unwrap_or(0);
        }
        let owed = body["on_trust"].as_i64().unwrap_or(0) + body["debt"].as_i64().unwrap_or(0);
        *self.debts.entry(member).or_default() += owed;
    }

    /// Points on file of a member: with any till, not run out.
    fn on_file(&self, member: &str, now_ms: i64) -> i64 {
        self.accounts
            .iter()
            .filter(|((lot, account), _)| {
                account.starts_with("till:")
                    && self.owner_of_lot.get(lot).is_some_and(|of| of == member)
                    && self.kinds.get(lot).is_some_and(|kind| kind == "points")
                    && self.expires.get(lot).is_some_and(|expires| *expires > now_ms)
            })
            .map(|(_, amount)| amount)
            .sum()
    }
}

fn naive(shop: &Shop) -> Naive {
    let mut naive = Naive::default();
    let mut took_over = Vec::new();
    for parcel in shop.till().parcels().expect("entries") {
        let header = parcel.entry.check().expect("whole");
        let body: Value = serde_json::from_slice(&parcel.entry.payload).expect("JSON");
        let kind = punchcard_domain::fact::Fact::KINDS
            .iter()
            .find(|(number, _)| *number == header.kind)
            .map_or("", |(_, name)| *name);
        naive.entry(&header.stream.to_string(), kind, &body, &mut took_over);
    }
    naive
}

fn holds(world: &World) {
    world.shop.verify();
    let naive = naive(&world.shop);
    let now_ms = world.shop.clock.load(std::sync::atomic::Ordering::SeqCst);
    for member in &world.members {
        let (on_file, here, debt) = world.shop.points(member);
        assert_eq!(on_file, naive.on_file(member, now_ms), "{member} on file");
        assert_eq!(here, on_file, "the only till holds all");
        let owed = naive.debts.get(member).copied().unwrap_or(0);
        assert!(owed >= 0, "{member} is owed by the house: {owed}");
        assert_eq!(debt, owed, "{member} owes");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_made_nothing_lost_nothing_below_zero(acts in prop::collection::vec(act(), 1..45)) {
        let mut world = world();
        for act in &acts {
            world.act(act);
        }
        holds(&world);
    }
}

#[test]
fn voiding_everything_returns_every_account_to_where_it_stood() {
    let mut world = world();
    for act in [
        Act::Earn { member: 0, yuan: 500 },
        Act::Redeem { member: 0, reward: 1, points: 0, on_trust: false },
        Act::Redeem { member: 0, reward: 0, points: 0, on_trust: true },
        Act::GivePass { member: 0 },
        Act::CheckIn { member: 0 },
        Act::Earn { member: 0, yuan: 20 },
    ] {
        world.act(&act);
    }
    assert_eq!(world.facts.len(), 6);
    let facts = world.facts.clone();
    for fact in facts {
        world.shop.till().undo(&world.shop.owner(), id(&fact)).expect("the owner may");
    }
    assert_eq!(world.shop.points(&world.members[0]), (0, 0, 0));
    holds(&world);
}
