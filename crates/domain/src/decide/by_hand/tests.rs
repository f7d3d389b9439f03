use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use punchcard_protocol::{FactId, LotId, StaffId, StreamId, TillId};

use super::*;
use crate::{
    audit::{
        RulesOfOld, Source, adjustment_follows, points_transfer_follows, put_back_follows,
        void_follows,
    },
    bounds,
    decide::{
        LotStanding, Void,
        fixtures::{NOON, Shop, me, shop},
        void, voidable,
    },
    effects::{Effect, Private, Writer, debits_only_own, effects},
    fact::{FactVoided, SpentAt},
    ledger::{Account, Holding, Lot, ValueKind},
    staff::Role,
};

fn member(n: u8) -> MemberId {
    MemberId::from_bytes([n; 16])
}

fn holding(lot: u8, amount: i64, expires_ms: Option<i64>) -> Holding {
    Holding {
        lot: LotId::from_bytes([lot; 16]),
        kind: ValueKind::Points,
        account: Account::Till(me()),
        amount,
        expires_ms,
        owner: None,
        frozen: false,
    }
}

fn purse(here: Vec<Holding>, elsewhere: i64) -> Purse {
    Purse { here, elsewhere, ..Purse::default() }
}

fn adjusted(points: i64, because: &str, purse: Purse) -> Result<(PointsAdjusted, bool), Refusal> {
    let known = Adjust { member: member(3), points, because: because.into(), purse };
    let decided = shop().at(NOON, |desk| adjust_points(desk, &known))?;
    match decided.fact {
        Fact::PointsAdjusted(fact) => Ok((fact, decided.private.is_some())),
        _ => unreachable!("adjusting adjusts"),
    }
}

#[test]
fn given_by_hand_repays_and_taken_is_what_is_here() {
    let owing = Purse { debt: 30, debt_here: 30, ..Purse::default() };
    let (fact, private) = adjusted(100, "开业补分", owing).expect("any number");
    let gain = fact.earned.expect("a lot");
    assert_eq!((gain.lot.amount, gain.repaid.expect("owed").amount), (100, 30));
    assert!(gain.lot.expires_ms.is_some(), "it runs out as other points do");
    assert!(private && fact.private.is_none(), "the reason is no part of the payload");

    let known = purse(vec![holding(1, 60, None)], 500);
    let (fact, _) = adjusted(-60, "录错了", known.clone()).expect("as many are here");
    assert_eq!((fact.points, fact.postings[0].amount), (-60, 60));
    let short = Refusal::PointsShort { need: 61, here: 60, on_file: 560 };
    assert_eq!(adjusted(-61, "录错了", known), Err(short));
}

#[test]
fn what_cannot_be_adjusted_is_named() {
    let refused = |points, because: &str| adjusted(points, because, Purse::default()).err();
    assert_eq!(refused(0, "x"), Some(Refusal::BadAmount));
    assert_eq!(refused(i64::MIN, "x"), Some(Refusal::TooLarge));
    assert_eq!(refused(i64::MAX, "x"), Some(Refusal::TooLarge));
    assert_eq!(refused(5, "  "), Some(Refusal::BadInput("reason")));
    assert_eq!(refused(5, &"长".repeat(5000)), Some(Refusal::BadInput("reason")));
}

fn transferred(
    points: i64,
    to: u8,
    giver: Purse,
    takes: Purse,
) -> Result<(PointsTransferred, PointsTransferred), Refusal> {
    let known =
        GiveAway { from: member(3), banned: false, to: member(to), points, purse: giver, takes };
    let (gone, came) = shop().at(NOON, |desk| transfer_points(desk, &known))?;
    match (gone.fact, came.fact) {
        (Fact::PointsTransferred(gone), Fact::PointsTransferred(came)) => Ok((gone, came)),
        _ => unreachable!("one goes, one comes"),
    }
}

#[test]
fn what_comes_runs_out_when_what_went_would_have() {
    let here = vec![holding(1, 60, None), holding(2, 50, Some(NOON + 9))];
    let owing = Purse { debt: 20, debt_here: 20, ..Purse::default() };
    let (gone, came) = transferred(80, 8, purse(here, 0), owing).expect("as many are here");
    let lots: Vec<_> =
        came.gains.iter().map(|gain| (gain.lot.amount, gain.lot.expires_ms)).collect();
    assert_eq!(lots, [(50, Some(NOON + 9)), (30, None)]);
    assert_eq!(came.gains[0].repaid.expect("owed").amount, 20);
    assert_eq!((gone.points, came.points), (-80, 80));
    assert_eq!((gone.counterpart, came.counterpart), (came.id, gone.id));
    assert_eq!((gone.other, came.other), (member(8), member(3)));
}

#[test]
fn only_what_is_here_goes_to_somebody_else() {
    let giver = || purse(vec![holding(1, 60, None)], 500);
    let refused = |points, to, giver| transferred(points, to, giver, Purse::default()).err();
    let short = Refusal::PointsShort { need: 61, here: 60, on_file: 560 };
    assert_eq!(refused(61, 8, giver()), Some(short));
    assert_eq!(refused(5, 3, giver()), Some(Refusal::BadInput("member")));
    assert_eq!(refused(0, 8, giver()), Some(Refusal::BadAmount));
    assert_eq!(refused(-5, 8, giver()), Some(Refusal::BadAmount));
    let known = GiveAway {
        from: member(3),
        banned: true,
        to: member(8),
        points: 5,
        purse: giver(),
        takes: Purse::default(),
    };
    let banned = shop().at(NOON, |desk| transfer_points(desk, &known));
    assert_eq!(banned, Err(Refusal::Banned));
    let known = GiveAway { banned: false, ..known };
    let restored = shop().at(NOON, |desk| {
        desk.trusted = false;
        transfer_points(desk, &known)
    });
    assert_eq!(restored, Err(Refusal::NotVouched));
}

/// Who made it up: each lie about a transfer is found, and the truth is believed.
#[test]
fn points_that_never_went_do_not_come() {
    let here = vec![holding(1, 60, None), holding(2, 50, Some(NOON + 9))];
    let (gone, came) = transferred(80, 8, purse(here, 0), Purse::default()).expect("here");
    let sound = |expires_ms| Some(Source { expires_ms, sound: true });
    let sources = [sound(Some(NOON + 9)), sound(None)];
    let doubts = |came: &PointsTransferred, gone: Option<&PointsTransferred>, sources: &[_]| {
        points_transfer_follows(came, gone, sources).len()
    };
    assert_eq!(doubts(&came, Some(&gone), &sources), 0);
    assert_eq!(doubts(&came, None, &sources), 2);
    assert_eq!(doubts(&came, Some(&gone), &[sources[0], None]), 1);
    let unsound = Some(Source { expires_ms: None, sound: false });
    assert_eq!(doubts(&came, Some(&gone), &[sources[0], unsound]), 1);
    let lies: [fn(&mut PointsTransferred); 5] = [
        |came| came.gains[0].lot.amount += 1,
        |came| came.gains[0].lot.expires_ms = None,
        |came| came.gains.truncate(1),
        |came| came.id = FactId::from_bytes([7; 16]),
        |came| came.other = member(9),
    ];
    for (n, lie) in lies.into_iter().enumerate() {
        let mut false_one = came.clone();
        lie(&mut false_one);
        assert!(doubts(&false_one, Some(&gone), &sources) > 0, "lie {n}");
    }
    let elsewhere = PointsTransferred { counterpart: FactId::from_bytes([7; 16]), ..gone };
    assert_eq!(doubts(&came, Some(&elsewhere), &sources), 2);
}

#[test]
fn what_does_not_add_up_is_not_taken_in() {
    let here = || purse(vec![holding(1, 60, None)], 0);
    let fits = |fact: &Fact| bounds::fits(fact, &effects(fact, &Private::default(), me()));
    let (taken, _) = adjusted(-60, "x", here()).expect("here");
    let (given, _) = adjusted(60, "x", here()).expect("any number");
    let (gone, came) = transferred(60, 8, here(), Purse::default()).expect("here");
    for fact in [&taken, &given] {
        assert!(fits(&Fact::PointsAdjusted(fact.clone())));
        for points in [0, 61, -61, i64::MIN] {
            assert!(!fits(&Fact::PointsAdjusted(PointsAdjusted { points, ..fact.clone() })));
        }
    }
    let both = PointsAdjusted { earned: given.earned.clone(), ..taken };
    assert!(!fits(&Fact::PointsAdjusted(both)));
    for fact in [&gone, &came] {
        assert!(fits(&Fact::PointsTransferred(fact.clone())));
        let more = PointsTransferred { points: fact.points * 2, ..fact.clone() };
        assert!(!fits(&Fact::PointsTransferred(more)));
        let same = PointsTransferred { other: fact.member, ..fact.clone() };
        assert!(!fits(&Fact::PointsTransferred(same)));
    }
    let mut into_the_pool = gone;
    into_the_pool.postings[0].to = Account::Pool;
    assert!(!fits(&Fact::PointsTransferred(into_the_pool)));
}

#[test]
fn points_are_given_by_who_may_or_whom_somebody_approved() {
    let [cashier, manager, nobody] = [1, 2, 3].map(|n| StaffId::from_bytes([n; 16]));
    let staff = BTreeMap::from([(cashier, Role::Cashier), (manager, Role::Manager)]);
    let old = RulesOfOld {
        digits: 2,
        rules: vec![],
        multipliers: BTreeSet::new(),
        earn_rules: vec![],
        days: BTreeMap::new(),
        rewards: vec![],
        pass_types: vec![],
        staff,
        guests: 0,
        free_visits: 0,
        price_percents: BTreeSet::new(),
    };
    let (given, _) = adjusted(100, "x", Purse::default()).expect("any number");
    let approved = |by| PointsAdjusted { approved_by: by, ..given.clone() };
    assert_eq!(adjustment_follows(&given, manager, &old), None);
    assert_eq!(adjustment_follows(&approved(Some(manager)), cashier, &old), None);
    for (fact, by) in
        [(given.clone(), cashier), (given.clone(), nobody), (approved(Some(cashier)), cashier)]
    {
        assert_eq!(adjustment_follows(&fact, by, &old).expect("a doubt").points, 100);
    }
    let (taken, _) = adjusted(-5, "x", purse(vec![holding(1, 5, None)], 0)).expect("here");
    assert_eq!(adjustment_follows(&taken, nobody, &old), None, "nobody gains by it");
}

/// One till's tables, as its facts fold.
#[derive(Default)]
struct Book {
    accounts: BTreeMap<(MemberId, LotId, Account), i64>,
    expiry: BTreeMap<LotId, Option<i64>>,
    debts: BTreeMap<MemberId, i64>,
    taken_back: BTreeSet<LotId>,
    /// Every fact that counts, with its points, by whom it is about.
    stands: Vec<Fact>,
}

impl Book {
    fn fold(&mut self, fact: &Fact) {
        let changes = effects(fact, &Private::default(), me());
        assert!(bounds::fits(fact, &changes), "{fact:?}");
        assert!(debits_only_own(&changes, me(), Writer::Till, |_| false), "{fact:?}");
        for change in changes {
            match change {
                Effect::Issue {
                    member: Some(member),
                    lot: Lot { id, amount, to, expires_ms, .. },
                } => {
                    *self.accounts.entry((member, id, to)).or_insert(0) += amount;
                    self.expiry.insert(id, expires_ms);
                }
                Effect::Post { member: Some(member), posting } => {
                    let Posting { lot, from, to, amount, .. } = posting;
                    let left = self.accounts.entry((member, lot, from)).or_insert(0);
                    *left -= amount;
                    assert!(*left >= 0, "below zero: {fact:?}");
                    *self.accounts.entry((member, lot, to)).or_insert(0) += amount;
                }
                Effect::Owe { member, amount, .. } => {
                    *self.debts.entry(member).or_insert(0) += amount;
                }
                Effect::TakeBack { lot, .. } => {
                    self.taken_back.insert(lot);
                }
                _ => {}
            }
        }
    }

    fn purse(&self, whose: MemberId) -> Purse {
        let here = self.accounts.iter().filter_map(|((owner, lot, account), amount)| {
            let here = *owner == whose && *account == Account::Till(me()) && *amount > 0;
            let expires_ms = self.expiry.get(lot).copied().flatten();
            here.then(|| Holding { lot: *lot, amount: *amount, expires_ms, ..holding(0, 0, None) })
        });
        let debt = self.debts.get(&whose).copied().unwrap_or(0);
        Purse { here: here.collect(), elsewhere: 0, debt_here: debt, debt }
    }

    fn standing(&self, whose: MemberId, lot: LotId) -> LotStanding {
        let held = |account| self.accounts.get(&(whose, lot, account)).copied().unwrap_or(0);
        LotStanding {
            lot,
            here: vec![(Account::Till(me()), held(Account::Till(me())))],
            elsewhere: 0,
            expired: 0,
            expires_ms: self.expiry.get(&lot).copied().flatten(),
            owner: None,
            spent: vec![SpentAt { stream: me(), amount: held(Account::Spent(me())) }],
            taken_back: self.taken_back.contains(&lot),
        }
    }

    /// Takes a fact back as a desk does, and looks at it as a hub does.
    fn take_back(&mut self, shop: &mut Shop, target: &Fact) {
        let (whose, lots) = match target {
            Fact::PointsAdjusted(body) => (body.member, named(&body.postings, body.earned.iter())),
            Fact::PointsTransferred(body) => {
                (body.member, named(&body.postings, body.gains.iter()))
            }
            _ => unreachable!("nothing else happens here"),
        };
        let owns = |stream: StreamId| stream == me();
        let known = Void {
            target,
            member: Some(whose),
            voided: false,
            with_its_cause: !voidable(target),
            lots: lots.into_iter().map(|lot| self.standing(whose, lot)).collect(),
            points: self.purse(whose),
            owns: &owns,
        };
        let decided = shop.at(NOON, |desk| void(desk, &known)).expect("it was done here");
        let Fact::FactVoided(body) = &decided.fact else { unreachable!("voiding voids") };
        assert!(void_follows(body, Some(target), false).is_empty());
        assert!(put_back_follows(body, Some(target), false, true).is_empty());
        self.fold(&decided.fact);
        self.stands.retain(|fact| fact.id() != target.id());
    }

    /// What a member has and does not owe.
    fn worth(&self, whose: MemberId) -> i64 {
        let purse = self.purse(whose);
        purse.spendable(NOON) - purse.debt
    }

    fn says(&self, whose: MemberId) -> i64 {
        let points = self.stands.iter().map(|fact| match fact {
            Fact::PointsAdjusted(body) if body.member == whose => body.points,
            Fact::PointsTransferred(body) if body.member == whose => body.points,
            _ => 0,
        });
        points.sum()
    }
}

fn named<'a>(postings: &[Posting], gains: impl Iterator<Item = &'a Gain>) -> Vec<LotId> {
    postings.iter().map(|posting| posting.lot).chain(gains.map(|gain| gain.lot.id)).collect()
}

#[derive(Debug, Clone)]
enum Step {
    Adjust { whose: u8, points: i64 },
    Transfer { from: u8, to: u8, points: i64 },
    TakeBack { which: usize },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (1u8..4, -300i64..500).prop_map(|(whose, points)| Step::Adjust { whose, points }),
        (1u8..4, 1u8..4, 1i64..300).prop_map(|(from, to, points)| Step::Transfer {
            from,
            to,
            points
        }),
        (0usize..64).prop_map(|which| Step::TakeBack { which }),
    ]
}

fn act(book: &mut Book, shop: &mut Shop, step: &Step) {
    match step {
        Step::Adjust { whose, points } => {
            let (whose, purse) = (member(*whose), book.purse(member(*whose)));
            let known = Adjust { member: whose, points: *points, because: "x".into(), purse };
            if let Ok(decided) = shop.at(NOON, |desk| adjust_points(desk, &known)) {
                book.fold(&decided.fact);
                book.stands.push(decided.fact);
            }
        }
        Step::Transfer { from, to, points } => {
            let known = GiveAway {
                from: member(*from),
                banned: false,
                to: member(*to),
                points: *points,
                purse: book.purse(member(*from)),
                takes: book.purse(member(*to)),
            };
            if let Ok((gone, came)) = shop.at(NOON, |desk| transfer_points(desk, &known)) {
                for decided in [gone, came] {
                    book.fold(&decided.fact);
                    book.stands.push(decided.fact);
                }
            }
        }
        Step::TakeBack { which } => {
            if let Some(target) = book.stands.get(which % book.stands.len().max(1)).cloned() {
                take_back(book, shop, &target);
            }
        }
    }
}

/// Both facts of a transfer, that which came first.
fn take_back(book: &mut Book, shop: &mut Shop, target: &Fact) {
    let Fact::PointsTransferred(one) = target else {
        return book.take_back(shop, target);
    };
    let other = book.stands.iter().find(|fact| fact.id() == one.counterpart).cloned();
    let other = other.expect("both stand or neither does");
    let (came, gone) = if one.points > 0 { (target, &other) } else { (&other, target) };
    book.take_back(shop, came);
    book.take_back(shop, gone);
}

proptest! {
    /// Whatever is given, taken, given away and taken back, in whatever order: no account is below
    /// zero, what anybody has and does not owe is what the facts that stand say, a transfer makes
    /// and loses nothing, and the hub doubts none of it. With everything taken back nobody has or
    /// owes anything.
    #[test]
    fn nothing_is_made_and_nothing_is_lost(steps in prop::collection::vec(step(), 1..40)) {
        let (mut book, mut shop) = (Book::default(), shop());
        let members = [1, 2, 3].map(member);
        for step in &steps {
            act(&mut book, &mut shop, step);
            for whose in members {
                prop_assert_eq!(book.worth(whose), book.says(whose), "after {:?}", step);
            }
        }
        while let Some(target) = book.stands.last().cloned() {
            take_back(&mut book, &mut shop, &target);
        }
        for whose in members {
            prop_assert_eq!(book.worth(whose), 0);
        }
    }
}

/// A journal that says more was put back than was taken, or puts points back that somebody else
/// still has, has lots that nobody spends.
#[test]
fn a_void_puts_back_what_was_taken_and_once() {
    let here = vec![holding(1, 60, None)];
    let (gone, _) = transferred(60, 8, purse(here, 0), Purse::default()).expect("here");
    let back = |amount| FactVoided {
        id: FactId::from_bytes([5; 16]),
        target: gone.id,
        member: Some(gone.member),
        at_ms: NOON,
        postings: vec![Posting {
            from: Account::Spent(me()),
            to: Account::Till(me()),
            amount,
            ..gone.postings[0]
        }],
        lots: vec![],
        take_back: vec![],
        debt: 0,
        points: amount,
        approved_by: None,
    };
    let target = Fact::PointsTransferred(gone.clone());
    let doubts = |amount, target: Option<&Fact>, again, came_back| {
        put_back_follows(&back(amount), target, again, came_back).len()
    };
    assert_eq!(doubts(60, Some(&target), false, true), 0);
    assert_eq!(doubts(61, Some(&target), false, true), 1);
    assert_eq!(doubts(60, Some(&target), true, true), 1);
    assert_eq!(doubts(60, Some(&target), false, false), 1, "whoever got them has them still");
    assert_eq!(doubts(60, None, false, true), 1);
    let mut of_nobody = back(61);
    of_nobody.member = None;
    of_nobody.postings[0].owner = Some(gone.member);
    assert_eq!(put_back_follows(&of_nobody, Some(&target), false, true).len(), 1);
    let other = StreamId { till: TillId::from_bytes([2; 16]), incarnation: 1 };
    assert_ne!(other, me());
    let owns = |stream: StreamId| stream == other;
    let known = Void {
        target: &target,
        member: Some(gone.member),
        voided: false,
        with_its_cause: false,
        lots: vec![],
        points: Purse::default(),
        owns: &owns,
    };
    let elsewhere = shop().at(NOON, |desk| void(desk, &known));
    assert_eq!(elsewhere, Err(Refusal::NotVoidable), "only where it was done");
}
