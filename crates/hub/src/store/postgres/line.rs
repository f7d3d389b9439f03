//! The line to PostgreSQL: encrypted where its address asks for that.
//!
//! The words are those of PostgreSQL's own clients, but `require` is meant as it sounds: a certificate that
//! nobody vouches for protects from nobody who can reach the line.
//! <https://www.postgresql.org/docs/current/libpq-ssl.html>

use std::{path::PathBuf, sync::Arc};

use ::postgres::{Client, Config, NoTls, config::SslMode};
use percent_encoding::percent_decode_str;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::{Error, Result};

/// How the server is reached.
pub(super) enum Line {
    /// As it is: on the same machine, in a private network, through a tunnel.
    Plain,
    /// Over TLS, to the server that the certificate names.
    Encrypted(Box<MakeRustlsConnect>),
}

impl Line {
    /// A new connection.
    ///
    /// # Errors
    /// Those of the network and of the server.
    pub(super) fn connect(&self, config: &Config) -> Result<Client, ::postgres::Error> {
        match self {
            Self::Plain => config.connect(NoTls),
            Self::Encrypted(tls) => config.connect(tls.as_ref().clone()),
        }
    }
}

/// Who may vouch for the server: PEM, where the address names a file; else those that the system trusts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Authority(Option<PathBuf>);

impl Authority {
    /// Takes out of an address what the client does not know: `sslrootcert`, and `verify-full`, which is what
    /// `require` is here. Whether the line is to be encrypted is then for the client to read.
    ///
    /// # Errors
    /// [`Error::Usage`] for what cannot be held; without the address, which may hold a password.
    pub(super) fn take(url: &str) -> Result<(String, Self)> {
        let mut authority = Self::default();
        // A password may have a question mark in it.
        let host = url.find('@').unwrap_or(0);
        let Some(at) = url[host..].find('?').map(|at| host + at) else {
            return Ok((url.to_owned(), authority));
        };
        let mut left = Vec::new();
        for parameter in url[at + 1..].split('&') {
            match parameter.split_once('=') {
                Some(("sslmode", "verify-full")) => left.push("sslmode=require"),
                Some(("sslmode", "verify-ca")) => return Err(named()),
                Some(("sslrootcert", path)) => authority = Self::file(path)?,
                _ => left.push(parameter),
            }
        }
        Ok((format!("{}?{}", &url[..at], left.join("&")), authority))
    }

    fn file(path: &str) -> Result<Self> {
        if path == "system" {
            return Ok(Self(None));
        }
        let path = percent_decode_str(path).decode_utf8().map_err(|_| {
            Error::Usage("the address of the PostgreSQL database: sslrootcert is not a path".into())
        })?;
        Ok(Self(Some(path.into_owned().into())))
    }

    /// The line that an address asks for.
    ///
    /// # Errors
    /// [`Error::Usage`]: whoever vouches for the server cannot be read, or is of no use.
    pub(super) fn line(&self, config: &Config) -> Result<Line> {
        if config.get_ssl_mode() != SslMode::Require {
            // Encrypted where the server likes, with whomever it is, is not encrypted.
            return if self.0.is_none() { Ok(Line::Plain) } else { Err(in_vain()) };
        }
        let unusable = |error: rustls::Error| Error::Usage(format!("TLS to PostgreSQL: {error}"));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(unusable)?
            .with_root_certificates(self.roots()?)
            .with_no_client_auth();
        Ok(Line::Encrypted(Box::new(MakeRustlsConnect::new(tls))))
    }

    fn roots(&self) -> Result<RootCertStore> {
        let mut roots = RootCertStore::empty();
        let Some(path) = &self.0 else {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            return Ok(roots);
        };
        let unreadable = |error: &dyn std::fmt::Display| {
            Error::Usage(format!("sslrootcert, {}: {error}", path.display()))
        };
        let file = CertificateDer::pem_file_iter(path).map_err(|error| unreadable(&error))?;
        for certificate in file {
            let certificate = certificate.map_err(|error| unreadable(&error))?;
            roots.add(certificate).map_err(|error| unreadable(&error))?;
        }
        if roots.is_empty() { Err(unreadable(&"no certificate is in it")) } else { Ok(roots) }
    }
}

fn named() -> Error {
    Error::Usage(
        "the address of the PostgreSQL database: sslmode is disable, require or verify-full; the last \
         two ask for a certificate that names the server"
            .into(),
    )
}

fn in_vain() -> Error {
    Error::Usage(
        "the address of the PostgreSQL database has sslrootcert, which says nothing without \
         sslmode=require"
            .into(),
    )
}

#[cfg(test)]
mod tests {
    use super::{super::understand, *};

    const HUB: &str = "postgres://me:geh?eim@db/hub";

    #[test]
    fn what_is_ours_is_taken_and_the_rest_is_left() {
        for (parameters, left, file) in [
            ("", "", None),
            ("?connect_timeout=3", "?connect_timeout=3", None),
            ("?sslmode=prefer&connect_timeout=3", "?sslmode=prefer&connect_timeout=3", None),
            ("?a=1&sslmode=verify-full&sslrootcert=system", "?a=1&sslmode=require", None),
            ("?sslrootcert=%2Fca.pem&sslmode=require", "?sslmode=require", Some("/ca.pem")),
        ] {
            let taken = Authority::take(&format!("{HUB}{parameters}")).expect("it is understood");
            let expected = (format!("{HUB}{left}"), Authority(file.map(PathBuf::from)));
            assert_eq!(taken, expected, "{parameters}");
        }
    }

    #[test]
    fn whoever_asks_for_an_encrypted_line_gets_no_other() {
        let encrypted = |parameters: &str| {
            let (_, line) = understand(&format!("{HUB}{parameters}")).expect("it is understood");
            matches!(line, Line::Encrypted(_))
        };
        for parameters in [
            "?sslmode=require",
            "?sslmode=verify-full",
            "?connect_timeout=3&sslmode=require&sslrootcert=system",
            "?ssl%6Dode=require",
            "?sslmode=prefer&sslmode=verify-full",
        ] {
            assert!(encrypted(parameters), "{parameters}");
        }
        for parameters in ["", "?", "?sslmode=disable", "?sslmode=prefer"] {
            assert!(!encrypted(parameters), "{parameters}");
        }
    }

    #[test]
    fn what_cannot_be_held_is_refused_without_the_password() {
        let refused = |parameters: &str| match understand(&format!("{HUB}{parameters}")) {
            Err(Error::Usage(why)) => why,
            _ => unreachable!("{parameters} is refused"),
        };
        for parameters in ["?sslmode=verify-ca", "?sslmode=", "?sslrootcert=/etc/ca.pem"] {
            let why = refused(parameters);
            assert!(why.contains("ssl") && !why.contains("eim"), "{why}");
        }
        let empty = tempfile::NamedTempFile::new().expect("a file");
        for path in [empty.path().display().to_string(), "/nowhere.pem".to_owned()] {
            let why = refused(&format!("?sslmode=require&sslrootcert={path}"));
            assert!(why.contains(&path), "{why}");
        }
    }
}
