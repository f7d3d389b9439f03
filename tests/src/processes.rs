//! Real processes, to be killed, and a line between them, to be cut.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering},
    },
    thread,
};

use serde_json::Value;

/// The seed where nobody gives another one.
const SEED: u64 = 20_261_123;

/// A small generator of our own: a failing run can be told to begin with the same numbers.
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    /// From `PUNCHCARD_SEED`, or always the same.
    pub fn seeded() -> (Self, u64) {
        let given = std::env::var("PUNCHCARD_SEED").ok().and_then(|text| text.parse().ok());
        let seed = given.unwrap_or(SEED);
        (Self(seed.max(1)), seed)
    }

    /// From a seed: those of two seeds that are next to one another have nothing in common.
    pub fn of(seed: u64) -> Self {
        let mixed = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
        Self((mixed ^ (mixed >> 32)).max(1))
    }

    /// A number below a limit.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit.max(1)
    }

    /// One of several.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let at = self.below(from.len() as u64);
        &from[usize::try_from(at).unwrap_or(0)]
    }

    /// Dice for somebody else, who throws at the same time.
    #[must_use]
    pub fn fork(&mut self) -> Self {
        Self(self.below(u64::MAX).max(1))
    }
}

/// A built program. `make test` builds it first; where it is missing, that is a failure.
pub fn program(name: &str) -> PathBuf {
    let variable = name.to_uppercase().replace('-', "_");
    let given = std::env::var_os(variable).map(PathBuf::from);
    let beside = || {
        let test = std::env::current_exe().expect("we run");
        let target = test.parent().and_then(Path::parent).expect("target/debug/deps");
        target.join(name)
    };
    let path = given.unwrap_or_else(beside);
    assert!(path.exists(), "{} is missing: build it first (make build)", path.display());
    path
}

/// A port of one's own. Below those that the machine gives to whoever calls somebody: while a hub
/// is dead, no till's call may take its port.
pub fn port() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Two runs at once have numbers that are near each other: their ports are not.
    let first = 20_000 + u16::try_from(std::process::id() % 80 * 100).unwrap_or(0);
    loop {
        let port = first + NEXT.fetch_add(1, Ordering::Relaxed);
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(addr).is_ok() {
            return addr;
        }
    }
}

/// Runs a program to its end: exit status, and the one object that it prints.
fn answer(command: &mut Command) -> (i32, Value) {
    let output = command.output().expect("it starts");
    let text = String::from_utf8_lossy(&output.stdout);
    let said = serde_json::from_str(&text).unwrap_or_else(|_| {
        unreachable!("one object on standard output, not {text:?} ({:?})", output.stderr)
    });
    (output.status.code().unwrap_or(-1), said)
}

/// `punchcard-hub` on a database and a port of its own.
pub struct HubProgram {
    /// Where it listens.
    pub addr: SocketAddr,
    /// The database's address.
    pub database: String,
    log: PathBuf,
    serving: Option<Child>,
    settings: Vec<(&'static str, String)>,
}

impl HubProgram {
    /// A hub that does not run yet. What it logs goes into `folder`.
    pub fn new(database: String, folder: &Path) -> Self {
        Self {
            addr: port(),
            database,
            log: folder.join("hub.log"),
            serving: None,
            settings: Vec::new(),
        }
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("https://{}", self.addr)
    }

    /// A setting, as the environment names it, for whatever it runs from now on.
    pub fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.settings.push((name, value.into()));
    }

    /// Starts it; returns when it listens.
    pub fn start(&mut self) {
        let log = File::options().create(true).append(true).open(&self.log).expect("room");
        let mut command = self.command();
        command.args(["serve", "--listen", &self.addr.to_string()]).stderr(log);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        stdout.read_line(&mut line).expect("read");
        self.serving = Some(child);
        assert!(line.contains("certificate"), "the hub does not serve: {}", self.logged());
    }

    /// The process that serves.
    pub fn pid(&self) -> Option<u32> {
        self.serving.as_ref().map(Child::id)
    }

    /// SIGKILL: it can do nothing about it.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.serving.take() {
            child.kill().expect("SIGKILL");
            child.wait().expect("it is dead");
        }
    }

    /// Another command on the same database, while the hub runs or not.
    pub fn ask(&self, args: &[&str]) -> (i32, Value) {
        answer(self.command().args(args))
    }

    /// What it has logged: warnings and worse.
    pub fn logged(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Begins a command and leaves it to whoever kills it.
    pub fn begin(&self, args: &[&str]) -> Child {
        let mut command = self.command();
        command.args(args).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("it starts")
    }

    /// A command of which no file may grow beyond so many bytes: a disk that is full.
    pub fn ask_on_a_full_disk(&self, most_bytes: u64, args: &[&str]) -> (i32, Value) {
        // Blocks of 512 bytes; the signal that would end the process is ignored, so that it is told.
        let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$@\"", most_bytes / 512);
        let mut command = self.under(&["sh", "-c", &script, "sh"]);
        answer(command.args(args))
    }

    fn command(&self) -> Command {
        self.under(&[])
    }

    fn under(&self, before: &[&str]) -> Command {
        let hub = program("punchcard-hub");
        let mut command = match before.split_first() {
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(hub);
                command
            }
            None => Command::new(hub),
        };
        command.arg("--json").env("PUNCHCARD_HUB_DATABASE", &self.database);
        command.env("PUNCHCARD_HUB_LOG", "warn");
        command.envs(self.settings.iter().map(|(name, value)| (*name, value)));
        command
    }
}

impl Drop for HubProgram {
    fn drop(&mut self) {
        self.kill();
    }
}

/// `punchcard-till` on a data folder of its own.
#[derive(Debug, Clone)]
pub struct TillProgram {
    /// The data folder.
    pub data: PathBuf,
}

impl TillProgram {
    /// One command: exit status and answer.
    pub fn ask(&self, args: &[&str]) -> (i32, Value) {
        let mut command = self.command();
        answer(command.args(["--json", "--keys-in-file"]).args(args))
    }

    /// A process that does what it is told, line by line.
    pub fn batch(&self) -> (Child, Talk) {
        let mut command = self.command();
        command.arg("batch").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let stdin = child.stdin.take().expect("piped");
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        (child, Talk { stdin, stdout })
    }

    /// A process that syncs by itself, and gives what the hub asks for.
    pub fn watch(&self) -> Child {
        let mut command = self.command();
        command.args(["sync", "--watch"]).stdout(Stdio::null());
        command.spawn().expect("it starts")
    }

    fn command(&self) -> Command {
        let mut command = Command::new(program("punchcard-till"));
        command.arg("--data").arg(&self.data);
        command
    }
}

/// What one says to a batch, and what it answers.
pub struct Talk {
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Talk {
    /// Says one line and hears the answer. None: the process is dead; half an answer is none.
    pub fn say(&mut self, line: &str) -> Option<Value> {
        writeln!(self.stdin, "{line}").ok()?;
        let mut heard = String::new();
        self.stdout.read_line(&mut heard).ok()?;
        serde_json::from_str(&heard).ok()
    }
}

/// A line whose cable can be cut, anywhere: it passes bytes on, and drops a connection once so
/// many have gone in one of the two directions.
pub struct CutLine {
    addr: SocketAddr,
    inner: Arc<Cutter>,
    accepting: Option<thread::JoinHandle<()>>,
}

struct Cutter {
    to: SocketAddr,
    dice: Mutex<Dice>,
    /// Connections are cut.
    armed: AtomicBool,
    stopping: AtomicBool,
    cut_asking: AtomicU64,
    cut_answering: AtomicU64,
}

/// One direction of a connection.
struct Pump {
    from: TcpStream,
    to: TcpStream,
    /// So many bytes go through while the line is being cut.
    most: u64,
    asking: bool,
}

/// How far a connection may come at most. The first of these is within the handshake or the first
/// call, the last beyond a sync with much to say.
const REACHES: [u64; 4] = [3_000, 8_000, 20_000, 60_000];

impl CutLine {
    /// A line to `to`, whole at first.
    pub fn new(to: SocketAddr, dice: Dice) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let addr = listener.local_addr().expect("bound");
        let inner = Arc::new(Cutter {
            to,
            dice: Mutex::new(dice),
            armed: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            cut_asking: AtomicU64::new(0),
            cut_answering: AtomicU64::new(0),
        });
        let cutter = inner.clone();
        let accepting = Some(thread::spawn(move || cutter.accept(&listener)));
        Self { addr, inner, accepting }
    }

    /// Where it is called.
    pub fn url(&self) -> String {
        format!("https://{}", self.addr)
    }

    /// From now on connections are cut, those that are open among them; or no more.
    pub fn cut(&self, armed: bool) {
        self.inner.armed.store(armed, Ordering::SeqCst);
    }

    /// How many connections were cut on the way to the hub, and on the way back.
    pub fn cuts(&self) -> (u64, u64) {
        let count = |number: &AtomicU64| number.load(Ordering::SeqCst);
        (count(&self.inner.cut_asking), count(&self.inner.cut_answering))
    }
}

impl Drop for CutLine {
    fn drop(&mut self) {
        self.inner.stopping.store(true, Ordering::SeqCst);
        // Wakes whoever accepts.
        drop(TcpStream::connect(self.addr));
        if let Some(accepting) = self.accepting.take() {
            assert!(accepting.join().is_ok(), "the line fell over");
        }
    }
}

impl Cutter {
    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        while let Ok((till, _)) = listener.accept() {
            if self.stopping.load(Ordering::SeqCst) {
                break;
            }
            // A hub that does not answer is no line either.
            let Ok(hub) = TcpStream::connect(self.to) else { continue };
            let (till_too, hub_too) =
                (till.try_clone().expect("a handle"), hub.try_clone().expect("a handle"));
            self.pump(Pump { from: till, to: hub, most: self.most(), asking: true });
            self.pump(Pump { from: hub_too, to: till_too, most: self.most(), asking: false });
        }
    }

    fn most(&self) -> u64 {
        let mut dice = self.dice.lock().expect("whole");
        let reach = *dice.pick(&REACHES);
        dice.below(reach)
    }

    fn pump(self: &Arc<Self>, pump: Pump) {
        let cutter = self.clone();
        thread::spawn(move || {
            cutter.pass_on(&pump);
            // Both ends notice, whichever direction it was.
            drop(pump.from.shutdown(Shutdown::Both));
            drop(pump.to.shutdown(Shutdown::Both));
        });
    }

    fn pass_on(&self, pump: &Pump) {
        let (mut from, mut to) = (&pump.from, &pump.to);
        let (mut bytes, mut passed) = ([0; 4096], 0u64);
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            let armed = self.armed.load(Ordering::SeqCst);
            let left = usize::try_from(pump.most.saturating_sub(passed)).unwrap_or(0);
            let cut = armed && left < count;
            let through = if cut { left } else { count };
            if to.write_all(&bytes[..through]).is_err() {
                break;
            }
            passed += through as u64;
            if cut {
                let cuts = if pump.asking { &self.cut_asking } else { &self.cut_answering };
                cuts.fetch_add(1, Ordering::SeqCst);
                break;
            }
        }
    }
}

/// What stands before several hubs: gives each connection to the next of them that takes it.
pub struct Balancer {
    addr: SocketAddr,
    shares: Arc<Vec<AtomicU64>>,
}

impl Balancer {
    /// Before these hubs. It ends with the test's process.
    pub fn new(hubs: Vec<SocketAddr>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let addr = listener.local_addr().expect("bound");
        let shares: Arc<Vec<AtomicU64>> = Arc::new(hubs.iter().map(|_| 0.into()).collect());
        let (to, counted) = (hubs, shares.clone());
        thread::spawn(move || {
            for (turn, till) in listener.incoming().flatten().enumerate() {
                let next = |at: usize| (turn + at) % to.len();
                let mut alive = (0..to.len())
                    .filter_map(|at| Some((next(at), TcpStream::connect(to[next(at)]).ok()?)));
                let Some((at, hub)) = alive.next() else { continue };
                counted[at].fetch_add(1, Ordering::Relaxed);
                pass_both_ways(&till, &hub);
            }
        });
        Self { addr, shares }
    }

    /// Where tills call.
    pub fn url(&self) -> String {
        format!("https://{}", self.addr)
    }

    /// How many connections each hub took, in the order of [`Balancer::new`].
    pub fn shares(&self) -> Vec<u64> {
        self.shares.iter().map(|share| share.load(Ordering::Relaxed)).collect()
    }
}

fn pass_both_ways(till: &TcpStream, hub: &TcpStream) {
    for (from, to) in [(till, hub), (hub, till)] {
        let (mut from, mut to) =
            (from.try_clone().expect("a handle"), to.try_clone().expect("a handle"));
        thread::spawn(move || {
            drop(std::io::copy(&mut from, &mut to));
            drop(from.shutdown(Shutdown::Both));
            drop(to.shutdown(Shutdown::Both));
        });
    }
}
