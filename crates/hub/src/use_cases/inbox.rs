//! What the owner should look at: a code, and what fills its sentence in.

use punchcard_domain::{
    fact::{Fact, LotRuled},
    ledger::ValueKind,
};
use punchcard_protocol::{LotId, MemberId, TillId, sync::Code};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{greet::reclaim_stream, push::fresh, restored, work::Work};
use crate::{
    error::{Error, Result},
    hub::Hub,
    random,
    store::journal,
};

/// Something that waits for a person.
#[derive(Debug, Clone, Serialize)]
pub struct InboxLine {
    /// Id.
    pub id: String,
    /// When: Unix ms.
    pub at_ms: i64,
    /// What it is: `forked`, `chain_broken`, `revoked`, `quarantined`, `doubtful_points`,
    /// `doubtful_redemption`, `redemption_without_leave`, `reward_too_often`, `limit_overstepped`,
    /// `doubtful_voucher`, `doubtful_pass`, `opening_value`, `adjusted_points`, `topped_up`, `seen_twice`,
    /// `overdrawn`, `second_life`, `hub_restored`, `quarantine_full`, `card_numbers_out`, `member_erased`,
    /// `erased_parts`, `many_erased`; `more`: how many lines of each code there
    /// would be on top of those that are listed.
    pub code: String,
    /// What fills its sentence in. No names: ids.
    pub args: Map<String, Value>,
    /// A person has looked.
    pub settled: bool,
}

/// So many lines of one code may wait. Whatever comes on top is counted in one line for each till,
/// `more`: nobody buries a line that matters under a thousand others.
const MOST_OPEN: u64 = 200;
/// Lines that are listed: all that can wait, and some that are settled.
const LISTED: i64 = 4000;
const MORE: &str = "more";

/// Puts something into the owner's inbox.
pub(crate) fn tell(work: &mut Work<'_>, code: &str, args: &Value) -> Result<()> {
    let sql = "SELECT count(*) FROM inbox WHERE code = $1 AND settled = 0";
    let open = work.session.row(sql, &[code.into()])?.map_or(Ok(0), |row| row[0].count())?;
    if open >= MOST_OPEN && code != MORE {
        let till = args.get("till").and_then(Value::as_str).and_then(|till| till.parse().ok());
        let till = till.unwrap_or_else(|| TillId::from_bytes([0; 16]));
        return add_up(work, MORE, till, &[(code, 1)]);
    }
    let id = random::uuid_at(work.now_ms)?;
    let now_ms = work.now_ms;
    tracing::warn!(code, "something for the owner's inbox");
    work.session.execute(
        "INSERT INTO inbox (id, at_ms, code, args, settled) VALUES ($1, $2, $3, $4, 0)",
        &[id.as_bytes().into(), now_ms.into(), code.into(), args.to_string().into()],
    )?;
    Ok(())
}

/// Adds to the line of that code and till that is still open; where there is none, puts one there.
pub(crate) fn add_up(
    work: &mut Work<'_>,
    code: &str,
    till: TillId,
    adds: &[(&str, i64)],
) -> Result<()> {
    let sql = "SELECT id, args FROM inbox WHERE code = $1 AND settled = 0";
    for row in work.session.rows(sql, &[code.into()])? {
        let mut args: Map<String, Value> = serde_json::from_str(row[1].text()?)?;
        if args.get("till").and_then(Value::as_str) != Some(&till.to_string()) {
            continue;
        }
        for (name, amount) in adds {
            let known = args.get(*name).and_then(Value::as_i64).unwrap_or(0);
            args.insert((*name).to_owned(), known.saturating_add(*amount).into());
        }
        let id: [u8; 16] = row[0].exactly()?;
        let args = Value::Object(args).to_string();
        work.session
            .execute("UPDATE inbox SET args = $1 WHERE id = $2", &[args.into(), id.into()])?;
        return Ok(());
    }
    let mut args = Map::from_iter([("till".to_owned(), Value::from(till.to_string()))]);
    args.extend(adds.iter().map(|(name, amount)| ((*name).to_owned(), Value::from(*amount))));
    tell(work, code, &Value::Object(args))
}

impl Hub {
    /// What waits for the owner, the newest first; what is settled last.
    ///
    /// # Errors
    /// Those of the database.
    pub fn inbox(&self) -> Result<Vec<InboxLine>> {
        let sql = "SELECT id, at_ms, code, args, settled FROM inbox
                   ORDER BY settled, at_ms DESC, id DESC LIMIT $1";
        self.read(|session| {
            session
                .rows(sql, &[LISTED.into()])?
                .iter()
                .map(|row| {
                    Ok(InboxLine {
                        id: uuid::Uuid::from_bytes(row[0].exactly()?).to_string(),
                        at_ms: row[1].int()?,
                        code: row[2].text()?.to_owned(),
                        args: serde_json::from_str(row[3].text()?)?,
                        settled: row[4].int()? != 0,
                    })
                })
                .collect()
        })
    }

    /// A person has looked. Points that no rule gave are free again where they are accepted, and
    /// stay frozen where they are not.
    ///
    /// # Errors
    /// `not_found`; those of the database.
    pub fn settle(&self, id: &str, accept: bool) -> Result<()> {
        let line = self
            .inbox()?
            .into_iter()
            .find(|line| line.id == id)
            .ok_or_else(|| Error::refused(Code::NotFound, "nothing of that id waits"))?;
        self.write(|work| {
            if line.code == "doubtful_points" && accept && !line.settled {
                let fact = free(work, &line.args)?;
                work.say(fact)?;
            }
            if line.code == "second_life" && accept && !line.settled {
                free_earlier_life(work, &line.args)?;
            }
            if line.code == "hub_restored" && accept && !line.settled {
                restored::go_on(work)?;
            }
            let id: uuid::Uuid = line.id.parse().map_err(|_| Error::Usage("not an id".into()))?;
            work.session
                .execute("UPDATE inbox SET settled = 1 WHERE id = $1", &[id.as_bytes().into()])?;
            Ok(())
        })
    }
}

/// A manager says that the life before can be given up: the hub takes its value over, and the till
/// draws it. What that life spent and the hub never heard of may be overdrawn then.
fn free_earlier_life(work: &mut Work<'_>, args: &Map<String, Value>) -> Result<()> {
    let before = args.get("before").and_then(Value::as_str).unwrap_or_default();
    let before =
        before.parse().map_err(|_| Error::Damaged("an inbox line without its life".into()))?;
    match journal::stream(&mut *work.session, before)? {
        Some(row) if row.state != "closed" => reclaim_stream(work, &row, true),
        _ => Ok(()),
    }
}

fn free(work: &Work<'_>, args: &Map<String, Value>) -> Result<Fact> {
    let text = |name: &str| args.get(name).and_then(Value::as_str).unwrap_or_default();
    let missing = |_| Error::Damaged("an inbox line without its lot".into());
    let member: MemberId = text("member").parse().map_err(missing)?;
    let lot: LotId = text("lot").parse().map_err(missing)?;
    Ok(Fact::LotRuled(LotRuled {
        id: fresh(work)?,
        member,
        lot,
        kind: ValueKind::Points,
        frozen: false,
        at_ms: work.effective_ms(),
    }))
}
