//! The entry: a header of fixed layout, a payload, and at most one private part.
//!
//! Header layout, big-endian, [`HEADER_BYTES`] long (docs/PROTOCOL.md has the same table):
//!
//! | at | bytes | field |
//! |---|---|---|
//! | 0 | 1 | format version, 1 |
//! | 1 | 16 | till |
//! | 17 | 4 | incarnation |
//! | 21 | 8 | seq, from 1 |
//! | 29 | 32 | hash of the previous header; zeroes for seq 1 |
//! | 61 | 8 | HLC stamp |
//! | 69 | 8 | wall clock, Unix ms, signed |
//! | 77 | 16 | staff |
//! | 93 | 2 | kind of fact |
//! | 95 | 1 | version of the kind |
//! | 96 | 4 | payload length |
//! | 100 | 32 | payload commitment: SHA-256(domain ‖ salt ‖ payload) |

use uuid::Uuid;

use crate::{
    hash::{Hash, commit, hash_header},
    ids::{StaffId, StreamId},
    stamp::{Hlc, Stamp},
};

/// The format this crate writes.
pub const FORMAT_VERSION: u8 = 1;
/// Length of every header of format 1.
pub const HEADER_BYTES: usize = 132;
/// The longest payload an entry may carry.
pub const MAX_PAYLOAD_BYTES: usize = 256 * 1024;
/// The longest private part (a photo is one).
pub const MAX_PRIVATE_BYTES: usize = 512 * 1024;

/// Why bytes are not an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// The header is not of the length its format has.
    #[error("a header is {HEADER_BYTES} bytes long, this one is {0}")]
    HeaderLength(usize),
    /// A format that this build does not know.
    #[error("entry format {0} is not known here")]
    Format(u8),
    /// The payload is not of the length the header says.
    #[error("the header says {expected} bytes of payload, there are {found}")]
    PayloadLength {
        /// What the header says.
        expected: usize,
        /// What there is.
        found: usize,
    },
    /// The payload is not the one the header was made for.
    #[error("the payload does not match its commitment")]
    Commitment,
    /// Too long to be kept.
    #[error("{what} of {bytes} bytes is longer than the {limit} allowed")]
    TooLong {
        /// Payload or private part.
        what: &'static str,
        /// Its length.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
}

/// The header of an entry, read from its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Whose journal.
    pub stream: StreamId,
    /// Place in it, from 1, without gaps.
    pub seq: u64,
    /// Hash of the entry before.
    pub previous: Hash,
    /// When, by the stream's own clock that never goes back.
    pub hlc: Hlc,
    /// When, by the machine's clock, as it was: Unix milliseconds.
    pub wall_ms: i64,
    /// Who was signed in.
    pub staff: StaffId,
    /// What kind of fact.
    pub kind: u16,
    /// The version of that kind.
    pub kind_version: u8,
    /// Length of the payload in bytes.
    pub payload_len: u32,
    /// Binds payload and salt.
    pub payload_commitment: Hash,
}

impl Header {
    /// The stamp that orders this entry among all others.
    pub fn stamp(&self) -> Stamp {
        Stamp { hlc: self.hlc, stream: self.stream }
    }

    fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        let mut at = 0;
        let mut put = |field: &[u8]| {
            bytes[at..at + field.len()].copy_from_slice(field);
            at += field.len();
        };
        put(&[FORMAT_VERSION]);
        put(&self.stream.to_bytes());
        put(&self.seq.to_be_bytes());
        put(&self.previous.0);
        put(&self.hlc.0.to_be_bytes());
        put(&self.wall_ms.to_be_bytes());
        put(self.staff.as_bytes());
        put(&self.kind.to_be_bytes());
        put(&[self.kind_version]);
        put(&self.payload_len.to_be_bytes());
        put(&self.payload_commitment.0);
        bytes
    }

    /// Reads a header from the bytes that were stored.
    ///
    /// # Errors
    /// [`EntryError::HeaderLength`] and [`EntryError::Format`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EntryError> {
        let found = bytes.len();
        let bytes: &[u8; HEADER_BYTES] =
            bytes.try_into().map_err(|_| EntryError::HeaderLength(found))?;
        if bytes[0] != FORMAT_VERSION {
            return Err(EntryError::Format(bytes[0]));
        }
        Ok(Self {
            stream: StreamId::from_bytes(field(bytes, 1)),
            seq: u64::from_be_bytes(field(bytes, 21)),
            previous: Hash(field(bytes, 29)),
            hlc: Hlc(u64::from_be_bytes(field(bytes, 61))),
            wall_ms: i64::from_be_bytes(field(bytes, 69)),
            staff: StaffId(Uuid::from_bytes(field(bytes, 77))),
            kind: u16::from_be_bytes(field(bytes, 93)),
            kind_version: bytes[95],
            payload_len: u32::from_be_bytes(field(bytes, 96)),
            payload_commitment: Hash(field(bytes, 100)),
        })
    }
}

/// `N` bytes of a header from `at`; both are constants of the layout above.
fn field<const N: usize>(bytes: &[u8; HEADER_BYTES], at: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[at..at + N]);
    out
}

/// What must never be in a payload: names, phones, birthdays, photos. Kept beside the entry and
/// bound by a commitment in the payload, so deleting it and its salt erases a person while the
/// chain still verifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivatePart {
    /// Makes the commitment unguessable once it is deleted.
    pub salt: [u8; 16],
    /// JSON, or an image.
    pub bytes: Vec<u8>,
}

impl PrivatePart {
    /// What the payload names it by.
    pub fn commitment(&self) -> Hash {
        commit(&self.salt, &self.bytes)
    }
}

/// Whether a text in JSON holds a zero character, which one of the databases cannot keep, and
/// nobody's name has. Written down it is `\u0000`, where the backslash is not itself escaped.
pub fn has_nul(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        if rest[at..].starts_with(b"\\u0000") {
            return true;
        }
        // Whatever is escaped here is no beginning of another escape.
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    false
}

/// What a journal is asked to append: everything that is not the chain's own to say.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What kind of fact.
    pub kind: u16,
    /// Its version.
    pub kind_version: u8,
    /// Who was signed in.
    pub staff: StaffId,
    /// By the machine's clock: Unix milliseconds.
    pub wall_ms: i64,
    /// The fact as JSON, stored verbatim.
    pub payload: Vec<u8>,
    /// Random, for the payload's commitment.
    pub salt: [u8; 16],
}

/// An entry as it is kept and sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The header's bytes: what is hashed.
    pub header: Vec<u8>,
    /// Salt of the payload's commitment.
    pub salt: [u8; 16],
    /// The fact as JSON.
    pub payload: Vec<u8>,
}

impl Entry {
    /// The entry's hash.
    pub fn hash(&self) -> Hash {
        hash_header(&self.header)
    }

    /// Reads the header and checks that the payload is the one it was made for.
    ///
    /// # Errors
    /// Any [`EntryError`].
    pub fn check(&self) -> Result<Header, EntryError> {
        let header = Header::from_bytes(&self.header)?;
        let (expected, found) = (header.payload_len as usize, self.payload.len());
        if expected != found {
            return Err(EntryError::PayloadLength { expected, found });
        }
        if commit(&self.salt, &self.payload) != header.payload_commitment {
            return Err(EntryError::Commitment);
        }
        Ok(header)
    }
}

/// Makes the entry that follows `previous` (hash and seq of the last one) in `stream`.
///
/// # Errors
/// [`EntryError::TooLong`] for a payload over [`MAX_PAYLOAD_BYTES`].
pub fn seal(
    stream: StreamId,
    seq: u64,
    previous: Hash,
    hlc: Hlc,
    draft: Draft,
) -> Result<Entry, EntryError> {
    let bytes = draft.payload.len();
    let payload_len = u32::try_from(bytes)
        .ok()
        .filter(|_| bytes <= MAX_PAYLOAD_BYTES)
        .ok_or(EntryError::TooLong { what: "a payload", bytes, limit: MAX_PAYLOAD_BYTES })?;
    let header = Header {
        stream,
        seq,
        previous,
        hlc,
        wall_ms: draft.wall_ms,
        staff: draft.staff,
        kind: draft.kind,
        kind_version: draft.kind_version,
        payload_len,
        payload_commitment: commit(&draft.salt, &draft.payload),
    };
    Ok(Entry { header: header.to_bytes().to_vec(), salt: draft.salt, payload: draft.payload })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::TillId;

    fn golden() -> Entry {
        let stream = StreamId { till: TillId::from_bytes([0x11; 16]), incarnation: 2 };
        let draft = Draft {
            kind: 40,
            kind_version: 1,
            staff: StaffId::from_bytes([0x22; 16]),
            wall_ms: 1_800_000_000_000,
            payload: br#"{"verdict":"admit"}"#.to_vec(),
            salt: [0x33; 16],
        };
        seal(stream, 7, Hash([0x44; 32]), Hlc::at(1_800_000_000_001), draft).expect("short payload")
    }

    /// These bytes are on disks and on the wire. If this test ever fails, every journal written
    /// before the change stops verifying: make a new format version instead.
    #[test]
    fn golden_bytes_of_format_1() {
        let entry = golden();
        assert_eq!(
            hex::encode(&entry.header),
            concat!(
                "01",
                "11111111111111111111111111111111",
                "00000002",
                "0000000000000007",
                "4444444444444444444444444444444444444444444444444444444444444444",
                "01a3185c50010000",
                "000001a3185c5000",
                "22222222222222222222222222222222",
                "0028",
                "01",
                "00000013",
                "ea7bae952174a324bc6fb740cd1cfc510e3a1833f0106b28108e11295f3166a8"
            )
        );
        assert_eq!(
            entry.hash().to_string(),
            "c82674738ccba601cbb9205c99def55681def6617e35a84ae1b7e07948247f6d"
        );
    }

    #[test]
    fn a_header_reads_back_as_it_was_written() {
        let header = golden().check().expect("untouched");
        assert_eq!((header.seq, header.kind, header.stream.incarnation), (7, 40, 2));
        assert_eq!(header.to_bytes().to_vec(), golden().header);
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let entry = golden();
        for at in 0..entry.payload.len() {
            let mut changed = entry.clone();
            changed.payload[at] ^= 1;
            assert_eq!(changed.check(), Err(EntryError::Commitment));
        }
        for at in 0..HEADER_BYTES {
            let mut changed = entry.clone();
            changed.header[at] ^= 1;
            assert_ne!(changed.hash(), entry.hash(), "byte {at} is under the hash");
        }
        let mut changed = entry.clone();
        changed.salt[0] ^= 1;
        assert_eq!(changed.check(), Err(EntryError::Commitment));
    }

    #[test]
    fn a_zero_character_is_told_from_what_looks_like_one() {
        for text in ["a\0b", "\0", "\\\0", "\"\0\""] {
            let json = format!("{text:?}").replace("\\0", "\\u0000");
            assert!(has_nul(json.as_bytes()), "{json}");
        }
        for json in [r#""\\u0000""#, r#""\\\\u0000""#, r#""u0000""#, r#""\u0001""#, r#""\""#, ""] {
            assert!(!has_nul(json.as_bytes()), "{json}");
        }
    }

    #[test]
    fn what_is_not_an_entry_says_so() {
        assert_eq!(Header::from_bytes(&[1; 5]), Err(EntryError::HeaderLength(5)));
        assert_eq!(Header::from_bytes(&[9; HEADER_BYTES]), Err(EntryError::Format(9)));
    }
}
