//! The line to PostgreSQL: encrypted where its address asks for that.
//!
//! The words are those of PostgreSQL's own clients, but `require` is meant as it sounds: a certificate that
//! nobody vouches for protects from nobody who can reach the line.
//! <https://www.postgresql.org/docs/current/libpq-ssl.html>

use std::{path::PathBuf, sync::Arc};

use ::postgres::{Client, Config, NoTls};
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

/// What an address asks for: `sslmode`, and the file in which is who vouches for the server.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Wish {
    encrypted: bool,
    authority: Option<PathBuf>,
}

impl Wish {
    /// Takes it out of an address, which is left with what the client itself understands.
    ///
    /// # Errors
    /// [`Error::Usage`] for a word that is not known here; without the address, which may hold a password.
    pub(super) fn take(url: &str) -> Result<(String, Self)> {
        let mut wish = Self::default();
        let Some((address, parameters)) = url.split_once('?') else {
            return Ok((url.to_owned(), wish));
        };
        let mut rest = Vec::new();
        for parameter in parameters.split('&') {
            match parameter.split_once('=') {
                Some(("sslmode", mode)) => wish.encrypted = encrypted(mode)?,
                Some(("sslrootcert", path)) => wish.authority = authority(path)?,
                _ => rest.push(parameter),
            }
        }
        if wish.authority.is_some() && !wish.encrypted {
            return Err(Error::Usage(
                "the address of the PostgreSQL database has sslrootcert, which says nothing without \
                 sslmode=require"
                    .into(),
            ));
        }
        let left =
            if rest.is_empty() { address.to_owned() } else { [address, &rest.join("&")].join("?") };
        Ok((left, wish))
    }

    /// The line that was asked for.
    ///
    /// # Errors
    /// [`Error::Usage`]: whoever vouches for the server cannot be read.
    pub(super) fn line(&self) -> Result<Line> {
        if !self.encrypted {
            return Ok(Line::Plain);
        }
        let unusable = |error: rustls::Error| Error::Usage(format!("TLS to PostgreSQL: {error}"));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(unusable)?
            .with_root_certificates(self.roots()?)
            .with_no_client_auth();
        Ok(Line::Encrypted(Box::new(MakeRustlsConnect::new(config))))
    }

    /// Who may vouch for the server: the file's, or else those that the system trusts.
    fn roots(&self) -> Result<RootCertStore> {
        let mut roots = RootCertStore::empty();
        let Some(path) = &self.authority else {
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

fn encrypted(mode: &str) -> Result<bool> {
    match mode {
        "require" | "verify-full" => Ok(true),
        // To be encrypted where the server likes, with whomever it is, is not to be encrypted.
        "disable" | "allow" | "prefer" => Ok(false),
        _ => Err(Error::Usage(
            "the address of the PostgreSQL database: sslmode is disable, require or verify-full; the \
             last two ask for a certificate that names the server"
                .into(),
        )),
    }
}

fn authority(path: &str) -> Result<Option<PathBuf>> {
    if path == "system" {
        return Ok(None);
    }
    let path = percent_decode_str(path).decode_utf8().map_err(|_| {
        Error::Usage("the address of the PostgreSQL database: sslrootcert is not a path".into())
    })?;
    Ok(Some(path.into_owned().into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HUB: &str = "postgres://me:geheim@db/hub";

    fn taken(parameters: &str) -> (String, Wish) {
        Wish::take(&format!("{HUB}{parameters}")).expect("it is understood")
    }

    #[test]
    fn what_is_ours_is_taken_and_the_rest_is_left() {
        let plain = Wish::default();
        let encrypted = |authority: Option<&str>| Wish {
            encrypted: true,
            authority: authority.map(PathBuf::from),
        };
        for (parameters, left, wish) in [
            ("", "", plain),
            ("?connect_timeout=3", "?connect_timeout=3", Wish::default()),
            ("?sslmode=prefer&connect_timeout=3", "?connect_timeout=3", Wish::default()),
            ("?sslmode=require", "", encrypted(None)),
            ("?a=1&sslmode=verify-full&sslrootcert=system&b=2", "?a=1&b=2", encrypted(None)),
            ("?sslrootcert=%2Fetc%2Fca.pem&sslmode=require", "", encrypted(Some("/etc/ca.pem"))),
        ] {
            assert_eq!(taken(parameters), (format!("{HUB}{left}"), wish), "{parameters}");
        }
    }

    #[test]
    fn what_cannot_be_held_is_refused_without_the_password() {
        for parameters in ["?sslmode=verify-ca", "?sslmode=", "?sslrootcert=/etc/ca.pem"] {
            let Err(Error::Usage(why)) = Wish::take(&format!("{HUB}{parameters}")) else {
                panic!("{parameters} is refused")
            };
            assert!(why.contains("ssl") && !why.contains("geheim"), "{why}");
        }
        let empty = tempfile::NamedTempFile::new().expect("a file");
        for path in [empty.path().display().to_string(), "/nowhere.pem".to_owned()] {
            let (_, wish) = taken(&format!("?sslmode=require&sslrootcert={path}"));
            let Err(Error::Usage(why)) = wish.line() else { panic!("{path} is refused") };
            assert!(why.contains(&path), "{why}");
        }
    }
}
