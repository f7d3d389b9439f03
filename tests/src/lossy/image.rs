//! What a disk holds: files and folders by their number.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{OsStr, OsString},
};

/// The number of a file or folder. Never given out twice: the till's anchor knows its file by it.
pub type Ino = u64;

/// The outermost folder.
pub const ROOT: Ino = 1;

/// Space is given out in pieces of this many bytes.
pub const BLOCK: u64 = 4096;

/// A file or a folder.
#[derive(Debug, Clone)]
pub struct Node {
    /// Permissions.
    pub mode: u16,
    /// What is in it.
    pub what: What,
}

/// What is in a file or folder.
#[derive(Debug, Clone)]
pub enum What {
    /// Bytes.
    File(Vec<u8>),
    /// Names.
    Folder(BTreeMap<OsString, Ino>),
}

/// Everything on a disk.
#[derive(Debug, Clone)]
pub struct Image {
    /// By number.
    pub nodes: BTreeMap<Ino, Node>,
}

impl Image {
    /// An empty disk.
    pub fn new() -> Self {
        let root = Node { mode: 0o755, what: What::Folder(BTreeMap::new()) };
        Self { nodes: BTreeMap::from([(ROOT, root)]) }
    }

    /// A file's bytes.
    pub fn bytes(&self, ino: Ino) -> Option<&Vec<u8>> {
        match &self.nodes.get(&ino)?.what {
            What::File(bytes) => Some(bytes),
            What::Folder(_) => None,
        }
    }

    /// A file's bytes, to change them.
    pub fn bytes_mut(&mut self, ino: Ino) -> Option<&mut Vec<u8>> {
        match &mut self.nodes.get_mut(&ino)?.what {
            What::File(bytes) => Some(bytes),
            What::Folder(_) => None,
        }
    }

    /// A folder's names.
    pub fn names(&self, ino: Ino) -> Option<&BTreeMap<OsString, Ino>> {
        match &self.nodes.get(&ino)?.what {
            What::Folder(names) => Some(names),
            What::File(_) => None,
        }
    }

    /// What a name in a folder stands for.
    pub fn find(&self, folder: Ino, name: &OsStr) -> Option<Ino> {
        self.names(folder)?.get(name).copied()
    }

    /// What a path stands for: names between slashes.
    pub fn at(&self, path: &str) -> Option<Ino> {
        let parts = path.split('/').filter(|part| !part.is_empty());
        parts.into_iter().try_fold(ROOT, |folder, name| self.find(folder, OsStr::new(name)))
    }

    /// Gives a name to something, or takes it away.
    pub fn set_name(&mut self, folder: Ino, name: &OsStr, to: Option<Ino>) {
        let Some(Node { what: What::Folder(names), .. }) = self.nodes.get_mut(&folder) else {
            return;
        };
        match to {
            Some(ino) => names.insert(name.to_owned(), ino),
            None => names.remove(name),
        };
    }

    /// Some name of a file: for who says which files a fault is to meet.
    pub fn name_of(&self, ino: Ino) -> Option<&OsStr> {
        let mut folders = self.nodes.values().filter_map(|node| match &node.what {
            What::Folder(names) => Some(names),
            What::File(_) => None,
        });
        folders.find_map(|names| {
            names.iter().find(|(_, number)| **number == ino).map(|(name, _)| name.as_os_str())
        })
    }

    /// How many names stand for it.
    pub fn links(&self, ino: Ino) -> u32 {
        let names = self.nodes.values().filter_map(|node| match &node.what {
            What::Folder(names) => Some(names),
            What::File(_) => None,
        });
        let count = names.flat_map(BTreeMap::values).filter(|number| **number == ino).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// How much room everything takes.
    pub fn used(&self) -> u64 {
        let files = self.nodes.values().filter_map(|node| match &node.what {
            What::File(bytes) => Some(bytes.len() as u64),
            What::Folder(_) => None,
        });
        files.map(|bytes| bytes.div_ceil(BLOCK) * BLOCK).sum()
    }

    /// Forgets what no name leads to.
    pub fn sweep(&mut self) {
        let mut reached = BTreeSet::new();
        let mut open = vec![ROOT];
        while let Some(ino) = open.pop() {
            if reached.insert(ino)
                && let Some(names) = self.names(ino)
            {
                open.extend(names.values());
            }
        }
        self.nodes.retain(|ino, _| reached.contains(ino));
    }
}

/// Lays bytes over a file, and makes it longer where they reach beyond its end.
pub fn overlay(file: &mut Vec<u8>, at: u64, bytes: &[u8]) {
    let at = usize::try_from(at).expect("files here are small");
    let end = at + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[at..end].copy_from_slice(bytes);
}
