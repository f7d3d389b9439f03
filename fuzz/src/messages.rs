//! Messages of the sync, as anybody who reaches the port may send them, and as a hub may answer.
#![no_main]

use std::fmt::Debug;

use libfuzzer_sys::fuzz_target;
use punchcard_protocol::sync::{
    Asks, DigestAnswer, DigestQuery, Draw, DrawAnswer, EnrolBegin, EnrolRequest, Find, Found, Give,
    Greeting, Held, Hello, Manifest, Packet, PairingCode, Pull, PullAnswer, Push, PushAnswer,
    SnapshotQuery, Welcome, WireRefusal,
};
use serde::{Serialize, de::DeserializeOwned};

fuzz_target!(|data: &[u8]| {
    let Some((which, json)) = data.split_first() else { return };
    match which % 23 {
        0 => packets(read::<Push>(json).map(|push| push.packets)),
        1 => packets(read::<Give>(json).map(|give| give.packets)),
        2 => {
            let answer = read::<PullAnswer>(json);
            packets(answer.map(|all| all.packets.into_iter().map(|one| one.packet).collect()));
        }
        3 => packets(read::<Packet>(json).map(|packet| vec![packet])),
        4 => drop(read::<Greeting>(json)),
        5 => drop(read::<Pull>(json)),
        6 => drop(read::<Draw>(json)),
        7 => drop(read::<Find>(json)),
        8 => drop(read::<Held>(json)),
        9 => drop(read::<EnrolBegin>(json)),
        10 => drop(read::<EnrolRequest>(json)),
        11 => drop(read::<DigestQuery>(json)),
        12 => drop(read::<SnapshotQuery>(json)),
        13 => drop(read::<Hello>(json)),
        14 => drop(read::<Welcome>(json)),
        15 => drop(read::<PushAnswer>(json)),
        16 => drop(read::<DrawAnswer>(json)),
        17 => drop(read::<Asks>(json)),
        18 => drop(read::<Found>(json)),
        19 => drop(read::<DigestAnswer>(json)),
        20 => drop(read::<Manifest>(json)),
        21 => drop(WireRefusal::read(json)),
        _ => {
            if let Ok(text) = std::str::from_utf8(json) {
                drop(PairingCode::parse(text));
            }
        }
    }
});

/// What was read can be written, and is the same when it is read again.
fn read<T: Serialize + DeserializeOwned + PartialEq + Debug>(json: &[u8]) -> Option<T> {
    let message: T = serde_json::from_slice(json).ok()?;
    let written = serde_json::to_vec(&message).expect("it can be written");
    assert_eq!(serde_json::from_slice::<T>(&written).expect("it can be read"), message);
    Some(message)
}

fn packets(packets: Option<Vec<Packet>>) {
    for packet in packets.into_iter().flatten() {
        let _ = packet.signature();
        if let Ok((entry, private)) = packet.open() {
            let _ = entry.check();
            // What came from one can be sent on.
            let again = Packet::of(&entry, private.as_ref());
            if let Ok(again) = again {
                assert_eq!(again.open().expect("ours").0, entry);
            }
        }
    }
}
