//! Who comes in, with whom, and through which door.

use std::collections::BTreeMap;

use punchcard_domain::{
    alerts::{Alert, Alerts, Level},
    custom::{CustomField, FieldKind},
    member::Contact,
    staff::Role,
    terms::Terms,
    verdict::Verdict,
};
use punchcard_tests::{Shop, business::Desk, id};
use punchcard_till::{
    Actor, CheckInHow, StaffInput, Who,
    views::{Approval, DetailsInput, MemberInput, RulesInput},
};

use super::{At, HOUR, codes, freezable};

#[test]
fn a_manager_lets_in_with_a_reason_and_the_list_shows_it_red() {
    let shop = Shop::new();
    let at = At::shop(&shop);
    let staff = |name: &str, role, pin: &str| {
        let input =
            StaffInput { id: None, name: name.into(), role, pin: Some(pin.into()), active: true };
        let all = at.till.save_staff(&at.owner, input).expect("the owner may");
        all.into_iter().find(|person| person.name == name).expect("just set").id
    };
    let manager = staff("店长", Role::Manager, "840028");
    let desk = staff("前台", Role::Receptionist, "493527");
    shop.member("赵一鸣", 1);
    let (desk, _) = at.till.sign_in(id(&desk), "493527").expect("her PIN");
    let let_in = |actor: &Actor| {
        let how = CheckInHow::LetIn("正在办续费".into());
        at.till.check_in(actor, Who::Card("10000001".into()), how, None)
    };
    assert_eq!(Desk::code(let_in(&desk)), "approval_needed");
    let approval = Approval { staff: manager, pin: "840028".into() };
    let approved = at.till.approve(&desk, Some(&approval)).expect("his PIN");
    let view = let_in(&approved).expect("he may");
    assert_eq!((view.verdict, codes(&view)), (Verdict::Note, vec!["let_in_once", "no_pass"]));
    let recent = at.till.recent(&desk).expect("the list");
    assert!(recent[0].overridden && !recent[0].voided);
    at.till.undo(&desk, id(&view.fact)).expect("one's own last action");
    assert!(at.till.recent(&desk).expect("the list")[0].voided);
    shop.verify();
}

#[test]
fn a_family_comes_in_together_and_a_guest_comes_along() {
    let shop = Shop::new();
    let at = At::shop(&shop);
    let mother = shop.member("林知夏", 1).brief.id;
    let child = shop.member("林小满", 2).brief.id;
    let kind = at.kind("家庭卡", Some(365), None, freezable());
    at.give(&mother, &kind);
    at.till
        .change_details(
            &at.owner,
            id(&child),
            DetailsInput {
                family_of: Some(mother.clone()),
                guardian: Some(mother.clone()),
                contact: Some(Contact { name: "林知夏".into(), phone: "13800000001".into() }),
                waiver: Some(1),
                ..DetailsInput::default()
            },
        )
        .expect("the owner may");
    let views = at.till.check_in_family(&at.owner, Who::Card("10000001".into())).expect("both");
    let seen: Vec<(String, Verdict)> = views
        .iter()
        .map(|view| (view.member.as_ref().expect("known").name.clone(), view.verdict))
        .collect();
    let each = [("林知夏".into(), Verdict::Admit), ("林小满".into(), Verdict::Refuse)];
    assert_eq!(seen, each, "each has a verdict of their own");
    let details = at.member(&mother).details;
    assert_eq!(details.family.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["林小满"]);

    let guest = |name: &str| {
        let how = CheckInHow::Guest(name.into());
        at.till.check_in(&at.owner, Who::Member(id(&mother)), how, None)
    };
    let view = guest("小周").expect("two a month");
    assert_eq!((view.verdict, codes(&view)), (Verdict::Note, vec!["guest"]));
    guest("小吴").expect("the second");
    assert_eq!(Desk::code(guest("小郑")), "no_guests");
    at.undo(&view.fact).expect("the owner may");
    guest("小郑").expect("one is free again");
    assert_eq!(at.member(&mother).visits_total, 1, "guests are no visits of hers");
    shop.verify();
}

/// The desk's keys: the rest of a family in one go, and a guest only where one may come.
#[test]
fn the_desk_is_told_who_else_may_come_in() {
    let shop = Shop::new();
    let at = At::shop(&shop);
    let mother = shop.member("林知夏", 1).brief.id;
    let details = DetailsInput { family_of: Some(mother.clone()), ..DetailsInput::default() };
    let input =
        MemberInput { name: "林小满".into(), details: Some(details), ..MemberInput::default() };
    let child = at.till.register_member(&at.owner, input).expect("a new member").brief.id;
    let terms = Terms { guests: 1, ..Terms::default() };
    at.give(&mother, &at.kind("双人次卡", None, Some(3), terms));
    let view = at.scan("10000001");
    assert!(view.family.iter().map(|one| &one.id).eq([&child]));
    assert!(view.brings_guest, "two visits are left");
    let others = at.till.check_in_relatives(&at.owner, id(&mother)).expect("they are one family");
    assert_eq!(others.len(), 1);
    assert_eq!(others[0].member.as_ref().expect("known").id, child);
    assert_eq!(codes(&others[0]), ["no_pass"]);
    assert!(!others[0].brings_guest, "who is stopped brings nobody");

    let guest = CheckInHow::Guest("小周".into());
    let view = at.till.check_in(&at.owner, Who::Member(id(&mother)), guest, None);
    assert!(!view.expect("one a month").brings_guest, "that was the one");
    at.undo(&at.member(&mother).history[0].fact).expect("the owner may");
    shop.pass(7 * HOUR);
    assert!(at.scan("10000001").brings_guest, "one visit is left for them");
    shop.pass(7 * HOUR);
    let last = at.scan("10000001");
    assert_eq!((last.verdict, last.brings_guest), (Verdict::Note, false), "none is left");
    shop.verify();
}

#[test]
fn alerts_are_said_as_the_owner_says() {
    let shop = Shop::new();
    let at = At::shop(&shop);
    let member = shop.member("林知夏", 1).brief.id;
    at.give(&member, &at.kind("年卡", Some(365), None, Terms::default()));
    at.say(Alert::Waiver, Level::Deny);
    at.say(Alert::EmergencyContact, Level::Warn);
    let view = at.scan("10000001");
    assert_eq!(
        (view.verdict, codes(&view)),
        (Verdict::Refuse, vec!["waiver", "emergency_contact"])
    );
    let signed = DetailsInput { waiver: Some(1), ..DetailsInput::default() };
    at.till.change_details(&at.owner, id(&member), signed).expect("the owner may");
    assert_eq!(codes(&at.scan("10000001")), ["emergency_contact"]);
    let silent = BTreeMap::from([(Alert::ClockBehind, Level::None)]);
    let silent = Alerts { levels: silent, ..Alerts::default() };
    assert_eq!(Desk::code(at.till.save_alerts(&at.owner, silent)), "bad_input");

    // The owner's own fields: what fits is kept, what does not is refused.
    let field = CustomField {
        key: "locker".into(),
        name: "柜号".into(),
        kind: FieldKind::Number,
        retired: false,
    };
    at.till.save_custom_fields(&at.owner, vec![field]).expect("the owner may");
    let write = |value: &str| {
        let custom = Some(BTreeMap::from([("locker".to_owned(), value.to_owned())]));
        let input = DetailsInput { custom, ..DetailsInput::default() };
        at.till.change_details(&at.owner, id(&member), input)
    };
    assert_eq!(Desk::code(write("twelve")), "bad_own_field");
    assert_eq!(write("12").expect("a number").details.custom["locker"], "12");
}

#[test]
fn a_desk_at_one_door_stops_passes_for_another() {
    let shop = Shop::new();
    let at = At::shop(&shop);
    let member = shop.member("林知夏", 1).brief.id;
    let gym = Terms { zones: vec!["健身区".into()], ..Terms::default() };
    at.give(&member, &at.kind("健身月卡", Some(30), None, gym));
    let save = |zone: &str| at.till.save_door(&at.owner, zone);
    let door = || at.till.status(None).expect("it answers").door;
    let said = || at.scan("10000001").reasons.iter().map(|why| why.code()).collect::<Vec<_>>();
    assert_eq!((door(), said()), (None, vec![]));

    let cashier = Actor::new(at.owner.staff, Role::Cashier);
    assert_eq!(Desk::code(at.till.save_door(&cashier, "泳池")), "approval_needed");
    assert_eq!(Desk::code(save(&"泳".repeat(41))), "bad_input");
    assert_eq!(Desk::code(save("泳池\n健身区")), "bad_input");
    save(" 泳池 ").expect("the owner may");
    assert_eq!(door().as_deref(), Some("泳池"));
    shop.pass(12 * HOUR);
    assert_eq!(said(), ["wrong_zone"], "at once, and without a word from whoever scans");
    let named = Who::Card("10000001".into());
    let how = CheckInHow::Scan;
    let inside = at.till.check_in_at(&at.owner, named, how, None, Some("健身区".into()));
    assert!(inside.expect("a verdict").reasons.is_empty(), "a door that is named goes before");
    save("").expect("the owner may");
    shop.pass(12 * HOUR);
    assert_eq!((door(), said()), (None, vec![]));
}

#[test]
fn how_few_visits_are_few_is_the_owners_rule() {
    let shop = Shop::new();
    let at = At::shop(&shop);
    let member = shop.member("林知夏", 1).brief.id;
    at.give(&member, &at.kind("十次卡", None, Some(10), Terms::default()));
    let said = || at.scan("10000001").reasons.iter().map(|why| why.code()).collect::<Vec<_>>();
    assert_eq!(said(), Vec::<&str>::new(), "nine are left");
    let rules = at.till.rules().expect("there are some");
    let kept = at.till.save_rules(&at.owner, RulesInput { few_visits: 8, ..rules });
    assert_eq!(kept.expect("the owner may").few_visits, 8);
    shop.pass(12 * HOUR);
    assert_eq!(said(), ["few_visits_left"], "eight are");
    let rules = at.till.rules().expect("there are some");
    assert_eq!(
        Desk::code(at.till.save_rules(&at.owner, RulesInput { few_visits: 1001, ..rules })),
        "bad_input"
    );
}
