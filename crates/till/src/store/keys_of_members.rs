//! What members are found by: one row for each thing they may be called by, in one B-tree that is
//! searched by prefix. Measured against a full-text index on a million members: an order of
//! magnitude faster, and names of two characters are found too.
//!
//! Keys begin with a letter for their kind: `p` phone, reversed (so that an ending is a prefix) ·
//! `c` card · `n` name and its parts · `y` pinyin · `i` initials.

use std::collections::BTreeMap;

pub use punchcard_domain::text::fold;
use rusqlite::{Connection, params};

use super::{cards, local, snapshot::Progress};
use crate::{
    error::{Error, Result},
    pinyin,
};

/// Makes a member's rows anew from their file.
///
/// # Errors
/// Those of the store.
pub fn refresh(db: &Connection, member: i64) -> Result<()> {
    let keys = keys_in_file(db, member)?;
    let found_by: Option<String> = db
        .prepare_cached("SELECT found_by FROM member WHERE n = ?1")?
        .query_row([member], |row| row.get(0))?;
    let before: Vec<String> =
        found_by.map(|text| serde_json::from_str(&text)).transpose()?.unwrap_or_default();
    for key in before.iter().filter(|key| !keys.contains(key)) {
        db.prepare_cached("DELETE FROM member_key WHERE key = ?1 AND member = ?2")?
            .execute(params![key, member])?;
    }
    for key in keys.iter().filter(|key| !before.contains(key)) {
        db.prepare_cached(
            "INSERT INTO member_key (key, member) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        )?
        .execute(params![key, member])?;
    }
    keep(db, member, &keys)
}

/// What the rows of this program hold. Earlier ones made other rows of cards of which something was
/// said by itself: a card that another desk took off the list while it was reported lost here had
/// none, and one that was moved kept that of its other spelling.
const ROWS: u32 = 1;

/// Makes the rows anew that an earlier program made, once: of those members of whom cards something
/// was said by itself. The others have the same rows as ever. A store can be opened on a full disk: then
/// it is done another time.
///
/// # Errors
/// Those of the store.
pub fn bring_up_to_date(db: &mut Connection) -> Result<()> {
    match make_anew(db) {
        Err(Error::DiskFull) => {
            tracing::warn!("what members are found by is made anew later");
            Ok(())
        }
        done => done,
    }
}

fn make_anew(db: &mut Connection) -> Result<()> {
    let made: Option<u32> = local::get(db, local::MEMBER_KEYS)?;
    // Where a snapshot is on its way, this waits for the next start.
    if made == Some(ROWS) || Progress::read(db)?.is_some() {
        return Ok(());
    }
    let transaction = db.transaction()?;
    let members = with_card_states(&transaction)?;
    members.into_iter().try_for_each(|member| refresh(&transaction, member))?;
    local::set(&transaction, local::MEMBER_KEYS, &ROWS)?;
    Ok(transaction.commit()?)
}

fn with_card_states(db: &Connection) -> Result<Vec<i64>> {
    let mut statement = db.prepare_cached(
        "SELECT DISTINCT s.member FROM card_state s JOIN member m ON m.n = s.member",
    )?;
    Ok(statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
}

/// Makes the lists anew of members of whom cards were said one by one, without their rows: a snapshot
/// brings their files first, and makes the rows last.
///
/// # Errors
/// Those of the store.
pub fn list_cards(db: &Connection) -> Result<()> {
    let mut statement = db.prepare_cached("SELECT DISTINCT member FROM card_state")?;
    let members =
        statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
    members.into_iter().try_for_each(|member| keep(db, member, &keys_in_file(db, member)?))
}

fn keep(db: &Connection, member: i64, keys: &[String]) -> Result<()> {
    db.prepare_cached("UPDATE member SET found_by = ?2 WHERE n = ?1")?
        .execute(params![member, serde_json::to_string(keys)?])?;
    Ok(())
}

/// Everything a member may be called by, as their file and their cards are now.
fn keys_in_file(db: &Connection, member: i64) -> Result<Vec<String>> {
    type File = (Option<String>, Option<String>, Option<String>, Vec<u8>);
    let (name, phone, cards, stamps): File = db
        .prepare_cached("SELECT name, phone, cards, stamps FROM member WHERE n = ?1")?
        .query_row([member], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    let list = cards.map(|text| serde_json::from_str(&text)).transpose()?.unwrap_or_default();
    let (cards, _) = cards::of(db, member, &stamps, list, BTreeMap::new())?;
    Ok(keys(name.as_deref().unwrap_or_default(), phone.as_deref(), &cards))
}

/// The key of a phone: reversed, so that an ending is a prefix.
pub fn phone_key(phone: &str) -> String {
    let digits: String = phone.chars().rev().filter(char::is_ascii_digit).collect();
    format!("p{digits}")
}

/// Everything a member may be called by.
pub fn keys(name: &str, phone: Option<&str>, cards: &[String]) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    if let Some(phone) = phone {
        keys.push(phone_key(phone));
    }
    keys.extend(cards.iter().map(|card| format!("c{}", fold(card))));
    let folded = fold(name);
    keys.extend(name_parts(&folded).into_iter().map(|part| format!("n{part}")));
    for reading in pinyin::readings(name) {
        keys.push(format!("y{}", reading.full));
        keys.push(format!("i{}", reading.initials));
    }
    keys.sort_unstable();
    keys.dedup();
    keys.retain(|key| key.len() > 1);
    keys
}

/// A name and the ends of it that people search by: 欧阳娜娜 → 欧阳娜娜, 阳娜娜, 娜娜, 娜. Of a name in
/// Latin letters, each word is found through its row of pinyin.
fn name_parts(folded: &str) -> Vec<String> {
    let chars: Vec<char> = folded.chars().collect();
    let hanzi = chars.len() <= 8 && chars.iter().all(|c| !c.is_ascii());
    let ends = if hanzi { chars.len() } else { chars.len().min(1) };
    (0..ends).map(|start| chars[start..].iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use punchcard_domain::{
        member::{CardIs, CardState, MemberField},
        stamps::{StampKey, Stamps},
    };

    use super::*;
    use crate::store::{connect, read};

    fn key(hlc: u8) -> StampKey {
        let mut key = StampKey::default();
        key[7] = hlc;
        key
    }

    /// A member of an earlier program's store: the list of cards as it was said whole at 5, the rows
    /// that program made of it, and what was said of single cards.
    fn member(db: &Connection, n: i64, cards: &str, said: &[(&str, CardIs, u8)]) {
        let mut stamps = Stamps::default();
        stamps.set(key(5), MemberField::Cards);
        let list: Vec<String> = serde_json::from_str(cards).expect("a list");
        let found_by = keys("", None, &list);
        let found_by_text = serde_json::to_string(&found_by).expect("JSON");
        let id = [u8::try_from(n).expect("small"); 16];
        db.execute(
            "INSERT INTO member (n, id, name, cards, found_by, stamps) VALUES (?1, ?2, '', ?3, ?4, ?5)",
            params![n, id, cards, found_by_text, stamps.encode()],
        )
        .expect("a member");
        for key in found_by {
            db.execute("INSERT INTO member_key (key, member) VALUES (?1, ?2)", params![key, n])
                .expect("a row");
        }
        for (card, is, hlc) in said {
            db.execute(
                "INSERT INTO card_state (member, card, state, hlc, stream) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![n, card, is.number(), hlc, [0u8; 20]],
            )
            .expect("a row");
        }
    }

    /// One desk took a card off the list, and another one reported it lost after that; of another
    /// one, that stands on the file in two spellings, the one was moved to somebody else's file.
    #[test]
    fn rows_of_an_earlier_program_are_made_anew() {
        let mut db = connect::in_memory_at(9).expect("memory");
        let no_longer = CardIs::NoLonger;
        member(&db, 1, r#"["B"]"#, &[("A", no_longer(CardState::Lost), 6)]);
        let moved = [("04A1B2C3", no_longer(CardState::Moved), 6)];
        member(&db, 2, r#"["77705923"]"#, &moved);
        member(&db, 3, r#"["04A1B2C3"]"#, &[]);
        connect::migrate(&mut db).expect("the newest schema");
        let of = |db: &Connection, card: &str| {
            read::members_with_key(db, &format!("c{}", fold(card))).expect("it answers")
        };
        assert_eq!((of(&db, "A"), of(&db, "77705923")), (vec![], vec![2]));
        bring_up_to_date(&mut db).expect("anew");
        assert_eq!((of(&db, "A"), of(&db, "B")), (vec![1], vec![1]));
        assert_eq!((of(&db, "77705923"), of(&db, "04A1B2C3")), (vec![], vec![3]));
        // Once: what is made from now on is as it is.
        db.execute("DELETE FROM member_key WHERE member = 1", []).expect("gone");
        bring_up_to_date(&mut db).expect("nothing to do");
        assert_eq!(of(&db, "A"), Vec::<i64>::new());
    }

    #[test]
    fn on_a_full_disk_they_are_made_another_time() {
        let mut db = connect::in_memory_at(9).expect("memory");
        let card = |n: i64| format!("{n:060}");
        for n in 1..250 {
            member(&db, n, "[]", &[(&card(n), CardIs::NoLonger(CardState::Lost), 6)]);
        }
        connect::migrate(&mut db).expect("the newest schema");
        let found = |db: &Connection| {
            let rows = "SELECT count(*) FROM member_key";
            db.query_row(rows, [], |row| row.get::<_, i64>(0)).expect("it answers")
        };
        let room = |db: &Connection, pages: i64| {
            db.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).expect("set");
        };
        // No room for one page more than there are.
        room(&db, 1);
        bring_up_to_date(&mut db).expect("a store is opened all the same");
        assert_eq!(found(&db), 0, "nothing half written");
        room(&db, 1_000_000);
        bring_up_to_date(&mut db).expect("now there is room");
        assert_eq!(found(&db), 249);
    }

    #[test]
    fn everything_somebody_may_be_called_by() {
        let keys = keys("欧阳娜娜", Some("+8613812340427"), &["00100007".into()]);
        for key in ["p7240432183168", "c00100007", "n欧阳娜娜", "n娜娜", "youyangnana", "ioynn"]
        {
            assert!(keys.iter().any(|found| found == key), "{key} in {keys:?}");
        }
    }

    #[test]
    fn words_of_a_latin_name() {
        let keys = keys("Emma Carter", None, &[]);
        for key in ["nemmacarter", "yemmacarter", "ycarter", "iec"] {
            assert!(keys.iter().any(|found| found == key), "{key} in {keys:?}");
        }
    }

    #[test]
    fn rare_characters_are_found_by_themselves() {
        for name in ["李喆", "王堃", "张祎", "曾𠮷"] {
            let keys = keys(name, None, &[]);
            let last: String = name.chars().skip(1).collect();
            assert!(keys.contains(&format!("n{name}")) && keys.contains(&format!("n{last}")));
        }
    }
}
