//! Many tills, one business, no point spent twice: over real TCP and TLS, on both engines.

use punchcard_tests::{
    DAY, MINUTE,
    business::{Business, Desk, Engine},
    id, on_both_engines,
};

on_both_engines!(
    what_is_spendable_here_bounds_each_desk_while_the_line_is_cut,
    a_draw_brings_what_the_pool_has,
);

fn what_is_spendable_here_bounds_each_desk_while_the_line_is_cut(engine: Engine) {
    let (mut business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let reward = first.reward("毛巾", 300);
    let member = first.member("王堃", 1);
    first.earn(&member, "500.00");
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&member), (500, 500, 0));
    assert_eq!(second.points(&member), (500, 0, 0), "on file everywhere, spendable where it lies");

    // Some of it is fetched, and the line goes down.
    let drawn = second.line().draw(&second.owner(), id(&member), 1).expect("the hub answers");
    assert_eq!((drawn.drawn, drawn.missing), (0, 1), "nobody listens at the first desk");
    let given = first.line().answer_asks(100).expect("it is asked");
    assert_eq!(given, 1);
    business.pass(MINUTE);
    let drawn = second.line().draw(&second.owner(), id(&member), 1).expect("the hub answers");
    assert_eq!((drawn.drawn, drawn.missing), (1, 0));
    business.cut();
    assert_eq!(second.refused(), "hub_unreachable");

    // Both go on; each spends what it has and no more.
    assert!(first.redeem(&member, &reward, false).is_ok());
    assert_eq!(Desk::code(first.redeem(&member, &reward, false)), "points_short");
    assert_eq!(Desk::code(second.redeem(&member, &reward, false)), "points_short");
    second.earn(&member, "400.00");
    assert!(second.redeem(&member, &reward, false).is_ok());

    business.mend();
    business.same_everywhere(&[&first, &second]);
    let all = 500 + 400 - 300 - 300;
    assert_eq!(first.points(&member).0, all);
    assert_eq!(second.points(&member).0, all);
}

fn a_draw_brings_what_the_pool_has(engine: Engine) {
    let (business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let member = first.member("李喆", 1);
    first.earn(&member, "500.00");
    business.same_everywhere(&[&first, &second]);
    // A day later value has gone to rest: half of it at home, half in the pool.
    business.pass(DAY + MINUTE);
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&member), (500, 250, 0));
    let drawn = second.line().draw(&second.owner(), id(&member), 200).expect("the hub answers");
    assert_eq!((drawn.drawn, drawn.missing, drawn.points.spendable_here), (200, 0, 200));
    business.same_everywhere(&[&first, &second]);
    assert_eq!(second.points(&member), (500, 200, 0));
}
