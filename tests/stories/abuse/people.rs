//! People at the desk: what their role does not let them do, PINs that are guessed or overheard,
//! the clock, and names that are more than names.

use std::sync::Arc;

use punchcard_domain::{
    decide::StockChange,
    money::MAX_AMOUNT,
    staff::{Permission, Role},
    verdict::Verdict,
};
use punchcard_tests::{
    DAY, MINUTE, NOON, PIN, Shop,
    business::{Business, Desk, Engine},
    id,
};
use punchcard_till::{
    Actor, CheckInHow, Error, PassTypeInput, RedeemInput, RewardInput, StaffInput, Till, Who,
    import::{ImportInput, Profile},
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

fn reward(name: &str, cost: i64, minor_per_point: i64) -> RewardInput {
    RewardInput { id: None, name: name.into(), cost, minor_per_point, active: true, terms: None }
}

fn pass_type(days: Option<i32>, visits: Option<i64>, price_minor: i64) -> PassTypeInput {
    PassTypeInput {
        id: None,
        name: "月卡".into(),
        days,
        visits,
        price_minor,
        active: true,
        terms: None,
    }
}

/// Numbers as the window might send them: none of these is an amount, and nothing comes of any.
#[test]
fn numbers_that_are_none_are_refused_by_every_command() {
    let shop = Shop::new();
    let (till, owner) = (shop.till(), shop.owner());
    let member = shop.member("林知夏", 1).brief.id;
    shop.earn(&member, "500");
    let (fixed, chosen) = (shop.reward("毛巾", 300), shop.reward("减价", 0));
    let before = till.digest().expect("a digest");
    let odd = [i64::MIN, i64::MIN + 1, -MAX_AMOUNT, -1, MAX_AMOUNT + 1, i64::MAX - 1, i64::MAX];
    for number in odd {
        for (reward, zero_too) in [(&fixed, false), (&chosen, true)] {
            for points in [Some(number), zero_too.then_some(0)].into_iter().flatten() {
                let input = RedeemInput {
                    member: id(&member),
                    reward: id(reward),
                    points: Some(points),
                    on_trust: true,
                };
                till.redeem(&owner, input).expect_err("no amount");
                till.redeem_preview(&owner, input).expect_err("no amount");
            }
        }
        till.earn(&owner, id(&member), &number.to_string()).expect_err("no amount");
        till.save_reward(&owner, reward("x", number, 0)).expect_err("no cost");
        till.save_reward(&owner, reward("x", 0, number)).expect_err("no money off");
        till.save_pass_type(&owner, pass_type(None, Some(number), 0)).expect_err("no visits");
        till.save_pass_type(&owner, pass_type(None, None, number)).expect_err("no price");
        let rules = till.rules().expect("the rules");
        for field in 0..4 {
            let mut rules = rules.clone();
            *[
                &mut rules.points_per_unit,
                &mut rules.points_per_visit,
                &mut rules.trust_limit,
                &mut rules.rest_percent,
            ][field] = number;
            till.save_rules(&owner, rules).expect_err("no rule");
        }
    }
    for days in [i32::MIN, -1, 0, i32::MAX] {
        till.save_pass_type(&owner, pass_type(Some(days), None, 0)).expect_err("no term");
    }
    for amount in ["0.005", "1e3", "-0.01", "NaN", "inf", "0x10", "9007199254740992", "1,0,0", "٣"]
    {
        till.earn(&owner, id(&member), amount).expect_err(amount);
    }
    assert_eq!(till.digest().expect("a digest"), before, "nothing was written");
    // A moment far away is a moment, and breaks no desk.
    for at_ms in [i64::MIN, -1, 0, i64::MAX] {
        let who = Who::Member(id(&member));
        drop(till.check_in(&owner, who, CheckInHow::Scan, Some(at_ms)));
        till.day(&owner, None, true).expect("a day");
        till.member(&owner, id(&member)).expect("a file");
    }
    shop.verify();
}

/// A use case that takes a permission, tried by somebody.
type Try<'a> = (Permission, Box<dyn Fn(&Actor) -> punchcard_till::Result<()> + 'a>);

/// Every use case that is not everybody's, tried by those whose it is not.
#[test]
fn nobody_does_what_their_role_does_not_let_them() {
    let shop = Shop::new();
    let till = shop.till();
    let member = shop.member("林知夏", 1).brief.id;
    let other = shop.member("王堃", 2).brief.id;
    let towel = shop.reward("毛巾", 100);
    let kind = shop.pass_type("年卡", Some(365), None);
    let earned = shop.earn(&member, "500");
    shop.pass(DAY);
    hire(&shop, "何晴", Role::Receptionist, "377714");
    let staff = till.staff().expect("staff");
    let owner = staff.iter().find(|person| person.role == Role::Owner).expect("there is one");
    let import = || ImportInput {
        bytes: "姓名,电话\n李喆,13812340001\n".into(),
        profile: Profile::Auto,
        dry_run: true,
    };
    let redeem =
        |on_trust| RedeemInput { member: id(&member), reward: id(&towel), points: None, on_trust };
    let as_owner = |pin: Option<&str>| StaffInput {
        id: Some(owner.id.clone()),
        name: "我".into(),
        role: Role::Owner,
        pin: pin.map(str::to_owned),
        active: true,
    };
    let tries: Vec<Try<'_>> = vec![
        (
            Permission::EditMember,
            Box::new(|a| till.register_member(a, MemberInput::default()).map(drop)),
        ),
        (
            Permission::EditMember,
            Box::new(|a| till.change_member(a, id(&member), MemberInput::default()).map(drop)),
        ),
        (Permission::BanMember, Box::new(|a| till.ban_member(a, id(&member), true, "x").map(drop))),
        (Permission::EarnPoints, Box::new(|a| till.earn(a, id(&member), "5").map(drop))),
        (Permission::RedeemPoints, Box::new(|a| till.redeem(a, redeem(false)).map(drop))),
        (
            Permission::LetInOnce,
            Box::new(|a| {
                let how = CheckInHow::LetIn("x".into());
                till.check_in(a, Who::Member(id(&member)), how, None).map(drop)
            }),
        ),
        (Permission::GivePass, Box::new(|a| till.give_pass(a, id(&member), id(&kind)).map(drop))),
        (Permission::VoidFact, Box::new(|a| till.undo(a, id(&earned)).map(drop))),
        (Permission::ViewJournal, Box::new(|a| till.day(a, None, true).map(drop))),
        (
            Permission::ImportMembers,
            Box::new(|a| till.import(a, &import(), &mut std::io::sink()).map(drop)),
        ),
        (Permission::EditCatalogue, Box::new(|a| till.save_reward(a, reward("x", 1, 0)).map(drop))),
        (
            Permission::EditCatalogue,
            Box::new(|a| till.save_pass_type(a, pass_type(None, None, 1)).map(drop)),
        ),
        (Permission::EditStaff, Box::new(|a| till.save_staff(a, as_owner(None)).map(drop))),
        (
            Permission::EditStaff,
            Box::new(|a| till.save_staff(a, as_owner(Some("804417"))).map(drop)),
        ),
        (Permission::EditSettings, Box::new(|a| till.save_rules(a, till.rules()?).map(drop))),
        (Permission::Backup, Box::new(|a| till.backup_here(a).map(drop))),
        (
            Permission::MergeMembers,
            Box::new(|a| till.merge_members(a, id(&member), id(&other)).map(drop)),
        ),
        (Permission::MergeMembers, Box::new(|a| till.keep_apart(a, id(&member), id(&other)))),
        (
            Permission::AdjustPoints,
            Box::new(|a| till.adjust_points(a, id(&member), 5, "x").map(drop)),
        ),
        (
            Permission::ChangeStock,
            Box::new(|a| till.change_stock(a, id(&towel), StockChange::Put(5), "x").map(drop)),
        ),
        (
            Permission::TransferPoints,
            Box::new(|a| till.transfer_points(a, id(&member), id(&other), 5).map(drop)),
        ),
        (Permission::TopUp, Box::new(|a| till.top_up(a, id(&member), "5.00", "x").map(drop))),
        (
            Permission::BookClass,
            Box::new(|a| till.book_class(a, id(&member), "x", i64::MAX, None).map(drop)),
        ),
        (Permission::EraseMember, Box::new(|a| till.erase_member(a, id(&member), true))),
        (Permission::VouchForStore, Box::new(|a| till.vouch(a))),
    ];
    let before = till.digest().expect("a digest");
    let staff = shop.owner().staff;
    for role in [Role::Receptionist, Role::Cashier, Role::Manager] {
        let actor = Actor::new(staff, role);
        for (permission, attempt) in tries.iter().filter(|(of, _)| !role.may(*of)) {
            match attempt(&actor) {
                Err(error) => {
                    assert_eq!(error.code(), "approval_needed", "{role:?} {permission:?}");
                }
                Ok(()) => panic!("{role:?} may {permission:?}"),
            }
        }
    }
    assert_eq!(till.digest().expect("a digest"), before);
}

/// A PIN is only ever tried where tries are counted: whoever may not set PINs cannot find out by
/// setting one whether it is somebody's.
#[test]
fn a_pin_cannot_be_tried_where_tries_are_not_counted() {
    let shop = Shop::new();
    let cashier = hire(&shop, "李想", Role::Cashier, "493527");
    let actor = signed_in(&shop, &cashier, "493527");
    let answers = [PIN, "840028"].map(|guess| {
        let input = StaffInput {
            id: None,
            name: "x".into(),
            role: Role::Cashier,
            pin: Some(guess.into()),
            active: true,
        };
        shop.till().save_staff(&actor, input).map(drop).expect_err("not hers").code()
    });
    assert_eq!(answers, ["approval_needed"; 2], "the owner's PIN and nobody's are answered alike");
}

/// Fifty guesses at once are five guesses; and whoever is locked out by them is locked out alone.
#[test]
fn guessing_at_once_gains_nothing_and_stops_nobody_else() {
    let shop = Shop::new();
    let owner = shop.till().staff().expect("staff")[0].id.clone();
    let cashier = hire(&shop, "李想", Role::Cashier, "493527");
    let outcomes: Vec<&str> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..50)
            .map(|n| {
                let guess = format!("{:06}", 111_222 + n);
                let owner = &owner;
                let shop = &shop;
                scope.spawn(move || match shop.till().sign_in(id(owner), &guess) {
                    Err(error) => error.code(),
                    Ok(_) => "ok",
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("answered")).collect()
    });
    // The fifth wrong one is told of the pause; whoever comes after it is not looked at.
    let wrong = outcomes.iter().filter(|code| **code == "wrong_pin").count();
    assert_eq!(wrong, 4, "{outcomes:?}");
    assert_eq!(outcomes.iter().filter(|code| **code == "pin_locked").count(), 46);
    let locked = shop.till().sign_in(id(&owner), PIN).expect_err("a pause");
    assert_eq!(locked.code(), "pin_locked");
    let actor = signed_in(&shop, &cashier, "493527");
    let member = shop.member("林知夏", 1).brief.id;
    shop.till().earn(&actor, id(&member), "5").expect("the shop goes on");
    shop.pass(MINUTE + 1);
    signed_in(&shop, &owner, PIN);
}

/// An approval is a PIN that comes with one command: it approves nothing after it, nobody approves
/// what they may not do themselves, and a wrong one is counted like any other.
#[test]
fn an_approval_is_for_one_command_and_by_somebody_who_may() {
    let shop = Shop::new();
    let member = shop.member("林知夏", 1).brief.id;
    let cashier = hire(&shop, "李想", Role::Cashier, "493527");
    let manager = hire(&shop, "周敏", Role::Manager, "840028");
    let actor = signed_in(&shop, &cashier, "493527");
    let let_in = |actor: &Actor| {
        let how = CheckInHow::LetIn("试课".into());
        shop.till().check_in(actor, Who::Member(id(&member)), how, None).map(drop)
    };
    let approval = |staff: &str, pin: &str| Approval { staff: staff.into(), pin: pin.into() };
    let herself =
        shop.till().approve(&actor, Some(&approval(&cashier, "493527"))).expect("her PIN is right");
    assert_eq!(let_in(&herself).expect_err("not hers").code(), "approval_needed");
    let approved =
        shop.till().approve(&actor, Some(&approval(&manager, "840028"))).expect("the right PIN");
    let_in(&approved).expect("a manager says so");
    assert_eq!(let_in(&actor).expect_err("once").code(), "approval_needed");
    // What a manager may not, a manager does not lend.
    let rules = shop.till().rules().expect("the rules");
    let error = shop.till().save_rules(&approved, rules).expect_err("the owner's");
    assert_eq!(error.code(), "approval_needed");
    for _ in 0..4 {
        let wrong = shop.till().approve(&actor, Some(&approval(&manager, "111333")));
        assert_eq!(wrong.expect_err("wrong").code(), "wrong_pin");
    }
    let wrong = shop.till().approve(&actor, Some(&approval(&manager, "111333")));
    assert_eq!(wrong.expect_err("a pause").code(), "pin_locked");
    let right = shop.till().sign_in(id(&manager), "840028").expect_err("even the right one");
    assert!(matches!(right, Error::PinLocked { .. }), "{right}");
    // Somebody who left approves nothing.
    let gone = StaffInput {
        id: Some(cashier.clone()),
        name: "李想".into(),
        role: Role::Manager,
        pin: None,
        active: false,
    };
    shop.till().save_staff(&shop.owner(), gone).expect("the owner may");
    let error = shop.till().approve(&actor, Some(&approval(&cashier, "493527")));
    assert_eq!(error.expect_err("gone").code(), "not_found");
}

/// Set on by a day, somebody is let in a second time; set back, the desk says so and lets nobody in
/// on a day that is over.
#[test]
fn a_clock_set_on_and_back_is_told() {
    let shop = Shop::new();
    let member = shop.member("何苗", 1).brief.id;
    shop.give(&member, "两日卡", Some(2), None);
    let scan = || {
        let who = Who::Card("10000001".into());
        shop.till().check_in(&shop.owner(), who, CheckInHow::Scan, None).expect("a verdict")
    };
    assert!(!scan().refused());
    shop.pass(DAY);
    assert!(!scan().refused());
    shop.pass(DAY);
    assert_eq!(scan().reasons[0].code(), "expired");
    // Back to the day on which the pass was good.
    shop.pass(-2 * DAY);
    let view = scan();
    let codes: Vec<&str> = view.reasons.iter().map(|reason| reason.code()).collect();
    assert_eq!((view.verdict, codes), (Verdict::Refuse, vec!["expired", "clock_behind"]));
    assert!(shop.till().status(None).expect("a status").clock_behind);
    // Back to before there were stamps, and on to the end of calendars: nothing breaks, nothing comes
    // back.
    for now in [0, -DAY, i64::MIN, 253_402_300_799_000, NOON] {
        shop.clock.store(now, std::sync::atomic::Ordering::SeqCst);
        assert!(scan().refused(), "{now}");
    }
    shop.verify();
}

/// A desk whose clock stands a year ahead is told, and takes nobody's time with it: what runs out
/// next month at the other desks still runs out next month.
#[test]
fn a_desk_a_year_ahead_takes_nobody_with_it() {
    let (business, first) = Business::with_desk(Engine::Sqlite);
    let second = business.desk("滨江 2", None);
    let member = first.member("王堃", 1);
    let kind = first
        .till()
        .save_pass_type(&first.owner(), pass_type(Some(30), None, 29_900))
        .expect("the owner may");
    first.till().give_pass(&first.owner(), id(&member), id(&kind[0].id)).expect("given");
    business.same_everywhere(&[&first, &second]);
    let mut ahead = second;
    ahead.close();
    let told = business.clock.clone();
    ahead.options.clock =
        Arc::new(move || told.load(std::sync::atomic::Ordering::SeqCst) + 366 * DAY);
    ahead.reopen();
    let scan = |desk: &Desk| {
        let who = Who::Card("10000001".into());
        desk.till().check_in(&desk.owner(), who, CheckInHow::Scan, None).expect("a verdict")
    };
    assert_eq!(scan(&ahead).reasons[0].code(), "expired");
    ahead.earn(&member, "5.00");
    business.same_everywhere(&[&first, &ahead]);
    assert!(ahead.notices().contains(&"clock_skew".to_owned()), "{:?}", ahead.notices());
    assert!(!scan(&first).refused(), "it is still November here");
    assert!(!first.till().status(None).expect("a status").clock_behind);
    let late = first.earn(&member, "5.00");
    assert!(!late.is_empty());
    business.same_everywhere(&[&first, &ahead]);
}

/// A name is one line and says nothing to a printer, a terminal or a log; what a spreadsheet would
/// run is text in the file of rejects.
#[test]
fn a_name_is_a_name_and_nothing_else() {
    let shop = Shop::new();
    let evil = "王堃\r\nERROR paid 0.01\u{1b}@\u{1b}[2J\u{7}";
    let input = MemberInput {
        name: evil.into(),
        phone: "13800000009".into(),
        cards: vec!["90000009".into()],
        ..MemberInput::default()
    };
    let view = shop.till().register_member(&shop.owner(), input.clone()).expect("a name");
    let clean = |name: &str| name.chars().all(|c| !c.is_control());
    assert!(clean(&view.brief.name), "{:?}", view.brief.name);
    let member = id(&view.brief.id);
    let changed = MemberInput { name: "李\u{1b}喆\n".into(), ..input.clone() };
    let view = shop.till().change_member(&shop.owner(), member, changed).expect("a name");
    assert_eq!(view.brief.name, "李 喆");
    let card = MemberInput { cards: vec!["9\u{1b}@9".into()], ..input };
    shop.till().change_member(&shop.owner(), member, card).expect_err("no card");
    shop.till().save_reward(&shop.owner(), reward("a\nb", 1, 0)).expect("a name");
    assert!(shop.till().reward_list().expect("a list").iter().all(|line| clean(&line.name)));

    let file = "姓名,电话,等级,标签,备注\n\
        \"张\u{1b}祎\nx\",13812340003,\"金\r\n卡\",\"a\u{7}b\",\n\
        =cmd|' /C calc'!A0,没有,,,\n+1,没有,,,\n-1,没有,,,\n@SUM(1),没有,,,\n\"\t=1\",没有,,,\n \u{3000}=1,没有,,,\n";
    let mut rejects = Vec::new();
    let input = ImportInput { bytes: file.into(), profile: Profile::Auto, dry_run: false };
    let report = shop.till().import(&shop.owner(), &input, &mut rejects).expect("a table");
    assert_eq!((report.imported, report.rejected.bad_phone), (1, 6));
    let found = shop.till().find(&shop.owner(), "13812340003", 5).expect("a list");
    assert!(clean(&found[0].name) && clean(found[0].tier.as_deref().unwrap_or_default()));
    let rejects = String::from_utf8(rejects).expect("UTF-8");
    for line in rejects.lines().skip(1) {
        let cell = line.trim_start_matches('"').trim_start();
        assert!(!cell.starts_with(['=', '+', '-', '@', '\t']), "{line}");
    }
}

/// A cashier who scrolls: a hundred at most for each search, phones masked, and nothing that writes
/// everybody down.
#[test]
fn nobody_scrolls_through_everybody() {
    let shop = Shop::new();
    let rows: Vec<String> = (0..300).map(|n| format!("会员{n},138{n:08}\n")).collect();
    let input = ImportInput {
        bytes: format!("姓名,电话\n{}", rows.concat()).into_bytes(),
        profile: Profile::Auto,
        dry_run: false,
    };
    shop.till().import(&shop.owner(), &input, &mut std::io::sink()).expect("a table");
    let cashier = hire(&shop, "李想", Role::Cashier, "493527");
    let actor = signed_in(&shop, &cashier, "493527");
    for query in ["会员", "138", "0", "hy"] {
        let found = shop.till().find(&actor, query, usize::MAX).expect("a list");
        assert!(found.len() <= 100, "{} for {query}", found.len());
        for brief in found {
            let phone = brief.phone.expect("masked");
            assert!(phone.contains("****"), "{phone}");
        }
    }
    assert!(shop.till().find(&actor, "", usize::MAX).expect("a list").is_empty());
    let everything = shop.dir.path().join("everything");
    assert_eq!(Desk::code(shop.till().backup(&actor, &everything)), "approval_needed");
    let there: bool = Till::exists(&everything);
    assert!(!there && !everything.exists());
}
