//! A line that is slow is a line: however long a batch takes, it gets there. One on which nothing
//! moves is given up.

use std::{sync::Arc, time::Instant};

use punchcard_tests::{
    business::{Business, Desk, Engine},
    id,
    slow::SlowLine,
};
use punchcard_till::{Till, views::PairInput};

/// As slow as a line of the last century.
const SLOW: usize = 2_000;
/// Nothing moved for so long, and the line is given up.
const STALLED_S: u64 = 30;

/// A business whose first desk reaches the hub over a line of ours.
fn over_a_slow_line() -> (Business, Desk, SlowLine) {
    let business = Business::new(Engine::Sqlite);
    let to = business.url().trim_start_matches("https://").parse().expect("an address");
    let line = SlowLine::new(to);
    let (folder, options) = (business.folder("first"), business.options());
    let till = Till::create(&folder, &punchcard_tests::set_up(), &options).expect("a new shop");
    let desk = Desk::of(folder, options, Arc::new(till));
    let input = PairInput { hub: line.url(), code: business.code(None), till: "静安 1".into() };
    desk.line().pair(&desk.owner(), &input).expect("it pairs");
    desk.sync();
    (business, desk, line)
}

/// An image that cannot be compressed.
fn image(seed: u32) -> Vec<u8> {
    let (mut bytes, mut state) = (vec![0xFF, 0xD8, 0xFF], seed);
    while bytes.len() < 36_000 {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes
}

/// Photos go there in one batch, and come back with what is new for everybody: each takes longer than
/// a line may stand still.
#[test]
fn a_line_that_trickles_gets_there() {
    let (business, first, line) = over_a_slow_line();
    let second = business.desk("滨江 2", None);
    let member = first.member("王堃", 1);
    for seed in 1..=2 {
        let other = first.member(&format!("会员{seed}"), 1 + seed);
        first.till().set_photo(&first.owner(), id(&other), image(seed)).expect("an image");
    }
    first.earn(&member, "300.00");
    line.bytes_a_second(SLOW);
    let begun = Instant::now();
    first.sync();
    let took = begun.elapsed().as_secs();
    assert!(took > STALLED_S * 2, "{took} s: too short to show anything");
    assert_eq!(first.till().status(None).expect("a status").unsynced, 0);
    line.bytes_a_second(usize::MAX);
    business.same_everywhere(&[&first, &second]);
    assert_eq!(second.points(&member), (300, 0, 0));
    println!("{SLOW} bytes a second: there and back in {took} s");
}

#[test]
fn a_line_on_which_nothing_moves_is_given_up() {
    let (business, first, line) = over_a_slow_line();
    let member = first.member("王堃", 1);
    line.bytes_a_second(0);
    first.earn(&member, "300.00");
    let begun = Instant::now();
    assert_eq!(first.refused(), "hub_unreachable");
    let waited = begun.elapsed().as_secs();
    assert!((STALLED_S - 1..STALLED_S + 15).contains(&waited), "given up after {waited} s");
    // Meanwhile and afterwards the desk goes on, and nothing is lost.
    first.earn(&member, "20.00");
    line.bytes_a_second(usize::MAX);
    business.same_everywhere(&[&first]);
    assert_eq!(first.points(&member), (320, 320, 0));
    println!("nothing moved: given up after {waited} s");
}
