//! The ledger a second time, from the entries' JSON alone and without the program's own types or
//! rules: whoever wrote the rules twice makes the same mistake in two places, not in three.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// An entry as the oracle reads it.
pub struct Raw {
    /// Who wrote it.
    pub stream: String,
    /// Its kind's number.
    pub kind: u16,
    /// Its payload.
    pub body: Value,
}

const VOUCHED: u16 = 2;
const RECLAIMED: u16 = 3;
const REGISTERED: u16 = 20;
const MERGED: u16 = 23;
const VISITED: u16 = 40;
const EARNED: u16 = 50;
const REDEEMED: u16 = 51;
const GIVEN_BACK: u16 = 55;
const REPAID: u16 = 56;
const VOIDED: u16 = 60;

/// What the entries come to.
#[derive(Debug, Default)]
pub struct Book {
    /// By member, lot, account and whose it is. What was issued is negative: a lot adds up to zero.
    pub accounts: BTreeMap<(String, String, String, String), i64>,
    /// What is owed, by member and till.
    pub debts: BTreeMap<(String, String), i64>,
    /// What was taken back, and by which fact: of several the one with the smallest id.
    pub voids: BTreeMap<String, String>,
    /// Who took over from whom.
    pub takeovers: BTreeSet<(String, String)>,
    /// Which journals answered for which lots.
    pub gave_back: BTreeSet<(String, String)>,
    /// Every fact, and how often it is there.
    pub facts: BTreeMap<String, u32>,
    /// Points that were given by a rule, by member.
    earned: BTreeMap<String, i64>,
    /// Points that were redeemed, by the fact: member and points.
    redeemed: BTreeMap<String, (String, i64)>,
    /// Files that were merged.
    merged: Vec<(String, String)>,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or(0)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn objects<'a>(values: impl IntoIterator<Item = &'a Value>) -> impl Iterator<Item = &'a Value> {
    values.into_iter().filter(|value| value.is_object())
}

/// The kind of an account, and whose it is.
fn account(value: &Value) -> (String, String) {
    for kind in ["till", "spent"] {
        if value[kind].is_string() {
            return (kind.to_owned(), text(&value[kind]));
        }
    }
    (text(value), String::new())
}

impl Book {
    /// Adds the entries up.
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a Raw>) -> Self {
        let mut book = Self::default();
        for entry in entries {
            book.add(entry);
        }
        book.accounts.retain(|_, amount| *amount != 0);
        book.debts.retain(|_, amount| *amount != 0);
        book
    }

    fn add(&mut self, Raw { stream, kind, body }: &Raw) {
        let (id, member) = (text(&body["id"]), text(&body["member"]));
        *self.facts.entry(id.clone()).or_insert(0) += 1;
        self.value(&member, body);
        let mut owes = number(&body["on_trust"]) + number(&body["debt"]);
        owes -= number(&body["earned"]["repaid"]["amount"]);
        let given = match *kind {
            EARNED | VISITED => number(&body["earned"]["lot"]["amount"]),
            REGISTERED => list(&body["opening"]).map(|lot| number(&lot["amount"])).sum(),
            _ => 0,
        };
        *self.earned.entry(member.clone()).or_insert(0) += given;
        match *kind {
            VOUCHED => {
                let from = list(&body["takes_over"]).map(|from| (text(from), stream.clone()));
                self.takeovers.extend(from);
            }
            RECLAIMED => {
                self.takeovers.insert((text(&body["stream"]), stream.clone()));
            }
            MERGED => self.merged.push((text(&body["gone"]), text(&body["kept"]))),
            REDEEMED => {
                let paid = number(&body["points"]) - number(&body["on_trust"]);
                self.redeemed.insert(id, (member.clone(), paid));
            }
            GIVEN_BACK => {
                self.gave_back.insert((text(&body["lot"]), stream.clone()));
            }
            REPAID => owes -= number(&body["amount"]),
            VOIDED => self.void(&id, stream, body),
            _ => {}
        }
        *self.debts.entry((member, stream.clone())).or_insert(0) += owes;
    }

    fn void(&mut self, id: &str, stream: &str, body: &Value) {
        let by = self.voids.entry(text(&body["target"])).or_insert_with(|| id.to_owned());
        if id < by.as_str() {
            id.clone_into(by);
        }
        let lots = list(&body["take_back"]).map(|back| (text(&back["lot"]), stream.to_owned()));
        self.gave_back.extend(lots);
    }

    /// What is issued and moved.
    fn value(&mut self, member: &str, body: &Value) {
        let passes = list(&body["passes"]).map(|pass| &pass["visits"]);
        let single = [&body["earned"]["lot"], &body["pass"]["visits"]];
        let many = list(&body["opening"]).chain(list(&body["lots"])).chain(passes);
        for lot in objects(many.chain(single)) {
            let (id, amount) = (text(&lot["id"]), number(&lot["amount"]));
            self.post(member, &id, ("issued".into(), String::new()), -amount);
            self.post(member, &id, account(&lot["to"]), amount);
        }
        for posting in objects(list(&body["postings"]).chain([&body["earned"]["repaid"]])) {
            let amount = number(&posting["amount"]);
            let owner = posting["owner"].as_str().unwrap_or(member);
            let lot = text(&posting["lot"]);
            self.post(owner, &lot, account(&posting["from"]), -amount);
            self.post(owner, &lot, account(&posting["to"]), amount);
        }
    }

    fn post(&mut self, member: &str, lot: &str, account: (String, String), amount: i64) {
        let key = (member.to_owned(), lot.to_owned(), account.0, account.1);
        *self.accounts.entry(key).or_insert(0) += amount;
    }

    /// Accounts below zero: whose they are, and how far.
    pub fn below_zero(&self) -> Vec<(String, i64)> {
        let below = self
            .accounts
            .iter()
            .filter(|((_, _, kind, _), amount)| kind != "issued" && **amount < 0);
        below.map(|((_, _, _, whose), amount)| (whose.clone(), *amount)).collect()
    }

    /// Lots whose accounts do not add up to zero.
    pub fn uneven(&self) -> Vec<String> {
        let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
        for ((_, lot, ..), amount) in &self.accounts {
            *sums.entry(lot).or_insert(0) += amount;
        }
        let uneven = sums.into_iter().filter(|(_, sum)| *sum != 0);
        uneven.map(|(lot, sum)| format!("{lot}: {sum}")).collect()
    }

    /// Who redeemed more than was ever given to them and is not owed by them: one of their files,
    /// and by how much.
    pub fn overspent(&self) -> Vec<(String, i64)> {
        let persons = Persons::of(&self.merged);
        let mut over: BTreeMap<String, i64> = BTreeMap::new();
        for (fact, (member, points)) in &self.redeemed {
            if !self.voids.contains_key(fact) {
                *over.entry(persons.of_file(member)).or_insert(0) += points;
            }
        }
        for (member, points) in &self.earned {
            *over.entry(persons.of_file(member)).or_insert(0) -= points;
        }
        for ((member, _), points) in &self.debts {
            *over.entry(persons.of_file(member)).or_insert(0) -= points;
        }
        over.into_iter().filter(|(_, over)| *over > 0).collect()
    }
}

/// Which files are one person's.
struct Persons(BTreeMap<String, String>);

impl Persons {
    fn of(merged: &[(String, String)]) -> Self {
        let mut persons = Self(BTreeMap::new());
        for (gone, kept) in merged {
            let (one, other) = (persons.of_file(gone), persons.of_file(kept));
            if one != other {
                persons.0.insert(one, other);
            }
        }
        persons
    }

    fn of_file(&self, member: &str) -> String {
        let mut member = member.to_owned();
        while let Some(other) = self.0.get(&member) {
            member.clone_from(other);
        }
        member
    }
}
