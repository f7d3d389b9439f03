//! A business of many tills, ten to a store, each store following its own, and what they do all day.

use std::{
    thread,
    time::{Duration, Instant},
};

use punchcard_hub::Hub;
use punchcard_protocol::{
    MemberId, StoreId,
    sync::{LIMITS, Pull},
};

use crate::{Outcome, desk::Desk};

/// A hub that was never restored.
pub const EPOCH: u32 = 1;
/// In how many calls a till hands over what it writes in a day.
pub const CALLS: u32 = 10;
/// How much it hands over with each.
pub const ENTRIES_OF_A_CALL: u32 = 50;
/// So many tills share a store and its members.
pub const TILLS_OF_A_STORE: u32 = 10;
/// So many tills call at one time.
const AT_A_TIME: usize = 16;

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

/// All of them work through their day: how long each push and each reading took.
///
/// # Errors
/// Those of the hub.
pub fn day(hub: &Hub, working: &mut [Working]) -> Outcome<(Vec<Duration>, Vec<Duration>)> {
    let (mut pushes, mut pulls) = (Vec::new(), Vec::new());
    for times in by_hands(working, |hand| worked(hub, hand))? {
        pushes.extend(times.0);
        pulls.extend(times.1);
    }
    Ok((pushes, pulls))
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
fn worked(hub: &Hub, tills: &mut [Working]) -> Outcome<(Vec<Duration>, Vec<Duration>)> {
    let (mut pushes, mut pulls) = (Vec::new(), Vec::new());
    for _ in 0..CALLS {
        for till in &mut *tills {
            till.write(ENTRIES_OF_A_CALL)?;
            let began = Instant::now();
            till.desk.send(hub)?;
            pushes.push(began.elapsed());
            let began = Instant::now();
            till.read_on(hub)?;
            pulls.push(began.elapsed());
        }
    }
    Ok((pushes, pulls))
}
