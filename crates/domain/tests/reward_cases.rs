//! The table of rewards in `cases/rewards.txt`, run line by line. The file explains its words.

use chrono::{NaiveDateTime, TimeZone as _};
use punchcard_domain::{
    decide::{self, Desk, Redeem},
    fact::Fact,
    ledger::{Account, Holding, Purse, ValueKind},
    phone_code::{CodeGiven, MembersCode},
    records::{Business, Reward, Rules, Store},
    refusal::Refusal,
    rewards::RewardTerms,
    staff::Role,
    stock::stock_owner,
};
use punchcard_protocol::{LotId, MemberId, RecordId, StoreId, StreamId, TillId};
use uuid::Uuid;

type Outcome<T> = Result<T, String>;

const TABLE: &str = include_str!("../cases/rewards.txt");

fn store_id(name: &str) -> Outcome<StoreId> {
    match name {
        "one" => Ok(StoreId::from_bytes([1; 16])),
        "two" => Ok(StoreId::from_bytes([2; 16])),
        _ => Err(format!("there is no store {name}")),
    }
}

fn tier_id(name: &str) -> Outcome<RecordId> {
    match name {
        "gold" => Ok(RecordId::from_bytes([1; 16])),
        "silver" => Ok(RecordId::from_bytes([2; 16])),
        _ => Err(format!("there is no tier {name}")),
    }
}

fn parsed<T: std::str::FromStr>(text: &str) -> Outcome<T> {
    text.parse().map_err(|_| format!("{text} cannot be read"))
}

fn me() -> StreamId {
    StreamId { till: TillId::from_bytes([1; 16]), incarnation: 1 }
}

fn held(lot: u8, kind: ValueKind, amount: i64) -> Holding {
    Holding {
        lot: LotId::from_bytes([lot; 16]),
        kind,
        account: Account::Till(me()),
        amount,
        expires_ms: None,
        owner: None,
        frozen: false,
    }
}

/// The desk, the member and the reward, as a line sets them.
struct World {
    store: Store,
    rules: Rules,
    trusted: bool,
    here: i64,
    known: Redeem,
}

impl World {
    fn new() -> Outcome<Self> {
        let reward = Reward {
            id: RecordId::from_bytes([4; 16]),
            name: "Shake".into(),
            cost: 300,
            minor_per_point: 0,
            active: true,
            terms: RewardTerms::default(),
        };
        Ok(Self {
            store: Store {
                id: store_id("one")?,
                name: "One".into(),
                time_zone: "Asia/Shanghai".into(),
                day_start_hour: 0,
            },
            rules: Rules::default(),
            trusted: true,
            here: 500,
            known: Redeem {
                member: MemberId::from_bytes([3; 16]),
                banned: false,
                tier: None,
                given: Vec::new(),
                stock: None,
                later: false,
                code: MembersCode::default(),
                reward,
                points: None,
                on_trust: false,
                purse: Purse::default(),
            },
        })
    }

    fn set(&mut self, phrase: &str) -> Outcome<()> {
        let words: Vec<&str> = phrase.split_whitespace().collect();
        let reward = &mut self.known.reward;
        match words.as_slice() {
            ["nothing"] => {}
            ["cost", points] => reward.cost = parsed(points)?,
            ["a", "point", "is", minor] => reward.minor_per_point = parsed(minor)?,
            ["from", day] => reward.terms.from = Some(parsed(day)?),
            ["until", day] => reward.terms.until = Some(parsed(day)?),
            ["tiers", names @ ..] => {
                reward.terms.tiers =
                    names.iter().map(|name| tier_id(name)).collect::<Outcome<_>>()?;
            }
            ["stores", names @ ..] => {
                reward.terms.stores =
                    names.iter().map(|name| store_id(name)).collect::<Outcome<_>>()?;
            }
            ["money", minor] => reward.terms.money_minor = parsed(minor)?,
            ["approval"] => reward.terms.needs_approval = true,
            ["at", "most", times, "ever"] => reward.terms.at_most.ever = Some(parsed(times)?),
            ["at", "most", times, "a", period] => {
                let at_most = &mut reward.terms.at_most;
                let limit = match *period {
                    "day" => &mut at_most.day,
                    "week" => &mut at_most.week,
                    "month" => &mut at_most.month,
                    "year" => &mut at_most.year,
                    _ => return Err(format!("a {period} is not known")),
                };
                *limit = Some(parsed(times)?);
            }
            ["later", days] => reward.terms.later_days = Some(parsed(days)?),
            ["stock", number] => self.stock(parsed(number)?),
            ["stock", number, "elsewhere"] => {
                self.stock(0);
                self.known.stock.get_or_insert_default().elsewhere = parsed(number)?;
            }
            ["had", days @ ..] => {
                self.known.given = days.iter().map(|day| parsed(day)).collect::<Outcome<_>>()?;
            }
            ["code", "above", points] => self.rules.code_above = Some(parsed(points)?),
            ["approval", "above", points] => self.rules.approval_above = Some(parsed(points)?),
            ["phone"] => self.known.code.set = true,
            ["step", step, "used"] => self.known.code.used = Some(parsed(step)?),
            ["code", "wrong"] => self.known.code.given = CodeGiven::Wrong,
            ["code", "of", "step", step] => {
                self.known.code.given = CodeGiven::Right(parsed(step)?);
            }
            ["let", "through"] => self.known.code.given = CodeGiven::LetThrough,
            ["not", "on", "offer"] => reward.active = false,
            ["tier", name] => self.known.tier = Some(tier_id(name)?),
            ["banned"] => self.known.banned = true,
            [points, "here"] => self.here = parsed(points)?,
            [points, "elsewhere"] => self.known.purse.elsewhere = parsed(points)?,
            ["owes", points] => self.known.purse.debt = parsed(points)?,
            ["store", name] => self.store.id = store_id(name)?,
            ["restored"] => self.trusted = false,
            ["trust", limit] => self.rules.trust_limit = parsed(limit)?,
            ["day", "starts", hour] => self.store.day_start_hour = parsed(hour)?,
            _ => return Err(format!("“{phrase}” is not known")),
        }
        Ok(())
    }

    /// So many of the reward lie here.
    fn stock(&mut self, amount: i64) {
        self.known.reward.terms.counts_stock = true;
        let stock = self.known.stock.get_or_insert_default();
        if amount > 0 {
            stock.here.push(held(8, ValueKind::Stock, amount));
        }
    }

    fn happens(mut self, what: &str) -> Outcome<String> {
        let words: Vec<&str> = what.split_whitespace().collect();
        let (day, hour) = match words.as_slice() {
            ["set"] => return Ok(self.offered()),
            [day, hour, "redeem"] => (day, hour),
            [day, hour, "redeem", "later"] => {
                self.known.later = true;
                (day, hour)
            }
            [day, hour, "redeem", "later", "on", "trust"] => {
                (self.known.later, self.known.on_trust) = (true, true);
                (day, hour)
            }
            [day, hour, "redeem", "on", "trust"] => {
                self.known.on_trust = true;
                (day, hour)
            }
            [day, hour, "redeem", points] => {
                self.known.points = Some(parsed(points)?);
                (day, hour)
            }
            _ => return Err(format!("“{what}” is not known")),
        };
        let at = NaiveDateTime::parse_from_str(&format!("{day} {hour}"), "%Y-%m-%d %H:%M");
        let at = at.map_err(|_| format!("{day} {hour} is not a moment"))?;
        let at = chrono_tz::Asia::Shanghai.from_local_datetime(&at).single().ok_or("no moment")?;
        self.redeemed(at.timestamp_millis())
    }

    fn offered(&self) -> String {
        match self.known.reward.check() {
            Ok(()) => "fine".into(),
            Err(Refusal::BadInput(field)) => format!("no: bad_input {field}"),
            Err(refusal) => format!("no: {}", refusal.code()),
        }
    }

    fn redeemed(mut self, now_ms: i64) -> Outcome<String> {
        if self.here > 0 {
            self.known.purse.here.push(held(6, ValueKind::Points, self.here));
        }
        let business = Business {
            name: "Test".into(),
            currency: "CNY".into(),
            currency_digits: 2,
            country: "CN".into(),
        };
        let mut ids = || Uuid::from_u128(7);
        let mut desk = Desk {
            now_ms,
            spend_ms: now_ms,
            clock_behind: false,
            me: me(),
            trusted: self.trusted,
            business: &business,
            store: &self.store,
            rules: &self.rules,
            ids: &mut ids,
        };
        let body = match decide::redeem(&mut desk, &self.known).map(|decided| decided.fact) {
            Ok(Fact::PointsRedeemed(body)) => body,
            Ok(_) => return Err("redeeming redeems".into()),
            Err(refusal) => return Ok(refused(&refusal)),
        };
        let mut told = vec![body.points.to_string()];
        let amounts =
            [("off", body.money_off_minor), ("money", body.money_minor), ("trust", body.on_trust)];
        told.extend(
            amounts
                .iter()
                .filter(|(_, n)| *n != 0)
                .map(|(what, amount)| format!("{what} {amount}")),
        );
        let of_stock = body.postings.iter().filter(|posting| posting.kind == ValueKind::Stock);
        for posting in of_stock {
            let owner = Some(stock_owner(self.store.id, self.known.reward.id));
            assert_eq!(posting.owner, owner, "the store's own");
            told.push(format!("{} of stock", posting.amount));
        }
        if let Some(step) = body.code_step {
            told.push(format!("step {step}"));
        }
        if let Some(lot) = body.voucher {
            let last = self.store.days().day_of(lot.expires_ms.ok_or("it ends")? - 1);
            told.push(format!("voucher to {last}"));
        }
        if !Role::Cashier.may(self.known.reward.leave(&self.rules, body.points, body.on_trust > 0))
        {
            told.push("by manager".into());
        }
        Ok(told.join(", "))
    }
}

/// The code of a refusal, and from when on it will be otherwise.
fn refused(refusal: &Refusal) -> String {
    match refusal {
        Refusal::RewardAgain { from, .. } => format!("no: {} {from}", refusal.code()),
        _ => format!("no: {}", refusal.code()),
    }
}

fn run(set: &str, happens: &str) -> Outcome<String> {
    let mut world = World::new()?;
    for phrase in set.split(',') {
        world.set(phrase.trim())?;
    }
    world.happens(happens)
}

#[test]
fn reward_cases() {
    let (mut count, mut wrong) = (0, Vec::new());
    for (at, line) in TABLE.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        count += 1;
        let parts: Vec<&str> = line.split('|').map(str::trim).collect();
        let [set, happens, comes_out, why] = parts.as_slice() else {
            wrong.push(format!("line {} has {} parts, not four", at + 1, parts.len()));
            continue;
        };
        let came = run(set, happens).unwrap_or_else(|trouble| format!("cannot be run: {trouble}"));
        if came != *comes_out {
            wrong.push(format!("line {}: {why}\n  wanted {comes_out}\n  came   {came}", at + 1));
        }
    }
    assert!(count >= 40, "only {count} lines");
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_plain_reward_keeps_its_bytes() {
    let old = r#"{"id":"04040404-0404-0404-0404-040404040404","name":"x","cost":300,"minor_per_point":0,"active":true}"#;
    let reward: Reward = serde_json::from_str(old).expect("an old record");
    assert!(reward.terms.is_plain());
    assert_eq!(serde_json::to_string(&reward).expect("it is written"), old);
}
