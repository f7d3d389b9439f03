//! A real PostgreSQL, of the tests' own: in a temporary folder, on a socket nobody else uses, and
//! gone when the tests are, however they end.

pub mod encrypted;

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use postgres::{Client, NoTls};

/// Where Debian and Ubuntu keep each version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// PostgreSQL's own: here it only names the socket.
const PORT: u16 = 5432;

/// Runs the server until its own input ends, which it does when the tests end, by whatever means;
/// then the server is told to drop everything (that is what QUIT says to it), and the folder goes.
/// The keys that stop the tests are sent to everybody: here they are not listened to.
const WATCHDOG: &str = r#"
trap '' HUP INT TERM
folder=$1; shift
"$@" </dev/null >"$folder/log" 2>&1 &
server=$!
cat >/dev/null
kill -QUIT "$server"
wait "$server"
rm -rf "$folder"
"#;

/// A server of its own.
pub struct Cluster {
    folder: PathBuf,
    port: u16,
    watchdog: Child,
    leash: Option<ChildStdin>,
    databases: AtomicU32,
}

/// The server all tests of one process share; each takes a database of its own.
pub fn shared() -> &'static Cluster {
    static SHARED: OnceLock<Cluster> = OnceLock::new();
    SHARED.get_or_init(Cluster::start)
}

impl Cluster {
    /// Makes a server and starts it. Where PostgreSQL is missing, the test fails.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with settings other than those it comes with (`shared_buffers=4GB`).
    pub fn start_with(settings: &[&str]) -> Self {
        let programs = programs();
        let folder = folder();
        make_data(&programs, &folder);
        Self::start_on(&programs, folder, settings, PORT)
    }

    /// A server that follows this one, and answers who only reads.
    #[must_use]
    pub fn replica(&self) -> Self {
        let programs = programs();
        let folder = folder();
        let mut copy = as_its_user(&folder, &programs.join("pg_basebackup"));
        copy.arg("-D").arg(folder.join("data")).arg("-h").arg(&self.folder);
        copy.args(["-U", "postgres", "--write-recovery-conf", "--checkpoint=fast", "--no-sync"]);
        run(copy.current_dir(&folder));
        Self::start_on(&programs, folder, &[], PORT)
    }

    /// It takes over from the one that it follows.
    pub fn promote(&self) {
        let promoted = self.admin().query_one("SELECT pg_promote()", &[]).expect("it may");
        assert!(promoted.get::<_, bool>(0), "it takes over");
    }

    /// It dies, as if its machine had.
    pub fn kill(&self) {
        let pid = fs::read_to_string(self.folder.join("data/postmaster.pid")).expect("it runs");
        let pid = pid.lines().next().expect("its first line is the process").to_owned();
        run(Command::new("kill").args(["-KILL", &pid]));
    }

    fn start_on(programs: &Path, folder: PathBuf, settings: &[&str], port: u16) -> Self {
        let mut server = as_its_user(&folder, &programs.join("postgres"));
        server.arg("-D").arg(folder.join("data")).arg("-k").arg(&folder);
        // No network, unless the settings say so; enough connections for a few hubs in each of many tests.
        server.args(["-c", "listen_addresses=", "-c", "max_connections=300"]);
        server.arg("-p").arg(port.to_string());
        server.args(settings.iter().flat_map(|setting| ["-c", setting]));
        let mut watchdog = Command::new("sh");
        watchdog.arg("-c").arg(WATCHDOG).arg("sh").arg(&folder);
        watchdog.arg(server.get_program()).args(server.get_args());
        watchdog.current_dir(&folder).stdin(Stdio::piped());
        watchdog.stdout(Stdio::null()).stderr(Stdio::null());
        let mut watchdog = watchdog.spawn().expect("sh is there");
        let leash = watchdog.stdin.take();
        let cluster = Self { folder, port, watchdog, leash, databases: AtomicU32::new(0) };
        cluster.wait();
        cluster
    }

    /// The address of its first database, from which others are made and looked after.
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// Makes an empty database; returns its address.
    pub fn fresh_database(&self) -> String {
        let name = format!("punchcard_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let make = format!("CREATE DATABASE {name}");
        self.admin().batch_execute(&make).expect("it makes databases");
        self.url_of(&name)
    }

    /// Copies a database that nobody uses at the moment; returns the copy's address.
    pub fn copy_of(&self, url: &str) -> String {
        let from = url.rsplit('/').next().expect("an address ends in a name");
        let name = format!("punchcard_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut admin = self.admin();
        let leave = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1";
        admin.execute(leave, &[&from]).expect("it may");
        admin
            .batch_execute(&format!("CREATE DATABASE {name} TEMPLATE {from}"))
            .expect("it makes databases");
        self.url_of(&name)
    }

    /// Where all of it lies.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What only the operator can do: write-ahead log that is no longer needed goes, instead of being
    /// written over some day.
    pub fn forget_log(&self) {
        let mut admin = self.admin();
        for step in [
            "ALTER SYSTEM SET wal_recycle = off",
            "SELECT pg_reload_conf()",
            "CHECKPOINT",
            "SELECT pg_switch_wal()",
            "CHECKPOINT",
        ] {
            admin.batch_execute(step).expect("it may");
        }
    }

    /// Somebody who may do everything.
    pub fn admin(&self) -> Client {
        Client::connect(&self.url(), NoTls).expect("it answers")
    }

    /// The address of a database of it.
    pub fn url_of(&self, database: &str) -> String {
        format!("postgres://postgres@{}/{database}", self.socket())
    }

    fn socket(&self) -> String {
        format!("{}:{}", self.folder.display().to_string().replace('/', "%2F"), self.port)
    }

    fn wait(&self) {
        for _ in 0..600 {
            if Client::connect(&self.url(), NoTls).is_ok() {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        unreachable!("PostgreSQL does not start:\n{log}");
    }
}

/// The address of a database on whichever of some servers takes writes.
pub fn url_of_either(clusters: &[&Cluster], database: &str) -> String {
    let sockets: Vec<String> = clusters.iter().map(|cluster| cluster.socket()).collect();
    let sockets = sockets.join(",");
    format!("postgres://postgres@{sockets}/{database}?target_session_attrs=read-write")
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.leash = None;
        drop(self.watchdog.wait());
    }
}

/// Where the programs of the newest version are.
fn programs() -> PathBuf {
    let versions = fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let has_server =
        |path: &PathBuf| path.join("initdb").exists() && path.join("postgres").exists();
    let debian = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
        .map(|(version, path): (u32, _)| (version, path.join("bin")))
        .filter(|(_, path)| has_server(path))
        .max();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let elsewhere = || std::env::split_paths(&path).find(has_server);
    debian
        .map(|(_, path)| path)
        .or_else(elsewhere)
        .expect("PostgreSQL is missing: apt-get install postgresql, or scripts/install.sh e2e")
}

fn own_user() -> u32 {
    fs::metadata("/proc/self").expect("this is Linux").uid()
}

/// A new folder that belongs to whom the server will run as.
fn folder() -> PathBuf {
    // The name of a socket may have 107 characters.
    let place = Some(std::env::temp_dir()).filter(|place| place.as_os_str().len() < 60);
    let place = place.unwrap_or_else(|| "/tmp".into());
    let made = tempfile::Builder::new().prefix("punchcard-pg-").tempdir_in(place);
    // The watchdog removes it.
    let folder = made.expect("a temporary folder").keep();
    if own_user() == 0 {
        run(Command::new("chown").arg("postgres:").arg(&folder));
    }
    folder
}

fn make_data(programs: &Path, folder: &Path) {
    let mut initdb = as_its_user(folder, &programs.join("initdb"));
    initdb.arg("-D").arg(folder.join("data"));
    initdb.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]);
    // Only the making is in a hurry; the server itself writes to the disk as any other.
    initdb.arg("--no-sync");
    run(initdb.current_dir(folder));
}

/// PostgreSQL refuses to run as root, so there it runs as the user its package made.
fn as_its_user(folder: &Path, program: &Path) -> Command {
    let owner = folder.metadata().expect("it was just made").uid();
    if owner == own_user() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]).arg(program);
    command
}

fn run(command: &mut Command) {
    let output = command.output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
