//! kill -9 of the hub and of tills, again and again, and a cable that is cut: nothing that was
//! acknowledged is lost, nothing is there twice, and three syncs later everybody holds the same.
//! Then several hubs on one PostgreSQL, of which one or another is always dying.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use punchcard_tests::{
    DAY, MINUTE, PIN,
    business::{Business, Desk, Engine},
    cluster, id, on_both_engines,
    processes::{Balancer, CutLine, Dice, HubProgram, Talk, TillProgram},
    set_up,
};
use punchcard_till::{
    CheckInHow, KeyPlace, Options, PassTypeInput, RedeemInput, RewardInput, Till, Who, clock,
    sync::join,
    views::{MemberInput, PairInput},
};
use serde_json::Value;
use tempfile::TempDir;

use crate::book::{Book, Held, held_by, held_by_hub, nothing_lost_nothing_doubled};

const ROUNDS: u64 = 100;
const LOOK_EVERY: u64 = 25;
const TILLS: usize = 3;
const MEMBERS: u32 = 8;
/// So many syncs of each till after the last kill, and everybody holds the same.
const SYNCS: usize = 3;

// ── Processes that are killed ────────────────────────────────────────────────────────────────

/// What a refusal may be called while hub and tills die: everything else is a bug.
const EXPECTED: &[&str] = &[
    "hub_unreachable",
    "points_short",
    "no_visits",
    // What another till did is not known here yet; or was taken back already, unheard.
    "not_found",
    "already_voided",
    "not_voidable",
];

/// One of the facts that may be taken back. Now and then it stays among them: two desks that
/// cannot see one another take the same thing back.
fn some(open: &mut Vec<String>, dice: &mut Dice) -> Option<String> {
    let at = usize::try_from(dice.below(open.len() as u64)).unwrap_or(0);
    match dice.below(4) {
        0 => open.get(at).cloned(),
        _ => (!open.is_empty()).then(|| open.swap_remove(at)),
    }
}

/// What happened.
#[derive(Default)]
struct Figures {
    told: BTreeSet<String>,
    /// Facts that may be taken back.
    open: Vec<String>,
    kills_of_tills: u64,
    kills_of_hub: u64,
    syncs: u64,
    syncs_failed: u64,
    /// Rounds are longer by so many tenths: on a machine that is slow just now, the tills would be
    /// killed before they got to the hub.
    stretch: u64,
    draws: u64,
    drawn: u64,
    voids: u64,
    /// The most syncs that it took until everybody held the same.
    slowest: usize,
}

impl Figures {
    fn note(&mut self, command: &str, answer: &Value) {
        if let Some(code) = answer["error"]["code"].as_str() {
            assert!(EXPECTED.contains(&code), "{command}: {answer}");
            self.syncs_failed += u64::from(command == "sync");
            return;
        }
        if let Some(fact) = answer["fact"].as_str() {
            assert!(self.told.insert(fact.to_owned()), "{fact} is told twice");
            match command.split(' ').next() {
                Some("void") => self.voids += 1,
                _ => self.open.push(fact.to_owned()),
            }
        }
        self.syncs += u64::from(command == "sync");
        if let Some(drawn) = answer["drawn"].as_i64() {
            self.draws += 1;
            self.drawn += u64::from(drawn > 0);
        }
    }
}

/// How long a round lasts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// Most are over before much could happen.
    Short,
    /// In some, one till draws what another one returns.
    Long,
}

impl Pace {
    /// In microseconds, on a machine that is not slow.
    fn longest(self) -> u64 {
        match self {
            Self::Short => 300_000,
            Self::Long => 1_500_000,
        }
    }
}

/// A business of real processes.
struct Street {
    hub: HubProgram,
    desks: Desks,
    _dir: TempDir,
}

/// Its tills, and what is done at them.
struct Desks {
    tills: Vec<TillProgram>,
    members: Vec<String>,
    reward: String,
    figures: Mutex<Figures>,
}

fn options() -> Options {
    Options { keys: KeyPlace::File, clock: clock::system(), ..Options::default() }
}

/// Members with points, passes and visits, and a reward of which the cashier chooses the price.
fn stock(till: &Till) -> (Vec<String>, String) {
    let owner = till.owner().expect("an owner");
    let reward = RewardInput {
        id: None,
        name: "抵现".into(),
        cost: 0,
        minor_per_point: 1,
        active: true,
        terms: None,
    };
    let rewards = till.save_reward(&owner, reward).expect("a reward");
    let kind = PassTypeInput {
        id: None,
        name: "次卡".into(),
        days: Some(365),
        visits: Some(100),
        price_minor: 0,
        active: true,
        terms: None,
    };
    let kinds = till.save_pass_type(&owner, kind).expect("a kind of pass");
    let mut members = Vec::new();
    for n in 0..MEMBERS {
        let input = MemberInput {
            name: format!("会员{n}"),
            phone: format!("138{n:08}"),
            ..MemberInput::default()
        };
        let member = till.register_member(&owner, input).expect("a new member").brief.id;
        till.give_pass(&owner, id(&member), id(&kinds[0].id)).expect("a pass");
        // Some have much, some next to nothing: what is taken back of theirs becomes debt.
        let amount = if n < 2 { "20" } else { "600" };
        till.earn(&owner, id(&member), amount).expect("points");
        members.push(member);
    }
    (members, rewards[0].id.clone().expect("it has one"))
}

impl Desks {
    fn figures<T>(&self, look: impl FnOnce(&mut Figures) -> T) -> T {
        // Whoever fell over has said why; the others end their round.
        look(&mut self.figures.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What a cashier does next.
    fn command(&self, pace: Pace, dice: &mut Dice) -> String {
        let member = dice.pick(&self.members);
        match dice.below(12) {
            0..=2 => format!("earn --member {member} --amount {}", 1 + dice.below(60)),
            3..=5 => {
                let points = 1 + dice.below(70);
                format!("redeem --member {member} --reward {} --points {points}", self.reward)
            }
            6 => format!("check-in --member {member}"),
            7 => format!("check-in --member {member} --use-visit"),
            8 => self.take_back(dice),
            // A draw waits for others, who may be dead.
            9 | 10 if pace == Pace::Long => {
                format!("draw --member {member} --points {}", 1 + dice.below(80))
            }
            _ => "sync".to_owned(),
        }
    }

    fn take_back(&self, dice: &mut Dice) -> String {
        let fact = self.figures(|figures| some(&mut figures.open, dice));
        fact.map_or_else(|| "sync".into(), |fact| format!("void {fact}"))
    }

    /// How long a life is at most, in microseconds.
    fn longest(&self, pace: Pace) -> u64 {
        pace.longest() * (10 + self.figures(|figures| figures.stretch)) / 10
    }

    /// One life of a till: at work until it is killed, or until its shift ends.
    fn work(&self, till: &TillProgram, pace: Pace, mut dice: Dice) {
        let (mut child, mut talk) = till.batch();
        let killed = dice.below(3) > 0;
        let moment = Duration::from_micros(10_000 + dice.below(self.longest(pace)));
        let begun = Instant::now();
        thread::scope(|scope| {
            scope.spawn(|| self.shift(&mut talk, pace, &mut dice, begun + moment));
            if killed {
                thread::sleep(moment);
                child.kill().expect("SIGKILL");
                self.figures(|figures| figures.kills_of_tills += 1);
            }
        });
        drop(talk);
        let status = child.wait().expect("it has ended");
        assert!(killed || status.success(), "{status}");
    }

    fn shift(&self, talk: &mut Talk, pace: Pace, dice: &mut Dice, until: Instant) {
        while Instant::now() < until {
            let command = self.command(pace, dice);
            let Some(answer) = talk.say(&command) else { break };
            self.figures(|figures| figures.note(&command, &answer));
        }
    }

    /// One life of a till that nobody stands at: it syncs, and gives what others ask for.
    fn listen(&self, till: &TillProgram, pace: Pace, mut dice: Dice) {
        let mut child = till.watch();
        let longest = self.longest(pace);
        thread::sleep(Duration::from_micros(longest / 2 + dice.below(longest)));
        child.kill().expect("SIGKILL");
        child.wait().expect("it is dead");
        self.figures(|figures| figures.kills_of_tills += 1);
    }
}

impl Street {
    fn open(engine: Engine) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let database = match engine {
            Engine::Sqlite => format!("sqlite:{}", dir.path().join("hub.db").display()),
            Engine::Postgres => cluster::shared().fresh_database(),
        };
        let mut hub = HubProgram::new(database, dir.path());
        hub.start();
        let url = hub.url();
        Self::around(hub, &url, dir)
    }

    /// Tills that call `url`, where there is a hub.
    fn around(hub: HubProgram, url: &str, dir: TempDir) -> Self {
        let data = |n: usize| dir.path().join(format!("till-{n}"));
        let tills: Vec<_> = (0..TILLS).map(|n| TillProgram { data: data(n) }).collect();
        let first = Till::create(&tills[0].data, &set_up(), &options()).expect("a new shop");
        let (members, reward) = stock(&first);
        drop(first);
        let desks = Desks { tills, members, reward, figures: Mutex::default() };
        let street = Self { hub, desks, _dir: dir };
        street.pair(url);
        street
    }

    fn pair(&self, url: &str) {
        for (n, till) in self.desks.tills.iter().enumerate() {
            let mut ask = vec!["pair".to_owned()];
            if n > 0 {
                let name = format!("分店{n}");
                let (_, store) =
                    self.hub.ask(&["store", "add", &name, "--time-zone", "Asia/Shanghai"]);
                let store = store["store"].as_str().expect("an id").to_owned();
                ask.extend(["--store".to_owned(), store]);
            }
            let ask: Vec<&str> = ask.iter().map(String::as_str).collect();
            let (_, made) = self.hub.ask(&ask);
            let code = made["code"].as_str().expect("a code");
            let name = format!("till {n}");
            let mut enrol = vec!["enrol", "--hub", url, "--code", code, "--name", &name];
            if n > 0 {
                enrol.extend(["--pin", PIN]);
            }
            let (status, answer) = till.ask(&enrol);
            assert_eq!(status, 0, "{answer}");
        }
    }

    /// Everybody at work, everybody killed or nearly so, and the hub among them.
    fn round(&mut self, round: u64, dice: &mut Dice) {
        let Self { hub, desks, .. } = self;
        let quiet = usize::try_from(round).unwrap_or(0) % TILLS;
        let pace = if round.is_multiple_of(5) { Pace::Long } else { Pace::Short };
        let longest = desks.longest(pace);
        let (moment, pause) = (10_000 + dice.below(longest), dice.below(120_000));
        thread::scope(|scope| {
            for (n, till) in desks.tills.iter().enumerate() {
                let (dice, desks) = (dice.fork(), &*desks);
                scope.spawn(move || {
                    if n == quiet {
                        desks.listen(till, pace, dice);
                    } else {
                        desks.work(till, pace, dice);
                    }
                });
            }
            thread::sleep(Duration::from_micros(moment));
            hub.kill();
            thread::sleep(Duration::from_micros(pause));
            hub.start();
        });
        desks.figures(|figures| {
            figures.kills_of_hub += 1;
            let behind = figures.syncs * 2 < round;
            figures.stretch += u64::from(behind && figures.stretch < 40);
        });
    }

    /// Syncs until everybody holds the same.
    fn converge(&self) -> usize {
        for sync in 1..=SYNCS {
            for till in &self.desks.tills {
                let (status, answer) = till.ask(&["sync"]);
                assert_eq!(status, 0, "{answer} {}", self.hub.logged());
            }
            let hub = self.hub.ask(&["digest"]).1;
            if self.desks.tills.iter().all(|till| till.ask(&["digest"]).1 == hub) {
                return sync;
            }
        }
        let tables = |digest: (i32, Value)| digest.1["tables"].to_string();
        let hub = tables(self.hub.ask(&["digest"]));
        let tills: Vec<_> =
            self.desks.tills.iter().map(|till| tables(till.ask(&["digest"]))).collect();
        unreachable!("after {SYNCS} syncs each the tables differ:\n{hub}\n{}", tills.join("\n"));
    }

    /// Everything that must hold.
    fn look(&self) {
        let syncs = self.converge();
        assert_eq!(self.hub.ask(&["verify"]).1["problems"], serde_json::json!([]));
        accuses_nobody(&self.hub.ask(&["inbox"]).1["inbox"]);
        let mut tills = Vec::new();
        for till in &self.desks.tills {
            let (status, found) = till.ask(&["verify"]);
            assert_eq!((status, &found["problems"]), (0, &serde_json::json!([])));
            tills.push(held_by(&Till::open(&till.data, &options()).expect("it opens")));
        }
        let hub = held_by_hub(&self.hub.database);
        let told = self.desks.figures(|figures| {
            figures.slowest = figures.slowest.max(syncs);
            figures.told.clone()
        });
        let book = nothing_lost_nothing_doubled(&hub, &tills, &told);
        self.as_shown(&book);
    }

    /// What the desks show is what the entries add up to.
    fn as_shown(&self, book: &Book) {
        for till in &self.desks.tills {
            let (child, mut talk) = till.batch();
            for member in &self.desks.members {
                let shown = talk.say(&format!("member {member}")).expect("it lives");
                let score = book.scores[member];
                let points = (&shown["points"]["on_file"], &shown["points"]["debt"]);
                assert_eq!(points, (&score.lies.into(), &score.owes.into()), "{member}");
            }
            drop(talk);
            assert!(child.wait_with_output().expect("it ends").status.success());
        }
    }
}

/// Nothing waits for the owner but that somebody was let in at two desks that could not know.
fn accuses_nobody(inbox: &Value) {
    let lines = inbox.as_array().expect("a list").iter();
    let others: Vec<&Value> = lines.filter(|line| line["code"] != "seen_twice").collect();
    assert!(others.is_empty(), "{others:?}");
}

fn a_hundred_kills_lose_nothing_and_double_nothing(engine: Engine) {
    let (mut dice, seed) = Dice::seeded();
    println!("PUNCHCARD_SEED={seed}");
    let begun = Instant::now();
    let mut street = Street::open(engine);
    for round in 1..=ROUNDS {
        street.round(round, &mut dice);
        if round % LOOK_EVERY == 0 {
            street.look();
        }
    }
    let entries = held_by_hub(&street.hub.database).len();
    street.desks.figures(|figures| {
        let told = figures.told.len();
        println!(
            "{ROUNDS} rounds on {engine:?} in {} s: {} kills of the hub, {} of tills; {told} \
             acknowledged and there once, {entries} entries; {} of {} draws brought something, {} \
             taken back; {} syncs went through, {} did not; the same everywhere after {} of {SYNCS}",
            begun.elapsed().as_secs(),
            figures.kills_of_hub,
            figures.kills_of_tills,
            figures.drawn,
            figures.draws,
            figures.voids,
            figures.syncs,
            figures.syncs_failed,
            figures.slowest,
        );
        assert!(told > 500, "the stream flowed: {told} acknowledged");
        assert!(figures.drawn > 0, "points were drawn: {} of {}", figures.drawn, figures.draws);
        assert!(figures.voids > 20, "{} taken back", figures.voids);
        assert!(figures.syncs > 30 && figures.syncs_failed > 10, "the hub came and went");
    });
}

on_both_engines!(
    a_hundred_kills_lose_nothing_and_double_nothing,
    a_hundred_cuts_lose_nothing_and_double_nothing,
);

// ── Several hubs on one PostgreSQL ───────────────────────────────────────────────────────────

const HUBS: usize = 3;
/// So long is work done while hubs die.
const UNDER_LOAD: Duration = Duration::from_secs(25);
/// No till may be without any hub for longer.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// A sync, with all its tries: how long it took, and how each of them ended.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Wait {
    took: Duration,
    tries: Vec<(Duration, String)>,
}

/// Work, and syncs that are tried again until one goes through, until it is over.
fn busy(desks: &Desks, till: &TillProgram, mut dice: Dice, until: Instant) -> Vec<Wait> {
    let (child, mut talk) = till.batch();
    let mut waits = Vec::new();
    while Instant::now() < until {
        for _ in 0..3 {
            let command = desks.command(Pace::Short, &mut dice);
            let answer = talk.say(&command).expect("nobody kills it");
            desks.figures(|figures| figures.note(&command, &answer));
        }
        let (begun, mut tries) = (Instant::now(), Vec::new());
        loop {
            let answer = talk.say("sync").expect("nobody kills it");
            desks.figures(|figures| figures.note("sync", &answer));
            let said = answer["error"]["message"].as_str().unwrap_or("done").to_owned();
            tries.push((begun.elapsed(), said));
            if answer["error"].is_null() {
                break;
            }
            assert!(begun.elapsed() < LONGEST_WAIT * 2, "no hub answers: {tries:?}");
            thread::sleep(Duration::from_millis(50));
        }
        waits.push(Wait { took: begun.elapsed(), tries });
    }
    drop(talk);
    assert!(child.wait_with_output().expect("it ends").status.success());
    waits
}

/// One hub after the other is killed, and comes back a second later.
fn keep_killing(hubs: &mut [&mut HubProgram], mut dice: Dice, until: Instant) -> u64 {
    let mut kills = 0;
    while Instant::now() + Duration::from_secs(2) < until {
        thread::sleep(Duration::from_millis(500 + dice.below(1_500)));
        let at = usize::try_from(dice.below(HUBS as u64)).unwrap_or(0);
        hubs[at].kill();
        kills += 1;
        thread::sleep(Duration::from_secs(1));
        hubs[at].start();
    }
    kills
}

#[test]
fn three_hubs_of_which_one_is_always_dying_are_one_hub() {
    let (mut dice, seed) = Dice::seeded();
    println!("PUNCHCARD_SEED={seed}");
    let dir = tempfile::tempdir().expect("a temporary folder");
    let database = cluster::shared().fresh_database();
    let log = |n: usize| {
        let folder = dir.path().join(format!("hub-{n}"));
        std::fs::create_dir(&folder).expect("room");
        folder
    };
    let mut hubs: Vec<_> = (0..HUBS).map(|n| HubProgram::new(database.clone(), &log(n))).collect();
    // All at once, on an empty database: only one of them makes the business's keys.
    thread::scope(|scope| hubs.iter_mut().for_each(|hub| drop(scope.spawn(|| hub.start()))));
    let line = Balancer::new(hubs.iter().map(|hub| hub.addr).collect());
    let mut street = Street::around(hubs.remove(0), &line.url(), dir);
    let until = Instant::now() + UNDER_LOAD;
    let Street { hub, desks, .. } = &mut street;
    let mut all: Vec<&mut HubProgram> = hubs.iter_mut().chain([hub]).collect();
    let desks = &*desks;
    let (kills, mut waits) = thread::scope(|scope| {
        let at_work: Vec<_> = desks
            .tills
            .iter()
            .map(|till| (till, dice.fork()))
            .map(|(till, dice)| scope.spawn(move || busy(desks, till, dice, until)))
            .collect();
        let kills = keep_killing(&mut all, dice.fork(), until);
        let waits = at_work.into_iter().map(|till| till.join().expect("it worked"));
        (kills, waits.flatten().collect::<Vec<_>>())
    });
    street.look();
    waits.sort();
    let (median, longest) = (waits[waits.len() / 2].took, &waits[waits.len() - 1]);
    let told = street.desks.figures(|figures| figures.told.len());
    println!(
        "{HUBS} hubs on one PostgreSQL, {kills} kills, {:?} connections each: {told} acknowledged \
         and there once; {} syncs, median {median:?}, longest {:?} in {} tries",
        line.shares(),
        waits.len(),
        longest.took,
        longest.tries.len(),
    );
    assert!(kills >= 6 && told > 100, "{kills} kills, {told} acknowledged");
    assert!(line.shares().iter().all(|share| *share > 0), "each of them had work");
    assert!(longest.took <= LONGEST_WAIT, "a till was without a hub: {longest:?}");
}

// ── A cable that is cut ──────────────────────────────────────────────────────────────────────

/// A desk at the end of a line that is cut, and what happened at it.
struct Branch {
    desk: Desk,
    /// Place of the newest own entry that was looked at.
    newest: u64,
}

/// A business whose tills reach the hub over a line that can be cut.
struct Village {
    line: CutLine,
    branches: Vec<Branch>,
    business: Business,
    members: Vec<String>,
    reward: String,
    told: BTreeSet<String>,
    open: Vec<String>,
    syncs_failed: u64,
    /// The hub had more of a till's entries than the till was told.
    unheard: u64,
    drawn: u64,
}

impl Village {
    fn open(engine: Engine, dice: &mut Dice) -> Self {
        let business = Business::new(engine);
        let to = business.url().trim_start_matches("https://").parse().expect("an address");
        let line = CutLine::new(to, dice.fork());
        let (folder, options) = (business.folder("first"), business.options());
        let till = Till::create(&folder, &set_up(), &options).expect("a new shop");
        let (members, reward) = stock(&till);
        let first = Desk::of(folder, options, Arc::new(till));
        let input =
            |code: String, till: &str| PairInput { hub: line.url(), code, till: till.into() };
        first.line().pair(&first.owner(), &input(business.code(None), "till 0")).expect("it pairs");
        first.sync();
        let mut desks = vec![first];
        for n in 1..TILLS {
            let name = format!("till {n}");
            let store = business.hub.add_store(&name, "Asia/Shanghai").expect("a new branch");
            let (folder, options) = (business.folder(&name), business.options());
            let code = business.code(Some(store));
            let till = join(&folder, &input(code, &name), PIN, &options).expect("it joins");
            desks.push(Desk::of(folder, options, Arc::new(till)));
        }
        let branches = desks.into_iter().map(|desk| Branch { desk, newest: 0 }).collect();
        Self {
            line,
            branches,
            business,
            members,
            reward,
            told: BTreeSet::new(),
            open: Vec::new(),
            syncs_failed: 0,
            unheard: 0,
            drawn: 0,
        }
    }

    /// A little of everything at one till.
    fn work(&mut self, at: usize, dice: &mut Dice) {
        let Branch { desk, .. } = &self.branches[at];
        let owner = desk.owner();
        for _ in 0..=dice.below(3) {
            let member = dice.pick(&self.members);
            let done = match dice.below(4) {
                0 => desk.till().earn(&owner, id(member), &(1 + dice.below(60)).to_string()),
                1 => {
                    let who = Who::Member(id(member));
                    let how = *dice.pick(&[true, false]);
                    let how = if how { CheckInHow::UseVisit } else { CheckInHow::Scan };
                    let seen = desk.till().check_in(&owner, who, how, None);
                    self.told.extend(seen.ok().map(|seen| seen.fact));
                    continue;
                }
                2 if !self.open.is_empty() => {
                    let Some(fact) = some(&mut self.open, dice) else { continue };
                    let undone = desk.till().undo_entry(&owner, &fact);
                    self.told.extend(undone.ok().map(|done| done.fact));
                    continue;
                }
                _ => {
                    let input = RedeemInput {
                        member: id(member),
                        reward: id(&self.reward),
                        points: Some(1 + i64::try_from(dice.below(70)).unwrap_or(0)),
                        on_trust: false,
                    };
                    desk.till().redeem(&owner, input)
                }
            };
            match done {
                Ok(done) => {
                    self.told.insert(done.fact.clone());
                    self.open.push(done.fact);
                }
                Err(error) => assert_eq!(error.code(), "points_short", "{error}"),
            }
        }
    }

    /// A sync, or a draw, over a line that may not last as long.
    fn call(&mut self, at: usize, dice: &mut Dice) {
        let Branch { desk, newest } = &mut self.branches[at];
        let outcome = if dice.below(4) == 0 {
            let (member, points) = (dice.pick(&self.members), 1 + dice.below(80));
            let points = i64::try_from(points).unwrap_or(1);
            let drawn = desk.line().draw(&desk.owner(), id(member), points);
            drawn.map(|drawn| self.drawn += u64::from(drawn.drawn > 0))
        } else {
            desk.try_sync()
        };
        let Err(error) = outcome else { return };
        assert_eq!(error.code(), "hub_unreachable", "{error}");
        self.syncs_failed += 1;
        desk.till()
            .log(*newest, |line| {
                *newest = line.seq;
                Ok(())
            })
            .expect("a journal");
        let waiting = desk.till().status(None).expect("a status").unsynced;
        let tills = self.business.hub.tills().expect("it answers");
        let here = tills.iter().find(|till| till.name == format!("till {at}")).expect("paired");
        let acknowledged = *newest - u64::try_from(waiting).unwrap_or(0);
        self.unheard += u64::from(here.entries > acknowledged);
    }

    fn look(&self) {
        self.line.cut(false);
        let desks: Vec<&Desk> = self.branches.iter().map(|branch| &branch.desk).collect();
        // Three syncs of each, and no more; and what everybody holds adds up.
        self.business.same_everywhere(&desks);
        let inbox = self.business.hub.inbox().expect("it answers");
        accuses_nobody(&serde_json::to_value(inbox).expect("JSON"));
        let tills: Vec<Held> = desks.iter().map(|desk| held_by(desk.till())).collect();
        let hub = held_by_hub(&self.business.database);
        let book = nothing_lost_nothing_doubled(&hub, &tills, &self.told);
        for (desk, member) in desks.iter().flat_map(|d| self.members.iter().map(move |m| (d, m))) {
            let score = book.scores[member];
            let (on_file, _, debt) = desk.points(member);
            assert_eq!((on_file, debt), (score.lies, score.owes));
        }
        self.line.cut(true);
    }
}

/// The cable is cut after any number of bytes, on the way there or on the way back: requests are
/// done and nobody hears of it, and are asked again.
fn a_hundred_cuts_lose_nothing_and_double_nothing(engine: Engine) {
    let (mut dice, seed) = Dice::seeded();
    println!("PUNCHCARD_SEED={seed}");
    let begun = Instant::now();
    let mut village = Village::open(engine, &mut dice);
    village.line.cut(true);
    for round in 1..=ROUNDS {
        // Value goes to rest now and then, so that there is something to draw.
        village.business.pass(if round % 10 == 0 { DAY } else { 0 });
        for at in 0..TILLS {
            // Nobody was heard of just now: whoever draws does not wait for others to return some.
            village.business.pass(MINUTE);
            village.work(at, &mut dice);
            village.call(at, &mut dice);
        }
        if round % LOOK_EVERY == 0 {
            village.look();
        }
    }
    let (asking, answering) = village.line.cuts();
    let Village { told, syncs_failed, unheard, drawn, .. } = &village;
    println!(
        "{ROUNDS} rounds on {engine:?} in {} s: cut {asking} times on the way there and \
         {answering} times on the way back; {syncs_failed} calls failed, {unheard} of them pushed \
         what nobody was told of; {} acknowledged and there once, {drawn} draws brought something",
        begun.elapsed().as_secs(),
        told.len(),
    );
    assert!(*syncs_failed > 50 && asking > 20 && answering > 20, "the line was cut");
    assert!(*unheard > 0, "{unheard} times the hub had more than the till was told");
    assert!(*drawn > 0, "points were drawn");
}

/// What the hundred rounds found: points that are put back into a lot which was taken back
/// meanwhile are not to be lost, whoever heard of it first.
#[test]
fn an_earning_and_its_redemption_both_taken_back_cost_nobody_points() {
    for heard in [true, false] {
        let (business, first) = Business::with_desk(Engine::Sqlite);
        let second = business.desk("滨江 2", None);
        let reward = first.reward("毛巾", 100);
        let member = first.member("王堃", 1);
        let earned = first.earn(&member, "100.00");
        // The older lot is spent first.
        business.pass(MINUTE);
        first.earn(&member, "100.00");
        business.same_everywhere(&[&first, &second]);
        let redeemed = first.redeem(&member, &reward, false).expect("enough");
        if heard {
            // Taken back by who does not know that it was spent: the first desk makes a debt of it
            // and repays it, before it hears that the redemption is taken back too.
            second.till().undo_entry(&second.owner(), &earned).expect("the owner may");
            business.same_everywhere(&[&first, &second]);
            assert_eq!(first.points(&member), (0, 0, 0), "both were spent");
            first.till().undo_entry(&first.owner(), &redeemed).expect("the owner may");
        } else {
            // Taken back by who knows that it was spent, and made a debt of it, while at the first
            // desk the points are put back.
            business.same_everywhere(&[&first, &second]);
            second.till().undo_entry(&second.owner(), &earned).expect("the owner may");
            first.till().undo_entry(&first.owner(), &redeemed).expect("the owner may");
        }
        // Somebody is seen elsewhere: whatever is still to be done is done now.
        second.earn(&member, "0.50");
        business.same_everywhere(&[&first, &second]);
        let (on_file, _, debt) = first.points(&member);
        assert_eq!(on_file - debt, 100, "one earning is left, and it was not spent");
        let hub = held_by_hub(&business.database);
        assert_eq!(Book::of(&hub).wrong(), Vec::<String>::new());
    }
}
