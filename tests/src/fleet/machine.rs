//! One till's machine: its folder, its clock, its line; open, closed, or dead.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use punchcard_till::{Durability, Error, KeyPlace, Options, Till, sync::Line};

use super::{
    Config,
    files::{ANCHOR, Files},
    line::{self, Shared},
};

/// A machine.
pub struct Machine {
    /// Whose life it goes on with: the number of the till that it was copied from, or its own.
    pub family: usize,
    /// Its folder.
    pub folder: PathBuf,
    /// Copies of it that were made: files, and how many facts had been told by then.
    pub images: Vec<(Files, usize)>,
    /// Backups: where, and how many facts had been told by then.
    pub backups: Vec<(PathBuf, usize)>,
    options: Options,
    open: Option<(Arc<Till>, Line)>,
}

/// How the tills of a fleet are opened.
pub fn options(shared: &Arc<Shared>, machine: usize, config: &Config) -> Options {
    let told = shared.clone();
    Options {
        keys: KeyPlace::File,
        clock: Arc::new(move || told.till_ms(machine)),
        durability: Durability::Full,
        anchored: config.anchored,
        most_pages: None,
        dial: line::dial(shared, machine),
        weak: config.weak_till,
    }
}

impl Machine {
    /// A machine on which a till lies; not open yet.
    pub fn new(
        shared: &Arc<Shared>,
        folder: PathBuf,
        family: usize,
        clock: i64,
        config: &Config,
    ) -> Self {
        let number = shared.add(folder.clone(), clock);
        let options = options(shared, number, config);
        Self { family, folder, images: vec![], backups: vec![], options, open: None }
    }

    /// The till, open.
    pub fn till(&self) -> &Till {
        &self.open.as_ref().expect("open between steps").0
    }

    /// Its line.
    pub fn line(&self) -> &Line {
        &self.open.as_ref().expect("open between steps").1
    }

    /// Opens the till.
    ///
    /// # Errors
    /// What opening says.
    pub fn open(&mut self) -> Result<(), Error> {
        let till = Arc::new(Till::open(&self.folder, &self.options)?);
        self.open = Some((till.clone(), Line::quiet(till)));
        Ok(())
    }

    /// Closes it.
    pub fn close(&mut self) {
        self.open = None;
    }

    /// Its files as they are now.
    pub fn files(&self) -> Files {
        Files::of(&self.folder)
    }

    /// Its anchor as it is now.
    pub fn anchor(&self) -> Vec<u8> {
        std::fs::read(self.folder.join(ANCHOR)).unwrap_or_default()
    }

    /// The backup's place in the steps' own folder.
    pub fn backup_place(&self, step: usize) -> PathBuf {
        self.folder.join(format!("backup-{step}"))
    }

    /// Puts a backup back in the ordinary way, and opens the till.
    ///
    /// # Errors
    /// What restoring says.
    pub fn restore(&mut self, backup: &Path) -> Result<(), Error> {
        self.close();
        let till = Arc::new(Till::restore(&self.folder, backup, &self.options)?);
        self.open = Some((till.clone(), Line::quiet(till)));
        Ok(())
    }
}
