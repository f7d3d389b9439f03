//! The business with which each run begins: made once, and put back before each run.
//!
//! Its files stay the files that they are, and only their content is put back, so that the anchors
//! hold. Its ids come from a seed: on every machine and in every process it is the same business.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use punchcard_hub::{Hub, http::Direct, store};
use punchcard_protocol::TillId;
use punchcard_till::{
    Actor, PassTypeInput, RewardInput, Till,
    sync::{Line, join},
    views::{MemberInput, PairInput},
};
use tempfile::TempDir;

use super::{
    Config,
    files::Files,
    line::{CERTIFICATE, Shared},
    machine,
};
use crate::{NOON, PIN, id, set_up};

/// The seed of the business itself.
const SEED: u64 = 0x5eed;
/// Members that are there from the beginning.
const MEMBERS: u32 = 6;

/// A business, as it stands before each run.
pub struct Ground {
    dir: TempDir,
    hub: Files,
    /// Its tills: id and files.
    pub tills: Vec<(TillId, Files)>,
    /// Its members.
    pub members: Vec<String>,
    /// A reward of which the cashier chooses the price.
    pub reward: String,
    /// A pack of visits.
    pub pack: String,
}

/// In memory, where the system has a place for it: a run is thousands of commits.
fn temporary() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
    made.expect("a temporary folder")
}

fn seed_this_thread(seed: u64) {
    let tills = punchcard_till::seed_this_thread(Some(seed));
    let hub = punchcard_hub::seed_this_thread(Some(!seed));
    assert!(tills && hub, "only a build with debug assertions can be told its random numbers");
}

/// Randomness from the operating system again.
pub fn unseed_this_thread() {
    punchcard_till::seed_this_thread(None);
    punchcard_hub::seed_this_thread(None);
}

/// Randomness of one step of one run.
pub fn seed_step(seed: u64, step: u64) {
    seed_this_thread(
        seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ step.wrapping_mul(0x9e6c_63d0_676a_9a99),
    );
}

impl Ground {
    /// Makes the business.
    pub fn new(tills: usize) -> Self {
        let dir = temporary();
        seed_this_thread(SEED);
        let hub_folder = dir.path().join("hub");
        std::fs::create_dir_all(&hub_folder).expect("room");
        let shared = Shared::new(NOON, hub_folder.clone());
        let told = shared.clone();
        let store = store::open(&database(&hub_folder)).expect("it opens");
        let hub = Arc::new(Hub::open(store, Arc::new(move || told.hub_ms())).expect("a hub"));
        shared.connect(Some(Arc::new(Direct::new(hub.clone(), CERTIFICATE).expect("a door"))));
        let config = Config::default();
        let open: Vec<(Arc<Till>, Line, Actor)> =
            (0..tills).map(|n| till(&shared, &hub, dir.path(), n, &config)).collect();
        let (first, _, owner) = &open[0];
        let (reward, pack) = stock(first, owner);
        let members = (0..MEMBERS).map(|n| member(first, owner, n)).collect();
        for (_, line, _) in open.iter().chain(&open) {
            line.sync_now().expect("the line is good");
        }
        drop(open);
        let known = hub.tills().expect("it answers");
        shared.connect(None);
        drop(hub);
        let tills = (0..tills).map(|n| {
            let line = known.iter().find(|line| line.name == name(n)).expect("it was paired");
            (line.till, Files::of(&folder(dir.path(), n)))
        });
        let tills = tills.collect();
        let hub = Files::of(&hub_folder);
        unseed_this_thread();
        Self { dir, hub, tills, members, reward, pack }
    }

    /// Where the hub's files are.
    pub fn hub_folder(&self) -> PathBuf {
        self.dir.path().join("hub")
    }

    /// Where a machine's files are.
    pub fn folder(&self, machine: usize) -> PathBuf {
        folder(self.dir.path(), machine)
    }

    /// Puts everything back as it was.
    pub fn put_back(&self) {
        self.hub.put(&self.hub_folder(), "");
        for (n, (_, files)) in self.tills.iter().enumerate() {
            files.put(&self.folder(n), "");
        }
        for copy in self.tills.len()..self.tills.len() + super::world::MOST_CLONES {
            drop(std::fs::remove_dir_all(self.folder(copy)));
        }
    }
}

/// The address of the hub's database.
pub fn database(hub_folder: &Path) -> String {
    format!("sqlite:{}", hub_folder.join("hub.db").display())
}

fn folder(dir: &Path, machine: usize) -> PathBuf {
    dir.join(format!("till-{machine}"))
}

fn name(n: usize) -> String {
    format!("{n} 号店")
}

/// A till that joins; the first one brings the business.
fn till(
    shared: &Arc<Shared>,
    hub: &Hub,
    dir: &Path,
    n: usize,
    config: &Config,
) -> (Arc<Till>, Line, Actor) {
    let folder = folder(dir, n);
    let machine = shared.add(folder.clone(), 0);
    let options = machine::options(shared, machine, config);
    let name = name(n);
    let input = |code: String| PairInput { hub: "https://fleet".into(), code, till: name.clone() };
    if n == 0 {
        let till = Arc::new(Till::create(&folder, &set_up(), &options).expect("a new shop"));
        let owner = till.owner().expect("there is an owner");
        let line = Line::quiet(till.clone());
        let code = hub.pair(None).expect("a code").0.shown();
        line.pair(&owner, &input(code)).expect("it pairs");
        line.sync_now().expect("the line is good");
        return (till, line, owner);
    }
    let store = hub.add_store(&name, "Asia/Shanghai").expect("a branch");
    let code = hub.pair(Some(store)).expect("a code").0.shown();
    let till = Arc::new(join(&folder, &input(code), PIN, &options).expect("it joins"));
    let owner = till.owner().expect("there is an owner");
    (till.clone(), Line::quiet(till), owner)
}

fn stock(till: &Till, owner: &Actor) -> (String, String) {
    let reward = RewardInput {
        id: None,
        name: "抵现".into(),
        cost: 0,
        minor_per_point: 1,
        active: true,
        terms: None,
    };
    let rewards = till.save_reward(owner, reward).expect("a reward");
    let kind = PassTypeInput {
        id: None,
        name: "次卡".into(),
        days: Some(365),
        visits: Some(3),
        price_minor: 0,
        active: true,
        terms: None,
    };
    let kinds = till.save_pass_type(owner, kind).expect("a kind of pass");
    let mut rules = till.rules().expect("rules");
    rules.trust_limit = 60;
    rules.points_expire_months = Some(12);
    rules.points_per_visit = 2;
    rules.pass_required = false;
    till.save_rules(owner, rules).expect("the owner may");
    (rewards[0].id.clone().expect("it has one"), kinds[0].id.clone())
}

fn member(till: &Till, owner: &Actor, n: u32) -> String {
    let input = MemberInput {
        name: format!("会员{n}"),
        phone: format!("138{n:08}"),
        ..MemberInput::default()
    };
    let member = till.register_member(owner, input).expect("a new member").brief.id;
    // Some have something from the start, the others nothing.
    if n.is_multiple_of(2) {
        till.earn(owner, id(&member), "100").expect("points");
    }
    member
}
