//! The line between tills and hub, without a network: it drops, delays, repeats, reorders and cuts,
//! as the steps say; and it notes where each till reads.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

use punchcard_hub::http::Direct;
use punchcard_protocol::sync::path;
use punchcard_till::{
    Error, Result,
    sync::{Answered, Call, Carrier, Dial, Fingerprint},
};
use serde_json::Value;

use super::{
    files::Files,
    steps::{CALLS, Fault, Kill},
};

/// The certificate that this hub would show.
pub const CERTIFICATE: Fingerprint = [0xfe; 32];

/// Something that was sent and has not arrived yet.
struct Late {
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

/// What the step that is being done has in store.
#[derive(Default)]
struct Plan {
    faults: [Fault; CALLS],
    calls: usize,
    /// Which till dies, and after how many more readings of its clock.
    kill: Option<(usize, u32)>,
    kill_hub: Option<u32>,
    /// What lay on the disk when the till died.
    died: Option<(usize, Files)>,
    hub_died: Option<Files>,
}

/// What everything in the fleet shares: time, the line, and death.
pub struct Shared {
    now_ms: AtomicI64,
    clocks: Mutex<Vec<i64>>,
    folders: Mutex<Vec<PathBuf>>,
    hub_folder: PathBuf,
    hub_clock: AtomicI64,
    hub: Mutex<Option<Arc<Direct>>>,
    plan: Mutex<Plan>,
    late: Mutex<Vec<Late>>,
    /// Where each till reads each channel: epoch and position.
    reads: Mutex<BTreeMap<(usize, String), (u64, u64)>>,
    wrong: Mutex<Vec<String>>,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// Time stands at `now_ms`; the hub's files are in `hub_folder`.
    pub fn new(now_ms: i64, hub_folder: PathBuf) -> Arc<Self> {
        Arc::new(Self {
            now_ms: AtomicI64::new(now_ms),
            clocks: Mutex::default(),
            folders: Mutex::default(),
            hub_folder,
            hub_clock: AtomicI64::new(0),
            hub: Mutex::default(),
            plan: Mutex::default(),
            late: Mutex::default(),
            reads: Mutex::default(),
            wrong: Mutex::default(),
        })
    }

    /// A machine joins; returns its number.
    pub fn add(&self, folder: PathBuf, clock: i64) -> usize {
        held(&self.folders).push(folder);
        let mut clocks = held(&self.clocks);
        clocks.push(clock);
        clocks.len() - 1
    }

    /// Time goes on.
    pub fn pass(&self, ms: i64) {
        self.now_ms.fetch_add(ms, Ordering::Relaxed);
    }

    /// One machine's clock jumps.
    pub fn wind(&self, machine: usize, ms: i64) {
        held(&self.clocks)[machine] += ms;
    }

    /// How far a machine's clock is off.
    pub fn clock_of(&self, machine: usize) -> i64 {
        held(&self.clocks)[machine]
    }

    /// The hub's clock jumps.
    pub fn wind_hub(&self, ms: i64) {
        self.hub_clock.fetch_add(ms, Ordering::Relaxed);
    }

    /// What a till's clock says. Here it may die.
    pub fn till_ms(&self, machine: usize) -> i64 {
        let mut plan = held(&self.plan);
        if let Some((_, left)) = plan.kill.as_mut().filter(|(whose, _)| *whose == machine) {
            if *left == 0 {
                plan.kill = None;
                plan.died = Some((machine, Files::of(&held(&self.folders)[machine])));
            } else {
                *left -= 1;
            }
        }
        self.now_ms.load(Ordering::Relaxed) + held(&self.clocks)[machine]
    }

    /// What the hub's clock says. Here it may die.
    pub fn hub_ms(&self) -> i64 {
        let mut plan = held(&self.plan);
        match plan.kill_hub {
            Some(0) => {
                plan.kill_hub = None;
                plan.hub_died = Some(Files::of(&self.hub_folder));
            }
            Some(left) => plan.kill_hub = Some(left - 1),
            None => {}
        }
        self.now_ms.load(Ordering::Relaxed) + self.hub_clock.load(Ordering::Relaxed)
    }

    /// The hub answers from now on, or not.
    pub fn connect(&self, hub: Option<Arc<Direct>>) {
        *held(&self.hub) = hub;
    }

    /// What the next step has in store.
    pub fn plan(&self, faults: [Fault; CALLS], kill: Option<(usize, Kill)>, hub: Option<u32>) {
        let kill = kill.map(|(machine, kill)| (machine, kill.at));
        *held(&self.plan) = Plan { faults, kill, kill_hub: hub, ..Plan::default() };
    }

    /// The step is over: who died in it.
    pub fn deaths(&self) -> (Option<(usize, Files)>, Option<Files>) {
        let plan = std::mem::take(&mut *held(&self.plan));
        (plan.died, plan.hub_died)
    }

    /// Whether a till has died in this step.
    pub fn is_dead(&self, machine: usize) -> bool {
        held(&self.plan).died.as_ref().is_some_and(|(whose, _)| *whose == machine)
    }

    /// Whether the hub has died in this step.
    pub fn hub_is_dead(&self) -> bool {
        held(&self.plan).hub_died.is_some()
    }

    /// What was late arrives; nobody hears the answers.
    pub fn deliver(&self) {
        for late in std::mem::take(&mut *held(&self.late)) {
            drop(self.post(&late.path, &late.headers, late.body));
        }
    }

    /// A machine was rolled back: it reads from an earlier place.
    pub fn forget_reads(&self, machine: usize) {
        held(&self.reads).retain(|(whose, _), _| *whose != machine);
    }

    /// What the line saw that may not be.
    pub fn wrong(&self) -> Vec<String> {
        std::mem::take(&mut *held(&self.wrong))
    }

    fn post(
        &self,
        path: &str,
        headers: &[(&'static str, String)],
        body: Vec<u8>,
    ) -> Result<Answered> {
        let hub = held(&self.hub).clone();
        let Some(hub) = hub.filter(|_| !self.hub_is_dead()) else { return Err(lost()) };
        let (status, body) = hub.post(path, headers, body).map_err(|_| lost())?;
        if self.hub_is_dead() {
            return Err(lost());
        }
        if status >= 500 {
            let text = String::from_utf8_lossy(&body).into_owned();
            held(&self.wrong).push(format!("the hub broke at {path}: {text}"));
        }
        Ok(Answered { status, body })
    }

    fn carry(&self, machine: usize, call: &Call<'_>) -> Result<Answered> {
        if self.is_dead(machine) {
            return Err(lost());
        }
        let fault = {
            let mut plan = held(&self.plan);
            plan.calls += 1;
            plan.faults.get(plan.calls - 1).copied().unwrap_or_default()
        };
        if call.path == path::PULL {
            self.note_read(machine, &call.body);
        }
        let send = || self.post(call.path, &call.headers, call.body.clone());
        match fault {
            Fault::None => send(),
            Fault::RequestLost => Err(lost()),
            Fault::AnswerLost => {
                drop(send());
                Err(lost())
            }
            Fault::Repeated => {
                drop(send());
                send()
            }
            Fault::Cut => {
                let mut answer = send()?;
                answer.body.truncate(answer.body.len() / 2);
                Ok(answer)
            }
            Fault::Late => {
                let (path, headers) = (call.path.to_owned(), call.headers.clone());
                held(&self.late).push(Late { path, headers, body: call.body.clone() });
                Err(lost())
            }
        }
    }

    /// Within an epoch a till reads on, or from the start, and never from somewhere before.
    fn note_read(&self, machine: usize, body: &[u8]) {
        let Ok(ask) = serde_json::from_slice::<Value>(body) else { return };
        let number = |name: &str| ask[name].as_u64().unwrap_or(0);
        let (epoch, after) = (number("epoch"), number("after"));
        let channel = ask["channel"].as_str().unwrap_or_default().to_owned();
        let before = held(&self.reads).insert((machine, channel), (epoch, after));
        if let Some((same, position)) = before
            && same == epoch
            && after < position
            && after != 0
        {
            held(&self.wrong).push(format!("machine {machine} reads {after} after {position}"));
        }
    }
}

fn lost() -> Error {
    Error::HubUnreachable("the line is down".into())
}

/// One machine's way to the hub.
struct Way {
    shared: Arc<Shared>,
    machine: usize,
}

impl Carrier for Way {
    fn carry(&self, call: &Call<'_>) -> Result<Answered> {
        self.shared.carry(self.machine, call)
    }

    fn shown(&self) -> Option<Fingerprint> {
        Some(CERTIFICATE)
    }
}

/// How one machine calls the hub.
pub fn dial(shared: &Arc<Shared>, machine: usize) -> Dial {
    let shared = shared.clone();
    Arc::new(move |_, pin| match pin {
        Some(pin) if pin != CERTIFICATE => Err(Error::WrongHub),
        _ => Ok(Arc::new(Way { shared: shared.clone(), machine })),
    })
}
