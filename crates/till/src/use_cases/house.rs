//! How the desk stands, the house rules, preferences, and vouching for a restored store.

use punchcard_domain::{
    alerts::Alerts,
    custom::CustomField,
    fact::{Fact, StreamVouched},
    numbering::CardNumbers,
    records::{Rules, Store},
    refusal::Refusal,
    staff::Permission,
    terms::MAX_ZONE_CHARS,
};
use punchcard_protocol::FactId;

use super::{actor::Actor, line, owner};
use crate::{
    error::Result,
    random,
    store::{local, read, streams},
    till::Till,
    views::{Prefs, RulesInput, SessionView, StatusView},
    work::Work,
};

impl Till {
    /// How the desk stands.
    ///
    /// # Errors
    /// Those of the store.
    pub fn status(&self, session: Option<SessionView>) -> Result<StatusView> {
        let keys_in_file = self.keys_in_file();
        self.write(move |work| {
            let house = work.house;
            let last_sync_ms = local::get(work.db, local::LAST_SYNC)?;
            Ok(StatusView {
                set_up: true,
                business: house.business.name.clone(),
                store: house.store.name.clone(),
                currency: house.business.currency.clone(),
                currency_digits: house.business.currency_digits,
                time_zone: house.store.time_zone.clone(),
                day: Some(house.store.days().day_of(work.now_ms())),
                now_ms: work.wall_ms,
                session,
                has_members: read::has_members(work.db)?,
                unsynced: line::unsynced(work)?,
                line: line::line_view(work)?,
                last_sync_ms,
                only_till: only_till(work)?,
                distrust: work.distrust(),
                keys_in_file,
                clock_behind: work.clock_behind(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                door: house.door.clone(),
                prefs: local::get(work.db, local::PREFS)?.unwrap_or_default(),
            })
        })
    }

    /// Keeps the desk's preferences.
    ///
    /// # Errors
    /// `bad_input` for what cannot be worked with.
    pub fn save_prefs(&self, prefs: Prefs) -> Result<()> {
        let bad = |field| crate::Error::bad_input(field, "not among what can be chosen");
        if !["zh-CN", "en"].contains(&prefs.language.as_str()) {
            return Err(bad("language"));
        }
        if !(15..=3600).contains(&prefs.idle_lock_secs) {
            return Err(bad("idle_lock_secs"));
        }
        if !(10..=500).contains(&prefs.scanner_gap_ms) {
            return Err(bad("scanner_gap_ms"));
        }
        if prefs.scanner_prefix.len() > 16 || prefs.scanner_suffix.len() > 16 {
            return Err(bad("scanner_prefix"));
        }
        self.write(move |work| local::set(work.db, local::PREFS, &prefs))
    }

    /// Says which part of the store this desk's door opens; empty: all of it. Passes for other parts
    /// are stopped here.
    ///
    /// # Errors
    /// `approval_needed`; `bad_input` for a name too long for a pass to have.
    pub fn save_door(&self, actor: &Actor, zone: &str) -> Result<()> {
        let (actor, zone) = (actor.clone(), zone.trim().to_owned());
        self.write(move |work| {
            actor.require(Permission::EditSettings)?;
            if zone.chars().count() > MAX_ZONE_CHARS || zone.chars().any(char::is_control) {
                return Err(crate::Error::bad_input("door", "a name in one line, 40 characters"));
            }
            if zone.is_empty() {
                local::remove(work.db, local::DOOR)?;
            } else {
                local::set(work.db, local::DOOR, &zone)?;
            }
            work.read_house_anew();
            Ok(())
        })
    }

    /// The house rules, as the settings page shows them.
    ///
    /// # Errors
    /// Those of the store.
    pub fn rules(&self) -> Result<RulesInput> {
        self.write(|work| Ok(shown(&work.house.rules, &work.house.store)))
    }

    /// Sets the house rules.
    ///
    /// # Errors
    /// `approval_needed`, `bad_input`.
    pub fn save_rules(&self, actor: &Actor, input: RulesInput) -> Result<RulesInput> {
        let actor = actor.clone();
        self.write(move |work| {
            actor.require(Permission::EditSettings)?;
            let rules = Rules {
                points_per_unit: input.points_per_unit,
                points_per_visit: input.points_per_visit,
                rounding: input.rounding,
                points_expire_months: input.points_expire_months,
                seen_again_hours: input.seen_again_hours,
                expires_soon_days: input.expires_soon_days,
                few_visits: input.few_visits,
                pass_required: input.pass_required,
                trust_limit: input.trust_limit,
                rest_percent: input.rest_percent,
                code_above: input.code_above,
                undo_secs: input.undo_secs,
                approval_above: input.approval_above,
                age_of_majority: input.age_of_majority,
                guardian_signs: input.guardian_signs,
                card_numbers: input.card_numbers.clone(),
                ..work.house.rules.clone()
            };
            if input.day_start_hour > 12 {
                return Err(Refusal::BadInput("day_start_hour").into());
            }
            save(work, &actor, rules)?;
            let mut store = work.house.store.clone();
            if store.day_start_hour != input.day_start_hour {
                store.day_start_hour = input.day_start_hour;
                owner::set(work, &actor, store, Fact::StoreSet)?;
            }
            Ok(input)
        })
    }

    /// What a desk says of whoever stands before it, and how loudly.
    ///
    /// # Errors
    /// Those of the store.
    pub fn alerts(&self) -> Result<Alerts> {
        self.write(|work| Ok(work.house.rules.alerts.clone()))
    }

    /// Sets what a desk says, and how loudly.
    ///
    /// # Errors
    /// `approval_needed`, `bad_input`.
    pub fn save_alerts(&self, actor: &Actor, alerts: Alerts) -> Result<Alerts> {
        let actor = actor.clone();
        self.write(move |work| {
            actor.require(Permission::EditSettings)?;
            let rules = Rules { alerts: alerts.clone(), ..work.house.rules.clone() };
            save(work, &actor, rules)?;
            Ok(alerts)
        })
    }

    /// Sets how new cards are numbered. Blocks of other numbers stay with whom they were allotted to,
    /// and are gone on with when the owner comes back to them.
    ///
    /// # Errors
    /// `approval_needed`, `bad_input`.
    pub fn save_card_numbers(
        &self,
        actor: &Actor,
        numbers: Option<CardNumbers>,
    ) -> Result<Option<CardNumbers>> {
        let actor = actor.clone();
        self.write(move |work| {
            actor.require(Permission::EditSettings)?;
            let rules = Rules { card_numbers: numbers.clone(), ..work.house.rules.clone() };
            save(work, &actor, rules)?;
            Ok(numbers)
        })
    }

    /// The owner's own fields on members' files.
    ///
    /// # Errors
    /// Those of the store.
    pub fn custom_fields(&self) -> Result<Vec<CustomField>> {
        self.write(|work| Ok(work.house.rules.custom_fields.clone()))
    }

    /// Sets the owner's own fields. What was written in one that is taken away is kept.
    ///
    /// # Errors
    /// `approval_needed`, `bad_input`.
    pub fn save_custom_fields(
        &self,
        actor: &Actor,
        fields: Vec<CustomField>,
    ) -> Result<Vec<CustomField>> {
        let actor = actor.clone();
        self.write(move |work| {
            actor.require(Permission::EditSettings)?;
            let rules = Rules { custom_fields: fields.clone(), ..work.house.rules.clone() };
            save(work, &actor, rules)?;
            Ok(fields)
        })
    }

    /// A manager vouches for a store that was restored: this journal takes its earlier lives'
    /// value over. Only where this is the business's only till; a hub knows better.
    ///
    /// # Errors
    /// `approval_needed`, `not_only_till`, `nothing_to_vouch`.
    pub fn vouch(&self, actor: &Actor) -> Result<()> {
        let actor = actor.clone();
        self.write(move |work| {
            actor.require(Permission::VouchForStore)?;
            if work.trusted() {
                return Err(Refusal::NothingToVouch.into());
            }
            if !only_till(work)? {
                return Err(Refusal::NotOnlyTill.into());
            }
            let me = work.stream();
            let earlier = streams::all(work.db)?
                .into_iter()
                .map(|(_, stream)| stream)
                .filter(|stream| stream.till == me.till && stream.incarnation < me.incarnation)
                .collect();
            let by = actor.approver.map_or(actor.staff, |(staff, _)| staff);
            let id = FactId(random::uuid_at(work.now_ms())?);
            let fact = Fact::StreamVouched(StreamVouched { id, takes_over: earlier, by });
            work.append_with(actor.staff, fact, None)?;
            local::remove(work.db, local::DISTRUST)?;
            work.set_distrust(None);
            Ok(())
        })
    }
}

/// Writes rules down where they are others than before.
pub(super) fn save(work: &mut Work<'_>, actor: &Actor, rules: Rules) -> Result<()> {
    rules.check()?;
    if rules != work.house.rules {
        owner::set(work, actor, rules, Fact::RulesSet)?;
    }
    Ok(())
}

/// Never paired with a hub, and nobody else's entries are here.
fn only_till(work: &Work<'_>) -> Result<bool> {
    let till = work.stream().till;
    let paired = local::get::<local::HubLink>(work.db, local::HUB)?.is_some();
    Ok(!paired && streams::all(work.db)?.iter().all(|(_, stream)| stream.till == till))
}

fn shown(rules: &Rules, store: &Store) -> RulesInput {
    RulesInput {
        points_per_unit: rules.points_per_unit,
        points_per_visit: rules.points_per_visit,
        rounding: rules.rounding,
        points_expire_months: rules.points_expire_months,
        seen_again_hours: rules.seen_again_hours,
        expires_soon_days: rules.expires_soon_days,
        few_visits: rules.few_visits,
        pass_required: rules.pass_required,
        trust_limit: rules.trust_limit,
        rest_percent: rules.rest_percent,
        code_above: rules.code_above,
        undo_secs: rules.undo_secs,
        approval_above: rules.approval_above,
        age_of_majority: rules.age_of_majority,
        guardian_signs: rules.guardian_signs,
        day_start_hour: store.day_start_hour,
        card_numbers: rules.card_numbers.clone(),
    }
}
