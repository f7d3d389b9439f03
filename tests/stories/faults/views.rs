//! A hub that shows two tills two views: two hubs with the same keys, the same number and the same
//! past, of which each till meets one. As soon as one till has met both, it is noticed.

use punchcard_hub::Weak;
use punchcard_tests::{
    business::{Business, Desk, Engine},
    on_both_engines,
};

on_both_engines!(
    a_hub_with_two_views_is_noticed_by_whoever_saw_both,
    a_hub_that_will_not_notice_is_noticed_by_the_till,
);

/// Two views, and who saw what: the first and the third desk were shown one, the second the other.
struct Forked {
    one: Business,
    other: Business,
    desks: [Desk; 3],
    member: String,
}

fn forked(engine: Engine) -> Forked {
    let (mut one, first) = Business::with_desk(engine);
    let desks = [first, one.desk("滨江 2", None), one.desk("临平 3", None)];
    let [first, second, third] = &desks;
    let member = first.member("王堃", 1);
    one.same_everywhere(&[first, second, third]);
    let copied = one.snapshot_of_database();
    let mut other = one.twin(copied);
    first.earn(&member, "300.00");
    first.sync();
    third.sync();
    one.cut();
    other.mend();
    second.earn(&member, "40.00");
    second.sync();
    let seen = [first.points(&member).0, second.points(&member).0, third.points(&member).0];
    assert_eq!(seen, [300, 40, 300], "two views");
    assert_eq!(one.epoch(), other.epoch(), "which nobody can tell apart yet");
    Forked { one, other, desks, member }
}

fn told(business: &Business) -> Vec<String> {
    business.hub.inbox().expect("it answers").into_iter().map(|line| line.code).collect()
}

fn a_hub_with_two_views_is_noticed_by_whoever_saw_both(engine: Engine) {
    let Forked { one, other, desks: [first, second, third], member } = forked(engine);
    // The third desk is shown the other view.
    third.sync();
    assert!(other.epoch() > one.epoch(), "it has seen what this hub never had");
    assert!(told(&other).contains(&"hub_restored".to_owned()), "{:?}", told(&other));
    assert!(third.notices().contains(&"hub_restored".to_owned()), "{:?}", third.notices());
    // What only the other view held is given back; nobody loses anything.
    other.same_everywhere(&[&first, &second, &third]);
    for desk in [&first, &second, &third] {
        assert_eq!(desk.points(&member).0, 340);
    }
}

/// A hub that does not want to notice: what it shows has not that as its beginning which the till was
/// told of, and the till says so.
fn a_hub_that_will_not_notice_is_noticed_by_the_till(engine: Engine) {
    let Forked { one, mut other, desks: [_first, second, third], member } = forked(engine);
    other.weaken(Weak { restored_unseen: true, ..Weak::default() });
    assert_eq!(third.refused(), "log_changed", "its log does not begin as the till was told");
    assert_eq!(other.epoch(), one.epoch());
    assert!(third.notices().contains(&"log_changed".to_owned()), "{:?}", third.notices());
    assert_eq!(third.points(&member).0, 300, "and it takes over nothing of the other view");
    second.sync();
    assert!(!second.notices().contains(&"log_changed".to_owned()), "who saw one view, saw one");
}
