//! What the owner sets up: rewards, kinds of pass, tiers, staff.

use punchcard_domain::{
    decide,
    fact::{Fact, RecordSet},
    records::{PassType, Reward, Staff, Store, Tier, check_name},
    refusal::Refusal,
    rewards::RewardTerms,
    staff::{Permission, Role},
    terms::Terms,
};
use punchcard_protocol::{FactId, MemberId, RecordId, StaffId};
use serde::{Deserialize, Serialize};

use super::{actor::Actor, passes, points::known_member};
use crate::{
    error::{Error, Result},
    pin, random,
    store::records,
    till::Till,
    views::{PassFormView, PassTypeView, StaffView, StoreChoice, TierView},
    work::Work,
};

/// A reward, as the settings page sends and gets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RewardInput {
    /// Id; none: a new one.
    pub id: Option<String>,
    /// Name.
    pub name: String,
    /// Points; 0: the cashier chooses how many.
    pub cost: i64,
    /// Money off for one point, in minor units, where the cashier chooses.
    pub minor_per_point: i64,
    /// On offer.
    pub active: bool,
    /// What it asks for besides; none: as before.
    #[serde(default)]
    pub terms: Option<RewardTerms>,
}

/// A kind of pass, as the settings page sends it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PassTypeInput {
    /// Id; none: a new one.
    pub id: Option<String>,
    /// Name.
    pub name: String,
    /// Days it lasts; none: no end.
    pub days: Option<i32>,
    /// Visits in the pack; none: as often as one likes.
    pub visits: Option<i64>,
    /// Price, in minor units.
    pub price_minor: i64,
    /// On offer.
    pub active: bool,
    /// What it allows besides; none: as it was.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub terms: Option<Terms>,
}

/// One of the staff, as the settings page sends it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct StaffInput {
    /// Id; none: somebody new.
    pub id: Option<String>,
    /// Name.
    pub name: String,
    /// Role.
    pub role: Role,
    /// A new PIN; none: as it was.
    pub pin: Option<String>,
    /// May sign in.
    pub active: bool,
}

impl Till {
    /// Tiers, the lowest multiplier first.
    ///
    /// # Errors
    /// Those of the store.
    pub fn tiers(&self) -> Result<Vec<TierView>> {
        let view = |tier: Tier| TierView {
            id: tier.id.to_string(),
            name: tier.name,
            multiplier_percent: tier.multiplier_percent,
        };
        Ok(self.read(records::tiers)?.into_iter().map(view).collect())
    }

    /// Kinds of pass on offer, for what a member pays whose tier lets them pay less; none: somebody
    /// new.
    ///
    /// # Errors
    /// `not_found`; those of the store.
    pub fn pass_types(&self, member: Option<MemberId>) -> Result<Vec<PassTypeView>> {
        self.write(move |work| {
            let percent = match member {
                Some(member) => passes::price_percent(work, &known_member(work, member)?)?,
                None => None,
            };
            let kinds = records::pass_types(work.db)?.into_iter().filter(|kind| kind.active);
            Ok(kinds.map(|kind| pass_type_view(kind, percent)).collect())
        })
    }

    /// Every kind of pass, those no longer on offer too.
    ///
    /// # Errors
    /// Those of the store.
    pub fn pass_type_list(&self) -> Result<Vec<PassTypeView>> {
        let all = self.read(records::pass_types)?;
        Ok(all.into_iter().map(|kind| pass_type_view(kind, None)).collect())
    }

    /// What the form for a kind of pass begins with.
    ///
    /// # Errors
    /// Those of the store.
    pub fn pass_form(&self) -> Result<PassFormView> {
        let mut stores = self.read(records::stores)?;
        stores.sort_by(|one, other| (&one.name, one.id).cmp(&(&other.name, other.id)));
        let choice = |store: Store| StoreChoice { id: store.id.to_string(), name: store.name };
        Ok(PassFormView {
            plain: Terms::default().into(),
            stores: stores.into_iter().map(choice).collect(),
        })
    }

    /// Every reward, those no longer on offer too.
    ///
    /// # Errors
    /// Those of the store.
    pub fn reward_list(&self) -> Result<Vec<RewardInput>> {
        let view = |reward: Reward| RewardInput {
            id: Some(reward.id.to_string()),
            name: reward.name,
            cost: reward.cost,
            minor_per_point: reward.minor_per_point,
            active: reward.active,
            terms: Some(reward.terms),
        };
        Ok(self.read(records::rewards)?.into_iter().map(view).collect())
    }

    /// Sets a reward.
    ///
    /// # Errors
    /// `approval_needed`, `name_missing`, `bad_input`.
    pub fn save_reward(&self, actor: &Actor, input: RewardInput) -> Result<Vec<RewardInput>> {
        let actor = actor.clone();
        self.write(move |work| {
            actor.require(Permission::EditCatalogue)?;
            let id = record_id(work, input.id.as_deref())?;
            let before = records::rewards(work.db)?.into_iter().find(|reward| reward.id == id);
            let terms = input.terms.or(before.map(|reward| reward.terms)).unwrap_or_default();
            let reward = Reward {
                id,
                name: check_name(&input.name)?,
                cost: input.cost,
                minor_per_point: input.minor_per_point,
                active: input.active,
                terms,
            };
            reward.check()?;
            set(work, &actor, reward, Fact::RewardSet)
        })?;
        self.reward_list()
    }

    /// Sets a kind of pass.
    ///
    /// # Errors
    /// As [`Till::save_reward`].
    pub fn save_pass_type(&self, actor: &Actor, input: PassTypeInput) -> Result<Vec<PassTypeView>> {
        let actor = actor.clone();
        self.write(move |work| {
            actor.require(Permission::EditCatalogue)?;
            let id = record_id(work, input.id.as_deref())?;
            let before = records::pass_types(work.db)?.into_iter().find(|kind| kind.id == id);
            let terms = input.terms.or(before.map(|kind| kind.terms)).unwrap_or_default();
            let kind = PassType {
                id,
                name: check_name(&input.name)?,
                days: input.days,
                visits: input.visits,
                price_minor: input.price_minor,
                active: input.active,
                terms,
            };
            kind.check()?;
            set(work, &actor, kind, Fact::PassTypeSet)
        })?;
        self.pass_type_list()
    }

    /// Sets one of the staff, and their PIN where one is given.
    ///
    /// # Errors
    /// `approval_needed`, `name_missing`, `bad_pin`, `weak_pin`, `last_owner`.
    pub fn save_staff(&self, actor: &Actor, input: StaffInput) -> Result<Vec<StaffView>> {
        // Asked first: who may not set PINs learns nothing about them.
        actor.require(Permission::EditStaff)?;
        let pin_is_anothers = match &input.pin {
            Some(pin) => self.anothers(pin, input.id.as_deref())?,
            None => false,
        };
        if pin_is_anothers {
            return Err(Error::BadPin);
        }
        let actor = actor.clone();
        self.write(move |work| save_staff(work, &actor, &input))?;
        self.staff_all()
    }

    /// Whether a PIN is somebody else's already. Looked up without counting tries: who asks is
    /// signed in and may set PINs.
    fn anothers(&self, pin: &str, own: Option<&str>) -> Result<bool> {
        for person in self.staff()?.iter().filter(|person| Some(person.id.as_str()) != own) {
            let staff: StaffId = person.id.parse().map_err(|_| Refusal::NotFound("staff"))?;
            let pin = pin.to_owned();
            let same = self.write(move |work| match pin::kept(work.db, staff)? {
                Some(kept) => pin::matches(&kept, &pin, work.secrets),
                None => Ok(false),
            })?;
            if same {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The id that was sent, or a new one.
pub(crate) fn record_id(work: &Work<'_>, typed: Option<&str>) -> Result<RecordId> {
    match typed {
        Some(typed) => Ok(typed.parse().map_err(|_| Refusal::NotFound("record"))?),
        None => Ok(RecordId(random::uuid_at(work.now_ms())?)),
    }
}

/// Appends a record as it is from now on.
pub(crate) fn set<T>(
    work: &mut Work<'_>,
    actor: &Actor,
    record: T,
    fact: impl FnOnce(RecordSet<T>) -> Fact,
) -> Result<()> {
    let id = FactId(random::uuid_at(work.now_ms())?);
    work.append_with(actor.staff, fact(RecordSet { id, record, private: None }), None)?;
    Ok(())
}

/// Sets one of the staff: the name is the private part.
pub(crate) fn set_staff(work: &mut Work<'_>, actor: &Actor, staff: Staff) -> Result<()> {
    let id = FactId(random::uuid_at(work.now_ms())?);
    let name = serde_json::to_vec(&staff.name)?;
    let fact = Fact::StaffSet(RecordSet { id, record: staff, private: None });
    work.append_with(actor.staff, fact, Some(name))?;
    Ok(())
}

fn save_staff(work: &mut Work<'_>, actor: &Actor, input: &StaffInput) -> Result<()> {
    actor.require(Permission::EditStaff)?;
    let staff = records::staff(work.db)?;
    let id = match &input.id {
        Some(typed) => typed.parse().map_err(|_| Refusal::NotFound("staff"))?,
        None => StaffId(random::uuid_at(work.now_ms())?),
    };
    let stays_owner = input.active && input.role == Role::Owner;
    let another = staff.iter().any(|p| p.id != id && p.active && p.role == Role::Owner);
    if !stays_owner && !another {
        return Err(Refusal::LastOwner.into());
    }
    match &input.pin {
        Some(pin) => pin::keep(work.db, id, pin, work.secrets)?,
        // Somebody new needs one; who has theirs on another desk may get one here later.
        None if input.id.is_none() => return Err(Error::BadPin),
        None => {}
    }
    let name = check_name(&input.name)?;
    set_staff(work, actor, Staff { id, name, role: input.role, active: input.active })
}

/// A kind of pass for somebody who pays so many percent of its price.
fn pass_type_view(kind: PassType, percent: Option<i64>) -> PassTypeView {
    PassTypeView {
        id: kind.id.to_string(),
        price_minor: decide::price(&kind, percent),
        full_price_minor: percent.map(|_| kind.price_minor),
        name: kind.name,
        days: kind.days,
        visits: kind.visits,
        active: kind.active,
        terms: kind.terms.into(),
    }
}
