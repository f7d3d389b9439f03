//! A business of many tills, ten to a store, each store following its own, and what they do all day.

use punchcard_hub::Hub;
use punchcard_protocol::{MemberId, StoreId};

use crate::{Outcome, desk::Desk};

/// A hub that was never restored.
pub const EPOCH: u32 = 1;
const TILLS_OF_A_STORE: u32 = 10;
const MEMBERS_OF_A_STORE: u32 = 100;

/// A till with the members it serves, and how far it has read each of its channels.
pub struct Working {
    /// Its journal.
    pub desk: Desk,
    /// How far it has read what.
    pub read: Vec<(String, u64)>,
    members: Vec<MemberId>,
}

/// The business with its stores, their members and so many tills, all of it in the hub.
///
/// # Errors
/// Those of the hub.
pub fn business(hub: &Hub, tills: u32) -> Outcome<Vec<Working>> {
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
                members = (0..MEMBERS_OF_A_STORE)
                    .map(|member| desk.register(n * MEMBERS_OF_A_STORE + member))
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
}
