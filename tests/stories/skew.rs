//! Tills and hubs of different ages, and a till that was told to lie. An old till goes on selling
//! and pushing; nothing spendable grows from what it does not understand, or from what somebody
//! may not say.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use punchcard_domain::{
    fact::{
        Fact, FactVoided, Gain, GrantReason, LotRuled, MemberRegistered, PointsEarned,
        PointsRedeemed, StreamOpened, StreamReclaimed, StreamVouched, ValueGranted, ValueReturned,
    },
    ledger::{Account, Lot, Posting, ValueKind},
    money::MAX_AMOUNT,
};
use punchcard_hub::http::{self, Running, Tls};
use punchcard_protocol::{
    Draft, Entry, FactId, Hash, Hlc, Link, LotId, MAX_PAYLOAD_BYTES, MAX_PRIVATE_BYTES, MemberId,
    PrivatePart, RecordId, StaffId, StoreId, StreamId, StreamKey, TillId, seal,
    sync::{
        Code, EnrolAnswer, EnrolRequest, Greeting, Known, LIMITS, OLDEST_PROTOCOL, PROTOCOL,
        Packet, Push, PushAnswer, SIGNATURE_HEADER, STREAM_HEADER, Welcome, Window, WireRefusal,
        path, sign_request,
    },
};
use punchcard_tests::{
    DAY, MINUTE, NOON, PIN,
    business::{Business, Desk, Engine},
    id, on_both_engines,
};
use punchcard_till::{
    sync::join,
    views::{LineState, MemberInput},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use uuid::Uuid;

on_both_engines!(
    what_is_not_understood_is_kept_and_passed_on_and_spends_nothing,
    what_a_till_may_not_say_is_kept_back_by_its_name,
    what_a_till_gives_it_has,
    a_lot_that_is_issued_twice_is_the_same_everywhere,
    what_does_not_follow_is_refused_and_blocks_nobody,
    a_till_with_two_histories_takes_nobody_with_it,
);

// ── A till made by hand ──────────────────────────────────────────────────────────────────────

pub(crate) type Asked<T> = Result<T, WireRefusal>;

/// A till that joins, signs and posts like any other, and writes what it likes. It calls a second
/// door of the hub, which is not encrypted: everything behind the door is the same.
pub(crate) struct Scribe {
    pub(crate) door: Running,
    pub(crate) hub: TillId,
    pub(crate) stream: StreamId,
    pub(crate) key: StreamKey,
    pub(crate) store: StoreId,
    pub(crate) link: Link,
    ticks: u64,
}

pub(crate) const NEWEST: Window = Window { min: OLDEST_PROTOCOL, max: PROTOCOL };

/// A door that is not encrypted.
pub(crate) fn plaindoor(business: &Business) -> Running {
    let options = http::Options {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        tls: Tls::Off,
        metrics_any: false,
        enrol_per_minute: 10_000,
    };
    http::serve(business.hub.clone(), options).expect("it serves")
}

pub(crate) fn fresh() -> Uuid {
    Uuid::now_v7()
}

impl Scribe {
    /// Joins, at a store of its own.
    pub(crate) fn join(business: &Business) -> Self {
        let mut scribe = Self::stranger(business);
        let store = business.hub.add_store("旁边", "Asia/Shanghai").expect("a new branch");
        let code = business.code(Some(store));
        let answer = scribe.enrol(&code, NEWEST).expect("it joins");
        scribe.store = answer.store;
        let opened = StreamOpened {
            id: FactId(fresh()),
            public_key: hex::encode(scribe.key.public()),
            reason: "new".into(),
            previous: None,
        };
        let first = scribe.fact(&Fact::StreamOpened(opened), None);
        scribe.says(vec![first]);
        scribe
    }

    /// Nobody yet.
    pub(crate) fn stranger(business: &Business) -> Self {
        let seed = *Hash::of(b"a seed", &[fresh().as_bytes()]).0.first_chunk().expect("32 bytes");
        Self {
            door: plaindoor(business),
            hub: business.hub.id(),
            stream: StreamId { till: TillId(fresh()), incarnation: 1 },
            key: StreamKey::from_seed(&seed),
            store: StoreId(Uuid::nil()),
            link: Link::START,
            ticks: 0,
        }
    }

    pub(crate) fn enrol(&self, code: &str, protocol: Window) -> Asked<EnrolAnswer> {
        let ask = EnrolRequest {
            code: code.into(),
            stream: self.stream,
            public_key: hex::encode(self.key.public()),
            protocol,
            name: "未来".into(),
            store: None,
            has_business: false,
            earlier: Vec::new(),
            before: None,
        };
        self.call(path::ENROL, &ask)
    }

    pub(crate) fn greeting(protocol: Window) -> Greeting {
        let acked = Known { seq: 0, hash: Hash::ZERO };
        Greeting {
            protocol,
            epoch: 1,
            acked,
            now_ms: NOON,
            endorsement: None,
            seen: None,
            earlier: Vec::new(),
            card_blocks: None,
        }
    }

    pub(crate) fn call<T: DeserializeOwned>(&self, path: &str, ask: &impl Serialize) -> Asked<T> {
        let answer = self.bytes(path, ask)?;
        Ok(serde_json::from_slice(&answer).expect("what the call answers"))
    }

    /// As [`Scribe::call`], where the answer is not JSON.
    pub(crate) fn bytes(&self, path: &str, ask: &impl Serialize) -> Asked<Vec<u8>> {
        let body = serde_json::to_vec(ask).expect("JSON");
        let signature = sign_request(&self.key, self.hub, self.stream, path, &body);
        let headers = [(STREAM_HEADER, self.stream.to_string()), (SIGNATURE_HEADER, signature)];
        let (status, answer) = post(self.door.addr(), path, &headers, &body);
        match status {
            200 => Ok(answer),
            _ => Err(WireRefusal::read(&answer).expect("a refusal")),
        }
    }

    /// The next entry of its journal; whether it is ever pushed is another matter.
    pub(crate) fn entry(&mut self, kind: u16, version: u8, payload: Vec<u8>) -> Entry {
        self.ticks += 1;
        let draft = Draft {
            kind,
            kind_version: version,
            staff: StaffId(Uuid::nil()),
            wall_ms: NOON,
            payload,
            salt: [7; 16],
        };
        let hlc = Hlc(Hlc::at(NOON).0 + self.ticks);
        let entry =
            seal(self.stream, self.link.seq + 1, self.link.hash, hlc, draft).expect("short");
        self.link = Link { seq: self.link.seq + 1, hash: entry.hash() };
        entry
    }

    /// What it writes from now on is so many milliseconds later by its stamp.
    pub(crate) fn waits(&mut self, ms: u64) {
        self.ticks += ms << 16;
    }

    pub(crate) fn packet(&mut self, kind: u16, version: u8, payload: &Value) -> Packet {
        let entry = self.entry(kind, version, payload.to_string().into_bytes());
        Packet::of(&entry, None).expect("UTF-8")
    }

    pub(crate) fn fact(&mut self, fact: &Fact, private: Option<&PrivatePart>) -> Packet {
        let entry = self.entry(fact.kind(), 1, fact.to_payload().expect("JSON"));
        Packet::of(&entry, private).expect("UTF-8")
    }

    /// Pushes what the hub takes in, all of it.
    pub(crate) fn says(&self, packets: Vec<Packet>) {
        let answer = self.push(packets).expect("taken in");
        assert!(answer.quarantined.is_empty(), "kept back: {:?}", answer.quarantined);
    }

    /// Pushes what ends with the newest entry.
    pub(crate) fn push(&self, packets: Vec<Packet>) -> Asked<PushAnswer> {
        self.push_up_to(self.link, packets)
    }

    pub(crate) fn push_up_to(&self, last: Link, packets: Vec<Packet>) -> Asked<PushAnswer> {
        let head = self.key.sign(self.stream, last);
        self.call(path::PUSH, &Push { head, packets })
    }

    /// A lot as this till issues it.
    pub(crate) fn lot(&self, amount: i64) -> Lot {
        let to = Account::Till(self.stream);
        Lot { id: LotId(fresh()), kind: ValueKind::Points, amount, to, expires_ms: None }
    }

    /// Points for an amount, as the house rules give them.
    pub(crate) fn earned(&self, member: MemberId, lot: Lot) -> PointsEarned {
        PointsEarned {
            id: FactId(fresh()),
            member,
            store: self.store,
            at_ms: NOON,
            amount_minor: lot.amount.saturating_mul(100),
            points_per_unit: 1,
            multiplier_percent: 100,
            earned: Some(Gain { lot, repaid: None, usable_ms: None }),
            by_rules: None,
            refers: None,
            approved_by: None,
        }
    }

    /// A redemption that takes from wherever it likes.
    pub(crate) fn redeemed(&self, member: MemberId, posting: Posting) -> Fact {
        Fact::PointsRedeemed(PointsRedeemed {
            id: FactId(fresh()),
            member,
            store: self.store,
            at_ms: NOON,
            reward: RecordId(fresh()),
            reward_name: "毛巾".into(),
            points: posting.amount,
            money_off_minor: 0,
            postings: vec![posting],
            money_minor: 0,
            on_trust: 0,
            code_step: None,
            voucher: None,
            approved_by: None,
        })
    }

    pub(crate) fn registered(&self, opening: Vec<Lot>, private: Option<Hash>) -> Fact {
        Fact::MemberRegistered(MemberRegistered {
            id: FactId(fresh()),
            member: MemberId(fresh()),
            tier: None,
            home_store: self.store,
            joined_ms: None,
            opening,
            passes: vec![],
            private,
        })
    }
}

/// One call over a line of its own; status and body.
pub(crate) fn post(
    addr: SocketAddr,
    path: &str,
    headers: &[(&str, String)],
    body: &[u8],
) -> (u16, Vec<u8>) {
    let mut stream = TcpStream::connect(addr).expect("it listens");
    let mut head = format!("POST {path} HTTP/1.1\r\nhost: hub\r\nconnection: close\r\n");
    for (name, value) in headers {
        let line = format!("{name}: {value}\r\n");
        head.push_str(&line);
    }
    let end = format!("content-length: {}\r\n\r\n", body.len());
    head.push_str(&end);
    stream.write_all(head.as_bytes()).expect("sent");
    // A hub that has read enough may answer before it has read everything.
    drop(stream.write_all(body));
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer));
    let (head, body) = parts(&answer).expect("an answer");
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    (status, body.to_vec())
}

/// Head and body of a message, once its head is whole.
fn parts(message: &[u8]) -> Option<(String, &[u8])> {
    let end = message.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some((String::from_utf8_lossy(&message[..end]).into_owned(), &message[end + 4..]))
}

/// What somebody holds, told apart by nothing but the bytes.
pub(crate) fn holds(desk: &Desk, packet: &Packet) -> bool {
    let parcels = desk.till().parcels().expect("it can be read");
    parcels
        .iter()
        .any(|parcel| Packet::of(&parcel.entry, parcel.private.as_ref()).as_ref() == Ok(packet))
}

/// A first desk with a member who has 500 points there, a second one, and a reward.
pub(crate) fn stocked(engine: Engine) -> (Business, Desk, Desk, String, String) {
    let (business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let member = first.member("王堃", 1);
    let reward = first.reward("毛巾", 100);
    first.earn(&member, "500.00");
    business.same_everywhere(&[&first, &second]);
    assert_eq!((first.points(&member), second.points(&member)), ((500, 500, 0), (500, 0, 0)));
    (business, first, second, member, reward)
}

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

// ── A till that lies ─────────────────────────────────────────────────────────────────────────

/// What a till wrote that it may not: why it is kept back, and the entry.
type Lie = (&'static str, Packet);

pub(crate) fn posting(lot: LotId, from: Account, to: Account, amount: i64) -> Posting {
    Posting { lot, kind: ValueKind::Points, from, to, amount, owner: None }
}

/// Facts that only the hub may say, and whose accounts only others may debit.
fn forged(scribe: &mut Scribe, member: MemberId, lot: LotId, theirs: StreamId) -> Vec<Lie> {
    let (me, at_ms) = (scribe.stream, NOON);
    let (mine, pool) = (Account::Till(me), Account::Pool);
    let fact_id = || FactId(fresh());
    let take = |from, to| posting(lot, from, to, 100);
    let own_earlier = StreamId { incarnation: 0, ..me };
    let vouched = |of| {
        Fact::StreamVouched(StreamVouched {
            id: fact_id(),
            takes_over: vec![of],
            by: StaffId(fresh()),
        })
    };
    let granted = ValueGranted {
        id: fact_id(),
        member,
        at_ms,
        reason: GrantReason::Draw,
        postings: vec![take(pool, mine)],
    };
    let nothing_granted = ValueGranted { id: fact_id(), postings: vec![], ..granted.clone() };
    let reclaimed =
        StreamReclaimed { id: fact_id(), stream: theirs, seq: 1, at_ms, by_manager: true };
    let ruled =
        LotRuled { id: fact_id(), member, lot, kind: ValueKind::Points, frozen: true, at_ms };
    let returned = ValueReturned {
        id: fact_id(),
        member,
        at_ms,
        postings: vec![take(Account::Till(theirs), pool)],
    };
    let voided = FactVoided {
        id: fact_id(),
        target: fact_id(),
        member: Some(member),
        at_ms,
        postings: vec![take(Account::Spent(theirs), mine)],
        lots: vec![],
        take_back: vec![],
        debt: 0,
        points: 0,
        approved_by: None,
    };
    let mut repaid = scribe.earned(member, scribe.lot(100));
    if let Some(gain) = &mut repaid.earned {
        gain.repaid = Some(take(Account::Till(theirs), Account::Spent(me)));
    }
    let facts = [
        Fact::ValueGranted(granted),
        Fact::ValueGranted(nothing_granted),
        Fact::StreamReclaimed(reclaimed),
        Fact::LotRuled(ruled),
        vouched(theirs),
        vouched(own_earlier),
        Fact::ValueReturned(returned),
        Fact::FactVoided(voided),
        Fact::PointsEarned(repaid),
        scribe.redeemed(member, take(pool, mine)),
        scribe.redeemed(member, take(Account::Till(theirs), mine)),
        scribe.redeemed(member, take(Account::Expired, mine)),
    ];
    facts.iter().map(|fact| ("forged", scribe.fact(fact, None))).collect()
}

/// Amounts that are none.
fn amounts(scribe: &mut Scribe, member: MemberId) -> Vec<Lie> {
    let me = scribe.stream;
    let mut lies = Vec::new();
    for (why, amount) in
        [("forged", 0), ("forged", -5), ("amount", MAX_AMOUNT + 1), ("amount", i64::MAX)]
    {
        let lot = scribe.lot(amount);
        let fact = Fact::PointsEarned(scribe.earned(member, lot));
        lies.push((why, scribe.fact(&fact, None)));
        let fact = scribe.registered(vec![lot], None);
        lies.push((why, scribe.fact(&fact, None)));
        let spent = posting(LotId(fresh()), Account::Till(me), Account::Spent(me), amount);
        let fact = scribe.redeemed(member, spent);
        lies.push((why, scribe.fact(&fact, None)));
    }
    for debt in [MAX_AMOUNT + 1, -MAX_AMOUNT - 1] {
        let fact = FactVoided {
            id: FactId(fresh()),
            target: FactId(fresh()),
            member: Some(member),
            at_ms: NOON,
            postings: vec![],
            lots: vec![],
            take_back: vec![],
            debt,
            points: 0,
            approved_by: None,
        };
        lies.push(("amount", scribe.fact(&Fact::FactVoided(fact), None)));
    }
    lies
}

/// Entries that are not what their header says, or not of their kind's shape.
fn misshapen(scribe: &mut Scribe, member: MemberId) -> Vec<Lie> {
    let mut lies = Vec::new();
    let good = Fact::PointsEarned(scribe.earned(member, scribe.lot(5)));
    let mut changed = scribe.fact(&good, None);
    changed.payload = changed.payload.replace("\"amount\":5", "\"amount\":6");
    lies.push(("payload", changed));
    let mut salted = scribe.fact(&good, None);
    salted.salt = hex::encode([8; 16]);
    lies.push(("payload", salted));
    let mut shorter = scribe.fact(&good, None);
    shorter.payload.pop();
    lies.push(("payload", shorter));
    for payload in [json!([]), json!({}), json!({"id": fresh(), "member": 7}), json!("\u{0}")] {
        lies.push(("shape", scribe.packet(50, 1, &payload)));
    }
    let zero = PointsRedeemedWithZero::of(scribe, member);
    lies.push(("shape", zero));
    lies.extend(private_parts(scribe));
    lies.push(("too_long", too_long(scribe)));
    lies
}

/// A name that holds a zero character, which one of the databases cannot keep.
struct PointsRedeemedWithZero;

impl PointsRedeemedWithZero {
    fn of(scribe: &mut Scribe, member: MemberId) -> Packet {
        let me = scribe.stream;
        let spent = posting(LotId(fresh()), Account::Till(me), Account::Spent(me), 1);
        let Fact::PointsRedeemed(mut body) = scribe.redeemed(member, spent) else {
            unreachable!("it was made so")
        };
        body.reward_name = "a\0b".into();
        scribe.fact(&Fact::PointsRedeemed(body), None)
    }
}

fn private_parts(scribe: &mut Scribe) -> Vec<Lie> {
    let part = |text: &str| PrivatePart { salt: [9; 16], bytes: text.as_bytes().to_vec() };
    let (named, other) = (part(r#"{"name":"李喆"}"#), part(r#"{"name":"王堃"}"#));
    let mut lies = Vec::new();
    let fact = scribe.registered(vec![], Some(named.commitment()));
    lies.push(("private", scribe.fact(&fact, Some(&other))));
    let fact = scribe.registered(vec![], None);
    lies.push(("private", scribe.fact(&fact, Some(&named))));
    for text in ["打卡", r#"{"name":7}"#, r#"{"name":"a\u0000b"}"#] {
        let part = part(text);
        let fact = scribe.registered(vec![], Some(part.commitment()));
        lies.push(("shape", scribe.fact(&fact, Some(&part))));
    }
    let long = PrivatePart { salt: [9; 16], bytes: vec![b'x'; MAX_PRIVATE_BYTES + 1] };
    let fact = scribe.registered(vec![], Some(long.commitment()));
    lies.push(("too_long", scribe.fact(&fact, Some(&long))));
    lies
}

/// Sealing refuses a payload that is too long, so its header is made of another one's.
fn too_long(scribe: &mut Scribe) -> Packet {
    let payload = vec![b' '; MAX_PAYLOAD_BYTES + 1024];
    let mut entry = scribe.entry(50, 1, vec![b' ']);
    let commitment = punchcard_protocol::commit(&entry.salt, &payload);
    let length = u32::try_from(payload.len()).expect("it fits");
    entry.header[96..100].copy_from_slice(&length.to_be_bytes());
    entry.header[100..132].copy_from_slice(&commitment.0);
    entry.payload = payload;
    scribe.link.hash = entry.hash();
    Packet::of(&entry, None).expect("UTF-8")
}

/// What the inbox says of entries that were kept back: place and reason.
pub(crate) fn kept_back(business: &Business) -> Vec<(u64, String)> {
    let inbox = business.hub.inbox().expect("it answers");
    let lines = inbox.iter().filter(|line| line.code == "quarantined");
    let mut found: Vec<_> = lines
        .map(|line| {
            let why = line.args["why"].as_str().expect("a reason").to_owned();
            (line.args["seq"].as_u64().expect("a place"), why)
        })
        .collect();
    found.sort();
    found
}

fn what_a_till_may_not_say_is_kept_back_by_its_name(engine: Engine) {
    let (business, first, second, member, reward) = stocked(engine);
    let mut scribe = Scribe::join(&business);
    let begin = scribe.link.seq + 1;
    let lot = lot_of(&first, &member);
    let mut lies = forged(&mut scribe, id(&member), lot, first.stream());
    lies.extend(amounts(&mut scribe, id(&member)));
    lies.extend(misshapen(&mut scribe, id(&member)));
    let expected: Vec<(u64, String)> =
        (begin..).zip(&lies).map(|(seq, (why, _))| (seq, (*why).to_owned())).collect();
    let packets: Vec<Packet> = lies.into_iter().map(|(_, packet)| packet).collect();
    let answer = scribe.push(packets.clone()).expect("the queue goes on");
    let places: Vec<u64> = expected.iter().map(|(seq, _)| *seq).collect();
    let missed = expected.iter().filter(|(seq, _)| !answer.quarantined.contains(seq));
    assert_eq!(answer.quarantined, places, "{:?}", missed.collect::<Vec<_>>());
    assert_eq!(answer.acked.seq, scribe.link.seq);
    assert_eq!(kept_back(&business), expected);

    // Nobody hears of it, nothing grows, and everybody goes on.
    business.same_everywhere(&[&first, &second]);
    assert_eq!((first.points(&member), second.points(&member)), ((500, 500, 0), (500, 0, 0)));
    assert!(packets.iter().all(|packet| !holds(&second, packet)));
    let honest = Fact::PointsEarned(scribe.earned(id(&member), scribe.lot(7)));
    let honest = scribe.fact(&honest, None);
    scribe.says(vec![honest.clone()]);
    first.redeem(&member, &reward, false).expect("what it has");
    let third = business.desk("第三", None);
    business.same_everywhere(&[&first, &second, &third]);
    assert!(holds(&second, &honest));
    assert_eq!(first.points(&member), (407, 400, 0));
    assert_eq!(third.points(&member), (407, 0, 0));
}

/// A till credits its own accounts and the pool, and the pool with no more than it has: so that
/// nothing can be spent at one desk because another one says so.
fn what_a_till_gives_it_has(engine: Engine) {
    let (business, first, second, member, _) = stocked(engine);
    let mut scribe = Scribe::join(&business);
    let begin = scribe.link.seq + 1;
    let (me, theirs, member_id) = (scribe.stream, first.stream(), id(&member));
    let mine = Account::Till(me);
    let to_them = Lot { to: Account::Till(theirs), ..scribe.lot(70) };
    let theirs_again = Lot { id: lot_of(&first, &member), ..to_them };
    let own = scribe.lot(50);
    let mut lies = Vec::new();
    for lot in [to_them, theirs_again] {
        lies.push(("forged", Fact::PointsEarned(scribe.earned(member_id, lot))));
        lies.push(("forged", scribe.registered(vec![lot], None)));
    }
    for to in [Account::Till(theirs), Account::Spent(theirs)] {
        lies.push(("forged", scribe.redeemed(member_id, posting(own.id, mine, to, 10))));
    }
    let returned = |postings| {
        let id = FactId(fresh());
        Fact::ValueReturned(ValueReturned { id, member: member_id, at_ms: NOON, postings })
    };
    let give = |amount| posting(own.id, mine, Account::Pool, amount);
    lies.push(("overdrawn", returned(vec![give(1)])));
    lies.push(("", Fact::PointsEarned(scribe.earned(member_id, own))));
    lies.push(("overdrawn", returned(vec![give(51)])));
    lies.push(("overdrawn", returned(vec![give(30), give(30)])));
    lies.push(("", returned(vec![give(20), give(20)])));
    lies.push(("overdrawn", returned(vec![give(11)])));
    let expected: Vec<(u64, String)> = (begin..)
        .zip(&lies)
        .map(|(seq, (why, _))| (seq, (*why).to_owned()))
        .filter(|(_, why)| !why.is_empty())
        .collect();
    let packets: Vec<Packet> = lies.iter().map(|(_, fact)| scribe.fact(fact, None)).collect();
    // In one call, and what is left of it in another.
    let (some, rest) = packets.split_at(9);
    let last = Link { seq: begin + 8, hash: hash_of(&packets[8]) };
    let mut kept = scribe.push_up_to(last, some.to_vec()).expect("taken in").quarantined;
    kept.extend(scribe.push(rest.to_vec()).expect("taken in").quarantined);
    assert_eq!(kept_back(&business), expected);
    assert_eq!(kept, expected.iter().map(|(seq, _)| *seq).collect::<Vec<_>>());
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&member), (550, 500, 0), "fifty were earned next door");
    let drawn = first.line().draw(&first.owner(), id(&member), 90).expect("the hub answers");
    assert_eq!(drawn.drawn, 40, "what was given, and no more");
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&member), (550, 540, 0));
}

pub(crate) fn hash_of(packet: &Packet) -> Hash {
    packet.clone().open().expect("whole").0.hash()
}

/// A lot of another till's is issued once more: it counts where it was issued, and every machine
/// has the same tables, in whatever order it reads.
fn a_lot_that_is_issued_twice_is_the_same_everywhere(engine: Engine) {
    let (business, first, second, member, _) = stocked(engine);
    let mut scribe = Scribe::join(&business);
    let known = lot_of(&first, &member);
    for (amount, expires_ms) in [(20, None), (30, Some(NOON + DAY)), (40, Some(NOON + 9 * DAY))] {
        let again = Lot { id: known, expires_ms, ..scribe.lot(amount) };
        let fact = Fact::PointsEarned(scribe.earned(id(&member), again));
        let packet = scribe.fact(&fact, None);
        scribe.says(vec![packet]);
    }
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&member), (590, 500, 0));
    for desk in [&first, &second] {
        let (before, after) = desk.till().rebuild().expect("rebuilt");
        assert_eq!(before, after);
    }
    business.pass(2 * DAY);
    business.same_everywhere(&[&first, &second]);
}

/// So much was never earned; but one member's file must not break every desk.
#[test]
fn more_points_than_a_number_holds_break_no_desk() {
    let (business, first, second, member, reward) = stocked(Engine::Sqlite);
    let mut scribe = Scribe::join(&business);
    let lots = (0..1200).map(|_| scribe.lot(MAX_AMOUNT)).collect();
    let Fact::MemberRegistered(file) = scribe.registered(lots, None) else {
        unreachable!("it was made so")
    };
    let rich = file.member.to_string();
    let packet = scribe.fact(&Fact::MemberRegistered(file), None);
    scribe.says(vec![packet]);
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&rich), (i64::MAX, 0, 0));
    let drawn = second.line().draw(&second.owner(), id(&rich), 10).expect("the hub answers");
    assert_eq!(drawn.drawn, 0, "nobody returned anything");
    first.redeem(&member, &reward, false).expect("what it has");
    let drawn = second.line().draw(&second.owner(), id(&member), 10).expect("the hub answers");
    assert_eq!(drawn.drawn, 0, "nobody returned anything");
    business.same_everywhere(&[&first, &second]);
}

/// PostgreSQL keeps no zero character, so that no hub does, and no desk. What only looks like one
/// when it is written down is text like any other.
#[test]
fn a_zero_character_is_refused_at_the_desk() {
    let (business, first, second, ..) = stocked(Engine::Sqlite);
    let register = |note: &str, n: u32| {
        let input = MemberInput {
            name: "李喆".into(),
            phone: format!("139{n:08}"),
            note: note.into(),
            ..MemberInput::default()
        };
        first.till().register_member(&first.owner(), input).map(drop)
    };
    assert_eq!(Desk::code(register("a\0b", 7)), "bad_input");
    for (n, note) in (8..).zip(["\\u0000", "\\", "\\\\u0000", "a\u{1}"]) {
        register(note, n).expect("a note");
    }
    business.same_everywhere(&[&first, &second]);
    assert!(business.hub.inbox().expect("it answers").is_empty());
    let found = second.till().find(&second.owner(), "李喆", 9).expect("a list");
    assert_eq!(found.len(), 4);
}

/// The lot that a member's points are of.
pub(crate) fn lot_of(desk: &Desk, member: &str) -> LotId {
    let parcels = desk.till().parcels().expect("it can be read");
    let facts = parcels.iter().filter_map(|parcel| {
        let header = parcel.entry.check().expect("whole");
        Fact::from_payload(header.kind, 1, &parcel.entry.payload).expect("its shape")
    });
    let earned = facts.filter_map(|fact| match fact {
        Fact::PointsEarned(body) if body.member == id(member) => body.earned,
        _ => None,
    });
    earned.map(|gain| gain.lot.id).next().expect("they have points")
}

// ── What does not follow ─────────────────────────────────────────────────────────────────────

fn what_does_not_follow_is_refused_and_blocks_nobody(engine: Engine) {
    let (business, first, second, member, _) = stocked(engine);
    let mut scribe = Scribe::join(&business);
    let before = scribe.link;
    let mut links = vec![before];
    let mut packets = Vec::new();
    for _ in 0..4 {
        let fact = Fact::PointsEarned(scribe.earned(id(&member), scribe.lot(10)));
        packets.push(scribe.fact(&fact, None));
        links.push(scribe.link);
    }
    let refused = |answer: Asked<PushAnswer>| answer.expect_err("refused");

    let gap = refused(scribe.push(packets[1..].to_vec()));
    assert_eq!((gap.code, gap.number("expected")), (Code::Gap, Some(before.seq + 1)));
    let swapped = vec![packets[0].clone(), packets[2].clone(), packets[1].clone()];
    assert_eq!(refused(scribe.push_up_to(links[2], swapped)).code, Code::ChainBroken);
    // One byte of a header: the one after it no longer follows; the last is not the one signed.
    let changed = |at: usize| {
        let mut packets = packets.clone();
        let digit = &mut packets[at].header;
        let other = if digit.ends_with('0') { "1" } else { "0" };
        digit.replace_range(digit.len() - 1.., other);
        packets
    };
    let broken = refused(scribe.push(changed(1)));
    assert_eq!((broken.code, broken.number("next")), (Code::ChainBroken, Some(2)));
    assert_eq!(refused(scribe.push(changed(3))).code, Code::BadSignature);
    let mut other = Scribe::join(&business);
    other.link = before;
    assert_eq!(refused(other.push_up_to(scribe.link, packets.clone())).code, Code::ChainBroken);
    // Another one's head, another one's key.
    let head = other.key.sign(scribe.stream, scribe.link);
    let forged: Asked<PushAnswer> =
        scribe.call(path::PUSH, &Push { head, packets: packets.clone() });
    assert_eq!(refused(forged).code, Code::BadSignature);
    let many = vec![packets[0].clone(); LIMITS.batch_entries + 1];
    assert_eq!(refused(scribe.push(many)).code, Code::TooLarge);
    let nonsense = Packet { header: "zz".into(), ..packets[0].clone() };
    assert_eq!(refused(scribe.push(vec![nonsense])).code, Code::BadRequest);

    // Nothing of it was taken in; and then all of it is, however often it is heard.
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&member).0, 500);
    let half = scribe.push_up_to(links[2], packets[..2].to_vec()).expect("taken in");
    assert_eq!(half.acked.seq, before.seq + 2);
    for _ in 0..3 {
        let answer = scribe.push(packets.clone()).expect("what is known is passed over");
        assert_eq!((answer.acked.seq, answer.quarantined), (scribe.link.seq, vec![]));
    }
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&member), (540, 500, 0));
}

fn a_till_with_two_histories_takes_nobody_with_it(engine: Engine) {
    let (business, first, second, member, reward) = stocked(engine);
    let mut scribe = Scribe::join(&business);
    let before = scribe.link;
    let one = Fact::PointsEarned(scribe.earned(id(&member), scribe.lot(10)));
    let one = scribe.fact(&one, None);
    scribe.push(vec![one.clone()]).expect("taken in");
    scribe.link = before;
    let other = Fact::PointsEarned(scribe.earned(id(&member), scribe.lot(90)));
    let other = scribe.fact(&other, None);
    for _ in 0..2 {
        let fork = scribe.push(vec![other.clone()]).expect_err("a fork");
        assert_eq!(fork.code, Code::ForkDetected);
        assert_eq!((fork.number("seq"), fork.number("next")), (Some(before.seq + 1), Some(2)));
    }
    // Both branches are kept; neither goes on, and nothing is given to it.
    assert_eq!(business.hub.figures().expect("it answers").quarantined, 1, "kept once");
    scribe.link = before;
    assert_eq!(scribe.push(vec![one]).expect_err("closed").code, Code::ForkDetected);
    let ask = json!({"id": fresh(), "member": member, "kind": "points", "amount": 10});
    let drawn: Asked<Value> = scribe.call(path::DRAW, &ask);
    assert_eq!(drawn.expect_err("frozen").code, Code::ForkDetected);
    let state = |name: &str| {
        let tills = business.hub.tills().expect("it answers");
        tills.into_iter().find(|till| till.name == name).expect("paired").state
    };
    assert_eq!((state("未来").as_str(), state("滨江 2").as_str()), ("FORKED", "active"));
    business.same_everywhere(&[&first, &second]);
    assert!(!holds(&second, &other));
    assert_eq!((first.points(&member), second.points(&member)), ((510, 500, 0), (510, 0, 0)));
    first.redeem(&member, &reward, false).expect("what it has");
    business.same_everywhere(&[&first, &second]);
}
