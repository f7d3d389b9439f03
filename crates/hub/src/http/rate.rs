//! How often one address may guess, and one till may ask who somebody is.
//!
//! For each of them one number is kept: when its next call would be due if calls came evenly. A
//! call may come a whole burst before that. Behind a proxy all tills have one address; pairing is
//! rare enough for that, and a header that names another address can be invented.

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use punchcard_protocol::sync::{Code, WireRefusal};

/// Callers that are remembered.
const REMEMBERED: usize = 10_000;

/// So many calls a minute of one caller.
pub(super) struct Rate<K> {
    started: Instant,
    every: Duration,
    burst: Duration,
    due: Mutex<HashMap<K, Duration>>,
}

impl<K: Eq + Hash> Rate<K> {
    /// So many calls a minute, all at once if need be.
    pub(super) fn new(per_minute: u32, started: Instant) -> Self {
        let per_minute = per_minute.max(1);
        let every = Duration::from_mins(1) / per_minute;
        Self { started, every, burst: every * (per_minute - 1), due: Mutex::default() }
    }

    /// Takes one call of `who` at `now`.
    pub(super) fn take(&self, who: K, now: Instant) -> Result<(), WireRefusal> {
        self.take_at(who, now.saturating_duration_since(self.started)).map_err(|wait| {
            let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            WireRefusal::new(Code::SlowDown, "too many calls of this kind")
                .with("retry_ms", wait_ms.max(1))
        })
    }

    fn take_at(&self, who: K, now: Duration) -> Result<(), Duration> {
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        if due.len() >= REMEMBERED {
            due.retain(|_, next| *next > now);
        }
        if due.len() >= REMEMBERED {
            // Whoever comes as so many is not held back by counting them.
            due.clear();
        }
        let next = due.entry(who).or_insert(now);
        let wait = next.saturating_sub(now).saturating_sub(self.burst);
        if !wait.is_zero() {
            return Err(wait);
        }
        *next = now.max(*next) + self.every;
        Ok(())
    }
}

/// A household has one IPv4 address, and 2⁶⁴ of IPv6.
pub(super) fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let prefix = u128::from(address) >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from(prefix))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn ten_a_minute_and_then_one_every_six_seconds() {
        let rate = Rate::new(10, Instant::now());
        let anna = peer("192.0.2.1");
        for _ in 0..10 {
            assert_eq!(rate.take_at(anna, seconds(5)), Ok(()));
        }
        assert_eq!(rate.take_at(anna, seconds(5)), Err(seconds(6)));
        assert_eq!(rate.take_at(anna, seconds(10)), Err(seconds(1)), "asking costs nothing");
        assert_eq!(rate.take_at(anna, seconds(11)), Ok(()));
        assert_eq!(rate.take_at(anna, seconds(11)), Err(seconds(6)));
        assert_eq!(rate.take_at(peer("192.0.2.2"), seconds(11)), Ok(()), "somebody else");
        for _ in 0..10 {
            assert_eq!(rate.take_at(anna, seconds(99)), Ok(()));
        }
    }

    #[test]
    fn the_refusal_says_when() {
        let started = Instant::now();
        let rate = Rate::new(1, started);
        rate.take(peer("192.0.2.1"), started).expect("the first");
        let refusal = rate.take(peer("192.0.2.1"), started).expect_err("the second");
        assert_eq!(refusal.code, Code::SlowDown);
        assert_eq!(refusal.number("retry_ms"), Some(60_000));
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let rate = Rate::new(1, Instant::now());
        assert_eq!(rate.take_at(network(peer("2001:db8::1")), seconds(0)), Ok(()));
        assert!(rate.take_at(network(peer("2001:db8::2")), seconds(0)).is_err());
        assert_eq!(rate.take_at(network(peer("2001:db8:0:1::1")), seconds(0)), Ok(()));
        assert_eq!(network(peer("::ffff:192.0.2.1")), peer("192.0.2.1"));
    }

    #[test]
    fn many_addresses_take_little_memory() {
        let rate = Rate::new(1, Instant::now());
        for number in 0..40_000u32 {
            assert_eq!(rate.take_at(IpAddr::V4(number.into()), seconds(0)), Ok(()));
        }
        assert!(rate.due.lock().expect("whole").len() <= REMEMBERED);
    }
}
