//! The anchor: what the newest acknowledged entry was, kept outside the database.
//!
//! A hash chain inside the database is not enough: recovery of the write-ahead log drops a
//! damaged tail without a word, and what is left still verifies, being a prefix. So after each
//! commit the anchor is written, and what a cashier is told waits for both.
//!
//! Two slots of 128 bytes, written in turn, so that a torn write leaves the other one whole:
//!
//! | at | bytes | field |
//! |---|---|---|
//! | 0 | 8 | `PCANCHR1` |
//! | 8 | 16 | till |
//! | 24 | 4 | incarnation |
//! | 28 | 8 | seq |
//! | 36 | 32 | hash of that entry |
//! | 68 | 16 | which machine, and which file on it |
//! | 84 | 12 | zero |
//! | 96 | 32 | HMAC-SHA-256 over the first 96 |
//!
//! An anchor names the file it lies in (its inode), so a folder that was copied, or put back from
//! a copy, is noticed: the copy lies in another file.

use std::{
    fs::{File, OpenOptions},
    path::{Path, PathBuf},
};

use hmac::{Hmac, KeyInit as _, Mac as _};
use punchcard_protocol::{Hash, Link, StreamId};
use sha2::Sha256;

use crate::error::Result;

const MAGIC: &[u8; 8] = b"PCANCHR1";
const SLOT_BYTES: usize = 128;
const SIGNED_BYTES: usize = 96;
const PLACE_DOMAIN: &[u8] = b"punchcard/v1/anchor-place\0";

/// What an anchor says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchored {
    /// The journal that is being written.
    pub stream: StreamId,
    /// Its newest acknowledged entry.
    pub link: Link,
    /// The anchor lies where it was written: this machine, this file.
    pub in_place: bool,
}

/// The anchor file of one store.
pub struct Anchor {
    path: PathBuf,
    file: File,
    key: [u8; 32],
    place: [u8; 16],
    slot: usize,
}

impl Anchor {
    /// Opens the anchor, or makes an empty one where there is none.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn open(path: &Path, key: [u8; 32]) -> Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path)?;
        if file.metadata()?.len() < (2 * SLOT_BYTES) as u64 {
            // The room is taken now, so that a full disk can never keep an anchor from being written.
            write_at(&file, &[0; 2 * SLOT_BYTES], 0)?;
            file.sync_all()?;
            crate::files::sync_folder(path)?;
        }
        let place = place(&file)?;
        Ok(Self { path: path.to_owned(), file, key, place, slot: 0 })
    }

    /// What it says; `None` where neither slot can be trusted.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn read(&mut self) -> Result<Option<Anchored>> {
        let bytes = std::fs::read(&self.path)?;
        let slots: Vec<Option<Anchored>> =
            bytes.chunks(SLOT_BYTES).take(2).map(|slot| self.decode(slot)).collect();
        let newest = slots
            .iter()
            .enumerate()
            .filter_map(|(at, slot)| Some((at, (*slot)?)))
            .max_by_key(|(_, slot)| (slot.stream.incarnation, slot.link.seq));
        if let Some((at, _)) = newest {
            self.slot = 1 - at;
        }
        Ok(newest.map(|(_, anchored)| anchored))
    }

    /// Writes what was just committed. It outlives the process at once; [`Anchor::flush`] makes it
    /// outlive the power too.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn write(&mut self, stream: StreamId, link: Link) -> Result<()> {
        let slot = self.encode(stream, link);
        write_at(&self.file, &slot, (self.slot * SLOT_BYTES) as u64)?;
        self.slot = 1 - self.slot;
        Ok(())
    }

    /// Waits until what was written is on the disk.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn flush(&self) -> Result<()> {
        Ok(self.file.sync_data()?)
    }

    /// Another handle on the same file, for who flushes it while nobody waits.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn flusher(&self) -> Result<Flusher> {
        Ok(Flusher(self.file.try_clone()?))
    }

    fn encode(&self, stream: StreamId, link: Link) -> [u8; SLOT_BYTES] {
        let mut slot = [0; SLOT_BYTES];
        slot[..8].copy_from_slice(MAGIC);
        slot[8..28].copy_from_slice(&stream.to_bytes());
        slot[28..36].copy_from_slice(&link.seq.to_be_bytes());
        slot[36..68].copy_from_slice(&link.hash.0);
        slot[68..84].copy_from_slice(&self.place);
        let mac = self.mac(&slot[..SIGNED_BYTES]).finalize().into_bytes();
        slot[SIGNED_BYTES..].copy_from_slice(&mac);
        slot
    }

    fn decode(&self, slot: &[u8]) -> Option<Anchored> {
        let (signed, mac) = slot.split_at_checked(SIGNED_BYTES)?;
        if !signed.starts_with(MAGIC) {
            return None;
        }
        self.mac(signed).verify_slice(mac).ok()?;
        let stream = StreamId::from_bytes(signed[8..28].try_into().ok()?);
        let seq = u64::from_be_bytes(signed[28..36].try_into().ok()?);
        let hash = Hash(signed[36..68].try_into().ok()?);
        let in_place = signed[68..84] == self.place;
        Some(Anchored { stream, link: Link { seq, hash }, in_place })
    }

    fn mac(&self, signed: &[u8]) -> Hmac<Sha256> {
        // A key shorter than the hash's block is padded with zeroes (RFC 2104): done here, it is a
        // block of the right length and cannot be refused.
        let mut block = [0; 64];
        block[..32].copy_from_slice(&self.key);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        mac.update(signed);
        mac
    }
}

/// Brings the anchor onto the disk. Nobody at the desk waits for it: an anchor that is a moment older
/// than the database is what a crash between the two leaves anyway.
pub struct Flusher(File);

impl Flusher {
    /// Waits until what was written is on the disk.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn flush(&self) -> Result<()> {
        Ok(self.0.sync_data()?)
    }
}

/// Which machine, and which file on it.
fn place(file: &File) -> Result<[u8; 16]> {
    let machine = std::fs::read("/etc/machine-id").unwrap_or_default();
    #[cfg(unix)]
    let inode = std::os::unix::fs::MetadataExt::ino(&file.metadata()?).to_be_bytes();
    #[cfg(not(unix))]
    let inode = file
        .metadata()?
        .created()?
        .duration_since(std::time::UNIX_EPOCH)
        .map_or([0; 8], |since| u64::try_from(since.as_nanos()).unwrap_or(0).to_be_bytes());
    let mut out = [0; 16];
    out.copy_from_slice(&Hash::of(PLACE_DOMAIN, &[&machine, &inode]).0[..16]);
    Ok(out)
}

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], at: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, at)
}

#[cfg(windows)]
fn write_at(file: &File, bytes: &[u8], at: u64) -> std::io::Result<()> {
    use std::os::windows::fs::FileExt as _;
    let mut done = 0;
    while done < bytes.len() {
        done += file.seek_write(&bytes[done..], at + done as u64)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use punchcard_protocol::TillId;

    use super::*;

    fn stream(incarnation: u32) -> StreamId {
        StreamId { till: TillId::from_bytes([7; 16]), incarnation }
    }

    fn link(seq: u64) -> Link {
        Link { seq, hash: Hash([u8::try_from(seq % 256).expect("a byte"); 32]) }
    }

    fn written(path: &Path, upto: u64) -> Anchor {
        let mut anchor = Anchor::open(path, [1; 32]).expect("a temporary folder");
        for seq in 1..=upto {
            anchor.write(stream(1), link(seq)).expect("room");
        }
        anchor
    }

    #[test]
    fn the_newest_is_read_back() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("anchor");
        written(&path, 9);
        let read = Anchor::open(&path, [1; 32]).expect("there").read().expect("readable");
        assert_eq!(read, Some(Anchored { stream: stream(1), link: link(9), in_place: true }));
    }

    #[test]
    fn a_torn_slot_leaves_the_other() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("anchor");
        written(&path, 9);
        let mut bytes = std::fs::read(&path).expect("there");
        bytes[40] ^= 1; // the ninth write went to the first slot
        write_at(&OpenOptions::new().write(true).open(&path).expect("there"), &bytes, 0)
            .expect("room");
        let read = Anchor::open(&path, [1; 32]).expect("there").read().expect("readable");
        assert_eq!(read.expect("the other slot").link, link(8));
    }

    #[test]
    fn another_key_or_nothing_is_no_anchor() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("anchor");
        written(&path, 3);
        assert_eq!(Anchor::open(&path, [2; 32]).expect("there").read().expect("readable"), None);
        let empty = dir.path().join("empty");
        assert_eq!(Anchor::open(&empty, [1; 32]).expect("made").read().expect("readable"), None);
    }

    #[test]
    fn a_copy_of_the_file_is_not_in_place() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("anchor");
        written(&path, 3);
        let copy = dir.path().join("copy");
        std::fs::copy(&path, &copy).expect("room");
        let read = Anchor::open(&copy, [1; 32]).expect("there").read().expect("readable");
        assert!(!read.expect("a whole slot").in_place);
    }
}
