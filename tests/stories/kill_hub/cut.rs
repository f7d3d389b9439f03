//! A cable that is cut, again and again.

use std::{collections::BTreeSet, sync::Arc, time::Instant};

use punchcard_tests::{
    DAY, MINUTE, PIN,
    business::{Business, Desk, Engine},
    id, on_both_engines,
    processes::{CutLine, Dice},
    set_up,
};
use punchcard_till::{CheckInHow, RedeemInput, Till, Who, sync::join, views::PairInput};

use super::{LOOK_EVERY, ROUNDS, TILLS, accuses_nobody, some, stock};
use crate::book::{Book, Held, held_by, held_by_hub, nothing_lost_nothing_doubled};

on_both_engines!(a_hundred_cuts_lose_nothing_and_double_nothing,);

/// A desk at the end of a line that is cut, and what happened at it.
struct Branch {
    desk: Desk,
    /// Place of the newest own entry that was looked at.
    newest: u64,
}

/// A business whose tills reach the hub over a line that can be cut.
struct Village {
    line: CutLine,
    branches: Vec<Branch>,
    business: Business,
    members: Vec<String>,
    reward: String,
    told: BTreeSet<String>,
    open: Vec<String>,
    syncs_failed: u64,
    /// The hub had more of a till's entries than the till was told.
    unheard: u64,
    drawn: u64,
}

impl Village {
    fn open(engine: Engine, dice: &mut Dice) -> Self {
        let business = Business::new(engine);
        let to = business.url().trim_start_matches("https://").parse().expect("an address");
        let line = CutLine::new(to, dice.fork());
        let (folder, options) = (business.folder("first"), business.options());
        let till = Till::create(&folder, &set_up(), &options).expect("a new shop");
        let (members, reward) = stock(&till);
        let first = Desk::of(folder, options, Arc::new(till));
        let input =
            |code: String, till: &str| PairInput { hub: line.url(), code, till: till.into() };
        first.line().pair(&first.owner(), &input(business.code(None), "till 0")).expect("it pairs");
        first.sync();
        let mut desks = vec![first];
        for n in 1..TILLS {
            let name = format!("till {n}");
            let store = business.hub.add_store(&name, "Asia/Shanghai").expect("a new branch");
            let (folder, options) = (business.folder(&name), business.options());
            let code = business.code(Some(store));
            let till = join(&folder, &input(code, &name), PIN, &options).expect("it joins");
            desks.push(Desk::of(folder, options, Arc::new(till)));
        }
        let branches = desks.into_iter().map(|desk| Branch { desk, newest: 0 }).collect();
        Self {
            line,
            branches,
            business,
            members,
            reward,
            told: BTreeSet::new(),
            open: Vec::new(),
            syncs_failed: 0,
            unheard: 0,
            drawn: 0,
        }
    }

    /// A little of everything at one till.
    fn work(&mut self, at: usize, dice: &mut Dice) {
        let Branch { desk, .. } = &self.branches[at];
        let owner = desk.owner();
        for _ in 0..=dice.below(3) {
            let member = dice.pick(&self.members);
            let done = match dice.below(4) {
                0 => desk.till().earn(&owner, id(member), &(1 + dice.below(60)).to_string()),
                1 => {
                    let who = Who::Member(id(member));
                    let how = *dice.pick(&[true, false]);
                    let how = if how { CheckInHow::UseVisit } else { CheckInHow::Scan };
                    let seen = desk.till().check_in(&owner, who, how, None);
                    self.told.extend(seen.ok().map(|seen| seen.fact));
                    continue;
                }
                2 if !self.open.is_empty() => {
                    let Some(fact) = some(&mut self.open, dice) else { continue };
                    let undone = desk.till().undo_entry(&owner, &fact);
                    self.told.extend(undone.ok().map(|done| done.fact));
                    continue;
                }
                _ => {
                    let input = RedeemInput {
                        member: id(member),
                        reward: id(&self.reward),
                        points: Some(1 + i64::try_from(dice.below(70)).unwrap_or(0)),
                        on_trust: false,
                    };
                    desk.till().redeem(&owner, input)
                }
            };
            match done {
                Ok(done) => {
                    self.told.insert(done.fact.clone());
                    self.open.push(done.fact);
                }
                Err(error) => assert_eq!(error.code(), "points_short", "{error}"),
            }
        }
    }

    /// A sync, or a draw, over a line that may not last as long.
    fn call(&mut self, at: usize, dice: &mut Dice) {
        let Branch { desk, newest } = &mut self.branches[at];
        let outcome = if dice.below(4) == 0 {
            let (member, points) = (dice.pick(&self.members), 1 + dice.below(80));
            let points = i64::try_from(points).unwrap_or(1);
            let drawn = desk.line().draw(&desk.owner(), id(member), points);
            drawn.map(|drawn| self.drawn += u64::from(drawn.drawn > 0))
        } else {
            desk.try_sync()
        };
        let Err(error) = outcome else { return };
        assert_eq!(error.code(), "hub_unreachable", "{error}");
        self.syncs_failed += 1;
        desk.till()
            .log(*newest, |line| {
                *newest = line.seq;
                Ok(())
            })
            .expect("a journal");
        let waiting = desk.till().status(None).expect("a status").unsynced;
        let tills = self.business.hub.tills().expect("it answers");
        let here = tills.iter().find(|till| till.name == format!("till {at}")).expect("paired");
        let acknowledged = *newest - u64::try_from(waiting).unwrap_or(0);
        self.unheard += u64::from(here.entries > acknowledged);
    }

    fn look(&self) {
        self.line.cut(false);
        let desks: Vec<&Desk> = self.branches.iter().map(|branch| &branch.desk).collect();
        // Three syncs of each, and no more; and what everybody holds adds up.
        self.business.same_everywhere(&desks);
        let inbox = self.business.hub.inbox().expect("it answers");
        accuses_nobody(&serde_json::to_value(inbox).expect("JSON"));
        let tills: Vec<Held> = desks.iter().map(|desk| held_by(desk.till())).collect();
        let hub = held_by_hub(&self.business.database);
        let book = nothing_lost_nothing_doubled(&hub, &tills, &self.told);
        for (desk, member) in desks.iter().flat_map(|d| self.members.iter().map(move |m| (d, m))) {
            let score = book.scores[member];
            let (on_file, _, debt) = desk.points(member);
            assert_eq!((on_file, debt), (score.lies, score.owes));
        }
        self.line.cut(true);
    }
}

/// The cable is cut after any number of bytes, on the way there or on the way back: requests are
/// done and nobody hears of it, and are asked again.
fn a_hundred_cuts_lose_nothing_and_double_nothing(engine: Engine) {
    let (mut dice, seed) = Dice::seeded();
    println!("PUNCHCARD_SEED={seed}");
    let begun = Instant::now();
    let mut village = Village::open(engine, &mut dice);
    village.line.cut(true);
    for round in 1..=ROUNDS {
        // Value goes to rest now and then, so that there is something to draw.
        village.business.pass(if round % 10 == 0 { DAY } else { 0 });
        for at in 0..TILLS {
            // Nobody was heard of just now: whoever draws does not wait for others to return some.
            village.business.pass(MINUTE);
            village.work(at, &mut dice);
            village.call(at, &mut dice);
        }
        if round % LOOK_EVERY == 0 {
            village.look();
        }
    }
    let (asking, answering) = village.line.cuts();
    let Village { told, syncs_failed, unheard, drawn, .. } = &village;
    println!(
        "{ROUNDS} rounds on {engine:?} in {} s: cut {asking} times on the way there and \
         {answering} times on the way back; {syncs_failed} calls failed, {unheard} of them pushed \
         what nobody was told of; {} acknowledged and there once, {drawn} draws brought something",
        begun.elapsed().as_secs(),
        told.len(),
    );
    assert!(*syncs_failed > 50 && asking > 20 && answering > 20, "the line was cut");
    assert!(*unheard > 0, "{unheard} times the hub had more than the till was told");
    assert!(*drawn > 0, "points were drawn");
}

/// What the hundred rounds found: points that are put back into a lot which was taken back
/// meanwhile are not to be lost, whoever heard of it first.
#[test]
fn an_earning_and_its_redemption_both_taken_back_cost_nobody_points() {
    for heard in [true, false] {
        let (business, first) = Business::with_desk(Engine::Sqlite);
        let second = business.desk("滨江 2", None);
        let reward = first.reward("毛巾", 100);
        let member = first.member("王堃", 1);
        let earned = first.earn(&member, "100.00");
        // The older lot is spent first.
        business.pass(MINUTE);
        first.earn(&member, "100.00");
        business.same_everywhere(&[&first, &second]);
        let redeemed = first.redeem(&member, &reward, false).expect("enough");
        if heard {
            // Taken back by who does not know that it was spent: the first desk makes a debt of it
            // and repays it, before it hears that the redemption is taken back too.
            second.till().undo_entry(&second.owner(), &earned).expect("the owner may");
            business.same_everywhere(&[&first, &second]);
            assert_eq!(first.points(&member), (0, 0, 0), "both were spent");
            first.till().undo_entry(&first.owner(), &redeemed).expect("the owner may");
        } else {
            // Taken back by who knows that it was spent, and made a debt of it, while at the first
            // desk the points are put back.
            business.same_everywhere(&[&first, &second]);
            second.till().undo_entry(&second.owner(), &earned).expect("the owner may");
            first.till().undo_entry(&first.owner(), &redeemed).expect("the owner may");
        }
        // Somebody is seen elsewhere: whatever is still to be done is done now.
        second.earn(&member, "0.50");
        business.same_everywhere(&[&first, &second]);
        let (on_file, _, debt) = first.points(&member);
        assert_eq!(on_file - debt, 100, "one earning is left, and it was not spent");
        let hub = held_by_hub(&business.database);
        assert_eq!(Book::of(&hub).wrong(), Vec::<String>::new());
    }
}
