//! The rest of a member's file that the door asks for.

use punchcard_domain::{
    alerts::{Alert, Level},
    member::{Channel, Contact},
    terms::Terms,
    verdict::Mend,
};
use punchcard_tests::{Shop, business::Desk, id};
use punchcard_till::views::{DetailsInput, DetailsView, MemberInput, RulesInput};

use super::{At, HOUR, codes};

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
