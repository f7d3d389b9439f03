//! Passes at the desk: given, used, frozen, changed, and taken back; at one desk, and at two with a hub
//! between them.

mod at_the_door;
mod frozen;
mod on_file;
mod sold;
mod taken_back;
mod two_desks;
mod used;

use punchcard_domain::{
    alerts::{Alert, Level},
    terms::Terms,
};
use punchcard_tests::{Shop, business::Desk, id};
use punchcard_till::{
    Actor, CardChange, CheckInHow, PassChange, PassTypeInput, Result, Till, Who,
    views::{CheckInView, MemberView, PassView},
};

pub(crate) const HOUR: i64 = 3_600_000;

/// One desk of a till and the owner at it.
pub(crate) struct At<'a> {
    pub(crate) till: &'a Till,
    pub(crate) owner: Actor,
}

impl<'a> At<'a> {
    pub(crate) fn shop(shop: &'a Shop) -> Self {
        Self { till: shop.till(), owner: shop.owner() }
    }

    pub(crate) fn desk(desk: &'a Desk) -> Self {
        Self { till: desk.till(), owner: desk.owner() }
    }

    pub(crate) fn scan(&self, card: &str) -> CheckInView {
        let who = Who::Card(card.into());
        self.till.check_in(&self.owner, who, CheckInHow::Scan, None).expect("a verdict")
    }

    /// Whoever it is, without their card.
    pub(crate) fn visit(&self, member: &str) -> CheckInView {
        let who = Who::Member(id(member));
        self.till.check_in(&self.owner, who, CheckInHow::Scan, None).expect("a verdict")
    }

    pub(crate) fn kind(
        &self,
        name: &str,
        days: Option<i32>,
        visits: Option<i64>,
        terms: Terms,
    ) -> String {
        let input = PassTypeInput {
            id: None,
            name: name.into(),
            days,
            visits,
            price_minor: 29_900 + visits.unwrap_or(0) * 1000,
            active: true,
            terms: Some(terms),
        };
        let all = self.till.save_pass_type(&self.owner, input).expect("a kind of pass");
        all.into_iter().find(|kind| kind.name == name).expect("just set").id
    }

    pub(crate) fn give(&self, member: &str, kind: &str) {
        self.till.give_pass(&self.owner, id(member), id(kind)).expect("the owner may");
    }

    pub(crate) fn change(&self, member: &str, pass: &str, change: PassChange) -> Result<String> {
        let done = self.till.change_pass(&self.owner, id(member), id(pass), change)?;
        Ok(done.fact)
    }

    pub(crate) fn member(&self, member: &str) -> MemberView {
        self.till.member(&self.owner, id(member)).expect("a member")
    }

    pub(crate) fn pass(&self, member: &str) -> PassView {
        self.member(member).passes.into_iter().next().expect("a pass")
    }

    pub(crate) fn card(&self, member: &str, card: &str, change: CardChange) -> Result<MemberView> {
        self.till.change_card(&self.owner, id(member), card, change)
    }

    pub(crate) fn undo(&self, fact: &str) -> Result<()> {
        self.till.undo(&self.owner, id(fact)).map(drop)
    }

    fn say(&self, alert: Alert, level: Level) {
        let mut alerts = self.till.alerts().expect("they are there");
        alerts.levels.insert(alert, level);
        self.till.save_alerts(&self.owner, alerts).expect("the owner may");
    }
}

pub(crate) fn codes(view: &CheckInView) -> Vec<&'static str> {
    view.reasons.iter().map(punchcard_domain::verdict::Reason::code).collect()
}

fn freezable() -> Terms {
    Terms { freeze_days: 30, guests: 2, ..Terms::default() }
}

fn freeze() -> PassChange {
    PassChange::Freeze { from: None, until: None }
}

fn extend(days: u32) -> PassChange {
    PassChange::Extend { days, because: "停业装修".into() }
}
