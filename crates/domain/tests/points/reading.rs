//! Reads a line of the table of cases. The words are explained at the top of cases/points.txt.

use std::collections::{BTreeMap, BTreeSet};

use punchcard_domain::{
    earning::{
        Book,
        event::{Known, SaleLine, What},
        expiry::Expires,
        rule::{Birthday, EarnRule, Per},
    },
    money::parse_amount,
    records::{Rounding, Rules, Store},
    time::Day,
};
use punchcard_protocol::{RecordId, StoreId};

use crate::world::World;

type Read<T> = Result<T, String>;

pub struct Case {
    names: Vec<String>,
    pub rules: Vec<EarnRule>,
    /// Rules that are not looked through before they run: as if they came from elsewhere.
    pub unchecked: bool,
    store: Store,
    house: Rules,
    member: Known,
    came: BTreeSet<Day>,
    pub steps: Vec<Happens>,
    pub said: Vec<Said>,
    pub refused: Option<String>,
    pub left: Option<i64>,
    pub owes: Option<i64>,
}

pub enum Happens {
    Event { what: What, at_ms: i64, store: StoreId },
    Spends { points: i64, at_ms: i64 },
    TakesBack { n: usize, at_ms: i64 },
}

#[derive(Default)]
pub struct Said {
    pub total: Option<i64>,
    pub parts: Vec<SaidPart>,
    pub refused: Option<String>,
}

#[derive(Default)]
pub struct SaidPart {
    pub rule: String,
    pub points: i64,
    pub why: Option<String>,
    pub lasts_to: Option<String>,
    pub usable: Option<String>,
}

impl Case {
    pub fn id_of(&self, name: &str) -> Option<RecordId> {
        self.names.iter().position(|known| known == name).map(|at| self.rules[at].id)
    }

    pub fn name_of(&self, id: RecordId) -> Option<&str> {
        self.rules.iter().position(|rule| rule.id == id).map(|at| self.names[at].as_str())
    }

    pub fn world(&self) -> World {
        // The wrong way round, so that nothing leans on the order in which rules are loaded.
        let mut world = World::new(Book::new(self.rules.iter().rev().cloned().collect()));
        world.rules = self.house.clone();
        world.store = self.store.clone();
        world.member = self.member.clone();
        world.came.clone_from(&self.came);
        world
    }
}

pub fn case(line: &str) -> Read<Case> {
    let columns: Vec<&str> = split_outside(line, '|');
    let [rules, given, happens, comes_out, why] = columns.as_slice() else {
        return Err(format!("{} columns", columns.len()));
    };
    if why.trim().len() < 10 {
        return Err("no reason is given".into());
    }
    let blank = World::new(Book::default());
    let mut case = Case {
        names: Vec::new(),
        rules: Vec::new(),
        unchecked: false,
        store: blank.store,
        house: blank.rules,
        member: blank.member,
        came: BTreeSet::new(),
        steps: Vec::new(),
        said: Vec::new(),
        refused: None,
        left: None,
        owes: None,
    };
    for (n, text) in split_outside(rules, ';').into_iter().enumerate() {
        let (name, words) = text.split_once(':').ok_or("a rule has a name and a colon")?;
        case.names.push(name.trim().to_owned());
        let id = RecordId(uuid::Uuid::from_u128(n as u128 + 1));
        case.rules.push(rule(id, name.trim(), words)?);
    }
    for phrase in given.split(',').map(str::trim).filter(|text| !text.is_empty() && *text != "-") {
        setting(&mut case, phrase).map_err(|error| format!("“{phrase}”: {error}"))?;
    }
    let comes_out = comes_out.trim();
    if let Some(code) = comes_out.strip_prefix("refused when saved ") {
        case.refused = Some(code.trim().to_owned());
        return Ok(case);
    }
    steps(&mut case, happens)?;
    for text in comes_out.split(" then ").map(str::trim) {
        let (text, ends) = text.split_once(" and at last ").unwrap_or((text, ""));
        for end in ends.split(" and ").map(str::trim).filter(|end| !end.is_empty()) {
            match end.split_once(' ') {
                Some(("left", number)) => case.left = Some(whole(number)?),
                Some(("owes", number)) => case.owes = Some(whole(number)?),
                _ => return Err(format!("“{end}”")),
            }
        }
        case.said.push(said(text).map_err(|error| format!("“{text}”: {error}"))?);
    }
    if case.said.len() != case.steps.len() {
        return Err(format!("{} happen, {} come out", case.steps.len(), case.said.len()));
    }
    Ok(case)
}

/// Splits where `by` stands outside quotes and brackets.
fn split_outside(text: &str, by: char) -> Vec<&str> {
    let (mut depth, mut quoted, mut begin) = (0, false, 0);
    let mut parts = Vec::new();
    for (at, c) in text.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            '(' | '[' if !quoted => depth += 1,
            ')' | ']' if !quoted => depth -= 1,
            c if c == by && depth == 0 && !quoted => {
                parts.push(&text[begin..at]);
                begin = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[begin..]);
    parts
}

fn whole(text: &str) -> Read<i64> {
    text.trim().parse().map_err(|_| format!("no number: “{text}”"))
}

fn small(text: &str) -> Read<u32> {
    text.trim().parse().map_err(|_| format!("no number: “{text}”"))
}

fn money(text: &str) -> Read<i64> {
    parse_amount(text, 2).map_err(|error| format!("“{text}”: {error}"))
}

fn day(text: &str) -> Read<Day> {
    text.trim().parse().map_err(|_| format!("no day: “{text}”"))
}

fn store(name: &str) -> Read<StoreId> {
    let byte = *name.as_bytes().first().ok_or("no store")?;
    Ok(StoreId::from_bytes([byte; 16]))
}

fn tier(name: &str) -> RecordId {
    let mut bytes = [0; 16];
    for (byte, letter) in bytes.iter_mut().zip(name.bytes()) {
        *byte = letter;
    }
    RecordId::from_bytes(bytes)
}

fn rule(id: RecordId, name: &str, words: &str) -> Read<EarnRule> {
    let mut rule = EarnRule::new(id, name, Per::Limit);
    let words = words.trim();
    let (words, condition) = match words.split_once(" if ") {
        Some((words, condition)) => (words, Some(condition.trim().to_owned())),
        None => (words, None),
    };
    rule.condition = condition;
    for phrase in words.trim_end_matches(',').split(',').map(str::trim) {
        words_of(&mut rule, phrase).map_err(|error| format!("“{phrase}”: {error}"))?;
    }
    Ok(rule)
}

fn words_of(rule: &mut EarnRule, phrase: &str) -> Read<()> {
    let words: Vec<&str> = phrase.split_whitespace().collect();
    let names = |text: &str| text.split('/').map(str::to_owned).collect::<Vec<String>>();
    match words.as_slice() {
        [points, "per", "sale"] => (rule.per, rule.points) = (Per::Sale, whole(points)?),
        [points, "per", "piece"] => (rule.per, rule.points) = (Per::Item, whole(points)?),
        [points, "per", "visit"] => (rule.per, rule.points) = (Per::Visit, whole(points)?),
        [points, "for", "the", "first", "visit"] => {
            (rule.per, rule.points) = (Per::FirstVisit, whole(points)?);
        }
        [points, "per", count, unit, "in", "a", "row", rest @ ..] => {
            let weeks = *unit == "weeks";
            rule.per = if weeks { Per::StreakWeeks } else { Per::StreakDays };
            (rule.points, rule.count) = (whole(points)?, whole(count)?);
            rule.repeats = rest == ["each", "time"];
        }
        [points, "per", money_loaded, "loaded"] => {
            (rule.per, rule.points) = (Per::TopUp, whole(points)?);
            (rule.each_minor, rule.whole_steps) = (money(money_loaded)?, true);
        }
        [points, "for", "loading"] => (rule.per, rule.points) = (Per::TopUp, whole(points)?),
        [points, "when", "sent"] => (rule.per, rule.points) = (Per::Referred, whole(points)?),
        [points, "for", "sending"] => (rule.per, rule.points) = (Per::Refers, whole(points)?),
        [points, "per", "whole", each] => {
            (rule.per, rule.points) = (Per::Amount, whole(points)?);
            (rule.each_minor, rule.whole_steps) = (money(each)?, true);
        }
        [points, "per", each] => {
            (rule.per, rule.points) = (Per::Amount, whole(points)?);
            rule.each_minor = money(each)?;
        }
        ["limit"] => rule.per = Per::Limit,
        ["compounds"] => rule.compounds = true,
        ["tier", "times"] => rule.tier_times = true,
        ["rounds", how] => {
            rule.rounding = Some(match *how {
                "up" => Rounding::Up,
                "half" => Rounding::HalfUp,
                _ => Rounding::Down,
            });
        }
        ["from", from] => rule.from = Some(day(from)?),
        ["until", until] => rule.until = Some(day(until)?),
        ["at", "least", least] => rule.min_amount_minor = money(least)?,
        ["at", "most", most] => rule.max_amount_minor = money(most)?,
        ["on", categories] => rule.categories = names(categories),
        ["item", items] => rule.items = names(items),
        ["not", categories] => rule.not_categories = names(categories),
        ["in", stores] => {
            rule.stores = stores.split('/').map(store).collect::<Read<Vec<StoreId>>>()?;
        }
        ["tier", tiers] => rule.tiers = tiers.split('/').map(tier).collect(),
        ["birthday", near] => {
            rule.birthday = Some(match *near {
                "day" => Birthday::Day,
                "week" => Birthday::Week,
                _ => Birthday::Month,
            });
        }
        ["cap", most] => rule.caps.once = Some(whole(most)?),
        ["cap", "day", most] => rule.caps.day = Some(whole(most)?),
        ["cap", "month", most] => rule.caps.month = Some(whole(most)?),
        ["cap", "year", most] => rule.caps.year = Some(whole(most)?),
        ["cap", "ever", most] => rule.caps.ever = Some(whole(most)?),
        ["times", "day", times] => rule.caps.times_day = Some(whole(times)?),
        ["times", "month", times] => rule.caps.times_month = Some(whole(times)?),
        ["times", "year", times] => rule.caps.times_year = Some(whole(times)?),
        ["times", "ever", times] => rule.caps.times_ever = Some(whole(times)?),
        ["priority", priority] => {
            rule.priority = i32::try_from(whole(priority)?).map_err(|error| error.to_string())?;
        }
        ["stops"] => rule.stops = true,
        ["best", word] => rule.best_of = Some((*word).to_owned()),
        ["pending", days] => rule.pending_days = small(days)?,
        ["lasts", days, "days"] => rule.expires = Some(Expires::Days(small(days)?)),
        ["lasts", months, "months"] => rule.expires = Some(Expires::Months(small(months)?)),
        ["to", "month", "end", months] => rule.expires = Some(Expires::MonthEnd(small(months)?)),
        ["to", "year", "end", years] => rule.expires = Some(Expires::YearEnd(small(years)?)),
        ["for", "ever"] => rule.expires = Some(Expires::Never),
        ["off"] => rule.active = false,
        ["with", field] => {
            rule.unknown = BTreeMap::from([((*field).to_owned(), serde_json::Value::Bool(true))]);
        }
        [times] if times.starts_with('x') => {
            rule.per = Per::Multiply;
            rule.percent = whole(times.trim_matches(['x', '%']))?;
        }
        [hours] if hours.contains(':') => {
            let text = format!("\"{}\"", hours.replace('-', "\",\"to\":\""));
            let text = format!("{{\"from\":{text}}}");
            rule.hours = Some(serde_json::from_str(&text).map_err(|error| error.to_string())?);
        }
        days => {
            const WEEK: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
            for word in days {
                let at = WEEK.iter().position(|day| day == word).ok_or("not understood")?;
                rule.weekdays.push(u32::try_from(at).map_err(|error| error.to_string())? + 1);
            }
        }
    }
    Ok(())
}

fn setting(case: &mut Case, phrase: &str) -> Read<()> {
    let words: Vec<&str> = phrase.split_whitespace().collect();
    match words.as_slice() {
        ["tier", name] => {
            case.member.tier = Some(tier(name));
            (*name).clone_into(&mut case.member.tier_name);
        }
        ["tier", name, times] => {
            case.member.tier = Some(tier(name));
            (*name).clone_into(&mut case.member.tier_name);
            case.member.multiplier_percent = whole(times.trim_matches(['x', '%']))?;
        }
        ["born", born] => case.member.birthday = Some(day(born)?),
        ["joined", joined] => case.member.joined = Some(day(joined)?),
        ["tag", tag] => case.member.tags.push((*tag).to_owned()),
        ["has", points] => case.member.points = whole(points)?,
        ["sent"] => case.member.referred = true,
        ["came", "before"] => (case.member.visits, case.member.sales) = (5, 5),
        ["came", "on", days @ ..] => {
            for text in days {
                let (from, to) = text.split_once("..").unwrap_or((text, text));
                let (mut at, to) = (day(from)?, day(to)?);
                while at <= to {
                    case.came.insert(at);
                    case.member.visits += 1;
                    at = at.plus_days(1);
                }
            }
        }
        ["day", "starts", hour] => case.store.day_start_hour = small(hour)?,
        ["clock", zone] => (*zone).clone_into(&mut case.store.time_zone),
        ["house", "rounds", "up"] => case.house.rounding = Rounding::Up,
        ["house", "rounds", "half"] => case.house.rounding = Rounding::HalfUp,
        ["points", "last", months, "months"] => {
            case.house.points_expire_months = Some(small(months)?);
        }
        ["from", "elsewhere"] => case.unchecked = true,
        _ => return Err("not understood".into()),
    }
    Ok(())
}

fn steps(case: &mut Case, happens: &str) -> Read<()> {
    let (mut date, mut minute, mut here) = (day("2026-11-23")?, 12 * 60, store("A")?);
    for text in happens.split(" then ").map(str::trim) {
        let (text, lines) = match text.split_once('(') {
            Some((text, lines)) => (text, lines.trim_end().trim_end_matches(')')),
            None => (text, ""),
        };
        let mut words = text.split_whitespace().peekable();
        if let Some(new) = words.peek().and_then(|word| day(word).ok()) {
            date = new;
            words.next();
        }
        if let Some((hour, min)) = words.peek().and_then(|word| word.split_once(':')) {
            minute = whole(hour)? * 60 + whole(min)?;
            words.next();
        }
        if words.peek() == Some(&"in") {
            words.next();
            here = store(words.next().ok_or("in which store?")?)?;
        }
        let at_ms = moment(&case.store, date, minute);
        let words: Vec<&str> = words.collect();
        let what = match words.as_slice() {
            ["pays", "nothing"] => What::Sale { amount_minor: 0, lines: Vec::new() },
            ["pays", amount] => {
                What::Sale { amount_minor: money(amount)?, lines: sale_lines(lines)? }
            }
            ["visits"] => What::Visit,
            ["loads", amount] => What::TopUp { amount_minor: money(amount)? },
            ["friend", "comes"] => What::Refers,
            ["spends", points] => {
                case.steps.push(Happens::Spends { points: whole(points)?, at_ms });
                continue;
            }
            ["takes", "back", n] => {
                let n = usize::try_from(whole(n)? - 1).map_err(|error| error.to_string())?;
                case.steps.push(Happens::TakesBack { n, at_ms });
                continue;
            }
            _ => return Err(format!("“{text}” is not understood")),
        };
        case.steps.push(Happens::Event { what, at_ms, store: here });
    }
    Ok(())
}

/// A date and a time on the store's wall.
fn moment(store: &Store, date: Day, minute: i64) -> i64 {
    use chrono::TimeZone as _;
    let zone: chrono_tz::Tz = store.time_zone.parse().expect("a time zone");
    let local = date.0.and_time(chrono::NaiveTime::MIN) + chrono::TimeDelta::minutes(minute);
    zone.from_local_datetime(&local).latest().expect("a time that there is").timestamp_millis()
}

fn sale_lines(text: &str) -> Read<Vec<SaleLine>> {
    text.split(';')
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [quantity, category, item, amount] = words.as_slice() else {
                return Err(format!("“{line}”: how many, category, item, amount"));
            };
            Ok(SaleLine {
                item: (*item).to_owned(),
                category: (*category).to_owned(),
                quantity: whole(quantity)?,
                amount_minor: money(amount)?,
            })
        })
        .collect()
}

fn said(text: &str) -> Read<Said> {
    let mut said = Said::default();
    if let Some(code) = text.strip_prefix("refused ") {
        said.refused = Some(code.trim().to_owned());
        return Ok(said);
    }
    let (parts, total) = text.split_once('=').ok_or("no “=”")?;
    said.total = Some(whole(total)?);
    for part in parts.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let words: Vec<&str> = part.split_whitespace().collect();
        let [rule, points, rest @ ..] = words.as_slice() else {
            return Err("rule and points".into());
        };
        let mut read =
            SaidPart { rule: (*rule).to_owned(), points: whole(points)?, ..SaidPart::default() };
        let mut rest = rest.iter();
        while let Some(word) = rest.next() {
            let mut next = || rest.next().map(|word| (*word).to_owned()).ok_or("what?");
            match *word {
                "to" => read.lasts_to = Some(next()?),
                "usable" => read.usable = Some(next()?),
                why => read.why = Some(why.to_owned()),
            }
        }
        said.parts.push(read);
    }
    Ok(said)
}
