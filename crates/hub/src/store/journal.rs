//! The hub's own row, tills, streams, and the log.

use punchcard_protocol::{
    Entry, Hash, Hlc, Link, MemberId, PrivatePart, SIGNATURE_BYTES, SetSum, StoreId, StreamId,
    TillId, hash_header, leaf,
    sync::{Packet, PacketPart},
};

use super::{ByKey, Column, Datum, Insert, Row, Session};
use crate::error::{Error, Result};

/// The hub's own row.
#[derive(Debug, Clone)]
pub struct HubRow {
    /// Its id.
    pub id: TillId,
    /// Which life of it.
    pub epoch: u32,
    /// The newest position of the log.
    pub position: u64,
    /// The sum over all entries so far.
    pub sum: SetSum,
    /// The newest stamp of its own clock.
    pub hlc: Hlc,
    /// `everyone`: each store reads everything; `own`: its members and recent visitors.
    pub follow: String,
}

/// A till.
#[derive(Debug, Clone)]
pub struct TillRow {
    /// Id.
    pub id: TillId,
    /// Where it stands.
    pub store: StoreId,
    /// What people call it.
    pub name: String,
    /// `active`, `revoked`, `reclaimed`; `unknown`: other tills hold entries of it, and it was not
    /// paired with this hub.
    pub state: String,
    /// When it was paired.
    pub paired_ms: i64,
    /// When it was last heard of.
    pub seen_ms: i64,
    /// The hub's epoch in which it last said what it holds; below zero: that of which a person
    /// said that it is not waited for.
    pub reported: i64,
}

/// A journal, as far as the hub has it.
#[derive(Debug, Clone)]
pub struct StreamRow {
    /// Whose.
    pub stream: StreamId,
    /// Ed25519.
    pub public_key: [u8; 32],
    /// The newest entry.
    pub link: Link,
    /// Its stamp.
    pub hlc: Hlc,
    /// The newest entry that is in a backup too.
    pub durable: u64,
    /// `open`, `closed`, `forked`; `heard`: other tills gave it back, and nobody vouched for it yet.
    pub state: String,
    /// When it was first heard of.
    pub opened_ms: i64,
    /// The till brought it along when it was paired: it was on its own while it wrote it.
    pub brought: bool,
}

/// An entry in the log.
#[derive(Debug, Clone)]
pub struct LogRow {
    /// Position.
    pub position: u64,
    /// Whose.
    pub stream: StreamId,
    /// Place in the journal.
    pub seq: u64,
    /// Its hash.
    pub hash: Hash,
    /// The entry.
    pub entry: Entry,
    /// Its private part.
    pub private: Option<PrivatePart>,
    /// Whom it is about.
    pub member: Option<MemberId>,
    /// The sum up to here.
    pub sum: SetSum,
    /// Passed on to nobody.
    pub kept_back: bool,
    /// Its writer's signature over the head here, where it signed here.
    pub signature: Option<[u8; SIGNATURE_BYTES]>,
    /// When it came: Unix ms.
    pub received_ms: i64,
}

const HUB: &str = "SELECT id, epoch, position, sum, hlc, follow FROM hub WHERE one = 1";

/// The hub's own row.
///
/// # Errors
/// Those of the engine, as for all of these.
pub fn hub(session: &mut dyn Session) -> Result<Option<HubRow>> {
    session
        .row(HUB, &[])?
        .map(|row| {
            Ok(HubRow {
                id: TillId::from_bytes(row[0].exactly()?),
                epoch: small(&row[1])?,
                position: row[2].count()?,
                sum: SetSum::from_hash(row[3].hash()?),
                hlc: Hlc(row[4].count()?),
                follow: row[5].text()?.to_owned(),
            })
        })
        .transpose()
}

fn small(value: &Datum) -> Result<u32> {
    u32::try_from(value.int()?).map_err(|_| Error::Damaged("a number is too large".into()))
}

/// The first row of a new hub.
pub fn found(session: &mut dyn Session, row: &HubRow, now_ms: i64) -> Result<()> {
    let values: [Datum; 7] = [
        row.id.as_bytes().into(),
        i64::from(row.epoch).into(),
        row.position.into(),
        row.sum.to_hash().into(),
        row.hlc.0.into(),
        row.follow.as_str().into(),
        now_ms.into(),
    ];
    session.execute(
        "INSERT INTO hub (one, id, epoch, position, sum, hlc, follow, made_ms)
         VALUES (1, $1, $2, $3, $4, $5, $6, $7)",
        &values,
    )?;
    Ok(())
}

/// Keeps the hub's own row.
pub fn put_hub(session: &mut dyn Session, row: &HubRow) -> Result<()> {
    let values: [Datum; 5] = [
        i64::from(row.epoch).into(),
        row.position.into(),
        row.sum.to_hash().into(),
        row.hlc.0.into(),
        row.follow.as_str().into(),
    ];
    session.execute(
        "UPDATE hub SET epoch = $1, position = $2, sum = $3, hlc = $4, follow = $5 WHERE one = 1",
        &values,
    )?;
    Ok(())
}

const TILL: &str = "SELECT id, store, name, state, paired_ms, seen_ms, reported FROM till";

fn till_row(row: Row<'_>) -> Result<TillRow> {
    Ok(TillRow {
        id: TillId::from_bytes(row[0].exactly()?),
        store: StoreId::from_bytes(row[1].exactly()?),
        name: row[2].text()?.to_owned(),
        state: row[3].text()?.to_owned(),
        paired_ms: row[4].int()?,
        seen_ms: row[5].int()?,
        reported: row[6].int()?,
    })
}

/// One till.
pub fn till(session: &mut dyn Session, id: TillId) -> Result<Option<TillRow>> {
    let row = session.row(&format!("{TILL} WHERE id = $1"), &[id.as_bytes().into()])?;
    row.map(|row| till_row(&row)).transpose()
}

/// Every till, in the order in which they were paired.
pub fn tills(session: &mut dyn Session) -> Result<Vec<TillRow>> {
    let rows = session.rows(&format!("{TILL} ORDER BY paired_ms, id"), &[])?;
    rows.iter().map(|row| till_row(row)).collect()
}

/// Whether some till that belongs to the business, or may, has not said in an epoch what it holds, and is
/// waited for.
pub fn awaits_any(session: &mut dyn Session, epoch: u32) -> Result<bool> {
    let sql = "SELECT 1 FROM till WHERE state IN ('active', 'unknown')
                 AND reported <> $1 AND reported <> $2 LIMIT 1";
    let epoch = i64::from(epoch);
    Ok(session.row(sql, &[epoch.into(), (-epoch).into()])?.is_some())
}

/// Keeps a till.
pub fn put_till(session: &mut dyn Session, row: &TillRow) -> Result<()> {
    let values: [Datum; 7] = [
        row.id.as_bytes().into(),
        row.store.as_bytes().into(),
        row.name.as_str().into(),
        row.state.as_str().into(),
        row.paired_ms.into(),
        row.seen_ms.into(),
        row.reported.into(),
    ];
    session.execute(
        "INSERT INTO till (id, store, name, state, paired_ms, seen_ms, reported)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (id) DO UPDATE SET store = excluded.store, name = excluded.name,
           state = excluded.state, paired_ms = excluded.paired_ms, seen_ms = excluded.seen_ms,
           reported = excluded.reported",
        &values,
    )?;
    Ok(())
}

const STREAM: &str =
    "SELECT stream, public_key, seq, hash, hlc, durable, state, opened_ms, brought FROM stream";

fn stream_row(row: Row<'_>) -> Result<StreamRow> {
    Ok(StreamRow {
        stream: row[0].stream()?,
        public_key: row[1].exactly()?,
        link: Link { seq: row[2].count()?, hash: row[3].hash()? },
        hlc: Hlc(row[4].count()?),
        durable: row[5].count()?,
        state: row[6].text()?.to_owned(),
        opened_ms: row[7].int()?,
        brought: row[8].int()? != 0,
    })
}

/// One journal.
pub fn stream(session: &mut dyn Session, stream: StreamId) -> Result<Option<StreamRow>> {
    let row = session.row(&format!("{STREAM} WHERE stream = $1"), &[stream.into()])?;
    row.map(|row| stream_row(&row)).transpose()
}

/// Every journal, by till and incarnation.
pub fn streams(session: &mut dyn Session) -> Result<Vec<StreamRow>> {
    let rows = session.rows(&format!("{STREAM} ORDER BY stream"), &[])?;
    rows.iter().map(|row| stream_row(row)).collect()
}

/// The journals of one till.
pub fn streams_of(session: &mut dyn Session, till: TillId) -> Result<Vec<StreamRow>> {
    Ok(streams(session)?.into_iter().filter(|row| row.stream.till == till).collect())
}

/// Keeps a journal.
pub fn put_stream(session: &mut dyn Session, row: &StreamRow) -> Result<()> {
    let values: [Datum; 9] = [
        row.stream.into(),
        row.public_key.into(),
        row.link.seq.into(),
        row.link.hash.into(),
        row.hlc.0.into(),
        row.durable.into(),
        row.state.as_str().into(),
        row.opened_ms.into(),
        row.brought.into(),
    ];
    session.execute(
        "INSERT INTO stream (stream, public_key, seq, hash, hlc, durable, state, opened_ms, brought)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (stream) DO UPDATE SET seq = excluded.seq, hash = excluded.hash,
           hlc = excluded.hlc, durable = excluded.durable, state = excluded.state",
        &values,
    )?;
    Ok(())
}

/// The epoch in which a life of a till last said all that it holds; 0: in none.
pub fn reported(session: &mut dyn Session, stream: StreamId) -> Result<i64> {
    let row = session.row("SELECT reported FROM stream WHERE stream = $1", &[stream.into()])?;
    row.map_or(Ok(0), |row| row[0].int())
}

/// A life of a till has said all that it holds, in this epoch.
pub fn has_reported(session: &mut dyn Session, stream: StreamId, epoch: i64) -> Result<()> {
    let sql = "UPDATE stream SET reported = $1 WHERE stream = $2";
    session.execute(sql, &[epoch.into(), stream.into()])?;
    Ok(())
}

const LOG: Insert = Insert {
    table: "log",
    columns: &[
        ("position", Column::Int),
        ("stream", Column::Blob),
        ("seq", Column::Int),
        ("hash", Column::Blob),
        ("header", Column::Blob),
        ("salt", Column::Blob),
        ("payload", Column::Blob),
        ("member", Column::Blob),
        ("sum", Column::Blob),
        ("kept_back", Column::Int),
        ("received_ms", Column::Int),
        ("signature", Column::Blob),
    ],
    on_conflict: "",
};

const PRIVATE: Insert = Insert {
    table: "private_part",
    columns: &[("position", Column::Int), ("salt", Column::Blob), ("bytes", Column::Blob)],
    on_conflict: "",
};

/// Appends to the log.
pub fn append(session: &mut dyn Session, rows: &[LogRow]) -> Result<()> {
    let entries = rows.iter().map(|row| {
        vec![
            row.position.into(),
            row.stream.into(),
            row.seq.into(),
            row.hash.into(),
            row.entry.header.clone().into(),
            row.entry.salt.into(),
            row.entry.payload.clone().into(),
            row.member.map(|member| *member.as_bytes()).into(),
            row.sum.to_hash().into(),
            row.kept_back.into(),
            row.received_ms.into(),
            row.signature.into(),
        ]
    });
    session.insert(&LOG, &entries.collect::<Vec<_>>())?;
    let private = rows.iter().filter_map(|row| {
        let part = row.private.as_ref()?;
        Some(vec![row.position.into(), part.salt.into(), part.bytes.clone().into()])
    });
    session.insert(&PRIVATE, &private.collect::<Vec<_>>())
}

/// The columns of an entry in the log and its private part, and where they come from.
macro_rules! entry_columns {
    ($tail:literal) => {
        concat!(
            "SELECT l.position, l.stream, l.seq, l.hash, l.header, l.salt, l.payload, l.member,
                    l.sum, l.kept_back, p.salt, p.bytes, l.signature, l.received_ms
             FROM log l LEFT JOIN private_part p ON p.position = l.position ",
            $tail
        )
    };
}

fn log_row(row: Row<'_>) -> Result<LogRow> {
    let private = match (row[10].optional(Datum::exactly::<16>)?, &row[11]) {
        (Some(salt), Datum::Blob(bytes)) => Some(PrivatePart { salt, bytes: bytes.clone() }),
        _ => None,
    };
    Ok(LogRow {
        position: row[0].count()?,
        stream: row[1].stream()?,
        seq: row[2].count()?,
        hash: row[3].hash()?,
        entry: Entry {
            header: row[4].bytes()?.to_vec(),
            salt: row[5].exactly()?,
            payload: row[6].bytes()?.to_vec(),
        },
        private,
        member: row[7].optional(|value| Ok(MemberId::from_bytes(value.exactly()?)))?,
        sum: SetSum::from_hash(row[8].hash()?),
        kept_back: row[9].int()? != 0,
        signature: row[12].optional(Datum::exactly::<SIGNATURE_BYTES>)?,
        received_ms: row[13].int()?,
    })
}

fn log_rows(session: &mut dyn Session, sql: &str, params: &[Datum]) -> Result<Vec<LogRow>> {
    let mut rows = Vec::new();
    session.query(sql, params, &mut |row| {
        rows.push(log_row(row)?);
        Ok(())
    })?;
    Ok(rows)
}

/// Entries after a position, in their order, those kept back among them.
pub fn after(session: &mut dyn Session, position: u64, limit: usize) -> Result<Vec<LogRow>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let sql = entry_columns!("WHERE l.position > $1 ORDER BY l.position LIMIT $2");
    log_rows(session, sql, &[position.into(), limit.into()])
}

/// An entry as it is passed on.
pub struct Passed {
    /// Its position in the channel.
    pub position: u64,
    /// The sum up to here.
    pub sum: Hash,
    /// What stands there.
    pub content: Content,
}

/// What stands at a position, for whoever reads.
pub enum Content {
    /// An entry.
    Packet(Packet),
    /// One that is kept back: its hash alone.
    KeptBack(Hash),
}

/// Entries after a position, in their order, as they are passed on. Private parts are asked for by themselves:
/// few entries have one.
pub fn passed_after(session: &mut dyn Session, position: u64, limit: usize) -> Result<Vec<Passed>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let sql = "SELECT position, sum, kept_back, header, salt, payload, signature FROM log
               WHERE position > $1 ORDER BY position LIMIT $2";
    let mut all = Vec::new();
    session.query(sql, &[position.into(), limit.into()], &mut |row| {
        let content = if row[2].int()? == 0 {
            Content::Packet(packet(&row[3..])?)
        } else {
            Content::KeptBack(hash_header(row[3].bytes()?))
        };
        all.push(Passed { position: row[0].count()?, sum: row[1].hash()?, content });
        Ok(())
    })?;
    let Some(last) = all.last().map(|last| last.position) else { return Ok(all) };
    let sql = "SELECT position, salt, bytes FROM private_part
               WHERE position > $1 AND position <= $2 ORDER BY position";
    session.query(sql, &[position.into(), last.into()], &mut |row| {
        let position = row[0].count()?;
        let at = all.binary_search_by_key(&position, |passed| passed.position);
        let whose = at.ok().and_then(|at| all.get_mut(at));
        if let Some(Content::Packet(packet)) = whose.map(|passed| &mut passed.content) {
            packet.private = Some(PacketPart::of_parts(row[1].bytes()?, row[2].bytes()?));
        }
        Ok(())
    })?;
    Ok(all)
}

/// Header, salt, payload and signature, as they travel.
fn packet(row: Row<'_>) -> Result<Packet> {
    let kept = (row[0].bytes()?, row[1].bytes()?, row[2].bytes()?);
    let packet = Packet::of_parts(kept, None).map_err(|error| Error::Damaged(error.to_string()))?;
    Ok(packet.signed_with(row[3].optional(Datum::exactly::<SIGNATURE_BYTES>)?))
}

/// Leaves of the log's tree, as the rows after a position make them, up to the first gap.
pub fn leaves_after(session: &mut dyn Session, position: u64, limit: usize) -> Result<Vec<Hash>> {
    let sql = "SELECT position, header, kept_back FROM log WHERE position > $1
               ORDER BY position LIMIT $2";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut leaves = Vec::new();
    let mut next = position;
    session.query(sql, &[position.into(), limit.into()], &mut |row| {
        next += 1;
        if row[0].count()? == next {
            leaves.push(leaf(hash_header(row[1].bytes()?), row[2].int()? != 0));
        }
        Ok(())
    })?;
    Ok(leaves)
}

/// Entries of one journal after a place, in their order.
pub fn of_stream(
    session: &mut dyn Session,
    stream: StreamId,
    after: u64,
    limit: usize,
) -> Result<Vec<LogRow>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let sql = entry_columns!("WHERE l.stream = $1 AND l.seq > $2 ORDER BY l.seq LIMIT $3");
    log_rows(session, sql, &[stream.into(), after.into(), limit.into()])
}

const OF_MEMBERS: ByKey = ByKey {
    one: entry_columns!("WHERE l.member = $1 AND l.kept_back = 0 ORDER BY l.position"),
    many: entry_columns!("WHERE l.member = ANY($1) AND l.kept_back = 0 ORDER BY l.position"),
};

/// Entries about some members that are passed on, the oldest first of each: at most so many, and of no more bytes
/// than that. A photo that is changed again and again makes a member's history as long as anybody likes.
pub fn of_members(
    session: &mut dyn Session,
    members: &[MemberId],
    most: usize,
    most_bytes: usize,
) -> Result<Vec<LogRow>> {
    let mut rows: Vec<LogRow> = Vec::new();
    let mut bytes = 0;
    session.query_keys(&OF_MEMBERS, &keys_of(members), &[], &mut |row| {
        if rows.len() < most && bytes < most_bytes {
            let row = log_row(row)?;
            let private = row.private.as_ref().map_or(0, |part| part.bytes.len());
            bytes += row.entry.payload.len() + private;
            rows.push(row);
        }
        Ok(())
    })?;
    rows.sort_by_key(|row| row.position);
    Ok(rows)
}

const PLACES_OF_MEMBERS: ByKey = ByKey {
    one: "SELECT position, hash FROM log WHERE member = $1 AND kept_back = 0 ORDER BY position",
    many: "SELECT position, hash FROM log WHERE member = ANY($1) AND kept_back = 0 ORDER BY position",
};

/// Where those entries stand, all of them, and what their hashes are.
pub fn places_of_members(
    session: &mut dyn Session,
    members: &[MemberId],
) -> Result<Vec<(u64, Hash)>> {
    let mut places = Vec::new();
    session.query_keys(&PLACES_OF_MEMBERS, &keys_of(members), &[], &mut |row| {
        places.push((row[0].count()?, row[1].hash()?));
        Ok(())
    })?;
    places.sort_by_key(|(position, _)| *position);
    Ok(places)
}

fn keys_of(members: &[MemberId]) -> Vec<Vec<u8>> {
    members.iter().map(|member| member.as_bytes().to_vec()).collect()
}

/// What stands at some places of a journal: place and hash.
pub fn hashes(
    session: &mut dyn Session,
    stream: StreamId,
    from: u64,
    to: u64,
) -> Result<Vec<(u64, Hash)>> {
    let sql =
        "SELECT seq, hash FROM log WHERE stream = $1 AND seq >= $2 AND seq <= $3 ORDER BY seq";
    let rows = session.rows(sql, &[stream.into(), from.into(), to.into()])?;
    rows.iter().map(|row| Ok((row[0].count()?, row[1].hash()?))).collect()
}

/// The hash at one place.
pub fn hash_at(session: &mut dyn Session, stream: StreamId, seq: u64) -> Result<Option<Hash>> {
    Ok(hashes(session, stream, seq, seq)?.first().map(|(_, hash)| *hash))
}

/// How far a journal is here without a gap.
pub fn whole_up_to(session: &mut dyn Session, stream: StreamId) -> Result<u64> {
    let sql = "SELECT min(l.seq) FROM log l WHERE l.stream = $1
                 AND EXISTS (SELECT 1 FROM log f WHERE f.stream = l.stream AND f.seq = 1)
                 AND NOT EXISTS (SELECT 1 FROM log n WHERE n.stream = l.stream AND n.seq = l.seq + 1)";
    let row = session.row(sql, &[stream.into()])?;
    row.map_or(Ok(0), |row| Ok(row[0].optional(Datum::count)?.unwrap_or(0)))
}

/// The sum over all entries up to a position; zeroes before the first.
pub fn sum_at(session: &mut dyn Session, position: u64) -> Result<Hash> {
    let row = session.row("SELECT sum FROM log WHERE position = $1", &[position.into()])?;
    row.map_or(Ok(Hash::ZERO), |row| row[0].hash())
}

// ── Channels that are parts of the log ──────────────────────────────────────────────────────────

const FEED: Insert = Insert {
    table: "feed",
    columns: &[
        ("channel", Column::Text),
        ("position", Column::Int),
        ("log", Column::Int),
        ("sum", Column::Blob),
    ],
    on_conflict: "",
};

/// The newest position of a channel, and the sum up to there.
pub fn feed_head(session: &mut dyn Session, channel: &str) -> Result<(u64, SetSum)> {
    let sql = "SELECT position, sum FROM feed WHERE channel = $1 ORDER BY position DESC LIMIT 1";
    let row = session.row(sql, &[channel.into()])?;
    row.map_or(Ok((0, SetSum::default())), |row| {
        Ok((row[0].count()?, SetSum::from_hash(row[1].hash()?)))
    })
}

/// Adds entries to a channel: position in the log and hash of each.
pub fn feed(session: &mut dyn Session, channel: &str, entries: &[(u64, Hash)]) -> Result<()> {
    let (mut position, mut sum) = feed_head(session, channel)?;
    let mut rows = Vec::new();
    for (log, hash) in entries {
        position += 1;
        sum.add(*hash);
        rows.push(vec![channel.into(), position.into(), (*log).into(), sum.to_hash().into()]);
    }
    session.insert(&FEED, &rows)
}

/// Empties every channel.
pub fn forget_feeds(session: &mut dyn Session) -> Result<()> {
    session.execute("DELETE FROM feed", &[])?;
    session.execute("DELETE FROM follow", &[])?;
    Ok(())
}

/// Entries of a channel after a position: each with its position there.
pub fn feed_after(
    session: &mut dyn Session,
    channel: &str,
    position: u64,
    limit: usize,
) -> Result<Vec<(u64, Hash, LogRow)>> {
    let sql = "SELECT f.position, f.sum, l.position, l.stream, l.seq, l.hash, l.header, l.salt,
                      l.payload, l.member, l.sum, l.kept_back, p.salt, p.bytes, l.signature,
                      l.received_ms
               FROM feed f JOIN log l ON l.position = f.log
               LEFT JOIN private_part p ON p.position = f.log
               WHERE f.channel = $1 AND f.position > $2 ORDER BY f.position LIMIT $3";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = Vec::new();
    session.query(sql, &[channel.into(), position.into(), limit.into()], &mut |row| {
        rows.push((row[0].count()?, row[1].hash()?, log_row(&row[2..])?));
        Ok(())
    })?;
    Ok(rows)
}

/// The sum over a channel's entries up to a position.
pub fn feed_sum_at(session: &mut dyn Session, channel: &str, position: u64) -> Result<Hash> {
    let sql = "SELECT sum FROM feed WHERE channel = $1 AND position = $2";
    let row = session.row(sql, &[channel.into(), position.into()])?;
    row.map_or(Ok(Hash::ZERO), |row| row[0].hash())
}

const FOLLOWERS: ByKey = ByKey {
    one: "SELECT member, store FROM follow WHERE member = $1",
    many: "SELECT member, store FROM follow WHERE member = ANY($1)",
};

/// Which stores follow some members.
pub fn followers(
    session: &mut dyn Session,
    members: &[MemberId],
) -> Result<Vec<(MemberId, StoreId)>> {
    let keys: Vec<Vec<u8>> = members.iter().map(|member| member.as_bytes().to_vec()).collect();
    let mut found = Vec::new();
    session.query_keys(&FOLLOWERS, &keys, &[], &mut |row| {
        found.push((
            MemberId::from_bytes(row[0].exactly()?),
            StoreId::from_bytes(row[1].exactly()?),
        ));
        Ok(())
    })?;
    Ok(found)
}

const FOLLOW: Insert = Insert {
    table: "follow",
    columns: &[("member", Column::Blob), ("store", Column::Blob)],
    on_conflict: "(member, store) DO NOTHING",
};

/// Stores follow members from now on.
pub fn follow(session: &mut dyn Session, pairs: &[(MemberId, StoreId)]) -> Result<()> {
    let rows =
        pairs.iter().map(|(member, store)| vec![member.as_bytes().into(), store.as_bytes().into()]);
    session.insert(&FOLLOW, &rows.collect::<Vec<_>>())
}

/// How many bodies of a till are kept aside: they are never thrown away, so that a till that is told
/// of fewer than before knows that this hub was put back.
///
/// # Errors
/// Those of the database.
pub fn kept_aside(session: &mut dyn Session, till: TillId) -> Result<u64> {
    let sql = "SELECT count(*) FROM quarantine WHERE till = $1";
    let row = session.row(sql, &[till.as_bytes().into()])?;
    row.map_or(Ok(0), |row| row[0].count())
}

/// How many bytes they have together.
///
/// # Errors
/// Those of the database.
pub fn bytes_aside(session: &mut dyn Session, till: TillId) -> Result<u64> {
    let sql = "SELECT coalesce(sum(length(body)), 0) FROM quarantine WHERE till = $1";
    let row = session.row(sql, &[till.as_bytes().into()])?;
    row.map_or(Ok(0), |row| row[0].count())
}

/// Whether a body is kept aside already.
///
/// # Errors
/// Those of the database.
pub fn is_aside(session: &mut dyn Session, id: [u8; 16]) -> Result<bool> {
    Ok(session.row("SELECT 1 FROM quarantine WHERE id = $1", &[id.into()])?.is_some())
}

/// Keeps what could not be taken in, for a person to look at.
pub fn quarantine(
    session: &mut dyn Session,
    id: [u8; 16],
    now_ms: i64,
    till: TillId,
    why: &str,
    body: &[u8],
) -> Result<()> {
    let row: [Datum; 5] =
        [id.into(), now_ms.into(), till.as_bytes().into(), why.into(), body.into()];
    session.execute(
        "INSERT INTO quarantine (id, at_ms, till, why, body) VALUES ($1, $2, $3, $4, $5)",
        &row,
    )?;
    Ok(())
}
