//! One row: read, judged, and made into a fact.

use std::collections::HashSet;

use punchcard_domain::{
    fact::{MemberRegistered, Pass},
    ledger::{Account, Lot, ValueKind},
    member::MemberPrivate,
    records::MAX_NAME_CHARS,
    terms::Terms,
    text::one_line,
    time::{Day, StoreDays},
};
use punchcard_protocol::{FactId, LotId, MemberId, PassId, RecordId, StoreId, StreamId};
use uuid::Uuid;

use super::{cells, profile::Columns};
use crate::{error::Result, phone, views::Rejected};

/// What reading a row depends on.
pub(crate) struct Context {
    /// How phones without a country are read.
    pub(crate) country: String,
    /// Digits of the currency's minor unit.
    pub(crate) digits: u32,
    /// Today.
    pub(crate) today: Day,
    /// How the store counts days.
    pub(crate) days: StoreDays,
}

/// Why a row does not come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reject {
    BadPhone,
    NoName,
    DuplicatePhone,
    BadPoints,
    BadRow,
}

impl Reject {
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            Self::BadPhone => "the phone cannot be one 电话号码不对",
            Self::NoName => "there is no name 没有姓名",
            Self::DuplicatePhone => "this phone is another member's 电话与另一位会员相同",
            Self::BadPoints => {
                "points, balance or visits are not an amount 积分、余额或次数不是数目"
            }
            Self::BadRow => "the row has another number of cells than the heading 这一行的格数不对",
        }
    }

    pub(crate) fn count(self, rejected: &mut Rejected) {
        let counter = match self {
            Self::BadPhone => &mut rejected.bad_phone,
            Self::NoName => &mut rejected.no_name,
            Self::DuplicatePhone => &mut rejected.duplicate_phone,
            Self::BadPoints => &mut rejected.bad_points,
            Self::BadRow => &mut rejected.bad_row,
        };
        *counter += 1;
    }
}

/// A row that can come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Good {
    pub(crate) card: Option<String>,
    pub(crate) name: String,
    pub(crate) phone: String,
    pub(crate) tier: String,
    pub(crate) points: i64,
    pub(crate) stored_minor: i64,
    email: String,
    birthday: Option<Day>,
    gender: String,
    joined_ms: Option<i64>,
    joined: Day,
    until: Option<Day>,
    visits: i64,
    tags: Vec<String>,
    note: String,
}

/// A row, read.
pub(crate) struct Read {
    pub(crate) outcome: std::result::Result<Good, Reject>,
    /// It has a birthday that is none.
    pub(crate) bad_birthday: bool,
    /// It has a date of a pass that is none.
    pub(crate) bad_pass: bool,
}

/// Reads a row. `seen`: phones of the rows before it that are not bad otherwise.
pub(crate) fn read(
    cells: &[String],
    columns: &Columns,
    width: usize,
    context: &Context,
    seen: &mut HashSet<String>,
) -> Read {
    let cell = |at: Option<usize>| at.and_then(|at| cells.get(at)).map_or("", String::as_str);
    let birthday_cell = cells::narrow(cell(columns.birthday));
    let birthday = cells::day(&birthday_cell)
        .filter(|day| *day <= context.today && day.days_until(context.today) < 366 * 130);
    let until_cell = cells::narrow(cell(columns.until));
    let until = cells::day(&until_cell);
    let joined = cells::day(cell(columns.joined)).filter(|day| *day <= context.today);
    let judge = || -> std::result::Result<Good, Reject> {
        if cells.len() != width {
            return Err(Reject::BadRow);
        }
        let phone = phone::parse(cell(columns.phone), &context.country).ok_or(Reject::BadPhone)?;
        let name = name(cell(columns.name), cell(columns.first_name), cell(columns.last_name));
        if name.is_empty() || name.chars().count() > MAX_NAME_CHARS {
            return Err(Reject::NoName);
        }
        if seen.contains(&phone) {
            return Err(Reject::DuplicatePhone);
        }
        let card = one_line(&cells::narrow(cell(columns.card)));
        Ok(Good {
            card: (!card.is_empty()).then_some(card),
            name,
            phone,
            tier: one_line(&cells::narrow(cell(columns.tier))),
            points: cells::whole(cell(columns.points)).ok_or(Reject::BadPoints)?,
            stored_minor: cells::money(cell(columns.stored), context.digits)
                .ok_or(Reject::BadPoints)?,
            email: cells::narrow(cell(columns.email)),
            birthday,
            gender: gender(cell(columns.gender)),
            joined_ms: joined.map(|day| context.days.start_of(day)),
            joined: joined.unwrap_or(context.today),
            until,
            visits: cells::whole(cell(columns.visits)).ok_or(Reject::BadPoints)?,
            tags: cells::tags(cell(columns.tags)),
            note: cell(columns.note).trim().to_owned(),
        })
    };
    let outcome = judge();
    if let Ok(good) = &outcome {
        seen.insert(good.phone.clone());
    }
    Read {
        bad_birthday: !birthday_cell.is_empty() && birthday.is_none(),
        bad_pass: !until_cell.is_empty() && until.is_none(),
        outcome,
    }
}

fn name(whole: &str, first: &str, last: &str) -> String {
    let trim = |text: &str| {
        let line = one_line(text);
        line.trim_matches(|c: char| c.is_whitespace() || c == '\u{3000}').to_owned()
    };
    let whole = trim(whole);
    if !whole.is_empty() {
        return whole;
    }
    trim(&format!("{} {}", trim(first), trim(last)))
}

fn gender(cell: &str) -> String {
    match cells::narrow(cell).to_lowercase().as_str() {
        "女" | "f" | "female" => "female",
        "男" | "m" | "male" => "male",
        _ => "",
    }
    .to_owned()
}

impl Good {
    /// The fact that brings this member in: points and stored value arrive as opening lots, a term
    /// and visits as passes.
    pub(crate) fn registered(
        &self,
        me: StreamId,
        home_store: StoreId,
        tier: Option<RecordId>,
        ids: &mut dyn FnMut() -> Result<Uuid>,
    ) -> Result<(MemberRegistered, MemberPrivate)> {
        let mut opening = Vec::new();
        for (kind, amount) in
            [(ValueKind::Points, self.points), (ValueKind::Money, self.stored_minor)]
        {
            if amount > 0 {
                opening.push(lot(LotId(ids()?), kind, amount, me));
            }
        }
        let mut passes = Vec::new();
        if let Some(until) = self.until {
            passes.push(self.pass(PassId(ids()?), "会籍 Membership", Some(until), None));
        }
        if self.visits > 0 {
            let visits = lot(LotId(ids()?), ValueKind::Visits, self.visits, me);
            passes.push(self.pass(PassId(ids()?), "次卡 Visits", None, Some(visits)));
        }
        let fact = MemberRegistered {
            id: FactId(ids()?),
            member: MemberId(ids()?),
            tier,
            home_store,
            joined_ms: self.joined_ms,
            opening,
            passes,
            private: None,
        };
        Ok((fact, self.private()))
    }

    fn pass(&self, id: PassId, name: &str, until: Option<Day>, visits: Option<Lot>) -> Pass {
        let from = until.map_or(self.joined, |until| self.joined.min(until));
        let terms = Terms::default();
        Pass {
            id,
            name: name.to_owned(),
            pass_type: None,
            from,
            until,
            visits,
            terms,
            before: None,
        }
    }

    fn private(&self) -> MemberPrivate {
        let some = |text: &String| (!text.is_empty()).then(|| text.clone());
        MemberPrivate {
            name: Some(self.name.clone()),
            phone: Some(self.phone.clone()),
            email: some(&self.email),
            birthday: self.birthday.map(|day| day.to_string()),
            gender: some(&self.gender),
            note: some(&self.note),
            tags: (!self.tags.is_empty()).then(|| self.tags.clone()),
            cards: self.card.clone().map(|card| vec![card]),
            ..MemberPrivate::default()
        }
    }
}

fn lot(id: LotId, kind: ValueKind, amount: i64, me: StreamId) -> Lot {
    Lot { id, kind, amount, to: Account::Till(me), expires_ms: None }
}
