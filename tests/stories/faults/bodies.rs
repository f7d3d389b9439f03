//! A push that is cut at every byte, and bodies that would not fit when they are expanded: refused,
//! and nothing of them is taken in.

use std::{
    fmt::Write as _,
    io::{Read as _, Write as _},
    net::{Shutdown, TcpStream},
};

use punchcard_domain::fact::Fact;
use punchcard_protocol::sync::{
    Code, Push, SIGNATURE_HEADER, STREAM_HEADER, WireRefusal, path, sign_request,
};
use punchcard_tests::{business::Engine, id, on_both_engines};

use crate::scribe::{Scribe, post, stocked};

on_both_engines!(a_push_cut_at_any_byte_is_not_taken_in, what_expands_without_end_is_refused);

/// How the body of a push reaches the hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    Plain,
    /// With zstd, and a check at its end.
    Zstd,
}

/// A push ready to be sent: what was signed, and its headers.
struct Signed {
    body: Vec<u8>,
    headers: Vec<(&'static str, String)>,
}

fn signed(scribe: &Scribe, body: Vec<u8>) -> Signed {
    let signature = sign_request(&scribe.key, scribe.hub, scribe.stream, path::PUSH, &body);
    let headers = vec![(STREAM_HEADER, scribe.stream.to_string()), (SIGNATURE_HEADER, signature)];
    Signed { body, headers }
}

impl Signed {
    /// The bytes that go over the wire, and what is said about them.
    fn sent(&self, how: Sent) -> (Vec<u8>, Vec<(&'static str, String)>) {
        let mut headers = self.headers.clone();
        if how == Sent::Plain {
            return (self.body.clone(), headers);
        }
        headers.push(("content-encoding", "zstd".into()));
        let mut encoder = zstd::Encoder::new(Vec::new(), 3).expect("an encoder");
        encoder.include_checksum(true).expect("it can");
        encoder.write_all(&self.body).expect("memory");
        (encoder.finish().expect("memory"), headers)
    }
}

/// Announces the whole body, sends a part of it, and hangs up; what was answered, if anything was.
fn hung_up(scribe: &Scribe, headers: &[(&str, String)], body: &[u8], cut: usize) -> Vec<u8> {
    let mut stream = TcpStream::connect(scribe.door.addr()).expect("it listens");
    let mut head = format!("POST {} HTTP/1.1\r\nhost: hub\r\n", path::PUSH);
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n").expect("memory");
    }
    write!(head, "content-length: {}\r\n\r\n", body.len()).expect("memory");
    stream.write_all(head.as_bytes()).expect("sent");
    stream.write_all(&body[..cut]).expect("sent");
    stream.shutdown(Shutdown::Write).expect("hung up");
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer));
    answer
}

fn a_push_cut_at_any_byte_is_not_taken_in(engine: Engine) {
    let (business, first, second, member, _) = stocked(engine);
    let mut scribe = Scribe::join(&business);
    let fact = Fact::PointsEarned(scribe.earned(id(&member), scribe.lot(10)));
    let packet = scribe.fact(&fact, None);
    let head = scribe.key.sign(scribe.stream, scribe.link);
    // Blanks at the end: what is left of them is still JSON, all of it.
    let mut body = serde_json::to_vec(&Push { head, packets: vec![packet] }).expect("JSON");
    body.extend_from_slice(b"   \n");
    let push = signed(&scribe, body);
    let entries = || business.hub.figures().expect("it answers").entries;
    let before = entries();
    let mut cuts = 0;
    for how in [Sent::Plain, Sent::Zstd] {
        let (body, headers) = push.sent(how);
        for cut in 0..body.len() {
            // The line is cut; or somebody between passes less on and says that it is all.
            let answer = hung_up(&scribe, &headers, &body, cut);
            let answer = String::from_utf8_lossy(&answer).into_owned();
            assert!(!answer.starts_with("HTTP/1.1 2"), "{how:?} cut at {cut}: {answer}");
            let (status, said) = post(scribe.door.addr(), path::PUSH, &headers, &body[..cut]);
            let code = WireRefusal::read(&said).map(|refusal| refusal.code);
            let refused = matches!(
                (status, code),
                (400, Some(Code::BadRequest)) | (401, Some(Code::BadSignature))
            );
            assert!(refused, "{how:?} cut to {cut}: {status} {code:?}");
            cuts += 2;
        }
        assert_eq!(entries(), before, "{how:?}: nothing came in");
    }
    assert_eq!(business.hub.figures().expect("it answers").quarantined, 0);
    // Whole it is taken in, either way, and counts once.
    for how in [Sent::Zstd, Sent::Plain] {
        let (body, headers) = push.sent(how);
        let (status, said) = post(scribe.door.addr(), path::PUSH, &headers, &body);
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&said));
    }
    assert_eq!(entries(), before + 1);
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&member), (510, 500, 0));
    println!("{cuts} cuts on {engine:?}: nothing came in; whole, it came in once");
}

/// A gibibyte of blanks in a few kilobytes, around a push that is good: by itself, in many frames,
/// and from a window that is too large.
fn what_expands_without_end_is_refused(engine: Engine) {
    let (business, first, second, member, _) = stocked(engine);
    let mut scribe = Scribe::join(&business);
    let fact = Fact::PointsEarned(scribe.earned(id(&member), scribe.lot(10)));
    let packet = scribe.fact(&fact, None);
    let head = scribe.key.sign(scribe.stream, scribe.link);
    let push = serde_json::to_vec(&Push { head, packets: vec![packet] }).expect("JSON");
    let entries = || business.hub.figures().expect("it answers").entries;
    let before = entries();
    let blanks = vec![b' '; 1 << 20];
    let peak_before = peak_kib();
    for (mebibytes, frames, window) in [(1024, 1, 20), (1, 1024, 20), (9, 1, 27)] {
        let frame = |first: &[u8]| {
            let mut encoder = zstd::Encoder::new(Vec::new(), 1).expect("an encoder");
            encoder.window_log(window).expect("a window");
            encoder.write_all(first).expect("memory");
            for _ in 0..mebibytes {
                encoder.write_all(&blanks).expect("memory");
            }
            encoder.finish().expect("memory")
        };
        let mut sent = frame(&push);
        for _ in 1..frames {
            sent.extend(frame(b""));
        }
        let mut headers = signed(&scribe, push.clone()).headers;
        headers.push(("content-encoding", "zstd".into()));
        let (status, said) = post(scribe.door.addr(), path::PUSH, &headers, &sent);
        let code = WireRefusal::read(&said).map(|refusal| refusal.code);
        assert_eq!((status, code), (413, Some(Code::TooLarge)), "{mebibytes} MiB × {frames}");
    }
    assert_eq!(entries(), before);
    let grown = (peak_kib() - peak_before) / 1024;
    assert!(grown < 256, "{grown} MiB were needed to refuse it");
    scribe.says(serde_json::from_slice::<Push>(&push).expect("JSON").packets);
    business.same_everywhere(&[&first, &second]);
    assert_eq!(first.points(&member), (510, 500, 0));
}

/// The most that this process ever had in memory.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
}
