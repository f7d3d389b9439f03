//! What a pass costs: given, given away, and changed for another.

use punchcard_domain::terms::Terms;
use punchcard_tests::{
    DAY, Shop,
    business::{Business, Desk, Engine},
    id, on_both_engines,
};
use punchcard_till::{PassChange, PassTypeInput, views::PassState};

use super::{At, HOUR};

on_both_engines!(a_tier_has_its_price,);

/// What its kind asks for when a pass is given away is shown, collected, and taken back with it.
#[test]
fn giving_a_pass_away_costs_what_its_kind_says() {
    let shop = Shop::new();
    let at = At::shop(&shop);
    let member = shop.member("林知夏", 1).brief.id;
    let other = shop.member("王堃", 2).brief.id;
    let fee = Terms { transfer_fee_minor: 3_000, transfer_fee_points: 50, ..Terms::default() };
    let kind = at.kind("年卡", Some(365), None, fee);
    at.give(&member, &kind);
    let pass = at.pass(&member);
    assert_eq!((pass.transfer_fee_minor, pass.transfer_fee_points), (3_000, 50));
    let away = || PassChange::Transfer { to: id(&other), fee_minor: None };
    assert_eq!(Desk::code(at.change(&member, &pass.id, away())), "points_short");
    shop.earn(&member, "80.00");
    let fact = at.change(&member, &pass.id, away()).expect("80 points are here");
    assert_eq!((shop.points(&member).0, at.pass(&other).name.as_str()), (30, "年卡"));
    let row = at.member(&member).history.into_iter().find(|row| row.fact == fact).expect("told");
    assert_eq!((row.amount_minor, row.points), (3_000, -50));
    assert_eq!(at.pass(&other).transfer_fee_points, 50, "it is the same pass");
    at.undo(&fact).expect("the owner may");
    assert_eq!((shop.points(&member).0, at.member(&other).passes.len()), (80, 0));
    shop.verify();
}

/// Whose tier lets them pay less pays less: when a pass is given, and for the difference to another one.
/// The hub finds the version of the tier that says so.
fn a_tier_has_its_price(engine: Engine) {
    let (business, first) = Business::with_desk(engine);
    let at = At::desk(&first);
    let gold = r#"{"name": "Gold", "multiplier_percent": 100,
        "ladder": {"by": "points", "over": "month", "entry": 100},
        "privileges": {"price_percent": 85}}"#;
    at.till.set_tiers(&at.owner, gold).expect("a good tier");
    let (member, other) = (first.member("林知夏", 1), first.member("王堃", 2));
    let month = at.kind("月卡", Some(30), None, Terms::default());
    let ten = at.kind("十次卡", Some(365), Some(1), Terms::default());
    first.earn(&member, "100.00");
    let price = |member: Option<&str>, kind: &str| {
        let kinds = at.till.pass_types(member.map(id)).expect("they are there");
        let kind = kinds.into_iter().find(|one| one.id == kind).expect("on offer");
        (kind.price_minor, kind.full_price_minor)
    };
    assert_eq!(price(Some(&member), &month), (25_415, Some(29_900)), "85 % of 299.00");
    assert_eq!(price(Some(&other), &month), (29_900, None));
    assert_eq!(price(None, &month), (29_900, None));
    at.give(&member, &month);
    at.give(&other, &month);
    let paid = |member: &str, kind: &str| {
        let rows = at.member(member).history;
        rows.into_iter().find(|row| row.kind == kind).expect("it is told").amount_minor
    };
    assert_eq!((paid(&member, "pass_given"), paid(&other, "pass_given")), (25_415, 29_900));

    // 85 % of 309.00, without the cent's fraction, less what was paid.
    let pass = at.pass(&member).id;
    let dearer = at.till.upgrades(&at.owner, id(&member), id(&pass)).expect("there is one");
    assert_eq!(dearer.iter().map(|kind| kind.pays_minor).collect::<Vec<_>>(), [26_265 - 25_415]);
    at.change(&member, &pass, PassChange::Upgrade { to: id(&ten) }).expect("it may be");
    assert_eq!(paid(&member, "pass_upgraded"), 850);

    // Next month the tier is gone, and so is its price; what was paid stays paid.
    business.same_everywhere(&[&first]);
    business.pass(65 * DAY);
    assert_eq!(price(Some(&member), &month), (29_900, None));
    assert_eq!(paid(&member, "pass_given"), 25_415);
    let inbox = business.hub.inbox().expect("it answers");
    assert!(!inbox.iter().any(|line| line.code.starts_with("doubtful")), "{inbox:?}");
}

/// An upgrade credits what was really paid for a pass, whatever its kind costs today, who else had it
/// and how often it was upgraded before; and what was used of its packs stays used.
#[test]
fn an_upgrade_credits_what_was_really_paid() {
    let shop = Shop::new();
    let at = At::shop(&shop);
    let member = shop.member("林知夏", 1).brief.id;
    let other = shop.member("王堃", 2).brief.id;
    let kind = |name: &str, visits, price_minor| {
        let known = at.till.pass_type_list().expect("kinds").into_iter();
        let input = PassTypeInput {
            id: known.filter(|kind| kind.name == name).map(|kind| kind.id).next(),
            name: name.into(),
            days: None,
            visits: Some(visits),
            price_minor,
            active: true,
            terms: None,
        };
        let all = at.till.save_pass_type(&at.owner, input).expect("a kind of pass");
        all.into_iter().find(|kind| kind.name == name).expect("just set").id
    };
    let (ten, twenty) = (kind("十次卡", 10, 40_000), kind("二十次卡", 20, 50_000));
    let (thirty, gift) = (kind("三十次卡", 30, 60_000), kind("体验卡", 1, 0));
    let running = |member: &str| {
        let passes = at.member(member).passes.into_iter();
        passes.filter(|pass| pass.state == PassState::Active).max_by_key(|pass| pass.id.clone())
    };
    let to = |member: &str, kind: &str| {
        let pass = running(member).expect("a pass").id;
        let all = at.till.upgrades(&at.owner, id(member), id(&pass)).expect("it runs");
        let found = all.into_iter().find(|to| to.pass_type == kind);
        found.map(|to| (to.pays_minor, to.visits.expect("a pack")))
    };
    let upgrade = |member: &str, kind: &str| {
        let pass = running(member).expect("a pass").id;
        at.change(member, &pass, PassChange::Upgrade { to: id(kind) }).expect("it was told")
    };

    at.give(&member, &ten);
    at.scan("10000001");
    assert_eq!(to(&member, &twenty), Some((10_000, 19)));
    upgrade(&member, &twenty);
    shop.pass(12 * HOUR);
    at.scan("10000001");
    // What it costs by now is nothing to whoever has it.
    kind("十次卡", 10, 45_000);
    kind("二十次卡", 20, 58_000);
    assert_eq!(to(&member, &thirty), Some((10_000, 28)), "500.00 paid, two visits used");
    let second = upgrade(&member, &thirty);
    assert_eq!(running(&member).expect("a pass").visits_left, Some(28));
    at.undo(&second).expect("just now");
    assert_eq!(to(&member, &thirty), Some((10_000, 28)), "as before");

    // What was paid for it goes with it; the fee for that is not part of it.
    let pass = running(&member).expect("a pass").id;
    let away = PassChange::Transfer { to: id(&other), fee_minor: Some(5_000) };
    at.change(&member, &pass, away).expect("all is here");
    assert_eq!(to(&other, &thirty), Some((10_000, 28)));
    upgrade(&other, &thirty);
    assert_eq!(to(&other, &gift), None, "that costs less");

    // Nothing was paid for a gift, and nothing is credited.
    at.give(&member, &gift);
    assert_eq!(to(&member, &ten), Some((45_000, 10)));
    shop.verify();
}
