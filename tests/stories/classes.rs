//! Passes that are only for classes: who is booked comes in, at whatever desk has heard of it.

use punchcard_domain::{
    alerts::{Alert, Alerts, Level},
    staff::Role,
    terms::Terms,
    verdict::{Mend, Verdict},
};
use punchcard_tests::{
    Shop,
    business::{Business, Desk, Engine},
    id, on_both_engines,
};
use punchcard_till::{
    Actor, CheckInHow, PassTypeInput, Till, Who,
    replica::{Parcel, Replica},
    views::{CheckInView, DoneView},
};

const HOUR: i64 = 3_600_000;

on_both_engines!(
    who_is_booked_at_one_desk_comes_in_at_another,
    two_desks_apart_that_book_the_same_member_agree_in_any_order,
);

/// One desk of a till and the owner at it.
struct At<'a> {
    till: &'a Till,
    owner: Actor,
}

impl At<'_> {
    fn scan(&self, card: &str) -> CheckInView {
        let who = Who::Card(card.into());
        self.till.check_in(&self.owner, who, CheckInHow::Scan, None).expect("a verdict")
    }

    /// A month of classes, and nothing but classes.
    fn give(&self, member: &str) {
        let input = PassTypeInput {
            id: None,
            name: "团课月卡".into(),
            days: Some(30),
            visits: None,
            price_minor: 0,
            active: true,
            terms: Some(Terms { class_only: true, ..Terms::default() }),
        };
        let all = self.till.save_pass_type(&self.owner, input).expect("a kind of pass");
        let kind = all.into_iter().find(|kind| kind.name == "团课月卡").expect("just set").id;
        self.till.give_pass(&self.owner, id(member), id(&kind)).expect("it is on offer");
    }

    fn book(&self, member: &str, begins_ms: i64) -> DoneView {
        let member = id(member);
        self.till.book_class(&self.owner, member, "瑜伽", begins_ms, None).expect("a class")
    }
}

fn said(view: &CheckInView) -> (Verdict, Vec<&'static str>) {
    (view.verdict, view.reasons.iter().map(|reason| reason.code()).collect())
}

#[test]
fn a_red_verdict_is_mended_by_booking_them_in() {
    let shop = Shop::new();
    let at = At { till: shop.till(), owner: shop.owner() };
    let member = shop.member("林知夏", 1).brief.id;
    at.give(&member);
    let stopped = at.scan("10000001");
    assert_eq!(said(&stopped), (Verdict::Refuse, vec!["class_needed"]));
    assert_eq!(stopped.mends, [Mend::BookClass, Mend::LetInOnce]);

    let now = at.till.class_begins(" ").expect("now");
    let booked = at.book(&member, now);
    assert_eq!(said(&at.scan("10000001")), (Verdict::Admit, vec![]));

    // The line says which class and when, and not in the journal's payload.
    let lately = at.till.member(&at.owner, id(&member)).expect("their file").history;
    let line = lately.iter().find(|line| line.kind == "class_booked").expect("it happened");
    assert!(line.voidable);
    let label = line.label.as_deref().expect("a name");
    assert!(label.starts_with("瑜伽 · 20"), "{label}");

    at.till.undo(&at.owner, id(&booked.fact)).expect("one's own");
    shop.pass(12 * HOUR);
    assert_eq!(said(&at.scan("10000001")), (Verdict::Refuse, vec!["class_needed"]));
}

#[test]
fn what_is_typed_is_read_by_the_clock_of_the_store() {
    let shop = Shop::new();
    let till = shop.till();
    let noon = till.class_begins("").expect("now");
    let day = "2026-11-24";
    let next = till.class_begins(&format!("{day} 18:30")).expect("a moment");
    let today = till.class_begins("18：30").expect("a moment");
    assert_eq!(next - today, 24 * HOUR);
    assert_eq!(today - noon, 6 * HOUR + HOUR / 2, "the shop's clock says noon");
    for typed in ["25:00", "half past six", "2026-02-30 18:30", "18"] {
        assert_eq!(Desk::code(till.class_begins(typed)), "bad_input", "{typed}");
    }
    let member = shop.member("林知夏", 1).brief.id;
    let cashier = Actor::new(shop.owner().staff, Role::Cashier);
    let book = |actor: &Actor, name: &str, begins_ms, minutes| {
        Desk::code(till.book_class(actor, id(&member), name, begins_ms, minutes))
    };
    assert_eq!(book(&cashier, "", today, None), "bad_input");
    assert_eq!(book(&cashier, "瑜伽", today, Some(0)), "bad_input");
    assert_eq!(book(&cashier, "瑜伽", noon - 2 * HOUR, None), "bad_input");
    let receptionist = Actor::new(shop.owner().staff, Role::Receptionist);
    assert_eq!(book(&receptionist, "瑜伽", today, None), "approval_needed");
    till.book_class(&cashier, id(&member), "瑜伽", today, None).expect("a cashier may");
}

fn who_is_booked_at_one_desk_comes_in_at_another(engine: Engine) {
    let (mut business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let member = first.member("王堃", 1);
    At { till: first.till(), owner: first.owner() }.give(&member);
    business.same_everywhere(&[&first, &second]);
    let one = At { till: first.till(), owner: first.owner() };
    let two = At { till: second.till(), owner: second.owner() };

    // The line is down: the second desk has not heard of the booking, and stops them.
    business.cut();
    let begins = one.till.class_begins("").expect("now") + HOUR;
    let booked = one.book(&member, begins);
    assert_eq!(said(&two.scan("10000001")), (Verdict::Refuse, vec!["class_needed"]));
    // Where the owner wants it only said, they are in.
    let levels = [(Alert::ClassNeeded, Level::Warn)].into();
    let alerts = Alerts { levels, ..Alerts::default() };
    two.till.save_alerts(&two.owner, alerts).expect("the owner may");
    let warned = two.scan("10000001");
    assert_eq!(said(&warned), (Verdict::Note, vec!["class_needed"]));
    two.till.undo(&two.owner, id(&warned.fact)).expect("one's own");
    two.till.save_alerts(&two.owner, Alerts::default()).expect("the owner may");

    business.mend();
    business.same_everywhere(&[&first, &second]);
    assert_eq!(said(&two.scan("10000001")), (Verdict::Admit, vec![]));

    // A desk that joins hears of it too. When the class is over, or they are no longer booked, they
    // are stopped everywhere.
    let third = business.desk("滨江 3", None);
    business.same_everywhere(&[&first, &second, &third]);
    business.pass(2 * HOUR + 7 * HOUR);
    let joined = At { till: third.till(), owner: third.owner() };
    assert_eq!(said(&joined.scan("10000001")), (Verdict::Refuse, vec!["class_needed"]));
    let begins = joined.till.class_begins("").expect("now") + HOUR / 2;
    let again = joined.book(&member, begins);
    business.same_everywhere(&[&first, &second, &third]);
    two.till.undo(&two.owner, id(&again.fact)).expect("the owner may");
    business.same_everywhere(&[&first, &second, &third]);
    assert_eq!(said(&one.scan("10000001")), (Verdict::Refuse, vec!["class_needed"]));
    one.till.undo(&one.owner, id(&booked.fact)).expect("it is still there to take back");
    business.same_everywhere(&[&first, &second, &third]);
}

fn two_desks_apart_that_book_the_same_member_agree_in_any_order(engine: Engine) {
    let (mut business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let member = first.member("王堃", 1);
    At { till: first.till(), owner: first.owner() }.give(&member);
    business.same_everywhere(&[&first, &second]);
    let one = At { till: first.till(), owner: first.owner() };
    let two = At { till: second.till(), owner: second.owner() };

    business.cut();
    let begins = one.till.class_begins("").expect("now") + HOUR;
    let booked = [one.book(&member, begins), one.book(&member, begins + 24 * HOUR)];
    let beside = two.book(&member, begins);
    for fact in booked {
        one.till.undo(&one.owner, id(&fact.fact)).expect("one's own");
    }
    assert_eq!(said(&one.scan("10000001")), (Verdict::Refuse, vec!["class_needed"]));
    assert_eq!(said(&two.scan("10000001")), (Verdict::Admit, vec![]));

    // Whoever is heard first: what the second desk said still stands.
    business.mend();
    business.same_everywhere(&[&second, &first]);
    assert_eq!(one.scan("10000001").verdict, Verdict::Note, "seen at the other desk just now");
    business.pass(25 * HOUR);
    assert_eq!(said(&one.scan("10000001")), (Verdict::Refuse, vec!["class_needed"]));
    one.till.undo(&one.owner, id(&beside.fact)).expect("another desk's, by the owner");
    business.same_everywhere(&[&first, &second]);

    let parcels = first.till().parcels().expect("entries");
    let held = first.till().digest().expect("a digest").0;
    let backwards: Vec<Parcel> = parcels.iter().rev().cloned().collect();
    let (early, late) = parcels.split_at(parcels.len() / 2);
    for order in [&parcels, &backwards, &[late, early].concat()] {
        let mut replica = Replica::new().expect("in memory");
        for batch in order.chunks(3) {
            replica.take_in(batch).expect("whole entries");
        }
        assert_eq!(replica.digest().expect("a digest"), held);
    }
}
