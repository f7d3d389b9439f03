//! Everything a check-in is decided on.

use punchcard_protocol::{MemberId, PassId, StoreId};

use crate::{
    classes::Booking,
    decide::Desk,
    earning::Outcome,
    ledger::Purse,
    member::CardState,
    standing::{ChangeOf, Sold, standing},
    terms::Terms,
    tiers::Privileges,
    time::Day,
};

/// What of a member's file a verdict depends on.
#[expect(clippy::struct_excessive_bools, reason = "each stands on a file or does not")]
#[derive(Debug, Clone, Default)]
pub struct KnownMember {
    /// Banned.
    pub banned: bool,
    /// The staff left a note.
    pub has_note: bool,
    /// Birthday.
    pub birthday: Option<Day>,
    /// The tier's multiplier in percent.
    pub multiplier_percent: i64,
    /// There is a photo.
    pub has_photo: bool,
    /// There is somebody to call.
    pub has_contact: bool,
    /// Somebody answers for them.
    pub has_guardian: bool,
    /// The version of the waiver they signed; 0: none.
    pub waiver: u32,
    /// Who answers for them signed it in their place.
    pub waiver_by_guardian: bool,
    /// What their tier is good for, beside the multiplier.
    pub privileges: Privileges,
    /// Visits of this calendar month that their tier gave, without a pass.
    pub free_visits: u32,
    /// Classes they are booked for; looked up where a pass of theirs asks for one.
    pub bookings: Vec<Booking>,
    /// What became of the card that was scanned, where it is no longer in use.
    pub card: Option<CardState>,
}

/// A pass on the file, not voided.
#[derive(Debug, Clone)]
pub struct KnownPass {
    /// Id.
    pub id: PassId,
    /// Name.
    pub name: String,
    /// First day, as it was sold.
    pub from: Day,
    /// Last day, as it was sold.
    pub until: Option<Day>,
    /// What it allows besides.
    pub terms: Terms,
    /// What happened to it since and was not taken back.
    pub changes: Vec<ChangeOf>,
    /// Its visits; none: as often as one likes.
    pub visits: Option<Purse>,
}

impl KnownPass {
    /// Visits that can be used at this desk.
    pub(super) fn visits_here(&self, desk: &Desk<'_>) -> i64 {
        let here = |purse: &Purse| purse.spendable(desk.spend_ms);
        if desk.trusted { self.visits.as_ref().map_or(0, here) } else { 0 }
    }

    /// Visits that are left, wherever they lie.
    pub(super) fn visits_on_file(&self, desk: &Desk<'_>) -> i64 {
        self.visits.as_ref().map_or(0, |purse| purse.on_file(desk.spend_ms))
    }
}

/// Whether the desk just scans, or mends a verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// A scan.
    Scan,
    /// Take a visit from a pack, seen again or not.
    UseVisit,
    /// Let in this once, for a reason.
    LetIn {
        /// The reason, in the cashier's words.
        because: String,
    },
    /// A guest of the member's comes in on a pass of theirs.
    Guest {
        /// The guest's name, in the cashier's words.
        name: String,
    },
}

/// A visit that counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastVisit {
    /// When: Unix ms.
    pub at_ms: i64,
    /// Where, as far as that is known.
    pub store: Option<StoreId>,
}

/// Everything a check-in is decided on.
#[derive(Debug, Clone)]
pub struct CheckIn {
    /// Who; none: nobody's card.
    pub member: Option<(MemberId, KnownMember)>,
    /// Their passes.
    pub passes: Vec<KnownPass>,
    /// Their last visit that counted, at whatever desk of whatever store that is known here.
    pub last_visit: Option<LastVisit>,
    /// Their points.
    pub points: Purse,
    /// The part of the store whose door this is; none: all of it.
    pub zone: Option<String>,
    /// Just scanned, or mended.
    pub how: How,
    /// What the owner's rules come to for this visit, if it counts; none: the plain ones go.
    pub by_rules: Option<Outcome>,
}

impl CheckIn {
    /// What their tier is good for.
    pub(super) fn privileges(&self) -> Privileges {
        self.member.as_ref().map(|(_, file)| file.privileges).unwrap_or_default()
    }

    /// Visits without a pass that their tier gives them this month and they have not used.
    pub(super) fn free_visits_left(&self) -> u32 {
        let allowed = count(self.privileges().free_visits_month);
        let used = self.member.as_ref().map_or(0, |(_, file)| file.free_visits);
        allowed.saturating_sub(used)
    }

    /// Whether they are booked for a class that is on, or soon.
    pub(super) fn has_class(&self, now_ms: i64) -> bool {
        let bookings = self.member.iter().flat_map(|(_, file)| &file.bookings);
        bookings.into_iter().any(|class| class.is_around(now_ms))
    }

    /// Guests that their tier lets them bring this month, beside those of their passes, and that
    /// they have not brought.
    pub(super) fn more_guests(&self, today: Day) -> u32 {
        let brought = self.passes.iter().map(|pass| {
            let sold = Sold { from: pass.from, until: pass.until, terms: &pass.terms };
            standing(&sold, &pass.changes, today).guests.saturating_sub(pass.terms.guests)
        });
        count(self.privileges().guests).saturating_sub(brought.fold(0, u32::saturating_add))
    }
}

/// So many; what is not set is none.
fn count(number: Option<i64>) -> u32 {
    number.and_then(|number| u32::try_from(number).ok()).unwrap_or(0)
}
