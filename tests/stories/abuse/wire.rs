//! The hub's door: who may ask what, bodies that are meant to hurt, and the same thing again.

use std::{io::Write as _, net::TcpStream, pin::Pin, time::Duration};

use hyper::{
    Method, Request,
    body::{Body as _, Incoming},
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use punchcard_domain::fact::Fact;
use punchcard_protocol::{
    Hash, Link,
    sync::{
        Code, EnrolAnswer, LIMITS, Manifest, Push, PushAnswer, SIGNATURE_HEADER, STREAM_HEADER,
        WireRefusal, path, sign_request,
    },
};
use punchcard_tests::{
    business::{Business, Desk, Engine},
    id, on_both_engines,
};
use serde_json::{Value, json};

use crate::scribe::{Asked, NEWEST, Scribe, fresh, hash_of, plaindoor, post, stocked};

on_both_engines!(
    the_same_push_a_thousand_times_counts_once,
    two_tills_race_for_one_code,
    a_till_gets_no_other_tills_snapshot_asks_or_channel,
    a_revoked_till_reads_no_further_and_fills_nothing,
    who_lies_a_thousand_times_buries_nothing,
);

/// Calls of some tills, all over one connection of HTTP/2 each and all at once; the answers, status
/// and body.
pub(super) fn burst(calls: &[(&Scribe, &str, Vec<Value>)]) -> Vec<(u16, Vec<u8>)> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let mut asked = Vec::new();
        for (scribe, path, bodies) in calls {
            let client: Client<HttpConnector, String> =
                Client::builder(TokioExecutor::new()).http2_only(true).build_http();
            for body in bodies {
                let body = body.to_string();
                let signature =
                    sign_request(&scribe.key, scribe.hub, scribe.stream, path, body.as_bytes());
                let request = Request::builder()
                    .method(Method::POST)
                    .uri(format!("http://{}{path}", scribe.door.addr()))
                    .header(STREAM_HEADER, scribe.stream.to_string())
                    .header(SIGNATURE_HEADER, signature)
                    .body(body)
                    .expect("a request");
                let client = client.clone();
                asked.push(tokio::spawn(async move {
                    let answer = client.request(request).await.expect("an answer");
                    let status = answer.status().as_u16();
                    (status, whole(answer.into_body()).await)
                }));
            }
        }
        let mut answers = Vec::new();
        for asked in asked {
            answers.push(asked.await.expect("it runs"));
        }
        answers
    })
}

async fn whole(mut body: Incoming) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        if let Ok(data) = frame.expect("not cut").into_data() {
            bytes.extend_from_slice(&data);
        }
    }
    bytes
}

/// One earning, signed once: sent a thousand times as it is, in another order, by another till, in
/// another journal, and by a till that was paired anew.
fn the_same_push_a_thousand_times_counts_once(engine: Engine) {
    let (business, first, second, member, _) = stocked(engine);
    let mut scribe = Scribe::join(&business);
    let before = scribe.link;
    let mut links = vec![before];
    let mut packets = Vec::new();
    for _ in 0..3 {
        let fact = Fact::PointsEarned(scribe.earned(id(&member), scribe.lot(10)));
        packets.push(scribe.fact(&fact, None));
        links.push(scribe.link);
    }
    let head = scribe.key.sign(scribe.stream, scribe.link);
    let body = serde_json::to_value(Push { head, packets: packets.clone() }).expect("JSON");
    let answers = burst(&[(&scribe, path::PUSH, vec![body; 1000])]);
    for (status, body) in &answers {
        // So many at once are told to come again, and are then told the same.
        let refused = WireRefusal::read(body).map(|refusal| refusal.code);
        assert!(*status == 200 || refused == Some(Code::SlowDown), "{status} {refused:?}");
    }
    assert!(answers.iter().any(|(status, _)| *status == 200));
    let again = scribe.push(packets.clone()).expect("passed over");
    assert_eq!((again.acked.seq, again.quarantined), (scribe.link.seq, vec![]));

    // Another till, with its own key and its own name on the call.
    let other = Scribe::join(&business);
    let theirs: Asked<PushAnswer> = other.call(
        path::PUSH,
        &Push { head: other.key.sign(other.stream, scribe.link), packets: packets.clone() },
    );
    assert_eq!(theirs.expect_err("not its journal").code, Code::ChainBroken);
    // A till that was paired anew, whose journal would go on with them.
    let mut anew = Scribe::join(&business);
    anew.link = Link { seq: links[3].seq, hash: hash_of(&packets[2]) };
    assert_eq!(anew.push(packets.clone()).expect_err("another journal").code, Code::ChainBroken);
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&member), (530, 500, 0));
}

fn two_tills_race_for_one_code(engine: Engine) {
    let (business, _) = Business::with_desk(engine);
    let store = business.hub.add_store("旁边", "Asia/Shanghai").expect("a new branch");
    let code = business.code(Some(store));
    let racers: Vec<Scribe> = (0..8).map(|_| Scribe::stranger(&business)).collect();
    let joined: Vec<Asked<EnrolAnswer>> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            racers.iter().map(|racer| scope.spawn(|| racer.enrol(&code, NEWEST))).collect();
        threads.into_iter().map(|thread| thread.join().expect("answered")).collect()
    });
    let won = joined.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(won, 1);
    for lost in joined.into_iter().filter_map(Result::err) {
        assert_eq!(lost.code, Code::BadCode);
    }
    assert_eq!(business.hub.figures().expect("it answers").tills, 2);
}

fn refusal<T>(answer: Asked<T>) -> Code {
    answer.err().expect("refused").code
}

/// Whoever is a till is that till: not another one's snapshot, not what another is asked for, not a
/// channel of a store at which it does not stand.
fn a_till_gets_no_other_tills_snapshot_asks_or_channel(engine: Engine) {
    let (business, first, second, member, _) = stocked(engine);
    let (one, other) = (Scribe::join(&business), Scribe::join(&business));
    let manifest: Manifest = one.call(path::MANIFEST, &json!({})).expect("it may begin");
    let page = json!({"id": manifest.id, "page": 0});
    assert_eq!(refusal(other.call::<Value>(path::SNAPSHOT, &page)), Code::NotFound);
    assert!(!one.bytes(path::SNAPSHOT, &page).expect("its own").is_empty());
    // Eight may begin at once; one till that begins again and again is one.
    for _ in 0..20 {
        let _: Manifest = other.call(path::MANIFEST, &json!({})).expect("it may begin anew");
    }
    let _: Manifest = one.call(path::MANIFEST, &json!({})).expect("nobody stands in the way");

    // The first desk is asked for points; nobody else hears of it.
    let drawn = second.line().draw(&second.owner(), id(&member), 10).expect("it answers");
    assert_eq!(drawn.drawn, 0);
    let asks: Value = other.call(path::ASKS, &json!({"wait_ms": 0})).expect("its own");
    assert_eq!(asks, json!({"asks": []}));

    business.hub.set_follow("own").expect("it is a choice");
    for store in business.hub.stores().expect("it answers") {
        let ask =
            json!({"epoch": 1, "channel": format!("store/{}", store.0), "after": 0, "limit": 9});
        let pulled: Asked<Value> = other.call(path::PULL, &ask);
        if store.0 == other.store {
            pulled.expect("its own store");
        } else {
            assert_eq!(refusal(pulled), Code::NotFound, "{}", store.1);
        }
    }
    let all = json!({"epoch": 1, "channel": "all", "after": 0, "limit": 9});
    assert_eq!(refusal(other.call::<Value>(path::PULL, &all)), Code::NotFound);
    // Nor is the other's journal written to, or greeted for.
    let mut as_first = Scribe::stranger(&business);
    as_first.stream = first.stream();
    let ask = Scribe::greeting(NEWEST);
    assert_eq!(refusal(as_first.call::<Value>(path::GREET, &ask)), Code::BadSignature);
}

fn a_revoked_till_reads_no_further_and_fills_nothing(engine: Engine) {
    let (business, first, _, member, _) = stocked(engine);
    let mut scribe = Scribe::join(&business);
    let manifest: Manifest = scribe.call(path::MANIFEST, &json!({})).expect("it may begin");
    business.hub.revoke(scribe.stream.till).expect("it is there");
    let refused = |path: &str, ask: Value| refusal(scribe.call::<Value>(path, &ask));
    let find = json!({"member": member});
    let draw = json!({"id": fresh(), "member": member, "kind": "points", "amount": 1});
    for (path, ask) in [
        (path::SNAPSHOT, json!({"id": manifest.id, "page": 0})),
        (path::MANIFEST, json!({})),
        (path::PULL, json!({"epoch": 1, "channel": "all", "after": 0, "limit": 9})),
        (path::FIND, find),
        (path::DRAW, draw),
        (path::DIGEST, json!({"position": 1})),
        (path::GREET, serde_json::to_value(Scribe::greeting(NEWEST)).expect("JSON")),
    ] {
        assert_eq!(refused(path, ask), Code::DeviceRevoked, "{path}");
    }
    // What it had queued is kept for a person, once, and counts for nothing.
    let fact = Fact::PointsEarned(scribe.earned(id(&member), scribe.lot(10)));
    let packet = scribe.fact(&fact, None);
    for _ in 0..3 {
        assert_eq!(refusal(scribe.push(vec![packet.clone()])), Code::DeviceRevoked);
    }
    let held = || business.hub.figures().expect("it answers").quarantined;
    assert_eq!(held(), 1);
    if engine == Engine::Sqlite {
        floods(&business, &mut scribe);
    }
    first.sync();
    assert_eq!(first.points(&member).0, 500);
}

/// Without end, what it wrote is no longer kept, and the owner is told how much that was.
fn floods(business: &Business, scribe: &mut Scribe) {
    let part = punchcard_protocol::PrivatePart { salt: [9; 16], bytes: vec![b'x'; 500_000] };
    for _ in 0..48 {
        let mut packets = Vec::new();
        for _ in 0..3 {
            let entry = scribe.entry(999, 1, fresh().to_string().into_bytes());
            packets.push(punchcard_protocol::sync::Packet::of(&entry, Some(&part)).expect("UTF-8"));
        }
        assert_eq!(refusal(scribe.push(packets)), Code::DeviceRevoked);
    }
    let held = business.hub.figures().expect("it answers").quarantined;
    assert!(held < 47, "{held} bodies");
    let inbox = business.hub.inbox().expect("it answers");
    let full = inbox.iter().find(|line| line.code == "quarantine_full").expect("told");
    assert!(full.args["bodies"].as_u64().expect("a number") > 1);
}

/// A thousand forged entries: the first are listed, the rest are counted, and a line that came
/// before them is still there to be read and settled.
fn who_lies_a_thousand_times_buries_nothing(engine: Engine) {
    let (business, _, _, member, _) = stocked(engine);
    let mut scribe = Scribe::join(&business);
    let mut earned = scribe.earned(id(&member), scribe.lot(100_000));
    earned.amount_minor = 100;
    let fake = scribe.fact(&Fact::PointsEarned(earned), None);
    scribe.says(vec![fake]);
    for _ in 0..3 {
        let lies = (0..400).map(|_| scribe.packet(50, 1, &json!({}))).collect::<Vec<_>>();
        assert_eq!(scribe.push(lies).expect("the queue goes on").quarantined.len(), 400);
    }
    let inbox = business.hub.inbox().expect("it answers");
    assert!(inbox.len() < 300, "{} lines", inbox.len());
    let more = inbox.iter().find(|line| line.code == "more").expect("counted");
    assert_eq!(more.args["quarantined"], json!(1000));
    assert_eq!(more.args["till"], scribe.stream.till.to_string());
    let line = inbox.iter().find(|line| line.code == "doubtful_points").expect("still there");
    business.hub.settle(&line.id, true).expect("a manager may");
}

/// Every path, without a signature, with another till's, and with a method that is not its own.
#[test]
fn every_path_but_three_wants_a_signature() {
    let (business, _) = Business::with_desk(Engine::Sqlite);
    let door = plaindoor(&business);
    let code = |status_and_body: (u16, Vec<u8>)| {
        (status_and_body.0, WireRefusal::read(&status_and_body.1).map(|refusal| refusal.code))
    };
    for path in [
        path::ENROL,
        path::GREET,
        path::PUSH,
        path::PULL,
        path::DRAW,
        path::ASKS,
        path::FIND,
        path::DIGEST,
        path::MANIFEST,
        path::SNAPSHOT,
    ] {
        let answer = code(post(door.addr(), path, &[], b"{}"));
        assert_eq!(answer, (401, Some(Code::BadSignature)), "{path}");
    }
    for path in [
        "/",
        "/v1",
        "/v1/reset",
        "/reset",
        "/debug",
        "/admin",
        "/v1/admin",
        "/v1/inbox",
        "/v1/settle",
        "/v1/../v1/push",
        "/v1/push/",
        "/v1//push",
        "/V1/PUSH",
        "/migrations",
    ] {
        let answer = code(post(door.addr(), path, &[], b"{}"));
        assert_eq!(answer, (404, Some(Code::NotFound)), "{path}");
    }
}

/// A body that names what it may not choose: store, state, role, whether it vouches for itself.
#[test]
fn what_a_body_may_not_choose_it_does_not() {
    let (business, first) = Business::with_desk(Engine::Sqlite);
    let scribe = Scribe::stranger(&business);
    let store = business.hub.add_store("旁边", "Asia/Shanghai").expect("a new branch");
    let elsewhere = business.hub.stores().expect("it answers")[0].0;
    let ask = json!({
        "code": business.code(Some(store)), "stream": scribe.stream,
        "public_key": hex::encode(scribe.key.public()), "protocol": NEWEST, "name": "x\r\nERROR \u{1b}[2J",
        "store": elsewhere, "has_business": false, "state": "active", "brought": true,
        "role": "owner", "is_manager": true, "durable": 99, "hub": scribe.stream.till,
    });
    let answer: EnrolAnswer = scribe.call(path::ENROL, &ask).expect("it joins");
    assert_eq!(answer.store, store, "where the code says");
    let tills = business.hub.tills().expect("it answers");
    let line = tills.iter().find(|line| line.till == scribe.stream.till).expect("paired");
    assert_eq!(line.name, "x  ERROR  [2J", "one line, and no word to a terminal");
    first.sync();
}

/// Deep nesting, long names, a head without end, a body that never comes: refused or waited out,
/// and whoever else calls is answered meanwhile.
#[test]
fn bodies_that_are_meant_to_hurt_hurt_nobody() {
    let (business, first, second, ..) = stocked(Engine::Sqlite);
    let mut scribe = Scribe::join(&business);
    let deep = |count: usize| "[".repeat(count) + &"]".repeat(count);
    // A million levels, as a body and in a field that nobody knows.
    for body in [deep(1_000_000), format!(r#"{{"x":{}}}"#, deep(1_000_000))] {
        for path in [path::ENROL_BEGIN, path::ENROL, path::GREET, path::PUSH] {
            let signature =
                sign_request(&scribe.key, scribe.hub, scribe.stream, path, body.as_bytes());
            let headers =
                [(STREAM_HEADER, scribe.stream.to_string()), (SIGNATURE_HEADER, signature)];
            let (status, answer) = post(scribe.door.addr(), path, &headers, body.as_bytes());
            let code = WireRefusal::read(&answer).map(|refusal| refusal.code);
            assert_eq!((status, code), (400, Some(Code::BadRequest)), "{path}");
        }
    }
    // As deep as a payload may be: of a known kind, of one that nobody knows, and in a private part.
    let nested = deep(100_000).into_bytes();
    let known = scribe.entry(50, 1, nested.clone());
    let unknown = scribe.entry(999, 1, nested.clone());
    let part = punchcard_protocol::PrivatePart { salt: [9; 16], bytes: nested };
    let file = scribe.registered(vec![], Some(part.commitment()));
    let file = scribe.fact(&file, Some(&part));
    let packet = |entry| punchcard_protocol::sync::Packet::of(entry, None).expect("UTF-8");
    let sent = vec![packet(&known), packet(&unknown), file];
    let kept = scribe.push(sent).expect("the queue goes on").quarantined;
    assert_eq!(kept.len(), 2, "what nobody knows is passed on as it is");

    // A name of a mebibyte, in headers and in a field.
    let long = "a".repeat(1 << 20);
    let (status, _) = post(scribe.door.addr(), path::ASKS, &[(STREAM_HEADER, long.clone())], b"{}");
    assert!((400..500).contains(&status), "{status}");
    let find: Asked<Value> = scribe.call(path::FIND, &json!({"card": long}));
    assert_eq!(refusal(find), Code::NotFound);
    let entries = vec![json!({"header": "", "salt": "", "payload": ""}); LIMITS.batch_entries * 20];
    let push = json!({"head": {"stream": scribe.stream, "seq": 1, "hash": Hash::ZERO, "signature": ""},
        "packets": entries});
    assert_eq!(refusal(scribe.call::<Value>(path::PUSH, &push)), Code::TooLarge);

    // Two hundred that say one byte and no more.
    let slow: Vec<TcpStream> = (0..200)
        .map(|_| {
            let mut stream = TcpStream::connect(scribe.door.addr()).expect("it listens");
            stream.write_all(b"P").expect("sent");
            stream
        })
        .collect();
    let begun = std::time::Instant::now();
    business.same_everywhere(&[&first, &second]);
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    drop(slow);
}

/// A desk asks who holds a card as often as people stand in front of it. Who tries numbers out is
/// slowed down, and only he.
#[test]
fn who_tries_cards_out_is_slowed_down() {
    let (business, first, _, member, _) = stocked(Engine::Sqlite);
    let (one, other) = (Scribe::join(&business), Scribe::join(&business));
    let try_card = |scribe: &Scribe, card: usize| -> Asked<Value> {
        scribe.call(path::FIND, &json!({"card": format!("{card}")}))
    };
    let codes: Vec<Code> = (0..200).map(|n| refusal(try_card(&one, 90_000_000 + n))).collect();
    assert_eq!(codes[0], Code::NotFound);
    let slowed = codes.iter().filter(|code| **code == Code::SlowDown).count();
    assert!(slowed >= 60, "{slowed} of 200 slowed down");
    try_card(&other, 10_000_001).expect("another till asks in peace");
    assert_eq!(first.points(&member).0, 500);
    assert_eq!(Desk::code(first.try_sync()), "ok");
}
