//! Encryption: the hub's own certificate, the owner's, or none.
//!
//! A hub that nobody set up signs its own certificate. Tills do not ask an authority about it:
//! pairing proves it over the code, and from then on they know it by its hash.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use rustls::{
    ServerConfig,
    pki_types::{
        CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer,
        pem::{self, PemObject as _},
    },
};
use sha2::{Digest as _, Sha256};

use crate::{
    error::{Error, Result},
    hub::Hub,
};

const DAY: Duration = Duration::from_hours(24);
/// A desk outlives most certificates; changing this one means pairing every till again.
const VALID_DAYS: u32 = 20 * 365 + 5;

/// How calls are encrypted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Tls {
    /// With a certificate that the hub signs itself and keeps in its database.
    #[default]
    Auto,
    /// Not at all: for behind a proxy that does it.
    Off,
    /// With the owner's.
    Files {
        /// PEM: the certificate, and those between it and the root.
        certificate: PathBuf,
        /// PEM: its key.
        key: PathBuf,
    },
}

/// What the server shows, and proves that it is.
pub struct Identity {
    /// For the connections.
    pub config: Arc<ServerConfig>,
    /// SHA-256 of the certificate that tills see.
    pub certificate: [u8; 32],
}

impl Tls {
    /// The certificate and its key; none where calls are not encrypted.
    ///
    /// # Errors
    /// [`Error::Usage`]: the owner's files are not what they should be. Those of the database.
    pub fn identity(&self, hub: &Hub) -> Result<Option<Identity>> {
        let (chain, key) = match self {
            Self::Off => return Ok(None),
            Self::Auto => own(hub)?,
            Self::Files { certificate, key } => from_files(certificate, key)?,
        };
        let shown = chain.first().ok_or_else(|| broken("no certificate"))?;
        let certificate = Sha256::digest(shown).into();
        Ok(Some(Identity { config: Arc::new(config(chain, key)?), certificate }))
    }

    /// `https` or `http`.
    pub fn scheme(&self) -> &'static str {
        if *self == Self::Off { "http" } else { "https" }
    }
}

type Pair = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// The hub's own. The key is kept first, so that hubs that start together on one database sign
/// with the same one, whichever certificate of theirs is kept.
fn own(hub: &Hub) -> Result<Pair> {
    let key = hub.secret("tls-key", &|| {
        Ok(KeyPair::generate().map_err(|error| broken(&error))?.serialize_der())
    })?;
    let now_ms = hub.hello()?.now_ms;
    let certificate = hub.secret("tls-cert", &|| sign(&key, now_ms))?;
    let key = PrivatePkcs8KeyDer::from(key);
    Ok((vec![CertificateDer::from(certificate)], PrivateKeyDer::Pkcs8(key)))
}

fn sign(key: &[u8], now_ms: i64) -> Result<Vec<u8>> {
    let key = KeyPair::from_pkcs8_der_and_sign_algo(
        &PrivatePkcs8KeyDer::from(key),
        &rcgen::PKCS_ECDSA_P256_SHA256,
    )
    .map_err(|error| broken(&error))?;
    let params = params(now_ms).map_err(|error| broken(&error))?;
    let certificate = params.self_signed(&key).map_err(|error| broken(&error))?;
    Ok(certificate.der().to_vec())
}

fn params(now_ms: i64) -> std::result::Result<CertificateParams, rcgen::Error> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    names.extend(host_name().filter(|name| name != "localhost"));
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, "Punchcard hub");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let now = Duration::from_millis(u64::try_from(now_ms).unwrap_or(0));
    let today = rcgen::date_time_ymd(1970, 1, 1) + now;
    // A desk's clock may be a little behind.
    params.not_before = today - DAY;
    params.not_after = today + DAY * VALID_DAYS;
    Ok(params)
}

fn from_files(certificate: &Path, key: &Path) -> Result<Pair> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|error| unreadable(certificate, &error))?;
    if chain.is_empty() {
        return Err(unreadable(certificate, &pem::Error::NoItemsFound));
    }
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, &error))?;
    Ok((chain, key))
}

fn config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<ServerConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let unusable = |error: rustls::Error| Error::Usage(format!("the certificate: {error}"));
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(unusable)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(unusable)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// What this machine is called; none where it does not say, or not in letters that a certificate
/// can hold.
pub fn host_name() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok().or_else(ask_for_name)?;
    let name = name.trim().to_ascii_lowercase();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    (!name.is_empty() && name.len() < 254 && name.bytes().all(plain)).then_some(name)
}

/// The program is called the same on Windows and macOS.
fn ask_for_name() -> Option<String> {
    let output = std::process::Command::new("hostname").output().ok()?;
    String::from_utf8(output.stdout).ok()
}

fn unreadable(path: &Path, error: &pem::Error) -> Error {
    Error::Usage(format!("{}: {error}", path.display()))
}

fn broken(error: &(impl std::fmt::Display + ?Sized)) -> Error {
    Error::Internal(format!("the certificate: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_795_500_000_000;

    fn made() -> (Vec<u8>, Vec<u8>) {
        let key = KeyPair::generate().expect("a key").serialize_der();
        let certificate = sign(&key, NOW_MS).expect("a certificate");
        (certificate, key)
    }

    #[test]
    fn what_it_signs_itself_can_be_served() {
        let (certificate, key) = made();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key));
        let config = config(vec![certificate.into()], key).expect("they belong together");
        assert_eq!(config.alpn_protocols.len(), 2);
    }

    #[test]
    fn it_is_valid_for_twenty_years_from_yesterday() {
        let params = params(NOW_MS).expect("names");
        assert_eq!((params.not_after - params.not_before).whole_days(), 20 * 365 + 6);
        assert!(params.subject_alt_names.len() >= 2);
    }

    #[test]
    fn another_key_is_refused() {
        let ((certificate, _), (_, key)) = (made(), made());
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key));
        assert!(matches!(config(vec![certificate.into()], key), Err(Error::Usage(_))));
    }

    #[test]
    fn files_that_are_not_there_are_named() {
        let missing = Path::new("/nowhere/cert.pem");
        let Err(Error::Usage(message)) = from_files(missing, missing) else { panic!("read") };
        assert!(message.contains("/nowhere/cert.pem"), "{message}");
    }
}
