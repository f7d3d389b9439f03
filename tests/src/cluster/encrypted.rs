//! A PostgreSQL that is reached over the network, by TLS and with a password alone.

#![expect(
    clippy::disallowed_methods,
    reason = "a test's own files, read when all of them are there"
)]

use std::{fs, net::SocketAddr, process::Command};

use tempfile::TempDir;

use super::{Cluster, folder, make_data, own_user, programs, run};
use crate::{certificates::Certificates, processes::port};

/// Whoever comes over the network comes encrypted, and proves to know the password.
const WHO_MAY: &str = "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n";
/// The user's password.
pub const PASSWORD: &str = "geheim-Qzxjv";

/// A server of its own, and who vouches for it.
pub struct Encrypted {
    cluster: Cluster,
    addr: SocketAddr,
    /// PEM files; the server's name is 127.0.0.1.
    pub certificates: Certificates,
    _files: TempDir,
}

impl Encrypted {
    /// Starts one. Where PostgreSQL is missing, the test fails.
    pub fn start() -> Self {
        let (programs, folder) = (programs(), folder());
        make_data(&programs, &folder);
        fs::write(folder.join("data/pg_hba.conf"), WHO_MAY).expect("room");
        let files = tempfile::tempdir().expect("a temporary folder");
        let certificates = Certificates::for_server("127.0.0.1", files.path());
        for (from, name) in
            [(&certificates.certificate, "server.pem"), (&certificates.key, "server.key")]
        {
            let to = folder.join("data").join(name);
            fs::copy(from, &to).expect("room");
            run(Command::new("chmod").arg("600").arg(&to));
            if own_user() == 0 {
                run(Command::new("chown").arg("postgres:").arg(&to));
            }
        }
        let addr = port();
        let settings = [
            "listen_addresses=127.0.0.1",
            "ssl=on",
            "ssl_cert_file=server.pem",
            "ssl_key_file=server.key",
        ];
        let cluster = Cluster::start_on(&programs, folder, &settings, addr.port());
        let password = format!("ALTER USER postgres PASSWORD '{PASSWORD}'");
        cluster.admin().batch_execute(&password).expect("it may");
        Self { cluster, addr, certificates, _files: files }
    }

    /// The address of an empty database, over the network, at a host that is this machine.
    pub fn fresh_database(&self, host: &str) -> String {
        let made = self.cluster.fresh_database();
        let name = made.rsplit('/').next().expect("an address ends in a name");
        format!("postgres://postgres:{PASSWORD}@{host}:{}/{name}", self.addr.port())
    }
}
