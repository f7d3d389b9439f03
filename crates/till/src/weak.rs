//! Defences that a test takes away, to see that the simulated fleet would miss them.
//!
//! Nothing that a person, a file, a setting or a call can say reaches this: it is set in code, by
//! whoever opens a till, and in a build without debug assertions it does nothing at all.

/// What a till goes without. The default: nothing.
#[expect(clippy::struct_excessive_bools, reason = "each is a defence of its own")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Weak {
    /// The single-writer rule: what lies with another till can be spent here too.
    pub many_writers: bool,
    /// Data and cursor in one transaction: the cursor goes first, in one of its own.
    pub cursor_apart: bool,
    /// Two-level acknowledgement: what a hub once took in is never sent again.
    pub acked_for_good: bool,
    /// Card numbers of one life alone: blocks that earlier lives were allotted are gone on with.
    pub blocks_of_all_lives: bool,
    /// Clearing what is deleted: SQLite leaves it in its pages.
    pub deleted_stays: bool,
    /// The latest merge of a file holds: taking back an earlier one parts it anyway.
    pub merges_part_anyway: bool,
    /// Numbers of lives that two copies hardly ever share: each takes the next one.
    pub lives_in_turn: bool,
    /// The witness: whatever a hub says of its log is believed.
    pub no_witness: bool,
}

impl Weak {
    /// What of it counts in this build.
    pub(crate) fn in_this_build(self) -> Self {
        if cfg!(debug_assertions) { self } else { Self::default() }
    }
}
