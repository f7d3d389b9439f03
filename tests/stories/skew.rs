//! Tills and hubs of different ages. An old till goes on selling and pushing, and nothing spendable grows from
//! what it does not understand.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use punchcard_domain::fact::Fact;
use punchcard_hub::http::Running;
use punchcard_protocol::{
    PrivatePart, StreamId,
    sync::{Code, OLDEST_PROTOCOL, PROTOCOL, Packet, Welcome, Window, WireRefusal, path},
};
use punchcard_tests::{
    DAY, MINUTE, NOON, PIN,
    business::{Business, Desk, Engine},
    id, on_both_engines,
};
use punchcard_till::{sync::join, views::LineState};
use serde_json::{Value, json};

use crate::scribe::{Asked, NEWEST, Scribe, fresh, holds, parts, plaindoor, post, stocked};

on_both_engines!(what_is_not_understood_is_kept_and_passed_on_and_spends_nothing,);

// ── A newer till ─────────────────────────────────────────────────────────────────────────────

/// Whatever a later build may call it: it carries lots and postings that would all be spendable at
/// `to`, if somebody read them.
fn from_the_future(member: &str, to: StreamId) -> Value {
    let lot = |amount: i64| {
        json!({"id": fresh(), "kind": "points", "amount": amount,
        "to": {"till": to}})
    };
    let posting = json!({"lot": fresh(), "kind": "points", "from": "pool", "to": {"till": to},
        "amount": 4_000});
    json!({
        "id": fresh(), "member": member, "store": fresh(), "at_ms": NOON,
        "amount_minor": 100_000, "points_per_unit": 1, "multiplier_percent": 100,
        "earned": {"lot": lot(1_000), "repaid": posting}, "opening": [lot(2_000)],
        "lots": [lot(3_000)], "postings": [posting], "reason": "draw", "points": 9_000,
        "weather": {"sun": true},
    })
}

/// A known fact with more to say than this build can hear, on every level.
fn with_more(fact: &Fact) -> Value {
    let mut value: Value = serde_json::from_slice(&fact.to_payload().expect("JSON")).expect("JSON");
    add_fields(&mut value);
    value
}

fn add_fields(value: &mut Value) {
    match value {
        // An account is one name with its stream: there is no room for more.
        Value::Object(object) if object.contains_key("till") && object.len() == 1 => {}
        Value::Object(object) => {
            object.values_mut().for_each(add_fields);
            object.insert("weather".into(), json!({"sun": [true, null, 7]}));
        }
        Value::Array(items) => items.iter_mut().for_each(add_fields),
        _ => {}
    }
}

fn what_is_not_understood_is_kept_and_passed_on_and_spends_nothing(engine: Engine) {
    let (business, first, second, member, reward) = stocked(engine);
    let mut future = Scribe::join(&business);
    let here = first.stream();
    let whole = Fact::PointsEarned(future.earned(id(&member), future.lot(900)));
    let whole: Value = serde_json::from_slice(&whole.to_payload().expect("JSON")).expect("JSON");
    let image = PrivatePart { salt: [9; 16], bytes: vec![0xff, 0xd8, 0xff] };
    let unknown = {
        let payload = from_the_future(&member, here);
        let mut packets = vec![
            future.packet(999, 1, &payload),
            // A kind that is known, in a version that is not.
            future.packet(50, 2, &whole),
            future.packet(53, 2, &payload),
        ];
        let entry = future.entry(999, 1, payload.to_string().into_bytes());
        packets.push(Packet::of(&entry, Some(&image)).expect("UTF-8"));
        let entry = future.entry(65_535, 255, b"not even JSON \xe6\x89\x93\0".to_vec());
        packets.push(Packet::of(&entry, None).expect("UTF-8"));
        packets
    };
    // What is known is read, whatever else it says.
    let known = with_more(&Fact::PointsEarned(future.earned(id(&member), future.lot(7))));
    let known = vec![future.packet(50, 1, &known)];
    let sent = [unknown, known].concat();
    future.says(sent.clone());

    for desk in [&first, &second] {
        desk.sync();
        assert!(desk.notices().contains(&"unknown_facts".to_owned()), "{:?}", desk.notices());
        for packet in &sent {
            assert!(holds(desk, packet), "as it was written: {packet:?}");
        }
        desk.verify();
        let (before, after) = desk.till().rebuild().expect("rebuilt");
        assert_eq!(before, after);
    }
    assert_eq!(first.points(&member), (507, 500, 0), "seven were understood, and lie elsewhere");
    assert_eq!(second.points(&member), (507, 0, 0));
    // It keeps selling, and pushing.
    for _ in 0..5 {
        first.redeem(&member, &reward, false).expect("what it has");
    }
    assert_eq!(Desk::code(first.redeem(&member, &reward, false)), "points_short");
    second.earn(&member, "3.00");
    let third = business.desk("第三", None);
    business.same_everywhere(&[&first, &second, &third]);
    assert_eq!(third.points(&member), (10, 0, 0));
    assert!(business.hub.inbox().expect("it answers").is_empty(), "nobody is accused");
}

/// A private part may say more too.
#[test]
fn a_file_that_says_more_is_a_file() {
    let (business, first, second, ..) = stocked(Engine::Sqlite);
    let mut future = Scribe::join(&business);
    let bytes = json!({"name": "李喆", "phone": "+8613800000077", "zodiac": "龙"});
    let part = PrivatePart { salt: [9; 16], bytes: bytes.to_string().into_bytes() };
    let registered = with_more(&future.registered(vec![], Some(part.commitment())));
    let entry = future.entry(20, 1, registered.to_string().into_bytes());
    let packet = Packet::of(&entry, Some(&part)).expect("UTF-8");
    future.says(vec![packet.clone()]);
    business.same_everywhere(&[&first, &second]);
    assert!(holds(&second, &packet), "what was not understood is not lost");
    let found = second.till().find(&second.owner(), "李喆", 5).expect("a list");
    assert_eq!(found.len(), 1);
}

#[test]
fn a_till_that_speaks_another_protocol_is_told_which_is_spoken() {
    let (business, first, ..) = stocked(Engine::Sqlite);
    let future = Scribe::join(&business);
    let spoken = |refusal: &WireRefusal| (refusal.number("min"), refusal.number("max"));
    for (min, max) in [(PROTOCOL + 1, PROTOCOL + 9), (0, OLDEST_PROTOCOL - 1)] {
        let refused: Asked<Welcome> =
            future.call(path::GREET, &Scribe::greeting(Window { min, max }));
        let refusal = refused.expect_err("not spoken here");
        assert_eq!(refusal.code, Code::VersionNotSupported);
        let window = (Some(u64::from(OLDEST_PROTOCOL)), Some(u64::from(PROTOCOL)));
        assert_eq!(spoken(&refusal), window);
    }
    // One that speaks old and new is heard, whatever else it says.
    let both = Window { min: 0, max: PROTOCOL + 9 };
    let mut greeting = serde_json::to_value(Scribe::greeting(both)).expect("JSON");
    add_fields(&mut greeting);
    let welcome: Welcome = future.call(path::GREET, &greeting).expect("it speaks ours too");
    assert_eq!(welcome.acked.seq, future.link.seq);

    // Who is refused has not used its code up.
    let store = business.hub.add_store("更远", "Asia/Shanghai").expect("a new branch");
    let (code, later) = (business.code(Some(store)), Scribe::stranger(&business));
    let refused = later.enrol(&code, Window { min: 7, max: 8 }).expect_err("not spoken here");
    assert_eq!(refused.code, Code::VersionNotSupported);
    later.enrol(&code, NEWEST).expect("updated, it joins");
    first.sync();
}

// ── A newer hub ──────────────────────────────────────────────────────────────────────────────

/// What a newer hub answers.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Speaks {
    /// As it is.
    Ours,
    /// With fields that this build does not know, on every level of every answer.
    More,
    /// A protocol that this build does not know: said where such a hub says it.
    Later,
    /// A refusal that this build does not know, to one path.
    Otherwise(&'static str),
}

/// There is one build of the hub here, so that what a later one says is said by somebody between:
/// each call goes on to the real hub as it came, and its answer is rewritten. Only what the hub
/// would say instead of answering is made up.
struct Later {
    addr: SocketAddr,
    speaks: Arc<Mutex<Speaks>>,
    stopping: Arc<AtomicBool>,
    door: Running,
}

impl Later {
    fn over(business: &Business) -> Self {
        let door = plaindoor(business);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let later = Self {
            addr: listener.local_addr().expect("bound"),
            speaks: Arc::new(Mutex::new(Speaks::Ours)),
            stopping: Arc::new(AtomicBool::new(false)),
            door,
        };
        let (speaks, stopping) = (later.speaks.clone(), later.stopping.clone());
        let to = later.door.addr();
        thread::spawn(move || {
            while let Ok((till, _)) = listener.accept() {
                if stopping.load(Ordering::SeqCst) {
                    break;
                }
                let speaks = speaks.clone();
                thread::spawn(move || between(&till, to, &speaks));
            }
        });
        later
    }

    fn speak(&self, speaks: Speaks) {
        *self.speaks.lock().expect("whole") = speaks;
    }

    fn url(&self) -> String {
        format!("http://{}", self.addr)
    }
}

impl Drop for Later {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // Wakes whoever accepts.
        drop(TcpStream::connect(self.addr));
    }
}

/// Call by call, until the till hangs up.
fn between(mut till: &TcpStream, to: SocketAddr, speaks: &Mutex<Speaks>) {
    let mut heard = Vec::new();
    while let Some((head, body)) = next_call(till, &mut heard) {
        let mut lines = head.lines();
        let path = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a path");
        let headers: Vec<(&str, String)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name, value.to_owned()))
            .filter(|(name, _)| {
                let name = name.to_ascii_lowercase();
                // The answer is to be read here.
                !["host", "content-length", "accept-encoding", "connection"]
                    .contains(&name.as_str())
            })
            .collect();
        let mode = speaks.lock().expect("whole").clone();
        let (status, answer) = match mode {
            Speaks::Later if [path::GREET, path::ENROL].contains(&path) => {
                let refusal = WireRefusal::new(Code::VersionNotSupported, "please update");
                let refusal = refusal.with("min", PROTOCOL + 1).with("max", PROTOCOL + 5);
                (426, serde_json::to_vec(&refusal).expect("JSON"))
            }
            Speaks::Otherwise(other) if other == path => {
                (409, br#"{"code":"moon_is_full","message":"later","args":{"x":[]}}"#.to_vec())
            }
            mode => {
                let (status, answer) = post(to, path, &headers, &body);
                (status, if mode == Speaks::More { more(&answer) } else { answer })
            }
        };
        let first = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n", answer.len());
        if till.write_all(&[first.as_bytes(), &answer].concat()).is_err() {
            break;
        }
    }
}

fn more(answer: &[u8]) -> Vec<u8> {
    let Ok(mut value) = serde_json::from_slice::<Value>(answer) else { return answer.to_vec() };
    add_fields(&mut value);
    value.to_string().into_bytes()
}

/// One whole call; `heard` keeps what came after it.
fn next_call(mut till: &TcpStream, heard: &mut Vec<u8>) -> Option<(String, Vec<u8>)> {
    let mut bytes = [0; 8192];
    loop {
        if let Some((head, rest)) = parts(heard) {
            let length = |line: &str| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("content-length").then(|| value.parse().ok())?
            };
            let length: usize = head.lines().find_map(length).unwrap_or(0);
            if rest.len() >= length {
                let (body, after) = rest.split_at(length);
                let (body, after) = (body.to_vec(), after.to_vec());
                *heard = after;
                return Some((head, body));
            }
        }
        match till.read(&mut bytes) {
            Ok(count @ 1..) => heard.extend_from_slice(&bytes[..count]),
            _ => return None,
        }
    }
}

/// A desk that reaches the hub through `later`.
fn desk_behind(business: &Business, later: &Later, name: &str) -> punchcard_till::Result<Desk> {
    let store = business.hub.add_store(name, "Asia/Shanghai").expect("a new branch");
    let mut input = business.input(&business.code(Some(store)), name);
    input.hub = later.url();
    let (folder, options) = (business.folder(name), business.options());
    let till = join(&folder, &input, PIN, &options)?;
    Ok(Desk::of(folder, options, Arc::new(till)))
}

#[test]
fn a_hub_that_says_more_is_understood() {
    let (business, first, _, member, reward) = stocked(Engine::Sqlite);
    let later = Later::over(&business);
    later.speak(Speaks::More);
    let desk = desk_behind(&business, &later, "老收银台").expect("it joins");
    desk.earn(&member, "200.00");
    desk.redeem(&member, &reward, false).expect("what it has");
    business.same_everywhere(&[&first, &desk]);
    // What one holds, the other draws, with all that is said in between.
    business.pass(DAY + MINUTE);
    business.same_everywhere(&[&first, &desk]);
    let drawn = desk.line().draw(&desk.owner(), id(&member), 120).expect("the hub answers");
    assert_eq!(drawn.drawn, 120);
    assert_eq!(desk.line().answer_asks(1).expect("the hub answers"), 0);
    business.same_everywhere(&[&first, &desk]);
    assert_eq!(desk.notices(), Vec::<String>::new(), "there is nothing to tell");
}

#[test]
fn a_hub_of_a_later_protocol_is_told_and_waited_for() {
    let (business, first, _, member, reward) = stocked(Engine::Sqlite);
    let later = Later::over(&business);
    let desk = desk_behind(&business, &later, "老收银台").expect("it joins");
    desk.earn(&member, "200.00");
    business.same_everywhere(&[&first, &desk]);

    later.speak(Speaks::Later);
    assert_eq!(desk.refused(), "version_not_supported");
    let line = desk.line().view();
    assert_eq!(line.state, LineState::Refused);
    assert_eq!(line.refusal.as_deref(), Some("version_not_supported"), "said in words");
    // It keeps selling what it has, and only that.
    assert!(desk.redeem(&member, &reward, false).is_ok());
    desk.earn(&member, "30.00");
    assert_eq!(desk.points(&member), (630, 130, 0));
    assert_eq!(desk.line().view().unsynced, 2);
    let drawn = desk.line().draw(&desk.owner(), id(&member), 100);
    assert_eq!(Desk::code(drawn), "version_not_supported");
    assert_eq!(desk.refused(), "version_not_supported", "and again");
    assert_eq!(desk.points(&member), (630, 130, 0));
    let refused = desk_behind(&business, &later, "新收银台");
    assert_eq!(Desk::code(refused), "version_not_supported");
    first.sync();
    assert_eq!(first.points(&member).0, 700, "nobody has heard of it");

    // One of the two was updated.
    later.speak(Speaks::Ours);
    business.same_everywhere(&[&first, &desk]);
    let line = desk.line().view();
    assert_eq!((line.state, line.refusal, line.unsynced), (LineState::Online, None, 0));
    assert_eq!(first.points(&member).0, 630);
}

#[test]
fn a_refusal_that_nobody_knows_yet_changes_nothing() {
    let (business, first, _, member, _) = stocked(Engine::Sqlite);
    let later = Later::over(&business);
    let desk = desk_behind(&business, &later, "老收银台").expect("it joins");
    for path in [path::GREET, path::PUSH, path::PULL, path::DIGEST] {
        later.speak(Speaks::Otherwise(path));
        desk.earn(&member, "1.00");
        let code = Desk::code(desk.try_sync());
        assert_eq!(code, "internal", "{path}");
        assert_eq!(desk.till().status(None).expect("a status").distrust, None);
        later.speak(Speaks::Ours);
        business.same_everywhere(&[&first, &desk]);
    }
    assert_eq!(first.points(&member).0, 504);
}
