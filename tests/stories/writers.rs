//! Thirty-two writers at once, through several hubs on one database: every push is answered, what was
//! acknowledged is there once, and whoever reads on sees no position before the one below it.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    thread,
};

use punchcard_domain::fact::{Fact, MemberRegistered, StreamOpened};
use punchcard_hub::{
    Hub, Weak,
    store::{self, Store},
};
use punchcard_protocol::{
    Draft, FactId, Header, Hlc, Link, MemberId, StaffId, StoreId, StreamId, StreamKey, TillId,
    seal,
    sync::{EnrolRequest, OLDEST_PROTOCOL, PROTOCOL, Packet, Push, Window},
};
use punchcard_tests::{NOON, cluster};
use uuid::Uuid;

/// Who writes at once.
const WRITERS: u8 = 32;
/// Hubs that they write through.
const HUBS: usize = 8;
/// How often each of them pushes.
const PUSHES: u32 = 12;
/// Entries in one push.
const ENTRIES: u32 = 5;

/// Takes a journal's place in the log, entry by entry.
pub(crate) struct Writer {
    stream: StreamId,
    key: StreamKey,
    store: StoreId,
    link: Link,
}

impl Writer {
    /// A till that joins, as any other; it brings a business where the hub has none.
    pub(crate) fn join(hub: &Hub, n: u8, has_business: bool) -> Self {
        let writer = Self {
            stream: StreamId { till: TillId(Uuid::now_v7()), incarnation: 1 },
            key: StreamKey::from_seed(&[n; 32]),
            store: StoreId(Uuid::now_v7()),
            link: Link::START,
        };
        let code = hub.pair(None).expect("a code").0.shown();
        let ask = EnrolRequest {
            code,
            stream: writer.stream,
            public_key: hex::encode(writer.key.public()),
            protocol: Window { min: OLDEST_PROTOCOL, max: PROTOCOL },
            name: format!("{n}"),
            store: Some(writer.store),
            has_business,
            earlier: Vec::new(),
            before: None,
        };
        hub.enrol(&ask).expect("it joins");
        writer
    }

    /// Whose journal it is.
    pub(crate) fn stream(&self) -> StreamId {
        self.stream
    }

    fn packet(&mut self, fact: &Fact) -> Packet {
        let seq = self.link.seq + 1;
        let draft = Draft {
            kind: fact.kind(),
            kind_version: 1,
            staff: StaffId(Uuid::nil()),
            wall_ms: NOON,
            payload: fact.to_payload().expect("JSON"),
            salt: [7; 16],
        };
        let hlc = Hlc(Hlc::at(NOON).0 + seq);
        let entry = seal(self.stream, seq, self.link.hash, hlc, draft).expect("short");
        self.link = Link { seq, hash: entry.hash() };
        Packet::of(&entry, None).expect("UTF-8")
    }

    /// Some members, or the journal's beginning.
    fn next(&mut self) -> Vec<Packet> {
        if self.link.seq == 0 {
            let opened = StreamOpened {
                id: FactId(Uuid::now_v7()),
                public_key: hex::encode(self.key.public()),
                reason: "new".into(),
                previous: None,
            };
            return vec![self.packet(&Fact::StreamOpened(opened))];
        }
        let packets = (0..ENTRIES).map(|_| {
            let member = MemberRegistered {
                id: FactId(Uuid::now_v7()),
                member: MemberId(Uuid::now_v7()),
                tier: None,
                home_store: self.store,
                joined_ms: None,
                opening: Vec::new(),
                passes: Vec::new(),
                private: None,
            };
            self.packet(&Fact::MemberRegistered(member))
        });
        packets.collect()
    }

    /// Pushes; returns what was acknowledged, or why nothing was.
    pub(crate) fn push(&mut self, hub: &Hub) -> Result<u64, String> {
        let packets = self.next();
        let head = self.key.sign(self.stream, self.link);
        let answer = hub.push(self.stream, &Push { head, packets });
        let answer = answer.map_err(|error| error.to_string())?;
        match answer.quarantined.as_slice() {
            [] => Ok(answer.acked.seq),
            kept_back => Err(format!("kept back: {kept_back:?}")),
        }
    }
}

/// Reads on until everybody has written; what it sees out of turn.
fn tail(store: &dyn Store, done: &AtomicBool, wrong: &mut Vec<String>) {
    let mut last = 0;
    loop {
        let ends = done.load(Ordering::SeqCst);
        let mut session = store.read().expect("it answers");
        let sql = "SELECT position FROM log WHERE position > $1 ORDER BY position";
        for row in session.rows(sql, &[last.into()]).expect("it answers") {
            let position = row[0].int().expect("a number");
            if position != last + 1 {
                wrong.push(format!("position {position} is seen after {last}"));
            }
            last = position;
        }
        if ends {
            break;
        }
    }
}

/// Everybody writes at once; returns what does not hold.
fn run(url: &str, weak: Weak) -> Vec<String> {
    let hubs: Vec<Arc<Hub>> = (0..HUBS)
        .map(|_| {
            let store = store::open_without(url, weak).expect("it opens");
            let ticks = AtomicI64::new(NOON);
            let clock = Arc::new(move || ticks.fetch_add(1, Ordering::Relaxed));
            Arc::new(Hub::open_without(store, clock, weak).expect("a hub"))
        })
        .collect();
    let writers: Vec<Writer> = (1..=WRITERS).map(|n| Writer::join(&hubs[0], n, true)).collect();
    let reader = store::open(url).expect("it opens");
    let done = AtomicBool::new(false);
    let mut wrong = Vec::new();
    let mut acked = Vec::new();
    thread::scope(|scope| {
        let tailing = scope.spawn(|| {
            let mut wrong = Vec::new();
            tail(&*reader, &done, &mut wrong);
            wrong
        });
        let writing: Vec<_> = writers
            .into_iter()
            .zip(hubs.iter().cycle())
            .map(|(mut writer, hub)| {
                scope.spawn(move || {
                    let pushed: Result<Vec<u64>, String> =
                        (0..PUSHES).map(|_| writer.push(hub)).collect();
                    (writer.stream, pushed)
                })
            })
            .collect();
        for writer in writing {
            match writer.join().expect("no panic") {
                (stream, Ok(pushed)) => acked.push((stream, pushed.last().copied().unwrap_or(0))),
                (stream, Err(error)) => wrong.push(format!("{stream}: {error}")),
            }
        }
        done.store(true, Ordering::SeqCst);
        wrong.extend(tailing.join().expect("no panic"));
    });
    wrong.extend(looked_at(&*reader, &acked));
    let report = hubs[0].verify().expect("it answers");
    wrong.extend(report.problems);
    wrong
}

/// Whether positions have no gap, and what was acknowledged is there.
fn looked_at(store: &dyn Store, acked: &[(StreamId, u64)]) -> Vec<String> {
    let mut session = store.read().expect("it answers");
    let rows = session.rows("SELECT position, header FROM log ORDER BY position", &[]);
    let rows = rows.expect("it answers");
    let mut wrong = Vec::new();
    let mut there = BTreeSet::new();
    for (row, expected) in rows.iter().zip(1..) {
        let position = row[0].int().expect("a number");
        if position != expected {
            wrong.push(format!("position {position} where {expected} should be"));
            break;
        }
        let header = Header::from_bytes(row[1].bytes().expect("bytes")).expect("whole");
        there.insert((header.stream, header.seq));
    }
    for (stream, seq) in acked {
        let missing = (1..=*seq).find(|seq| !there.contains(&(*stream, *seq)));
        wrong.extend(missing.map(|seq| format!("{stream}: {seq} was acknowledged and is gone")));
    }
    wrong
}

#[test]
fn thirty_two_writers_on_one_postgresql_lose_nothing() {
    let wrong = run(&cluster::shared().fresh_database(), Weak::default());
    assert_eq!(wrong, Vec::<String>::new());
    println!("{WRITERS} writers through {HUBS} hubs, {PUSHES} pushes each: nothing wrong");
}

#[test]
fn without_the_row_lock_they_are_seen_to_fail() {
    let weak = Weak { no_row_lock: true, ..Weak::default() };
    let wrong = run(&cluster::shared().fresh_database(), weak);
    assert!(!wrong.is_empty(), "nobody misses the row lock");
    println!("{} things wrong, the first: {}", wrong.len(), wrong[0]);
}
