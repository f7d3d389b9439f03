//! Looks for bytes where nobody should find any: in every file of a folder, as it lies on the disk, and,
//! where it is a till's database or a log of one, in every page of it as it is once it was decrypted,
//! free space and old versions included.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use aes::Aes256;
use cbc::{
    Decryptor,
    cipher::{BlockModeDecrypt as _, KeyIvInit as _, block_padding::NoPadding},
};

const PAGE: usize = 4096;
/// At the end of each page: its initialisation vector and its seal (HMAC-SHA-256).
const RESERVED: usize = 16 + 32;
const IV: usize = 16;
/// At the beginning of the first page, as it is.
const SALT: usize = 16;
const LOG_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// Bytes that are looked for, by what they are.
#[derive(Debug, Clone, Default)]
pub struct Marks(Vec<(String, Vec<u8>)>);

impl Marks {
    /// Adds a text, and the spellings of it that a search would need: lower case, without what is no
    /// letter or digit, and backwards.
    pub fn text(&mut self, what: &str, text: &str) {
        let folded: String = text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
        let backwards: String = folded.chars().rev().collect();
        for spelling in [text.to_owned(), folded, backwards] {
            self.bytes(what, spelling.into_bytes());
        }
    }

    /// Adds bytes.
    pub fn bytes(&mut self, what: &str, bytes: Vec<u8>) {
        assert!(bytes.len() >= 6, "{what}: {bytes:?} could be found by chance");
        self.0.push((what.to_owned(), bytes));
    }

    /// What they are, each once.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.0.iter().map(|(what, _)| what.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Which of them are in some bytes.
    pub fn found_in(&self, bytes: &[u8]) -> Vec<&str> {
        // One pass for all: by their first byte.
        let mut by_first: [Vec<(&str, &[u8])>; 256] = std::array::from_fn(|_| Vec::new());
        for (what, mark) in &self.0 {
            by_first[usize::from(mark[0])].push((what, mark));
        }
        let mut found = Vec::new();
        for (at, byte) in bytes.iter().enumerate() {
            for (what, mark) in &by_first[usize::from(*byte)] {
                if bytes[at..].starts_with(mark) && !found.contains(what) {
                    found.push(*what);
                }
            }
        }
        found
    }
}

/// What was found, by the file in which it was.
pub type Found = BTreeMap<String, Vec<String>>;

/// Looks into every file under a folder. `key`: a till's, with which its databases are decrypted.
pub fn folder(root: &Path, key: Option<[u8; 32]>, marks: &Marks) -> Found {
    let mut found = Found::new();
    for path in files(root) {
        let here = file(&path, key, marks);
        if !here.is_empty() {
            let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            found.insert(name, here);
        }
    }
    found
}

/// Looks into one file; nothing, where there is none.
pub fn file(path: &Path, key: Option<[u8; 32]>, marks: &Marks) -> Vec<String> {
    let Ok(bytes) = fs::read(path) else { return Vec::new() };
    let mut here: Vec<&str> = marks.found_in(&bytes);
    let readable = key.map(|key| decrypted(&bytes, key));
    here.extend(readable.iter().flat_map(|bytes| marks.found_in(bytes)));
    here.sort_unstable();
    here.dedup();
    here.into_iter().map(str::to_owned).collect()
}

/// Every file under a folder.
pub fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => found.push(entry.path()),
                _ => {}
            }
        }
    }
    found.sort();
    found
}

/// The key of the databases in a till's folder.
pub fn key_of(folder: &Path) -> [u8; 32] {
    let text = fs::read_to_string(folder.join("keys.json")).expect("keys in a file");
    let keys: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let hex = keys["db_key"].as_str().expect("a key");
    let mut key = [0; 32];
    hex::decode_to_slice(hex, &mut key).expect("a key");
    key
}

/// Every page of a database or of its log, one after the other. What is neither becomes noise.
fn decrypted(bytes: &[u8], key: [u8; 32]) -> Vec<u8> {
    let log = bytes.starts_with(&[0x37, 0x7F, 0x06, 0x82])
        || bytes.starts_with(&[0x37, 0x7F, 0x06, 0x83]);
    let mut readable = Vec::with_capacity(bytes.len());
    if log {
        for frame in bytes[LOG_HEADER..].chunks_exact(FRAME_HEADER + PAGE) {
            let first = frame.starts_with(&[0, 0, 0, 1]);
            readable.extend(page(&frame[FRAME_HEADER..], key, first));
        }
    } else {
        for (n, bytes) in bytes.chunks_exact(PAGE).enumerate() {
            readable.extend(page(bytes, key, n == 0));
        }
    }
    readable
}

fn page(bytes: &[u8], key: [u8; 32], first: bool) -> Vec<u8> {
    let end = PAGE - RESERVED;
    let mut iv = [0; IV];
    iv.copy_from_slice(&bytes[end..end + IV]);
    let mut readable = bytes[if first { SALT } else { 0 }..end].to_vec();
    let cipher = Decryptor::<Aes256>::new(&key.into(), &iv.into());
    cipher.decrypt_padded::<NoPadding>(&mut readable).expect("whole blocks");
    readable
}
