//! Files that are whole or not there.

use std::{
    fs::{File, OpenOptions},
    io::Write as _,
    path::Path,
};

use crate::error::{Error, Result};

/// Writes a file that only its owner can read: all of it or none, whatever happens meanwhile.
///
/// # Errors
/// Those of the disk.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<()> {
    let temporary = path.with_extension("new");
    let mut file = create_private(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    std::fs::rename(&temporary, path)?;
    sync_folder(path)
}

/// Makes a rename last: the folder's own entry must reach the disk too.
///
/// # Errors
/// Those of the disk.
pub fn sync_folder(path: &Path) -> Result<()> {
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        // A name alone lies in the folder where we are.
        let here = folder.as_os_str().is_empty();
        File::open(if here { Path::new(".") } else { folder })?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// Opens a file for writing from its start, readable by its owner alone.
///
/// # Errors
/// Those of the disk.
pub fn create_private(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    Ok(options.open(path)?)
}

/// Makes a folder that only its owner can look into, and makes it last: what is synced in a folder is
/// lost with the power if the folder's own name is not on the disk.
///
/// # Errors
/// Those of the disk.
pub fn create_private_folder(path: &Path) -> Result<()> {
    let missing: Vec<&Path> = path
        .ancestors()
        .take_while(|folder| !folder.exists() && *folder != Path::new(""))
        .collect();
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)?;
    for folder in missing {
        match sync_folder(folder) {
            // Somebody else's folder, in which we may make things but not look around.
            Err(Error::Disk(_)) if !can_be_read(folder.parent()) => {}
            synced => synced?,
        }
    }
    Ok(())
}

fn can_be_read(folder: Option<&Path>) -> bool {
    folder.is_none_or(|folder| File::open(folder).is_ok())
}
