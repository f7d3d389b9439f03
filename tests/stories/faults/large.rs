//! Much of one kind: a member with ten thousand entries, or a hundred thousand, and a till that joins a business of
//! ten thousand members, or fifty thousand. Bounds of time and memory that hold in an unoptimised build too.

use std::{
    fmt::Write as _,
    str::FromStr,
    time::{Duration, Instant},
};

use punchcard_domain::{
    fact::{Fact, VisitRecorded},
    verdict::Verdict,
};
use punchcard_protocol::FactId;
use punchcard_tests::{
    NOON,
    business::{Business, Engine},
    id,
};
use punchcard_till::{
    CheckInHow, Who,
    import::{ImportInput, Profile},
};

use crate::scribe::{Scribe, fresh, stocked};

/// `PUNCHCARD_FACTS=100000` is the whole of it: four minutes in an unoptimised build.
const FACTS: usize = 10_000;
/// One in so many earns a point, in a lot of its own.
const EARNS_EACH: usize = 10;
const BATCH: usize = 500;
/// `PUNCHCARD_MEMBERS=50000` is the whole of it: a minute.
const MEMBERS: u32 = 10_000;

/// What a person at the desk may wait.
const AT_ONCE: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_mins(1);

fn visit(scribe: &Scribe, member: &str) -> Fact {
    Fact::VisitRecorded(VisitRecorded {
        id: FactId(fresh()),
        member: Some(id(member)),
        store: scribe.store,
        at_ms: NOON,
        verdict: Verdict::Admit,
        reasons: Vec::new(),
        counted: true,
        pass: None,
        because: None,
        changes: Vec::new(),
        postings: Vec::new(),
        earned: None,
        by_rules: None,
        refers: None,
        private: None,
        approved_by: None,
    })
}

/// A number that a variable gives, or the one of the ordinary run.
fn given<T: FromStr>(name: &str, ordinary: T) -> T {
    let text = std::env::var(name).ok();
    text.map_or(ordinary, |text| text.parse().ok().expect("a number"))
}

fn timed<T>(act: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    (act(), begun.elapsed())
}

#[test]
fn a_member_with_very_many_entries_is_served_at_once() {
    let facts = given("PUNCHCARD_FACTS", FACTS);
    let (business, first, _, member, reward) = stocked(Engine::Sqlite);
    let mut scribe = Scribe::join(&business);
    let mut made = 0;
    let ((), pushed) = timed(|| {
        while made < facts {
            let packets = (0..BATCH)
                .map(|n| {
                    let fact = if n % EARNS_EACH == 0 {
                        Fact::PointsEarned(scribe.earned(id(&member), scribe.lot(1)))
                    } else {
                        visit(&scribe, &member)
                    };
                    scribe.fact(&fact, None)
                })
                .collect();
            scribe.says(packets);
            made += BATCH;
        }
    });
    let ((), pulled) = timed(|| first.sync());
    let on_file = 500 + i64::try_from(facts / EARNS_EACH).expect("few");
    let (points, shown) = timed(|| first.points(&member));
    assert_eq!(points, (on_file, 500, 0));
    let who = Who::Card("10000001".into());
    let (seen, scanned) =
        timed(|| first.till().check_in(&first.owner(), who, CheckInHow::Scan, None));
    seen.expect("a verdict");
    let (_, earned) = timed(|| first.earn(&member, "10.00"));
    let (redeemed, spent) = timed(|| first.redeem(&member, &reward, false));
    redeemed.expect("enough");
    for (what, took) in
        [("shown", shown), ("scanned", scanned), ("earned", earned), ("spent", spent)]
    {
        assert!(took < AT_ONCE, "{what} after {took:?}");
    }
    println!(
        "{facts} entries of one member, {} lots: pushed in {pushed:?}, read in {pulled:?}; shown in \
         {shown:?}, scanned in {scanned:?}, earned in {earned:?}, redeemed in {spent:?}",
        facts / EARNS_EACH
    );
}

#[test]
fn a_till_joins_very_many_members_in_time() {
    let members = given("PUNCHCARD_MEMBERS", MEMBERS);
    let (business, first) = Business::with_desk(Engine::Sqlite);
    let mut csv = String::from("会员编号,姓名,电话,积分,到期日期\n");
    for n in 0..members {
        let name = ["王堃", "李喆", "欧阳娜娜", "Emma Carter"][n as usize % 4];
        let card = 10_000_000 + n;
        writeln!(csv, "{card},{name},139{n:08},{},2029-12-31", 100 + n).expect("memory");
    }
    let input = ImportInput { bytes: csv.into_bytes(), profile: Profile::Zh, dry_run: false };
    let (report, imported) =
        timed(|| first.till().import(&first.owner(), &input, &mut std::io::sink()));
    assert_eq!(report.expect("a file").imported, u64::from(members));
    let ((), pushed) = timed(|| first.sync());
    let (second, joined) = timed(|| business.desk("滨江 2", None));
    let ((), whole) = timed(|| second.sync());
    assert!(joined + whole < LONGEST, "joined after {:?}", joined + whole);
    assert_eq!(second.till().digest().expect("read").0, business.hub.digest().expect("read").0);
    let (found, took) =
        timed(|| second.till().find(&second.owner(), &format!("139{:08}", members - 1), 5));
    assert_eq!(found.expect("read").len(), 1);
    assert!(took < AT_ONCE, "found after {took:?}");
    println!(
        "{members} members: imported in {imported:?}, pushed in {pushed:?}; the second till joined in \
         {joined:?} and was whole {whole:?} later"
    );
}
