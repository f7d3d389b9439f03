//! Points by rules that the owner wrote: data, not code.
//!
//! [`Book::give`] is the whole of it: an [`Event`] and what is known → what each rule gives, and
//! why. A dry run shows what it returned; a real run writes the same down. Where the owner set no
//! rule, the plain [`Rules`](crate::records::Rules) go on (see [`crate::points`]).

pub mod condition;
pub mod event;
pub mod expiry;
pub mod follows;
pub mod hours;
pub mod rule;
mod worth;

use punchcard_protocol::RecordId;
use serde::{Deserialize, Serialize};

use self::{
    condition::{Condition, Language, Names, Trouble},
    event::{Event, Given, Sum, What},
    expiry::Expires,
    hours::Held,
    rule::{Birthday, Caps, EarnRule, MAX_LINES, Per},
    worth::{Worth, counted},
};
use crate::{
    money::MAX_AMOUNT,
    records::{Rounding, Rules},
    refusal::Refusal,
    time::Day,
};

/// What one rule gave, as a fact keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Which rule.
    pub rule: RecordId,
    /// Which version of it.
    pub version: u32,
    /// So many points, more than zero.
    pub points: i64,
}

/// Why a rule gave what it gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// It gave all that it is worth.
    Gave,
    /// It gave less than it is worth, or nothing: a cap.
    Capped(Cap),
    /// It is a limit; the others stayed within it, or were cut to it.
    Bounds {
        /// Points that the others lost by it.
        cut: i64,
    },
    /// It is switched off.
    Off,
    /// Its first day has not come.
    NotYet,
    /// Its last day has gone.
    Over,
    /// It is for something else.
    OtherEvent,
    /// On another weekday.
    OtherDay,
    /// At another hour.
    OtherHour,
    /// In another store.
    OtherStore,
    /// For another tier.
    OtherTier,
    /// Nothing that was bought is what it is for.
    OtherLines,
    /// The money that counts is too little.
    TooLittle,
    /// It is no birthday.
    NoBirthday,
    /// It is not the first time, or nobody sent them.
    NotFirst,
    /// The row of visits has not that length, or counted already.
    NoStreak,
    /// The condition says no.
    ConditionNo,
    /// The condition could not be answered.
    ConditionFailed(String),
    /// A newer program wrote it, with something that this one does not know.
    Unreadable,
    /// Less than one point.
    LessThanOne,
    /// A rule before it lets none after it give.
    StoppedBy(RecordId),
    /// Another rule of its kind gives more.
    BeatenBy(RecordId),
    /// More than any amount of points may be.
    TooLarge,
}

/// Which cap bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cap {
    /// For one thing that happens.
    Once,
    /// In one day.
    Day,
    /// In one month.
    Month,
    /// In one year.
    Year,
    /// Ever.
    Ever,
    /// So often in one day.
    TimesDay,
    /// So often in one month.
    TimesMonth,
    /// So often in one year.
    TimesYear,
    /// So often, ever.
    TimesEver,
    /// A limit over all rules.
    All(RecordId),
}

impl Why {
    /// A name that scripts, cases and the desk go by.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Gave => "gave",
            Self::Capped(cap) => cap.code(),
            Self::Bounds { .. } => "bounds",
            Self::Off => "off",
            Self::NotYet => "not_yet",
            Self::Over => "over",
            Self::OtherEvent => "other_event",
            Self::OtherDay => "other_day",
            Self::OtherHour => "other_hour",
            Self::OtherStore => "other_store",
            Self::OtherTier => "other_tier",
            Self::OtherLines => "other_lines",
            Self::TooLittle => "too_little",
            Self::NoBirthday => "no_birthday",
            Self::NotFirst => "not_first",
            Self::NoStreak => "no_streak",
            Self::ConditionNo => "condition_no",
            Self::ConditionFailed(_) => "condition_failed",
            Self::Unreadable => "unreadable",
            Self::LessThanOne => "less_than_one",
            Self::StoppedBy(_) => "stopped",
            Self::BeatenBy(_) => "beaten",
            Self::TooLarge => "too_large",
        }
    }
}

impl Cap {
    /// A name that scripts, cases and the desk go by.
    pub fn code(self) -> &'static str {
        match self {
            Self::Once => "cap_once",
            Self::Day => "cap_day",
            Self::Month => "cap_month",
            Self::Year => "cap_year",
            Self::Ever => "cap_ever",
            Self::TimesDay => "cap_times_day",
            Self::TimesMonth => "cap_times_month",
            Self::TimesYear => "cap_times_year",
            Self::TimesEver => "cap_times_ever",
            Self::All(_) => "cap_all",
        }
    }
}

/// What one rule came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Which rule.
    pub rule: RecordId,
    /// Which version.
    pub version: u32,
    /// What it is called.
    pub name: String,
    /// What it is worth, before any cap.
    pub worth: i64,
    /// What it gives.
    pub points: i64,
    /// Why.
    pub why: Why,
    /// When these points run out: Unix ms.
    pub expires_ms: Option<i64>,
    /// From when on they can be used, where not at once: Unix ms.
    pub usable_ms: Option<i64>,
}

/// What all rules came to, in the order in which they were asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Each rule.
    pub told: Vec<Told>,
}

/// Points that can be used from the same moment on and run out together: one lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bundle {
    /// How many.
    pub points: i64,
    /// When they run out.
    pub expires_ms: Option<i64>,
    /// From when on they can be used, where not at once.
    pub usable_ms: Option<i64>,
}

impl Outcome {
    /// All points.
    pub fn points(&self) -> i64 {
        self.told.iter().map(|told| told.points).fold(0, i64::saturating_add)
    }

    /// What the fact keeps.
    pub fn parts(&self) -> Vec<Part> {
        let gave = self.told.iter().filter(|told| told.points > 0);
        gave.map(|told| Part { rule: told.rule, version: told.version, points: told.points })
            .collect()
    }

    /// The lots to issue: those that can be used at once first, then by when they run out.
    pub fn bundles(&self) -> Vec<Bundle> {
        let mut bundles: Vec<Bundle> = Vec::new();
        for told in self.told.iter().filter(|told| told.points > 0) {
            let same = |bundle: &&mut Bundle| {
                (bundle.expires_ms, bundle.usable_ms) == (told.expires_ms, told.usable_ms)
            };
            match bundles.iter_mut().find(same) {
                Some(bundle) => bundle.points = bundle.points.saturating_add(told.points),
                None => bundles.push(Bundle {
                    points: told.points,
                    expires_ms: told.expires_ms,
                    usable_ms: told.usable_ms,
                }),
            }
        }
        bundles.sort_by_key(|bundle| {
            (bundle.usable_ms.unwrap_or(i64::MIN), bundle.expires_ms.unwrap_or(i64::MAX))
        });
        bundles
    }
}

/// All rules of the house, their conditions read once.
#[derive(Debug, Default)]
pub struct Book {
    pages: Vec<Page>,
    language: Language,
}

/// What of a member's history has to be looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// What each rule gave so far.
    pub given: bool,
}

#[derive(Debug)]
struct Page {
    rule: EarnRule,
    condition: Option<Result<Condition, Trouble>>,
}

impl Book {
    /// A book of rules. In which order they come in does not matter.
    pub fn new(rules: Vec<EarnRule>) -> Self {
        let mut pages: Vec<Page> = rules
            .into_iter()
            .map(|rule| {
                let condition = rule.condition.as_deref().map(Condition::read);
                Page { rule, condition }
            })
            .collect();
        pages.sort_by_key(|page| (std::cmp::Reverse(page.rule.priority), page.rule.id));
        Self { pages, language: Language::default() }
    }

    /// Whether points go by these rules: one of them is in use, be its days gone or to come.
    pub fn in_force(&self) -> bool {
        self.pages.iter().any(|page| page.rule.active)
    }

    /// What of a member's history any rule looks at.
    pub fn needs(&self) -> Needs {
        let bounded = |rule: &EarnRule| Caps { once: None, ..rule.caps } != Caps::default();
        Needs { given: self.rules().any(|rule| rule.active && bounded(rule)) }
    }

    /// The rules, in the order in which they are asked.
    pub fn rules(&self) -> impl Iterator<Item = &EarnRule> {
        self.pages.iter().map(|page| &page.rule)
    }

    /// What each rule gives for `event`, and why. `house`: what a rule leaves open.
    ///
    /// # Errors
    /// [`Refusal::BadAmount`], [`Refusal::TooLarge`] and [`Refusal::BadInput`] for an event that
    /// cannot have happened.
    pub fn give(&self, event: &Event, house: &Rules) -> Result<Outcome, Refusal> {
        check(event)?;
        let mut run = Run {
            event,
            house,
            names: None,
            language: &self.language,
            told: self.pages.iter().map(|page| blank(&page.rule, event, house)).collect(),
        };
        run.ask(&self.pages);
        run.stop(&self.pages);
        run.best(&self.pages, |per| per != Per::Multiply);
        run.cap(&self.pages, |per| per != Per::Multiply);
        run.multiply(&self.pages);
        run.limit(&self.pages);
        Ok(Outcome { told: run.told })
    }
}

/// Whether an event can have happened.
fn check(event: &Event) -> Result<(), Refusal> {
    match &event.what {
        What::Sale { amount_minor, lines } => {
            check_money(*amount_minor)?;
            if lines.len() > MAX_LINES {
                return Err(Refusal::BadInput("lines"));
            }
            let sound = lines.iter().all(|line| {
                (0..=MAX_AMOUNT).contains(&line.amount_minor)
                    && (0..=1_000_000).contains(&line.quantity)
            });
            if sound { Ok(()) } else { Err(Refusal::BadInput("lines")) }
        }
        What::TopUp { amount_minor } => check_money(*amount_minor),
        What::Visit | What::Refers => Ok(()),
    }
}

fn check_money(amount_minor: i64) -> Result<(), Refusal> {
    match amount_minor {
        ..=0 => Err(Refusal::BadAmount),
        1..=MAX_AMOUNT => Ok(()),
        _ => Err(Refusal::TooLarge),
    }
}

fn blank(rule: &EarnRule, event: &Event, house: &Rules) -> Told {
    let today = event.today();
    let usual = house.points_expire_months.map_or(Expires::Never, Expires::Months);
    let pending = i32::try_from(rule.pending_days).unwrap_or(i32::MAX);
    Told {
        rule: rule.id,
        version: rule.version,
        name: rule.name.clone(),
        worth: 0,
        points: 0,
        why: Why::Gave,
        expires_ms: rule.expires.unwrap_or(usual).moment(today, event.days),
        usable_ms: (pending > 0).then(|| event.days.start_of(today.plus_days(pending))),
    }
}

/// One event on its way through the rules.
struct Run<'a> {
    event: &'a Event,
    house: &'a Rules,
    language: &'a Language,
    /// What conditions are asked with: made for the first that asks.
    names: Option<Names>,
    told: Vec<Told>,
}

impl Run<'_> {
    /// Which rules apply, and what each is worth by itself.
    fn ask(&mut self, pages: &[Page]) {
        for (at, page) in pages.iter().enumerate() {
            let answer = self.applies(page).and_then(|()| match page.rule.per {
                Per::Multiply | Per::Limit => Ok(0),
                _ => self
                    .worth(&page.rule, None)
                    .and_then(|worth| worth.round(self.rounding(&page.rule)).ok_or(Why::TooLarge)),
            });
            let told = &mut self.told[at];
            match answer {
                Ok(0) if page.rule.per != Per::Multiply && page.rule.per != Per::Limit => {
                    told.why = Why::LessThanOne;
                }
                Ok(worth) => (told.worth, told.points) = (worth, worth),
                Err(why) => told.why = why,
            }
        }
    }

    fn rounding(&self, rule: &EarnRule) -> Rounding {
        rule.rounding.unwrap_or(self.house.rounding)
    }

    fn applies(&mut self, page: &Page) -> Result<(), Why> {
        let rule = &page.rule;
        in_use(rule, self.event.today())?;
        fits_event(rule, self.event)?;
        fits_place(rule, self.event)?;
        fits_money(rule, self.event)?;
        let born = self.event.member.birthday;
        if rule.birthday.is_some_and(|near| !is_near(near, born, self.event.today())) {
            return Err(Why::NoBirthday);
        }
        match &page.condition {
            None => Ok(()),
            Some(Err(trouble)) => Err(Why::ConditionFailed(trouble.to_string())),
            Some(Ok(condition)) => self.asked(condition),
        }
    }

    fn asked(&mut self, condition: &Condition) -> Result<(), Why> {
        let names = self.names.get_or_insert_with(|| self.language.names(self.event));
        match condition.holds(names) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Why::ConditionNo),
            Err(error) => Err(Why::ConditionFailed(error)),
        }
    }

    /// What a rule is worth; with `also`: of the lines that this one is for as well.
    fn worth(&self, rule: &EarnRule, also: Option<&EarnRule>) -> Result<Worth, Why> {
        worth::of(rule, also, self.event).ok_or(Why::TooLarge)
    }

    /// The first rule that stops and gives something: none after it gives anything. (A multiplier
    /// that stops lets no multiplier after it: see [`Run::multiply`].)
    fn stop(&mut self, pages: &[Page]) {
        let gives = |told: &Told| told.points > 0;
        let Some(by) = (0..pages.len()).find(|at| pages[*at].rule.stops && gives(&self.told[*at]))
        else {
            return;
        };
        let stopper = self.told[by].rule;
        for (told, page) in self.told.iter_mut().zip(pages).skip(by + 1) {
            if told.why == Why::Gave && page.rule.per != Per::Limit {
                (told.points, told.why) = (0, Why::StoppedBy(stopper));
            }
        }
    }

    /// Of the rules with one word only the one that gives most, by its own caps, counts; of
    /// equals the first.
    fn best(&mut self, pages: &[Page], of: impl Fn(Per) -> bool) {
        for at in 0..pages.len() {
            let Some(word) = &pages[at].rule.best_of else { continue };
            let mut best: Option<(i64, usize)> = None;
            for (other, page) in pages.iter().enumerate() {
                let rival = page.rule.best_of.as_ref() == Some(word) && of(page.rule.per);
                if !rival || self.told[other].points == 0 {
                    continue;
                }
                let gives = self.bounded(&page.rule, self.told[other].points).0;
                if best.is_none_or(|(most, _)| gives > most) {
                    best = Some((gives, other));
                }
            }
            if let Some((_, winner)) = best
                && winner != at
                && self.told[at].points > 0
                && of(pages[at].rule.per)
            {
                let by = self.told[winner].rule;
                (self.told[at].points, self.told[at].why) = (0, Why::BeatenBy(by));
            }
        }
    }

    /// Cuts what each gives to its caps.
    fn cap(&mut self, pages: &[Page], of: impl Fn(Per) -> bool) {
        for (at, page) in pages.iter().enumerate() {
            if self.told[at].points == 0 || !of(page.rule.per) {
                continue;
            }
            let (points, cap) = self.bounded(&page.rule, self.told[at].points);
            if let Some(cap) = cap {
                (self.told[at].points, self.told[at].why) = (points, Why::Capped(cap));
            }
        }
    }

    fn bounded(&self, rule: &EarnRule, points: i64) -> (i64, Option<Cap>) {
        let given = self.event.history.given.get(&rule.id).copied().unwrap_or_default();
        bounded(&rule.caps, given, points)
    }

    /// What multipliers add to what was given before them: never to what a cap cut.
    fn multiply(&mut self, pages: &[Page]) {
        let open = |told: &Told| told.why == Why::Gave;
        let factors: Vec<usize> = (0..pages.len())
            .filter(|at| pages[*at].rule.per == Per::Multiply && open(&self.told[*at]))
            .collect();
        // What each adds by itself, so that the best of some can be found.
        for at in &factors {
            self.factor(pages, *at, 0);
        }
        self.best(pages, |per| per == Per::Multiply);
        let mut added = 0;
        let mut stopper = None;
        for at in factors {
            if matches!(self.told[at].why, Why::BeatenBy(_)) {
                continue;
            }
            if let Some(by) = stopper {
                (self.told[at].points, self.told[at].why) = (0, Why::StoppedBy(by));
                continue;
            }
            self.factor(pages, at, added);
            if self.told[at].points > 0 {
                let (points, cap) = self.bounded(&pages[at].rule, self.told[at].points);
                if let Some(cap) = cap {
                    (self.told[at].points, self.told[at].why) = (points, Why::Capped(cap));
                }
                stopper = pages[at].rule.stops.then_some(self.told[at].rule);
            }
            added = added.saturating_add(self.told[at].points);
        }
    }

    /// What one multiplier adds. `added`: what those before it added.
    fn factor(&mut self, pages: &[Page], at: usize, added: i64) {
        let rule = &pages[at].rule;
        let mut whole = if rule.compounds { Some(Worth::whole(added)) } else { Some(Worth::NONE) };
        for (base, told) in pages.iter().zip(&self.told) {
            if base.rule.per.is_base() && told.points > 0 {
                let part = worth::of(&base.rule, Some(rule), self.event);
                let part = match told.why {
                    Why::Capped(_) => part.map(|part| part.at_most(told.points)),
                    _ => part,
                };
                whole = whole.zip(part).and_then(|(whole, part)| whole.plus(part));
            }
        }
        let extra = whole.and_then(|whole| whole.percent(rule.percent - 100));
        let rounding = self.rounding(rule);
        let told = &mut self.told[at];
        match extra.and_then(|extra| extra.round(rounding)) {
            Some(0) => (told.worth, told.points, told.why) = (0, 0, Why::LessThanOne),
            Some(points) => {
                (told.worth, told.points, told.why) = (points, points, Why::Gave);
            }
            None => (told.worth, told.points, told.why) = (0, 0, Why::TooLarge),
        }
    }

    /// Cuts what all give together to the limits: those asked last lose first, multipliers before
    /// what they multiply.
    fn limit(&mut self, pages: &[Page]) {
        let before = self.event.history.given.values().fold(Given::default(), |all, given| Given {
            day: plus(all.day, given.day),
            month: plus(all.month, given.month),
            year: plus(all.year, given.year),
            ever: plus(all.ever, given.ever),
        });
        for at in 0..pages.len() {
            let rule = &pages[at].rule;
            if rule.per != Per::Limit || self.told[at].why != Why::Gave {
                continue;
            }
            let sum = self.told.iter().map(|told| told.points).fold(0, i64::saturating_add);
            let (allowed, _) = bounded(&rule.caps, before, sum);
            let cut = sum - allowed;
            self.cut(pages, cut, rule.id);
            self.told[at].why = Why::Bounds { cut };
        }
    }

    fn cut(&mut self, pages: &[Page], mut cut: i64, by: RecordId) {
        let last_first = |multiplies: bool| {
            (0..pages.len())
                .rev()
                .filter(move |at| (pages[*at].rule.per == Per::Multiply) == multiplies)
        };
        for at in last_first(true).chain(last_first(false)) {
            let told = &mut self.told[at];
            let loses = cut.min(told.points);
            if loses > 0 {
                (told.points, told.why) = (told.points - loses, Why::Capped(Cap::All(by)));
                cut -= loses;
            }
        }
    }
}

fn plus(a: Sum, b: Sum) -> Sum {
    Sum { points: a.points.saturating_add(b.points), times: a.times.saturating_add(b.times) }
}

/// So many points at most, and which cap says so where that is fewer.
fn bounded(caps: &Caps, given: Given, points: i64) -> (i64, Option<Cap>) {
    let room = |cap: Option<i64>, sum: i64| cap.map(|cap| cap.saturating_sub(sum).max(0));
    let left = [
        (Cap::Once, caps.once),
        (Cap::Day, room(caps.day, given.day.points)),
        (Cap::Month, room(caps.month, given.month.points)),
        (Cap::Year, room(caps.year, given.year.points)),
        (Cap::Ever, room(caps.ever, given.ever.points)),
    ];
    let often = [
        (Cap::TimesDay, caps.times_day, given.day.times),
        (Cap::TimesMonth, caps.times_month, given.month.times),
        (Cap::TimesYear, caps.times_year, given.year.times),
        (Cap::TimesEver, caps.times_ever, given.ever.times),
    ];
    let used_up = |(_, cap, times): &(Cap, Option<i64>, i64)| cap.is_some_and(|cap| *times >= cap);
    if let Some((cap, ..)) = often.into_iter().find(used_up) {
        return (0, Some(cap));
    }
    let mut bounded = (points, None);
    for (cap, left) in left {
        if let Some(left) = left.filter(|left| *left < bounded.0) {
            bounded = (left, Some(cap));
        }
    }
    bounded
}

fn in_use(rule: &EarnRule, today: Day) -> Result<(), Why> {
    if !rule.active {
        return Err(Why::Off);
    }
    if !rule.unknown.is_empty() || rule.per == Per::Unknown || rule.check_shape().is_err() {
        return Err(Why::Unreadable);
    }
    if rule.from.is_some_and(|from| today < from) {
        return Err(Why::NotYet);
    }
    if rule.until.is_some_and(|until| until < today) {
        return Err(Why::Over);
    }
    Ok(())
}

fn fits_event(rule: &EarnRule, event: &Event) -> Result<(), Why> {
    let sale = matches!(event.what, What::Sale { .. });
    let visit = event.is_visit();
    let streak = |length: i64, new: bool| {
        let reached = if rule.repeats {
            length > 0 && length % rule.count.max(1) == 0
        } else {
            length == rule.count
        };
        if new && reached { Ok(()) } else { Err(Why::NoStreak) }
    };
    let fits = match rule.per {
        Per::Amount | Per::Sale | Per::Item => sale,
        Per::Visit | Per::FirstVisit | Per::StreakDays | Per::StreakWeeks => visit,
        Per::Multiply | Per::Referred => sale || visit,
        Per::TopUp => event.is_top_up(),
        Per::Refers => event.what == What::Refers,
        Per::Limit => true,
        Per::Unknown => false,
    };
    if !fits {
        return Err(Why::OtherEvent);
    }
    let streaks = event.streaks();
    match rule.per {
        Per::FirstVisit if event.member.visits > 0 => Err(Why::NotFirst),
        Per::Referred if !(event.is_first() && event.member.referred) => Err(Why::NotFirst),
        Per::StreakDays => streak(streaks.days, streaks.new_day),
        Per::StreakWeeks => streak(streaks.weeks, streaks.new_week),
        _ => Ok(()),
    }
}

fn fits_place(rule: &EarnRule, event: &Event) -> Result<(), Why> {
    match hours::holds(event.at_ms, event.days, rule.hours, &rule.weekdays) {
        Held::Yes => {}
        Held::OtherHour => return Err(Why::OtherHour),
        Held::OtherDay => return Err(Why::OtherDay),
    }
    if !rule.stores.is_empty() && !rule.stores.contains(&event.store) {
        return Err(Why::OtherStore);
    }
    let tier = event.member.tier;
    if !rule.tiers.is_empty() && !tier.is_some_and(|tier| rule.tiers.contains(&tier)) {
        return Err(Why::OtherTier);
    }
    Ok(())
}

fn fits_money(rule: &EarnRule, event: &Event) -> Result<(), Why> {
    let money = event.amount_minor() > 0;
    let counted = counted(rule, None, event);
    if rule.by_line() && (!money || counted.pieces == 0 && counted.minor == 0) {
        return Err(Why::OtherLines);
    }
    if counted.minor < rule.min_amount_minor {
        return Err(Why::TooLittle);
    }
    Ok(())
}

/// Whether today is near enough to a birthday.
fn is_near(near: Birthday, born: Option<Day>, today: Day) -> bool {
    use chrono::Datelike as _;
    let Some(born) = born else { return false };
    match near {
        Birthday::Day => born.is_birthday_on(today),
        Birthday::Week => (-3..=3).any(|days| born.is_birthday_on(today.plus_days(days))),
        Birthday::Month => born.0.month() == today.0.month(),
    }
}
