//! Carries a batch's changes out: adds, keeps the latest, inserts under an id, or marks void.

use std::collections::{BTreeMap, BTreeSet};

use punchcard_domain::{
    cards::{Said, on_file},
    member::MemberField,
    stamps::Stamps,
    text::fold,
    verdict::Verdict,
};
use punchcard_protocol::MemberId;

use super::{
    ByKey, Column, Datum, Insert, Session, cards,
    changes::{Changes, FileChange},
    erased,
};
use crate::error::{Error, Result};

const FACT: Insert = Insert {
    table: "fact",
    columns: &[
        ("id", Column::Blob),
        ("stream", Column::Blob),
        ("seq", Column::Int),
        ("kind", Column::Int),
        ("member", Column::Blob),
        ("store", Column::Blob),
        ("at_ms", Column::Int),
        ("points", Column::Int),
        ("amount_minor", Column::Int),
        ("verdict", Column::Int),
        ("counted", Column::Int),
    ],
    on_conflict: "(id) DO NOTHING",
};

const VOID: Insert = Insert {
    table: "void",
    columns: &[("target", Column::Blob), ("by", Column::Blob)],
    on_conflict: "(target) DO UPDATE SET by = excluded.by WHERE excluded.by < void.by",
};

const RECORD: Insert = Insert {
    table: "record",
    columns: &[
        ("kind", Column::Int),
        ("id", Column::Blob),
        ("body", Column::Text),
        ("hlc", Column::Int),
        ("stream", Column::Blob),
    ],
    on_conflict: "(kind, id) DO UPDATE SET body = excluded.body, hlc = excluded.hlc,
        stream = excluded.stream
        WHERE (excluded.hlc, excluded.stream) > (record.hlc, record.stream)",
};

const PASS: Insert = Insert {
    table: "pass",
    columns: &[
        ("member", Column::Blob),
        ("id", Column::Blob),
        ("fact", Column::Blob),
        ("name", Column::Text),
        ("first_day", Column::Text),
        ("last_day", Column::Text),
        ("visits", Column::Blob),
        ("terms", Column::Text),
    ],
    on_conflict: "(member, id) DO NOTHING",
};

const PASS_CHANGE: Insert = Insert {
    table: "pass_change",
    columns: &[
        ("pass", Column::Blob),
        ("fact", Column::Blob),
        ("what", Column::Int),
        ("body", Column::Text),
    ],
    on_conflict: "(pass, fact, what) DO NOTHING",
};

const ACCOUNT: Insert = Insert {
    table: "account",
    columns: &[
        ("member", Column::Blob),
        ("lot", Column::Blob),
        ("account", Column::Int),
        ("stream", Column::Blob),
        ("kind", Column::Int),
        ("amount", Column::Int),
        ("expires_ms", Column::Int),
    ],
    on_conflict: "(member, lot, account, stream) DO UPDATE SET
        amount = account.amount + excluded.amount,
        expires_ms = coalesce(account.expires_ms, excluded.expires_ms)",
};

const DEBT: Insert = Insert {
    table: "debt",
    columns: &[
        ("member", Column::Blob),
        ("kind", Column::Int),
        ("stream", Column::Blob),
        ("amount", Column::Int),
    ],
    on_conflict: "(member, kind, stream) DO UPDATE SET amount = debt.amount + excluded.amount",
};

const TAKEOVER: Insert = Insert {
    table: "takeover",
    columns: &[("from_stream", Column::Blob), ("to_stream", Column::Blob)],
    on_conflict: "(from_stream, to_stream) DO NOTHING",
};

const MERGE: Insert = Insert {
    table: "merge",
    columns: &[
        ("gone", Column::Blob),
        ("kept", Column::Blob),
        ("hlc", Column::Int),
        ("stream", Column::Blob),
    ],
    on_conflict: "(gone) DO UPDATE SET kept = excluded.kept, hlc = excluded.hlc,
        stream = excluded.stream WHERE (excluded.hlc, excluded.stream) > (merge.hlc, merge.stream)",
};

const TAKE_BACK: Insert = Insert {
    table: "take_back",
    columns: &[
        ("lot", Column::Blob),
        ("by", Column::Blob),
        ("member", Column::Blob),
        ("spent", Column::Text),
    ],
    on_conflict: "(lot, by) DO NOTHING",
};

const GAVE_BACK: Insert = Insert {
    table: "gave_back",
    columns: &[("lot", Column::Blob), ("stream", Column::Blob)],
    on_conflict: "(lot, stream) DO NOTHING",
};

const FROZEN: Insert = Insert {
    table: "frozen",
    columns: &[
        ("lot", Column::Blob),
        ("frozen", Column::Int),
        ("hlc", Column::Int),
        ("stream", Column::Blob),
    ],
    on_conflict: "(lot) DO UPDATE SET frozen = excluded.frozen, hlc = excluded.hlc,
        stream = excluded.stream WHERE (excluded.hlc, excluded.stream) > (frozen.hlc, frozen.stream)",
};

const EARNED: Insert = Insert {
    table: "earned",
    columns: &[
        ("fact", Column::Blob),
        ("rule", Column::Blob),
        ("version", Column::Int),
        ("points", Column::Int),
    ],
    on_conflict: "(fact, rule) DO NOTHING",
};

const PENDING: Insert = Insert {
    table: "pending",
    columns: &[("lot", Column::Blob), ("until_ms", Column::Int)],
    on_conflict: "(lot) DO UPDATE SET until_ms = excluded.until_ms
        WHERE excluded.until_ms > pending.until_ms",
};

const REDEMPTION: Insert = Insert {
    table: "redemption",
    columns: &[("fact", Column::Blob), ("reward", Column::Blob), ("code_step", Column::Int)],
    on_conflict: "(fact, reward) DO NOTHING",
};

const MEMBER: Insert = Insert {
    table: "member",
    columns: &[
        ("id", Column::Blob),
        ("name", Column::Text),
        ("phone", Column::Text),
        ("email", Column::Text),
        ("birthday", Column::Text),
        ("gender", Column::Text),
        ("note", Column::Text),
        ("tags", Column::Text),
        ("cards", Column::Text),
        ("tier", Column::Text),
        ("home_store", Column::Text),
        ("banned", Column::Text),
        ("photo", Column::Text),
        ("contact", Column::Text),
        ("waiver", Column::Text),
        ("guardian", Column::Text),
        ("family", Column::Text),
        ("consent", Column::Text),
        ("referred_by", Column::Text),
        ("custom", Column::Text),
        ("dead_cards", Column::Text),
        ("phone_code", Column::Text),
        ("joined_ms", Column::Int),
        ("stamps", Column::Blob),
    ],
    on_conflict: "(id) DO UPDATE SET name = excluded.name, phone = excluded.phone,
        email = excluded.email, birthday = excluded.birthday, gender = excluded.gender,
        note = excluded.note, tags = excluded.tags, cards = excluded.cards, tier = excluded.tier,
        home_store = excluded.home_store, banned = excluded.banned, photo = excluded.photo,
        contact = excluded.contact, waiver = excluded.waiver, guardian = excluded.guardian,
        family = excluded.family, consent = excluded.consent, referred_by = excluded.referred_by,
        custom = excluded.custom, dead_cards = excluded.dead_cards,
        phone_code = excluded.phone_code,
        joined_ms = excluded.joined_ms, stamps = excluded.stamps",
};

const MEMBERS: ByKey = ByKey {
    one: "SELECT id, name, phone, email, birthday, gender, note, tags, cards, tier, home_store,
                 banned, photo, contact, waiver, guardian, family, consent, referred_by, custom,
                 dead_cards, phone_code, joined_ms, stamps FROM member WHERE id = $1",
    many: "SELECT id, name, phone, email, birthday, gender, note, tags, cards, tier, home_store,
                  banned, photo, contact, waiver, guardian, family, consent, referred_by, custom,
                  dead_cards, phone_code, joined_ms, stamps FROM member WHERE id = ANY($1)",
};

const THERE: ByKey = ByKey {
    one: "SELECT id FROM member WHERE id = $1",
    many: "SELECT id FROM member WHERE id = ANY($1)",
};

const MEMBER_KEY: Insert = Insert {
    table: "member_key",
    columns: &[("key", Column::Text), ("member", Column::Blob)],
    on_conflict: "(key, member) DO NOTHING",
};

const ERASED: Insert = Insert {
    table: "erased",
    columns: &[("member", Column::Blob), ("by", Column::Blob)],
    on_conflict: "(member) DO UPDATE SET by = excluded.by WHERE excluded.by < erased.by",
};

/// Nobody scans a longer card, and PostgreSQL indexes none that is much longer.
const LONGEST_KEY_BYTES: usize = 512;

/// The number that tables hold for a verdict: the till's.
fn verdict_number(verdict: Verdict) -> i64 {
    match verdict {
        Verdict::Admit => 1,
        Verdict::Note => 2,
        Verdict::Refuse => 3,
    }
}

/// Carries everything out.
///
/// # Errors
/// Those of the engine.
pub fn apply(session: &mut dyn Session, changes: &Changes) -> Result<()> {
    let gone = erased(session, changes)?;
    // Before the files: what these are found by is made of both.
    cards::say(session, changes, &gone)?;
    members(session, changes, &gone)?;
    let rows = |rows: Vec<Vec<Datum>>| rows;
    let facts = changes.facts.iter().map(|line| {
        let row = &line.row;
        vec![
            row.id.as_bytes().into(),
            line.stream.into(),
            line.seq.into(),
            i64::from(row.kind).into(),
            row.member.map(|member| *member.as_bytes()).into(),
            row.store.map(|store| *store.as_bytes()).into(),
            line.at_ms.into(),
            row.points.into(),
            row.amount_minor.into(),
            row.verdict.map(verdict_number).into(),
            row.counted.into(),
        ]
    });
    session.insert(&FACT, &rows(facts.collect()))?;
    let voids = changes.voids.iter().map(|(target, by)| bytes2(target.as_bytes(), by.as_bytes()));
    session.insert(&VOID, &rows(voids.collect()))?;
    let records = changes.records.iter().map(|((kind, id), ((hlc, stream), body))| {
        vec![
            (*kind).into(),
            id.as_bytes().into(),
            body.as_str().into(),
            (*hlc).into(),
            (*stream).into(),
        ]
    });
    session.insert(&RECORD, &rows(records.collect()))?;
    let passes = changes.passes.values().map(|row| {
        vec![
            row.member.as_bytes().into(),
            row.id.as_bytes().into(),
            row.fact.as_bytes().into(),
            row.name.as_str().into(),
            row.from.to_string().into(),
            row.until.map(|day| day.to_string()).into(),
            row.visits.map(|lot| *lot.as_bytes()).into(),
            row.terms.clone().into(),
        ]
    });
    session.insert(&PASS, &rows(passes.collect()))?;
    let happened = changes.pass_changes.iter().map(|((pass, fact, what), body)| {
        vec![pass.as_bytes().into(), fact.as_bytes().into(), (*what).into(), body.as_str().into()]
    });
    session.insert(&PASS_CHANGE, &rows(happened.collect()))?;
    ledger(session, changes)?;
    let merges = changes.merges.iter().map(|(gone, ((hlc, stream), kept))| {
        vec![gone.as_bytes().into(), kept.as_bytes().into(), (*hlc).into(), (*stream).into()]
    });
    session.insert(&MERGE, &rows(merges.collect()))
}

/// Who of those that are changed was erased, or is now. Erasing goes before everything else that is
/// said of a file, whichever comes first.
fn erased(session: &mut dyn Session, changes: &Changes) -> Result<BTreeSet<MemberId>> {
    let set = changes.members.iter().filter(|(_, change)| !change.sets.is_empty());
    let mut asked: Vec<MemberId> = set.map(|(member, _)| *member).collect();
    asked.extend(changes.cards.keys().map(|(member, _)| *member));
    let mut gone = erased::among(session, &asked)?;
    let rows = changes.erased.iter().map(|(member, by)| bytes2(member.as_bytes(), by.as_bytes()));
    session.insert(&ERASED, &rows.collect::<Vec<_>>())?;
    for member in changes.erased.keys() {
        for sql in
            ["DELETE FROM member_key WHERE member = $1", "DELETE FROM card_state WHERE member = $1"]
        {
            session.execute(sql, &[member.as_bytes().into()])?;
        }
    }
    gone.extend(changes.erased.keys());
    Ok(gone)
}

fn bytes2(first: &[u8], second: &[u8]) -> Vec<Datum> {
    vec![first.into(), second.into()]
}

/// Accounts, debts, and who may debit what.
fn ledger(session: &mut dyn Session, changes: &Changes) -> Result<()> {
    let accounts = changes.accounts.iter().map(|((member, lot, account, stream), change)| {
        vec![
            member.clone().into(),
            lot.as_bytes().into(),
            (*account).into(),
            stream.clone().into(),
            change.kind.number().into(),
            change.amount.into(),
            change.expires_ms.into(),
        ]
    });
    session.insert(&ACCOUNT, &accounts.collect::<Vec<_>>())?;
    let debts = changes.debts.iter().map(|((member, kind, stream), amount)| {
        vec![member.as_bytes().into(), (*kind).into(), (*stream).into(), (*amount).into()]
    });
    session.insert(&DEBT, &debts.collect::<Vec<_>>())?;
    let takeovers =
        changes.takeovers.iter().map(|(from, to)| bytes2(&from.to_bytes(), &to.to_bytes()));
    session.insert(&TAKEOVER, &takeovers.collect::<Vec<_>>())?;
    let mut take_backs = Vec::new();
    for ((lot, by), (member, spent)) in &changes.take_backs {
        take_backs.push(vec![
            lot.as_bytes().into(),
            by.as_bytes().into(),
            member.as_bytes().into(),
            serde_json::to_string(spent)?.into(),
        ]);
    }
    session.insert(&TAKE_BACK, &take_backs)?;
    let gave_backs =
        changes.gave_backs.iter().map(|(lot, stream)| bytes2(lot.as_bytes(), &stream.to_bytes()));
    session.insert(&GAVE_BACK, &gave_backs.collect::<Vec<_>>())?;
    let frozen = changes.frozen.iter().map(|(lot, ((hlc, stream), frozen))| {
        vec![lot.as_bytes().into(), (*frozen).into(), (*hlc).into(), (*stream).into()]
    });
    session.insert(&FROZEN, &frozen.collect::<Vec<_>>())?;
    let earned = changes.earned.iter().map(|((fact, rule), part)| {
        vec![
            fact.as_bytes().into(),
            rule.as_bytes().into(),
            i64::from(part.version).into(),
            part.points.into(),
        ]
    });
    session.insert(&EARNED, &earned.collect::<Vec<_>>())?;
    let pending =
        changes.pending.iter().map(|(lot, until)| vec![lot.as_bytes().into(), (*until).into()]);
    session.insert(&PENDING, &pending.collect::<Vec<_>>())?;
    let redemptions = changes.redemptions.iter().map(|((fact, reward), step)| {
        vec![fact.as_bytes().into(), reward.as_bytes().into(), (*step).into()]
    });
    session.insert(&REDEMPTION, &redemptions.collect::<Vec<_>>())
}

/// A member's row: the fields in the order of [`MemberField::ALL`], as the table has them.
struct File {
    fields: Vec<Datum>,
    joined_ms: Option<i64>,
    stamps: Stamps,
}

impl Default for File {
    fn default() -> Self {
        Self {
            fields: vec![Datum::Null; MemberField::ALL.len()],
            joined_ms: None,
            stamps: Stamps::default(),
        }
    }
}

impl File {
    /// Nothing of it is left but when it was opened.
    fn blank(&mut self) {
        *self = Self { joined_ms: self.joined_ms, ..Self::default() };
    }

    /// The field's place in the row: the columns stand in the order of the fields' numbers.
    fn at(field: MemberField) -> usize {
        field.bit() as usize
    }

    fn read(row: &[Datum]) -> Result<Self> {
        let fields = MemberField::ALL.len();
        let stamps = Stamps::decode(row[fields + 2].bytes()?)
            .map_err(|error| Error::Damaged(error.to_string()))?;
        let joined_ms = row[fields + 1].optional(Datum::int)?;
        Ok(Self { fields: row[1..=fields].to_vec(), joined_ms, stamps })
    }

    /// Returns whether what they are found by has changed.
    fn change(&mut self, change: &FileChange) -> bool {
        let mut findable = false;
        for (key, field, value) in &change.sets {
            if self.stamps.set(*key, *field) {
                self.fields[Self::at(*field)] = value.clone().into();
                findable |= matches!(field, MemberField::Phone | MemberField::Cards);
            }
        }
        if let Some(at_ms) = change.joined_ms {
            self.joined_ms = Some(self.joined_ms.map_or(at_ms, |known| known.min(at_ms)));
        }
        findable
    }

    fn row(&self, member: MemberId) -> Vec<Datum> {
        let mut row = vec![Datum::from(member.as_bytes())];
        row.extend(self.fields.iter().cloned());
        row.push(self.joined_ms.into());
        row.push(self.stamps.encode().into());
        row
    }

    /// What they are found by exactly: phone and cards. `said`: of single ones of these.
    fn keys(&self, said: &[Said]) -> Result<Vec<String>> {
        let mut keys = Vec::new();
        if let Datum::Text(phone) = &self.fields[Self::at(MemberField::Phone)] {
            keys.push(phone_key(phone));
        }
        let list = match &self.fields[Self::at(MemberField::Cards)] {
            Datum::Text(cards) => serde_json::from_str(cards)?,
            _ => Vec::new(),
        };
        let cards = on_file(&list, self.stamps.of(MemberField::Cards), said);
        keys.extend(cards.iter().map(|card| card_key(card)));
        keys.retain(|key| key.len() <= LONGEST_KEY_BYTES);
        keys.sort_unstable();
        keys.dedup();
        Ok(keys)
    }
}

/// The key of a phone, E.164.
pub fn phone_key(phone: &str) -> String {
    format!("p{phone}")
}

/// The key of a card.
pub fn card_key(card: &str) -> String {
    format!("c{}", fold(card))
}

fn members(session: &mut dyn Session, changes: &Changes, gone: &BTreeSet<MemberId>) -> Result<()> {
    let carded: BTreeSet<MemberId> = changes.cards.keys().map(|(member, _)| *member).collect();
    let set = |(member, change): &(&MemberId, &FileChange)| {
        **change != FileChange::default()
            || changes.erased.contains_key(member)
            || carded.contains(member)
    };
    let (altered, named): (Vec<_>, Vec<_>) = changes.members.iter().partition(set);
    let key = |(member, _): &(&MemberId, &FileChange)| member.as_bytes().to_vec();
    let mut known = BTreeMap::new();
    let keys: Vec<Vec<u8>> = altered.iter().map(key).collect();
    session.query_keys(&MEMBERS, &keys, &[], &mut |row| {
        known.insert(MemberId::from_bytes(row[0].exactly()?), File::read(row)?);
        Ok(())
    })?;
    // Who has no file yet has no cards but those of this batch.
    let with_cards = altered.iter().map(|(member, _)| **member);
    let with_cards =
        with_cards.filter(|member| known.contains_key(member) || carded.contains(member));
    let said = cards::said(session, &with_cards.collect::<Vec<_>>())?;
    // Of those that are only named nothing is read: where there is no file, an empty one begins.
    let mut there = BTreeSet::new();
    let keys: Vec<Vec<u8>> = named.iter().map(key).collect();
    session.query_keys(&THERE, &keys, &[], &mut |row| {
        there.insert(MemberId::from_bytes(row[0].exactly()?));
        Ok(())
    })?;
    let unknown = named.into_iter().filter(|(member, _)| !there.contains(member));
    let (mut rows, mut found_by) = (Vec::new(), Vec::new());
    for (member, change) in altered.into_iter().chain(unknown) {
        let before = known.remove(member);
        let old = before.is_some();
        let mut file = before.unwrap_or_default();
        let findable = file.change(change) || carded.contains(member);
        if gone.contains(member) {
            file.blank();
        } else if findable {
            if old {
                session.execute(
                    "DELETE FROM member_key WHERE member = $1",
                    &[member.as_bytes().into()],
                )?;
            }
            let keys = file.keys(said.get(member).map_or(&[], Vec::as_slice))?;
            found_by.extend(keys.into_iter().map(|key| vec![key.into(), member.as_bytes().into()]));
        }
        rows.push(file.row(*member));
    }
    session.insert(&MEMBER, &rows)?;
    session.insert(&MEMBER_KEY, &found_by)
}
