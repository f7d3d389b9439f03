//! Backups of a hub: the beginning of a file, and what is in one once it is decrypted.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = punchcard_hub::backup::read_whatever(data);
});
