//! Who may do what, and PINs.

use punchcard_domain::staff::{Permission, Role};
use punchcard_tests::{MINUTE, PIN, Shop, id};
use punchcard_till::{
    Actor, CheckInHow, Error, RedeemInput, StaffInput, Who,
    views::{Approval, MemberInput},
};

fn hire(shop: &Shop, name: &str, role: Role, pin: &str) -> String {
    let input =
        StaffInput { id: None, name: name.into(), role, pin: Some(pin.into()), active: true };
    let all = shop.till().save_staff(&shop.owner(), input).expect("the owner hires");
    all.into_iter().find(|person| person.name == name).expect("just hired").id
}

fn signed_in(shop: &Shop, staff: &str, pin: &str) -> Actor {
    shop.till().sign_in(id(staff), pin).expect("the right PIN").0
}

#[test]
fn five_wrong_pins_are_a_pause_that_outlives_a_restart() {
    let mut shop = Shop::new();
    let owner = shop.till().staff().expect("staff")[0].id.clone();
    for left in [4, 3, 2, 1] {
        let error = shop.till().sign_in(id(&owner), "111222").expect_err("wrong");
        assert!(matches!(error, Error::WrongPin { left: found } if found == left), "{error}");
    }
    let error = shop.till().sign_in(id(&owner), "111222").expect_err("wrong");
    assert!(matches!(error, Error::PinLocked { .. }), "{error}");
    shop.reopen();
    let error = shop.till().sign_in(id(&owner), PIN).expect_err("even the right one");
    assert_eq!(error.code(), "pin_locked");
    shop.pass(MINUTE + 1);
    assert!(shop.till().sign_in(id(&owner), PIN).is_ok());
    // The right PIN forgets the wrong ones.
    let error = shop.till().sign_in(id(&owner), "111222").expect_err("wrong");
    assert!(matches!(error, Error::WrongPin { left: 4 }), "{error}");
}

#[test]
fn winding_the_clock_on_does_not_shorten_a_later_pause() {
    let shop = Shop::new();
    let owner = shop.till().staff().expect("staff")[0].id.clone();
    for _ in 0..5 {
        shop.till().sign_in(id(&owner), "111222").expect_err("wrong");
    }
    shop.pass(MINUTE + 1);
    shop.till().sign_in(id(&owner), "111222").expect_err("wrong");
    shop.pass(MINUTE + 1);
    let error = shop.till().sign_in(id(&owner), PIN).expect_err("two minutes now");
    assert_eq!(error.code(), "pin_locked");
}

#[test]
fn pins_are_six_digits_hard_to_guess_and_nobody_elses() {
    let shop = Shop::new();
    let try_pin = |pin: &str| {
        let input = StaffInput {
            id: None,
            name: "新人".into(),
            role: Role::Cashier,
            pin: Some(pin.into()),
            active: true,
        };
        shop.till().save_staff(&shop.owner(), input).map(drop)
    };
    assert_eq!(try_pin("12345").expect_err("five").code(), "bad_pin");
    assert_eq!(try_pin("123456").expect_err("a row").code(), "weak_pin");
    assert_eq!(try_pin(PIN).expect_err("the owner's").code(), "bad_pin");
    assert!(try_pin("804417").is_ok());
}

#[test]
fn each_role_may_what_it_may_and_a_pin_on_the_spot_lends_the_rest() {
    let shop = Shop::new();
    let member = shop.member("林知夏", 1).brief.id;
    let water = shop.reward("矿泉水", 100);
    shop.earn(&member, "500.00");
    let reception = hire(&shop, "何晴", Role::Receptionist, "377714");
    let manager = hire(&shop, "周敏", Role::Manager, "840028");
    let actor = signed_in(&shop, &reception, "377714");

    let input =
        RedeemInput { member: id(&member), reward: id(&water), points: None, on_trust: false };
    let refused = |error: Error, permission: Permission| {
        assert_eq!(error.code(), "approval_needed");
        assert!(error.to_string().contains(&format!("{permission:?}")), "{error}");
    };
    refused(shop.till().redeem(&actor, input).expect_err("not hers"), Permission::RedeemPoints);
    refused(
        shop.till().earn(&actor, id(&member), "5").expect_err("not hers"),
        Permission::EarnPoints,
    );
    let registered = shop.till().register_member(&actor, MemberInput::default());
    refused(registered.expect_err("not hers"), Permission::EditMember);
    let let_in = |actor: &Actor| {
        let how = CheckInHow::LetIn("试课".into());
        shop.till().check_in(actor, Who::Member(id(&member)), how, None)
    };
    refused(let_in(&actor).expect_err("not hers"), Permission::LetInOnce);

    let approval = Approval { staff: manager, pin: "840028".into() };
    let approved = shop.till().approve(&actor, Some(&approval)).expect("the right PIN");
    assert!(let_in(&approved).is_ok());
    let mut last = None;
    shop.till()
        .log(0, |line| {
            last = Some(line.payload);
            Ok(())
        })
        .expect("a journal");
    assert_eq!(last.expect("an entry")["approved_by"], approval.staff.as_str());
    let wrong = Approval { pin: "840029".into(), ..approval };
    assert_eq!(shop.till().approve(&actor, Some(&wrong)).expect_err("wrong").code(), "wrong_pin");
}

#[test]
fn undo_is_for_ones_own_and_for_ten_seconds() {
    let shop = Shop::new();
    let member = shop.member("王堃", 2).brief.id;
    let cashier = hire(&shop, "李想", Role::Cashier, "493527");
    let other = hire(&shop, "赵云", Role::Cashier, "593528");
    let (mine, theirs) = (signed_in(&shop, &cashier, "493527"), signed_in(&shop, &other, "593528"));
    let earn = || shop.till().earn(&mine, id(&member), "100").expect("an amount").fact;
    let first = earn();
    assert_eq!(
        shop.till().undo(&theirs, id(&first)).expect_err("not theirs").code(),
        "approval_needed"
    );
    assert!(shop.till().undo(&mine, id(&first)).is_ok());
    let second = earn();
    shop.pass(11_000);
    assert_eq!(
        shop.till().undo(&mine, id(&second)).expect_err("too late").code(),
        "approval_needed"
    );
    assert!(shop.till().undo(&shop.owner(), id(&second)).is_ok());
}

#[test]
fn contact_data_is_masked_and_saving_it_masked_changes_nothing() {
    let shop = Shop::new();
    let member = shop.member("张祎", 3).brief.id;
    let cashier = hire(&shop, "李想", Role::Cashier, "493527");
    let actor = signed_in(&shop, &cashier, "493527");
    let view = shop.till().member(&actor, id(&member)).expect("a member");
    assert_eq!(view.brief.phone.as_deref(), Some("138****0003"));
    let input = MemberInput {
        name: "张祎".into(),
        phone: view.brief.phone.expect("masked"),
        cards: view.cards,
        note: "素食".into(),
        ..MemberInput::default()
    };
    shop.till().change_member(&actor, id(&member), input).expect("a note");
    let full = shop.till().member(&shop.owner(), id(&member)).expect("a member");
    assert_eq!(full.brief.phone.as_deref(), Some("13800000003"));
    assert_eq!(full.note.as_deref(), Some("素食"));
}

#[test]
fn whoever_is_signed_in_is_who_they_are_by_now() {
    let shop = Shop::new();
    let zhou = hire(&shop, "周牧", Role::Manager, "583204");
    let actor = signed_in(&shop, &zhou, "583204");
    let change = |role, active| {
        let input =
            StaffInput { id: Some(zhou.clone()), name: "周牧".into(), role, pin: None, active };
        shop.till().save_staff(&shop.owner(), input).expect("the owner may");
        shop.till().session(actor.staff).expect("it answers")
    };
    let (now, view) = change(Role::Cashier, true).expect("still one of the staff");
    assert_eq!((now.role, view.role), (Role::Cashier, Role::Cashier));
    assert!(!view.permissions.contains(&Permission::LetInOnce));
    assert_eq!(change(Role::Manager, false), None);
}

#[test]
fn there_is_always_an_owner() {
    let shop = Shop::new();
    let owner = shop.till().staff().expect("staff")[0].clone();
    let input = StaffInput {
        id: Some(owner.id),
        name: owner.name,
        role: Role::Manager,
        pin: None,
        active: true,
    };
    let error = shop.till().save_staff(&shop.owner(), input).expect_err("the last");
    assert_eq!(error.code(), "last_owner");
}
