//! What a batch of entries changes, added up before anything is written: however the effects are
//! ordered, the sum is the same.

use std::collections::{BTreeMap, BTreeSet};

use punchcard_domain::{
    earning::Part,
    effects::{Effect, FactRow, PassChangeRow, PassRow},
    fact::SpentAt,
    ledger::{Account, Lot, Posting, ValueKind},
    member::{CardIs, MemberField},
    stamps::StampKey,
};
use punchcard_protocol::{FactId, Header, LotId, MemberId, RecordId, StreamId};
use uuid::Uuid;

/// The store's own lots belong to no member; nobody's accounts to no stream.
pub const NOBODY: &[u8] = &[];

/// A line of what happened, with its entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactLine {
    /// The line.
    pub row: FactRow,
    /// When: Unix ms.
    pub at_ms: i64,
    /// Whose journal.
    pub stream: StreamId,
    /// Place in it.
    pub seq: u64,
}

/// What is set on one member's file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileChange {
    /// Fields, each with the stamp that sets it.
    pub sets: Vec<(StampKey, MemberField, Option<String>)>,
    /// When the file was opened, the earliest.
    pub joined_ms: Option<i64>,
}

/// A stamp as records hold it: compared as one.
pub type RecordStamp = (i64, StreamId);

/// Which account: member, lot, kind of account, stream. Empty bytes are nobody's.
pub type AccountKey = (Vec<u8>, LotId, i64, Vec<u8>);

/// What is added to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountChange {
    /// What the lot is made of.
    pub kind: ValueKind,
    /// How much more, or less.
    pub amount: i64,
    /// Where the lot is issued: when it runs out.
    pub expires_ms: Option<i64>,
}

/// Everything that a batch changes.
#[derive(Debug, Default)]
pub struct Changes {
    /// Lines of what happened.
    pub facts: Vec<FactLine>,
    /// What is void, and by which fact: the smallest id.
    pub voids: BTreeMap<FactId, FactId>,
    /// Files, those among them that are only named.
    pub members: BTreeMap<MemberId, FileChange>,
    /// What is said of single cards.
    pub cards: BTreeMap<(MemberId, String), (RecordStamp, CardIs)>,
    /// The owner's records.
    pub records: BTreeMap<(i64, Uuid), (RecordStamp, String)>,
    /// Passes.
    pub passes: BTreeMap<(MemberId, punchcard_protocol::PassId), PassRow>,
    /// What happened to passes: pass, fact, and which thing it changes.
    pub pass_changes: BTreeMap<(punchcard_protocol::PassId, FactId, i64), String>,
    /// The ledger.
    pub accounts: BTreeMap<AccountKey, AccountChange>,
    /// Debts.
    pub debts: BTreeMap<(MemberId, i64, StreamId), i64>,
    /// Who may debit whose accounts.
    pub takeovers: BTreeSet<(StreamId, StreamId)>,
    /// Files shown as others.
    pub merges: BTreeMap<MemberId, (RecordStamp, MemberId)>,
    /// Lots that count for nothing any more.
    pub take_backs: BTreeMap<(LotId, FactId), (MemberId, Vec<SpentAt>)>,
    /// Who gave back.
    pub gave_backs: BTreeSet<(LotId, StreamId)>,
    /// What each rule gave.
    pub earned: BTreeMap<(FactId, RecordId), Part>,
    /// Lots that cannot be spent before a moment.
    pub pending: BTreeMap<LotId, i64>,
    /// Who is erased, and by which fact: the smallest id.
    pub erased: BTreeMap<MemberId, FactId>,
    /// What points were redeemed for, and the step of the code that was used.
    pub redemptions: BTreeMap<(FactId, RecordId), Option<i64>>,
    /// Lots that cannot be spent.
    pub frozen: BTreeMap<LotId, (RecordStamp, bool)>,
}

impl Changes {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty()
    }

    /// Adds one effect of an entry.
    pub fn add(&mut self, header: &Header, effect: Effect) {
        let stamp = (i64::try_from(header.hlc.0).unwrap_or(i64::MAX), header.stream);
        match effect {
            Effect::InsertFact(row) => self.fact(header, row),
            Effect::SetMember { member, fields } => {
                let key = header.stamp().to_bytes();
                let sets = fields.into_iter().map(|(field, value)| (key, field, value));
                self.members.entry(member).or_default().sets.extend(sets);
            }
            Effect::SetCard { member, card, is } => {
                self.members.entry(member).or_default();
                keep_latest(&mut self.cards, (member, card), stamp, is);
            }
            Effect::Joined { member, at_ms } => {
                let at_ms = at_ms.unwrap_or(header.hlc.unix_ms());
                let file = self.members.entry(member).or_default();
                file.joined_ms = Some(file.joined_ms.map_or(at_ms, |known| known.min(at_ms)));
            }
            Effect::SetRecord { kind, id, body } => {
                keep_latest(&mut self.records, (kind.number(), id), stamp, body);
            }
            Effect::InsertPass(row) => {
                self.members.entry(row.member).or_default();
                self.passes.entry((row.member, row.id)).or_insert(row);
            }
            Effect::ChangePass(PassChangeRow { pass, fact, what, body }) => {
                self.pass_changes.entry((pass, fact, what)).or_insert(body);
            }
            Effect::Issue { member, lot } => self.issue(member, &lot),
            Effect::Post { member, posting } => self.post(member, &posting),
            Effect::Owe { member, kind, stream, amount } => {
                self.members.entry(member).or_default();
                *self.debts.entry((member, kind.number(), stream)).or_insert(0) += amount;
            }
            Effect::Void { target, by } => {
                self.voids.entry(target).and_modify(|known| *known = by.min(*known)).or_insert(by);
            }
            Effect::TakeOver { from, to } => {
                self.takeovers.insert((from, to));
            }
            Effect::Merge { gone, kept } => {
                // Both have a file, as at a till.
                self.members.entry(gone).or_default();
                self.members.entry(kept).or_default();
                keep_latest(&mut self.merges, gone, stamp, kept);
            }
            Effect::TakeBack { member, lot, by, spent } => {
                self.members.entry(member).or_default();
                self.take_backs.entry((lot, by)).or_insert((member, spent));
            }
            Effect::GaveBack { lot, stream } => {
                self.gave_backs.insert((lot, stream));
            }
            Effect::Erase { member, by } => {
                self.members.entry(member).or_default();
                self.erased.entry(member).and_modify(|known| *known = by.min(*known)).or_insert(by);
            }
            Effect::Freeze { lot, frozen } => keep_latest(&mut self.frozen, lot, stamp, frozen),
            Effect::Gave { fact, part } => {
                self.earned.entry((fact, part.rule)).or_insert(part);
            }
            Effect::Redeemed { fact, reward, code_step } => {
                self.redemptions.entry((fact, reward)).or_insert(code_step);
            }
            Effect::Pending { lot, until_ms } => {
                let known = self.pending.entry(lot).or_insert(until_ms);
                *known = until_ms.max(*known);
            }
        }
    }

    fn fact(&mut self, header: &Header, row: FactRow) {
        if let Some(member) = row.member {
            self.members.entry(member).or_default();
        }
        let at_ms = row.at_ms.unwrap_or(header.hlc.unix_ms());
        self.facts.push(FactLine { row, at_ms, stream: header.stream, seq: header.seq });
    }

    fn issue(&mut self, member: Option<MemberId>, lot: &Lot) {
        let key = (self.owner(member), lot.id, 0, NOBODY.to_vec());
        let issued = AccountChange { kind: lot.kind, amount: 0, expires_ms: lot.expires_ms };
        self.accounts.entry(key).or_insert(issued).amount -= lot.amount;
        self.credit(member, (lot.id, lot.kind), lot.to, lot.amount);
    }

    fn post(&mut self, member: Option<MemberId>, posting: &Posting) {
        let what = (posting.lot, posting.kind);
        self.credit(member, what, posting.from, -posting.amount);
        self.credit(member, what, posting.to, posting.amount);
    }

    fn credit(
        &mut self,
        member: Option<MemberId>,
        (lot, kind): (LotId, ValueKind),
        account: Account,
        amount: i64,
    ) {
        let stream = account.stream().map_or(NOBODY.to_vec(), |stream| stream.to_bytes().to_vec());
        let key = (self.owner(member), lot, account.number(), stream);
        let change = AccountChange { kind, amount: 0, expires_ms: None };
        self.accounts.entry(key).or_insert(change).amount += amount;
    }

    fn owner(&mut self, member: Option<MemberId>) -> Vec<u8> {
        match member {
            Some(member) => {
                self.members.entry(member).or_default();
                member.as_bytes().to_vec()
            }
            None => NOBODY.to_vec(),
        }
    }
}

fn keep_latest<K: Ord, V>(
    map: &mut BTreeMap<K, (RecordStamp, V)>,
    key: K,
    stamp: RecordStamp,
    value: V,
) {
    let newer = map.get(&key).is_none_or(|(known, _)| *known < stamp);
    if newer {
        map.insert(key, (stamp, value));
    }
}
