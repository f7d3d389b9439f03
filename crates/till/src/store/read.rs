//! Questions about members and what happened.

use std::collections::{BTreeMap, BTreeSet};

use punchcard_domain::{
    classes::Booking,
    decide::LastVisit,
    member::{CardState, Channel, Contact, Waiver},
    standing::{self, ChangeOf, Sold, Standing, standing, without_pass},
    terms::Terms,
    time::Day,
};
use punchcard_protocol::{FactId, LotId, MemberId, PassId, RecordId, StoreId};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{
    cards,
    keys_of_members::fold,
    merged::{self, Files},
};
use crate::error::Result;

/// A member's file as it lies in the table.
#[derive(Debug, Clone)]
pub struct MemberFile {
    /// Local number.
    pub number: i64,
    /// Id.
    pub id: MemberId,
    /// Name.
    pub name: String,
    /// Phone, E.164.
    pub phone: Option<String>,
    /// E-mail.
    pub email: Option<String>,
    /// Birthday.
    pub birthday: Option<Day>,
    /// Gender.
    pub gender: Option<String>,
    /// The staff's note.
    pub note: Option<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Card numbers.
    pub cards: Vec<String>,
    /// Tier.
    pub tier: Option<RecordId>,
    /// Why they are banned.
    pub banned: Option<String>,
    /// The fact that set their photo.
    pub photo: Option<FactId>,
    /// Whom to call in an emergency.
    pub contact: Option<Contact>,
    /// The waiver they signed.
    pub waiver: Option<Waiver>,
    /// Who answers for them.
    pub guardian: Option<MemberId>,
    /// Their family.
    pub family: Option<String>,
    /// By which channels they may be written to.
    pub consent: BTreeSet<Channel>,
    /// Who brought them.
    pub referred_by: Option<MemberId>,
    /// The owner's own fields.
    pub custom: BTreeMap<String, String>,
    /// Cards that are no longer in use.
    pub dead_cards: BTreeMap<String, CardState>,
    /// A phone of theirs was set up for codes. What they are made of is read where one is checked,
    /// and nowhere else.
    pub has_phone_code: bool,
    /// When their file was opened.
    pub joined_ms: i64,
    /// No file here was merged with another when this one was read: theirs is the only one of this person.
    /// What merges files reads them anew.
    pub alone: bool,
}

impl MemberFile {
    /// A file that is about to be opened: nothing stands on it yet.
    pub fn blank(id: MemberId) -> Self {
        Self {
            number: 0,
            id,
            name: String::new(),
            phone: None,
            email: None,
            birthday: None,
            gender: None,
            note: None,
            tags: Vec::new(),
            cards: Vec::new(),
            tier: None,
            banned: None,
            photo: None,
            contact: None,
            waiver: None,
            guardian: None,
            family: None,
            consent: BTreeSet::new(),
            referred_by: None,
            custom: BTreeMap::new(),
            dead_cards: BTreeMap::new(),
            has_phone_code: false,
            joined_ms: 0,
            alone: true,
        }
    }
}

/// A file, and what most files have none of: whether anything was said of single cards, and whether any file here
/// is merged. Asked along with it, so that a scan need not ask for what is not there.
const MEMBER: &str = "SELECT n, id, name, phone, email, birthday, gender, note, tags, cards, tier,
                             banned, photo, joined_ms, contact, waiver, guardian, family, consent,
                             referred_by, custom, dead_cards, stamps, phone_code IS NOT NULL,
                             EXISTS (SELECT 1 FROM card_state c WHERE c.member = m.n),
                             EXISTS (SELECT 1 FROM merge)
                      FROM member m WHERE n = ?1";

/// A field that is JSON; one that cannot be read is as good as none.
fn json<T: serde::de::DeserializeOwned>(text: Option<String>) -> Option<T> {
    text.and_then(|text| serde_json::from_str(&text).ok())
}

fn member_file(row: &Row<'_>) -> rusqlite::Result<MemberFile> {
    let list = |text: Option<String>| {
        text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    };
    let parsed = |text: Option<String>| text.and_then(|text| text.parse().ok());
    Ok(MemberFile {
        number: row.get(0)?,
        id: MemberId::from_bytes(row.get(1)?),
        name: row.get::<_, Option<String>>(2)?.unwrap_or_default(),
        phone: row.get(3)?,
        email: row.get(4)?,
        birthday: row.get::<_, Option<String>>(5)?.and_then(|text| text.parse().ok()),
        gender: row.get(6)?,
        note: row.get(7)?,
        tags: list(row.get(8)?),
        cards: list(row.get(9)?),
        tier: row.get::<_, Option<String>>(10)?.and_then(|text| text.parse().ok()),
        banned: row.get(11)?,
        photo: parsed(row.get(12)?),
        joined_ms: row.get::<_, Option<i64>>(13)?.unwrap_or_default(),
        contact: json(row.get(14)?),
        waiver: json(row.get(15)?),
        guardian: row.get::<_, Option<String>>(16)?.and_then(|text| text.parse().ok()),
        family: row.get(17)?,
        consent: json(row.get(18)?).unwrap_or_default(),
        referred_by: row.get::<_, Option<String>>(19)?.and_then(|text| text.parse().ok()),
        custom: json(row.get(20)?).unwrap_or_default(),
        dead_cards: json(row.get(21)?).unwrap_or_default(),
        has_phone_code: row.get(23)?,
        alone: !row.get::<_, bool>(25)?,
    })
}

/// One member: the file they are shown as, where theirs was merged into another.
///
/// # Errors
/// Those of the store.
pub fn member(db: &Connection, id: MemberId) -> Result<Option<MemberFile>> {
    let found = db
        .prepare_cached("SELECT n FROM member WHERE id = ?1")?
        .query_row([id.as_bytes()], |row| row.get(0))
        .optional()?;
    let Some(number) = found else { return Ok(None) };
    member_by_number(db, merged::shown_as(db, number)?)
}

/// What the codes on a member's phone are made of, by local number; none: none was set up.
///
/// # Errors
/// Those of the store.
pub fn phone_code(db: &Connection, number: i64) -> Result<Option<String>> {
    Ok(db
        .prepare_cached("SELECT phone_code FROM member WHERE n = ?1")?
        .query_row([number], |row| row.get(0))?)
}

/// One member, by local number.
///
/// # Errors
/// Those of the store.
pub fn member_by_number(db: &Connection, number: i64) -> Result<Option<MemberFile>> {
    let found = db
        .prepare_cached(MEMBER)?
        .query_row([number], |row| {
            Ok((member_file(row)?, row.get::<_, Vec<u8>>(22)?, row.get::<_, bool>(24)?))
        })
        .optional()?;
    let Some((mut file, stamps, single_cards)) = found else { return Ok(None) };
    if !single_cards {
        return Ok(Some(file));
    }
    let (list, dead) = (std::mem::take(&mut file.cards), std::mem::take(&mut file.dead_cards));
    (file.cards, file.dead_cards) = cards::of(db, file.number, &stamps, list, dead)?;
    Ok(Some(file))
}

/// Members that have exactly this key (see [`super::keys_of_members`]), at most two: more than
/// one is all a caller needs to know.
///
/// # Errors
/// Those of the store.
pub fn members_with_key(db: &Connection, key: &str) -> Result<Vec<i64>> {
    let mut statement = db.prepare_cached(
        "SELECT member, EXISTS (SELECT 1 FROM merge) FROM member_key WHERE key = ?1
         ORDER BY member LIMIT 2",
    )?;
    let rows = statement.query_map([key], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut members = Vec::new();
    for row in rows {
        let (number, any_merged) = row?;
        let shown = if any_merged { merged::shown_as(db, number)? } else { number };
        if !members.contains(&shown) {
            members.push(shown);
        }
    }
    Ok(members)
}

/// Members found by the beginning of a card number, the ending of a phone, a name, its pinyin or
/// initials: local numbers, the exact ones first, at most `limit`.
///
/// # Errors
/// Those of the store.
pub fn find(db: &Connection, query: &str, limit: usize) -> Result<Vec<i64>> {
    let mut found: Vec<i64> = Vec::new();
    for prefix in prefixes(query) {
        let missing = limit.saturating_sub(found.len());
        if missing == 0 {
            break;
        }
        let mut statement = db.prepare_cached(
            "SELECT member FROM member_key WHERE key >= ?1 AND key < ?2 ORDER BY key LIMIT ?3",
        )?;
        // A name may stand in the range more than once; what is asked for more than is missing
        // makes up for that.
        let most = i64::try_from(limit * 2).unwrap_or(i64::MAX);
        let end = format!("{prefix}\u{10FFFF}");
        for member in statement.query_map(params![prefix, end, most], |row| row.get(0))? {
            let member = merged::shown_as(db, member?)?;
            if !found.contains(&member) {
                found.push(member);
            }
        }
        found.truncate(limit);
    }
    Ok(found)
}

/// What a query may mean, the likeliest first.
fn prefixes(query: &str) -> Vec<String> {
    let folded = fold(query);
    if folded.is_empty() {
        return Vec::new();
    }
    let digits: String = folded.chars().filter(char::is_ascii_digit).collect();
    let phone_like = folded.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '(' | ')'));
    if phone_like && !digits.is_empty() {
        let ending: String = digits.chars().rev().collect();
        return vec![format!("p{ending}"), format!("c{digits}")];
    }
    if folded.is_ascii() {
        return ["y", "i", "n", "c"].iter().map(|kind| format!("{kind}{folded}")).collect();
    }
    let mut prefixes = vec![format!("n{folded}")];
    prefixes.push(format!("y{folded}"));
    prefixes
}

/// A pass as it lies in the table, not voided.
#[derive(Debug, Clone)]
pub struct PassFile {
    /// Id.
    pub id: PassId,
    /// The fact that gave it.
    pub fact: FactId,
    /// Name.
    pub name: String,
    /// First day.
    pub from: Day,
    /// Last day.
    pub until: Option<Day>,
    /// Its visits.
    pub visits: Option<LotId>,
    /// What it allows besides.
    pub terms: Terms,
    /// What happened to it since and was not taken back.
    pub changes: Vec<ChangeOf>,
}

impl PassFile {
    /// How it stands on a day.
    pub fn standing(&self, today: Day) -> Standing {
        let sold = Sold { from: self.from, until: self.until, terms: &self.terms };
        standing(&sold, &self.changes, today)
    }
}

/// The fact that gave a pass to one of the files of a person, whether it was taken back or not.
///
/// # Errors
/// Those of the store.
pub fn gave(db: &Connection, files: &Files, pass: PassId) -> Result<Option<FactId>> {
    let mut statement = db.prepare_cached("SELECT fact FROM pass WHERE member = ?1 AND id = ?2")?;
    for (file, _) in files {
        let found = statement
            .query_row(params![file, pass.as_bytes()], |row| row.get(0).map(FactId::from_bytes))
            .optional()?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// What happened to a pass and was not taken back.
///
/// # Errors
/// Those of the store.
pub fn changes(db: &Connection, pass: PassId) -> Result<Vec<ChangeOf>> {
    let mut statement = db.prepare_cached(
        "SELECT fact, body FROM pass_change WHERE pass = ?1
         AND NOT EXISTS (SELECT 1 FROM void WHERE target = pass_change.fact) ORDER BY fact, what",
    )?;
    let mut found = Vec::new();
    let mut rows = statement.query([pass.as_bytes()])?;
    while let Some(row) = rows.next()? {
        let (fact, body): ([u8; 16], String) = (row.get(0)?, row.get(1)?);
        let change = serde_json::from_str(&body)?;
        found.push(ChangeOf { fact: FactId::from_bytes(fact), change });
    }
    Ok(found)
}

/// How many visits of this calendar month a member made for free, as their tier lets them.
///
/// # Errors
/// Those of the store.
pub fn free_visits(db: &Connection, file: &MemberFile, today: Day) -> Result<u32> {
    Ok(standing::free_visits(&of_no_pass(db, file)?, today))
}

/// The classes that a member is booked for.
///
/// # Errors
/// Those of the store.
pub fn bookings(db: &Connection, file: &MemberFile) -> Result<Vec<Booking>> {
    Ok(standing::bookings(&of_no_pass(db, file)?))
}

/// What a member does or may do without any one pass, under whichever of their files.
fn of_no_pass(db: &Connection, file: &MemberFile) -> Result<Vec<ChangeOf>> {
    let mut found = Vec::new();
    for (_, other) in merged::files_of(db, file)? {
        found.extend(changes(db, without_pass(other.unwrap_or(file.id)))?);
    }
    Ok(found)
}

/// What is known of somebody's visits when they stand at the desk.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VisitsSoFar {
    /// The last one.
    pub last: Option<LastVisit>,
    /// How many there were since a moment.
    pub since: i64,
}

/// A person's last visit that counted, not after `before_ms`, and how many there were since `since_ms`, in one
/// walk back. Where the last one was is looked up only for a visit that is not before
/// `recent_ms`: it lies on a page that nobody has read.
///
/// # Errors
/// Those of the store.
pub fn visits_so_far(
    db: &Connection,
    files: &Files,
    before_ms: i64,
    since_ms: i64,
    recent_ms: i64,
) -> Result<VisitsSoFar> {
    let (mut last, mut since): (Option<(i64, [u8; 16])>, i64) = (None, 0);
    for (file, _) in files {
        let mut statement = db.prepare_cached(
            "SELECT at_ms, id FROM fact_of_member f WHERE member = ?1 AND counted = 1
             AND NOT EXISTS (SELECT 1 FROM void WHERE target = f.id) ORDER BY at_ms DESC",
        )?;
        let mut visits = statement.query([file])?;
        let mut theirs = None;
        while let Some(row) = visits.next()? {
            let at_ms: i64 = row.get(0)?;
            since += i64::from(at_ms >= since_ms);
            if theirs.is_none() && at_ms <= before_ms {
                theirs = Some((at_ms, row.get(1)?));
            }
            if theirs.is_some() && at_ms < since_ms {
                break;
            }
        }
        last = [last, theirs].into_iter().flatten().max_by_key(|(at_ms, _)| *at_ms);
    }
    let Some((at_ms, fact)) = last else { return Ok(VisitsSoFar { last: None, since }) };
    let store = if at_ms >= recent_ms { store_of(db, fact)? } else { None };
    Ok(VisitsSoFar { last: Some(LastVisit { at_ms, store }), since })
}

/// Where a fact happened.
fn store_of(db: &Connection, fact: [u8; 16]) -> Result<Option<StoreId>> {
    let store = db
        .prepare_cached("SELECT store FROM fact WHERE id = ?1")?
        .query_row([fact], |row| row.get::<_, Option<[u8; 16]>>(0))
        .optional()?;
    Ok(store.flatten().map(StoreId::from_bytes))
}

/// How many visits counted since a moment.
///
/// # Errors
/// Those of the store.
pub fn visits_since(db: &Connection, member: i64, since_ms: i64) -> Result<i64> {
    let mut visits = 0;
    for (file, _) in merged::files(db, member)? {
        visits += db
            .prepare_cached(
                "SELECT count(*) FROM fact_of_member f WHERE member = ?1 AND at_ms >= ?2
                 AND counted = 1 AND NOT EXISTS (SELECT 1 FROM void WHERE target = f.id)",
            )?
            .query_row([file, since_ms], |row| row.get::<_, i64>(0))?;
    }
    Ok(visits)
}

/// Whether anything happened to a person since a moment, under any of their files.
///
/// # Errors
/// Those of the store.
pub fn happened_since(db: &Connection, member: i64, since_ms: i64) -> Result<bool> {
    let mut happened =
        db.prepare_cached("SELECT 1 FROM fact_of_member WHERE member = ?1 AND at_ms >= ?2")?;
    for (file, _) in merged::files(db, member)? {
        if happened.exists([file, since_ms])? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Where a fact stands, and whether it was taken back.
#[derive(Debug, Clone, Copy)]
pub struct FactPlace {
    /// Its entry's id.
    pub entry: i64,
    /// When.
    pub at_ms: i64,
    /// It was taken back.
    pub voided: bool,
}

/// Finds a fact.
///
/// # Errors
/// Those of the store.
pub fn fact(db: &Connection, id: FactId) -> Result<Option<FactPlace>> {
    Ok(db
        .prepare_cached(
            "SELECT entry, at_ms, EXISTS (SELECT 1 FROM void WHERE target = ?1) FROM fact WHERE id = ?1",
        )?
        .query_row([id.as_bytes()], |row| {
            Ok(FactPlace { entry: row.get(0)?, at_ms: row.get(1)?, voided: row.get(2)? })
        })
        .optional()?)
}

/// When the newest fact happened: Unix ms. Ids sort by when what they name happened.
///
/// # Errors
/// Those of the store.
pub fn newest_ms(db: &Connection) -> Result<Option<i64>> {
    Ok(db
        .prepare_cached("SELECT at_ms FROM fact ORDER BY id DESC LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?)
}

/// By which fact something was taken back: the smallest id.
///
/// # Errors
/// Those of the store.
pub fn voided_by(db: &Connection, target: FactId) -> Result<Option<FactId>> {
    Ok(db
        .prepare_cached("SELECT by FROM void WHERE target = ?1")?
        .query_row([target.as_bytes()], |row| row.get(0).map(FactId::from_bytes))
        .optional()?)
}

/// Entries about a member, newest first.
///
/// # Errors
/// Those of the store.
pub fn entries_of_member(db: &Connection, member: i64, limit: i64) -> Result<Vec<i64>> {
    let mut found: Vec<(i64, i64)> = Vec::new();
    for (file, _) in merged::files(db, member)? {
        let mut statement = db.prepare_cached(
            "SELECT o.at_ms, f.entry FROM fact_of_member o JOIN fact f ON f.id = o.id
             WHERE o.member = ?1 ORDER BY o.at_ms DESC, f.entry DESC LIMIT ?2",
        )?;
        let rows = statement.query_map([file, limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
        found.extend(rows.collect::<rusqlite::Result<Vec<_>>>()?);
    }
    found.sort_unstable_by(|first, second| second.cmp(first));
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(found.into_iter().map(|(_, entry)| entry).collect())
}

/// Everybody of a family, by id; files that are shown as others count as those.
///
/// # Errors
/// Those of the store.
pub fn family(db: &Connection, family: &str) -> Result<Vec<MemberId>> {
    let mut statement =
        db.prepare_cached("SELECT n FROM member WHERE family = ?1 ORDER BY id LIMIT 50")?;
    let numbers =
        statement.query_map([family], |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()?;
    let mut found = Vec::new();
    for number in numbers {
        if let Some(file) = member_by_number(db, merged::shown_as(db, number)?)?
            && !found.contains(&file.id)
        {
            found.push(file.id);
        }
    }
    Ok(found)
}

/// A member's home store.
///
/// # Errors
/// Those of the store.
pub fn home_store(db: &Connection, member: i64) -> Result<Option<StoreId>> {
    let text: Option<String> = db
        .prepare_cached("SELECT home_store FROM member WHERE n = ?1")?
        .query_row([member], |row| row.get(0))
        .optional()?
        .flatten();
    Ok(text.and_then(|text| text.parse().ok()))
}

/// Whether there is any member.
///
/// # Errors
/// Those of the store.
pub fn has_members(db: &Connection) -> Result<bool> {
    Ok(db.query_row("SELECT EXISTS (SELECT 1 FROM member)", [], |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_query_may_mean() {
        assert_eq!(prefixes("0427"), ["p7240", "c0427"]);
        assert_eq!(prefixes("138 1234-0427"), ["p72404321831", "c13812340427"]);
        assert_eq!(prefixes("１３８"), ["p831", "c138"]);
        assert_eq!(prefixes("WK"), ["ywk", "iwk", "nwk", "cwk"]);
        assert_eq!(prefixes("王 堃"), ["n王堃", "y王堃"]);
        assert!(prefixes("  ").is_empty());
    }
}
