//! A shop to tell stories about: a real store in a temporary folder, and a clock to turn.

#![expect(clippy::missing_panics_doc, reason = "here a panic is a failed test")]

pub mod business;
pub mod certificates;
pub mod cluster;
pub mod fleet;
#[cfg(target_os = "linux")]
pub mod lossy;
pub mod nats;
pub mod processes;
pub mod scan;
pub mod slow;

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use punchcard_till::{
    Actor, Durability, KeyPlace, Options, PassTypeInput, RewardInput, SetUp, Till,
    views::{MemberInput, MemberView},
};
use tempfile::TempDir;

/// 2026-11-23 12:00 in Shanghai.
pub const NOON: i64 = 1_795_406_400_000;
/// Milliseconds of a minute.
pub const MINUTE: i64 = 60_000;
/// Milliseconds of a day.
pub const DAY: i64 = 24 * 60 * MINUTE;
/// The owner's PIN.
pub const PIN: &str = "274913";

/// A shop with one till.
pub struct Shop {
    /// The data folder.
    pub dir: TempDir,
    /// What its clock says: Unix ms.
    pub clock: Arc<AtomicI64>,
    /// How its till is opened.
    pub options: Options,
    till: Option<Till>,
}

/// How every shop here is set up.
pub fn set_up() -> SetUp {
    SetUp {
        business: "打卡健身".into(),
        store: "静安店".into(),
        currency: "CNY".into(),
        currency_digits: 2,
        country: "CN".into(),
        time_zone: "Asia/Shanghai".into(),
        day_start_hour: 0,
        owner: "陈店主".into(),
        pin: PIN.into(),
    }
}

impl Default for Shop {
    fn default() -> Self {
        Self::new()
    }
}

impl Shop {
    /// A new shop, at noon.
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    /// A new shop whose till is opened otherwise.
    pub fn with(change: impl FnOnce(&mut Options)) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let clock = Arc::new(AtomicI64::new(NOON));
        let told = clock.clone();
        let mut options = Options {
            keys: KeyPlace::File,
            clock: Arc::new(move || told.load(Ordering::SeqCst)),
            durability: Durability::Full,
            anchored: true,
            most_pages: None,
            ..Options::default()
        };
        change(&mut options);
        let folder = dir.path().join("till");
        let till = Till::create(&folder, &set_up(), &options).expect("a new shop");
        Self { dir, clock, options, till: Some(till) }
    }

    /// The data folder.
    pub fn folder(&self) -> std::path::PathBuf {
        self.dir.path().join("till")
    }

    /// The till.
    pub fn till(&self) -> &Till {
        self.till.as_ref().expect("open until it is closed")
    }

    /// The owner.
    pub fn owner(&self) -> Actor {
        self.till().owner().expect("there is an owner")
    }

    /// Closes the till.
    pub fn close(&mut self) {
        self.till = None;
    }

    /// Closes and opens the till.
    pub fn reopen(&mut self) {
        self.close();
        self.till = Some(Till::open(&self.folder(), &self.options).expect("it opens again"));
    }

    /// Turns the clock.
    pub fn pass(&self, ms: i64) {
        self.clock.fetch_add(ms, Ordering::SeqCst);
    }

    /// Registers a member; `n` makes phone and card.
    pub fn member(&self, name: &str, n: u32) -> MemberView {
        let input = MemberInput {
            name: name.into(),
            phone: format!("138{n:08}"),
            cards: vec![format!("{}", 10_000_000 + n)],
            ..MemberInput::default()
        };
        self.till().register_member(&self.owner(), input).expect("a new member")
    }

    /// Sets a reward; returns its id.
    pub fn reward(&self, name: &str, cost: i64) -> String {
        let input = RewardInput {
            id: None,
            name: name.into(),
            cost,
            minor_per_point: 1,
            active: true,
            terms: None,
        };
        let all = self.till().save_reward(&self.owner(), input).expect("a reward");
        let found = all.into_iter().find(|reward| reward.name == name).expect("just set");
        found.id.expect("it has one")
    }

    /// Sets a kind of pass; returns its id.
    pub fn pass_type(&self, name: &str, days: Option<i32>, visits: Option<i64>) -> String {
        let input = PassTypeInput {
            id: None,
            name: name.into(),
            days,
            visits,
            price_minor: 29_900,
            active: true,
            terms: None,
        };
        let all = self.till().save_pass_type(&self.owner(), input).expect("a kind of pass");
        all.into_iter().find(|kind| kind.name == name).expect("just set").id
    }

    /// Gives a member a pass of a new kind.
    pub fn give(&self, member: &str, name: &str, days: Option<i32>, visits: Option<i64>) {
        let kind = self.pass_type(name, days, visits);
        self.till()
            .give_pass(&self.owner(), id(member), id(&kind))
            .expect("the owner gives passes");
    }

    /// Gives points for an amount; returns the fact.
    pub fn earn(&self, member: &str, amount: &str) -> String {
        self.till().earn(&self.owner(), id(member), amount).expect("an amount").fact
    }

    /// On file, spendable here, and owed.
    pub fn points(&self, member: &str) -> (i64, i64, i64) {
        let points = self.till().member(&self.owner(), id(member)).expect("a member").points;
        (points.on_file, points.spendable_here, points.debt)
    }

    /// Checks that everything holds.
    pub fn verify(&self) {
        let found = self.till().verify().expect("it can be read");
        assert!(found.ok, "{:?}", found.problems);
    }
}

/// An id from text.
pub fn id<T: std::str::FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| unreachable!("{text} is an id"))
}
