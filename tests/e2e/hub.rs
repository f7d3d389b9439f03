//! A hub in a process of its own, and another desk of the business, which has no window.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use punchcard_tests::{PIN, id, processes::HubProgram};
use punchcard_till::{
    Actor, KeyPlace, Options, Till,
    sync::{Line, join},
    views::{MemberInput, PairInput, PointsView},
};
use tempfile::TempDir;

use crate::{shop::Shop, window::PATIENCE};

/// What the desk under the window is called.
pub const FIRST: &str = "静安 1";
/// What the other desk is called.
pub const SECOND: &str = "西湖 1";

/// What the owner signs in with at a desk that has joined.
pub const JOINED_PIN: &str = PIN;

/// A hub that can be stopped and started again.
pub struct Hub {
    program: HubProgram,
    folder: TempDir,
}

impl Hub {
    /// Starts one that has no business yet.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let database = format!("sqlite:{}", folder.path().join("hub.db").display());
        let mut program = HubProgram::new(database, folder.path());
        program.start();
        Self { program, folder }
    }

    /// Starts one, and gives it the business of a shop.
    pub fn of(shop: &Shop) -> Self {
        let hub = Self::new();
        let (url, code) = (hub.url(), hub.code(None));
        let enrol = ["enrol", "--hub", &url, "--code", &code, "--name", FIRST];
        shop.tool(&[&["--pin", shop.pin("owner")], &enrol[..]].concat());
        hub
    }

    /// Where it is.
    pub fn url(&self) -> String {
        self.program.url()
    }

    /// Nobody reaches it any more.
    pub fn stop(&mut self) {
        self.program.kill();
    }

    /// It is there again.
    pub fn start(&mut self) {
        self.program.start();
    }

    /// A pairing code.
    pub fn code(&self, store: Option<&str>) -> String {
        let mut args = vec!["pair"];
        args.extend(store.iter().flat_map(|store| ["--store", store]));
        self.told(&args, "code")
    }

    /// Opens a branch.
    pub fn store(&self, name: &str) -> String {
        self.told(&["store", "add", name, "--time-zone", "Asia/Shanghai"], "store")
    }

    /// The owner says of what waits for them that it holds.
    pub fn accept(&self, code: &str) {
        let (_, told) = self.program.ask(&["inbox"]);
        let lines = told["inbox"].as_array().expect("a list");
        let line = lines.iter().find(|line| line["code"] == code && line["settled"] == false);
        let line = line.unwrap_or_else(|| panic!("no {code} waits: {told}"));
        self.told(&["settle", line["id"].as_str().expect("it has one"), "accept"], "settled");
    }

    /// Another desk, at a branch of its own.
    pub fn desk(&self) -> OtherDesk {
        let store = self.store("西湖店");
        let input =
            PairInput { hub: self.url(), code: self.code(Some(&store)), till: SECOND.into() };
        let folder = self.folder.path().join("second");
        let options = Options { keys: KeyPlace::File, ..Options::default() };
        let (till, line) = away(|| {
            let till = Arc::new(join(&folder, &input, PIN, &options).expect("it joins"));
            let line = Line::start(till.clone()).expect("it syncs");
            line.sync_now().expect("the hub answers");
            (till, line)
        });
        OtherDesk { till, line: Some(line) }
    }

    fn told(&self, args: &[&str], field: &str) -> String {
        let (status, said) = self.program.ask(args);
        assert_eq!(status, 0, "punchcard-hub {args:?}: {said}");
        said[field].as_str().expect("a text").to_owned()
    }
}

/// A desk that syncs by itself, and gives what the hub asks it for.
pub struct OtherDesk {
    /// The till.
    pub till: Arc<Till>,
    line: Option<Line>,
}

impl OtherDesk {
    /// The owner, who may do anything.
    pub fn owner(&self) -> Actor {
        self.till.owner().expect("there is an owner")
    }

    /// Registers a member.
    pub fn member(&self, name: &str, phone: &str) -> String {
        let input = MemberInput { name: name.into(), phone: phone.into(), ..Default::default() };
        self.till.register_member(&self.owner(), input).expect("a new member").brief.id
    }

    /// Gives points for an amount; returns the fact.
    pub fn earn(&self, member: &str, amount: &str) -> String {
        self.till.earn(&self.owner(), id(member), amount).expect("an amount").fact
    }

    /// What it knows of a member's points.
    pub fn points(&self, member: &str) -> PointsView {
        self.till.member(&self.owner(), id(member)).expect("a member").points
    }

    /// Syncs now.
    pub fn sync(&self) {
        let line = self.line.as_ref().expect("it is switched on");
        away(|| line.sync_now().expect("the hub answers"));
    }

    /// Syncs until it knows that a member has so many points on file.
    pub fn hears(&self, member: &str, on_file: i64) {
        let until = Instant::now() + PATIENCE;
        loop {
            self.sync();
            let known = self.points(member).on_file;
            if known == on_file {
                return;
            }
            assert!(Instant::now() < until, "the other desk knows of {known}, not of {on_file}");
            thread::sleep(Duration::from_millis(200));
        }
    }

    /// Somebody switches it off.
    pub fn switch_off(&mut self) {
        let line = self.line.take();
        away(|| drop(line));
    }
}

impl Drop for OtherDesk {
    fn drop(&mut self) {
        self.switch_off();
    }
}

/// A line has a runtime of its own, which must not begin or end inside the one of a test.
fn away<T: Send>(act: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| scope.spawn(act).join().expect("it said why"))
}
