//! A business of many tills, ten to a store, each store following its own, and what they do all day.

use std::{
    env, thread,
    time::{Duration, Instant},
};

use punchcard_hub::Hub;
use punchcard_protocol::{
    MemberId, StoreId,
    sync::{LIMITS, Pull},
};

use punchcard_tests::cluster::Cluster;

use crate::{Outcome, desk::Desk};

/// A hub that was never restored.
pub const EPOCH: u32 = 1;
/// In how many calls a till hands over what it writes in a day.
pub const CALLS: u32 = 10;
/// How much it hands over with each.
pub const ENTRIES_OF_A_CALL: u32 = 50;
/// A quarter of a machine of 24 GB, and room for half an hour between two checkpoints.
const MEMORY: &str = "shared_buffers=6GB,max_wal_size=8GB,checkpoint_timeout=30min";
/// So many tills share a store and its members.
pub const TILLS_OF_A_STORE: u32 = 10;
/// So many tills call at one time: no more than the fewest that a bench has, so that it is not the crowd that is
/// compared.
const AT_A_TIME: usize = 10;

/// A till with the members it serves, and how far it has read each of its channels.
pub struct Working {
    /// Its journal.
    pub desk: Desk,
    /// How far it has read what.
    pub read: Vec<(String, u64)>,
    members: Vec<MemberId>,
}

/// The business with its stores, the members of each and so many tills, all of it in the hub.
///
/// # Errors
/// Those of the hub.
pub fn business(hub: &Hub, tills: u32, members_of_a_store: u32) -> Outcome<Vec<Working>> {
    let mut first = Desk::first(hub)?;
    first.close();
    first.send(hub)?;
    hub.set_follow("own")?;
    let mut all = Vec::new();
    for n in 0..tills.div_ceil(TILLS_OF_A_STORE) {
        let store = hub.add_store(&format!("{n} 店"), "Asia/Shanghai")?;
        let mut members = Vec::new();
        for till in 0..TILLS_OF_A_STORE.min(tills - n * TILLS_OF_A_STORE) {
            let number = n * TILLS_OF_A_STORE + till + 1;
            let mut desk = Desk::another(hub, number, store)?;
            if till == 0 {
                members = (0..members_of_a_store)
                    .map(|member| desk.register(n * members_of_a_store + member))
                    .collect::<Outcome<_>>()?;
            }
            desk.close();
            desk.send(hub)?;
            all.push(Working { desk, members: members.clone(), read: channels(store) });
        }
    }
    Ok(all)
}

fn channels(store: StoreId) -> Vec<(String, u64)> {
    vec![("org".into(), 0), (format!("store/{store}"), 0)]
}

impl Working {
    /// Writes so many entries, half of them visits, half points, and signs them as one batch.
    ///
    /// # Errors
    /// Where one cannot be written as an entry.
    pub fn write(&mut self, entries: u32) -> Outcome<()> {
        for n in 0..entries {
            let at = usize::try_from(self.desk.dice.below(self.members.len() as u64))?;
            let member = *self.members.get(at).ok_or("a member")?;
            if n.is_multiple_of(2) { self.desk.visit(member)? } else { self.desk.earn(member)? }
        }
        self.desk.close();
        Ok(())
    }

    /// Stands at the ends of its channels without having read them, as a till that just began from a
    /// snapshot does.
    ///
    /// # Errors
    /// Those of the hub.
    pub fn skip_to_the_end(&mut self, hub: &Hub) -> Outcome<()> {
        let stream = self.desk.stream();
        for (channel, after) in &mut self.read {
            let channel = channel.clone();
            let ask = Pull { epoch: EPOCH, channel, after: *after, limit: 1, edge: false };
            *after = hub.pull(stream, &ask)?.head;
        }
        Ok(())
    }

    /// Reads its channels to their ends.
    ///
    /// # Errors
    /// Those of the hub.
    pub fn read_on(&mut self, hub: &Hub) -> Outcome<()> {
        let stream = self.desk.stream();
        for (channel, after) in &mut self.read {
            loop {
                let (channel, limit) = (channel.clone(), LIMITS.batch_entries);
                let ask = Pull { epoch: EPOCH, channel, after: *after, limit, edge: false };
                let answer = hub.pull(stream, &ask)?;
                *after = answer.scanned_to;
                if answer.scanned_to >= answer.head {
                    break;
                }
            }
        }
        Ok(())
    }
}

/// What some tills did, and how long it took.
#[derive(Default)]
pub struct Worked {
    /// Each entry, over all of them: of each stretch of time.
    pub entries: Vec<Duration>,
    /// Each push.
    pub pushes: Vec<Duration>,
    /// Each reading of what is new.
    pub pulls: Vec<Duration>,
}

impl Worked {
    /// One stretch more.
    pub fn and(&mut self, other: Self) {
        self.entries.extend(other.entries);
        self.pushes.extend(other.pushes);
        self.pulls.extend(other.pulls);
    }
}

/// Each of them hands over so many times what it wrote, and reads what is new for it.
///
/// # Errors
/// Those of the hub.
pub fn work(hub: &Hub, working: &mut [Working], calls: u32) -> Outcome<Worked> {
    let began = Instant::now();
    let hands = by_hands(working, |hand| worked(hub, hand, calls))?;
    let entries = u32::try_from(working.len())? * calls * ENTRIES_OF_A_CALL;
    let mut all = Worked { entries: vec![began.elapsed() / entries.max(1)], ..Worked::default() };
    for hand in hands {
        all.and(hand);
    }
    Ok(all)
}

/// PostgreSQL as an office runs it; returns its settings too.
///
/// `PUNCHCARD_BENCH_POSTGRES` (`shared_buffers=128MB,max_wal_size=1GB`) chooses others.
pub fn server() -> (Cluster, String) {
    let settings = env::var("PUNCHCARD_BENCH_POSTGRES").unwrap_or_else(|_| MEMORY.into());
    (Cluster::start_with(&settings.split(',').collect::<Vec<_>>()), settings)
}

/// So many entries of all of them together come into the hub, in the largest calls there are, or a few more;
/// returns how many.
///
/// # Errors
/// Those of the hub.
pub fn years(hub: &Hub, working: &mut [Working], entries: u64) -> Outcome<u64> {
    let call = u32::try_from(LIMITS.batch_entries)?;
    let calls = entries.div_ceil(u64::from(call)).div_ceil(working.len() as u64);
    by_hands(working, |hand| {
        for _ in 0..calls {
            for till in &mut *hand {
                till.write(call)?;
                till.desk.send(hub)?;
            }
        }
        Ok(())
    })?;
    Ok(calls * u64::from(call) * working.len() as u64)
}

/// Deals the tills out to as many hands as call at one time, and lets all of them work.
fn by_hands<T: Send>(
    working: &mut [Working],
    work: impl Fn(&mut [Working]) -> Outcome<T> + Sync,
) -> Outcome<Vec<T>> {
    let of_a_hand = working.len().div_ceil(AT_A_TIME).max(1);
    let work = &work;
    thread::scope(|scope| {
        let hands: Vec<_> = working
            .chunks_mut(of_a_hand)
            .map(|hand| scope.spawn(move || work(hand).map_err(|error| error.to_string())))
            .collect();
        hands.into_iter().map(|hand| Ok(hand.join().map_err(|_| "a till fell over")??)).collect()
    })
}

/// Some tills in turn, call by call.
fn worked(hub: &Hub, tills: &mut [Working], calls: u32) -> Outcome<Worked> {
    let mut times = Worked::default();
    for _ in 0..calls {
        for till in &mut *tills {
            till.write(ENTRIES_OF_A_CALL)?;
            let began = Instant::now();
            till.desk.send(hub)?;
            times.pushes.push(began.elapsed());
            let began = Instant::now();
            till.read_on(hub)?;
            times.pulls.push(began.elapsed());
        }
    }
    Ok(times)
}
