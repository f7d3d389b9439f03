//! A day at the desk.

use punchcard_domain::{
    Refusal,
    verdict::{Mend, Verdict},
};
use punchcard_tests::{DAY, MINUTE, Shop, id};
use punchcard_till::{CheckInHow, Error, RedeemInput, Who, views::MemberInput};

fn scan(shop: &Shop, card: &str) -> punchcard_till::views::CheckInView {
    shop.till()
        .check_in(&shop.owner(), Who::Card(card.into()), CheckInHow::Scan, None)
        .expect("a verdict")
}

fn redeem(shop: &Shop, member: &str, reward: &str) -> punchcard_till::Result<String> {
    let input =
        RedeemInput { member: id(member), reward: id(reward), points: None, on_trust: false };
    shop.till().redeem(&shop.owner(), input).map(|done| done.fact)
}

#[test]
fn scan_earn_redeem_undo() {
    let shop = Shop::new();
    let member = shop.member("林知夏", 1).brief.id;
    shop.give(&member, "年卡", Some(365), None);
    let shake = shop.reward("蛋白奶昔", 300);

    let view = scan(&shop, "10000001");
    assert_eq!((view.verdict, view.points_earned), (Verdict::Admit, 5));
    shop.earn(&member, "500.00");
    assert_eq!(shop.points(&member), (505, 505, 0));

    let redeemed = redeem(&shop, &member, &shake).expect("enough");
    assert_eq!(shop.points(&member), (205, 205, 0));
    let short = redeem(&shop, &member, &shake);
    assert!(matches!(
        short,
        Err(Error::Refused(Refusal::PointsShort { need: 300, here: 205, on_file: 205 }))
    ));

    shop.till().undo(&shop.owner(), id(&redeemed)).expect("its own, just now");
    assert_eq!(shop.points(&member), (505, 505, 0));
    let again = shop.till().undo(&shop.owner(), id(&redeemed));
    assert!(matches!(again, Err(Error::Refused(Refusal::AlreadyVoided))));
    shop.verify();
}

#[test]
fn a_refused_visit_is_recorded_and_costs_nothing() {
    let shop = Shop::new();
    let member = shop.member("赵一鸣", 2).brief.id;
    let view = scan(&shop, "10000002");
    assert_eq!((view.verdict, view.reasons[0].code()), (Verdict::Refuse, "no_pass"));
    assert_eq!(view.mends, vec![Mend::GivePass, Mend::LetInOnce]);
    assert_eq!(shop.points(&member), (0, 0, 0));
    let day = shop.till().day(&shop.owner(), None, true).expect("today");
    assert_eq!((day.visits, day.refused), (0, 1));
    assert_eq!(day.rows[0].kind, "visit_recorded");
}

/// What a scan says of visits and value is what the member's page says after it: a scan reads before it
/// writes, and must not show what was true before.
#[test]
fn a_scan_shows_what_is_true_after_it() {
    let shop = Shop::new();
    let member = shop.member("周以宁", 6).brief.id;
    shop.give(&member, "年卡", Some(365), None);
    shop.give(&member, "10 次卡", None, Some(10));
    let mut before: Option<i64> = None;
    for visit in 0..4 {
        let view = scan(&shop, "10000006");
        let page = shop.till().member(&shop.owner(), id(&member)).expect("on file");
        assert_eq!(view.visits_this_month, page.visits_this_month, "visit {visit}");
        assert_eq!(view.last_visit_ms, before, "visit {visit}");
        assert_eq!(view.points, Some(page.points), "visit {visit}");
        assert_eq!(view.stored_minor, page.stored_minor);
        if visit == 1 {
            // Taken back, it was none.
            shop.till().undo(&shop.owner(), id(&view.fact)).expect("just now");
        } else {
            before = Some(view.at_ms);
            assert_eq!(page.last_visit_ms, before);
        }
        shop.pass(DAY);
    }
    // Seen again within the hour: it does not count, and is not the last visit.
    let (first, again) = (scan(&shop, "10000006"), scan(&shop, "10000006"));
    assert_eq!(again.visits_this_month, first.visits_this_month);
    shop.verify();
}

#[test]
fn a_pack_is_used_to_its_last_visit_and_no_further() {
    let shop = Shop::new();
    let member = shop.member("陈嘉禾", 3).brief.id;
    shop.give(&member, "3 次卡", None, Some(3));
    for left in [2, 1, 0] {
        let view = scan(&shop, "10000003");
        assert_ne!(view.verdict, Verdict::Refuse);
        assert_eq!(view.pass.expect("the pack").visits_left, Some(left));
        shop.pass(DAY);
    }
    let view = scan(&shop, "10000003");
    assert_eq!((view.verdict, view.reasons[0].code()), (Verdict::Refuse, "no_visits_left"));
    shop.verify();
}

#[test]
fn undoing_a_visit_gives_the_visit_and_the_points_back() {
    let shop = Shop::new();
    let member = shop.member("李喆", 4).brief.id;
    shop.give(&member, "10 次卡", None, Some(10));
    let view = scan(&shop, "10000004");
    assert_eq!(view.pass.expect("the pack").visits_left, Some(9));
    shop.till().undo(&shop.owner(), id(&view.fact)).expect("its own, just now");
    assert_eq!(shop.points(&member), (0, 0, 0));
    let view = scan(&shop, "10000004");
    // The visit that was taken back does not count as seen.
    assert_eq!(view.pass.expect("the pack").visits_left, Some(9));
    assert_eq!(view.verdict, Verdict::Admit);
    shop.verify();
}

#[test]
fn what_was_earned_by_mistake_and_spent_becomes_a_debt_that_is_repaid() {
    let shop = Shop::new();
    let member = shop.member("王堃", 5).brief.id;
    let towel = shop.reward("毛巾", 450);
    let mistake = shop.earn(&member, "500.00");
    redeem(&shop, &member, &towel).expect("enough");
    shop.till().undo(&shop.owner(), id(&mistake)).expect("the owner may");
    assert_eq!(shop.points(&member), (0, 0, 450));
    shop.earn(&member, "400.00");
    assert_eq!(shop.points(&member), (0, 0, 50));
    shop.earn(&member, "100.00");
    assert_eq!(shop.points(&member), (50, 50, 0));
    shop.verify();
}

#[test]
fn points_run_out_and_the_first_to_run_out_are_used_first() {
    let shop = Shop::new();
    let member = shop.member("张祎", 6).brief.id;
    let water = shop.reward("矿泉水", 100);
    shop.earn(&member, "120.00");
    shop.pass(300 * DAY);
    shop.earn(&member, "50.00");
    redeem(&shop, &member, &water).expect("enough");
    let lots = shop.till().member(&shop.owner(), id(&member)).expect("a member").lots;
    assert_eq!(lots.iter().map(|lot| lot.points).collect::<Vec<_>>(), [20, 50]);
    shop.pass(450 * DAY);
    assert_eq!(shop.points(&member), (50, 50, 0));
    assert!(redeem(&shop, &member, &water).is_err());
    assert_eq!(shop.till().expire_due().expect("posted"), 1);
    assert_eq!(shop.till().expire_due().expect("nothing left to post"), 0);
    shop.verify();
}

#[test]
fn a_line_of_the_day_says_whether_points_ran_out_or_went_with_the_person() {
    let shop = Shop::new();
    let member = shop.member("张祎", 6).brief.id;
    shop.earn(&member, "120.00");
    shop.pass(300 * DAY);
    shop.earn(&member, "50.00");
    shop.pass(450 * DAY);
    assert_eq!(shop.till().expire_due().expect("posted"), 1);
    shop.till().erase_member(&shop.owner(), id(&member), true).expect("the owner may");
    let rows = shop.till().day(&shop.owner(), None, true).expect("the owner may").rows;
    let lost = rows.iter().filter(|row| row.points < 0);
    assert_eq!(
        lost.map(|row| (row.kind.as_str(), row.points)).collect::<Vec<_>>(),
        [("value_forfeited", -50), ("value_expired", -120)]
    );
}

#[test]
fn winding_the_clock_back_gains_nothing() {
    let shop = Shop::new();
    let member = shop.member("何苗", 7).brief.id;
    shop.give(&member, "月卡", Some(30), None);
    let water = shop.reward("矿泉水", 100);
    shop.earn(&member, "120.00");
    shop.pass(1000 * DAY);
    assert_eq!(scan(&shop, "10000007").reasons[0].code(), "expired");
    shop.pass(-1000 * DAY);
    let view = scan(&shop, "10000007");
    let codes: Vec<&str> = view.reasons.iter().map(|reason| reason.code()).collect();
    assert_eq!((view.verdict, codes), (Verdict::Refuse, vec!["expired", "clock_behind"]));
    assert!(matches!(
        redeem(&shop, &member, &water),
        Err(Error::Refused(Refusal::PointsShort { .. }))
    ));
    assert!(shop.till().status(None).expect("a status").clock_behind);
}

#[test]
fn on_trust_is_a_debt_within_the_owners_limit() {
    let shop = Shop::new();
    let member = shop.member("周以安", 8).brief.id;
    let shake = shop.reward("蛋白奶昔", 300);
    shop.earn(&member, "200.00");
    let mut rules = shop.till().rules().expect("rules");
    rules.trust_limit = 100;
    shop.till().save_rules(&shop.owner(), rules).expect("the owner sets rules");
    let input =
        RedeemInput { member: id(&member), reward: id(&shake), points: None, on_trust: true };
    shop.till().redeem(&shop.owner(), input).expect("within the limit");
    assert_eq!(shop.points(&member), (0, 0, 100));
    let over = shop.till().redeem(&shop.owner(), input);
    assert!(matches!(over, Err(Error::Refused(Refusal::TrustLimit { limit: 100 }))));
    shop.verify();
}

#[test]
fn fifty_at_once_spend_the_last_points_once() {
    let shop = Shop::new();
    let member = shop.member("孙行", 9).brief.id;
    let shake = shop.reward("蛋白奶昔", 300);
    shop.earn(&member, "300.00");
    let done: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..50)
            .map(|_| scope.spawn(|| usize::from(redeem(&shop, &member, &shake).is_ok())))
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("it answers")).sum()
    });
    assert_eq!(done, 1);
    assert_eq!(shop.points(&member), (0, 0, 0));
    shop.verify();
}

#[test]
fn nonsense_amounts_are_refused_and_change_nothing() {
    let shop = Shop::new();
    let member = shop.member("林知夏", 10).brief.id;
    let before = shop.till().digest().expect("a digest");
    for amount in ["", "-5", "0", "abc", "NaN", "1e9", "0.001", "99999999999999999999", "１２"] {
        let error = shop.till().earn(&shop.owner(), id(&member), amount).expect_err(amount);
        assert_eq!(error.code(), "bad_amount", "{amount}: {error}");
    }
    assert_eq!(shop.till().digest().expect("a digest"), before);
}

#[test]
fn members_are_found_by_whatever_is_known_of_them() {
    let shop = Shop::new();
    for (n, name) in
        ["李喆", "王堃", "张祎", "曾𠮷", "欧阳娜娜", "单田芳", "Emma Carter"].iter().enumerate()
    {
        shop.member(name, 100 + u32::try_from(n).expect("few"));
    }
    for (query, name) in [
        ("喆", "李喆"),
        ("王堃", "王堃"),
        ("堃", "王堃"),
        ("祎", "张祎"),
        ("𠮷", "曾𠮷"),
        ("曾𠮷", "曾𠮷"),
        ("ouyang", "欧阳娜娜"),
        ("oynn", "欧阳娜娜"),
        ("娜娜", "欧阳娜娜"),
        ("shan", "单田芳"),
        ("carter", "Emma Carter"),
        ("EC", "Emma Carter"),
        ("10000101", "王堃"),
        ("13800000102", "张祎"),
        ("0103", "曾𠮷"),
        ("138-0000-0102", "张祎"),
    ] {
        let found = shop.till().find(&shop.owner(), query, 20).expect("a search");
        assert!(found.iter().any(|member| member.name == name), "{query}: {found:?}");
    }
    assert!(
        shop.till()
            .find(&shop.owner(), "'; DROP TABLE member; --", 20)
            .expect("a search")
            .is_empty()
    );
}

#[test]
fn a_file_changes_field_by_field_and_keeps_what_is_unchanged() {
    let shop = Shop::new();
    let member = shop.member("欧阳娜娜", 11);
    let seq = |shop: &Shop| shop.till().status(None).expect("a status").unsynced;
    let before = seq(&shop);
    let same = MemberInput {
        name: "欧阳娜娜".into(),
        phone: "138 0000 0011".into(),
        cards: member.cards.clone(),
        ..MemberInput::default()
    };
    shop.till().change_member(&shop.owner(), id(&member.brief.id), same.clone()).expect("fine");
    assert_eq!(seq(&shop), before, "nothing changed, nothing written");
    let changed =
        MemberInput { note: "膝盖旧伤".into(), birthday: "1994/11/23".into(), ..same };
    let view =
        shop.till().change_member(&shop.owner(), id(&member.brief.id), changed).expect("fine");
    assert_eq!(view.birthday.expect("set").to_string(), "1994-11-23");
    assert_eq!(seq(&shop), before + 1);
    let taken = MemberInput {
        name: "另一位".into(),
        phone: "13800000011".into(),
        ..MemberInput::default()
    };
    let error = shop.till().register_member(&shop.owner(), taken).expect_err("taken");
    assert_eq!(error.code(), "phone_taken");
}

#[test]
fn nothing_personal_is_in_a_payload() {
    let shop = Shop::new();
    let member = shop.member("欧阳娜娜", 12).brief.id;
    shop.till()
        .ban_member(&shop.owner(), id(&member), true, "欠费 owes 300")
        .expect("the owner may");
    shop.till()
        .check_in(
            &shop.owner(),
            Who::Member(id(&member)),
            CheckInHow::LetIn("教练王堃担保".into()),
            None,
        )
        .expect("the owner may");
    let mut journal = String::new();
    shop.till()
        .log(0, |line| {
            journal.push_str(&line.payload.to_string());
            Ok(())
        })
        .expect("a journal");
    for personal in ["欧阳娜娜", "13800000012", "10000012", "欠费", "担保", "陈店主"] {
        assert!(!journal.contains(personal), "{personal} in the journal");
    }
}

#[test]
fn photos_are_kept_and_only_photos() {
    let shop = Shop::new();
    let member = shop.member("林知夏", 13).brief.id;
    let png = b"\x89PNG\r\n\x1a\n and the rest".to_vec();
    let view = shop.till().set_photo(&shop.owner(), id(&member), png.clone()).expect("an image");
    let photo = view.brief.photo.expect("set");
    let image = shop.till().photo(&shop.owner(), id(&photo)).expect("kept");
    assert_eq!((image.media_type, image.bytes), ("image/png", png));
    let svg = b"<svg onload=alert(1)>".to_vec();
    let error = shop.till().set_photo(&shop.owner(), id(&member), svg).expect_err("no image");
    assert_eq!(error.code(), "bad_image");
    let huge = [b"\xFF\xD8\xFF".to_vec(), vec![0; 600 * 1024]].concat();
    let error = shop.till().set_photo(&shop.owner(), id(&member), huge).expect_err("too large");
    assert_eq!(error.code(), "bad_image");
    shop.verify();
}

#[test]
fn a_visit_written_down_afterwards_belongs_to_its_day() {
    let shop = Shop::new();
    let member = shop.member("王堃", 14).brief.id;
    shop.give(&member, "年卡", Some(365), None);
    let yesterday = punchcard_tests::NOON - DAY;
    let view = shop
        .till()
        .check_in(&shop.owner(), Who::Member(id(&member)), CheckInHow::Scan, Some(yesterday))
        .expect("a verdict");
    assert_eq!(view.reasons[0].code(), "not_started");
    shop.till()
        .check_in(
            &shop.owner(),
            Who::Member(id(&member)),
            CheckInHow::Scan,
            Some(punchcard_tests::NOON + 60 * MINUTE),
        )
        .expect("a verdict");
    let day = shop
        .till()
        .day(&shop.owner(), Some("2026-11-22".parse().expect("a day")), true)
        .expect("a day");
    assert_eq!((day.refused, day.rows.len()), (1, 1));
    assert_eq!(shop.till().day(&shop.owner(), None, false).expect("today").visits, 1);
}
