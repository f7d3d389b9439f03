//! Giving a pass, and what happens to it afterwards.

use punchcard_domain::{
    decide::{self, Came, Decided, GivePass, Link, PassAct, PassOnFile, SoFar, Upgrade},
    fact::Fact,
    ledger::ValueKind,
    records::PassType,
    refusal::Refusal,
    staff::{Permission, Role},
    time::Day,
};
use punchcard_protocol::{FactId, LotId, MemberId, PassId, RecordId, StaffId};

use super::{
    actor::Actor,
    earning,
    points::{self, known_member},
};
use crate::{
    error::{Error, Result},
    store::{
        held::Held,
        journal, merged,
        purse::{self, Which},
        read::{self, MemberFile, PassFile},
        records,
    },
    till::Till,
    views::{DoneView, PassChangeInput, UpgradeView},
    work::Work,
};

/// What happens to a pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PassChange {
    /// It is frozen, from a day (none: today) to a day (none: as long as the year's limit lets).
    Freeze {
        /// First day.
        from: Option<Day>,
        /// Last day.
        until: Option<Day>,
    },
    /// Its freeze ends today.
    Unfreeze,
    /// It ends so many days later.
    Extend {
        /// Days.
        days: u32,
        /// Why.
        because: String,
    },
    /// It ends, from a day on (none: today).
    Cancel {
        /// First day on which it can no longer be used.
        on: Option<Day>,
        /// What is given back, in minor units.
        refund_minor: i64,
        /// Why.
        because: String,
    },
    /// Another kind takes its place, for the difference.
    Upgrade {
        /// Which.
        to: RecordId,
    },
    /// It becomes somebody else's.
    Transfer {
        /// Whose.
        to: MemberId,
        /// What is paid for it, in minor units; none: what its terms say.
        fee_minor: Option<i64>,
    },
}

impl Till {
    /// Gives a pass.
    ///
    /// # Errors
    /// `approval_needed`, `not_found`.
    pub fn give_pass(
        &self,
        actor: &Actor,
        member: MemberId,
        pass_type: RecordId,
    ) -> Result<DoneView> {
        self.give_pass_from(actor, member, pass_type, None)
    }

    /// Gives a pass that begins on a chosen day, where its kind lets that be chosen.
    ///
    /// # Errors
    /// `approval_needed`, `not_found`, `bad_input`.
    pub fn give_pass_from(
        &self,
        actor: &Actor,
        member: MemberId,
        pass_type: RecordId,
        from: Option<Day>,
    ) -> Result<DoneView> {
        let actor = actor.clone();
        self.write(move |work| {
            actor.require(Permission::GivePass)?;
            let file = known_member(work, member)?;
            let pass_type = kind(work, pass_type)?;
            let today = work.eye(actor.role).today();
            let runs_until = Held::by(work.db, file.number)?
                .passes
                .into_iter()
                .filter(|pass| pass.visits.is_none() && pass.name == pass_type.name)
                .map(|pass| pass.standing(today))
                .filter(|stands| stands.ended.is_none())
                .filter_map(|stands| stands.until)
                .max();
            let price_percent = price_percent(work, &file)?;
            let known = GivePass { member, pass_type, runs_until, from, price_percent };
            let mut decided = work.decide(None, |desk| Ok(decide::give_pass(desk, &known)?))?;
            approve(&mut decided, actor.approved_by(Permission::GivePass));
            points::done(work, &actor, decided, &file, 0)
        })
    }

    /// Freezes, unfreezes, extends, cancels, upgrades a pass, or gives it to somebody else.
    ///
    /// # Errors
    /// `approval_needed`, `not_found`, `pass_over`, `already_frozen`, `not_frozen`,
    /// `freeze_limit`, `pack_elsewhere`, `costs_less`, `paid_unknown`, `no_visits`, `not_vouched`,
    /// `bad_input`.
    pub fn change_pass(
        &self,
        actor: &Actor,
        member: MemberId,
        pass: PassId,
        change: PassChange,
    ) -> Result<DoneView> {
        let actor = actor.clone();
        self.write(move |work| {
            actor.require(Permission::GivePass)?;
            let file = known_member(work, member)?;
            let (pass, given_by) = on_file(work, &file, pass)?;
            let by = actor.approved_by(Permission::GivePass);
            if let PassChange::Transfer { to, fee_minor } = change {
                let links = links(work, pass.id, given_by)?;
                let pass_type = links.first().and_then(|link| link.pass.pass_type);
                let so_far = so_far(work, &links)?;
                let points = work.eye(actor.role).purse(file.number, ValueKind::Points)?;
                let known = decide::Transfer { pass, so_far, pass_type, to, fee_minor, points };
                return transfer(work, &actor, &file, &known, by);
            }
            let mut decided = decide_change(work, &file, &pass, given_by, &change)?;
            approve(&mut decided, by);
            points::done(work, &actor, decided, &file, 0)
        })
    }
}

impl Till {
    /// The day on which a pass shall begin, as it was typed; nothing: as its kind says.
    ///
    /// # Errors
    /// `bad_input`.
    pub fn first_day(typed: &str) -> Result<Option<Day>> {
        let typed = typed.trim();
        let day = (!typed.is_empty()).then(|| typed.parse()).transpose();
        day.map_err(|_| Error::bad_input("first_day", "YYYY-MM-DD"))
    }

    /// What was typed, as something that happens to a pass.
    ///
    /// # Errors
    /// `bad_input`, `not_found`.
    pub fn pass_change(&self, typed: PassChangeInput) -> Result<PassChange> {
        self.write(move |work| {
            Ok(match typed {
                PassChangeInput::Freeze { from, until } => {
                    let day = |typed: Option<String>, field| {
                        let day = typed.map(|day| day.parse()).transpose();
                        day.map_err(|_| Error::bad_input(field, "YYYY-MM-DD"))
                    };
                    let (from, until) = (day(from, "first_day")?, day(until, "until")?);
                    PassChange::Freeze { from, until }
                }
                PassChangeInput::Unfreeze => PassChange::Unfreeze,
                PassChangeInput::Extend { days, because } => PassChange::Extend { days, because },
                PassChangeInput::Upgrade { to } => {
                    PassChange::Upgrade { to: to.parse().map_err(|_| Refusal::NotFound("pass"))? }
                }
                PassChangeInput::Transfer { to, fee } => PassChange::Transfer {
                    to: to.parse().map_err(|_| Refusal::NotFound("member"))?,
                    fee_minor: Some(money_or_none(work, &fee)?),
                },
                PassChangeInput::Cancel { refund, because } => PassChange::Cancel {
                    on: None,
                    refund_minor: money_or_none(work, &refund)?,
                    because,
                },
            })
        })
    }

    /// The kinds that can take the place of a pass, and what is paid for each. Changes nothing.
    ///
    /// # Errors
    /// `not_found`, `pass_over`, `pack_elsewhere`, `paid_unknown`, `not_vouched`.
    pub fn upgrades(
        &self,
        actor: &Actor,
        member: MemberId,
        pass: PassId,
    ) -> Result<Vec<UpgradeView>> {
        let actor = actor.clone();
        self.write(move |work| {
            actor.require(Permission::ViewMember)?;
            let file = known_member(work, member)?;
            let (pass, given_by) = on_file(work, &file, pass)?;
            let so_far = so_far(work, &links(work, pass.id, given_by)?)?;
            let price_percent = price_percent(work, &file)?;
            let mut found = Vec::new();
            for to in records::pass_types(work.db)?.into_iter().filter(|kind| kind.active) {
                let (id, name) = (to.id, to.name.clone());
                let known = Upgrade { pass: pass.clone(), so_far, price_percent, to };
                let same = so_far.and_then(|so_far| so_far.pass_type) == Some(id);
                match work.decide(None, |desk| Ok(decide::upgrade_pass(desk, &known))) {
                    Ok(Ok(decided)) if !same => found.extend(difference(decided, id, name)),
                    // Dearer ones only, with more visits than were used.
                    Ok(Ok(_) | Err(Refusal::CostsLess | Refusal::NoVisits)) => {}
                    Ok(Err(refusal)) => return Err(refusal.into()),
                    Err(error) => return Err(error),
                }
            }
            found.sort_by_key(|view| view.pays_minor);
            Ok(found)
        })
    }

    /// Which lot the visits of a pass are, and how many of them lie elsewhere, where any do.
    ///
    /// # Errors
    /// `not_found`; those of the store.
    pub(crate) fn pack_elsewhere(
        &self,
        member: MemberId,
        pass: PassId,
    ) -> Result<Option<(LotId, i64)>> {
        self.write(move |work| {
            let file = known_member(work, member)?;
            let held = Held::by(work.db, file.number)?;
            let pass = held.passes.iter().find(|known| known.id == pass);
            let pass = pass.ok_or(Refusal::NotFound("pass"))?;
            let Some(lot) = pass.visits else { return Ok(None) };
            let view = work.eye(Role::Owner).pass(&held.accounts, pass);
            let away = view.visits_left.unwrap_or(0) - view.visits_here.unwrap_or(0);
            Ok((away > 0).then_some((lot, away)))
        })
    }
}

/// What a member's tier lets them pay of a price today, in percent; none: all of it.
pub(crate) fn price_percent(work: &Work<'_>, file: &MemberFile) -> Result<Option<i64>> {
    let tier = work.eye(Role::Receptionist).tier(file)?;
    Ok(tier.and_then(|tier| tier.privileges).and_then(|privileges| privileges.less_percent()))
}

/// What the window shows of an upgrade that would go through.
fn difference(decided: Decided, id: RecordId, name: String) -> Option<UpgradeView> {
    let Fact::PassUpgraded(body) = decided.fact else { return None };
    Some(UpgradeView {
        pass_type: id.to_string(),
        name,
        pays_minor: body.paid_minor,
        until: body.given.until,
        visits: body.given.visits.map(|lot| lot.amount),
    })
}

/// Money as it was typed, in minor units; nothing typed: none.
fn money_or_none(work: &Work<'_>, typed: &str) -> Result<i64> {
    if typed.trim().is_empty() { Ok(0) } else { earning::money(work, typed) }
}

/// What can be done with each pass today.
pub(crate) fn acts(work: &Work<'_>, file: &MemberFile) -> Result<Vec<(PassId, Vec<PassAct>)>> {
    let mut acts = Vec::new();
    for pass in Held::by(work.db, file.number)?.passes {
        let (pass, _) = with_visits(work, file, pass)?;
        let can = work.decide(None, |desk| Ok(decide::pass_acts(desk, &pass)))?;
        acts.push((pass.id, can));
    }
    Ok(acts)
}

/// A pass of a member's, with all that a decision about it depends on.
fn on_file(work: &Work<'_>, file: &MemberFile, pass: PassId) -> Result<(PassOnFile, FactId)> {
    let found = Held::by(work.db, file.number)?
        .passes
        .into_iter()
        .find(|known| known.id == pass)
        .ok_or(Refusal::NotFound("pass"))?;
    with_visits(work, file, found)
}

fn with_visits(
    work: &Work<'_>,
    file: &MemberFile,
    found: PassFile,
) -> Result<(PassOnFile, FactId)> {
    let PassFile { id, fact, name, from, until, visits, terms, changes } = found;
    let visits = visits
        .map(|lot| purse::purse(work.db, work.owned, file.number, Which::Lot(lot), work.now_ms()))
        .transpose()?;
    Ok((PassOnFile { member: file.id, id, name, from, until, terms, changes, visits }, fact))
}

fn decide_change(
    work: &Work<'_>,
    file: &MemberFile,
    pass: &PassOnFile,
    given_by: FactId,
    change: &PassChange,
) -> Result<Decided> {
    let upgrade = match change {
        PassChange::Upgrade { to } => Some(upgrade(work, file, pass, given_by, *to)?),
        _ => None,
    };
    work.decide(None, |desk| {
        Ok(match change {
            PassChange::Freeze { from, until } => decide::freeze_pass(desk, pass, *from, *until)?,
            PassChange::Unfreeze => decide::unfreeze_pass(desk, pass)?,
            PassChange::Extend { days, because } => {
                decide::extend_pass(desk, pass, *days, because)?
            }
            PassChange::Cancel { on, refund_minor, because } => {
                decide::cancel_pass(desk, pass, *on, *refund_minor, because)?
            }
            PassChange::Upgrade { .. } => {
                let known = upgrade.as_ref().ok_or(Refusal::NotFound("pass"))?;
                decide::upgrade_pass(desk, known)?
            }
            PassChange::Transfer { .. } => {
                return Err(Error::Internal("a transfer is two facts".into()));
            }
        })
    })
}

/// What an upgrade is decided on.
fn upgrade(
    work: &Work<'_>,
    file: &MemberFile,
    pass: &PassOnFile,
    given_by: FactId,
    to: RecordId,
) -> Result<Upgrade> {
    let so_far = so_far(work, &links(work, pass.id, given_by)?)?;
    let (to, price_percent) = (kind(work, to)?, price_percent(work, file)?);
    Ok(Upgrade { pass: pass.clone(), so_far, price_percent, to })
}

/// What was paid for a pass so far; none: nobody here knows.
fn so_far(work: &Work<'_>, links: &[Link]) -> Result<Option<SoFar>> {
    let kinds = records::pass_types(work.db)?;
    let oldest = links.last().and_then(|link| link.pass.pass_type);
    let kind = kinds.iter().find(|kind| Some(kind.id) == oldest);
    Ok(decide::so_far(links, kind))
}

/// A pass and those that it was before, as far as the facts that gave them are here. What was brought
/// along has no price. What came before a snapshot is not here either: a snapshot holds the folded
/// tables, which every till and the hub compare byte for byte, and a price is in none of them; to put
/// it there, all of them would have to fold every pass anew at the same time. Who asks such a desk for
/// an upgrade is told that it does not know; of what was upgraded or handed over since, the fact says.
fn links(work: &Work<'_>, pass: PassId, given_by: FactId) -> Result<Vec<Link>> {
    let mut found = Vec::new();
    let mut next = Some((pass, given_by));
    while let Some((pass, given_by)) = next {
        let Some(mut link) = fact_by_id(work, given_by)?.and_then(|fact| Link::of(fact, pass))
        else {
            break;
        };
        link.voided = read::fact(work.db, given_by)?.is_some_and(|place| place.voided);
        link.refunded_minor = refunded(work, pass)?;
        let came = link.came;
        found.push(link);
        if found.len() == decide::MOST_LINKS {
            break;
        }
        let before = match came {
            Came::Sold => None,
            Came::Upgraded { member, pass } => Some((member, pass)),
            Came::Transferred(gone) => match fact_by_id(work, gone)? {
                Some(Fact::PassTransferred(gone)) => Some((gone.member, gone.pass)),
                _ => None,
            },
        };
        next = match before {
            Some((member, pass)) => gave(work, member, pass)?.map(|fact| (pass, fact)),
            None => None,
        };
    }
    Ok(found)
}

/// The fact that gave a pass to a member.
fn gave(work: &Work<'_>, member: MemberId, pass: PassId) -> Result<Option<FactId>> {
    let Some(file) = read::member(work.db, member)? else { return Ok(None) };
    read::gave(work.db, &merged::files_of(work.db, &file)?, pass)
}

/// What was given back for a pass by facts that stand, in minor units.
fn refunded(work: &Work<'_>, pass: PassId) -> Result<i64> {
    let mut sum = 0_i64;
    for change in read::changes(work.db, pass)? {
        if let Some(Fact::PassCancelled(body)) = fact_by_id(work, change.fact)? {
            sum = sum.saturating_add(body.refund_minor);
        }
    }
    Ok(sum)
}

fn fact_by_id(work: &Work<'_>, id: FactId) -> Result<Option<Fact>> {
    let Some(place) = read::fact(work.db, id)? else { return Ok(None) };
    let Some(stored) = journal::get(work.db, place.entry)? else { return Ok(None) };
    let header = journal::read_header(&stored.entry.header)?;
    journal::fact_of(&header, &stored.entry.payload)
}

fn kind(work: &Work<'_>, id: RecordId) -> Result<PassType> {
    let kinds = records::pass_types(work.db)?;
    Ok(kinds.into_iter().find(|kind| kind.id == id).ok_or(Refusal::NotFound("pass"))?)
}

/// Two facts in one transaction: it goes from the one, and comes to the other.
fn transfer(
    work: &mut Work<'_>,
    actor: &Actor,
    file: &MemberFile,
    known: &decide::Transfer,
    by: Option<StaffId>,
) -> Result<DoneView> {
    let to = known_member(work, known.to)?.id;
    let known = decide::Transfer { to, ..known.clone() };
    let (mut gone, mut given) =
        work.decide(None, |desk| Ok(decide::transfer_pass(desk, &known)?))?;
    approve(&mut gone, by);
    approve(&mut given, by);
    let paid = match &gone.fact {
        Fact::PassTransferred(body) => body.fee_points,
        _ => 0,
    };
    let done = points::done(work, actor, gone, file, -paid)?;
    work.append(actor, given)?;
    Ok(done)
}

/// Says in the fact who approved it.
fn approve(decided: &mut Decided, by: Option<StaffId>) {
    match &mut decided.fact {
        Fact::PassGiven(body) => body.approved_by = by,
        Fact::PassFrozen(body) => body.approved_by = by,
        Fact::PassUnfrozen(body) => body.approved_by = by,
        Fact::PassExtended(body) => body.approved_by = by,
        Fact::PassUpgraded(body) => body.approved_by = by,
        Fact::PassTransferred(body) => body.approved_by = by,
        Fact::PassCancelled(body) => body.approved_by = by,
        _ => {}
    }
}
