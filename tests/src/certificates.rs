//! A house that vouches for a server of the tests: files as an owner would have them.

#![expect(
    clippy::disallowed_methods,
    reason = "a test's own files, read when all of them are there"
)]

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

/// PEM files in one folder.
pub struct Certificates {
    /// Who vouches for the server.
    pub authority: PathBuf,
    /// The server's certificate.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

impl Certificates {
    /// Made anew, for a server that is reached by this name or address.
    ///
    /// # Panics
    /// Where the folder cannot be written to.
    pub fn for_server(name: &str, folder: &Path) -> Self {
        let made = "a certificate";
        let authority_key = KeyPair::generate().expect(made);
        let mut authority = CertificateParams::new(Vec::new()).expect(made);
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let signed_by_itself = authority.self_signed(&authority_key).expect(made);
        let issuer = Issuer::new(authority, authority_key);
        let key = KeyPair::generate().expect(made);
        let params = CertificateParams::new(vec![name.to_owned()]).expect(made);
        let certificate = params.signed_by(&key, &issuer).expect(made);
        let written = |name: &str, pem: String| {
            let path = folder.join(name);
            std::fs::write(&path, pem).expect("room");
            path
        };
        Self {
            authority: written("ca.pem", signed_by_itself.pem()),
            certificate: written("server.pem", certificate.pem()),
            key: written("server.key", key.serialize_pem()),
        }
    }
}
