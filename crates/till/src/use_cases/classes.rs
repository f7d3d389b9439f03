//! Bookings for classes: by permission, until there is a timetable to book from.

use chrono::{NaiveDateTime, NaiveTime, TimeZone as _};
use punchcard_domain::{
    decide::{self, BookClass},
    fact::Fact,
    member::MemberPrivate,
    staff::Permission,
    time::StoreDays,
};
use punchcard_protocol::{MemberId, PrivatePart};

use super::{
    actor::Actor,
    points::{self, known_member},
};
use crate::{
    error::{Error, Result},
    till::Till,
    views::DoneView,
};

/// How long a class lasts where nobody says.
const USUAL_MINUTES: u32 = 60;

impl Till {
    /// Books a member for a class that begins at a moment (Unix ms) and lasts so many minutes; none:
    /// an hour.
    ///
    /// # Errors
    /// `approval_needed`, `not_found`, `banned`; `bad_input` for `class`, `begins` or `minutes`.
    pub fn book_class(
        &self,
        actor: &Actor,
        member: MemberId,
        name: &str,
        begins_ms: i64,
        minutes: Option<u32>,
    ) -> Result<DoneView> {
        let (actor, name) = (actor.clone(), name.to_owned());
        let minutes = minutes.unwrap_or(USUAL_MINUTES);
        self.write(move |work| {
            actor.require(Permission::BookClass)?;
            let file = known_member(work, member)?;
            let banned = file.banned.is_some();
            let known = BookClass { member: file.id, banned, name, begins_ms, minutes };
            let mut decided = work.decide(None, |desk| Ok(decide::book_class(desk, &known)?))?;
            if let Fact::ClassBooked(body) = &mut decided.fact {
                body.approved_by = actor.approved_by(Permission::BookClass);
            }
            points::done(work, &actor, decided, &file, 0)
        })
    }

    /// When a class begins, as it was typed: 18:30 (today), 2026-11-23 18:30, or nothing (now). By
    /// the store's clock; Unix ms.
    ///
    /// # Errors
    /// `bad_input`.
    pub fn class_begins(&self, typed: &str) -> Result<i64> {
        let typed = typed.trim().replace('：', ":");
        self.write(move |work| {
            if typed.is_empty() {
                return Ok(work.now_ms());
            }
            begins(work.house.store.days(), work.now_ms(), &typed)
                .ok_or_else(|| Error::bad_input("begins", format!("{typed} is not HH:MM")))
        })
    }
}

fn begins(days: StoreDays, now_ms: i64, typed: &str) -> Option<i64> {
    let local = match NaiveTime::parse_from_str(typed, "%H:%M") {
        Ok(time) => days.wall(now_ms).date.0.and_time(time),
        Err(_) => NaiveDateTime::parse_from_str(typed, "%Y-%m-%d %H:%M").ok()?,
    };
    days.zone.from_local_datetime(&local).earliest().map(|moment| moment.timestamp_millis())
}

/// What a line calls a booking: when the class is, by the store's clock, and its name where that
/// was not erased.
pub(crate) fn label(fact: &Fact, private: Option<&PrivatePart>, days: StoreDays) -> Option<String> {
    let Fact::ClassBooked(body) = fact else { return None };
    let wall = days.wall(body.class.begins_ms);
    let (hour, minute) = (wall.minute_of_day / 60, wall.minute_of_day % 60);
    let when = format!("{} {hour:02}:{minute:02}", wall.date);
    let said: Option<MemberPrivate> =
        private.and_then(|part| serde_json::from_slice(&part.bytes).ok());
    Some(match said.and_then(|said| said.note) {
        Some(name) => format!("{name} · {when}"),
        None => when,
    })
}
