//! What a scanner, or a hand, types at the desk: cards, phones, names.
#![no_main]

use std::cell::LazyCell;

use libfuzzer_sys::fuzz_target;
use punchcard_domain::text;
use punchcard_fuzz::Shop;

thread_local! {
    static SHOP: LazyCell<Shop> = LazyCell::new(Shop::new);
}

fuzz_target!(|data: &[u8]| {
    let typed = String::from_utf8_lossy(data);
    let folded = text::fold(&typed);
    assert!(!folded.contains([' ', '-', '\'']), "{folded:?}");
    assert!(!text::one_line(&typed).chars().any(char::is_control));
    SHOP.with(|shop| {
        let found = shop.till.find(&shop.owner, &typed, 20).expect("members, or nobody");
        assert!(found.len() <= 3, "there are three");
        shop.till.knows_card(&typed).expect("yes or no");
    });
});
