//! Points by the owner's rules: set, tried out, given, bounded, taken back; at one desk, and at two
//! with a hub between them.

use punchcard_domain::{
    earning::{Part, rule::EarnRule},
    fact::{ByRules, Fact},
    records::Rounding,
    staff::Role,
    verdict::{Reason, Verdict},
};
use punchcard_tests::{
    DAY, MINUTE, Shop,
    business::{Business, Desk, Engine},
    id, on_both_engines,
};
use punchcard_till::{
    Actor, CheckInHow, EarnRuleInput, Error, LineInput, StaffInput, Trial, Who,
    views::{DetailsInput, MemberInput, RulesInput},
};

use crate::scribe::Scribe;

on_both_engines!(
    two_desks_with_rules_stay_equal,
    the_hub_doubts_what_no_version_of_a_rule_gives,
    pending_points_go_nowhere_before_their_day,
);

const RULES: &str = r#"[
  {"name": "a point a yuan", "per": "amount", "points": 1, "each_minor": 100},
  {"name": "coffee counts double", "per": "multiply", "percent": 200, "categories": ["coffee"]},
  {"name": "five for a visit", "per": "visit", "points": 5, "caps": {"day": 5}},
  {"name": "large sales", "per": "sale", "points": 20, "condition": "sale.amount >= 20000",
   "caps": {"times_day": 1}},
  {"name": "for a week later", "per": "sale", "points": 7, "min_amount_minor": 5000,
   "pending_days": 7, "expires": {"days": 30}}
]"#;

/// Somebody who is only a cashier.
fn clerk(shop: &Shop) -> Actor {
    let pin = Some("493527".to_owned());
    let input =
        StaffInput { id: None, name: "clerk".into(), role: Role::Cashier, pin, active: true };
    let staff = shop.till().save_staff(&shop.owner(), input).expect("the owner hires");
    let clerk = staff.into_iter().find(|person| person.name == "clerk").expect("just hired");
    shop.till().sign_in(id(&clerk.id), "493527").expect("the right PIN").0
}

fn code<T: std::fmt::Debug>(outcome: Result<T, Error>) -> &'static str {
    outcome.expect_err("refused").code()
}

fn spendable(shop: &Shop, member: &str) -> i64 {
    let view = shop.till().member(&shop.owner(), id(member)).expect("their file");
    view.points.spendable_here
}

fn coffee(amount: &str) -> Vec<LineInput> {
    let (category, item) = ("coffee".to_owned(), "latte".to_owned());
    vec![LineInput { quantity: 1, category, item, amount: amount.to_owned() }]
}

#[test]
fn a_shop_without_rules_of_its_own_goes_on_as_before() {
    let shop = Shop::new();
    let member = shop.member("李喆", 1).brief.id;
    shop.earn(&member, "128.00");
    assert_eq!(spendable(&shop, &member), 128);
    let dry = shop.till().earn_dry_run(&shop.owner(), Some(id(&member)), Trial::Visit, None);
    assert_eq!(dry.expect("nothing to ask").rules, []);
}

/// Who sent somebody stands on their file when it is opened; the first visit then gives for it, once.
#[test]
fn who_was_sent_by_a_friend_gets_the_welcome_once() {
    let shop = Shop::new();
    let (till, owner) = (shop.till(), shop.owner());
    let rules = r#"[{"name": "welcome", "per": "referred", "points": 50}]"#;
    till.set_earn_rules(&owner, rules).expect("the owner may");
    let friend = shop.member("王堃", 1).brief.id;
    let details = DetailsInput { referred_by: Some(friend.clone()), ..DetailsInput::default() };
    let input = MemberInput { name: "李喆".into(), details: Some(details), ..Default::default() };
    let sent = till.register_member(&owner, input).expect("a new member").brief.id;
    for member in [&friend, &sent] {
        shop.give(member, "年卡", Some(365), None);
        let who = Who::Member(id(member));
        till.check_in(&owner, who, CheckInHow::Scan, None).expect("a verdict");
    }
    assert_eq!((spendable(&shop, &friend), spendable(&shop, &sent)), (0, 50));
    shop.pass(DAY);
    till.check_in(&owner, Who::Member(id(&sent)), CheckInHow::Scan, None).expect("a verdict");
    assert_eq!(spendable(&shop, &sent), 50, "once");
    shop.verify();
}

#[test]
fn rules_are_set_tried_out_and_given_alike() {
    let mut shop = Shop::new();
    let member = shop.member("李喆", 1).brief.id;
    shop.till().set_earn_rules(&shop.owner(), RULES).expect("good rules");
    for (amount, lines) in [("300.00", coffee("60.00")), ("19.00", vec![]), ("250.00", vec![])] {
        let trial = Trial::Sale(amount.to_owned(), lines.clone());
        let dry = shop.till().earn_dry_run(&shop.owner(), Some(id(&member)), trial, None);
        let dry = dry.expect("it can be tried");
        let done = shop.till().earn_for(&shop.owner(), id(&member), amount, lines);
        assert_eq!(done.expect("it is given").points, dry.points, "{amount}");
    }
    // 300 + 60 + 20 + 7 pending, 19, 250 + 7 pending; large sales only once a day.
    assert_eq!(spendable(&shop, &member), 300 + 60 + 20 + 19 + 250);
    shop.reopen();
    shop.pass(7 * DAY);
    assert_eq!(spendable(&shop, &member), 649 + 14, "a week later the rest can be used");
    let visit = || {
        let who = Who::Member(id(&member));
        let how = CheckInHow::LetIn("new".into());
        shop.till().check_in(&shop.owner(), who, how, None).expect("let in").points_earned
    };
    assert_eq!((visit(), visit()), (5, 0), "five a day");
    assert_eq!(shop.till().rebuild().map(|(before, after)| before == after).ok(), Some(true));
}

/// A rule with all that a rule may say, opened and saved: the same in all but its version.
#[test]
fn a_form_loses_nothing_of_a_rule_from_a_file() {
    let shop = Shop::new();
    let (till, owner) = (shop.till(), shop.owner());
    let tier = till.set_tiers(&owner, r#"{"name": "Gold", "multiplier_percent": 150}"#);
    let tier = &tier.expect("a tier")[0].id;
    let store = &till.pass_form().expect("a form").stores[0].id;
    let all = format!(
        r#"[{{"name": "a point a yuan", "per": "amount", "points": 1, "each_minor": 100,
            "whole_steps": true, "tier_times": true, "rounding": "half_up", "from": "2026-01-01",
            "until": "2099-12-31", "weekdays": [1, 7], "hours": {{"from": "22:00", "to": "02:00"}},
            "stores": ["{store}"], "tiers": ["{tier}"], "categories": ["a", "b"], "items": ["c"],
            "not_categories": ["d"], "min_amount_minor": 500, "max_amount_minor": 90000,
            "birthday": "week", "condition": "sale.units > 1", "priority": -3, "best_of": "one",
            "pending_days": 7, "expires": {{"month_end": 3}},
            "caps": {{"once": 50, "day": 60, "month": 70, "year": 80, "ever": 90, "times_day": 1,
                "times_month": 2, "times_year": 3, "times_ever": 4}}}},
          {{"name": "twice", "per": "multiply", "percent": 200, "compounds": true, "stops": true,
            "expires": "never"}},
          {{"name": "a week", "per": "streak_days", "points": 9, "count": 7, "repeats": true}}]"#
    );
    let before = till.set_earn_rules(&owner, &all).expect("good rules");
    let said = serde_json::to_value(&before[..]).expect("rules are JSON").to_string();
    for field in ["repeats", "compounds", "stops", "best_of", "times_ever", "not_categories"] {
        assert!(said.contains(field), "{field} is said");
    }
    for form in till.earn_rule_list().expect("three") {
        assert_eq!(form.kept, Vec::<String>::new());
        till.save_earn_rule(&owner, form).expect("it can be saved as it is");
    }
    let mut after = till.earn_rules().expect("three");
    for rule in &mut after {
        assert_eq!(rule.version, 2);
        rule.version = 1;
    }
    let sorted = |mut rules: Vec<EarnRule>| {
        rules.sort_by_key(|rule| rule.id);
        rules
    };
    assert_eq!(sorted(after), sorted(before));
}

/// What was not touched stays; what somebody else changed meanwhile is not written over.
#[test]
fn a_form_changes_what_was_touched_and_keeps_the_rest() {
    let shop = Shop::new();
    let (till, owner) = (shop.till(), shop.owner());
    let rare = r#"{"name": "a point a yuan", "per": "amount", "points": 1, "each_minor": 100,
        "whole_steps": true, "stops": true, "expires": {"months": 3},
        "caps": {"once": 50, "times_ever": 9}, "min_amount_minor": 500}"#;
    till.set_earn_rules(&owner, rare).expect("a good rule");
    let before = till.earn_rules().expect("one").remove(0);
    let mut form = till.earn_rule_list().expect("one").remove(0);
    let opened = form.clone();
    form.points = 2;
    form.caps.day = Some(200);
    form.hours_from = "09:00".into();
    form.hours_to = "11:30".into();
    form.condition = " member.visits > 3 ".into();
    till.save_earn_rule(&owner, form).expect("it can be changed");
    let after = till.earn_rules().expect("one").remove(0);
    assert_eq!((after.version, after.points, after.caps.day), (2, 2, Some(200)));
    assert_eq!(after.condition.as_deref(), Some("member.visits > 3"));
    assert_eq!(after.hours.map(|hours| hours.to.to_string()).as_deref(), Some("11:30"));
    assert_eq!((after.caps.once, after.caps.times_ever), (Some(50), Some(9)));
    assert_eq!(
        (after.whole_steps, after.stops, after.expires, after.min_amount_minor),
        (before.whole_steps, before.stops, before.expires, before.min_amount_minor)
    );

    let field = |error: Error| error.to_app().args.get("field").cloned();
    let form = till.earn_rule_list().expect("one").remove(0);
    let both = EarnRuleInput { best_of: "sales".into(), ..form.clone() };
    let both = till.save_earn_rule(&owner, both).expect_err("it stops, or is the best of some");
    assert_eq!(field(both).as_deref(), Some("stops"));
    let late = EarnRuleInput { pending_days: 4000, ..form };
    let late = till.save_earn_rule(&owner, late).expect_err("ten years at most");
    assert_eq!(field(late).as_deref(), Some("pending_days"));
    let stale = till.save_earn_rule(&owner, opened.clone()).expect_err("it was changed since");
    assert_eq!(field(stale).as_deref(), Some("rule_version"));
    let second = EarnRuleInput { id: None, version: 0, ..opened };
    let same = till.save_earn_rule(&owner, second.clone()).expect_err("the name is taken");
    assert_eq!(field(same).as_deref(), Some("rule_name"));
    let second = EarnRuleInput { name: "another".into(), ..second };
    let never = EarnRuleInput { condition: "member.purse > 1".into(), ..second.clone() };
    let refused = till.save_earn_rule(&owner, never).expect_err("no such name").to_app();
    assert_eq!(refused.code, "bad_condition");
    assert_eq!(refused.args.get("trouble").map(String::as_str), Some("unknown_name"));
    assert_eq!(refused.args.get("what").map(String::as_str), Some("purse"));
    let saved = till.save_earn_rule(&owner, second).expect("a new one");
    assert_eq!(saved.len(), 2);
    let refused = till.save_earn_rule(&clerk(&shop), saved[0].clone());
    assert_eq!(code(refused), "approval_needed");
}

#[test]
fn what_becomes_of_a_fraction_and_how_long_one_may_take_back_is_the_owners_rule() {
    let shop = Shop::new();
    let (till, owner) = (shop.till(), shop.owner());
    let member = shop.member("林知夏", 1).brief.id;
    let rules = till.rules().expect("there are some");
    assert_eq!((rules.rounding, rules.undo_secs), (Rounding::Down, 10));
    let earns = |amount: &str| till.earn(&owner, id(&member), amount).expect("given");
    assert_eq!(earns("1.50").points, 1);
    let set = |rounding, undo_secs| {
        till.save_rules(&owner, RulesInput { rounding, undo_secs, ..rules.clone() })
    };
    let kept = set(Rounding::HalfUp, 60).expect("the owner may");
    assert_eq!((kept.rounding, kept.undo_secs), (Rounding::HalfUp, 60));
    assert_eq!(till.rules().ok(), Some(kept));
    assert_eq!((earns("1.50").points, earns("1.49").points), (2, 1));
    set(Rounding::Up, 60).expect("the owner may");
    assert_eq!(earns("1.01").points, 2);

    let clerk = clerk(&shop);
    let gives = || till.earn(&clerk, id(&member), "10.00").expect("given");
    let (first, second) = (gives(), gives());
    shop.pass(50_000);
    till.undo_entry(&clerk, &second.fact).expect("within the minute");
    shop.pass(11_000);
    assert_eq!(code(till.undo_entry(&clerk, &first.fact)), "approval_needed");
    assert_eq!(code(set(Rounding::Down, 601)), "bad_input");
}

#[test]
fn rules_are_tried_on_somebody_of_whom_nothing_is_known() {
    let shop = Shop::new();
    let (till, owner) = (shop.till(), shop.owner());
    let rules = r#"[{"name": "a point a yuan", "per": "amount", "points": 1, "each_minor": 100},
        {"name": "birthday", "per": "sale", "points": 9, "birthday": "month"}]"#;
    till.set_earn_rules(&owner, rules).expect("good rules");
    let trial = Trial::Sale("128.50".into(), vec![]);
    let dry = till.earn_dry_run(&owner, None, trial, None).expect("it can be tried");
    let told: Vec<_> = dry.rules.iter().map(|rule| (rule.points, rule.why.as_str())).collect();
    assert_eq!(dry.points, 128);
    assert!(told.contains(&(128, "gave")) && told.contains(&(0, "no_birthday")), "{told:?}");
}

#[test]
fn a_tier_lets_in_without_a_pass_so_many_times_a_month() {
    let mut shop = Shop::new();
    let gold = r#"{"name": "Gold", "multiplier_percent": 100,
        "ladder": {"by": "points", "over": "year", "entry": 10},
        "privileges": {"free_visits_month": 1}}"#;
    shop.till().set_tiers(&shop.owner(), gold).expect("a good tier");
    let member = shop.member("李喆", 1).brief.id;
    let scan = |shop: &Shop| {
        let who = Who::Member(id(&member));
        shop.till().check_in(&shop.owner(), who, CheckInHow::Scan, None).expect("a verdict")
    };
    assert!(scan(&shop).refused(), "no pass, and no tier yet");
    shop.earn(&member, "10.00");
    let free = scan(&shop);
    assert_eq!((free.verdict, free.reasons), (Verdict::Note, vec![Reason::FreeVisit { left: 0 }]));
    assert_eq!(free.member.and_then(|brief| brief.tier), Some("Gold".to_owned()));
    shop.till().undo(&shop.owner(), id(&free.fact)).expect("taken back");
    assert!(!scan(&shop).refused(), "what was taken back can be used again");
    shop.reopen();
    shop.pass(DAY);
    assert!(scan(&shop).refused(), "one a month");
    shop.pass(31 * DAY);
    assert!(!scan(&shop).refused(), "a new month");
    assert_eq!(shop.till().rebuild().map(|(before, after)| before == after).ok(), Some(true));
}

#[test]
fn a_change_is_a_new_version_and_takes_the_place_of_the_old_one() {
    let shop = Shop::new();
    let owner = shop.owner();
    let member = shop.member("李喆", 1).brief.id;
    let one = r#"{"name": "a point a yuan", "per": "amount", "points": 1, "each_minor": 100}"#;
    let two = one.replace("\"points\": 1", "\"points\": 2");
    let first = shop.till().set_earn_rules(&owner, one).expect("a rule");
    let second = shop.till().set_earn_rules(&owner, &two).expect("a rule");
    assert_eq!((first[0].version, second[0].version), (1, 2));
    assert_eq!((first[0].id, second.len()), (second[0].id, 1), "by its name the same rule");
    shop.earn(&member, "10.00");
    assert_eq!(spendable(&shop, &member), 20);
    let off = format!("{{\"active\": false, {}", &two[1..]);
    shop.till().set_earn_rules(&owner, &off).expect("a rule");
    shop.earn(&member, "10.00");
    assert_eq!(spendable(&shop, &member), 30, "none in use: the plain rules again");
}

#[test]
fn what_cannot_be_a_rule_is_refused_and_nothing_of_the_file_is_kept() {
    let shop = Shop::new();
    let set = |text: &str| code(shop.till().set_earn_rules(&shop.owner(), text));
    let with = |more: &str| {
        format!(
            "[{{\"name\": \"good\", \"per\": \"visit\", \"points\": 5}}, {{\"name\": \"x\", {more}}}]"
        )
    };
    for (text, refused) in [
        ("not JSON".to_owned(), "bad_input"),
        ("[1]".to_owned(), "bad_input"),
        (with("\"per\": \"visit\""), "bad_input"),
        (with("\"per\": \"moon\", \"points\": 1"), "bad_input"),
        (with("\"per\": \"visit\", \"points\": -1"), "bad_input"),
        (with("\"per\": \"visit\", \"points\": 1.5"), "bad_input"),
        (with("\"per\": \"visit\", \"points\": 1, \"pionts\": 2"), "unknown_field"),
        (with("\"per\": \"visit\", \"points\": 1, \"tiers\": [\"Gold\"]"), "bad_input"),
        (with("\"per\": \"visit\", \"points\": 1, \"condition\": \"1 / 0 == 1\""), "bad_condition"),
        (with("\"per\": \"visit\", \"points\": 1, \"hours\": {\"from\": \"9\"}"), "bad_input"),
    ] {
        assert_eq!(set(&text), refused, "{text}");
    }
    let megabyte = with(&format!(
        "\"per\": \"visit\", \"points\": 1, \"condition\": \"{}\"",
        "true || ".repeat(1 << 17)
    ));
    assert_eq!(set(&megabyte), "bad_input");
    assert_eq!(shop.till().earn_rules().expect("it answers"), []);
}

#[test]
fn a_tier_is_reached_shown_and_lost_by_what_they_did() {
    let shop = Shop::new();
    let owner = shop.owner();
    let tiers = r#"[{"name": "Silver", "multiplier_percent": 150, "ladder":
        {"by": "spend", "over": {"rolling_days": 30}, "entry": 50000}}]"#;
    shop.till().set_tiers(&owner, tiers).expect("a good tier");
    let rule = r#"{"name": "a point a yuan", "per": "amount", "points": 1, "each_minor": 100,
                   "tier_times": true}"#;
    shop.till().set_earn_rules(&owner, rule).expect("a good rule");
    let member = shop.member("李喆", 1).brief.id;
    let has = || shop.till().member(&owner, id(&member)).expect("their file").brief.tier;
    let earns = |amount: &str| shop.till().earn(&owner, id(&member), amount).expect("given");
    assert_eq!((earns("499.99").points, has()), (499, None));
    let reached = earns("0.01");
    assert_eq!(has().as_deref(), Some("Silver"), "exactly five hundred");
    assert_eq!(earns("100.00").points, 150);
    shop.till().undo_entry(&owner, &reached.fact).expect("taken back");
    assert_eq!(has().as_deref(), Some("Silver"), "the later hundred keeps it");
    shop.pass(30 * DAY);
    assert_eq!((has(), earns("100.00").points), (None, 100), "thirty days later");
    assert_eq!(code(shop.till().set_tiers(&owner, "[{\"name\": \"x\"}]")), "bad_input");
}

fn rules_at(desk: &Desk) {
    desk.till().set_earn_rules(&desk.owner(), RULES).expect("good rules");
}

fn two_desks_with_rules_stay_equal(engine: Engine) {
    let (mut business, first) = Business::with_desk(engine);
    rules_at(&first);
    let second = business.desk("滨江 2", None);
    let member = first.member("王堃", 1);
    business.same_everywhere(&[&first, &second]);
    business.cut();
    // Both give, neither knows of the other: a cap holds for what a desk knows.
    for desk in [&first, &second] {
        let done = desk.till().earn_for(&desk.owner(), id(&member), "300.00", coffee("60.00"));
        assert_eq!(done.expect("given").points, 300 + 60 + 20 + 7);
    }
    business.mend();
    business.same_everywhere(&[&first, &second]);
    // Now both know: once a day is once a day.
    let known = second.till().earn(&second.owner(), id(&member), "200.00").expect("given");
    assert_eq!(known.points, 200 + 7);
    second.till().undo_entry(&second.owner(), &known.fact).expect("taken back");
    business.same_everywhere(&[&first, &second]);
    for desk in [&first, &second] {
        assert_eq!(desk.points(&member).0, 2 * (300 + 60 + 20));
        desk.verify();
        let (before, after) = desk.till().rebuild().expect("it can be rebuilt");
        assert_eq!(before, after);
    }
    let told: Vec<String> =
        business.hub.inbox().expect("it answers").into_iter().map(|line| line.code).collect();
    assert_eq!(told, ["limit_overstepped"], "nothing is doubted, and the cap was passed together");
    // A third desk starts from the hub's tables, and counts caps as the others do.
    let third = business.desk("滨江 3", None);
    business.same_everywhere(&[&first, &second, &third]);
    let done = third.till().earn(&third.owner(), id(&member), "200.00").expect("given");
    assert_eq!(done.points, 200 + 7);
}

/// A genuine till that lies: more points than the rule that it names gives, a version that was
/// never set, a multiplier with nothing to multiply.
fn the_hub_doubts_what_no_version_of_a_rule_gives(engine: Engine) {
    let (business, first) = Business::with_desk(engine);
    rules_at(&first);
    let member = first.member("王堃", 1);
    first.sync();
    let rules = first.till().earn_rules().expect("they are set");
    let rule = |name: &str| rules.iter().find(|rule| rule.name == name).expect("set").id;
    let mut scribe = Scribe::join(&business);
    let part = |rule, version, points| Part { rule, version, points };
    let plain = rule("a point a yuan");
    let claims = [
        (vec![part(plain, 1, 100)], 0),
        (vec![part(plain, 1, 99)], 0),
        (vec![part(plain, 1, 101)], 1),
        (vec![part(plain, 2, 100)], 1),
        (vec![part(plain, 1, 100), part(plain, 1, 100)], 1),
        (vec![part(rule("coffee counts double"), 1, 100)], 1),
        (vec![part(rule("five for a visit"), 1, 5)], 1),
        (vec![part(rule("large sales"), 1, 21)], 1),
        (Vec::new(), 1),
    ];
    let mut doubted = 0;
    for (parts, doubts) in claims {
        let points = parts.iter().map(|part| part.points).sum::<i64>().max(1);
        let mut earned = scribe.earned(id(&member), scribe.lot(points));
        earned.amount_minor = 10_000;
        earned.points_per_unit = 0;
        earned.by_rules = Some(ByRules { parts: parts.clone(), ..ByRules::default() });
        let packet = scribe.fact(&Fact::PointsEarned(earned), None);
        scribe.says(vec![packet]);
        doubted += doubts;
        let told = business.hub.inbox().expect("it answers");
        let told = told.iter().filter(|line| line.code == "doubtful_points").count();
        assert_eq!(told, doubted, "{parts:?}");
    }
    business.same_everywhere(&[&first]);
}

/// Points that are pending are on nobody's table: not granted, not drawn, not spent.
fn pending_points_go_nowhere_before_their_day(engine: Engine) {
    let (business, first) = Business::with_desk(engine);
    let later = r#"{"name": "later", "per": "amount", "points": 1, "each_minor": 100,
                    "pending_days": 7}"#;
    first.till().set_earn_rules(&first.owner(), later).expect("a good rule");
    let second = business.desk("滨江 2", None);
    let reward = first.reward("毛巾", 100);
    let member = first.member("王堃", 1);
    first.earn(&member, "500.00");
    business.same_everywhere(&[&first, &second]);
    business.pass(2 * DAY);
    business.same_everywhere(&[&first, &second]);
    assert_eq!(Desk::code(first.redeem(&member, &reward, false)), "points_short");
    let drawn = second.line().draw(&second.owner(), id(&member), 100).expect("it answers");
    assert_eq!(drawn.drawn, 0);
    business.pass(5 * DAY);
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&member).0, 500, "on file on their day");
    business.pass(DAY + MINUTE);
    business.same_everywhere(&[&first, &second]);
    assert!(first.redeem(&member, &reward, false).is_ok());
}
