//! The files of a machine, as they lie on its disk at one moment.

use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io::Write as _,
    path::Path,
};

/// The name of the till's anchor.
pub const ANCHOR: &str = "anchor";

/// Copies of a folder's files. The index of the log is no part of them: it is made anew.
#[derive(Debug, Clone, Default)]
pub struct Files(BTreeMap<String, Vec<u8>>);

impl Files {
    /// What lies in a folder now. The database goes before its log: what moves from one to the other
    /// meanwhile is in both then, and not in neither.
    pub fn of(folder: &Path) -> Self {
        let mut names: Vec<String> = names(folder);
        names.sort();
        let read = |name: String| Some((name.clone(), fs::read(folder.join(&name)).ok()?));
        Self(names.into_iter().filter_map(read).collect())
    }

    /// Without one of them.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.0.remove(name);
        self
    }

    /// Those whose name begins so.
    #[must_use]
    pub fn only(mut self, begins: &str) -> Self {
        self.0.retain(|name, _| name.starts_with(begins));
        self
    }

    /// With another content of one of them.
    #[must_use]
    pub fn with(mut self, name: &str, bytes: Vec<u8>) -> Self {
        self.0.insert(name.to_owned(), bytes);
        self
    }

    /// Puts them in place, and takes away what begins so and is not among them. Files that are there
    /// stay the files that they were: an anchor knows its file.
    pub fn put(&self, folder: &Path, begins: &str) {
        fs::create_dir_all(folder).expect("a folder");
        for name in names(folder).into_iter().chain(shared_memory(folder)) {
            if name.starts_with(begins) && !self.0.contains_key(&name) {
                fs::remove_file(folder.join(name)).expect("ours");
            }
        }
        for (name, bytes) in &self.0 {
            let mut options = OpenOptions::new();
            let mut file = options
                .write(true)
                .create(true)
                .truncate(true)
                .open(folder.join(name))
                .expect("room");
            file.write_all(bytes).expect("room");
        }
    }
}

fn all(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name != "lock")
        .collect()
}

fn names(folder: &Path) -> Vec<String> {
    all(folder).into_iter().filter(|name| !name.ends_with("-shm")).collect()
}

fn shared_memory(folder: &Path) -> Vec<String> {
    all(folder).into_iter().filter(|name| name.ends_with("-shm")).collect()
}
