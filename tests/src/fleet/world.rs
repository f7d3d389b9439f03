//! The fleet while it runs: what a step does, and what everybody was told.

use std::{collections::BTreeSet, sync::Arc};

use punchcard_hub::{
    Hub,
    http::Direct,
    store::{self, Store},
};
use punchcard_protocol::TillId;
use punchcard_till::{CheckInHow, Error, RedeemInput, Who, views::MemberInput};

use super::{
    Config,
    files::{ANCHOR, Files},
    ground::{self, Ground},
    line::{CERTIFICATE, Shared},
    machine::Machine,
    steps::{Act, Step},
};
use crate::{MINUTE, NOON, id};

/// So often a machine is copied in one run.
pub const MOST_CLONES: usize = 2;
/// Copies and backups that are kept of one machine.
const MOST_IMAGES: usize = 4;

/// A fact that somebody at a desk was told of.
#[derive(Debug, Clone)]
pub struct Told {
    /// Its id.
    pub fact: String,
    /// At which machine.
    pub machine: usize,
    /// Its only copy was on a disk that was put back to an earlier day.
    pub lost: bool,
}

/// A running fleet.
pub struct World<'a> {
    /// What everything follows from.
    pub seed: u64,
    /// Time and line.
    pub shared: Arc<Shared>,
    /// The machines, copies among them.
    pub machines: Vec<Machine>,
    /// What was told.
    pub told: Vec<Told>,
    /// Tills of which a manager, or a whole machine's rollback, made the promise void: by family.
    pub excused: BTreeSet<usize>,
    /// What went wrong on the way.
    pub wrong: Vec<String>,
    hub: Option<(Arc<dyn Store>, Arc<Hub>)>,
    ground: &'a Ground,
    config: &'a Config,
    members: Vec<String>,
    hub_images: Vec<Files>,
    revoked: BTreeSet<usize>,
}

/// What a desk may be answered with; anything else is a fault.
const REFUSALS: &[&str] = &[
    "points_short",
    "trust_limit",
    "wrong_points",
    "not_vouched",
    "not_found",
    "banned",
    "erased",
    "phone_taken",
    "bad_input",
    "already_voided",
    "not_voidable",
    "no_visits",
    "hub_unreachable",
    // From the hub.
    "device_revoked",
    "frozen",
    "fork_detected",
    "chain_broken",
    "epoch_changed",
];

impl<'a> World<'a> {
    /// The business as it stands before a run.
    pub fn new(ground: &'a Ground, config: &'a Config, seed: u64) -> Self {
        ground.put_back();
        ground::seed_step(seed, u64::MAX - 1);
        let shared = Shared::new(NOON + 60 * MINUTE, ground.hub_folder());
        let hub = Some(open_hub(ground, &shared, config));
        let mut machines: Vec<Machine> = (0..ground.tills.len())
            .map(|n| Machine::new(&shared, ground.folder(n), n, 0, config))
            .collect();
        for machine in &mut machines {
            machine.open().expect("it is as it was");
        }
        Self {
            seed,
            shared,
            hub,
            machines,
            told: Vec::new(),
            excused: BTreeSet::new(),
            wrong: Vec::new(),
            ground,
            config,
            members: ground.members.clone(),
            hub_images: Vec::new(),
            revoked: BTreeSet::new(),
        }
    }

    /// The hub.
    pub fn hub(&self) -> &Hub {
        &self.hub.as_ref().expect("open between steps").1
    }

    /// The hub's database.
    pub fn store(&self) -> &dyn Store {
        &*self.hub.as_ref().expect("open between steps").0
    }

    /// The hub's log, hashed.
    pub fn log(&self) -> String {
        let mut session = self.store().read().expect("it answers");
        let rows = session.rows("SELECT sum FROM log ORDER BY position DESC LIMIT 1", &[]);
        format!("{:?}", rows.expect("it answers"))
    }

    /// The till that a family of machines is.
    pub fn till_of(&self, family: usize) -> TillId {
        self.ground.tills[family].0
    }

    /// Does a step. Whoever dies in it is found as the disk has it, and opened again.
    pub fn step(&mut self, step: &Step) {
        ground::seed_step(self.seed, step.id as u64);
        self.shared.pass(1_000);
        let at = usize::try_from(step.till).unwrap_or(0) % self.machines.len();
        let kill = step.kill.map(|kill| (at, kill));
        let anchor = self.machines[at].anchor();
        self.shared.plan(step.faults, kill, step.kill_hub);
        let fact = self.act(at, step);
        let dead = self.shared.is_dead(at);
        if let Some(fact) = fact.filter(|_| !dead) {
            self.told.push(Told { fact, machine: at, lost: false });
        }
        let (died, hub_died) = self.shared.deaths();
        if let Some(files) = hub_died {
            self.hub_from(&files);
        }
        if let Some((at, files)) = died {
            let old = step.kill.is_some_and(|kill| kill.old_anchor) && !anchor.is_empty();
            let files = if old { files.with(ANCHOR, anchor) } else { files };
            self.machines[at].close();
            files.put(&self.machines[at].folder, "");
            self.shared.forget_reads(at);
            self.open(at);
        }
        self.wrong.extend(self.shared.wrong());
    }

    fn open(&mut self, at: usize) {
        if let Err(error) = self.machines[at].open() {
            self.wrong.push(format!("machine {at} does not open: {error}"));
        }
    }

    /// What a use case came to: the fact that was told. An unexpected refusal is a fault.
    fn note<T>(&mut self, at: usize, outcome: Result<T, Error>) -> Option<T> {
        match outcome {
            Ok(done) => Some(done),
            Err(error) => {
                if !REFUSALS.contains(&error.code()) && !self.shared.is_dead(at) {
                    self.wrong.push(format!("machine {at}: {} ({error})", error.code()));
                }
                None
            }
        }
    }

    fn member(&self, n: u64) -> &str {
        pick(&self.members, n).map_or("", String::as_str)
    }

    /// Does it, or is refused; returns the fact that a cashier was told of.
    fn act(&mut self, at: usize, step: &Step) -> Option<String> {
        let machine = &self.machines[at];
        let till = machine.till();
        let owner = till.owner().expect("there is an owner");
        match step.act {
            Act::CheckIn { member, visit } => {
                let who = Who::Member(id(self.member(member)));
                let how = if visit { CheckInHow::UseVisit } else { CheckInHow::Scan };
                let done = till.check_in(&owner, who, how, None);
                self.note(at, done).map(|done| done.fact)
            }
            Act::Earn { member, yuan } => {
                let done = till.earn(&owner, id(self.member(member)), &yuan.to_string());
                self.note(at, done).map(|done| done.fact)
            }
            Act::Redeem { member, points, on_trust } => {
                let input = RedeemInput {
                    member: id(self.member(member)),
                    reward: id(&self.ground.reward),
                    points: Some(points),
                    on_trust,
                };
                let done = till.redeem(&owner, input);
                self.note(at, done).map(|done| done.fact)
            }
            Act::GivePass { member } => {
                let done = till.give_pass(&owner, id(self.member(member)), id(&self.ground.pack));
                self.note(at, done).map(|done| done.fact)
            }
            Act::Undo { back } => {
                let back = usize::try_from(back).unwrap_or(0);
                let target = self.told.iter().rev().nth(back)?.fact.clone();
                let done = till.undo(&owner, id(&target));
                self.note(at, done).map(|done| done.fact)
            }
            Act::Register { phone } => {
                let input = MemberInput {
                    name: format!("新{}", step.id),
                    phone: format!("139{phone:08}"),
                    ..MemberInput::default()
                };
                let done = till.register_member(&owner, input);
                let member = self.note(at, done)?.brief.id;
                if !self.shared.is_dead(at) {
                    self.members.push(member);
                }
                None
            }
            Act::Change { member, note } => {
                let input = MemberInput {
                    name: format!("改{note}"),
                    note: format!("{note}"),
                    ..MemberInput::default()
                };
                let done = till.change_member(&owner, id(self.member(member)), input);
                self.note(at, done);
                None
            }
            Act::Erase { member } => {
                let done = till.erase_member(&owner, id(self.member(member)), true);
                self.note(at, done);
                None
            }
            Act::Merge { kept, gone } => {
                let done = till.merge_members(&owner, id(self.member(kept)), id(self.member(gone)));
                self.note(at, done);
                None
            }
            Act::Draw { member, points } => {
                let done = machine.line().draw(&owner, id(self.member(member)), points);
                self.note(at, done);
                None
            }
            Act::Answer => {
                // A life that the hub has not met yet is asked for nothing: it has to greet first.
                let done = machine.line().answer_asks(0);
                if !matches!(&done, Err(error) if error.code() == "bad_signature") {
                    self.note(at, done);
                }
                None
            }
            Act::Sync => {
                let done = machine.line().sync_now();
                self.note(at, done);
                None
            }
            Act::Expire => {
                let done = till.expire_due();
                self.note(at, done);
                None
            }
            _ => {
                self.befall(at, step);
                None
            }
        }
    }

    /// What nobody at a desk does.
    fn befall(&mut self, at: usize, step: &Step) {
        match step.act {
            Act::Pass { ms } => self.shared.pass(ms),
            Act::Wind { ms } => self.shared.wind(at, ms),
            Act::WindHub { ms } => self.shared.wind_hub(ms),
            Act::Restart => {
                self.machines[at].close();
                self.open(at);
            }
            Act::Image => {
                self.machines[at].close();
                let image = (self.machines[at].files(), self.told.len());
                keep(&mut self.machines[at].images, image);
                self.open(at);
            }
            Act::PutBack { which, whole } => self.put_back(at, which, whole),
            Act::Backup => {
                let (place, count) = (self.machines[at].backup_place(step.id), self.told.len());
                let till = self.machines[at].till();
                let done = till.owner().and_then(|owner| till.backup(&owner, &place));
                if self.note(at, done).is_some() && !self.shared.is_dead(at) {
                    keep(&mut self.machines[at].backups, (place, count));
                }
            }
            Act::Restore { which } => {
                let Some((place, count)) = pick(&self.machines[at].backups, which).cloned() else {
                    return;
                };
                self.lose(at, count);
                self.shared.forget_reads(at);
                let done = self.machines[at].restore(&place);
                self.note(at, done);
            }
            Act::Clone { anchor } => self.copy(at, anchor),
            Act::LoseAnchor => {
                self.machines[at].close();
                Files::default()
                    .with(ANCHOR, Vec::new())
                    .put(&self.machines[at].folder, "nothing is taken away");
                self.open(at);
            }
            Act::Revoke => self.give_up(at, false),
            Act::Reclaim => self.give_up(at, true),
            Act::Settle { which, accept } => self.settle(which, accept),
            Act::RestartHub => {
                let files = self.close_hub();
                self.hub_from(&files);
            }
            Act::ExpireHub => {
                if let Err(error) = self.hub().expire_due() {
                    self.wrong.push(format!("the hub cannot post what ran out: {error}"));
                }
            }
            Act::HubImage => {
                let files = self.close_hub();
                keep(&mut self.hub_images, files.clone());
                self.hub_from(&files);
            }
            Act::HubPutBack { which } => {
                if let Some(files) = pick(&self.hub_images, which).cloned() {
                    drop(self.close_hub());
                    self.hub_from(&files);
                    self.lose_with_hub();
                }
            }
            Act::Deliver => self.shared.deliver(),
            _ => {}
        }
    }

    /// What was told at a machine since, and is nowhere else, is lost with its disk.
    fn lose(&mut self, at: usize, since: usize) {
        let known = super::check::facts_at_hub(self.store());
        for told in self.told.iter_mut().skip(since).filter(|told| told.machine == at) {
            told.lost |= !known.contains(&told.fact);
        }
    }

    /// What a hub that was put back had alone, since the till's own disk was put back before, is lost.
    fn lose_with_hub(&mut self) {
        let mut known = super::check::facts_at_hub(self.store());
        for machine in &self.machines {
            let parcels = machine.till().parcels().expect("it can be read");
            known
                .extend(parcels.iter().filter_map(|one| super::check::fact_id(&one.entry.payload)));
        }
        for told in &mut self.told {
            told.lost |= !known.contains(&told.fact);
        }
    }

    fn put_back(&mut self, at: usize, which: u64, whole: bool) {
        let Some((files, count)) = pick(&self.machines[at].images, which).cloned() else { return };
        self.lose(at, count);
        self.shared.forget_reads(at);
        self.machines[at].close();
        if whole {
            files.put(&self.machines[at].folder, "till.db");
            self.excused.insert(self.machines[at].family);
        } else {
            files.only("till.db").put(&self.machines[at].folder, "till.db");
        }
        self.open(at);
    }

    fn copy(&mut self, at: usize, anchor: bool) {
        if self.machines.len() >= self.ground.tills.len() + MOST_CLONES {
            return;
        }
        self.machines[at].close();
        let files = self.machines[at].files();
        let files = if anchor { files } else { files.without(ANCHOR) };
        let family = self.machines[at].family;
        let folder = self.ground.folder(self.machines.len());
        files.put(&folder, "");
        let clock = self.shared.clock_of(at);
        let copy = Machine::new(&self.shared, folder, family, clock, self.config);
        self.machines.push(copy);
        self.open(at);
        self.open(self.machines.len() - 1);
    }

    /// A till is revoked or reclaimed; two of them always stay.
    fn give_up(&mut self, at: usize, reclaim: bool) {
        let family = self.machines[at].family;
        if !self.revoked.contains(&family) && self.revoked.len() + 2 >= self.ground.tills.len() {
            return;
        }
        self.revoked.insert(family);
        self.excused.insert(family);
        let till = self.till_of(family);
        let done =
            if reclaim { self.hub().reclaim(till).map(|_| ()) } else { self.hub().revoke(till) };
        if let Err(error) = done {
            self.wrong.push(format!("a till cannot be given up: {error}"));
        }
    }

    fn settle(&mut self, which: u64, accept: bool) {
        let lines = self.hub().inbox().expect("the hub answers");
        let open: Vec<_> = lines.into_iter().filter(|line| !line.settled).collect();
        let Some(line) = pick(&open, which) else { return };
        if accept && line.code == "second_life" {
            // A manager gives the earlier life up, and cannot know what it spent since.
            let till = line.args.get("till").and_then(|till| till.as_str()).unwrap_or_default();
            let mut tills = self.ground.tills.iter();
            self.excused.extend(tills.position(|(id, _)| id.to_string() == till));
        }
        if let Err(error) = self.hub().settle(&line.id, accept) {
            self.wrong.push(format!("{} cannot be settled: {error}", line.code));
        }
    }

    /// Closes the hub; returns its files.
    fn close_hub(&mut self) -> Files {
        self.shared.connect(None);
        self.hub = None;
        Files::of(&self.ground.hub_folder())
    }

    /// The hub goes on with what lies in these files.
    fn hub_from(&mut self, files: &Files) {
        drop(self.close_hub());
        files.put(&self.ground.hub_folder(), "");
        self.hub = Some(open_hub(self.ground, &self.shared, self.config));
    }
}

impl Drop for World<'_> {
    /// The hub's clock knows the line, and the line knows the hub: one has to let go.
    fn drop(&mut self) {
        self.shared.connect(None);
    }
}

fn keep<T>(list: &mut Vec<T>, one: T) {
    if list.len() == MOST_IMAGES {
        list.remove(0);
    }
    list.push(one);
}

fn pick<T>(list: &[T], n: u64) -> Option<&T> {
    list.get(usize::try_from(n).unwrap_or(0) % list.len().max(1))
}

fn open_hub(ground: &Ground, shared: &Arc<Shared>, config: &Config) -> (Arc<dyn Store>, Arc<Hub>) {
    let store = store::open(&ground::database(&ground.hub_folder())).expect("it opens");
    let told = shared.clone();
    let clock = Arc::new(move || told.hub_ms());
    let hub = Hub::open_without(store.clone(), clock, config.weak_hub).expect("a hub");
    let hub = Arc::new(hub);
    shared.connect(Some(Arc::new(Direct::new(hub.clone(), CERTIFICATE).expect("a door"))));
    (store, hub)
}
