//! The real window with a million members in the store, beside an empty Tauri window: from the
//! start of the process to the first scan accepted, and memory. Turn by turn in one run; needs a
//! display and both release binaries (scripts/bench.sh).

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::{
    error::Error,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use fantoccini::{Client, ClientBuilder, error::NewSessionError, wd::Capabilities};
use hyper_util::client::legacy::connect::HttpConnector;
use punchcard_benches::{PIN, Sample, folder, million, ratio};
use serde_json::{Value, json};

const ROUNDS: u32 = 7;
const PORT: u16 = 4790;

type Failure = Box<dyn Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let till = million()?;
    let staff = till.owner()?.staff.to_string();
    drop(till);
    let target = std::env::current_exe()?;
    let release = target.parent().and_then(|deps| deps.parent()).ok_or("target/release/deps")?;
    let desk = App {
        binary: release.join("punchcard-desk"),
        args: vec!["--data".into(), folder().display().to_string()],
        sign_in: Some(staff),
    };
    let empty = App { binary: release.join("empty-window"), args: vec![], sign_in: None };
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let (a, b) = (measure(&desk).await?, measure(&empty).await?);
        // The first round only warms the disk's cache.
        if round > 0 {
            ours.push(a);
            bare.push(b);
        }
    }
    tell(&ours, &bare);
    Ok(())
}

struct App {
    binary: PathBuf,
    args: Vec<String>,
    /// Whom to sign in before a scan; none: the window takes no scans.
    sign_in: Option<String>,
}

struct Measured {
    /// From the process's start to the page being usable.
    ready: Duration,
    /// And on to the first scan accepted, the PIN's own forty milliseconds among it.
    accepted: Duration,
    /// Proportional set size of all its processes, KiB, five seconds later.
    pss_kib: u64,
}

/// Stops the driver, and with it the window.
struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

async fn measure(app: &App) -> Result<Measured, Failure> {
    let driver = Command::new("WebKitWebDriver")
        .arg(format!("--port={PORT}"))
        .env("TAURI_WEBVIEW_AUTOMATION", "true")
        // On a desktop the screen reader's bus is up before any window; on a virtual screen the first
        // to ask for it waits half a second, in turn the one window and the other.
        .env("NO_AT_BRIDGE", "1")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let driver = Driver(driver);
    let client = connect(app).await?;
    let ready_ms = ready(&client).await?;
    let pid = pid_of(app)?;
    let ready = Duration::from_millis(ready_ms.saturating_sub(started_ms(pid)?));
    let scan = match &app.sign_in {
        Some(staff) => first_scan(&client, staff).await?,
        None => Duration::ZERO,
    };
    tokio::time::sleep(Duration::from_secs(5)).await;
    let pss_kib = pss_of_tree(pid)?;
    client.close().await?;
    // Closed as a person closes it, not killed with its driver.
    for _ in 0..40 {
        if !std::path::Path::new(&format!("/proc/{pid}/exe")).exists() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    drop(driver);
    // The next one wants the same store.
    while std::path::Path::new(&format!("/proc/{pid}/cmdline")).exists() {
        drop(Command::new("kill").arg(pid.to_string()).status());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Ok(Measured { ready, accepted: ready + scan, pss_kib })
}

async fn connect(app: &App) -> Result<Client, Failure> {
    let options = json!({"binary": app.binary, "args": app.args});
    let mut capabilities = Capabilities::new();
    capabilities.insert("webkitgtk:browserOptions".into(), options);
    for _ in 0..50 {
        let mut builder = ClientBuilder::new(HttpConnector::new());
        match builder
            .capabilities(capabilities.clone())
            .connect(&format!("http://127.0.0.1:{PORT}"))
            .await
        {
            Ok(client) => return Ok(client),
            Err(
                NewSessionError::Lost(_) | NewSessionError::Failed(_) | NewSessionError::FailedC(_),
            ) => {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err("the driver does not answer".into())
}

/// When the page said it is usable: Unix ms.
async fn ready(client: &Client) -> Result<u64, Failure> {
    let script = "const mark = performance.getEntriesByName('ready')[0];
                  return mark ? Math.round(performance.timeOrigin + mark.startTime) : null;";
    for _ in 0..400 {
        if let Some(ms) = client.execute(script, vec![]).await?.as_u64() {
            return Ok(ms);
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    Err("the page never said it is ready".into())
}

/// Signs in and scans a card, as the page does; returns how long the desk took.
async fn first_scan(client: &Client, staff: &str) -> Result<Duration, Failure> {
    let script = "const [staff, pin, card, done] = arguments;
        const invoke = window.__TAURI_INTERNALS__.invoke, began = performance.now();
        invoke('sign_in', {staff, pin})
            .then(() => invoke('check_in_card', {card}))
            .then((view) => done({ms: Math.round(performance.now() - began), verdict: view.verdict}))
            .catch((error) => done({error: JSON.stringify(error)}));";
    let card = "10004711";
    let args = vec![json!(staff), json!(PIN), json!(card)];
    let answer: Value = client.execute_async(script, args).await?;
    match answer["ms"].as_u64() {
        Some(ms) => Ok(Duration::from_millis(ms)),
        None => Err(answer.to_string().into()),
    }
}

/// The process of a binary that the driver started.
fn pid_of(app: &App) -> Result<u32, Failure> {
    let wanted = app.binary.display().to_string();
    for entry in std::fs::read_dir("/proc")?.flatten() {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        if line.split(|byte| *byte == 0).next() == Some(wanted.as_bytes()) {
            return Ok(pid);
        }
    }
    Err(format!("{wanted} is not running").into())
}

/// Fields of `/proc/PID/stat` from the third on: the second, in brackets, may hold spaces.
fn stat(pid: u32) -> Result<Vec<String>, Failure> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let rest = text.rsplit_once(") ").ok_or("not a stat line")?.1;
    Ok(rest.split_whitespace().map(str::to_owned).collect())
}

/// When a process started: Unix ms, to the kernel's hundredth of a second.
fn started_ms(pid: u32) -> Result<u64, Failure> {
    let ticks: u64 = stat(pid)?.get(19).ok_or("no start time")?.parse()?;
    let text = std::fs::read_to_string("/proc/uptime")?;
    let now_ms = u64::try_from(punchcard_till::clock::now_ms())?;
    let up = text.split_whitespace().next().ok_or("no uptime")?.replace('.', "");
    // Both the uptime and the start are in hundredths of a second since the boot.
    Ok(now_ms - up.parse::<u64>()? * 10 + ticks * 10)
}

/// Proportional set size of a process and all it started, KiB.
fn pss_of_tree(root: u32) -> Result<u64, Failure> {
    let mut tree = vec![root];
    let mut at = 0;
    while let Some(parent) = tree.get(at).copied() {
        for entry in std::fs::read_dir("/proc")?.flatten() {
            let name = entry.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
                continue;
            };
            let of = stat(pid).ok().and_then(|fields| fields.get(1)?.parse::<u32>().ok());
            if of == Some(parent) && !tree.contains(&pid) {
                tree.push(pid);
            }
        }
        at += 1;
    }
    let pss = |pid: &u32| {
        let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
        line.trim().trim_end_matches(" kB").trim().parse::<u64>().ok()
    };
    Ok(tree.iter().filter_map(pss).sum())
}

fn tell(ours: &[Measured], bare: &[Measured]) {
    let sample = |of: &[Measured], pick: fn(&Measured) -> Duration| {
        Sample::new(of.iter().map(pick).collect())
    };
    let scan = sample(ours, |m| m.accepted);
    let open = sample(ours, |m| m.ready);
    let floor = sample(bare, |m| m.ready);
    println!(
        "the desk with a million members beside an empty Tauri window, {} rounds in turn",
        ours.len()
    );
    println!("  empty window, open            {}", floor.told());
    println!("  desk, open                    {}", open.told());
    println!("  desk, first scan accepted     {}", scan.told());
    let verdict = |holds: bool| if holds { "ok" } else { "SLOW" };
    let holds = scan.median() * 2 <= floor.median() * 3;
    println!(
        "  {} ratio of medians (bar: at most 1.5)  {}",
        verdict(holds),
        ratio(scan.median(), floor.median())
    );
    let mid = |of: &[Measured]| {
        let mut all: Vec<u64> = of.iter().map(|m| m.pss_kib / 1024).collect();
        all.sort_unstable();
        all.get(all.len() / 2).copied().unwrap_or(0)
    };
    let (desk, empty) = (mid(ours), mid(bare));
    let more = desk.saturating_sub(empty);
    println!("  memory (PSS of all processes, median): empty {empty} MiB, desk {desk} MiB");
    println!("  {} more (bar: at most 60 MB)  {more} MiB", verdict(more * 1_048_576 <= 60_000_000));
}
