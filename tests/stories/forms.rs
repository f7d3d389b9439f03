//! What the owner sets on forms: tiers, and fields of their own on members' files.

use std::collections::BTreeMap;

use punchcard_domain::{
    staff::Role,
    tiers::{By, Ladder, Over},
};
use punchcard_tests::{DAY, Shop, id};
use punchcard_till::{
    Actor, CheckInHow, Error, FieldInput, Holds, LadderInput, Period, StaffInput, TierInput, Till,
    Who,
    views::{DetailsInput, MemberInput},
};

fn field<T: std::fmt::Debug>(outcome: Result<T, Error>) -> Option<String> {
    outcome.expect_err("refused").to_app().args.get("field").cloned()
}

fn clerk(till: &Till, owner: &Actor) -> Actor {
    let (name, pin) = ("clerk".to_owned(), Some("493527".to_owned()));
    let input = StaffInput { id: None, name, role: Role::Manager, pin, active: true };
    let staff = till.save_staff(owner, input).expect("the owner hires");
    let clerk = staff.into_iter().find(|person| person.name == "clerk").expect("just hired");
    till.sign_in(id(&clerk.id), "493527").expect("the right PIN").0
}

fn regulars() -> TierInput {
    let ladder = LadderInput {
        by: By::Visits,
        over: Period::RollingDays,
        count: 30,
        entry: 2,
        keep: Some(1),
        grace_days: 7,
        one_at_a_time: true,
    };
    TierInput {
        id: None,
        name: "Regular".into(),
        multiplier_percent: 130,
        ladder: Some(ladder),
        price_percent: Some(90),
        hours_from: "06:00".into(),
        hours_to: "08:30".into(),
        guests: Some(1),
        free_visits_month: None,
    }
}

fn visit(shop: &Shop, member: &str) {
    let how = CheckInHow::LetIn("new".into());
    shop.till().check_in(&shop.owner(), Who::Member(id(member)), how, None).expect("let in");
}

#[test]
fn a_tier_on_the_form_comes_back_whole_and_is_climbed_and_lost() {
    let shop = Shop::new();
    let (till, owner) = (shop.till(), shop.owner());
    let saved = till.save_tier(&owner, regulars()).expect("a good tier");
    let [mine] = saved.as_slice() else { panic!("one tier: {saved:?}") };
    assert_eq!(TierInput { id: None, ..mine.clone() }, regulars());
    let again = till.save_tier(&owner, mine.clone()).expect("it can be changed");
    assert_eq!(again, saved);

    let member = shop.member("李喆", 1).brief.id;
    let has = || shop.till().member(&owner, id(&member)).expect("their file").brief.tier;
    visit(&shop, &member);
    assert_eq!(has(), None);
    shop.pass(DAY);
    visit(&shop, &member);
    assert_eq!(has().as_deref(), Some("Regular"));
    shop.pass(29 * DAY);
    assert_eq!(has().as_deref(), Some("Regular"), "one of the two keeps it");
    shop.pass(7 * DAY);
    assert_eq!(has().as_deref(), Some("Regular"), "grace");
    shop.pass(DAY);
    assert_eq!(has(), None, "a week after the last that counted");
}

/// A form that was opened and saved again sets no tier for good that they only reached.
#[test]
fn a_form_that_is_saved_pins_no_tier() {
    let shop = Shop::new();
    let owner = shop.owner();
    let gold = r#"{"name": "Gold", "multiplier_percent": 150,
        "ladder": {"by": "points", "over": "month", "entry": 100}}"#;
    let silver = r#"{"name": "Silver", "multiplier_percent": 100}"#;
    let tiers = format!("[{gold}, {silver}]");
    let all = shop.till().set_tiers(&owner, &tiers).expect("good tiers");
    let silver = all.iter().find(|tier| tier.name == "Silver").expect("just set").id.to_string();
    let member = shop.member("李喆", 1).brief.id;
    shop.earn(&member, "100.00");
    let file = || shop.till().member(&owner, id(&member)).expect("their file");
    let save = |note: &str, tier: Option<String>| {
        let file = file();
        let input = MemberInput {
            name: file.brief.name,
            phone: file.brief.phone.unwrap_or_default(),
            cards: file.cards,
            note: note.into(),
            tier,
            ..MemberInput::default()
        };
        shop.till().change_member(&owner, id(&member), input).expect("the owner may");
    };
    assert_eq!((file().brief.tier.as_deref(), file().set_tier), (Some("Gold"), None));
    save("喜欢靠窗的跑步机", file().set_tier);
    assert_eq!((file().brief.tier.as_deref(), file().set_tier), (Some("Gold"), None));
    save("", Some(silver.clone()));
    assert_eq!(
        (file().brief.tier.as_deref(), file().set_tier),
        (Some("Gold"), Some(silver.clone()))
    );
    shop.pass(65 * DAY);
    assert_eq!(file().brief.tier.as_deref(), Some("Silver"), "what a person set stays");
    save("", None);
    assert_eq!((file().brief.tier, file().set_tier), (None, None));
}

#[test]
fn every_period_and_count_of_a_tier_goes_to_the_form_and_back() {
    for over in
        [Over::RollingDays(90), Over::RollingMonths(12), Over::Month, Over::Quarter, Over::Year]
    {
        for by in [By::Points, By::Spend, By::Visits] {
            let (entry, grace_days, one_at_a_time) = (500, 0, false);
            let ladder = Ladder { by, over, entry, keep: None, grace_days, one_at_a_time };
            assert_eq!(Ladder::from(LadderInput::from(ladder)), ladder);
        }
    }
}

#[test]
fn a_tier_that_cannot_be_is_refused_by_its_field() {
    let shop = Shop::new();
    let (till, owner) = (shop.till(), shop.owner());
    till.save_tier(&owner, regulars()).expect("a good tier");
    assert_eq!(field(till.save_tier(&owner, regulars())).as_deref(), Some("tier_name"));
    let other = TierInput { name: "Other".into(), ..regulars() };
    let ladder = |change: fn(&mut LadderInput)| {
        let mut ladder = other.ladder.expect("it has one");
        change(&mut ladder);
        TierInput { ladder: Some(ladder), ..other.clone() }
    };
    for (input, named) in [
        (ladder(|ladder| ladder.keep = Some(3)), "keep"),
        (ladder(|ladder| ladder.entry = 0), "entry"),
        (ladder(|ladder| ladder.count = 0), "over"),
        (TierInput { hours_to: "noon".into(), ..other.clone() }, "rule_hours"),
        (TierInput { price_percent: Some(101), ..other.clone() }, "price_percent"),
        (TierInput { guests: Some(-1), ..other.clone() }, "guests"),
        (TierInput { multiplier_percent: -1, ..other.clone() }, "multiplier_percent"),
        (TierInput { id: Some(id_of_nobody()), ..other.clone() }, "tier"),
    ] {
        assert_eq!(field(till.save_tier(&owner, input)).as_deref(), Some(named));
    }
    let refused = till.save_tier(&clerk(till, &owner), other).expect_err("not a manager's");
    assert_eq!(refused.code(), "approval_needed");
    assert_eq!(till.tier_list().expect("a list").len(), 1);
}

fn id_of_nobody() -> String {
    "01890000-0000-7000-8000-000000000000".into()
}

fn locker() -> FieldInput {
    let (name, holds) = ("柜号".to_owned(), Holds::Number);
    FieldInput { id: None, name, holds, choices: Vec::new(), active: true }
}

fn shirt() -> FieldInput {
    let choices = vec![" S ".to_owned(), "M".to_owned()];
    FieldInput {
        id: None, name: "衣服尺码".into(), holds: Holds::Choice, choices, active: true
    }
}

#[test]
fn an_own_field_is_added_renamed_and_retired_and_loses_nothing() {
    let shop = Shop::new();
    let (till, owner) = (shop.till(), shop.owner());
    till.save_field(&owner, locker()).expect("a good field");
    let fields = till.save_field(&owner, shirt()).expect("a good field");
    let [number, choice] = fields.as_slice() else { panic!("two fields: {fields:?}") };
    assert_eq!(choice.choices, ["S", "M"]);
    let asked = || {
        let form = till.member_form(&owner).expect("a form");
        form.custom.into_iter().map(|field| field.name).collect::<Vec<_>>()
    };
    assert_eq!(asked(), ["柜号", "衣服尺码"]);

    let member = shop.member("李喆", 1).brief.id;
    let key = number.id.clone().expect("it was given one");
    let write = |value: &str| {
        let custom = Some(BTreeMap::from([(key.clone(), value.to_owned())]));
        let input = DetailsInput { custom, ..DetailsInput::default() };
        till.change_details(&owner, id(&member), input)
    };
    let own = write("12").expect("a number").details.own;
    assert_eq!((own[0].name.as_str(), own[0].value.as_str()), ("柜号", "12"));

    let gone = FieldInput { name: "更衣柜".into(), active: false, ..number.clone() };
    till.save_field(&owner, gone.clone()).expect("it can be retired");
    assert_eq!(asked(), ["衣服尺码"]);
    let own = till.member(&owner, id(&member)).expect("their file").details.own;
    assert_eq!((own[0].name.as_str(), own[0].value.as_str()), ("更衣柜", "12"));
    let refused = write("13").expect_err("nothing new goes in");
    assert_eq!(refused.code(), "bad_own_field");
    till.save_field(&owner, FieldInput { active: true, ..gone }).expect("it comes back");
    assert_eq!(write("13").expect("a number").details.own[0].value, "13");
}

#[test]
fn an_own_field_that_cannot_be_is_refused_by_its_field() {
    let shop = Shop::new();
    let (till, owner) = (shop.till(), shop.owner());
    let saved = till.save_field(&owner, locker()).expect("a good field").remove(0);
    for (input, named) in [
        (locker(), "field_name"),
        (FieldInput { holds: Holds::Text, ..saved.clone() }, "field_holds"),
        (FieldInput { choices: Vec::new(), ..shirt() }, "choices"),
        (FieldInput { choices: vec!["  ".into()], ..shirt() }, "choices"),
        (FieldInput { id: Some("unknown".into()), ..shirt() }, "custom_fields"),
    ] {
        assert_eq!(field(till.save_field(&owner, input)).as_deref(), Some(named));
    }
    let unnamed = FieldInput { name: " ".into(), ..shirt() };
    assert_eq!(till.save_field(&owner, unnamed).expect_err("refused").code(), "name_missing");
    let refused = till.save_field(&clerk(till, &owner), shirt()).expect_err("not a manager's");
    assert_eq!(refused.code(), "approval_needed");
    assert_eq!(till.field_list().expect("a list"), [saved]);
}
