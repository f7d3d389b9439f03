//! Files to be imported, as any other system, or any hand, may have made them.
#![no_main]

use std::{cell::LazyCell, io::sink};

use libfuzzer_sys::fuzz_target;
use punchcard_fuzz::Shop;
use punchcard_till::{
    Error,
    import::{ImportInput, Profile},
};

thread_local! {
    static SHOP: LazyCell<Shop> = LazyCell::new(Shop::new);
}

fuzz_target!(|data: &[u8]| {
    let Some((which, bytes)) = data.split_first() else { return };
    let profile = match which % 3 {
        0 => Profile::Auto,
        1 => Profile::Zh,
        _ => Profile::En,
    };
    SHOP.with(|shop| {
        let input = ImportInput { bytes: bytes.to_vec(), profile, dry_run: true };
        match shop.till.import(&shop.owner, &input, &mut sink()) {
            Ok(_) | Err(Error::BadFile { .. } | Error::BadInput { .. }) => {}
            Err(error) => unreachable!("a file is taken or refused: {error}"),
        }
    });
});
