//! kill -9 at random moments: what was acknowledged is there, once; what was not is there whole or
//! not at all.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use punchcard_tests::{id, processes::Dice};
use punchcard_till::{KeyPlace, Options, Till, clock};
use serde_json::Value;

use crate::tool;

const ROUNDS: u64 = 300;

/// Check-ins, earnings and redemptions, without end.
pub fn command(dice: &mut Dice, stock: &Stock) -> String {
    let (member, reward) = (dice.pick(&stock.members).clone(), &stock.reward);
    match dice.below(3) {
        0 => format!("check-in --member {member} --use-visit\n"),
        1 => format!("earn --member {member} --amount {}\n", 1 + dice.below(90)),
        _ => {
            format!("redeem --member {member} --reward {reward} --points {}\n", 1 + dice.below(60))
        }
    }
}

/// Who is there, what they buy, and how far the journal has come.
pub struct Stock {
    /// Members with points and visits.
    pub members: Vec<String>,
    /// A reward of which the cashier chooses the price.
    pub reward: String,
    /// The journal's last place.
    pub place: u64,
}

/// A shop made by the tool, and everybody in it given points to spend.
pub fn stock(data: &Path) -> Stock {
    tool::shop(data);
    let till = open(data);
    let owner = till.owner().expect("an owner");
    let found = till.find(&owner, "1000", 60).expect("members");
    let members: Vec<String> = found.into_iter().map(|member| member.id).collect();
    for member in &members {
        till.earn(&owner, id(member), "900").expect("points to spend");
    }
    let rewards = till.reward_list().expect("rewards");
    let free = rewards.into_iter().find(|reward| reward.cost == 0).expect("one");
    Stock { members, reward: free.id.expect("it has one"), place: facts_after(&till, 0).1 }
}

/// How long a life is at most, in microseconds. On a machine that is slow just now they grow until
/// most of them get to work; moments before the store is open stay among them.
struct Reach(u64);

impl Reach {
    fn adapt(&mut self, acknowledged: usize) {
        let longer = if acknowledged < 5 { self.0 / 20 } else { 0 };
        let shorter = if acknowledged > 40 { self.0 / 20 } else { 0 };
        self.0 = (self.0 + longer - shorter).clamp(50_000, 2_000_000);
    }
}

/// One life of the tool: fed until `end` has ended it. Returns what it acknowledged.
pub fn life(
    data: &Path,
    dice: &mut Dice,
    stock: &Stock,
    end: impl FnOnce(&mut Child, &mut Dice),
) -> Vec<String> {
    let mut child = Command::new(tool::tool())
        .arg("--data")
        .arg(data)
        .arg("batch")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let mut stdin = child.stdin.take().expect("piped");
    let stdout = BufReader::new(child.stdout.take().expect("piped"));
    let commands: String = (0..400).map(|_| command(dice, stock)).collect();
    let feeder = std::thread::spawn(move || drop(stdin.write_all(commands.as_bytes())));
    let reader = std::thread::spawn(move || {
        let lines = stdout.lines().map_while(Result::ok);
        lines.filter_map(|line| acknowledged(&line)).collect::<Vec<_>>()
    });
    end(&mut child, dice);
    child.wait().expect("it is dead");
    feeder.join().expect("fed");
    reader.join().expect("read")
}

/// The id of a fact that was told; half a line tells nothing.
fn acknowledged(line: &str) -> Option<String> {
    let answer: Value = serde_json::from_str(line).ok()?;
    answer["fact"].as_str().map(str::to_owned)
}

/// Opens a store as the tool does.
pub fn open(data: &Path) -> Till {
    let options = Options { keys: KeyPlace::File, clock: clock::system(), ..Options::default() };
    Till::open(data, &options).expect("it opens after a kill")
}

/// Facts of the journal after a place, how often each stands there, and the last place.
pub fn facts_after(till: &Till, after: u64) -> (BTreeMap<String, u32>, u64) {
    let (mut facts, mut last) = (BTreeMap::new(), after);
    till.log(after, |line| {
        let fact = line.payload["id"].as_str().unwrap_or_default().to_owned();
        *facts.entry(fact).or_insert(0) += 1;
        last = line.seq;
        Ok(())
    })
    .expect("a journal");
    (facts, last)
}

#[test]
fn three_hundred_kills_lose_nothing_and_double_nothing() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let data = dir.path().join("till");
    let stock = stock(&data);
    let mut place = stock.place;
    let mut dice = Dice::of(20_261_123);
    let (mut told, mut unheard, mut reach) = (0, 0, Reach(90_000));
    for round in 0..ROUNDS {
        let acknowledged = life(&data, &mut dice, &stock, |child, dice| {
            // From before the store is open to well within the stream.
            std::thread::sleep(Duration::from_micros(5_000 + dice.below(reach.0)));
            child.kill().expect("SIGKILL");
        });
        reach.adapt(acknowledged.len());
        let till = open(&data);
        assert_eq!(till.status(None).expect("a status").distrust, None, "round {round}");
        let (facts, last) = facts_after(&till, place);
        for fact in &acknowledged {
            assert_eq!(facts.get(fact), Some(&1), "round {round}: {fact} was acknowledged");
        }
        // At most the one that was being told when the process died.
        let extra = facts.len() - acknowledged.len();
        assert!(extra <= 1, "round {round}: {extra} more");
        told += acknowledged.len();
        unheard += extra;
        place = last;
        if round % 25 == 0 || round == ROUNDS - 1 {
            let found = till.verify().expect("it can be read");
            assert!(found.ok, "round {round}: {:?}", found.problems);
            let (before, after) = till.rebuild().expect("rebuilt");
            assert_eq!(before, after, "round {round}: tables are what the journal says");
        }
    }
    assert!(told > 1000, "the stream flowed: {told} acknowledged, {unheard} committed unheard");
    println!(
        "{ROUNDS} kills: {told} acknowledged and there once, {unheard} committed but not yet told"
    );
}
