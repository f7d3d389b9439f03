//! Carries effects out. Each adds, keeps the latest, inserts under an id, or marks void, so the
//! order of arrival cannot matter.

use punchcard_domain::{
    earning::Part,
    effects::{Effect, FactRow, PassChangeRow, PassRow},
    fact::SpentAt,
    ledger::{Account, Lot, Posting, ValueKind},
    member::{CardIs, MemberField},
    stamps::Stamps,
    verdict::Verdict,
};
use punchcard_protocol::{FactId, Header, LotId, MemberId, RecordId, StreamId};
use rusqlite::{Connection, OptionalExtension as _, ToSql, params};
use std::cell::Cell;

use super::{erased, keys_of_members, streams};
use crate::error::{Error, Result};

/// Tables that are folded, in the order they are emptied.
pub const FOLDED: &[&str] = &[
    "fact",
    "void",
    "member",
    "member_key",
    "card_state",
    "record",
    "pass_change",
    "of_member",
    "debt",
    "takeover",
    "merge",
    "take_back",
    "gave_back",
    "frozen",
    "earned",
    "pending",
    "erased",
    "redemption",
];

/// Nobody's, in the column of members: the store's own lots.
const STORES_OWN: i64 = 0;

/// Local numbers that were looked up already, within one transaction: most entries are about one
/// member and one stream.
#[derive(Debug, Default)]
pub struct Numbers {
    member: Cell<Option<(MemberId, i64)>>,
    stream: Cell<Option<(StreamId, i64)>>,
}

impl Numbers {
    /// The number of the stream that is being written is known from the start.
    pub fn of_writer(stream: StreamId, number: i64) -> Self {
        Self { stream: Cell::new(Some((stream, number))), ..Self::default() }
    }

    /// Remembers a member's number.
    pub fn remember(&self, member: MemberId, number: i64) {
        self.member.set(Some((member, number)));
    }

    fn member(&self, db: &Connection, member: MemberId) -> Result<i64> {
        if let Some((known, number)) = self.member.get()
            && known == member
        {
            return Ok(number);
        }
        let number = member_number(db, member)?;
        self.remember(member, number);
        Ok(number)
    }

    fn stream(&self, db: &Connection, stream: StreamId) -> Result<i64> {
        if let Some((known, number)) = self.stream.get()
            && known == stream
        {
            return Ok(number);
        }
        let number = streams::number(db, stream)?;
        self.stream.set(Some((stream, number)));
        Ok(number)
    }
}

/// Carries one effect of an entry out.
///
/// # Errors
/// Those of the store.
pub fn carry_out(
    db: &Connection,
    numbers: &Numbers,
    entry: i64,
    header: &Header,
    effect: &Effect,
) -> Result<()> {
    match effect {
        Effect::InsertFact(row) => insert_fact(db, numbers, entry, header, row),
        // Erasing goes before everything else that is said of a file, whichever comes first.
        Effect::SetMember { member, .. } | Effect::SetCard { member, .. }
            if erased::is_erased(db, *member)? =>
        {
            Ok(())
        }
        Effect::Erase { member, by } => {
            erased::erase(db, numbers.member(db, *member)?, *member, *by)
        }
        Effect::SetMember { member, fields } => {
            set_member(db, numbers.member(db, *member)?, header, fields)
        }
        Effect::SetCard { member, card, is } => {
            set_card(db, numbers.member(db, *member)?, header, card, *is)
        }
        Effect::Joined { member, at_ms } => {
            joined(db, numbers.member(db, *member)?, header, *at_ms)
        }
        Effect::SetRecord { kind, id, body } => set_record(db, header, kind.number(), *id, body),
        Effect::InsertPass(row) => insert_pass(db, numbers.member(db, row.member)?, row),
        Effect::ChangePass(row) => change_pass(db, row),
        Effect::Issue { member, lot } => issue(db, numbers, *member, lot),
        Effect::Post { member, posting } => post(db, numbers, *member, posting),
        Effect::Owe { member, kind, stream, amount } => {
            let owner = numbers.member(db, *member)?;
            owe(db, owner, *kind, numbers.stream(db, *stream)?, *amount)
        }
        Effect::Void { target, by } => void(db, *target, *by),
        Effect::TakeOver { from, to } => take_over(db, *from, *to),
        Effect::Merge { gone, kept } => {
            // Both have a row, so that a file is found whichever of the two is asked for.
            numbers.member(db, *gone)?;
            numbers.member(db, *kept)?;
            merge(db, header, *gone, *kept)
        }
        Effect::TakeBack { member, lot, by, spent } => {
            take_back(db, numbers.member(db, *member)?, *lot, *by, spent)
        }
        Effect::GaveBack { lot, stream } => gave_back(db, *lot, numbers.stream(db, *stream)?),
        Effect::Freeze { lot, frozen } => freeze(db, header, *lot, *frozen),
        Effect::Gave { fact, part } => earned(db, *fact, *part),
        Effect::Redeemed { fact, reward, code_step } => redeemed(db, *fact, *reward, *code_step),
        Effect::Pending { lot, until_ms } => pending(db, *lot, *until_ms),
    }
}

/// The number that the table holds for a verdict. Never change one that landed.
pub fn verdict_number(verdict: Verdict) -> i64 {
    match verdict {
        Verdict::Admit => 1,
        Verdict::Note => 2,
        Verdict::Refuse => 3,
    }
}

/// From the number that the table holds.
pub fn verdict_of(number: i64) -> Option<Verdict> {
    [Verdict::Admit, Verdict::Note, Verdict::Refuse]
        .into_iter()
        .find(|verdict| verdict_number(*verdict) == number)
}

fn insert_fact(
    db: &Connection,
    numbers: &Numbers,
    entry: i64,
    header: &Header,
    row: &FactRow,
) -> Result<()> {
    let member = row.member.map(|member| numbers.member(db, member)).transpose()?;
    // `OR FAIL`: what fails is taken back with the whole use case. Taken back alone, each page that it and
    // the trigger on it touch would be copied first.
    db.prepare_cached(
        "INSERT OR FAIL INTO fact (id, entry, kind, member, store, at_ms, points, amount_minor, verdict, counted)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (id) DO NOTHING",
    )?
    .execute(params![
        row.id.as_bytes(),
        entry,
        row.kind,
        member,
        row.store.as_ref().map(|store| *store.as_bytes()),
        row.at_ms.unwrap_or(header.hlc.unix_ms()),
        row.points,
        row.amount_minor,
        row.verdict.map(verdict_number),
        row.counted,
    ])?;
    Ok(())
}

/// The local number of a member, given one where it has none.
fn member_number(db: &Connection, member: MemberId) -> Result<i64> {
    let found = db
        .prepare_cached("SELECT n FROM member WHERE id = ?1")?
        .query_row([member.as_bytes()], |row| row.get(0))
        .optional()?;
    if let Some(number) = found {
        return Ok(number);
    }
    db.prepare_cached("INSERT INTO member (id, stamps) VALUES (?1, x'')")?
        .execute([member.as_bytes()])?;
    Ok(db.last_insert_rowid())
}

fn owner_number(db: &Connection, numbers: &Numbers, member: Option<MemberId>) -> Result<i64> {
    member.map_or(Ok(STORES_OWN), |member| numbers.member(db, member))
}

/// The column of a field. A name from a fixed list, never from input.
pub(super) fn column(field: MemberField) -> &'static str {
    match field {
        MemberField::Name => "name",
        MemberField::Phone => "phone",
        MemberField::Email => "email",
        MemberField::Birthday => "birthday",
        MemberField::Gender => "gender",
        MemberField::Note => "note",
        MemberField::Tags => "tags",
        MemberField::Cards => "cards",
        MemberField::Tier => "tier",
        MemberField::HomeStore => "home_store",
        MemberField::Banned => "banned",
        MemberField::Photo => "photo",
        MemberField::Contact => "contact",
        MemberField::Waiver => "waiver",
        MemberField::Guardian => "guardian",
        MemberField::Family => "family",
        MemberField::Consent => "consent",
        MemberField::ReferredBy => "referred_by",
        MemberField::Custom => "custom",
        MemberField::DeadCards => "dead_cards",
        MemberField::PhoneCode => "phone_code",
    }
}

/// One statement for whatever fields are set together: the names come from [`column`] alone.
fn update(fields: &[MemberField]) -> String {
    let sets: String = fields
        .iter()
        .enumerate()
        .map(|(at, field)| format!(", {} = ?{}", column(*field), at + 3))
        .collect();
    format!("UPDATE member SET stamps = ?2{sets} WHERE n = ?1")
}

fn set_member(
    db: &Connection,
    number: i64,
    header: &Header,
    fields: &[(MemberField, Option<String>)],
) -> Result<()> {
    let bytes: Vec<u8> = db
        .prepare_cached("SELECT stamps FROM member WHERE n = ?1")?
        .query_row([number], |row| row.get(0))?;
    let mut stamps = Stamps::decode(&bytes).map_err(|error| Error::Damaged(error.to_string()))?;
    let key = header.stamp().to_bytes();
    let newer: Vec<&(MemberField, Option<String>)> =
        fields.iter().filter(|(field, _)| stamps.set(key, *field)).collect();
    let names: Vec<MemberField> = newer.iter().map(|(field, _)| *field).collect();
    let stamps = stamps.encode();
    let values = newer.iter().map(|(_, value)| value as &dyn ToSql);
    let row: Vec<&dyn ToSql> =
        [&number as &dyn ToSql, &stamps as &dyn ToSql].into_iter().chain(values).collect();
    db.prepare_cached(&update(&names))?.execute(row.as_slice())?;
    let findable = [MemberField::Name, MemberField::Phone, MemberField::Cards];
    if names.iter().any(|field| findable.contains(field)) {
        keys_of_members::refresh(db, number)?;
    }
    Ok(())
}

fn set_card(db: &Connection, number: i64, header: &Header, card: &str, is: CardIs) -> Result<()> {
    let (hlc, stream) = stamp_columns(header);
    db.prepare_cached(
        "INSERT INTO card_state (member, card, state, hlc, stream) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (member, card) DO UPDATE SET state = ?3, hlc = ?4, stream = ?5
         WHERE (excluded.hlc, excluded.stream) > (card_state.hlc, card_state.stream)",
    )?
    .execute(params![number, card, is.number(), hlc, stream])?;
    keys_of_members::refresh(db, number)
}

fn joined(db: &Connection, number: i64, header: &Header, at_ms: Option<i64>) -> Result<()> {
    db.prepare_cached(
        "UPDATE member SET joined_ms = min(coalesce(joined_ms, ?2), ?2) WHERE n = ?1",
    )?
    .execute(params![number, at_ms.unwrap_or(header.hlc.unix_ms())])?;
    Ok(())
}

fn set_record(
    db: &Connection,
    header: &Header,
    kind: i64,
    id: uuid::Uuid,
    body: &str,
) -> Result<()> {
    let (hlc, stream) = stamp_columns(header);
    db.prepare_cached(
        "INSERT INTO record (kind, id, body, hlc, stream) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (kind, id) DO UPDATE SET body = ?3, hlc = ?4, stream = ?5
         WHERE (excluded.hlc, excluded.stream) > (record.hlc, record.stream)",
    )?
    .execute(params![kind, id.as_bytes(), body, hlc, stream])?;
    Ok(())
}

fn insert_pass(db: &Connection, member: i64, row: &PassRow) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO of_member (part, at_ms, account, stream,
                                member, id, fact, name, first_day, last_day, visits, terms)
         VALUES (1, 0, 0, 0, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
    )?
    .execute(params![
        member,
        row.id.as_bytes(),
        row.fact.as_bytes(),
        row.name,
        row.from.to_string(),
        row.until.map(|day| day.to_string()),
        row.visits.map(|lot| *lot.as_bytes()),
        row.terms,
    ])?;
    Ok(())
}

fn change_pass(db: &Connection, row: &PassChangeRow) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO pass_change (pass, fact, what, body) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO NOTHING",
    )?
    .execute(params![row.pass.as_bytes(), row.fact.as_bytes(), row.what, row.body])?;
    Ok(())
}

fn issue(db: &Connection, numbers: &Numbers, member: Option<MemberId>, lot: &Lot) -> Result<()> {
    let of = Moved {
        owner: owner_number(db, numbers, member)?,
        lot: lot.id,
        kind: lot.kind,
        amount: lot.amount,
        expires_ms: lot.expires_ms,
    };
    move_value(db, &of, ISSUED, place(db, numbers, lot.to)?)
}

fn post(
    db: &Connection,
    numbers: &Numbers,
    member: Option<MemberId>,
    posting: &Posting,
) -> Result<()> {
    let of = Moved {
        owner: owner_number(db, numbers, member)?,
        lot: posting.lot,
        kind: posting.kind,
        amount: posting.amount,
        expires_ms: None,
    };
    let (from, to) = (place(db, numbers, posting.from)?, place(db, numbers, posting.to)?);
    move_value(db, &of, from, to)
}

/// What moves from one account of a lot to another.
struct Moved {
    owner: i64,
    lot: LotId,
    kind: ValueKind,
    amount: i64,
    /// Where the lot is given out: when it runs out.
    expires_ms: Option<i64>,
}

/// An account, and the stream whose it is, as the table numbers them.
type Place = (i64, i64);

/// Where value comes from that is given out: it stands below nothing by what was given.
const ISSUED: Place = (0, streams::NOBODY);

fn place(db: &Connection, numbers: &Numbers, account: Account) -> Result<Place> {
    let stream = match account.stream() {
        Some(stream) => numbers.stream(db, stream)?,
        None => streams::NOBODY,
    };
    Ok((account.number(), stream))
}

/// Both ends by one statement: they lie side by side.
fn move_value(db: &Connection, of: &Moved, from: Place, to: Place) -> Result<()> {
    db.prepare_cached(
        "INSERT OR FAIL INTO of_member (part, at_ms, member, id, kind, account, stream, amount, expires_ms)
         VALUES (0, 0, ?1, ?2, ?3, ?4, ?5, -?8, ?9), (0, 0, ?1, ?2, ?3, ?6, ?7, ?8, NULL)
         ON CONFLICT (member, part, at_ms, id, account, stream) DO UPDATE SET
           amount = amount + excluded.amount,
           expires_ms = coalesce(expires_ms, excluded.expires_ms)",
    )?
    .execute(params![
        of.owner,
        of.lot.as_bytes(),
        of.kind.number(),
        from.0,
        from.1,
        to.0,
        to.1,
        of.amount,
        of.expires_ms
    ])?;
    Ok(())
}

fn owe(db: &Connection, owner: i64, kind: ValueKind, stream: i64, amount: i64) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO debt (member, kind, stream, amount) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (member, kind, stream) DO UPDATE SET amount = amount + ?4",
    )?
    .execute(params![owner, kind.number(), stream, amount])?;
    Ok(())
}

fn void(db: &Connection, target: FactId, by: FactId) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO void (target, by) VALUES (?1, ?2)
         ON CONFLICT (target) DO UPDATE SET by = min(by, ?2)",
    )?
    .execute(params![target.as_bytes(), by.as_bytes()])?;
    Ok(())
}

fn take_over(db: &Connection, from: StreamId, to: StreamId) -> Result<()> {
    let from_number = streams::number(db, from)?;
    let to_number = streams::number(db, to)?;
    db.prepare_cached(
        "INSERT INTO takeover (from_stream, to_stream) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
    )?
    .execute([from_number, to_number])?;
    Ok(())
}

/// A stamp in the two columns in which it is compared: an HLC holds 48 bits of milliseconds above
/// 16 of counter, and stays positive as a signed number until the year 6429.
pub(super) fn stamp_columns(header: &Header) -> (i64, [u8; 20]) {
    (i64::try_from(header.hlc.0).unwrap_or(i64::MAX), header.stream.to_bytes())
}

fn merge(db: &Connection, header: &Header, gone: MemberId, kept: MemberId) -> Result<()> {
    let (hlc, stream) = stamp_columns(header);
    db.prepare_cached(
        "INSERT INTO merge (gone, kept, hlc, stream) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (gone) DO UPDATE SET kept = ?2, hlc = ?3, stream = ?4
         WHERE (excluded.hlc, excluded.stream) > (merge.hlc, merge.stream)",
    )?
    .execute(params![gone.as_bytes(), kept.as_bytes(), hlc, stream])?;
    Ok(())
}

fn take_back(
    db: &Connection,
    member: i64,
    lot: LotId,
    by: FactId,
    spent: &[SpentAt],
) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO take_back (lot, by, member, spent) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO NOTHING",
    )?
    .execute(params![lot.as_bytes(), by.as_bytes(), member, serde_json::to_string(spent)?])?;
    Ok(())
}

fn gave_back(db: &Connection, lot: LotId, stream: i64) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO gave_back (lot, stream) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
    )?
    .execute(params![lot.as_bytes(), stream])?;
    Ok(())
}

fn freeze(db: &Connection, header: &Header, lot: LotId, frozen: bool) -> Result<()> {
    let (hlc, stream) = stamp_columns(header);
    db.prepare_cached(
        "INSERT INTO frozen (lot, frozen, hlc, stream) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (lot) DO UPDATE SET frozen = ?2, hlc = ?3, stream = ?4
         WHERE (excluded.hlc, excluded.stream) > (frozen.hlc, frozen.stream)",
    )?
    .execute(params![lot.as_bytes(), frozen, hlc, stream])?;
    Ok(())
}

fn earned(db: &Connection, fact: FactId, part: Part) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO earned (fact, rule, version, points) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO NOTHING",
    )?
    .execute(params![fact.as_bytes(), part.rule.as_bytes(), part.version, part.points])?;
    Ok(())
}

fn redeemed(db: &Connection, fact: FactId, reward: RecordId, code_step: Option<i64>) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO redemption (fact, reward, code_step) VALUES (?1, ?2, ?3)
         ON CONFLICT DO NOTHING",
    )?
    .execute(params![fact.as_bytes(), reward.as_bytes(), code_step])?;
    Ok(())
}

fn pending(db: &Connection, lot: LotId, until_ms: i64) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO pending (lot, until_ms) VALUES (?1, ?2)
         ON CONFLICT (lot) DO UPDATE SET until_ms = ?2 WHERE excluded.until_ms > pending.until_ms",
    )?
    .execute(params![lot.as_bytes(), until_ms])?;
    Ok(())
}

/// The journals that took over the accounts of `of`.
///
/// # Errors
/// Those of the store.
pub fn took_over(db: &Connection, of: StreamId) -> Result<Vec<StreamId>> {
    let Some(of) = streams::known_number(db, of)? else { return Ok(Vec::new()) };
    let mut statement =
        db.prepare_cached("SELECT to_stream FROM takeover WHERE from_stream = ?1")?;
    let numbers = statement.query_map([of], |row| row.get(0))?;
    numbers.map(|number| streams::stream(db, number?)).collect()
}
