//! Taking something back: a new fact that says what is put back, never an edit.

use punchcard_protocol::{LotId, MemberId, StreamId};

use super::{Decided, Desk};
use crate::{
    fact::{Fact, FactVoided, Gain, SpentAt, TakeBack, gains},
    ledger::{Account, Holding, Lot, Posting, Purse, ValueKind},
    refusal::Refusal,
};

/// How one lot stands when something about it is taken back.
#[derive(Debug, Clone)]
pub struct LotStanding {
    /// The lot.
    pub lot: LotId,
    /// What this till may debit: account and amount.
    pub here: Vec<(Account, i64)>,
    /// With other owners.
    pub elsewhere: i64,
    /// Ran out.
    pub expired: i64,
    /// When it runs out.
    pub expires_ms: Option<i64>,
    /// Whose it is, where it is a merged file's.
    pub owner: Option<MemberId>,
    /// What each stream is known to have spent of it.
    pub spent: Vec<SpentAt>,
    /// It was taken back: what goes into it counts for nothing.
    pub taken_back: bool,
}

/// What taking back is decided on.
pub struct Void<'a> {
    /// What is to be taken back.
    pub target: &'a Fact,
    /// Whose it is: the file that they are shown as, where theirs was merged into another.
    pub member: Option<MemberId>,
    /// It was already.
    pub voided: bool,
    /// What led to it is taken back in the same breath: a pass, or points, that somebody gave away.
    pub with_its_cause: bool,
    /// Every lot it names, as it stands.
    pub lots: Vec<LotStanding>,
    /// The member's points.
    pub points: Purse,
    /// Whether this till may debit a stream's accounts: its own, and those it took over.
    pub owns: &'a dyn Fn(StreamId) -> bool,
}

/// Whether this kind of fact can be taken back at all.
pub fn voidable(fact: &Fact) -> bool {
    match fact {
        Fact::PointsEarned(_)
        | Fact::PointsRedeemed(_)
        | Fact::RewardHandedOver(_)
        | Fact::PassFrozen(_)
        | Fact::PassUnfrozen(_)
        | Fact::PassExtended(_)
        | Fact::PassUpgraded(_)
        | Fact::PassTransferred(_)
        | Fact::PassCancelled(_)
        | Fact::ClassBooked(_)
        | Fact::PointsAdjusted(_)
        | Fact::ToppedUp(_) => true,
        // What somebody gave away is taken back with what says that they did.
        Fact::PassGiven(body) => body.transferred.is_none(),
        Fact::PointsTransferred(body) => body.points < 0,
        // Of two files that were parted nothing is left to take back: they can be merged again.
        Fact::MembersMerged(body) => body.kept != body.gone,
        Fact::VisitRecorded(body) => body.member.is_some(),
        _ => false,
    }
}

/// Takes something back. What was spent here goes back to the lots it came from; what was spent
/// at another desk is given anew; what was given and is already spent becomes the member's debt.
///
/// # Errors
/// [`Refusal::AlreadyVoided`], [`Refusal::NotVoidable`], [`Refusal::NotVouched`].
pub fn void(desk: &mut Desk<'_>, known: &Void<'_>) -> Result<Decided, Refusal> {
    if known.voided {
        return Err(Refusal::AlreadyVoided);
    }
    if !voidable(known.target) && !known.with_its_cause {
        return Err(Refusal::NotVoidable);
    }
    let mut undo =
        Undo { me: desk.me, debt: 0, points: 0, postings: vec![], lots: vec![], take_back: vec![] };
    let member = match known.target {
        Fact::VisitRecorded(body) => {
            undo.restore(desk, known, body.member, &body.postings);
            for gain in gains(body.earned.as_ref(), body.by_rules.as_ref()) {
                undo.take_back_gain(known, gain);
            }
            body.member
        }
        Fact::PointsEarned(body) => {
            for gain in gains(body.earned.as_ref(), body.by_rules.as_ref()) {
                undo.take_back_gain(known, gain);
            }
            Some(body.member)
        }
        Fact::PointsRedeemed(body) => {
            undo.restore(desk, known, Some(body.member), &body.postings);
            undo.forgive(desk, known, body.on_trust);
            undo.points = body.points;
            if let Some(lot) = body.voucher {
                // Used, or with another desk that may hand it over just now: who takes the points
                // back would have both.
                if !lies_here(known, lot.id) {
                    return Err(Refusal::NotVoidable);
                }
                undo.take_back(known, lot.id, ValueKind::Coupon);
            }
            Some(body.member)
        }
        Fact::RewardHandedOver(body) => {
            if !body.postings.iter().all(|posting| ours(known, posting)) {
                return Err(Refusal::NotVoidable);
            }
            undo.restore(desk, known, Some(body.member), &body.postings);
            Some(body.member)
        }
        Fact::PassGiven(body) => {
            if let Some(lot) = body.pass.visits {
                undo.take_back(known, lot.id, ValueKind::Visits);
            }
            Some(body.member)
        }
        Fact::PassUpgraded(body) => {
            if let Some(lot) = body.given.visits {
                undo.take_back(known, lot.id, ValueKind::Visits);
            }
            undo.restore(desk, known, Some(body.member), &body.postings);
            Some(body.member)
        }
        Fact::PassTransferred(body) => {
            undo.restore(desk, known, Some(body.member), &body.postings);
            undo.points = body.fee_points;
            Some(body.member)
        }
        Fact::PointsAdjusted(body) => {
            undo.restore(desk, known, Some(body.member), &body.postings);
            if let Some(gain) = &body.earned {
                undo.take_back_gain(known, gain);
            }
            undo.points = body.points.saturating_neg();
            Some(body.member)
        }
        Fact::PointsTransferred(body) => {
            // Two desks that took the same transfer back would give the points twice.
            if !body.postings.iter().all(|posting| ours(known, posting)) {
                return Err(Refusal::NotVoidable);
            }
            undo.restore(desk, known, Some(body.member), &body.postings);
            for gain in &body.gains {
                undo.take_back_gain(known, gain);
            }
            undo.points = body.points.saturating_neg();
            Some(body.member)
        }
        Fact::ReferralRewarded(body) => {
            for gain in gains(body.earned.as_ref(), Some(&body.by_rules)) {
                undo.take_back_gain(known, gain);
            }
            Some(body.member)
        }
        Fact::ToppedUp(body) => {
            if spent_of(known, body.value.id) {
                return Err(Refusal::NotVoidable);
            }
            undo.take_back(known, body.value.id, ValueKind::Money);
            for gain in gains(body.earned.as_ref(), body.by_rules.as_ref()) {
                undo.take_back_gain(known, gain);
            }
            Some(body.member)
        }
        Fact::MembersMerged(body) => Some(body.kept),
        Fact::PassFrozen(body) => Some(body.member),
        Fact::PassUnfrozen(body) => Some(body.member),
        Fact::PassExtended(body) => Some(body.member),
        Fact::PassCancelled(body) => Some(body.member),
        Fact::ClassBooked(body) => Some(body.member),
        _ => return Err(Refusal::NotVoidable),
    };
    if changes_passes(known) && (!undo.lots.is_empty() || used_meanwhile(known)) {
        return Err(Refusal::NotVoidable);
    }
    undo.settle(desk, known);
    if !desk.trusted && !undo.postings.is_empty() {
        return Err(Refusal::NotVouched);
    }
    let fact = FactVoided {
        id: desk.fact_id(),
        target: known.target.id(),
        member: known.member.or(member),
        at_ms: desk.now_ms,
        postings: undo.postings,
        lots: undo.lots,
        take_back: undo.take_back,
        debt: undo.debt,
        points: undo.points,
        approved_by: None,
    };
    Ok(Fact::FactVoided(fact).into())
}

/// Whether what was taken was taken by this till.
fn ours(known: &Void<'_>, posting: &Posting) -> bool {
    posting.to.stream().is_some_and(known.owns)
}

/// Whether something of a lot lies with this till.
fn lies_here(known: &Void<'_>, lot: LotId) -> bool {
    standing(known, lot).is_some_and(|lot| lot.here.iter().any(|(_, amount)| *amount > 0))
}

/// One pass takes the place of another.
fn changes_passes(known: &Void<'_>) -> bool {
    match known.target {
        Fact::PassUpgraded(_) | Fact::PassTransferred(_) => true,
        Fact::PassGiven(_) => known.with_its_cause,
        _ => false,
    }
}

/// Whether the pass that took the place of another one was used, or lies partly elsewhere: what
/// was used of it would be given back with the old one, and what is spent elsewhere would be given
/// anew and belong to no pass.
fn used_meanwhile(known: &Void<'_>) -> bool {
    let given = match known.target {
        Fact::PassUpgraded(body) => body.given.visits,
        Fact::PassGiven(body) => body.pass.visits,
        _ => None,
    };
    let used =
        |lot: &LotStanding| lot.elsewhere != 0 || lot.spent.iter().any(|spent| spent.amount != 0);
    given.and_then(|lot| standing(known, lot.id)).is_some_and(used)
}

/// Whether some of a lot was spent, as far as is known: what was paid with it is not known here.
fn spent_of(known: &Void<'_>, lot: LotId) -> bool {
    standing(known, lot).is_some_and(|lot| lot.spent.iter().any(|spent| spent.amount != 0))
}

/// What a void will post, as it adds up.
struct Undo {
    me: StreamId,
    debt: i64,
    points: i64,
    postings: Vec<Posting>,
    lots: Vec<Lot>,
    take_back: Vec<TakeBack>,
}

impl Undo {
    /// Puts back what was spent.
    fn restore(
        &mut self,
        desk: &mut Desk<'_>,
        known: &Void<'_>,
        about: Option<MemberId>,
        spent: &[Posting],
    ) {
        for posting in spent {
            // Whose lot it was, seen from the file that this fact is about.
            let owner = posting.owner.or(about).filter(|owner| Some(*owner) != known.member);
            let ours = posting.to.stream().is_some_and(known.owns);
            let alive = standing(known, posting.lot).is_none_or(|lot| !lot.taken_back);
            if ours && alive {
                self.postings.push(Posting {
                    from: posting.to,
                    to: Account::Till(self.me),
                    owner,
                    ..*posting
                });
            } else if posting.kind == ValueKind::Stock {
                // What another till gave out is that till's to put back; here it may lie on the
                // shelf again or not: whoever counts says so.
            } else {
                let expires_ms = standing(known, posting.lot).and_then(|lot| lot.expires_ms);
                self.lots.push(anew(desk, posting.kind, posting.amount, expires_ms));
            }
        }
    }

    /// Takes back what was given: what this till still holds of it; what it spent becomes debt.
    /// What other owners hold and spent they answer for, once each, when this fact reaches them:
    /// so that whoever else takes the same back, and whatever is put back meanwhile, nobody owes
    /// anything twice.
    fn take_back_gain(&mut self, known: &Void<'_>, gain: &Gain) {
        self.take_back(known, gain.lot.id, ValueKind::Points);
        let spent = standing(known, gain.lot.id).into_iter().flat_map(|lot| &lot.spent);
        let here = spent.filter(|spent| (known.owns)(spent.stream));
        self.debt += here.map(|spent| spent.amount).sum::<i64>();
        self.points -= gain.lot.amount;
    }

    fn take_back(&mut self, known: &Void<'_>, lot: LotId, kind: ValueKind) {
        let Some(standing) = standing(known, lot) else { return };
        self.take_back.push(TakeBack { lot, owner: standing.owner, spent: Vec::new() });
        for (account, amount) in standing.here.iter().filter(|(_, amount)| *amount > 0) {
            self.postings.push(Posting {
                lot,
                kind,
                from: *account,
                to: Account::Spent(self.me),
                amount: *amount,
                owner: standing.owner,
            });
        }
    }

    /// What was given on trust is no longer owed; where another desk holds that debt, the member
    /// gets as many points instead.
    fn forgive(&mut self, desk: &mut Desk<'_>, known: &Void<'_>, on_trust: i64) {
        if on_trust == 0 {
            return;
        }
        let here = on_trust.min(known.points.debt_here.max(0));
        self.debt -= here;
        if on_trust > here {
            self.lots.push(anew(desk, ValueKind::Points, on_trust - here, None));
        }
    }

    /// What the member still owes here is repaid at once with the points they have here, those
    /// that were just put back among them: nobody owes and has at the same desk.
    fn settle(&mut self, desk: &Desk<'_>, known: &Void<'_>) {
        let owed = known.points.debt_here + self.debt;
        if owed <= 0 || !desk.trusted {
            return;
        }
        let left = self.left_here(known);
        let (repaid, short) = left.take(self.me, owed, desk.spend_ms);
        self.postings.extend(repaid);
        self.debt -= owed - short;
    }

    /// The member's points here, as the postings so far leave them.
    fn left_here(&self, known: &Void<'_>) -> Purse {
        let mut left = known.points.clone();
        for posting in self.postings.iter().filter(|p| p.kind == ValueKind::Points) {
            for holding in left.here.iter_mut().filter(|held| held.lot == posting.lot) {
                if holding.account == posting.from {
                    holding.amount -= posting.amount;
                }
            }
            if let Account::Till(_) = posting.to {
                left.here.push(Holding {
                    lot: posting.lot,
                    kind: posting.kind,
                    account: posting.to,
                    amount: posting.amount,
                    expires_ms: standing(known, posting.lot).and_then(|lot| lot.expires_ms),
                    owner: posting.owner,
                    frozen: false,
                });
            }
        }
        left
    }
}

fn standing<'a>(known: &'a Void<'_>, lot: LotId) -> Option<&'a LotStanding> {
    known.lots.iter().find(|standing| standing.lot == lot)
}

fn anew(desk: &mut Desk<'_>, kind: ValueKind, amount: i64, expires_ms: Option<i64>) -> Lot {
    Lot { id: desk.lot_id(), kind, amount, to: Account::Till(desk.me), expires_ms }
}

#[cfg(test)]
mod tests {
    use punchcard_protocol::{FactId, RecordId, StoreId, TillId};

    use super::*;
    use crate::decide::fixtures::{NOON, me, shop};
    use crate::fact::{PointsEarned, PointsRedeemed};

    fn lot(amount: i64) -> Lot {
        let to = Account::Till(me());
        Lot {
            id: LotId::from_bytes([6; 16]),
            kind: ValueKind::Points,
            amount,
            to,
            expires_ms: None,
        }
    }

    fn earned(amount: i64) -> Fact {
        Fact::PointsEarned(PointsEarned {
            id: FactId::from_bytes([1; 16]),
            member: MemberId::from_bytes([3; 16]),
            store: StoreId::from_bytes([9; 16]),
            at_ms: NOON,
            amount_minor: amount * 100,
            points_per_unit: 1,
            multiplier_percent: 100,
            earned: Some(Gain { lot: lot(amount), repaid: None, usable_ms: None }),
            by_rules: None,
            refers: None,
            approved_by: None,
        })
    }

    fn redeemed(at: StreamId, amount: i64, on_trust: i64) -> Fact {
        let from = Account::Till(at);
        let to = Account::Spent(at);
        Fact::PointsRedeemed(PointsRedeemed {
            id: FactId::from_bytes([2; 16]),
            member: MemberId::from_bytes([3; 16]),
            store: StoreId::from_bytes([9; 16]),
            at_ms: NOON,
            reward: RecordId::from_bytes([4; 16]),
            reward_name: "毛巾".into(),
            points: amount + on_trust,
            money_off_minor: 0,
            postings: vec![Posting {
                lot: lot(1).id,
                kind: ValueKind::Points,
                from,
                to,
                amount,
                owner: None,
            }],
            money_minor: 0,
            on_trust,
            code_step: None,
            voucher: None,
            approved_by: None,
        })
    }

    fn standing_of(here: i64, elsewhere: i64) -> LotStanding {
        LotStanding {
            lot: lot(1).id,
            here: vec![(Account::Till(me()), here)],
            elsewhere,
            expired: 0,
            expires_ms: Some(NOON + 1),
            owner: None,
            spent: vec![],
            taken_back: false,
        }
    }

    fn undone_as(target: &Fact, standing: LotStanding, points: Purse) -> FactVoided {
        let owns = |stream| stream == me();
        let member = Some(MemberId::from_bytes([3; 16]));
        let known = Void {
            target,
            member,
            voided: false,
            with_its_cause: false,
            lots: vec![standing],
            points,
            owns: &owns,
        };
        match shop().at(NOON, |desk| void(desk, &known)).expect("voidable").fact {
            Fact::FactVoided(fact) => fact,
            _ => unreachable!("voiding voids"),
        }
    }

    fn undone_with(target: &Fact, standing: LotStanding) -> FactVoided {
        undone_as(target, standing, Purse::default())
    }

    fn undone(target: &Fact, here: i64, elsewhere: i64, points: Purse) -> FactVoided {
        let spent = match target {
            Fact::PointsEarned(_) => {
                vec![SpentAt { stream: me(), amount: 100 - here - elsewhere }]
            }
            _ => vec![],
        };
        undone_as(target, LotStanding { spent, ..standing_of(here, elsewhere) }, points)
    }

    #[test]
    fn an_earning_is_taken_back_and_what_is_spent_is_owed() {
        let fact = undone(&earned(100), 100, 0, Purse::default());
        assert_eq!((fact.postings[0].amount, fact.debt), (100, 0));
        let fact = undone(&earned(100), 30, 0, Purse::default());
        assert_eq!((fact.postings[0].amount, fact.debt), (30, 70));
        let fact = undone(&earned(100), 30, 50, Purse::default());
        assert_eq!((fact.postings[0].amount, fact.debt), (30, 20));
    }

    #[test]
    fn what_others_spent_they_answer_for() {
        let other = StreamId { till: TillId::from_bytes([2; 16]), incarnation: 1 };
        let spent = vec![SpentAt { stream: other, amount: 70 }];
        let fact = undone_with(&earned(100), LotStanding { spent, ..standing_of(30, 0) });
        assert_eq!((fact.postings[0].amount, fact.debt), (30, 0));
    }

    #[test]
    fn what_would_go_into_a_lot_that_was_taken_back_is_given_anew() {
        let dead = LotStanding { taken_back: true, ..standing_of(0, 0) };
        let fact = undone_with(&redeemed(me(), 300, 0), dead);
        assert!(fact.postings.is_empty());
        assert_eq!((fact.lots[0].amount, fact.lots[0].expires_ms), (300, Some(NOON + 1)));
    }

    #[test]
    fn a_redemption_goes_back_to_the_lots_it_came_from() {
        let fact = undone(&redeemed(me(), 300, 0), 0, 0, Purse::default());
        assert_eq!(fact.postings[0].from, Account::Spent(me()));
        assert_eq!(fact.postings[0].to, Account::Till(me()));
        assert!(fact.lots.is_empty());
    }

    #[test]
    fn a_redemption_of_another_desk_is_given_anew_with_the_old_expiry() {
        let other = StreamId { till: TillId::from_bytes([2; 16]), incarnation: 1 };
        let fact = undone(&redeemed(other, 300, 0), 0, 0, Purse::default());
        assert!(fact.postings.is_empty());
        assert_eq!((fact.lots[0].amount, fact.lots[0].expires_ms), (300, Some(NOON + 1)));
    }

    #[test]
    fn trust_is_forgiven() {
        let owing = Purse { debt: 40, debt_here: 40, ..Purse::default() };
        let fact = undone(&redeemed(me(), 300, 40), 0, 0, owing);
        assert_eq!(fact.debt, -40);
        assert_eq!(fact.postings.len(), 1);
    }

    #[test]
    fn what_comes_back_repays_what_is_still_owed() {
        let owing = Purse { debt: 100, debt_here: 100, ..Purse::default() };
        let fact = undone(&redeemed(me(), 300, 0), 0, 0, owing);
        assert_eq!(fact.debt, -100);
        assert_eq!(fact.postings[1].amount, 100);
        assert_eq!(fact.postings[1].to, Account::Spent(me()));
    }

    #[test]
    fn not_twice() {
        let target = earned(100);
        let owns = |stream| stream == me();
        let known = Void {
            target: &target,
            member: None,
            voided: true,
            with_its_cause: false,
            lots: vec![],
            points: Purse::default(),
            owns: &owns,
        };
        assert_eq!(shop().at(NOON, |desk| void(desk, &known)), Err(Refusal::AlreadyVoided));
    }
}
