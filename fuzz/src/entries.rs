//! Entries, as another till may have written them: headers, payloads of each kind, what they change.
#![no_main]

use libfuzzer_sys::fuzz_target;
use punchcard_domain::{
    bounds,
    effects::{OpenedPrivate, Private, Writer, debits_only_own, effects},
    fact::{Fact, KIND_VERSION},
};
use punchcard_protocol::{Entry, HEADER_BYTES, Header, StreamId};

fuzz_target!(|data: &[u8]| {
    header(data);
    // A kind, then its payload, and behind a zero the private part.
    let Some((kind, rest)) = data.split_first() else { return };
    let (payload, private) = match rest.iter().position(|byte| *byte == 0) {
        Some(at) => (&rest[..at], Some(&rest[at + 1..])),
        None => (rest, None),
    };
    let Ok(Some(fact)) = Fact::from_payload(u16::from(*kind), KIND_VERSION, payload) else {
        return;
    };
    let written = fact.to_payload().expect("what was read can be written");
    let again = Fact::from_payload(fact.kind(), KIND_VERSION, &written);
    assert_eq!(again.expect("what was written can be read"), Some(fact.clone()));
    let stream = StreamId::from_bytes([7; 20]);
    let opened = OpenedPrivate::read(&fact, private);
    let changes = match &opened {
        Ok(opened) => effects(&fact, &opened.as_private(), stream),
        Err(_) => effects(&fact, &Private::default(), stream),
    };
    let _ = bounds::fits(&fact, &changes);
    let _ = debits_only_own(&changes, stream, Writer::Till, |_| false);
});

fn header(data: &[u8]) {
    let Some((first, payload)) = data.split_at_checked(HEADER_BYTES) else { return };
    let _ = Header::from_bytes(first);
    let entry = Entry { header: first.to_vec(), salt: [0; 16], payload: payload.to_vec() };
    let _ = entry.check();
}
