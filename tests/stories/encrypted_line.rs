//! The line from a hub to its PostgreSQL: encrypted where the address says so, and then with nobody
//! but whom the certificate names.

use punchcard_hub::{Error, store};
use punchcard_tests::cluster::encrypted::{Encrypted, PASSWORD};

#[test]
fn it_is_encrypted_with_whom_the_certificate_names_and_with_nobody_else() {
    let (server, other) = (Encrypted::start(), Encrypted::start());
    let url = server.fresh_database("127.0.0.1");
    let refused = |url: &str| {
        let Err(error) = store::open(url) else { panic!("it is refused") };
        assert!(matches!(error, Error::Database(_)), "{error}");
        assert!(!error.to_string().contains(PASSWORD), "{error}");
        error.to_string()
    };
    let vouched = |url: &str, by: &Encrypted| {
        let authority = by.certificates.authority.display();
        format!("{url}?sslmode=verify-full&sslrootcert={authority}")
    };

    let plain = refused(&url);
    assert!(plain.contains("no encryption"), "{plain}");
    for (url, why) in [
        (format!("{url}?sslmode=require"), "UnknownIssuer"),
        // Of the same name, and with another key.
        (vouched(&url, &other), "BadSignature"),
        (vouched(&server.fresh_database("localhost"), &server), "not valid for name"),
    ] {
        let said = refused(&url);
        assert!(said.contains(why), "{said}");
    }

    let store = store::open(&vouched(&url, &server)).expect("all is right");
    let how = "SELECT version, client_addr::text FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
               WHERE pid = pg_backend_pid() AND ssl";
    let rows = store.read().expect("a transaction").rows(how, &[]).expect("an answer");
    assert_eq!(rows.len(), 1, "it is encrypted");
    let version = rows[0][0].text().expect("text");
    println!("{}: {version}", store.describe());
    assert!(version.starts_with("TLSv1."), "{version}");
}
