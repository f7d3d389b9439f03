//! Which stamp set each field of a member's file last: for each stamp a mask of the fields it set,
//! oldest first. Thirty-two bytes for a file that was written once.

use punchcard_protocol::Stamp;

use crate::member::MemberField;

const ROW_BYTES: usize = Stamp::BYTES + 4;

/// Bytes that are not a file's stamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a member's stamps cannot be read")]
pub struct BadStamps;

/// The stamps of one member's file, as they are stored beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stamps(Vec<(StampKey, u32)>);

/// A stamp as it is stored and compared: HLC, then stream.
pub type StampKey = [u8; Stamp::BYTES];

impl Stamps {
    /// From the bytes of [`Stamps::encode`].
    ///
    /// # Errors
    /// [`BadStamps`].
    pub fn decode(bytes: &[u8]) -> Result<Self, BadStamps> {
        bytes
            .chunks(ROW_BYTES)
            .map(|chunk| {
                let (key, mask) = chunk.split_at_checked(Stamp::BYTES).ok_or(BadStamps)?;
                let mask = u32::from_be_bytes(mask.try_into().map_err(|_| BadStamps)?);
                Ok((key.try_into().map_err(|_| BadStamps)?, mask))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// As they are stored.
    pub fn encode(&self) -> Vec<u8> {
        self.0
            .iter()
            .flat_map(|(key, mask)| key.iter().copied().chain(mask.to_be_bytes()))
            .collect()
    }

    /// Which stamp set a field last.
    pub fn of(&self, field: MemberField) -> Option<StampKey> {
        let bit = 1 << field.bit();
        self.0.iter().find(|(_, mask)| mask & bit != 0).map(|(key, _)| *key)
    }

    /// Notes that `key` sets `field`; false where a later stamp already did.
    pub fn set(&mut self, key: StampKey, field: MemberField) -> bool {
        let bit = 1 << field.bit();
        if self.0.iter().any(|(other, mask)| mask & bit != 0 && *other > key) {
            return false;
        }
        for (_, mask) in &mut self.0 {
            *mask &= !bit;
        }
        match self.0.iter_mut().find(|(other, _)| *other == key) {
            Some((_, mask)) => *mask |= bit,
            None => self.0.push((key, bit)),
        }
        self.0.retain(|(_, mask)| *mask != 0);
        self.0.sort_unstable();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8) -> StampKey {
        let mut key = [0; Stamp::BYTES];
        key[7] = n;
        key
    }

    #[test]
    fn the_latest_of_each_field_wins_whatever_the_order() {
        let sets = [
            (key(1), MemberField::Name),
            (key(1), MemberField::Phone),
            (key(2), MemberField::Phone),
            (key(3), MemberField::Name),
        ];
        let mut first = Stamps::default();
        for (key, field) in sets {
            assert!(first.set(key, field));
        }
        let mut second = Stamps::default();
        for (key, field) in sets.into_iter().rev() {
            second.set(key, field);
        }
        assert_eq!(first, second);
        assert_eq!(Stamps::decode(&first.encode()), Ok(first.clone()));
        assert!(!first.set(key(2), MemberField::Name));
    }

    #[test]
    fn bytes_of_another_length_are_not_stamps() {
        assert_eq!(Stamps::decode(&[1; 31]), Err(BadStamps));
        assert_eq!(Stamps::decode(&[1; 20]), Err(BadStamps));
    }
}
