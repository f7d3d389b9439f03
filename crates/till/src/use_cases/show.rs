//! From what lies in the tables to what is shown.

use punchcard_domain::{
    ledger::{Purse, ValueKind},
    member::mask_email,
    records::Tier,
    staff::{Permission, Role},
    standing::Standing,
    tiers,
    time::{Day, StoreDays},
};
use rusqlite::Connection;

use crate::{
    error::Result,
    phone,
    store::{
        earned, local,
        purse::{self, Accounts, Owned, Which},
        read::{MemberFile, PassFile},
    },
    views::{Distrust, FreezeView, LotView, MemberBrief, PassState, PassView, PointsView},
};

/// What showing depends on besides the tables.
pub(crate) struct Eye<'a> {
    pub(crate) db: &'a Connection,
    pub(crate) owned: &'a Owned,
    pub(crate) distrust: Option<Distrust>,
    pub(crate) now_ms: i64,
    pub(crate) days: StoreDays,
    /// Tiers, as they were when this use case began.
    pub(crate) tiers: &'a [Tier],
    /// Who looks: contact data is masked unless they may see it.
    pub(crate) role: Role,
}

impl Eye<'_> {
    pub(crate) fn today(&self) -> Day {
        self.days.day_of(self.now_ms)
    }

    pub(crate) fn phone(&self, file: &MemberFile) -> Option<String> {
        let full = self.role.may(Permission::ViewContact);
        file.phone.as_ref().map(|p| if full { phone::shown(p) } else { phone::masked(p) })
    }

    pub(crate) fn email(&self, file: &MemberFile) -> Option<String> {
        let full = self.role.may(Permission::ViewContact);
        file.email.as_ref().map(|e| if full { e.clone() } else { mask_email(e) })
    }

    pub(crate) fn brief(&self, file: &MemberFile) -> Result<MemberBrief> {
        Ok(self.brief_in(file, self.tier(file)?.as_ref()))
    }

    /// The same, where the tier is known.
    pub(crate) fn brief_in(&self, file: &MemberFile, tier: Option<&Tier>) -> MemberBrief {
        MemberBrief {
            id: file.id.to_string(),
            name: file.name.clone(),
            phone: self.phone(file),
            card: file.cards.first().cloned(),
            tier: tier.map(|tier| tier.name.clone()),
            photo: file.photo.map(|photo| photo.to_string()),
        }
    }

    /// The tier that a member has today: the one that a person set, or the one they reached.
    pub(crate) fn tier(&self, file: &MemberFile) -> Result<Option<Tier>> {
        let tiers = self.tiers;
        if tiers.iter().all(|tier| tier.ladder.is_none()) {
            // Nothing to work out.
            return Ok(tiers.iter().find(|tier| Some(tier.id) == file.tier).cloned());
        }
        let done = earned::done(self.db, file.number, self.days)?;
        let reached = tiers::standing(tiers, &done, self.today()).tier;
        Ok(tiers::better(tiers, file.tier, reached))
    }

    pub(crate) fn purse(&self, member: i64, kind: ValueKind) -> Result<Purse> {
        purse::purse(self.db, self.owned, member, Which::Kind(kind), self.now_ms)
    }

    /// The same, of what was read already.
    pub(crate) fn purse_of(&self, accounts: &Accounts, kind: ValueKind) -> Purse {
        accounts.purse(self.db, self.owned, Which::Kind(kind), self.now_ms)
    }

    pub(crate) fn points(&self, purse: &Purse) -> Result<PointsView> {
        let on_file = purse.on_file(self.now_ms);
        let spendable = if self.distrust.is_none() { purse.spendable(self.now_ms) } else { 0 };
        let last_sync: Option<i64> = local::get(self.db, local::LAST_SYNC)?;
        Ok(PointsView {
            on_file,
            spendable_here: spendable,
            elsewhere: on_file - spendable,
            // Never synced: this is the only till, and what it knows is all there is.
            as_of_ms: last_sync.unwrap_or(self.now_ms),
            debt: purse.debt.max(0),
            expiring: (spendable > 0)
                .then(|| self.lots(purse).into_iter().find(|lot| lot.expires.is_some()))
                .flatten(),
        })
    }

    /// What is spendable here, by the day it runs out.
    pub(crate) fn lots(&self, purse: &Purse) -> Vec<LotView> {
        let mut by_expiry = std::collections::BTreeMap::new();
        for holding in purse.here.iter().filter(|holding| holding.usable(self.now_ms)) {
            *by_expiry.entry(holding.expires_ms.unwrap_or(i64::MAX)).or_insert(0) += holding.amount;
        }
        by_expiry
            .into_iter()
            .map(|(expires_ms, points)| LotView { points, expires: self.last_day(expires_ms) })
            .collect()
    }

    /// The last day of something that runs out at a moment; the largest number: never.
    pub(crate) fn last_day(&self, expires_ms: i64) -> Option<Day> {
        (expires_ms != i64::MAX).then(|| self.days.day_of(expires_ms - 1))
    }

    /// All passes, those that let in first, then the newest.
    pub(crate) fn passes(&self, accounts: &Accounts, files: &[PassFile]) -> Vec<PassView> {
        let mut views: Vec<_> = files.iter().map(|file| self.pass(accounts, file)).collect();
        views.sort_by_key(|view| {
            let rank = match view.state {
                PassState::Active => 0,
                PassState::Waits | PassState::Frozen => 1,
                PassState::NotStarted => 2,
                PassState::UsedUp => 3,
                PassState::Expired | PassState::Voided | PassState::Ended => 4,
            };
            (rank, std::cmp::Reverse(view.until), std::cmp::Reverse(view.id.clone()))
        });
        views
    }

    pub(crate) fn pass(&self, accounts: &Accounts, file: &PassFile) -> PassView {
        let today = self.today();
        let visits = match file.visits {
            Some(lot) => {
                let held = accounts.purse(self.db, self.owned, Which::Lot(lot), self.now_ms);
                let here = if self.distrust.is_none() { held.spendable(self.now_ms) } else { 0 };
                Some((held.on_file(self.now_ms), here))
            }
            None => None,
        };
        let stands = file.standing(today);
        let ended = stands.ended_by(today).map(|(_, why)| why);
        let last_before = stands.ended.map(|(on, _)| on.plus_days(-1));
        let until = [stands.until, last_before].into_iter().flatten().min();
        let state = match (visits, stands.from) {
            _ if ended.is_some() => PassState::Ended,
            _ if file.from > today => PassState::NotStarted,
            (_, None) => PassState::Waits,
            _ if stands.frozen_until.is_some() => PassState::Frozen,
            _ if until.is_some_and(|until| until < today) => PassState::Expired,
            (Some((0, _)), _) => PassState::UsedUp,
            _ => PassState::Active,
        };
        let year = chrono::Datelike::year(&today.0);
        PassView {
            id: file.id.to_string(),
            name: file.name.clone(),
            from: Some(stands.from.unwrap_or(file.from)),
            until,
            days_left: until.map(|until| today.days_until(until)),
            visits_left: visits.map(|(left, _)| left),
            visits_here: visits.map(|(_, here)| here),
            state,
            frozen_until: stands.frozen_until,
            freeze_ahead: ahead(&stands, today),
            freeze_days_left: file.terms.freeze_days.saturating_sub(stands.frozen_days_of(year)),
            guests_left: file.terms.guests.saturating_sub(stands.guests),
            ended,
            transfer_fee_minor: file.terms.transfer_fee_minor,
            transfer_fee_points: file.terms.transfer_fee_points,
            acts: Vec::new(),
        }
    }
}

fn ahead(stands: &Standing, today: Day) -> Option<FreezeView> {
    let next = stands.freezes.iter().find(|freeze| freeze.from > today)?;
    Some(FreezeView { from: next.from, until: next.until })
}

impl crate::work::Work<'_> {
    /// The eye of a use case that is at work.
    pub(crate) fn eye(&self, role: Role) -> Eye<'_> {
        Eye {
            db: self.db,
            owned: self.owned,
            distrust: self.distrust(),
            now_ms: self.now_ms(),
            days: self.house.store.days(),
            tiers: &self.house.tiers,
            role,
        }
    }

    /// The multiplier of a member's tier, in percent.
    pub(crate) fn multiplier(&self, file: &MemberFile) -> Result<i64> {
        let tier = self.eye(Role::Receptionist).tier(file)?;
        Ok(tier.map_or(100, |tier| tier.multiplier_percent))
    }
}
