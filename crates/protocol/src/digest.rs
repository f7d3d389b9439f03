//! How folded tables are hashed: row after row, each value with its type and length, so that no two
//! different rows feed the same bytes. Till and hub keep their tables in different databases; equal
//! rows have an equal digest.

use sha2::{Digest as _, Sha256};

use crate::hash::Hash;

const DIGEST_DOMAIN: &[u8] = b"punchcard/v1/digest\0";

/// One value of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// Nothing.
    Null,
    /// A whole number.
    Integer(i64),
    /// Text, UTF-8.
    Text(&'a [u8]),
    /// Bytes.
    Blob(&'a [u8]),
}

impl<'a> Value<'a> {
    /// Writes it as it is hashed: a byte for its type (0 nothing, 1 a number, 3 text, 4 bytes), then
    /// the number in eight bytes, or the length in eight bytes and what is that long.
    pub fn write(self, out: &mut Vec<u8>) {
        let (kind, bytes) = match self {
            Self::Null => (0, &[][..]),
            Self::Integer(number) => {
                out.push(1);
                out.extend_from_slice(&number.to_be_bytes());
                return;
            }
            Self::Text(bytes) => (3, bytes),
            Self::Blob(bytes) => (4, bytes),
        };
        out.push(kind);
        out.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        out.extend_from_slice(bytes);
    }

    /// Reads the next value from `bytes`, and moves on; none where there is no whole one.
    pub fn read(bytes: &mut &'a [u8]) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        let (eight, rest) = rest.split_at_checked(8)?;
        let eight: [u8; 8] = eight.try_into().ok()?;
        if *kind == 1 {
            *bytes = rest;
            return Some(Self::Integer(i64::from_be_bytes(eight)));
        }
        let length = usize::try_from(u64::from_be_bytes(eight)).ok()?;
        let (value, rest) = rest.split_at_checked(length)?;
        *bytes = rest;
        match kind {
            0 => Some(Self::Null),
            3 => Some(Self::Text(value)),
            4 => Some(Self::Blob(value)),
            _ => None,
        }
    }
}

/// Hashes one table.
#[derive(Default)]
pub struct TableHasher {
    hasher: Sha256,
    scratch: Vec<u8>,
}

impl TableHasher {
    /// Adds the next value of the next row.
    pub fn feed(&mut self, value: Value<'_>) {
        self.scratch.clear();
        value.write(&mut self.scratch);
        self.hasher.update(&self.scratch);
    }

    /// Adds values that are written already.
    pub fn feed_written(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
    }

    /// The table's hash.
    pub fn finish(self) -> Hash {
        Hash(self.hasher.finalize().into())
    }
}

/// The hash over all tables, by name, in the order given.
pub fn digest_of_tables<'a>(tables: impl IntoIterator<Item = (&'a str, Hash)>) -> Hash {
    let mut parts = Vec::new();
    for (name, hash) in tables {
        parts.extend_from_slice(name.as_bytes());
        parts.extend_from_slice(&hash.0);
    }
    Hash::of(DIGEST_DOMAIN, &[&parts])
}

/// A sum over a set of entries: the order in which they are added does not matter. Two machines
/// that were given the same entries of a channel have the same sum; taken modulo 2^256, one must
/// find other entries with the same sum of SHA-256 hashes to deceive it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SetSum([u8; 32]);

impl SetSum {
    /// Adds one entry's hash.
    pub fn add(&mut self, hash: Hash) {
        let mut carry = 0u16;
        for (sum, byte) in self.0.iter_mut().zip(hash.0).rev() {
            let total = u16::from(*sum) + u16::from(byte) + carry;
            *sum = total.to_be_bytes()[1];
            carry = total >> 8;
        }
    }

    /// As it is stored and compared.
    pub fn to_hash(self) -> Hash {
        Hash(self.0)
    }

    /// From what [`SetSum::to_hash`] gave.
    pub fn from_hash(hash: Hash) -> Self {
        Self(hash.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_do_not_run_into_one_another() {
        let hash = |values: &[Value<'_>]| {
            let mut hasher = TableHasher::default();
            for value in values {
                hasher.feed(*value);
            }
            hasher.finish()
        };
        assert_ne!(
            hash(&[Value::Text(b"ab"), Value::Text(b"c")]),
            hash(&[Value::Text(b"a"), Value::Text(b"bc")])
        );
        assert_ne!(hash(&[Value::Text(b"a")]), hash(&[Value::Blob(b"a")]));
        assert_ne!(hash(&[Value::Null]), hash(&[Value::Text(b"")]));
    }

    #[test]
    fn what_is_written_is_read() {
        let values =
            [Value::Null, Value::Integer(-7), Value::Text("堃".as_bytes()), Value::Blob(&[])];
        let mut bytes = Vec::new();
        for value in values {
            value.write(&mut bytes);
        }
        let mut rest = &bytes[..];
        for value in values {
            assert_eq!(Value::read(&mut rest), Some(value));
        }
        assert_eq!(Value::read(&mut rest), None);
        for cut in 0..bytes.len() {
            let mut part = &bytes[..cut];
            while Value::read(&mut part).is_some() {}
            assert!(part.len() <= cut);
        }
    }

    #[test]
    fn a_sum_does_not_ask_for_the_order() {
        let hashes = [Hash([0xff; 32]), Hash([1; 32]), Hash([0x80; 32])];
        let sum = |order: &[usize]| {
            let mut sum = SetSum::default();
            for at in order {
                sum.add(hashes[*at]);
            }
            sum.to_hash()
        };
        assert_eq!(sum(&[0, 1, 2]), sum(&[2, 0, 1]));
        assert_ne!(sum(&[0, 1]), sum(&[0, 1, 1]));
    }
}
