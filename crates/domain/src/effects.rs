//! What a fact changes. The only place that knows; stores just carry the effects out.
//!
//! Every effect adds, keeps the latest by stamp, inserts under an id, or marks void: so the order
//! of arrival cannot matter, and a fact that arrives twice is the same as once.

use punchcard_protocol::{FactId, LotId, MemberId, PassId, RecordId, StoreId, StreamId};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    earning::Part,
    fact::{
        ByRules, CardsAllotted, Fact, Gain, Pass, RecordSet, SpentAt, TakeBack, VisitRecorded,
        gained, gains,
    },
    ledger::{Account, Lot, Posting, ValueKind},
    member::{CardIs, MemberField, MemberPrivate},
    numbering::AllottedBlock,
    standing::{Change, EndedWhy, without_pass},
    stock::stock_owner,
    terms::Terms,
    time::Day,
    verdict::Verdict,
};

/// Kinds of record that the owner sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordKind {
    /// The business; its id is nil.
    Business,
    /// A store.
    Store,
    /// The house rules; their id is nil.
    Rules,
    /// A tier.
    Tier,
    /// A reward.
    Reward,
    /// A kind of pass.
    PassType,
    /// One of the staff.
    Staff,
    /// A rule by which points are given.
    EarnRule,
    /// A block of card numbers. Set once, under the id of the fact that allots it.
    CardBlock,
}

impl RecordKind {
    /// The number that tables hold. Never change one that landed.
    pub fn number(self) -> i64 {
        match self {
            Self::Business => 1,
            Self::Store => 2,
            Self::Rules => 3,
            Self::Tier => 4,
            Self::Reward => 5,
            Self::PassType => 6,
            Self::Staff => 7,
            Self::EarnRule => 8,
            Self::CardBlock => 9,
        }
    }
}

/// A fact's line in the table of what happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactRow {
    /// Id.
    pub id: FactId,
    /// Kind.
    pub kind: u16,
    /// Whose.
    pub member: Option<MemberId>,
    /// Where.
    pub store: Option<StoreId>,
    /// When: Unix ms, the time that never goes back; the header's stamp where the fact has none.
    pub at_ms: Option<i64>,
    /// Points given (positive) or used (negative).
    pub points: i64,
    /// Money, in minor units.
    pub amount_minor: i64,
    /// Of a visit.
    pub verdict: Option<Verdict>,
    /// Of a visit that counts.
    pub counted: bool,
}

/// A pass as tables hold it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassRow {
    /// Id.
    pub id: PassId,
    /// Whose.
    pub member: MemberId,
    /// The fact that gave it: voided with it.
    pub fact: FactId,
    /// Name.
    pub name: String,
    /// First day.
    pub from: Day,
    /// Last day.
    pub until: Option<Day>,
    /// Its visits.
    pub visits: Option<LotId>,
    /// What it allows besides, as JSON; none: plain.
    pub terms: Option<String>,
}

/// One thing that happened to a pass, as tables hold it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassChangeRow {
    /// The pass.
    pub pass: PassId,
    /// The fact that says it: voided with it.
    pub fact: FactId,
    /// The number of what it changes: a fact changes each thing once.
    pub what: i64,
    /// What it changes, as JSON.
    pub body: String,
}

/// One change to the tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// A line for what happened.
    InsertFact(FactRow),
    /// Keeps the latest of one field of a member's file.
    SetMember {
        /// Whose.
        member: MemberId,
        /// Which fields, and to what; none: taken out.
        fields: Vec<(MemberField, Option<String>)>,
    },
    /// What is said of one card of a member: keeps the latest of each card.
    SetCard {
        /// Whose.
        member: MemberId,
        /// The card, as it stands on their file.
        card: String,
        /// What.
        is: CardIs,
    },
    /// When a member's file was opened: keeps the earliest.
    Joined {
        /// Whose.
        member: MemberId,
        /// When: none: by the header's stamp.
        at_ms: Option<i64>,
    },
    /// Keeps the latest of one record, whole.
    SetRecord {
        /// Its kind.
        kind: RecordKind,
        /// Its id.
        id: Uuid,
        /// The record as JSON.
        body: String,
    },
    /// A pass.
    InsertPass(PassRow),
    /// Something happened to a pass.
    ChangePass(PassChangeRow),
    /// A lot, credited to its first account.
    Issue {
        /// Whose; none: the store's.
        member: Option<MemberId>,
        /// The lot.
        lot: Lot,
    },
    /// Adds to one account and takes from another.
    Post {
        /// Whose; none: the store's.
        member: Option<MemberId>,
        /// From, to and how much.
        posting: Posting,
    },
    /// Adds to what a member owes on one stream's account.
    Owe {
        /// Who.
        member: MemberId,
        /// What.
        kind: ValueKind,
        /// On whose account.
        stream: StreamId,
        /// More (positive) or less.
        amount: i64,
    },
    /// Marks a fact void.
    Void {
        /// Which.
        target: FactId,
        /// By which.
        by: FactId,
    },
    /// One stream may debit another's accounts from now on.
    TakeOver {
        /// Whose accounts.
        from: StreamId,
        /// Who may.
        to: StreamId,
    },
    /// One file is shown as another: keeps the latest.
    Merge {
        /// The file that is no longer shown by itself.
        gone: MemberId,
        /// The file it is shown as.
        kept: MemberId,
    },
    /// A file is erased: nothing personal of it is kept, whenever it comes. Of several, the fact with
    /// the smallest id counts.
    Erase {
        /// Whose.
        member: MemberId,
        /// By which fact.
        by: FactId,
    },
    /// A lot counts for nothing from now on: whoever holds some of it gives it back.
    TakeBack {
        /// Whose.
        member: MemberId,
        /// Which.
        lot: LotId,
        /// By which fact.
        by: FactId,
        /// What is known to be spent of it.
        spent: Vec<SpentAt>,
    },
    /// A stream gave back what it held of such a lot.
    GaveBack {
        /// Which lot.
        lot: LotId,
        /// Who.
        stream: StreamId,
    },
    /// A lot cannot be spent before a moment: keeps the latest moment.
    Pending {
        /// Which.
        lot: LotId,
        /// Unix ms.
        until_ms: i64,
    },
    /// What one rule gave: inserts under fact and rule.
    Gave {
        /// By which fact.
        fact: FactId,
        /// Rule, version and points.
        part: Part,
    },
    /// What a fact redeemed points for: inserts under fact and reward.
    Redeemed {
        /// By which fact.
        fact: FactId,
        /// For what.
        reward: RecordId,
        /// The step of the member's own code that was used.
        code_step: Option<i64>,
    },
    /// A lot cannot be spent, or can again: keeps the latest.
    Freeze {
        /// Which.
        lot: LotId,
        /// It cannot.
        frozen: bool,
    },
}

/// A fact's private part, where it is still there.
#[derive(Debug, Clone, Default)]
pub struct Private<'a> {
    /// Personal fields.
    pub member: Option<&'a MemberPrivate>,
    /// Name of one of the staff.
    pub staff_name: Option<&'a str>,
}

/// The bytes of a private part, read as what its fact's kind says they are.
#[derive(Debug, Default)]
pub struct OpenedPrivate {
    member: Option<MemberPrivate>,
    staff_name: Option<String>,
}

impl OpenedPrivate {
    /// Reads them; none: it was erased, or there was never one.
    ///
    /// # Errors
    /// Bytes that are not of the kind's shape.
    pub fn read(fact: &Fact, bytes: Option<&[u8]>) -> Result<Self, serde_json::Error> {
        let (member, staff_name) = match (fact, bytes) {
            (Fact::StaffSet(_), Some(bytes)) => (None, Some(serde_json::from_slice(bytes)?)),
            (Fact::MemberRegistered(_) | Fact::MemberChanged(_), Some(bytes)) => {
                (Some(serde_json::from_slice(bytes)?), None)
            }
            _ => (None, None),
        };
        Ok(Self { member, staff_name })
    }

    /// For [`effects`].
    pub fn as_private(&self) -> Private<'_> {
        Private { member: self.member.as_ref(), staff_name: self.staff_name.as_deref() }
    }
}

/// Everything that `fact`, an entry of `stream`, changes.
pub fn effects(fact: &Fact, private: &Private<'_>, stream: StreamId) -> Vec<Effect> {
    let mut out = vec![Effect::InsertFact(row(fact))];
    match fact {
        Fact::StreamOpened(_) => {}
        Fact::StreamVouched(body) => out.extend(
            body.takes_over.iter().map(|from| Effect::TakeOver { from: *from, to: stream }),
        ),
        Fact::BusinessSet(body) => out.extend(record(RecordKind::Business, Uuid::nil(), body)),
        Fact::StoreSet(body) => out.extend(record(RecordKind::Store, body.record.id.0, body)),
        Fact::RulesSet(body) => out.extend(record(RecordKind::Rules, Uuid::nil(), body)),
        Fact::TierSet(body) => out.extend(record(RecordKind::Tier, body.record.id.0, body)),
        Fact::RewardSet(body) => out.extend(record(RecordKind::Reward, body.record.id.0, body)),
        Fact::PassTypeSet(body) => {
            out.extend(record(RecordKind::PassType, body.record.id.0, body));
        }
        Fact::StaffSet(body) => out.extend(staff(body, private.staff_name)),
        Fact::EarnRuleSet(body) => {
            out.extend(record(RecordKind::EarnRule, body.record.id.0, body));
        }
        Fact::MemberRegistered(body) => {
            out.push(Effect::Joined { member: body.member, at_ms: body.joined_ms });
            let mut fields = private.member.map(MemberPrivate::fields).unwrap_or_default();
            fields.push((MemberField::HomeStore, Some(body.home_store.to_string())));
            if let Some(tier) = body.tier {
                fields.push((MemberField::Tier, Some(tier.to_string())));
            }
            out.push(Effect::SetMember { member: body.member, fields });
            out.extend(cards(body.member, private));
            let member = Some(body.member);
            out.extend(body.opening.iter().map(|lot| Effect::Issue { member, lot: *lot }));
            out.extend(body.passes.iter().flat_map(|pass| give(body.member, body.id, pass)));
        }
        Fact::MemberChanged(body) => {
            let mut fields = private.member.map(MemberPrivate::fields).unwrap_or_default();
            if let Some(tier) = body.tier {
                fields.push((MemberField::Tier, tier.map(|tier| tier.to_string())));
            }
            out.push(Effect::SetMember { member: body.member, fields });
            out.extend(cards(body.member, private));
        }
        Fact::MemberPhotoSet(body) => {
            let photo = body.private.map(|_| body.id.to_string());
            out.push(Effect::SetMember {
                member: body.member,
                fields: vec![(MemberField::Photo, photo)],
            });
        }
        Fact::PassGiven(body) => out.extend(give(body.member, body.id, &body.pass)),
        Fact::PassFrozen(body) => {
            let change = Change::Frozen { from: body.from, until: body.until };
            out.extend(change_pass(body.pass, body.id, &change));
        }
        Fact::PassUnfrozen(body) => {
            let change = Change::Unfrozen { freezes: body.freezes.clone(), on: body.on };
            out.extend(change_pass(body.pass, body.id, &change));
        }
        Fact::PassExtended(body) => {
            out.extend(change_pass(body.pass, body.id, &Change::Extended { days: body.days }));
        }
        Fact::PassUpgraded(body) => {
            out.extend(end_pass(body.pass, body.id, body.on, EndedWhy::Upgraded));
            out.extend(post(Some(body.member), &body.postings));
            out.extend(give(body.member, body.id, &body.given));
        }
        Fact::PassTransferred(body) => {
            out.extend(end_pass(body.pass, body.id, body.on, EndedWhy::Transferred));
            out.extend(post(Some(body.member), &body.postings));
        }
        Fact::PassCancelled(body) => {
            out.extend(end_pass(body.pass, body.id, body.on, EndedWhy::Cancelled));
        }
        Fact::VisitRecorded(body) => {
            let changes = body.changes.iter();
            out.extend(changes.filter_map(|to| change_pass(changed_by(body, to)?, body.id, to)));
            out.extend(post(body.member, &body.postings));
            if let Some(member) = body.member {
                let by_rules = body.by_rules.as_ref();
                out.extend(earn(member, body.id, body.earned.as_ref(), by_rules, stream));
            }
        }
        Fact::ClassBooked(body) => {
            let change = Change::Booked(body.class);
            out.extend(change_pass(without_pass(body.member), body.id, &change));
        }
        Fact::PointsEarned(body) => {
            let by_rules = body.by_rules.as_ref();
            out.extend(earn(body.member, body.id, body.earned.as_ref(), by_rules, stream));
        }
        Fact::PointsRedeemed(body) => {
            out.extend(post(Some(body.member), &body.postings));
            out.extend(owe(body.member, stream, body.on_trust));
            let member = Some(body.member);
            out.extend(body.voucher.map(|lot| Effect::Issue { member, lot }));
            out.push(Effect::Redeemed {
                fact: body.id,
                reward: body.reward,
                code_step: body.code_step,
            });
        }
        Fact::PointsAdjusted(body) => {
            out.extend(post(Some(body.member), &body.postings));
            out.extend(earn(body.member, body.id, body.earned.as_ref(), None, stream));
        }
        Fact::PointsTransferred(body) => {
            out.extend(post(Some(body.member), &body.postings));
            out.extend(body.gains.iter().flat_map(|gain| receive(body.member, gain, stream)));
        }
        Fact::ReferralRewarded(body) => {
            let by_rules = Some(&body.by_rules);
            out.extend(earn(body.member, body.id, body.earned.as_ref(), by_rules, stream));
        }
        Fact::ToppedUp(body) => {
            out.push(Effect::Issue { member: Some(body.member), lot: body.value });
            let by_rules = body.by_rules.as_ref();
            out.extend(earn(body.member, body.id, body.earned.as_ref(), by_rules, stream));
        }
        Fact::RewardHandedOver(body) => out.extend(post(Some(body.member), &body.postings)),
        Fact::StockChanged(body) => {
            let member = Some(stock_owner(body.store, body.reward));
            out.extend(body.put.map(|lot| Effect::Issue { member, lot }));
            out.extend(post(member, &body.postings));
        }
        Fact::ValueExpired(body) => out.extend(post(Some(body.member), &body.postings)),
        Fact::FactVoided(body) => {
            out.push(Effect::Void { target: body.target, by: body.id });
            let member = body.member;
            out.extend(body.lots.iter().map(|lot| Effect::Issue { member, lot: *lot }));
            out.extend(post(member, &body.postings));
            out.extend(member.into_iter().filter_map(|member| owe(member, stream, body.debt)));
            if let Some(member) = member {
                for back in &body.take_back {
                    out.push(take_back(member, body.id, back));
                    // What this stream held and spent of it is in the fact already.
                    out.push(Effect::GaveBack { lot: back.lot, stream });
                }
            }
        }
        Fact::ValueGranted(body) => out.extend(post(Some(body.member), &body.postings)),
        Fact::ValueReturned(body) => out.extend(post(Some(body.member), &body.postings)),
        Fact::ValueGivenBack(body) => {
            out.extend(post(Some(body.member), &body.postings));
            out.extend(owe(body.member, stream, body.debt));
            out.push(Effect::GaveBack { lot: body.lot, stream });
        }
        Fact::DebtRepaid(body) => {
            out.extend(post(Some(body.member), &body.postings));
            out.extend(owe(body.member, stream, body.amount.saturating_neg()));
        }
        Fact::StreamReclaimed(body) => {
            out.push(Effect::TakeOver { from: body.stream, to: stream });
        }
        Fact::MembersMerged(body) => {
            out.push(Effect::Merge { gone: body.gone, kept: body.kept });
        }
        Fact::CardsAllotted(body) => out.extend(card_block(body, stream)),
        Fact::MemberErased(body) => {
            out.push(Effect::Erase { member: body.member, by: body.id });
        }
        Fact::LotRuled(body) => {
            out.push(Effect::Freeze { lot: body.lot, frozen: body.frozen });
        }
    }
    out
}

/// A block of card numbers, and who may give them out.
fn card_block(body: &CardsAllotted, by: StreamId) -> Option<Effect> {
    let block = AllottedBlock { to: body.to, by, numbers: body.numbers };
    let body_json = serde_json::to_string(&block).ok()?;
    Some(Effect::SetRecord { kind: RecordKind::CardBlock, id: body.id.0, body: body_json })
}

/// What is said of single cards.
fn cards<'a>(member: MemberId, private: &'a Private<'_>) -> impl Iterator<Item = Effect> + 'a {
    let states = private.member.into_iter().flat_map(|private| &private.card_states);
    let said = states.map(|(card, state)| (card, state.map_or(CardIs::InUse, CardIs::NoLonger)));
    let off = private.member.into_iter().flat_map(|private| &private.cards_off);
    said.chain(off.map(|card| (card, CardIs::TakenOff))).map(move |(card, is)| Effect::SetCard {
        member,
        card: card.clone(),
        is,
    })
}

/// Which pass a visit changes in this way.
fn changed_by(visit: &VisitRecorded, change: &Change) -> Option<PassId> {
    match change {
        Change::Free { .. } => visit.member.map(without_pass),
        _ => visit.pass,
    }
}

fn take_back(member: MemberId, by: FactId, back: &TakeBack) -> Effect {
    let member = back.owner.unwrap_or(member);
    Effect::TakeBack { member, lot: back.lot, by, spent: back.spent.clone() }
}

/// A fact's line among what happened.
fn row(fact: &Fact) -> FactRow {
    let blank = FactRow {
        id: fact.id(),
        kind: fact.kind(),
        member: None,
        store: None,
        at_ms: None,
        points: 0,
        amount_minor: 0,
        verdict: None,
        counted: false,
    };
    match fact {
        Fact::MemberRegistered(body) => FactRow { member: Some(body.member), ..blank },
        Fact::MemberChanged(body) => FactRow { member: Some(body.member), ..blank },
        Fact::MemberPhotoSet(body) => FactRow { member: Some(body.member), ..blank },
        Fact::PassGiven(body) => {
            FactRow { member: Some(body.member), amount_minor: body.price_minor, ..blank }
        }
        Fact::PassFrozen(body) => about(body.member, body.at_ms, &blank),
        Fact::PassUnfrozen(body) => about(body.member, body.at_ms, &blank),
        Fact::PassExtended(body) => about(body.member, body.at_ms, &blank),
        Fact::PassUpgraded(body) => {
            FactRow { amount_minor: body.paid_minor, ..about(body.member, body.at_ms, &blank) }
        }
        Fact::PassTransferred(body) => {
            let points = body.fee_points.saturating_neg();
            FactRow {
                points,
                amount_minor: body.fee_minor,
                ..about(body.member, body.at_ms, &blank)
            }
        }
        Fact::PassCancelled(body) => about(body.member, body.at_ms, &blank),
        Fact::VisitRecorded(body) => FactRow {
            member: body.member,
            store: Some(body.store),
            at_ms: Some(body.at_ms),
            points: gained(body.earned.as_ref(), body.by_rules.as_ref()),
            verdict: Some(body.verdict),
            counted: body.counted,
            ..blank
        },
        Fact::ClassBooked(body) => {
            FactRow { store: Some(body.store), ..about(body.member, body.at_ms, &blank) }
        }
        Fact::PointsEarned(body) => FactRow {
            member: Some(body.member),
            store: Some(body.store),
            at_ms: Some(body.at_ms),
            points: gained(body.earned.as_ref(), body.by_rules.as_ref()),
            amount_minor: body.amount_minor,
            ..blank
        },
        Fact::PointsRedeemed(body) => FactRow {
            member: Some(body.member),
            store: Some(body.store),
            at_ms: Some(body.at_ms),
            points: body.points.saturating_neg(),
            amount_minor: body.money_off_minor,
            ..blank
        },
        Fact::PointsAdjusted(body) => FactRow {
            store: Some(body.store),
            points: body.points,
            ..about(body.member, body.at_ms, &blank)
        },
        Fact::PointsTransferred(body) => FactRow {
            store: Some(body.store),
            points: body.points,
            ..about(body.member, body.at_ms, &blank)
        },
        Fact::ReferralRewarded(body) => FactRow {
            store: Some(body.store),
            points: gained(body.earned.as_ref(), Some(&body.by_rules)),
            ..about(body.member, body.at_ms, &blank)
        },
        Fact::ToppedUp(body) => FactRow {
            store: Some(body.store),
            points: gained(body.earned.as_ref(), body.by_rules.as_ref()),
            amount_minor: body.value.amount,
            ..about(body.member, body.at_ms, &blank)
        },
        Fact::RewardHandedOver(body) => {
            FactRow { store: Some(body.store), ..about(body.member, body.at_ms, &blank) }
        }
        Fact::StockChanged(body) => {
            let owner = stock_owner(body.store, body.reward);
            FactRow { store: Some(body.store), ..about(owner, body.at_ms, &blank) }
        }
        Fact::ValueExpired(body) => {
            let lost: i64 = points_of(&body.postings);
            let points = lost.saturating_neg();
            FactRow { member: Some(body.member), at_ms: Some(body.at_ms), points, ..blank }
        }
        Fact::FactVoided(body) => {
            FactRow { member: body.member, at_ms: Some(body.at_ms), points: body.points, ..blank }
        }
        Fact::ValueGranted(body) => about(body.member, body.at_ms, &blank),
        Fact::ValueReturned(body) => about(body.member, body.at_ms, &blank),
        Fact::ValueGivenBack(body) => about(body.member, body.at_ms, &blank),
        Fact::DebtRepaid(body) => about(body.member, body.at_ms, &blank),
        Fact::LotRuled(body) => about(body.member, body.at_ms, &blank),
        Fact::MembersMerged(body) => FactRow { member: Some(body.kept), ..blank },
        Fact::CardsAllotted(body) => FactRow { at_ms: Some(body.at_ms), ..blank },
        Fact::MemberErased(body) => about(body.member, body.at_ms, &blank),
        Fact::StreamReclaimed(body) => FactRow { at_ms: Some(body.at_ms), ..blank },
        _ => blank,
    }
}

fn about(member: MemberId, at_ms: i64, blank: &FactRow) -> FactRow {
    FactRow { member: Some(member), at_ms: Some(at_ms), ..blank.clone() }
}

/// Points among postings of any kind. A fact that somebody made up may hold more than a number
/// does: it is read here before it is refused.
fn points_of(postings: &[Posting]) -> i64 {
    let points = postings.iter().filter(|posting| posting.kind == ValueKind::Points);
    points.map(|posting| posting.amount).fold(0, i64::saturating_add)
}

fn record<T: Serialize>(kind: RecordKind, id: Uuid, set: &RecordSet<T>) -> Option<Effect> {
    // A record that came from JSON can be written as JSON again; were it not so, leaving it out
    // here leaves it out on every machine alike.
    let body = serde_json::to_string(&set.record).ok()?;
    Some(Effect::SetRecord { kind, id, body })
}

/// Staff: the name comes from the private part, the rest from the payload.
fn staff(set: &RecordSet<crate::records::Staff>, name: Option<&str>) -> Option<Effect> {
    let mut body = serde_json::to_value(&set.record).ok()?;
    body.as_object_mut()?.insert("name".into(), name.unwrap_or_default().into());
    Some(Effect::SetRecord { kind: RecordKind::Staff, id: set.record.id.0, body: body.to_string() })
}

fn give(member: MemberId, fact: FactId, pass: &Pass) -> Vec<Effect> {
    let row = PassRow {
        id: pass.id,
        member,
        fact,
        name: pass.name.clone(),
        from: pass.from,
        until: pass.until,
        visits: pass.visits.map(|lot| lot.id),
        terms: terms(&pass.terms),
    };
    let visits = pass.visits.map(|lot| Effect::Issue { member: Some(member), lot });
    std::iter::once(Effect::InsertPass(row)).chain(visits).collect()
}

/// Terms as tables hold them. What came from JSON can be written as JSON again.
fn terms(terms: &Terms) -> Option<String> {
    if terms.is_plain() { None } else { serde_json::to_string(terms).ok() }
}

fn change_pass(pass: PassId, fact: FactId, change: &Change) -> Option<Effect> {
    let body = serde_json::to_string(change).ok()?;
    Some(Effect::ChangePass(PassChangeRow { pass, fact, what: change.number(), body }))
}

fn end_pass(pass: PassId, fact: FactId, on: Day, why: EndedWhy) -> Option<Effect> {
    change_pass(pass, fact, &Change::Ended { on, why })
}

fn post(member: Option<MemberId>, postings: &[Posting]) -> impl Iterator<Item = Effect> {
    postings
        .iter()
        .map(move |posting| Effect::Post { member: posting.owner.or(member), posting: *posting })
}

fn owe(member: MemberId, stream: StreamId, amount: i64) -> Option<Effect> {
    (amount != 0).then_some(Effect::Owe { member, kind: ValueKind::Points, stream, amount })
}

fn earn(
    member: MemberId,
    fact: FactId,
    first: Option<&Gain>,
    by_rules: Option<&ByRules>,
    stream: StreamId,
) -> Vec<Effect> {
    let received = gains(first, by_rules).flat_map(|gain| receive(member, gain, stream));
    let mut out: Vec<Effect> = received.collect();
    let parts = by_rules.into_iter().flat_map(|by_rules| &by_rules.parts);
    out.extend(parts.map(|part| Effect::Gave { fact, part: *part }));
    out
}

/// A new lot, and what of it repays a debt at once.
fn receive(member: MemberId, gain: &Gain, stream: StreamId) -> Vec<Effect> {
    let mut out = vec![Effect::Issue { member: Some(member), lot: gain.lot }];
    if let Some(posting) = gain.repaid {
        out.push(Effect::Post { member: Some(member), posting });
        out.extend(owe(member, stream, posting.amount.saturating_neg()));
    }
    if let Some(until_ms) = gain.usable_ms {
        out.push(Effect::Pending { lot: gain.lot.id, until_ms });
    }
    out
}

/// Who writes a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// A till.
    Till,
    /// The hub: the pool is its own.
    Hub,
}

/// Whether a fact of `stream` only moves what is that stream's: its own accounts, and those of
/// streams it took over; the pool is the hub's. A till gives value to the pool and to nobody else:
/// what another till can spend comes from that till itself, or from the hub. A store refuses to
/// fold an entry that does otherwise.
pub fn debits_only_own(
    effects: &[Effect],
    stream: StreamId,
    writer: Writer,
    took_over: impl Fn(StreamId) -> bool,
) -> bool {
    let own = |of: StreamId| of == stream || took_over(of);
    let may_credit = |account: Account| writer == Writer::Hub || account.stream().is_none_or(own);
    effects.iter().all(|effect| match effect {
        Effect::Post { posting, .. } => {
            posting.amount > 0
                && may_credit(posting.to)
                && match posting.from {
                    Account::Till(of) | Account::Spent(of) => own(of),
                    Account::Pool => writer == Writer::Hub,
                    Account::Expired => false,
                }
        }
        // A lot begins with whoever issues it.
        Effect::Issue { lot, .. } => lot.amount > 0 && lot.to.stream().is_some_and(own),
        // A till takes over its own earlier lives, nobody else's.
        Effect::TakeOver { from, to } => {
            writer == Writer::Hub || (from.till == to.till && from.incarnation < to.incarnation)
        }
        _ => true,
    })
}
