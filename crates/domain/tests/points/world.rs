//! One desk with its tables in memory: facts are decided and folded by the real rules, nothing is
//! kept but what their effects say.

use std::collections::{BTreeMap, BTreeSet};

use punchcard_domain::{
    Refusal,
    decide::{self, Desk, Earn, LotStanding, Redeem, Void},
    earning::{
        Book, Outcome,
        event::{Event, Given, History, Known, What},
    },
    effects::{Effect, Private, effects},
    fact::Fact,
    ledger::{Account, Holding, Purse, ValueKind},
    phone_code::MembersCode,
    records::{Business, Reward, Rules, Store},
    rewards::RewardTerms,
    time::Day,
};
use punchcard_protocol::{FactId, LotId, MemberId, RecordId, StoreId, StreamId, TillId};
use uuid::Uuid;

pub struct World {
    pub book: Book,
    pub rules: Rules,
    pub store: Store,
    pub member: Known,
    business: Business,
    next: u128,
    facts: Vec<(Fact, i64, What)>,
    accounts: BTreeMap<(LotId, u8), i64>,
    expires: BTreeMap<LotId, Option<i64>>,
    pending: BTreeMap<LotId, i64>,
    taken_back: BTreeSet<LotId>,
    given: Vec<(FactId, RecordId, i64, i64)>,
    voided: BTreeSet<FactId>,
    debt: i64,
    /// Days on which they came before anything here happened.
    pub came: BTreeSet<Day>,
}

pub fn me() -> StreamId {
    StreamId { till: TillId::from_bytes([1; 16]), incarnation: 1 }
}

fn whose() -> MemberId {
    MemberId::from_bytes([3; 16])
}

fn place(account: Account) -> u8 {
    match account {
        Account::Till(_) => 1,
        Account::Spent(_) => 2,
        Account::Pool => 3,
        Account::Expired => 4,
    }
}

impl World {
    pub fn new(book: Book) -> Self {
        Self {
            book,
            rules: Rules { points_expire_months: None, ..Rules::default() },
            store: Store {
                id: StoreId::from_bytes([b'A'; 16]),
                name: "A".into(),
                time_zone: "Asia/Shanghai".into(),
                day_start_hour: 0,
            },
            member: Known { multiplier_percent: 100, ..Known::default() },
            business: Business {
                name: "Test".into(),
                currency: "CNY".into(),
                currency_digits: 2,
                country: "CN".into(),
            },
            next: 1,
            facts: Vec::new(),
            accounts: BTreeMap::new(),
            expires: BTreeMap::new(),
            pending: BTreeMap::new(),
            taken_back: BTreeSet::new(),
            given: Vec::new(),
            voided: BTreeSet::new(),
            debt: 0,
            came: BTreeSet::new(),
        }
    }

    /// What happens now, with what is known by now.
    pub fn event(&self, what: What, at_ms: i64) -> Event {
        let days = self.store.days();
        let today = days.day_of(at_ms);
        let alive = || self.facts.iter().filter(|(fact, ..)| !self.voided.contains(&fact.id()));
        let mut history = History { visit_days: self.came.clone(), ..History::default() };
        let mut member = self.member.clone();
        for (_, then_ms, what) in alive() {
            match what {
                What::Visit => {
                    history.visit_days.insert(days.day_of(*then_ms));
                    member.visits += 1;
                }
                What::Sale { amount_minor, .. } => {
                    member.sales += 1;
                    member.spent_minor += amount_minor;
                }
                What::TopUp { .. } | What::Refers => {}
            }
        }
        for (fact, rule, then_ms, points) in &self.given {
            if !self.voided.contains(fact) {
                let given: &mut Given = history.given.entry(*rule).or_default();
                given.add(days.day_of(*then_ms), today, *points);
            }
        }
        let (store, store_name) = (self.store.id, self.store.name.clone());
        Event { what, at_ms, store, store_name, days, member, history }
    }

    /// What the rules come to. Changes nothing.
    pub fn dry_run(&self, what: What, at_ms: i64) -> Result<Outcome, Refusal> {
        self.book.give(&self.event(what, at_ms), &self.rules)
    }

    fn desk<T>(
        &mut self,
        at_ms: i64,
        act: impl FnOnce(&mut Desk<'_>) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let next = &mut self.next;
        let mut ids = || {
            *next += 1;
            Uuid::from_u128(*next)
        };
        act(&mut Desk {
            now_ms: at_ms,
            spend_ms: at_ms,
            clock_behind: false,
            me: me(),
            trusted: true,
            business: &self.business,
            store: &self.store,
            rules: &self.rules,
            ids: &mut ids,
        })
    }

    /// The real thing: the fact is decided and folded. Returns it.
    pub fn happens(&mut self, what: What, at_ms: i64) -> Result<(Fact, Outcome), Refusal> {
        let outcome = self.dry_run(what.clone(), at_ms)?;
        let known = Earn {
            member: whose(),
            amount_minor: match &what {
                What::Sale { amount_minor, .. } | What::TopUp { amount_minor } => *amount_minor,
                What::Visit | What::Refers => 0,
            },
            multiplier_percent: self.member.multiplier_percent,
            points: self.purse(at_ms),
            by_rules: Some(outcome.clone()),
            lines: match &what {
                What::Sale { lines, .. } => lines.clone(),
                _ => Vec::new(),
            },
        };
        let fact = self.desk(at_ms, |desk| decide::earn(desk, &known))?.fact;
        self.fold(&fact, at_ms);
        self.facts.push((fact.clone(), at_ms, what));
        Ok((fact, outcome))
    }

    /// Spends points.
    pub fn spends(&mut self, points: i64, at_ms: i64) -> Result<Fact, Refusal> {
        let reward = Reward {
            id: RecordId::from_bytes([5; 16]),
            name: "money off".into(),
            cost: 0,
            minor_per_point: 1,
            active: true,
            terms: RewardTerms::default(),
        };
        let known = Redeem {
            given: Vec::new(),
            stock: None,
            later: false,
            code: MembersCode::default(),
            member: whose(),
            banned: false,
            tier: None,
            reward,
            points: Some(points),
            on_trust: false,
            purse: self.purse(at_ms),
        };
        let fact = self.desk(at_ms, |desk| decide::redeem(desk, &known))?.fact;
        self.fold(&fact, at_ms);
        self.facts.push((fact.clone(), at_ms, What::Refers));
        Ok(fact)
    }

    /// Takes the `n`th thing that happened back, counted from 0. Returns points and new debt.
    pub fn takes_back(&mut self, n: usize, at_ms: i64) -> Result<(i64, i64), Refusal> {
        let target = self.facts[n].0.clone();
        let owns = |stream| stream == me();
        let lots: BTreeSet<LotId> = self.accounts.keys().map(|(lot, _)| *lot).collect();
        let known = Void {
            target: &target,
            member: Some(whose()),
            voided: self.voided.contains(&target.id()),
            lots: lots.into_iter().map(|lot| self.standing(lot)).collect(),
            points: self.purse(at_ms),
            owns: &owns,
            with_its_cause: false,
        };
        let fact = self.desk(at_ms, |desk| decide::void(desk, &known))?.fact;
        self.fold(&fact, at_ms);
        match fact {
            Fact::FactVoided(void) => Ok((void.points, void.debt)),
            _ => unreachable!("voiding voids"),
        }
    }

    fn standing(&self, lot: LotId) -> LotStanding {
        let at = |place| self.accounts.get(&(lot, place)).copied().unwrap_or(0);
        LotStanding {
            lot,
            here: vec![(Account::Till(me()), at(1))],
            elsewhere: 0,
            expired: at(4),
            expires_ms: self.expires.get(&lot).copied().flatten(),
            owner: None,
            spent: vec![punchcard_domain::fact::SpentAt { stream: me(), amount: at(2) }],
            taken_back: self.taken_back.contains(&lot),
        }
    }

    fn fold(&mut self, fact: &Fact, at_ms: i64) {
        for effect in effects(fact, &Private::default(), me()) {
            match effect {
                Effect::Issue { lot, .. } => {
                    *self.accounts.entry((lot.id, place(lot.to))).or_insert(0) += lot.amount;
                    self.expires.insert(lot.id, lot.expires_ms);
                }
                Effect::Post { posting, .. } => {
                    *self.accounts.entry((posting.lot, place(posting.from))).or_insert(0) -=
                        posting.amount;
                    *self.accounts.entry((posting.lot, place(posting.to))).or_insert(0) +=
                        posting.amount;
                }
                Effect::Owe { amount, .. } => self.debt += amount,
                Effect::Void { target, .. } => {
                    self.voided.insert(target);
                }
                Effect::TakeBack { lot, .. } => {
                    self.taken_back.insert(lot);
                }
                Effect::Pending { lot, until_ms } => {
                    self.pending.insert(lot, until_ms);
                }
                Effect::Gave { fact, part } => {
                    self.given.push((fact, part.rule, at_ms, part.points));
                }
                _ => {}
            }
        }
    }

    /// What the member has here.
    pub fn purse(&self, now_ms: i64) -> Purse {
        let mut here = Vec::new();
        for ((lot, place), amount) in &self.accounts {
            if *place == 1 && !self.taken_back.contains(lot) {
                here.push(Holding {
                    lot: *lot,
                    kind: ValueKind::Points,
                    account: Account::Till(me()),
                    amount: *amount,
                    expires_ms: self.expires.get(lot).copied().flatten(),
                    owner: None,
                    frozen: self.pending.get(lot).is_some_and(|until| *until > now_ms),
                });
            }
        }
        Purse { here, elsewhere: 0, debt_here: self.debt, debt: self.debt }
    }

    pub fn debt(&self) -> i64 {
        self.debt
    }

    /// What lies with the till, in all lots.
    pub fn lies(&self) -> i64 {
        self.accounts.iter().filter(|((_, place), _)| *place == 1).map(|(_, amount)| amount).sum()
    }

    /// Every account, none below zero.
    pub fn least(&self) -> i64 {
        self.accounts.values().copied().min().unwrap_or(0)
    }

    pub fn count(&self) -> usize {
        self.facts.len()
    }

    pub fn is_voided(&self, n: usize) -> bool {
        self.voided.contains(&self.facts[n].0.id())
    }
}
