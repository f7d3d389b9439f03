//! A real NATS server with JetStream, of the tests' own: in a temporary folder, on a port nobody else
//! uses, and gone when the tests are, however they end.

mod guarded;

use std::{
    io::{BufRead as _, BufReader},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    thread,
    time::Duration,
};

use async_nats::jetstream;
use serde_json::Value;
use tempfile::TempDir;

use self::guarded::Guard;
use crate::processes::port;

/// Where Debian puts it: not on everybody's path.
const DEBIAN: &str = "/usr/sbin/nats-server";
/// The stream that a hub makes.
pub const STREAM: &str = "PUNCHCARD";
/// Who may speak to it.
const USER: &str = "punchcard";
/// With what has to be written otherwise in an address.
pub const PASSWORD: &str = "p@ss/wörd-Qzxjv";

/// Runs the server until its own input ends, which it does when the tests end, by whatever means.
const WATCHDOG: &str = r#"
trap '' HUP INT TERM
folder=$1; shift
"$@" </dev/null >>"$folder/log" 2>&1 &
server=$!
echo "$server"
exec >/dev/null
cat >/dev/null
kill -KILL "$server" 2>/dev/null
wait
"#;

/// A server of its own.
pub struct Nats {
    folder: TempDir,
    addr: SocketAddr,
    /// Where it lets in who has a credentials file, and not whoever knows the password.
    guard: Option<Guard>,
    running: Option<Process>,
}

struct Process {
    pid: String,
    watchdog: Child,
    leash: Option<ChildStdin>,
}

/// A message of the stream.
#[derive(Debug, Clone)]
pub struct Message {
    /// Its subject.
    pub subject: String,
    /// `Nats-Msg-Id`.
    pub id: String,
    /// What it says.
    pub text: String,
    /// The same, read.
    pub body: Value,
}

/// A stream's messages, in their order.
pub type Messages = Vec<Message>;

fn program() -> PathBuf {
    let on_path = std::env::var_os("PATH").and_then(|paths| {
        std::env::split_paths(&paths)
            .map(|folder| folder.join("nats-server"))
            .find(|at| at.exists())
    });
    let program = on_path.unwrap_or_else(|| DEBIAN.into());
    assert!(program.exists(), "nats-server is missing: scripts/install.sh e2e");
    program
}

impl Nats {
    /// Starts one. Where it is missing, the test fails.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut nats = Self { folder, addr: port(), guard: None, running: None };
        nats.start_again();
        nats
    }

    /// Starts one that speaks TLS, and lets in who has the credentials file.
    pub fn start_guarded() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let guard = Some(Guard::made(folder.path()));
        let mut nats = Self { folder, addr: port(), guard, running: None };
        nats.start_again();
        nats
    }

    /// Starts it again on what it has on its disk.
    pub fn start_again(&mut self) {
        let mut command = Command::new("sh");
        command.arg("-c").arg(WATCHDOG).arg("sh").arg(self.folder.path()).arg(program());
        command.args(["--jetstream", "--addr", "127.0.0.1"]);
        match &self.guard {
            None => command.args(["--user", USER, "--pass", PASSWORD]),
            Some(guard) => command.arg("--config").arg(&guard.config),
        };
        command.arg("--port").arg(self.addr.port().to_string()).arg("--store_dir").arg(self.data());
        let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut watchdog = started.expect("a shell");
        let leash = watchdog.stdin.take();
        let mut pid = String::new();
        let stdout = watchdog.stdout.take().expect("piped");
        BufReader::new(stdout).read_line(&mut pid).expect("the process's number");
        self.running = Some(Process { pid: pid.trim().to_owned(), watchdog, leash });
        for _ in 0..200 {
            if TcpStream::connect(self.addr).is_ok() {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
        unreachable!("it does not start: {}", self.logged());
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        if let Some(process) = &self.running {
            signal("KILL", &process.pid);
        }
        self.running = None;
    }

    /// It answers nobody any more, and closes nothing.
    pub fn freeze(&self) {
        signal("STOP", &self.running.as_ref().expect("it runs").pid);
    }

    /// Where it keeps its streams.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// What a client of a guarded one is known by, and who vouches for the server: two files.
    ///
    /// # Panics
    /// Where it is not guarded.
    pub fn guarded_by(&self) -> (&Path, &Path) {
        let guard = self.guard.as_ref().expect("it is guarded");
        (&guard.credentials, &guard.authority)
    }

    /// Its address, with user and password where it is not guarded.
    pub fn url(&self) -> String {
        if self.guard.is_some() {
            return format!("tls://{}", self.addr);
        }
        let written = PASSWORD.replace('@', "%40").replace('/', "%2F").replace('ö', "%C3%B6");
        format!("nats://{USER}:{written}@{}", self.addr)
    }

    /// What it has logged.
    fn logged(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Makes the stream before a hub does, with a window of so many milliseconds within which it
    /// notices what it has already.
    pub fn make_stream(&self, window_ms: u64) {
        self.ask(async |context| {
            let config = jetstream::stream::Config {
                name: STREAM.into(),
                subjects: vec!["punchcard.facts.>".into()],
                duplicate_window: Duration::from_millis(window_ms),
                ..jetstream::stream::Config::default()
            };
            context.create_stream(config).await.expect("a stream");
        });
    }

    /// All that the stream has; nothing where there is no stream yet.
    pub fn messages(&self) -> Messages {
        self.ask(async |context| {
            let Ok(stream) = context.get_stream(STREAM).await else { return Vec::new() };
            let last = stream.cached_info().state.last_sequence;
            let mut all = Vec::new();
            for sequence in 1..=last {
                let message = stream.get_raw_message(sequence).await.expect("nothing is removed");
                let id = message.headers.get("Nats-Msg-Id").expect("it has one").to_string();
                let text = String::from_utf8(message.payload.to_vec()).expect("text");
                let body = serde_json::from_str(&text).expect("JSON");
                all.push(Message { subject: message.subject.to_string(), id, text, body });
            }
            all
        })
    }

    /// How many messages the stream has.
    pub fn count(&self) -> u64 {
        self.ask(async |context| match context.get_stream(STREAM).await {
            Ok(stream) => stream.cached_info().state.messages,
            Err(_) => 0,
        })
    }

    fn ask<T>(&self, question: impl AsyncFnOnce(jetstream::Context) -> T) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let options = async_nats::ConnectOptions::new();
            let options = match &self.guard {
                None => options.user_and_password(USER.into(), PASSWORD.into()),
                Some(guard) => options
                    .add_root_certificates(guard.authority.clone())
                    .credentials_file(&guard.credentials)
                    .await
                    .expect("they are there"),
            };
            let client = options.connect(self.addr.to_string()).await.expect("it answers");
            question(jetstream::new(client)).await
        })
    }
}

fn signal(name: &str, pid: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), pid]).status();
    assert!(sent.expect("kill").success(), "{name} to {pid}");
}

impl Drop for Process {
    fn drop(&mut self) {
        self.leash = None;
        drop(self.watchdog.wait());
    }
}

/// Copies a folder.
pub fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(copied.expect("cp").success(), "{} is copied", from.display());
}
