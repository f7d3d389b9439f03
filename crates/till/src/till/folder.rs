//! Where the files of a till lie.

use std::path::{Path, PathBuf};

/// Files of a data folder.
pub(crate) struct Folder {
    root: PathBuf,
}

impl Folder {
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }
    pub(crate) fn db(&self) -> PathBuf {
        self.root.join("till.db")
    }
    pub(super) fn anchor(&self) -> PathBuf {
        self.root.join("anchor")
    }
    pub(super) fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }
    /// Is there as long as a store is being made, or joins a business: until then it is nobody's.
    pub(super) fn joining(&self) -> PathBuf {
        self.root.join("joining")
    }
    /// Ids of whoever was erased: known to a restore of an older copy.
    pub(crate) fn erased(&self) -> PathBuf {
        self.root.join("erased")
    }
    /// Where the desk puts backups.
    pub(crate) fn backups(&self) -> PathBuf {
        self.root.join("backups")
    }
}
