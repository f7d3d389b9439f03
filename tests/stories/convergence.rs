//! Whatever the order, however often and in whatever batches entries come: the same tables.

use std::sync::Arc;

use proptest::{prelude::*, test_runner::TestRunner};
use punchcard_domain::{
    classes::Booking,
    earning::Part,
    effects::{OpenedPrivate, effects},
    fact::{
        ByRules, ClassBooked, Fact, FactVoided, Gain, KIND_VERSION, MemberChanged, MemberErased,
        MemberRegistered, MembersMerged, Pass, PassExtended, PassFrozen, PassGiven, PassUnfrozen,
        PointsAdjusted, PointsEarned, PointsRedeemed, PointsTransferred, RecordSet,
        ReferralRewarded, StreamVouched, ToppedUp,
    },
    ledger::{Account, Lot, Posting, ValueKind},
    member::{CardState, MemberPrivate},
    records::Reward,
    rewards::RewardTerms,
    terms::Terms,
    time::Day,
};
use punchcard_hub::store::{self, Store, changes::Changes, fold, tables};
use punchcard_protocol::{
    Draft, FactId, Hlc, Link, LotId, MemberId, PassId, PrivatePart, RecordId, StaffId, StoreId,
    StreamId, TillId, seal,
};
use punchcard_tests::{Shop, cluster};
use punchcard_till::replica::{Parcel, Replica};

/// One thing that one of three tills did to one of four members.
#[derive(Clone)]
struct Deed {
    till: u8,
    member: u8,
    what: u8,
    number: u8,
    /// How far the till's clock went on: 0 makes equal stamps on different tills likely.
    ticks: u64,
}

impl std::fmt::Debug for Deed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { till, member, what, number, ticks } = self;
        write!(f, "{till}/{member}/{what}/{number}/{ticks}")
    }
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = (0..3u8, 0..4u8, 0..19u8, 1..40u8, 0..3u64)
        .prop_map(|(till, member, what, number, ticks)| Deed { till, member, what, number, ticks });
    prop::collection::vec(deed, 1..60)
}

fn uuid(kind: u8, n: usize) -> [u8; 16] {
    let mut id = [kind; 16];
    id[8..].copy_from_slice(&(n as u64).to_be_bytes());
    id
}

fn stream(till: u8) -> StreamId {
    // The third till is the second life of the second.
    let (till, incarnation) = if till == 2 { (1, 2) } else { (till, 1) };
    StreamId { till: TillId::from_bytes([till + 1; 16]), incarnation }
}

fn day(n: u8) -> Day {
    let first: Day = "2026-01-01".parse().expect("a day");
    first.plus_days(i32::from(n))
}

/// Some by the owner's rules: with a second lot that can be used later, and the same rule twice.
fn by_rules(deed: &Deed, n: usize, first: Lot) -> Option<ByRules> {
    if n.is_multiple_of(2) {
        return None;
    }
    let amount = i64::from(deed.number);
    let part = |rule: u8, version, points| Part {
        rule: RecordId::from_bytes([rule; 16]),
        version,
        points,
    };
    let lot = Lot { id: LotId::from_bytes(uuid(5, usize::from(deed.number % 4))), ..first };
    Some(ByRules {
        parts: vec![part(1, 1, amount), part(2, 3, amount), part(1, 2, 1)],
        more: vec![Gain { lot, repaid: None, usable_ms: Some(amount) }],
        lines: Vec::new(),
    })
}

/// One of four cards.
fn card(n: u8) -> String {
    (7 + n % 4).to_string()
}

/// The fact that a deed leaves; whether it makes sense is not folding's business.
fn fact(deed: &Deed, n: usize) -> (Fact, Option<MemberPrivate>) {
    let id = FactId::from_bytes(uuid(1, n));
    let member = MemberId::from_bytes([deed.member + 1; 16]);
    let me = stream(deed.till);
    let store = StoreId::from_bytes([9; 16]);
    let lot = LotId::from_bytes(uuid(2, usize::from(deed.number)));
    let amount = i64::from(deed.number);
    let posting =
        |from, to| Posting { lot, kind: ValueKind::Points, from, to, amount, owner: None };
    let text = |text: &str| Some(format!("{text}{}", deed.number));
    let fact = match deed.what {
        0 => Fact::MemberRegistered(MemberRegistered {
            id,
            member,
            tier: None,
            home_store: store,
            joined_ms: Some(amount),
            opening: vec![],
            passes: vec![],
            private: None,
        }),
        1 => Fact::MemberChanged(MemberChanged {
            id,
            member,
            tier: Some(Some(RecordId::from_bytes([deed.number; 16]))),
            private: None,
            approved_by: None,
        }),
        2 => Fact::MemberChanged(MemberChanged {
            id,
            member,
            tier: None,
            private: None,
            approved_by: None,
        }),
        3 => {
            let own = LotId::from_bytes(uuid(3, n));
            let lot = Lot {
                id: own,
                kind: ValueKind::Points,
                amount,
                to: Account::Till(me),
                expires_ms: None,
            };
            Fact::PointsEarned(PointsEarned {
                id,
                member,
                store,
                at_ms: amount,
                amount_minor: amount,
                points_per_unit: 1,
                multiplier_percent: 100,
                earned: Some(Gain { lot, repaid: None, usable_ms: None }),
                by_rules: by_rules(deed, n, lot),
                refers: None,
                approved_by: None,
            })
        }
        4 => Fact::PointsRedeemed(PointsRedeemed {
            id,
            member,
            store,
            at_ms: amount,
            reward: RecordId::from_bytes([4; 16]),
            reward_name: "毛巾".into(),
            points: amount,
            money_off_minor: 0,
            postings: vec![posting(Account::Till(me), Account::Spent(me))],
            money_minor: 0,
            on_trust: amount % 3,
            code_step: n.is_multiple_of(2).then_some(9),
            voucher: None,
            approved_by: None,
        }),
        5 => Fact::FactVoided(FactVoided {
            id,
            target: FactId::from_bytes(uuid(1, usize::from(deed.number))),
            member: Some(member),
            at_ms: amount,
            postings: vec![posting(Account::Spent(me), Account::Till(me))],
            lots: vec![],
            take_back: vec![],
            debt: -amount,
            points: 0,
            approved_by: None,
        }),
        6 => Fact::RewardSet(RecordSet {
            id,
            record: Reward {
                id: RecordId::from_bytes([deed.number % 3; 16]),
                name: format!("奖品{n}"),
                cost: amount,
                minor_per_point: 0,
                active: true,
                terms: RewardTerms::default(),
            },
            private: None,
        }),
        8 => Fact::PassFrozen(PassFrozen {
            id,
            member,
            pass: PassId::from_bytes(uuid(5, usize::from(deed.number))),
            at_ms: amount,
            from: day(deed.number),
            until: day(deed.number + 9),
            approved_by: None,
        }),
        9 => Fact::PassExtended(PassExtended {
            id,
            member,
            pass: PassId::from_bytes(uuid(5, usize::from(deed.number))),
            at_ms: amount,
            days: u32::from(deed.number),
            private: None,
            approved_by: None,
        }),
        10 => Fact::PassGiven(PassGiven {
            id,
            member,
            pass: Pass {
                id: PassId::from_bytes(uuid(5, n)),
                name: "年卡".into(),
                pass_type: None,
                from: day(1),
                until: Some(day(deed.number)),
                visits: None,
                terms: Terms { freeze_days: u32::from(deed.number), ..Terms::default() },
                before: None,
            },
            price_minor: 0,
            price_percent: None,
            transferred: None,
            approved_by: None,
        }),
        11 => Fact::PassUnfrozen(PassUnfrozen {
            id,
            member,
            pass: PassId::from_bytes(uuid(5, usize::from(deed.number))),
            at_ms: amount,
            freezes: vec![FactId::from_bytes(uuid(1, usize::from(deed.number)))],
            on: day(deed.number + 3),
            approved_by: None,
        }),
        12 => Fact::PointsAdjusted(PointsAdjusted {
            id,
            member,
            store,
            at_ms: amount,
            points: -amount,
            earned: None,
            postings: vec![posting(Account::Till(me), Account::Spent(me))],
            private: None,
            approved_by: None,
        }),
        13 => {
            let into = LotId::from_bytes(uuid(6, n));
            let to = Account::Till(me);
            let lot =
                Lot { id: into, kind: ValueKind::Points, amount, to, expires_ms: Some(amount) };
            Fact::PointsTransferred(PointsTransferred {
                id,
                member,
                store,
                at_ms: amount,
                points: amount,
                other: MemberId::from_bytes([deed.number + 1; 16]),
                counterpart: FactId::from_bytes(uuid(1, usize::from(deed.number))),
                postings: vec![],
                gains: vec![Gain {
                    lot,
                    repaid: Some(Posting { lot: into, ..posting(to, Account::Spent(me)) }),
                    usable_ms: None,
                }],
                approved_by: None,
            })
        }
        // Merged, and parted: whatever is said last.
        17 => Fact::MembersMerged(MembersMerged {
            id,
            kept: MemberId::from_bytes([deed.number % 4 + 1; 16]),
            gone: member,
            approved_by: None,
        }),
        14 | 15 => {
            let into = LotId::from_bytes(uuid(7, n));
            let to = Account::Till(me);
            let lot = Lot { id: into, kind: ValueKind::Points, amount, to, expires_ms: None };
            let earned = Some(Gain { lot, repaid: None, usable_ms: None });
            let by_rules = by_rules(deed, n, lot);
            if deed.what == 14 {
                let value = LotId::from_bytes(uuid(8, n));
                let value = Lot { id: value, kind: ValueKind::Money, ..lot };
                let (at_ms, private, approved_by) = (amount, None, None);
                Fact::ToppedUp(ToppedUp {
                    id,
                    member,
                    store,
                    at_ms,
                    value,
                    earned,
                    by_rules,
                    private,
                    approved_by,
                })
            } else {
                Fact::ReferralRewarded(ReferralRewarded {
                    id,
                    member,
                    store,
                    at_ms: amount,
                    of: MemberId::from_bytes([deed.number + 1; 16]),
                    cause: FactId::from_bytes(uuid(1, usize::from(deed.number))),
                    earned,
                    by_rules: by_rules.unwrap_or_default(),
                })
            }
        }
        18 => Fact::ClassBooked(ClassBooked {
            id,
            member,
            store,
            at_ms: amount,
            class: Booking::of(amount, u32::from(deed.number) + 1),
            private: None,
            approved_by: None,
        }),
        16 => Fact::MemberErased(MemberErased { id, member, at_ms: amount, approved_by: None }),
        _ => Fact::StreamVouched(StreamVouched {
            id,
            takes_over: if deed.till == 2 { vec![stream(1)] } else { vec![] },
            by: StaffId::from_bytes([5; 16]),
        }),
    };
    let private = match deed.what {
        0 => Some(MemberPrivate {
            name: text("李"),
            phone: text("+86138000000"),
            cards: Some(vec!["7".into()]),
            ..MemberPrivate::default()
        }),
        12 => Some(MemberPrivate { note: text("因"), ..MemberPrivate::default() }),
        // All cards at once, as it was once said.
        1 => Some(MemberPrivate {
            cards: Some((7..7 + deed.number % 3).map(|card| card.to_string()).collect()),
            ..MemberPrivate::default()
        }),
        2 => Some(MemberPrivate {
            name: (deed.number.is_multiple_of(2)).then(|| "王堃".into()),
            note: text("n"),
            phone_code: text("GEZDGNBV"),
            card_states: [
                (card(deed.number), None),
                (card(deed.number + 1), Some(CardState::Lost)),
                (card(deed.number / 2), Some(CardState::Moved)),
            ]
            .into(),
            cards_off: [card(deed.number / 3)].into(),
            ..MemberPrivate::default()
        }),
        _ => None,
    };
    (fact, private)
}

/// What the three tills wrote.
fn journals(deeds: &[Deed]) -> Vec<Parcel> {
    let mut last = [Link::START; 3];
    let mut hlc = [1_000u64 << 16; 3];
    deeds
        .iter()
        .enumerate()
        .map(|(n, deed)| {
            let at = usize::from(deed.till);
            hlc[at] += deed.ticks + 1;
            let (mut fact, private) = fact(deed, n);
            let private = private.map(|private| PrivatePart {
                salt: [deed.number; 16],
                bytes: serde_json::to_vec(&private).expect("JSON"),
            });
            if let (Some(part), Some(named)) = (&private, fact.private_mut()) {
                *named = Some(part.commitment());
            }
            let draft = Draft {
                kind: fact.kind(),
                kind_version: KIND_VERSION,
                staff: StaffId::from_bytes([5; 16]),
                wall_ms: 0,
                payload: fact.to_payload().expect("JSON"),
                salt: [7; 16],
            };
            let entry =
                seal(stream(deed.till), last[at].seq + 1, last[at].hash, Hlc(hlc[at]), draft)
                    .expect("short");
            last[at] = Link { seq: last[at].seq + 1, hash: entry.hash() };
            Parcel { entry, private }
        })
        .collect()
}

/// A digest of all tables, and whom each card finds.
fn digest(batches: &[Vec<Parcel>]) -> (String, Vec<(String, MemberId)>) {
    let mut replica = Replica::new().expect("in memory");
    for batch in batches {
        replica.take_in(batch).expect("whole entries");
    }
    let parts = replica.parts_of_erased().expect("it answers");
    assert_eq!(parts, 0, "whoever was erased has no private part, in any order");
    (replica.digest().expect("a digest"), replica.cards().expect("it answers"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_any_batches_any_repetition(
        deeds in deeds(),
        order in any::<prop::sample::Index>(),
        shuffle in prop::collection::vec(any::<u64>(), 60),
        cuts in prop::collection::vec(1..9usize, 60),
        again in prop::collection::vec(any::<bool>(), 60),
    ) {
        let parcels = journals(&deeds);
        let straight = digest(std::slice::from_ref(&parcels));
        let mut mixed: Vec<(u64, Parcel)> = parcels.iter().cloned().enumerate()
            .map(|(n, parcel)| (shuffle[n].wrapping_add(order.index(97) as u64), parcel))
            .collect();
        mixed.sort_by_key(|(key, _)| *key);
        let mut batches = Vec::new();
        let mut rest: &[(u64, Parcel)] = &mixed;
        for (n, cut) in cuts.iter().enumerate() {
            let (batch, left) = rest.split_at((*cut).min(rest.len()));
            batches.push(batch.iter().map(|(_, parcel)| parcel.clone()).collect::<Vec<_>>());
            if again[n] {
                batches.push(parcels.iter().take(*cut).cloned().collect());
            }
            rest = left;
        }
        batches.push(rest.iter().map(|(_, parcel)| parcel.clone()).collect());
        prop_assert_eq!(digest(&batches), straight);
    }
}

/// The hub's tables after these batches, each of them folded at once, and whom each card finds there.
/// Nothing of it is kept.
fn folded_by_hub(store: &dyn Store, batches: &[&[Parcel]]) -> (String, Vec<(String, MemberId)>) {
    let mut session = store.write().expect("a transaction");
    for batch in batches {
        let mut changes = Changes::default();
        for Parcel { entry, private } in *batch {
            let header = entry.check().expect("whole");
            let fact = Fact::from_payload(header.kind, header.kind_version, &entry.payload);
            let fact = fact.expect("ours").expect("known");
            let private = private.as_ref().map(|part| part.bytes.as_slice());
            let opened = OpenedPrivate::read(&fact, private).expect("ours");
            for effect in effects(&fact, &opened.as_private(), header.stream) {
                changes.add(&header, effect);
            }
        }
        fold::apply(&mut *session, &changes).expect("folded");
    }
    let digest = tables::whole(&mut *session).expect("a digest").to_string();
    let mut cards = Vec::new();
    let found = session.query("SELECT key, member FROM member_key", &[], &mut |row| {
        if let Some(card) = row[0].text()?.strip_prefix('c') {
            cards.push((card.to_owned(), MemberId::from_bytes(row[1].exactly()?)));
        }
        Ok(())
    });
    found.expect("it answers");
    cards.sort();
    (digest, cards)
}

/// What a batch changes is added up before any of it is written: that must give what its entries give one
/// after the other, and what they give at a till.
#[test]
fn a_hub_that_folds_a_batch_at_once_has_the_tables_of_one_that_folds_entry_by_entry() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let sqlite = format!("sqlite:{}", dir.path().join("hub.db").display());
    let stores: [Arc<dyn Store>; 2] = [sqlite, cluster::shared().fresh_database()]
        .map(|url| store::open(&url).expect("it opens"));
    let config =
        ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() };
    let batches = (deeds(), 2..9usize);
    let outcome = TestRunner::new(config).run(&batches, |(deeds, cut)| {
        let parcels = journals(&deeds);
        let at_a_till = digest(std::slice::from_ref(&parcels));
        for store in &stores {
            for most in [parcels.len(), cut, 1] {
                let batches: Vec<&[Parcel]> = parcels.chunks(most).collect();
                prop_assert_eq!(&folded_by_hub(&**store, &batches), &at_a_till, "{} at once", most);
            }
        }
        Ok(())
    });
    outcome.expect("the same tables");
}

#[test]
fn a_replica_of_a_real_day_has_the_tills_own_digest() {
    let shop = Shop::new();
    let owner = shop.owner();
    punchcard_till::demo::fill(shop.till(), &owner).expect("a demo shop");
    let mut parcels = shop.till().parcels().expect("entries");
    let own = shop.till().digest().expect("a digest").0;
    assert_eq!(digest(std::slice::from_ref(&parcels)).0, own);
    parcels.reverse();
    let batches: Vec<Vec<Parcel>> = parcels.chunks(7).map(<[Parcel]>::to_vec).collect();
    assert_eq!(digest(&batches).0, own);
}

#[test]
fn a_rebuild_changes_nothing() {
    let shop = Shop::new();
    punchcard_till::demo::fill(shop.till(), &shop.owner()).expect("a demo shop");
    let (before, after) = shop.till().rebuild().expect("rebuilt");
    assert_eq!(before, after);
    shop.verify();
}

#[test]
fn another_entry_at_the_same_place_is_a_fork_and_is_said() {
    let deed = |number| Deed { till: 0, member: 0, what: 3, number, ticks: 1 };
    let (one, other) = (journals(&[deed(5)]), journals(&[deed(6)]));
    let mut replica = Replica::new().expect("in memory");
    replica.take_in(&one).expect("whole");
    let error = replica.take_in(&other).expect_err("a fork");
    assert!(error.to_string().contains("fork"), "{error}");
}
