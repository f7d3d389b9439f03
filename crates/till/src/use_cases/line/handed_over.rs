//! What the hub refused of this till, and keeps aside.

use punchcard_protocol::{StreamId, sync::Known};

use super::{
    super::{erase, notices},
    lives::{OwnLife, is_own_earlier},
};
use crate::{
    error::Result,
    store::{
        journal,
        local::{self, HubLink},
        marks::set_acked,
        streams,
    },
    till::Till,
    work::Work,
};

impl Till {
    /// The epoch of the hub to which this till has handed over what is not in its log.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn handed_over_in(&self) -> Result<Option<u64>> {
        self.read(|db| {
            let known = local::get(db, local::HANDED_OVER_IN)?;
            let hub: Option<HubLink> = local::get(db, local::HUB)?;
            Ok(known.or(hub.map(|hub| hub.epoch.into())))
        })
    }

    /// How many bodies the hub said it keeps aside of what this till handed over.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn kept_aside(&self) -> Result<u64> {
        Ok(self.read(|db| local::get(db, local::KEPT_ASIDE))?.unwrap_or(0))
    }

    /// Whether entries of a journal were refused and handed over: they count as acknowledged, and are
    /// not in the hub's log.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn has_handed_over(&self, stream: StreamId) -> Result<bool> {
        let refused: Option<Vec<StreamId>> = self.read(|db| local::get(db, local::HANDED_OVER))?;
        Ok(refused.is_some_and(|refused| refused.contains(&stream)))
    }

    /// The hub refused a journal's entries up to here, and keeps them aside: so many bodies of this till,
    /// if it says that. They are not sent again.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn handed_over(&self, life: &OwnLife, seq: u64, aside: Option<u64>) -> Result<()> {
        self.write(|work| {
            set_acked(work.db, life.number, seq, 0)?;
            if let Some(bodies) = aside {
                local::set(work.db, local::KEPT_ASIDE, &bodies)?;
            }
            let mut refused: Vec<StreamId> =
                local::get(work.db, local::HANDED_OVER)?.unwrap_or_default();
            if !refused.contains(&life.stream) {
                refused.push(life.stream);
                local::set(work.db, local::HANDED_OVER, &refused)?;
            }
            Ok(())
        })
    }

    /// The hub, in this epoch, has so much of each journal, and keeps so many bodies aside; the rest is
    /// to be handed over.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn hand_over_from(
        &self,
        there: &[(OwnLife, u64)],
        epoch: u64,
        aside: u64,
    ) -> Result<()> {
        self.write(|work| {
            for (life, seq) in there {
                set_acked(work.db, life.number, (*seq).min(life.newest.seq), 0)?;
            }
            local::set(work.db, local::KEPT_ASIDE, &aside)?;
            local::set(work.db, local::HANDED_OVER_IN, &epoch)
        })
    }
}

/// What the hub refused of an earlier life, and keeps aside, is set aside here too, and the tables are
/// made anew without it: that life has ended, and this till goes on with what everybody else has. Of a
/// life that has another history at the hub, that history is still to be read, and settles it.
pub(super) fn set_refused_aside(work: &mut Work<'_>, there: &[(StreamId, Known)]) -> Result<()> {
    let refused: Vec<StreamId> = local::get(work.db, local::HANDED_OVER)?.unwrap_or_default();
    let mut entries = 0;
    for (number, stream) in streams::all(work.db)? {
        let known = there.iter().find(|(life, _)| *life == stream && refused.contains(life));
        let Some((_, known)) = known.filter(|_| is_own_earlier(work, stream)) else { continue };
        let (newest, _) = journal::newest(work.db, number)?;
        let here = journal::link_at(work.db, number, known.seq)?;
        let follows = known.seq == 0 || here.is_some_and(|link| link.hash == known.hash);
        if follows && newest.seq > known.seq {
            journal::set_aside(work.db, number, known.seq + 1)?;
            set_acked(work.db, number, known.seq, 0)?;
            entries += newest.seq - known.seq;
        }
    }
    if entries > 0 {
        work.rebuild()?;
        erase::again(work)?;
        notices::tell(work, "set_aside", &[("count", entries.to_string())])?;
    }
    Ok(())
}

/// Whether the hub's last word was that this till does not belong to the business.
pub(super) fn was_sent_away(work: &Work<'_>) -> Result<bool> {
    let refused: Option<String> = local::get(work.db, local::REFUSED)?;
    Ok(refused.as_deref() == Some("device_revoked"))
}
