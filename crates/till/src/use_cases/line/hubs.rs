//! The hub that a till belongs to, and those that the business had before.

use punchcard_protocol::{StoreId, sync::EnrolAnswer};
use rusqlite::Connection;

use crate::{
    error::Result,
    store::{
        hubs,
        local::{self, HubLink},
        marks, records,
    },
    till::Till,
};

impl Till {
    /// The hub this till is paired with.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn hub_link(&self) -> Result<Option<HubLink>> {
        self.read(|db| local::get(db, local::HUB))
    }

    /// This till belongs to a hub's business from now on.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn paired(
        &self,
        url: &str,
        pin: Option<[u8; 32]>,
        till_name: &str,
        answer: &EnrolAnswer,
    ) -> Result<()> {
        self.write(|work| link_to(work.db, url, pin, till_name, answer))?;
        self.at_store(answer.store)
    }

    /// This till belongs to the hub again, or to the one in its place: what it knew of the hub's log is
    /// worth nothing, and it pushes everything.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn paired_again(
        &self,
        url: &str,
        pin: Option<[u8; 32]>,
        till_name: &str,
        answer: &EnrolAnswer,
    ) -> Result<()> {
        self.write(|work| {
            if let Some(hub) = local::get::<HubLink>(work.db, local::HUB)?
                && hub.hub != answer.hub
            {
                hubs::know(work.db, &[hub.hub])?;
            }
            marks::forget_cursors(work.db)?;
            marks::forget_acked(work.db)?;
            local::remove(work.db, local::REFUSED)?;
            link_to(work.db, url, pin, till_name, answer)
        })?;
        self.at_store(answer.store)
    }

    /// The till stands at another store from now on, where its record has come already.
    pub(crate) fn at_store(&self, store: StoreId) -> Result<()> {
        self.with_writer(|writer| {
            if let Ok(house) = records::house(&writer.db, store) {
                writer.house = house;
            }
            Ok(())
        })
    }
}

/// The hub that this till belongs to.
fn link_to(
    db: &Connection,
    url: &str,
    pin: Option<[u8; 32]>,
    till_name: &str,
    answer: &EnrolAnswer,
) -> Result<()> {
    let hub = HubLink {
        url: url.to_owned(),
        hub: answer.hub,
        key: answer.key.clone(),
        pin: pin.map(hex::encode),
        epoch: answer.epoch,
        till_name: till_name.to_owned(),
        channels: answer.channels.clone(),
    };
    local::remove(db, local::LOG_HEAD)?;
    local::remove(db, local::LOG_EDGE)?;
    local::set(db, local::HUB, &hub)?;
    local::set(db, local::STORE, &answer.store)
}
