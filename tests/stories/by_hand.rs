//! Points by hand: given and taken for a reason, given to another member, and taken back; at one
//! desk, and at two with a hub between them.

use punchcard_domain::fact::{Fact, PointsAdjusted};
use punchcard_tests::{
    DAY, MINUTE, Shop,
    business::{Business, Desk, Engine},
    id, on_both_engines,
};
use punchcard_till::RedeemInput;

on_both_engines!(what_is_given_by_hand_at_two_desks_is_one_story, what_was_given_away_is_had_once,);

fn adjust(desk: &Desk, member: &str, points: i64, why: &str) -> punchcard_till::Result<String> {
    Ok(desk.till().adjust_points(&desk.owner(), id(member), points, why)?.fact)
}

fn transfer(desk: &Desk, from: &str, to: &str, points: i64) -> punchcard_till::Result<String> {
    Ok(desk.till().transfer_points(&desk.owner(), id(from), id(to), points)?.fact)
}

fn undo(desk: &Desk, fact: &str) -> punchcard_till::Result<()> {
    desk.till().undo(&desk.owner(), id(fact)).map(drop)
}

/// The codes in the owner's inbox, but for the sum of what was done by hand.
fn doubts(business: &Business) -> Vec<String> {
    let lines = business.hub.inbox().expect("it answers").into_iter().map(|line| line.code);
    lines.filter(|code| code != "adjusted_points").collect()
}

#[test]
fn one_desk_gives_takes_and_gives_on() {
    let shop = Shop::new();
    let (till, owner) = (shop.till(), shop.owner());
    let one = shop.member("王堃", 1).brief.id;
    let other = shop.member("李喆", 2).brief.id;
    till.adjust_points(&owner, id(&one), 100, "开业补分").expect("the owner may");
    till.adjust_points(&owner, id(&one), -30, "多给了").expect("as many are here");
    let refused = |points, why: &str| Desk::code(till.adjust_points(&owner, id(&one), points, why));
    assert_eq!(refused(-71, "多给了"), "points_short");
    assert_eq!(refused(0, "多给了"), "bad_amount");
    assert_eq!(refused(5, " "), "bad_input");
    let given = till.transfer_points(&owner, id(&one), id(&other), 50).expect("as many are here");
    assert_eq!(given.points, -50);
    assert_eq!((shop.points(&one), shop.points(&other)), ((20, 20, 0), (50, 50, 0)));
    assert_eq!(Desk::code(till.transfer_points(&owner, id(&one), id(&one), 5)), "bad_input");
    assert_eq!(Desk::code(till.transfer_points(&owner, id(&one), id(&other), 21)), "points_short");

    let rows = till.day(&owner, None, true).expect("a day").rows;
    let came = rows.iter().find(|row| row.kind == "points_transferred" && row.points == 50);
    let came = came.expect("both members' lines tell");
    assert!(!came.voidable, "it is taken back with what went");
    assert_eq!(Desk::code(till.undo(&owner, id(&came.fact))), "not_voidable");
    till.undo(&owner, id(&given.fact)).expect("the owner may");
    assert_eq!((shop.points(&one), shop.points(&other)), ((70, 70, 0), (0, 0, 0)));
    assert_eq!(Desk::code(till.undo(&owner, id(&given.fact))), "already_voided");
    // Nobody was given any by what moved or came back.
    assert_eq!(till.day(&owner, None, true).expect("a day").points_given, 100);
    let towel = shop.reward("毛巾", 20);
    let input = RedeemInput { member: id(&one), reward: id(&towel), points: None, on_trust: false };
    let redeemed = till.redeem(&owner, input).expect("as many are here");
    till.undo(&owner, id(&redeemed.fact)).expect("the owner may");
    let today = till.day(&owner, None, true).expect("a day");
    assert_eq!((today.points_given, today.points_used), (100, 0));
    shop.verify();
}

fn what_is_given_by_hand_at_two_desks_is_one_story(engine: Engine) {
    let (business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let member = first.member("王堃", 1);
    let given = adjust(&first, &member, 120, "赵六的朋友").expect("the owner may");
    business.same_everywhere(&[&first, &second]);
    assert_eq!((first.points(&member), second.points(&member)), ((120, 120, 0), (120, 0, 0)));
    assert_eq!(Desk::code(adjust(&second, &member, -50, "多给了")), "points_short");
    let taken = adjust(&first, &member, -20, "多给了").expect("as many are here");
    business.same_everywhere(&[&first, &second]);

    // Taken back where it was not done: anew, and with the old expiry; nobody doubts it.
    undo(&second, &taken).expect("the owner may");
    business.same_everywhere(&[&first, &second]);
    assert_eq!((first.points(&member), second.points(&member)), ((120, 100, 0), (120, 20, 0)));
    undo(&second, &given).expect("the owner may");
    business.same_everywhere(&[&first, &second]);
    for desk in [&first, &second] {
        let (on_file, _, debt) = desk.points(&member);
        assert_eq!(on_file - debt, 0);
        desk.verify();
    }

    // The owner is told how many, and the reason stands in no payload.
    let lines = business.hub.inbox().expect("it answers");
    let sums: Vec<_> = lines.iter().filter(|line| line.code == "adjusted_points").collect();
    assert_eq!(sums.len(), 1, "a line for each till that did any");
    let sum = |name: &str| sums[0].args[name].as_i64();
    assert_eq!((sum("times"), sum("given"), sum("taken")), (Some(2), Some(120), Some(20)));
    assert!(doubts(&business).is_empty(), "{:?}", doubts(&business));
    for parcel in second.till().parcels().expect("it can be read") {
        let payload = String::from_utf8_lossy(&parcel.entry.payload).into_owned();
        assert!(!payload.contains("赵六"), "{payload}");
    }
    let reasons = second.till().parcels().expect("it can be read").into_iter().filter(|parcel| {
        let kind = parcel.entry.check().expect("whole").kind;
        let fact = Fact::from_payload(kind, 1, &parcel.entry.payload).expect("its shape");
        matches!(fact, Some(Fact::PointsAdjusted(PointsAdjusted { private: Some(_), .. })))
    });
    assert_eq!(reasons.count(), 2);
}

fn what_was_given_away_is_had_once(engine: Engine) {
    let (business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let one = first.member("王堃", 1);
    let other = first.member("李喆", 2);
    let reward = first.reward("毛巾", 10);
    first.earn(&one, "100.00");
    business.same_everywhere(&[&first, &second]);
    assert_eq!(Desk::code(transfer(&second, &one, &other, 10)), "points_short");
    let gone = transfer(&first, &one, &other, 60).expect("as many are here");
    business.same_everywhere(&[&first, &second]);
    assert_eq!((second.points(&one), second.points(&other)), ((40, 0, 0), (60, 0, 0)));

    // What came is like any other value: it rests in the pool, is drawn, and is spent elsewhere.
    business.pass(DAY + MINUTE);
    business.same_everywhere(&[&first, &second]);
    let drawn = second.line().draw(&second.owner(), id(&other), 10).expect("it answers");
    assert_eq!(drawn.drawn, 10);
    second.redeem(&other, &reward, false).expect("they were drawn");
    business.same_everywhere(&[&first, &second]);
    assert_eq!(Desk::code(undo(&second, &gone)), "not_voidable");

    // Taken back where it was done: what was spent meanwhile is owed, and nothing is had twice.
    undo(&first, &gone).expect("the owner may");
    business.same_everywhere(&[&first, &second]);
    for desk in [&first, &second] {
        assert_eq!(desk.points(&one).0, 100);
        let (on_file, _, debt) = desk.points(&other);
        assert_eq!((on_file, debt), (0, 10));
        desk.verify();
    }
    assert!(doubts(&business).is_empty(), "{:?}", doubts(&business));
}
