//! A line that is slow, or on which nothing moves any more.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// How often a line looks what it may pass on.
const TICK: Duration = Duration::from_millis(50);
/// What it passes on at once.
const PIECE: usize = 4 * 1024;

/// A line that lets so many bytes through each second, in each direction. It ends with the test's
/// process.
pub struct SlowLine {
    addr: SocketAddr,
    /// Bytes a second; none: nothing moves, and nobody is told.
    speed: Arc<AtomicUsize>,
}

impl SlowLine {
    /// A line to `to`, fast at first.
    pub fn new(to: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let addr = listener.local_addr().expect("bound");
        let speed = Arc::new(AtomicUsize::new(usize::MAX));
        let told = speed.clone();
        thread::spawn(move || {
            for till in listener.incoming().flatten() {
                let Ok(hub) = TcpStream::connect(to) else { continue };
                for (from, to) in [(&till, &hub), (&hub, &till)] {
                    let (from, to) = (from.try_clone(), to.try_clone());
                    let (from, to) = (from.expect("a handle"), to.expect("a handle"));
                    let speed = told.clone();
                    thread::spawn(move || trickle(&from, &to, &speed));
                }
            }
        });
        Self { addr, speed }
    }

    /// Where it is called.
    pub fn url(&self) -> String {
        format!("https://{}", self.addr)
    }

    /// So many bytes a second from now on; 0: nothing.
    pub fn bytes_a_second(&self, bytes: usize) {
        self.speed.store(bytes, Ordering::SeqCst);
    }
}

fn trickle(mut from: &TcpStream, mut to: &TcpStream, speed: &AtomicUsize) {
    let mut bytes = vec![0; PIECE];
    let mut looked = Instant::now();
    loop {
        let speed = speed.load(Ordering::SeqCst);
        let room = if speed == usize::MAX {
            PIECE
        } else {
            // By the clock: a machine that is busy makes no line slower.
            thread::sleep(TICK);
            let passed = usize::try_from(looked.elapsed().as_micros()).expect("not so long");
            (speed.saturating_mul(passed) / 1_000_000).min(PIECE)
        };
        looked = Instant::now();
        if room == 0 {
            continue;
        }
        let Ok(count @ 1..) = from.read(&mut bytes[..room]) else { break };
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    drop(from.shutdown(Shutdown::Both));
    drop(to.shutdown(Shutdown::Both));
}
