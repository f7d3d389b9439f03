//! Defences that a test takes away, to see that the simulated fleet would miss them.
//!
//! Nothing that a person, a file, a setting or a call can say reaches this: it is set in code, by
//! whoever opens a hub, and in a build without debug assertions it does nothing at all.

/// What a hub goes without. The default: nothing.
#[expect(clippy::struct_excessive_bools, reason = "each is a defence of its own")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Weak {
    /// The fork check: another entry at a place that is taken is passed over.
    pub forks_unseen: bool,
    /// The single-writer rule: a till may debit what is not its own.
    pub many_writers: bool,
    /// The row lock, on PostgreSQL: whoever writes does not wait for the row under which positions are
    /// given out.
    pub no_row_lock: bool,
    /// Noticing that it is not the newest there is: whoever has seen more, or something else, proves
    /// nothing.
    pub restored_unseen: bool,
    /// Noticing, while it runs, that another server took over from the one that it wrote to.
    pub takeover_unseen: bool,
    /// Erasure of what comes late: private parts of somebody who was erased are kept, and passed on.
    pub erased_parts_kept: bool,
    /// Publishing what was acknowledged alone: the cursor moves before NATS has said anything, and where
    /// its stream ends is not asked.
    pub unacknowledged: bool,
    /// No defence: a pull is answered with so many entries at most, so that a short log has many
    /// pages.
    pub page: Option<usize>,
}

impl Weak {
    /// What of it counts in this build.
    pub(crate) fn in_this_build(self) -> Self {
        if cfg!(debug_assertions) { self } else { Self::default() }
    }
}
