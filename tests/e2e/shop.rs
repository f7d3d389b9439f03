//! A demo shop in a folder that is gone afterwards, and the tool that looks into its store.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
    thread::sleep,
    time::{Duration, Instant},
};

use punchcard_till::{Actor, Options, Till, views::Prefs};
use serde_json::Value;
use tempfile::TempDir;

use crate::window::PATIENCE;

/// The store is locked as long as the desk lives, and a desk that was ended takes a moment to die.
const RELEASE: Duration = PATIENCE;

/// Between two keys of a scan, at most: as long as the settings allow.
pub const SCANNER_GAP_MS: u32 = 500;

/// A built program, named by the variable that `scripts/test.sh` sets.
pub fn program(variable: &str) -> PathBuf {
    let path = std::env::var_os(variable)
        .map_or_else(|| panic!("{variable} is not set: run scripts/test.sh e2e"), PathBuf::from);
    assert!(path.is_file(), "{} is not built: run make build", path.display());
    path
}

/// A shop with members, rewards and staff to play with.
pub struct Shop {
    folder: TempDir,
    staff: Vec<Value>,
}

impl Shop {
    /// A folder without a store: the window meets somebody for the first time.
    pub fn empty() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        Self { folder, staff: Vec::new() }
    }

    /// The demo shop. Its keys lie in a file, so that no keyring of this machine is asked.
    pub fn demo() -> Self {
        let mut shop = Self::empty();
        let names = ["--business", "打卡健身", "--store", "静安店", "--owner", "陈店主"];
        let mut arguments = vec!["--keys-in-file", "init", "--demo"];
        arguments.extend(names);
        arguments.extend(["--time-zone", "Asia/Shanghai"]);
        let answer = shop.tool(&arguments);
        shop.staff.clone_from(answer["staff"].as_array().expect("init lists the staff"));
        shop.give_the_scanner_time();
        shop
    }

    /// The driver waits for the page after each key, which no scanner does: on a busy machine one
    /// such wait would cut a code in two. The rhythm itself is tested where it is decided
    /// (`ui/tests/scan-detector.test.ts`).
    fn give_the_scanner_time(&self) {
        // And looking at a page takes longer than working with it: nothing is locked meanwhile.
        let idle_lock_secs = 3600;
        let prefs = Prefs { idle_lock_secs, scanner_gap_ms: SCANNER_GAP_MS, ..Prefs::default() };
        self.settings(|till, _| till.save_prefs(prefs));
    }

    /// The owner sets something before the window is opened.
    pub fn settings(&self, set: impl FnOnce(&Till, &Actor) -> punchcard_till::Result<()>) {
        let till = Till::open(&self.data(), &Options::default()).expect("nobody has it open");
        let owner = till.owner().expect("there is an owner");
        set(&till, &owner).expect("it can be set");
    }

    /// Where the store is.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("shop")
    }

    /// What the web view keeps for itself: beside the store, not in the home of whoever tests.
    pub fn home(&self) -> PathBuf {
        let home = self.folder.path().join("home");
        fs::create_dir_all(&home).expect("the temporary folder can be written");
        home
    }

    /// The PIN of the first of a role.
    pub fn pin(&self, role: &str) -> &str {
        let person = self.staff.iter().find(|person| person["role"] == role);
        person.and_then(|person| person["pin"].as_str()).expect("the demo shop has each role")
    }

    /// The name of the first of a role.
    pub fn name(&self, role: &str) -> &str {
        let person = self.staff.iter().find(|person| person["role"] == role);
        person.and_then(|person| person["name"].as_str()).expect("the demo shop has each role")
    }

    /// What the tool answers, once the desk has let go of the store.
    pub fn tool(&self, arguments: &[&str]) -> Value {
        let until = Instant::now() + RELEASE;
        loop {
            let output = self.ask(arguments);
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            if text.contains("store_in_use") && Instant::now() < until {
                sleep(Duration::from_millis(100));
                continue;
            }
            assert!(output.status.success(), "punchcard-till {arguments:?}: {text}");
            return serde_json::from_str(&text).expect("the tool answers JSON");
        }
    }

    fn ask(&self, arguments: &[&str]) -> Output {
        Command::new(program("PUNCHCARD_TILL"))
            .arg("--data")
            .arg(self.data())
            .arg("--json")
            .args(arguments)
            .output()
            .expect("the tool starts")
    }

    /// The kinds of all facts in the journal, oldest first.
    pub fn journal(&self) -> Vec<String> {
        let log = self.tool(&["log"]);
        let entries = log["entries"].as_array().expect("the log lists its entries");
        entries.iter().filter_map(|entry| entry["kind"].as_str()).map(str::to_owned).collect()
    }

    /// How many facts of a kind there are.
    pub fn count(&self, kind: &str) -> usize {
        self.journal().iter().filter(|one| *one == kind).count()
    }

    /// The machine's memory of the store is lost, as when its disk was put into another machine.
    pub fn lose_anchor(&self) {
        let anchor = self.data().join("anchor");
        fs::remove_file(&anchor).or_else(|_| fs::remove_dir_all(&anchor)).expect("there is one");
    }
}
