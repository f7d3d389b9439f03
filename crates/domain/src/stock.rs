//! A reward's stock in a store is value like any other: each till holds some of it, and alone may
//! give it out.

use punchcard_protocol::{Hash, MemberId, RecordId, StoreId};

/// What the id of a stock's owner is made from.
const DOMAIN: &[u8] = b"punchcard/v1/stock\0";

/// Whose accounts a reward's stock in a store lies in: an owner that is no person, the same on
/// every machine. It is a UUID of version 8, so that no member's id is ever the same.
pub fn stock_owner(store: StoreId, reward: RecordId) -> MemberId {
    let Hash(hash) = Hash::of(DOMAIN, &[store.as_bytes(), reward.as_bytes()]);
    let mut id = [0; 16];
    id.copy_from_slice(&hash[..16]);
    id[6] = (id[6] & 0x0f) | 0x80;
    id[8] = (id[8] & 0x3f) | 0x80;
    MemberId::from_bytes(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// It names accounts on disks and on the wire: were it to change, all stock would be gone.
    #[test]
    fn the_owner_of_a_stock_is_always_the_same() {
        let owner = |store, reward| {
            stock_owner(StoreId::from_bytes([store; 16]), RecordId::from_bytes([reward; 16]))
        };
        assert_eq!(owner(1, 2).to_string(), "04f895e3-cab4-8bca-bbac-e857791f92c0");
        assert_ne!(owner(1, 2), owner(2, 1));
        assert_ne!(owner(1, 2), owner(1, 3));
    }
}
