//! The entries, read a second time: what must hold is computed here once more, from the entries
//! alone and without the program's own types. Whoever wrote the rules twice makes the same mistake
//! in two places, not in three.

use std::collections::{BTreeMap, BTreeSet};

use punchcard_protocol::{Hash, Header, StreamId, hash_header};
use punchcard_tests::id;
use punchcard_till::Till;
use serde_json::Value;

/// Every entry that somebody holds: place in its journal, and what stands there.
pub(crate) type Held = BTreeMap<(StreamId, u64), (Hash, u16, Value)>;

fn entry(held: &mut Held, header: &[u8], payload: &[u8]) {
    let hash = hash_header(header);
    let header = Header::from_bytes(header).expect("whole");
    let payload = serde_json::from_slice(payload).expect("JSON");
    let before = held.insert((header.stream, header.seq), (hash, header.kind, payload));
    assert!(before.is_none(), "{} stands twice in {}", header.seq, header.stream);
}

pub(crate) fn held_by(till: &Till) -> Held {
    let mut held = Held::new();
    for parcel in till.parcels().expect("it can be read") {
        entry(&mut held, &parcel.entry.header, &parcel.entry.payload);
    }
    held
}

pub(crate) fn held_by_hub(database: &str) -> Held {
    let store = punchcard_hub::store::open(database).expect("it opens");
    let mut session = store.read().expect("it answers");
    let mut held = Held::new();
    let rows = session.rows("SELECT header, payload FROM log ORDER BY position", &[]);
    for row in rows.expect("it answers") {
        entry(&mut held, row[0].bytes().expect("bytes"), row[1].bytes().expect("bytes"));
    }
    held
}

/// What a member has and did, in points.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Score {
    /// All that was ever given to them.
    pub(crate) given: i64,
    /// What was given and not taken back.
    pub(crate) earned: i64,
    /// What was redeemed and not taken back.
    pub(crate) redeemed: i64,
    /// What lies with tills and in the pool.
    pub(crate) lies: i64,
    /// What they owe.
    pub(crate) owes: i64,
}

/// The value ledger, added up from the entries alone.
#[derive(Default)]
pub(crate) struct Book {
    /// By lot and account.
    accounts: BTreeMap<(String, String), i64>,
    pub(crate) scores: BTreeMap<String, Score>,
}

impl Book {
    pub(crate) fn of(held: &Held) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let gone: BTreeSet<String> = held
            .values()
            .filter(|(_, kind, _)| *kind == VOIDED)
            .map(|(_, _, fact)| text(&fact["target"]))
            .collect();
        let mut book = Self::default();
        for (_, kind, fact) in held.values() {
            let counts = !gone.contains(&text(&fact["id"]));
            book.add(&text(&fact["member"]), *kind, fact, counts);
        }
        book
    }

    fn add(&mut self, member: &str, kind: u16, fact: &Value, counts: bool) {
        for lot in lots(fact) {
            let amount = number(&lot["amount"]);
            self.post(member, lot, &lot["to"], amount);
            if lot["kind"] == "points" {
                let score = self.score(member);
                score.given += amount;
                // What others give anew was earned before.
                let earned = counts && [REGISTERED, VISITED, EARNED].contains(&kind);
                score.earned += if earned { amount } else { 0 };
            }
        }
        let repaid = &fact["earned"]["repaid"];
        for posting in list(&fact["postings"]).chain(Some(repaid).filter(|one| one.is_object())) {
            let amount = number(&posting["amount"]);
            assert!(amount > 0, "{posting}");
            self.post(member, posting, &posting["from"], -amount);
            self.post(member, posting, &posting["to"], amount);
        }
        let score = self.score(member);
        score.owes += number(&fact["on_trust"]) + number(&fact["debt"]) - number(&repaid["amount"]);
        if kind == DEBT_REPAID {
            score.owes -= number(&fact["amount"]);
        }
        if kind == REDEEMED && counts {
            score.redeemed += number(&fact["points"]);
        }
    }

    fn score(&mut self, member: &str) -> &mut Score {
        self.scores.entry(member.to_owned()).or_default()
    }

    /// `what` names lot and kind: a lot, or a posting of one.
    fn post(&mut self, member: &str, what: &Value, account: &Value, amount: i64) {
        let lot = what.get("lot").or(what.get("id")).map(Value::to_string).expect("a lot");
        *self.accounts.entry((lot, account.to_string())).or_insert(0) += amount;
        let lies = account["till"].is_string() || account == "pool";
        if what["kind"] == "points" && lies {
            self.score(member).lies += amount;
        }
    }

    /// Who is overdrawn, and what came from nowhere.
    pub(crate) fn wrong(&self) -> Vec<String> {
        let below = self.accounts.iter().filter(|(_, amount)| **amount < 0);
        let below = below.map(|(account, amount)| format!("{account:?} is below zero: {amount}"));
        let adds_up = |score: &Score| {
            score.redeemed <= score.given
                && score.lies - score.owes == score.earned - score.redeemed
        };
        let uneven = self.scores.iter().filter(|(_, score)| !adds_up(score));
        below.chain(uneven.map(|(member, score)| format!("{member}: {score:?}"))).collect()
    }
}

const REGISTERED: u16 = 20;
const VISITED: u16 = 40;
const EARNED: u16 = 50;
const REDEEMED: u16 = 51;
const DEBT_REPAID: u16 = 56;
const VOIDED: u16 = 60;

pub(crate) fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or(0)
}

pub(crate) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Every lot that a fact issues.
pub(crate) fn lots(fact: &Value) -> impl Iterator<Item = &Value> {
    let single = [&fact["earned"]["lot"], &fact["pass"]["visits"]];
    list(&fact["opening"])
        .chain(list(&fact["lots"]))
        .chain(list(&fact["passes"]).map(|pass| &pass["visits"]))
        .chain(single)
        .filter(|lot| lot.is_object())
}

/// Every acknowledged fact is there once, in the hub and at each till, and no fact is there twice;
/// all hold the same entries, and nobody is overdrawn.
pub(crate) fn nothing_lost_nothing_doubled(
    hub: &Held,
    tills: &[Held],
    told: &BTreeSet<String>,
) -> Book {
    for till in tills {
        assert_eq!(till.len(), hub.len(), "as many entries at a till as at the hub");
        let other = till.iter().zip(hub).find(|(ours, theirs)| ours != theirs);
        assert!(other.is_none(), "a till holds what the hub does not: {other:?}");
    }
    let mut facts: BTreeMap<&str, u32> = BTreeMap::new();
    for (_, _, fact) in hub.values() {
        *facts.entry(fact["id"].as_str().expect("an id")).or_insert(0) += 1;
    }
    for fact in told {
        assert_eq!(facts.get(fact.as_str()), Some(&1), "{fact} was acknowledged");
    }
    let twice: Vec<_> = facts.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    let book = Book::of(hub);
    assert_eq!(book.wrong(), Vec::<String>::new());
    book
}

#[test]
fn a_point_that_is_spent_twice_is_seen_here() {
    let lot = |to: Value| serde_json::json!({"id": "l", "kind": "points", "amount": 9, "to": to});
    let at = |name: &str, till: &str| serde_json::json!({ name: till });
    let given =
        serde_json::json!({"id": "1", "member": "m", "earned": {"lot": lot(at("till", "a"))}});
    let spent = |id: &str| {
        let posting = serde_json::json!({"lot": "l", "kind": "points", "amount": 9,
            "from": at("till", "a"), "to": at("spent", "a")});
        serde_json::json!({"id": id, "member": "m", "points": 9, "postings": [posting]})
    };
    let held = |facts: &[(u16, Value)]| -> Held {
        let stream = |n: usize| (id(&format!("{}/1", uuid::Uuid::nil())), n as u64);
        let facts = facts.iter().cloned().enumerate();
        facts.map(|(n, (kind, fact))| (stream(n), (Hash::ZERO, kind, fact))).collect()
    };
    let once = held(&[(EARNED, given.clone()), (REDEEMED, spent("2"))]);
    assert_eq!(Book::of(&once).wrong(), Vec::<String>::new());
    let twice = held(&[(EARNED, given), (REDEEMED, spent("2")), (REDEEMED, spent("3"))]);
    assert_eq!(Book::of(&twice).wrong().len(), 2, "the account, and the member");
}
