//! What the window's commands share: the till, and who is signed in.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use punchcard_till::{
    Actor, AppError, Error, Options, Result, SetUp, Till, clock, demo,
    sync::{self, Line},
    views::{LineView, PairInput, Prefs, SessionView, SetUpInput, StatusView},
};
use tracing_appender::non_blocking::WorkerGuard;

/// The window's own clock locks the desk; this is the lock behind it, a little later.
const GRACE_MS: i64 = 5_000;
/// How long after its start the desk is left alone.
const SETTLED: Duration = Duration::from_mins(1);
/// How often what ran out is posted.
const HOUSEKEEPING: Duration = Duration::from_hours(1);

/// The desk behind the window.
pub(crate) struct Desk {
    folder: PathBuf,
    till: Arc<Mutex<Opened>>,
    session: Mutex<Option<Session>>,
    _log: Option<WorkerGuard>,
}

/// What became of opening the store.
enum Opened {
    /// There is none yet: the first-run page makes one.
    NotSetUp,
    /// It is open, with its line to a hub.
    Till(Arc<Till>, Arc<Line>),
    /// It cannot be opened, and why.
    Failed(AppError),
}

/// A till, and its line to a hub.
type Running = (Arc<Till>, Arc<Line>);

struct Session {
    /// Who signed in, as what they were then: what they may is asked anew each time.
    actor: Actor,
    last_seen_ms: i64,
    idle_lock_ms: i64,
}

impl Desk {
    /// Opens the store in a folder, where there is one, while the window is being made: whoever
    /// asks for the till waits for it. A store that cannot be opened is said on screen, not by a
    /// window that closes.
    pub(crate) fn open(folder: PathBuf, log: Option<WorkerGuard>) -> Self {
        let till = Arc::new(Mutex::new(Opened::NotSetUp));
        let (opening, place) = (till.clone(), folder.clone());
        let (locked, is_locked) = std::sync::mpsc::sync_channel(1);
        std::thread::spawn(move || {
            let Ok(mut till) = opening.lock() else { return };
            let _ = locked.send(());
            if Till::exists(&place) {
                *till = opened(&place);
            }
        });
        // Nobody is answered before the opening has begun.
        let _ = is_locked.recv();
        Self { folder, till, session: Mutex::new(None), _log: log }
    }

    /// The till.
    pub(crate) fn till(&self) -> std::result::Result<Arc<Till>, AppError> {
        match self.opened()? {
            Some((till, _)) => Ok(till),
            None => Err(self.not_set_up()),
        }
    }

    /// The line to a hub.
    pub(crate) fn line(&self) -> std::result::Result<Arc<Line>, AppError> {
        match self.opened()? {
            Some((_, line)) => Ok(line),
            None => Err(self.not_set_up()),
        }
    }

    /// The till and its line, where a store was set up. One that could not be opened is tried anew:
    /// what was in the way may be gone. Any question tries, for the window asks more than one at a
    /// time, and none of them may be answered with what was in the way before.
    fn opened(&self) -> std::result::Result<Option<Running>, AppError> {
        let mut store = lock(&self.till)?;
        if matches!(&*store, Opened::Failed(_)) {
            *store = opened(&self.folder);
        }
        match &*store {
            Opened::Till(till, line) => Ok(Some((till.clone(), line.clone()))),
            Opened::Failed(error) => Err(error.clone()),
            Opened::NotSetUp => Ok(None),
        }
    }

    fn not_set_up(&self) -> AppError {
        Error::NotSetUp(self.folder.display().to_string()).to_app()
    }

    /// How the desk stands, for whoever is signed in.
    pub(crate) fn status(&self) -> std::result::Result<StatusView, AppError> {
        let Some((till, line)) = self.opened()? else { return Ok(not_set_up()) };
        let session = self.session(false).ok().map(|(_, view)| view);
        let mut status = till.status(session).map_err(|error| error.to_app())?;
        status.line = line.view();
        Ok(status)
    }

    /// Makes the store.
    pub(crate) fn set_up(&self, input: &SetUpInput) -> std::result::Result<(), AppError> {
        let mut till = lock(&self.till)?;
        if !matches!(&*till, Opened::NotSetUp) {
            return Err(Error::AlreadySetUp(self.folder.display().to_string()).to_app());
        }
        let made = create(&self.folder, input).and_then(running);
        *till = made.map_err(|error| error.to_app())?;
        Ok(())
    }

    /// Makes the store as a part of a business that has a hub.
    pub(crate) fn join(
        &self,
        input: &PairInput,
        owner_pin: &str,
    ) -> std::result::Result<(), AppError> {
        let mut till = lock(&self.till)?;
        if !matches!(&*till, Opened::NotSetUp) {
            return Err(Error::AlreadySetUp(self.folder.display().to_string()).to_app());
        }
        let joined = sync::join(&self.folder, input, owner_pin, &Options::default())
            .and_then(|till| running(Arc::new(till)));
        *till = joined.map_err(|error| error.to_app())?;
        Ok(())
    }

    /// Closes the store.
    pub(crate) fn close(&self) {
        if let Ok(mut till) = self.till.lock() {
            *till = Opened::NotSetUp;
        }
    }

    /// Signs somebody in.
    pub(crate) fn sign_in(
        &self,
        staff: &str,
        pin: &str,
    ) -> std::result::Result<SessionView, AppError> {
        let till = self.till()?;
        let staff = staff.parse().map_err(|_| Error::NotSignedIn.to_app())?;
        let (actor, view) = till.sign_in(staff, pin).map_err(|error| error.to_app())?;
        let prefs = till.status(None).map_err(|error| error.to_app())?.prefs;
        *lock(&self.session)? = Some(Session {
            actor,
            last_seen_ms: clock::now_ms(),
            idle_lock_ms: idle_lock_ms(&prefs),
        });
        Ok(view)
    }

    /// Nobody is signed in any more.
    pub(crate) fn sign_out(&self) -> std::result::Result<(), AppError> {
        *lock(&self.session)? = None;
        Ok(())
    }

    /// Who is signed in, and as what by now. `seen`: they are doing something now. Nobody is any more who was left
    /// alone for too long, or was dismissed meanwhile, here or at another desk.
    pub(crate) fn session(
        &self,
        seen: bool,
    ) -> std::result::Result<(Actor, SessionView), AppError> {
        let now_ms = clock::now_ms();
        let mut session = lock(&self.session)?;
        let left_alone = session
            .as_ref()
            .is_some_and(|held| now_ms - held.last_seen_ms > held.idle_lock_ms + GRACE_MS);
        if left_alone {
            *session = None;
        }
        let held = session.as_mut().ok_or_else(|| Error::NotSignedIn.to_app())?;
        if seen {
            held.last_seen_ms = now_ms;
        }
        let who = self.till()?.session(held.actor.staff).map_err(|error| error.to_app())?;
        if who.is_none() {
            *session = None;
        }
        who.ok_or_else(|| Error::NotSignedIn.to_app())
    }

    /// Keeps preferences.
    pub(crate) fn save_prefs(&self, prefs: Prefs) -> std::result::Result<(), AppError> {
        let idle_lock_ms = idle_lock_ms(&prefs);
        self.till()?.save_prefs(prefs).map_err(|error| error.to_app())?;
        if let Some(session) = lock(&self.session)?.as_mut() {
            session.idle_lock_ms = idle_lock_ms;
        }
        Ok(())
    }
}

fn idle_lock_ms(prefs: &Prefs) -> i64 {
    i64::from(prefs.idle_lock_secs) * 1000
}

fn lock<T>(mutex: &Mutex<T>) -> std::result::Result<MutexGuard<'_, T>, AppError> {
    mutex
        .lock()
        .map_err(|_| Error::Internal("a command fell over; start Punchcard again".into()).to_app())
}

fn opened(folder: &Path) -> Opened {
    match Till::open(folder, &Options::default()).and_then(|till| running(Arc::new(till))) {
        Ok(opened) => opened,
        Err(error) => {
            tracing::error!(code = error.code(), "the store cannot be opened");
            Opened::Failed(error.to_app())
        }
    }
}

/// A till that is open looks after itself from now on, and speaks with its hub.
fn running(till: Arc<Till>) -> Result<Opened> {
    housekeeping(&till);
    let line = Line::start(till.clone())?;
    Ok(Opened::Till(till, Arc::new(line)))
}

/// A shop is set up in China or anywhere: the machine's time zone, and yuan until the office says
/// otherwise.
fn create(folder: &Path, input: &SetUpInput) -> Result<Arc<Till>> {
    let time_zone = iana_time_zone::get_timezone().unwrap_or_else(|_| "Asia/Shanghai".into());
    let set_up = SetUp {
        business: input.business.clone(),
        store: input.store.clone(),
        currency: "CNY".into(),
        currency_digits: 2,
        country: "CN".into(),
        time_zone,
        day_start_hour: 0,
        owner: input.owner.clone(),
        pin: input.pin.clone(),
    };
    let till = Till::create(folder, &set_up, &Options::default())?;
    if input.demo {
        demo::fill(&till, &till.owner()?)?;
    }
    Ok(Arc::new(till))
}

/// Posts what has run out and makes the day's backup, at the start and every hour, as long as the till is open.
fn housekeeping(till: &Arc<Till>) {
    let till = Arc::downgrade(till);
    let work = move || {
        // Not while the first members are let in.
        std::thread::sleep(SETTLED);
        while let Some(till) = till.upgrade() {
            if let Err(error) = till.expire_due() {
                tracing::warn!(code = error.code(), "what has run out could not be posted");
            }
            match till.scrub_when_quiet() {
                Ok(true) => tracing::info!("nothing is left of whoever was erased"),
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(code = error.code(), "what was erased is not cleared yet");
                }
            }
            match till.backup_if_due() {
                Ok(None) => {}
                Ok(Some(done)) => {
                    tracing::info!(entries = done.entries, "the day's backup was made");
                }
                Err(error) => {
                    tracing::error!(
                        code = error.code(),
                        "THE DAY'S BACKUP FAILED; it is tried again"
                    );
                }
            }
            drop(till);
            std::thread::sleep(HOUSEKEEPING);
        }
    };
    if let Err(error) = std::thread::Builder::new().name("housekeeping".into()).spawn(work) {
        tracing::warn!(%error, "no housekeeping until the next start");
    }
}

fn not_set_up() -> StatusView {
    StatusView {
        set_up: false,
        business: String::new(),
        store: String::new(),
        currency: "CNY".into(),
        currency_digits: 2,
        time_zone: iana_time_zone::get_timezone().unwrap_or_else(|_| "Asia/Shanghai".into()),
        day: None,
        now_ms: clock::now_ms(),
        session: None,
        has_members: false,
        unsynced: 0,
        last_sync_ms: None,
        only_till: true,
        distrust: None,
        keys_in_file: false,
        clock_behind: false,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        door: None,
        prefs: Prefs::default(),
        line: LineView::default(),
    }
}
