//! What the hub was told: the command line goes over the environment, that over the file.
//!
//! | command line | environment | file | where it is left out |
//! |---|---|---|---|
//! | `--database` | `PUNCHCARD_HUB_DATABASE` | `database` | `sqlite:` and `punchcard-hub/hub.db` in the user's data folder |
//! | – | `PUNCHCARD_HUB_REPLICA` | `replica` | every question goes to the database itself |
//! | `--listen` | `PUNCHCARD_HUB_LISTEN` | `listen` | `127.0.0.1:8787`: this machine alone |
//! | `--tls` | `PUNCHCARD_HUB_TLS` | `tls` | `auto`; `files` where both files are named |
//! | `--tls-cert` | `PUNCHCARD_HUB_TLS_CERT` | `tls_cert` | – |
//! | `--tls-key` | `PUNCHCARD_HUB_TLS_KEY` | `tls_key` | – |
//! | `--advertise` | `PUNCHCARD_HUB_ADVERTISE` | `advertise` | made of `listen` and the machine's name |
//! | `--metrics` | `PUNCHCARD_HUB_METRICS` | `metrics` | `loopback`: asked from this machine alone |
//! | `--backup-to` | `PUNCHCARD_HUB_BACKUP_TO` | `backup_to` | no backups are made by themselves |
//! | – | `PUNCHCARD_HUB_BACKUP_HOUR` | `backup_hour` | `3`: at three, by the machine's clock |
//! | – | `PUNCHCARD_HUB_BACKUP_KEEP` | `backup_keep` | `4`: so many weeks |
//! | – | `PUNCHCARD_HUB_BACKUP_PASSPHRASE` | `backup_passphrase` | that of the file |
//! | `--passphrase-file` | `PUNCHCARD_HUB_BACKUP_PASSPHRASE_FILE` | `backup_passphrase_file` | – |
//! | – | `NATS_URL` | `nats_url` | facts are published nowhere |
//! | – | `PUNCHCARD_HUB_NATS_STREAM` | `nats_stream` | `PUNCHCARD` |
//! | – | `PUNCHCARD_HUB_NATS_CREDS` | `nats_creds` | what the address says |
//! | – | `PUNCHCARD_HUB_NATS_CA` | `nats_ca` | whom the system trusts |
//! | – | `PUNCHCARD_HUB_LOG` | `log` | `info` for `serve`, `warn` for the rest; `json,info` for JSON |
//!
//! The file is one JSON object. A database's address, or that of NATS, may hold a password: nothing here has a
//! `Debug`, and nothing prints it.

use std::{
    net::SocketAddr,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use zeroize::Zeroizing;

use crate::{
    Schedule,
    backup::Passphrase,
    error::{Error, Result},
    outlet::Nats,
    tls::{self, Tls},
};

/// Where the hub listens if nobody says otherwise.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:8787";

/// What one source said; what it left out, another one may say.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Layer {
    /// `sqlite:PATH` or `postgres://…`.
    pub database: Option<String>,
    /// `postgres://…`: a server that follows the database, and answers pulls.
    pub replica: Option<String>,
    /// Address and port.
    pub listen: Option<String>,
    /// `auto`, `off` or `files`.
    pub tls: Option<String>,
    /// PEM: the certificate, and those between it and the root.
    pub tls_cert: Option<String>,
    /// PEM: its key.
    pub tls_key: Option<String>,
    /// The address under which tills reach the hub.
    pub advertise: Option<String>,
    /// Who may read the figures: `loopback` or `any`.
    pub metrics: Option<String>,
    /// The folder into which backups are made every day.
    pub backup_to: Option<String>,
    /// The hour of the machine's day at which they are made.
    pub backup_hour: Option<String>,
    /// So many weeks of them are kept.
    pub backup_keep: Option<String>,
    /// What they are encrypted with.
    pub backup_passphrase: Option<String>,
    /// A file in which that is.
    pub backup_passphrase_file: Option<String>,
    /// `nats://…`: where facts are published.
    pub nats_url: Option<String>,
    /// The stream in which they are.
    pub nats_stream: Option<String>,
    /// A file with what NATS is to know us by.
    pub nats_creds: Option<String>,
    /// PEM: who vouches for the NATS servers.
    pub nats_ca: Option<String>,
    /// What is logged, and how.
    pub log: Option<String>,
}

impl Layer {
    /// What the environment says. An empty variable says nothing.
    pub fn of_environment(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let said = |name: &str| {
            variable(&format!("PUNCHCARD_HUB_{name}")).filter(|value| !value.is_empty())
        };
        Self {
            database: said("DATABASE"),
            replica: said("REPLICA"),
            listen: said("LISTEN"),
            tls: said("TLS"),
            tls_cert: said("TLS_CERT"),
            tls_key: said("TLS_KEY"),
            advertise: said("ADVERTISE"),
            metrics: said("METRICS"),
            backup_to: said("BACKUP_TO"),
            backup_hour: said("BACKUP_HOUR"),
            backup_keep: said("BACKUP_KEEP"),
            backup_passphrase: said("BACKUP_PASSPHRASE"),
            backup_passphrase_file: said("BACKUP_PASSPHRASE_FILE"),
            // The name that everything that speaks to NATS knows it by.
            nats_url: variable("NATS_URL").filter(|value| !value.is_empty()),
            nats_stream: said("NATS_STREAM"),
            nats_creds: said("NATS_CREDS"),
            nats_ca: said("NATS_CA"),
            log: said("LOG"),
        }
    }

    /// What a file says.
    ///
    /// # Errors
    /// [`Error::Usage`]: it cannot be read, or says something else.
    pub fn of_file(path: &Path) -> Result<Self> {
        let bad = |error: &dyn std::fmt::Display| {
            Error::Usage(format!("the settings in {}: {error}", path.display()))
        };
        let bytes = std::fs::read(path).map_err(|error| bad(&error))?;
        // serde names the field and the place, not the value.
        serde_json::from_slice(&bytes).map_err(|error| bad(&error))
    }

    /// Takes from `below` what this one leaves out.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        Self {
            database: self.database.or(below.database),
            replica: self.replica.or(below.replica),
            listen: self.listen.or(below.listen),
            tls: self.tls.or(below.tls),
            tls_cert: self.tls_cert.or(below.tls_cert),
            tls_key: self.tls_key.or(below.tls_key),
            advertise: self.advertise.or(below.advertise),
            metrics: self.metrics.or(below.metrics),
            backup_to: self.backup_to.or(below.backup_to),
            backup_hour: self.backup_hour.or(below.backup_hour),
            backup_keep: self.backup_keep.or(below.backup_keep),
            backup_passphrase: self.backup_passphrase.or(below.backup_passphrase),
            backup_passphrase_file: self.backup_passphrase_file.or(below.backup_passphrase_file),
            nats_url: self.nats_url.or(below.nats_url),
            nats_stream: self.nats_stream.or(below.nats_stream),
            nats_creds: self.nats_creds.or(below.nats_creds),
            nats_ca: self.nats_ca.or(below.nats_ca),
            log: self.log.or(below.log),
        }
    }
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// One JSON object a line instead of text.
    pub json: bool,
    /// Directives, as `info` or `info,punchcard_hub=debug`; none: whatever suits the command.
    pub filter: Option<String>,
}

impl Log {
    fn read(text: &str) -> Self {
        let (formats, filters): (Vec<&str>, Vec<&str>) = text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .partition(|part| matches!(*part, "json" | "text"));
        let filter = (!filters.is_empty()).then(|| filters.join(","));
        Self { json: formats.contains(&"json"), filter }
    }
}

/// What holds.
#[derive(Clone)]
pub struct Settings {
    /// `sqlite:PATH` or `postgres://…`; may hold a password.
    pub database: String,
    /// A server that follows the database, and answers pulls; may hold a password.
    pub replica: Option<String>,
    /// Address and port.
    pub listen: SocketAddr,
    /// How calls are encrypted.
    pub tls: Tls,
    /// The figures may be read from everywhere.
    pub metrics_any: bool,
    /// What is logged, and how.
    pub log: Log,
    /// The folder into which backups go.
    pub backup_to: Option<PathBuf>,
    /// Where facts are published.
    pub nats: Option<Nats>,
    advertise: Option<String>,
    folder: Option<PathBuf>,
    /// The hour of the machine's day in which backups are made and free space is cleared.
    pub backup_hour: u32,
    backup_keep: usize,
    backup_passphrase: Option<String>,
    backup_passphrase_file: Option<PathBuf>,
}

impl Settings {
    /// All sources together.
    ///
    /// # Errors
    /// [`Error::Usage`]: something cannot be understood, named by its setting.
    pub fn gather(
        command_line: Layer,
        variable: &dyn Fn(&str) -> Option<String>,
        file: Option<&Path>,
    ) -> Result<Self> {
        let file = file.map(Layer::of_file).transpose()?.unwrap_or_default();
        let said = command_line.over(Layer::of_environment(variable)).over(file);
        let (database, folder) = match &said.database {
            Some(database) => (database.clone(), None),
            None => default_database(variable)?,
        };
        Ok(Self {
            database,
            folder,
            nats: nats(&said)?,
            replica: said.replica.clone(),
            listen: listen(said.listen.as_deref().unwrap_or(DEFAULT_LISTEN))?,
            tls: encryption(&said)?,
            metrics_any: metrics(said.metrics.as_deref().unwrap_or("loopback"))?,
            log: Log::read(said.log.as_deref().unwrap_or_default()),
            advertise: said.advertise.as_deref().map(address).transpose()?,
            backup_hour: number("backup_hour", said.backup_hour.as_deref().unwrap_or("3"), 0..=23)?,
            backup_keep: number("backup_keep", said.backup_keep.as_deref().unwrap_or("4"), 1..=520)?
                as usize,
            backup_to: said.backup_to.map(PathBuf::from),
            backup_passphrase: said.backup_passphrase,
            backup_passphrase_file: said.backup_passphrase_file.map(PathBuf::from),
        })
    }

    /// When and where backups are made by themselves; none where nobody said so.
    ///
    /// # Errors
    /// [`Error::Usage`]: there is no passphrase for them, or none that is long enough.
    pub fn schedule(&self) -> Result<Option<Schedule>> {
        let Some(folder) = self.backup_to.clone() else { return Ok(None) };
        let passphrase = Passphrase::new(&self.passphrase()?)?;
        let (hour, keep) = (self.backup_hour, self.backup_keep);
        Ok(Some(Schedule { folder, hour, keep, passphrase }))
    }

    /// The passphrase of backups, as somebody gave it.
    ///
    /// # Errors
    /// [`Error::Usage`]: nobody did, or its file cannot be read.
    pub fn passphrase(&self) -> Result<Zeroizing<String>> {
        if let Some(said) = &self.backup_passphrase {
            return Ok(Zeroizing::new(said.clone()));
        }
        let path = self.backup_passphrase_file.as_ref().ok_or_else(|| {
            Error::Usage(
                "a backup needs a passphrase: put it into a file and name that with \
                 --passphrase-file, or PUNCHCARD_HUB_BACKUP_PASSPHRASE_FILE"
                    .to_owned(),
            )
        })?;
        let text = std::fs::read_to_string(path).map_err(|error| {
            Error::Usage(format!("the passphrase in {}: {error}", path.display()))
        })?;
        Ok(Zeroizing::new(text))
    }

    /// Makes the folder of the default database, so that nobody has to set anything up. A folder
    /// that somebody named is theirs.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn make_folder(&self) -> Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        Ok(builder.create(folder)?)
    }

    /// Whether tills on other machines can reach that address, as far as one can tell from here.
    pub fn is_reachable(&self) -> bool {
        self.advertise.is_some() || !self.listen.ip().is_loopback()
    }

    /// The address under which tills reach the hub, as far as one can tell from here.
    pub fn address(&self) -> String {
        if let Some(advertise) = &self.advertise {
            return advertise.clone();
        }
        let port = self.listen.port();
        if self.listen.ip().is_unspecified() {
            let host = tls::host_name().unwrap_or_else(|| "localhost".to_owned());
            format!("{}://{host}:{port}", self.tls.scheme())
        } else {
            format!("{}://{}", self.tls.scheme(), self.listen)
        }
    }
}

fn listen(text: &str) -> Result<SocketAddr> {
    text.parse().map_err(|_| {
        Error::Usage(format!("listen: {text} is not an address and a port, as {DEFAULT_LISTEN}"))
    })
}

fn nats(said: &Layer) -> Result<Option<Nats>> {
    let Some(url) = &said.nats_url else { return Ok(None) };
    let file = |path: &Option<String>| path.as_ref().map(PathBuf::from);
    let (credentials, authority) = (file(&said.nats_creds), file(&said.nats_ca));
    Nats::new(url, said.nats_stream.as_deref(), credentials, authority).map(Some)
}

fn encryption(said: &Layer) -> Result<Tls> {
    let files = said.tls_cert.as_ref().zip(said.tls_key.as_ref());
    match (said.tls.as_deref(), files) {
        (Some("off"), _) => Ok(Tls::Off),
        (Some("files") | None, Some((certificate, key))) => {
            Ok(Tls::Files { certificate: certificate.into(), key: key.into() })
        }
        (Some("auto"), _) => Ok(Tls::Auto),
        (None, None) if said.tls_cert.is_none() && said.tls_key.is_none() => Ok(Tls::Auto),
        (Some("files") | None, None) => {
            Err(Error::Usage("tls: give both files, tls_cert and tls_key".to_owned()))
        }
        (Some(other), _) => {
            Err(Error::Usage(format!("tls: {other} is not one of auto, off and files")))
        }
    }
}

fn metrics(text: &str) -> Result<bool> {
    match text {
        "any" => Ok(true),
        "loopback" => Ok(false),
        other => Err(Error::Usage(format!("metrics: {other} is not one of loopback and any"))),
    }
}

fn number(name: &str, text: &str, within: RangeInclusive<u32>) -> Result<u32> {
    text.parse().ok().filter(|number| within.contains(number)).ok_or_else(|| {
        let (least, most) = (within.start(), within.end());
        Error::Usage(format!("{name}: {text} is not a number from {least} to {most}"))
    })
}

fn address(text: &str) -> Result<String> {
    let address = text.trim().trim_end_matches('/');
    let host = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() => Ok(address.to_owned()),
        _ => Err(Error::Usage(
            "advertise: an address begins with https:// (or http://), as https://hub.example.com"
                .to_owned(),
        )),
    }
}

fn default_database(
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<(String, Option<PathBuf>)> {
    let folder = data_folder(variable)
        .ok_or_else(|| {
            Error::Usage(
                "this user has no data folder: say --database sqlite:PATH or postgres://…"
                    .to_owned(),
            )
        })?
        .join("punchcard-hub");
    let file = folder.join("hub.db");
    Ok((format!("sqlite:{}", file.display()), Some(folder)))
}

/// Where this user's programs keep what is theirs.
fn data_folder(variable: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let folder = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    if cfg!(windows) {
        folder("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        Some(folder("HOME")?.join("Library/Application Support"))
    } else {
        folder("XDG_DATA_HOME").or_else(|| Some(folder("HOME")?.join(".local/share")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "as a setting holds it")]
    fn text(value: &str) -> Option<String> {
        Some(value.to_owned())
    }

    fn file_with(folder: &tempfile::TempDir, body: &str) -> PathBuf {
        let path = folder.path().join("hub.json");
        let mut file = std::fs::File::create(&path).expect("a file");
        std::io::Write::write_all(&mut file, body.as_bytes()).expect("written");
        path
    }

    fn nothing(_: &str) -> Option<String> {
        None
    }

    fn home(name: &str) -> Option<String> {
        matches!(name, "HOME" | "LOCALAPPDATA").then(|| "/home/anna".to_owned())
    }

    fn gather(layer: Layer) -> Result<Settings> {
        Settings::gather(layer, &home, None)
    }

    fn complaint(layer: Layer) -> String {
        match gather(layer) {
            Err(Error::Usage(message)) => message,
            Err(other) => panic!("not a complaint about usage: {other}"),
            Ok(_) => panic!("taken"),
        }
    }

    #[test]
    fn the_command_line_goes_over_the_environment_and_that_over_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let body = r#"{"listen":"0.0.0.0:1","tls":"off","database":"sqlite:/file","log":"debug"}"#;
        let file = file_with(&folder, body);
        let variable = |name: &str| match name {
            "PUNCHCARD_HUB_LISTEN" => text("0.0.0.0:2"),
            "PUNCHCARD_HUB_DATABASE" => text("sqlite:/environment"),
            "PUNCHCARD_HUB_TLS" => text(""),
            _ => None,
        };
        let layer = Layer { listen: text("0.0.0.0:3"), ..Layer::default() };
        let settings = Settings::gather(layer, &variable, Some(&file)).expect("understood");
        assert_eq!(settings.listen.port(), 3);
        assert_eq!(settings.database, "sqlite:/environment");
        assert_eq!(settings.tls, Tls::Off, "an empty variable says nothing");
        assert_eq!(settings.log, Log { json: false, filter: text("debug") });
    }

    #[test]
    fn nothing_need_be_said() {
        let settings = gather(Layer::default()).expect("understood");
        assert_eq!(settings.listen.to_string(), DEFAULT_LISTEN);
        assert_eq!(settings.tls, Tls::Auto);
        assert!(!settings.metrics_any);
        assert!(settings.database.starts_with("sqlite:/home/anna"), "{}", settings.database);
        assert_eq!(settings.address(), "https://127.0.0.1:8787");
        assert!(!settings.is_reachable());
        assert!(matches!(Settings::gather(Layer::default(), &nothing, None), Err(Error::Usage(_))));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        let cases = [
            (Layer { listen: text("8787"), ..Layer::default() }, "listen"),
            (Layer { tls: text("on"), ..Layer::default() }, "tls"),
            (Layer { tls: text("files"), ..Layer::default() }, "tls_cert"),
            (Layer { tls_cert: text("a.pem"), ..Layer::default() }, "tls_key"),
            (Layer { advertise: text("hub.example.com"), ..Layer::default() }, "advertise"),
            (Layer { metrics: text("all"), ..Layer::default() }, "metrics"),
            (Layer { backup_hour: text("24"), ..Layer::default() }, "backup_hour"),
            (Layer { backup_keep: text("0"), ..Layer::default() }, "backup_keep"),
        ];
        for (layer, name) in cases {
            let message = complaint(layer);
            assert!(message.contains(name), "{message}");
        }
    }

    #[test]
    fn a_file_with_an_unknown_setting_is_refused_without_its_values() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = file_with(&folder, r#"{"databse":"postgres://hub:secret@db/hub"}"#);
        let Err(Error::Usage(message)) =
            Settings::gather(Layer::default(), &home, Some(&file)).map(|_| ())
        else {
            panic!("taken");
        };
        assert!(message.contains("databse") && !message.contains("secret"), "{message}");
    }

    #[test]
    fn backups_need_a_folder_and_a_passphrase() {
        let schedule = |layer: Layer| gather(layer).and_then(|settings| settings.schedule());
        assert!(matches!(schedule(Layer::default()), Ok(None)), "nobody asked for backups");
        let layer = Layer { backup_to: text("/backups"), ..Layer::default() };
        assert!(matches!(schedule(layer.clone()), Err(Error::Usage(_))), "no passphrase");
        let short = Layer { backup_passphrase: text("short"), ..layer.clone() };
        assert!(matches!(schedule(short), Err(Error::Usage(_))));
        let folder = tempfile::tempdir().expect("a folder");
        let path = file_with(&folder, "correct horse battery\n").display().to_string();
        let layer = Layer { backup_passphrase_file: Some(path), ..layer };
        let found = schedule(layer).expect("understood").expect("asked for");
        assert_eq!((found.hour, found.keep), (3, 4));
    }

    #[test]
    fn both_files_mean_files() {
        let layer = Layer { tls_cert: text("c.pem"), tls_key: text("k.pem"), ..Layer::default() };
        let files = Tls::Files { certificate: "c.pem".into(), key: "k.pem".into() };
        assert_eq!(gather(layer.clone()).expect("understood").tls, files);
        let off = Layer { tls: text("off"), ..layer };
        assert_eq!(gather(off).expect("understood").tls, Tls::Off);
    }

    #[test]
    fn the_address_is_the_advertised_one_or_made_of_what_is_known() {
        let layer = Layer { advertise: text("https://hub.example.com/"), ..Layer::default() };
        assert_eq!(gather(layer).expect("understood").address(), "https://hub.example.com");
        let layer = Layer { listen: text("0.0.0.0:99"), tls: text("off"), ..Layer::default() };
        let address = gather(layer).expect("understood").address();
        assert!(address.starts_with("http://") && address.ends_with(":99"), "{address}");
        assert!(!address.contains("0.0.0.0"), "{address}");
    }

    #[test]
    fn a_log_is_read() {
        assert_eq!(Log::read("json,info"), Log { json: true, filter: text("info") });
        let filter = text("info,punchcard_hub=debug");
        assert_eq!(Log::read("info, punchcard_hub=debug"), Log { json: false, filter });
        assert_eq!(Log::read("json"), Log { json: true, filter: None });
    }

    #[cfg(unix)]
    #[test]
    fn the_folder_is_the_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().expect("a folder");
        let variable = |name: &str| {
            matches!(name, "HOME" | "XDG_DATA_HOME").then(|| home.path().display().to_string())
        };
        let settings = Settings::gather(Layer::default(), &variable, None).expect("understood");
        settings.make_folder().expect("made");
        let folder = settings.folder.expect("the default one");
        let mode = std::fs::metadata(folder).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
