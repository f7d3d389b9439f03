//! Two files that were taken for one person's are two again.

use punchcard_protocol::StaffId;

use super::{Decided, Desk};
use crate::{
    fact::{Fact, MembersMerged},
    refusal::Refusal,
};

/// Parts two files that were merged: the one that was gone is shown as itself from now on. What was
/// done meanwhile stays on the file on which it was done. `in_force`: nothing was said since of what
/// the file that was gone is shown as.
///
/// It is a merge of the file with itself, which is later than the other one: so whatever order the two
/// arrive in, and whoever knows nothing of partings, the latest holds.
///
/// # Errors
/// [`Refusal::NotVoidable`] where it was merged with somebody else since.
pub fn part_members(
    desk: &mut Desk<'_>,
    merged: &MembersMerged,
    in_force: bool,
    approved_by: Option<StaffId>,
) -> Result<Decided, Refusal> {
    if !in_force {
        return Err(Refusal::NotVoidable);
    }
    let (id, gone) = (desk.fact_id(), merged.gone);
    Ok(Fact::MembersMerged(MembersMerged { id, kept: gone, gone, approved_by }).into())
}
