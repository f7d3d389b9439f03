//! Other programs at a desk's files: one that reads and copies all of them while the desk works, as
//! virus scanners and backup programs do; one that holds the database; one that keeps the folder in
//! step with another place.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use punchcard_tests::Shop;
use punchcard_till::{CheckInHow, Till, Who, views::Distrust};

/// Puts bytes into a file, in place; or takes it away.
fn put(path: &Path, bytes: Option<Vec<u8>>) {
    let Some(bytes) = bytes else { return drop(std::fs::remove_file(path)) };
    File::create(path).and_then(|mut file| file.write_all(&bytes)).expect("room");
}

/// Reads every file of a folder and writes a copy of it, one after the other, as whoever knows nothing
/// of databases does.
fn copied(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("room");
    for name in ["till.db", "till.db-wal", "anchor", "keys.json", "keys.where"] {
        put(&to.join(name), std::fs::read(from.join(name)).ok());
    }
}

/// Copies, over and over, until the desk has done its work.
fn keeps_copying(from: &Path, to: &Path, done: &AtomicBool) -> Vec<PathBuf> {
    let mut copies = Vec::new();
    while !done.load(Ordering::SeqCst) {
        let copy = to.join(format!("copy-{}", copies.len()));
        copied(from, &copy);
        copies.push(copy);
        thread::sleep(Duration::from_millis(150));
    }
    copies
}

/// The desk does not notice; and of what was copied, nothing is ever taken for the desk itself.
#[test]
fn a_program_that_copies_everything_all_the_time_is_in_nobodys_way() {
    let shop = Shop::new();
    let member = shop.member("王堃", 1).brief.id;
    let (reward, owner) = (shop.reward("毛巾", 1), shop.owner());
    let (done, elsewhere) = (AtomicBool::new(false), tempfile::tempdir().expect("room"));
    let folder = shop.folder();
    let (copies, longest) = thread::scope(|scope| {
        let copying = scope.spawn(|| keeps_copying(&folder, elsewhere.path(), &done));
        let mut longest = Duration::ZERO;
        for n in 0..150 {
            let begun = Instant::now();
            shop.earn(&member, "2.00");
            let who = Who::Card("10000001".into());
            shop.till().check_in(&owner, who, CheckInHow::Scan, None).expect("a verdict");
            longest = longest.max(begun.elapsed());
            // The log goes into the database meanwhile, and begins anew.
            if n % 50 == 49 {
                thread::sleep(Duration::from_millis(700));
            }
        }
        done.store(true, Ordering::SeqCst);
        (copying.join().expect("it copied"), longest)
    });
    shop.verify();
    assert_eq!(shop.points(&member), (300, 300, 0));
    assert!(longest < Duration::from_secs(2), "{longest:?} for one scan and one earning");
    let (mut opened, mut damaged) = (0, 0);
    for copy in &copies {
        match Till::open(copy, &shop.options) {
            Ok(till) => {
                // It knows that it is a copy: nothing of it can be spent.
                let why = till.status(None).expect("a status").distrust;
                assert!(why.is_some(), "{} is taken for the desk", copy.display());
                let input = punchcard_till::RedeemInput {
                    member: punchcard_tests::id(&member),
                    reward: punchcard_tests::id(&reward),
                    points: None,
                    on_trust: false,
                };
                let spent = till.redeem(&till.owner().expect("an owner"), input);
                assert_eq!(spent.expect_err("a copy").code(), "not_vouched");
                opened += 1;
            }
            // Database and log of different moments.
            Err(error) => {
                assert_eq!(error.code(), "store_damaged", "{error}");
                damaged += 1;
            }
        }
    }
    assert!(opened > 0, "{} copies, none of which opens", copies.len());
    println!(
        "{} copies while the desk worked: {opened} open and know it, {damaged} are damaged and say \
         so; the longest scan with an earning took {longest:?}",
        copies.len()
    );
}

/// A process that holds the database when it is told to.
struct Holder {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Holder {
    fn at(folder: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_other-program"));
        command.arg(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let stdin = child.stdin.take().expect("piped");
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        Self { child, stdin, stdout }
    }

    fn hears(&mut self, what: &str) {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("text");
        assert_eq!(line.trim(), what);
    }

    /// Holds it from now on for so long.
    fn holds(&mut self, ms: u64) {
        writeln!(self.stdin, "{ms}").expect("it listens");
        self.hears("held");
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Held for a while, it is waited for; held longer, it is refused by name, nothing is recorded, and as
/// soon as it is let go of the desk goes on without a restart.
#[test]
fn a_program_that_holds_the_database_is_waited_for_and_then_named() {
    let shop = Shop::new();
    let member = shop.member("王堃", 1).brief.id;
    let mut holder = Holder::at(&shop.folder());

    holder.holds(1_500);
    let begun = Instant::now();
    shop.earn(&member, "10.00");
    let waited = begun.elapsed();
    assert!(waited > Duration::from_secs(1), "it was not held: {waited:?}");
    holder.hears("let go");

    holder.holds(8_000);
    let begun = Instant::now();
    let owner = shop.till().owner().expect("what is only read is read");
    let refused = shop.till().earn(&owner, punchcard_tests::id(&member), "10.00");
    let refused = refused.expect_err("somebody else holds it");
    let gave_up = begun.elapsed();
    assert_eq!(refused.code(), "store_in_use", "{refused}");
    assert!(gave_up < Duration::from_secs(7), "{gave_up:?}");
    holder.hears("let go");

    shop.earn(&member, "5.00");
    assert_eq!(shop.points(&member), (15, 15, 0), "what was refused is not there");
    shop.verify();
    println!("held for 1.5 s: waited {waited:?}; held for 8 s: refused after {gave_up:?}");
}

fn notices(till: &Till) -> Vec<(String, Option<String>)> {
    let line = punchcard_till::views::LineView::default();
    let view = till.sync_view(&till.owner().expect("an owner"), line).expect("a page");
    let told = view.notices.into_iter();
    told.map(|notice| (notice.code, notice.args.get("service").cloned())).collect()
}

/// A desk whose folder OneDrive keeps is told so, once; and when OneDrive puts an older copy back, the
/// anchor notices.
#[test]
fn a_folder_that_is_kept_in_step_elsewhere_is_told_and_what_it_puts_back_is_noticed() {
    let plain = Shop::new();
    assert_eq!(notices(plain.till()), []);
    let dir = tempfile::tempdir().expect("room");
    let folder = dir.path().join("OneDrive - 打卡健身").join("till");
    let till = Till::create(&folder, &punchcard_tests::set_up(), &plain.options).expect("a shop");
    let told = vec![("synced_folder".to_owned(), Some("OneDrive".to_owned()))];
    assert_eq!(notices(&till), told);
    let owner = till.owner().expect("an owner");
    let first = till.sync_view(&owner, punchcard_till::views::LineView::default()).expect("a page");
    till.settle_notice(&owner, first.notices[0].n).expect("read");
    drop(till);
    let cloud = dir.path().join("cloud");
    copied(&folder, &cloud);
    let till = Till::open(&folder, &plain.options).expect("it opens");
    assert_eq!(notices(&till), told, "and not a second time");
    let member = till
        .register_member(
            &owner,
            punchcard_till::views::MemberInput {
                name: "王堃".into(),
                phone: "13800000001".into(),
                ..Default::default()
            },
        )
        .expect("somebody new");
    till.earn(&owner, punchcard_tests::id(&member.brief.id), "10.00").expect("points");
    drop(till);
    // Back in place, over the files that are there: database and log, as they were in the cloud.
    for name in ["till.db", "till.db-wal"] {
        put(&folder.join(name), std::fs::read(cloud.join(name)).ok());
    }
    let till = Till::open(&folder, &plain.options).expect("it opens");
    let why = till.status(None).expect("a status").distrust;
    assert_eq!(why, Some(Distrust::BehindAnchor));
}
