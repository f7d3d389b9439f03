//! Points by the owner's rules: what a decision needs to know, setting them, and trying them out.

use std::collections::BTreeMap;

use punchcard_domain::{
    earning::{
        Outcome,
        event::{Event, History, Known, SaleLine, What},
        rule::{EarnRule, MAX_RULES},
    },
    fact::Fact,
    ledger::ValueKind,
    money::parse_amount,
    records::Tier,
    refusal::Refusal,
    staff::{Permission, Role},
};
use punchcard_protocol::{MemberId, RecordId};
use serde_json::Value;

use super::{actor::Actor, owner, points::known_member};
use crate::{
    error::{Error, Result},
    random,
    store::{
        earned,
        read::MemberFile,
        records::{self},
    },
    till::Till,
    views::{DryRunView, RuleToldView},
    work::Work,
};

/// A line of a sale, as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineInput {
    /// Pieces.
    pub quantity: i64,
    /// Category.
    pub category: String,
    /// Item.
    pub item: String,
    /// What was paid for it: 60.00.
    pub amount: String,
}

/// What is tried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trial {
    /// A sale: what was paid, and what for.
    Sale(String, Vec<LineInput>),
    /// A visit that counts.
    Visit,
    /// Money loaded.
    TopUp(String),
}

impl Till {
    /// The owner's rules for points, in the order in which they are asked; those that are off too.
    ///
    /// # Errors
    /// Those of the store.
    pub fn earn_rules(&self) -> Result<Vec<EarnRule>> {
        self.write(|work| Ok(work.house.book.rules().cloned().collect()))
    }

    /// Sets rules, all or none: one object or a list of them, as docs/rules/README.md describes.
    /// A rule without an id is the one of the same name, or a new one; stores and tiers may be
    /// named by their names.
    ///
    /// # Errors
    /// `approval_needed`, `bad_input`, `bad_condition`, `unknown_field`, `name_missing`.
    pub fn set_earn_rules(&self, actor: &Actor, text: &str) -> Result<Vec<EarnRule>> {
        let (actor, text) = (actor.clone(), text.to_owned());
        self.write(move |work| {
            actor.require(Permission::EditSettings)?;
            for rule in read_rules(work, &text)? {
                owner::set(work, &actor, rule, Fact::EarnRuleSet)?;
            }
            Ok(())
        })?;
        self.earn_rules()
    }

    /// Sets tiers, all or none: one object or a list of them, as docs/rules/README.md describes. A
    /// tier without an id is the one of the same name, or a new one.
    ///
    /// # Errors
    /// `approval_needed`, `bad_input`, `name_missing`.
    pub fn set_tiers(&self, actor: &Actor, text: &str) -> Result<Vec<Tier>> {
        let (actor, text) = (actor.clone(), text.to_owned());
        self.write(move |work| {
            actor.require(Permission::EditSettings)?;
            let known = records::tiers(work.db)?;
            for object in objects(&text)? {
                let tier = read_tier(work, &known, object)?;
                owner::set(work, &actor, tier, Fact::TierSet)?;
            }
            records::tiers(work.db)
        })
    }

    /// What each rule would give, and why. Changes nothing. Without a member: to somebody of whom
    /// nothing is known, who comes for the first time.
    ///
    /// # Errors
    /// `bad_amount`, `bad_input`, `not_found`.
    pub fn earn_dry_run(
        &self,
        actor: &Actor,
        member: Option<MemberId>,
        trial: Trial,
        at_ms: Option<i64>,
    ) -> Result<DryRunView> {
        let actor = actor.clone();
        self.write(move |work| {
            actor.require(Permission::ViewMember)?;
            let file = member.map(|member| known_member(work, member)).transpose()?;
            let what = match &trial {
                Trial::Sale(amount, lines) => sale(work, amount, lines)?,
                Trial::Visit => What::Visit,
                Trial::TopUp(amount) => What::TopUp { amount_minor: money(work, amount)? },
            };
            let event = match &file {
                Some(file) => {
                    let tier = work.eye(actor.role).tier(file)?;
                    event(work, file, tier.as_ref(), what, at_ms)?
                }
                None => happens(work, what, at_ms, nobody(), History::default()),
            };
            let outcome = work.house.book.give(&event, &work.house.rules)?;
            Ok(shown(work, &outcome))
        })
    }
}

/// An amount as it was typed, in minor units.
pub(crate) fn money(work: &Work<'_>, amount: &str) -> Result<i64> {
    parse_amount(amount, work.house.business.currency_digits)
        .map_err(|error| Error::bad_input("amount", format!("{amount}: {error}")))
}

fn sale(work: &Work<'_>, amount: &str, lines: &[LineInput]) -> Result<What> {
    Ok(What::Sale { amount_minor: money(work, amount)?, lines: sale_lines(work, lines)? })
}

/// Lines as they were typed.
pub(crate) fn sale_lines(work: &Work<'_>, lines: &[LineInput]) -> Result<Vec<SaleLine>> {
    let longest = punchcard_domain::records::MAX_NAME_CHARS;
    lines
        .iter()
        .map(|line| {
            for (field, text) in [("item", &line.item), ("category", &line.category)] {
                if text.chars().count() > longest {
                    return Err(Refusal::TooLong { field, limit: longest }.into());
                }
            }
            Ok(SaleLine {
                item: line.item.clone(),
                category: line.category.clone(),
                quantity: line.quantity,
                amount_minor: money(work, &line.amount)?,
            })
        })
        .collect()
}

/// What the owner's rules come to; none: there are none in use, and the plain ones go.
pub(crate) fn by_rules(
    work: &Work<'_>,
    file: &MemberFile,
    what: What,
    at_ms: Option<i64>,
) -> Result<Option<Outcome>> {
    if !work.house.book.in_force() {
        return Ok(None);
    }
    let tier = work.eye(Role::Receptionist).tier(file)?;
    by_rules_in(work, file, tier.as_ref(), what, at_ms)
}

/// The same, where the tier is known.
pub(crate) fn by_rules_in(
    work: &Work<'_>,
    file: &MemberFile,
    tier: Option<&Tier>,
    what: What,
    at_ms: Option<i64>,
) -> Result<Option<Outcome>> {
    if !work.house.book.in_force() {
        return Ok(None);
    }
    let event = event(work, file, tier, what, at_ms)?;
    Ok(Some(work.house.book.give(&event, &work.house.rules)?))
}

/// Something that happens to a member now, or happened at `at_ms`, with what is known here.
fn event(
    work: &Work<'_>,
    file: &MemberFile,
    tier: Option<&Tier>,
    what: What,
    at_ms: Option<i64>,
) -> Result<Event> {
    let (days, at_ms) = (work.house.store.days(), at_ms.unwrap_or(work.now_ms()));
    let needs = work.house.book.needs();
    let so_far = earned::so_far(work.db, file.number, days, at_ms)?;
    let history = History {
        given: if needs.given {
            earned::given(work.db, file.number, days, at_ms)?
        } else {
            BTreeMap::new()
        },
        visit_days: so_far.visit_days,
    };
    let eye = work.eye(Role::Receptionist);
    let points = eye.purse(file.number, ValueKind::Points)?.on_file(at_ms);
    let member = Known {
        tier: tier.map(|tier| tier.id),
        multiplier_percent: tier.map_or(100, |tier| tier.multiplier_percent),
        tier_name: tier.map(|tier| tier.name.clone()).unwrap_or_default(),
        birthday: file.birthday,
        joined: (file.joined_ms > 0).then(|| days.day_of(file.joined_ms)),
        tags: file.tags.clone(),
        points,
        spent_minor: so_far.spent_minor,
        visits: so_far.visits,
        sales: so_far.sales,
        referred: file.referred_by.is_some(),
    };
    Ok(happens(work, what, Some(at_ms), member, history))
}

/// Something that happens in this store.
fn happens(
    work: &Work<'_>,
    what: What,
    at_ms: Option<i64>,
    member: Known,
    history: History,
) -> Event {
    let store = &work.house.store;
    Event {
        what,
        at_ms: at_ms.unwrap_or(work.now_ms()),
        store: store.id,
        store_name: store.name.clone(),
        days: store.days(),
        member,
        history,
    }
}

/// Somebody of whom nothing is known.
fn nobody() -> Known {
    Known { multiplier_percent: 100, ..Known::default() }
}

fn shown(work: &Work<'_>, outcome: &Outcome) -> DryRunView {
    let days = work.house.store.days();
    let told = outcome.told.iter().map(|told| RuleToldView {
        rule: told.rule.to_string(),
        version: told.version,
        name: told.name.clone(),
        worth: told.worth,
        points: told.points,
        why: told.why.code().to_owned(),
        detail: match &told.why {
            punchcard_domain::earning::Why::ConditionFailed(words) => Some(words.clone()),
            _ => None,
        },
        expires: told.expires_ms.map(|ms| days.day_of(ms - 1)),
        usable: told.usable_ms.map(|ms| days.day_of(ms)),
    });
    DryRunView { points: outcome.points(), rules: told.collect() }
}

/// One object, or a list of them.
fn objects(text: &str) -> Result<Vec<Value>> {
    let read: Value = serde_json::from_str(text)
        .map_err(|error| Error::bad_input("file", format!("this is not JSON: {error}")))?;
    Ok(match read {
        Value::Array(objects) => objects,
        object => vec![object],
    })
}

fn read_tier(work: &Work<'_>, known: &[Tier], object: Value) -> Result<Tier> {
    let Value::Object(mut fields) = object else {
        return Err(Error::bad_input("tiers", "a tier is an object: {\"name\": …}"));
    };
    let name = fields.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    if !fields.contains_key("id") {
        let id = match known.iter().find(|tier| tier.name == name) {
            Some(tier) => tier.id,
            None => RecordId(random::uuid_at(work.now_ms())?),
        };
        fields.insert("id".into(), id.to_string().into());
    }
    let tier: Tier = serde_json::from_value(Value::Object(fields))
        .map_err(|error| Error::bad_input("tiers", format!("{name}: {error}")))?;
    punchcard_domain::records::check_name(&tier.name)?;
    tier.check()?;
    Ok(tier)
}

/// Rules as a file holds them, looked through.
fn read_rules(work: &Work<'_>, text: &str) -> Result<Vec<EarnRule>> {
    let mut known: Vec<EarnRule> = work.house.book.rules().cloned().collect();
    let mut rules = Vec::new();
    for object in objects(text)? {
        let rule = read_rule(work, &known, object)?;
        known.retain(|other| other.id != rule.id);
        known.push(rule.clone());
        rules.push(rule);
    }
    if known.len() > MAX_RULES {
        return Err(Error::bad_input("rules", format!("at most {MAX_RULES} rules are kept")));
    }
    Ok(rules)
}

fn read_rule(work: &Work<'_>, known: &[EarnRule], object: Value) -> Result<EarnRule> {
    let Value::Object(mut fields) = object else {
        return Err(Error::bad_input("rules", "a rule is an object: {\"name\": …}"));
    };
    let named = |fields: &serde_json::Map<String, Value>, field: &str| {
        fields.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let (id, name) = (named(&fields, "id"), named(&fields, "name"));
    let before = if id.is_empty() {
        known.iter().find(|rule| rule.name == name)
    } else {
        known.iter().find(|rule| rule.id.to_string() == id)
    };
    if id.is_empty() {
        let id = match before {
            Some(rule) => rule.id,
            None => RecordId(random::uuid_at(work.now_ms())?),
        };
        fields.insert("id".into(), id.to_string().into());
    }
    let version = before.map_or(1, |rule| rule.version.saturating_add(1));
    fields.insert("version".into(), version.into());
    fields.entry("active").or_insert(true.into());
    by_name(&mut fields, "tiers", || {
        let tiers = records::tiers(work.db)?;
        Ok(tiers.into_iter().map(|tier| (tier.name, tier.id.to_string())).collect())
    })?;
    by_name(&mut fields, "stores", || {
        let stores = records::stores(work.db)?;
        Ok(stores.into_iter().map(|store| (store.name, store.id.to_string())).collect())
    })?;
    let rule: EarnRule = serde_json::from_value(Value::Object(fields))
        .map_err(|error| Error::bad_input("rules", format!("{name}: {error}")))?;
    rule.check()?;
    Ok(rule)
}

/// Puts ids in the place of names in one list of a rule.
fn by_name(
    fields: &mut serde_json::Map<String, Value>,
    field: &'static str,
    known: impl FnOnce() -> Result<BTreeMap<String, String>>,
) -> Result<()> {
    let Some(Value::Array(list)) = fields.get_mut(field) else { return Ok(()) };
    let known = known()?;
    for entry in list {
        let named = entry.as_str().unwrap_or_default().to_owned();
        if named.parse::<RecordId>().is_ok() {
            continue;
        }
        match known.get(&named) {
            Some(id) => *entry = id.clone().into(),
            None => return Err(Error::bad_input(field, format!("nothing is called “{named}”"))),
        }
    }
    Ok(())
}
