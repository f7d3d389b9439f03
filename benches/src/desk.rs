//! A till that writes nothing down: it makes the entries that a till would, signs and packs them, and
//! pushes them to a hub in the process.

use punchcard_domain::{
    fact::{
        Fact, Gain, KIND_VERSION, MemberChanged, MemberRegistered, Pass, PointsEarned, RecordSet,
        StreamOpened, VisitRecorded,
    },
    ledger::{Account, Lot, ValueKind},
    member::MemberPrivate,
    records::{Business, Rules, Staff, Store},
    staff::Role,
    terms::Terms,
    time::Day,
    verdict::Verdict,
};
use punchcard_hub::Hub;
use punchcard_protocol::{
    Draft, FactId, Hlc, Link, LotId, MemberId, PassId, PrivatePart, StaffId, StoreId, StreamId,
    StreamKey, TillId, seal,
    sync::{EnrolRequest, Packet, Push, SIGNATURE_HEADER, STREAM_HEADER, Window, sign_request},
};

use crate::{Dice, Outcome, card, name, phone};

/// Entries of one push.
const BATCH: usize = 500;
/// When the business began: Unix ms.
const BEGAN_MS: i64 = 1_700_000_000_000;

/// The journal that the first till writes.
pub fn first_stream() -> StreamId {
    StreamId { till: TillId::from_bytes([7; 16]), incarnation: 1 }
}

fn store() -> StoreId {
    StoreId::from_bytes([6; 16])
}

fn owner() -> StaffId {
    StaffId::from_bytes([8; 16])
}

/// A till as the hub sees it.
pub struct Desk {
    key: StreamKey,
    stream: StreamId,
    store: StoreId,
    link: Link,
    at_ms: i64,
    /// What is drawn at random in its shop.
    pub dice: Dice,
    packets: Vec<Packet>,
    /// Signed batches that wait to be sent.
    pub ready: Vec<Push>,
}

impl Desk {
    /// By which its heads are verified.
    pub fn public_key(&self) -> [u8; 32] {
        self.key.public()
    }

    /// The first till of a business, paired with the hub, with the records that any shop begins with.
    ///
    /// # Errors
    /// Those of the hub.
    pub fn first(hub: &Hub) -> Outcome<Self> {
        let mut desk = Self::new(0, store());
        desk.pair(hub, None)?;
        desk.first_records()?;
        Ok(desk)
    }

    /// The n-th till that joins the business, in one of its stores; `n` from 1 on.
    ///
    /// # Errors
    /// Those of the hub.
    pub fn another(hub: &Hub, n: u32, store: StoreId) -> Outcome<Self> {
        let mut desk = Self::new(n, store);
        desk.pair(hub, Some(store))?;
        Ok(desk)
    }

    fn new(n: u32, store: StoreId) -> Self {
        let mut till = [7; 16];
        till[..4].copy_from_slice(&(0x0707_0707 ^ n).to_be_bytes());
        let mut seed = [9; 32];
        seed[..4].copy_from_slice(&(0x0909_0909 ^ n).to_be_bytes());
        Self {
            key: StreamKey::from_seed(&seed),
            stream: StreamId { till: TillId::from_bytes(till), incarnation: 1 },
            store,
            link: Link::START,
            at_ms: BEGAN_MS,
            dice: Dice(20_261_124 + u64::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15) % (1 << 40)),
            packets: Vec::new(),
            ready: Vec::new(),
        }
    }

    /// Which journal it writes.
    pub fn stream(&self) -> StreamId {
        self.stream
    }

    /// Pairs with the hub, and opens its journal.
    fn pair(&mut self, hub: &Hub, at: Option<StoreId>) -> Outcome<()> {
        let (code, _) = hub.pair(at)?;
        hub.enrol(&EnrolRequest {
            code: code.shown(),
            stream: self.stream,
            public_key: hex(&self.key.public()),
            protocol: Window { min: 1, max: 1 },
            name: "一店".into(),
            store: Some(self.store),
            has_business: at.is_none(),
            earlier: Vec::new(),
            before: None,
        })?;
        let opened = StreamOpened {
            id: FactId::from_bytes(self.id()),
            public_key: hex(&self.key.public()),
            reason: "new".into(),
            previous: None,
        };
        self.say(Fact::StreamOpened(opened), None)
    }

    /// The headers under which a hub takes a call of this till.
    pub fn headers(&self, hub: TillId, path: &str, body: &[u8]) -> [(&'static str, String); 2] {
        let signature = sign_request(&self.key, hub, self.stream, path, body);
        [(STREAM_HEADER, self.stream.to_string()), (SIGNATURE_HEADER, signature)]
    }

    fn first_records(&mut self) -> Outcome<()> {
        let business = Business {
            name: "百万".into(),
            currency: "CNY".into(),
            currency_digits: 2,
            country: "CN".into(),
        };
        let record = self.record(business);
        self.say(Fact::BusinessSet(record), None)?;
        let store = Store {
            id: self.store,
            name: "一店".into(),
            time_zone: "Asia/Shanghai".into(),
            day_start_hour: 0,
        };
        let record = self.record(store);
        self.say(Fact::StoreSet(record), None)?;
        let record = self.record(Rules::default());
        self.say(Fact::RulesSet(record), None)?;
        let staff = Staff { id: owner(), name: String::new(), role: Role::Owner, active: true };
        let record = self.record(staff);
        self.say(Fact::StaffSet(record), Some(serde_json::to_vec("店主")?))
    }

    fn record<T>(&mut self, record: T) -> RecordSet<T> {
        RecordSet { id: FactId::from_bytes(self.id()), record, private: None }
    }

    /// A new member with points, every second one with stored value too, each with a pass.
    ///
    /// # Errors
    /// Where it cannot be written as an entry.
    pub fn register(&mut self, n: u32) -> Outcome<MemberId> {
        self.at_ms += 60_000;
        let (id, member) = (FactId::from_bytes(self.id()), MemberId::from_bytes(self.id()));
        let mut opening = vec![self.lot(ValueKind::Points, 4999)];
        if n.is_multiple_of(2) {
            opening.push(self.lot(ValueKind::Money, 100_000));
        }
        let day = |text: &str| text.parse::<Day>().map_err(|_| "a day");
        let pass = Pass {
            id: PassId::from_bytes(self.id()),
            name: "会籍 Membership".into(),
            pass_type: None,
            from: day("2024-01-01")?,
            until: Some(day("2029-12-31")?),
            visits: None,
            terms: Terms::default(),
            before: None,
        };
        let private = MemberPrivate {
            name: Some(name(&mut self.dice)),
            phone: Some(format!("+86139{:08}", phone(n))),
            cards: Some(vec![card(n).to_string()]),
            ..MemberPrivate::default()
        };
        let fact = MemberRegistered {
            id,
            member,
            tier: None,
            home_store: self.store,
            joined_ms: None,
            opening,
            passes: vec![pass],
            private: None,
        };
        self.say(Fact::MemberRegistered(fact), Some(serde_json::to_vec(&private)?))?;
        Ok(member)
    }

    /// A note in a member's file.
    ///
    /// # Errors
    /// Where it cannot be written as an entry.
    pub fn change(&mut self, member: MemberId) -> Outcome<()> {
        self.at_ms += 60_000;
        let private = MemberPrivate { note: Some("老会员".into()), ..MemberPrivate::default() };
        let id = FactId::from_bytes(self.id());
        let fact = MemberChanged { id, member, tier: None, private: None, approved_by: None };
        self.say(Fact::MemberChanged(fact), Some(serde_json::to_vec(&private)?))
    }

    fn lot(&mut self, kind: ValueKind, most: u64) -> Lot {
        let amount = i64::try_from(self.dice.below(most)).unwrap_or(0) + 1;
        let to = Account::Till(self.stream);
        Lot { id: LotId::from_bytes(self.id()), kind, amount, to, expires_ms: None }
    }

    /// An id that sorts by time.
    fn id(&mut self) -> [u8; 16] {
        let mut id = [0; 16];
        id[..6].copy_from_slice(&self.at_ms.to_be_bytes()[2..]);
        id[6..14].copy_from_slice(&self.dice.below(u64::MAX).to_be_bytes());
        id[14..].copy_from_slice(&self.dice.below(u64::MAX).to_be_bytes()[6..]);
        id[6] = 0x70 | (id[6] & 0x0f);
        id[8] = 0x80 | (id[8] & 0x3f);
        id
    }

    fn say(&mut self, mut fact: Fact, private: Option<Vec<u8>>) -> Outcome<()> {
        let part = private.map(|bytes| PrivatePart { salt: self.id(), bytes });
        if let (Some(part), Some(named)) = (&part, fact.private_mut()) {
            *named = Some(part.commitment());
        }
        let draft = Draft {
            kind: fact.kind(),
            kind_version: KIND_VERSION,
            staff: owner(),
            wall_ms: self.at_ms,
            payload: fact.to_payload()?,
            salt: self.id(),
        };
        let hlc = Hlc(u64::try_from(self.at_ms)? << 16);
        let Link { seq, hash } = self.link;
        let entry = seal(self.stream, seq + 1, hash, hlc, draft)?;
        self.link = Link { seq: seq + 1, hash: entry.hash() };
        self.packets.push(Packet::of(&entry, part.as_ref())?);
        if self.packets.len() == BATCH {
            self.close();
        }
        Ok(())
    }

    /// Signs what is written so far, so that it can be sent.
    pub fn close(&mut self) {
        let packets = std::mem::take(&mut self.packets);
        if !packets.is_empty() {
            self.ready.push(Push { head: self.key.sign(self.stream, self.link), packets });
        }
    }

    /// Sends what waits.
    ///
    /// # Errors
    /// Those of the hub, and where it keeps an entry back.
    pub fn send(&mut self, hub: &Hub) -> Outcome<()> {
        for push in self.ready.drain(..) {
            if !hub.push(self.stream, &push)?.quarantined.is_empty() {
                return Err("entries are kept back".into());
            }
        }
        Ok(())
    }

    /// A visit, without a pass.
    ///
    /// # Errors
    /// Where it cannot be written as an entry.
    pub fn visit(&mut self, member: MemberId) -> Outcome<()> {
        self.at_ms += 20_000;
        let fact = VisitRecorded {
            id: FactId::from_bytes(self.id()),
            member: Some(member),
            store: self.store,
            at_ms: self.at_ms,
            verdict: Verdict::Admit,
            reasons: Vec::new(),
            counted: true,
            pass: None,
            because: None,
            changes: Vec::new(),
            postings: Vec::new(),
            earned: None,
            by_rules: None,
            refers: None,
            private: None,
            approved_by: None,
        };
        self.say(Fact::VisitRecorded(fact), None)
    }

    /// Points for something bought.
    ///
    /// # Errors
    /// Where it cannot be written as an entry.
    pub fn earn(&mut self, member: MemberId) -> Outcome<()> {
        self.at_ms += 20_000;
        let lot = self.lot(ValueKind::Points, 500);
        let fact = PointsEarned {
            id: FactId::from_bytes(self.id()),
            member,
            store: self.store,
            at_ms: self.at_ms,
            amount_minor: lot.amount * 100,
            points_per_unit: 1,
            multiplier_percent: 100,
            earned: Some(Gain { lot, repaid: None, usable_ms: None }),
            by_rules: None,
            refers: None,
            approved_by: None,
        };
        self.say(Fact::PointsEarned(fact), None)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
