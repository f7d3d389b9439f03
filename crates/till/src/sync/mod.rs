//! The till's side of sync: [`Line`] is the line to the hub, with a thread that syncs and one that
//! waits to be asked. Nobody at the desk waits for either.

mod bootstrap;
mod carrier;
mod cycle;
mod give;
mod pair;
mod tls;
mod wire;

use std::{
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use punchcard_domain::{ledger::ValueKind, staff::Permission};
use punchcard_protocol::{
    FactId, LotId, MemberId, PassId, RecordId,
    sync::{Asks, AsksQuery, DrawAnswer, Find, Found, path},
};
use tokio::sync::Notify;

pub use bootstrap::Beginning;
pub use carrier::{Answered, Call, Carrier, Dial, Fingerprint, Patience, https};
pub use pair::{join, join_with};

use self::{
    cycle::{Depth, STRANGER},
    wire::{Caller, Wire},
};
use crate::{
    error::{Error, Result},
    phone, random,
    till::Till,
    use_cases::{actor::Actor, line, points::known_member},
    views::{DrawView, HolderView, LineState, LineView, PairInput, StockView},
};

/// So soon after a write.
const AFTER_WRITE: Duration = Duration::from_secs(2);
/// At least so often.
const EVERY: Duration = Duration::from_secs(30);
/// Tables are compared and value goes to rest this often.
const WHOLE_EVERY: Duration = Duration::from_hours(1);
/// The longest pause after failures: whoever mends the line waits no longer to see it.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// How often the thread looks whether there is something to do.
const TICK: Duration = Duration::from_millis(250);
/// How long the hub may think about what to ask.
const ASK_WAIT_MS: u64 = 20_000;
/// Visits fetched at once: one, for now.
const VISITS: i64 = 1;
const ASK_PATIENCE: Duration = Duration::from_secs(30);

/// The line to the hub.
pub struct Line {
    inner: Arc<Inner>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

struct Inner {
    till: Arc<Till>,
    wire: Mutex<Option<Arc<Wire>>>,
    /// One sync at a time.
    syncing: Mutex<()>,
    state: Mutex<State>,
    kicked: Condvar,
    online: AtomicBool,
    stopping: AtomicBool,
    stop: Notify,
}

#[derive(Default)]
struct State {
    kick: bool,
}

impl Line {
    /// A line that does something only when it is told to: for scripts and tests.
    pub fn quiet(till: Arc<Till>) -> Self {
        let inner = Inner {
            till,
            wire: Mutex::new(None),
            syncing: Mutex::new(()),
            state: Mutex::new(State::default()),
            kicked: Condvar::new(),
            online: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            stop: Notify::new(),
        };
        Self { inner: Arc::new(inner), threads: Mutex::new(Vec::new()) }
    }

    /// A line that syncs by itself: soon after each write, and every half minute.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn start(till: Arc<Till>) -> Result<Self> {
        let line = Self::quiet(till);
        let named = |name: &str| std::thread::Builder::new().name(name.into());
        let (syncs, asked) = (line.inner.clone(), line.inner.clone());
        let threads = vec![
            named("till-sync").spawn(move || syncs.keep_syncing())?,
            named("till-asked").spawn(move || asked.keep_listening())?,
        ];
        if let Ok(mut held) = line.threads.lock() {
            *held = threads;
        }
        Ok(line)
    }

    /// How the line is.
    pub fn view(&self) -> LineView {
        let view = self.inner.till.write(|work| line::line_view(work)).unwrap_or_default();
        let online = self.inner.online.load(Ordering::Relaxed);
        match view.state {
            LineState::Offline if online => LineView { state: LineState::Online, ..view },
            _ => view,
        }
    }

    /// Joins this till's business to a hub that has none yet.
    ///
    /// # Errors
    /// `approval_needed`, `already_paired`, `bad_code`, `hub_unreachable`, `wrong_hub`, and what
    /// the hub refuses.
    pub fn pair(&self, actor: &Actor, input: &PairInput) -> Result<()> {
        pair::pair(&self.inner.till, actor, input)?;
        // It has just answered.
        self.inner.online.store(true, Ordering::Relaxed);
        self.inner.kick();
        Ok(())
    }

    /// Joins again, with all that this till holds: a hub that was restored and does not know it any
    /// more, or another one where the hub was lost whole.
    ///
    /// # Errors
    /// `approval_needed`, `not_paired`, `bad_code`, `hub_unreachable`, `wrong_hub`, and what the hub
    /// refuses.
    pub fn pair_again(&self, actor: &Actor, input: &PairInput) -> Result<()> {
        // No sync meanwhile: it would speak to the one with what it knows of the other.
        let _one = self.inner.syncing.lock().map_err(|_| fell_over())?;
        pair::pair_again(&self.inner.till, actor, input)?;
        *self.inner.wire.lock().map_err(|_| fell_over())? = None;
        self.inner.online.store(true, Ordering::Relaxed);
        self.inner.kick();
        Ok(())
    }

    /// Syncs now, whole, and returns when it is done.
    ///
    /// # Errors
    /// `not_paired`, `hub_unreachable`, `wrong_hub`, and what the hub refuses.
    pub fn sync_now(&self) -> Result<()> {
        self.inner.sync(Depth::Whole)
    }

    /// Fetches points that are held elsewhere, and says who holds what could not be had.
    ///
    /// # Errors
    /// `approval_needed`, `not_found`, `not_paired`, `hub_unreachable`, and what the hub refuses.
    pub fn draw(&self, actor: &Actor, member: MemberId, points: i64) -> Result<DrawView> {
        actor.require(Permission::RedeemPoints)?;
        let till = &self.inner.till;
        till.write(|work| known_member(work, member).map(|_| ()))?;
        // What others may draw is with the hub before anything is asked of it.
        self.inner.sync(Depth::Quick)?;
        let (wire, caller) = self.inner.caller()?;
        let answer = cycle::draw(till, &wire, &caller, member, ValueKind::Points, points)?;
        self.inner.kick();
        drawn(till, actor, member, points, &answer)
    }

    /// Draws so many of a reward's stock that other tills of this store hold.
    ///
    /// # Errors
    /// `approval_needed`, `not_found`, `not_paired`, and what the hub refuses.
    pub fn draw_stock(&self, actor: &Actor, reward: RecordId, amount: i64) -> Result<StockView> {
        actor.require(Permission::RedeemPoints)?;
        let till = &self.inner.till;
        let owner = till.stock_of(reward)?;
        self.inner.sync(Depth::Quick)?;
        let (wire, caller) = self.inner.caller()?;
        cycle::draw(till, &wire, &caller, owner, ValueKind::Stock, amount)?;
        self.inner.kick();
        till.stock(actor, reward)
    }

    /// Asks the hub for whoever holds a card that nobody here knows. True: they are here now.
    pub fn fetch_card(&self, card: &str) -> bool {
        let ask = Find { card: Some(card.to_owned()), ..Find::default() };
        self.inner.fetch(&ask).unwrap_or(false)
    }

    /// Before a scan is answered: whoever nobody here knows is asked for, and a visit of a pack that
    /// lies elsewhere is fetched. Takes a moment at most, and nothing while the hub does not answer.
    pub fn before_scan(&self, card: &str) {
        if !self.online() {
            return;
        }
        if !self.inner.till.knows_card(card).unwrap_or(true) {
            self.fetch_card(card);
        }
        if let Err(error) = self.inner.fetch_visit(card) {
            tracing::info!(code = error.code(), "no visit could be fetched");
        }
    }

    /// Before a pack is upgraded or given away: its visits that lie elsewhere are fetched, as far
    /// as they can be had. Returns how many came; nothing while the hub does not answer.
    ///
    /// # Errors
    /// `not_found`; those of the store.
    pub fn before_pass_changes(&self, member: MemberId, pass: PassId) -> Result<i64> {
        let Some((lot, elsewhere)) = self.inner.till.pack_elsewhere(member, pass)? else {
            return Ok(0);
        };
        Ok(self.inner.fetch_lots(member, ValueKind::Visits, vec![lot], elsewhere).unwrap_or_else(
            |error| {
                tracing::info!(code = error.code(), "no visits could be fetched");
                0
            },
        ))
    }

    /// Before a reward is handed over: a voucher that lies elsewhere is fetched; nothing while the
    /// hub does not answer.
    ///
    /// # Errors
    /// `not_found`; those of the store.
    pub fn before_hand_over(&self, member: MemberId, given: FactId) -> Result<()> {
        let Some(lot) = self.inner.till.voucher_elsewhere(member, given)? else { return Ok(()) };
        let fetched = self.inner.fetch_lots(member, ValueKind::Coupon, vec![lot], 1);
        if let Err(error) = fetched {
            tracing::info!(code = error.code(), "no voucher could be fetched");
        }
        Ok(())
    }

    /// Asks the hub for whoever has a phone.
    pub fn fetch_phone(&self, typed: &str) -> bool {
        let country = self.inner.till.write(|work| Ok(work.house.business.country.clone()));
        let phone = country.ok().and_then(|country| phone::parse(typed, &country));
        let ask = Find { phone, ..Find::default() };
        ask.phone.is_some() && self.inner.fetch(&ask).unwrap_or(false)
    }

    /// Whether the hub answered the last time.
    pub fn online(&self) -> bool {
        self.inner.online.load(Ordering::Relaxed)
    }

    /// Answers once what the hub asks for: for tools and tests; a line that was started does it by
    /// itself.
    ///
    /// # Errors
    /// As [`Line::sync_now`].
    pub fn answer_asks(&self, wait_ms: u64) -> Result<usize> {
        self.inner.listen(wait_ms)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.inner.stopping.store(true, Ordering::Relaxed);
        self.inner.stop.notify_waiters();
        self.inner.kick();
        let threads = self.threads.lock().map(|mut held| std::mem::take(&mut *held));
        for thread in threads.unwrap_or_default() {
            // A call that is under way when the till is closed ends by itself; nobody waits.
            self.inner.stop.notify_waiters();
            if thread.join().is_err() {
                tracing::error!("a thread of the line fell over");
            }
        }
    }
}

fn drawn(
    till: &Till,
    actor: &Actor,
    member: MemberId,
    points: i64,
    answer: &DrawAnswer,
) -> Result<DrawView> {
    let balance = till.write(|work| {
        let file = known_member(work, member)?;
        let eye = work.eye(actor.role);
        eye.points(&eye.purse(file.number, ValueKind::Points)?)
    })?;
    let holders = answer.holders.iter().map(|holder| HolderView {
        name: holder.name.clone(),
        points: holder.amount,
        silent: holder.silent,
    });
    Ok(DrawView {
        drawn: answer.granted,
        points: balance,
        missing: (points - answer.granted).max(0),
        holders: holders.collect(),
    })
}

impl Inner {
    fn kick(&self) {
        if let Ok(mut state) = self.state.lock() {
            state.kick = true;
        }
        self.kicked.notify_all();
    }

    fn stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// The wire to the hub that this till is paired with.
    fn wire(&self) -> Result<Arc<Wire>> {
        let mut held = self.wire.lock().map_err(|_| fell_over())?;
        if let Some(wire) = &*held {
            return Ok(wire.clone());
        }
        let hub = self.till.hub_link()?.ok_or(Error::NotPaired)?;
        let pin = hub.pin.as_deref().map(pin_of).transpose()?;
        let wire = Arc::new(Wire::new(&self.till.dial, &hub.url, pin)?);
        *held = Some(wire.clone());
        Ok(wire)
    }

    fn caller(&self) -> Result<(Arc<Wire>, Caller)> {
        let standing = self.till.standing()?;
        Ok((self.wire()?, cycle::caller(&self.till, &standing)?))
    }

    fn sync(&self, depth: Depth) -> Result<()> {
        let wire = self.wire()?;
        let _one = self.syncing.lock().map_err(|_| fell_over())?;
        let outcome = cycle::sync(&self.till, &wire, depth);
        self.online.store(answered(&outcome), Ordering::Relaxed);
        outcome
    }

    fn patience(&self, longest: Duration) -> Patience<'_> {
        Patience { longest, stop: &self.stop }
    }

    fn fetch(&self, ask: &Find) -> Result<bool> {
        if !self.online.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let (wire, caller) = self.caller()?;
        let found: Found = wire.call_within(&caller, path::FIND, ask, self.patience(STRANGER))?;
        Ok(self.till.take_aside(found.packets)? > 0)
    }

    /// Fetches a visit for a pack of which none lies here.
    fn fetch_visit(&self, card: &str) -> Result<()> {
        let Some((member, lots)) = self.till.lacks_a_visit(card)? else { return Ok(()) };
        self.fetch_lots(member, ValueKind::Visits, lots, VISITS).map(drop)
    }

    /// Fetches something of some lots; returns how much came.
    fn fetch_lots(
        &self,
        member: MemberId,
        kind: ValueKind,
        lots: Vec<LotId>,
        amount: i64,
    ) -> Result<i64> {
        let (wire, caller) = self.caller()?;
        let ask = cycle::ask(&self.till, member, kind, amount, lots)?;
        let answer: DrawAnswer =
            wire.call_within(&caller, path::DRAW, &ask, self.patience(STRANGER))?;
        self.till.take_aside(answer.packets)?;
        Ok(answer.granted)
    }

    /// Answers what the hub asks for; returns for how many asks value was given.
    fn listen(&self, wait_ms: u64) -> Result<usize> {
        let (wire, caller) = self.caller()?;
        let ask = AsksQuery { wait_ms };
        let asks: Asks =
            wire.call_within(&caller, path::ASKS, &ask, self.patience(ASK_PATIENCE))?;
        let mut given = 0;
        for ask in &asks.asks {
            let Some(kind) = cycle::kind_named(&ask.kind) else { continue };
            given += usize::from(self.till.give(ask.member, kind, ask.amount)? > 0);
        }
        if given > 0 {
            self.sync(Depth::Quick)?;
        }
        Ok(given)
    }

    fn keep_syncing(&self) {
        let mut pace = Pace::new(&self.till);
        while !self.stopping() {
            self.wait_a_tick();
            if self.stopping() {
                break;
            }
            let kicked = self.state.lock().is_ok_and(|mut state| std::mem::take(&mut state.kick));
            let Some(depth) = pace.due(&self.till, kicked) else { continue };
            match self.sync(depth) {
                Ok(()) => pace.went_well(&self.till, depth),
                Err(Error::NotPaired) => pace.alone(),
                Err(error) => {
                    tracing::info!(code = error.code(), "sync did not go through");
                    pace.failed();
                }
            }
        }
    }

    fn wait_a_tick(&self) {
        if let Ok(state) = self.state.lock()
            && !state.kick
        {
            let _ = self.kicked.wait_timeout(state, TICK);
        }
    }

    fn keep_listening(&self) {
        while !self.stopping() {
            let listening = self.online.load(Ordering::Relaxed);
            let begun = Instant::now();
            let outcome = if listening { self.listen(ASK_WAIT_MS) } else { Ok(0) };
            // An ask that cannot be served is answered at once, again and again.
            let in_vain = matches!(outcome, Ok(0)) && begun.elapsed() < AFTER_WRITE;
            if let Err(Error::HubUnreachable(_)) = outcome
                && !self.stopping()
            {
                // The line broke while we listened: sync finds out at once, not in half a minute.
                self.kick();
                std::thread::sleep(AFTER_WRITE);
            }
            if !listening || in_vain || outcome.is_err() {
                std::thread::sleep(TICK);
            }
        }
    }
}

fn pin_of(text: &str) -> Result<[u8; 32]> {
    let mut pin = [0; 32];
    hex::decode_to_slice(text, &mut pin)
        .map_err(|_| Error::Damaged("the hub's certificate".into()))?;
    Ok(pin)
}

fn fell_over() -> Error {
    Error::Internal("a sync fell over; start Punchcard again".into())
}

/// Whether a hub answered, whatever it said.
fn answered(outcome: &Result<()>) -> bool {
    matches!(outcome, Ok(()) | Err(Error::Hub(_)))
}

/// When the next sync is due.
struct Pace {
    next: Instant,
    whole: Instant,
    written: u64,
    wrote: Option<Instant>,
    failures: u32,
}

impl Pace {
    fn new(till: &Till) -> Self {
        let now = Instant::now();
        Self { next: now, whole: now, written: till.written(), wrote: None, failures: 0 }
    }

    fn due(&mut self, till: &Till, kicked: bool) -> Option<Depth> {
        let now = Instant::now();
        let written = till.written();
        if written != self.written {
            self.written = written;
            self.wrote.get_or_insert(now);
        }
        let settled = self.wrote.is_some_and(|wrote| now >= wrote + AFTER_WRITE);
        let soon = settled && self.failures == 0;
        if !kicked && !soon && now < self.next {
            return None;
        }
        Some(if now >= self.whole { Depth::Whole } else { Depth::Quick })
    }

    fn went_well(&mut self, till: &Till, depth: Depth) {
        let now = Instant::now();
        self.next = now + EVERY;
        if depth == Depth::Whole {
            self.whole = now + WHOLE_EVERY;
        }
        self.written = till.written();
        self.wrote = None;
        self.failures = 0;
    }

    fn alone(&mut self) {
        self.next = Instant::now() + EVERY;
        self.wrote = None;
    }

    /// Twice as long each time, and never at the same moment as everybody else (full jitter).
    fn failed(&mut self) {
        self.failures = self.failures.saturating_add(1);
        let longest = AFTER_WRITE.saturating_mul(1 << self.failures.min(6)).min(LONGEST_PAUSE);
        let part: u32 = random::bytes::<1>().map_or(128, |bytes| u32::from(bytes[0]) + 1);
        self.next = Instant::now() + (longest * part / 256).max(TICK);
    }
}
