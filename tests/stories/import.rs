//! A shop's own messy list.

use punchcard_tests::Shop;
use punchcard_till::{
    import::{ImportInput, Profile},
    views::ImportReport,
};

const HEADING: &str = "会员编号,姓名,电话,生日,等级,积分,余额,开卡日期,到期日期,剩余次数,标签,备注";

fn messy() -> String {
    [
        HEADING,
        "1,李喆,13812340001,1983年6月20日,金卡,\"83,976\",1113.27,2022/12/16,20280717,45,游泳、VIP,",
        "2,王堃,１３８１２３４０００２,1955.10.5,普通, 0 ,0.00,20250305,,,,对花生过敏",
        "3,张祎,+86 138-1234-0003,20070724,,56,5.5,2024-11-06,2025.5.17,,,",
        "4,曾𠮷,'13812340004,,银卡,0.0,0.00,2020/8/6,,,,\"say \"\"hi\"\"\nsecond line\"",
        "5,阿依古丽·买买提,138 1234 0005,90-1-1,,27,0,20200101,,,,=HYPERLINK(\"http://x\")",
        "6,没电话,无,,,5,0,20200101,,,,",
        "7,\u{3000},13812340007,,,5,0,20200101,,,,",
        "8,第二个,13812340001,2090-01-01,,5,0,20200101,,,,",
        "9,坏积分,13812340009,,,1e5,0,20200101,,,,@SUM(1)",
        "10,坏余额,13812340010,,,5,-3,20200101,,,,",
        "11,短行,13812340011,,,5",
        "12,\"Robert'); DROP TABLE member;--\",13812340012,,,1,0,20200101,,,,<img src=x onerror=alert(1)>",
    ]
    .join("\r\n")
}

fn gb18030(text: &str) -> Vec<u8> {
    encoding_rs::GB18030.encode(text).0.into_owned()
}

fn import(shop: &Shop, bytes: Vec<u8>, dry_run: bool) -> (ImportReport, String) {
    let mut rejects = Vec::new();
    let input = ImportInput { bytes, profile: Profile::Auto, dry_run };
    let report = shop.till().import(&shop.owner(), &input, &mut rejects).expect("a table");
    (report, String::from_utf8(rejects).expect("UTF-8"))
}

#[test]
fn good_rows_come_in_and_bad_ones_say_why() {
    let shop = Shop::new();
    let (report, rejects) = import(&shop, gb18030(&messy()), false);
    assert_eq!((report.rows, report.imported, report.already_here), (12, 6, 0));
    let rejected = &report.rejected;
    assert_eq!(
        (
            rejected.bad_phone,
            rejected.no_name,
            rejected.duplicate_phone,
            rejected.bad_points,
            rejected.bad_row
        ),
        (1, 1, 1, 2, 1)
    );
    assert_eq!(report.warnings.bad_birthday, 2);
    assert_eq!((report.points_total, report.stored_minor_total), (84_060, 111_877));
    assert!(rejects.contains("第二个") && rejects.contains("'@SUM(1)"), "{rejects}");
    shop.verify();
    for name in ["喆", "堃", "祎", "𠮷"] {
        let found = shop.till().find(&shop.owner(), name, 5).expect("a search");
        assert_eq!(found.len(), 1, "{name}");
    }
    let formula = shop.till().find(&shop.owner(), "阿依古丽", 5).expect("a search");
    let view =
        shop.till().member(&shop.owner(), punchcard_tests::id(&formula[0].id)).expect("hers");
    assert_eq!(view.note.as_deref(), Some("=HYPERLINK(\"http://x\")"));
}

#[test]
fn the_same_file_twice_changes_nothing() {
    let shop = Shop::new();
    import(&shop, gb18030(&messy()), false);
    let before = shop.till().digest().expect("a digest");
    let (again, _) = import(&shop, gb18030(&messy()), false);
    assert_eq!((again.imported, again.already_here, again.points_total), (0, 6, 0));
    assert_eq!(shop.till().digest().expect("a digest"), before);
}

#[test]
fn a_dry_run_says_the_same_and_changes_nothing() {
    let shop = Shop::new();
    let before = shop.till().digest().expect("a digest");
    let (dry, _) = import(&shop, gb18030(&messy()), true);
    assert_eq!(shop.till().digest().expect("a digest"), before);
    assert_eq!(dry, import(&shop, gb18030(&messy()), false).0);
}

#[test]
fn rejects_can_be_mended_and_imported() {
    let shop = Shop::new();
    let (_, rejects) = import(&shop, gb18030(&messy()), false);
    let mended = rejects.replace("1e5", "100").replace(",无,", ",13812340006,");
    let (report, left) = import(&shop, mended.into_bytes(), false);
    // The two that were mended, and the short row: with its empty cells written out it is whole.
    assert_eq!(report.imported, 3);
    assert_eq!(report.rejected.bad_points, 1);
    assert_eq!(left.matches("reason 原因").count(), 1, "{left}");
    let found = shop.till().find(&shop.owner(), "坏积分", 5).expect("a search");
    let view = shop.till().member(&shop.owner(), punchcard_tests::id(&found[0].id)).expect("hers");
    // The guard against formulas is off again.
    assert_eq!(view.note.as_deref(), Some("@SUM(1)"));
}

#[test]
fn american_files_are_read_as_american() {
    let shop = Shop::new();
    let file = "\u{feff}Reference ID,First Name,Last Name,Email Address,Phone Number,Birthday,Points,Memo\r\n\
                SQ1,Lee,Baker,lee@example.net,(415) 555-0123,10/26/1974,420,Likes tea.\r\n";
    let (report, _) = import(&shop, file.as_bytes().to_vec(), false);
    assert_eq!((report.imported, report.points_total), (1, 420));
    let found = shop.till().find(&shop.owner(), "lee baker", 5).expect("a search");
    assert_eq!(found[0].phone.as_deref(), Some("+14155550123"));
}

#[test]
fn what_is_no_table_of_members_is_refused_whole() {
    let shop = Shop::new();
    let before = shop.till().digest().expect("a digest");
    for bytes in [
        Vec::new(),
        b"PK\x03\x04\x00\x00 an xlsx".to_vec(),
        b"a,b,c\n1,2,3\n".to_vec(),
        b"\xFF\xFE\xFD\x80\x80\xFF".to_vec(),
    ] {
        let input = ImportInput { bytes, profile: Profile::Auto, dry_run: false };
        let error = shop
            .till()
            .import(&shop.owner(), &input, &mut std::io::sink())
            .expect_err("no members");
        assert_eq!(error.code(), "bad_input", "{error}");
    }
    assert_eq!(shop.till().digest().expect("a digest"), before);
}

/// Frames of the log in a till's folder that the next start will read: those that carry the salt of
/// the log's head (sqlite.org/fileformat2.html, "The Write-Ahead Log").
fn frames_to_read(shop: &Shop) -> usize {
    let log = std::fs::read(shop.folder().join("till.db-wal")).expect("the log stays");
    let page = u32::from_be_bytes(log[8..12].try_into().expect("four bytes"));
    let frames = log[32..].chunks_exact(24 + usize::try_from(page).expect("a page"));
    frames.take_while(|frame| frame[8..16] == log[16..24]).count()
}

/// A list of `count` people of whom nobody else is a member: the `lot`th.
fn people(lot: u32, count: u32) -> Vec<u8> {
    let first = lot * count;
    let rows = (first..first + count).map(|n| format!("{n},王堃,139{n:08},,,5,0,20200101,,,,"));
    let csv: Vec<String> = std::iter::once(HEADING.to_owned()).chain(rows).collect();
    csv.join("\r\n").into_bytes()
}

#[test]
fn a_long_log_is_not_read_at_every_start() {
    /// Frames: a shorter log is left as it is (`LONG_LOG_FRAMES` in the till's writer).
    const LONG: usize = 256;
    let mut shop = Shop::new();
    // A checkpoint between two commits lets the log begin anew, and when it comes is not ours to
    // say: lists come in until the log is long.
    let long = (0..40).map(|lot| {
        let (report, _) = import(&shop, people(lot, 500), false);
        assert_eq!(report.imported, 500);
        frames_to_read(&shop)
    });
    let long = long.into_iter().find(|frames| *frames > LONG).expect("lists make the log long");
    shop.close();
    let short = frames_to_read(&shop);
    assert!(short < 10, "{short} frames, of {long}");
    shop.reopen();
    shop.verify();
}
