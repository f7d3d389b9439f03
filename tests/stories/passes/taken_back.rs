//! Whatever was done is taken back without a trace.

use proptest::prelude::*;
use punchcard_tests::{Shop, id};
use punchcard_till::{CheckInHow, PassChange, Who, views::PassView};

use super::{At, HOUR, extend, freezable, freeze};

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
