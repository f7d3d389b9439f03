//! A till that writes what it likes, for the stories of those who lie, or speak of what nobody knows yet.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
};

use punchcard_domain::{
    fact::{Fact, Gain, MemberRegistered, PointsEarned, PointsRedeemed, StreamOpened},
    ledger::{Account, Lot, Posting, ValueKind},
};
use punchcard_hub::http::{self, Running, Tls};
use punchcard_protocol::{
    Draft, Entry, FactId, Hash, Hlc, Link, LotId, MemberId, PrivatePart, RecordId, StaffId,
    StoreId, StreamId, StreamKey, TillId, seal,
    sync::{
        EnrolAnswer, EnrolRequest, Greeting, Known, OLDEST_PROTOCOL, PROTOCOL, Packet, Push,
        PushAnswer, SIGNATURE_HEADER, STREAM_HEADER, Window, WireRefusal, path, sign_request,
    },
};
use punchcard_tests::{
    NOON,
    business::{Business, Desk, Engine},
    id,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use uuid::Uuid;

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
pub(crate) fn parts(message: &[u8]) -> Option<(String, &[u8])> {
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

pub(crate) fn posting(lot: LotId, from: Account, to: Account, amount: i64) -> Posting {
    Posting { lot, kind: ValueKind::Points, from, to, amount, owner: None }
}

pub(crate) fn hash_of(packet: &Packet) -> Hash {
    packet.clone().open().expect("whole").0.hash()
}
