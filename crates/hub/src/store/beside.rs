//! A file beside a database file: how far its log was. Whoever puts an older copy in its place leaves
//! this one where it is.

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use sha2::{Digest as _, Sha256};

const DOMAIN: &[u8] = b"punchcard/hub/seen\0";
/// The position, and as many bytes of its hash.
const BYTES: usize = 16;

/// The file; made when something is noted first.
pub(super) struct Beside {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    file: Option<File>,
    noted: u64,
}

impl Beside {
    /// The one beside a database.
    pub(super) fn of(database: &Path) -> Self {
        let mut name = database.as_os_str().to_owned();
        name.push("-seen");
        Self { path: name.into(), state: Mutex::default() }
    }

    /// What is in it.
    pub(super) fn read(&self) -> Option<u64> {
        let mut bytes = [0; BYTES];
        File::open(&self.path).and_then(|mut file| file.read_exact(&mut bytes)).ok()?;
        let position = u64::from_be_bytes(bytes[..8].try_into().ok()?);
        (bytes == sealed(position)).then_some(position)
    }

    /// Notes a position. It reaches the disk when the system likes: it is a lower bound, and the
    /// database, which waits for the disk, is never behind it by itself.
    pub(super) fn note(&self, position: u64, anew: bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if position <= state.noted && !anew {
            return;
        }
        match self.write(&mut state, position) {
            Ok(()) => state.noted = position,
            Err(error) => {
                state.file = None;
                tracing::warn!(%error, "how far the log is could not be noted beside the database");
            }
        }
    }

    fn write(&self, state: &mut State, position: u64) -> std::io::Result<()> {
        let file = match &mut state.file {
            Some(file) => file,
            none => {
                let mut options = OpenOptions::new();
                options.write(true).create(true).truncate(false);
                none.insert(options.open(&self.path)?)
            }
        };
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&sealed(position))
    }
}

fn sealed(position: u64) -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    let number = position.to_be_bytes();
    bytes[..8].copy_from_slice(&number);
    let hash = Sha256::new().chain_update(DOMAIN).chain_update(number).finalize();
    bytes[8..].copy_from_slice(&hash[..8]);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_only_grows_unless_it_is_begun_anew() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let database = dir.path().join("hub.db");
        let beside = Beside::of(&database);
        assert_eq!(beside.read(), None);
        beside.note(7, false);
        beside.note(5, false);
        assert_eq!(Beside::of(&database).read(), Some(7));
        beside.note(5, true);
        assert_eq!(Beside::of(&database).read(), Some(5));
        let mut nonsense = File::create(dir.path().join("hub.db-seen")).expect("room");
        nonsense.write_all(&[9; BYTES]).expect("room");
        assert_eq!(beside.read(), None, "nonsense says nothing");
    }
}
