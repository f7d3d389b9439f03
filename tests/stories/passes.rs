//! Passes at the desk: given, used, frozen, changed, and taken back; at one desk, and at two with a hub
//! between them.

use std::collections::BTreeMap;

use proptest::prelude::*;
use punchcard_domain::{
    alerts::{Alert, Alerts, Level},
    custom::{CustomField, FieldKind},
    decide::PassAct,
    member::{Channel, Contact},
    staff::Role,
    terms::{Hours, Length, Start, Terms, Unit},
    verdict::{Because, Mend, Verdict},
};
use punchcard_tests::{
    DAY, Shop,
    business::{Business, Desk, Engine},
    id, on_both_engines,
};
use punchcard_till::{
    Actor, CardChange, CheckInHow, PassChange, PassTypeInput, Result, StaffInput, Till, Who,
    views::{
        Approval, CheckInView, DetailsInput, DetailsView, MemberInput, MemberView, PassChangeInput,
        PassState, PassView, RulesInput, TermsView,
    },
};

pub(crate) const HOUR: i64 = 3_600_000;

on_both_engines!(
    what_happens_to_passes_and_cards_at_two_desks_is_one_story,
    two_desks_that_freeze_the_same_days_agree,
    a_tier_has_its_price,
);

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

/// What its kind asks for when a pass is given away is shown, collected, and taken back with it.
#[test]
fn giving_a_pass_away_costs_what_its_kind_says() {
    let shop = Shop::new();
    let at = At::shop(&shop);
    let member = shop.member("林知夏", 1).brief.id;
    let other = shop.member("王堃", 2).brief.id;
    let fee = Terms { transfer_fee_minor: 3_000, transfer_fee_points: 50, ..Terms::default() };
    let kind = at.kind("年卡", Some(365), None, fee);
    at.give(&member, &kind);
    let pass = at.pass(&member);
    assert_eq!((pass.transfer_fee_minor, pass.transfer_fee_points), (3_000, 50));
    let away = || PassChange::Transfer { to: id(&other), fee_minor: None };
    assert_eq!(Desk::code(at.change(&member, &pass.id, away())), "points_short");
    shop.earn(&member, "80.00");
    let fact = at.change(&member, &pass.id, away()).expect("80 points are here");
    assert_eq!((shop.points(&member).0, at.pass(&other).name.as_str()), (30, "年卡"));
    let row = at.member(&member).history.into_iter().find(|row| row.fact == fact).expect("told");
    assert_eq!((row.amount_minor, row.points), (3_000, -50));
    assert_eq!(at.pass(&other).transfer_fee_points, 50, "it is the same pass");
    at.undo(&fact).expect("the owner may");
    assert_eq!((shop.points(&member).0, at.member(&other).passes.len()), (80, 0));
    shop.verify();
}

/// Whose tier lets them pay less pays less: when a pass is given, and for the difference to another one.
/// The hub finds the version of the tier that says so.
fn a_tier_has_its_price(engine: Engine) {
    let (business, first) = Business::with_desk(engine);
    let at = At::desk(&first);
    let gold = r#"{"name": "Gold", "multiplier_percent": 100,
        "ladder": {"by": "points", "over": "month", "entry": 100},
        "privileges": {"price_percent": 85}}"#;
    at.till.set_tiers(&at.owner, gold).expect("a good tier");
    let (member, other) = (first.member("林知夏", 1), first.member("王堃", 2));
    let month = at.kind("月卡", Some(30), None, Terms::default());
    let ten = at.kind("十次卡", Some(365), Some(1), Terms::default());
    first.earn(&member, "100.00");
    let price = |member: Option<&str>, kind: &str| {
        let kinds = at.till.pass_types(member.map(id)).expect("they are there");
        let kind = kinds.into_iter().find(|one| one.id == kind).expect("on offer");
        (kind.price_minor, kind.full_price_minor)
    };
    assert_eq!(price(Some(&member), &month), (25_415, Some(29_900)), "85 % of 299.00");
    assert_eq!(price(Some(&other), &month), (29_900, None));
    assert_eq!(price(None, &month), (29_900, None));
    at.give(&member, &month);
    at.give(&other, &month);
    let paid = |member: &str, kind: &str| {
        let rows = at.member(member).history;
        rows.into_iter().find(|row| row.kind == kind).expect("it is told").amount_minor
    };
    assert_eq!((paid(&member, "pass_given"), paid(&other, "pass_given")), (25_415, 29_900));

    // 85 % of 309.00, without the cent's fraction, less what was paid.
    let pass = at.pass(&member).id;
    let dearer = at.till.upgrades(&at.owner, id(&member), id(&pass)).expect("there is one");
    assert_eq!(dearer.iter().map(|kind| kind.pays_minor).collect::<Vec<_>>(), [26_265 - 25_415]);
    at.change(&member, &pass, PassChange::Upgrade { to: id(&ten) }).expect("it may be");
    assert_eq!(paid(&member, "pass_upgraded"), 850);

    // Next month the tier is gone, and so is its price; what was paid stays paid.
    business.same_everywhere(&[&first]);
    business.pass(65 * DAY);
    assert_eq!(price(Some(&member), &month), (29_900, None));
    assert_eq!(paid(&member, "pass_given"), 25_415);
    let inbox = business.hub.inbox().expect("it answers");
    assert!(!inbox.iter().any(|line| line.code.starts_with("doubtful")), "{inbox:?}");
}

/// An upgrade credits what was really paid for a pass, whatever its kind costs today, who else had it
/// and how often it was upgraded before; and what was used of its packs stays used.
#[test]
fn an_upgrade_credits_what_was_really_paid() {
    let shop = Shop::new();
    let at = At::shop(&shop);
    let member = shop.member("林知夏", 1).brief.id;
    let other = shop.member("王堃", 2).brief.id;
    let kind = |name: &str, visits, price_minor| {
        let known = at.till.pass_type_list().expect("kinds").into_iter();
        let input = PassTypeInput {
            id: known.filter(|kind| kind.name == name).map(|kind| kind.id).next(),
            name: name.into(),
            days: None,
            visits: Some(visits),
            price_minor,
            active: true,
            terms: None,
        };
        let all = at.till.save_pass_type(&at.owner, input).expect("a kind of pass");
        all.into_iter().find(|kind| kind.name == name).expect("just set").id
    };
    let (ten, twenty) = (kind("十次卡", 10, 40_000), kind("二十次卡", 20, 50_000));
    let (thirty, gift) = (kind("三十次卡", 30, 60_000), kind("体验卡", 1, 0));
    let running = |member: &str| {
        let passes = at.member(member).passes.into_iter();
        passes.filter(|pass| pass.state == PassState::Active).max_by_key(|pass| pass.id.clone())
    };
    let to = |member: &str, kind: &str| {
        let pass = running(member).expect("a pass").id;
        let all = at.till.upgrades(&at.owner, id(member), id(&pass)).expect("it runs");
        let found = all.into_iter().find(|to| to.pass_type == kind);
        found.map(|to| (to.pays_minor, to.visits.expect("a pack")))
    };
    let upgrade = |member: &str, kind: &str| {
        let pass = running(member).expect("a pass").id;
        at.change(member, &pass, PassChange::Upgrade { to: id(kind) }).expect("it was told")
    };

    at.give(&member, &ten);
    at.scan("10000001");
    assert_eq!(to(&member, &twenty), Some((10_000, 19)));
    upgrade(&member, &twenty);
    shop.pass(12 * HOUR);
    at.scan("10000001");
    // What it costs by now is nothing to whoever has it.
    kind("十次卡", 10, 45_000);
    kind("二十次卡", 20, 58_000);
    assert_eq!(to(&member, &thirty), Some((10_000, 28)), "500.00 paid, two visits used");
    let second = upgrade(&member, &thirty);
    assert_eq!(running(&member).expect("a pass").visits_left, Some(28));
    at.undo(&second).expect("just now");
    assert_eq!(to(&member, &thirty), Some((10_000, 28)), "as before");

    // What was paid for it goes with it; the fee for that is not part of it.
    let pass = running(&member).expect("a pass").id;
    let away = PassChange::Transfer { to: id(&other), fee_minor: Some(5_000) };
    at.change(&member, &pass, away).expect("all is here");
    assert_eq!(to(&other, &thirty), Some((10_000, 28)));
    upgrade(&other, &thirty);
    assert_eq!(to(&other, &gift), None, "that costs less");

    // Nothing was paid for a gift, and nothing is credited.
    at.give(&member, &gift);
    assert_eq!(to(&member, &ten), Some((45_000, 10)));
    shop.verify();
}

/// A pack is used to its last visit, and the last one is taken back.
#[test]
fn a_pack_from_the_first_visit_to_the_last() {
    let shop = Shop::new();
    let at = At::shop(&shop);
    let member = shop.member("林知夏", 1).brief.id;
    let kind = at.kind("三次卡", None, Some(3), Terms::default());
    at.give(&member, &kind);
    let mut visits = Vec::new();
    for (left, word) in [(2, Verdict::Note), (1, Verdict::Note), (0, Verdict::Note)] {
        let view = at.scan("10000001");
        assert_eq!((view.verdict, at.pass(&member).visits_left), (word, Some(left)));
        visits.push(view.fact);
        shop.pass(7 * HOUR);
    }
    let view = at.scan("10000001");
    assert_eq!((view.verdict, codes(&view)), (Verdict::Refuse, vec!["no_visits_left"]));
    assert_eq!(view.mends, vec![Mend::GivePass, Mend::LetInOnce]);
    at.undo(&visits.pop().expect("three")).expect("the owner may");
    assert_eq!(at.pass(&member).visits_left, Some(1));
    assert_eq!(at.scan("10000001").verdict, Verdict::Note);
    shop.verify();
}

/// Frozen by hand, ended by hand, and ended by whoever comes back.
#[test]
fn a_freeze_is_ended_by_a_key_or_by_coming_back() {
    let shop = Shop::new();
    let at = At::shop(&shop);
    let member = shop.member("周子墨", 1).brief.id;
    at.give(&member, &at.kind("年卡", Some(365), None, freezable()));
    let until = at.pass(&member).until.expect("a term");
    let pass = at.pass(&member).id;
    let frozen = at.change(&member, &pass, freeze()).expect("it may be frozen");
    assert_eq!(at.pass(&member).state, PassState::Frozen);
    assert_eq!(at.pass(&member).until, Some(until.plus_days(30)), "thirty days later");
    assert_eq!(Desk::code(at.change(&member, &pass, freeze())), "freeze_limit");

    // An owner who wants it ended by hand: red, and one key ends it.
    at.say(Alert::Frozen, Level::Deny);
    shop.pass(10 * DAY);
    let view = at.scan("10000001");
    assert_eq!((view.verdict, codes(&view)), (Verdict::Refuse, vec!["frozen"]));
    assert_eq!(view.mends, vec![Mend::Unfreeze, Mend::LetInOnce]);
    let shown = view.pass.expect("the frozen one").id;
    let ended = at.change(&member, &shown, PassChange::Unfreeze).expect("it is frozen");
    assert_eq!(at.scan("10000001").verdict, Verdict::Admit);
    assert_eq!(at.pass(&member).until, Some(until.plus_days(10)), "ten days were frozen");
    assert_eq!(Desk::code(at.change(&member, &pass, PassChange::Unfreeze)), "not_frozen");

    // Taking the end back freezes it again; then coming back ends it.
    at.undo(&ended).expect("the owner may");
    at.say(Alert::Frozen, Level::Warn);
    shop.pass(DAY);
    let view = at.scan("10000001");
    assert_eq!((view.verdict, codes(&view)), (Verdict::Note, vec!["freeze_ended"]));
    assert_eq!(at.pass(&member).until, Some(until.plus_days(11)));
    // Taking that visit back takes back what it did to the pass, and taking the freeze back too.
    at.undo(&view.fact).expect("the owner may");
    assert_eq!(at.pass(&member).until, Some(until.plus_days(30)));
    at.undo(&frozen).expect("the owner may");
    assert_eq!((at.pass(&member).until, at.pass(&member).state), (Some(until), PassState::Active));
    shop.verify();
}

/// Told a week ahead, as it is typed: used until then, frozen from then on, and each of what happens
/// to it taken back.
#[test]
fn a_freeze_told_ahead_begins_on_its_day() {
    let shop = Shop::new();
    let at = At::shop(&shop);
    let member = shop.member("周子墨", 1).brief.id;
    at.give(&member, &at.kind("年卡", Some(365), None, freezable()));
    let given = at.pass(&member);
    let until = given.until.expect("a term");
    let typed = |from: &str, until: Option<&str>| {
        let (from, until) = (Some(from.to_owned()), until.map(str::to_owned));
        at.till.pass_change(PassChangeInput::Freeze { from, until })
    };
    assert_eq!(Desk::code(typed("下周", None)), "bad_input");
    let week = typed("2026-11-30", Some("2026-12-19")).expect("twenty days");
    let ahead = at.change(&member, &given.id, week).expect("it may be frozen");
    let pass = at.pass(&member);
    assert_eq!((pass.state, pass.frozen_until), (PassState::Active, None));
    let shown = pass.freeze_ahead.expect("it is shown");
    assert_eq!(
        (shown.from.to_string(), shown.until.to_string()),
        ("2026-11-30".into(), "2026-12-19".into())
    );
    assert_eq!((pass.until, pass.freeze_days_left), (Some(until.plus_days(20)), 10));

    // It counts in its year; the day before it is a day like any.
    let more = typed("2026-12-20", Some("2026-12-30")).expect("eleven days");
    assert_eq!(Desk::code(at.change(&member, &pass.id, more)), "freeze_limit");
    at.say(Alert::Frozen, Level::Deny);
    assert_eq!(at.scan("10000001").verdict, Verdict::Admit);
    shop.pass(7 * DAY);
    assert_eq!(codes(&at.scan("10000001")), ["frozen"]);
    assert_eq!(at.pass(&member).state, PassState::Frozen);
    at.say(Alert::Frozen, Level::Warn);
    shop.pass(4 * DAY);
    let back = at.scan("10000001");
    assert_eq!(codes(&back), ["freeze_ended"]);
    assert_eq!(at.pass(&member).until, Some(until.plus_days(4)), "four days were frozen");
    at.undo(&back.fact).expect("the owner may");
    assert_eq!(at.pass(&member).frozen_until.map(|day| day.to_string()), Some("2026-12-19".into()));
    at.undo(&ahead).expect("the owner may");
    let pass = at.pass(&member);
    assert_eq!(
        (pass.until, pass.state, pass.freeze_days_left),
        (Some(until), PassState::Active, 30)
    );

    // Called off before it begins, by the same key that ends one.
    let new_year = typed("2027-01-01", None).expect("a day");
    at.change(&member, &pass.id, new_year).expect("of next year");
    assert_eq!(at.pass(&member).freeze_days_left, 30, "of this year all are left");
    at.change(&member, &pass.id, PassChange::Unfreeze).expect("it is called off");
    assert_eq!((at.pass(&member).until, at.pass(&member).freeze_ahead), (Some(until), None));
    shop.verify();
}

#[test]
fn the_first_visit_begins_a_pass_that_waits_for_it() {
    let shop = Shop::new();
    let at = At::shop(&shop);
    let member = shop.member("陈予安", 1).brief.id;
    let terms = Terms { start: Start::FirstVisit, ..Terms::default() };
    at.give(&member, &at.kind("月卡", Some(30), None, terms));
    assert_eq!((at.pass(&member).state, at.pass(&member).until), (PassState::Waits, None));
    shop.pass(40 * DAY);
    let view = at.scan("10000001");
    assert_eq!(view.verdict, Verdict::Admit);
    assert_eq!(at.pass(&member).days_left, Some(29));
    at.undo(&view.fact).expect("the owner may");
    assert_eq!(at.pass(&member).state, PassState::Waits, "it waits again");
    shop.verify();
}

#[test]
fn a_manager_lets_in_with_a_reason_and_the_list_shows_it_red() {
    let shop = Shop::new();
    let at = At::shop(&shop);
    let staff = |name: &str, role, pin: &str| {
        let input =
            StaffInput { id: None, name: name.into(), role, pin: Some(pin.into()), active: true };
        let all = at.till.save_staff(&at.owner, input).expect("the owner may");
        all.into_iter().find(|person| person.name == name).expect("just set").id
    };
    let manager = staff("店长", Role::Manager, "840028");
    let desk = staff("前台", Role::Receptionist, "493527");
    shop.member("赵一鸣", 1);
    let (desk, _) = at.till.sign_in(id(&desk), "493527").expect("her PIN");
    let let_in = |actor: &Actor| {
        let how = CheckInHow::LetIn("正在办续费".into());
        at.till.check_in(actor, Who::Card("10000001".into()), how, None)
    };
    assert_eq!(Desk::code(let_in(&desk)), "approval_needed");
    let approval = Approval { staff: manager, pin: "840028".into() };
    let approved = at.till.approve(&desk, Some(&approval)).expect("his PIN");
    let view = let_in(&approved).expect("he may");
    assert_eq!((view.verdict, codes(&view)), (Verdict::Note, vec!["let_in_once", "no_pass"]));
    let recent = at.till.recent(&desk).expect("the list");
    assert!(recent[0].overridden && !recent[0].voided);
    at.till.undo(&desk, id(&view.fact)).expect("one's own last action");
    assert!(at.till.recent(&desk).expect("the list")[0].voided);
    shop.verify();
}

#[test]
fn a_family_comes_in_together_and_a_guest_comes_along() {
    let shop = Shop::new();
    let at = At::shop(&shop);
    let mother = shop.member("林知夏", 1).brief.id;
    let child = shop.member("林小满", 2).brief.id;
    let kind = at.kind("家庭卡", Some(365), None, freezable());
    at.give(&mother, &kind);
    at.till
        .change_details(
            &at.owner,
            id(&child),
            DetailsInput {
                family_of: Some(mother.clone()),
                guardian: Some(mother.clone()),
                contact: Some(Contact { name: "林知夏".into(), phone: "13800000001".into() }),
                waiver: Some(1),
                ..DetailsInput::default()
            },
        )
        .expect("the owner may");
    let views = at.till.check_in_family(&at.owner, Who::Card("10000001".into())).expect("both");
    let seen: Vec<(String, Verdict)> = views
        .iter()
        .map(|view| (view.member.as_ref().expect("known").name.clone(), view.verdict))
        .collect();
    let each = [("林知夏".into(), Verdict::Admit), ("林小满".into(), Verdict::Refuse)];
    assert_eq!(seen, each, "each has a verdict of their own");
    let details = at.member(&mother).details;
    assert_eq!(details.family.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["林小满"]);

    let guest = |name: &str| {
        let how = CheckInHow::Guest(name.into());
        at.till.check_in(&at.owner, Who::Member(id(&mother)), how, None)
    };
    let view = guest("小周").expect("two a month");
    assert_eq!((view.verdict, codes(&view)), (Verdict::Note, vec!["guest"]));
    guest("小吴").expect("the second");
    assert_eq!(Desk::code(guest("小郑")), "no_guests");
    at.undo(&view.fact).expect("the owner may");
    guest("小郑").expect("one is free again");
    assert_eq!(at.member(&mother).visits_total, 1, "guests are no visits of hers");
    shop.verify();
}

/// The desk's keys: the rest of a family in one go, and a guest only where one may come.
#[test]
fn the_desk_is_told_who_else_may_come_in() {
    let shop = Shop::new();
    let at = At::shop(&shop);
    let mother = shop.member("林知夏", 1).brief.id;
    let details = DetailsInput { family_of: Some(mother.clone()), ..DetailsInput::default() };
    let input =
        MemberInput { name: "林小满".into(), details: Some(details), ..MemberInput::default() };
    let child = at.till.register_member(&at.owner, input).expect("a new member").brief.id;
    let terms = Terms { guests: 1, ..Terms::default() };
    at.give(&mother, &at.kind("双人次卡", None, Some(3), terms));
    let view = at.scan("10000001");
    assert!(view.family.iter().map(|one| &one.id).eq([&child]));
    assert!(view.brings_guest, "two visits are left");
    let others = at.till.check_in_relatives(&at.owner, id(&mother)).expect("they are one family");
    assert_eq!(others.len(), 1);
    assert_eq!(others[0].member.as_ref().expect("known").id, child);
    assert_eq!(codes(&others[0]), ["no_pass"]);
    assert!(!others[0].brings_guest, "who is stopped brings nobody");

    let guest = CheckInHow::Guest("小周".into());
    let view = at.till.check_in(&at.owner, Who::Member(id(&mother)), guest, None);
    assert!(!view.expect("one a month").brings_guest, "that was the one");
    at.undo(&at.member(&mother).history[0].fact).expect("the owner may");
    shop.pass(7 * HOUR);
    assert!(at.scan("10000001").brings_guest, "one visit is left for them");
    shop.pass(7 * HOUR);
    let last = at.scan("10000001");
    assert_eq!((last.verdict, last.brings_guest), (Verdict::Note, false), "none is left");
    shop.verify();
}

/// What a page offers for a pass is what goes through, and a difference is the one that is paid.
#[test]
fn what_can_be_done_with_a_pass_is_said_by_the_till() {
    use PassAct::{Cancel, Extend, Freeze, Transfer, Unfreeze, Upgrade};
    let shop = Shop::new();
    let at = At::shop(&shop);
    let member = shop.member("林知夏", 1).brief.id;
    let other = shop.member("王堃", 2).brief.id;
    let ten = at.kind("十次卡", None, Some(10), Terms::default());
    let twenty = at.kind("二十次卡", None, Some(20), freezable());
    at.give(&member, &ten);
    let ten = at.pass(&member).id;
    assert_eq!(at.pass(&member).acts, [Upgrade, Transfer, Cancel], "it has no end, and no freeze");
    at.scan("10000001");
    let upgrades = at.till.upgrades(&at.owner, id(&member), id(&ten)).expect("a dearer one");
    let told: Vec<_> = upgrades.iter().map(|kind| (kind.pays_minor, kind.visits)).collect();
    assert_eq!(told, [(10_000, Some(19))], "ten visits more, one of them used");
    at.change(&member, &ten, PassChange::Upgrade { to: id(&twenty) }).expect("as it was told");
    let pass = at.pass(&member);
    assert_eq!((pass.visits_left, pass.acts), (Some(19), vec![Freeze, Upgrade, Transfer, Cancel]));
    assert_eq!(at.till.upgrades(&at.owner, id(&member), id(&pass.id)).expect("it runs"), []);
    at.change(&member, &pass.id, freeze()).expect("it was told");
    let acts = at.pass(&member).acts;
    assert_eq!(
        acts,
        [Freeze, Unfreeze, Upgrade, Cancel],
        "frozen, it goes to nobody; next year has days"
    );
    at.change(&member, &pass.id, PassChange::Unfreeze).expect("it was told");
    let typed = PassChangeInput::Transfer { to: other.clone(), fee: "50.00".into() };
    let change = at.till.pass_change(typed).expect("an amount");
    assert_eq!(change, PassChange::Transfer { to: id(&other), fee_minor: Some(5_000) });
    at.change(&member, &pass.id, change).expect("it was told");
    let gone = at.member(&member).passes;
    assert!(gone.iter().all(|pass| pass.acts.is_empty()), "{gone:?}");
    let bad = PassChangeInput::Cancel { refund: "lots".into(), because: "搬家".into() };
    assert_eq!(Desk::code(at.till.pass_change(bad)), "bad_amount");

    at.give(&other, &at.kind("月卡", Some(30), None, Terms::default()));
    shop.pass(31 * DAY);
    let passes = at.member(&other).passes;
    let over = passes.iter().find(|pass| pass.name == "月卡").expect("it is there");
    assert_eq!((over.state, over.acts.as_slice()), (PassState::Expired, &[Extend][..]));
    shop.verify();
}

/// Everything that a form about a new member holds is one fact.
#[test]
fn a_new_member_is_registered_with_the_rest_of_the_file() {
    let shop = Shop::new();
    let at = At::shop(&shop);
    let friend = shop.member("王堃", 1).brief.id;
    let details = DetailsInput {
        referred_by: Some(friend.clone()),
        consent: Some(vec![Channel::Wechat]),
        contact: Some(Contact { name: "林妈妈".into(), phone: "13800000009".into() }),
        ..DetailsInput::default()
    };
    let input =
        MemberInput { name: "林知夏".into(), details: Some(details), ..MemberInput::default() };
    let entries = || {
        let mut count = 0;
        let counted = at.till.log(0, |_| {
            count += 1;
            Ok(())
        });
        counted.expect("the journal");
        count
    };
    let before = entries();
    let file = at.till.register_member(&at.owner, input.clone()).expect("a new member");
    assert_eq!(entries(), before + 1);
    let DetailsView { referred_by, consent, contact, .. } = file.details;
    assert_eq!(referred_by.expect("a friend").id, friend);
    assert!(consent.contains(&Channel::Wechat));
    assert_eq!(contact.expect("somebody to call").name, "林妈妈");
    at.till.change_member(&at.owner, id(&file.brief.id), input).expect("the same again");
    assert_eq!(entries(), before + 1, "nothing has changed");
    let nobody = DetailsInput { referred_by: Some("nobody".into()), ..DetailsInput::default() };
    let input = MemberInput { name: "某人".into(), details: Some(nobody), ..Default::default() };
    assert_eq!(Desk::code(at.till.register_member(&at.owner, input)), "not_found");
}

/// A minor's waiver: who signed stands on the file by id, and in no payload; where the owner asks for
/// a guardian's signature, no other is enough.
#[test]
fn a_minors_waiver_is_signed_by_who_answers_for_them() {
    let shop = Shop::new();
    let at = At::shop(&shop);
    let member = shop.member("林知夏", 1).brief.id;
    let guardian = shop.member("林妈妈", 2).brief.id;
    let other = shop.member("李喆", 3).brief.id;
    at.give(&member, &at.kind("年卡", Some(365), None, Terms::default()));
    let born = MemberInput {
        name: "林知夏".into(),
        phone: "13800000001".into(),
        cards: vec!["10000001".into()],
        birthday: "2010-01-05".into(),
        ..MemberInput::default()
    };
    at.till.change_member(&at.owner, id(&member), born).expect("sixteen");
    at.say(Alert::Waiver, Level::Deny);
    let scan = || {
        shop.pass(7 * HOUR);
        let view = at.scan("10000001");
        (codes(&view), view.mends)
    };
    let sign = |by: Option<&str>| at.till.sign_waiver(&at.owner, id(&member), by.map(Into::into));

    // By default anybody signs for themselves.
    sign(None).expect("they do");
    let file = at.member(&member).details;
    assert_eq!((file.waiver.expect("signed").by, file.waiver_by), (None, None));
    assert_eq!(scan().0, Vec::<&str>::new());

    // The owner asks for a guardian's: theirs was not enough, and without a guardian nobody can.
    let rules = at.till.rules().expect("there are rules");
    assert_eq!((rules.age_of_majority, rules.guardian_signs), (18, false));
    let rules = RulesInput { guardian_signs: true, ..rules };
    at.till.save_rules(&at.owner, rules.clone()).expect("the owner may");
    assert_eq!(scan(), (vec!["waiver"], vec![Mend::AddGuardian, Mend::LetInOnce]));
    assert_eq!(Desk::code(sign(None)), "bad_input");
    assert_eq!(Desk::code(sign(Some(&other))), "bad_input", "who does not answer for them");
    let tied = DetailsInput { guardian: Some(guardian.clone()), ..DetailsInput::default() };
    at.till.change_details(&at.owner, id(&member), tied).expect("the owner may");
    assert_eq!(scan(), (vec!["waiver"], vec![Mend::SignWaiver, Mend::LetInOnce]));
    assert_eq!(Desk::code(sign(Some(&other))), "bad_input");
    sign(None).expect("whoever has to");
    let file = at.member(&member).details;
    assert_eq!(file.waiver_by.map(|by| by.id), Some(guardian.clone()));
    assert_eq!(scan().0, Vec::<&str>::new());

    // Somebody else answers for them from now on: what was signed stays signed.
    let tied = DetailsInput { guardian: Some(other.clone()), ..DetailsInput::default() };
    at.till.change_details(&at.owner, id(&member), tied).expect("the owner may");
    assert_eq!(scan().0, Vec::<&str>::new());
    // Of age, they sign for themselves: by the age of this house.
    sign(Some("")).expect("they do");
    assert_eq!(scan().0, ["waiver"]);
    let grown = RulesInput { age_of_majority: 16, ..rules };
    at.till.save_rules(&at.owner, grown.clone()).expect("the owner may");
    assert_eq!(scan().0, Vec::<&str>::new());
    let never = RulesInput { age_of_majority: 31, ..grown };
    assert_eq!(Desk::code(at.till.save_rules(&at.owner, never)), "bad_input");

    let payloads = |line: punchcard_till::LogLine| {
        let text = line.payload.to_string();
        assert!(line.kind != "member_changed" || !text.contains(&guardian), "{text}");
        Ok(())
    };
    at.till.log(0, payloads).expect("a journal");
    let (before, after) = at.till.rebuild().expect("it folds again");
    assert_eq!(before, after);
    shop.verify();
}

#[test]
fn alerts_are_said_as_the_owner_says() {
    let shop = Shop::new();
    let at = At::shop(&shop);
    let member = shop.member("林知夏", 1).brief.id;
    at.give(&member, &at.kind("年卡", Some(365), None, Terms::default()));
    at.say(Alert::Waiver, Level::Deny);
    at.say(Alert::EmergencyContact, Level::Warn);
    let view = at.scan("10000001");
    assert_eq!(
        (view.verdict, codes(&view)),
        (Verdict::Refuse, vec!["waiver", "emergency_contact"])
    );
    let signed = DetailsInput { waiver: Some(1), ..DetailsInput::default() };
    at.till.change_details(&at.owner, id(&member), signed).expect("the owner may");
    assert_eq!(codes(&at.scan("10000001")), ["emergency_contact"]);
    let silent = BTreeMap::from([(Alert::ClockBehind, Level::None)]);
    let silent = Alerts { levels: silent, ..Alerts::default() };
    assert_eq!(Desk::code(at.till.save_alerts(&at.owner, silent)), "bad_input");

    // The owner's own fields: what fits is kept, what does not is refused.
    let field = CustomField {
        key: "locker".into(),
        name: "柜号".into(),
        kind: FieldKind::Number,
        retired: false,
    };
    at.till.save_custom_fields(&at.owner, vec![field]).expect("the owner may");
    let write = |value: &str| {
        let custom = Some(BTreeMap::from([("locker".to_owned(), value.to_owned())]));
        let input = DetailsInput { custom, ..DetailsInput::default() };
        at.till.change_details(&at.owner, id(&member), input)
    };
    assert_eq!(Desk::code(write("twelve")), "bad_own_field");
    assert_eq!(write("12").expect("a number").details.custom["locker"], "12");
}

#[test]
fn of_two_passes_the_view_says_why_this_one() {
    let shop = Shop::new();
    let at = At::shop(&shop);
    let member = shop.member("林知夏", 1).brief.id;
    at.give(&member, &at.kind("十次卡", None, Some(10), Terms::default()));
    at.give(&member, &at.kind("年卡", Some(365), None, Terms::default()));
    let view = at.scan("10000001");
    assert_eq!(view.because, Some(Because::CostsNoVisit));
    assert_eq!(view.pass.expect("one is used").name, "年卡");
}

/// Everything that happens to passes, at two desks that tell each other through a hub.
fn what_happens_to_passes_and_cards_at_two_desks_is_one_story(engine: Engine) {
    let (business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let (one, two) = (At::desk(&first), At::desk(&second));
    let member = first.member("王堃", 1);
    let other = first.member("李喆", 2);
    let year = one.kind("年卡", Some(365), None, freezable());
    let ten = one.kind("十次卡", Some(90), Some(10), Terms::default());
    let twenty = one.kind("二十次卡", Some(180), Some(20), Terms::default());
    one.give(&member, &year);
    one.give(&other, &ten);
    business.same_everywhere(&[&first, &second]);

    // Frozen at the first desk, ended by coming to the second one, extended at the first.
    let until = one.pass(&member).until.expect("a term");
    let pass = one.pass(&member).id;
    one.change(&member, &pass, freeze()).expect("it may be frozen");
    business.same_everywhere(&[&first, &second]);
    assert_eq!(two.pass(&member).state, PassState::Frozen);
    business.pass(3 * DAY);
    assert_eq!(codes(&two.scan("10000001")), ["freeze_ended"]);
    one.change(&member, &pass, extend(7)).expect("it ends");
    business.same_everywhere(&[&first, &second]);
    for at in [&one, &two] {
        assert_eq!(at.pass(&member).until, Some(until.plus_days(3 + 7)));
    }

    // The card is lost at one desk and stops at the other; the new one opens at both.
    one.card(&member, "10000001", CardChange::Lost).expect("it is theirs");
    business.same_everywhere(&[&first, &second]);
    assert_eq!(codes(&two.scan("10000001"))[0], "card_lost");
    let replaced = CardChange::ReplacedBy("20000001".into());
    two.card(&member, "10000001", replaced).expect("a free card");
    business.same_everywhere(&[&first, &second]);
    business.pass(DAY);
    assert_eq!(one.scan("20000001").verdict, Verdict::Admit);

    // A pack is upgraded where its visits are, and given away; nobody doubts either.
    one.scan("10000002");
    let pack = one.pass(&other).id;
    let change = PassChange::Upgrade { to: id(&twenty) };
    // Half of them went to rest in the pool meanwhile, and are fetched first.
    assert_eq!(Desk::code(one.change(&other, &pack, change.clone())), "pack_elsewhere");
    assert_eq!(first.line().before_pass_changes(id(&other), id(&pack)).expect("it is there"), 5);
    assert_eq!(Desk::code(two.change(&other, &pack, change.clone())), "pack_elsewhere");
    one.change(&other, &pack, change).expect("all visits are here");
    assert_eq!(one.pass(&other).visits_left, Some(19));
    let pack = one.pass(&other).id;
    let away = PassChange::Transfer { to: id(&member), fee_minor: Some(5_000) };
    let gone = one.change(&other, &pack, away).expect("all visits are here");
    business.same_everywhere(&[&first, &second]);
    let held = |at: &At<'_>, member: &str| {
        let passes = at.member(member).passes;
        let pack = passes
            .into_iter()
            .find(|pass| pass.name == "二十次卡" && pass.state == PassState::Active);
        pack.and_then(|pack| pack.visits_left)
    };
    assert_eq!((held(&two, &member), held(&two, &other)), (Some(19), None));
    one.undo(&gone).expect("the owner may");
    business.same_everywhere(&[&first, &second]);
    assert_eq!((held(&two, &member), held(&two, &other)), (None, Some(19)));

    let cancel = PassChange::Cancel { on: None, refund_minor: 100, because: "搬家".into() };
    two.change(&member, &pass, cancel).expect("it runs");
    business.same_everywhere(&[&first, &second]);
    assert_eq!(codes(&one.scan("20000001"))[..1], ["seen_again"]);
    business.pass(DAY);
    assert_eq!(codes(&one.scan("20000001"))[..1], ["cancelled"]);
    business.same_everywhere(&[&first, &second]);
    let inbox: Vec<String> =
        business.hub.inbox().expect("it reads").into_iter().map(|told| told.code).collect();
    assert!(!inbox.iter().any(|code| code.starts_with("doubtful")), "{inbox:?}");
}

/// Both freeze the same pass while the line is down: each day counts once, at both.
fn two_desks_that_freeze_the_same_days_agree(engine: Engine) {
    let (mut business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let (one, two) = (At::desk(&first), At::desk(&second));
    let member = first.member("王堃", 1);
    one.give(&member, &one.kind("年卡", Some(365), None, freezable()));
    business.same_everywhere(&[&first, &second]);
    let until = one.pass(&member).until.expect("a term");
    let pass = one.pass(&member).id;
    business.cut();
    let days = |last: i32| {
        let today = one.till.status(None).expect("it answers").day.expect("a day");
        PassChange::Freeze { from: Some(today.plus_days(1)), until: Some(today.plus_days(last)) }
    };
    one.change(&member, &pass, days(10)).expect("ten days");
    two.change(&member, &pass, days(15)).expect("fifteen days");
    business.mend();
    business.same_everywhere(&[&first, &second]);
    for at in [&one, &two] {
        assert_eq!(at.pass(&member).until, Some(until.plus_days(15)));
    }
}

/// One thing that is done at the desk, to one of two members.
#[derive(Debug, Clone)]
enum Deed {
    Scan(usize),
    Guest(usize),
    Freeze(usize),
    Unfreeze(usize),
    Extend(usize, u32),
    Cancel(usize),
    Upgrade(usize),
    Transfer(usize),
    Give(usize),
    Earn(usize),
    Wait(i64),
}

fn deed() -> impl Strategy<Value = Deed> {
    let who = 0..2usize;
    prop_oneof![
        4 => who.clone().prop_map(Deed::Scan),
        1 => who.clone().prop_map(Deed::Guest),
        2 => who.clone().prop_map(Deed::Freeze),
        1 => who.clone().prop_map(Deed::Unfreeze),
        1 => (who.clone(), 1..40u32).prop_map(|(who, days)| Deed::Extend(who, days)),
        1 => who.clone().prop_map(Deed::Cancel),
        1 => who.clone().prop_map(Deed::Upgrade),
        1 => who.clone().prop_map(Deed::Transfer),
        1 => who.clone().prop_map(Deed::Give),
        1 => who.prop_map(Deed::Earn),
        2 => (1..20i64).prop_map(Deed::Wait),
    ]
}

/// What a deed leaves, where the rules let it be done.
fn done(
    at: &At<'_>,
    shop: &Shop,
    members: &[String],
    kinds: &[String],
    deed: &Deed,
) -> Option<String> {
    let scan = |who: &usize, how| {
        let who = Who::Member(id(&members[*who]));
        at.till.check_in(&at.owner, who, how, None).ok().map(|view| view.fact)
    };
    let change = |who: &usize, change| {
        let pass = at.member(&members[*who]).passes.into_iter().next()?;
        at.change(&members[*who], &pass.id, change).ok()
    };
    match deed {
        Deed::Scan(who) => scan(who, CheckInHow::Scan),
        Deed::Guest(who) => scan(who, CheckInHow::Guest("小周".into())),
        Deed::Freeze(who) => change(who, freeze()),
        Deed::Unfreeze(who) => change(who, PassChange::Unfreeze),
        Deed::Extend(who, days) => change(who, extend(*days)),
        Deed::Cancel(who) => {
            change(who, PassChange::Cancel { on: None, refund_minor: 0, because: "搬家".into() })
        }
        Deed::Upgrade(who) => change(who, PassChange::Upgrade { to: id(&kinds[1]) }),
        Deed::Transfer(who) => {
            let to = id(&members[1 - *who]);
            change(who, PassChange::Transfer { to, fee_minor: Some(100) })
        }
        Deed::Give(who) => {
            let given = at.till.give_pass(&at.owner, id(&members[*who]), id(&kinds[0]));
            given.ok().map(|done| done.fact)
        }
        Deed::Earn(who) => Some(shop.earn(&members[*who], "17")),
        Deed::Wait(hours) => {
            shop.pass(hours * HOUR);
            None
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever was done, taking all of it back, the last thing first, leaves every pass and every
    /// account as it was before; what the clock did meanwhile aside.
    #[test]
    fn taking_everything_back_leaves_every_pass_and_account_as_it_was(
        deeds in proptest::collection::vec(deed(), 1..25),
    ) {
        let shop = Shop::new();
        let at = At::shop(&shop);
        let members: Vec<String> =
            (1..=2).map(|n| shop.member("林知夏", n).brief.id).collect();
        let kinds = [
            at.kind("十次卡", Some(200), Some(10), freezable()),
            at.kind("二十次卡", Some(400), Some(20), freezable()),
        ];
        for member in &members {
            at.give(member, &kinds[0]);
        }
        let stands = || -> Vec<_> {
            members
                .iter()
                .map(|member| {
                    let file = at.member(member);
                    let passes: Vec<PassView> = file
                        .passes
                        .into_iter()
                        .map(|pass| PassView { days_left: None, ..pass })
                        .collect();
                    (passes, file.points.on_file, file.points.debt, file.visits_total)
                })
                .collect()
        };
        let before = stands();
        let facts: Vec<String> =
            deeds.iter().filter_map(|deed| done(&at, &shop, &members, &kinds, deed)).collect();
        for fact in facts.iter().rev() {
            let undone = at.undo(fact);
            prop_assert!(undone.is_ok(), "{undone:?}");
        }
        prop_assert_eq!(before, stands());
        shop.verify();
    }
}

#[test]
fn terms_go_to_the_form_and_come_back_as_they_were() {
    let shop = Shop::new();
    let at = At::shop(&shop);
    let form = at.till.pass_form().expect("the form");
    let read = |view: &TermsView| -> Terms {
        serde_json::from_value(serde_json::to_value(view).expect("JSON")).expect("terms")
    };
    assert_eq!(read(&form.plain), Terms::default(), "a new kind has no terms");
    let [store] = form.stores.as_slice() else { panic!("one store: {:?}", form.stores) };
    let terms = Terms {
        length: Some(Length { unit: Unit::Quarter, count: 2 }),
        start: Start::FirstVisit,
        begins_within_days: Some(60),
        weekdays: vec![1, 3],
        hours: vec![Hours { from: 360, to: 870 }],
        stores: vec![store.id.parse().expect("an id")],
        zones: vec!["泳池".into()],
        class_only: true,
        grace_days: 3,
        freeze_days: 14,
        guests: 2,
        transfer_fee_minor: 3_000,
        transfer_fee_points: 50,
    };
    at.kind("季卡", None, None, terms.clone());
    let all = at.till.pass_type_list().expect("kinds");
    let kind = all.iter().find(|kind| kind.name == "季卡").expect("just set");
    assert_eq!(read(&kind.terms), terms);
}

#[test]
fn a_desk_at_one_door_stops_passes_for_another() {
    let shop = Shop::new();
    let at = At::shop(&shop);
    let member = shop.member("林知夏", 1).brief.id;
    let gym = Terms { zones: vec!["健身区".into()], ..Terms::default() };
    at.give(&member, &at.kind("健身月卡", Some(30), None, gym));
    let save = |zone: &str| at.till.save_door(&at.owner, zone);
    let door = || at.till.status(None).expect("it answers").door;
    let said = || at.scan("10000001").reasons.iter().map(|why| why.code()).collect::<Vec<_>>();
    assert_eq!((door(), said()), (None, vec![]));

    let cashier = Actor::new(at.owner.staff, Role::Cashier);
    assert_eq!(Desk::code(at.till.save_door(&cashier, "泳池")), "approval_needed");
    assert_eq!(Desk::code(save(&"泳".repeat(41))), "bad_input");
    assert_eq!(Desk::code(save("泳池\n健身区")), "bad_input");
    save(" 泳池 ").expect("the owner may");
    assert_eq!(door().as_deref(), Some("泳池"));
    shop.pass(12 * HOUR);
    assert_eq!(said(), ["wrong_zone"], "at once, and without a word from whoever scans");
    let named = Who::Card("10000001".into());
    let how = CheckInHow::Scan;
    let inside = at.till.check_in_at(&at.owner, named, how, None, Some("健身区".into()));
    assert!(inside.expect("a verdict").reasons.is_empty(), "a door that is named goes before");
    save("").expect("the owner may");
    shop.pass(12 * HOUR);
    assert_eq!((door(), said()), (None, vec![]));
}

#[test]
fn how_few_visits_are_few_is_the_owners_rule() {
    let shop = Shop::new();
    let at = At::shop(&shop);
    let member = shop.member("林知夏", 1).brief.id;
    at.give(&member, &at.kind("十次卡", None, Some(10), Terms::default()));
    let said = || at.scan("10000001").reasons.iter().map(|why| why.code()).collect::<Vec<_>>();
    assert_eq!(said(), Vec::<&str>::new(), "nine are left");
    let rules = at.till.rules().expect("there are some");
    let kept = at.till.save_rules(&at.owner, RulesInput { few_visits: 8, ..rules });
    assert_eq!(kept.expect("the owner may").few_visits, 8);
    shop.pass(12 * HOUR);
    assert_eq!(said(), ["few_visits_left"], "eight are");
    let rules = at.till.rules().expect("there are some");
    assert_eq!(
        Desk::code(at.till.save_rules(&at.owner, RulesInput { few_visits: 1001, ..rules })),
        "bad_input"
    );
}
