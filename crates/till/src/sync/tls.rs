//! Whose certificate a hub must show: the one that was pinned at pairing, or any that the system
//! trusts.

use std::sync::{Arc, Mutex};

use rustls::{
    ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use sha2::{Digest as _, Sha256};

use crate::error::{Error, Result};

/// SHA-256 of a certificate.
pub type Fingerprint = [u8; 32];

/// What was shown, for pairing: the proof that comes next is over it.
pub(crate) type Shown = Arc<Mutex<Option<Fingerprint>>>;

/// Accepts one certificate alone, whatever names and dates it has: the till was told at pairing
/// which it is. While pairing, it accepts any and remembers which.
#[derive(Debug)]
struct Pinned {
    pin: Option<Fingerprint>,
    shown: Shown,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        let found: Fingerprint = Sha256::digest(end_entity).into();
        if let Ok(mut shown) = self.shown.lock() {
            *shown = Some(found);
        }
        match self.pin {
            Some(pin) if pin != found => {
                Err(rustls::Error::General("another certificate than the one at pairing".into()))
            }
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// How a till speaks TLS: with a pin, or (pairing) with none, remembering what was shown.
pub(crate) fn config(pin: Option<Fingerprint>, shown: Shown) -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Arc::new(Pinned { pin, shown, provider: provider.clone() });
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Internal(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth())
}
