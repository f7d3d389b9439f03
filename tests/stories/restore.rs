//! A hub that was restored from an older backup: the tills give back what it lost, their own entries,
//! others', and the hub's own; and nothing that it granted meanwhile is granted again.

use punchcard_protocol::{
    StreamKey,
    sync::{Give, Packet, Pull},
};
use punchcard_tests::{
    DAY, MINUTE,
    business::{Business, Desk, Engine},
    id, on_both_engines,
};

on_both_engines!(
    what_the_tills_wrote_comes_back_from_them,
    what_another_till_wrote_comes_back_without_it,
    what_the_hub_said_comes_back_as_it_was_signed,
    what_was_granted_in_the_lost_part_is_not_granted_again,
    a_till_that_does_not_come_is_given_up_by_a_person,
    a_till_paired_in_the_lost_part_is_heard_of_and_waited_for,
    lives_begun_in_the_lost_part_are_known_again,
    what_an_earlier_life_wrote_comes_back_from_the_till_itself,
    a_hub_that_nobody_told_is_told_by_whoever_saw_more,
    a_hub_restored_twice_from_one_backup_is_noticed_twice,
    what_lay_taken_over_is_known_again,
    what_was_taken_over_before_is_given_out_since,
    what_a_revoked_till_handed_over_is_handed_over_again,
    only_what_its_writer_signed_is_taken_back,
    a_hub_lost_whole_is_made_anew_from_its_tills,
    a_till_of_another_business_does_not_join_a_new_hub,
);

/// A member with 400 points, 200 of them in the pool, and two desks that know of it.
fn with_a_pool(engine: Engine) -> (Business, Desk, Desk, String) {
    let (business, first, second, member, _) = with_a_reward(engine);
    (business, first, second, member)
}

fn with_a_reward(engine: Engine) -> (Business, Desk, Desk, String, String) {
    let (business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let member = first.member("王堃", 1);
    let reward = first.reward("毛巾", 100);
    first.earn(&member, "400.00");
    business.same_everywhere(&[&first, &second]);
    business.pass(DAY + MINUTE);
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&member), (400, 200, 0), "half rests in the pool");
    (business, first, second, member, reward)
}

fn draw(desk: &Desk, member: &str, points: i64) -> i64 {
    desk.line().draw(&desk.owner(), id(member), points).expect("the hub answers").drawn
}

fn refused_draw(desk: &Desk, member: &str, points: i64) -> &'static str {
    Desk::code(desk.line().draw(&desk.owner(), id(member), points).map(|_| ()))
}

fn inbox(business: &Business) -> Vec<String> {
    let lines = business.hub.inbox().expect("the database answers");
    lines.into_iter().map(|line| line.code).collect()
}

/// Without what the hub's own journals opened with: the digest of everything else.
fn tables(desk: &Desk) -> Vec<(&'static str, String)> {
    let (_, tables) = desk.till().digest().expect("it can be read");
    tables.into_iter().filter(|(name, _)| *name != "fact").collect()
}

fn what_the_tills_wrote_comes_back_from_them(engine: Engine) {
    let (mut business, first, second, member) = with_a_pool(engine);
    let older = business.snapshot_of_database();
    first.earn(&member, "30.00");
    second.earn(&member, "4.00");
    business.same_everywhere(&[&first, &second]);
    let before = tables(&first);
    let epoch = business.epoch();
    business.put_database_back(older);
    business.same_everywhere(&[&first, &second]);
    assert!(business.epoch() > epoch);
    assert_eq!(first.points(&member).0, 434);
    assert_eq!(tables(&first), before, "as if nothing had happened");
    assert!(first.notices().contains(&"hub_restored".to_owned()), "{:?}", first.notices());
    assert!(inbox(&business).contains(&"hub_restored".to_owned()));
}

fn what_another_till_wrote_comes_back_without_it(engine: Engine) {
    let (mut business, first, second, member) = with_a_pool(engine);
    let older = business.snapshot_of_database();
    for _ in 0..3 {
        second.earn(&member, "10.00");
        second.sync();
    }
    business.same_everywhere(&[&first, &second]);
    let before = tables(&first);
    business.put_database_back(older);
    // The second desk burnt down with the hub: all it did is at the first.
    let lost = business.till("滨江 2");
    business.hub.revoke(lost).expect("there");
    business.same_everywhere(&[&first]);
    assert_eq!(first.points(&member).0, 430);
    assert_eq!(tables(&first), before);
    drop(second);
}

fn what_the_hub_said_comes_back_as_it_was_signed(engine: Engine) {
    let (mut business, first, second, member) = with_a_pool(engine);
    let older = business.snapshot_of_database();
    assert_eq!(draw(&second, &member, 150), 150);
    business.hub.add_store("城西", "Asia/Shanghai").expect("a new branch");
    business.same_everywhere(&[&first, &second]);
    let before = tables(&first);
    business.put_database_back(older);
    business.same_everywhere(&[&first, &second]);
    assert_eq!(tables(&first), before, "grants and branches, as the hub signed them");
    assert_eq!(second.points(&member).1, 150);
    assert_eq!(business.hub.stores().expect("it answers").len(), 3);
    assert_eq!(draw(&first, &member, 150), 50, "what is left in the pool");
    business.same_everywhere(&[&first, &second]);
}

fn what_was_granted_in_the_lost_part_is_not_granted_again(engine: Engine) {
    let (mut business, first, second, member, reward) = with_a_reward(engine);
    let older = business.snapshot_of_database();
    assert_eq!(draw(&second, &member, 200), 200);
    business.put_database_back(older);
    // Only the second desk knows that the pool is empty, and its line is down: it spends.
    assert!(second.redeem(&member, &reward, false).is_ok());
    assert_eq!(refused_draw(&first, &member, 200), "frozen");
    assert_eq!(first.points(&member).1, 200);
    first.sync();
    assert_eq!(refused_draw(&first, &member, 1), "frozen");
    business.hub.expire_due().expect("it answers");
    // It comes, and the pool is what it was.
    second.sync();
    assert_eq!(draw(&first, &member, 200), 0, "nothing is left to give");
    assert!(second.redeem(&member, &reward, false).is_ok());
    assert_eq!(Desk::code(second.redeem(&member, &reward, false)), "points_short");
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&member), (200, 200, 0));
}

fn a_till_that_does_not_come_is_given_up_by_a_person(engine: Engine) {
    let (mut business, first, second, member) = with_a_pool(engine);
    let older = business.snapshot_of_database();
    first.earn(&member, "1.00");
    first.sync();
    business.put_database_back(older);
    first.sync();
    assert_eq!(refused_draw(&first, &member, 100), "frozen");
    let waiting: Vec<_> =
        business.hub.tills().expect("it answers").into_iter().filter(|till| till.awaited).collect();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].name, "滨江 2");
    let lines = business.hub.inbox().expect("it answers");
    let line = lines.iter().find(|line| line.code == "hub_restored").expect("told");
    business.hub.settle(&line.id, true).expect("a person decides");
    assert_eq!(draw(&first, &member, 100), 100);
    // It comes all the same, and is asked what it holds.
    second.sync();
    business.same_everywhere(&[&first, &second]);
}

fn a_till_paired_in_the_lost_part_is_heard_of_and_waited_for(engine: Engine) {
    let (mut business, first, second, member) = with_a_pool(engine);
    let older = business.snapshot_of_database();
    let third = business.desk("城西 3", None);
    assert_eq!(draw(&third, &member, 120), 120);
    business.same_everywhere(&[&first, &second, &third]);
    let before = tables(&first);
    business.put_database_back(older);
    first.sync();
    second.sync();
    assert!(inbox(&business).contains(&"unknown_till".to_owned()), "{:?}", inbox(&business));
    assert_eq!(third.refused(), "bad_signature", "it must be paired again");
    assert_eq!(refused_draw(&first, &member, 200), "frozen", "who knows what the third one holds");
    let store = business.hub.stores().expect("it answers");
    let store = store.into_iter().find(|(_, name)| name == "城西 3").expect("given back").0;
    let code = business.code(Some(store));
    third.line().pair_again(&third.owner(), &business.input(&code, "城西 3")).expect("it pairs");
    business.same_everywhere(&[&first, &second, &third]);
    assert_eq!(tables(&first), before);
    assert_eq!(draw(&first, &member, 200), 80);
    assert_eq!(third.points(&member).1, 120);
    business.same_everywhere(&[&first, &second, &third]);
}

fn lives_begun_in_the_lost_part_are_known_again(engine: Engine) {
    let (mut business, mut first, second, member) = with_a_pool(engine);
    let older = business.snapshot_of_database();
    // Restored twice: two lives begin that the older copy knows nothing of.
    for _ in 0..2 {
        let backup = business.folder("backup");
        std::fs::remove_file(&backup).ok();
        first.till().backup(&first.owner(), &backup).expect("a backup");
        first.close();
        drop(punchcard_till::Till::restore(&first.folder, &backup, &first.options).expect("whole"));
        first.reopen();
        first.earn(&member, "5.00");
        business.same_everywhere(&[&first, &second]);
    }
    let before = tables(&first);
    business.put_database_back(older);
    // The others come first: they give back what the first one's lives wrote.
    second.sync();
    business.same_everywhere(&[&second, &first]);
    assert_eq!(tables(&first), before);
    assert_eq!(first.points(&member).0, 410);
    first.earn(&member, "1.00");
    business.same_everywhere(&[&first, &second]);
}

fn what_an_earlier_life_wrote_comes_back_from_the_till_itself(engine: Engine) {
    let (mut business, mut first, second, member) = with_a_pool(engine);
    let older = business.snapshot_of_database();
    first.earn(&member, "5.00");
    first.sync();
    let backup = business.folder("backup");
    first.till().backup(&first.owner(), &backup).expect("a backup");
    first.close();
    drop(punchcard_till::Till::restore(&first.folder, &backup, &first.options).expect("whole"));
    first.reopen();
    business.same_everywhere(&[&first]);
    let before = tables(&first);
    business.put_database_back(older);
    // Nobody else ever saw it.
    business.hub.revoke(business.till("滨江 2")).expect("there");
    business.same_everywhere(&[&first]);
    assert_eq!(tables(&first), before);
    assert_eq!(first.points(&member).0, 405);
    drop(second);
}

fn a_hub_that_nobody_told_is_told_by_whoever_saw_more(engine: Engine) {
    let (mut business, first, second, member) = with_a_pool(engine);
    let older = business.snapshot_of_database();
    assert_eq!(draw(&second, &member, 150), 150);
    // Put back together with all that lies beside it, as a whole machine is: nothing here tells.
    business.roll_back_whole(older);
    let epoch = business.epoch();
    first.sync();
    assert_eq!(business.epoch(), epoch, "the first desk has seen no more than the copy");
    second.sync();
    assert!(business.epoch() > epoch, "the second has seen a grant that the hub does not know");
    business.same_everywhere(&[&first, &second]);
    assert_eq!(second.points(&member).1, 150);
    assert_eq!(draw(&first, &member, 150), 50);
    business.same_everywhere(&[&first, &second]);
}

fn a_hub_restored_twice_from_one_backup_is_noticed_twice(engine: Engine) {
    let (mut business, first, second, member) = with_a_pool(engine);
    let older = business.snapshot_of_database();
    let again = business.snapshot_of_database();
    first.earn(&member, "10.00");
    business.same_everywhere(&[&first, &second]);
    business.put_database_back(older);
    business.same_everywhere(&[&first, &second]);
    let once = business.epoch();
    assert_eq!(draw(&second, &member, 50), 50);
    business.same_everywhere(&[&first, &second]);
    let before = tables(&first);
    business.pass(MINUTE);
    business.put_database_back(again);
    business.same_everywhere(&[&first, &second]);
    assert!(business.epoch() > once);
    assert_eq!(tables(&first), before);
    assert_eq!(draw(&first, &member, 200), 150);
    business.same_everywhere(&[&first, &second]);
}

fn what_lay_taken_over_is_known_again(engine: Engine) {
    let (mut business, first, second, member) = with_a_pool(engine);
    let older = business.snapshot_of_database();
    // The first desk is lost, and reclaimed; what it held is granted to the second.
    assert_eq!(business.hub.reclaim(business.till("静安 1")).expect("there"), 200);
    assert_eq!(draw(&second, &member, 350), 350);
    second.sync();
    business.put_database_back(older);
    second.sync();
    assert_eq!(second.points(&member), (400, 350, 0));
    // The hub knows again that nothing of that journal counts any more.
    assert_eq!(first.refused(), "device_revoked");
    business.hub.revoke(business.till("静安 1")).expect("there");
    assert_eq!(draw(&second, &member, 100), 50);
    business.same_everywhere(&[&second]);
}

fn what_was_taken_over_before_is_given_out_since(engine: Engine) {
    let (mut business, first, second, member) = with_a_pool(engine);
    let older = business.snapshot_of_database();
    assert_eq!(business.hub.reclaim(business.till("静安 1")).expect("there"), 200);
    business.same_everywhere(&[&second]);
    business.put_database_back(older);
    second.sync();
    business.hub.revoke(business.till("静安 1")).expect("there");
    // An epoch of the hub took it over, another one gives it out.
    assert_eq!(draw(&second, &member, 400), 400);
    business.same_everywhere(&[&second]);
    // So does the hub that comes after this one.
    second.earn(&member, "5.00");
    business.same_everywhere(&[&second]);
    let third = business.desk("城西 3", None);
    business.same_everywhere(&[&second, &third]);
    assert_eq!(business.hub.reclaim(business.till("滨江 2")).expect("there"), 405);
    business.same_everywhere(&[&third]);
    business.lose_hub(engine);
    assert_eq!(join_empty(&business, &third), "ok");
    third.sync();
    for line in business.hub.inbox().expect("it answers") {
        if line.code == "hub_restored" || line.code == "unknown_till" {
            business.hub.settle(&line.id, true).expect("a person decides");
        }
    }
    assert_eq!(draw(&third, &member, 405), 405);
    business.same_everywhere(&[&third]);
    drop((first, second));
}

/// Whether what a hub kept aside of a fact is there.
fn is_aside(business: &Business, fact: &str) -> bool {
    let sql = "SELECT body FROM quarantine";
    let store = punchcard_hub::store::open(&business.database).expect("it opens");
    let mut session = store.read().expect("it answers");
    let rows = session.rows(sql, &[]).expect("it answers");
    rows.iter().any(|row| String::from_utf8_lossy(row[0].bytes().expect("bytes")).contains(fact))
}

fn what_a_revoked_till_handed_over_is_handed_over_again(engine: Engine) {
    let (mut business, first, second, member) = with_a_pool(engine);
    business.hub.revoke(business.till("滨江 2")).expect("there");
    business.same_everywhere(&[&first]);
    let older = business.snapshot_of_database();
    let fact = second.earn(&member, "3.00");
    assert_eq!(second.refused(), "device_revoked");
    assert!(is_aside(&business, &fact));
    first.earn(&member, "1.00");
    first.sync();
    business.put_database_back(older);
    assert!(!is_aside(&business, &fact), "the older copy has not heard of it");
    assert_eq!(second.refused(), "device_revoked");
    assert!(is_aside(&business, &fact));
    let held = business.hub.figures().expect("it answers").quarantined;
    assert_eq!(second.refused(), "device_revoked");
    assert_eq!(business.hub.figures().expect("it answers").quarantined, held, "once");
    business.same_everywhere(&[&first]);
}

/// All that the hub passes on.
fn log(business: &Business, desk: &Desk) -> Vec<Packet> {
    let channel = "all".into();
    let ask = Pull { epoch: business.epoch(), channel, after: 0, limit: 500, edge: false };
    let answer = business.hub.pull(desk.stream(), &ask).expect("it answers");
    answer.packets.into_iter().map(|numbered| numbered.packet).collect()
}

fn only_what_its_writer_signed_is_taken_back(engine: Engine) {
    let (mut business, first, second, member) = with_a_pool(engine);
    let older = business.snapshot_of_database();
    second.earn(&member, "10.00");
    assert_eq!(draw(&second, &member, 50), 50);
    business.same_everywhere(&[&first, &second]);
    let all = log(&business, &first);
    let known = business.hub.figures().expect("it answers").entries;
    business.put_database_back(older);
    let of = |stream: punchcard_protocol::StreamId| {
        let whose = move |packet: &&Packet| {
            let (entry, _) = (*packet).clone().open().expect("ours");
            entry.check().expect("whole").stream == stream
        };
        all.iter().filter(whose).cloned().collect::<Vec<_>>()
    };
    let hubs = of(punchcard_protocol::StreamId { till: business.hub.id(), incarnation: 1 });
    let seconds = of(second.stream());
    let give = |packets: Vec<Packet>| {
        let given = business.hub.give(first.stream(), &Give { packets, done: false });
        given.map(|given| given.taken)
    };
    // Without a signature, with another entry's, with one's own, and with another payload.
    let last = |of: &[Packet]| of.last().expect("some").clone();
    let unsigned = |packet: Packet| Packet { signed: None, ..packet };
    let own = StreamKey::from_seed(&[7; 32]);
    for packet in [last(&hubs), last(&seconds)] {
        let (entry, _) = packet.clone().open().expect("ours");
        let header = entry.check().expect("whole");
        let link = punchcard_protocol::Link { seq: header.seq, hash: entry.hash() };
        let forged =
            Packet { signed: Some(own.sign(header.stream, link).signature), ..packet.clone() };
        let borrowed = Packet { signed: hubs[0].signed.clone(), ..packet.clone() };
        let changed = Packet { payload: packet.payload.replace(':', ": "), ..packet.clone() };
        for (what, bad) in
            [("unsigned", unsigned(packet)), ("forged", forged), ("borrowed", borrowed)]
        {
            assert_eq!(give(vec![bad]).expect("it answers"), 0, "{what}");
        }
        if header.stream.till == business.hub.id() {
            assert_eq!(give(vec![changed]).expect("it answers"), 0, "changed");
        }
    }
    // A journal with a hole in it proves nothing of what comes after.
    let holed: Vec<Packet> = seconds.iter().skip(seconds.len() - 1).cloned().collect();
    let whole = give(seconds.clone()).expect("it answers");
    assert_eq!(whole, 1, "the earning");
    assert_eq!(
        give(seconds).expect("it answers"),
        0,
        "once, and the journal stands where it stood"
    );
    assert_eq!(give(holed).expect("it answers"), 0, "it is here already");
    assert!(give(hubs.clone()).expect("it answers") > 0);
    assert_eq!(give(hubs).expect("it answers"), 0, "once");
    // Who has said that this was all is not believed any more.
    business.same_everywhere(&[&first, &second]);
    assert!(business.hub.figures().expect("it answers").entries >= known);
    second.earn(&member, "1.00");
    assert_eq!(give(log(&business, &first)).expect("it answers"), 0);
}

fn a_hub_lost_whole_is_made_anew_from_its_tills(engine: Engine) {
    let (mut business, first, second, member, reward) = with_a_reward(engine);
    assert_eq!(draw(&second, &member, 150), 150);
    business.same_everywhere(&[&first, &second]);
    // The third one is not here when it happens.
    let third = business.desk("城西 3", None);
    business.same_everywhere(&[&first, &second, &third]);
    third.earn(&member, "7.00");
    business.same_everywhere(&[&third]);
    let before = tables(&third);
    business.lose_hub(engine);
    assert_eq!(first.refused(), "wrong_hub");
    let empty = join_empty(&business, &second);
    assert_eq!(empty, "ok", "whoever has the business brings it");
    second.sync();
    let codes = inbox(&business);
    assert!(codes.contains(&"unknown_till".to_owned()), "{codes:?}");
    assert_eq!(refused_draw(&second, &member, 50), "frozen", "the others hold who knows what");
    for (desk, name) in [(&first, "静安 1"), (&third, "城西 3")] {
        assert_eq!(desk.refused(), "wrong_hub");
        let code = business.code(None);
        desk.line().pair_again(&desk.owner(), &business.input(&code, name)).expect("it pairs");
        desk.sync();
    }
    business.same_everywhere(&[&first, &second, &third]);
    assert_eq!(tables(&first), before, "all that anybody knew");
    assert_eq!(draw(&first, &member, 200), 50, "what second drew stays its own");
    assert!(second.redeem(&member, &reward, false).is_ok());
    // Whoever joins only now is told which hubs there were.
    let fourth = business.desk("城北 4", None);
    business.same_everywhere(&[&first, &second, &third, &fourth]);
    assert_eq!(first.points(&member).0, 307);
}

fn join_empty(business: &Business, desk: &Desk) -> &'static str {
    let code = business.code(None);
    Desk::code(desk.line().pair_again(&desk.owner(), &business.input(&code, "滨江 2")))
}

fn a_till_of_another_business_does_not_join_a_new_hub(engine: Engine) {
    let (mut business, first) = Business::with_desk(engine);
    let (_elsewhere, stranger) = Business::with_desk(engine);
    business.lose_hub(engine);
    assert_eq!(join_empty(&business, &first), "ok");
    first.sync();
    assert_eq!(join_empty(&business, &stranger), "other_business");
    business.same_everywhere(&[&first]);
}
