//! A NATS that lets in who has a credentials file, over a line whose certificate a house of its own
//! signed: as NATS's own tools (`nsc`) would set it up.

#![expect(
    clippy::disallowed_methods,
    reason = "a test's own files, read when all of them are there"
)]

use std::path::{Path, PathBuf};

use data_encoding::BASE64URL_NOPAD;
use nkeys::KeyPair;
use serde_json::{Value, json};

use crate::certificates::Certificates;

/// What the server and those who speak to it need: files in one folder.
pub(super) struct Guard {
    /// The server's configuration.
    pub(super) config: PathBuf,
    /// What a client is known by.
    pub(super) credentials: PathBuf,
    /// Who vouches for the server.
    pub(super) authority: PathBuf,
}

impl Guard {
    /// An operator, their account, and one user of it; an authority, and a server's certificate.
    pub(super) fn made(folder: &Path) -> Self {
        let certificates = Certificates::for_server("127.0.0.1", folder);
        let config = format!("{}\n{}\n", keys(folder), tls(&certificates));
        let guard = Self {
            config: folder.join("nats.conf"),
            credentials: folder.join("hub.creds"),
            authority: certificates.authority,
        };
        std::fs::write(&guard.config, config).expect("room");
        guard
    }
}

/// Writes the user's file; returns the server's side.
fn keys(folder: &Path) -> String {
    let (operator, system) = (KeyPair::new_operator(), KeyPair::new_account());
    let (account, user) = (KeyPair::new_account(), KeyPair::new_user());
    let limits = json!({
        "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true,
        "conn": -1, "leaf": -1, "mem_storage": -1, "disk_storage": -1, "streams": -1, "consumer": -1,
    });
    let may = json!({ "type": "account", "version": 2, "limits": limits });
    let watches = json!({ "type": "account", "version": 2, "limits": { "subs": -1, "conn": -1 } });
    let rules = json!({ "type": "operator", "version": 2, "system_account": system.public_key() });
    let speaks = json!({
        "type": "user", "version": 2, "pub": {}, "sub": {}, "subs": -1, "data": -1, "payload": -1,
    });
    let credentials = format!(
        "-----BEGIN NATS USER JWT-----\n{}\n------END NATS USER JWT------\n\n\
         -----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n",
        token(&account, &user, &speaks),
        user.seed().expect("it has one"),
    );
    std::fs::write(folder.join("hub.creds"), credentials).expect("room");
    format!(
        "operator: {}\nsystem_account: {}\nresolver: MEMORY\nresolver_preload: {{\n  {}: {}\n  {}: {}\n}}",
        token(&operator, &operator, &rules),
        system.public_key(),
        system.public_key(),
        token(&operator, &system, &watches),
        account.public_key(),
        token(&operator, &account, &may),
    )
}

/// A JWT as NATS reads it: `whose` may do this, says `issuer`.
/// <https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro/jwt>
fn token(issuer: &KeyPair, whose: &KeyPair, nats: &Value) -> String {
    let header = json!({ "typ": "JWT", "alg": "ed25519-nkey" });
    let claims = json!({
        "jti": whose.public_key(),
        "iat": 1_700_000_000,
        "iss": issuer.public_key(),
        "name": "punchcard",
        "sub": whose.public_key(),
        "nats": nats,
    });
    let text = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let signed = format!("{}.{}", text(&header), text(&claims));
    let signature = issuer.sign(signed.as_bytes()).expect("it has the key");
    format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature))
}

/// The server's side of a certificate.
fn tls(of: &Certificates) -> String {
    let (certificate, key) = (of.certificate.display(), of.key.display());
    format!("tls {{\n  cert_file: \"{certificate}\"\n  key_file: \"{key}\"\n}}")
}
