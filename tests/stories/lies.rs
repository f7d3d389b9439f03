//! A till that was told to lie: what it may not say is kept back and told, and takes nobody with it.

use punchcard_domain::{
    fact::{
        Fact, FactVoided, GrantReason, LotRuled, StreamReclaimed, StreamVouched, ValueGranted,
        ValueReturned,
    },
    ledger::{Account, Lot, ValueKind},
    money::MAX_AMOUNT,
};
use punchcard_protocol::{
    FactId, Link, LotId, MAX_PAYLOAD_BYTES, MAX_PRIVATE_BYTES, MemberId, PrivatePart, StaffId,
    StreamId,
    sync::{Code, LIMITS, Packet, Push, PushAnswer, path},
};
use punchcard_tests::{
    DAY, NOON,
    business::{Business, Desk, Engine},
    id, on_both_engines,
};
use punchcard_till::views::MemberInput;
use serde_json::{Value, json};

use crate::scribe::{Asked, Scribe, fresh, hash_of, holds, lot_of, posting, stocked};

on_both_engines!(
    what_a_till_may_not_say_is_kept_back_by_its_name,
    what_a_till_gives_it_has,
    a_lot_that_is_issued_twice_is_the_same_everywhere,
    what_does_not_follow_is_refused_and_blocks_nobody,
    a_till_with_two_histories_takes_nobody_with_it,
);

/// What a till wrote that it may not: why it is kept back, and the entry.
type Lie = (&'static str, Packet);

/// Facts that only the hub may say, and whose accounts only others may debit.
fn forged(scribe: &mut Scribe, member: MemberId, lot: LotId, theirs: StreamId) -> Vec<Lie> {
    let (me, at_ms) = (scribe.stream, NOON);
    let (mine, pool) = (Account::Till(me), Account::Pool);
    let fact_id = || FactId(fresh());
    let take = |from, to| posting(lot, from, to, 100);
    let own_earlier = StreamId { incarnation: 0, ..me };
    let vouched = |of| {
        Fact::StreamVouched(StreamVouched {
            id: fact_id(),
            takes_over: vec![of],
            by: StaffId(fresh()),
        })
    };
    let granted = ValueGranted {
        id: fact_id(),
        member,
        at_ms,
        reason: GrantReason::Draw,
        postings: vec![take(pool, mine)],
    };
    let nothing_granted = ValueGranted { id: fact_id(), postings: vec![], ..granted.clone() };
    let reclaimed =
        StreamReclaimed { id: fact_id(), stream: theirs, seq: 1, at_ms, by_manager: true };
    let ruled =
        LotRuled { id: fact_id(), member, lot, kind: ValueKind::Points, frozen: true, at_ms };
    let returned = ValueReturned {
        id: fact_id(),
        member,
        at_ms,
        postings: vec![take(Account::Till(theirs), pool)],
    };
    let voided = FactVoided {
        id: fact_id(),
        target: fact_id(),
        member: Some(member),
        at_ms,
        postings: vec![take(Account::Spent(theirs), mine)],
        lots: vec![],
        take_back: vec![],
        debt: 0,
        points: 0,
        approved_by: None,
    };
    let mut repaid = scribe.earned(member, scribe.lot(100));
    if let Some(gain) = &mut repaid.earned {
        gain.repaid = Some(take(Account::Till(theirs), Account::Spent(me)));
    }
    let facts = [
        Fact::ValueGranted(granted),
        Fact::ValueGranted(nothing_granted),
        Fact::StreamReclaimed(reclaimed),
        Fact::LotRuled(ruled),
        vouched(theirs),
        vouched(own_earlier),
        Fact::ValueReturned(returned),
        Fact::FactVoided(voided),
        Fact::PointsEarned(repaid),
        scribe.redeemed(member, take(pool, mine)),
        scribe.redeemed(member, take(Account::Till(theirs), mine)),
        scribe.redeemed(member, take(Account::Expired, mine)),
    ];
    facts.iter().map(|fact| ("forged", scribe.fact(fact, None))).collect()
}

/// Amounts that are none.
fn amounts(scribe: &mut Scribe, member: MemberId) -> Vec<Lie> {
    let me = scribe.stream;
    let mut lies = Vec::new();
    for (why, amount) in
        [("forged", 0), ("forged", -5), ("amount", MAX_AMOUNT + 1), ("amount", i64::MAX)]
    {
        let lot = scribe.lot(amount);
        let fact = Fact::PointsEarned(scribe.earned(member, lot));
        lies.push((why, scribe.fact(&fact, None)));
        let fact = scribe.registered(vec![lot], None);
        lies.push((why, scribe.fact(&fact, None)));
        let spent = posting(LotId(fresh()), Account::Till(me), Account::Spent(me), amount);
        let fact = scribe.redeemed(member, spent);
        lies.push((why, scribe.fact(&fact, None)));
    }
    for debt in [MAX_AMOUNT + 1, -MAX_AMOUNT - 1] {
        let fact = FactVoided {
            id: FactId(fresh()),
            target: FactId(fresh()),
            member: Some(member),
            at_ms: NOON,
            postings: vec![],
            lots: vec![],
            take_back: vec![],
            debt,
            points: 0,
            approved_by: None,
        };
        lies.push(("amount", scribe.fact(&Fact::FactVoided(fact), None)));
    }
    for to in [Account::Pool, Account::Till(me)] {
        // What was spent once would be had again.
        let fact = ValueReturned {
            id: FactId(fresh()),
            member,
            at_ms: NOON,
            postings: vec![posting(LotId(fresh()), Account::Spent(me), to, 5)],
        };
        lies.push(("amount", scribe.fact(&Fact::ValueReturned(fact), None)));
    }
    lies
}

/// Entries that are not what their header says, or not of their kind's shape.
fn misshapen(scribe: &mut Scribe, member: MemberId) -> Vec<Lie> {
    let mut lies = Vec::new();
    let good = Fact::PointsEarned(scribe.earned(member, scribe.lot(5)));
    let mut changed = scribe.fact(&good, None);
    changed.payload = changed.payload.replace("\"amount\":5", "\"amount\":6");
    lies.push(("payload", changed));
    let mut salted = scribe.fact(&good, None);
    salted.salt = hex::encode([8; 16]);
    lies.push(("payload", salted));
    let mut shorter = scribe.fact(&good, None);
    shorter.payload.pop();
    lies.push(("payload", shorter));
    for payload in [json!([]), json!({}), json!({"id": fresh(), "member": 7}), json!("\u{0}")] {
        lies.push(("shape", scribe.packet(50, 1, &payload)));
    }
    let zero = PointsRedeemedWithZero::of(scribe, member);
    lies.push(("shape", zero));
    lies.extend(private_parts(scribe));
    lies.push(("too_long", too_long(scribe)));
    lies
}

/// A name that holds a zero character, which one of the databases cannot keep.
struct PointsRedeemedWithZero;

impl PointsRedeemedWithZero {
    fn of(scribe: &mut Scribe, member: MemberId) -> Packet {
        let me = scribe.stream;
        let spent = posting(LotId(fresh()), Account::Till(me), Account::Spent(me), 1);
        let Fact::PointsRedeemed(mut body) = scribe.redeemed(member, spent) else {
            unreachable!("it was made so")
        };
        body.reward_name = "a\0b".into();
        scribe.fact(&Fact::PointsRedeemed(body), None)
    }
}

fn private_parts(scribe: &mut Scribe) -> Vec<Lie> {
    let part = |text: &str| PrivatePart { salt: [9; 16], bytes: text.as_bytes().to_vec() };
    let (named, other) = (part(r#"{"name":"李喆"}"#), part(r#"{"name":"王堃"}"#));
    let mut lies = Vec::new();
    let fact = scribe.registered(vec![], Some(named.commitment()));
    lies.push(("private", scribe.fact(&fact, Some(&other))));
    let fact = scribe.registered(vec![], None);
    lies.push(("private", scribe.fact(&fact, Some(&named))));
    for text in ["打卡", r#"{"name":7}"#, r#"{"name":"a\u0000b"}"#] {
        let part = part(text);
        let fact = scribe.registered(vec![], Some(part.commitment()));
        lies.push(("shape", scribe.fact(&fact, Some(&part))));
    }
    let long = PrivatePart { salt: [9; 16], bytes: vec![b'x'; MAX_PRIVATE_BYTES + 1] };
    let fact = scribe.registered(vec![], Some(long.commitment()));
    lies.push(("too_long", scribe.fact(&fact, Some(&long))));
    lies
}

/// Sealing refuses a payload that is too long, so its header is made of another one's.
fn too_long(scribe: &mut Scribe) -> Packet {
    let payload = vec![b' '; MAX_PAYLOAD_BYTES + 1024];
    let mut entry = scribe.entry(50, 1, vec![b' ']);
    let commitment = punchcard_protocol::commit(&entry.salt, &payload);
    let length = u32::try_from(payload.len()).expect("it fits");
    entry.header[96..100].copy_from_slice(&length.to_be_bytes());
    entry.header[100..132].copy_from_slice(&commitment.0);
    entry.payload = payload;
    scribe.link.hash = entry.hash();
    Packet::of(&entry, None).expect("UTF-8")
}

/// What the inbox says of entries that were kept back: place and reason.
pub(crate) fn kept_back(business: &Business) -> Vec<(u64, String)> {
    let inbox = business.hub.inbox().expect("it answers");
    let lines = inbox.iter().filter(|line| line.code == "quarantined");
    let mut found: Vec<_> = lines
        .map(|line| {
            let why = line.args["why"].as_str().expect("a reason").to_owned();
            (line.args["seq"].as_u64().expect("a place"), why)
        })
        .collect();
    found.sort();
    found
}

fn what_a_till_may_not_say_is_kept_back_by_its_name(engine: Engine) {
    let (business, first, second, member, reward) = stocked(engine);
    let mut scribe = Scribe::join(&business);
    let begin = scribe.link.seq + 1;
    let lot = lot_of(&first, &member);
    let mut lies = forged(&mut scribe, id(&member), lot, first.stream());
    lies.extend(amounts(&mut scribe, id(&member)));
    lies.extend(misshapen(&mut scribe, id(&member)));
    let expected: Vec<(u64, String)> =
        (begin..).zip(&lies).map(|(seq, (why, _))| (seq, (*why).to_owned())).collect();
    let packets: Vec<Packet> = lies.into_iter().map(|(_, packet)| packet).collect();
    let answer = scribe.push(packets.clone()).expect("the queue goes on");
    let places: Vec<u64> = expected.iter().map(|(seq, _)| *seq).collect();
    let missed = expected.iter().filter(|(seq, _)| !answer.quarantined.contains(seq));
    assert_eq!(answer.quarantined, places, "{:?}", missed.collect::<Vec<_>>());
    assert_eq!(answer.acked.seq, scribe.link.seq);
    assert_eq!(kept_back(&business), expected);

    // Nobody hears of it, nothing grows, and everybody goes on.
    business.same_everywhere(&[&first, &second]);
    assert_eq!((first.points(&member), second.points(&member)), ((500, 500, 0), (500, 0, 0)));
    assert!(packets.iter().all(|packet| !holds(&second, packet)));
    let honest = Fact::PointsEarned(scribe.earned(id(&member), scribe.lot(7)));
    let honest = scribe.fact(&honest, None);
    scribe.says(vec![honest.clone()]);
    first.redeem(&member, &reward, false).expect("what it has");
    let third = business.desk("第三", None);
    business.same_everywhere(&[&first, &second, &third]);
    assert!(holds(&second, &honest));
    assert_eq!(first.points(&member), (407, 400, 0));
    assert_eq!(third.points(&member), (407, 0, 0));
}

/// A till credits its own accounts and the pool, and the pool with no more than it has: so that
/// nothing can be spent at one desk because another one says so.
fn what_a_till_gives_it_has(engine: Engine) {
    let (business, first, second, member, _) = stocked(engine);
    let mut scribe = Scribe::join(&business);
    let begin = scribe.link.seq + 1;
    let (me, theirs, member_id) = (scribe.stream, first.stream(), id(&member));
    let mine = Account::Till(me);
    let to_them = Lot { to: Account::Till(theirs), ..scribe.lot(70) };
    let theirs_again = Lot { id: lot_of(&first, &member), ..to_them };
    let own = scribe.lot(50);
    let mut lies = Vec::new();
    for lot in [to_them, theirs_again] {
        lies.push(("forged", Fact::PointsEarned(scribe.earned(member_id, lot))));
        lies.push(("forged", scribe.registered(vec![lot], None)));
    }
    for to in [Account::Till(theirs), Account::Spent(theirs)] {
        lies.push(("forged", scribe.redeemed(member_id, posting(own.id, mine, to, 10))));
    }
    let returned = |postings| {
        let id = FactId(fresh());
        Fact::ValueReturned(ValueReturned { id, member: member_id, at_ms: NOON, postings })
    };
    let give = |amount| posting(own.id, mine, Account::Pool, amount);
    lies.push(("overdrawn", returned(vec![give(1)])));
    lies.push(("", Fact::PointsEarned(scribe.earned(member_id, own))));
    lies.push(("overdrawn", returned(vec![give(51)])));
    lies.push(("overdrawn", returned(vec![give(30), give(30)])));
    lies.push(("", returned(vec![give(20), give(20)])));
    lies.push(("overdrawn", returned(vec![give(11)])));
    let expected: Vec<(u64, String)> = (begin..)
        .zip(&lies)
        .map(|(seq, (why, _))| (seq, (*why).to_owned()))
        .filter(|(_, why)| !why.is_empty())
        .collect();
    let packets: Vec<Packet> = lies.iter().map(|(_, fact)| scribe.fact(fact, None)).collect();
    // In one call, and what is left of it in another.
    let (some, rest) = packets.split_at(9);
    let last = Link { seq: begin + 8, hash: hash_of(&packets[8]) };
    let mut kept = scribe.push_up_to(last, some.to_vec()).expect("taken in").quarantined;
    kept.extend(scribe.push(rest.to_vec()).expect("taken in").quarantined);
    assert_eq!(kept_back(&business), expected);
    assert_eq!(kept, expected.iter().map(|(seq, _)| *seq).collect::<Vec<_>>());
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&member), (550, 500, 0), "fifty were earned next door");
    let drawn = first.line().draw(&first.owner(), id(&member), 90).expect("the hub answers");
    assert_eq!(drawn.drawn, 40, "what was given, and no more");
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&member), (550, 540, 0));
}

/// A lot of another till's is issued once more: it counts where it was issued, and every machine
/// has the same tables, in whatever order it reads.
fn a_lot_that_is_issued_twice_is_the_same_everywhere(engine: Engine) {
    let (business, first, second, member, _) = stocked(engine);
    let mut scribe = Scribe::join(&business);
    let known = lot_of(&first, &member);
    for (amount, expires_ms) in [(20, None), (30, Some(NOON + DAY)), (40, Some(NOON + 9 * DAY))] {
        let again = Lot { id: known, expires_ms, ..scribe.lot(amount) };
        let fact = Fact::PointsEarned(scribe.earned(id(&member), again));
        let packet = scribe.fact(&fact, None);
        scribe.says(vec![packet]);
    }
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&member), (590, 500, 0));
    for desk in [&first, &second] {
        let (before, after) = desk.till().rebuild().expect("rebuilt");
        assert_eq!(before, after);
    }
    business.pass(2 * DAY);
    business.same_everywhere(&[&first, &second]);
}

/// So much was never earned; but one member's file must not break every desk.
#[test]
fn more_points_than_a_number_holds_break_no_desk() {
    let (business, first, second, member, reward) = stocked(Engine::Sqlite);
    let mut scribe = Scribe::join(&business);
    let lots = (0..1200).map(|_| scribe.lot(MAX_AMOUNT)).collect();
    let Fact::MemberRegistered(file) = scribe.registered(lots, None) else {
        unreachable!("it was made so")
    };
    let rich = file.member.to_string();
    let packet = scribe.fact(&Fact::MemberRegistered(file), None);
    scribe.says(vec![packet]);
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&rich), (i64::MAX, 0, 0));
    let drawn = second.line().draw(&second.owner(), id(&rich), 10).expect("the hub answers");
    assert_eq!(drawn.drawn, 0, "nobody returned anything");
    first.redeem(&member, &reward, false).expect("what it has");
    let drawn = second.line().draw(&second.owner(), id(&member), 10).expect("the hub answers");
    assert_eq!(drawn.drawn, 0, "nobody returned anything");
    business.same_everywhere(&[&first, &second]);
}

/// PostgreSQL keeps no zero character, so that no hub does, and no desk. What only looks like one
/// when it is written down is text like any other.
#[test]
fn a_zero_character_is_refused_at_the_desk() {
    let (business, first, second, ..) = stocked(Engine::Sqlite);
    let register = |note: &str, n: u32| {
        let input = MemberInput {
            name: "李喆".into(),
            phone: format!("139{n:08}"),
            note: note.into(),
            ..MemberInput::default()
        };
        first.till().register_member(&first.owner(), input).map(drop)
    };
    assert_eq!(Desk::code(register("a\0b", 7)), "bad_input");
    for (n, note) in (8..).zip(["\\u0000", "\\", "\\\\u0000", "a\u{1}"]) {
        register(note, n).expect("a note");
    }
    business.same_everywhere(&[&first, &second]);
    assert!(business.hub.inbox().expect("it answers").is_empty());
    let found = second.till().find(&second.owner(), "李喆", 9).expect("a list");
    assert_eq!(found.len(), 4);
}

// ── What does not follow ─────────────────────────────────────────────────────────────────────

fn what_does_not_follow_is_refused_and_blocks_nobody(engine: Engine) {
    let (business, first, second, member, _) = stocked(engine);
    let mut scribe = Scribe::join(&business);
    let before = scribe.link;
    let mut links = vec![before];
    let mut packets = Vec::new();
    for _ in 0..4 {
        let fact = Fact::PointsEarned(scribe.earned(id(&member), scribe.lot(10)));
        packets.push(scribe.fact(&fact, None));
        links.push(scribe.link);
    }
    let refused = |answer: Asked<PushAnswer>| answer.expect_err("refused");

    let gap = refused(scribe.push(packets[1..].to_vec()));
    assert_eq!((gap.code, gap.number("expected")), (Code::Gap, Some(before.seq + 1)));
    let swapped = vec![packets[0].clone(), packets[2].clone(), packets[1].clone()];
    assert_eq!(refused(scribe.push_up_to(links[2], swapped)).code, Code::ChainBroken);
    // One byte of a header: the one after it no longer follows; the last is not the one signed.
    let changed = |at: usize| {
        let mut packets = packets.clone();
        let digit = &mut packets[at].header;
        let other = if digit.ends_with('0') { "1" } else { "0" };
        digit.replace_range(digit.len() - 1.., other);
        packets
    };
    let broken = refused(scribe.push(changed(1)));
    assert_eq!((broken.code, broken.number("next")), (Code::ChainBroken, Some(2)));
    assert_eq!(refused(scribe.push(changed(3))).code, Code::BadSignature);
    let mut other = Scribe::join(&business);
    other.link = before;
    assert_eq!(refused(other.push_up_to(scribe.link, packets.clone())).code, Code::ChainBroken);
    // Another one's head, another one's key.
    let head = other.key.sign(scribe.stream, scribe.link);
    let forged: Asked<PushAnswer> =
        scribe.call(path::PUSH, &Push { head, packets: packets.clone() });
    assert_eq!(refused(forged).code, Code::BadSignature);
    let many = vec![packets[0].clone(); LIMITS.batch_entries + 1];
    assert_eq!(refused(scribe.push(many)).code, Code::TooLarge);
    let nonsense = Packet { header: "zz".into(), ..packets[0].clone() };
    assert_eq!(refused(scribe.push(vec![nonsense])).code, Code::BadRequest);

    // Nothing of it was taken in; and then all of it is, however often it is heard.
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&member).0, 500);
    let half = scribe.push_up_to(links[2], packets[..2].to_vec()).expect("taken in");
    assert_eq!(half.acked.seq, before.seq + 2);
    for _ in 0..3 {
        let answer = scribe.push(packets.clone()).expect("what is known is passed over");
        assert_eq!((answer.acked.seq, answer.quarantined), (scribe.link.seq, vec![]));
    }
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&member), (540, 500, 0));
}

fn a_till_with_two_histories_takes_nobody_with_it(engine: Engine) {
    let (business, first, second, member, reward) = stocked(engine);
    let mut scribe = Scribe::join(&business);
    let before = scribe.link;
    let one = Fact::PointsEarned(scribe.earned(id(&member), scribe.lot(10)));
    let one = scribe.fact(&one, None);
    scribe.push(vec![one.clone()]).expect("taken in");
    scribe.link = before;
    let other = Fact::PointsEarned(scribe.earned(id(&member), scribe.lot(90)));
    let other = scribe.fact(&other, None);
    for _ in 0..2 {
        let fork = scribe.push(vec![other.clone()]).expect_err("a fork");
        assert_eq!(fork.code, Code::ForkDetected);
        assert_eq!((fork.number("seq"), fork.number("next")), (Some(before.seq + 1), Some(2)));
    }
    // Both branches are kept; neither goes on, and nothing is given to it.
    assert_eq!(business.hub.figures().expect("it answers").quarantined, 1, "kept once");
    scribe.link = before;
    assert_eq!(scribe.push(vec![one]).expect_err("closed").code, Code::ForkDetected);
    let ask = json!({"id": fresh(), "member": member, "kind": "points", "amount": 10});
    let drawn: Asked<Value> = scribe.call(path::DRAW, &ask);
    assert_eq!(drawn.expect_err("frozen").code, Code::ForkDetected);
    let state = |name: &str| {
        let tills = business.hub.tills().expect("it answers");
        tills.into_iter().find(|till| till.name == name).expect("paired").state
    };
    assert_eq!((state("未来").as_str(), state("滨江 2").as_str()), ("FORKED", "active"));
    business.same_everywhere(&[&first, &second]);
    assert!(!holds(&second, &other));
    assert_eq!((first.points(&member), second.points(&member)), ((510, 500, 0), (510, 0, 0)));
    first.redeem(&member, &reward, false).expect("what it has");
    business.same_everywhere(&[&first, &second]);
}
