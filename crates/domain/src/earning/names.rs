//! The names of docs/rules/README.md, as one event fills them for the conditions that ask.
//!
//! All conditions of an event are asked with the same names, and each loop over the lines takes every
//! line once more. So a line is kept once, and what a loop takes is a handle to it.

use std::sync::Arc;

use cel::{
    Context, Env, ExecutionError,
    common::{
        traits::Indexer,
        types::{CelBool, CelInt, CelList, CelString, Type},
        value::{CowVal, Val},
    },
};

use super::{
    event::{Event, SaleLine},
    rule::MAX_LINES,
};
use crate::money::MAX_AMOUNT;

/// The most that a name holds that counts something.
pub(super) const MAX_COUNT: i64 = 1_000_000_000;

/// What every condition is run in: the standard operators, built once.
#[derive(Clone)]
pub struct Language(Arc<Env>);

impl Default for Language {
    fn default() -> Self {
        Self(Arc::new(Env::stdlib()))
    }
}

impl std::fmt::Debug for Language {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Language")
    }
}

impl Language {
    /// The names as `event` fills them.
    pub fn names<'a>(&self, event: &'a Event) -> Names<'a> {
        let mut context = Context::with_env(Arc::clone(&self.0));
        for (name, value) in values(event) {
            context.add_variable_as_val(name, value);
        }
        Names { context }
    }
}

/// The names that conditions are asked with, as one event fills them.
pub struct Names<'a> {
    context: Context<'a, 'a>,
}

impl<'a> Names<'a> {
    pub(super) fn context(&self) -> &Context<'a, 'a> {
        &self.context
    }
}

type Is<'a> = Box<dyn Val + 'a>;

/// A name with others inside it. A copy is one more handle to the same.
#[derive(Debug, Clone)]
struct Record<'a>(Arc<[(&'static str, Is<'a>)]>);

static RECORD: Type = Type::new_unspecified_type("record");

impl Val for Record<'_> {
    fn get_type(&self) -> &Type {
        &RECORD
    }

    fn cel_type() -> &'static Type {
        &RECORD
    }

    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v>
    where
        Self: 'v,
    {
        Box::new(self.clone())
    }
}

impl Indexer for Record<'_> {
    fn get<'b, 'v>(&'b self, field: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let field = field.downcast_ref::<CelString<'_>>().map_or("", CelString::inner);
        let found = self.0.iter().find(|(name, _)| *name == field);
        // What was saved names no field that is not there.
        let (_, value) = found.ok_or_else(|| ExecutionError::no_such_key(field))?;
        Ok(CowVal::Borrowed(value.as_ref()))
    }

    fn steal<'v>(self: Box<Self>, field: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.get(field).map(CowVal::into_owned)
    }
}

fn values(event: &Event) -> [(&'static str, Is<'_>); 6] {
    let member = &event.member;
    let clock = event.clock();
    let lines = event.lines().iter().take(MAX_LINES).map(line).collect();
    let days = member.joined.map_or(0, |joined| i64::from(joined.days_until(event.today())));
    let birthday = member.birthday.is_some_and(|born| born.is_birthday_on(event.today()));
    let streaks = event.streaks();
    [
        (
            "member",
            record([
                ("tier", text(&member.tier_name)),
                ("tags", list(member.tags.iter().map(|tag| text(tag)).collect())),
                ("points", money(member.points)),
                ("spent", money(member.spent_minor)),
                ("visits", count(member.visits)),
                ("sales", count(member.sales)),
                ("days", count(days)),
                ("birthday", truth(birthday)),
                ("referred", truth(member.referred)),
            ]),
        ),
        (
            "sale",
            record([
                ("amount", money(event.amount_minor())),
                ("units", count(event.units())),
                ("top_up", truth(event.is_top_up())),
            ]),
        ),
        ("lines", list(lines)),
        (
            "visit",
            record([
                ("here", truth(event.is_visit())),
                ("days", count(streaks.days)),
                ("weeks", count(streaks.weeks)),
            ]),
        ),
        (
            "time",
            record([
                ("year", number(clock.year)),
                ("month", number(clock.month)),
                ("day", number(clock.day)),
                ("weekday", number(clock.weekday)),
                ("hour", number(clock.hour)),
                ("minute", number(clock.minute)),
                ("date", Box::new(CelString::from(event.today().to_string()))),
            ]),
        ),
        ("store", text(&event.store_name)),
    ]
}

fn line(line: &SaleLine) -> Is<'_> {
    record([
        ("item", text(&line.item)),
        ("category", text(&line.category)),
        ("amount", money(line.amount_minor)),
        ("quantity", count(line.quantity)),
    ])
}

fn record<'a, const N: usize>(fields: [(&'static str, Is<'a>); N]) -> Is<'a> {
    Box::new(Record(Arc::new(fields)))
}

fn list(values: Vec<Is<'_>>) -> Is<'_> {
    Box::new(CelList::from(values))
}

fn text(text: &str) -> Is<'_> {
    Box::new(CelString::from(text))
}

fn truth<'a>(truth: bool) -> Is<'a> {
    Box::new(CelBool::from(truth))
}

fn number<'a>(number: i64) -> Is<'a> {
    Box::new(CelInt::from(number))
}

fn money<'a>(amount: i64) -> Is<'a> {
    number(amount.clamp(0, MAX_AMOUNT))
}

fn count<'a>(count: i64) -> Is<'a> {
    number(count.clamp(0, MAX_COUNT))
}
