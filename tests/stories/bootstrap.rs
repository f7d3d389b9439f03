//! A new till begins from the hub's tables as they are now: over a line that breaks, ended in the
//! middle, and where its store reads its own members alone.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use punchcard_domain::{terms::Terms, verdict::Verdict};
use punchcard_hub::Hub;
use punchcard_tests::{
    MINUTE, PIN,
    business::{Business, Desk, Engine},
    id, on_both_engines,
};
use punchcard_till::{
    PassChange, Result, Till,
    import::{ImportInput, Profile},
    sync::{Beginning, join_with},
    views::{PairInput, PassState},
};

use crate::passes::At;

on_both_engines!(
    a_new_till_begins_with_the_tables_as_they_are,
    what_was_paid_before_a_till_began_is_not_guessed_there,
    what_comes_again_counts_once,
    a_line_that_breaks_again_and_again_is_waited_for,
    a_till_that_was_ended_goes_on_after_its_last_page,
    a_till_that_was_ended_begins_anew_where_the_hub_has_forgotten,
    a_half_made_till_is_nobodys,
    a_join_cut_before_the_hubs_first_answer_takes_the_same_code,
    a_short_log_is_read_from_its_start,
    a_store_that_reads_its_own_gets_only_its_own,
);

const MEMBERS: u32 = 2_000;

/// The log of these stories is long enough.
fn beginning() -> Beginning {
    Beginning { least: 1_000, patience: Duration::from_secs(20), most_pages: None }
}

/// A first desk that has imported its members, and the hub has them.
fn imported(engine: Engine) -> (Business, Desk) {
    let (business, first) = Business::with_desk(engine);
    let mut csv = String::from("会员编号,姓名,电话,积分,到期日期\n");
    for n in 0..MEMBERS {
        let name = ["王堃", "李喆", "欧阳娜娜", "Emma Carter"][n as usize % 4];
        let line = format!("{},{name},139{n:08},{},2029-12-31\n", card(n), 100 + n);
        csv.push_str(&line);
    }
    let input = ImportInput { bytes: csv.into_bytes(), profile: Profile::Zh, dry_run: false };
    let report = first.till().import(&first.owner(), &input, &mut std::io::sink());
    assert_eq!(report.expect("a file").imported, u64::from(MEMBERS));
    first.sync();
    (business, first)
}

fn card(n: u32) -> String {
    format!("{}", 50_000_000 + n)
}

/// What a person types to join, and where the till will be.
struct Joining {
    input: PairInput,
    folder: std::path::PathBuf,
    options: punchcard_till::Options,
}

impl Joining {
    fn new(business: &Business, name: &str) -> Self {
        let store = business.hub.add_store(name, "Asia/Shanghai").expect("a new branch");
        let input = business.input(&business.code(Some(store)), name);
        Self { input, folder: business.folder(name), options: business.options() }
    }

    fn with(&self, how: &Beginning) -> Result<Till> {
        join_with(&self.folder, &self.input, PIN, &self.options, how)
    }

    /// Joins, and falls over after so many pages.
    fn ended_after(&self, pages: u64) {
        let how = Beginning { most_pages: Some(pages), ..beginning() };
        assert_eq!(Desk::code(self.with(&how)), "internal");
        assert!(!Till::exists(&self.folder));
    }

    fn desk(&self) -> Desk {
        self.desk_with(&beginning())
    }

    fn desk_with(&self, how: &Beginning) -> Desk {
        let till = self.with(how).expect("it joins");
        Desk::of(self.folder.clone(), self.options.clone(), Arc::new(till))
    }
}

fn entries(desk: &Desk) -> usize {
    desk.till().parcels().expect("it can be read").len()
}

fn found(desk: &Desk, query: &str) -> Vec<String> {
    let found = desk.till().find(&desk.owner(), query, 100).expect("it searches");
    found.into_iter().map(|brief| brief.id).collect()
}

/// What was paid for a pass stands in the log, not in the tables: a till that began from them says so, sells
/// no upgrade of it, and leaves the pass as it is. Of what was sold since it knows.
fn what_was_paid_before_a_till_began_is_not_guessed_there(engine: Engine) {
    let (business, first) = imported(engine);
    let one = At::desk(&first);
    let season = one.kind("季卡", Some(90), None, Terms::default());
    let year = one.kind("年卡", Some(365), Some(10), Terms::default());
    let member = first.member("曾祎", 1);
    one.give(&member, &season);
    first.sync();

    let second = Joining::new(&business, "滨江 2").desk();
    let two = At::desk(&second);
    let pass = two.pass(&member).id;
    let upgrade = || PassChange::Upgrade { to: id(&year) };
    let offered = |at: &At<'_>, member: &str, pass: &str| {
        let all = at.till.upgrades(&at.owner, id(member), id(pass))?;
        Ok(all.into_iter().map(|kind| kind.pays_minor).collect::<Vec<_>>())
    };
    assert_eq!(Desk::code(offered(&two, &member, &pass)), "paid_unknown");
    assert_eq!(Desk::code(two.change(&member, &pass, upgrade())), "paid_unknown");
    assert_eq!(two.pass(&member).state, PassState::Active);
    assert_eq!(offered(&one, &member, &pass).expect("it sold it"), [10_000]);
    assert_eq!(two.visit(&member).verdict, Verdict::Admit);

    let other = second.member("仇雨桐", 2);
    two.give(&other, &season);
    let pass = two.pass(&other).id;
    assert_eq!(offered(&two, &other, &pass).expect("it sold it"), [10_000]);
    two.change(&other, &pass, upgrade()).expect("it is known what was paid");
    business.same_everywhere(&[&first, &second]);
}

fn a_new_till_begins_with_the_tables_as_they_are(engine: Engine) {
    let (business, first) = imported(engine);
    let reward = first.reward("毛巾", 300);
    let member = first.member("曾祎", 1);
    let earned = first.earn(&member, "1000.00");
    first.redeem(&member, &reward, false).expect("enough points");
    let undone = first.earn(&member, "7.00");
    first.till().undo(&first.owner(), id(&undone)).expect("one's own last action");
    first.sync();

    let mut second = Joining::new(&business, "滨江 2").desk();
    assert!(entries(&second) < 10, "only what came after the snapshot");
    business.same_everywhere(&[&first, &second]);
    for query in ["曾祎", "zengyi", "zy", "0001", "10000001"] {
        assert!(found(&second, query).contains(&member), "{query}");
    }
    for query in ["00001234", &card(1234)] {
        assert_eq!(found(&second, query), found(&first, query), "{query}");
        assert_eq!(found(&second, query).len(), 1, "{query}");
    }
    assert_eq!(second.points(&member), (700, 0, 0));
    assert_eq!(first.points(&found(&first, &card(7))[0]), (107, 107, 0));
    assert_eq!(second.points(&found(&second, &card(7))[0]), (107, 0, 0));

    // What lies elsewhere is drawn and spent here; what happened before is not taken back here.
    let drawn = second.line().draw(&second.owner(), id(&member), 300).expect("the hub answers");
    assert_eq!((drawn.drawn, drawn.missing), (0, 300), "nobody listens at the first desk");
    assert_eq!(first.line().answer_asks(100).expect("it is asked"), 1);
    business.pass(MINUTE);
    let drawn = second.line().draw(&second.owner(), id(&member), 300).expect("the hub answers");
    assert_eq!((drawn.drawn, drawn.missing), (300, 0));
    assert!(second.redeem(&member, &reward, false).is_ok());
    assert_eq!(Desk::code(second.till().undo(&second.owner(), id(&earned))), "not_voidable");
    assert_eq!(Desk::code(second.till().rebuild()), "bad_input");

    // And everything goes on as between any two desks, before and after it is opened anew.
    let newcomer = second.member("仇雨桐", 2);
    business.same_everywhere(&[&first, &second]);
    second.reopen();
    first.earn(&newcomer, "50.00");
    business.same_everywhere(&[&first, &second]);
    assert_eq!(second.points(&newcomer), (50, 0, 0));
    assert_eq!(second.points(&member), (400, 0, 0));
    assert!(second.notices().iter().all(|code| code != "differs" && code != "rebuilt"));
}

/// A member's entries that the snapshot holds already come again with a card that it does not.
fn what_comes_again_counts_once(engine: Engine) {
    let (business, first) = imported(engine);
    let member = first.member("王堃", 1);
    let earned = first.earn(&member, "500.00");
    let jpeg = vec![0xFF, 0xD8, 0xFF, 0xE0, 7];
    let file = first.till().set_photo(&first.owner(), id(&member), jpeg).expect("an image");
    let photo = file.brief.photo.expect("just set");
    first.sync();
    let second = Joining::new(&business, "滨江 2").desk();
    let missing = second.till().photo(&second.owner(), id(&photo));
    assert_eq!(Desk::code(missing), "not_found", "photos are entries, and did not come");

    let input = punchcard_till::views::MemberInput {
        name: "王堃".into(),
        phone: "13800000001".into(),
        cards: vec!["10000001".into(), "77777777".into()],
        ..Default::default()
    };
    first.till().change_member(&first.owner(), id(&member), input).expect("a new card");
    first.sync();
    assert!(second.line().fetch_card("77777777") || second.try_sync().is_ok());
    assert!(second.line().fetch_card("77777777") || entries(&second) > 0);
    assert_eq!(second.points(&member), (500, 0, 0));
    business.same_everywhere(&[&first, &second]);
    assert_eq!(second.points(&member), (500, 0, 0));
    assert!(second.till().photo(&second.owner(), id(&photo)).is_ok(), "it came with them");
    assert!(second.till().undo(&second.owner(), id(&earned)).is_ok(), "and so did this");
    business.same_everywhere(&[&first, &second]);
}

/// A line that breaks after so many bytes, twice as many the second time, and so on.
struct Frail {
    addr: SocketAddr,
    breaks: Arc<AtomicUsize>,
}

impl Frail {
    fn before(hub: SocketAddr, bytes: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let addr = listener.local_addr().expect("bound");
        let breaks = Arc::new(AtomicUsize::new(0));
        let counted = breaks.clone();
        thread::spawn(move || {
            for till in listener.incoming().flatten() {
                let counted = counted.clone();
                thread::spawn(move || {
                    let hub = TcpStream::connect(hub).expect("it listens");
                    let least = bytes * (counted.load(Ordering::SeqCst) + 1);
                    counted.fetch_add(usize::from(carry(&till, &hub, least)), Ordering::SeqCst);
                });
            }
        });
        Self { addr, breaks }
    }
}

/// Carries bytes both ways; true: it broke.
fn carry(till: &TcpStream, hub: &TcpStream, bytes: usize) -> bool {
    let (mut up_from, mut up_to) =
        (till.try_clone().expect("open"), hub.try_clone().expect("open"));
    thread::spawn(move || std::io::copy(&mut up_from, &mut up_to));
    let (mut left, mut buffer) = (bytes, [0; 8192]);
    let (mut from, mut to) = (hub, till);
    loop {
        let read = from.read(&mut buffer).unwrap_or(0).min(left);
        left -= read;
        let sent = read > 0 && to.write_all(&buffer[..read]).is_ok();
        if !sent || left == 0 {
            for end in [till, hub] {
                drop(end.shutdown(Shutdown::Both));
            }
            return left == 0;
        }
    }
}

fn a_line_that_breaks_again_and_again_is_waited_for(engine: Engine) {
    let (business, first) = imported(engine);
    let mut joining = Joining::new(&business, "滨江 2");
    let hub = business.url().trim_start_matches("https://").parse().expect("an address");
    let line = Frail::before(hub, 50_000);
    joining.input.hub = format!("https://{}", line.addr);
    let second = joining.desk();
    assert!(line.breaks.load(Ordering::SeqCst) >= 2, "it broke");
    assert!(entries(&second) < 10);
    business.same_everywhere(&[&first, &second]);
}

fn a_till_that_was_ended_goes_on_after_its_last_page(engine: Engine) {
    let (mut business, first) = imported(engine);
    let joining = Joining::new(&business, "滨江 2");
    // Eighteen tables of a page each: begun anew, neither of the later ones would come to its end.
    joining.ended_after(6);
    joining.ended_after(6);
    business.cut();
    let hasty = Beginning { patience: Duration::ZERO, ..beginning() };
    assert_eq!(Desk::code(joining.with(&hasty)), "hub_unreachable");
    business.mend();
    // Its code's time is over meanwhile; the hub knows the till.
    business.pass(20 * MINUTE);
    let rest = Beginning { most_pages: Some(7), ..beginning() };
    let second = joining.desk_with(&rest);
    business.same_everywhere(&[&first, &second]);
}

fn a_till_that_was_ended_begins_anew_where_the_hub_has_forgotten(engine: Engine) {
    let (mut business, first) = imported(engine);
    let joining = Joining::new(&business, "滨江 2");
    joining.ended_after(8);
    let member = first.member("王堃", 1);
    first.earn(&member, "500.00");
    first.sync();
    business.restart_hub();
    let second = joining.desk();
    assert_eq!(second.points(&member), (500, 0, 0));
    business.same_everywhere(&[&first, &second]);
}

fn a_half_made_till_is_nobodys(engine: Engine) {
    let (business, _first) = imported(engine);
    let joining = Joining::new(&business, "滨江 2");
    joining.ended_after(6);
    assert_eq!(Desk::code(Till::open(&joining.folder, &joining.options)), "not_set_up");
    // Whoever opens a shop of their own there gets an empty one.
    let own = Till::create(&joining.folder, &punchcard_tests::set_up(), &joining.options);
    let own = own.expect("a new shop");
    assert!(own.find(&own.owner().expect("there is one"), "王", 10).expect("it reads").is_empty());
    drop(own);
    assert_eq!(Desk::code(joining.with(&beginning())), "already_set_up");
}

/// A line that falls silent as soon as the hub has enrolled a till: the answer is lost.
fn silent_once_enrolled(business: &Business) -> SocketAddr {
    let addr = business.url().trim_start_matches("https://").parse().expect("an address");
    let (before, hub) = (tills(&business.hub), business.hub.clone());
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let line = listener.local_addr().expect("bound");
    thread::spawn(move || {
        for till in listener.incoming().flatten() {
            let to_hub: TcpStream = TcpStream::connect::<SocketAddr>(addr).expect("it listens");
            let hub = hub.clone();
            thread::spawn(move || carry_while(&till, &to_hub, || tills(&hub) == before));
        }
    });
    line
}

/// Carries bytes both ways, those from the hub only `while` that holds.
fn carry_while(till: &TcpStream, hub: &TcpStream, holds: impl Fn() -> bool) {
    let (mut up_from, mut up_to) =
        (till.try_clone().expect("open"), hub.try_clone().expect("open"));
    thread::spawn(move || std::io::copy(&mut up_from, &mut up_to));
    let (mut from, mut to, mut buffer) = (hub, till, [0; 8192]);
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        if !holds() || to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    for end in [till, hub] {
        drop(end.shutdown(Shutdown::Both));
    }
}

fn tills(hub: &Hub) -> usize {
    hub.tills().expect("the database answers").len()
}

fn a_join_cut_before_the_hubs_first_answer_takes_the_same_code(engine: Engine) {
    let (business, first) = Business::with_desk(engine);
    let mut joining = Joining::new(&business, "滨江 2");
    let before = tills(&business.hub);
    let line = format!("https://{}", silent_once_enrolled(&business));
    let good = std::mem::replace(&mut joining.input.hub, line);
    assert_eq!(Desk::code(joining.with(&beginning())), "hub_unreachable");
    assert!(!Till::exists(&joining.folder));
    assert_eq!(tills(&business.hub), before + 1, "the hub has used the code up");
    // Somebody mistypes it before they get it right.
    joining.input.hub = good;
    let mut wrong = joining.input.code.clone();
    let last = wrong.pop().expect("a code has letters");
    wrong.push(if last == '2' { '3' } else { '2' });
    let right = std::mem::replace(&mut joining.input.code, wrong);
    assert_eq!(Desk::code(joining.with(&beginning())), "wrong_hub", "it proves another code");
    joining.input.code = right;
    let second = joining.desk();
    assert_eq!(tills(&business.hub), before + 1, "one till");
    business.same_everywhere(&[&first, &second]);
}

fn a_short_log_is_read_from_its_start(engine: Engine) {
    let (business, first) = Business::with_desk(engine);
    let member = first.member("王堃", 1);
    let earned = first.earn(&member, "500.00");
    first.sync();
    let second = Joining::new(&business, "滨江 2").desk();
    business.same_everywhere(&[&first, &second]);
    assert!(entries(&second) > 8, "the entries themselves");
    assert!(second.till().undo(&second.owner(), id(&earned)).is_ok());
}

fn a_store_that_reads_its_own_gets_only_its_own(engine: Engine) {
    let (business, first) = imported(engine);
    business.hub.set_follow("own").expect("the database answers");
    let store = business.hub.add_store("滨江", "Asia/Shanghai").expect("a new branch");
    let joining = Joining {
        input: business.input(&business.code(Some(store)), "滨江 2"),
        folder: business.folder("滨江 2"),
        options: business.options(),
    };
    let second = joining.desk_with(&Beginning { least: 0, ..beginning() });
    assert!(found(&second, "王").is_empty(), "nobody is theirs yet");
    let own = second.member("仇雨桐", 2);
    second.sync();

    // A visitor's file comes when they show their card, and stays.
    assert!(second.line().fetch_card(&card(4)));
    assert_eq!(found(&second, "王").len(), 1);
    let visitor = found(&second, &card(4)).pop().expect("just fetched");
    assert_eq!(second.points(&visitor), (104, 0, 0));
    // Another desk of that store gets the two of them.
    let code = business.code(Some(store));
    let third = Joining {
        input: business.input(&code, "滨江 3"),
        folder: business.folder("滨江 3"),
        options: business.options(),
    };
    let third = third.desk_with(&Beginning { least: 0, ..beginning() });
    assert_eq!(found(&third, &card(4)), [visitor]);
    assert_eq!(found(&third, "仇雨桐"), [own]);
    assert_eq!(found(&third, "139").len(), 0);
    first.sync();
    for desk in [&first, &second, &third] {
        desk.verify();
    }
}
