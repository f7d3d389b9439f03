//! The store's secrets: in the system's keyring where there is one, else in a file that only its
//! owner can read (and the desk says so).
//!
//! They are written before anything is encrypted with them, and never made anew over a store that
//! exists: better a clear message than a shop's year behind a lost key.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    error::{Error, Result},
    files, random,
};

const SERVICE: &str = "punchcard";

/// Where secrets may be kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KeyPlace {
    /// The keyring where it works, else a file.
    #[default]
    Auto,
    /// A file in the data folder.
    File,
}

/// The secrets of one store.
#[derive(Clone, Serialize, Deserialize)]
pub struct Secrets {
    /// Encrypts the store.
    db_key: String,
    /// Signs the anchor.
    anchor_key: String,
    /// Mixed into every PIN's hash.
    pin_pepper: String,
    /// Seeds of the streams' signing keys, by incarnation.
    signing: BTreeMap<u32, String>,
}

impl Drop for Secrets {
    fn drop(&mut self) {
        use zeroize::Zeroize as _;
        self.db_key.zeroize();
        self.anchor_key.zeroize();
        self.pin_pepper.zeroize();
        self.signing.values_mut().for_each(zeroize::Zeroize::zeroize);
    }
}

impl Secrets {
    fn generate() -> Result<Self> {
        Ok(Self {
            db_key: secret()?,
            anchor_key: secret()?,
            pin_pepper: secret()?,
            signing: BTreeMap::new(),
        })
    }

    /// Whether both open the same store.
    pub fn are_of_the_same_store(&self, other: &Self) -> bool {
        self.db_key == other.db_key
    }

    /// The store's key as SQLCipher takes it: raw, so that opening derives nothing.
    pub fn db_key_pragma(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("x'{}'", self.db_key))
    }

    /// Signs the anchor.
    pub fn anchor_key(&self) -> Result<[u8; 32]> {
        unhex(&self.anchor_key)
    }

    /// Mixed into every PIN's hash.
    pub fn pin_pepper(&self) -> Result<[u8; 32]> {
        unhex(&self.pin_pepper)
    }

    /// Seed of one incarnation's signing key.
    pub fn signing_seed(&self, incarnation: u32) -> Result<[u8; 32]> {
        let seed = self.signing.get(&incarnation).ok_or_else(|| {
            Error::KeysMissing(format!("the signing key of incarnation {incarnation}"))
        })?;
        unhex(seed)
    }
}

fn secret() -> Result<String> {
    Ok(hex::encode(random::bytes::<32>()?))
}

fn unhex(text: &str) -> Result<[u8; 32]> {
    let mut out = [0; 32];
    hex::decode_to_slice(text, &mut out)
        .map_err(|_| Error::KeysMissing("the key file is damaged".into()))?;
    Ok(out)
}

/// Where one store's secrets are.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "in", rename_all = "snake_case")]
enum Where {
    /// The keyring, under this name.
    Keyring { name: String },
    /// `keys.json` beside it.
    File,
}

/// The secrets of one data folder.
pub struct KeyStore {
    folder: PathBuf,
}

impl KeyStore {
    /// The key store of a data folder.
    pub fn of(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    fn marker(&self) -> PathBuf {
        self.folder.join("keys.where")
    }

    fn file(&self) -> PathBuf {
        self.folder.join("keys.json")
    }

    fn place(&self) -> Result<Where> {
        let path = self.marker();
        let text = std::fs::read(&path)
            .map_err(|_| Error::KeysMissing(format!("{} is not there", path.display())))?;
        serde_json::from_slice(&text)
            .map_err(|_| Error::KeysMissing(format!("{} cannot be read", path.display())))
    }

    /// Whether the secrets are in a file rather than in the keyring.
    pub fn in_file(&self) -> bool {
        matches!(self.place(), Ok(Where::File))
    }

    /// Makes the secrets of a new store. Where there are some already (a set-up that was cut
    /// short), those stay.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn create(&self, place: KeyPlace) -> Result<Secrets> {
        if self.marker().exists() {
            return self.load();
        }
        let secrets = Secrets::generate()?;
        let found = match place {
            KeyPlace::Auto => Self::try_keyring(&secrets)?,
            KeyPlace::File => None,
        };
        let place = found.unwrap_or(Where::File);
        self.write(&place, &secrets)?;
        files::write_atomic(&self.marker(), &serde_json::to_vec(&place)?)?;
        Ok(secrets)
    }

    /// Takes over the secrets that were sealed beside a backup of another machine. Never over others.
    ///
    /// # Errors
    /// [`Error::AlreadySetUp`] where there are some, those of the disk.
    pub fn adopt(&self, place: KeyPlace, secrets: &Secrets) -> Result<()> {
        if self.marker().exists() {
            return Err(Error::AlreadySetUp(self.folder.display().to_string()));
        }
        let found = match place {
            KeyPlace::Auto => Self::try_keyring(secrets)?,
            KeyPlace::File => None,
        };
        let place = found.unwrap_or(Where::File);
        self.write(&place, secrets)?;
        files::write_atomic(&self.marker(), &serde_json::to_vec(&place)?)
    }

    /// Whether there are secrets here.
    pub fn has_some(&self) -> bool {
        self.marker().exists()
    }

    /// Puts the secrets into the keyring and reads them back; `None` where that does not work.
    fn try_keyring(secrets: &Secrets) -> Result<Option<Where>> {
        let name = hex::encode(random::bytes::<16>()?);
        let text = Zeroizing::new(serde_json::to_string(secrets)?);
        let kept = keyring::v1::Entry::new(SERVICE, &name)
            .and_then(|entry| entry.set_password(&text).and_then(|()| entry.get_password()));
        match kept {
            Ok(back) if back == *text => Ok(Some(Where::Keyring { name })),
            _ => Ok(None),
        }
    }

    fn write(&self, place: &Where, secrets: &Secrets) -> Result<()> {
        let text = Zeroizing::new(serde_json::to_string(secrets)?);
        match place {
            Where::Keyring { name } => keyring::v1::Entry::new(SERVICE, name)
                .and_then(|entry| entry.set_password(&text))
                .map_err(|error| Error::KeysMissing(error.to_string())),
            Where::File => files::write_atomic(&self.file(), text.as_bytes()),
        }
    }

    /// Reads the secrets.
    ///
    /// # Errors
    /// [`Error::KeysMissing`], with where they should be.
    pub fn load(&self) -> Result<Secrets> {
        let text = Zeroizing::new(match self.place()? {
            Where::Keyring { name } => keyring::v1::Entry::new(SERVICE, &name)
                .and_then(|entry| entry.get_password())
                .map_err(|error| Error::KeysMissing(format!("the system's keyring: {error}")))?,
            Where::File => std::fs::read_to_string(self.file()).map_err(|_| {
                Error::KeysMissing(format!("{} is not there", self.file().display()))
            })?,
        });
        serde_json::from_str(&text)
            .map_err(|_| Error::KeysMissing("the keys cannot be read".into()))
    }

    /// Makes the signing key of a new incarnation, and keeps it before it is used.
    ///
    /// # Errors
    /// Those of the disk or the keyring.
    pub fn add_signing(&self, secrets: &mut Secrets, incarnation: u32) -> Result<()> {
        if let Entry::Vacant(place) = secrets.signing.entry(incarnation) {
            place.insert(secret()?);
            self.write(&self.place()?, secrets)?;
        }
        Ok(())
    }
}
