//! The hub's log as a Merkle tree (RFC 6962): one hash stands for all entries up to a position, and a
//! few more prove that a later one only added to it.
//!
//! A leaf is an entry at its position: its hash, and whether it is passed on. Payloads and private
//! parts are bound by the header that the hash is over, so erasing somebody changes no leaf.

use ct_merkle::{ConsistencyProof, RootHash, indices_for_consistency_proof};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::{
    Hash, StreamKey, TillId,
    head::{HeadError, verify_bytes},
};

/// What RFC 6962 puts before a leaf, and a domain of ours.
const LEAF: &[u8] = b"\0punchcard/v1/leaf\0";
/// What RFC 6962 puts before two nodes.
const NODE: &[u8] = b"\x01";
/// Before what the hub signs.
const LOG_DOMAIN: &[u8] = b"punchcard/v1/log\0";
/// No log is longer: positions are signed numbers of 64 bits.
const LONGEST: u64 = 1 << 62;

/// The leaf of an entry: its hash, and whether it is kept back.
pub fn leaf(entry: Hash, kept_back: bool) -> Hash {
    Hash::of(LEAF, &[&entry.0, &[u8::from(kept_back)]])
}

/// The node above two others.
pub fn node(left: Hash, right: Hash) -> Hash {
    Hash::of(NODE, &[&left.0, &right.0])
}

/// The right edge of a tree: the roots of its whole subtrees, the largest first. As much as is needed
/// to add to it, and to know its root.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edge {
    size: u64,
    peaks: Vec<Hash>,
}

impl Edge {
    /// Of a tree with so many leaves; none where these are not its peaks.
    pub fn of(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        let fits = size <= LONGEST && u32::try_from(peaks.len()) == Ok(size.count_ones());
        fits.then_some(Self { size, peaks })
    }

    /// How many leaves the tree has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The roots of its whole subtrees, the largest first.
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Adds a leaf.
    pub fn add(&mut self, leaf: Hash) {
        let mut top = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                top = node(left, top);
            }
        }
        self.peaks.push(top);
        self.size += 1;
    }

    /// The root; zeroes where there is no leaf.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev().copied();
        let Some(last) = peaks.next() else { return Hash::ZERO };
        peaks.fold(last, |right, left| node(left, right))
    }
}

/// A node of the tree: the whole leaves from `index << level`, as far as there are any of
/// `1 << level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// How far above the leaves.
    pub level: u32,
    /// Which one at that level, from 0.
    pub index: u64,
}

/// The nodes that prove that a log of `old` entries is the beginning of one of `new`; none where it
/// cannot be, or where there is nothing to prove.
pub fn proof_places(old: u64, new: u64) -> Vec<Place> {
    if old == 0 || old > new || new > LONGEST {
        return Vec::new();
    }
    let place = |at: u64| {
        let level = at.trailing_ones();
        Place { level, index: at.checked_shr(level + 1).unwrap_or(0) }
    };
    indices_for_consistency_proof(old, new - old).into_iter().map(place).collect()
}

/// Whether `proof` shows that the log with the first size and root is the beginning of the one with the
/// second. Every log begins with nothing.
pub fn is_beginning(old: (u64, Hash), new: (u64, Hash), proof: &[Hash]) -> bool {
    if old.0 == 0 || old.0 == new.0 {
        return proof.is_empty() && (old.0 == 0 || old.1 == new.1);
    }
    let root = |(size, hash): (u64, Hash)| RootHash::<Sha256>::new(hash.0.into(), size);
    let bytes = proof.iter().flat_map(|hash| hash.0).collect();
    ConsistencyProof::<Sha256>::try_from_bytes(bytes)
        .is_ok_and(|proof| root(new).verify_consistency(&root(old), &proof).is_ok())
}

/// The hub's log at a moment, signed by the hub: whoever keeps it can prove that the hub said so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogHead {
    /// How many entries.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// Ed25519, 128 hexadecimal digits.
    pub signature: String,
    /// That the head of which the till spoke is its beginning; empty where it spoke of none of this
    /// epoch, or of this very one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proof: Vec<Hash>,
}

impl LogHead {
    /// Signs the head of a hub's log in one of its epochs.
    pub fn sign(
        key: &StreamKey,
        (hub, epoch): (TillId, u32),
        (size, root): (u64, Hash),
        proof: Vec<Hash>,
    ) -> Self {
        let signature = hex::encode(key.sign_bytes(&message(hub, epoch, size, root)));
        Self { size, root, signature, proof }
    }

    /// Checks the signature against the hub's public key.
    ///
    /// # Errors
    /// [`HeadError`].
    pub fn verify(&self, public: &[u8; 32], hub: TillId, epoch: u32) -> Result<(), HeadError> {
        verify_bytes(public, &message(hub, epoch, self.size, self.root), &self.signature)
    }
}

fn message(hub: TillId, epoch: u32, size: u64, root: Hash) -> Vec<u8> {
    let mut bytes = LOG_DOMAIN.to_vec();
    bytes.extend_from_slice(hub.as_bytes());
    bytes.extend_from_slice(&epoch.to_be_bytes());
    bytes.extend_from_slice(&size.to_be_bytes());
    bytes.extend_from_slice(&root.0);
    bytes
}

#[cfg(test)]
mod tests {
    use ct_merkle::mem_backed_tree::MemoryBackedTree;
    use proptest::prelude::*;

    use super::*;

    fn entry(n: u64) -> Hash {
        Hash::of(b"test\0", &[&n.to_be_bytes()])
    }

    fn edge(size: u64) -> Edge {
        let mut edge = Edge::default();
        for n in 0..size {
            edge.add(leaf(entry(n), n % 7 == 0));
        }
        edge
    }

    /// The same tree by somebody else's code.
    fn theirs(size: u64) -> MemoryBackedTree<Sha256, Vec<u8>> {
        let mut tree = MemoryBackedTree::new();
        for n in 0..size {
            let flag = u8::from(n % 7 == 0);
            tree.push([&LEAF[1..], &entry(n).0, &[flag]].concat());
        }
        tree
    }

    /// What stands at a place of a tree of `size` leaves.
    fn at(place: Place, size: u64) -> Hash {
        let from = place.index << place.level;
        let mut part = Edge::default();
        for n in from..size.min(from + (1 << place.level)) {
            part.add(leaf(entry(n), n % 7 == 0));
        }
        part.root()
    }

    proptest! {
        #[test]
        fn roots_and_proofs_are_those_of_rfc_6962(old in 0u64..70, more in 0u64..70) {
            let new = old + more;
            let (before, after) = (edge(old), edge(new));
            if new > 0 {
                prop_assert_eq!(after.root().0, <[u8; 32]>::from(*theirs(new).root().as_bytes()));
            }
            let proof: Vec<Hash> =
                proof_places(old, new).into_iter().map(|place| at(place, new)).collect();
            if old > 0 {
                let given = theirs(new).prove_consistency(usize::try_from(more).expect("small"));
                let ours: Vec<u8> = proof.iter().flat_map(|hash| hash.0).collect();
                prop_assert_eq!(given.as_bytes(), ours.as_slice());
            }
            let (before, after) = ((old, before.root()), (new, after.root()));
            prop_assert!(is_beginning(before, after, &proof));
            if old > 0 {
                let other = (old, entry(old));
                prop_assert!(!is_beginning(other, after, &proof), "another beginning");
                prop_assert!(!is_beginning((old + more + 1, before.1), after, &proof), "shorter");
                let mut longer = proof.clone();
                longer.push(entry(1));
                prop_assert!(!is_beginning(before, after, &longer), "a proof too long");
            }
            if old > 0 && more > 0 {
                prop_assert!(!is_beginning(before, (new, entry(new)), &proof), "another end");
            }
        }

        #[test]
        fn an_edge_is_gone_on_with(size in 0u64..200) {
            let edge = edge(size);
            prop_assert_eq!(Edge::of(size, edge.peaks().to_vec()), Some(edge.clone()));
            prop_assert_eq!(Edge::of(size + 1, edge.peaks().to_vec()).is_some(),
                (size + 1).count_ones() == size.count_ones());
            let text = serde_json::to_string(&edge).expect("JSON");
            prop_assert_eq!(serde_json::from_str::<Edge>(&text).expect("ours"), edge);
        }
    }

    #[test]
    fn an_entry_that_is_kept_back_is_another_leaf() {
        assert_ne!(leaf(entry(1), true), leaf(entry(1), false));
    }

    /// These bytes must never change (see the entry's golden test).
    #[test]
    fn golden_head() {
        let key = StreamKey::from_seed(&[5; 32]);
        let hub = TillId::from_bytes([7; 16]);
        let root = edge(3).root();
        let head = LogHead::sign(&key, (hub, 9), (3, root), Vec::new());
        assert_eq!(head.verify(&key.public(), hub, 9), Ok(()));
        assert_eq!(head.verify(&key.public(), hub, 8), Err(HeadError::Signature));
        let longer = LogHead { size: 4, ..head.clone() };
        assert_eq!(longer.verify(&key.public(), hub, 9), Err(HeadError::Signature));
        assert_eq!(
            leaf(Hash([8; 32]), false).to_string(),
            "82cccb73be8a1777f14334029cd494249d690677cb0809174cb6a0226998ab1d"
        );
        assert_eq!(
            root.to_string(),
            "d9c2dac031a2f310cb06297db5cba83a4c218f33c63e242ceeb2b94fbed23463"
        );
        assert_eq!(
            head.signature,
            "4d1bccb3cd110a4f6316f67fee5eaad5fd44bc7f20266df976bc1c53270aed610fcb6096efefd252127e0734e8658f9553dc2913c3c5e55242a4c616e9fa210b"
        );
    }
}
