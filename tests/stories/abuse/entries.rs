//! What a genuine till signs that no honest one would: numbers that are none, in every place of
//! every fact; and tables that somebody changed who has the key.

use std::path::Path;

use punchcard_domain::{
    fact::{Fact, MemberRegistered},
    money::MAX_AMOUNT,
};
use punchcard_protocol::{MemberId, StreamId};
use punchcard_tests::{NOON, Shop, business::Engine, id, on_both_engines};
use serde_json::{Value, json};

use crate::scribe::{Scribe, fresh, stocked};

on_both_engines!(
    no_number_of_a_fact_breaks_a_hub_or_a_desk,
    sums_that_no_number_holds_are_kept_back,
    a_table_of_the_hub_that_somebody_changed_is_noticed,
);

/// Every kind of fact that a till may write, each in order.
fn every_kind(scribe: &Scribe, member: MemberId) -> Vec<(u16, Value)> {
    let me = scribe.stream;
    let store = scribe.store;
    let till = json!({ "till": me });
    let lot = |kind: &str| {
        json!({"id": fresh(), "kind": kind, "amount": 5, "to": till,
        "expires_ms": NOON + 1_000_000})
    };
    let post = |from: Value, to: Value| {
        json!({"lot": fresh(), "kind": "points", "from": from,
        "to": to, "amount": 5})
    };
    let spend = || post(till.clone(), json!({"spent": me}));
    let pass = || {
        json!({"id": fresh(), "name": "x", "pass_type": fresh(), "from": "2026-11-23",
        "until": "2026-12-23", "visits": lot("visits")})
    };
    let gain = || json!({"lot": lot("points"), "repaid": null});
    vec![
        (
            12,
            json!({"id": fresh(), "record": {"points_per_unit": 1, "points_per_visit": 5,
            "rounding": "half_up", "points_expire_months": 24, "seen_again_hours": 6,
            "expires_soon_days": 14, "few_visits": 2, "pass_required": true, "trust_limit": 0,
            "rest_percent": 50, "undo_secs": 10}}),
        ),
        (
            13,
            json!({"id": fresh(), "record": {"id": fresh(), "name": "x", "multiplier_percent": 100}}),
        ),
        (
            14,
            json!({"id": fresh(), "record": {"id": fresh(), "name": "x", "cost": 5,
            "minor_per_point": 1, "active": true}}),
        ),
        (
            15,
            json!({"id": fresh(), "record": {"id": fresh(), "name": "x", "days": 5, "visits": 5,
            "price_minor": 5, "active": true}}),
        ),
        (
            20,
            json!({"id": fresh(), "member": fresh(), "home_store": store, "joined_ms": 5,
            "opening": [lot("points"), lot("money")], "passes": [pass()]}),
        ),
        (30, json!({"id": fresh(), "member": member, "pass": pass(), "price_minor": 5})),
        (
            40,
            json!({"id": fresh(), "member": member, "store": store, "at_ms": NOON,
            "verdict": "admit", "reasons": [], "counted": true, "pass": fresh(),
            "postings": [spend()], "earned": gain()}),
        ),
        (
            50,
            json!({"id": fresh(), "member": member, "store": store, "at_ms": NOON,
            "amount_minor": 500, "points_per_unit": 1, "multiplier_percent": 100,
            "earned": gain()}),
        ),
        (
            51,
            json!({"id": fresh(), "member": member, "store": store, "at_ms": NOON,
            "reward": fresh(), "reward_name": "x", "points": 5, "money_off_minor": 5,
            "postings": [spend(), spend()], "on_trust": 5}),
        ),
        (
            52,
            json!({"id": fresh(), "member": member, "at_ms": NOON,
            "postings": [post(till.clone(), json!("expired")), post(till.clone(), json!("expired"))]}),
        ),
        (
            55,
            json!({"id": fresh(), "member": member, "at_ms": NOON, "lot": fresh(),
            "postings": [spend()], "debt": 5}),
        ),
        (
            56,
            json!({"id": fresh(), "member": member, "at_ms": NOON, "postings": [spend()],
            "amount": 5}),
        ),
        (
            60,
            json!({"id": fresh(), "target": fresh(), "member": member, "at_ms": NOON,
            "postings": [spend()], "lots": [lot("points")],
            "take_back": [{"lot": fresh(), "spent": [{"stream": me, "amount": 5}]}],
            "debt": 5, "points": 5}),
        ),
    ]
}

/// The places of all numbers in a value.
fn numbers(value: &Value, place: &str, found: &mut Vec<String>) {
    match value {
        Value::Number(_) => found.push(place.to_owned()),
        Value::Array(items) => {
            for (n, item) in items.iter().enumerate() {
                numbers(item, &format!("{place}/{n}"), found);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                numbers(field, &format!("{place}/{name}"), found);
            }
        }
        _ => {}
    }
}

/// What a desk writes beyond these is no amount, no price, no setting and no moment.
fn must_be_kept_back(place: &str, odd: &Value) -> bool {
    let Some(number) = odd.as_i64() else { return true };
    let name = place.rsplit('/').next().unwrap_or_default();
    // When a lot runs out and when somebody joined are moments of the past or the future, and are
    // only compared; a rule's terms of an earning are compared with what rules there were.
    let compared = ["expires_ms", "joined_ms", "points_per_unit", "multiplier_percent"];
    if compared.contains(&name) && !place.starts_with("/record") {
        return false;
    }
    let signed = ["debt", "points", "on_trust"].contains(&name) || place == "/amount";
    match number {
        i64::MIN | i64::MAX => true,
        _ if number > MAX_AMOUNT => name != "at_ms" || number >= 1 << 48,
        _ => number < 0 && !signed,
    }
}

fn no_number_of_a_fact_breaks_a_hub_or_a_desk(engine: Engine) {
    let (business, first, second, member, reward) = stocked(engine);
    let mut scribe = Scribe::join(&business);
    let odd = [
        json!(i64::MIN),
        json!(i64::MIN + 1),
        json!(-MAX_AMOUNT - 1),
        json!(-1),
        json!(MAX_AMOUNT + 1),
        json!(i64::MAX - 1),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(0.5),
        json!(1e308),
        json!("NaN"),
        json!("5"),
        json!([]),
        json!({}),
    ];
    let (mut packets, mut expected) = (Vec::new(), Vec::new());
    let kinds = every_kind(&scribe, id(&member)).len();
    for at in 0..kinds {
        let mut places = Vec::new();
        numbers(&every_kind(&scribe, id(&member))[at].1, "", &mut places);
        for place in places {
            for odd in &odd {
                let (kind, mut payload) = every_kind(&scribe, id(&member)).swap_remove(at);
                *payload.pointer_mut(&place).expect("it was found there") = odd.clone();
                packets.push(scribe.packet(kind, 1, &payload));
                expected.push((scribe.link.seq, kind, place.clone(), odd.clone()));
            }
        }
    }
    let mut kept = std::collections::BTreeSet::new();
    for (some, told) in packets.chunks(300).zip(expected.chunks(300)) {
        let last = punchcard_protocol::Link {
            seq: told.last().expect("not empty").0,
            hash: crate::scribe::hash_of(some.last().expect("not empty")),
        };
        kept.extend(scribe.push_up_to(last, some.to_vec()).expect("the queue goes on").quarantined);
    }
    let missed: Vec<_> = expected
        .iter()
        .filter(|(seq, _, place, odd)| must_be_kept_back(place, odd) && !kept.contains(seq))
        .map(|(_, kind, place, odd)| format!("{kind} {place} = {odd}"))
        .collect();
    assert!(missed.is_empty(), "{} taken in: {missed:#?}", missed.len());
    println!("{} of {} kept back", kept.len(), expected.len());
    assert!(kept.len() < expected.len(), "some are only strange");

    // Whatever was taken in, every desk goes on, and spends what it has.
    first.sync();
    second.sync();
    for desk in [&first, &second] {
        let (till, owner) = (desk.till(), desk.owner());
        till.day(&owner, None, true).expect("a day");
        till.member(&owner, id(&member)).expect("a file");
        till.rewards(&owner, id(&member)).expect("a list");
        till.find(&owner, "王堃", 10).expect("a list");
        till.recent(&owner).expect("a list");
    }
    assert_eq!(first.points(&member).1, 500);
    first.redeem(&member, &reward, false).expect("what it has");
    second.earn(&member, "3.00");
    for desk in [&first, &second] {
        desk.sync();
    }
    let third = business.desk("第三", None);
    third.sync();
    assert_eq!(third.points(&member).1, 0);
}

/// Two thousand times the largest amount there is, all in one lot: no number holds that. What a
/// number holds is taken in (and frozen), the rest is kept back, and everybody folds what there is.
fn sums_that_no_number_holds_are_kept_back(engine: Engine) {
    let (business, first, second, member, reward) = stocked(engine);
    let mut scribe = Scribe::join(&business);
    let lot = scribe.lot(MAX_AMOUNT);
    let mut taken = 0;
    for _ in 0..5 {
        let mut packets = Vec::new();
        for _ in 0..400 {
            let Fact::MemberRegistered(file) = scribe.registered(vec![lot], None) else {
                unreachable!("it was made so")
            };
            let again = MemberRegistered { member: id(&member), ..file };
            packets.push(scribe.fact(&Fact::MemberRegistered(again), None));
        }
        let kept = scribe.push(packets).expect("the queue goes on").quarantined.len();
        taken += 400 - kept;
    }
    assert_eq!(taken, 128, "2^60 / 2^53");
    first.redeem(&member, &reward, false).expect("what it has");
    second.earn(&member, "3.00");
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&member).1, 400);
    // One fact with a thousand postings of the largest amount is looked at too.
    let mut other = Scribe::join(&business);
    let me: StreamId = other.stream;
    let posting = json!({"lot": fresh(), "kind": "points", "from": {"till": me},
        "to": "expired", "amount": i64::MAX});
    let payload = json!({"id": fresh(), "member": member, "at_ms": NOON,
        "postings": vec![posting; 900]});
    let packet = other.packet(52, 1, &payload);
    assert_eq!(other.push(vec![packet]).expect("looked at").quarantined.len(), 1);
}

/// Opens a store as somebody would who has its key.
fn with_the_key(folder: &Path) -> rusqlite::Connection {
    let keys = std::fs::read_to_string(folder.join("keys.json")).expect("in a file");
    let keys: Value = serde_json::from_str(&keys).expect("JSON");
    let key = keys["db_key"].as_str().expect("a key");
    let db = rusqlite::Connection::open(folder.join("till.db")).expect("it opens");
    db.pragma_update(None, "cipher_default_hmac_algorithm", "HMAC_SHA256").expect("known");
    db.pragma_update(None, "key", format!("x'{key}'")).expect("a key");
    db
}

/// Makes 500 points of a member 9,500 at a hub, so that all still adds up.
const RICHER_AT_THE_HUB: &str = "UPDATE account SET amount = CASE account WHEN 1 THEN amount + 9000
                                 ELSE amount - 9000 END WHERE account IN (0, 1)";
/// The same at a till, where accounts lie among what else there is of a member.
const RICHER: &str = "UPDATE of_member SET amount = CASE account WHEN 1 THEN amount + 9000
                      ELSE amount - 9000 END WHERE part = 0 AND account IN (0, 1)";

/// Alone, a store whose balance somebody changed is seen by its check of the ledger. Where all was
/// made to add up it is not; but the tables can be made anew from the journal, and what is there
/// then is what was written at the desk.
#[test]
fn a_balance_that_somebody_changed_is_found() {
    let mut shop = Shop::new();
    let member = shop.member("林知夏", 1).brief.id;
    shop.earn(&member, "500");
    for (change, clumsy) in
        [("UPDATE of_member SET amount = amount + 9000 WHERE account = 1", true), (RICHER, false)]
    {
        shop.close();
        let db = with_the_key(&shop.folder());
        assert_eq!(db.execute(change, []).expect("it can be written"), if clumsy { 1 } else { 2 });
        drop(db);
        shop.reopen();
        assert_eq!(shop.points(&member).1, 9_500, "as it was made to be");
        let found = shop.till().verify().expect("it can be read");
        assert_eq!(found.ok, !clumsy, "{change}");
        let (before, after) = shop.till().rebuild().expect("rebuilt");
        assert_ne!(before, after);
        assert_eq!(shop.points(&member), (500, 500, 0));
        shop.verify();
    }
}

/// With a hub, the next sync compares tables: the changed ones are made anew, and it is said.
#[test]
fn a_balance_that_somebody_changed_does_not_outlive_a_sync() {
    let (business, mut first, second, member, _) = stocked(Engine::Sqlite);
    first.close();
    let db = with_the_key(&first.folder);
    assert_eq!(db.execute(RICHER, []).expect("it can be written"), 2);
    drop(db);
    first.reopen();
    assert_eq!(first.points(&member).1, 9_500, "as it was made to be");
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&member), (500, 500, 0));
    assert!(first.notices().contains(&"rebuilt".to_owned()), "{:?}", first.notices());
}

/// An entry that somebody changed, or took out, breaks the chain: `verify` says where.
#[test]
fn an_entry_that_somebody_changed_is_found() {
    for change in [
        "UPDATE entry SET payload =
         CAST(replace(CAST(payload AS TEXT), '\"amount\":500', '\"amount\":900') AS BLOB)",
        "DELETE FROM entry WHERE id = (SELECT max(id) - 1 FROM entry)",
        "DELETE FROM entry WHERE id = (SELECT max(id) FROM entry)",
    ] {
        let mut shop = Shop::new();
        let member = shop.member("林知夏", 1).brief.id;
        shop.earn(&member, "500");
        shop.earn(&member, "1");
        shop.close();
        let db = with_the_key(&shop.folder());
        db.pragma_update(None, "foreign_keys", false).expect("known");
        assert!(db.execute(change, []).expect("it can be written") > 0, "{change}");
        drop(db);
        match punchcard_till::Till::open(&shop.folder(), &shop.options) {
            Ok(till) => {
                let found = till.verify().expect("it can be read");
                assert!(!found.ok, "{change}");
            }
            Err(error) => assert_eq!(error.code(), "damaged", "{change}: {error}"),
        }
    }
}

/// Whoever administers the hub's database gives somebody points, and sees to it that all adds up:
/// the next desk that syncs whole sees that the tables differ, believes its own entries, and says
/// so.
fn a_table_of_the_hub_that_somebody_changed_is_noticed(engine: Engine) {
    let (mut business, first, second, member, _) = stocked(engine);
    business.cut();
    if let Some(path) = business.database.strip_prefix("sqlite:") {
        let db = rusqlite::Connection::open(path).expect("it opens");
        db.execute(RICHER_AT_THE_HUB, []).expect("it can be written");
    } else {
        let mut db =
            ::postgres::Client::connect(&business.database, ::postgres::NoTls).expect("it opens");
        db.execute(RICHER_AT_THE_HUB, &[]).expect("it can be written");
    }
    business.mend();
    second.sync();
    let told = second.notices();
    assert!(told.contains(&"differs".to_owned()), "{told:?}");
    assert_eq!(second.points(&member), (500, 0, 0), "a desk believes its own entries");
    first.sync();
    assert_eq!(first.points(&member).1, 500);
}
