//! A till is revoked while it pushes: what was taken in before counts, what comes after is kept aside,
//! and no batch is torn.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    thread,
    time::Duration,
};

use punchcard_domain::fact::Fact;
use punchcard_protocol::sync::{
    Code, Packet, Push, PushAnswer, SIGNATURE_HEADER, STREAM_HEADER, WireRefusal, path,
    sign_request,
};
use punchcard_tests::{
    business::{Business, Engine},
    id, on_both_engines,
    processes::Dice,
};

use crate::scribe::{Asked, Scribe, stocked};

on_both_engines!(
    who_is_revoked_in_the_middle_of_a_batch_has_none_of_it_counted,
    who_is_revoked_between_batches_counts_up_to_there,
);

/// Entries of one batch.
const BATCH: u64 = 5;
const BATCHES: usize = 30;
const ROUNDS: u64 = 12;

/// A batch in which a member earns a point each time, signed at its end.
fn batch(scribe: &mut Scribe, member: &str) -> Push {
    let packets: Vec<Packet> = (0..BATCH)
        .map(|_| {
            let fact = Fact::PointsEarned(scribe.earned(id(member), scribe.lot(1)));
            scribe.fact(&fact, None)
        })
        .collect();
    Push { head: scribe.key.sign(scribe.stream, scribe.link), packets }
}

/// How many entries the hub has of a till, and how many bodies it keeps aside.
fn held(business: &Business, scribe: &Scribe) -> (u64, u64) {
    let tills = business.hub.tills().expect("it answers");
    let line = tills.iter().find(|line| line.till == scribe.stream.till).expect("paired");
    (line.entries, business.hub.figures().expect("it answers").quarantined)
}

/// Half of the body is there, the hub reads on; then a manager revokes the till; then comes the rest.
fn who_is_revoked_in_the_middle_of_a_batch_has_none_of_it_counted(engine: Engine) {
    let (business, first, second, member, _) = stocked(engine);
    let mut scribe = Scribe::join(&business);
    let before = batch(&mut scribe, &member);
    let _: PushAnswer = scribe.call(path::PUSH, &before).expect("taken in");
    let push = batch(&mut scribe, &member);
    let (entries, aside) = held(&business, &scribe);

    let body = serde_json::to_vec(&push).expect("JSON");
    let signature = sign_request(&scribe.key, scribe.hub, scribe.stream, path::PUSH, &body);
    let mut stream = TcpStream::connect(scribe.door.addr()).expect("it listens");
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: hub\r\nconnection: close\r\n{STREAM_HEADER}: {}\r\n\
         {SIGNATURE_HEADER}: {signature}\r\ncontent-length: {}\r\n\r\n",
        path::PUSH,
        scribe.stream,
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("sent");
    stream.write_all(&body[..body.len() / 2]).expect("sent");
    thread::sleep(Duration::from_millis(50));
    business.hub.revoke(scribe.stream.till).expect("it is there");
    stream.write_all(&body[body.len() / 2..]).expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    let at = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
    let refusal = WireRefusal::read(&answer[at..]).expect("a refusal");
    assert_eq!(refusal.code, Code::DeviceRevoked);

    assert_eq!(held(&business, &scribe), (entries, aside + 1), "all of it aside, none counted");
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&member).0, 500 + 5);
}

/// Pushes until it is refused; how many batches were acknowledged.
fn push_until_refused(scribe: &Scribe, pushes: &[Push]) -> usize {
    for (n, push) in pushes.iter().enumerate() {
        let answer: Asked<PushAnswer> = scribe.call(path::PUSH, push);
        match answer {
            Ok(answer) => assert_eq!(answer.acked.seq, push.head.seq, "a batch is whole"),
            Err(refusal) => {
                assert_eq!(refusal.code, Code::DeviceRevoked);
                assert_eq!(refusal.number("seq"), Some(push.head.seq - BATCH), "up to here");
                return n;
            }
        }
    }
    pushes.len()
}

/// Revoked at any moment of a stream of batches, again and again.
fn who_is_revoked_between_batches_counts_up_to_there(engine: Engine) {
    let (business, first, second, member, _) = stocked(engine);
    let (mut dice, seed) = Dice::seeded();
    let (mut points, mut middle) = (500, 0);
    for round in 0..ROUNDS {
        let mut scribe = Scribe::join(&business);
        let pushes: Vec<Push> = (0..BATCHES).map(|_| batch(&mut scribe, &member)).collect();
        let (entries, aside) = held(&business, &scribe);
        let moment = Duration::from_millis(dice.below(120));
        let counted = thread::scope(|scope| {
            let pushing = scope.spawn(|| push_until_refused(&scribe, &pushes));
            thread::sleep(moment);
            business.hub.revoke(scribe.stream.till).expect("it is there");
            pushing.join().expect("it pushed")
        });
        let refused = u64::from(counted < BATCHES);
        let which = format!("seed {seed}, round {round}, {counted} batches, {moment:?}");
        let all = (entries + counted as u64 * BATCH, aside + refused);
        assert_eq!(held(&business, &scribe), all, "{which}");
        points += i64::try_from(counted as u64 * BATCH).expect("few");
        middle += u64::from(counted > 0 && counted < BATCHES);
    }
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&member).0, points);
    assert!(middle > 0, "never between two batches");
    println!("{ROUNDS} tills revoked on {engine:?}, {middle} of them in the middle");
}
