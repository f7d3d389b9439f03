//! A verdict with every alert on, decided without the store: a member with eight passes, each with
//! a history, and terms of every kind.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::{
    error::Error,
    hint::black_box,
    time::{Duration, Instant},
};

use punchcard_benches::Sample;
use punchcard_domain::{
    alerts::{Alert, Alerts, Level},
    classes::Booking,
    decide::{self, CheckIn, Desk, How, KnownMember, KnownPass, LastVisit},
    fact::Fact,
    ledger::{Account, Holding, Purse, ValueKind},
    member::CardState,
    records::{Business, Rules, Store},
    standing::{Change, ChangeOf},
    terms::{Hours, Length, Start, Terms, Unit},
    time::Day,
};
use punchcard_protocol::{FactId, LotId, MemberId, PassId, StoreId, StreamId, TillId};
use uuid::Uuid;

const NOON: i64 = 1_795_406_400_000;
const PASSES: u8 = 8;
const CHANGES: u8 = 12;
const BOOKINGS: i64 = 200;
const ROUNDS: u32 = 20_000;
const BAR: Duration = Duration::from_micros(200);

fn main() -> Result<(), Box<dyn Error>> {
    let known = CheckIn {
        member: Some((MemberId::from_bytes([3; 16]), file()?)),
        passes: (0..PASSES).map(pass).collect::<Result<_, _>>()?,
        last_visit: Some(LastVisit {
            at_ms: NOON - 9 * 60_000,
            store: Some(StoreId::from_bytes([7; 16])),
        }),
        points: Purse { debt: 500, ..Purse::default() },
        zone: Some("pool".into()),
        how: How::Scan,
        by_rules: None,
    };
    let (business, store, rules) = house();
    let mut times = Vec::new();
    let mut said = 0;
    let mut next = 0u128;
    for _ in 0..ROUNDS {
        let mut ids = || {
            next += 1;
            Uuid::from_u128(next)
        };
        let mut desk = Desk {
            now_ms: NOON,
            spend_ms: NOON,
            clock_behind: true,
            me: me(),
            trusted: true,
            business: &business,
            store: &store,
            rules: &rules,
            ids: &mut ids,
        };
        let began = Instant::now();
        let decided = decide::check_in(&mut desk, black_box(&known))?;
        let Fact::VisitRecorded(visit) = &decided.fact else {
            return Err("a check-in is a visit".into());
        };
        let mends = decide::mends(&desk, &known, visit);
        times.push(began.elapsed());
        said = visit.reasons.len();
        black_box(mends);
    }
    let sample = Sample::new(times);
    println!("a verdict with every alert on: {PASSES} passes, {said} reasons (bar: 0.2 ms)");
    let verdict = if sample.p99() <= BAR { "ok  " } else { "SLOW" };
    println!("{verdict} decide and mends       {}", sample.told());
    Ok(())
}

fn me() -> StreamId {
    StreamId { till: TillId::from_bytes([1; 16]), incarnation: 1 }
}

fn house() -> (Business, Store, Rules) {
    let business = Business {
        name: "Bench".into(),
        currency: "CNY".into(),
        currency_digits: 2,
        country: "CN".into(),
    };
    let store = Store {
        id: StoreId::from_bytes([9; 16]),
        name: "One".into(),
        time_zone: "Asia/Shanghai".into(),
        day_start_hour: 4,
    };
    // Everything is said and nothing refused, so that a way in is looked for to the end.
    let levels = Alert::ALL.into_iter().map(|alert| (alert, Level::Warn)).collect();
    let alerts = Alerts { levels, ..Alerts::default() };
    (business, store, Rules { alerts, ..Rules::default() })
}

fn file() -> Result<KnownMember, Box<dyn Error>> {
    Ok(KnownMember {
        banned: true,
        has_note: true,
        birthday: Some("2010-11-23".parse()?),
        multiplier_percent: 150,
        has_photo: false,
        has_contact: false,
        waiver: 0,
        card: Some(CardState::Lost),
        bookings: (0..BOOKINGS).map(|n| Booking::of(n * 86_400_000, 60)).collect(),
        ..KnownMember::default()
    })
}

/// One of a term, a pack, one that waits, and one that is frozen; each for other hours and doors.
fn pass(n: u8) -> Result<KnownPass, Box<dyn Error>> {
    let from: Day = "2026-01-01".parse()?;
    let waits = n % 4 == 2;
    let terms = Terms {
        length: Some(Length { unit: Unit::Year, count: 1 }),
        start: if waits { Start::FirstVisit } else { Start::Sale },
        weekdays: vec![2, 3, 4, 5],
        hours: vec![Hours { from: 360, to: 600 }, Hours { from: 1320, to: 120 }],
        stores: vec![StoreId::from_bytes([8; 16])],
        zones: vec!["gym".into()],
        class_only: true,
        grace_days: 7,
        freeze_days: 60,
        guests: 4,
        ..Terms::default()
    };
    let change = |k: u8| {
        let on = from.plus_days(i32::from(k) * 20);
        let change = match k % 4 {
            0 => Change::Frozen { from: on, until: on.plus_days(9) },
            1 => Change::Extended { days: 3 },
            2 => Change::Guest { on },
            _ => Change::Unfrozen { freezes: vec![FactId::from_bytes([k - 3; 16])], on },
        };
        ChangeOf { fact: FactId::from_bytes([k; 16]), change }
    };
    let holding = Holding {
        lot: LotId::from_bytes([n; 16]),
        kind: ValueKind::Visits,
        account: Account::Till(me()),
        amount: 2,
        expires_ms: None,
        owner: None,
        frozen: false,
    };
    Ok(KnownPass {
        id: PassId::from_bytes([n; 16]),
        name: format!("会籍 {n}"),
        from,
        until: (!waits).then(|| from.plus_days(330)),
        terms,
        changes: (0..CHANGES).map(change).collect(),
        visits: (n % 2 == 1).then(|| Purse { here: vec![holding], ..Purse::default() }),
    })
}
