//! A whole server, asked over the wire.

use std::{
    collections::HashMap,
    io::{Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::Arc,
    time::{Duration, Instant},
};

use punchcard_protocol::{
    StreamId, StreamKey, TillId,
    sync::{
        EnrolRequest, SIGNATURE_HEADER, STREAM_HEADER, Window, WireRefusal, path, sign_request,
    },
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Options, Running, Tls, direct::Direct, gate::Gate, regulars::Regulars, serve};
use crate::{Hub, clock, store};

struct Server {
    running: Option<Running>,
    hub: Arc<Hub>,
    folder: TempDir,
}

impl Server {
    fn start(options: Options) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let hub = open(&folder);
        let running = serve(Arc::clone(&hub), options).expect("it serves");
        Self { running: Some(running), hub, folder }
    }

    fn plain() -> Self {
        Self::start(Options { tls: Tls::Off, ..Options::default() })
    }

    fn addr(&self) -> SocketAddr {
        self.running.as_ref().expect("it runs").addr()
    }

    fn get(&self, path: &str) -> Answer {
        ask(self.addr(), "GET", path, &[], b"")
    }

    fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        ask(self.addr(), "POST", path, headers, body)
    }

    fn signed(&self, till: &Till, path: &str, body: &[u8]) -> Answer {
        let signature = sign_request(&till.key, self.hub.id(), till.stream, path, body);
        let stream = till.stream.to_string();
        self.post(path, &[(STREAM_HEADER, &stream), (SIGNATURE_HEADER, &signature)], body)
    }

    /// A till that belongs to the business.
    fn till(&self) -> Till {
        let store = self.hub.add_store("Mitte", "Europe/Berlin").expect("a store");
        let (code, _) = self.hub.pair(Some(store)).expect("a code");
        let till = Till::new(7);
        let ask = EnrolRequest {
            code: code.shown(),
            stream: till.stream,
            public_key: hex::encode(till.key.public()),
            protocol: Window { min: 1, max: 1 },
            name: "Desk".into(),
            store: None,
            has_business: true,
            earlier: Vec::new(),
            before: None,
        };
        let body = serde_json::to_vec(&ask).expect("JSON");
        let answer = self.signed(&till, path::ENROL, &body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        till
    }
}

fn open(folder: &TempDir) -> Arc<Hub> {
    let url = format!("sqlite:{}", folder.path().join("hub.db").display());
    let store = store::open(&url).expect("a database");
    Arc::new(Hub::open(store, clock::system()).expect("a hub"))
}

struct Till {
    stream: StreamId,
    key: StreamKey,
}

impl Till {
    fn new(number: u8) -> Self {
        let stream = StreamId { till: TillId::from_bytes([number; 16]), incarnation: 1 };
        Self { stream, key: StreamKey::from_seed(&[number; 32]) }
    }
}

struct Answer {
    status: u16,
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

impl Answer {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("JSON: {}", self.text()))
    }

    fn code(&self) -> &'static str {
        WireRefusal::read(&self.body).expect("a refusal").code.name()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

fn head(method: &str, path: &str, headers: &[(&str, &str)], length: usize) -> String {
    let headers: String =
        headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: hub\r\nconnection: close\r\n{headers}\
         content-length: {length}\r\n\r\n"
    )
}

fn ask(
    addr: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let mut stream = TcpStream::connect(addr).expect("it listens");
    stream.write_all(head(method, path, headers, body.len()).as_bytes()).expect("sent");
    stream.write_all(body).expect("sent");
    read(&mut stream)
}

fn read(stream: &mut impl std::io::Read) -> Answer {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("an answer");
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|text| text.parse().ok()).expect("a status");
    let headers = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    Answer { status, headers, body: bytes[end + 4..].to_vec() }
}

#[test]
fn it_says_who_it_is() {
    let server = Server::plain();
    let answer = server.get(path::HELLO);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["hub"], server.hub.id().to_string());
    assert_eq!(answer.header("x-request-id").len(), 36);
    let answer = ask(server.addr(), "GET", path::HELLO, &[("x-request-id", "desk-7")], b"");
    assert_eq!(answer.header("x-request-id"), "desk-7");
    assert_eq!(server.get("/healthz").status, 200);
    assert_eq!(server.get("/readyz").status, 200);
}

#[test]
fn what_is_not_there_is_refused_in_json() {
    let server = Server::plain();
    let answer = server.get("/v1/nothing");
    assert_eq!((answer.status, answer.code()), (404, "not_found"));
    let answer = server.get(path::PUSH);
    assert_eq!((answer.status, answer.code()), (405, "bad_request"));
}

#[test]
fn only_who_signs_is_answered() {
    let server = Server::plain();
    let till = server.till();
    let body = br#"{"wait_ms":0}"#;
    let answer = server.signed(&till, path::ASKS, body);
    assert_eq!((answer.status, answer.json()), (200, json!({"asks": []})));

    let stranger = Till { stream: till.stream, ..Till::new(8) };
    let unknown = Till::new(9);
    for bad in [&stranger, &unknown] {
        let answer = server.signed(bad, path::ASKS, body);
        assert_eq!((answer.status, answer.code()), (401, "bad_signature"));
    }
    let stream = till.stream.to_string();
    let sign = |path: &str| sign_request(&till.key, server.hub.id(), till.stream, path, body);
    let of_pull = sign(path::PULL);
    let good = sign(path::ASKS);
    for headers in [
        &[(STREAM_HEADER, stream.as_str()), (SIGNATURE_HEADER, of_pull.as_str())][..],
        &[(STREAM_HEADER, "7"), (SIGNATURE_HEADER, good.as_str())],
        &[(STREAM_HEADER, stream.as_str())],
        &[(SIGNATURE_HEADER, good.as_str())],
        &[],
    ] {
        let answer = server.post(path::ASKS, headers, body);
        assert_eq!((answer.status, answer.code()), (401, "bad_signature"), "{headers:?}");
    }
}

#[test]
fn a_body_is_signed_before_it_is_compressed() {
    let server = Server::plain();
    let till = server.till();
    let body = br#"{"wait_ms":0}"#;
    let stream = till.stream.to_string();
    let signature = sign_request(&till.key, server.hub.id(), till.stream, path::ASKS, body);
    let sent = zstd::bulk::compress(body, 3).expect("memory");
    let signed = [(STREAM_HEADER, stream.as_str()), (SIGNATURE_HEADER, signature.as_str())];
    let headers = [signed[0], signed[1], ("content-encoding", "zstd")];
    assert_eq!(server.post(path::ASKS, &headers, &sent).status, 200);
    let answer = server.post(path::ASKS, &signed, &sent);
    assert_eq!((answer.status, answer.code()), (401, "bad_signature"));
}

#[test]
fn a_new_till_is_believed_with_the_key_it_brings_and_no_other() {
    let server = Server::plain();
    let (till, other) = (Till::new(1), Till::new(2));
    let ask = json!({
        "code": "0123-4567-89AB-CDEF", "stream": till.stream,
        "public_key": hex::encode(till.key.public()), "protocol": {"min": 1, "max": 1},
        "name": "Desk", "has_business": true,
    });
    let body = ask.to_string();
    assert_eq!(server.signed(&till, path::ENROL, body.as_bytes()).code(), "bad_code");
    let stranger = Till { stream: till.stream, key: StreamKey::from_seed(&[2; 32]) };
    assert_eq!(server.signed(&stranger, path::ENROL, body.as_bytes()).code(), "bad_signature");
    assert_eq!(server.signed(&other, path::ENROL, body.as_bytes()).code(), "bad_signature");
}

#[test]
fn a_greeting_of_a_new_life_is_signed_with_the_key_that_it_brings() {
    let server = Server::plain();
    let till = server.till();
    let greeting = |key: Option<&StreamKey>| {
        let known = json!({"seq": 0, "hash": "0".repeat(64)});
        let mut ask = json!({
            "protocol": {"min": 1, "max": 1}, "epoch": 1, "acked": known, "now_ms": 0,
        });
        if let Some(key) = key {
            ask["endorsement"] = json!({
                "public_key": hex::encode(key.public()), "by": till.stream, "signature": "",
                "first": {"header": "", "salt": "", "payload": ""},
            });
        }
        ask.to_string().into_bytes()
    };
    assert_eq!(server.signed(&till, path::GREET, &greeting(None)).status, 200);
    let next = Till {
        stream: StreamId { incarnation: 2, ..till.stream },
        key: StreamKey::from_seed(&[3; 32]),
    };
    assert_eq!(server.signed(&next, path::GREET, &greeting(None)).code(), "bad_signature");
    let other = StreamKey::from_seed(&[4; 32]);
    let answer = server.signed(&next, path::GREET, &greeting(Some(&other)));
    assert_eq!(answer.code(), "bad_signature");
    // Signed as it should be, and the use case looks at who vouches.
    let answer = server.signed(&next, path::GREET, &greeting(Some(&next.key)));
    assert!(!answer.text().contains("not this stream's"), "{}", answer.text());
    assert_eq!(answer.code(), "bad_signature");
    // A known life with another key is a fork, not a stranger: and no more than that is told.
    let twin = Till { stream: till.stream, key: StreamKey::from_seed(&[5; 32]) };
    let answer = server.signed(&twin, path::GREET, &greeting(Some(&twin.key)));
    assert_eq!(answer.code(), "fork_detected");
}

/// A signed call through a door without a network: `200`, or what it was refused for.
fn signed_through(door: &Direct, hub: &Hub, till: &Till, path: &str, body: &Value) -> String {
    let body = body.to_string().into_bytes();
    let signature = sign_request(&till.key, hub.id(), till.stream, path, &body);
    let headers = [(STREAM_HEADER, till.stream.to_string()), (SIGNATURE_HEADER, signature)];
    let (status, body) = door.post(path, &headers, body).expect("an answer");
    WireRefusal::read(&body).map_or(status.to_string(), |refusal| refusal.code.name().into())
}

fn greeting() -> Value {
    let known = json!({"seq": 0, "hash": "0".repeat(64)});
    json!({"protocol": {"min": 1, "max": 1}, "epoch": 1, "acked": known, "now_ms": 0})
}

#[test]
fn who_was_not_heard_of_lately_waits_with_the_long_calls() {
    let server = Server::plain();
    let till = server.till();
    let (gate, hub) = (Gate::full_of_long_calls(), Arc::clone(&server.hub));
    let door = Direct::through(gate, Arc::default(), hub, [0; 32]).expect("a door");
    let post =
        |till: &Till, path, body: &Value| signed_through(&door, &server.hub, till, path, body);
    let asks = json!({"wait_ms": 0});
    assert_eq!(post(&till, path::GREET, &greeting()), "slow_down");
    // Whoever only says that it is this till does not make it heard of.
    let nobody = Till { stream: till.stream, key: StreamKey::from_seed(&[8; 32]) };
    assert_eq!(post(&nobody, path::ASKS, &asks), "bad_signature");
    assert_eq!(post(&till, path::GREET, &greeting()), "slow_down");
    assert_eq!(post(&till, path::ASKS, &asks), "200");
    assert_eq!(post(&till, path::GREET, &greeting()), "200");
}

/// A new life brings the key that its greeting is signed with: anybody can do that, for as many lives as
/// they can count. Only one that is vouched for is known afterwards.
#[test]
fn a_life_that_nobody_vouches_for_is_not_heard_of() {
    let server = Server::plain();
    let till = server.till();
    let (regulars, hub) = (Arc::new(Regulars::default()), Arc::clone(&server.hub));
    let door = Direct::through(Gate::here(), Arc::clone(&regulars), hub, [0; 32]).expect("a door");
    let stream = StreamId { incarnation: 7, ..till.stream };
    let invented = Till { stream, key: StreamKey::from_seed(&[8; 32]) };
    let mut brings = greeting();
    brings["endorsement"] = json!({
        "public_key": hex::encode(invented.key.public()),
        "by": till.stream,
        "signature": "0".repeat(128),
        "first": {"header": "00", "salt": "00", "payload": "{}"},
    });
    let said = signed_through(&door, &server.hub, &invented, path::GREET, &brings);
    assert_ne!(said, "200");
    assert!(!regulars.knows(&stream, Instant::now()), "{said}");
    assert_eq!(signed_through(&door, &server.hub, &till, path::GREET, &greeting()), "200");
    assert!(regulars.knows(&till.stream, Instant::now()));
}

#[test]
fn large_bodies_and_bombs_are_refused() {
    let server = Server::plain();
    let long = vec![b' '; 3 * 1024 * 1024];
    let answer = server.post(path::ENROL_BEGIN, &[], &long);
    assert_eq!((answer.status, answer.code()), (413, "too_large"));
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).expect("an encoder");
    let zeroes = vec![0; 1024 * 1024];
    for _ in 0..64 {
        encoder.write_all(&zeroes).expect("memory");
    }
    let bomb = encoder.finish().expect("memory");
    let answer = server.post(path::ENROL_BEGIN, &[("content-encoding", "zstd")], &bomb);
    assert_eq!((answer.status, answer.code()), (413, "too_large"));
    let answer = server.post(path::ENROL_BEGIN, &[("content-encoding", "gzip")], b"{}");
    assert_eq!((answer.status, answer.code()), (400, "bad_request"));
}

#[test]
fn what_is_cut_short_is_a_bad_request() {
    let server = Server::plain();
    for body in [&b""[..], b"{\"code_id\":\"AB", b"{}", b"[]", b"\xff"] {
        let answer = server.post(path::ENROL_BEGIN, &[], body);
        assert_eq!((answer.status, answer.code()), (400, "bad_request"), "{body:?}");
    }
    // Cut on the way: nobody is left to be answered, and the hub goes on.
    let mut stream = TcpStream::connect(server.addr()).expect("it listens");
    stream.write_all(head("POST", path::ENROL_BEGIN, &[], 100).as_bytes()).expect("sent");
    stream.write_all(b"{\"code_id\":").expect("sent");
    stream.shutdown(Shutdown::Write).expect("cut");
    let mut rest = String::new();
    stream.read_to_string(&mut rest).expect("closed");
    assert!(rest.is_empty() || rest.contains(" 400 "), "{rest}");
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn who_guesses_at_codes_is_slowed_down() {
    let options = Options { tls: Tls::Off, enrol_per_minute: 2, ..Options::default() };
    let server = Server::start(options);
    for expected in [400, 400, 429] {
        let answer = server.post(path::ENROL_BEGIN, &[], b"{}");
        assert_eq!(answer.status, expected);
        if expected == 429 {
            assert_eq!(answer.code(), "slow_down");
            let seconds: u64 = answer.header("retry-after").parse().expect("seconds");
            assert!((1..=30).contains(&seconds), "{seconds}");
        }
    }
    assert_eq!(server.post(path::ENROL, &[], b"{}").code(), "bad_signature", "its own count");
}

#[test]
fn the_figures_are_for_this_machine() {
    let server = Server::plain();
    server.get(path::HELLO);
    let text = server.get("/metrics").text();
    for line in [
        "punchcard_hub_requests_total{route=\"/v1/hello\",status=\"200\"} 1",
        "punchcard_hub_tills 0",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    let proxied = [("x-forwarded-for", "203.0.113.9")];
    assert_eq!(ask(server.addr(), "GET", "/metrics", &proxied, b"").status, 404);
    let any = Options { tls: Tls::Off, metrics_any: true, ..Options::default() };
    let server = Server::start(any);
    assert_eq!(ask(server.addr(), "GET", "/metrics", &proxied, b"").status, 200);
}

#[test]
fn a_draw_that_nobody_can_serve_does_not_wait() {
    let server = Server::plain();
    let till = server.till();
    let id = "01a20eea-b452-7311-9b64-13c28cb7d65f";
    let body = json!({"id": id, "member": id, "kind": "points", "amount": 5}).to_string();
    let started = Instant::now();
    let answer = server.signed(&till, path::DRAW, body.as_bytes());
    assert_eq!((answer.status, answer.json()["granted"].clone()), (200, json!(0)));
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
}

#[test]
fn an_answer_is_compressed_for_who_takes_it() {
    let server = Server::plain();
    let till = server.till();
    let body = br#"{"epoch":1,"channel":"all","after":0,"limit":500}"#;
    let stream = till.stream.to_string();
    let signature = sign_request(&till.key, server.hub.id(), till.stream, path::PULL, body);
    let signed = [(STREAM_HEADER, stream.as_str()), (SIGNATURE_HEADER, signature.as_str())];
    let plain = server.post(path::PULL, &signed, body);
    assert_eq!((plain.status, plain.header("content-encoding")), (200, ""));
    let headers = [signed[0], signed[1], ("accept-encoding", "gzip, zstd")];
    let packed = server.post(path::PULL, &headers, body);
    assert_eq!(packed.header("content-encoding"), "zstd");
    let expanded = zstd::decode_all(packed.body.as_slice()).expect("whole");
    assert_eq!(expanded, plain.body);
}

#[test]
fn who_waits_is_answered_when_the_server_stops() {
    let mut server = Server::plain();
    let till = server.till();
    let body = br#"{"wait_ms":20000}"#;
    let signature = sign_request(&till.key, server.hub.id(), till.stream, path::ASKS, body);
    let addr = server.addr();
    let waiting = std::thread::spawn(move || {
        let stream = till.stream.to_string();
        let headers = [(STREAM_HEADER, stream.as_str()), (SIGNATURE_HEADER, signature.as_str())];
        ask(addr, "POST", path::ASKS, &headers, body)
    });
    std::thread::sleep(Duration::from_millis(300));
    let started = Instant::now();
    server.running.take().expect("it runs").stop();
    let answer = waiting.join().expect("answered");
    assert_eq!((answer.status, answer.json()), (200, json!({"asks": []})));
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    assert!(TcpStream::connect(addr).is_err(), "nothing new is accepted");
}

mod encrypted {
    use rustls::{
        ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, StreamOwned,
        client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        crypto::ring,
        pki_types::{CertificateDer, ServerName, UnixTime},
    };
    use sha2::{Digest as _, Sha256};

    use super::*;

    /// As a till that does not know the hub yet: sees a certificate, and asks nobody about it.
    #[derive(Debug)]
    struct Anything;

    impl ServerCertVerifier for Anything {
        fn verify_server_cert(
            &self,
            _: &CertificateDer<'_>,
            _: &[CertificateDer<'_>],
            _: &ServerName<'_>,
            _: &[u8],
            _: UnixTime,
        ) -> Result<ServerCertVerified, Error> {
            Ok(ServerCertVerified::assertion())
        }

        fn verify_tls12_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signature: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            let known = ring::default_provider().signature_verification_algorithms;
            rustls::crypto::verify_tls12_signature(message, certificate, signature, &known)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signature: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            let known = ring::default_provider().signature_verification_algorithms;
            rustls::crypto::verify_tls13_signature(message, certificate, signature, &known)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            ring::default_provider().signature_verification_algorithms.supported_schemes()
        }
    }

    /// Asks over TLS; returns the answer, and the hash of the certificate that was shown.
    fn hello(
        addr: SocketAddr,
        version: &'static rustls::SupportedProtocolVersion,
    ) -> (Answer, [u8; 32]) {
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[version])
            .expect("known")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anything))
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").expect("a name");
        let client = ClientConnection::new(Arc::new(config), name).expect("a client");
        let socket = TcpStream::connect(addr).expect("it listens");
        let mut stream = StreamOwned::new(client, socket);
        stream.write_all(head("GET", path::HELLO, &[], 0).as_bytes()).expect("sent");
        let answer = read(&mut stream);
        let shown = stream.conn.peer_certificates().expect("shown")[0].clone();
        (answer, Sha256::digest(&shown).into())
    }

    #[test]
    fn the_certificate_is_the_one_it_says_and_stays_the_same() {
        let mut server = Server::start(Options::default());
        let running = server.running.take().expect("it runs");
        assert!(running.url().starts_with("https://127.0.0.1:"));
        for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
            let (answer, shown) = hello(running.addr(), version);
            assert_eq!(answer.status, 200);
            assert_eq!(shown, running.certificate());
        }
        let before = running.certificate();
        running.stop();
        let again = serve(open(&server.folder), Options::default()).expect("it serves");
        assert_eq!(again.certificate(), before);
        let off = Options { tls: Tls::Off, ..Options::default() };
        let off = serve(open(&server.folder), off).expect("it serves");
        assert_eq!(off.certificate(), [0; 32]);
    }

    #[test]
    fn who_never_shakes_hands_is_in_nobodys_way() {
        let server = Server::start(Options::default());
        let _silent: Vec<TcpStream> =
            (0..20).map(|_| TcpStream::connect(server.addr()).expect("it listens")).collect();
        let (answer, _) = hello(server.addr(), &rustls::version::TLS13);
        assert_eq!(answer.status, 200);
    }
}
