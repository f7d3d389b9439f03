//! What somebody may have once, or so much of: each of two desks without a line allows it, as each must.
//! Nobody is accused, nothing is taken from anybody, and the owner is told, once.

use std::{collections::BTreeSet, sync::atomic::Ordering};

use punchcard_domain::{phone_code::code_at, terms::Terms};
use punchcard_tests::{
    DAY,
    business::{Business, Desk, Engine},
    id, on_both_engines,
};
use punchcard_till::{
    CardChange, CheckInHow, CodeInput, PassChange, RedeemInput, Who, views::RulesInput,
};

use crate::passes::At;

on_both_engines!(
    what_two_desks_each_allowed_is_told_once,
    what_two_desks_with_a_line_allow_is_told_to_nobody,
);

const RULES: &str = r#"[
  {"name": "a point a yuan", "per": "amount", "points": 1, "each_minor": 100, "caps": {"day": 100}},
  {"name": "welcome", "per": "first_visit", "points": 50}
]"#;
const GOLD: &str = r#"{"name": "Gold", "multiplier_percent": 100,
    "ladder": {"by": "points", "over": "year", "entry": 10}, "privileges": {"free_visits_month": 1}}"#;

/// Limit, how much there may be of it, and how much there is.
type Told = (String, i64, i64);

fn told(business: &Business) -> Vec<Told> {
    let lines = business.hub.inbox().expect("it answers").into_iter();
    let lines = lines.filter(|line| line.code == "limit_overstepped");
    let number = |value: &serde_json::Value| value.as_i64().expect("a number");
    let mut told: Vec<Told> = lines
        .map(|line| {
            let limit = line.args["limit"].as_str().expect("its name").to_owned();
            (limit, number(&line.args["most"]), number(&line.args["had"]))
        })
        .collect();
    told.sort();
    told
}

/// A business where everything has a limit, and people to whom each of them matters.
struct Bounded {
    business: Business,
    first: Desk,
    second: Desk,
    buyer: String,
    host: String,
    away: String,
    seller: String,
    heir: String,
    debtor: String,
    guest: String,
    phone: String,
    secret: String,
    cup: String,
    chair: String,
}

impl Bounded {
    fn open(engine: Engine) -> Self {
        let (business, first) = Business::with_desk(engine);
        let owner = first.owner();
        let till = first.till();
        till.set_earn_rules(&owner, RULES).expect("they can be read");
        till.set_tiers(&owner, GOLD).expect("a good tier");
        let rules = till.rules().expect("there are some");
        let rules = RulesInput { trust_limit: 100, code_above: Some(70), ..rules };
        till.save_rules(&owner, rules).expect("the owner may");
        let mut n = 0;
        let mut member = |name: &str| {
            n += 1;
            first.member(name, n)
        };
        let [buyer, host, away, seller] = ["王堃", "李喆", "张祎", "赵一鸣"].map(&mut member);
        let [heir, debtor, guest, phone] =
            ["周子墨", "林知夏", "孙行", "欧阳娜娜"].map(&mut member);
        let at = At::desk(&first);
        let terms = Terms { guests: 1, freeze_days: 30, ..Terms::default() };
        let year = at.kind("年卡", Some(365), None, terms);
        for member in [&host, &away, &seller] {
            at.give(member, &year);
        }
        at.visit(&host);
        first.earn(&guest, "20.00");
        till.adjust_points(&owner, id(&phone), 100, "开业补分").expect("the owner may");
        let secret = till.set_up_phone(&owner, id(&phone)).expect("the owner may").secret;
        let (cup, chair) = (first.reward("杯子", 60), first.reward("椅子", 80));
        business.same_everywhere(&[&first]);
        let second = business.desk("滨江 2", None);
        let till = second.till();
        till.adjust_points(&second.owner(), id(&phone), 100, "开业补分").expect("the owner may");
        business.same_everywhere(&[&first, &second]);
        Self {
            business,
            first,
            second,
            buyer,
            host,
            away,
            seller,
            heir,
            debtor,
            guest,
            phone,
            secret,
            cup,
            chair,
        }
    }

    /// Everything that is bounded, at one desk; what is refused is refused.
    fn all_of_it(&self, desk: &Desk, is_first: bool) -> BTreeSet<&'static str> {
        let at = At::desk(desk);
        let mut allowed = BTreeSet::new();
        let mut note = |what: &'static str, allowed_it: bool| {
            if allowed_it {
                allowed.insert(what);
            }
        };
        let before = desk.points(&self.buyer).0;
        desk.earn(&self.buyer, "150.00");
        note("day", desk.points(&self.buyer).0 > before);
        let who = || Who::Member(id(&self.host));
        let guest = CheckInHow::Guest("王小明".into());
        note("guests", desk.till().check_in(&at.owner, who(), guest, None).is_ok());
        let day = |text: &str| Some(text.parse().expect("a day"));
        let (from, until) = if is_first {
            (day("2026-11-23"), day("2026-12-12"))
        } else {
            (day("2026-12-13"), day("2026-12-31"))
        };
        let freeze = PassChange::Freeze { from, until };
        note("freeze_days", at.change(&self.away, &at.pass(&self.away).id, freeze).is_ok());
        let end = if is_first {
            PassChange::Transfer { to: id(&self.heir), fee_minor: None }
        } else {
            PassChange::Cancel { on: None, refund_minor: 10_000, because: "搬家".into() }
        };
        note("ended", at.change(&self.seller, &at.pass(&self.seller).id, end).is_ok());
        note("trust", desk.redeem(&self.debtor, &self.cup, true).is_ok());
        let visit = at.visit(&self.guest);
        note("free_visits", visit.reasons.iter().any(|reason| reason.code() == "free_visit"));
        note("first", visit.points_earned > 0);
        let now = self.business.clock.load(Ordering::SeqCst);
        let code = CodeInput::Digits(code_at(&self.secret, now).expect("a secret"));
        let input = RedeemInput {
            member: id(&self.phone),
            reward: id(&self.chair),
            points: None,
            on_trust: false,
        };
        note("code", desk.till().redeem_with(&at.owner, input, false, code).is_ok());
        allowed
    }
}

fn what_two_desks_each_allowed_is_told_once(engine: Engine) {
    let mut shop = Bounded::open(engine);
    assert_eq!(told(&shop.business), [], "nobody did anything yet");
    shop.business.cut();
    let allowed = [shop.all_of_it(&shop.first, true), shop.all_of_it(&shop.second, false)];
    let all = ["code", "day", "ended", "first", "free_visits", "freeze_days", "guests", "trust"];
    assert_eq!(allowed, [BTreeSet::from(all), BTreeSet::from(all)], "neither could know");
    shop.business.mend();
    shop.business.same_everywhere(&[&shop.first, &shop.second]);
    let line = |limit: &str, most, had| (limit.to_owned(), most, had);
    let lines = [
        line("code", 1, 2),
        line("day", 100, 200),
        line("ended", 1, 2),
        line("first", 1, 2),
        line("free_visits", 1, 2),
        line("freeze_days", 30, 39),
        line("guests", 1, 2),
        line("trust", 100, 120),
    ];
    assert_eq!(told(&shop.business), lines);

    // Now that both know, neither goes further, and what they do says nothing new.
    for desk in [&shop.first, &shop.second] {
        shop.all_of_it(desk, true);
        At::desk(desk).card(&shop.buyer, "10000001", CardChange::Lost).expect("it is theirs");
    }
    shop.business.same_everywhere(&[&shop.first, &shop.second]);
    assert_eq!(told(&shop.business), lines);

    // What one of them takes back was not had.
    shop.business.pass(DAY);
    shop.first.earn(&shop.buyer, "150.00");
    shop.business.same_everywhere(&[&shop.first, &shop.second]);
    assert_eq!(told(&shop.business), lines, "a new day has its own hundred");
}

fn what_two_desks_with_a_line_allow_is_told_to_nobody(engine: Engine) {
    let shop = Bounded::open(engine);
    let first = shop.all_of_it(&shop.first, true);
    assert_eq!(first.len(), 8, "{first:?}");
    shop.business.same_everywhere(&[&shop.first, &shop.second]);
    let second = shop.all_of_it(&shop.second, false);
    assert!(second.is_empty(), "{second:?}");
    // Taken back at the one desk and done again at the other: had once.
    let visits = At::desk(&shop.first).member(&shop.guest).history;
    let visit = visits.iter().find(|row| row.kind == "visit_recorded" && row.points == 50);
    let visit = visit.expect("the first one");
    At::desk(&shop.first).undo(&visit.fact).expect("the owner may");
    shop.business.same_everywhere(&[&shop.first, &shop.second]);
    let again = At::desk(&shop.second).visit(&shop.guest);
    assert!(!again.refused() && again.points_earned == 50);
    shop.business.same_everywhere(&[&shop.first, &shop.second]);
    assert_eq!(told(&shop.business), []);
}
