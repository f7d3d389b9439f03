//! For the owner: stores, tills, what each store follows, and figures.

use std::collections::BTreeMap;

use punchcard_domain::{
    fact::{Fact, RecordSet},
    records::{Store, check_name},
};
use punchcard_protocol::{StoreId, TillId, sync::Code};
use serde::Serialize;

use super::{
    greet::reclaim_stream,
    publish,
    push::fresh,
    records, restored,
    work::{Work, taken_over_by_hub},
};
use crate::{
    error::{Error, Result},
    hub::{Hub, hub_row},
    random,
    store::journal::{self, TillRow},
};

/// Entries looked at in one go where channels are made anew.
const BATCH: usize = 2000;

/// A till, as the tool lists it.
#[derive(Debug, Clone, Serialize)]
pub struct TillLine {
    /// Id.
    pub till: TillId,
    /// What people call it.
    pub name: String,
    /// Name of the store at which it stands.
    pub store: String,
    /// `active`, `revoked`, `reclaimed`, or `FORKED`; `unknown`: others hold entries of it, and it is
    /// to be paired again.
    pub state: String,
    /// The hub was restored, and waits for this till to say what it holds.
    pub awaited: bool,
    /// How many lives it has had.
    pub streams: u64,
    /// Entries of all of them.
    pub entries: u64,
    /// Points that only it can spend.
    pub holds_points: i64,
    /// When it was last heard of: Unix ms.
    pub seen_ms: i64,
}

/// Figures for monitoring.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Figures {
    /// Entries in the log.
    pub entries: u64,
    /// Tills that belong to the business.
    pub tills: u64,
    /// Tills that were revoked or reclaimed.
    pub tills_revoked: u64,
    /// Journals with two histories.
    pub forked: u64,
    /// What waits in the owner's inbox.
    pub inbox: u64,
    /// What was refused and kept.
    pub quarantined: u64,
    /// Entries of which NATS has not acknowledged yet that it has them; 0 where facts are not published.
    pub unpublished: u64,
    /// When the newest backup was made that was read back: Unix ms; 0: none was.
    pub backup_ms: u64,
}

impl Hub {
    /// Whether the database answers.
    ///
    /// # Errors
    /// Those of the database.
    pub fn ready(&self) -> Result<()> {
        self.read(|session| hub_row(session).map(|_| ()))
    }

    /// Figures for monitoring.
    ///
    /// # Errors
    /// Those of the database.
    pub fn figures(&self) -> Result<Figures> {
        let publishes = self.is_publishing();
        self.read(|session| {
            let unpublished = if publishes { publish::unpublished(session)? } else { 0 };
            let mut count = |sql: &str| -> Result<u64> {
                session.row(sql, &[])?.map_or(Ok(0), |row| row[0].count())
            };
            Ok(Figures {
                entries: count("SELECT position FROM hub WHERE one = 1")?,
                tills: count("SELECT count(*) FROM till WHERE state = 'active'")?,
                tills_revoked: count(
                    "SELECT count(*) FROM till WHERE state IN ('revoked', 'reclaimed')",
                )?,
                forked: count("SELECT count(*) FROM stream WHERE state = 'forked'")?,
                inbox: count("SELECT count(*) FROM inbox WHERE settled = 0")?,
                quarantined: count("SELECT count(*) FROM quarantine")?,
                unpublished,
                backup_ms: count("SELECT done_ms FROM schedule WHERE name = 'backup'")?,
            })
        })
    }

    /// Opens a branch.
    ///
    /// # Errors
    /// A usage error for a name or a time zone that is none.
    pub fn add_store(&self, name: &str, time_zone: &str) -> Result<StoreId> {
        let name = check_name(name).map_err(|refusal| Error::Usage(refusal.to_string()))?;
        if !punchcard_domain::time::is_zone(time_zone) {
            return Err(Error::Usage(format!("{time_zone} is not a time zone, as Asia/Shanghai")));
        }
        self.write(|work| {
            let id = StoreId(random::uuid_at(work.now_ms)?);
            let record = Store { id, name, time_zone: time_zone.to_owned(), day_start_hour: 0 };
            work.say(Fact::StoreSet(RecordSet { id: fresh(work)?, record, private: None }))?;
            Ok(id)
        })
    }

    /// The branches, by name.
    ///
    /// # Errors
    /// Those of the database.
    pub fn stores(&self) -> Result<Vec<(StoreId, String)>> {
        self.read(records::stores)
    }

    /// Every till, in the order in which they were paired.
    ///
    /// # Errors
    /// Those of the database.
    pub fn tills(&self) -> Result<Vec<TillLine>> {
        self.read(|session| {
            let stores: BTreeMap<StoreId, String> = records::stores(session)?.into_iter().collect();
            let epoch = hub_row(session)?.epoch;
            let mut listed = Vec::new();
            for till in journal::tills(session)? {
                let lives = journal::streams_of(session, till.id)?;
                let mut holds_points = 0;
                for life in &lives {
                    holds_points += points_held(session, life.stream)?;
                }
                let forked = lives.iter().any(|life| life.state == "forked");
                let awaited = restored::awaited(&till, epoch);
                listed.push(TillLine {
                    till: till.id,
                    name: till.name,
                    store: stores.get(&till.store).cloned().unwrap_or_default(),
                    state: if forked { "FORKED".into() } else { till.state },
                    awaited,
                    streams: lives.len() as u64,
                    entries: lives.iter().map(|life| life.link.seq).sum(),
                    holds_points,
                    seen_ms: till.seen_ms,
                });
            }
            Ok(listed)
        })
    }

    /// A till no longer belongs to the business. Its value stays where it is, until it is
    /// reclaimed.
    ///
    /// # Errors
    /// `not_found`.
    pub fn revoke(&self, till: TillId) -> Result<()> {
        self.write(|work| {
            let row = known(work, till)?;
            restored::then_release(work, |work| {
                journal::put_till(&mut *work.session, &TillRow { state: "revoked".into(), ..row })
            })
        })
    }

    /// A manager says that a till is lost, or settles its two histories: the hub takes its value
    /// over. What the till spent since it was last heard of may be overdrawn then; that is seen
    /// and attributed to it. Returns how many points came back.
    ///
    /// # Errors
    /// `not_found`.
    pub fn reclaim(&self, till: TillId) -> Result<i64> {
        self.write(|work| {
            let row = known(work, till)?;
            let lives = journal::streams_of(&mut *work.session, till)?;
            let hub = work.hub.id;
            let taken = taken_over_by_hub(&mut *work.session, hub)?;
            let forked = lives.iter().any(|life| life.state == "forked");
            let mut points = 0;
            for life in &lives {
                // Of a till with two histories the lives since then go on.
                let goes_on = forked && life.state == "open";
                if taken.contains(&life.stream) || goes_on {
                    continue;
                }
                points += points_held(&mut *work.session, life.stream)?;
                reclaim_stream(work, life, true)?;
            }
            if !forked {
                let row = TillRow { state: "reclaimed".into(), ..row };
                restored::then_release(work, |work| journal::put_till(&mut *work.session, &row))?;
            }
            Ok(points)
        })
    }

    /// What a store reads: `everyone`, or `own` (its members and recent visitors).
    ///
    /// # Errors
    /// A usage error for anything else.
    pub fn set_follow(&self, follow: &str) -> Result<()> {
        if !["everyone", "own"].contains(&follow) {
            return Err(Error::Usage("everyone, or own".into()));
        }
        self.write(|work| {
            if work.hub.follow == follow {
                return Ok(());
            }
            journal::forget_feeds(&mut *work.session)?;
            follow.clone_into(&mut work.hub.follow);
            work.touch();
            if follow == "own" { feed_anew(work) } else { Ok(()) }
        })
    }
}

fn known(work: &mut Work<'_>, till: TillId) -> Result<TillRow> {
    journal::till(&mut *work.session, till)?
        .ok_or_else(|| Error::refused(Code::NotFound, "there is no such till"))
}

fn points_held(
    session: &mut dyn crate::store::Session,
    stream: punchcard_protocol::StreamId,
) -> Result<i64> {
    let sql = "SELECT amount FROM account WHERE account = 1 AND stream = $1 AND kind = 1";
    let rows = session.rows(sql, &[stream.into()])?;
    rows.iter().map(|row| row[0].int()).sum()
}

/// Makes every channel from the log: what is not about a member, and each store's members.
fn feed_anew(work: &mut Work<'_>) -> Result<()> {
    let mut after = 0;
    loop {
        let rows = journal::after(&mut *work.session, after, BATCH)?;
        let Some(last) = rows.last() else { break };
        after = last.position;
        let org: Vec<_> = rows
            .iter()
            .filter(|row| row.member.is_none() && !row.kept_back)
            .map(|row| (row.position, row.hash))
            .collect();
        journal::feed(&mut *work.session, "org", &org)?;
    }
    let sql = "SELECT DISTINCT member, store FROM fact
               WHERE member IS NOT NULL AND store IS NOT NULL";
    let mut pairs: BTreeMap<StoreId, std::collections::BTreeSet<_>> = BTreeMap::new();
    for row in work.session.rows(sql, &[])? {
        let member = punchcard_protocol::MemberId::from_bytes(row[0].exactly()?);
        pairs.entry(StoreId::from_bytes(row[1].exactly()?)).or_default().insert(member);
    }
    for row in work.session.rows("SELECT id, home_store FROM member", &[])? {
        let home = row[1].text().ok().and_then(|text| text.parse::<StoreId>().ok());
        let member = punchcard_protocol::MemberId::from_bytes(row[0].exactly()?);
        if let Some(home) = home {
            pairs.entry(home).or_default().insert(member);
        }
    }
    for (store, members) in pairs {
        for part in members.into_iter().collect::<Vec<_>>().chunks(BATCH) {
            work.follow(store, part)?;
        }
    }
    Ok(())
}
