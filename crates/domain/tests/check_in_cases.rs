//! The table of check-ins in `cases/check-in.txt`, run line by line. The file explains its words.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDateTime, NaiveTime, TimeZone as _};
use punchcard_domain::{
    alerts::{Alert, Level},
    classes::Booking,
    decide::{self, CheckIn, Desk, How, KnownMember, KnownPass, LastVisit},
    fact::{Fact, VisitRecorded},
    ledger::{Account, Holding, Purse, ValueKind},
    member::CardState,
    records::{Business, Rules, Store},
    standing::{Change, ChangeOf, EndedWhy},
    terms::{Hours, Length, Start, Terms, Unit},
    time::Day,
    verdict::{Mend, Verdict},
};
use punchcard_protocol::{FactId, LotId, MemberId, PassId, StoreId, StreamId, TillId};
use serde::de::DeserializeOwned;
use uuid::Uuid;

type Outcome<T> = Result<T, String>;

const TABLE: &str = include_str!("../cases/check-in.txt");

/// What stands in one line.
struct Case<'a> {
    line: usize,
    when: &'a str,
    set: &'a str,
    happens: &'a str,
    comes_out: &'a str,
    why: &'a str,
}

fn cases() -> Outcome<Vec<Case<'static>>> {
    let mut found = Vec::new();
    for (at, line) in TABLE.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let parts: Vec<&str> = line.split('|').map(str::trim).collect();
        let [when, set, happens, comes_out, why] = parts.as_slice() else {
            return Err(format!("line {} has {} parts, not five", at + 1, parts.len()));
        };
        found.push(Case { line: at + 1, when, set, happens, comes_out, why });
    }
    Ok(found)
}

/// The desk, the member and their passes, as a line sets them.
struct World {
    store: Store,
    rules: Rules,
    clock_behind: bool,
    trusted: bool,
    at: NaiveDateTime,
    seen: Option<(i64, StoreId)>,
    nobody: bool,
    file: KnownMember,
    points: Purse,
    zone: Option<String>,
    passes: Vec<KnownPass>,
    /// When classes begin on that day, by the clock, and how many minutes they last.
    classes: Vec<(u32, u32)>,
    facts: u8,
}

fn store_id(name: &str) -> Outcome<StoreId> {
    match name {
        "one" => Ok(StoreId::from_bytes([1; 16])),
        "two" => Ok(StoreId::from_bytes([2; 16])),
        _ => Err(format!("there is no store {name}")),
    }
}

fn day(text: &str) -> Outcome<Day> {
    text.parse().map_err(|_| format!("{text} is not a day"))
}

fn number<T: std::str::FromStr>(text: &str) -> Outcome<T> {
    text.parse().map_err(|_| format!("{text} is not a number"))
}

/// A name out of a fixed list, as facts spell it.
fn named<T: DeserializeOwned>(name: &str) -> Outcome<T> {
    serde_json::from_value(name.into()).map_err(|_| format!("{name} is not known"))
}

fn minute(text: &str) -> Outcome<u32> {
    let (hour, minute) = text.split_once(':').ok_or(format!("{text} is not an hour"))?;
    Ok(number::<u32>(hour)? * 60 + number::<u32>(minute)?)
}

/// Hours of a tier, as its file spells them.
fn tier_hours(text: &str) -> Outcome<punchcard_domain::earning::hours::Hours> {
    let (from, to) = text.split_once('-').ok_or("hours go from-to")?;
    let hours = serde_json::json!({"from": from, "to": to});
    serde_json::from_value(hours).map_err(|_| format!("{text} are no hours"))
}

fn weekdays(text: &str) -> Outcome<Vec<u32>> {
    const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let at = |name: &str| {
        let found = NAMES.iter().zip(1u32..).find(|(known, _)| **known == name);
        found.map(|(_, number)| number).ok_or(format!("{name} is not a day of the week"))
    };
    match text.split_once('-') {
        Some((first, last)) => Ok((at(first)?..=at(last)?).collect()),
        None => text.split('+').map(at).collect(),
    }
}

fn me() -> StreamId {
    StreamId { till: TillId::from_bytes([1; 16]), incarnation: 1 }
}

impl World {
    fn new(when: &str) -> Outcome<Self> {
        let at = NaiveDateTime::parse_from_str(when, "%Y-%m-%d %H:%M")
            .map_err(|_| format!("{when} is not a moment"))?;
        Ok(Self {
            store: Store {
                id: store_id("one")?,
                name: "One".into(),
                time_zone: "Asia/Shanghai".into(),
                day_start_hour: 0,
            },
            rules: Rules::default(),
            clock_behind: false,
            trusted: true,
            at,
            seen: None,
            nobody: false,
            file: KnownMember { multiplier_percent: 100, ..KnownMember::default() },
            points: Purse::default(),
            zone: None,
            passes: Vec::new(),
            classes: Vec::new(),
            facts: 0,
        })
    }

    fn set(&mut self, phrase: &str) -> Outcome<()> {
        let words: Vec<&str> = phrase.split_whitespace().collect();
        match words.as_slice() {
            ["term", name, days] => self.pass(name, days, None)?,
            ["pack", name, days, here, "here"] => {
                self.pass(name, days, Some((number(here)?, 0)))?;
            }
            ["pack", name, days, here, "here", away, "elsewhere"] => {
                self.pass(name, days, Some((number(here)?, number(away)?)))?;
            }
            ["only", "for", "classes"] => self.terms()?.class_only = true,
            ["only", days] => self.terms()?.weekdays = weekdays(days)?,
            ["hours", hours] => {
                let (from, to) = hours.split_once('-').ok_or("hours go from-to")?;
                let hours = Hours { from: minute(from)?, to: minute(to)? };
                self.terms()?.hours.push(hours);
            }
            ["stores", name] => {
                let store = store_id(name)?;
                self.terms()?.stores.push(store);
            }
            ["zones", name] => self.terms()?.zones.push((*name).to_owned()),
            ["grace", days] => self.terms()?.grace_days = number(days)?,
            ["guests", count] => self.terms()?.guests = number(count)?,
            ["waits", "for", count, unit] => {
                let unit: Unit = named(unit.trim_end_matches('s'))?;
                let terms = self.terms()?;
                terms.start = Start::FirstVisit;
                terms.length = Some(Length { unit, count: number(count)? });
            }
            ["begins", "within", days] => {
                self.terms()?.begins_within_days = Some(number(days)?);
            }
            ["frozen", name, days] => {
                let (from, until) = days.split_once("..").ok_or("a freeze goes from..until")?;
                let change = Change::Frozen { from: day(from)?, until: day(until)? };
                self.happened(name, change)?;
            }
            ["back", name, on] => {
                let pass = self.named(name)?;
                let frozen = pass.changes.iter().filter(|of| of.change.number() == 2);
                let freezes = frozen.map(|of| of.fact).collect();
                self.happened(name, Change::Unfrozen { freezes, on: day(on)? })?;
            }
            ["extended", name, days] => {
                self.happened(name, Change::Extended { days: number(days)? })?;
            }
            ["begun", name, on] => self.happened(name, Change::Begun { on: day(on)? })?,
            ["guest", name, on] => self.happened(name, Change::Guest { on: day(on)? })?,
            [why @ ("cancelled" | "upgraded" | "transferred"), name, on] => {
                let change = Change::Ended { on: day(on)?, why: named::<EndedWhy>(why)? };
                self.happened(name, change)?;
            }
            ["say", alert, level] => {
                let (alert, level) = (named::<Alert>(alert)?, named::<Level>(level)?);
                self.rules.alerts.levels.insert(alert, level);
            }
            ["banned"] => self.file.banned = true,
            ["note"] => self.file.has_note = true,
            ["photo"] => self.file.has_photo = true,
            ["contact"] => self.file.has_contact = true,
            ["guardian"] => self.file.has_guardian = true,
            ["born", on] => self.file.birthday = Some(day(on)?),
            ["waiver", version] => self.file.waiver = number(version)?,
            ["waiver", version, "by", "guardian"] => {
                self.file.waiver = number(version)?;
                self.file.waiver_by_guardian = true;
            }
            ["guardian", "signs"] => self.rules.guardian_signs = true,
            ["of", "age", "at", years] => self.rules.age_of_majority = number(years)?,
            ["tier", "hours", hours] => self.file.privileges.hours = Some(tier_hours(hours)?),
            ["tier", "guests", count] => self.file.privileges.guests = Some(number(count)?),
            ["tier", "free", count] => {
                self.file.privileges.free_visits_month = Some(number(count)?);
            }
            ["free", "visits", count] => self.file.free_visits = number(count)?,
            ["class", at, minutes] => self.classes.push((minute(at)?, number(minutes)?)),
            ["owes", points] => self.points.debt = number(points)?,
            ["card", state] => self.file.card = Some(named::<CardState>(state)?),
            ["nobody"] => self.nobody = true,
            ["seen", minutes, "minutes", "ago"] => {
                self.seen = Some((number(minutes)?, self.store.id));
            }
            ["seen", minutes, "minutes", "ago", "at", store] => {
                self.seen = Some((number(minutes)?, store_id(store)?));
            }
            _ => return self.set_desk(phrase, &words),
        }
        Ok(())
    }

    fn set_desk(&mut self, phrase: &str, words: &[&str]) -> Outcome<()> {
        match words {
            ["nothing"] => {}
            ["door", zone] => self.zone = Some((*zone).to_owned()),
            ["clock", "behind"] => self.clock_behind = true,
            ["restored"] => self.trusted = false,
            ["day", "starts", hour] => self.store.day_start_hour = number(hour)?,
            ["in", zone] => (*zone).clone_into(&mut self.store.time_zone),
            ["no", "pass", "needed"] => self.rules.pass_required = false,
            ["again", "within", hours, "hours"] => self.rules.seen_again_hours = number(hours)?,
            ["soon", "is", days, "days"] => self.rules.expires_soon_days = number(days)?,
            ["few", "is", visits] => self.rules.few_visits = number(visits)?,
            ["debt", "above", points] => self.rules.alerts.debt_above = number(points)?,
            ["elsewhere", "within", minutes, "minutes"] => {
                self.rules.alerts.elsewhere_minutes = number(minutes)?;
            }
            ["waiver", "version", version] => {
                self.rules.alerts.waiver_version = number(version)?;
            }
            _ => return Err(format!("\"{phrase}\" says nothing")),
        }
        Ok(())
    }

    fn pass(&mut self, name: &str, days: &str, visits: Option<(i64, i64)>) -> Outcome<()> {
        let (from, until) = days.split_once("..").ok_or(format!("{days} is not from..until"))?;
        let n = u8::try_from(self.passes.len()).map_err(|_| "too many passes")? + 1;
        let purse = |(here, elsewhere)| Purse {
            here: vec![Holding {
                lot: LotId::from_bytes([n; 16]),
                kind: ValueKind::Visits,
                account: Account::Till(me()),
                amount: here,
                expires_ms: None,
                owner: None,
                frozen: false,
            }],
            elsewhere,
            ..Purse::default()
        };
        self.passes.push(KnownPass {
            id: PassId::from_bytes([n; 16]),
            name: name.to_owned(),
            from: day(from)?,
            until: (!until.is_empty()).then(|| day(until)).transpose()?,
            terms: Terms::default(),
            changes: Vec::new(),
            visits: visits.map(purse),
        });
        Ok(())
    }

    fn terms(&mut self) -> Outcome<&mut Terms> {
        Ok(&mut self.passes.last_mut().ok_or("no pass before these terms")?.terms)
    }

    fn named(&mut self, name: &str) -> Outcome<&mut KnownPass> {
        self.passes.iter_mut().find(|pass| pass.name == name).ok_or(format!("no pass {name}"))
    }

    fn happened(&mut self, name: &str, change: Change) -> Outcome<()> {
        self.facts += 1;
        let fact = FactId::from_bytes([self.facts; 16]);
        self.named(name)?.changes.push(ChangeOf { fact, change });
        Ok(())
    }

    /// Runs the check-in, and says what came out in the words of the table.
    fn run(mut self, happens: &str) -> Outcome<String> {
        let zone = self.store.days().zone;
        let local = zone.from_local_datetime(&self.at).earliest().ok_or("no such moment")?;
        let now_ms = local.timestamp_millis();
        let midnight = self.at.date().and_time(NaiveTime::MIN);
        let midnight = zone.from_local_datetime(&midnight).earliest().ok_or("no midnight")?;
        let booked = |(at, minutes): &(u32, u32)| {
            Booking::of(midnight.timestamp_millis() + i64::from(*at) * 60_000, *minutes)
        };
        self.file.bookings = self.classes.iter().map(booked).collect();
        let known = CheckIn {
            by_rules: None,
            member: (!self.nobody).then(|| (MemberId::from_bytes([3; 16]), self.file)),
            last_visit: self.seen.map(|(minutes, store)| LastVisit {
                at_ms: now_ms - minutes * 60_000,
                store: Some(store),
            }),
            passes: self.passes,
            points: self.points,
            zone: self.zone,
            how: how(happens)?,
        };
        let business = Business {
            name: "Test".into(),
            currency: "CNY".into(),
            currency_digits: 2,
            country: "CN".into(),
        };
        let mut next = 0u128;
        let mut ids = || {
            next += 1;
            Uuid::from_u128(next)
        };
        let mut desk = Desk {
            now_ms,
            spend_ms: now_ms,
            clock_behind: self.clock_behind,
            me: me(),
            trusted: self.trusted,
            business: &business,
            store: &self.store,
            rules: &self.rules,
            ids: &mut ids,
        };
        match decide::check_in(&mut desk, &known) {
            Err(refusal) => Ok(format!("refused: {}", refusal.code())),
            Ok(decided) => {
                let Fact::VisitRecorded(visit) = decided.fact else {
                    return Err("a check-in is a visit".into());
                };
                let mends = decide::mends(&desk, &known, &visit);
                told(&visit, &known.passes, &mends)
            }
        }
    }
}

fn how(happens: &str) -> Outcome<How> {
    match happens.split_once(':') {
        None if happens == "scan" => Ok(How::Scan),
        None if happens == "use a visit" => Ok(How::UseVisit),
        Some(("let in", because)) => Ok(How::LetIn { because: because.trim().to_owned() }),
        Some(("guest", name)) => Ok(How::Guest { name: name.trim().to_owned() }),
        _ => Err(format!("\"{happens}\" is nothing that happens")),
    }
}

fn word<T: serde::Serialize>(value: T) -> Outcome<String> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        other => Err(format!("{other:?} is not a word")),
    }
}

/// A visit in the words of the table.
fn told(visit: &VisitRecorded, passes: &[KnownPass], mends: &[Mend]) -> Outcome<String> {
    let colour = match visit.verdict {
        Verdict::Admit => "green",
        Verdict::Note => "amber",
        Verdict::Refuse => "red",
    };
    let codes: Vec<&str> = visit.reasons.iter().map(|reason| reason.code()).collect();
    let mut out = colour.to_owned();
    if !codes.is_empty() {
        out = format!("{out}: {}", codes.join(" "));
    }
    if let Some(used) = visit.pass {
        let name = passes.iter().find(|pass| pass.id == used).map_or("?", |pass| &pass.name);
        out = format!("{out}; by {name}");
    }
    if let Some(because) = visit.because {
        out = format!("{out}; {}", word(because)?);
    }
    for change in &visit.changes {
        out.push_str(match change {
            Change::Begun { .. } => "; begins it",
            Change::Unfrozen { .. } => "; ends its freeze",
            Change::Guest { .. } => "; a guest on it",
            Change::Free { .. } => "; for free",
            _ => "; does what no visit does",
        });
    }
    let taken: i64 = visit.postings.iter().map(|posting| posting.amount).sum();
    if taken > 0 {
        out = format!("{out}; takes {taken}");
    }
    if visit.counted == (visit.verdict == Verdict::Refuse) {
        out.push_str("; counts nothing");
    }
    if visit.counted != visit.earned.is_some() {
        out.push_str("; points do not fit");
    }
    // What mends it stands in the table where it is more than being let in for a reason.
    for mend in mends.iter().filter(|mend| **mend != Mend::LetInOnce) {
        out = format!("{out}; mend {}", word(mend)?);
    }
    Ok(out)
}

fn run(case: &Case<'_>) -> Outcome<String> {
    let mut world = World::new(case.when)?;
    for phrase in case.set.split(',').map(str::trim) {
        world.set(phrase)?;
    }
    world.run(case.happens)
}

#[test]
fn every_line_comes_out_as_it_says() {
    let cases = cases().expect("a table");
    let mut wrong = Vec::new();
    for case in &cases {
        match run(case) {
            Ok(out) if out == case.comes_out => {}
            Ok(out) => wrong.push(format!(
                "line {}: {}\n  should be: {}\n  came out:  {out}",
                case.line, case.why, case.comes_out
            )),
            Err(error) => wrong.push(format!("line {}: {error}", case.line)),
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn the_table_is_long_enough_and_says_nothing_twice() {
    let cases = cases().expect("a table");
    assert!(cases.len() >= 150, "{} lines", cases.len());
    let mut seen = BTreeMap::new();
    for case in &cases {
        assert!(!case.why.is_empty(), "line {} does not say why", case.line);
        let asked = (case.when, case.set, case.happens);
        if let Some(before) = seen.insert(asked, case.line) {
            panic!("line {} asks what line {before} asks", case.line);
        }
    }
}

#[test]
fn every_alert_and_every_level_is_in_the_table() {
    let said: BTreeSet<&str> = cases()
        .expect("a table")
        .iter()
        .flat_map(|case| case.set.split(','))
        .map(str::trim)
        .collect();
    let mut missing = Vec::new();
    for alert in Alert::ALL {
        for level in ["none", "warn", "deny"] {
            let usual = word(alert.usual()).expect("a word") == level;
            let phrase = format!("say {} {level}", alert.name());
            let impossible = alert == Alert::ClockBehind && level == "none";
            if !usual && !impossible && !said.contains(phrase.as_str()) {
                missing.push(phrase);
            }
        }
    }
    assert!(missing.is_empty(), "not in the table: {missing:?}");
}
