//! The code on a member's own phone: what it guards, that each works once wherever it was used, and that
//! nobody guesses one.

use punchcard_domain::{
    fact::Fact,
    phone_code::{code_at, step_of},
    staff::Role,
};
use punchcard_protocol::{Header, StaffId};
use punchcard_tests::{
    MINUTE, Shop,
    business::{Business, Desk, Engine},
    id, on_both_engines,
};
use punchcard_till::{
    Actor, CodeInput, RedeemInput, Result, Till,
    views::{DoneView, RulesInput},
};

on_both_engines!(a_code_that_one_desk_took_is_used_at_every_other,);

/// How long a code is shown: ms.
const STEP: i64 = 30_000;

/// Above so many points the house rules ask for a code.
fn ask_above(till: &Till, points: Option<i64>) {
    let owner = till.owner().expect("there is an owner");
    let rules = till.rules().expect("there are rules");
    till.save_rules(&owner, RulesInput { code_above: points, ..rules }).expect("the owner may");
}

/// Sets a phone up; returns its secret.
fn phone(till: &Till, member: &str) -> String {
    let owner = till.owner().expect("there is an owner");
    till.set_up_phone(&owner, id(member)).expect("the owner may").secret
}

fn with(till: &Till, actor: &Actor, what: (&str, &str), code: CodeInput) -> Result<DoneView> {
    let (member, reward) = what;
    let input =
        RedeemInput { member: id(member), reward: id(reward), points: None, on_trust: false };
    till.redeem_with(actor, input, false, code)
}

fn says<T>(outcome: Result<T>) -> &'static str {
    outcome.err().expect("refused").code()
}

/// A shop whose reward of ten points asks for a code, and a member who has enough for a while.
struct Guarded {
    shop: Shop,
    member: String,
    reward: String,
}

impl Guarded {
    fn new() -> Self {
        let shop = Shop::new();
        let member = shop.member("王堃", 1).brief.id;
        shop.earn(&member, "500.00");
        let reward = shop.reward("耳机", 10);
        ask_above(shop.till(), Some(9));
        Self { shop, member, reward }
    }

    fn now(&self) -> i64 {
        self.shop.clock.load(std::sync::atomic::Ordering::SeqCst)
    }

    fn shown(&self, secret: &str) -> CodeInput {
        CodeInput::Digits(code_at(secret, self.now()).expect("a secret"))
    }

    /// Six digits that are not the code of any step near now.
    fn wrong(&self, secret: &str) -> CodeInput {
        let near = |code: &String| step_of(secret, code, self.now()).is_none();
        let code = (0..10).map(|n| format!("00000{n}")).find(near);
        CodeInput::Digits(code.expect("three of ten at most are near"))
    }

    fn give(&self, code: CodeInput) -> Result<DoneView> {
        with(self.shop.till(), &self.shop.owner(), (&self.member, &self.reward), code)
    }
}

#[test]
fn a_code_works_once() {
    let mut at = Guarded::new();
    assert_eq!(says(at.give(CodeInput::None)), "no_code_set");
    let secret = phone(at.shop.till(), &at.member);
    let input = RedeemInput {
        member: id(&at.member),
        reward: id(&at.reward),
        points: None,
        on_trust: false,
    };
    let preview = at.shop.till().redeem_preview(&at.shop.owner(), input).expect("enough");
    assert!(preview.needs_code, "the cashier knows before");
    assert_eq!(says(at.give(CodeInput::None)), "code_needed");
    assert_eq!(says(at.give(CodeInput::Digits("  ".into()))), "code_needed");
    assert_eq!(says(at.give(at.wrong(&secret))), "code_wrong");
    assert_eq!(at.shop.points(&at.member).0, 500, "nothing was taken");

    let code = at.shown(&secret);
    let done = at.give(code.clone()).expect("what the phone shows");
    assert_eq!(says(at.give(code.clone())), "code_used");
    // What it paid for is taken back: the code stays used.
    at.shop.till().undo(&at.shop.owner(), id(&done.fact)).expect("the owner may");
    assert_eq!(says(at.give(code.clone())), "code_used");
    at.shop.reopen();
    assert_eq!(says(at.give(code.clone())), "code_used");
    let (before, after) = at.shop.till().rebuild().expect("rebuilt");
    assert_eq!(before, after);
    assert_eq!(says(at.give(code)), "code_used");

    at.shop.pass(STEP);
    at.give(at.shown(&secret)).expect("the next one");
    assert_eq!(at.shop.points(&at.member).0, 490);
    // One that the phone showed before the last used one, or shows once the clock is wound back.
    at.shop.pass(-STEP);
    assert_eq!(says(at.give(at.shown(&secret))), "code_used");
    // With spaces, as phones show it.
    at.shop.pass(2 * STEP);
    let CodeInput::Digits(digits) = at.shown(&secret) else { unreachable!("digits") };
    let spaced = format!(" {} {} ", &digits[..3], &digits[3..]);
    at.give(CodeInput::Digits(spaced)).expect("the next one");
    // The owner asks no longer.
    ask_above(at.shop.till(), Some(10));
    at.give(CodeInput::None).expect("ten are not above ten");
    ask_above(at.shop.till(), None);
    at.give(CodeInput::None).expect("nobody is asked");
    at.shop.verify();
}

#[test]
fn another_phone_takes_the_place_of_the_first() {
    let at = Guarded::new();
    let old = phone(at.shop.till(), &at.member);
    at.give(at.shown(&old)).expect("the first phone's");
    at.shop.pass(STEP);
    let new = phone(at.shop.till(), &at.member);
    assert_ne!(old, new);
    assert_eq!(says(at.give(at.shown(&old))), "code_wrong");
    at.give(at.shown(&new)).expect("the new phone's");
    // A change of the file leaves the phone as it is.
    at.shop.till().ban_member(&at.shop.owner(), id(&at.member), true, "?").expect("the owner may");
    at.shop.till().ban_member(&at.shop.owner(), id(&at.member), false, "").expect("the owner may");
    at.shop.pass(STEP);
    at.give(at.shown(&new)).expect("still the new phone's");
}

#[test]
fn nobody_guesses_a_code() {
    let mut at = Guarded::new();
    let secret = phone(at.shop.till(), &at.member);
    for _ in 0..4 {
        assert_eq!(says(at.give(at.wrong(&secret))), "code_wrong");
    }
    // A right one in between begins the count anew.
    at.give(at.shown(&secret)).expect("the right one");
    at.shop.pass(STEP);
    for _ in 0..5 {
        assert_eq!(says(at.give(at.wrong(&secret))), "code_wrong");
    }
    assert_eq!(says(at.give(at.wrong(&secret))), "code_locked");
    assert_eq!(says(at.give(at.shown(&secret))), "code_locked", "nor is a right one looked at");
    at.shop.reopen();
    assert_eq!(says(at.give(at.shown(&secret))), "code_locked", "nor after a restart");
    // It is one member's, and one way of several.
    let other = at.shop.member("李喆", 2).brief.id;
    at.shop.earn(&other, "50.00");
    let others = phone(at.shop.till(), &other);
    let (till, owner) = (at.shop.till(), at.shop.owner());
    with(till, &owner, (&other, &at.reward), at.shown(&others)).expect("somebody else");
    at.give(CodeInput::LetThrough).expect("the owner answers for it");
    at.shop.pass(MINUTE + 1);
    at.give(at.shown(&secret)).expect("the pause is over");
    // A redemption that cannot be is no try, and nobody can use up tries with one.
    let dear = at.shop.reward("电视", 10_000);
    for _ in 0..9 {
        let refused = with(at.shop.till(), &owner, (&at.member, &dear), at.wrong(&secret));
        assert_eq!(says(refused), "points_short");
    }
    at.shop.pass(STEP);
    at.give(at.shown(&secret)).expect("no try was counted");
}

#[test]
fn a_managers_leave_stands_in_for_the_code_and_is_written_down() {
    let at = Guarded::new();
    let (till, owner) = (at.shop.till(), at.shop.owner());
    let cashier = Actor::new(StaffId::from_bytes([7; 16]), Role::Cashier);
    let led = Actor { approver: Some((owner.staff, Role::Manager)), ..cashier.clone() };
    let what = (at.member.as_str(), at.reward.as_str());
    assert_eq!(says(till.set_up_phone(&cashier, id(&at.member))), "approval_needed");
    let secret = till.set_up_phone(&led, id(&at.member)).expect("a manager's leave").secret;
    assert_eq!(says(with(till, &cashier, what, CodeInput::LetThrough)), "approval_needed");
    let through = with(till, &led, what, CodeInput::LetThrough).expect("a manager's leave");
    let coded = with(till, &cashier, what, at.shown(&secret)).expect("the code alone");
    let at_ms = at.now();
    let redeemed = |done: &DoneView| {
        let all = till.parcels().expect("it can be read");
        let facts = all.iter().filter_map(|one| {
            let header = Header::from_bytes(&one.entry.header).expect("a header");
            Fact::from_payload(header.kind, header.kind_version, &one.entry.payload)
                .expect("its shape")
        });
        let mut found = facts.filter(|fact| fact.id().to_string() == done.fact);
        match found.next_back() {
            Some(Fact::PointsRedeemed(body)) => (body.code_step, body.approved_by),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(redeemed(&through), (None, Some(owner.staff)));
    assert_eq!(redeemed(&coded), (Some(at_ms / STEP), None));
    // What the codes are made of is in a private part, and nowhere else.
    let holds = |bytes: &[u8]| bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
    let all = till.parcels().expect("it can be read");
    assert!(all.iter().all(|one| !holds(&one.entry.payload)), "no payload holds it");
    let parts = all.iter().filter_map(|one| one.private.as_ref());
    assert_eq!(parts.filter(|part| holds(&part.bytes)).count(), 1);
}

#[test]
fn two_files_of_one_person_have_the_codes_of_one() {
    let at = Guarded::new();
    let (till, owner) = (at.shop.till(), at.shop.owner());
    let other = at.shop.member("王堃", 2).brief.id;
    at.shop.earn(&other, "50.00");
    let secret = phone(till, &other);
    let code = at.shown(&secret);
    with(till, &owner, (&other, &at.reward), code.clone()).expect("their code");
    till.merge_members(&owner, id(&other), id(&at.member)).expect("the owner may");
    for member in [&other, &at.member] {
        let again = with(till, &owner, (member, &at.reward), code.clone());
        assert_eq!(says(again), "code_used", "by either name");
    }
    at.shop.pass(STEP);
    with(till, &owner, (&at.member, &at.reward), at.shown(&secret)).expect("the next one");
}

fn a_code_that_one_desk_took_is_used_at_every_other(engine: Engine) {
    let (business, first) = Business::with_desk(engine);
    let second = business.desk("滨江 2", None);
    let member = first.member("王堃", 1);
    let reward = first.reward("耳机", 10);
    ask_above(first.till(), Some(9));
    let secret = phone(first.till(), &member);
    business.same_everywhere(&[&first, &second]);
    let now = || business.clock.load(std::sync::atomic::Ordering::SeqCst);
    let shown = || CodeInput::Digits(code_at(&secret, now()).expect("a secret"));
    let give = |desk: &Desk, code| {
        desk.earn(&member, "10.00");
        with(desk.till(), &desk.owner(), (&member, &reward), code)
    };
    assert_eq!(says(give(&second, CodeInput::None)), "code_needed");
    let code = shown();
    give(&second, code.clone()).expect("set up at another desk");
    business.same_everywhere(&[&first, &second]);
    assert_eq!(says(give(&first, code.clone())), "code_used");
    // Of two that come in whatever order, the newest counts.
    business.pass(STEP);
    let older = shown();
    business.pass(STEP);
    give(&first, shown()).expect("the newest");
    business.same_everywhere(&[&first, &second]);
    assert_eq!(says(give(&second, older)), "code_used");
    // A desk that begins with the hub's tables knows it too.
    let third = business.desk("新店", None);
    third.sync();
    assert_eq!(says(give(&third, shown())), "code_used");
    business.pass(STEP);
    give(&third, shown()).expect("the next one");
    business.same_everywhere(&[&first, &second, &third]);
}
