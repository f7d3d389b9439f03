//! After somebody was erased: what was deleted can be read in free space until that was written anew.

use chrono::{Local, TimeZone as _, Timelike as _};

use crate::{error::Result, hub::Hub, store::erased};

impl Hub {
    /// Clears free space of what was erased, where that is due; returns whether it was. Whoever wants to
    /// write waits meanwhile: for the night.
    ///
    /// # Errors
    /// Those of the database; it is still due then.
    pub fn scrub(&self) -> Result<bool> {
        let newest = self.read(|session| erased::newest(session))?;
        let Some((epoch, position, true)) = newest else { return Ok(false) };
        self.shared_store().scrub()?;
        self.write(|work| erased::cleared(&mut *work.session, epoch, position))?;
        Ok(true)
    }

    /// The same, but only in that hour of the machine's day.
    ///
    /// # Errors
    /// As [`Hub::scrub`].
    pub fn scrub_at_night(&self, hour: u32) -> Result<bool> {
        let now = Local.timestamp_millis_opt(self.now_ms()).earliest();
        if now.is_some_and(|now| now.hour() == hour) { self.scrub() } else { Ok(false) }
    }
}
